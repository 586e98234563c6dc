"""The audit of a network, end to end."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..authors import findings as authors
from ..authors.findings import AuthorsFindings
from ..boolean.gates import name_of
from ..certificates.certificate import check_certifiable, write_certificate
from ..circuit.findings import CircuitFindings, count_by_ablation, examine_circuits
from ..common.arguments import check_budget, choice
from ..common.budget import DEFAULT_BUDGET
from ..common.display import Displayed, Picture, presenter
from ..common.errors import InputError
from ..common.executing import executing
from ..common.files import write_atomically
from ..common.progress import Progress
from ..common.sql import RunTable
from ..ladder import Verdict
from ..model.behavior import Behavior, mismatches
from ..model.decision import Decision
from ..model.model import CircuitCount, Model
from ..model.task import Task
from . import paper
from .asked import asking, questions_of
from .behavior_audit import audit_behavior
from .counted import circuit_counts, circuit_verdict, digits_of, in_words
from .document import by_ablation, circuit_details, details_of
from .fitting import PRESETS, Preset, chosen_depth, understood
from .paper import PaperFindings
from .provenance import bound, provenance_of
from .run_folder import check_run_folder
from .schema import SCHEMA_VERSION


@dataclass(frozen=True)
class Audit(Displayed):
    """Every explanation of one network, counted.

    An audit of several outputs holds one audit each in `outputs` and no counts of its own.

    Attributes:
        task: the name of the task.
        preset: paper or authors.
        decision: how outputs become bits.
        depth: the largest depth of the algorithms.
        options: everything else that was asked, as plain values; with them the audit can be repeated.
        network: the network that was explained.
        computes: the truth table that the network computes, and its usual name if it has one.
        differs_at: the inputs at which that is not the task, as digits; empty when it is.
        findings: what was found, with everything listed; None for several outputs.
        outputs: the audits of each output, when there are several.
        together: the circuits that decide right at all of several outputs; None for one output or in `authors`.
        together_by_ablation: their number under each kind of ablation.
        provenance: versions, times, the digest of the network, and the origin of an imported one.
    """

    task: str
    preset: Preset
    decision: Decision
    depth: int
    options: Mapping[str, Any] = field(repr=False)
    network: Model
    computes: tuple[str, str | None] | None = None
    differs_at: tuple[str, ...] = ()
    findings: PaperFindings | AuthorsFindings | None = field(default=None, repr=False)
    outputs: tuple["Audit", ...] = ()
    together: CircuitFindings | None = field(default=None, repr=False)
    together_by_ablation: Mapping[str, CircuitCount | None] = field(default_factory=dict, repr=False)
    provenance: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def counts(self) -> dict[str, Any]:
        """The counts, exact unless None; see `capped` for what was not counted."""
        return self._single().counts

    @property
    def ladder(self) -> dict[str, dict[str, int | None]]:
        """The survivors of each rung: of mappings, of algorithms and of circuits."""
        return self._single().ladder

    @property
    def verdict(self) -> dict[str, Verdict]:
        """The verdict of each strategy, what_then_where and where_then_what."""
        return self._single().verdict

    @property
    def remarks(self) -> tuple[str, ...]:
        """How the network was made from what was given, and what was counted anew of an audit of an earlier schema."""
        recounted = self.provenance.get("recounted")
        return (*self.network.remarks, *([recounted] if recounted else []))

    @property
    def mismatch(self) -> str | None:
        """What the network computes, when that is not the task; None when it is, and for several outputs."""
        if not self.differs_at or self.computes is None:
            return None
        table, name = self.computes
        explained = (
            "The released code judges it by the task all the same."
            if isinstance(self.findings, AuthorsFindings)
            else "What follows explains what it does compute."
        )
        rows = " ".join(self.differs_at)
        return f"The network computes {name or table}, not {self.task}; differs at {rows}. {explained}"

    @property
    def capped(self) -> tuple[str, ...]:
        """Why something was estimated or not counted; empty when every number is exact."""
        if self.findings:
            return self.findings.capped
        together = () if self.together is None else self.together.refused + self.together.ties
        return sum((audit.capped for audit in self.outputs), together)

    @property
    def over_budget(self) -> bool:
        """Whether the budget kept something from being counted."""
        parts = (self.findings, self.together)
        return any(audit.over_budget for audit in self.outputs) or any(part.refused for part in parts if part)

    def __repr__(self) -> str:
        lines = [f"Audit of {self.task} on {self.network!r}, preset {self.preset}"]
        parts = self.outputs or (self,)
        lines += [f"  {said}" for said in (*self.remarks, *(part.mismatch for part in parts)) if said]
        if self.outputs:
            lines += [f"  {audit.task}: {_in_short(audit)}" for audit in self.outputs]
            if self.together is not None:
                counts = circuit_counts(self.together)
                found = counts.get("perfect_circuits", counts.get("perfect_circuits_between"))
                lines.append(f"  together: perfect circuits {in_words(found)}; {circuit_verdict(self.together)}")
            return "\n".join(lines)
        counts, verdict = self.counts, self.verdict
        circuits = counts.get("perfect_circuits", counts.get("perfect_circuits_between"))
        algorithms = counts.get("aligned_algorithms", counts.get("aligned_formulas"))
        lines += [
            f"  perfect circuits {in_words(circuits)}, interpretations {in_words(counts['interpretations'])}",
            f"  aligned algorithms {in_words(algorithms)}, mappings {in_words(counts['mappings'])}",
            f"  what then where: {verdict['what_then_where']}",
            f"  where then what: {verdict['where_then_what']}",
        ]
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        """The audit as it stands in audit.json."""
        document = {
            "schema_version": SCHEMA_VERSION,
            "everyhow_version": self.provenance["everyhow"],
            "task": self.task,
            "preset": self.preset,
            "decision": self.decision,
            "depth": self.depth,
            "options": dict(self.options),
            "network": self.network.document(),
        }
        if self.outputs:
            document["outputs"] = [audit.document() for audit in self.outputs]
            if self.together is not None:
                counts = circuit_counts(self.together)
                document["together"] = {
                    "counts": counts,
                    "counts_exact": digits_of(counts),
                    "ladder": {"circuits": self.together.survivors},
                    "verdict": {"where_then_what": asdict(circuit_verdict(self.together))},
                    "circuits": circuit_details(self.together)
                    | {"by_ablation": by_ablation(self.together_by_ablation)},
                }
        else:
            table, name = self.computes or (None, None)
            document |= {
                "computes": {"table": table, "name": name, "differs_from_task_at": list(self.differs_at)},
                "counts": self.counts,
                "counts_exact": digits_of(self.counts),
                "ladder": self.ladder,
                "verdict": {strategy: asdict(verdict) for strategy, verdict in self.verdict.items()},
                "capped": list(self.capped),
                "details": details_of(self.findings),
            }
        return bound(document | {"provenance": dict(self.provenance)})

    def save(self, folder: str | Path) -> Path:
        """Write `audit.json` into a run folder, made if it is not there; returns the path of the file.

        Raises:
            InputError: the folder exists, is not empty and is not a run, or is a file.
        """
        path = check_run_folder(folder) / "audit.json"
        content = json.dumps(self.document(), indent=1, ensure_ascii=False)
        return write_atomically(path, content.encode())

    def report(self, path: str | Path) -> Path:
        """Write the audit as one HTML page that opens offline; returns its path. What there is no room for is said."""
        return presenter().report(self, path)

    def certificate(self, path: str | Path, progress: bool = False) -> Path:
        """Write what a program that shares no code with this library needs to confirm the number of perfect circuits:
        `python -m everyhow.certificates.check FILE`, or that file alone anywhere. Of several outputs, the circuits that
        decide right at all of them are meant. Returns the path.

        Raises:
            InputError: the question is one that certificates do not cover, or the circuits were not counted.
        """
        check_certifiable(self.options["epsilon"], self.options["within"], self.preset)
        circuits = self.findings.circuits if isinstance(self.findings, PaperFindings) else self.together
        if circuits is None or circuits.perfect is None:
            raise InputError(
                "the circuits were not counted within the budget, so there is nothing to certify; raise the budget "
                "(--budget), or leave the certificate out"
            )
        behavior = Behavior.of_network(self.network, self.network.corners, self.decision)
        return write_certificate(
            self.network,
            behavior,
            path,
            circuits.asked.ablation,
            circuits.perfect,
            progress,
        )

    def drawings(self) -> Mapping[str, Picture]:
        """Every picture of the audit, by name; one is saved by `save("name.svg")` or `.pdf`."""
        return presenter().drawings(self)

    def tables(self) -> dict[str, RunTable]:
        """Everything that was found, as tables by name."""
        return presenter().tables(self)

    def _single(self) -> PaperFindings | AuthorsFindings:
        if self.findings is None:
            raise InputError(f"this audit has {len(self.outputs)} outputs; ask one of them: audit.outputs[0]")
        return self.findings


@asking("paper", "authors")
def audit(
    model: Any,
    what: Any,
    preset: Preset = "paper",
    *,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
    checkpoints: str | Path | None = None,
    scheduler: str | None = None,
    **asked: Any,
) -> Any:
    """Find and count every explanation of a model: circuits, interpretations, algorithms, mappings and readouts.

    A model that does not compute the task is audited all the same; what it does compute is explained.

    Args:
        model: the model to explain; by a task, of at most six inputs. A PyTorch module, a fitted scikit-learn
            perceptron or the path of a network file is imported first.
        what: what the model was meant to do. Either a task: a gate, formula or truth table, several outputs joined by
            commas, or the bits of a truth table, such as [0, 1, 1, 0]. Or a Behavior: inputs, with the decisions wanted
            there, as for `audit_behavior`.
        preset: `paper` for the paper's definitions, `authors` for the way its released code counts.
        budget: candidate evaluations allowed; what needs more is estimated or left out, and named in `capped`.
        progress: show progress on stderr.
        checkpoints: a folder in which long counts of circuits are kept while they run, and from which they go on.
        scheduler: the address of a Dask scheduler whose workers count the circuits, such as tcp://HOST:8786.
        **asked: the questions, each by its name; `help(everyhow.Questions)` tells what each means.

    Returns:
        An `Audit`; by a Behavior, a `BehaviorAudit`.

    Raises:
        InputError: a question that is unknown or out of range, or a task that does not fit the model.

    Example:
        >>> import everyhow as eh
        >>> eh.audit(eh.xornet(), "XOR").counts["interpretations"]
        2
    """
    choice("preset", preset, PRESETS)
    if isinstance(what, Behavior):
        if preset != "paper":
            raise InputError("the preset authors counts by a task; leave the preset out, or give a task")
        return audit_behavior(
            model, what, budget=budget, progress=progress, checkpoints=checkpoints, scheduler=scheduler, **asked
        )
    questions = questions_of(asked, preset)
    network, task, decision = understood(model, what, questions, preset)
    check_budget(budget)
    options = questions.document(task, preset, budget)
    started, depth = time.perf_counter(), chosen_depth(network, questions.depth)

    def behavior_of(part: Model) -> Behavior:
        # The released code judges by the task's labels, so a network that rounds to no bit does not stop it.
        reading: Decision = "threshold" if preset == "authors" else decision
        return Behavior.of_network(
            part, part.corners, reading, epsilon=questions.epsilon or 0.0, within=questions.within
        )

    def of(part: Model, wanted: Task, **found: Any) -> Audit:
        own = options | {"tables": [str(table) for table in wanted.tables]}
        return Audit(wanted.name, preset, decision, depth, own, part, **found)

    def of_output(part: Model, wanted: Task) -> Audit:
        began, behavior = time.perf_counter(), behavior_of(part)
        (table,), (differs,) = behavior.tables(), mismatches(wanted, behavior)
        findings = (
            paper.explain(part, wanted, behavior, depth, questions, budget, bar, execution)
            if preset == "paper"
            else authors.explain(
                part, wanted, depth, questions.min_node_sparsity, questions.order(task.inputs), budget, bar
            )
        )
        return of(
            part, wanted, computes=(str(table), name_of(table)), differs_at=differs, findings=findings,
            provenance=provenance_of(part, began),
        )  # fmt: skip

    bar = Progress(progress)
    with executing(bar, checkpoints, scheduler) as execution:
        outputs = tuple(of_output(network.output(k), task.output(k)) for k in range(task.outputs))
        if len(outputs) == 1:
            return outputs[0]
        together, kinds = None, {}
        if preset == "paper":
            behavior = behavior_of(network)
            together = examine_circuits(network, behavior, budget, questions.circuits, execution)
            kinds = count_by_ablation(network, behavior, budget, together, execution)
    return of(
        network, task, outputs=outputs, together=together, together_by_ablation=kinds,
        provenance=provenance_of(network, started),
    )  # fmt: skip


def _in_short(part: Audit) -> str:
    return "; ".join(f"{strategy.replace('_', ' ')}: {verdict}" for strategy, verdict in part.verdict.items())
