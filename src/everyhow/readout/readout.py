"""Readouts: the Boolean signals over some inputs that are linear in the activations of one hidden layer."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ..boolean.smallest import MOST_INPUTS
from ..boolean.truth_table import TruthTable
from ..common.arguments import is_number, is_whole, quoted
from ..common.display import Displayed
from ..common.errors import InputError
from ..common.shapes import Bool, Float
from ..model.behavior import Behavior
from ..model.model import Cut, Model
from .signal import Signal, shown_formula, signal_of
from .span import MOST_DIRECTIONS, VALUES_AT_ONCE, Probe, Span, all_functions, probe, reads_all, relative_residual

DEFAULT_TOLERANCE = 1e-3
# A code counts as bounded when it is still read right with every neuron moved by so much of its range.
DEFAULT_DISTURBANCE = 0.05
# A share that a code endures counts as larger than another one from here on.
LARGER = 1e-9
# A code with a larger whole number is not shown as whole.
LARGEST_WHOLE = 9
# A number this close to the middle between two whole ones is rounded to neither.
MIDDLE = 1e-9
# Coefficients this much smaller than the largest, and constants this small, are not written out.
NEGLIGIBLE = 5e-7


@dataclass(frozen=True, eq=False)
class Readout(Displayed):
    """A linear population code: the Boolean signal `coefficients` · h + `constant` of one hidden layer h.

    Two readouts of one layer are the same when their signals are, up to complement.

    Attributes:
        layer: the hidden layer; 1 is the first.
        table: the signal: over the rows of a truth table, a truth table.
        coefficients: one per neuron; of all that fit, those of least norm.
        constant: what is added.
        residual: how far the code is from the signal, relative to how much the signal varies (root mean squares).
        whole: whether the residual stays within the tolerance when coefficients and constant are rounded to whole
            numbers, none of which was halfway between two.
        endures: by what share of its range every neuron may move, up or down, before the code is read wrong (at 1/2) at
            some input; at most 1/2. The range of a neuron is how far its activations lie apart over the inputs.
        names: what the neurons are called.
    """

    layer: int
    table: TruthTable | Signal
    coefficients: Float[np.ndarray, " neurons"]
    constant: float
    residual: float
    whole: bool
    endures: float
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The signal as its smallest formula; over data, where it is not a function of the bits that are known, by the
        inputs at which it is 1."""
        return str(shown_formula(self.table))

    @property
    def code(self) -> str:
        """The combination of neurons, such as 1 - h1.1."""
        constant = float(round(self.constant) if self.whole else self.constant)
        shown = [_term(constant, "")] if abs(constant) > NEGLIGIBLE else []
        pairs = zip(self.shown_coefficients, self.names, strict=True)
        shown += [_term(value, name) for value, name in pairs if value]
        text = " ".join(shown) or "+ 0"
        return text.removeprefix("+ ") if text.startswith("+") else "-" + text.removeprefix("- ")

    @property
    def shown_coefficients(self) -> tuple[float, ...]:
        """The coefficients as the code writes them: rounded where it is whole, 0 where they are not written out."""
        if self.whole:
            return tuple(float(round(float(value))) for value in self.coefficients)
        least = NEGLIGIBLE * float(np.abs(self.coefficients).max(initial=0.0))
        return tuple(float(value) if abs(value) > least else 0.0 for value in self.coefficients)

    def __str__(self) -> str:
        return f"{self.name} = {self.code}"

    def document(self) -> dict[str, Any]:
        """The readout as plain values, for audit.json."""
        return {
            "table": str(self.table),
            "code": self.code,
            "coefficients": self.coefficients.tolist(),
            "constant": self.constant,
            "residual": self.residual,
        }

    def complement(self) -> "Readout":
        """The same readout with 0 and 1 exchanged."""
        return replace(self, table=~self.table, coefficients=-self.coefficients, constant=1 - self.constant)


@dataclass(frozen=True, eq=False)
class Signals:
    """Every Boolean signal that is linearly readable in one hidden layer over some inputs, up to complement.

    Attributes:
        layer: the hidden layer; 1 is the first.
        behavior: the inputs, and what is wanted there.
        signals: shape (signals, inputs), each 0 at the first input; in the order of their values, read as numbers.
        coefficients: shape (signals, neurons).
        constants: shape (signals,).
        residuals: shape (signals,), how far each code is from its signal, relative to how much that varies.
        rank: how many directions the activations span over the inputs, the constant aside; the most signals that can
            be independent.
        tolerance: the largest residual at which a signal counts as readable.
        states: shape (inputs, neurons), the activations.
        names: what the neurons are called.
    """

    layer: int
    behavior: Behavior
    signals: Bool[np.ndarray, "signals inputs"]
    coefficients: Float[np.ndarray, "signals neurons"]
    constants: Float[np.ndarray, " signals"]
    residuals: Float[np.ndarray, " signals"]
    rank: int
    tolerance: float
    states: Float[np.ndarray, "inputs neurons"]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.signals)

    @property
    def reads_all(self) -> bool:
        """Whether every Boolean signal is linear in the layer, whatever the model has learned."""
        return reads_all(self.rank, len(self.states))

    @property
    def baseline(self) -> int:
        """How many Boolean signals any layer with so many independent neurons reads: all, or, where the neurons are too
        few for that, none, since they may point anywhere."""
        return 2 ** (len(self.states) - 1) - 1 if self.reads_all else 0

    @property
    def as_any(self) -> str:
        """The layers that read as many signals whatever they learned, in words."""
        return f"any layer with {self.rank} independent neuron{'s' * (self.rank != 1)}"

    @cached_property
    def endures(self) -> Float[np.ndarray, " signals"]:
        """For each code by what share of its range every neuron may move, up or down, before the code is read wrong at
        some input: 1/2, less the largest error of the code, over the sum of the coefficients' magnitudes, each times
        the range of its neuron. It is below 0 where a code is read wrong as it is."""
        ranges = np.ptp(self.states, axis=0)
        at_once = max(1, VALUES_AT_ONCE // len(self.states))
        found = [np.empty(0)]
        for start in range(0, len(self), at_once):
            some = slice(start, start + at_once)
            read = self.coefficients[some] @ self.states.T + self.constants[some, None]
            room = 0.5 - np.abs(read - self.signals[some]).max(axis=1)
            found.append(room / (np.abs(self.coefficients[some]) @ ranges))
        return np.concatenate(found)

    def enduring(self, disturbance: float) -> Bool[np.ndarray, " signals"]:
        """Whether each code is read right with every neuron moved by this share of its range."""
        return self.endures > disturbance + LARGER

    def __getitem__(self, index: int) -> Readout:
        """One signal, in the polarity that is 0 at the first input."""
        signal = self.signals[index]
        coefficients, constant = self.coefficients[index], float(self.constants[index])
        rounded = np.round(coefficients)
        small = max(np.abs(rounded).max(initial=0.0), abs(round(constant))) <= LARGEST_WHOLE
        off = np.abs(np.append(coefficients - rounded, constant - round(constant)))
        code = self.states @ rounded + round(constant)
        whole = small and relative_residual(signal[None].astype(np.float64), code[None])[0]
        return Readout(
            self.layer,
            signal_of(self.behavior, signal),
            coefficients,
            constant,
            float(self.residuals[index]),
            bool(small and whole <= self.tolerance and off.max() < 0.5 - MIDDLE),
            float(self.endures[index]),
            self.names,
        )

    @property
    def inputs(self) -> int:
        """The numbers of one input."""
        return self.behavior.points.shape[1]

    @cached_property
    def wanted(self) -> tuple[Probe, ...]:
        """How near what is wanted of each output comes to being one of the signals."""
        span = Span.of(self.states)
        return tuple(probe(column, span, self.behavior.weights) for column in self.behavior.wanted.T)


def readable_signals(
    model: Model, layer: int, tolerance: float = DEFAULT_TOLERANCE, behavior: Behavior | None = None
) -> Signals:
    """The signals that lie in the span of a hidden layer's activations and a constant, over some inputs.

    Over the truth table of at most 4 inputs every Boolean function is tried. Elsewhere a code is fixed by its values at
    as many inputs as the activations have directions, and one more: every assignment of bits to such inputs, chosen far
    apart, is carried on to the others, read there, and fitted anew.

    Cost: 2^directions x inputs.

    Args:
        model: what is read.
        layer: a hidden layer; 1 is the first.
        tolerance: the largest relative residual.
        behavior: over any inputs; over the truth table of at most 4 inputs when not given.

    Raises:
        InputError: no such layer, more than 4 inputs without a behavior, more than 17 directions, or a tolerance that
            is not above 0 and below 1.

    Example:
        >>> from everyhow import xornet
        >>> signals = readable_signals(xornet(), 1)
        >>> len(signals), str(signals[0])
        (7, 'AND(A,B) = h1.2')
    """
    cut = cut_of(model, layer)
    check_tolerance(tolerance)
    if behavior is None and model.features > MOST_INPUTS:
        raise InputError(
            f"the {model.kind} has {model.features} inputs; readouts are searched over all Boolean functions of at "
            f"most {MOST_INPUTS} inputs"
        )
    over = behavior or Behavior.of_network(model, model.corners, "threshold")
    states = cut.read(over.points)
    span = Span.of(states)
    if over.is_truth_table and model.features <= MOST_INPUTS:
        fitted = span.fitted(all_functions(model.features), tolerance)
    else:
        if span.rank > MOST_DIRECTIONS:
            raise InputError(
                f"layer {layer} spans {span.rank} directions over the inputs; signals are looked for in at most "
                f"{MOST_DIRECTIONS}: take a narrower layer"
            )
        fitted = span.assigned(tolerance)
    return Signals(layer, over, *fitted, span.rank, tolerance, states, model.graph.names[layer])


def cut_of(model: Model, layer: int) -> Cut:
    """The hidden layer that is read.

    Raises:
        InputError: the model has no such hidden layer that everything passes.
    """
    cuts = {cut.layer: cut for cut in model.cuts()}
    if not is_whole(layer, 1) or layer not in cuts:
        if not cuts:
            raise InputError(
                f"readouts are of hidden layers that everything passes, and the {model.kind} has none: ask for its "
                f"circuits and mappings"
            )
        layers = f"the hidden layers {min(cuts)} to {max(cuts)}"
        raise InputError(f"there is no hidden layer {quoted(layer)}; the {model.kind} has {layers}")
    return cuts[layer]


def check_tolerance(tolerance: float) -> None:
    """Raises InputError when a tolerance is out of range."""
    if not is_number(tolerance, 0, 1) or tolerance in (0, 1):
        raise InputError(
            f"tolerance is {quoted(tolerance)}; it is a relative residual, above 0 and below 1, such as 1e-3"
        )


def check_disturbance(share: float) -> None:
    """Raises InputError when a share of the neurons' ranges is out of range."""
    if not is_number(share, 0, 0.5) or share in (0, 0.5):
        raise InputError(
            f"disturbance is {quoted(share)}; it is the share of its range by which every neuron is moved, above 0 and "
            f"below 0.5, such as 0.05"
        )


def _term(value: float, name: str) -> str:
    sign = "-" if value < 0 else "+"
    # Without what rounding leaves, which may differ from one way of fitting to another.
    size = float(f"{abs(value):.12g}")
    digits = f"{size:.3g}"
    if not name:
        return f"{sign} {digits}"
    return f"{sign} {name}" if size == 1 else f"{sign} {digits} {name}"
