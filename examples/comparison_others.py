# %% [markdown]
# # A comparison of penalties: early stopping, dropout and weight decay
#
# Compare L2 with three other methods on simulated data. It runs in about
# fifteen seconds. What each step means is in
# [the chapter](../docs/learn/comparison.md#stopping).

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
from scipy import stats
from scipy.special import log_softmax
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

keras.utils.set_random_seed(0)

# %% [markdown]
# ## The candidates
#
# Each candidate has a factor of L2, a `weight_decay` of AdamW and a rate of
# dropout. Only one of the three is not zero.

# %% tags=["grids"]
grids = {
    "L2": [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1],
    "weight decay": [0.1, 0.3, 1.0, 3.0, 10.0, 30.0],
    "dropout": [0.2, 0.35, 0.5, 0.65, 0.8, 0.9],
}
candidates = [("none", 0.0, 0.0, 0.0)]
for place, (method, values) in enumerate(grids.items()):
    for value in values:
        factors = [0.0, 0.0, 0.0]
        factors[place] = value
        candidates.append((method, *factors))
l2, decay, rate = (  # (candidates, 1, 1), for kernels and their regularizer
    np.array(factors, dtype="float32")[:, None, None]
    for factors in list(zip(*candidates))[1:]
)
for method, values in grids.items():
    print(f"{method}: {', '.join(f'{value:g}' for value in values)}")

# %% [markdown]
# ## All networks at once
#
# Two leading axes, one for data sets and one for candidates, as in
# [the comparison](comparison.py). AdamW subtracts from each kernel the
# learning rate times `weight_decay` times the kernel; an array as
# `weight_decay` gives each candidate its own. Dropout sets the output of a
# hidden unit to zero with the candidate's own rate.

# %%
UNITS, BATCH, UPDATES, STOPS = 16, 50, 300, 10
tf.get_logger().setLevel("ERROR")  # it warns when many models are compiled


class PerCandidateL2(keras.regularizers.Regularizer):
    def __call__(self, kernel):  # (data sets, candidates, inputs, outputs)
        return ops.sum(l2 * kernel**2)


class PerCandidateDropout(layers.Layer):
    """Dropout with a rate for each candidate, its rows scaled as in Keras."""

    def call(self, hidden, training=False):  # (rows, sets, candidates, units)
        if not training:
            return hidden
        rates = rate[:, :, 0]
        kept = keras.random.uniform(ops.shape(hidden)) >= rates
        return hidden * ops.cast(kept, hidden.dtype) / (1 - rates)


def summed_cross_entropy(y, logits):
    """Return for each row its cross-entropy, summed over all networks."""
    y = ops.broadcast_to(y, ops.shape(logits)[:-1])
    losses = keras.losses.sparse_categorical_crossentropy(
        y, logits, from_logits=True
    )
    return ops.sum(losses, axis=(1, 2))


def adam_w(weight_decay):
    """Return AdamW that does not touch biases, as the L2 of kernels."""
    cosine = keras.optimizers.schedules.CosineDecay(0.01, UPDATES)
    optimizer = keras.optimizers.AdamW(cosine)
    optimizer.weight_decay = weight_decay  # a number, or an array
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


def batches(X, y):
    """Return an endless stream of batches of (rows, data sets, ...)."""
    rows = tf.data.Dataset.from_tensor_slices((X, y))
    return rows.shuffle(len(X), seed=0).repeat().batch(BATCH)


def network(sets):
    """Return the networks of all data sets and candidates, as one model."""
    rng = np.random.default_rng(0)

    def draw(shape, dtype):  # as `Dense` does, the same for all candidates
        sets, _, inputs, outputs = shape
        limit = np.sqrt(6 / (inputs + outputs))
        drawn = rng.uniform(-limit, limit, (sets, 1, inputs, outputs))
        return ops.cast(np.broadcast_to(drawn, shape), dtype)

    common = {
        "bias_axes": "dco",
        "kernel_initializer": draw,
        "kernel_regularizer": PerCandidateL2(),
    }
    shape = sets, len(candidates)
    return Sequential(
        [
            layers.Input((sets, 20)),
            layers.EinsumDense(
                "bdi,dcio->bdco", (*shape, UNITS), activation="relu", **common
            ),
            PerCandidateDropout(),
            layers.EinsumDense("bdci,dcio->bdco", (*shape, 2), **common),
        ]
    )


# %% [markdown]
# ## The data
#
# 20 features, of which 5 (sparse) or all 20 (dense) say something about the
# class. Each data set has a truth of its own.


# %%
def simulated(informative, separation, seed, training=150):
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
#
# "Stopped" is the network without a penalty after 30, 60, ... or 300 updates.


# %% tags=["agreement"]
def cross_entropy(y, logits):
    """Return the mean cross-entropy of each data set and candidate."""
    logs = log_softmax(logits, axis=-1)
    own = np.take_along_axis(logs, y[:, :, None, None], axis=-1)
    return -own[..., 0].mean(axis=0)


def compare(*data_sets):
    """Return {method: {"loss", "accuracy", "best"}} on all data sets."""
    X_train, X_validation, X_test, y_train, y_validation, y_test = (
        np.stack(part, axis=1) for part in zip(*data_sets)
    )
    model = network(X_train.shape[1])
    initial = model.get_weights()
    model.compile(
        adam_w(decay),
        summed_cross_entropy,
        steps_per_execution=UPDATES // STOPS,
    )
    validation, test = [], []  # logits; of "none" after each of the epochs

    def note(epoch, logs=None):
        own = slice(None) if epoch == STOPS - 1 else slice(0, 1)
        validation.append(model(X_validation)[:, :, own].numpy())
        test.append(model(X_test)[:, :, own].numpy())

    model.fit(
        batches(X_train, y_train[:, :, None]),
        epochs=STOPS,
        steps_per_epoch=UPDATES // STOPS,
        shuffle=False,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=note)],
        verbose=0,
    )
    apart.append(check(X_train, y_train, X_test, initial, test[-1]))
    names = [*["stopped"] * (STOPS - 1), *(name for name, *_ in candidates)]
    return choose(
        np.concatenate(validation, axis=2),
        np.concatenate(test, axis=2),
        y_validation,
        y_test,
        np.array(names),
    )


def choose(validation, test, y_validation, y_test, names):
    """Return the results of each method; logits have a name per candidate."""
    losses = cross_entropy(y_validation, validation)
    test_losses = cross_entropy(y_test, test)
    right = 100 * np.mean(test.argmax(axis=-1) == y_test[:, :, None], axis=0)
    found, sets = {}, np.arange(len(losses))
    for method in ("none", "L2", "stopped", "dropout", "weight decay"):
        fits = (names == method) | (method == "stopped") & (names == "none")
        own = np.flatnonzero(fits)
        best = losses[:, own].argmin(axis=1)
        found[method] = {
            "best": best,
            "loss": test_losses[sets, own[best]],
            "accuracy": right[sets, own[best]],
        }
    return found


def check(X, y, X_test, initial, logits, data_set=3, candidate=9):
    """Return how far a network trained alone with AdamW is from its slice."""
    alone = Sequential(
        [layers.Input((20,)), layers.Dense(UNITS, "relu"), layers.Dense(2)]
    )
    alone.set_weights([weight[data_set, candidate] for weight in initial])
    alone.compile(
        adam_w(float(decay[candidate, 0, 0])),
        SparseCategoricalCrossentropy(from_logits=True),
    )
    rows = batches(X, y).map(lambda X, y: (X[:, data_set], y[:, data_set]))
    alone.fit(rows, steps_per_epoch=UPDATES, shuffle=False, verbose=0)
    own = logits[:, data_set, candidate]
    return np.abs(alone(X_test[:, data_set]) - own).max()


repeats, apart = 25, []
results = {
    "sparse": compare(*(simulated(5, 1.0, seed) for seed in range(repeats))),
    "dense": compare(*(simulated(20, 0.5, seed) for seed in range(repeats))),
}
print(f"largest difference of a logit, trained alone: {max(apart):.0e}")

# %% [markdown]
# ## The means

# %% tags=["means"]
methods = list(results["sparse"])
print("method         sparse loss   dense loss   sparse points   dense points")
for method in methods:
    print(
        f"{method:<12}"
        f"   {results['sparse'][method]['loss'].mean():11.3f}"
        f"   {results['dense'][method]['loss'].mean():10.3f}"
        f"   {results['sparse'][method]['accuracy'].mean():13.1f}"
        f"   {results['dense'][method]['accuracy'].mean():12.1f}"
    )

# %% tags=["factors"]
print("method         sparse   dense")
for method, values in grids.items():
    chosen = [
        np.median(np.array(values)[results[truth][method]["best"]])
        for truth in ("sparse", "dense")
    ]
    print(f"{method:<12}   {chosen[0]:6g}   {chosen[1]:5g}")

# %% [markdown]
# ## Differences to L2
#
# Paired, with Student's t. The three intervals of a column are corrected
# together (Bonferroni).


# %% tags=["differences"]
def written(truth, method, measure, digits):
    """Return mean and half width of the interval of a paired difference."""
    d = results[truth][method][measure] - results[truth]["L2"][measure]
    t = stats.t.ppf(1 - 0.05 / 3 / 2, len(d) - 1)
    half = t * d.std(ddof=1) / np.sqrt(len(d))
    return f"{d.mean():+.{digits}f} ± {half:.{digits}f}".replace("-", "−")


columns = [
    (truth, measure, digits)
    for measure, digits in (("loss", 3), ("accuracy", 1))
    for truth in ("sparse", "dense")
]
print(
    f"{'method − L2':<17}"
    + "".join(f"   {f'{c[0]}, {c[1]}':>16}" for c in columns)
)
for method in ("stopped", "dropout", "weight decay"):
    entries = [written(truth, method, *rest) for truth, *rest in columns]
    print(
        f"{method + ' − L2':<17}"
        + "".join(f"   {entry:>16}" for entry in entries)
    )

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="comparison-others-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
