"""Smaller networks that decide the same: of some classes, of one class, and without what is constant."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.exchange.graph_json import circuit_from_graph, circuit_to_graph
from everyhow.network.narrowing import best_threshold


def classifier(seed, hidden=4, outputs=5):
    generator = np.random.default_rng(seed)
    sizes = [(hidden, 3), (outputs, hidden)]
    weights = tuple(generator.normal(size=size) for size in sizes)
    return eh.Network(weights, tuple(generator.normal(size=len(w)) for w in weights), ("relu", "identity"))


@given(st.integers(0, 999), st.sets(st.integers(0, 4), min_size=2))
@settings(max_examples=30, deadline=None)
def test_classes_decide_as_the_largest_of_these(seed, which):
    """The largest of the outputs that are kept is the one that is largest among them in the whole network."""
    network, points = classifier(seed), np.random.default_rng(seed).normal(size=(20, 3))
    smaller = network.classes(*sorted(which, reverse=True))
    outputs = network.run(points)
    expected = [max(sorted(which), key=lambda k, row=row: row[k]) for row in outputs]
    assert [sorted(which)[k] for k in smaller.run(points).argmax(axis=1)] == expected
    if len(which) == 2:
        low, high = sorted(which)
        assert ((smaller.folded().run(points)[:, 0] > 0) == (outputs[:, high] > outputs[:, low])).all()


def test_classes_in_their_order_and_as_labels_count_them():
    """Whatever the order that is given, the outputs stay in the network's; labels 3 and 1 fit that."""
    network = classifier(0)
    points = np.random.default_rng(1).normal(size=(30, 3))
    largest = network.run(points).argmax(axis=1)
    rows = np.isin(largest, (1, 3))
    assert rows.any() and network.classes(3, 1) == network.classes(1, 3)
    behavior = eh.Behavior.of_data(points[rows], largest[rows], outputs=2)
    assert behavior.names == ("1", "3")
    assert (behavior.wanted[:, 1] == (largest[rows] == 3)).all()
    assert eh.Behavior.of_network(network.classes(3, 1), points[rows]).wanted.tolist() == behavior.wanted.tolist()
    assert network.classes(0, 1, 2, 3, 4) is network


@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=2, max_size=9))
@settings(deadline=None)
def test_the_best_threshold_is_the_best(pairs):
    """No threshold between two values is right at more of them, by trying each."""
    values, wanted = np.array([float(v) for v, _ in pairs]), np.array([w for _, w in pairs])
    if len(set(values)) == 1:
        with pytest.raises(eh.InputError, match=r"the output is -?[0-3] at every point, so no threshold"):
            best_threshold(values, wanted)
        return
    threshold, share = best_threshold(values, wanted)
    tried = [((values > t) == wanted).mean() for t in np.unique(values)[:-1]]
    assert share == max(tried) == ((values > threshold) == wanted).mean()


def test_one_class_says_how_often_it_agrees():
    """What the remark says is what is found by running both."""
    network = eh.Network((np.eye(5, 3),), (np.zeros(5),), ("identity",))
    points, k = np.random.default_rng(3).normal(size=(50, 3)), 0
    largest = network.run(points).argmax(axis=1)
    one = network.one_class(k, points)
    agrees = ((one.run(points)[:, 0] > one.threshold) == (largest == k)).mean()
    assert one.outputs == 1 and f"at {100 * agrees:.3g}% of 50 points" in one.remarks[-1]
    assert agrees > max((largest == k).mean(), (largest != k).mean())
    audit = eh.audit_behavior(one, eh.Behavior.of_network(one, points))
    assert "One class against the rest: of 5 outputs only output" in audit.summary()


def test_one_class_is_refused_where_it_says_nothing():
    """No threshold that is better than always 0; a class that never is the largest; and networks of one output."""
    values = np.array([[0.0, 1, 0], [1, 0, 0], [2, 3, -9]])
    network = eh.Network((np.eye(3),), (np.zeros(3),), ("identity",))
    with pytest.raises(
        eh.InputError, match=r"output 0 does not tell its class.* at more of the 3 points than always 0"
    ):
        network.one_class(0, values)
    with pytest.raises(eh.InputError, match="output 0 is the largest at none of the 2 points"):
        network.one_class(0, values[::2])
    with pytest.raises(eh.InputError, match="one class is told from the rest where there are several outputs"):
        network.output(0).one_class(0, values)
    with pytest.raises(eh.InputError, match="there is no class 3; the network has the classes 0 to 2"):
        network.one_class(3, values)
    for which, said in (((1,), "at least two different ones"), ((1, 1), "two different"), ((0, 9), "no class 9")):
        with pytest.raises(eh.InputError, match=said):
            network.classes(*which)
    with pytest.raises(eh.InputError, match="classes are chosen among several outputs; this network has 1"):
        network.output(0).classes(0, 1)


@given(st.integers(0, 999), st.sets(st.integers(0, 2), min_size=1, max_size=2))
@settings(max_examples=25, deadline=None)
def test_without_constant_decides_as_before(seed, gone):
    """At every point outputs are the same, and nothing that is left is constant."""
    network, generator = classifier(seed), np.random.default_rng(seed)
    points = generator.normal(size=(12, 3))
    points[:, list(gone)] = generator.normal(size=len(gone))
    constant = {tuple(node) for node in network.constant_at(points)}
    states = network.states(points)
    assert constant == {(k, j) for k in (0, 1) for j in range(states[k].shape[1]) if len(set(states[k][:, j])) == 1}
    if sum(layer == 1 for layer, _ in constant) == 4:
        with pytest.raises(eh.InputError, match="every neuron of hidden layer 1 is the same at all 12 points"):
            network.without_constant(points)
        return
    smaller, fewer = network.without_constant(points)
    assert smaller.widths == (3 - len(gone), 4 - sum(layer == 1 for layer, _ in constant), 5)
    assert np.abs(smaller.run(fewer) - network.run(points)).max() < 1e-12 and not smaller.constant_at(fewer)
    assert all((f"x{j}" if layer == 0 else f"h{layer}.{j}") in smaller.remarks[-1] for layer, j in constant)


def test_what_is_constant_is_named_in_an_audit():
    """With what it costs and what takes it out; nothing where nothing is."""
    network = classifier(1, outputs=1).read(threshold=0)
    points = np.random.default_rng(0).normal(size=(6, 3))
    points[:, 1] = 2.0
    audit = eh.audit_behavior(network, eh.Behavior.of_network(network, points))
    assert "B is the same at all 6 points; its 4 edges make up to 2^4 times as many circuits" in audit.summary()
    smaller, fewer = network.without_constant(points)
    again = eh.audit_behavior(smaller, eh.Behavior.of_network(smaller, fewer))
    assert "times as many" not in again.summary()
    assert (
        "The same at all 6 points, and taken out, is x1: what it gives is in the biases, and all others keep"
        in again.summary()
    )
    with pytest.raises(eh.InputError, match="every input is the same at all 6 points"):
        network.without_constant(np.ones((6, 3)))


def named_parts():
    """Of three inputs and four neurons, input 1 and neuron 2 are the same at all points."""
    network = classifier(3)
    weights = network.weights[0].copy()
    weights[2] = 0
    network = eh.Network((weights, network.weights[1]), network.biases, network.activations)
    points = np.random.default_rng(0).normal(size=(12, 3))
    points[:, 1] = 0.5
    return network, points


def test_what_is_left_keeps_its_names(tmp_path):
    """After a class, an input and a neuron are taken out, all others are called as in the network that was given: in
    edges, in files, in what is placed, and whatever the order in which they are taken out."""
    network, points = named_parts()
    pair, _ = network.classes(1, 3).without_constant(points)
    names = (("x0", "x2"), ("h1.0", "h1.1", "h1.3"), ("out1", "out3"))
    assert pair.graph.names == names
    assert network.without_constant(points)[0].classes(3, 1).graph.names == names
    assert pair.graph.name(pair.graph.edges[0]) == "x0→h1.0"
    for ending in ("json", "safetensors"):
        eh.save_network(pair, tmp_path / f"pair.{ending}")
        assert eh.load(tmp_path / f"pair.{ending}").graph.names == names
    assert eh.Network(pair.weights, pair.biases, pair.activations).graph.names[0] == ("A", "B")
    circuit = eh.Circuit.whole(pair)
    written = circuit_to_graph(circuit, pair)
    assert set(written["edges"]) == {"x0->h1.0", "x2->h1.0", "x0->h1.1", "x2->h1.1", "x0->h1.3", "x2->h1.3"} | {
        f"h1.{j}->y{k}" for j in (0, 1, 3) for k in (1, 3)
    }
    assert circuit_from_graph(written, pair) == circuit
    # A name of what was taken out is refused, not taken for another neuron.
    with pytest.raises(eh.InputError, match=r"x1->h1\.0"):
        circuit_from_graph({"edges": {"x1->h1.0": {"in_graph": True}}}, pair)
    assert pair.folded().graph.names == (*names[:2], ("out0",))
    largest = int(np.bincount(network.run(points).argmax(axis=1)).argmax())
    assert network.one_class(largest, points).graph.names[2] == (f"out{largest}",)


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((("A",), ("out0",)), "names are of 1-1 neurons, the network has 2-1; name each once"),
        ((("A", "A"), ("out0",)), "two neurons are called A; give each a name of its own"),
        ((("A", "<b>"), ("out0",)), r"names holds '<b>'; a neuron is called by letters, digits, \. and _, such as x3"),
        ((("A", 3), ("out0",)), "names holds 3; a neuron is called by letters"),
        ("AB", "names is 'AB'; give the names of the neurons of each layer, the inputs first"),
        (7, "names is 7; give the names of the neurons of each layer"),
    ],
)
def test_names_that_are_none(names, said):
    """Names are of every neuron, each once, and can be written in an edge."""
    with pytest.raises(eh.InputError, match=said):
        eh.Network([[[1.0, 1.0]]], [[-0.5]], ["relu"], names=names)
