# %% [markdown]
# # L1 and L2 regularization in Keras in five minutes
#
# Train a network with several regularization factors, choose one on
# validation data, and report a confusion matrix. It runs in about ten seconds.
# What each step means is in [the chapter](../docs/learn/quickstart.md).
# <a id="a-regularized-keras-model-in-five-minutes"></a>

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
from keras import Sequential, layers, regularizers
from sklearn.datasets import make_classification
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

# %% [markdown]
# ## Simulate data

# %%
informative = 5  # of 20 features, in the first columns
X, y = make_classification(
    n_samples=750,
    n_features=20,
    n_informative=informative,
    n_redundant=0,
    flip_y=0.05,  # 5% of the rows get a random class
    shuffle=False,
    random_state=2,
)  # (750, 20), (750,)
X_train, X_rest, y_train, y_rest = train_test_split(
    X, y, train_size=0.2, stratify=y, random_state=2
)  # 150 rows for training, then 300 for validation, 300 for testing
X_validation, X_test, y_validation, y_test = train_test_split(
    X_rest, y_rest, test_size=0.5, stratify=y_rest, random_state=2
)
scaler = StandardScaler().fit(X_train)  # uses the training rows only
X_train = scaler.transform(X_train)
X_validation = scaler.transform(X_validation)
X_test = scaler.transform(X_test)

# %% [markdown]
# ## Set up the model


# %%
def build(factor):
    """Return a compiled network that is penalized with this factor."""
    keras.utils.set_random_seed(7)  # the same initial weights every time
    penalty = regularizers.L1L2(l1=factor, l2=factor)
    hidden = layers.Dense(16, "relu", kernel_regularizer=penalty)
    output = layers.Dense(1, "sigmoid", kernel_regularizer=penalty)
    model = Sequential([hidden, output])
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    return model


# %% [markdown]
# ## Train
#
# For five epochs first.

# %%
build(0.01).fit(X_train, y_train, epochs=5, verbose=2)

# %% [markdown]
# ## A smaller and a larger factor
#
# The validation rows choose, by the cross-entropy alone.

# %% tags=["sweep"]
models, scores = {}, {}
print("factor   training   validation   accuracy")
for factor in [0.0, 0.001, 0.01, 0.1]:
    models[factor] = model = build(factor)
    model.fit(X_train, y_train, epochs=50, verbose=0)
    training = log_loss(y_train, model.predict(X_train, verbose=0))
    probability = model.predict(X_validation, verbose=0)
    scores[factor] = round(log_loss(y_validation, probability), 3)
    accuracy = np.mean((probability[:, 0] > 0.5) == y_validation)
    print(f"{factor:<6g}   {training:8.3f}", end="")
    print(f"   {scores[factor]:10.3f}   {accuracy:8.1%}")

# %% tags=["chosen"]
best = min(scores.values())
chosen = max(factor for factor in scores if scores[factor] == best)
print("chosen factor:", chosen)

# %% tags=["weights"]
for factor in [0.0, chosen]:
    sizes = np.abs(models[factor].layers[0].kernel.numpy())  # (20, 16)
    figure, axes = plt.subplots(figsize=(1.7, 2.4))
    axes.imshow(sizes, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.axhline(informative - 0.5, color="black", linewidth=1.5)
    axes.set(title=f"factor {factor:g}", xlabel="hidden unit")
    axes.set(ylabel="feature", xticks=[0, 15], yticks=[0, 4, 19])
    figure.set_label(
        f"Magnitudes of the hidden weights with the factor {factor:g}: "
        f"{sizes[:informative].mean():.2f} on average for the informative "
        f"features, {sizes[informative:].mean():.2f} for the noise features."
    )
plt.show()

# %% tags=["sizes"]
print("factor   informative   noise")
for factor in [0.0, chosen]:
    sizes = np.abs(models[factor].layers[0].kernel.numpy())
    print(f"{factor:<6g}   {sizes[:informative].mean():11.2f}", end="")
    print(f"   {sizes[informative:].mean():5.2f}")

# %% [markdown]
# ## What is penalized <a id="the-penalty-of-two-weights"></a>

# %% tags=["loss"]
model = models[chosen]
reported = model.evaluate(X_validation, y_validation, verbose=0)
print("part of the loss        value")
print(f"cross-entropy           {scores[chosen]:.3f}")
print(f"penalty                 {float(sum(model.losses)):.3f}")
print(f"reported by evaluate    {reported:.3f}")

# %% [markdown]
# ## Report a confusion matrix
#
# Rows: true classes, columns: predicted ones. <a id="the-run-in-numbers"></a>

# %% tags=["matrix"]
predicted = model.predict(X_test, verbose=0)[:, 0] > 0.5
matrix = confusion_matrix(y_test, predicted)
print("          predicted 0   predicted 1")
print(f"truly 0   {matrix[0, 0]:11}   {matrix[0, 1]:11}")
print(f"truly 1   {matrix[1, 0]:11}   {matrix[1, 1]:11}")

# %% tags=["accuracy"]
print(f"test accuracy: {np.mean(predicted == y_test):.1%}")

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="quickstart-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
