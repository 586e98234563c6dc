"""Tensors that lie beside an ONNX file, and those that are computed from others."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import everyhow as eh
from everyhow.common.errors import FileFormatError

from .onnx_models import KINDS, TensorProto, helper, model_of, numpy_helper, onnx, small

WEIGHTS = np.arange(6.0).reshape(2, 3)
EXPECTED = eh.Network([WEIGHTS.T, np.ones((1, 3))], [np.ones(3), np.zeros(1)], ["relu", "identity"])


def beside(path, content=None, kind=np.float32, dims=(2, 3), written=True, **where):
    """A model whose first weights lie in `model.onnx.data`, from byte 8 on, or as given."""
    nodes, stored = small()
    stored = {name: one.astype(kind) if one.dtype == np.float32 else one for name, one in stored.items()}
    model = model_of(nodes, stored, kind=kind)
    tensor = next(one for one in model.graph.initializer if one.name == "w")
    tensor.ClearField("raw_data")
    tensor.dims[:] = dims
    tensor.data_location = TensorProto.EXTERNAL
    numbers = np.asarray(WEIGHTS, kind).tobytes()
    for key, value in ({"location": f"{path.name}.data", "offset": 8, "length": len(numbers)} | where).items():
        if value is not None:
            tensor.external_data.add(key=key, value=str(value))
    path.write_bytes(model.SerializeToString())
    if written:
        path.with_name(f"{path.name}.data").write_bytes(b"\0" * 8 + numbers + b"end" if content is None else content)
    return path


@pytest.mark.parametrize("kind", list(KINDS))
@pytest.mark.parametrize("where", [{}, {"length": None}, {"location": "./model.onnx.data"}])
def test_a_second_file(tmp_path, kind, where):
    """Tensors in a second file of the folder are those of the network, and onnxruntime reads no file itself."""
    path = beside(tmp_path / "model.onnx", kind=kind, **where)
    assert eh.from_onnx(path) == EXPECTED
    corners = [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert eh.from_onnx(path, corners).origin.largest_difference == 0


def test_saved_by_onnx(tmp_path, monkeypatch):
    """What onnx itself saves in a second file, or one file a tensor, is read, whatever the working folder is."""
    nodes, stored = small()
    expected = eh.Network([np.ones((3, 2)), np.ones((1, 3))], [np.ones(3), np.zeros(1)], ["relu", "identity"])
    for one_file in (True, False):
        folder = tmp_path / f"{one_file}"
        folder.mkdir()
        onnx.save(
            model_of(nodes, stored), folder / "model.onnx", save_as_external_data=True, size_threshold=0,
            all_tensors_to_one_file=one_file, location="weights.bin" if one_file else None,
        )  # fmt: skip
        assert len(list(folder.iterdir())) > 1
        monkeypatch.chdir(tmp_path)
        assert eh.from_onnx(folder / "model.onnx") == expected
        monkeypatch.chdir(folder)
        assert eh.from_onnx("model.onnx") == expected


OUTSIDE = "which is not a file of the model's own folder; put the file beside the model"
ODD = [
    ({"location": "/etc/passwd"}, f"the tensor w lies at '/etc/passwd', {OUTSIDE}"),
    ({"location": "../model.onnx.data"}, f"the tensor w lies at '../model.onnx.data', {OUTSIDE}"),
    ({"location": "sub/../../x"}, OUTSIDE),
    ({"location": "..\\x"}, OUTSIDE),
    ({"location": "C:\\x"}, OUTSIDE),
    ({"location": ""}, OUTSIDE),
    ({"location": None}, OUTSIDE),
    ({"location": "a\0b"}, OUTSIDE),
    ({"location": "other.data"}, "lies in the file 'other.data', which is not beside the model; keep both files"),
    ({"location": "."}, "lies in the file '.', which is not beside the model"),
    ({"location": "a" * 5000}, "where no file can be|which is not beside the model"),
    ({"offset": -8}, "the tensor w: its offset is '-8', not a whole number"),
    ({"offset": "8.0"}, "its offset is '8.0', not a whole number"),
    ({"offset": "9" * 30}, "its offset is '9+', not a whole number"),
    ({"length": "x"}, "its length is 'x', not a whole number"),
    ({"length": 20}, r"the tensor w has the shape \(2, 3\), which takes 24 bytes, and is declared as 20 bytes from 8"),
    ({"offset": 12}, r"is declared as 24 bytes from 12 on in model.onnx.data, which has 35; export the model again"),
    ({"dims": (10**9, 10**9), "length": None}, "takes 4,000,000,000,000,000,000 bytes"),
    ({"dims": (-2, -3)}, r"has the shape \(-2, -3\)"),
    ({"content": b""}, "which has 0; export the model again, and keep both files together"),
    ({"written": False}, "the tensor w lies in the file 'model.onnx.data', which is not beside the model"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "message"), ODD, ids=[message[:40] for _, message in ODD])
def test_odd_places(tmp_path, options, message):
    """A place outside the folder, a missing file, and sizes that do not fit are refused before anything is read."""
    path = beside(tmp_path / "model.onnx", **options)
    (tmp_path.parent / "model.onnx.data").write_bytes(path.read_bytes())
    with pytest.raises(FileFormatError, match=message) as error:
        eh.from_onnx(path)
    assert str(error.value).startswith(f"{path}: ") and len(str(error.value)) < 2000


def test_links(tmp_path):
    """A symbolic link is followed within the folder, and not out of it; a pipe is not read."""
    (tmp_path / "model").mkdir()
    path = beside(tmp_path / "model" / "m.onnx", written=False)
    outside, link = tmp_path / "outside.data", path.with_name("m.onnx.data")
    content = b"\0" * 8 + WEIGHTS.astype(np.float32).tobytes()
    outside.write_bytes(content)
    link.symlink_to(outside)
    with pytest.raises(FileFormatError, match=r"lies at 'm\.onnx\.data', a link that leaves the model's own folder"):
        eh.from_onnx(path)
    link.unlink()
    path.with_name("inside.data").write_bytes(content)
    link.symlink_to("inside.data")
    assert eh.from_onnx(path) == EXPECTED
    (tmp_path / "linked").symlink_to(tmp_path / "model")
    assert eh.from_onnx(tmp_path / "linked" / "m.onnx") == EXPECTED
    link.unlink()
    link.symlink_to(link.name)
    with pytest.raises(FileFormatError, match=r"lies at 'm\.onnx\.data', where no file can be|which is not beside"):
        eh.from_onnx(path)
    link.unlink()
    os.mkfifo(link)
    with pytest.raises(FileFormatError, match="which is not beside the model"):
        eh.from_onnx(path)


def test_one_place_for_many(tmp_path):
    """Many tensors at one place of a file take no more memory than a file may have."""
    path = beside(tmp_path / "model.onnx")
    model = onnx.load(path, load_external_data=False)
    (first,) = (one for one in model.graph.initializer if one.name == "w")
    added = []
    for number in range(20):
        tensor = model.graph.initializer.add()
        tensor.CopyFrom(first)
        tensor.name, tensor.dims[:] = f"w{number}", (2**20,)
        tensor.external_data[1].value, tensor.external_data[2].value = "0", str(2**22)
        added.append(helper.make_node("Add", [f"a{number - 1}" if number else "w0", tensor.name], [f"a{number}"]))
    added.append(helper.make_node("Add", ["x", "a19"], ["z"]))
    nodes = [*added, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    model.graph.node[len(added)].input[0] = "z"
    path.write_bytes(model.SerializeToString())
    path.with_name("model.onnx.data").write_bytes(bytes(2**22))
    with pytest.raises(FileFormatError, match="its tensors in other files take more than 67,108,864 bytes"):
        eh.from_onnx(path)


@given(st.data())
def test_any_place(tmp_path_factory, data):
    """Whatever is declared of a tensor in a second file, it is read as it lies, or refused."""
    path = tmp_path_factory.getbasetemp() / "model.onnx"
    numbers = st.integers(-10, 60).map(str) | st.text(max_size=4)
    offset, length = data.draw(numbers), data.draw(numbers | st.just("24"))
    try:
        network = eh.from_onnx(beside(path, offset=offset, length=length))
    except FileFormatError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert length == "24" and 0 <= int(offset) <= 11
        content = (b"\0" * 8 + WEIGHTS.astype(np.float32).tobytes() + b"end")[int(offset) : int(offset) + 24]
        assert (network.weights[0].T.ravel() == np.frombuffer(content, np.float32)).all()


def constant(name, value):
    if isinstance(value, np.ndarray):
        return helper.make_node("Constant", [], [name], value=numpy_helper.from_array(value.astype(np.float32)))
    whole = all(isinstance(one, int) for one in value)
    return helper.make_node("Constant", [], [name], **{"value_ints" if whole else "value_floats": value})


def computed(op, inputs, output, **options):
    return helper.make_node(op, inputs, [output], **options)


ONES = helper.make_tensor("", TensorProto.FLOAT, [1], [1.0])
MADE = [
    [constant("w2", WEIGHTS)],
    [
        constant("v2", [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
        constant("to", [2, 3]),
        computed("Reshape", ["v2", "to"], "w2"),
    ],
    [
        constant("n", [0, 1, 2, 3, 4, 5]),
        constant("axis", [0]),
        constant("to", [2, -1]),
        computed("Cast", ["n"], "f", to=TensorProto.FLOAT),
        computed("Unsqueeze", ["f", "axis"], "u"),
        computed("Reshape", ["u", "to"], "w2"),
    ],
    [
        constant("shape", [2, 3]),
        constant("n", WEIGHTS - 1),
        computed("ConstantOfShape", ["shape"], "ones", value=ONES),
        computed("Add", ["n", "ones"], "w2"),
    ],
    [constant("n", WEIGHTS.T), computed("Transpose", ["n"], "t"), computed("Identity", ["t"], "w2")],
    [
        constant("a", WEIGHTS[:1]),
        constant("d", [3.0, 4.0, 5.0]),
        constant("zero", [0]),
        computed("Unsqueeze", ["d", "zero"], "e"),
        computed("Concat", ["a", "e"], "w2", axis=0),
    ],
    [
        constant("n", np.arange(-3.0, 9.0).reshape(4, 3)),
        constant("start", [1]),
        constant("end", [3]),
        computed("Slice", ["n", "start", "end"], "w2"),
    ],
    [constant("n", WEIGHTS[::-1]), constant("at", [1, 0]), computed("Gather", ["n", "at"], "w2")],
    [
        constant("n", 4 * WEIGHTS**2),
        constant("by", [2.0]),
        computed("Sqrt", ["n"], "root"),
        computed("Div", ["root", "by"], "w2"),
    ],
    [constant("n", -WEIGHTS), computed("Neg", ["n"], "w2")],
    [
        constant("v2", [3.0, 4.0]),
        constant("n", 5 * WEIGHTS),
        computed("ReduceL2", ["v2"], "norm"),
        computed("Div", ["n", "norm"], "w2"),
    ],
    [constant("n", WEIGHTS), computed("CastLike", ["n", "x"], "w2")],
    [constant("n", WEIGHTS), constant("one", np.eye(3)), computed("MatMul", ["n", "one"], "w2")],
    [constant("n", WEIGHTS - 5), constant("by", [-5.0]), computed("Sub", ["n", "by"], "w2")],
    [
        constant("n", WEIGHTS),
        constant("by", [1.0]),
        computed("Pow", ["n", "by"], "o"),
        computed("Max", ["o", "n"], "w2"),
    ],
]


@pytest.mark.parametrize("nodes", MADE, ids=[nodes[-1].op_type for nodes in MADE])
def test_computed_tensors(tmp_path, nodes):
    """Weights that the graph computes from stored tensors are what onnxruntime computes."""
    plain, stored = small(one=computed("Gemm", ["x", "w2", "b"], "h"))
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of([*nodes, *plain], stored).SerializeToString())
    assert eh.from_onnx(path) == EXPECTED


BOMBS = [
    [constant("shape", [10**9, 10**9]), computed("ConstantOfShape", ["shape"], "w2")],
    [
        constant("c0", [1.0]),
        *(computed("Concat", [f"c{k}", f"c{k}"], f"c{k + 1}", axis=0) for k in range(60)),
        computed("Identity", ["c60"], "w2"),
    ],
    [
        constant("wide", [10**5]),
        constant("long", [10**5, 1]),
        computed("ConstantOfShape", ["wide"], "row"),
        computed("ConstantOfShape", ["long"], "column"),
        computed("Add", ["row", "column"], "w2"),
    ],
]


@pytest.mark.parametrize("nodes", BOMBS, ids=["filled", "doubled", "spread"])
def test_tensors_that_would_grow(tmp_path, nodes):
    """A few operators that would fill the memory are refused."""
    plain, stored = small(one=computed("Gemm", ["x", "w2", "b"], "h", name="odd"))
    path = tmp_path / "model.onnx"
    path.write_bytes(model_of([*nodes, *plain], stored).SerializeToString())
    with pytest.raises(FileFormatError, match="Gemm odd: its operand 1 is not stored as plain numbers"):
        eh.from_onnx(path)


def function(name, *nodes, inputs=("a",), output="out"):
    return helper.make_function(
        "own", name, list(inputs), [output], list(nodes), [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    )


def test_functions(tmp_path):
    """Functions of a model's own are written out; those that call themselves, or would grow, are refused."""
    nodes, stored = small(two=helper.make_node("Layer", ["h"], ["r"], domain="own"))
    call = helper.make_node("Inner", ["a"], ["out"], domain="own")
    good = [function("Inner", computed("Relu", ["a"], "out")), function("Layer", call)]
    circle = [function("Inner", helper.make_node("Layer", ["a"], ["out"], domain="own")), function("Layer", call)]

    def doubling(depth):
        parts = [function("F0", computed("Relu", ["a"], "out"))]
        for k in range(1, depth):
            calls = [helper.make_node(f"F{k - 1}", [one], [other], domain="own") for one, other in ("ab", "bc")]
            parts.append(function(f"F{k}", *calls, output="c"))
        last = helper.make_node(f"F{depth - 1}", ["a"], ["out"], domain="own")
        return [*parts, function("Layer", last)]

    path = tmp_path / "model.onnx"
    for functions, message in (
        (good, ""), (circle, "its functions call themselves"), (doubling(40), "its functions make more than 100,000"),
    ):  # fmt: skip
        model = model_of(nodes, stored, functions=functions)
        model.opset_import.append(helper.make_opsetid("own", 1))
        path.write_bytes(model.SerializeToString())
        if message:
            with pytest.raises(FileFormatError, match=message):
                eh.from_onnx(path)
        else:
            assert eh.from_onnx(path).activations == ("relu", "identity")
