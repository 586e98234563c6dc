"""The circuits inside another one, where all must be listed to find them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..common.arguments import is_whole
from ..common.errors import InputError
from ..common.execution import IN_THREADS, Execution
from .circuit import Bits, Circuit, chosen_of, gathered, numbers_of, uses_every_input, words_of
from .criterion import Criterion
from .model import CircuitCount, CircuitSearch, Model, counted_by_edges


@dataclass(frozen=True, eq=False)
class ListedWithin(CircuitSearch):
    """The circuits that meet `criterion` and lie inside `outer`."""

    criterion: Criterion[Any]
    outer: Circuit

    @property
    def model(self) -> Model:
        """The whole model."""
        return self.criterion.model

    @property
    def search(self) -> CircuitSearch:
        """All circuits that meet the criterion."""
        return self.model.search(self.criterion)

    def count(self, execution: Execution = IN_THREADS, every_input_used: bool = False) -> CircuitCount:
        """How many meet the criterion."""
        circuits = chosen_of(self.model.graph, gathered(self.model.graph, self.possible_bits()))
        if every_input_used:
            circuits = circuits[uses_every_input(self.model.graph, circuits)]
        return counted_by_edges(circuits.sum(axis=1), *self.model.judged([self.criterion], circuits))

    def bits(self) -> Iterator[Bits]:
        """The bits of every circuit inside that meets the criterion."""
        return map(self._inside, self.search.bits())

    def possible_bits(self) -> Iterator[Bits]:
        """The bits of every circuit inside that may meet the criterion."""
        return map(self._inside, self.search.possible_bits())

    def _inside(self, batch: Bits) -> Bits:
        outside = ~words_of(self.outer.bits, len(self.outer.graph.edges))
        return batch[(batch & outside == 0).all(axis=1)]

    def circuit(self, bits: int) -> Circuit:
        """The circuit that some bits stand for."""
        return self.search.circuit(bits)

    def sample(self, size: int, seed: int = 0) -> tuple[Circuit, ...]:
        """`size` circuits inside that meet the criterion, independently and uniformly with replacement.

        Raises:
            InputError: no circuit inside meets the criterion.
        """
        return drawn_of_listed(self, size, seed)


def drawn_of_listed(search: CircuitSearch, size: int, seed: int) -> tuple[Circuit, ...]:
    """`size` of the circuits that a search lists, independently and uniformly with replacement.

    Raises:
        InputError: the search lists no circuit.
    """
    if not is_whole(size, 0):
        raise InputError(f"size is {size}; it is a number of circuits, at least 0")
    bits = gathered(search.model.graph, search.bits())
    if size and not len(bits):
        raise InputError("no circuit meets the criterion, so none can be drawn")
    drawn = np.random.default_rng(seed).integers(len(bits), size=size) if size else np.empty(0, int)
    return tuple(map(search.circuit, numbers_of(bits[drawn])))
