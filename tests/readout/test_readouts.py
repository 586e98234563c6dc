"""Readouts and readout explanations, against least squares on one set at a time."""

import itertools
import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.truth_table import TruthTable, assignments
from everyhow.readout.findings import examine_readouts
from everyhow.readout.interchange import dual_directions, interchange
from everyhow.readout.readout import readable_signals
from everyhow.readout.readouts import RUNGS, Readouts
from everyhow.verification import plain, plain_readouts

from ..conftest import REFERENCE, reference, reference_names
from ..strategies import networks, permuted
from .codes import over_table, tables_of


def slow(network, layer, most, tolerance=1e-3):
    """Signals to (gate, residual), the plain way."""
    found = plain_readouts.readout_explanations(network, layer, most, tolerance)
    return {frozenset("".join(map(str, s)) for s in chosen): (chosen, gate, r) for chosen, gate, r in found}


def assert_same_as_slow(network, layer):
    """The search finds the sets, gates and residuals of the plain way."""
    found = eh.readouts(network, layer)
    expected = slow(network, layer, found.most_signals)
    explanations = list(found.explanations("behavioral"))

    assert {tables_of(e) for e in explanations} == set(expected)
    assert len(explanations) == len(expected)
    for e in explanations:
        chosen, gate, residual = expected[tables_of(e)]
        assert abs(e.residual - residual) < 1e-6
        order = [str(~t if t.bits & 1 else t) for t in e.signals]
        for pattern in itertools.product([0, 1], repeat=len(order)):
            # The plain gate is over the signals in their own order and polarity.
            own = {s: bit ^ (t.bits & 1) for s, t, bit in zip(order, e.signals, pattern, strict=True)}
            place = int("".join(str(own["".join(map(str, s))]) for s in chosen), 2)
            row = int("".join(map(str, pattern)), 2)
            if row not in e.undecided:
                assert e.gate.bits >> row & 1 == gate[place]


def test_the_analytic_network():
    """Steepness 25: one explanation by one signal, two by two, eight by three."""
    readouts = eh.readouts(eh.xornet())
    expected = json.loads((REFERENCE / "xornet.json").read_text())["paper"]["readouts"]
    by_size = {size: [tables_of(e) for e in readouts if len(e.signals) == size] for size in (1, 2, 3)}

    assert set(by_size[1]) == {frozenset(s) for s in expected["one_signal"]}
    assert set(by_size[2]) == {frozenset(s) for s in expected["two_signals"]}
    assert len(by_size[3]) == expected["three_signals"]
    assert readouts.signals.tolerance == expected["tolerance"]


@pytest.mark.parametrize("steepness", ["1", "8", "25", "100"])
def test_two_signals_by_steepness(steepness):
    """AND and OR make up XOR at every steepness, the two halves of XOR only in the steep limit."""
    expected = json.loads((REFERENCE / "xornet.json").read_text())["lambda_sweep_two_signals"][steepness]
    found = [tables_of(e) for e in eh.readouts(eh.xornet(float(steepness))) if len(e.signals) == 2]

    assert {frozenset(s) for s in expected} == set(found)
    assert len(found) == len(expected)


def test_both_are_written_as_people_do():
    """Whole coefficients, the gate, and the polarity in which each signal raises the output."""
    _, bob, alice = list(eh.readouts(eh.xornet()))[:3]

    assert [str(r) for r in alice.readouts] == ["AND(A,¬B) = h1.0 - h1.2", "AND(¬A,B) = h1.1 - h1.2"]
    assert (alice.gate_name, str(alice)) == ("OR", "OR(AND(A,¬B), AND(¬A,B))")
    assert [str(r) for r in bob.readouts] == ["NAND(A,B) = 1 - h1.2", "OR(A,B) = h1.0 + h1.1 - h1.2"]
    assert (bob.gate_name, str(bob)) == ("AND", "AND(NAND(A,B), OR(A,B))")


@pytest.mark.parametrize("name", reference_names("paper"))
def test_reference_networks(name):
    """Every hidden layer of every reference network."""
    network = reference(name)[1]
    for layer in range(1, network.depth):
        assert_same_as_slow(network, layer)


@given(networks(inputs=(1, 2), hidden=(1, 3), widest=4))
def test_any_network(network):
    """Random networks of one and two inputs, ties and dead neurons included."""
    for layer in range(1, network.depth):
        assert_same_as_slow(network, layer)


def coded_network(signals, weights, mixing, offset):
    """A network whose second hidden layer is a linear mixture of signals, and whose output is their combination.

    The first hidden layer has one neuron per row of the truth table, which only that row switches on.
    """
    inputs = len(signals[0]).bit_length() - 1
    corners = 2 * assignments(inputs) - 1
    on_at = (corners, 0.5 - corners.clip(0).sum(axis=1))
    spread = mixing @ np.array(signals, float)
    inverse = np.linalg.pinv(mixing)
    return eh.Network(
        (on_at[0], 2 * spread, (np.array(weights) @ inverse)[None]),
        (on_at[1], np.zeros(len(mixing)), np.array([offset])),
        ("relu", "identity", "identity"),
    )


@st.composite
def codes(draw):
    """Independent signals with shares, a mixing of full rank into more neurons, and an offset."""
    inputs, size = draw(st.integers(2, 3)), draw(st.integers(1, 3))
    rows = 1 << inputs
    signals = draw(st.lists(st.lists(st.integers(0, 1), min_size=rows, max_size=rows), min_size=size, max_size=size))
    assume(np.linalg.matrix_rank(np.column_stack([*np.array(signals, float), np.ones(rows)])) == size + 1)
    weights = draw(st.lists(st.sampled_from([-2.1, -1.3, -0.7, 0.4, 0.9, 1.7]), min_size=size, max_size=size))
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    mixing = random.normal(size=(size + draw(st.integers(0, 2)), size))
    assume(np.linalg.cond(mixing) < 1e3)
    return signals, weights, mixing, draw(st.sampled_from([-0.43, 0.11, 0.52, 0.93]))


@given(codes())
def test_a_known_code_is_found(code):
    """A network made from an explanation has it among its exact ones."""
    signals, weights, _, offset = code
    network = coded_network(*code)
    states = network.states(assignments(network.widths[0]))
    received = np.array(weights) @ np.array(signals, float) + offset
    assert np.allclose(states[-1][:, 0], received)
    assume(np.abs(received - 0.5).min() > 1e-6)
    canonical = {"".join(map(str, s)) for s in (s if s[0] == 0 else [1 - v for v in s] for s in signals)}

    assert frozenset(canonical) in {tables_of(e) for e in eh.readouts(network, 2)}


@given(codes(), st.randoms(use_true_random=False))
def test_complements_and_permutations_change_nothing(code, random):
    """Exchanging 0 and 1 in a signal, or the neurons of the layer, leaves all explanations as they are."""
    signals, weights, mixing, offset = code
    network = coded_network(*code)
    # s becomes 1 - s: its weight turns and the offset makes up for it, as the mixture does by a bias.
    turned = coded_network([[1 - v for v in signals[0]], *signals[1:]], [-weights[0], *weights[1:]], mixing, 0.0)
    constant = offset + weights[0]
    turned = eh.Network(turned.weights, (*turned.biases[:-1], np.array([constant])), turned.activations)
    order = list(range(len(mixing)))
    random.shuffle(order)
    permuted_ = coded_network(signals, weights, mixing[order], offset)

    def results(network):
        return {tables_of(e): (e.signals, e.gate) for e in eh.readouts(network, 2).explanations("behavioral")}

    assert results(turned) == results(network)
    assert results(permuted_) == results(network)


@given(networks(inputs=(2, 2), hidden=(1, 2), widest=4), st.randoms(use_true_random=False))
def test_permuted_neurons(network, random):
    """Permuting the neurons of a layer permutes the coefficients and nothing else."""
    other, order = permuted(network, random)
    one, two = eh.readouts(network, 1), eh.readouts(other, 1)

    assert one.survivors == two.survivors
    for a, b in zip(one, two, strict=True):
        for r, s in zip(a.readouts, b.readouts, strict=True):
            assert np.allclose(r.coefficients[order], s.coefficients, rtol=1e-4, atol=1e-4 * abs(s.coefficients).max())


@given(networks(inputs=(1, 3), hidden=(1, 2), widest=5))
def test_readable_signals(network):
    """A signal is readable when least squares on the activations and a constant leaves little."""
    state = network.states(assignments(network.widths[0]))[1]
    found = readable_signals(network, 1)

    assert {str(found[k].table) for k in range(len(found))} == {
        "".join(map(str, s))
        for s in plain_readouts.signals(network.widths[0])
        if plain_readouts.is_readable(state, s, 1e-3)
    }
    for k in range(len(found)):
        readout = found[k]
        read = state @ readout.coefficients + readout.constant
        wanted = np.array([readout.table.bits >> row & 1 for row in range(readout.table.rows)], float)
        assert np.isclose(plain_readouts.relative_residual(read, wanted), readout.residual, atol=1e-9)


def test_least_norm():
    """Of two copies of a neuron each carries half, and whole codes are told from others."""
    twice = eh.Network([[[1, 0], [1, 0], [0, 1]], [[1, 1, 1]]], [[0, 0, 0], [-0.5]], ["identity", "identity"])
    signals = readable_signals(twice, 1)
    by_table = {str(signals[k].table): signals[k] for k in range(len(signals))}

    assert by_table["0011"].code == "0.5 h1.0 + 0.5 h1.1"
    assert not by_table["0011"].whole
    assert by_table["0101"].code == "h1.2"
    assert by_table["0101"].complement().code == "1 - h1.2"


def test_constant_neurons_and_layers():
    """A dead layer has nothing to read; a dead neuron gets no coefficient."""
    dead = eh.Network([[[0, 0], [0, 0]], [[1, 1]]], [[-1, -1], [1]], ["relu", "identity"])
    half = eh.Network([[[1, 1], [0, 0]], [[1, 1]]], [[-1, -1], [0]], ["relu", "identity"])

    assert len(readable_signals(dead, 1)) == 0
    assert eh.readouts(dead, 1).survivors == dict.fromkeys(RUNGS, 0)
    assert [str(e) for e in eh.readouts(half, 1)] == ["AND(A,B)"]
    assert next(iter(eh.readouts(half, 1))).readouts[0].coefficients == pytest.approx([1, 0])


def test_shares_and_a_signal_that_the_gate_ignores():
    """The next layer receives 3 A and 4 B, so 3 and 4 of 5 parts; the output takes A alone, and B stays as it is."""
    network = eh.Network(
        [np.eye(2), [[3.0, 0.0], [0.0, 4.0]], [[1.0, 0.0]]], [[0, 0], [0, 0], [0]], ["identity", "identity", "identity"]
    )
    both = next(e for e in eh.readouts(network, 1) if len(e.signals) == 2)

    assert [str(table) for table in both.signals] == ["0011", "0101"]
    assert str(both.gate) == "0011"
    assert both.shares == pytest.approx([0.6, 0.8])


def test_the_cheapest_is_so_by_the_prices_given():
    """A layer that says AND and OR says XOR too, and any two of them explain it; XOR is dear unless told otherwise."""
    network = eh.Network(
        [np.ones((2, 2)), np.eye(2), [[-1.0, 1.0]]], [[-1.5, -0.5], [0, 0], [0]], ["step", "identity", "identity"]
    )

    def cheapest(**prices):
        costs = eh.CostModel(**prices) if prices else None
        return {tables_of(e) for e in eh.readouts(network, 1, costs=costs).explanations("cheapest")}

    assert cheapest() == {frozenset({"0001", "0111"})}
    assert cheapest(parity=0.5) == {frozenset({"0001", "0110"}), frozenset({"0111", "0110"})}


def test_rank_deficient_layer():
    """Two neurons that say the same allow one signal, not two."""
    network = eh.Network([[[1, 1], [2, 2]], [[1, 0.5]]], [[-1, -2], [0]], ["relu", "identity"])

    assert readable_signals(network, 1).rank == 1
    assert eh.readouts(network, 1).by_signals("exact") == {1: 1}
    with pytest.raises(eh.InputError) as caught:
        eh.readouts(network, 1, signals=2)
    assert str(caught.value) == (
        "signals is 2, but the activations of layer 1 span 1 direction(s) over the inputs, so at most 1 signal(s) can "
        "be independent; ask for no more"
    )


def test_a_layer_that_sends_on_a_constant():
    """Signals are readable, but none has a share in what the next layer receives."""
    network = eh.Network([[[1, 0], [0, 1]], [[0, 0]]], [[0, 0], [1]], ["identity", "identity"])

    assert len(readable_signals(network, 1)) == 2
    assert eh.readouts(network, 1).survivors["behavioral"] == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"layer": 0}, "there is no hidden layer 0; the network has the hidden layers 1 to 1"),
        ({"layer": 2}, "there is no hidden layer 2; the network has the hidden layers 1 to 1"),
        ({"tolerance": 0}, "tolerance is 0; it is a relative residual, above 0 and below 1, such as 1e-3"),
        ({"tolerance": -1e-3}, "tolerance is -0.001; it is a relative residual, above 0 and below 1, such as 1e-3"),
        ({"tolerance": float("nan")}, "tolerance is nan; it is a relative residual, above 0 and below 1, such as 1e-3"),
        ({"signals": 0}, "signals is 0; a set has at least 1 signal"),
        (
            {"signals": 4},
            "signals is 4, but the activations of layer 1 span 3 direction(s) over the inputs, so at most 3 signal(s) "
            "can be independent; ask for no more",
        ),
    ],
)
def test_wrong_options(wrong, message):
    """Each names what was found and what is allowed."""
    with pytest.raises(eh.InputError) as caught:
        eh.readouts(eh.xornet(), **wrong)
    assert str(caught.value) == message


def test_networks_that_cannot_be_read():
    """Several outputs, too many inputs, no hidden layer."""
    two = reference("authors-xor-and-2-3-3-2-seed0")[1]
    wide = eh.Network([np.ones((2, 5)), np.ones((1, 2))], [np.zeros(2), np.zeros(1)], ["relu", "identity"])
    flat = eh.Network([[[1.0, 1.0]]], [[0.0]], ["identity"])

    with pytest.raises(
        eh.InputError,
        match=r"readouts explain one output; the network has 2: take network.folded\(\) where they",
    ):
        eh.readouts(two)
    with pytest.raises(eh.InputError, match="5 inputs; readouts are searched over all Boolean functions of at most 4"):
        eh.readouts(wide)
    with pytest.raises(eh.InputError, match="hidden layers that everything passes, and the network has none"):
        eh.readouts(flat)
    assert examine_readouts(flat, over_table(flat), 1e-3, None, eh.CostModel(), 10**10).layers == ()
    assert examine_readouts(wide, over_table(wide), 1e-3, None, eh.CostModel(), 10**10).beyond == (
        "readouts are searched for at most 4 inputs; the network has 5",
    )


def test_budget():
    """Too many sets are refused, and an audit says which sizes it left out."""
    network = eh.xornet()
    with pytest.raises(eh.BudgetError, match="fitting 63 sets of at most 3 of 7 signals needs about"):
        eh.readouts(network, budget=300_000)
    (layer,) = examine_readouts(network, over_table(network), 1e-3, None, eh.CostModel(), 300_000).layers

    assert layer.found.by_signals("exact") == {1: 1, 2: 2}
    assert layer.refused[0].startswith("fitting the 63 sets of at most 3 of 7 signals of layer 1 needs about")
    uncounted = dict.fromkeys(("behavioral", "exact", "above_baseline", "bounded"))
    assert layer.survivors == {**uncounted, "fewest_signals": 1, "cheapest": 1}
    assert [layer.verdict.status for layer in eh.audit(network, "XOR", budget=300_000).findings.readouts.layers] == [
        "unknown"
    ]
    (nothing,) = examine_readouts(network, over_table(network), 1e-3, None, eh.CostModel(), 10).layers
    assert nothing.found is None
    assert set(nothing.survivors.values()) == {None}


def test_cheapest_keeps_what_passed_before():
    """The rungs narrow: each is within the one before."""
    readouts = eh.readouts(eh.xornet(8))
    rungs = {rung: set(readouts.explanations(rung)) for rung in RUNGS}

    assert {rung: len(kept) for rung, kept in rungs.items()} == readouts.survivors
    assert rungs["cheapest"] <= rungs["fewest_signals"] <= rungs["bounded"] <= rungs["above_baseline"]
    assert rungs["above_baseline"] < rungs["exact"] < rungs["behavioral"]
    with pytest.raises(eh.InputError, match="unknown rung 'best'; the rungs of readouts are behavioral, exact"):
        list(readouts.explanations("best"))


def test_the_strictest_rung_that_anything_passes():
    """The explanations left by the last rung that judges each by itself and that any passes, else none."""

    def strictest(network):
        (layer,) = (found := examine_readouts(network, over_table(network), 1e-3, None, eh.CostModel(), 10**10)).layers
        return layer.strictest, [tables_of(e) for e in found.strictest()]

    # The next layer receives AND(A,B) + 0.2 A + 0.06 B, of which AND is the only part that can be read.
    layers = [[[1.0, 1.0], [1.0, 0.3]], [[1.0, 0.2]]]
    near = eh.Network(layers, [[-1.0, 0.0], [0.0]], ["relu", "identity"])
    # With little weight on AND, what it carries decides nothing.
    far = eh.Network([layers[0], [[0.1, 1.0]]], [[-1.0, 0.0], [0.0]], ["relu", "identity"])

    assert strictest(near) == ("behavioral", [frozenset({"0001"})])
    assert strictest(far) == (None, [])
    rung, explanations = strictest(eh.xornet())
    assert rung == "bounded" and explanations == [
        tables_of(e) for e in eh.readouts(eh.xornet()).explanations("bounded")
    ]


def test_repr():
    """Short, and with the counts."""
    readouts = eh.readouts(eh.xornet())

    assert isinstance(readouts, Readouts)
    assert repr(readouts) == (
        "Readouts(layer 1, 7 readable signals; "
        "behavioral 11, exact 11, above_baseline 3, bounded 3, fewest_signals 1, cheapest 1)"
    )


def slow_interchange(network, explanation, held=()):
    """IIA of each signal, and jointly, one swap at a time."""
    state = plain.run(network, plain.rows(network.widths[0]))[explanation.layer]
    codes_ = [r.coefficients for r in explanation.readouts]
    single, joint = [[] for _ in codes_], []
    for base, sources in plain_readouts.every_swap(network.widths[0], len(codes_)):
        patched = plain_readouts.swapped(state, codes_, base, sources, held)
        layer = explanation.layer
        output = plain_readouts.run_on(
            network, layer, (patched @ network.weights[layer].T + network.biases[layer])[None]
        )[0]
        pattern = "".join(str(t.bits >> sources.get(k, base) & 1) for k, t in enumerate(explanation.signals))
        agrees = (output > 0.5) == bool(explanation.gate.bits >> int(pattern, 2) & 1)
        if len(sources) == 1:
            single[next(iter(sources))].append(agrees)
        elif sources:
            joint.append(agrees)
    return [np.mean(s) for s in single], np.mean(joint) if joint else None


@pytest.mark.parametrize("name", ["xornet", "xor-2-3-3-1-seed0", "and-2-3-3-1-seed0", "xor-2-2-2-1-seed2"])
def test_interchange(name):
    """IIA of every behavioral explanation."""
    network = reference(name)[1]
    checked = 0
    for layer in range(1, network.depth):
        for explanation in eh.readouts(network, layer).explanations("behavioral"):
            if max(abs(r.coefficients).max() for r in explanation.readouts) > 1e3:
                # With such coefficients both routes lose too many digits to agree on what is near a boundary.
                continue
            found, (single, joint) = interchange(network, explanation), slow_interchange(network, explanation)
            assert [float(s) for s in found.single] == pytest.approx(single)
            assert (found.joint is None) == (joint is None)
            assert joint is None or float(found.joint) == pytest.approx(joint)
            checked += 1
    assert checked


def test_exact_explanations_pass_every_interchange():
    """Where the combination is what the next layer receives, swapping signals is swapping the gate's inputs."""
    for explanation in eh.readouts(eh.xornet()):
        found = interchange(eh.xornet(), explanation)
        assert set(found.single) == {1}
        assert found.joint in (None, 1)


def test_unnatural_states():
    """Alice's two signals are never 1 at once: that state no input produces."""
    _, _, alice = list(eh.readouts(eh.xornet()))[:3]
    both = interchange(eh.xornet(), alice, holding=[[0, 0, 1]])
    xor = next(iter(eh.readouts(eh.xornet())))

    # Holding h1.2, a natural state is left by every swap at 11 that changes anything, and by reaching 1, 1 elsewhere.
    states = eh.xornet().states(assignments(2))[1]
    expected = 0
    for base, sources in plain_readouts.every_swap(2, 2):
        patched = plain_readouts.swapped(states, [r.coefficients for r in alice.readouts], base, sources, [[0, 0, 1]])
        expected += bool(sources) and min(np.linalg.norm(patched - s) for s in states) > 0.01
    assert both.unnatural == expected > 0
    assert both.patched == 96
    assert interchange(eh.xornet(), xor).unnatural > 0


def test_dual_directions():
    """Each direction changes its own readout by 1, the others not, nor what is held."""
    _, bob, alice = list(eh.readouts(eh.xornet()))[:3]
    for explanation, held in ((alice, None), (bob, None), (alice, [[0.0, 0.0, 1.0]]), (bob, [[1.0, 0.0, 0.0]])):
        directions = dual_directions(explanation, held)
        codes_ = np.array([r.coefficients for r in explanation.readouts])
        assert np.allclose(codes_ @ directions, np.eye(2))
        assert held is None or np.allclose(np.array(held) @ directions, 0)
    with pytest.raises(eh.InputError, match="the 2 readouts and 1 combinations held are not independent"):
        dual_directions(bob, [[0.0, 0.0, 1.0]])
    with pytest.raises(eh.InputError, match=r"holding has shape \(1, 2\); it takes one row per combination to hold"):
        dual_directions(bob, [[0.0, 1.0]])


def test_two_explanations_are_the_same_when_their_signals_are():
    """Equality is by layer and signals."""
    once, again = list(eh.readouts(eh.xornet())), list(eh.readouts(eh.xornet()))

    assert once == again
    assert len(set(once + again)) == len(once) == 11


def test_gate_on_the_boundary():
    """A pattern that leaves the output at one half is named."""
    network = coded_network([[0, 0, 0, 1], [0, 1, 1, 1]], [0.5, 1.0], np.eye(2), 0.0)
    both = next(e for e in eh.readouts(network, 2) if tables_of(e) == {"0001", "0111"})

    assert [str(t) for t in both.signals] == ["0001", "0111"]
    assert both.gate.bits & 0b1011 == TruthTable.parse("0101").bits & 0b1011
    assert both.undecided == (2,)


def test_a_network_on_its_own_boundary():
    """Where rounding decides what the network does, the layer's verdict is unknown and the input named."""
    network = eh.Network([[[1], [0], [1]], [[1, 0, 1]]], [[1.5, 1, -0.5], [-0.5]], ["identity", "leaky_relu"])
    audit = eh.audit(network, "ID")

    assert [layer.verdict.status for layer in audit.findings.readouts.layers] == ["unknown"]
    assert "the output lies on the decision boundary at 0, so that no readout explanation passes" in audit.capped


def test_a_network_on_the_jump_of_a_step():
    """XOR by two steps, the last of which receives OR - 2 AND: 0, 1, 1, -1, so that at 00 it lies on its jump. A
    combination that comes within 1e-9 of that lies there too, however it is rounded; circuits are counted exactly."""
    network = eh.Network([[[1, 1], [1, 1]], [[1, -2]]], [[0, -1], [0]], ["step", "step"])
    audit = eh.audit(network, "XOR", tolerance=0.01, signals=2)

    (layer,) = audit.findings.readouts.layers
    assert layer.survivors["exact"] == 0
    said = (
        "a neuron after layer 1 lies on the jump of its step at 00, so that rounding decides which readout "
        "explanations of the layer pass"
    )
    verdict = layer.verdict
    assert (verdict.status, verdict.reason) == ("unknown", said)
    assert audit.capped == (said,)
    assert audit.counts["perfect_circuits"] == 1
    assert audit.verdict["where_then_what"].status == "identifiable"
    # A quarter higher all sums are off the jump, and every set is found again: OR and AND, and each with XOR.
    raised = eh.Network([[[1, 1], [1, 1]], [[1, -2]]], [[0, -1], [-0.25]], ["step", "step"])
    assert eh.readouts(raised).by_signals("exact") == {1: 0, 2: 3}


def test_patterns_at_which_a_neuron_lies_on_its_jump():
    """h1.0 + h1.1 + h1.2 - 1 > 0 with h1.0 = A and B, h1.1 = A or B, h1.2 = h1.0: where OR and AND are told apart, the
    pattern that no input makes, AND without OR, gives 2 * 1 + 0 - 1 = 1; with a bias of -2 it lies on the jump,
    undecided and 0."""
    gates = [[[1, 1], [1, 1], [1, 1]], [[1, 1, 1]]]
    for bias, undecided, gate in ((-1.5, (), "0011"), (-2, (2,), "0001")):
        network = eh.Network(gates, [[-1, 0, -1], [bias]], ["step", "step"])
        found = next(e for e in eh.readouts(network) if tables_of(e) == {"0001", "0111"})
        assert [str(t) for t in found.signals] == ["0001", "0111"]
        assert (found.undecided, str(found.gate)) == (undecided, gate)


def test_what_lies_halfway_is_not_rounded():
    """A is halfway between h1.0 and 1 - h1.1, which are the same; rounded, its code could come out as 0 or
    1 + h1.0 - h1.1."""
    network = eh.Network([[[1], [-1]], [[1, -1]]], [[-0.5, 0.5], [-0.5]], ["step", "step"])
    signals = readable_signals(network, 1)

    assert [signals[k].code for k in range(len(signals))] == ["0.5 + 0.5 h1.0 - 0.5 h1.1"]
    assert signals[0].complement().code == "0.5 - 0.5 h1.0 + 0.5 h1.1"
    assert not signals[0].whole
