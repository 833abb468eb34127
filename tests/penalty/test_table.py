"""A table is read as a practitioner expects, or refused with a sentence, exit code 2 and nothing written."""

import datetime
import decimal
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import penalty.__main__ as command
from penalty.table import Problem, Table, describe, memory_needed, read_table

ROWS = 40


def frame(**columns) -> pd.DataFrame:
    """Return a table of 40 rows that can be used, with these columns besides or instead."""
    rng = np.random.default_rng(0)
    usual = {"age": rng.integers(20, 80, ROWS), "plan": ["basic", "family"] * 20, "churn": ["no", "no", "yes", "no"] * 10}
    return pd.DataFrame(usual | columns)


def with_value(name, row, value):
    """Return the table with another value in one cell; rows count from 1."""
    data = frame().astype({name: "object"})
    data.loc[row - 1, name] = value
    return data


def csv(data=None, name="table.csv", **options):
    """Return a function that writes a table as CSV."""
    return lambda: (frame() if data is None else data).to_csv(name, index=False, **options)


def text(content, name="table.csv"):
    """Return a function that writes text or bytes."""
    content = content if isinstance(content, bytes) else content.encode()
    return lambda: Path(name).write_bytes(content)


def parquet(data=None):
    """Return a function that writes a table as Parquet."""
    return lambda: (frame() if data is None else data).to_parquet("table.parquet")


def damaged():
    frame().to_parquet("table.parquet")
    whole = Path("table.parquet").read_bytes()
    Path("table.parquet").write_bytes(whole[: len(whole) // 2])


CHURN = ("table.csv", "--target", "churn")
PARQUET = ("table.parquet", "--target", "churn")
LINES = frame().to_csv(index=False)
NUMBERS = np.arange(ROWS)
# What is there, the arguments, and what is said.
BAD = {
    "no file": (csv(name="tables.csv"), CHURN, "There is no file table.csv; did you mean tables.csv?"),
    "no file like it": (csv(name="other.csv"), CHURN, "There is no file table.csv: check its name."),
    "a folder": (lambda: os.mkdir("table.csv"), CHURN, "table.csv is a folder: name a CSV or Parquet file in it."),
    "an Excel file": (
        text("PK", "table.xlsx"),
        ("table.xlsx", "--target", "churn"),
        "table.xlsx is an Excel file: save the table as CSV with commas, in UTF-8.",
    ),
    "empty": (text(""), CHURN, "table.csv is empty: name a file with a line of column names and a line for each row."),
    "only empty lines": (
        text("\n\n \n\n\n"),
        CHURN,
        "table.csv is empty: name a file with a line of column names and a line for each row.",
    ),
    "header only": (csv(frame()[:0]), CHURN, "table.csv has column names and no rows: add the rows."),
    "no header": (
        text("\n".join(f"{row},{row % 7},{row % 2}" for row in range(ROWS))),
        CHURN,
        "The first line of table.csv has numbers ('0') and no column names: add a line of names.",
    ),
    "semicolons": (csv(sep=";"), CHURN, "The values in table.csv are separated by semicolons: save the table with commas between them."),
    "semicolons and decimal commas": (
        csv(frame(age=NUMBERS / 3), sep=";", decimal=","),
        CHURN,
        "The values in table.csv are separated by semicolons: save the table with commas between them.",
    ),
    "tabs": (csv(sep="\t"), CHURN, "The values in table.csv are separated by tabs: save the table with commas between them."),
    "vertical bars": (
        csv(sep="|"),
        CHURN,
        "The values in table.csv are separated by vertical bars: save the table with commas between them.",
    ),
    "not UTF-8": (
        text(LINES.replace("family", "Büro").encode("latin-1")),
        CHURN,
        "table.csv is not UTF-8 (line 3 has the byte 0xfc): save it again as “CSV UTF-8”.",
    ),
    "UTF-16": (
        text(LINES.encode("utf-16")),
        CHURN,
        "table.csv is not UTF-8 (line 1 has the byte 0xff): save it again as “CSV UTF-8”.",
    ),
    "a line with more values": (
        text(LINES.replace("family", "family, large", 1)),
        CHURN,
        "Line 3 of table.csv has 4 values and the first line 3 names: put quotation marks around values with commas.",
    ),
    "all lines with more values": (
        text(LINES.replace("family", "family,large").replace("basic", "basic,small")),
        CHURN,
        "The rows of table.csv have more values than its first line has names: give every column a name.",
    ),
    "an open quotation mark": (
        text(LINES.replace("family", '"family', 1)),
        CHURN,
        "A quotation mark in table.csv is never closed (near line 3): close it.",
    ),
    "duplicate column names": (
        text(LINES.replace("plan", "age", 1)),
        CHURN,
        "table.csv has 2 columns named 'age': give each one a name of its own.",
    ),
    "damaged Parquet": (
        damaged,
        PARQUET,
        "table.parquet is not a whole Parquet file: save or copy it again.",
    ),
    "lists in Parquet": (
        parquet(frame(path=[[1, 2]] * ROWS)),
        PARQUET,
        "Column 'path' holds values such as array([1, 2]), neither number, text nor date: leave it out, or split it into columns.",
    ),
    "no target named": (csv(), ("table.csv",), "Say which column of table.csv is to be predicted, with --target COLUMN."),
    "target misspelled": (
        csv(),
        ("table.csv", "--target", "Chrun"),
        "table.csv has no column 'Chrun' for the target; did you mean 'churn'?",
    ),
    "target missing": (
        csv(),
        ("table.csv", "--target", "salary"),
        "table.csv has no column 'salary' for the target: name one of 'age', 'plan', 'churn'.",
    ),
    "target of one class": (
        csv(frame(churn="no")),
        CHURN,
        "The target 'churn' is 'no' in all rows, so that there is nothing to tell apart: add rows of another class.",
    ),
    "target of one number": (
        csv(frame(churn=1)),
        CHURN,
        "The target 'churn' is '1' in all rows, so that there is nothing to tell apart: add rows of another class.",
    ),
    "a class with one row": (
        csv(with_value("churn", 7, "maybe")),
        CHURN,
        "Class 'maybe' of the target 'churn' has one row only, which cannot be both trained on and tested: collect more, put classes "
        "together, or leave this row out.",
    ),
    "no value of the target": (
        csv(frame(churn=None)),
        CHURN,
        "The target 'churn' has no value in any row of table.csv: choose another column, or fill it in.",
    ),
    "target of 500 classes": (
        csv(pd.concat([frame()] * 25).assign(churn=[f"town {row // 2:03}" for row in range(1000)])),
        CHURN,
        "The target 'churn' has 500 different values, such as 'town 000', and at most 100 classes can be compared: choose another column, "
        "or put classes together.",
    ),
    "dates as target": (
        csv(frame(churn=pd.date_range("2024-01-01", periods=ROWS))),
        CHURN,
        "The target 'churn' is a date, and only numbers and classes are predicted: make it a number of days.",
    ),
    "infinite target": (
        csv(frame(churn=np.where(NUMBERS == 4, np.inf, NUMBERS / 3))),
        CHURN,
        "Column 'churn' is infinite in row 5: leave these cells empty, or write a number.",
    ),
    "infinite values": (
        csv(frame(age=np.where(NUMBERS % 10 == 4, -np.inf, NUMBERS))),
        CHURN,
        "Column 'age' is infinite in row 5 and 3 others: leave these cells empty, or write a number.",
    ),
    "decimal commas": (
        csv(frame(age=[f"{row},5" for row in range(ROWS)])),
        CHURN,
        "Column 'age' has numbers written as text, such as '0,5' in row 1: write them with a decimal point and nothing else, as 1234.5.",
    ),
    "percent signs": (
        csv(frame(age=[f"{row} %" for row in range(ROWS)])),
        CHURN,
        "Column 'age' has numbers written as text, such as '0 %' in row 1: write them with a decimal point and nothing else, as 1234.5.",
    ),
    "spaces in numbers": (
        csv(frame(age=[f"{row} 234" if row else "7" for row in range(ROWS)])),
        CHURN,
        "Column 'age' has numbers written as text, such as '1 234' in row 2: write them with a decimal point and nothing else, as 1234.5.",
    ),
    "thousands": (
        csv(frame(churn=[f"{row},000" for row in range(ROWS)])),
        CHURN,
        "Column 'churn' has numbers written as text, such as '0,000' in row 1: "
        "write them with a decimal point and nothing else, as 1234.5.",
    ),
    "a word among numbers": (
        csv(with_value("age", 3, "unknown")),
        CHURN,
        "Column 'age' has numbers, but 'unknown' in row 3: leave the cell empty if the number is not known.",
    ),
    "dates in another form": (
        csv(frame(since=[f"{row % 28 + 1}.12.2023" for row in range(ROWS)])),
        CHURN,
        "Column 'since' has dates such as '1.12.2023': write them as 2024-12-31, so that day and month are clear.",
    ),
    "a date that does not exist": (
        csv(frame(since=["2024-01-31"] * 30 + ["2024-02-31"] * 10)),
        CHURN,
        "Column 'since' has '2024-02-31' in row 31 and 9 others, which is no date between 1678 and 2261: correct it or leave it empty.",
    ),
    "a date in the year 9999": (
        csv(frame(until=["9999-12-31"] * 30 + ["2024-02-28"] * 10)),
        CHURN,
        "Column 'until' has '9999-12-31' in row 1 and 29 others, which is no date between 1678 and 2261: correct it or leave it empty.",
    ),
    "no features": (
        csv(frame()[["churn"]]),
        CHURN,
        "table.csv has no column with values besides 'churn': add the columns that the target is to be predicted from.",
    ),
    "features without values": (
        csv(frame(age=None, plan=None)),
        CHURN,
        "table.csv has no column with values besides 'churn': add the columns that the target is to be predicted from.",
    ),
    "ten rows": (
        csv(frame()[:10]),
        CHURN,
        "table.csv has only 10 rows with a target, which cannot show a difference between penalties: collect at least 20.",
    ),
    "few rows with a target": (
        csv(frame(churn=["yes", "no", *[None] * 38])),
        CHURN,
        "table.csv has only 2 rows with a target, which cannot show a difference between penalties: collect at least 20.",
    ),
    "no such time": (
        csv(),
        (*CHURN, "--time", "ages"),
        "table.csv has no column 'ages' for the time; did you mean 'age'?",
    ),
    "time of text": (
        csv(),
        (*CHURN, "--time", "plan"),
        "The time 'plan' has neither numbers nor dates such as 2024-12-31, but 'basic': choose another column.",
    ),
    "time with gaps": (
        csv(with_value("age", 9, None)),
        (*CHURN, "--time", "age"),
        "The time 'age' has no value in row 9: fill it in, or leave out the rows without one.",
    ),
    "time that stands still": (
        csv(frame(age=3)),
        (*CHURN, "--time", "age"),
        "The time 'age' is the same in all rows, so that none is earlier: choose another column.",
    ),
    "no such groups": (
        csv(),
        (*CHURN, "--groups", "plans"),
        "table.csv has no column 'plans' for the groups; did you mean 'plan'?",
    ),
    "one group": (
        csv(frame(plan="basic")),
        (*CHURN, "--groups", "plan"),
        "The groups 'plan' are the same in all rows, so that none can be held out for testing: choose another column.",
    ),
    "groups with gaps": (
        csv(with_value("plan", 9, None)),
        (*CHURN, "--groups", "plan"),
        "The groups 'plan' has no value in row 9: fill it in, or leave out the rows without one.",
    ),
    "no such column to leave out": (
        csv(),
        (*CHURN, "--leave-out", "plan", "agee"),
        "table.csv has no column 'agee' for the columns to leave out; did you mean 'age'?",
    ),
    "the target left out": (
        csv(),
        (*CHURN, "--leave-out", "churn"),
        "Column 'churn' cannot be left out, because it is asked for: take it from one of the two options.",
    ),
    "all columns left out": (
        csv(),
        (*CHURN, "--leave-out", "age", "plan"),
        "table.csv has no column with values besides 'churn': add the columns that the target is to be predicted from.",
    ),
    "time and groups": (
        csv(),
        (*CHURN, "--groups", "plan", "--time", "age"),
        "Time and groups cannot be respected together: leave out --time or --groups.",
    ),
    "the target as time": (
        csv(),
        (*CHURN, "--time", "churn"),
        "Target, time and groups have to be different columns: name another one, or leave the option out.",
    ),
    "fewer groups than folds": (
        csv(),
        (*CHURN, "--groups", "plan"),
        "5 folds are more than the 2 groups of 'plan': choose fewer with --folds.",
    ),
    "more folds than rows of a class": (
        csv(),
        (*CHURN, "--folds", "31"),
        "31 folds are more than the 30 rows of the most frequent class: choose fewer with --folds.",
    ),
    "one fold": (
        csv(),
        (*CHURN, "--folds", "1"),
        "Argument --folds: '1' is not a whole number of at least 2 (python -m penalty --help shows the options).",
    ),
    "hidden layers that are no numbers": (
        csv(),
        (*CHURN, "--hidden", "16", "eight"),
        "Argument --hidden: 'eight' is not a whole number of at least 1 (python -m penalty --help shows the options).",
    ),
    "no workers": (
        csv(),
        (*CHURN, "--workers", "0"),
        "Argument --workers: '0' is not a whole number of at least 1 (python -m penalty --help shows the options).",
    ),
    "a cost of nothing": (
        csv(),
        (*CHURN, "--costs", "0", "5"),
        "Argument --costs: '0' is not a number above 0 (python -m penalty --help shows the options).",
    ),
    "a cost that is no number": (
        csv(),
        (*CHURN, "--costs", "1", "nan"),
        "Argument --costs: 'nan' is not a number above 0 (python -m penalty --help shows the options).",
    ),
    "costs for a number": (
        csv(),
        ("table.csv", "--target", "age", "--costs", "1", "5"),
        "--costs are for a target of two classes, and 'age' is not one: leave them out.",
    ),
    "an option that is none": (
        csv(),
        (*CHURN, "--fold", "3"),
        "Unrecognized arguments: --fold 3 (python -m penalty --help shows the options).",
    ),
    "output is a file": (
        csv(),
        (*CHURN, "--output", "table.csv"),
        "table.csv is a file: choose another name for the folder of the report with --output.",
    ),
    "output in a file": (
        csv(),
        (*CHURN, "--output", "table.csv/report"),
        "table.csv is a file, so that no folder can be made in it: choose another --output.",
    ),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_gets_a_sentence_and_exit_code_2_and_nothing_is_written(kind, tmp_path, monkeypatch, capsys):
    write, arguments, sentence = BAD[kind]
    monkeypatch.chdir(tmp_path)
    write()
    before = sorted(tmp_path.rglob("*"))
    assert command.main(list(arguments)) == 2
    said = capsys.readouterr()
    assert " ".join(said.err.split()) == " ".join(sentence.split())
    assert said.out == ""
    assert sorted(tmp_path.rglob("*")) == before


def refused(arguments, capsys) -> str:
    before = sorted(os.listdir())
    assert command.main(list(arguments)) == 2
    assert sorted(os.listdir()) == before
    return " ".join(capsys.readouterr().err.split())


def test_parquet_without_its_reader(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    frame().to_parquet("table.parquet")
    for name in [name for name in sys.modules if name.startswith(("pyarrow.parquet", "fastparquet"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    monkeypatch.setitem(sys.modules, "fastparquet", None)
    sentence = "Reading table.parquet needs pyarrow: run python -m pip install pyarrow, or save the table as CSV."
    assert refused(PARQUET, capsys) == sentence


def test_a_file_that_nobody_may_read(tmp_path, monkeypatch, capsys):
    def closed(path, *arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.chdir(tmp_path)
    csv()()
    monkeypatch.setattr("penalty.table.Path.open", closed)
    assert refused(CHURN, capsys) == "table.csv cannot be read (Permission denied): check who may read it."


def test_an_output_folder_that_nobody_may_write(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    csv()()
    monkeypatch.setattr(os, "access", lambda path, mode: not (mode & os.W_OK))  # as root everything is allowed
    sentence = f"{tmp_path} cannot be written to: choose another folder for the report with --output."
    assert refused([*CHURN, "--output", "report"], capsys) == sentence


def test_more_memory_than_the_machine_has(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    csv()()
    monkeypatch.setattr(command, "_memory", lambda: 5e8)
    assert refused(CHURN, capsys) == (
        "The comparison needs about 1.1 GB of memory, and this machine has 0.5 GB: "
        "take fewer rows, columns or --workers, or a larger machine."
    )


def big(rows):
    rng = np.random.default_rng(0)
    return Table(pd.DataFrame(rng.normal(size=(rows, 4))).add_prefix("x"), rng.integers(0, 2, rows), "y", ("no", "yes"), None, None, ())


def test_the_memory_for_a_million_rows_grows_with_rows_columns_and_workers():
    million = memory_needed(big(1_000_000), splits=4)
    arrays = 4 * 1_000_000 * (31 * 2 * 4 + 4 * (8 + 4))  # outputs in single precision, inputs in double and single
    assert arrays < million < 5 * arrays + 1e9
    assert memory_needed(big(100_000), splits=4) < million / 3
    assert memory_needed(big(100_000), splits=4, workers=3) > 2.5 * memory_needed(big(100_000), splits=4)


def test_numbers_booleans_dates_and_categories_are_recognised(tmp_path):
    data = frame(
        member=[True, False] * 20,
        since=["2024-02-29"] * 39 + [None],
        seen=["2024-02-29T23:00:00+02:00", "2024-02-29T23:00:00Z"] * 20,
        street=["Elm St 1", "12", "12b", "7"] * 10,
        gap=[None, *["a", "b", "c"] * 13],
        asked=[True, None] * 20,
        empty=None,
    )
    data.to_csv(tmp_path / "table.csv", index=False)
    table = read_table(tmp_path / "table.csv", "churn")
    kinds = {"age": "f", "plan": "O", "member": "f", "since": "M", "seen": "M", "street": "O", "gap": "O", "asked": "f"}
    assert {name: dtype.kind for name, dtype in table.features.dtypes.items()} == kinds
    assert table.features["age"].tolist() == data["age"].tolist()
    assert table.features["member"].tolist() == [1, 0] * 20
    assert table.features["asked"].isna().tolist() == [False, True] * 20
    assert table.features["since"].isna().sum() == 1
    assert table.features["since"].dtype == table.features["seen"].dtype == "datetime64[ns]"
    assert table.features["seen"][:2].tolist() == [pd.Timestamp("2024-02-29 21:00"), pd.Timestamp("2024-02-29 23:00")]
    assert table.features["gap"].tolist() == [None, *["a", "b", "c"] * 13]
    assert table.features["street"].tolist() == data["street"].tolist()
    assert table.notes == ("Column 'empty' is left out, because it has no values.",)
    assert (table.classes, table.task, table.name) == (("no", "yes"), "classification", "churn")
    assert table.target.tolist() == [0, 0, 1, 0] * 10 and table.target.dtype == "int64"


def test_csv_and_parquet_with_types_of_their_own_agree(tmp_path):
    plain = frame(
        member=pd.array([True, False, None, True] * 10, dtype="object"),
        visits=pd.array([1, 2, None, 4] * 10, dtype="object"),
        price=np.arange(ROWS) / 8,
        since=pd.date_range("2024-01-01", periods=ROWS),
    )
    typed = plain.astype({"member": "boolean", "visits": "Int16", "plan": "category", "since": "datetime64[us]"})
    typed["price"] = [decimal.Decimal(int(1000 * price)) / 1000 for price in plain["price"]]
    typed["churn"] = plain["churn"].astype("string")
    plain.to_csv(tmp_path / "table.csv", index=False)
    typed.to_parquet(tmp_path / "table.parquet")
    typed.assign(since=[datetime.date(*date.timetuple()[:3]) for date in plain["since"]]).to_parquet(tmp_path / "dates.parquet")
    expected = read_table(tmp_path / "table.csv", "churn")
    (tmp_path / "without an ending").write_bytes((tmp_path / "table.parquet").read_bytes())
    for name in ("table.parquet", "dates.parquet", "without an ending"):
        table = read_table(tmp_path / name, "churn")
        pd.testing.assert_frame_equal(table.features, expected.features)
        np.testing.assert_array_equal(table.target, expected.target)


@pytest.mark.parametrize(
    ("target", "classes"),
    [
        ([0, 1] * 20, ("0", "1")),
        ([10, 9, 2, 2] * 10, ("2", "9", "10")),  # as numbers, not as text
        ([True, False] * 20, ("False", "True")),
        (["b", "a"] * 20, ("a", "b")),
        (list(range(20)) * 2, tuple(map(str, range(20)))),
        (list(range(21)) + list(range(19)), ()),
        ([0.5, 1] * 20, ()),
    ],
)
def test_a_target_is_of_classes_or_a_number(tmp_path, target, classes):
    frame(churn=target).to_csv(tmp_path / "table.csv", index=False)
    table = read_table(tmp_path / "table.csv", "churn")
    assert table.classes == classes and table.task == ("classification" if classes else "regression")
    assert ([table.classes[code] for code in table.target] if classes else table.target.tolist()) == (
        [str(value) for value in target] if classes else target
    )


def test_rows_without_a_target_are_left_out_and_said(tmp_path):
    with_value("churn", 2, None).to_csv(tmp_path / "table.csv", index=False)
    table = read_table(tmp_path / "table.csv", "churn")
    assert table.notes == ("1 row without a value of 'churn' is left out.",)
    assert len(table.target) == len(table.features) == 39
    assert table.features["age"].tolist() == frame()["age"].drop(1).tolist()


def test_more_columns_than_rows_is_a_note(tmp_path):
    rng = np.random.default_rng(0)
    frame(**{f"x{number}": rng.normal(size=ROWS) for number in range(50)}).to_csv(tmp_path / "table.csv", index=False)
    (note,) = read_table(tmp_path / "table.csv", "churn").notes
    assert note == "There are more columns (52) than rows (40), so that chance weighs heavily."


def test_text_alone_is_allowed(tmp_path):
    frame()[["plan", "churn"]].to_csv(tmp_path / "table.csv", index=False)
    assert read_table(tmp_path / "table.csv", "churn").features.columns.tolist() == ["plan"]


@pytest.mark.parametrize("dates", [False, True])
def test_rows_are_sorted_by_time(tmp_path, dates):
    rng = np.random.default_rng(0)
    day = rng.integers(0, 20, ROWS)
    frame(day=pd.Timestamp("2024-01-01") + pd.to_timedelta(day, "D") if dates else day).to_csv(tmp_path / "table.csv", index=False)
    table = read_table(tmp_path / "table.csv", "churn", time="day")
    order = np.argsort(day, kind="stable")
    assert "day" not in table.features and table.features.index.tolist() == list(range(ROWS))
    assert table.time.tolist() == np.unique(day, return_inverse=True)[1][order].tolist()
    assert table.features["age"].tolist() == frame()["age"][order].tolist()
    assert [table.classes[code] for code in table.target] == frame()["churn"][order].tolist()


def test_groups_are_codes_and_no_feature(tmp_path):
    frame(clinic=["x", "y", "z", "x"] * 10).to_csv(tmp_path / "table.csv", index=False)
    table = read_table(tmp_path / "table.csv", "churn", groups="clinic")
    assert table.groups.tolist() == [0, 1, 2, 0] * 10 and "clinic" not in table.features and table.time is None


def test_a_byte_order_mark_and_spaces_after_commas_do_not_matter(tmp_path):
    (tmp_path / "table.csv").write_text(LINES.replace(",", ", "), encoding="utf-8-sig")
    table = read_table(tmp_path / "table.csv", "churn")
    assert table.features.columns.tolist() == ["age", "plan"]
    assert table.classes == ("no", "yes")


def test_a_problem_can_be_caught(tmp_path):
    with pytest.raises(Problem, match="There is no file"):
        read_table(tmp_path / "table.csv", "churn")


def test_the_description_of_classes(tmp_path):
    data = frame(since=pd.date_range("2024-01-01", periods=ROWS)).astype({"age": "object"})
    data.loc[:3, "age"] = None
    data["churn"] = ["yes"] * 10 + ["no"] * 30
    data.to_csv(tmp_path / "table.csv", index=False)
    age = data["age"].dropna().astype(int)
    assert (
        describe(read_table(tmp_path / "table.csv", "churn"))
        == f"""\
target  rows  numbers  categories  dates  missing values
churn     40        1           1      1            3.3%

column  type      different  missing  values
age     number           {age.nunique()}        4  {age.min()} ... {age.max()}, median {age.median():g}
plan    category          2        0  mostly basic (50%)
since   date             40        0  2024-01-01 ... 2024-02-09

class of churn  rows  share
no                30  75.0%
yes               10  25.0%

predicting the base rate   score
cross-entropy             0.5623
accuracy                    0.75"""
    )


def test_the_description_of_a_number(tmp_path):
    frame(churn=NUMBERS / 10).to_csv(tmp_path / "table.csv", index=False)
    lines = describe(read_table(tmp_path / "table.csv", "churn")).split("\n")
    assert lines[-5].split() == ["target", "mean", "standard", "deviation", "lowest", "median", "highest"]
    assert lines[-4].split() == ["churn", "1.95", "1.154", "0", "1.95", "3.9"]
    assert lines[-1].split() == ["mean", "squared", "error", "1.333"]  # (40² − 1)/12/100 = 1.3325


def test_a_description_is_short_and_narrow_however_large_the_table():
    rng = np.random.default_rng(0)
    features = pd.DataFrame(rng.lognormal(10, 3, (200, 300))).add_prefix("a column with a long name, ")
    table = Table(features, np.arange(200) % 80, "a target with a long name", tuple(map(str, range(80))), None, None, ())
    lines = describe(table).split("\n")
    assert len(lines) < 60 and max(map(len, lines)) <= 100
    assert "... and 280 columns more" in lines and "... and 60 classes more" in lines
