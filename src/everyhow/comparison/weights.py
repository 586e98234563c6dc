"""Whether two networks are one: by their weights, up to what changes nothing of what a network computes.

Neurons of a layer may stand in another order. Where an activation allows it, what a neuron receives may be multiplied
by a factor and what is read of it divided: by any positive one for relu and leaky_relu, by -1 for tanh and other odd
functions, by any but 0 for the identity. An edge that is cut away carries 0 before and after, so that circuits and
mappings stay as they are. A sigmoid has no factor: where 1 - sigmoid stands for it, an edge cut away carries another
number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from ..common.shapes import Float
from ..kernels.codes import CLIP, LEAKY, SOFTSIGN, STEP, TANH
from ..model.activations import activation
from ..model.graph import Edge
from ..network.network import Network
from .matching import Matching

# Weights are alike that differ by no more than this share of the largest one of their neuron.
SAME = 1e-9
# So many pairs of neurons are tried.
MOST_TRIED = 100_000
How = Literal["same", "pruned", "pruned the other way", "not settled"]


@dataclass(frozen=True)
class Likeness:
    """How the weights of two networks correspond.

    Attributes:
        how: `same`, but for order and factors; `pruned`, the second being the first less some weights; `pruned the
            other way`; or `not settled`, where too many neurons are alike for every order of them to be tried.
        matching: which neuron of the second each of the first is.
        factors: for each hidden layer, by what the second multiplies each neuron of the first.
        difference: the largest relative difference of two weights that are taken for the same.
        lost: the edges that one has and the other lacks, by their names in the one that has them.
    """

    how: How
    matching: Matching
    factors: tuple[tuple[float, ...], ...]
    difference: float
    lost: tuple[Edge, ...] = ()

    @property
    def scales(self) -> bool:
        """Whether a neuron has another scale, or another sign."""
        return any(abs(factor - 1) > SAME for layer in self.factors for factor in layer)


def likeness(one: Network, other: Network) -> Likeness | None:
    """How the weights of two networks correspond; None where they do not.

    Every order of neurons is tried that fits the layers before, own names first.

    Example:
        >>> from everyhow import xornet
        >>> likeness(xornet(), xornet()).how
        'same'
    """
    if one.widths != other.widths or list(map(_function, one.activations)) != list(map(_function, other.activations)):
        return None
    # Outputs are decided on their own scale, and inputs are read on theirs.
    if one.coding != other.coding:
        return None
    tried: tuple[tuple[How, Network, Network], ...] = (
        ("same", one, other), ("pruned", one, other), ("pruned the other way", other, one)
    )  # fmt: skip
    for how, first, second in tried:
        search = _Search(first, second, how != "same")
        found = search.found()
        if found is None and search.tried >= MOST_TRIED:
            return Likeness("not settled", Matching.by_names(one.widths), (), 0.0)
        if found is not None:
            matching, factors, difference = found
            lost = () if how == "same" else _lost(first, second, matching)
            turned = matching.back if how == "pruned the other way" else matching
            return Likeness(how, turned, factors, float(difference), lost)
    return None


def _function(name: str) -> tuple[Any, ...]:
    made = activation(name)
    return made.code, made.parameters


def factors_of(name: str) -> Literal["none", "sign", "positive", "any"]:
    """By what a neuron of an activation may be multiplied, all of it being divided out where it is read.

    Example:
        >>> factors_of("relu"), factors_of("tanh"), factors_of("sigmoid"), factors_of("identity")
        ('positive', 'sign', 'none', 'any')
    """
    made = activation(name)
    slope, shift, low, high = made.parameters
    if made.code == LEAKY:
        return "any" if slope == 1 else "positive"
    odd = made.code in (TANH, SOFTSIGN) or (made.code == STEP and slope == -1)
    if odd or (made.code == CLIP and shift == 0 and low == -high):
        return "sign"
    return "none"


@dataclass
class _Search:
    """Neurons are paired layer by layer; of a layer, each with one that receives the same."""

    one: Network
    other: Network
    pruned: bool
    tried: int = 0
    largest: list[float] = field(default_factory=list)

    def found(self) -> tuple[Matching, tuple[tuple[float, ...], ...], float] | None:
        """The first pairing under which all weights correspond; None where there is none."""
        inputs = tuple(range(self.one.features))
        for layers, factors, difference in self._from(1, inputs, np.ones(len(inputs))):
            return Matching(tuple(layers)), tuple(factors), difference
        return None

    def _from(
        self, layer: int, order: tuple[int, ...], scale: Float[np.ndarray, " parents"]
    ) -> Iterator[tuple[list[tuple[int, ...]], list[tuple[float, ...]], float]]:
        """The pairings of a layer and those after it, the layer before being in this order and scale."""
        rows = self._received(self.one, layer)
        rows[:, :-1] /= scale
        others = self._received(self.other, layer)
        others = others[:, [*order, -1]]
        if layer == self.one.depth:
            pairs = [self._factor(row, their, "none") for row, their in zip(rows, others, strict=True)]
            if all(pair is not None for pair in pairs):
                yield [], [], max(pair[1] for pair in pairs if pair is not None)
            return
        allowed = "none" if self.pruned else factors_of(self.one.activations[layer - 1])
        options = [
            {k: fits for k, their in enumerate(others) if (fits := self._factor(row, their, allowed)) is not None}
            for row in rows
        ]
        for chosen in self._orders(options, ()):
            factors = tuple(options[j][k][0] for j, k in enumerate(chosen))
            off = max(options[j][k][1] for j, k in enumerate(chosen))
            for layers, more, difference in self._from(layer + 1, chosen, np.array(factors)):
                yield [chosen, *layers], [factors, *more], max(off, difference)

    @staticmethod
    def _received(network: Network, layer: int) -> Float[np.ndarray, "neurons parents_and_bias"]:
        return np.column_stack([network.weights[layer - 1], network.biases[layer - 1]])

    def _orders(
        self, options: list[dict[int, tuple[float, float]]], chosen: tuple[int, ...]
    ) -> Iterator[tuple[int, ...]]:
        j = len(chosen)
        if j == len(options):
            yield chosen
            return
        for k in sorted(options[j], key=lambda k: (k != j, k)):
            if k not in chosen and self.tried < MOST_TRIED:
                self.tried += 1
                yield from self._orders(options, (*chosen, k))

    def _factor(self, row: np.ndarray, their: np.ndarray, allowed: str) -> tuple[float, float] | None:
        """By what the row of one neuron is multiplied to give the other's, and how far they are then apart."""
        size = np.abs(row).max()
        if self.pruned:
            kept = their != 0
            off = np.abs(their - row)[kept].max(initial=0) / (size or 1)
            return (1.0, off) if off <= SAME else None
        factor = 1.0
        if allowed != "none" and size > 0:
            factor = float(row @ their / (row @ row))
            if allowed == "sign":
                factor = float(np.sign(factor))
            if factor == 0 or (allowed == "positive" and factor < 0):
                return None
        off = np.abs(their - factor * row).max() / (abs(factor) * size or 1)
        return (factor, float(off)) if off <= SAME else None


def _lost(one: Network, other: Network, matching: Matching) -> tuple[Edge, ...]:
    """The edges of a network that its pruned copy lacks."""
    return tuple(edge for edge in one.graph.edges if matching.edge(edge) not in other.graph.positions)
