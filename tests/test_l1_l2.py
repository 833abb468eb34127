"""Claims and observations of the chapter "Elastic net: L1 and L2 together"."""

import keras
import numpy as np
import pytest
from keras import Sequential, layers, ops, regularizers
from scipy.optimize import brentq, minimize_scalar
from sklearn.linear_model import ElasticNet, Lasso, LogisticRegression, Ridge, enet_path

from tests.formulas import formula
from tests.observed import number
from tests.solvers import L1L2OfEach, gradient, lasso, soft_threshold, train

MIXES = (0.25, 0.5, 0.75)
PENALTY = formula("learn/l1_l2.md", "P(w) =")


def penalty(weights, l1, l2):
    return PENALTY(weights, p=len(weights), λ_1=l1, λ_2=l2)


def to_keras(alpha, l1_ratio):
    """Return (l1, l2) for mean squared error, as on the page."""
    given = {"α": alpha, "r": l1_ratio}
    return formula("learn/l1_l2.md", r"\lambda_1 =")(**given), formula("learn/l1_l2.md", r"\lambda_2 =")(**given)


def from_keras(l1, l2):
    """Return alpha and l1_ratio, as on the page."""
    given = {"λ_1": l1, "λ_2": l2}
    return formula("learn/l1_l2.md", r"\alpha =")(**given), formula("learn/l1_l2.md", "r =")(**given)


def to_keras_logistic(C, l1_ratio, n):
    """Return (l1, l2) for cross-entropy, as on the page."""
    given = {"C": C, "r": l1_ratio, "n": n}
    return formula("learn/l1_l2.md", "r / (C n)")(**given), formula("learn/l1_l2.md", "(1 - r) / (2 C n)")(**given)


def from_keras_logistic(l1, l2, n):
    """Return C and l1_ratio, as on the page."""
    return formula("learn/l1_l2.md", r"1 / (n (\lambda_1 + 2 \lambda_2))")(λ_1=l1, λ_2=l2, n=n), from_keras(l1, l2)[1]


def elastic_net(X, y, l1, l2):
    """Return scikit-learn's fitted model for Keras's factors."""
    alpha, l1_ratio = from_keras(l1, l2)
    return ElasticNet(alpha=alpha, l1_ratio=l1_ratio, tol=1e-12, max_iter=200_000).fit(X, y)


def standardized(X):
    return (X - X.mean(axis=0)) / X.std(axis=0)


def grouped_rows(rng, rows, group, correlation):
    """Return features (rows, p); features of the same group share the correlation, a group of one is independent."""
    common = rng.normal(size=(rows, group.max() + 1))[:, group]
    own = rng.normal(size=(rows, len(group)))
    return np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own


def grouped_problem(n=80, seed=5):
    """Return standardized X (n, 6), two groups of three correlated 0.9, and y (n,), which the first group makes."""
    rng = np.random.default_rng(seed)
    X = standardized(grouped_rows(rng, n, np.array([0, 0, 0, 1, 1, 1]), 0.9))
    return X, X[:, :3].sum(axis=1) + 2.0 * rng.normal(size=n) + 1.0


def squared_errors(y, prediction):
    return ops.sum(ops.square(y - prediction), axis=-1)


def cross_entropies(y, logit):
    return ops.sum(ops.binary_crossentropy(y, logit, from_logits=True), axis=-1)


def trained(X, y, l1, l2, loss, rate, updates, start=None):
    """Return kernels (models, p) and biases (models,) after full-batch SGD with a learning rate that falls to zero."""
    layer = layers.EinsumDense(
        "bi,li->bl", output_shape=(len(l1),), bias_axes="l", kernel_initializer="zeros", kernel_regularizer=L1L2OfEach(l1, l2)
    )
    model = Sequential([layers.Input((X.shape[1],)), layer])
    if start is not None:
        layer.kernel.assign(start)
    falling = keras.optimizers.schedules.CosineDecay(rate, updates)
    kernels = train(model, X, np.tile(y[:, None], (1, len(l1))), keras.optimizers.SGD(falling), loss, updates)
    return kernels.astype(float), layer.bias.numpy().astype(float)


def slopes(X, y, weights, bias, loss):
    """Return Keras's slopes of the data loss along the weights (p,) and the bias."""
    kernel, level = keras.Variable(weights[:, None], dtype="float64"), keras.Variable([bias], dtype="float64")
    found = gradient(lambda: loss(y[:, None], ops.matmul(X, kernel) + level), [kernel, level])
    of_kernel, of_bias = (ops.convert_to_numpy(slope) for slope in found)
    return of_kernel[:, 0], of_bias[0]


def assert_optimal(weights, slope, slope_of_bias, l1, l2, tolerance):
    """Assert that zero is among the subgradients of the objective with Keras's penalty."""
    used = weights != 0
    np.testing.assert_allclose(slope[used] + 2 * l2 * weights[used], -l1 * np.sign(weights[used]), atol=tolerance)
    assert np.all(np.abs(slope[~used]) <= l1 + tolerance)
    assert slope_of_bias == pytest.approx(0, abs=tolerance)


def fall(l1, l2, second):
    """Return how far the first weight falls for each unit of the second, from (1, 0) along the curve of equal penalty to `second`."""
    cost = penalty(np.array([1.0, 0.0]), l1, l2)
    first = brentq(lambda w: penalty(np.array([w, second]), l1, l2) - cost, 0.5, 1.5, xtol=1e-15)
    return (1 - first) / abs(second)


@pytest.mark.parametrize(("l1", "l2"), [(1.0, 0.0), (0.6, 0.4), (0.2, 0.8), (2.0, 1.0)])
def test_slope_of_the_corner_is_the_mix(l1, l2):
    assert penalty(np.array([3.0, -4.0]), l1, l2) == pytest.approx(float(regularizers.L1L2(l1=l1, l2=l2)(np.array([3.0, -4.0]))))
    for second in (-1e-6, 1e-6):
        assert fall(l1, l2, second) == pytest.approx(from_keras(l1, l2)[1], abs=1e-4)


def test_ball_without_l1_has_no_corner():
    for second in (-1e-6, 1e-6):
        assert fall(0.0, 0.7, second) < 1e-4
        assert fall(0.01, 0.99, second) > 0.004  # a corner, however small l1
        assert fall(0.7, 0.0, second) == pytest.approx(1)  # on both sides: the right angle of the diamond


def test_sides_are_curved_only_with_l2():
    for l1, l2 in [(1.0, 0.0), (0.7, 0.3), (0.1, 0.9), (2.0, 3.0)]:
        a, b = np.array([1.0, 0.0]), np.array([0.0, 1.0])
        at_corners, between = penalty(a, l1, l2), penalty((a + b) / 2, l1, l2)
        smaller = formula("learn/l1_l2.md", r"\lambda_2 / 2")(λ_2=l2)
        assert at_corners - between == pytest.approx(smaller)  # 0 without l2: the straight line has the same cost


@pytest.mark.parametrize(("l1", "l2"), [(2.0, 1.0), (0.3, 0.0), (0.0, 0.5), (0.7, 3.0)])
def test_one_weight_is_thresholded_then_divided(l1, l2):
    in_keras = regularizers.L1L2(l1=l1, l2=l2)
    answer, square = formula("learn/l1_l2.md", r"w = \frac{S(v"), formula("learn/l1_l2.md", r"(w - v)^2 +")
    in_sentence = formula("learn/l1_l2.md", r"S(v, \lambda_1 / 2) / (1 + \lambda_2)")
    for v in [3.0, -4.0, *np.linspace(-2, 2, 17)]:
        found = minimize_scalar(lambda w, v=v: (w - v) ** 2 + float(in_keras(np.array([w]))), bounds=(-5, 5), method="bounded")
        assert found.x == pytest.approx(answer(S=soft_threshold, v=v, λ_1=l1, λ_2=l2), abs=1e-3)
        assert found.x == pytest.approx(in_sentence(S=soft_threshold, v=v, λ_1=l1, λ_2=l2), abs=1e-3)
        for w in (-3.0, 0.0, 2.0):
            left, right = square.sides(w=w, v=v, λ_1=l1, λ_2=l2, constant=v**2 - v**2 / (1 + l2))
            assert left == pytest.approx(right)
            assert left == pytest.approx((w - v) ** 2 + float(in_keras(np.array([w]))), rel=1e-6)


def test_worked_example_ends_at_one_and_minus_one_and_a_half():
    X = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])  # standardized and uncorrelated
    alpha, l1_ratio = from_keras(2.0, 1.0)
    fitted = ElasticNet(alpha=alpha, l1_ratio=l1_ratio, tol=1e-12).fit(X, X @ [3.0, -4.0] + 5.0)
    np.testing.assert_allclose(fitted.coef_, [1.0, -1.5], atol=1e-9)


def test_every_split_between_copies_costs_the_same_with_l1_and_one_is_cheapest_with_both():
    rng = np.random.default_rng(1)
    x = standardized(rng.normal(size=(50, 1)))
    X = np.hstack([x, x])
    assert Lasso(0.1, tol=1e-12).fit(X, 3 * x[:, 0]).coef_.sum() == pytest.approx(2.9)  # the page's total, without noise
    y = 3 * x[:, 0] + rng.normal(size=50)
    for l2 in (0.0, 0.3):
        best = (Lasso(0.1, tol=1e-12).fit(X, y) if l2 == 0 else elastic_net(X, y, 0.2, l2)).coef_
        for total in (best.sum(), 1.0, -4.0):  # that of the optimum, and any others
            splits = np.linspace(0, 1, 11)[:, None] * [total, -total] + [0, total]  # from (0, total) to (total, 0)
            costs = [np.mean((y - y.mean() - X @ w) ** 2) + float(penalty(w, 0.2, l2)) for w in splits]
            if l2 == 0:
                np.testing.assert_allclose(costs, costs[0], rtol=1e-12)
            else:
                assert np.argmin(costs) == 5  # the even split
                uneven = formula("learn/l1_l2.md", r"\tfrac{1}{2} \lambda_2 (w_1")(λ_2=l2, w_1=splits[:, 0], w_2=splits[:, 1])
                np.testing.assert_allclose(costs - costs[5], uneven, atol=1e-12)
        if l2 > 0:
            np.testing.assert_allclose(best, best.sum() / 2, atol=1e-6)


def trained_copies(starts, l2):
    """Return the weights (starts, 2) of two identical features whose target is 3 times the feature, trained with l1=0.2."""
    column = np.repeat([1.0, -1.0], 10)
    X, starts = np.stack([column, column], axis=1), np.array(starts)
    return trained(X, 3 * column, np.full(len(starts), 0.2), np.full(len(starts), l2), squared_errors, 0.05, 1500, starts)[0]


def test_copies_keep_their_difference_with_l1():
    starts = [[3.0, 1.0], [2.0, 2.0], [1.0, 2.5]]
    ends = trained_copies(starts, 0.0)
    np.testing.assert_allclose(ends.sum(axis=1), 2.9, atol=1e-3)
    np.testing.assert_allclose(np.diff(ends), np.diff(starts), atol=1e-3)
    assert np.all(ends > 0)
    crossed = trained_copies([[4.0, 0.0]], 0.0)[0]  # one weight does not stay positive, and the difference does not stay
    assert crossed[0] - crossed[1] < 3.5


def test_copies_end_equal_with_both_penalties():
    ends = trained_copies([[3.0, 1.0], [2.0, 2.0], [1.0, 2.5], [4.0, 0.0], [-2.0, 4.0], [0.0, 0.0]], 0.2)
    np.testing.assert_allclose(ends, 2.9 / 1.1 / 2, atol=1e-3)


@pytest.mark.parametrize("kind", ["linear", "sigmoid"])
def test_objective_falls_between_two_different_weights_by_a_quarter_of_l2_times_their_distance(kind):
    X, y = grouped_problem()
    X[:, 1] = X[:, 0]  # two identical features
    rng = np.random.default_rng(0)
    l1, l2 = 0.4, 0.3
    signs = np.where(y > y.mean(), 1, -1)

    def cost(w, b):
        score = X @ w + b
        data = np.mean((y - score) ** 2) if kind == "linear" else np.mean(np.logaddexp(0, -signs * score))
        return data + penalty(w, l1, l2)

    for _ in range(200):
        (a, c), (b, d) = rng.normal(size=(2, 6)) * 2, rng.normal(size=2)
        saved = (cost(a, b) + cost(c, d)) / 2 - cost((a + c) / 2, (b + d) / 2)
        assert saved >= l2 * np.sum((a - c) ** 2) / 4 - 1e-12
    a, c = np.array([[3.0, 1, 0, 0, 0, 0], [1.0, 3, 0, 0, 0, 0]])  # two splits, between which only L2 changes: no more than that is sure
    assert (cost(a, 0) + cost(c, 0)) / 2 - cost((a + c) / 2, 0) == pytest.approx(l2 * np.sum((a - c) ** 2) / 4)


def test_bias_of_a_single_class_has_no_best_value():
    for ones, falls_forever in [(20, True), (19, False)]:  # of 20 rows
        classes = np.repeat([1.0, 0.0], [ones, 20 - ones])[:, None]
        loss = keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")
        losses = [float(loss(classes, np.full((20, 1), bias))) for bias in np.arange(-4.0, 30.0, 2.0)]
        assert np.all(np.diff(losses) < 0) == falls_forever


def problems_with_solutions():
    """Yield standardized X, y, residuals, weights, l1 and l2 of sixty random problems, some with more features than rows."""
    rng = np.random.default_rng(2)
    for case in range(60):
        n, p = rng.integers(12, 60), rng.integers(3, 20)
        mixing = rng.normal(size=(p, p)) * rng.uniform(0.1, 1, size=p)
        X = standardized(rng.normal(size=(n, p)) @ mixing)
        y = X @ rng.normal(size=p) * (case % 3) + rng.normal(size=n) + 5.0
        l1, l2 = 10 ** rng.uniform(-2, 0), 10 ** rng.uniform(-2.5, 0.5)
        fitted = elastic_net(X, y, l1, l2)
        yield X, y, y - fitted.predict(X), fitted.coef_, l1, l2


def test_weights_of_correlated_features_are_no_further_apart_than_the_bound():
    kinds = {"same sign": 0, "opposite": 0, "with a zero": 0}
    equalities = [
        formula("learn/l1_l2.md", r"-\frac{2}{n} \sum_{i=1}^{n} x_{ij} e_i"),
        formula("learn/l1_l2.md", r"-\frac{2}{n} \sum_{i=1}^{n} x_{ik} e_i"),
        formula("learn/l1_l2.md", r"2 \lambda_2 (w_j - w_k) +"),
        formula("learn/l1_l2.md", r"\frac{1}{n} \sum_{i=1}^{n} (x_{ij} - x_{ik})^2"),
    ]
    bound = formula("learn/l1_l2.md", r"\lvert w_j - w_k \rvert \le")
    for X, y, residual, weights, l1, l2 in problems_with_solutions():
        n, (j, k) = len(y), np.triu_indices(len(weights), 1)  # all pairs
        s = np.where(weights != 0, np.sign(weights), 2 / n * X.T @ residual / l1)  # the subgradients of the absolute values
        assert np.abs(s).max() <= 1 + 1e-6
        given = {"x": X, "e": residual, "w": weights, "s": s, "n": n, "λ_1": l1, "λ_2": l2, "j": j + 1, "k": k + 1}
        given["ρ"] = np.corrcoef(X.T)[j, k]
        for equality in equalities:
            left, right = equality.sides(**given)
            np.testing.assert_allclose(left, np.broadcast_to(right, left.shape), atol=1e-5)
        assert np.all(bound.holds(**given))
        assert np.sqrt(np.mean(residual**2)) <= y.std() + 1e-9
        signs = np.multiply.outer(np.sign(weights), np.sign(weights))[j, k]
        for kind, sign in zip(kinds, (1, -1, 0), strict=True):
            kinds[kind] += np.sum(signs == sign)
    assert min(kinds.values()) > 50


def test_bound_is_reached():
    rng = np.random.default_rng(4)
    n, rho, l2 = 40, 0.6, 0.3
    basis = np.linalg.qr(np.column_stack([np.ones(n), rng.normal(size=(n, 2))]))[0][:, 1:] * np.sqrt(n)
    share = np.array([np.sqrt((1 + rho) / 2), np.sqrt((1 - rho) / 2)])
    X = np.stack([basis @ share, basis @ (share * [1, -1])], axis=1)  # correlation 0.6; their difference lies along the second basis
    y = 2 * basis[:, 1]
    weights = Ridge(alpha=n * l2).fit(X, y).coef_
    residual = y - X @ weights
    assert np.corrcoef(X.T)[0, 1] == pytest.approx(rho)
    assert np.corrcoef(X[:, 0] - X[:, 1], residual)[0, 1] == pytest.approx(1)
    bound = formula("learn/l1_l2.md", r"\lvert w_j - w_k \rvert \le")
    apart, most = bound.sides(w=weights, j=1, k=2, λ_2=l2, e=residual, n=n, ρ=rho)
    assert apart == pytest.approx(most, rel=1e-9)


@pytest.mark.parametrize("l1", [1.0, 2.0])
def test_l1_leaves_out_members_of_a_group_that_both_keep(l1):
    left_out = {0.0: 0, 0.5: 0}
    for seed in range(30):
        X, y = grouped_problem(60, 100 + seed)
        for l2 in left_out:
            weights = elastic_net(X, y, l1, l2).coef_
            left_out[l2] += np.sum(weights[:3] == 0)
            assert np.sum(weights[3:] != 0) < 3  # some of the noise is left out
    assert left_out[0.0] > 8
    assert left_out[0.5] == 0


def test_rescaled_ridge_is_least_squares_with_smaller_correlations():
    X, y = grouped_problem()
    n, between = len(X), ~np.eye(6, dtype=bool)
    for l2 in (0.1, 1.0, 10.0):
        divisor = formula("learn/l1_l2.md", r"1 + \lambda_2")(λ_2=l2)
        correlations = np.corrcoef(X.T)
        correlations[between] /= divisor
        least_squares = np.linalg.solve(correlations, X.T @ (y - y.mean()) / n)  # the normal equations
        np.testing.assert_allclose(divisor * Ridge(alpha=n * l2).fit(X, y).coef_, least_squares, atol=1e-8)


def test_rescaled_weights_of_uncorrelated_features_are_those_of_the_lasso():
    rng = np.random.default_rng(0)
    X = np.sqrt(64) * np.linalg.qr(np.column_stack([np.ones(64), rng.normal(size=(64, 5))]))[0][:, 1:]
    y = X @ [3.0, -4.0, 1.0, 0.3, 0.0] + rng.normal(size=64)
    for l2 in (0.1, 1.0):
        naive = elastic_net(X, y, 0.8, l2).coef_
        rescaled = formula("learn/l1_l2.md", r"1 + \lambda_2")(λ_2=l2) * naive
        np.testing.assert_allclose(rescaled, Lasso(alpha=0.4, tol=1e-12).fit(X, y).coef_, atol=1e-8)
        assert np.abs(naive[:3]).sum() > 3.0


@pytest.mark.parametrize("ratio", [0.1, *MIXES, 1.0])
def test_elastic_net_of_scikit_learn_is_optimal_for_keras(ratio):
    X, y = grouped_problem()
    for alpha in (0.05, 0.5):
        fitted = ElasticNet(alpha=alpha, l1_ratio=ratio, tol=1e-12, max_iter=200_000).fit(X, y)
        found = slopes(X, y, fitted.coef_, fitted.intercept_, keras.losses.MeanSquaredError(dtype="float64"))
        in_row = [formula("learn/l1_l2.md", r"2 \alpha r"), formula("learn/l1_l2.md", r"\alpha (1 - r)")]
        assert_optimal(fitted.coef_, *found, *(factor(α=alpha, r=ratio) for factor in in_row), tolerance=1e-4)
        assert to_keras(alpha, ratio) == pytest.approx([factor(α=alpha, r=ratio) for factor in in_row])


@pytest.mark.parametrize("ratio", [0.0, *MIXES, 1.0])
def test_logistic_regression_of_scikit_learn_is_optimal_for_keras(ratio):
    X, y = grouped_problem()
    classes = (y > y.mean()).astype(float)
    for C in (0.1, 1.0):
        fitted = LogisticRegression(C=C, l1_ratio=ratio, solver="saga", tol=1e-9, max_iter=50_000, random_state=0).fit(X, classes)
        loss = keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")
        found = slopes(X, classes, fitted.coef_[0], fitted.intercept_[0], loss)
        assert_optimal(fitted.coef_[0], *found, *to_keras_logistic(C, ratio, len(X)), tolerance=1e-4)


def test_default_solver_of_logistic_regression_refuses_l1():
    X, y = grouped_problem()
    with pytest.raises(ValueError, match="lbfgs"):
        LogisticRegression(l1_ratio=0.5).fit(X, y > y.mean())


def test_objectives_of_glmnet_are_those_of_keras():
    X, y = grouped_problem()
    classes, rng = (y > y.mean()).astype(float), np.random.default_rng(0)
    as_written = formula("reference/notation.md", r"\alpha \lVert w \rVert_1 + \tfrac{1}{2} (1")
    l1_of_squares, l2_of_squares = (
        formula("reference/notation.md", r"2 \lambda \alpha"),
        formula("reference/notation.md", r"\lambda (1 - \alpha)"),
    )
    l1_of_classes, l2_of_classes = (
        formula("reference/notation.md", r"\lambda \alpha"),
        formula("reference/notation.md", r"\tfrac{1}{2} \lambda (1"),
    )
    for lam, mix in [(0.3, 0.2), (0.02, 0.9)]:
        given = {"λ": lam, "α": mix}
        for _ in range(5):
            w, b = rng.normal(size=6), rng.normal()
            score = X @ w + b
            shared = lam * as_written(w=w, α=mix)  # Friedman, Hastie and Tibshirani (2010), equation 2
            of_squares = np.sum((y - score) ** 2) / (2 * len(y)) + shared
            mse = float(keras.losses.MeanSquaredError(dtype="float64")(y[:, None], score[:, None]))
            in_keras = float(regularizers.L1L2(float(l1_of_squares(**given)), float(l2_of_squares(**given)))(w))
            assert 2 * of_squares == pytest.approx(mse + in_keras, rel=1e-6)
            of_classes = -np.mean(classes * score - np.logaddexp(0, score)) + shared
            entropy = float(keras.losses.BinaryCrossentropy(from_logits=True, dtype="float64")(classes[:, None], score[:, None]))
            in_keras = float(regularizers.L1L2(float(l1_of_classes(**given)), float(l2_of_classes(**given)))(w))
            assert to_keras_logistic(1 / (len(y) * lam), mix, len(y)) == pytest.approx((l1_of_classes(**given), l2_of_classes(**given)))
            assert of_classes == pytest.approx(entropy + in_keras, rel=1e-6)


def test_objective_of_zou_and_hastie_is_n_times_that_of_keras():
    X, y = grouped_problem()
    n, rng = len(X), np.random.default_rng(0)
    y = y - y.mean()
    columns = X / np.sqrt(n)  # of length 1, as theirs
    np.testing.assert_allclose(np.sum(columns**2, axis=0), 1)
    for l1, l2 in [(0.3, 0.2), (0.05, 2.0)]:
        for _ in range(5):
            w = rng.normal(size=6)
            beta = np.sqrt(n) * w
            theirs = np.sum((y - columns @ beta) ** 2) + l2 * np.sum(beta**2) + np.sqrt(n) * l1 * np.abs(beta).sum()
            in_keras = np.mean((y - X @ w) ** 2) + float(regularizers.L1L2(l1, l2)(w))
            assert theirs == pytest.approx(n * in_keras, rel=1e-6)


def test_conversions_round_trip():
    rng = np.random.default_rng(0)
    for l1, l2 in 10 ** rng.uniform(-4, 1, size=(50, 2)):
        assert to_keras(*from_keras(l1, l2)) == pytest.approx((l1, l2))
        assert to_keras_logistic(*from_keras_logistic(l1, l2, 80), 80) == pytest.approx((l1, l2))
        assert from_keras(l1, l2)[1] == from_keras_logistic(l1, l2, 80)[1]


def test_grid_of_linear_models_in_keras_reaches_the_optimum_of_scikit_learn():
    X, y = grouped_problem()
    alpha, ratio = (grid.ravel() for grid in np.meshgrid([0.02, 0.1, 0.5], [*MIXES, 1.0]))
    l1, l2 = to_keras(alpha, ratio)
    kernels, biases = trained(X, y, l1, l2, squared_errors, 0.05, 6000)
    zeros = 0
    for i in range(len(alpha)):
        other = elastic_net(X, y, l1[i], l2[i])
        best = np.mean((y - other.predict(X)) ** 2) + penalty(other.coef_, l1[i], l2[i])
        ours = np.mean((y - X @ kernels[i] - biases[i]) ** 2) + penalty(kernels[i], l1[i], l2[i])
        assert best * (1 - 1e-6) <= ours <= best * (1 + 1e-5)
        np.testing.assert_allclose(kernels[i], other.coef_, atol=0.003)
        zeros += np.sum(other.coef_ == 0)
    assert zeros > 15


def test_grid_of_sigmoid_units_in_keras_reaches_the_optimum_of_scikit_learn():
    X, y = grouped_problem()
    classes = (y > y.mean()).astype(float)
    C, ratio = (grid.ravel() for grid in np.meshgrid([0.1, 0.5, 2.0], [*MIXES, 1.0]))
    l1, l2 = to_keras_logistic(C, ratio, len(X))
    kernels, biases = trained(X, classes, l1, l2, cross_entropies, 0.5, 8000)

    def objective(i, w, b):
        return np.mean(np.logaddexp(0, np.where(classes == 1, -1, 1) * (X @ w + b))) + penalty(w, l1[i], l2[i])

    for i in range(len(C)):
        other = LogisticRegression(C=C[i], l1_ratio=ratio[i], solver="saga", tol=1e-8, max_iter=50_000, random_state=0).fit(X, classes)
        best, ours = objective(i, other.coef_[0], other.intercept_[0]), objective(i, kernels[i], biases[i])
        assert best * (1 - 1e-6) <= ours <= best * (1 + 1e-5)
        np.testing.assert_allclose(kernels[i], other.coef_[0], atol=0.003)


def test_l1l2_with_one_factor_is_l1_or_l2_exactly():
    kernel = keras.Variable(np.random.default_rng(0).normal(size=(30, 7)), dtype="float32")
    pairs = [(regularizers.L1(factor), regularizers.L1L2(l1=factor, l2=0.0)) for factor in (0.013, 0.1, 3.0)]
    pairs += [(regularizers.L2(factor), regularizers.L1L2(l1=0.0, l2=factor)) for factor in (0.013, 0.1, 3.0)]
    for alone, together in pairs:
        assert float(alone(kernel)) == float(together(kernel)) > 0
        slopes = [ops.convert_to_numpy(gradient(lambda penalty=penalty: penalty(kernel), [kernel])[0]) for penalty in (alone, together)]
        np.testing.assert_array_equal(*slopes)


def test_l1l2_costs_nothing_unless_factors_are_given_and_one_number_is_l1():
    kernel = np.array([3.0, -4.0], dtype="float32")
    assert float(regularizers.L1L2()(kernel)) == 0.0
    assert float(regularizers.L1L2(0.1)(kernel)) == pytest.approx(0.7)
    assert float(regularizers.L1L2(l2=0.1)(kernel)) == pytest.approx(2.5)
    assert float(regularizers.L1L2(l1=0.1, l2=0.1)(kernel)) == pytest.approx(3.2)


def test_l1_that_empties_the_model_does_not_depend_on_l2():
    X, y = grouped_problem()
    largest = 2 * np.abs(X.T @ (y - y.mean())).max() / len(y)
    for l2 in (0.0, 0.1, 10.0):
        assert np.all(elastic_net(X, y, 1.0001 * largest, l2).coef_ == 0)
        assert np.any(elastic_net(X, y, 0.999 * largest, l2).coef_ != 0)


def test_both_can_use_more_features_than_there_are_rows():
    most = {True: 0, False: 0}  # with a free bias, and without one
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(8, 40)), rng.normal(size=8)
        for bias in most:
            most[bias] = max(most[bias], *(np.sum(lasso(X, y, l1, fit_intercept=bias) != 0) for l1 in (0.2, 0.05, 0.01)))
        assert np.sum(elastic_net(X, y, 0.05, 0.5).coef_ != 0) > 16
    assert most == {True: 7, False: 8}


def test_target_in_another_unit_needs_another_l1_and_the_same_l2():
    X, y = grouped_problem()
    weights = elastic_net(X, y, 0.8, 0.3).coef_
    np.testing.assert_allclose(elastic_net(X, 10 * y, 8.0, 0.3).coef_, 10 * weights, atol=1e-5)
    for l1, l2 in [(0.8, 0.3), (8.0, 3.0)]:
        assert np.abs(elastic_net(X, 10 * y, l1, l2).coef_ - 10 * weights).max() > 1


def test_both_beat_l1_on_groups_and_l2_on_independent_features():
    gaps = {"groups": [], "independent": []}
    group = np.where(np.arange(20) < 10, np.arange(20) // 5, np.arange(20))
    truths = {"groups": np.where(np.arange(20) < 10, 1.0, 0.0), "independent": np.where(np.arange(20) % 5 == 0, 2.0, 0.0)}
    for kind, truth in truths.items():
        for seed in range(30):
            rng = np.random.default_rng(9000 + seed)
            X = rng.normal(size=(580, 20))
            if kind == "groups":
                X[:, :10] = grouped_rows(rng, 580, group, 0.9)[:, :10]
            y = X @ truth + 3 * rng.normal(size=580)
            X, y = (X - X[:40].mean(axis=0)) / X[:40].std(axis=0), y - y[:40].mean()
            errors = {}
            for name, ratios in [("L1", [1.0]), ("L2", [1e-4]), ("both", MIXES)]:
                paths = [
                    enet_path(X[:40], y[:40], l1_ratio=r, alphas=0.01 * 2.0 ** np.arange(10), tol=1e-6, max_iter=5000)[1] for r in ratios
                ]
                weights = np.concatenate(paths, axis=1)  # (20, models)
                squared = (X @ weights - y[:, None]) ** 2  # (580, models)
                errors[name] = squared[80:].mean(axis=0)[squared[40:80].mean(axis=0).argmin()]
            gaps[kind].append(errors["both"] - errors["L1" if kind == "groups" else "L2"])
    for several in gaps.values():
        assert np.mean(several) + 2.05 * np.std(several, ddof=1) / np.sqrt(30) < -0.1


GROUPS, GROUPED, ONE = "two groups", "four groups", "one of each group"
KINDS = ("independent", GROUPS, GROUPED, ONE)


def compared(observed, kind, column):
    """Return mean, low and high of the 95% interval that an entry such as "−0.59 (−0.67 to −0.52)" holds."""
    mean, interval = observed.entry(kind, column).rstrip(")").split(" (")
    return tuple(number(text) for text in (mean, *interval.split(" to ")))


def test_both_keep_one_group_and_remove_the_other_in_this_run(shown):
    both, alone = (shown("l1_l2#grouping").points(name)[:, 1] for name in ("both", "L1"))
    assert np.all(np.abs(both[3:]) < 1e-3)
    assert both[:3].min() > 0.3
    assert alone[:3].min() < 1e-3  # which L1 alone does not do


def test_each_penalty_alone_has_its_weakness_in_this_run(shown):
    strongest, grouping = shown("l1_l2#strongest"), shown("l1_l2#grouping")
    assert strongest.column("below 0.001") == {"L1": 4, "L2": 0, "both": 3}
    l1 = grouping.points("L1")[:, 1]
    np.testing.assert_array_less(np.abs(l1[3:]), 1e-3)
    assert np.sum(np.abs(l1[:3]) < 1e-3) == 1
    gaps = strongest.column("gap in 1 to 3")
    assert gaps["L2"] < 0.2 < gaps["both"] < gaps["L1"] / 3


def test_weights_are_much_closer_than_the_bound_in_this_run(shown):
    bound = shown("l1_l2#bound")
    difference, most = bound.column("difference"), bound.column("at most")
    assert len(difference) == 4
    assert all(4 * difference[pair] <= most[pair] for pair in difference)


def test_l1_ends_in_three_models_and_both_in_one_in_this_run(shown):
    twins = shown("l1_l2#twins")
    starts = ("3, 1", "1, 1", "1, 2")
    assert len({twins.entry(start, "L1 alone") for start in starts}) == 3
    (both,) = {twins.entry(start, "both") for start in starts}
    first, second = both.split(", ")
    assert first == second
    for start in starts:  # as in the example of the sentence on the difference
        a, b, c, d = (number(text) for entry in (start, twins.entry(start, "L1 alone")) for text in entry.split(", "))
        assert a - b == pytest.approx(c - d, abs=0.011)


def test_trained_models_meet_the_limits_in_this_run(shown):
    agreement = shown("l1_l2#agreement")
    assert len(agreement.column("farthest weight")) == 4
    assert max(agreement.column("farthest weight").values()) <= 0.003
    assert max(agreement.column("objective higher by").values()) <= 0.001  # percent


def test_diabetes_data_choose_l2_alone_in_this_run(shown):
    diabetes = shown("l1_l2#diabetes")
    assert diabetes.number("any mix", "l1_ratio") == 0
    assert np.ptp(list(diabetes.column("test error").values())) < 0.02


def test_each_penalty_is_better_than_least_squares_in_this_run(shown):
    errors = shown("l1_l2_kinds#errors")
    assert max(errors.number(kind, name) for kind in KINDS for name in ("L1", "L2", "both")) < shown("l1_l2_kinds#none").value() - 3


def test_l1_is_best_on_independent_features_in_this_run(shown):
    differences = shown("l1_l2_kinds#differences")
    assert compared(differences, "independent", "both minus L1")[1] > 0
    assert compared(differences, "independent", "both minus L2")[2] < -1


def test_both_are_best_on_two_groups_in_this_run(shown):
    for alone in ("L1", "L2"):
        assert compared(shown("l1_l2_kinds#differences"), GROUPS, f"both minus {alone}")[2] < 0


def test_both_and_l2_are_alike_on_four_groups_in_this_run(shown):
    differences = shown("l1_l2_kinds#differences")
    assert compared(differences, GROUPED, "both minus L1")[2] < 0
    _, low, high = compared(differences, GROUPED, "both minus L2")
    assert -0.1 < low < 0 < high < 0.1


def test_l1_gains_nothing_when_one_of_each_group_matters_in_this_run(shown):
    differences = shown("l1_l2_kinds#differences")
    assert compared(differences, ONE, "both minus L1")[2] < 0
    _, low, high = compared(differences, ONE, "both minus L2")
    assert -0.15 < low < high < 0.15


def test_any_mix_is_close_to_the_best_in_this_run(shown):
    errors, choice = shown("l1_l2_kinds#errors"), shown("l1_l2_kinds#choice")
    for kind in KINDS:
        best = min(errors.number(kind, name) for name in ("L1", "L2", "both"))
        assert choice.number(kind, "any mix") <= best + 0.1


def test_rescaling_helps_on_three_kinds_of_data_in_this_run(shown):
    rescaled = shown("l1_l2_kinds#rescaled")
    for kind in KINDS[:3]:
        assert compared(rescaled, kind, "both")[2] < 0
    assert compared(rescaled, ONE, "both")[1] > 0


def test_rescaled_both_are_best_where_groups_matter_in_this_run(shown):
    errors = shown("l1_l2_kinds#errors")
    for kind in (GROUPS, GROUPED):
        assert errors.number(kind, "rescaled") < min(errors.number(kind, name) for name in ("L1", "L2", "both")) - 0.1
        assert compared(shown("l1_l2_kinds#rescaled"), kind, "L2")[1] > 0  # nor does L2 with rescaling come near


def test_rescaling_l2_alone_hurts_in_this_run(shown):
    for kind in KINDS:
        assert compared(shown("l1_l2_kinds#rescaled"), kind, "L2")[1] > 0


def test_mix_and_rescaling_chosen_together_are_close_to_the_best_in_this_run(shown):
    choice, errors = shown("l1_l2_kinds#choice"), shown("l1_l2_kinds#errors")
    for kind in KINDS:
        lowest = min(errors.number(kind, name) for name in ("L1", "L2", "both", "rescaled"))
        assert choice.number(kind, "lowest") == lowest
        assert choice.number(kind, "or rescaled") <= lowest + 0.1


def test_l1_removes_a_third_of_the_members_in_this_run(shown):
    used = shown("l1_l2_kinds#used")
    for kind in (GROUPS, GROUPED):
        assert 60 <= used.number(kind, "L1 true") <= 72
        assert used.number(kind, "both true") >= 90


def test_both_keep_more_of_the_others_in_this_run(shown):
    used = shown("l1_l2_kinds#used")
    for kind in KINDS:
        assert used.number(kind, "both others") > used.number(kind, "L1 others") + 5
