# %% [markdown]
# # Choosing the penalty and its factor
#
# Compare no penalty, L1, L2 and both for a network with two hidden layers, by
# a validation set and by cross-validation, and open the test set once. It
# runs in about twenty seconds. What each step means is in
# [the chapter](../docs/learn/choosing.md).

# %%
import os
import tempfile
from itertools import product
from pathlib import Path

# TensorFlow logs while Keras loads it, whatever log level it is told, so
# standard error (number 2) leads nowhere for as long as that takes.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # nor does it log later
standard_error = os.dup(2)
os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
try:
    import keras
finally:
    os.dup2(standard_error, 2)

import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import Sequential, layers, ops
from keras.regularizers import L1L2
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

tf.get_logger().setLevel("ERROR")  # it warns of many fits in one program

# %% [markdown]
# ## The data
#
# 20 features, five of them informative. The first 200 rows play the part of
# your own data, and the next 1,000 are its test set. The other rows belong to
# [the repetition on 20 more data sets](choosing_repeated.py).

# %%
X, y = make_classification(
    n_samples=11_200,
    n_features=20,
    n_informative=5,
    n_redundant=0,
    flip_y=0.05,
    random_state=2,
)
X_test, y_test = X[200:1200], y[200:1200]
X, y = X[:200], y[:200]

# %% [markdown]
# ## Four models, one validation set
#
# A network with its two factors as arguments, and its training.


# %%
def network(n_features, n_classes, l1, l2):
    penalty = {"kernel_regularizer": L1L2(l1, l2)}
    model = Sequential([layers.Input((n_features,))])
    for units in (8, 8):
        model.add(layers.Dense(units, "relu", **penalty))
    model.add(layers.Dense(n_classes, "softmax", **penalty))
    return model


def train(X, y, l1, l2, updates=200):
    keras.utils.set_random_seed(0)
    model = network(X.shape[1], len(set(y)), l1, l2)
    model.compile(
        keras.optimizers.Adam(0.01),
        loss="sparse_categorical_crossentropy",
        steps_per_execution=updates,
    )
    rows = tf.data.Dataset.from_tensors((X, y)).repeat()
    model.fit(rows, steps_per_epoch=updates, shuffle=False, verbose=0)
    return model


# %% tags=["loop"]
X_train, X_validation, y_train, y_validation = train_test_split(
    X, y, test_size=0.2, stratify=y, random_state=0
)
scaler = StandardScaler().fit(X_train)
X_train, X_validation = map(scaler.transform, (X_train, X_validation))

print("l1, l2       training loss   validation loss")
for l1, l2 in product([0.0, 0.01], [0.0, 0.03]):
    model = train(X_train, y_train, l1, l2)
    training_loss = log_loss(y_train, model.predict(X_train, verbose=0))
    loss = log_loss(y_validation, model.predict(X_validation, verbose=0))
    print(f"{f'{l1:g}, {l2:g}':<10}   {training_loss:13.3f}   {loss:15.3f}")

# %% [markdown]
# ## Cross-validation through scikit-learn


# %%
class NetworkClassifier(ClassifierMixin, BaseEstimator):
    def __init__(self, l1=0.0, l2=0.0, updates=200):
        self.l1 = l1
        self.l2 = l2
        self.updates = updates

    def fit(self, X, y):
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_, y = np.unique(y, return_inverse=True)
        self.model_ = train(X, y, self.l1, self.l2, self.updates)
        return self

    def predict_proba(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return self.model_.predict(X, verbose=0)

    def predict(self, X):
        probable = self.predict_proba(X).argmax(axis=1)
        return self.classes_[probable]


# %% tags=["search"]
folds = StratifiedKFold(5, shuffle=True, random_state=0)
search = GridSearchCV(
    make_pipeline(StandardScaler(), NetworkClassifier()),
    {"networkclassifier__l2": [0.01, 0.03, 0.1]},
    scoring="neg_log_loss",
    cv=folds,
)
search.fit(X, y)
searched = -search.cv_results_["mean_test_score"]
print("l2     mean validation loss")
for l2, loss in zip([0.01, 0.03, 0.1], searched):
    print(f"{l2:<4}   {loss:20.3f}")

# %% [markdown]
# ## All folds and all pairs in one fit
#
# Every kernel gets two [leading axes](../docs/learn/overfitting.md), one for
# the folds and one for the pairs of factors. Each fold sees all rows, with
# weight zero for those that it holds out.


# %%
class L1L2OfEach(keras.regularizers.Regularizer):
    """L1L2 with factors of its own, (pairs,), for each pair."""

    def __init__(self, l1, l2):
        self.l1, self.l2 = np.float32(l1), np.float32(l2)

    def __call__(self, kernel):  # (folds, pairs, inputs, units)
        sizes = ops.sum(ops.abs(kernel), axis=(0, 2, 3))
        squares = ops.sum(ops.square(kernel), axis=(0, 2, 3))
        return ops.sum(self.l1 * sizes + self.l2 * squares)


def validation_losses(X, y, l1, l2):
    """Return the validation loss (folds, pairs) for factors (pairs,)."""
    training = np.ones((len(y), 5), dtype=bool)  # (rows, folds)
    for fold, (_, held_out) in enumerate(folds.split(X, y)):
        training[held_out, fold] = False
    scaled = [StandardScaler().fit(X[own]).transform(X) for own in training.T]
    inputs = np.stack(scaled, axis=1)  # (rows, folds, features)
    weight = (training / training.sum(axis=0))[..., None]

    keras.utils.set_random_seed(0)
    initial = network(X.shape[1], 2, 0, 0).get_weights()
    model = Sequential([layers.Input(inputs.shape[1:])])
    for i, kernel in enumerate(initial[::2]):
        layer = layers.EinsumDense(
            "nfci,fcio->nfco" if i else "nfi,fcio->nfco",
            output_shape=(5, len(l1), kernel.shape[1]),
            bias_axes="fco",
            activation="relu" if i < 2 else "log_softmax",
            kernel_regularizer=L1L2OfEach(l1, l2),
        )
        model.add(layer)
        layer.kernel.assign(np.broadcast_to(kernel, layer.kernel.shape))

    def of_rows(logs):  # (rows, folds, pairs, 2)
        return -ops.sum(np.eye(2)[y][:, None, None] * logs, axis=-1)

    def summed(target, logs):
        return len(y) * ops.sum(weight * of_rows(logs), axis=(1, 2))

    rows = tf.data.Dataset.from_tensors((inputs, y)).repeat()
    model.compile(keras.optimizers.Adam(0.01), summed, steps_per_execution=50)
    model.fit(rows, steps_per_epoch=200, shuffle=False, verbose=0)
    losses = of_rows(model(inputs)).numpy()
    return losses.mean(axis=0, where=~training[..., None])


factors = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
grid = np.array(list(product(factors, factors)))  # (49, 2)
losses = validation_losses(X, y, *grid.T)  # (5, 49)
mean = losses.mean(axis=0)
error = losses.std(axis=0, ddof=1) / np.sqrt(5)

# %% [markdown]
# Does the fast form give what the plain form gave? The means of the search
# above, once more.

# %% tags=["check"]
apart = np.abs(mean.reshape(7, 7)[0, 3:6] - searched).max()
print(f"largest difference: {apart:.4f}")

# %% [markdown]
# The grid begins near the largest useful `l1` of a single sigmoid unit.

# %% tags=["largest"]
X_all = StandardScaler().fit_transform(X)
slopes = X_all.T @ (y - y.mean()) / len(y)
print(f"largest useful l1 of a sigmoid unit: {np.abs(slopes).max():.2f}")

# %% [markdown]
# ## The validation curve
#
# Mean and standard error of the loss over the five folds, for L1 alone and
# for L2 alone. The dotted line is the limit of the one-standard-error rule.

# %% tags=["curve"]
kind = np.array(["none", "L2", "L1", "both"])[(grid > 0) @ [2, 1]]
lowest = {}
figure, axes = plt.subplots(figsize=(4.6, 3.2))
for name, style in {"L1": "C1s-", "L2": "C2^-"}.items():
    of = kind == name
    factor, m, e = grid[of].max(axis=1), mean[of], error[of]
    limit = m.min() + e[m.argmin()]
    lowest[name] = factor[m.argmin()]
    axes.plot(factor, m, style, label=f"{name} alone")
    axes.fill_between(
        factor, m - e, m + e, color=style[:2], alpha=0.25, linewidth=0
    )
axes.plot(factor, limit + 0 * factor, "k:", label="limit of L2")
axes.set(
    xlabel="factor l1 or l2",
    ylabel="validation loss",
    xscale="log",
    ylim=(0, 1.6),
)
axes.legend(title="bands: ± one error")
figure.set_label(
    "Validation loss over the factor, mean of five folds with a band of one "
    "standard error. "
    + " ".join(
        f"{name}: {mean[kind == name][0]:.2f} at 0.001, lowest with "
        f"{mean[kind == name].min():.2f} at {factor:g}, "
        f"{mean[kind == name][-1]:.2f} at 0.3."
        for name, factor in lowest.items()
    )
)
plt.show()

# %% [markdown]
# ## Both factors
#
# The first row of the map is L2 alone, its first column L1 alone.

# %% tags=["map"]
figure, axes = plt.subplots(figsize=(4.7, 4.0))
axes.imshow(np.minimum(mean.reshape(7, 7), 1), cmap="Blues")
axes.set_xticks(range(7), [f"{f:g}" for f in factors])
axes.set_yticks(range(7), [f"{f:g}" for f in factors])
axes.set(xlabel="factor l2", ylabel="factor l1")
for (i, j), loss in np.ndenumerate(mean.reshape(7, 7)):
    ink = "white" if loss > 0.75 else "black"
    axes.text(j, i, f"{loss:.2f}", ha="center", va="center", color=ink)
best = grid[mean.argmin()]
figure.set_label(
    f"Mean validation loss for seven factors l1, downwards, and seven factors "
    f"l2, to the right: {mean[0]:.2f} without a penalty, lowest, "
    f"{mean.min():.2f}, at l1 = {best[0]:g} and l2 = {best[1]:g}, and "
    f"{mean[-1]:.2f} at the largest factors."
)
plt.show()

# %% [markdown]
# Each kind of penalty at its best factors, and the difference from the best of
# all, fold by fold, with half of its 95% interval by Student's t distribution.

# %% tags=["kinds"]
print("penalty     l1     l2    loss   error   above best")
for name in ["none", "L1", "L2", "both"]:
    i = np.where(kind == name, mean, np.inf).argmin()
    above = losses[:, i] - losses[:, mean.argmin()]
    half = stats.t.ppf(0.975, 4) * stats.sem(above)
    shown = f"{above.mean():.2f} ± {half:.2f}".replace(
        " ", "\N{NO-BREAK SPACE}"
    )
    print(
        f"{name:<7}   {grid[i, 0]:4g}   {grid[i, 1]:4g}   {mean[i]:.3f}"
        f"   {error[i]:.3f}   {shown if above.any() else '–'}"
    )

# %% [markdown]
# ## The test set, opened once
#
# The search has trained the network with the best `l2` once more, on all 200
# rows.

# %% tags=["test"]
test_loss = log_loss(y_test, search.predict_proba(X_test))
accuracy = np.mean(search.predict(X_test) == y_test)
print("rows         data loss   accuracy")
print(f"1,000 of test   {test_loss:6.3f}   {accuracy:8.3f}")

# %% [markdown]
# <a id="how-well-the-choice-does-on-new-rows"></a>
# <a id="more-rows-a-smaller-factor"></a>
#
# [The second script](choosing_repeated.py) repeats the choice on 20 data
# sets, and shows how the best factor changes with the number of rows.

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="choosing-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
