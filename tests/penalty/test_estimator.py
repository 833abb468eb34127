"""The estimators keep scikit-learn's promises, and train what plain Keras would train."""

import pickle
import subprocess
import sys

import joblib
import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.linear_model import Lasso, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler, scale
from sklearn.utils.estimator_checks import estimator_checks_generator

import penalty
from penalty.estimator import PenalizedClassifier, PenalizedRegressor, batches

SMALL = {"hidden_layer_sizes": (4,), "learning_rate": 0.1, "epochs": 60}
X, y = load_breast_cancer(return_X_y=True)
X = scale(X)  # (569, 30), (569,)


def _name(check):
    return check.func.__name__ + "".join(f"-{key}={value}" for key, value in check.keywords.items())


# None is expected to fail; those of the classifier are a claim in tests/test_own_data.py. Left out: one that scikit-learn itself skips,
# unless an environment variable makes SciPy accept other arrays.
CHECKS = [
    (estimator, check)
    for estimator, check in estimator_checks_generator(PenalizedRegressor(**{**SMALL, "hidden_layer_sizes": ()}))
    if check.func.__name__ != "check_array_api_input"
]


@pytest.mark.parametrize(("estimator", "check"), CHECKS, ids=[f"{type(estimator).__name__}-{_name(check)}" for estimator, check in CHECKS])
def test_scikit_learn_finds_an_estimator(estimator, check):
    check(estimator)


def test_pipeline_search_and_cross_validation():
    X, y = load_wine(return_X_y=True)
    pipeline = make_pipeline(StandardScaler(), PenalizedClassifier(**SMALL))
    grid = {"penalizedclassifier__l1": [0, 10], "penalizedclassifier__l2": [0, 10]}
    search = GridSearchCV(pipeline, grid, scoring="neg_log_loss", cv=2).fit(X, y)
    assert search.best_params_ == {"penalizedclassifier__l1": 0, "penalizedclassifier__l2": 0}
    shares = np.bincount(y) / len(y)
    entropy = -(shares * np.log(shares)).sum()  # is left where a factor of 10 leaves no weights
    assert search.cv_results_["mean_test_score"][1:] == pytest.approx(-entropy, abs=0.02)
    scores = cross_validate(search.best_estimator_, X, y, cv=2, scoring=["accuracy", "neg_log_loss"])
    assert scores["test_accuracy"].min() > 0.9 and scores["test_neg_log_loss"].min() > -entropy / 2


def test_parameters_survive_clone_and_predictions_survive_pickle():
    fitted = PenalizedClassifier(l1=0.01, l2=0.02, **SMALL).fit(X, y)
    assert clone(fitted).get_params() == fitted.get_params()
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict_proba(X), fitted.predict_proba(X))


def test_same_parameters_same_weights_in_any_process_and_thread():
    estimators = [PenalizedClassifier(l1=0.001, batch_size=size, epochs=20, random_state=4) for size in (None, 100)]
    in_process, in_thread = (
        joblib.Parallel(2, backend)(joblib.delayed(clone(estimator).fit)(X, y) for estimator in estimators)
        for backend in ("loky", "threading")
    )
    for estimator, *elsewhere in zip(estimators, in_process, in_thread, strict=True):
        first = estimator.fit(X, y).predict_proba(X)
        keras.utils.set_random_seed(99)  # what others do with the generators that a process shares does not matter
        np.testing.assert_array_equal(clone(estimator).fit(X, y).predict_proba(X), first)
        for there in elsewhere:
            np.testing.assert_allclose(there.predict_proba(X), first, atol=1e-5)  # a worker may share its sums among fewer threads
        other = clone(estimator).set_params(random_state=5).fit(X, y).predict_proba(X)
        assert np.abs(other - first).max() > 0.001


def test_batches_are_each_epochs_own_order():
    def rows(epochs, seed=3):
        return [list(rows) for (rows,) in batches((np.arange(10),), epochs, 4, seed).as_numpy_iterator()]

    made = rows(range(3))
    assert [len(batch) for batch in made] == [4, 4, 2] * 3
    orders = [[*made[i], *made[i + 1], *made[i + 2]] for i in (0, 3, 6)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert orders[0] != orders[1] != orders[2]
    tf.random.set_seed(8)
    assert rows(range(3)) == made
    assert rows(range(1, 3)) == made[3:]
    assert rows(range(3), seed=4) != made
    [(whole,), *more] = batches((np.arange(10),), range(5), None, 3).as_numpy_iterator()
    assert len(more) == 4 and list(whole) == list(range(10))


@pytest.mark.parametrize("epochs", [1, 49, 50, 73])
def test_updates_are_as_many_as_asked_for(epochs):
    assert PenalizedClassifier(epochs=epochs).fit(X, y).model_.optimizer.iterations == epochs
    assert PenalizedClassifier(epochs=epochs, batch_size=400).fit(X, y).model_.optimizer.iterations == 2 * epochs


PLAIN = [
    (PenalizedClassifier, load_breast_cancer, 1, "sigmoid", "binary_crossentropy"),
    (PenalizedClassifier, load_wine, 3, "softmax", "sparse_categorical_crossentropy"),
    (PenalizedRegressor, load_diabetes, 1, None, "mean_squared_error"),
]


@pytest.mark.parametrize(("estimator", "load", "outputs", "activation", "loss"), PLAIN, ids=["two", "three", "number"])
def test_weights_equal_those_of_plain_keras(estimator, load, outputs, activation, loss):
    data, target = load(return_X_y=True)
    data = scale(data)
    mean, deviation = (0, 1) if activation else (target.mean(), target.std())

    def dense(units, activation, seed):
        start = keras.initializers.GlorotUniform(seed=seed)
        return keras.layers.Dense(units, activation, kernel_initializer=start, kernel_regularizer=keras.regularizers.L1L2(0.003, 0.005))

    model = keras.Sequential([dense(8, "relu", 2), dense(4, "relu", 3), dense(outputs, activation, 4)])
    model.compile(keras.optimizers.Adam(0.02), loss)
    model.fit(data, (target - mean) / deviation, batch_size=len(data), epochs=30, verbose=0)

    parameters = {"l1": 0.003, "l2": 0.005, "hidden_layer_sizes": (8, 4), "learning_rate": 0.02, "epochs": 30, "random_state": 2}
    fitted = estimator(**parameters).fit(data, target)
    for ours, plain in zip(fitted.model_.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_allclose(ours, plain, atol=1e-4)  # `fit` shuffles the rows, and so rounds their sums in another way
    predicted = model.predict(data, verbose=0) * deviation + mean
    if activation is None:
        np.testing.assert_allclose(fitted.predict(data), predicted[:, 0], rtol=1e-3)
    else:
        probabilities = np.hstack([1 - predicted, predicted]) if outputs == 1 else predicted
        np.testing.assert_allclose(fitted.predict_proba(data), probabilities, atol=1e-4)
        assert (fitted.predict(data) == probabilities.argmax(axis=1)).all()


def test_without_hidden_layers_l2_is_logistic_regression():
    l2 = 0.01
    ours = PenalizedClassifier(l2=l2, hidden_layer_sizes=(), epochs=3000).fit(X, y)
    theirs = LogisticRegression(C=1 / (2 * l2 * len(X)), tol=1e-8, max_iter=1000).fit(X, y)
    np.testing.assert_allclose(ours.model_.layers[0].kernel[:, 0], theirs.coef_[0], atol=1e-3)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-3)


def test_without_hidden_layers_l2_is_ridge():
    data, target = load_diabetes(return_X_y=True)
    data, l2 = scale(data), 0.05
    ours = PenalizedRegressor(l2=l2, hidden_layer_sizes=(), epochs=3000).fit(data, target)
    theirs = Ridge(alpha=l2 * len(data)).fit(data, target)
    np.testing.assert_allclose(ours.predict(data), theirs.predict(data), atol=0.1)  # of a target with standard deviation 77
    assert ours.score(data, target) == pytest.approx(theirs.score(data, target), abs=1e-4)


def test_without_hidden_layers_l1_approaches_the_lasso():
    data, target = load_diabetes(return_X_y=True)
    data, target, l1 = scale(data), scale(target), 0.1

    def objective(weights):
        return ((target - data @ weights) ** 2).mean() + l1 * np.abs(weights).sum()

    ours = PenalizedRegressor(l1=l1, hidden_layer_sizes=(), learning_rate=0.001, epochs=3000).fit(data, target)
    least = objective(Lasso(alpha=l1 / 2, tol=1e-10).fit(data, target).coef_)
    reached = objective(np.asarray(ours.model_.layers[0].kernel)[:, 0])
    assert least < reached < least + 0.001  # weights swing around 0 by up to a step, 0.001, and ten of them cost at most 0.1 · 10 · 0.001


def test_certain_predictions_keep_a_finite_loss():
    """A logit of −100 is 0 in single precision, and its logarithm infinite."""
    far = np.array([[-1.0], [1.0]])
    two = PenalizedClassifier(hidden_layer_sizes=(), learning_rate=1.0, epochs=100).fit(far, [0, 1])
    assert (two.predict_proba(far * 10) > 0).all() and two.predict_proba(far * 10).min() < 1e-40
    np.testing.assert_allclose(two.predict_proba(far * 10).sum(axis=1), 1)


def test_target_in_another_unit_changes_nothing_but_the_unit():
    data, target = load_diabetes(return_X_y=True)
    plain, scaled = (PenalizedRegressor(l2=0.01, **SMALL).fit(data, values) for values in (target, 1000 * target + 5e5))
    np.testing.assert_allclose(scaled.predict(data), 1000 * plain.predict(data) + 5e5, rtol=1e-4)
    constant = PenalizedRegressor(**SMALL).fit(data, np.full(len(data), 0.1))
    assert constant.scale_ == 1


WRONG = [
    ({"l1": -0.1}, "l1 has to be a finite number, at least 0, and it is -0.1."),
    ({"l2": float("nan")}, "l2 has to be a finite number, at least 0, and it is nan."),
    ({"l2": float("inf")}, "l2 has to be a finite number, at least 0, and it is inf."),
    ({"l1": "0.1"}, "l1 has to be a finite number, at least 0, and it is '0.1'."),
    ({"l1": None}, "l1 has to be a finite number, at least 0, and it is None."),
    ({"epochs": 0}, "epochs has to be a whole number, at least 1, and it is 0."),
    ({"epochs": 2.5}, "epochs has to be a whole number, at least 1, and it is 2.5."),
    (
        {"hidden_layer_sizes": (0,)},
        r"hidden_layer_sizes has to be a tuple of whole numbers, each at least 1, such as (16,) or (), and it is (0,).",
    ),
    ({"hidden_layer_sizes": 16}, "and it is 16."),
    ({"hidden_layer_sizes": "16"}, "and it is '16'."),
    ({"learning_rate": 0}, "learning_rate has to be a finite number above 0, and it is 0."),
    ({"batch_size": 0}, "batch_size has to be a whole number, at least 1, or None for all rows, and it is 0."),
    ({"random_state": None}, "random_state has to be a whole number from 0 to 2147483647, and it is None."),
    ({"random_state": -1}, "and it is -1."),
]


@pytest.mark.parametrize(("parameters", "sentence"), WRONG)
@pytest.mark.parametrize("estimator", [PenalizedClassifier, PenalizedRegressor])
def test_wrong_parameter_is_named_before_training(estimator, parameters, sentence):
    wrong = estimator(**parameters)
    with pytest.raises(ValueError) as raised:
        wrong.fit(X, y)
    assert sentence in str(raised.value)
    assert not hasattr(wrong, "model_")


def test_largest_seed_works():
    PenalizedClassifier(random_state=2**31 - 1, epochs=1, batch_size=300).fit(X, y)


def test_package_loads_without_tensorflow():
    lazily = "import sys, penalty; assert 'tensorflow' not in sys.modules and 'keras' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", lazily]).returncode == 0
    assert penalty.PenalizedClassifier is PenalizedClassifier
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        penalty.nothing  # noqa: B018
