"""The interpretations of a stored audit, counted again layer by layer for each circuit."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..boolean.gates import name_of
from ..boolean.truth_table import TruthTable
from ..model.behavior import Behavior
from ..network.network import Network
from . import plain, plain_interpretations
from .circuit_runs import PlainCircuit, as_plain
from .circuits import CircuitsAgain
from .comparing import Holds, Open, differences
from .judging import refusal_of, rounded

# Circuits whose interpretations are counted, states of a layer up to which they are, and interpretations gone through
# for the widest.
MOST_CIRCUITS, MOST_STATES, MOST_LISTED = 4_000, 1_500, 30_000
# Steps that counting interpretations over data takes.
MOST_STEPS = 150_000_000
# Inputs over which they are counted; bytes that counting may hold, and those of a reading.
MOST_INPUTS, MOST_BYTES, BYTES_PER_READING = 64, 1 << 30, 64
# What a pair of neighboring states costs by data where the widest gaps are sought, and a state of the inputs; and what
# a reading of a neuron that reads inputs of many values costs where all are counted.
STEPS_PER_PAIR, STEPS_PER_STATE, STEPS_PER_READING = 1_000, 150_000, 100
KEYS = (
    "interpretations", "interpretations_with_dont_cares_expanded", "interpretations_per_circuit_min",
    "interpretations_per_circuit_max",
)  # fmt: skip
NOT_ALONE = "interpretations are of circuits run alone, with nothing on removed edges: ablation zero"
OF_CLASSES = "interpretations read every output as a bit, and these outputs stand for classes"
TOO_MANY = "more interpretations than are gone through"


@dataclass(frozen=True)
class Readings:
    """What an audit says of interpretations.

    Attributes:
        counts: the four counts.
        estimate: of the total, where that was not counted.
        simplest: the reading of the simplest circuit.
        refused: what the budget did not allow, in words.
        beyond: what has no answer, in words.
    """

    counts: dict[str, Any] = field(default_factory=lambda: dict.fromkeys(KEYS))
    estimate: Any = None
    simplest: Any = None
    refused: tuple[str, ...] = ()
    beyond: tuple[str, ...] = ()

    @property
    def details(self) -> dict[str, Any]:
        """As they stand in audit.json."""
        return {"estimate": self.estimate, "of_the_simplest_circuit": self.simplest}


def interpretations_again(network: Network, behavior: Behavior, circuits: CircuitsAgain, budget: int) -> Readings:
    """The interpretations of all perfect circuits, found again."""
    why = unasked(behavior, circuits.asked)
    if why or circuits.perfect is None:
        return Readings(beyond=(why,) if why else ())
    simplest, unlisted = None, ()
    if circuits.simplest is not None:
        simplest, unlisted = reading_of(network, behavior, as_plain(network, circuits.simplest), budget)
    found = Readings(simplest=simplest, refused=unlisted)
    number, fewest = int(circuits.perfect.possible.sum()), int(circuits.perfect.certain.sum())
    if not number:
        return replace(found, counts=found.counts | {KEYS[0]: 0, KEYS[1]: 0}, simplest=None, refused=())
    if not fewest:
        return found
    first = math.prod(max(1, len(set(column)) - 1) for column in behavior.points.T.tolist())
    steps, what = _steps(network, len(behavior.points), first), "counting the interpretations of all perfect circuits"
    refusal = refusal_of(what, number * steps, budget)
    held = _held(network, len(behavior.points), first)
    if held > MOST_BYTES and (refusal is None or 1000 * steps <= budget):
        why = "since neurons and inputs have many values"
        said = f"{what} may hold {rounded(held)} bytes, {why}; {MOST_BYTES:,} are allowed"
        return replace(found, refused=(*unlisted, said))
    if refusal is None and circuits.perfect.sure:
        chosen = [circuits.run.circuits[k] for k in np.flatnonzero(circuits.perfect.certain).tolist()]
        ways = _ways(network, behavior, chosen)
        if ways is None:
            return replace(found, counts=dict.fromkeys(KEYS, Open(TOO_MANY)))
        once, completed = zip(*ways, strict=True)
        numbers = (sum(once), sum(completed), min(once), max(once))
        return replace(found, counts=dict(zip(KEYS, numbers, strict=True)))
    refused = [] if refusal is None else [refusal]
    too_much = refusal_of("estimating the interpretations from a sample", 1000 * steps, budget)
    if too_much:
        return replace(found, refused=(*unlisted, *refused, too_much))
    estimate = _estimated(network, behavior, circuits, fewest, number)
    told = (f"{reason}; estimated instead" for reason in refused)
    return replace(found, estimate=estimate, refused=(*unlisted, *told))


def unasked(behavior: Behavior, ablation: str) -> str | None:
    """Why circuits are not read, in words; None where they are."""
    if ablation != "zero":
        return NOT_ALONE
    if behavior.decision == "argmax":
        return OF_CLASSES
    inputs = len(behavior.points)
    said = f"interpretations are counted over at most {MOST_INPUTS} inputs, not {inputs:,}"
    return said if inputs > MOST_INPUTS else None


def reading_of(network: Network, behavior: Behavior, circuit: PlainCircuit, budget: int) -> tuple[Any, tuple[str, ...]]:
    """The widest reading of a circuit, and why it was not found; over a truth table it always is."""
    if not behavior.is_truth_table:
        options = plain_interpretations.reading_options(network, behavior.points, circuit, behavior.decision)
        states = [
            math.prod(len(found) for neuron, found in options.items() if neuron[0] == layer)
            for layer in range(network.depth + 1)
        ]
        steps = sum(a * b for a, b in itertools.pairwise(states)) * STEPS_PER_PAIR + states[0] * STEPS_PER_STATE
        what = "finding the interpretation with the widest gaps of the simplest circuit"
        refusal = refusal_of(what, steps, budget)
        if refusal:
            return None, (refusal,)
    return widest(network, behavior, circuit), ()


def _steps(network: Network, inputs: int, first: int) -> int:
    states = [first, *(max(1, inputs - 1) ** width for width in network.widths[1:-1]), 1]
    pairs = sum(a * b for a, b in itertools.pairwise(states))
    return pairs if first == 1 else pairs + STEPS_PER_READING * first * network.widths[1] * (inputs + 1)


def _held(network: Network, inputs: int, first: int) -> int:
    states = [first, *(max(1, inputs - 1) ** width for width in network.widths[1:-1])]
    pairs = zip(states, network.widths[1:], strict=True)
    return BYTES_PER_READING * max(before * width * (inputs + 1) for before, width in pairs)


def _ways(network: Network, behavior: Behavior, chosen: Sequence[PlainCircuit]) -> list[tuple[int, int]] | None:
    if len(chosen) > MOST_CIRCUITS or not _affordable(network, behavior, chosen):
        return None
    memory: dict[Any, Any] = {}
    return [
        plain_interpretations.count_readings(network, behavior.points, circuit, behavior.decision, memory=memory)
        for circuit in chosen
    ]


def _affordable(network: Network, behavior: Behavior, chosen: Sequence[PlainCircuit]) -> bool:
    """Whether all readings are gone through: over a truth table by the states of a layer, over data by the steps."""
    if behavior.is_truth_table:
        return max(max(1, len(behavior.points) - 1) ** width for width in network.widths[:-1]) <= MOST_STATES
    steps = 0
    for circuit in chosen:
        options = plain_interpretations.reading_options(network, behavior.points, circuit, behavior.decision)
        layers = [[len(options[n]) for n in options if n[0] == layer] for layer in range(network.depth + 1)]
        for before, after in itertools.pairwise(layers):
            steps += math.prod(before) * (sum(after) * len(behavior.points) + math.prod(after))
        if steps > MOST_STEPS:
            return False
    return True


def _estimated(network, behavior, circuits: CircuitsAgain, fewest: int, most: int) -> dict[str, Any]:
    """An estimate of the total, held to the mean over the circuits that float64 decides for."""
    assert circuits.perfect is not None
    chosen = [circuits.run.circuits[k] for k in np.flatnonzero(circuits.perfect.decided).tolist()]
    ways = _ways(network, behavior, chosen[:: max(1, len(chosen) // 1000)])
    if not ways:
        return {key: Open(TOO_MANY) for key in ("value", "low", "high", "sample")}
    once = np.array([one for one, _ in ways], float)
    mean, error = once.mean(), 5 * once.std() * (1000**-0.5 + len(once) ** -0.5) + 1e-9
    reason = "an estimate, held to the mean of circuits drawn otherwise"
    low, high = fewest * max(0.0, mean - error), most * (mean + error)
    return {
        **{
            key: Holds(lambda n: low <= n <= high, f"between {low:.4g} and {high:.4g}", reason)
            for key in ("value", "low", "high")
        },
        "sample": 1000,
    }


def widest(network: Network, behavior: Behavior, circuit: PlainCircuit) -> Any:
    """The interpretation of a circuit whose smallest gap is widest, and among equals that with the largest sum."""
    points, decision = behavior.points, behavior.decision
    options = plain_interpretations.reading_options(network, points, circuit, decision)
    layers, following = plain_interpretations.layered_readings(network, points, circuit, options, {})
    states = plain.run(network, points, circuit)
    gaps = {
        (neuron, bits): 1.0 if neuron[0] == network.depth else (high - low) / np.ptp(states[neuron[0]][:, neuron[1]])
        for neuron, found in options.items()
        for bits, low, high in found
    }
    if math.prod(len(options[n]) for n in layers[0]) > MOST_LISTED:
        return Open(TOO_MANY)
    paths = [(state,) for state in itertools.product(*[[bits for bits, *_ in options[n]] for n in layers[0]])]
    for layer in range(1, len(layers)):
        paths = [(*path, target) for path in paths for target, _ in following(layer, path[-1])]
        if len(paths) > MOST_LISTED:
            return Open(TOO_MANY)
    if not paths:
        return None

    def quality(path) -> tuple[float, float]:
        own = [
            gaps[n, bits]
            for layer, state in enumerate(path[1:], 1)
            for n, bits in zip(layers[layer], state, strict=True)
        ]
        return min(own, default=1.0), sum(own)

    best = max(map(quality, paths))
    good = [path for path in paths if all(a >= b - 1e-9 for a, b in zip(quality(path), best, strict=True))]
    documents = [_described(network, behavior, circuit, layers, options, gaps, path) for path in good]
    if len(documents) == 1:
        return documents[0]
    fits = lambda said: any(not any(differences(said, one)) for one in documents)  # noqa: E731
    return Holds(fits, "one of the readings with the widest gaps")


def _described(network, behavior, circuit, layers, options, gaps, path) -> list[dict[str, Any]]:
    found = []
    for layer in range(1, len(layers)):
        before = dict(zip(layers[layer - 1], path[layer - 1], strict=True))
        for neuron, bits in zip(layers[layer], path[layer], strict=True):
            parents = [(layer - 1, i) for i in circuit[layer - 1][neuron[1]] if (layer - 1, i) in before]
            table = ["-"] * 2 ** len(parents)
            for k in range(len(behavior.points)):
                table[int("0" + "".join(str(before[p] >> k & 1) for p in parents), 2)] = str(bits >> k & 1)
            text = "".join(table)
            _, low, high = next(option for option in options[neuron] if option[0] == bits)
            separator = (low + high) / 2
            if layer == network.depth:
                separator = 0.5 if behavior.decision == "round" else float(network.threshold or 0.0)
            found.append({
                "neuron": list(neuron), "gate": _gate_name(text, len(parents)), "table": text,
                "parents": [list(p) for p in parents], "separator": float(separator),
                "gap": float(gaps[neuron, bits]),
            })  # fmt: skip
    return found


def _gate_name(table: str, parents: int) -> str:
    if "-" in table or not 1 <= parents <= 6:
        return table
    return name_of(TruthTable.parse(table)) or table
