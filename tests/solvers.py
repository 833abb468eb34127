"""What the tests of several chapters share: solvers that are not Keras, and training that is fast on every backend of Keras."""

from itertools import repeat
from math import gcd

import keras
import numpy as np
from keras import Sequential, layers, ops, regularizers
from sklearn.linear_model import Lasso, Ridge


def soft_threshold(weights, threshold):
    """Return sign(w) · max(|w| − threshold, 0) for an array of any shape.

    Source: Parikh and Boyd (2014), Proximal Algorithms, section 6.5.2.
    """
    return np.sign(weights) * np.maximum(np.abs(weights) - threshold, 0)


def ridge(X, y, l2, **settings):
    """Return the weights (p,) of scikit-learn's ridge for the factor of Keras and mean squared error; X (n, p), y (n,)."""
    return Ridge(alpha=len(X) * l2, **settings).fit(X, y).coef_


def lasso(X, y, l1, **settings):
    """Return the weights (p,) of scikit-learn's lasso for the factor of Keras and mean squared error; X (n, p), y (n,)."""
    return Lasso(alpha=l1 / 2, tol=1e-12, max_iter=100_000, **settings).fit(X, y).coef_


def unit(inputs, activation=None, **settings):
    """Return a model of one Dense unit; `settings` are those of the layer."""
    return Sequential([layers.Input((inputs,)), layers.Dense(1, activation, **settings)])


class L1L2OfEach(regularizers.Regularizer):
    """L1 and L2 with factors of its own for each model on the leading axis of a kernel; l1, l2 (models,) or a number for all."""

    def __init__(self, l1=0.0, l2=0.0):
        self.l1, self.l2 = np.asarray(l1, dtype="float32"), np.asarray(l2, dtype="float32")

    def __call__(self, kernel):
        inside = tuple(range(1, len(kernel.shape)))
        sizes, squares = ops.sum(ops.abs(kernel), axis=inside), ops.sum(ops.square(kernel), axis=inside)
        return ops.sum(ops.multiply(self.l1, sizes) + ops.multiply(self.l2, squares))


def level(y, prediction):
    """A data loss without a slope, so that the penalty alone moves the weights."""
    return 0.0 * prediction


def several(updates):
    """Return the argument of `compile` that puts many of `updates` into one call, where the backend can."""
    if keras.backend.backend() == "torch":
        return {}
    return {"steps_per_execution": gcd(updates, 500)}  # a divisor, because the last call is a whole one too


def all_rows(X, y):
    """Return an endless supply of one batch that holds all rows, in the form that is fastest to read on the backend."""
    batch = ops.convert_to_tensor(X), ops.convert_to_tensor(y)
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.data.Dataset.from_tensors(batch).repeat()
    return (rows for rows in repeat(batch))  # Keras takes generators, and no other iterator


def train(model, X, y, optimizer, loss, updates, **settings):
    """Compile the model and train it for `updates`, each with all rows; return the kernel of its first layer.

    Args:
        model: a model that is built.
        X, y: rows, shaped like the model's input and output.
        optimizer, loss: as for `compile`.
        updates: updates in an epoch.
        settings: more for `fit`, as in epochs=20.
    """
    model.compile(optimizer, loss, **several(updates))
    model.fit(all_rows(X, y), steps_per_epoch=updates, shuffle=False, verbose=0, **settings)
    return ops.convert_to_numpy(model.layers[0].kernel)


def gradients(model, X, y, loss):
    """Return the gradient that Keras computes for each of the model's weights: how far a step of SGD with a rate of 1 moves it back."""
    before = model.get_weights()
    model.compile(keras.optimizers.SGD(1.0), loss)
    model.train_on_batch(X, y)
    moved = [old - new for old, new in zip(before, model.get_weights())]
    model.set_weights(before)
    return moved


def gradient(objective, variables):
    """Return the derivatives of a scalar along Keras variables, by the backend's automatic differentiation.

    Args:
        objective: function without arguments that reads the variables and returns a scalar tensor.
        variables: list of trainable `keras.Variable`.

    Returns:
        List of the backend's tensors, each shaped like its variable.
    """
    if keras.backend.backend() == "jax":
        import jax

        def at(values):
            with keras.StatelessScope(state_mapping=list(zip(variables, values))):
                return objective()

        return jax.grad(at)([variable.value for variable in variables])
    if keras.backend.backend() == "torch":
        import torch

        return list(torch.autograd.grad(objective(), [variable.value for variable in variables]))
    import tensorflow as tf

    with tf.GradientTape() as tape:
        value = objective()
    return tape.gradient(value, variables)
