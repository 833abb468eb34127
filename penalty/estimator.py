"""A Keras network with an L1 and an L2 penalty as an estimator of scikit-learn: l1 and l2 are its parameters."""

from math import inf
from numbers import Integral, Real

import numpy as np
from scipy.special import expit, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from penalty.quiet import keras, tf


def _whole(value, least: int) -> bool:
    return isinstance(value, Integral) and value >= least


_FACTOR = ("a finite number, at least 0", lambda value: isinstance(value, Real) and 0 <= value < inf)
_RULES = {  # what each parameter has to be
    "l1": _FACTOR,
    "l2": _FACTOR,
    "hidden_layer_sizes": (
        "a tuple of whole numbers, each at least 1, such as (16,) or ()",
        lambda value: isinstance(value, tuple | list) and all(_whole(units, 1) for units in value),
    ),
    "learning_rate": ("a finite number above 0", lambda value: isinstance(value, Real) and 0 < value < inf),
    "epochs": ("a whole number, at least 1", lambda value: _whole(value, 1)),
    "batch_size": ("a whole number, at least 1, or None for all rows", lambda value: value is None or _whole(value, 1)),
    "random_state": ("a whole number from 0 to 2147483647", lambda value: _whole(value, 0) and value < 2**31),
}


def batches(data, epochs: range, size: int | None, random_state: int, axis: int = 0):
    """Return the batches of `epochs` as a dataset that ends with them.

    Each epoch has an order of rows of its own, which depends on nothing but its number and `random_state`: `fit` takes its order from
    a generator that all models of a process share.

    Args:
        data: arrays with the rows on `axis`.
        size: rows in a batch; None for all, which are offered again and again, because `fit` on small data is mostly overhead.
    """
    n = data[0].shape[axis]
    if size is None or size >= n:
        return tf.data.Dataset.from_tensors(tuple(data)).repeat(len(epochs))
    rows_first = [tf.constant(np.moveaxis(part, axis, 0)) for part in data]  # where gathering is fast

    def orders(epoch):
        order = tf.random.experimental.stateless_shuffle(tf.range(n), (random_state, epoch))
        return tf.data.Dataset.from_tensor_slices(order).batch(size)

    def chosen(numbers):
        return tuple(keras.ops.moveaxis(tf.gather(part, numbers), 0, axis) for part in rows_first)

    made = tf.data.Dataset.range(epochs.start, epochs.stop).flat_map(orders).map(chosen).prefetch(2)
    return made.apply(tf.data.experimental.assert_cardinality(len(epochs) * -(-n // size)))


class _Penalized(BaseEstimator):
    """What the classifier and the regressor share."""

    def __init__(self, l1=0.0, l2=0.0, hidden_layer_sizes=(16,), learning_rate=0.01, epochs=300, batch_size=None, random_state=0):
        self.l1 = l1
        self.l2 = l2
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def _check_parameters(self) -> None:
        for name, (wanted, holds) in _RULES.items():
            value = getattr(self, name)
            if not holds(value):
                raise ValueError(f"{name} has to be {wanted}, and it is {value!r}.")

    def _train(self, X, y, outputs: int, activation: str | None, loss: str):
        """Make the network for X (n, p) and y (n,) or (n, 1), and train it."""
        self.model_ = keras.Sequential([keras.layers.Input((X.shape[1],))])
        sizes = [*self.hidden_layer_sizes, outputs]
        for number, units in enumerate(sizes):
            dense = keras.layers.Dense(
                units,
                activation=activation if number == len(sizes) - 1 else "relu",
                kernel_regularizer=keras.regularizers.L1L2(self.l1, self.l2),
                kernel_initializer=keras.initializers.GlorotUniform(seed=self.random_state + number),
            )
            self.model_.add(dense)
        self.model_.compile(keras.optimizers.Adam(self.learning_rate), loss, steps_per_execution=50)
        self.model_.fit(batches((X, y), range(self.epochs), self.batch_size, self.random_state), shuffle=False, verbose=0)
        return self

    def _output(self, X):
        """Return what the last layer gives for X (n, p) before its activation, (n, outputs), in double precision.

        So a probability near 1 stays below it, and a wrong prediction has a finite cross-entropy.
        """
        check_is_fitted(self, "model_")
        X = validate_data(self, X, reset=False, dtype="float32")
        *hidden, last = self.model_.layers
        parts = []
        for part in np.array_split(X, range(10_000, len(X), 10_000)):
            for layer in hidden:
                part = layer(part)
            parts.append(np.asarray(part, "float64") @ np.asarray(last.kernel) + np.asarray(last.bias))
        return np.concatenate(parts)


class PenalizedClassifier(ClassifierMixin, _Penalized):
    """A Sequential network for classes, trained by cross-entropy plus l1·Σ|w| + l2·Σw² over the kernels of all layers.

    The features have to be numbers on one scale (standardized), because a penalty compares weights with each other.
    Same data, same parameters: same weights, in any process.

    Args:
        l1, l2: factors, at least 0; biases are not penalized.
        hidden_layer_sizes: units of each hidden layer (ReLU); () is logistic regression.
        learning_rate: of Adam, constant.
        epochs: passes over the rows.
        batch_size: rows in an update; None for all.
        random_state: whole number, for the initial weights and the order of the rows.

    Attributes:
        model_: the trained `keras.Sequential`, ending in one sigmoid for two classes, in a softmax for more.
        classes_: the labels, in the order of the columns of `predict_proba`.
        n_features_in_: p.
    """

    def fit(self, X, y):
        """Train on X (n, p) and labels y (n,); return self.

        Raises:
            ValueError: before training, if a parameter or the data cannot be used.
        """
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype="float32")
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs at least two classes, and y has one class only: {self.classes_[0]!r}.")
        if len(self.classes_) == 2:
            return self._train(X, codes.astype("float32")[:, None], 1, "sigmoid", "binary_crossentropy")
        return self._train(X, codes, len(self.classes_), "softmax", "sparse_categorical_crossentropy")

    def predict_proba(self, X):
        """Return the probability of each class for X (n, p): an array (n, classes)."""
        logits = self._output(X)
        return expit(np.hstack([-logits, logits])) if logits.shape[1] == 1 else softmax(logits, axis=1)

    def predict(self, X):
        """Return the most probable label for X (n, p): an array (n,)."""
        probabilities = self.predict_proba(X)
        return self.classes_[probabilities.argmax(axis=1)]


class PenalizedRegressor(RegressorMixin, _Penalized):
    """A Sequential network for a number, trained by the mean squared error plus l1·Σ|w| + l2·Σw² over the kernels of all layers.

    The target is standardized for the training, so that a factor means the same in any unit; `predict` answers in the target's own.

    Args:
        l1, l2, hidden_layer_sizes, learning_rate, epochs, batch_size, random_state: as for `PenalizedClassifier`; () is linear regression.

    Attributes:
        model_: the trained `keras.Sequential`; its output is the standardized target.
        mean_, scale_: mean and standard deviation of the target; a constant target has the scale 1.
        n_features_in_: p.
    """

    def fit(self, X, y):
        """Train on X (n, p) and y (n,); return self.

        Raises:
            ValueError: before training, if a parameter or the data cannot be used.
        """
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype="float32", y_numeric=True)
        scaler = StandardScaler().fit(y[:, None])
        self.mean_, self.scale_ = float(scaler.mean_[0]), float(scaler.scale_[0])
        return self._train(X, scaler.transform(y[:, None]).astype("float32"), 1, None, "mean_squared_error")

    def predict(self, X):
        """Return the predicted target for X (n, p): an array (n,)."""
        return self._output(X)[:, 0] * self.scale_ + self.mean_
