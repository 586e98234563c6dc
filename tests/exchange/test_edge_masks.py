"""Circuits as edge masks: archives and logs as the paper's released code and tools around it write them."""

import io
import json
import types
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.common.errors import FileFormatError
from everyhow.exchange.edge_masks import LARGEST_ARCHIVE, circuit_from_masks
from everyhow.exchange.graph_json import read_graph, read_graph_edges, write_graph

NETWORK = eh.Network(
    [np.array([[1.0, 2], [3, -4], [5, 6]]), np.array([[1.0, -1, 2]])], [[0.0, 1, 2], [0.5]], ["relu", "identity"]
)
# The circuit of the edges x0->h0, x0->h2, x1->h2, h0->y, h2->y.
EDGES = ((1, 0, 0), (1, 2, 0), (1, 2, 1), (2, 0, 0), (2, 0, 2))
EDGE_MASKS = [[[1, 0], [0, 0], [1, 1]], [[1, 0, 1]]]
NODE_MASKS = [[1.0, 1.0], [1, 0, 1], [1]]


def archive(path, edge_masks=EDGE_MASKS, node_masks=NODE_MASKS, **more):
    """An archive with the names that the released code gives."""
    arrays = {f"node_mask_{k}": np.array(mask) for k, mask in enumerate(node_masks)}
    arrays |= {f"edge_mask_{k}": np.array(mask) for k, mask in enumerate(edge_masks)}
    np.savez(path, **arrays, **more)
    return path


def entry(edge_masks=EDGE_MASKS, **more):
    return {"node_masks": NODE_MASKS, "edge_masks": edge_masks, "sparsity": [0.3, 0.4, 0.4], "neurons": [], **more}


OTHER = [[[1, 1], [0, 0], [0, 0]], [[1, 0, 0]]]
LOG = [
    {"epoch": 1, "train_loss": 0.8, "outputs": [{"output_idx": 0, "n_circuits": 0, "circuits": []}]},
    {"epoch": 10, "outputs": [{"output_idx": 0, "n_circuits": 2, "circuits": [
        entry(OTHER, node_masks=[[1, 1], [1, 0, 0], [1]], circuit_idx=0), entry(circuit_idx=1)]}]},
]  # fmt: skip


@pytest.fixture
def files(tmp_path):
    """The same circuit in every form."""
    documents = {
        "circuit": entry(),
        "masks": EDGE_MASKS,
        "listed": [entry()],
        "log": LOG,
        "without": {"edge_masks": EDGE_MASKS},
    }
    for name, document in documents.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(document, indent=2))
    archive(tmp_path / "circuit.npz")
    archive(tmp_path / "CIRCUIT2.NPZ.npz").rename(tmp_path / "CIRCUIT2.NPZ")
    eh.save_network(NETWORK, tmp_path / "network.json")
    return tmp_path


@pytest.mark.parametrize(
    "name", ["circuit.npz", "CIRCUIT2.NPZ", "circuit.json", "masks.json", "listed.json", "without.json"]
)
def test_read(files, name):
    """One circuit in a file is read, whatever form it has there."""
    assert read_graph_edges(files / name, NETWORK) == EDGES
    assert read_graph(files / name, NETWORK).edges == EDGES


def test_logs(files):
    """Of the circuits of a log one is chosen by epoch, output and number; none of them is guessed."""
    message = (
        r"log.json: it lists 2 circuits, 10/0/0 to 10/0/1; choose one, such as circuit='10/0/1' \(--circuit 10/0/1"
    )
    with pytest.raises(FileFormatError, match=message):
        read_graph(files / "log.json", NETWORK)
    assert read_graph(files / "log.json", NETWORK, circuit="10/0/1").edges == EDGES
    assert read_graph(files / "log.json", NETWORK, circuit="10/0/0").edges == ((1, 0, 0), (1, 0, 1), (2, 0, 0))
    with pytest.raises(
        FileFormatError, match="it lists no circuit '1/0/0'; those that it lists are '10/0/0', '10/0/1'"
    ):
        read_graph(files / "log.json", NETWORK, circuit="1/0/0")


def test_in_memory():
    """Masks of arrays or lists, of numbers or truth values, and objects that have them."""
    arrays = [np.array(mask) for mask in EDGE_MASKS]
    held = types.SimpleNamespace(edge_masks=arrays, node_masks=[np.array(mask) for mask in NODE_MASKS])
    for masks in (
        EDGE_MASKS,
        arrays,
        [mask.astype(bool) for mask in arrays],
        [mask.astype(float) for mask in arrays],
        held,
    ):
        assert circuit_from_masks(masks, NETWORK).edges == EDGES
    assert circuit_from_masks(EDGE_MASKS, NETWORK, NODE_MASKS).edges == EDGES


def test_masks_of_pytorch():
    """Tensors of every kind hold the same masks, also those of kinds that NumPy has not."""
    torch = pytest.importorskip("torch")
    for kind in (torch.bfloat16, torch.float16, torch.float32, torch.uint8, torch.bool):
        masks = [torch.tensor(mask, dtype=kind, requires_grad=kind.is_floating_point) for mask in EDGE_MASKS]
        assert circuit_from_masks(masks, NETWORK).edges == EDGES


def test_loose_edges(tmp_path):
    """What is left without loose edges is only offered where something is left."""
    for masks, left in (
        ([[[1, 0], [0, 0], [0, 0]], [[0, 0, 0]]], False),
        ([[[1, 0], [1, 0], [0, 0]], [[1, 0, 0]]], True),
    ):
        (tmp_path / "masks.json").write_text(json.dumps(masks))
        with pytest.raises(FileFormatError, match=r"h1\.. has no edge out") as error:
            read_graph(tmp_path / "masks.json", NETWORK)
        assert ("connected_part (--connected) gives the circuit that is left" in str(error.value)) == left
        assert (
            "nothing is left without them; give edges that lead from inputs to every output" in str(error.value)
        ) != left


def test_an_edge_listed_twice(tmp_path):
    """JSON may repeat a name; where the two say different things neither is taken, where they agree both are."""
    whole = '{"edges": {%s}, "cfg": {}}'
    one, other = '"x0->h1.0": {"in_graph": true}', '"x0->h1.0": {"in_graph": false}'
    rest = '"h1.0->y0": {"in_graph": true}'
    for pair in ([one, other], [other, one]):
        (tmp_path / "graph.json").write_text(whole % ", ".join([*pair, rest]))
        with pytest.raises(FileFormatError, match=r"graph.json: 'x0->h1.0' stands twice .* different .*; keep one"):
            read_graph(tmp_path / "graph.json", NETWORK)
    one = '"x0->h1.0": {"score": NaN, "in_graph": true}'
    (tmp_path / "graph.json").write_text(whole % ", ".join([one, one.replace("NaN", "null"), rest]))
    with pytest.raises(FileFormatError, match=r"'x0->h1.0' stands twice"):
        read_graph(tmp_path / "graph.json", NETWORK)
    (tmp_path / "graph.json").write_text(whole % ", ".join([one, rest]))
    assert read_graph(tmp_path / "graph.json", NETWORK).edges == ((1, 0, 0), (2, 0, 0))
    one = '"x0->h1.0": {"in_graph": true}'
    (tmp_path / "graph.json").write_text(whole % ", ".join([one, one, rest]))
    assert read_graph(tmp_path / "graph.json", NETWORK).edges == ((1, 0, 0), (2, 0, 0))


@given(st.lists(st.booleans(), min_size=9, max_size=9))
def test_against_running_with_masks(bits):
    """A circuit of masks computes what the released code computes with them: weights times masks, biases kept."""
    bits = np.array(bits)
    first, second = bits[:6].reshape(3, 2), bits[6:].reshape(1, 3)
    inputs = np.array([[0, 0], [0, 1], [1, 0], [1, 1.0]])
    used = first.any(1)
    try:
        circuit = circuit_from_masks([first, second], NETWORK)
    except eh.InputError as error:
        assert "are not a circuit" in str(error) if bits.any() else "0 everywhere" in str(error)
        assert not second.any() or (used != second[0]).any()
        return
    hidden = np.maximum(inputs @ (NETWORK.weights[0] * first).T + NETWORK.biases[0], 0) * used
    expected = hidden @ (NETWORK.weights[1] * second).T + NETWORK.biases[1]
    np.testing.assert_allclose(NETWORK.run_circuit(inputs, circuit)[-1], expected)


REFUSED = [
    ({"edge_masks": EDGE_MASKS[:1]}, r"the edge masks have the shapes \(3, 2\); those of .* are \(3, 2\), \(1, 3\)"),
    ({"edge_masks": [np.transpose(EDGE_MASKS[0]).tolist(), EDGE_MASKS[1]]}, r"edge masks have the shapes \(2, 3\)"),
    ({"edge_masks": [[[1, 0], [0]], [[1]]]}, "the edge masks are not arrays|have the shapes"),
    ({"edge_masks": 3}, "the edge masks are not arrays; give one per layer"),
    ({"edge_masks": []}, "the edge masks have the shapes of none"),
    ({"edge_masks": [[[0.5, 0], [0, 0], [1, 1]], [[1, 0, 1]]]}, "edge mask 0 has values beside 0 and 1"),
    ({"edge_masks": [[["1", 0], [0, 0], [1, 1]], [[1, 0, 1]]]}, "edge mask 0 has values beside 0 and 1"),
    ({"edge_masks": EDGE_MASKS, "node_masks": [[1, 1], [1, 0, 0], [1]]},
     "'x0->h1.2', 'x1->h1.2', 'h1.2->y0': in the edge masks, but at a neuron that the node masks leave out"),
    ({"edge_masks": EDGE_MASKS, "node_masks": [[1, 1]]}, r"the node masks have the shapes \(2,\)"),
    ({"edge_masks": [[[1, 0], [0, 0], [1, 1]], [[1, 0, 0]]]}, "are not a circuit: h1.2 has no edge out"),
    ({"edge_masks": EDGE_MASKS, "node_masks": [[1, 1], [1, 1, 1], [1]]},
     "'h1.1': kept by the node masks, but without an edge in the edge masks; leave such neurons out"),
    ({"edge_masks": [[[0, 0], [0, 0], [0, 0]], [[0, 0, 0]]]}, "the edge masks are 0 everywhere, .* its edges$"),
    ({"circuits": []}, 'a graph is a JSON object with "edges"'),
    ([{"epoch": 1}], "holds a JSON list; a graph of a circuit is a JSON object"),
]  # fmt: skip


@pytest.mark.parametrize(("document", "message"), REFUSED)
def test_refused(tmp_path, document, message):
    """Masks that are none of this network are named, with the file."""
    (tmp_path / "circuit.json").write_text(json.dumps(document))
    with pytest.raises(FileFormatError, match=message) as error:
        read_graph(tmp_path / "circuit.json", NETWORK)
    assert str(error.value).startswith(f"{tmp_path / 'circuit.json'}: ")


def test_weights_of_zero_and_several_outputs(tmp_path):
    """An edge of weight 0 is not an edge; a circuit of one output belongs to the network of that output."""
    zero = eh.Network([np.array([[0.0, 2], [3, -4], [5, 6]]), NETWORK.weights[1]], NETWORK.biases, NETWORK.activations)
    with pytest.raises(
        eh.InputError, match=r"'x0->h1.0': in the edge masks, but of weight 0 in Network.* so not an edge of it"
    ):
        circuit_from_masks(EDGE_MASKS, zero)
    two = eh.Network([NETWORK.weights[0], np.ones((2, 3))], [NETWORK.biases[0], np.zeros(2)], NETWORK.activations)
    with pytest.raises(
        eh.InputError, match=r"are \(3, 2\), \(2, 3\) \(a circuit of one output is one of network.output"
    ):
        circuit_from_masks(EDGE_MASKS, two)
    assert circuit_from_masks(EDGE_MASKS, two.output(1)).edges == EDGES


def npz(**files):
    """A zip file of these bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(f"{name}.npy", content)
    return buffer.getvalue()


def npy(array):
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


HUGE = npy(np.zeros((2, 2))).replace(b"(2, 2)", b"(9**9)").replace(b"(9**9)", b"(9, 9)")
ARCHIVES = [
    (b"", r"not an .npz archive \(.*np.savez writes one"),
    (b"PK\x03\x04", "not an .npz archive"),
    (npz(edge_mask_0=b"\x93NUMPY"), "not an .npz archive"),
    (npz(edge_mask_0=HUGE), "it holds an array of type float64 and shape .9, 9."),
    (npz(edge_mask_0=npy(np.array([{"a": 1}], dtype=object))), "not an .npz archive|holds an array of type object"),
    (npz(other=npy(np.ones(2))), "it holds the arrays 'other'; a circuit has edge_mask_0, edge_mask_1"),
    (npz(edge_mask_1=npy(np.ones((3, 2)))), "it holds the arrays 'edge_mask_1'; a circuit has edge_mask_0"),
    (npz(edge_mask_0=bytes(2 * LARGEST_ARCHIVE)), "its arrays would take more than 1,048,576 bytes"),
    (bytes(LARGEST_ARCHIVE + 1), "1,048,577 bytes; at most 1,048,576 are read"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "message"), ARCHIVES)
def test_broken_archives(tmp_path, content, message):
    """An archive that is broken, declares more than it holds or holds something else is refused."""
    (tmp_path / "circuit.npz").write_bytes(content)
    with pytest.raises(FileFormatError, match=message) as error:
        read_graph(tmp_path / "circuit.npz", NETWORK)
    assert str(error.value).startswith(f"{tmp_path / 'circuit.npz'}: ")
    with pytest.raises(FileFormatError, match="no such file"):
        read_graph(tmp_path / "missing.npz", NETWORK)


def test_options_of_the_other_form(files):
    """Masks have no scores, and a graph is of one circuit."""
    for name in ("circuit.npz", "circuit.json"):
        for options in ({"top": 3}, {"threshold": 0.5}):
            with pytest.raises(FileFormatError, match="edge masks have no scores; leave out top and threshold"):
                read_graph(files / name, NETWORK, **options)
    write_graph(files / "graph.json", eh.Circuit.whole(NETWORK), NETWORK)
    with pytest.raises(FileFormatError, match="a graph is of one circuit; leave out circuit"):
        read_graph(files / "graph.json", NETWORK, circuit="1/0/0")


def test_place(run_command, files):
    """`everyhow place` takes archives, and logs with the circuit that is meant."""
    command = ["XOR", "--network", files / "network.json", "--json"]
    code, printed, err = run_command("place", files / "circuit.npz", *command)
    assert (code, err) == (0, "") and json.loads(printed)["circuit"] == [list(edge) for edge in EDGES]
    assert run_command("place", files / "log.json", *command, "--circuit", "10/0/1")[1] == printed
    code, _, err = run_command("place", files / "log.json", *command)
    assert code == 1 and "it lists 2 circuits, 10/0/0 to 10/0/1" in err
