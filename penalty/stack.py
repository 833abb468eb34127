"""Many trainings in one fit: splits and settings lie on axes of their own before those of the weights.

Adam works weight by weight, so slices of one model do not influence each other: each one becomes what it would be by itself.
The chapter on choosing the factor builds this step by step.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from math import gcd

import numpy as np

from penalty.quiet import keras, tf

ops = keras.ops


@dataclass(frozen=True)
class Stack:
    """What the trained slices say.

    Attributes:
        outputs: (splits, settings, n, classes) log-probabilities of all rows, or (splits, settings, n, 1) predictions of the standardized target.
        first_kernel: (splits, settings, p, units) of the first layer; rows beyond a split's own inputs are 0.
        checkpoints: (checkpoints, splits, n, classes or 1), the outputs of the first setting after so many epochs.
        seconds: that the training took.
    """

    outputs: np.ndarray
    first_kernel: np.ndarray
    checkpoints: np.ndarray
    seconds: float


@keras.saving.register_keras_serializable(package="penalty")
class L1L2OfEach(keras.regularizers.Regularizer):
    """The penalty with factors of its own for each setting: l1 and l2 are (settings,), the kernel (splits, settings, inputs, units)."""

    def __init__(self, l1, l2):
        self.l1, self.l2 = np.float32(l1), np.float32(l2)

    def __call__(self, kernel):
        sizes = ops.sum(ops.abs(kernel), axis=(0, 2, 3))
        squares = ops.sum(ops.square(kernel), axis=(0, 2, 3))
        return ops.sum(self.l1 * sizes + self.l2 * squares)


def _log_probabilities(logits):
    """Return log-probabilities (…, classes) for logits (…, classes), or (…, 1) for two classes."""
    if logits.shape[-1] == 1:
        return ops.concatenate([ops.log_sigmoid(-logits), ops.log_sigmoid(logits)], axis=-1)
    return ops.log_softmax(logits)


def _cross_entropy(target, logits):
    """Return the weighted loss, summed over all slices; target (n, splits, 1, classes + 1) has the weight of the row in its last column."""
    y, weight = target[..., :-1], target[..., -1]
    return -ops.sum(weight * ops.sum(y * _log_probabilities(logits), axis=-1), axis=(1, 2))


def _squared_error(target, predicted):
    """Return the weighted loss, summed over all slices; target (n, splits, 1, 2) is value and weight."""
    return ops.sum(target[..., 1] * ops.square(predicted[..., 0] - target[..., 0]), axis=(1, 2))


@lru_cache(maxsize=2)  # a model is compiled once for all parts of a comparison
def _model(splits: int, p: int, sizes: tuple, l1: tuple, l2: tuple, regression: bool, learning_rate: float, together: int):
    model = keras.Sequential([keras.layers.Input((splits, p))])
    for number, units in enumerate(sizes):
        model.add(
            keras.layers.EinsumDense(
                "nsci,scio->nsco" if number else "nsi,scio->nsco",
                output_shape=(splits, len(l1), units),
                bias_axes="sco",
                activation="relu" if number < len(sizes) - 1 else None,
                kernel_regularizer=L1L2OfEach(l1, l2),
            )
        )
    loss = _squared_error if regression else _cross_entropy
    model.compile(keras.optimizers.Adam(learning_rate), loss, steps_per_execution=together, jit_compile=True)
    return model


def _begin(model, inputs: list[int], sizes: tuple, learning_rate: float, random_state: int) -> None:
    """Give every slice the initial weights that the estimator has, and the optimizer no memory."""
    for number, layer in enumerate(model.layers):
        start = np.zeros(layer.kernel.shape, "float32")
        for split, p in enumerate(inputs):
            rows = sizes[number - 1] if number else p
            initial = keras.initializers.GlorotUniform(seed=random_state + number)((rows, sizes[number]))
            start[split, :, :rows] = np.asarray(initial)
        layer.kernel.assign(start)
        layer.bias.assign(np.zeros(layer.bias.shape, "float32"))
    for variable in model.optimizer.variables:
        variable.assign(ops.zeros_like(variable))
    model.optimizer.learning_rate = learning_rate  # which is one of these variables


def _outputs(model, X, regression: bool) -> np.ndarray:
    """Return (n, splits, settings, classes or 1) for X (n, splits, p), a few thousand rows at a time."""
    parts = [model(X[i : i + 4096]) for i in range(0, len(X), 4096)]
    return np.concatenate([np.asarray(part if regression else _log_probabilities(part)) for part in parts])


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
        y: (n,) codes of the classes, or (splits, n) target as standardized for each split.
        weights: (splits, n), 1 for the rows that a split trains on, else 0. The loss of a split is the mean over its own rows.
        l1, l2: (settings,) factors.
        classes: their number; 0 for a numeric target.
        hidden_layer_sizes, learning_rate, epochs, batch_size, random_state: as for the estimators. A mini-batch is one of all rows,
            of which a slice counts its own.
        checkpoints: epochs, ascending, below `epochs`, after which the outputs of the first setting are kept.
        width: inputs of the model, at least the largest p; more only lets several calls share one compiled model.

    Returns:
        A `Stack`. Its slices equal separate trainings of the estimators up to the rounding of sums in single precision.
    """
    n, splits = len(X[0]), len(X)
    inputs = [part.shape[1] for part in X]
    rows = np.zeros((n, splits, width or max(inputs)), "float32")
    for split, part in enumerate(X):
        rows[:, split, : inputs[split]] = part
    regression = classes == 0
    share = (weights * (n / weights.sum(axis=1, keepdims=True))).T[..., None]  # the mean over n rows is that over the split's own
    values = y.T[..., None] if regression else np.broadcast_to(np.eye(classes)[y][:, None], (n, splits, classes))
    target = np.concatenate([values, share], axis=-1).astype("float32")[:, :, None]  # as many axes as the output, or Keras drops one of its
    order = np.random.default_rng(random_state).permutation(n)
    size = min(batch_size or n, n)
    steps = -(-n // size)
    data = (rows[order], target[order])
    batches = tf.data.Dataset.from_tensors(data) if steps == 1 else tf.data.Dataset.from_tensor_slices(data).batch(size)

    stops = [*checkpoints, epochs]
    lengths = [steps * (after - before) for before, after in zip([0, *stops], stops)]
    sizes = (*hidden_layer_sizes, 1 if classes in (0, 2) else classes)
    together = min(gcd(*lengths), 50)
    model = _model(splits, rows.shape[2], sizes, tuple(map(float, l1)), tuple(map(float, l2)), regression, learning_rate, together)
    _begin(model, inputs, sizes, learning_rate, random_state)
    begun, kept = time.perf_counter(), []
    for length in lengths[:-1]:
        model.fit(batches.repeat(), steps_per_epoch=length, shuffle=False, verbose=0)
        kept.append(_outputs(model, rows, regression)[:, :, 0].swapaxes(0, 1))
    model.fit(batches.repeat(), steps_per_epoch=lengths[-1], shuffle=False, verbose=0)
    outputs = _outputs(model, rows, regression)
    return Stack(
        outputs.transpose(1, 2, 0, 3),
        np.asarray(model.layers[0].kernel),
        np.stack(kept) if kept else np.zeros((0, splits, n, outputs.shape[-1]), "float32"),
        time.perf_counter() - begun,
    )
