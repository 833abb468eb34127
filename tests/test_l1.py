"""Claims of the chapter "L1 regularization"."""

import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import Sequential, layers, ops, regularizers
from scipy import stats
from scipy.integrate import quad
from scipy.optimize import minimize, minimize_scalar
from sklearn.linear_model import Lasso, LassoCV, LinearRegression, LogisticRegression, Ridge, lars_path

from tests.formulas import formula
from tests.solvers import L1L2OfEach, gradients, lasso, level, soft_threshold, train, unit


def correlated_rows(rng, n, p):
    """Return features (n, p), neighbours correlated 0.5."""
    distance = np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    return rng.normal(size=(n, p)) @ np.linalg.cholesky(0.5**distance).T


def regression_problem(n=80, p=12):
    """Return standardized X (n, p) and y (n,); three of the features are informative."""
    rng = np.random.default_rng(3)
    X = correlated_rows(rng, n, p)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    return X, X[:, :3] @ [3.0, -4.0, 1.5] + 3.0 * rng.normal(size=n) + 2.0


def largest_useful_factor(X, y):
    return formula("learn/l1.md", r"\lambda_{\max} =")(x=X, y=y, y_bar=y.mean(), n=len(y))


class SoftThreshold(keras.constraints.Constraint):
    """Soft-thresholding after each update, as on the page."""

    def __init__(self, threshold):
        self.threshold = threshold

    def __call__(self, kernel):
        return ops.sign(kernel) * ops.maximum(ops.abs(kernel) - self.threshold, 0.0)


def squared_errors(y, prediction):
    """Return the squared error of each row, summed over the models, so that each has the gradient it would have alone."""
    return ops.sum(ops.square(y - prediction), axis=-1)


def trained(X, y, optimizer, updates, models=1, **settings):
    """Return kernels (models, p) and biases (models,) of linear models after `updates` full-batch updates from weights of 1."""
    layer = layers.EinsumDense("bi,li->bl", output_shape=(models,), bias_axes="l", kernel_initializer="ones", **settings)
    model = Sequential([layers.Input((X.shape[1],)), layer])
    train(model, X, np.tile(y[:, None], (1, models)), optimizer, squared_errors, updates)
    return model.get_weights()


def falling(rate, updates):
    return keras.optimizers.schedules.CosineDecay(rate, updates)


def one_weight_runs(optimizer, targets, factors, start, updates, scales=1.0):
    """Return the trajectories (updates + 1, k) of k single weights, each with data loss (w − v)² and its own factor.

    A weight whose objective is multiplied by its entry of `scales` moves under SGD as with a rate multiplied by it.
    """
    scales, targets = np.broadcast_to(scales, len(targets)).astype("float32"), np.asarray(targets)
    layer = layers.EinsumDense(
        "bi,li->bl", len(targets), kernel_initializer=keras.initializers.Constant(start), kernel_regularizer=L1L2OfEach(l1=scales * factors)
    )
    model = Sequential([layers.Input((1,)), layer])
    model.compile(optimizer, lambda y, w: ops.sum(ops.multiply(scales, ops.square(y - w)), axis=-1))
    trajectory = [np.full(len(targets), start)]
    for _ in range(updates):
        model.train_on_batch(np.ones((1, 1)), targets[None, :])
        trajectory.append(model.get_weights()[0][:, 0].astype(float))
    return np.array(trajectory)


def test_subgradients_of_the_absolute_value_at_zero_are_minus_one_to_one():
    u, touches = np.linspace(-5, 5, 1001), formula("learn/l1.md", r"\lvert u \rvert \ge")
    for s in (-1.0, -0.3, 0.0, 0.7, 1.0):
        assert np.all(touches.holds(u=u, s=s))
    for s in (-1.01, 1.01):
        assert not np.all(touches.holds(u=u, s=s))


@pytest.mark.parametrize("l1", [0.3, 1.0, 2.5])
def test_minimum_for_one_weight_is_soft_thresholding_by_half_the_factor(l1):
    objective, answer, S = formula("learn/l1.md", "J(w) ="), formula("learn/l1.md", "w = S("), formula("learn/l1.md", "S(v, t) =")
    for v in np.linspace(-3, 3, 25):
        found = minimize_scalar(lambda w, v=v: (w - v) ** 2 + float(regularizers.L1(l1)(np.array([w]))), bounds=(-4, 4), method="bounded")
        assert found.x == pytest.approx(answer(S=S, v=v, λ_1=l1), abs=1e-3)
        assert found.fun == pytest.approx(objective(found.x, v=v, λ_1=l1), abs=1e-6)
        assert found.x == pytest.approx(soft_threshold(v, l1 / 2), abs=1e-3)  # the root of what float32 can tell


def test_lasso_of_scikit_learn_meets_the_conditions_in_the_gradients_of_keras():
    X, y = regression_problem()
    for alpha in (0.05, 0.25, 1.0):
        fitted = Lasso(alpha=alpha, tol=1e-12).fit(X, y)
        model = unit(12)
        model.set_weights([fitted.coef_[:, None], np.array([fitted.intercept_])])
        slope, slope_of_bias = (gradient.ravel() for gradient in gradients(model, X, y[:, None], "mean_squared_error"))
        assert 0 < np.sum(fitted.coef_ != 0) < 12
        conditions = {"g_j": slope.round(5), "w_j": fitted.coef_, "λ_1": 2 * alpha}  # to what float32 can tell
        used, unused = formula("learn/l1.md", r"g_j = -\lambda_1"), formula("learn/l1.md", r"\lvert g_j \rvert \le")
        assert np.all(used.holds(**conditions)) and np.all(unused.holds(**conditions))
        assert np.all(used.condition.holds(**conditions) != unused.condition.holds(**conditions))  # each weight is one or the other
        np.testing.assert_allclose(slope_of_bias, 0, atol=1e-5)
        given = {"x": X, "y": y, "y_hat": fitted.predict(X), "n": len(y)}
        np.testing.assert_allclose(slope, formula("learn/l1.md", r"g_j = -\frac{2}{n}")(**given, j=np.arange(1, 13)), atol=1e-5)
        data_loss = formula("learn/l1.md", r"L(w, b) = \frac")(**given)
        assert model.evaluate(X, y, batch_size=len(y), verbose=0) == pytest.approx(data_loss, rel=1e-5)


def test_lasso_of_orthonormal_features_is_soft_thresholding_of_least_squares():
    rng = np.random.default_rng(0)
    n, p = 40, 6
    basis = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, p))]))[0]
    X = np.sqrt(n) * basis[:, 1:]  # mean 0, variance 1, uncorrelated
    y = X @ [3.0, -4.0, 1.5, -0.8, 0.3, 0.0] + rng.normal(size=n)
    v = LinearRegression().fit(X, y).coef_
    for l1 in (0.2, 1.0, 4.0, 7.0):
        np.testing.assert_allclose(lasso(X, y, l1), soft_threshold(v, l1 / 2), atol=1e-10)


def test_weights_kept_by_l1_are_too_small_by_half_the_factor_until_refitted():
    rng = np.random.default_rng(1)
    n = 50
    basis = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, 4))]))[0]
    X = np.sqrt(n) * basis[:, 1:]
    y = X @ [3.0, -4.0, 0.1, 0.0] + 0.1 * basis[:, 1]
    v = LinearRegression().fit(X, y).coef_
    kept = lasso(X, y, 1.0) != 0
    assert kept.tolist() == [True, True, False, False]
    missing = formula("learn/l1.md", r"\lambda_1 / 2")(λ_1=1.0)
    np.testing.assert_allclose(np.abs(v[kept]) - np.abs(lasso(X, y, 1.0)[kept]), missing, atol=1e-10)
    np.testing.assert_allclose(LinearRegression().fit(X[:, kept], y).coef_, v[kept], atol=1e-10)


def test_shifting_the_targets_changes_the_bias_alone():
    X, y = regression_problem()
    X = X + 0.5  # the features need not be centred
    rate, penalty = falling(0.1, 3000), regularizers.L1(0.5)
    for shift in (0, 10):
        kernel, bias = trained(X, y + shift, keras.optimizers.SGD(rate), 3000, kernel_regularizer=penalty)
        np.testing.assert_allclose(kernel[0], lasso(X, y, 0.5), atol=1e-3)
        assert bias[0] == pytest.approx(y.mean() - X.mean(axis=0) @ lasso(X, y, 0.5) + shift, abs=1e-2)


@pytest.mark.parametrize("seed", range(5))
def test_lasso_is_empty_above_the_largest_useful_factor_and_not_below(seed):
    rng = np.random.default_rng(seed)
    X = correlated_rows(rng, 40, 9)
    X += 1  # the features need not be centred, because the bias is free
    y = X[:, 0] + rng.normal(size=40) + 5
    l1_max = largest_useful_factor(X, y)
    assert np.all(lasso(X, y, 1.0001 * l1_max) == 0)
    assert np.sum(lasso(X, y, 0.999 * l1_max) != 0) == 1


def test_largest_useful_factor_of_a_sigmoid_unit_is_half_as_large():
    X, y = regression_problem(n=60)
    classes = (y > 1).astype(float)
    l1_max = formula("learn/l1.md", r"\lambda_{\max} / 2")(λ_max=largest_useful_factor(X, classes))
    model = unit(12, "sigmoid")
    model.set_weights([np.zeros((12, 1)), np.log([classes.mean() / (1 - classes.mean())])])
    slopes, _ = gradients(model, X, classes[:, None], "binary_crossentropy")
    assert np.abs(slopes).max() == pytest.approx(l1_max, rel=1e-4)
    for share, expected in [(1.001, 0), (0.99, 1)]:
        C = 1 / (share * l1_max * len(y))
        saga = LogisticRegression(C=C, l1_ratio=1, solver="saga", tol=1e-8, max_iter=20_000, random_state=0)
        assert np.sum(saga.fit(X, classes).coef_ != 0) == expected


@pytest.mark.parametrize("kind", ["mean_squared_error", "binary_crossentropy"])
def test_keras_loss_is_the_negative_log_posterior_of_a_laplace_prior(kind):
    X, y = regression_problem()
    n, sigma, l1 = len(y), 3.0, 0.7
    if kind == "binary_crossentropy":
        y, activation, scale, times = (y > 1).astype(float), "sigmoid", 1 / (n * l1), n
        assert l1 == pytest.approx(formula("learn/l1.md", r"\lambda_1 = 1 / (n s)")(n=n, s=scale))
    else:
        activation, scale, times = None, 2 * sigma**2 / (n * l1), n / (2 * sigma**2)
        assert l1 == pytest.approx(formula("learn/l1.md", r"\lambda_1 = 2 \sigma^2")(σ=sigma, n=n, s=scale))
    model = unit(12, activation, kernel_regularizer=regularizers.L1(l1))
    model.compile(loss=kind)
    sums, constants = [], []
    for *weights, bias in np.random.default_rng(0).normal(scale=0.5, size=(6, 13)):  # the prior on the bias is flat
        model.set_weights([np.reshape(weights, (12, 1)), np.array([bias])])
        output = X @ weights + bias
        likelihood = stats.norm.logpdf(y, output, sigma) if activation is None else stats.bernoulli.logpmf(y, 1 / (1 + np.exp(-output)))
        log_posterior = likelihood.sum() + stats.laplace.logpdf(weights, scale=scale).sum()
        density = formula("learn/l1.md", "p(w_j) =")(s=scale, w_j=np.array(weights))
        np.testing.assert_allclose(density, stats.laplace.pdf(weights, scale=scale))
        if activation is None:
            on_page = formula("learn/l1.md", r"\frac{1}{2\sigma^2} \sum")
            given = {"y": y, "y_hat": output, "w": weights, "σ": sigma, "s": scale, "n": n, "L": np.mean((y - output) ** 2)}
            assert on_page.holds(**given)
            constants.append(on_page(**given) + log_posterior)
        sums.append(times * model.evaluate(X, y[:, None], batch_size=n, verbose=0) + log_posterior)
    np.testing.assert_allclose(sums, sums[0], atol=2e-3)
    np.testing.assert_allclose(constants, constants[:1] * len(constants))


def test_posterior_mean_is_not_zero_where_the_mode_is():
    l1, n, sigma = 1.0, 20, 1.5
    for v in (0.1, 0.3, 0.45):

        def density(w, v=v):
            return np.exp(-n / (2 * sigma**2) * ((w - v) ** 2 + l1 * abs(w)))

        mode = minimize_scalar(lambda w: -density(w), bounds=(-2, 2), method="bounded", options={"xatol": 1e-9}).x
        mean = quad(lambda w: w * density(w), -6, 6, points=[0])[0] / quad(density, -6, 6, points=[0])[0]
        assert abs(mode) < 1e-6
        assert mean > 0.01


def test_nearest_point_of_the_diamond_is_a_corner_and_of_the_circle_is_not():
    target = np.array([3.0, -4.0])

    def distance(parts):  # w = positive part − negative part, so that the bound is smooth
        return ((parts[:2] - parts[2:] - target) ** 2).sum()

    within = {"type": "ineq", "fun": lambda parts: 1 - parts.sum()}
    parts = minimize(distance, np.full(4, 0.1), bounds=[(0, None)] * 4, constraints=within, options={"ftol": 1e-12}).x
    np.testing.assert_allclose(parts[:2] - parts[2:], [0, -1], atol=1e-5)
    np.testing.assert_allclose(soft_threshold(target, 3.0), [0, -1], atol=1e-12)
    circle = {"type": "ineq", "fun": lambda w: 1 - (w**2).sum()}
    nearest = minimize(lambda w: ((w - target) ** 2).sum(), np.array([0.1, -0.1]), constraints=circle, options={"ftol": 1e-12}).x
    np.testing.assert_allclose(nearest, [0.6, -0.8], atol=1e-5)


def test_corner_is_nearest_for_a_wedge_of_targets():
    share = np.linspace(0, 1, 2001)
    edges = [np.column_stack([a * share, b * (1 - share)]) for a in (-1, 1) for b in (-1, 1)]
    boundary = np.concatenate(edges)  # of the diamond
    targets = np.random.default_rng(0).uniform(-5, 5, size=(400, 2))
    targets = targets[np.abs(targets).sum(axis=1) > 1.2]  # outside the diamond
    nearest = np.array([boundary[np.argmin(((boundary - v) ** 2).sum(axis=1))] for v in targets])
    at_corner = np.abs(nearest - [0, -1]).max(axis=1) < 1e-9
    wedge, given = formula("learn/l1.md", r"\lvert v_1 \rvert \le"), {"v_1": targets[:, 0], "v_2": targets[:, 1]}
    left, right = wedge.sides(**given)
    clear = np.abs(right - left) > 0.01
    assert 20 < at_corner.sum() < 200
    np.testing.assert_array_equal(at_corner[clear], wedge.holds(**given)[clear])


def test_whole_path_of_keras_is_that_of_the_lasso():
    X, y = regression_problem()
    factors = 1.25 * largest_useful_factor(X, y) * np.logspace(0, -3.5, 9)
    kernels, biases = trained(X, y, keras.optimizers.SGD(falling(0.1, 3000)), 3000, models=9, kernel_regularizer=L1L2OfEach(l1=factors))
    zeros = 0
    for l1, kernel, bias in zip(factors, kernels, biases):
        solution = lasso(X, y, l1)
        zeros += np.sum(solution == 0)
        np.testing.assert_allclose(kernel, solution, atol=0.01 if np.any(solution == 0) else 1e-4)
        assert bias == pytest.approx(y.mean(), abs=1e-3)
        ours, best = (((y - y.mean() - X @ w) ** 2).mean() + l1 * np.abs(w).sum() for w in (kernel.astype(float), solution))
        assert -1e-9 < ours - best < 1e-5 * best
    assert zeros > 30
    assert np.all(kernels != 0)
    assert np.all(lasso(X, y, factors[-1]) != 0)  # the last one has no zeros


def test_models_on_the_leading_axis_train_as_if_alone():
    X, y = regression_problem()
    factors = [0.1, 0.5, 2.0]
    together, _ = trained(X, y, keras.optimizers.SGD(0.05), 500, models=3, kernel_regularizer=L1L2OfEach(l1=factors))
    for kernel, l1 in zip(together, factors):
        alone, _ = trained(X, y, keras.optimizers.SGD(0.05), 500, kernel_regularizer=regularizers.L1(l1))
        np.testing.assert_allclose(kernel, alone[0], atol=1e-5)
    assert np.abs(together[0] - together[1]).max() > 0.01


TARGETS = np.array([-0.45, -0.2, 0.0, 0.1, 0.3, 0.45])
RATES = np.array([0.04, 0.02, 0.01])


@cache
def bounces():
    """Return the trajectories (updates, rates, targets) of single weights under SGD, factor 1, from where they have settled."""
    scales = np.repeat(RATES / RATES[0], len(TARGETS))
    weights = one_weight_runs(keras.optimizers.SGD(RATES[0]), np.tile(TARGETS, len(RATES)), 1.0, 0.05, 1000, scales)
    return weights[200:].reshape(-1, len(RATES), len(TARGETS))


def test_sgd_ends_in_a_band_around_zero_and_stays_there():
    slope, rate, weights = -2 * TARGETS, RATES[:, None], bounces()  # the slope of the data loss at zero
    low, high = -rate * (1 + slope), rate * (1 - slope)
    bottom, top = formula("learn/l1.md", r"-\eta (\lambda_1 + g)"), formula("learn/l1.md", r"\eta (\lambda_1 - g)")
    step = formula("learn/l1.md", r"w \leftarrow w - \eta \bigl(")
    for number, η in enumerate(RATES):
        np.testing.assert_allclose(low[number], bottom(η=η, λ_1=1, g=slope))
        np.testing.assert_allclose(high[number], top(η=η, λ_1=1, g=slope))
        before, after = weights[:-1, number], weights[1:, number]
        np.testing.assert_allclose(after, step(w=before, v=TARGETS, η=η, λ_1=1), atol=1e-6)
    assert np.all(weights >= low - 1e-7) and np.all(weights <= high + 1e-7)
    assert np.all(np.ptp(weights, axis=0) > 0.45 * 2 * rate)  # the band is no wider than it has to be: steps of about the rate each way
    assert np.all(weights != 0)


def test_average_sign_is_the_subgradient_of_the_optimum():
    """The slope 2 (w − v) + sign(w) has, on average over T steps, the size of the way from first to last weight over rate times T."""
    weights, rate = bounces(), RATES[:, None]
    missed = np.abs(np.sign(weights).mean(axis=0) - formula("learn/l1.md", r"-g / \lambda_1")(g=-2 * TARGETS, λ_1=1))
    widest = rate * (1 + 2 * np.abs(TARGETS))
    assert np.all(missed <= 2 * widest + 2 * rate / (rate * len(weights)) + 1e-6)  # so it goes to zero with the rate
    assert missed[2].max() < 0.5 * missed[0].max()
    assert np.all(np.abs(np.sign(weights).mean(axis=0) + 2 * TARGETS)[:, TARGETS != 0] > 0.1)  # and not with the other sign


def test_band_of_sgd_grows_with_the_factor_and_that_of_adam_does_not():
    def width(optimizer):
        return np.ptp(one_weight_runs(optimizer, np.zeros(2), [1.0, 10.0], 0.013, 200)[100:], axis=0)

    small, large = width(keras.optimizers.SGD(0.005))
    assert large == pytest.approx(10 * small, rel=0.2)
    small, large = width(keras.optimizers.Adam(0.005))
    assert large == pytest.approx(small, rel=0.1)
    assert 0.0004 < small < 0.02


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, keras.optimizers.Adam])
def test_zeros_of_the_lasso_are_near_zeros_in_keras_and_nearer_when_the_rate_falls(optimizer):
    X, y = regression_problem()
    zeros = lasso(X, y, 0.8) == 0
    assert zeros.sum() >= 5
    penalty = regularizers.L1(0.8)
    constant, _ = trained(X, y, optimizer(0.01), 2000, kernel_regularizer=penalty)
    decayed, _ = trained(X, y, optimizer(falling(0.05, 2000)), 2000, kernel_regularizer=penalty)
    assert np.all(constant != 0) and np.all(decayed != 0)
    assert np.abs(decayed[0][zeros]).max() < 1e-4 < 1e-3 < np.abs(constant[0][zeros]).max() < 0.05
    assert np.array_equal(np.abs(decayed[0]) < 1e-3, zeros)


def test_soft_threshold_after_each_sgd_step_gives_exactly_the_zeros_of_scikit_learn():
    X, y = regression_problem()
    for l1 in (0.2, 0.8):
        solution = lasso(X, y, l1)
        kernel, _ = trained(X, y, keras.optimizers.SGD(0.1), 1000, kernel_constraint=SoftThreshold(0.1 * l1))
        assert (solution == 0).sum() >= 2
        assert np.array_equal(kernel[0] == 0, solution == 0)
        np.testing.assert_allclose(kernel[0], solution, atol=1e-5)


def test_l1_strength_of_ftrl_fades_with_the_number_of_updates():
    X, y = regression_problem()
    unpenalized = LinearRegression().fit(X, y).coef_
    early, late = (trained(X, y, keras.optimizers.Ftrl(1.0, l1_regularization_strength=40.0), updates)[0][0] for updates in (100, 3000))
    assert np.sum(early == 0) >= 4
    assert np.sum(late == 0) == 0
    np.testing.assert_allclose(late, unpenalized, atol=1e-3)
    assert np.abs(early - unpenalized).max() > 0.1


def kernels_from_zero():
    """Return [backend, kernels (5, 3)]: how a step of SGD with a rate of 0.25 after the other moves zeros at which only L1 pulls."""
    model = unit(3, use_bias=False, kernel_initializer="zeros", kernel_regularizer=regularizers.L1(1.0))
    model.compile(keras.optimizers.SGD(0.25), level)
    kernels = [model.get_weights()[0][:, 0].tolist()]
    for _ in range(4):
        model.train_on_batch(np.ones((1, 3)), np.zeros((1, 1)))
        kernels.append(model.get_weights()[0][:, 0].tolist())
    return [keras.backend.backend(), kernels]


def kernels_on(backend):
    """Return `kernels_from_zero()` of another process, whose backend this is."""
    program = "import json; from tests.test_l1 import kernels_from_zero; print(json.dumps(kernels_from_zero()))"
    environment = {**os.environ, "KERAS_BACKEND": backend, "JAX_PLATFORMS": "cpu"}
    root = Path(__file__).parent.parent
    ran = subprocess.run([sys.executable, "-c", program], env=environment, cwd=root, capture_output=True, text=True, check=True)
    return json.loads(ran.stdout.splitlines()[-1])


def test_slope_at_zero_is_zero_on_tensorflow_and_one_on_jax():
    here = kernels_from_zero()
    found = dict(here if here[0] == backend else kernels_on(backend) for backend in ("tensorflow", "jax"))
    assert found["tensorflow"] == [[0.0] * 3] * 5
    assert found["jax"] == [[0.0] * 3, [-0.25] * 3, [0.0] * 3, [-0.25] * 3, [0.0] * 3]


@pytest.mark.parametrize("seed", range(4))
def test_lasso_keeps_at_most_one_feature_fewer_than_rows_with_a_free_bias(seed):
    """The whole path, from one kept set to the next, by least angle regression; coordinate descent beside it at some factors."""
    rng = np.random.default_rng(seed)
    n, p = 8, 40
    X, y = rng.normal(size=(n, p)), rng.normal(size=n)
    for bias, most in ((True, n - 1), (False, n)):
        rows, targets = (X - X.mean(axis=0), y - y.mean()) if bias else (X, y)
        *_, path = lars_path(rows, targets, method="lasso")  # (p, knots), straight lines between them
        kept = (path[:, :-1] != 0) | (path[:, 1:] != 0)
        assert kept.sum(axis=0).max() == most
        l1_max = 2 * np.abs(rows.T @ targets).max() / n
        assert all(np.sum(lasso(X, y, l1, fit_intercept=bias) != 0) <= most for l1 in l1_max * np.logspace(0, -3, 13))


def interval(differences):
    """Return both ends of the 95% interval for the mean of differences between pairs, by Student's t."""
    return stats.t.interval(0.95, len(differences) - 1, np.mean(differences), stats.sem(differences))


@pytest.mark.parametrize("n", [100, 1000])
def test_factor_chosen_for_prediction_keeps_noise_features(n):
    false, missed = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = correlated_rows(rng, n, 20)
        y = X[:, :4] @ [3.0, -4.0, 1.5, 0.5] + 3.0 * rng.normal(size=n)
        kept = LassoCV(cv=5, alphas=30).fit(X, y).coef_ != 0
        false.append(kept[4:].sum())
        missed.append((~kept[:4]).sum())
    assert interval(false)[0] > 3 and np.mean(false) == pytest.approx(7, abs=0.5)
    assert np.mean(missed) < 1


def test_doubling_the_chosen_factor_drops_noise_features_and_costs_accuracy():
    changes = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X = correlated_rows(rng, 2100, 20)
        y = X[:, :4] @ [3.0, -4.0, 1.5, 0.5] + 3.0 * rng.normal(size=2100)
        chosen = LassoCV(cv=5, alphas=30).fit(X[:100], y[:100])
        doubled = Lasso(alpha=2 * chosen.alpha_).fit(X[:100], y[:100])
        false = [np.sum(model.coef_[4:] != 0) for model in (chosen, doubled)]
        error = [np.mean((y[100:] - model.predict(X[100:])) ** 2) for model in (chosen, doubled)]
        changes.append([false[1] - false[0], error[1] - error[0]])
    noise, worse = np.transpose(changes)
    assert interval(noise)[1] < 0
    assert interval(worse)[0] > 0


def test_choice_between_two_correlated_features_changes_with_the_sample():
    picks, ratios = [], []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X = np.sqrt(0.95) * rng.normal(size=(100, 1)) + np.sqrt(0.05) * rng.normal(size=(100, 2))
        y = X.sum(axis=1) + 3.0 * rng.normal(size=100)
        picks.append(lasso(X, y, 0.5 * largest_useful_factor(X - X.mean(axis=0), y)) != 0)
        by_ridge = Ridge(alpha=50).fit(X, y).coef_
        ratios.append(by_ridge.min() / by_ridge.max())
    first, second = np.array(picks).T
    only_first, only_second = np.sum(first & ~second), np.sum(second & ~first)
    assert min(only_first, only_second) >= 10
    assert np.mean(first != second) == pytest.approx(0.5, abs=0.1)
    assert stats.binomtest(only_first, only_first + only_second).pvalue > 0.05  # neither is favoured
    assert np.median(ratios) > 0.8


def share_of_intervals_with_zero(new_rows):
    """Return in which share of the cases a 95% interval of least squares on the features that L1 keeps contains their true weight, zero.

    The intervals come from the rows that chose the features, or from new ones.
    """
    contained = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(100, 20)), rng.normal(size=100)
        kept = lasso(X, y, 0.5 * largest_useful_factor(X - X.mean(axis=0), y)) != 0
        if new_rows:
            X, y = rng.normal(size=(100, 20)), rng.normal(size=100)
        columns = np.column_stack([np.ones(100), X[:, kept]])
        found, (squares,), *_ = np.linalg.lstsq(columns, y)
        free = 100 - columns.shape[1]
        errors = np.sqrt(squares / free * np.diag(np.linalg.inv(columns.T @ columns)))
        contained.extend((np.abs(found) < stats.t.ppf(0.975, free) * errors)[1:])
    return np.mean(contained), len(contained)


def test_usual_intervals_of_kept_features_are_too_narrow():
    share, _ = share_of_intervals_with_zero(new_rows=False)
    assert share < 0.85


def test_intervals_from_new_rows_are_right():
    share, cases = share_of_intervals_with_zero(new_rows=True)
    assert stats.binomtest(round(share * cases), cases, 0.95).pvalue > 0.01


def sets_kept(truth):
    """Return which of three features, of which the first two predict the third, L1 keeps at falling factors, without noise; a list."""
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(np.column_stack([np.ones(50), rng.normal(size=(50, 3))]))[0][:, 1:] * np.sqrt(50)
    X = basis @ [[1, 0, 2 / 3], [0, 1, 2 / 3], [0, 0, 1 / 3]]  # each of variance 1
    y = X @ truth
    return [tuple(lasso(X, y, l1) != 0) for l1 in largest_useful_factor(X, y) * np.logspace(-0.01, -4, 80)]


def test_lasso_cannot_find_the_features_when_they_predict_another_too_well():
    assert (True, True, True) in sets_kept([2.0, 3.0, 0.0])
    assert (True, True, False) not in sets_kept([2.0, 3.0, 0.0])


def test_lasso_finds_the_features_when_the_condition_holds():
    assert set(sets_kept([-2.0, 3.0, 0.0])[40:]) == {(True, True, False)}


@pytest.mark.parametrize("share", [0.05, 0.2, 0.6])
def test_degrees_of_freedom_are_the_number_of_kept_weights(share):
    X, y = regression_problem(n=30)
    l1 = share * largest_useful_factor(X, y)

    def predictions(y):
        weights = lasso(X, y, l1)
        return y.mean() + (X - X.mean(axis=0)) @ weights

    nudge = 1e-3
    moved = sum((predictions(y + nudge * row) - predictions(y - nudge * row)) @ row for row in np.eye(30)) / (2 * nudge)
    kept = np.sum(lasso(X, y, l1) != 0)
    assert 0 < kept < 12
    assert moved == pytest.approx(kept + 1, abs=0.01)


def test_small_weights_can_carry_the_whole_prediction():
    rng = np.random.default_rng(0)
    signal = rng.normal(size=(800, 1))
    X = np.tile(signal, (1, 2000)) + 0.5 * rng.normal(size=(800, 2000))
    y = (signal[:, 0] > 0).astype(float)
    model = unit(2000, "sigmoid", kernel_initializer="zeros", kernel_regularizer=regularizers.L1(1e-4))
    model.compile(keras.optimizers.SGD(1e-4), "binary_crossentropy", metrics=["accuracy"])
    model.fit(X[:400], y[:400, None], batch_size=400, epochs=6, verbose=0)
    before = model.evaluate(X[400:], y[400:, None], batch_size=400, verbose=0)[1]
    kernel, bias = model.get_weights()
    assert np.abs(kernel).max() < 1e-3
    model.set_weights([np.where(np.abs(kernel) < 1e-3, 0, kernel), bias])
    after = model.evaluate(X[400:], y[400:, None], batch_size=400, verbose=0)[1]
    assert before > 0.95 and after < 0.6


def test_units_matter_to_the_lasso_and_not_to_least_squares():
    X, y = regression_problem()
    scaled = X * np.where(np.arange(12) == 2, 10, 1)
    for weights, same in [(lambda X: lasso(X, y, 0.8), False), (lambda X: LinearRegression().fit(X, y).coef_, True)]:
        assert np.allclose(X @ weights(X), scaled @ weights(scaled), atol=1e-3) == same


KERAS, LASSO = "weight in Keras", "weight in scikit-learn"


def test_plain_model_agrees_with_scikit_learn_in_this_run(shown):
    keras_weights, lasso_weights = shown("l1#plain").column(KERAS), shown("l1#plain").column(LASSO)
    assert len(keras_weights) == 10
    assert max(abs(keras_weights[name] - lasso_weights[name]) for name in keras_weights) < 0.01


def test_plain_model_has_near_zeros_in_this_run(shown):
    zeros = {name for name, weight in shown("l1#plain").column(LASSO).items() if weight == 0}
    assert zeros == {"age", "s1", "s2", "s4"}
    assert all(0 < abs(shown("l1#plain").number(name, KERAS)) < 0.01 for name in zeros)


def test_weight_of_s6_is_small_and_not_zero_in_this_run(shown):
    assert 0.001 < abs(shown("l1#plain").number("s6", LASSO)) < 0.01


def test_minima_of_the_figure_in_this_run(shown):
    for name, best in [("no penalty", 0.4), ("L2", 0.2), ("L1", 0.0)]:
        ((w, objective),) = shown("l1#corner").points(f"minimum, {name}")
        assert w == pytest.approx(best, abs=1e-6)
        assert objective == shown("l1#corner").points(name)[:, 1].min()


def test_path_is_empty_from_the_largest_useful_factor_in_this_run(shown):
    l1_max = shown("l1#largest").value()
    lines = [shown("l1#path").points(name) for name in shown("l1#plain").column(KERAS)]
    factors, weights = lines[0][:, 0], np.array([line[:, 1] for line in lines])  # (10, factors)
    assert np.any(factors > l1_max)
    assert np.abs(weights[:, factors > l1_max]).max() < 0.001
    assert np.abs(weights[:, factors < l1_max]).max(axis=0).min() > 0.001


def test_weights_reach_zero_one_after_another_in_this_run(shown):
    weights = np.array([shown("l1#path").points(name)[:, 1] for name in shown("l1#plain").column(KERAS)])  # (10, factors)
    near = np.sum(np.abs(weights) < 0.001, axis=0)
    assert near[-1] == 10 and np.all(np.diff(near) >= 0)
    assert len(set(near)) >= 6


def test_weight_stays_closer_to_zero_with_a_smaller_rate_in_this_run(shown):
    large, small, falls = (
        np.abs(shown("l1#zigzag").points("weight", f"rate {rate}")[-5:, 1]).max() for rate in ("0.1", "0.02", "0.1 to 0")
    )
    assert large > 3 * small > 9 * falls


def test_only_soft_thresholding_gives_exact_zeros_in_this_run(shown):
    exact = shown("l1#near").column("exactly 0")
    assert exact.pop("SGD with soft-threshold") == 4
    assert len(exact) == 5 and not any(exact.values())


def test_falling_rates_bring_the_four_weights_below_the_threshold_in_this_run(shown):
    farthest, below = shown("l1#near").column("farthest from 0"), shown("l1#near").column("below 0.001")
    for optimizer in ("SGD", "Adam"):
        assert farthest[f"{optimizer} from 0.1 to 0"] < 0.1 * farthest[f"{optimizer} at 0.01"]
        assert farthest[f"{optimizer} from 0.1 to 0"] < 0.001 and below[f"{optimizer} from 0.1 to 0"] == 4


IRRELEVANT = "0 (mean of 16)"


def test_large_weights_are_always_kept_in_this_run(shown):
    kept = shown("l1#selection").column("lasso")
    assert kept["3"] == kept["−4"] == 100 > kept["0.5"]


def test_kept_weights_are_too_small_in_this_run(shown):
    means = shown("l1#selection").column("lasso's mean weight")
    assert 0 < means["3"] < 3 and -4 < means["−4"] < 0 < means["1.5"] < 1.5


def test_exactly_the_four_features_are_rarely_kept_in_this_run(shown):
    found = shown("l1#exactly").column("keeps exactly the four")
    assert set(found) == {"lasso", "doubled", "refitted"} and found["lasso"] == 0
    assert found["refitted"] == max(found.values()) <= 8


def test_doubling_drops_irrelevant_features_and_costs_accuracy_in_this_run(shown):
    for weight in (IRRELEVANT, "0.5"):
        assert shown("l1#selection").number(weight, "doubled") < shown("l1#selection").number(weight, "lasso")
    for truth in ("4 of 20 matter", "all 20 matter"):
        assert shown("l1#prediction").number("doubled", truth) > shown("l1#prediction").number("lasso", truth)


def test_refitting_drops_irrelevant_features_and_the_weak_one_in_this_run(shown):
    for weight in (IRRELEVANT, "0.5"):
        assert shown("l1#selection").number(weight, "refitted") < shown("l1#selection").number(weight, "lasso")


def test_lasso_wins_when_few_features_matter_and_ridge_when_all_do_in_this_run(shown):
    def interval_of(truth):
        entry = shown("l1#prediction").entry("lasso − ridge", truth).replace("−", "-")
        return [float(end) for end in re.search(r"\((\S+) to (\S+)\)", entry).groups()]

    assert interval_of("4 of 20 matter")[1] < 0 < interval_of("all 20 matter")[0]


def test_refitting_helps_when_few_features_matter_in_this_run(shown):
    for truth, sign in [("4 of 20 matter", -1), ("all 20 matter", 1)]:
        errors = shown("l1#prediction").column(truth)
        assert sign * (errors["refitted"] - errors["lasso"]) > 0
