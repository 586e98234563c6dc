"""Exact numbers of interpretations, for many circuits at once."""

import math
from collections.abc import Iterable, Iterator

import numpy as np

from ..common.errors import InputError
from ..common.shapes import UInt64
from ..common.threads import map_in_threads
from ..model.reading import MOST_INPUTS, InterpretationCount, ReadingRule
from .feed_forward import FeedForward
from .layout import layout_alone
from .rounding import nothing, rounding_of_circuits

CIRCUITS_AT_ONCE = 512
# Primes below 2^32, so that a product of two residues fits in 64 bits.
PRIMES = (4294967291, 4294967279, 4294967231, 4294967197, 4294967189, 4294967161, 4294967143, 4294967111)


def count_interpretations(
    network: FeedForward,
    circuits: Iterable[UInt64[np.ndarray, " _circuits"]],
    points: np.ndarray,
    rule: ReadingRule | None = None,
) -> Iterator[tuple[int, int]]:
    """For each circuit, in order: its interpretations with don't cares counted once, and with each completion counted.

    Method, cost, arguments and errors are those of `certified_interpretations`.
    """
    return ((once, expanded) for once, expanded, _ in certified_interpretations(network, circuits, points, rule))


def certified_interpretations(
    network: FeedForward,
    circuits: Iterable[UInt64[np.ndarray, " _circuits"]],
    points: np.ndarray,
    rule: ReadingRule | None = None,
) -> Iterator[InterpretationCount]:
    """For each circuit, in order, its interpretations, and whether their number depends on rounding.

    Dynamic programming over layers, the state being the readings of the current layer's neurons; nothing is listed.
    Numbers beyond 64 bits are put together from residues modulo several primes, so they are exact.

    Cost per circuit: (states of a layer) x (states of the next), a neuron with v distinct values having v - 1 readings.

    Args:
        network: the network that the circuits belong to.
        circuits: the bits of the circuits, in batches, as `list_bits` gives them.
        points: the inputs, shape (inputs, features); at most 64.
        rule: how activations become readings.

    Raises:
        InputError: there are more than 64 inputs.
    """
    from ..kernels.interpretations import Rule
    from ..kernels.interpretations import count_interpretations as count_batch

    if len(points) > MOST_INPUTS:
        raise InputError(f"interpretations are counted over at most {MOST_INPUTS} inputs, not {len(points)}")
    rule = rule or ReadingRule()
    moduli = _moduli(_bound(network, len(points)))
    layout = layout_alone(network, points)
    numbers = np.array([modulus % 2**64 for modulus in moduli], np.uint64)
    as_read = Rule(float(rule.tolerance), rule.as_float32, rule.level_of(network), _errors(network, points, rule))

    def count(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return count_batch(batch, layout, as_read, numbers)

    parts = (
        batch[start : start + CIRCUITS_AT_ONCE]
        for batch in circuits
        for start in range(0, len(batch), CIRCUITS_AT_ONCE)
    )
    for residues, doubtful in map_in_threads(count, parts):
        if len(moduli) == 1:
            yield from map(InterpretationCount, *residues[:, :, 0].T.tolist(), doubtful.tolist())
        else:
            for (once, expanded), is_doubtful in zip(residues.tolist(), doubtful.tolist(), strict=True):
                yield InterpretationCount(_combined(once, moduli), _combined(expanded, moduli), is_doubtful)


def _errors(network: FeedForward, points: np.ndarray, rule: ReadingRule) -> np.ndarray:
    """How far activations of circuits run alone may be off, (layers + 1, neurons); -1 where values are compared as
    float32, which nothing certifies."""
    errors = np.full((network.depth + 1, max(network.widths)), -1.0)
    if not rule.as_float32:
        removed = [nothing(width) for width in network.widths[:-1]]
        hidden = rounding_of_circuits(network, points, removed).hidden
        for layer, off in enumerate((np.zeros(network.widths[0]), *hidden)):
            errors[layer, : len(off)] = off
    return errors


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
