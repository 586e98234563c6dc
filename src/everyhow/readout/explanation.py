"""Readout explanations: a few signals of one layer that make up what the next receives, and the gate over them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, final

import numpy as np

from ..boolean.cost import CostModel
from ..boolean.gates import name_of
from ..boolean.smallest import Formula
from ..boolean.truth_table import INPUT_NAMES, TruthTable
from ..common.shapes import Float
from ..model.explanation import Explanation
from ..model.graph import Graph, Node
from ..model.model import Model
from .readout import Readout, Signals, cut_of
from .signal import Signal, shown_formula, values_of


@final
@dataclass(frozen=True, eq=False)
class ReadoutExplanation(Explanation):
    """Signals of one hidden layer, and the gate that the rest of the network applies to them.

    The pre-activations of the next layer are a linear combination of the signals plus a constant, exactly or nearly.
    The gate is what the rest of the network makes of that combination at every pattern of the signals, those that no
    input produces included. Each signal is shown in the polarity in which raising it never lowers the gate, if there is
    one. Two explanations are the same when layer and signals are, up to complement.

    Attributes:
        readouts: the signals.
        gate: what the network decides at each pattern, the first signal being the leftmost digit.
        residual: of the combination, relative to how much the pre-activations vary.
        shares: how much of that variation each signal carries.
        undecided: the patterns at which the output lies within 1e-9 of the decision boundary, or a neuron that steps of
            its jump, where rounding decides; and those at which what else goes by decides, where not everything passes
            the layer (`Cut.alone`). The gate is 0 there.
    """

    kind = "readouts"

    readouts: tuple[Readout, ...]
    gate: TruthTable
    residual: float
    shares: tuple[float, ...]
    undecided: tuple[int, ...] = ()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ReadoutExplanation) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __str__(self) -> str:
        return str(self.formula)

    def __repr__(self) -> str:
        codes = ", ".join(map(str, self.readouts))
        return f"ReadoutExplanation({self}: {codes} in layer {self.layer})"

    def named(self, graph: Graph | None = None) -> str:
        """The layer and the code of each signal; codes carry the names of their neurons with them."""
        return f"layer {self.layer}: {'; '.join(map(str, self.readouts))}"

    @property
    def stored(self) -> str:
        """The formula, the codes and the layer."""
        return repr(self)

    def in_short(self, graph: Graph | None = None) -> str:
        """The layer, the gate, and the codes that are whole numbers; of other codes the signal alone."""
        codes = "; ".join(str(readout) if readout.whole else readout.name for readout in self.readouts)
        gate = "" if self.gate_name == "ID" else f"{self.gate_name} of "
        return f"layer {self.layer}: {gate}{codes}"

    @property
    def title(self) -> str:
        """The gate over the signals, written out."""
        return str(self)

    @property
    def parts(self) -> tuple[str, ...]:
        """The names of the signals."""
        return tuple(readout.name for readout in self.readouts)

    @property
    def nodes(self) -> tuple[tuple[Node, ...], ...]:
        """The neurons that stand in the code of each signal."""
        coefficients = (readout.shown_coefficients for readout in self.readouts)
        return tuple(tuple(Node(self.layer, j) for j, value in enumerate(each) if value) for each in coefficients)

    @property
    def inputs(self) -> int:
        """The inputs of the signals."""
        return self.readouts[0].table.inputs

    @property
    def swappable(self) -> bool:
        """Whether the codes are independent. At a generous tolerance one code may read several signals."""
        return independent(self.codes)

    @cached_property
    def codes(self) -> Float[np.ndarray, "signals neurons"]:
        """The coefficients of every signal."""
        return np.array([readout.coefficients for readout in self.readouts])

    @property
    def endures(self) -> float:
        """By what share of its range every neuron may move before a signal is read wrong, at some input or after some
        swap of signals, which leaves every code at a value that it has at some input."""
        return min(readout.endures for readout in self.readouts)

    @property
    def layer(self) -> int:
        """The hidden layer that is read."""
        return self.readouts[0].layer

    @property
    def signals(self) -> tuple[TruthTable | Signal, ...]:
        """The signals, as they are shown: over the rows of a truth table, truth tables."""
        return tuple(readout.table for readout in self.readouts)

    @property
    def functions(self) -> tuple[TruthTable, ...]:
        """The functions that the signals are; a signal over data that is not a function is left out."""
        found = (signal.function if isinstance(signal, Signal) else signal for signal in self.signals)
        return tuple(function for function in found if function is not None)

    @cached_property
    def key(self) -> tuple[int, frozenset[int]]:
        """The layer and the signals in the polarity that is 0 at the first row."""
        return self.layer, frozenset((~table if table.bits & 1 else table).bits for table in self.signals)

    @property
    def gate_name(self) -> str:
        """The usual name of the gate, or its smallest formula over the signals, s1 being the first."""
        label = name_of(self.gate)
        if label is not None and label.isupper() and len(label) > 1 and label.isalpha():
            return label
        operands = {name: Formula(f"s{k}") for k, name in enumerate(INPUT_NAMES, start=1)}
        return str(shown_formula(self.gate).over(operands))

    @cached_property
    def formula(self) -> Formula:
        """The gate over the signals, written out."""
        operands = dict(zip(INPUT_NAMES, map(shown_formula, self.signals), strict=False))
        return shown_formula(self.gate).over(operands)

    def cost(self, prices: CostModel | None = None) -> float:
        """What the signals and the gate cost together, by the default prices unless told otherwise; infinitely much
        where a signal over data is not a function of at most 4 bits that are known."""
        if len(self.functions) < len(self.signals):
            return math.inf
        return (prices or CostModel()).of_composition(self.gate, self.functions)

    def document(self) -> dict[str, Any]:
        """The layer, the gate, and every signal with its code."""
        return {
            "layer": self.layer,
            "formula": str(self),
            "gate": str(self.gate),
            "gate_name": self.gate_name,
            "undecided_patterns": list(self.undecided),
            "signals": [
                {"name": readout.name, **readout.document(), "share": share}
                for readout, share in zip(self.readouts, self.shares, strict=True)
            ],
            "residual": self.residual,
        }


def independent(rows: Float[np.ndarray, "rows neurons"]) -> bool:
    """Whether no combination of neurons follows from the others."""
    return bool(np.linalg.matrix_rank(rows) == len(rows))


def explain_by(model: Model, readable: Signals, chosen: Sequence[int], margin: float) -> ReadoutExplanation:
    """The explanation by some of the readable signals, given by their numbers: the combination of them that comes
    closest to what the next layer receives, and the gate read off from the model.

    The signals must be independent of each other and the constant. Where an output comes within `margin` of the
    decision boundary, or a neuron that steps within 1e-9 of its jump, or where inputs differ in what goes by beside the
    layer and decide otherwise, the gate is undecided, and 0.
    """
    readouts = tuple(readable[int(index)] for index in chosen)
    cut = cut_of(model, readable.layer)
    received = cut.received(readable.states)
    signals = np.array([values_of(readout.table) for readout in readouts])
    middle, base = signals.mean(axis=1, keepdims=True), received.mean(axis=0)
    weights, *_ = np.linalg.lstsq((signals - middle).T, received - base, rcond=None)
    constant = base - middle[:, 0] @ weights
    variation = np.linalg.norm(received - base)
    residual = np.linalg.norm(signals.T @ weights + constant - received) / variation
    shares = np.linalg.norm(weights, axis=1) * np.linalg.norm(signals - middle, axis=1) / variation
    patterns = np.array(list(product((0.0, 1.0), repeat=len(readouts)))) @ weights + constant
    # Where more goes by than the signals, the gate is what comes of them whatever goes by, that of each input in turn.
    points = readable.behavior.points[: 1 if cut.alone else None]
    at_each = np.repeat(patterns[:, None], len(points), axis=1)
    outputs, near = cut.run_received(at_each, points)
    above = outputs[..., 0] - model.level
    decided = above > 0
    sure = ((np.abs(above) > margin) & ~near & (decided == decided[:, :1])).all(axis=1)
    gate = TruthTable(len(readouts), sum(1 << int(k) for k in np.flatnonzero(sure & decided[:, 0])))
    undecided = np.flatnonzero(~sure)
    return _shown(readouts, gate, float(residual), tuple(shares.tolist()), tuple(undecided.tolist()))


def _shown(readouts, gate: TruthTable, residual: float, shares: tuple[float, ...], undecided: tuple[int, ...]):
    """The explanation with every signal that never raises the gate complemented."""
    count = len(readouts)
    mask = 0
    for k in range(count):
        bit = 1 << (count - 1 - k)
        steps = [(gate.bits >> (row | bit) & 1) - (gate.bits >> row & 1) for row in range(1 << count) if not row & bit]
        if min(steps) < 0 and max(steps) <= 0:
            mask |= bit
    turned = [r.complement() if mask >> (count - 1 - k) & 1 else r for k, r in enumerate(readouts)]
    return ReadoutExplanation(
        tuple(turned), gate.complementing(mask), residual, shares, tuple(sorted(row ^ mask for row in undecided))
    )
