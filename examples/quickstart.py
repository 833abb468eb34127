# %% [markdown]
# # A regularized Keras model in five minutes
#
# Simulate data whose truth is known, set up a Sequential model with weight
# regularization, train it, and report a confusion matrix. It runs in about
# ten seconds. What each step means is in
# [the chapter](../docs/learn/quickstart.md).

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
from keras import Sequential, layers
from keras.regularizers import L1L2
from sklearn.datasets import make_classification
from sklearn.metrics import ConfusionMatrixDisplay, confusion_matrix
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

# %% [markdown]
# ## The penalty of two weights
#
# For the weights $w = (3, -4)$ and factors of 0.1, computed by Keras.

# %% tags=["penalty"]
weights = np.array([3.0, -4.0])
l1 = float(L1L2(l1=0.1)(weights))
l2 = float(L1L2(l2=0.1)(weights))
both = float(L1L2(l1=0.1, l2=0.1)(weights))
print("kind    penalty of (3, −4)")
print(f"L1      {l1:18.2f}")
print(f"L2      {l2:18.2f}")
print(f"L1L2    {both:18.2f}")

# %% [markdown]
# ## Simulate data
#
# Twenty features, of which only the first five say anything about the
# class; the other fifteen are noise. `flip_y` gives a twentieth of the rows
# a random class, so that no model can be right every time.

# %% tags=["data"]
informative = 5
X, y = make_classification(
    n_samples=750,
    n_features=20,
    n_informative=informative,
    n_redundant=0,
    flip_y=0.05,
    shuffle=False,  # the informative features stay in the first columns
    random_state=2,
)  # (750, 20), (750,)

# 150 rows to train on, 300 to choose a factor with, 300 to test with
X_train, X_rest, y_train, y_rest = train_test_split(
    X, y, train_size=150, stratify=y, random_state=2
)
X_validation, X_test, y_validation, y_test = train_test_split(
    X_rest, y_rest, test_size=300, stratify=y_rest, random_state=2
)

scaler = StandardScaler().fit(X_train)  # learns from the training rows only
X_train = scaler.transform(X_train)
X_validation = scaler.transform(X_validation)
X_test = scaler.transform(X_test)

print("set         rows   of class 1")
print(f"training     {len(y_train)}   {y_train.mean():10.1%}")
print(f"validation   {len(y_validation)}   {y_validation.mean():10.1%}")
print(f"test         {len(y_test)}   {y_test.mean():10.1%}")

# %% [markdown]
# ## Set up the model
#
# 20 inputs, 16 hidden units, 1 probability. Both kernels are penalized.


# %% tags=["model"]
def build_model(l1, l2):
    """Return the compiled network, its kernels penalized by `l1` and `l2`."""
    keras.utils.set_random_seed(7)  # the same first weights for every factor
    penalty = L1L2(l1=l1, l2=l2)
    model = Sequential(
        [
            layers.Input(shape=(20,)),
            layers.Dense(
                16, "relu", kernel_regularizer=penalty, name="hidden"
            ),
            layers.Dense(
                1, "sigmoid", kernel_regularizer=penalty, name="output"
            ),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate=0.01),
        loss="binary_crossentropy",
        metrics=["accuracy"],
        steps_per_execution=50,  # 50 updates a call: same weights, faster
    )
    return model


model = build_model(l1=0.01, l2=0.01)
model.summary()

# %% [markdown]
# ## What is penalized
#
# The penalty in Keras, and added up by hand from the kernels.

# %% tags=["penalized"]
before = float(sum(model.losses))
by_hand = 0.0
for layer in model.layers:
    kernel = layer.kernel.numpy()
    by_hand += 0.01 * np.abs(kernel).sum() + 0.01 * (kernel**2).sum()
print("                  in Keras   by hand")
print(f"before training   {before:8.4f}   {by_hand:7.4f}")

# %% [markdown]
# By how much does the penalty change when 1 is added to every entry of one
# variable?

# %% tags=["changes"]
print("variable   entries   change of the penalty")
for layer in model.layers:
    for name, variable in [("kernel", layer.kernel), ("bias", layer.bias)]:
        kept = variable.numpy()
        variable.assign(kept + 1)
        change = float(sum(model.losses)) - before
        variable.assign(kept)
        print(f"{layer.name} {name:<6}  {kept.size:4}   {change:8.4f}")

# %% [markdown]
# ## Train
#
# All 150 rows make one batch. `repeat` offers it again and again, and fifty
# updates count as an epoch.

# %% tags=["training"]
rows = tf.data.Dataset.from_tensors((X_train, y_train)).repeat()
model = build_model(l1=0.01, l2=0.01)
history = model.fit(
    rows, epochs=10, steps_per_epoch=50, shuffle=False, verbose=2
)

# %% [markdown]
# The loss that Keras reports is the data loss plus the penalty, on the
# validation rows as well.

# %% tags=["loss"]
cross_entropy = keras.losses.BinaryCrossentropy()
data_loss = float(cross_entropy(y_validation[:, None], model(X_validation)))
penalty = float(sum(model.losses))
reported, accuracy = model.evaluate(
    X_validation, y_validation, batch_size=300, verbose=0
)
print("part                 value")
print(f"data loss           {data_loss:.4f}")
print(f"penalty             {penalty:.4f}")
print(f"their sum           {data_loss + penalty:.4f}")
print(f"loss of evaluate    {reported:.4f}")

# %% [markdown]
# ## A smaller and a larger factor
#
# The same network from the same first weights, with four factors. The
# validation rows choose; the test rows only report.

# %% tags=["sweep"]
factors = [0.0, 0.001, 0.01, 0.1]
little = 0.01  # a weight below it is called small
models = {0.01: model}
for factor in factors:
    if factor not in models:
        models[factor] = build_model(l1=factor, l2=factor)
        models[factor].fit(
            rows, epochs=10, steps_per_epoch=50, shuffle=False, verbose=0
        )


def accuracy_of(model, X, y):
    """Return the share of rows whose likelier class is the true one."""
    return np.mean((model(X).numpy()[:, 0] > 0.5) == y)


training = [accuracy_of(models[f], X_train, y_train) for f in factors]
validation = [
    accuracy_of(models[f], X_validation, y_validation) for f in factors
]
test = [accuracy_of(models[f], X_test, y_test) for f in factors]

print("factor   sum of |w|   small w   training   validation    test")
for i, factor in enumerate(factors):
    kernel = models[factor].get_layer("hidden").kernel.numpy()  # (20, 16)
    size, small = np.abs(kernel).sum(), np.mean(np.abs(kernel) < little)
    print(
        f"{factor:<6g}   {size:10.1f}   {small:7.0%}   {training[i]:8.1%}"
        f"   {validation[i]:10.1%}   {test[i]:5.1%}"
    )

# %% tags=["chosen"]
chosen = factors[int(np.argmax(validation))]
print(f"factor that the validation rows choose: {chosen}")

# %% [markdown]
# The weights of the hidden layer under each factor: one row for each
# feature, the five informative ones above the line.

# %% tags=["weights"]
for factor in factors:
    sizes = np.abs(models[factor].get_layer("hidden").kernel.numpy())
    figure, axes = plt.subplots(figsize=(1.7, 2.6))
    axes.imshow(sizes, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    axes.axhline(informative - 0.5, color="C1", linewidth=1.5)
    axes.set(
        title=f"factor {factor:g}",
        xlabel="hidden unit",
        ylabel="feature",
        xticks=[0, 15],
        yticks=[0, 4, 19],
    )
    signal, noise = sizes[:informative], sizes[informative:]
    figure.set_label(
        f"Absolute values of the 20 by 16 hidden weights at factor "
        f"{factor:g}: on average {signal.mean():.2f} in the rows of the "
        f"informative features, above the line, and {noise.mean():.2f} in "
        f"those of the noise features."
    )
plt.show()

# %% [markdown]
# How many hidden units still have a weight that is not small, and how much of
# what is left, added up in size, stands in the rows of the informative
# features?

# %% tags=["used"]
print("factor   units in use   in informative rows")
for factor in factors:
    sizes = np.abs(models[factor].get_layer("hidden").kernel.numpy())
    print(
        f"{factor:<6g}   {np.sum(sizes.max(axis=0) >= little):12}"
        f"   {sizes[:informative].sum() / sizes.sum():19.0%}"
    )

# %% tags=["accuracies"]
figure, axes = plt.subplots(figsize=(4.6, 3.0))
places = np.arange(len(factors))
axes.plot(places, training, "C0--o", label="training")
axes.plot(places, validation, "C3:^", label="validation")
axes.plot(places, test, "C3-s", label="test")
axes.set_xticks(places, [f"{factor:g}" for factor in factors])
axes.set(xlabel="factor l1 = l2", ylabel="accuracy", ylim=(0.4, 1.03))
axes.legend(loc="lower left")
figure.set_label(
    f"Accuracy over the factors 0, 0.001, 0.01 and 0.1. On the training "
    f"rows: {', '.join(f'{score:.0%}' for score in training)}. "
    f"On the validation rows: "
    f"{', '.join(f'{score:.0%}' for score in validation)}. "
    f"On the test rows: {', '.join(f'{score:.0%}' for score in test)}."
)
plt.show()

# %% [markdown]
# ## Report a confusion matrix
#
# For the model that the validation rows chose, on the 300 test rows. Rows
# are true classes, columns predicted ones.

# %% tags=["matrix"]
probability = models[chosen].predict(X_test, batch_size=300, verbose=0)
predicted = (probability[:, 0] > 0.5).astype(int)
matrix = confusion_matrix(y_test, predicted)
print("          predicted 0   predicted 1")
print(f"truly 0   {matrix[0, 0]:11}   {matrix[0, 1]:11}")
print(f"truly 1   {matrix[1, 0]:11}   {matrix[1, 1]:11}")

# %% tags=["drawn"]
display = ConfusionMatrixDisplay(matrix).plot(cmap="Blues", colorbar=False)
display.figure_.set_size_inches(3.2, 3.2)
display.ax_.set(xlabel="predicted class", ylabel="true class")
display.figure_.set_label(
    f"Confusion matrix of the {len(y_test)} test rows: {matrix[0, 0]} true "
    f"negatives and {matrix[1, 1]} true positives on the diagonal, "
    f"{matrix[0, 1]} false positives and {matrix[1, 0]} false negatives "
    f"beside it."
)
plt.show()

# %% tags=["rates"]
(tn, fp), (fn, tp) = matrix
print("measure       value")
print(f"accuracy      {(tp + tn) / matrix.sum():.3f}")
print(f"precision     {tp / (tp + fp):.3f}")
print(f"recall        {tp / (tp + fn):.3f}")
print(f"specificity   {tn / (tn + fp):.3f}")

# %% [markdown]
# ## The run in numbers
#
# What the chapter says about the data, the network and its training.

# %% tags=["numbers"]
features, units = model.get_layer("hidden").kernel.shape
penalized = sum(layer.kernel.shape.num_elements() for layer in model.layers)
print("in this run                      number")
print(f"features                         {features:6}")
print(f"informative features             {informative:6}")
print(f"noise features                   {features - informative:6}")
print(f"share of informative features    {informative / features:6.0%}")
print(f"hidden units                     {units:6}")
print(f"weights that cost something      {penalized:6}")
print(f"weights and biases               {model.count_params():6}")
print(f"a weight is small below          {little:6}")
print(f"updates in an epoch              {history.params['steps']:6}")
print(f"updates                          {int(model.optimizer.iterations):6}")

# %%
if plt.get_backend().lower() == "agg":  # no window to show the figures in
    folder = Path(tempfile.mkdtemp(prefix="quickstart-"))
    for number in plt.get_fignums():
        plt.figure(number).savefig(folder / f"figure-{number}.png", dpi=150)
    print(f"figures saved in {folder}")
