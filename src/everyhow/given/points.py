"""The inputs at which an import is checked or that are explained: corners, a random sample, or what the user gives."""

from pathlib import Path
from typing import Any

import numpy as np

from ..boolean.truth_table import assignments
from ..common.arguments import check_sizes
from ..common.errors import FileFormatError, InputError
from ..common.reading import check_readable, naming
from ..common.shapes import Float
from .arrays import array_of, place_in
from .csv_files import FileRows, read_csv

MOST_CORNERS = 8  # inputs of which all corners are tried
SCALES = (1, 10)
# Inputs drawn at each scale, beside the corners and where there are too many of these.
DRAWN, DRAWN_ALONE = 64, 128
LARGEST_FILE = 64 * 2**20
# Above it float64 does not hold every whole number.
LARGEST_WHOLE = 2**53
# As many numbers as a file of the largest size holds in float64, which all of them become.
MOST_NUMBERS = LARGEST_FILE // 8
MOST_ROWS = 2**20
# Said of given inputs that hold more than two numbers, and so do not stand for bits.
OF_REAL_NUMBERS = " of real numbers"


def default_points(features: int) -> tuple[Float[np.ndarray, "inputs features"], str]:
    """All corners of the unit cube for up to 8 inputs, then random inputs, and what they are in words.

    The random inputs, always the same, are 64 standard normal ones and 64 ten times as far out; above 8 inputs, where
    there are no corners, twice as many.

    Example:
        >>> points, words = default_points(2)
        >>> points[:4].tolist(), points.shape, words
        ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], (132, 2), '4 corners and 128 random inputs')
    """
    cornered = features <= MOST_CORNERS
    each = DRAWN if cornered else DRAWN_ALONE
    drawn = np.random.default_rng(0).standard_normal((len(SCALES) * each, features))
    drawn *= np.repeat(SCALES, each)[:, None]
    if not cornered:
        return drawn, f"{len(drawn)} standard normal inputs, half of them times {SCALES[-1]}"
    return np.concatenate([assignments(features), drawn]), f"{1 << features} corners and {len(drawn)} random inputs"


def is_corner(points: Float[np.ndarray, "inputs features"]) -> np.ndarray:
    """Which points are corners of the unit cube."""
    return np.asarray(np.isin(points, (0, 1)).all(axis=1))


def points_of(values: Any, what: str = "data") -> Float[np.ndarray, "inputs features"]:
    """What a user gives as inputs, or as features of these: anything array-like, in float64.

    Arrays, nested lists, tensors with gradients or on a device, tables of pandas or polars, and iterators of rows.

    Args:
        values: one row per input.
        what: what it is called in errors.

    Raises:
        InputError: texts, missing or infinite values, rows of different lengths, another shape than (inputs, features),
            a pair (X, y), a data loader, or something else that is not an array of numbers.

    Example:
        >>> points_of([[0, 1], [True, 0.5]]).tolist()
        [[0.0, 1.0], [1.0, 0.5]]
    """
    points = _finite(values, what)
    check_sizes(points.shape[1:], what, counted="features per input")
    if points.ndim > 2:
        raise InputError(
            f"{what} has shape {points.shape}; give (inputs, features), such as "
            f"{what}.reshape({len(points)}, -1), which flattens each input"
        )
    return points


def given_points(data: Any) -> tuple[Float[np.ndarray, "inputs *features"], str]:
    """The inputs that a user gives as an array, in float64, and what they are in words; each may have any shape.

    Raises:
        InputError: not a rectangular array of numbers, no inputs, or numbers that are not finite.
    """
    points = _finite(data, "data")
    check_sizes(points.shape[1:], "data", counted="features per input")
    return points, f"{len(points)} given inputs{OF_REAL_NUMBERS * (len(np.unique(points)) > 2)}"


def points_for(features: int, data: Any = None) -> tuple[Float[np.ndarray, "inputs features"], str]:
    """The given inputs, of which each has so many features, or default ones.

    Raises:
        InputError: the data is not an array of numbers, or its inputs have another number of features.
    """
    if data is None:
        return default_points(features)
    points, words = given_points(data)
    return check_features(points.reshape(len(points), -1), features), words


def check_features(points: np.ndarray, features: int) -> np.ndarray:
    """The points, if each has so many features.

    Raises:
        InputError: the points have more or fewer.
    """
    if points.shape[1] != features:
        raise InputError(
            f"data has {points.shape[1]} features per input, the network takes {features}; give what enters the first "
            "imported layer (everyhow.capture collects it for the tail of a bigger model)"
        )
    return points


def read_points(
    path: str | Path, header: bool | None = None, rows: int | None = None
) -> Float[np.ndarray, "inputs features"]:
    """The inputs in a file: `.npy`, or `.csv` with one row per input and, if any, one line of names.

    Args:
        path: the file.
        header: whether a `.csv` file begins with names; where both can be, an error asks for it.
        rows: how many rows are expected, which settles that too.

    Raises:
        FileFormatError: the file is missing, too large, does not hold rows of numbers, or can be read in two ways.
    """
    return read_rows(path, header, rows).values


def read_rows(path: str | Path, header: bool | None = None, rows: int | None = None) -> FileRows:
    """The inputs in a file with how it was understood, for showing; otherwise as `read_points`."""
    found = read_table(path, header, rows)
    with naming(path):
        return FileRows(found.source, given_points(found.values)[0], found.names, found.notes)


def read_table(path: Any, header: bool | None = None, rows: int | None = None, texts: bool = False) -> FileRows:
    """The values in a `.npy` file, of any shape, or a `.csv` file; with `texts` also one column of texts.

    Raises:
        FileFormatError: the file is missing, too large, or not what its name says.
    """
    if not isinstance(path, str | Path):
        raise InputError(f"a file is given by its path, not {type(path).__name__}; arrays are taken as they are")
    path = Path(path)
    kind = path.suffix.lower()
    if kind not in (".npy", ".csv", ".tsv"):
        raise FileFormatError(
            f"{path}: data is read from .npy or .csv files, not {kind or 'nothing'!r}; np.save writes the one, "
            "np.savetxt(path, array, delimiter=',') the other"
        )
    try:
        check_readable(path, "a file of inputs (.npy or .csv)", LARGEST_FILE, "give fewer inputs")
        if kind != ".npy":
            return read_csv(path, header, rows, texts)
        array = _read_npy(path, texts)
        if rows is not None and rows != len(array):
            raise InputError(f"holds {len(array):,} rows, but {rows:,} are expected, one for each input")
        return FileRows(path.name, array)
    except FileFormatError:
        raise
    except (InputError, ValueError, OSError, TypeError, MemoryError, OverflowError) as error:
        raise FileFormatError(f"{path}: {error}") from None


def _finite(values: Any, what: str) -> np.ndarray:
    """An array of at least two dimensions, in float64."""
    array = array_of(values, what)
    if array.dtype.kind == "O" and array.size:
        raise InputError(f"{what}{place_in(array.shape, 0)} is the text {array.flat[0]!r:.40}; give numbers")
    if array.ndim == 1 and len(array):
        raise InputError(
            f"{what} has shape {array.shape}; give (inputs, features): reshape(-1, 1) makes it inputs of one feature, "
            "reshape(1, -1) one input"
        )
    if array.ndim < 2 or array.size == 0:
        raise InputError(f"{what} has shape {array.shape}; give (inputs, features), one row per input, at least one")
    with np.errstate(over="ignore"):
        points = array.astype(np.float64)
    if not np.isfinite(points).all():
        k = int(np.flatnonzero(~np.isfinite(points))[0])
        raise InputError(f"{what}{place_in(points.shape, k)} is {array.flat[k]}; every value must be finite in float64")
    if array.dtype.kind in "iu" and (array.max() > LARGEST_WHOLE or array.min() < -LARGEST_WHOLE):
        k = int(np.abs(points).argmax())
        raise InputError(
            f"{what}{place_in(points.shape, k)} is {array.flat[k]}; whole numbers above 2**53 are not exact in "
            "float64: scale them first"
        )
    return points


def _read_npy(path: Path, texts: bool = False) -> np.ndarray:
    # Mapped rather than read: a header that promises more than the file holds is refused before memory is taken.
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:
        # The header is Python's notation, and a broken one can fail in any way that a parser can.
        raise InputError(f"not a NumPy array file ({error}); np.save writes one") from None
    if array.dtype.kind not in ("biufUS" if texts else "biuf"):
        raise InputError(f"holds values of type {array.dtype}; expected numbers")
    if array.ndim == 0:
        raise InputError("holds a single value; give one row per input")
    for number, most, what in ((array.size, MOST_NUMBERS, "values"), (len(array), MOST_ROWS, "rows")):
        if number > most:
            raise InputError(f"holds {number:,} {what}; at most {most:,} are read: give fewer inputs")
    return np.asarray(array)
