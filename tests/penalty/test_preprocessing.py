"""What the preprocessing makes of columns, and that it learns from training rows only."""

import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline

from penalty.preprocessing import columns_of, make_preprocessing


def made(rows=120, seed=0):
    """Return features of each type with missing values, rare categories, a constant and an identifier."""
    rng = np.random.default_rng(seed)
    features = pd.DataFrame({"age": rng.normal(50, 10, rows), "one_1": np.full(rows, 3.0), "visits": rng.poisson(2, rows).astype(float)})
    features["plan"] = pd.Series(rng.choice(np.array(["a", "b", "c", "rare", None], dtype=object), rows, p=[0.5, 0.2, 0.2, 0.05, 0.05]))
    features["one"] = pd.Series([f"id {row}" for row in range(rows)], dtype="object")
    features["since"] = (pd.Timestamp("2023-11-05") + pd.to_timedelta(rng.integers(0, 500, rows), unit="D")).astype("datetime64[ns]")
    features = features.astype({"plan": "object"})
    features.loc[rng.random(rows) < 0.1, "age"] = np.nan
    features.loc[rng.random(rows) < 0.1, "since"] = pd.NaT
    return features


def of(preprocessing, X, column):
    return X[:, [name == column for name in columns_of(preprocessing)]]


def test_numbers_get_the_median_and_are_standardized():
    features = made()
    preprocessing = make_preprocessing(features)
    X = preprocessing.fit_transform(features)
    filled = features["age"].fillna(features["age"].median())
    expected = (filled - filled.mean()) / filled.std(ddof=0)
    number, missing = of(preprocessing, X, "age").T
    np.testing.assert_allclose(number, expected)
    np.testing.assert_array_equal(missing, features["age"].isna())
    assert of(preprocessing, X, "visits").shape[1] == 1  # nothing is missing


def test_days_are_standardized_whatever_day_they_are_counted_from():
    features = made()
    preprocessing = make_preprocessing(features)
    X = preprocessing.fit_transform(features)
    days = (features["since"] - pd.Timestamp("2000-01-01")) / pd.Timedelta(days=1)
    days = days.fillna(days.median())
    np.testing.assert_allclose(of(preprocessing, X, "since")[:, 0], (days - days.mean()) / days.std(ddof=0))


@pytest.mark.parametrize("part", ["weekday", "month"])
def test_weekday_and_month_are_categories(part):
    features = made(rows=3000).dropna()
    preprocessing = make_preprocessing(features).fit(features)
    names = preprocessing.get_feature_names_out()
    X = preprocessing.transform(features)[:, [name.startswith(f"{part}__") for name in names]]
    assert X.shape[1] == {"weekday": 7, "month": 12}[part]
    assert (X.sum(axis=1) == 1).all()
    first = X.argmax(axis=1) + (part == "month")
    assert first.tolist() == [getattr(date, part)() if part == "weekday" else date.month for date in features["since"]]


def test_a_category_is_an_input_of_0_or_1_and_rare_ones_share_one():
    features = made(rows=400)
    preprocessing = make_preprocessing(features)
    X = of(preprocessing, preprocessing.fit_transform(features), "plan")
    kept = [value for value, count in features["plan"].value_counts().items() if count >= 10]
    assert set(kept) == {"a", "b", "c", "rare"} and X.shape[1] == 5  # and missing
    assert set(np.unique(X)) == {0, 1} and (X.sum(axis=1) == 1).all()
    some = features[:120]
    preprocessing = make_preprocessing(some)
    X = of(preprocessing, preprocessing.fit_transform(some), "plan")
    assert X.shape[1] == 4  # "rare" and missing are together now
    np.testing.assert_array_equal(X[:, 3], some["plan"].isna() | (some["plan"] == "rare"))


def test_a_column_has_at_most_30_inputs():
    rng = np.random.default_rng(0)
    features = pd.DataFrame({"town": pd.Series(rng.integers(0, 60, 3000).astype(str), dtype="object")})
    assert make_preprocessing(features).fit_transform(features).shape == (3000, 30)


def test_inputs_are_named_by_their_columns():
    features = made()
    preprocessing = make_preprocessing(features).fit(features)
    columns = columns_of(preprocessing)
    assert len(columns) == len(preprocessing.get_feature_names_out())
    for row in range(5):  # what changes in the inputs when one column changes is that column's
        for column in features:
            changed = features.copy()
            changed.loc[row, column] = {"f": 77.0, "M": pd.Timestamp("2024-07-03"), "O": "b"}[features[column].dtype.kind]
            different = (preprocessing.transform(changed) != preprocessing.transform(features)).any(axis=0)
            assert {columns[place] for place in np.flatnonzero(different)} <= {column}
    assert set(columns) == set(features)  # identifiers too


@pytest.mark.parametrize("kind", ["number", "category", "date"])
def test_columns_of_one_kind_suffice(kind):
    features = made()[{"number": ["age"], "category": ["plan"], "date": ["since"]}[kind]]
    preprocessing = make_preprocessing(features)
    assert preprocessing.fit_transform(features).shape == (120, len(columns_of(preprocessing)))


def test_any_row_becomes_finite_numbers():
    features = made()
    preprocessing = make_preprocessing(features).fit(features)
    new = pd.DataFrame(
        {
            "age": [np.nan, 1e300, -1e300],
            "one_1": [np.nan, 1e12, 3],
            "visits": [np.nan, 1e308, 0],
            "plan": pd.Series([None, "new", "a"], dtype="object"),
            "one": pd.Series([None, "new", "id 1"], dtype="object"),
            "since": pd.Series([pd.NaT, pd.Timestamp("1700-01-01"), pd.Timestamp("2250-01-01")], dtype="datetime64[ns]"),
        }
    )
    X = preprocessing.transform(new)
    assert X.dtype == np.float64 and isinstance(X, np.ndarray)
    assert np.isfinite(X).all() and np.abs(X).max() == 10


def test_a_fold_may_miss_all_values_of_a_column():
    features = made()
    preprocessing = make_preprocessing(features)
    some = features.assign(age=np.nan, plan=pd.Series([None] * len(features), dtype="object"), since=pd.NaT).astype(features.dtypes)
    preprocessing.fit(some)
    assert np.isfinite(preprocessing.transform(features)).all()


@pytest.mark.parametrize("seed", range(30))
def test_some_rows_never_make_more_inputs_than_all(seed):
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(30, 400))
    features = made(rows, seed)
    for column in range(4):
        share = rng.random() ** 3 + 0.001
        values = np.minimum(rng.geometric(share, rows), 80).astype(str).astype("object")
        values[rng.random(rows) < rng.choice([0, 0.02, 0.3])] = None
        features[f"category {column}"] = pd.Series(values, dtype="object")
        numbers = rng.normal(size=rows)
        numbers[rng.random(rows) < rng.choice([0, 0.01, 0.9])] = np.nan
        features[f"number {column}"] = numbers
    number = make_preprocessing(features).fit_transform(features).shape[1]
    for _ in range(5):
        some = features.iloc[rng.permutation(rows)[: rng.integers(2, rows)]]
        assert make_preprocessing(some).fit_transform(some).shape[1] <= number


class Spy(BaseEstimator):
    """A transformer that notes which rows it is fitted on, by the numbers in its first column, and passes them on."""

    seen: list = []  # noqa: RUF012

    def fit(self, X, y=None):
        Spy.seen.append(frozenset(np.asarray(X)[:, 0].tolist()))
        return self

    def transform(self, X):
        return X

    def get_feature_names_out(self, names=None):
        return names


def test_nothing_is_learned_from_rows_that_are_held_out(monkeypatch):
    import penalty.preprocessing

    standardized, Spy.seen = penalty.preprocessing._standardized, []
    monkeypatch.setattr(penalty.preprocessing, "_standardized", lambda: [Spy(), *standardized()])
    rows = np.arange(100.0)
    features = pd.DataFrame({"row": rows, "plan": pd.Series(["a", "b"] * 50, dtype="object")})
    y = (rows % 3 == 0).astype(int)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    cross_val_score(make_pipeline(make_preprocessing(features), LogisticRegression()), features, y, cv=folds)
    assert Spy.seen == [frozenset(rows[train].tolist()) for train, _ in folds.split(rows, y)]


def test_making_it_looks_at_names_and_types_only():
    features = made()
    other = made(seed=5)[:3]
    assert repr(make_preprocessing(features)) == repr(make_preprocessing(other))


def test_what_is_fitted_is_loaded_without_this_package(tmp_path):
    features = made()
    preprocessing = make_preprocessing(features).fit(features)
    joblib.dump(preprocessing, tmp_path / "preprocessing.joblib")
    features.to_pickle(tmp_path / "rows.pickle")
    code = (
        "import sys, joblib, pandas, numpy; sys.modules['penalty'] = None;"
        "numpy.save('X.npy', joblib.load('preprocessing.joblib').transform(pandas.read_pickle('rows.pickle')))"
    )
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "X.npy"), preprocessing.transform(features))
