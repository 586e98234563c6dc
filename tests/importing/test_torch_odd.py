"""Odd objects at every public function for PyTorch: only the library's own errors come out."""

import datetime
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh
from everyhow.common.errors import EveryhowError

torch = pytest.importorskip("torch")
nn = torch.nn


class Raises:
    """Fails at whatever it is asked for, in a way of its own."""

    def __iter__(self):
        raise KeyError("no")

    def __len__(self):
        raise OSError("no")


class Broken(nn.Module):
    """A module that fails in a way of its own."""

    def __init__(self, error):
        super().__init__()
        self.layer, self.error = nn.Linear(2, 1), error

    def forward(self, x):
        raise self.error


class Returns(nn.Module):
    """A module that returns anything."""

    def __init__(self, value):
        super().__init__()
        self.layer, self.value = nn.Linear(2, 1), value

    def forward(self, x):
        self.layer(x)
        return self.value


def empty(*sizes):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Linear(*sizes)


VALUES = [
    None,
    True,
    3,
    -1,
    10**400,
    2.5,
    float("nan"),
    1j,
    "text",
    "",
    b"bytes",
    [],
    (),
    {},
    set(),
    {1: 2},
    [None],
    [[]],
    [[1], [2, 3]],
    ["a", "b"],
    [[None, 1]],
    object(),
    type,
    len,
    Ellipsis,
    range(4),
    iter([1]),
    datetime.date(2020, 1, 1),
    Raises(),
    (1, 2),
    np.float32(1),
    np.array(1),
    np.array([]),
    np.zeros((0, 2)),
    np.zeros((2, 0)),
    np.array(["a"]),
    np.array([None, 1]),
    np.array([object()]),
    np.zeros(2, "datetime64[s]"),
    np.ones((2, 2), bool),
    np.ones((2, 2)) * 1j,
    np.full((2, 2), np.nan),
    np.full((2, 2), 1e300),
    np.ones((2, 2, 2)),
    np.ma.masked_all((2, 2)),
    np.rec.array([(1, 2.0)], dtype=[("a", int), ("b", float)]),
    torch.tensor(1.0),
    torch.zeros(0),
    torch.zeros(2, 0),
    torch.ones(3, 2, requires_grad=True),
    torch.ones(2, 2, dtype=torch.long),
    torch.ones(2, 2) * 1j,
    torch.ones(2, 2, device="meta"),
    torch.eye(2).to_sparse(),
    torch.full((2, 2), torch.inf),
    torch.device("cpu"),
    torch.float32,
    torch.Size([2]),
    nn.Parameter(torch.ones(2, 2)),
    torch.Tensor,
]
MODULES = [
    nn.Linear(2, 1),
    empty(2, 0),
    empty(0, 2),
    nn.Sequential(),
    nn.Identity(),
    nn.Module(),
    nn.ModuleList([nn.Linear(2, 2)]),
    nn.ModuleDict({"a": nn.Linear(2, 1)}),
    nn.Embedding(3, 2),
    nn.LSTM(2, 2),
    nn.TransformerEncoderLayer(4, 2, 8, batch_first=True),
    nn.Bilinear(2, 2, 1),
    nn.MultiheadAttention(2, 1),
    nn.Linear(2, 1, device="meta"),
    nn.LazyLinear(2),
    nn.Linear(2, 1, dtype=torch.complex64),
    nn.Linear(2, 1).to(torch.float8_e4m3fn),
    nn.CrossEntropyLoss(),
    nn.BatchNorm1d(2).eval(),
    nn.PReLU(0),
    nn.ParameterList([torch.ones(2)]),
    nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 3)),
    Broken(KeyError(3)),
    Broken(ValueError()),
    Broken(AssertionError()),
    Broken(RecursionError("deep")),
    *(Returns(value) for value in VALUES),
]
ODD = st.sampled_from([*VALUES, *MODULES])


def only_own_errors(call):
    try:
        return call()
    except EveryhowError as error:
        assert len(str(error)) > 20
        return None


@settings(max_examples=150, deadline=None)
@given(st.one_of(ODD, st.just(MODULES[0])), ODD)
def test_from_torch(module, data):
    """A network comes out, or an error that says what to do."""
    found = only_own_errors(lambda: eh.from_torch(module, data))
    assert found is None or isinstance(found, eh.Network)


@settings(max_examples=150, deadline=None)
@given(
    ODD | st.just(MODULES[0]),
    ODD | st.just(MODULES[0]),
    ODD,
    st.sampled_from([lambda x: x, lambda x: [x], lambda x: [(x, x)]]),
)
def test_capture(model, tail, batches, packed):
    """What entered the tail comes out, or an error that says what to do."""
    only_own_errors(lambda: eh.capture(model, tail, packed(batches)))


@pytest.mark.parametrize("number", range(len(MODULES)))
def test_each_module(number):
    """Every module, without data and with some, and as its own tail."""
    module = MODULES[number]
    for data in (None, torch.rand(3, 2)):
        only_own_errors(lambda data=data: eh.from_torch(module, data))
    only_own_errors(lambda: eh.capture(module, module, [torch.rand(3, 2)]))


@pytest.mark.parametrize("number", range(len(VALUES)))
def test_each_value(number):
    """Every value as data, alone, in a list, and as a batch with labels."""
    value, plain = VALUES[number], nn.Linear(2, 1)
    for data in (value, [value], [(value, value)], (value, value), [torch.ones(2, 2), value]):
        only_own_errors(lambda data=data: eh.from_torch(plain, data))
        only_own_errors(lambda data=data: eh.capture(plain, plain, data))
