"""The audit of a network by data: real-valued inputs, any number of them, and the decisions wanted there."""

import json
import time
from collections import abc
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from numpy.typing import ArrayLike

from ..authors.circuits import is_countable, released_circuits
from ..boolean.algorithms import Algorithm
from ..circuit.count import count_circuits
from ..circuit.findings import (
    COUNTING,
    CircuitFindings,
    CircuitQuestions,
    count_by_ablation,
    counting_steps,
    examine_circuits,
)
from ..common.arguments import check_budget
from ..common.budget import DEFAULT_BUDGET, over_budget
from ..common.display import Displayed, Picture, presenter
from ..common.errors import InputError
from ..common.executing import executing
from ..common.files import write_atomically
from ..common.progress import Progress
from ..common.sql import RunTable
from ..importing.door import as_model
from ..ladder import Verdict
from ..mapping.findings import MappingFindings, examine_mappings
from ..mapping.mapping import Mapping
from ..mapping.patterns import wanted_tables
from ..mapping.signatures import Signatures
from ..model.behavior import Behavior, checked_features
from ..model.criterion import perfect
from ..model.decision import Decision, decide, level_for
from ..model.explained import check_fits, check_said_once, one_for_two_classes
from ..model.model import CircuitCount, Model
from ..readout.readout import Signals, readable_signals
from .asked import asking, questions_of
from .counted import circuit_counts, circuit_verdict, digits_of, in_words, mapping_ladder, mapping_verdict
from .document import by_ablation, circuit_details
from .provenance import behavior_digest, bound, provenance_of
from .run_folder import check_run_folder
from .schema import SCHEMA_VERSION

# The largest depth of algorithms over features, where nothing is said.
DEPTH_BY_DATA = 2
NEEDS_TRUTH_TABLE = "interpretations and experiments need the rows of a truth table as inputs"


@dataclass(frozen=True)
class BehaviorFindings:
    """What is found of a network by data; None where the budget did not allow it.

    Attributes:
        circuits: where, as by a truth table, up to the behavior's epsilon.
        by_ablation: the perfect circuits under each kind of ablation.
        using_every_input: the circuits of the space, and the perfect ones, that use every input.
        released: the circuits that the released code would look at, and those it would find accurate; None for classes.
        readouts: what is linear in each hidden layer.
        mappings: the causal signatures, and the algorithms over the bits known of the inputs, by every rung; None for
            several outputs that are bits of their own.
        refused: what the budget did not allow, in words.
        beyond: what there is no answer to for data, in words.
    """

    circuits: CircuitFindings
    by_ablation: abc.Mapping[str, CircuitCount | None]
    using_every_input: tuple[int, CircuitCount] | None
    released: tuple[int, CircuitCount] | None
    readouts: tuple[Signals, ...]
    mappings: MappingFindings | None
    refused: tuple[str, ...]
    beyond: tuple[str, ...]

    @property
    def signatures(self) -> Signatures | None:
        """The causal signatures over all inputs."""
        return None if self.mappings is None else self.mappings.signatures

    @property
    def placed(self) -> dict[Algorithm, tuple[Mapping, ...]] | None:
        """The algorithms that are aligned, each with its minimal mappings; None where none were looked for."""
        found = self.mappings
        if found is None or found.aligned is None:
            return None
        order = sorted(found.aligned, key=lambda one: (one.table.bits, one.depth, one.tree.key))
        return {algorithm: tuple(found.minimal(algorithm)) for algorithm in order}

    @property
    def laddered(self) -> MappingFindings | None:
        """The algorithms by rung; None where no bits are known that they could be over."""
        return None if self.mappings is None or self.mappings.beyond else self.mappings


@dataclass(frozen=True)
class BehaviorAudit(Displayed):
    """Every explanation of a network that needs no truth table, counted by data.

    Attributes:
        network: the network that was explained.
        behavior: the inputs, their weights, the decisions wanted, how outputs are decided, and the error allowed.
        options: everything else that was asked, as plain values.
        findings: what was found; of several outputs that are bits of their own, of all of them together.
        outputs: the audits of each of several outputs that are bits of their own.
        provenance: versions, times and the digest of the network.
    """

    network: Model
    behavior: Behavior = field(repr=False)
    options: abc.Mapping[str, Any] = field(repr=False)
    findings: BehaviorFindings = field(repr=False)
    outputs: tuple["BehaviorAudit", ...] = field(repr=False)
    provenance: abc.Mapping[str, Any] = field(repr=False)

    @property
    def decision(self) -> Decision:
        """How outputs become bits, or a class by `argmax`."""
        return self.behavior.decision

    @property
    def agreement(self) -> float:
        """The weight of the inputs at which the network decides as wanted."""
        decided, _ = decide(
            self.network.run(self.behavior.points), self.decision, level_for(self.network, self.decision)
        )
        return round(float(self.behavior.weights @ (decided == self.behavior.wanted).all(axis=1)), 12)

    @property
    def counts(self) -> dict[str, Any]:
        """The counts, exact unless None; see `capped` for what was not counted."""
        findings = self.findings
        found = circuit_counts(findings.circuits)
        if findings.using_every_input is not None:
            space, count = findings.using_every_input
            found |= {"circuits_using_every_input": space, "perfect_circuits_using_every_input": _exact(count)}
        if findings.released is not None:
            space, count = findings.released
            found |= {"circuits_in_authors_space": space, "accurate_circuits_in_authors_space": _exact(count)}
        signatures, mappings = findings.signatures, findings.laddered
        found["distinct_causal_signatures"] = None if signatures is None else signatures.distinct
        if mappings is not None and mappings.aligned is not None:
            single, placed = mappings.surviving_algorithms["single"], mappings.surviving_mappings["single"]
            found |= {"aligned_algorithms": single, "mappings": placed}
        return found

    @property
    def ladder(self) -> dict[str, dict[str, int | None]]:
        """The circuits that survive each rung; where bits are known of the inputs also the mappings, the algorithms,
        and how many of these are trivial."""
        circuits, mappings = {"circuits": self.findings.circuits.survivors}, self.findings.laddered
        return circuits if mappings is None else mapping_ladder(mappings) | circuits | {"trivial": mappings.trivial}

    @property
    def verdict(self) -> dict[str, Verdict]:
        """Whether one circuit is left, and, where bits are known of the inputs, one algorithm with one mapping."""
        circuits, mappings = {"where_then_what": circuit_verdict(self.findings.circuits)}, self.findings.laddered
        return circuits if mappings is None else {"what_then_where": mapping_verdict(mappings)} | circuits

    @property
    def capped(self) -> tuple[str, ...]:
        """Why something was estimated or not counted."""
        ties = () if self.findings.mappings is None else self.findings.mappings.ties
        own = self.findings.circuits.refused + self.findings.refused + self.findings.circuits.ties + ties
        return own + tuple(f"output {k}: {reason}" for k, output in enumerate(self.outputs) for reason in output.capped)

    @property
    def over_budget(self) -> bool:
        """Whether the budget kept something from being counted."""
        own = bool(self.findings.circuits.refused or self.findings.refused)
        return own or any(output.over_budget for output in self.outputs)

    def __repr__(self) -> str:
        counts = self.counts
        found = _perfect(counts)
        lines = [
            f"Audit of {self.network!r} over {len(self.behavior.points):,} inputs, {self.behavior.how_decided}",
            *(f"  {remark}" for remark in self.network.remarks),
            *(
                []
                if self.agreement == 1
                else [f"  the network decides as wanted at {self.agreement:.1%} of the data only"]
            ),
            f"  perfect circuits {in_words(found)}, with an error of at most {self.behavior.epsilon:g}",
            f"  minimal circuits {in_words(counts['minimal_circuits'])}",
            f"  causal signatures {in_words(counts['distinct_causal_signatures'])}",
            f"  where then what: {self.verdict['where_then_what']}",
        ]
        lines += [
            f"  output {k}: perfect circuits {in_words(_perfect(output.counts))}; {output.verdict['where_then_what']}"
            for k, output in enumerate(self.outputs)
        ]
        return "\n".join(lines)

    def document(self) -> dict[str, Any]:
        """The audit as it stands in audit.json."""
        findings, explained = self.findings, _explained(self.behavior)
        return bound({
            "schema_version": SCHEMA_VERSION,
            "everyhow_version": self.provenance["everyhow"],
            "behavior": explained,
            "decision": self.decision,
            "options": dict(self.options),
            "network": self.network.document(),
            "counts": self.counts,
            "counts_exact": digits_of(self.counts),
            "ladder": self.ladder,
            "verdict": {strategy: asdict(verdict) for strategy, verdict in self.verdict.items()},
            "capped": list(self.capped),
            "beyond": list(findings.beyond),
            "details": {
                "circuits": circuit_details(findings.circuits) | {"by_ablation": by_ablation(findings.by_ablation)},
                "readouts": [_readouts(layer) for layer in findings.readouts],
                "mappings": None if findings.placed is None else [
                    {"algorithm": str(algorithm), "mappings": [str(mapping) for mapping in placed]}
                    for algorithm, placed in findings.placed.items()
                ],
            },
            **({"outputs": [output.document() for output in self.outputs]} if self.outputs else {}),
            "provenance": {**self.provenance, "behavior_sha256": behavior_digest(explained)},
        })  # fmt: skip

    def save(self, folder: str | Path) -> Path:
        """Write `audit.json` into a run folder, made if it is not there; returns the path of the file.

        Raises:
            InputError: the folder exists, is not empty and is not a run, or is a file.
        """
        path = check_run_folder(folder) / "audit.json"
        return write_atomically(path, json.dumps(self.document(), indent=1, ensure_ascii=False).encode())

    def drawings(self) -> abc.Mapping[str, Picture]:
        """Every picture of the audit, by name; one is saved by `save("name.svg")` or `.pdf`."""
        return presenter().drawings(self)

    def tables(self) -> dict[str, RunTable]:
        """Everything that was found, as tables by name."""
        return presenter().tables(self)

    def report(self, path: str | Path) -> Path:
        """Write the audit as one HTML page that opens offline; returns its path."""
        return presenter().report(self, path)


def _explained(behavior: Behavior) -> dict[str, Any]:
    """The behavior as it stands in audit.json."""
    return {
        "points": behavior.points.tolist(),
        "weights": behavior.weights.tolist(),
        "wanted": behavior.wanted.astype(int).tolist(),
        "epsilon": behavior.epsilon,
        "within": behavior.within,
        **({} if behavior.threshold is None else {"threshold": behavior.threshold}),
        **({} if behavior.input_values == (0.0, 1.0) else {"inputs": list(behavior.input_values)}),
        **({"names": list(behavior.names)} if behavior.names else {}),
    }


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
) -> BehaviorAudit:
    """Find and count what explains a network on data: its circuits, causal signatures, readouts, and mappings.

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
    questions = questions_of(asked, "data")
    network = behavior.read(as_model(network, behavior.threshold))
    check_said_once(behavior, questions.decision)
    check_fits(network, behavior)
    network, behavior = one_for_two_classes(network, behavior)
    outputs, tolerance = network.outputs, questions.largest_residual
    depth = DEPTH_BY_DATA if questions.depth is None else questions.depth
    of_circuits = questions.for_circuits(behavior.epsilon, behavior.within)
    check_budget(budget)
    known = behavior.features if features is None else checked_features(features, len(behavior.points))
    behavior = replace(behavior, features=known)
    if known is not None and outputs == 1:
        wanted_tables(behavior)
    options = {
        "features": None if known is None else known.astype(int).tolist(), "depth": depth,
        "ablation": questions.ablation, "robust": questions.robust, "tolerance": tolerance, "budget": budget,
    }  # fmt: skip
    started = time.perf_counter()
    with executing(Progress(progress), checkpoints, scheduler) as execution:
        circuits = examine_circuits(network, behavior, budget, of_circuits, execution)
        kinds = count_by_ablation(network, behavior, budget, circuits, execution)
    parts = outputs > 1 and behavior.decision != "argmax"
    mappings = None if parts else examine_mappings(network, behavior, depth, budget)
    several = "causal signatures and algorithms are of one output: see those of each output"
    beyond = (NEEDS_TRUTH_TABLE, *((several,) if mappings is None else mappings.beyond))
    refused = () if mappings is None else mappings.refused
    readouts, unread = _all_readouts(network, behavior, tolerance)
    findings = BehaviorFindings(
        circuits, kinds, _using_every_input(network, behavior, of_circuits, circuits, budget),
        _released(network, behavior, circuits, budget), readouts, mappings, (*refused, *unread), beyond,
    )  # fmt: skip
    each = (replace(behavior, wanted=behavior.wanted[:, k : k + 1]) for k in range(outputs if parts else 0))
    of_each = tuple(
        audit_behavior(network.output(k), part, budget=budget, progress=progress, scheduler=scheduler, **asked)
        for k, part in enumerate(each)
    )
    return BehaviorAudit(network, behavior, options, findings, of_each, provenance_of(network, started))


def _all_readouts(network: Model, behavior: Behavior, tolerance: float) -> tuple[tuple[Signals, ...], tuple[str, ...]]:
    """The readouts of every hidden layer, and why those of a layer are missing."""
    found, refused = [], []
    for cut in network.cuts():
        try:
            found.append(readable_signals(network, cut.layer, tolerance, behavior))
        except InputError as error:
            refused.append(str(error))
    return tuple(found), tuple(refused)


def _using_every_input(
    network: Model,
    behavior: Behavior,
    asked: CircuitQuestions,
    circuits: CircuitFindings,
    budget: int,
) -> tuple[int, CircuitCount] | None:
    """The circuits that use every input, of the space and of the perfect ones; None where they were not counted, and
    where a node holds several inputs."""
    if network.features != network.graph.sizes[0]:
        return None
    inputs = len(behavior.points)
    steps = counting_steps(network, inputs)[COUNTING] << network.features
    if circuits.perfect is None or asked.ablation == "resample" or over_budget("", steps, budget):
        return None
    first = {"points": behavior.points[:1], "weights": [1.0], "wanted": behavior.wanted[:1], "features": None}
    anything = replace(behavior, **first, epsilon=1.0)
    space = count_circuits(perfect(network, anything), every_input_used=True)
    criterion = perfect(network, behavior, asked.ablation)
    return space.between[0], count_circuits(criterion, every_input_used=True)


def _released(
    network: Model, behavior: Behavior, circuits: CircuitFindings, budget: int
) -> tuple[int, CircuitCount] | None:
    """What the released code would count: of the circuits it looks at, those whose accuracy exceeds 0.99."""
    if over_budget("", counting_steps(network, len(behavior.points))[COUNTING] << network.features, budget):
        return None
    if circuits.perfect is None or not is_countable(network):
        return None
    found = released_circuits(network, behavior)
    return found.in_space(), found.count()


def _perfect(counts: abc.Mapping[str, Any]) -> Any:
    return counts.get("perfect_circuits", counts.get("perfect_circuits_between"))


def _exact(count: CircuitCount) -> int | list[int]:
    return count.between[0] if count.certified else list(count.between)


def _readouts(layer: Signals) -> dict[str, Any]:
    return {
        "layer": layer.layer,
        "readable_signals": len(layer),
        "directions": layer.rank,
        "decisions": [probe._asdict() for probe in layer.wanted],
        "signals": [
            {"coefficients": c.tolist(), "constant": float(d), "residual": float(r)}
            for c, d, r in zip(layer.coefficients[:100], layer.constants, layer.residuals, strict=False)
        ],
    }
