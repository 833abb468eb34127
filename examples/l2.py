# %% [markdown]
# # L2: every weight is pulled
#
# Watch L2 shrink weights step by step, train a whole path of factors in one
# `fit`, compare it with scikit-learn's ridge, and see which directions of the
# data shrink. It runs in about ten seconds. What each step means is in
# [the chapter](../docs/learn/l2.md). <a id="l2-every-weight-shrinks"></a>

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
from sklearn.linear_model import Ridge

# %% [markdown]
# ## Steps of the penalty alone
#
# The weights (3, −4), a data loss that is level, and SGD with a learning
# rate of 0.1: what is left after some steps?


# %% tags=["steps"]
def penalty_steps(l2, updates, learning_rate=0.1):
    """Return (3, −4) after updates by the slope of the L2 penalty alone."""
    layer = layers.Dense(
        1, use_bias=False, kernel_regularizer=keras.regularizers.L2(l2)
    )
    model = Sequential([layers.Input((2,)), layer])
    layer.kernel.assign([[3.0], [-4.0]])
    model.compile(keras.optimizers.SGD(learning_rate), lambda y, _: 0 * y)
    rows = (np.zeros((updates, 2)), np.zeros((updates, 1)))
    model.fit(*rows, batch_size=1, verbose=0)
    return layer.kernel.numpy()[:, 0]


print("factor and steps    first weight   second weight")
for l2, updates in [(0.1, 1), (0.1, 10), (0.1, 100), (30.0, 5)]:
    first, second = penalty_steps(l2, updates)
    name = f"{l2:g} for {updates}"
    print(f"{name:<16}   {first:13.4f}   {second:13.4f}")

# %% [markdown]
# ## Data with directions of different spread
#
# Six standardized features. The first two are nearly the same, so there is
# much spread along their sum and little along their difference.


# %% tags=["data"]
def correlated(n_rows, rho, rng, n_features=6):
    """Return standardized rows, the first two features correlated by rho."""
    wanted = np.eye(n_features)
    wanted[0, 1] = wanted[1, 0] = rho
    X = rng.normal(size=(n_rows, n_features)) @ np.linalg.cholesky(wanted).T
    return (X - X.mean(axis=0)) / X.std(axis=0)


rng = np.random.default_rng(1)
truth = np.array([3.0, -4.0, 2.0, 1.0, 0.0, 0.0])
X = correlated(80, 0.95, rng)  # (80, 6)
y = 5 + X @ truth + rng.normal(scale=2.0, size=80)  # (80,)
print(f"correlation of features 0 and 1: {np.corrcoef(X.T)[0, 1]:.2f}")

# %% [markdown]
# ## A whole path in one fit
#
# One slice of the kernel for each factor. The data losses are summed, and
# each slice pays with its own factor, so no slice touches another.


# %%
class L2OfEach(keras.regularizers.Regularizer):
    """L2 with a factor of its own for each index of the first axis."""

    def __init__(self, factors):
        self.factors = np.array(factors, dtype="float32")[:, None, None]

    def __call__(self, kernel):  # (models, features, 1)
        return ops.sum(self.factors * kernel**2)


def squared_errors(y, prediction):
    """Return for each row its squared error, summed over the models."""
    return ops.sum((y - prediction) ** 2, axis=(1, 2))


def train(X, y, factors, updates=1500):
    """Train a linear model for each factor.

    X is (rows, models, features) and y (rows, models). Returns weights,
    (models, features).
    """
    layer = layers.EinsumDense(
        "bmf,mfo->bmo",
        (len(factors), 1),
        bias_axes="mo",
        kernel_initializer="zeros",
        kernel_regularizer=L2OfEach(factors),
    )
    model = Sequential([layers.Input(X.shape[1:]), layer])
    rate = keras.optimizers.schedules.CosineDecay(0.1, updates)
    model.compile(
        keras.optimizers.Adam(rate), squared_errors, steps_per_execution=500
    )
    batch = tf.data.Dataset.from_tensors((X, y[:, :, None])).repeat()
    model.fit(batch, steps_per_epoch=updates, shuffle=False, verbose=0)
    return layer.kernel.numpy()[:, :, 0]


def repeated(part, times):
    """Return the same rows for each model, along a new second axis."""
    return np.repeat(part[:, None], times, axis=1)


factors = np.logspace(-3, 2, 21)
path = train(repeated(X, 21), repeated(y, 21), factors)  # (21, 6)
ridge = [Ridge(alpha=len(X) * l2).fit(X, y).coef_ for l2 in factors]

# %% tags=["path"]
figure, axes = plt.subplots(figsize=(4.6, 3.2))
styles = ["C2-", "C2--", "C0-", "C0--", "C0:", "C0-."]
for j, style in enumerate(styles):
    axes.plot(factors, path[:, j], style, label=f"feature {j} in Keras")
for j in range(6):
    axes.plot(
        factors[::4],
        np.array(ridge)[::4, j],
        "ko",
        fillstyle="none",
        markersize=5,
        label=f"feature {j} in ridge",
    )
axes.axhline(0, color="k", linewidth=0.8)
axes.set(xscale="log", xlabel="factor l2", ylabel="weight")
for j in (0, 1, 2, 3):
    axes.text(factors[0], path[0, j] + 0.15, f"feature {j}", va="bottom")
axes.text(factors[0], -0.2, "features 4 and 5", va="top")
figure.set_label(
    f"Six weights over the factor, trained in Keras as lines, scikit-learn's "
    f"ridge as rings on them. At 0.001 the first two are {path[0, 0]:.1f} and "
    f"{path[0, 1]:.1f}; they meet at about {path[12, 0]:.1f} and "
    f"{path[12, 1]:.1f} where the factor is 1, and at 100 all are near zero."
)
plt.show()

# %% tags=["last"]
size = np.abs(path[-1])
print(f"weights at the last factor: {size.min():.3f} to {size.max():.3f}")

# %% tags=["agreement"]
bound = np.ceil(np.abs(path - ridge).max() * 1e4) / 1e4
print(f"no weight is farther from ridge than: {bound:.4f}")

# %% [markdown]
# What becomes of the weights of the two features that are nearly the same?

# %% tags=["together"]
print("factor   sum of the two weights   their difference")
for factor, (first, second) in zip(factors[::4], path[::4, :2]):
    line = f"{first + second:22.2f}   {first - second:16.2f}"
    print(f"{factor:<6.3g}   " + line.replace("-", "−"))

# %% [markdown]
# ## Which directions shrink
#
# The singular value decomposition of X gives its directions. How much of the
# least-squares weights along each is left at l2 = 0.1, by the formula and in
# the trained weights?

# %% tags=["directions"]
_, d, directions = np.linalg.svd(X, full_matrices=False)
least_squares = directions @ np.linalg.lstsq(X, y - y.mean())[0]
examined = 0.1  # the factor whose weights are looked at
at = int(np.argmin(np.abs(factors - examined)))
along = directions @ path[at]
n = len(X)
print("direction   spread   least squares   trained   left   by the formula")
for j in range(6):
    formula = d[j] ** 2 / (d[j] ** 2 + n * factors[at])
    print(
        f"{j:<9}   {d[j] / n**0.5:6.2f}   {least_squares[j]:13.3f}"
        f"   {along[j]:7.3f}   {along[j] / least_squares[j]:4.0%}"
        f"   {formula:14.0%}"
    )

# %% [markdown]
# How much of each feature is in each direction?

# %% tags=["mixture"]
print("direction", *[f"feature {j}" for j in range(6)], sep="   ")
for j, parts in enumerate(directions):
    print(f"{j:<9}", *[f"{part:9.2f}" for part in parts], sep="   ")

# %% tags=["left"]
spread = np.linspace(0, 2, 41)
figure, axes = plt.subplots(figsize=(4.6, 2.8))
for l2, style in [(0.01, "C2:"), (0.1, "C2-"), (1.0, "C2--")]:
    axes.plot(
        spread, spread**2 / (spread**2 + l2), style, label=f"l2 = {l2:g}"
    )
axes.plot(
    d / n**0.5,
    along / least_squares,
    "ko",
    fillstyle="none",
    label=f"trained, l2 = {examined:g}",
)
axes.set(xlabel="spread of the data along the direction", ylabel="left")
axes.legend()
figure.set_label(
    f"Share of the least-squares weights that is left, over the spread of "
    f"the data along the direction: near zero where there is little spread, "
    f"near one where there is much. The six trained directions lie on the "
    f"curve of {examined:g}, the lowest at a spread of {d[-1] / n**0.5:.2f}."
)
plt.show()

# %% tags=["freedom"]
print("factor   degrees of freedom   sum of squares of the weights")
for l2 in (0.001, 0.1, 1.0, 10.0):
    at = int(np.argmin(np.abs(factors - l2)))
    freedom = np.sum(d**2 / (d**2 + n * factors[at]))
    print(f"{l2:<6g}   {freedom:18.2f}   {np.sum(path[at] ** 2):29.2f}")

# %% [markdown]
# ## Geometry
#
# Two weights, the data loss an ellipse around (3, −4), and the weights of
# least data loss among those within a circle.

# %% tags=["geometry"]
bowl = np.array([[1.0, 0.8], [0.8, 1.0]])  # curvature of the data loss
centre = np.array([3.0, -4.0])
figure, axes = plt.subplots(figsize=(3.4, 3.4))
turn = np.linspace(0, 2 * np.pi, 61)
round_ = np.column_stack([np.cos(turn), np.sin(turn)])
l2 = 0.3
best = np.linalg.solve(bowl + l2 * np.eye(2), bowl @ centre)
level = (best - centre) @ bowl @ (best - centre)
to_ellipse = np.linalg.inv(np.linalg.cholesky(bowl)).T
for share, style in [(0.25, "C0:"), (1.0, "C0--"), (2.25, "C0:")]:
    ring = centre + (share * level) ** 0.5 * round_ @ to_ellipse.T
    axes.plot(*ring.T, style, label=f"loss {share * level:.1f}")
circle = np.linalg.norm(best) * round_
axes.plot(*circle.T, "C2-", label="circle")
axes.plot(*best, "C2o", label="with L2")
axes.plot(*centre, "k+", markersize=9, label="without")
axes.axhline(0, color="k", linewidth=0.6)
axes.axvline(0, color="k", linewidth=0.6)
axes.set(xlabel="w₁", ylabel="w₂", aspect="equal", xlim=(-4, 6), ylim=(-7, 3))
figure.set_label(
    f"Ellipses of equal data loss around (3, −4) and a circle around the "
    f"origin. They touch at ({best[0]:.1f}, {best[1]:.1f}), off both axes: "
    f"the weights with L2."
)
plt.show()

# %% [markdown]
# ## Two features that say the same
#
# The target is three times the first feature. The second is correlated with
# it, up to being its copy. All four are trained at once, with l2 = 0.1.

# %% tags=["twins"]
rhos = [0.0, 0.5, 0.9, 1.0 - 1e-9]
rng = np.random.default_rng(0)
pairs = np.stack([correlated(200, rho, rng, 2) for rho in rhos], axis=1)
times, twins_l2 = 3, 0.1
targets = times * pairs[:, :, 0]  # (200, 4)
shared = train(pairs, targets, [twins_l2] * len(rhos))
print("correlation   first weight   second weight   their sum")
for rho, (first, second) in zip(rhos, shared):
    print(
        f"{rho:<11.1f}   {first:12.2f}   {second:13.2f}"
        f"   {first + second:9.2f}"
    )

# %% [markdown]
# ## The run in numbers
#
# What the chapter says about the data and the factors.

# %% tags=["numbers"]
correlation = np.corrcoef(X.T)[0, 1]
truths = ", ".join(f"{weight:g}" for weight in truth).replace("-", "−")
print("in this run                        number")
print(f"rows                               {len(X)}")
print(f"features                           {len(truth)}")
print(f"true weights                       {truths}")
print(f"correlation of features 0 and 1    {correlation:.2f}")
print(f"factors                            {len(factors)}")
print(f"smallest factor                    {factors[0]:g}")
print(f"largest factor                     {factors[-1]:g}")
print(f"factor of the directions           {examined:g}")
print(f"factor of the twins                {twins_l2:g}")
print(f"slope of the twins' target         {times}")

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="l2-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
