"""Signatures over any inputs, and algorithms over features of them, with their mappings and every rung of these:
against the definitions, one intervention at a time."""

import itertools
import re
from collections import Counter

import numpy as np
import pytest

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.mapping.alignment import minimal_mappings
from everyhow.mapping.faults import fault_of_near_miss
from everyhow.mapping.findings import RUNGS, examine_mappings
from everyhow.mapping.patterns import Patterns, wanted_tables
from everyhow.mapping.signatures import NeuronSet, signatures
from everyhow.verification import plain, plain_algorithms, plain_mappings

from ..conftest import reference
from ..plainly import canonical_tree, plain_mapping, signature_tables


def test_mappings_over_features(xor):
    """With the inputs themselves as features, and the rows of the truth table as data, mappings are those of a task;
    data that are rows seen twice, slightly moved, leave no others."""
    points = assignments(2)
    moved = np.concatenate([points, points + 1e-9])
    behavior = eh.Behavior.of_network(xor, moved, features=np.concatenate([points, points]))
    patterns = Patterns.of(behavior)
    found = signatures(xor, moved)
    for algorithm in eh.algorithms("XOR", 3):
        expected = {mapping.sets for mapping in eh.mappings(xor, algorithm)}
        assert {mapping.sets for mapping in minimal_mappings(found, algorithm, patterns)} == expected


def test_signatures_over_many_inputs(xor):
    """Rows longer than a machine number are the same bits."""
    points = np.random.default_rng(0).normal(size=(70, 2))
    found = signatures(xor, points)
    for neurons, rows in itertools.islice(found.items(), 5):
        table = plain_mappings.signature(xor, points, (neurons.layer, neurons.neurons))
        assert [[row >> base & 1 for base in range(70)] for row in rows] == table.astype(int).tolist()
        assert found.of(neurons) == rows


def small_data(number, seed):
    """Random networks of small whole numbers, with what they decide at some points, and thresholds of the inputs as
    features that decide it."""
    rng, made = np.random.default_rng(seed), 0
    while made < number:
        widths = [2, *rng.integers(1, 4, 1 + made % 2), 1]
        weights = [rng.integers(-2, 3, shape) for shape in zip(widths[1:], widths, strict=False)]
        biases = [rng.integers(-2, 3, width) for width in widths[1:]]
        hidden = ("step", "relu")[made // 2 % 2]
        network = eh.Network(weights, biases, [hidden] * (len(widths) - 2) + ["identity"], threshold=0.5)
        points = np.unique(rng.integers(0, 4, (int(rng.integers(3, 7)), 2)), axis=0) / 2
        features = np.column_stack([points[:, 0] > 0.5, points[:, 1] > 0.5])[:, : 1 + made % 3]
        behavior = eh.Behavior.of_network(network, points, features=features)
        values = {}
        for row, wanted in zip(behavior.rows, behavior.wanted[:, 0].tolist(), strict=True):
            values.setdefault(row, set()).add(wanted)
        if behavior.wanted.min() != behavior.wanted.max() and all(len(said) == 1 for said in values.values()):
            made += 1
            yield network, behavior


def xor_data(drawn, seed):
    """Those 2-2-2-1 networks, of so many with weights drawn from -2 to 2, that compute the XOR of two features at five
    points, of which none lies on a row of the truth table."""
    rng, shapes = np.random.default_rng(seed), [(2, 2), (2, 2), (1, 2)]
    points = np.array([[0, 0.25], [0.25, 1], [1, 0], [1, 0.75], [0.75, 0.25]])
    features, wanted = points > 0.5, np.array([0, 1, 1, 0, 1])
    weights = [rng.integers(-2, 3, (drawn, *shape)) for shape in shapes]
    biases = [rng.integers(-2, 3, (drawn, 1, shape[0])) for shape in shapes]
    state = points
    for layer, (w, b) in enumerate(zip(weights, biases, strict=True)):
        state = state @ w.transpose(0, 2, 1) + b
        state = np.maximum(state, 0) if layer < 2 else state
    for k in np.flatnonzero(((state[..., 0] > 0.5) == wanted).all(axis=1)):
        names = ("relu", "relu", "identity")
        network = eh.Network([w[k] for w in weights], [b[k, 0] for b in biases], names, threshold=0.5)
        yield network, eh.Behavior.of_data(points, wanted, features=features)


def noisy(name, copies, seed=0, deviation=0.05):
    """A trained network with rows of the truth table of XOR amid noise, whose digits are the features."""
    _, network = reference(name)
    behavior = eh.Behavior.noisy(eh.parse_task("XOR"), deviation, copies, seed)
    features = np.repeat([[0, 0], [0, 1], [1, 0], [1, 1]], copies, axis=0)
    return network, eh.Behavior.of_network(network, behavior.points, features=features)


def fitting_trees(behavior, depth):
    """Every tree over the features that decides as wanted at every input, and whether it is the complement."""
    for tree in plain_algorithms.trees(behavior.bits.shape[1], depth):
        for negated in (False, True):
            if ((plain_algorithms.value(tree, behavior.bits) ^ negated) == behavior.wanted[:, 0]).all():
                yield tree, negated


def named(tree, negated, mapping):
    """A tree and a mapping as a text that does not depend on the order of operands."""
    sets = dict(zip(plain_algorithms.variables(tree), mapping, strict=True))

    def walk(one, path):
        if isinstance(one, int):
            return one
        operands = [(walk(one[0], (*path, 0)), one[1]), (walk(one[2], (*path, 1)), one[3])]
        return (sets.get(path), *sorted(operands, key=repr))

    return repr((negated, walk(tree, ())))


def expected_survivors(network, behavior, depth):
    """By rung the mappings that pass, by the plain definitions."""
    points, bits = behavior.points, behavior.bits
    tables, inputs = signature_tables(network, points), bits.shape[1]
    left = [
        (tree, negated, mapping)
        for tree, negated in fitting_trees(behavior, depth)
        for mapping in plain_mappings.mappings(network, bits, tree, negated, tables)
    ]
    passes = {
        "single": lambda *_: True,
        "irredundant": lambda tree, *_: plain_algorithms.is_irredundant(tree, plain.rows(inputs)),
        "ordered": lambda tree, _, mapping: plain_mappings.is_ordered(tree, mapping),
        "joint": lambda tree, negated, mapping: plain_mappings.is_joint(network, points, tree, negated, mapping, bits),
        "inert": lambda tree, _, mapping: plain_mappings.is_inert(network, points, tree, mapping, bits),
        "transitive": lambda tree, negated, mapping: plain_mappings.is_transitive(
            network, points, tree, negated, mapping, bits
        ),
    }
    found = {}
    for rung in RUNGS:
        left = [one for one in left if passes[rung](*one)]
        found[rung] = {named(*one) for one in left}
    return found


def check_survivors(network, behavior, depth):
    """The findings, of which every number is compared with the plain definitions."""
    findings = examine_mappings(network, behavior, depth, 10**10)
    trees = list(fitting_trees(behavior, depth))
    rows = plain.rows(behavior.bits.shape[1])
    assert findings.algorithms == len(trees)
    assert findings.irredundant_algorithms == sum(plain_algorithms.is_irredundant(tree, rows) for tree, _ in trees)
    expected = expected_survivors(network, behavior, depth)
    assert findings.surviving_mappings == {rung: len(kept) for rung, kept in expected.items()}
    listed = [mapping for algorithm in findings.aligned for mapping in findings.minimal(algorithm)]
    assert {named(*plain_mapping(mapping)) for mapping in listed} == expected["single"]
    for rung, kept in findings.survivors.items():
        assert {named(*plain_mapping(mapping)) for mapping in kept} == expected[rung], rung
    audit = eh.audit_behavior(network, behavior, depth=depth)
    if audit.findings.laddered is not None:
        assert audit.counts["aligned_algorithms"] == findings.surviving_algorithms["single"]
        assert audit.counts["mappings"] == findings.surviving_mappings["single"]
    return findings


@pytest.mark.nightly
def test_rungs_of_random_networks():
    """Every algorithm over features of random data, every minimal mapping, and every rung; most rungs fell some."""
    fallen = Counter()
    for network, behavior in (*small_data(15, seed=1), *xor_data(400_000, seed=3)):
        findings = check_survivors(network, behavior, 2)
        left = list(findings.surviving_mappings.values())
        for rung, before, after in zip(RUNGS[1:], left, left[1:], strict=False):
            fallen[rung] += before - after
        check_near_misses(network, behavior, findings, 2)
    assert all(fallen[rung] for rung in ("irredundant", "joint", "transitive")), fallen


@pytest.mark.parametrize(("name", "copies"), [
    ("xor-2-3-3-1-seed0", 2), ("xor-2-2-2-1-seed2", 3), ("xor-2-3-3-1-seed4", 2), ("xornet", 3),
])  # fmt: skip
def test_rungs_amid_noise(name, copies):
    """Trained networks over noisy rows; with little noise they say what the truth table says."""
    network, behavior = noisy(name, copies)
    findings = check_survivors(network, behavior, 2)
    check_near_misses(network, behavior, findings, 2)
    table = examine_mappings(network, eh.Behavior.of_network(network, network.corners), 2, 10**10)
    network, still = noisy(name, copies, deviation=1e-10)
    by_data = examine_mappings(network, still, 2, 10**10)
    assert by_data.surviving_mappings == table.surviving_mappings
    assert by_data.surviving_algorithms == table.surviving_algorithms
    assert [str(miss.mapping) for miss in by_data.near_misses] == [str(miss.mapping) for miss in table.near_misses]


def test_rungs_to_depth_three():
    """Variables inside others, over noisy rows: some fall jointly, and some only transitively."""
    findings = check_survivors(*noisy("xor-2-3-3-1-seed4", 2), 3)
    assert list(findings.surviving_mappings.values())[2:] == [4, 2, 2, 1]


def check_near_misses(network, behavior, findings, depth):
    """The IIA of each variable of each near miss, that no other choice of sets has a better worst variable, and the run
    that shows why it is none."""
    points, bits = behavior.points, behavior.bits
    tables = signature_tables(network, points)
    irredundant = {
        repr((negated, canonical_tree(tree)))
        for tree, negated in fitting_trees(behavior, depth)
        if plain_algorithms.is_irredundant(tree, plain.rows(bits.shape[1]))
    }
    aligned = {repr((a.negated, canonical_tree(plain_mapping(m)[0]))) for a in findings.aligned
               for m in itertools.islice(findings.minimal(a), 1)}  # fmt: skip
    assert findings.scored[1] == len(irredundant - aligned)
    for miss in findings.near_misses:
        tree, negated, sets = plain_mapping(miss.mapping)
        assert repr((negated, canonical_tree(tree))) in irredundant - aligned
        paths = list(plain_algorithms.variables(tree))
        scores = [{s: plain_mappings.agreement(bits, tree, negated, path, table) for s, table in tables.items()}
                  for path in paths]  # fmt: skip
        assert [score[s] for score, s in zip(scores, sets, strict=True)] == pytest.approx(
            [float(share) for share in miss.accuracies]
        )
        best = max(
            min(score[s] for score, s in zip(scores, choice, strict=True))
            for choice in itertools.product(tables, repeat=len(paths))
            if all(a[0] != b[0] or not set(a[1]) & set(b[1]) for a, b in itertools.combinations(choice, 2))
        )
        assert best == pytest.approx(float(miss.least))
        run = fault_of_near_miss(findings.signatures, miss, network.graph, behavior).experiment
        (source,), base = (
            [int(at.removeprefix("input ")) for _, at in run.sources],
            int(run.base.removeprefix("input ")),
        )
        worst = sets[miss.accuracies.index(miss.least)]
        assert tables[worst][source - 1, base - 1] == run.decided != run.predicted


def test_the_run_that_fells_a_mapping_over_data():
    """What is said of a mapping that falls: inputs by their numbers, and what the network then decides."""
    network, behavior = noisy("xor-2-3-3-1-seed4", 2)
    findings = examine_mappings(network, behavior, 3, 10**10)
    assert findings.fallen["joint"] and findings.fallen["transitive"]
    (why, *_) = findings.fallen["joint"].values()
    assert str(why) == "network and algorithm disagree when NAND(A,B) and OR(A,B) are forced together"
    assert re.fullmatch(
        r"on input 8, give h\d\.\d and h\d\.\d their values from input 1: the algorithm says [01], the network [01]",
        str(why.experiment),
    )
    states = plain.run(network, behavior.points)
    for mapping, fault in {**findings.fallen["joint"], **findings.fallen["transitive"]}.items():
        run = fault.experiment
        if " with " in run.sources[0][1]:
            continue
        sets = {v.name: s for v, s in zip(mapping.algorithm.variables, mapping.sets, strict=True)}
        patches = [
            (s.layer, s.neurons, states[s.layer][int(at.removeprefix("input ")) - 1, list(s.neurons)])
            for s, at in ((sets[name], at) for name, at in run.sources)
        ]
        decided = plain.run_patched(network, behavior.points, patches)[int(run.base.removeprefix("input ")) - 1]
        assert bool(decided) == run.decided != run.predicted


def test_many_inputs(xor):
    """Over more inputs than a machine number has bits, everything is as over few; near misses included."""
    points = np.repeat(assignments(2), 20, axis=0) + np.linspace(0, 1e-9, 80)[:, None]
    features = np.repeat(assignments(2), 20, axis=0)
    behavior = eh.Behavior.of_network(xor, points, features=features)
    findings = examine_mappings(xor, behavior, 2, 10**10)
    few = examine_mappings(xor, eh.Behavior.of_network(xor, xor.corners), 2, 10**10)
    assert findings.surviving_mappings == few.surviving_mappings
    assert [(str(m.mapping), m.accuracies) for m in findings.near_misses] == [
        (str(m.mapping), m.accuracies) for m in few.near_misses
    ]
    refused = examine_mappings(xor, behavior, 2, 10**6)
    assert refused.refused == (
        "computing the signatures of 14 neuron sets over 80 inputs needs about 1.79e+06 candidate evaluations, the "
        "budget is 1e+06",
    )


def test_what_there_is_no_answer_to(xor):
    """Without features, by classes, and where features do not decide, signatures are found, and words say why no
    algorithm is looked for."""
    points = np.random.default_rng(0).normal(size=(6, 2))
    bare = examine_mappings(xor, eh.Behavior.of_network(xor, points), 2, 10**10)
    assert bare.signatures is not None and bare.aligned is None
    assert bare.beyond == ("algorithms are placed by features, bits known of each input; none were given",)
    torn = eh.Behavior.of_data([[0, 0], [0, 1]], [0, 1], features=[[1], [1]])
    assert examine_mappings(xor, torn, 2, 10**10).beyond == (
        "input 2 has the same features as an input that wants another decision, so no algorithm over these features "
        "decides as wanted; give more features",
    )
    with pytest.raises(eh.InputError, match="input 2 has the same features as an input that wants another decision"):
        wanted_tables(torn)
    wide = eh.Behavior.of_data([[0, 0], [0, 1]], [0, 1], features=[[0, 0, 0, 0], [0, 0, 0, 1]])
    with pytest.raises(eh.InputError, match="14 of 16 combinations of features occur at no input; algorithms are"):
        wanted_tables(wide)
    classes = eh.Network([np.eye(2), np.ones((3, 2))], [np.zeros(2), np.arange(3)], ["relu", "identity"])
    found = examine_mappings(classes, eh.Behavior.of_network(classes, points, "argmax"), 2, 10**10)
    assert found.beyond == ("algorithms are placed in networks of one output; this one tells classes apart",)
    assert found.signatures.of(NeuronSet(1, (0,)))
