"""Readouts: the Boolean signals that are linear in the activations of one hidden layer."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float

from ..boolean.cost import CostModel
from ..boolean.gates import name_of
from ..boolean.smallest import MOST_INPUTS, Formula
from ..boolean.truth_table import INPUT_NAMES, TruthTable
from ..common.arguments import is_number, is_whole, quoted
from ..common.display import Displayed
from ..common.errors import InputError
from ..model.model import Cut, Model

DEFAULT_TOLERANCE = 1e-3
# Directions in which a layer varies less than this, relative to its largest activation (or 1), are no directions.
VARIES = 1e-9
# Larger whole numbers are no longer read as a code.
LARGEST_WHOLE = 9
# A number this close to the middle between two whole ones is rounded to neither.
MIDDLE = 1e-9
# Coefficients this much smaller than the largest, and constants this small, are not written out.
NEGLIGIBLE = 5e-7


@dataclass(frozen=True, eq=False)
class Readout(Displayed):
    """A linear population code: the Boolean signal `coefficients` · h + `constant` of one hidden layer h.

    Two readouts of one layer are the same when their truth tables are, up to complement.

    Attributes:
        layer: the hidden layer; 1 is the first.
        table: the signal.
        coefficients: one per neuron; of all that fit, those of least norm.
        constant: what is added.
        residual: how far the code is from the signal, relative to how much the signal varies (root mean squares).
        whole: whether rounding coefficients and constant to whole numbers leaves the residual within the tolerance, and
            none of them lies halfway between two.
        names: what the neurons are called.
    """

    layer: int
    table: TruthTable
    coefficients: Float[np.ndarray, " neurons"]
    constant: float
    residual: float
    whole: bool
    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """The signal as its smallest formula."""
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
    """Every Boolean signal that is linearly readable in one hidden layer, up to complement.

    Attributes:
        layer: the hidden layer; 1 is the first.
        inputs: of the network.
        tables: truth-table bits, in the polarity that is 0 at the first row; shape (signals,).
        coefficients: shape (signals, neurons).
        constants: shape (signals,).
        residuals: shape (signals,).
        rank: how many directions the activations span over the inputs, the constant aside; the most signals that can
            be independent.
        tolerance: the largest residual at which a signal counts as readable.
        states: shape (inputs, neurons), the activations.
        names: what the neurons are called.
    """

    layer: int
    inputs: int
    tables: np.ndarray
    coefficients: Float[np.ndarray, "signals neurons"]
    constants: Float[np.ndarray, " signals"]
    residuals: Float[np.ndarray, " signals"]
    rank: int
    tolerance: float
    states: Float[np.ndarray, "inputs neurons"]
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.tables)

    def __getitem__(self, index: int) -> Readout:
        """One signal, in the polarity that is 0 at the first row."""
        table = TruthTable(self.inputs, int(self.tables[index]))
        coefficients, constant = self.coefficients[index], float(self.constants[index])
        rounded = np.round(coefficients)
        small = max(np.abs(rounded).max(initial=0.0), abs(round(constant))) <= LARGEST_WHOLE
        off = np.abs(np.append(coefficients - rounded, constant - round(constant)))
        code = self.states @ rounded + round(constant)
        whole = small and relative_residual(rows_of(self.tables[index : index + 1], self.inputs), code[None])[0]
        return Readout(
            self.layer,
            table,
            coefficients,
            constant,
            float(self.residuals[index]),
            bool(small and whole <= self.tolerance and off.max() < 0.5 - MIDDLE),
            self.names,
        )


def readable_signals(model: Model, layer: int, tolerance: float = DEFAULT_TOLERANCE) -> Signals:
    """The signals that lie in the span of a hidden layer's activations and a constant, over the whole truth table.

    Args:
        model: of at most 4 inputs.
        layer: a hidden layer; 1 is the first.
        tolerance: the largest relative residual.

    Raises:
        InputError: no such layer, more than 4 inputs, or a tolerance that is not above 0 and below 1.

    Example:
        >>> from everyhow import xornet
        >>> signals = readable_signals(xornet(), 1)
        >>> len(signals), str(signals[0])
        (7, 'AND(A,B) = h1.2')
    """
    inputs, cut = model.features, cut_of(model, layer)
    check_tolerance(tolerance)
    if inputs > MOST_INPUTS:
        raise InputError(
            f"the {model.kind} has {inputs} inputs; readouts are searched over all Boolean functions of at most "
            f"{MOST_INPUTS} inputs"
        )
    states = cut.read(model.corners)
    # Bit 0 is the first row: with it 0, every function but FALSE stands for itself and its complement.
    tables = np.arange(2, 1 << (1 << inputs), 2, dtype=np.int64)
    tables = tables[np.argsort(_reading_order(tables, inputs), kind="stable")]
    wanted = rows_of(tables, inputs)
    middle = states.mean(axis=0)
    deviations = states - middle
    directions, scales, turned = np.linalg.svd(deviations, full_matrices=False)
    rank = int((scales > VARIES * max(1.0, np.abs(states).max())).sum())
    inverse = (turned[:rank].T / scales[:rank]) @ directions[:, :rank].T
    coefficients = (wanted - wanted.mean(axis=1, keepdims=True)) @ inverse.T
    constants = wanted.mean(axis=1) - coefficients @ middle
    residuals = relative_residual(wanted, coefficients @ states.T + constants[:, None])
    kept = residuals <= tolerance
    names = model.graph.names[layer]
    return Signals(
        layer,
        inputs,
        tables[kept],
        coefficients[kept],
        constants[kept],
        residuals[kept],
        rank,
        tolerance,
        states,
        names,
    )


def rows_of(tables: np.ndarray, inputs: int) -> Float[np.ndarray, "signals inputs"]:
    """The values 0 and 1 of truth tables given as bits, row by row."""
    return (tables[:, None] >> np.arange(1 << inputs) & 1).astype(np.float64)


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


@lru_cache(maxsize=4096)
def shown_formula(table: TruthTable) -> Formula:
    """A function as a named gate over all its inputs, or else as its smallest formula, negations costing something."""
    label = name_of(table) if table.inputs > 2 else None
    if label is not None and table.bits not in (0, table.full):
        return Formula(label.partition(":")[0], tuple(Formula(name) for name in INPUT_NAMES[: table.inputs]))
    return CostModel(negation=0.5).formula(table)


def relative_residual(wanted: np.ndarray, found: np.ndarray) -> np.ndarray:
    """The distance of each row of `found` from `wanted`, relative to how much `wanted` varies."""
    deviations = wanted - wanted.mean(axis=1, keepdims=True)
    return np.linalg.norm(found - wanted, axis=1) / np.linalg.norm(deviations, axis=1)


def _reading_order(tables: np.ndarray, inputs: int) -> np.ndarray:
    """The truth tables read as binary numbers, their first row the leading digit."""
    rows = 1 << inputs
    return ((tables[:, None] >> np.arange(rows) & 1) << np.arange(rows - 1, -1, -1)).sum(axis=1)


def _term(value: float, name: str) -> str:
    sign = "-" if value < 0 else "+"
    # Without what rounding leaves, which may differ from one way of fitting to another.
    size = float(f"{abs(value):.12g}")
    digits = f"{size:.3g}"
    if not name:
        return f"{sign} {digits}"
    return f"{sign} {name}" if size == 1 else f"{sign} {digits} {name}"
