"""Networks, tables, models and options that are too large: refused at once, with what was found and what is allowed."""

import itertools
import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save

import everyhow as eh
from everyhow.common.arguments import WIDEST
from everyhow.common.errors import BudgetError, FileFormatError
from everyhow.exchange.graph_json import read_graph
from everyhow.given.points import read_rows
from everyhow.mapping.causal_models import CausalModel
from everyhow.mapping.placements import Placement, count_placements, joint_disagreement, placements
from everyhow.mapping.signatures import NeuronSet
from everyhow.network.feed_forward import MOST_LAYERS
from everyhow.training import TrainingSettings, train_many

ONE = '{"dtype":"F64","shape":[1,1],"data_offsets":[0,8]}'
BIAS = '{"dtype":"F64","shape":[1],"data_offsets":[8,16]}'


def written(path, content):
    """The path of a file of that content."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_networks(tmp_path):
    """As many layers and neurons as allowed are taken, one more is not, wherever the network comes from."""
    deep = [[[1.0]]] * MOST_LAYERS, [[0.0]] * MOST_LAYERS, ["relu"] * MOST_LAYERS
    assert eh.Network(*deep).depth == 256
    deeper = {key: [*values, values[0]] for key, values in zip(("weights", "biases", "activations"), deep, strict=True)}
    message = r"a network has 257 layers; at most 256 are taken: give a part of it"
    with pytest.raises(FileFormatError, match=message):
        eh.load(written(tmp_path / "deep.json", json.dumps(deeper)))
    assert eh.Network([np.ones((1, WIDEST))], [np.zeros(1)], ["relu"]).widths == (65_536, 1)
    for shape in ((1, WIDEST + 1), (WIDEST + 1, 1)):
        arrays = {"layers.0.weight": np.ones(shape), "layers.0.bias": np.zeros(shape[0])}
        path = written(tmp_path / "wide.safetensors", save(arrays, {"activations": "relu"}))
        with pytest.raises(FileFormatError, match=r"weights\[0\] has 65,537 neurons in a layer; at most 65,536"):
            eh.load(path)
    for widths, message in (((1,) * 256, "257 layers"), ((3, 10**5), "100,000 neurons"), ((10**30,), "neurons in a")):
        with pytest.raises(eh.InputError, match=message):
            TrainingSettings(widths=widths)


@pytest.mark.parametrize(
    "header",
    [
        f'{{"layers.0.weight":{ONE},"layers.0.bias":{BIAS},"layers.0.bias":{ONE},"__metadata__":{{"activations":"relu"}}}}',
        f'{{"layers.0.weight":{ONE},"layers.0.bias":{BIAS},"__metadata__":{{"activations":"relu","activations":"tanh"}}}}',
    ],
)
def test_safetensors_names(tmp_path, header):
    """A tensor, or a name in the metadata, that stands twice is refused by its name."""
    content = struct.pack("<Q", len(header)) + header.encode() + bytes(16)
    with pytest.raises(FileFormatError, match=r"'(layers.0.bias|activations)' stands twice|not a safetensors file"):
        eh.load(written(tmp_path / "twice.safetensors", content))


TABLES = {
    "lines": (b"1\n" * 2**20, r"has about 1,048,577 lines; at most 1,048,576 are read from text: give fewer, or a"),
    "cells": (b"1," * 2**22, "has about 4,194,305 cells; at most 4,194,304"),
    "blanks": (b"1 " * 2**22, "has about 4,194,305 cells"),
    "commas": (b"," * 70_000 + b"\n1\n", "line 2 has 1 column|is missing|expected"),
    "columns": (b"1," * 65_536 + b"2\n", "has 65,537 features per input; at most 65,536 are taken"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_tables(tmp_path, kind):
    """Text of too many lines, cells or columns is refused before it is taken apart."""
    content, message = TABLES[kind]
    with pytest.raises(FileFormatError, match=message) as caught:
        read_rows(written(tmp_path / "points.csv", content))
    assert str(caught.value).startswith(f"{tmp_path / 'points.csv'}: ")


def test_arrays(tmp_path):
    """An array file of too many values or rows is refused: small values become large ones."""
    for shape, message in (((2**23 + 1, 1), "8,388,609 values; at most 8,388,608"), ((2**20 + 1, 1), "1,048,577 rows")):
        np.save(tmp_path / "points.npy", np.zeros(shape, bool))
        with pytest.raises(FileFormatError, match=f"points.npy: holds {message}"):
            read_rows(tmp_path / "points.npy")


def chain(length):
    """A model whose output is XOR of two inputs, through so many variables."""
    names = [f"v{k}" for k in range(length)]
    parents = {"v0": ["a", "b"], **{name: [before] for before, name in itertools.pairwise(names)}}
    functions = {name: (lambda a, b: a ^ b) if name == "v0" else (lambda v: v) for name in names}
    return CausalModel(["a", "b", *names], {name: [0, 1] for name in ("a", "b", *names)}, parents, functions)


def test_causal_models():
    """Longer chains than the network has neurons have no place in it, at once; endless interchanges are not begun."""
    assert count_placements(eh.xornet(), chain(998)) == 0
    with pytest.raises(eh.InputError, match="there are 1,001 variables; at most 1,000 are taken"):
        chain(999)
    with pytest.raises(eh.InputError, match=r"the parents of 'o' have 5\.35e\+300 combinations; at most 1,048,576"):
        names = [f"v{k}" for k in range(999)]
        CausalModel([*names, "o"], {name: [0, 1] for name in (*names, "o")}, {"o": names[-999:]}, {"o": max})
    deep = eh.Network([[[1, 1]], *[[[1.0]]] * 30], [[0], *[[0.0]] * 30], ["step"] * 30 + ["identity"])
    model = chain(31)
    assert count_placements(deep, model) == 0  # it computes OR
    placed = Placement(model.inner, tuple(NeuronSet(k + 1, (0,)) for k in range(30)))
    with pytest.raises(BudgetError, match=r"every joint interchange needs about 3.73e\+21 .* 30 inner variables"):
        joint_disagreement(deep, model, placed)
    assert list(placements(deep, model)) == []


def test_options_that_do_not_belong(tmp_path):
    """An option that a file has no use for is refused; so are numbers that no task and no generator takes."""
    np.savez(tmp_path / "masks.npz", edge_mask_0=np.ones((3, 2)), edge_mask_1=np.ones((1, 3)))
    with pytest.raises(FileFormatError, match=r"masks.npz: an archive is of one circuit; leave out circuit"):
        read_graph(tmp_path / "masks.npz", eh.xornet(), circuit="10/0/0")
    with pytest.raises(eh.InputError, match="after the colon comes the number of inputs"):
        eh.parse_task("AND:" + "9" * 5000)
    for seed in (2**64, -(2**64), 0.5, True):
        with pytest.raises(eh.InputError, match=rf"seed is {seed}; it is a whole number from -2\^63 to 2\^63"):
            train_many("XOR", [seed])  # type: ignore[list-item]
