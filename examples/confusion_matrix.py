# %% [markdown]
# # The confusion matrix
#
# Report a classifier with all its cells, move its threshold, compare it with
# another one on the same rows, and read a matrix of three classes. It runs in
# about ten seconds. What each step means is in
# [the chapter](../docs/learn/confusion_matrix.md).
# <a id="an-honest-confusion-matrix"></a>

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
from keras import Sequential, layers
from keras.regularizers import L1L2
from scipy import stats
from sklearn import metrics
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

# %% [markdown]
# ## A rare class
#
# One row in ten is positive. 1,000 rows train the network, 2,000 choose a
# threshold, and 3,000 are kept for the report.
# <a id="a-rare-class-and-the-threshold"></a>

# %% tags=["data"]
X, y = make_classification(  # replace these two arrays by your own data
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
X_train, X_validation, X_test = map(
    scaler.transform, (X_train, X_validation, X_test)
)
print("set           rows   positive")
for name, part in [
    ("training", y_train),
    ("validation", y_validation),
    ("test", y_test),
]:
    print(f"{name:<10}   {len(part):5,}   {part.sum():8}")

# %% tags=["positive"]
print(f"share of the test rows that are positive: {y_test.mean():.1%}")


# %%
def trained(penalty):
    """Return a network trained with `penalty` on both kernels."""
    keras.utils.set_random_seed(0)
    model = Sequential(
        [
            layers.Input((X_train.shape[1],)),
            layers.Dense(16, "relu", kernel_regularizer=penalty),
            layers.Dense(1, "sigmoid", kernel_regularizer=penalty),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(X_train, y_train, batch_size=100, epochs=30, verbose=0)
    return model


model = trained(L1L2(l1=0.001, l2=0.001))
validation = model.predict(X_validation, verbose=0)[:, 0]
test = model.predict(X_test, verbose=0)[:, 0]

# %% tags=["matrix"]
matrix = metrics.confusion_matrix(y_test, test > 0.5)
print("true class   predicted 0   predicted 1")
for k, (zero, one) in enumerate(matrix):
    print(f"{k:<10}   {zero:11}   {one:11}")

# %% tags=["drawn"]
figure, axes = plt.subplots(figsize=(2.6, 2.4))
metrics.ConfusionMatrixDisplay(matrix).plot(
    cmap="Greys", colorbar=False, ax=axes, im_kw={"vmin": 0}
)
axes.set(xlabel="predicted", ylabel="true")
(tn, fp), (fn, tp) = matrix
figure.set_label(
    f"Confusion matrix of {len(y_test)} test rows. Of the truly negative "
    f"rows, {tn} are predicted negative and {fp} positive; of the truly "
    f"positive rows, {fn} are predicted negative and {tp} positive."
)
plt.show()

# %% [markdown]
# ## Every measure from four cells
#
# Each share with Wilson's 95% interval for the rows that it is a share of.

# %% tags=["measures"]
shares = {
    "accuracy": (tp + tn, len(y_test)),
    "precision": (tp, tp + fp),
    "recall": (tp, tp + fn),
    "specificity": (tn, tn + fp),
}
print("measure             value   right    rows   95% interval")
for name, (right, rows) in shares.items():
    ends = stats.binomtest(int(right), int(rows)).proportion_ci(
        method="wilson"
    )
    print(
        f"{name:<17}   {right / rows:5.3f}   {right:5}   {rows:5}"
        f"   {ends.low:.3f} to {ends.high:.3f}"
    )
for name, measure in [
    ("F1", metrics.f1_score),
    ("balanced accuracy", metrics.balanced_accuracy_score),
    ("MCC", metrics.matthews_corrcoef),
]:
    value = measure(y_test, test > 0.5)
    print(f"{name:<17}   {value:5.3f}       –       –   –")

# %% [markdown]
# ## The threshold
#
# A miss costs eight times a false alarm. The validation rows choose a
# threshold; the test rows say what each threshold costs.


# %% tags=["rare"]
def cost(y, positive):
    """Return the cost of 100 rows: 8 for a miss, 1 for a false alarm."""
    missed = np.mean((y == 1) & ~positive)
    return 100 * (8 * missed + np.mean((y == 0) & positive))


tried = np.unique(np.append(validation, [0.5, 1 / 9]))
costs = [cost(y_validation, validation > value) for value in tried]
best = tried[int(np.argmin(costs))]
thresholds = {"one half": 0.5, "costs": 1 / 9, "chosen": best}
print("threshold   value   recall   precision   accuracy   cost")
for name, value in thresholds.items():
    said = test > value
    print(
        f"{name:<9}   {value:5.2f}   {metrics.recall_score(y_test, said):6.1%}"
        f"   {metrics.precision_score(y_test, said):9.1%}"
        f"   {np.mean(said == y_test):8.1%}   {cost(y_test, said):4.1f}"
    )
print(
    f"never 1         –   {0:6.1%}           –"
    f"   {np.mean(y_test == 0):8.1%}   {cost(y_test, test > 1):4.1f}"
)

# %% tags=["chosen"]
print(f"threshold chosen on validation rows: {best:.2f}")

# %% tags=["curves"]
alarms, recalls, _ = metrics.roc_curve(y_test, test)
area = metrics.roc_auc_score(y_test, test)
precisions, found, _ = metrics.precision_recall_curve(y_test, test)
said = [test > value for value in thresholds.values()]
marked = {
    "alarm": [np.mean(one[y_test == 0]) for one in said],
    "recall": [np.mean(one[y_test == 1]) for one in said],
    "precision": [metrics.precision_score(y_test, one) for one in said],
}


def draw(title, x, y, guessing, x_name, y_name, marks, label):
    """Draw a curve, that of guessing, and the three thresholds."""
    figure, axes = plt.subplots(figsize=(3.0, 3.2))
    thin = np.unique(np.linspace(0, len(x) - 1, 60).astype(int))
    axes.plot(x[thin], y[thin], "k-", label="network")
    axes.plot([0, 1], guessing, "k:", label="guessing")
    for marker, name, *place in zip("os^", thresholds, *marks):
        axes.plot(*place, f"k{marker}", label=name)
    axes.set(title=title, xlabel=x_name, ylabel=y_name, ylim=(0, 1.05))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.3), ncols=2)
    figure.set_label(label)


draw(
    "ROC",
    *(alarms, recalls, [0, 1], "share of false alarms", "recall"),
    (marked["alarm"], marked["recall"]),
    f"ROC curve of the rare class on the test rows, area {area:.2f}. The "
    f"threshold of one half has the lowest recall of the three marked.",
)
share = np.mean(y_test)
draw(
    "precision and recall",
    *(found, precisions, [share, share], "recall", "precision"),
    (marked["recall"], marked["precision"]),
    f"Precision against recall on the same rows. Guessing has a precision of "
    f"{share:.2f} everywhere, the share of the positive rows.",
)
plt.show()

# %% tags=["area"]
positive, negative = test[y_test == 1], test[y_test == 0]
ordered = np.mean(positive[:, None] > negative)
ties = np.mean(positive[:, None] == negative)
print("area                           value")
print(f"under the ROC curve            {area:.3f}")
print(f"pairs in order, ties as half   {ordered + ties / 2:.3f}")

# %% [markdown]
# ## Two classifiers on the same rows
#
# The same network without a penalty, at the same threshold. Only the rows
# on which the two disagree tell them apart.

# %% tags=["two"]
other = trained(None).predict(X_test, verbose=0)[:, 0]
right, right_other = (test > 0.5) == y_test, (other > 0.5) == y_test
only, only_other = np.sum(right & ~right_other), np.sum(right_other & ~right)
both, neither = np.sum(right & right_other), np.sum(~right & ~right_other)
print("test rows                right without it   wrong without it")
print(f"right with the penalty   {both:16}   {only:16}")
print(f"wrong with the penalty   {only_other:16}   {neither:16}")

# %% tags=["mcnemar"]
exact = stats.binomtest(int(only), int(only + only_other))
print(f"p-value of McNemar's exact test: {exact.pvalue:.2g}")

# %% tags=["gap"]
difference = 100 * (right.astype(float) - right_other)
print(f"points of accuracy, difference: {difference.mean():.1f}")

# %% tags=["apart"]
half = 1.96 * difference.std(ddof=1) / len(difference) ** 0.5
low, high = difference.mean() - half, difference.mean() + half
print(f"points of accuracy, 95% interval: {low:+.1f} to {high:+.1f}")

# %% [markdown]
# ## Three classes

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
classes = len(np.unique(y_train))
keras.utils.set_random_seed(0)
model = Sequential(
    [
        layers.Input((X_train.shape[1],)),
        layers.Dense(classes, "softmax", kernel_regularizer=L1L2(1e-3, 1e-3)),
    ]
)
model.compile(keras.optimizers.Adam(0.05), "sparse_categorical_crossentropy")
model.fit(
    scaler.transform(X_train), y_train, batch_size=100, epochs=50, verbose=0
)
predicted = model.predict(scaler.transform(X_test), verbose=0).argmax(axis=1)
matrix = metrics.confusion_matrix(y_test, predicted)
columns = "   ".join(f"{k:6}" for k in range(classes))
print(f"true class   {columns}   recall")
for k, row in enumerate(matrix):
    counts = "   ".join(f"{cell:6}" for cell in row)
    print(f"{k:<10}   {counts}   {row[k] / row.sum():6.3f}")
precision = metrics.precision_score(y_test, predicted, average=None)
counts = "   ".join(f"{value:6.3f}" for value in precision)
print(f"precision    {counts}        –")

# %% tags=["normalized"]
for how, lines in (("true", "rows"), ("pred", "columns")):
    display = metrics.ConfusionMatrixDisplay.from_predictions(
        y_test,
        predicted,
        normalize=how,
        cmap="Greys",
        colorbar=False,
        values_format=".2f",
        im_kw={"vmin": 0, "vmax": 1},
    )
    display.figure_.set_size_inches(2.3, 2.4)
    display.ax_.set(
        title=f'normalize="{how}"', xlabel="predicted", ylabel="true"
    )
    diagonal = ", ".join(f"{v:.2f}" for v in np.diag(display.confusion_matrix))
    display.figure_.set_label(
        f"Confusion matrix of three classes, divided by the sums of its "
        f"{lines}; on the diagonal {diagonal}."
    )
plt.show()

# %% tags=["averages"]
print("average    precision   recall      F1")
for how in ("macro", "weighted", "micro"):
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        y_test, predicted, average=how
    )
    print(f"{how:<8}   {precision:9.3f}   {recall:6.3f}   {f1:5.3f}")

# %% [markdown]
# The comparison of the four penalties has
# [a chapter](../docs/learn/comparison.md) and a script of its own.
# <a id="many-models-in-one"></a> <a id="tuned-then-tested"></a>
# <a id="twenty-five-data-sets-twenty-five-splits"></a>
# <a id="differences-with-intervals"></a>

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="confusion-matrix-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
