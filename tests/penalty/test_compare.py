"""A comparison is what scikit-learn and separate fits say it is."""

import subprocess
import sys
import warnings
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import accuracy_score, log_loss, mean_squared_error, r2_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedGroupKFold,
    StratifiedKFold,
    TimeSeriesSplit,
)
from sklearn.pipeline import make_pipeline

from penalty import parts
from penalty.compare import METHODS, Comparison, Settings, compare, plan
from penalty.estimator import PenalizedClassifier, PenalizedRegressor
from penalty.folds import inner_folds, outer_folds
from penalty.preprocessing import make_preprocessing
from penalty.table import Problem, Table

SHORT = Settings(folds=3, repeats=1, inner_folds=2, hidden_layer_sizes=(3,), epochs=40, factors=(0.003, 0.03, 0.3))
KINDS = ("two classes", "three classes", "number")


def table_of(kind: str = "two classes", rows: int = 90, groups: bool = False, time: bool = False) -> Table:
    """Return a table with two numbers (some missing) and a category, of which the target depends on one number and the category."""
    rng = np.random.default_rng(7)
    features = pd.DataFrame(rng.normal(size=(rows, 2)), columns=["size", "age"])
    features["plan"] = pd.Series(rng.choice(["basic", "family", "student"], rows), dtype=object)
    score = 2 * features["size"] + (features["plan"] == "family") + rng.normal(size=rows)
    features.loc[rng.random(rows) < 0.1, "age"] = np.nan
    if kind == "number":
        target, classes = 50 + 10 * score.to_numpy(), ()
    else:
        number = 2 if kind == "two classes" else 3
        target = np.digitize(score, np.quantile(score, np.arange(1, number) / number))
        classes = ("a", "b", "c")[:number]
    codes, ranks = np.arange(rows) // 4, np.arange(rows) // 5  # five rows happen at the same time
    return Table(features, target, "target", classes, codes if groups else None, ranks if time else None, ())


@pytest.fixture(scope="module", params=KINDS)
def made(request) -> Comparison:
    return compare(table_of(request.param), SHORT)


def same(one: Comparison, other: Comparison) -> bool:
    return all(
        np.array_equal(getattr(one, field.name), getattr(other, field.name), equal_nan=True)
        for field in fields(Comparison)
        if isinstance(getattr(one, field.name), np.ndarray)
    )


def test_outer_folds_are_those_of_scikit_learn():
    rows = np.arange(90)
    for kind, splitter in [("two classes", RepeatedStratifiedKFold), ("three classes", RepeatedStratifiedKFold), ("number", RepeatedKFold)]:
        table = table_of(kind)
        expected = list(splitter(n_splits=4, n_repeats=2, random_state=5).split(rows, table.target))
        found = outer_folds(table, 4, 2, 5)
        assert len(found) == 8
        np.testing.assert_equal(found, expected)
    for kind, splitter in [("three classes", StratifiedGroupKFold), ("number", GroupKFold)]:
        table = table_of(kind, groups=True)
        expected = [
            fold for seed in (5, 6) for fold in splitter(4, shuffle=True, random_state=seed).split(rows, table.target, table.groups)
        ]
        np.testing.assert_equal(outer_folds(table, 4, 2, 5), expected)
    table = replace(table_of(time=True), time=rows)
    np.testing.assert_equal(outer_folds(table, 4, 1, 5), list(TimeSeriesSplit(4).split(rows)))


def test_inner_folds_are_those_of_scikit_learn_within_the_training_rows():
    table = table_of("three classes")
    train = outer_folds(table, 3, 1, 0)[1][0]
    expected = StratifiedKFold(4, shuffle=True, random_state=0).split(train, table.target[train])
    np.testing.assert_equal(inner_folds(table, train, 4, 0), [(train[one], train[other]) for one, other in expected])


@pytest.mark.parametrize("kind", KINDS)
def test_no_row_is_trained_on_and_tested_on_groups_stay_together_and_time_goes_forward(kind):
    for table in (table_of(kind), table_of(kind, groups=True), table_of(kind, time=True)):
        outer = outer_folds(table, 3, 1, 0)
        for train, test in outer:
            within = inner_folds(table, train, 3, 0)
            for one, other in [(train, test), *within]:
                assert not set(one) & set(other)
                if table.groups is not None:
                    assert not set(table.groups[one]) & set(table.groups[other])
                if table.time is not None:
                    assert table.time[one].max() < table.time[other].min()
            assert all(set(one) | set(other) <= set(train) for one, other in within)


def test_the_same_time_is_not_the_past():
    table = table_of(time=True)  # five rows at each time; the first fold tests on row 24 and 21 more
    first, _ = outer_folds(table, 3, 1, 0)[0]
    plain, test = next(TimeSeriesSplit(3).split(np.arange(90)))
    assert len(first) < len(plain)
    assert table.time[plain].max() == table.time[test].min()


def test_the_preprocessing_is_fitted_on_training_rows_only_in_every_split(monkeypatch):
    table, seen = table_of(), []

    class Spy(ColumnTransformer):
        def fit(self, X, y=None):
            seen.append((X.index.to_numpy(), y))
            return super().fit(X, y)

    def spying(features):
        plain = make_preprocessing(features)
        return Spy(plain.transformers, **{k: v for k, v in plain.get_params(deep=False).items() if k != "transformers"})

    monkeypatch.setattr(parts, "make_preprocessing", spying)
    parts.train_part(table, SHORT, 1, 5)
    train, _ = outer_folds(table, 3, 1, 0)[1]
    expected = [*[rows for rows, _ in inner_folds(table, train, 2, 0)], train]
    np.testing.assert_equal([rows for rows, _ in seen], expected)
    assert all(y is None for _, y in seen)


def prepared(table: Table, train: np.ndarray) -> np.ndarray:
    return make_preprocessing(table.features).fit(table.features.iloc[train]).transform(table.features)


def loss_of(table: Table, test: np.ndarray, model, X: np.ndarray) -> float:
    """Return what scikit-learn calls the loss of a fitted model on the test rows."""
    if table.classes:
        return log_loss(table.target[test], model.predict_proba(X[test]), labels=range(len(table.classes)))
    return mean_squared_error(table.target[test], model.predict(X[test]))


def network(table: Table, settings: Settings, fold: int, **parameters):
    kind = PenalizedClassifier if table.classes else PenalizedRegressor
    parameters = {"epochs": settings.epochs} | parameters
    return kind(hidden_layer_sizes=settings.hidden_layer_sizes, random_state=settings.seed + 100 * (fold + 1), **parameters)


def test_the_loss_of_each_setting_is_that_of_the_estimator_fitted_apart(made):
    for fold, setting in [(0, 0), (0, 2), (1, 5), (2, 8)]:
        train, test = made.train[fold], made.test[fold]
        X = prepared(made.table, train)
        model = network(made.table, SHORT, fold, l1=made.l1[setting], l2=made.l2[setting]).fit(X[train], made.table.target[train])
        assert made.outer_curve[fold, setting] == pytest.approx(loss_of(made.table, test, model, X), rel=1e-3)
        largest = np.abs(model.model_.layers[0].kernel.numpy()).max(axis=1)  # of the inputs: size, age, age is missing, plans
        expected = [largest[0], largest[1:3].max(), largest[3:].max()]
        np.testing.assert_allclose(made.largest_weight[fold, setting], expected, atol=2e-3)


def test_inner_losses_are_those_of_the_estimator_fitted_apart(made):
    train = made.train[1]
    one, other = inner_folds(made.table, train, 2, 0)[1]
    X = prepared(made.table, one)
    model = network(made.table, SHORT, 1, l1=made.l1[8], l2=made.l2[8]).fit(X[one], made.table.target[one])
    assert made.inner[1, 1, 8] == pytest.approx(loss_of(made.table, other, model, X), rel=1e-3)
    assert made.l1[8] == made.l2[8] == 0.015  # a real mix


def test_early_stopping_takes_the_epoch_with_the_lowest_inner_loss_and_scores_the_refit_there():
    table, settings = table_of(), replace(SHORT, hidden_layer_sizes=(16,), epochs=300, factors=(0.03,))
    part, checkpoints = parts.train_part(table, settings, 0, 6), plan(table, settings).checkpoints
    chosen, means = part["chosen"][METHODS.index("early stopping")], part["stopping"].mean(axis=0)
    assert means[chosen] == means.min()
    assert checkpoints[chosen] < 300  # or the test would say nothing about the refit
    train, test = outer_folds(table, 3, 1, 0)[0]
    X = prepared(table, train)
    model = network(table, settings, 0, epochs=int(checkpoints[chosen])).fit(X[train], table.target[train])
    assert part["losses"][METHODS.index("early stopping")] == pytest.approx(loss_of(table, test, model, X), rel=1e-3)


def test_the_last_epoch_of_early_stopping_is_no_penalty(made):
    assert made.checkpoints[-1] == SHORT.epochs
    np.testing.assert_array_equal(made.stopping[:, :, -1], made.inner[:, :, 0])


def test_each_penalty_is_tuned_in_the_inner_folds_alone(made):
    for number, name in enumerate(METHODS[:4]):
        own = np.flatnonzero(np.array(made.penalty) == name)
        best = own[made.inner[:-1].mean(axis=1)[:, own].argmin(axis=1)]
        np.testing.assert_array_equal(made.chosen[:, number], best)
        np.testing.assert_allclose(made.losses[:, number], made.outer_curve[np.arange(len(best)), best], rtol=1e-12)
    assert made.penalty == ("none", *["L1"] * 3, *["L2"] * 3, *["L1L2"] * 3)


def test_the_linear_model_is_that_of_a_grid_search(made):
    table, regression = made.table, not made.table.classes
    model, name = (Ridge(), "ridge__alpha") if regression else (LogisticRegression(max_iter=1000), "logisticregression__C")
    score = "neg_mean_squared_error" if regression else "neg_log_loss"
    for fold, (train, test) in enumerate(zip(made.train, made.test)):
        places = [(np.searchsorted(train, one), np.searchsorted(train, other)) for one, other in inner_folds(table, train, 2, 0)]
        pipeline = make_pipeline(make_preprocessing(table.features), model)
        search = GridSearchCV(pipeline, {name: made.linear}, scoring=score, cv=places)
        search.fit(table.features.iloc[train], table.target[train])
        inner = [-search.cv_results_[f"split{k}_test_score"] for k in range(2)]
        np.testing.assert_allclose(made.linear_inner[fold], inner, rtol=1e-6)
        assert made.chosen[fold, 5] == search.best_index_
        assert made.losses[fold, 5] == pytest.approx(-search.score(table.features.iloc[test], table.target[test]), rel=1e-6)


def test_losses_accuracies_and_the_base_rate_are_those_of_scikit_learn(made):
    table = made.table
    for fold, (train, test) in enumerate(zip(made.train, made.test)):
        truth = table.target[test]
        for number in range(len(METHODS)):
            said = made.predictions[number, test]
            if table.classes:
                loss, accuracy = log_loss(truth, said, labels=range(len(table.classes))), accuracy_score(truth, said.argmax(axis=1))
            else:
                loss, accuracy = mean_squared_error(truth, said[:, 0]), r2_score(truth, said[:, 0])
            assert made.losses[fold, number] == pytest.approx(loss, rel=1e-5)
            assert made.accuracies[fold, number] == pytest.approx(accuracy, rel=1e-5)
        if table.classes:
            base = DummyClassifier(strategy="prior").fit(train[:, None], table.target[train]).predict_proba(test[:, None])
            assert made.base_losses[fold] == pytest.approx(log_loss(truth, base))
        else:
            assert made.base_losses[fold] == pytest.approx(np.mean((truth - table.target[train].mean()) ** 2))


@pytest.mark.parametrize("kind", KINDS)
def test_without_hidden_layers_l2_approaches_the_linear_model_of_scikit_learn(kind):
    table = table_of(kind)
    settings = replace(SHORT, hidden_layer_sizes=(), epochs=1500, factors=(0.01, 0.1))
    width = prepared(table, np.arange(90)).shape[1]
    curve = parts.train_part(table, settings, 0, width)["outer_curve"]
    train, test = outer_folds(table, 3, 1, 0)[0]
    X = prepared(table, train)
    for setting, l2 in [(3, 0.01), (4, 0.1)]:
        n = len(train)
        model = LogisticRegression(C=1 / (2 * l2 * n), tol=1e-8, max_iter=10_000) if table.classes else Ridge(alpha=l2 * n)
        model.fit(X[train], table.target[train])
        assert curve[setting] == pytest.approx(loss_of(table, test, model, X), rel=1e-3)


@pytest.mark.parametrize("kind", KINDS[1:])
def test_networks_trained_apart_equal_those_trained_together(kind, monkeypatch):
    table, settings = table_of(kind), replace(SHORT, factors=(0.03,), epochs=2)
    together = parts.train_part(table, settings, 2, 6)
    monkeypatch.setattr(parts, "plan", lambda *arguments: replace(plan(*arguments), stacked=False))
    apart = parts.train_part(table, settings, 2, 6)
    for name in ("inner", "stopping", "outer_curve", "losses"):
        np.testing.assert_allclose(apart[name], together[name], rtol=1e-4, err_msg=name)
    np.testing.assert_allclose(apart["largest_weight"], together["largest_weight"], atol=1e-4)


def test_the_same_table_and_seed_give_the_same_comparison_and_another_seed_does_not(made):
    assert same(compare(made.table, SHORT), made)
    assert not same(compare(made.table, replace(SHORT, seed=1)), made)


def test_rows_that_no_fold_tests_have_no_prediction():
    comparison = compare(table_of(time=True), SHORT)
    tested = np.concatenate(comparison.test)
    missing = np.isnan(comparison.predictions).any(axis=(0, 2))
    assert set(np.flatnonzero(~missing)) == set(tested)
    assert missing.any()


def test_predictions_are_those_of_the_first_repetition():
    table = table_of()
    comparison = compare(table, replace(SHORT, repeats=2, factors=(0.03,)))
    assert len(comparison.test) == 6
    for fold in range(3):
        test = comparison.test[fold]
        assert log_loss(table.target[test], comparison.predictions[0, test]) == pytest.approx(comparison.losses[fold, 0], rel=1e-5)


def test_a_rare_class_may_be_missing_from_what_a_fold_trains_on():
    table = table_of("three classes")
    target = np.where(table.target == 2, 1, table.target)
    target[[10, 80]] = 2  # one in each outer training set, so that an inner fold tests on it without another to train on
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        comparison = compare(replace(table, target=target), replace(SHORT, folds=3, inner_folds=3, factors=(0.03,)))
    assert np.isfinite(comparison.linear_inner).all() and np.isfinite(comparison.inner).all()


def test_rows_that_do_not_suffice_are_named():
    table = table_of()
    with pytest.raises(Problem, match="fewer folds"):
        outer_folds(table, 91, 1, 0)
    with pytest.raises(Problem, match="one class only"):
        outer_folds(replace(table, target=np.eye(90, dtype=int)[40]), 3, 1, 0)
    with pytest.raises(Problem, match="fewer folds"):
        outer_folds(replace(table, time=np.zeros(90, int)), 3, 1, 0)
    with pytest.raises(Problem, match="fewer folds"):
        outer_folds(replace(table, groups=np.arange(90) // 45), 3, 1, 0)


def test_the_plan_for_many_rows_has_mini_batches_enough_updates_and_fewer_folds():
    def of(rows: int):
        return plan(replace(table_of(), target=np.zeros(rows, int)), Settings())

    small, middle, large = of(2000), of(2001), of(100_000)
    assert (small.batch_size, small.epochs, small.repeats, small.inner_folds) == (None, 300, 2, 5)
    assert middle.batch_size == 1000 and middle.epochs * -(-2001 // 1000) >= 300
    assert (large.batch_size, large.repeats, large.inner_folds, large.epochs) == (1000, 1, 3, 10)
    assert list(small.checkpoints) == sorted(set(small.checkpoints)) and small.checkpoints[-1] == 300


def test_wide_layers_are_trained_apart_and_the_comparison_says_so(monkeypatch):
    def together(rows: int, *sizes: int) -> bool:
        return plan(replace(table_of(), target=np.zeros(rows, int)), Settings(hidden_layer_sizes=sizes)).stacked

    assert together(569) and together(569, 16) and together(569, 256) and together(2000, 64, 64) and together(100_000, 16)
    assert not together(569, 1024) and not together(2000, 512)
    short = replace(SHORT, factors=(0.03,), epochs=2)
    assert "in one fit" in compare(table_of(), short).notes[0]
    monkeypatch.setattr("penalty.compare.MOST_TOGETHER", 0)
    monkeypatch.setattr(parts, "_train_apart", parts._train_stacked)  # the note is asked for, not the trainings
    assert "one after another" in compare(table_of(), short).notes[0]


def test_who_reads_a_comparison_does_not_load_tensorflow():
    code = "import sys, penalty.compare; sys.exit('tensorflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
