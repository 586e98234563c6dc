"""Interpretations: the kernel, the layered table and the list of all choices give the same answers."""

import itertools
from collections import Counter
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.truth_table import TruthTable, assignments
from everyhow.circuit.findings import examine_circuits
from everyhow.common.progress import Progress
from everyhow.interpretation.findings import bytes_held, examine_interpretations, input_states
from everyhow.interpretation.interpretation import PRICES, NeuronGate, completions
from everyhow.interpretation.interpretations import Interpretations
from everyhow.model.circuit import Circuit
from everyhow.model.criterion import perfect
from everyhow.model.reading import ReadingRule
from everyhow.network.listing import list_within
from everyhow.network.reading_counts import PRIMES, _combined, _moduli, count_interpretations
from everyhow.verification import plain, plain_circuits, plain_interpretations

from ..conftest import reference
from ..plainly import as_circuit
from ..strategies import networks, permuted


def counted(network, circuits, rule=None):
    bits = np.array([circuit.bits for circuit in circuits], np.uint64)
    return list(count_interpretations(network, [bits], assignments(network.widths[0]), rule))


def clear_circuits(network):
    """The circuits of a network none of whose outputs lies on a decision boundary, where rounding would decide."""
    points = plain.rows(network.widths[0])

    def is_clear(circuit):
        outputs = plain.run(network, points, circuit)[-1]
        return all((abs(outputs - level) > 1e-9).all() for level in (0.5, 1.5))

    return [circuit for circuit in plain_circuits.all_circuits(network.weights) if is_clear(circuit)]


def some_circuits(network, most=6):
    """Some of them, from all over the space."""
    everything = clear_circuits(network)
    return everything[:: max(1, len(everything) // most)]


@given(networks(inputs=(1, 2), outputs=(1, 2), widest=2))
def test_counts(network):
    """Don't cares counted once and expanded, for circuits perfect or not."""
    chosen = some_circuits(network)
    points = assignments(network.widths[0])
    found = counted(network, [as_circuit(network, c) for c in chosen])
    for circuit, (once, expanded) in zip(chosen, found, strict=True):
        ways = [ways for _, ways in plain_interpretations.interpretations(network, points, circuit)]
        assert (len(ways), sum(ways)) == (once, expanded)


@given(networks(inputs=(3, 3), hidden=(1, 2), widest=2, most_circuits=4000))
def test_counts_of_three_inputs(network):
    """Eight inputs, up to seven separators a neuron."""
    chosen = some_circuits(network, 2)
    points = assignments(3)
    found = counted(network, [as_circuit(network, c) for c in chosen])
    for circuit, (once, expanded) in zip(chosen, found, strict=True):
        ways = [ways for _, ways in plain_interpretations.interpretations(network, points, circuit)]
        assert (len(ways), sum(ways)) == (once, expanded)


@given(networks(inputs=(1, 2), widest=2, hidden=(1, 2)), st.sampled_from([1e-9, 0.0]), st.booleans())
def test_counts_by_the_released_rule(network, tolerance, single):
    """Values compared as float32, outputs rounded."""
    rule = ReadingRule(tolerance, single, "round")
    chosen = some_circuits(network)
    points = assignments(network.widths[0])
    circuits = [as_circuit(network, c) for c in chosen]
    for circuit, mine, (once, expanded) in zip(chosen, circuits, counted(network, circuits, rule), strict=True):
        table = Interpretations(network, mine, points, rule)
        if tolerance or single:
            ways = [
                w
                for _, w in plain_interpretations.interpretations(network, points, circuit, "round", tolerance, single)
            ]
            assert (len(ways), sum(ways)) == (once, expanded)
            assert (table.count, table.count_expanded) == (once, expanded)


@given(networks(inputs=(1, 2), outputs=(1, 2), widest=2))
def test_list(network):
    """Listing gives the interpretations that checking every choice of separators gives, each once."""
    points = assignments(network.widths[0])
    for circuit in some_circuits(network, 3):
        expected = Counter()
        for readings, ways in plain_interpretations.interpretations(network, points, circuit):
            key = frozenset((n, sum(bit << k for k, bit in enumerate(r))) for n, r in readings.items())
            expected[key] = ways
        table = eh.interpretations(network, as_circuit(network, circuit))
        listed = {frozenset((n, r.bits) for n, r in i.readings.items()): i.expansions for i in table}
        assert expected == listed
        assert (table.count, table.count_expanded) == (len(expected), sum(expected.values()))


@pytest.mark.parametrize("name", ["xor-2-4-1-seed0", "xor-2-2-2-1-seed2"])
def test_summaries_follow_from_the_list(name):
    """Gate shares and the widest gaps, from the layered table and from the list."""
    _, network = reference(name)
    for circuit in eh.circuits(network):
        table = eh.interpretations(network, circuit)
        everything = list(table)
        if not everything:
            assert table.widest is None
            continue
        tallies = {}
        for one in everything:
            for neuron, gate in one.gates.items():
                tallies.setdefault(neuron, Counter())[gate] += 1
        # Most frequent first, and of equally frequent ones the one that is listed first.
        counts = {neuron: tally.most_common() for neuron, tally in tallies.items()}
        assert counts == {neuron: list(gates.items()) for neuron, gates in table.gate_counts.items()}
        shares = {n: [(g, Fraction(k, len(everything))) for g, k in tally] for n, tally in counts.items()}
        assert shares == {neuron: list(share.items()) for neuron, share in table.gate_shares.items()}
        readings = {
            neuron: Counter(one.readings[neuron].bits for one in everything) for neuron in table.readings if neuron[0]
        }
        assert readings == {neuron: dict(tally) for neuron, tally in table.readings_by_number.items()}

        def width(one, last=network.depth):
            gaps = [r.gap for (layer, _), r in one.readings.items() if 0 < layer < last]
            return min(gaps), sum(gaps)

        ranked = [width(one) for one in table.by_gaps()]
        expected = sorted(map(width, everything), reverse=True)
        assert [smallest for smallest, _ in ranked] == [smallest for smallest, _ in expected]
        assert [total for _, total in ranked] == pytest.approx([total for _, total in expected])
        keys = [{n: r.bits for n, r in one.readings.items()} for one in table.by_gaps()]
        assert sorted(map(str, keys)) == sorted(str({n: r.bits for n, r in one.readings.items()}) for one in everything)
        assert width(table.widest) == ranked[0]


@given(networks(inputs=(2, 2), hidden=(2, 3), widest=2, most_circuits=200))
def test_by_gaps(network):
    """Widest gaps first, by the smallest and then by the sum, over the whole list, where many are equal."""
    largest = max(eh.circuits(network), key=len, default=None)
    if largest is None:
        return
    table = eh.interpretations(network, largest)

    def width(one):
        gaps = [r.gap for (layer, _), r in one.readings.items() if 0 < layer < network.depth]
        return min(gaps, default=1.0), sum(gaps)

    ranked, expected = list(map(width, table.by_gaps())), sorted(map(width, table), reverse=True)
    assert [smallest for smallest, _ in ranked] == [smallest for smallest, _ in expected]
    # Sums of equal smallest gaps may differ in their last bits by the order in which they were added.
    assert [total for _, total in ranked] == pytest.approx([total for _, total in expected])


@given(networks(inputs=(2, 2), hidden=(1, 2), widest=3, most_circuits=200))
def test_whole_numbers_of_any_size(network):
    """Counts that may pass 64 bits are kept otherwise, and come out alike."""
    for circuit in some_circuits(network, 2):
        table, again = (eh.interpretations(network, as_circuit(network, circuit)) for _ in range(2))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("everyhow.interpretation.interpretations.LARGEST", 0)
            large = (again.count, again.count_expanded, again.gate_counts, again.readings_by_number)
            drawn = again.sample(5, seed=1) if again.count else ()
        assert (table.count, table.count_expanded, table.gate_counts, table.readings_by_number) == large
        assert (table.sample(5, seed=1) if table.count else ()) == drawn


def test_more_states_than_64_bits_number():
    """A layer of 45 neurons of three readings each has 3^45 states; behind one neuron only three of them occur."""
    nothing = [[0.0], np.zeros(45), np.zeros(45)]
    network = eh.Network([[[1.0, 2.0]], np.ones((45, 1)), np.eye(45)], nothing, ["identity"] * 3)
    table = eh.interpretations(network, Circuit.whole(network))
    assert table.pairs > 3**45
    (one,) = table
    assert {reading.bits for (layer, _), reading in one.readings.items() if layer} == {0b1110}
    assert table.count == table.count_expanded == 1


def test_a_neuron_that_varies_alone():
    """An input whose values are as good as one may still move a neuron: then nothing that is read explains that."""
    network = eh.Network([[[1e12]], [[1.0]]], [[0.0], [-25.0]], ["identity", "identity"], threshold=0.0)
    table = Interpretations(network, Circuit.whole(network), np.array([[0.0], [5e-11], [2e-11]]))
    assert (0, 0) not in table.readings and (1, 0) in table.readings
    assert (table.count, list(table), dict(table.gate_counts), dict(table.gate_shares)) == (0, [], {}, {})


def test_nothing_varies():
    """At one input nothing varies, and there is one interpretation, which says nothing."""
    network = eh.xornet()
    table = Interpretations(network, Circuit.whole(network), np.array([[1.0, 0.0]]))
    (one,) = table
    assert (table.count, table.count_expanded, dict(table.gate_counts)) == (1, 1, {})
    assert (dict(one.readings), dict(one.gates), table.widest, table.sample(1)) == ({}, {}, one, (one,))


@pytest.mark.parametrize("inputs", [1, 2, 3])
def test_formulas_of_gates(inputs):
    """Of all functions that a table allows, those that depend on most parents; of these the simplest formula."""
    tables = ["".join(one) for one in itertools.product("01-", repeat=1 << inputs)]
    for table in tables[:: 1 if inputs < 3 else 41]:
        completed = ["".join(one) for one in itertools.product(*("01" if d == "-" else d for d in table))]
        ranked = []
        for one in completed:
            read = sum(any(one[row] != one[row ^ 1 << k] for row in range(len(one))) for k in range(inputs))
            formula = PRICES.formula(TruthTable.parse(one))
            kinds = {gate.name for gate in formula.gates}
            ranked.append((-read, PRICES.total([formula]), len(kinds), str(formula)))
        parents = tuple((1, k) for k in range(inputs))
        assert str(NeuronGate(parents, table).formula) == min(ranked)[-1], table


def test_separators_lie_midway():
    """A separator lies midway between neighbouring values; its gap is relative to the neuron's range."""
    network = eh.Network([[[1.0, 3.0]], [[1.0]]], [[0.0], [-2.5]], ["identity", "identity"])
    (neuron,) = [n for n in eh.interpretations(network, Circuit.whole(network)).readings if n == (1, 0)]
    readings = eh.interpretations(network, Circuit.whole(network)).readings[neuron]
    assert [r.separator for r in readings] == [0.5, 2.0, 3.5]
    assert [r.gap for r in readings] == [0.25, 0.5, 0.25]
    assert [r.bits for r in readings] == [0b1110, 0b1010, 0b1000]


def test_close_values_are_one():
    """Values closer than 1e-9 of the neuron's magnitude are one value, and nothing lies between them."""
    network = eh.Network([[[1e-10, 2.0]], [[1.0]]], [[0.0], [0.0]], ["identity", "identity"])
    table = eh.interpretations(network, Circuit.whole(network))
    assert len(table.readings[1, 0]) == 1


def test_a_constant_neuron_has_no_reading():
    """A dead neuron has no reading and is no parent of anything."""
    network = eh.Network([[[1.0], [-1.0]], [[1.0, 1.0]]], [[0.0, 0.0], [0.0]], ["relu", "identity"])
    table = eh.interpretations(network, Circuit.whole(network))
    assert (1, 1) not in table.readings
    (one,) = table
    assert one.gates[2, 0].parents == ((1, 0),)


def test_xor_gates_are_rejected_after_the_first_layer():
    """XOR of two parents is what is to be explained; in the first layer it may stand, later not."""
    assert [completions(table, 2) for table in ("0110", "1001")] == [0, 0]
    assert completions("0110", 1) == 1
    assert completions("011-", 2) == 1
    assert completions("01--01--"[:4], 1) == 4
    assert completions("01--", 2) == 3


def test_samples_are_uniform():
    """Every interpretation is drawn about equally often."""
    _, network = reference("xor-2-4-1-seed0")
    circuit = max(eh.circuits(network), key=lambda c: eh.interpretations(network, c).count)
    table = eh.interpretations(network, circuit)
    drawn = Counter(repr(i) for i in table.sample(40 * table.count, seed=5))
    assert set(drawn) <= {repr(i) for i in table}
    statistic = sum((drawn[repr(i)] - 40) ** 2 / 40 for i in table)
    assert statistic < table.count + 5 * (2 * table.count) ** 0.5 + 12


def test_nothing_to_sample():
    """A circuit without interpretations says so when asked for one."""
    _, network = reference("xor-2-2-2-1-seed5")
    empty = next(c for c in eh.circuits(network) if not eh.interpretations(network, c).count)
    with pytest.raises(eh.InputError, match="no interpretation"):
        eh.interpretations(network, empty).sample(1)
    assert list(eh.interpretations(network, empty)) == []


def test_numbers_beyond_64_bits():
    """Counts that exceed 64 bits are exact: the kernel's residues against the table's whole numbers."""
    rng = np.random.default_rng(3)
    network = eh.Network(
        [rng.normal(size=(5, 2)), rng.normal(size=(4, 5)), rng.normal(size=(1, 4))],
        [rng.normal(size=5), rng.normal(size=4), rng.normal(size=1)],
        ["tanh"] * 3,
    )
    circuit = Circuit.whole(network)
    ((once, expanded),) = counted(network, [circuit])
    table = eh.interpretations(network, circuit)
    assert (table.count, table.count_expanded) == (once, expanded)
    assert expanded > 2**64


def test_moduli_are_primes():
    """Only then do residues tell all numbers up to their product apart; products of two residues fit in 64 bits."""
    assert len(set(PRIMES)) == 8 and all(2**31 < prime < 2**32 for prime in PRIMES)
    assert all(prime % divisor for prime in PRIMES for divisor in range(2, 2**16))


@given(st.integers(0, 2**300))
def test_residues_determine_the_number(number):
    """A number is put together again from its residues modulo 2^64 and enough primes."""
    moduli = _moduli(301)
    assert number == _combined([number % modulus for modulus in moduli], moduli)


@given(networks(inputs=(2, 2), hidden=(1, 2), widest=3), st.randoms(use_true_random=False))
def test_permuting_neurons(network, random):
    """Permuting the neurons of a layer leaves the totals over all circuits unchanged, ties aside."""
    other_network, _ = permuted(network, random)
    totals = [sorted(counted(n, [as_circuit(n, c) for c in clear_circuits(n)])) for n in (network, other_network)]
    assert totals[0] == totals[1]


def test_too_many_inputs():
    """Readings are sets over at most 64 inputs."""
    network = eh.Network([[[1.0]]], [[0.0]], ["identity"])
    with pytest.raises(eh.InputError, match="at most 64 inputs, not 65"):
        list(count_interpretations(network, [], np.arange(65.0)[:, None]))


def examined(network, behavior, budget=10**10, exact_up_to=None):
    """The interpretations of all perfect circuits of a network by some behavior."""
    circuits = examine_circuits(network, behavior, 10**10)
    return examine_interpretations(network, behavior, circuits, budget, Progress(False), exact_up_to)


def test_many_circuits_are_summed_up():
    """Where the budget does not allow going through them; then it does not say what each circuit has."""
    _, network = reference("count-xor-2-4-4-1-seed0")
    behavior = eh.Behavior.of_network(network, network.corners)
    assert examined(network, behavior, 15 * 10**7).counts == {
        "interpretations": 42667751, "interpretations_with_dont_cares_expanded": 32511093033713616017714,
        "interpretations_per_circuit_min": 0, "interpretations_per_circuit_max": 3535,
    }  # fmt: skip
    summed = examined(network, behavior, 2 * 10**7)
    assert (summed.total, summed.expanded, summed.least, summed.most) == (42667751, None, None, None)
    assert summed.refused == (
        "completing don't cares and counting the interpretations of each circuit needs about 1.44e+08 candidate "
        "evaluations, the budget is 2e+07",
    )
    refused = examined(network, behavior, 9 * 10**6)
    assert refused.total is None and "needs about 9.64e+06 candidate evaluations" in refused.refused[0]
    assert examined(network, behavior, 2 * 10**7, exact_up_to=1000).total is None


def test_many_circuits_on_the_boundary_are_summed_up():
    """Without those that lie on it, and with them, as they would be read if they were right."""
    generator = np.random.default_rng(5)
    weights = [generator.integers(1, 5, shape) / 4 for shape in ((4, 2), (4, 4), (1, 4))]
    biases, functions = [np.zeros(4), np.full(4, -0.5), np.array([-0.5])], ["relu", "relu", "identity"]
    network = eh.Network(weights, biases, functions)
    behavior = eh.Behavior.of_network(network, network.corners)
    # Where an output should be 1 it may lie on the boundary, and nowhere else: a little more decides all of these.
    raised = eh.Network(weights, [*biases[:2], biases[2] + 1e-6], functions)
    criterion = perfect(network, behavior)
    ends = [
        sum(once for once, _ in count_interpretations(raised, list_within(criterion, limits), network.corners))
        for limits in criterion.certified_limits
    ]
    found = examined(network, behavior)
    assert found.total is None and found.between == tuple(ends)
    assert 0 < ends[0] < ends[1]
    assert str(found.number) == f"between {ends[0]:,} and {ends[1]:,}"


@pytest.mark.parametrize("seed", range(4))
def test_interpretations_over_data(seed):
    """Over points that are no rows of a truth table: every circuit, every choice of separators."""
    random = np.random.default_rng(seed)
    network = eh.Network(
        [random.integers(-1, 2, (2, 2)), random.integers(1, 3, (1, 2))], [[0.03, 0.52], [-0.41]], ["relu", "identity"]
    )
    points = np.unique(random.integers(0, 3, (5, 2)), axis=0) / 2
    behavior = eh.Behavior.of_network(network, points, decision="threshold")
    expected = [
        sum(1 for _ in plain_interpretations.interpretations(network, points, circuit))
        for circuit in plain_circuits.perfect_circuits(network, points, behavior.wanted)
    ]
    found = examined(network, behavior)
    assert (found.total, found.least, found.most) == (sum(expected), min(expected), max(expected))


def test_interpretations_that_are_not_counted():
    """Beyond 64 inputs and of classes words say so; over data a costly simplest interpretation is left out."""
    network = eh.xornet()
    points = np.random.default_rng(0).normal(size=(65, 2))
    beyond = examined(network, eh.Behavior.of_network(network, points))
    assert not beyond.asked and beyond.total is None
    assert beyond.beyond == ("interpretations are counted over at most 64 inputs, not 65",)
    classes = eh.Network([np.eye(2), np.ones((3, 2))], [np.zeros(2), np.arange(3)], ["relu", "identity"])
    found = examined(classes, eh.Behavior.of_network(classes, points[:9], "argmax"))
    assert found.beyond == ("interpretations read every output as a bit, and these outputs stand for classes",)
    few = eh.Behavior.of_network(network, points[:9])
    within = examined(network, few)
    assert within.simplest is not None and within.refused == ()
    table = Interpretations(network, Circuit.whole(network), points[:9])
    inputs, hidden, output = (
        np.prod([len(found) for (layer, _), found in table.readings.items() if layer == at]) for at in range(3)
    )
    assert table.pairs == inputs * hidden + hidden * output
    short = examined(network, few, 10**6)
    assert short.simplest is None
    assert short.refused[0].startswith(
        "finding the interpretation with the widest gaps of the simplest circuit needs about"
    )


@pytest.mark.parametrize("points", [20, 50])
def test_inputs_of_many_values_are_priced(points):
    """Five inputs of many values have too many states: nothing is counted for minutes, nor until memory is full; and
    what is said names the budget."""
    generator = np.random.default_rng(0)
    network = eh.Network([generator.normal(size=(1, 5))], [[0.0]], ["identity"], threshold=0.0)
    behavior = eh.Behavior.of_network(network, np.abs(generator.normal(size=(points, 5))), epsilon=0.05)
    audit = eh.audit_behavior(network, behavior)
    assert audit.counts["interpretations"] is None and audit.counts["perfect_circuits"] > 0
    assert any(
        said.startswith("counting the interpretations of all perfect circuits needs about") for said in audit.capped
    )
    assert input_states(behavior.points) == (points - 1) ** 5


def test_memory_is_refused_whatever_the_budget(monkeypatch):
    """Where a budget would allow it, what counting would hold is looked at, too."""
    generator = np.random.default_rng(0)
    network = eh.Network([generator.normal(size=(1, 3))], [[0.0]], ["identity"], threshold=0.0)
    behavior = eh.Behavior.of_network(network, np.abs(generator.normal(size=(6, 3))), epsilon=0.2)
    assert bytes_held((3, 1), 6, input_states(behavior.points)) == 64 * 5**3 * 7 == 56_000
    assert eh.audit_behavior(network, behavior).counts["interpretations"] is not None
    monkeypatch.setattr("everyhow.interpretation.findings.MOST_BYTES", 55_999)
    audit = eh.audit_behavior(network, behavior, budget=10**15)
    assert audit.counts["interpretations"] is None
    (said,) = (one for one in audit.capped if "bytes" in one)
    assert said == (
        "counting the interpretations of all perfect circuits may hold 5.6e+04 bytes, since neurons and inputs have "
        "many values; 55,999 are allowed"
    )
    assert "ask by fewer points, or by inputs of fewer values" in audit.summary()
