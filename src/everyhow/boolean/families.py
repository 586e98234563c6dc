"""Families of sets as zero-suppressed decision diagrams: 10^20 sets in a few thousand nodes (Minato, DAC 1993)."""

import random
from collections.abc import Callable, Collection, Iterator
from typing import Any

import numpy as np

from ..common.errors import InputError
from ..common.shapes import UInt64

# The family without a set, and that of the empty set alone.
NOTHING, UNIT = 0, 1
# An item after all others: that of the two families above.
LAST = 1 << 60
# Sets that are listed at once, and bits of a word.
LISTED_AT_ONCE, WORD = 1 << 16, 64


class Families:
    """Families of sets of the items 0, 1, ..., `items` - 1. A family is a number; equal families have equal numbers.

    A node (item, low, high) is the family of all sets of `low`, and all sets of `high` with `item` added; both have
    later items only. Equal nodes are one, so that whatever is computed of a node is computed once.

    Example:
        >>> of = Families(2)
        >>> either = of.node(0, of.node(1, NOTHING, UNIT), UNIT)
        >>> of.count(either), list(of.sets(either)), of.by_size(of.minimal(either))
        (2, [1, 2], {1: 2})
    """

    def __init__(self, items: int) -> None:
        self.items = items
        self._item, self._low, self._high = [LAST, LAST], [NOTHING, UNIT], [NOTHING, UNIT]
        self._numbers: dict[tuple[int, int, int], int] = {}
        self._counts: dict[int, int] = {NOTHING: 0, UNIT: 1}
        self._known: dict[tuple[str, int, int], int] = {}

    def __len__(self) -> int:
        return len(self._item)

    def node(self, item: int, low: int, high: int) -> int:
        """The sets of `low`, and those of `high` with `item` added, which comes before all items of both."""
        if high == NOTHING:
            return low
        key = (item, low, high)
        found = self._numbers.get(key)
        if found is None:
            found = self._numbers[key] = len(self._item)
            self._item.append(item)
            self._low.append(low)
            self._high.append(high)
        return found

    def any_of(self, items: Collection[int], after: int = UNIT) -> int:
        """The sets of `after` with any of some earlier items added."""
        for item in sorted(items, reverse=True):
            after = self.node(item, after, after)
        return after

    def with_all(self, bits: int) -> int:
        """The sets that have all items of one, given as a number as in `sets`.

        Example:
            >>> of = Families(3)
            >>> list(of.sets(of.with_all(5)))
            [5, 7]
        """
        found = UNIT
        for item in range(self.items - 1, -1, -1):
            there = bits >> (self.items - 1 - item) & 1
            found = self.node(item, NOTHING if there else found, found)
        return found

    def union(self, one: int, other: int) -> int:
        """The sets that are in one of two families."""
        if one == other or other == NOTHING:
            return one
        if one == NOTHING:
            return other
        return self._both("union", min(one, other), max(one, other), self._union)

    def intersection(self, one: int, other: int) -> int:
        """The sets that are in both of two families."""
        if one == other:
            return one
        if NOTHING in (one, other):
            return NOTHING
        return self._both("intersection", min(one, other), max(one, other), self._intersection)

    def difference(self, one: int, other: int) -> int:
        """The sets of a family that are not in another."""
        if other == NOTHING:
            return one
        if one in (NOTHING, other):
            return NOTHING
        return self._both("difference", one, other, self._difference)

    def minimal(self, family: int) -> int:
        """The sets of a family with no other one of it inside."""
        if family <= UNIT:
            return family
        return self._both("minimal", family, family, self._minimal)

    def containing_none(self, family: int, others: int) -> int:
        """The sets of a family inside which no set of another family lies."""
        if others == NOTHING:
            return family
        if family == NOTHING or self.has_empty(others):
            return NOTHING
        if family == UNIT:
            return UNIT
        return self._both("containing none", family, others, self._containing_none)

    def within_none(self, family: int, others: int) -> int:
        """The sets of a family that lie inside no set of another family."""
        if others == NOTHING or family == NOTHING:
            return family
        if family in (UNIT, others):
            return NOTHING
        if others == UNIT:
            return self.difference(family, UNIT)
        return self._both("within none", family, others, self._within_none)

    def has_empty(self, family: int) -> bool:
        """Whether the empty set is in a family."""
        while family > UNIT:
            family = self._low[family]
        return family == UNIT

    def within(self, family: int, items: Collection[int]) -> int:
        """The sets of a family that have none but some items."""
        allowed = set(items)

        def kept(item: int, low: int, high: int) -> int:
            return self.node(item, low, high) if item in allowed else low

        return self._folded(family, NOTHING, UNIT, kept)[family]

    def with_some(self, family: int, items: Collection[int]) -> int:
        """The sets of a family that have some of the items."""
        wanted = set(items)
        last = max(wanted, default=-1)
        known: dict[int, int] = {}

        def some(one: int) -> int:
            item = self._item[one]
            if item > last:
                return NOTHING
            if one not in known:
                high = self._high[one] if item in wanted else some(self._high[one])
                known[one] = self.node(item, some(self._low[one]), high)
            return known[one]

        return some(family)

    def linked(self, family: int, first: Collection[int], second: Collection[int]) -> int:
        """The sets of a family that have some of the first items and some of the second, or none of either. The first
        come before the second."""
        before, after = set(first), set(second)
        between, last = max(before, default=-1), max(before | after, default=-1)
        known: dict[tuple[int, bool], int] = {}

        def left(one: int, has: bool) -> int:
            item = self._item[one]
            if item > last:
                return NOTHING if has else one
            if item > between and not has:
                return self.without_any(one, after)
            key = (one, has)
            if key not in known:
                low, high = self._low[one], self._high[one]
                up = high if has and item in after else left(high, has or item in before)
                known[key] = self.node(item, left(low, has), up)
            return known[key]

        return left(family, False)

    def without_any(self, family: int, items: Collection[int]) -> int:
        """The sets of a family that have none of the items."""
        known: dict[int, int] = {}
        last = max(items, default=-1)

        def left(one: int) -> int:
            item = self._item[one]
            if item > last:
                return one
            if one not in known:
                low = left(self._low[one])
                known[one] = low if item in items else self.node(item, low, left(self._high[one]))
            return known[one]

        return left(family)

    def count(self, family: int) -> int:
        """How many sets a family has."""
        for one in self._below(family):
            if one not in self._counts:
                self._counts[one] = self._counts[self._low[one]] + self._counts[self._high[one]]
        return self._counts[family]

    def by_size(self, family: int) -> dict[int, int]:
        """How many sets a family has of each size that it has."""
        # The numbers by size are the digits of one number, of as many bits as the largest of them can take.
        digit = self.items + 1
        numbers = self._folded(family, 0, 1, lambda _, low, high: low + (high << digit))
        found, left = {}, numbers[family]
        for size in range(self.items + 1):
            if number := left >> (digit * size) & ((1 << digit) - 1):
                found[size] = number
        return found

    def smallest(self, family: int) -> int:
        """The sets of a family that have the fewest items."""
        far = self.items + 1
        sizes = self._folded(family, far, 0, lambda _, low, high: min(low, high + 1))

        def kept(one: int) -> int:
            if one <= UNIT:
                return one
            low, high = self._low[one], self._high[one]
            fewest = sizes[one]
            return self.node(
                self._item[one],
                kept(low) if sizes[low] == fewest else NOTHING,
                kept(high) if sizes[high] + 1 == fewest else NOTHING,
            )

        return kept(family)

    def usage(self, family: int) -> list[int]:
        """In how many sets of a family each item is."""
        self.count(family)
        reached, found = {family: 1}, [0] * self.items
        for one in reversed(self._below(family)):
            ways, low, high = reached[one], self._low[one], self._high[one]
            reached[low] = reached.get(low, 0) + ways
            reached[high] = reached.get(high, 0) + ways
            found[self._item[one]] += ways * self._counts[high]
        return found

    def nearest(self, family: int, bits: int) -> int | None:
        """The set of a family that differs from another in the fewest items: of several the one with the fewest items,
        then the least as a number; None when the family has no set. Sets are numbers as in `sets`."""
        far = (self.items + 1, 0, 0)

        def closer(item: int, low: tuple[int, int, int], high: tuple[int, int, int]) -> tuple[int, int, int]:
            there = bits >> (self.items - 1 - item) & 1
            without = (low[0] + there, low[1], low[2])
            with_it = (high[0] + 1 - there, high[1] + 1, high[2] | 1 << (self.items - 1 - item))
            return min(without, with_it)

        # An item that a path passes over is not in the sets of that path.
        passed = self._folded_over_all(family, far, (0, 0, 0), closer, bits)
        return None if passed[0] > self.items else passed[2]

    def contains(self, family: int, bits: int) -> bool:
        """Whether a set is in a family."""
        left = {item for item in range(self.items) if bits >> (self.items - 1 - item) & 1}
        while family > UNIT:
            item = self._item[family]
            family = self._high[family] if item in left else self._low[family]
            left.discard(item)
        return family == UNIT and not left

    def sets(self, family: int) -> Iterator[int]:
        """Every set of a family once, as a number whose leading digit is item 0, the least number first."""
        for batch in self.words(family):
            numbers = batch[:, 0].tolist()
            for k in range(1, batch.shape[1]):
                numbers = [low | high << WORD * k for low, high in zip(numbers, batch[:, k].tolist(), strict=True)]
            yield from numbers

    def words(self, family: int) -> Iterator[UInt64[np.ndarray, "sets words"]]:
        """Every set of a family once, as words of 64 bits, the lowest first, in batches."""
        known: dict[int, np.ndarray] = {}
        width = max(1, -(-self.items // WORD))

        def bit(item: int) -> np.ndarray:
            place = self.items - 1 - item
            found = np.zeros(width, np.uint64)
            found[place // WORD] = np.uint64(1) << np.uint64(place % WORD)
            return found

        def listed(one: int) -> np.ndarray:
            if one <= UNIT:
                return np.zeros((one, width), np.uint64)
            if one not in known:
                high = listed(self._high[one]) | bit(self._item[one])
                known[one] = np.concatenate([listed(self._low[one]), high])
            return known[one]

        def batches(one: int, above: np.ndarray) -> Iterator[np.ndarray]:
            if self._counts[one] <= LISTED_AT_ONCE:
                if self._counts[one]:
                    yield listed(one) | above
                return
            yield from batches(self._low[one], above)
            yield from batches(self._high[one], above | bit(self._item[one]))

        self.count(family)
        return batches(family, np.zeros(width, np.uint64))

    def drawn(self, family: int, size: int, seed: int = 0) -> list[int]:
        """So many sets of a family, independently and uniformly with replacement; numbers as in `sets`.

        Raises:
            InputError: the family has no set.
        """
        if size and family == NOTHING:
            raise InputError("a family without a set has none to draw")
        generator = random.Random(seed)
        self.count(family)

        def one_of(one: int) -> int:
            bits = 0
            while one > UNIT:
                low, high = self._low[one], self._high[one]
                if generator.randrange(self._counts[one]) < self._counts[low]:
                    one = low
                else:
                    bits |= 1 << (self.items - 1 - self._item[one])
                    one = high
            return bits

        return [one_of(family) for _ in range(size)]

    def _below(self, family: int) -> list[int]:
        """The nodes of a family, each after those below it."""
        seen, left = set(), [family]
        while left:
            one = left.pop()
            if one > UNIT and one not in seen:
                seen.add(one)
                left += [self._low[one], self._high[one]]
        return sorted(seen)

    def _folded(self, family: int, nothing, unit, step: Callable[..., Any]) -> dict[Any, Any]:
        """What follows for each node of a family from its item and from what follows for the two below it."""
        found = {NOTHING: nothing, UNIT: unit}
        for one in self._below(family):
            found[one] = step(self._item[one], found[self._low[one]], found[self._high[one]])
        return found

    def _folded_over_all(self, family: int, nothing, unit, step: Callable[..., Any], bits: int) -> tuple[int, int, int]:
        """As `_folded`, with the distance of the items that are passed over: each that `bits` has is one."""
        ones = [0]
        for item in range(self.items):
            ones.append(ones[-1] + (bits >> (self.items - 1 - item) & 1))

        def passing(start: int, one: int) -> tuple[int, int, int]:
            distance, size, number = found[one]
            stop = min(self._item[one], self.items)
            return distance + ones[stop] - ones[start], size, number

        found = {NOTHING: nothing, UNIT: unit}
        for one in self._below(family):
            item = self._item[one]
            found[one] = step(item, passing(item + 1, self._low[one]), passing(item + 1, self._high[one]))
        return passing(0, family)

    def _both(self, name: str, one: int, other: int, work: Callable[[int, int], int]) -> int:
        """What a named operation gives of two families, found once."""
        key = (name, one, other)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = work(one, other)
        return found

    def _union(self, one: int, other: int) -> int:
        item, (low, high), (less, more) = self._parts(one, other)
        return self.node(item, self.union(low, less), self.union(high, more))

    def _intersection(self, one: int, other: int) -> int:
        item, (low, high), (less, more) = self._parts(one, other)
        return self.node(item, self.intersection(low, less), self.intersection(high, more))

    def _difference(self, one: int, other: int) -> int:
        item, (low, high), (less, more) = self._parts(one, other)
        return self.node(item, self.difference(low, less), self.difference(high, more))

    def _minimal(self, family: int, _: int) -> int:
        low, high = self.minimal(self._low[family]), self.minimal(self._high[family])
        return self.node(self._item[family], low, self.containing_none(high, low))

    def _containing_none(self, family: int, others: int) -> int:
        item, (low, high), (less, more) = self._parts(family, others)
        above = self.containing_none(self.containing_none(high, less), more)
        return self.node(item, self.containing_none(low, less), above)

    def _within_none(self, family: int, others: int) -> int:
        item, (low, high), (less, more) = self._parts(family, others)
        below = self.within_none(self.within_none(low, less), more)
        return self.node(item, below, self.within_none(high, more))

    def _parts(self, one: int, other: int) -> tuple[int, tuple[int, int], tuple[int, int]]:
        """The first item of two families, and each without and with it."""
        item = min(self._item[one], self._item[other])
        return item, self._split(one, item), self._split(other, item)

    def _split(self, one: int, item: int) -> tuple[int, int]:
        return (self._low[one], self._high[one]) if self._item[one] == item else (one, NOTHING)
