"""Places of variables in heads and MLPs: signatures, mappings and rungs of transformers, against one run for each
interchange and against the numbers of the reference files."""

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.experiment.findings import examine_experiments
from everyhow.mapping.alignment import aligned_over, minimal_mappings
from everyhow.mapping.faults import fault, fault_of_near_miss
from everyhow.mapping.findings import examine_mappings
from everyhow.mapping.interchange import iia, interference, try_jointly, try_transitively
from everyhow.mapping.mapping import Mapping
from everyhow.mapping.patterns import Patterns, wanted_tables
from everyhow.mapping.signatures import NeuronSet, signatures
from everyhow.model.explained import one_for_two_classes
from everyhow.model.graph import Node
from everyhow.model.plain_runs import plain_runs
from everyhow.report.page.values import sets_of
from everyhow.verification import plain_algorithms

from ..plainly import canonical_tree, mapping_key, plain_tree
from ..transformer.placed_slowly import PlacedSlowly
from ..transformer.slowly import TRAINED, random_transformer, stored

ALL_ROWS = {n: list(itertools.product(range(2), repeat=n)) for n in (1, 2, 3)}


@cache
def explained(name):
    """A reference transformer and its behavior as they are explained, and the file."""
    document, model, behavior = stored(name)
    return document, *one_for_two_classes(model, behavior)


def shown(found, inputs):
    """Signatures as the reference files have them: for each set by its names, a row of digits for each source."""
    return {
        "+".join(place.names()): ["".join(str(row >> base & 1) for base in range(inputs)) for row in rows]
        for place, rows in found.items()
    }


@pytest.mark.parametrize("name", TRAINED)
def test_signatures_of_reference_transformers(name):
    """The signature of every set of heads and MLPs, and the number of different ones."""
    document, model, behavior = explained(name)
    found = signatures(model, behavior.points, behavior.decision)
    assert found.distinct == document["distinct_causal_signatures"] and found.ties == 0
    if document["signatures"] is not None:
        assert shown(found, len(behavior.points)) == document["signatures"]


def reference_tree(text):
    """A tree as the reference files write it: ('v', k), or ('n', operand, operand), an operand being a tree and whether
    it is negated."""

    def read(tree):
        if tree[0] == "v":
            return tree[1]
        (left, a), (right, b) = tree[1:]
        return read(left), bool(a), read(right), bool(b)

    return canonical_tree(read(eval(text, {"__builtins__": {}})))


@pytest.mark.parametrize("name", [name for name in TRAINED if "algorithms" in explained(name)[0]])
@pytest.mark.parametrize("depth", [2, 3])
def test_algorithms_of_reference_transformers(name, depth):
    """How many algorithms there are, are aligned, and pass each rung; and the mappings that pass `inert`."""
    document, model, behavior = explained(name)
    said, found = document["algorithms"][f"depth_{depth}"], examine_mappings(model, behavior, depth, 10**10)
    left = found.surviving_mappings
    assert {key: said[key] for key in found.counts} == found.counts
    assert {rung: said[rung] for rung in ("ordered", "joint", "inert")} == {
        rung: left[rung] for rung in ("ordered", "joint", "inert")
    }
    assert left["transitive"] == left["inert"] and not found.notes.partial
    mine = [(canonical_tree(plain_tree(m.algorithm.tree)), sorted(s.names() for s in m.sets))
            for m in found.survivors["inert"]]  # fmt: skip
    assert mine == [(reference_tree(tree), sorted(map(tuple, sets))) for tree, sets in said["inert_mappings"]]


shapes = st.sampled_from(
    [((1, 2),), ((2, 0),), ((3, 0),), ((2, 3),), ((3, 2),), ((1, 0), (1, 0)), ((1, 2), (1, 2)), ((2, 0), (1, 2)),
     ((1, 0), (2, 0)), ((1, 2), (2, 0))]
)  # fmt: skip


@st.composite
def transformers(draw, bits):
    """A random transformer over rows of so many tokens that are bits, and one more, as it is explained."""
    norms = draw(st.sampled_from(["", "", "12f", "1fr", "12"]))
    model = random_transformer(
        draw(st.integers(0, 10**6)), draw(shapes), positions=bits + 1, norms=norms, causal=draw(st.booleans()),
        dead=(0,) if draw(st.integers(0, 3)) == 0 else (), activation=draw(st.sampled_from(["relu", "silu"])),
    )  # fmt: skip
    rows = [(*row, 2) for row in ALL_ROWS[bits]]
    behavior = eh.Behavior.of_tokens(model, rows, eh.Answer(-1, (0, 1)))
    return (model, *one_for_two_classes(behavior.read(model), behavior))


@given(st.integers(2, 3).flatmap(transformers))
@settings(max_examples=12)
def test_signatures(made):
    """The signature of every set of heads and MLPs, one run for each base and source."""
    whole, model, behavior = made
    slow = PlacedSlowly(whole, behavior.points, behavior.bits)
    found = signatures(model, behavior.points)
    assert {place.names() for place, _ in found.items()} == set(slow.places) and len(found) == len(slow.places)
    # All of small ones, some of large ones.
    places = slow.places if len(slow.places) <= 7 else slow.places[:: len(slow.places) // 4]
    for place in places:
        nodes = [node for node in model.graph.inner if model.graph.name(node) in place]
        rows = [sum(bit << base for base, bit in enumerate(row)) for row in slow.signature(place)]
        assert found.of(NeuronSet.of(nodes)) == tuple(rows), place


@cache
def some_algorithms():
    """Algorithms of two inputs with one variable or two, beside each other or one inside the other."""
    each = (one for task in ("XOR", "AND", "OR", "IMP", "XNOR") for one in eh.algorithms(task, 3))
    return [one for one in each if 1 <= len(one.variables) <= 2]


@given(transformers(2), st.randoms(use_true_random=False))
@settings(max_examples=12)
def test_rungs(made, random):
    """Any algorithm in any places is put to the rungs, aligned or not: one run for each interchange."""
    whole, model, behavior = made
    slow = PlacedSlowly(whole, behavior.points, behavior.bits)
    patterns, found = Patterns.of(behavior), signatures(model, behavior.points)
    nodes = list(model.graph.inner)
    algorithm = random.choice([one for one in some_algorithms() if len(one.variables) <= len(nodes)])
    random.shuffle(nodes)
    cuts = sorted(random.sample(range(1, len(nodes) + 1), len(algorithm.variables)))
    sets = [NeuronSet.of(sorted(nodes[a:b])) for a, b in itertools.pairwise([0, *cuts])]
    mapping, names = Mapping(algorithm, tuple(sets)), [s.names(model.graph) for s in sets]
    tree, negated = plain_tree(algorithm.tree), algorithm.negated
    assert mapping.ordered == slow.is_ordered(tree, names)
    assert (interference(found, mapping, patterns) is None) == slow.is_inert(tree, names)
    joint = try_jointly(model, mapping, behavior.points, found.whole, patterns)
    assert (joint.disagreement is None) == slow.is_joint(tree, negated, names) and not joint.ties
    # What nothing forced leaves acts right exactly where each variable is aligned.
    alone = [iia(found, v, s, patterns) for v, s in zip(algorithm.variables, sets, strict=True)]
    paths = zip(plain_algorithms.variables(tree), names, strict=True)
    assert [one == 1 for one in alone] == [
        slow.is_aligned(tree, negated, p, slow.signature(place)) for p, place in paths
    ]
    transitive = try_transitively(model, mapping, behavior.points, found.whole, patterns)
    passes = transitive.disagreement is None and set(alone) == {1}
    assert passes == slow.is_transitive(tree, negated, names) and not transitive.ties


def made_with(seed):
    """A random transformer over two tokens that are bits, and one more; some seeds have algorithms with places."""
    shape = [((1, 2),), ((2, 0),), ((3, 0),), ((2, 3),), ((3, 2),), ((1, 0), (1, 0)), ((1, 2), (1, 2)),
             ((2, 0), (1, 2)), ((1, 0), (2, 0)), ((1, 2), (2, 0))][seed % 10]  # fmt: skip
    norms = ["", "12f", "1fr"][seed % 3]
    model = random_transformer(seed, shape, positions=3, norms=norms, causal=bool(seed % 4))
    behavior = eh.Behavior.of_tokens(model, [(*row, 2) for row in ALL_ROWS[2]], eh.Answer(-1, (0, 1)))
    return (model, *one_for_two_classes(behavior.read(model), behavior))


@pytest.mark.parametrize(("seed", "depth"), [(396, 2), (877, 2), (1169, 2), (101, 2), (191, 2), (692, 2), (7, 2)])
def test_mappings(seed, depth):
    """Every aligned algorithm with every minimal mapping, and every rung of each, by one run for each interchange."""
    whole, model, behavior = made_with(seed)
    slow = PlacedSlowly(whole, behavior.points, behavior.bits)
    tables = {place: slow.signature(place) for place in slow.places}
    wanted, patterns = np.array(slow.decisions), Patterns.of(behavior)
    expected = {
        mapping_key(tree, dict(zip(plain_algorithms.variables(tree), places, strict=True)))
        for tree, negated in plain_algorithms.computing(2, depth, wanted)
        for places in slow.mappings(tree, negated, tables)
    }
    found = signatures(model, behavior.points)
    aligned = aligned_over(found, wanted_tables(behavior), depth, patterns)
    mine = [m for algorithm in aligned for m in minimal_mappings(found, algorithm, patterns)]
    assert len(mine) == sum(aligned.values())
    placed = [{v.path: s.names() for v, s in zip(m.algorithm.variables, m.sets, strict=True)} for m in mine]
    assert expected == {mapping_key(plain_tree(m.algorithm.tree), sets) for m, sets in zip(mine, placed, strict=True)}
    examined = examine_mappings(model, behavior, depth, 10**10)
    kept = {rung: set(examined.survivors[rung]) for rung in ("irredundant", "ordered", "joint", "inert", "transitive")}
    for mapping in mine:
        tree, negated = plain_tree(mapping.algorithm.tree), mapping.algorithm.negated
        names = [s.names() for s in mapping.sets]
        passes = {
            "irredundant": plain_algorithms.is_irredundant(tree, behavior.bits),
            "ordered": slow.is_ordered(tree, names), "joint": slow.is_joint(tree, negated, names),
            "inert": slow.is_inert(tree, names), "transitive": slow.is_transitive(tree, negated, names),
        }  # fmt: skip
        fell = False
        for rung, passed in passes.items():
            fell = fell or not passed
            assert (mapping in kept[rung]) == (not fell), (mapping, rung)


@pytest.mark.parametrize(("layers", "more"), [
    (((2, 3), (1, 2)), {}), (((1, 0), (2, 2)), {"norms": "12f"}), (((3, 0),), {"norms": "1fr", "causal": False}),
    (((1, 2), (1, 2)), {"dead": (0,), "classes": 3}),
])  # fmt: skip
def test_interchanges_that_share_runs(layers, more):
    """What is run once for many sets is what one run after the other gives, to the bit; also of some components alone,
    and of answers at several positions."""
    whole = random_transformer(5, layers, positions=3, **more)
    points = np.array([(*row, 2) for row in ALL_ROWS[2]], float)
    last = whole.graph.name(whole.graph.inner[-1])
    scoped = whole.at("nodes").scoped(["a0.h0", last], "in")
    for model in (whole, whole.answering(eh.Answer([1, 2]), 3), scoped):
        (region,) = model.regions
        chosen = np.array([[m >> k & 1 for k in range(len(region))] for m in range(1, 1 << len(region))], bool)
        sources = np.array([2, 0, 3])
        fast = model.runs(points).interchanged(region, chosen, sources)
        slow = plain_runs(model, points).interchanged(region, chosen, sources)
        assert fast.outputs.shape == (len(chosen), 3, 4, model.outputs) and (fast.outputs == slow.outputs).all()


def test_scope_leaves_few_places():
    """At the grain nodes places are among the components in scope; at other grains among all."""
    _, model, behavior = explained("transformer-xor-1l4h-seed0")
    few = model.at("nodes").scoped(["a0.h0", "a0.h1"], "in")
    found, everywhere = signatures(few, behavior.points), signatures(model.scoped(["a0.h0"], "in"), behavior.points)
    assert [place.names() for place, _ in found.items()] == [("a0.h0",), ("a0.h1",), ("a0.h0", "a0.h1")]
    assert len(everywhere) == 15 and all(everywhere.of(place) == rows for place, rows in found.items())
    with pytest.raises(eh.InputError, match=r"a0\.h2 is not a set of nodes of which this transformer has causal"):
        found.of(NeuronSet(1, (2,)))


def test_faults_in_words():
    """The run that fells a mapping at each rung, by names and inputs."""
    _, model, behavior = explained("transformer-first-equals-last-1l2h-mlp8-bidirectional-seed0")
    found = examine_mappings(model, behavior, 2, 10**9)
    ((mapping, fallen),) = found.fallen["joint"].items()
    assert mapping.named(model.graph) == "AND(A,C) in a0.h1; NOR(A,C) in m0"
    assert fallen.whole == (
        "transformer and algorithm disagree when AND(A,C) and NOR(A,C) are forced together. Counterexample: on input "
        "000, give a0.h1 its values from input 101, give m0 its values from input 001: the algorithm says 1, the "
        "transformer 0"
    )
    miss = found.near_misses[0]
    assert fault_of_near_miss(found.signatures, miss, model.graph, behavior).whole == (
        "the IIA of OR(¬A,C) in a0.h0 is 62.5%. Counterexample: on input 001, give a0.h0 its values from input 000: "
        "the algorithm says 0, the transformer 1"
    )
    # Any places, to see what the other rungs say.
    algorithm = next(iter(found.aligned))
    other = Mapping(algorithm, (NeuronSet(1, (0,)), NeuronSet.of([Node(2, 0)])))
    said, _ = fault("inert", model, found.signatures, behavior, other)
    assert said.whole == (
        "everything but a0.h0 and m0 may carry nothing, and changes a decision. Counterexample: on input 000, give "
        "a0.h0 and m0 their values from input 101: the algorithm says 1, the transformer 0"
    )
    said, _ = fault("transitive", model, found.signatures, behavior, other)
    assert said.whole == (
        "at 001 with AND(A,C) as at 000, the heads and MLPs of NOR(A,C) are left in a state that does not act as the "
        "value that the algorithm then gives it. Counterexample: on input 000, give m0 its values from input 001 with "
        "a0.h0 as on input 000: the algorithm says 0, the transformer 1"
    )


def test_what_is_left_out():
    """What has no algorithms says so: no bits, more than two classes, several answers, numbers; and the budget."""
    _, model, behavior = explained("transformer-xor-1l4h-seed0")
    document, whole, three = stored("transformer-add-mod3-1l2h-mlp16-seed0")
    rows = document["tokens"]

    def notes(behavior, budget=10**9):
        read, wanted = one_for_two_classes(behavior.read(whole), behavior)
        return examine_mappings(read, wanted, 2, budget).notes

    assert notes(eh.Behavior.of_tokens(whole, rows, eh.Answer(-1, [0, 1]))).beyond == (
        "algorithms are placed by features, bits known of each row of tokens; none were given, and the tokens that "
        "differ are not bits, 1 to 6 of them: give the behavior features",
    )
    assert notes(three).beyond == (
        "algorithms decide between two classes, and here are 3; a causal model may have as many (everyhow align)",
    )
    assert notes(eh.Behavior.of_tokens(whole, rows, eh.Answer([1, 2]))).beyond == (
        "algorithms are placed by one answer; this behavior reads 2 of each row",
    )
    assert notes(eh.Behavior.of_tokens(whole, rows, within=0.1)).beyond == (
        "causal signatures and algorithms are of decisions; the answers of this behavior are numbers",
    )
    refused = examine_mappings(model, behavior, 2, 1000)
    assert refused.signatures is None and str(refused.notes.refused[0]).startswith(
        "computing the signatures of 15 sets of 4 heads and MLPs over 4 inputs needs about "
    )


def test_features_of_rows():
    """Bits that are given stand for themselves, whatever the tokens are."""
    document, whole, _ = stored("transformer-add-mod3-1l2h-mlp16-seed0")
    rows = [row for row in document["tokens"] if max(row[:2]) < 2]
    behavior = eh.Behavior.of_tokens(whole, rows, eh.Answer(-1, [0, 1]))
    swapped = replace(behavior, features=behavior.points[:, [1, 0]])
    read = behavior.read(whole)
    found = [examine_mappings(*one_for_two_classes(read, one), 2, 10**9) for one in (behavior, swapped)]
    assert found[0].signatures.by_rows == found[1].signatures.by_rows
    assert found[0].counts == found[1].counts and behavior.bits.tolist() == swapped.bits[:, ::-1].tolist()
    assert [behavior.name_of(k) for k in range(4)] == ["00", "01", "10", "11"]


def test_equal_logits_are_no_ties():
    """Two logits that are equal to the last bit are decided for the first class, and not in doubt."""
    model = random_transformer(3, ((2, 0),), dead=(0,), positions=2)
    flat = replace(model, W_U=np.repeat(model.W_U[:, :1], 2, axis=1), b_U=np.zeros(2), answer=eh.Answer(-1, (0, 1)))
    found = signatures(flat.folded(), np.array([[0.0, 0.0], [0.0, 1.0]]))
    assert found.ties == 0 and found.by_rows.keys() == {(0, 0)}


def test_several_survivors():
    """Two mappings of one algorithm, which differ in one place, predict each other's interchanges of the other."""
    _, model, behavior = explained("transformer-first-equals-last-1l2h-mlp8-bidirectional-seed0")
    both = list(examine_mappings(model, behavior, 2, 10**9).placed)
    found = examine_experiments(model, both, 2, [], behavior=behavior)
    assert found.examined is not None and not found.notes.partial
    assert [[str(share) for share in row] for row in found.examined.matrix] == [["1", "1"], ["1", "26/27"]]
    (dispute,) = found.disputes
    assert dispute.experiment is None and "no experiment decides among all interchanges" in str(dispute)


def test_places_of_several_layers():
    """A place of several layers has no one layer; files and pages name its nodes."""
    spanning = NeuronSet.of([Node(1, 0), Node(2, 1)], ["a0.h0", "m0"])
    with pytest.raises(
        eh.InputError, match=r"a0\.h0 \+ m0 spans several layers; what is asked is of neurons of one layer"
    ):
        _ = spanning.layer
    algorithm = next(iter(eh.algorithms("XOR", 2)))
    mapping = Mapping(algorithm, (NeuronSet.of([Node(1, 2)], ["a0.h2"]), spanning))
    assert sets_of(mapping) == [[1, [2]], [[1, 0], [2, 1]]]
    assert mapping.document()["variables"][1]["neurons"] == [[1, 0], [2, 1]]
    assert mapping.placed == "NAND(A,B) in a0.h2, OR(A,B) in a0.h0+m0"
    assert (spanning.first, spanning.last, len(spanning)) == (1, 2, 2) and repr(
        spanning
    ) == "NeuronSet.of([(1, 0), (2, 1)])"
    with pytest.raises(eh.InputError, match="spans several layers"):
        _ = mapping.sets[1].neurons
