"""One mapping of an algorithm: which neurons carry each of its variables."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..boolean.algorithms import Algorithm
from ..display import Displayed
from .signatures import NeuronSet


@dataclass(frozen=True)
class Mapping(Displayed):
    """A neuron set for each variable of an algorithm, in the order of `algorithm.variables`, all disjoint.

    Two mappings of one algorithm are the same when the sets are.
    """

    algorithm: Algorithm
    sets: tuple[NeuronSet, ...]

    def __str__(self) -> str:
        if not self.sets:
            return "no variable to place"
        pairs = zip(self.algorithm.variables, self.sets, strict=True)
        return ", ".join(f"{variable.name} in {neurons}" for variable, neurons in pairs)

    def __repr__(self) -> str:
        return f"Mapping({self.algorithm}: {self})"

    @property
    def ordered(self) -> bool:
        """Whether each variable's layer comes strictly before the layer of the variable that uses it."""
        layers = {v.path: s.layer for v, s in zip(self.algorithm.variables, self.sets, strict=True)}
        users = {v.path: v.user for v in self.algorithm.variables}
        return all(user is None or layers[path] < layers[user] for path, user in users.items())


def mappings_of(algorithm: Algorithm, options: Sequence[Sequence[NeuronSet]]) -> Iterator[Mapping]:
    """All mappings that give each variable one of its `options`, the sets being disjoint.

    When the options of each variable are its inclusion-minimal sets, these are the minimal mappings: a mapping can be
    shrunk one variable at a time, and shrinking keeps sets disjoint.
    """
    for sets in disjoint_choices(options):
        yield Mapping(algorithm, sets)


def disjoint_choices(options: Sequence[Sequence[NeuronSet]]) -> Iterator[tuple[NeuronSet, ...]]:
    """All ways to choose one set from each of `options`, no two of them sharing a neuron."""
    if not all(options):
        return

    def extend(chosen: tuple[NeuronSet, ...], taken: int) -> Iterator[tuple[NeuronSet, ...]]:
        if len(chosen) == len(options):
            yield chosen
            return
        for candidate in options[len(chosen)]:
            if not candidate.bits & taken:
                yield from extend((*chosen, candidate), taken | candidate.bits)

    yield from extend((), 0)


def count_choices(options: Sequence[Sequence[NeuronSet]]) -> int:
    """How many choices `disjoint_choices` lists, counted by the neurons taken so far without listing them."""
    ways = {0: 1}
    for sets in sorted(options, key=len):
        following: dict[int, int] = {}
        for taken, number in ways.items():
            for candidate in sets:
                if not candidate.bits & taken:
                    following[taken | candidate.bits] = following.get(taken | candidate.bits, 0) + number
        ways = following
        if not ways:
            return 0
    return sum(ways.values())
