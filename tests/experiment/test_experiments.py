"""Cross-examination and deciding experiments, against one patched run at a time."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.experiment.circuit_trials import circuit_trials, grid_points
from everyhow.experiment.cross_examination import cross_examine
from everyhow.experiment.findings import examine_experiments
from everyhow.experiment.witness import witness
from everyhow.mapping.mapping import Mapping
from everyhow.model.circuit import Circuit
from everyhow.model.inputs import inputs_of

from ..conftest import reference
from ..strategies import networks
from .one_by_one import Ground, parts_of


def mappings_of(network, task="XOR", depth=3, most=6):
    """Some mappings of irredundant algorithms."""
    found = (m for a in eh.algorithms(task, depth) for m in eh.mappings(network, a))
    return list(itertools.islice(found, most))


def two_students():
    """The two-signal explanations of the analytic network."""
    _, bob, alice = list(eh.readouts(eh.xornet()))[:3]
    return alice, bob


def as_floats(examined):
    return np.array([[np.nan if share is None else float(share) for share in row] for row in examined.matrix])


def test_the_students_cross_examined():
    """Bob predicts 86 to 92 of 100 of Alice's swaps, Alice 76 to 86 of Bob's, by what the swaps leave untouched."""
    alice, bob = two_students()
    network = eh.xornet()
    untouched = [None, [[1, 0, 0]], [[0, 1, 0]], [[0, 0, 1]], [[1, 1, 1]]]
    of_alice = [cross_examine(network, [alice, bob], [held, None]).matrix[0][1] for held in untouched]
    of_bob = [cross_examine(network, [alice, bob], [None, held]).matrix[1][0] for held in untouched[:3]]

    assert len(cross_examine(network, [alice, bob]).swaps[0].outcomes) == 100
    assert sorted({100 * share for share in of_alice}) == [86, 91, 92]
    assert sorted({100 * share for share in of_bob}) == [76, 86]
    assert cross_examine(network, [alice, bob]).matrix[0][0] == 1
    assert cross_examine(network, [alice, bob]).halfway == ((0, 0), (40, 0))


@pytest.mark.parametrize("name", ["xornet", "xor-2-2-2-1-seed2", "xor-2-3-3-1-seed0", "and-2-3-3-1-seed0"])
def test_matrix(name):
    """Readouts and mappings of the reference networks, in any mixture."""
    document, network = reference(name)
    found = [e for layer in range(1, network.depth) for e in eh.readouts(network, layer)]
    # Readouts with huge coefficients lose too many digits for two routes to agree near a boundary.
    found = [e for e in found if max(abs(r.coefficients).max() for r in e.readouts) < 100][:5]
    explanations = found + mappings_of(network, document["task"])
    examined = cross_examine(network, explanations)

    assert examined.most_moved is None
    assert len(explanations) > 1
    assert np.allclose(as_floats(examined), Ground(network).matrix(explanations), atol=1e-12, equal_nan=True)


@settings(max_examples=8)
@given(networks(inputs=(2, 2), hidden=(1, 3), widest=3), st.integers(0, 10))
def test_matrix_of_random_networks(network, start):
    """Mappings of random networks, of whatever they compute."""
    (table,) = eh.Behavior.of_network(network, assignments(2)).tables()
    algorithms = [a for a in itertools.islice(eh.algorithms(str(table), 3), start, start + 40) if len(a.variables) < 3]
    explanations = list(itertools.islice((m for a in algorithms for m in eh.mappings(network, a)), 3))
    if explanations:
        examined = cross_examine(network, explanations)
        assert np.allclose(as_floats(examined), Ground(network).matrix(explanations), equal_nan=True)


def test_fewer_variables_at_once():
    """With fewer moved at once there are fewer swaps, and it is said."""
    alice, bob = two_students()
    single = cross_examine(eh.xornet(), [alice, bob], most_moved=1)

    assert single.most_moved == 1
    assert len(single.swaps[0].outcomes) == 4 + 2 * 16
    assert ((single.swaps[0].sources >= 0).sum(axis=1) <= 1).all()


def test_many_swaps_are_limited(monkeypatch):
    """Beyond the limit pairs, then single variables are moved."""
    from everyhow.experiment import cross_examination

    three = [e for e in eh.readouts(eh.xornet()) if len(e.signals) == 3][:2]
    monkeypatch.setattr(cross_examination, "MOST_SWAPS", 600)
    examined = cross_examine(eh.xornet(), three)

    assert examined.most_moved == 2
    assert len(examined.swaps[0].outcomes) == 4 + 3 * 16 + 3 * 64


def test_deciding_between_the_students():
    """One variable swapped is enough, and the network says who was wrong."""
    alice, bob = two_students()
    dispute = eh.decide_between(eh.xornet(), alice, bob)
    found = dispute.experiment

    assert found.kind == "interchange"
    assert found.setting == {"of": 0, "base": "11", "sources": [["AND(A,¬B)", "10"]]}
    assert (found.predicted, found.outcome, found.wrong) == ((True, False), True, 1)
    assert str(dispute) == (
        "on input 11, give the code h1.0 - h1.2 its value from input 10 (AND(A,¬B) of the first): the first says 1, "
        "the second 0, the network 1; the second is wrong. No input produces the state that the second reads there; it "
        "is read as the nearest that one produces."
    )
    assert found.unnatural


def all_interchanges(ground, one, other):
    """Every interchange of both of which both say something, nothing being read halfway, and not the same, with the
    number of variables moved, and whether what is wrong reads a state that no input produces."""
    for own in (one, other):
        for base, sources in ground.every_swap(parts_of(own)):
            layers = ground.patched(own, base, sources)
            found = [ground.foreseen(each, own, base, sources, layers) for each in (one, other)]
            said = tuple(bit for bit, *_ in found)
            if None not in said and said[0] != said[1] and not any(halfway for _, halfway, *_ in found):
                outcome = ground.decides(layers)
                yield len(sources), found[0 if said[0] != outcome else 1][2], said, outcome


def test_cheapest_interchange():
    """No experiment moves fewer variables, and none exists when none is reported."""
    network = eh.xornet()
    explanations = [*itertools.islice(eh.readouts(network), 6), *mappings_of(network, depth=2)]
    undecided, ground = 0, Ground(network)
    for one, other in itertools.combinations(explanations, 2):
        dispute = eh.decide_between(network, one, other)
        differ = list(all_interchanges(ground, one, other))
        assert (dispute.experiment is None) == (not differ)
        if dispute.experiment is None:
            undecided += 1
            assert str(dispute) == (
                "no experiment decides among all interchanges of either explanation's variables that move a part of "
                "the other's variables, too, every base with every source of each"
            )
            continue
        found = dispute.experiment
        assert (len(found.setting["sources"]), found.unnatural) == min(one[:2] for one in differ)
        assert (len(found.setting["sources"]), found.unnatural, found.predicted, found.outcome) in differ
        assert found.predicted[found.wrong] != found.outcome == found.predicted[1 - found.wrong]


def test_one_formula_in_two_layers():
    """Each is right about its own layer, and says nothing of the other: nothing decides, and neither is wrong."""
    network = reference("xor-2-2-2-1-seed2")[1]
    (algorithm,) = (a for a in eh.algorithms("XOR", 2) if str(a) == "AND(NAND(A,B), OR(A,B))")
    one, other = (m for m in eh.mappings(network, algorithm) if len({place.layer for place in m.sets}) == 1)
    dispute = eh.decide_between(network, one, other)

    assert [place.layer for each in (one, other) for place in each.sets] == [1, 1, 2, 2]
    assert (dispute.experiment, dispute.said_by_both) == (None, 0)
    assert str(dispute) == "no experiment decides: neither says anything of what the other's interchanges change"
    examined = cross_examine(network, [one, other])
    assert examined.matrix == ((1, None), (None, 1))
    assert examined.said == ((100, 4), (4, 100))


def test_grid():
    """The grid covers the box around each corner, the corners and then the points nearest to one first."""
    points = grid_points(2)
    distance = np.abs(points - points.clip(0, 1).round()).max(axis=1)

    assert len(points) == 41 * 41
    assert sorted(map(tuple, points[:4].round(9).tolist())) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert points.min() == -0.5
    assert points.max() == pytest.approx(1.5)
    assert distance.max() <= 0.5 + 1e-9
    nearest = np.linalg.norm(points - points.clip(0, 1).round(), axis=1)
    assert (np.diff(nearest.round(9)) >= 0).all()
    assert all(len(grid_points(n)) < 100_000 for n in range(1, 7))


@pytest.mark.parametrize("name", ["xor-2-3-3-1-seed0", "xornet", "xor-2-2-2-1-seed5"])
def test_edges_resampled(name):
    """Every edge, base and source, in the network and in circuits."""
    network = reference(name)[1]
    circuits = [*eh.circuits(network).minimal()[:2], Circuit.whole(network)]
    trials = circuit_trials(network, circuits)
    offset, ground = len(trials.points), Ground(network)

    assert len(trials.edges) == network.edges * 12
    for k, (edge, base, source) in enumerate(trials.edges):
        assert trials.outcomes[offset + k] == ground.with_edge(None, edge, base, source)[0]
        for c, circuit in enumerate(circuits):
            assert trials.decisions[c][offset + k] == ground.with_edge(circuit, edge, base, source)[0]


def test_inputs_of_circuits():
    """On the grid each circuit decides as when it is run alone."""
    network = reference("xor-2-3-3-1-seed0")[1]
    circuits = eh.circuits(network).minimal()[:3]
    trials = circuit_trials(network, circuits)

    assert (trials.outcomes[: len(trials.points)] == (network.run(trials.points)[:, 0] > 0.5)).all()
    for circuit, decisions in zip(circuits, trials.decisions, strict=True):
        alone = network.run_circuit(trials.points, circuit)[-1][:, 0] > 0.5
        assert (decisions[: len(trials.points)] == alone).all()


def test_deciding_between_circuits():
    """The input nearest to a corner at which two circuits differ."""
    network = reference("xor-2-3-3-1-seed0")[1]
    one, other = eh.circuits(network).minimal()[:2]
    dispute = eh.decide_between(network, one, other)
    trials = circuit_trials(network, [one, other])
    point = np.array(dispute.experiment.setting["point"])
    differ = trials.decisions[0] != trials.decisions[1]
    nearest = trials.points[differ[: len(trials.points)]]

    assert dispute.experiment.kind == "input"
    assert np.linalg.norm(point - point.round()) == pytest.approx(
        np.linalg.norm(nearest - nearest.clip(0, 1).round(), axis=1).min()
    )
    assert dispute.experiment.predicted[0] == (network.run_circuit([point], one)[-1][0, 0] > 0.5)
    assert dispute.experiment.outcome == (network.run([point])[0, 0] > 0.5)
    assert dispute.experiment.predicted[dispute.experiment.wrong] != dispute.experiment.outcome


def test_the_same_circuit_twice():
    """Nothing decides between a circuit and itself, and the family is named."""
    network = reference("xor-2-3-3-1-seed0")[1]
    one = eh.circuits(network).minimal()[0]

    assert str(eh.decide_between(network, one, one)) == (
        "no experiment decides among inputs on a grid of step 0.05 within 0.5 of the truth table's corners, and single "
        "edges resampled at every base from every source"
    )


def test_edges_decide_where_inputs_do_not():
    """Two ways through a network that agree on every input: only an edge tells them apart."""
    network = eh.Network([[[1, 0], [1, 0]], [[1, 1]]], [[0, 0], [0]], ["identity", "identity"])
    one = Circuit.of_edges(network.graph, [(1, 0, 0), (2, 0, 0)])
    other = Circuit.of_edges(network.graph, [(1, 1, 0), (2, 0, 1)])
    dispute = eh.decide_between(network, one, other)

    assert dispute.experiment.kind == "edge"
    assert dispute.experiment.text.startswith("at 00, with the edge A→h1.")


def test_what_cannot_be_compared():
    """Circuits are compared with circuits; explanations fit their network."""
    alice, bob = two_students()
    network = eh.xornet()
    circuit = Circuit.whole(network)
    small = eh.Network([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [0]], ["identity", "identity"])
    mapping = mappings_of(network, depth=2)[0]

    with pytest.raises(eh.InputError, match="give two circuits, or two of the others"):
        eh.decide_between(network, circuit, alice)
    with pytest.raises(
        eh.InputError, match=r"is a Mapping \(eh.mappings\) or a ReadoutExplanation \(eh.readouts\), not str"
    ):
        cross_examine(network, ["alice", bob])
    with pytest.raises(eh.InputError, match=r"uses h1\.2; layer 1 of this 2-2-1 network has neurons h1\.0 to h1\.1"):
        cross_examine(small, [alice])
    with pytest.raises(eh.InputError, match=r"uses h1\.2; layer 1 of this 2-2-1 network has neurons h1\.0 to h1\.1"):
        witness(mapping, inputs_of(small))
    wide = eh.Network([np.ones((4, 2)), np.ones((1, 4))], [np.zeros(4), np.zeros(1)], ["relu", "identity"])
    three = eh.Network([np.ones((3, 3)), np.ones((1, 3))], [np.zeros(3), np.zeros(1)], ["relu", "identity"])
    with pytest.raises(eh.InputError, match="reads 3 neurons, layer 1 of the network has 4"):
        cross_examine(wide, [alice])
    with pytest.raises(eh.InputError, match="the explanation is over 2 inputs, the network has 3"):
        cross_examine(three, [alice])
    with pytest.raises(eh.InputError, match="the explanation is over 2 inputs, the network has 3"):
        cross_examine(three, [mapping])
    with pytest.raises(eh.InputError, match="is not what this network's layer 1 reads: the residual is"):
        cross_examine(eh.xornet(2), [alice])
    assert repr(cross_examine(network, [alice, bob])) == "CrossExamination(2 explanations, 200 swaps)"
    with pytest.raises(eh.InputError, match="holding has 1 entries for 2 explanations; give one for each"):
        cross_examine(network, [alice, bob], [None])
    with pytest.raises(eh.InputError, match="holding belongs to readout explanations"):
        witness(mapping, inputs_of(network), [[1, 0, 0]])
    with pytest.raises(eh.InputError, match="most_moved is 0; an interchange moves at least 1 variable"):
        cross_examine(network, [alice], most_moved=0)
    with pytest.raises(eh.InputError, match="explanations are of one output; the network has 2"):
        cross_examine(reference("authors-xor-and-2-3-3-2-seed0")[1], [alice])
    with pytest.raises(
        eh.InputError, match="circuits are tried in networks of one output; this one has 2: take network"
    ):
        circuit_trials(reference("authors-xor-and-2-3-3-2-seed0")[1], [])


def test_an_algorithm_without_variables():
    """It has one interchange at each base, none, and predicts from the inputs alone."""
    network = eh.Network([[[1, 1], [0, 1]], [[1, 0]]], [[0, 0], [0]], ["identity", "identity"])
    (nothing,) = [m for a in eh.algorithms("A | B", 1) for m in eh.mappings(network, a)]
    examined = cross_examine(network, [nothing])

    assert isinstance(nothing, Mapping)
    assert len(examined.swaps[0].outcomes) == 4
    assert examined.matrix == ((1,),)


def test_findings_are_limited_and_say_so():
    """At most a hundred explanations are examined, the number of all of them kept."""
    network = reference("xor-2-3-3-1-seed0")[1]
    explanations = [e for layer in (1, 2, 1, 2) for e in eh.readouts(network, layer)]
    found = examine_experiments(network, explanations, len(explanations), eh.circuits(network).minimal(), "threshold")

    assert len(found.examined.explanations) == 100 < found.of == 116
    assert len(found.disputes) == 100 * 99 // 2
    assert found.circuits == 4
    assert len(found.circuit_disputes) == 6
    assert examine_experiments(network, explanations[:1], 1, (), "threshold").examined is None


def test_codes_that_cannot_be_swapped():
    """At a generous tolerance one code reads two signals: such sets are left out, and the audit goes on."""
    network = eh.Network([[[1, 0], [0, 1]], [[1, 1]]], [[0, 0], [-0.5]], ["relu", "sigmoid:25"])
    audit = eh.audit(network, "XOR", tolerance=0.6)

    assert audit.findings.experiments.unswappable > 0
    assert audit.document()["details"]["experiments"]["not_swappable"] == audit.findings.experiments.unswappable


def test_any_iterable_of_explanations():
    """A generator will do, and so will the readouts themselves."""
    network = eh.xornet()

    assert len(cross_examine(network, eh.readouts(network)).matrix) == 11


def test_trials_at_jumps_are_left_out():
    """A neuron that fires above 1: where the inputs sum to 1, as 0.85 and 0.15 do but for rounding, nothing is sure."""
    network = eh.Network(([[1, 1]], [[1]]), ([-1], [0]), ("step", "identity"))
    trials = circuit_trials(network, [])
    sums = trials.points.sum(axis=1)
    # Of a grid of 41 times 41 points, the 41 of a diagonal are left out.
    assert len(sums) == 1640 and np.abs(sums - 1).min() > 0.04
    # Rows 00, 01, 10, 11: the first input of the source with the second one of the base.
    moved = {(base, source) for edge, base, source in trials.edges if edge == (1, 0, 0)}
    assert moved == {(0, 1), (1, 2), (1, 3), (2, 0), (2, 1), (3, 2)}
