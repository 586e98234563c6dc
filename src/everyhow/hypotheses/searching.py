"""Places that are searched for: the free neurons that are aligned with what has no place yet."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from functools import reduce
from operator import or_
from typing import Any

from ..common.errors import InputError
from ..experiment.placed import Carried, is_code
from ..mapping.choices import count_choices, disjoint_choices
from ..mapping.placeable import Placeable, options
from ..mapping.signatures import NeuronSet, Signatures
from ..model.graph import Graph
from ..readout.code import Code
from .carriers import Carrier
from .climbing import Climb, climb
from .hypothesis import Hypothesis
from .placed import PlacedHypothesis, varying
from .understanding import Understood, placeable, placed_in

# How many places of one hypothesis are put to the rungs, nearest first.
MOST_PLACES = 200


def with_places(stated: Hypothesis, carriers: Sequence[Carried], asked: Understood) -> Hypothesis:
    """The hypothesis with these places, by name."""
    return replace(stated, carriers=tuple(_named(one, asked.model.graph) for one in carriers))


def _named(one: Carried, graph: Graph) -> Carrier:
    coefficients = tuple(_code(one).coefficients[list(one.neurons)].tolist()) if is_code(one) else None
    return Carrier(tuple(map(graph.name, one.nodes)), coefficients)


def _code(one: Any) -> Code:
    return one


def living(found: Signatures, over: Placeable) -> list[tuple[NeuronSet, ...]]:
    """For each variable the minimal neuron sets that are aligned with it, but for those with a neuron that is the same
    at every input: such a neuron carries nothing."""
    still = still_bits(found)
    return [tuple(s for s in sets if not s.bits & still) for sets in options(found, over)]


def still_bits(found: Signatures) -> int:
    """The hidden neurons that are the same at every input, as the bits of one NeuronSet after the other."""
    graph, still = found.model.graph, 0
    for layer in range(1, graph.last):
        moving = set(varying(found.whole, graph, layer))
        still |= sum(NeuronSet(layer, (j,)).bits for j in range(graph.sizes[layer]) if j not in moving)
    return still


def filled(
    asked: Understood, stated: Hypothesis, known: list[Carried | None], found: Signatures, budget: int
) -> tuple[int, list[tuple[PlacedHypothesis, Climb]]]:
    """How many aligned places there are for what is searched for; and the hypothesis with each of the first of them, or
    with what comes nearest where there are none, put to the rungs."""
    over = placeable(stated.stated, asked)
    taken = reduce(or_, (NeuronSet.of(one.nodes).bits for one in known if one is not None), 0)
    exact = living(found, over)
    searched = [k for k, one in enumerate(known) if one is None]
    choices = [[s for s in exact[k] if not s.bits & taken] for k in searched]
    number = count_choices(choices)
    chosen = list(itertools.islice(disjoint_choices(choices), MOST_PLACES)) or [
        _nearest(over, found, searched, taken | still_bits(found))
    ]
    climbs = []
    for sets in chosen:
        carriers: list[Any] = list(known)
        for k, one in zip(searched, sets, strict=True):
            carriers[k] = one
        placed = placed_in(asked, stated, carriers, found)
        climbs.append((placed, climb(placed, found, budget)))
    return number, climbs


def _nearest(over: Placeable, found: Signatures, searched: Sequence[int], taken: int) -> tuple[NeuronSet, ...]:
    """For each variable that is searched for, one after the other, free neurons of the highest IIA, fewest first. So
    many are left free that each of the others has one.

    Raises:
        InputError: there are not so many neurons.
    """
    chosen, everything = [], reduce(or_, (neurons.bits for neurons, _ in found.items()), 0)
    for later, k in zip(range(len(searched) - 1, -1, -1), searched, strict=True):
        needed, best = over.needed(k), None
        for neurons, rows in found.items():
            if neurons.bits & taken or (everything & ~taken & ~neurons.bits).bit_count() < later:
                continue
            wrong = sum((a ^ b).bit_count() for a, b in zip(rows, needed, strict=True))
            key = (wrong, len(neurons), neurons.nodes)
            if best is None or key < best[0]:
                best = (key, neurons)
        if best is None:
            raise InputError(
                f"none of the {found.model.nodes} is left for {over.names[k]}: the other variables take all that are "
                f"not the same at every input; give them fewer"
            )
        chosen.append(best[1])
        taken |= best[1].bits
    return tuple(chosen)
