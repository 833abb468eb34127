# %% [markdown]
# # Simulated data for classification
#
# <a id="data-whose-truth-is-known"></a>
#
# Simulate a problem, train a model on it, see what each parameter does, and
# find known weights again. It runs in about ten seconds. What each step means
# is in [the chapter](../docs/learn/data.md).

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
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier

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
        layers.Dense(1, "sigmoid", kernel_regularizer=regularizers.L2(0.01)),
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
standard_error = np.sqrt(accuracy * (1 - accuracy) / len(y_test))
print("measure                   value")
print(f"test accuracy             {accuracy:.1%}")
print(f"standard error (points)   {100 * standard_error:.1f}")

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
# What is column 0 good for, if its correlation with the class is so small?

# %% tags=["alone"]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.5, stratify=y, random_state=0
)
print("columns   straight line")
for name, chosen in {"0": [0], "1": [1], "0 and 1": [0, 1]}.items():
    line = LogisticRegression().fit(X_train[:, chosen], y_train)
    print(f"{name:<7}   {line.score(X_test[:, chosen], y_test):13.1%}")

# %% [markdown]
# ## What the parameters do
#
# Three informative columns, with other values of one parameter at a time.


# %% tags=["settings"]
def simulate(n_samples, **settings):
    """Return rows with three informative columns, and their classes."""
    usual = {"n_clusters_per_class": 1, "flip_y": 0.0, "class_sep": 2.0}
    return make_classification(
        n_samples,
        n_features=3,
        n_informative=3,
        n_redundant=0,
        random_state=4,
        **(usual | settings),
    )


shown = {
    "class_sep=0.5": {"class_sep": 0.5},
    "class_sep=1": {"class_sep": 1.0},
    "class_sep=2": {"class_sep": 2.0},
    "flip_y=0.3": {"flip_y": 0.3},
    "weights=[0.9]": {"weights": [0.9]},
    "2 clusters": {"n_clusters_per_class": 2},
}
figure, panels = plt.subplots(
    2, 3, figsize=(4.6, 3.4), sharex=True, sharey=True, layout="constrained"
)
counts = []
for axes, (name, settings) in zip(panels.flat, shown.items()):
    X, y = simulate(40, **settings)
    circles = {"fillstyle": "none", "markersize": 4, "label": "class 0"}
    axes.plot(X[y == 0, 0], X[y == 0, 1], "ko", **circles)
    axes.plot(X[y == 1, 0], X[y == 1, 1], "k^", markersize=4, label="class 1")
    axes.set(title=name, xlabel="column 0", ylabel="column 1")
    axes.set(xticks=[-4, 0, 4], yticks=[-4, 0, 4])
    axes.label_outer()
    counts.append(
        f"{name}, {np.sum(y == 0)} circles, {np.sum(y == 1)} triangles"
    )
figure.set_label(
    "Forty rows of six simulated data sets over two columns: "
    + "; ".join(counts)
    + ". Circles and triangles overlap for class_sep=0.5, are mixed for "
    "flip_y=0.3, and lie at opposite corners of a square for 2 clusters."
)
plt.show()

# %% [markdown]
# How often are two classifiers right? Logistic regression has a plane as its
# boundary; the other is a vote of the 25 nearest training rows.

# %% tags=["accuracies"]
n_rows = 5_000
print("setting         of class 1   flat boundary   25 neighbours")
for name, settings in shown.items():
    X, y = simulate(2 * n_rows, **settings)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=0.5, stratify=y, random_state=0
    )
    line = LogisticRegression().fit(X_train, y_train)
    neighbours = KNeighborsClassifier(25).fit(X_train, y_train)
    print(
        f"{name:<13}   {y.mean():10.0%}   {line.score(X_test, y_test):13.1%}"
        f"   {neighbours.score(X_test, y_test):13.1%}"
    )

# %% tags=["rows"]
print(f"training rows, and as many test rows: {n_rows:,}")

# %% [markdown]
# ## The ceiling
#
# The same rows, without and with random labels: how many labels stay the
# same?

# %% tags=["ceiling"]
print("classes and share   rows    by the formula   measured")
for n_classes, share in ((2, 0.1), (2, 0.3), (3, 0.1), (3, 0.3)):
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
        f"{n_classes} classes, {share:.0%}      {len(truth):6}"
        f"   {formula:14.1%}   {np.mean(truth == label):8.1%}"
    )

# %% [markdown]
# ## A truth with weights
#
# <a id="correlated-features"></a>
#
# Rows drawn from a logistic model with the weights (3, −4), and the weights
# that a Keras model of one unit learns from them. How to draw correlated
# features is shown in [the chapter](../docs/learn/data.md#correlated).


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
# ## Real data
#
# <a id="two-leaks-measured"></a>
#
# Thirty measures of the cell nuclei of breast tumours, which scikit-learn
# brings along, beside simulated data of the same size. What happens if test
# rows help to prepare such data is measured in
# [another script](../docs/learn/data.md#leaks).

# %% tags=["cancer"]
cancer = load_breast_cancer()
X = cancer.data  # (569, 30)
simulated, _ = make_classification(
    569, 30, n_informative=5, n_redundant=10, shuffle=False, random_state=4
)
correlations = {}
print(
    "data            rows   features   strong pairs   smallest sd   largest sd"
)
for name, values in {"breast cancer": X, "simulated": simulated}.items():
    correlations[name] = np.corrcoef(values.T)
    pairs = np.abs(correlations[name][np.triu_indices(30, 1)])
    deviations = values.std(axis=0)
    print(
        f"{name:<13}   {len(values):4}   {values.shape[1]:8}"
        f"   {np.mean(pairs > 0.5):12.0%}   {deviations.min():11.3g}"
        f"   {deviations.max():10.4g}"
    )

# %% tags=["maps"]
for name, values in correlations.items():
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
