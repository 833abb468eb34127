"""None, L1, L2, both, early stopping and a linear model, compared on the same folds of a table."""

from dataclasses import dataclass

import numpy as np

from penalty.table import Table

METHODS = ("none", "L1", "L2", "L1L2", "early stopping", "linear model")
FACTORS = tuple(float(factor) for factor in np.geomspace(0.0001, 1, 10))


@dataclass(frozen=True)
class Settings:
    """How a comparison is made.

    Attributes:
        folds: outer folds, on whose test rows the methods are compared.
        repeats: how often the rows are split into outer folds; None: 2 up to 10,000 rows, else 1.
        inner_folds: in which the factors are chosen.
        hidden_layer_sizes: units of each hidden layer.
        seed: int, of folds, initial weights and the order of the rows.
        epochs: passes over the rows; None: 300, fewer in mini-batches.
        factors: strengths that are tried for each penalty, ascending.
    """

    folds: int = 5
    repeats: int | None = None
    inner_folds: int = 5
    hidden_layer_sizes: tuple[int, ...] = (16,)
    seed: int = 0
    epochs: int | None = None
    factors: tuple[float, ...] = FACTORS


@dataclass(frozen=True)
class Comparison:
    """What the trainings have shown. Losses are mean cross-entropies, or mean squared errors in the target's own unit squared.

    Attributes:
        table, settings: what was compared, and how.
        l1, l2: (settings,) factors of the grid; entry 0 is no penalty.
        penalty: (settings,) names: "none", "L1", "L2" or "L1L2".
        train, test: rows of each outer fold.
        losses: (outer, methods) on the outer test rows, at the setting that was tuned in the inner folds.
        base_losses: (outer,) of predicting the base rate (the mean) of the training rows.
        accuracies: (outer, methods) accuracy; R² for a numeric target.
        chosen: (outer, methods) int: entry of the grid; of `checkpoints` for early stopping; of `linear` for the linear model.
        inner: (outer + 1, inner, settings) losses in the inner folds; the last row is of all rows of the table.
        outer_curve: (outer, settings) loss on the outer test rows of every setting.
        stopping: (outer + 1, inner, checkpoints) losses in the inner folds without a penalty after so many epochs.
        checkpoints: (checkpoints,) epochs, ascending.
        linear: (grid,) values of `C` (`alpha` for a numeric target) of scikit-learn's linear model with an L2 penalty.
        linear_inner: (outer + 1, inner, grid) losses in the inner folds.
        predictions: (methods, n, K or 1) out-of-fold probabilities (predictions) of the first repetition.
        largest_weight: (outer, settings, columns) largest magnitude of a first-layer weight over the inputs made from that column.
        seconds: by method and in all.
        notes: sentences on how the networks were trained.
    """

    table: Table
    settings: Settings
    l1: np.ndarray
    l2: np.ndarray
    penalty: tuple[str, ...]
    train: list[np.ndarray]
    test: list[np.ndarray]
    losses: np.ndarray
    base_losses: np.ndarray
    accuracies: np.ndarray
    chosen: np.ndarray
    inner: np.ndarray
    outer_curve: np.ndarray
    stopping: np.ndarray
    checkpoints: np.ndarray
    linear: np.ndarray
    linear_inner: np.ndarray
    predictions: np.ndarray
    largest_weight: np.ndarray
    seconds: dict[str, float]
    notes: tuple[str, ...]
