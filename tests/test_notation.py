"""Claims of the page "Notation and conventions": a factor in Keras and the one elsewhere that gives the same optimum."""

import re

import keras
import numpy as np
import pytest
from keras import layers, ops, regularizers
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge

from pipeline.ledger import Ledger
from tests.formulas import formula
from tests.solvers import gradient

ROWS, FEATURES = 60, 6


def regression(outputs=1, seed=0):
    """Return rows with correlated features and a target: (60, 6), (60, outputs), in float64."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(ROWS, FEATURES)) @ rng.normal(size=(FEATURES, FEATURES))
    weights = rng.normal(size=(FEATURES, outputs)) * (np.arange(FEATURES) < 3)[:, None]
    return X, 2.0 + X @ weights + rng.normal(size=(ROWS, outputs))


def classification():
    """Return rows and classes, (60, 6) and (60,), that no plane separates."""
    X, target = regression()
    return X, (target[:, 0] > np.median(target) + np.random.default_rng(1).normal(size=ROWS)).astype(float)


def distance_from_optimum(X, y, kernel, bias, loss, l1=0.0, l2=0.0):
    """Return by how much the optimality conditions of Keras's objective are missed at `kernel` and `bias`; 0 at the optimum.

    The slopes are those of Keras's own loss and penalty. At a weight of zero, any slope of the data loss between −l1 and l1 is optimal.
    """
    kernel = keras.Variable(np.reshape(kernel, (FEATURES, -1)), dtype="float64")
    bias = keras.Variable(np.reshape(bias, -1), dtype="float64")
    along_kernel, along_bias = gradient(lambda: loss(y.reshape(len(y), -1), ops.matmul(X, kernel) + bias), [kernel, bias])
    of_penalty = gradient(lambda: regularizers.L1L2(l1=l1, l2=l2)(kernel), [kernel])[0]
    slope, of_penalty, along_bias = (ops.convert_to_numpy(part) for part in (along_kernel, of_penalty, along_bias))
    missed = np.where(kernel.numpy() != 0, np.abs(slope + of_penalty), np.maximum(np.abs(slope) - l1, 0))
    return max(missed.max(), np.abs(along_bias).max())


squared_error = keras.losses.MeanSquaredError(dtype="float64")
cross_entropy = keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")


def is_optimum(X, y, found, loss, tolerance=1e-5, **factors):
    """Tell whether a scikit-learn model is at the optimum of Keras's objective with these factors, and not with others."""
    at = (X, y, found.coef_.T, found.intercept_, loss)
    others = {name: 1.1 * value for name, value in factors.items()}
    return distance_from_optimum(*at, **factors) < tolerance < 1e-4 < distance_from_optimum(*at, **others)


@pytest.fixture
def factors(request):
    """Return a function that evaluates the factors which the sentence of the test gives in code, as in `l2 = alpha / n`."""
    (sentence,) = [claim.sentence for claim in Ledger().claims if claim.test == request.node.name]
    code = re.findall(r"`(l[12]) = ([^`]+)`", sentence)
    return lambda **given: {name: eval(expression, {}, given) for name, expression in code}


def is_multiple(elsewhere, l1=0.0, l2=0.0, **given):
    """Tell whether the objective that the page writes for another library is a multiple of Keras's with these factors."""
    rng = np.random.default_rng(0)
    ratios = []
    for w in rng.normal(size=(5, FEATURES)):
        loss = rng.uniform(1, 5)
        ratios.append(elsewhere(w=w, L=loss, **given) / (loss + l1 * np.abs(w).sum() + l2 * np.square(w).sum()))
    return np.ptp(ratios) < 1e-9


def test_mean_squared_error_plus_l1l2_is_the_objective():
    X, y = regression()
    hidden, last = (layers.Dense(units, kernel_regularizer=regularizers.L1L2(l1=0.3, l2=0.2), bias_initializer="ones") for units in (3, 1))
    model = keras.Sequential([layers.Input((FEATURES,)), hidden, last])
    model.compile(loss="mean_squared_error")
    squared_errors = (y - model.predict(X, verbose=0))[:, 0] ** 2
    weights = np.concatenate([layer.kernel.numpy().ravel() for layer in (hidden, last)])  # of every penalized kernel, and no bias
    objective = formula("reference/notation.md", "J =")(l=squared_errors, n=ROWS, w=weights, λ_1=0.3, λ_2=0.2)
    assert model.evaluate(X, y, batch_size=ROWS, verbose=0) == pytest.approx(objective, rel=1e-5)


def test_mean_squared_error_is_a_mean_over_rows_and_outputs():
    truth, predicted = np.zeros((4, 3)), np.arange(12.0).reshape(4, 3)
    assert float(squared_error(truth, predicted)) == pytest.approx((predicted**2).sum() / 12)


def test_ridge_is_l2_of_alpha_over_n(factors):
    X, y = regression()
    found = Ridge(alpha=7.0, tol=1e-12).fit(X, y)
    in_keras = factors(alpha=7.0, n=ROWS)
    assert is_optimum(X, y, found, squared_error, **in_keras)
    assert is_multiple(formula("reference/notation.md", r"n L + \alpha"), n=ROWS, α=7.0, **in_keras)


def test_ridge_of_several_outputs_is_l2_of_alpha_over_n_k(factors):
    X, y = regression(outputs=3)
    found = Ridge(alpha=7.0, tol=1e-12).fit(X, y)
    assert is_optimum(X, y, found, squared_error, **factors(alpha=7.0, n=ROWS, K=3))


def test_lasso_is_l1_of_two_alpha(factors):
    X, y = regression()
    found = Lasso(alpha=0.4, tol=1e-14, max_iter=100_000).fit(X, y[:, 0])
    in_keras = factors(alpha=0.4)
    assert 0 < np.sum(found.coef_ == 0) < FEATURES
    assert is_optimum(X, y, found, squared_error, **in_keras)
    assert is_multiple(formula("reference/notation.md", r"\tfrac{1}{2} L + \alpha \lVert"), α=0.4, **in_keras)


def test_elastic_net_is_l1_of_two_alpha_r_and_l2_of_alpha_one_minus_r(factors):
    X, y = regression()
    found = ElasticNet(alpha=0.5, l1_ratio=0.7, tol=1e-14, max_iter=100_000).fit(X, y[:, 0])
    in_keras = factors(alpha=0.5, r=0.7)
    assert np.sum(found.coef_ != 0) > 1  # one weight alone could not tell the two factors apart
    assert is_optimum(X, y, found, squared_error, **in_keras)
    assert is_multiple(formula("reference/notation.md", r"\tfrac{1}{2} L + \alpha r"), α=0.5, r=0.7, **in_keras)


def test_logistic_regression_is_l2_of_one_over_two_c_n(factors):
    X, y = classification()
    found = LogisticRegression(C=0.5, tol=1e-12, max_iter=10_000, solver="newton-cholesky").fit(X, y)
    in_keras = factors(C=0.5, n=ROWS)
    assert is_optimum(X, y, found, cross_entropy, **in_keras)
    assert is_multiple(formula("reference/notation.md", r"C n L + \tfrac"), C=0.5, n=ROWS, **in_keras)


def test_logistic_elastic_net_is_l1_of_r_over_c_n(factors):
    X, y = classification()
    found = LogisticRegression(C=0.3, l1_ratio=0.6, solver="saga", tol=1e-13, max_iter=200_000, random_state=0).fit(X, y)
    in_keras = factors(C=0.3, r=0.6, n=ROWS)
    assert np.sum(found.coef_ != 0) > 1  # one weight alone could not tell the two factors apart
    assert is_optimum(X, y, found, cross_entropy, **in_keras)
    assert is_multiple(formula("reference/notation.md", r"C n L + r"), C=0.3, r=0.6, n=ROWS, **in_keras)


def test_l2_loss_of_tensorflow_has_a_half(factors):
    import tensorflow as tf

    weights = np.array([3.0, -4.0], dtype="float32")
    added = 0.1 * float(tf.nn.l2_loss(weights))
    assert added == pytest.approx(float(regularizers.L2(**factors(wd=0.1))(weights)))
    assert added == pytest.approx(formula("reference/notation.md", r"\tfrac{1}{2} wd")(wd=0.1, w=weights))


def test_decay_in_the_gradient_is_l2_of_half_of_it(factors):
    decay, rate = 0.3, 0.1
    X, y = regression()
    layer = layers.Dense(1, kernel_regularizer=regularizers.L2(**factors(wd=decay)))
    model = keras.Sequential([layers.Input((FEATURES,)), layer])
    model.compile(keras.optimizers.SGD(rate), loss="mean_squared_error")
    kernel, bias = (part.astype("float64") for part in model.get_weights())
    added = formula("reference/notation.md", r"wd \cdot w")
    for _ in range(3):  # by hand: the slope of the mean squared error, and the decay added to it
        error = X @ kernel + bias - y
        kernel, bias = kernel - rate * (2 / ROWS * X.T @ error + added(wd=decay, w=kernel)), bias - rate * 2 * error.mean()
        model.train_on_batch(X, y)
    np.testing.assert_allclose(layer.kernel.numpy(), kernel, atol=1e-4)
