"""The audit of a model, end to end: by a task, or by data."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from ..authors import findings as authors
from ..authors.findings import AuthorsFindings
from ..boolean.gates import name_of
from ..certificates.certificate import check_certifiable, write_certificate
from ..circuit.findings import CircuitFindings
from ..common.arguments import check_budget, choice
from ..common.budget import DEFAULT_BUDGET
from ..common.count import Count
from ..common.display import Displayed, Picture, presenter
from ..common.errors import InputError
from ..common.executing import executing
from ..common.execution import Execution
from ..common.files import write_atomically
from ..common.notes import NO_NOTES, Notes, added
from ..common.progress import Progress
from ..common.sql import RunTable
from ..importing.door import as_model
from ..ladder import Verdict
from ..mapping.patterns import wanted_tables
from ..model.behavior import Behavior, checked_features, mismatches
from ..model.decision import Decision, decide, level_for
from ..model.explained import check_fits, check_said_once, one_for_two_classes
from ..model.model import Model
from ..model.task import Task
from .asked import Questions, asking, questions_of
from .document import circuit_details, details_by_data, details_of, digits_of, explained
from .exhibits import Exhibits
from .findings import Findings, explain, explain_together
from .fitting import DEPTH_BY_DATA, PRESETS, Preset, chosen_depth, understood
from .provenance import behavior_digest, bound, provenance_of
from .run_folder import check_run_folder
from .schema import SCHEMA_VERSION


@dataclass(frozen=True)
class Audit(Displayed):
    """Every explanation of one model, counted: by a task, or by data.

    Of several outputs there is one audit each in `outputs`. By a task these have the counts; by data the audit of all
    outputs together has counts of its own as well.

    Attributes:
        network: the model that was explained.
        behavior: the inputs, their weights, the decisions wanted, how outputs are decided, and the error allowed. By a
            task the inputs are the rows of its truth table, and what is wanted is what the model itself decides there.
        preset: paper or authors.
        decision: how outputs become bits.
        depth: the largest depth of the algorithms.
        options: everything else that was asked, as plain values; with them the audit can be repeated.
        wanted: the task; None by data.
        findings: what was found, with everything listed; of several outputs, of all of them together, or None.
        outputs: the audits of each output, when there are several that are bits of their own.
        provenance: versions, times, the digest of the network, and the origin of an imported one.
    """

    network: Model
    behavior: Behavior = field(repr=False)
    preset: Preset
    decision: Decision
    depth: int
    options: Mapping[str, Any] = field(repr=False)
    wanted: Task | None = None
    findings: Findings | AuthorsFindings | None = field(default=None, repr=False)
    outputs: tuple["Audit", ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def task(self) -> str | None:
        """The name of the task; None by data."""
        return None if self.wanted is None else self.wanted.name

    @property
    def name(self) -> str:
        """What is explained, in a few words: the task, or how many inputs there are."""
        return self.task or f"{len(self.behavior.points):,} inputs"

    @property
    def counts(self) -> dict[str, Any]:
        """The counts, exact unless None; see `capped` for what was not counted."""
        return self._single().counts

    @property
    def ladder(self) -> dict[str, dict[str, int | None]]:
        """The survivors of each rung: of circuits, and where bits are known of the inputs, of mappings and of
        algorithms."""
        return self._single().ladder

    @property
    def verdict(self) -> dict[str, Verdict]:
        """The verdict of each strategy, what_then_where and where_then_what."""
        return self._single().verdict

    @property
    def together(self) -> CircuitFindings | None:
        """The circuits that decide right at all of several outputs; None for one output and in `authors`."""
        return self.findings.circuits if self.outputs and isinstance(self.findings, Findings) else None

    @property
    def computes(self) -> tuple[str, str | None] | None:
        """The truth table that the model computes, and its usual name if it has one; None for several outputs and by
        data."""
        if self.wanted is None or self.outputs:
            return None
        (table,) = self.behavior.tables()
        return str(table), name_of(table)

    @property
    def differs_at(self) -> tuple[str, ...]:
        """The inputs at which what the model computes is not the task, as digits; empty when it is."""
        return () if self.wanted is None or self.outputs else mismatches(self.wanted, self.behavior)[0]

    @property
    def agreement(self) -> float:
        """The weight of the inputs at which the model decides as wanted by the behavior."""
        decided, _ = decide(
            self.network.run(self.behavior.points), self.behavior.decision, level_for(self.network, self.decision)
        )
        return round(float(self.behavior.weights @ (decided == self.behavior.wanted).all(axis=1)), 12)

    @property
    def remarks(self) -> tuple[str, ...]:
        """How the network was made from what was given, and what was counted anew of an audit of an earlier schema."""
        recounted = self.provenance.get("recounted")
        return (*self.network.remarks, *([recounted] if recounted else []))

    @property
    def mismatch(self) -> str | None:
        """What the model computes, when that is not the task; None when it is, for several outputs and by data."""
        if not self.differs_at or self.computes is None:
            return None
        table, name = self.computes
        judged = (
            "The released code judges it by the task all the same."
            if isinstance(self.findings, AuthorsFindings)
            else "What follows explains what it does compute."
        )
        rows = " ".join(self.differs_at)
        return f"The network computes {name or table}, not {self.task}; differs at {rows}. {judged}"

    @cached_property
    def exhibits(self) -> Exhibits | None:
        """What of the audit is shown; None where nothing is listed: of several outputs without findings of their own,
        and in `authors`."""
        found = self.findings
        return Exhibits(self.network, self.behavior, found) if isinstance(found, Findings) else None

    @property
    def notes(self) -> Notes:
        """Why something was not counted, or not exactly: of each output, and of all of them together."""
        own = NO_NOTES if self.findings is None else self.findings.notes
        if self.wanted is not None:
            return added(audit.notes for audit in self.outputs) + own
        return own + added(audit.notes.of(f"output {k}") for k, audit in enumerate(self.outputs))

    @property
    def capped(self) -> tuple[str, ...]:
        """Why something was estimated or not counted; empty when every number is exact."""
        return self.notes.all

    @property
    def over_budget(self) -> bool:
        """Whether the budget kept something from being counted."""
        return bool(self.notes.refused)

    def __repr__(self) -> str:
        head, told = f"Audit of {self.name} on {self.network!r}, preset {self.preset}", list(self.remarks)
        if self.wanted is None:
            head = f"Audit of {self.network!r} over {self.name}, {self.behavior.how_decided}"
            share = self.agreement
            told += [f"the {self.network.kind} decides as wanted at {share:.1%} of the data only"] * (share < 1)
        told += [part.mismatch for part in (self.outputs or (self,)) if part.mismatch]
        lines = [head, *(f"  {said}" for said in told)]
        if not self.outputs:
            return "\n".join([*lines, *_in_short(self)])
        lines += [
            f"  {name}: {'; '.join(map(str.strip, _verdicts(part)))}" for name, part in self.named_outputs.items()
        ]
        if self.together is not None:
            lines.append(f"  together: perfect circuits {self.together.number}; {self.together.verdict}")
        return "\n".join(lines)

    @property
    def named_outputs(self) -> dict[str, "Audit"]:
        """The audit of each of several outputs, by the task or the number of the output."""
        return {part.task or f"output {k}": part for k, part in enumerate(self.outputs)}

    def document(self) -> dict[str, Any]:
        """The audit as it stands in audit.json."""
        head = {"schema_version": SCHEMA_VERSION, "everyhow_version": self.provenance["everyhow"]}
        asked = {"options": dict(self.options), "network": self.network.document()}
        found, outputs, provenance = self.findings, [audit.document() for audit in self.outputs], dict(self.provenance)
        if self.wanted is None:
            behavior = explained(self.behavior)
            document = head | {"behavior": behavior, "decision": self.decision} | asked
            provenance["behavior_sha256"] = behavior_digest(behavior)
        else:
            kind = {"preset": self.preset, "decision": self.decision, "depth": self.depth}
            document = head | {"task": self.task} | kind | asked
        if self.computes is not None:
            table, name = self.computes
            document["computes"] = {"table": table, "name": name, "differs_from_task_at": list(self.differs_at)}
        if self.wanted is None or not outputs:
            document |= _counted(self._single()) | {"capped": list(self.capped), "beyond": list(self.notes.beyond)}
            details = details_by_data if self.wanted is None else details_of
            document["details"] = details(found) if isinstance(found, Findings) else {}
        document |= {"outputs": outputs} if outputs else {}
        if self.wanted is not None and outputs and isinstance(found, Findings):
            document["together"] = _counted(found) | {"circuits": circuit_details(found)}
        return bound(document | {"provenance": provenance})

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
        behavior = self.behavior
        check_certifiable(behavior.epsilon, behavior.within, self.preset)
        found = self.findings
        if not isinstance(found, Findings) or found.circuits.perfect is None:
            raise InputError(
                "the circuits were not counted within the budget, so there is nothing to certify; raise the budget "
                "(--budget), or leave the certificate out"
            )
        circuits = found.circuits
        return write_certificate(self.network, behavior, path, circuits.asked.ablation, circuits.perfect, progress)

    def drawings(self) -> Mapping[str, Picture]:
        """Every picture of the audit, by name; one is saved by `save("name.svg")` or `.pdf`."""
        return presenter().drawings(self)

    def tables(self) -> dict[str, RunTable]:
        """Everything that was found, as tables by name."""
        return presenter().tables(self)

    def _single(self) -> Findings | AuthorsFindings:
        if self.findings is None or (self.outputs and self.wanted is not None):
            raise InputError(f"this audit has {len(self.outputs)} outputs; ask one of them: audit.outputs[0]")
        return self.findings


def _counted(found: Findings | AuthorsFindings) -> dict[str, Any]:
    """Counts, ladder and verdict, as they stand in audit.json."""
    return {
        "counts": found.counts,
        "counts_exact": digits_of(found.counts),
        "ladder": found.ladder,
        "verdict": {strategy: asdict(verdict) for strategy, verdict in found.verdict.items()},
    }


def _in_short(audit: Audit) -> list[str]:
    """The counts and verdicts of an audit of one output, a line each."""
    counts, found = audit.counts, audit.findings
    error = f", with an error of at most {audit.behavior.epsilon:g}" if audit.wanted is None else ""
    circuits = f"  perfect circuits {found.number if found else Count()}{error}"
    algorithms = counts.get("aligned_algorithms", counts.get("aligned_formulas"))
    lines = [f"{circuits}, interpretations {Count.of(counts['interpretations'])}"]
    if "mappings" in counts:
        lines.append(f"  aligned algorithms {Count.of(algorithms)}, mappings {Count.of(counts['mappings'])}")
    else:
        lines.append(f"  causal signatures {Count.of(counts['distinct_causal_signatures'])}")
    return [*lines, *_verdicts(audit)]


def _verdicts(audit: Audit) -> list[str]:
    return [f"  {strategy.replace('_', ' ')}: {verdict}" for strategy, verdict in audit.verdict.items()]


@asking("paper", "authors", "data")
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
) -> Audit:
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

    Raises:
        InputError: a question that is unknown or out of range, or a task that does not fit the model.

    Example:
        >>> import everyhow as eh
        >>> eh.audit(eh.xornet(), "XOR").counts["interpretations"]
        2
    """
    choice("preset", preset, PRESETS)
    check_budget(budget)
    if isinstance(what, Behavior):
        if preset != "paper":
            raise InputError("the preset authors counts by a task; leave the preset out, or give a task")
        behavior = _known(what, asked.pop("features", None))
        questions = questions_of(asked, "data")
        begun = _by_data(model, behavior, questions, budget)
    else:
        questions = questions_of(asked, preset)
        begun = _by_task(model, what, preset, questions, budget)
    bar = Progress(progress)
    with executing(bar, checkpoints, scheduler) as execution:
        return _done(begun, questions, budget, bar, execution)


@asking("data")
def audit_behavior(
    network: Any,
    behavior: Behavior,
    *,
    features: ArrayLike | None = None,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
    checkpoints: str | Path | None = None,
    scheduler: str | None = None,
    **asked: Any,
) -> Audit:
    """Find and count what explains a network on data: what `audit` does, given a Behavior.

    Args:
        network: the network, often the last layers of a larger one; any number of inputs. A PyTorch module, a fitted
            scikit-learn perceptron or the path of a network file is imported first.
        behavior: the inputs with their weights, the decisions wanted and how they are made, and the circuit error
            allowed. Two classes are folded into one output, and that is said. Several outputs that are bits of their
            own are explained together, and each in `outputs`.
        features: bits known of each input, shape (inputs, features), in the order of the behavior's points; those of
            the behavior when not given. With them the algorithms over the features that decide as wanted are placed in
            the network.
        budget: candidate evaluations allowed; what needs more is estimated or left out, and named in `capped`.
        progress: show progress on stderr.
        checkpoints: a folder in which long counts are kept while they run.
        scheduler: the address of a Dask scheduler whose workers count the circuits.
        **asked: the questions, each by its name; `help(everyhow.Questions)` tells what each means. The decision is
            known from the behavior, and a question that says otherwise is an error.

    Raises:
        InputError: the behavior or the features do not fit the network, or a question is unknown or out of range.

    Example:
        >>> import everyhow as eh
        >>> network = eh.xornet()
        >>> behavior = eh.Behavior.of_network(network, [[0.9, 0.1], [0.2, 0.8], [0.1, 0.2], [0.8, 0.9]])
        >>> eh.audit_behavior(network, behavior).counts["perfect_circuits"]
        1
    """
    if not isinstance(behavior, Behavior):
        raise InputError(
            f"audit_behavior explains a network on data: give a Behavior (eh.Behavior.of_data, of_network), not "
            f"{type(behavior).__name__}; eh.audit takes a task"
        )
    known = _known(behavior, features)
    return audit(
        network, known, budget=budget, progress=progress, checkpoints=checkpoints, scheduler=scheduler, **asked
    )


def _known(behavior: Behavior, features: ArrayLike | None) -> Behavior:
    """A behavior with the bits that are known of each input, where they are given apart from it."""
    return behavior if features is None else replace(
        behavior, features=checked_features(features, len(behavior.points))
    )  # fmt: skip


def _by_task(model: Any, what: Any, preset: Preset, questions: Questions, budget: int) -> Audit:
    """The audit by a task before anything is found."""
    network, task, decision = understood(model, what, questions, preset)
    # The released code judges by the task's labels, so a network that rounds to no bit does not stop it.
    reading: Decision = "threshold" if preset == "authors" else decision
    behavior = Behavior.of_network(
        network, network.corners, reading, epsilon=questions.epsilon or 0.0, within=questions.within
    )
    depth, options = chosen_depth(network, questions.depth), questions.document(task, preset, budget)
    return Audit(network, behavior, preset, decision, depth, options, task)


def _by_data(model: Any, behavior: Behavior, questions: Questions, budget: int) -> Audit:
    """The audit by data before anything is found."""
    network = behavior.read(as_model(model, behavior.threshold))
    check_said_once(behavior, questions.decision)
    check_fits(network, behavior)
    network, behavior = one_for_two_classes(network, behavior)
    questions.for_circuits(behavior.epsilon, behavior.within)
    depth = DEPTH_BY_DATA if questions.depth is None else questions.depth
    options = questions.document_by_data(behavior, depth, budget)
    return Audit(network, behavior, "paper", behavior.decision, depth, options)


def _done(begun: Audit, questions: Questions, budget: int, bar: Progress, execution: Execution) -> Audit:
    """An audit with what is found."""
    started, network, behavior, task = time.perf_counter(), begun.network, begun.behavior, begun.wanted
    outputs = tuple(_done(part, questions, budget, bar, execution) for part in _parts(begun))
    if begun.preset == "authors":
        found = None if outputs or task is None else authors.explain(
            network, task, begun.depth, questions.min_node_sparsity, questions.order(task.inputs), budget, bar
        )  # fmt: skip
    elif outputs:
        found = explain_together(network, behavior, task, questions, budget, execution)
    else:
        if task is None and behavior.features is not None:
            wanted_tables(behavior)
        found = explain(network, behavior, task, begun.depth, questions, budget, bar, execution)
    return replace(begun, findings=found, outputs=outputs, provenance=provenance_of(network, started))


def _parts(begun: Audit) -> list[Audit]:
    """The audits of each of several outputs that are bits of their own, before anything is found."""
    network, behavior, task = begun.network, begun.behavior, begun.wanted
    if network.outputs == 1 or behavior.decision == "argmax":
        return []
    parts = []
    for k in range(network.outputs):
        own = replace(behavior, wanted=behavior.wanted[:, k : k + 1])
        part = replace(begun, network=network.output(k), behavior=own)
        if task is not None:
            tables = {"tables": [str(table) for table in task.output(k).tables]}
            part = replace(part, wanted=task.output(k), options={**begun.options, **tables})
        parts.append(part)
    return parts
