"""Claims of the chapter "Recognizing overfitting"."""

from functools import cache
from itertools import product
from math import comb

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Sequential, layers, regularizers
from scipy.optimize import linprog, minimize_scalar
from scipy.stats import binom, invwishart
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

SEEDS = 10  # data sets that share one truth
LOSS, ACCURACY = 0, 1


# Linear models, without Keras


def fits_without_error(X, y):
    """Return whether some weights and a bias have the right sign on all rows, by linear programming."""
    signed = np.where(y == 1, 1, -1)[:, None] * np.c_[X, np.ones(len(X))]
    return linprog(np.zeros(signed.shape[1]), -signed, -np.ones(len(X)), bounds=(None, None)).status == 0


def test_as_many_features_as_rows_fit_any_labels():
    rng = np.random.default_rng(0)
    for n, p in [(40, 40), (40, 60)]:
        X, labels = rng.normal(size=(n, p)), rng.integers(0, 2, size=(n, 50)).astype(float)
        assert np.linalg.matrix_rank(X) == n
        np.testing.assert_allclose(X @ np.linalg.lstsq(X, labels)[0], labels, atol=1e-8)
    X[1] = X[0]  # two equal rows: rank 39, and labels that differ cannot both be fitted
    labels[0], labels[1] = 0, 1
    assert np.abs(X @ np.linalg.lstsq(X, labels)[0] - labels).max() == pytest.approx(0.5)


@pytest.mark.parametrize("p, expected", [(2, 58), (3, 128)])
def test_number_of_labelings_that_a_linear_model_separates(p, expected):
    n = 8
    X = np.random.default_rng(1).normal(size=(n, p))
    separated = sum(fits_without_error(X, np.array(labels)) for labels in product([0, 1], repeat=n))
    assert separated == 2 * sum(comb(n - 1, k) for k in range(p + 1)) == expected


def separable_rows():
    """Return 20 rows that a line through the origin separates with room, and their classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    X = X[np.abs(X @ [3, -4]) > 1.5][:20]
    return X.astype("float32"), (X @ [3, -4] > 0).astype("float32")


def cross_entropy(margins):
    """Return the mean cross-entropy of margins, the logit times 1 for class 1 and −1 for class 0."""
    return np.logaddexp(0, -margins).mean(axis=0)


def test_doubling_separating_weights_lowers_the_loss():
    X, y = separable_rows()
    signs, weights = np.where(y == 1, 1, -1), np.array([3.0, -4.0])
    assert (signs * (X @ weights) > 0).all()
    sizes = [cross_entropy(signs * (X @ weights) * scale) for scale in 2.0 ** np.arange(-4, 6)]
    assert (np.diff(sizes) < 0).all()
    assert sizes[-1] < 1e-9
    signs = -signs  # weights that do not separate gain nothing in the end
    assert cross_entropy(signs * (X @ weights) * 2) > cross_entropy(signs * (X @ weights))


def norm_after(updates, l2=0.0):
    """Return the norm of the kernel of a Keras logistic unit after `updates` on the separable rows."""
    keras.utils.set_random_seed(0)
    X, y = separable_rows()
    unit = layers.Dense(1, "sigmoid", use_bias=False, kernel_regularizer=regularizers.L2(l2))
    model = Sequential([layers.Input((2,)), unit])
    model.compile(keras.optimizers.SGD(1.0), "binary_crossentropy", steps_per_execution=updates)
    rows = tf.data.Dataset.from_tensors((X, y[:, None])).repeat()
    model.fit(rows, steps_per_epoch=updates, shuffle=False, verbose=0)
    return float(np.linalg.norm(unit.kernel.numpy()))


def test_weights_grow_without_end_on_separable_rows():
    free = [norm_after(updates) for updates in (200, 800, 3200)]
    assert free[1] > 1.2 * free[0] and free[2] > 1.2 * free[1]
    tied = [norm_after(updates, l2=0.01) for updates in (200, 800, 3200)]
    assert tied[2] == pytest.approx(tied[1], rel=1e-3) and tied[2] < free[0]
    X, y = separable_rows()  # and scikit-learn, its penalty fading
    theirs = [np.linalg.norm(LogisticRegression(C=C, fit_intercept=False, tol=1e-8).fit(X, y).coef_) for C in (50 / 20, 50, 1e3, 1e5)]
    assert (np.diff(theirs) > 1).all()
    assert tied[2] == pytest.approx(theirs[0], rel=1e-3)  # l2 = 1/(2Cn) = 0.01


# Squared error


def test_expected_squared_error_is_noise_plus_squared_bias_plus_variance():
    rng = np.random.default_rng(0)
    n, p, sigma, true_weights = 8, 2, 1.5, np.array([3.0, -4.0])
    X, new = rng.normal(size=(n, p)), np.array([2.0, 1.0])
    shrinking = np.linalg.solve(X.T @ X + 8 * np.eye(p), X.T)  # ridge: it has a bias
    # noise is +sigma or −sigma: all 2^8 training sets times both new labels are equally likely
    noises = sigma * np.array(list(product([-1, 1], repeat=n)))
    predictions = (X @ true_weights + noises) @ shrinking.T @ new
    labels = new @ true_weights + sigma * np.array([-1, 1])
    expected = np.mean((labels[:, None] - predictions) ** 2)
    bias, variance = predictions.mean() - new @ true_weights, predictions.var()
    assert bias**2 > 0.05 and variance > 0.05
    assert expected == pytest.approx(sigma**2 + bias**2 + variance, rel=1e-12)


def least_squares(p, n=30, sigma=5.0, data_sets=4000):
    """Return (training error, error on new rows) of (shortest) least squares, each the mean over data sets; w = (3, −4)."""
    rng = np.random.default_rng(p)
    X = rng.normal(size=(data_sets, n, p))
    w = np.zeros(p)
    w[:2] = 3, -4
    y = X @ w + rng.normal(0, sigma, (data_sets, n))
    fitted = (np.linalg.pinv(X) @ y[..., None])[..., 0]
    new_rows = sigma**2 + ((fitted - w) ** 2).sum(axis=1)
    return np.mean((y - (X @ fitted[..., None])[..., 0]) ** 2), new_rows.mean()


@pytest.mark.parametrize("p", [2, 10, 20])
def test_excess_error_of_least_squares(p, n=30, sigma=5.0):
    expected = sigma**2 * p / (n - p - 1)
    assert least_squares(p)[1] - sigma**2 == pytest.approx(expected, rel=0.05)
    # the variance of the weights is sigma² times the inverse of XᵀX, whose mean SciPy knows
    assert sigma**2 * np.trace(np.atleast_2d(invwishart(df=n, scale=np.eye(p)).mean())) == pytest.approx(expected)


@pytest.mark.parametrize("p", [2, 10, 20])
def test_training_error_of_least_squares(p, n=30, sigma=5.0):
    assert least_squares(p)[0] == pytest.approx(sigma**2 * (1 - p / n), rel=0.02)
    X = np.random.default_rng(0).normal(size=(n, p))
    assert np.trace(np.eye(n) - X @ np.linalg.pinv(X)) == pytest.approx(n - p)  # of the noise, what is left in the residual


@pytest.mark.parametrize("p", [45, 60, 120])
def test_error_of_the_shortest_weights_beyond_n_features(p, n=30, sigma=5.0):
    training, new_rows = least_squares(p, data_sets=1500)
    assert training < 1e-20
    expected = sigma**2 * (1 + n / (p - n - 1)) + 25 * (1 - n / p)
    assert new_rows == pytest.approx(expected, rel=0.03)


# Floors and validation sets


def test_random_labels_set_a_floor_for_loss_and_accuracy():
    flip_y = 0.3
    sizes = {"n_samples": 20_000, "n_features": 5, "n_informative": 5, "n_redundant": 0, "shuffle": False, "random_state": 2}
    clean, flipped = (make_classification(flip_y=share, **sizes)[1] for share in (0.0, flip_y))
    right = np.mean(clean == flipped)  # of who knows each row's true class
    assert right == pytest.approx(1 - flip_y / 2, abs=0.01)
    found = minimize_scalar(lambda q: -(0.85 * np.log(q) + 0.15 * np.log(1 - q)), bounds=(0.5, 0.999), method="bounded")
    assert found.x == pytest.approx(1 - flip_y / 2, abs=1e-4)
    assert found.fun == pytest.approx(-(0.85 * np.log(0.85) + 0.15 * np.log(0.15)), abs=1e-8)
    assert found.fun == pytest.approx(0.4227, abs=1e-4)


def test_accuracy_on_a_validation_set_is_binomial():
    assert np.array(binom.interval(0.95, 20, 0.8)) / 20 == pytest.approx([0.60, 0.95])
    assert np.array(binom.interval(0.95, 500, 0.8)) / 500 == pytest.approx([0.764, 0.834])
    assert binom.std(20, 0.8) / 20 == pytest.approx(np.sqrt(0.8 * 0.2 / 20))


def test_copies_in_the_validation_rows_mix_the_two_losses():
    model = Sequential([layers.Input((4,)), layers.Dense(1, "sigmoid")])
    model.compile(loss="binary_crossentropy")
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(100, 4)).astype("float32"), rng.integers(0, 2, (100, 1)).astype("float32")
    training, new, mixed = (model.evaluate(X[part], y[part], batch_size=100, verbose=0) for part in (slice(75), slice(75, 100), slice(100)))
    assert abs(training - new) > 0.01
    assert mixed == pytest.approx(0.75 * training + 0.25 * new, abs=1e-6)


# Networks


class L2Each(regularizers.Regularizer):
    """L2 with a factor of its own for each model on the first axis."""

    def __init__(self, l2):
        self.l2 = np.reshape(l2, (-1, 1, 1)).astype("float32")

    def __call__(self, kernels):
        return keras.ops.sum(self.l2 * kernels**2)


def network(models, units, l2, features=20):
    """Return `models` networks side by side, without first weights of their own."""
    penalty = L2Each(np.broadcast_to(l2, models))
    hidden = layers.EinsumDense("nmi,mio->nmo", (models, units), bias_axes="mo", activation="relu", kernel_regularizer=penalty)
    output = layers.EinsumDense("nmi,mio->nmo", (models, 1), bias_axes="mo", kernel_regularizer=penalty)
    return Sequential([layers.Input((models, features)), hidden, output])


def summed(y, margin):
    """Return the cross-entropy of each row and model, times the number of models: its mean is the sum of the models' means."""
    return y.shape[1] * keras.losses.binary_crossentropy(y, margin, from_logits=True)


class Curves(keras.callbacks.Callback):
    """Keeps data loss and accuracy of each model, before and after each epoch."""

    def __init__(self, watched):
        super().__init__()
        self.watched, self.kept = watched, {name: [] for name in watched}

    def on_train_begin(self, logs=None):
        self.on_epoch_end(-1)

    def on_epoch_end(self, epoch, logs=None):
        for name, (X, y) in self.watched.items():
            margins = self.model(X).numpy()[..., 0] * np.where(y == 1, 1, -1)
            self.kept[name].append([cross_entropy(margins), (margins > 0).mean(axis=0)])


def train(X, y, watched, l2=0.0, widths=16, optimizer=None, updates=20, epochs=20):
    """Return {name: array (epochs + 1, 2, settings, data sets)}; X (rows, models, 20), y (rows, models)."""
    models = X.shape[1]
    widths = np.broadcast_to(widths, models)[:, None]
    rng = np.random.default_rng(1)
    kernel, output = (np.tile(rng.uniform(-1, 1, (SEEDS, *shape)), (models // SEEDS, 1, 1)) for shape in ((20, 16), (16, 1)))
    on = (np.arange(16) < widths).astype(float)  # a unit of zeros gets no gradient through ReLU, so it stays off
    kernel = kernel * np.sqrt(6 / (20 + widths))[..., None] * on[:, None]
    output = output * np.sqrt(6 / (widths + 1))[..., None] * on[..., None]
    model = network(models, 16, l2)
    model.set_weights([kernel, np.zeros((models, 16)), output, np.zeros((models, 1))])
    model.compile(optimizer or keras.optimizers.Adam(0.005), summed, steps_per_execution=updates)
    curves = Curves({"training": (X, y), **watched})
    rows = tf.data.Dataset.from_tensors((X, y[..., None])).repeat()
    model.fit(rows, epochs=epochs, steps_per_epoch=updates, shuffle=False, verbose=0, callbacks=[curves])
    return {name: np.reshape(kept, (epochs + 1, 2, -1, SEEDS)) for name, kept in curves.kept.items()}


@cache
def deal(flip_y=0.05, class_sep=1.0, rows=150, most=600):
    """Return training rows (rows, SEEDS, 20) with classes (rows, SEEDS), validation rows (500, SEEDS, 20) with classes (500, 1)."""
    X, y = make_classification(
        SEEDS * most + 500, 20, n_informative=5, n_redundant=0, flip_y=flip_y, class_sep=class_sep, shuffle=False, random_state=2
    )
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order].astype("float32"), y[order].astype("float32")
    X_train = X[:-500].reshape(SEEDS, most, 20).swapaxes(0, 1)[:rows]
    mean, deviation = X_train.mean(axis=0), X_train.std(axis=0)
    y_train = y[:-500].reshape(SEEDS, most).T[:rows]
    return (X_train - mean) / deviation, y_train, (X[-500:, None] - mean) / deviation, y[-500:, None]


def repeated(settings, *arrays):
    return [np.tile(array, (1, settings) + (1,) * (array.ndim - 2)) for array in arrays]


SETTINGS = ["free", "one unit", "small", "factor 0.03", "factor 0.3", "one unit, factor 0.03", "five features"]


@cache
def curves():
    """Return the curves of all SETTINGS on 150 rows, ten data sets each, and of validation rows with a leak and with a shift."""
    X_train, y_train, X_val, y_val = deal()
    leaked, y_leaked = np.concatenate([X_train, X_val[:50]]), np.concatenate([y_train, np.tile(y_val[:50], (1, SEEDS))])
    shifted = X_val + np.where(np.arange(20) < 5, 1.0, 0.0).astype("float32")
    X, y, X_val, leaked, y_leaked, shifted = repeated(len(SETTINGS), X_train, y_train, X_val, leaked, y_leaked, shifted)
    for rows in (X, X_val, leaked, shifted):
        rows[:, -SEEDS:, 5:] = 0
    watched = {"validation": (X_val, y_val), "leak": (leaked, y_leaked), "shift": (shifted, y_val)}
    l2 = np.repeat([0, 0, 0.001, 0.03, 0.3, 0.03, 0], SEEDS)
    return train(X, y, watched, l2=l2, widths=np.repeat([16, 1, 16, 16, 16, 1, 16], SEEDS))


def of(setting, part="validation", measure=LOSS):
    """Return (epochs + 1, data sets)."""
    return curves()[part][:, measure, SETTINGS.index(setting)]


def test_models_on_a_leading_axis_train_as_if_alone():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(30, 3, 4)).astype("float32"), rng.integers(0, 2, (30, 3, 1)).astype("float32")
    factors = np.array([0.0, 0.01, 0.1])
    together = network(3, 5, factors, features=4)
    first = together.get_weights()
    ends = []
    for part in (slice(0, 3), slice(0, 1), slice(2, 3)):
        model = network(len(factors[part]), 5, factors[part], features=4)
        model.set_weights([array[part] for array in first])
        model.compile(keras.optimizers.Adam(0.01), summed, steps_per_execution=50)
        rows = tf.data.Dataset.from_tensors((X[:, part], y[:, part])).repeat()
        model.fit(rows, steps_per_epoch=50, shuffle=False, verbose=0)
        ends.append(model.get_weights())
    for number in range(4):
        alone = np.concatenate([end[number] for end in ends[1:]])
        np.testing.assert_allclose(ends[0][number][[0, 2]], alone, atol=1e-5)
        assert np.abs(alone - first[number][[0, 2]]).max() > 0.05


def test_overfitting_turns_the_validation_loss_and_hardly_the_accuracy():
    training, validation = of("free", "training"), of("free")
    best = validation.argmin(axis=0)
    assert (best > 0).all() and (best < 10).all()
    assert (np.diff(training, axis=0) < 0).all()
    assert (training[-1] < 0.02).all()
    assert (validation[-1] > 1.3 * validation.min(axis=0)).all()
    accuracy = of("free", measure=ACCURACY)
    assert abs((accuracy[-1] - accuracy[best, np.arange(SEEDS)]).mean()) < 0.03


def test_more_capacity_lowers_training_loss_and_raises_validation_loss():
    assert (of("free", "training")[-1] < of("one unit", "training")[-1] - 0.1).all()
    assert (of("free")[-1] - of("one unit")[-1]).mean() > 0.2
    change = (of("free", measure=ACCURACY)[-1] - of("one unit", measure=ACCURACY)[-1]).mean()
    assert abs(change) < 0.05


def test_with_a_penalty_more_capacity_does_no_harm():
    assert (of("factor 0.03")[-1] - of("one unit, factor 0.03")[-1]).mean() < 0
    assert (of("free")[-1] - of("one unit")[-1]).mean() > 0.2


def test_underfitting_leaves_both_losses_high_and_close():
    training, validation = of("factor 0.3", "training")[-1], of("factor 0.3")[-1]
    assert (np.abs(validation - training) < 0.03).all()
    assert (training > 0.6).all()
    for part in ("training", "validation"):  # the remedy
        assert (of("factor 0.03", part)[-1] < of("factor 0.3", part)[-1] - 0.1).all()


def test_validation_loss_is_lowest_at_a_factor_between():
    ends = np.array([of(setting)[-1] for setting in ("free", "small", "factor 0.03", "factor 0.3")])
    assert (ends[2] < ends[1]).all() and (ends[1] < ends[0]).all() and (ends[2] < ends[3] - 0.1).all()
    training = np.array([of(setting, "training")[-1] for setting in ("free", "small", "factor 0.03", "factor 0.3")])
    assert (np.diff(training, axis=0) > 0).all()


def test_stopped_too_early_both_losses_still_fall():
    for part in ("training", "validation"):
        loss = of("factor 0.03", part)
        assert (loss[2] - loss[3] > 0.01).all()
        assert (loss[-1] < loss[3]).all()  # the remedy
        assert (np.abs(loss[-1] - loss[-2]) < 0.01).all()


def test_too_large_a_rate_lifts_the_training_loss():
    X, y, *_ = deal()
    large, small = (train(X, y, {}, 0.03, optimizer=keras.optimizers.SGD(rate), updates=1)["training"][:, LOSS, 0] for rate in (10.0, 0.3))
    assert (large.max(axis=0) > 2 * large[0]).all()
    assert (np.median(large[-1]) > small[-1]).all()
    assert (np.diff(small, axis=0) < 0).all()


def test_label_noise_is_a_floor_that_a_larger_capacity_does_not_lower():
    X, y, X_val, y_val = deal(flip_y=0.3, class_sep=3.0, rows=300)
    X, y, X_val = repeated(2, X, y, X_val)
    kept = train(X, y, {"validation": (X_val, y_val)}, l2=np.repeat([0.03, 0.0], SEEDS))
    floor = -(0.85 * np.log(0.85) + 0.15 * np.log(0.15))
    ends = {name: kept[name][-1, LOSS] for name in kept}
    assert np.abs(ends["training"][0].mean() - floor) < 0.06
    assert np.abs(ends["validation"][0].mean() - floor) < 0.06
    assert kept["training"][-1, ACCURACY, 0].mean() == pytest.approx(0.85, abs=0.02)
    assert (ends["training"][1] < ends["training"][0]).all()  # without the penalty there is capacity to spare,
    assert (ends["validation"][1] > ends["validation"][0] + 0.1).all()  # and it makes validation worse


def test_a_small_validation_set_scatters_like_the_binomial():
    X, y = make_classification(20_150, 20, n_informative=5, n_redundant=0, flip_y=0.05, random_state=2)
    right = LogisticRegression().fit(X[:150], y[:150]).predict(X[150:]) == y[150:]
    measured, a = right.reshape(1000, 20).mean(axis=1), right.mean()  # 1000 validation sets of 20 rows
    assert 0.6 < a < 0.9
    assert measured.std() == pytest.approx(np.sqrt(a * (1 - a) / 20), rel=0.06)
    assert right.reshape(40, 500).mean(axis=1).std() < measured.std() / 3


def test_a_leak_hides_the_gap():
    leak, new, training = of("free", "leak")[-1], of("free")[-1], of("free", "training")[-1]
    assert (leak - training < 0.5 * (new - training)).all()
    accuracy, honest = of("free", "leak", ACCURACY)[-1], of("free", measure=ACCURACY)[-1]
    assert (accuracy > honest + 0.05).all()


def test_a_shift_opens_a_gap_that_rows_like_the_training_rows_do_not_show():
    shift, sound, training = (of("factor 0.03", part)[-1] for part in ("shift", "validation", "training"))
    assert ((shift - training) > 1.5 * (sound - training)).all()
    after_two = [of("factor 0.03", part)[2] for part in ("shift", "validation", "training")]
    assert (after_two[0] - after_two[2]).mean() > 1.5 * (after_two[1] - after_two[2]).mean()


def gap(setting):
    return (of(setting) - of(setting, "training"))[-1]


def test_more_rows_close_the_gap():
    X, y, X_val, y_val = deal(rows=600)
    kept = train(X, y, {"validation": (X_val, y_val)})
    ends = {name: kept[name][-1, LOSS, 0] for name in kept}
    assert (gap("free") - (ends["validation"] - ends["training"])).mean() > 0.1
    assert (of("free")[-1] - ends["validation"]).mean() > 0.1


def test_fewer_features_close_the_gap():
    assert (gap("five features") < gap("free")).all()
    assert (of("five features")[-1] < of("free")[-1]).all()


def test_l2_closes_the_gap():
    assert (gap("factor 0.03") < gap("free")).all()
    assert (of("factor 0.03")[-1] < of("free")[-1]).all()


def test_early_stopping_closes_the_gap_and_leaves_the_accuracy():
    validation, training, accuracy = of("free"), of("free", "training"), of("free", measure=ACCURACY)
    best, sets = validation.argmin(axis=0), np.arange(SEEDS)
    assert (validation[best, sets] - training[best, sets] < gap("free")).all()
    assert (validation[best, sets] < validation[-1]).all()
    assert abs((accuracy[best, sets] - accuracy[-1]).mean()) < 0.03


# What Keras keeps


def cross_entropy_of(model, X, y):
    """Return the mean cross-entropy of the model's probabilities, in NumPy."""
    probability = model(X).numpy()
    return -np.log(np.where(y == 1, probability, 1 - probability)).mean()


@cache
def small_fit(optimizer="adam", epochs=3, l2=0.05):
    """Return (model, history, rows, validation rows) of a small network with all rows in a batch; y has the output's shape."""
    keras.utils.set_random_seed(3)
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(80, 5)).astype("float32"), rng.integers(0, 2, (80, 1)).astype("float32")
    penalty = regularizers.L2(l2)
    hidden, output = layers.Dense(8, "relu", kernel_regularizer=penalty), layers.Dense(1, "sigmoid", kernel_regularizer=penalty)
    model = Sequential([layers.Input((5,)), hidden, output])
    model.compile(optimizer, "binary_crossentropy", metrics=["binary_crossentropy", "accuracy"])
    before = [cross_entropy_of(model, X[rows], y[rows]) for rows in (slice(40), slice(40, 80))]
    history = model.fit(X[:40], y[:40], validation_data=(X[40:], y[40:]), batch_size=40, epochs=epochs, verbose=0)
    after = [cross_entropy_of(model, X[rows], y[rows]) for rows in (slice(40), slice(40, 80))]
    return model, history.history, before, after


def test_history_keeps_one_entry_an_epoch_of_each_curve():
    _, kept, _, _ = small_fit()
    names = {"loss", "binary_crossentropy", "accuracy"}
    assert set(kept) == names | {f"val_{name}" for name in names}
    assert all(len(values) == 3 for values in kept.values())


def test_training_entries_are_taken_before_the_update_and_validation_entries_after():
    _, kept, before, after = small_fit(keras.optimizers.SGD(0.5), epochs=1, l2=0.0)
    assert abs(before[0] - after[0]) > 0.01 and abs(before[1] - after[1]) > 0.001  # the step has moved both
    assert kept["binary_crossentropy"][0] == pytest.approx(before[0], abs=1e-5)
    assert kept["val_binary_crossentropy"][0] == pytest.approx(after[1], abs=1e-5)


def test_binary_crossentropy_as_a_metric_wants_labels_shaped_as_the_output():
    X, y = np.zeros((4, 2)), np.array([0.0, 1.0, 0.0, 1.0])

    def fit(labels, metrics):
        model = Sequential([layers.Input((2,)), layers.Dense(1, "sigmoid")])
        model.compile("sgd", "binary_crossentropy", metrics=metrics)
        return model.fit(X, labels, verbose=0).history

    assert "loss" in fit(y, [])  # as the loss it takes (n,) as well
    with pytest.raises(ValueError, match="same rank"):
        fit(y, ["binary_crossentropy"])
    assert "binary_crossentropy" in fit(y[:, None], ["binary_crossentropy"])
