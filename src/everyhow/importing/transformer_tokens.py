"""The sequences of tokens on which an import of a transformer is checked: all, random ones, or what the user gives."""

import itertools
import math
from typing import Any

import numpy as np

from ..common.errors import InputError
from ..common.shapes import Int
from .torch_tensors import array_of, is_array, rows_of

# All sequences are tried up to so many; else so many tokens at random.
MOST_SEQUENCES = 4096
TOKENS_DRAWN = 1024
FEWEST_SEQUENCES = 16
# More logits are not compared at once: several arrays of this size are held.
MOST_LOGITS = 2**24


def tokens_of(data: Any) -> Int[np.ndarray, "inputs positions"]:
    """Sequences of tokens as whole numbers, one a row.

    Raises:
        InputError: not rows of whole numbers from 0.

    Example:
        >>> tokens_of([[0, 2], [1, 1]]).tolist()
        [[0, 2], [1, 1]]
    """
    found = rows_of(data)
    try:
        array = array_of(found) if is_array(found) else np.asarray(found)
    except ValueError:  # rows of different lengths
        array = np.zeros(0)
    if array.ndim != 2 or not array.size or array.dtype.kind not in "biuf":
        raise InputError(
            f"data has shape {array.shape}; of a transformer it is sequences of tokens, (inputs, positions), one row "
            "of whole numbers for each"
        )
    wrong = ~((array >= 0) & (array == np.floor(array)))
    if wrong.any():
        row, place = (int(i) for i in np.argwhere(wrong)[0])
        raise InputError(
            f"token {place + 1} of row {row + 1} of data is {array[row, place]:g}; tokens are whole numbers from 0"
        )
    return array.astype(np.int64)


def check_tokens(
    tokens: Int[np.ndarray, "inputs positions"], vocabulary: int, positions: int | None, name: str
) -> None:
    """See that a model takes some sequences.

    Raises:
        InputError: a token beyond the vocabulary, or more tokens than there are positions.
    """
    if positions is not None and tokens.shape[1] > positions:
        raise InputError(
            f"data has sequences of {tokens.shape[1]} tokens, but {name} has {positions} positions; give at most as "
            "many"
        )
    if tokens.max() >= vocabulary:
        raise InputError(
            f"data has the token {tokens.max()}, but the vocabulary of {name} has {vocabulary}: 0 to {vocabulary - 1}"
        )


def check_logits(tokens: Int[np.ndarray, "inputs positions"], logits: int, name: str) -> None:
    """See that the logits of a model at some sequences can be held at once.

    Raises:
        InputError: they are too many.
    """
    numbers = tokens.size * logits
    if numbers > MOST_LOGITS:
        raise InputError(
            f"{name} gives {numbers:,} logits for {len(tokens):,} sequences of {tokens.shape[1]} tokens; at most "
            f"{MOST_LOGITS:,} are compared: give fewer or shorter sequences (data=)"
        )


def sequences(vocabulary: int, positions: int) -> tuple[Int[np.ndarray, "inputs positions"], str]:
    """All sequences of tokens, or random ones where there are too many, and what they are in words.

    Example:
        >>> found, told = sequences(2, 2)
        >>> found.tolist(), told
        ([[0, 0], [0, 1], [1, 0], [1, 1]], 'all 4 sequences')
    """
    if positions * math.log(max(vocabulary, 1)) <= math.log(MOST_SEQUENCES) + 1e-9:
        every = list(itertools.product(range(vocabulary), repeat=positions))
        return np.array(every, np.int64), f"all {len(every):,} sequences"
    rows = max(FEWEST_SEQUENCES, TOKENS_DRAWN // positions)
    drawn = np.random.default_rng(0).integers(0, vocabulary, (rows, positions))
    return drawn, f"{rows:,} random sequences of {positions} tokens"
