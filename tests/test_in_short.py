"""Claims and observations of the page "In short"."""

import re

import keras
import numpy as np
import pytest
from keras import layers, ops
from keras.regularizers import L1L2
from scipy.optimize import minimize_scalar
from sklearn.preprocessing import StandardScaler

from pipeline.source import ROOT
from tests.formulas import formula
from tests.observed import number
from tests.solvers import level, unit

WEIGHTS = np.array([3.0, -4.0])


def test_keras_minimizes_the_objective_of_the_last_page():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(20, 2)).astype("float32"), rng.normal(size=(20, 1)).astype("float32")
    for l1, l2, penalty in [(0.1, 0.0, 0.70), (0.0, 0.1, 2.50), (0.1, 0.1, 3.20)]:
        model = unit(2, use_bias=False, kernel_regularizer=L1L2(l1=l1, l2=l2))
        model.set_weights([WEIGHTS[:, None]])
        model.compile(loss="mse")
        values = {"λ_1": l1, "λ_2": l2, "w": WEIGHTS, "L": lambda w: np.mean((y[:, 0] - X @ w) ** 2)}
        on_page = formula("learn/in_short.md", "J(w) =")(**values)
        assert model.evaluate(X, y, batch_size=20, verbose=0) == pytest.approx(on_page, rel=1e-5)
        assert on_page - values["L"](WEIGHTS) == pytest.approx(penalty)


def test_step_of_keras_follows_the_derivative_of_the_last_page():
    model = unit(2, use_bias=False, kernel_regularizer=L1L2(l1=0.3, l2=0.2))
    model.set_weights([WEIGHTS[:, None]])
    model.compile(keras.optimizers.SGD(0.1), level)
    model.train_on_batch(np.zeros((1, 2)), np.zeros((1, 1)))
    moved = model.get_weights()[0][:, 0] - WEIGHTS
    slope = [formula("learn/in_short.md", r"\frac{\partial P}")(λ_1=0.3, λ_2=0.2, w_j=weight) for weight in WEIGHTS]
    np.testing.assert_allclose(moved, -0.1 * np.array(slope), rtol=1e-5)


def test_minimum_for_one_weight_is_that_of_the_last_page():
    on_page = formula("learn/in_short.md", r"\hat{w} =")
    assert on_page(v=3.0, λ_1=1.0, λ_2=1.0) == 1.25
    for v in (3.0, -4.0, 0.4, 0.0):
        for l1, l2 in [(0.0, 1.0), (1.0, 0.0), (1.0, 0.5), (7.0, 2.0)]:

            def objective(w, v=v, l1=l1, l2=l2):
                return (w - v) ** 2 + l1 * abs(w) + l2 * w**2

            found = minimize_scalar(objective, bounds=(-5, 5), method="bounded", options={"xatol": 1e-9}).x
            assert on_page(v=v, λ_1=l1, λ_2=l2) == pytest.approx(found, abs=1e-5)


def test_constant_feature_becomes_huge_in_normalization_and_not_in_the_scaler():
    train, new = np.array([[0.0, 1.0], [0.0, 3.0]]), np.array([[1.0, 2.0]])
    layer = layers.Normalization()
    layer.adapt(train)
    assert ops.convert_to_numpy(layer(new))[0, 0] > 1e6
    assert StandardScaler().fit(train).transform(new)[0, 0] == 1


def test_network_without_a_penalty_fits_its_training_rows_best_in_this_run(shown):
    training = shown("in_short#validation").column("training")
    assert min(training, key=training.get) == "none"
    assert shown("in_short#validation").number("none", "validation") > training["none"]


def test_largest_factors_are_too_large_in_this_run(shown):
    validation = shown("in_short#validation").column("validation")
    for kind in ("L1", "L2", "both"):
        factors = {name: float(name.split()[1]) for name in validation if name.startswith(kind)}
        assert validation[max(factors, key=factors.get)] > validation["none"]


def test_chosen_setting_has_the_smallest_validation_cross_entropy_in_this_run(shown):
    validation = shown("in_short#validation").column("validation")
    chosen = shown("in_short#chosen").text.partition(": ")[2].strip()
    assert validation[chosen] == min(validation.values())


def test_second_setting_is_less_than_a_thousandth_behind_in_this_run(shown):
    validation = shown("in_short#validation").column("validation")
    first, second = sorted(validation, key=validation.get)[:2]
    assert second == "both, 0.001 each" and validation[second] - validation[first] < 0.001


def test_most_accurate_setting_is_ahead_by_fewer_than_five_rows_in_this_run(shown):
    accuracy = shown("in_short#validation").column("accuracy")
    chosen = shown("in_short#chosen").text.partition(": ")[2].strip()
    assert max(accuracy, key=accuracy.get) == "L2, 0.01"
    assert 0 < (accuracy["L2, 0.01"] - accuracy[chosen]) / 100 * 400 < 4.5


def test_code_of_the_page_gives_the_scores_of_this_run(shown):
    code = max(re.findall(r"```python\n(.+?)```", (ROOT / "docs/learn/in_short.md").read_text(encoding="utf-8"), re.DOTALL), key=len)
    ran = {}
    exec(code, ran)
    names = {(0, 0): "none", (0.001, 0): "L1, 0.001", (0, 0.01): "L2, 0.01", (0.001, 0.001): "both, 0.001 each"}
    assert names[ran["chosen"]] == shown("in_short#chosen").text.partition(": ")[2].strip()
    for setting, name in names.items():
        assert ran["scores"][setting] == pytest.approx(shown("in_short#validation").number(name, "validation"), abs=2e-3)
    assert ran["test_loss"] == pytest.approx(shown("in_short#test").number("chosen", "cross-entropy"), abs=2e-3)


def difference_of(shown, name, column):
    return number(shown("in_short#difference").entry(name, column))


def test_chosen_model_has_the_smaller_test_cross_entropy_in_this_run(shown):
    mean, low, high = (difference_of(shown, "cross-entropy", end) for end in ("difference", "lower end", "upper end"))
    assert high < 0
    losses = shown("in_short#test").column("cross-entropy")
    assert mean == pytest.approx(losses["chosen"] - losses["none"], abs=2e-3) and mean == pytest.approx((low + high) / 2, abs=2e-3)


def test_interval_of_the_difference_contains_zero_in_this_run(shown):
    low, high = (difference_of(shown, "points of accuracy", end) for end in ("lower end", "upper end"))
    assert low < 0 < high
    right = shown("in_short#test").column("right")
    assert right["chosen"] > right["none"]
