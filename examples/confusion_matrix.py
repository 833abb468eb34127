# %% [markdown]
# # An honest confusion matrix
#
# Report a classifier with all its cells, move its threshold, and compare no
# penalty, L1, L2 and both over many data sets. It runs in about twelve
# seconds. What each step means is in
# [the chapter](../docs/learn/confusion_matrix.md).

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
from keras.regularizers import L1L2
from scipy import stats
from sklearn import metrics
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

# %% [markdown]
# ## Many models in one
#
# Every data set with every pair of factors, all trained at once: the kernel
# has one slice for each, and no slice touches another.

# %% tags=["grid"]
steps = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3]
candidates = {
    "none": [(0.0, 0.0)],
    "L1": [(factor, 0.0) for factor in steps],
    "L2": [(0.0, factor) for factor in steps],
    "L1L2": [(factor, factor) for factor in steps],
}
settings = [pair for pairs in candidates.values() for pair in pairs]
names = [name for name, pairs in candidates.items() for _ in pairs]
print(f"pairs of factors for each data set: {len(settings)}")


class PerSetting(keras.regularizers.Regularizer):
    """L1L2 with factors of its own for each index of the last axis."""

    def __init__(self, settings):
        self.l1, self.l2 = np.array(settings, dtype="float32").T

    def __call__(self, kernel):  # (data sets, features, settings)
        return ops.sum(self.l1 * ops.abs(kernel) + self.l2 * kernel**2)


def summed_cross_entropy(y, logits):
    """Return for each row its cross-entropy, summed over all models."""
    return ops.sum(ops.softplus(logits) - y * logits, axis=(1, 2))


def train_all(X, y, settings, updates=400):
    """Train a logistic model for each data set and setting.

    X is (rows, data sets, features) and y (rows, data sets). Returns the
    model, whose output is (rows, data sets, settings), in logits.
    """
    shape = (X.shape[1], len(settings))
    model = Sequential(
        [
            layers.Input(X.shape[1:]),
            layers.EinsumDense(
                "bdf,dfs->bds",
                shape,
                bias_axes="ds",
                kernel_initializer="zeros",
                kernel_regularizer=PerSetting(settings),
            ),
        ]
    )
    rate = keras.optimizers.schedules.CosineDecay(0.05, updates)
    model.compile(
        keras.optimizers.Adam(rate),
        summed_cross_entropy,
        steps_per_execution=100,
    )
    batch = tf.data.Dataset.from_tensors((X, y[:, :, None])).repeat()
    model.fit(batch, steps_per_epoch=updates, shuffle=False, verbose=0)
    return model


# %% [markdown]
# ## Twenty-five data sets, twenty-five splits
#
# Simulated: five of forty features tell something, and there are 60 rows to
# train on. Real: the breast cancer data, split anew each time. There class 1
# is benign; here malignant is the positive class.


# %% tags=["data"]
def simulated(seed):
    """Return rows and classes of a data set of its own."""
    return make_classification(
        2120,
        40,
        n_informative=5,
        n_redundant=0,
        n_clusters_per_class=1,
        class_sep=0.7,
        flip_y=0.05,
        random_state=seed,
    )


def real(seed):
    """Return the breast cancer data, malignant as class 1."""
    X, y = load_breast_cancer(return_X_y=True)
    return X, 1 - y


def split(X, y, seed):
    """Return 60 rows to train on, 60 to choose by, and the rest to test."""
    X_train, X_rest, y_train, y_rest = train_test_split(
        X, y, train_size=60, stratify=y, random_state=seed
    )
    X_validation, X_test, y_validation, y_test = train_test_split(
        X_rest, y_rest, train_size=60, stratify=y_rest, random_state=seed
    )
    scaler = StandardScaler().fit(X_train)
    return (
        *map(scaler.transform, (X_train, X_validation, X_test)),
        *(y_train, y_validation, y_test),
    )


repeats = 25
sets = {}
for source, draw in {"simulated": simulated, "real": real}.items():
    parts = [split(*draw(seed), seed) for seed in range(repeats)]
    # data sets become the second axis
    sets[source] = [np.stack(part, axis=1) for part in zip(*parts)]
    shapes = [part.shape for part in sets[source]]
    print(f"{source}: training {shapes[0]}, test {shapes[2]}")

# %% tags=["repeats"]
print(f"data sets of each kind: {repeats}")

# %% tags=["models"]
print(f"models: {len(sets) * repeats * len(settings)}")

# %% [markdown]
# ## Tuned, then tested
#
# For each data set and penalty, the factor with the lowest cross-entropy on
# the validation rows. Its penalty is not in that number.


# %% tags=["tuned"]
def cross_entropy(y, logits):
    """Return the mean cross-entropy of each data set and setting."""
    return np.mean(np.logaddexp(0, logits) - y[:, :, None] * logits, axis=0)


def measure(y, logits):
    """Return the measures of one tested model."""
    predicted = logits > 0
    return {
        "accuracy": metrics.accuracy_score(y, predicted),
        "balanced": metrics.balanced_accuracy_score(y, predicted),
        "MCC": metrics.matthews_corrcoef(y, predicted),
        "cross-entropy": np.mean(np.logaddexp(0, logits) - y * logits),
    }


scores, cells, chosen = {}, {}, {}
for source, part in sets.items():
    X_train, X_validation, X_test, y_train, y_validation, y_test = part
    model = train_all(X_train, y_train, settings)
    found = cross_entropy(y_validation, model(X_validation).numpy())
    logits = model(X_test).numpy()  # (rows, data sets, settings)
    for name in candidates:
        own = [k for k, other in enumerate(names) if other == name]
        best = [own[k] for k in found[:, own].argmin(axis=1)]
        answers = [logits[:, d, k] for d, k in enumerate(best)]
        scores[source, name] = [
            measure(y_test[:, d], answer) for d, answer in enumerate(answers)
        ]
        cells[source, name] = sum(
            metrics.confusion_matrix(y_test[:, d], answer > 0)
            for d, answer in enumerate(answers)
        )
        chosen[source, name] = [max(settings[k]) for k in best]

print("data and penalty   median factor   accuracy   balanced   MCC     loss")
for (source, name), results in scores.items():
    mean = {key: np.mean([r[key] for r in results]) for key in results[0]}
    print(
        f"{source} {name:<4}    {np.median(chosen[source, name]):13g}"
        f"   {mean['accuracy']:8.3f}   {mean['balanced']:8.3f}"
        f"   {mean['MCC']:.3f}   {mean['cross-entropy']:.3f}"
    )

# %% [markdown]
# ## Differences with intervals
#
# Each penalty against none, and L1 against L2, on the same data sets. The
# real splits share rows, so their intervals are corrected for it.


# %% tags=["differences"]
def interval(differences, overlap):
    """Return mean and half width of a 95% t interval.

    `overlap` is 0 for independent data sets and test rows over training
    rows for splits of the same rows (Nadeau and Bengio, 2003).
    """
    n = len(differences)
    variance = np.var(differences, ddof=1) * (1 / n + overlap)
    return np.mean(differences), stats.t.ppf(0.975, n - 1) * variance**0.5


pairs = [("L1", "none"), ("L2", "none"), ("L1L2", "none"), ("L1", "L2")]
compared = {}
print(
    "comparison              points of accuracy   95% interval"
    "     without correction"
)
for source, part in sets.items():
    used = len(part[0]) + len(part[1])  # rows to train and to choose
    overlap = len(part[2]) / used if source == "real" else 0.0
    for one, other in pairs:
        gained = [
            100 * (a["accuracy"] - b["accuracy"])
            for a, b in zip(scores[source, one], scores[source, other])
        ]
        mean, half = compared[source, one, other] = interval(gained, overlap)
        _, naive = interval(gained, 0.0)
        print(
            f"{source} {one} − {other:<4}   {mean:+18.1f}"
            f"   {mean - half:+.1f} to {mean + half:+.1f}"
            f"     {mean - naive:+.1f} to {mean + naive:+.1f}"
        )

# %% [markdown]
# The same for the cross-entropy on the real data, L2 against none.

# %% tags=["loss"]
gained = [
    a["cross-entropy"] - b["cross-entropy"]
    for a, b in zip(scores["real", "L2"], scores["real", "none"])
]
mean, half = interval(gained, overlap)  # that of the real data
print(
    f"difference of the cross-entropies, 95% interval: "
    f"{mean - half:+.2f} to {mean + half:+.2f}"
)

# %% tags=["intervals"]
for source in sets:
    figure, axes = plt.subplots(figsize=(3.4, 2.1))
    told = []
    for place, (one, other) in enumerate(pairs):
        mean, half = compared[source, one, other]
        colour = {"L1": "C1", "L2": "C2", "L1L2": "C3"}[one]
        label = f"{one} − {other}"
        axes.errorbar(
            mean,
            place,
            xerr=half,
            fmt="o",
            color=colour,
            capsize=4,
            label=label,
        )
        told.append(f"{label} {mean:.1f} ± {half:.1f}")
    axes.axvline(0, color="k", linewidth=0.8)
    axes.set_yticks(range(4), [f"{one} − {other}" for one, other in pairs])
    axes.set(
        title=source,
        xlabel="difference of accuracy (points)",
        xlim=(-8, 19),
        ylim=(3.5, -0.5),
    )
    figure.set_label(
        f"Differences of test accuracy in percentage points with 95% "
        f"intervals on the {source} data: {'; '.join(told)}."
    )
plt.show()

# %% tags=["cells"]
for source, name in [("simulated", "none"), ("simulated", "L1")]:
    figure, axes = plt.subplots(figsize=(1.75, 2.0))
    matrix = cells[source, name]
    shares = matrix / matrix.sum(axis=1, keepdims=True)
    metrics.ConfusionMatrixDisplay(shares).plot(
        cmap="Blues",
        colorbar=False,
        values_format=".0%",
        ax=axes,
        im_kw={"vmin": 0, "vmax": 1},
    )
    axes.set(title=name, xlabel="predicted", ylabel="true")
    figure.set_label(
        f"Confusion matrix with penalty {name}, all simulated data sets "
        f"together, as shares of the true class: {shares[0, 0]:.0%} of class "
        f"0 and {shares[1, 1]:.0%} of class 1 are right."
    )
plt.show()

# %% [markdown]
# ## Every measure from four cells
#
# The cells of the unpenalized models on the real data, all splits together;
# malignant is positive.

# %% tags=["measures"]
(tn, fp), (fn, tp) = cells["real", "none"].astype(float)
y_true = np.repeat([0, 0, 1, 1], [int(cell) for cell in (tn, fp, fn, tp)])
y_said = np.repeat([0, 1, 0, 1], [int(cell) for cell in (tn, fp, fn, tp)])
precision, recall = tp / (tp + fp), tp / (tp + fn)
specificity = tn / (tn + fp)
root = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
by_hand = {
    "accuracy": (tp + tn) / (tp + tn + fp + fn),
    "precision": precision,
    "recall": recall,
    "specificity": specificity,
    "F1": 2 * precision * recall / (precision + recall),
    "balanced accuracy": (recall + specificity) / 2,
    "MCC": (tp * tn - fp * fn) / root,
}
by_library = [
    metrics.accuracy_score(y_true, y_said),
    metrics.precision_score(y_true, y_said),
    metrics.recall_score(y_true, y_said),
    metrics.recall_score(y_true, y_said, pos_label=0),
    metrics.f1_score(y_true, y_said),
    metrics.balanced_accuracy_score(y_true, y_said),
    metrics.matthews_corrcoef(y_true, y_said),
]
print("measure             by hand   scikit-learn")
for (name, value), other in zip(by_hand.items(), by_library):
    print(f"{name:<17}   {value:7.4f}   {other:12.4f}")

# %% [markdown]
# ## A rare class and the threshold
#
# One row in ten is positive, and a miss costs eight times a false alarm. The
# validation rows choose the threshold; the test rows are opened once.

# %% tags=["rare"]
X, y = make_classification(
    6000,
    20,
    n_informative=5,
    n_redundant=0,
    weights=[0.9],
    class_sep=0.8,
    flip_y=0.02,
    random_state=1,
)
X_train, X_rest, y_train, y_rest = train_test_split(
    X, y, train_size=1000, stratify=y, random_state=0
)
X_validation, X_test, y_validation, y_test = train_test_split(
    X_rest, y_rest, train_size=2000, stratify=y_rest, random_state=0
)
scaler = StandardScaler().fit(X_train)
keras.utils.set_random_seed(0)
model = Sequential(
    [
        layers.Input((20,)),
        layers.Dense(16, "relu", kernel_regularizer=L1L2(l1=1e-3, l2=1e-3)),
        layers.Dense(1, "sigmoid", kernel_regularizer=L1L2(l1=1e-3, l2=1e-3)),
    ]
)
model.compile(
    keras.optimizers.Adam(0.01), "binary_crossentropy", steps_per_execution=100
)
rows = (scaler.transform(X_train), y_train[:, None])
batch = tf.data.Dataset.from_tensors(rows).repeat()
model.fit(batch, steps_per_epoch=300, shuffle=False, verbose=0)
validation, test = (
    model.predict(scaler.transform(part), batch_size=len(part), verbose=0)
    for part in (X_validation, X_test)
)
validation, test = validation[:, 0], test[:, 0]


def cost(y, positive):
    """Return the cost of 100 rows: 8 for a miss, 1 for a false alarm."""
    missed = np.mean((y == 1) & ~positive)
    return 100 * (8 * missed + np.mean((y == 0) & positive))


tried = np.unique(np.append(validation, [0.5, 1 / 9]))
costs = [cost(y_validation, validation > value) for value in tried]
best = tried[int(np.argmin(costs))]
thresholds = {"one half": 0.5, "by the costs": 1 / 9, "chosen": best}
print("threshold      value   recall   precision   accuracy   cost")
for name, value in thresholds.items():
    said = test > value
    print(
        f"{name:<12}   {value:5.3f}"
        f"   {metrics.recall_score(y_test, said):6.3f}"
        f"   {metrics.precision_score(y_test, said):9.3f}"
        f"   {np.mean(said == y_test):8.3f}   {cost(y_test, said):4.1f}"
    )
print(
    f"never 1        1.000   {0:6.3f}           –"
    f"   {np.mean(y_test == 0):8.3f}   {cost(y_test, test > 1):4.1f}"
)

# %% tags=["curves"]
alarms, recalls, _ = metrics.roc_curve(y_test, test)
area = metrics.roc_auc_score(y_test, test)
figure, axes = plt.subplots(figsize=(2.4, 2.4))
thin = np.unique(np.linspace(0, len(alarms) - 1, 60).astype(int))
axes.plot(alarms[thin], recalls[thin], "C3-", label="model")
axes.plot([0, 1], [0, 1], "k:", label="guessing")
for marker, (name, value) in zip("os^", thresholds.items()):
    said = test > value
    alarm = np.mean(said[y_test == 0])
    axes.plot(alarm, np.mean(said[y_test == 1]), f"k{marker}", label=name)
axes.set(title="ROC", xlabel="share of false alarms", ylabel="recall")
figure.set_label(
    f"ROC curve of the rare class on the test rows, area {area:.2f}; the "
    f"three thresholds lie on it, the one of one half at the lowest recall."
)

precisions, recalls, _ = metrics.precision_recall_curve(y_test, test)
figure, axes = plt.subplots(figsize=(2.4, 2.4))
thin = np.unique(np.linspace(0, len(recalls) - 1, 60).astype(int))
axes.plot(recalls[thin], precisions[thin], "C3-", label="model")
axes.plot([0, 1], [y_test.mean()] * 2, "k:", label="guessing")
for marker, (name, value) in zip("os^", thresholds.items()):
    said = test > value
    axes.plot(
        np.mean(said[y_test == 1]),
        metrics.precision_score(y_test, said),
        f"k{marker}",
        label=name,
    )
axes.set(
    title="precision and recall",
    xlabel="recall",
    ylabel="precision",
    ylim=(0, 1.05),
)
figure.set_label(
    f"Precision over recall on the same rows. Guessing has a precision of "
    f"{y_test.mean():.2f} everywhere, the share of the positive rows."
)
plt.show()

# %% tags=["area"]
positive, negative = test[y_test == 1], test[y_test == 0]
ordered = np.mean(positive[:, None] > negative)
ties = np.mean(positive[:, None] == negative)
print("area                           value")
print(f"under the ROC curve            {area:.4f}")
print(f"pairs in order, ties as half   {ordered + ties / 2:.4f}")

# %% [markdown]
# ## Three classes
#
# Three sigmoids would not add up to one; a softmax does.

# %% tags=["three"]
X, y = make_classification(
    2400,
    10,
    n_informative=4,
    n_redundant=0,
    n_classes=3,
    n_clusters_per_class=1,
    weights=[0.6, 0.3],
    class_sep=0.9,
    random_state=3,
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, train_size=400, stratify=y, random_state=0
)
scaler = StandardScaler().fit(X_train)
keras.utils.set_random_seed(0)
model = Sequential(
    [
        layers.Input((10,)),
        layers.Dense(3, "softmax", kernel_regularizer=L1L2(l1=1e-3, l2=1e-3)),
    ]
)
model.compile(
    keras.optimizers.Adam(0.05),
    "sparse_categorical_crossentropy",
    steps_per_execution=100,
)
rows = (scaler.transform(X_train), y_train)
batch = tf.data.Dataset.from_tensors(rows).repeat()
model.fit(batch, steps_per_epoch=200, shuffle=False, verbose=0)
answer = model.predict(scaler.transform(X_test), batch_size=2000, verbose=0)
predicted = answer.argmax(axis=1)
matrix = metrics.confusion_matrix(y_test, predicted)
print("true class   said 0   said 1   said 2   recall")
for k, row in enumerate(matrix):
    counts = "   ".join(f"{cell:6}" for cell in row)
    print(f"{k:<10}   {counts}   {row[k] / row.sum():6.3f}")
precision = metrics.precision_score(y_test, predicted, average=None)
counts = "   ".join(f"{value:6.3f}" for value in precision)
print(f"precision    {counts}        –")

# %% tags=["normalized"]
for how in ("true", "pred"):
    display = metrics.ConfusionMatrixDisplay.from_predictions(
        y_test,
        predicted,
        normalize=how,
        cmap="Blues",
        colorbar=False,
        values_format=".2f",
        im_kw={"vmin": 0, "vmax": 1},
    )
    display.figure_.set_size_inches(2.3, 2.4)
    display.ax_.set(
        title=f'normalize="{how}"', xlabel="predicted", ylabel="true"
    )
    diagonal = ", ".join(f"{v:.2f}" for v in np.diag(display.confusion_matrix))
    lines = "rows" if how == "true" else "columns"
    display.figure_.set_label(
        f"Confusion matrix of three classes, divided by the sums of its "
        f"{lines}; on the diagonal {diagonal}."
    )
plt.show()

# %% tags=["averages"]
print("average    precision   recall       F1   accuracy")
for how in ("macro", "weighted", "micro"):
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        y_test, predicted, average=how
    )
    print(
        f"{how:<8}   {precision:9.4f}   {recall:6.4f}   {f1:6.4f}"
        f"   {np.mean(predicted == y_test):8.4f}"
    )

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="confusion-matrix-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
