"""Data sets of scikit-learn from file to verdict, beside scikit-learn's own answers; nothing is tuned to them."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from penalty.compare import METHODS, Settings, compare
from penalty.folds import inner_folds
from penalty.preprocessing import make_preprocessing
from penalty.table import read_table
from penalty.verdict import verdict

SETTINGS = Settings(folds=3, repeats=1, inner_folds=3, hidden_layer_sizes=(8,), epochs=60, factors=(0.003, 0.03))
SETS = {"breast cancer": load_breast_cancer, "wine": load_wine, "digits": load_digits, "diabetes": load_diabetes}


@pytest.fixture(scope="module", params=SETS)
def found(request, tmp_path_factory):
    """The comparison of one data set, read from a CSV file; of the digits every sixth row."""
    path = tmp_path_factory.mktemp("sets") / "table.csv"
    data = SETS[request.param](as_frame=True).frame
    data.iloc[:: 6 if request.param == "digits" else 1].to_csv(path, index=False)
    return compare(read_table(path, "target"), SETTINGS)


def _loss(table, rows, model, X):
    if table.classes:
        return log_loss(table.target[rows], model.predict_proba(X), labels=range(len(table.classes)))
    return mean_squared_error(table.target[rows], model.predict(X))


def test_base_rate_is_that_of_scikit_learns_dummy(found):
    table = found.table
    for train, test, loss in zip(found.train, found.test, found.base_losses):
        dummy = DummyClassifier(strategy="prior") if table.classes else DummyRegressor()
        dummy.fit(np.zeros((len(train), 1)), table.target[train])
        assert loss == pytest.approx(_loss(table, test, dummy, np.zeros((len(test), 1))), rel=1e-6)


def test_linear_model_is_that_of_scikit_learns_grid_search(found):
    table, name = found.table, "C" if found.table.classes else "alpha"
    model = LogisticRegression(max_iter=10_000) if table.classes else Ridge()
    for train, test, losses in zip(found.train, found.test, found.losses):
        seen, place = table.features.iloc[train].reset_index(drop=True), {row: k for k, row in enumerate(train)}
        folds = [([place[row] for row in a], [place[row] for row in b]) for a, b in inner_folds(table, train, 3, SETTINGS.seed)]
        scoring = "neg_log_loss" if table.classes else "neg_mean_squared_error"
        grid = {f"{type(model).__name__.lower()}__{name}": found.linear}
        search = GridSearchCV(make_pipeline(make_preprocessing(seen), model), grid, scoring=scoring, cv=folds).fit(
            seen, table.target[train]
        )
        loss = _loss(table, test, search, table.features.iloc[test])
        assert losses[METHODS.index("linear model")] == pytest.approx(loss, rel=1e-3)


def test_networks_learn_and_the_verdict_is_made_of_numbers(found):
    assert np.isfinite(found.losses).all() and np.isfinite(found.inner).all()
    assert found.losses[:, METHODS.index("L2")].mean() < 0.9 * found.base_losses.mean()
    said = " ".join(verdict(found).sentences)
    assert "base rate" in said or "the mean" in said
    assert "nan" not in said
