"""What stands around plain layers in a module: constants, hooks that make weights, shapes, and ways to write them."""

import copy
import dataclasses
import warnings

import numpy as np
import pytest
from hypothesis import given, settings

import everyhow as eh
from everyhow.model.activations import activation

from .strategies import written_modules

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional
from torch.nn.utils import parametrizations, prune, spectral_norm, weight_norm  # noqa: E402

from everyhow.importing.torch_parts import traced_at_any_width  # noqa: E402


class Written(nn.Module):
    """2-3-2, a tanh between, with functions of one's own before, between and after."""

    def __init__(self, before=None, after=None, between=torch.tanh, outputs=2):
        super().__init__()
        self.a, self.b = nn.Linear(2, 3), nn.Linear(3, outputs)
        self.before, self.between, self.after = before or (lambda x, m: x), between, after or (lambda y, m: y)
        self.register_buffer("mean", torch.tensor([0.25, -1.5]))
        self.std = nn.Parameter(torch.tensor([0.5, 3.0]))

    def forward(self, x):
        return self.after(self.b(self.between(self.a(self.before(x, self)))), self)


def outputs_of(module, points):
    with torch.no_grad():
        return module(torch.from_numpy(points))


def same(module, after=lambda y: y, widths=(2, 3, 2), activations=("tanh", "identity")):
    """The network of a module, once it was seen to give what the module gives."""
    torch.manual_seed(0)
    module = module.double().eval()
    network = eh.from_torch(module)
    assert (network.widths, network.activations) == (widths, activations)
    points = np.random.default_rng(0).standard_normal((9, widths[0]))
    expected = after(outputs_of(module, points)).reshape(9, -1).numpy()
    np.testing.assert_allclose(network.run(points), expected, rtol=1e-12, atol=1e-12)
    return network


BEFORE = {
    "2x-1": lambda x, m: 2 * x - 1,
    "(x-0.5)/0.5": lambda x, m: (x - 0.5) / 0.5,
    "x+1": lambda x, m: x + 1,
    "1-x": lambda x, m: 1 - x,
    "-x": lambda x, m: -x,
    "buffers": lambda x, m: (x - m.mean) / m.std,
    "functions": lambda x, m: torch.div(torch.sub(torch.mul(x, 3), m.mean, alpha=2), m.std),
    "rsub": lambda x, m: torch.rsub(x, m.mean, alpha=4),
    "sub": lambda x, m: torch.sub(m.mean, x, alpha=3),
    "add": lambda x, m: torch.add(m.mean, x, alpha=0.5),
    "neg": lambda x, m: torch.neg(x),
    "in place": lambda x, m: x.clone().mul_(2).sub_(1),
    "rows": lambda x, m: x + m.mean[None, :].repeat(len(x), 1),
    "numpy": lambda x, m: x * np.float32(0.5) + np.float64(2),
    "bool": lambda x, m: x + torch.tensor([True, False]),
}


@pytest.mark.parametrize("form", BEFORE)
def test_constants_before(form):
    """They become part of the first layer: numbers, buffers and parameters, as operators and as functions."""
    network = same(Written(before=BEFORE[form]))
    assert any("folded into one layer" in word for word in network.origin.folded)


AFTER = {
    "y/2": lambda y, m: y / 2,
    "-y": lambda y, m: -y,
    "1-y": lambda y, m: 1 - y,
    "scale and shift": lambda y, m: y * m.std + m.mean,
}


@pytest.mark.parametrize("form", AFTER)
def test_constants_after(form):
    """After a linear layer they become part of it; between layers, of the layer before or after."""
    same(Written(after=AFTER[form]))
    same(Written(between=lambda z: 3 * torch.tanh(z / 2 + 1) - 2))


def test_constants_after_an_activation():
    """A tanh moved into 0 to 1 is a sigmoid of twice its argument, a sigmoid moved back a tanh of half of it."""
    same(Written(after=lambda y, m: (torch.tanh(y) + 1) / 2), activations=("tanh", "sigmoid:2"))
    same(Written(after=lambda y, m: 2 * torch.sigmoid(y) - 1), activations=("tanh", "tanh"))
    same(Written(after=lambda y, m: 3 * torch.relu(y)), activations=("tanh", "relu"))
    same(Written(after=lambda y, m: 1 - torch.sigmoid(y)), activations=("tanh", "sigmoid"))
    for after in (lambda y, m: torch.sigmoid(y) - 0.5, lambda y, m: 3 * torch.tanh(y)):
        with pytest.raises(eh.InputError, match="only moves where an output turns: import the model without it"):
            eh.from_torch(Written(after=after))


@settings(max_examples=50)
@given(written_modules())
def test_round_trip(module):
    """Whatever stands around the layers, they are the layers of the network, and it gives what the module gives."""
    before = {name: value.clone() for name, value in module.state_dict().items()}
    network = eh.from_torch(module)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())
    assert network.widths == (module.parts[0].in_features, *(part.out_features for part in module.parts))
    points = np.random.default_rng(3).standard_normal((11, network.widths[0]))
    expected = opened(outputs_of(module, points)).numpy()
    np.testing.assert_allclose(network.run(points), expected, rtol=1e-9, atol=1e-9)


@dataclasses.dataclass
class Answer:
    logits: object
    name: str = "text"


FORMS = {
    "view": lambda y: y.view(-1, 2),
    "reshape": lambda y: y.reshape(y.shape[0], -1),
    "flatten": lambda y: y.flatten(1),
    "unsqueeze": lambda y: y.unsqueeze(1).unsqueeze(-1).squeeze(),
    "to": lambda y: y.to(torch.float64),
    "type": lambda y: y.type(torch.float64).type_as(y),
    "like": lambda y: y.reshape(-1).view_as(y) + torch.zeros_like(y),
    "clone": lambda y: y.clone().detach(),
    "transposed": lambda y: y.T.contiguous().t(),
    "permuted": lambda y: y[None].permute(1, 2, 0),
    "data": lambda y: y.data,
    "tuple": lambda y: (y, None, 3),
    "dict": lambda y: {"logits": y, "loss": None},
    "nested": lambda y: [{"a": (y,)}],
    "dataclass": Answer,
}


def opened(answer):
    """The tensor in one of the answers above."""
    while not isinstance(answer, torch.Tensor):
        answer = answer.logits if isinstance(answer, Answer) else answer
        if isinstance(answer, (tuple, list)):
            answer = answer[0]
        elif isinstance(answer, dict):
            answer = next(iter(answer.values()))
    return answer


@pytest.mark.parametrize("form", FORMS)
def test_what_stands_around(form):
    """Views and casts do nothing to the features; outputs in a tuple, dictionary or dataclass are found."""
    same(Written(after=lambda y, m: FORMS[form](y)), opened)


def test_outputs_of_one_number():
    """Without an axis for the outputs there is one output; some outputs are those outputs."""
    for form in (
        lambda y: y[:, 0],
        lambda y: y.squeeze(),
        lambda y: y.squeeze(-1),
        lambda y: y.view(-1),
        lambda y: y.flatten(),
    ):
        network = same(Written(after=lambda y, m, form=form: form(y), outputs=1), widths=(2, 3, 1))
        assert (
            eh.from_torch(Written(after=lambda y, m, form=form: form(y), outputs=1), torch.rand(1, 2)).widths
            == network.widths
        )
    for form, width in (
        (lambda y: y[:, 1], 1),
        (lambda y: y[:, 1:], 1),
        (lambda y: y[..., 0], 1),
        (lambda y: y.flip(1), 2),
        (lambda y: torch.sigmoid(y).select(1, 0), 1),
        (lambda y: y.index_select(1, torch.tensor([1, 0])), 2),
    ):
        last = "sigmoid" if "sigmoid" in form.__code__.co_names else "identity"
        same(Written(after=lambda y, m, form=form: form(y)), widths=(2, 3, width), activations=("tanh", last))
    words = eh.from_torch(Written(after=lambda y, m: y[:, 1])).origin.folded
    assert "getitem keeps 1 of 2 features" in words


class Layers(nn.Module):
    """A linear layer 2-3 written in one way, a ReLU in one way, and a linear layer 3-1."""

    def __init__(self, linear, relu):
        super().__init__()
        self.a, self.b, self.linear, self.relu = nn.Linear(2, 3), nn.Linear(3, 1), linear, relu

    def forward(self, x):
        assert x.shape[1] == 2 and x.ndim == 2 and x.size(0) > 0
        if x.dim() == 1:
            x = x.unsqueeze(0)
        return self.b(self.relu(self.linear(x, self.a.weight, self.a.bias)))


LINEAR = {
    "linear": functional.linear,
    "matmul": lambda x, w, b: x @ w.T + b,
    "addmm": lambda x, w, b: torch.addmm(b, x, w.t()),
    "scaled": lambda x, w, b: torch.addmm(b, x, w.t(), beta=0.5, alpha=-2),
    "einsum": lambda x, w, b: torch.einsum("bi,oi->bo", x, w) + b,
    "einsum turned": lambda x, w, b: torch.einsum("oi,bi->ob", w, x).T + b,
    "left": lambda x, w, b: (w @ x.T + b[:, None]).T,
    "bmm": lambda x, w, b: torch.bmm(x[None], w.T[None])[0] + b,
    "tensordot": lambda x, w, b: torch.tensordot(x, w, ([1], [1])) + b,
    "inner": lambda x, w, b: torch.inner(x, w).add(b),
}
RELU = {
    "clamp": lambda z: z.clamp(min=0),
    "torch.clamp": lambda z: torch.clamp(z, 0),
    "clamp_min": lambda z: z.clamp_min(0),
    "maximum": lambda z: torch.maximum(z, torch.zeros(3)),
    "zeros": lambda z: torch.maximum(torch.zeros_like(z), z),
    "max": lambda z: torch.max(z, torch.tensor(0.0)),
    "threshold": lambda z: functional.threshold(z, 0, 0),
    "relu_": lambda z: z.relu_(),
    "clip": lambda z: z.clip(min=0.0),
}


@pytest.mark.parametrize(
    ("linear", "relu"), [*((form, "clamp") for form in LINEAR), *(("linear", form) for form in RELU)]
)
def test_ways_to_write(linear, relu):
    """A linear layer and a ReLU in whatever way; asserts and paths that ask for shapes."""
    network = same(Layers(LINEAR[linear], RELU[relu]), widths=(2, 3, 1), activations=("relu", "identity"))
    assert network.edges == 9


def test_inputs_in_another_order():
    """Inputs turned around and back are the same; turned around for a product, they are not followed."""
    same(Written(after=lambda y, m: (2 * y.flip(0)).flip(0)))
    for form in (lambda x, m: torch.matmul(x.flip(0), torch.eye(2).double()), lambda x, m: x.flip(0)):
        with pytest.raises(eh.InputError, match=r"does not keep the 5 inputs apart|it must give one row for each"):
            eh.from_torch(Written(before=form).double())


def test_large_products():
    """More features than one run has inputs."""
    weights = torch.randn(40, 23, dtype=torch.float64)
    module = Written(before=lambda x, m: torch.einsum("bi,oi->bo", x, weights[:2, :]))
    module = nn.Sequential(module).double()
    network = eh.from_torch(module, torch.rand(6, 23))
    np.testing.assert_array_equal(network.weights[0], weights[:2].numpy())


def normed(layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return weight_norm(layer)


def pruned(layer):
    return prune.l1_unstructured(layer, "weight", amount=2)


class Doubled(nn.Module):
    def forward(self, weight):
        return 2 * weight


def parametrized(layer):
    torch.nn.utils.parametrize.register_parametrization(layer, "weight", Doubled())
    return layer


MAKERS = (normed, parametrizations.weight_norm, spectral_norm, parametrizations.spectral_norm, pruned, parametrized)


@pytest.mark.parametrize("made", MAKERS)
def test_weights_that_hooks_make(made):
    """They are read as a forward pass makes them, also just after new ones were loaded; the module stays as it was."""

    def build(seed):
        torch.manual_seed(seed)
        return nn.Sequential(made(nn.Linear(2, 3)), nn.ReLU(), nn.Linear(3, 1)).eval()

    one, two = build(0), build(1)
    two.load_state_dict(one.state_dict())
    stale = two[0].weight.detach().clone()
    before = {name: value.clone() for name, value in two.state_dict().items()}
    network = eh.from_torch(two)
    assert network.widths == (2, 3, 1)
    assert all(torch.equal(value, before[name]) for name, value in two.state_dict().items())
    assert torch.equal(stale, two[0].weight)
    if made is not parametrized and "parametri" not in made.__module__:
        assert two[0].__dict__["weight"].shape == (3, 2)
    points = torch.rand(8, 2)
    with torch.no_grad():
        expected = two(points)
    np.testing.assert_allclose(network.run(points.double().numpy()), expected.numpy(), atol=1e-6)
    np.testing.assert_allclose(network.weights[0], two[0].weight.detach().numpy(), rtol=1e-6)


@pytest.mark.parametrize("made", [spectral_norm, parametrizations.spectral_norm])
def test_spectral_norm_in_training(made):
    """Each run in training mode changes the weights, so there is nothing to import yet."""
    module = nn.Sequential(made(nn.Linear(2, 3)), nn.ReLU(), nn.Linear(3, 1))
    before = copy.deepcopy(module.eval().state_dict())
    with pytest.raises(eh.InputError, match=r"is in training mode; call module.eval\(\) first"):
        eh.from_torch(module.train())
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


def test_hooks_on_what_enters():
    """A hook that changes what a layer takes is followed like anything else."""
    module = Written()
    module.b.register_forward_pre_hook(lambda one, entering: (entering[0] * 2,))
    network = same(module)
    np.testing.assert_allclose(network.weights[1], 2 * module.b.weight.detach().numpy())


def test_compiled_and_parallel():
    """A compiled or a parallel module is the one that it runs, alone or inside."""
    torch.manual_seed(0)
    inner = nn.Sequential(nn.Linear(2, 3), nn.ReLU())
    compiled_function = torch.compile(lambda x: x * 2 - 1, backend="eager")

    class Inside(nn.Module):
        def __init__(self):
            super().__init__()
            self.part, self.other = torch.compile(inner, backend="eager"), nn.DataParallel(nn.Linear(3, 1))

        def forward(self, x):
            return self.other(self.part(compiled_function(x)))

    inside = Inside()
    plain = nn.Sequential(inner, inside.other.module)
    for module, points in ((inside, lambda x: 2 * x - 1), (torch.compile(plain, backend="eager"), lambda x: x)):
        network = eh.from_torch(nn.DataParallel(module))
        x = torch.rand(5, 2)
        np.testing.assert_allclose(network.run(x.double().numpy()), plain(points(x)).detach().numpy(), atol=1e-6)
    assert eh.capture(inside, inside.other, torch.rand(4, 2)).points.shape == (4, 3)
    assert eh.capture(inside, inside.part, [torch.rand(4, 2)]).points.shape == (4, 2)


NAMES = {
    "gelu": (nn.GELU(), functional.gelu),
    "gelu_new": (nn.GELU("tanh"), lambda z: functional.gelu(z, approximate="tanh")),
    "silu": (nn.SiLU(), functional.silu),
    "elu": (nn.ELU(), functional.elu, nn.CELU(), lambda z: functional.elu_(z)),
    "elu:0.5": (nn.ELU(0.5), lambda z: functional.elu(z, 0.5)),
    "selu": (nn.SELU(), functional.selu),
    "softplus": (nn.Softplus(), functional.softplus),
    "softplus:3.0": (nn.Softplus(3, 60), lambda z: functional.softplus(z, beta=3)),
    "hardtanh": (
        nn.Hardtanh(),
        functional.hardtanh,
        lambda z: z.clamp(-1, 1),
        lambda z: torch.clip(z, min=-1.0, max=1.0),
    ),
    "hardtanh:-2:0.5": (nn.Hardtanh(-2, 0.5), lambda z: z.clamp(-2, 0.5)),
    "relu6": (nn.ReLU6(), functional.relu6),
    "hardsigmoid": (nn.Hardsigmoid(), functional.hardsigmoid),
    "hardswish": (nn.Hardswish(), functional.hardswish),
    "softsign": (nn.Softsign(), functional.softsign),
    "relu": (nn.ReLU(True), nn.Threshold(0, 0), nn.Hardtanh(0, float("inf"))),
    "leaky_relu:0.25": (nn.PReLU(), lambda z: functional.leaky_relu(z, 0.25), nn.RReLU(0.2, 0.3).eval()),
    "leaky_relu:-0.5": (nn.LeakyReLU(-0.5),),
    "sigmoid": (nn.Sigmoid(), functional.sigmoid, torch.special.expit),
    "sign": (torch.sign, torch.sgn),
    "step": (lambda z: torch.heaviside(z, torch.tensor(0.0)),),
    "tanh": (nn.Tanh(), torch.tanh_),
}


class Between(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.a, self.function, self.b = nn.Linear(2, 3), function, nn.Linear(3, 1)

    def forward(self, x):
        return self.b(self.function(self.a(x)))


@pytest.mark.parametrize("name", NAMES)
def test_names_of_activations(name):
    """Every module and function of an activation has one name here, and where networks have it, the same values."""
    for function in NAMES[name]:
        torch.manual_seed(1)
        module = Between(function).eval()
        steps = traced_at_any_width(module).steps
        assert [type(step).__name__ for step in steps] == ["Affine", "Nonlinear", "Affine"]
        assert steps[1].name == name
        try:
            activation(name)
        except eh.InputError as error:
            with pytest.raises(eh.InputError, match=str(error).partition(";")[0]):
                eh.from_torch(module)
            continue
        points = torch.randn(300, 2) * 4
        np.testing.assert_allclose(
            eh.from_torch(module, points).run(points.double().numpy()), module(points).detach().numpy(), atol=1e-5
        )


def test_activations_that_differ():
    """Each layer has the activation that stands after it."""
    layers = [
        nn.Linear(2, 3),
        nn.Tanh(),
        nn.Linear(3, 3),
        nn.LeakyReLU(0.2),
        nn.Linear(3, 2),
        nn.Linear(2, 2),
        nn.Sigmoid(),
    ]
    same(nn.Sequential(*layers), widths=(2, 3, 3, 2, 2), activations=("tanh", "leaky_relu:0.2", "identity", "sigmoid"))


UNSUITED = [
    (
        lambda z: functional.softplus(z, threshold=3),
        "softplus: its beta is 1 and its threshold 3; a beta above 0 and a th",
    ),
    (
        lambda z: functional.threshold(z, 0.5, 0),
        "threshold: its threshold is 0.5 and its value 0; 0 and 0, a ReLU, are",
    ),
    (lambda z: z.clamp(max=1), "clamp: it keeps numbers between -inf and 1; supported are 0 without an upper end"),
    (lambda z: z.clamp(min=torch.zeros(3)), "clamp: its min is a tensor .3,. of float32; one number is supported"),
    (lambda z: torch.heaviside(z, torch.tensor(0.5)), "heaviside: its value at 0 is not 0; values=0 is supported"),
    (
        lambda z: torch.maximum(z, torch.ones(3)),
        "maximum: its other operand is a tensor .3,. of float32; the maximum with 0",
    ),
    (lambda z: z.max(), "max: it gives|max: its other operand|max: "),
    (lambda z: functional.celu(z, 2.0), "celu: its alpha is 2; 1 is"),
    (lambda z: functional.rrelu(z, training=True), "rrelu: it is in training mode"),
    (lambda z: torch.div(z, 2, rounding_mode="floor"), "div: it rounds; division without rounding_mode is supported"),
    (lambda z: torch.logsumexp(z, 1), "logsumexp is not supported"),
    (lambda z: z.exp(), "exp is not supported; Linear"),
]


@pytest.mark.parametrize(("function", "message"), UNSUITED)
def test_forms_that_are_refused(function, message):
    """An activation with options that make another function of it is refused with what is supported."""
    with pytest.raises(eh.InputError, match=message):
        eh.from_torch(Between(function))


def test_softmax_at_the_end():
    """It is left out and said: the largest output is the same, and the shares are those of the module."""
    for last in (nn.Softmax(1), nn.Softmax(-1), nn.LogSoftmax(1)):
        network = eh.from_torch(nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 4), last))
        assert network.activations == ("tanh", "identity") and "softmax left out" in network.origin.folded
    for form in (lambda y: y.softmax(1), lambda y: functional.log_softmax(y, dim=-1), lambda y: torch.softmax(y, 1)):
        module = Written(after=lambda y, m, form=form: form(y))
        points = np.random.default_rng(0).standard_normal((9, 2)).astype(np.float32)
        network = eh.from_torch(module, points)
        theirs = outputs_of(module, points).numpy()
        assert (network.run(points.astype(float)).argmax(axis=1) == theirs.argmax(axis=1)).all()
    turned = eh.from_torch(nn.Sequential(nn.Linear(2, 3), nn.Softmin(1)))
    plain = eh.from_torch(nn.Sequential(nn.Linear(2, 3)))
    assert turned.activations == plain.activations and turned.widths == plain.widths


def test_types_that_differ():
    """Layers of several types with casts between are checked as the coarsest computes; without casts, named."""
    layers = nn.ModuleList([nn.Linear(2, 3, dtype=torch.float64), nn.Linear(3, 1, dtype=torch.float16)])

    class Cast(nn.Module):
        def __init__(self, *, cast):
            super().__init__()
            self.layers, self.cast = layers, cast

        def forward(self, x):
            x = torch.relu(self.layers[0](x))
            return self.layers[1](x.half() if self.cast else x)

    assert eh.from_torch(Cast(cast=True)).origin.precision == "float16"
    with pytest.raises(eh.InputError, match=r"does not run on inputs of shape .5, 2. at Linear layers.1 .*same dtype"):
        eh.from_torch(Cast(cast=False))
    narrow = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    with torch.autocast("cpu", torch.bfloat16):
        assert eh.from_torch(narrow).origin.precision == "bfloat16"


def test_layers_that_are_not_followed():
    """Quantised layers, programs and what cannot be copied are named with what to do."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        quantized = torch.ao.quantization.quantize_dynamic(plain, {nn.Linear})
        scripted = nn.Sequential(torch.jit.script(nn.Linear(2, 2)), nn.Linear(2, 2))
    with pytest.raises(
        eh.InputError, match="Linear 0 is quantized, its weights being whole numbers; import the model it"
    ):
        eh.from_torch(quantized)
    with pytest.raises(eh.InputError, match=r"0 is a TorchScript program.*its part model\[1:\] can be imported"):
        eh.from_torch(scripted)
    plain.generator = (k for k in "x")
    with pytest.raises(
        eh.InputError, match=r"torch Sequential cannot be copied .*; import the part of it that has the lay"
    ):
        eh.from_torch(plain)


class Residual(nn.Module):
    """A skip connection and then a head."""

    def __init__(self, head):
        super().__init__()
        self.body, self.head = nn.Linear(4, 4), head

    def forward(self, x):
        return self.head(x + self.body(x))


def layered(*parts):
    return nn.Sequential(*parts)


class Own(nn.Sequential):
    """A Sequential with a constructor of its own, so that slices of it cannot be made."""

    def __init__(self, width):
        super().__init__(nn.Linear(width, 3), nn.LayerNorm(3), nn.Linear(3, 2))


PARTS = [
    (
        layered(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 5), nn.ReLU(), nn.Linear(5, 3)),
        "model[2:]",
        (3, 1, 4, 4),
    ),
    (layered(nn.Linear(2, 2), nn.LayerNorm(2), nn.ReLU(), nn.Linear(2, 1)), "model[3:]", (3, 2)),
    (Residual(layered(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))), "model.head", (3, 4)),
    (Residual(layered(nn.Linear(4, 3), nn.LayerNorm(3), nn.Linear(3, 1))), "model.head[2:]", (3, 4)),
    (layered(nn.Linear(4, 4), Residual(nn.Linear(4, 2))), "model[1].head", (3, 4)),
    (Own(4), "model[2]", (3, 4)),
    (layered(nn.LSTM(4, 3)), None, (3, 4)),
    (nn.Conv1d(1, 1, 1), None, (3, 1, 4)),
]


@pytest.mark.parametrize(("model", "part", "shape"), PARTS)
def test_the_part_that_can_be_taken(model, part, shape):
    """The message names a real part of this very module, and what it says works."""
    data = torch.randn(shape)
    for taken in (None, data):
        with pytest.raises(eh.InputError) as raised:
            eh.from_torch(model.eval(), taken)
        message = str(raised.value)
        if part is None:
            assert message.endswith("; no part at its end can be imported")
        else:
            advised = f"everyhow.from_torch({part}, everyhow.capture(model, {part}, batches).points)"
            assert f"; its part {part} can be imported: {advised}" in message
            network = eval(advised, {"everyhow": eh, "model": model, "batches": [data]})
            assert network.widths[-1] == model(data).shape[1]
