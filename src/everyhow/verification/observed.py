"""An audit by data, found again as a whole from the network, the behavior and what was asked."""

import itertools
import json
from functools import lru_cache
from typing import Any

import numpy as np

from ..auditing.schema import EXACT
from ..model.behavior import Behavior, behavior_from_document
from ..network.documents import network_from_document
from ..network.network import Network
from . import plain, plain_mappings, plain_readouts
from .circuit_runs import BOUNDARY, all_circuits_run, decided_as
from .circuits import CircuitsAgain
from .comparing import Holds, Open
from .judging import verdict_of
from .placing import MOST_PAIRS, NeuronSet, Tree, disjoint, fewest, mapping_text, trees_for

# Neuron sets and runs of interchanges, and assignments of bits that are tried for readable signals.
MOST_INTERCHANGES, MOST_ASSIGNMENTS, MOST_DIRECTIONS = 3_000_000, 1 << 13, 17
VARIES = 1e-9
TOO_MANY = "more runs than are made one by one"
NEEDS_TRUTH_TABLE = "interpretations and experiments need the rows of a truth table as inputs"
# What was said until mappings by data had a ladder.
NEEDED_EARLIER = "interpretations, the ladder of algorithms and experiments need the rows of a truth table as inputs"
RUNGS = ("single", "irredundant", "ordered", "joint", "inert", "transitive")
# So many combinations of bits may never occur.
MOST_OPEN_ROWS = 8
# What is placed: each tree with its places.
Placed = list[tuple[Tree, list[tuple[NeuronSet, ...]]]]


def observed_again(document: dict[str, Any], network: Network) -> tuple[dict[str, Any], Behavior | None]:
    """The audit as it has to stand in audit.json; and the behavior, where its circuits are too many to be run."""
    decision, options = document["decision"], document["options"]
    given = [document["network"], document["behavior"], decision, options["ablation"], options["robust"],
             options["budget"]]  # fmt: skip
    circuits = _circuits(json.dumps(given, ensure_ascii=False))
    behavior = behavior_from_document(document["behavior"], decision)
    classes_or_one = network.widths[-1] == 1 or decision == "argmax"
    found: dict[str, Any] = {}
    rungs = list(document["ladder"]["circuits"])
    said = document["counts"]
    signatures, ties = (None, 0)
    if classes_or_one:
        signatures, ties = _signatures(json.dumps(given[:3], ensure_ascii=False))
    if circuits is None:
        reason = Open("more circuits than are run one by one")
        counts: dict[str, Any] = dict.fromkeys((k for k in said if k not in MAPPED), reason)
        details: Any = reason
        verdict: dict[str, Any] = {"where_then_what": reason}
        found["ladder"] = {"circuits": reason}
    else:
        counts = circuits.counts(said) | _by_inputs(circuits, behavior, said)
        details = circuits.details()
        verdict = {"where_then_what": circuits.verdict(rungs)}
        found["ladder"] = {"circuits": circuits.survivors(rungs)}
    if not classes_or_one:
        own: Any = None
    elif said["distinct_causal_signatures"] is None:
        own = Holds(lambda n: n is None, "nothing", "the budget did not allow it")
    else:
        own = Open(TOO_MANY) if signatures is None else len(set(signatures.values()))
    counts["distinct_causal_signatures"] = own
    bits = known_bits(document, network)
    placed = _placed(document, network, behavior, signatures, bits)
    if "mappings" in said or "aligned_algorithms" in said or isinstance(placed, list):
        known = isinstance(placed, list)
        counts["aligned_algorithms"] = len(placed) if known else placed
        counts["mappings"] = sum(len(places) for _, places in placed) if known else placed
    if placed is not None and document["schema_version"] >= EXACT:
        ladder, judged = _ladder(document, network, behavior, placed, np.array(bits, bool))
        found["ladder"] |= ladder
        verdict["what_then_where"] = judged
    mappings = [
        {"algorithm": str(tree.algorithm), "mappings": [mapping_text(tree, place) for place in places]}
        for tree, places in placed
    ] if isinstance(placed, list) else placed  # fmt: skip
    readouts, unread = _readouts(network, behavior, options["tolerance"])
    found |= {
        "counts": counts,
        "verdict": verdict,
        "capped": _capped(document, circuits, ties, unread),
        "beyond": _beyond(document, network, bits),
        "details": {"circuits": details, "readouts": readouts, "mappings": mappings},
    }  # fmt: skip
    return found, behavior if circuits is None else None


MAPPED = ("distinct_causal_signatures", "aligned_algorithms", "mappings")


@lru_cache(maxsize=8)
def _circuits(given: str) -> CircuitsAgain | None:
    document, said, decision, ablation, radius, budget = json.loads(given)
    network = network_from_document(document)
    behavior = behavior_from_document(said, decision)
    run = all_circuits_run(network, behavior, ablation or "zero")
    if run is None or not run.affordable("resample"):
        return None
    return CircuitsAgain(run, ablation or "zero", radius, budget)


def _by_inputs(circuits: CircuitsAgain, behavior: Behavior, said: dict[str, Any]) -> dict[str, Any]:
    """The circuits that use every input, and those that the released code would look at."""
    run, network = circuits.run, circuits.run.network
    found: dict[str, Any] = {}
    using = np.array([
        {i for parents in c[0] for i in parents} == set(range(network.widths[0])) for c in run.circuits
    ], bool)  # fmt: skip
    if "circuits_using_every_input" in said:
        perfect = run.right(circuits.asked)
        found["circuits_using_every_input"] = int(using.sum())
        found["perfect_circuits_using_every_input"] = _between(perfect.certain & using, perfect.possible & using)
    if "circuits_in_authors_space" in said:
        few = np.array([any(not parents for layer in c[:-1] for parents in layer) for c in run.circuits], bool)
        chosen = [run.circuits[k] for k in np.flatnonzero(using & few).tolist()]
        found["circuits_in_authors_space"] = len(chosen)
        ends = [np.zeros(0, bool)] * 2
        if chosen:
            outputs, _ = plain.run_many(network, behavior.points, chosen)
            certain, _, possible = decided_as(outputs, np.asarray(behavior.wanted), "round", 0.5)
            weights = np.asarray(behavior.weights)
            ends = [(~which) @ weights <= 0.01 - 1e-9 + 1e-12 for which in (certain, possible)]
        found["accurate_circuits_in_authors_space"] = _between(*ends)
    return found


def _between(certain: np.ndarray, possible: np.ndarray) -> int | list[int]:
    low, high = int(certain.sum()), int(possible.sum())
    return low if low == high else [low, high]


@lru_cache(maxsize=8)
def _signatures(given: str) -> tuple[dict[Any, bytes] | None, int]:
    """What is decided at each base after each neuron set takes its values from each source; and how many of these runs
    lie on the decision boundary."""
    document, said, decision = json.loads(given)
    network = network_from_document(document)
    behavior = behavior_from_document(said, decision)
    points = behavior.points
    sets = sum(2**width - 1 for width in network.widths[1:-1])
    if sets * len(points) ** 2 > MOST_INTERCHANGES:
        return None, 0
    states, found, ties = plain.run(network, points), {}, 0
    layers = list(zip(network.weights, network.biases, network.activations, strict=True))
    for layer, neurons in sorted(
        plain_mappings.neuron_sets(network), key=lambda one: (one[0], sum(1 << j for j in one[1]))
    ):
        rows = []
        for source in range(len(points)):
            state = states[layer].copy()
            state[:, list(neurons)] = states[layer][source, list(neurons)]
            for w, b, name in layers[layer:]:
                state = plain.activate(name, state @ w.T + b)
            if decision == "argmax":
                best = np.sort(state, axis=1)
                ties += int((best[:, -1] - best[:, -2] <= BOUNDARY).sum())
                rows.append(np.arange(state.shape[1]) == state.argmax(axis=1)[:, None])
            else:
                level: Any = network.threshold if decision == "threshold" else 0.5
                ties += int((np.abs(state - level) <= BOUNDARY).sum())
                rows.append(plain.bits_of(state, decision, level) == 1)
        found[layer, neurons] = np.array(rows).tobytes()
    return found, ties


def known_bits(document: dict[str, Any], network: Network) -> list[list[int]] | None:
    """The bits of each input that algorithms are over: the features, or the inputs' own bits where these are the rows
    of a truth table; None where no algorithm is looked for."""
    if network.widths[-1] > 1:
        return None
    bits, behavior = document["options"]["features"], behavior_from_document(document["behavior"], document["decision"])
    if document["schema_version"] < EXACT:
        return bits
    if bits is None and behavior.is_truth_table:
        bits = [list(map(int, row)) for row in itertools.product((0, 1), repeat=behavior.points.shape[1])]
    return None if bits is None or _is_open(bits, behavior) else bits


def _is_open(bits: list[list[int]], behavior: Behavior) -> bool:
    """Whether no function of the bits is wanted, or too many are: inputs of the same bits are to be decided otherwise,
    or too many combinations of bits never occur."""
    wanted = {(tuple(row), bool(bit)) for row, bit in zip(bits, np.asarray(behavior.wanted)[:, 0], strict=True)}
    seen = {row for row, _ in wanted}
    return len(wanted) > len(seen) or 2 ** len(bits[0]) - len(seen) > MOST_OPEN_ROWS


def _ladder(
    document: dict[str, Any], network: Network, behavior: Behavior, placed: Placed | Open | Holds, bits: np.ndarray
) -> tuple[dict[str, Any], Any]:
    """The mappings, the algorithms and the trivial ones that pass each rung, one by one; and the verdict on them."""
    if not isinstance(placed, list):
        why = placed if isinstance(placed, Open) else Open("the budget did not allow it")
        return dict.fromkeys(("mappings", "algorithms", "trivial"), why), why
    left = [(tree, place) for tree, places in placed for place in places]
    ladder: dict[str, dict[str, Any]] = {"mappings": {}, "algorithms": {}, "trivial": {}}
    forced = sum((len(bits) + 1) ** len(tree.variables) for tree, _ in left if tree.irredundant)
    for rung in RUNGS:
        if forced * len(bits) > MOST_INTERCHANGES:
            why = Open(TOO_MANY)
            return dict.fromkeys(ladder, why), why
        left = [one for one in left if rung == "single" or _passes(rung, network, behavior, bits, *one)]
        ladder["mappings"][rung] = len(left)
        ladder["algorithms"][rung] = len({str(tree.algorithm) for tree, _ in left})
        ladder["trivial"][rung] = sum(not place for _, place in left)
    if any("decision boundary" in reason for reason in document["capped"]):
        return ladder, Open("rounding decides it")
    depth = document["options"]["depth"]
    tables = _tables(bits.astype(int).tolist(), behavior)
    number = sum(len(list(trees_for(bits.shape[1], table, depth))) for table in tables)
    failure = None
    if not number:
        failure = f"no algorithm of depth {depth} or less computes this function; a larger depth may"
    elif not any(tree.variables for tree, _ in placed):
        failure = "no algorithm has, for each of its variables, neurons with the signature it needs"
    space = f"all {number:,} algorithms with all their minimal mappings"
    return ladder, verdict_of(ladder["mappings"], space, failure=failure, trivial=ladder["trivial"])


def _passes(rung: str, network: Network, behavior: Behavior, bits: np.ndarray, tree: Tree, place: Any) -> bool:
    points = behavior.points
    match rung:
        case "irredundant":
            return tree.irredundant
        case "ordered":
            return plain_mappings.is_ordered(tree.tree, place)
        case "joint":
            return plain_mappings.is_joint(network, points, tree.tree, tree.negated, place, bits)
        case "inert":
            return plain_mappings.is_inert(network, points, tree.tree, place, bits)
    return plain_mappings.is_transitive(network, points, tree.tree, tree.negated, place, bits)


def _beyond(document: dict[str, Any], network: Network, bits: list[list[int]] | None) -> list[Any]:
    earlier, features = document["schema_version"] < EXACT, document["options"]["features"]
    found: list[Any] = [NEEDED_EARLIER if earlier else NEEDS_TRUTH_TABLE]
    several = network.widths[-1] > 1
    if several and document["decision"] != "argmax":
        found.append("causal signatures and algorithms are of one output: see those of each output")
    elif several and not (earlier and features is None):
        found.append("algorithms are placed in networks of one output; this one tells classes apart")
    elif bits is None and features is None:
        found.append("algorithms are placed by features, bits known of each input; none were given")
    elif bits is None:
        found.append(Holds(lambda text: isinstance(text, str) and bool(text), "why no function is wanted", "in words"))
    return found


def _tables(bits: list[list[int]], behavior: Behavior) -> list[int]:
    """The truth tables, as numbers, over the bits of the inputs that decide as wanted at every input."""
    rows = [int("".join(map(str, each)), 2) for each in bits]
    wanted = {row: bool(bit) for row, bit in zip(rows, np.asarray(behavior.wanted)[:, 0], strict=True)}
    free = [row for row in range(2 ** len(bits[0])) if row not in wanted]
    known = sum(1 << row for row, bit in wanted.items() if bit)
    return [known | sum(1 << row for k, row in enumerate(free) if choice >> k & 1) for choice in range(1 << len(free))]


def _placed(
    document: dict[str, Any], network: Network, behavior: Behavior, signatures: Any, features: list[list[int]] | None
) -> Any:
    """The trees over the bits known of the inputs that have a place, with their minimal mappings."""
    if features is None:
        return None
    if document["counts"]["distinct_causal_signatures"] is None:
        return Holds(lambda one: one is None, "nothing", "the budget did not allow it")
    inputs, depth = len(features[0]), document["options"]["depth"]
    number = inputs
    for _ in range(depth - 1):
        number = inputs + 2 * number * (number - 1)
    if signatures is None or number**2 > MOST_PAIRS:
        return Open("more algorithms or interchanges than are gone through")
    rows = [int("".join(map(str, bits)), 2) for bits in features]
    groups: dict[bytes, list] = {}
    for one, table in signatures.items():
        groups.setdefault(table, []).append(one)
    minimal = {table: fewest(sets) for table, sets in groups.items()}
    found = []
    for table in _tables(features, behavior):
        for tree in trees_for(inputs, table, depth):
            options = []
            for v in tree.variables:
                needed = [
                    [bool((v.when_true if v.bits >> source & 1 else v.when_false) >> base & 1) for base in rows]
                    for source in rows
                ]
                options.append(minimal.get(np.array(needed)[:, :, None].tobytes(), []))
            places = list(disjoint(options))
            if places:
                found.append((tree, places))
    return found


def _readouts(network: Network, behavior: Behavior, tolerance: float) -> tuple[list[Any], list[str]]:
    found, unread = [], []
    for layer in range(1, network.depth):
        state = plain.run(network, behavior.points)[layer]
        scales = np.linalg.svd(state - state.mean(axis=0), compute_uv=False)
        rank = int((scales > VARIES * max(1.0, np.abs(state).max())).sum())
        if rank > MOST_DIRECTIONS:
            unread.append(
                f"layer {layer} spans {rank} directions over the inputs; signals are looked for in at most "
                f"{MOST_DIRECTIONS}: take a narrower layer"
            )
            continue
        found.append(_layer(behavior, layer, state, rank, tolerance))
    return found, unread


def _layer(behavior: Behavior, layer: int, state: np.ndarray, rank: int, tolerance: float) -> dict[str, Any]:
    middle, points = state.mean(axis=0), len(state)
    largest = max(1.0, float(np.abs(state).max()))
    scale = np.linalg.norm(state - middle, 2)
    inverse = np.linalg.pinv(state - middle, rcond=VARIES * largest / scale) if rank else np.zeros(state.T.shape)

    def fitted(signal: np.ndarray) -> tuple[np.ndarray, float, np.ndarray]:
        code = inverse @ (signal - signal.mean())
        constant = float(signal.mean() - code @ middle)
        return code, constant, state @ code + constant

    decisions = []
    for column in np.asarray(behavior.wanted, float).T:
        _, _, read = fitted(column)
        residual = float(plain_readouts.relative_residual(read, column)) if np.ptp(column) else 0.0
        accuracy = round(float(np.asarray(behavior.weights)[(read > 0.5) == (column == 1)].sum()), 12)
        decisions.append({"residual": residual, "accuracy": accuracy})
    found: dict[str, Any] = {"layer": layer, "readable_signals": Open(TOO_MANY), "directions": rank}
    found |= {"decisions": decisions, "signals": Open(TOO_MANY)}
    if 1 << rank > MOST_ASSIGNMENTS:
        return found
    # A code is known from its values at as many inputs as it has directions, and one more, that are independent.
    chosen: list[int] = []
    basis = np.column_stack([np.linalg.svd(state - middle, full_matrices=False)[0][:, :rank], np.ones(points)])
    for k in range(points):
        if np.linalg.matrix_rank(basis[[*chosen, k]], tol=1e-6) > len(chosen):
            chosen.append(k)
        if len(chosen) == rank + 1:
            break
    if len(chosen) <= rank:
        return found
    carried = basis @ np.linalg.pinv(basis[chosen])
    signals = set()
    for bits in itertools.product((0.0, 1.0), repeat=rank + 1):
        read = carried @ np.array(bits)
        signal = (read > 0.5).astype(float)
        if not signal.any() or signal.all():
            continue
        if plain_readouts.relative_residual(fitted(signal)[2], signal) <= tolerance:
            signals.add(tuple((signal != signal[0]).astype(int)))
    rows = []
    for signal in sorted(signals):
        code, constant, read = fitted(np.array(signal, float))
        residual = float(plain_readouts.relative_residual(read, np.array(signal, float)))
        rows.append({"coefficients": [float(c) for c in code], "constant": constant, "residual": residual})
    return found | {"readable_signals": len(rows), "signals": rows[:100]}


def _capped(document: dict[str, Any], circuits: CircuitsAgain | None, ties: int, unread: list[str]) -> Any:
    signatures = document["counts"]["distinct_causal_signatures"]
    partial = "outputs" in document or circuits is None or signatures is None or circuits.radius is not None
    if partial:
        held = "why something was not counted is told in words"
        reasons = [*(circuits.refused if circuits else ()), *unread]
        return Holds(lambda t: isinstance(t, list) and all(one in t for one in reasons) and
                     all(isinstance(one, str) and one for one in t), "reasons", held)  # fmt: skip
    more = ", so that rounding decides them" if document["schema_version"] >= EXACT else ""
    tied = [f"{ties:,} interchanges leave the output on the decision boundary{more}"] if ties else []
    assert circuits is not None
    return [*circuits.refused, *unread, *circuits.ties, *tied]
