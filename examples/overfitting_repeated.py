# %% [markdown]
# # Overfitting, repeated
#
# Repeat the experiment of `overfitting.py` on 20 data sets, provoke other
# failures, and measure what helps. It runs in about thirty seconds. What
# each step means is in [the chapter](../docs/learn/overfitting.md#results).

# %%
import os
import tempfile
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
from keras.callbacks import LambdaCallback
from scipy.stats import t as student
from sklearn.datasets import make_classification

# %% [markdown]
# ## Twenty data sets with the same truth
#
# One call draws all rows, so that they share one truth; the informative
# features come first. The rows are dealt out to 20 data sets, each with 800
# rows to learn from, 500 to draw the validation curve and 1,000 to test.

# %%
SETS, FEATURES, INFORMATIVE = 20, 20, 5


def deal(flip_y=0.05, class_sep=1.0):
    """Return rows (2300, 20, 20) and classes −1, 1 (2300, 20) of 20 sets."""
    kind = {"n_informative": INFORMATIVE, "n_redundant": 0, "shuffle": False}
    noise = {"flip_y": flip_y, "class_sep": class_sep, "random_state": 2}
    X, y = make_classification(SETS * 2300, FEATURES, **kind, **noise)
    order = np.random.default_rng(0).permutation(len(y)).reshape(2300, SETS)
    return X[order].astype("float32"), 2 * y[order].astype("float32") - 1


def split(X, y, training, held_out=0):
    """Return {part: (X, y)}, standardized by each set's training rows."""
    X = (X - X[:training].mean(axis=0)) / X[:training].std(axis=0)
    parts = {"training": (0, training), "validation": (800, 1300)}
    parts["test"] = 1300, 2300
    if held_out:  # rows to choose a factor or an epoch with
        parts["held out"] = training, training + held_out
    return {part: (X[i:j], y[i:j]) for part, (i, j) in parts.items()}


# %% [markdown]
# ## Many networks in one fit
#
# `EinsumDense` gives each kernel a leading axis for the networks: one for
# each factor and data set. The losses are added up, and Adam treats each
# weight by itself, so each network is trained as if it were alone.


# %%
class L2Each(keras.regularizers.Regularizer):
    """L2 with a factor of its own for each network, the leading axis."""

    def __init__(self, l2):
        self.l2 = np.reshape(l2, (-1, 1, 1)).astype("float32")

    def __call__(self, kernel):
        return keras.ops.sum(self.l2 * kernel**2)


def summed(y, logit):
    """Return the cross-entropy of each row, summed over all networks."""
    return keras.ops.sum(keras.ops.softplus(-y * logit), axis=(1, 2))


def train(parts, l2=(0.0,), units=16, optimizer=None, updates=12):
    """Train a network for each factor and data set, for 20 epochs.

    Args:
        parts: {part: (X, y)} as from `split`, whose loss is noted.
        l2, units: factors, and hidden units of every network.
        optimizer: Adam at a learning rate of 0.009 unless given.
        updates: updates in an epoch, each with all training rows.

    Returns:
        {part: array (21, 2, factors, 20)}: data loss, accuracy by epoch.
    """
    many = len(l2)  # networks of each data set
    for part, (X, y) in parts.items():
        repeated = np.tile(X, (1, many, 1)), np.tile(y, (1, many))
        parts = {**parts, part: repeated}
    X, y = parts["training"]
    penalty = L2Each(np.repeat(l2, SETS))
    shared = {"bias_axes": "mo", "kernel_regularizer": penalty}
    shapes, rng = [(X.shape[2], units), (units, 1)], np.random.default_rng(0)
    model, weights = Sequential([layers.Input(X.shape[1:])]), []
    for (inputs, outputs), activation in zip(shapes, ["relu", None]):
        shape = many * SETS, outputs
        layer = layers.EinsumDense("nmi,mio->nmo", shape, activation, **shared)
        model.add(layer)
        kernel = rng.uniform(-1, 1, (SETS, inputs, outputs))  # as Keras does
        kernel *= np.sqrt(6 / (inputs + outputs))
        weights += [np.tile(kernel, (many, 1, 1)), np.zeros(shape)]
    model.set_weights(weights)
    noted = {part: [] for part in parts}

    def note(*_):
        for part, (X, y) in parts.items():
            margins = model(X).numpy()[..., 0] * y
            both = np.logaddexp(0, -margins), margins > 0  # loss, right or not
            noted[part].append(np.mean(both, axis=1).reshape(2, many, SETS))

    optimizer = optimizer or keras.optimizers.Adam(0.009)
    model.compile(optimizer, summed, steps_per_execution=updates)
    each = LambdaCallback(on_train_begin=note, on_epoch_end=note)
    batch = tf.data.Dataset.from_tensors((X, y[..., None])).repeat()
    run = {"epochs": 20, "steps_per_epoch": updates, "shuffle": False}
    model.fit(batch, **run, verbose=0, callbacks=[each])
    return {part: np.array(kept) for part, kept in noted.items()}


# %% [markdown]
# Seven factors on 150 rows. Besides the validation rows, three sets that
# mislead are watched: 200 rows of which 150 are copies of training rows (a
# leak), rows whose informative features are measured one deviation too high
# (a shift), and only 20 rows.

# %%
FACTORS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
GOOD, LARGE = FACTORS.index(0.03), FACTORS.index(0.3)
rows = deal()
small = split(*rows, training=150, held_out=50)
(X, y), (X_val, y_val) = small["training"], small["validation"]
small["leak"] = np.r_[X, X_val[:50]], np.r_[y, y_val[:50]]
small["shift"] = X_val + (np.arange(FEATURES) < INFORMATIVE), y_val
small["few"] = X_val[:20], y_val[:20]
by_factor = train(small, l2=FACTORS)

# %% [markdown]
# ## Capacity
#
# From 1 to 32 hidden units without a penalty, and 16 units with the seven
# factors. Line: median of 20 data sets. Band: the middle 16 of them.

# %% tags=["sweeps"]
UNITS = (1, 2, 4, 8, 16, 32)
fits = [train(split(*rows, training=150), units=units) for units in UNITS]
by_units = {
    part: np.concatenate([fit[part] for fit in fits], axis=2)
    for part in fits[0]
}


def draw(axes, x, values, label, style, color):
    """Draw the median over the last axis and a band of the middle 80%."""
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=-1)
    axes.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    axes.plot(x, middle, style, color=color, label=label)
    return middle


for title, name, settings, curves, color in [
    ("No penalty", "hidden units", UNITS, by_units, "C0"),
    ("L2, 16 units", "factor l2", FACTORS, by_factor, "C2"),
]:
    figure, axes = plt.subplots(figsize=(3.4, 2.8))
    places = np.arange(len(settings))
    fit, new = [
        draw(axes, places, curves[part][-1, 0], part + " rows", style, color)
        for part, style in [("training", "--"), ("validation", "-")]
    ]
    axes.set(title=title, xlabel=name, ylabel="data loss", ylim=(0, 1.5))
    axes.set_xticks(places, [f"{setting:g}" for setting in settings])
    figure.legend(loc="outside upper left", ncols=2)
    figure.set_label(
        f"Data loss over {name}, from {settings[0]:g} to {settings[-1]:g}. "
        f"Training rows: from {fit[0]:.2f} to {fit[-1]:.2f}. Validation rows: "
        f"from {new[0]:.2f} to {new[-1]:.2f}, lowest with {new.min():.2f} at "
        f"{settings[new.argmin()]:g}."
    )
plt.show()

# %% [markdown]
# ## Labels full of noise
#
# 300 rows of an easier problem, in which three labels in ten are drawn at
# random. The lowest data loss that can be expected on new rows is known.

# %% tags=["floor"]
noisy = split(*deal(flip_y=0.3, class_sep=3.0), training=300)
by_noise = train(noisy, l2=FACTORS)
floor = -0.85 * np.log(0.85) - 0.15 * np.log(0.15)
means = {part: by_noise[part][-1].mean(axis=-1) for part in noisy}
print("factor          training loss   validation loss   validation accuracy")
for i, factor in enumerate(FACTORS):
    loss, (new, right) = means["training"][0, i], means["validation"][:, i]
    print(f"{factor:<13g}   {loss:13.3f}   {new:15.3f}   {right:19.3f}")
print(f"best possible               –   {floor:15.3f}   {0.85:19.3f}")

# %% [markdown]
# ## What helps, at equal numbers of labels
#
# To choose a factor or an epoch, some of the labelled rows are held out; then
# the network is trained again on all of them. The test rows serve only this
# table. After "±" stands half a 95% interval for the mean of 20 data sets.


# %% tags=["cures"]
def text(values, digits=2):
    """Return the mean over data sets, ± half of its 95% interval, as text."""
    half = student.ppf(0.975, SETS - 1) * values.std(ddof=1) / SETS**0.5
    words = f"{values.mean():.{digits}f} ± {half:.{digits}f}"
    return words.replace("-", "−").replace(" ", "\N{NO-BREAK SPACE}")


def on_test(curves, epoch, setting):
    """Return test loss and accuracy (2, data sets) of one choice for each."""
    return curves["test"][epoch, :, setting, np.arange(SETS)].T


held_out = by_factor["held out"][:, 0]  # (21, factors, data sets)
chosen_factor = held_out[-1].argmin(axis=0)
chosen_epoch = held_out[:, 0].argmin(axis=0)
again = train(split(*rows, training=200), l2=FACTORS)
five = train(split(rows[0][..., :INFORMATIVE], rows[1], training=200))
more = train(split(*rows, training=600, held_out=200), l2=FACTORS)
more_factor = more["held out"][-1, 0].argmin(axis=0)
more_again = train(split(*rows, training=800), l2=FACTORS)
nothing = on_test(again, -1, 0)
cures = {
    "nothing": (200, nothing),
    "L2": (200, on_test(again, -1, chosen_factor)),
    "early stopping": (200, on_test(again, chosen_epoch, 0)),
    "five features": (200, on_test(five, -1, 0)),
    "more rows": (800, on_test(more_again, -1, 0)),
    "more rows and L2": (800, on_test(more_again, -1, more_factor)),
}
print("what is done       labels     test loss   test accuracy")
for name, (labels, (loss, accuracy)) in cures.items():
    right = text(accuracy, 3)
    print(f"{name:<16}   {labels:>6}   {text(loss):>11}   {right:>13}")

# %% [markdown]
# Against the network for which nothing is done, data set by data set:

# %% tags=["gains"]
print("what is done       test loss lower by   test accuracy higher by")
for name, (_, (loss, accuracy)) in list(cures.items())[1:]:
    lower, higher = text(nothing[0] - loss), text(accuracy - nothing[1], 3)
    print(f"{name:<16}   {lower:>18}   {higher:>23}")

# %% tags=["chosen"]
counts = np.bincount(chosen_factor, minlength=len(FACTORS))
times = [f"{f:g} ({c})" for f, c in zip(FACTORS, counts) if c]
print(f"factors chosen: {', '.join(times)}")

# %% [markdown]
# ## The failures side by side
#
# Training dashed, validation solid; grey without a penalty, blue with L2.
# "Rate too large" is gradient descent at a rate of 10, update by update.


# %% tags=["panels"]
def panel(title, curves, setting, color, part="validation", end=20):
    """Draw the data loss of one setting over the epochs, and say it."""
    figure, axes = plt.subplots(figsize=(1.75, 2.0))
    said, epochs, step = [], np.arange(end + 1), (end + 1) // 4
    for name, style in [("training", "--"), (part, "-")]:
        loss = curves[name][: end + 1, 0, setting]
        name = "training" if name == "training" else "validation"
        middle = draw(axes, epochs, loss, name, style, color)
        said.append(f"{name} {', '.join(f'{m:.2f}' for m in middle[::step])}")
    axes.set(title=title, xlabel="epoch", ylabel="data loss", ylim=(0, 1.5))
    low, high = np.quantile(loss[-1], [0.1, 0.9])
    figure.set_label(
        f"{title}, from 0 to {end} in steps of {step}: {'; '.join(said)}; "
        f"band at the end {low:.2f} to {high:.2f}."
    )
    return axes


panel("Overfitting", by_factor, 0, "C0")
panel("A good fit", by_factor, GOOD, "C2")
panel("Underfitting", by_factor, LARGE, "C2")
panel("Stopped too early", by_factor, GOOD, "C2", end=3)
descent = keras.optimizers.SGD(10.0)
jumping = train(small, l2=(0.03,), optimizer=descent, updates=1)
axes = panel("Rate too large", jumping, 0, "C2")
axes.set(xlabel="update", yscale="log", ylim=(0.1, 1000))
panel("Label noise", by_noise, GOOD, "C2")
panel("Few rows", by_factor, GOOD, "C2", part="few")
axes = panel("A leak", by_factor, 0, "C0", part="leak")
sound = np.median(by_factor["validation"][:, 0, 0], axis=-1)
axes.plot(np.arange(21), sound, "k:", label="new rows")
panel("A shift", by_factor, GOOD, "C2", part="shift")
plt.show()

# %% [markdown]
# ## Curves without names
#
# Four more networks, for an exercise.

# %% tags=["unnamed"]
panel("A", by_units, UNITS.index(8), "C0")
panel("B", by_factor, FACTORS.index(0.1), "C2", end=3)
panel("C", by_factor, FACTORS.index(0.01), "C2", part="shift")
panel("D", by_factor, LARGE, "C2")
plt.show()

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="overfitting-repeated-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
