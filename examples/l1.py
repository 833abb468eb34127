# %% [markdown]
# # L1 regularization
#
# Train a linear model with L1 on real data, and see which weights become zero
# and why. It runs in about twenty seconds.
# [The chapter](../docs/learn/l1.md) explains each step.
# <a id="l1-some-weights-vanish"></a><a id="every-target-at-once"></a>
# <a id="simulate-data"></a><a id="two-features-that-say-nearly-the-same"></a>
# <a id="two-weights"></a>

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
from keras.optimizers import SGD, Adam
from keras.optimizers.schedules import CosineDecay
from scipy.linalg import toeplitz
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, LinearRegression, Ridge
from sklearn.preprocessing import scale

# %% [markdown]
# ## A model with L1
#
# 442 patients, ten measurements each, and the progress of their diabetes a
# year later. All columns are standardized.

# %% tags=["plain"]
keras.utils.set_random_seed(1)
diabetes = load_diabetes()
names = diabetes.feature_names
X, y = scale(diabetes.data), scale(diabetes.target)  # (442, 10), (442,)
n, p = X.shape
l1 = 0.1
penalty = keras.regularizers.L1(l1)
model = Sequential([layers.Dense(1, kernel_regularizer=penalty)])
model.compile(Adam(0.01), "mean_squared_error")
model.fit(X, y, batch_size=64, epochs=60, verbose=0)
plain = model.layers[0].kernel.numpy()[:, 0]  # (10,)
exact = Lasso(alpha=l1 / 2, tol=1e-10).fit(X, y).coef_
print("feature   weight in Keras   weight in scikit-learn")
for name, *pair in zip(names, plain, exact):
    print(f"{name:<7}   {pair[0] + 0:15.5f}   {pair[1] + 0:22.5f}")

# %% tags=["largest"]
l1_max = 2 / n * np.abs(X.T @ (y - y.mean())).max()
print(f"from this factor on, all weights are zero: {l1_max:.2f}")

# %% [markdown]
# ## A path of factors in one fit
#
# One `fit` trains many models: the kernel has a
# [leading axis](../docs/learn/overfitting.md#many-at-once), a row for each.
# Their losses are summed, so each has the gradient that it would have alone.


# %% tags=["agreement"]
class L1OfEach(keras.regularizers.Regularizer):
    """L1 with a factor of its own for each model."""

    def __init__(self, factors):
        self.factors = np.float32(factors)  # (models,)

    def __call__(self, kernel):  # (models, features)
        return ops.sum(self.factors * ops.sum(ops.abs(kernel), axis=1))


def squared_errors(y, prediction):
    """Return the squared error of each row, summed over the models."""
    return ops.sum(ops.square(y - prediction), axis=-1)


def train(optimizer, updates, models=1, **settings):
    """Return kernels (models, features) after updates with all rows."""
    layer = layers.EinsumDense("bi,li->bl", models, bias_axes="l", **settings)
    model = Sequential([layers.Input((p,)), layer])
    model.compile(optimizer, squared_errors, steps_per_execution=500)
    targets = np.repeat(y[:, None], models, axis=1)  # (rows, models)
    rows = tf.data.Dataset.from_tensors((X, targets)).repeat()
    model.fit(rows, steps_per_epoch=updates, shuffle=False, verbose=0)
    return layer.kernel.numpy()


factors = 10 ** np.linspace(-2, 0.125, 18)  # the ninth is 0.1
by_keras = train(
    SGD(CosineDecay(0.2, 5000)),
    updates=5000,
    models=len(factors),
    kernel_regularizer=L1OfEach(factors),
)  # (18, 10)
by_lasso = [Lasso(alpha=l1 / 2, tol=1e-10).fit(X, y).coef_ for l1 in factors]
print("compared with               largest difference of a weight")
print(f"the plain model at 0.1      {np.abs(by_keras[8] - plain).max():30.3f}")
print(f"scikit-learn at 18 factors  {np.abs(by_keras - by_lasso).max():30.3f}")

# %% tags=["path"]
figure, axes = plt.subplots(figsize=(4.6, 2.5))
for name, line, ring in zip(names, by_keras.T, np.transpose(by_lasso)):
    axes.plot(factors, line, "C1-", linewidth=1.5, label=name)
    axes.plot(factors[::4], ring[::4], "k.", label=f"{name}, scikit-learn")
for name, place in {"bmi": (0.6, 0.23), "s5": (0.17, 0.19)}.items():
    axes.text(*place, name)
axes.set(xscale="log", xlabel="factor l1", ylabel="weight", ylim=(-0.19, 0.4))
axes.set_xticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
axes.legend(axes.lines[:2], ["Keras", "scikit-learn"], loc=(0, 1), ncols=2)
figure.set_label(
    "Ten weights over the factor, lines from Keras, dots from scikit-learn on "
    "them. One weight after another becomes zero, s5 and bmi last."
)
plt.show()

# %% [markdown]
# ## One weight
#
# Its data loss is $(w - v)^2$, with $v = 0.4$, and the factors are 1.

# %% tags=["corner"]
w = np.linspace(-0.6, 1.1, 35)  # contains 0, 0.2 and 0.4
figure, axes = plt.subplots(figsize=(4.6, 2.9))
for name, objective, style in [
    ("no penalty", (w - 0.4) ** 2, "C0:"),
    ("L2", (w - 0.4) ** 2 + w**2, "C2--"),
    ("L1", (w - 0.4) ** 2 + np.abs(w), "C1-"),
]:
    axes.plot(w, objective, style, label=name)
    best = objective.argmin()
    point = w[best], objective[best], style[:2] + "o"
    axes.plot(*point, markersize=8, label=f"minimum, {name}")
axes.set(xlabel="weight w", ylabel="objective", ylim=(-0.05, 1.3))
axes.legend(axes.lines[::2], ["no penalty", "L2", "L1"])
figure.set_label(
    "Objective of one weight, three curves. Without a penalty the minimum is "
    "at 0.4, with L2 at 0.2. With L1 the curve has a kink at zero, and its "
    "minimum is there."
)
plt.show()

# %% [markdown]
# ## One weight near zero
#
# Without a penalty the best weight is 0.2; with a factor of 1 it is 0.

# %% tags=["zigzag"]
for title, rate in [
    ("rate 0.1", CosineDecay(0.1, 40, alpha=1.0)),  # alpha 1: it stays
    ("rate 0.02", CosineDecay(0.02, 40, alpha=1.0)),
    ("rate 0.1 to 0", CosineDecay(0.1, 40)),
]:
    l1 = keras.regularizers.L1(1.0)
    one = layers.Dense(1, use_bias=False, kernel_regularizer=l1)
    model = Sequential([layers.Input((1,)), one])
    one.kernel.assign([[0.25]])
    model.compile(SGD(rate), "mean_squared_error")
    weights = [0.25]
    for _ in range(40):
        model.train_on_batch(np.ones((1, 1)), np.full((1, 1), 0.2))
        weights.append(one.kernel.numpy()[0, 0])
    figure, axes = plt.subplots(figsize=(2.2, 2.5))
    axes.axhline(0, color="black", linewidth=0.8)
    for edge, name in [(1.4, "upper"), (-0.6, "lower")]:
        band = [edge * float(rate(step)) for step in range(41)]
        axes.plot(band, "k--", linewidth=0.8, label=f"{name} edge of the band")
    axes.plot(weights, "C1.-", linewidth=1, label="weight")
    axes.set(title=title, xlabel="step", ylabel="weight", ylim=(-0.1, 0.28))
    late = weights[-10:]
    figure.set_label(
        f"One weight over 40 steps of SGD, {title}: it falls to zero and then "
        f"jumps across it; in the last ten steps it is between "
        f"{min(late):.3f} and {max(late):.3f}."
    )
plt.show()


# %% [markdown]
# ## Near zeros and exact zeros
#
# The diabetes data once more, one factor, six ways to train.


# %% tags=["near"]
class SoftThreshold(keras.constraints.Constraint):
    """Soft-thresholding by `threshold`, after each update."""

    def __init__(self, threshold):
        self.threshold = threshold

    def __call__(self, kernel):
        size = ops.maximum(ops.abs(kernel) - self.threshold, 0.0)
        return ops.sign(kernel) * size


penalty = {"kernel_regularizer": penalty}
step = {"kernel_constraint": SoftThreshold(0.1 * 0.1)}  # rate times l1
print("training                  exactly 0   below 0.001   farthest from 0")
for way, optimizer, settings in [
    ("SGD at 0.1", SGD(0.1), penalty),
    ("SGD at 0.01", SGD(0.01), penalty),
    ("SGD from 0.1 to 0", SGD(CosineDecay(0.1, 5000)), penalty),
    ("Adam at 0.01", Adam(0.01), penalty),
    ("Adam from 0.1 to 0", Adam(CosineDecay(0.1, 5000)), penalty),
    ("SGD with soft-threshold", SGD(0.1), step),
]:
    size = np.abs(train(optimizer, 5000, **settings)[0])  # (10,)
    print(
        f"{way:<23}   {np.sum(size == 0):9}   {np.sum(size < 0.001):11}"
        f"   {size[exact == 0].max():15.1g}"
    )

# %% [markdown]
# ## What is chosen
#
# Forty simulated data sets have twenty features, of which four matter.
# Validation rows choose each method's factor. “Refitted” is least squares on
# the features that the lasso has kept.

# %% tags=["selection"]
sparse = np.array([3.0, -4.0, 1.5, 0.5] + 16 * [0.0])
dense = 0.8 * (-1.0) ** np.arange(20)  # 0.8, -0.8, 0.8, …
mixing = np.linalg.cholesky(toeplitz(0.5 ** np.arange(20)))
factors = np.geomspace(10, 0.01, 31)  # three places are a factor of two


def draw(rng, rows, truth):
    """Return X (rows, 20), neighbours correlated 0.5, and y (rows,)."""
    X = rng.normal(size=(rows, 20)) @ mixing.T
    return X, X @ truth + 3 * rng.normal(size=rows)


def compare(seed, truth):
    """Return weights (20,) and test error of each method, by its name."""
    rng = np.random.default_rng(seed)
    (X, y), held, test = [draw(rng, rows, truth) for rows in (100, 100, 2000)]

    def error(model, rows):
        return np.mean((model.predict(rows[0]) - rows[1]) ** 2)

    def best(models):
        return min(models, key=lambda model: error(model, held))

    path = [Lasso(alpha=l1 / 2).fit(X, y) for l1 in factors]
    found = {
        "lasso": best(path),
        "ridge": best([Ridge(alpha=100 * l2).fit(X, y) for l2 in factors]),
        "refitted": best(
            [LinearRegression().fit(X * (m.coef_ != 0), y) for m in path]
        ),
    }
    found["doubled"] = path[max(path.index(found["lasso"]) - 3, 0)]
    return {name: (m.coef_, error(m, test)) for name, m in found.items()}


runs = [compare(seed, sparse) for seed in range(40)]
methods = ("lasso", "doubled", "refitted", "ridge")
w = {m: np.array([run[m][0] for run in runs]) for m in methods}  # (40, 20)
kept = {m: np.abs(w[m]) > 1e-9 for m in methods}
print("true weight      lasso   doubled   refitted   lasso's mean weight")
for j, name in enumerate(["3", "−4", "1.5", "0.5", "0 (mean of 16)"]):
    these = slice(j, j + 1 if j < 4 else 20)
    lasso, doubled, refitted = [kept[m][:, these].mean() for m in methods[:3]]
    print(
        f"{name:<14}   {lasso:5.0%}   {doubled:7.0%}   {refitted:8.0%}"
        f"   {w['lasso'][:, these].mean():z19.2f}".replace("-", "−")
    )

# %% tags=["exactly"]
print("method     keeps exactly the four")
for m in methods[:3]:
    print(f"{m:<8}   {np.all(kept[m] == (sparse != 0), axis=1).sum():39}")

# %% [markdown]
# ## What predicts better
#
# The same comparison where all twenty features matter, with weights of ±0.8.

# %% tags=["prediction"]
pair = [runs, [compare(seed, dense) for seed in range(40)]]
errors = np.array([[[run[m][1] for m in methods] for run in r] for r in pair])
print("test error      4 of 20 matter           all 20 matter")
for m, (few, many) in zip(methods, errors.mean(axis=1).T):
    print(f"{m:<13}   {few:22.2f}   {many:21.2f}")
gap = errors[:, :, 0] - errors[:, :, 3]  # (2, 40)
mean = gap.mean(axis=1)
half = 2.02 * gap.std(axis=1, ddof=1) / np.sqrt(40)  # Student's t, 39 degrees
few, many = [
    f"{m:+.2f} ({m - h:+.2f} to {m + h:+.2f})" for m, h in zip(mean, half)
]
print(f"lasso − ridge   {few:>22}   {many:>21}".replace("-", "−"))

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="l1-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
