"""Many trainings in one fit: every slice is what it would be by itself.

Single precision rounds each sum by some 1e-7 of its terms, and a stack adds up in another order than one network does. Adam divides each
gradient by its usual size, so after 20 updates of 0.01 outputs and weights agree to 1e-4, not to 1e-7. The features keep their mean: in a
linear regression on centred ones the gradient of the bias is nothing but rounding, and Adam follows it, by 4e-4 after 20 updates.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
from sklearn.model_selection import KFold
from sklearn.preprocessing import StandardScaler

from penalty.estimator import PenalizedClassifier, PenalizedRegressor, batches
from penalty.stack import train_stack

L1 = np.array([0, 0.01, 0, 0.003])
L2 = np.array([0, 0, 0.02, 0.005])
CLOSE = {"rtol": 1e-4, "atol": 1e-4}


def made(classes, n=60, seed=0):
    """Return (X of three splits, target, weights); the second split has one input fewer, and the third two more."""
    random = np.random.default_rng(seed)
    table = random.normal(1, 2, (n, 5))
    signal = table[:, 0] - table[:, 1] + random.normal(0, 1, n)
    weights = np.ones((3, n))
    X = []
    for split, (train, test) in enumerate(KFold(3, shuffle=True, random_state=seed).split(table)):
        weights[split, test] = 0
        columns = table[:, [slice(None), slice(4), [0, 1, 2, 3, 4, 0, 1]][split]]
        X.append(StandardScaler(with_mean=False).fit(columns[train]).transform(columns))
    if classes:
        return X, np.digitize(signal, np.quantile(signal, np.arange(1, classes) / classes)), weights
    y = np.array([(signal - signal[own == 1].mean()) / signal[own == 1].std() for own in weights])
    return X, y, weights


def apart(X, y, weights, split, setting, **parameters):
    """Return (outputs of all rows, first kernel) of the estimator that sees the training rows of one split only."""
    own = weights[split] == 1
    estimator = PenalizedClassifier if y.ndim == 1 else PenalizedRegressor
    fitted = estimator(L1[setting], L2[setting], **parameters).fit(X[split][own], (y if y.ndim == 1 else y[split])[own])
    outputs = np.log(fitted.predict_proba(X[split])) if y.ndim == 1 else fitted.predict(X[split])[:, None]
    return outputs, np.asarray(fitted.model_.layers[0].kernel)


@pytest.mark.parametrize("hidden", [(), (16,), (8, 4)])
@pytest.mark.parametrize("classes", [2, 3, 0])
def test_each_slice_is_the_estimator_trained_by_itself(classes, hidden):
    X, y, weights = made(classes)
    parameters = {"hidden_layer_sizes": hidden, "epochs": 20, "random_state": 3}
    stack = train_stack(X, y, weights, L1, L2, classes=classes, **parameters)
    assert stack.outputs.shape == (3, 4, 60, classes or 1)
    for split, setting in [(0, 0), (1, 1), (2, 2), (0, 3)]:
        outputs, kernel = apart(X, y, weights, split, setting, **parameters)
        np.testing.assert_allclose(stack.outputs[split, setting], outputs, **CLOSE)
        np.testing.assert_allclose(stack.first_kernel[split, setting, : len(kernel)], kernel, **CLOSE)
        assert (stack.first_kernel[split, setting, len(kernel) :] == 0).all()


def test_long_training_agrees_in_its_losses():
    """After 300 updates rounding has grown, most where L1 keeps a weight swinging around 0: weights are no measure then, losses are."""
    X, y, weights = made(2)
    stack = train_stack(X, y, weights, L1, L2, classes=2, epochs=300)
    for split, setting in [(0, 0), (1, 1), (2, 2), (0, 3)]:
        outputs, _ = apart(X, y, weights, split, setting, epochs=300)
        for rows in (weights[split] == 1, weights[split] == 0):
            stacked, alone = (-found[rows, y[rows]].mean() for found in (stack.outputs[split, setting], outputs))
            assert stacked == pytest.approx(alone, abs=1e-3)


def test_held_out_rows_change_nothing():
    X, y, weights = made(2)
    row = np.flatnonzero(weights[0] == 0)[0]
    changed, others = [part.copy() for part in X], np.arange(60) != row
    for part in changed:
        part[row] += 5
    y_changed = y.copy()
    y_changed[row] = 1 - y[row]
    for size in (None, 16):
        before, after = (
            train_stack(*data, weights, L1, L2, classes=2, epochs=10, batch_size=size) for data in ((X, y), (changed, y_changed))
        )
        assert (before.first_kernel[0] == after.first_kernel[0]).all()
        assert (before.outputs[0][:, others] == after.outputs[0][:, others]).all()
        assert (before.outputs[1:][:, :, others] != after.outputs[1:][:, :, others]).mean() > 0.9  # who trains on the row is moved by it


def test_checkpoints_are_shorter_trainings():
    X, y, weights = made(3)
    stack = train_stack(X, y, weights, L1, L2, classes=3, epochs=13, checkpoints=(3, 10))
    assert stack.checkpoints.shape == (2, 3, 60, 3)
    for number, epochs in enumerate((3, 10)):
        outputs, _ = apart(X, y, weights, 2, 0, epochs=epochs)
        np.testing.assert_allclose(stack.checkpoints[number, 2], outputs, **CLOSE)
    assert train_stack(X, y, weights, L1, L2, classes=3, epochs=13).checkpoints.shape == (0, 3, 60, 3)


@pytest.mark.parametrize("size", [None, 16])
def test_checkpoints_do_not_change_the_training(size):
    X, y, weights = made(0)
    plain, kept = (train_stack(X, y, weights, L1, L2, classes=0, epochs=9, batch_size=size, checkpoints=at) for at in ((), (2, 5)))
    assert (plain.outputs == kept.outputs).all()


@pytest.mark.parametrize("classes", [2, 0])
def test_mini_batches_are_those_of_plain_keras_with_sample_weights(classes):
    X, y, weights = made(classes)
    stack = train_stack(X, y, weights, L1, L2, classes=classes, epochs=5, batch_size=16, random_state=7)
    for split, setting in [(0, 0), (1, 3)]:
        layers = [
            keras.layers.Dense(
                units,
                activation,
                kernel_regularizer=keras.regularizers.L1L2(L1[setting], L2[setting]),
                kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
            )
            for units, activation, seed in ((16, "relu", 7), (1, "sigmoid" if classes else None, 8))
        ]
        model = keras.Sequential([keras.layers.Input((X[split].shape[1],)), *layers])
        model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy" if classes else "mean_squared_error")
        share = weights[split] * 60 / weights[split].sum()
        target = y if classes else y[split]
        for (rows,) in batches((np.arange(60),), range(5), 16, 7).as_numpy_iterator():
            model.train_on_batch(X[split][rows], target[rows, None], sample_weight=share[rows])
        np.testing.assert_allclose(stack.first_kernel[split, setting, : X[split].shape[1]], layers[0].kernel, **CLOSE)
        predicted = model.predict(X[split], verbose=0)[:, 0]
        found = stack.outputs[split, setting, :, -1]
        np.testing.assert_allclose(np.exp(found) if classes else found, predicted, **CLOSE)


def test_wider_model_gives_the_same():
    X, y, weights = made(2)
    narrow, wide = (train_stack(X, y, weights, L1, L2, classes=2, epochs=10, width=width) for width in (None, 12))
    np.testing.assert_allclose(narrow.outputs, wide.outputs, **CLOSE)
    assert wide.first_kernel.shape == (3, 4, 12, 16)


FRESH = """
import sys
from tests.penalty.test_stack import L1, L2, made, train_stack
sys.stdout.buffer.write(train_stack(*made(2), L1, L2, classes=2, epochs=10).outputs.tobytes())
"""


def test_second_call_gives_what_a_fresh_process_gives():
    train_stack(*made(2, seed=1), L1, L2, classes=2, epochs=10, learning_rate=0.1, random_state=5)  # the same compiled model, used before
    used = train_stack(*made(2), L1, L2, classes=2, epochs=10).outputs
    fresh = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, check=True).stdout
    assert used.tobytes() == fresh


def test_threads_do_not_disturb_each_other():
    def outputs(seed):
        return train_stack(*made(2, seed=seed), L1, L2, classes=2, epochs=100).outputs

    alone = [outputs(seed) for seed in range(4)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(outputs, range(4)))
    np.testing.assert_array_equal(together, alone)
