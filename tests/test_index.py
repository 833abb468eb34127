"""Claims of the home page, about the problem whose optimum its figure draws."""

import keras
import numpy as np
import pytest
from keras import Sequential, layers, regularizers
from scipy.linalg import hadamard
from sklearn.linear_model import Lasso, LinearRegression, Ridge

from tests.formulas import formula
from tests.solvers import soft_threshold, train

V = np.array([3.0, -4.0, 1.5, -0.8, 0.3])
NOISE = 0.5


def design():
    """Return X (8, 5), standardized and uncorrelated, and y (8,), to which least squares gives the weights V."""
    columns = hadamard(8).astype(float)  # (8, 8), orthogonal columns of +1 and −1, the first one constant
    X = columns[:, 1:6]
    return X, X @ V + NOISE * columns[:, 6]


def linear_model(regularizer):
    """Return an untrained model of one linear unit without a bias; the features need none."""
    keras.utils.set_random_seed(0)
    return Sequential([layers.Input(shape=(5,)), layers.Dense(1, use_bias=False, kernel_regularizer=regularizer)])


def trained_weights(regularizer, optimizer, updates=1000):
    """Return the kernel (5,) after so many updates, each with all rows."""
    X, y = design()
    return train(linear_model(regularizer), X, y[:, None], optimizer, "mean_squared_error", updates)[:, 0]


def test_loss_in_keras_is_this_sum_plus_a_constant():
    X, y = design()
    np.testing.assert_allclose([X.mean(axis=0), X.var(axis=0)], [np.zeros(5), np.ones(5)], atol=1e-12)
    np.testing.assert_allclose(np.corrcoef(X.T), np.eye(5), atol=1e-12)
    np.testing.assert_allclose(LinearRegression().fit(X, y).coef_, V, atol=1e-12)
    for regularizer, this_sum in [
        (regularizers.L2(0.7), formula("index.md", r"\sum_j (w_j - v_j)^2 + \lambda \sum_j w_j^2")),
        (regularizers.L1(0.7), formula("index.md", r"\sum_j (w_j - v_j)^2 + \lambda \sum_j \lvert")),
    ]:
        model = linear_model(regularizer)
        model.compile(loss="mean_squared_error")
        constants = []
        for weights in np.random.default_rng(0).normal(scale=3, size=(10, 5)):
            model.layers[0].kernel.assign(weights[:, None])
            loss = model.evaluate(X, y, verbose=0)
            constants.append(loss - this_sum(w=weights, v=V, λ=0.7))
        np.testing.assert_allclose(constants, NOISE**2, atol=1e-4)


@pytest.mark.parametrize("factor", [0.1, 2.0, 10.0, 1e6])
def test_l2_divides_each_weight_and_none_is_zero(factor):
    X, y = design()
    ridge = Ridge(alpha=factor * len(X), fit_intercept=False).fit(X, y).coef_
    np.testing.assert_allclose(ridge, V / formula("index.md", r"1 + \lambda")(λ=factor), rtol=1e-9)
    assert np.all(ridge != 0)


@pytest.mark.parametrize(("factor", "zeros"), [(0.5, 0), (0.7, 1), (2.0, 2), (3.1, 3), (7.99, 4), (8.01, 5), (50.0, 5)])
def test_l1_moves_each_weight_by_half_the_factor_and_stops_at_zero(factor, zeros):
    X, y = design()
    lasso = Lasso(alpha=factor / 2, fit_intercept=False, tol=1e-12).fit(X, y).coef_
    by = formula("index.md", r"\lambda / 2")(λ=factor)
    np.testing.assert_allclose(lasso, soft_threshold(V, by), rtol=1e-9)
    assert (lasso == 0).sum() == zeros


@pytest.mark.parametrize("factor", [0.5, 2.0, 10.0])
def test_training_in_keras_ends_at_the_weights_of_the_figure(factor):
    def falling_rate():  # to zero, so that the end is the optimum; below 2 / (2 + 2 · factor), where L2 would diverge
        return keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.05, 1000))

    np.testing.assert_allclose(trained_weights(regularizers.L2(factor), falling_rate()), V / (1 + factor), atol=0.01)
    np.testing.assert_allclose(trained_weights(regularizers.L1(factor), falling_rate()), soft_threshold(V, factor / 2), atol=0.01)


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, keras.optimizers.Adam])
def test_training_in_keras_with_l1_misses_the_exact_zero(optimizer):
    optimum = soft_threshold(V, 1.0)
    assert (optimum == 0).sum() == 2
    for rate in (0.01, keras.optimizers.schedules.CosineDecay(0.1, 1000)):
        weights = trained_weights(regularizers.L1(2.0), optimizer(rate), updates=2000)
        assert np.abs(weights[optimum == 0]).max() < 0.05
        assert np.all(weights != 0)
