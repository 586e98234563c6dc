"""Families of sets as diagrams, beside the same families as Python sets of numbers."""

import hypothesis.strategies as st
import pytest
from hypothesis import given

from everyhow.boolean.families import LISTED_AT_ONCE, NOTHING, UNIT, Families
from everyhow.common.errors import InputError


def family_of(of, sets):
    """The diagram of some sets, each a number whose leading digit is item 0."""

    def built(item, left):
        if not left or item == of.items:
            return UNIT if left else NOTHING
        bit = of.items - 1 - item
        halves = ([one for one in left if one >> bit & 1 == k] for k in (0, 1))
        return of.node(item, *(built(item + 1, half) for half in halves))

    return built(0, list(sets))


def number_of(items, chosen):
    return sum(1 << (items - 1 - item) for item in chosen)


@st.composite
def two_families(draw):
    items = draw(st.integers(0, 5))
    of = Families(items)
    one, other = (draw(st.sets(st.integers(0, (1 << items) - 1))) for _ in range(2))
    chosen = draw(st.lists(st.integers(0, items - 1), unique=True)) if items else []
    return of, one, other, chosen, draw(st.integers(0, (1 << items) - 1))


@given(two_families())
def test_operations(drawn):
    """Every operation, over small families, by its definition."""
    of, one, other, chosen, number = drawn
    a, b = family_of(of, one), family_of(of, other)
    mask = number_of(of.items, chosen)
    wanted = {
        a: one,
        of.union(a, b): one | other,
        of.intersection(a, b): one & other,
        of.difference(a, b): one - other,
        of.minimal(a): {x for x in one if not any(y != x and y & x == y for y in one)},
        of.containing_none(a, b): {x for x in one if not any(y & x == y for y in other)},
        of.within_none(a, b): {x for x in one if not any(y & x == x for y in other)},
        of.within(a, chosen): {x for x in one if not x & ~mask},
        of.with_some(a, chosen): {x for x in one if x & mask},
        of.without_any(a, set(chosen)): {x for x in one if not x & mask},
        of.smallest(a): {x for x in one if x.bit_count() == min(map(int.bit_count, one))},
    }
    for family, sets in wanted.items():
        assert list(of.sets(family)) == sorted(sets)
        assert of.count(family) == len(sets)
        assert of.has_empty(family) == (0 in sets) and of.contains(family, number) == (number in sets)
    assert of.by_size(a) == {k: n for k in range(6) if (n := sum(x.bit_count() == k for x in one))}
    assert of.usage(a) == [sum(x >> (of.items - 1 - k) & 1 for x in one) for k in range(of.items)]
    key = lambda x: ((x ^ number).bit_count(), x.bit_count(), x)  # noqa: E731
    assert of.nearest(a, number) == min(one, key=key, default=None)
    assert not one or set(of.drawn(a, 30, seed=1)) <= one
    for middle in range(of.items + 1):
        first, second = {k for k in chosen if k < middle}, {k for k in chosen if k >= middle}
        ends = number_of(of.items, first), number_of(of.items, second)
        linked = {x for x in one if bool(x & ends[0]) == bool(x & ends[1])}
        assert list(of.sets(of.linked(a, first, second))) == sorted(linked)


def test_equal_families_are_one():
    """However they are made."""
    of = Families(3)
    one = of.union(family_of(of, {1, 2}), family_of(of, {2, 7}))
    assert one == family_of(of, {1, 2, 7}) and of.difference(one, one) == NOTHING


def test_large_families():
    """All sets of 100 items, without listing them; and more sets than are listed at once, of two words each."""
    of = Families(100)
    every = of.any_of(range(100))
    assert of.count(every) == 1 << 100 and len(of) == 102
    assert of.by_size(every)[50] == 100891344545564193334812497256
    assert of.minimal(every) == UNIT and of.usage(every) == [1 << 99] * 100
    some = of.any_of(range(80, 98))
    words = list(of.words(some))
    assert [len(batch) for batch in words] == [LISTED_AT_ONCE] * 4 and words[0].shape[1] == 2
    numbers = list(of.sets(some))
    assert numbers == [k << 2 for k in range(1 << 18)]
    assert of.count(of.within_none(every, of.any_of(range(99)))) == 1 << 99


def test_draws_are_uniform():
    """Each of the sets as often as any other: 20 standard deviations would be far outside."""
    of = Families(4)
    sets = {0, 3, 5, 6, 15}
    drawn = of.drawn(family_of(of, sets), 10_000, seed=3)
    assert set(drawn) == sets
    assert all(abs(drawn.count(one) - 2_000) < 200 for one in sets)
    assert drawn[:5] == of.drawn(family_of(of, sets), 5, seed=3)


def test_the_empty_family():
    of = Families(2)
    assert of.count(NOTHING) == 0 and of.by_size(NOTHING) == {} and list(of.sets(NOTHING)) == []
    assert of.nearest(NOTHING, 1) is None and of.smallest(NOTHING) == NOTHING
    with pytest.raises(InputError, match="has none to draw"):
        of.drawn(NOTHING, 1)
