"""Labels in all the ways in which people have them, as the bits that are wanted of each output."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from ..common.errors import InputError
from ..common.reading import naming
from ..common.shapes import Bool, Int
from .arrays import MISSING, array_of, place_in
from .csv_files import counted
from .points import read_table

Decided = Literal["threshold", "argmax"]
# More classes than anything here can have outputs.
MOST_CLASSES = 4096
# How a network of many classes is asked of one.
ONE_CLASS = "network.one_class(K, points), K being the class (--one-class K)"
NUMERAL = re.compile(r"-?(0|[1-9]\d{0,17})", re.ASCII)


@dataclass(frozen=True, eq=False)
class Labels:
    """What is wanted of every output at every input, and how the outputs decide.

    Attributes:
        wanted: shape (inputs, outputs), bits; by argmax, one 1 in each row, at the class.
        decision: `argmax` where the outputs stand for classes, `threshold` where each is a bit of its own, or the only
            one.
        names: what the labels call the classes 0, 1, ..., where they do not call them that.

    Example:
        >>> labels = labels_of(["odd", "even", "odd"])
        >>> labels.wanted.tolist(), labels.names, str(labels)
        ([[True], [False], [True]], ('even', 'odd'), '3 labels of one output: even is 0, odd is 1')
    """

    wanted: Bool[np.ndarray, "inputs outputs"]
    decision: Decided
    names: tuple[str, ...] | None = None

    @property
    def classes(self) -> Int[np.ndarray, "inputs"]:
        """The class of each input: the output that must be largest, or the bit of the only output.

        Raises:
            InputError: each output is a bit of its own, so an input has several, not one class.
        """
        if self.decision == "argmax":
            return self.wanted.argmax(axis=1)
        if self.wanted.shape[1] > 1:
            raise InputError(f"these labels are {self.wanted.shape[1]} separate bits, not classes; take labels.wanted")
        return self.wanted[:, 0].astype(np.int64)

    def __str__(self) -> str:
        inputs, outputs = self.wanted.shape
        kind = "classes, the largest output decides" if self.decision == "argmax" else "separate bits"
        said = f"{counted(inputs, 'label')} of " + ("one output" if outputs == 1 else f"{outputs} {kind}")
        named = [f"{name if name.isprintable() else repr(name)} is {k}" for k, name in enumerate(self.names or ())]
        return said + (f": {', '.join([*named[:8], *(['...'] if len(named) > 8 else [])])}" if named else "")


def labels_of(
    values: Any, outputs: int | None = None, decision: Decided | None = None, inputs: int | None = None
) -> Labels:
    """Labels as the bits wanted.

    One column, (n,) or (n, 1), holds bits, true and false, -1 and 1 (wanted as 0 and 1), class numbers from 0, or names
    of classes, which are counted in sorted order, as scikit-learn does. Other whole numbers are names in this sense
    where there are as many as the outputs tell apart. For more than two outputs, labels of 0 and 1 alone may be class
    numbers, or one class and the rest: they are class numbers where the decision `argmax` is said, else an error.
    Several columns hold the bits of as many outputs; where every row has exactly one 1 these are classes, unless the
    decision `threshold` is asked for.

    Args:
        values: any array-like: lists, NumPy, tensors with gradients or on a device, columns of pandas or polars.
        outputs: of the network; when not given, 1 for two classes, else one for each class.
        decision: `argmax` for classes, `threshold` for separate bits; needed only where both are possible.
        inputs: how many labels there must be.

    Raises:
        InputError: missing, fractional or mixed labels, of another number than `inputs`, or that can be read in two
            ways.

    Example:
        >>> labels_of([-1, 1]).names, labels_of([[1, 0, 0], [0, 0, 1]]).classes.tolist()
        (('-1', '1'), [0, 2])
        >>> labels_of([[0, 0], [1, 0], [1, 0], [0, 1]]).decision
        'threshold'
    """
    if decision not in (None, "threshold", "argmax"):
        raise InputError(f"the decision of labels is {decision!r}; choose threshold or argmax")
    if outputs is not None and (not isinstance(outputs, int | np.integer) or outputs < 1):
        raise InputError(f"outputs is {outputs!r:.40}; give the number of the network's outputs")
    categories = _categories(values)
    array = array_of(values, "labels")
    if array.ndim == 0 or array.ndim > 2 or array.size == 0:
        raise InputError(f"labels have shape {array.shape}; give one label per input, or (inputs, outputs)")
    if inputs is not None and len(array) != inputs:
        turned = "; these lie in a row, take labels.ravel()" if array.shape == (1, inputs) else ""
        raise InputError(f"there are {len(array):,} labels for {inputs:,} inputs; give one for each{turned}")
    if array.ndim == 2 and array.shape[1] > 1:
        return _columns(_whole(array), outputs, decision)
    column = array.reshape(len(array))
    if array.dtype.kind == "O":
        return _named(_texts(column, array.shape), categories, outputs, decision)
    return _numbered(_whole(column, array.shape), outputs, decision)


def labels_against_rest(values: Any, k: int, classes: int, inputs: int | None = None) -> list[Any]:
    """Labels as one class against the rest, as bits or as the two names that they have.

    Args:
        values: class numbers, of which `k` becomes 1 and every other 0; or bits, -1 and 1, or two texts, as for one
            output.
        k: the class.
        classes: how many there are.
        inputs: how many labels there must be.

    Raises:
        InputError: labels that are refused as `labels_of` does; 0 and 1 alone where 0 is the class, which may be class
            numbers or bits.

    Example:
        >>> labels_against_rest([3, 8, 3], 3, 10), labels_against_rest(["rest", "three"], 3, 10)
        ([1, 0, 1], ['rest', 'three'])
    """
    found = labels_of(values, classes, "argmax", inputs) if _is_of_classes(values, classes) else None
    if found is not None:
        if k == 0 and set(found.classes.tolist()) <= {0, 1}:
            raise InputError(
                "labels are 0 and 1 only, and the class is 0: where they are class numbers, 0 is the class, and where "
                "they are bits, 1 is; write the class as 1 and the rest as -1"
            )
        if k == 1 or found.classes.max() > 1:
            return (found.classes == k).astype(int).tolist()
    labels_of(values, 1, None, inputs)
    return np.asarray(array_of(values, "labels")).reshape(-1).tolist()


def _is_of_classes(values: Any, classes: int) -> bool:
    """Whether labels can be read as class numbers, or as as many names as there are classes."""
    try:
        labels_of(values, classes, "argmax")
    except InputError:
        return False
    return True


def read_labels(
    path: Path,
    outputs: int | None = None,
    decision: Decided | None = None,
    inputs: int | None = None,
    header: bool | None = None,
) -> Labels:
    """The labels in a `.npy` or `.csv` file: one column of numbers or texts, or a column for each output.

    A first row that may be a header as well as a label is settled by the number of `inputs`, or by `header`.

    Raises:
        FileFormatError: the file cannot be read, or its labels are refused as `labels_of` does.
    """
    found = read_table(path, header, inputs, texts=True)
    with naming(path):
        return labels_of(found.values, outputs, decision, inputs)


def _columns(bits: np.ndarray, outputs: int | None, decision: Decided | None) -> Labels:
    """Labels of several columns, one for each output."""
    if outputs is not None and outputs != bits.shape[1]:
        raise InputError(
            f"labels have {bits.shape[1]} columns, the network {counted(outputs, 'output')}; give a column for each "
            "output, or one column of class numbers (labels.argmax(axis=1))"
        )
    signs = bool(np.isin(bits, (-1, 1)).all() and (bits < 0).any())
    if not signs and not np.isin(bits, (0, 1)).all():
        k = int(np.flatnonzero(~np.isin(bits, (0, 1)))[0])
        raise InputError(
            f"labels{place_in(bits.shape, k)} is {bits.flat[k]}; in several columns labels are bits, 0 and 1 or -1 "
            "and 1"
        )
    wanted = bits > 0
    single = wanted.sum(axis=1) == 1
    if decision == "argmax" and not single.all():
        row = int(np.flatnonzero(~single)[0])
        raise InputError(
            f"row {row + 1} of the labels has {int(wanted[row].sum())} ones; by argmax each has one, at its class: "
            "decide by threshold"
        )
    decided: Decided = decision or ("argmax" if single.all() else "threshold")
    return Labels(wanted, decided, ("-1", "1") if signs else None)


def _numbered(whole: np.ndarray, outputs: int | None, decision: Decided | None) -> Labels:
    """Labels of one column of whole numbers: the classes themselves, or, with gaps, names of them."""
    values = np.unique(whole).tolist()
    if values[0] < 0:
        if not set(values) <= {-1, 1}:
            raise InputError(
                f"labels are {_listed(values)}; below 0 only -1 and 1 are understood, as 0 and 1 (elsewhere -1 often "
                "means that a label is missing): give class numbers from 0"
            )
        if outputs not in (None, 1, 2):
            raise InputError(
                f"labels are -1 and 1, the network has {outputs} outputs; give class numbers from "
                f"0{_of_two(2, outputs)}"
            )
        return _labels((whole > 0).astype(int), outputs or 1, decision, ("-1", "1"))
    most, found = values[-1], len(values)
    if outputs is not None and 2 < outputs <= MOST_CLASSES and most <= 1 and decision is None:
        raise InputError(
            f"labels are {_listed(values)} only, the network has {outputs} outputs: are these the class numbers 0 and "
            f'1 of {outputs} (say decision="argmax", --decision argmax), or is 1 one class and 0 the rest ({ONE_CLASS})'
            "?"
        )
    fits = most < max(2, outputs or 2)
    if found == 1 and not fits and outputs in (None, 1):
        raise InputError(
            f"every label is {most:,}; give 0 and 1, or class numbers from 0 and outputs, how many there are"
        )
    if outputs is None and not fits and values != list(range(found)):
        raise InputError(
            f"labels are {_listed(values)}: class numbers of {most + 1:,} outputs, or names of {found} classes? Say "
            f"how many outputs the network has (outputs={most + 1} or {1 if found == 2 else found}), or "
            "number the classes from 0"
        )
    if fits or outputs is None:
        return _labels(whole, outputs or (1 if fits else found), decision, None)
    if found != max(2, outputs):
        raise InputError(
            f"labels are {_listed(values)}, the network has {counted(outputs, 'output')}: give "
            f"{'0 and 1' if outputs == 1 else f'class numbers from 0 to {outputs - 1}'}{_of_two(found, outputs)}"
        )
    return _labels(np.searchsorted(values, whole), outputs, decision, tuple(map(str, values)))


def _named(
    column: Sequence[str], categories: tuple[str, ...] | None, outputs: int | None, decision: Decided | None
) -> Labels:
    """Labels of one column of texts."""
    names = sorted(set(column) | set(categories or ()))
    if all(name.lower() in ("true", "false") for name in names):
        return _labels(np.array([name.lower() == "true" for name in column]).astype(int), outputs or 1, decision, None)
    if all(map(NUMERAL.fullmatch, names)):
        if names != sorted(names, key=int):
            raise InputError(
                f"labels are texts, {_listed(sorted(names, key=int))}, whose order as texts ({_listed(names)}) is not "
                "their order as numbers; give numbers"
            )
        return _numbered(np.array([int(name) for name in column]), outputs, decision)
    if categories is not None and list(categories) != names:
        raise InputError(
            f"labels are categories in the order {_listed(categories)}, but sorted, as scikit-learn numbers classes, "
            f"they are {_listed(names)}; give the class numbers (labels.cat.codes for the order of the categories)"
        )
    if len(names) == 1 and outputs in (None, 1):
        raise InputError(f"every label is {_listed(names)}, which may be 0 or 1; give numbers")
    if outputs is not None and len(names) != max(2, outputs):
        raise InputError(
            f"labels are {len(names)} classes, {_listed(names)}, but the network has {counted(outputs, 'output')}, for "
            f"{max(2, outputs)}; give class numbers from 0, in the order of its outputs{_of_two(len(names), outputs)}"
        )
    if len(names) > MOST_CLASSES:
        raise InputError(f"labels are {len(names):,} different texts, such as {_listed(names)}; give classes")
    number = {name: k for k, name in enumerate(names)}
    whole = np.array([number[name] for name in column])
    return _labels(whole, outputs or (1 if len(names) == 2 else len(names)), decision, tuple(names))


def _of_two(found: int, outputs: int) -> str:
    """What can be done with labels of two kinds for a network of more outputs, in words."""
    if found != 2 or outputs <= 2:
        return ""
    return (
        f"; of two of these classes take network.classes(K, L) (--classes K,L), of one class and the rest {ONE_CLASS}"
    )


def _labels(classes: np.ndarray, outputs: int, decision: Decided | None, names: tuple[str, ...] | None) -> Labels:
    """Class numbers from 0 as bits of that many outputs."""
    if outputs > MOST_CLASSES:
        raise InputError(
            f"labels are classes of {outputs:,} outputs; at most {MOST_CLASSES:,} are taken: number them from 0"
        )
    if outputs == 1:
        if decision == "argmax":
            raise InputError(
                "one output has no largest; decide by threshold, or give a network of one output per class"
            )
        return Labels(classes.reshape(-1, 1) == 1, "threshold", names)
    if decision == "threshold":
        raise InputError(
            f"labels are one class per input, the network has {outputs} outputs; for separate bits give a column of 0 "
            "and 1 for each output, else decide by argmax"
        )
    return Labels(classes[:, None] == np.arange(outputs), "argmax", names)


def _whole(array: np.ndarray, shape: tuple[int, ...] | None = None) -> np.ndarray:
    """Numbers as whole ones, in int64."""
    if array.dtype.kind == "O":
        k = 0
        raise InputError(
            f"labels{place_in(array.shape, k)} is the text {array.flat[k]!r:.40}; in several columns give bits"
        )
    if array.dtype.kind == "f":
        with np.errstate(invalid="ignore"):
            wrong = ~(np.isfinite(array) & (np.round(array) == array))
    else:
        wrong = np.zeros(array.shape, bool)
    wrong |= ~wrong & (np.abs(np.where(wrong, 0, array).astype(np.float64)) > 2**53)
    if wrong.any():
        k = int(np.flatnonzero(wrong)[0])
        value = array.flat[k]
        rule = "labels are whole numbers: bits, or class numbers from 0"
        if array.dtype.kind == "f" and np.isnan(value):
            rule = "a label is missing there: leave out such rows"
        elif np.isfinite(value) and array.ndim == 2:
            rule += " (argmax(axis=1) makes class numbers of shares or scores)"
        raise InputError(f"labels{place_in(shape or array.shape, k)} is {value:g}; {rule}")
    return array.astype(np.int64)


def _texts(column: np.ndarray, shape: tuple[int, ...]) -> list[str]:
    texts = [one.strip() for one in column.tolist()]
    for k, one in enumerate(texts):
        if one.lower() in MISSING:
            raise InputError(f"labels{place_in(shape, k)} is missing ({one!r}); leave out such rows")
    return texts


def _categories(values: Any) -> tuple[str, ...] | None:
    """The categories of a pandas column, in their order, where these are texts."""
    try:
        found = getattr(getattr(values, "dtype", None), "categories", None)
        named = tuple(found) if found is not None else None
    except Exception:
        # Whatever a foreign object does when it is looked at; its values are then read as they are.
        return None
    return tuple(one.strip() for one in named) if named and all(isinstance(one, str) for one in named) else None


def _listed(values: Sequence[object]) -> str:
    shown = [repr(one)[:40] for one in values[:8]]
    return ", ".join([*shown, "..."] if len(values) > 8 else shown)
