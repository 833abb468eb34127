# %% [markdown]
# # A comparison of penalties: learning curves
#
# Train networks without a penalty, with L1, L2 and L1L2 on more and more
# rows of simulated data. It runs in about twenty seconds. What each step
# means is in [the chapter](../docs/learn/comparison.md#rows).

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
from scipy import stats
from scipy.special import log_softmax
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

keras.utils.set_random_seed(0)

# %% [markdown]
# ## The candidates
#
# Factors for each penalty, as in [the comparison](comparison.py).

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
# ## The data
#
# 20 features, of which 5 (sparse) or all 20 (dense) say something about the
# class. Each data set has a truth of its own, and half as many validation
# rows as training rows.


# %%
def simulated(informative, separation, training, seed):
    """Return X and y of training, validation and 1,000 test rows, in turn."""
    X, y = datasets.make_classification(
        n_samples=training + training // 2 + 1000,
        n_features=20,
        n_informative=informative,
        n_redundant=0,
        class_sep=separation,
        flip_y=0.05,
        random_state=seed,
    )
    ends = [training, training + training // 2]
    X = StandardScaler().fit(X[:training]).transform(X).astype("float32")
    return *np.split(X, ends), *np.split(y.astype("int32"), ends)


# %% [markdown]
# ## Choose on validation rows, report on test rows


# %%
def cross_entropy(y, logits):
    """Return the mean cross-entropy of each data set and candidate."""
    logs = log_softmax(logits, axis=-1)
    own = np.take_along_axis(logs, y[:, :, None, None], axis=-1)
    return -own[..., 0].mean(axis=0)


def compare(*data_sets):
    """Return {penalty: {"loss", "accuracy"}} on the test rows of all sets."""
    X_train, X_validation, X_test, y_train, y_validation, y_test = (
        np.stack(part, axis=1) for part in zip(*data_sets)
    )
    model = train_all(X_train, y_train, classes=2)
    validation, test = model(X_validation).numpy(), model(X_test).numpy()
    losses = cross_entropy(y_validation, validation)
    test_losses = cross_entropy(y_test, test)
    right = 100 * np.mean(test.argmax(axis=-1) == y_test[:, :, None], axis=0)
    found, sets = {}, np.arange(len(losses))
    for penalty, pairs in candidates.items():
        own = np.array([settings.index(pair) for pair in pairs])
        best = own[losses[:, own].argmin(axis=1)]
        found[penalty] = {
            "loss": test_losses[sets, best],
            "accuracy": right[sets, best],
        }
    return found


repeats, sizes = 25, [75, 150, 600, 2400]
results = {
    f"{truth} {size}": compare(
        *(
            simulated(informative, separation, size, seed)
            for seed in range(repeats)
        )
    )
    for truth, informative, separation in [
        ("sparse", 5, 1.0),
        ("dense", 20, 0.5),
    ]
    for size in sizes
}

# %% tags=["networks"]
print(f"networks: {len(results) * repeats * len(settings):,}")

# %% [markdown]
# ## Test loss

# %% tags=["curves"]
colours = {"none": "C0", "L1": "C1", "L2": "C2", "L1L2": "C3"}
styles = {"none": "o:", "L1": "s-", "L2": "^--", "L1L2": "D-."}
for truth in ("sparse", "dense"):
    figure, axes = plt.subplots(figsize=(3.8, 2.1))
    told = []
    for penalty, style in styles.items():
        values = [
            results[f"{truth} {n}"][penalty]["loss"].mean() for n in sizes
        ]
        axes.plot(sizes, values, style, c=colours[penalty], label=penalty)
        told.append(f"{penalty} from {values[0]:.2f} to {values[-1]:.2f}")
    axes.set(title=truth, xlabel="training rows", ylabel="test loss")
    axes.set(xscale="log", ylim=(0.15, 1.3))
    axes.set_xticks(sizes, sizes)
    axes.minorticks_off()
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
    figure.set_label(
        f"Mean test loss over {sizes[0]} to {sizes[-1]} training rows, "
        f"{truth} truth: {', '.join(told)}."
    )
plt.show()

# %% [markdown]
# ## What a penalty changes
#
# Paired differences to no penalty, with Student's t. The three intervals of a
# row are corrected together (Bonferroni).


# %% tags=["rows"]
def written(d, digits):
    """Return mean and half width of the interval of the differences `d`."""
    t = stats.t.ppf(1 - 0.05 / 3 / 2, len(d) - 1)
    half = t * d.std(ddof=1) / np.sqrt(len(d))
    return f"{d.mean():+.{digits}f} ± {half:.{digits}f}".replace("-", "−")


def print_differences(measure, digits):
    names = [f"{penalty} − none" for penalty in ("L1", "L2", "L1L2")]
    print("training rows    none" + "".join(f"   {n:>15}" for n in names))
    for row, found in results.items():
        none = found["none"][measure]
        entries = [
            written(found[penalty][measure] - none, digits)
            for penalty in ("L1", "L2", "L1L2")
        ]
        print(
            f"{row:<13}   {none.mean():5.{digits}f}"
            + "".join(f"   {entry:>15}" for entry in entries)
        )


print_differences("accuracy", digits=1)

# %% tags=["losses"]
print_differences("loss", digits=3)

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="comparison-rows-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
