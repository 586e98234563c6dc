"""The audit of a model, by a task or by data: everything that was found, and what can be done with it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ..authors.findings import AuthorsFindings
from ..boolean.gates import name_of
from ..certificates.certificate import check_certifiable, write_certificate
from ..circuit.findings import CircuitFindings
from ..circuit.score import score_of
from ..common.attributes import computed
from ..common.count import Count
from ..common.display import Displayed, Picture, presenter
from ..common.errors import InputError
from ..common.files import write_atomically
from ..common.notes import NO_NOTES, Notes, added
from ..common.progress import Progress
from ..common.sql import RunTable
from ..ladder import Verdict
from ..model.behavior import Behavior, mismatches
from ..model.coding import coding_text, codings_of
from ..model.criterion import perfect
from ..model.decision import Decision, decide, level_for
from ..model.graph import Node
from ..model.model import Model
from ..model.task import Task
from .document import circuit_details, details_by_data, details_of, digits_of, explained
from .exhibits import Exhibits
from .findings import Findings
from .fitting import Preset
from .provenance import bound
from .run_folder import check_run_folder
from .schema import SCHEMA_VERSION

# Of what was left out or estimated, so many reasons stand in the short form of an audit.
MOST_REASONS = 3


@dataclass(frozen=True)
class Audit(Displayed):
    """Every explanation of one model in four defined families, counted: by a task, or by data.

    `print` shows the answer as a paragraph, as `summary` gives it.

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

    Example:
        >>> import everyhow as eh
        >>> found = eh.audit(eh.xornet(), "XOR")
        >>> found.counts["perfect_circuits"], found.ladder["circuits"]["resample_faithful"]
        (1, 1)
        >>> print(found.verdict["what_then_where"])
        identifiable by single
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
        number = len(self.behavior.points)
        return self.task or f"{number:,} input{'' if number == 1 else 's'}"

    @computed
    def counts(self) -> dict[str, Any]:
        """The counts, exact unless None; see `capped` for what was not counted."""
        return self._single().counts

    @computed
    def ladder(self) -> dict[str, dict[str, int | None]]:
        """The survivors of each rung: of circuits, and where bits are known of the inputs, of mappings and of
        algorithms."""
        return self._single().ladder

    @computed
    def verdict(self) -> dict[str, Verdict]:
        """The verdict of each strategy, what_then_where and where_then_what."""
        return self._single().verdict

    @computed
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

    @cached_property
    def agreement(self) -> float:
        """The weight of the inputs at which the model decides as wanted by the behavior."""
        behavior = self.behavior
        level = level_for(self.network, self.decision)
        decided, _ = decide(self.network.run(behavior.points), behavior.decision, level, behavior.answers)
        return round(float(self.behavior.weights @ (decided == self.behavior.wanted).all(axis=1)), 12)

    @cached_property
    def constant_error(self) -> float:
        """The weight of the inputs at which the best answer that never changes is wrong."""
        behavior = self.behavior
        _, which = np.unique(behavior.wanted, axis=0, return_inverse=True)
        return round(1 - float(np.bincount(which.reshape(-1), behavior.weights).max()), 12)

    @cached_property
    def simplest_error(self) -> float | None:
        """The weight of the inputs at which the smallest circuit of those left is wrong; None where none is known."""
        found = self.findings
        circuit = found.circuits.simplest if isinstance(found, Findings) else None
        if circuit is None:
            return None
        return round(1 - score_of(perfect(self.network, self.behavior), circuit).right, 12)

    @cached_property
    def constant(self) -> tuple[Node, ...]:
        """The inputs and hidden nodes that are exactly the same at all points, as far as this kind of model can be
        without them."""
        if len(self.behavior.points) < 2:
            return ()
        return self.network.constant_at(self.behavior.points)

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

    @property
    def read_otherwise(self) -> str | None:
        """How the numbers would have to be read for the model to compute its task, where it does not as they are read,
        in words; None where it does, by data, and where no usual reading does it."""
        if self.wanted is None or not self.differs_at:
            return None
        found = next(codings_of(self.network, self.wanted.tables), None)
        return None if found is None else coding_text(found, self.task or "")

    @cached_property
    def exhibits(self) -> Exhibits | None:
        """What of the audit is shown; None where nothing is listed: of several outputs without findings of their own,
        and in `authors`."""
        found = self.findings
        return Exhibits(self.network, self.behavior, found) if isinstance(found, Findings) else None

    @computed
    def notes(self) -> Notes:
        """Why something was not counted, or not exactly: of each output, and of all of them together."""
        own = NO_NOTES if self.findings is None else self.findings.notes
        if self.wanted is not None:
            return added(audit.notes for audit in self.outputs) + own
        return own + added(audit.notes.of(f"output {k}") for k, audit in enumerate(self.outputs))

    @property
    def capped(self) -> tuple[str, ...]:
        """Why something was estimated or not counted; empty when every number is exact. By data, what is not asked of
        such inputs at all is not here but in `notes.beyond`."""
        notes = self.notes
        return notes.all if self.wanted is not None else notes.refused + notes.ties

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

    def __str__(self) -> str:
        return presenter().wrapped(self)

    def summary(self) -> str:
        """The answer, a paragraph on one line: what the model computes, and whether that is the task; whether the
        explanation is unique, and by which criterion, or how many rivals are left; the simplest one that is left, with
        its neurons; what was estimated or left out. `print(audit)` shows it on lines of 80 signs.

        Example:
            >>> import everyhow as eh
            >>> eh.audit(eh.xornet(), "AND").summary().partition(". ")[0]
            'The network computes XOR, not its task AND: they differ at 01 10 11'
        """
        return presenter().summary(self)

    @computed
    def named_outputs(self) -> dict[str, "Audit"]:
        """The audit of each of several outputs, by the task or the number of the output."""
        return {part.task or f"output {k}": part for k, part in enumerate(self.outputs)}

    def document(self) -> dict[str, Any]:
        """The audit as it stands in audit.json, as plain values.

        Example:
            >>> import everyhow as eh
            >>> eh.audit(eh.xornet(), "XOR").document()["computes"]
            {'table': '0110', 'name': 'XOR', 'differs_from_task_at': []}
        """
        head = {"schema_version": SCHEMA_VERSION, "everyhow_version": self.provenance["everyhow"]}
        asked = {"options": dict(self.options), "network": self.network.document()}
        found, outputs = self.findings, [audit.document() for audit in self.outputs]
        if self.wanted is None:
            document = head | {"behavior": explained(self.behavior), "decision": self.decision} | asked
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
        return bound(document | {"provenance": dict(self.provenance)})

    def save(self, folder: str | Path) -> Path:
        """Write `audit.json` into a run folder, made if it is not there; returns the path of the file.

        Args:
            folder: of the run; `eh.load_audit` reads it again.

        Raises:
            InputError: the folder exists, is not empty and is not a run, or is a file.

        Example:
            >>> import tempfile
            >>> import everyhow as eh
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     eh.audit(eh.xornet(), "XOR").save(folder).name
            'audit.json'
        """
        path = check_run_folder(folder) / "audit.json"
        content = json.dumps(self.document(), indent=1, ensure_ascii=False)
        return write_atomically(path, content.encode())

    def report(self, path: str | Path, progress: bool = False) -> Path:
        """Write the audit as one HTML page that opens offline; returns its path. What there is no room for is said.

        Of a space of 10^9 circuits that takes minutes, since circuits are drawn for it.

        Args:
            path: the file; one that is there is replaced.
            progress: show a bar, below the cell in a notebook and else on stderr.

        Example:
            >>> import tempfile
            >>> import everyhow as eh
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     page = eh.audit(eh.xornet(), "XOR").report(f"{folder}/xor.html")
            ...     page.name, page.read_text("utf-8")[:15]
            ('xor.html', '<!DOCTYPE html>')
        """
        with Progress(progress).doing("the page"):
            return presenter().report(self, path)

    def certificate(self, path: str | Path, progress: bool = False) -> Path:
        """Write what a program that shares no code with this library needs to confirm the number of perfect circuits:
        `python -m everyhow.certificates.check FILE`, or that file alone anywhere. Of several outputs, the circuits that
        decide right at all of them are meant. Returns the path.

        Args:
            path: the file; one that is there is replaced.
            progress: show a bar, below the cell in a notebook and else on stderr.

        Raises:
            InputError: the question is one that certificates do not cover, or the circuits were not counted.

        Example:
            >>> import tempfile
            >>> import everyhow as eh
            >>> from everyhow.certificates import check
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     path = eh.audit(eh.xornet(), "XOR").certificate(f"{folder}/xor.gz")
            ...     check.confirm(path)["circuits"]
            [1, 1]
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
        """Every picture of the audit, by name; one is saved by `save("name.svg")` or `.pdf`.

        Example:
            >>> import everyhow as eh
            >>> drawings = eh.audit(eh.xornet(), "XOR").drawings()
            >>> list(drawings)[:3], drawings["network"].svg()[:4]
            (['network', 'ladder-mappings', 'ladder-circuits'], '<svg')
        """
        return presenter().drawings(self)

    def tables(self) -> dict[str, RunTable]:
        """Everything that was found, as tables by name; `.table.records()` and `.to_pandas()` give the rows.

        Example:
            >>> import everyhow as eh
            >>> tables = eh.audit(eh.xornet(), "XOR").tables()
            >>> tables["edges"].table.records()[0]
            {'source': 'A', 'target': 'h1.0', 'weight': 1.0, 'circuits': 1, 'share': 1.0, 'role': 'core'}
        """
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
    return [*lines, *_verdicts(audit), *_limits(audit)]


def _limits(audit: Audit) -> list[str]:
    """What was left out or estimated, a line each, the first few."""
    lines = [f"  left out or estimated: {reason}" for reason in audit.capped[:MOST_REASONS]]
    more = len(audit.capped) - len(lines)
    return lines + ([f"  and {more} more, in audit.capped"] if more > 0 else [])


def _verdicts(audit: Audit) -> list[str]:
    return [f"  {strategy.replace('_', ' ')}: {verdict}" for strategy, verdict in audit.verdict.items()]
