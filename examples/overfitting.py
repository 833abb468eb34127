# %% [markdown]
# # Overfitting and how to recognize it
#
# <a id="recognizing-overfitting"></a>
# Train a network that overfits, compare its curves with those of other
# failures, and measure what helps. It runs in about twenty seconds. What
# each step means is in [the chapter](../docs/learn/overfitting.md).

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
from scipy.stats import t as student
from sklearn.datasets import make_classification

# %% [markdown]
# <a id="random-labels-fitted"></a>
# <a id="one-network-at-a-time-as-one-usually-trains-it"></a>
#
# ## One network
#
# 150 rows to train on, and 500 rows to validate. Five of the 20 features are
# informative. The network has no penalty, so `loss` is the data loss.

# %% tags=["one"]
keras.utils.set_random_seed(7)
X, y = make_classification(
    n_samples=650,
    n_features=20,
    n_informative=5,
    n_redundant=0,
    flip_y=0.05,
    random_state=2,
)  # (650, 20), (650,)
normalize = layers.Normalization()
normalize.adapt(X[:150])
model = Sequential(
    [normalize, layers.Dense(16, "relu"), layers.Dense(1, "sigmoid")]
)
model.compile(
    keras.optimizers.Adam(0.01),
    loss="binary_crossentropy",
    metrics=["accuracy"],
)
history = model.fit(
    X[:150],
    y[:150],
    validation_data=(X[150:], y[150:]),
    epochs=50,
    verbose=0,
).history
best = int(np.argmin(history["val_loss"]))
print("epoch   training loss   validation loss   validation accuracy")
for name, epoch in [("first", 0), ("best", best), ("last", -1)]:
    print(
        f"{name:<5}   {history['loss'][epoch]:13.2f}"
        f"   {history['val_loss'][epoch]:15.2f}"
        f"   {history['val_accuracy'][epoch]:19.1%}"
    )

# %% tags=["best"]
print(f"epoch with the lowest validation loss: {best + 1}")


# %% tags=["curves"]
def draw_both(name, label):
    """Draw one entry of `history` for training and validation rows."""
    training, validation = history[name], history["val_" + name]
    figure, axes = plt.subplots(figsize=(4.6, 2.6))
    epochs = np.arange(1, 51)
    axes.plot(epochs, training, "C0--", label="training rows")
    axes.plot(epochs, validation, "C0-", label="validation rows")
    axes.set(xlabel="epoch", ylabel=label)
    figure.legend(loc="outside upper left", ncols=2)
    figure.set_label(
        f"{label.capitalize()} over 50 epochs. On the training rows it goes "
        f"from {training[0]:.2f} to {training[-1]:.2f}. On the validation "
        f"rows it is {validation[0]:.2f} at first, {validation[best]:.2f} in "
        f"epoch {best + 1} and {validation[-1]:.2f} at the end."
    )
    plt.show()


draw_both("loss", "data loss")

# %% tags=["accuracies"]
draw_both("accuracy", "accuracy")

# %% [markdown]
# ## Least squares, where everything can be computed
#
# The truth is $w = (3, -4)$, plus noise of variance 25. A linear model is
# fitted to 30 rows with $p$ features: the two true ones first, then features
# without any meaning.

# %% tags=["peak"]
n, variance, true_weights = 30, 25.0, np.array([3.0, -4.0])
p = np.arange(26)  # features offered
noise = variance + np.array([np.sum(true_weights[k:] ** 2) for k in p])
training, new_rows = noise * (1 - p / n), noise * (1 + p / (n - p - 1))

figure, axes = plt.subplots(figsize=(4.6, 3.0))
axes.plot(p, training, "C0--", label="training rows")
axes.plot(p, new_rows, "C0-", label="new rows")
axes.axhline(variance, color="black", linestyle=":", label="noise variance")
axes.set(xlabel="features p", ylabel="expected squared error", ylim=(0, 160))
figure.legend(loc="outside upper left", ncols=3)
figure.set_label(
    f"Expected squared error of least squares on 30 rows over the number of "
    f"features. On the training rows it falls from {training[0]:.0f} to "
    f"{training[25]:.0f} at 25 features. On new rows it falls from "
    f"{new_rows[0]:.0f} to {new_rows[2]:.0f} at the 2 true features and "
    f"rises to {new_rows[25]:.0f} at 25."
)
plt.show()

# %% [markdown]
# ## Twenty data sets with the same truth
#
# One call draws all rows, so that they share one truth. They are dealt out
# to 20 data sets, each with 800 rows to learn from, 500 to draw the
# validation curve and 1,000 to test: no two data sets share a row.

# %%
SETS, FEATURES, INFORMATIVE = 20, 20, 5


def deal(flip_y=0.05, class_sep=1.0):
    """Return rows (2300, 20, 20) and classes −1, 1 (2300, 20) of 20 sets."""
    X, y = make_classification(
        n_samples=SETS * 2300,
        n_features=FEATURES,
        n_informative=INFORMATIVE,
        n_redundant=0,
        flip_y=flip_y,
        class_sep=class_sep,
        shuffle=False,  # the informative features stay in the first columns
        random_state=2,
    )
    order = np.random.default_rng(0).permutation(len(y)).reshape(2300, SETS)
    return X[order].astype("float32"), 2 * y[order].astype("float32") - 1


def split(X, y, training, held_out=0):
    """Return {part: (X, y)}, standardized by each set's training rows.

    Args:
        X, y: all rows, as `deal` returns them.
        training, held_out: rows to fit, and rows to choose a setting with.
    """
    mean, deviation = X[:training].mean(axis=0), X[:training].std(axis=0)
    X = (X - mean) / deviation
    ends = {
        "training": slice(training),
        "held out": slice(training, training + held_out),
        "validation": slice(800, 1300),
        "test": slice(1300, 2300),
    }
    return {part: (X[rows], y[rows]) for part, rows in ends.items()}


rows = deal()
small = split(*rows, training=150, held_out=50)

# %% [markdown]
# ## Many networks in one fit
#
# 20 data sets and 7 factors make 140 networks. Trained one after the other,
# each would spend most of its time on calls from Python. `EinsumDense` gives
# the kernel two axes more, one of settings and one of data sets, so that one
# call of `fit` trains all of them. The losses are added up, and because Adam
# treats each weight by itself, each network is trained as if it were alone.


# %%
class L2Each(keras.regularizers.Regularizer):
    """L2 with a factor of its own for each setting, the first axis."""

    def __init__(self, l2):
        self.l2 = np.reshape(l2, (-1, 1, 1, 1)).astype("float32")

    def __call__(self, kernel):
        return keras.ops.sum(self.l2 * kernel**2)


class Curves(keras.callbacks.Callback):
    """Notes each network's data loss and accuracy, before and after epochs."""

    def __init__(self, parts):
        super().__init__()
        self.parts = parts
        self.noted = {part: [] for part in parts}

    def on_train_begin(self, logs=None):
        self.on_epoch_end(-1)

    def on_epoch_end(self, epoch, logs=None):
        for part, (X, y) in self.parts.items():
            margins = self.model(X).numpy()[..., 0] * y[:, None]
            loss = np.logaddexp(0, -margins)  # the cross-entropy
            accuracy = margins > 0
            self.noted[part].append([loss.mean(axis=0), accuracy.mean(axis=0)])


def first_weights(features, units):
    """Return weights as Keras starts them, the same for every setting.

    Unwanted units start with zeros, which they keep: relu has no slope there.
    """
    most, rng = max(units), np.random.default_rng(0)
    units = np.reshape(units, (-1, 1, 1, 1))
    wanted = np.arange(most) < units  # (settings, 1, 1, units)
    kernel = rng.uniform(-1, 1, (SETS, features, most))
    kernel = kernel * np.sqrt(6 / (features + units)) * wanted
    output = rng.uniform(-1, 1, (SETS, most, 1))
    output = output * np.sqrt(6 / (units + 1)) * wanted.swapaxes(2, 3)
    return [kernel, 0 * kernel[:, :, 0], output, 0 * output[:, :, 0]]


def summed(y, logit):
    """Return the cross-entropy of each row, summed over all networks."""
    return keras.ops.sum(keras.ops.softplus(-y * logit), axis=(1, 2, 3))


def train(parts, l2=(0.0,), units=(16,), optimizer=None, updates=12):
    """Train a network for each setting and data set, for 20 epochs.

    Args:
        parts: {part: (X, y)} as from `split`; all but "training" are watched.
        l2, units: factors and hidden units, one for each setting or for all.
        optimizer: Adam at a learning rate of 0.009 unless given.
        updates: updates in an epoch, each with all training rows.

    Returns:
        {part: array (21, 2, settings, 20)}: data loss, accuracy by epoch.
        The model, with kernels (settings, 20, inputs, outputs).
    """
    X, y = parts["training"]
    units = units * max(1, len(l2) // len(units))
    layer = {"bias_axes": "smo", "kernel_regularizer": L2Each(l2)}
    shape = len(units), SETS
    model = Sequential(
        [
            layers.Input(X.shape[1:]),
            layers.EinsumDense(
                "nmi,smio->nsmo", (*shape, max(units)), "relu", **layer
            ),
            layers.EinsumDense("nsmi,smio->nsmo", (*shape, 1), **layer),
        ]
    )
    model.set_weights(first_weights(X.shape[2], units))
    model.compile(
        optimizer or keras.optimizers.Adam(0.009),
        loss=summed,
        steps_per_execution=updates,
    )
    batch = tf.data.Dataset.from_tensors((X, y[:, None, :, None])).repeat()
    curves = Curves(
        {part: rows for part, rows in parts.items() if len(rows[0])}
    )
    model.fit(
        batch,
        epochs=20,
        steps_per_epoch=updates,
        shuffle=False,
        verbose=0,
        callbacks=[curves],
    )
    return {part: np.array(kept) for part, kept in curves.noted.items()}, model


# %% [markdown]
# <a id="a-penalty-and-the-epochs"></a>
# The first fit: seven factors on 150 rows. Besides the validation rows, it
# watches three sets that mislead: 200 rows of which 150 are copies of
# training rows (a leak), rows whose informative features are measured one
# deviation too high (a shift), and only 20 rows.

# %% tags=["trained"]
FACTORS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
GOOD, LARGE = FACTORS.index(0.03), FACTORS.index(0.3)
(X, y), (X_val, y_val) = small["training"], small["validation"]
small["leak"] = (
    np.concatenate([X, X_val[:50]]),
    np.concatenate([y, y_val[:50]]),
)
small["shift"] = X_val + (np.arange(FEATURES) < INFORMATIVE), y_val
small["few"] = X_val[:20], y_val[:20]
by_factor, together = train(small, l2=FACTORS)
print(f"networks trained at once: {len(FACTORS) * SETS}")

# %% [markdown]
# The plain form for one of them, the first data set with $\lambda_2 = 0.03$:
# from the same first weights, 60 updates lead to the same losses.

# %% tags=["alone"]
penalty = keras.regularizers.L2(0.03)
alone = Sequential(
    [
        layers.Input((FEATURES,)),
        layers.Dense(16, "relu", kernel_regularizer=penalty),
        layers.Dense(1, "sigmoid", kernel_regularizer=penalty),
    ]
)
alone.set_weights([array[0, 0] for array in first_weights(FEATURES, (16,))])
alone.compile(
    keras.optimizers.Adam(0.009),
    loss="binary_crossentropy",
    metrics=["binary_crossentropy"],
)
classes, classes_val = y[:, :1] > 0, y_val[:, :1] > 0
alone.fit(X[:, 0], classes, batch_size=150, epochs=60, verbose=0)
print("trained           training loss   validation loss")
plain = [
    alone.evaluate(*part, batch_size=500, verbose=0)[1]
    for part in [(X[:, 0], classes), (X_val[:, 0], classes_val)]
]
print(f"alone             {plain[0]:13.4f}   {plain[1]:15.4f}")
among = [by_factor[part][5, 0, GOOD, 0] for part in ["training", "validation"]]
print(f"with 139 others   {among[0]:13.4f}   {among[1]:15.4f}")

# %% [markdown]
# <a id="the-curves-of-an-overfitted-network"></a>
# <a id="the-factor"></a>
# ## Capacity
#
# From 1 to 32 hidden units without a penalty, and 16 units with the seven
# factors. Line: median of 20 data sets. Band: the middle 16 of them.

# %% tags=["sweeps"]
WIDTHS = (1, 2, 4, 8, 16, 32)
by_width, _ = train(split(*rows, training=150), units=WIDTHS)


def draw(axes, x, values, label, style, color="C0"):
    """Draw the median over the last axis and a band of the middle 80%."""
    low, middle, high = np.quantile(values, [0.1, 0.5, 0.9], axis=-1)
    axes.fill_between(x, low, high, color=color, alpha=0.2, linewidth=0)
    axes.plot(x, middle, style, color=color, label=label)
    return middle


for title, name, settings, curves, color in [
    ("No penalty", "hidden units", WIDTHS, by_width, "C0"),
    ("L2, 16 units", "factor l2", FACTORS, by_factor, "C2"),
]:
    figure, axes = plt.subplots(figsize=(3.4, 2.8))
    places = np.arange(len(settings))
    medians = [
        draw(axes, places, curves[part][-1, 0], part + " rows", style, color)
        for part, style in [("training", "--"), ("validation", "-")]
    ]
    axes.set(title=title, xlabel=name, ylabel="data loss", ylim=(0, 1.5))
    axes.set_xticks(places, [f"{setting:g}" for setting in settings])
    figure.legend(loc="outside upper left", ncols=2)
    figure.set_label(
        f"Data loss after 20 epochs over {name}, median and band of 20 data "
        f"sets. Training rows: {medians[0][0]:.2f} at {settings[0]}, "
        f"{medians[0][-1]:.2f} at {settings[-1]}. Validation rows: "
        f"{medians[1][0]:.2f} at {settings[0]}, {medians[1][-1]:.2f} at "
        f"{settings[-1]}, lowest with {medians[1].min():.2f} at "
        f"{settings[medians[1].argmin()]:g}."
    )
plt.show()

# %% [markdown]
# <a id="other-failures"></a>
# ## Labels full of noise
#
# 300 rows of an easier problem, in which three labels in ten are drawn at
# random. On new rows no model can be right more often than 85% on average,
# and the lowest expected data loss is known too.

# %% tags=["floor"]
noisy = split(*deal(flip_y=0.3, class_sep=3.0), training=300)
by_noise, _ = train(noisy, l2=(0.03, 0.0))
floor = -0.85 * np.log(0.85) - 0.15 * np.log(0.15)
print("rows                          data loss   accuracy")
print(f"new rows, best possible   {floor:13.3f}   {0.85:8.3f}")
for i, factor in enumerate([0.03, 0]):
    for part in ["training", "validation"]:
        loss, accuracy = by_noise[part][-1, :, i].mean(axis=-1)
        name = f"{part}, factor {factor}"
        print(f"{name:<24}   {loss:12.3f}   {accuracy:8.3f}")

# %% [markdown]
# ## A learning rate that is too large
#
# Gradient descent at a rate of 10, watched after every update.

# %%
jumping, _ = train(
    small, l2=(0.03,), optimizer=keras.optimizers.SGD(10.0), updates=1
)

# %% [markdown]
# <a id="four-times-as-many-rows"></a>
# <a id="four-cures"></a>
# ## What helps, at equal numbers of labels
#
# Every network but those with 800 labels has the same 200 labelled rows. To
# choose a factor or an epoch, 50 of them are held out; then the network is
# trained again on all 200. The 1,000 test rows serve only this table. After
# "±" stands half a 95% interval for the mean over the 20 data sets.


# %% tags=["cures"]
def text(values, digits=2):
    """Return the mean over data sets, ± half of its 95% interval, as text."""
    spread = values.std(ddof=1) / len(values) ** 0.5
    half = student.ppf(0.975, len(values) - 1) * spread
    words = f"{values.mean():.{digits}f} ± {half:.{digits}f}"
    return words.replace("-", "−").replace(" ", "\N{NO-BREAK SPACE}")


def on_test(curves, epoch, setting):
    """Return test loss and accuracy (2, data sets) of one choice for each."""
    return curves["test"][epoch, :, setting, np.arange(SETS)].T


held_out = by_factor["held out"][:, 0]  # (21, factors, data sets)
chosen_factor = held_out[-1].argmin(axis=0)
chosen_epoch = held_out[:, 0].argmin(axis=0)
again, _ = train(split(*rows, training=200), l2=FACTORS)
five, _ = train(split(rows[0][..., :INFORMATIVE], rows[1], training=200))
more, _ = train(split(*rows, training=600, held_out=200), l2=FACTORS)
more_factor = more["held out"][-1, 0].argmin(axis=0)
more_again, _ = train(split(*rows, training=800), l2=FACTORS)
cures = {
    "nothing": (200, on_test(again, -1, 0)),
    "L2": (200, on_test(again, -1, chosen_factor)),
    "early stopping": (200, on_test(again, chosen_epoch, 0)),
    "five features": (200, on_test(five, -1, 0)),
    "more rows": (800, on_test(more_again, -1, 0)),
    "more rows and L2": (800, on_test(more_again, -1, more_factor)),
}
print("what is done       labels     test loss   test accuracy")
for name, (labels, (loss, accuracy)) in cures.items():
    print(
        f"{name:<16}   {labels:>6}   {text(loss):>11}"
        f"   {text(accuracy, 3):>13}"
    )

# %% [markdown]
# Against the network for which nothing is done, data set by data set:

# %% tags=["gains"]
_, (plain_loss, plain_accuracy) = cures.pop("nothing")
print("what is done       test loss lower by   test accuracy higher by")
for name, (_, (loss, accuracy)) in cures.items():
    print(
        f"{name:<16}   {text(plain_loss - loss):>18}"
        f"   {text(accuracy - plain_accuracy, 3):>23}"
    )

# %% tags=["chosen"]
counts = np.bincount(chosen_factor, minlength=len(FACTORS))
times = [f"{f:g} ({c} times)" for f, c in zip(FACTORS, counts) if c]
print(f"factors chosen: {', '.join(times)}")

# %% [markdown]
# ## The failures side by side
#
# Training dashed, validation solid; grey without a penalty, blue with L2.


# %% tags=["panels"]
def panel(title, curves, setting, color, part="validation", end=20):
    """Draw the data loss of one setting over the epochs, and say it."""
    figure, axes = plt.subplots(figsize=(1.75, 2.0))
    said = []
    for name, rows, style in [
        ("training", "training", "--"),
        ("validation", part, "-"),
    ]:
        loss = curves[rows][: end + 1, 0, setting]
        middle = draw(axes, np.arange(end + 1), loss, name, style, color)
        said.append(f"{name} from {middle[0]:.2f} to {middle[-1]:.2f}")
    axes.set(title=title, xlabel="epoch", ylabel="data loss", ylim=(0, 1.5))
    low, high = np.quantile(loss[-1], [0.1, 0.9])
    figure.set_label(
        f"{title}: {', '.join(said)}, band at the end {low:.2f} to {high:.2f}."
    )
    return axes


panel("Overfitting", by_factor, 0, "C0")
panel("A good fit", by_factor, GOOD, "C2")
panel("Underfitting", by_factor, LARGE, "C2")
panel("Stopped too early", by_factor, GOOD, "C2", end=3)
axes = panel("Rate too large", jumping, 0, "C2")
axes.set(xlabel="update", yscale="log", ylim=(0.1, 1000))
panel("Label noise", by_noise, 0, "C2")
panel("Too few rows", by_factor, GOOD, "C2", part="few")
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
panel("A", by_width, WIDTHS.index(8), "C0")
panel("B", by_factor, FACTORS.index(0.1), "C2", end=3)
panel("C", by_factor, FACTORS.index(0.01), "C2", part="shift")
panel("D", by_factor, LARGE, "C2")
plt.show()

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="overfitting-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
