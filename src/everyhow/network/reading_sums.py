"""The interpretations of all circuits that meet a criterion, summed, none of these listed.

`kernels/reading_sums.py` sums up what has one prefix. A circuit uses every neuron of its prefix, though, and the halves
of the last hidden neurons know nothing of that. So inclusion-exclusion: from all that use any of the last neurons of a
prefix, those are taken away that use only some of them, for each set of some, with signs. A neuron that is there and
not used is read, too, so what is taken away counts as often as such neurons can be read: `Term.ways`. Terms of many
prefixes use the same neurons in the same way, and are joined first.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..common.progress import Progress
from ..common.shapes import Float, Int64
from ..common.threads import map_in_threads
from ..model.criterion import Criterion
from ..model.reading import InterpretationSum, ReadingRule, Summing
from .counting import subsets
from .feed_forward import FeedForward
from .layout import Search, goal_of, laid_out
from .listing import is_listable, whole_prefixes_of
from .reading_tables import as_read, most_readings, numbered_partitions, powers_of_two, shares_tables, steps_by_tables

# Candidate evaluations that a row of a half takes for each state, or a pair of rows near a boundary; and the power of
# all pairs that these grow by: by what was measured.
PER_ROW, NEAR = 3, 0.75
# Of so many parts, at most, terms are put together; it takes a second or two.
MOST_PARTS = 1 << 16


@dataclass
class Term:
    """What is summed up for one prefix, the neurons of whose last layer may be unused.

    Attributes:
        masks: its parents, (layers, neurons).
        bits: its edges, as bits of a circuit.
        first: the inputs that may be used, as a bit set.
        ways: how often each state of its last layer counts, signed.
        circuits: how often a circuit counts, signed.
        certain: how often one counts of which only the last hidden neurons may be in doubt, signed.
    """

    masks: Int64[np.ndarray, "layers neurons"]
    bits: np.uint64
    first: int
    ways: Float[np.ndarray, " states"]
    circuits: int = 0
    certain: int = 0


@dataclass(frozen=True, eq=False)
class ReadingSum(Summing):
    """The sum of the interpretations of all circuits that meet a criterion."""

    criterion: Criterion[FeedForward]
    rule: ReadingRule

    @property
    def is_possible(self) -> bool:
        """Whether circuits share tables, run alone and must be right everywhere; and whether the terms can be held, and
        their sums, in float64."""
        criterion, network = self.criterion, self.criterion.model
        alone = not any(carried.any() for carried in criterion.ablated) and (criterion.source < 0).all()
        plain = criterion.behavior.within is None and criterion.decision != "argmax" and criterion.allowed == 0
        if not (alone and plain and is_listable(network) and shares_tables(network, criterion.bases)):
            return False
        prefixes = self._search.number_of_prefixes(self._search.all_inputs)
        if prefixes is None or prefixes << network.widths[-3] > MOST_PARTS:
            return False
        # What a pair may add at a state: each last hidden neuron has at most so many readings, in each partition.
        of_pair = most_readings(len(criterion.bases)) ** network.widths[-2] * float(np.abs(self._weights).sum())
        return all(
            math.prod(self._rows(term)) * float(np.abs(term.ways).sum()) * of_pair < 2**53
            for term in self._terms.values()
        )

    @property
    def steps(self) -> int:
        """The candidate evaluations that it takes: each state of each term goes through the rows of both halves, and
        through pairs near a boundary, which grow more slowly than all pairs."""
        return sum(
            int(np.count_nonzero(term.ways)) * int(PER_ROW * (sum(rows) + math.prod(rows) ** NEAR))
            for term in self._terms.values()
            for rows in [self._rows(term)]
        )

    @property
    def steps_each(self) -> int:
        """The candidate evaluations that it takes at most to go through one circuit instead, by tables."""
        return steps_by_tables(self.criterion.model, self.criterion.bases)

    def ends(self, progress: Progress) -> tuple[InterpretationSum, InterpretationSum]:
        """The sums without the circuits that only possibly meet the criterion, and with them."""
        limits = self.criterion.certified_limits
        goals = goal_of(self.criterion, limits), goal_of(self.criterion, np.stack([limits[1]] * 2))
        jobs = [term for term in self._terms.values() if term.circuits or term.certain or term.ways.any()]
        totals = np.zeros((2, 3), object)
        found = map_in_threads(lambda term: self._summed(term, goals), jobs)
        for both in progress.track(found, len(jobs), "interpretations"):
            totals += both
        inner, outer = (InterpretationSum(once, circuits, circuits - sure) for once, circuits, sure in totals.tolist())
        return inner, outer

    @cached_property
    def _search(self) -> Search:
        return laid_out(self.criterion)

    @cached_property
    def _reads(self) -> tuple[Any, ...]:
        return as_read(self.criterion.model, self.criterion.bases, self.rule)

    @cached_property
    def _decision(self) -> np.uint64:
        """What each circuit decides, as bits."""
        return np.uint64(sum(1 << int(k) for k in np.flatnonzero(self.criterion.wanted[:, 0])))

    @cached_property
    def _partitions(self) -> Any:
        return numbered_partitions(len(self.criterion.bases), self.criterion.model.widths[-2])

    @property
    def _weights(self) -> np.ndarray:
        """Of each partition, where this is decided."""
        return self._partitions.once[self._decision]

    @cached_property
    def _powers(self) -> tuple[Any, ...]:
        return powers_of_two(max(self.criterion.model.widths), len(self.criterion.bases))

    def _summed(self, term: Term, goals: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
        """By each goal: the interpretations of all circuits of a term that are inside, each state counting as often as
        it says; and these circuits, and those of which no last hidden neuron is in doubt, signed."""
        from ..kernels import reading_sums as kernel
        from ..kernels.circuits import prefix_halves
        from ..kernels.halves import split_point
        from ..kernels.kdtree import build_tree
        from ..kernels.prefixes import used_neurons
        from ..kernels.reading_tables import shared_by

        layout, inputs, width = self._search.layout, len(self.criterion.bases), self.criterion.model.widths[-2]
        one, two = prefix_halves(term.masks, layout, term.first, 1, 0)
        tree_a, tree_b = build_tree(one.points), build_tree(two.points)  # which reorders the points
        used, cut = used_neurons(term.masks, len(term.masks), layout.widths, term.first), split_point(layout)
        a = kernel.rows_of(0, cut, one.points, tree_a, used, layout)
        b = kernel.rows_of(cut, width, two.points, tree_b, used, layout)
        asked = np.flatnonzero(self._weights)
        totals, tables = np.zeros((2, 3), object), None
        for k, goal in enumerate(goals):
            inside, between = kernel.pairs_inside(a, b, goal)
            if len(inside.groups) or len(inside.leaves):
                if tables is None:
                    shared = shared_by(term.bits, layout, self._reads, self._powers)
                    tables = kernel.all_tables(shared, used, layout, self._reads, self._partitions, self._powers)
                circuits, certain = kernel.circuits_inside(a, b, inside, tables)
                once = kernel.products_inside(a, b, inside, asked, self._weights[asked], term.ways, tables)
                if 0 < int(self._decision) < (1 << inputs) - 1:
                    ways = np.stack([term.ways] * 2)
                    once -= kernel.parities_inside(a, b, goal, self._decision, ways, tables, self._partitions)
                totals[k:] = int(once), term.circuits * int(circuits), term.certain * int(certain)
            if not between:
                # Nearly always: hardly any circuit lies on the decision boundary.
                break
        return totals

    def _rows(self, term: Term) -> tuple[int, int]:
        """The rows of both halves of a term."""
        from ..kernels.halves import split_point
        from ..kernels.prefixes import used_neurons

        layout = self._search.layout
        used = used_neurons(term.masks, len(term.masks), layout.widths, term.first)
        width, cut = int(layout.widths[-2]), split_point(layout)
        sizes = [1 << (int(layout.available[-2, j]) & used).bit_count() for j in range(width)]
        return math.prod(sizes[:cut]), math.prod(sizes[cut:])

    @cached_property
    def _terms(self) -> dict[bytes, Term]:
        """What is summed up, by the masks and the inputs."""
        from ..kernels.reading_tables import shared_by

        terms: dict[bytes, Term] = {}
        for masks, bits, needed in whole_prefixes_of(self._search):
            shared = shared_by(bits, self._search.layout, self._reads, self._powers)
            for part in self._parts(masks, bits, needed & 0xFFFFFFFF, shared.readings.counts, shared.ways[0]):
                part.certain = 0 if shared.doubtful else part.circuits
                key = part.masks.tobytes() + bytes([part.first & 0xFF])
                if key not in terms:
                    terms[key] = part
                else:
                    terms[key].ways = terms[key].ways + part.ways
                    terms[key].circuits += part.circuits
                    terms[key].certain += part.certain
        return terms

    def _parts(
        self, masks: np.ndarray, bits: np.uint64, present: int, counts: np.ndarray, ways: np.ndarray
    ) -> Iterator[Term]:
        """Inclusion-exclusion over the neurons of a prefix's last layer, of which `present` are there."""
        everything = self._search.all_inputs
        if not len(masks):
            # Inputs may be unused. What no output is fed by is not a circuit.
            yield Term(masks, bits, everything, ways, 1)
            yield Term(masks, bits, 0, -ways, -1)
            return
        if not present:
            return
        # The reading of the first neuron varies fastest, so its axis is the last.
        by_neuron = ways.reshape([max(1, count) for count in counts[::-1]])
        positions = self._search.layout.positions[len(masks) - 1]
        for used in subsets(present):
            unused = [j for j in range(len(counts)) if (present & ~used) >> j & 1]
            fewer, rest = masks.copy(), bits
            for j in unused:
                for i in range(masks.shape[1]):
                    if masks[-1, j] >> i & 1:
                        rest &= ~(np.uint64(1) << positions[j, i])
                fewer[-1, j] = 0
            sign = (-1) ** len(unused)
            summed = by_neuron.sum(axis=tuple(len(counts) - 1 - j for j in unused)).ravel()
            yield Term(fewer, rest, everything, sign * summed, sign)
