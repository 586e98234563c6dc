"""What the released code counts, counted again: every circuit run, every formula tried."""

import itertools
import json
from functools import lru_cache
from typing import Any

import numpy as np

from ..auditing.schema import WHOLE_BY_DATA
from ..boolean.gates import name_of
from ..boolean.truth_table import TruthTable
from ..model.space import circuits_in_space
from ..model.task import parse_task
from ..network.documents import network_from_document
from ..network.network import Network
from . import plain, plain_circuits, plain_interpretations, plain_mappings
from .circuit_runs import BOUNDARY, VALUES_AT_ONCE
from .comparing import Holds, Open
from .judging import verdict_of
from .trees import disjoint, fewest, value

MOST_CIRCUITS, MOST_INTERPRETED, MOST_SETS = 60_000, 4_000, 130
TOO_MANY = "more circuits than are run one by one"


def authors_again(part: dict[str, Any], network: Network) -> dict[str, Any]:
    """The audit of one output, as it has to stand in audit.json."""
    given = [part["network"], part["options"], part["depth"]]
    counts = dict(_counts(json.dumps(given, ensure_ascii=False)))
    said = part["counts"]
    if "perfect_circuits" in said and said["perfect_circuits"] is None:
        held = Holds(lambda n: n is None, "nothing", "the budget did not allow it")
        circuits = ("circuits_in_space", "perfect_circuits", "interpretations", "interpretations_per_circuit")
        counts |= dict.fromkeys(circuits, held)
    elif said["interpretations"] is None:
        held = Holds(lambda n: n is None, "nothing", "the budget did not allow it")
        counts |= dict.fromkeys(("interpretations", "interpretations_per_circuit"), held)
    if said["candidate_formulas"] is None:
        held = Holds(lambda n: n is None, "nothing", "the budget did not allow it")
        counts |= dict.fromkeys(("candidate_formulas", "aligned_formulas", "mappings", "mappings_per_formula"), held)
    if isinstance(counts["interpretations_per_circuit"], Open):
        counts["interpretations_per_circuit"] = Holds(
            lambda n: n == sorted(n) and len(n) == said["perfect_circuits"] and sum(n) == said["interpretations"],
            "one number for each circuit, in order, and their sum", "only its order, number and sum",
        )  # fmt: skip
    table, name = _computes(network)
    task = part["options"]["tables"][0]
    inputs = network.widths[0]
    differs = [format(k, f"0{inputs}b") for k in range(len(task)) if table[k] != task[k]]
    capped, partial = _capped(part)
    perfect = said.get("perfect_circuits")
    return {
        "computes": {"table": table, "name": name, "differs_from_task_at": differs},
        "counts": {key: counts[key] for key in (*said, *(k for k in counts if k not in said))},
        "counts_exact": {key: str(n) for key, n in said.items() if type(n) is int},
        "ladder": {},
        "verdict": {
            "what_then_where": verdict_of(
                {"aligned": said["mappings"]}, "the formulas that the released code tries, with their minimal mappings",
                "; ".join(capped) if said["mappings"] is None else None, "no formula of the released code's is aligned",
                _trivial(said, network.widths[0]),
            ),
            "where_then_what": verdict_of(
                {"perfect": perfect}, "the circuits that the released code tries", "; ".join(capped),
                "no circuit that the released code tries is accurate",
            ),
        },
        "capped": capped if not partial else Holds(
            lambda t: isinstance(t, list) and all(isinstance(one, str) and one for one in t), "reasons",
            "why something was not counted is told in words",
        ),
        **({"beyond": []} if part["schema_version"] >= WHOLE_BY_DATA else {}),
        "details": {},
    }  # fmt: skip


def _trivial(said: dict[str, Any], inputs: int) -> dict[str, int]:
    """How many of the aligned formulas have no variables: a gate over two inputs, neither negated."""
    names = "ABCDEF"[:inputs]
    plain_gates = {f"{sign}{a}{gate}{b}" for a in names for b in names for gate in "*+" for sign in ("", "¬(")}
    return {"aligned": sum(text.rstrip(")") in plain_gates for text in said["mappings_per_formula"] or ())}


def _capped(part: dict[str, Any]) -> tuple[list[str], bool]:
    said = part["counts"]
    between = said.get("perfect_circuits_between")
    if between is not None:
        low, high = between
        return [f"some circuits lie on the decision boundary: there are between {low:,} and {high:,} accurate ones"], (
            said["mappings"] is None
        )
    nothing = any(said[key] is None for key in ("perfect_circuits", "interpretations", "mappings"))
    if not nothing:
        return [], False
    stated = part["capped"]
    return stated if isinstance(stated, list) and stated else ["why something was not counted"], True


def _computes(network: Network) -> tuple[str, str | None]:
    # The network itself is read by threshold, whatever it is judged by.
    outputs = plain.run(network, plain.corners(network))[-1][:, 0]
    table = "".join(str(int(output > network.threshold)) for output in outputs)
    return table, name_of(TruthTable.parse(table))


@lru_cache(maxsize=8)
def _counts(given: str) -> dict[str, Any]:
    document, options, depth = json.loads(given)
    network = network_from_document(document)
    task = parse_task(options["tables"][0]).tables[0]
    sparsity, order = options["min_node_sparsity"], options["pair_order"]
    found: dict[str, Any] = {"circuits_in_space": Open(TOO_MANY)}
    if sparsity:
        found["min_node_sparsity"] = sparsity
    if circuits_in_space(network.graph) > MOST_CIRCUITS:
        keys = ("perfect_circuits", "interpretations", "interpretations_per_circuit")
        found |= dict.fromkeys(keys, Open(TOO_MANY))
    else:
        found |= _circuits(network, task, sparsity)
    formulas = _formulas(network, task, depth, order)
    return found | formulas | {"pair_order": order}


def _circuits(network: Network, task: TruthTable, sparsity: float) -> dict[str, Any]:
    points, hidden = plain.corners(network), sum(network.widths[1:-1])
    looked_at = []
    for circuit in plain_circuits.all_circuits(network.weights):
        inputs = {i for parents in circuit[0] for i in parents}
        left_out = sum(not parents for layer in circuit[:-1] for parents in layer)
        if len(inputs) == network.widths[0] and left_out and left_out / hidden > sparsity:
            looked_at.append(circuit)
    labels = np.array([task.bits >> row & 1 for row in range(len(points))])
    accurate: list[np.ndarray] = [np.zeros(0, bool)] * 3
    at_once = max(1, VALUES_AT_ONCE // (len(points) * max(network.widths)))
    for k in range(0, len(looked_at), at_once):
        outputs = plain.run_many(network, points, looked_at[k : k + at_once])[0][:, :, 0]
        good = [np.round(outputs + by) == labels for by in (-BOUNDARY, 0.0, BOUNDARY)]
        parts = (good[0] & good[1] & good[2], good[1], good[0] | good[1] | good[2])
        accurate = [np.append(a, p.mean(axis=1) > 0.99) for a, p in zip(accurate, parts, strict=True)]
    certain, possible = int(accurate[0].sum()), int(accurate[2].sum())
    found: dict[str, Any] = {"circuits_in_space": len(looked_at)}
    if certain != possible:
        nothing = dict.fromkeys(("interpretations", "interpretations_per_circuit"))
        return found | {"perfect_circuits_between": [certain, possible]} | nothing
    found["perfect_circuits"] = certain
    if certain > MOST_INTERPRETED:
        return found | dict.fromkeys(("interpretations", "interpretations_per_circuit"), Open(TOO_MANY))
    memory: dict[Any, Any] = {}
    numbers = sorted(
        plain_interpretations.count_readings(network, points, looked_at[k], "round", 0.0, True, memory)[1]
        for k in np.flatnonzero(accurate[0]).tolist()
    )
    return found | {"interpretations": sum(numbers), "interpretations_per_circuit": numbers}


def _formulas(network: Network, task: TruthTable, depth: int, order: str) -> dict[str, Any]:
    """Formulas over * and + with the first set of negated nodes that computes the task, and their mappings."""
    keys = ("candidate_formulas", "aligned_formulas", "mappings", "mappings_per_formula")
    inputs = task.inputs
    if inputs > 2 or depth > 3 or sum(2**w for w in network.widths[1:-1]) > MOST_SETS:
        return dict.fromkeys(keys, Open("more formulas than are tried one by one"))
    names = "ABCDEF"[:inputs]
    level: list[Any] = list(names)
    for _ in range(depth):
        level = list(names) + [
            (sign, one, other)
            for one in level
            for other in level
            if _depth(one) >= _depth(other) and _text(one) < _text(other)
            for sign in "*+"
        ]
    points = plain.corners(network)
    rank = {row: tuple(row >> (inputs - 1 - names.index(n)) & 1 for n in order) for row in range(len(points))}
    bases = [sum(1 << b for b in rank if rank[b] > rank[s]) for s in range(len(points))]
    groups: dict[tuple[int, ...], list[Any]] = {}
    for one in sorted(plain_mappings.neuron_sets(network), key=lambda one: (one[0], sum(1 << j for j in one[1]))):
        rows = [
            sum(int(bit) << k for k, bit in enumerate(row)) for row in plain_mappings.signature(network, points, one)
        ]
        groups.setdefault(tuple(row & seen for row, seen in zip(rows, bases, strict=True)), []).append(one)
    minimal = {rows: fewest(sets) for rows, sets in groups.items()}
    candidates, found = 0, {}
    for skeleton in level:
        if isinstance(skeleton, str):
            continue
        negated = _first_negation(skeleton, inputs, task.bits)
        if negated is None:
            continue
        candidates += 1
        options = []
        for bits, off, on in _variables(skeleton, negated, inputs):
            rows = tuple((on if bits >> s & 1 else off) & seen for s, seen in enumerate(bases))
            options.append(minimal.get(rows, []))
        number = sum(1 for _ in disjoint(options))
        if number:
            found[_negated_text(skeleton, negated)] = number
    numbers = (candidates, len(found), sum(found.values()), found)
    return dict(zip(keys, numbers, strict=True))


def _depth(tree: Any) -> int:
    return 0 if isinstance(tree, str) else 1 + max(_depth(tree[1]), _depth(tree[2]))


def _size(tree: Any) -> int:
    return 1 if isinstance(tree, str) else 1 + _size(tree[1]) + _size(tree[2])


def _text(tree: Any) -> str:
    def bracketed(one: Any) -> str:
        return one if isinstance(one, str) else f"({_text(one)})"

    return tree if isinstance(tree, str) else tree[0].join((bracketed(tree[1]), bracketed(tree[2])))


def _value(tree: Any, at: int, negated: frozenset[int], inputs: int, forced: dict[int, int]) -> int:
    """The function of the node at a position, the positions being counted from the root, operands after their gate."""
    full = (1 << 2**inputs) - 1
    if at in forced:
        return forced[at]
    if isinstance(tree, str):
        bits = value("ABCDEF".index(tree), inputs)
    else:
        one = _value(tree[1], at + 1, negated, inputs, forced)
        other = _value(tree[2], at + 1 + _size(tree[1]), negated, inputs, forced)
        bits = one & other if tree[0] == "*" else one | other
    return bits ^ (full if at in negated else 0)


def _first_negation(tree: Any, inputs: int, wanted: int) -> frozenset[int] | None:
    """The first set of negated nodes, fewest first, that makes the formula compute the task."""
    # What a subtree can be by its own negations, for all of them at once: first the sets are listed, then tried.
    by_value = _negations(tree, 0, inputs)
    found = by_value.get(wanted, [])
    return min(found, key=lambda one: (len(one), sorted(one)), default=None)


def _negations(tree: Any, at: int, inputs: int) -> dict[int, list[frozenset[int]]]:
    """For each function the sets of negated nodes, within the tree at a position, that make it compute this function;
    among sets of one size for one function only the first matters."""
    full = (1 << 2**inputs) - 1
    if isinstance(tree, str):
        own = {value("ABCDEF".index(tree), inputs): [frozenset()]}
    else:
        one, other = _negations(tree[1], at + 1, inputs), _negations(tree[2], at + 1 + _size(tree[1]), inputs)
        own = {}
        for (f, some), (g, others) in itertools.product(one.items(), other.items()):
            bits = f & g if tree[0] == "*" else f | g
            own.setdefault(bits, []).extend(a | b for a in some for b in others)
    found: dict[int, list[frozenset[int]]] = {}
    for bits, sets in own.items():
        found.setdefault(bits, []).extend(sets)
        found.setdefault(bits ^ full, []).extend(one | {at} for one in sets)
    return {bits: _first_of_each_size(sets) for bits, sets in found.items()}


def _first_of_each_size(sets: list[frozenset[int]]) -> list[frozenset[int]]:
    best: dict[int, frozenset[int]] = {}
    for one in sets:
        if len(one) not in best or sorted(one) < sorted(best[len(one)]):
            best[len(one)] = one
    return list(best.values())


def _variables(tree: Any, negated: frozenset[int], inputs: int) -> list[tuple[int, int, int]]:
    """Every node below the root that has operands or is negated: its function, and the output when it is forced."""
    full, found = (1 << 2**inputs) - 1, []

    def visit(node: Any, at: int) -> None:
        if at and (not isinstance(node, str) or at in negated):
            off, on = (_value(tree, 0, negated, inputs, {at: bits}) for bits in (0, full))
            found.append((_value(node, at, negated, inputs, {}), off, on))
        if not isinstance(node, str):
            visit(node[1], at + 1)
            visit(node[2], at + 1 + _size(node[1]))

    visit(tree, 0)
    return found


def _negated_text(tree: Any, negated: frozenset[int]) -> str:
    def text(node: Any, at: int) -> str:
        own = node
        if not isinstance(node, str):
            own = f"({text(node[1], at + 1)}{node[0]}{text(node[2], at + 1 + _size(node[1]))})"
        return ("¬" if at in negated else "") + own

    found = text(tree, 0)
    return found[1:-1] if found.startswith("(") else found
