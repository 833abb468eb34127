# %% [markdown]
# # Choosing, repeated on 20 data sets
#
# Repeat the choice of [the chapter](../docs/learn/choosing.md) on 20 data
# sets, and measure on fresh rows how good it is. It runs in about half a
# minute.

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
from scipy import stats
from sklearn.datasets import make_classification
from sklearn.linear_model import lasso_path
from sklearn.model_selection import StratifiedKFold, train_test_split

# %% [markdown]
# ## The data
#
# The rows that follow those of [the first script](choosing.py), from the
# same problem: 20 data sets of 400 rows, of which most experiments use 200,
# and 2,000 fresh rows, which are the same for all data sets.

# %%
X, y = make_classification(
    n_samples=11_200,
    n_features=20,
    n_informative=5,
    n_redundant=0,
    flip_y=0.05,
    random_state=2,
)
X_sets = X[1200:9200].reshape(20, 400, 20)
y_sets = y[1200:9200].reshape(20, 400)
X_fresh, y_fresh = X[9200:], y[9200:]

# %% [markdown]
# ## All data sets, folds and settings in one fit
#
# As in the first script, but each split now has a data set of its own, and
# each layer may have factors of its own.


# %%
class L1L2OfEach(keras.regularizers.Regularizer):
    """L1L2 with factors of its own, (pairs,), for each pair."""

    def __init__(self, l1, l2):
        self.l1, self.l2 = np.float32(l1), np.float32(l2)

    def __call__(self, kernel):  # (splits, pairs, inputs, units)
        sizes = ops.sum(ops.abs(kernel), axis=(0, 2, 3))
        squares = ops.sum(ops.square(kernel), axis=(0, 2, 3))
        return ops.sum(self.l1 * sizes + self.l2 * squares)


def losses_of_rows(y, logs):
    """Return the loss (n, splits, pairs) of each row; y is (n, splits)."""
    return -ops.sum(np.eye(2)[y][:, :, None] * logs, axis=-1)


def train_together(X, y, training, l1, l2):
    """Train one network for each split and each setting.

    Args:
        X: array (n, splits, p), all rows of the data set of each split.
        y: array (n, splits), classes 0 and 1.
        training: bools (n, splits), the rows that a split trains on.
        l1, l2: factors (pairs,), or (3, pairs) with one row for each layer.

    Returns:
        validation losses (splits, pairs), of the rows that each split has
        not trained on, and fresh losses (splits, pairs).
    """
    n, splits, p = X.shape
    l1, l2 = (np.broadcast_to(f, (3, np.shape(f)[-1])) for f in (l1, l2))
    own = {"axis": 0, "where": training[..., None]}
    mean, deviation = X.mean(**own), X.std(**own)  # (splits, p)
    inputs = (X - mean) / deviation
    weight = (training / training.sum(axis=0))[..., None]

    keras.utils.set_random_seed(0)
    initial = keras.initializers.glorot_uniform
    kernels = [initial()(size) for size in [(p, 8), (8, 8), (8, 2)]]
    model = Sequential([layers.Input((splits, p))])
    for i, kernel in enumerate(kernels):
        layer = layers.EinsumDense(
            "nsci,scio->nsco" if i else "nsi,scio->nsco",
            output_shape=(splits, l1.shape[1], kernel.shape[1]),
            bias_axes="sco",
            activation="relu" if i < 2 else "log_softmax",
            kernel_regularizer=L1L2OfEach(l1[i], l2[i]),
        )
        model.add(layer)
        layer.kernel.assign(ops.broadcast_to(kernel, layer.kernel.shape))

    def summed(target, logs):
        return n * ops.sum(weight * losses_of_rows(y, logs), axis=(1, 2))

    rows = tf.data.Dataset.from_tensors((inputs, y)).repeat()
    fast = {"steps_per_execution": 50, "jit_compile": True}
    model.compile(keras.optimizers.Adam(0.01), summed, **fast)
    model.fit(rows, steps_per_epoch=200, shuffle=False, verbose=0)

    losses = losses_of_rows(y, model(inputs)).numpy()
    out = ~training / np.maximum(n - training.sum(axis=0), 1)
    held_out = np.sum(out[..., None] * losses, axis=0)
    fresh = 0
    for X_part, y_part in zip(np.split(X_fresh, 10), np.split(y_fresh, 10)):
        logs = model((X_part[:, None] - mean) / deviation)
        each = losses_of_rows(np.tile(y_part[:, None], splits), logs)
        fresh = fresh + ops.mean(each, axis=0).numpy() / 10
    return held_out, fresh


# %% [markdown]
# ## How well the choice does on new rows
#
# No penalty, six factors of L1, six of L2, and nine pairs. The last four
# settings give the layers factors of their own, with a geometric mean of
# 0.03. Each data set of 200 rows has six splits: five folds, and all rows.

# %%
factors = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
pairs = [(0, 0), *product(factors, [0]), *product([0], factors)]
pairs += product([0.001, 0.003, 0.01], [0.01, 0.03, 0.1])
pairs = np.array(pairs)  # (22, 2)
kind = np.array(["none", "L2", "L1", "both"])[(pairs > 0) @ [2, 1]]
ratio = np.array([0.1, 1 / 3, 3, 10])
uneven = 0.03 * np.stack([ratio, ratio**0, 1 / ratio])  # (3, 4)
l1, l2 = np.repeat(pairs.T[:, None], 3, axis=1)  # (3, 22) each
l1, l2 = np.c_[l1, 0 * uneven], np.c_[l2, uneven]  # (3, 26)
kind = np.append(kind, ["uneven"] * 4)

folds = StratifiedKFold(5, shuffle=True, random_state=0)
training = np.ones((200, 20, 6), dtype=bool)
for i, labels in enumerate(y_sets[:, :200]):
    for fold, (_, held_out) in enumerate(folds.split(labels, labels)):
        training[held_out, i, fold] = False


def repeated(times, size):
    """Return the first rows of each data set, several times in a row."""
    X = np.repeat(X_sets[:, :size], times, axis=0)
    y = np.repeat(y_sets[:, :size], times, axis=0)
    return X.swapaxes(0, 1), y.T


losses = train_together(*repeated(6, 200), training.reshape(200, 120), l1, l2)
held_out, fresh = (each.reshape(20, 6, 26) for each in losses)
held_out = held_out[:, :5]  # (20, 5, 26)
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
    """Print losses (20,) by name, and their differences from one of them."""
    print(f"{title:<20}   fresh loss      minus {against:<10}   higher in")
    for name, values in losses.items():
        minus = values - losses[against]
        shown = (interval(minus), f"{np.sum(minus > 0)} of 20")
        minus, higher = ("–", "–") if name == against else shown
        print(f"{name:<20}   {interval(values)}   {minus:<16}   {higher}")


# %% tags=["penalties"]
everything = ["none", "L1", "L2", "both"]
compare(
    "penalty",
    {name: pick(refitted, best(mean, name)) for name in everything},
    "L2",
)

# %% [markdown]
# A budget of 200 labels, divided into rows for training and rows for one
# validation set, five times for each data set. The network with the chosen
# factor is kept, or trained once more on all 200 rows.

# %% tags=["budget"]
sizes = [20, 40, 100, 160]  # of the validation set
training = np.ones((200, 20, 4, 5), dtype=bool)  # rows, sets, sizes, draws
for i, j, draw in np.ndindex(20, 4, 5):
    _, out = train_test_split(
        np.arange(200),
        test_size=sizes[j],
        stratify=y_sets[i, :200],
        random_state=draw,
    )
    training[out, i, j, draw] = False
training = training.reshape(200, 400)
of_l2, six = np.flatnonzero(kind == "L2"), np.array(factors)
losses = train_together(*repeated(20, 200), training, 0 * six, six)
winner, of_fresh = losses[0].argmin(axis=1), losses[1]  # (400,), (400, 6)
kept = pick(of_fresh, winner)
again = pick(np.repeat(refitted[:, of_l2], 20, axis=0), winner)
winner = winner.reshape(20, 4, 5)
kept, again = (v.reshape(20, 4, 5).mean(axis=2) for v in (kept, again))
print("train, validate   kept            trained again   again minus kept")
for j, size in enumerate(sizes):
    columns = kept[:, j], again[:, j], again[:, j] - kept[:, j]
    shown = "   ".join(interval(column) for column in columns)
    print(f"{f'{200 - size}, {size}':<15}   {shown}")

# %% [markdown]
# Three ways of choosing the factor of L2, each followed by a training on all
# 200 rows. One set is the division of above into 160 rows and 40.

# %% tags=["ways"]
lowest = best(mean, "L2")  # (20,)
limit = pick(mean, lowest) + pick(error, lowest)
allowed = (kind == "L2") & (mean <= limit[:, None])
compare(
    "way",
    {
        "one set": again[:, 1],
        "five folds": pick(refitted, lowest),
        "one-error rule": pick(refitted, (allowed * l2[0]).argmax(axis=1)),
    },
    "five folds",
)

# %% [markdown]
# How often is the chosen factor the best of the six on fresh rows?

# %% tags=["hits"]
truth = best(refitted, "L2")
one = of_l2[winner[:, 1]]  # (20, 5)
print("chosen by    best factor found")
print(f"one set      {np.mean(one == truth[:, None]):.0%}")
print(f"five folds   {np.mean(lowest == truth):.0%}")

# %% [markdown]
# The loss of the winner of all 22 settings where it won, and the loss of the
# same networks, trained on 160 rows, on fresh rows. Each of the five folds
# plays the single validation set in turn.

# %% tags=["optimism"]
by_fold, by_mean = best(held_out, *everything), best(mean, *everything)
of_folds = fresh[:, :5]  # (20, 5, 26)
winners = {
    "one set": (pick(held_out, by_fold), pick(of_folds, by_fold)),
    "five folds": (pick(mean, by_mean), pick(of_folds.mean(axis=1), by_mean)),
}
print("winner of    won with   fresh loss   optimism")
for name, (won, new) in winners.items():
    won, new = (v.reshape(20, -1).mean(axis=1) for v in (won, new))
    print(
        f"{name:<10}   {won.mean():8.3f}   {new.mean():10.3f}"
        f"   {interval(new - won)}"
    )

# %% [markdown]
# L2 with a factor of its own for each of the three layers, and with another
# factor for all.

# %% tags=["layers"]
losses = {
    f"{f:g}": refitted[:, of_l2[factors.index(f)]] for f in (0.01, 0.03, 0.1)
}
for i in np.flatnonzero(kind == "uneven"):
    losses[", ".join(f"{f:g}" for f in l2[:, i])] = refitted[:, i]
compare("factors", losses, "0.03")

# %% [markdown]
# ## More rows, a smaller factor
#
# The network again, with L2 on 50 to 400 rows.

# %% tags=["rows"]
sizes = [50, 100, 200, 400]
finer = 0.01 * 10 ** (np.arange(6) / 4)
training = np.arange(400)[:, None] < np.tile(sizes, 20)  # (400, 80)
_, losses = train_together(*repeated(4, 400), training, 0 * finer, finer)
by_size = losses.reshape(20, 4, 6)
print("rows   best l2   fresh loss   0.056 minus 0.018")
for size, losses in zip(sizes, by_size.swapaxes(0, 1)):  # (20, 6)
    m = losses.mean(axis=0)
    apart = interval(losses[:, 3] - losses[:, 1])
    print(f"{size:<4}   {finer[m.argmin()]:7.3f}   {m.min():10.3f}   {apart}")

# %% [markdown]
# Linear models, for which theory predicts by what the best factor is
# multiplied when one thing changes: the lowest mean squared error of the
# weights over 40 data sets. For the lasso five true weights are not zero, and
# these five are once 3 and once 0.3.


# %% tags=["laws"]
def best_factors(rows=200, features=50, noise=3.0, scale=1.0):
    """Return the best l2 of ridge, and the best l1 for weights 3 and 0.3."""
    rng = np.random.default_rng(0)
    l2 = scale**2 * np.geomspace(0.001, 10, 97)
    l1 = scale * np.geomspace(0.1, 10, 49)
    apart = [0, 0, 0]  # squared distances of the weights from the true ones
    for _ in range(40):
        X = scale * rng.normal(size=(rows, features))
        errors = noise * rng.normal(size=rows)
        w = rng.normal(size=(features, 1)) / scale
        U, d, V = np.linalg.svd(X, full_matrices=False)
        aligned = d * (U.T @ (X @ w[:, 0] + errors))
        found = V.T @ (aligned[:, None] / (d[:, None] ** 2 + rows * l2))
        apart[0] = apart[0] + np.sum((found - w) ** 2, axis=0)
        for i, size in enumerate([3.0, 0.3], start=1):
            w = np.where(np.arange(features) < 5, size / scale, 0.0)[:, None]
            _, path, _ = lasso_path(X, X @ w[:, 0] + errors, alphas=l1 / 2)
            apart[i] = apart[i] + np.sum((path[:, ::-1] - w) ** 2, axis=0)
    return np.array([f[a.argmin()] for f, a in zip([l2, l1, l1], apart)])


base = best_factors()
print("change         ridge   theory   lasso, 3   lasso, 0.3   in theory")
for name, change, ridge, lasso in [
    ("4 × rows", {"rows": 800}, 1 / 4, 1 / 2),
    ("4 × features", {"features": 200}, 1, 1.16),
    ("2 × noise", {"noise": 6.0}, 4, 2),
    ("unit / 10", {"scale": 10.0}, 100, 10),
]:
    l2, strong, weak = best_factors(**change) / base
    print(
        f"{name:<12}   {l2:5.3g}   {ridge:6g}   {strong:8.2g}   {weak:10.2g}"
        f"   {lasso:9g}"
    )

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="choosing-repeated-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
