"""Survivors by what they cost, and how the cheapest one changes with the prices."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from ..boolean.cost import CostModel, cheapest
from ..boolean.smallest import MOST_INPUTS
from ..mapping.mapping import Mapping
from ..model.explanation import Explanation

# How many explanations are priced, and the prices of NOT and the familiar gates by which they are priced again.
MOST_PRICED = 200
NEGATIONS = (0.0, 0.5, 1.0, 2.0)
FINE_NEGATIONS = tuple(k / 4 for k in range(9))
FAMILIAR = ("AND", "OR", "NAND", "NOR", "NIMP", "IMP", "XOR", "XNOR")
DISCOUNT = 0.5
# Some prices need a smallest formula that takes seconds to find: so many of such settings are tried.
MOST_SEARCHED = 3


@dataclass(frozen=True)
class Prices:
    """One setting of the prices, and which explanations are cheapest by it.

    Attributes:
        negation: the price of NOT.
        familiar: the gate that is known already, at half the price of a plain gate; None when none is.
        cost: of the cheapest; None where none has a price.
        winners: their ranks, the first of all being 0.
    """

    negation: float
    familiar: str | None
    cost: float | None
    winners: tuple[int, ...]


@dataclass(frozen=True)
class Ranking:
    """Explanations by cost, the cheapest first.

    Attributes:
        model: the prices.
        entries: each explanation with its cost; None, and last, where a signal over data has none, since it does not
            follow from known bits.
        of: how many explanations there are in all; those beyond the first 200 are not priced.
        table: the winners by the price of NOT and by the gate that is familiar.
        untried: how many settings of the prices are left out of the table: each of them takes seconds, which the
            smallest formulas of functions of four inputs need.
    """

    model: CostModel
    entries: tuple[tuple[float | None, Explanation], ...] = ()
    of: int = 0
    table: tuple[Prices, ...] = ()
    untried: int = 0

    @property
    def cheapest(self) -> tuple[Explanation, ...]:
        """The explanations that cost least."""
        costs = [math.inf if cost is None else cost for cost, _ in self.entries]
        return tuple(self.entries[k][1] for k in cheapest(costs))


def cheapest_mappings(mappings: Sequence[Mapping], model: CostModel) -> tuple[Mapping, ...]:
    """The mappings whose algorithm costs least."""
    return tuple(mappings[k] for k in cheapest([mapping.cost(model) for mapping in mappings]))


def rank(explanations: Iterable[Explanation], of: int, model: CostModel) -> Ranking:
    """Price the first 200 explanations, then price them again by every price of NOT and every familiar gate."""
    chosen = list(islice(explanations, MOST_PRICED))
    costs = [explanation.cost(model) for explanation in chosen]
    order = sorted(range(len(chosen)), key=lambda k: (costs[k], k))
    ranked = [chosen[k] for k in order]
    settings = [(negation, gate) for gate in (None, *FAMILIAR) for negation in NEGATIONS if len(ranked) > 1]
    dear = [setting for setting in settings if not _is_quick(ranked, discounted(model, *setting))]
    untried = set(dear[MOST_SEARCHED:])
    table = tuple(_winners(ranked, model, *setting) for setting in settings if setting not in untried)
    return Ranking(model, tuple((_known(costs[k]), chosen[k]) for k in order), of, table, len(untried))


def _known(cost: float) -> float | None:
    """A cost; None for an infinite one, which is none."""
    return cost if math.isfinite(cost) else None


@dataclass(frozen=True)
class PriceGrid:
    """What the explanations of a ranking cost by other prices.

    Attributes:
        negations: the prices of NOT.
        familiar: the gates that are known already, each at half the price of a plain gate; None for none.
        costs: for each gate and each price of NOT, the cost of every explanation in the order of the ranking, None for
            one that has none; None for all where finding the smallest formulas takes too long.
    """

    negations: tuple[float, ...]
    familiar: tuple[str | None, ...]
    costs: tuple[tuple[tuple[float | None, ...] | None, ...], ...]


def price_grid(ranking: Ranking) -> PriceGrid:
    """The explanations of a ranking priced again by every price of NOT, its own included, and every familiar gate.

    Prices by which some smallest formula takes seconds to find are left out, save the ranking's own.
    """
    explanations = [explanation for _, explanation in ranking.entries]
    gates, negations = (None, *FAMILIAR), sorted({*FINE_NEGATIONS, ranking.model.negation})

    def priced(gate: str | None, negation: float) -> tuple[float | None, ...] | None:
        prices = discounted(ranking.model, negation, gate)
        if prices == ranking.model:
            return tuple(cost for cost, _ in ranking.entries)
        if not _is_quick(explanations, prices):
            return None
        return tuple(_known(explanation.cost(prices)) for explanation in explanations)

    costs = tuple(tuple(priced(gate, negation) for negation in negations) for gate in gates)
    return PriceGrid(tuple(negations), gates, costs)


def discounted(model: CostModel, negation: float, familiar: str | None) -> CostModel:
    """The prices with another price of NOT, and one gate at half the price of a plain gate."""
    own = dict(model.familiar)
    known = {} if familiar is None else {familiar: min(model.gate * DISCOUNT, own.get(familiar, math.inf))}
    return replace(model, negation=negation, familiar={**dict(model.familiar), **known})


def _is_quick(explanations: Sequence[Explanation], model: CostModel) -> bool:
    """Whether all smallest formulas that the prices of the explanations need are quick to find."""
    largest = {table for e in explanations for table in e.functions if table.inputs == MOST_INPUTS}
    return all(model.is_cheap(table) and model.is_cheap(~table) for table in largest)


def _winners(ranked: Sequence[Explanation], model: CostModel, negation: float, gate: str | None) -> Prices:
    prices = discounted(model, negation, gate)
    costs = [explanation.cost(prices) for explanation in ranked]
    return Prices(negation, gate, _known(min(costs)), cheapest(costs))
