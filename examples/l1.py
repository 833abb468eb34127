# %% [markdown]
# # L1: some weights vanish
#
# See why L1 makes zeros, train a whole path of factors in one `fit`, compare
# it with scikit-learn's lasso, and count what is zero and what is nearly so.
# It runs in about fifteen seconds. What each step means is in
# [the chapter](../docs/learn/l1.md).

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
from keras.optimizers.schedules import CosineDecay
from sklearn.linear_model import Lasso, Ridge, lasso_path

# %% [markdown]
# ## One weight
#
# Its data loss is $(w - v)^2$, so that without a penalty the best weight is
# $v$. Here $v = 0.4$, and both factors are 1.

# %% tags=["corner"]
v, l1, l2 = 0.4, 1.0, 1.0
w = np.linspace(-0.6, 1.1, 35)  # contains 0, 0.2 and 0.4
curves = [
    ("no penalty", (w - v) ** 2, "C0:", "o"),
    ("L1", (w - v) ** 2 + l1 * np.abs(w), "C1-", "s"),
    ("L2", (w - v) ** 2 + l2 * w**2, "C2--", "^"),
]
figure, axes = plt.subplots(figsize=(4.6, 3.0))
for name, objective, style, _ in curves:
    axes.plot(w, objective, style, label=name)
for name, objective, style, marker in curves:
    best = np.argmin(objective)
    axes.plot(
        w[best],
        objective[best],
        marker,
        color=style[:2],
        markersize=9,
        label=f"least, {name}",
    )
axes.set(xlabel="weight w", ylabel="objective", ylim=(-0.05, 1.3))
axes.legend(*[part[:3] for part in axes.get_legend_handles_labels()])
least = [w[np.argmin(objective)] for _, objective, _, _ in curves]
figure.set_label(
    f"Objective of one weight over its value, three curves. Without a "
    f"penalty the least value is at {least[0]:.1f}, with L2, a round curve, "
    f"at {least[2]:.1f}. With L1 the curve has a corner at zero, and its "
    f"least value is in the corner."
)
plt.show()

# %% [markdown]
# ## Every target at once
#
# The best weight as a function of the weight $v$ that the data alone would
# choose: L1 moves it by half its factor and stops at zero, L2 divides it.


# %% tags=["maps"]
def soft_threshold(weights, threshold):
    """Move each weight towards zero by `threshold`, stopping at zero."""
    return np.sign(weights) * np.maximum(np.abs(weights) - threshold, 0)


v = np.linspace(-2, 2, 17)
figure, axes = plt.subplots(figsize=(4.6, 3.0))
axes.plot(v, v, "C0:", label="no penalty")
axes.plot(v, soft_threshold(v, l1 / 2), "C1-s", label="L1")
axes.plot(v, v / (1 + l2), "C2--", label="L2")
axes.set(xlabel="weight v without a penalty", ylabel="weight w with it")
axes.legend()
figure.set_label(
    "Weight with a penalty over the weight v without one, factors of 1. L1: "
    "zero for v from −0.5 to 0.5, outside a line parallel to that of no "
    "penalty, 0.5 nearer to zero. L2: a straight line through the origin of "
    "half the slope."
)
plt.show()

# %% [markdown]
# ## Two weights
#
# The data loss $(w_1 - 3)^2 + (w_2 + 4)^2$ is least at $(3, -4)$. Its rings
# grow until they touch the diamond $|w_1| + |w_2| \le 1$ of L1, or the
# circle $w_1^2 + w_2^2 \le 1$ of L2.

# %% tags=["geometry"]
target = np.array([3.0, -4.0])
angle = np.linspace(0, 2 * np.pi, 73)
ring = np.stack([np.cos(angle), np.sin(angle)])  # (2, 73)
diamond = np.array([[1, 0, -1, 0, 1], [0, 1, 0, -1, 0]])
touched_l1 = soft_threshold(target, 3.0)  # l1 = 6
touched_l2 = target / 5  # l2 = 4
for name, edge, touched, colour, marker in [
    ("L1", diamond, touched_l1, "C1", "s"),
    ("L2", ring, touched_l2, "C2", "^"),
]:
    radius = np.linalg.norm(touched - target)
    figure, axes = plt.subplots(figsize=(2.3, 2.6))
    axes.axhline(0, color="black", linewidth=0.6)
    axes.axvline(0, color="black", linewidth=0.6)
    for share, style in [(0.6, "C0:"), (1.0, "C0--")]:
        circle = target[:, None] + share * radius * ring
        axes.plot(*circle, style, linewidth=1.5, label=f"ring {share:g}")
    axes.fill(*edge, color=colour, alpha=0.15)
    axes.plot(*edge, colour, label=f"allowed, {name}")
    axes.plot(*target, "C0o", label="without a penalty")
    axes.plot(*touched, marker, color=colour, markersize=9, label="touched")
    axes.set(
        title=f"{name}: ({touched[0]:g}, {touched[1]:g})".replace("-", "−"),
        xlabel="w₁",
        ylabel="w₂",
        xlim=(-1.5, 3.7),
        ylim=(-4.7, 1.5),
        aspect="equal",
    )
    figure.set_label(
        f"Plane of two weights. Rings of equal data loss around (3, −4) grow "
        f"until they touch the region that {name} allows, a "
        f"{'diamond, in its corner' if name == 'L1' else 'circle, on its arc'}"
        f" ({touched[0]:g}, {touched[1]:g})."
    )
plt.show()

# %% [markdown]
# ## Simulate data
#
# Twenty features, neighbours correlated 0.5; four carry weight, sixteen are
# noise. Features are standardized with the training rows.

# %% tags=["largest"]
n, p, noise = 100, 20, 3.0
truth = np.zeros(p)
truth[:4] = [3.0, -4.0, 1.5, 0.5]
distance = np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
mixing = np.linalg.cholesky(0.5**distance)  # (20, 20)


def draw(seed, truth):
    """Return training, validation and test sets, a list of (X, y)."""
    rng = np.random.default_rng(seed)
    sets = []
    for rows in (n, n, 2000):
        X = rng.normal(size=(rows, p)) @ mixing.T  # (rows, 20)
        y = X @ truth + noise * rng.normal(size=rows)  # (rows,)
        if not sets:
            mean, deviation = X.mean(axis=0), X.std(axis=0)
        sets.append(((X - mean) / deviation, y))
    return sets


(X_train, y_train), (X_validation, y_validation), _ = draw(1, truth)
slope_at_zero = 2 * X_train.T @ (y_train - y_train.mean()) / n  # (20,)
l1_max = np.abs(slope_at_zero).max()
print(f"from this factor on all weights are zero: {l1_max:.2f}")

# %% [markdown]
# ## A path of factors in one fit
#
# The kernel has a leading axis: one linear model for each factor. The loss
# is the sum of their squared errors, so that each model has the gradient it
# would have alone. All weights start at 1.


# %%
class L1OfEach(keras.regularizers.Regularizer):
    """L1 with a factor of its own for each model of the leading axis."""

    def __init__(self, factors):
        self.factors = np.asarray(factors, dtype="float32")  # (L,)

    def __call__(self, kernel):  # (L, p)
        return ops.sum(self.factors * ops.sum(ops.abs(kernel), axis=1))


class SoftThreshold(keras.constraints.Constraint):
    """Soft-thresholding by `threshold`, after each update."""

    def __init__(self, threshold):
        self.threshold = threshold

    def __call__(self, kernel):
        size = ops.maximum(ops.abs(kernel) - self.threshold, 0.0)
        return ops.sign(kernel) * size


def squared_errors(y, prediction):
    """Return the squared error of each row, summed over the models."""
    return ops.sum(ops.square(y - prediction), axis=-1)


def train(optimizer, updates, regularizer=None, constraint=None, models=1):
    """Return the kernels (models, p) after training on all rows at once."""
    layer = layers.EinsumDense(
        "bi,li->bl",
        output_shape=(models,),
        bias_axes="l",
        kernel_initializer="ones",
        kernel_regularizer=regularizer,
        kernel_constraint=constraint,
    )
    model = Sequential([layers.Input(shape=(p,)), layer])
    model.compile(optimizer, squared_errors, steps_per_execution=500)
    targets = np.tile(y_train[:, None], (1, models))  # (n, models)
    rows = tf.data.Dataset.from_tensors((X_train, targets)).repeat()
    model.fit(rows, steps_per_epoch=updates, shuffle=False, verbose=0)
    return layer.kernel.numpy()


factors = 1.25 * l1_max * np.logspace(0, -2, 13)  # from too large
path_keras = train(
    keras.optimizers.SGD(CosineDecay(0.1, 3000)),
    updates=3000,
    regularizer=L1OfEach(factors),
    models=len(factors),
)  # (13, 20)


def lasso(l1):
    """Return scikit-learn's weights (p,); its alpha is half of Keras's l1."""
    return Lasso(alpha=l1 / 2, tol=1e-10).fit(X_train, y_train).coef_


path_lasso = np.array([lasso(l1) for l1 in factors])

# %% tags=["path"]
figure, axes = plt.subplots(figsize=(4.6, 3.4))
for j in range(p):
    kind, style = ("informative", "C1-") if truth[j] else ("noise", "C1:")
    axes.plot(
        factors,
        path_keras[:, j],
        style,
        linewidth=2 if truth[j] else 1.2,
        label=f"Keras, {kind} {j + 1}",
    )
for j in range(p):
    axes.plot(
        factors[::3],
        path_lasso[::3, j],
        "o",
        color="black",
        markersize=5 if truth[j] else 3,
        markerfacecolor="none",
        label=f"scikit-learn, {j + 1}",
    )
axes.set(xscale="log", xlabel="factor l1", ylabel="weight")
axes.legend(
    [axes.lines[0], axes.lines[4], axes.lines[p]],
    ["Keras, informative", "Keras, noise", "scikit-learn"],
    loc=(0.05, 0.11),
)
axes.set_xticks([0.1, 1], ["0.1", "1"])
figure.set_label(
    f"Weights over the factor from {factors[-1]:.2f} to {factors[0]:.1f}, "
    f"lines from Keras, rings from scikit-learn on them. From right to left "
    f"one weight after the other leaves zero, the large informative ones "
    f"first; at the smallest factor most of the noise is in use as well."
)
plt.show()

# %% tags=["agreement"]
farthest = np.abs(path_keras - path_lasso).max()
print(f"largest difference of a weight: {farthest:.1g}")

# %% tags=["counts"]
print("factor   zeros, scikit-learn   zeros, Keras   below 0.001, Keras")
for i in (0, 3, 6, 9, 12):
    exact, near = path_lasso[i] == 0, np.abs(path_keras[i]) < 1e-3
    print(
        f"{factors[i]:6.2f}   {exact.sum():19}"
        f"   {np.sum(path_keras[i] == 0):12}   {near.sum():18}"
    )

# %% [markdown]
# ## One weight near zero
#
# The data want $v = 0.2$; the factor is 1, so that the best weight is 0.
# SGD steps over it, again and again.

# %% tags=["zigzag"]
steps = 40


def zigzag(rates, l1=1.0, v=0.2):
    """Return the weight after 0, 1, …, `steps` updates of SGD."""
    penalty = keras.regularizers.L1(l1)
    start = keras.initializers.Constant(0.25)
    unit = layers.Dense(
        1,
        use_bias=False,
        kernel_initializer=start,
        kernel_regularizer=penalty,
    )
    model = Sequential([layers.Input(shape=(1,)), unit])
    model.compile(keras.optimizers.SGD(rates), "mean_squared_error")
    weights = [0.25]
    for _ in range(steps):
        model.train_on_batch(np.ones((1, 1)), np.full((1, 1), v))
        weights.append(float(unit.kernel.numpy()[0, 0]))
    return np.array(weights)


l1, v = 1.0, 0.2
slope = -2 * v  # of the data loss at zero
for rate, rates in [
    ("0.1", CosineDecay(0.1, steps, alpha=1.0)),
    ("0.02", CosineDecay(0.02, steps, alpha=1.0)),
    ("from 0.1 to 0", CosineDecay(0.1, steps)),
]:
    weights = zigzag(rates)
    figure, axes = plt.subplots(figsize=(2.2, 2.5))
    axes.axhline(0, color="black", linewidth=0.8)
    for edge, name in [(l1 - slope, "upper"), (-l1 - slope, "lower")]:
        axes.plot(
            [edge * float(rates(step)) for step in range(steps + 1)],
            "--",
            color="black",
            linewidth=0.8,
            label=f"{name} edge of the band",
        )
    axes.plot(weights, "C1.-", linewidth=1, label=f"rate {rate}")
    axes.set(
        title=f"rate {rate}", xlabel="step", ylabel="weight", ylim=(-0.1, 0.28)
    )
    late = weights[-10:]
    figure.set_label(
        f"One weight over {steps} steps of SGD with learning rate {rate}: it "
        f"falls to zero and then jumps across it; in the last ten steps it "
        f"is between {late.min():.3f} and {late.max():.3f}."
    )
plt.show()

# %% [markdown]
# ## Near zeros and exact zeros
#
# One factor, seven ways to train. How many of the twenty weights are small?

# %% tags=["near"]
l1 = 0.5
exact = lasso(l1)
with_penalty = {"regularizer": keras.regularizers.L1(l1)}
ways = {
    "SGD 0.1": (keras.optimizers.SGD(0.1), with_penalty),
    "SGD 0.01": (keras.optimizers.SGD(0.01), with_penalty),
    "SGD, falling": (
        keras.optimizers.SGD(CosineDecay(0.1, 3000)),
        with_penalty,
    ),
    "Adam 0.01": (keras.optimizers.Adam(0.01), with_penalty),
    "Adam, falling": (
        keras.optimizers.Adam(CosineDecay(0.1, 3000)),
        with_penalty,
    ),
    "SGD and soft-threshold": (
        keras.optimizers.SGD(0.1),
        {"constraint": SoftThreshold(0.1 * l1)},
    ),
}
kernels = {
    way: train(optimizer, 3000, **options)[0]
    for way, (optimizer, options) in ways.items()
}
kernels["scikit-learn"] = exact

print(
    "training                 exactly 0   < 1e-6   < 0.001   < 0.01   farthest"
)
for way, weights in kernels.items():
    size = np.abs(weights)
    farthest = size[exact == 0].max()
    print(
        f"{way:<22}   {np.sum(size == 0):9}   {np.sum(size < 1e-6):6}"
        f"   {np.sum(size < 0.001):7}   {np.sum(size < 0.01):6}"
        f"   {farthest:8.1g}"
    )

# %% [markdown]
# Setting small weights to zero by hand is a guess. How much does it cost on
# the validation rows?

# %% tags=["cut"]
by_sgd = kernels["SGD, falling"]
print("set to 0 below   weights left   validation error")
for limit in (0.0, 0.001, 0.1, 0.5, 1.0, 2.0):
    left = np.where(np.abs(by_sgd) < limit, 0, by_sgd)
    errors = X_validation @ left + y_train.mean() - y_validation
    print(
        f"{limit:<14g}   {np.sum(left != 0):12}   {np.mean(errors**2):16.2f}"
    )

# %% [markdown]
# ## What is chosen
#
# Forty data sets. On each, the validation rows choose the factor of the
# lasso. Does it find the four? For comparison: the lasso chooses the
# features, least squares fits them again, and then the validation rows
# choose the factor; and ridge, with a factor of its own.


# %%
def refit(weights, X, centred):
    """Return the weights of least squares on the chosen features alone."""
    again, used = np.zeros(p), weights != 0
    again[used] = np.linalg.lstsq(X[:, used], centred)[0]
    return again


def compare(seed, truth):
    """Return weights and test error of each method, at its own factor."""
    (X, y), validation, test = draw(seed, truth)
    centred = y - y.mean()
    top = 2 * np.abs(X.T @ centred).max() / n
    alphas = top * np.logspace(0, -3, 31) / 2
    path = lasso_path(X, centred, alphas=alphas, tol=1e-8)[1].T  # (31, 20)
    candidates = {
        "lasso": path,
        "refitted": [refit(weights, X, centred) for weights in path],
        "ridge": [
            Ridge(alpha=n * l2).fit(X, centred).coef_
            for l2 in np.logspace(-4, 2, 31)
        ],
    }

    def error(weights, rows):
        return np.mean((rows[0] @ weights + y.mean() - rows[1]) ** 2)

    found = {}
    for name, several in candidates.items():
        best = int(np.argmin([error(w, validation) for w in several]))
        found[name] = several[best], error(several[best], test)
    right = [np.array_equal(w != 0, truth != 0) for w in path]
    return found, any(right)


seeds = range(100, 140)
sparse_runs = [compare(seed, truth) for seed in seeds]
chosen = {
    method: np.array([found[method][0] != 0 for found, _ in sparse_runs])
    for method in ("lasso", "refitted")
}  # (40, 20) each

# %% tags=["selection"]
print("true weight      lasso   refitted")
shares = [chosen[method].mean(axis=0) for method in chosen]  # two of (20,)
for j in range(4):
    print(f"{truth[j]:<14g}   {shares[0][j]:5.0%}   {shares[1][j]:8.0%}")
noise_shares = [share[4:].mean() for share in shares]
print(f"0 (mean of 16)   {noise_shares[0]:5.0%}   {noise_shares[1]:8.0%}")

# %% tags=["exactly"]
right = {
    method: np.all(chosen[method] == (truth != 0), axis=1).sum()
    for method in chosen
}
print("exactly the four are chosen   of 40")
print(f"at the lasso's best factor    {right['lasso']:5}")
print(f"refitted, at its best         {right['refitted']:5}")
print(f"at any of the 31 factors      {sum(hit for _, hit in sparse_runs):5}")

# %% [markdown]
# Does a truth with zeros matter? The same with twenty weights of 0.8.

# %% tags=["prediction"]
dense = np.where(np.arange(p) % 2, -0.8, 0.8)
dense_runs = [compare(seed, dense) for seed in seeds]
methods = ["lasso", "refitted", "ridge"]
print(
    "truth              lasso   refitted   ridge   lasso − ridge"
    "   95 % interval"
)
for name, runs in [
    ("4 of 20 weights", sparse_runs),
    ("20 of 20 weights", dense_runs),
]:
    errors = np.array([[found[m][1] for m in methods] for found, _ in runs])
    gap = errors[:, 0] - errors[:, 2]  # (40,)
    half = 2.02 * gap.std(ddof=1) / np.sqrt(len(gap))  # t, 39 degrees
    print(
        f"{name:<16}   {errors[:, 0].mean():5.2f}"
        f"   {errors[:, 1].mean():8.2f}   {errors[:, 2].mean():5.2f}"
        f"   {gap.mean():+13.2f}"
        f"   {gap.mean() - half:+.2f} to {gap.mean() + half:+.2f}"
    )

# %% [markdown]
# ## Two features that say nearly the same
#
# Both have weight 1 in truth, and their correlation is 0.95. The rows are
# drawn again 200 times, with replacement: which of the two is chosen?

# %% tags=["twins"]
rng = np.random.default_rng(0)
common = rng.normal(size=(n, 1))
twins = np.sqrt(0.95) * common + np.sqrt(0.05) * rng.normal(size=(n, 2))
X = np.hstack([twins, rng.normal(size=(n, 8))])  # (100, 10)
y = X[:, 0] + X[:, 1] + noise * rng.normal(size=n)
top = 2 * np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / n
picks = []
for _ in range(200):
    rows = rng.integers(0, n, size=n)
    fitted = Lasso(alpha=0.1 * top, tol=1e-8).fit(X[rows], y[rows])
    picks.append(fitted.coef_[:2] != 0)
picks = np.array(picks)  # (200, 2)
first, second = picks.T
print("chosen        share of 200 samples")
print(f"both          {np.mean(first & second):8.0%}")
print(f"first only    {np.mean(first & ~second):8.0%}")
print(f"second only   {np.mean(~first & second):8.0%}")
print(f"neither       {np.mean(~first & ~second):8.0%}")

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="l1-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
