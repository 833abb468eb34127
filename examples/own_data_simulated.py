# %% [markdown]
# # How often is the verdict right?
#
# Compare the penalties on hundreds of simulated tables whose truth is known,
# and count how often the verdict on [a table of your
# own](../docs/learn/own_data.md) is right. It runs in about a minute, and
# needs pandas, and the folder `penalty` of this project beside the folder of
# this script.

# %%
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from scipy import stats

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where penalty is

from penalty.compare import METHODS, Settings, assemble, plan
from penalty.folds import inner_folds
from penalty.parts import Prepared, prepare, score, train
from penalty.table import Table
from penalty.verdict import corrected_interval, verdict, wilson

# The linear models are small, so that half their time would be checks.
sklearn.set_config(assume_finite=True, skip_parameter_validation=True)

# %% [markdown]
# ## Many tables
#
# A table has 20 columns with numbers, and a number y to predict. Some of the
# columns are *active*: y is their sum, each with the same weight or its
# negative, and noise. The sum has the variance 1, and the noise 0.25. Networks
# and grid are smaller than the command has them, so that all of this takes a
# minute. The ten outer folds are those of the command.

# %%
COLUMNS, TABLES = 20, 100
settings = Settings(
    repeats=2,
    inner_folds=3,
    hidden_layer_sizes=(4,),
    epochs=100,
    factors=(0.03, 0.1, 0.3),
)
FOLDS = settings.folds * settings.repeats


def drawn(rng, rows, active):
    """Return a table in which so many columns are active."""
    X = rng.normal(size=(rows, COLUMNS))
    weights = rng.choice([-1, 1], active) / np.sqrt(max(active, 1))
    y = X[:, :active] @ weights + 0.5 * rng.normal(size=rows)
    features = pd.DataFrame(X, columns=[f"x{i}" for i in range(COLUMNS)])
    return Table(features, y, "y", (), None, None, ())


def standardized(table, splits):
    """Return what the preprocessing makes of complete numbers, faster."""
    X = table.features.to_numpy()
    rows = [train for train, _ in splits]
    X = [(X - X[own].mean(axis=0)) / X[own].std(axis=0) for own in rows]
    return X, [np.arange(COLUMNS)] * len(splits)


# %% [markdown]
# `compare` trains all networks of an outer fold in one fit. Here, one fit
# trains those of 100 tables; the rest is what `compare` does.


# %%
def trained(parts):
    """Return parts with their networks trained, tuned and tested."""
    return [score(*both) for both in zip(parts, train(parts, COLUMNS))]


def compared(tables):
    """Return the comparison of each table."""
    parts = [
        trained([prepare(t, settings, number, standardized) for t in tables])
        for number in range(FOLDS + 1)  # the last means all rows
    ]
    return [assemble(t, settings, own) for t, own in zip(tables, zip(*parts))]


def share(hits):
    """Return a share and its 95% interval, as text."""
    low, high = wilson(np.sum(hits), len(hits))
    return f"{np.mean(hits):.1%}", f"{low:.1%} to {high:.1%}"


# %% [markdown]
# ## Nothing to be found
#
# In 200 tables, half of them of 50 rows and half of 100, no column is active.
# A reading of a comparison is wrong if it says that some method predicts y
# better than the mean does. Beside the verdict stand three readings which are
# less careful: a t-test of each method that takes the ten folds as
# independent, adjusted for the six methods or not, and the lowest mean loss.

# %% tags=["nothing"]
rng = np.random.default_rng(0)
nothing = []
for rows in (50, 100):
    nothing += compared([drawn(rng, rows, 0) for _ in range(TABLES)])
excess = [c.losses - c.base_losses[:, None] for c in nothing]
p = np.array([stats.ttest_1samp(e, 0, alternative="less")[1] for e in excess])
readings = {
    "verdict": [verdict(c).informative for c in nothing],
    "t-tests, adjusted": p.min(axis=1) < 0.05 / 6,
    "t-tests": p.min(axis=1) < 0.05,
    "lowest mean": [np.mean(e, axis=0).min() < 0 for e in excess],
}
print("reading             says nothing   95% interval")
for name, found in readings.items():
    part, interval = share(~np.array(found))
    print(f"{name:<17}   {part:>12}   {interval}")

# %% [markdown]
# ## Truths
#
# In a sparse truth, 3 of the 20 columns are active; in a dense truth, all of
# them are. For each truth and each number of rows we draw 100 tables. What
# their intervals have to contain is the *expected difference*: that between
# the losses of two methods on fresh rows, when both are tuned and trained on
# as many rows as an outer fold has for training, averaged over tables. We
# measure it on 100 other tables and 100 fresh rows for each of them. Their
# networks start from the initial weights of the ten folds in turn.

# %%
FRESH = 100
NAMES = [*METHODS, "mean"]


def expected(rng, rows, active):
    """Return losses (100, 7) on fresh rows, after training on `rows` rows."""
    train, test = np.split(np.arange(rows + FRESH), [rows])
    results = []
    for fold in range(FOLDS):
        parts = []
        for _ in range(TABLES // FOLDS):
            table = drawn(rng, rows + FRESH, active)
            folds = inner_folds(table, train, settings.inner_folds, 0)
            splits = [*folds, (train, test)]
            what = table, settings, plan(table, settings), splits
            inputs = standardized(table, splits)
            parts.append(Prepared(*what, *inputs, seed=100 * (fold + 1)))
        results += trained(parts)
    return np.array([[*r["losses"], r["base_losses"]] for r in results])


truths = {"sparse": 3, "dense": COLUMNS}
tables, losses, fresh = {}, {}, {}
for truth, active in truths.items():
    for rows in (50, 100):
        name = f"{truth} {rows}"
        rng = np.random.default_rng(rows + active)
        tables[name] = compared(
            [drawn(rng, rows, active) for _ in range(TABLES)]
        )
        losses[name] = np.array(
            [np.column_stack([c.losses, c.base_losses]) for c in tables[name]]
        )  # (tables, folds, 7)
        fresh[name] = expected(rng, rows * 4 // 5, active)

# %% [markdown]
# ## Does the interval contain the truth?
#
# The corrected interval is that of the verdict, and the plain one takes the
# ten folds as independent. The last column says which share of the corrected
# interval's width would have contained the expected difference in 95% of the
# tables.


# %% tags=["coverage"]
def minus(values, pair):
    """Return the differences between the losses (..., 7) of two methods."""
    a, b = (values[..., NAMES.index(name)] for name in pair)
    return a - b


def written(values):
    """Return a mean and half its 95% interval, as text."""
    half = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
    return f"{np.mean(values):+.3f} ± {half:.3f}".replace("-", "−")


def off(differences, test_share, truth):
    """Return how far the truth is from each mean, in half widths."""
    found = [corrected_interval(own, test_share) for own in differences]
    return np.array([abs(i.mean - truth) / (i.high - i.mean) for i in found])


pairs = [("L2", "none"), ("L1", "L2"), ("L2", "mean")]
print(
    "difference                expected           corrected covers"
    "   95% interval      plain covers   width"
)
for name in tables:
    for pair in pairs:
        found, truth = minus(losses[name], pair), minus(fresh[name], pair)
        corrected, plain = (off(found, s, truth.mean()) for s in (0.25, 0))
        row = f"{name}: {' − '.join(pair)}"
        covers, interval = share(corrected <= 1)
        print(
            f"{row:<23}   {written(truth):<16}   {covers:>16}   {interval:<15}"
            f"   {np.mean(plain <= 1):>12.1%}"
            f"   {np.quantile(corrected, 0.95):>5.2f}"
        )

# %% [markdown]
# ## Which penalty has the lowest loss?

# %% tags=["lowest"]
print("truth        expected L1 − L2   none     L1     L2   L1L2")
for name, own in tables.items():
    best = [verdict(c).best for c in own]
    counts = [best.count(method) for method in METHODS[:4]]
    truth = written(minus(fresh[name], ("L1", "L2")))
    numbers = "   ".join(f"{count / TABLES:>4.0%}" for count in counts)
    print(f"{name:<10}   {truth:<16}   {numbers}")

# %% [markdown]
# ## How sure can one be?
#
# Of L1 and L2, the right one has the lower expected loss.

# %% tags=["sure"]
print(
    "truth        right is lower   95% interval      clearly right"
    "   clearly wrong   penalty clearly helps   clear winner"
)
for name, own in tables.items():
    verdicts = [verdict(c) for c in own]
    l1_is_right = minus(fresh[name], ("L1", "L2")).mean() < 0
    right, wrong = ("L1", "L2") if l1_is_right else ("L2", "L1")
    lower = minus(losses[name].mean(axis=1), (right, wrong)) < 0
    found, interval = share(lower)
    clear = [{(p.a, p.b) for p in v.pairs if p.clear} for v in verdicts]
    helps = [any((m, "none") in c for m in METHODS[1:4]) for c in clear]
    print(
        f"{name:<10}   {found:>14}   {interval:<15}"
        f"   {np.mean([(right, wrong) in c for c in clear]):>13.0%}"
        f"   {np.mean([(wrong, right) in c for c in clear]):>13.0%}"
        f"   {np.mean(helps):>21.0%}"
        f"   {np.mean([v.clear for v in verdicts]):>12.0%}"
    )
