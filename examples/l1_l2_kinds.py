# %% [markdown]
# # Four kinds of data
#
# Compare L1, L2 and both on four kinds of simulated data. It runs in about
# twenty seconds. What the results mean is in
# [the chapter](../docs/learn/l1_l2.md#comparison).

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
from scipy import stats
from sklearn.linear_model import enet_path

# %% [markdown]
# ## The data
#
# Twenty features, 300 data sets of each kind, 40 rows to train on, 40 to
# choose with, 1,000 to test on.

# %%
p, n, sets = 20, 40, 300
places = np.arange(p)
in_fives = places // 5  # groups 0 to 3
half = np.where(places < 10, in_fives, places)  # two groups, ten alone
first_of_five = np.where(places % 5 == 0, 2.0, 0.0)
first_ten = np.where(places < 10, 1.0, 0.0)
kinds = {  # the group of each feature, and its true weight
    "independent": (places, first_of_five),
    "two groups": (half, first_ten),
    "four groups": (in_fives, first_ten),
    "one of each group": (in_fives, first_of_five),
}


def draw(kind, seed):
    """Return rows (1080, 20) and targets (1080,) of one data set."""
    rng = np.random.default_rng(seed)
    group, truth = kinds[kind]
    rows = n + n + 1000
    share = 0.0 if kind == "independent" else 0.9  # correlation in a group
    common = rng.normal(size=(rows, group.max() + 1))[:, group]
    own = rng.normal(size=(rows, p))
    X = np.sqrt(share) * common + np.sqrt(1 - share) * own
    y = X @ truth + 3.0 * rng.normal(size=rows)
    X = (X - X[:n].mean(axis=0)) / X[:n].std(axis=0)
    return X, y - y[:n].mean()


# %% [markdown]
# ## The models
#
# Ten strengths and five mixes. Because we count zeros, all models are solved
# exactly.

# %%
mixes = [0, 0.25, 0.5, 0.75, 1]  # l1_ratio: 0 is L2 alone, 1 is L1 alone
strengths = 0.01 * 2.0 ** np.arange(9, -1, -1)  # alpha, from large to small
ratio = np.repeat(mixes, 10)  # (50,)
l2 = np.tile(strengths, 5) * (1 - ratio)  # (50,)


def exact(X, y):
    """Return weights at the optimum, (50, features)."""
    gram, target = X.T @ X / len(X), X.T @ y / len(X)
    loaded = gram + strengths[:, None, None] * np.eye(X.shape[1])
    paths = [np.linalg.solve(loaded, target[:, None])[..., 0]]  # the mix 0
    for mix in mixes[1:]:
        _, path, _ = enet_path(
            X, y, l1_ratio=mix, alphas=strengths, tol=1e-7, max_iter=20_000
        )
        paths.append(path.T)
    return np.concatenate(paths)


# %% [markdown]
# Is such a solution the minimum in Keras, too? Moving any of its weights must
# then raise the mean squared error plus Keras's penalty.

# %%
X, y = draw("two groups", 0)
X, y = X[:n], y[:n]
penalty = keras.regularizers.L1L2(l1=2 * 0.08 * 0.5, l2=0.08 * 0.5)
i = 2 * 10 + 6  # the mix 0.5 and the strength 0.08
solution = exact(X, y)[i]


def objective(w):
    """Return the training error plus Keras's penalty."""
    return np.mean((y - X @ w) ** 2) + float(penalty(w))


moves = 0.1 * np.concatenate([np.eye(p), -np.eye(p)])  # (40, 20)
rises = [objective(solution + move) - objective(solution) for move in moves]
print(f"smallest rise: {min(rises):.4f}")

# %% [markdown]
# ## Choose and test
#
# The first fifty models are as they are. The second fifty are the same with
# their weights times 1 + λ₂, that is, rescaled. Each method has its models,
# and the validation rows choose among them.

# %%
inside = (ratio > 0) & (ratio < 1)
no = np.zeros(50, dtype=bool)
methods = {
    "L1": np.append(ratio == 1, no),
    "L2": np.append(ratio == 0, no),
    "both": np.append(inside, no),
    "any mix": np.append(~no, no),
    "L2 rescaled": np.append(no, ratio == 0),
    "both rescaled": np.append(no, inside),
    "plain or rescaled": np.append(~no, ~no),
}
test = {
    kind: {name: np.empty(sets) for name in ["none", *methods]}
    for kind in kinds
}
kept = {kind: {name: [] for name in methods} for kind in kinds}
for kind in kinds:
    for seed in range(sets):
        X, y = draw(kind, 1000 + seed)
        W = exact(X[:n], y[:n])
        W = np.vstack([W, W * (1 + l2)[:, None]])  # (100, 20)
        squared = (X @ W.T - y[:, None]) ** 2  # (1080, 100)
        validation = squared[n : 2 * n].mean(axis=0)
        error = squared[2 * n :].mean(axis=0)
        for name, allowed in methods.items():
            i = np.where(allowed, validation, np.inf).argmin()
            test[kind][name][seed] = error[i]
            kept[kind][name].append(W[i] != 0)
        least = np.linalg.lstsq(X[:n], y[:n])[0]  # least squares
        test[kind]["none"][seed] = np.mean(
            (X[2 * n :] @ least - y[2 * n :]) ** 2
        )

# %% tags=["errors"]
columns = {name: name for name in ("L1", "L2", "both")}
columns["rescaled"] = "both rescaled"
print(f"{'data':<17}   " + "   ".join(f"{name:>5}" for name in columns))
for kind, of in test.items():
    means = [of[name].mean() for name in columns.values()]
    print(f"{kind:<17}   " + "   ".join(f"{mean:5.2f}" for mean in means))


# %% tags=["none"]
lowest = min(of["none"].mean() for of in test.values())
print(f"lowest test error of least squares: {lowest:.1f}")


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


print("data                both minus L1            both minus L2")
for kind in kinds:
    print(
        f"{kind:<17}   {cell(kind, 'both', 'L1')}   {cell(kind, 'both', 'L2')}"
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
    3 - np.arange(4), [kind.replace(" each", "\neach") for kind in kinds]
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
# ## Rescale the weights?
#
# The same difference for rescaled weights minus plain ones.

# %% tags=["rescaled"]
print("data                L2                       both")
for kind in kinds:
    print(
        f"{kind:<17}   {cell(kind, 'L2 rescaled', 'L2')}"
        f"   {cell(kind, 'both rescaled', 'both')}"
    )

# %% [markdown]
# ## Let the validation rows choose everything
#
# Their choice among all mixes, and among all mixes plain or rescaled, beside
# the lowest error in the first table.

# %% tags=["choice"]
print("data                lowest   any mix   or rescaled")
for kind, of in test.items():
    lowest = min(of[name].mean() for name in columns.values())
    print(
        f"{kind:<17}   {lowest:6.2f}   {of['any mix'].mean():7.2f}"
        f"   {of['plain or rescaled'].mean():11.2f}"
    )

# %% [markdown]
# ## Which features are kept
#
# Which share of the weights is not zero, at the factors that were chosen?

# %% tags=["used"]
print("data                L1 true   both true   L1 others   both others")
for kind, of in kept.items():
    true = kinds[kind][1] != 0
    shares = [
        f"{np.mean(np.array(of[name])[:, those]):.0%}"
        for those in (true, ~true)
        for name in ("L1", "both")
    ]
    print(
        f"{kind:<17}   {shares[0]:>7}   {shares[1]:>9}   {shares[2]:>9}"
        f"   {shares[3]:>11}"
    )

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="l1-l2-kinds-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
