# %% [markdown]
# # Leaks, measured
#
# By how much is a test accuracy wrong if test rows helped to prepare the
# data? It runs in about five seconds. What each leak means is in
# [the chapter](../docs/learn/data.md#leaks).

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
from sklearn.datasets import make_classification
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split

# %% [markdown]
# ## What is measured
#
# Each leak is measured on many simulated data sets. The features of each set
# are prepared twice: from its training rows alone (clean), and from all rows
# (leaking). Both times, logistic regression is trained on the training rows.

# %% tags=["setup"]
n_sets, n_train, n_test = 100, 40, 80
columns = {"scaler": 20, "choice": 500, "filling": 20}
every = np.arange(n_train + n_test)  # the numbers of all rows

print("leak      data sets   training rows   test rows   columns")
for leak, n_columns in columns.items():
    print(
        f"{leak:<7}   {n_sets:9}   {n_train:13}   {n_test:9}   {n_columns:7}"
    )


# %% [markdown]
# ## Three ways to prepare features
#
# The scaler standardizes columns in different units. The choice keeps the ten
# columns whose means differ most between the classes. The filling puts means
# in the place of a fifth of the values.


# %%
def scaler(X, y, rows):
    """Return X, standardized by the means and deviations of `rows`."""
    normalize = keras.layers.Normalization()
    normalize.adapt(X[rows])
    return np.asarray(normalize(X))


def choice(X, y, rows):
    """Return the ten columns that tell the classes of `rows` apart best."""
    return SelectKBest(k=10).fit(X[rows], y[rows]).transform(X)


def filling(X, y, rows):
    """Return X without gaps: a mean of training rows, or of a class."""
    if len(rows) < len(X):
        return np.where(np.isnan(X), np.nanmean(X[rows], axis=0), X)
    means = np.array([np.nanmean(X[y == k], axis=0) for k in (0, 1)])
    return np.where(np.isnan(X), means[y], X)


prepare = {"scaler": scaler, "choice": choice, "filling": filling}
scores = {leak: [] for leak in prepare}  # pairs: clean, leaking
for seed in range(n_sets):
    X, y = make_classification(
        len(every), 20, n_informative=5, n_redundant=0, random_state=seed
    )
    train, test = train_test_split(
        every, train_size=n_train, stratify=y, random_state=seed
    )
    rng = np.random.default_rng(seed)
    features = {
        "scaler": X * np.logspace(-2, 2, 20),  # as if in different units
        "choice": rng.normal(size=(len(every), columns["choice"])),  # noise
        "filling": np.where(rng.random(X.shape) < 0.2, np.nan, X),
    }
    for leak, raw in features.items():
        pair = []
        for rows in (train, every):
            Z = prepare[leak](raw, y, rows)
            model = LogisticRegression().fit(Z[train], y[train])
            pair.append(model.score(Z[test], y[test]))
        scores[leak].append(pair)

# %% [markdown]
# ## What the leaks do
#
# The difference is taken on each data set. Its mean has a 95% interval.


# %% tags=["leak"]
def compare(leak):
    """Print a row of the table; return mean and half interval in points."""
    clean, leaking = 100 * np.array(scores[leak]).T
    change = leaking - clean
    half = stats.t.ppf(0.975, n_sets - 1) * stats.sem(change)
    low, high = change.mean() - half, change.mean() + half
    print(
        f"{leak:<7}   {clean.mean():.1f}%   {leaking.mean():6.1f}%"
        f"   {change.mean():+10.1f}   {low:+.1f} to {high:+.1f}"
    )
    return change.mean(), half


header = "leak      clean   leaking   difference   95% interval"
print(header)
differences = {leak: compare(leak) for leak in ("scaler", "choice")}

# %% [markdown]
# The third leak belongs to an exercise of the chapter: the mean of the row's
# class is put in the place of a missing value.

# %% tags=["filling"]
print(header)
differences["filling"] = compare("filling")

# %% tags=["leaks"]
figure, axes = plt.subplots(figsize=(4.6, 2.2))
for place, (leak, (mean, half)) in enumerate(differences.items()):
    axes.errorbar(mean, place, xerr=half, fmt="ko", capsize=4, label=leak)
axes.axvline(0, color="k", linewidth=0.8)
axes.set_yticks(range(len(differences)), list(differences))
axes.set(xlabel="rise of the test accuracy (points)", ylim=(2.5, -0.5))
figure.set_label(
    "By how many points three leaks raise the mean test accuracy, with 95% "
    "intervals: "
    + ", ".join(
        f"{leak} {mean:.1f}" for leak, (mean, _) in differences.items()
    )
    + "."
)
plt.show()

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="data-leaks-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
