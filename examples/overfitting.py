# %% [markdown]
# # Recognizing overfitting
#
# Make networks overfit on purpose, watch the curves, compare them with the
# curves of other failures, and measure four cures. It runs in about twenty
# seconds. What each step means is in
# [the chapter](../docs/learn/overfitting.md).

# %%
import os
import tempfile
from math import comb
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
from keras import Sequential, layers
from scipy.optimize import linprog
from scipy.stats import t as student
from sklearn.datasets import make_classification

# %% [markdown]
# ## Random labels, fitted
#
# 30 rows of random numbers with random labels: there is nothing to learn.
# How often does a straight line, or a plane, or its like in $p$ dimensions,
# separate the two classes without a single error? Linear programming decides,
# and Cover's formula (1965) counts.

# %% tags=["random"]
n = 30
rng = np.random.default_rng(0)
offered = [5, 10, 14, 20, 29]


def separable(X, y):
    """Return whether weights and a bias exist with the right sign on all rows.

    Args:
        X: array (n, p).
        y: array (n,) of 0 and 1.
    """
    signed = np.where(y == 1, 1, -1)[:, None] * np.c_[X, np.ones(len(X))]
    # are there weights with signed @ weights >= 1? (nothing to minimize)
    result = linprog(
        np.zeros(signed.shape[1]),
        -signed,
        -np.ones(len(X)),
        bounds=(None, None),
    )
    return result.status == 0  # 2 would say: there are none


def share_separable(n, p):
    """Return the share of the 2^n labelings that a plane separates (Cover)."""
    return sum(comb(n - 1, k) for k in range(p + 1)) / 2 ** (n - 1)


found = [
    np.mean(
        [
            separable(rng.normal(size=(n, p)), rng.integers(0, 2, n))
            for repetition in range(60)
        ]
    )
    for p in offered
]
print("features   separated   by the formula")
for p, share in zip(offered, found):
    print(f"{p:<8}   {share:9.0%}   {share_separable(n, p):14.0%}")

# %% [markdown]
# ## Least squares, where everything can be computed
#
# The truth is $w = (3, -4)$, plus noise of variance 25. A linear model is
# offered $p$ features: the two true ones first, then features that mean
# nothing. With more features than rows, of all weights that fit, the
# shortest are taken.

# %% tags=["squares"]
true_weights, variance = np.array([3.0, -4.0]), 25.0


def expected_errors(p):
    """Return the expected mean squared error (training, new rows)."""
    left_out = np.sum(true_weights[p:] ** 2)  # acts as more noise
    noise = variance + left_out
    if p < n - 1:
        return noise * (1 - p / n), noise * (1 + p / (n - p - 1))
    if p > n + 1:
        lost = np.sum(true_weights**2) * (1 - n / p)
        return 0.0, variance * (1 + n / (p - n - 1)) + lost
    return 0.0, np.inf


def simulated_errors(p, data_sets=300):
    """Return the mean over data sets of (training, new rows) errors."""
    width = max(p, 2)
    w = np.zeros(width)
    w[:2] = true_weights
    X = rng.normal(size=(data_sets, n, width))
    y = X @ w + rng.normal(0, variance**0.5, (data_sets, n))
    fitted = np.zeros((data_sets, width))
    if p:
        fitted[:, :p] = (np.linalg.pinv(X[..., :p]) @ y[..., None])[..., 0]
    training = np.mean((y - (X @ fitted[..., None])[..., 0]) ** 2)
    # on new rows: features are independent, with deviation 1
    return training, variance + np.mean(np.sum((fitted - w) ** 2, axis=1))


shown = [0, 1, 2, 5, 10, 15, 20, 24, 36, 40, 50, 60, 80, 120]
simulated = {p: simulated_errors(p) for p in shown}
print("features   training   by formula   new rows   by the formula")
for p in shown:
    (training, new), (training_, new_) = simulated[p], expected_errors(p)
    print(
        f"{p:<8}   {training:8.1f}   {training_:10.1f}   {new:8.1f}"
        f"   {new_:14.1f}"
    )

# %% tags=["peak"]
figure, axes = plt.subplots(figsize=(4.6, 3.2))
few, many = np.arange(0, n - 1), np.arange(n + 2, 121)
axes.plot(
    few, [expected_errors(p)[0] for p in few], "C0--", label="training rows"
)
axes.plot(few, [expected_errors(p)[1] for p in few], "k-", label="new rows")
axes.plot(many[::3], [expected_errors(p)[1] for p in many[::3]], "k-")
axes.plot(shown, [simulated[p][1] for p in shown], "ks", label="simulated")
axes.plot(shown[:8], [simulated[p][0] for p in shown[:8]], "C0o")
axes.axhline(variance, color="black", linewidth=0.8, linestyle=":")
axes.text(121, variance * 0.86, "noise", ha="right", va="top")
axes.set(
    xlabel="features p, for n = 30 rows",
    ylabel="mean squared error",
    yscale="log",
    ylim=(3, 1100),
)
axes.legend()
figure.set_label(
    f"Mean squared error of least squares over the number of features. "
    f"Training error falls from {expected_errors(0)[0]:.0f} towards 0 at 30 "
    f"features. Error on new rows falls to {expected_errors(2)[1]:.0f} at "
    f"the 2 true features, rises beyond all bounds near 30, and falls again "
    f"to {expected_errors(120)[1]:.0f} at 120. Simulated points lie on the "
    f"curves."
)
plt.show()

# %% [markdown]
# ## Twenty data sets with the same truth
#
# 20 features, of which the first five are informative. One call draws all
# rows, so that they share one truth; they are then dealt out to 20 training
# sets of 600 rows, to be used in part or in full, and to validation and test
# rows. Whatever depends on the luck of the draw can now be seen.

# %% tags=["data"]
SEEDS, FEATURES = 20, 20


def deal(flip_y, class_sep, most):
    """Return 20 training sets, one validation and one test set.

    Returns:
        ((most, 20, 20), (most, 20)): rows, data sets, features; the classes.
        ((500, 20), (500,)): the validation rows.
        ((1000, 20), (1000,)): the test rows.
    """
    X, y = make_classification(
        n_samples=SEEDS * most + 1500,
        n_features=FEATURES,
        n_informative=5,
        n_redundant=0,
        flip_y=flip_y,
        class_sep=class_sep,
        shuffle=False,  # the informative features stay in the first columns
        random_state=2,
    )
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order].astype("float32"), y[order].astype("float32")
    end = SEEDS * most
    X_train = X[:end].reshape(SEEDS, most, FEATURES).swapaxes(0, 1)
    y_train = y[:end].reshape(SEEDS, most).T
    validation = X[end : end + 500], y[end : end + 500]
    return (X_train, y_train), validation, (X[end + 500 :], y[end + 500 :])


def standardized(X_train, *others):
    """Return rows scaled by each data set's own training rows.

    Args:
        X_train: array (rows, data sets, features).
        others: arrays (rows, features), the same for every data set.
    """
    mean, deviation = X_train.mean(axis=0), X_train.std(axis=0)
    scaled = [(X[:, None] - mean) / deviation for X in others]
    return [(X_train - mean) / deviation, *scaled]


(X_600, y_600), (X_new, y_validation), (X_newer, y_test) = deal(
    flip_y=0.05, class_sep=1.0, most=600
)
y_train = y_600[:150]
X_train, X_validation, X_test = standardized(X_600[:150], X_new, X_newer)
print("set          rows   data sets   features")
print("training    {:5}   {:9}   {:8}".format(*X_train.shape))
print("validation  {:5}   {:9}   {:8}".format(*X_validation.shape))
print("test        {:5}   {:9}   {:8}".format(*X_test.shape))

# %% [markdown]
# ## Many networks in one fit
#
# Every array gets an axis of models. `EinsumDense` multiplies each model's
# rows by its own kernel, the losses are summed, and as Adam treats each
# weight by itself, each network trains as if it were alone. A callback notes
# the data loss and the accuracy of each network after every epoch, without
# the penalty, on the training and on the validation rows.


# %%
class L2Each(keras.regularizers.Regularizer):
    """L2 with a factor of its own for each model on the first axis."""

    def __init__(self, l2):
        self.l2 = np.reshape(l2, (-1, 1, 1)).astype("float32")

    def __call__(self, kernels):
        return keras.ops.sum(self.l2 * kernels**2)


class Curves(keras.callbacks.Callback):
    """Notes data loss and accuracy of each model before and after epochs."""

    def __init__(self, watched):
        super().__init__()
        self.watched = watched  # {name: (X, y)}
        self.noted = {name: [] for name in watched}

    def on_train_begin(self, logs=None):
        self.on_epoch_end(-1)

    def on_epoch_end(self, epoch, logs=None):
        for name, (X, y) in self.watched.items():
            margins = self.model(X).numpy()[..., 0] * np.where(y == 1, 1, -1)
            loss = np.logaddexp(0, -margins).mean(axis=0)  # cross-entropy
            accuracy = (margins > 0).mean(axis=0)
            self.noted[name].append([loss, accuracy])


def first_weights(widths, units):
    """Return first weights of networks with `widths` of `units` switched on.

    A unit that starts with zeros gets no gradient through ReLU at zero, so
    it stays switched off.
    """
    rng = np.random.default_rng(1)
    models = len(widths)
    on = np.arange(units) < np.reshape(widths, (-1, 1))  # (models, units)
    widths = np.reshape(widths, (-1, 1, 1))
    kernel = rng.uniform(-1, 1, (SEEDS, FEATURES, 32))[..., :units]
    output = rng.uniform(-1, 1, (SEEDS, 32, 1))[:, :units]
    settings = (models // SEEDS, 1, 1)  # the same start in every setting
    kernel = np.tile(kernel, settings) * np.sqrt(6 / (FEATURES + widths))
    output = np.tile(output, settings) * np.sqrt(6 / (widths + 1))
    zeros = [np.zeros((models, units)), np.zeros((models, 1))]
    return [kernel * on[:, None], zeros[0], output * on[..., None], zeros[1]]


def train(
    X, y, watched, widths=16, l2=0.0, epochs=20, updates=12, optimizer=None
):
    """Train one network for each setting and data set, all at once.

    Args:
        X: array (rows, models, features), models = settings times data sets.
        y: array (rows, models).
        watched: {name: (X, y)}, rows whose loss is noted.
        widths, l2: hidden units and factor, numbers or one for each model.
        epochs, updates: an epoch is so many updates, each with all rows.
        optimizer: Adam at a learning rate of 0.009 unless given.

    Returns:
        {name: array (epochs + 1, 2, settings, data sets)}: loss, accuracy.
    """
    models = X.shape[1]
    widths = np.broadcast_to(widths, models)
    units = int(widths.max())
    penalty = L2Each(np.broadcast_to(l2, models))
    model = Sequential(
        [
            layers.Input((models, FEATURES)),
            layers.EinsumDense(
                "nmi,mio->nmo",
                (models, units),
                bias_axes="mo",
                activation="relu",
                kernel_regularizer=penalty,
            ),
            layers.EinsumDense(  # no sigmoid: the loss takes it in
                "nmi,mio->nmo",
                (models, 1),
                bias_axes="mo",
                kernel_regularizer=penalty,
            ),
        ]
    )
    model.set_weights(first_weights(widths, units))

    def summed(y, margin):  # over models; Keras takes the mean over both
        loss = keras.losses.binary_crossentropy(y, margin, from_logits=True)
        return models * loss

    model.compile(
        optimizer or keras.optimizers.Adam(0.009),
        loss=summed,
        steps_per_execution=updates,
    )
    rows = tf.data.Dataset.from_tensors((X, y[..., None])).repeat()
    curves = Curves(watched)
    model.fit(
        rows,
        epochs=epochs,
        steps_per_epoch=updates,
        shuffle=False,
        verbose=0,
        callbacks=[curves],
    )
    return {
        name: np.reshape(noted, (epochs + 1, 2, -1, SEEDS))
        for name, noted in curves.noted.items()
    }


# %% [markdown]
# ## A penalty, and the epochs
#
# 16 hidden units on 150 rows, without a penalty and with six factors. One
# more setting gets the five informative features only: the others are zero.


# %% tags=["trained"]
def for_each(settings, *arrays):
    """Repeat the models of each array (rows, data sets, ...) for settings."""
    times = [(1, settings) + (1,) * (array.ndim - 2) for array in arrays]
    return [np.tile(array, time) for array, time in zip(arrays, times)]


factors = np.array([0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3])
settings = len(factors) + 1
X, y, X_val, X_te = for_each(settings, X_train, y_train, X_validation, X_test)
for array in (X, X_val, X_te):
    array[:, -SEEDS:, 5:] = 0.0  # the last setting sees five features
y_val, y_te = y_validation[:, None], y_test[:, None]
by_factor = train(
    X,
    y,
    {"training": (X, y), "validation": (X_val, y_val), "test": (X_te, y_te)},
    l2=np.repeat([*factors, 0.0], SEEDS),
)
print(f"networks trained at once: {settings * SEEDS}")

# %% [markdown]
# ## The curves of an overfitted network
#
# Line: the median of 20 data sets. Band: the middle 16 of them.

# %%
TRAINING = {"color": "C0", "linestyle": "--"}
VALIDATION = {"color": "black", "linestyle": "-"}


def draw(axes, x, values, label, color, linestyle):
    """Draw the median over the last axis and a band of the middle 80 %."""
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=-1)
    axes.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    axes.plot(x, middle, color=color, linestyle=linestyle, label=label)


# %% tags=["curves"]
epochs = np.arange(21)
parts = [("training", TRAINING), ("validation", VALIDATION)]
for measure, name in enumerate(["data loss", "accuracy"]):
    figure, axes = plt.subplots(figsize=(3.4, 2.8))
    for part, style in parts:
        draw(axes, epochs, by_factor[part][:, measure, 0], part, **style)
    axes.set(xlabel="epoch", ylabel=name)
    axes.legend()
    ends = {
        part: np.median(by_factor[part][-1, measure, 0]) for part, _ in parts
    }
    best = np.median(by_factor["validation"][:, measure, 0], axis=-1)
    best = best.min() if measure == 0 else best.max()
    figure.set_label(
        f"{name.capitalize()} over 20 epochs, median and band of 20 data "
        f"sets. On the training rows it ends at {ends['training']:.2f}. On "
        f"the validation rows its best is {best:.2f}, and it ends at "
        f"{ends['validation']:.2f}."
    )
plt.show()


# %% tags=["moments"]
def interval(values):
    """Return mean and half width of its 95 % interval over data sets."""
    spread = values.std(ddof=1) / len(values) ** 0.5
    return values.mean(), student.ppf(0.975, len(values) - 1) * spread


def text(values, digits=2):
    """Return mean and interval over data sets as text that does not break."""
    mean, half = interval(values)
    words = f"{mean:.{digits}f} ± {half:.{digits}f}".replace("-", "−")
    return words.replace(" ", "\N{NO-BREAK SPACE}")


free_training = by_factor["training"][:, :, 0]  # (epochs, 2, data sets)
free = by_factor["validation"][:, :, 0]
best_epoch = free[:, 0].argmin(axis=0)  # of the validation loss
sets = np.arange(SEEDS)
print("moment           training loss   validation loss   accuracy")
for name, at in [
    ("before", 0 * best_epoch),
    ("best epoch", best_epoch),
    ("last epoch", 0 * best_epoch + 20),
]:
    print(
        f"{name:<12}   {text(free_training[at, 0, sets]):>15}"
        f"   {text(free[at, 0, sets]):>15}   {text(free[at, 1, sets], 3)}"
    )

# %% tags=["best"]
print(f"median of the best epochs: {np.median(best_epoch):.0f}")

# %% [markdown]
# ## Capacity
#
# From 1 to 32 hidden units, without a penalty, on 150 rows.

# %% tags=["capacity"]
widths = [1, 2, 4, 8, 16, 32]
X, y, X_val = for_each(len(widths), X_train, y_train, X_validation)
by_width = train(
    X,
    y,
    {"training": (X, y), "validation": (X_val, y_val)},
    widths=np.repeat(widths, SEEDS),
)
print(
    "units   training loss   validation loss   training accuracy"
    "   validation accuracy"
)
for i, width in enumerate(widths):
    last = {part: by_width[part][-1, :, i] for part, _ in parts}
    print(
        f"{width:<5}   {text(last['training'][0]):>13}"
        f"   {text(last['validation'][0]):>15}"
        f"   {text(last['training'][1], 3):>17}"
        f"   {text(last['validation'][1], 3):>19}"
    )

# %% tags=["widths"]
for measure, name in enumerate(["data loss", "accuracy"]):
    figure, axes = plt.subplots(figsize=(3.4, 2.8))
    for part, style in parts:
        draw(axes, widths, by_width[part][-1, measure], part, **style)
    axes.set(xlabel="hidden units", ylabel=name, xscale="log")
    axes.set_xticks(widths, [str(width) for width in widths])
    axes.minorticks_off()
    if measure == 0:
        axes.set_ylim(0, 2)  # room for the legend
    axes.legend(loc="upper left" if measure == 0 else "center right")
    medians = {
        part: np.median(by_width[part][-1, measure], axis=-1)
        for part, _ in parts
    }
    figure.set_label(
        f"{name.capitalize()} after 20 epochs over the number of hidden "
        f"units, 1 to 32, median and band of 20 data sets. Training rows: "
        f"{medians['training'][0]:.2f} with 1 unit, "
        f"{medians['training'][-1]:.2f} with 32. Validation rows: "
        f"{medians['validation'][0]:.2f}, {medians['validation'][2]:.2f} "
        f"with 4 units, {medians['validation'][-1]:.2f} with 32."
    )
plt.show()

# %% [markdown]
# Paired by data set: what do 32 units change against 1 and against 4?

# %% tags=["pairs"]
print("comparison        validation loss   validation accuracy")
last = by_width["validation"][-1]  # (2, widths, data sets)
for more, less in [(2, 0), (5, 0), (5, 2)]:
    change = last[:, more] - last[:, less]
    name = f"{widths[more]} against {widths[less]}"
    print(f"{name:<15}   {text(change[0]):>15}   {text(change[1], 3):>19}")

# %% [markdown]
# ## Four times as many rows
#
# The same network without a penalty on 600 rows of the same problem.

# %% tags=["rows"]
X, X_val, X_te = standardized(X_600, X_new, X_newer)
by_rows = train(
    X,
    y_600,
    {
        "training": (X, y_600),
        "validation": (X_val, y_val),
        "test": (X_te, y_te),
    },
)
print("rows   training loss   validation loss")
for rows, curves in [(150, by_factor), (600, by_rows)]:
    last = {part: curves[part][-1, 0, 0] for part, _ in parts}
    print(
        f"{rows:<4}   {text(last['training']):>13}"
        f"   {text(last['validation']):>15}"
    )

# %% [markdown]
# ## Labels full of noise
#
# 300 rows of an easier problem, in which three labels in ten are drawn at
# random. Half of those happen to be right, so that no model can be right
# more often than 85 %, and the best data loss is known too.

# %% tags=["floor"]
flip_y = 0.3
(X, y), *others = deal(flip_y, class_sep=3.0, most=300)
X, *X_others = standardized(X, *(rows for rows, _ in others))
X_val = np.concatenate(X_others)  # validation and test rows, 1500
y_noisy = np.concatenate([classes for _, classes in others])[:, None]
by_noise = train(
    X, y, {"training": (X, y), "validation": (X_val, y_noisy)}, l2=0.03
)
wrong = flip_y / 2
floor = -wrong * np.log(wrong) - (1 - wrong) * np.log(1 - wrong)
print("rows            data loss   accuracy")
print(f"best possible   {floor:9.3f}   {1 - wrong:8.3f}")
for part, _ in parts:
    loss, accuracy = by_noise[part][-1, :, 0]
    print(f"{part:<13}   {loss.mean():9.3f}   {accuracy.mean():8.3f}")

# %% [markdown]
# ## The factor
#
# Data loss after 20 epochs over the factor $\lambda_2$: too little penalty on
# the left, too much on the right.

# %% tags=["factors"]
print("factor   training loss   validation loss   validation accuracy")
for i, factor in enumerate(factors):
    last = {part: by_factor[part][-1, :, i] for part, _ in parts}
    print(
        f"{factor:<6g}   {text(last['training'][0]):>13}"
        f"   {text(last['validation'][0]):>15}"
        f"   {text(last['validation'][1], 3):>19}"
    )

# %% tags=["valley"]
figure, axes = plt.subplots(figsize=(4.6, 3.0))
places = np.arange(len(factors))
last = {part: by_factor[part][-1, 0, :-1] for part, _ in parts}
draw(axes, places, last["training"], "training", "C2", "--")
draw(axes, places, last["validation"], "validation", "C2", "-")
axes.axhline(np.log(2), color="black", linewidth=0.8, linestyle=":")
axes.text(3.4, np.log(2) + 0.03, "guessing")
axes.set_xticks(places, [f"{factor:g}" for factor in factors])
axes.set(xlabel="factor l2", ylabel="data loss", ylim=(0, None))
axes.legend()
medians = {part: np.median(last[part], axis=-1) for part in last}
figure.set_label(
    f"Data loss over the factor l2, median and band of 20 data sets. On the "
    f"training rows it rises from {medians['training'][0]:.2f} without a "
    f"penalty to {medians['training'][-1]:.2f} at 0.3. On the validation "
    f"rows it falls from {medians['validation'][0]:.2f} to "
    f"{medians['validation'].min():.2f} at a factor of "
    f"{factors[medians['validation'].argmin()]:g} and rises to "
    f"{medians['validation'][-1]:.2f}."
)
plt.show()

# %% [markdown]
# ## Four cures
#
# Each against the same network without a cure. The factor and the epoch are
# chosen for each data set by its validation loss; the test rows only report.

# %% tags=["cures"]
val_loss = by_factor["validation"][-1, 0, :-1]  # (factors, data sets)
best_factor = val_loss.argmin(axis=0)


def reported(curves, epoch, setting):
    """Return (training loss, test loss, test accuracy), each (data sets,)."""
    training, test = curves["training"], curves["test"]
    return (
        training[epoch, 0, setting, sets],
        test[epoch, 0, setting, sets],
        test[epoch, 1, setting, sets],
    )


cures = {
    "no cure": reported(by_factor, -1, 0),
    "600 rows": reported(by_rows, -1, 0),
    "five features": reported(by_factor, -1, -1),
    "L2": reported(by_factor, -1, best_factor),
    "early stopping": reported(by_factor, best_epoch, 0),
}
print(
    "network          training loss     test loss           gap"
    "   test accuracy"
)
for name, (training, test, accuracy) in cures.items():
    print(
        f"{name:<14}   {text(training):>13}   {text(test):>11}"
        f"   {text(test - training):>11}   {text(accuracy, 3):>13}"
    )

# %% tags=["gains"]
print(
    "cure             gap closed by   test loss lower by   accuracy higher by"
)
training, test, accuracy = cures["no cure"]
for name, (training_, test_, accuracy_) in list(cures.items())[1:]:
    closed = (test - training) - (test_ - training_)
    print(
        f"{name:<14}   {text(closed):>13}   {text(test - test_):>18}"
        f"   {text(accuracy_ - accuracy, 3):>18}"
    )

# %% tags=["chosen"]
counts = np.bincount(best_factor, minlength=len(factors))
times = [f"{f:g} ({c} times)" for f, c in zip(factors, counts) if c]
print(f"factors chosen: {', '.join(times)}")

# %% [markdown]
# ## Other failures
#
# Three more ways to go wrong, with networks trained as above. Gradient
# descent at a rate of 10, watched after every update. Validation sets of
# 20 rows, another 20 for each network. A leak: validation sets of 200 rows
# in which 150 are copies of training rows. A shift: in the validation rows
# the informative features are measured one deviation too high.

# %% tags=["jumps"]
good, large = factors.tolist().index(0.03), factors.tolist().index(0.3)
jumping = train(
    X_train,
    y_train,
    {
        "training": (X_train, y_train),
        "validation": (X_validation, y_val),
    },
    l2=factors[good],
    updates=1,
    optimizer=keras.optimizers.SGD(10.0),
)
print("update   median training loss")
for update in [0, 1, 2, 4, 8, 20]:
    loss = np.median(jumping["training"][update, 0, 0])
    print(f"{update:<6}   {loss:20,.1f}")

# %% tags=["misled"]
leaked = np.concatenate([X_train, X_validation[:50]])
y_leaked = np.concatenate([y_train, np.tile(y_val[:50], (1, SEEDS))])
shifted = X_validation + np.where(np.arange(FEATURES) < 5, 1.0, 0.0)
of_20 = np.arange(20)[:, None] + 20 * sets  # rows 0 to 19 for network 0, ...
few, y_few = X_validation[of_20, sets], y_validation[of_20]
X, y, X_leak, X_shift, X_few, y_leak, y_few = for_each(
    2, X_train, y_train, leaked, shifted, few, y_leaked, y_few
)
misled = train(
    X,
    y,
    {
        "leak": (X_leak, y_leak),
        "shift": (X_shift, y_val),
        "few": (X_few, y_few),
    },
    l2=np.repeat([0.0, factors[good]], SEEDS),
)
honest = {"leak": (0, 0), "shift": (1, good), "few": (1, good)}
print("validation rows   data loss   spread   500 sound rows   spread")
for name, (i, setting) in honest.items():
    loss = misled[name][-1, 0, i]
    sound = by_factor["validation"][-1, 0, setting]
    print(
        f"{name:<15}   {loss.mean():9.2f}   {loss.std(ddof=1):6.2f}"
        f"   {sound.mean():14.2f}   {sound.std(ddof=1):6.2f}"
    )

# %% [markdown]
# All of them side by side: training dashed, validation solid.

# %% tags=["panels"]
panels = [
    ("overfitting", by_factor, 0, by_factor, 0),
    ("a good fit", by_factor, good, by_factor, good),
    ("underfitting", by_factor, large, by_factor, large),
    ("stopped too early", by_factor, good, by_factor, good),
    ("rate too large", jumping, 0, jumping, 0),
    ("label noise", by_noise, 0, by_noise, 0),
    ("too few rows", by_factor, good, misled, 1),
    ("a leak", by_factor, 0, misled, 0),
    ("a shift", by_factor, good, misled, 1),
]
watched_as = {"too few rows": "few", "a leak": "leak", "a shift": "shift"}
for title, curves, setting, others, other in panels:
    figure, axes = plt.subplots(figsize=(1.75, 2.0))
    end = 4 if title == "stopped too early" else 21
    part = watched_as.get(title, "validation")
    training = curves["training"][:end, 0, setting]
    validation = others[part][:end, 0, other]
    draw(axes, epochs[:end], training, "training", **TRAINING)
    draw(axes, epochs[:end], validation, "validation", **VALIDATION)
    unit = "epoch"
    if title == "rate too large":
        axes.set(yscale="log")
        unit = "update"
    else:
        axes.set(ylim=(0, 1.3))
    about = ""
    if title == "label noise":
        axes.axhline(floor, color="black", linewidth=0.8, linestyle=":")
        about = f" A dotted line marks the floor, {floor:.2f}."
    if title == "a leak":
        sound = np.median(by_factor["validation"][:, 0, 0], axis=-1)
        axes.plot(epochs, sound, "k:", label="new rows")
        about = f" On new rows, dotted, it rises to {sound[-1]:.2f}."
    axes.set(title=title, xlabel=unit, ylabel="data loss")
    first, last = (
        [np.median(values[at]) for values in (training, validation)]
        for at in (0, -1)
    )
    low, high = np.quantile(validation[-1], [0.1, 0.9])
    figure.set_label(
        f"{title.capitalize()}: data loss over {end - 1} {unit}s. Training "
        f"from {first[0]:.2f} to {last[0]:.2f}, validation from "
        f"{first[1]:.2f} to {last[1]:.2f}, band at the end {low:.2f} to "
        f"{high:.2f}.{about}"
    )
plt.show()

# %% [markdown]
# ## One network at a time, as one usually trains it
#
# The first data set with two factors. `val_loss` contains the penalty; the
# metric does not.

# %% tags=["history"]
rows = tf.data.Dataset.from_tensors((X_train[:, 0], y_train[:, :1])).repeat()
held_out = tf.data.Dataset.from_tensors((X_validation[:, 0], y_val))
print("factor   val_loss   val_binary_crossentropy   penalty")
for factor in [0.003, 0.01]:
    keras.utils.set_random_seed(7)
    penalty = keras.regularizers.L2(factor)
    model = Sequential(
        [
            layers.Input((FEATURES,)),
            layers.Dense(16, "relu", kernel_regularizer=penalty),
            layers.Dense(1, "sigmoid", kernel_regularizer=penalty),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01),
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],
        steps_per_execution=20,
    )
    history = model.fit(
        rows,
        validation_data=held_out,
        epochs=5,
        steps_per_epoch=20,
        shuffle=False,
        verbose=0,
    )
    last = {name: values[-1] for name, values in history.history.items()}
    print(
        f"{factor:<6}   {last['val_loss']:8.2f}"
        f"   {last['val_binary_crossentropy']:23.2f}"
        f"   {float(sum(model.losses)):7.2f}"
    )

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="overfitting-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
