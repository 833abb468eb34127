# %% [markdown]
# # Elastic net: L1 and L2 together
#
# <a id="l1-and-l2-together"></a>Train a model with both penalties, choose
# both factors on real data, and measure on simulated data when both
# penalties predict better than one. It runs in about twenty seconds. What
# each step means is in [the chapter](../docs/learn/l1_l2.md).

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
from keras import Sequential, layers, ops, regularizers
from keras.optimizers.schedules import CosineDecay
from scipy import stats
from sklearn.datasets import load_diabetes
from sklearn.linear_model import enet_path
from sklearn.model_selection import train_test_split

# %% [markdown]
# ## Two groups of three
#
# Features 1 to 3 are correlated, and each has a true weight of 1. Features 4
# to 6 are correlated as well, and their true weights are 0. We train one
# model with each penalty. All three have the same strength,
# `l1 / 2 + l2 = 1.28`.


# %%
def grouped_rows(rng, rows, group, correlation):
    """Return features; those of one group share the correlation."""
    common = rng.normal(size=(rows, group.max() + 1))[:, group]
    own = rng.normal(size=(rows, len(group)))
    return np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own


rng = np.random.default_rng(4)
group = np.array([0, 0, 0, 1, 1, 1])
truth = np.where(group == 0, 1.0, 0.0)
X = grouped_rows(rng, 60, group, 0.95)  # (60, 6)
y = X @ truth + 3.0 * rng.normal(size=60)  # (60,)
X = (X - X.mean(axis=0)) / X.std(axis=0)

penalties = {
    "L1": regularizers.L1(2.56),
    "L2": regularizers.L2(1.28),
    "both": regularizers.L1L2(l1=1.28, l2=0.64),
}
weights, biases = {}, {}
for name, penalty in penalties.items():
    keras.utils.set_random_seed(0)
    layer = layers.Dense(1, kernel_regularizer=penalty)
    model = Sequential([layers.Input(shape=(X.shape[1],)), layer])
    # a learning rate that falls to zero, so that the weights converge
    rate = CosineDecay(0.1, 2000)
    model.compile(
        keras.optimizers.SGD(rate),
        loss="mean_squared_error",
        steps_per_execution=100,
    )
    batch = tf.data.Dataset.from_tensors((X, y[:, None])).repeat()
    model.fit(batch, steps_per_epoch=2000, shuffle=False, verbose=0)
    weights[name] = layer.kernel.numpy()[:, 0]  # (6,)
    biases[name] = layer.bias.numpy()[0]

# %% tags=["grouping"]
place = np.arange(1, 7)
figure, axes = plt.subplots(figsize=(4.6, 2.6))
for k, (name, w) in enumerate(weights.items()):
    axes.bar(place + 0.27 * (k - 1), w, 0.25, color=f"C{k + 1}", label=name)
axes.plot(place, truth, "_", color="black", markersize=28, label="true")
axes.axhline(0, color="black", linewidth=0.8)
axes.axvline(3.5, color="black", linewidth=0.8, linestyle=":")
axes.set(xlabel="feature", ylabel="weight", xticks=place)
axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4)
figure.set_label(
    "Weights of six features. "
    + "; ".join(
        f"{name}: {', '.join(f'{weight:.2f}' for weight in w)}"
        for name, w in weights.items()
    ).replace("-", "−")
    + ". The true ones are 1, 1, 1, 0, 0, 0."
)
plt.show()

# %% tags=["strongest"]
print("penalty   below 0.001   gap in 1 to 3   largest in 4 to 6")
for name, w in weights.items():
    print(
        f"{name:<7}   {np.sum(np.abs(w) < 1e-3):11}   {np.ptp(w[:3]):13.2f}"
        f"   {np.abs(w[3:]).max():17.3f}"
    )

# %% [markdown]
# How far apart may two weights be? At most the root mean squared residual
# times $\sqrt{2 (1 - \rho)}$, divided by $\lambda_2$. For the model with both
# penalties:

# %% tags=["bound"]
w = weights["both"]
residual = y - X @ w - biases["both"]
correlation = np.corrcoef(X.T)
print("features   correlation   difference   at most")
for j, k in [(0, 1), (0, 2), (1, 2), (0, 3)]:
    apart = np.sqrt(2 * (1 - correlation[j, k]))
    most = np.sqrt(np.mean(residual**2)) * apart / 0.64
    print(
        f"{j + 1} and {k + 1}   {correlation[j, k]:11.3f}"
        f"   {abs(w[j] - w[k]):10.3f}   {most:7.3f}"
    )

# %% [markdown]
# ## One weight
#
# The data alone would choose $v$. The best weight is found by
# soft-thresholding with half of `l1`, then division by `1 + l2`.


# %% tags=["one"]
def soft_threshold(weights, threshold):
    """Move each weight towards zero by `threshold`, stopping at zero."""
    return np.sign(weights) * np.maximum(np.abs(weights) - threshold, 0)


l1, l2 = 2.0, 1.0
v = np.arange(-5, 6)
maps = {
    "no penalty": (v, "C0:"),
    "L1": (soft_threshold(v, l1 / 2), "C1-s"),
    "L2": (v / (1 + l2), "C2--^"),
    "both": (soft_threshold(v, l1 / 2) / (1 + l2), "C3-o"),
}
figure, axes = plt.subplots(figsize=(4.6, 3.6))
for name, (weight, style) in maps.items():
    (line,) = axes.plot(v, weight, style, label=name)
    axes.annotate(
        name,
        (5, weight[-1]),
        xytext=(8, {"L2": 3, "both": -3}.get(name, 0)),
        textcoords="offset points",
        va="center",
        color=line.get_color(),
    )
axes.set(
    xlabel="weight v without a penalty",
    ylabel="weight w with it",
    xticks=v[1::2],
)
figure.set_label(
    "Best weight over the weight v without a penalty, for l1 = 2 and l2 = 1. "
    "L1: zero from −1 to 1, outside parallel to no penalty. L2: a line of "
    "half the slope. Both: zero from −1 to 1, outside half the slope."
)
plt.show()

# %% [markdown]
# ## Between diamond and circle
#
# All pairs of weights with a penalty of 1. On a ray of direction $(c, s)$ the
# distance $d$ from the centre solves
# $\lambda_2 d^2 + \lambda_1 (|c| + |s|) d = 1$.

# %% tags=["balls"]
angle = np.linspace(0, 2 * np.pi, 81)  # the axes are among them
direction = np.stack([np.cos(angle), np.sin(angle)])  # (2, 81)
size = np.abs(direction).sum(axis=0)  # (81,)
figure, axes = plt.subplots(figsize=(4.4, 3.3))
curves = {"L2": (0.0, "C2--"), "both": (0.5, "C3-"), "L1": (1.0, "C1-.")}
for name, (l1, style) in curves.items():
    l2 = 1 - l1
    # the positive root, written so that l2 = 0 does no harm
    distance = 2 / (l1 * size + np.sqrt((l1 * size) ** 2 + 4 * l2))
    axes.plot(*(distance * direction), style, label=name)
axes.axhline(0, color="black", linewidth=0.6)
axes.axvline(0, color="black", linewidth=0.6)
axes.set(xlabel="w₁", ylabel="w₂", aspect="equal")
axes.legend(loc="center left", bbox_to_anchor=(1, 0.5))
figure.set_label(
    "Three nested closed curves through (1, 0), (0, 1), (−1, 0) and (0, −1): "
    "a diamond for L1 inside, a circle for L2 outside, and between them the "
    "curve for both, with bent sides and blunter corners on the axes."
)
plt.show()

# %% [markdown]
# ## Many models in one fit
#
# A search over two factors needs many models. `EinsumDense` gives the kernel
# a leading axis with one model for each pair of factors, as in
# [overfitting](../docs/learn/overfitting.md#many-at-once). The loss is the
# sum over the models, so each model has the gradient that it would have alone.


# %%
class L1L2OfEach(regularizers.Regularizer):
    """L1L2 with factors of its own for each model of the leading axis."""

    def __init__(self, l1, l2):
        self.l1 = np.asarray(l1, dtype="float32")  # (models,)
        self.l2 = np.asarray(l2, dtype="float32")  # (models,)

    def __call__(self, kernel):  # (models, features)
        sizes = ops.sum(ops.abs(kernel), axis=-1)
        squares = ops.sum(ops.square(kernel), axis=-1)
        return ops.sum(self.l1 * sizes + self.l2 * squares)


def squared_errors(y, prediction):
    """Return the squared error of each row, summed over all models."""
    return ops.sum(ops.square(y - prediction), axis=-1)


def train(X, y, l1, l2, rate, updates, start="zeros"):
    """Return the kernels (models, features) and biases (models,)."""
    layer = layers.EinsumDense(
        "bi,li->bl",
        output_shape=(len(l1),),
        bias_axes="l",
        kernel_initializer=start,
        kernel_regularizer=L1L2OfEach(l1, l2),
    )
    model = Sequential([layers.Input(shape=(X.shape[1],)), layer])
    optimizer = keras.optimizers.SGD(CosineDecay(rate, updates), momentum=0.9)
    model.compile(optimizer, squared_errors, steps_per_execution=100)
    targets = np.repeat(y[:, None], len(l1), axis=1)
    batch = tf.data.Dataset.from_tensors((X, targets)).repeat()
    model.fit(batch, steps_per_epoch=updates, shuffle=False, verbose=0)
    return layer.kernel.numpy(), layer.bias.numpy()


# %% [markdown]
# The three models from above again, now in one fit:

# %% tags=["plain"]
at_once, _ = train(X, y, [2.56, 0, 1.28], [0, 1.28, 0.64], 0.01, 2000)
gap = np.abs(at_once - list(weights.values())).max()
print(f"largest difference of a weight: {gap:.0e}")

# %% [markdown]
# ## Two identical features
#
# Both columns are the same, and the target is 3 times that column. We train
# from three different starts, with L1 alone and with both penalties.

# %% tags=["twins"]
column = np.repeat([1.0, -1.0], 10)  # mean 0, deviation 1
starts = np.array([[4.0, 0.0], [2.0, 1.0], [0.0, 4.0]])
ends, _ = train(
    np.stack([column, column], axis=1),  # (20, 2)
    3 * column,
    l1=np.repeat([0.2, 0.2], 3),
    l2=np.repeat([0.0, 0.2], 3),
    rate=0.005,
    updates=1000,
    start=keras.initializers.Constant(np.concatenate([starts, starts])),
)
print("start   L1 alone     both")
for begin, alone, both in zip(starts, ends[:3], ends[3:], strict=True):
    print(
        f"{begin[0]:.0f}, {begin[1]:.0f}    {alone[0]:.2f}, {alone[1]:.2f}"
        f"   {both[0]:.2f}, {both[1]:.2f}"
    )

# %% [markdown]
# ## The optimum of scikit-learn
#
# Real data: ten features of 442 people with diabetes, and a measure of how
# the disease progressed in a year. Five mixes and ten strengths make fifty
# models, trained in one fit. How far are they from the exact solutions?


# %%
mixes = [0, 0.25, 0.5, 0.75, 1]  # l1_ratio: 0 is L2 alone, 1 is L1 alone
strengths = 0.001 * 2.0 ** np.arange(9, -1, -1)  # alpha, from large to small


def exact(X, y, strengths):
    """Return weights at the optimum, (mixes, strengths, features).

    The columns of X and y have mean 0.
    """
    gram, target = X.T @ X / len(X), X.T @ y / len(X)
    loaded = gram + strengths[:, None, None] * np.eye(X.shape[1])
    paths = [np.linalg.solve(loaded, target[:, None])[..., 0]]  # the mix 0
    for ratio in mixes[1:]:
        _, path, _ = enet_path(
            X, y, l1_ratio=ratio, alphas=strengths, tol=1e-7, max_iter=20_000
        )
        paths.append(path.T)
    return np.array(paths)


X, y = load_diabetes(return_X_y=True)  # (442, 10), (442,)
X_train, X_rest, y_train, y_rest = train_test_split(
    X, y, train_size=0.4, random_state=0
)
X_validation, X_test, y_validation, y_test = train_test_split(
    X_rest, y_rest, test_size=0.5, random_state=0
)
mean, deviation = X_train.mean(axis=0), X_train.std(axis=0)
X_train, X_validation, X_test = (
    (part - mean) / deviation for part in (X_train, X_validation, X_test)
)
mean, deviation = y_train.mean(), y_train.std()
y_train, y_validation, y_test = (
    (part - mean) / deviation for part in (y_train, y_validation, y_test)
)
mix, strength = (
    grid.ravel() for grid in np.meshgrid(mixes, strengths, indexing="ij")
)  # (50,), (50,)
l1, l2 = 2 * strength * mix, strength * (1 - mix)
kernels, levels = train(X_train, y_train, l1, l2, 0.02, 3000)  # (50, 10)
optimum = exact(X_train, y_train, strengths).reshape(50, -1)  # (50, 10)


def errors(kernels, levels, X, y):
    """Return the mean squared error of every model, (50,)."""
    return np.mean((X @ kernels.T + levels - y[:, None]) ** 2, axis=0)


def objectives(kernels, levels):
    """Return training error plus penalty of every model, (50,)."""
    penalty = l1 * np.abs(kernels).sum(axis=1) + l2 * (kernels**2).sum(axis=1)
    return errors(kernels, levels, X_train, y_train) + penalty


# %% tags=["agreement"]
distance = np.abs(kernels - optimum).max(axis=1)  # (50,)
excess = objectives(kernels, levels) / objectives(optimum, 0) - 1
absent = np.where(optimum == 0, np.abs(kernels), 0).max(axis=1)
print("l1_ratio   farthest weight   largest for a zero   excess objective")
for ratio in mixes:
    of = mix == ratio
    zeros = f"{absent[of].max():.0e}" if ratio else "no zeros"
    print(
        f"{ratio:<8}   {distance[of].max():15.0e}   {zeros:>18}"
        f"   {np.abs(excess[of]).max():16.0e}"
    )

# %% [markdown]
# The validation rows choose one model of each kind.

# %% tags=["diabetes"]
validation = errors(kernels, levels, X_validation, y_validation)
test = errors(kernels, levels, X_test, y_test)
print("penalty   l1_ratio      l1      l2   weights kept   test error")
for name, allowed in {
    "L1": mix == 1,
    "L2": mix == 0,
    "any mix": mix >= 0,
}.items():
    i = np.where(allowed, validation, np.inf).argmin()
    print(
        f"{name:<7}   {mix[i]:8.2f}   {l1[i]:.3f}   {l2[i]:.3f}"
        f"   {np.sum(np.abs(kernels[i]) > 1e-3):12}   {test[i]:10.3f}"
    )

# %% [markdown]
# ## When both together are worth it
#
# Four kinds of data with twenty features, 300 data sets of each, 40 rows to
# train on, 40 to choose with, 1,000 to test on. Because we count zeros, all
# models are solved exactly. The validation rows choose the strength, and the
# mix where there is one.

# %%
p, n, sets = 20, 40, 300
places = np.arange(p)
in_fives = places // 5  # groups 0 to 3
half = np.where(places < 10, in_fives, places)  # two groups, ten loose
first_of_five = np.where(places % 5 == 0, 2.0, 0.0)
first_ten = np.where(places < 10, 1.0, 0.0)
kinds = {
    "independent": (places, 0.0, first_of_five),
    "groups, loose noise": (half, 0.9, first_ten),
    "groups, grouped noise": (in_fives, 0.9, first_ten),
    "one of each group": (in_fives, 0.9, first_of_five),
}
strengths = 0.01 * 2.0 ** np.arange(9, -1, -1)
ratios = np.repeat(mixes, 10)  # (50,)
l2 = np.tile(strengths, 5) * (1 - ratios)
methods = {  # the models among which the validation rows choose
    "L1": ratios == 1,
    "L2": ratios == 0,
    "both": (ratios > 0) & (ratios < 1),
    "any mix": ratios >= 0,
}
names = ["none", *methods, "rescaled"]
test = {kind: {name: np.empty(sets) for name in names} for kind in kinds}
kept = {kind: {"L1": [], "both": []} for kind in kinds}
for kind, (group, correlation, truth) in kinds.items():
    for seed in range(sets):
        rng = np.random.default_rng(1000 + seed)
        X = grouped_rows(rng, n + n + 1000, group, correlation)
        y = X @ truth + 3.0 * rng.normal(size=len(X))
        X = (X - X[:n].mean(axis=0)) / X[:n].std(axis=0)
        y = y - y[:n].mean()
        W = exact(X[:n], y[:n], strengths).reshape(50, p)
        without = np.linalg.lstsq(X[:n], y[:n])[0]
        W = np.vstack([W, W * (1 + l2)[:, None], without])  # (101, 20)
        squared = (X @ W.T - y[:, None]) ** 2
        validation = squared[n : 2 * n].mean(axis=0)  # (101,)
        error = squared[2 * n :].mean(axis=0)  # (101,)
        test[kind]["none"][seed] = error[-1]
        for name, allowed in methods.items():
            i = np.where(allowed, validation[:50], np.inf).argmin()
            test[kind][name][seed] = error[i]
            if name in kept[kind]:
                kept[kind][name].append(W[i] != 0)
        allowed = methods["both"]
        i = np.where(allowed, validation[50:100], np.inf).argmin()
        test[kind]["rescaled"][seed] = error[50 + i]

# %% tags=["errors"]
print("data                    none      L1      L2    both   any mix")
for kind, of in test.items():
    means = [f"{of[name].mean():.2f}" for name in ["none", *methods]]
    print(f"{kind:<21}   " + "   ".join(means[:4]) + f"   {means[4]:>7}")


# %% tags=["differences"]
def interval(kind, one, other):
    """Return mean and half of the 95% interval of a paired difference."""
    difference = test[kind][one] - test[kind][other]
    half = stats.t.ppf(0.975, sets - 1) * stats.sem(difference)
    return difference.mean(), half


def cell(kind, one, other):
    """Return that as text, with true minus signs."""
    middle, half = interval(kind, one, other)
    text = f"{middle:+.2f} ({middle - half:+.2f} to {middle + half:+.2f})"
    return text.replace("-", "−")


print("data                    both minus L1            both minus L2")
for kind in kinds:
    print(
        f"{kind:<21}   {cell(kind, 'both', 'L1')}   {cell(kind, 'both', 'L2')}"
    )

# %% tags=["procedures"]
print("data                    any mix minus both       rescaled minus both")
for kind in kinds:
    print(
        f"{kind:<21}   {cell(kind, 'any mix', 'both')}"
        f"   {cell(kind, 'rescaled', 'both')}"
    )

# %% tags=["intervals"]
figure, axes = plt.subplots(figsize=(4.6, 3.2))
axes.axvline(0, color="black", linewidth=0.8)
for other, style, up in [("L1", "C1s", 0.13), ("L2", "C2^", -0.13)]:
    middles, halves = zip(
        *(interval(kind, "both", other) for kind in kinds), strict=True
    )
    axes.errorbar(
        middles,
        3 + up - np.arange(4),
        xerr=halves,
        fmt=style,
        capsize=3,
        label=f"both minus {other}",
    )
axes.set_yticks(
    3 - np.arange(4), [kind.replace(", ", ",\n") for kind in kinds]
)
axes.set(xlabel="difference in test error", ylim=(-0.5, 3.5))
axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1), ncols=2)
figure.set_label(
    "Test error with both penalties minus that with one, with 95% intervals. "
    + " ".join(
        f"{kind}: {cell(kind, 'both', 'L1')} against L1, "
        f"{cell(kind, 'both', 'L2')} against L2."
        for kind in kinds
    )
)
plt.show()

# %% [markdown]
# Which share of the weights is not zero, at the factors that were chosen?

# %% tags=["used"]
print(
    "data                    L1, true   both, true   L1, noise   both, noise"
)
for kind, of in kept.items():
    true = kinds[kind][2] != 0
    shares = [
        f"{np.mean(np.array(of[name])[:, columns]):.0%}"
        for columns in (true, ~true)
        for name in ("L1", "both")
    ]
    print(
        f"{kind:<21}   {shares[0]:>8}   {shares[1]:>10}   {shares[2]:>9}"
        f"   {shares[3]:>11}"
    )

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="l1-l2-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
