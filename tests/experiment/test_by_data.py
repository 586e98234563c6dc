"""Experiments between points of data, against one run at a time; and what is said where they are a sample."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.experiment import circuit_trials as trials_module
from everyhow.experiment import cross_examination
from everyhow.experiment.circuit_trials import circuit_trials, of_data
from everyhow.experiment.cross_examination import cross_examine
from everyhow.experiment.findings import examine_experiments
from everyhow.mapping.mapping import Mapping
from everyhow.mapping.signatures import NeuronSet
from everyhow.model.inputs import inputs_of, swaps
from everyhow.readout import interchange as interchange_module
from everyhow.readout.interchange import interchange

from ..conftest import reference
from ..strategies import networks
from .one_by_one import Ground, parts_of

ALGORITHMS = [a for task in ("XOR", "A | B", "A & B") for a in eh.algorithms(task, 3) if 0 < len(a.variables) < 3]


def noisy(inputs, copies, seed=0, deviation=0.2):
    """The rows of a truth table seen through noise, and the bits of each."""
    bits = np.repeat(assignments(inputs), copies, axis=0)
    return bits + np.random.default_rng(seed).normal(scale=deviation, size=bits.shape), bits


@st.composite
def rivals(draw, network, most=3):
    """Mappings of any algorithms to any disjoint sets of neurons: they need not be right to be examined."""
    found = []
    for _ in range(draw(st.integers(2, most))):
        algorithm = draw(st.sampled_from(ALGORITHMS))
        free = [(layer, j) for layer in range(1, network.depth) for j in range(network.widths[layer])]
        sets = []
        for _ in algorithm.variables:
            if not free:
                return None
            layer = draw(st.sampled_from(sorted({layer for layer, _ in free})))
            there = [j for where, j in free if where == layer]
            chosen = draw(st.sets(st.sampled_from(there), min_size=1))
            sets.append(NeuronSet(layer, tuple(sorted(chosen))))
            free = [(where, j) for where, j in free if where != layer or j not in chosen]
        found.append(Mapping(algorithm, tuple(sets)))
    return found


def agrees(examined, ground, explanations):
    """Every swap that was tried and everything that is predicted of it, one run at a time; where a reading or an output
    is on an edge between two values, rounding may decide and nothing is compared."""
    for own, tried in zip(explanations, examined.swaps, strict=True):
        for k, (base, sources) in enumerate(zip(tried.bases.tolist(), tried.sources.tolist(), strict=True)):
            moved = {v: s for v, s in enumerate(sources) if s >= 0}
            layers = ground.patched(own, base, moved)
            if abs(layers[-1][0] - ground.network.threshold) > 1e-9:
                assert tried.outcomes[k] == ground.decides(layers)
            for said, other in zip(tried.predictions, explanations, strict=True):
                bit, halfway, strange, close = ground.foreseen(other, own, base, moved, layers)
                assert said.says[k] == (bit is not None)
                if bit is not None and not close:
                    assert (said.bits[k], said.halfway[k]) == (bit, halfway)
                    assert said.unnatural[k] == strange


@settings(max_examples=25)
@given(networks(inputs=(1, 3), hidden=(1, 2), widest=3), st.data())
def test_mappings_between_points_of_random_data(network, data):
    """Mappings over features that have nothing to do with the numbers of the inputs, of networks of any inputs."""
    explanations = data.draw(rivals(network))
    assume(explanations)
    number, seed = data.draw(st.integers(1, 6)), data.draw(st.integers(0, 1000))
    generator = np.random.default_rng(seed)
    points, bits = generator.normal(size=(number, network.widths[0])), generator.integers(2, size=(number, 2))
    behavior = eh.Behavior.of_network(network, points, "threshold")
    examined = cross_examine(network, explanations, behavior=replace(behavior, features=bits))

    counts = [parts_of(e) for e in explanations]
    assert [len(tried) for tried in examined.swaps] == [(number + 1) ** count * number for count in counts]
    assert examined.seed is None and all(tried.of == len(tried) for tried in examined.swaps)
    agrees(examined, Ground(network, points, bits), explanations)


def test_readout_explanations_between_points_of_data():
    """The signals of the analytic network, read and swapped between noisy inputs."""
    network = eh.xornet()
    points, bits = noisy(2, 2, seed=3, deviation=0.05)
    behavior = eh.Behavior.of_network(network, points)
    explanations = [*list(eh.readouts(network))[:3], *itertools.islice(mappings(network), 2)]
    examined = cross_examine(network, explanations, behavior=replace(behavior, features=bits))
    agrees(examined, Ground(network, points, bits), explanations)

    for explanation in explanations[:3]:
        found = interchange(network, explanation, behavior=replace(behavior, features=bits))
        single, joint = one_by_one(Ground(network, points, bits), explanation)
        assert [float(share) for share in found.single] == pytest.approx(single)
        assert (found.joint is None and joint is None) or float(found.joint) == pytest.approx(joint)
        assert found.of is None and found.patched == (9 ** len(explanation.readouts) - 1) * 8


def mappings(network):
    """The mappings of XOR."""
    return (mapping for algorithm in eh.algorithms("XOR", 3) for mapping in eh.mappings(network, algorithm))


def one_by_one(ground, explanation):
    """The IIA of each signal, and of several at once, one swap at a time."""
    single, joint = [[] for _ in explanation.readouts], []
    for base, sources in ground.every_swap(len(explanation.readouts)):
        pattern = 0
        for k, table in enumerate(explanation.signals):
            pattern = 2 * pattern + (table.bits >> ground.row(sources.get(k, base)) & 1)
        layers = ground.patched(explanation, base, sources)
        right = ground.decides(layers) == bool(explanation.gate.bits >> pattern & 1)
        if len(sources) == 1:
            single[next(iter(sources))].append(right)
        elif sources:
            joint.append(right)
    return [np.mean(each) for each in single], np.mean(joint) if joint else None


def test_the_truth_table_is_the_default():
    """Between the rows of a truth table, given as data in their order, everything is as without data."""
    network = eh.xornet()
    behavior = eh.Behavior.of_task(eh.parse_task("XOR"))
    explanations = [*list(eh.readouts(network))[:3], *itertools.islice(mappings(network), 2)]
    given, usual = cross_examine(network, explanations, behavior=behavior), cross_examine(network, explanations)
    assert given.matrix == usual.matrix and given.halfway == usual.halfway
    for one, other in itertools.combinations(explanations, 2):
        assert str(eh.decide_between(network, one, other, behavior=behavior)) == str(
            eh.decide_between(network, one, other)
        )
    assert interchange(network, explanations[0], behavior=behavior) == interchange(network, explanations[0])
    trained = reference("xor-2-3-3-1-seed0")[1]
    one, other = eh.circuits(trained).minimal()[:2]
    assert str(eh.decide_between(trained, one, other, behavior=behavior)) == str(eh.decide_between(trained, one, other))


def test_explanations_are_decided_between_by_data():
    """The first interchange between points of data at which two explanations differ, by its names."""
    network = eh.xornet()
    points, bits = noisy(2, 2, seed=1, deviation=0.1)
    behavior = eh.Behavior.of_network(network, points)
    survivors = [*itertools.islice(eh.readouts(network), 3), *itertools.islice(mappings(network), 1)]
    ground, decided = Ground(network, points, bits), 0
    for one, other in itertools.combinations(survivors, 2):
        dispute = eh.decide_between(network, one, other, behavior=replace(behavior, features=bits))
        if dispute.experiment is None:
            continue
        decided += 1
        setting = dispute.experiment.setting
        own = (one, other)[setting["of"]]
        number = lambda name: int(name.removeprefix("input ")) - 1  # noqa: E731
        sources = {own.parts.index(variable): number(name) for variable, name in setting["sources"]}
        base = number(setting["base"])
        layers = ground.patched(own, base, sources)
        said = tuple(ground.foreseen(each, own, base, sources, layers)[0] for each in (one, other))
        assert (said, ground.decides(layers)) == (dispute.experiment.predicted, dispute.experiment.outcome)
        assert dispute.experiment.text.startswith(f"on {setting['base']}, give ")
    assert decided == 4


@settings(max_examples=25)
@given(networks(inputs=(1, 3), hidden=(1, 2), widest=2, most_circuits=400), st.integers(1, 5), st.integers(0, 1000))
def test_circuits_at_points_of_random_data(network, number, seed):
    """Every point and every edge resampled between points, but for those at which rounding may decide."""
    points = np.random.default_rng(seed).normal(size=(number, network.widths[0]))
    behavior = eh.Behavior.of_network(network, points, "threshold")
    circuits = list(itertools.islice(eh.circuits(network, behavior), 3))
    trials = circuit_trials(network, circuits, behavior=behavior)
    ground, offset = Ground(network, points), len(trials.points)
    whole = [None, *circuits]
    decided = [trials.outcomes, *trials.decisions]
    for k, (edge, base, source) in enumerate(trials.edges):
        for circuit, bits in zip(whole, decided, strict=True):
            bit, close = ground.with_edge(circuit, edge, base, source)
            assert close or bits[offset + k] == bit
    for k, at in enumerate(trials.numbers):
        assert (trials.points[k] == points[at]).all()
        for circuit, bits in zip(whole, decided, strict=True):
            run = (
                network.run(points[at : at + 1])
                if circuit is None
                else network.run_circuit(points[at : at + 1], circuit)[-1]
            )
            assert bits[k] == (run[0, 0] > network.threshold)
    tried = {(edge, base, source) for edge, base, source in trials.edges}
    every = {(edge, *pair) for edge in network.graph.edges for pair in itertools.permutations(range(number), 2)}
    assert tried <= every
    for trial in every - tried:
        close = any(ground.with_edge(circuit, *trial)[1] for circuit in whole)
        assert close or {"step", "sign"} & set(network.activations)
    assert trials.family == (
        f"the {number} inputs of the data, and single edges resampled at every base from every source"
    )


def test_circuits_that_differ_on_data():
    """With an error allowed, circuits differ at inputs of the data already, and the input is named."""
    network = reference("xor-2-3-3-1-seed0")[1]
    points, _ = noisy(2, 10, seed=2, deviation=0.3)
    behavior = eh.Behavior.of_network(network, points, epsilon=0.15)
    circuits = eh.circuits(network, behavior).minimal()
    found = [eh.decide_between(network, *pair, behavior=behavior) for pair in itertools.combinations(circuits[:6], 2)]
    named = [dispute for dispute in found if dispute.experiment and dispute.experiment.kind == "input"]
    assert named
    for dispute in named:
        name = dispute.experiment.setting["input"]
        at = int(name.removeprefix("input ")) - 1
        assert dispute.experiment.text == f"on {name}"
        alone = tuple(bool(network.run_circuit(points[at : at + 1], c)[-1][0, 0] > 0.5) for c in dispute.explanations)
        assert dispute.experiment.predicted == alone
        assert dispute.experiment.outcome == bool(network.run(points[at : at + 1])[0, 0] > 0.5)
    edges = [dispute.experiment.text for dispute in found if dispute.experiment and dispute.experiment.kind == "edge"]
    assert all(" as at input " in text for text in edges)


def test_two_classes_are_folded():
    """Data of two classes are explained as one output, and so are the explanations set against each other."""
    network = eh.Network([[[1, 0], [0, 1]], [[1, -1], [-1, 1]]], [[0, 0], [0, 0.25]], ["relu", "identity"])
    points = np.random.default_rng(0).normal(size=(12, 2))
    behavior = eh.Behavior.of_network(network, points, "argmax")
    one = eh.circuits(network.folded(), behavior.folded()).minimal()[0]
    assert eh.decide_between(network, one, one, behavior=behavior).experiment is None
    with pytest.raises(eh.InputError, match="the decision 'threshold' is given for a behavior of decision by argmax"):
        eh.decide_between(network, one, one, "threshold", behavior=behavior)


def test_findings_by_data():
    """What an audit by data asks: circuits without bits, explanations with them."""
    network = reference("xor-2-3-3-1-seed0")[1]
    points, bits = noisy(2, 3, seed=1, deviation=0.02)
    behavior = eh.Behavior.of_network(network, points)
    circuits = eh.circuits(network, behavior).minimal()
    found = examine_experiments(network, (), 0, circuits, behavior=behavior)
    assert found.examined is None and len(found.circuit_disputes) == len(circuits) * (len(circuits) - 1) // 2 > 0
    explanations = list(itertools.islice(mappings(network), 2))
    found = examine_experiments(network, explanations, 2, (), behavior=replace(behavior, features=bits))
    assert len(found.disputes) == 1 and found.interchanges == (None, None)


def many(number=100):
    """A network, a behavior of many points, and their bits."""
    points, bits = noisy(2, number // 4, seed=4)
    network = eh.xornet()
    return network, eh.Behavior.of_network(network, points), bits


def test_a_sample_of_swaps(monkeypatch):
    """Between many points some interchanges are drawn: how many of how many is said, and what is drawn is predicted as
    one run at a time predicts it. More than 64 natural states are searched by a tree."""
    network, behavior, bits = many()
    explanations = [*list(eh.readouts(network))[:2], *itertools.islice(mappings(network), 2)]
    monkeypatch.setattr(cross_examination, "MOST_SWAPS", 900)
    examined = cross_examine(network, explanations, behavior=replace(behavior, features=bits))

    assert examined.seed == 0 and examined.most_moved in (None, 1)
    share = 900 // sum(1 + parts_of(e) for e in explanations)
    for explanation, tried in zip(explanations, examined.swaps, strict=True):
        assert tried.of == 100 + parts_of(explanation) * 100**2
        assert 0.8 * share * (1 + parts_of(explanation)) < len(tried) <= share * (1 + parts_of(explanation))
        pairs = np.column_stack([tried.bases, tried.sources])
        assert len(np.unique(pairs, axis=0)) == len(pairs)
    tried, of = (sum(map(len, examined.swaps)), sum(each.of for each in examined.swaps))
    assert repr(examined) == f"CrossExamination({len(explanations)} explanations, {tried} of {of:,} swaps)"
    agrees(examined, Ground(network, behavior.points, bits), explanations)

    again = cross_examine(network, explanations, behavior=replace(behavior, features=bits))
    other = cross_examine(network, explanations, behavior=replace(behavior, features=bits), seed=1)
    assert (again.swaps[1].sources == examined.swaps[1].sources).all()
    assert other.seed == 1 and not np.array_equal(other.swaps[1].bases, examined.swaps[1].bases)
    dispute = eh.decide_between(network, *explanations[1:3], behavior=replace(behavior, features=bits))
    assert ", drawn by seed 0" in dispute.family and " interchanges of either explanation's variables" in dispute.family


def test_without_a_sample_where_few_are_asked():
    """Between many points, all interchanges are tried as long as they are few enough."""
    network, behavior, bits = many(80)
    mapping = next(mappings(network))
    examined = cross_examine(network, [mapping], behavior=replace(behavior, features=bits), most_moved=1)
    assert examined.seed is None and len(examined.swaps[0]) == 80 + parts_of(mapping) * 80**2


def test_a_sample_of_interchanges(monkeypatch):
    """An interchange of signals between many points says of how many patched states it tried a sample."""
    network, behavior, bits = many()
    explanation = list(eh.readouts(network))[1]
    monkeypatch.setattr(interchange_module, "MOST_PATCHED", 1000)
    found = interchange(network, explanation, behavior=replace(behavior, features=bits))
    assert found.of == 2 * 100**2 + 100**3 > found.patched > 300
    assert interchange(network, explanation, behavior=replace(behavior, features=bits)) == found


def test_a_sample_of_trials(monkeypatch):
    """Of more points than are tried some are drawn, and of the pairs between which edges are resampled."""
    network, behavior, _ = many()
    monkeypatch.setattr(trials_module, "MOST_TRIALS", 90)
    tried = of_data(behavior, 7, seed=3)
    assert len(tried.points) == 90 and (tried.points == behavior.points[tried.numbers]).all()
    assert len(tried.pairs) == 12 and (tried.pairs[:, 0] != tried.pairs[:, 1]).all()
    assert tried.family == (
        "90 of the 100 inputs of the data, and single edges resampled at 12 of the 9,900 pairs of a base and a source, "
        "drawn by seed 3"
    )
    trials = circuit_trials(network, [], behavior=behavior, seed=3)
    assert {(base, source) for _, base, source in trials.edges} <= set(map(tuple, tried.pairs.tolist()))


@pytest.mark.parametrize("inputs, moved, most", [(5, (), None), (5, (1,), None), (3, (0, 2), None), (70, (0,), 40)])
def test_swaps(inputs, moved, most):
    """Each base with each source once; or so many of them, those of one seed always the same."""
    bases, sources = swaps(inputs, moved, most, seed=2)
    every = list(itertools.product(range(inputs), repeat=len(moved) + 1))
    found = [(base, *taken) for base, taken in zip(bases.tolist(), sources.tolist(), strict=True)]
    assert found == every if most is None else set(found) <= set(every) and found == sorted(set(found))
    assert most is None or 0.5 * most < len(found) <= most


def test_what_does_not_fit():
    """Bits are known of points, and as many as the explanation is over."""
    network, behavior, bits = many(8)
    mapping, explanation = next(mappings(network)), next(iter(eh.readouts(network)))
    for wrong, message in [
        ({"behavior": behavior}, "of the 8 points of this behavior none are known: give the behavior features, a row"),
        ({"behavior": replace(behavior, features=bits[:, :1])}, "over 2 bits, and 1 are known of each input; give "),
        ({"behavior": 3}, "a Behavior is asked for, not a value of type int"),
        ({"seed": -1}, "seed is -1; it is a whole number of at least 0"),
    ]:
        with pytest.raises(eh.InputError, match=message):
            cross_examine(network, [mapping], **wrong)
        with pytest.raises(eh.InputError, match=message):
            eh.decide_between(network, mapping, mapping, **wrong)
        with pytest.raises(eh.InputError, match=message):
            interchange(network, explanation, **wrong)
    with pytest.raises(eh.InputError, match="give a behavior, whose points are tried instead"):
        circuit_trials(eh.Network([np.ones((1, 7))], [np.zeros(1)], ["identity"]), [])
    with pytest.raises(eh.InputError, match="most_moved is 0; an interchange moves at least 1 signal"):
        interchange(network, explanation, most_moved=0)
    assert inputs_of(network).is_truth_table and not inputs_of(network, replace(behavior, features=bits)).is_truth_table
