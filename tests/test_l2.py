"""Claims and observations of the chapter "L2 regularization"."""

import keras
import numpy as np
import pytest
from keras import Sequential, layers, ops, regularizers
from numpy.polynomial import Polynomial
from scipy import stats
from scipy.optimize import approx_fprime, brentq, minimize
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from tests.formulas import formula
from tests.solvers import L1L2OfEach, gradients, level, ridge, train, unit

N, P = 60, 5


def problem(seed=0):
    """Return correlated rows (60, 5) and a target (60,) that is not centred."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P)) @ rng.normal(size=(P, P))
    return X, 4 + X @ rng.normal(size=P) + rng.normal(size=N)


def centred(X, y):
    return X - X.mean(axis=0), y - y.mean()


def falling(rate, updates):
    return keras.optimizers.schedules.CosineDecay(rate, updates)


def slopes_in_keras(X, y, l2, weights, bias=None):
    """Return the slopes of Keras's objective, mean squared error plus L2, along the weights and the bias, if there is one."""
    model = unit(X.shape[1], kernel_regularizer=regularizers.L2(l2), use_bias=bias is not None)
    model.set_weights([weights[:, None], *([] if bias is None else [np.array([bias])])])
    return np.concatenate([slope.ravel() for slope in gradients(model, X, y[:, None], "mean_squared_error")])


def test_slope_of_l2_is_twice_the_factor_times_the_weight():
    weights = np.array([3.0, -4.0, 0.25])
    model = unit(3, kernel_regularizer=regularizers.L2(0.1), use_bias=False)
    model.set_weights([weights[:, None]])
    in_keras = gradients(model, np.zeros((1, 3)), np.zeros((1, 1)), level)[0][:, 0]
    objective, slope = formula("learn/l2.md", "J(w, b) ="), formula("learn/l2.md", r"\frac{\partial J}")
    np.testing.assert_allclose(in_keras, slope(w_j=weights, λ_2=0.1, dL_dw_j=0), atol=1e-6)
    for pull in (np.zeros(3), np.array([1.0, -2.0, 3.0])):  # a data loss that is level, and one that is not
        numerically = approx_fprime(weights, lambda w, pull=pull: objective(w, 0.0, L=lambda w, b: pull @ w, λ_2=0.1))
        np.testing.assert_allclose(numerically, slope(w_j=weights, λ_2=0.1, dL_dw_j=pull), atol=1e-5)


def penalty_steps(l2, learning_rate, updates):
    """Return (3, −4) after SGD where the data loss is level."""
    model = unit(2, use_bias=False, kernel_regularizer=regularizers.L2(l2))
    model.layers[0].kernel.assign([[3.0], [-4.0]])
    model.compile(keras.optimizers.SGD(learning_rate), level)
    for _ in range(updates):
        model.train_on_batch(np.zeros((1, 2)), np.zeros((1, 1)))
    return ops.convert_to_numpy(model.layers[0].kernel)[:, 0]


def test_step_of_sgd_on_l2_alone_multiplies_every_weight_by_the_same_number():
    step = formula("learn/l2.md", r"w_j \leftarrow")
    weights = np.array([3.0, -4.0])
    for updates in (1, 2, 3):
        weights = step(w_j=weights, η=0.1, λ_2=0.2, dL_dw_j=0)
        np.testing.assert_allclose(penalty_steps(0.2, 0.1, updates), weights, rtol=1e-5)
        same = formula("learn/l2.md", r"1 - 2 \eta \lambda_2")(η=0.1, λ_2=0.2)
        np.testing.assert_allclose(weights / [3.0, -4.0], same**updates)
    X, y = problem()
    model = unit(P, use_bias=False, kernel_regularizer=regularizers.L2(0.2))
    before = ops.convert_to_numpy(model.layers[0].kernel)[:, 0]
    model.compile(keras.optimizers.SGD(0.01), "mean_squared_error")
    model.train_on_batch(X, y[:, None])
    data_slope = approx_fprime(before, lambda w: np.mean((y - X @ w) ** 2), 1e-6)
    after = ops.convert_to_numpy(model.layers[0].kernel)[:, 0]
    np.testing.assert_allclose(after, step(w_j=before, η=0.01, λ_2=0.2, dL_dw_j=data_slope), atol=1e-4)


@pytest.mark.parametrize("l2", [0.0, 0.5])
def test_numpy_loop_and_keras_make_the_same_steps(l2):
    X, y = scaled_problem()
    model = unit(P, use_bias=False, kernel_initializer="zeros", kernel_regularizer=regularizers.L2(l2))
    model.compile(keras.optimizers.SGD(0.05), "mean_squared_error")
    w = np.zeros(P)
    for _ in range(20):
        gradient = -2 / len(X) * X.T @ (y - X @ w)
        w = w - 0.05 * (gradient + 2 * l2 * w)
        model.train_on_batch(X, y[:, None])
        np.testing.assert_allclose(ops.convert_to_numpy(model.layers[0].kernel)[:, 0], w, atol=1e-5)


def test_sgd_on_l2_diverges_when_rate_times_factor_exceeds_one():
    assert np.abs(penalty_steps(9.9, 0.1, 20)).max() < 4
    assert np.abs(penalty_steps(10.1, 0.1, 20)).max() > 4
    np.testing.assert_allclose(penalty_steps(30.0, 0.1, 5), [-9375, 12500], rtol=1e-4)


def test_sgd_on_ridge_diverges_beyond_its_largest_curvature():
    X, y = scaled_problem()
    largest = np.linalg.eigvalsh(np.cov(X.T, bias=True)).max()
    limit = 1 / (0.5 + largest)
    for rate, diverges in ((0.97 * limit, False), (1.03 * limit, True)):
        model = unit(P, use_bias=False, kernel_regularizer=regularizers.L2(0.5))
        train(model, X - X.mean(axis=0), y[:, None], keras.optimizers.SGD(rate), "mean_squared_error", 100)
        before = np.linalg.norm(model.get_weights()[0])
        kernel = train(model, X - X.mean(axis=0), y[:, None], keras.optimizers.SGD(rate), "mean_squared_error", 100)
        assert (np.linalg.norm(kernel) > 2 * before) == diverges


def test_closed_form_is_ridge_with_alpha_of_n_times_l2():
    X, y = centred(*problem())
    objective, closed_form = formula("learn/l2.md", "J(w) ="), formula("learn/l2.md", r"w = \left(")
    for l2 in (0.01, 1.0, 30.0):
        found = closed_form(X=X, y=y, n=N, λ_2=l2, I=np.eye(P))
        by_keras = ops.convert_to_numpy(keras.losses.mean_squared_error(y, X @ found) + regularizers.L2(l2)(found))
        assert objective(found, X=X, y=y, n=N, λ_2=l2) == pytest.approx(by_keras, rel=1e-5)
        np.testing.assert_allclose(found, Ridge(alpha=N * l2, fit_intercept=False).fit(X, y).coef_, rtol=1e-8)
        np.testing.assert_allclose(slopes_in_keras(X, y, l2, found), 0, atol=1e-4)


def test_free_bias_is_the_same_as_centred_data():
    """At scikit-learn's weights Keras's objective has no slope, with a bias on the rows as they are and without one on centred rows."""
    X, y = problem()
    free, without = Ridge(alpha=7.0).fit(X, y), Ridge(alpha=7.0, fit_intercept=False).fit(*centred(X, y))
    np.testing.assert_allclose(free.coef_, without.coef_, rtol=1e-8)
    assert free.intercept_ == pytest.approx(y.mean() - X.mean(axis=0) @ free.coef_)
    np.testing.assert_allclose(slopes_in_keras(X, y, 7.0 / N, free.coef_, free.intercept_), 0, atol=1e-4)
    np.testing.assert_allclose(slopes_in_keras(*centred(X, y), 7.0 / N, free.coef_), 0, atol=1e-4)
    np.testing.assert_allclose(slopes_in_keras(*centred(X, y), 7.0 / N, free.coef_, 0.0), 0, atol=1e-4)  # the best bias is zero
    assert np.abs(slopes_in_keras(X, y, 7.0 / N, free.coef_)).max() > 0.1  # without a bias, rows that are not centred have other weights


def test_each_direction_is_multiplied_by_its_share():
    X, y = problem()
    _, d, directions = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    least_squares = LinearRegression().fit(X, y).coef_
    left = formula("learn/l2.md", r"q_j \cdot w =")
    for l2 in (0.05, 2.0):
        found = directions @ ridge(X, y, l2)
        expected = [left(q_j=direction, w_LS=least_squares, d_j=value, n=N, λ_2=l2) for direction, value in zip(directions, d)]
        np.testing.assert_allclose(found, expected, rtol=1e-7)
        variances = np.array([(X @ direction).var() for direction in directions])
        np.testing.assert_allclose(found, variances / (variances + l2) * (directions @ least_squares), rtol=1e-7)
        share = formula("learn/l2.md", r"d_j^2 / (d_j^2 + n \lambda_2)")(d_j=d, n=N, λ_2=l2)
        np.testing.assert_allclose(share, variances / (variances + l2))


def rows_with(correlation, n=200):
    """Return standardized rows (n, 2) of two features whose correlation is exactly this."""
    apart = np.random.default_rng(0).normal(size=(n, 2))
    apart -= apart.mean(axis=0)
    apart = np.linalg.qr(apart)[0] * np.sqrt(n)  # uncorrelated in the sample, with a variance of 1
    return apart @ np.linalg.cholesky([[1.0, correlation], [correlation, 1.0]]).T


def test_two_correlated_features_keep_more_of_the_sum_than_of_the_difference():
    X = rows_with(0.95)
    first, second = X.T
    assert np.var((first + second) / np.sqrt(2)) == pytest.approx(1 + 0.95)
    assert np.var((first - second) / np.sqrt(2)) == pytest.approx(1 - 0.95)
    found = ridge(X, X @ [3.0, -4.0], 0.1)
    assert found.sum() == pytest.approx(-0.951, abs=5e-4)
    assert found[0] - found[1] == pytest.approx(2.333, abs=5e-4)
    np.testing.assert_allclose(found, [0.69, -1.64], atol=5e-3)
    np.testing.assert_allclose([found.sum() / -1, (found[0] - found[1]) / 7], [0.95, 0.33], atol=5e-3)


def test_one_standardized_feature_is_divided_by_one_plus_the_factor():
    X = rows_with(0.0)[:, :1]
    y = 3 * X[:, 0] + rows_with(0.0)[:, 1]  # noise that is uncorrelated with the feature
    assert LinearRegression().fit(X, y).coef_[0] == pytest.approx(3)
    for l2 in (0.1, 0.5, 7.0):
        expected = np.array([3 / (1 + l2)])
        np.testing.assert_allclose(ridge(X, y, l2), expected, rtol=1e-8)
        np.testing.assert_allclose(slopes_in_keras(X, y, l2, expected), 0, atol=1e-4)


def test_degrees_of_freedom_count_how_far_predictions_follow_the_targets():
    """The sum over rows of d(prediction)/d(target), from refits of Ridge with one target moved."""
    X, y = problem()
    X = X - X.mean(axis=0)
    d = np.linalg.svd(X, compute_uv=False)
    degrees = formula("learn/l2.md", r"\text{df} =")(d=d, p=P, n=N, λ_2=0.3)
    for bias in (False, True):
        ridge = Ridge(alpha=N * 0.3, fit_intercept=bias)
        before = ridge.fit(X, y).predict(X)
        followed = sum((ridge.fit(X, y + 1e-3 * row).predict(X) - before) @ row / 1e-3 for row in np.eye(N))
        assert followed == pytest.approx(degrees + bias, rel=1e-5)


def test_some_factor_brings_the_weights_nearer_to_the_truth_on_average():
    """The closed form's slopes at zero by finite differences; Ridge against closed form and least squares on simulated targets."""
    rng = np.random.default_rng(0)
    X = problem()[0]
    X = X - X.mean(axis=0)
    sigma, targets = 2.0, 4000
    expected = formula("learn/l2.md", r"\sum_{j=1}^{p} \frac{\sigma^2 d_j^2")
    falls = formula("learn/l2.md", r"-2 \sigma^2 / d_j^4")
    _, d, directions = np.linalg.svd(X, full_matrices=False)
    for truth in ([3.0, -4.0, 1.0, 0.0, 0.0], directions[2]):  # the second has no part along four of the directions
        along = directions @ truth

        def variance(k):
            return expected(σ=sigma, a=np.zeros(P), d=d, k=k, p=P)

        def squared_bias(k, along=along):
            return expected(σ=0.0, a=along, d=d, k=k, p=P)

        assert (variance(1e-4) - variance(0)) / 1e-4 == pytest.approx(falls(σ=sigma, d_j=d).sum(), rel=1e-3)
        assert (squared_bias(1e-4) - squared_bias(0)) / 1e-4 == pytest.approx(0, abs=1e-3)
        y = X @ truth + sigma * rng.normal(size=(targets, N))
        least_squares = ((LinearRegression(fit_intercept=False).fit(X, y.T).coef_ - truth) ** 2).sum(axis=1)
        for k in (0.1, sigma**2 / np.max(along**2)):
            by_target = Ridge(alpha=k, fit_intercept=False).fit(X, np.eye(N)).coef_.T  # (p, n): what each target adds to each weight
            exact = np.sum((by_target @ X @ truth - truth) ** 2) + sigma**2 * np.sum(by_target**2)
            assert variance(k) + squared_bias(k) == pytest.approx(exact)
            found = Ridge(alpha=k, fit_intercept=False).fit(X, y.T).coef_
            distance = ((found - truth) ** 2).sum(axis=1)
            assert abs(distance.mean() - variance(k) - squared_bias(k)) < 4 * distance.std() / targets**0.5
            nearer = least_squares - distance
            assert nearer.mean() > 4 * nearer.std() / targets**0.5
            error = directions @ (found - truth).mean(axis=0)  # along each direction, and short only where the truth has a part
            np.testing.assert_allclose(error, -k / (d**2 + k) * along, atol=4 * sigma / (d.min() * targets**0.5))


def test_ridge_is_nearer_to_the_truth_in_the_example():
    """The numbers of the page by the general formula, and by least squares and Ridge on simulated targets."""
    x = rows_with(0.0, n=80)[:, :1]
    expected = formula("learn/l2.md", r"\sum_{j=1}^{p} \frac{\sigma^2 d_j^2")

    def distance(k, σ=2.0, a=0.5):
        return expected(σ=σ, a=np.array([a]), d=np.array([np.sqrt(80)]), k=k, p=1)

    assert distance(0) == pytest.approx(0.05)
    assert distance(8.0, a=0) == pytest.approx(0.0413, abs=5e-5)
    assert distance(8.0, σ=0) == pytest.approx(0.0021, abs=5e-5)
    assert distance(8.0) == pytest.approx(0.0434, abs=5e-5)
    y = 0.5 * x + 2 * np.random.default_rng(0).normal(size=(80, 20_000))
    for found, wanted in ((LinearRegression().fit(x, y), 0.05), (Ridge(alpha=80 * 0.1).fit(x, y), 0.0434)):
        squares = (found.coef_ - 0.5) ** 2
        assert squares.mean() == pytest.approx(wanted, abs=4 * squares.std() / 20_000**0.5)


def most_probable(X, y, log_likelihood, tau):
    """Return weights and bias that maximize likelihood times a normal prior of deviation `tau`, flat for the bias; SciPy finds them."""

    def minus_log_posterior(parts):
        return -log_likelihood(y, X @ parts[:P] + parts[P]) - stats.norm.logpdf(parts[:P], scale=tau).sum()

    return minimize(minus_log_posterior, np.zeros(P + 1), options={"gtol": 1e-6}).x


def test_ridge_is_the_mode_of_the_posterior_under_a_gaussian_prior():
    """Targets with normal noise of known deviation σ, weights with variance τ² = σ² / (n l2), and a flat prior on the bias."""
    X, y = problem()
    X = X / X.std(axis=0)
    for sigma, l2 in ((1.7, 0.4), (0.6, 0.05)):
        tau = np.sqrt(formula("learn/l2.md", r"\sigma^2 / (n \lambda_2)")(σ=sigma, n=N, λ_2=l2))
        mode = most_probable(X, y, lambda y, output, sigma=sigma: stats.norm.logpdf(y, output, sigma).sum(), tau)
        np.testing.assert_allclose(mode[:P], ridge(X, y, l2), atol=1e-4)
        np.testing.assert_allclose(slopes_in_keras(X, y, l2, mode[:P], mode[P]), 0, atol=1e-4)
    on_page = formula("learn/l2.md", r"\frac{1}{2 \sigma^2} \lVert")
    constants = []
    for w in np.random.default_rng(0).normal(size=(5, P)):
        log_posterior = stats.norm.logpdf(y, X @ w, 1.7).sum() + stats.norm.logpdf(w, scale=0.3).sum()
        constants.append(on_page(y=y, X=X, w=w, σ=1.7, τ=0.3) + log_posterior)
    np.testing.assert_allclose(constants, constants[0])


def test_for_cross_entropy_the_prior_variance_is_one_over_two_n_l2():
    X, target = problem()
    y = (target > target.mean()).astype(float)
    l2 = 0.05

    def log_likelihood(y, output):
        return stats.bernoulli.logpmf(y, 1 / (1 + np.exp(-output))).sum()

    variance = formula("learn/l2.md", r"1 / (2 n \lambda_2)")(n=N, λ_2=l2)
    mode = most_probable(X, y, log_likelihood, tau=np.sqrt(variance))
    model = unit(P, "sigmoid", kernel_regularizer=regularizers.L2(l2), kernel_initializer="zeros")
    kernel = train(model, X, y[:, None], keras.optimizers.Adam(falling(0.05, 2000)), "binary_crossentropy", 2000)
    np.testing.assert_allclose(kernel[:, 0], mode[:P], atol=1e-3)
    other = LogisticRegression(C=1 / (2 * N * l2), tol=1e-10, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(mode, [*other.coef_[0], other.intercept_[0]], atol=1e-4)


@pytest.mark.parametrize("l2", [0.02, 0.5, 10.0])
def test_penalty_and_circle_have_the_same_answer(l2):
    """SciPy's constrained minimum within the circle that passes through ridge's weights."""
    X, y = centred(*problem())
    penalized = ridge(X, y, l2)
    within = {"type": "ineq", "fun": lambda w: penalized @ penalized - w @ w}
    found = minimize(lambda w: np.mean((y - X @ w) ** 2), np.zeros(P), constraints=[within], method="SLSQP", options={"ftol": 1e-14})
    np.testing.assert_allclose(found.x, penalized, atol=1e-4)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.98])
def test_best_weights_in_a_circle_are_those_of_ridge_with_some_factor(share):
    """SciPy's minimum within a circle that least squares lies outside of, and the one factor with which ridge lies on this circle."""
    X, y = centred(*problem())
    least_squares = LinearRegression().fit(X, y).coef_
    radius = share * np.linalg.norm(least_squares)
    within = {"type": "ineq", "fun": lambda w: radius**2 - w @ w}
    found = minimize(lambda w: np.mean((y - X @ w) ** 2), np.zeros(P), constraints=[within], method="SLSQP", options={"ftol": 1e-14})
    factor = brentq(lambda l2: np.linalg.norm(ridge(X, y, l2)) - radius, 1e-6, 1e3, xtol=1e-10)
    assert factor > 1e-5
    np.testing.assert_allclose(found.x, ridge(X, y, factor), atol=1e-4)


def side_by_side(models, **settings):
    """Return `models` linear models without a bias on P features, one slice of the leading axis of the kernel each."""
    layer = layers.EinsumDense("bi,mi->bm", models, kernel_initializer="zeros", **settings)
    return Sequential([layers.Input((P,)), layer])


def summed_squares(y, prediction):
    """Return the squared error of each row, summed over the models, so that each has the gradient it would have alone."""
    return ops.sum((y - prediction) ** 2, axis=1)


def test_whole_path_of_keras_is_that_of_ridge():
    X, y = problem()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    factors = [0.001, 0.03, 0.5, 10.0]
    model = side_by_side(4, bias_axes="m", kernel_regularizer=L1L2OfEach(l2=factors))
    kernels = train(model, X, np.repeat(y[:, None], 4, axis=1), keras.optimizers.Adam(falling(0.1, 3000)), summed_squares, 3000)
    np.testing.assert_allclose(kernels, [ridge(X, y, l2) for l2 in factors], atol=1e-3)


@pytest.mark.parametrize("copies", [2, 3])
def test_copies_of_a_feature_share_its_weight_equally(copies):
    X, y = problem()
    found = Ridge(alpha=5.0).fit(np.column_stack([X, *[X[:, 0]] * (copies - 1)]), y).coef_
    assert abs(found[0]) > 0.01
    np.testing.assert_allclose(found[P:], found[0], rtol=1e-6)


@pytest.mark.parametrize("copies", [2, 3])
def test_copies_of_a_feature_divide_the_factor_by_their_number(copies):
    """Ridge on copies against the minimum, by SciPy, with a penalty on the feature's one weight that is divided."""
    X, y = centred(*problem())
    found = Ridge(alpha=5.0).fit(np.column_stack([X, *[X[:, 0]] * (copies - 1)]), y).coef_
    weaker = 5.0 / np.array([copies, 1, 1, 1, 1])
    once = minimize(lambda w: np.sum((y - X @ w) ** 2) + weaker @ w**2, np.zeros(P), options={"gtol": 1e-8}).x
    assert found[[0, *range(P, P + copies - 1)]].sum() == pytest.approx(once[0], rel=1e-4)
    assert np.abs(once - Ridge(alpha=5.0).fit(X, y).coef_).max() > 0.01  # the whole factor gives other weights


@pytest.mark.parametrize("copies", [1, 2, 10])
def test_each_of_m_copies_gets_the_weight_divided_by_m_plus_the_factor(copies):
    """On rows whose features and noise are exactly uncorrelated, and with the slopes of Keras's objective."""
    X = rows_with(0.0)
    y = X @ [3.0, -4.0] + np.linalg.qr(np.column_stack([np.ones(len(X)), X, np.arange(len(X))]))[0][:, 3]
    assert LinearRegression().fit(X, y).coef_ == pytest.approx([3.0, -4.0])
    several = np.column_stack([*[X[:, 0]] * copies, X[:, 1]])
    for l2 in (0.5, 7.0):
        expected = np.array([*[formula("learn/l2.md", r"m + \lambda_2")(m=copies, λ_2=l2) ** -1 * 3] * copies, -4 / (1 + l2)])
        np.testing.assert_allclose(ridge(several, y, l2), expected, rtol=1e-8)
        np.testing.assert_allclose(slopes_in_keras(several, y, l2, expected), 0, atol=1e-4)
    on_page = {1: 2.0, 2: 1.2, 10: 0.286}[copies]
    assert ridge(several, y, 0.5)[0] == pytest.approx(on_page, abs=5e-4)


def fraction(X, y, j):
    """Return numerator and denominator of weight j of ridge, polynomials in l2 of degree p − 1 and p; X, y centred."""
    variances, directions = np.linalg.eigh(X.T @ X / len(X))
    pulls = directions[j] * (directions.T @ X.T @ y / len(X))
    parts = [pull * Polynomial.fromroots(-np.delete(variances, i)) for i, pull in enumerate(pulls)]
    return sum(parts), Polynomial.fromroots(-variances)


def test_weight_of_ridge_is_zero_at_every_factor_or_at_fewer_than_there_are_features():
    crossed = []
    for seed in range(20):
        X, y = centred(*problem(seed))
        for j in range(P):
            above, below = fraction(X, y, j)
            for l2 in (0.01, 0.3, 20.0):
                assert above(l2) / below(l2) == pytest.approx(ridge(X, y, l2)[j], rel=1e-6)
            roots = above.roots()
            roots = np.sort(roots[np.isreal(roots) & (roots.real > 1e-9)].real)
            crossed.append(len(roots))
            assert len(roots) < P
            for root in roots:  # found again where the weight of scikit-learn changes its sign
                zero = brentq(lambda l2, j=j, X=X, y=y: ridge(X, y, l2)[j], 0.99 * root, 1.01 * root, xtol=1e-14)
                assert zero == pytest.approx(root, rel=1e-5)
            between = np.sqrt([1e-9, *roots] * np.array([*roots, 1e9]))  # at factors between, none is zero
            assert all(abs(ridge(X, y, l2)[j]) > 1e-12 for l2 in between)
    assert max(crossed) > 0
    X, y = centred(*problem())
    apart = np.random.default_rng(0).normal(size=N)
    others = np.column_stack([np.ones(N), X, y])
    apart -= others @ np.linalg.lstsq(others, apart)[0]  # uncorrelated with all features and with the target
    for l2 in (1e-6, 0.01, 1.0, 1e6):
        assert ridge(np.column_stack([X, apart]), y, l2)[P] == pytest.approx(0, abs=1e-12)


def test_units_matter_to_ridge_and_not_to_least_squares():
    X, y = problem()
    scaled = X * [10, 1, 1, 1, 1]
    free = LinearRegression().fit(X, y).predict(X) - LinearRegression().fit(scaled, y).predict(scaled)
    held = Ridge(alpha=N).fit(X, y).predict(X) - Ridge(alpha=N).fit(scaled, y).predict(scaled)
    assert np.abs(free).max() < 1e-8
    assert np.abs(held).max() > 0.1


FIRST = np.array([0.5, -1.0, 2.0, -0.2, 1.0])


def scaled_problem():
    X, y = problem()
    return X / X.std(axis=0), (y - y.mean()) / y.std()


def decayed(optimizer, updates=40, l2=(0.0,)):
    """Return the weights (factors, 5) from the same first weights, one model for each of the factors."""
    X, y = scaled_problem()
    model = side_by_side(len(l2), kernel_regularizer=L1L2OfEach(l2=l2))
    model.layers[0].kernel.assign(np.tile(FIRST, (len(l2), 1)))
    return train(model, X, np.repeat(y[:, None], len(l2), axis=1), optimizer, summed_squares, updates)


def adam_by_hand(updates, rate, decay=0.0, l2=0.0):
    """Return the weights after so many updates of Adam (Kingma and Ba, 2015), decoupled decay as in Loshchilov and Hutter (2019)."""
    X, y = scaled_problem()
    w, mean, square = FIRST, np.zeros(P), np.zeros(P)
    for t in range(1, updates + 1):
        slope = 2 * X.T @ (X @ w - y) / N + 2 * l2 * w
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        step = mean / (1 - 0.9**t) / (np.sqrt(square / (1 - 0.999**t)) + 1e-7)
        w = (1 - rate * decay) * w - rate * step
    return w


@pytest.mark.parametrize("decay", [0.02, 0.3, 2.0])
def test_weight_decay_of_plain_sgd_is_l2_of_half_the_decay(decay):
    other = decayed(keras.optimizers.SGD(0.05), l2=[decay / 2, decay])
    found = decayed(keras.optimizers.SGD(0.05, weight_decay=decay))
    np.testing.assert_allclose(found[0], other[0], atol=1e-5)
    assert np.abs(found[0] - other[1]).max() > 1e-3  # and not of the whole decay
    weights = {}
    for name, wd, l2 in (("l2", None, decay / 2), ("excluded", decay, 0.0), ("included", decay, 0.0)):
        penalty = regularizers.L2(l2)
        hidden = layers.Dense(3, "tanh", kernel_regularizer=penalty)
        model = Sequential([layers.Input((P,)), hidden, layers.Dense(1, kernel_regularizer=penalty)])
        model.set_weights([np.cos(np.arange(weight.size)).reshape(weight.shape) for weight in model.get_weights()])
        optimizer = keras.optimizers.SGD(0.05, weight_decay=wd)
        if name == "excluded":
            optimizer.exclude_from_weight_decay(var_names=["bias"])
        X, y = scaled_problem()
        train(model, X, y[:, None], optimizer, "mean_squared_error", 40)
        weights[name] = np.concatenate([weight.ravel() for weight in model.get_weights()])
    np.testing.assert_allclose(weights["excluded"], weights["l2"], atol=1e-4)
    assert np.abs(weights["included"] - weights["l2"]).max() > 1e-2


def test_weight_decay_of_adam_is_not_l2():
    """Both updates in closed form, and no factor from 0 to 100 that comes near to the decay."""
    decay, factors = 0.3, np.array([0.0, *np.geomspace(1e-4, 100, 60)])
    by_decay = decayed(keras.optimizers.Adam(0.05, weight_decay=decay))[0]
    by_l2 = decayed(keras.optimizers.Adam(0.05), l2=factors)
    np.testing.assert_allclose(by_decay, adam_by_hand(40, 0.05, decay), atol=1e-4)
    np.testing.assert_allclose(by_l2[30], adam_by_hand(40, 0.05, l2=factors[30]), atol=1e-4)
    assert np.abs(by_l2 - by_decay).max(axis=1).min() > 0.02
    assert keras.optimizers.AdamW().weight_decay == 0.004
    np.testing.assert_allclose(decayed(keras.optimizers.AdamW(0.05, weight_decay=decay))[0], by_decay, atol=1e-6)


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, keras.optimizers.Adam, keras.optimizers.AdamW])
def test_weight_decay_reaches_biases_unless_they_are_excluded(optimizer):
    for exclude, expected in ((False, 5 * (1 - 0.1 * 0.5)), (True, 5.0)):
        model = unit(2, bias_initializer=keras.initializers.Constant(5.0))
        decaying = optimizer(0.1, weight_decay=0.5)
        if exclude:
            decaying.exclude_from_weight_decay(var_names=["bias"])
        model.compile(decaying, level)
        model.train_on_batch(np.zeros((4, 2)), np.zeros((4, 1)))
        assert ops.convert_to_numpy(model.layers[0].bias)[0] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("optimizer", [keras.optimizers.SGD, keras.optimizers.Adam, keras.optimizers.AdamW])
def test_weight_decay_is_not_in_the_printed_loss(optimizer):
    X, y = scaled_problem()
    model = unit(P)
    weights, bias = (ops.convert_to_numpy(variable) for variable in model.layers[0].variables)
    model.compile(optimizer(0.1, weight_decay=0.5), "mean_squared_error")
    history = model.fit(X, y[:, None], batch_size=N, verbose=0).history  # the loss before the first update
    assert history["loss"][0] == pytest.approx(np.mean((y - X @ weights[:, 0] - bias) ** 2), rel=1e-4)


def test_small_kernels_bound_how_far_the_output_changes():
    rng = np.random.default_rng(0)
    for size in (0.01, 0.3, 2.0):
        model = Sequential([layers.Input((P,)), layers.Dense(7, "relu"), layers.Dense(1)])
        model.set_weights([size * rng.normal(size=weights.shape) for weights in model.get_weights()])
        first, _, second, _ = model.get_weights()
        X, moved = rng.normal(size=(2, 1000, P))
        change = ops.convert_to_numpy(ops.abs(model(X) - model(moved)))[:, 0]
        bound = formula("learn/l2.md", r"\lVert V \rVert \, ")(V=first, U=second) * np.linalg.norm(X - moved, axis=1)
        assert np.all(change <= bound * (1 + 1e-5)), f"weights of about {size}"


def test_sum_of_squares_falls_with_the_factor_though_a_weight_may_grow():
    grown = turned = 0
    for seed in range(20):
        X, y = problem(seed)
        path = np.array([Ridge(alpha=N * l2).fit(X, y).coef_ for l2 in np.logspace(-4, 3, 30)])  # (factors, features)
        assert np.all(np.diff((path**2).sum(axis=1)) < 0)
        grown += np.any(np.diff(np.abs(path), axis=0) > 1e-3)
        turned += np.any(path[0] * path[-1] < 0)
    assert grown > 5 and turned > 5


def path_of(shown, feature):
    """Return the factors and the weights of one feature of the path in Keras, each (factors,)."""
    return shown("l2#path").points(f"feature {feature} in Keras").T


def test_less_is_left_of_the_difference_than_of_the_sum_in_this_run(shown):
    (factors, first), (_, second) = path_of(shown, 0), path_of(shown, 1)
    left_of_sum, left_of_difference = (part / part[0] for part in (first + second, first - second))
    at_least_as_much = factors[1:][left_of_difference[1:] >= left_of_sum[1:]]
    assert at_least_as_much.tolist() == []


def test_weight_of_feature_0_crosses_zero_in_this_run(shown):
    (_, weights), (_, others) = path_of(shown, 0), path_of(shown, 1)
    first, *_, last = weights.tolist()
    assert first > 0 > last
    assert np.all(weights + others < 0)


def test_weights_of_features_4_and_5_grow_for_a_while_in_this_run(shown):
    for feature in (4, 5):
        _, weights = path_of(shown, feature)
        assert np.diff(np.abs(weights)).max().item() > 0, f"feature {feature}"


def test_no_weight_is_zero_at_any_factor_in_this_run(shown):
    for feature in range(int(shown("l2#numbers").number("features", "number"))):
        factors, weights = path_of(shown, feature)
        assert factors[weights == 0].tolist() == [], f"feature {feature}"


def test_less_is_left_from_direction_to_direction_in_this_run(shown):
    left = list(shown("l2#directions").column("left").values())
    assert left == sorted(set(left), reverse=True)


def test_last_direction_is_mostly_a_difference_in_this_run(shown):
    first, second, *rest = (shown("l2#last-direction").number("last", f"feature {feature}") for feature in range(6))
    assert first * second < 0
    assert first**2 + second**2 > 0.9 > sum(part**2 for part in rest)


def test_last_direction_has_the_largest_weight_and_the_least_spread_in_this_run(shown):
    weights, variances = (list(shown("l2#directions").column(name).values()) for name in ("least squares", "variance"))
    assert abs(weights[-1]) == max(abs(weight) for weight in weights)
    assert variances[-1] == min(variances)


def test_formula_predicts_what_is_left_in_this_run(shown):
    directions = shown("l2#directions")
    assert directions.column("left") == directions.column("formula")


def test_weights_of_the_network_become_smaller_and_none_is_zero_in_this_run(shown):
    weights = [shown("l2#networks").points(f"l2 = {l2}")[:, 1] for l2 in ("0", "0.001", "0.01", "1")]
    means = [np.abs(kernel).mean().item() for kernel in weights]
    assert means == sorted(set(means), reverse=True)
    assert [row for row, zeros in shown("l2#accuracies").column("zeros").items() if zeros] == []


def test_validation_cross_entropy_is_least_at_a_factor_between_in_this_run(shown):
    none, small, best, large = shown("l2#accuracies").column("validation cross-entropy").values()
    assert none > small > best < large


def test_largest_factor_fits_not_even_the_training_rows_in_this_run(shown):
    accuracies = shown("l2#accuracies")
    training, validation = accuracies.column("training accuracy"), accuracies.column("validation accuracy")
    assert training["1"] < 60 and min(share for factor, share in training.items() if factor != "1") > 90
    others = [share for factor, share in validation.items() if factor != "1"]
    assert max(others) - min(others) < 5 < min(others) - validation["1"]


def errors(shown, cell, rows):
    return shown(cell).number(rows, "error without"), shown(cell).number(rows, "error with L2")


def test_l2_helps_with_few_rows_and_hardly_with_many_in_this_run(shown):
    without, with_l2 = errors(shown, "l2_real#diabetes", "40")
    assert without - with_l2 > 3
    without, with_l2 = errors(shown, "l2_real#diabetes", "354")
    assert abs(without - with_l2) < 0.5


def test_l2_is_better_in_most_splits_with_few_rows_in_this_run(shown):
    assert shown("l2_real#splits").number("40", "L2 better in") > 75


def test_l2_is_better_in_about_half_of_the_splits_with_many_rows_in_this_run(shown):
    assert 40 < shown("l2_real#splits").number("354", "L2 better in") < 60
    without, with_l2 = errors(shown, "l2_real#splits", "354")
    assert abs(without - with_l2) < 0.5


def test_more_rows_have_a_smaller_factor_in_this_run(shown):
    few, many = (shown("l2_real#diabetes").number(rows, "chosen factor") for rows in ("40", "354"))
    assert many < few


def test_more_rows_help_more_than_l2_in_this_run(shown):
    least_squares_with_many, _ = errors(shown, "l2_real#splits", "354")
    _, l2_with_few = errors(shown, "l2_real#splits", "40")
    assert least_squares_with_many < l2_with_few - 1
