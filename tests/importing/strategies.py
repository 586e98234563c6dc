"""Random models of other libraries, and where each kind of import takes its biases from."""

import itertools

import numpy as np
import pytest
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
nn = torch.nn

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


def trainable():
    """A small module with every kind of layer that a file can hold."""
    torch.manual_seed(3)
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 1)).eval()


def wrong_bias(monkeypatch, layer=-1, by=1e-3):
    """From now on, what is put together from a model has one bias of one layer wrong."""
    from everyhow import Network
    from everyhow.importing import checking, layers, sklearn_models

    def wrong(steps):
        network, words = layers.fold(steps)
        biases = [np.array(one) for one in network.biases]
        biases[layer][0] += by
        return Network(network.weights, biases, network.activations), words

    for module in (checking, sklearn_models):
        monkeypatch.setattr(module, "fold", wrong)
