"""Exact numbers of interpretations, for many circuits at once."""

import math
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from ..common.errors import InputError
from ..common.shapes import UInt64
from ..common.threads import map_in_threads
from ..model.reading import MOST_INPUTS, InterpretationCounts, ReadingRule
from .feed_forward import FeedForward
from .layout import layout_alone
from .reading_tables import as_read, counting_by_tables, shares_tables

# Circuits in one job of a thread: of each a table of its own is made, or they share tables.
CIRCUITS_AT_ONCE, SHARING_AT_ONCE = 512, 1 << 14
# Primes below 2^32, so that a product of two residues fits in 64 bits.
PRIMES = (4294967291, 4294967279, 4294967231, 4294967197, 4294967189, 4294967161, 4294967143, 4294967111)


def count_interpretations(
    network: FeedForward,
    circuits: Iterable[UInt64[np.ndarray, " _circuits"]],
    points: np.ndarray,
    rule: ReadingRule | None = None,
) -> Iterator[tuple[int, int]]:
    """For each circuit, in order: its interpretations with don't cares counted once, and with each completion counted.

    Method, cost, arguments and errors are those of `interpretation_counts`.
    """
    for counts in interpretation_counts(network, circuits, points, rule):
        yield from zip(counts.once.tolist(), counts.expanded, strict=True)


def interpretation_counts(
    network: FeedForward,
    circuits: Iterable[UInt64[np.ndarray, " _circuits"]],
    points: np.ndarray,
    rule: ReadingRule | None = None,
) -> Iterator[InterpretationCounts]:
    """The interpretations of circuits, in order and in batches, and whether their number depends on rounding.

    Of networks with one output and a hidden layer, over few inputs, circuits share tables of what the last hidden
    neurons may be read as (`kernels/reading_tables.py`). Else each circuit is gone through by dynamic programming over
    layers, the state being the readings of the current layer's neurons; nothing is listed. Numbers beyond 64 bits are
    put together from residues modulo several primes, so they are exact.

    Cost per circuit: (partitions of the inputs) x (states of the layer before the last hidden one); else (states of a
    layer) x (states of the next). A neuron with v distinct values has v - 1 readings.

    Args:
        network: the network that the circuits belong to.
        circuits: the bits of the circuits, in batches, as `list_bits` gives them.
        points: the inputs, shape (inputs, features); at most 64.
        rule: how activations become readings.

    Raises:
        InputError: there are more than 64 inputs.
    """
    if len(points) > MOST_INPUTS:
        raise InputError(f"interpretations are counted over at most {MOST_INPUTS} inputs, not {len(points)}")
    rule = rule or ReadingRule()
    shares = shares_tables(network, points)
    count = counting_by_tables(network, points, rule) if shares else _one_by_one(network, points, rule)
    size = SHARING_AT_ONCE if shares else CIRCUITS_AT_ONCE
    parts = (batch[start : start + size] for batch in circuits for start in range(0, len(batch), size))
    yield from map_in_threads(count, parts)


def _one_by_one(
    network: FeedForward, points: np.ndarray, rule: ReadingRule
) -> Callable[[UInt64[np.ndarray, " circuits"]], InterpretationCounts]:
    """What counts the interpretations of a batch of circuits, one after the other."""
    from ..kernels.interpretations import count_interpretations as count_batch

    moduli = _moduli(_bound(network, len(points)))
    layout, reads = layout_alone(network, points), as_read(network, points, rule)
    numbers = np.array([modulus % 2**64 for modulus in moduli], np.uint64)

    def count(batch: np.ndarray) -> InterpretationCounts:
        residues, doubtful = count_batch(batch, layout, reads, numbers)
        found = [[_combined(each, moduli) for each in both] for both in residues.tolist()]
        once, expanded = np.array(found, object).reshape(len(batch), 2).T
        return InterpretationCounts(once, expanded, np.zeros(len(batch), np.int64), doubtful)

    return count


def _bound(network: FeedForward, inputs: int) -> int:
    """A power of two that no count of the network's interpretations reaches, as its exponent."""
    readings = math.log2(max(2, inputs - 1))
    return 1 + sum(
        int(width * (readings + 2**before) + 1)
        for before, width in zip(network.widths, network.widths[1:], strict=False)
    )


def _moduli(exponent: int) -> list[int]:
    """2^64 and as many primes as numbers below 2^exponent need."""
    moduli = [2**64]
    candidates = _primes()
    while math.prod(moduli) < 2**exponent:
        moduli.append(next(candidates))
    return moduli


def _primes() -> Iterator[int]:
    yield from PRIMES
    candidate = PRIMES[-1]
    while True:
        candidate -= 2
        if all(candidate % divisor for divisor in range(3, math.isqrt(candidate) + 1, 2)):
            yield candidate


def _combined(residues: list[int], moduli: list[int]) -> int:
    """The number below the product of the moduli that has these residues (Garner's algorithm)."""
    value, product = 0, 1
    for residue, modulus in zip(residues, moduli, strict=True):
        value += product * ((residue - value) * pow(product, -1, modulus) % modulus)
        product *= modulus
    return value
