"""Runs with neurons held by their names: as with interventions, and refused with the next step."""

from pathlib import Path

import numpy as np
import pytest

import everyhow as eh

from ..conftest import reference
from .attention import attending_xor

POINTS = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


def test_as_interventions():
    """Neurons of two layers, one number for all inputs and one for each."""
    network = reference("xor-2-3-3-1-seed0")[1]
    values = np.array([0.1, -0.5, 2.0, 0.0])
    by_number = [eh.Intervention(1, (2,), values[:, None]), eh.Intervention(2, (0,), np.full((4, 1), 0.25))]
    expected = network.run(POINTS, by_number)
    assert np.array_equal(network.run(POINTS, patch={"h1.2": values, "h2.0": 0.25}), expected)
    assert np.array_equal(network.run(POINTS, by_number[:1], patch={"h2.0": [0.25] * 4}), expected)
    assert np.array_equal(network.run(POINTS, patch={}), network.run(POINTS))


@pytest.mark.parametrize(("patch", "said"), [
    ({"h1.9": 0}, "patch names 'h1.9', which the model does not have; its hidden neurons are h1.0, h1.1, h1.2"),
    ({"A": 0}, "patch names A, which is an input of the model"),
    ({"out0": 0}, "patch names out0, which is an output of the model"),
    ({"h1.0": [0, 1]}, "values of shape (2,) for 4 inputs; give one number, or one for each input"),
    ({"h1.0": "one"}, "h1.0"),
    ([("h1.0", 1)], 'give the values of neurons by their names, such as {"h1.0": 0.5}'),
    ({1: 0.5}, "give the values of neurons by their names"),
])  # fmt: skip
def test_errors(patch, said):
    with pytest.raises(eh.InputError) as error:
        eh.xornet().run(POINTS, patch=patch)
    assert said in str(error.value)


def test_heads_by_name():
    """A node that holds several numbers takes so many, for all inputs or for each."""
    model = attending_xor()
    name, numbers = model.graph.names[1][0], model.graph.numbers[1]
    values = np.random.default_rng(0).normal(size=(4, numbers))
    expected = model.run(model.corners, [eh.Intervention(1, (0,), values[:, None])])
    assert np.array_equal(model.run(model.corners, patch={name: values}), expected)
    alike = model.run(model.corners, [eh.Intervention(1, (0,), np.repeat(values[None, :1], 4, axis=0))])
    assert np.array_equal(model.run(model.corners, patch={name: values[0]}), alike)
    with pytest.raises(eh.InputError, match=f"give {numbers} numbers, or so many for each input"):
        model.run(model.corners, patch={name: 0.0})


def test_a_transformer_by_name():
    """Of an imported transformer, what a head writes is held by its name; the rest runs as it does."""
    model = reference_transformer()
    tokens = np.zeros((2, model.features), dtype=int)
    states = model.states(tokens)
    assert len(model.graph.inner) > 1
    for stage in range(1, model.graph.last):
        for place, name in enumerate(model.graph.names[stage]):
            held = model.run(tokens, patch={name: states[stage][:, place]})
            assert np.allclose(held, model.run(tokens))


def reference_transformer():
    return eh.load(Path(__file__).parents[1] / "reference" / "transformers" / "tracr-hist.json")
