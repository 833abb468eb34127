# %% [markdown]
# # Choosing the penalty and its factor
#
# Compare no penalty, L1, L2 and both for a network with two hidden layers, by
# a validation set and by cross-validation, and measure how well each way of
# choosing does on new rows. It runs in about half a minute. What each step
# means is in [the chapter](../docs/learn/choosing.md).

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
from sklearn.linear_model import lasso_path
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

tf.get_logger().setLevel("ERROR")  # it warns of many fits in one program

# %% [markdown]
# ## The data
#
# 20 features, five of them informative. The first 200 rows play the part of
# your own data, and the next 1,000 are its test set. Further rows of the same
# kind show afterwards how well each way of choosing has done: 20 more data
# sets, and 2,000 fresh rows.

# %%
X, y = make_classification(
    n_samples=200 + 1000 + 20 * 400 + 2000,
    n_features=20,
    n_informative=5,
    n_redundant=0,
    flip_y=0.05,
    shuffle=False,  # the informative features are the first five
    random_state=2,
)
order = np.random.default_rng(0).permutation(len(y))
X, y = X[order], y[order]
X_own, X_test, X_more, X_fresh = np.split(X, [200, 1200, 9200])
y_own, y_test, y_more, y_fresh = np.split(y, [200, 1200, 9200])
X_more, y_more = X_more.reshape(20, 400, 20), y_more.reshape(20, 400)

# %% [markdown]
# ## Four models, one validation set
#
# The model that a beginner would write, with its two factors as arguments,
# and an estimator of scikit-learn around it.


# %%
def network(n_features, n_classes, l1, l2):
    penalty = L1L2(l1, l2)
    return Sequential(
        [
            layers.Input(shape=(n_features,)),
            layers.Dense(8, "relu", kernel_regularizer=penalty),
            layers.Dense(8, "relu", kernel_regularizer=penalty),
            layers.Dense(n_classes, "softmax", kernel_regularizer=penalty),
        ]
    )


class NetworkClassifier(ClassifierMixin, BaseEstimator):
    def __init__(self, l1=0.0, l2=0.0, updates=200, seed=0):
        self.l1 = l1
        self.l2 = l2
        self.updates = updates
        self.seed = seed

    def fit(self, X, y):
        X, y = validate_data(self, X, y)
        check_classification_targets(y)
        self.classes_, y = np.unique(y, return_inverse=True)
        keras.utils.set_random_seed(self.seed)
        sizes = X.shape[1], len(self.classes_)
        self.model_ = network(*sizes, self.l1, self.l2)
        self.model_.compile(
            keras.optimizers.Adam(0.01),
            loss="sparse_categorical_crossentropy",
            steps_per_execution=self.updates,
        )
        rows = tf.data.Dataset.from_tensors((X, y)).repeat()
        steps = {"steps_per_epoch": self.updates, "shuffle": False}
        self.model_.fit(rows, **steps, verbose=0)
        return self

    def predict_proba(self, X):
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        return keras.ops.convert_to_numpy(self.model_(X))

    def predict(self, X):
        check_is_fitted(self)
        return self.classes_[self.predict_proba(X).argmax(axis=1)]


# %% tags=["loop"]
folds = StratifiedKFold(5, shuffle=True, random_state=0)
train, validation = next(folds.split(X_own, y_own))  # 160 and 40 rows
pairs = list(product([0.0, 0.01], [0.0, 0.03]))
single = []
print("l1, l2       training loss   validation loss")
for l1, l2 in pairs:
    model = make_pipeline(StandardScaler(), NetworkClassifier(l1, l2))
    model.fit(X_own[train], y_own[train])
    training_loss, validation_loss = (
        log_loss(y_own[part], model.predict_proba(X_own[part]))
        for part in (train, validation)
    )
    single.append(validation_loss)
    print(
        f"{f'{l1:g}, {l2:g}':<10}   {training_loss:13.3f}"
        f"   {validation_loss:15.3f}"
    )

# %% [markdown]
# ## Cross-validation through scikit-learn

# %% tags=["search"]
search = GridSearchCV(
    make_pipeline(StandardScaler(), NetworkClassifier()),
    {"networkclassifier__l2": [0.01, 0.03]},
    scoring="neg_log_loss",
    cv=folds,
    refit=False,
)
search.fit(X_own, y_own)
searched = -search.cv_results_["mean_test_score"]
print("l2     mean validation loss")
for l2, loss in zip([0.01, 0.03], searched):
    print(f"{l2:<4}   {loss:20.3f}")

# %% [markdown]
# ## All folds and all pairs in one fit
#
# Every kernel gets two [leading axes](../docs/learn/overfitting.md), one for
# the splits and one for the pairs of factors. Each split sees all rows of its
# data set, with weight zero for those that it holds out.


# %%
class L1L2OfEach(keras.regularizers.Regularizer):
    """L1L2 with factors of its own for each pair on the second axis."""

    def __init__(self, l1, l2):
        self.l1 = np.asarray(l1, dtype="float32")  # (pairs,)
        self.l2 = np.asarray(l2, dtype="float32")  # (pairs,)

    def __call__(self, kernel):  # (splits, pairs, inputs, units)
        sizes = ops.sum(ops.abs(kernel), axis=(0, 2, 3))
        squares = ops.sum(ops.square(kernel), axis=(0, 2, 3))
        return ops.sum(self.l1 * sizes + self.l2 * squares)


def train_together(X, y, training, l1, l2):
    """Train one network for each split and each pair of factors.

    Args:
        X: array (splits, n, p), all rows of the data set of each split.
        y: array (splits, n), classes 0 and 1.
        training: bools (splits, n), the rows that a split trains on.
        l1, l2: factors (pairs,), or (3, pairs) with one row for each layer.

    Returns:
        function from rows (splits, m, p), in the unit of X, and classes
        (splits, m) to the loss of each row, (splits, pairs, m).
    """
    splits, n, p = X.shape
    l1, l2 = (np.broadcast_to(f, (3, np.shape(f)[-1])) for f in (l1, l2))
    shape = splits, l1.shape[1]
    own = [x[rows] for x, rows in zip(X, training)]
    mean = np.stack([x.mean(axis=0) for x in own])[:, None]
    deviation = np.stack([x.std(axis=0) for x in own])[:, None]

    keras.utils.set_random_seed(0)
    start = network(p, 2, 0.0, 0.0).get_weights()
    model = Sequential([layers.Input((splits, p))])
    for i, units in enumerate([8, 8, 2]):
        layer = layers.EinsumDense(
            "nsci,scio->nsco" if i else "nsi,scio->nsco",
            output_shape=(*shape, units),
            bias_axes="sco",
            activation="relu" if units == 8 else None,  # logits at the end
            kernel_regularizer=L1L2OfEach(l1[i], l2[i]),
        )
        model.add(layer)
    model.set_weights([np.broadcast_to(a, shape + a.shape) for a in start])

    def summed(target, logits):
        label, weight = target[..., :1], target[..., 1:]  # (n, splits, 1)
        each = keras.losses.sparse_categorical_crossentropy(
            ops.repeat(label, shape[1], axis=2), logits, from_logits=True
        )
        return n * ops.sum(weight * each, axis=(1, 2))  # Keras divides by n

    weight = training / training.sum(axis=1, keepdims=True)
    target = np.stack([y.T, weight.T], axis=-1)  # (n, splits, 2)
    inputs = ((X - mean) / deviation).swapaxes(0, 1)
    rows = tf.data.Dataset.from_tensors((inputs, target)).repeat()
    model.compile(
        keras.optimizers.Adam(0.01),
        summed,
        steps_per_execution=50,
        jit_compile=True,
    )
    model.fit(rows, steps_per_epoch=200, shuffle=False, verbose=0)

    def losses_of(X, y):
        logits = model(((X - mean) / deviation).swapaxes(0, 1)).numpy()
        margin = logits[..., 1] - logits[..., 0]  # (m, splits, pairs)
        signed = np.where(y.T[..., None] == 1, -margin, margin)
        return np.logaddexp(0, signed).transpose(1, 2, 0)

    return losses_of


def splits_of(y):
    """Return bools (6, n): five folds' training rows, then all rows."""
    training = np.ones((6, len(y)), dtype=bool)
    for fold, (_, held_out) in enumerate(folds.split(y, y)):
        training[fold, held_out] = False
    return training


def fold_losses(losses, training):
    """Return the mean loss (5, pairs) of each fold on what it held out."""
    return np.stack(
        [losses[f][:, ~training[f]].mean(axis=1) for f in range(5)]
    )


factors = [0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
grid = np.array(list(product(factors, factors)))  # (49, 2)
training = splits_of(y_own)  # (6, 200)
X_six, y_six = np.tile(X_own, (6, 1, 1)), np.tile(y_own, (6, 1))
losses_of = train_together(X_six, y_six, training, *grid.T)
held_out = fold_losses(losses_of(X_six, y_six), training)  # (5, 49)

# %% [markdown]
# Does the fast form give what the plain form gave? The means of the search
# above, and the three validation losses with a penalty before it, once more.

# %% tags=["check"]
together = held_out.reshape(5, 7, 7)  # folds, l1, l2
pairs_of = [0, 3], [0, 4]  # where 0 and 0.01, 0 and 0.03 stand in `factors`
means = together[:, 0, 3:5].mean(axis=0)
firsts = together[0][np.ix_(*pairs_of)].ravel()
apart = np.abs([*(means - searched), *(firsts - single)[1:]]).max()
print(f"largest difference: {apart:.4f}")

# %% [markdown]
# The grid begins near the largest useful `l1` of a model without hidden
# layers.

# %% tags=["largest"]
X_all = StandardScaler().fit_transform(X_own)
slopes = X_all.T @ (y_own - y_own.mean()) / len(y_own)
print(f"largest useful l1 of a sigmoid unit: {np.abs(slopes).max():.2f}")

# %% [markdown]
# ## The validation curve
#
# Mean and standard error of the loss over the five folds, for L1 alone and
# for L2 alone. The last lines apply the rule of one standard error.

# %% tags=["curve"]
mean = held_out.mean(axis=0)  # (49,)
error = held_out.std(axis=0, ddof=1) / np.sqrt(5)
kind = np.array(["none", "L2", "L1", "both"])[(grid > 0) @ [2, 1]]
chosen = {}
figure, axes = plt.subplots(figsize=(4.6, 3.2))
for name, style in {"L1": "C1s-", "L2": "C2^-"}.items():
    of = kind == name
    factor, m, e = grid[of].max(axis=1), mean[of], error[of]
    limit = m.min() + e[m.argmin()]
    chosen[name] = factor[m.argmin()], factor[m <= limit].max()
    axes.plot(factor, m, style, label=f"{name} alone")
    axes.fill_between(
        factor, m - e, m + e, color=style[:2], alpha=0.25, label="± one error"
    )
axes.axhline(limit, color="black", linestyle=":", label="limit of L2")
axes.set(
    xlabel="factor l1 or l2",
    ylabel="validation loss",
    xscale="log",
    ylim=(0, 1.6),
)
axes.legend(ncols=2)
figure.set_label(
    "Validation loss over the factor, mean of five folds with a band of one "
    "standard error. "
    + " ".join(
        f"{name}: {mean[kind == name][0]:.2f} at 0.001, lowest with "
        f"{mean[kind == name].min():.2f} at {lowest:g}, "
        f"{mean[kind == name][-1]:.2f} at 0.3."
        for name, (lowest, _) in chosen.items()
    )
)
plt.show()

# %% tags=["rule"]
print("penalty   lowest loss at   one standard error")
for name, (lowest, largest) in chosen.items():
    print(f"{name:<7}   {lowest:14g}   {largest:18g}")

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

# %% tags=["kinds"]
print("penalty      l1     l2   validation loss   above the lowest")
for name in ["none", "L1", "L2", "both"]:
    i = np.where(kind == name, mean, np.inf).argmin()
    above = held_out[:, i] - held_out[:, mean.argmin()]
    print(
        f"{name:<7}   {grid[i, 0]:5g}   {grid[i, 1]:4g}"
        f"   {f'{mean[i]:.3f} ± {error[i]:.3f}':>15}"
        f"   {above.mean():.3f} ± {above.std(ddof=1) / np.sqrt(5):.3f}"
    )

# %% [markdown]
# ## The test set, opened once
#
# L2 and both are tied, so we take L2, which has one factor less, at the
# factor with the lowest mean loss, and train on all 200 rows.

# %% tags=["test"]
final = make_pipeline(StandardScaler(), NetworkClassifier(l2=chosen["L2"][0]))
final.fit(X_own, y_own)
test_loss = log_loss(y_test, final.predict_proba(X_test))
print("rows          data loss   accuracy")
print(f"1,000 of test   {test_loss:7.3f}   {final.score(X_test, y_test):8.3f}")

# %% [markdown]
# ## How well the choice does on new rows
#
# The same with 20 more data sets of 200 rows, each with its five folds. The
# last four settings give the layers factors of their own, with a geometric
# mean of 0.03.

# %%
settings = np.array(
    [(0, 0)]
    + [(factor, 0) for factor in factors[1:]]
    + [(0, factor) for factor in factors[1:]]
    + list(product([0.001, 0.003, 0.01], [0.01, 0.03, 0.1]))
)  # (22, 2)
kind = np.array(["none", "L2", "L1", "both"])[(settings > 0) @ [2, 1]]
ratio = np.array([1 / 9, 1 / 3, 3, 9])
uneven = 0.03 * np.stack([ratio, ratio**0, 1 / ratio])  # (3, 4)
l1, l2 = np.repeat(settings.T[:, None], 3, axis=1)  # (3, 22) each
l1, l2 = np.c_[l1, 0 * uneven], np.c_[l2, uneven]  # (3, 26)
kind = np.append(kind, ["uneven"] * 4)

training = np.stack([splits_of(y) for y in y_more[:, :200]])  # (20, 6, 200)
X_120 = np.repeat(X_more[:, :200], 6, axis=0)  # (120, 200, 20)
y_120 = np.repeat(y_more[:, :200], 6, axis=0)
losses_of = train_together(X_120, y_120, training.reshape(120, 200), l1, l2)


def fresh_losses(losses_of, splits):
    """Return the mean loss (splits, pairs) on the fresh rows."""
    parts = []
    for X, y in zip(np.split(X_fresh, 4), np.split(y_fresh, 4)):
        losses = losses_of(np.tile(X, (splits, 1, 1)), np.tile(y, (splits, 1)))
        parts.append(losses.mean(axis=-1))
    return np.mean(parts, axis=0)


fresh = fresh_losses(losses_of, 120).reshape(20, 6, -1)
losses = losses_of(X_120, y_120).reshape(20, 6, -1, 200)
held_out = np.stack([fold_losses(*both) for both in zip(losses, training)])
mean = held_out.mean(axis=1)  # (20, 26)
error = held_out.std(axis=1, ddof=1) / np.sqrt(5)
refitted = fresh[:, 5]  # (20, 26), trained on all 200 rows


def best(scores, *kinds):
    """Return the setting (...) with the lowest score (..., 26)."""
    return np.where(np.isin(kind, kinds), scores, np.inf).argmin(axis=-1)


def pick(values, settings):
    """Return the values (20, ..., 26) of one setting (20, ...) each."""
    return np.take_along_axis(values, settings[..., None], -1)[..., 0]


def interval(values):
    """Return mean and half a 95% interval over data sets, as text."""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    words = f"{np.mean(values):.3f} ± {half:.3f}".replace("-", "−")
    return words.replace(" ", "\N{NO-BREAK SPACE}")


def compare(title, losses, against):
    """Print the losses (20,) by name, and their differences from one."""
    print(f"{title:<20}      fresh loss   minus {against}")
    for name, values in losses.items():
        minus = interval(values - losses[against])
        minus = "" if name == against else "   " + minus
        print(f"{name:<20}   {interval(values)}{minus or '   none'}")


# %% tags=["penalties"]
everything = ["none", "L1", "L2", "both"]
compare(
    "penalty",
    {name: pick(refitted, best(mean, name)) for name in everything},
    "L2",
)

# %% [markdown]
# Three ways of choosing the factor of L2. A single validation set of 40 rows
# is one fold, and each of the five plays it in turn.

# %% tags=["ways"]
lowest = best(mean, "L2")  # (20,)
limit = pick(mean, lowest) + pick(error, lowest)
allowed = (kind == "L2") & (mean <= limit[:, None])
one = best(held_out, "L2")  # (20, 5)
compare(
    "way",
    {
        "one validation set": np.take_along_axis(refitted, one, 1).mean(
            axis=1
        ),
        "five folds": pick(refitted, lowest),
        "one standard error": pick(refitted, (allowed * l2[0]).argmax(axis=1)),
        "best of the grid": pick(refitted, best(refitted, "L2")),
    },
    "five folds",
)

# %% [markdown]
# The loss of the winner of all settings where it won, and the loss of the same
# networks on fresh rows.

# %% tags=["optimism"]
print("winner of         won with      fresh loss   optimism")
by_fold, by_mean = best(held_out, *everything), best(mean, *everything)
for name, won, new in [
    (
        "one set",
        pick(held_out, by_fold).mean(axis=1),
        pick(fresh[:, :5], by_fold).mean(axis=1),
    ),
    (
        "five folds",
        pick(mean, by_mean),
        pick(fresh[:, :5].mean(axis=1), by_mean),
    ),
]:
    print(
        f"{name:<10}   {interval(won)}   {interval(new)}"
        f"   {interval(new - won)}"
    )

# %% [markdown]
# L2 with a factor of its own for each of the three layers, and with another
# factor for all.

# %% tags=["layers"]
of_l2 = {l2[0, i]: i for i in np.flatnonzero(kind == "L2")}
uneven = np.flatnonzero(kind == "uneven")
compare(
    "first to last layer",
    {
        f"{factor:g} in all": refitted[:, of_l2[factor]]
        for factor in (0.01, 0.03, 0.1)
    }
    | {
        " / ".join(f"{f:.2g}" for f in l2[:, i]): refitted[:, i]
        for i in uneven
    },
    "0.03 in all",
)

# %% [markdown]
# ## More rows, a smaller factor
#
# The network again, with L2 on 50 to 400 rows.

# %% tags=["rows"]
sizes = [50, 100, 200, 400]
finer = 0.01 * 10 ** (np.arange(6) / 4)
training = np.tile(np.arange(400) < np.reshape(sizes, (4, 1)), (20, 1))
X_80, y_80 = np.repeat(X_more, 4, axis=0), np.repeat(y_more, 4, axis=0)
losses_of = train_together(X_80, y_80, training, 0 * finer, finer)
by_size = fresh_losses(losses_of, 80).reshape(20, 4, 6).mean(axis=0)
print("rows   best l2   fresh loss")
for size, losses in zip(sizes, by_size):
    print(f"{size:<4}   {finer[losses.argmin()]:7.3f}   {losses.min():10.3f}")

# %% [markdown]
# Linear models, for which theory predicts by what the best factor is
# multiplied when one thing changes: the mean over 40 data sets each.


# %% tags=["laws"]
def best_factors(rows=200, features=50, noise=3.0, unit=1.0):
    """Return the best l2 of ridge and the best l1 of the lasso."""
    rng = np.random.default_rng(0)
    l2 = unit**2 * np.geomspace(0.001, 10, 97)
    l1 = unit * np.geomspace(0.1, 10, 49)
    dense, sparse = 0, 0  # squared distances of the weights from the true ones
    for _ in range(40):
        X = unit * rng.normal(size=(rows, features))
        errors = noise * rng.normal(size=rows)
        w = rng.normal(size=(features, 1)) / unit
        U, d, V = np.linalg.svd(X, full_matrices=False)
        aligned = d * (U.T @ (X @ w[:, 0] + errors))
        found = V.T @ (aligned[:, None] / (d[:, None] ** 2 + rows * l2))
        dense = dense + np.sum((found - w) ** 2, axis=0)
        w = np.where(np.arange(features) < 5, 3.0, 0.0)[:, None] / unit
        _, path, _ = lasso_path(X, X @ w[:, 0] + errors, alphas=l1 / 2)
        sparse = sparse + np.sum((path[:, ::-1] - w) ** 2, axis=0)
    return np.array([l2[dense.argmin()], l1[sparse.argmin()]])


base = best_factors()
print("change               ridge   predicted   lasso   predicted")
for name, change, ridge, lasso in [
    ("4 times the rows", {"rows": 800}, 1 / 4, 1 / 2),
    ("4 times the features", {"features": 200}, 1, 1.16),
    ("twice the noise", {"noise": 6.0}, 4, 2),
    ("a tenth of the unit", {"unit": 10.0}, 100, 10),
]:
    l2, l1 = best_factors(**change) / base
    print(f"{name:<20}   {l2:5.3g}   {ridge:9g}   {l1:5.2g}   {lasso:9g}")

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="choosing-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
