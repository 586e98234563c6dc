"""Choices of disjoint neuron sets, counted and ordered as they are when all are listed."""

import math

import numpy as np
import pytest

from everyhow.mapping import choices
from everyhow.mapping.choices import Choices, count_choices, disjoint_choices, fewest_first
from everyhow.mapping.signatures import NeuronSet
from everyhow.model.graph import Node


def random_options(seed: int, spanning: bool) -> list[tuple[NeuronSet, ...]]:
    """For each of some variables a few sets, of one layer each or not, of which some variables have the same."""
    rng = np.random.default_rng(seed)
    layers, width = int(rng.integers(1, 4)), int(rng.integers(2, 6))
    nodes = [Node(stage, place) for stage in range(1, layers + 1) for place in range(width)]

    def one() -> NeuronSet:
        layer = int(rng.integers(1, layers + 1))
        inside = nodes if spanning else [node for node in nodes if node.stage == layer]
        chosen = rng.random(len(inside)) < rng.choice([0.2, 0.5])
        chosen[rng.integers(len(inside))] = True
        return NeuronSet.of([node for node, is_in in zip(inside, chosen, strict=True) if is_in])

    # Each set once, as minimal sets come.
    drawn = [[one() for _ in range(rng.integers(0 if seed % 7 == 0 else 1, 9))] for _ in range(4)]
    some = [tuple(sorted({s.bits: s for s in sets}.values(), key=len)) for sets in drawn]
    return [some[k] for k in rng.integers(len(some), size=rng.integers(1, 5))]


@pytest.mark.parametrize("spanning", [False, True])
def test_counts_are_those_of_the_list(spanning, monkeypatch):
    """By layers, and one by one, kept from one count to the next or not."""
    cases = [random_options(seed, spanning) for seed in range(120)]
    listed = [sum(1 for _ in disjoint_choices(options)) for options in cases]
    assert sum(map(bool, listed)) > 60 and 0 in listed
    for few in (choices.FEW, 0):
        monkeypatch.setattr(choices, "FEW", few)
        assert [count_choices(options) for options in cases] == listed
    for options, number in zip(cases, listed, strict=True):
        kept = Choices(dict(enumerate(options)))
        for part in range(1, len(options)):
            assert kept.count(range(part)) == sum(1 for _ in disjoint_choices(options[:part]))
        assert kept.count(range(len(options))) == number == kept.count(range(len(options))[::-1])


def test_counts_when_little_is_kept(monkeypatch):
    """What is forgotten is counted again."""
    monkeypatch.setattr(choices, "FEW", 0)
    monkeypatch.setattr(choices, "MOST_KEPT", 3)
    for seed in range(30):
        options = random_options(seed, False)
        assert count_choices(options) == sum(1 for _ in disjoint_choices(options))


def test_counts_beyond_machine_numbers(monkeypatch):
    """Counts that are known otherwise: of variables that each take one of n neurons, or two of them."""
    singles = tuple(NeuronSet(layer, (k,)) for layer in (1, 2) for k in range(10))
    assert count_choices([singles] * 16) == math.perm(20, 16)
    monkeypatch.setattr(choices, "MACHINE_COUNTS", 1)
    assert count_choices([singles] * 5) == math.perm(20, 5)
    monkeypatch.undo()
    pairs = tuple(NeuronSet(1, (j, k)) for k in range(16) for j in range(k))
    triples = tuple(NeuronSet(2, (i, j, k)) for k in range(15) for j in range(k) for i in range(j))
    # The largest count of all: within each layer, and the choices of each layer alone, in every order of the variables.
    assert count_choices([pairs] * 8) == math.factorial(16) // 2**8
    both = [pairs + triples] * 13
    assert count_choices(both) == math.comb(13, 8) * (math.factorial(16) // 2**8) * (math.factorial(15) // 6**5) > 2**64


@pytest.mark.parametrize("spanning", [False, True])
def test_fewest_first_is_the_list_in_order(spanning):
    """The same choices, by the number of neurons; of as many, as they are listed."""
    for seed in range(120):
        options = random_options(seed, spanning)
        listed = sorted(disjoint_choices(options), key=lambda sets: sum(map(len, sets)))
        assert list(fewest_first(options)) == listed


def test_fewest_first_looks_for_one_at_a_time():
    """The first of 10^9 choices comes at once."""
    singles = tuple(NeuronSet(1, (k,)) for k in range(16))
    pairs = tuple(NeuronSet(2, (j, k)) for k in range(16) for j in range(k))
    first = next(fewest_first([pairs, singles, singles, pairs, singles, pairs]))
    assert [one.neurons for one in first] == [(0, 1), (0,), (1,), (2, 3), (2,), (4, 5)]
