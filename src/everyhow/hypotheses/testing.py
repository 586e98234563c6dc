"""A hypothesis put to the test: how far it comes, where it falls, what would mend it, and which rivals come as far."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import singledispatch
from typing import Any

import numpy as np

from ..auditing.asked import DEEPEST
from ..auditing.fitting import DEPTH_BY_DATA, chosen_depth
from ..boolean.algorithms import Algorithm
from ..common.arguments import checked_budget, is_whole, quoted
from ..common.budget import DEFAULT_BUDGET
from ..common.errors import InputError
from ..common.notes import Notes
from ..common.progress import Progress
from ..mapping.causal_models import CausalModel
from ..mapping.findings import MappingFindings, complexity, examine_mappings
from ..mapping.mapping import Mapping, count_choices, disjoint_choices
from ..mapping.placeable import Placeable, options
from ..mapping.signatures import NeuronSet, Signatures
from ..readout.span import Span
from .carriers import Carried, Carrier, Code
from .climbing import Climb, climb, joint_agreement
from .files import as_hypothesis
from .hypothesis import Hypothesis
from .placed import PlacedHypothesis, is_code
from .result import Change, HypothesisTest, Rivals
from .understanding import (
    Understood,
    check_computes,
    in_model,
    placeable,
    placed_in,
    signatures_of,
    understood,
)
from .words import code_lines

# How many places of one hypothesis are put to the rungs, nearest first; and how many rivals are kept, simplest first.
MOST_PLACES, MOST_KEPT = 200, 100
# Codes that are fitted are tried with so many digits after the point: those that can be read first. Where a layer reads
# every signal anyway, longer codes tell nothing.
DIGITS, FEW = (1, 6), (1,)
# More choices of places than are put in order.
MOST_ORDERED = 20_000
PLACES_ALONE = "every minimal choice of neurons for the same {what}, of which there {are}"
BY_CODES = (
    "for one variable at a time: all neurons that are aligned with it, its code with one coefficient changed to 0, 1 "
    "or -1, and the code of least norm that reads it in the layer"
)
ALL_CODES = (
    "and the code of least norm in each layer, for one variable and for all, with one digit after the point where the "
    "layer reads every signal"
)


def test(
    network: Any,
    hypothesis: Any,
    task: Any = None,
    *,
    decision: str | None = None,
    depth: int | None = None,
    budget: int = DEFAULT_BUDGET,
    progress: bool = False,
) -> HypothesisTest:
    """Put a hypothesis about a model to the test.

    The rungs are those of the audit's ladder of mappings, by the same definitions: `single`, `irredundant`, `ordered`,
    `joint`, `inert`, `transitive`. A code is moved along the least change of its layer that moves no other code of
    the hypothesis. At `inert` the rest of a layer, all but what carries its variables, is taken from the source. Of a
    causal model, which has no gates, `irredundant` is not asked.

    A place "?" is searched for among the neuron sets of all layers; of several that fit, the one that comes furthest is
    tested, and the others that come as far are told.

    Cost: that of the mappings of an audit, and (inputs + 1)^variables x inputs runs for each place that is tried.

    Args:
        network: the network, or what `audit` would import.
        hypothesis: from `eh.hypothesis`, or the path of its TOML file.
        task: what the model was meant to compute; a Behavior with features, or the path of one, for data. When not
            given, the hypothesis's own task, or else what the model computes.
        decision: `argmax` where two outputs stand for two classes.
        depth: the largest depth of the algorithms among which rivals are looked for; as in an audit when not given.
        budget: candidate evaluations allowed.
        progress: show progress on stderr.

    Raises:
        InputError: a hypothesis that is not what the model computes or does not fit it, or a kind of model in which
            variables are not placed.
        BudgetError: the signatures of the model's neuron sets take more than the budget.

    Example:
        >>> import everyhow as eh
        >>> alice = eh.hypothesis("AND(OR(A,B), NAND(A,B))", {"OR(A,B)": "h1.0", "NAND(A,B)": "h1.2"})
        >>> found = test(eh.xornet(), alice)
        >>> found.passed, found.fell
        ((), 'single')
        >>> print(found.lines[2])
        On input 01, give h1.0 its value from input 00: the algorithm says 0, the network 1.
    """
    stated, budget = as_hypothesis(hypothesis), checked_budget(budget)
    asked = understood(network, stated.task if task is None else task, decision)
    largest, stated = largest_depth(asked, depth), stated.over(asked.inputs)
    check_computes(asked, stated)
    known = in_model(asked, stated)
    found = signatures_of(asked, budget)
    filled, climbs = _filled(asked, stated, known, found, budget)
    furthest = max(climbs, key=lambda one: len(one[1].passed))
    placed, how_far = furthest
    tested = _with(stated, placed.carriers, asked)
    alike = [one for one, other in climbs if one is not placed and len(other.passed) == len(how_far.passed)]
    others = tuple(_with(stated, one.carriers, asked) for one in alike)
    mappings = examine_mappings(asked.model, asked.behavior, largest, budget)
    change, family = (None, "") if how_far.complete else _change(asked, tested, placed, found, how_far, budget)
    rivals = None if how_far.strictest is None else _rivals(
        asked, placed, found, how_far, mappings, f"of depth {largest} or less", budget
    )  # fmt: skip
    jointly = joint_agreement(placed, budget, Progress(progress))
    refused = (how_far.refused,) if how_far.refused else ()
    ties = (f"{how_far.ties:,} runs leave the output on the decision boundary, so that rounding decides them",)
    notes = Notes(refused, (), ties if how_far.ties else ()) + Notes(mappings.refused, mappings.beyond)
    return HypothesisTest(
        stated, tested, asked.model, how_far, jointly, filled if stated.searched else None, others, change, family,
        rivals, _further(mappings, how_far), notes, placed,
    )  # fmt: skip


def _with(stated: Hypothesis, carriers: Sequence[Carried], asked: Understood) -> Hypothesis:
    """The hypothesis with these places, by name."""
    names = asked.model.graph.names
    return replace(stated, carriers=tuple(_named(one, names[one.layer]) for one in carriers))


def _named(one: Carried, names: Sequence[str]) -> Carrier:
    coefficients = tuple(_code(one).coefficients[list(one.neurons)].tolist()) if is_code(one) else None
    return Carrier(tuple(names[j] for j in one.neurons), coefficients)


def _code(one: Any) -> Code:
    return one


def _filled(
    asked: Understood, stated: Hypothesis, known: list[Carried | None], found: Signatures, budget: int
) -> tuple[int, list[tuple[PlacedHypothesis, Climb]]]:
    """How many aligned places there are for what is searched for; and the hypothesis with each of the first of them, or
    with what comes nearest where there are none, put to the rungs."""
    over = placeable(stated.stated, asked.behavior)
    taken = sum(NeuronSet(one.layer, one.neurons).bits for one in known if one is not None)
    exact = options(found, over)
    searched = [k for k, one in enumerate(known) if one is None]
    choices = [[s for s in exact[k] if not s.bits & taken] for k in searched]
    number = count_choices(choices)
    chosen = list(itertools.islice(disjoint_choices(choices), MOST_PLACES)) or [_nearest(over, found, searched, taken)]
    climbs = []
    for sets in chosen:
        carriers: list[Any] = list(known)
        for k, one in zip(searched, sets, strict=True):
            carriers[k] = one
        placed = placed_in(asked, stated, carriers, found)
        climbs.append((placed, climb(placed, found, budget)))
    return number, climbs


def _nearest(over: Placeable, found: Signatures, searched: Sequence[int], taken: int) -> tuple[NeuronSet, ...]:
    """For each variable that is searched for, one after the other, free neurons of the highest IIA, fewest first.

    Raises:
        InputError: there are not so many neurons.
    """
    chosen = []
    for k in searched:
        needed, best = over.needed(k), None
        for neurons, rows in found.items():
            if neurons.bits & taken:
                continue
            wrong = sum((a ^ b).bit_count() for a, b in zip(rows, needed, strict=True))
            key = (wrong, len(neurons.neurons), neurons.layer, neurons.neurons)
            if best is None or key < best[0]:
                best = (key, neurons)
        if best is None:
            raise InputError(
                f"no neuron is left for {over.names[k]}: the other variables take all hidden neurons; give them fewer"
            )
        chosen.append(best[1])
        taken |= best[1].bits
    return tuple(chosen)


def _change(
    asked: Understood, tested: Hypothesis, placed: PlacedHypothesis, found: Signatures, how_far: Climb, budget: int
) -> tuple[Change | None, str]:
    """The nearest other places by which a hypothesis comes further, and what was gone through."""
    over = placed.placeable
    if placed.without_codes:
        choices = options(found, over)
        number = count_choices(choices)
        what = _kind(placed.stated)
        are = "is none" if not number else "is 1" if number == 1 else f"are {number:,}"
        family = PLACES_ALONE.format(what=what, are=are)
        listed = list(itertools.islice(disjoint_choices(choices), MOST_ORDERED))
        if number > len(listed):
            family += f", of which the first {len(listed):,} were put in order"
    else:
        listed, family = list(_by_codes(placed, found)), BY_CODES
    best, note = _furthest(asked, tested, placed, found, how_far, listed, budget)
    family += note
    if placed.without_codes and (best is None or not best[1].complete):
        family += f"; {ALL_CODES}"
        further, note = _furthest(asked, tested, placed, found, best[1] if best else how_far, _codes(placed), budget)
        best, family = further or best, family + note
    if best is None:
        return None, family
    to = _with(tested, best[0], asked)
    before, after = map(str, tested.carriers), map(str, to.carriers)
    moved = tuple(one for one in zip(tested.variables, before, after, strict=True) if one[1] != one[2])
    neurons = _distance(placed.carriers, best[0])[0]
    remarks = tuple(code_lines(placed_in(asked, tested, best[0], found)))
    return Change(to, moved, neurons, best[1].passed, best[1].complete, remarks), family


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
    return best, f", the nearest {MOST_PLACES:,} of which were put to the rungs" if len(ordered) > MOST_PLACES else ""


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
def _kind(stated: Any) -> str:
    raise TypeError(f"a {type(stated).__name__} is not stated")


@_kind.register
def _(stated: Algorithm) -> str:
    return "formula"


@_kind.register
def _(stated: CausalModel) -> str:
    return "causal model"


def _distance(one: Sequence[Carried], other: Sequence[Carried]) -> tuple[int, int, str]:
    """How many neurons of the places differ, and then how many variables are moved."""
    moved = [(a, b) for a, b in zip(one, other, strict=True) if a != b]
    neurons = sum(len(_nodes(a) ^ _nodes(b)) or 1 for a, b in moved)
    return neurons, len(moved), str([(b.layer, b.neurons) for b in other])


def _nodes(one: Carried) -> set[tuple[int, int]]:
    return {(one.layer, j) for j in one.neurons}


def _by_codes(placed: PlacedHypothesis, found: Signatures) -> Iterator[tuple[Carried, ...]]:
    """Other places for one variable at a time of a hypothesis with codes."""
    choices = options(found, placed.placeable)
    for k, carrier in enumerate(placed.carriers):
        for one in [*choices[k], *(_other_codes(placed, k) if is_code(carrier) else ())]:
            carriers = (*placed.carriers[:k], one, *placed.carriers[k + 1 :])
            if _apart(carriers) and _independent(placed, carriers):
                yield carriers


def _other_codes(placed: PlacedHypothesis, k: int) -> Iterator[Code]:
    code = _code(placed.carriers[k])
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


def largest_depth(asked: Understood, depth: int | None) -> int:
    """The largest depth of the algorithms among which rivals are looked for: as asked, or as in an audit.

    Raises:
        InputError: it is out of range.
    """
    if depth is not None and not is_whole(depth, 1, DEEPEST):
        raise InputError(f"depth is {quoted(depth)}; algorithms have a depth from 1 to {DEEPEST}")
    if asked.behavior.is_truth_table and asked.behavior.features is None:
        return chosen_depth(asked.model, depth)
    return DEPTH_BY_DATA if depth is None else int(depth)


def _rivals(
    asked: Understood,
    placed: PlacedHypothesis,
    found: Signatures,
    how_far: Climb,
    mappings: MappingFindings,
    deep: str,
    budget: int,
) -> Rivals:
    """What comes as far as a hypothesis: the mappings of all algorithms, and of a causal model its other places."""
    rung = how_far.strictest
    assert rung is not None
    number = mappings.surviving_mappings[rung]
    algorithms = "" if mappings.algorithms is None else f"{mappings.algorithms:,} "
    family = f"all minimal mappings of the {algorithms}formulas {deep} that decide as the {asked.model.kind} does"
    first: list[Any] = []
    own = placed.mapping if placed.without_codes else None
    if number is not None:
        kept = mappings.placed if rung == "single" else iter(sorted(mappings.survivors[rung], key=complexity))
        first = list(itertools.islice((one for one in kept if one != own), MOST_KEPT))
        is_one = own is not None and own.algorithm in (mappings.aligned or {})
        number -= bool(is_one)
        if own is not None and not is_one:
            family += ", to which this deeper one does not belong"
    if placed.mapping is None:
        others, places = _other_places(asked, placed, found, how_far, budget)
        tried = f", of which the first {MOST_PLACES:,} were tried" if places > MOST_PLACES else ""
        family = f"the minimal places of the causal model ({places:,}{tried}), and {family}"
        number = None if number is None or tried else number + len(others)
        first = [*others, *first][:MOST_KEPT]
    return Rivals(rung, number, tuple(first), family)


def _further(mappings: MappingFindings, how_far: Climb) -> tuple[Mapping, str] | None:
    """The simplest mapping with variables that passes the strictest rung that any passes, and that rung, if it comes
    further."""
    for rung in reversed(how_far.rungs[len(how_far.passed) :]):
        kept = mappings.placed if rung == "single" else mappings.survivors.get(rung, ())
        found = [one for one in itertools.islice(kept, MOST_ORDERED) if one.sets]
        if found:
            return min(found, key=complexity), rung
    return None


def _other_places(
    asked: Understood, placed: PlacedHypothesis, found: Signatures, how_far: Climb, budget: int
) -> tuple[list[Hypothesis], int]:
    """The other places of a causal model that come as far, of the first 200; and how many places it has."""
    choices = options(found, placed.placeable)
    stated = Hypothesis(placed.stated, ())
    kept = []
    for sets in itertools.islice(disjoint_choices(choices), MOST_PLACES):
        if sets == placed.carriers:
            continue
        other = placed_in(asked, stated, sets, found)
        if len(climb(other, found, budget).passed) >= len(how_far.passed):
            kept.append(_with(stated, sets, asked))
    return kept, count_choices(choices)
