"""Claims of the chapter "L2: every weight is pulled"."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Sequential, layers, ops, regularizers
from scipy.optimize import approx_fprime, minimize
from scipy.special import expit, log_expit
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge

from pipeline.script import Script
from pipeline.source import ROOT

N, P = 60, 5


def problem(seed=0):
    """Return correlated rows (60, 5) and a target (60,) that is not centred."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(N, P)) @ rng.normal(size=(P, P))
    return X, 4 + X @ rng.normal(size=P) + rng.normal(size=N)


def ridge_by_hand(X, y, l2):
    """Return (XᵀX/n + l2 I)⁻¹ Xᵀy/n for centred X and y."""
    X, y = X - X.mean(axis=0), y - y.mean()
    return np.linalg.solve(X.T @ X / len(X) + l2 * np.eye(X.shape[1]), X.T @ y / len(X))


def unit(inputs, activation=None, **settings):
    return Sequential([layers.Input((inputs,)), layers.Dense(1, activation, **settings)])


def train(model, X, y, optimizer, loss, updates):
    model.compile(optimizer, loss, steps_per_execution=min(500, updates))
    rows = tf.data.Dataset.from_tensors((X, y.reshape(len(y), -1))).repeat()
    model.fit(rows, steps_per_epoch=updates, shuffle=False, verbose=0)
    return model.layers[0].kernel.numpy()


def test_slope_of_l2_is_twice_the_factor_times_the_weight():
    weights = np.array([3.0, -4.0, 0.25])
    variable = tf.Variable(weights, dtype="float32")
    with tf.GradientTape() as tape:
        penalty = regularizers.L2(0.1)(variable)
    slope = tape.gradient(penalty, variable).numpy()
    np.testing.assert_allclose(slope, 2 * 0.1 * weights, atol=1e-6)
    np.testing.assert_allclose(slope, approx_fprime(weights, lambda w: 0.1 * (w**2).sum()), atol=1e-5)


def penalty_steps(l2, learning_rate, updates):
    """Return (3, −4) after SGD where the data loss is level."""
    model = unit(2, use_bias=False, kernel_regularizer=regularizers.L2(l2))
    model.layers[0].kernel.assign([[3.0], [-4.0]])
    model.compile(keras.optimizers.SGD(learning_rate), lambda y, prediction: 0 * prediction)
    for _ in range(updates):
        model.train_on_batch(np.zeros((1, 2)), np.zeros((1, 1)))
    return model.layers[0].kernel.numpy()[:, 0]


def test_step_of_sgd_on_l2_alone_multiplies_every_weight_by_the_same_number():
    for updates in (1, 3):
        expected = (1 - 2 * 0.1 * 0.2) ** updates * np.array([3.0, -4.0])
        np.testing.assert_allclose(penalty_steps(0.2, 0.1, updates), expected, rtol=1e-5)


def test_sgd_on_l2_diverges_when_rate_times_factor_exceeds_one():
    assert np.abs(penalty_steps(9.9, 0.1, 20)).max() < 4
    assert np.abs(penalty_steps(10.1, 0.1, 20)).max() > 4
    np.testing.assert_allclose(penalty_steps(30.0, 0.1, 5), -3125 * np.array([3.0, -4.0]), rtol=1e-4)


def test_closed_form_is_ridge_with_alpha_of_n_times_l2():
    X, y = problem()
    for l2 in (0.01, 1.0, 30.0):
        np.testing.assert_allclose(ridge_by_hand(X, y, l2), Ridge(alpha=N * l2).fit(X, y).coef_, rtol=1e-8)


def test_free_bias_is_the_same_as_centred_data():
    X, y = problem()
    free, centred = Ridge(alpha=7.0).fit(X, y), Ridge(alpha=7.0, fit_intercept=False).fit(X - X.mean(axis=0), y - y.mean())
    np.testing.assert_allclose(free.coef_, centred.coef_, rtol=1e-8)
    assert free.intercept_ == pytest.approx(y.mean() - X.mean(axis=0) @ free.coef_)


def test_each_direction_is_multiplied_by_its_share():
    X, y = problem()
    _, d, directions = np.linalg.svd(X - X.mean(axis=0), full_matrices=False)
    least_squares = directions @ LinearRegression().fit(X, y).coef_
    for l2 in (0.05, 2.0):
        found = directions @ Ridge(alpha=N * l2).fit(X, y).coef_
        np.testing.assert_allclose(found, d**2 / (d**2 + N * l2) * least_squares, rtol=1e-7)


def test_degrees_of_freedom_count_how_far_predictions_follow_the_targets():
    """The sum over rows of d(prediction)/d(target), from refits of Ridge with one target moved."""
    X, y = problem()
    X = X - X.mean(axis=0)
    d = np.linalg.svd(X, compute_uv=False)
    for bias in (False, True):
        ridge = Ridge(alpha=N * 0.3, fit_intercept=bias)
        before = ridge.fit(X, y).predict(X)
        followed = sum((ridge.fit(X, y + 1e-3 * row).predict(X) - before) @ row / 1e-3 for row in np.eye(N))
        assert followed == pytest.approx(np.sum(d**2 / (d**2 + N * 0.3)) + bias, rel=1e-5)


def test_some_factor_brings_the_weights_nearer_to_the_truth_on_average():
    """Expected squared distance from the truth, closed form against simulation with Ridge; below least squares for k ≤ σ² / max a²."""
    rng = np.random.default_rng(0)
    X = problem()[0]
    X = X - X.mean(axis=0)
    truth, sigma = np.array([3.0, -4.0, 1.0, 0.0, 0.0]), 2.0
    _, d, directions = np.linalg.svd(X, full_matrices=False)
    along = directions @ truth

    def distance(k):
        return np.sum((sigma**2 * d**2 + k**2 * along**2) / (d**2 + k) ** 2)

    k = sigma**2 / np.max(along**2)
    assert all(distance(share * k) < distance(0) for share in (0.1, 0.5, 1.0))
    targets = X @ truth + sigma * rng.normal(size=(4000, N))
    found = Ridge(alpha=k, fit_intercept=False).fit(X, targets.T).coef_
    measured = ((found - truth) ** 2).sum(axis=1)
    assert abs(measured.mean() - distance(k)) < 4 * measured.std() / 4000**0.5


def test_ridge_is_the_mode_of_the_posterior_under_a_gaussian_prior():
    """Targets with noise of variance σ², weights with variance τ² = σ² / (n l2); SciPy maximizes the posterior."""
    X, y = problem()
    X, y = X - X.mean(axis=0), y - y.mean()
    sigma, l2 = 1.7, 0.4
    tau = sigma / np.sqrt(N * l2)

    def minus_log_posterior(w):
        return np.sum((y - X @ w) ** 2) / (2 * sigma**2) + np.sum(w**2) / (2 * tau**2)

    mode = minimize(minus_log_posterior, np.zeros(P), tol=1e-12).x
    np.testing.assert_allclose(mode, Ridge(alpha=N * l2).fit(X, y).coef_, atol=1e-5)


def test_for_cross_entropy_the_prior_variance_is_one_over_two_n_l2():
    X, target = problem()
    y = (target > target.mean()).astype(float)
    l2 = 0.05
    tau = 1 / np.sqrt(2 * N * l2)

    def minus_log_posterior(parts):
        margins = (X @ parts[:P] + parts[P]) * np.where(y == 1, 1, -1)
        return -np.sum(log_expit(margins)) + np.sum(parts[:P] ** 2) / (2 * tau**2)

    mode = minimize(minus_log_posterior, np.zeros(P + 1), tol=1e-12).x[:P]
    kernel = train(
        unit(P, "sigmoid", kernel_regularizer=regularizers.L2(l2), kernel_initializer="zeros"),
        X, y, keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.05, 2000)), "binary_crossentropy", 2000,
    )  # fmt: skip
    np.testing.assert_allclose(kernel[:, 0], mode, atol=1e-3)
    other = LogisticRegression(C=1 / (2 * N * l2), tol=1e-10, max_iter=10_000).fit(X, y)
    np.testing.assert_allclose(mode, other.coef_[0], atol=1e-4)
    assert expit(X @ other.coef_[0] + other.intercept_).mean() == pytest.approx(y.mean(), abs=1e-4)  # the bias is free


def test_penalty_and_circle_have_the_same_answer():
    """SciPy's constrained minimum within the circle that passes through ridge's weights."""
    X, y = problem()
    X, y = X - X.mean(axis=0), y - y.mean()
    penalized = ridge_by_hand(X, y, 0.5)
    within = {"type": "ineq", "fun": lambda w: penalized @ penalized - w @ w}
    found = minimize(lambda w: np.mean((y - X @ w) ** 2), np.zeros(P), constraints=[within], method="SLSQP", options={"ftol": 1e-14})
    np.testing.assert_allclose(found.x, penalized, atol=1e-4)


class L2OfEach(keras.regularizers.Regularizer):
    def __init__(self, factors):
        self.factors = np.array(factors, dtype="float32")[:, None, None]

    def __call__(self, kernel):
        return ops.sum(self.factors * kernel**2)


def test_whole_path_of_keras_is_that_of_ridge():
    X, y = problem()
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    factors = [0.001, 0.03, 0.5, 10.0]
    layer = layers.EinsumDense("bmf,mfo->bmo", (4, 1), bias_axes="mo", kernel_initializer="zeros", kernel_regularizer=L2OfEach(factors))
    rate = keras.optimizers.schedules.CosineDecay(0.1, 3000)
    model = Sequential([layers.Input((4, P)), layer])
    model.compile(keras.optimizers.Adam(rate), lambda y, z: ops.sum((y - z) ** 2, axis=(1, 2)), steps_per_execution=500)
    rows = (np.repeat(X[:, None], 4, axis=1), np.repeat(y[:, None, None], 4, axis=1))
    model.fit(tf.data.Dataset.from_tensors(rows).repeat(), steps_per_epoch=3000, shuffle=False, verbose=0)
    ridge = [Ridge(alpha=N * l2).fit(X, y).coef_ for l2 in factors]
    np.testing.assert_allclose(layer.kernel.numpy()[:, :, 0], ridge, atol=1e-3)


@pytest.mark.parametrize("copies", [2, 3])
def test_copies_of_a_feature_share_its_weight_equally(copies):
    X, y = problem()
    many = np.column_stack([X, *[X[:, 0]] * (copies - 1)])
    found = Ridge(alpha=5.0).fit(many, y).coef_
    np.testing.assert_allclose(found[P:], found[0], rtol=1e-6)
    # Together they are one feature whose factor is divided by the number of copies.
    once = np.column_stack([np.sqrt(copies) * X[:, 0], X[:, 1:]])
    assert found[[0, *range(P, P + copies - 1)]].sum() == pytest.approx(np.sqrt(copies) * Ridge(alpha=5.0).fit(once, y).coef_[0], rel=1e-6)


def test_ridge_leaves_no_weight_at_zero():
    for seed in range(20):
        X, y = problem(seed)
        y = y - X @ np.linalg.lstsq(X, y)[0] + X[:, 0]  # the other features have true weights of zero
        for alpha in (1.0, 100.0, 1e6):
            assert np.all(Ridge(alpha=alpha).fit(X, y).coef_ != 0)


def test_units_matter_to_ridge_and_not_to_least_squares():
    X, y = problem()
    scaled = X * [10, 1, 1, 1, 1]
    free = LinearRegression().fit(X, y).predict(X) - LinearRegression().fit(scaled, y).predict(scaled)
    held = Ridge(alpha=N).fit(X, y).predict(X) - Ridge(alpha=N).fit(scaled, y).predict(scaled)
    assert np.abs(free).max() < 1e-8
    assert np.abs(held).max() > 0.1


def decayed(optimizer, **settings):
    """Return the weights after 40 updates from the same first weights."""
    X, y = problem()
    keras.utils.set_random_seed(0)
    model = unit(P, bias_initializer="zeros", **settings)
    return train(model, X / X.std(axis=0), (y - y.mean()) / y.std(), optimizer, "mean_squared_error", 40)[:, 0]


def test_weight_decay_of_plain_sgd_is_l2_of_half_the_decay():
    decay = 0.3
    other = decayed(keras.optimizers.SGD(0.05), kernel_regularizer=regularizers.L2(decay / 2), use_bias=False)
    np.testing.assert_allclose(decayed(keras.optimizers.SGD(0.05, weight_decay=decay), use_bias=False), other, atol=1e-5)


def test_weight_decay_of_adam_is_not_l2():
    decay = 0.3
    other = decayed(keras.optimizers.Adam(0.05), kernel_regularizer=regularizers.L2(decay / 2), use_bias=False)
    assert np.abs(decayed(keras.optimizers.Adam(0.05, weight_decay=decay), use_bias=False) - other).max() > 0.02


def test_weight_decay_reaches_biases_unless_they_are_excluded():
    X = np.zeros((4, 2))
    for exclude, expected in ((False, 5 * (1 - 0.1 * 0.5)), (True, 5.0)):
        model = unit(2, bias_initializer=keras.initializers.Constant(5.0))
        optimizer = keras.optimizers.SGD(0.1, weight_decay=0.5)
        if exclude:
            optimizer.exclude_from_weight_decay(var_names=["bias"])
        model.compile(optimizer, lambda y, prediction: 0 * prediction)
        model.train_on_batch(X, np.zeros((4, 1)))
        assert model.layers[0].bias.numpy()[0] == pytest.approx(expected, rel=1e-5)


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
    _, weights = path_of(shown, 0)
    first, *_, last = weights.tolist()
    assert first * last < 0


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
    first, second, *rest = (list(shown("l2#mixture").column(f"feature {feature}").values())[-1] for feature in range(6))
    assert first * second < 0
    assert first**2 + second**2 > sum(part**2 for part in rest)


def test_last_direction_has_the_largest_weight_and_the_least_spread_in_this_run(shown):
    weights, spreads = (list(shown("l2#directions").column(name).values()) for name in ("least squares", "spread"))
    assert abs(weights[-1]) == max(abs(weight) for weight in weights)
    assert spreads[-1] == min(spreads)


def test_formula_predicts_what_is_left_in_this_run(shown):
    directions = shown("l2#directions")
    assert directions.column("left") == directions.column("by the formula")


def test_degrees_of_freedom_and_squares_fall_in_this_run(shown):
    for name in ("degrees of freedom", "sum of squares of the weights"):
        column = list(shown("l2#freedom").column(name).values())
        assert column == sorted(set(column), reverse=True), name


def test_weight_moves_to_the_feature_that_resembles_in_this_run(shown):
    first, second = (list(shown("l2#twins").column(name).values()) for name in ("first weight", "second weight"))
    assert first == sorted(set(first), reverse=True)
    assert second == sorted(set(second))


def test_copies_get_the_same_weight_in_this_run(shown):
    twins = shown("l2#twins")
    assert twins.entry("1.0", "first weight") == twins.entry("1.0", "second weight")


def test_sum_is_largest_for_copies_in_this_run(shown):
    sums = shown("l2#twins").column("their sum")
    assert all(sums["1.0"] > other for correlation, other in sums.items() if correlation != "1.0"), sums


def test_weights_grow_under_too_large_a_factor_in_this_run(shown):
    steps = shown("l2#steps")
    *_, last = steps.column("first weight")
    assert abs(steps.number(last, "first weight")) > 3 and abs(steps.number(last, "second weight")) > 4  # they begin at (3, −4)


def uncorrelated():
    """Return X and y as the script draws them, with a correlation of 0 in the place of 0.95."""
    cells = {cell["id"]: cell.source for cell in Script(ROOT / "examples" / "l2.py").code_cells()}
    drawn = {"np": np}
    exec(cells["data"].replace("0.95", "0.0"), drawn)
    return drawn["X"], drawn["y"]


def test_without_correlation_the_first_and_last_spread_change_most(shown):
    before = np.array(list(shown("l2#directions").column("spread").values()))
    X, _ = uncorrelated()
    after = np.linalg.svd(X, compute_uv=False) / len(X) ** 0.5
    first, *others, last = np.abs(after - before).tolist()
    assert min(first, last) > max(others)
    assert np.all(np.abs(after - 1)[[0, -1]] < np.abs(before - 1)[[0, -1]])


def test_without_correlation_the_large_weights_fall_and_keep_their_sign(shown):
    factors, _ = path_of(shown, 0)
    X, y = uncorrelated()
    large = np.array([Ridge(alpha=len(X) * l2).fit(X, y).coef_[:4] for l2 in factors])  # (factors, 4)
    assert np.all(np.diff(np.abs(large), axis=0) < 0)
    assert np.all(np.sign(large) == np.sign(large[0]))
