"""Claims of the chapter "None, L1, L2 or both? A comparison"."""

import functools
from itertools import combinations

import keras
import numpy as np
import pytest
from keras import Sequential, layers, ops
from keras.regularizers import L1, L1L2, L2
from scipy import stats
from scipy.optimize import minimize_scalar
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.preprocessing import StandardScaler

from tests.formulas import formula
from tests.observed import number
from tests.solvers import train

PENALTIES = ("L1", "L2", "L1L2")
PAIRS = ("L1 − none", "L2 − none", "L1L2 − none", "L1 − L2", "L1L2 − L1", "L1L2 − L2")


def simulated(rows, sets, informative=5, seed=0):
    """Return standardized rows (rows, sets, 20) and classes (rows, sets); each data set has a truth of its own, as in the script."""
    made = [
        make_classification(rows, 20, n_informative=informative, n_redundant=0, flip_y=0.05, random_state=seed + k) for k in range(sets)
    ]
    X = np.stack([X for X, _ in made], axis=1).astype("float32")
    return X, np.stack([y for _, y in made], axis=1)


class PerCandidate(keras.regularizers.Regularizer):
    """L1L2 with factors of its own for each index of the second axis; settings (candidates, 2)."""

    def __init__(self, settings):
        factors = np.array(settings, dtype="float32").T
        self.l1, self.l2 = factors[:, :, None, None]

    def __call__(self, kernel):
        l1, l2 = ops.convert_to_tensor(self.l1), ops.convert_to_tensor(self.l2)
        return ops.sum(l1 * ops.abs(kernel) + l2 * ops.square(kernel))


def summed_cross_entropy(y, logits):
    """Return for each row its cross-entropy, summed over all networks; y (rows, sets, 1), logits (rows, sets, candidates, classes)."""
    y = ops.broadcast_to(y, ops.shape(logits)[:-1])
    return ops.sum(keras.losses.sparse_categorical_crossentropy(y, logits, from_logits=True), axis=(1, 2))


def trained(X, y, settings, units, updates):
    """Return a model with an output of (rows, sets, candidates, 2), trained on all rows at once, and its initial weights."""
    sets, features = X.shape[1:]
    rng = np.random.default_rng(0)
    model = Sequential([layers.Input((sets, features))])
    initial = []
    for equation, inputs, outputs, activation in [("bdi,dcio->bdco", features, units, "relu"), ("bdci,dcio->bdco", units, 2, None)]:
        shape = (sets, len(settings), outputs)
        penalty = PerCandidate(settings)
        model.add(layers.EinsumDense(equation, shape, bias_axes="dco", activation=activation, kernel_regularizer=penalty))
        drawn = rng.uniform(-1, 1, (sets, 1, inputs, outputs)) * np.sqrt(6 / (inputs + outputs))
        initial += [np.repeat(drawn, len(settings), axis=1), np.zeros(shape)]
    model.set_weights(initial)
    train(model, X, y[:, :, None], keras.optimizers.Adam(0.01), summed_cross_entropy, updates)
    return model, initial


def test_networks_on_two_leading_axes_train_as_if_alone():
    X, y = simulated(60, 2)
    settings = [(0.0, 0.0), (0.01, 0.0), (0.003, 0.01)]
    model, initial = trained(X, y, settings, units=4, updates=50)
    together = ops.convert_to_numpy(model(X))
    for d in range(2):
        for c, (l1, l2) in enumerate(settings):
            penalty = L1L2(l1=l1, l2=l2)
            alone = Sequential(
                [layers.Input((20,)), layers.Dense(4, "relu", kernel_regularizer=penalty), layers.Dense(2, kernel_regularizer=penalty)]
            )
            alone.set_weights([weight[d, c] for weight in initial])
            loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
            train(alone, X[:, d], y[:, d], keras.optimizers.Adam(0.01), loss, 50)
            np.testing.assert_allclose(ops.convert_to_numpy(alone(X[:, d])), together[:, d, c], atol=1e-3)


# A unit of a ReLU network: weights u into it, its bias, and weights v out of it.


def relu_network(u, b, v, **settings):
    """Return a network of one hidden unit with these weights; `settings` are those of both layers."""
    model = Sequential([layers.Input((len(u),)), layers.Dense(1, "relu", **settings), layers.Dense(len(v), use_bias=False, **settings)])
    model.set_weights([np.reshape(u, (-1, 1)), np.array([b]), np.reshape(v, (1, -1))])
    return model


def test_scaling_a_unit_up_and_down_leaves_a_relu_network_unchanged():
    X = np.random.default_rng(0).normal(size=(50, 2))
    found = relu_network([3.0, -4.0], 0.5, [0.2]).predict(X, verbose=0)
    assert found.max() > 0.1  # the unit is on for some rows
    for c in (0.2, 7.0):
        scaled = relu_network([3 * c, -4 * c], 0.5 * c, [0.2 / c]).predict(X, verbose=0)
        np.testing.assert_allclose(scaled, found, atol=1e-5)
    sigmoid = Sequential([layers.Input((2,)), layers.Dense(1, "sigmoid"), layers.Dense(1, use_bias=False)])
    outputs = []
    for c in (1.0, 0.2):
        sigmoid.set_weights([np.array([[3 * c], [-4 * c]]), np.array([0.5 * c]), np.array([[0.2 / c]])])
        outputs.append(sigmoid.predict(X, verbose=0))
    assert np.abs(outputs[0] - outputs[1]).max() > 0.1  # it is ReLU that makes it so


def penalty_of(c, u, v, penalty):
    """Return the penalty that Keras adds when u is multiplied by c and v divided by it."""
    return float(sum(relu_network(np.multiply(u, c), 0.0, np.divide(v, c), kernel_regularizer=penalty).losses))


def test_l2_of_a_unit_is_smallest_where_both_sides_have_the_same_norm():
    for u, v in [([3.0, -4.0], [0.2]), ([0.1, 0.2, 0.3], [2.0, -1.0])]:
        norms = {"u": np.array(u), "v": np.array(v)}
        best = minimize_scalar(penalty_of, bounds=(0.01, 20), args=(u, v, L2(0.1)), method="bounded", options={"xatol": 1e-6})
        squared = formula("learn/comparison.md", "c^2 =")(**norms)
        assert best.x**2 == pytest.approx(squared, rel=1e-3)
        least = formula("learn/comparison.md", r"2 \lambda_2 \lVert u")(**norms, λ_2=0.1)
        assert best.fun == pytest.approx(least, rel=1e-5)
        c = np.sqrt(squared)
        assert np.linalg.norm(np.multiply(u, c)) == pytest.approx(np.linalg.norm(np.divide(v, c)))
    assert penalty_of(1.0, [3.0, -4.0], [0.2], L2(0.1)) == pytest.approx(2.504)
    assert penalty_of(0.2, [3.0, -4.0], [0.2], L2(0.1)) == pytest.approx(0.2)


def test_penalty_of_the_hidden_kernel_alone_can_be_made_as_small_as_you_like():
    X = np.random.default_rng(0).normal(size=(50, 2))
    outputs, penalties = [], []
    for c in (1.0, 0.01):
        model = Sequential([layers.Input((2,)), layers.Dense(1, "relu", kernel_regularizer=L2(0.1)), layers.Dense(1, use_bias=False)])
        model.set_weights([np.array([[3 * c], [-4 * c]]), np.array([0.5 * c]), np.array([[0.2 / c]])])
        outputs.append(model.predict(X, verbose=0))
        penalties.append(float(sum(model.losses)))
    np.testing.assert_allclose(outputs[0], outputs[1], atol=1e-5)
    assert penalties[0] == pytest.approx(2.5)
    assert penalties[1] == pytest.approx(penalties[0] * 1e-4)


def long_trained(units, penalty):
    """Return the incoming (20, units) and outgoing (units, 2) weights of a ReLU network after 3,000 updates, `penalty` on both kernels."""
    X, y = simulated(200, 1)
    hidden = layers.Dense(units, "relu", kernel_regularizer=penalty)
    model = Sequential([layers.Input((20,)), hidden, layers.Dense(2, kernel_regularizer=penalty)])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(0, 0.3, weight.shape) if len(weight.shape) == 2 else np.zeros(weight.shape) for weight in model.weights])
    rate = keras.optimizers.schedules.CosineDecay(0.02, 3000)
    train(model, X[:, 0], y[:, 0], keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True), 3000)
    into, _, out, _ = model.get_weights()
    return into, out


@pytest.mark.parametrize(("penalty", "order"), [(L2(0.01), 2), (L1(0.003), 1)])
def test_training_makes_the_two_sides_of_each_unit_weigh_the_same(penalty, order):
    for regularizer in (penalty, None):
        into, out = long_trained(8, regularizer)
        into, out = np.sum(np.abs(into) ** order, axis=0), np.sum(np.abs(out) ** order, axis=1)
        if regularizer:
            used = into > 0.1
            assert used.sum() >= 2
            np.testing.assert_allclose(into[used], out[used], rtol=0.05)
        else:
            assert np.mean(np.abs(into / out - 1) > 0.2) > 0.5


def test_l2_switches_off_whole_units():
    for penalty in (L2(0.03), None):
        into, out = long_trained(16, penalty)
        largest = np.maximum(np.abs(into).max(axis=0), np.abs(out).max(axis=1))
        if penalty:
            assert np.sum(largest < 1e-3) >= 2
            assert np.sum(largest > 0.1) >= 2
        else:
            assert largest.min() > 0.1


# Intervals


def interval(d, level=0.95, overlap=0.0):
    """Return the ends of a t interval, by the page's formula, for the differences on the last axis of `d`."""
    m = d.shape[-1]
    t = stats.t.ppf((1 + level) / 2, m - 1)
    return formula("learn/comparison.md", r"\bar{d} \pm")(d_bar=d.mean(axis=-1), t=t, s_d=d.std(axis=-1, ddof=1), m=m, r=overlap)


@pytest.mark.parametrize("for_the_other", [1, -1])
def test_paired_interval_is_that_of_scipy_and_narrower_than_unpaired(for_the_other):
    """Accuracies of two models on 25 data sets, 4,000 times; what is hard for the one is as hard, or as easy, for the other."""
    rng = np.random.default_rng(0)
    hard = 0.05 * rng.normal(size=(4000, 25))
    one, other = 0.8 + hard + rng.normal(0, 0.02, hard.shape), 0.79 + for_the_other * hard + rng.normal(0, 0.02, hard.shape)
    paired = stats.ttest_rel(one, other, axis=1).confidence_interval()
    low, high = interval(one - other)
    np.testing.assert_allclose([low, high], [paired.low, paired.high])
    assert np.mean((low < 0.01) & (high > 0.01)) == pytest.approx(0.95, abs=0.015)  # 0.01 is the true difference; 4 standard errors
    unpaired = stats.ttest_ind(one, other, axis=1).confidence_interval()
    narrower = high - low < unpaired.high - unpaired.low
    assert np.all(narrower) if for_the_other == 1 else not np.any(narrower)


@functools.cache
def _losses_of_networks():
    """Return test losses (400 data sets, 4): networks of 16 units on 150 rows with none, L1, L2 and both, at fixed factors."""
    X, y = simulated(650, 400, seed=1000)
    mean, deviation = X[:150].mean(axis=0), X[:150].std(axis=0)
    X = (X - mean) / deviation
    model, _ = trained(X[:150], y[:150], [(0, 0), (0.03, 0), (0, 0.03), (0.01, 0.01)], units=16, updates=100)
    logits = ops.convert_to_numpy(model(X[150:]))
    margins = (logits[..., 1] - logits[..., 0]) * (2 * y[150:, :, None] - 1)
    return np.logaddexp(0, -margins).mean(axis=0)


def test_six_intervals_of_25_data_sets_hold_together():
    """25 of 400 data sets, drawn 4,000 times; the truth is the mean of the 400."""
    losses = _losses_of_networks()
    drawn = np.random.default_rng(0).integers(0, len(losses), (4000, 25))
    hit = {0.95: [], 1 - 0.05 / 6: []}
    for one, other in combinations(range(4), 2):
        d = losses[:, one] - losses[:, other]
        for level, hits in hit.items():
            low, high = interval(d[drawn], level)
            hits.append((low <= d.mean()) & (d.mean() <= high))
    single, together = (np.array(hits) for hits in hit.values())
    assert np.all(single, axis=0).mean() == pytest.approx(0.81, abs=0.03)  # six of 95% each do not hold together
    assert np.all(together, axis=0).mean() == pytest.approx(0.94, abs=0.01)


@functools.cache
def _population():
    """Return the share of class 1, and for each class the mean (30,) and a root (30, 30) of the covariance of the breast cancer data."""
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(np.log(X + 0.01))  # nearly normal
    return y.mean(), [(X[y == k].mean(axis=0), np.linalg.cholesky(np.cov(X[y == k].T))) for k in (0, 1)]


def _drawn(rng, *shape):
    """Return rows (*shape, 30) of two normal classes fitted to the breast cancer data, and their classes (*shape), −1 and 1."""
    share, (malignant, benign) = _population()
    positive, z = rng.random(shape) < share, rng.normal(size=(*shape, 30))
    X = np.where(positive[..., None], benign[0] + z @ benign[1].T, malignant[0] + z @ malignant[1].T)
    return X, np.where(positive, 1.0, -1.0)


def _classifiers(X, y):
    """Return two linear classifiers for each set of rows on the leading axis: least squares on the classes, and ridge."""
    mean, level = X.mean(axis=-2, keepdims=True), y.mean(axis=-1, keepdims=True)
    centred = X - mean
    gram, moments = np.swapaxes(centred, -1, -2) @ centred, np.swapaxes(centred, -1, -2) @ (y - level)[..., None]
    for alpha in (1e-6, 20.0):
        weights = np.linalg.solve(gram + alpha * np.eye(30), moments)  # (sets, 30, 1)
        yield weights, level - (mean @ weights)[..., 0]


def _accuracy(weights, bias):
    """Return the share of all rows of the population that each linear classifier puts into their class."""
    share, classes = _population()
    right = [
        stats.norm.cdf(sign * ((mean @ weights)[..., 0] + bias[..., 0]) / np.linalg.norm(root.T @ weights, axis=(-1, -2)))
        for sign, (mean, root) in zip((-1, 1), classes)
    ]
    return (1 - share) * right[0] + share * right[1]


@functools.cache
def _divisions():
    """Return differences of accuracy (200 data sets, 25 divisions: 455 rows to make two models, 114 to test), and the true one."""
    rng = np.random.default_rng(0)
    truth = np.mean(np.subtract(*(_accuracy(*model) for model in _classifiers(*_drawn(rng, 1000, 455)))))
    differences = []
    for _ in range(200):
        X, y = _drawn(rng, 569)
        order = np.stack([rng.permutation(569) for _ in range(25)])
        made, tested = order[:, :455], order[:, 455:]
        right = [(X[tested] @ weights)[..., 0] + bias > 0 for weights, bias in _classifiers(X[made], y[made])]
        differences.append(np.subtract(*((said == (y[tested] > 0)).mean(axis=1) for said in right)))
    return np.array(differences), truth


def test_splits_of_the_same_rows_need_a_wider_interval():
    differences, truth = _divisions()
    low, high = interval(differences)
    assert np.mean((low <= truth) & (truth <= high)) < 0.8


def test_corrected_interval_of_divisions_holds_the_true_difference():
    differences, truth = _divisions()
    low, high = interval(differences, overlap=114 / 455)
    assert np.mean((low <= truth) & (truth <= high)) > 0.95
    low, high = interval(differences[0], 0.95), interval(differences[0], 0.95, 114 / 455)
    wider = (high[1] - high[0]) / (low[1] - low[0])
    assert wider == pytest.approx(np.sqrt(1 + 25 * 114 / 455))


# Dropout


def test_dropout_sets_a_share_to_zero_and_scales_the_rest_in_training_only():
    hidden = np.random.default_rng(0).uniform(1, 2, (2000, 16)).astype("float32")
    for rate in (0.2, 0.65):
        layer = layers.Dropout(rate, seed=0)
        dropped = ops.convert_to_numpy(layer(hidden, training=True))
        zero = dropped == 0
        assert zero.mean() == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / hidden.size))  # four standard errors
        np.testing.assert_allclose(dropped[~zero], hidden[~zero] / (1 - rate), rtol=1e-5)
        np.testing.assert_array_equal(ops.convert_to_numpy(layer(hidden, training=False)), hidden)


# What the run has shown


def ends(entry):
    """Return the ends of an interval that is printed as in "−0.03 ± 0.01"."""
    mean, half = (number(part) for part in entry.split(" ± "))
    return mean - half, mean + half


def signs(shown, kind, tag="losses"):
    """Return for each pair −1, 1, or 0 where the interval includes zero."""
    found = {}
    for pair in PAIRS:
        low, high = ends(shown(f"comparison#{tag}").entry(pair, kind))
        found[pair] = int(low > 0) - int(high < 0)
    return found


def test_l1_and_both_have_a_smaller_loss_than_l2_on_the_sparse_truth_in_this_run(shown):
    found = signs(shown, "sparse")
    assert (found["L1 − L2"], found["L1L2 − L2"], found["L1L2 − L1"]) == (-1, -1, 0)


def test_l2_and_both_have_a_smaller_loss_than_l1_on_the_dense_truth_in_this_run(shown):
    found = signs(shown, "dense")
    assert (found["L1 − L2"], found["L1L2 − L1"], found["L1L2 − L2"]) == (1, -1, 0)


def test_every_penalty_lowers_the_loss_on_both_simulated_truths_in_this_run(shown):
    for kind in ("sparse", "dense"):
        assert {signs(shown, kind)[f"{penalty} − none"] for penalty in PENALTIES} == {-1}


def test_every_penalty_raises_the_accuracy_on_the_sparse_truth_in_this_run(shown):
    assert {signs(shown, "sparse", "points")[f"{penalty} − none"] for penalty in PENALTIES} == {1}


def test_no_penalty_raises_the_accuracy_on_the_dense_truth_and_l1_lowers_it_in_this_run(shown):
    found = signs(shown, "dense", "points")
    assert (found["L1 − none"], found["L2 − none"], found["L1L2 − none"]) == (-1, 0, 0)


def too_sure(shown, penalty):
    """Return by how many points the mean probability of the answers on the dense data is above their accuracy."""
    return shown("comparison#probabilities").number(penalty, "dense") - shown("comparison#accuracies").number(penalty, "dense")


def test_probabilities_without_a_penalty_are_too_high_in_this_run(shown):
    assert too_sure(shown, "none") > 10


def test_probabilities_with_l2_are_close_to_the_accuracy_in_this_run(shown):
    assert abs(too_sure(shown, "L2")) < too_sure(shown, "none") / 3


def test_chosen_medians_of_l1_and_l2_are_the_same_in_this_run(shown):
    factors = shown("comparison#factors")
    for kind in ("sparse", "dense", "tumours", "digits"):
        l1, zero = factors.entry("L1", kind).split(", ")
        assert [zero, l1] == factors.entry("L2", kind).split(", ")
        assert (zero, number(l1) > 0) == ("0", True)


def test_no_interval_of_the_real_data_excludes_zero_in_this_run(shown):
    for kind in ("tumours", "digits"):
        for tag in ("losses", "points"):
            assert set(signs(shown, kind, tag).values()) == {0}


def test_matrices_of_the_tumours_are_alike_and_those_of_the_sparse_truth_better_with_a_penalty_in_this_run(shown):
    def gains(kind):
        with_penalty, without = (np.diag(shown("comparison#matrices").image(f"{kind}, {penalty}")) for penalty in ("L1L2", "none"))
        return with_penalty - without

    assert np.all(gains("sparse") > 0.04)
    assert np.all(np.abs(gains("tumours")) < 0.01)


SIZES = (75, 150, 600, 2400)


def test_penalties_lower_the_loss_less_with_more_rows_in_this_run(shown):
    for truth in ("sparse", "dense"):
        loss = {name: shown("comparison_rows#curves").points(name, panel=truth) for name in ("none", *PENALTIES)}
        assert tuple(loss["none"][:, 0]) == SIZES
        for penalty in PENALTIES:
            assert np.all(np.diff(loss["none"][:, 1] - loss[penalty][:, 1]) < 0)


def gains_with_rows(shown, truth, penalty):
    """Return the ends of the intervals of the gain of accuracy over no penalty, {rows: (low, high)}."""
    return {size: ends(shown("comparison_rows#rows").entry(f"{truth} {size}", f"{penalty} − none")) for size in SIZES}


def test_gains_on_the_sparse_truth_peak_at_150_and_remain_at_2400_rows_in_this_run(shown):
    for penalty in PENALTIES:
        gains = gains_with_rows(shown, "sparse", penalty)
        assert max(gains, key=lambda size: sum(gains[size])) == 150
        assert gains[2400][0] > 0


def test_gain_of_l1_on_75_sparse_rows_is_not_clear_in_this_run(shown):
    low, high = gains_with_rows(shown, "sparse", "L1")[75]
    assert low < 0 < high


def test_gains_on_the_dense_truth_are_below_half_a_point_from_600_rows_on_in_this_run(shown):
    for penalty in PENALTIES:
        gains = gains_with_rows(shown, "dense", penalty)
        assert gains[75][1] < 0
        assert all(abs(sum(gains[size]) / 2) < 0.5 for size in (600, 2400))


def test_a_network_trained_alone_with_adamw_agrees_with_its_slice_in_this_run(shown):
    assert shown("comparison_others#agreement").value() < 1e-3


def l2_is_better(shown, method, kind):
    """Return for loss and accuracy 1 or −1 if L2 is better or worse than `method`, or 0 where the interval includes zero."""
    found = []
    for measure, sign in (("loss", 1), ("accuracy", -1)):
        low, high = ends(shown("comparison_others#differences").entry(f"{method} − L2", f"{kind}, {measure}"))
        found.append(sign * (int(low > 0) - int(high < 0)))
    return tuple(found)


def test_scripts_agree_where_they_train_the_same_networks_in_this_run(shown):
    others, more_rows = shown("comparison_others#means"), shown("comparison_rows#rows")
    for kind in ("sparse", "dense"):
        for penalty in ("none", "L2"):
            assert others.number(penalty, f"{kind} loss") == shown("comparison#scores").number(penalty, kind)
            assert others.number(penalty, f"{kind} points") == shown("comparison#accuracies").number(penalty, kind)
        assert more_rows.number(f"{kind} 150", "none") == shown("comparison#accuracies").number("none", kind)
        for penalty in PENALTIES:  # their differences are printed with as many digits
            difference = shown("comparison#accuracies").number(penalty, kind) - shown("comparison#accuracies").number("none", kind)
            assert more_rows.number(f"{kind} 150", f"{penalty} − none") == pytest.approx(difference, abs=0.11)


def test_l2_is_better_than_early_stopping_and_dropout_in_this_run(shown):
    for method in ("stopped", "dropout"):
        for kind in ("sparse", "dense"):
            assert l2_is_better(shown, method, kind) == (1, 1)


def test_weight_decay_is_slightly_worse_on_the_sparse_truth_and_alike_on_the_dense_in_this_run(shown):
    assert l2_is_better(shown, "weight decay", "sparse") == (1, 1)
    assert l2_is_better(shown, "weight decay", "dense") == (0, 0)
    table = shown("comparison_others#differences")
    assert table.number("weight decay − L2", "sparse, loss") < table.number("dropout − L2", "sparse, loss") / 2


def test_early_stopping_lowers_the_loss_and_not_the_accuracy_in_this_run(shown):
    means = shown("comparison_others#means")
    for kind in ("sparse", "dense"):
        assert means.number("stopped", f"{kind} loss") < means.number("none", f"{kind} loss")
        assert means.number("stopped", f"{kind} points") < means.number("none", f"{kind} points")
