"""How the numbers of a model stand for bits: where its outputs turn from 0 to 1, and what its inputs are."""

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np

from ..boolean.gates import name_of
from ..boolean.truth_table import MAX_INPUTS, TruthTable
from ..common.arguments import listed, number_in, quoted
from ..common.errors import InputError
from ..common.shapes import Float

# The numbers by which inputs usually stand for 0 and for 1.
BITS, SIGNS = (0.0, 1.0), (-1.0, 1.0)


def coding_document(model: Any) -> dict[str, Any]:
    """How the numbers of a model stand for bits, where that is not as usual, and its remarks, if it has any."""
    found: dict[str, Any] = {} if model.threshold == 0.5 else {"threshold": model.threshold}
    if model.input_values != (0.0, 1.0):
        found["inputs"] = list(model.input_values)
    found |= {"softmax": True} if model.softmax else {}
    return found | ({"remarks": list(model.remarks)} if model.remarks else {})


def coded(bits: Float[np.ndarray, "rows features"], values: tuple[float, float]) -> Float[np.ndarray, "rows features"]:
    """Bits as the numbers by which inputs stand for them."""
    low, high = values
    return np.where(bits > 0, high, low)


def checked_threshold(threshold: object) -> float | None:
    """The threshold as a number; None when nobody said it.

    Raises:
        InputError: it is not a finite number.
    """
    if threshold is None:
        return None
    found = number_in(threshold)
    if found is None:
        raise InputError(
            f"threshold is {quoted(threshold)}; it is a finite number, above which an output is read as 1: 0.5 for "
            "outputs trained towards 0 and 1, 0 for logits and outputs trained towards -1 and 1"
        )
    return found


def checked_input_values(values: object) -> tuple[float, float]:
    """The numbers by which inputs stand for 0 and for 1.

    Raises:
        InputError: they are not two different finite numbers.
    """
    rule = "the two different numbers by which an input stands for 0 and for 1, such as (-1, 1) (--inputs=-1,1)"
    found = [number_in(value) for value in listed("inputs", values, rule)]
    if len(found) != 2 or None in found or found[0] == found[1]:
        raise InputError(f"inputs is {quoted(values)}; give {rule}")
    return found[0], found[1]  # type: ignore[return-value]


def codings_of(model: Any, wanted: Sequence[TruthTable]) -> Iterator[tuple[float, tuple[float, float]]]:
    """The usual thresholds and input values, other than its own, by which a model of at most 6 inputs computes what is
    wanted of its outputs; those first that keep its own threshold, or its own input values.

    Example:
        >>> import everyhow as eh
        >>> signs = eh.Network([[[1.0, 1.0]]], [[1.0]], ["identity"])
        >>> list(codings_of(signs, eh.parse_task("OR").tables))
        [(0.5, (-1.0, 1.0)), (0.0, (-1.0, 1.0))]
    """
    own = model.threshold, model.input_values
    levels: tuple[float, ...] = (0.0, 0.5) if own[0] == 0.0 else (0.5, 0.0)
    usual = product(levels, (BITS, SIGNS))
    for coding in sorted(usual, key=lambda one: sum(a != b for a, b in zip(one, own, strict=True))):
        read = model.read(*coding)
        if coding != own and _tables(read, coding[0]) == list(wanted):
            yield coding


def coding_text(coding: tuple[float, tuple[float, float]], computed: str) -> str:
    """By which reading of its numbers a model computes something, with the options that say so.

    Example:
        >>> coding_text((0.0, (-1.0, 1.0)), "XOR")[:61]
        'read by inputs -1 and 1 and threshold 0 it computes XOR (inpu'
    """
    level, (low, high) = coding
    return (
        f"read by inputs {low:g} and {high:g} and threshold {level:g} it computes {computed} "
        f"(inputs=({low:g}, {high:g}), threshold={level:g}; --inputs={low:g},{high:g} --threshold {level:g})"
    )


def which_threshold(model: Any) -> str:
    """The question where an output turns, with what the model computes by each usual answer."""
    answers = {
        0.0: "for logits (BCEWithLogitsLoss) and outputs trained towards -1 and 1 (hinge loss)",
        0.5: "for outputs trained towards 0 and 1",
    }
    told = [f"threshold={level:g} {words}: {_computed(model, level)}" for level, words in answers.items()]
    if model.features == model.graph.sizes[0] <= MAX_INPUTS and model.input_values != SIGNS:
        said = "inputs=(-1, 1) and threshold=0 (--inputs=-1,1 --threshold 0) where the inputs were -1 and 1, too"
        told.append(f"{said}: {_computed(model.read(0, SIGNS), 0.0)}")
    classes = ', or decision="argmax" (--decision argmax) where they stand for classes' * (model.outputs > 1)
    last = "linear" if model.ending == "identity" else model.ending
    return (
        f"nothing says where the outputs of this {model.kind} turn from 0 to 1, its last layer being {last}."
        f" Say it where the {model.kind} is made or asked (threshold=, --threshold; or "
        f"{model.kind}.read(threshold=0)){classes}: {'; or '.join(told)}; or any other number"
    )


def _computed(model: Any, level: float) -> str:
    """What a model computes by a threshold."""
    inputs = model.features
    if inputs > MAX_INPUTS:
        if inputs != model.graph.sizes[0]:
            return "then 1 above it"
        points = np.random.default_rng(0).standard_normal((256, inputs))
        shares = (model.run(points) > level).mean(axis=0)
        return f"then 1 at {', '.join(f'{share:.0%}' for share in shares)} of 256 standard normal inputs"
    named = [f"{table} ({name_of(table)})" if name_of(table) else str(table) for table in _tables(model, level)]
    return f"it then computes {', '.join(named)}"


def _tables(model: Any, level: float) -> list[TruthTable]:
    """What a model computes by a threshold, output by output."""
    bits = model.run(model.corners) > level
    return [TruthTable(model.features, sum(int(bit) << row for row, bit in enumerate(column))) for column in bits.T]
