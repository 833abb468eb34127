"""What could mislead is found where it is, and not where it is not."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine

from penalty.findings import Finding, findings
from penalty.table import Table

ROWS = 200


def made(**columns) -> Table:
    """Return a table of 200 rows in which nothing misleads, with these columns besides or instead (target, classes, ... included)."""
    rng = np.random.default_rng(0)
    fields = {"target": rng.integers(0, 2, ROWS), "classes": ("no", "yes"), "groups": None, "time": None}
    fields |= {name: columns.pop(name) for name in list(columns) if name in fields}
    features = {"age": np.round(rng.normal(50, 10, ROWS)), "income": rng.lognormal(7, 1, ROWS), "plan": rng.choice(["a", "b", "c"], ROWS)}
    features = pd.DataFrame({name: pd.Series(values, dtype=_type(values)) for name, values in (features | columns).items()})
    return Table(features, name="churn", notes=(), **fields)


def _type(values):
    return {"U": "object", "O": "object", "M": "datetime64[ns]"}.get(np.asarray(values).dtype.kind, "float64")


def kinds(table, folds=5):
    return [(finding.kind, finding.column) for finding in findings(table, folds)]


RNG = np.random.default_rng(1)
TARGET = made().target
NUMBER = RNG.normal(size=ROWS)  # as a target
PATIENT = np.repeat(np.arange(50), 4)
DATES = pd.date_range("2023-01-01", periods=ROWS).to_numpy()


def test_nothing_is_found_where_nothing_misleads():
    assert kinds(made()) == []
    assert kinds(made(target=NUMBER, classes=())) == []


@pytest.mark.parametrize(
    ("kind", "column", "there", "not_there"),
    [
        pytest.param("leak", "x", {"x": TARGET * 3 + RNG.random(ROWS)}, {"x": TARGET + RNG.normal(size=ROWS)}, id="leak: a number"),
        pytest.param(
            "leak", "x", {"x": np.where(TARGET, "left", "here")}, {"x": RNG.choice(["left", "here"], ROWS)}, id="leak: a category"
        ),
        pytest.param(
            "leak",
            "x",
            {"x": np.where(TARGET, DATES[::-1], np.datetime64("NaT"))},
            {"x": np.where(RNG.random(ROWS) < 0.5, DATES[::-1], np.datetime64("NaT"))},
            id="leak: a date that is missing",
        ),
        pytest.param(
            "leak",
            "x",
            {"target": NUMBER, "classes": (), "x": 100 * NUMBER + RNG.normal(size=ROWS)},
            {"target": NUMBER, "classes": (), "x": NUMBER + RNG.normal(size=ROWS)},
            id="leak: a numeric target",
        ),
        pytest.param(
            "identifier",
            "x",
            {"x": [f"member {row:04}" for row in range(ROWS)]},
            {"x": [f"street {row % 20}" for row in RNG.permutation(ROWS)]},
            id="identifier: text",
        ),
        pytest.param(
            "identifier",
            "x",
            {"x": 1000 + RNG.permutation(ROWS)},
            {"x": RNG.permutation(ROWS) * 1.5},
            id="identifier: whole numbers",
        ),
        pytest.param(
            "identifier",
            "member_id",
            {"member_id": RNG.choice(10**9, ROWS, replace=False)},
            {"member_paid": RNG.choice(10**9, ROWS, replace=False)},
            id="identifier: by its name",
        ),
        pytest.param(
            "groups",
            "x",
            {"x": np.char.add("patient ", PATIENT.astype(str)), "target": PATIENT % 2},
            {"x": np.char.add("patient ", PATIENT.astype(str))},
            id="groups: text",
        ),
        pytest.param(
            "groups",
            "x",
            {"x": PATIENT, "target": NUMBER[PATIENT] + 0.1 * NUMBER, "classes": ()},
            {"x": PATIENT, "target": NUMBER, "classes": ()},
            id="groups: codes, numeric target",
        ),
        pytest.param(
            "groups",
            "x",
            {"x": PATIENT, "target": PATIENT % 2},
            {"x": np.where(TARGET, RNG.integers(1, 40, ROWS), 0)},
            id="groups: an amount that is mostly zero",
        ),
        pytest.param(
            "groups",
            "x",
            {"x": PATIENT, "target": PATIENT % 2},
            {"x": PATIENT, "target": PATIENT % 2, "groups": PATIENT},
            id="groups: named already",
        ),
        pytest.param("time", "x", {"x": DATES}, {"x": DATES, "time": np.arange(ROWS)}, id="dates"),
        pytest.param("spelling", "x", {"x": ["Card", "card"] * 100}, {"x": ["Cash", "card"] * 100}, id="spelling"),
        pytest.param("spelling", "churn", {"classes": ("No", "no ")}, {"classes": ("No", "none")}, id="spelling of a class"),
        pytest.param("constant", "x", {"x": np.full(ROWS, 7)}, {"x": [7] * (ROWS - 1) + [8]}, id="constant number"),
        pytest.param("constant", "x", {"x": ["a"] * ROWS}, {"x": ["a"] * 150 + [None] * 50}, id="constant text"),
        pytest.param(
            "rare class",
            None,
            {"target": np.repeat([0, 1, 2], [100, 96, 4]), "classes": ("a", "b", "c")},
            {"target": np.repeat([0, 1, 2], [100, 95, 5]), "classes": ("a", "b", "c")},
            id="rare class",
        ),
        pytest.param(
            "imbalance",
            None,
            {"target": np.repeat([0, 1], [185, 15])},
            {"target": np.repeat([0, 1], [150, 50])},
            id="imbalance",
        ),
    ],
)
def test_what_misleads_is_found_and_its_counterpart_is_not(kind, column, there, not_there):
    assert (kind, column) in kinds(made(**there))
    assert kind not in dict(kinds(made(**not_there)))


def test_copies_of_rows_are_found_and_equal_rows_of_few_values_are_not():
    table = made()
    again = np.r_[np.arange(ROWS), 3, 3, 8]
    copied = Table(table.features.iloc[again].reset_index(drop=True), table.target[again], "churn", table.classes, None, None, ())
    (finding,) = findings(copied)
    assert finding.kind == "duplicates" and finding.startswith("3 rows of 203 repeat an earlier row")
    few = Table(table.features[["plan"]], table.target, "churn", table.classes, None, None, ())
    assert kinds(few) == []
    other = copied.target.copy()
    other[[3, 8]] = 1 - other[[3, 8]]  # equal features with another target are no copies
    found = findings(Table(copied.features, other, "churn", table.classes, None, None, ()))
    assert [finding[:20] for finding in found] == ["1 row of 203 repeats"]  # two rows are copies of row 3, and equal each other


def test_a_finding_is_a_sentence_with_a_kind_and_a_column():
    (finding,) = findings(made(x=np.where(TARGET, "left", "here")))
    assert isinstance(finding, str) and isinstance(finding, Finding)
    assert finding == (
        "Column 'x' alone predicts the target almost perfectly (AUC 1.000 on held-out rows): "
        "is it a leak, known only after the target is? Then leave it out."
    )
    assert (finding.kind, finding.column) == ("leak", "x")


@pytest.mark.parametrize("load", [load_breast_cancer, load_wine, load_digits, load_diabetes])
def test_real_tables_have_no_leak_identifier_or_groups(load):
    data = load(as_frame=True)
    classes = () if load is load_diabetes else tuple(map(str, data.target_names))
    found = kinds(Table(data.data.astype("float64"), data.target.to_numpy(), "target", classes, None, None, ()))
    assert {kind for kind, _ in found} <= {"constant"}  # pixels of digits that are always white
    assert len(found) == (3 if load is load_digits else 0)
