"""Algorithms in heads and MLPs against each other, and hypotheses there, against one run for each interchange."""

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.experiment.cross_examination import cross_examine
from everyhow.experiment.deciding import decide_between
from everyhow.hypotheses.climbing import climb
from everyhow.hypotheses.interchanges import Disagreed, Loose, tried
from everyhow.hypotheses.placed import placed_hypothesis
from everyhow.mapping.faults import fault
from everyhow.mapping.findings import RUNGS, examine_mappings
from everyhow.mapping.mapping import Mapping
from everyhow.mapping.patterns import Patterns
from everyhow.mapping.placeable import placed_algorithm
from everyhow.mapping.signatures import NeuronSet, signatures
from everyhow.model.explained import one_for_two_classes
from everyhow.model.graph import Node
from everyhow.verification import plain_algorithms

from ..plainly import plain_tree
from ..transformer.placed_slowly import PlacedSlowly
from ..transformer.slowly import random_transformer, stored
from ..transformer.swapped_slowly import SwappedSlowly

ROWS = [(a, b, 2) for a, b in itertools.product((0, 1), repeat=2)]
ALGORITHMS = [a for task in ("XOR", "AND", "OR") for a in eh.algorithms(task, 3) if 1 <= len(a.variables) <= 2]
SHAPES = [((2, 2),), ((3, 0),), ((1, 2), (1, 0)), ((2, 0), (1, 2))]


def explained(seed, shape):
    """A random transformer over rows of two bits, as it is explained, and its slow counterpart."""
    whole = random_transformer(seed, shape, positions=3, norms="12f" if seed % 2 else "", causal=seed % 3 > 0)
    behavior = eh.Behavior.of_tokens(whole, ROWS, eh.Answer(-1, (0, 1)))
    read = behavior.read(whole)
    return (*one_for_two_classes(read, behavior), PlacedSlowly(whole, behavior.points, behavior.bits))


def placed(draw, model, algorithm):
    """An algorithm with random places, all disjoint."""
    nodes = draw(st.permutations(model.graph.inner))
    ends = sorted(draw(st.lists(st.integers(1, len(nodes)), min_size=2, max_size=2, unique=True)))
    parts = [nodes[: ends[0]], nodes[ends[0] : ends[1]]][: len(algorithm.variables)]
    sets = [NeuronSet.of(sorted(part), map(model.graph.name, sorted(part))) for part in parts]
    return Mapping(algorithm, tuple(sets))


@st.composite
def pairs(draw):
    """A random transformer, and two algorithms with places in it."""
    model, behavior, slow = explained(draw(st.integers(0, 10**6)), draw(st.sampled_from(SHAPES)))
    two = [placed(draw, model, draw(st.sampled_from(ALGORITHMS))) for _ in range(2)]
    return model, behavior, slow, two


def slowly(slow, mappings):
    """The same two, to be run one interchange at a time."""
    trees = [(plain_tree(one.algorithm.tree), one.algorithm.negated) for one in mappings]
    places = [
        dict(zip(plain_algorithms.variables(tree), (s.names() for s in one.sets), strict=True))
        for (tree, _), one in zip(trees, mappings, strict=True)
    ]
    return SwappedSlowly(slow, trees, places)


def examined(model, behavior, slow, two):
    """What each of two says of every interchange of either, and what the transformer decides, seen to be what slow runs
    find; and how many variables those move of which the two say different things."""
    found, plain = cross_examine(model, two, behavior=behavior), slowly(slow, two)
    differing = []
    for of in (0, 1):
        swaps, paths = found.swaps[of], list(plain.places[of])
        mine = {}
        for k in range(len(swaps)):
            sources = {path: int(s) for path, s in zip(paths, swaps.sources[k], strict=True) if s >= 0}
            base = int(swaps.bases[k])
            mine[base, tuple(sources.items())] = [bool(swaps.outcomes[k])] + [
                (bool(p.bits[k]), bool(p.halfway[k])) if p.says[k] else (None, False) for p in swaps.predictions
            ]
        for base, sources in plain.runs(of):
            wrote, decided = plain.made(of, base, sources)
            said = [plain.says(one, of, base, sources, wrote) for one in (0, 1)]
            assert mine.pop((base, tuple(sources.items()))) == [decided, *said]
            (one, a), (other, b) = said
            if None not in (one, other) and one != other and not a and not b:
                differing.append(len(sources))
        assert not mine
    return differing


def test_what_an_earlier_stage_changes():
    """An MLP that is not moved while heads before it are is not that of the base, though a head beside it in one place
    is: the place is read in the nearest state."""
    (xor,) = [a for a in ALGORITHMS if str(a) == "AND(NAND(A,B), OR(A,B))"]
    for seed in range(8):
        model, behavior, slow = explained(seed, ((2, 2),))
        first, second, mlp = model.graph.inner
        places = ([first, mlp], [second]), ([first], [second])
        two = [Mapping(xor, tuple(NeuronSet.of(one, map(model.graph.name, one)) for one in each)) for each in places]
        examined(model, behavior, slow, two)


@given(pairs())
@settings(max_examples=12)
def test_cross_examination(made):
    """What each says of every interchange of either, what the transformer decides, and the cheapest that decides."""
    model, behavior, _, two = made
    cheapest = examined(*made)
    dispute = decide_between(model, *two, behavior=behavior)
    assert (dispute.experiment is None) == (not cheapest)
    if dispute.experiment is not None:
        assert len(dispute.experiment.setting["sources"]) == min(cheapest)


@st.composite
def hypotheses(draw):
    """A random transformer, and an algorithm with places in it, which mostly do not fit."""
    model, behavior, slow = explained(draw(st.integers(0, 10**6)), draw(st.sampled_from(SHAPES)))
    return model, behavior, slow, placed(draw, model, draw(st.sampled_from(ALGORITHMS)))


@given(hypotheses())
@settings(max_examples=12)
def test_rungs_of_hypotheses(made):
    """Each rung by the runs of hypotheses, and by one run at a time; and the run at which it falls, made again."""
    model, behavior, slow, mapping = made
    patterns, tree = Patterns.of(behavior), plain_tree(mapping.algorithm.tree)
    over, runs = placed_algorithm(mapping.algorithm, patterns), model.runs(behavior.points)
    one = placed_hypothesis(model, behavior, mapping.algorithm, over, mapping.sets, runs)
    places = [s.names() for s in mapping.sets]
    joint, inert = tried(one, "joint").fault, tried(one, "inert").fault
    assert (joint is None) == slow.is_joint(tree, mapping.algorithm.negated, places)
    assert (inert is None) == slow.is_inert(tree, places)
    assert isinstance(inert, Loose | None) and isinstance(joint, Disagreed | None)
    # What no forced variable reaches is left as it is, which `single` asks of.
    left = [tried(one, rung).fault for rung in ("single", "transitive")]
    assert (left == [None, None]) == slow.is_transitive(tree, mapping.algorithm.negated, places)
    found = climb(one, signatures(model, behavior.points, behavior.decision), 10**9)
    if found.fell == "ordered":
        assert not slow.is_ordered(tree, places)
    if found.run is not None:
        assert again(model, found.run.python) == found.run.decided != found.run.predicted
    assert found.passed == RUNGS[: len(found.passed)]


LINE = re.compile(r"network\.run\(\[(\[.*?\])\], patch=\{(.*)\}\)\[0, 0\] > network\.level")
TAKEN = re.compile(r'"([am][\d.h]+)": network\.node_values\(\[(\[[\d, ]+\])\](?:, patch=\{(.*?)\})?\)\["\1"\]')


def again(model, line):
    """The decision of a run, made by the line of Python that is printed; only what such lines hold is read."""
    point, patch = LINE.fullmatch(line).groups()

    def numbers(text):
        return [[float(value) for value in text[1:-1].split(",")]]

    def values(text):
        found = {}
        for name, row, inner in TAKEN.findall(text):
            found[name] = model.node_values(numbers(row), values(inner) if inner else None)[name][0]
        return found

    return bool(model.run(numbers(point), patch=values(patch))[0, 0] > model.level)


@pytest.fixture(scope="module")
def xor():
    """A trained transformer, and its behavior."""
    return eh.train_transformer("XOR", layers=1, heads=2, width=8, mlp=8, seed=3)


OWN = eh.hypothesis("AND(NAND(A,B), OR(A,B))", {"NAND(A,B)": "a0.h1", "OR(A,B)": "a0.h0"})
OTHER = eh.hypothesis("OR(AND(A,~B), AND(~A,B))", {"AND(A,~B)": "m0 + a0.h0", "AND(~A,B)": "a0.h1"})


def test_a_trained_transformer(xor):
    """The one mapping that passes every rung, one that falls, and what decides between the two."""
    found = eh.test(xor[0], OWN, xor[1])
    assert found.climb.complete and found.rivals.number == 0
    assert eh.test(xor[0], OWN, "XOR").lines == found.lines
    other = eh.test(xor[0], OTHER, xor[1])
    assert other.fell == "single" and again(other.model, other.climb.run.python) == other.climb.run.decided
    assert "the transformer 1." in str(other) and "heads and MLPs" in other.family
    decided = eh.decide(xor[0], OWN, OTHER, xor[1])
    assert decided.refuted == (1,) and decided.wrong[0] == 0
    searched = eh.test(xor[0], eh.hypothesis("AND(NAND(A,B), OR(A,B))", ["?", "?"]), xor[1])
    assert str(searched.hypothesis) == str(OWN) and searched.climb.complete
    assert found.picture().title and decided.picture().title


def test_a_causal_model_by_its_bits(xor):
    """A sum of three values, over the bits known of each row: both heads together carry it."""
    bits = [0, 1]
    total = eh.CausalModel(
        ["a", "b", "sum", "y"], {"a": bits, "b": bits, "sum": [0, 1, 2], "y": bits},
        {"sum": ["a", "b"], "y": ["sum"]}, {"sum": lambda a, b: a + b, "y": lambda s: s % 2},
    )  # fmt: skip
    placements = {p.sets[0].names() for p in eh.align(xor[0], total, behavior=xor[1])}
    found = eh.test(xor[0], eh.hypothesis(total, ["?"]), xor[1])
    assert found.hypothesis.carriers[0].names in placements and found.filled == len(placements)


def test_one_head(xor):
    """What a head can be read as: norms of what it writes, circuits that use it, and its variables."""
    found = eh.neuron(xor[0], "a0.h0", xor[1], read_as="OR(A,B)")
    search = [c for c in eh.circuits(xor[0], xor[1]) if any(e.child == found.node for e in c.edges)]
    assert found.read and found.only and found.alone.share == 1
    assert (found.using, found.perfect, found.read_as) == (len(search), 916, ())
    wrote = found.model.node_values(xor[1].points)["a0.h0"]
    np.testing.assert_allclose(list(found.activations.values()), np.linalg.norm(wrote, axis=1))
    assert "writes, at all positions together, a vector of norm" in str(found)


def test_places_that_are_not_there(xor):
    """Each refusal names what is there."""
    for places, said in (
        ({"NAND(A,B)": "a0.h2", "OR(A,B)": "a0.h0"}, r"a0\.h2.*does not have.*a0\.h0, a0\.h1; m0"),
        ({"NAND(A,B)": "a0.h0 - m0", "OR(A,B)": "a0.h1"}, "names neurons of layers 1 and 2"),
        ({"NAND(A,B)": "a0.h0 - a0.h1", "OR(A,B)": "m0"}, "each node there holds 24 numbers"),
        ({"NAND(A,B)": "a0.h0 + m0", "OR(A,B)": "m0 + a0.h1"}, "m0 carries both .* share none of the heads and MLPs"),
        ({"NAND(A,B)": "input", "OR(A,B)": "m0"}, "input, which is an input of the model"),
    ):
        with pytest.raises(eh.InputError, match=said):
            eh.test(xor[0], eh.hypothesis("AND(NAND(A,B), OR(A,B))", places), xor[1])
    with pytest.raises(eh.InputError, match="takes sequences of tokens, and nothing says which: give a task"):
        eh.test(xor[0], OWN)
    with pytest.raises(eh.InputError, match="the transformer does not compute OR: it answers otherwise at 11; give"):
        eh.test(xor[0], OWN, "OR")
    two_layers = Mapping(OWN.stated, (NeuronSet.of([Node(1, 0)], ["a0.h0"]), NeuronSet.of([Node(4, 0)], ["m1"])))
    with pytest.raises(eh.InputError, match=r"uses m1; this transformer has the heads and MLPs a0\.h0, a0\.h1, m0"):
        cross_examine(xor[0], [two_layers, two_layers], behavior=xor[1])


@pytest.mark.parametrize(
    "name", ["transformer-xor-1l4h-seed0", "transformer-first-equals-last-1l2h-mlp8-bidirectional-seed0"]
)
def test_aligned_mappings(name):
    """Of mappings that are aligned, the runs of hypotheses find what the ladder of an audit finds."""
    _, model, behavior = stored(name)
    model, behavior = one_for_two_classes(model, behavior)
    found, seen = examine_mappings(model, behavior, 2, 10**9), []
    for mapping in itertools.islice(found.placed, 12):
        over = placed_algorithm(mapping.algorithm, Patterns.of(behavior))
        runs = found.signatures.whole
        one = placed_hypothesis(model, behavior, mapping.algorithm, over, mapping.sets, runs)
        for rung in ("joint", "inert", "transitive"):
            why, _ = fault(rung, model, found.signatures, behavior, mapping)
            assert (tried(one, rung).fault is None) == (why is None)
            seen.append((rung, why is None))
    assert ("transitive", True) in seen
