"""Importing scikit-learn's multi-layer perceptrons. scikit-learn is loaded by whoever fitted the model."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import InputError, first_line
from ..network import Network
from .checking import check_import, imported
from .layers import Affine, Nonlinear, Step, elementwise, fold
from .points import points_for
from .rounding import Precision, allowed_differences, coarsest

PERCEPTRONS = ("MLPClassifier", "MLPRegressor")
ACTIVATIONS = {"identity": None, "relu": "relu", "tanh": "tanh", "logistic": "sigmoid"}
TAKEN = "MLPClassifier, MLPRegressor, and a Pipeline of StandardScaler or MinMaxScaler and one of them"


def from_sklearn(model: Any, data: Any = None) -> Network:
    """The network of a fitted scikit-learn MLPClassifier or MLPRegressor, checked against the model's own outputs.

    A classifier of two classes, or of several labels, has sigmoid outputs: the probabilities of `predict_proba`. One of
    more classes has one output per class, whose softmax these probabilities are; the largest decides as `predict` does.
    A StandardScaler or MinMaxScaler before it in a Pipeline is folded into the first layer.

    Args:
        model: the fitted model, or a Pipeline that ends in it.
        data: inputs (inputs, features) to check it on, as in `from_torch`.

    Raises:
        InputError: a model of another class, one that is not fitted, a step of a pipeline that is no such scaler, or
            outputs that differ from the model's by more than rounding explains.
    """
    *scalers, perceptron = [part for _, part in model.steps] if hasattr(model, "steps") else [model]
    name = type(perceptron).__name__
    if name not in PERCEPTRONS:
        raise InputError(f"from_sklearn takes {TAKEN}, not {_kind(perceptron)}; write the model as one of these")
    if not hasattr(perceptron, "coefs_"):
        raise InputError(f"this {name} is not fitted, so it has no weights; call fit(X, y) first")
    softmax = perceptron.out_activation_ == "softmax"
    steps = [step for part in scalers for step in _scaler(part)] + _layers(perceptron, softmax)
    precision = coarsest({array.dtype.name for array in [*perceptron.coefs_, *perceptron.intercepts_]})
    points, words = points_for(fold(steps)[0].widths[0], data)
    # A model fitted on float32 computes in it when given float32, and checks what it is given.
    entering = points.astype(precision.name)
    points, theirs = entering.astype(np.float64), _outputs(model, name, entering, softmax)
    source = f"scikit-learn {type(model).__name__ + ' with ' if scalers else ''}{name}"
    if not softmax:
        return imported(steps, points, theirs, source=source, precision=precision, checked_on=words)
    network, folded = fold(steps)
    origin = check_import(
        points, _softmax(network.run(points)), theirs, _through_softmax(steps, points, precision),
        source=source, folded=(*folded, "softmax left out"), precision=precision, checked_on=words,
    )  # fmt: skip
    return Network(network.weights, network.biases, network.activations, origin)


def _layers(perceptron: Any, softmax: bool) -> list[Step]:
    last = len(perceptron.coefs_) - 1
    steps: list[Step] = []
    for k, (weights, biases) in enumerate(zip(perceptron.coefs_, perceptron.intercepts_, strict=True)):
        steps.append(Affine(np.asarray(weights, np.float64).T, np.asarray(biases, np.float64), f"layer {k}"))
        name = perceptron.activation if k < last else perceptron.out_activation_
        if k == last and softmax:
            continue
        if name not in ACTIVATIONS:
            raise InputError(f"layer {k} has the activation {name!r}; supported are {', '.join(ACTIVATIONS)}: fit anew")
        if ACTIVATIONS[name]:
            steps.append(Nonlinear(ACTIVATIONS[name], f"{name} of layer {k}"))
    return steps


def _scaler(part: Any) -> list[Step]:
    kind = type(part).__name__
    if part is None or part == "passthrough":
        return []
    if kind == "StandardScaler" and hasattr(part, "n_features_in_"):
        mean = part.mean_ if part.with_mean else np.zeros(part.n_features_in_)
        scale = part.scale_ if part.with_std else np.ones(part.n_features_in_)
        return [elementwise(np.ones_like(mean), -mean, kind), elementwise(1 / scale, np.zeros_like(mean), kind)]
    if kind == "MinMaxScaler" and hasattr(part, "n_features_in_") and not part.clip:
        return [elementwise(part.scale_, part.min_, kind)]
    raise InputError(
        f"the step {_kind(part)} of the pipeline cannot be folded into a layer; from_sklearn takes {TAKEN}, fitted and "
        "without clipping: import the last step alone, with data as it enters that"
    )


def _outputs(model: Any, name: str, points: np.ndarray, softmax: bool) -> np.ndarray:
    try:
        found = np.asarray(
            model.predict_proba(points) if name == "MLPClassifier" else model.predict(points), np.float64
        )
    except Exception as error:
        raise InputError(
            f"the {name} does not run on {points.shape} inputs ({first_line(error)}); fit it again"
        ) from None
    found = found.reshape(len(points), -1)
    both_classes = name == "MLPClassifier" and not softmax and _last(model).n_outputs_ == 1
    return found[:, 1:] if both_classes else found


def _last(model: Any) -> Any:
    return model.steps[-1][1] if hasattr(model, "steps") else model


def _softmax(logits: np.ndarray) -> np.ndarray:
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shares / shares.sum(axis=1, keepdims=True)


def _through_softmax(steps: Sequence[Step], points: np.ndarray, precision: Precision) -> np.ndarray:
    """A softmax moves by at most half the largest change of its arguments, and by its own rounding."""
    moved = allowed_differences(steps, points, precision).max(axis=1, keepdims=True)
    outputs = len(steps[-1].biases)  # type: ignore[union-attr]
    return np.repeat(moved / 2 + (outputs + 8) * precision.epsilon, outputs, axis=1)


def _kind(value: Any) -> str:
    return value if isinstance(value, str) else type(value).__name__
