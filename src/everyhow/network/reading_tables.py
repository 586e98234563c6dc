"""Interpretations of circuits by tables that they share: what the last hidden neurons may be read as.

What is made here are the arrays that `kernels/reading_tables.py` reads; its idea is explained there.
"""

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..common.shapes import Float, UInt64
from ..model.reading import InterpretationCounts, ReadingRule
from .feed_forward import FeedForward
from .layout import layout_alone
from .rounding import nothing, rounding_of_circuits

# Up to so many inputs all partitions of them are gone through; there are 15 of four, and 52 of five.
MOST_PARTITIONED = 5
# Patterns of two parents: up to so many, completions keep no power of two apart.
EVENED = 4
# The tables that circuits share take no more bytes, and their numbers no more bits, so that float64 holds them.
MOST_TABLED, MOST_BITS = 1 << 27, 53


def shares_tables(network: FeedForward, points: Float[np.ndarray, "inputs features"]) -> bool:
    """Whether circuits share tables of what the last hidden neurons may be read as: there is a hidden layer and one
    output, and the inputs are few enough for tables that are small, of numbers that are exact."""
    *before, width, outputs = network.widths
    inputs = len(points)
    if not before or outputs != 1 or not 0 < inputs <= MOST_PARTITIONED:
        return False
    tabled = width * 2 ** before[-1] * 2 * len(partitions_of(inputs)) * _most_states(network, inputs) * 8
    # A neuron has at most so many readings, and each at least two cells, so that at most so much is left to complete.
    of_neuron = math.log2(most_readings(inputs)) + max(inputs, EVENED) - 2
    neurons = sum(network.widths[1:-1])
    bits = network.widths[0] * math.log2(most_readings(inputs)) + neurons * of_neuron + 2 * inputs + 4
    return tabled <= MOST_TABLED and bits < MOST_BITS


def steps_by_tables(network: FeedForward, points: Float[np.ndarray, "inputs features"]) -> int:
    """The candidate evaluations that one circuit takes at most, where circuits share tables: by what was measured, a
    third of one for each partition and state."""
    return -(-len(partitions_of(len(points))) * _most_states(network, len(points)) // 3)


def _most_states(network: FeedForward, inputs: int) -> int:
    """The most states of the layer before the last hidden one."""
    return most_readings(inputs) ** network.widths[-3]


def most_readings(inputs: int) -> int:
    """The most readings of one neuron."""
    return max(1, inputs - 1)


def counting_by_tables(
    network: FeedForward, points: np.ndarray, rule: ReadingRule
) -> Callable[[UInt64[np.ndarray, " circuits"]], InterpretationCounts]:
    """What counts the interpretations of a batch of circuits by tables that they share."""
    from ..kernels.reading_tables import count_by_tables, shared_by

    layout, reads, inputs = layout_alone(network, points), as_read(network, points, rule), len(points)
    partitions = numbered_partitions(inputs, network.widths[-2])
    powers = powers_of_two(max(network.widths), inputs)
    before_last = np.uint64(
        sum(1 << bit for (layer, *_), bit in network.graph.positions.items() if layer < network.depth - 1)
    )

    def count(batch: np.ndarray) -> InterpretationCounts:
        prefixes = batch & before_last
        starts = [0, *(np.flatnonzero(prefixes[1:] != prefixes[:-1]) + 1).tolist(), len(batch)]
        found = [
            count_by_tables(batch[start:stop], shared_by(prefixes[start], layout, reads, powers), *how)
            for start, stop in itertools.pairwise(starts)
        ]
        counts, exponents, doubtful = map(np.concatenate, zip(*found, strict=True))
        return InterpretationCounts(counts[:, 0], counts[:, 1], exponents, doubtful)

    how = (layout, reads, partitions, powers)
    return count


def as_read(network: FeedForward, points: np.ndarray, rule: ReadingRule) -> tuple[Any, ...]:
    """A rule as the kernels read it."""
    from ..kernels.interpretations import Rule

    return Rule(float(rule.tolerance), rule.as_float32, rule.level_of(network), _errors(network, points, rule))


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


def partitions_of(inputs: int) -> list[tuple[int, ...]]:
    """All partitions of so many inputs into cells, the coarsest first: the cell of each input, cells being numbered in
    the order in which they begin.

    Example:
        >>> partitions_of(3)
        [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), (0, 1, 2)]
    """
    grown: list[tuple[int, ...]] = [(0,)]
    for _ in range(inputs - 1):
        grown = [(*cells, cell) for cells in grown for cell in range(max(cells) + 2)]
    return sorted(grown, key=lambda cells: (max(cells), cells))


def numbered_partitions(inputs: int, width: int) -> tuple[Any, ...]:
    """All partitions of so many inputs as the kernels read them, for outputs of at most `width` parents."""
    from ..kernels.reading_tables import Partitions

    cells = np.array(partitions_of(inputs))
    bits = np.arange(1 << inputs)[:, None] >> np.arange(inputs) & 1
    # A reading is the same within the cells where no two inputs of one cell differ in it.
    together = cells[:, :, None] == cells[:, None, :]
    constant = ~(together & (bits[:, None, :, None] != bits[:, None, None, :])).any(axis=(2, 3))
    # `finer[a, b]`: all that is the same within the cells of a is so within those of b.
    finer = ~(together[None] & ~together[:, None]).any(axis=(2, 3))
    sizes = cells.max(axis=1) + 1
    whole, finest = [0, (1 << inputs) - 1], len(cells) - 1
    follows = constant.astype(object)
    once, expanded = _by_products(follows, finer), []
    for k in range(width + 1):
        exponent = _exponent(k, inputs)
        left = [2 ** (2**k - int(size) - exponent) if size <= 2**k else 0 for size in sizes]
        expanded.append(_by_products(follows * np.array(left, object), finer))
    # An output that never varies has no gate, and asks for nothing.
    for weights in (once, *expanded):
        weights[whole], weights[whole, finest] = 0, 1
    two_cells = (constant & (sizes == 2)).argmax(axis=1)
    two_cells[whole] = 0
    return Partitions(constant, once, np.array(expanded), two_cells)


def _by_products(wanted: np.ndarray, finer: np.ndarray) -> Float[np.ndarray, "decisions partitions"]:
    """Weights of partitions such that those of all that are as fine as one or finer sum up to what is wanted there, by
    decision. So numbers of joint readings no finer than each, times the weights, count each by what is wanted."""
    weights = np.zeros_like(wanted)
    for one in reversed(range(wanted.shape[1])):
        others = [other for other in range(wanted.shape[1]) if other != one and finer[one, other]]
        weights[:, one] = wanted[:, one] - weights[:, others].sum(axis=1)
    return weights.astype(float)


def powers_of_two(widest: int, inputs: int) -> tuple[Any, ...]:
    """Completions of gates of up to `widest` parents as the kernels read them."""
    from ..kernels.interpretations import Completions
    from ..kernels.reading_tables import Powers

    exponents = [_exponent(k, inputs) for k in range(widest + 1)]
    ways = np.zeros((widest + 1, inputs + 1, 1), np.uint64)
    for k, exponent in enumerate(exponents):
        for cells in range(1, min(inputs, 2**k) + 1):
            ways[k, cells] = 2 ** (2**k - cells - exponent)
    return Powers(Completions(np.zeros(1, np.uint64), ways), np.array(exponents))


def _exponent(parents: int, inputs: int) -> int:
    """The power of two that all completions of a gate of so many varying parents have in common. It is 0
    for two parents: their parity may be left out, which leaves an odd number."""
    return max(0, 2**parents - max(inputs, EVENED))
