# %% [markdown]
# # L2 on real data
#
# Compare least squares with L2 on the diabetes data of scikit-learn, for a
# small and for a large training set. It runs in about twenty seconds. What
# the tables show is in [the chapter](../docs/learn/l2.md#real-data).

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
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

# %% [markdown]
# ## The data
#
# Ten measurements of each patient predict how far the disease has progressed
# after a year.

# %% tags=["data"]
patients, progress = load_diabetes(return_X_y=True, scaled=False)
print("in these data   number")
print(f"patients        {len(patients)}")
print(f"measurements    {patients.shape[1]}")

# %% [markdown]
# ## Two ways to fit
#
# Both return predictions for all patients. The rows that are fitted set the
# scale of the features. The first is scikit-learn's ridge, which is least
# squares where the factor is 0; the second is a layer in Keras, trained to
# its minimum.


# %%
def by_ridge(l2, rows):
    """Return predictions (442,) of ridge with the factor of Keras."""
    model = make_pipeline(StandardScaler(), Ridge(alpha=l2 * len(rows)))
    return model.fit(patients[rows], progress[rows]).predict(patients)


def by_keras(l2, rows, updates=1000):
    """Return predictions (442,) of a linear model in Keras."""
    X = StandardScaler().fit(patients[rows]).transform(patients)
    mean, deviation = progress[rows].mean(), progress[rows].std()
    y = (progress - mean) / deviation  # so that the learning rate suits it
    dense = layers.Dense(1, kernel_regularizer=regularizers.L2(l2))
    model = Sequential([layers.Input((X.shape[1],)), dense])
    rate = keras.optimizers.schedules.CosineDecay(0.1, updates)
    model.compile(
        keras.optimizers.Adam(rate),
        loss="mean_squared_error",
        steps_per_execution=100,
    )
    batch = tf.data.Dataset.from_tensors((X[rows], y[rows])).repeat()
    model.fit(batch, steps_per_epoch=updates, shuffle=False, verbose=0)
    return mean + deviation * model.predict(X, verbose=0)[:, 0]


def error(predicted, rows):
    """Return the root mean squared error of the predictions on these rows."""
    return np.mean((progress[rows] - predicted[rows]) ** 2) ** 0.5


# %% [markdown]
# ## Choose the factor by cross-validation
#
# The training patients are divided into five parts. For each factor, four
# parts are fitted and the fifth is predicted, five times, and the factor with
# the smallest mean squared error is chosen. No further patients are used.

# %%
grid = np.logspace(-2, 1, 7)


def split(n_rows, seed):
    """Return so many training patients, and 88 test patients."""
    everyone = np.arange(len(patients))
    rest, test = train_test_split(everyone, test_size=88, random_state=seed)
    return rest[:n_rows], test


def chosen(rows, seed):
    """Return the factor that predicts best in five-fold cross-validation."""
    folds = KFold(5, shuffle=True, random_state=seed).split(rows)
    pairs = [(rows[fitted], rows[left_out]) for fitted, left_out in folds]
    squares = [
        np.mean([error(by_ridge(l2, fit), out) ** 2 for fit, out in pairs])
        for l2 in grid
    ]
    return grid[np.argmin(squares)]


# %% [markdown]
# ## One split, trained in Keras

# %% tags=["diabetes"]
print("training rows   chosen factor   error without   error with L2")
for n_rows in (40, 354):
    rows, test = split(n_rows, seed=0)
    l2 = chosen(rows, seed=0)
    without, with_l2 = (error(by_keras(k, rows), test) for k in (0.0, l2))
    print(f"{n_rows:<13}   {l2:13.2g}   {without:13.1f}   {with_l2:13.1f}")

# %% [markdown]
# ## A hundred splits
#
# Ridge takes the place of training, because it finds the same weights in less
# time.

# %% tags=["splits"]
print("training rows   splits   error without   error with L2   L2 better in")
for n_rows in (40, 354):
    found = []
    for seed in range(100):
        rows, test = split(n_rows, seed)
        l2 = chosen(rows, seed)
        found.append([error(by_ridge(k, rows), test) for k in (0.0, l2)])
    without, with_l2 = np.transpose(found)
    print(
        f"{n_rows:<13}   {len(found):6}   {without.mean():13.1f}"
        f"   {with_l2.mean():13.1f}   {np.sum(with_l2 < without):12}"
    )

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="l2-real-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
