# %% [markdown]
# # L1 and L2 together
#
# Draw the combined penalty, train grids of factors and mixes in one `fit`
# each, compare them with scikit-learn, and measure when both penalties
# together are worth it. It runs in about fifteen seconds. What each step
# means is in [the chapter](../docs/learn/l1_l2.md).

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
from scipy import stats
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge

# %% [markdown]
# ## Between diamond and circle
#
# All weights that cost 1, if $\lambda_1$ is the mix and $\lambda_2$ the rest.
# On a ray of direction $(c, s)$ the distance $d$ from the centre solves
# $\lambda_2 d^2 + \lambda_1 (|c| + |s|) d = 1$.

# %% tags=["balls"]
angle = np.linspace(0, 2 * np.pi, 81)  # the axes are among them
direction = np.stack([np.cos(angle), np.sin(angle)])  # (2, 81)
size = np.abs(direction).sum(axis=0)  # (81,)
figure, axes = plt.subplots(figsize=(4.7, 3.5))
for l1, style in [(1.0, "C1-"), (0.7, "C3--"), (0.4, "C3-."), (0.0, "C2-")]:
    l2 = 1 - l1
    # the positive root, written so that l2 = 0 does no harm
    distance = 2 / (l1 * size + np.sqrt((l1 * size) ** 2 + 4 * l2))
    axes.plot(*(distance * direction), style, label=f"{l1:.1f}, {l2:.1f}")
axes.axhline(0, color="black", linewidth=0.6)
axes.axvline(0, color="black", linewidth=0.6)
axes.set(xlabel="w₁", ylabel="w₂", aspect="equal")
axes.legend(title="l1, l2", loc="center left", bbox_to_anchor=(1, 0.5))
figure.set_label(
    "Four nested closed curves through (1, 0), (0, 1), (−1, 0) and (0, −1): a "
    "diamond for L1, a circle for L2, and two between them with curved sides "
    "and blunter corners on the axes."
)
plt.show()

# %% [markdown]
# ## One weight
#
# The data alone would choose $v$. Soft-thresholding by half of `l1`, then
# division by `1 + l2`.


# %% tags=["one"]
def soft_threshold(weights, threshold):
    """Move each weight towards zero by `threshold`, stopping at zero."""
    return np.sign(weights) * np.maximum(np.abs(weights) - threshold, 0)


l1, l2 = 2.0, 1.0
v = np.array([-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5])
maps = {
    "no penalty": (v, "C0:"),
    "L1": (soft_threshold(v, l1 / 2), "C1-s"),
    "L2": (v / (1 + l2), "C2--^"),
    "both": (soft_threshold(v, l1 / 2) / (1 + l2), "C3-o"),
}
figure, axes = plt.subplots(figsize=(4.6, 3.2))
for name, (weight, style) in maps.items():
    axes.plot(v, weight, style, label=name)
axes.set(
    xlabel="weight v without a penalty",
    ylabel="weight w with it",
    xticks=v[1::2],
)
axes.legend()
figure.set_label(
    "Best weight over the weight v without a penalty, for l1 = 2 and l2 = 1. "
    "L1: zero from −1 to 1, outside parallel to no penalty. L2: a line of "
    "half the slope. Both: zero from −1 to 1, outside half the slope."
)
plt.show()

# %% tags=["worked"]
print("penalty      v = 3   v = −4")
for name, (weight, _) in maps.items():
    line = f"{weight[v == 3][0]:5.1f}   {weight[v == -4][0]:6.1f}"
    print(f"{name:<10}   " + line.replace("-", "−"))

# %% [markdown]
# ## Many models in one fit
#
# The kernel has two leading axes: one for data sets, one for pairs of
# factors. The loss is the sum over all of them, so that each model has the
# gradient it would have alone. The learning rate falls to zero, so that the
# weights come to rest.


# %%
class L1L2OfEach(keras.regularizers.Regularizer):
    """L1L2 with factors of its own for each model of the second axis."""

    def __init__(self, l1, l2):
        self.l1 = np.asarray(l1, dtype="float32")  # (models,)
        self.l2 = np.asarray(l2, dtype="float32")  # (models,)

    def __call__(self, kernel):  # (sets, models, features)
        sizes = ops.sum(ops.abs(kernel), axis=-1)
        squares = ops.sum(ops.square(kernel), axis=-1)
        return ops.sum(self.l1 * sizes + self.l2 * squares)


def squared_errors(y, prediction):
    """Return the squared error of each row, summed over all models."""
    return ops.sum(ops.square(y - prediction), axis=(1, 2))


def cross_entropies(y, logit):
    """Return the cross-entropy of each row, summed over all models."""
    of_each = ops.binary_crossentropy(y, logit, from_logits=True)
    return ops.sum(of_each, axis=(1, 2))


def train(X, y, l1, l2, loss, optimizer, updates, start=None):
    """Return the kernels (sets, models, features) and biases.

    X is (rows, sets, features), y is (rows, sets).
    """
    _, sets, features = X.shape
    layer = layers.EinsumDense(
        "bsi,sli->bsl",
        output_shape=(sets, len(l1)),
        bias_axes="sl",
        kernel_initializer="zeros",
        kernel_regularizer=L1L2OfEach(l1, l2),
    )
    model = Sequential([layers.Input(shape=(sets, features)), layer])
    if start is not None:
        layer.kernel.assign(start)
    model.compile(optimizer, loss, steps_per_execution=100)
    targets = np.repeat(y[:, :, None], len(l1), axis=2)
    batch = tf.data.Dataset.from_tensors((X, targets)).repeat()
    model.fit(batch, steps_per_epoch=updates, shuffle=False, verbose=0)
    return layer.kernel.numpy(), layer.bias.numpy()


# %% [markdown]
# ## Two groups of three
#
# Features 1 to 3 are correlated and each has a true weight of 1. Features 4
# to 6 are correlated as well and have nothing to say. 60 rows to train on,
# 200 to choose the factor with. Three mixes, ten strengths: thirty models.


# %%
def grouped_rows(rng, rows, group, correlation):
    """Return features; those of one group share the correlation."""
    groups = group.max() + 1
    common = rng.normal(size=(rows, groups))[:, group]
    own = rng.normal(size=(rows, len(group)))
    return np.sqrt(correlation) * common + np.sqrt(1 - correlation) * own


rng = np.random.default_rng(3)
group = np.array([0, 0, 0, 1, 1, 1])
truth = np.where(group == 0, 1.0, 0.0)
X = grouped_rows(rng, 260, group, 0.95)  # (260, 6)
y = X @ truth + 3.0 * rng.normal(size=260)  # (260,)
X = (X - X[:60].mean(axis=0)) / X[:60].std(axis=0)
X_train, y_train = X[:60], y[:60]
X_validation, y_validation = X[60:], y[60:]

mixes = {"L1": 1.0, "L2": 0.0, "both": 0.5}
ratio = np.repeat(list(mixes.values()), 8)  # (24,)
alpha = np.tile(0.01 * 2.0 ** np.arange(8), 3)  # (24,)
l1, l2 = 2 * alpha * ratio, alpha * (1 - ratio)
kernels, biases = train(
    X_train[:, None, :],
    y_train[:, None],
    l1,
    l2,
    squared_errors,
    keras.optimizers.SGD(CosineDecay(0.1, 3000)),
    updates=3000,
)
kernels, biases = kernels[0], biases[0]  # (24, 6), (24,)

# %% [markdown]
# The weights at the largest strength of the grid, the same for all three.

# %% tags=["grouping"]
strongest = {
    name: np.flatnonzero((ratio == mix) & (alpha == alpha.max()))[0]
    for name, mix in mixes.items()
}
place = np.arange(1, 7)
for name, colour in [("L1", "C1"), ("L2", "C2"), ("both", "C3")]:
    weights = kernels[strongest[name]]
    figure, axes = plt.subplots(figsize=(2.1, 2.6))
    axes.bar(place, weights, color=colour, label="trained")
    axes.plot(place, truth, "_", color="black", markersize=13, label="true")
    axes.axhline(0, color="black", linewidth=0.8)
    axes.axvline(3.5, color="black", linewidth=0.8, linestyle=":")
    axes.set(
        title="L1 and L2" if name == "both" else name,
        xlabel="feature",
        ylabel="weight",
        ylim=(-0.3, 1.5),
        xticks=place,
    )
    figure.set_label(
        f"Weights of six features with {name}: "
        + ", ".join(f"{weight:.2f}" for weight in weights).replace("-", "−")
        + ". The true ones are 1, 1, 1, 0, 0, 0."
    )
plt.show()

# %% tags=["strongest"]
print("penalty     l1     l2   below 0.001   widest gap in 1 to 3")
for name, i in strongest.items():
    small = np.sum(np.abs(kernels[i]) < 1e-3)
    gap = np.ptp(kernels[i][:3])
    print(
        f"{name:<7}   {l1[i]:4.2f}   {l2[i]:4.2f}   {small:11}   {gap:20.2f}"
    )

# %% [markdown]
# The strength that the validation rows choose is another one.

# %% tags=["chosen"]
predicted = X_validation @ kernels.T + biases  # (200, 24)
validation = np.mean((predicted - y_validation[:, None]) ** 2, axis=0)
print("penalty     l1     l2   validation error")
for name, mix in mixes.items():
    i = np.where(ratio == mix, validation, np.inf).argmin()
    print(f"{name:<7}   {l1[i]:4.2f}   {l2[i]:4.2f}   {validation[i]:16.2f}")

# %% [markdown]
# How far apart may two weights be? At most the root mean squared residual
# times $\sqrt{2 (1 - \rho)}$, divided by $\lambda_2$. For the model with both
# penalties in the figure:

# %% tags=["bound"]
i = strongest["both"]
residual = y_train - X_train @ kernels[i] - biases[i]
correlation = np.corrcoef(X_train.T)
print("features   correlation   difference   at most")
for j, k in [(0, 1), (0, 2), (1, 2), (0, 3)]:
    apart = np.sqrt(2 * (1 - correlation[j, k]))
    most = np.sqrt(np.mean(residual**2)) * apart / l2[i]
    print(
        f"{j + 1} and {k + 1}   {correlation[j, k]:11.3f}"
        f"   {abs(kernels[i, j] - kernels[i, k]):10.3f}   {most:7.3f}"
    )

# %% [markdown]
# ## The optimum of scikit-learn
#
# The same models again with scikit-learn's solvers. Then 24 models that
# predict whether $y$ is above its mean.


# %%
def objective(X, y, weights, bias, l1, l2, classify=False):
    """Return data loss plus penalty."""
    score = X @ weights + bias
    if classify:
        data_loss = np.mean(np.logaddexp(0, np.where(y == 1, -score, score)))
    else:
        data_loss = np.mean((y - score) ** 2)
    return data_loss + l1 * np.abs(weights).sum() + l2 * (weights**2).sum()


def regression(alpha, l1_ratio):
    """Return scikit-learn's model; for no L1 at all it has one of its own."""
    if l1_ratio == 0:
        return Ridge(alpha=len(y_train) * alpha)
    return ElasticNet(
        alpha=alpha, l1_ratio=l1_ratio, tol=1e-10, max_iter=100_000
    )


def classification(alpha, l1_ratio):
    """Return scikit-learn's model with its inverse strength C."""
    C = 1 / (len(y_train) * alpha)
    return LogisticRegression(
        C=C, l1_ratio=l1_ratio, solver="saga", tol=1e-7, max_iter=50_000
    )


classes = (y_train > y_train.mean()).astype(float)  # (60,)
alpha_classes = alpha / 8  # the same range would leave little but zeros
l1_classes = alpha_classes * ratio
l2_classes = alpha_classes * (1 - ratio) / 2
kernels_classes, biases_classes = train(
    X_train[:, None, :],
    classes[:, None],
    l1_classes,
    l2_classes,
    cross_entropies,
    keras.optimizers.SGD(CosineDecay(1.0, 3000)),
    updates=3000,
)
tasks = {
    "regression": (y_train, alpha, l1, l2, kernels, biases, regression),
    "classification": (
        classes,
        alpha_classes,
        l1_classes,
        l2_classes,
        kernels_classes[0],
        biases_classes[0],
        classification,
    ),
}

# %% tags=["agreement"]
print("task and penalty       farthest weight   objective, relative")
for task, (y, a, a1, a2, kernel, bias, build) in tasks.items():
    for name, mix in mixes.items():
        distance, excess = [], []
        for i in np.flatnonzero(ratio == mix):
            other = build(a[i], mix).fit(X_train, y)
            weights = np.ravel(other.coef_)
            level = np.ravel(other.intercept_)[0]
            distance.append(np.abs(kernel[i] - weights).max())
            ours, best = (
                objective(
                    X_train, y, *pair, a1[i], a2[i], build is classification
                )
                for pair in [(kernel[i], bias[i]), (weights, level)]
            )
            excess.append(abs(ours / best - 1))
        print(
            f"{task + ', ' + name:<20}   {max(distance):15.0e}"
            f"   {max(excess):19.0e}"
        )

# %% [markdown]
# ## Two identical features
#
# Both columns are the same; the target is 3 times that column. From three
# different starts, with L1 alone and with both.

# %% tags=["twins"]
column = np.repeat([1.0, -1.0], 10)  # mean 0, deviation 1
copies = np.stack([column, column], axis=1)  # (20, 2)
starts = np.array([[4.0, 0.0], [2.0, 1.0], [0.0, 4.0]])
ends, _ = train(
    copies[:, None, :],
    3 * column[:, None],
    l1=np.repeat([0.2, 0.2], 3),
    l2=np.repeat([0.0, 0.2], 3),
    loss=squared_errors,
    optimizer=keras.optimizers.SGD(CosineDecay(0.05, 1000)),
    updates=1000,
    start=np.concatenate([starts, starts])[None],
)
print("start   L1 alone     both")
for begin, alone, both in zip(starts, ends[0, :3], ends[0, 3:], strict=True):
    print(
        f"{begin[0]:.0f}, {begin[1]:.0f}    {alone[0]:.2f}, {alone[1]:.2f}"
        f"   {both[0]:.2f}, {both[1]:.2f}"
    )

# %% [markdown]
# ## When both together are worth it
#
# Four kinds of data with twenty features, thirty data sets of each, 40 rows
# to train on, 40 to choose with, 1,000 to test on. L1, L2 and both are each
# tried at ten strengths, both at three mixes besides; the validation rows
# choose. All 6,120 models train in one `fit`.

# %%
p, n, noise, sets = 20, 40, 3.0, 30
places = np.arange(p)
in_fives = places // 5  # groups 0 to 3
alone = places
half = np.where(places < 10, in_fives, places)  # groups, then loose features
first_of_five = np.where(places % 5 == 0, 2.0, 0.0)
first_ten = np.where(places < 10, 1.0, 0.0)
kinds = {
    "independent": (alone, 0.0, first_of_five),
    "groups, loose noise": (half, 0.9, first_ten),
    "groups, grouped noise": (in_fives, 0.9, first_ten),
    "one of each group": (in_fives, 0.9, first_of_five),
}


def draw(kind, seed):
    """Return training, validation and test sets, a list of (X, y)."""
    group, correlation, truth = kinds[kind]
    rng = np.random.default_rng(seed)
    parts = []
    for rows in (n, n, 1000):
        X = rng.normal(size=(rows, p))  # a feature without a group
        grouped = np.bincount(group, minlength=p)[group] > 1
        if grouped.any():
            mixed = grouped_rows(rng, rows, group, correlation)
            X[:, grouped] = mixed[:, grouped]
        y = X @ truth + noise * rng.normal(size=rows)
        if not parts:
            mean, deviation = X.mean(axis=0), X.std(axis=0)
        parts.append(((X - mean) / deviation, y))
    return parts


problems = [draw(kind, 1000 + seed) for kind in kinds for seed in range(sets)]
mix, strength = np.meshgrid(
    [1.0, 0.0, 0.25, 0.5, 0.75], 0.01 * 2.0 ** np.arange(10), indexing="ij"
)
mix = np.append(mix.ravel(), 0.0)  # the last one has no penalty at all
strength = np.append(strength.ravel(), 0.0)  # (51,)
l1, l2 = 2 * strength * mix, strength * (1 - mix)
kernels, biases = train(
    np.stack([parts[0][0] for parts in problems], axis=1),  # (40, 120, 20)
    np.stack([parts[0][1] for parts in problems], axis=1),  # (40, 120)
    l1,
    l2,
    squared_errors,
    keras.optimizers.SGD(CosineDecay(0.02, 1500), momentum=0.9),
    updates=1500,
)  # (120, 51, 20), (120, 51)


def errors(part, kernels):
    """Return the mean squared error of every model, (120, 51)."""
    return np.array(
        [
            np.mean(
                (parts[part][0] @ k.T + b - parts[part][1][:, None]) ** 2, 0
            )
            for parts, k, b in zip(problems, kernels, biases, strict=True)
        ]
    )


rescaled = kernels * (1 + l2)[:, None]
together = (mix > 0) & (mix < 1)
candidates = {
    "none": (strength == 0, kernels),
    "L1": (mix == 1, kernels),
    "L2": ((mix == 0) & (strength > 0), kernels),
    "both": (together, kernels),
    "both, rescaled": (together, rescaled),
}
test, used, picked = {}, {}, {}
for name, (allowed, weights) in candidates.items():
    best = np.where(allowed, errors(1, weights), np.inf).argmin(axis=1)
    each = np.arange(len(problems))
    picked[name] = best
    test[name] = errors(2, weights)[each, best].reshape(len(kinds), sets)
    in_use = np.abs(weights[each, best]) > 1e-3  # (120, 20)
    used[name] = in_use.reshape(len(kinds), sets, p)

# %% tags=["errors"]
print("data                    none      L1      L2    both   both, rescaled")
for k, kind in enumerate(kinds):
    row = "   ".join(f"{test[name][k].mean():5.2f}" for name in list(test)[:4])
    print(f"{kind:<21}   {row}   {test['both, rescaled'][k].mean():14.2f}")


# %% tags=["differences"]
def interval(difference):
    """Return mean and 95 % interval of a paired difference."""
    spread = difference.std(ddof=1) / np.sqrt(len(difference))
    middle = difference.mean()
    far = stats.t.ppf(0.975, len(difference) - 1) * spread
    return middle, middle - far, middle + far


comparisons = [("both", "L1"), ("both", "L2"), ("both, rescaled", "both")]
print(
    "data                    both minus L1          both minus L2"
    "          rescaled minus both"
)
for k, kind in enumerate(kinds):
    cells = []
    for one, other in comparisons:
        middle, low, high = interval(test[one][k] - test[other][k])
        cells.append(f"{middle:+.2f} ({low:+.2f} to {high:+.2f})")
    print(f"{kind:<21}   " + "   ".join(cells).replace("-", "−"))

# %% tags=["intervals"]
figure, axes = plt.subplots(figsize=(4.6, 3.2))
axes.axvline(0, color="black", linewidth=0.8)
for other, colour, marker, up in [
    ("L1", "C1", "s", 0.13),
    ("L2", "C2", "^", -0.13),
]:
    gaps = [interval(test["both"][k] - test[other][k]) for k in range(4)]
    height = 3 - np.arange(4) + up
    for (_, low, high), level, kind in zip(gaps, height, kinds, strict=True):
        axes.plot(
            [low, high],
            [level, level],
            colour,
            label=f"interval, {other}, {kind}",
        )
    axes.plot(
        [middle for middle, _, _ in gaps],
        height,
        colour + marker,
        markersize=7,
        label=f"both minus {other}",
    )
axes.set_yticks(
    3 - np.arange(4), [kind.replace(", ", ",\n") for kind in kinds]
)
axes.set(
    xlabel="difference in test error",
    ylabel="data",
    ylim=(-1.6, 3.5),
)
means = axes.lines[5], axes.lines[10]
axes.legend(means, ["both minus L1", "both minus L2"], loc="lower left")
against = {
    other: [
        f"{np.mean(test['both'][k] - test[other][k]):+.2f}" for k in range(4)
    ]
    for other in ("L1", "L2")
}
figure.set_label(
    "Test error of both penalties together minus that of one alone, with 95 % "
    "intervals; left of zero both are better. In the order "
    + "; ".join(kinds)
    + ": "
    + ". ".join(
        f"against {other} {', '.join(gaps)}" for other, gaps in against.items()
    ).replace("-", "−")
    + "."
)
plt.show()

# %% [markdown]
# How many weights are in use, that is, above 0.001 in size, at the factors
# that the validation rows chose?

# %% tags=["used"]
print(
    "data                    L1, of true 1   both, of true 1   L1, of noise"
    "   both, of noise"
)
for k, kind in enumerate(kinds):
    real = kinds[kind][2] != 0
    row = [
        used[name][k][:, columns].mean()
        for columns in (real, ~real)
        for name in ("L1", "both")
    ]
    print(
        f"{kind:<21}   {row[0]:13.0%}   {row[1]:15.0%}   {row[2]:12.0%}"
        f"   {row[3]:14.0%}"
    )

# %% [markdown]
# Do these models stand at the optimum? The objective of every chosen model
# with both penalties, against scikit-learn's.

# %% tags=["trained"]
excess = []
for parts, k, b, i in zip(
    problems, kernels, biases, picked["both"], strict=True
):
    other = regression(strength[i], mix[i]).fit(*parts[0])
    ours, best = (
        objective(*parts[0], *pair, l1[i], l2[i])
        for pair in [(k[i], b[i]), (other.coef_, other.intercept_)]
    )
    excess.append(ours / best - 1)
print(f"largest excess of the objective: {max(excess):.0e}")

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="l1-l2-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
