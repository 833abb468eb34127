# %% [markdown]
# # Overfitting and how to recognize it
#
# <a id="recognizing-overfitting"></a>
# Train a network that overfits, draw its curves, and see what a penalty
# changes. It runs in about fifteen seconds. What each step means is in
# [the chapter](../docs/learn/overfitting.md).

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
from keras import Sequential, layers, regularizers
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
# <a id="the-factor"></a>
# ## The same network with a penalty
#
# Two networks more, each with a factor of L2. Their `loss` and `val_loss`
# contain the penalty, so the cross-entropy is a metric as well, and the
# metric is drawn. It wants labels shaped as the output.

# %% tags=["factors"]
labels = y[:, None]  # (650, 1)
print("factor   best epoch   validation loss then   validation loss at last")
for factor in (0.01, 0.1):
    keras.utils.set_random_seed(7)
    penalty = regularizers.L2(factor)
    model = Sequential(
        [
            normalize,
            layers.Dense(16, "relu", kernel_regularizer=penalty),
            layers.Dense(1, "sigmoid", kernel_regularizer=penalty),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.01),
        loss="binary_crossentropy",
        metrics=["binary_crossentropy"],
    )
    curves = model.fit(
        X[:150],
        labels[:150],
        validation_data=(X[150:], labels[150:]),
        epochs=50,
        verbose=0,
    ).history
    training = curves["binary_crossentropy"]
    validation = curves["val_binary_crossentropy"]
    lowest = int(np.argmin(validation))
    print(
        f"{factor:<6g}   {lowest + 1:10}   {validation[lowest]:20.2f}"
        f"   {validation[-1]:23.2f}"
    )
    figure, axes = plt.subplots(figsize=(3.0, 2.4))
    epochs = np.arange(1, 51)
    axes.plot(epochs, training, "C2--", label="training rows")
    axes.plot(epochs, validation, "C2-", label="validation rows")
    axes.axvline(lowest + 1, color="black", linestyle=":")
    axes.set(title=f"factor {factor:g}", xlabel="epoch", ylabel="data loss")
    axes.set_ylim(0, 1)
    figure.set_label(
        f"Data loss over 50 epochs with the factor {factor:g}. On the "
        f"training rows it ends at {training[-1]:.2f}. On the validation "
        f"rows it is lowest in epoch {lowest + 1}, with "
        f"{validation[lowest]:.2f}, and ends at {validation[-1]:.2f}."
    )
plt.show()

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
# <a id="twenty-data-sets-with-the-same-truth"></a>
# <a id="many-networks-in-one-fit"></a>
# <a id="a-penalty-and-the-epochs"></a>
# <a id="the-curves-of-an-overfitted-network"></a>
# <a id="capacity"></a>
# <a id="other-failures"></a>
# <a id="labels-full-of-noise"></a>
# <a id="a-learning-rate-that-is-too-large"></a>
# <a id="four-times-as-many-rows"></a>
# <a id="four-cures"></a>
# <a id="what-helps-at-equal-numbers-of-labels"></a>
# <a id="the-failures-side-by-side"></a>
# <a id="curves-without-names"></a>
# [What 20 data sets show](../docs/learn/overfitting.md#results), other
# failures and remedies among it, has a script of its own,
# `overfitting_repeated.py`.

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="overfitting-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
