# %% [markdown]
# # The penalty before training
#
# Draw the initial weights of layers of different widths, and compare their
# penalties with formulas. It runs in about five seconds. What it means is in
# [the chapter](../docs/learn/sequential.md#first-weights).

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
from keras import layers
from keras.regularizers import L1, L2

# %% [markdown]
# The layers have 20 inputs and 4 to 1,024 units. Each is built with 20 seeds
# and not trained.

# %% tags=["setup"]
n_in, draws, factor = 20, 20, 0.01
widths = [4, 16, 64, 256, 1024]
print("quantity  value")
print(f"inputs    {n_in}")
print(f"draws     {draws}")
print(f"factor    {factor}")

# %% [markdown]
# Keras draws weights uniformly between −a and a, so that |w| has the mean
# a / 2 and w² the mean a² / 3.

# %% tags=["widths"]
means = {"L1": [], "L2": []}  # one for each width
predicted = {"L1": [], "L2": []}
print("units  weights  L1 predicted  L1 mean  L2 predicted  L2 mean")
for units in widths:
    weights, a = n_in * units, np.sqrt(6 / (n_in + units))
    predicted["L1"].append(factor * weights * a / 2)
    predicted["L2"].append(factor * weights * a**2 / 3)
    drawn = {"L1": [], "L2": []}
    for seed in range(draws):
        keras.utils.set_random_seed(seed)
        layer = layers.Dense(units)
        layer.build((None, n_in))
        drawn["L1"].append(float(L1(factor)(layer.kernel)))
        drawn["L2"].append(float(L2(factor)(layer.kernel)))
    row = f"{units:<5}  {weights:7}"
    for kind in means:
        means[kind].append(np.mean(drawn[kind]))
        row += f"  {predicted[kind][-1]:12.3f}  {means[kind][-1]:7.3f}"
    print(row)

# %% tags=["growth"]
figure, axes = plt.subplots(figsize=(4.6, 3.0))
for kind, line, marker in [("L1", "C1--", "C1s"), ("L2", "C2-", "C2o")]:
    axes.plot(widths, predicted[kind], line, label=f"{kind}, predicted")
    axes.plot(widths, means[kind], marker, label=f"{kind}, mean of {draws}")
axes.set(xlabel="units", ylabel="penalty before training")
axes.set(xscale="log", yscale="log", ylim=(0.05, 50))
axes.set_xticks(widths, widths)
axes.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
axes.minorticks_off()
axes.legend()
figure.set_label(
    f"Penalty of a kernel of {n_in} inputs before training, factor {factor}, "
    f"over 4 to 1024 units. L1 grows from {predicted['L1'][0]:.2f} to "
    f"{predicted['L1'][-1]:.1f}; L2 from {predicted['L2'][0]:.2f} to "
    f"{predicted['L2'][-1]:.2f}, where it levels off. The means of {draws} "
    "draws lie on the predicted lines."
)
plt.show()

# %% tags=["deviation"]
far = max(
    abs(mean / formula - 1)
    for kind in means
    for mean, formula in zip(means[kind], predicted[kind])
)
print(f"largest distance of a mean from its formula: {100 * far:.1f}%")

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="sequential-start-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
