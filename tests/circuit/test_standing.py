"""Where one circuit stands among all: against forward passes over all circuits, one by one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.circuit.standing import standing
from everyhow.model.behavior import Behavior
from everyhow.model.circuit import Circuit, connected_part
from everyhow.verification import plain, plain_circuits

from ..conftest import reference
from ..strategies import networks


def everything(network, decision="threshold"):
    """All circuits with whether each is perfect, by forward passes."""
    points = plain.rows(network.widths[0])
    wanted = plain.bits_of(plain.run(network, points)[-1], decision)
    found = {plain_circuits.edges(c): c for c in plain_circuits.all_circuits(network.weights)}
    right = {plain_circuits.edges(c) for c in plain_circuits.perfect_circuits(network, points, wanted, decision)}
    return points, wanted, found, right


def without(edges, edge, network):
    """Edges less one and whatever then dangles; None when an output has none left."""
    left, last = set(edges) - {edge}, len(network.weights)
    while True:
        into = {e[:2] for e in left} | {(0, i) for i in range(network.widths[0])}
        out = {(e[0] - 1, e[2]) for e in left}
        loose = {e for e in left if (e[0] < last and e[:2] not in out) or (e[0] - 1, e[2]) not in into}
        if not loose:
            return frozenset(left) if {(last, o) for o in range(network.widths[-1])} <= into else None
        left -= loose


def check(network, edges, found, decision="threshold"):
    points, wanted, every, right = everything(network, decision)
    inside = {other for other in right if other <= edges}
    assert found.perfect == (edges in right)
    faithful = found.perfect and plain_circuits.is_resample_faithful(network, points, every[edges], wanted, decision)
    assert found.resample_faithful == faithful
    removable = {edge for edge in edges if found.perfect and without(edges, edge, network) in right}
    assert set(found.removable) == removable
    assert found.of_perfect == len(right)
    assert found.of_size == sum(len(other) <= len(edges) for other in right)
    minimal = {one for one in inside if not any(other < one for other in inside)}
    assert {frozenset(c.edges) for c in found.minimal_inside} == minimal
    assert found.minimal == (found.perfect and inside == {edges})
    if found.perfect or not right:
        assert found.nearest is None and not found.added and not found.removed
    else:
        near = frozenset(found.nearest.edges)
        assert near in right and len(near ^ edges) == min(len(other ^ edges) for other in right)
        assert (set(found.added), set(found.removed)) == (near - edges, edges - near)


@pytest.mark.parametrize("name", ["xor-2-2-2-1-seed2", "xornet"])
def test_every_circuit(name):
    """Each circuit of a small network, perfect or not."""
    _, network = reference(name)
    behavior = Behavior.of_network(network, assignments(2))
    for circuit in plain_circuits.all_circuits(network.weights):
        edges = plain_circuits.edges(circuit)
        check(network, edges, standing(network, behavior, Circuit.of_edges(network.graph, edges)))


@given(networks(outputs=(1, 2), most_circuits=150), st.randoms(), st.sampled_from(["threshold", "round"]))
@settings(max_examples=40)
def test_random_networks(network, random, decision):
    """Random circuits of random networks, several outputs included; where a tie leaves something open it is said."""
    try:
        behavior = Behavior.of_network(network, assignments(network.widths[0]), decision)
    except eh.InputError:
        return  # by rounding some output is no bit
    every = [plain_circuits.edges(circuit) for circuit in plain_circuits.all_circuits(network.weights)]
    if not every:
        return
    edges = random.choice(every)
    found = standing(network, behavior, Circuit.of_edges(network.graph, edges))
    if found.of_perfect is None or found.minimal_inside is None:
        assert found.ties and "boundary" in " ".join(found.ties)
        return
    check(network, edges, found, decision)


def test_ablating_more_can_mend():
    """A circuit that can spare no edge alone, but two neurons that cancel each other: it is not minimal."""
    weights = [[[0.2], [0.01], [0.01]], [[1.0, -1.0, 1.0]]]
    network = eh.Network(weights, [[0.4, 1.0, 1.0], [0.0]], ["identity", "identity"])
    circuit = Circuit.whole(network)
    found = eh.place(network, "A", circuit)
    check(network, frozenset(circuit.edges), found)
    assert found.removable == () and found.minimal is False
    assert found.summary == (
        "your circuit is perfect, not minimal; no edge is removable alone, but a perfect circuit of 2 edges lies "
        "inside; it is one of 2 perfect circuits"
    )


def test_sentences():
    """What the one line says in each case."""
    _, network = reference("xor-2-3-3-1-seed0")
    whole = Circuit.whole(network)
    assert eh.place(network, "XOR", whole).summary == (
        "your circuit is perfect, not minimal; 8 of its edges are removable; it is one of 120 perfect circuits"
    )
    minimal = eh.circuits(network, "XOR").minimal()[0]
    assert eh.place(network, "XOR", minimal).summary == (
        "your circuit is perfect and minimal; it is one of 120 perfect circuits"
    )
    found = eh.place(network, "XOR", whole.without((1, 0, 0)))
    assert found.summary == (
        "your circuit is not perfect: alone, it decides otherwise at 11; "
        "the nearest of 120 perfect circuits has h1.0→h2.2 removed (1 edge)"
    )
    # Where the other edges carry something, the circuit did not fall alone.
    assert eh.place(network, "XOR", minimal, ablation="mean").summary == (
        "your circuit is not perfect: with the mean on every other edge, it decides otherwise at 01; "
        "the nearest of 744 perfect circuits by mean ablation has h1.1→h2.0 removed (1 edge)"
    )
    behavior = Behavior.of_network(network, network.corners)
    paired = replace(behavior, paired=network.corners[::-1].copy())
    assert eh.place(network, paired, minimal, ablation="paired").summary.startswith(
        "your circuit is not perfect: with the other edges as at the counterfactual input, it decides otherwise at 01;"
    )


def test_nothing_is_perfect():
    """A behavior that no circuit has: the sentence says so."""
    network = eh.Network([[[1.0, 1.0]]], [[0.0]], ["identity"])
    wanted = Behavior(assignments(2), np.ones(4), np.array([[True], [False], [False], [False]]))
    found = eh.place(network, wanted, Circuit.whole(network))
    assert (
        found.summary == "your circuit is not perfect: alone, it decides otherwise at 00; there is no perfect circuit"
    )
    assert found.minimal_inside == () and found.minimal is False and found.of_perfect == 0


def test_a_budget_leaves_things_open():
    """Beyond the budget nothing is guessed: what is known without a search is told, the rest is None and said."""
    _, network = reference("xor-2-3-3-1-seed0")
    found = eh.place(network, "XOR", Circuit.whole(network), budget=10)
    assert (found.of_perfect, found.of_size, found.minimal_inside, found.nearest) == (None, None, None, None)
    assert found.minimal is False and len(found.removable) == 8
    assert found.summary.endswith("8 of its edges are removable; how many perfect circuits there are was not counted")
    assert found.refused[0].startswith("inside it: counting the circuits needs about 1.06e+04 candidate evaluations")
    minimal = eh.circuits(network, "XOR").minimal()[0]
    found = eh.place(network, "XOR", minimal, budget=10)
    assert found.minimal is None
    assert found.summary.startswith("your circuit is perfect; whether it is minimal was not found out; how many")


def test_ties():
    """Where a circuit lies on the decision boundary, what depends on it is left open, and the sentence says so."""
    network = eh.Network([[[1.0], [0.5]], [[1.0, 1.0]]], [np.zeros(2), [0.0]], ["identity", "identity"])
    found = eh.place(network, "A", Circuit.whole(network))
    assert found.perfect and (found.minimal_inside, found.of_perfect) == (None, None) and not found.refused
    assert found.ties[0] == (
        "inside it: some circuits lie on the decision boundary: there are between 2 and 3 perfect ones"
    )
    assert found.summary == (
        "your circuit is perfect, not minimal; 2 of its edges are removable; how many perfect circuits there are was "
        "not counted; some of this depends on a tie"
    )


def test_a_small_circuit_in_a_wide_network():
    """In a network too wide to list, the circuits inside a small one are looked at all the same."""
    random = np.random.default_rng(0)
    shapes = [(8, 2), (8, 8), (1, 8)]
    network = eh.Network([random.normal(size=s) for s in shapes], [np.zeros(s[0]) for s in shapes], ["relu"] * 3)
    edges = [(1, 5, 0), (1, 7, 1), (2, 3, 5), (2, 3, 7), (2, 6, 7), (3, 0, 3), (3, 0, 6)]
    circuit = Circuit.of_edges(network.graph, edges)
    alone = network.run_circuit(assignments(2), circuit)[-1]
    behavior = Behavior(assignments(2), np.ones(4), alone > 0.5)
    found = standing(network, behavior, circuit, budget=10**6)
    assert found.perfect and found.of_perfect is None
    *_, right = everything(
        eh.Network([w * m for w, m in zip(network.weights, network.masks(circuit), strict=True)], network.biases,
                   network.activations)
    )  # fmt: skip
    smallest = {one for one in right if not any(other < one for other in right)}
    assert {frozenset(c.edges) for c in found.minimal_inside} == smallest


def test_standing_by_data(xor):
    """The order of the inputs changes nothing but their names; data that ask less leave more circuits."""
    behavior = Behavior.of_network(xor, assignments(2))
    turned = Behavior(behavior.points[::-1], np.ones(4), behavior.wanted[::-1])
    some = Behavior(behavior.points[:2], np.ones(2), behavior.wanted[:2])
    circuit = next(iter(eh.circuits(xor, behavior))).without((1, 0, 0))
    found, other, less = (standing(xor, one, circuit) for one in (behavior, turned, some))
    assert (found.perfect, found.of_perfect, found.nearest) == (other.perfect, other.of_perfect, other.nearest)
    assert "at 00" in str(found.fault) or found.perfect
    assert less.of_perfect > found.of_perfect


@given(
    networks(outputs=(1, 1), hidden=(1, 2), most_circuits=80),
    st.integers(0, 2**32),
    st.sampled_from(["mean", "resample"]),
)
@settings(max_examples=15)
def test_standing_by_ablation(network, pick, ablation):
    """What lies inside is judged amid what the edges outside carry in the whole network."""
    behavior = Behavior.of_network(network, assignments(network.widths[0]))
    everything = list(plain_circuits.all_circuits(network.weights))
    if not everything:
        return
    right = [c for c in everything if plain_circuits.circuit_error(network, behavior, c, "threshold", ablation) <= 1e-9]
    edges = plain_circuits.edges(everything[pick % len(everything)])
    found = standing(network, behavior, Circuit.of_edges(network.graph, edges), ablation=ablation)
    if found.minimal_inside is None:
        return
    inside = {plain_circuits.edges(c) for c in right if plain_circuits.edges(c) <= edges}
    smallest = {one for one in inside if not any(other < one for other in inside)}
    assert {frozenset(c.edges) for c in found.minimal_inside} == smallest
    assert found.perfect == (edges in inside) and found.of_perfect == len(right)


def test_wrong_circuits():
    """A circuit of another network, and a task of another number of outputs."""
    network = eh.xornet()
    with pytest.raises(eh.InputError, match="the circuit belongs to a 2-1 network, not to a 2-3-1 one"):
        eh.place(network, "XOR", Circuit.of_edges((2, 1), [(1, 0, 0)]))
    with pytest.raises(eh.InputError, match=r"task XOR,AND has 2 output\(s\) but the network has 1"):
        eh.place(network, "XOR,AND", Circuit.whole(network))


def test_connected_part():
    """What leads nowhere or comes from nowhere is dropped, again and again; what is dropped is told."""
    edges = [(1, 0, 0), (1, 1, 0), (2, 0, 1), (2, 1, 0), (3, 0, 1), (3, 0, 2)]
    circuit, dropped = connected_part((1, 2, 3, 1), edges)
    assert circuit.edges == ((1, 0, 0), (2, 1, 0), (3, 0, 1))
    assert dropped == ((1, 1, 0), (2, 0, 1), (3, 0, 2))
    with pytest.raises(eh.InputError, match="out0 has no edge in"):
        connected_part((2, 2, 1), [(1, 0, 0)])
    with pytest.raises(eh.InputError, match=r"edge \(2, 0, 5\) does not exist in a 2-2-1 network"):
        connected_part((2, 2, 1), [(2, 0, 5)])
