"""Claims of the chapter "Training with a penalty", and what its run has shown."""

import subprocess
import sys

import keras
import numpy as np
import pytest
from keras import Sequential, layers, ops
from keras.callbacks import EarlyStopping, LambdaCallback
from keras.regularizers import L2
from scipy.special import expit
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.metrics import log_loss

from tests.formulas import formula
from tests.solvers import all_rows, gradient, train

ROWS = 60


def rows(n=ROWS, seed=0):
    """Return features (n, 4) and classes (n, 1), in float32."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4)).astype("float32")
    y = (X @ [1.0, -1.0, 0.5, 0.0] + rng.normal(size=n) > 0).astype("float32")
    return X, y[:, None]


def unit(l2=0.0, optimizer="sgd", **settings):
    """Return a compiled model of one sigmoid unit, the same at each call."""
    keras.utils.set_random_seed(0)
    model = Sequential([layers.Input((4,)), layers.Dense(1, "sigmoid", kernel_regularizer=L2(l2))])
    model.compile(optimizer, **({"loss": "binary_crossentropy"} | settings))
    return model


def plain_metric():
    return keras.metrics.BinaryCrossentropy(name="cross_entropy")


@pytest.mark.parametrize(("n", "batch_size"), [(60, 32), (60, 20), (7, 3), (5, 8)])
def test_epoch_has_a_step_for_each_batch_begun(n, batch_size):
    model = unit()
    X, y = rows(n)
    model.fit(X, y, batch_size=batch_size, epochs=2, verbose=0)
    assert int(model.optimizer.iterations) == 2 * formula("learn/training.md", "T =")(n=n, batch_size=batch_size)


class SumOfLabels(keras.metrics.Sum):
    """The sum of the labels seen since the epoch began."""

    def update_state(self, y, prediction, sample_weight=None):
        return super().update_state(y)


def sums_of_labels(labels, epochs=1, **settings):
    """Return the sum of the labels in each batch of 20 rows, (epochs, batches); `settings` are more for `fit`."""
    seen = []
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["sum"]))
    model = unit(loss="mean_squared_error", metrics=[SumOfLabels(name="sum")])
    X = np.zeros((len(labels), 4), dtype="float32")
    model.fit(X, np.reshape(labels, (-1, 1)), batch_size=20, epochs=epochs, callbacks=[note], verbose=0, **settings)
    return np.diff(np.reshape(seen, (epochs, -1)), prepend=0)


def test_last_batch_has_the_rows_that_are_left():
    assert sums_of_labels(np.ones(50)).tolist() == [[20, 20, 10]]


IN_ORDER = np.arange(60.0).reshape(3, 20).sum(axis=1)


def test_fit_shuffles_the_rows_by_default():
    np.testing.assert_array_equal(sums_of_labels(np.arange(60.0), shuffle=False), [IN_ORDER])
    (shuffled,) = sums_of_labels(np.arange(60.0))
    assert shuffled.sum() == IN_ORDER.sum()
    assert not np.array_equal(shuffled, IN_ORDER)


def test_seed_repeats_the_order_of_the_rows_in_every_epoch():
    first, *others = sums_of_labels(np.arange(60.0), epochs=4)  # `unit` sets a seed
    assert not np.array_equal(first, IN_ORDER)
    assert all(np.array_equal(first, other) for other in others)


def test_order_of_the_rows_is_new_in_every_epoch():
    """In a process of its own, in which nothing has set a seed."""
    code = """if True:
        import keras
        import numpy as np
        from tests.test_training import sums_of_labels
        keras.utils.set_random_seed = lambda seed: None
        orders = sums_of_labels(np.arange(60.0), epochs=4)
        assert len(np.unique(orders, axis=0)) == 4, orders
    """
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


def test_order_of_the_rows_is_new_in_every_epoch_with_a_seed():
    orders = sums_of_labels(np.arange(60.0), epochs=4)  # `unit` sets a seed
    assert len(np.unique(orders, axis=0)) == 4


def test_batch_size_is_32_unless_you_set_it():
    model = unit()
    model.fit(*rows(100), verbose=0)
    assert int(model.optimizer.iterations) == 4  # 32 + 32 + 32 + 4


def test_metrics_do_not_change_the_training():
    kernels = []
    for metrics in (None, [plain_metric(), "accuracy"]):
        model = unit(l2=0.1, metrics=metrics)
        model.fit(*rows(), epochs=3, verbose=0)
        kernels.append(model.layers[0].kernel.numpy())
    np.testing.assert_array_equal(*kernels)


@pytest.mark.parametrize(("name", "rate"), [("sgd", 0.01), ("adam", 0.001)])
def test_names_stand_for_these_default_settings(name, rate):
    """One update in Keras against the derivative of cross-entropy and penalty, written out in NumPy."""
    X, y = rows()
    keras.utils.set_random_seed(0)
    model = Sequential([layers.Input((4,)), layers.Dense(1, "sigmoid", kernel_regularizer="l2")])
    model.compile(name, "binary_crossentropy")
    before, bias = (part.astype("float64") for part in model.get_weights())
    loss = model.train_on_batch(X, y)
    (loss_there, *_), (penalty, *_), (_, kernel), _ = by_hand(X, y, before, bias, 0.01, 0.01, ROWS)
    assert loss == pytest.approx(loss_there, abs=1e-6) and penalty > 0.005
    after = kernel if name == "sgd" else before + rate * np.sign(kernel - before)  # Adam's first update has this size
    np.testing.assert_allclose(model.get_weights()[0] - before, after - before, rtol=1e-3)


def test_val_loss_is_the_plain_metric_plus_the_penalty_of_the_last_weights():
    model = unit(l2=0.3, metrics=[plain_metric()])
    X, y = rows(45, seed=1)
    history = model.fit(*rows(), validation_data=(X, y), batch_size=16, epochs=3, verbose=0).history
    kernel = model.layers[0].kernel.numpy()
    assert history["val_loss"][-1] - history["val_cross_entropy"][-1] == pytest.approx(0.3 * (kernel**2).sum(), abs=1e-6)
    assert history["val_cross_entropy"][-1] == pytest.approx(log_loss(y, model.predict(X, verbose=0).astype("float64")), abs=1e-5)


def test_history_has_an_entry_for_each_printed_number():
    printed = []
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: printed.append(dict(logs)))
    model = unit(l2=0.3, metrics=[plain_metric()])
    history = model.fit(*rows(), validation_data=rows(seed=1), epochs=3, callbacks=[note], verbose=0).history
    assert set(history) == {"loss", "cross_entropy", "val_loss", "val_cross_entropy"}
    for name, values in history.items():
        assert values == [logs[name] for logs in printed] and len(values) == 3


def test_cross_entropy_as_a_metric_wants_labels_with_two_axes():
    X, y = rows()
    unit(metrics=[plain_metric()]).fit(X, y, verbose=0)
    with pytest.raises(ValueError, match="shape"):
        unit(metrics=[plain_metric()]).fit(X, y[:, 0], verbose=0)
    np.testing.assert_array_equal(y[:, 0].reshape(-1, 1), y)  # which `fit` has accepted


def by_hand(X, y, kernel, bias, l2, rate, batch_size):
    """Return the losses of the batches of one epoch of SGD, each before its step, the penalties, and kernels and biases, in NumPy."""
    losses, penalties, kernels, biases = [], [], [kernel], [bias]
    for start in range(0, len(X), batch_size):
        part, true = X[start : start + batch_size], y[start : start + batch_size]
        probability = expit(part @ kernel + bias)
        penalties.append(l2 * (kernel**2).sum())
        losses.append(log_loss(true, probability) + penalties[-1])
        error = probability - true
        kernel, bias = kernel - rate * (part.T @ error / len(part) + 2 * l2 * kernel), bias - rate * error.mean()
        kernels.append(kernel)
        biases.append(bias)
    return losses, penalties, kernels, biases


def printed_and_by_hand():
    """Return what an epoch of batches of 25, 25 and 10 rows prints, and its batches by hand, as `by_hand` does."""
    X, y = rows()
    model = unit(l2=0.3, optimizer=keras.optimizers.SGD(0.5), metrics=[plain_metric()])
    kernel, bias = (part.astype("float64") for part in model.get_weights())
    history = model.fit(X, y, batch_size=25, shuffle=False, verbose=0).history
    return history, by_hand(X, y, kernel, bias, 0.3, 0.5, 25)


IN_PROPORTION = np.array([25, 25, 10]) / 60


def test_printed_training_loss_is_the_mean_of_the_batches_as_they_passed():
    X, y = rows()
    history, (losses, _, kernels, biases) = printed_and_by_hand()
    assert history["loss"][0] == pytest.approx(IN_PROPORTION @ losses, abs=1e-5)
    assert abs(np.mean(losses) - IN_PROPORTION @ losses) > 0.001  # not every batch counts the same

    of_batch = formula("learn/training.md", "J_B(w, b) =")
    batches = np.arange(1, 26), np.arange(26, 51), np.arange(51, 61)
    given = {"y": y[:, 0], "l": lambda y, p: -np.log(p if y else 1 - p), "P": lambda w: 0.3 * np.sum(w**2)}
    on_page = [
        of_batch(w=kernel, b=bias, B=numbers, n_B=len(numbers), y_hat=expit(X @ kernel + bias)[:, 0], **given)
        for numbers, kernel, bias in zip(batches, kernels, biases)
    ]
    np.testing.assert_allclose(on_page, losses, atol=1e-5)


def test_loss_minus_metric_is_the_penalty_averaged_over_the_epoch():
    history, (_, penalties, kernels, _) = printed_and_by_hand()
    assert history["loss"][0] - history["cross_entropy"][0] == pytest.approx(IN_PROPORTION @ penalties, abs=1e-5)
    assert abs(IN_PROPORTION @ penalties - 0.3 * (kernels[-1] ** 2).sum()) > 0.05  # the weights have moved on


def test_evaluate_on_the_training_rows_is_the_loss_of_the_last_weights():
    X, y = rows()
    model = unit(l2=0.3, optimizer=keras.optimizers.SGD(0.5))
    printed = model.fit(X, y, batch_size=20, shuffle=False, verbose=0).history["loss"][0]
    kernel, bias = model.get_weights()
    expected = log_loss(y, expit(X.astype("float64") @ kernel + bias)) + 0.3 * (kernel**2).sum()
    assert model.evaluate(X, y, verbose=0) == pytest.approx(expected, abs=1e-5)
    assert printed - expected > 0.05


def test_penalty_of_a_step_does_not_depend_on_the_batch_size():
    X, y = rows()
    for n in (4, 32):
        model = unit(l2=0.3, metrics=[plain_metric()])
        penalty = 0.3 * np.sum(np.square(model.get_weights()[0]))
        loss, metric = model.train_on_batch(X[:n], y[:n])
        assert loss - metric == pytest.approx(penalty, abs=1e-6) and penalty > 0.1


@pytest.mark.parametrize(("noise", "turns"), [(1.0, "smaller"), (4.0, "larger")])
def test_penalty_in_val_loss_can_change_the_chosen_factor_either_way(noise, turns):
    """Ridge in closed form: the factor of least error on fresh rows, and the one of least error plus penalty."""
    rng = np.random.default_rng(1)
    truth = rng.normal(size=20)
    X, fresh = rng.normal(size=(40, 20)), rng.normal(size=(500, 20))
    y, target = X @ truth + noise * rng.normal(size=40), fresh @ truth + noise * rng.normal(size=500)
    factors = np.logspace(-3, 1, 41)
    found = [Ridge(alpha=40 * l2, fit_intercept=False).fit(X, y).coef_ for l2 in factors]
    plain = np.array([np.mean((target - fresh @ weights) ** 2) for weights in found])
    by_metric = factors[plain.argmin()]
    by_loss = factors[(plain + factors * np.sum(np.square(found), axis=1)).argmin()]
    assert by_loss < by_metric / 1.5 if turns == "smaller" else by_loss > 1.5 * by_metric


def watched(patience, epochs, restore):
    """Train against the validation rows, so that the first epoch is the best; return kernels by epoch and the last."""
    X, y = rows()
    kernels = []
    model = unit(optimizer=keras.optimizers.SGD(1.0))
    note = LambdaCallback(on_epoch_end=lambda epoch, logs: kernels.append(model.layers[0].kernel.numpy()))
    stop = EarlyStopping(monitor="val_loss", patience=patience, restore_best_weights=restore)
    history = model.fit(X, 1 - y, validation_data=(X, y), epochs=epochs, callbacks=[note, stop], verbose=0).history
    assert int(np.argmin(history["val_loss"])) == 0
    return kernels, model.layers[0].kernel.numpy()


@pytest.mark.parametrize(("patience", "epochs"), [(1, 4), (2, 5), (3, 6), (4, 8)])
def test_patience_counts_epochs_since_the_best_one(patience, epochs):
    values = [0.70, 0.61, 0.55, 0.57, 0.56, 0.58, 0.54, 0.53]
    set_value = LambdaCallback(on_epoch_end=lambda epoch, logs: logs.update(monitored=values[epoch]))
    stop = EarlyStopping(monitor="monitored", mode="min", patience=patience)
    history = unit().fit(*rows(), epochs=len(values), callbacks=[set_value, stop], verbose=0).history
    assert len(history["loss"]) == epochs


def test_early_stopping_restores_the_best_epoch_when_asked():
    kernels, last = watched(patience=3, epochs=20, restore=True)
    assert len(kernels) == 4  # the best one and three more
    np.testing.assert_array_equal(last, kernels[0])


def test_early_stopping_restores_also_when_patience_never_runs_out():
    kernels, last = watched(patience=50, epochs=6, restore=True)
    assert len(kernels) == 6
    np.testing.assert_array_equal(last, kernels[0])


def test_early_stopping_keeps_the_last_weights_by_default():
    assert EarlyStopping().restore_best_weights is False
    kernels, last = watched(patience=3, epochs=20, restore=False)
    np.testing.assert_array_equal(last, kernels[-1])
    assert np.abs(last - kernels[0]).max() > 0.1


def descended(X, y, rate, steps, use_bias=False, l2=0.0):
    """Return the weights of a linear model in Keras after so many steps of SGD from zero, each with all rows."""
    layer = layers.Dense(1, use_bias=use_bias, kernel_initializer="zeros", kernel_regularizer=L2(l2))
    model = Sequential([layers.Input((X.shape[1],)), layer])
    return train(model, X, y[:, None], keras.optimizers.SGD(rate), "mean_squared_error", steps)[:, 0]


@pytest.mark.parametrize("use_bias", [False, True])
def test_gradient_descent_from_zero_reaches_one_minus_a_power_of_each_direction(use_bias):
    """SGD in Keras against the closed form, direction by direction, without a bias, and with one on centred features."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3)) @ np.diag([2.0, 1.0, 0.2])
    if use_bias:
        X -= X.mean(axis=0)
    y = X @ [1.0, 2.0, 3.0] + 4.0 * use_bias + rng.normal(size=50)
    _, d, directions = np.linalg.svd(X, full_matrices=False)
    curvature = 2 * d**2 / 50
    least_squares = directions @ LinearRegression(fit_intercept=use_bias).fit(X, y).coef_
    found = directions @ descended(X, y, 0.05, 30, use_bias)
    share = formula("learn/training.md", r"1 - (1 - \eta h)^t")(η=0.05, h=curvature, t=30)
    np.testing.assert_allclose(found, share * least_squares, rtol=1e-3)


def test_stopping_leaves_between_1_and_1_31_times_the_weight_of_ridge():
    """The page's two shares at many curvatures, and SGD in Keras against scikit-learn's ridge, one weight at a time."""
    similar = formula("learn/training.md", r"\lambda_2 =")
    stopped, shrunk = formula("learn/training.md", r"1 - (1 - \eta h)^t"), formula("learn/training.md", r"h / (h + 2 \lambda_2)")
    for t in (100, 1000, 10_000):
        h = np.geomspace(1e-4, 0.9999 * t, 100_000) / (0.01 * t)  # η h < 1
        ratio = stopped(η=0.01, h=h, t=t) / shrunk(h=h, λ_2=similar(η=0.01, t=t))
        assert 1 <= ratio.min() < ratio.max() < 1.31

    rng, rate, steps = np.random.default_rng(0), 0.1, 100
    for scale in (1.5, 0.3, 0.05):
        X = scale * rng.normal(size=(50, 1))
        y = 3 * X[:, 0] + rng.normal(size=50)
        ridge = Ridge(alpha=50 * similar(η=rate, t=steps), fit_intercept=False).fit(X, y).coef_
        assert 1 <= (descended(X, y, rate, steps) / ridge).item() < 1.31


def test_l2_and_early_stopping_together_shrink_more_than_either():
    """SGD in Keras, stopped after 20 updates, with L2 and without it, against scikit-learn's ridge."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(50, 3))
    y = X @ [1.0, -2.0, 3.0]
    ridge = Ridge(alpha=50 * 0.2, fit_intercept=False).fit(X, y).coef_
    stopped, together = descended(X, y, 0.02, 20), descended(X, y, 0.02, 20, l2=0.2)
    assert np.linalg.norm(together) < 0.95 * min(np.linalg.norm(stopped), np.linalg.norm(ridge))


def test_same_seed_gives_the_same_weights_bit_for_bit():
    def trained(seed):
        model = unit(l2=0.1)
        keras.utils.set_random_seed(seed)
        model.fit(*rows(), batch_size=8, epochs=3, verbose=0)
        return model.layers[0].kernel.numpy()

    np.testing.assert_array_equal(trained(1), trained(1))
    assert np.abs(trained(1) - trained(2)).max() > 1e-5  # the same first weights; the order of the rows differs


def test_steps_per_execution_is_how_many_updates_a_call_makes():
    for steps, calls in ((1, 100), (20, 5)):
        made = []
        model = unit(steps_per_execution=steps)
        note = LambdaCallback(on_train_batch_end=lambda batch, logs, made=made: made.append(batch))
        model.fit(all_rows(*rows()), steps_per_epoch=100, shuffle=False, callbacks=[note], verbose=0)
        assert len(made) == calls
        assert int(model.optimizer.iterations) == 100


def test_one_call_reaches_the_weights_of_the_plain_form():
    X, y = rows()
    plain, one_call = unit(l2=0.1), unit(l2=0.1, steps_per_execution=20)
    before = plain.get_weights()[0]
    plain.fit(X, y, batch_size=len(X), epochs=20, verbose=0)
    one_call.fit(all_rows(X, y), steps_per_epoch=20, shuffle=False, verbose=0)
    for one, other in zip(plain.get_weights(), one_call.get_weights()):
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert np.abs(plain.get_weights()[0] - before).max() > 0.05


def test_stream_of_one_epoch_has_one_entry_in_the_history():
    looked = []

    class Stop(EarlyStopping):
        def get_monitor_value(self, logs):
            looked.append(logs["loss"])
            return logs["loss"]

    model = unit()
    history = model.fit(all_rows(*rows()), steps_per_epoch=40, shuffle=False, callbacks=[Stop("loss")], verbose=0).history
    assert int(model.optimizer.iterations) == 40
    assert len(history["loss"]) == len(looked) == 1


def test_execution_longer_than_the_epoch_runs_to_its_end():
    model = unit(steps_per_execution=50)
    model.fit(all_rows(*rows()), steps_per_epoch=20, shuffle=False, verbose=0)
    assert int(model.optimizer.iterations) == 50


def test_first_step_of_adam_has_the_size_of_the_learning_rate():
    X, y = rows()
    for scale in (1.0, 100.0):
        model = unit(optimizer=keras.optimizers.Adam(0.01), loss=lambda y, p, scale=scale: scale * keras.losses.binary_crossentropy(y, p))
        before = model.layers[0].kernel.numpy()
        model.train_on_batch(X, y)
        np.testing.assert_allclose(np.abs(model.layers[0].kernel.numpy() - before), 0.01, rtol=1e-3)


def test_sgd_subtracts_the_learning_rate_times_the_gradient():
    """One update in Keras against the derivative of cross-entropy and penalty, written out in NumPy."""
    X, y = rows()
    model = unit(l2=0.3, optimizer=keras.optimizers.SGD(0.5))
    before, bias = (part.astype("float64") for part in model.get_weights())
    model.train_on_batch(X, y)
    derivative = X.T @ (expit(X @ before + bias) - y) / ROWS + 2 * 0.3 * before
    after = formula("learn/training.md", r"w_j \leftarrow")(w_j=before, η=0.5, g_j=derivative)
    np.testing.assert_allclose(model.get_weights()[0], after, atol=1e-6)
    assert np.abs(after - before).max() > 0.1


@pytest.mark.parametrize("l2", [0.0, 0.5])
@pytest.mark.parametrize("product", [1.9, 2.1])
def test_sgd_diverges_when_rate_times_curvature_exceeds_2(product, l2):
    """One weight with the loss mean(x² w²) + λ2 w², whose second derivative is 2 mean(x²) + 2 λ2."""
    X = np.array([[1.0], [2.0]], dtype="float32")
    curvature = 2 * np.mean(X**2) + 2 * l2
    rate = float(product / curvature)
    layer = layers.Dense(1, use_bias=False, kernel_initializer="ones", kernel_regularizer=L2(l2))
    model = Sequential([layers.Input((1,)), layer])
    after = train(model, X, np.zeros((2, 1), dtype="float32"), keras.optimizers.SGD(rate), "mean_squared_error", 30).item()
    assert after == pytest.approx((1 - product) ** 30, rel=1e-2)
    assert (abs(after) > 1) == formula("learn/training.md", r"\eta h > 2").holds(η=rate, h=curvature)


def test_own_loop_has_a_penalty_only_if_it_adds_model_losses():
    X, y = rows()
    found = {}
    for added in (True, False):
        model = unit(l2=0.2)

        def objective(model=model, added=added):
            loss = ops.mean(keras.losses.binary_crossentropy(y, model(X)))
            return loss + sum(model.losses) if added else loss

        optimizer = keras.optimizers.SGD(2.0)
        for _ in range(300):
            optimizer.apply(gradient(objective, model.trainable_variables), model.trainable_variables)
        found[added] = model.layers[0].kernel.numpy()[:, 0]
    penalized = LogisticRegression(C=1 / (2 * 0.2 * ROWS), tol=1e-8).fit(X, y[:, 0]).coef_[0]
    free = LogisticRegression(C=np.inf, tol=1e-8).fit(X, y[:, 0]).coef_[0]
    np.testing.assert_allclose(found[True], penalized, atol=1e-3)
    np.testing.assert_allclose(found[False], free, atol=1e-2)
    assert np.abs(penalized - free).max() > 0.3


def test_most_of_the_training_loss_is_penalty_in_the_end_in_this_run(shown):
    stacked = shown("training#stacked")
    assert stacked.points("penalty")[-1, 1] > stacked.points("penalty + data loss")[-1, 1] / 2


def test_printed_loss_is_above_the_loss_at_the_end_most_in_the_first_epoch_in_this_run(shown):
    apart = shown("training#apart")
    above = {epoch: printed - apart.number(epoch, "loss at end") for epoch, printed in apart.column("loss printed").items()}
    assert min(above.values()) > 0
    assert max(above, key=above.get) == "1"


def test_restored_weights_have_the_least_cross_entropy_in_this_run(shown):
    watched = shown("training#stopped").points("validation")
    best_epoch, least = watched[watched[:, 1].argmin()]
    early = shown("training#early")
    assert early.number("after fit", "val_cross_entropy") == pytest.approx(least, abs=1e-4)
    assert early.number("after fit", "epoch") == best_epoch == watched[-1, 0] - 10


def test_penalty_first_rises_and_then_falls_with_the_factor_in_this_run(shown):
    penalties = np.array(list(shown("training#monitor").column("difference").values()))
    top = penalties.argmax()
    assert np.all(np.diff(penalties[: top + 1]) > 0) and np.all(np.diff(penalties[top:]) < 0)
    assert 0 < top < len(penalties) - 1 and penalties[-1] < 0.001


def test_both_numbers_choose_the_same_factor_in_this_run(shown):
    by_loss, by_metric = (shown("training#monitor").column(name) for name in ("val_loss", "val_cross_entropy"))
    assert min(by_loss, key=by_loss.get) == min(by_metric, key=by_metric.get)


def test_sum_of_squares_falls_almost_to_zero_in_this_run(shown):
    squares = {factor: penalty / float(factor) for factor, penalty in shown("training#monitor").column("difference").items()}
    assert squares["0.1"] > 1 and squares["0.3"] < 0.01


def test_every_seed_is_worse_than_the_next_factors_in_this_run(shown):
    seeds, factors = (shown(place).column("val_cross_entropy") for place in ("training#seeds", "training#monitor"))
    assert seeds["lowest"] > max(factors["0.03"], factors["0.1"])


def test_one_call_is_several_times_as_fast_in_this_run(shown):
    assert shown("training#faster").value() >= 5


def test_larger_factor_gives_a_smaller_spread_and_a_higher_median_in_this_run(shown):
    small, large = (shown(place).column("accuracy on test rows") for place in ("training#seeds", "training#larger-factor"))
    assert large["highest"] - large["lowest"] < small["highest"] - small["lowest"]
    assert large["median"] > small["median"]
