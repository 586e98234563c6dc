"""What a user gives, as a plain NumPy array of numbers or texts. An error says what else was given."""

import sys
from collections.abc import Iterator, Mapping, Set
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from ..common.errors import EveryhowError, InputError

# Longer ones are not looked through one by one.
MOST_ROWS = 2**24
MISSING = frozenset({"", "na", "n/a", "nan", "none", "null", "nil", "<na>", "nat"})


def array_of(values: Any, what: str) -> np.ndarray:
    """Anything array-like as an array of bools, whole numbers or floats (kinds b, i, u, f), or of texts as objects.

    Tensors with gradients or on a device, tables of pandas or polars, lists with tensors in them, and iterators are
    taken; a tensor's floats become float64.

    Args:
        values: what is given.
        what: what it is called in errors.

    Raises:
        InputError: the values are not a rectangular array, or are not numbers alone or texts alone.

    Example:
        >>> array_of(["odd", "even"], "labels").tolist(), array_of(range(3), "labels").tolist()
        (['odd', 'even'], [0, 1, 2])
    """
    try:
        return _checked(_read(values, what), what)
    except EveryhowError:
        raise
    except Exception as error:
        # Whatever a foreign object does when it is looked at.
        raise InputError(
            f"{what} is {_kind(values)} that cannot be read ({type(error).__name__}); give an array with one row per "
            "input"
        ) from None


def _read(values: Any, what: str) -> np.ndarray:
    _refuse_other(values, what)
    if _is_tensor(values):
        return _tensor(values, what)
    if isinstance(values, np.ma.MaskedArray) and np.ma.getmaskarray(values).any():
        raise InputError(f"{what} is a masked array that hides values; leave these rows out, or fill them")
    if isinstance(values, Iterator):
        values = list(islice(values, MOST_ROWS + 1))
    if not isinstance(values, np.ndarray) and hasattr(values, "__len__") and len(values) > MOST_ROWS:
        raise InputError(f"{what} has {len(values):,} rows; give an array, or at most {MOST_ROWS:,} rows of a list")
    if isinstance(values, list | tuple):
        return _of_list(values, what)
    _refuse_index(values, what)
    to_numpy = getattr(values, "to_numpy", None)
    return np.asarray(to_numpy() if to_numpy else values)


def _of_list(values: list[Any] | tuple[Any, ...], what: str) -> np.ndarray:
    plain = _without_tensors(values, what)
    try:
        array = np.array(plain)
    except (ValueError, TypeError):
        raise InputError(
            f"{what} is not a rectangular array of numbers: {_shapes(values)}; give one row per input, all of one "
            "length"
        ) from None
    # NumPy makes texts of numbers that stand beside texts.
    return np.array(plain, dtype=object) if array.dtype.kind in "US" else array


def _without_tensors(values: Any, what: str) -> Any:
    """Nested lists with NumPy arrays for tensors."""
    if _is_tensor(values):
        return _tensor(values, what)
    if not isinstance(values, list | tuple):
        return values
    if not any(isinstance(one, list | tuple) or _is_tensor(one) for one in values):
        return values
    return [_without_tensors(one, what) for one in values]


def _tensor(tensor: Any, what: str) -> np.ndarray:
    torch = sys.modules["torch"]
    if tensor.device.type == "meta":
        raise InputError(f"{what} is a tensor on the device meta, which holds no values; give one with values")
    if tensor.layout is not torch.strided or tensor.is_quantized or tensor.is_nested:
        raise InputError(f"{what} is a sparse, quantized or nested tensor; give a dense one (to_dense(), dequantize())")
    kind = tensor.detach().to("cpu", torch.float64 if tensor.is_floating_point() else tensor.dtype)
    return kind.resolve_conj().resolve_neg().numpy()


def _checked(array: np.ndarray, what: str) -> np.ndarray:
    if array.dtype.kind == "O":
        return _of_objects(array, what)
    if array.dtype.kind == "S":
        array = np.char.decode(array, "utf-8")
    if array.dtype.kind in "UT":
        return array.astype(object)
    if array.dtype.kind not in "biuf":
        names = {"c": "complex numbers", "M": "dates", "m": "spans of time", "V": "records of several fields"}
        raise InputError(
            f"{what} holds {names.get(array.dtype.kind, str(array.dtype))}; give real numbers, one row per input"
        )
    return np.asarray(array)


def _of_objects(array: np.ndarray, what: str) -> np.ndarray:
    """An array of Python objects as one of numbers, or of texts; nothing else, and no mixture."""
    kinds: dict[str, tuple[list[int], Any]] = {}
    flat = [one.item() if isinstance(one, np.generic) else one for one in array.ravel().tolist()]
    for k, one in enumerate(flat):
        kind = _element(one)
        if kind not in kinds:
            kinds[kind] = (place_in(array.shape, k), one)
    for kind in ("missing", "other"):
        if kind in kinds:
            where, one = kinds[kind]
            found = "missing (None or NaN)" if kind == "missing" else _kind(one)
            raise InputError(f"{what}{where} is {found}; give one number for each, and leave out rows that lack one")
    if len(kinds) > 1:
        (where, one), (other, second) = kinds["number"], kinds["text"]
        raise InputError(
            f"{what} holds numbers and texts, such as {one!r:.40} at {where} and {second!r:.40} at {other}; give only "
            "numbers, or only texts"
        )
    if "text" in kinds:
        texts = np.empty(array.shape, object)
        texts.ravel()[:] = [one.decode() if isinstance(one, bytes) else one for one in flat]
        return texts
    if all(isinstance(one, bool) for one in flat):
        return np.array(flat, bool).reshape(array.shape)
    if all(isinstance(one, int) and abs(one) < 2**63 for one in flat):
        return np.array(flat, np.int64).reshape(array.shape)
    return np.array([_float(one) for one in flat], np.float64).reshape(array.shape)


def _element(one: Any) -> str:
    if one is None or type(one).__name__ in ("NAType", "NaTType") or (isinstance(one, float) and one != one):
        return "missing"
    if isinstance(one, str | bytes):
        return "text"
    return "number" if isinstance(one, bool | int | float) else "other"


def _float(one: Any) -> float:
    try:
        return float(one)
    except OverflowError:
        return np.inf


def _refuse_other(values: Any, what: str) -> None:
    """Refuse what is never an array, each by a message of its own."""
    if values is None:
        raise InputError(f"{what} is None; give an array with one row per input")
    if isinstance(values, str | bytes | Path):
        raise InputError(
            f"{what} is {'the text' if isinstance(values, str) else _kind(values)} {str(values)!r:.60}, not an array; "
            "np.load reads an .npy file, and everyhow.given.points.read_points a .csv one"
        )
    if isinstance(values, Mapping):
        keys = ", ".join(repr(key)[:40] for key in islice(values, 4))
        raise InputError(f"{what} is a dictionary with the keys {keys or '(none)'}; give the array in it")
    if isinstance(values, Set):
        raise InputError(f"{what} is a {type(values).__name__}, which has no order; give a list")
    if isinstance(values, type):
        raise InputError(f"{what} is the class {values.__name__}; give an array with one row per input")
    if isinstance(values, tuple | list) and len(values) == 2:
        _refuse_pair([tuple(getattr(one, "shape", ())) for one in values], isinstance(values, tuple), what)
    if _is_of(values, "torch.utils.data"):
        raise InputError(
            f"{what} is a {type(values).__name__}, which gives batches or pairs; give the inputs alone, as one tensor: "
            "everyhow.capture(model, tail, loader).points collects what enters a tail"
        )
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise InputError(f"{what} is a sparse matrix ({type(values).__name__}); give values.toarray()")


def _refuse_pair(shapes: list[tuple[int, ...]], is_tuple: bool, what: str) -> None:
    """Refuse inputs that come together with their labels: two arrays of as many rows."""
    first, second = shapes
    if len(first) >= 2 and second and first[0] == second[0] and (is_tuple or first != second):
        raise InputError(f"{what} is a pair of arrays of shapes {first} and {second}, such as (X, y); give one of them")


def _refuse_index(table: Any, what: str) -> None:
    columns = [str(name) for name in getattr(table, "columns", ())]
    if columns and columns[0] == "Unnamed: 0":
        raise InputError(
            f"{what} has a column 'Unnamed: 0', which pandas makes of an index that was written into the file; read it "
            "with pandas.read_csv(path, index_col=0)"
        )


def _is_tensor(values: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(values, torch.Tensor)


def _is_of(values: Any, package: str) -> bool:
    return any(str(kind.__module__).startswith(package) for kind in type(values).__mro__)


def detached(values: Any) -> Any:
    """What a PyTorch tensor holds, as an array of its own type, in float32 where NumPy lacks that; anything else as it
    is."""
    if not hasattr(values, "detach"):
        return values
    values = values.detach().cpu().resolve_conj().resolve_neg()
    return (values.float() if str(values.dtype) == "torch.bfloat16" else values).numpy()


def place_in(shape: tuple[int, ...], k: int) -> list[int]:
    """Where element `k` of an array of that shape stands."""
    return [int(i) for i in np.unravel_index(k, shape)]


def _shapes(values: list[Any] | tuple[Any, ...]) -> str:
    """What the rows of a ragged list are, the first two that differ."""
    seen: dict[str, int] = {}
    for k, one in enumerate(values):
        if hasattr(one, "shape"):
            found = f"has shape {tuple(one.shape)}"
        else:
            found = f"has {len(one)} values" if isinstance(one, list | tuple) else f"is {_kind(one)}"
        seen.setdefault(found, k)
    rows = [f"row {k + 1} {found}" for found, k in list(seen.items())[:2]]
    return " and ".join(rows) if len(rows) > 1 else "its rows hold lists of different lengths"


def _kind(value: Any) -> str:
    return "a number" if isinstance(value, bool | int | float) else f"of type {type(value).__name__}"
