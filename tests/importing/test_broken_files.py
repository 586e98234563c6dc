"""Files of every format, broken in every way: refused with their name, and nothing in them is executed."""

import io
import json
import os
import pickle
import struct
import subprocess
import sys
import time
import warnings
import zipfile
from collections import OrderedDict

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.common.errors import FileFormatError
from everyhow.importing.torch_files import LARGEST_PICKLE
from everyhow.network.safetensors_files import read_tensors

from .strategies import trainable

torch = pytest.importorskip("torch")
pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")


def _good_files():
    """The bytes of a good file of each format."""
    from safetensors.numpy import save

    module, saved, exported = trainable(), io.BytesIO(), io.BytesIO()
    torch.save(module.state_dict(), saved)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module, (torch.zeros(1, 2),), exported, dynamo=False)
    network = eh.from_torch(module)
    document = {
        "weights": [w.tolist() for w in network.weights],
        "biases": [b.tolist() for b in network.biases],
        "activations": list(network.activations),
        "origin": network.origin.document(),
    }
    arrays = {name: one.numpy() for name, one in module.state_dict().items()}
    return {
        ".json": json.dumps(document).encode(),
        ".safetensors": save(arrays, {"origin": "null"}),
        ".pt": saved.getvalue(),
        ".onnx": exported.getvalue(),
    }


GOOD = _good_files()
FORMATS = sorted(GOOD)


def load(path):
    """Load a file as a user of its format would."""
    given_activation = path.suffix in (".pt", ".safetensors")
    given = {"hidden_activation": "relu", "threshold": 0} if given_activation else {}
    return eh.load(path, **given)


def refused(path, content, message="."):
    """Such a file is refused, the message naming it, and quickly."""
    path.write_bytes(content)
    start = time.perf_counter()
    with pytest.raises(FileFormatError, match=message) as error:
        load(path)
    assert str(error.value).startswith(f"{path}: ") and len(str(error.value)) < 2000
    return time.perf_counter() - start


def test_good_files(tmp_path):
    """What the broken files below are made of are good files of one and the same network."""
    for suffix, content in GOOD.items():
        path = tmp_path / f"model{suffix}"
        path.write_bytes(content)
        assert load(path) == eh.from_torch(trainable())


@st.composite
def broken(draw):
    """A good file, cut off, with bytes changed, put in or left out, or with something of another format in it."""
    suffix = draw(st.sampled_from(FORMATS))
    content = bytearray(GOOD[suffix])
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, max(len(content) - 1, 0)))
        match draw(st.sampled_from(["cut", "flip", "put", "take", "number", "other"])):
            case "cut":
                del content[place:]
            case "flip":
                content[place : place + 1] = bytes([draw(st.integers(0, 255))])
            case "put":
                content[place:place] = draw(st.binary(min_size=1, max_size=8))
            case "take":
                del content[place : place + draw(st.integers(1, 64))]
            case "number":
                number = draw(
                    st.sampled_from([b"NaN", b"1e999", b"\xff\xff\xff\x7f", b"\x00\x00\xc0\x7f", b"-1", b"[["])
                )
                content[place : place + len(number)] = number
            case _:
                other = GOOD[draw(st.sampled_from(FORMATS))]
                content[place:place] = other[: draw(st.integers(0, 300))]
    return suffix, bytes(content)


@settings(max_examples=600)
@given(broken())
def test_any_bytes(tmp_path_factory, case):
    """Whatever the bytes, a file is a network or is refused with its name."""
    suffix, content = case
    path = tmp_path_factory.getbasetemp() / f"broken{suffix}"
    path.write_bytes(content)
    try:
        assert isinstance(load(path), eh.Network)
    except FileFormatError as error:
        assert str(error).startswith(f"{path}: ") and len(str(error)) < 2000


def _checkpoint():
    """The records of a checkpoint, as torch.save writes them."""
    saved = io.BytesIO()
    torch.save({"state_dict": trainable().state_dict(), "epoch": 3, "extra": [1, {"a": (2, None)}]}, saved)
    with zipfile.ZipFile(saved) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


CHECKPOINT = _checkpoint()


@settings(max_examples=400)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.binary(max_size=4), st.integers(0, 3)), min_size=1, max_size=5))
def test_any_pickle(tmp_path_factory, changes):
    """Whatever the pickle of a checkpoint says, the file is a network or is refused with its name."""
    pickled = bytearray(CHECKPOINT["data.pkl"])
    for place, put, taken in changes:
        start = place % len(pickled)
        pickled[start : start + taken] = put
    path = tmp_path_factory.getbasetemp() / "pickle.pt"
    path.write_bytes(zipped({**CHECKPOINT, "data.pkl": bytes(pickled)}))
    try:
        assert isinstance(load(path), eh.Network)
    except FileFormatError as error:
        assert str(error).startswith(f"{path}: ") and len(str(error)) < 2000


@pytest.mark.parametrize("suffix", FORMATS)
@given(st.binary(max_size=200))
def test_garbage(tmp_path_factory, suffix, content):
    """A file of random bytes is refused."""
    refused(tmp_path_factory.getbasetemp() / f"garbage{suffix}", content)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("other", FORMATS)
def test_mistyped(tmp_path, suffix, other):
    """A file of one format under the name of another is refused."""
    if suffix != other:
        refused(tmp_path / f"model{suffix}", GOOD[other])


@pytest.mark.parametrize("suffix", FORMATS)
def test_huge(tmp_path, suffix):
    """A file larger than the limit is refused before it is read."""
    path = tmp_path / f"model{suffix}"
    path.write_bytes(GOOD[suffix])
    os.truncate(path, 65 * 2**20)
    with pytest.raises(FileFormatError, match=r"model\..* 68,157,440 bytes; at most (67,108,864|8,388,608) are read"):
        load(path)


class Payload:
    """An object whose pickle, if it were loaded, would make a file."""

    def __init__(self, target):
        self.target = str(target)

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


def zipped(records, method=zipfile.ZIP_STORED):
    """A zip file as torch.save writes it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in records.items():
            archive.writestr(f"archive/{name}", content)
    return buffer.getvalue()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("way", ["bare", "zipped", "in a state dict", "saved by torch"])
def test_pickles(tmp_path, way, protocol):
    """A pickle that would call a function is refused with the function's name, and never calls it."""
    marker = tmp_path / "executed"
    payload = pickle.dumps(Payload(marker), protocol)
    saved = io.BytesIO()
    torch.save({"0.weight": torch.ones(1, 2), "1.weight": Payload(marker)}, saved)
    content = {
        "bare": payload,
        "zipped": zipped({"data.pkl": payload, "version": b"3"}),
        "in a state dict": zipped({"data.pkl": pickle.dumps({"0.weight": Payload(marker)}, protocol)}),
        "saved by torch": saved.getvalue(),
    }[way]
    for suffix in FORMATS:
        expected = "." if suffix != ".pt" else "system|instruction|not the zip file"
        refused(tmp_path / f"model{suffix}", content, expected)
    assert not marker.exists()
    pickle.loads(payload)
    assert marker.exists()


def test_whole_modules(tmp_path):
    """A pickled module is refused with what it would import, and what to save instead."""
    saved, scripted = io.BytesIO(), io.BytesIO()
    torch.save(trainable(), saved)
    message = (
        r"it holds an object of torch.nn.modules.container.Sequential, .*nothing in it was executed: save model.st"
    )
    refused(tmp_path / "model.pt", saved.getvalue(), message)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.trace(trainable(), torch.zeros(1, 2)), scripted)
    refused(tmp_path / "script.pt", scripted.getvalue(), "it holds a TorchScript program, which is not run")


def test_zip_bombs(tmp_path):
    """Zip files that would grow are refused before anything is unpacked."""
    path = tmp_path / "bomb.pt"
    packed = zipped({"data.pkl": bytes(200 * 2**20)}, zipfile.ZIP_DEFLATED)
    assert len(packed) < 2**20
    refused(path, packed, "its record archive/data.pkl is compressed, which torch.save never does")
    stored = bytearray(zipped({"data.pkl": b"x" * 50, "data/0": b"y" * 50}))
    directory = stored.index(b"PK\x01\x02")
    for offset in (20, 24):  # both sizes of the first record, in the directory
        stored[directory + offset : directory + offset + 4] = struct.pack("<I", 2**31)
    refused(path, bytes(stored), "its records declare 2,147,483,698 bytes, more than the file has")
    twice = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(twice, "w") as archive:
        warnings.simplefilter("ignore")
        for content in (b"1", b"2"):
            archive.writestr("archive/data.pkl", content)
    refused(path, twice.getvalue(), "some of its records have the same name")
    many = b"PK\x03\x04" + b"PK\x01\x02" * 20_000
    refused(path, many, "its zip directory has more than 10,000 records")
    refused(
        path, zipped({"data.pkl": b"N" * (LARGEST_PICKLE + 1)}), "its data.pkl has 2,097,153 bytes, more than 2,097,152"
    )


def tensor(name, storage="FloatStorage", key="0", shape=(2, 2), strides=(2, 1), offset=0, numbers=4):
    """The pickle of a state dict of one tensor, every part of it as given."""
    persistent = ("storage", name_of("torch", storage), key, "cpu", numbers)

    class Pickler(pickle._Pickler):
        def persistent_id(self, one):
            return persistent if one is STORED else None

    def save_name(self, one):
        self.write(one.line)

    def save_call(self, one):
        self.save(one.function)
        self.save(one.arguments)
        self.write(b"R")

    Pickler.dispatch = {**pickle._Pickler.dispatch, name_of: save_name, called: save_call}
    buffer = io.BytesIO()
    rebuild = name_of("torch._utils", "_rebuild_tensor_v2")
    arguments = (STORED, offset, shape, strides, False, called(name_of("collections", "OrderedDict"), ()))
    Pickler(buffer, 2).dump({name: called(rebuild, arguments)})
    return buffer.getvalue()


STORED = object()


class name_of:  # noqa: N801
    """A name that the pickle imports."""

    def __init__(self, module, name):
        self.line = f"c{module}\n{name}\n".encode()


class called:  # noqa: N801
    """A call that the pickle makes."""

    def __init__(self, function, arguments):
        self.function, self.arguments = function, arguments


FOUR = np.arange(4, dtype="<f4").tobytes()
TENSORS = [
    ({"shape": (10**9, 10**9), "strides": (0, 0)}, "0.weight declares other numbers than are stored for it"),
    ({"shape": (2, 2), "strides": (3, 1)}, "declares other numbers"),
    ({"offset": 1}, "declares other numbers"),
    ({"offset": -1}, "has no data, or impossible sizes"),
    ({"shape": (2, "x")}, "has no data, or impossible sizes"),
    ({"shape": (2, True)}, "has no data, or impossible sizes"),
    ({"shape": (1,) * 9, "strides": (1,) * 9}, "has no data, or impossible sizes"),
    ({"key": "7"}, "has no data, or impossible sizes"),
    ({"key": 7}, "is described in another way than torch.save does"),
    ({"shape": [2, 2]}, "is described in another way"),
    (
        {"storage": "ComplexFloatStorage"},
        "0.weight holds the numbers of a torch.ComplexFloatStorage, which is not supp",
    ),
    ({"storage": "_utils._rebuild_tensor_v2"}, "has no data, or impossible sizes"),
    ({"numbers": 5}, "declares other numbers"),
    ({"numbers": 3}, "declares other numbers"),
    (
        {"storage": "LongStorage", "shape": (1, 2), "strides": (2, 1), "numbers": 2},
        "0.weight holds values of type int64",
    ),
    ({"shape": (0, 2)}, "0.weight has shape .0, 2.; of a linear layer it is a matrix|declares other"),
]


@pytest.mark.parametrize(("options", "message"), TENSORS)
def test_tensors_that_are_none(tmp_path, options, message):
    """A tensor that claims more than is stored, or is described oddly, is refused before PyTorch sees it."""
    records = {"data.pkl": tensor("0.weight", **options), "byteorder": b"little", "data/0": FOUR, "version": b"3\n"}
    refused(tmp_path / "model.pt", zipped(records), message)


def test_made_tensors_are_read(tmp_path):
    """The tensors above would be read if nothing were wrong with them."""
    records = {"data.pkl": tensor("0.weight"), "byteorder": b"little", "data/0": FOUR, "version": b"3\n"}
    (tmp_path / "model.pt").write_bytes(zipped(records))
    assert load(tmp_path / "model.pt").weights[0].tolist() == [[0, 1], [2, 3]]
    refused(tmp_path / "big.pt", zipped({**records, "byteorder": b"big"}), "its numbers are stored big-endian")


def test_other_things_that_torch_saves(tmp_path):
    """Checkpoints, lists and numbers are refused with what to save."""
    cases = [
        ({"state": OrderedDict(), "epoch": 3}, r"it holds 'state' \(a dictionary\), 'epoch' \(a value of type int\)"),
        ({"epoch": 3}, r"it holds no state dict of linear .*it holds 'epoch' \(a value of type int\).*save model.st"),
        ({"x": torch.ones(1, 2), "y": None}, r"it holds 'x' \(a tensor\), 'y' \(nothing\)"),
        ([torch.ones(1, 2)], "it holds a value of type list, not tensors by name"),
        ({3: torch.ones(1, 2)}, r"it holds '3' \(a tensor\)"),
        ({}, "it holds nothing"),
        (torch.ones(1, 2), "it holds a tensor, not tensors by name"),
        ({"0.weight": torch.full((1, 2), float("nan"))}, r"0.weight\[0, 0\] is nan"),
        ({"0.weight": torch.ones(1, 2), "1.weight": np.ones((1, 1))},
         "under '1.weight' it holds an object of numpy._?core.multiarray._reconstruct, not a tensor"),
        ({"0.weight": torch.ones(1, 2), "0.bias": 3}, "under '0.bias' it holds a value of type int, not a tensor"),
        ({"0.weight": torch.ones(2, 2).to_sparse()}, r"its tensor 0.weight is a sparse tensor; save what its to_dense"),
        ({"0.weight": torch.ones(2, 2, device="meta")}, "its tensor 0.weight is on the device meta"),
        ({"0.weight": torch.ones(1, 2).to(torch.float8_e4m3fn)}, "its tensor 0.weight is of a type of numbers that is"),
        ({"0.weight": torch.ones(1, 2, dtype=torch.complex64).conj().imag}, "0.weight is a negated or conjugated view"),
        ({"0._packed_params.dtype": torch.qint8, "0.scale": torch.tensor(1.0)}, "the state dict of a quantized model"),
    ]  # fmt: skip
    for value, message in cases:
        saved = io.BytesIO()
        torch.save(value, saved)
        refused(tmp_path / "model.pt", saved.getvalue(), message)
    legacy = io.BytesIO()
    torch.save(trainable().state_dict(), legacy, _use_new_zipfile_serialization=False)
    refused(tmp_path / "old.pt", legacy.getvalue(), "it is not the zip file that torch.save writes since PyTorch 1.6")


def deep(depth):
    return b'{"weights": ' + b"[" * depth + b"]" * depth + b', "biases": [[1]], "activations": ["relu"]}'


JSON = [
    (b'{"weights": [[[NaN]]], "biases": [[1]], "activations": ["relu"]}', "it has NaN, and every value must be finite"),
    (b'{"weights": [[[-Infinity]]], "biases": [[1]], "activations": ["relu"]}', "it has -Infinity"),
    (b'{"weights": [[[1e999]]], "biases": [[1]], "activations": ["relu"]}', r"weights\[0\]\[0, 0\] is inf"),
    (b'{"weights": [[[' + b"9" * 5000 + b']]], "biases": [[1]], "activations": ["relu"]}', "not a JSON file"),
    (b'{"weights": [[[' + b"9" * 400 + b']]], "biases": [[1]], "activations": ["relu"]}', "not a rectangular array"),
    (b'{"weights": [[[1]]], "biases": [[1]], "activations": ["' + b"x" * 10**6 + b'"]}', "unknown activation"),
    (b'{"weights": [[[1, [2]]]], "biases": [[1]], "activations": ["relu"]}', "nested lists of numbers"),
    (deep(400_000), "it holds more than 500,000 lists|not a JSON file"),
    (deep(900), "not a rectangular array|has shape|nested"),
    (b"[" * 600_000, "it holds more than 500,000 lists"),
    (b"[" + b"0," * 4_000_000, "not a JSON file"),
    (b"\xff\xfe\x00", "not a JSON file"),
]


@pytest.mark.parametrize(("content", "message"), JSON, ids=[message[:30] for _, message in JSON])
def test_json(tmp_path, content, message):
    """Numbers that are none, huge ones, deep nesting and endless lists are refused."""
    refused(tmp_path / "network.json", content, message)


def header(document, data=b""):
    content = json.dumps(document).encode()
    return struct.pack("<Q", len(content)) + content + data


SAFETENSORS = [
    (struct.pack("<Q", 2**63) + b"{}", "its header would take 9,223,372,036,854,775,808 bytes"),
    (struct.pack("<Q", 2**19) + b"{}", "cut off"),
    (
        header({"0.weight": {"dtype": "F32", "shape": [10**9, 10**9], "data_offsets": [0, 16]}}, FOUR),
        "not a safetensors",
    ),
    (header({"0.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}, FOUR[:9]), "not a safetensors"),
    (header({"0.weight": {"dtype": "F8_E4M3", "shape": [4, 4], "data_offsets": [0, 16]}}, FOUR), "is of type F8_E4M3"),
    (header({"0.weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}, b"\xff" * 16), "is nan"),
    (header({"0.weight": {"dtype": "I64", "shape": [1, 2], "data_offsets": [0, 16]}}, FOUR), "values of type int64"),
    (header({"__metadata__": {"a": 3}}), "not a safetensors file"),
]


def test_safetensors_of_half_a_number(tmp_path):
    """bfloat16 is the upper half of a float32: sign, eight bits of exponent, seven of mantissa."""
    path = tmp_path / "model.safetensors"
    halves = struct.pack("<4H", 0x3F80, 0xC020, 0x0000, 0x3E20)
    path.write_bytes(header({"a": {"dtype": "BF16", "shape": [2, 2], "data_offsets": [0, 8]}}, halves))
    tensors, _ = read_tensors(path)
    assert tensors["a"].tolist() == [[1.0, -2.5], [0.0, 0.15625]]


def test_safetensors_of_the_largest_header(tmp_path):
    """A header of a megabyte is read, with nothing after it too; one of a byte more is refused."""
    path = tmp_path / "model.safetensors"
    for size in (2**20, 2**20 + 1):
        path.write_bytes(struct.pack("<Q", size) + b'{"__metadata__": {"a": "b"}}'.ljust(size))
        if size == 2**20:
            assert read_tensors(path) == ({}, {"a": "b"})
        else:
            with pytest.raises(eh.InputError, match="its header would take 1,048,577 bytes; at most 1,048,576 are"):
                read_tensors(path)


@pytest.mark.parametrize(("content", "message"), SAFETENSORS)
def test_safetensors(tmp_path, content, message):
    """Headers that claim too much, and tensors of other types, are refused."""
    refused(tmp_path / "model.safetensors", content, message)


def test_exit_code_and_time(tmp_path):
    """On the command line, broken files of each format end with exit code 1, and soon."""
    marker = tmp_path / "executed"
    nan = io.BytesIO()
    torch.save({"0.weight": torch.full((1, 2), float("nan"))}, nan)
    cases = {
        "cut.json": GOOD[".json"][:100],
        "cut.safetensors": GOOD[".safetensors"][:100],
        "cut.onnx": GOOD[".onnx"][:-40],
        "pickle.pt": zipped({"data.pkl": pickle.dumps(Payload(marker))}),
        "nan.pt": nan.getvalue(),
    }
    for name, content in cases.items():
        path = tmp_path / name
        path.write_bytes(content)
        options = [] if name.endswith((".json", ".onnx")) else ["--hidden-activation", "relu"]
        command = [sys.executable, "-m", "everyhow", "import", str(path), "--out", str(tmp_path / "out.json"), *options]
        start = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        # Ten times what it takes on an idle machine; loading PyTorch, or unpacking, would take longer.
        assert time.perf_counter() - start < 10
        assert done.returncode == 1 and done.stderr.startswith(f"everyhow: {path}: ") and done.stdout == ""
    assert not marker.exists() and not (tmp_path / "out.json").exists()
