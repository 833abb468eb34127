"""How long many small trainings take: in one stack, apart in their fastest form, and apart with a plain `fit`.

What is trained: breast cancer, 25 splits × 31 settings of l1 and l2, 16 hidden units, 350 updates of Adam on all training rows at once.
"""

import time
from dataclasses import dataclass

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.metrics import log_loss
from sklearn.model_selection import RepeatedStratifiedKFold
from sklearn.preprocessing import StandardScaler

UPDATES = 350
APART, PLAIN = 12, 2  # how many of the trainings are timed; the others are taken to last as long


@dataclass(frozen=True)
class Measured:
    """Seconds for all trainings, with compiling, without loading Keras.

    Attributes:
        networks: how many there are.
        stack: seconds, all of them measured.
        apart, plain: seconds, from APART and PLAIN of them.
        differences: (APART,) cross-entropy on held-out rows, that of the stack minus that of the network trained apart.
        apart_losses: (APART,) the cross-entropy of the network trained apart.
    """

    networks: int
    stack: float
    apart: float
    plain: float
    differences: np.ndarray
    apart_losses: np.ndarray


def measure() -> Measured:
    """Train the stack, and a sample of its networks apart."""
    from penalty.estimator import PenalizedClassifier  # Keras takes some seconds to load, and the other parts do not need it
    from penalty.quiet import keras
    from penalty.stack import train_stack

    def plain(X, y, l1, l2):
        penalty = keras.regularizers.L1L2(l1, l2)
        layers = [keras.layers.Dense(16, "relu", kernel_regularizer=penalty), keras.layers.Dense(1, "sigmoid", kernel_regularizer=penalty)]
        model = keras.Sequential(layers)
        model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
        model.fit(X, y, batch_size=len(X), epochs=UPDATES, verbose=0)

    table, y = load_breast_cancer(return_X_y=True)  # (569, 30), (569,)
    trains = [train for train, _ in RepeatedStratifiedKFold(n_splits=5, n_repeats=5, random_state=0).split(table, y)]
    X = [StandardScaler().fit(table[train]).transform(table) for train in trains]
    weights = np.zeros((len(X), len(y)))
    for split, train in enumerate(trains):
        weights[split, train] = 1
    factors = np.geomspace(1e-4, 1, 10)
    l1 = np.concatenate([[0], factors, 0 * factors, factors / 2])
    l2 = np.concatenate([[0], 0 * factors, factors, factors / 2])
    networks = len(X) * len(l1)

    begun = time.perf_counter()
    stack = train_stack(X, y, weights, l1, l2, classes=2, epochs=UPDATES)
    seconds = {"stack": time.perf_counter() - begun, "apart": 0.0, "plain": 0.0}
    differences, apart_losses = [], []
    for number, network in enumerate(np.linspace(0, networks - 1, APART).astype(int)):
        split, setting = divmod(network, len(l1))
        own, held_out = weights[split] == 1, weights[split] == 0
        begun = time.perf_counter()
        fitted = PenalizedClassifier(l1[setting], l2[setting], epochs=UPDATES).fit(X[split][own], y[own])
        seconds["apart"] += (time.perf_counter() - begun) * networks / APART
        apart_losses.append(log_loss(y[held_out], fitted.predict_proba(X[split][held_out])))
        differences.append(-stack.outputs[split, setting, held_out, y[held_out]].mean() - apart_losses[-1])
        if number < PLAIN:
            begun = time.perf_counter()
            plain(X[split][own], y[own], l1[setting], l2[setting])
            seconds["plain"] += (time.perf_counter() - begun) * networks / PLAIN
    return Measured(networks, **seconds, differences=np.array(differences), apart_losses=np.array(apart_losses))
