"""Circuits that nothing added spoils: the quick ways against the definition, every larger circuit one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.boolean.truth_table import assignments
from everyhow.model.behavior import Behavior
from everyhow.model.circuit import Circuit
from everyhow.model.criterion import ABLATIONS, ablations_of, perfect, resample_faithful
from everyhow.model.graph import Edge, Graph
from everyhow.model.lattice import Lattice, minimal_numbers
from everyhow.transformer.parts import MLP, Attention, Layer
from everyhow.transformer.transformer import Transformer
from everyhow.verification import plain_circuits
from everyhow.verification.circuit_runs import RunCircuits

from ..plainly import as_circuit
from ..strategies import networks
from .graphs import GRAPHS, is_circuit, subsets

OF_NODES = Graph.of_stages((2, 3, 2, 1), [Edge((s, j, s, j, 0)) for s, size in ((1, 3), (2, 2)) for j in range(size)])
ONE_EDGE = Graph.complete((1, 1))


def larger(one, circuits):
    """The circuits that have all edges of one and others, each looked at."""
    return [other for other in circuits if one & other == one and one != other]


def safe(meeting, circuits):
    """Those of some circuits of which every larger one is among them."""
    return {one for one in meeting if all(other in meeting for other in larger(one, circuits))}


def minimal(sets):
    """Those with no other one inside."""
    return {one for one in sets if not any(one & other == other and one != other for other in sets)}


def spoiler(one, meeting, circuits):
    """The larger circuit of fewest edges, then of the least bits, that is not among some; None where all are."""
    wrong = [other for other in larger(one, circuits) if other not in meeting]
    return min(wrong, key=lambda other: (other.bit_count(), other), default=None)


def circuits_of(graph):
    """The bits of every circuit of a graph; of nodes any set is one."""
    every = [edges for edges in subsets(graph.edges) if graph.of_nodes or is_circuit(graph, edges)]
    return [sum(1 << graph.positions[edge] for edge in edges) for edges in every]


def as_words(numbers):
    return np.array(sorted(numbers), np.uint64).reshape(-1, 1)


@given(st.sampled_from([*GRAPHS, OF_NODES, ONE_EDGE]), st.integers(0, 2**32), st.sampled_from([0, 0.1, 0.5, 0.9, 1]))
def test_any_circuits_of_small_graphs(graph, seed, share):
    """Layered graphs, graphs that skip, nodes of two inputs, and sets of nodes: any circuits, few or many of all."""
    every = circuits_of(graph)
    meeting = {
        one for one, kept in zip(every, np.random.default_rng(seed).random(len(every)) < share, strict=True) if kept
    }
    lattice = Lattice(graph, as_words(meeting))
    kept = safe(meeting, every)
    assert lattice.safe.tolist() == sorted(kept)
    assert minimal_numbers(lattice.safe, len(graph.edges)).tolist() == sorted(minimal(kept))
    assert minimal_numbers(as_words(meeting)[:, 0], len(graph.edges)).tolist() == sorted(minimal(meeting))
    for one in itertools.islice(sorted(meeting), 40):
        assert lattice.spoiler(one) == spoiler(one, meeting, every)


def test_a_graph_of_more_than_one_word():
    """Sets of twelve edges stand in 64 words, and some edges of two sets in different ones."""
    graph, rng = Graph.complete((2, 3, 2)), np.random.default_rng(0)
    every = circuits_of(graph)
    assert len(graph.edges) == 12 and len(every) > 200
    for share in (0.5, 0.9, 0.99):
        meeting = {one for one in every if rng.random() < share}
        lattice = Lattice(graph, as_words(meeting))
        assert lattice.safe.tolist() == sorted(safe(meeting, every))
        assert [lattice.spoiler(one) for one in sorted(meeting)[:100]] == [
            spoiler(one, meeting, every) for one in sorted(meeting)[:100]
        ]


def both_ways(network, behavior, ablation):
    """What the search finds, and what follows from one run of each circuit."""
    run = RunCircuits(network, behavior, list(plain_circuits.all_circuits(network.weights)))
    right, resampled = run.right(ablation), run.right("resample")
    kept = plain_circuits.hereditary(run.circuits, right.certain)
    faithful = kept & resampled.certain
    slow = [
        (int(which.sum()), len(plain_circuits.minimal_first([
            plain_circuits.edges(run.circuits[k]) for k in np.flatnonzero(which)
        ]))) for which in (kept, faithful)
    ]  # fmt: skip
    search = network.search(perfect(network, behavior, ablation))
    quick = [search.hereditary(), search.hereditary(network.search(resample_faithful(network, behavior, ablation)))]
    return run, right, quick, slow


@given(networks(most_circuits=400), st.sampled_from(["zero", "mean", "resample"]), st.sampled_from([0.0, 0.25]))
def test_random_networks(network, ablation, epsilon):
    """Counts over random networks are those of the definition, where no circuit is tied; and so are the runs shown."""
    behavior = Behavior.of_network(network, assignments(network.widths[0]), epsilon=epsilon)
    run, right, quick, slow = both_ways(network, behavior, ablation)
    if not (right.sure and run.right("resample").sure):
        return
    assert quick == slow
    search = network.search(perfect(network, behavior, ablation))
    bits = [as_circuit(network, circuit).bits for circuit in run.circuits]
    meeting = {one for one, good in zip(bits, right.certain, strict=True) if good}
    for one in sorted(meeting)[:20]:
        assert search.spoiler(one) == spoiler(one, meeting, bits)


def small_networks():
    """Every network of two inputs, two neurons and an output, of weights -1, 0 and 1 and biases that leave no ties."""
    for weights in itertools.product((-1.0, 0.0, 1.0), repeat=6):
        first, last = np.reshape(weights[:4], (2, 2)), np.reshape(weights[4:], (1, 2))
        if (last != 0).any():
            yield eh.Network([first, last], [[0.2613, -0.5171], [0.3719]], ["relu", "identity"])


def test_every_small_network():
    """Exhaustively: 648 networks by each kind of ablation."""
    told, spoilt = 0, 0
    for network in small_networks():
        behavior = Behavior.of_network(network, assignments(2))
        for ablation in ablations_of(behavior):
            _, right, quick, slow = both_ways(network, behavior, ablation)
            assert quick == slow
            told, spoilt = told + 1, spoilt + (slow[0][0] < right.certain.sum())
    assert told == 648 * 3 and spoilt > 100


def test_what_is_too_large(xor, monkeypatch):
    """Where the graph or the circuits that meet are too many, nothing is said."""
    search = xor.search(perfect(xor, Behavior.of_network(xor, assignments(2))))
    assert search.hereditary() == (96, 2)
    monkeypatch.setattr("everyhow.model.model.MOST_MEETING", 119)
    again = xor.search(search.criterion)
    assert again.hereditary() is None and again.spoiler(1) is None
    monkeypatch.undo()
    monkeypatch.setattr("everyhow.model.model.MOST_EDGES_OF_LATTICE", 17)
    assert xor.search(search.criterion).hereditary() is None


def transformer(seed, grain, mlp):
    """A random transformer of one layer over two tokens, of two heads, or of four where circuits are sets of nodes."""
    rng, heads = np.random.default_rng(seed), 4 if grain == "nodes" else 2
    q, k, v = rng.normal(size=(3, heads, 3, 2))
    attention = Attention(q, k, v, rng.normal(size=(heads, 2, 3)))
    feed = MLP(rng.normal(size=(3, 2)), rng.normal(size=(2, 3))) if mlp else None
    tokens, places, read, constant = (rng.normal(size=size) for size in ((2, 3), (2, 3), (3, 2), 2))
    return Transformer(tokens, places, (Layer(attention, feed),), read, constant, grain=grain)


@pytest.mark.parametrize("grain", ["edges-qkv", "edges", "nodes"])
@pytest.mark.parametrize("ablation", [kind for kind in ABLATIONS if kind != "paired"])
def test_transformers(grain, ablation):
    """By diagrams as by the lattice, and as by the definition."""
    spoilt = 0
    for seed in range(6):
        model = transformer(seed, grain, seed % 2 == 0)
        behavior = Behavior.of_network(model, [[0, 0], [0, 1], [1, 0], [1, 1]], "argmax")
        criterion = perfect(model, behavior, ablation)
        search, faithful = model.search(criterion), model.search(resample_faithful(model, behavior, ablation))
        assert search.count().certified and faithful.count().certified
        every, (meeting, others) = (
            circuits_of_model(model),
            ({c.bits for c in s.circuits()} for s in (search, faithful)),
        )
        kept = safe(meeting, every)
        assert search.hereditary() == (len(kept), len(minimal(kept)))
        assert search.hereditary(faithful) == (len(kept & others), len(minimal(kept & others)))
        lattice = Lattice(model.graph, as_words(meeting))
        assert lattice.safe.tolist() == sorted(kept)
        for one in sorted(meeting)[:30]:
            assert search.spoiler(one) == lattice.spoiler(one) == spoiler(one, meeting, every)
        spoilt += len(meeting) - len(kept)
    assert spoilt


def circuits_of_model(model):
    """The bits of every set of edges or nodes that is a circuit, each put together anew."""
    found = []
    for bits in range(1 << len(model.graph.edges)):
        edges = [edge for edge in model.graph.edges if bits >> model.graph.positions[edge] & 1]
        into, out = {edge.child for edge in edges}, {edge.parent for edge in edges}
        inner = [node for node in model.graph.nodes if 0 < node.stage < model.graph.last]
        ends = [node for node in model.graph.nodes if node.stage == model.graph.last]
        if model.graph.of_nodes or (all((n in into) == (n in out) for n in inner) and all(n in into for n in ends)):
            found.append(bits)
            assert Circuit(model.graph, bits).bits == bits
    return found
