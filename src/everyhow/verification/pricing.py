"""The ranking of a stored audit by prices, priced again."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ..boolean.cost import CostModel
from ..boolean.truth_table import TruthTable
from . import plain_algorithms
from .naming import listed
from .trees import Tree, mapping_document
from .witnesses import Coded, Examined, Placed

MOST_PRICED, MOST_SEARCHED = 200, 3
NEGATIONS = (0.0, 0.5, 1.0, 2.0)
FAMILIAR = ("AND", "OR", "NAND", "NOR", "NIMP", "IMP", "XOR", "XNOR")
SAME = 1e-9


def price_of(tree: Tree, model: CostModel) -> float:
    """What an algorithm costs: every way to show each inner node as itself or as its complement is priced, a node that
    is used twice being built once."""
    below = list(
        dict.fromkeys(plain_algorithms.node(tree.tree, path) for path in plain_algorithms.variables(tree.tree))
    )
    best = math.inf
    for flips in itertools.product((False, True), repeat=len(below)):
        shown = dict(zip(below, flips, strict=True))
        cost = 0.0
        for node, negated in [*shown.items(), (tree.tree, tree.negated)]:
            left, a, right, b = node
            a, b = a != shown.get(left, False), b != shown.get(right, False)
            table = "".join(str(int(((x != a) and (y != b)) != negated)) for x in (0, 1) for y in (0, 1))
            cost += model.price(TruthTable.parse(table))
        best = min(best, cost)
    return best


def cost_of(one: Examined, model: CostModel) -> float:
    """What an explanation costs; the formulas of signals and gates are the library's own smallest ones."""
    return price_of(one.tree, model) if isinstance(one, Placed) else one.explanation.cost(model)


def model_of(options: dict[str, Any]) -> CostModel:
    """The prices that were asked for."""
    return CostModel() if options.get("costs") is None else CostModel(**options["costs"])


def prices_document(model: CostModel) -> dict[str, Any]:
    """The prices as they stand in audit.json."""
    return {"gate": model.gate, "not": model.negation, "xor": model.parity, "familiar": dict(model.familiar)}


def ranking_again(
    survivors: Sequence[Examined], of: int, last: Sequence[tuple[Tree, Any]] | None, model: CostModel
) -> dict[str, Any]:
    """The costs of an audit: survivors by cost, and the cheapest by every price of NOT and every familiar gate."""
    chosen = list(survivors[:MOST_PRICED])
    costs = [cost_of(one, model) for one in chosen]
    order = sorted(range(len(chosen)), key=lambda k: (costs[k], k))
    ranked = [chosen[k] for k in order]
    settings = [(n, gate) for gate in (None, *FAMILIAR) for n in NEGATIONS] if len(ranked) > 1 else []
    tables = {s for one in ranked if isinstance(one, Coded) for s in one.explanation.functions if s.inputs == 4}

    def priced(negation: float, gate: str | None) -> CostModel:
        own = dict(model.familiar)
        known = {} if gate is None else {gate: min(model.gate / 2, own.get(gate, math.inf))}
        return replace(model, negation=negation, familiar={**own, **known})

    slow = [s for s in settings if not all(priced(*s).is_cheap(t) and priced(*s).is_cheap(~t) for t in tables)]
    untried = set(slow[MOST_SEARCHED:])
    winners = []
    for setting in settings:
        if setting not in untried:
            prices = [cost_of(one, priced(*setting)) for one in ranked]
            winning = [k + 1 for k, cost in enumerate(prices) if cost <= min(prices) + SAME]
            winners.append(
                {"not": setting[0], "familiar": setting[1], "cost": _written(min(prices)), "places": winning}
            )
    cheapest = None
    if last is not None:
        prices = [price_of(tree, model) for tree, _ in last]
        left = [one for one, cost in zip(last, prices, strict=True) if cost <= min(prices) + SAME]
        cheapest = listed([mapping_document(*one) for one in left])
    return {
        "prices": prices_document(model),
        "cheapest_mappings": cheapest,
        "survivors": of,
        "ranking": [{"cost": _written(costs[k]), **chosen[k].document()} for k in order],
        "settings_not_tried": len(untried),
        "winners": winners,
    }


def _written(cost: float) -> float | None:
    """A price as it stands in audit.json: None where it is infinite."""
    return None if math.isinf(cost) else cost
