"""Claims of the chapter "Reading what fit prints"."""

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
    assert int(model.optimizer.iterations) == 2 * formula("learn/training.md", r"\text{steps}")(n=n, m=batch_size)


def test_last_batch_has_the_rows_that_are_left():
    class Rows(keras.metrics.Sum):
        """Counts the rows seen since the epoch began."""

        def update_state(self, y, prediction, sample_weight=None):
            return super().update_state(ops.ones_like(y))

    seen = [0]
    note = LambdaCallback(on_train_batch_end=lambda batch, logs: seen.append(logs["rows"]))
    unit(metrics=[Rows(name="rows")]).fit(*rows(50), batch_size=20, callbacks=[note], verbose=0)
    assert np.diff(seen).tolist() == [20, 20, 10]


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


def test_loss_by_name_is_the_loss_object():
    by_name, by_object = (
        unit(loss=loss).evaluate(*rows(), verbose=0) for loss in ("binary_crossentropy", keras.losses.BinaryCrossentropy())
    )
    assert by_name == by_object


def test_val_loss_is_the_plain_metric_plus_the_penalty_of_the_last_weights():
    model = unit(l2=0.3, metrics=[plain_metric()])
    X, y = rows(45, seed=1)
    history = model.fit(*rows(), validation_data=(X, y), batch_size=16, epochs=3, verbose=0).history
    kernel = model.layers[0].kernel.numpy()
    assert history["val_loss"][-1] - history["val_cross_entropy"][-1] == pytest.approx(0.3 * (kernel**2).sum(), abs=1e-6)
    assert history["val_cross_entropy"][-1] == pytest.approx(log_loss(y, model.predict(X, verbose=0).astype("float64")), abs=1e-5)


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


def test_printed_training_loss_is_the_mean_of_the_batches_as_they_passed():
    X, y = rows()
    model = unit(l2=0.3, optimizer=keras.optimizers.SGD(0.5), metrics=[plain_metric()])
    kernel, bias = (part.astype("float64") for part in model.get_weights())
    losses, penalties, kernels, biases = by_hand(X, y, kernel, bias, 0.3, 0.5, 20)
    history = model.fit(X, y, batch_size=20, shuffle=False, verbose=0).history
    assert history["loss"][0] == pytest.approx(np.mean(losses), abs=1e-5)
    assert history["loss"][0] - history["cross_entropy"][0] == pytest.approx(np.mean(penalties), abs=1e-5)
    assert abs(np.mean(penalties) - 0.3 * (kernels[-1] ** 2).sum()) > 0.05  # the weights have moved on

    def objective(numbers):
        """Return the page's objective of the batch that holds the rows of these numbers, as a function of kernel and bias."""
        of_batch = formula("learn/training.md", "J_B(w, b) =")
        given = {"B": numbers, "m": 20, "y": y[:, 0], "l": lambda y, p: -np.log(p if y else 1 - p), "P": lambda w: 0.3 * np.sum(w**2)}
        return lambda w, b: of_batch(w, b, y_hat=expit(X @ w + b)[:, 0], **given)

    batches = np.arange(1, 61).reshape(3, 20)
    printed = formula("learn/training.md", r"\frac{1}{T} \sum_{t=1}^{T} J_{B_t}")
    on_page = printed(T=3, B=[1, 2, 3], J=[objective(numbers) for numbers in batches], w=kernels, b=biases)
    assert history["loss"][0] == pytest.approx(on_page, abs=1e-5)


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
    for batch_size in (10, 60):
        model = unit(l2=0.3, metrics=[plain_metric()])
        loss, metric = model.evaluate(X, y, batch_size=batch_size, verbose=0)
        assert loss - metric == pytest.approx(0.3 * (model.layers[0].kernel.numpy() ** 2).sum(), abs=1e-6)


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


def descended(X, y, rate, steps, use_bias=False):
    """Return the weights of a linear model in Keras after so many steps of SGD from zero, each with all rows."""
    layer = layers.Dense(1, use_bias=use_bias, kernel_initializer="zeros")
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


def test_stopping_leaves_between_1_and_1_31_times_the_share_of_ridge():
    """The two closed forms at many curvatures, and SGD in Keras against scikit-learn's ridge."""
    for t in (100, 1000, 10_000):
        x = np.geomspace(1e-4, 0.9999 * t, 100_000)  # t η h, with η h < 1
        ratio = (1 - (1 - x / t) ** t) / (x / (x + 1))  # with λ2 = 1 / (2 η t), h / (h + 2 λ2) is x / (x + 1)
        assert 1 <= ratio.min() < ratio.max() < 1.31
        assert ratio[x <= 0.1].max() < 1.05

    rng, rate, steps = np.random.default_rng(0), 0.1, 100
    X = np.sqrt(50) * np.linalg.qr(rng.normal(size=(50, 4)))[0] * [1.5, 0.4, 0.2, 0.05]  # curvatures from 4.5 to 0.005
    y = X @ [1.0, 2.0, 3.0, 4.0]
    ridge = Ridge(alpha=50 / (2 * rate * steps), fit_intercept=False).fit(X, y).coef_
    ratio = descended(X, y, rate, steps) / ridge
    assert np.all((ratio >= 1) & (ratio < 1.31))
    assert ratio[3] < 1.05


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


def test_steps_per_execution_is_refused():
    with pytest.raises(ValueError, match="`steps_per_execution` must be 1"):
        unit(steps_per_execution=2).fit(*rows(), verbose=0)


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
