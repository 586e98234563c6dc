"""A hypothesis put to the test: how far it comes, where it falls, what would mend it, and which rivals come as far."""

from typing import Any

from ..common.arguments import checked_budget
from ..common.budget import DEFAULT_BUDGET
from ..common.notes import Notes
from ..common.progress import Progress
from ..mapping.findings import examine_mappings
from .changing import nearest_change
from .climbing import joint_agreement
from .files import as_hypothesis
from .result import HypothesisTest
from .rivals import further_than, largest_depth, rivals_of
from .searching import filled, with_places
from .understanding import check_computes, in_model, signatures_of, understood


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
        progress: show a bar, below the cell in a notebook and else on stderr.

    Raises:
        InputError: a hypothesis that is not what the model computes or does not fit it, or a model of sequences without
            a behavior.
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
    with Progress(progress).doing("testing the hypothesis"):
        number, climbs = filled(asked, stated, known, found, budget)
        furthest = max(climbs, key=lambda one: len(one[1].passed))
        placed, how_far = furthest
        tested = with_places(stated, placed.carriers, asked)
        alike = [one for one, other in climbs if one is not placed and len(other.passed) == len(how_far.passed)]
        others = tuple(with_places(stated, one.carriers, asked) for one in alike)
        mappings = examine_mappings(asked.model, asked.behavior, largest, budget)
        change, family = (
            (None, "") if how_far.complete else nearest_change(asked, tested, placed, found, how_far, budget)
        )
        rivals = rivals_of(asked, placed, found, how_far, mappings, largest, budget)
        jointly = joint_agreement(placed, budget, Progress(progress))
    refused = (how_far.refused,) if how_far.refused else ()
    ties = (f"{how_far.ties:,} runs leave the output on the decision boundary, so that rounding decides them",)
    notes = Notes(refused, (), ties if how_far.ties else ()) + Notes(mappings.refused, mappings.beyond)
    return HypothesisTest(
        stated, tested, asked.model, how_far, jointly, number if stated.searched else None, others, change, family,
        rivals, further_than(mappings, found, how_far), notes, placed,
    )  # fmt: skip
