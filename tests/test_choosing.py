"""Claims of the chapter "Choosing the penalty and its factor"."""

import re
import sys
from pathlib import Path
from types import ModuleType

import keras
import numpy as np
import pytest
from keras import Sequential, layers, ops, regularizers
from scipy import integrate, optimize, stats
from sklearn.base import clone
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.utils.estimator_checks import check_estimator

from tests.formulas import formula
from tests.observed import number
from tests.solvers import gradients

PAGE, SCRIPT = (Path(__file__).parent.parent / name for name in ("docs/learn/choosing.md", "examples/choosing.py"))


def relu_network(l2, features=4, units=5):
    """Return a ReLU network of three layers with one output, and with a factor of L2 (3,) for each of its kernels."""
    sizes = zip([units, units, 1], ["relu", "relu", None], l2)
    dense = [layers.Dense(size, activation, kernel_regularizer=regularizers.L2(factor)) for size, activation, factor in sizes]
    return Sequential([layers.Input((features,)), *dense])


def some_rows(n=30, features=4):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, features)).astype("float32")
    return X, (X[:, :1] * X[:, 1:2] > 0).astype("float32")


def test_zero_kernels_of_a_relu_network_have_no_gradient():
    X, y = some_rows()
    model = relu_network([0.0, 0.0, 0.0])
    start = model.get_weights()
    kernels = slice(0, None, 2)
    moved = gradients(model, X, y, "mean_squared_error")
    assert all(np.abs(kernel).max() > 0.01 for kernel in moved[kernels])
    model.set_weights([0 * values for values in start])
    moved = gradients(model, X, y, "mean_squared_error")
    assert all(np.abs(kernel).max() == 0 for kernel in moved[kernels])
    linear = Sequential([layers.Input((4,)), layers.Dense(1)])  # without hidden layers there is one
    linear.set_weights([np.zeros((4, 1)), np.zeros(1)])
    assert np.abs(gradients(linear, X, y, "mean_squared_error")[0]).max() > 0.01


def test_wrapper_of_keras_has_no_probabilities_and_no_factor():
    wrapper = keras.wrappers.SKLearnClassifier(lambda X, y, l2: None, model_kwargs={"l2": 0.01})
    assert not hasattr(wrapper, "predict_proba")
    with pytest.raises(ValueError, match="Invalid parameter 'l2'"):
        clone(wrapper).set_params(l2=0.1)
    with pytest.raises(AttributeError, match="'dict' object"):
        clone(wrapper).set_params(model_kwargs__l2=0.1)
    assert clone(wrapper).set_params(model_kwargs={"l2": 0.1}).model_kwargs == {"l2": 0.1}


@pytest.fixture
def page(monkeypatch):
    """Return the module of a reader who has copied the network and the estimator of the page."""
    copied = ModuleType("copied")
    monkeypatch.setitem(sys.modules, "copied", copied)  # where pickle looks for the class
    fences = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    code = [fence for fence in fences if re.search(r"^(def|class) ", fence, re.MULTILINE)]
    assert len(code) == 3
    for fence in code:
        defined = re.search(r"^(def|class) .*", fence, re.MULTILINE | re.DOTALL)[0]
        assert defined in SCRIPT.read_text(encoding="utf-8"), "docs/learn/choosing.md and the script differ; copy the one into the other"
    exec("\n".join(["import keras", *code]), vars(copied))
    return copied


def test_estimator_of_the_page_passes_the_checks_of_scikit_learn(page):
    outcomes = check_estimator(page.NetworkClassifier(updates=30), on_skip=None)  # it raises where a check fails
    skipped = {outcome["check_name"] for outcome in outcomes if outcome["status"] != "passed"}
    assert skipped <= {"check_array_api_input", "check_classifier_data_not_an_array"}  # want a setting, and pandas
    assert len(outcomes) > 50


def test_copied_rows_change_the_objective_of_ridge_and_not_that_of_keras():
    X, y = some_rows()
    twice_X, twice_y = np.concatenate([X, X]), np.concatenate([y, y])
    model = relu_network([0.1, 0.1, 0.1])
    model.compile("sgd", "mean_squared_error")
    once = model.evaluate(X, y, batch_size=60, verbose=0)
    assert model.evaluate(twice_X, twice_y, batch_size=60, verbose=0) == pytest.approx(once, rel=1e-5)
    before, after = gradients(model, X, y, "mean_squared_error"), gradients(model, twice_X, twice_y, "mean_squared_error")
    for one, other in zip(before, after):
        np.testing.assert_allclose(one, other, atol=1e-5)
    ridge = Ridge(alpha=3.0).fit(X, y).coef_
    assert np.abs(Ridge(alpha=3.0).fit(twice_X, twice_y).coef_ - ridge).max() > 0.001
    np.testing.assert_allclose(Ridge(alpha=6.0).fit(twice_X, twice_y).coef_, ridge, atol=1e-5)


def test_lowest_of_ten_equal_settings_is_one_and_a_half_deviations_too_low():
    tried = 10
    density = lambda z: z * tried * stats.norm.pdf(z) * stats.norm.sf(z) ** (tried - 1)  # noqa: E731
    expected, _ = integrate.quad(density, -10, 10)
    assert -expected == pytest.approx(1.54, abs=0.005)
    assert -expected * 0.05 == pytest.approx(0.077, abs=0.0005)
    losses = np.random.default_rng(0).normal(0.4, 0.05, size=(100_000, tried))
    assert 0.4 - losses.min(axis=1).mean() == pytest.approx(0.077, abs=0.001)
    hundred = np.random.default_rng(0).normal(0.4, 0.05, size=(10_000, 100))  # more settings, more optimism
    assert 0.4 - hundred.min(axis=1).mean() > 0.1


def test_shared_errors_make_the_lowest_of_ten_less_optimistic():
    rng = np.random.default_rng(0)
    previous = 0.077
    for shared in (0.25, 0.5, 0.9):  # of the variance
        common, own = rng.normal(size=(100_000, 1)), rng.normal(size=(100_000, 10))
        losses = 0.4 + 0.05 * (np.sqrt(shared) * common + np.sqrt(1 - shared) * own)
        np.testing.assert_allclose(losses.std(axis=0), 0.05, rtol=0.02)
        optimism = 0.4 - losses.min(axis=1).mean()
        assert 0 < optimism < previous - 0.005
        previous = optimism


def test_accuracy_on_test_rows_has_the_error_of_the_page():
    for rows, error in {100: 0.04, 400: 0.02}.items():
        assert stats.binom(rows, 0.8).std() / rows == pytest.approx(error, rel=1e-6)


def test_unit_ten_times_smaller_needs_a_hundred_times_the_factor_of_l2():
    X, y = some_rows(300)
    X = X.astype("float64")
    y = X @ [1.0, 0.5, -0.3, 0.1] + y[:, 0]
    ridge = lambda X, l2: Ridge(alpha=len(X) * l2, tol=1e-10).fit(X, y).predict(X)  # noqa: E731
    lasso = lambda X, l1: Lasso(alpha=l1 / 2, tol=1e-10).fit(X, y).predict(X)  # noqa: E731
    for predict, times in [(ridge, 100), (lasso, 10)]:
        base = predict(X, 0.3)
        np.testing.assert_allclose(predict(10 * X, times * 0.3), base, atol=1e-4)
        for wrong in (1, times / 10, times * 10):
            assert np.abs(predict(10 * X, wrong * 0.3) - base).max() > 0.1


def test_factors_of_layers_can_be_replaced_by_their_geometric_mean():
    X, y = some_rows()
    a, b = 0.09, 0.01
    balance = formula("learn/choosing.md", r"a c^2 = \frac{b}{c^2}")  # it raises where its sides differ
    assert balance(a=a, b=b, c=(b / a) ** 0.25) == pytest.approx(0.03)
    factors = np.array([0.09, 0.001, 0.3])
    mean = np.exp(np.mean(np.log(factors)))
    keras.utils.set_random_seed(0)
    separate, shared = relu_network(factors), relu_network([mean] * 3)
    weights = [values + 0.1 for values in shared.get_weights()]  # biases too are not zero
    shared.set_weights(weights)
    scales = np.sqrt(mean / factors)  # their product is 1
    reach = np.cumprod(scales)  # a bias is scaled with all kernels up to its own
    separate.set_weights([values * scale for values, scale in zip(weights, np.ravel([*zip(scales, reach)]))])
    np.testing.assert_allclose(*[ops.convert_to_numpy(model(X)) for model in (separate, shared)], rtol=1e-4, atol=1e-5)
    objectives = []
    for model in (separate, shared):
        model.compile("sgd", "mean_squared_error")
        objectives.append(model.evaluate(X, y, verbose=0))
    assert objectives[0] == pytest.approx(objectives[1], rel=1e-4)
    separate.set_weights(weights)  # without the scales it is another objective
    assert separate.evaluate(X, y, verbose=0) != pytest.approx(objectives[1], rel=0.01)


def test_best_factor_of_ridge_is_noise_over_rows_and_prior():
    rng = np.random.default_rng(0)
    for n, p, noise, prior in [(50, 5, 3.0, 1.0), (30, 60, 1.0, 2.0)]:
        X = rng.normal(size=(n, p))

        def expected_error(log_l2, n=n, p=p, noise=noise, prior=prior, X=X):
            ridge = Ridge(alpha=n * np.exp(log_l2), fit_intercept=False).fit(X, np.eye(n)).coef_.T  # (p, n), weights are ridge @ y
            return noise**2 * np.sum(ridge**2) + prior**2 * np.sum((ridge @ X - np.eye(p)) ** 2)

        best = np.exp(optimize.minimize_scalar(expected_error, bounds=(-10, 5), method="bounded", options={"xatol": 1e-6}).x)
        of_page = formula("learn/choosing.md", r"\lambda_2 = \frac{\sigma^2}{n \tau^2}")(σ=noise, n=n, τ=prior)
        assert best == pytest.approx(of_page, rel=1e-3)


def test_largest_gradient_of_noise_is_below_its_bound():
    rng = np.random.default_rng(0)
    bound = formula("learn/choosing.md", r"\lambda_{\text{noise}}")
    for n, p, noise in [(200, 50, 3.0), (100, 400, 1.0), (400, 10, 2.0)]:
        X = rng.normal(size=(n, p))
        X = (X - X.mean(axis=0)) / X.std(axis=0)
        gradients_of_noise = 2 / n * np.abs(X.T @ rng.normal(0, noise, size=(n, 2000)))  # (p, 2000)
        mean = gradients_of_noise.max(axis=0).mean()
        assert 0.7 * bound(σ=noise, n=n, p=p) < mean < bound(σ=noise, n=n, p=p)
    assert bound(σ=3.0, n=200, p=50) == pytest.approx(1.29, abs=0.005)


def test_random_search_tries_more_values_of_each_factor():
    values = np.geomspace(0.001, 0.1, 4)
    grid = list(ParameterGrid({"l1": values, "l2": values}))
    factor = stats.loguniform(0.001, 0.1)
    drawn = list(ParameterSampler({"l1": factor, "l2": factor}, n_iter=16, random_state=0))
    for name in ("l1", "l2"):
        assert [len({pair[name] for pair in pairs}) for pairs in (grid, drawn)] == [4, 16]


# What the run has shown


def with_error(entry):
    """Return the mean and the error of an entry as 0.387 ± 0.007."""
    mean, error = entry.split("±")
    return number(mean), number(error)


def test_run_without_a_penalty_has_the_highest_validation_loss(shown):
    losses = shown("choosing#loop").column("validation loss")
    without = losses.pop("0, 0")
    assert without > max(losses.values()) and len(losses) == 3
    assert without > 3 * max(losses["0, 0.03"], losses["0.01, 0.03"])
    assert shown("choosing#loop").number("0, 0", "training loss") < 0.01


def test_run_guesses_with_l1_from_three_hundredths_upwards(shown):
    l1_alone = shown("choosing#curve").points("L1 alone")
    strong = l1_alone[:, 0] > 0.02
    np.testing.assert_allclose(l1_alone[strong, 1], np.log(2), atol=0.01)
    assert strong.sum() == 3 and (np.abs(l1_alone[~strong, 1] - np.log(2)) > 0.01).all()
    assert 0.1 < shown("choosing#largest").value() < 0.3


def test_run_guesses_with_l2_at_the_beginning_of_the_grid(shown):
    factor, loss = shown("choosing#curve").points("L2 alone")[-1]
    assert factor == pytest.approx(0.3) and loss > np.log(2) - 0.005


@pytest.mark.parametrize("penalty", ["L1", "L2"])
def test_run_is_best_at_a_factor_in_between(shown, penalty):
    losses = shown("choosing#curve").points(f"{penalty} alone")[:, 1]
    assert 0 < losses.argmin() < len(losses) - 1
    error = shown("choosing#kinds").number(penalty, "error")
    assert min(losses[0], losses[-1]) > losses.min() + error


def test_run_keeps_the_lowest_point_by_the_one_standard_error_rule(shown):
    l2_alone, line = (shown("choosing#curve").points(series) for series in ("L2 alone", "limit of L2"))
    lowest = l2_alone[:, 1].argmin()
    limit = l2_alone[lowest, 1] + shown("choosing#kinds").number("L2", "error")
    np.testing.assert_allclose(line[:, 1], limit, atol=0.001)
    assert np.flatnonzero(l2_alone[:, 1] <= limit).max() == lowest
    assert l2_alone[lowest, 0] == shown("choosing#kinds").number("L2", "l2")


def test_run_ties_l2_and_both(shown):
    table = shown("choosing#kinds")
    assert table.entry("both", "above best") == "–"
    for penalty, tied in {"L2": True, "L1": False, "none": False}.items():
        mean, half = with_error(table.entry(penalty, "above best"))
        assert mean > 0 and (mean < half) == tied
    assert stats.t.ppf(0.975, 4) == pytest.approx(2.8, abs=0.05)
    assert stats.norm.ppf(0.975) == pytest.approx(2, abs=0.05)


def test_run_keeps_the_differences_with_wider_intervals(shown):
    held_out, others, folds = 40, 160, 5
    wider = np.sqrt((1 / folds + held_out / others) * folds)
    assert wider == pytest.approx(1.5)
    for penalty in ("L1", "none"):
        mean, half = with_error(shown("choosing#kinds").entry(penalty, "above best"))
        assert mean - 0.005 > wider * (half + 0.005)  # both are rounded


def test_run_in_one_fit_agrees_with_grid_search(shown):
    assert shown("choosing#check").value() <= 0.0005


def test_run_keeps_the_tie_on_fresh_rows(shown):
    mean, half = with_error(shown("choosing_repeated#penalties").entry("both", "minus L2"))
    assert abs(mean) < half


def test_run_finds_l1_alone_worse(shown):
    table = shown("choosing_repeated#penalties")
    mean, half = with_error(table.entry("L1", "minus L2"))
    assert half < mean < 1.1 * half
    assert table.number("L1", "higher in") <= 12 and table.entry("L1", "higher in").endswith(" of 20")


def test_run_chooses_better_with_five_folds(shown):
    mean, half = with_error(shown("choosing_repeated#ways").entry("one set", "minus five folds"))
    assert mean > half
    found = shown("choosing_repeated#hits").column("best factor found")
    assert found["five folds"] > found["one set"]
    of_budget = shown("choosing_repeated#budget").entry("160, 40", "trained again")  # one set is drawn once for both tables
    assert shown("choosing_repeated#ways").entry("one set", "fresh loss") == of_budget


def test_run_loses_less_by_one_standard_error_than_by_one_set(shown):
    lost = {way: shown("choosing_repeated#ways").number(way, "minus five folds") for way in ("one-error rule", "one set")}
    assert 0 < lost["one-error rule"] < lost["one set"] / 2
    mean, half = with_error(shown("choosing_repeated#ways").entry("one-error rule", "minus five folds"))
    assert abs(mean - half) < 0.1 * mean


@pytest.fixture
def budget(shown):
    """Return the mean losses of the table, {name of the column: {rows: loss}}."""
    return {name: shown("choosing_repeated#budget").column(name) for name in ("kept", "trained again")}


def test_run_divides_a_budget_best_in_the_middle(budget):
    for losses in budget.values():
        assert list(losses) == ["180, 20", "160, 40", "100, 100", "40, 160"]
        assert min(losses, key=losses.get) == "160, 40"
        assert min(losses["180, 20"], losses["40, 160"]) > losses["160, 40"] + 0.03


def test_run_does_worse_after_training_again_with_a_factor_for_few_rows(shown):
    table = shown("choosing_repeated#budget")
    change = {rows: with_error(table.entry(rows, "again minus kept")) for rows in table.column("kept")}
    assert all(abs(change[rows][0]) < min(change[rows][1], 0.01) for rows in ("180, 20", "160, 40"))
    assert sum(change["100, 100"]) < 0
    mean, half = change["40, 160"]
    assert 0 < mean - half < 0.1 * mean


def test_run_chooses_better_with_five_folds_than_with_any_division(shown, budget):
    mean, half = with_error(shown("choosing_repeated#ways").entry("five folds", "fresh loss"))
    assert all(mean + half < loss for losses in budget.values() for loss in losses.values())


def test_run_shows_the_optimism_of_one_validation_set(shown):
    mean, half = with_error(shown("choosing_repeated#optimism").entry("one set", "optimism"))
    assert mean > half


def test_run_shows_less_optimism_with_five_folds(shown):
    mean, half = with_error(shown("choosing_repeated#optimism").entry("five folds", "optimism"))
    assert abs(mean) < half
    assert mean < shown("choosing_repeated#optimism").number("one set", "optimism")


def test_run_hardly_depends_on_how_layers_share_a_factor(shown):
    table = shown("choosing_repeated#layers")
    names = table.column("fresh loss")
    uneven = np.array([with_error(table.entry(name, "minus 0.03")) for name in names if "," in name])  # (4, 2)
    assert len(uneven) == 4 and np.abs(uneven[:, 0]).max() < 0.015
    assert np.sum(np.abs(uneven[:, 0]) > uneven[:, 1]) == 2
    assert min(table.number(factor, "minus 0.03") for factor in ("0.01", "0.1")) > 0.1


@pytest.fixture
def laws(shown):
    """Return the measured and the predicted multipliers of ridge and of the lasso, each (4,)."""
    lines = [re.split(r" {2,}", line.strip()) for line in shown("choosing_repeated#laws").text.splitlines()[1:]]
    return np.array([[number(entry) for entry in line[1:]] for line in lines]).T


def test_run_moves_the_factor_of_ridge_as_predicted(laws):
    np.testing.assert_allclose(laws[0], laws[1], rtol=0.25)
    assert laws[1].tolist() == [0.25, 1, 4, 100]


def test_run_moves_the_factor_of_the_lasso_nearly_as_predicted(laws):
    strong, _, predicted = laws[2:]
    np.testing.assert_allclose(predicted, [0.5, np.sqrt(np.log(200) / np.log(50)), 2, 10], rtol=0.01)
    np.testing.assert_allclose(np.delete(strong, 1), np.delete(predicted, 1), rtol=0.25)
    assert strong[1] > 1.25 * predicted[1]


def test_run_moves_the_factor_of_weak_weights_more_than_predicted(laws):
    _, weak, predicted = laws[2:]
    assert weak[3] == pytest.approx(predicted[3], rel=0.05)
    assert (np.log(weak[:3]) / np.log(predicted[:3]) > 1.25).all()


def test_run_moves_the_factor_of_the_network_less_than_ridge(shown):
    best = list(shown("choosing_repeated#rows").column("best l2").values())
    assert best == sorted(best, reverse=True)
    assert 1 < best[0] / best[-1] < 8
    few, many = (with_error(shown("choosing_repeated#rows").entry(rows, "0.056 minus 0.018")) for rows in ("50", "400"))
    assert sum(few) < 0 < np.subtract(*many)
