"""Signatures, alignment, mappings and their rungs against the definitions, one intervention at a time."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.behavior import Behavior
from everyhow.boolean.algorithms import idle_gate
from everyhow.boolean.truth_table import assignments
from everyhow.mappings.alignment import aligned, minimal_mappings
from everyhow.mappings.faults import fault_of_near_miss
from everyhow.mappings.findings import RUNGS, examine_mappings
from everyhow.mappings.interchange import best_mappings, disagreement, iia, interference
from everyhow.mappings.released import bases_tested, released_mappings
from everyhow.mappings.signatures import NeuronSet, signatures
from everyhow.verification import plain

from ..boolean.test_algorithms import as_plain, canonical
from ..conftest import reference
from ..strategies import networks, permuted


def plain_tables(network, points):
    return {s: plain.signature(network, points, s) for s in plain.neuron_sets(network)}


def all_mappings(found, table, depth):
    """Every aligned algorithm with every minimal mapping, whose number is also counted without listing them."""
    everything = []
    for algorithm, number in aligned(found, table, depth).items():
        listed = list(minimal_mappings(found, algorithm))
        assert number == len(listed) > 0
        everything += listed
    return everything


def key(mapping):
    """A mapping in a form that does not depend on the order of operands: its tree, with the set at each variable."""

    def walk(tree, path):
        if isinstance(tree, int):
            return tree
        operands = [(walk(tree[0], (*path, 0)), tree[1]), (walk(tree[2], (*path, 1)), tree[3])]
        return (mapping[1].get(path), *sorted(operands, key=repr))

    return repr(walk(mapping[0], ()))


def library_key(mapping):
    def rebuild(tree):
        return tree.index if hasattr(tree, "index") else (
            rebuild(tree.left), tree.left_negated, rebuild(tree.right), tree.right_negated
        )  # fmt: skip

    sets = {v.path: (s.layer, s.neurons) for v, s in zip(mapping.algorithm.variables, mapping.sets, strict=True)}
    return key((rebuild(mapping.algorithm.tree), sets))


@given(networks(inputs=(1, 3), widest=3))
def test_signatures(network):
    """The table of every neuron set, row by row, and the number of different ones."""
    points = assignments(network.widths[0])
    found = signatures(network, points)
    tables = plain_tables(network, points)
    assert len(tables) == len(found)
    for (layer, neurons), table in tables.items():
        expected = tuple(sum(int(bit) << k for k, bit in enumerate(row)) for row in table)
        assert expected == found.of(NeuronSet(layer, neurons))
    assert len({table.tobytes() for table in tables.values()}) == found.distinct


@given(networks(inputs=(1, 2), hidden=(1, 2), widest=3), st.integers(1, 2))
def test_aligned(network, depth):
    """Every aligned algorithm with every minimal mapping, and every rung of each."""
    points = assignments(network.widths[0])
    (table,) = Behavior.of_network(network, points).tables()
    wanted = plain.run(network, points)[-1][:, 0] > 0.5
    tables = plain_tables(network, points)
    expected = {}
    for tree, negated in plain.computing(network.widths[0], depth, wanted):
        for mapping in plain.mappings(network, points, tree, negated, tables):
            sets = dict(zip(plain.variables(tree), mapping, strict=True))
            expected[key((tree, sets))] = (tree, negated, mapping)
    found = signatures(network, points)
    mine = {library_key(m): m for m in all_mappings(found, table, depth)}
    assert expected.keys() == mine.keys()
    for name, (tree, negated, mapping) in expected.items():
        assert plain.is_irredundant(tree, points) == mine[name].algorithm.irredundant
        assert plain.is_ordered(tree, mapping) == mine[name].ordered
        assert plain.is_joint(network, points, tree, negated, mapping) == (
            disagreement(network, mine[name], points) is None
        )
        assert plain.is_inert(network, points, mapping) == (interference(found, mine[name]) is None)


@pytest.mark.parametrize("name", ["xor-2-3-3-1-seed2", "and-2-3-3-1-seed0", "xor-2-3-3-1-seed4"])
def test_aligned_to_depth_three(name):
    """Growing trees from the root finds what checking all trees of depth three finds."""
    _, network = reference(name)
    points = assignments(2)
    (table,) = Behavior.of_network(network, points).tables()
    wanted = plain.run(network, points)[-1][:, 0] > 0.5
    tables = plain_tables(network, points)
    expected = set()
    for tree, negated in plain.computing(2, 3, wanted):
        for mapping in plain.mappings(network, points, tree, negated, tables):
            expected.add(key((tree, dict(zip(plain.variables(tree), mapping, strict=True)))))
    mine = [library_key(m) for m in all_mappings(signatures(network, points), table, 3)]
    assert expected == set(mine)
    assert len(mine) == len(set(mine))


def test_mappings_of_one_algorithm():
    """The question for a single algorithm agrees with the audit's answer for all of them."""
    _, network = reference("xor-2-3-3-1-seed4")
    (table,) = Behavior.of_network(network, assignments(2)).tables()
    everything = all_mappings(signatures(network, assignments(2)), table, 3)
    for algorithm in eh.algorithms("XOR", depth=3):
        assert {m for m in everything if m.algorithm == algorithm} == set(eh.mappings(network, algorithm))


@given(networks(inputs=(2, 2), hidden=(1, 2), widest=3), st.integers(0, 300))
def test_iia(network, pick):
    """IIA is the share of all ordered pairs that agree, for every variable and neuron set."""
    points = assignments(2)
    wanted = plain.run(network, points)[-1][:, 0] > 0.5
    candidates = list(plain.computing(2, 2, wanted))
    if not candidates:
        return
    tree, negated = candidates[pick % len(candidates)]
    (table,) = Behavior.of_network(network, points).tables()
    algorithm = next(
        a for a in eh.algorithms(eh.Task(("it",), (table,)), depth=2) if as_plain(a.tree) == canonical(tree)
    )
    found = signatures(network, points)
    tables = plain_tables(network, points)

    def scores(paths, score):
        return sorted([score(path, s) for path in paths for s in tables])

    expected = scores(
        plain.variables(tree), lambda path, s: float(plain.agreement(points, tree, negated, path, tables[s]))
    )
    mine = scores(algorithm.variables, lambda variable, s: float(iia(found, variable, NeuronSet(*s))))
    assert expected == mine


@pytest.mark.parametrize("name", ["xor-2-3-3-1-seed0", "xor-2-4-1-seed0", "xor-2-3-3-1-seed4"])
def test_best_mappings(name):
    """The best mapping has the highest IIA of the worst variable among all disjoint choices of neuron sets."""
    import itertools

    _, network = reference(name)
    points = assignments(2)
    found = signatures(network, points)
    sets = [s for s, _ in found.items()]
    for algorithm in eh.algorithms("XOR", depth=2):
        scores = [{s: iia(found, v, s) for s in sets} for v in algorithm.variables]
        best = max(
            min(score[s] for score, s in zip(scores, choice, strict=True))
            for choice in itertools.product(sets, repeat=len(scores))
            if all(a.layer != b.layer or not set(a.neurons) & set(b.neurons) for a, b in itertools.pairwise(choice))
        )
        mine = list(best_mappings(found, algorithm))
        assert {best} == {miss.least for miss in mine}
        if best == 1:
            assert {m.mapping for m in mine} == set(eh.mappings(network, algorithm))


def test_exact_network_is_fully_aligned():
    """A network built gate by gate from a formula has that formula's variables where they were put."""
    # Layer 1: NAND(A,B), OR(A,B); output: their AND.
    network = eh.Network([[[-1, -1], [1, 1]], [[1, 1]]], [[1.5, -0.5], [-1.5]], ["sigmoid:40", "sigmoid:40"])
    audit = eh.audit(network, "XOR")
    (mapping,) = audit.findings.mappings.survivors["inert"]
    assert str(mapping.algorithm) == "AND(NAND(A,B), OR(A,B))"
    assert [NeuronSet(1, (0,)), NeuronSet(1, (1,))] == list(mapping.sets)
    assert Fraction(1) == iia(audit.findings.mappings.signatures, mapping.algorithm.variables[0], mapping.sets[0])


def test_released_pairs():
    """Of the ordered pairs the released code tests those whose source comes first."""
    assert sum(bases.bit_count() for bases in bases_tested(2, "AB")) == 6
    assert [format(b, "04b") for b in bases_tested(2, "BA")] == ["1110", "1000", "1010", "0000"]
    assert sum(bases.bit_count() for bases in bases_tested(3, "CAB")) == 28


def test_pair_order_changes_what_is_tested():
    """With the other order other pairs are tested, so that the counts may differ; exchanging the network's inputs
    along with the order leaves them unchanged."""
    from everyhow.boolean.released_formulas import released_formulas

    (table,) = eh.parse_task("XOR").tables
    formulas = list(released_formulas(table, 3))
    for name in ("xor-2-3-3-1-seed2", "xor-2-3-3-1-seed4", "xor-2-2-2-1-seed2"):
        _, network = reference(name)
        swapped = eh.Network((network.weights[0][:, ::-1], *network.weights[1:]), network.biases, network.activations)
        found = released_mappings(signatures(network, assignments(2)), formulas, 2, "AB")
        other = released_mappings(signatures(swapped, assignments(2)), formulas, 2, "BA")
        simple = [text for text in found if len(text) < 18]
        assert {text: found[text] for text in simple} == {text: other.get(text) for text in simple}


@given(networks(inputs=(2, 2), hidden=(1, 2), widest=3), st.randoms(use_true_random=False))
def test_permuting_neurons(network, random):
    """Permuting the neurons of a layer leaves the numbers of algorithms, mappings and signatures unchanged."""
    other_network, _ = permuted(network, random)
    points = assignments(2)
    (table,) = Behavior.of_network(network, points).tables()
    numbers = []
    for one in (network, other_network):
        found = signatures(one, points)
        everything = all_mappings(found, table, 2)
        numbers.append((found.distinct, len(everything), sorted(str(m.algorithm) for m in everything)))
    assert numbers[0] == numbers[1]


def test_swapping_inputs_of_a_symmetric_task():
    """Exchanging the two inputs of an XOR network leaves every count and the ladder unchanged."""
    for name in ("xor-2-3-3-1-seed0", "xor-2-3-3-1-seed4"):
        _, network = reference(name)
        swapped = eh.Network((network.weights[0][:, ::-1], *network.weights[1:]), network.biases, network.activations)
        one, other = eh.audit(network, "XOR"), eh.audit(swapped, "XOR")
        assert one.counts == other.counts
        assert one.ladder == other.ladder


def test_errors():
    """Several outputs, or an algorithm of other inputs, are refused."""
    network = eh.Network([np.ones((2, 2))], [np.zeros(2)], ["relu"])
    with pytest.raises(eh.InputError, match=r"network\.output\(k\) of outputs"):
        signatures(network, assignments(2))
    with pytest.raises(eh.InputError, match="the algorithm has 2 inputs but the network has 3"):
        eh.mappings(eh.Network([np.ones((1, 3))], [np.zeros(1)], ["relu"]), next(eh.algorithms("XOR", 2)))


@pytest.mark.parametrize(
    "name",
    ["xor-2-3-3-1-seed0", "xor-2-3-3-1-seed2", "and-2-3-3-1-seed0", "nor-2-3-3-1-seed0", "imp-2-2-1-seed0", "xornet"],
)  # fmt: skip
def test_the_interchange_that_fells_a_mapping(name):
    """Whatever falls at a rung has a fault; the interchange shown is run again, and the network decides as it says."""
    _, network = reference(name)
    points = assignments(2)
    behavior = Behavior.of_network(network, points)
    findings = examine_mappings(network, behavior, behavior.tables()[0], 3, 10**10)
    states = plain.run(network, points)
    for rung in ("ordered", "joint", "inert"):
        before = findings.survivors[RUNGS[RUNGS.index(rung) - 1]]
        assert set(findings.fallen[rung]) == set(before) - set(findings.survivors[rung])
        for mapping, fault in findings.fallen[rung].items():
            if fault.experiment is None:
                assert rung == "ordered"
                continue
            assert fault.experiment.decided in replayed(network, points, states, mapping, fault.experiment)
            assert fault.experiment.predicted != fault.experiment.decided
    for miss in findings.near_misses:
        fault = fault_of_near_miss(findings.signatures, miss)
        assert fault.experiment.decided in replayed(network, points, states, miss.mapping, fault.experiment)
    for algorithm in findings.aligned:
        assert (idle_gate(algorithm) is None) == algorithm.irredundant


def replayed(network, points, states, mapping, run):
    """What the network decides at the base of a run, the neurons of its variables taking their values from the sources;
    more than one answer only where several variables have the name that the run gives."""
    named = list(zip(mapping.algorithm.variables, mapping.sets, strict=True))
    options = []
    for item, _ in run.sources:
        sets = [(s.layer, s.neurons) for variable, s in named if variable.name == item]
        if not sets:
            layer = int(item.split("layer ")[1].split(":")[0])
            sets = [(layer, tuple(int(j) for j in item.split(": ")[1].rstrip(")").split("+")))]
        options.append(sets)
    base = points[[int(run.base, 2)]]
    decided = set()
    for chosen in itertools.product(*options):
        patches = [
            (layer, neurons, states[layer][int(source, 2), list(neurons)])
            for (layer, neurons), (_, source) in zip(chosen, run.sources, strict=True)
        ]
        decided.add(bool(plain.run_patched(network, base, patches)[0]))
    return decided


def test_inert_where_the_network_decides_1():
    """A neuron that leads nowhere is inert, also in a network that decides 1 at the first input."""
    weights = ([[1, 0], [0, 1], [1, 1], [1, 0]], [[-1, -1, 2, 0]])
    network = eh.Network(weights, ([-0.5, -0.5, -1.5, -0.5], [0.5]), ("sigmoid:25", "sigmoid:25"))
    points = assignments(2)
    behavior = Behavior.of_network(network, points)
    assert str(behavior.tables()[0]) == "1001"
    findings = examine_mappings(network, behavior, behavior.tables()[0], 2, 10**10)
    unused = [m for m in findings.survivors["joint"] if all(3 not in s.neurons for s in m.sets)]
    assert unused
    assert all(interference(findings.signatures, mapping) is None for mapping in unused)
