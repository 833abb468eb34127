# %% [markdown]
# # A regularized Keras model in five minutes
#
# Simulate data whose truth is known, set up a Sequential model with weight regularization, train it, and report a confusion
# matrix. It runs in about ten seconds. What each step means is in
# [the chapter](../docs/learn/quickstart.md).

# %%
import tempfile
from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
import tensorflow as tf
from keras import Sequential, layers
from keras.regularizers import L1L2
from sklearn.datasets import make_classification
from sklearn.metrics import ConfusionMatrixDisplay, classification_report, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

# %% [markdown]
# ## The penalty of two weights
#
# For the weights $w = (3, -4)$ and factors of 0.1, computed by Keras.

# %% tags=["penalty"]
weights = np.array([3.0, -4.0])
print("penalty                 value")
for name, penalty in [("L1(0.1)", L1L2(l1=0.1)), ("L2(0.1)", L1L2(l2=0.1)), ("L1L2(0.1, 0.1)", L1L2(l1=0.1, l2=0.1))]:
    print(f"{name:<20} {float(penalty(weights)):8.2f}")

# %% [markdown]
# ## Simulate data
#
# Twenty features, of which only the first five say anything about the class; the other fifteen are noise. `flip_y` gives a
# twentieth of the rows a random class, so that no model can be right every time.

# %% tags=["data"]
X, y = make_classification(
    n_samples=750,
    n_features=20,
    n_informative=5,
    n_redundant=0,
    flip_y=0.05,
    shuffle=False,  # keeps the informative features in the first five columns
    random_state=2,
)  # (750, 20), (750,)

# 150 rows to train on, 300 to choose a factor with, 300 to test with, each with the same share of the two classes
X_train, X_rest, y_train, y_rest = train_test_split(X, y, train_size=150, stratify=y, random_state=2)
X_validation, X_test, y_validation, y_test = train_test_split(X_rest, y_rest, test_size=300, stratify=y_rest, random_state=2)

scaler = StandardScaler().fit(X_train)  # means and deviations of the training rows only
X_train, X_validation, X_test = (scaler.transform(rows) for rows in (X_train, X_validation, X_test))

print("set           rows   of class 1")
for name, labels in [("training", y_train), ("validation", y_validation), ("test", y_test)]:
    print(f"{name:<12} {len(labels):5}   {labels.mean():10.1%}")

# %% [markdown]
# ## Set up the model


# %% tags=["model"]
def build_model(l1, l2):
    """Return a compiled network, 20 inputs to 16 hidden units to 1 probability, its kernels penalized by `l1` and `l2`."""
    keras.utils.set_random_seed(7)  # the same first weights for every factor
    model = Sequential(
        [
            layers.Input(shape=(20,)),
            layers.Dense(16, activation="relu", kernel_regularizer=L1L2(l1=l1, l2=l2), name="hidden"),
            layers.Dense(1, activation="sigmoid", kernel_regularizer=L1L2(l1=l1, l2=l2), name="output"),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=50,  # 50 updates in one call: the same result, several times faster
    )
    return model


model = build_model(l1=0.01, l2=0.01)
model.summary()

# %% [markdown]
# ## What is penalized
#
# For each variable: the penalty added up by hand, and by how much Keras's penalty changes when 1 is added to every entry.

# %% tags=["penalized"]
before = float(sum(model.losses))
by_hand = sum(0.01 * np.abs(layer.kernel.numpy()).sum() + 0.01 * (layer.kernel.numpy() ** 2).sum() for layer in model.layers)
print("                  in Keras   by hand")
print(f"before training   {before:8.4f}   {by_hand:7.4f}")

# %% tags=["changes"]
print("variable        entries   change of the penalty")
for variable in model.trainable_variables:
    kept = variable.numpy()
    variable.assign(kept + 1)
    change = float(sum(model.losses)) - before
    variable.assign(kept)
    print(f"{variable.path.removeprefix('sequential/'):<15} {kept.size:7}   {change:21.4f}")

# %% [markdown]
# ## Train
#
# All 150 rows make one batch. `repeat` offers it again and again, and fifty updates count as an epoch.

# %% tags=["training"]
rows = tf.data.Dataset.from_tensors((X_train, y_train)).repeat()
model = build_model(l1=0.01, l2=0.01)
model.fit(rows, epochs=10, steps_per_epoch=50, shuffle=False, verbose=2)

# %% [markdown]
# The loss that Keras reports is the data loss plus the penalty, on the validation rows as well.

# %% tags=["loss"]
data_loss = keras.losses.BinaryCrossentropy()(y_validation[:, None], model(X_validation))
penalty = sum(model.losses)
loss, accuracy = model.evaluate(X_validation, y_validation, batch_size=300, verbose=0)
print("part                       value")
print(f"data loss              {float(data_loss):9.4f}")
print(f"penalty                {float(penalty):9.4f}")
print(f"their sum              {float(data_loss + penalty):9.4f}")
print(f"loss from evaluate     {loss:9.4f}")

# %% [markdown]
# ## A smaller and a larger factor
#
# The same network from the same first weights, with four factors. The validation rows choose; the test rows only report.

# %% tags=["sweep"]
factors = [0.0, 0.001, 0.01, 0.1]
models = {0.01: model}
for factor in factors:
    if factor not in models:
        models[factor] = build_model(l1=factor, l2=factor)
        models[factor].fit(rows, epochs=10, steps_per_epoch=50, shuffle=False, verbose=0)


def accuracy_of(model, X, y):
    """Return the share of rows for which the likelier class is the true one."""
    return np.mean((model(X).numpy()[:, 0] > 0.5) == y)


print("factor   sum of |w|   small weights   training   validation    test")
for factor in factors:
    kernel = models[factor].get_layer("hidden").kernel.numpy()  # (20, 16)
    small = np.mean(np.abs(kernel) < 0.01)
    scores = [accuracy_of(models[factor], *rows_of) for rows_of in [(X_train, y_train), (X_validation, y_validation), (X_test, y_test)]]
    print(f"{factor:<6}   {np.abs(kernel).sum():10.1f}   {small:13.0%}   {scores[0]:8.1%}   {scores[1]:10.1%}   {scores[2]:5.1%}")

# %% tags=["chosen"]
chosen = max(factors, key=lambda factor: accuracy_of(models[factor], X_validation, y_validation))
print(chosen)

# %% tags=["weights"]
for factor in factors:
    kernel = np.abs(models[factor].get_layer("hidden").kernel.numpy())
    figure, axes = plt.subplots(figsize=(1.7, 2.6))
    axes.imshow(kernel, cmap="Blues", vmin=0, vmax=1.0, aspect="auto")
    axes.axhline(4.5, color="C1", linewidth=1.5)
    axes.set(title=f"factor {factor:g}", xlabel="hidden unit", ylabel="feature", xticks=[0, 15], yticks=[0, 4, 19])
    figure.set_label(
        f"Absolute values of the 20 by 16 hidden weights at factor {factor:g}: on average {kernel[:5].mean():.2f} in the rows of the five "
        f"informative features, above the line, and {kernel[5:].mean():.2f} in those of the fifteen noise features."
    )
plt.show()

# %% tags=["accuracies"]
figure, axes = plt.subplots(figsize=(4.6, 3.0))
places = np.arange(len(factors))
for name, X_of, y_of, style in [("training", X_train, y_train, "C0--o"), ("test", X_test, y_test, "C3-s")]:
    scores = [accuracy_of(models[factor], X_of, y_of) for factor in factors]
    axes.plot(places, scores, style, label=name)
axes.set_xticks(places, [f"{factor:g}" for factor in factors])
axes.set(xlabel="factor l1 = l2", ylabel="accuracy", ylim=(0.4, 1.03))
axes.legend(loc="lower left")
figure.set_label(
    "Accuracy over the factors 0, 0.001, 0.01 and 0.1. "
    + " ".join(f"On the {line.get_label()} rows: {', '.join(f'{score:.0%}' for score in line.get_ydata())}." for line in axes.lines)
)
plt.show()

# %% [markdown]
# ## Report a confusion matrix
#
# For the model that the validation rows chose, on the 300 test rows.

# %% tags=["matrix"]
predicted = (models[chosen].predict(X_test, batch_size=300, verbose=0)[:, 0] > 0.5).astype(int)
matrix = confusion_matrix(y_test, predicted)  # rows true, columns predicted
print("                predicted 0   predicted 1")
print(f"truly 0         {matrix[0, 0]:11}   {matrix[0, 1]:11}")
print(f"truly 1         {matrix[1, 0]:11}   {matrix[1, 1]:11}")

# %% tags=["drawn"]
display = ConfusionMatrixDisplay(matrix).plot(cmap="Blues", colorbar=False)
display.figure_.set_size_inches(3.2, 3.2)
display.ax_.set(xlabel="predicted class", ylabel="true class")
display.figure_.set_label(
    f"Confusion matrix of the {len(y_test)} test rows: {matrix[0, 0]} true negatives and {matrix[1, 1]} true positives on the "
    f"diagonal, {matrix[0, 1]} false positives and {matrix[1, 0]} false negatives beside it."
)
plt.show()

# %% tags=["rates"]
true_negatives, false_positives, false_negatives, true_positives = matrix.ravel()
print("measure                                value")
print(f"accuracy          {(true_negatives + true_positives) / matrix.sum():24.3f}")
print(f"precision         {true_positives / (true_positives + false_positives):24.3f}")
print(f"recall            {true_positives / (true_positives + false_negatives):24.3f}")
print(f"specificity       {true_negatives / (true_negatives + false_positives):24.3f}")

# %% tags=["report"]
print(classification_report(y_test, predicted, digits=3))

# %%
if plt.get_backend().lower() == "agg":  # no window to show them in
    folder = Path(tempfile.mkdtemp(prefix="quickstart-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
