"""Explanations by cost, and how the winner changes with the prices."""

import itertools

import pytest

import everyhow as eh
from everyhow.experiment.ranking import FAMILIAR, NEGATIONS, cheapest_mappings, discounted, price_grid, rank
from everyhow.mapping.mapping import Mapping

from ..conftest import reference


def explanations():
    """The analytic network's readouts and mappings."""
    network = eh.xornet()
    return [*(m for a in eh.algorithms("XOR", 3) for m in eh.mappings(network, a)), *eh.readouts(network)]


def test_cheapest_first():
    """Sorted by cost, in the given order among equals."""
    chosen = explanations()
    ranking = rank(iter(chosen), len(chosen), eh.CostModel())
    costs = [e.cost(eh.CostModel()) for e in chosen]

    assert [cost for cost, _ in ranking.entries] == sorted(costs)
    assert [e for _, e in ranking.entries] == [
        chosen[k] for k in sorted(range(len(chosen)), key=lambda k: (costs[k], k))
    ]
    assert ranking.of == len(chosen)
    assert set(ranking.cheapest) == {e for e, cost in zip(chosen, costs, strict=True) if cost == min(costs)}


def test_winners_by_price():
    """Each cell of the table names the explanations that cost least at its prices."""
    chosen = explanations()
    ranking = rank(chosen, len(chosen), eh.CostModel())

    assert len(ranking.table) == len(NEGATIONS) * (1 + len(FAMILIAR))
    for cell in ranking.table:
        prices = discounted(eh.CostModel(), cell.negation, cell.familiar)
        costs = [e.cost(prices) for _, e in ranking.entries]
        assert cell.cost == min(costs)
        assert cell.winners == tuple(k for k, cost in enumerate(costs) if cost == min(costs))


def test_price_grid():
    """Every cost of the grid is that of the library's own prices; the ranking's own are among them."""
    chosen = explanations()
    model = eh.CostModel(negation=0.3, familiar={"NIMP": 0.75})
    ranking = rank(chosen, len(chosen), model)
    grid = price_grid(ranking)

    for block, row in zip(grid.familiar, grid.costs, strict=True):
        for negation, costs in zip(grid.negations, row, strict=True):
            known = {"NIMP": 0.75} | ({} if block is None else {block: 0.5})
            prices = eh.CostModel(negation=negation, familiar=known)
            assert costs == tuple(e.cost(prices) for _, e in ranking.entries)
    own = grid.costs[grid.familiar.index(None)][grid.negations.index(0.3)]
    assert own == tuple(cost for cost, _ in ranking.entries)


def test_what_decides_between_the_students():
    """With NOT for free Alice and Bob cost the same; a price of NOT favours Bob, a familiar NIMP Alice."""
    _, bob, alice = list(eh.readouts(eh.xornet()))[:3]

    def winner(**prices):
        costs = {name: e.cost(eh.CostModel(**prices)) for name, e in (("alice", alice), ("bob", bob))}
        least = min(costs.values())
        return [name for name, cost in costs.items() if cost == least]

    assert winner() == ["alice", "bob"]
    assert winner(negation=1) == ["bob"]
    assert winner(negation=1, familiar={"NIMP": 0.5}) == ["alice"]


def test_cheapest_mappings():
    """Those whose algorithm costs least; none of none."""
    network = eh.xornet()
    found = [m for a in eh.algorithms("XOR", 3) for m in eh.mappings(network, a)]
    costs = {m: eh.CostModel().of_algorithm(m.algorithm) for m in found}

    assert set(cheapest_mappings(found, eh.CostModel())) == {m for m in found if costs[m] == min(costs.values())}
    assert cheapest_mappings([], eh.CostModel()) == ()


def test_nothing_to_rank():
    """No explanation, no table."""
    ranking = rank([], 0, eh.CostModel())

    assert (ranking.entries, ranking.table) == ((), ())


def test_only_the_first_are_priced():
    """Two hundred are, and how many there are is kept."""
    ranking = rank(itertools.cycle(explanations()), 1000, eh.CostModel())

    assert (len(ranking.entries), ranking.of) == (200, 1000)


def test_audit_has_the_rung_cheapest():
    """The mappings that pass every rung, the cheapest of them kept."""
    audit = eh.audit(reference("and-2-3-3-1-seed0")[1], "AND")
    kept = audit.findings.mappings.survivors["inert"]

    assert audit.findings.cheapest == cheapest_mappings(kept, eh.CostModel())
    assert all(isinstance(m, Mapping) for m in audit.findings.cheapest)
    assert len(audit.findings.cheapest) <= len(kept)


@pytest.mark.parametrize("negation", [0, 1])
def test_prices_reach_the_audit(negation):
    """The audit ranks by the prices it was given."""
    audit = eh.audit(eh.xornet(), "XOR", costs=eh.CostModel(negation=negation))

    assert audit.findings.ranking.model.negation == negation
    assert audit.document()["details"]["costs"]["prices"]["not"] == negation
