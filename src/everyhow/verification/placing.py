"""Algorithms and their places again: every tree, every neuron set, every rung, and the lists of an audit."""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..boolean.algorithms import Algorithm, Inner, Leaf, inner
from ..network.network import Network
from . import plain, plain_algorithms, plain_mappings
from .comparing import Open
from .naming import listed

# Pairs of operands that are gone through for all trees, neuron sets, inputs, and runs in which variables are forced.
MOST_PAIRS, MOST_SETS, MOST_INPUTS, MOST_FORCED = 1_600_000, 130, 4, 60_000
# How many algorithms that are not aligned are scored, and how deep.
SCORED, SCORED_DEPTH = 100, 3
TOO_MANY = "more trees or neuron sets than are gone through"

NeuronSet = tuple[int, tuple[int, ...]]


@dataclass(frozen=True)
class Variable:
    """An inner node of a tree: its function, and the output's when it is forced to 0 and to 1; tables as bits."""

    path: tuple[int, ...]
    bits: int
    when_false: int
    when_true: int


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree that computes the task, as the plain methods take it and by its name."""

    tree: Any
    negated: bool
    algorithm: Algorithm
    irredundant: bool
    variables: tuple[Variable, ...]


@dataclass(frozen=True, eq=False)
class PlacesAgain:
    """Everything that an audit says of algorithms and mappings, found again.

    Attributes:
        network: of one output.
        wanted: the truth table that it computes, as bits, bit k being row k.
        depth: the largest depth of the trees.
        rungs: of the ladder, in order.
    """

    network: Network
    wanted: int
    depth: int
    rungs: tuple[str, ...]

    @property
    def inputs(self) -> int:
        """Of the network."""
        return self.network.widths[0]

    @cached_property
    def points(self) -> np.ndarray:
        """The rows of the truth table, as the network takes them."""
        return plain.corners(self.network)

    @cached_property
    def sets(self) -> list[NeuronSet]:
        """Every neuron set, layer by layer, in the order of their neurons read as binary numbers, the first lowest."""
        number = sum(2**width for width in self.network.widths[1:-1])
        if number > MOST_SETS or self.inputs > MOST_INPUTS:
            return []
        return sorted(plain_mappings.neuron_sets(self.network), key=lambda one: (one[0], sum(1 << j for j in one[1])))

    @property
    def has_sets(self) -> bool:
        """Whether the neuron sets are few enough to be run."""
        return bool(self.sets) or self.network.depth == 1

    @cached_property
    def signatures(self) -> dict[NeuronSet, tuple[int, ...]]:
        """What the network decides at each base after each neuron set takes its values from each source."""
        return {
            one: tuple(_as_bits(row) for row in plain_mappings.signature(self.network, self.points, one))
            for one in self.sets
        }

    @cached_property
    def ties(self) -> int:
        """How many interchanges leave the output within 1e-9 of the decision boundary."""
        states, number = plain.run(self.network, self.points), 0
        for layer, neurons in self.sets:
            for source in range(len(self.points)):
                patch = states[layer].copy()
                patch[:, list(neurons)] = states[layer][source, list(neurons)]
                outputs = patch
                rest = zip(self.network.weights, self.network.biases, self.network.activations, strict=True)
                for w, b, name in list(rest)[layer:]:
                    outputs = plain.activate(name, outputs @ w.T + b)
                number += int((np.abs(outputs[:, 0] - self.network.threshold) <= 1e-9).sum())
        return number

    @cached_property
    def few_trees(self) -> bool:
        """Whether all trees can be gone through."""
        number = self.inputs
        for _ in range(self.depth - 1):
            number = self.inputs + 2 * number * (number - 1)
            if number**2 > 2 * MOST_PAIRS:
                return False
        return 2 * number * (number - 1) <= MOST_PAIRS

    @cached_property
    def trees(self) -> list[Tree]:
        """Every tree that computes what the network does up to complement, by depth, then by their operands."""
        return trees_for(self.inputs, self.wanted, self.depth)

    @property
    def affordable(self) -> bool:
        """Whether everything is gone through."""
        return self.few_trees and self.has_sets

    @cached_property
    def minimal_sets(self) -> dict[tuple[int, ...], list[NeuronSet]]:
        """For each signature the neuron sets that have it and of which no subset has it."""
        found: dict[tuple[int, ...], list[NeuronSet]] = {}
        for one, rows in self.signatures.items():
            found.setdefault(rows, []).append(one)
        return {rows: fewest(sets) for rows, sets in found.items()}

    def places(self, tree: Tree) -> list[tuple[NeuronSet, ...]]:
        """Every minimal mapping of a tree."""
        options = [self.minimal_sets.get(needed(v, self.inputs), []) for v in tree.variables]
        return list(disjoint(options))

    @cached_property
    def aligned(self) -> dict[Tree, list[tuple[NeuronSet, ...]]]:
        """The aligned trees with their mappings, as they are listed."""
        order = sorted(self.trees, key=lambda t: (t.algorithm.depth, t.negated, t.algorithm.tree.key))
        found = {tree: self.places(tree) for tree in order}
        return {tree: places for tree, places in found.items() if places}

    @cached_property
    def survivors(self) -> dict[str, list[tuple[Tree, tuple[NeuronSet, ...]]] | None]:
        """What passes each rung; None from the first one on that would take too many runs."""
        left = [(tree, place) for tree, places in self.aligned.items() for place in places]
        found: dict[str, Any] = {}
        for rung in self.rungs:
            if rung != "single":
                forced = sum((len(self.points) + 1) ** len(tree.variables) for tree, _ in left)
                if left is None or (rung not in ("irredundant", "ordered", "inert") and forced > MOST_FORCED):
                    return found | dict.fromkeys(self.rungs[len(found) :])
                passes = RUNGS[rung]
                left = [(tree, place) for tree, place in left if passes(self, tree, place)]
            found[rung] = left
        return found

    def counts(self) -> dict[str, Any]:
        """The counts by their names."""
        found: dict[str, Any] = {}
        if not self.few_trees:
            found |= dict.fromkeys(("algorithms", "irredundant_algorithms"), Open(TOO_MANY))
        else:
            found["algorithms"] = len(self.trees)
            found["irredundant_algorithms"] = sum(tree.irredundant for tree in self.trees)
        if not self.affordable:
            keys = ("aligned_algorithms", "mappings", "irredundant_aligned_algorithms", "irredundant_mappings")
            found |= dict.fromkeys(keys, Open(TOO_MANY))
        else:
            found["aligned_algorithms"] = len(self.aligned)
            found["mappings"] = sum(map(len, self.aligned.values()))
            simple = {tree: places for tree, places in self.aligned.items() if tree.irredundant}
            found["irredundant_aligned_algorithms"] = len(simple)
            found["irredundant_mappings"] = sum(map(len, simple.values()))
        distinct = len(set(self.signatures.values())) if self.has_sets else Open(TOO_MANY)
        return found | {"distinct_causal_signatures": distinct}

    def ladder(self) -> dict[str, dict[str, Any]]:
        """Survivors by rung: mappings, algorithms, and those without variables."""
        if not self.affordable:
            reason = Open(TOO_MANY)
            return {part: dict.fromkeys(self.rungs, reason) for part in ("mappings", "algorithms", "trivial")}
        kept = self.survivors
        unknown = Open("more runs with forced variables than are made")
        return {
            "mappings": {rung: unknown if left is None else len(left) for rung, left in kept.items()},
            "algorithms": {
                rung: unknown if left is None else len({id(tree) for tree, _ in left}) for rung, left in kept.items()
            },
            "trivial": {
                rung: unknown if left is None else sum(not place for _, place in left) for rung, left in kept.items()
            },
        }

    def details(self) -> dict[str, Any]:
        """The lists of an audit."""
        aligned = [
            {"algorithm": str(tree.algorithm), "irredundant": tree.irredundant, "mappings": len(places)}
            for tree, places in self.aligned.items()
        ]
        survivors = {
            rung: Open("more runs with forced variables than are made")
            if left is None
            else listed([mapping_document(tree, place) for tree, place in left])
            for rung, left in self.survivors.items()
            if rung != "single"
        }
        misses, scored, of = self._near_misses()
        return {
            "aligned": listed(aligned),
            "survivors": survivors,
            "near_misses": misses,
            "near_misses_scored": {"algorithms": scored, "of": of},
        }

    def _near_misses(self) -> tuple[Any, int, int]:
        """The best place of each of the simplest irredundant trees that are not aligned."""
        irredundant = [tree for tree in self.trees if tree.irredundant]
        unaligned = [tree for tree in irredundant if tree not in self.aligned]
        if not self.sets or not unaligned:
            return [], 0, len(unaligned)
        tried = [tree for tree in unaligned if tree.algorithm.depth <= SCORED_DEPTH][:SCORED]
        found = []
        for tree in tried:
            best = self._best_place(tree)
            if best is not None:
                found.append((tree, *best))
        found.sort(key=lambda miss: (-min(miss[2]), *complexity(miss[0], miss[1])))
        pairs = len(self.points) ** 2
        documents = []
        for tree, place, agreeing in found:
            document = mapping_document(tree, place)
            for entry, number in zip(document["variables"], agreeing, strict=True):
                entry["iia"] = number / pairs
            documents.append(document)
        return documents, len(tried), len(unaligned)

    def _best_place(self, tree: Tree) -> tuple[tuple[NeuronSet, ...], list[int]] | None:
        """The mapping whose worst variable agrees at the most pairs; of equals the one of fewest neurons that comes
        first."""
        pairs = len(self.points) ** 2
        scores = []
        for variable in tree.variables:
            rows = needed(variable, self.inputs)
            scores.append({
                one: pairs - sum((a ^ b).bit_count() for a, b in zip(rows, own, strict=True))
                for one, own in self.signatures.items()
            })  # fmt: skip
        for least in sorted({n for score in scores for n in score.values()}, reverse=True) or [0]:
            options = [fewest([one for one, n in score.items() if n >= least]) for score in scores]
            places = list(disjoint(options))
            if places:
                best = min(places, key=lambda place: sum(len(neurons) for _, neurons in place))
                return best, [score[one] for score, one in zip(scores, best, strict=True)]
        return None


def _irredundant(again: PlacesAgain, tree: Tree, place) -> bool:
    return tree.irredundant


def _ordered(again: PlacesAgain, tree: Tree, place) -> bool:
    return plain_mappings.is_ordered(tree.tree, place)


def _joint(again: PlacesAgain, tree: Tree, place) -> bool:
    return plain_mappings.is_joint(again.network, again.points, tree.tree, tree.negated, place)


def _inert(again: PlacesAgain, tree: Tree, place) -> bool:
    return plain_mappings.is_inert(again.network, again.points, tree.tree, place)


def _transitive(again: PlacesAgain, tree: Tree, place) -> bool:
    return plain_mappings.is_transitive(again.network, again.points, tree.tree, tree.negated, place)


# The rungs after the first, each with what passes it.
RUNGS: dict[str, Callable[[PlacesAgain, Tree, tuple[NeuronSet, ...]], bool]] = {
    "irredundant": _irredundant, "ordered": _ordered, "joint": _joint, "inert": _inert, "transitive": _transitive,
}  # fmt: skip


def _as_bits(row: Sequence) -> int:
    return sum(int(bit) << k for k, bit in enumerate(row))


def columns(inputs: int) -> list[int]:
    """The truth table of each input."""
    return [sum((row >> (inputs - 1 - i) & 1) << row for row in range(2**inputs)) for i in range(inputs)]


def all_trees(inputs: int, depth: int) -> list[tuple[Any, int, int]]:
    """Every tree of depth 0 to `depth`: the tree, its function, its depth."""
    leaves = [(i, bits, 0) for i, bits in enumerate(columns(inputs))]
    level, full = leaves, (1 << 2**inputs) - 1
    for _ in range(depth):
        level = leaves + [
            ((one, a, other, b), (f ^ (full if a else 0)) & (g ^ (full if b else 0)), 1 + max(d, e))
            for (one, f, d), (other, g, e) in itertools.combinations(level, 2)
            for a in (False, True)
            for b in (False, True)
        ]
    return level


def trees_for(inputs: int, wanted: int, depth: int) -> list[Tree]:
    """The trees of depth 1 to `depth` that compute a function or its complement, by depth, then by their operands."""
    full, found = (1 << 2**inputs) - 1, []
    operands = all_trees(inputs, depth - 1)
    for (one, f, _), (other, g, _) in itertools.combinations(operands, 2):
        for a, b in ((False, False), (False, True), (True, False), (True, True)):
            bits = (f ^ (full if a else 0)) & (g ^ (full if b else 0))
            if bits == wanted or bits ^ full == wanted:
                found.append(_tree((one, a, other, b), bits != wanted, inputs))
    return sorted(found, key=lambda tree: (tree.algorithm.depth, tree.algorithm.tree.key))


def _tree(tree: Any, negated: bool, inputs: int) -> Tree:
    named = _named(tree)
    algorithm = Algorithm(inputs, named, negated)  # type: ignore[arg-type]
    ordered = _plain(named)
    full = (1 << 2**inputs) - 1
    found = tuple(
        Variable(path, value(plain_algorithms.node(ordered, path), inputs), *(value(ordered, inputs, path, forced) ^
                 (full if negated else 0) for forced in (0, full)))
        for path in plain_algorithms.variables(ordered)
    )  # fmt: skip
    return Tree(ordered, negated, algorithm, plain_algorithms.is_irredundant(ordered, plain.rows(inputs)), found)


def value(tree: Any, inputs: int, forced_path: tuple[int, ...] | None = None, forced: int = 0, path=()) -> int:
    """The function of a tree as bits, one node of it being replaced."""
    if path == forced_path:
        return forced
    if isinstance(tree, int):
        return columns(inputs)[tree]
    left, a, right, b = tree
    full = (1 << 2**inputs) - 1
    one = value(left, inputs, forced_path, forced, (*path, 0)) ^ (full if a else 0)
    return one & (value(right, inputs, forced_path, forced, (*path, 1)) ^ (full if b else 0))


def _named(tree: Any) -> Inner | Leaf:
    if isinstance(tree, int):
        return Leaf(tree)
    left, a, right, b = tree
    return inner(_named(left), a, _named(right), b)


def _plain(tree: Inner | Leaf) -> Any:
    if isinstance(tree, Leaf):
        return tree.index
    return (_plain(tree.left), tree.left_negated, _plain(tree.right), tree.right_negated)


def needed(variable: Variable, inputs: int) -> tuple[int, ...]:
    """The signature of neurons that carry a variable: at each source, the output when the variable has its value."""
    return tuple(
        variable.when_true if variable.bits >> row & 1 else variable.when_false for row in range(2**inputs)
    )  # fmt: skip


def fewest(sets: Sequence[NeuronSet]) -> list[NeuronSet]:
    """The sets of which no other one lies inside, smallest first."""
    kept = [s for s in sets if not any(o != s and o[0] == s[0] and set(o[1]) <= set(s[1]) for o in sets)]
    return sorted(kept, key=lambda one: len(one[1]))


def disjoint(options: Sequence[Sequence[NeuronSet]]) -> Iterator[tuple[NeuronSet, ...]]:
    """Every choice of one set from each that share no neuron."""

    def extend(chosen: tuple[NeuronSet, ...]) -> Iterator[tuple[NeuronSet, ...]]:
        if len(chosen) == len(options):
            yield chosen
            return
        for one in options[len(chosen)]:
            if not any(one[0] == other[0] and set(one[1]) & set(other[1]) for other in chosen):
                yield from extend((*chosen, one))

    if all(options):
        yield from extend(())


def mapping_document(tree: Tree, place: Sequence[NeuronSet]) -> dict[str, Any]:
    """A mapping as it stands in audit.json."""
    return {
        "algorithm": str(tree.algorithm),
        "variables": [
            {"variable": variable.name, "neurons": [[layer, j] for j in neurons]}
            for variable, (layer, neurons) in zip(tree.algorithm.variables, place, strict=True)
        ],
    }


def complexity(tree: Tree, place: Sequence[NeuronSet]) -> tuple:
    """What mappings are ordered by, simplest first."""
    algorithm = tree.algorithm
    return (
        not tree.irredundant, len(algorithm.variables), algorithm.depth, str(algorithm),
        sum(len(neurons) for _, neurons in place), mapping_text(tree, place),
    )  # fmt: skip


def mapping_text(tree: Tree, place: Sequence[NeuronSet]) -> str:
    """Where the variables are, in words."""
    if not place:
        return "no variable to place"
    pairs = zip(tree.algorithm.variables, place, strict=True)
    return ", ".join(f"{v.name} in layer {layer}: {'+'.join(map(str, neurons))}" for v, (layer, neurons) in pairs)
