# %% [markdown]
# # Elastic net: L1 and L2 together
#
# <a id="l1-and-l2-together"></a>Train models with both penalties on simulated
# data, then choose both factors on real data. It runs in about thirty
# seconds. What each step means is in [the chapter](../docs/learn/l1_l2.md).

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
from keras.optimizers.schedules import CosineDecay
from sklearn.datasets import load_diabetes
from sklearn.linear_model import ElasticNet
from sklearn.model_selection import train_test_split


def train(X, y, penalty, start="zeros"):
    """Return the weights (features,) and the bias of a linear model."""
    layer = layers.Dense(
        1, kernel_initializer=start, kernel_regularizer=penalty
    )
    model = Sequential([layers.Input(shape=(X.shape[1],)), layer])
    # a learning rate that falls to zero, so that the weights converge
    optimizer = keras.optimizers.SGD(CosineDecay(0.05, 5000))
    model.compile(optimizer, "mean_squared_error", steps_per_execution=500)
    batch = tf.data.Dataset.from_tensors((X, y[:, None])).repeat()
    model.fit(batch, steps_per_epoch=5000, shuffle=False, verbose=0)
    return layer.kernel.numpy()[:, 0], layer.bias.numpy()[0]


# %% [markdown]
# ## Two groups of three
#
# Features 1 to 3 are correlated, and each has a true weight of 1. Features 4
# to 6 are correlated as well, and their true weights are 0. We train one
# model with each penalty. All three have the same strength,
# `l1 / 2 + l2 = 1.28`.

# %%
rng = np.random.default_rng(4)
truth = np.array([1.0, 1.0, 1.0, 0.0, 0.0, 0.0])
common = np.repeat(rng.normal(size=(60, 2)), 3, axis=1)  # one for each group
X = np.sqrt(0.95) * common + np.sqrt(0.05) * rng.normal(size=(60, 6))
y = X @ truth + 3.0 * rng.normal(size=60)  # (60,)
X = (X - X.mean(axis=0)) / X.std(axis=0)

penalties = {
    "L1": regularizers.L1(2.56),
    "L2": regularizers.L2(1.28),
    "both": regularizers.L1L2(l1=1.28, l2=0.64),
}
models = {name: train(X, y, penalty) for name, penalty in penalties.items()}
weights = {name: w for name, (w, _) in models.items()}  # (6,) each

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

# %% tags=["residual"]
w, bias = models["both"]
residual = np.sqrt(np.mean((y - X @ w - bias) ** 2))
print(f"root mean squared residual: {residual:.2f}")

# %% tags=["bound"]
correlation = np.corrcoef(X.T)
print("features   correlation   difference   at most")
for j, k in [(0, 1), (0, 2), (1, 2), (0, 3)]:
    most = residual * np.sqrt(2 * (1 - correlation[j, k])) / 0.64
    print(
        f"{j + 1} and {k + 1}   {correlation[j, k]:11.3f}"
        f"   {abs(w[j] - w[k]):10.2f}   {most:7.2f}"
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
# ## Two identical features
#
# Both columns are the same, and the target is 3 times that column. We train
# from three different starts, with L1 alone and with both penalties.

# %% tags=["twins"]
column = np.repeat([1.0, -1.0], 10)  # mean 0, deviation 1
twins = np.stack([column, column], axis=1)  # (20, 2)
print("start   L1 alone     both")
for start in ([3.0, 1.0], [1.0, 1.0], [1.0, 2.0]):
    begin = keras.initializers.Constant(np.array(start)[:, None])
    (a, b), _ = train(twins, 3 * column, regularizers.L1(0.2), begin)
    (c, d), _ = train(twins, 3 * column, regularizers.L1L2(0.2, 0.2), begin)
    print(
        f"{start[0]:.0f}, {start[1]:.0f}    {a:.2f}, {b:.2f}"
        f"   {c:.2f}, {d:.2f}"
    )

# %% [markdown]
# ## Choose both factors on real data
#
# <a id="many-models-in-one-fit"></a>Ten features of 442 people with diabetes,
# and a measure of how the disease progressed in a year. Five mixes and five
# strengths make 25 models.

# %%
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
pairs = [
    (alpha, ratio)  # strength; mix, where 0 is L2 alone and 1 is L1 alone
    for ratio in (0, 0.25, 0.5, 0.75, 1)
    for alpha in (1.0, 0.3, 0.1, 0.03, 0.01)
]
trained = {
    (alpha, ratio): train(
        X_train,
        y_train,
        regularizers.L1L2(l1=2 * alpha * ratio, l2=alpha * (1 - ratio)),
    )
    for alpha, ratio in pairs
}

# %% [markdown]
# The validation rows choose one model of each kind.


# %% tags=["diabetes"]
def error(w, bias, X, y):
    """Return the mean squared error."""
    return np.mean((y - X @ w - bias) ** 2)


kinds = {
    "L1": [pair for pair in pairs if pair[1] == 1],
    "L2": [pair for pair in pairs if pair[1] == 0],
    "any mix": pairs,
}
print("penalty   l1_ratio     l1     l2   weights kept   test error")
for name, allowed in kinds.items():
    alpha, ratio = min(
        allowed,
        key=lambda pair: error(*trained[pair], X_validation, y_validation),
    )
    w, bias = trained[alpha, ratio]
    print(
        f"{name:<7}   {ratio:8.2f}   {2 * alpha * ratio:.2f}"
        f"   {alpha * (1 - ratio):.2f}   {np.sum(np.abs(w) > 1e-3):12}"
        f"   {error(w, bias, X_test, y_test):10.3f}"
    )

# %% [markdown]
# ## The optimum of scikit-learn
#
# How far are the trained models from the exact solutions?


# %% tags=["agreement"]
def objective(w, bias, alpha, ratio):
    """Return the training error plus the penalty."""
    l1, l2 = 2 * alpha * ratio, alpha * (1 - ratio)
    penalty = l1 * np.abs(w).sum() + l2 * np.sum(w**2)
    return error(w, bias, X_train, y_train) + penalty


print("l1_ratio   farthest weight   objective higher by")
for ratio in (0.25, 0.5, 0.75, 1):
    farthest, higher = [], []
    for pair in pairs:
        if pair[1] == ratio:
            best = ElasticNet(alpha=pair[0], l1_ratio=ratio, tol=1e-10)
            best.fit(X_train, y_train)
            best = best.coef_, best.intercept_
            ours = trained[pair]
            farthest.append(np.abs(ours[0] - best[0]).max())
            higher.append(objective(*ours, *pair) / objective(*best, *pair))
    print(f"{ratio:<8}   {max(farthest):15.4f}   {max(higher) - 1:18.4%}")

# %% [markdown]
# <a id="when-both-together-are-worth-it"></a>Which penalty predicts better on
# which kind of data is measured in
# [a script of its own](l1_l2_kinds.py).

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="l1-l2-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
