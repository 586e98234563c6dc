"""The inputs at which an import is checked: all corners, a fixed random sample, or what the user gives."""

from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from ..boolean.truth_table import assignments
from ..errors import FileFormatError, InputError
from ..files import check_readable

MOST_CORNERS = 8  # inputs of which all corners are tried
SAMPLES = 256
LARGEST_FILE = 64 * 2**20


def default_points(features: int) -> tuple[Float[np.ndarray, "inputs features"], str]:
    """All corners of the unit cube for up to 8 inputs, else 256 standard normal inputs, and what they are in words.

    Example:
        >>> points, words = default_points(2)
        >>> points.tolist(), words
        ([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], '4 corners')
    """
    if features <= MOST_CORNERS:
        return assignments(features), f"{1 << features} corners"
    points = np.random.default_rng(0).standard_normal((SAMPLES, features))
    return points, f"{SAMPLES} standard normal inputs"


def given_points(data: Any) -> tuple[Float[np.ndarray, "inputs *features"], str]:
    """The inputs that a user gives as an array, in float64, and what they are in words.

    Raises:
        InputError: not a rectangular array of numbers, no inputs, or numbers that are not finite.
    """
    try:
        points = np.array(data, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError("data is not a rectangular array of numbers; give one row per input") from None
    if points.ndim < 2 or points.size == 0:
        raise InputError(f"data has shape {points.shape}; give (inputs, features), one row per input, at least one")
    if not np.isfinite(points).all():
        place = [int(i) for i in np.argwhere(~np.isfinite(points))[0]]
        raise InputError(f"data{place} is {points[tuple(place)]}; every value must be finite")
    return points, f"{len(points)} given inputs"


def points_for(features: int, data: Any = None) -> tuple[Float[np.ndarray, "inputs features"], str]:
    """The given inputs, of which each has so many features, or default ones.

    Raises:
        InputError: the data is no such array.
    """
    if data is None:
        return default_points(features)
    points, words = given_points(data)
    return check_features(points.reshape(len(points), -1), features), words


def check_features(points: np.ndarray, features: int) -> np.ndarray:
    """The points, if each has so many features.

    Raises:
        InputError: it has more or fewer.
    """
    if points.shape[1] != features:
        raise InputError(
            f"data has {points.shape[1]} features per input, the network takes {features}; give what enters the first "
            "imported layer (everyhow.capture collects it for the tail of a bigger model)"
        )
    return points


def read_points(path: Path) -> Float[np.ndarray, "inputs features"]:
    """The inputs in a file: `.npy`, or `.csv` with one row per input and, if any, one line of names.

    Raises:
        FileFormatError: the file is missing, too large, or does not hold rows of numbers.
    """
    readers = {".npy": _read_npy, ".csv": _read_csv}
    if path.suffix not in readers:
        raise FileFormatError(f"{path}: data is read from .npy or .csv files, not {path.suffix or 'nothing'!r}")
    check_readable(path, "a file of inputs (.npy or .csv)", LARGEST_FILE, "give fewer inputs")
    try:
        return given_points(readers[path.suffix](path))[0]
    except (InputError, ValueError, OSError, TypeError, MemoryError, OverflowError) as error:
        raise FileFormatError(f"{path}: {error}") from None


def _read_npy(path: Path) -> np.ndarray:
    # Mapped rather than read: a header that promises more than the file holds is refused before memory is taken.
    try:
        array = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:
        # The header is Python's notation, and a broken one can fail in any way that a parser can.
        raise InputError(f"not a NumPy array file ({error}); np.save writes one") from None
    if array.dtype.kind not in "biuf":
        raise InputError(f"holds values of type {array.dtype}; expected numbers")
    return np.asarray(array)


def _read_csv(path: Path) -> np.ndarray:
    with path.open(encoding="utf-8") as lines:
        rows = [[cell.strip() for cell in line.split(",")] for line in lines if line.strip()]
    if rows and not all(map(_is_number, rows[0])):
        rows = rows[1:]
    for number, row in enumerate(rows):
        wrong = [cell for cell in row if not _is_number(cell)]
        if wrong or len(row) != len(rows[0]):
            found = f"holds {wrong[0]!r:.40}" if wrong else f"has {len(row)} columns, the first {len(rows[0])}"
            raise InputError(f"row {number + 1} {found}; expected rows of numbers joined by commas, all of one length")
    return np.array([[float(cell) for cell in row] for row in rows])


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
