"""A Keras network with an L1 and an L2 penalty as an estimator of scikit-learn: l1 and l2 are its parameters."""

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from penalty.quiet import keras, tf


class _Penalized(BaseEstimator):
    """What the classifier and the regressor share.

    The features have to be numbers on one scale (standardized), because a penalty compares weights with each other.
    Same data, same parameters: same weights, in any process, because the initial weights and the order of the rows have seeds of their own.
    """

    def __init__(self, l1=0.0, l2=0.0, hidden_layer_sizes=(16,), learning_rate=0.01, epochs=300, batch_size=None, random_state=0):
        self.l1 = l1
        self.l2 = l2
        self.hidden_layer_sizes = hidden_layer_sizes
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.random_state = random_state

    def _dense(self, number: int, units: int, activation: str | None):
        return keras.layers.Dense(
            units,
            activation=activation,
            kernel_regularizer=keras.regularizers.L1L2(self.l1, self.l2),
            kernel_initializer=keras.initializers.GlorotUniform(seed=self.random_state + number),
        )

    def _train(self, X, y, outputs: int, activation: str | None, loss: str):
        """Make the network for X (n, p) and y (n,), and train it."""
        hidden = tuple(self.hidden_layer_sizes)
        layers = [self._dense(number, units, "relu") for number, units in enumerate(hidden)]
        self.model_ = keras.Sequential([keras.layers.Input((X.shape[1],)), *layers, self._dense(len(hidden), outputs, activation)])
        order = np.random.default_rng(self.random_state).permutation(len(X))
        X, y = X[order].astype("float32"), y[order]
        size = min(self.batch_size or len(X), len(X))
        if size == len(X):  # one batch, offered again and again: `fit` on small data is mostly overhead
            rows, steps = tf.data.Dataset.from_tensors((X, y)).repeat(), self.epochs
        else:
            rows, steps = tf.data.Dataset.from_tensor_slices((X, y)).batch(size).repeat(), self.epochs * -(-len(X) // size)
        self.model_.compile(keras.optimizers.Adam(self.learning_rate), loss, steps_per_execution=min(50, steps))
        self.model_.fit(rows, steps_per_epoch=steps, shuffle=False, verbose=0)
        return self

    def _output(self, X):
        """Return what the network gives for X (n, p): an array (n, outputs)."""
        check_is_fitted(self, "model_")
        X = validate_data(self, X, reset=False).astype("float32")
        return np.concatenate([np.asarray(self.model_(X[i : i + 10_000])) for i in range(0, len(X), 10_000)])


class PenalizedClassifier(ClassifierMixin, _Penalized):
    """A Sequential network for classes, trained by cross-entropy plus l1·Σ|w| + l2·Σw² over the kernels of all layers.

    Args:
        l1, l2: factors, at least 0; biases are not penalized.
        hidden_layer_sizes: units of each hidden layer (ReLU); () is logistic regression.
        learning_rate: of Adam, constant.
        epochs: passes over the rows.
        batch_size: rows in an update; None for all.
        random_state: int, for the initial weights and the order of the rows.

    Attributes:
        model_: the trained `keras.Sequential`.
        classes_: the labels, in the order of the columns of `predict_proba`.
    """

    def fit(self, X, y):
        """Train on X (n, p) and labels y (n,); return self."""
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(f"{type(self).__name__} needs two classes at least, and y has one class only: {self.classes_[0]!r}.")
        if len(self.classes_) == 2:
            return self._train(X, codes.astype("float32")[:, None], 1, "sigmoid", "binary_crossentropy")
        return self._train(X, codes, len(self.classes_), "softmax", "sparse_categorical_crossentropy")

    def predict_proba(self, X):
        """Return the probability of each class for X (n, p): an array (n, classes)."""
        output = self._output(X).astype("float64")
        return np.hstack([1 - output, output]) if output.shape[1] == 1 else output / output.sum(axis=1, keepdims=True)

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
        mean_, scale_: mean and standard deviation of the target.
    """

    def fit(self, X, y):
        """Train on X (n, p) and y (n,); return self."""
        X, y = validate_data(self, X, y, y_numeric=True)
        self.mean_, self.scale_ = y.mean(), y.std() or 1.0
        return self._train(X, ((y - self.mean_) / self.scale_).astype("float32")[:, None], 1, None, "mean_squared_error")

    def predict(self, X):
        """Return the predicted target for X (n, p): an array (n,)."""
        return self._output(X)[:, 0].astype("float64") * self.scale_ + self.mean_
