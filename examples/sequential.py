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
model = Sequential(
    [
        layers.Input(shape=(8,)),
        layers.Dense(6, "relu", kernel_regularizer=L1(0.01), name="first"),
        layers.Dense(
            4,
            "relu",
            kernel_regularizer=L2(0.01),
            bias_regularizer=L2(0.01),
            name="second",
        ),
        layers.Dense(
            1, kernel_regularizer=L1L2(l1=0.01, l2=0.01), name="output"
        ),
    ]
)
model.compile(keras.optimizers.Adam(0.01), loss="mse", metrics=["mse"])
model.summary()

# %% [markdown]
# The penalty of each variable before training. These functions work for any
# model.


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


def print_penalties(model):
    """Print the penalty of each variable of `model` now, and their sum."""
    total = 0.0
    print(f"{'variable':<31}  shape      weights  regularizer       penalty")
    for variable in model.weights:
        total += penalty_of(variable)
        print(
            f"{variable.path.partition('/')[2]:<31}  {variable.shape!s:<9}"
            f"  {np.prod(variable.shape):7}"
            f"  {describe(variable.regularizer):<16}"
            f"  {penalty_of(variable):7.4f}"
        )
    print(
        f"{'total':<31}  –          {model.count_params():7}  {'–':<16}"
        f"  {total:7.4f}"
    )


print_penalties(model)

# %% tags=["losses"]
print(f"sum of model.losses: {float(sum(model.losses)):.4f}")

# %% tags=["counted"]
penalized = [v for v in model.weights if v.regularizer is not None]
count = sum(int(np.prod(v.shape)) for v in penalized)
print(f"penalized parameters: {count} of the {model.count_params()}")

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
    axes.text(left, 1.6, f"(n, {n_in}) → (n, {units})")
    for variable, rows, top in [(layer.kernel, n_in, 0), (layer.bias, 1, -14)]:
        kind = type(variable.regularizer).__name__
        colour, hatch = styles[kind]
        box = plt.Rectangle((left, top - rows), units, rows, fill=False)
        box.set(edgecolor=colour, hatch=hatch, linewidth=2)
        axes.add_patch(box)
        what = "no penalty" if kind == "NoneType" else f"{kind}, penalty"
        words = f"{variable.name} {variable.shape}"
        paid = f"{what} {penalty_of(variable):.3f}".replace(
            "no penalty 0.000", "no penalty"
        )
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
# Targets are the first feature plus as much noise. Each batch holds all
# rows. The rows are repeated 100 times, so that one epoch makes 100 updates:
# many short epochs would take much longer.

# %% tags=["updates"]
rng = np.random.default_rng(1)
X_random = rng.normal(size=(64, 8))  # (64, 8)
y_random = X_random[:, :1] + rng.normal(size=(64, 1))  # (64, 1)
before = {variable.path: penalty_of(variable) for variable in model.weights}
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
print(f"updates: {int(model.optimizer.iterations)}")

# %% tags=["trained"]
print("variable          before training   after")
for variable in model.weights:
    name = variable.path.partition("/")[2]
    print(
        f"{name:<16}  {before[variable.path]:15.4f}"
        f"  {penalty_of(variable):7.4f}"
    )
total = sum(penalty_of(variable) for variable in model.weights)
print(f"all penalties     {sum(before.values()):15.4f}  {total:7.4f}")
print(f"data loss         {loss_before:15.4f}  {loss_after:7.4f}")

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
# The same with a centred feature, which cannot do the work of the bias.

# %% tags=["centred"]
centred = X - X.mean()
print("bias       slope, y   slope, y + 100   shift of the predictions")
for bias, line_model in models.items():
    (slope, old), (other, new) = (
        fit_line(line_model, centred, y + shift) for shift in [0, 100]
    )
    print(f"{bias:<9}  {slope:8.3f}  {other:15.3f}  {new - old:25.2f}")

# %% [markdown]
# ## The penalty before training
#
# <a id="the-penalty-of-the-first-weights"></a>
#
# Dense layers on 20 inputs, untrained, each built with 20 seeds.

# %% tags=["widths"]
widths = [4, 16, 64, 256, 1024]
measured = {"L1": [], "L2": []}  # for each width, 20 penalties
predicted = {"L1": [], "L2": []}
for units in widths:
    penalties = {"L1": [], "L2": []}
    for seed in range(20):
        layer = layers.Dense(
            units,
            kernel_initializer=keras.initializers.GlorotUniform(seed=seed),
        )
        layer.build((None, 20))
        penalties["L1"].append(float(L1(0.01)(layer.kernel)))
        penalties["L2"].append(float(L2(0.01)(layer.kernel)))
    weights, bound = 20 * units, np.sqrt(6 / (20 + units))
    predicted["L1"].append(0.01 * weights * bound / 2)
    predicted["L2"].append(0.01 * weights * bound**2 / 3)
    for kind in ["L1", "L2"]:
        measured[kind].append(penalties[kind])

print("units  weights  L1 predicted  L1 mean  L2 predicted  L2 mean")
for i, units in enumerate(widths):
    print(
        f"{units:<5}  {20 * units:7}"
        f"  {predicted['L1'][i]:12.3f}  {np.mean(measured['L1'][i]):7.3f}"
        f"  {predicted['L2'][i]:12.3f}  {np.mean(measured['L2'][i]):7.3f}"
    )

# %% tags=["growth"]
figure, axes = plt.subplots(figsize=(4.6, 3.0))
for kind, line, marker in [("L1", "C1--", "C1s"), ("L2", "C2-", "C2o")]:
    axes.plot(widths, predicted[kind], line, label=f"{kind}, predicted")
    means = np.mean(measured[kind], axis=1)
    axes.plot(widths, means, marker, label=f"{kind}, mean of 20 seeds")
axes.set(xlabel="units", ylabel="penalty before training")
axes.set(xscale="log", yscale="log", ylim=(0.05, 50))
axes.set_xticks(widths, widths)
axes.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
axes.minorticks_off()
axes.legend()
figure.set_label(
    "Penalty of a kernel of 20 inputs before training, factor 0.01, over 4 "
    f"to 1024 units. L1 grows from {predicted['L1'][0]:.2f} to "
    f"{predicted['L1'][-1]:.1f}; L2 from {predicted['L2'][0]:.2f} to "
    f"{predicted['L2'][-1]:.2f}, where it levels off. The means of 20 seeds "
    "lie on the predicted lines."
)
plt.show()

# %% tags=["deviation"]
far = max(
    abs(np.mean(measured[kind][i]) / predicted[kind][i] - 1)
    for kind in predicted
    for i in range(len(widths))
)
print(f"largest distance of a mean from its formula: {100 * far:.1f}%")

# %% [markdown]
# ## Other layers, other names
#
# The same function for a model that reads sequences of six tokens.

# %% tags=["other"]
other = Sequential(
    [
        layers.Input(shape=(6,)),
        layers.Embedding(50, 8, embeddings_regularizer=L2(0.01)),
        layers.SeparableConv1D(
            8,
            3,
            depthwise_regularizer=L1(0.01),
            pointwise_regularizer=L2(0.01),
            name="separable",
        ),
        layers.BatchNormalization(
            gamma_regularizer=L2(0.01),
            beta_regularizer=L2(0.01),
            name="batch_norm",
        ),
        layers.LSTM(
            4, kernel_regularizer=L2(0.01), recurrent_regularizer=L1(0.01)
        ),
        layers.Dense(
            1, kernel_regularizer=L1L2(l1=0.01, l2=0.01), name="output"
        ),
    ]
)
print_penalties(other)

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="sequential-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
