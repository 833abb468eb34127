# %% [markdown]
# # None, L1, L2 or both: a comparison
#
# Train networks with four penalties on simulated and real data, each penalty
# with factors of its own, and compare them with intervals. It runs in about
# twenty seconds. What each step means is in
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
from scipy.special import log_softmax, softmax
from sklearn import datasets
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
    datasets.load_breast_cancer, seed=0
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
# Six factors for L1, six for L2, and a grid of sixteen pairs for L1L2.

# %%
steps = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1]
candidates = {
    "none": [(0.0, 0.0)],
    "L1": [(l1, 0.0) for l1 in steps],
    "L2": [(0.0, l2) for l2 in steps],
    "L1L2": [(l1, l2) for l1 in steps[:4] for l2 in steps[1:5]],
}
settings = [pair for pairs in candidates.values() for pair in pairs]

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


def train_all(X, y, classes):
    """Train a network for each data set and candidate.

    X is (rows, data sets, features) and y (rows, data sets). Returns the
    model, whose output is (rows, data sets, candidates, classes), in logits.
    """
    (_, sets, features), number = X.shape, len(settings)
    rng = np.random.default_rng(0)

    def draw(shape, dtype):  # as `Dense` does, the same for all candidates
        sets, _, inputs, outputs = shape
        limit = np.sqrt(6 / (inputs + outputs))
        drawn = rng.uniform(-limit, limit, (sets, 1, inputs, outputs))
        return ops.cast(np.broadcast_to(drawn, shape), dtype)

    common = {
        "bias_axes": "dco",
        "kernel_initializer": draw,
        "kernel_regularizer": PerCandidate(settings),
    }
    hidden = layers.EinsumDense(
        "bdi,dcio->bdco", (sets, number, UNITS), activation="relu", **common
    )
    output = layers.EinsumDense(
        "bdci,dcio->bdco", (sets, number, classes), **common
    )
    model = Sequential([layers.Input((sets, features)), hidden, output])
    rate = keras.optimizers.schedules.CosineDecay(0.01, UPDATES)
    model.compile(
        keras.optimizers.Adam(rate),
        summed_cross_entropy,
        steps_per_execution=UPDATES,
    )
    rows = tf.data.Dataset.from_tensor_slices((X, y[:, :, None]))
    rows = rows.shuffle(len(X), seed=0).repeat().batch(BATCH)
    model.fit(rows, steps_per_epoch=UPDATES, shuffle=False, verbose=0)
    return model


# %% [markdown]
# ## Choose on validation rows, report on test rows
#
# The validation rows choose a candidate for each penalty by the
# cross-entropy, in which there is no penalty.


# %%
def cross_entropy(y, logits):
    """Return the mean cross-entropy of each data set and candidate."""
    logs = log_softmax(logits, axis=-1)
    own = np.take_along_axis(logs, y[:, :, None, None], axis=-1)
    return -own[..., 0].mean(axis=0)


def tested(validation, test, y_validation, y_test):
    """Choose for each data set, and return the results on its test rows.

    validation, test: logits (rows, data sets, candidates, classes).
    """
    best = cross_entropy(y_validation, validation).argmin(axis=1)
    sets = np.arange(len(best))
    chosen = test[:, sets, best]  # (rows, data sets, classes)
    answers = chosen.argmax(axis=-1)
    return {
        "best": best,
        "loss": cross_entropy(y_test, test)[sets, best],
        "accuracy": 100 * np.mean(answers == y_test, axis=0),
        "probability": 100 * softmax(chosen, axis=-1).max(axis=-1).mean(),
        "matrix": confusion_matrix(
            y_test.ravel(), answers.ravel(), normalize="true"
        ),
    }


def compare(name, *data_sets):
    """Train, choose and test; return {penalty: results} of all data sets."""
    X_train, X_validation, X_test, *y = (
        np.stack(part, axis=1) for part in zip(*data_sets)
    )
    y_train, y_validation, y_test = y
    classes = len(np.unique(y_train))
    shapes[name] = len(y_train), len(y_validation), len(y_test), classes
    model = train_all(X_train, y_train, classes)
    validation, logits = model(X_validation).numpy(), model(X_test).numpy()
    found = {}
    for penalty, pairs in candidates.items():
        own = [settings.index(pair) for pair in pairs]
        found[penalty] = tested(
            validation[:, :, own], logits[:, :, own], y_validation, y_test
        )
    return found


# %% [markdown]
# ## The data
#
# Simulated: 20 features, of which 5 (sparse) or all 20 (dense) say something
# about the class. Each data set has a truth of its own. Real: 60/20/20
# divisions of the breast cancer data and of the digits.


# %%
def simulated(informative, separation, seed, training=150):
    """Return a data set with 1,000 test rows."""
    X, y = datasets.make_classification(
        n_samples=training + training // 2 + 1000,
        n_features=20,
        n_informative=informative,
        n_redundant=0,
        class_sep=separation,
        flip_y=0.05,
        random_state=seed,
    )
    return divide(X, y, training, training // 2)


repeats, shapes = 25, {}
drawn = {
    "sparse": [simulated(5, 1.0, seed) for seed in range(repeats)],
    "dense": [simulated(20, 0.5, seed) for seed in range(repeats)],
    "tumours": [
        real(datasets.load_breast_cancer, seed) for seed in range(repeats)
    ],
    "digits": [real(datasets.load_digits, seed) for seed in range(repeats)],
}
results = {kind: compare(kind, *sets) for kind, sets in drawn.items()}

# %% tags=["repeats"]
print(f"data sets or divisions of each kind: {repeats}")

# %% tags=["updates"]
print(f"updates of each network: {UPDATES}")

# %% tags=["sets"]
print("data      training   validation   test   classes")
for kind, (training, validation, test, classes) in shapes.items():
    print(
        f"{kind:<7}   {training:8}   {validation:10}   {test:4}   {classes:7}"
    )

# %% [markdown]
# ## The four penalties
#
# <a id="four-penalties-and-early-stopping"></a>
# Early stopping has a script of its own now, together with dropout and weight
# decay: [other methods](comparison_others.py).


# %% tags=["scores"]
def print_table(first, rows, entry):
    """Print `entry(row, kind)` for each row, a column for each kind."""
    print(f"{first:<12}" + "".join(f"   {kind:>14}" for kind in drawn))
    for row in rows:
        entries = [entry(row, kind) for kind in drawn]
        label = row if isinstance(row, str) else " − ".join(row)
        print(f"{label:<12}" + "".join(f"   {text:>14}" for text in entries))


def mean(measure, layout):
    """Return the entry of a table: the mean of a measure, laid out."""
    return lambda penalty, kind: format(
        results[kind][penalty][measure].mean(), layout
    )


print_table("penalty", candidates, mean("loss", ".3f"))

# %% tags=["accuracies"]
print_table("penalty", candidates, mean("accuracy", ".1f"))

# %% tags=["probabilities"]
print_table("penalty", candidates, mean("probability", ".1f"))


# %% tags=["factors"]
def median_factors(penalty, kind):
    """Return the medians of the chosen `l1` and `l2`, as in "0.01, 0.003"."""
    chosen = np.array(candidates[penalty])[results[kind][penalty]["best"]]
    return ", ".join(f"{factor:g}" for factor in np.median(chosen, axis=0))


print_table("l1, l2", ["L1", "L2", "L1L2"], median_factors)

# %% [markdown]
# ## All six pairs, with intervals
#
# Student's t for the mean of the paired differences. The six intervals of a
# column are corrected together (Bonferroni). Divisions of the same rows are
# corrected for their overlap (Nadeau and Bengio, 2003).

# %% tags=["losses"]
pairs = [
    *[(penalty, "none") for penalty in ("L1", "L2", "L1L2")],
    *[("L1", "L2"), ("L1L2", "L1"), ("L1L2", "L2")],
]


def interval(kind, one, other, measure):
    """Return mean and half width of the interval of a paired difference."""
    d = results[kind][one][measure] - results[kind][other][measure]
    training, validation, test, _ = shapes[kind]
    shared = kind in ("tumours", "digits")
    r = test / (training + validation) if shared else 0.0
    t = stats.t.ppf(1 - 0.05 / len(pairs) / 2, len(d) - 1)
    return d.mean(), t * np.sqrt(d.var(ddof=1) * (1 / len(d) + r))


def written(mean, half, digits):
    """Return a mean with the half width of its interval."""
    return f"{mean:+.{digits}f} ± {half:.{digits}f}".replace("-", "−")


def print_pairs(measure, digits):
    def entry(pair, kind):
        return written(*interval(kind, *pair, measure), digits)

    print_table("pair", pairs, entry)


print_pairs("loss", digits=3)

# %% tags=["points"]
print_pairs("accuracy", digits=1)

# %% tags=["forest"]
for kind in drawn:
    figure, axes = plt.subplots(figsize=(2.4, 1.8))
    told = []
    for place, pair in enumerate(pairs[3:]):
        center, half = interval(kind, *pair, "loss")
        name = " − ".join(pair)
        colour = {"L1": "C1", "L1L2": "C3"}[pair[0]]
        axes.errorbar(
            center, place, xerr=half, fmt="o", c=colour, capsize=4, label=name
        )
        told.append(f"{name} {written(center, half, 3)}")
    axes.axvline(0, color="k", linewidth=0.8)
    axes.set_yticks(range(3), [" − ".join(pair) for pair in pairs[3:]])
    axes.set(title=kind, xlabel="difference of the loss")
    axes.set(xlim=(-0.1, 0.1), ylim=(2.5, -0.5))
    figure.set_label(
        f"Mean differences of the test loss between penalties, with intervals "
        f"corrected for six pairs, {kind}: {'; '.join(told)}."
    )
plt.show()

# %% [markdown]
# ## What the networks confuse

# %% tags=["matrices"]
for kind in ("sparse", "tumours"):
    for penalty in ("none", "L1L2"):
        figure, axes = plt.subplots(figsize=(1.55, 1.8))
        matrix = results[kind][penalty]["matrix"]
        ConfusionMatrixDisplay(matrix).plot(
            cmap="Greys",
            colorbar=False,
            values_format=".1%",
            ax=axes,
            im_kw={"vmin": 0, "vmax": 1},
        )
        axes.set(title=f"{kind}, {penalty}", xlabel="predicted", ylabel="true")
        figure.set_label(
            f"Confusion matrix of {kind}, penalty {penalty}, as shares of the "
            f"true class: {matrix[0, 0]:.1%} of class 0 and "
            f"{matrix[1, 1]:.1%} of class 1 are right."
        )
plt.show()

# %% [markdown]
# <a id="learning-curves"></a>
# The learning curves are in [a script of their own](comparison_rows.py).

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="comparison-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
