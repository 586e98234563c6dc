"""How far activations may be off, by hand."""

import numpy as np
import pytest

from everyhow.kernels.margins import moved

RELU, TANH, SIGN, GELU = 0, 1, 7, 8
MOVED = [
    # code, first parameter, input, how far it may be off: how far the activation may be
    (RELU, 0.0, 2.0, 0.5, 0.5),
    (RELU, 0.0, -2.0, 0.5, 0.0),
    (RELU, 0.0, 0.25, 0.5, 0.5),
    (RELU, 0.25, -2.0, 0.5, 0.125),
    (RELU, 0.25, -0.25, 0.5, 0.5),
    (RELU, -3.0, -2.0, 0.5, 1.5),
    (RELU, -3.0, 0.25, 0.5, 1.5),
    (TANH, 0.0, 0.0, 0.5, np.tanh(0.5)),
    (TANH, 0.0, 2.0, 0.5, np.tanh(2.0) - np.tanh(1.5)),
    (SIGN, -1.0, 0.5, 0.5, 2.0),
    (SIGN, -1.0, 0.75, 0.5, 0.0),
    (SIGN, 0.0, -0.25, 0.5, 1.0),
    (GELU, 0.0, 1.0, 0.5, 0.75),
    *((code, 0.25, z, 0.0, 0.0) for code in (RELU, TANH, SIGN, GELU) for z in (-1.0, 0.0, 1.0)),
]


@pytest.mark.parametrize(("code", "first", "z", "off", "expected"), MOVED)
def test_moved(code, first, z, off, expected):
    """As far as the function goes within the reach of its input; nowhere where that is exact."""
    assert moved(code, np.array([first, 0.0, 0.0, 0.0]), z, off) == pytest.approx(expected, rel=1e-12)
