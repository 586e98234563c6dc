"""ONNX files: round trips of random graphs against onnxruntime, and what is refused."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.activations import activation
from everyhow.errors import FileFormatError, MissingExtraError

from .strategies import trainable, wrong_bias

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
helper, numpy_helper, TensorProto = onnx.helper, onnx.numpy_helper, onnx.TensorProto
KINDS = {np.float32: TensorProto.FLOAT, np.float64: TensorProto.DOUBLE, np.float16: TensorProto.FLOAT16}


def model_of(nodes, stored, entrance=("batch", 2), kind=np.float32, outputs=("y",), rank=2, **options):
    """A model of nodes and stored arrays, from `x` to `y`."""
    graph = helper.make_graph(
        nodes, "graph",
        [helper.make_tensor_value_info("x", KINDS[kind], entrance)],
        [helper.make_tensor_value_info(name, KINDS[kind], ["rows", "columns"][:rank]) for name in outputs],
        [numpy_helper.from_array(np.asarray(array), name) for name, array in stored.items()],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, **options)


NAMES = {
    "Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Elu": "elu", "Selu": "selu", "Softplus": "softplus",
    "HardSigmoid": "hardsigmoid:0.2:0.5", "HardSwish": "hardswish", "Softsign": "softsign", "LeakyRelu": "leaky_relu",
    "PRelu": "leaky_relu", "Clip": "hardtanh", "Max": "relu", "Silu": "silu",
}  # fmt: skip


def known(name):
    """Whether networks have this activation."""
    try:
        activation(name)
    except eh.errors.InputError:
        return False
    return True


ACTIVATIONS = [op for op, name in NAMES.items() if known(name)]


class Graph:
    """A graph that grows operator by operator; `lies` says how what flows through it lies."""

    def __init__(self, draw, kind, features):
        self.draw, self.kind, self.features = draw, kind, features
        self.random = np.random.default_rng(draw(st.integers(0, 2**31)))
        self.nodes, self.stored, self.state = [], {}, "x"
        self.lies = draw(st.sampled_from(["rows", "rows", "columns", "single"]))
        size = draw(st.sampled_from(["batch", 3]))
        self.entrance = {"rows": (size, features), "columns": (features, size), "single": (features,)}[self.lies]

    def store(self, array):
        name = f"stored{len(self.stored)}"
        self.stored[name] = np.asarray(array)
        return name

    def numbers(self, *shape):
        return self.store(self.random.standard_normal(shape).astype(self.kind))

    def constant(self):
        """One number, or one per feature, in every shape that stands for it."""
        shapes = {"rows": [(self.features,), (1, self.features)], "columns": [(self.features, 1)]}
        numbers = self.random.uniform(
            0.5, 2, self.draw(st.sampled_from([(), (1,), *shapes.get(self.lies, [(self.features,)])]))
        )
        return self.store(numbers.astype(self.kind))

    def make(self, op, *operands, **options):
        self.nodes.append(
            helper.make_node(op, operands, [f"s{len(self.nodes)}"], name=f"{op}{len(self.nodes)}", **options)
        )
        return self.nodes[-1].output[0]

    def add(self, op, *others, **options):
        self.state = self.make(op, self.state, *others, **options)

    def linear(self, width):
        """A matrix product, in every way that there is."""
        before, self.features = self.features, width
        ways = {
            "rows": ["Gemm", "right", "turned", "Einsum"],
            "columns": ["left", "Gemm left"],
            "single": ["right", "left"],
        }
        match self.draw(st.sampled_from(ways[self.lies])):
            case "Gemm":
                turned = self.draw(st.integers(0, 1))
                bias = self.draw(st.sampled_from([None, (), (1,), (width,), (1, width)]))
                options = self.draw(st.fixed_dictionaries({}, optional={"alpha": st.just(0.5), "beta": st.just(-2.0)}))
                weights = self.numbers(*((width, before) if turned else (before, width)))
                self.add("Gemm", weights, *([] if bias is None else [self.numbers(*bias)]), transB=turned, **options)
                return
            case "Gemm left":
                turned = self.draw(st.integers(0, 1))
                weights = self.numbers(*((before, width) if turned else (width, before)))
                self.state = self.make("Gemm", weights, self.state, self.numbers(width, 1), transA=turned)
                return
            case "right":
                self.add("MatMul", self.numbers(before, width))
            case "turned":
                self.add("MatMul", self.make("Transpose", self.numbers(width, before), perm=[1, 0]))
            case "left":
                self.state = self.make("MatMul", self.numbers(width, before), self.state)
            case "Einsum":
                self.add("Einsum", self.numbers(width, before), equation="ni,oi->no")
        if self.draw(st.booleans()):
            self.add("Add", self.constant())

    def affine(self):
        """A constant added, taken, multiplied or divided by, on either side."""
        op = self.draw(st.sampled_from(["Add", "Sub", "Mul", "Div", "Neg"]))
        operands = [self.state] if op == "Neg" else [self.state, self.constant()]
        turned = op in ("Add", "Sub", "Mul") and self.draw(st.booleans())
        self.state = self.make(op, *(operands[::-1] if turned else operands))

    def detour(self):
        """What changes the shape, or nothing, and leaves the numbers."""
        match self.draw(st.sampled_from(["Identity", "Dropout", "axis", "Reshape", "Shape", "Transpose", "Slice"])):
            case "axis":
                axis = self.store(np.array([self.draw(st.integers(-2, 1))]))
                self.add("Unsqueeze", axis)
                self.add("Squeeze", axis)
            case "Reshape":
                sizes = {"rows": [0, self.draw(st.sampled_from([-1, self.features]))], "columns": [self.features, -1]}
                self.add("Reshape", self.store(np.array(sizes.get(self.lies, [-1]))))
            case "Shape" if self.lies == "rows":
                size = self.make("Gather", self.make("Shape", self.state), self.store(np.array([0])))
                self.add("Reshape", self.make("Concat", size, self.store(np.array([-1])), axis=0))
            case "Transpose" if self.lies != "single":
                self.add("Transpose", perm=[1, 0])
                self.lies = "columns" if self.lies == "rows" else "rows"
            case "Slice":
                ends = self.store(np.array([np.iinfo(np.int64).max]))
                self.add("Slice", self.store(np.array([0])), ends, self.store(np.array([0])))
            case "Dropout":
                self.add("Dropout")
            case _:
                self.add("Identity")

    def activate(self):
        match self.draw(st.sampled_from(ACTIVATIONS)):
            case "LeakyRelu":
                self.add("LeakyRelu", **self.draw(st.sampled_from([{}, {"alpha": 0.3}])))
            case "PRelu":
                self.add("PRelu", self.store(np.array([0.25], self.kind)))
            case "Clip":
                self.add("Clip", self.store(np.array(-1, self.kind)), self.store(np.array(1, self.kind)))
            case "Max":
                self.state = self.make("Max", self.store(np.array(0, self.kind)), self.state)
            case "Silu":
                self.add("Mul", self.make("Sigmoid", self.state))
            case name:
                self.add(name)


@st.composite
def graphs(draw):
    """A chain of operators of every kind, stored in every way that the format has, and the widths of its layers."""
    kind = draw(st.sampled_from(list(KINDS)))
    sizes = draw(st.lists(st.integers(1, 5), min_size=2, max_size=5))
    sizes[0] = draw(st.sampled_from([1, 2, 9]))
    graph = Graph(draw, kind, sizes[0])
    for layer, width in enumerate(sizes[1:]):
        if draw(st.booleans()):
            graph.affine()
        if draw(st.booleans()):
            graph.detour()
        graph.linear(width)
        if draw(st.booleans()):
            graph.affine()
        if graph.lies == "rows" and draw(st.booleans()):
            variance = graph.store(graph.random.uniform(0.1, 3, width).astype(kind))
            graph.add("BatchNormalization", *(graph.numbers(width) for _ in range(3)), variance)
        if draw(st.booleans()):
            graph.detour()
        if layer < len(sizes) - 2 or draw(st.booleans()):
            graph.activate()
    nodes, dead = graph.nodes, helper.make_node("Exp", ["x"], ["unused"])
    nodes[-1].output[0] = "y"
    rank = 1 if graph.lies == "single" else 2
    return model_of([*nodes, dead], graph.stored, graph.entrance, kind, rank=rank), tuple(sizes), graph.lies


def run(model, points, lies):
    """What onnxruntime gives for float64 points in the model's own type, one at a time or all at once."""
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (entrance,) = session.get_inputs()
    kind = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16}[entrance.type]
    points = points.astype(kind)
    if len(entrance.shape) == 1:
        return kind, np.array([session.run(None, {"x": point})[0] for point in points], np.float64)
    columns = entrance.shape[1] in ("batch", 3) and entrance.shape[0] == points.shape[1]
    found = []
    for part in points.reshape(-1, 3, points.shape[1]):
        (leaving,) = session.run(None, {"x": part.T if columns else part})
        found.append(leaving.T if lies == "columns" else leaving)
    return kind, np.concatenate(found).astype(np.float64)


@settings(max_examples=150)
@given(graphs())
def test_round_trip(tmp_path_factory, case):
    """Any chain of these operators becomes a network of its linear layers that computes what onnxruntime does."""
    model, widths, lies = case
    path = tmp_path_factory.mktemp("models") / "model.onnx"
    onnx.save(model, path)
    network = eh.from_onnx(path)
    assert network.widths == widths
    points = np.random.default_rng(1).standard_normal((6, widths[0]))
    kind, expected = run(model, points, lies)
    ours = network.run(points.astype(kind).astype(np.float64))
    scale = np.abs(expected).max() + sum(np.abs(one).sum() for one in network.weights)
    np.testing.assert_allclose(ours, expected, rtol=0, atol=30 * np.finfo(kind).eps * (1 + scale) ** 2)
    assert network.origin.source == "ONNX file model.onnx"


def small(**changes):
    """Nodes and arrays of a 2-3-1 network, with some of them replaced."""
    nodes = {
        "one": helper.make_node("Gemm", ["x", "w", "b"], ["h"], name="first"),
        "two": helper.make_node("Relu", ["h"], ["r"], name="second"),
        "three": helper.make_node("MatMul", ["r", "v"], ["y"], name="third"),
    }
    stored = {
        "w": np.ones((2, 3)),
        "b": np.ones(3),
        "v": np.ones((3, 1)),
        "s": np.array([1, 2, 3]),
        "m": np.ones((3, 3)),
        "c": np.ones(2),
    }
    stored = {name: array if name == "s" else array.astype(np.float32) for name, array in stored.items()}
    return [node for node in (nodes | changes).values() if node], stored


def node(op, inputs, output, **options):
    return helper.make_node(op, inputs, [output], name="odd", **options)


REFUSED = [
    ({"two": node("Erf", ["h"], "r")}, "Erf odd is not supported; Gemm, MatMul, Add.*export the part of the model"),
    ({"two": node("Relu", ["h"], "r", domain="mine")}, "mine.Relu odd is not supported"),
    ({"two": node("Softmax", ["h"], "r")}, "Softmax odd: a softmax mixes all outputs.*export the model up to it"),
    ({"two": node("Add", ["h", "x"], "r")}, "Add odd uses something else than the step right before it"),
    ({"two": node("Add", ["h", "h"], "r")}, "Add odd uses something else"),
    ({"two": node("Add", ["h", "m"], "r")}, r"Add odd: what it adds has the shape \(3, 3\); one number for each of 3"),
    ({"one": node("Gemm", ["x", "w"], "h", transA=1)}, "Gemm odd: transA is 1; 0 is supported"),
    ({"one": node("Gemm", ["x", "b"], "h")}, r"Gemm odd: its weights have the shape \(3,\)"),
    ({"two": node("MatMul", ["m", "h"], "r")}, "MatMul odd: it multiplies from the left"),
    ({"two": node("PRelu", ["h", "b"], "r")}, "PRelu odd: it has 3 slopes; one for all neurons"),
    ({"two": node("LeakyRelu", ["h"], "r", alpha=-1.0)}, "LeakyRelu odd: its slope is -1"),
    ({"two": node("Flatten", ["h"], "r", axis=0)}, "Flatten odd: axis is 0; 1, which keeps inputs apart"),
    ({"two": node("Reshape", ["h", "s"], "r")}, "Reshape odd: it makes another shape"),
    ({"two": node("Cast", ["h"], "r", to=TensorProto.INT32)}, "Cast odd: it changes to a type"),
    ({"two": node("Transpose", ["h"], "r")}, "Transpose odd: it is applied to what flows through"),
    ({"two": node("BatchNormalization", ["h", "b", "b", "b", "c"], "r")}, "its statistics are of different lengths"),
    ({"two": helper.make_node("BatchNormalization", ["h", "b", "b", "b", "b"], ["r", "q", "p"], training_mode=1)},
     "BatchNormalization giving r, q, p: it is in training mode; inference mode"),
    ({"one": node("Relu", ["x"], "h")}, "Relu odd: what is to be imported begins with an activation"),
    ({"three": node("Tanh", ["r"], "y")}, "Tanh odd: this activation comes right after Relu second"),
    ({"three": node("MatMul", ["r", "w"], "y")}, "MatMul odd takes 2 features, but Gemm first gives 3"),
    ({"four": node("MatMul", ["y", "v"], "z"), "three": node("MatMul", ["r", "m"], "y")}, "its output y is not what"),
    ({"one": node("Constant", [], "h", value_string="x")}, "Constant odd is not supported"),
    ({"one": node("Gemm", ["nothing", "w"], "h")}, "not a valid ONNX model"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_refused(tmp_path, changes, message):
    """What is not supported is named with its place and what to do, after the name of the file."""
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of(*small(**changes)).SerializeToString())
    with pytest.raises(FileFormatError, match=message) as error:
        eh.from_onnx(path)
    assert str(error.value).startswith(f"{path}: ")


def changed(change):
    model = model_of(*small())
    change(model.graph)
    return model


def external(graph):
    graph.initializer[0].data_location = TensorProto.EXTERNAL
    graph.initializer[0].external_data.add(key="location", value="/etc/passwd")


def huge(graph):
    graph.initializer[0].dims[:] = [10**9, 10**9]


def not_finite(graph):
    graph.initializer[0].CopyFrom(numpy_helper.from_array(np.full((2, 3), np.nan, np.float32), "w"))


def words(graph):
    graph.initializer.append(helper.make_tensor("words", TensorProto.STRING, [1], [b"x"]))


def shaped(*dimensions):
    def change(graph):
        graph.input[0].CopyFrom(helper.make_tensor_value_info("x", TensorProto.FLOAT, dimensions))

    return change


def typed(kind):
    def change(graph):
        graph.input[0].CopyFrom(helper.make_tensor_value_info("x", kind, ["batch", 2]))

    return change


BROKEN = [
    (external, "the tensor w does not lie in the file as plain numbers; save the model as one file"),
    (huge, "its tensor w is broken|not a valid ONNX model"),
    (not_finite, r"weights\[0\]\[0, 0\] is nan"),
    (words, "its tensor words holds"),
    (shaped(2), r"its input has the shape \(2,\); expected \(inputs, features\)"),
    (shaped("batch", "c", 2), r"its input has the shape \('\?', '\?', 2\)"),
    (shaped("batch", 0), "not a valid ONNX model|its input has the shape"),
    (shaped("batch", 5), "onnxruntime cannot run it on inputs of shape"),
    (typed(TensorProto.INT64), "its input is of type INT64; FLOAT, DOUBLE and FLOAT16 are supported"),
    (lambda graph: graph.input.add(name="z"), "its graph has 2 inputs and 1 outputs; one of each|not a valid ONNX"),
    (lambda graph: graph.ClearField("output"), "its graph has 1 inputs and 0 outputs"),
]


@pytest.mark.parametrize(("change", "message"), BROKEN, ids=[message[:40] for _, message in BROKEN])
def test_broken(tmp_path, change, message):
    """Models that are valid bytes and no network are refused; nothing outside the file is read."""
    path = tmp_path / "model.onnx"
    path.write_bytes(changed(change).SerializeToString())
    with pytest.raises(FileFormatError, match=message) as error:
        eh.from_onnx(path)
    assert str(error.value).startswith(f"{path}: ")


def test_endless_models(tmp_path):
    """Millions of empty fields are refused before they are parsed, and so is a field that does not end."""
    path = tmp_path / "model.onnx"
    node, graph = b"\x0a\x00", b"\x3a"  # an empty node in a graph, and the graph of a model
    for count, message in ((99_998, "is not supported"), (100_001, "it has more than 100,000 fields")):
        size = 2 * count
        length = bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14])
        path.write_bytes(graph + length + node * count)
        with pytest.raises(FileFormatError, match=message):
            eh.from_onnx(path)
    good = model_of(*small()).SerializeToString()
    for content in (good[:-1], good + b"\x0a\x7f", good + b"\x0b", b"\xff" * 20):
        path.write_bytes(content)
        with pytest.raises(FileFormatError, match=r"model.onnx: not an ONNX file, or cut off; export it again"):
            eh.from_onnx(path)


def test_images(tmp_path):
    """An input of several axes is flattened by the graph, in batches of a fixed size."""
    nodes, stored = small(zero=helper.make_node("Flatten", ["x"], ["f"]), one=node("Gemm", ["f", "w", "b"], "h"))
    nodes = [nodes[-1], *nodes[:-1]]
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of(nodes, stored, (3, 1, 2, 1)).SerializeToString())
    network = eh.from_onnx(path, np.arange(14.0).reshape(7, 2))
    assert (network.origin.checked_on, network.widths) == ("7 given inputs", (2, 3, 1))
    assert network.origin.folded == ("Flatten giving f left out",)
    with pytest.raises(FileFormatError, match=r"model.onnx: data has 3 features per input, the network takes 2"):
        eh.from_onnx(path, np.ones((1, 3)))


def test_wrong_bias_is_caught(tmp_path, monkeypatch):
    """A bias wrong by 1e-3 is an error."""
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of(*small()).SerializeToString())
    assert eh.from_onnx(path).widths == (2, 3, 1)
    for layer in (0, 1):
        with monkeypatch.context() as patch:
            wrong_bias(patch, layer)
            with pytest.raises(
                FileFormatError, match=r"model.onnx: ONNX file model.onnx: the imported network computes"
            ):
                eh.from_onnx(path)


def test_missing_extra(tmp_path, monkeypatch):
    """Without onnxruntime the error says which extra installs it."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"")
    monkeypatch.setattr("everyhow.importing.onnx_files.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'everyhow\[onnx\]'"):
        eh.from_onnx(path)


def test_trainable_is_exported(tmp_path):
    """The network that a file gives is written and read again with where it came from."""
    import torch

    module = trainable()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, 2),), tmp_path / "m.onnx", dynamo=False)
    network = eh.load(tmp_path / "m.onnx")
    assert network == eh.from_torch(module)
    assert eh.load(eh.save_network(network, tmp_path / "m.json")).origin == network.origin
