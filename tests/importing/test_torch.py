"""PyTorch modules: round trips of random ones, what is refused, and tails of bigger models."""

import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh

from .strategies import modules, trainable
from .wrong_biases import wrong_bias

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional


def outputs(module, points):
    """The module's outputs in float64, its tensors converted, so that only what it computes is compared."""
    with torch.no_grad():
        return module.double()(torch.from_numpy(points)).reshape(len(points), -1).numpy()


@settings(max_examples=60)
@given(modules())
def test_round_trip(module):
    """Any module of these layers becomes a network of the same outputs, in whatever precision it came."""
    before = {name: one.clone() for name, one in module.state_dict().items()}
    network = eh.from_torch(module)
    assert network.widths[1:] == tuple(part.out_features for part in module.modules() if isinstance(part, nn.Linear))
    assert all(torch.equal(before[name], one) for name, one in module.state_dict().items())
    points = np.random.default_rng(1).standard_normal((20, network.widths[0]))
    np.testing.assert_allclose(network.run(points), outputs(module, points), rtol=1e-9, atol=1e-9)
    assert network.origin.decisions_changed <= network.origin.ties
    assert network.origin.largest_difference <= network.origin.allowed_difference


class Written(nn.Module):
    """A module with a forward of its own: views, functions, shared weights, matrices as parameters."""

    def __init__(self):
        super().__init__()
        self.first = nn.Linear(4, 3)
        self.block = nn.ModuleList([nn.Linear(3, 3), nn.Dropout()])
        self.matrix = nn.Parameter(torch.randn(2, 3))
        self.shift = nn.Parameter(torch.randn(2))
        self.register_buffer("mean", torch.randn(2))
        self.register_buffer("variance", torch.rand(2) + 0.1)

    def forward(self, x, mask=None):
        x = functional.relu(self.first(x.view(x.size(0), -1)))
        for _ in range(2):
            x = functional.leaky_relu(self.block[0](self.block[1](x)), negative_slope=0.3)
        x = functional.dropout(torch.flatten(x, 1), 0.5, training=self.training)
        x = functional.batch_norm(x @ self.matrix.t() + self.shift, self.mean, self.variance)
        return functional.linear(torch.sigmoid(x), self.matrix.T[:1]).reshape(x.shape[0], -1).squeeze(-1)


def test_written_modules():
    """What a forward of its own does is traced: functions, methods, a layer used twice, computed weights."""
    torch.manual_seed(0)
    module = Written().eval()
    network = eh.from_torch(module, torch.randn(30, 2, 2))
    assert network.widths == (4, 3, 3, 3, 2, 1)
    assert network.activations == ("relu", "leaky_relu:0.3", "leaky_relu:0.3", "sigmoid", "identity")
    assert "matmul, add and batch_norm folded into one layer" in network.origin.folded
    points = np.random.default_rng(0).standard_normal((5, 4))
    np.testing.assert_allclose(network.run(points), outputs(module, points), rtol=1e-12)


def test_data_of_any_kind():
    """Tensors, arrays, nested lists, and batches with or without labels are the same inputs."""
    module, points = trainable(), torch.randn(7, 2)
    pairs = torch.utils.data.TensorDataset(points, torch.ones(7))
    loader = torch.utils.data.DataLoader(pairs, batch_size=3)
    for data in (points, points.numpy(), points.tolist(), loader, [points[:3], points[3:]], iter([points])):
        origin = eh.from_torch(module, data).origin
        assert (origin.checked_on, origin.inputs_checked) == ("7 given inputs of real numbers", 7)
    assert eh.from_torch(module).origin.checked_on == "4 corners and 128 random inputs"
    assert eh.from_torch(nn.Linear(9, 1)).origin.checked_on == "256 standard normal inputs, half of them times 10"
    assert eh.from_torch(nn.Linear(9, 1)).origin.source == "torch Linear"


class Rows(torch.utils.data.Dataset):
    """A data set that does not end by itself when it is iterated over."""

    def __len__(self):
        return 7

    def __getitem__(self, k):
        return torch.full((2,), float(k)), k


class Frame:
    """What a data frame has, whichever library it is of; columns of several types make objects."""

    shape = (7, 2)

    def to_numpy(self):
        return np.arange(14).reshape(7, 2).astype(object)


def test_more_data():
    """Data sets, data frames, rows, whole numbers, tensors with gradients and ones that are not contiguous."""
    module, points = trainable(), torch.arange(14).reshape(7, 2)
    turned = points.T.contiguous().T.float().requires_grad_()
    given = (Rows(), points, points.bool(), turned, turned.to_sparse(), list(points.float()), [(points, None)], Frame())
    for data in given:
        assert eh.from_torch(module, data).origin.inputs_checked == 7
    assert eh.from_torch(module, torch.rand(1, 2)).origin.inputs_checked == 1


BAD_DATA = [
    (3, "data is a int; give a tensor, an array or batches"),
    ("x.csv", "data is the text 'x.csv'; give a tensor"),
    ({"x": torch.ones(2, 2)}, "data is dict; give a tensor"),
    ([torch.ones(2, 2), "x"], "batches whose inputs are not a tensor but the text 'x'"),
    ([torch.ones(2, 2), None], "batches whose inputs are not a tensor but NoneType"),
    ([None], "data holds NoneType where inputs should be"),
    ([{"x": torch.ones(2, 2)}], "data holds dict where inputs should be"),
    ([], "data holds no inputs"),
    (iter(()), "data holds no inputs"),
    ((1 / k for k in [0]), "data cannot be read .division by zero"),
    ([torch.ones(2, 2), torch.ones(2, 3)], "batches of shapes"),
    ([torch.tensor(1.0)], "batches of shapes .*each .inputs, features"),
    (
        (torch.ones(4, 2), torch.ones(4)),
        r"a tuple of two tensors, \(4, 2\) and \(4,\): it may be inputs with their labels",
    ),
    ([torch.ones(4, 2), torch.ones(4)], r"Give \[\(data\[0\], data\[1\]\)\] for one batch with its labels"),
    ((np.ones((4, 2)), np.ones((4, 2))), "or two batches of inputs"),
    (torch.ones(2, 3), "does not run on inputs of shape \\(2, 3\\)"),
    (torch.full((1, 2), 1e300, dtype=torch.float64), "data holds values too large for the module's torch.float32"),
    (torch.ones(2), "give \\(inputs, features\\)"),
    (torch.ones(2, 2) * 1j, "holds torch.complex64; give real numbers"),
    (np.ones((2, 2)) * 1j, "data holds values of type complex128; give real numbers"),
    (np.array([["1", "2"]]), "data holds values of type <U1; give real numbers"),
    (torch.ones(2, 2, device="meta"), "has no values, on the device meta"),
    (torch.full((2, 2), torch.nan), r"data\[0, 0\] is nan; every value must be finite"),
    (torch.Tensor, "data is a _TensorMeta; give a tensor"),
]


@pytest.mark.parametrize(("data", "message"), BAD_DATA)
def test_bad_data(data, message):
    """Inputs that the module does not take are refused with what was found."""
    with pytest.raises(eh.InputError, match=message):
        eh.from_torch(trainable(), data)


def forward(function, *parts):
    """A module that does what a function of its input and its parts does."""

    class Made(nn.Module):
        def __init__(self):
            super().__init__()
            self.parts = nn.ModuleList(parts)

        def forward(self, x):
            return function(x, *self.parts)

    return Made().eval()


def a_line():
    return nn.Linear(2, 2)


def slopes(*values):
    module = nn.Sequential(a_line(), nn.PReLU(len(values)))
    module[1].weight.data = torch.tensor(values)
    return module


REFUSED = [
    (nn.Sequential(nn.Conv2d(1, 1, 1), nn.Flatten(), a_line()), "Conv2d 0 is not supported; Linear, BatchNorm1d"),
    (
        nn.Sequential(a_line(), nn.Sequential(a_line(), nn.Mish())),
        r"Mish 1.1 is not supported.*its part model\[1\]\[0\] can be",
    ),
    (nn.Sequential(a_line(), nn.Softmax(1), a_line()), r"Softmax 1: a softmax mixes all outputs.*Linear 2 comes after"),
    (nn.Sequential(a_line(), nn.LogSoftmax(0)), "LogSoftmax 1: its dim is 0 of .5, 2.; the one of all outputs is"),
    (nn.Sequential(nn.Linear(2, 1), nn.Softmax(1)), "Softmax 1: a softmax of one output is 1 for every input"),
    (
        forward(lambda x, a: a(x).softmax(1)[:, 1], a_line()),
        "softmax: a softmax mixes all outputs.*getitem comes after",
    ),
    (nn.Sequential(a_line(), nn.ReLU(), nn.Tanh()), "Tanh 2: this activation comes right after ReLU 1"),
    (nn.Sequential(nn.ReLU(), a_line()), "ReLU 0: what is to be imported begins with an activation"),
    (nn.Sequential(nn.Dropout()).eval(), "there is no linear layer"),
    (slopes(0.1, 0.2), "PReLU 1: it has 2 slopes; one for all neurons"),
    (nn.Sequential(a_line(), nn.LeakyReLU(float("nan"))), "LeakyReLU 1: its slope is nan; a finite one is supported"),
    (nn.Sequential(a_line(), nn.Flatten(0)), r"gives \(264,\) for 132 inputs; it must give one row for each"),
    (nn.Sequential(a_line(), nn.Dropout()), r"Dropout 1 is in training mode; call module.eval\(\) first"),
    (nn.Sequential(a_line(), nn.BatchNorm1d(2)), "BatchNorm1d 1 is in training mode"),
    (nn.Sequential(a_line(), nn.BatchNorm1d(2, track_running_stats=False)).eval(), "has no running statistics"),
    (nn.Sequential(nn.LazyLinear(2)), "lazy layers of unknown shape; run it once"),
    (nn.Sequential(nn.Linear(2, 2, device="meta")), "Linear 0: its weight is on the device meta, without values; load"),
    (forward(lambda x, a: a(x) + x, a_line()), "add: it uses something else than the step right before it"),
    (forward(lambda x, a: a(x).relu() + a(x), a_line()), "parts.0: it uses something else than the step right before"),
    (forward(lambda x, a: a(x) + a(x), a_line()), "uses something else than the step right before it"),
    (forward(lambda x, a: (lambda y: y + y)(a(x)), a_line()), "add: it uses something else"),
    (forward(lambda x, a: torch.cat([a(x), x], 1), a_line()), "cat is not supported; Linear"),
    (
        forward(lambda x, a: a(x) if (x > 0).all() else x, a_line()),
        "all: what it does depends on the values of its inputs",
    ),
    (forward(lambda x, a: a(x) * float(x[0, 0]), a_line()), "it uses something else|depends on the values"),
    (forward(lambda x, a: (a(x), x), a_line()), r"returns a tuple of 2 tensors: \[0\] .5, 2., \[1\] .5, 2.; write a"),
    (
        forward(lambda x, a: {"y": a(x), "h": x}, a_line()),
        r"a dict of 2 tensors: \['y'\] .5, 2., \['h'\] .5, 2.; write",
    ),
    (forward(lambda x, a: len(a(x)), a_line()), "it returns int, without a tensor"),
    (forward(lambda x, a: (a(x), x)[1], a_line()), "returns something else than the outputs of its last step"),
    (
        forward(lambda x, a: a(x).argmax(1), a_line()),
        "argmax: .*decisions are made here from the outputs, so return these",
    ),
    (forward(lambda x, y: x), "does not run on .*missing 1 required positional argument.*as one tensor"),
    (forward(lambda x, a: functional.dropout(a(x)), a_line()), "dropout: this dropout is active"),
    (forward(lambda x, a: a(x).view(4, -1), a_line()), r"does not run on inputs of shape \(5, 2\)"),
    (
        forward(lambda x, a: a(x).reshape(-1, 1), a_line()),
        r"gives \(264, 1\) for 132 inputs; it must give one row for each",
    ),
    (forward(lambda x, a: a(x).T, a_line()), r"it returns \(2, 5\) for 5 inputs; it must give one row for each"),
    (
        forward(lambda x, a: a(x)[:2], a_line()),
        r"getitem: it makes \(2, 2\) of \(5, 2\), which does not keep the 5 inputs",
    ),
    (forward(lambda x, a: a(x)[:, [0, 0]], a_line()), "getitem: it makes .*, or repeats features"),
    (
        forward(lambda x, a: a(x) + torch.arange(len(x))[:, None], a_line()),
        "add: its constant is a tensor .5, 1. of int",
    ),
    (forward(lambda x, a: a(x) + torch.ones(3, 1, 1), a_line()), r"add: its constant (makes|is)"),
    (forward(lambda x, a: a(x) / len(x), a_line()), "the imported network computes something else"),
    (forward(lambda x, a: a(x) + torch.rand(2), a_line()), "something else when it runs again"),
    (
        forward(lambda x, a: a(x) + 1j, a_line()),
        "add: its constant is 1j; supported are one real number, or one for each",
    ),
    (forward(lambda x, a: a(x) / 0, a_line()), "div: it divides by 0; mend the constant"),
    (forward(lambda x, a: a(x) * float("inf"), a_line()), "mul: its constant is inf; every value must be finite"),
    (forward(lambda x, a: 1 / a(x), a_line()), "is not supported|it divides by what flows through"),
    (forward(lambda x, a: a(x) ** 2, a_line()), "pow is not supported; Linear"),
    (forward(lambda x, a: a(x).long(), a_line()), "long: it makes int64 of its inputs; networks here compute"),
    (
        forward(lambda x, a: a(x).to(torch.int32), a_line()),
        "to: it makes int32 of its inputs; networks here compute real",
    ),
    (forward(lambda x, a: torch.ones(2, 2) @ a(x), a_line()), "does not run on inputs of shape .5, 2"),
    (forward(lambda x, a: a(x.reshape(-1, 1, 1)).sum(), nn.Linear(1, 1)), "sum is not supported"),
    (
        forward(lambda x, a: 3 * torch.sigmoid(a(x)), a_line()),
        "mul: after sigmoid it makes 3 . output.*threshold=0.1666",
    ),
    (nn.Linear(2, 2, dtype=torch.complex64), "Linear: its weights are torch.complex64"),
    ({"0.weight": 1}, "from_torch takes a torch.nn.Module, not dict; from_state_dict"),
    ("model.pt", "from_torch takes a torch.nn.Module, not the text 'model.pt'; .* load a file"),
]


@pytest.mark.parametrize(("module", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_refused(module, message):
    """What is not supported is named with its place and what to do."""
    with pytest.raises(eh.InputError, match=message):
        eh.from_torch(module)


def test_refused_with_data():
    """What is not supported is said first, also of a module that does not run on numbers at all."""
    model = nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(8, 2))
    with pytest.raises(eh.InputError, match=r"Embedding 0 is not supported.*its part model\[1:\] can be imported"):
        eh.from_torch(model, torch.randint(0, 5, (3, 2)))


def test_values_that_are_not_finite():
    """A module with NaN in it makes no network."""
    module = nn.Linear(2, 1)
    nn.init.constant_(module.weight, float("nan"))
    with pytest.raises(eh.InputError, match=r"weights\[0\]\[0, 0\] is nan"):
        eh.from_torch(module)


@settings(max_examples=40)
@given(modules(layers=(2, 3)), st.integers(0, 5))
def test_wrong_bias_is_caught(module, layer):
    """A bias wrong by 1e-3 is an error wherever it moves an output by more than rounding could, always in the last."""
    network = eh.from_torch(module.float())
    layer %= network.depth
    with pytest.MonkeyPatch.context() as patch:
        wrong_bias(patch, layer)
        moved = moves(network, layer) > 1e-4
        if moved:
            with pytest.raises(eh.InputError, match="the imported network computes something else"):
                eh.from_torch(module)
        else:
            assert layer < network.depth - 1 or network.activations[-1] != "identity"


def moves(network, layer):
    """How far a bias wrong by 1e-3 moves the outputs at the inputs of the check."""
    from everyhow.given.points import default_points

    biases = [np.array(one) for one in network.biases]
    biases[layer][0] += 1e-3
    points = default_points(network.widths[0])[0].astype(np.float32).astype(float)
    other = eh.Network(network.weights, biases, network.activations)
    return np.abs(other.run(points) - network.run(points)).max()


def hooked(*hooks):
    """Layers whose hidden outputs are positive at every corner, with hooks after them."""
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    with torch.no_grad():
        module[0].weight.copy_(torch.tensor([[1.0, -2.0], [-1.0, 2.0]]))
        module[0].bias.fill_(3)
    for part, hook in zip(module, hooks, strict=False):
        part.register_forward_hook(hook)
    return module


def gate(x):
    return (x > 0).to(x.dtype)


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    gate = torch.jit.script(gate)


SEEN = {}
CHANGING = {
    "given": lambda one, entering, leaving: torch.relu(leaving),
    "in place": lambda one, entering, leaving: (leaving.relu_(), None)[1],
}
LOOKING = {
    "array": lambda one, entering, leaving: SEEN.update(array=leaving.detach().cpu().numpy()),
    "number": lambda one, entering, leaving: SEEN.update(number=leaving.mean().item()),
    "mask": lambda one, entering, leaving: SEEN.update(mask=leaving > 0),
    "TorchScript": lambda one, entering, leaving: SEEN.update(gate=gate(leaving)),
    "mean": lambda one, entering, leaving: SEEN.update(mean=leaving.mean()),
}


@pytest.mark.parametrize("hook", CHANGING)
def test_hooks_are_followed(hook):
    """What a hook does to the outputs of its layer is a part of the network, also where it shows nowhere near."""
    network = eh.from_torch(hooked(CHANGING[hook]))
    assert network.activations == ("relu", "identity")
    eh.from_torch(hooked(lambda one, entering, leaving: leaving * 1.001))


@pytest.mark.parametrize("hook", LOOKING)
def test_hooks_that_look(hook):
    """They change nothing; but what they have seen is no constant to a later layer."""
    module = hooked(LOOKING[hook])
    assert eh.from_torch(module).activations == ("identity", "identity")
    for seen, words in (("number", "a hook in it hands on a number"), ("mean", "add in a hook of Linear 1")):
        module = hooked(LOOKING[seen], lambda one, entering, leaving, seen=seen: leaving + SEEN[seen])
        with pytest.raises(eh.InputError, match=words):
            eh.from_torch(module)


def test_hooks_are_caught():
    """One that cannot be followed is refused by its module."""
    for hook in (lambda *given: given[2] * (given[2] > 0), lambda *given: (given[2].data.abs_(), None)[1]):
        with pytest.raises(eh.InputError, match="in a hook of Linear 0"):
            eh.from_torch(hooked(hook))


class Gated(nn.Module):
    """A hidden layer that goes through a function."""

    def __init__(self, kind):
        super().__init__()
        self.first, self.last, self.kind = nn.Linear(2, 2), nn.Linear(2, 1), kind
        with torch.no_grad():
            self.first.bias.fill_(3)

    def forward(self, x):
        hidden = self.first(x)
        try:
            return self.last(hidden * gate(hidden) if self.kind == "jit" else hidden * hidden.new_tensor(hidden))
        except Exception:
            return self.last(hidden)


@pytest.mark.parametrize(("kind", "words"), [("jit", "gt: it is computed out of sight"), ("copy", "new_tensor is not")])
def test_values_out_of_sight(kind, words):
    """What is made of the inputs without being followed is not taken for a constant, also where errors are caught."""
    with pytest.raises(eh.InputError, match=words):
        eh.from_torch(Gated(kind))


def test_the_module_stays_as_it_is():
    """Neither mode, nor gradients, nor type, nor hooks of a module change."""
    module = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.ReLU(inplace=True), nn.Linear(2, 1)).eval()
    module[0].weight.grad = torch.ones(2, 2)
    module[3].train()
    before = [(part, part.training, len(part._forward_hooks), len(part._modules)) for part in module.modules()]
    eh.from_torch(module)
    eh.capture(module, module[-2:], [torch.ones(3, 2)])
    assert before == [(part, part.training, len(part._forward_hooks), len(part._modules)) for part in module.modules()]
    assert torch.equal(module[0].weight.grad, torch.ones(2, 2)) and module[0].weight.requires_grad


def convolutional():
    """A bigger model than networks here are: an image goes in, and a tail of linear layers ends it."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 5), nn.ReLU(inplace=True), nn.Linear(5, 3)
    ).eval()  # fmt: skip


def test_tails():
    """What enters a tail, run through the imported tail, gives what the whole model gives."""
    model = convolutional()
    images, classes = torch.randn(11, 1, 4, 4), torch.arange(11) % 3
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(images, classes), batch_size=4)
    for tail in (model[-3:], model[-4:], model[-1:], model[5], nn.Sequential(model[-3:])):
        captured = eh.capture(model, tail, loader)
        network = eh.from_torch(tail, captured.points)
        assert network.widths[0] == captured.points.shape[1] and captured.points.dtype == np.float64
        np.testing.assert_allclose(network.run(captured.points), captured.outputs, atol=1e-5)
        assert captured.labels.tolist() == classes.tolist()
    bare = eh.capture(model, model[-3:], [images])
    assert bare.labels is None
    np.testing.assert_allclose(bare.points, eh.capture(model, model[-3:], loader).points, atol=1e-6)


def test_captured_before_work_in_place():
    """What a module that works in place takes is what it took, not what it made of it."""
    model = nn.Sequential(nn.Linear(2, 4), nn.ReLU(inplace=True), nn.Linear(4, 1)).double()
    points = eh.capture(model, model[1:], [torch.randn(20, 2, dtype=torch.float64)]).points
    assert (points < 0).any()


def test_refused_captures():
    """Tails that are none, run twice or take something else, modes, and batches; and the hook is gone after each."""
    model, image = convolutional(), torch.randn(2, 1, 4, 4)
    shared = nn.ReLU()
    twice = nn.Sequential(nn.Linear(2, 2), shared, nn.Linear(2, 2), shared)
    cases = [
        (model, nn.Linear(2, 2), [image], "the tail .Linear. is not a part of the model .Sequential."),
        (model, nn.Sequential(), [image], "is not a part of the model"),
        (model, None, [image], "the tail is a NoneType; give a torch.nn.Module"),
        ({}, model, [image], "the model is a dict; give a torch.nn.Module"),
        (model, model[-1:], (image, torch.ones(2)), r"two tensors, .2, 1, 4, 4. and .2,.: it may be inputs with their"),
        (model, model[-1:], 3, "batches is a int; give tensors of inputs, or a data loader"),
        (model, model[-1:], "images", "batches is a str; give tensors of inputs"),
        (model, model[-1:], [None], "a batch holds NoneType where its inputs should be"),
        (model, model[-1:], (1 / k for k in [0]), "the batches cannot be read .division by zero.; mend"),
        (model, model[-1:], [image[:0]], "a batch has the shape .0, 1, 4, 4."),
        (model, model[-1:], [image[:, :, :2]], r"the model .Sequential. does not run on batch 0, inputs of shape"),
        (model, model[-1:], [image.double()], "does not run on batch 0, .* and type torch.float64"),
        (model, model[-1:], [(image, [1])], "a batch has 2 inputs and labels of shape .1,."),
        (model, model[-1:], [(image, [1, 2]), image], "the batches give labels with some batches only"),
        (twice, twice[-1:], [torch.ones(1, 2)], "must run once per batch, on one tensor, but it ran 2 times"),
        (model, model[-1:], [], "there are no batches"),
        (model, model[-1:], [{"x": image}], "a batch holds dict where its inputs should be"),
        (nn.Sequential(nn.Dropout(), nn.Linear(2, 2)), None, [image], "Dropout 0 is in training mode"),
        (forward(lambda x, a: a(x.T), nn.Linear(3, 1)), 0, [torch.ones(3, 2)], r"the tail takes \(2, 3\) for a batch"),
        (forward(lambda x, a: a(input=x), a_line()), 0, [torch.ones(3, 2)], "it got something else than one tensor"),
    ]
    for whole, tail, batches, message in cases:
        part = whole.parts[0] if tail == 0 else tail
        with pytest.raises(eh.InputError, match=message):
            eh.capture(whole, part, batches)
        assert not isinstance(whole, nn.Module) or not any(one._forward_pre_hooks for one in whole.modules())


@dataclasses.dataclass
class Answer:
    """What some models return."""

    loss: object
    logits: object


ANSWERS = {
    "loss": lambda y: y.sum(), "dict": lambda y: {"loss": y.sum(), "logits": y}, "none": lambda y: None,
    "dataclass": lambda y: Answer(y.sum(), y), "turned": lambda y: y.T, "texts": lambda y: ["a", "b"],
}  # fmt: skip


@pytest.mark.parametrize("answer", ANSWERS)
def test_capture_needs_only_the_tail(answer):
    """Whatever the whole model gives, what enters the tail is kept; outputs only where they are rows."""
    model, points = (
        forward(lambda x, a, b: ANSWERS[answer](b(a(x))), nn.Linear(2, 4), nn.Linear(4, 3)),
        torch.randn(5, 2),
    )
    found = eh.capture(model, model.parts[1], points)
    np.testing.assert_allclose(found.points, model.parts[0](points).detach().numpy(), atol=1e-7)
    assert found.outputs is None and found.labels is None
    one = forward(lambda x, a, b: (b(a(x)), None, "text"), *model.parts)
    captured = eh.capture(one, one.parts[1], [(points.numpy(), np.arange(5))])
    np.testing.assert_allclose(captured.outputs, model.parts[1](model.parts[0](points)).detach().numpy(), atol=1e-7)
    assert captured.labels.tolist() == [0, 1, 2, 3, 4]


class Through(nn.Module):
    """A hidden layer that goes through a function."""

    def __init__(self, function):
        super().__init__()
        self.first, self.last, self.function = nn.Linear(2, 3), nn.Linear(3, 1), function

    def forward(self, x):
        return self.last(self.function(self.first(x)))


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (lambda h: (h > 0).float(), lambda h: h > 0), (lambda h: (h > 0.25).to(h.dtype), lambda h: h > 0.25),
        (lambda h: torch.lt(h, -0.5).float(), lambda h: h < -0.5), (lambda h: (h > 0) * 2.0, lambda h: 2 * (h > 0)),
    ],
)  # fmt: skip
def test_comparisons(function, wanted):
    """Where a hidden output is above or below a number is a step."""
    module = Through(function)
    network, points = eh.from_torch(module), np.random.default_rng(1).standard_normal((50, 2))
    first, last = (
        [one.detach().double().numpy() for one in layer.parameters()] for layer in (module.first, module.last)
    )
    hidden = wanted(points @ first[0].T + first[1])
    np.testing.assert_allclose(network.run(points), hidden @ last[0].T + last[1], atol=1e-6)
    assert network.activations == ("step", "identity")


@pytest.mark.parametrize(
    "function", [lambda h: h * (h > 0), lambda h: torch.where(h > 0, h, 0), lambda h: (h >= 0).float()]
)
def test_choices_by_comparison(function):
    """They are refused with what can be written instead, and the part that can be taken."""
    with pytest.raises(eh.InputError, match=r"write torch.heaviside, torch.relu or leaky_relu.*model.last can be"):
        eh.from_torch(Through(function))


def test_a_softmax_in_between_names_the_rest():
    """The part after it is offered."""
    with pytest.raises(eh.InputError, match=r"a softmax mixes all outputs.*its part model\[2:\] can be imported"):
        eh.from_torch(nn.Sequential(nn.Linear(2, 3), nn.Softmax(1), nn.Linear(3, 1)))


class Twice(nn.Module):
    """It gives something else at every call."""

    def __init__(self):
        super().__init__()
        self.layer, self.calls = nn.Linear(2, 1), 0

    def forward(self, x):
        self.calls += 1
        return self.layer(x) + self.calls


def test_modules_that_change():
    """Weights made before load_state_dict change at the first call, which is said."""
    with pytest.raises(eh.InputError, match=r"something else when it runs again.*run the module once on an input"):
        eh.from_torch(Twice())


class Taking(nn.Module):
    """A module that takes something else than one tensor of floats."""

    def __init__(self, kind):
        super().__init__()
        self.table, self.head, self.kind = nn.Embedding(4, 2), nn.Linear(2, 1), kind

    def forward(self, x, *more):
        if self.kind == "whole":
            assert x.dtype == torch.long
        elif self.kind == "two":
            (x,) = more
        else:
            x = x["ids"]
        return self.head(self.table(x))


@pytest.mark.parametrize("kind", ["whole", "two", "dictionary"])
def test_modules_of_other_inputs(kind):
    """They are answered with what they are run on and with the part that can be taken."""
    with pytest.raises(eh.InputError, match=r"one tensor of floating-point numbers.*its part model.head can be"):
        eh.from_torch(Taking(kind))


def test_batches_without_an_end():
    """A loader that never ends is stopped, and said to be one, before memory is full."""
    import itertools

    endless = (np.zeros((1, 2)) for _ in itertools.count())
    with pytest.raises(
        eh.InputError, match=r"gives more than 1,000,000 batches or inputs, or never ends; give an array"
    ):
        eh.from_torch(torch.nn.Linear(2, 1), data=endless)
    with pytest.raises(eh.InputError, match="give the neurons of each hidden layer, such as"):
        eh.from_state_dict(torch.nn.Linear(2, 1).state_dict(), widths=itertools.count(1))
