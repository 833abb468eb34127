# %% [markdown]
# # Your own data, from file to report
#
# Go step by step through what `python -m penalty` does with a table. It runs
# in about a minute, and needs pandas, and the folder `penalty` of this project
# beside the folder of this script. What each step means is in
# [the chapter](../docs/learn/own_data.md). For a table of your own, one
# command does all of it, in the folder of the project:
# `python -m penalty table.csv --target churned`.

# %%
import os
import sys
import tempfile
from pathlib import Path
from textwrap import fill

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
import pandas as pd
from keras import Sequential, layers
from keras.regularizers import L1
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline

project = Path(__file__).resolve().parents[1]
sys.path.append(str(project))  # where the folder penalty is

from penalty.compare import METHODS, compare
from penalty.findings import findings
from penalty.preprocessing import make_preprocessing
from penalty.report import write_report
from penalty.table import describe, read_table
from penalty.verdict import verdict, wilson

folder = Path(tempfile.mkdtemp(prefix="own-data-"))

# %% [markdown]
# ## What is in the table
#
# The table of gym members is made by
# [another script](own_data_table.py), so its truth is known.

# %% tags=["described"]
path = project / "penalty" / "members.csv"
described = describe(read_table(path, "churned"))
whole, columns, classes, base = described.split("\n\n")
print(whole)

# %% tags=["columns"]
print(columns)

# %% tags=["classes"]
print(classes)

# %% tags=["base-rate"]
print(base)

# %% [markdown]
# ## What could mislead


# %% tags=["findings"]
def print_item(sentence):
    print(fill(sentence, 46, initial_indent="- ", subsequent_indent="  "))


for finding in findings(read_table(path, "churned")):
    print_item(finding)

# %% [markdown]
# How much does the leak promise? A logistic regression with the column
# `refund`, and one without it, on the same five folds:

# %% tags=["leak"]
members = pd.read_csv(path)
linear = LogisticRegression(max_iter=1000)


def cross_validated(data):
    data.to_csv(folder / "members.csv", index=False)
    table = read_table(folder / "members.csv", "churned")
    pipeline = make_pipeline(make_preprocessing(table.features), linear)
    scoring = {"cv": 5, "scoring": "neg_log_loss"}
    X, y = table.features, table.target
    return -cross_val_score(pipeline, X, y, **scoring).mean()


cleaned = members.drop_duplicates()
cleaned["payment"] = cleaned["payment"].str.lower()
cleaned = cleaned.drop(columns=["member_id", "refund", "country"])
print("columns         cross-entropy")
print(f"with refund     {cross_validated(members):13.3f}")
print(f"without refund  {cross_validated(cleaned):13.3f}")

# %% [markdown]
# From here on, the columns `member_id`, `refund` and `country` and the copies
# of rows are left out, and both spellings of `card` are one.

# %%
table = read_table(folder / "members.csv", "churned")
X, y = table.features, table.target

# %% [markdown]
# ## One network, as you would write it
#
# The preprocessing turns columns into numbers. It learns from the training
# rows only: medians, means, standard deviations and categories.

# %% tags=["plain"]
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=0.2, stratify=y, random_state=0
)
preprocessing = make_preprocessing(X_train).fit(X_train)
inputs = preprocessing.transform(X_train)  # (training rows, inputs)

keras.utils.set_random_seed(0)
model = Sequential(
    [
        layers.Dense(16, "relu", kernel_regularizer=L1(0.01)),
        layers.Dense(1, "sigmoid", kernel_regularizer=L1(0.01)),
    ]
)
model.compile("adam", "binary_crossentropy")
model.fit(inputs, y_train, epochs=100, verbose=0)

predicted = model.predict(preprocessing.transform(X_test), verbose=0)[:, 0]
base = np.full(len(y_test), y_train.mean())
print("predicted by   cross-entropy on the test rows")
print(f"network        {log_loss(y_test, predicted):30.3f}")
print(f"base rate      {log_loss(y_test, base):30.3f}")

# %% tags=["sizes"]
print("what              count")
print(f"training rows     {len(X_train):5d}")
print(f"test rows         {len(X_test):5d}")
print(f"columns           {X.shape[1]:5d}")
print(f"inputs            {inputs.shape[1]:5d}")

# %% [markdown]
# ## The comparison
#
# All networks of a fold are trained in one fit, as in
# [the script on choosing](choosing.py).

# %% tags=["losses"]
comparison = compare(table)
found = verdict(comparison)
against = {pair.a: pair for pair in found.against_base}

print("method           loss   minus base rate     low    high   accuracy")
print(
    f"base rate       {comparison.base_losses.mean():5.3f}"
    f"{0:18.3f}{0:8.3f}{0:8.3f}{1 - y.mean():11.3f}"
)
for place, method in enumerate(METHODS):
    pair = against[method]
    line = (
        f"{method:<14}  {comparison.losses[:, place].mean():5.3f}"
        f"   {pair.mean:15.3f}  {pair.low:6.3f}  {pair.high:6.3f}"
        f"   {comparison.accuracies[:, place].mean():8.3f}"
    )
    print(line.replace("-", "−"))

# %% tags=["differences"]
colours = {"L1": "C1", "L2": "C2", "L1L2": "C3"}
shown = [method for method in METHODS if method != "none"][::-1]

figure, axes = plt.subplots(figsize=(4.8, 2.4), layout="constrained")
for place, method in enumerate(shown):
    pair = against[method]
    style = {"color": colours.get(method, "black"), "label": method}
    ends = [pair.low, pair.mean, pair.high]
    axes.plot(ends, [place] * 3, "|-", **style)
    axes.plot(pair.mean, place, "o", **style)
axes.axvline(0, color="black", linestyle=":", linewidth=1)
axes.set_yticks(range(len(shown)), shown)
axes.set_xlabel("cross-entropy minus that of the base rate")
axes.set_ylabel("method")
figure.set_label(
    "Mean cross-entropy of five methods minus that of the base rate, with 95%"
    " intervals. All lie to the left of zero, and their intervals overlap."
)
plt.show()

# %% tags=["counts"]
print("what                  count")
print(f"outer folds           {len(comparison.test):5d}")
print(f"inner folds           {comparison.inner.shape[1]:5d}")
print(f"settings              {len(comparison.l1):5d}")
splits = (comparison.inner.shape[1] + 1) * (len(comparison.test) + 1)
print(f"networks              {splits * len(comparison.l1):5d}")

# %% tags=["curve"]
figure, axes = plt.subplots(figsize=(4.8, 3.6), layout="constrained")
for name, colour, style in [
    ("L1", "C1", "-"),
    ("L2", "C2", "--"),
    ("L1L2", "C3", "-."),
]:
    own = np.array(comparison.penalty) == name
    strengths = (comparison.l1 + comparison.l2)[own]
    curve = comparison.inner[-1][:, own]
    mean = curve.mean(axis=0)
    axes.plot(strengths, mean, colour, linestyle=style, label=name)
    if name == found.best:
        error = curve.std(axis=0, ddof=1) / np.sqrt(len(curve))
        axes.fill_between(
            strengths,
            mean - error,
            mean + error,
            color=colour,
            alpha=0.2,
            label=f"standard error of {name}",
        )
        for factors, marker, words in [
            (found.factor_minimum, "o", "lowest"),
            (found.factor_one_se, "s", "one standard error"),
        ]:
            place = np.argmin(np.abs(strengths - sum(factors)))
            axes.plot(
                strengths[place],
                mean[place],
                marker,
                color="black",
                fillstyle="none",
                label=words,
            )
axes.set_xscale("log")
axes.set_ylim(0.4, 0.7)
axes.set_xlabel("strength, l1 + l2")
axes.set_ylabel("inner cross-entropy")
figure.legend(loc="outside upper center", ncols=2)
figure.set_label(
    "Inner cross-entropy over the strength of each penalty. All curves fall to"
    " a minimum and rise to the loss of the base rate, because too strong a"
    " penalty leaves no weights."
)
plt.show()

# %% tags=["pairs"]
print("pair                             difference     low    high   p")
for pair in found.pairs[:6]:
    line = (
        f"{pair.a + ' minus ' + pair.b:<28} {pair.mean:14.3f}"
        f"  {pair.low:6.3f}  {pair.high:6.3f}   {pair.adjusted:.2g}"
    )
    print(line.replace("-", "−"))

# %% tags=["verdict"]
for sentence in found.sentences:
    print_item(sentence)

# %% tags=["chosen"]
print("penalty   lowest   median   highest   within a factor of three")
for name, spread in found.stable.items():
    print(
        f"{name:<7}   {spread.low:6.2g}   {spread.median:6.2g}"
        f"   {spread.high:7.2g}   {spread.share:24.0%}"
    )

# %% [markdown]
# ## What L1 leaves out

# %% tags=["weights"]
chosen = comparison.chosen[:, METHODS.index("L1")]
folds = np.arange(len(chosen))
largest = comparison.largest_weight[folds, chosen]  # (outer folds, columns)
order = np.argsort(np.median(largest, axis=0))
names = np.array(X.columns)[order]

figure, axes = plt.subplots(figsize=(4.8, 3.2), layout="constrained")
for fold in folds:
    axes.plot(
        largest[fold, order],
        range(len(names)),
        ".",
        color="C1",
        label=f"fold {fold + 1}",
    )
axes.axvline(0.01, color="black", linestyle=":", label="left out below")
axes.set_yticks(range(len(names)), names)
axes.set_xscale("log")
axes.set_xlabel("largest weight of the first layer")
axes.set_ylabel("column")
figure.set_label(
    "Largest first-layer weight of each column with L1, a dot for each outer"
    " fold. The columns that decide in truth lie far to the right of 0.01."
)
plt.show()

# %% tags=["left-out"]
print("column        left out in")
for name in names[::-1]:
    print(f"{name:<12}  {found.left_out.get(name, 0):2d} of {len(folds)}")

# %% [markdown]
# ## Which members to write to
#
# A letter to a member who would have stayed costs 1, and a member who leaves
# without one costs 4. The probabilities are out of fold: each row was
# predicted by a network that had not seen it.

# %% tags=["confusion"]
best = METHODS.index(found.best)
probability = comparison.predictions[best][:, 1]
false_alarm, miss = 1, 4
threshold = false_alarm / (false_alarm + miss)

print("threshold   false alarms   misses   cost   recall    low   high")
for limit in (0.5, threshold):
    tn, fp, fn, tp = confusion_matrix(y, probability >= limit).ravel()
    low, high = wilson(tp, tp + fn)
    print(
        f"{limit:<9.1f}   {fp:12d}   {fn:6d}   {fp + miss * fn:4d}"
        f"   {tp / (tp + fn):6.2f}   {low:4.2f}   {high:4.2f}"
    )

# %% tags=["calibration"]
observed, mean = calibration_curve(
    y, probability, n_bins=8, strategy="quantile"
)
figure, axes = plt.subplots(figsize=(3.6, 3.2), layout="constrained")
axes.plot([0, 1], [0, 1], ":", color="black", label="as predicted")
axes.plot(mean, observed, "o-", color="C1", label=found.best)
axes.set_xlabel("predicted probability, mean of a bin")
axes.set_ylabel("share that left")
axes.legend()
figure.set_label(
    "Share of members who left against the predicted probability, in eight"
    " bins. The points lie near the diagonal."
)
plt.show()

# %% [markdown]
# ## What to keep

# %% tags=["kept"]
report = write_report(
    comparison, found, findings(table), folder / "report", costs=(1, 4)
)
for file in sorted(report.parent.iterdir()):
    print(file.name)

# %% tags=["code"]
print((report.parent / "chosen_model.py").read_text())

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="own-data-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
