"""Survivors by what they cost, and how the cheapest one changes with the prices."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from ..boolean.cost import CostModel, cheapest
from ..boolean.smallest import MOST_INPUTS
from ..mapping.mapping import Mapping
from .witness import Explanation

# Explanations that are priced; and the prices of NOT and the familiar gates that are tried.
MOST_PRICED = 200
NEGATIONS = (0.0, 0.5, 1.0, 2.0)
FINE_NEGATIONS = tuple(k / 4 for k in range(9))
FAMILIAR = ("AND", "OR", "NAND", "NOR", "NIMP", "IMP", "XOR", "XNOR")
DISCOUNT = 0.5
# Prices by which some smallest formula takes seconds to find are tried only so often.
MOST_SEARCHED = 3


@dataclass(frozen=True)
class Prices:
    """One setting of the prices, and which explanations are cheapest by it.

    Attributes:
        negation: the price of NOT.
        familiar: the gate that is known already, at half the price of a plain gate; None when none is.
        cost: of the cheapest.
        winners: their ranks, the first of all being 0.
    """

    negation: float
    familiar: str | None
    cost: float
    winners: tuple[int, ...]


@dataclass(frozen=True)
class Ranking:
    """Explanations by cost, the cheapest first.

    Attributes:
        model: the prices.
        entries: each explanation with its cost.
        of: how many explanations there are in all; those beyond the first 200 are not priced.
        table: the winners by the price of NOT and by the gate that is familiar.
        untried: how many settings of the prices are left out of the table, since finding the smallest formulas of
            functions of four inputs takes seconds for each.
    """

    model: CostModel
    entries: tuple[tuple[float, Explanation], ...] = ()
    of: int = 0
    table: tuple[Prices, ...] = ()
    untried: int = 0

    @property
    def cheapest(self) -> tuple[Explanation, ...]:
        """The explanations that cost least."""
        return tuple(self.entries[k][1] for k in cheapest([cost for cost, _ in self.entries]))


def cost_of(explanation: Explanation, model: CostModel) -> float:
    """What an explanation costs: the gates of its algorithm, or its signals and the gate over them."""
    if isinstance(explanation, Mapping):
        return model.of_algorithm(explanation.algorithm)
    return explanation.cost(model)


def cheapest_mappings(mappings: Sequence[Mapping], model: CostModel) -> tuple[Mapping, ...]:
    """The mappings whose algorithm costs least."""
    return tuple(mappings[k] for k in cheapest([cost_of(mapping, model) for mapping in mappings]))


def rank(explanations: Iterable[Explanation], of: int, model: CostModel) -> Ranking:
    """Price the first 200 explanations, and again by every price of NOT and familiar gate."""
    chosen = list(islice(explanations, MOST_PRICED))
    costs = [cost_of(explanation, model) for explanation in chosen]
    order = sorted(range(len(chosen)), key=lambda k: (costs[k], k))
    ranked = [chosen[k] for k in order]
    settings = [(negation, gate) for gate in (None, *FAMILIAR) for negation in NEGATIONS if len(ranked) > 1]
    dear = [setting for setting in settings if not _is_quick(ranked, discounted(model, *setting))]
    untried = set(dear[MOST_SEARCHED:])
    table = tuple(_winners(ranked, model, *setting) for setting in settings if setting not in untried)
    return Ranking(model, tuple((costs[k], chosen[k]) for k in order), of, table, len(untried))


@dataclass(frozen=True)
class PriceGrid:
    """What the explanations of a ranking cost by other prices.

    Attributes:
        negations: the prices of NOT.
        familiar: the gates that are known already, each at half the price of a plain gate; None for none.
        costs: for each gate and each price of NOT, the cost of every explanation in the order of the ranking; None
            where finding the smallest formulas takes too long.
    """

    negations: tuple[float, ...]
    familiar: tuple[str | None, ...]
    costs: tuple[tuple[tuple[float, ...] | None, ...], ...]


def price_grid(ranking: Ranking) -> PriceGrid:
    """The explanations of a ranking priced again by every price of NOT, its own included, and every familiar gate.

    Prices by which some smallest formula takes seconds to find are left out, save the ranking's own.
    """
    explanations = [explanation for _, explanation in ranking.entries]
    gates, negations = (None, *FAMILIAR), sorted({*FINE_NEGATIONS, ranking.model.negation})

    def priced(gate: str | None, negation: float) -> tuple[float, ...] | None:
        prices = discounted(ranking.model, negation, gate)
        if prices == ranking.model:
            return tuple(cost for cost, _ in ranking.entries)
        if not _is_quick(explanations, prices):
            return None
        return tuple(cost_of(explanation, prices) for explanation in explanations)

    costs = tuple(tuple(priced(gate, negation) for negation in negations) for gate in gates)
    return PriceGrid(tuple(negations), gates, costs)


def discounted(model: CostModel, negation: float, familiar: str | None) -> CostModel:
    """The prices with another price of NOT, and one gate at half the price of a plain gate."""
    own = dict(model.familiar)
    known = {} if familiar is None else {familiar: min(model.gate * DISCOUNT, own.get(familiar, math.inf))}
    return replace(model, negation=negation, familiar={**dict(model.familiar), **known})


def _is_quick(explanations: Sequence[Explanation], model: CostModel) -> bool:
    """Whether all smallest formulas that the prices of the explanations need are quick to find."""
    signals = {s for e in explanations if not isinstance(e, Mapping) for s in e.functions if s.inputs == MOST_INPUTS}
    return all(model.is_cheap(signal) and model.is_cheap(~signal) for signal in signals)


def _winners(ranked: Sequence[Explanation], model: CostModel, negation: float, gate: str | None) -> Prices:
    prices = discounted(model, negation, gate)
    costs = [cost_of(explanation, prices) for explanation in ranked]
    return Prices(negation, gate, min(costs), cheapest(costs))
