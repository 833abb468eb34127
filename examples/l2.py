# %% [markdown]
# # L2 regularization
#
# Train a network with four factors, compare a whole path of factors with
# scikit-learn's ridge, and see which weights shrink most. It runs in about
# twenty seconds. What each step means is in
# [the chapter](../docs/learn/l2.md). <a id="l2-every-weight-shrinks"></a>
# <a id="l2-every-weight-is-pulled"></a>
# <a id="steps-of-the-penalty-alone"></a>

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
from keras import Sequential, layers, regularizers
from sklearn.datasets import make_classification
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

# %% [markdown]
# ## One network, four factors
#
# A network with 16 hidden units on 150 training rows. It is trained four
# times from the same initial weights, each time with another factor.

# %%
X, y = make_classification(
    n_samples=2150,
    n_features=20,
    n_informative=5,
    n_redundant=0,
    n_clusters_per_class=1,
    flip_y=0.05,
    random_state=1,
)
X_train, X_validation, y_train, y_validation = train_test_split(
    X, y, train_size=150, stratify=y, random_state=0
)
scaler = StandardScaler().fit(X_train)
X_train, X_validation = map(scaler.transform, (X_train, X_validation))


def trained(l2):
    """Return a network that was trained with this factor in both layers."""
    keras.utils.set_random_seed(0)
    penalty = regularizers.L2(l2)
    model = Sequential(
        [
            layers.Input(shape=(X_train.shape[1],)),
            layers.Dense(16, activation="relu", kernel_regularizer=penalty),
            layers.Dense(1, activation="sigmoid", kernel_regularizer=penalty),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )
    model.fit(X_train, y_train, epochs=60, verbose=0)
    return model


networks = {l2: trained(l2) for l2 in (0.0, 0.001, 0.01, 1.0)}
kernels = [model.layers[0].get_weights()[0] for model in networks.values()]

# %% tags=["networks"]
figure, axes = plt.subplots(figsize=(4.6, 2.8))
rng = np.random.default_rng(0)
for place, (l2, kernel) in enumerate(zip(networks, kernels)):
    axes.plot(
        place + rng.integers(-10, 11, kernel.size) / 40,  # side by side
        kernel.ravel(),
        "C2." if l2 else "C0.",
        markersize=3,
        label=f"l2 = {l2:g}",
    )
axes.axhline(0, color="k", linewidth=0.6)
axes.set_xticks(range(4), [f"{l2:g}" for l2 in networks])
axes.set(xlabel="factor l2", ylabel="weight of the hidden layer")
widest, narrowest = (np.abs(kernels[at]).max() for at in (0, -1))
figure.set_label(
    f"The 320 weights of the hidden layer as dots, one column for each "
    f"factor. Without a penalty they reach {widest:.1f}; the columns become "
    f"narrower with the factor, and at 1 no weight exceeds {narrowest:.0e}."
)
plt.show()

# %% tags=["accuracies"]
print(
    "factor   training accuracy   validation accuracy"
    "   validation cross-entropy   zeros"
)
for (l2, model), kernel in zip(networks.items(), kernels):
    _, training = model.evaluate(X_train, y_train, verbose=0)
    loss, accuracy = model.evaluate(X_validation, y_validation, verbose=0)
    cross_entropy = loss - float(sum(model.losses))
    print(
        f"{l2:<6g}   {training:17.0%}   {accuracy:19.0%}"
        f"   {cross_entropy:24.2f}   {np.sum(kernel == 0):5}"
    )

# %% [markdown]
# ## Data with directions of different spread
#
# Six standardized features. The first two are strongly correlated, so the
# rows vary much along their sum and little along their difference.

# %% tags=["data"]
rng = np.random.default_rng(1)
truth = np.array([3.0, -4.0, 2.0, 1.0, 0.0, 0.0])
correlations = np.eye(6)
correlations[0, 1] = correlations[1, 0] = 0.95
X = rng.normal(size=(80, 6)) @ np.linalg.cholesky(correlations).T
X = (X - X.mean(axis=0)) / X.std(axis=0)  # (80, 6)
y = 5 + X @ truth + rng.normal(scale=2.0, size=80)  # (80,)
print(f"correlation of features 0 and 1: {np.corrcoef(X.T)[0, 1]:.2f}")

# %% [markdown]
# <a id="a-whole-path-in-one-fit"></a>
# ## A path of factors
#
# A linear model is trained for each of eleven factors. Every update sees all
# rows, and the learning rate falls to zero, so that training ends at the
# minimum. Scikit-learn's ridge finds the same weights without training.

# %%
factors = np.logspace(-3, 2, 11)
updates = 1000
batch = tf.data.Dataset.from_tensors((X, y)).repeat()


def linear_weights(l2):
    """Return the weights (features,) of a linear model with this factor."""
    penalty = regularizers.L2(l2)
    unit = layers.Dense(
        1, kernel_initializer="zeros", kernel_regularizer=penalty
    )
    model = Sequential([layers.Input((X.shape[1],)), unit])
    rate = keras.optimizers.schedules.CosineDecay(0.1, updates)
    model.compile(
        keras.optimizers.Adam(rate),
        loss="mean_squared_error",
        steps_per_execution=100,
    )
    model.fit(batch, steps_per_epoch=updates, shuffle=False, verbose=0)
    return model.get_weights()[0][:, 0]


path = np.array([linear_weights(l2) for l2 in factors])  # (11, 6)
ridge = np.array([Ridge(alpha=len(X) * l2).fit(X, y).coef_ for l2 in factors])

# %% tags=["agreement"]
bound = np.ceil(np.abs(path - ridge).max() * 1e3) / 1e3
print(f"no weight is farther from ridge than: {bound:.3f}")

# %% tags=["path"]
figure, axes = plt.subplots(figsize=(4.6, 3.2))
styles = ["C2-", "C2--", "k-", "k--", "k:", "k-."]
for j, style in enumerate(styles):
    axes.plot(factors, path[:, j], style, label=f"feature {j} in Keras")
for j in range(6):
    axes.plot(
        factors,
        ridge[:, j],
        "ko",
        fillstyle="none",
        markersize=5,
        label=f"feature {j} in ridge",
    )
axes.axhline(0, color="k", linewidth=0.6)
axes.set(xscale="log", xlabel="factor l2", ylabel="weight")
for j, left, above in [(0, 0, 0.3), (1, 0, 0.7), (2, 4, 0.3), (3, 0, 0.25)]:
    axes.text(factors[left], path[left, j] + above, f"feature {j}")
axes.text(factors[0], -0.9, "features 4 and 5")
axes.set_ylim(-5.2, 4.2)
figure.set_label(
    f"Six weights over the factor, trained in Keras as lines, scikit-learn's "
    f"ridge as rings on them. At 0.001 the first two are {path[0, 0]:.1f} and "
    f"{path[0, 1]:.1f}; they are about {path[6, 0]:.1f} and "
    f"{path[6, 1]:.1f} where the factor is 1, and at 100 all are near zero."
)
plt.show()

# %% [markdown]
# ## Which directions shrink
#
# The singular value decomposition of X gives the directions. How much of the
# least-squares weights along each is left at l2 = 0.1, by the formula and in
# the trained weights?

# %% tags=["directions"]
examined = 0.1
at = int(np.argmin(np.abs(factors - examined)))
_, d, directions = np.linalg.svd(X, full_matrices=False)
least_squares = directions @ LinearRegression().fit(X, y).coef_
along = directions @ path[at]
variances = d**2 / len(X)
shares = variances / (variances + examined)
print("direction   variance   least squares   left   formula")
for j in range(6):
    weight = f"{least_squares[j]:13.2f}".replace("-", "−")
    print(
        f"{j:<9}   {variances[j]:8.3f}   {weight}"
        f"   {along[j] / least_squares[j]:4.0%}   {shares[j]:7.0%}"
    )

# %% tags=["last-direction"]
print("direction   " + "   ".join(f"feature {j}" for j in range(6)))
print("last        " + "   ".join(f"{part:9.2f}" for part in directions[-1]))

# %% [markdown]
# The rows of features 0 and 1, with the directions of sum and difference.

# %% tags=["cloud"]
figure, axes = plt.subplots(figsize=(3.2, 3.2))
axes.plot(*X[:, :2].T, "k.", markersize=3, label="rows")
names = {1: ("sum", (1.1, 2.2)), -1: ("difference", (0.6, -1))}
for sign, (name, place) in names.items():
    direction = np.array([1, sign]) / 2**0.5
    end = 2 * np.std(X[:, :2] @ direction) * direction
    axes.plot(*np.array([-end, end]).T, "k-", linewidth=2, label=name)
    axes.text(*place, name)
axes.set(xlabel="feature 0", ylabel="feature 1", aspect="equal")
axes.set(xlim=(-3.2, 3.2), ylim=(-3.2, 3.2))
figure.set_label(
    "Rows of features 0 and 1 as a narrow cloud along the diagonal. A long "
    "line marks the direction of their sum, a short one across it that of "
    "their difference."
)
plt.show()

# %% [markdown]
# ## Geometry
#
# Two correlated features, the data loss as ellipses around its minimum, and
# the circle through the weights with L2.

# %% tags=["geometry"]
covariance = np.array([[1.0, 0.8], [0.8, 1.0]])
minimum = np.array([3.0, -4.0])
l2 = 0.3
best = np.linalg.solve(covariance + l2 * np.eye(2), covariance @ minimum)
level = (best - minimum) @ covariance @ (best - minimum)
turn = np.linspace(0, 2 * np.pi, 61)
unit = np.array([np.cos(turn), np.sin(turn)])  # (2, 61)
ellipse = np.linalg.inv(np.linalg.cholesky(covariance)).T @ unit
figure, axes = plt.subplots(figsize=(3.4, 3.4))
for share, style in [(0.25, "k:"), (1.0, "k--"), (2.25, "k:")]:
    ring = minimum[:, None] + (share * level) ** 0.5 * ellipse
    axes.plot(*ring, style, label=f"data loss {share * level:.1f}")
axes.plot(*np.linalg.norm(best) * unit, "C2-", label="equal penalty")
axes.plot(*best, "C2o", label="with L2")
axes.plot(*minimum, "k+", markersize=9, label="without a penalty")
axes.axhline(0, color="k", linewidth=0.6)
axes.axvline(0, color="k", linewidth=0.6)
axes.set(xlabel="w₁", ylabel="w₂", xlim=(-4, 7), ylim=(-8, 3))
axes.set_aspect("equal")
axes.text(2.3, 1.2, "equal penalty", color="C2")
axes.text(3.0, -1.4, "equal data loss")
figure.set_label(
    f"Ellipses of equal data loss around (3, −4) and a circle around the "
    f"origin. They touch at ({best[0]:.1f}, {best[1]:.1f}), off both axes: "
    f"the weights with L2."
)
plt.show()

# %% [markdown]
# <a id="two-features-that-say-the-same"></a> <a id="real-data"></a>
# ## The run in numbers
#
# What the chapter says about the data and the factors.

# %% tags=["numbers"]
truths = ", ".join(f"{weight:g}" for weight in truth).replace("-", "−")
print("in this run                        number")
print(f"network's training rows            {len(X_train)}")
print(f"network's validation rows          {len(X_validation):,}")
print(f"rows                               {len(X)}")
print(f"features                           {len(truth)}")
print(f"true weights                       {truths}")
print(f"factors                            {len(factors)}")
print(f"factor of the directions           {examined:g}")

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="l2-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
