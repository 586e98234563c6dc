"""Population codes of a stored audit, found again: every signal fitted, every small set of signals tried."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import comb
from typing import Any, NamedTuple

import numpy as np

from ..auditing.schema import DISTURBED
from ..boolean.cost import CostModel
from ..boolean.truth_table import TruthTable
from ..model.behavior import Behavior
from ..network.network import Network
from ..readout.explanation import ReadoutExplanation
from ..readout.readout import Readout
from ..readout.signal import signal_of, values_of
from . import plain, plain_readouts
from .circuit_runs import BOUNDARY
from .comparing import Holds, Open
from .judging import refusal_of, verdict_of
from .naming import listed, names_in_codes

# Inputs of a truth table all whose functions are tried.
MOST_INPUTS = 4
# Sets of signals that are tried, the most signals of one by default, and assignments of bits that are carried on.
MOST_SETS, MOST_SIGNALS, MOST_ASSIGNMENTS = 12_000, 3, 1 << 13
# Directions in which signals over data are looked for, and signals over data that are listed.
MOST_DIRECTIONS, MOST_CODES = 17, 100
# Up to this tolerance the signals do not depend on the inputs that they are told by.
STRICT = 1e-3
# Directions in which a layer varies less do not count.
VARIES = 1e-9
LARGEST_WHOLE = 9
# A residual that is no more than this is one of rounding.
NOTHING = 1e-9
TOO_MANY = "more sets of signals than are tried"
MORE_SIGNALS = "more assignments of bits than are tried for signals, or rounding decides at which inputs"


class Code(NamedTuple):
    """A signal over the inputs that is linear in a layer: its values, the coefficients, the constant, the residual."""

    signal: np.ndarray
    coefficients: np.ndarray
    constant: float
    residual: float


@dataclass(frozen=True, eq=False)
class LayerAgain:
    """What an audit says of one hidden layer, found again.

    Attributes:
        network: of one output, or, where readouts are not explained, of several.
        behavior: the inputs, and what is wanted there.
        layer: 1 is the first hidden one.
        tolerance: of residuals.
        most: the most signals of an explanation; None for the usual number.
        disturbance: the share of its range by which every neuron is moved.
        costs: prices.
        budget: of the audit.
        version: the schema of audit.json, which decides how neurons are called.
    """

    network: Network
    behavior: Behavior
    layer: int
    tolerance: float
    most: int | None
    disturbance: float
    costs: CostModel
    budget: int
    version: int

    @cached_property
    def state(self) -> np.ndarray:
        """The activations of the layer at every input."""
        return plain.run(self.network, self.behavior.points)[self.layer]

    @cached_property
    def received(self) -> np.ndarray:
        """What the next layer receives."""
        return self.state @ self.network.weights[self.layer].T + self.network.biases[self.layer]

    @cached_property
    def ties(self) -> tuple[str, ...]:
        """Where the network itself lies on its decision boundary, or on the jump of a step after the layer."""
        outputs = plain.run(self.network, self.behavior.points)[-1][:, 0]
        boundary = self._named(np.abs(outputs - self.network.threshold) <= BOUNDARY)
        jump = self._named(plain_readouts.on_a_jump(self.network, self.layer, self.received))
        told = []
        if boundary:
            told.append(
                f"the output lies on the decision boundary at {boundary}, so that no readout explanation passes"
            )
        if jump:
            decides = "so that rounding decides which readout explanations of the layer pass"
            told.append(f"a neuron after layer {self.layer} lies on the jump of its step at {jump}, {decides}")
        return tuple(told)

    def _named(self, chosen: np.ndarray) -> str:
        between = " " if self.behavior.is_truth_table else ", "
        return between.join(self.behavior.name_of(row) for row in np.flatnonzero(chosen).tolist())

    @cached_property
    def rank(self) -> int:
        """In how many directions the activations vary."""
        scales = np.linalg.svd(self.state - self.state.mean(axis=0), compute_uv=False)
        return int((scales > VARIES * max(1.0, np.abs(self.state).max())).sum())

    @property
    def tries_all_functions(self) -> bool:
        """Whether every signal is tried: over the rows of a small truth table."""
        return self.behavior.is_truth_table and self.behavior.points.shape[1] <= MOST_INPUTS

    @property
    def unread(self) -> str | None:
        """Why no signals are looked for; None where they are."""
        if self.tries_all_functions or self.rank <= MOST_DIRECTIONS:
            return None
        return (
            f"layer {self.layer} spans {self.rank} directions over the inputs; signals are looked for in at most "
            f"{MOST_DIRECTIONS}: take a narrower layer"
        )

    @cached_property
    def _inverse(self) -> np.ndarray:
        deviations = self.state - self.state.mean(axis=0)
        largest, scale = max(1.0, float(np.abs(self.state).max())), np.linalg.norm(deviations, 2)
        if not self.rank:
            return np.zeros(deviations.T.shape)
        return np.linalg.pinv(deviations, rcond=VARIES * largest / scale)

    def fitted(self, signal: np.ndarray) -> Code:
        """The code that comes closest to a signal; the residual of a signal that does not vary is 0."""
        coefficients = self._inverse @ (signal - signal.mean())
        constant = float(signal.mean() - coefficients @ self.state.mean(axis=0))
        read = self.state @ coefficients + constant
        residual = float(plain_readouts.relative_residual(read, signal)) if np.ptp(signal) else 0.0
        return Code(signal, coefficients, constant, residual)

    @cached_property
    def codes(self) -> list[Code] | None:
        """Every signal that is linear in the layer, 0 at the first input; None where too many have to be tried."""
        tried = self._all_functions() if self.tries_all_functions else self._carried_on()
        if tried is None:
            return None
        return [code for code in map(self.fitted, tried) if code.residual <= self.tolerance]

    def _all_functions(self) -> Iterator[np.ndarray]:
        rows = len(self.state)
        for k in range(1, 2 ** (rows - 1)):
            yield np.array([k >> (rows - 1 - row) & 1 for row in range(rows)], float)

    def _carried_on(self) -> list[np.ndarray] | None:
        """Every assignment of bits to a few inputs, carried on to the others. A code is known from its values at as
        many inputs as the layer has directions, and one more, that are independent."""
        if 1 << self.rank > MOST_ASSIGNMENTS:
            return None
        turned, scales, _ = np.linalg.svd(self.state - self.state.mean(axis=0), full_matrices=False)
        basis = np.column_stack([turned[:, : self.rank] * scales[: self.rank], np.ones(len(self.state))])
        chosen = self._far_apart(basis)
        if chosen is None:
            return None
        carried, found = basis @ np.linalg.pinv(basis[chosen]), set()
        for bits in itertools.product((0.0, 1.0), repeat=self.rank + 1):
            signal = carried @ np.array(bits) > 0.5
            if signal.any() and not signal.all():
                found.add(tuple((signal != signal[0]).astype(int).tolist()))
        return [np.array(signal, float) for signal in sorted(found)]

    def _far_apart(self, basis: np.ndarray) -> list[int] | None:
        """The inputs that codes are told by, each the one farthest from all that follows from those before it; None
        where rounding decides which is, and a generous tolerance makes a difference of it."""
        chosen, left = [], basis.copy()
        for _ in range(self.rank + 1):
            away = np.linalg.norm(left, axis=1)
            farthest = int(away.argmax())
            if (away > away[farthest] * (1 - 1e-9)).sum() > 1 and self.tolerance > STRICT:
                return None
            chosen.append(farthest)
            along = left[farthest] / away[farthest]
            left = left - np.outer(left @ along, along)
        return sorted(chosen)

    @cached_property
    def readable(self) -> list[Readout]:
        """The codes, each with its name."""
        names = names_in_codes(self.network, self.layer, self.version)
        return [self._readout(code, names) for code in self.codes or ()]

    def _readout(self, code: Code, names: tuple[str, ...]) -> Readout:
        signal, coefficients, constant, residual = code
        rounded = np.round(coefficients)
        small = max([abs(round(constant)), *np.abs(rounded)]) <= LARGEST_WHOLE
        off = plain_readouts.relative_residual(self.state @ rounded + round(constant), signal)
        # A number in the middle between two whole ones is rounded to neither.
        clear = all(abs(abs(x - round(x)) - 0.5) > 1e-9 for x in (*coefficients.tolist(), constant))
        whole = bool(small and off <= self.tolerance and clear)
        table = signal_of(self.behavior, signal > 0)
        endures = plain_readouts.endured(self.state, signal, coefficients, constant)
        return Readout(self.layer, table, coefficients, constant, residual, whole, endures, names)

    @cached_property
    def asked(self) -> int:
        """The size of the largest sets."""
        return min(MOST_SIGNALS if self.most is None else self.most, self.rank)

    @cached_property
    def allowed(self) -> tuple[int, str | None]:
        """The size of the largest sets that the budget allows, and what it does not allow."""
        number, signals = 0, len(self.codes or ())
        for size in range(1, self.asked + 1):
            number += comb(signals, size)
            what = f"fitting the {number:,} sets of at most {size} of {signals:,} signals of layer "
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
        if self.codes is None:
            return False
        return sum(comb(len(self.codes), size) for size in range(1, self.allowed[0] + 1)) <= MOST_SETS

    @cached_property
    def behavioral(self) -> list[ReadoutExplanation]:
        """Every set that leaves all decisions as they are, fewest signals first."""
        largest = max(1.0, float(np.abs(self.received).max()))
        if np.linalg.norm(self.received - self.received.mean(axis=0)) <= VARIES * largest:
            return []
        sets = (itertools.combinations(self.readable, size) for size in range(1, self.allowed[0] + 1))
        return [one for chosen in itertools.chain.from_iterable(sets) for one in self._explanation(chosen)]

    def _explanation(self, chosen: Sequence[Readout]) -> list[ReadoutExplanation]:
        columns = [values_of(one.table) for one in chosen]
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

    @property
    def disturbed(self) -> bool:
        """Whether codes are held against those of any layer, and disturbed."""
        return self.version >= DISTURBED

    @property
    def reads_all(self) -> bool:
        """Whether any layer with so many independent neurons reads every signal."""
        return self.rank + 1 >= len(self.behavior.points)

    @cached_property
    def above_baseline(self) -> list[ReadoutExplanation]:
        """The exact ones but those that any layer with so many independent neurons has."""
        return [one for one in self.exact if not (self.reads_all and len(one.readouts) == self.rank)]

    @cached_property
    def bounded(self) -> list[ReadoutExplanation]:
        """Those whose codes endure the disturbance."""
        return [one for one in self.above_baseline if all(self._endures(code) for code in one.readouts)]

    def _endures(self, code: Readout) -> bool:
        return code.endures > self.disturbance + BOUNDARY

    @property
    def by_set(self) -> dict[str, list[ReadoutExplanation]]:
        """What passes each rung that judges every set by itself."""
        found = {"behavioral": self.behavioral, "exact": self.exact}
        if self.disturbed:
            found |= {"above_baseline": self.above_baseline, "bounded": self.bounded}
        return found

    @cached_property
    def fewest(self) -> list[ReadoutExplanation]:
        """Of those left by the last such rung the ones of fewest signals."""
        *_, left = self.by_set.values()
        return [one for one in left if len(one.readouts) == len(left[0].readouts)]

    @cached_property
    def cheapest(self) -> list[ReadoutExplanation]:
        """Of these the ones that cost least."""
        costs = [one.cost(self.costs) for one in self.fewest]
        return [one for one, cost in zip(self.fewest, costs, strict=True) if cost <= min(costs) + 1e-9]

    @property
    def vacuous(self) -> bool:
        """Whether all that are exact are there in any layer with so many independent neurons."""
        return self.disturbed and self.searched and bool(self.exact) and not self.above_baseline

    @property
    def strictest(self) -> list[ReadoutExplanation]:
        """Those left by the last such rung that any passes; none where all that are exact are there in any layer."""
        if not self.searched or self.vacuous:
            return []
        return next((left for left in reversed(self.by_set.values()) if left), [])

    def survivors(self) -> dict[str, int | None]:
        """How many pass each rung."""
        found: dict[str, int | None] = dict.fromkeys((*self.by_set, "fewest_signals", "cheapest"))
        if not self.searched:
            return found
        found |= {rung: len(left) for rung, left in (*self.by_set.items(), ("fewest_signals", self.fewest))}
        found["cheapest"] = len(self.cheapest)
        if self.allowed[1]:
            found |= dict.fromkeys(self.by_set if self.fewest else tuple(found))
        return found

    def document(self) -> dict[str, Any]:
        """The layer as it stands in audit.json of a task."""
        readable = listed([readout_document(one) | self._endured(one) for one in self.readable])
        return {"layer": self.layer, "rank": self.rank, "readable": readable, **self.explanations()}

    def document_by_data(self) -> dict[str, Any]:
        """What is linear in the layer, as it stands in audit.json of data."""
        decisions = []
        for column in np.asarray(self.behavior.wanted, float).T:
            code = self.fitted(column)
            read = self.state @ code.coefficients + code.constant
            share = float(np.asarray(self.behavior.weights)[(read > 0.5) == (column == 1)].sum())
            decisions.append({"residual": _written(code.residual), "accuracy": round(share, 12)})
        found: dict[str, Any] = {"layer": self.layer, "directions": self.rank, "decisions": decisions}
        if self.codes is None:
            return found | dict.fromkeys(("readable_signals", "signals"), Open(MORE_SIGNALS))
        rows = [
            {
                "coefficients": [float(c) for c in code.coefficients],
                "constant": code.constant,
                "residual": _written(code.residual),
                **self._endured(readout),
            }
            for code, readout in zip(self.codes[:MOST_CODES], self.readable, strict=False)
        ]
        return found | {"readable_signals": len(self.codes), "signals": rows}

    def explanations(self) -> dict[str, Any]:
        """The sets of signals that explain the layer, as they stand in audit.json."""
        found: dict[str, Any] = {"tolerance": float(self.tolerance), "most_signals": self.asked}
        if self.disturbed:
            found |= {
                "disturbance": float(self.disturbance) if self.searched else None,
                "baseline_signals": 2 ** (len(self.behavior.points) - 1) - 1 if self.reads_all else 0,
            }
        if not self.affordable:
            later = ("bounded_signals", "bounded") if self.disturbed else ()
            keys = ("by_signals", "ladder", "verdict", "exact", "cheapest", *later)
            return found | dict.fromkeys(keys, Open(TOO_MANY))
        signals = len(self.codes or ())
        space = f"all sets of at most {self.asked} of {signals:,} readable signals of layer {self.layer}"
        failure = None if signals else "no Boolean signal is linear in the activations"
        if self.vacuous:
            many = f"{self.rank} independent neuron{'s' * (self.rank != 1)}"
            failure = f"all that are exact are there in any layer with {many}"
        if self.disturbed:
            enduring = sum(map(self._endures, self.readable)) if self.searched else None
            found |= {"bounded_signals": enduring, "bounded": self._listed(self.bounded)}
        partial = "; ".join([*([self.allowed[1]] if self.allowed[1] else []), *self.ties])
        left = self.survivors()
        nothing = next((f"nothing passes {rung}" for rung, n in left.items() if n == 0), None)
        return found | {
            "by_signals": {
                rung: self._by_signals(kept) if self.searched else None for rung, kept in self.by_set.items()
            },
            "ladder": left,
            "verdict": verdict_of(left, space, partial, failure or nothing),
            "exact": self._listed(self.exact),
            "cheapest": self._listed(self.cheapest),
        }

    def _listed(self, explanations: Sequence[ReadoutExplanation]) -> dict[str, Any] | None:
        return listed([explanation_document(one) for one in explanations]) if self.searched else None

    def _endured(self, code: Readout) -> dict[str, float]:
        """What a code endures, where that is said."""
        return {"endures": code.endures} if self.disturbed else {}

    def _by_signals(self, explanations: Sequence[ReadoutExplanation]) -> dict[str, int]:
        sizes = [len(one.readouts) for one in explanations]
        return {str(size): sizes.count(size) for size in range(1, self.allowed[0] + 1)}


def _written(residual: float) -> Any:
    """A residual as it stands in audit.json; what rounding leaves of 0 may be anything as small."""
    if residual > NOTHING:
        return residual
    return Holds(lambda r: isinstance(r, float) and 0 <= r <= NOTHING, f"at most {NOTHING:g}")


def readout_document(readout: Readout) -> dict[str, Any]:
    """A readout as it stands in audit.json."""
    return {
        "table": str(readout.table),
        "code": readout.code,
        "coefficients": [float(c) for c in readout.coefficients],
        "constant": float(readout.constant),
        "residual": _written(readout.residual),
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
        "residual": _written(explanation.residual),
    }
