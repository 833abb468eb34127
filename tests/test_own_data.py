"""Claims of the chapter "Your own data"."""

import os
import signal
import subprocess
import sys
from dataclasses import fields, replace
from functools import partial
from io import StringIO
from itertools import combinations
from multiprocessing.pool import ThreadPool
from pathlib import Path

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from keras import Sequential, layers
from keras.regularizers import L1L2
from scipy import stats
from scipy.optimize import minimize
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.utils.estimator_checks import check_estimator

from penalty.compare import Comparison, Settings, compare
from penalty.engines import environment, run
from penalty.estimator import PenalizedClassifier
from penalty.folds import inner_folds, outer_folds
from penalty.preprocessing import columns_of, make_preprocessing
from penalty.report import write_report
from penalty.stack import train_stack
from penalty.table import Problem, Table, read_table
from penalty.verdict import corrected_interval, holm, one_standard_error, verdict
from tests.observed import number

TRUE = ("contract", "visits", "satisfaction", "distance_km")
PENALTIES = ("L1", "L2", "L1L2")


def test_every_penalty_beats_the_base_rate_in_this_run(shown):
    high = shown("own_data#losses").column("high")
    assert all(high[penalty] < 0 for penalty in PENALTIES)


def test_the_network_without_a_penalty_is_worse_than_the_base_rate_in_this_run(shown):
    assert shown("own_data#losses").number("none", "low") > 0


def test_estimator_is_a_plain_sequential_model():
    X, y = make_classification(200, 6, random_state=1)
    estimator = PenalizedClassifier(l1=0.01, l2=0.02, hidden_layer_sizes=(5,), epochs=40).fit(X, y)

    def dense(units, activation, seed):
        start = keras.initializers.GlorotUniform(seed=seed)
        return layers.Dense(units, activation, kernel_regularizer=L1L2(0.01, 0.02), kernel_initializer=start)

    model = Sequential([layers.Input((6,)), dense(5, "relu", 0), dense(1, "sigmoid", 1)])
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    model.fit(X.astype("float32"), y[:, None], batch_size=200, epochs=40, shuffle=False, verbose=0)
    np.testing.assert_allclose(estimator.predict_proba(X)[:, 1], model.predict(X, verbose=0)[:, 0], atol=2e-4)


def test_estimator_passes_the_checks_of_scikit_learn():
    logs = check_estimator(PenalizedClassifier(hidden_layer_sizes=(4,), epochs=60, learning_rate=0.1), on_skip=None, on_fail=None)
    assert [log["check_name"] for log in logs if log["status"] == "failed"] == []
    assert sum(log["status"] == "passed" for log in logs) > 40


def test_base_rate_has_the_entropy_of_the_share():
    y = np.repeat([0, 1], [80, 20])
    entropy = stats.entropy([0.8, 0.2])
    assert log_loss(y, np.full(100, 0.2)) == pytest.approx(entropy)
    assert all(log_loss(y, np.full(100, share)) > entropy for share in (0.15, 0.19, 0.21, 0.3))


def test_leak_promises_too_much_in_this_run(shown):
    leak = shown("own_data#leak").column("cross-entropy")
    possible = shown("own_data_table#bounds").number("the true probabilities", "cross-entropy")
    assert leak["with refund"] < possible / 2
    assert leak["without refund"] > possible


@pytest.fixture
def columns():
    rng = np.random.default_rng(0)
    kinds = rng.choice(["a", "b"], 100).astype(object)
    kinds[:3] = "rare"
    return pd.DataFrame({"size": np.where(np.arange(100) % 10 == 0, np.nan, rng.normal(5, 2, 100)), "kind": kinds})


def test_missing_number_becomes_the_median_and_an_input_of_its_own(columns):
    preprocessing = make_preprocessing(columns).fit(columns)
    made = preprocessing.transform(columns)[:, np.array(columns_of(preprocessing)) == "size"]
    filled = columns["size"].fillna(columns["size"].median())
    np.testing.assert_allclose(made[:, 0], (filled - filled.mean()) / filled.std(ddof=0))
    np.testing.assert_array_equal(made[:, 1], columns["size"].isna())
    new = preprocessing.transform(pd.DataFrame({"size": [np.nan, 1000.0], "kind": ["a", "a"]}))  # learned from the rows above alone
    np.testing.assert_allclose(new[:, np.array(columns_of(preprocessing)) == "size"], [[made[0, 0], 1], [10, 0]])


def test_rare_and_unknown_categories_share_an_input():
    """Nine rows of a value are few, ten have an input of their own."""
    kinds = pd.DataFrame({"kind": np.repeat(["nine", "four", "ten", "many"], [9, 4, 10, 60]).astype(object)})
    preprocessing = make_preprocessing(kinds).fit(kinds)
    made = preprocessing.transform(pd.DataFrame({"kind": ["nine", "four", "never seen", "ten", "many"]}))
    np.testing.assert_array_equal(made[0], made[1])
    np.testing.assert_array_equal(made[0], made[2])
    np.testing.assert_array_equal(made[[0, 3, 4]] @ made[[0, 3, 4]].T, np.eye(3))
    assert set(made.ravel()) == {0, 1}


def test_date_becomes_days_and_a_weekday_and_a_month():
    dates = pd.DataFrame({"joined": pd.date_range("2024-01-01", "2024-12-31")})
    preprocessing = make_preprocessing(dates).fit(dates)
    made = preprocessing.transform(dates)
    days = np.arange(366)
    np.testing.assert_allclose(made[:, 0], (days - days.mean()) / days.std())
    one = np.hstack([pd.get_dummies(dates["joined"].dt.weekday), pd.get_dummies(dates["joined"].dt.month)])
    np.testing.assert_array_equal(made[:, 1:], one)


def test_groups_stay_in_one_fold(tmp_path):
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(30), 4)
    visits = pd.DataFrame({"patient": patients, "size": rng.normal(size=120), "missed": rng.choice(["yes", "no"], 120)})
    visits.to_csv(tmp_path / "visits.csv", index=False)
    table = read_table(tmp_path / "visits.csv", "missed", groups="patient")
    for train, test in outer_folds(table, 5, 2, 0):
        assert set(patients[train]).isdisjoint(patients[test])
        for inner, out in inner_folds(table, train, 5, 0):
            assert set(patients[inner]).isdisjoint(patients[out])


def test_effect_of_a_rare_value_is_shrunk_more():
    """Two inputs of 0 and 1 have the effect 1 each; ridge keeps more of the frequent one's, and the same of both if standardized."""
    rare, frequent = np.tile([[1, 0]] * 4 + [[0, 0]] * 36, (10, 1)).T[0], np.tile([1, 0], 200)
    X = np.column_stack([rare, frequent]).astype(float)
    y = X.sum(axis=1)
    few, many = Ridge(alpha=20).fit(X, y).coef_
    assert 0 < few < 0.8 * many < 1
    np.testing.assert_allclose(np.divide(*Ridge(alpha=20).fit(X / X.std(axis=0), y).coef_ / X.std(axis=0)), 1, atol=0.01)


def test_rows_that_choose_report_a_loss_that_is_too_small():
    """30 tables without information: the lowest of many cross-validated losses is below that on fresh rows, which is what it stands for."""
    gaps, fixed = [], []
    grid = {"C": np.geomspace(1e-3, 10, 5)}
    for seed in range(30):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(60, 10)), rng.permutation(np.repeat([0, 1], 30))
        folds = StratifiedKFold(5, shuffle=True, random_state=seed)
        search = GridSearchCV(LogisticRegression(), grid, scoring="neg_log_loss", cv=folds).fit(X, y)
        X_new, y_new = rng.normal(size=(2000, 10)), np.repeat([0, 1], 1000)
        gaps.append(log_loss(y_new, search.predict_proba(X_new)[:, 1]) + search.best_score_)
        middle = LogisticRegression(C=grid["C"][2]).fit(X, y)
        fixed.append(log_loss(y_new, middle.predict_proba(X_new)[:, 1]) + search.cv_results_["mean_test_score"][2])
    assert np.mean(gaps) > 3 * stats.sem(gaps)
    assert np.mean(fixed) < 2 * stats.sem(fixed)  # a factor that is not chosen reports no loss that is too small


def test_accuracy_hides_what_the_cross_entropy_shows_in_this_run(shown):
    losses = shown("own_data#losses")
    accuracy, loss = losses.column("accuracy"), losses.column("loss")
    for penalty in PENALTIES:
        assert abs(accuracy[penalty] - accuracy["base rate"]) < 0.02
        assert loss[penalty] < 0.9 * loss["base rate"]


def test_holm_keeps_the_chance_of_any_false_clear_below_the_level():
    """10,000 families of six true nulls that depend on each other: any adjusted p-value below 0.05 in at most 5%, unadjusted in more."""
    rng = np.random.default_rng(0)
    means = rng.normal(size=(10_000, 4))
    a, b = np.triu_indices(4, 1)
    p = 2 * stats.norm.sf(np.abs(means[:, a] - means[:, b]) / np.sqrt(2))
    assert np.mean([holm(family).min() < 0.05 for family in p]) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 10_000)
    assert np.mean(p.min(axis=1) < 0.05) > 0.1
    np.testing.assert_allclose(holm([0.01, 0.04, 0.02]), [0.03, 0.04, 0.04])
    for family in p[:100]:  # the closed procedure: the largest Bonferroni p-value of the sets that a hypothesis belongs to
        sets = [list(places) for size in range(1, 7) for places in combinations(range(6), size)]
        closed = [max(min(1, len(places) * family[places].min()) for places in sets if place in places) for place in range(6)]
        np.testing.assert_allclose(holm(family), closed)


def test_penalties_are_clear_of_none_and_not_of_each_other_in_this_run(shown):
    adjusted = shown("own_data#pairs").column("p")
    assert len(adjusted) == 6
    for pair, p in adjusted.items():
        assert (p < 0.05) == pair.endswith("minus none")


def test_an_interval_may_exclude_zero_without_being_clear_in_this_run(shown):
    pairs = shown("own_data#pairs")
    assert pairs.number("L1 minus L1L2", "high") < 0
    assert pairs.number("L1 minus L1L2", "p") > 0.05


def test_interval_has_the_error_of_rows_that_overlap():
    differences = np.random.default_rng(0).normal(0.3, 1, 10)
    error = stats.sem(differences) * np.sqrt(1 + 10 / 4)
    interval = corrected_interval(differences, 1 / 4)
    np.testing.assert_allclose((interval.low, interval.high), stats.t.interval(0.95, 9, differences.mean(), error))
    assert all(len(test) * 4 == len(train) for train, test in StratifiedKFold(5).split(np.zeros((800, 1)), np.repeat([0, 1], 400)))


def test_every_fold_trains_every_setting_six_times_in_this_run(shown):
    counts = shown("own_data#counts").column("count")
    assert (counts["outer folds"], counts["inner folds"], counts["settings"]) == (10, 5, 1 + 3 * 10)
    assert counts["networks"] == (10 + 1) * (5 + 1) * 31


def test_curves_end_at_the_base_rate_in_this_run(shown):
    base = shown("own_data#losses").number("base rate", "loss")
    for penalty in PENALTIES:
        assert shown("own_data#curve").points(penalty)[-1, 1] == pytest.approx(base, abs=0.001)


def test_one_standard_error_factor_is_the_strongest_that_is_near_the_lowest():
    rng = np.random.default_rng(0)
    strengths = np.geomspace(0.001, 1, 7)
    for _ in range(200):
        losses = 0.5 + 0.1 * np.abs(np.linspace(-1, 1, 7) - rng.uniform(-1, 1)) + rng.normal(0, 0.05, (5, 7))
        lowest, chosen = one_standard_error(losses, strengths)
        mean, error = losses.mean(axis=0), stats.sem(losses, axis=0)
        near = [strength for strength, loss in zip(strengths, mean) if loss <= mean.min() + error[mean.argmin()]]
        assert (strengths[lowest], strengths[chosen]) == (strengths[mean.argmin()], max(near))


def test_folds_chose_nearly_the_same_strength_in_this_run(shown):
    chosen = shown("own_data#chosen")
    for penalty in PENALTIES:
        assert chosen.number(penalty, "highest") <= 3 * chosen.number(penalty, "lowest")
        assert chosen.number(penalty, "within a factor of three") == 100


def test_without_weights_the_best_network_is_the_base_rate():
    y = np.repeat([0.0, 1.0], [80, 20])
    best = minimize(lambda bias: log_loss(y, np.full(100, 1 / (1 + np.exp(-bias[0])))), [0.0])
    assert 1 / (1 + np.exp(-best.x[0])) == pytest.approx(0.2, abs=1e-4)
    X = np.random.default_rng(0).normal(size=(100, 4))
    network = PenalizedClassifier(l2=30.0, epochs=1500).fit(X, y)
    np.testing.assert_allclose(network.predict_proba(X)[:, 1], 0.2, atol=0.01)


def test_l1_keeps_the_columns_that_decide_in_this_run(shown):
    table = shown("own_data#left-out")
    assert all(table.number(column, "left out in") == 0 for column in TRUE)


def test_l1_leaves_out_most_of_the_others_in_this_run(shown):
    counts = shown("own_data#left-out").column("left out in")
    others = [count for column, count in counts.items() if column not in TRUE]
    assert len(others) == 8
    assert sum(count > 5 for count in others) >= 6


def test_threshold_of_the_costs_is_the_cheapest():
    rng = np.random.default_rng(0)
    p = rng.random(400_000)
    y = rng.random(400_000) < p  # the probabilities are right
    for false_alarm, miss in ((1, 4), (3, 1)):
        thresholds = np.linspace(0.01, 0.99, 99)
        costs = [false_alarm * np.sum(~y & (p >= t)) + miss * np.sum(y & (p < t)) for t in thresholds]
        assert thresholds[np.argmin(costs)] == pytest.approx(false_alarm / (false_alarm + miss), abs=0.02)


def test_threshold_of_the_costs_is_cheaper_in_this_run(shown):
    cost = shown("own_data#confusion").column("cost")
    assert cost["0.2"] < 0.8 * cost["0.5"]


def test_networks_in_one_fit_equal_networks_alone():
    X, y = load_breast_cancer(return_X_y=True)
    X, y = X[:200], y[:200]
    folds = StratifiedKFold(2).split(X, y)
    inputs, weights = [], np.zeros((2, 200))
    for row, (train, _) in zip(weights, folds):
        row[train] = 1
        inputs.append(((X - X[train].mean(axis=0)) / X[train].std(axis=0)).astype("float32"))
    l1, l2 = np.array([0.02, 0.01, 0]), np.array([0.005, 0, 0.02])  # in another order they are other networks
    stack = train_stack(inputs, y, weights, l1, l2, classes=2, hidden_layer_sizes=(4,), epochs=60)
    for split in range(2):
        own = weights[split] == 1
        for setting in range(3):
            alone = PenalizedClassifier(l1[setting], l2[setting], hidden_layer_sizes=(4,), epochs=60).fit(inputs[split][own], y[own])
            np.testing.assert_allclose(np.exp(stack.outputs[split, setting]), alone.predict_proba(inputs[split]), atol=5e-3)


def test_network_finds_almost_none_at_one_half_in_this_run(shown):
    recall = shown("own_data#confusion").column("recall")
    assert recall["0.5"] < 0.1
    assert recall["0.2"] > 0.5


def test_share_and_probability_differ_by_less_than_a_tenth_in_this_run(shown):
    predicted, observed = shown("own_data#calibration").points("L1").T
    assert len(predicted) == 8
    assert np.abs(observed - predicted).max() < 0.1


@pytest.fixture(scope="module")
def stopped(tmp_path_factory):
    """Stop a small comparison after two of four parts, and go on; return the parts told, the comparison, and the folder of its report."""
    folder = tmp_path_factory.mktemp("own") / "report"
    rng = np.random.default_rng(0)
    size = rng.normal(size=80)
    plan = rng.choice(["a", "b"], 80)
    members = pd.DataFrame({"size": size, "plan": plan, "left": np.where(size + rng.normal(size=80) > 0, "yes", "no")})
    members.to_csv(folder.parent / "members.csv", index=False)
    table = read_table(folder.parent / "members.csv", "left")
    settings = Settings(folds=3, repeats=1, inner_folds=2, hidden_layer_sizes=(3,), epochs=30, factors=(0.01, 0.1))
    told = []

    def stop(done, total, seconds):
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compare(table, settings, folder=folder, progress=stop)
    comparison = compare(table, settings, folder=folder, progress=lambda done, total, seconds: told.append((done, total)))
    write_report(comparison, verdict(comparison), (), folder)
    return told, comparison, folder


def test_finished_folds_are_kept_when_it_is_stopped(stopped):
    told, comparison, _ = stopped
    assert told == [(2, 4), (3, 4), (4, 4)]
    whole = compare(comparison.table, comparison.settings)
    np.testing.assert_array_equal(comparison.losses, whole.losses)
    np.testing.assert_array_equal(comparison.inner, whole.inner)


def test_kept_programs_need_nothing_of_the_project(stopped):
    """Both programs run where the package cannot be imported, and agree with scikit-learn and Keras."""
    _, comparison, folder = stopped
    code = "import runpy, sys; sys.modules['penalty'] = None; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"

    def output_of(*arguments):
        return subprocess.run([sys.executable, "-c", code, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout

    said = pd.read_csv(StringIO(output_of("predict.py", str(folder.parent / "members.csv"))))
    X = joblib.load(folder / "preprocessing.joblib").transform(comparison.table.features)
    kept = keras.saving.load_model(folder / "model.keras")
    np.testing.assert_allclose(said["probability of yes"], kept.predict(X, verbose=0)[:, 0], atol=1e-5)
    output_of("chosen_model.py")
    for one, other in zip(kept.get_weights(), keras.saving.load_model(folder / "chosen_model.keras").get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=2e-3)


def small_table() -> Table:
    random = np.random.default_rng(0)
    features = pd.DataFrame(random.normal(size=(60, 3)), columns=["a", "b", "c"])
    target = (features["a"] + random.normal(size=60) > 0).astype(int).to_numpy()
    return Table(features, target, "target", ("no", "yes"), None, None, ())


def test_kind_of_the_penalty_matters_little_in_this_run(shown):
    pairs, losses = shown("own_data#pairs"), shown("own_data#losses")
    gain = max(-losses.number(penalty, "minus base rate") for penalty in PENALTIES)
    between = [pair for pair in pairs.column("difference") if not pair.endswith("minus none")]
    assert len(between) == 3 and gain > 0
    assert max(abs(pairs.number(pair, end)) for pair in between for end in ("low", "high")) < gain / 3


def test_threads_draw_initial_weights_from_one_generator():
    """Two threads that draw one after the other continue one stream; drawn with a seed of its own, the kernel is always the same."""

    def drawn_in_a_thread(seed=None):
        kernel = keras.initializers.GlorotUniform(seed)
        with ThreadPool(1) as thread:
            return thread.apply(lambda: keras.ops.convert_to_numpy(kernel((3, 2))))

    def drawn_here():
        return keras.ops.convert_to_numpy(keras.initializers.GlorotUniform()((3, 2)))

    keras.utils.set_random_seed(0)
    here = [drawn_here(), drawn_here()]
    keras.utils.set_random_seed(0)
    np.testing.assert_array_equal([drawn_in_a_thread(), drawn_in_a_thread()], here)
    assert not np.array_equal(*here)
    np.testing.assert_array_equal(drawn_in_a_thread(7), drawn_in_a_thread(7))


def test_results_do_not_depend_on_the_engine():
    settings = Settings(folds=2, repeats=1, inner_folds=2, hidden_layer_sizes=(3,), epochs=20, factors=(0.03,))
    here = compare(small_table(), settings)
    with ThreadPool(2) as threads:
        in_threads = threads.map(lambda _: compare(small_table(), settings), range(2))
    for other in (compare(small_table(), settings, workers=2), *in_threads):
        for field in fields(Comparison):
            if isinstance(getattr(here, field.name), np.ndarray):
                np.testing.assert_array_equal(getattr(other, field.name), getattr(here, field.name), err_msg=field.name)
    assert not np.array_equal(compare(small_table(), replace(settings, seed=1)).inner, here.inner)


def test_workers_with_other_versions_are_refused(monkeypatch):
    from distributed import LocalCluster

    with LocalCluster(n_workers=1, protocol="tcp", processes=False, dashboard_address=":0", silence_logs=50) as cluster:
        assert list(run(abs, [0, 1], dask=cluster.scheduler_address)) in ([(0, 0), (1, 1)], [(1, 1), (0, 0)])
        here = environment()
        # The worker is a thread of this process, so that what this process finds first is its own, and then the worker's.
        answers = iter([here, here | {"tensorflow": "2.0.0"}])
        monkeypatch.setattr("penalty.engines.environment", partial(next, answers))
        with pytest.raises(Problem, match=f"tensorflow 2.0.0, and here it is {here['tensorflow']}"):
            list(run(abs, [0, 1], dask=cluster.scheduler_address))


def killed_at_first(folder, number):
    mark = Path(folder) / str(number)
    if number == 1 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def test_fold_of_a_process_that_dies_is_trained_again(tmp_path):
    assert dict(run(partial(killed_at_first, str(tmp_path)), range(4), workers=2)) == {0: 0, 1: 1, 2: 4, 3: 9}
    assert (tmp_path / "1").exists()


def test_run_loses_nothing_with_a_worker(shown):
    killed, agree = shown("own_data_cluster#killed"), shown("own_data_cluster#agree")
    lost, end = "when the worker was killed", "in the end"
    assert killed.number(lost, "parts lost") >= 1  # it was at work
    assert killed.number(lost, "parts done") < killed.number(end, "parts done") == 4
    assert killed.number(end, "workers") == killed.number(lost, "workers") - 1
    assert killed.number(end, "parts lost") == 0
    assert set(agree.column("largest difference").values()) == {0}
    assert min(agree.column("numbers").values()) > 10_000


SIMULATED = [f"{truth} {rows}" for truth in ("sparse", "dense") for rows in (50, 100)]


def with_half(entry):
    """Return mean and half the interval of an entry such as "−0.062 ± 0.016"."""
    mean, half = entry.split("±")
    return number(mean), number(half)


def test_run_says_nothing_where_nothing_is(shown):
    assert shown("own_data_simulated#nothing").number("verdict", "says nothing") >= 95


def test_run_finds_something_by_the_lowest_mean_in_half_of_the_tables(shown):
    low, high = (number(share) for share in shown("own_data_simulated#nothing").entry("lowest mean", "95% interval").split(" to "))
    assert low < 50 < high


def test_run_covers_differences_between_networks(shown):
    covers = shown("own_data_simulated#coverage").column("corrected covers")
    between = {row: share for row, share in covers.items() if not row.endswith("mean")}
    assert len(between) == 8 and min(between.values()) >= 95


def test_run_has_wider_intervals_than_needed(shown):
    width = shown("own_data_simulated#coverage").column("width")
    assert max(share for row, share in width.items() if not row.endswith("mean")) < 1
    helped = {row: share for row, share in width.items() if row.endswith("L2 − none")}
    assert (min(helped, key=helped.get), max(helped, key=helped.get)) == ("dense 100: L2 − none", "dense 50: L2 − none")  # as named


def test_run_covers_a_difference_to_the_mean_in_about_95_percent(shown):
    table = shown("own_data_simulated#coverage")
    covers = {row: share for row, share in table.column("corrected covers").items() if row.endswith("mean")}
    assert (min(covers, key=covers.get), max(covers, key=covers.get)) == ("dense 50: L2 − mean", "sparse 100: L2 − mean")
    assert len(covers) == 4 and min(covers.values()) < 95  # "may be too narrow"
    for row in covers:
        low, high = (number(share) for share in table.entry(row, "95% interval").split(" to "))
        assert high - low > 3 and low < 95  # uncertain by several points


def test_run_covers_less_with_the_plain_interval(shown):
    table = shown("own_data_simulated#coverage")
    corrected, plain = table.column("corrected covers"), table.column("plain covers")
    assert len(plain) == 12 and all(plain[row] < corrected[row] for row in plain)
    assert all(share < 90 for row, share in plain.items() if row.endswith("mean"))


def test_run_has_the_truth_that_theory_expects(shown):
    for name in SIMULATED:
        mean, half = with_half(shown("own_data_simulated#lowest").entry(name, "expected L1 − L2"))
        assert mean + half < 0 if name.startswith("sparse") else mean - half > 0


def test_run_prefers_the_penalty_that_fits_the_truth(shown):
    table = shown("own_data_simulated#lowest")
    for name in SIMULATED:
        shares = {choice: table.number(name, choice) for choice in ("none", "L1", "L2", "L1L2")}
        first, second = sorted(shares, key=shares.get, reverse=True)[:2]
        assert first == ("L1" if name.startswith("sparse") else "L2") and shares[first] > 50
        assert second == "L1L2"


def test_run_is_right_more_often_than_it_is_sure(shown):
    table = shown("own_data_simulated#sure")
    assert min(table.column("right is lower").values()) >= 90
    assert max(table.column("clearly right").values()) <= 10


def test_run_sees_that_the_features_say_something(shown):
    seen = shown("own_data_simulated#sure").column("features say something")
    assert all(seen[f"{truth} 50"] > 50 and seen[f"{truth} 100"] == 100 for truth in ("sparse", "dense"))


def test_run_is_never_sure_of_the_wrong_penalty(shown):
    assert set(shown("own_data_simulated#sure").column("clearly wrong").values()) == {0}


def test_run_has_smaller_differences_with_more_rows(shown):
    for truth in ("sparse", "dense"):
        few, many = (with_half(shown("own_data_simulated#lowest").entry(f"{truth} {rows}", "expected L1 − L2")) for rows in (50, 100))
        assert abs(few[0]) - abs(many[0]) > np.hypot(few[1], many[1])
    sure = shown("own_data_simulated#sure")
    for truth in ("sparse", "dense"):
        assert abs(sure.number(f"{truth} 100", "clearly right") - sure.number(f"{truth} 50", "clearly right")) < 10
