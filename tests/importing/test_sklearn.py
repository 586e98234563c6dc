"""scikit-learn's perceptrons: round trips of tiny fits, and what is refused."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh

from .strategies import wrong_bias

pytest.importorskip("sklearn")
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, PolynomialFeatures, StandardScaler

POINTS = np.random.default_rng(0).standard_normal((30, 3)) * 3 + 1
BITS = POINTS[:, 0] > 1
TARGETS = {"binary": BITS, "classes": BITS * 1 + (POINTS[:, 1] > 1), "labels": np.stack([BITS, POINTS[:, 1] > 1], 1)}


def fitted(model, points=POINTS, targets=BITS):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(points, targets)


def perceptron(kind, **options):
    return kind(hidden_layer_sizes=(4, 2), max_iter=2, random_state=0, **options)


ACTIVATION = st.sampled_from(["identity", "logistic", "tanh", "relu"])
SCALERS = [
    (), (StandardScaler(),), (MinMaxScaler((-1, 2)),), (StandardScaler(with_mean=False),),
    (StandardScaler(with_std=False), "passthrough", MinMaxScaler()),
]  # fmt: skip


@settings(max_examples=30)
@given(
    st.sampled_from(sorted(TARGETS)), ACTIVATION, st.sampled_from(SCALERS), st.sampled_from([np.float32, np.float64])
)
def test_classifiers(task, activation, scalers, kind):
    """The network gives the probabilities of a classifier, or what their softmax is of."""
    model = perceptron(MLPClassifier, activation=activation)
    model = make_pipeline(*scalers, model) if scalers else model
    points = POINTS.astype(kind)
    network = eh.from_sklearn(fitted(model, points, TARGETS[task]), points)
    found, expected = network.run(points), model.predict_proba(points)
    if task == "classes":
        found = np.exp(found) / np.exp(found).sum(axis=1, keepdims=True)
        assert network.activations[-1] == "identity" and "softmax left out" in network.origin.folded
        assert (network.run(points).argmax(axis=1) == model.predict(points)).all()
    else:
        assert network.activations[-1] == "sigmoid"
        assert ((network.run(points) > 0.5) == model.predict(points).reshape(30, -1)).all()
    np.testing.assert_allclose(found, expected[:, 1:] if task == "binary" else expected, atol=1e-5)
    assert network.origin.inputs_checked == 30


@settings(max_examples=15)
@given(ACTIVATION, st.integers(1, 2), st.sampled_from(SCALERS))
def test_regressors(activation, outputs, scalers):
    """The network gives what a regressor predicts."""
    model = perceptron(MLPRegressor, activation=activation)
    model = make_pipeline(*scalers, model) if scalers else model
    network = eh.from_sklearn(fitted(model, POINTS, POINTS[:, :outputs].squeeze()))
    np.testing.assert_allclose(network.run(POINTS), model.predict(POINTS).reshape(30, -1), atol=1e-12)
    assert network.origin.checked_on == "8 corners" and network.origin.precision == "float64"


def refused():
    made = fitted(perceptron(MLPClassifier))
    odd = fitted(perceptron(MLPRegressor), POINTS, POINTS[:, 0])
    odd.out_activation_ = "exp"
    return [
        (perceptron(MLPClassifier), r"this MLPClassifier is not fitted, so it has no weights; call fit\(X, y\) first"),
        (fitted(LogisticRegression()), "from_sklearn takes MLPClassifier, MLPRegressor, and a Pipeline.*not Logistic"),
        ("model", "not model"),
        (odd, "layer 2 has the activation 'exp'; supported are identity, relu, tanh, logistic"),
        (fitted(make_pipeline(PolynomialFeatures(), perceptron(MLPClassifier))), "the step PolynomialFeatures of the"),
        (
            fitted(make_pipeline(MinMaxScaler(clip=True), perceptron(MLPClassifier))),
            "the step MinMaxScaler of the pipe",
        ),
        (make_pipeline(StandardScaler(), made), "the step StandardScaler of the pipeline cannot be folded.*fitted"),
        (fitted(make_pipeline(StandardScaler(), LogisticRegression())), "not LogisticRegression"),
    ]


@pytest.mark.parametrize(("model", "message"), refused())
def test_refused(model, message):
    """Other models, unfitted ones, and steps that cannot be folded are named."""
    with pytest.raises(eh.InputError, match=message):
        eh.from_sklearn(model)


@pytest.mark.parametrize("task", sorted(TARGETS))
def test_wrong_bias_is_caught(monkeypatch, task):
    """A bias wrong by 1e-3 is an error, through a softmax too."""
    model = fitted(perceptron(MLPClassifier, activation="tanh"), POINTS, TARGETS[task])
    for layer in (0, 1, 2):
        with monkeypatch.context() as patch:
            wrong_bias(patch, layer)
            with pytest.raises(
                eh.InputError, match="scikit-learn MLPClassifier: the imported network computes something"
            ):
                eh.from_sklearn(model)
