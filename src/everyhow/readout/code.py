"""A code: a linear combination of the neurons of one hidden layer, which carries a variable."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..common.shapes import Float
from ..model.graph import Graph, Node


@dataclass(frozen=True, eq=False)
class Code:
    """A linear combination of the neurons of one hidden layer, which carries a variable.

    Attributes:
        layer: 1 is the first.
        coefficients: one for each neuron of the layer.
        names: what the neurons are called.
    """

    layer: int
    coefficients: Float[np.ndarray, " neurons"]
    names: tuple[str, ...]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Code) and (self.layer, *self.coefficients) == (other.layer, *other.coefficients)

    def __hash__(self) -> int:
        return hash((self.layer, *self.coefficients))

    @cached_property
    def neurons(self) -> tuple[int, ...]:
        """The neurons whose coefficient is not 0."""
        return tuple(np.flatnonzero(self.coefficients).tolist())

    @property
    def by_stage(self) -> tuple[tuple[int, tuple[int, ...]], ...]:
        """The layer, and the neurons there."""
        return ((self.layer, self.neurons),)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The neurons."""
        return tuple(Node(self.layer, j) for j in self.neurons)

    @property
    def first(self) -> int:
        """The layer, as the earliest stage that is read."""
        return self.layer

    @property
    def last(self) -> int:
        """The layer, as the latest stage that is read."""
        return self.layer

    def named(self, graph: Graph | None = None) -> str:
        """The code by the names of its neurons."""
        return code_text(self.coefficients[list(self.neurons)].tolist(), [self.names[j] for j in self.neurons])


def code_text(coefficients: Iterable[float], names: Iterable[str]) -> str:
    """A code as it is written: one with a sign or a number in it, so that it is not taken for several neurons.

    Example:
        >>> code_text((1.0, -2.0), ("h1.0", "h1.2")), code_text((1.0, 1.0), ("h1.0", "h1.2"))
        ('h1.0 - 2 h1.2', '1 h1.0 + 1 h1.2')
    """
    pairs = list(zip(coefficients, names, strict=True))
    plain = all(value == 1 for value, _ in pairs)
    terms = [
        f"{'-' if value < 0 else '+'} {'' if abs(value) == 1 and not plain else f'{abs(value):.12g} '}{name}"
        for value, name in pairs
    ]
    text = " ".join(terms)
    return text.removeprefix("+ ") if text.startswith("+") else "-" + text.removeprefix("- ")
