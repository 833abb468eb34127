# %% [markdown]
# # Training with a penalty: what fit prints
#
# Train a small network, take the printed loss apart, stop early, choose a
# factor and repeat the training with other seeds. It runs in half a minute.
# [The chapter](../docs/learn/training.md) says what each step means.
# <a id="reading-what-fit-prints"></a>

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
from keras import Sequential, layers
from keras.callbacks import EarlyStopping, LambdaCallback
from keras.regularizers import L2
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

tf.get_logger().setLevel("ERROR")  # it warns of many models in one script

# %% [markdown]
# ## Data and a model
#
# Thirty features, five of which are informative. 100 rows train the network,
# 300 validate it and 2,000 test it.

# %%
X, y = make_classification(
    2400, 30, n_informative=5, n_redundant=0, flip_y=0.05, random_state=5
)  # (2400, 30), (2400,)
y = y[:, None]  # (2400, 1), shaped as the model's output
X_train, X_rest, y_train, y_rest = train_test_split(
    X, y, train_size=100, stratify=y, random_state=5
)
X_validation, X_test, y_validation, y_test = train_test_split(
    X_rest, y_rest, train_size=300, stratify=y_rest, random_state=5
)
scaler = StandardScaler().fit(X_train)
X_train = scaler.transform(X_train)
X_validation = scaler.transform(X_validation)
X_test = scaler.transform(X_test)

keras.utils.set_random_seed(1)
model = Sequential(
    [
        layers.Input(shape=(X_train.shape[1],)),
        layers.Dense(16, "relu", kernel_regularizer=L2(0.01)),
        layers.Dense(1, "sigmoid", kernel_regularizer=L2(0.01)),
    ]
)
model.compile(
    optimizer=keras.optimizers.Adam(learning_rate=0.01),
    loss="binary_crossentropy",
    metrics=[keras.metrics.BinaryCrossentropy(name="cross_entropy")],
)

# %% [markdown]
# ## Three epochs, as Keras prints them
#
# After each epoch, `evaluate` computes the loss and the metric of the
# training rows afresh, with the weights at the end of the epoch.

# %% tags=["printed"]
afresh = []
note = LambdaCallback(
    on_epoch_end=lambda epoch, logs: afresh.append(
        model.evaluate(X_train, y_train, verbose=0)
    )
)
three = model.fit(
    X_train,
    y_train,
    batch_size=32,
    epochs=3,
    validation_data=(X_validation, y_validation),
    callbacks=[note],
    verbose=2,
)

# %% [markdown]
# ## The loss taken apart
#
# The same training goes on until epoch 40. The difference is what is printed
# for `loss` minus what is printed for `cross_entropy`.

# %% tags=["apart"]
more = model.fit(
    X_train,
    y_train,
    batch_size=32,
    initial_epoch=3,
    epochs=40,
    validation_data=(X_validation, y_validation),
    callbacks=[note],
    verbose=0,
)
history = {
    name: np.array(values + more.history[name])
    for name, values in three.history.items()
}
loss, data_loss = np.transpose(afresh)  # (40,) each
penalty = loss - data_loss

printed, plain = history["loss"], history["cross_entropy"]
print("epoch   loss printed   loss at end   difference   penalty at end")
for epoch in (1, 2, 5, 20, 40):
    at = epoch - 1
    print(
        f"{epoch:<5}   {printed[at]:12.4f}   {loss[at]:11.4f}"
        f"   {printed[at] - plain[at]:10.4f}   {penalty[at]:14.4f}"
    )

# %% tags=["validation"]
kernels = [layer.kernel.numpy() for layer in model.layers]
of_kernels = 0.01 * sum((kernel**2).sum() for kernel in kernels)
both, plain = history["val_loss"][-1], history["val_cross_entropy"][-1]
print("of epoch 40                   value")
print(f"val_loss                      {both:.4f}")
print(f"val_cross_entropy             {plain:.4f}")
print(f"their difference              {both - plain:.4f}")
print(f"penalty of the two kernels    {of_kernels:.4f}")

# %% tags=["stacked"]
epochs = np.arange(1, 41)
figure, axes = plt.subplots(figsize=(4.6, 3.0))
axes.fill_between(epochs, penalty, color="C2", alpha=0.35)
axes.fill_between(epochs, penalty, loss, color="C0", alpha=0.3)
axes.plot(epochs, penalty, "C2-", label="penalty")
axes.plot(epochs, loss, "C0-", label="penalty + data loss")
axes.plot(epochs, history["val_loss"], "k--", label="val_loss")
axes.text(20, penalty[19] / 2, "penalty", color="C2", va="center")
axes.text(6, penalty[5] + data_loss[5] / 3, "data loss", va="center")
axes.text(28, history["val_loss"][27] + 0.05, "val_loss")
axes.set(xlabel="epoch", ylabel="loss", xlim=(1, 40), ylim=(0, None))
figure.set_label(
    f"Loss on the training rows over forty epochs, as two layers: below, the "
    f"penalty, {penalty[-1]:.2f} at the end; on top of it the data loss, "
    f"which falls from {data_loss[0]:.2f} to {data_loss[-1]:.2f}. A dashed "
    f"line above both, val_loss, ends at {history['val_loss'][-1]:.2f}."
)
plt.show()

# %% [markdown]
# ## Stopping early
#
# The network without a penalty, watched on the validation rows. A function
# builds it, because all further trainings need it with other settings.


# %%
def build_model(l2, seed=1, steps_per_execution=1):
    """Return the network above, compiled, with its own factor and seed."""
    keras.utils.set_random_seed(seed)
    model = Sequential(
        [
            layers.Input(shape=(X_train.shape[1],)),
            layers.Dense(16, "relu", kernel_regularizer=L2(l2)),
            layers.Dense(1, "sigmoid", kernel_regularizer=L2(l2)),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss="binary_crossentropy",
        metrics=[keras.metrics.BinaryCrossentropy(name="cross_entropy")],
        steps_per_execution=steps_per_execution,
    )
    return model


# %% tags=["early"]
model = build_model(l2=0.0)
stop = EarlyStopping(
    "val_cross_entropy", mode="min", patience=10, restore_best_weights=True
)
watched = model.fit(
    X_train,
    y_train,
    batch_size=32,
    epochs=200,
    validation_data=(X_validation, y_validation),
    callbacks=[stop],
    verbose=0,
).history["val_cross_entropy"]
best = int(np.argmin(watched))
_, restored = model.evaluate(X_validation, y_validation, verbose=0)
print("weights             epoch   val_cross_entropy")
print(f"of the best epoch   {best + 1:5}   {watched[best]:17.4f}")
print(f"of the last epoch   {len(watched):5}   {watched[-1]:17.4f}")
print(f"after fit           {best + 1:5}   {restored:17.4f}")

# %% tags=["stopped"]
figure, axes = plt.subplots(figsize=(4.6, 2.6))
axes.plot(range(1, len(watched) + 1), watched, "C0-", label="validation")
axes.plot(best + 1, watched[best], "ko", label="restored")
axes.plot(len(watched), watched[-1], "kx", markersize=8, label="stopped")
axes.text(best + 1, watched[best] + 0.015, "restored", ha="center")
axes.text(len(watched) - 0.5, watched[-1], "stopped", ha="right")
axes.set(xlabel="epoch", ylabel="val_cross_entropy")
axes.xaxis.get_major_locator().set_params(integer=True)
figure.set_label(
    f"Validation cross-entropy over the epochs: least in epoch {best + 1}, "
    f"whose weights are restored; training stops in epoch {len(watched)}."
)
plt.show()

# %% [markdown]
# ## Why small fits are slow
#
# The same 50 updates with all rows: once as 50 epochs of one batch, once as
# one epoch of 50 updates in a single call. The second training is timed, so
# that building and compiling do not count.

# %% tags=["faster"]
plain = build_model(0.01)
one_call = build_model(0.01, steps_per_execution=50)
rows = tf.data.Dataset.from_tensors((X_train, y_train)).repeat()
for _ in range(2):
    start = time.perf_counter()
    plain.fit(X_train, y_train, batch_size=100, epochs=50, verbose=0)
    between = time.perf_counter()
    one_call.fit(rows, steps_per_epoch=50, shuffle=False, verbose=0)
    end = time.perf_counter()
ratio = (between - start) / (end - between)
band = max(times for times in (1, 5, 20) if ratio >= times)
for one, other in zip(plain.get_weights(), one_call.get_weights()):
    np.testing.assert_allclose(one, other, atol=1e-4)
print(f"at least this many times as fast: {band}")

# %% [markdown]
# ## What to monitor
#
# The network with one factor after the other, 400 updates for each. Which
# factor looks best on the validation rows, with the penalty in the number
# and without it?


# %%
def train(l2, seed=1):
    """Return the network after 400 updates with all training rows."""
    model = build_model(l2, seed, steps_per_execution=200)
    model.fit(rows, steps_per_epoch=400, shuffle=False, verbose=0)
    return model


# %% tags=["monitor"]
factors = (0.003, 0.01, 0.03, 0.1, 0.3)
reached = [
    train(l2).evaluate(X_validation, y_validation, batch_size=300, verbose=0)
    for l2 in factors
]
val_loss, val_cross_entropy = np.transpose(reached)
print("l2      val_loss   val_cross_entropy   difference")
for l2, both, plain in zip(factors, val_loss, val_cross_entropy):
    print(f"{l2:<5}   {both:8.3f}   {plain:17.3f}   {both - plain:10.3f}")

# %% [markdown]
# ## Ten seeds
#
# The same rows and the same factor, trained ten times, each time with a seed
# of its own; below, the same with a larger factor.
# <a id="thirty-seeds"></a>


# %% tags=["seeds"]
def report(l2):
    """Print the spread of two results of the networks with ten seeds."""
    found = []
    for seed in range(10):
        network = train(l2, seed)
        _, plain = network.evaluate(X_validation, y_validation, verbose=0)
        right = np.mean((network(X_test).numpy() > 0.5) == y_test)
        found.append((plain, right))
    print("ten seeds   val_cross_entropy   accuracy on test rows")
    spread = np.quantile(found, (0, 0.5, 1), axis=0)  # (3, 2)
    for name, (plain, right) in zip(("lowest", "median", "highest"), spread):
        print(f"{name:<9}   {plain:17.3f}   {right:21.3f}")


report(l2=0.01)

# %% tags=["larger-factor"]
report(l2=0.1)

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="training-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
