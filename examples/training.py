# %% [markdown]
# # Reading what fit prints
#
# Take the printed loss apart, see what to monitor, stop early, repeat with
# other seeds, and train small models fast. It runs in about fifteen seconds.
# What each step means is in [the chapter](../docs/learn/training.md).

# %%
import os
import tempfile
import time
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
from keras.callbacks import Callback, EarlyStopping
from keras.regularizers import L2
from scipy import stats
from sklearn.datasets import make_classification
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

# %% [markdown]
# ## Data and a model
#
# Thirty features, five of them informative, and 100 rows to train on.

# %%
X, y = make_classification(
    n_samples=2400,
    n_features=30,
    n_informative=5,
    n_redundant=0,
    flip_y=0.05,
    random_state=5,
)  # (2400, 30), (2400,)
X_train, X_rest, y_train, y_rest = train_test_split(
    X, y, train_size=100, stratify=y, random_state=5
)
X_validation, X_test, y_validation, y_test = train_test_split(
    X_rest, y_rest, train_size=300, stratify=y_rest, random_state=5
)
scaler = StandardScaler().fit(X_train)
X_train = scaler.transform(X_train).astype("float32")
X_validation = scaler.transform(X_validation).astype("float32")
X_test = scaler.transform(X_test).astype("float32")


def build_model(l2, learning_rate=0.01, steps_per_execution=1):
    """Return a compiled network whose kernels are penalized by `l2`."""
    keras.utils.set_random_seed(1)
    model = Sequential(
        [
            layers.Input((30,)),
            layers.Dense(16, "relu", kernel_regularizer=L2(l2)),
            layers.Dense(1, "sigmoid", kernel_regularizer=L2(l2)),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate),
        loss="binary_crossentropy",
        metrics=[keras.metrics.BinaryCrossentropy(name="cross_entropy")],
        steps_per_execution=steps_per_execution,
    )
    return model


# %% [markdown]
# ## Three epochs, as Keras prints them

# %% tags=["printed"]
model = build_model(l2=0.01)
history = model.fit(
    X_train,
    y_train[:, None],
    batch_size=32,
    epochs=3,
    validation_data=(X_validation, y_validation[:, None]),
    verbose=2,
)

# %% [markdown]
# ## The loss taken apart
#
# After each epoch, the data loss and the penalty are computed afresh, with
# the weights that the epoch has left.


# %% tags=["apart"]
def cross_entropy(model, X, y):
    """Return the plain cross-entropy of the model, without its penalty."""
    probability = model(X).numpy()[:, 0].astype("float64")
    return log_loss(y, np.clip(probability, 1e-7, 1 - 1e-7))


class Parts(Callback):
    """Note data loss and penalty on the training rows after each epoch."""

    def on_train_begin(self, logs=None):
        self.parts = []

    def on_epoch_end(self, epoch, logs=None):
        data_loss = cross_entropy(self.model, X_train, y_train)
        self.parts.append((data_loss, float(sum(self.model.losses))))


model = build_model(l2=0.01)
parts = Parts()
history = model.fit(
    X_train,
    y_train[:, None],
    batch_size=25,
    epochs=40,
    validation_data=(X_validation, y_validation[:, None]),
    callbacks=[parts],
    verbose=0,
).history
data_loss, penalty = np.array(parts.parts).T

print("epoch   loss printed   cross-entropy   penalty   their sum")
for epoch in (1, 2, 5, 20, 40):
    at = epoch - 1
    print(
        f"{epoch:<5}   {history['loss'][at]:12.4f}   {data_loss[at]:13.4f}"
        f"   {penalty[at]:7.4f}   {data_loss[at] + penalty[at]:9.4f}"
    )

# %% tags=["validation"]
print("on the validation rows        value")
print(f"val_loss                      {history['val_loss'][-1]:.4f}")
print(f"val_cross_entropy             {history['val_cross_entropy'][-1]:.4f}")
difference = history["val_loss"][-1] - history["val_cross_entropy"][-1]
print(f"their difference              {difference:.4f}")
print(f"penalty of the last weights   {penalty[-1]:.4f}")

# %% tags=["stacked"]
epochs = np.arange(1, 41)
figure, axes = plt.subplots(figsize=(4.6, 3.0))
axes.fill_between(epochs, penalty, color="C2", alpha=0.35)
axes.fill_between(epochs, penalty, penalty + data_loss, color="C0", alpha=0.3)
axes.plot(epochs, penalty, "C2-", label="penalty")
axes.plot(epochs, penalty + data_loss, "C0-", label="penalty + data loss")
axes.plot(epochs, history["val_loss"], "k--", label="val_loss")
axes.set(xlabel="epoch", ylabel="loss", ylim=(0, None))
axes.legend()
figure.set_label(
    f"Loss over forty epochs as two layers. The penalty, the lower one, "
    f"begins at {penalty[0]:.2f}, is {penalty.max():.2f} at its largest and "
    f"ends at {penalty[-1]:.2f}; the data loss on top of it falls from "
    f"{data_loss[0]:.2f} to {data_loss[-1]:.2f}."
)
plt.show()

# %% [markdown]
# ## What to monitor
#
# A linear model for each of 26 factors on each of 20 data sets like the one
# above, all trained at once. Which factor looks best on the validation rows,
# with the penalty in the number and without it?


# %%
class L2OfEach(keras.regularizers.Regularizer):
    """L2 with a factor of its own for each index of the last axis."""

    def __init__(self, factors):
        self.factors = np.array(factors, dtype="float32")

    def __call__(self, kernel):  # (data sets, features, factors)
        return ops.sum(self.factors * kernel**2)


def summed_cross_entropy(y, logits):
    """Return for each row its cross-entropy, summed over the models."""
    return ops.sum(ops.softplus(logits) - y * logits, axis=(1, 2))


def draw(seed):
    """Return standardized rows to train on, to choose by and to test."""
    X, y = make_classification(
        n_samples=1400,
        n_features=30,
        n_informative=5,
        n_redundant=0,
        flip_y=0.05,
        random_state=seed,
    )
    X = StandardScaler().fit(X[:100]).transform(X)
    return *np.split(X, [100, 400]), *np.split(y, [100, 400])


drawn = zip(*[draw(seed) for seed in range(20)])
X_each, X_choose, X_judge, y_each, y_choose, y_judge = (
    np.stack(part, axis=1) for part in drawn
)  # (rows, 20, 30) and (rows, 20)
factors = np.logspace(-4, 1, 26)
grid = Sequential(
    [
        layers.Input((20, 30)),
        layers.EinsumDense(
            "bdf,dfs->bds",
            (20, 26),
            bias_axes="ds",
            kernel_initializer="zeros",
            kernel_regularizer=L2OfEach(factors),
        ),
    ]
)
rate = keras.optimizers.schedules.CosineDecay(0.1, 500)
grid.compile(
    keras.optimizers.Adam(rate), summed_cross_entropy, steps_per_execution=100
)
batch = tf.data.Dataset.from_tensors((X_each, y_each[:, :, None])).repeat()
grid.fit(batch, steps_per_epoch=500, shuffle=False, verbose=0)


def plain(X, y):
    """Return the cross-entropy of each model, (data sets, factors)."""
    logits = grid(X).numpy()
    return np.mean(np.logaddexp(0, logits) - y[:, :, None] * logits, axis=0)


# %% tags=["factors"]
print(f"factors tried: {len(factors)}")

# %% tags=["monitor"]
squares = np.sum(grid.layers[0].kernel.numpy() ** 2, axis=1)  # (20, 26)
without = plain(X_choose, y_choose)
with_penalty = without + factors * squares
tested = plain(X_judge, y_judge)
by_loss, by_metric = with_penalty.argmin(axis=1), without.argmin(axis=1)
sets = np.arange(20)
print("monitored           median factor   cross-entropy on test rows")
for name, chosen in [("val_loss", by_loss), ("val_cross_entropy", by_metric)]:
    print(
        f"{name:<17}   {np.median(factors[chosen]):13.4f}"
        f"   {tested[sets, chosen].mean():26.4f}"
    )

# %% tags=["larger"]
worse = tested[sets, by_loss] - tested[sets, by_metric]
half = stats.t.ppf(0.975, 19) * stats.sem(worse)
print("of 20 data sets                   value")
print(f"val_loss chose a smaller factor   {np.sum(by_loss < by_metric)}")
print(f"the same                          {np.sum(by_loss == by_metric)}")
print(f"a larger one                      {np.sum(by_loss > by_metric)}")
print(f"cost in cross-entropy             {worse.mean():.4f}")
print(f"half of its 95% interval          {half:.4f}")

# %% tags=["minima"]
figure, axes = plt.subplots(figsize=(4.6, 3.0))
for values, style, name in [
    (with_penalty.mean(axis=0), "C2--", "val_loss"),
    (without.mean(axis=0), "C2-", "val_cross_entropy"),
]:
    axes.plot(factors, values, style, label=name)
    least = int(values.argmin())
    axes.plot(factors[least], values[least], "ko", label=f"least {name}")
axes.set(
    xscale="log",
    xlabel="factor l2",
    ylabel="mean of 20 data sets",
    ylim=(0.3, 1.2),
)
axes.legend(*[part[::2] for part in axes.get_legend_handles_labels()])
figure.set_label(
    f"val_loss and plain cross-entropy on the validation rows over the "
    f"factor, mean of twenty data sets. val_loss, which contains the penalty, "
    f"is least at {factors[with_penalty.mean(axis=0).argmin()]:.4f}, the "
    f"cross-entropy at {factors[without.mean(axis=0).argmin()]:.4f}."
)
plt.show()

# %% [markdown]
# ## Stopping early
#
# The network without a penalty, watched on the validation rows.

# %% tags=["early"]
model = build_model(l2=0.0)
stop = EarlyStopping(
    monitor="val_cross_entropy",
    mode="min",
    patience=15,
    restore_best_weights=True,
)
watched = model.fit(
    X_train,
    y_train[:, None],
    batch_size=25,
    epochs=200,
    validation_data=(X_validation, y_validation[:, None]),
    callbacks=[stop],
    verbose=0,
).history["val_cross_entropy"]
best = int(np.argmin(watched))
restored = cross_entropy(model, X_validation, y_validation)
print("epoch                    number   val_cross_entropy")
print(f"best                     {best + 1:6}   {watched[best]:17.4f}")
print(f"last                     {len(watched):6}   {watched[-1]:17.4f}")
print(f"model after fit          {best + 1:6}   {restored:17.4f}")

# %% tags=["stopped"]
figure, axes = plt.subplots(figsize=(4.6, 2.6))
axes.plot(range(1, len(watched) + 1), watched, "C0-", label="validation")
axes.plot(best + 1, watched[best], "ko", label="restored")
axes.plot(len(watched), watched[-1], "kx", label="stopped")
axes.set(xlabel="epoch", ylabel="val_cross_entropy")
axes.legend()
figure.set_label(
    f"Cross-entropy on the validation rows over the epochs: least in epoch "
    f"{best + 1}, whose weights are restored; training stops in epoch "
    f"{len(watched)}."
)
plt.show()

# %% [markdown]
# ## Thirty seeds
#
# The same rows and the same factor, other first weights: thirty networks
# trained side by side.

# %% tags=["seeds"]
models, hidden = 30, 16


def glorot(inputs, outputs):
    """Return the initializer that Dense would use for each network."""
    limit = np.sqrt(6 / (inputs + outputs))
    return keras.initializers.RandomUniform(-limit, limit, seed=inputs)


many = Sequential(
    [
        layers.Input((30,)),
        layers.EinsumDense(
            "bi,mih->bmh",
            (models, hidden),
            bias_axes="mh",
            activation="relu",
            kernel_initializer=glorot(30, hidden),
            kernel_regularizer=L2(0.01),
        ),
        layers.EinsumDense(
            "bmh,mh->bm",
            (models,),
            bias_axes="m",
            kernel_initializer=glorot(hidden, 1),
            kernel_regularizer=L2(0.01),
        ),
    ]
)
many.compile(
    keras.optimizers.Adam(0.01),
    lambda y, logits: ops.sum(ops.softplus(logits) - y * logits, axis=1),
    steps_per_execution=200,
)
columns = np.repeat(y_train[:, None], models, axis=1)
batch = tf.data.Dataset.from_tensors((X_train, columns)).repeat()
many.fit(batch, steps_per_epoch=400, shuffle=False, verbose=0)
accuracies = np.mean((many(X_test).numpy() > 0) == y_test[:, None], axis=0)
print("of thirty seeds   accuracy on test rows")
print(f"lowest            {accuracies.min():21.3f}")
print(f"median            {np.median(accuracies):21.3f}")
print(f"highest           {accuracies.max():21.3f}")

# %% tags=["spread"]
figure, axes = plt.subplots(figsize=(4.6, 1.5))
values, counts = np.unique(accuracies.round(3), return_counts=True)
stacked = [(v, k) for v, count in zip(values, counts) for k in range(count)]
axes.plot(*np.transpose(stacked), "C2o", markersize=5, label="seed")
axes.set(xlabel="accuracy on the test rows", ylim=(-0.8, max(counts)))
axes.set_yticks([])
figure.set_label(
    f"Test accuracies of thirty networks that differ in their first weights "
    f"only: from {accuracies.min():.3f} to {accuracies.max():.3f}."
)
plt.show()

# %% [markdown]
# ## Why small fits are slow
#
# The same 25 updates with all rows, once as 25 epochs, once as one epoch
# in a single call. Each model has trained before, so that building it does
# not count.


# %% tags=["faster"]
def seconds(model, *data, **settings):
    """Return the seconds that the second of two equal trainings takes."""
    for _ in range(2):
        start = time.perf_counter()
        model.fit(*data, shuffle=False, verbose=0, **settings)
    return time.perf_counter() - start


rows = (X_train, y_train[:, None])
slow = seconds(build_model(0.01), *rows, batch_size=100, epochs=25)
batch = tf.data.Dataset.from_tensors(rows).repeat()
fast = seconds(
    build_model(0.01, steps_per_execution=25), batch, steps_per_epoch=25
)
faster = "yes" if slow > 5 * fast else "no"
print(f"more than five times as fast: {faster}")

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="training-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
