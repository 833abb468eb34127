# %% [markdown]
# # None, L1, L2 or both: a comparison
#
# Train networks with four penalties on simulated and real data, each penalty
# with factors of its own, and compare them with intervals. It runs in about
# fifty seconds. What each step means is in
# [the chapter](../docs/learn/comparison.md).

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
from keras import Sequential, layers, ops
from keras.losses import SparseCategoricalCrossentropy
from keras.regularizers import L1L2
from scipy import stats
from sklearn.datasets import (
    load_breast_cancer,
    load_digits,
    make_classification,
)
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.preprocessing import StandardScaler

# %% [markdown]
# ## One network, as you would write it
#
# The breast cancer data, divided into 60% of the rows for training, 20% for
# validation and 20% for the test. Both kernels have the same penalty. The
# output layer has no activation, so that it returns logits.


# %% tags=["plain"]
def divide(X, y, training, validation):
    """Return X and y for training, validation and test, standardized.

    X is (rows, features) and y (rows,), in random order. The last part gets
    all rows that `training` and `validation`, two numbers of rows, leave.
    """
    ends = [training, training + validation]
    scaler = StandardScaler().fit(X[:training])
    X = scaler.transform(X).astype("float32")
    return *np.split(X, ends), *np.split(y.astype("int32"), ends)


def real(load, seed):
    """Return a random 60/20/20 division of all rows that `load` returns."""
    X, y = load(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(y))
    training, validation = round(0.6 * len(y)), round(0.2 * len(y))
    return divide(X[order], y[order], training, validation)


X_train, X_validation, X_test, y_train, y_validation, y_test = real(
    load_breast_cancer, seed=0
)
features, classes = X_train.shape[1], len(np.unique(y_train))
keras.utils.set_random_seed(0)
penalty = L1L2(l1=0.001, l2=0.003)
model = Sequential(
    [
        layers.Input((features,)),
        layers.Dense(16, "relu", kernel_regularizer=penalty),
        layers.Dense(classes, kernel_regularizer=penalty),
    ]
)
model.compile("adam", SparseCategoricalCrossentropy(from_logits=True))
model.fit(X_train, y_train, epochs=50, verbose=0)
predicted = model.predict(X_test, verbose=0).argmax(axis=1)
print(f"right on {len(y_test)} test rows: {np.mean(predicted == y_test):.1%}")

# %% [markdown]
# ## The candidates
#
# Six factors for L1, six for L2, and a grid of sixteen pairs for both.

# %% tags=["candidates"]
steps = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
candidates = {
    "none": [(0.0, 0.0)],
    "L1": [(l1, 0.0) for l1 in steps],
    "L2": [(0.0, l2) for l2 in steps],
    "both": [(l1, l2) for l1 in steps[:4] for l2 in steps[1:5]],
}
settings = [pair for pairs in candidates.values() for pair in pairs]
print(f"candidates for each data set: {len(settings)}")

# %% [markdown]
# ## All networks at once
#
# Two leading axes of each kernel, one for data sets and one for candidates,
# as in [the chapter on overfitting](../docs/learn/overfitting.md#many-at-once)

# %%
UNITS, BATCH, UPDATES = 16, 50, 300
tf.get_logger().setLevel("ERROR")  # it warns when many models are compiled


class PerCandidate(keras.regularizers.Regularizer):
    """L1L2 with factors of its own for each index of the second axis."""

    def __init__(self, settings):
        factors = np.array(settings, dtype="float32").T
        self.l1, self.l2 = factors[:, :, None, None]

    def __call__(self, kernel):  # (data sets, candidates, inputs, outputs)
        return ops.sum(self.l1 * ops.abs(kernel) + self.l2 * kernel**2)


def summed_cross_entropy(y, logits):
    """Return for each row its cross-entropy, summed over all networks."""
    y = ops.broadcast_to(y, ops.shape(logits)[:-1])
    losses = keras.losses.sparse_categorical_crossentropy(
        y, logits, from_logits=True
    )
    return ops.sum(losses, axis=(1, 2))


def optimizer():
    rate = keras.optimizers.schedules.CosineDecay(0.01, UPDATES)
    return keras.optimizers.Adam(rate)


def batches(X, y):
    """Return an endless stream of batches of (rows, data sets, ...)."""
    rows = tf.data.Dataset.from_tensor_slices((X, y[:, :, None]))
    return rows.shuffle(len(X), seed=0).repeat().batch(BATCH)


class Stops(keras.callbacks.Callback):
    """Notes the logits of the first candidate, no penalty, ten times.

    `parts` are arrays (rows, data sets, features).
    """

    def __init__(self, *parts):
        super().__init__()
        self.parts, self.noted = parts, []

    def on_epoch_end(self, epoch, logs=None):
        weights = [weight[:, 0] for weight in self.model.get_weights()]
        into, bias, out, last = weights
        for X in self.parts:
            rows = X.swapaxes(0, 1)  # data sets first
            hidden = np.maximum(rows @ into + bias[:, None], 0)
            logits = hidden @ out + last[:, None]
            self.noted.append(logits.swapaxes(0, 1))


def train_all(X, y, classes, stops):
    """Train a network for each data set and candidate.

    X is (rows, data sets, features) and y (rows, data sets); `stops` is a
    callback. Returns the model, whose output is (rows, data sets,
    candidates, classes), in logits, and its initial weights.
    """
    (_, sets, features), penalty = X.shape, PerCandidate(settings)
    model = Sequential(
        [
            layers.Input((sets, features)),
            layers.EinsumDense(
                "bdi,dcio->bdco",
                (sets, len(settings), UNITS),
                bias_axes="dco",
                activation="relu",
                kernel_regularizer=penalty,
            ),
            layers.EinsumDense(
                "bdci,dcio->bdco",
                (sets, len(settings), classes),
                bias_axes="dco",
                kernel_regularizer=penalty,
            ),
        ]
    )
    rng = np.random.default_rng(0)
    initial = [np.zeros(weight.shape) for weight in model.weights]
    for kernel in (0, 2):  # as `Dense` draws them, the same for candidates
        inputs, outputs = initial[kernel].shape[2:]
        limit = np.sqrt(6 / (inputs + outputs))
        drawn = rng.uniform(-limit, limit, (sets, 1, inputs, outputs))
        initial[kernel] += drawn
    model.set_weights(initial)
    model.compile(
        optimizer(), summed_cross_entropy, steps_per_execution=UPDATES // 10
    )
    model.fit(
        batches(X, y),
        epochs=10,
        steps_per_epoch=UPDATES // 10,
        shuffle=False,
        callbacks=[stops],
        verbose=0,
    )
    return model, initial


# %% [markdown]
# ## Choose on validation rows, report on test rows
#
# The validation rows choose a candidate for each penalty by the
# cross-entropy, in which there is no penalty. "Stopped" is the network without
# a penalty after a number of updates that they choose: early stopping.


# %%
def cross_entropy(y, logits):
    """Return the mean cross-entropy of each data set and candidate."""
    largest = logits.max(axis=-1, keepdims=True)
    sums = np.exp(logits - largest).sum(axis=-1)
    own = np.take_along_axis(logits, y[:, :, None, None], axis=-1)[..., 0]
    return np.mean(largest[..., 0] + np.log(sums) - own, axis=0)


def tested(validation, test, y_validation, y_test):
    """Choose for each data set, and return the results on its test rows.

    validation, test: logits (rows, data sets, candidates, classes).
    """
    best = cross_entropy(y_validation, validation).argmin(axis=1)
    sets = np.arange(len(best))
    answers = test[:, sets, best].argmax(axis=-1)  # (rows, data sets)
    return {
        "best": best,
        "loss": cross_entropy(y_test, test)[sets, best],
        "accuracy": 100 * np.mean(answers == y_test, axis=0),
        "matrix": confusion_matrix(y_test.ravel(), answers.ravel()),
    }


def compare(name, *data_sets):
    """Train, choose and test; return {penalty: results} of all data sets."""
    X_train, X_validation, X_test, *y = (
        np.stack(part, axis=1) for part in zip(*data_sets)
    )
    y_train, y_validation, y_test = y
    classes = len(np.unique(y_train))
    shapes[name] = len(y_train), len(y_validation), len(y_test), classes
    stops = Stops(X_validation, X_test)
    model, initial = train_all(X_train, y_train, classes, stops)
    validation, logits = model(X_validation).numpy(), model(X_test).numpy()
    results = {}
    for penalty, pairs in candidates.items():
        own = [settings.index(pair) for pair in pairs]
        results[penalty] = tested(
            validation[:, :, own], logits[:, :, own], y_validation, y_test
        )
    noted = [np.stack(stops.noted[part::2], axis=2) for part in (0, 1)]
    results["stopped"] = tested(*noted, y_validation, y_test)
    if name == "tumours":  # one network trained alone, to see that it agrees
        check(X_train, y_train, X_test, logits, initial)
    return results


def check(X, y, X_test, logits, initial, data_set=3, candidate=4):
    """Print how far a network that is trained alone is from its slice."""
    penalty = L1L2(*settings[candidate])
    alone = Sequential(
        [
            layers.Input(X.shape[2:]),
            layers.Dense(UNITS, "relu", kernel_regularizer=penalty),
            layers.Dense(logits.shape[-1], kernel_regularizer=penalty),
        ]
    )
    alone.set_weights([weight[data_set, candidate] for weight in initial])
    alone.compile(optimizer(), SparseCategoricalCrossentropy(from_logits=True))
    rows = batches(X, y).map(lambda X, y: (X[:, data_set], y[:, data_set]))
    alone.fit(rows, steps_per_epoch=UPDATES, shuffle=False, verbose=0)
    apart = alone(X_test[:, data_set]) - logits[:, data_set, candidate]
    largest = np.abs(apart).max()
    print(f"largest difference of a logit, trained alone: {largest:.0e}")


# %% [markdown]
# ## The data
#
# Simulated: 20 features, of which 5 (sparse) or all 20 (dense) say something
# about the class. Each data set has a truth of its own. Real: 60/20/20
# divisions of the breast cancer data and of the digits.


# %% tags=["agreement"]
def simulated(informative, separation, training, seed):
    """Return a data set with 1,000 test rows."""
    X, y = make_classification(
        n_samples=training + training // 2 + 1000,
        n_features=20,
        n_informative=informative,
        n_redundant=0,
        class_sep=separation,
        flip_y=0.05,
        random_state=seed,
    )
    return divide(X, y, training, training // 2)


repeats, sizes = 25, [75, 150, 300, 600, 1200, 2400]
shapes, results = {}, {}
for truth, informative, separation in [("sparse", 5, 1.0), ("dense", 20, 0.5)]:
    for size in sizes:
        name = f"{truth} {size}"
        drawn = [
            simulated(informative, separation, size, seed)
            for seed in range(repeats)
        ]
        results[name] = compare(name, *drawn)
for name, load in [("tumours", load_breast_cancer), ("digits", load_digits)]:
    drawn = [real(load, seed) for seed in range(repeats)]
    results[name] = compare(name, *drawn)

# %% tags=["repeats"]
print(f"data sets or divisions of each kind: {repeats}")

# %% tags=["updates"]
print(f"updates of each network: {UPDATES}")

# %% tags=["networks"]
print(f"networks: {len(results) * repeats * len(settings):,}")

# %% tags=["sets"]
kinds = {  # as they are called in tables
    "sparse": "sparse 150",
    "dense": "dense 150",
    "tumours": "tumours",
    "digits": "digits",
}
print("data      training   validation   test   classes")
for kind, name in kinds.items():
    training, validation, test, classes = shapes[name]
    print(
        f"{kind:<7}   {training:8}   {validation:10}   {test:4}   {classes:7}"
    )

# %% [markdown]
# ## Four penalties, and early stopping


# %% tags=["scores"]
def print_table(first, rows, entry):
    """Print `entry(row, name)` for each row, a column for each kind."""
    print(f"{first:<14}" + "".join(f"   {kind:>14}" for kind in kinds))
    for row in rows:
        entries = [entry(row, name) for name in kinds.values()]
        label = row if isinstance(row, str) else " − ".join(row)
        print(f"{label:<14}" + "".join(f"   {text:>14}" for text in entries))


models = [*candidates, "stopped"]
print_table(
    "penalty",
    models,
    lambda penalty, name: f"{results[name][penalty]['loss'].mean():.3f}",
)

# %% tags=["accuracies"]
print_table(
    "penalty",
    models,
    lambda penalty, name: f"{results[name][penalty]['accuracy'].mean():.1f}%",
)


# %% tags=["factors"]
def median_factors(penalty, name):
    """Return the medians of the chosen `l1` and `l2`, as in "0.01, 0.003"."""
    chosen = np.array(candidates[penalty])[results[name][penalty]["best"]]
    return ", ".join(f"{factor:g}" for factor in np.median(chosen, axis=0))


print_table("l1, l2", ["L1", "L2", "both"], median_factors)

# %% [markdown]
# ## All six pairs, with intervals
#
# Student's t for the mean of the paired differences. The six intervals of a
# kind of data hold together with 95% (Bonferroni). Divisions of the same
# rows are corrected for their overlap (Nadeau and Bengio, 2003).

# %% tags=["losses"]
pairs = [
    *[(penalty, "none") for penalty in ("L1", "L2", "both")],
    *[("L1", "L2"), ("both", "L1"), ("both", "L2")],
]


def interval(name, one, other, measure):
    """Return mean and half width of the interval of a paired difference."""
    d = results[name][one][measure] - results[name][other][measure]
    training, validation, test, _ = shapes[name]
    real = name in ("tumours", "digits")
    overlap = test / (training + validation) if real else 0.0
    t = stats.t.ppf(1 - 0.05 / len(pairs) / 2, len(d) - 1)
    return d.mean(), t * np.sqrt(d.var(ddof=1) * (1 / len(d) + overlap))


def written(mean, half, digits):
    """Return a mean with the half width of its interval."""
    return f"{mean:+.{digits}f} ± {half:.{digits}f}".replace("-", "−")


def print_pairs(pairs, measure, digits):
    print_table(
        "pair",
        pairs,
        lambda pair, name: written(*interval(name, *pair, measure), digits),
    )


print_pairs(pairs, "loss", digits=3)

# %% tags=["points"]
print_pairs(pairs, "accuracy", digits=1)

# %% tags=["stopping"]
stopped = [(penalty, "stopped") for penalty in candidates]
print_pairs(stopped, "loss", digits=3)

# %% tags=["forest"]
for kind, name in kinds.items():
    figure, axes = plt.subplots(figsize=(2.4, 1.8))
    told = []
    for place, (one, other) in enumerate(pairs[3:]):
        mean, half = interval(name, one, other, "loss")
        axes.errorbar(
            mean,
            place,
            xerr=half,
            fmt="o",
            color={"L1": "C1", "both": "C3"}[one],
            capsize=4,
            label=f"{one} − {other}",
        )
        told.append(f"{one} − {other} {written(mean, half, 3)}")
    axes.axvline(0, color="k", linewidth=0.8)
    axes.set_yticks(range(3), [f"{one} − {other}" for one, other in pairs[3:]])
    axes.set(title=kind, xlabel="difference of the loss")
    axes.set(xlim=(-0.1, 0.1), ylim=(2.5, -0.5))
    figure.set_label(
        f"Mean differences of the test loss between penalties, with intervals "
        f"that hold together, {kind}: {'; '.join(told)}."
    )
plt.show()

# %% [markdown]
# ## What the networks confuse


# %% tags=["matrices"]
def draw_matrices(name):
    """Draw the matrix of each penalty, all data sets together."""
    for penalty in candidates:
        figure, axes = plt.subplots(figsize=(1.55, 1.8))
        matrix = results[name][penalty]["matrix"]
        shares = matrix / matrix.sum(axis=1, keepdims=True)
        ConfusionMatrixDisplay(shares).plot(
            cmap="Greys",
            colorbar=False,
            values_format=".1%",
            ax=axes,
            im_kw={"vmin": 0, "vmax": 1},
        )
        kind = name.split()[0]
        axes.set(title=f"{kind}, {penalty}", xlabel="predicted", ylabel="true")
        figure.set_label(
            f"Confusion matrix of {kind}, penalty {penalty}, as shares of the "
            f"true class: {shares[0, 0]:.1%} of class 0 and "
            f"{shares[1, 1]:.1%} of class 1 are right."
        )
    plt.show()


draw_matrices("sparse 150")

# %% tags=["tumours"]
draw_matrices("tumours")

# %% tags=["digits"]
print("penalty   wrong    most frequent mistake   share of that digit")
for penalty, result in results["digits"].items():
    shares = result["matrix"] / result["matrix"].sum(axis=1, keepdims=True)
    wrong = 1 - np.trace(result["matrix"]) / result["matrix"].sum()
    np.fill_diagonal(shares, 0)
    true, answer = np.unravel_index(shares.argmax(), shares.shape)
    print(
        f"{penalty:<7}   {wrong:5.1%}   {f'{true} taken for {answer}':>21}"
        f"   {shares.max():19.1%}"
    )

# %% [markdown]
# ## Learning curves

# %% tags=["curves"]
colours = {"none": "C0", "L1": "C1", "L2": "C2", "both": "C3"}
styles = {
    "none": "o:",
    "L1": "s-",
    "L2": "^--",
    "both": "D-.",
    "stopped": "x:",
}
for truth in ("sparse", "dense"):
    figure, axes = plt.subplots(figsize=(3.8, 2.1))
    means = {
        penalty: [
            results[f"{truth} {n}"][penalty]["loss"].mean() for n in sizes
        ]
        for penalty in styles
    }
    for penalty, values in means.items():
        axes.plot(
            sizes,
            values,
            styles[penalty],
            color=colours.get(penalty, "black"),
            label=penalty,
        )
    axes.set(title=truth, xlabel="training rows", ylabel="test loss")
    axes.set(xscale="log", ylim=(0.15, 1.3))
    axes.set_xticks(sizes, sizes)
    axes.minorticks_off()
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    told = ", ".join(
        f"{penalty} from {values[0]:.2f} to {values[-1]:.2f}"
        for penalty, values in means.items()
    )
    figure.set_label(
        f"Mean test loss over {sizes[0]} to {sizes[-1]} training rows, "
        f"{truth} truth: {told}."
    )
plt.show()

# %% tags=["rows"]
print("training rows       none     L1 − none     L2 − none   both − none")
for name in [f"{truth} {n}" for truth in ("sparse", "dense") for n in sizes]:
    gains = [
        written(*interval(name, penalty, "none", "accuracy"), 1)
        for penalty in ("L1", "L2", "both")
    ]
    base = results[name]["none"]["accuracy"].mean()
    print(f"{name:<14}   {base:6.1f}%   {'   '.join(gains)}")

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="comparison-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
