"""Population codes of a stored audit, found again: every signal fitted, every small set of signals tried."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any

import numpy as np

from ..boolean.cost import CostModel
from ..boolean.truth_table import TruthTable
from ..network.network import Network
from ..readout.explanation import ReadoutExplanation
from ..readout.readout import Readout
from . import plain, plain_readouts
from .comparing import Open
from .judging import refusal_of, verdict_of
from .naming import listed, names_in_codes

# Inputs up to which readouts are searched, sets of signals that are tried, and the most signals of one by default.
MOST_INPUTS, MOST_SETS, MOST_SIGNALS = 4, 12_000, 3
# Directions in which a layer varies less do not count.
VARIES = 1e-9
LARGEST_WHOLE = 9
BOUNDARY = 1e-9
TOO_MANY = "more sets of signals than are tried"


@dataclass(frozen=True, eq=False)
class LayerAgain:
    """What an audit says of one hidden layer, found again.

    Attributes:
        network: of one output.
        layer: 1 is the first hidden one.
        tolerance: of residuals.
        most: the most signals of an explanation; None for the usual number.
        costs: prices.
        budget: of the audit.
        ties: where the network itself lies on its decision boundary, or on the jump of a step after the layer.
        names: what its neurons are called in codes.
    """

    network: Network
    layer: int
    tolerance: float
    most: int | None
    costs: CostModel
    budget: int
    ties: tuple[str, ...]
    names: tuple[str, ...]

    @cached_property
    def state(self) -> np.ndarray:
        """The activations of the layer at every row."""
        return plain.run(self.network, plain.corners(self.network))[self.layer]

    @cached_property
    def received(self) -> np.ndarray:
        """What the next layer receives."""
        return self.state @ self.network.weights[self.layer].T + self.network.biases[self.layer]

    @cached_property
    def rank(self) -> int:
        """In how many directions the activations vary."""
        scales = np.linalg.svd(self.state - self.state.mean(axis=0), compute_uv=False)
        return int((scales > VARIES * max(1.0, np.abs(self.state).max())).sum())

    @cached_property
    def readable(self) -> list[Readout]:
        """Every signal that is linear in the layer, 0 at the first row."""
        rows, middle = len(self.state), self.state.mean(axis=0)
        deviations, found = self.state - middle, []
        largest = max(1.0, float(np.abs(self.state).max()))
        scale = np.linalg.norm(deviations, 2)
        inverse = (
            np.linalg.pinv(deviations, rcond=VARIES * largest / scale) if self.rank else np.zeros(deviations.T.shape)
        )
        for k in range(1, 2 ** (rows - 1)):
            signal = np.array([k >> (rows - 1 - row) & 1 for row in range(rows)], float)
            code = inverse @ (signal - signal.mean())
            constant = float(signal.mean() - code @ middle)
            residual = plain_readouts.relative_residual(self.state @ code + constant, signal)
            if residual <= self.tolerance:
                found.append(self._readout(signal, code, constant, float(residual)))
        return found

    def _readout(self, signal: np.ndarray, code: np.ndarray, constant: float, residual: float) -> Readout:
        rounded = np.round(code)
        small = max([abs(round(constant)), *np.abs(rounded)]) <= LARGEST_WHOLE
        whole = plain_readouts.relative_residual(self.state @ rounded + round(constant), signal) <= self.tolerance
        # A number in the middle between two whole ones is rounded to neither.
        clear = all(abs(abs(x - round(x)) - 0.5) > 1e-9 for x in (*code.tolist(), constant))
        bits = sum(int(bit) << row for row, bit in enumerate(signal))
        table = TruthTable(self.network.widths[0], bits)
        return Readout(self.layer, table, code, constant, residual, bool(small and whole and clear), self.names)

    @cached_property
    def asked(self) -> int:
        """The size of the largest sets."""
        return min(MOST_SIGNALS if self.most is None else self.most, self.rank)

    @cached_property
    def allowed(self) -> tuple[int, str | None]:
        """The size of the largest sets that the budget allows, and what it does not allow."""
        number = 0
        for size in range(1, self.asked + 1):
            number += comb(len(self.readable), size)
            what = f"fitting the {number:,} sets of at most {size} of {len(self.readable):,} signals of layer "
            refusal = refusal_of(f"{what}{self.layer}", number * 10_000, self.budget)
            if refusal:
                return size - 1, refusal
        return self.asked, None

    @property
    def searched(self) -> bool:
        """Whether the budget allowed any set."""
        return self.allowed[0] > 0 or not self.allowed[1]

    @property
    def affordable(self) -> bool:
        """Whether all sets are tried."""
        return sum(comb(len(self.readable), size) for size in range(1, self.allowed[0] + 1)) <= MOST_SETS

    @cached_property
    def behavioral(self) -> list[ReadoutExplanation]:
        """Every set that leaves all decisions as they are, fewest signals first."""
        largest = max(1.0, float(np.abs(self.received).max()))
        if np.linalg.norm(self.received - self.received.mean(axis=0)) <= VARIES * largest:
            return []
        sets = (itertools.combinations(self.readable, size) for size in range(1, self.allowed[0] + 1))
        return [one for chosen in itertools.chain.from_iterable(sets) for one in self._explanation(chosen)]

    def _explanation(self, chosen: Sequence[Readout]) -> list[ReadoutExplanation]:
        columns = [np.array([one.table.bits >> row & 1 for row in range(len(self.state))], float) for one in chosen]
        if np.linalg.matrix_rank(np.column_stack([*columns, np.ones(len(self.state))])) <= len(chosen):
            return []
        fitted, weights = plain_readouts.best_fit(columns, self.received)
        variation = np.linalg.norm(self.received - self.received.mean(axis=0))
        shares = [
            float(np.linalg.norm(np.outer(c - c.mean(), w)) / variation) for c, w in zip(columns, weights, strict=False)
        ]
        level = self.network.threshold
        natural, outputs = (
            plain_readouts.run_on(self.network, self.layer, self.received),
            plain_readouts.run_on(self.network, self.layer, fitted),
        )
        right = np.where(natural > level, outputs - level, level - outputs)
        on_a_jump = plain_readouts.on_a_jump(self.network, self.layer, fitted).any()
        if min(shares) <= self.tolerance or right.min() <= BOUNDARY or on_a_jump:
            return []
        patterns = np.array([[*p, 1] for p in itertools.product([0, 1], repeat=len(chosen))], float) @ weights
        made = plain_readouts.run_on(self.network, self.layer, patterns)
        near = (np.abs(made - level) <= BOUNDARY) | plain_readouts.on_a_jump(self.network, self.layer, patterns)
        gate = [int(output > level and not open_) for output, open_ in zip(made, near, strict=True)]
        undecided = np.flatnonzero(near).tolist()
        turned, mask = list(chosen), 0
        for k in range(len(chosen)):
            bit = 1 << (len(chosen) - 1 - k)
            steps = [gate[row | bit] - gate[row] for row in range(len(gate)) if not row & bit]
            if min(steps) < 0 and max(steps) <= 0:
                turned[k], mask = chosen[k].complement(), mask | bit
        table = TruthTable(len(chosen), sum(gate[row ^ mask] << row for row in range(len(gate))))
        residual = float(plain_readouts.relative_residual(fitted, self.received))
        again = tuple(sorted(row ^ mask for row in undecided))
        return [ReadoutExplanation(tuple(turned), table, residual, tuple(shares), again)]

    @cached_property
    def exact(self) -> list[ReadoutExplanation]:
        """Those whose combination is what the next layer receives."""
        return [one for one in self.behavioral if one.residual <= self.tolerance]

    @cached_property
    def cheapest(self) -> list[ReadoutExplanation]:
        """Of the exact ones of fewest signals those that cost least."""
        fewest = [one for one in self.exact if len(one.readouts) == len(self.exact[0].readouts)]
        costs = [one.cost(self.costs) for one in fewest]
        return [one for one, cost in zip(fewest, costs, strict=True) if cost <= min(costs) + 1e-9]

    @property
    def strictest(self) -> list[ReadoutExplanation]:
        """The exact ones when there are any, else all."""
        return (self.exact or self.behavioral) if self.searched else []

    def survivors(self) -> dict[str, int | None]:
        """How many pass each rung."""
        found: dict[str, int | None] = dict.fromkeys(("behavioral", "exact", "fewest_signals", "cheapest"))
        if not self.searched:
            return found
        fewest = [one for one in self.exact if len(one.readouts) == len(self.exact[0].readouts)]
        numbers = (len(self.behavioral), len(self.exact), len(fewest), len(self.cheapest))
        found = dict(zip(found, numbers, strict=True))
        if self.allowed[1]:
            found |= dict.fromkeys(("behavioral", "exact") if self.exact else tuple(found))
        return found

    def document(self) -> dict[str, Any]:
        """The layer as it stands in audit.json."""
        found: dict[str, Any] = {
            "layer": self.layer,
            "tolerance": float(self.tolerance),
            "most_signals": self.asked,
            "rank": self.rank,
            "readable": listed([readout_document(one) for one in self.readable]),
        }
        if not self.affordable:
            return found | dict.fromkeys(("by_signals", "ladder", "verdict", "exact", "cheapest"), Open(TOO_MANY))
        space = f"all sets of at most {self.asked} of {len(self.readable):,} readable signals of layer {self.layer}"
        failure = None if self.readable else "no Boolean signal is linear in the activations"
        partial = "; ".join([*([self.allowed[1]] if self.allowed[1] else []), *self.ties])
        left = self.survivors()
        nothing = next((f"nothing passes {rung}" for rung, n in left.items() if n == 0), None)
        return found | {
            "by_signals": {
                "behavioral": self._by_signals(self.behavioral) if self.searched else None,
                "exact": self._by_signals(self.exact) if self.searched else None,
            },
            "ladder": left,
            "verdict": verdict_of(left, space, partial, failure or nothing),
            "exact": listed([explanation_document(one) for one in self.exact]) if self.searched else None,
            "cheapest": listed([explanation_document(one) for one in self.cheapest]) if self.searched else None,
        }

    def _by_signals(self, explanations: Sequence[ReadoutExplanation]) -> dict[str, int]:
        sizes = [len(one.readouts) for one in explanations]
        return {str(size): sizes.count(size) for size in range(1, self.allowed[0] + 1)}


def readout_document(readout: Readout) -> dict[str, Any]:
    """A readout as it stands in audit.json."""
    return {
        "table": str(readout.table),
        "code": readout.code,
        "coefficients": [float(c) for c in readout.coefficients],
        "constant": float(readout.constant),
        "residual": readout.residual,
    }


def explanation_document(explanation: ReadoutExplanation) -> dict[str, Any]:
    """A readout explanation as it stands in audit.json."""
    signals = zip(explanation.readouts, explanation.shares, strict=True)
    return {
        "kind": "readouts",
        "layer": explanation.layer,
        "formula": str(explanation),
        "gate": str(explanation.gate),
        "gate_name": explanation.gate_name,
        "undecided_patterns": list(explanation.undecided),
        "signals": [{"name": one.name, **readout_document(one), "share": share} for one, share in signals],
        "residual": explanation.residual,
    }


def layers_again(
    network: Network, tolerance: float, most: int | None, costs: CostModel, budget: int, version: int
) -> tuple[list[LayerAgain], list[str], tuple[str, ...]]:
    """The hidden layers, what is never searched, and where the network lies on its decision boundary."""
    inputs = network.widths[0]
    if network.depth == 1:
        return [], [], ()
    if inputs > MOST_INPUTS:
        return [], [f"readouts are searched for at most {MOST_INPUTS} inputs; the network has {inputs}"], ()
    states = plain.run(network, plain.corners(network))
    boundary = _named_rows(np.abs(states[-1][:, 0] - network.threshold) <= BOUNDARY, inputs)
    said = [f"the output lies on the decision boundary at {boundary}, so that no readout explanation passes"]
    layers, told = [], []
    for layer in range(1, network.depth):
        received = states[layer] @ network.weights[layer].T + network.biases[layer]
        jump = _named_rows(plain_readouts.on_a_jump(network, layer, received), inputs)
        own = [
            f"a neuron after layer {layer} lies on the jump of its step at {jump}, so that rounding decides which "
            f"readout explanations of the layer pass"
        ]
        ties = (*(said if boundary else ()), *(own if jump else ()))
        names = names_in_codes(network, layer, version)
        layers.append(LayerAgain(network, layer, tolerance, most, costs, budget, ties, names))
        told += [one for one in ties if one not in told]
    return layers, [], tuple(told)


def _named_rows(chosen: np.ndarray, inputs: int) -> str:
    return " ".join(format(row, f"0{inputs}b") for row in np.flatnonzero(chosen).tolist())
