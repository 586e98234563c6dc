"""States of neighboring layers of a circuit: which pairs are consistent, as arrays, all at once.

A state gives each varying neuron of a layer one of its readings, by its number. Whether a reading is a function of what
the parents are read as is found once for each way to read them, not for each state of their layer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from ..common.shapes import Int
from .interpretation import completions

# Numbers that tell rows apart are kept below this, or below the number of rows, so that a table of them fits.
MOST_CODES = 1 << 14


@dataclass(frozen=True, eq=False)
class Step:
    """Every pair of a state of one layer and a state of the next that are consistent.

    Pairs are ordered by the state before, then by the readings of the state after; states by the first pair that leads
    to them.

    Attributes:
        layer: the layer that the step leads to.
        before: of each pair, the number of the state before.
        after: of each pair, the number of the state after.
        states: of each state after, the reading of each varying neuron.
        tables: by neuron, the truth table of each gate that it may have ("-" at what never occurs).
        patterns: by neuron, the number of what its parents are read as in each state before.
        gates: by neuron, the number of its gate for each of these patterns and each of its readings; -1 where the
            reading is not a function of the pattern.
    """

    layer: int
    before: Int[np.ndarray, " pairs"]
    after: Int[np.ndarray, " pairs"]
    states: Int[np.ndarray, "states neurons"]
    tables: tuple[tuple[str, ...], ...]
    patterns: tuple[Int[np.ndarray, " states_before"], ...]
    gates: tuple[Int[np.ndarray, "_patterns _readings"], ...]

    @cached_property
    def gates_of_pairs(self) -> list[Int[np.ndarray, " pairs"]]:
        """By neuron, the number of its gate in each pair."""
        found = []
        for k, (numbers, pattern) in enumerate(zip(self.gates, self.patterns, strict=True)):
            row, chosen = pattern.take(self.before), self.states[:, k].take(self.after)
            found.append(numbers.ravel().take(row * numbers.shape[1] + chosen))
        return found

    @cached_property
    def ways(self) -> list[list[int]]:
        """By neuron, in how many ways each gate can be completed."""
        return [[completions(table, self.layer) for table in tables] for tables in self.tables]


def step_to(
    layer: int,
    states: Int[np.ndarray, "states_before neurons_before"],
    read: Sequence[Sequence[int]],
    parents: Sequence[Sequence[int]],
    readings: Sequence[Sequence[int]],
    inputs: int,
) -> Step:
    """The step to a layer from the states of the layer before that can be reached.

    Args:
        layer: that is come to.
        states: of the layer before: the reading of each of its varying neurons.
        read: the readings of each of these neurons, by their bits, one for each input.
        parents: of each varying neuron of the layer, which of these neurons are its parents.
        readings: of each varying neuron of the layer, by their bits.
        inputs: how many there are.
    """
    pairs = np.arange(len(states))[:, None]
    tables, patterns, gates = [], [], []
    for columns, own in zip(parents, readings, strict=True):
        several = [len(read[column]) for column in columns]
        first, pattern = in_order(states[:, columns], several)
        rows = tuple(map(tuple, states[first][:, columns].tolist()))
        table, gate = _gates(tuple([read[column] for column in columns]), rows, own, inputs, layer)
        tables.append(table)
        patterns.append(pattern)
        gates.append(gate)
        # A pair has its state before, then what each neuron so far is read as.
        pair, chosen = np.nonzero((gate >= 0)[pattern[pairs[:, 0]]])
        pairs = np.concatenate([pairs[pair], chosen[:, None]], axis=1)
    first, after = in_order(pairs[:, 1:], list(map(len, readings)))
    return Step(layer, pairs[:, 0], after, pairs[first, 1:], tuple(tables), tuple(patterns), tuple(gates))


def in_order(
    rows: Int[np.ndarray, "rows columns"], values: Sequence[int]
) -> tuple[Int[np.ndarray, " different"], Int[np.ndarray, " rows"]]:
    """Different rows, numbered in the order in which they first come: where each does, and the number of each row.
    Numbers in column k are below `values[k]`.

    Example:
        >>> first, number = in_order(np.array([[1, 0], [0, 2], [1, 0]]), [2, 3])
        >>> first.tolist(), number.tolist()
        ([0, 1], [0, 1, 0])
    """
    code, below = np.zeros(len(rows), np.int64), 1
    for column, several in enumerate(values):
        code, below = code * several + rows[:, column], below * several
        if below > max(MOST_CODES, len(rows)):
            different, code = np.unique(code, return_inverse=True)
            below = len(different)
    # Of what is put in one place several times the last stays.
    where = np.full(below, -1)
    where[code[::-1]] = np.arange(len(rows))[::-1]
    first = np.sort(where[where >= 0])
    where[code[first]] = np.arange(len(first))
    return first, where[code]


# Circuits that have many neurons in common are read one after the other.
@lru_cache(maxsize=1 << 12)
def _gates(
    parents: tuple[tuple[int, ...], ...],
    rows: tuple[tuple[int, ...], ...],
    own: tuple[int, ...],
    inputs: int,
    layer: int,
) -> tuple[tuple[str, ...], Int[np.ndarray, "patterns readings"]]:
    """The gates of a neuron: their tables, and the number of the one that each of its readings is at each pattern of
    what its parents are read as; -1 where there is none.

    Args:
        parents: the readings of each parent, by their bits.
        rows: the patterns: of each parent the number of its reading.
        own: the readings of the neuron, by their bits.
        inputs: how many there are.
        layer: of the neuron.
    """
    patterns = np.array(rows, np.int64).reshape(len(rows), len(parents))
    # The row of the table that each input is at.
    places = np.zeros((len(patterns), inputs), np.int64)
    for k, readings in enumerate(parents):
        places = 2 * places + np.array([_digits(bits, inputs) for bits in readings])[patterns[:, k]]
    order = np.argsort(places, axis=1)
    ordered = places[np.arange(len(patterns))[:, None], order]
    alike = ordered[:, 1:] == ordered[:, :-1]
    digits = np.array([_digits(bits, inputs) for bits in own], np.uint8)
    follows = np.ones((len(patterns), len(own)), bool)
    for k, column in enumerate(digits):
        follows[:, k] = ~(alike & (column[order[:, 1:]] != column[order[:, :-1]])).any(axis=1)
    pattern, chosen = np.nonzero(follows)
    cells = np.full((len(pattern), 1 << len(parents)), ord("-"), np.uint8)
    cells[np.arange(len(pattern))[:, None], places[pattern]] = ord("0") + digits[chosen]
    texts = [row.decode() for row in cells.view(f"S{cells.shape[1]}").ravel().tolist()]
    tables = tuple(text for text in dict.fromkeys(texts) if completions(text, layer))
    number = {text: k for k, text in enumerate(tables)}
    numbers = np.full(follows.shape, -1)
    numbers[pattern, chosen] = [number.get(text, -1) for text in texts]
    return tables, numbers


def _digits(bits: int, inputs: int) -> list[int]:
    """A reading by its bits at each input."""
    return [bits >> k & 1 for k in range(inputs)]
