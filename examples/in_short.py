# %% [markdown]
# # In short: the course on one page
#
# Everything once, on real data: check the table, split it, try four
# penalties with several factors, choose by the validation rows, and open
# the test rows once. It runs in about twenty seconds. What each step means
# is in [the chapter](../docs/learn/in_short.md).

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
from scipy import stats
from sklearn.datasets import load_digits
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

# %% [markdown]
# ## Look at the data first
#
# 1,797 images of handwritten digits with 8 × 8 pixels, which scikit-learn
# brings along.

# %% tags=["data"]
X, y = load_digits(return_X_y=True)  # (1797, 64), (1797,)
classes = np.unique(y)
print("property                              value")
print(f"rows                                  {len(X)}")
print(f"features                              {X.shape[1]}")
print(f"classes                               {len(classes)}")
print(f"rows of the smallest class            {np.bincount(y).min()}")
print(f"values that are not finite            {np.sum(~np.isfinite(X))}")
print(f"features that are constant            {np.sum(X.std(axis=0) == 0)}")

# %% [markdown]
# ## Split
#
# 200 training rows are few for this problem, so that there is something to
# regularize.

# %% tags=["split"]
X_train, X_rest, y_train, y_rest = train_test_split(
    X, y, train_size=200, stratify=y, random_state=0
)
X_validation, X_test, y_validation, y_test = train_test_split(
    X_rest, y_rest, train_size=400, stratify=y_rest, random_state=0
)
constant = np.sum(X_train.std(axis=0) == 0)
scaler = StandardScaler().fit(X_train)  # the training rows alone
X_train, X_validation, X_test = map(
    scaler.transform, (X_train, X_validation, X_test)
)
print("set          rows")
print(f"training     {len(y_train)}")
print(f"validation   {len(y_validation)}")
print(f"test         {len(y_test)}")

# %% tags=["constant"]
print(f"features that are constant in the training rows: {constant}")


# %% [markdown]
# ## Train with four penalties and several factors
#
# The metric `crossentropy` is the cross-entropy without the penalty. A model
# is chosen by it, because it can be compared between factors.


# %%
def train(l1=0.0, l2=0.0):
    """Return a network with both factors on its kernels, trained."""
    keras.utils.set_random_seed(0)
    penalty = {"kernel_regularizer": regularizers.L1L2(l1=l1, l2=l2)}
    model = Sequential(
        [
            layers.Input(shape=(X.shape[1],)),
            layers.Dense(64, "relu", **penalty),
            layers.Dense(len(classes), "softmax", **penalty),
        ]
    )
    plain = keras.metrics.SparseCategoricalCrossentropy(name="crossentropy")
    model.compile(
        keras.optimizers.Adam(0.005),
        loss="sparse_categorical_crossentropy",
        metrics=[plain, "accuracy"],
    )
    model.fit(X_train, y_train, batch_size=50, epochs=40, verbose=0)
    return model


factors = [0.0001, 0.001, 0.01]
settings = {"none": (0.0, 0.0)}
settings |= {f"L1, {factor:g}": (factor, 0.0) for factor in factors}
settings |= {f"L2, {10 * factor:g}": (0.0, 10 * factor) for factor in factors}
settings |= {f"both, {factor:g} each": (factor, factor) for factor in factors}
models = {name: train(*pair) for name, pair in settings.items()}

# %% tags=["validation"]
scores = {}
print("penalty and factor   training   validation   accuracy")
for name, model in models.items():
    fitted = model.evaluate(X_train, y_train, verbose=0, return_dict=True)
    found = model.evaluate(
        X_validation, y_validation, verbose=0, return_dict=True
    )
    scores[name] = found["crossentropy"]
    print(
        f"{name:<18}   {fitted['crossentropy']:8.4f}"
        f"   {found['crossentropy']:10.4f}   {found['accuracy']:8.1%}"
    )

# %% tags=["chosen"]
chosen = min(scores, key=scores.get)
print(f"penalty and factor: {chosen}")

# %% [markdown]
# ## Open the test rows once
#
# Both models predict the same rows, so they are compared row by row.
# <a id="in-short"></a>

# %% tags=["test"]
right, losses = {}, {}
print("model      cross-entropy   right     of   accuracy")
for label, name in (("none", "none"), ("chosen", chosen)):
    probabilities = models[name].predict(X_test, verbose=0)
    answers = probabilities.argmax(axis=1)
    right[label] = answers == y_test
    losses[label] = -np.log(probabilities[np.arange(len(y_test)), y_test])
    print(
        f"{label:<8}   {losses[label].mean():13.3f}   {right[label].sum():5}"
        f"   {len(y_test):4}   {right[label].mean():8.1%}"
    )

# %% tags=["difference"]
changes = {
    "cross-entropy": losses["chosen"] - losses["none"],
    "points of accuracy": 100 * (right["chosen"] - 1.0 * right["none"]),
}
print("chosen minus none    difference   lower end   upper end")
for name, change in changes.items():
    half = stats.norm.ppf(0.975) * stats.sem(change)
    low, high = change.mean() - half, change.mean() + half
    print(f"{name:<18}   {change.mean():+10.3f}   {low:+9.3f}   {high:+9.3f}")

# %% tags=["matrix"]
matrix = confusion_matrix(y_test, answers)
figure, axes = plt.subplots(figsize=(4.2, 3.6))
display = ConfusionMatrixDisplay(matrix, display_labels=classes)
display.plot(cmap="Greys", colorbar=False, ax=axes)
wrong = matrix.sum() - np.trace(matrix)
off = np.where(np.eye(len(classes), dtype=bool), 0, matrix)
true, predicted = np.unravel_index(off.argmax(), off.shape)
figure.set_label(
    f"Confusion matrix of the {len(y_test)} test rows, ten classes: "
    f"{np.trace(matrix)} on the diagonal and {wrong} beside it. The most "
    f"frequent mistake is a {true} read as {predicted}, {off.max()} times."
)
plt.show()

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="in-short-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
