"""Claims of the chapter "Overfitting and how to recognize it"."""

from functools import cache, partial
from itertools import combinations, product
from math import comb

import keras
import numpy as np
import pytest
from keras import Sequential, layers, ops, regularizers
from scipy import stats
from scipy.optimize import linprog
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier

from tests.formulas import formula
from tests.observed import number
from tests.solvers import L1L2OfEach, train, unit

SEEDS = 20  # data sets that share one truth
LOSS, ACCURACY = 0, 1


# Linear models, without Keras


def interval(differences):
    """Return both ends of the 95% interval for the mean of differences between pairs, one pair a data set, by Student's t."""
    return stats.t.interval(0.95, len(differences) - 1, np.mean(differences), stats.sem(differences))


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


def in_general_position(X):
    """Return whether no p + 1 of the rows (n, p) lie in one hyperplane."""
    corners = (np.c_[X[list(rows)], np.ones(X.shape[1] + 1)] for rows in combinations(range(len(X)), X.shape[1] + 1))
    return all(abs(np.linalg.det(corner)) > 1e-9 for corner in corners)


def labelings_separated(X):
    return sum(fits_without_error(X, np.array(labels)) for labels in product([0, 1], repeat=len(X)))


def cover(n, p):
    """Return the number of labelings that the page's formula gives."""
    return formula("learn/overfitting.md", "N(n, p) =")(n, p)


@pytest.mark.parametrize("p, expected", [(2, 58), (3, 128)])
def test_number_of_labelings_that_a_linear_model_separates(p, expected):
    X = np.random.default_rng(1).normal(size=(8, p))
    assert in_general_position(X)
    assert labelings_separated(X) == cover(8, p) == expected


def separable_rows():
    """Return 20 rows that a line past the origin separates with room, and their classes."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 2))
    X = X[np.abs(X @ [3, -4] + 2) > 1.5][:20]
    return X.astype("float32"), (X @ [3, -4] + 2 > 0).astype("float32")


def cross_entropy(margins):
    """Return the mean cross-entropy of margins, the logit times 1 for class 1 and −1 for class 0."""
    return np.logaddexp(0, -margins).mean(axis=0)


def loss_in_keras(X, y, weights, bias):
    """Return Keras's mean cross-entropy for a logistic unit with these weights."""
    return float(keras.losses.BinaryCrossentropy(from_logits=True)(y, X @ weights + bias))


def test_doubling_separating_weights_lowers_the_loss():
    """Any weights and bias that separate, from near ones to far; scikit-learn's loss beside that of Keras."""
    X, y = separable_rows()
    rng, tried = np.random.default_rng(1), 0
    while tried < 20:
        weights, bias = np.array([3.0, -4.0]) + rng.normal(size=2), 2 + rng.normal()
        if np.any((X @ weights + bias > 0) != y):
            continue
        tried += 1
        size = np.exp(rng.uniform(-3, 0.5))
        losses = [loss_in_keras(X, y, scale * weights, scale * bias) for scale in (size, 2 * size)]
        theirs = [log_loss(y, 1 / (1 + np.exp(-scale * (X @ weights + bias)))) for scale in (size, 2 * size)]
        np.testing.assert_allclose(losses, theirs, rtol=1e-4, atol=1e-6)
        assert losses[1] < losses[0]
    assert loss_in_keras(X, y, [3e3, -4e3], 2e3) < 1e-9  # the lowest value, 0, lies at no finite weights


def norms(optimizer, l2=0.0):
    """Return the norms of the kernel of a Keras logistic unit after each of 16 times 200 updates on the separable rows."""
    keras.utils.set_random_seed(0)
    (X, y), model, kept = separable_rows(), unit(2, kernel_regularizer=regularizers.L2(l2)), []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: kept.append(np.linalg.norm(model.get_weights()[0])))
    train(model, X, y[:, None], optimizer(), keras.losses.BinaryCrossentropy(from_logits=True), 200, epochs=16, callbacks=[note])
    return kept


@pytest.mark.parametrize("optimizer", [partial(keras.optimizers.SGD, 1.0), partial(keras.optimizers.Adam, 0.05)], ids=["SGD", "Adam"])
def test_weights_grow_without_end_on_separable_rows(optimizer):
    free, tied = norms(optimizer), norms(optimizer, l2=0.01)
    assert (np.diff(free) > 0).all()
    assert free[3] > 1.2 * free[0] and free[15] > 1.2 * free[3]  # as much again with four times the updates
    assert tied[15] == pytest.approx(tied[7], rel=1e-3) and tied[15] < free[0]
    X, y = separable_rows()  # and scikit-learn, its penalty fading
    theirs = [np.linalg.norm(LogisticRegression(C=C, tol=1e-8, max_iter=10_000).fit(X, y).coef_) for C in (50 / 20, 50, 1e3, 1e5)]
    assert (np.diff(theirs) > 1).all()
    assert tied[15] == pytest.approx(theirs[0], rel=1e-3)  # l2 = 1/(2Cn) = 0.01


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
    given = {"y": labels[:, None], "y_hat": predictions, "f": new @ true_weights, "E": np.mean}
    left, right = formula("learn/overfitting.md", r"\operatorname{E} (y - \hat{y})^2").sides(**given, σ=sigma)
    assert expected == pytest.approx(left) and expected == pytest.approx(right)


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
    expected = formula("learn/overfitting.md", r"\sigma^2 p / (n - p - 1)")(σ=sigma, p=p, n=n)
    assert formula("learn/overfitting.md", r"\text{new rows:}")(σ=sigma, p=p, n=n) == pytest.approx(sigma**2 + expected)
    assert least_squares(p)[1] - sigma**2 == pytest.approx(expected, rel=0.05)
    # the variance of the weights is sigma² times the inverse of XᵀX, whose mean SciPy knows
    assert sigma**2 * np.trace(np.atleast_2d(stats.invwishart(df=n, scale=np.eye(p)).mean())) == pytest.approx(expected)


@pytest.mark.parametrize("p", [2, 10, 20])
def test_training_error_of_least_squares(p, n=30, sigma=5.0):
    expected = formula("learn/overfitting.md", r"\text{training:}")(σ=sigma, p=p, n=n)
    assert formula("learn/overfitting.md", r"\sigma^2 (1 - p/n)")(σ=sigma, p=p, n=n) == pytest.approx(expected)
    assert least_squares(p)[0] == pytest.approx(expected, rel=0.02)
    X = np.random.default_rng(0).normal(size=(n, p))
    assert np.trace(np.eye(n) - X @ np.linalg.pinv(X)) == pytest.approx(n - p)  # of the noise, what is left in the residual


@pytest.mark.parametrize("p", [45, 60, 120])
def test_error_of_the_shortest_weights_beyond_n_features(p, n=30, sigma=5.0):
    training, new_rows = least_squares(p, data_sets=1500)
    assert training < 1e-20
    expected = formula("learn/overfitting.md", r"\sigma^2 (1 + n/(p - n - 1))")(σ=sigma, p=p, n=n, w=np.array([3.0, -4.0]))
    assert new_rows == pytest.approx(expected, rel=0.03)


# Floors and validation sets


def test_random_labels_set_a_floor_for_loss_and_accuracy():
    """Models trained on many flipped labels stay behind both bounds, and whoever knows each row's class in truth meets them."""
    flip_y, rows = 0.3, 30_000
    make = partial(make_classification, rows, 5, n_informative=5, n_redundant=0, class_sep=3.0, shuffle=False, random_state=2)
    X, y = make(flip_y=flip_y)
    truth = make(flip_y=0.0)[1]
    order = np.random.default_rng(0).permutation(rows)
    fitted, new = order[:10_000], order[10_000:]
    known = np.where(truth == 1, 1 - flip_y / 2, flip_y / 2)  # probability of class 1 for who knows
    keras.utils.set_random_seed(0)
    network = Sequential([layers.Input((5,)), layers.Dense(16, "relu"), layers.Dense(1, "sigmoid")])
    network.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    network.fit(X[fitted], y[fitted, None], batch_size=500, epochs=10, verbose=0)
    predicted = {"known": known[new], "network": network.predict(X[new], batch_size=1000, verbose=0)[:, 0].astype(float)}
    for model in (LogisticRegression(), KNeighborsClassifier(50)):
        predicted[type(model).__name__] = model.fit(X[fitted], y[fitted]).predict_proba(X[new])[:, 1]
    floor = -0.85 * np.log(0.85) - 0.15 * np.log(0.15)
    assert floor == pytest.approx(0.423, abs=5e-4)
    luck = 4 / np.sqrt(len(new))  # four standard errors of a mean, times the deviation
    of_accuracy, of_loss = luck * np.sqrt(0.85 * 0.15), luck * np.sqrt(0.85 * 0.15) * np.log(0.85 / 0.15)
    for name, probability in predicted.items():
        accuracy, loss = np.mean((probability > 0.5) == y[new]), log_loss(y[new], probability)
        assert accuracy <= 0.85 + of_accuracy, name
        assert loss >= floor - of_loss, name
        assert accuracy > 0.8, name  # it has learned
    assert np.mean(truth[new] == y[new]) == pytest.approx(0.85, abs=of_accuracy)
    assert log_loss(y[new], known[new]) == pytest.approx(floor, abs=of_loss)


@pytest.mark.parametrize("rows, fewest, most", [(20, 12, 19), (500, 380, 420)])
def test_accuracy_on_a_validation_set_is_binomial(rows, fewest, most):
    """From 60 % to 95 % of 20 rows and from 76 % to 84 % of 500, counted out exactly, and drawn."""
    inside = sum(comb(rows, right) * 0.8**right * 0.2 ** (rows - right) for right in range(fewest, most + 1))
    assert inside == pytest.approx(0.98, abs=0.005)
    right = (np.random.default_rng(0).random((20_000, rows)) < 0.8).sum(axis=1)
    assert np.mean((right >= fewest) & (right <= most)) == pytest.approx(0.98, abs=0.008)


def test_copies_in_the_validation_rows_mix_the_two_measures():
    """Three in four validation rows are copies of rows on which the unit is always right; scikit-learn has the loss of the rest."""
    model = unit(4, "sigmoid")
    model.set_weights([np.array([[3.0], [-4.0], [0.0], [1.0]]), np.zeros(1)])
    model.compile(loss="binary_crossentropy", metrics=["accuracy"])
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 4)).astype("float32")
    y = (X @ [3, -4, 0, 1] > 0).astype("float32")
    y[75:] = rng.integers(0, 2, 25)
    copies, new, mixed = (
        np.array(model.evaluate(X[part], y[part, None], batch_size=100, verbose=0)) for part in (slice(75), slice(75, 100), slice(100))
    )
    assert copies[1] == 1 and new[1] < 0.9 and new[0] > copies[0] + 0.1
    assert new[0] == pytest.approx(log_loss(y[75:], 1 / (1 + np.exp(-(X[75:] @ [3.0, -4.0, 0.0, 1.0])))), rel=1e-4)
    np.testing.assert_allclose(mixed, 0.75 * copies + 0.25 * new, atol=1e-6)


# Networks


def network(models, units, l2, features=20):
    """Return `models` networks side by side, without first weights of their own."""
    penalty = L1L2OfEach(l2=np.broadcast_to(l2, models))
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
            margins = ops.convert_to_numpy(self.model(X))[..., 0] * np.where(y == 1, 1, -1)
            self.kept[name].append([cross_entropy(margins), (margins > 0).mean(axis=0)])


def train_networks(X, y, watched, l2=0.0, widths=16, optimizer=None, updates=20, epochs=20):
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
    curves = Curves({"training": (X, y), **watched})
    train(model, X, y[..., None], optimizer or keras.optimizers.Adam(0.005), summed, updates, epochs=epochs, callbacks=[curves])
    return {name: np.reshape(kept, (epochs + 1, 2, -1, SEEDS)) for name, kept in curves.kept.items()}


@cache
def deal(flip_y=0.05, class_sep=1.0, rows=150, most=600):
    """Return training rows (rows, SEEDS, 20) with classes (rows, SEEDS), and 500 validation rows of each data set's own."""
    X, y = make_classification(
        SEEDS * (most + 500), 20, n_informative=5, n_redundant=0, flip_y=flip_y, class_sep=class_sep, shuffle=False, random_state=2
    )
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order].astype("float32").reshape(SEEDS, -1, 20).swapaxes(0, 1), y[order].astype("float32").reshape(SEEDS, -1).T
    mean, deviation = X[:rows].mean(axis=0), X[:rows].std(axis=0)
    X = (X - mean) / deviation
    return X[:rows], y[:rows], X[-500:], y[-500:]


def repeated(settings, *arrays):
    return [np.tile(array, (1, settings) + (1,) * (array.ndim - 2)) for array in arrays]


SETTINGS = ["free", "one unit", "small", "factor 0.03", "factor 0.3", "one unit, factor 0.03", "five features"]


@cache
def curves():
    """Return the curves of all SETTINGS on 150 rows, 20 data sets each, and of validation rows with a leak and with a shift."""
    X_train, y_train, X_val, y_val = deal()
    leaked, y_leaked = np.concatenate([X_train, X_val[:50]]), np.concatenate([y_train, y_val[:50]])
    shifted = X_val + np.where(np.arange(20) < 5, 1.0, 0.0).astype("float32")
    sets = (X_train, y_train, X_val, y_val, leaked, y_leaked, shifted)
    X, y, X_val, y_val, leaked, y_leaked, shifted = repeated(len(SETTINGS), *sets)
    for rows in (X, X_val, leaked, shifted):
        rows[:, -SEEDS:, 5:] = 0
    watched = {"validation": (X_val, y_val), "leak": (leaked, y_leaked), "shift": (shifted, y_val)}
    l2 = np.repeat([0, 0, 0.001, 0.03, 0.3, 0.03, 0], SEEDS)
    return train_networks(X, y, watched, l2=l2, widths=np.repeat([16, 1, 16, 16, 16, 1, 16], SEEDS))


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
        train(model, X[:, part], y[:, part], keras.optimizers.Adam(0.01), summed, 50)
        ends.append(model.get_weights())
    for place in range(4):
        alone = np.concatenate([end[place] for end in ends[1:]])
        np.testing.assert_allclose(ends[0][place][[0, 2]], alone, atol=1e-5)
        assert np.abs(alone - first[place][[0, 2]]).max() > 0.05


def test_overfitting_turns_the_validation_loss_and_hardly_the_accuracy():
    training, validation = of("free", "training"), of("free")
    best = validation.argmin(axis=0)
    assert (best > 0).all() and (best < 10).all()
    assert (np.diff(training, axis=0) < 0).all()
    assert (training[-1] < 0.02).all()
    assert (validation[-1] > 1.3 * validation.min(axis=0)).all()
    accuracy = of("free", measure=ACCURACY)
    low, high = interval(accuracy[-1] - accuracy[best, np.arange(SEEDS)])
    assert -0.03 < low < high < 0.03


def test_more_capacity_lowers_training_loss_and_raises_validation_loss():
    assert (of("free", "training")[-1] < of("one unit", "training")[-1] - 0.1).all()
    assert interval(of("free")[-1] - of("one unit")[-1])[0] > 0.2
    low, high = interval(of("free", measure=ACCURACY)[-1] - of("one unit", measure=ACCURACY)[-1])
    assert -0.05 < low < high < 0.05


def test_with_a_penalty_more_capacity_does_no_harm():
    assert interval(of("factor 0.03")[-1] - of("one unit, factor 0.03")[-1])[1] < 0
    assert interval(of("free")[-1] - of("one unit")[-1])[0] > 0.2


def test_underfitting_leaves_both_losses_high_and_close():
    _, y, _, y_val = deal()
    share = y.mean(axis=0)  # of class 1 among the training rows of each data set
    for part, labels in (("training", y), ("validation", y_val)):
        constant = [log_loss(labels[:, i], np.full(len(labels), share[i])) for i in range(SEEDS)]
        assert (np.abs(of("factor 0.3", part)[-1] - constant) < 0.01).all()
        assert (of("factor 0.03", part)[-1] < of("factor 0.3", part)[-1]).all()  # the remedy
    assert log_loss([0, 1], [0.5, 0.5]) == pytest.approx(np.log(2)) == pytest.approx(0.69, abs=0.005)


def test_validation_loss_is_lowest_at_a_factor_between():
    ends = np.array([of(setting)[-1] for setting in ("free", "small", "factor 0.03", "factor 0.3")])
    assert (ends[2] < ends[1]).all() and (ends[1] < ends[0]).all() and (ends[2] < ends[3] - 0.1).all()
    training = np.array([of(setting, "training")[-1] for setting in ("free", "small", "factor 0.03", "factor 0.3")])
    assert (np.diff(training, axis=0) > 0).all()


def test_stopped_too_early_both_losses_still_fall():
    for part in ("training", "validation"):
        loss = of("factor 0.03", part)
        assert interval(loss[2] - loss[3])[0] > 0.01
        assert interval(loss[3] - loss[-1])[0] > 0  # the remedy
        assert (np.abs(loss[-1] - loss[-2]) < 0.01).all()


def test_too_large_a_rate_lifts_the_training_loss():
    X, y, *_ = deal()
    ends = (train_networks(X, y, {}, 0.03, optimizer=keras.optimizers.SGD(rate), updates=1)["training"] for rate in (10.0, 0.3))
    large, small = (end[:, LOSS, 0] for end in ends)
    assert (large.max(axis=0) > 2 * large[0]).all()
    assert (np.median(large[-1]) > small[-1]).all()
    assert (np.diff(small, axis=0) < 0).all()


def test_label_noise_is_a_floor_that_a_larger_capacity_does_not_lower():
    X, y, X_val, y_val = deal(flip_y=0.3, class_sep=3.0, rows=300)
    X, y, X_val, y_val = repeated(2, X, y, X_val, y_val)
    kept = train_networks(X, y, {"validation": (X_val, y_val)}, l2=np.repeat([0.03, 0.0], SEEDS))
    floor = -(0.85 * np.log(0.85) + 0.15 * np.log(0.15))
    ends = {name: kept[name][-1, LOSS] for name in kept}
    assert np.abs(ends["training"][0].mean() - floor) < 0.06
    assert np.abs(ends["validation"][0].mean() - floor) < 0.06
    assert kept["training"][-1, ACCURACY, 0].mean() == pytest.approx(0.85, abs=0.02)
    assert (ends["training"][1] < ends["training"][0]).all()  # without the penalty there is capacity to spare,
    assert (ends["validation"][1] > ends["validation"][0] + 0.1).all()  # and it makes validation worse


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
    kept = train_networks(X, y, {"validation": (X_val, y_val)})
    ends = {name: kept[name][-1, LOSS, 0] for name in kept}
    assert interval(gap("free") - (ends["validation"] - ends["training"]))[0] > 0
    assert interval(of("free")[-1] - ends["validation"])[0] > 0


def test_fewer_features_close_the_gap():
    assert (gap("five features") < gap("free")).all()
    assert (of("five features")[-1] < of("free")[-1]).all()


def test_l2_closes_the_gap():
    assert (gap("factor 0.03") < gap("free")).all()
    assert (of("factor 0.03")[-1] < of("free")[-1]).all()


# What Keras keeps


def test_history_keeps_one_entry_an_epoch_of_each_curve():
    X, y = np.random.default_rng(0).normal(size=(80, 5)), np.tile([[0.0], [1.0]], (40, 1))
    model = unit(5, "sigmoid")
    model.compile("adam", "binary_crossentropy", metrics=["binary_crossentropy", "accuracy"])
    kept = model.fit(X[:40], y[:40], validation_data=(X[40:], y[40:]), batch_size=20, epochs=3, verbose=0).history
    names = {"loss", "binary_crossentropy", "accuracy"}
    assert set(kept) == names | {f"val_{name}" for name in names}
    assert all(len(values) == 3 for values in kept.values())


def test_binary_crossentropy_as_a_metric_wants_labels_shaped_as_the_output():
    X, y = np.zeros((4, 2)), np.array([0.0, 1.0, 0.0, 1.0])

    def fit(labels, metrics):
        model = Sequential([layers.Input((2,)), layers.Dense(1, "sigmoid")])
        model.compile("sgd", "binary_crossentropy", metrics=metrics)
        return model.fit(X, labels, verbose=0).history

    assert "loss" in fit(y, [])  # as the loss it takes (n,) as well
    with pytest.raises(ValueError, match=r"same (rank|shape)"):
        fit(y, ["binary_crossentropy"])
    assert "binary_crossentropy" in fit(y[:, None], ["binary_crossentropy"])


# What the run has shown


def limits(entry):
    """Return both ends of the interval in an entry such as "0.43 ± 0.01"."""
    middle, half = map(number, entry.split("±"))
    return middle - half, middle + half


def test_validation_loss_turns_in_this_run(shown):
    one = shown("overfitting#one")
    assert one.number("last", "training loss") < one.number("best", "training loss") < one.number("first", "training loss")
    assert one.number("best", "validation loss") < min(one.number(row, "validation loss") for row in ("first", "last"))
    assert 1 < shown("overfitting#best").value() < 50


def test_validation_loss_starts_below_the_training_loss_in_this_run(shown):
    training, validation = (shown("overfitting#curves").points(f"{part} rows")[0, 1] for part in ("training", "validation"))
    assert validation < training


def test_accuracy_hardly_moves_while_the_loss_rises_in_this_run(shown):
    one = shown("overfitting#one")
    assert abs(one.number("best", "validation accuracy") - one.number("last", "validation accuracy")) < 3
    assert one.number("last", "validation loss") > 1.25 * one.number("best", "validation loss")


def test_a_penalty_keeps_the_validation_loss_low_in_this_run(shown):
    free, tied = shown("overfitting#one"), shown("overfitting#factors")
    assert tied.number("0.01", "validation loss at last") < free.number("best", "validation loss")
    losses = tied.points("validation rows", "factor 0.01")[:, 1]
    assert losses.argmin() + 1 == tied.number("0.01", "best epoch")


def test_too_large_a_factor_leaves_both_losses_higher_in_this_run(shown):
    for part in ("training rows", "validation rows"):
        small, large = (shown("overfitting#factors").points(part, f"factor {factor}")[:, 1] for factor in (0.01, 0.1))
        assert len(large) == 50 and 0 < large[24] - large[-1] < large[-1] - small[-1]


def test_validation_loss_differs_more_among_few_units_than_among_many_in_this_run(shown):
    medians = shown("overfitting_repeated#sweeps").points("validation rows", "No penalty")[:, 1]  # of 1, 2, 4, 8, 16, 32 units
    assert len(medians) == 6 and np.ptp(medians[:3]) > np.ptp(medians[3:])


def test_the_training_loss_is_below_the_floor_in_this_run(shown):
    floor = shown("overfitting_repeated#floor")
    assert floor.number("0.03", "training loss") < floor.number("best possible", "validation loss") == 0.423


def test_the_best_factor_leaves_a_loss_above_the_floor_in_this_run(shown):
    losses = shown("overfitting_repeated#floor").column("validation loss")
    floor = losses.pop("best possible")
    assert len(losses) == 7
    assert floor < losses.pop("0.03") < min(losses.values())


def test_every_remedy_lowers_the_loss_and_all_but_early_stopping_raise_the_accuracy_in_this_run(shown):
    gains = shown("overfitting_repeated#gains")
    names = list(gains.column("test loss lower by"))
    assert len(names) == 5
    assert all(limits(gains.entry(name, "test loss lower by"))[0] > 0 for name in names)
    raised = {name for name in names if limits(gains.entry(name, "test accuracy higher by"))[0] > 0}
    assert raised == {*names} - {"early stopping"}


def test_l2_with_200_rows_beats_800_rows_without_in_this_run(shown):
    losses = {name: limits(shown("overfitting_repeated#cures").entry(name, "test loss")) for name in ("L2", "more rows")}
    assert losses["L2"][1] < losses["more rows"][0]


def curve(shown, panel):
    """Return the median losses (epochs + 1) of the training and of the validation rows in one of the unnamed panels."""
    return (shown("overfitting_repeated#unnamed").points(part, panel)[:, 1] for part in ("training", "validation"))


def test_curve_a_overfits_in_this_run(shown):
    training, validation = curve(shown, "A")
    assert training[-1] < 0.05
    assert 0 < validation.argmin() < 10 and validation[-1] > 1.3 * validation.min()


def test_curve_b_was_stopped_too_early_in_this_run(shown):
    for losses in curve(shown, "B"):
        assert len(losses) == 4 and losses[3] < losses[2] - 0.01


def test_curve_c_has_an_early_gap_in_this_run(shown):
    gaps = {panel: np.subtract(*list(curve(shown, panel))[::-1]) for panel in "AC"}
    early, late = ({panel: gap[end] - gap[start] for panel, gap in gaps.items()} for start, end in ((0, 4), (4, 20)))
    assert early["C"] > abs(late["C"]) and late["A"] > early["A"] > 0


def test_curve_d_underfits_in_this_run(shown):
    training, validation = curve(shown, "D")
    assert max(abs(training[-1] - np.log(2)), abs(validation[-1] - np.log(2))) < 0.01
