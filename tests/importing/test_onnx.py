"""ONNX files: round trips of random graphs against onnxruntime, and what is refused."""

import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.common.errors import FileFormatError, MissingExtraError

from .onnx_models import KEPT, KINDS, TensorProto, helper, known, model_of, numpy_helper, onnx, onnxruntime, small
from .wrong_biases import wrong_bias

NAMES = {
    "Relu": "relu", "Tanh": "tanh", "Sigmoid": "sigmoid", "Elu": "elu", "Selu": "selu", "Softplus": "softplus",
    "HardSigmoid": "hardsigmoid:0.2:0.5", "HardSwish": "hardswish", "Softsign": "softsign", "LeakyRelu": "leaky_relu",
    "PRelu": "leaky_relu", "Clip": "hardtanh", "Max": "relu", "Silu": "silu",
}  # fmt: skip


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
        # onnxruntime has only some in other types than float32.
        few = [
            op for op in ACTIVATIONS if op in ("Relu", "Tanh", "Sigmoid", "LeakyRelu", "PRelu", "Clip", "Max", "Silu")
        ]
        match self.draw(st.sampled_from(ACTIVATIONS if self.kind == np.float32 else few)):
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
        if (layer < len(sizes) - 2 and not KEPT) or draw(st.booleans()):
            graph.activate()
    nodes, dead = graph.nodes, helper.make_node("Exp", ["x"], ["unused"])
    nodes[-1].output[0] = "y"
    rank = 1 if graph.lies == "single" else 2
    return model_of([*nodes, dead], graph.stored, graph.entrance, kind, rank=rank), tuple(sizes), graph.lies


def run(model, points, lies):
    """What onnxruntime gives for float64 points in the model's own type, one at a time or all at once."""
    options = onnxruntime.SessionOptions()
    if model.graph.input[0].type.tensor_type.elem_type == TensorProto.DOUBLE:
        # It joins steps into ones that it has in float32 only, such as, up to 1.30, `x * Sigmoid(x)`.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, ["CPUExecutionProvider"])
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


def test_silu_in_float64(tmp_path):
    """Up to 1.30 onnxruntime joins `x * Sigmoid(x)` into a step that it has in float32 only; it is not allowed to."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["h"]),
        helper.make_node("Sigmoid", ["h"], ["s"]),
        helper.make_node("Mul", ["h", "s"], ["m"]),
        helper.make_node("MatMul", ["m", "v"], ["y"]),
    ]
    weights = np.array([[1.0, -2, 0.5], [0.25, 1, 3]])
    onnx.save(model_of(nodes, {"w": weights, "v": np.ones((3, 1))}, kind=np.float64), tmp_path / "model.onnx")
    points = np.array([[1.0, 1], [-1, 0.5], [0.1, 0.2]])
    hidden = points @ weights
    expected = (hidden / (1 + np.exp(-hidden))).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(eh.from_onnx(tmp_path / "model.onnx").run(points), expected, rtol=1e-14)


def node(op, inputs, output, **options):
    return helper.make_node(op, inputs, [output], name="odd", **options)


def save(path, nodes, stored, *others, **options):
    path.write_bytes(model_of(nodes, stored, *others, **options).SerializeToString())
    return path


TAIL = r"onnx.utils.extract_model\('model.onnx', 'part.onnx', \['r'\], \['y'\]\)"
HEAD = r"onnx.utils.extract_model\('model.onnx', 'part.onnx', \['x'\], \['h'\]\)"
REFUSED = [
    ({"two": node("Erf", ["h"], "r")},
     f"Erf odd is not supported; Gemm, .* are: export what follows it, by {TAIL}, or what comes before it, by {HEAD}"),
    ({"two": node("Softmax", ["h"], "r")}, "Softmax odd: a softmax mixes all outputs.*as the last operator alone"),
    ({"two": node("Add", ["h", "x"], "r")}, f"Add odd uses something else than the step right before.*{TAIL}.*{HEAD}"),
    ({"two": node("Add", ["h", "h"], "r")}, "Add odd uses something else"),
    ({"two": node("Conv", ["h", "m"], "r")}, f"Conv odd is not supported.*export what follows it, by {TAIL}"),
    ({"one": node("Erf", ["x"], "h"), "three": node("Erf", ["r"], "y")},
     "Erf odd is not supported.*neither what follows it nor what comes before it can be taken alone"),
    ({"two": node("DequantizeLinear", ["h", "half"], "r")}, "DequantizeLinear odd belongs to a quantized model"),
    ({"two": node("Add", ["h", "m"], "r")}, r"Add odd: its constant has the shape \(3, 3\), and what flows through is "
     r"\(inputs, 3\); one number, or one for each of 3 features, is supported"),
    ({"two": node("Mul", ["h", "c"], "r")}, r"Mul odd: its constant has the shape \(2,\)"),
    ({"two": node("Mul", ["h", "nothing"], "r")}, r"Mul odd: its constant has the shape \(3, 0\)"),
    ({"two": node("Div", ["b", "h"], "r")}, "Div odd: it divides a constant by what flows through"),
    ({"two": node("Div", ["h", "zeros"], "r")}, "Div odd: it divides by zero"),
    ({"one": node("Gemm", ["x", "w"], "h", transA=1)}, r"Gemm odd: it multiplies along axis 1 of \(2, inputs\)"),
    ({"one": node("Gemm", ["x", "b"], "h")}, r"Gemm odd: its weights have the shape \(3,\)"),
    ({"three": node("MatMul", ["r", "nothing"], "y")}, r"MatMul odd: its weights have the shape \(0, 3\)"),
    ({"two": node("MatMul", ["m", "h"], "r")}, r"MatMul odd: it multiplies along axis -2 of \(inputs, 3\)"),
    ({"two": node("Einsum", ["h", "m"], "r", equation="ni,io->on")}, "MatMul third: it multiplies along axis -1"),
    ({"two": node("Einsum", ["h", "m"], "r", equation="ni,ij->ni")}, "Einsum odd: its equation is 'ni,ij->ni'"),
    ({"two": node("PRelu", ["h", "slopes"], "r")}, "PRelu odd: it has 3 slopes; one for all neurons"),
    ({"two": node("ThresholdedRelu", ["h"], "r")}, "ThresholdedRelu odd: alpha is 1; 0, which makes it a ReLU"),
    ({"two": node("Selu", ["h"], "r", gamma=2.0)}, "Selu odd: alpha and gamma are 1.67326 and 2"),
    ({"four": node("Clip", ["r", "", "half"], "t"), "three": node("MatMul", ["t", "v"], "y")},
     "Clip odd: it comes right after Relu second, with no linear layer between; one activation a layer is"),
    ({"four": node("Greater", ["r", "half"], "t"), "three": node("Cast", ["t"], "y", to=TensorProto.FLOAT)},
     "Greater odd: it comes right after Relu second, with no linear layer between; one activation a layer is"),
    ({"two": node("Sum", ["h", "b", "b"], "r")}, "Sum odd: it has 3 operands; one stored operand"),
    ({"two": node("Celu", ["h"], "r", alpha=-1.0)}, "Celu odd: alpha is -1; a number above 0"),
    ({"two": node("Elu", ["h"], "r", alpha=-1.0)},
     f"Elu odd: alpha is -1; a number of at least 0 is supported: export what follows it, by {TAIL}, .*by {HEAD}"),
    ({"two": node("Clip", ["h", "nan"], "r")},
     f"Clip odd: its operand 1 has nan; a number in each place is supported: export what follows it, by {TAIL}"),
    ({"two": node("Max", ["h", "nan"], "r")}, "Max odd: its operand 1 has nan; a number in each place is supported"),
    ({"two": node("Clip", ["h", "half", "half"], "r")}, "Clip odd: it keeps what lies between 0.5 and 0.5"),
    ({"two": node("Clip", ["h", "nothing"], "r")}, r"Clip odd: its operand 1 has the shape \(3, 0\); one number is"),
    ({"two": node("Max", ["h", "half", "half"], "r")}, "Max odd: it has 3 operands; one stored operand"),
    ({"two": node("Flatten", ["h"], "r", axis=0)}, r"Flatten odd: it mixes the inputs of a batch, \(inputs, 3\)"),
    ({"two": node("Reshape", ["h", "s"], "r")}, r"Reshape odd: its options and operands do not fit \(inputs, 3\); w"),
    ({"two": node("Reshape", ["h", "flat"], "r")}, r"Reshape odd: it mixes the inputs of a batch, \(inputs, 3\)"),
    ({"two": node("Squeeze", ["h", "one_axis"], "r")}, r"Squeeze odd: its options and operands do not fit \(inputs"),
    ({"two": node("Gather", ["h", "first_two"], "r", axis=0)}, "Gather odd: it takes a part of the inputs"),
    ({"two": node("Gather", ["h", "twice"], "r", axis=1)}, r"Gather odd: it takes .* or one twice, of \(inputs, 3\)"),
    ({"two": node("Gather", ["h", "s"], "r", axis=1)}, r"Gather odd: its options and operands do not fit \(inputs"),
    ({"two": node("Gather", ["h", "first_two"], "r", axis=1)}, "MatMul third takes 3 features, .* gives 2"),
    ({"two": node("Slice", ["h", "flat", "s"], "r")}, r"Slice odd: its options and operands do not fit \(inputs, 3\)"),
    ({"two": node("Slice", ["h", "at_0", "one_axis", "at_0"], "r")}, "Slice odd: it takes a part of the inputs"),
    ({"two": node("Slice", ["h", "at_0", "one_axis", "one_axis"], "r")}, "MatMul third takes 3 features, .* gives 1"),
    ({"two": node("Cast", ["h"], "r", to=TensorProto.INT32)}, "Cast odd: it changes to a type"),
    ({"two": node("Transpose", ["h"], "r")}, r"MatMul third: it multiplies along axis -1 of \(3, inputs\)"),
    ({"two": node("BatchNormalization", ["h", "b", "b", "b", "c"], "r")}, "its statistics are of different lengths"),
    ({"two": helper.make_node("BatchNormalization", ["h", "b", "b", "b", "b"], ["r", "q1", "p"], training_mode=1)},
     "BatchNormalization giving r, q1, p: it is in training mode; inference mode"),
    ({"one": None, "two": node("Relu", ["x"], "r"), "three": node("MatMul", ["r", "w"], "y")},
     r"Relu odd: what is to be imported begins with an activation.*extract_model\('model.onnx', 'part.onnx', \['r'\]"),
    ({"three": node("Tanh", ["r"], "y")}, "Tanh odd: this activation comes right after Relu second"),
    ({"three": node("MatMul", ["r", "w"], "y")}, "MatMul odd takes 2 features, but what comes before gives 3"),
    ({"three": node("Softmax", ["r"], "y", axis=0)},
     r"Softmax odd: it goes along axis 0 of \(inputs, 3\).* by .*\['x'\], \['r'\]\)"),
    ({"four": node("Softmax", ["y"], "z"), "three": node("MatMul", ["r", "v"], "t"), "y": node("Softmax", ["t"], "y")},
     r"Softmax odd: it goes along axis -1 of \(inputs, 1\); a softmax over all features, of which there are several"),
    ({"three": node("ArgMax", ["t"], "y", axis=1), "zero": node("MatMul", ["r", "v"], "t")},
     "ArgMax after MatMul odd .labels: the largest output decides. takes 1 outputs, so it is not the decision"),
    ({"one": node("Constant", [], "h", value_string="x")}, "its graph has 1 outputs, none of which depends on an"),
    ({"one": node("Gemm", ["nowhere", "w"], "h")}, "not a valid ONNX model"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_refused(tmp_path, changes, message):
    """What is not supported is named with its place and what to do, after the name of the file."""
    nodes, stored = small(**changes)
    # In the order of what they need.
    nodes.sort(key=lambda one: "xhrty".index(one.output[0][0]) if one.output[0][0] in "xhrty" else 9)
    path = save(tmp_path / "model.onnx", nodes, stored)
    with pytest.raises(FileFormatError, match=message) as error:
        eh.from_onnx(path)
    assert str(error.value).startswith(f"{path}: ")


def ending_in(*nodes, outputs=("y",), **stored):
    """A 2-3 network and what comes after its scores `z`; the points, and the scores by numpy."""
    random = np.random.default_rng(5)
    w, v = (random.standard_normal(shape).astype(np.float32) for shape in ((2, 4), (4, 3)))
    before = helper.make_node("MatMul", ["x", "w"], ["h"]), helper.make_node("Tanh", ["h"], ["t"])
    last = helper.make_node("MatMul", ["t", "v"], ["z"])
    model = model_of([*before, last, *nodes], {"w": w, "v": v, **stored}, outputs=outputs)
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 1))
    points = random.standard_normal((20, 2)).astype(np.float32)
    return model, points, np.tanh(points.astype(np.float64) @ w) @ v


SHARES, PLACE = helper.make_node("Softmax", ["z"], ["p"], axis=-1), helper.make_node("ArgMax", ["z"], ["a"], axis=1)
SCORES = r"onnx.utils.extract_model\('model.onnx', 'part.onnx', \['x'\], \['z'\]\)"


def taken(table, axis=1, of="p", to="y"):
    return helper.make_node("Gather", [of, table], [to], axis=axis)


OTHER_ENDS = {
    "the first class": ([SHARES, taken("i")], {"i": np.array(0)}),
    "the last class": ([SHARES, taken("i")], {"i": np.array([2])}),
    "another order": ([SHARES, taken("i")], {"i": np.array([1, 2, 0])}),
    "an order beside labels": ([PLACE, SHARES, taken("i")], {"i": np.array([1, 2, 0]), "outputs": ("a", "y")}),
    "columns in another order": (
        [SHARES, *(taken(f"i{at}", to=f"y{at}") for at in range(3))],
        {f"i{at}": np.array(at) for at in range(3)} | {"outputs": ("y2", "y1", "y0")},
    ),
    "one input": ([SHARES, taken("i", axis=0)], {"i": np.array([0])}),
    "labels in another order": ([PLACE, helper.make_node("Gather", ["i", "a"], ["y"])], {"i": np.array([1, 0, 2])}),
    "labels put together": ([PLACE, helper.make_node("Gather", ["i", "a"], ["y"])], {"i": np.array([0, 0, 1])}),
    "names in another order": (
        [PLACE, helper.make_node("ArrayFeatureExtractor", ["i", "a"], ["y"], domain="ai.onnx.ml")],
        {"i": np.array(["b", "a", "c"], object)},
    ),
    "labels as truth": ([PLACE, helper.make_node("Cast", ["a"], ["y"], to=TensorProto.BOOL)], {}),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHER_ENDS)
def test_other_ends(tmp_path, name):
    """What selects, reorders or renames classes after the scores is no end that can be left out; the scores can."""
    nodes, stored = OTHER_ENDS[name]
    model, points, scores = ending_in(*nodes, **stored)
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FileFormatError, match=f"its output y2? gives neither all of the scores z or.*by {SCORES}"):
        eh.from_onnx(path)
    onnx.utils.extract_model(path, tmp_path / "part.onnx", ["x"], ["z"], check_model=False)
    np.testing.assert_allclose(eh.from_onnx(tmp_path / "part.onnx").run(points.astype(float)), scores, atol=1e-5)


def test_zipmap_in_another_order(tmp_path):
    """Dictionaries by classes name these in the order of the scores."""
    for labels, message in (([0, 1, 2], None), ([2, 1, 0], "its classes are 2, 1, 0; classes in ascending order")):
        zipped = helper.make_node("ZipMap", ["p"], ["y"], domain="ai.onnx.ml", classlabels_int64s=labels)
        model, points, scores = ending_in(SHARES, zipped)
        (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
        if message is None:
            network = eh.from_onnx(tmp_path / "model.onnx")
            np.testing.assert_allclose(network.run(points.astype(float)), scores, atol=1e-5)
        else:
            with pytest.raises(FileFormatError, match=message):
                eh.from_onnx(tmp_path / "model.onnx")


@pytest.mark.parametrize(("nodes", "stored"), [
    ([PLACE, helper.make_node("Gather", ["i", "a"], ["y"])], {"i": np.array([5, 7, 9])}),
    ([PLACE, helper.make_node("Cast", ["a"], ["y"], to=TensorProto.FLOAT)], {}),
    ([SHARES, *(taken(f"i{at}", to=f"y{at}") for at in range(3))],
     {f"i{at}": np.array(at) for at in range(3)} | {"outputs": ("y0", "y1", "y2")}),
    ([SHARES, PLACE], {"outputs": ("a", "p")}),
], ids=["labels", "labels as floats", "columns", "labels and probabilities"])  # fmt: skip
def test_ends_of_all_classes(tmp_path, nodes, stored):
    """Labels that ascend, and probabilities of all classes in their order, leave the scores as outputs."""
    model, points, scores = ending_in(*nodes, **stored)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    network = eh.from_onnx(tmp_path / "model.onnx", points)
    np.testing.assert_allclose(network.run(points.astype(float)), scores, atol=1e-5)


@pytest.mark.parametrize("place", ["end", "between"])
def test_features_in_another_order(tmp_path, place):
    """A view may turn the features of each input around: the product after it, or the end, takes them as they lie."""
    turn = [
        helper.make_node("Reshape", ["z", "two_by_two"], ["s"]),
        helper.make_node("Transpose", ["s"], ["q"], perm=[0, 2, 1]),
        helper.make_node("Reshape", ["q", "four"], ["y" if place == "end" else "f"]),
    ]  # fmt: skip
    random = np.random.default_rng(7)
    w, u = (random.standard_normal(shape).astype(np.float32) for shape in ((2, 4), (4, 2)))
    last = [] if place == "end" else [helper.make_node("MatMul", ["f", "u"], ["y"])]
    stored = {"w": w, "u": u, "two_by_two": np.array([-1, 2, 2]), "four": np.array([-1, 4])}
    save(tmp_path / "model.onnx", [helper.make_node("MatMul", ["x", "w"], ["z"]), *turn, *last], stored)
    points = random.standard_normal((20, 2))
    turned = (points @ w)[:, [0, 2, 1, 3]]
    found = eh.from_onnx(tmp_path / "model.onnx", points).run(points)
    np.testing.assert_allclose(found, turned if place == "end" else turned @ u, atol=1e-5)


def test_too_large_a_batch(tmp_path):
    """Numbers of a batch are followed through every operator, so there are not too many of them."""
    nodes, stored = small()
    save(tmp_path / "model.onnx", nodes, stored, (2**24, 2))
    with pytest.raises(
        FileFormatError, match=r"its input holds 33,554,432 numbers, .* 3 operators; at most 67,108,864"
    ):
        eh.from_onnx(tmp_path / "model.onnx")


@pytest.mark.parametrize("index", [0, [2], [2, 0, 1], [-1, 1]])
@pytest.mark.parametrize("place", ["end", "between"])
def test_selections(tmp_path, index, place):
    """Some of the features, at the end or between, in any order."""
    u = np.random.default_rng(6).standard_normal((np.size(index), 2)).astype(np.float32)
    if place == "end":
        nodes, stored = [taken("i", of="z")], {}
    else:
        index = np.reshape(index, -1)
        nodes = [taken("i", of="z", to="s"), helper.make_node("MatMul", ["s", "u"], ["y"])]
        stored = {"u": u}
    model, points, scores = ending_in(*nodes, i=np.array(index), **stored)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    expected = scores[:, np.reshape(index, -1)]
    found = eh.from_onnx(tmp_path / "model.onnx").run(points.astype(float))
    np.testing.assert_allclose(found, expected if place == "end" else expected @ u, atol=1e-5)


def test_advice_works(tmp_path):
    """The part that a refusal names can be extracted as it says, and is taken."""
    residual = node("Add", ["h", "x2"], "r")
    nodes, stored = small(zero=helper.make_node("MatMul", ["x", "w"], ["x2"]), two=residual)
    nodes = [nodes[3], nodes[0], *nodes[1:3]]
    path = save(tmp_path / "model.onnx", nodes, stored)
    with pytest.raises(FileFormatError, match=f"Add odd uses something else.*{TAIL}") as error:
        eh.from_onnx(path)
    assert "['x'], ['h']" in str(error.value)
    part = tmp_path / "part.onnx"
    onnx.utils.extract_model(path, part, ["r"], ["y"])
    assert eh.from_onnx(part) == eh.Network([np.ones((1, 3))], [np.zeros(1)], ["identity"])
    onnx.utils.extract_model(path, part, ["x"], ["h"])
    assert eh.from_onnx(part) == eh.Network([np.ones((3, 2))], [np.ones(3)], ["identity"])


def test_operators_of_other_domains(tmp_path):
    """Operators that onnxruntime could look up anywhere never reach it."""
    nodes, stored = small(two=node("Relu", ["h"], "r", domain="mine"))
    model = model_of(nodes, stored)
    model.opset_import.append(helper.make_opsetid("mine", 1))
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(FileFormatError, match=r"mine\.Relu odd is not supported"):
        eh.from_onnx(path)
    # Where the network does not need it, it is ignored.
    nodes, stored = small(four=node("Relu", ["h"], "unused", domain="mine"))
    assert eh.from_onnx(save(path, nodes, stored)).widths == (2, 3, 1)


def changed(change):
    model = model_of(*small())
    change(model)
    return model


def in_graph(change):
    return lambda model: change(model.graph)


def huge(graph):
    graph.initializer[0].dims[:] = [10**9, 10**9]


def not_finite(graph):
    graph.initializer[0].CopyFrom(numpy_helper.from_array(np.full((2, 3), np.nan, np.float32), "w"))


def words(graph):
    graph.initializer[0].CopyFrom(helper.make_tensor("w", TensorProto.STRING, [1], [b"x"]))


def shaped(*dimensions):
    return typed(TensorProto.FLOAT, *dimensions)


def typed(kind, *dimensions):
    def change(graph):
        graph.input[0].CopyFrom(helper.make_tensor_value_info("x", kind, dimensions or ["batch", 2]))

    return in_graph(change)


def second_input(graph):
    graph.input.append(helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", 3]))
    graph.node[1].CopyFrom(node("Add", ["h", "z"], "r"))


def second_output(graph):
    graph.output.append(helper.make_tensor_value_info("r", TensorProto.FLOAT, ["batch", 3]))


def sparse(graph):
    values = helper.make_tensor("w", TensorProto.FLOAT, [1], [1.0])
    del graph.initializer[0]
    where = helper.make_tensor("at", TensorProto.INT64, [1], [0])
    graph.sparse_initializer.append(helper.make_sparse_tensor(values, where, [2, 3]))


def too_new(model):
    model.opset_import[0].version = 10_000


BROKEN = [
    (in_graph(huge), "its tensor w is broken|not a valid ONNX model"),
    (in_graph(not_finite), "Gemm first: its operand 1 has nan; a number in each place is supported"),
    (in_graph(words), "Gemm first: its operand 1 is not stored as plain numbers|not a valid ONNX model"),
    (in_graph(sparse), "the tensor w is a sparse_initializer; export the model with dense weights"),
    (shaped("batch"), r"its input has the shape \('\?',\); expected \(features,\), \(inputs, features\)"),
    (shaped("batch", "c", 2), r"its input has the shape \('\?', '\?', 2\)"),
    (shaped(2, 0), r"not a valid ONNX model|its input has the shape \(2, 0\)"),
    (shaped("batch", 5), "Gemm first takes 2 features, but what comes before gives 5"),
    (typed(TensorProto.INT64), "its input is of type INT64; FLOAT, DOUBLE and FLOAT16 are supported"),
    (typed(TensorProto.DOUBLE), r"onnxruntime cannot run it on inputs of shape \(132, 2\)"),
    (in_graph(second_input), r"its graph has 2 inputs \(x, z\); one is supported. Add odd uses something .* " + TAIL),
    (
        in_graph(second_output),
        r"its graph has 2 outputs: y, r; one is supported, .*: take one, by onnx.utils.extract_model",
    ),
    (in_graph(lambda graph: graph.ClearField("output")), "its graph has 0 outputs, none of which depends on an input"),
    (in_graph(lambda graph: graph.ClearField("input")), "not a valid ONNX model"),
    (too_new, r"its operators are of opset 10000, and onnx .* knows them up to \d+; export it with opset_version=\d+"),
]


@pytest.mark.parametrize(("change", "message"), BROKEN, ids=[message[:40] for _, message in BROKEN])
def test_broken(tmp_path, change, message):
    """Models that are valid bytes and no network are refused."""
    path = tmp_path / "model.onnx"
    path.write_bytes(changed(change).SerializeToString())
    with pytest.raises(FileFormatError, match=message) as error:
        eh.from_onnx(path)
    assert str(error.value).startswith(f"{path}: ")


@pytest.mark.parametrize("dimensions", [("batch", "features"), (2, "batch"), (4, 2), (1, 2), (2,), (2, 1)])
def test_inputs(tmp_path, dimensions):
    """An input may be one, several in rows or in columns, and of a size that only the weights tell."""
    nodes, stored = small()
    columns = dimensions in ((2, "batch"), (2, 1))
    if columns or len(dimensions) == 1:
        nodes[0] = helper.make_node("MatMul", ["turned", "x"], ["before"])
        nodes.insert(1, helper.make_node("Add", ["before", "column"], ["h"]))
        nodes[3] = helper.make_node("MatMul", ["row", "r"], ["y"])
        stored |= {"turned": stored["w"].T.copy(), "row": stored["v"].T.copy()}
        stored["column"] = stored["b"][:, None] if columns else stored["b"]
    path = save(tmp_path / "model.onnx", nodes, stored, dimensions, rank=len(dimensions))
    assert eh.from_onnx(path, [[0.0, 1], [2, 3], [1, 1]]) == eh.Network(
        [np.ones((3, 2)), np.ones((1, 3))], [np.ones(3), np.zeros(1)], ["relu", "identity"]
    )


def test_endless_models(tmp_path):
    """Millions of empty fields are refused before they are parsed, and so is a field that does not end."""
    path = tmp_path / "model.onnx"
    node, graph = b"\x0a\x00", b"\x3a"  # an empty node in a graph, and the graph of a model
    for count, message in ((99_998, "not a valid ONNX model"), (100_001, "it has more than 100,000 fields")):
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


@pytest.mark.parametrize("path", [None, 3, b"model.onnx", ["model.onnx"]])
def test_paths_that_are_none(path):
    """A path of another kind is refused by its kind."""
    with pytest.raises(eh.InputError, match=f"path is a {type(path).__name__}; give the path of an ONNX file"):
        eh.from_onnx(path)


def test_a_model_is_not_a_path(tmp_path):
    """Neither is a model in memory, a folder, or a name that no file can have."""
    with pytest.raises(eh.InputError, match=r"path is a ModelProto.*onnx.save writes one"):
        eh.from_onnx(model_of(*small()))
    with pytest.raises(FileFormatError, match="a folder; give the path of an ONNX file"):
        eh.from_onnx(tmp_path)
    for name in ("missing.onnx", "a" * 5000, "a\0b"):
        with pytest.raises(FileFormatError, match=r"no such file|give another path"):
            eh.from_onnx(name)


DATA = [None, "words", 3, [], [[1.0]], [[1.0, 2.0], [3.0]], [[np.nan, 1]], {"a": 1}, [["a", "b"]], np.ones((2, 2, 2))]


@pytest.mark.parametrize("data", DATA[1:])
def test_odd_data(tmp_path, data):
    """Data that is no table of two features is refused; what float16 does not hold is, too."""
    path = save(tmp_path / "model.onnx", *small())
    with pytest.raises(eh.InputError, match="data"):
        eh.from_onnx(path, data)
    nodes, stored = small()
    stored = {name: array.astype(np.float16) if array.dtype == np.float32 else array for name, array in stored.items()}
    with pytest.raises(FileFormatError, match=r"data has 1e\+06, more than float16 holds"):
        eh.from_onnx(save(path, nodes, stored, kind=np.float16), [[1e6, 0.0]])


def test_images(tmp_path):
    """An input of several axes is flattened by the graph, in batches of a fixed size."""
    nodes, stored = small(zero=helper.make_node("Flatten", ["x"], ["f"]), one=node("Gemm", ["f", "w", "b"], "h"))
    nodes = [nodes[-1], *nodes[:-1]]
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of(nodes, stored, (3, 1, 2, 1)).SerializeToString())
    network = eh.from_onnx(path, np.arange(14.0).reshape(7, 2))
    assert (network.origin.checked_on, network.widths) == ("7 given inputs of real numbers", (2, 3, 1))
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


@pytest.mark.parametrize("missing", ["onnx", "onnxruntime"])
def test_missing_extra(tmp_path, monkeypatch, missing):
    """Without onnx or onnxruntime the error says which extra installs it."""
    path = tmp_path / "model.onnx"
    path.write_bytes(b"")
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(MissingExtraError, match=rf"needs {missing}, which .*: pip install 'everyhow\[onnx\]'"):
        eh.from_onnx(path)


def test_keras_normalization(tmp_path):
    """Means and deviations of shape (1, features) before the first layer, as tf2onnx writes them, become part of it."""
    nodes, stored = small(
        mean=helper.make_node("Sub", ["x", "mean"], ["n"]),
        deviation=helper.make_node("Div", ["n", "deviation"], ["d"]),
        one=helper.make_node("Gemm", ["d", "w", "b"], ["h"], name="first"),
    )
    stored |= {"mean": np.array([[1, 2]], np.float32), "deviation": np.array([[2, 4]], np.float32)}
    network = eh.from_onnx(save(tmp_path / "model.onnx", [*nodes[3:], *nodes[:3]], stored))
    # (x - 1) / 2 + (y - 2) / 4 + 1 in each neuron
    assert network == eh.Network([[[0.5, 0.25]] * 3, np.ones((1, 3))], [np.zeros(3), np.zeros(1)], ["relu", "identity"])


def test_old_clip(tmp_path):
    """Until opset 10 the bounds of a Clip were options; without an upper one it is a ReLU."""
    nodes, stored = small(two=node("Clip", ["h"], "r", min=0.0))
    model = model_of(nodes, stored)
    model.opset_import[0].version = 10
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    assert eh.from_onnx(path).activations == ("relu", "identity")


def test_what_is_not_needed(tmp_path):
    """Inputs, tensors and operators that the output does not need may be anything."""
    nodes, stored = small(unused=helper.make_node("Erf", ["mask"], ["masked"]))
    model = model_of(nodes, stored)
    model.graph.input.append(helper.make_tensor_value_info("mask", TensorProto.INT64, ["batch"]))
    model.graph.initializer.append(helper.make_tensor("names", TensorProto.STRING, [1], [b"x"]))
    tensor = model.graph.initializer.add(name="elsewhere", data_type=TensorProto.FLOAT, dims=[1])
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="/etc/passwd")
    path = tmp_path / "model.onnx"
    path.write_bytes(model.SerializeToString())
    assert eh.from_onnx(path).widths == (2, 3, 1)


OPERATORS = [
    "Gemm", "MatMul", "Einsum", "Add", "Sub", "Mul", "Div", "Neg", "Max", "Clip", "Greater", "Where", "Relu", "Selu",
    "PRelu", "Celu", "Softmax", "ArgMax", "Concat", "Reshape", "Flatten", "Transpose", "Squeeze", "Unsqueeze", "Gather",
    "Slice", "Shape", "ConstantOfShape", "ReduceL2", "Pow", "Cast", "CastLike", "Dropout", "BatchNormalization", "Conv",
    "Constant",
]  # fmt: skip
VALUES = [0, 1, -1, 5, 0.5, -1.0, float("nan"), "x", "ni,io->no", [1, 0], [0, 5], [0.5]]
OPTIONS = ["axis", "axes", "perm", "to", "alpha", "transA", "transB", "keepdims", "equation", "value_ints", "min"]


@st.composite
def odd_graphs(draw):
    """The small graph with operators, operands, options, stored tensors and inputs changed at random."""
    model = model_of(*small())
    graph = model.graph
    names = [*"xhry", *(tensor.name for tensor in graph.initializer), ""]
    for _ in range(draw(st.integers(1, 4))):
        node = draw(st.sampled_from(list(graph.node)))
        match draw(st.sampled_from(["operator", "operand", "more", "option", "tensor", "input", "output"])):
            case "operator":
                node.op_type = draw(st.sampled_from(OPERATORS))
            case "operand":
                node.input[draw(st.integers(0, len(node.input) - 1))] = draw(st.sampled_from(names))
            case "more":
                node.input.append(draw(st.sampled_from(names)))
            case "option":
                node.attribute.append(
                    helper.make_attribute(draw(st.sampled_from(OPTIONS)), draw(st.sampled_from(VALUES)))
                )
            case "tensor":
                tensor = draw(st.sampled_from(list(graph.initializer)))
                shape = draw(st.lists(st.integers(0, 3), max_size=3))
                number = draw(st.sampled_from([0, 1, -1, np.nan, np.inf, 2.0**62]))
                kind = draw(st.sampled_from([np.float32, np.float64, np.int64, np.bool_]))
                with np.errstate(invalid="ignore"):
                    tensor.CopyFrom(numpy_helper.from_array(np.full(shape, number).astype(kind), tensor.name))
            case "input":
                shape = draw(st.lists(st.sampled_from(["n", "m", 0, 1, 2, 3]), max_size=3))
                kind = draw(
                    st.sampled_from([TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.INT64, TensorProto.STRING])
                )
                graph.input[0].CopyFrom(helper.make_tensor_value_info("x", kind, shape))
            case "output":
                graph.output[0].name = draw(st.sampled_from(names))
    return model


@settings(max_examples=400)
@given(odd_graphs())
def test_any_graph(tmp_path_factory, model):
    """Whatever the graph, it is a network that computes what onnxruntime does, or is refused with the file's name."""
    path = tmp_path_factory.getbasetemp() / "odd.onnx"
    path.write_bytes(model.SerializeToString())
    try:
        network = eh.from_onnx(path)
    except FileFormatError as error:
        assert str(error).startswith(f"{path}: ") and len(str(error)) < 2000
    else:
        assert network.origin.largest_difference <= network.origin.allowed_difference
