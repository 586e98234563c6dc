"""Circuits in and out as graph JSON."""

import json
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.common.errors import FileFormatError
from everyhow.common.reading import MOST_BYTES
from everyhow.exchange.graph_json import (
    circuit_from_graph,
    circuit_to_graph,
    graph_edges,
    read_graph,
    read_graph_edges,
    write_graph,
)
from everyhow.model.circuit import Circuit, connected_part
from everyhow.verification import plain_circuits

from ..conftest import reference
from ..strategies import networks

XOR = eh.xornet()
WHOLE = Circuit.whole(XOR)


def graph():
    """A graph of the analytic network that has all its edges."""
    return circuit_to_graph(WHOLE, XOR)


@given(networks(outputs=(1, 2), most_circuits=300), st.randoms(), st.booleans())
@settings(max_examples=40)
def test_round_trip(network, random, scored):
    """Any circuit comes back, through text, with scores or without; without, the highest scores are the circuit."""
    circuits = [plain_circuits.edges(c) for c in plain_circuits.all_circuits(network.weights)]
    if not circuits:
        return
    circuit = Circuit.of_edges(network.graph, random.choice(circuits))
    scores = {edge: random.choice([-1, 1]) * random.uniform(0.1, 1) for edge in circuit.edges} if scored else None
    document = json.loads(json.dumps(circuit_to_graph(circuit, network, scores)))
    assert circuit_from_graph(document, network) == circuit
    assert sum(node["in_graph"] for node in document["nodes"].values()) >= len(circuit.neurons) + network.widths[-1]
    assert len(document["edges"]) == network.edges
    if scored:
        assert set(circuit.edges) == set(graph_edges(document, network, threshold=0.05))
    else:
        assert circuit_from_graph(document, network, top=len(circuit)) == circuit


def test_what_stands_in_a_graph():
    """Names, and what is in the graph, of one circuit written by hand."""
    circuit = Circuit.of_edges((2, 3, 1), [(1, 2, 0), (1, 2, 1), (2, 0, 2)])
    document = circuit_to_graph(circuit, XOR, {(1, 2, 0): -0.5})
    assert list(document) == ["cfg", "nodes", "edges"]
    assert document["cfg"]["widths"] == [2, 3, 1]
    assert {name for name, node in document["nodes"].items() if node["in_graph"]} == {"x0", "x1", "h1.2", "y0"}
    assert {name for name, edge in document["edges"].items() if edge["in_graph"]} == {
        "x0->h1.2",
        "x1->h1.2",
        "h1.2->y0",
    }
    assert document["edges"]["x0->h1.2"]["score"] == -0.5 and document["edges"]["h1.2->y0"]["score"] == 0.0
    assert "x1->h1.0" not in document["edges"], "its weight is 0"


def test_what_may_be_missing():
    """Only edges are needed; other keys are ignored, in_graph left out means that an edge is not in the graph."""
    edges = {"x0->h1.2": {"in_graph": True, "hook": "?"}, "x1->h1.2": {"in_graph": 1}, "h1.2->y0": {"in_graph": True}}
    document = {"edges": {**edges, "x0->h1.0": {"score": 9}}, "more": [1]}
    assert graph_edges(document, XOR) == ((1, 2, 0), (1, 2, 1), (2, 0, 2))
    older = {**document, "nodes": {"x0": True, "y0": False}, "cfg": {"n_layers": 2, "n_heads": 1}}
    assert graph_edges(older, XOR) == graph_edges(document, XOR)


def test_scores_choose():
    """A graph of scores only, as submissions to MIB are: in_graph false everywhere, absolute scores decide."""
    scores = {"x0->h1.2": 0.3, "x1->h1.2": -0.4, "h1.2->y0": 0.5, "x0->h1.0": 0.2, "h1.0->y0": -0.1}
    document = {"edges": {name: {"score": score, "in_graph": False} for name, score in scores.items()}}
    assert graph_edges(document, XOR, top=3) == ((1, 2, 0), (1, 2, 1), (2, 0, 2))
    assert graph_edges(document, XOR, threshold=0.3) == ((1, 2, 0), (1, 2, 1), (2, 0, 2))
    assert graph_edges(document, XOR, threshold=0.31) == ((1, 2, 1), (2, 0, 2))
    # Of equal scores the first in the document; an edge of weight 0 is never chosen.
    tied = {"edges": {name: {"score": 1} for name in ("x1->h1.0", "h1.1->y0", "x0->h1.0")}}
    assert graph_edges(tied, XOR, top=1) == ((2, 0, 1),)


def test_loose_ends():
    """Edges that are not a circuit are refused with their loose ends; the circuit left can be asked for."""
    document = graph()
    document["edges"]["x0->h1.0"]["in_graph"] = False
    with pytest.raises(eh.InputError, match=r"h1\.0 has no edge in; connected_part \(--connected\) gives the circuit"):
        circuit_from_graph(document, XOR)
    circuit, dropped = connected_part(XOR.widths, graph_edges(document, XOR))
    assert dropped == ((2, 0, 0),) and len(circuit) == 5


@pytest.mark.parametrize(
    ("change", "arguments", "text"),
    [
        (lambda d: [], {}, "a graph is a JSON object with .edges., an object of"),
        (lambda d: {"edges": []}, {}, "a graph is a JSON object with .edges., an object of"),
        (lambda d: {"edges": {"x0->h1.9": {}, "logits": {}}}, {}, r"'x0->h1.9', 'logits': no such node or edge; the "
         r"nodes of Network\(2-3-1, sigmoid:25, 7 edges\) are x0 to x1, h1.0 to h1.2, y0 to y0, and an edge is PARENT"),
        (lambda d: d | {"nodes": {"m0": {}}}, {}, "'m0': no such node or edge"),
        (lambda d: d | {"nodes": [1]}, {}, r"\"nodes\" is \[1\]; it is an object"),
        (lambda d: {"edges": {"x0->y0": {}}}, {}, "'x0->y0': edges go from one layer to the next"),
        (lambda d: {"edges": {"x0->h1.0": True}}, {}, "edge 'x0->h1.0' is True; an edge is an object with in_graph"),
        (lambda d: {"edges": {"x0->h1.0": {"in_graph": "yes"}}}, {}, "in_graph of edge 'x0->h1.0' is 'yes'; it is"),
        (lambda d: {"edges": {"x0->h1.0": {"score": "1"}}}, {}, "the score of edge 'x0->h1.0' is '1'; it is a number"),
        (lambda d: {"edges": {"x1->h1.0": {"in_graph": True}}}, {}, "'x1->h1.0': in the graph, but of weight 0 in"),
        (lambda d: {"edges": {"x0->h1.0": {"score": 2}}}, {}, "no edge of the graph has in_graph true; to choose"),
        (lambda d: {"edges": {"x0->h1.0": {}}}, {"top": 1}, "no finite score for 'x0->h1.0'; score every edge"),
        (lambda d: {"edges": {"x0->h1.0": {"score": 10**400}}}, {"top": 1}, "no finite score for 'x0->h1.0'"),
        (lambda d: d, {"top": 8}, "top is 8; it is a number of edges from 1 to 7"),
        (lambda d: d, {"top": 0}, "top is 0; it is a number of edges"),
        (lambda d: d, {"threshold": float("nan")}, "threshold is nan; it is the least absolute score"),
        (lambda d: d, {"top": 1, "threshold": 1.0}, "top and threshold are two ways to choose"),
        (lambda d: d | {"cfg": {"widths": [2, 2, 1]}}, {}, r"widths \[2, 2, 1\], not \[2, 3, 1\]; give its own"),
        (lambda d: {"edges": {f"x{k}->h1.0": {} for k in range(2, 20)}}, {}, "'x6->h1.0' and 13 more: no such node"),
    ],
)  # fmt: skip
def test_errors(change, arguments, text):
    """What is wrong with a graph, by name."""
    with pytest.raises(eh.InputError, match=text):
        graph_edges(change(graph()), XOR, **arguments)


def test_errors_of_writing():
    """Scores of what is no edge, or not finite."""
    with pytest.raises(eh.InputError, match=r"a score of \(1, 0, 1\), which is not an edge of Network"):
        circuit_to_graph(WHOLE, XOR, {(1, 0, 1): 1.0})
    with pytest.raises(eh.InputError, match=r"the score of edge \(1, 0, 0\) is inf; scores must be finite"):
        circuit_to_graph(WHOLE, XOR, {(1, 0, 0): float("inf")})
    with pytest.raises(eh.InputError, match="the circuit belongs to a 2-1 network"):
        circuit_to_graph(Circuit.of_edges((2, 1), [(1, 0, 0)]), XOR)


def test_files(tmp_path):
    """A circuit through a file; what is wrong with a file begins with its name."""
    _, network = reference("xor-2-3-3-1-seed0")
    circuit = eh.circuits(network).minimal()[0]
    path = write_graph(tmp_path / "deep" / "graph.json", circuit, network)
    assert read_graph(path, network) == circuit and read_graph_edges(path, network) == circuit.edges
    cases = {
        "{": "not a JSON file", "[1]": "holds a JSON list; a graph of a circuit is a JSON object",
        "[" * 100_000: "not a JSON file", '{"edges": {"a->b": {}}}': "'a->b': no such node",
        "\xff": "not a JSON file",
    }  # fmt: skip
    for text, said in cases.items():
        path.write_bytes(text.encode("latin-1"))
        with pytest.raises(FileFormatError, match=said) as caught:
            read_graph(path, network)
        assert str(caught.value).startswith(f"{path}: ")
    path.write_bytes(b" " * (MOST_BYTES + 1))
    with pytest.raises(FileFormatError, match="has 1,048,577 bytes; a graph of a circuit has at most 1,048,576"):
        read_graph(path, network)
    with pytest.raises(FileFormatError, match="no such file; give the path of a graph of a circuit"):
        read_graph(tmp_path / "nothing.json", network)
    with pytest.raises(FileFormatError, match="a folder"):
        read_graph(tmp_path, network)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["in_graph", "score", "x0->h1.0", "h1.0->y0", "edges", "cfg", "widths"]) | st.text(max_size=5),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["cfg", "nodes", "edges"]), VALUES), st.none() | st.integers(-1, 9))
@settings(max_examples=150)
def test_any_document(document, top):
    """Whatever a document holds, it is read or refused by InputError."""
    try:
        edges = graph_edges(document, XOR, top)
    except eh.InputError:
        return
    assert all(XOR.weights[layer - 1][j, i] for layer, j, i in edges)


@given(data=st.data())
@settings(max_examples=60)
def test_broken_files(data, tmp_path_factory):
    """A file with bytes changed, cut or repeated is read or refused by name, and quickly."""
    content = bytearray(json.dumps(graph()).encode())
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(content)))
        content[start : start + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    path = tmp_path_factory.mktemp("fuzz") / "graph.json"
    path.write_bytes(bytes(content))
    begun = time.process_time()
    try:
        assert set(read_graph(path, XOR).edges) <= set(WHOLE.edges)
    except FileFormatError as error:
        assert str(error).startswith(str(path))
    assert time.process_time() - begun < 1


@pytest.mark.parametrize(
    "content",
    [
        '{"edges": {' + ",".join(f'"x{k}->h": {{}}' for k in range(150_000)) + "}}",
        '{"edges": {"x0->h1.0": [' + "1," * 1_000_000 + "1]}}",
        '{"edges": {"' + "->" * 1_000_000 + '": {}}}',
        '{"edges": {}, "nodes": {"' + "x" * 4_000_000 + '": {}}}',
    ],
    ids=["names", "value", "arrows", "name"],
)
def test_large_files(content, tmp_path):
    """Files near the limit are refused quickly, in a short message."""
    path = tmp_path / "graph.json"
    path.write_text(content)
    begun = time.process_time()
    with pytest.raises(FileFormatError) as caught:
        read_graph(path, XOR)
    assert time.process_time() - begun < 1
    assert len(str(caught.value)) < 1000


def test_numpy_scores():
    """Scores may be NumPy numbers, and the document is JSON all the same."""
    scores = dict(zip(WHOLE.edges, np.linspace(-1, 1, len(WHOLE), dtype=np.float32), strict=True))
    assert json.loads(json.dumps(circuit_to_graph(WHOLE, XOR, scores)))["edges"]["x0->h1.0"]["score"] == -1.0


def test_names_as_audits_print_them():
    """An edge may be called as an audit calls it, with its arrow, and as tools call it."""
    network = eh.xornet()
    by_letters = {"edges": {f"{edge}": {"in_graph": True} for edge in map(network.graph.name, network.graph.edges)}}
    assert "A→h1.0" in by_letters["edges"]
    assert circuit_from_graph(by_letters, network) == Circuit.whole(network.graph)
    mixed = {"edges": {"A->h1.0": {"in_graph": True}, "x0->h1.2": {"in_graph": True}, "h1.0->out0": {"in_graph": True},
                       "h1.2→y0": {"in_graph": True}}}  # fmt: skip
    assert circuit_from_graph(mixed, network).edges == ((1, 0, 0), (1, 2, 0), (2, 0, 0), (2, 0, 2))
