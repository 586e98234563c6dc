"""Algorithms and their places again: every tree, every neuron set, every rung, and the lists of an audit."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..model.behavior import Behavior
from . import plain_mappings
from .comparing import Open
from .naming import listed
from .signatures import SignaturesAgain
from .trees import NeuronSet, Tree, complexity, disjoint, fewest, mapping_document, mapping_text, needed, trees_for

# Pairs of operands that are gone through for all trees, runs in which variables are forced, and comparisons for
# algorithms that are not aligned.
MOST_PAIRS, MOST_FORCED, MOST_COMPARED = 1_600_000, 60_000, 20_000_000
# How many algorithms that are not aligned are scored, and how deep.
SCORED, SCORED_DEPTH = 100, 3
TOO_MANY = "more trees or neuron sets than are gone through"
MORE_FORCED = "more runs with forced variables than are made"

Place = tuple[NeuronSet, ...]


@dataclass(frozen=True, eq=False)
class PlacesAgain:
    """Everything that an audit says of algorithms and mappings, found again.

    Attributes:
        signatures: of every neuron set, at the inputs of the behavior.
        behavior: over inputs of which bits are known.
        depth: the largest depth of the trees.
        rungs: of the ladder, in order.
    """

    signatures: SignaturesAgain
    behavior: Behavior
    depth: int
    rungs: tuple[str, ...]

    @cached_property
    def bits(self) -> np.ndarray:
        """What is known of each input, shape (inputs, variables)."""
        assert self.behavior.bits is not None
        return self.behavior.bits

    @property
    def variables(self) -> int:
        """How many bits are known of each input."""
        return self.bits.shape[1]

    @cached_property
    def tables(self) -> list[int]:
        """The truth tables over the known bits, as numbers, that decide as wanted at every input."""
        wanted = dict(zip(self.behavior.rows, map(bool, np.asarray(self.behavior.wanted)[:, 0]), strict=True))
        free = [row for row in range(2**self.variables) if row not in wanted]
        known = sum(1 << row for row, bit in wanted.items() if bit)
        choices = range(1 << len(free))
        return [known | sum(1 << row for k, row in enumerate(free) if choice >> k & 1) for choice in choices]

    @cached_property
    def few_trees(self) -> bool:
        """Whether all trees can be gone through."""
        number = self.variables
        for _ in range(self.depth - 1):
            number = self.variables + 2 * number * (number - 1)
            if number**2 > 2 * MOST_PAIRS:
                return False
        return 2 * number * (number - 1) <= MOST_PAIRS

    @cached_property
    def by_table(self) -> dict[int, list[Tree]]:
        """For each table every tree that computes it up to complement, by depth, then by their operands."""
        return trees_for(self.variables, self.tables, self.depth)

    @cached_property
    def trees(self) -> list[Tree]:
        """All of these, by depth, then by their table."""
        every = [tree for trees in self.by_table.values() for tree in trees]
        return sorted(every, key=lambda tree: tree.algorithm.depth)

    @property
    def affordable(self) -> bool:
        """Whether everything is gone through."""
        return self.few_trees and self.signatures.affordable

    def places(self, tree: Tree) -> list[Place]:
        """Every minimal mapping of a tree."""
        minimal = self.signatures.minimal_sets
        return list(disjoint([minimal.get(needed(v, self.behavior.rows), []) for v in tree.variables]))

    @cached_property
    def aligned(self) -> dict[Tree, list[Place]]:
        """The aligned trees with their mappings, as they are listed: by table, then by depth."""
        order = lambda t: (t.algorithm.depth, t.negated, t.algorithm.tree.key)  # noqa: E731
        found = {tree: self.places(tree) for trees in self.by_table.values() for tree in sorted(trees, key=order)}
        return {tree: places for tree, places in found.items() if places}

    @cached_property
    def survivors(self) -> dict[str, list[tuple[Tree, Place]] | None]:
        """What passes each rung; None from the first one on that would take too many runs."""
        left = [(tree, place) for tree, places in self.aligned.items() for place in places]
        found: dict[str, Any] = {}
        for rung in self.rungs:
            forced = sum((len(self.bits) + 1) ** len(tree.variables) for tree, _ in left)
            if rung in ("joint", "transitive") and forced > MOST_FORCED:
                return found | dict.fromkeys(self.rungs[len(found) :])
            left = [(tree, place) for tree, place in left if rung == "single" or self._passes(rung, tree, place)]
            found[rung] = left
        return found

    def _passes(self, rung: str, tree: Tree, place: Place) -> bool:
        network, points, decision = self.signatures.network, self.signatures.points, self.signatures.decision
        match rung:
            case "irredundant":
                return tree.irredundant
            case "ordered":
                return plain_mappings.is_ordered(tree.tree, place)
            case "joint":
                return plain_mappings.is_joint(network, points, tree.tree, tree.negated, place, self.bits, decision)
            case "inert":
                return plain_mappings.is_inert(network, points, tree.tree, place, self.bits, decision)
        return plain_mappings.is_transitive(network, points, tree.tree, tree.negated, place, self.bits, decision)

    def counts(self) -> dict[str, Any]:
        """The counts of trees and mappings by their names."""
        found: dict[str, Any] = {}
        if not self.few_trees:
            found |= dict.fromkeys(("algorithms", "irredundant_algorithms"), Open(TOO_MANY))
        else:
            found["algorithms"] = len(self.trees)
            found["irredundant_algorithms"] = sum(tree.irredundant for tree in self.trees)
        if not self.affordable:
            keys = ("aligned_algorithms", "mappings", "irredundant_aligned_algorithms", "irredundant_mappings")
            return found | dict.fromkeys(keys, Open(TOO_MANY))
        found["aligned_algorithms"] = len(self.aligned)
        found["mappings"] = sum(map(len, self.aligned.values()))
        simple = {tree: places for tree, places in self.aligned.items() if tree.irredundant}
        found["irredundant_aligned_algorithms"] = len(simple)
        found["irredundant_mappings"] = sum(map(len, simple.values()))
        return found

    def ladder(self) -> dict[str, dict[str, Any]]:
        """Survivors by rung: mappings, algorithms, and those without variables."""
        if not self.affordable:
            reason = Open(TOO_MANY)
            return {part: dict.fromkeys(self.rungs, reason) for part in ("mappings", "algorithms", "trivial")}
        numbers = {
            "mappings": len,
            "algorithms": lambda left: len({id(tree) for tree, _ in left}),
            "trivial": lambda left: sum(not place for _, place in left),
        }
        return {
            part: {
                rung: Open(MORE_FORCED) if left is None else number(left) for rung, left in self.survivors.items()
            }
            for part, number in numbers.items()
        }  # fmt: skip

    def details(self) -> dict[str, Any]:
        """The lists of an audit."""
        aligned = [
            {"algorithm": str(tree.algorithm), "irredundant": tree.irredundant, "mappings": len(places)}
            for tree, places in self.aligned.items()
        ]
        survivors = {
            rung: Open(MORE_FORCED) if left is None else listed([mapping_document(tree, place) for tree, place in left])
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

    def by_algorithm(self) -> list[dict[str, Any]]:
        """The mappings of each aligned tree in words, by table, then by depth."""
        return [
            {
                "algorithm": str(tree.algorithm),
                "mappings": [mapping_text(tree, place) for place in self.aligned[tree]],
            }
            for trees in self.by_table.values()
            for tree in trees
            if tree in self.aligned
        ]

    def _near_misses(self) -> tuple[Any, int, int]:
        """The best place of each of the simplest irredundant trees that are not aligned."""
        irredundant = [tree for tree in self.trees if tree.irredundant]
        unaligned = [tree for tree in irredundant if tree not in self.aligned]
        if not self.signatures.sets or not unaligned:
            return [], 0, len(unaligned)
        tried = [tree for tree in unaligned if tree.algorithm.depth <= SCORED_DEPTH][:SCORED]
        pairs = len(self.bits) ** 2
        if len(tried) * len(self.signatures.sets) * pairs > MOST_COMPARED:
            return Open(TOO_MANY), len(tried), len(unaligned)
        best = [(tree, self._best_place(tree)) for tree in tried]
        found = [(tree, *one) for tree, one in best if one is not None]
        found.sort(key=lambda miss: (-min(miss[2]), *complexity(miss[0], miss[1])))
        documents = []
        for tree, place, agreeing in found:
            document = mapping_document(tree, place)
            for entry, number in zip(document["variables"], agreeing, strict=True):
                entry["iia"] = number / pairs
            documents.append(document)
        return documents, len(tried), len(unaligned)

    def _best_place(self, tree: Tree) -> tuple[Place, list[int]] | None:
        """The mapping whose worst variable agrees at the most pairs; of equals the one of fewest neurons that comes
        first."""
        pairs = len(self.bits) ** 2
        scores = []
        for variable in tree.variables:
            rows = needed(variable, self.behavior.rows)
            scores.append({
                one: pairs - sum((a ^ b).bit_count() for a, b in zip(rows, own, strict=True))
                for one, own in self.signatures.rows.items()
            })  # fmt: skip
        for least in sorted({n for score in scores for n in score.values()}, reverse=True) or [0]:
            options = [fewest([one for one, n in score.items() if n >= least]) for score in scores]
            places = list(disjoint(options))
            if places:
                best = min(places, key=lambda place: sum(len(neurons) for _, neurons in place))
                return best, [score[one] for score, one in zip(scores, best, strict=True)]
        return None


def signature_decision(behavior: Behavior) -> str:
    """How runs of interchanges are decided: over the rows of a truth table one output always by its threshold."""
    alone = behavior.is_truth_table and np.asarray(behavior.wanted).shape[1] == 1
    return "threshold" if alone else behavior.decision


def is_open(bits: Sequence[Sequence[int]], wanted: Sequence[Any], most: int) -> bool:
    """Whether no function of the bits decides as wanted, or too many do: inputs of the same bits are to be decided
    otherwise, or more than `most` combinations of bits never occur."""
    decided = {(tuple(row), bool(bit)) for row, bit in zip(bits, wanted, strict=True)}
    seen = {row for row, _ in decided}
    return len(decided) > len(seen) or 2 ** len(bits[0]) - len(seen) > most
