"""scikit-learn's perceptrons: round trips of tiny fits, and what is refused."""

import copy
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import everyhow as eh

from .wrong_biases import wrong_bias

pytest.importorskip("sklearn")
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, VotingClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401 (makes the next but one importable)
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    Normalizer,
    PolynomialFeatures,
    RobustScaler,
    StandardScaler,
)

POINTS = np.random.default_rng(0).standard_normal((30, 3)) * 3 + 1
BITS = POINTS[:, 0] > 1
TARGETS = {"binary": BITS, "classes": BITS * 1 + (POINTS[:, 1] > 1), "labels": np.stack([BITS, POINTS[:, 1] > 1], 1)}


class Clipping(StandardScaler):
    """A scaler that does more than scaling."""

    def transform(self, *given):
        return np.clip(super().transform(*given), -1, 1)


class Cautious(MLPClassifier):
    """A classifier that decides at a threshold of its own."""

    def predict(self, points):
        return self.predict_proba(points)[:, 1] > 0.9


class Further(Cautious):
    """It inherits that."""


class Doubled(MLPRegressor):
    """A regressor with a forward pass of its own."""

    def _forward_pass_fast(self, *given, **options):
        return 2 * super()._forward_pass_fast(*given, **options)


class Described(MLPClassifier):
    """One that computes what it extends."""

    def __repr__(self):
        return "mine"


def fitted(model, points=POINTS, targets=BITS):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.fit(points, targets)


def perceptron(kind, **options):
    return kind(hidden_layer_sizes=(4, 2), max_iter=2, random_state=0, **options)


ACTIVATION = st.sampled_from(["identity", "logistic", "tanh", "relu"])
SCALERS = [
    (), (StandardScaler(),), (MinMaxScaler((-1, 2)),), (StandardScaler(with_mean=False),),
    (StandardScaler(with_std=False), "passthrough", MinMaxScaler()), (MaxAbsScaler(),), (RobustScaler(),),
    (RobustScaler(with_centering=False, quantile_range=(10, 80)), FunctionTransformer()),
    (make_pipeline(RobustScaler(with_scaling=False, unit_variance=True), MaxAbsScaler()), StandardScaler()),
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
    assert network.origin.checked_on == "8 corners and 128 random inputs" and network.origin.precision == "float64"


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
        (MLPClassifier, r"this is the class MLPClassifier, not a model; make one, and call fit\(X, y\)"),
        (None, "from_sklearn takes .*, not NoneType; write the model"),
        (
            GridSearchCV(perceptron(MLPClassifier), {}),
            "this GridSearchCV is not fitted, so it has no best_estimator_; call",
        ),
        (
            TransformedTargetRegressor(perceptron(MLPRegressor)),
            "this TransformedTargetRegressor is not fitted, so it has no",
        ),
        (
            fitted(perceptron(MLPClassifier), POINTS, ["spam"] * 30),
            "fitted on one label only, 'spam', so it has nothing to",
        ),
        (
            fitted(make_pipeline(MaxAbsScaler(clip=True), perceptron(MLPClassifier))),
            r"the step MaxAbsScaler of the pipeline.*it clips.*from_sklearn\(model\[-1\], data=model\[:-1\].transform",
        ),
        (
            fitted(make_pipeline(Normalizer(), perceptron(MLPClassifier))),
            "the step Normalizer.*since it is not such a scaler",
        ),
        (
            fitted(make_pipeline(FunctionTransformer(np.abs), made)),
            "the step FunctionTransformer of the pipeline cannot",
        ),
        (
            fitted(make_pipeline(ColumnTransformer([("a", StandardScaler(), [0, 1])]), perceptron(MLPClassifier))),
            "the step ColumnTransformer of the pipeline cannot be folded into a layer, since it treats columns apart",
        ),
        (
            fitted(
                TransformedTargetRegressor(perceptron(MLPRegressor), func=np.sinh, inverse_func=np.arcsinh),
                POINTS,
                POINTS[:, 0],
            ),
            "TransformedTargetRegressor transforms outputs by FunctionTransformer.*import model.regressor_, whose",
        ),
        (
            fitted(perceptron(MLPRegressor, loss="poisson"), POINTS, BITS * 1.0),
            "layer 2 has the activation 'exp'; supported are identity, relu, tanh, logistic: fit anew",
        ),
    ]


@pytest.mark.parametrize(("model", "message"), refused())
def test_refused(model, message):
    """Other models, unfitted ones, and steps that cannot be folded are named."""
    with pytest.raises(eh.InputError, match=message):
        eh.from_sklearn(model)


WRAPPED = [
    (
        CalibratedClassifierCV(perceptron(MLPClassifier), cv=2),
        "rescales; import what it is made of, model.calibrated_cl",
    ),
    (
        OneVsRestClassifier(perceptron(MLPClassifier)),
        "holds several models; import one of them, such as model.estimators_",
    ),
    (OneVsOneClassifier(perceptron(MLPClassifier)), "holds several models; import one of them"),
    (BaggingClassifier(perceptron(MLPClassifier), 2), "holds several models; import one of them"),
    (VotingClassifier([("a", perceptron(MLPClassifier))]), "holds several models; import one of them"),
    (MultiOutputClassifier(perceptron(MLPClassifier)), "holds several models; import one of them"),
    (ClassifierChain(perceptron(MLPClassifier)), "holds several models; import one of them"),
]


@pytest.mark.parametrize(("model", "message"), WRAPPED)
def test_more_than_a_perceptron(model, message):
    """What does more than the perceptrons that it holds is refused by name, with what can be imported."""
    targets = TARGETS["labels"] if isinstance(model, MultiOutputClassifier | ClassifierChain) else BITS
    with pytest.raises(eh.InputError, match=f"^{type(model).__name__} {message}"):
        eh.from_sklearn(fitted(model, POINTS, targets))


def test_thresholds_of_their_own():
    """A classifier with a threshold of its own says what to import, and what to say."""
    selection = pytest.importorskip("sklearn.model_selection")
    model = fitted(selection.FixedThresholdClassifier(perceptron(MLPClassifier), threshold=0.3))
    with pytest.raises(
        eh.InputError, match=r"FixedThresholdClassifier decides at a threshold.*import model.estimator_"
    ):
        eh.from_sklearn(model)


class Mine(MLPClassifier):
    """A class of one's own."""


class Squared(MLPClassifier):
    """A class of one's own that does something else."""

    def predict_proba(self, points):
        return super().predict_proba(points) ** 2


def test_subclasses():
    """A subclass is a perceptron, unless it computes something else than its layers."""
    model = fitted(perceptron(Mine))
    network = eh.from_sklearn(model, POINTS)
    np.testing.assert_allclose(network.run(POINTS)[:, 0], model.predict_proba(POINTS)[:, 1], atol=1e-12)
    assert network.origin.source == "scikit-learn Mine"
    with pytest.raises(eh.InputError, match="Squared has a predict_proba of its own"):
        eh.from_sklearn(fitted(perceptron(Squared)), POINTS)


GRID = {"mlpclassifier__alpha": [0.1, 1]}
SEARCHES = [
    GridSearchCV(make_pipeline(RobustScaler(), perceptron(MLPClassifier)), GRID, cv=2),
    RandomizedSearchCV(make_pipeline(StandardScaler(), perceptron(MLPClassifier)), GRID, n_iter=1, cv=2),
    HalvingGridSearchCV(make_pipeline(MaxAbsScaler(), perceptron(MLPClassifier)), GRID, cv=2, random_state=0),
]  # fmt: skip


@pytest.mark.parametrize("search", SEARCHES, ids=lambda search: type(search).__name__)
def test_searches(search):
    """Of a search the best estimator is imported, as the search itself predicts, also within a pipeline."""
    search = fitted(search)
    for model in (search, make_pipeline("passthrough", search)):
        network = eh.from_sklearn(model, POINTS)
        np.testing.assert_allclose(network.run(POINTS)[:, 0], search.predict_proba(POINTS)[:, 1], atol=1e-10)
        named = f"scikit-learn Pipeline with MLPClassifier, the best estimator of {type(search).__name__}"
        assert network.origin.source == named
    bare = fitted(GridSearchCV(perceptron(MLPClassifier), {"alpha": [0.1]}, cv=2))
    assert eh.from_sklearn(bare).origin.source == "scikit-learn MLPClassifier, the best estimator of GridSearchCV"
    with pytest.raises(eh.InputError, match=r"has no best_estimator_; call fit\(X, y\), with refit if asked"):
        eh.from_sklearn(fitted(GridSearchCV(perceptron(MLPClassifier), {"alpha": [0.1]}, cv=2, refit=False)))


@pytest.mark.parametrize(
    "transformer",
    [None, StandardScaler(), MinMaxScaler(), RobustScaler(), make_pipeline(StandardScaler(), MaxAbsScaler())],
)
def test_scaled_targets(transformer):
    """The scaling of a target is undone in the last layer."""
    for outputs in (1, 2):
        inner = make_pipeline(StandardScaler(), perceptron(MLPRegressor))
        model = fitted(
            TransformedTargetRegressor(inner, transformer=transformer), POINTS, POINTS[:, :outputs].squeeze()
        )
        network = eh.from_sklearn(model, POINTS)
        np.testing.assert_allclose(network.run(POINTS), model.predict(POINTS).reshape(30, -1), atol=1e-10)
        assert network.origin.source.endswith("MLPRegressor, the regressor of TransformedTargetRegressor")


def test_names_of_classes():
    """Classes of other names are told in the order of the outputs; a class wanted is what the model predicts."""
    for names, told in (
        (["ham", "spam"], "ham, spam"), ([8, 3], "3, 8"), (["c", "a", "b"], "a, b, c"), ([-1, 1], "-1, 1"),
        (["a\x1b", "b"], r"'a\x1b', b"),
    ):  # fmt: skip
        targets = np.array(names)[(TARGETS["classes"] % len(names)).astype(int)]
        model = fitted(perceptron(MLPClassifier), POINTS, targets)
        network = eh.from_sklearn(model, POINTS)
        assert network.origin.folded[-1] == f"classes in order: {told}"
        outputs = network.run(POINTS)
        chosen = outputs.argmax(axis=1) if len(names) > 2 else (outputs[:, 0] > 0.5).astype(int)
        assert (np.array(sorted(names))[chosen] == model.predict(POINTS)).all()
    for task in sorted(TARGETS):
        folded = eh.from_sklearn(fitted(perceptron(MLPClassifier), POINTS, TARGETS[task])).origin.folded
        assert not any("classes" in words for words in folded)


def test_identity_keeps_its_layers():
    """Hidden neurons stay, also those of the activation identity."""
    for kind in (MLPClassifier, MLPRegressor):
        network = eh.from_sklearn(fitted(perceptron(kind, activation="identity")))
        assert network.widths == (3, 4, 2, 1) and network.activations[:2] == ("identity", "identity")


def test_columns_in_order():
    """A table whose columns stand in another order than those of the fit is refused; in the same order it is taken."""
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(POINTS, columns=["a", "b", "c"])
    model = fitted(make_pipeline(StandardScaler(), perceptron(MLPClassifier)), frame)
    assert eh.from_sklearn(model, frame).origin.inputs_checked == 30
    assert eh.from_sklearn(model).origin.checked_on == "8 corners and 128 random inputs"
    with pytest.raises(
        eh.InputError, match=r"data has the columns c, b, a, the model was fitted on a, b, c; give data\["
    ):
        eh.from_sklearn(model, frame[["c", "b", "a"]])


FITTED = fitted(perceptron(MLPClassifier))


@given(
    st.none() | st.integers() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
    | st.sampled_from([np.ones(3), object(), print, StandardScaler(), (POINTS, BITS), {"a": 1}])
)  # fmt: skip
def test_odd_objects(value):
    """What is no model or no data is refused by a message, and so is a perceptron whose arrays were exchanged."""
    with pytest.raises(eh.EveryhowError):
        eh.from_sklearn(value)
    model = FITTED
    if value is not None:
        with pytest.raises(eh.EveryhowError):
            eh.from_sklearn(model, value)
    for name in ("coefs_", "intercepts_"):
        changed = copy.copy(FITTED)
        setattr(changed, name, value)
        with pytest.raises(eh.EveryhowError):
            eh.from_sklearn(changed)
        setattr(changed, name, [value] * 3)
        with pytest.raises(eh.EveryhowError):
            eh.from_sklearn(changed)


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


OWN = [
    (
        make_pipeline(Clipping(), perceptron(MLPClassifier)),
        "Clipping has a transform of its own.*give a plain Standard",
    ),
    (perceptron(Cautious), "Cautious has a predict of its own.*threshold="),
    (make_pipeline(StandardScaler(), perceptron(Further)), "Further has a predict of its own"),
    (perceptron(Doubled), "Doubled has a _forward_pass_fast of its own.*give a plain MLPRegressor"),
    (TransformedTargetRegressor(perceptron(MLPRegressor), transformer=Clipping()), "Clipping has a transform of its"),
]


@pytest.mark.parametrize(("model", "message"), OWN, ids=[message[:20] for _, message in OWN])
def test_classes_that_override(model, message):
    """A class that computes in a way of its own is not taken for the one that it extends; another is."""
    with pytest.raises(eh.InputError, match=message):
        eh.from_sklearn(fitted(model))
    plain, described = (fitted(perceptron(kind)) for kind in (MLPClassifier, Described))
    assert eh.from_sklearn(described) == eh.from_sklearn(plain)


def test_methods_of_one_object():
    """A method that is replaced on the object itself is one of its own as well."""
    model = fitted(perceptron(MLPClassifier))
    model.predict = lambda points: np.ones(len(points))
    with pytest.raises(eh.InputError, match="MLPClassifier has a predict of its own"):
        eh.from_sklearn(model)


@pytest.mark.parametrize("targets", TARGETS)
def test_decisions_are_compared(targets):
    """A classifier whose predict goes by something else than its probabilities is refused."""
    model = fitted(perceptron(MLPClassifier), targets=TARGETS[targets])
    assert eh.from_sklearn(model).origin is not None
    model._label_binarizer.inverse_transform = lambda shares: (shares if shares.ndim > 1 else shares[:, None])[:, 0] > 2
    mend = "give a plain classifier" if targets == "classes" else "say where outputs turn"
    with pytest.raises(eh.InputError, match=rf"predicts .* where its probabilities are .*{mend}"):
        eh.from_sklearn(model)
    if targets != "classes":
        assert eh.from_sklearn(model, threshold=0.7).threshold == 0.7
