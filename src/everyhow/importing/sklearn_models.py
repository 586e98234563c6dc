"""Importing scikit-learn's multi-layer perceptrons. scikit-learn is loaded by whoever fitted the model."""

import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..common.errors import InputError, first_line
from ..given.arrays import array_of
from ..given.points import points_for
from ..network.network import Network
from .checking import imported
from .layers import Affine, LeftOut, Nonlinear, Softmax, Step, elementwise, fold
from .rounding import PRECISIONS, Precision, coarsest

PERCEPTRONS = ("MLPClassifier", "MLPRegressor")
ACTIVATIONS = {"identity": "identity", "relu": "relu", "tanh": "tanh", "logistic": "sigmoid"}
SCALERS = ("StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler")
TAKEN = (
    "MLPClassifier, MLPRegressor, and a Pipeline of StandardScaler, MinMaxScaler, MaxAbsScaler or RobustScaler and one "
    "of them, also as the best of a search"
)
SEVERAL = "holds several models; import one of them, such as model.estimators_[0]"
# What holds a perceptron and does more than it.
OTHERS = {
    "CalibratedClassifierCV": "rescales; import what it is made of, model.calibrated_classifiers_[0].estimator",
    "BaseThresholdClassifier": "decides at a threshold of its own; import model.estimator_ and say that threshold",
    "OneVsRestClassifier": SEVERAL, "OneVsOneClassifier": SEVERAL, "OutputCodeClassifier": SEVERAL,
    "_MultiOutputEstimator": SEVERAL, "_BaseChain": SEVERAL, "BaseEnsemble": SEVERAL,
    "_BaseHeterogeneousEnsemble": SEVERAL,
}  # fmt: skip
# What says how a model or a scaler computes; a class that overrides one does something else.
COMPUTING = (
    "predict", "predict_proba", "predict_log_proba", "decision_function", "_predict", "_predict_proba", "_forward_pass",
    "_forward_pass_fast", "transform", "inverse_transform",
)  # fmt: skip


@dataclass(frozen=True)
class _Parts:
    """A perceptron with the scaling before it and after it, and what it is called with what stands around it."""

    perceptron: Any
    name: str
    before: tuple[Step, ...] = ()
    after: tuple[Step, ...] = ()


def from_sklearn(model: Any, data: Any = None, threshold: float | None = None) -> Network:
    """The network of a fitted scikit-learn MLPClassifier or MLPRegressor, checked against the model's own outputs.

    A classifier of two classes, or of several labels, has sigmoid outputs: the probabilities of `predict_proba`. One of
    more classes has one output per class, whose softmax these probabilities are; the largest decides as `predict` does.
    Scalers before it in a Pipeline are folded into the first layer, those of a TransformedTargetRegressor into the
    last. Of a search the best estimator is taken. Classes that are not called 0, 1, ... are named in the origin, in
    order.

    Args:
        model: the fitted model, or a Pipeline or search that ends in it.
        data: inputs (inputs, features) to check it on, as in `from_torch`.
        threshold: an output above it is read as 1, as in `from_torch`; 0.5 of a classifier's probabilities.

    Raises:
        InputError: a model of another class, one that is not fitted or was fitted on one label only, a step of a
            pipeline that is not such a scaler, or outputs that differ from the model's by more than rounding explains.

    Example:
        >>> from sklearn.neural_network import MLPClassifier
        >>> rows = [[0, 0], [0, 1], [1, 0], [1, 1]]
        >>> model = MLPClassifier((4,), solver="lbfgs", random_state=0).fit(rows, [0, 1, 1, 0])
        >>> network = from_sklearn(model)
        >>> network, (network.run(rows) > 0.5).ravel().tolist()
        (Network(2-4-1, relu, sigmoid, 12 edges), [False, True, True, False])
    """
    parts = _parts(model)
    perceptron = parts.perceptron
    name = next(kind for kind in PERCEPTRONS if kind in _kinds(perceptron))
    classes = _classes(perceptron) if name == "MLPClassifier" else []
    softmax = perceptron.out_activation_ == "softmax"
    layers = _layers(perceptron)
    steps: list[Step] = [*parts.before, *layers, *parts.after, *([Softmax("softmax")] if softmax else [])]
    points, words = points_for(fold(steps)[0].widths[0], data)
    _check_names(model, data)
    precision = _precision(perceptron)
    # A model fitted on float32 computes in it when given float32, and checks what it is given.
    entering = points.astype(precision.name)
    points, theirs = entering.astype(np.float64), _outputs(model, name, entering)
    if name == "MLPClassifier" and threshold is None:
        _check_decisions(model, perceptron, entering, theirs, 64 * precision.epsilon)
    if name == "MLPClassifier" and len(perceptron.intercepts_[-1]) == 1:
        theirs = theirs[:, 1:]  # of both classes
    source = f"scikit-learn {parts.name}"
    network = imported(
        steps, points, theirs, source=source, precision=precision, checked_on=words, threshold=threshold,
        drawn=data is None,
    )  # fmt: skip
    if not classes or network.origin is None:
        return network
    told = (*network.origin.folded, f"classes in order: {', '.join(classes)}")
    return replace(network, origin=replace(network.origin, folded=told))


def _parts(model: Any) -> _Parts:
    """What a model is made of: pipelines and searches opened, scalers as steps.

    Raises:
        InputError: the model is not a perceptron with scalers, or is not fitted.
    """
    if isinstance(model, type):
        raise InputError(f"this is the class {model.__name__}, not a model; make one, and call fit(X, y)")
    kinds, name = _kinds(model), type(model).__name__
    _check_own(model)
    if "Pipeline" in kinds:
        *scalers, last = [part for _, part in model.steps]
        found = _parts(last)
        before = tuple(step for part in scalers for step in _scaler(part))
        inner = found.name.removeprefix("Pipeline with ")
        return replace(found, before=(*before, *found.before), name=f"Pipeline with {inner}" if scalers else inner)
    for wrapper, inside, words in (
        ("BaseSearchCV", "best_estimator_", "the best estimator of"),
        ("TransformedTargetRegressor", "regressor_", "the regressor of"),
    ):
        if wrapper in kinds:
            if not hasattr(model, inside):
                raise InputError(
                    f"this {name} is not fitted, so it has no {inside}; call fit(X, y), with refit if asked"
                )
            found = _parts(getattr(model, inside))
            after = _unscaled(getattr(model, "transformer_", None), name)
            return replace(found, after=(*found.after, *after), name=f"{found.name}, {words} {name}")
    if not kinds & set(PERCEPTRONS):
        why = next((words for kind, words in OTHERS.items() if kind in kinds), None)
        raise InputError(
            f"{name} {why}"
            if why
            else f"from_sklearn takes {TAKEN}, not {_kind(model)}; write the model as one of these"
        )
    arrays = [getattr(model, one, None) for one in ("coefs_", "intercepts_")]
    if not all(isinstance(one, list | tuple) and one for one in arrays):
        raise InputError(f"this {name} is not fitted, so it has no weights; call fit(X, y) first")
    return _Parts(model, name)


def _layers(perceptron: Any) -> list[Step]:
    last = len(perceptron.coefs_) - 1
    if len(perceptron.intercepts_) != last + 1:
        raise InputError(
            f"there are {last + 1} arrays of weights and {len(perceptron.intercepts_)} of biases; fit again"
        )
    steps: list[Step] = []
    for k, (weights, biases) in enumerate(zip(perceptron.coefs_, perceptron.intercepts_, strict=True)):
        matrix, shift = _numbers(weights, 2, k).T, _numbers(biases, 1, k)
        if len(matrix) != len(shift):
            raise InputError(f"layer {k} has {len(matrix)} neurons and {len(shift)} biases; fit the model again")
        steps.append(Affine(matrix, shift, f"layer {k}"))
        name = perceptron.activation if k < last else perceptron.out_activation_
        if k == last and name in ("softmax", "identity"):
            continue
        if name not in ACTIVATIONS:
            raise InputError(f"layer {k} has the activation {name!r}; supported are {', '.join(ACTIVATIONS)}: fit anew")
        steps.append(Nonlinear(ACTIVATIONS[name], f"{name} of layer {k}"))
    return steps


def _numbers(values: Any, dimensions: int, layer: int) -> np.ndarray:
    array = array_of(values, f"the weights of layer {layer}")
    if array.ndim != dimensions or array.dtype.kind != "f":
        raise InputError(f"layer {layer} holds {array.dtype} of shape {array.shape} as weights; fit the model again")
    return array.astype(np.float64)


def _precision(perceptron: Any) -> Precision:
    names = {np.asarray(array).dtype.name for array in [*perceptron.coefs_, *perceptron.intercepts_]}
    if not names <= set(PRECISIONS):
        raise InputError(
            f"the weights are {', '.join(sorted(names))}; supported are {', '.join(PRECISIONS)}: fit again"
        )
    return coarsest(names)


def _classes(perceptron: Any) -> list[str]:
    """The names of the classes in the order of the outputs; none where they are 0, 1, ... or several labels.

    Raises:
        InputError: there is one class only.
    """
    classes = np.asarray(getattr(perceptron, "classes_", [0, 1])).tolist()
    if len(classes) < 2:
        raise InputError(
            f"this {type(perceptron).__name__} was fitted on one label only, {classes[0]!r:.40}, so it has nothing to "
            "decide; fit it on two classes or more"
        )
    shown = [name if isinstance(name, str) and name.isprintable() else repr(name) for name in classes]
    return [] if classes == list(range(len(classes))) else shown


def _scaler(part: Any) -> list[Step]:
    """A fitted scaler as steps, feature by feature."""
    kinds, kind = _kinds(part), type(part).__name__
    _check_own(part)
    if part is None or ("str" in kinds and part == "passthrough"):
        return []
    if "Pipeline" in kinds:
        return [step for _, one in part.steps for step in _scaler(one)]
    if "FunctionTransformer" in kinds and part.func is None and part.inverse_func is None:
        return [LeftOut(kind)]
    if kinds & set(SCALERS) and hasattr(part, "n_features_in_") and not getattr(part, "clip", False):
        ones, zeros = np.ones(part.n_features_in_), np.zeros(part.n_features_in_)
        if "MinMaxScaler" in kinds:
            return [elementwise(part.scale_, part.min_, kind)]
        center = getattr(part, "mean_" if "StandardScaler" in kinds else "center_", None)
        centered = getattr(part, "with_mean", getattr(part, "with_centering", False))
        scaled = getattr(part, "with_std", getattr(part, "with_scaling", True))
        steps: list[Step] = [elementwise(ones, -np.asarray(center), kind)] if centered and center is not None else []
        return [*steps, elementwise(1 / part.scale_ if scaled else ones, zeros, kind)]
    if "ColumnTransformer" in kinds:
        why = "treats columns apart"
    elif kinds & set(SCALERS):
        why = "clips" if getattr(part, "clip", False) else "is not fitted"
    else:
        why = "is not such a scaler"
    raise InputError(
        f"the step {_kind(part)} of the pipeline cannot be folded into a layer, since it {why}; from_sklearn takes "
        f"{TAKEN}, fitted and without clipping: import the last step alone, with data as it enters that, such as "
        "from_sklearn(model[-1], data=model[:-1].transform(X))"
    )


def _unscaled(transformer: Any, name: str) -> list[Step]:
    """What makes a target of what a regressor gives: the inverse of a scaler."""
    _check_own(transformer)
    try:
        return [_inverse(step) for step in reversed(_scaler(transformer))]
    except InputError:
        raise InputError(
            f"{name} transforms outputs by {_kind(transformer)}, which cannot be folded into a layer; import "
            "model.regressor_, whose outputs are those before that"
        ) from None


def _check_own(part: Any) -> None:
    """See that a model or scaler computes as the class of scikit-learn that it extends does.

    Raises:
        InputError: a class of somebody else's, or the object itself, overrides how.
    """
    theirs = [one for one in type(part).__mro__ if one.__module__.partition(".")[0] == "sklearn"]
    if not theirs:
        return
    known = next((one for one in theirs if one.__name__ in (*PERCEPTRONS, *SCALERS)), theirs[0])
    for own in (part, *(one for one in type(part).__mro__ if one not in theirs)):
        method = next((name for name in COMPUTING if name in getattr(own, "__dict__", {})), None)
        if method is not None:
            raise InputError(
                f"{type(part).__name__} has a {method} of its own, so it may compute something else than the "
                f"{known.__name__} that it extends; give a plain {known.__name__} with the same fitted attributes, and "
                "say where outputs turn by threshold=, if that is what it changes"
            )


def _inverse(step: Step) -> Step:
    return step if not isinstance(step, Affine) else elementwise(
        1 / step.weights, -step.biases / step.weights, step.where
    )  # fmt: skip


def _check_names(model: Any, data: Any) -> None:
    """Columns of data in another order than those that the model was fitted on would be mixed up."""
    fitted, given = getattr(model, "feature_names_in_", None), getattr(data, "columns", None)
    if fitted is not None and given is not None and list(map(str, given)) != list(map(str, fitted)):
        raise InputError(
            f"data has the columns {', '.join(map(str, given))!s:.80}, the model was fitted on "
            f"{', '.join(map(str, fitted))!s:.80}; give data[model.feature_names_in_]"
        )


def _outputs(model: Any, name: str, points: np.ndarray) -> np.ndarray:
    try:
        with warnings.catch_warnings():
            # Points without the names of columns; their order has been checked.
            warnings.simplefilter("ignore")
            found = np.asarray(
                model.predict_proba(points) if name == "MLPClassifier" else model.predict(points), np.float64
            )
    except Exception as error:
        raise InputError(
            f"the {name} does not run on {points.shape} inputs ({first_line(error)}); fit it again"
        ) from None
    return found.reshape(len(points), -1)


def _check_decisions(model: Any, perceptron: Any, points: np.ndarray, shares: np.ndarray, near: float) -> None:
    """See that a classifier decides by its probabilities: the largest, or those above 0.5 where each is of a label.

    Raises:
        InputError: it decides otherwise, where rounding cannot.
    """
    if not hasattr(perceptron, "classes_"):
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = np.asarray(model.predict(points))
    if told.ndim == 2:
        other, clear = (told != (shares > 0.5)).any(axis=1), (np.abs(shares - 0.5) > near).all(axis=1)
    else:
        first, second = np.sort(shares, axis=1).T[[-1, -2]]
        other, clear = told != np.asarray(perceptron.classes_)[shares.argmax(axis=1)], first - second > near
    wrong = np.flatnonzero(other & clear)
    if len(wrong):
        classes = told.ndim == 1 and shares.shape[1] > 2
        mend = "give a plain classifier with the same weights" if classes else "say where outputs turn by threshold="
        raise InputError(
            f"{type(model).__name__} predicts {told[wrong[0]]!s:.40} where its probabilities are "
            f"{np.round(shares[wrong[0]], 4).tolist()!s:.60}: its predict decides otherwise than by the largest, or by "
            f"0.5 for each label; {mend}"
        )


def _kinds(value: Any) -> set[str]:
    """The names of the value's class and of all that it extends."""
    return {kind.__name__ for kind in type(value).__mro__}


def _kind(value: Any) -> str:
    return f"{value:.60}" if isinstance(value, str) else type(value).__name__
