"""Random modules of PyTorch."""

import itertools

import pytest
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional
from torch.nn.utils import parametrizations, prune, spectral_norm  # noqa: E402

TYPES = [torch.float32, torch.float64, torch.float16, torch.bfloat16]
SLOPES = st.sampled_from([0.0, 0.01, 0.2, 1.0, 1.5])


@st.composite
def modules(draw, inputs=(1, 10), layers=(1, 4), widest=6):
    """A module of random depth and widths, nested at random, in eval mode, in any precision."""
    generator = torch.Generator().manual_seed(draw(st.integers(0, 2**31)))
    sizes = draw(st.lists(st.integers(1, widest), min_size=layers[0] + 1, max_size=layers[1] + 1))
    sizes[0] = draw(st.integers(*inputs))
    parts = []
    for before, width in itertools.pairwise(sizes):
        parts += draw(st.lists(st.builds(nn.Flatten) | st.builds(nn.Identity), max_size=1))
        parts.append(nn.Linear(before, width, bias=draw(st.booleans())))
        if draw(st.booleans()):
            parts.append(_normalization(draw, width))
        parts.append(_activation(draw))
        parts += draw(st.lists(st.builds(nn.Dropout, st.just(0.4)), max_size=1))
    if draw(st.booleans()):
        parts.append(nn.Linear(sizes[-1], draw(st.integers(1, 3))))
    cut = draw(st.integers(0, len(parts)))
    module = nn.Sequential(*parts[:cut], nn.Sequential(*parts[cut:])) if draw(st.booleans()) else nn.Sequential(*parts)
    with torch.no_grad():
        for name, one in [*module.named_parameters(), *module.named_buffers()]:
            if name.endswith("running_var"):
                one.uniform_(0.01, 3, generator=generator)
            elif one.ndim:
                one.normal_(generator=generator)
    for part in module.modules():
        if isinstance(part, nn.PReLU):
            nn.init.constant_(part.weight, draw(SLOPES))
    return module.eval().to(draw(st.sampled_from(TYPES)))


def _normalization(draw, width):
    return nn.BatchNorm1d(width, eps=draw(st.sampled_from([1e-5, 1e-3, 0.1])), affine=draw(st.booleans()))


def _activation(draw):
    kind = draw(st.sampled_from([nn.ReLU, nn.Tanh, nn.Sigmoid, nn.LeakyReLU, nn.PReLU, nn.Identity]))
    if kind is nn.LeakyReLU:
        return nn.LeakyReLU(draw(SLOPES))
    return nn.ReLU(inplace=draw(st.booleans())) if kind is nn.ReLU else kind()


CONSTANT = st.sampled_from([-3.0, -1.0, -0.5, 0.25, 0.5, 1.0, 2.0])
# What stands around a layer, in ways that do not change the network.
AROUND = st.sampled_from([
    lambda y: y, lambda y: y.clone(), lambda y: y.reshape(len(y), -1), lambda y: y.T.t(), lambda y: y.flip(1).flip(1),
    lambda y: y.unsqueeze(1)[:, 0], lambda y: y.to(y.dtype),
])  # fmt: skip
BY_ITSELF = st.just(lambda x, part: part(x))
WRITTEN = BY_ITSELF | st.sampled_from([
    lambda x, part: functional.linear(x, part.weight, part.bias),
    lambda x, part: x @ part.weight.T + (0 if part.bias is None else part.bias),
    lambda x, part: torch.einsum("oi,bi->bo", part.weight, x) + (0 if part.bias is None else part.bias),
    lambda x, part: (torch.mm(part.weight, x.T) + (0 if part.bias is None else part.bias[:, None])).T,
])  # fmt: skip
# What makes weights, and how the layer may be written then: hooks run only when the layer itself does.
MADE = st.sampled_from([
    (lambda part: part, WRITTEN), (parametrizations.weight_norm, WRITTEN), (parametrizations.spectral_norm, WRITTEN),
    (spectral_norm, BY_ITSELF), (lambda part: prune.random_unstructured(part, "weight", amount=0.3), BY_ITSELF),
])  # fmt: skip
ACTIVATED = st.sampled_from([
    lambda z: z, torch.relu, torch.tanh, lambda z: z.sigmoid(), lambda z: z.clamp(min=0), lambda z: z.clone().relu_(),
    lambda z: functional.leaky_relu(z, 0.2),
])  # fmt: skip


class Written(nn.Module):
    """Linear layers with a forward of its own: for each layer, what its place in the forward does."""

    def __init__(self, parts, stages, answer):
        super().__init__()
        self.parts, self.stages, self.answer = nn.ModuleList(parts), stages, answer

    def forward(self, x):
        assert x.ndim == 2 and x.shape[1] == self.parts[0].in_features
        for part, (scale, shift, around, written, activated) in zip(self.parts, self.stages, strict=True):
            x = activated(around(written(x * scale + shift, part)))
        return self.answer(x)


@st.composite
def written_modules(draw, widest=5):
    """Modules with constants, weights that hooks make, linear layers in a row, and layers written in several ways."""
    torch.manual_seed(draw(st.integers(0, 2**31)))
    sizes = draw(st.lists(st.integers(1, widest), min_size=2, max_size=5))
    parts, stages = [], []
    for pair in itertools.pairwise(sizes):
        made, written = draw(MADE)
        parts.append(made(nn.Linear(*pair, bias=draw(st.booleans()))))
        stages.append(tuple(map(draw, (CONSTANT, CONSTANT, AROUND, written, ACTIVATED))))
    answers = [lambda y: y, lambda y: (y, None), lambda y: {"y": y}]
    return Written(parts, stages, draw(st.sampled_from(answers))).eval().double()


def trainable():
    """A small module with every kind of layer that a file can hold."""
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1)).eval()
