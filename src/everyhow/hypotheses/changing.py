"""The nearest change of places by which a hypothesis comes further."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np

from ..boolean.algorithms import Algorithm
from ..common.errors import InputError
from ..experiment.placed import Carried, is_code
from ..mapping.causal_models import CausalModel
from ..mapping.choices import count_choices, disjoint_choices
from ..mapping.signatures import Signatures
from ..model.graph import Node
from ..readout.code import Code
from ..readout.span import Span
from .climbing import Climb, climb
from .hypothesis import Hypothesis
from .placed import PlacedHypothesis
from .remarks import place_lines
from .result import Change
from .searching import MOST_PLACES, living, with_places
from .understanding import Understood, placed_in

# Codes that are fitted are tried with so many digits after the point: those that can be read first. Where a layer reads
# every signal anyway, longer codes tell nothing.
DIGITS, FEW = (1, 6), (1,)
# More choices of places than are put in order.
MOST_ORDERED = 20_000
BY_CODES = (
    "Tried, for one variable at a time: the neurons that are aligned with it; its code with one coefficient changed to "
    "0, 1 or -1; and the code of its layer that reads it best"
)
ALL_CODES = "Codes were tried, too: in each layer the one that reads a variable best, for one variable and for all"


def nearest_change(
    asked: Understood, tested: Hypothesis, placed: PlacedHypothesis, found: Signatures, how_far: Climb, budget: int
) -> tuple[Change | None, str]:
    """The nearest other places by which a hypothesis comes further, and what was tried, in sentences."""
    over = placed.placeable
    if placed.without_codes:
        choices = living(found, over)
        number = count_choices(choices)
        listed = list(itertools.islice(disjoint_choices(choices), MOST_ORDERED))
        family = _told(number, len(listed), asked.model.nodes, kind_of(placed.stated))
        best, _ = _furthest(asked, tested, placed, found, how_far, listed, budget)
        # Codes are of nodes that hold one number each.
        if any(number == 1 for number in placed.model.graph.numbers[1:-1]) and (best is None or not best[1].complete):
            reached = best[1] if best else how_far
            further, note = _furthest(asked, tested, placed, found, reached, _codes(placed), budget)
            best, family = further or best, f"{family}. {ALL_CODES}{note}"
    else:
        best, note = _furthest(asked, tested, placed, found, how_far, _by_codes(placed, found), budget)
        family = BY_CODES + note
    if best is None:
        return None, family
    to = with_places(tested, best[0], asked)
    before, after = map(str, tested.carriers), map(str, to.carriers)
    moved = tuple(one for one in zip(tested.variables, before, after, strict=True) if one[1] != one[2])
    neurons = _distance(placed.carriers, best[0])[0]
    remarks = tuple(place_lines(placed_in(asked, tested, best[0], found)))
    return Change(to, moved, neurons, best[1].passed, best[1].complete, remarks), family


def _told(number: int, listed: int, nodes: str, what: str) -> str:
    """How many choices of nodes pass the first rung, and which of them were tried."""
    if not number:
        return f"No choice of {nodes} for the same {what} passes single"
    if number == 1:
        return f"One choice of {nodes} for the same {what} passes single, and was tried"
    tried = "all were tried" if number <= MOST_PLACES else f"the {MOST_PLACES:,} nearest were tried"
    of_first = f" of the first {listed:,}" if number > listed else ""
    return f"{number:,} choices of {nodes} for the same {what} pass single; {tried}{of_first}"


def _furthest(
    asked: Understood,
    tested: Hypothesis,
    placed: PlacedHypothesis,
    found: Signatures,
    how_far: Climb,
    places: Iterable[tuple[Carried, ...]],
    budget: int,
) -> tuple[tuple[tuple[Carried, ...], Climb] | None, str]:
    """The nearest of some places that come furthest, and further than something does; and a note where not all of them
    were put to the rungs."""
    own = placed.carriers
    ordered = sorted((one for one in places if one != own), key=lambda one: _distance(own, one))
    best: tuple[tuple[Carried, ...], Climb] | None = None
    for carriers in ordered[:MOST_PLACES]:
        other = climb(placed_in(asked, tested, carriers, found), found, budget)
        if len(other.passed) > len((best[1] if best else how_far).passed):
            best = (carriers, other)
            if other.complete:
                break
    return best, f"; of these, the {MOST_PLACES:,} nearest" if len(ordered) > MOST_PLACES else ""


def _codes(placed: PlacedHypothesis) -> Iterator[tuple[Carried, ...]]:
    """The places with codes of least norm of one layer: for one variable, and for all."""
    graph = placed.model.graph
    layers = [layer for layer in range(1, graph.last) if graph.numbers[layer] == 1]
    for layer, digits in [(one, few) for one in layers for few in (FEW if placed.reads_all(one) else DIGITS)]:
        read = [_fitted(placed, k, layer, digits) for k in range(len(placed.names))]
        places = [(*placed.carriers[:k], one, *placed.carriers[k + 1 :]) for k, one in enumerate(read) if one]
        complete = tuple(one for one in read if one is not None)
        for carriers in [*places, *([complete] if len(complete) == len(read) > 1 else [])]:
            if _apart(carriers) and _independent(placed, carriers):
                yield carriers


def _fitted(placed: PlacedHypothesis, k: int, layer: int, digits: int) -> Code | None:
    """The code of least norm in a layer that comes nearest to a variable, its largest coefficient being 1 or -1, with
    so many digits after the point; None where the layer says nothing of the variable."""
    read = np.array(placed.own[k], dtype=np.float64)
    fitted = Span.of(placed.natural[layer]).inverse @ (read - read.mean())
    largest = np.abs(fitted).max(initial=0.0)
    return Code(layer, np.round(fitted / largest, digits) + 0.0, placed.model.graph.names[layer]) if largest else None


@singledispatch
def kind_of(stated: Any) -> str:
    """What is stated, in words: a formula, or a causal model."""
    raise TypeError(f"a {type(stated).__name__} is not stated")


@kind_of.register
def _(stated: Algorithm) -> str:
    return "formula"


@kind_of.register
def _(stated: CausalModel) -> str:
    return "causal model"


def _distance(one: Sequence[Carried], other: Sequence[Carried]) -> tuple[int, int, str]:
    """How many neurons of the places differ, and then how many variables are moved."""
    moved = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    neurons = sum(len(_nodes(a) ^ _nodes(b)) or 1 for a, b in moved)
    return neurons, len(moved), str([tuple(map(tuple, b.nodes)) for b in other])


def _nodes(one: Carried) -> set[Node]:
    return set(one.nodes)


def _by_codes(placed: PlacedHypothesis, found: Signatures) -> Iterator[tuple[Carried, ...]]:
    """Other places for one variable at a time of a hypothesis with codes."""
    choices = living(found, placed.placeable)
    for k, carrier in enumerate(placed.carriers):
        for one in [*choices[k], *(_other_codes(placed, k) if is_code(carrier) else ())]:
            carriers = (*placed.carriers[:k], one, *placed.carriers[k + 1 :])
            if _apart(carriers) and _independent(placed, carriers):
                yield carriers


def _other_codes(placed: PlacedHypothesis, k: int) -> Iterator[Code]:
    code: Any = placed.carriers[k]
    for j, value in itertools.product(range(len(code.coefficients)), (0.0, 1.0, -1.0)):
        changed = code.coefficients.copy()
        changed[j] = value
        if changed[j] != code.coefficients[j] and changed.any():
            yield Code(code.layer, changed, code.names)
    for digits in FEW if placed.reads_all(code.layer) else DIGITS:
        fitted = _fitted(placed, k, code.layer, digits)
        if fitted is not None:
            yield fitted


def _apart(carriers: Sequence[Carried]) -> bool:
    """Whether no neuron carries two variables, codes with codes aside."""
    return not any(
        _nodes(a) & _nodes(b) and not (is_code(a) and is_code(b)) for a, b in itertools.combinations(carriers, 2)
    )


def _independent(placed: PlacedHypothesis, carriers: tuple[Carried, ...]) -> bool:
    try:
        return bool(replace(placed, carriers=carriers).directions) or True
    except InputError:
        return False
