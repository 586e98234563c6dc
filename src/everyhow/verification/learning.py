"""What fits the rows that a network was shown, found again."""

from typing import Any

import numpy as np

from ..boolean.gates import name_of
from ..boolean.truth_table import TruthTable
from ..model.space import circuits_in_space
from ..network.network import Network
from . import plain
from .circuit_runs import RunCircuits, decided_as
from .comparing import Open
from .judging import refusal_of
from .naming import listed
from .signatures import SignaturesAgain
from .trees import Tree, all_trees, disjoint, fewest, needed, trees_for

MOST_UNSHOWN, DEEPEST_LISTED, MOST_LISTED, PAIRS_PER_LITERAL = 6, 3, 20_000, 8
TOO_MANY = "more algorithms or circuits than are gone through"


def lesson_again(
    network: Network, task: str, learned: str, decision: str, depth: int, shown: Any, budget: int,
    circuits: RunCircuits | None,
) -> tuple[Any, list[str]]:  # fmt: skip
    """The lesson as it stands in audit.json, or None when there is nothing to tell; and what was not counted."""
    inputs = network.widths[0]
    names = [format(row, f"0{inputs}b") for row in range(len(task))]
    known = [k for k in range(len(task)) if (task[k] == learned[k] if shown is None else names[k] in shown)]
    unshown = [k for k in range(len(task)) if k not in known]
    if not unshown or not known:
        return None, []
    head = {"shown": [names[k] for k in known], "told": shown is not None, "task": task, "learned": learned}
    refusal = refusal_of(
        f"telling {1 << len(unshown)} continuations apart", circuits_in_space(network.graph) << len(unshown), budget
    )
    if len(unshown) > MOST_UNSHOWN:
        others = f"{len(unshown)} rows were not shown; what fits the others is told apart for at most {MOST_UNSHOWN}"
        refusal = others
    if refusal:
        return head | {"fitting_circuits_between": None, "depth": 0, "continuations": []}, [refusal]
    tables = []
    for choice in range(1 << len(unshown)):
        bits = list(task)
        for k, row in enumerate(unshown):
            bits[row] = str(choice >> k & 1)
        tables.append("".join(bits))
    signatures = SignaturesAgain(network, plain.corners(network), "threshold")
    listed_depth, trees = _trees(inputs, tables, depth, budget)
    if circuits is None or trees is None or not signatures.affordable:
        return head | {key: Open(TOO_MANY) for key in ("fitting_circuits_between", "depth", "continuations")}, []
    outputs, _ = plain.run_many(network, plain.corners(network), circuits.circuits)
    found = []
    for table in tables:
        between = _fitting(network, outputs, decision, table, range(len(table)))
        algorithms = _aligned(signatures, trees[table], known)
        if algorithms or between[1]:
            name = name_of(TruthTable.parse(table)) or table
            one = {"table": table, "name": name, "circuits_between": between}
            found.append(one | {"algorithms": listed(algorithms)})
    found.sort(key=lambda one: (-one["circuits_between"][1], int(one["table"][::-1], 2)))
    fitting = _fitting(network, outputs, decision, task, known)
    return head | {"fitting_circuits_between": fitting, "depth": listed_depth, "continuations": found}, []


def _trees(inputs: int, tables: list[str], depth: int, budget: int) -> tuple[int, Any]:
    """The largest depth at which the trees of all functions are few and the budget allows counting them, and these;
    None when that takes too long."""
    if inputs > 3 or (inputs == 3 and depth > 2):
        return 0, None
    for candidate in range(min(depth, DEEPEST_LISTED), 1, -1):
        if _counting(inputs, candidate) <= budget:
            trees = _trees_by_text(inputs, tables, candidate)
            if sum(map(len, trees.values())) <= MOST_LISTED:
                return candidate, trees
    # Of depth 1 at most twelve compute a function, which cost nothing to count.
    return 1, _trees_by_text(inputs, tables, 1)


def _trees_by_text(inputs: int, tables: list[str], depth: int) -> dict[str, list[Tree]]:
    found = trees_for(inputs, [int(table[::-1], 2) for table in tables], depth)
    return dict(zip(tables, found.values(), strict=True))


def _counting(inputs: int, depth: int) -> int:
    """What counting trees of a depth from 2 is taken to cost: each pair of literals, or each function with eight of
    them."""
    literals = 2 * len({bits for _, bits, _ in all_trees(inputs, depth - 2)})
    return min(literals**2, 2**2**inputs) * literals * PAIRS_PER_LITERAL


def _aligned(signatures: SignaturesAgain, trees: list[Tree], known: list[int]) -> list[dict[str, Any]]:
    """The trees whose variables have places when only interchanges between known rows are asked for."""
    bases = sum(1 << row for row in known)

    def seen(rows: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(row & bases if k in known else 0 for k, row in enumerate(rows))

    groups: dict[tuple[int, ...], list[Any]] = {}
    for one, rows in signatures.rows.items():
        groups.setdefault(seen(rows), []).append(one)
    minimal = {rows: fewest(sets) for rows, sets in groups.items()}
    found = []
    for tree in trees:
        options = [minimal.get(seen(needed(v, range(len(signatures.points)))), []) for v in tree.variables]
        number = sum(1 for _ in disjoint(options))
        if number:
            found.append({"algorithm": str(tree.algorithm), "irredundant": tree.irredundant, "mappings": number})
    return found


def _fitting(network: Network, outputs: np.ndarray, decision: str, table: str, rows) -> list[int]:
    chosen = list(rows)
    wanted = np.array([[table[row] == "1"] for row in chosen])
    certain, _, possible = decided_as(outputs[:, chosen], wanted, decision, network.threshold)
    return [int(certain.all(axis=1).sum()), int(possible.all(axis=1).sum())]
