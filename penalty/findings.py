"""What in a table could mislead a comparison: a hint each, for a person to judge, because only a person knows how the table came about."""

import re
import warnings

import numpy as np
import pandas as pd
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from penalty.preprocessing import columns_of, make_preprocessing
from penalty.table import Table

MOST_ROWS = 5000  # that are looked at for a leak
EXPLAINED = 0.9  # of the squared error, by a column that could be one


class Finding(str):
    """A sentence, with its `kind` (such as "leak") and the `column` that it is about, or None."""

    __slots__ = ("column", "kind")

    def __new__(cls, kind: str, column: str | None, sentence: str):
        self = super().__new__(cls, sentence)
        self.kind, self.column = kind, column
        return self


def findings(table: Table, folds: int = 5) -> list[Finding]:
    """Return what could mislead, the gravest first: leaks, identifiers, copies, groups, dates, spellings, rare classes, constants.

    Args:
        table: from `read_table`.
        folds: outer folds of the comparison.
    """
    parts = (
        _leaks(table),
        _identifiers(table),
        _duplicates(table),
        _groups(table),
        _dates(table),
        _spellings(table),
        _classes(table, folds),
        _constants(table),
    )
    return [finding for part in parts for finding in part]


def _leaks(table: Table):
    """Find columns from which a shallow tree predicts held-out rows almost perfectly."""
    rows = np.random.default_rng(0).permutation(len(table.target))[:MOST_ROWS]
    X, y = table.features.iloc[rows], table.target[rows]
    preprocessing = make_preprocessing(X)
    inputs, columns = preprocessing.fit_transform(X), np.array(columns_of(preprocessing), dtype="object")
    for column in table.features:
        explained, measure = _explained(inputs[:, columns == column], y, len(table.classes))
        if explained > EXPLAINED:
            yield Finding(
                "leak",
                column,
                f"Column {column!r} alone predicts the target almost perfectly ({measure} on held-out rows): is it a leak, known only "
                "after the target is? Then leave it out.",
            )


def _explained(X: np.ndarray, y: np.ndarray, classes: int) -> tuple[float, str]:
    """Return the share of the squared error (Brier score) of the mean (base rate) that a tree takes away, out of fold, and R² or AUC."""
    if not classes:
        tree = DecisionTreeRegressor(max_depth=6, min_samples_leaf=2, random_state=0)
        explained = r2_score(y, cross_val_predict(tree, X, y, cv=KFold(3, shuffle=True, random_state=0)))
        return explained, f"R² {explained:.3f}"
    tree, folds = DecisionTreeClassifier(max_depth=3, min_samples_leaf=2, random_state=0), StratifiedKFold(3, shuffle=True, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a class with fewer rows than folds is a finding of its own
        predicted = cross_val_predict(tree, X, y, cv=folds, method="predict_proba")
    of_class = (y[:, None] == np.unique(y)).astype(float)
    auc = np.mean([roc_auc_score(true, given) for true, given in zip(of_class.T, predicted.T)])
    return r2_score(of_class, predicted, multioutput="variance_weighted"), f"AUC {auc:.3f}"


def _identifiers(table: Table):
    for column, values in table.features.drop_duplicates().items():  # copies of rows are a finding of their own
        values = values.dropna()
        different = values.nunique()
        if values.dtype.kind == "O":
            found = different > 0.95 * len(values) and different > 10
        else:  # numbers drawn by chance from so few would not all differ
            found = _whole(values) and different == len(values) and (values.max() - values.min() < 10 * len(values) or _named_so(column))
        if found:
            yield Finding(
                "identifier",
                column,
                f"Column {column!r} has {'a different' if different == len(values) else 'almost always another'} value in every row, "
                "like an identifier, which says nothing about new rows: leave it out, unless it is a measurement.",
            )


def _whole(values: pd.Series) -> bool:
    return values.dtype.kind == "f" and bool((values == values.round()).all())


def _named_so(column: str) -> bool:
    return re.search(r"(^|[_\W])(id|key|nr|uuid)$|Id$|ID$", column) is not None


def _duplicates(table: Table):
    if np.log(table.features.nunique(dropna=False)).sum() < np.log(10 * len(table.target)):
        return  # so few different rows are possible that equal ones are no copies
    again = table.features.assign(**{"": table.target}).duplicated()
    if again.any():
        yield Finding(
            "duplicates",
            None,
            f"{_rows(again.sum())} of {len(again):,} {'repeats' if again.sum() == 1 else 'repeat'} an earlier row in all columns: "
            "a copy would be tested after the row itself was trained on, which flatters every method. "
            "Leave copies out, or name groups (--groups).",
        )


def _groups(table: Table):
    """Find codes that repeat, with nearly the same target wherever they do (adjusted R² of the group means)."""
    if table.groups is not None or table.time is not None:
        return
    y = np.eye(len(table.classes))[table.target] if table.classes else table.target[:, None]
    for column, values in table.features.items():
        if not (values.dtype.kind == "O" or _whole(values.dropna())) or values.value_counts().max() > 0.1 * len(y):
            continue
        repeated = values.notna() & (values.groupby(values).transform("size") > 1)
        of_rows = pd.DataFrame(y[repeated])
        means = of_rows.groupby(values[repeated].to_numpy())
        rows, number = len(of_rows), means.ngroups
        if number < max(10, len(y) / 50) or rows < len(y) / 2:
            continue
        total = np.square(of_rows - of_rows.mean()).to_numpy().sum() / (rows - 1)
        within = np.square(of_rows - means.transform("mean")).to_numpy().sum() / (rows - number)
        if within < 0.5 * total:
            yield Finding(
                "groups",
                column,
                f"Column {column!r} has {number:,} values that repeat, with almost the same target each time: if they are persons, "
                f"places or devices, and new ones are to be predicted, keep each together (--groups {_quoted(column)}).",
            )


def _dates(table: Table):
    if table.time is not None:
        return
    for column, values in table.features.items():
        if values.dtype.kind == "M":
            order = ", and the rows are in its order" if values.dropna().is_monotonic_increasing else ""
            yield Finding(
                "time",
                column,
                f"Column {column!r} has dates from {values.min():%Y-%m-%d} to {values.max():%Y-%m-%d}{order}: if it says when a row was "
                f"observed, and later rows are to be predicted, train on earlier ones only (--time {_quoted(column)}).",
            )


def _spellings(table: Table):
    texts = {column: values.dropna().unique() for column, values in table.features.items() if values.dtype.kind == "O"}
    for column, different in (texts | {table.name: table.classes}).items():
        plain = pd.Series(different, dtype="object").groupby([" ".join(text.split()).casefold() for text in different])
        alike = next((sorted(group) for _, group in plain if len(group) > 1), None)
        if alike:
            listed = " and ".join(map(repr, alike))
            yield Finding(
                "spelling", column, f"Column {column!r} has {listed}, which count as different: write them alike if they are not."
            )


def _classes(table: Table, folds: int):
    if not table.classes:
        return
    counts = np.bincount(table.target)
    for code in np.flatnonzero(counts < folds):
        yield Finding(
            "rare class",
            None,
            f"Class {table.classes[code]!r} has {_rows(counts[code])}, fewer than the {folds} folds: some folds cannot test it. "
            "Put classes together, or collect more.",
        )
    rarest, largest, share = counts.argmin(), counts.argmax(), counts / counts.sum()
    if share[rarest] < 0.2 / len(counts):
        yield Finding(
            "imbalance",
            None,
            f"Only {share[rarest]:.1%} of the rows are {table.classes[rarest]!r}: always saying {table.classes[largest]!r} has an "
            f"accuracy of {share[largest]:.1%}, so that accuracy says little. Look at the cross-entropy, and at the confusion matrix.",
        )


def _constants(table: Table):
    for column, values in table.features.items():
        if values.nunique(dropna=False) == 1:
            yield Finding("constant", column, f"Column {column!r} is {values.iloc[0]!s} in every row, which says nothing.")


def _quoted(column: str) -> str:
    return column if re.fullmatch(r"[\w.-]+", column) else f'"{column}"'


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
