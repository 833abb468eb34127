"""Which rows train and which are tested: outer folds compare the methods, inner folds within their training rows tune them."""

import warnings

import numpy as np
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)

from penalty.table import Problem, Table

Fold = tuple[np.ndarray, np.ndarray]  # rows to train on, rows to test on, ascending


def outer_folds(table: Table, folds: int, repeats: int, seed: int) -> list[Fold]:
    """Return the outer folds, one repetition after another.

    Classes are stratified, groups stay together, and with a time the training rows are earlier than the test rows (in one repetition,
    because there is one past only).

    Raises:
        Problem: if the rows do not suffice for so many folds.
    """
    rows = np.arange(len(table.target))
    if table.time is not None:
        return _split(table, rows, [TimeSeriesSplit(folds)])
    if table.groups is not None:
        kind = StratifiedGroupKFold if table.classes else GroupKFold
        return _split(table, rows, [kind(folds, shuffle=True, random_state=seed + repeat) for repeat in range(repeats)])
    kind = RepeatedStratifiedKFold if table.classes else RepeatedKFold
    return _split(table, rows, [kind(n_splits=folds, n_repeats=repeats, random_state=seed)])


def inner_folds(table: Table, rows: np.ndarray, folds: int, seed: int) -> list[Fold]:
    """Return folds of the same kind within the given rows; the numbers are those of the table's rows."""
    if table.time is not None:
        splitter = TimeSeriesSplit(folds)
    elif table.groups is not None:
        splitter = (StratifiedGroupKFold if table.classes else GroupKFold)(folds, shuffle=True, random_state=seed)
    else:
        splitter = (StratifiedKFold if table.classes else KFold)(folds, shuffle=True, random_state=seed)
    return _split(table, rows, [splitter])


def _split(table: Table, rows: np.ndarray, splitters: list) -> list[Fold]:
    groups = None if table.groups is None else table.groups[rows]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # classes with fewer rows than folds are a finding of their own
            parts = [part for splitter in splitters for part in splitter.split(rows, table.target[rows], groups)]
    except ValueError as error:
        raise Problem(f"The {len(rows)} rows cannot be split into so many folds: {error} Choose fewer folds.") from None
    return [_checked(table, rows[train], rows[test]) for train, test in parts]


def _checked(table: Table, train: np.ndarray, test: np.ndarray) -> Fold:
    if table.time is not None:
        train = train[table.time[train] < table.time[test].min()]  # what happens at the same time is not known before
    if len(train) == 0 or len(test) == 0:
        raise Problem("A fold has no rows to train on or none to test on: choose fewer folds.")
    if table.classes and len(np.unique(table.target[train])) < 2:
        raise Problem(
            f"The training rows of a fold have one class only ({table.classes[table.target[train[0]]]!r}), "
            "so that nothing can be learned from them: choose fewer folds, or collect more rows of the other class."
        )
    return train, test
