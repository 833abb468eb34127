"""Many trainings in one fit: splits and settings lie on axes of their own before those of the weights.

Adam works weight by weight, so slices of one model do not influence each other: each one becomes what it would be by itself.
The chapter on choosing the factor builds this step by step.
"""

import threading
import time
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from penalty.estimator import batches
from penalty.quiet import keras

ops = keras.ops
_one_at_a_time = threading.Lock()  # threads of a process (a worker of Dask has several) share the compiled model


@dataclass(frozen=True)
class Stack:
    """What the trained slices say.

    Attributes:
        outputs: of all rows: log-probabilities (splits, settings, n, classes), or predictions of the standardized target, (…, 1).
        first_kernel: (splits, settings, p, units) of the first layer; rows beyond a split's own inputs are 0.
        checkpoints: (checkpoints, splits, n, classes or 1), the outputs of the first setting after so many epochs.
        seconds: that the training took.
    """

    outputs: np.ndarray
    first_kernel: np.ndarray
    checkpoints: np.ndarray
    seconds: float


class L1L2OfEach(keras.regularizers.Regularizer):
    """The penalty with factors of its own for each setting: l1 and l2 are (settings,), the kernel (splits, settings, units, inputs)."""

    def __init__(self, l1, l2):
        self.l1, self.l2 = np.float32(l1), np.float32(l2)

    def __call__(self, kernel):
        sizes = ops.sum(ops.abs(kernel), axis=(0, 2, 3))
        squares = ops.sum(ops.square(kernel), axis=(0, 2, 3))
        return ops.sum(self.l1 * sizes + self.l2 * squares)


def _log_probabilities(logits):
    """Return log-probabilities (…, classes, n) for logits (…, classes, n), or (…, 1, n) for two classes."""
    if logits.shape[-2] == 1:
        return ops.concatenate([ops.log_sigmoid(-logits), ops.log_sigmoid(logits)], axis=-2)
    return ops.log_softmax(logits, axis=-2)


def _cross_entropy(target, logits):
    """Return the sum of the weighted mean losses of all slices; target (splits, 1, classes + 1, n) has the weights of the rows last."""
    y, weight = target[:, :, :-1], target[:, :, -1]
    return -ops.sum(ops.mean(weight * ops.sum(y * _log_probabilities(logits), axis=2), axis=-1))


def _squared_error(target, predicted):
    """Return the sum of the weighted mean losses of all slices; target (splits, 1, 2, n) is value and weight."""
    return ops.sum(ops.mean(target[:, :, 1] * ops.square(predicted[:, :, 0] - target[:, :, 0]), axis=-1))


@lru_cache(maxsize=2)  # a model is compiled once for all parts of a comparison
def _model(splits: int, p: int, sizes: tuple, l1: tuple, l2: tuple, regression: bool):
    """Return the stack of networks: input (splits, p, n), output (splits, settings, classes or 1, n).

    The rows lie on the last axis, because each product is then one of matrices as they lie in memory: half the time.
    """
    model = keras.Sequential([keras.layers.Input(batch_shape=(splits, p, None))])
    for number, units in enumerate(sizes):
        model.add(
            keras.layers.EinsumDense(
                "scin,scoi->scon" if number else "sin,scoi->scon",
                output_shape=(len(l1), units, None),
                bias_axes="sco",
                activation="relu" if number < len(sizes) - 1 else None,
                kernel_regularizer=L1L2OfEach(l1, l2),
            )
        )
    model.compile("adam", _squared_error if regression else _cross_entropy, steps_per_execution=50, jit_compile=True)
    return model


def _begin(model, inputs: list[int], sizes: tuple, learning_rate: float, random_state: int) -> None:
    """Give every slice the initial weights that the estimator has, and the optimizer no memory."""
    for number, layer in enumerate(model.layers):
        start = np.zeros(layer.kernel.shape, "float32")
        rows = np.array([sizes[number - 1] if number else p for p in inputs])
        for count in np.unique(rows).tolist():
            initial = keras.initializers.GlorotUniform(seed=random_state + number)((count, sizes[number]))
            start[rows == count, :, :, :count] = np.asarray(initial).T
        layer.kernel.assign(start)
        layer.bias.assign(ops.zeros_like(layer.bias))
    for variable in model.optimizer.variables:
        variable.assign(ops.zeros_like(variable))
    model.optimizer.learning_rate = learning_rate  # which is one of these variables


def _outputs(model, X, regression: bool) -> np.ndarray:
    """Return (splits, settings, n, classes or 1) for X (splits, p, n), a few thousand rows at a time."""
    parts = [model(X[..., i : i + 4096]) for i in range(0, X.shape[-1], 4096)]
    parts = [np.asarray(part if regression else _log_probabilities(part)) for part in parts]
    return np.concatenate(parts, axis=-1).swapaxes(2, 3)


def train_stack(
    X: list[np.ndarray],
    y: np.ndarray,
    weights: np.ndarray,
    l1: np.ndarray,
    l2: np.ndarray,
    *,
    classes: int,
    hidden_layer_sizes: tuple[int, ...] = (16,),
    learning_rate: float = 0.01,
    epochs: int = 300,
    batch_size: int | None = None,
    random_state: int = 0,
    checkpoints: tuple[int, ...] = (),
    width: int | None = None,
) -> Stack:
    """Train one network for each split and each setting, all at once.

    Args:
        X: for each split an array (n, p of the split): all rows, as preprocessed for it.
        y: (splits, n) codes of the classes, or target as standardized for each split; (n,) for codes that all splits share.
        weights: (splits, n), 1 for the rows that a split trains on, else 0. The loss of a split is the mean over its own rows.
        l1, l2: (settings,) factors.
        classes: their number; 0 for a numeric target.
        hidden_layer_sizes, learning_rate, epochs, batch_size, random_state: as for the estimators. A mini-batch is one of all rows,
            of which a slice counts its own.
        checkpoints: epochs, ascending, below `epochs`, after which the outputs of the first setting are kept.
        width: inputs of the model, at least the largest p; more only lets several calls share one compiled model.

    Returns:
        A `Stack`. Its slices equal separate trainings of the estimators up to the rounding of sums in single precision: outputs agree to
        1e-4 after 20 updates. Rounding grows: after 300, losses agree to about 1e-3, and a weight that L1 keeps swinging around 0 may be
        some steps of Adam away, as it is when one network gets its rows in another order.
    """
    n, splits = len(X[0]), len(X)
    inputs = [part.shape[1] for part in X]
    rows = np.zeros((splits, width or max(inputs), n), "float32")
    for split, part in enumerate(X):
        rows[split, : inputs[split]] = part.T
    regression = classes == 0
    values = y[:, None] if regression else np.broadcast_to(np.eye(classes, dtype="float32")[y].swapaxes(-1, -2), (splits, classes, n))
    share = weights[:, None] * (n / weights.sum(axis=1))[:, None, None]  # the mean over n rows becomes that over the split's own
    target = np.concatenate([values, share], axis=1).astype("float32")[:, None]

    sizes = (*hidden_layer_sizes, 1 if classes in (0, 2) else classes)
    kept = []
    with _one_at_a_time:
        begun = time.perf_counter()
        model = _model(splits, rows.shape[1], sizes, tuple(map(float, l1)), tuple(map(float, l2)), regression)
        _begin(model, inputs, sizes, learning_rate, random_state)
        for before, after in pairwise([0, *checkpoints, epochs]):
            model.fit(batches((rows, target), range(before, after), batch_size, random_state, axis=-1), shuffle=False, verbose=0)
            outputs = _outputs(model, rows, regression)
            kept.append(outputs[:, 0].copy())
        first_kernel = np.asarray(model.layers[0].kernel).swapaxes(2, 3)
        seconds = time.perf_counter() - begun
    return Stack(outputs, first_kernel, np.stack(kept)[:-1], seconds)
