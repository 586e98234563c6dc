"""Explanations against each other: population codes and mappings, who predicts whom, and prices, as plain values."""

from collections import abc
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from ...auditing.exhibits import Exhibits
from ...common.shares import percent
from ...experiment.deciding import Dispute
from ...model.explanation import Explanation
from ..audit_drawings import draw_rival
from ..drawings.svg import inside_page
from ..words import spelled, vacuous_text
from .room import Room
from .values import sets_of


def codes(shown: Exhibits, room: Room) -> dict[str, Any]:
    """The survivors that are priced, the matrix of their predictions, and what decides between each two."""
    ranking, experiments = shown.findings.ranking, shown.findings.experiments
    entries = ranking.entries[: room.rivals] if ranking else ()
    ranks = {explanation: k for k, (_, explanation) in enumerate(entries)}
    examined, matrix = experiments and experiments.examined, None
    if experiments is not None and examined is not None:
        kept = [(k, rank - 1) for rank, k in shown.examined if rank <= len(entries)]
        shares = examined.matrix
        matrix = {
            "members": [rank for _, rank in kept],
            "shares": [[_share(shares[i][j]) for j, _ in kept] for i, _ in kept],
            "said": [[examined.swaps[i].said(j) for j, _ in kept] for i, _ in kept],
            "most_moved": examined.most_moved,
            "left_out": experiments.of - len(kept),
        }
    return {
        "rivals": [_rival(shown, explanation, cost) for cost, explanation in entries],
        "number": ranking.of if ranking else 0,
        "matrix": matrix,
        "disputes": _disputes(experiments.disputes if experiments else (), ranks),
        "layers": [
            {
                "layer": layer.layer,
                "readable": len(layer.signals),
                "survivors": {} if layer.asked is None else layer.survivors,
                "tolerance": layer.signals.tolerance,
                "vacuous": vacuous_text(layer) if layer.vacuous else None,
            }
            for layer in shown.layers
        ],
    }


def _share(share: Fraction | None) -> str | None:
    return None if share is None else percent(float(share))


def _rival(shown: Exhibits, explanation: Explanation, cost: float | None) -> dict[str, Any]:
    return {
        "name": explanation.title,
        "where": spelled(explanation.named(shown.graph)),
        "parts": list(explanation.parts),
        "kind": explanation.kind,
        "cost": "?" if cost is None else cost,
        "svg": inside_page(draw_rival(explanation, shown)),
        "sets": sets_of(explanation),
    }


def _disputes(disputes: Sequence[Dispute[Any]], ranks: abc.Mapping[Any, int]) -> dict[str, str]:
    """What decides between two explanations, by their ranks."""
    found = {}
    for dispute in disputes:
        one, other = (ranks.get(explanation) for explanation in dispute.explanations)
        if one is not None and other is not None:
            found[f"{min(one, other)}-{max(one, other)}"] = dispute.told((f"#{one + 1}", f"#{other + 1}"))
    return found


def _priced(costs: Sequence[float | None]) -> list[float | None]:
    """The costs to six digits; None where there is none."""
    return [None if cost is None else float(f"{cost:.6g}") for cost in costs]


def cost(shown: Exhibits, room: Room) -> dict[str, Any] | None:
    """What the survivors cost by every price of NOT and every familiar gate of the page's controls."""
    ranking, grid = shown.findings.ranking, shown.prices
    if ranking is None or grid is None:
        return None
    model = ranking.model
    return {
        "negations": list(grid.negations),
        "familiar": list(grid.familiar),
        "costs": [[None if costs is None else _priced(costs[: room.rivals]) for costs in row] for row in grid.costs],
        "priced": min(len(ranking.entries), room.rivals),
        "number": ranking.of,
        "prices": {
            "AND, OR, NAND, NOR": model.gate,
            "NOT": model.negation,
            "XOR, XNOR": model.parity,
            **dict(model.familiar),
        },
        "untried": sum(costs is None for costs in (cell for row in grid.costs for cell in row)),
    }
