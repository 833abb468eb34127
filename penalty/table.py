"""A reader's own table: a CSV or Parquet file becomes features and a target, or one sentence says why it cannot."""

import csv
import datetime
import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api import types

from penalty.preprocessing import columns_of, make_preprocessing

FEWEST_ROWS = 20  # fewer cannot show a difference between penalties
MOST_CLASSES = 100
MOST_LINES = 20  # that describe columns or classes
LIBRARY_BYTES, INPUT_BYTES, OUTPUT_BYTES = 1_100_000_000, 48, 19  # of a process; of an input and of an output in each row and split
MOST_WHOLE_NUMBERS = 20  # a target of so many different whole numbers is still one of classes
DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
OTHER_FILES = {".xlsx": "an Excel file", ".xls": "an Excel file", ".json": "JSON", ".feather": "a Feather file", ".zip": "an archive"}


class Problem(Exception):
    """Something that a person can set right, in one sentence: what is wrong, where, and what to do."""


@dataclass(frozen=True)
class Table:
    """Features and target of a table, each row an example.

    Attributes:
        features: (n, columns) float64 for numbers and booleans (NaN is missing), object for categories (str or None), datetime64[ns] for
            dates; the index is 0 ... n-1.
        target: (n,) int64 codes of the classes, or float64.
        name: of the target's column.
        classes: labels in the order of the codes; () if the target is a number. Of two, the second is the positive one.
        groups: (n,) int64 code of the group of each row, or None. The column is not among the features.
        time: (n,) int64 rank in time, equal for equal times, ascending, or None. The column is not among the features.
        notes: what reading has changed, each a sentence.
    """

    features: pd.DataFrame
    target: np.ndarray
    name: str
    classes: tuple[str, ...]
    groups: np.ndarray | None
    time: np.ndarray | None
    notes: tuple[str, ...]

    @property
    def task(self) -> str:
        """ "classification" or "regression"."""
        return "classification" if self.classes else "regression"


def read_table(path, target: str, *, time: str | None = None, groups: str | None = None, leave_out: Iterable[str] = ()) -> Table:
    """Read a table from a file.

    Numbers, booleans, and dates in the form 2024-12-31 are recognised; all other text is taken as categories. A numeric target with more
    than 20 different values, or with one that is not whole, is predicted as a number; any other target as classes.

    Args:
        path: of a CSV file (commas, UTF-8, names in the first line) or of a Parquet file.
        target: the column to predict.
        time: column of numbers or dates that says when a row was observed; the rows are sorted by it.
        groups: column that is equal for rows that belong together, such as the visits of one patient.
        leave_out: columns that are not to be used, such as a leak.

    Raises:
        Problem: if the table cannot be used, saying why.
    """
    path = Path(path)
    data = _read_file(path)
    for column, use in (
        (target, "target"),
        (time, "time"),
        (groups, "groups"),
        *((column, "columns to leave out") for column in leave_out),
    ):
        if column is not None and column not in data.columns:
            raise Problem(_no_column(column, use, path, data.columns))
    if len({target, time, groups} - {None}) < sum(column is not None for column in (target, time, groups)):
        raise Problem("Target, time and groups have to be different columns: name another one, or leave the option out.")
    for column in leave_out:
        if column in (target, time, groups):
            raise Problem(f"Column {column!r} cannot be left out, because it is asked for: take it from one of the two options.")
    if time and groups:
        raise Problem("Time and groups cannot be respected together: leave out --time or --groups.")

    notes = []
    given = data[target].notna()
    if not given.any():
        raise Problem(f"The target {target!r} has no value in any row of {path}: choose another column, or fill it in.")
    if not given.all():
        data = data[given]
        count = int((~given).sum())
        notes.append(f"{_rows(count)} without a value of {target!r} {'is' if count == 1 else 'are'} left out.")
    if len(data) < FEWEST_ROWS:
        raise Problem(
            f"{path} has only {_rows(len(data))} with a target, which cannot show a difference between penalties: "
            f"collect at least {FEWEST_ROWS}."
        )
    values, classes = _target(data[target], target)
    codes = None if groups is None else _groups(data[groups], groups)
    rank = None if time is None else _time(data[time], time)

    features = data.drop(columns=[column for column in (target, time, groups, *leave_out) if column is not None])
    empty = [column for column in features if features[column].isna().all()]
    if len(empty) == features.shape[1]:
        raise Problem(f"{path} has no column with values besides {target!r}: add the columns that the target is to be predicted from.")
    notes += [f"Column {column!r} is left out, because it has no values." for column in empty]
    features = pd.DataFrame({column: _feature(features[column], column) for column in features.columns.drop(empty)})
    if features.shape[1] > len(features):
        notes.append(f"There are more columns ({features.shape[1]:,}) than rows ({len(features):,}), so that chance weighs heavily.")

    order = np.arange(len(values)) if rank is None else np.argsort(rank, kind="stable")
    return Table(
        features.iloc[order].reset_index(drop=True),
        values[order],
        target,
        classes,
        codes,
        None if rank is None else rank[order],
        tuple(notes),
    )


def describe(table: Table) -> str:
    """Return what is in a table as printed text: its size, its columns, its target, and the score of predicting the base rate."""
    features, kinds = table.features, _kinds(table.features)
    rows, columns = features.shape
    count = [str(kinds.count(kind)) for kind in ("number", "category", "date")]
    missing = f"{features.isna().to_numpy().mean():.1%}"
    parts = [_printed(["target", "rows", "numbers", "categories", "dates", "missing values"], [[table.name, f"{rows:,}", *count, missing]])]
    described = [
        [_cut(name), kind, f"{values.nunique():,}", f"{values.isna().sum():,}", _typical(values)]
        for (name, values), kind in zip(features.items(), kinds[:MOST_LINES])
    ]
    parts.append(_printed(["column", "type", "different", "missing", "values"], described, left=(0, 1, 4)))
    if columns > MOST_LINES:
        parts[-1] += f"\n... and {columns - MOST_LINES:,} columns more"
    if table.classes:
        counts = np.bincount(table.target)
        shares = counts / rows
        lines = [[_cut(label), f"{count:,}", f"{share:.1%}"] for label, count, share in zip(table.classes, counts, shares)]
        parts.append(_printed([f"class of {_cut(table.name)}", "rows", "share"], lines[:MOST_LINES]))
        if len(lines) > MOST_LINES:
            parts[-1] += f"\n... and {len(lines) - MOST_LINES:,} classes more"
        scores = [["cross-entropy", _short(-np.sum(shares * np.log(shares)))], ["accuracy", _short(shares.max())]]
        parts.append(_printed(["predicting the base rate", "score"], scores))
    else:
        spread = [table.target.mean(), table.target.std(), *np.quantile(table.target, [0, 0.5, 1])]
        header = ["target", "mean", "standard deviation", "lowest", "median", "highest"]
        parts.append(_printed(header, [[_cut(table.name), *map(_short, spread)]]))
        parts.append(_printed(["predicting the mean", "score"], [["mean squared error", _short(table.target.var())]]))
    return "\n\n".join(parts)


def memory_needed(table: Table, splits: int = 6, settings: int = 31, workers: int = 1) -> int:
    """Return about how many bytes a comparison needs, from the arrays that a part keeps of every row; measured ones are below it.

    Args:
        splits: inner folds, and the refit, that a part trains together.
        settings: penalties and factors, trained together.
        workers: processes, each with the libraries and a part of its own.
    """
    sample = table.features.iloc[: 10_000 + len(table.features) // 100]
    inputs = len(columns_of(make_preprocessing(sample).fit(sample)))
    outputs = max(len(table.classes), 1)
    of_row = splits * (INPUT_BYTES * inputs + OUTPUT_BYTES * settings * outputs)
    return workers * (LIBRARY_BYTES + len(table.target) * of_row) + int(table.features.memory_usage(deep=True).sum())


def _kinds(features: pd.DataFrame) -> list[str]:
    return [{"f": "number", "M": "date"}.get(dtype.kind, "category") for dtype in features.dtypes]


def _typical(values: pd.Series) -> str:
    known = values.dropna()
    if values.dtype.kind == "O":
        counts = known.value_counts()
        return f"{'mostly' if len(counts) > 1 else 'only'} {_cut(counts.index[0])} ({counts.iloc[0] / len(known):.0%})"
    if values.dtype.kind == "M":
        return f"{known.min():%Y-%m-%d} ... {known.max():%Y-%m-%d}"
    return f"{_short(known.min())} ... {_short(known.max())}, median {_short(known.median())}"


def _printed(header: list[str], rows: list[list[str]], left: tuple[int, ...] = (0,)) -> str:
    """Return lines with columns two spaces apart, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    lines = [
        [text.ljust(w) if place in left else text.rjust(w) for place, (text, w) in enumerate(zip(row, widths))] for row in [header, *rows]
    ]
    return "\n".join("  ".join(line).rstrip() for line in lines)


def _short(number: float) -> str:
    return np.format_float_positional(number, precision=4, fractional=False, trim="-")


def _cut(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 20 else text[:19] + "…"


def _read_file(path: Path) -> pd.DataFrame:
    if not path.exists():
        near = get_close_matches(path.name, [file.name for file in path.parent.glob("*.*")], 1, 0.7) if path.parent.is_dir() else []
        raise Problem(f"There is no file {path}" + (f"; did you mean {path.with_name(near[0])}?" if near else ": check its name."))
    if path.is_dir():
        raise Problem(f"{path} is a folder: name a CSV or Parquet file in it.")
    if path.suffix.lower() in OTHER_FILES:
        raise Problem(f"{path} is {OTHER_FILES[path.suffix.lower()]}: save the table as CSV with commas, in UTF-8.")
    try:
        with path.open("rb") as file:
            start = file.read(4)
    except OSError as error:
        raise Problem(f"{path} cannot be read ({error.strerror}): check who may read it.") from None
    if not start.strip():
        raise Problem(f"{path} is empty: name a file with a line of column names and a line for each row.")
    data = _read_parquet(path) if start == b"PAR1" or path.suffix.lower() in (".parquet", ".pq") else _read_csv(path)
    data.columns = [str(column) for column in data.columns]
    if data.empty:
        raise Problem(f"{path} has column names and no rows: add the rows.")
    return data


def _read_parquet(path: Path) -> pd.DataFrame:
    try:
        return pd.read_parquet(path).reset_index(drop=True)
    except ImportError:
        raise Problem(f"Reading {path} needs pyarrow: run python -m pip install pyarrow, or save the table as CSV.") from None
    except (ValueError, OSError):  # of pyarrow
        raise Problem(f"{path} is not a whole Parquet file: save or copy it again.") from None


def _read_csv(path: Path) -> pd.DataFrame:
    try:
        _check_header(path)
        with warnings.catch_warnings():
            warnings.simplefilter("error", pd.errors.ParserWarning)
            return pd.read_csv(path, index_col=False, low_memory=False, skipinitialspace=True, encoding="utf-8")
    except UnicodeDecodeError:
        raise Problem(f"{path} is not UTF-8{_where_not_utf8(path)}: save it again as “CSV UTF-8”.") from None
    except pd.errors.ParserWarning:
        raise Problem(f"The rows of {path} have more values than its first line has names: give every column a name.") from None
    except (pd.errors.ParserError, csv.Error) as error:
        raise Problem(_malformed(path, str(error))) from None


def _check_header(path: Path) -> None:
    with path.open(encoding="utf-8-sig", newline="") as file:
        names = next((line for line in csv.reader(file) if any(name.strip() for name in line)), [])
    if not names:
        raise Problem(f"{path} is empty: name a file with a line of column names and a line for each row.")
    for delimiter, word in DELIMITERS.items():
        if sum(name.count(delimiter) for name in names) >= len(names):
            raise Problem(f"The values in {path} are separated by {word}: save the table with commas between them.")
    names = [name.strip() for name in names]
    if all(_is_number(name) for name in names):
        raise Problem(f"The first line of {path} has numbers ({names[0]!r}) and no column names: add a line of names.")
    twice = [name for name in dict.fromkeys(names) if name and names.count(name) > 1]
    if twice:
        raise Problem(f"{path} has {names.count(twice[0])} columns named {twice[0]!r}: give each one a name of its own.")


def _where_not_utf8(path: Path) -> str:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                return f" (line {number} has the byte 0x{line[error.start]:02x})"
    return ""


def _malformed(path: Path, message: str) -> str:
    if found := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message):
        names, line, values = found.groups()
        return f"Line {line} of {path} has {values} values and the first line {names} names: put quotation marks around values with commas."
    if found := re.search(r"EOF inside string starting at row (\d+)", message):
        return f"A quotation mark in {path} is never closed (near line {int(found[1]) + 1}): close it."
    return f"{path} cannot be read as CSV: save it again, with commas, in UTF-8 ({message.splitlines()[0].rstrip('.')})."


def _no_column(column: str, use: str, path: Path, columns: pd.Index) -> str:
    plain = {name.strip().lower(): name for name in columns}
    near = [plain[name] for name in get_close_matches(column.strip().lower(), list(plain), 3, 0.6)]
    if near:
        return f"{path} has no column {column!r} for the {use}; did you mean {' or '.join(map(repr, near))}?"
    listed = ", ".join(map(repr, columns[:8])) + (", ..." if len(columns) > 8 else "")
    return f"{path} has no column {column!r} for the {use}: name one of {listed}."


def _target(values: pd.Series, name: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return codes and labels of classes, or numbers and ()."""
    column = _feature(values, name)
    if column.dtype.kind == "M":
        raise Problem(f"The target {name!r} is a date, and only numbers and classes are predicted: make it a number of days.")
    if column.dtype.kind == "f":
        numbers = column.to_numpy()
        different = np.unique(numbers)
        if len(different) > MOST_WHOLE_NUMBERS or (different != np.round(different)).any():
            return numbers, ()
        label = bool if types.infer_dtype(values, skipna=True) == "boolean" else int
        labels, codes = [str(label(number)) for number in different], np.searchsorted(different, numbers)
    else:
        labels, codes = np.unique(column.to_numpy(dtype=str), return_inverse=True)
        labels = labels.tolist()
    counts = np.bincount(codes)
    if len(labels) == 1:
        raise Problem(
            f"The target {name!r} is {labels[0]!r} in all rows, so that there is nothing to tell apart: add rows of another class."
        )
    if len(labels) > MOST_CLASSES:
        raise Problem(
            f"The target {name!r} has {len(labels):,} different values, such as {labels[0]!r}, and at most {MOST_CLASSES} classes "
            "can be compared: choose another column, or put classes together."
        )
    if counts.min() == 1:
        raise Problem(
            f"Class {labels[counts.argmin()]!r} of the target {name!r} has one row only, which cannot be both trained on and tested: "
            "collect more, put classes together, or leave this row out."
        )
    return codes.astype("int64"), tuple(labels)


def _groups(values: pd.Series, name: str) -> np.ndarray:
    _check_complete(values, name, "groups")
    codes, different = pd.factorize(values)
    if len(different) < 2:
        raise Problem(f"The groups {name!r} are the same in all rows, so that none can be held out for testing: choose another column.")
    return codes.astype("int64")


def _time(values: pd.Series, name: str) -> np.ndarray:
    _check_complete(values, name, "time")
    values = _feature(values, name)
    if values.dtype.kind not in "fM":
        raise Problem(f"The time {name!r} has neither numbers nor dates such as 2024-12-31, but {values.iloc[0]!r}: choose another column.")
    different, rank = np.unique(values.to_numpy(), return_inverse=True)
    if len(different) == 1:
        raise Problem(f"The time {name!r} is the same in all rows, so that none is earlier: choose another column.")
    return rank.astype("int64")


def _check_complete(values: pd.Series, name: str, use: str) -> None:
    if values.isna().any():
        raise Problem(f"The {use} {name!r} has no value in {_place(values, values.isna())}: fill it in, or leave out the rows without one.")


def _feature(values: pd.Series, name: str) -> pd.Series:
    """Return a column as float64, object (str or None) or datetime64[ns]."""
    if types.is_bool_dtype(values) or types.is_numeric_dtype(values):
        return _finite(values, name)
    if isinstance(values.dtype, pd.CategoricalDtype):
        return _text(values)
    if types.is_datetime64_any_dtype(values):
        return _dates(values, name)
    kind = types.infer_dtype(values, skipna=True)
    if kind == "string":
        return _from_text(values, name)
    if kind in ("boolean", "decimal", "integer", "floating", "mixed-integer-float"):
        return _finite(values, name)
    if kind in ("date", "datetime"):
        return _dates(values, name)
    if values.map(lambda value: isinstance(value, (str, int, float)) or value is None).all():  # bool is an int
        return _text(values)
    example = values.dropna().iloc[0]
    raise Problem(
        f"Column {name!r} holds values such as {example!r}, neither number, text nor date: leave it out, or split it into columns."
    )


def _finite(values: pd.Series, name: str) -> pd.Series:
    values = pd.Series(values.to_numpy("float64", na_value=np.nan), values.index)
    infinite = np.isinf(values)
    if infinite.any():
        raise Problem(f"Column {name!r} is infinite in {_place(values, infinite)}: leave these cells empty, or write a number.")
    return values


def _text(values: pd.Series) -> pd.Series:
    return pd.Series([str(value) if known else None for value, known in zip(values, values.notna())], values.index, dtype="object")


def _from_text(values: pd.Series, name: str) -> pd.Series:
    """Return a column of text as dates or categories; what was meant as a number or a date and is not written as one is a `Problem`."""
    different = values.dropna().unique().tolist()
    if all(re.fullmatch(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?", text) for text in different):
        return _dates(values, name)
    if all(re.fullmatch(r"\d{1,2}[./-]\d{1,2}[./-](\d\d|\d{4})", text) for text in different):
        raise Problem(f"Column {name!r} has dates such as {different[0]!r}: write them as 2024-12-31, so that day and month are clear.")
    numbers = [text for text in different if re.fullmatch(r"[+−-]?[\d.,\s'’]*\d[\d.,\s'’]*%?|[+-]?[\d.]+[eE][+-]?\d+", text)]
    others = [text for text in different if text not in set(numbers)]
    if not others and not all(_is_number(text) for text in numbers):
        text = next(text for text in numbers if not _is_number(text))
        raise Problem(
            f"Column {name!r} has numbers written as text, such as {text!r} in {_place(values, values == text)}: "
            "write them with a decimal point and nothing else, as 1234.5."
        )
    if len(numbers) >= 10 and len(others) <= 3 and not any(re.search(r"\d", text) for text in others):
        raise Problem(
            f"Column {name!r} has numbers, but {others[0]!r} in {_place(values, values == others[0])}: "
            "leave the cell empty if the number is not known."
        )
    return _text(values)


def _dates(given: pd.Series, name: str) -> pd.Series:
    values = given
    try:
        if not types.is_datetime64_any_dtype(values):
            values = pd.to_datetime(values.astype("object"), utc=True, format="ISO8601" if types.infer_dtype(values) == "string" else None)
        if values.dt.tz is not None:
            values = values.dt.tz_convert("UTC").dt.tz_localize(None)
        return values.astype("datetime64[ns]")
    except (ValueError, OverflowError):  # one of them is pandas.errors.OutOfBoundsDatetime
        wrong = given.notna() & given.map(_is_no_date)
        wrong = wrong if wrong.any() else given.notna()
        raise Problem(
            f"Column {name!r} has {str(given[wrong].iloc[0])!r} in {_place(given, wrong)}, which is no date between 1678 and 2261: "
            "correct it or leave it empty."
        ) from None


def _is_no_date(value) -> bool:
    try:
        return not 1678 <= (value if isinstance(value, datetime.date) else pd.Timestamp(value)).year <= 2261
    except ValueError:
        return True


def _is_number(text: str) -> bool:
    try:
        return np.isfinite(float(text))
    except ValueError:
        return False


def _place(values: pd.Series, wrong: pd.Series) -> str:
    """Return "row 7", or "row 7 and 3 others"; the row below the names is row 1."""
    first, count = int(values.index[np.asarray(wrong, bool)][0]) + 1, int(np.asarray(wrong, bool).sum())
    return f"row {first}" + (f" and {count - 1:,} other{'s' * (count > 2)}" if count > 1 else "")


def _rows(count: int) -> str:
    return "1 row" if count == 1 else f"{count:,} rows"
