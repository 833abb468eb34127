"""None, L1, L2, both, early stopping and a linear model, compared on the same folds of a table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from penalty.folds import outer_folds
from penalty.kept import run_parts
from penalty.preprocessing import make_preprocessing
from penalty.table import Table

METHODS = ("none", "L1", "L2", "L1L2", "early stopping", "linear model")
# Numbers that the hidden layers of all networks of a part may give in an update, if these are trained in one fit. Measured with 186
# networks on two cores, a fit for all takes 1/40 of the time of fits apart at 2 million (16 units, 569 rows), 1/3 at 27 million, 1/2 at 54
# million, as much at 95 million, and twice as much at 190 million, and it holds some five arrays of this size.
MOST_TOGETHER = 64_000_000
TOGETHER = "All networks of a part are trained together, in one fit."
APART = "The networks are trained one after another, because with layers as wide as these one fit for all of them would take longer."
FACTORS = tuple(float(factor) for factor in np.geomspace(0.0001, 1, 10))


@dataclass(frozen=True)
class Settings:
    """How a comparison is made.

    Attributes:
        folds: outer folds, on whose test rows the methods are compared.
        repeats: how often the rows are split into outer folds; None: 2 up to 10,000 rows, else 1.
        inner_folds: in which the factors are chosen; at most 3 above 10,000 rows.
        hidden_layer_sizes: units of each hidden layer.
        seed: int, of folds, initial weights and the order of the rows.
        epochs: passes over the rows; None: 300, and in mini-batches (above 2,000 rows) enough for 300 updates, at least 10.
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
        predictions: (methods, n, K or 1) out-of-fold probabilities (predictions) of the first repetition; NaN for rows never tested.
        largest_weight: (outer, settings, columns) largest magnitude of a first-layer weight over the inputs made from that column.
        seconds: of work by method and in all ("all"), summed over the parts. Methods that are trained in one fit share its seconds by
            their numbers of settings.
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


@dataclass(frozen=True)
class Plan:
    """What `Settings` mean for a table of this size; attributes as in `Settings` and `Comparison`.

    Attributes:
        batch_size: None for all rows in one batch.
        stacked: whether all networks of a part are trained in one fit.
    """

    repeats: int
    inner_folds: int
    epochs: int
    batch_size: int | None
    stacked: bool
    l1: np.ndarray
    l2: np.ndarray
    penalty: tuple[str, ...]
    checkpoints: np.ndarray
    linear: np.ndarray


def plan(table: Table, settings: Settings) -> Plan:
    """Return the plan for a table.

    Up to 2,000 rows are one batch. More are trained on in batches of 1,000, with as many updates (300) in fewer passes: a pass over many
    rows has many updates, and the losses of 100,000 rows change little after ten. Above 10,000 rows the test folds are so large that a
    repetition, or more than three inner folds, would add time but little certainty.
    """
    n = len(table.target)
    many = n > 10_000
    batch_size = 1000 if n > 2000 else None
    epochs = settings.epochs or (300 if batch_size is None else max(10, -(-300_000 // n)))
    factors = np.array(settings.factors)
    unit = max(1, epochs // 30)
    checkpoints = [unit * times for times in (1, 2, 3, 5, 8, 12, 18, 24) if unit * times < epochs]
    inner = min(settings.inner_folds, 3) if many else settings.inner_folds
    together = min(batch_size or n, n) * (inner + 1) * (1 + 3 * len(factors)) * sum(settings.hidden_layer_sizes)
    return Plan(
        repeats=1 if table.time is not None else settings.repeats or (1 if many else 2),
        inner_folds=inner,
        epochs=epochs,
        batch_size=batch_size,
        stacked=together <= MOST_TOGETHER,
        l1=np.concatenate([[0], factors, 0 * factors, factors / 2]),
        l2=np.concatenate([[0], 0 * factors, factors, factors / 2]),
        penalty=("none", *["L1"] * len(factors), *["L2"] * len(factors), *["L1L2"] * len(factors)),
        checkpoints=np.array([*checkpoints, epochs]),
        linear=np.geomspace(1e-4, 1e4, 10) if table.classes else np.geomspace(1e-2, 1e5, 10),
    )


def compare(
    table: Table,
    settings: Settings | None = None,
    *,
    workers: int = 1,
    dask: str | None = None,
    folder: str | Path | None = None,
    progress: Callable[[int, int, float | None], None] | None = None,
) -> Comparison:
    """Train and compare the methods on a table.

    The work is done in parts: one for each outer fold, and one for all rows.

    Args:
        table: from `read_table`.
        settings: how; None for the default.
        workers: processes on this machine.
        dask: address of the scheduler of a Dask cluster that does the work instead.
        folder: where finished parts are kept, in `parts/`, so that the next call with the same table and settings goes on from there.
            None keeps nothing.
        progress: called as progress(done, total, seconds left or None), in parts, at the start and after each part.

    Returns:
        A `Comparison`, which depends on table and settings only (but for its `seconds`).

    Raises:
        Problem: if the rows do not suffice for the folds, the folder cannot be written, or the workers are not there.
    """
    settings = settings or Settings()
    to_do = plan(table, settings)
    outer = outer_folds(table, settings.folds, to_do.repeats, settings.seed)
    everything = make_preprocessing(table.features).fit(table.features)
    width = len(everything.get_feature_names_out())
    parts, notes = run_parts(table, settings, len(outer) + 1, width, workers=workers, dask=dask, folder=folder, progress=progress)
    return assemble(table, settings, parts, notes)


def assemble(table: Table, settings: Settings, parts: list[dict], notes: tuple[str, ...] = ()) -> Comparison:
    """Return the comparison that all parts, in order, make up."""
    to_do = plan(table, settings)
    outer = outer_folds(table, settings.folds, to_do.repeats, settings.seed)

    def of_all(name: str) -> np.ndarray:
        return np.array([part[name] for part in parts])

    def of_folds(name: str) -> np.ndarray:
        return np.array([part[name] for part in parts[:-1]])

    predictions = np.full((len(METHODS), len(table.target), len(table.classes) or 1), np.nan)
    for (_, test), part in list(zip(outer, parts))[: len(outer) // to_do.repeats]:
        predictions[:, test] = part["predictions"]
    return Comparison(
        table=table,
        settings=settings,
        l1=to_do.l1,
        l2=to_do.l2,
        penalty=to_do.penalty,
        train=[train for train, _ in outer],
        test=[test for _, test in outer],
        losses=of_folds("losses"),
        base_losses=of_folds("base_losses"),
        accuracies=of_folds("accuracies"),
        chosen=of_folds("chosen"),
        inner=of_all("inner"),
        outer_curve=of_folds("outer_curve"),
        stopping=of_all("stopping"),
        checkpoints=to_do.checkpoints,
        linear=to_do.linear,
        linear_inner=of_all("linear_inner"),
        predictions=predictions,
        largest_weight=of_folds("largest_weight"),
        seconds=dict(zip((*METHODS, "all"), of_all("seconds").sum(axis=0).tolist())),
        notes=(TOGETHER if to_do.stacked else APART, *notes),
    )
