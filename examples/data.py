# %% [markdown]
# # Simulated data for classification
#
# <a id="data-whose-truth-is-known"></a>
#
# Simulate a problem, train a model on it, see what each parameter does, and
# measure what a leak does. It runs in about fifteen seconds. What each step
# means is in [the chapter](../docs/learn/data.md).

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
from scipy import stats
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.preprocessing import StandardScaler

# %% [markdown]
# ## Simulate, split, standardize, train
#
# 300 rows with ten columns, of which the first three matter.

# %% tags=["sets"]
X, y = make_classification(
    n_samples=300,
    n_features=10,
    n_informative=3,
    n_redundant=0,
    n_clusters_per_class=1,
    flip_y=0.05,
    shuffle=False,  # the informative columns come first
    random_state=4,
)  # (300, 10), (300,)
X_train, X_rest, y_train, y_rest = train_test_split(
    X, y, train_size=0.5, stratify=y, random_state=4
)
X_validation, X_test, y_validation, y_test = train_test_split(
    X_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=4
)
normalize = layers.Normalization()
normalize.adapt(X_train)  # the training rows alone

print("set          rows   of class 1")
sets = {"training": y_train, "validation": y_validation, "test": y_test}
for name, labels in sets.items():
    print(f"{name:<10}   {len(labels):4}   {labels.mean():10.1%}")

# %% tags=["first"]
keras.utils.set_random_seed(0)
model = Sequential(
    [
        layers.Input(shape=(X.shape[1],)),
        normalize,
        layers.Dense(16, "relu", kernel_regularizer=regularizers.L2(0.01)),
        layers.Dense(1, "sigmoid"),
    ]
)
model.compile("adam", loss="binary_crossentropy", metrics=["accuracy"])
model.fit(
    X_train,
    y_train,
    validation_data=(X_validation, y_validation),
    epochs=50,
    verbose=0,
)
accuracy = model.evaluate(X_test, y_test, verbose=0)[1]
print(f"test accuracy: {accuracy:.1%}")

# %% [markdown]
# ## Four kinds of columns
#
# Two informative columns, two redundant, one repeated, three of noise. How
# much of each is a linear combination of the two informative ones?

# %% tags=["columns"]
X, y = make_classification(
    n_samples=1000,
    n_features=8,
    n_informative=2,
    n_redundant=2,
    n_repeated=1,
    n_clusters_per_class=1,
    flip_y=0.0,
    shuffle=False,  # columns stay in the order of their kinds
    random_state=4,
)  # (1000, 8), (1000,)
kinds = ["informative"] * 2 + ["redundant"] * 2 + ["repeated"] + ["noise"] * 3
informative = np.column_stack([np.ones(len(X)), X[:, :2]])

print("column   kind          explained by 0 and 1   correlation with y")
for j, kind in enumerate(kinds):
    rest = X[:, j] - informative @ np.linalg.lstsq(informative, X[:, j])[0]
    explained = 1 - rest.var() / X[:, j].var()
    print(
        f"{j:<6}   {kind:<11}   {explained:19.0%}"
        f"   {np.corrcoef(X[:, j], y)[0, 1]:18.2f}"
    )

# %% [markdown]
# ## What the parameters do
#
# Informative columns alone, with other values of one parameter at a time.


# %% tags=["settings"]
def simulate(n_samples, n_columns=2, **settings):
    """Return rows with informative columns only, and their classes."""
    whole = {"n_clusters_per_class": 1, "flip_y": 0.0, "class_sep": 1.0}
    return make_classification(
        n_samples,
        n_features=n_columns,
        n_informative=n_columns,
        n_redundant=0,
        random_state=4,
        **(whole | settings),
    )


shown = {
    "class_sep=0.5": {"class_sep": 0.5},
    "class_sep=2": {"class_sep": 2.0},
    "flip_y=0.3": {"class_sep": 2.0, "flip_y": 0.3},
    "weights=[0.9]": {"class_sep": 2.0, "weights": [0.9]},
    "1 cluster": {"n_columns": 3},
    "2 clusters": {"n_columns": 3, "n_clusters_per_class": 2},
}
for name, settings in shown.items():
    X, y = simulate(40, **settings)
    figure, axes = plt.subplots(figsize=(1.75, 1.95))
    rings = {"fillstyle": "none", "markersize": 4, "label": "class 0"}
    axes.plot(X[y == 0, 0], X[y == 0, 1], "ko", **rings)
    axes.plot(X[y == 1, 0], X[y == 1, 1], "k^", markersize=4, label="class 1")
    axes.set(
        title=name,
        xlabel="column 0",
        ylabel="column 1",
        xlim=(-4.5, 4.5),
        ylim=(-4.5, 4.5),
        xticks=[-4, 0, 4],
        yticks=[-4, 0, 4],
    )
    first, second = (X[y == k].mean(axis=0) for k in (0, 1))
    figure.set_label(
        f"Forty rows simulated with {name} over the two columns: "
        f"{np.sum(y == 0)} of class 0, rings around ({first[0]:.1f}, "
        f"{first[1]:.1f}), and {np.sum(y == 1)} of class 1, triangles around "
        f"({second[0]:.1f}, {second[1]:.1f})."
    )
plt.show()

# %% [markdown]
# What two classifiers can make of them, trained on 5,000 rows and tested on
# 5,000 others: logistic regression, whose boundary is
# a straight line, and a vote of the 25 nearest training rows.

# %% tags=["accuracies"]
print("setting         of class 1   straight line   25 neighbours")
for name, settings in shown.items():
    X, y = simulate(10_000, **settings)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=0
    )
    line = LogisticRegression().fit(X_train, y_train)
    neighbours = KNeighborsClassifier(25).fit(X_train, y_train)
    print(
        f"{name:<13}   {y.mean():10.0%}   {line.score(X_test, y_test):13.1%}"
        f"   {neighbours.score(X_test, y_test):13.1%}"
    )

# %% [markdown]
# ## The ceiling
#
# Classes so far apart that the true class is plain to see, and a share of the
# rows with a random label: how often is the true class the label?

# %% tags=["ceiling"]
print("classes and share   by the formula   measured")
for n_classes in (2, 3):
    for share in (0.1, 0.3):
        sizes = {
            "n_samples": 30_000,
            "n_features": 4,
            "n_informative": 4,
            "n_redundant": 0,
            "n_classes": n_classes,
            "shuffle": False,
            "random_state": 0,
        }
        _, truth = make_classification(flip_y=0.0, **sizes)
        _, label = make_classification(flip_y=share, **sizes)
        formula = 1 - share * (1 - 1 / n_classes)
        print(
            f"{n_classes} classes, {share:.0%}      {formula:13.1%}"
            f"   {np.mean(truth == label):8.1%}"
        )

# %% [markdown]
# ## A truth with weights
#
# Rows drawn from a logistic model with the weights (3, −4), and the weights
# that a Keras model of one unit learns from them.


# %% tags=["weights"]
def draw(n_rows, rng):
    """Return rows and classes of a logistic model, w = (3, −4), b = 1."""
    X = rng.normal(size=(n_rows, 2))
    probability = 1 / (1 + np.exp(-(X @ [3.0, -4.0] + 1.0)))
    return X, (rng.random(n_rows) < probability).astype(int)


print("rows      w_1     w_2      b")
for n_rows in (100, 1000, 30_000):
    X, y = draw(n_rows, np.random.default_rng(0))
    keras.utils.set_random_seed(0)
    model = Sequential([layers.Input((2,)), layers.Dense(1, "sigmoid")])
    rate = keras.optimizers.schedules.CosineDecay(0.3, 300)
    model.compile(
        keras.optimizers.Adam(rate),
        "binary_crossentropy",
        steps_per_execution=100,
    )
    batch = tf.data.Dataset.from_tensors((X, y[:, None])).repeat()
    model.fit(batch, steps_per_epoch=300, shuffle=False, verbose=0)
    kernel, bias = model.get_weights()
    print(
        f"{n_rows:<6}   {kernel[0, 0]:4.2f}   {kernel[1, 0]:5.2f}"
        f"   {bias[0]:4.2f}"
    )
print("truth    3.00   -4.00   1.00")

# %% [markdown]
# ## Two leaks, measured
#
# Over 100 simulated data sets each: the scaler fitted on all rows instead of
# the training rows; and, on pure noise, the ten features of 500 whose means
# differ most between the classes, chosen on all rows.


# %% tags=["leak"]
def score(X, y, train, test):
    """Return the test accuracy of logistic regression."""
    return LogisticRegression().fit(X[train], y[train]).score(X[test], y[test])


scores = {"scaler": [], "choice": []}  # pairs: clean, leaking
for seed in range(100):
    X, y = make_classification(
        120, 20, n_informative=5, n_redundant=0, random_state=seed
    )
    train, test = train_test_split(
        np.arange(120), train_size=40, stratify=y, random_state=seed
    )
    X = X * np.logspace(-2, 2, 20)  # as if in different units
    scores["scaler"].append(
        [
            score(StandardScaler().fit(X[rows]).transform(X), y, train, test)
            for rows in (train, np.arange(120))
        ]
    )

    X = np.random.default_rng(seed).normal(size=(120, 500))  # says nothing
    scores["choice"].append(
        [
            score(
                SelectKBest(k=10).fit(X[rows], y[rows]).transform(X),
                y,
                train,
                test,
            )
            for rows in (train, np.arange(120))
        ]
    )

differences = {}
print("step     clean   leaking   difference   95% interval")
for step, pairs in scores.items():
    clean, leaking = np.array(pairs).T
    change = leaking - clean
    half = stats.t.ppf(0.975, 99) * stats.sem(change)
    differences[step] = (change.mean(), half)
    print(
        f"{step}   {clean.mean():.1%}   {leaking.mean():7.1%}"
        f"   {100 * change.mean():+10.1f}"
        f"   {100 * (change.mean() - half):+.1f} to"
        f" {100 * (change.mean() + half):+.1f}"
    )

# %% tags=["leaks"]
figure, axes = plt.subplots(figsize=(4.6, 2.0))
for place, (step, (mean, half)) in enumerate(differences.items()):
    axes.errorbar(
        100 * mean, place, xerr=100 * half, fmt="ko", capsize=4, label=step
    )
axes.axvline(0, color="k", linewidth=0.8)
axes.set_yticks([0, 1], ["scaler on all rows", "choice on all rows"])
axes.set(
    xlabel="accuracy that is not there (percentage points)",
    ylim=(1.5, -0.5),
)
figure.set_label(
    f"By how many points a leak raises the test accuracy, with 95% "
    f"intervals: the scaler {100 * differences['scaler'][0]:.1f}, at zero; "
    f"the choice of features {100 * differences['choice'][0]:.1f}, far from "
    f"zero."
)
plt.show()

# %% [markdown]
# ## Correlated features
#
# Features with a chosen correlation, by the Cholesky factor of the matrix of
# correlations.

# %% tags=["drawn"]
print("asked for   measured in 2,000 rows")
for rho in (0.0, 0.5, 0.9, 0.99):
    wanted = np.array([[1.0, rho], [rho, 1.0]])
    factor = np.linalg.cholesky(wanted)  # wanted = factor @ factor.T
    X = np.random.default_rng(0).normal(size=(2000, 2)) @ factor.T
    print(f"{rho:<9}   {np.corrcoef(X.T)[0, 1]:22.2f}")

# %% [markdown]
# ## Real data
#
# Thirty measures of the cell nuclei of 569 breast tumours, which
# scikit-learn brings along.

# %% tags=["cancer"]
cancer = load_breast_cancer()
X, y = cancer.data, cancer.target  # (569, 30), (569,)
correlations = np.corrcoef(X.T)
pairs = np.abs(correlations[np.triu_indices(30, 1)])
deviations = X.std(axis=0)
print("property                            value")
print(f"rows                                {len(X)}")
print(f"features                            {X.shape[1]}")
for k, name in enumerate(cancer.target_names):
    print(f"of class {k}, {name:<9}               {np.sum(y == k)}")
print(f"smallest standard deviation         {deviations.min():.4f}")
print(f"largest standard deviation          {deviations.max():.1f}")
print(f"pairs of features                   {len(pairs)}")
print(f"of them correlated above 0.9        {np.sum(pairs > 0.9)}")

# %% tags=["maps"]
simulated, _ = make_classification(
    569, 30, n_informative=5, n_redundant=10, shuffle=False, random_state=4
)
maps = {
    "simulated": np.corrcoef(simulated.T),
    "breast cancer": correlations,
}
for name, values in maps.items():
    figure, axes = plt.subplots(figsize=(1.7, 1.9))
    axes.imshow(values, cmap="RdBu", vmin=-1, vmax=1)
    axes.set(
        title=name,
        xlabel="feature",
        ylabel="feature",
        xticks=[0, 14, 29],
        yticks=[0, 14, 29],
    )
    strong = np.mean(np.abs(values[np.triu_indices(30, 1)]) > 0.5)
    figure.set_label(
        f"Correlations of the thirty features of the {name} data, blue "
        f"positive, orange negative: {strong:.0%} of the pairs are stronger "
        f"than 0.5."
    )
plt.show()

# %% [markdown]
# In the real data nearly every column is correlated with its neighbours. In
# the simulated data only the first fifteen columns are, and the rest is noise.

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="data-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
