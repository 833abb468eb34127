# %% [markdown]
# # Regularizers in a Sequential model
#
# <a id="what-is-penalized-in-a-sequential-model"></a>
# <a id="a-unit-with-two-weights"></a>
# <a id="a-kernel-in-front-of-batchnormalization"></a>
#
# Build a model, look up which variables are penalized and how much, train
# it, and see why the bias is left out. It runs in about ten seconds.
# What each step means is in [the chapter](../docs/learn/sequential.md).

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
from keras.regularizers import L1, L1L2, L2
from sklearn.linear_model import Ridge

# %% [markdown]
# ## A model with regularizers
#
# <a id="a-small-model-and-who-pays-in-it"></a>
#
# The model has 8 inputs, two hidden layers and 1 output. Each kernel has a
# regularizer of its own, and one of the three biases has one.

# %% tags=["model"]
keras.utils.set_random_seed(1)
both = {"kernel_regularizer": L2(0.01), "bias_regularizer": L2(0.01)}
model = Sequential(
    [
        layers.Input(shape=(8,)),
        layers.Dense(6, "relu", kernel_regularizer=L1(0.01), name="first"),
        layers.Dense(4, "relu", **both, name="second"),
        layers.Dense(1, kernel_regularizer=L1L2(0.01, 0.01), name="output"),
    ]
)
model.compile(keras.optimizers.Adam(0.01), loss="mse", metrics=["mse"])
model.summary()

# %% [markdown]
# The penalty of each variable before training.


# %% tags=["table"]
def penalty_of(variable):
    """Return the penalty that Keras takes for `variable` as it is now."""
    if variable.regularizer is None or not variable.trainable:
        return 0.0
    return float(variable.regularizer(variable))


def describe(regularizer):
    """Return class and factors of `regularizer` as text, as in L1(0.01)."""
    if regularizer is None:
        return "none"
    factors = [f"{factor:g}" for factor in regularizer.get_config().values()]
    return f"{type(regularizer).__name__}({', '.join(factors)})"


variables = {  # by the name of the layer and that of the variable
    f"{layer.name}/{variable.name}": variable
    for layer in model.layers
    for variable in layer.weights
}
count = model.count_params()
before = {name: penalty_of(v) for name, v in variables.items()}
print("variable       shape   entries  regularizer       penalty")
for name, v in variables.items():
    print(
        f"{name:<13}  {v.shape!s:<6}  {np.prod(v.shape):7}"
        f"  {describe(v.regularizer):<16}  {before[name]:7.4f}"
    )
print(f"total          –       {count:7}  –  {sum(before.values()):23.4f}")

# %% tags=["losses"]
print(f"sum of model.losses: {float(sum(model.losses)):.4f}")

# %% tags=["counted"]
penalized = [v for v in variables.values() if v.regularizer is not None]
part = sum(int(np.prod(v.shape)) for v in penalized)
print(f"penalized parameters: {part} of the {count}")

# %% [markdown]
# The same as a drawing: kernels above, biases below, a box as high as the
# variable has rows and as wide as the layer has units.

# %% tags=["anatomy"]
styles = {  # colour and hatching of each kind of penalty
    "NoneType": ("C0", ""),
    "L1": ("C1", "///"),
    "L2": ("C2", "--"),
    "L1L2": ("C3", "xxx"),
}
figure, axes = plt.subplots(figsize=(4.2, 3.1))
seen = []  # the words of the alt text
for number, layer in enumerate(model.layers):
    left = 11.8 * number
    n_in, units = layer.kernel.shape
    axes.text(left, 3.6, layer.name, weight=plt.rcParams["axes.titleweight"])
    axes.text(left, 1.6, f"{n_in} in, {units} out")
    for variable, rows, top in [(layer.kernel, n_in, 0), (layer.bias, 1, -14)]:
        kind = type(variable.regularizer).__name__
        colour, hatch = styles[kind]
        box = plt.Rectangle((left, top - rows), units, rows, fill=False)
        box.set(edgecolor=colour, hatch=hatch, linewidth=2)
        axes.add_patch(box)
        words = f"{variable.name} {variable.shape}"
        paid = f"{kind}, penalty {penalty_of(variable):.3f}"
        if kind == "NoneType":
            paid = "no penalty"
        axes.text(left, top - rows - 0.6, f"{words}\n{paid}", va="top")
        seen.append(f"{layer.name} {words}: {paid}")
axes.set(xlim=(-0.4, 33.2), ylim=(-19.5, 5.2), aspect="equal")
axes.axis("off")
figure.set_label(
    "A model of three layers as boxes, a kernel and a bias for each layer, "
    f"coloured and hatched by the kind of penalty. {'; '.join(seen)}."
)
plt.show()

# %% [markdown]
# ## Train it
#
# Targets are the first feature, which has standard deviation 1, plus noise
# with standard deviation 1. Each batch holds all rows. The rows are repeated
# 100 times, so that one epoch makes 100 updates: many short epochs would
# take much longer.

# %% tags=["setup"]
rng = np.random.default_rng(1)
X_random = rng.normal(size=(64, 8))  # (64, 8)
y_random = X_random[:, :1] + rng.normal(size=(64, 1))  # (64, 1)
loss_before = model.evaluate(X_random, y_random, verbose=0)[1]
model.fit(
    np.tile(X_random, (100, 1)),
    np.tile(y_random, (100, 1)),
    batch_size=64,
    epochs=3,
    shuffle=False,
    verbose=0,
)
loss_after = model.evaluate(X_random, y_random, verbose=0)[1]
print("quantity    value")
print(f"rows        {len(X_random)}")
print(f"updates     {int(model.optimizer.iterations)}")
print(f"parameters  {count}")

# %% tags=["trained"]
after = {name: penalty_of(v) for name, v in variables.items()}
print("variable       before training   after")
for name in variables:
    print(f"{name:<13}  {before[name]:15.4f}  {after[name]:7.4f}")
totals = sum(before.values()), sum(after.values())
print(f"all penalties  {totals[0]:15.4f}  {totals[1]:7.4f}")
print(f"data loss      {loss_before:15.4f}  {loss_after:7.4f}")

# %% [markdown]
# ## Shift the targets
#
# <a id="shift-the-data"></a>
#
# One feature, 40 rows, a noisy line. Train on y, then on y + 100: once with
# a free bias, once with a bias that is penalized like the kernel.

# %% tags=["data"]
rng = np.random.default_rng(0)
X = rng.uniform(0, 4, size=(40, 1))  # (40, 1)
y = 1 + 1.5 * X[:, 0] + rng.normal(scale=0.7, size=40)  # (40,)
print(f"rows: {len(X)}")


def compile_line(bias_factor):
    """Return a linear unit whose bias has the factor `bias_factor`."""
    line = layers.Dense(
        1, kernel_regularizer=L2(0.01), bias_regularizer=L2(bias_factor)
    )
    model = Sequential([layers.Input(shape=(1,)), line])
    model.compile(keras.optimizers.SGD(0.1), loss="mse")
    return model


def fit_line(model, X, target):
    """Train `model` from zero for 400 updates; return slope and bias."""
    model.set_weights([np.zeros((1, 1)), np.zeros(1)])
    model.fit(
        np.tile(X, (100, 1)),
        np.tile(target, 100),
        batch_size=len(X),
        epochs=4,
        shuffle=False,
        verbose=0,
    )
    kernel, bias = model.get_weights()
    return float(kernel[0, 0]), float(bias[0])


# %% [markdown]
# scikit-learn's Ridge with `alpha` = 40 · 0.01 leaves its intercept free.
# For a penalized bias, the bias is the weight of a column of ones.

# %% tags=["shift"]
X_ones = np.column_stack([X, np.ones(len(X))])  # (40, 2)
models = {"free": compile_line(0.0), "penalized": compile_line(0.01)}
lines = {}
print(
    "bias, target         slope     bias  slope of Ridge  intercept of Ridge"
)
for bias, line_model in models.items():
    for shift in [0, 100]:
        slope, intercept = fit_line(line_model, X, y + shift)
        lines[bias, shift] = slope, intercept
        if bias == "free":
            ridge = Ridge(alpha=0.4).fit(X, y + shift)
            theirs = ridge.coef_[0], ridge.intercept_
        else:
            ridge = Ridge(alpha=0.4, fit_intercept=False)
            theirs = ridge.fit(X_ones, y + shift).coef_
        name = f"{bias}, y + {shift}".replace(" + 0", "")
        print(
            f"{name:<18}  {slope:8.3f}  {intercept:7.3f}"
            f"  {theirs[0]:14.3f}  {theirs[1]:18.3f}"
        )

# %% tags=["moved"]
print("bias       smallest shift   largest shift")
for bias in models:
    old, new = (X_ones @ lines[bias, shift] for shift in [0, 100])
    moved = new - old
    print(f"{bias:<9}  {moved.min():14.2f}  {moved.max():14.2f}")

# %% [markdown]
# Both lines of each kind in the axes of the old data: 100 is subtracted
# from the predictions of the second.

# %% tags=["lines"]
ends = np.array([0.0, 4.0])
for bias in models:
    figure, axes = plt.subplots(figsize=(2.4, 2.9))
    axes.plot(X[:, 0], y, "C0.", label="rows")
    drawn = {}
    for shift, style, width in [(0, "C0-", 4), (100, "k--", 2)]:
        slope, intercept = lines[bias, shift]
        drawn[shift] = slope * ends + intercept - shift
        label = f"from y + {shift}, less {shift}".replace(" + 0, less 0", "")
        axes.plot(ends, drawn[shift], style, label=label, linewidth=width)
    axes.set(title=f"bias {bias}", xlabel="x", ylabel="y", ylim=(-4, 18))
    axes.set(xticks=[0, 2, 4], yticks=[0, 5, 10])
    axes.legend(loc="upper left", handlelength=1.6, borderpad=0)
    figure.set_label(
        f"Bias {bias}: the line trained on y runs from {drawn[0][0]:.1f} to "
        f"{drawn[0][1]:.1f} between x = 0 and x = 4; the line trained on "
        f"y + 100, with 100 subtracted, from {drawn[100][0]:.1f} to "
        f"{drawn[100][1]:.1f}."
    )
plt.show()

# %% [markdown]
# <a id="the-penalty-before-training"></a>
# <a id="the-penalty-of-the-first-weights"></a>
# <a id="other-layers-other-names"></a>
#
# How large a penalty is before training, and how it depends on the number of
# units, is measured in [a script of its own](sequential_start.py).

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="sequential-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
