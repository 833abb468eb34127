"""The arithmetic of the penalties in the browser, against scikit-learn, SciPy and Keras."""

import numpy as np
import pytest
from keras import regularizers
from scipy.optimize import minimize_scalar

from tests.site.widgets.optima import solve
from tests.test_index import V

FACTORS = [0, 0.1, 0.6, 1, 1.6, 2, 3, 5.9, 6, 7.9, 8, 10, 1000]  # twice the size of each weight is among them: ties


@pytest.mark.parametrize("factor", FACTORS)
def test_the_optima_are_those_of_scikit_learn(run, factor):
    l2 = run("penalties.js", f"m.ridgeShrinkage({V.tolist()}, {factor})")
    l1 = run("penalties.js", f"m.softThreshold({V.tolist()}, {factor} / 2)")
    ridge, lasso = solve(factor)
    np.testing.assert_allclose(l2, ridge, rtol=1e-9)
    np.testing.assert_allclose(l1, lasso, atol=1e-9)
    assert [weight == 0 for weight in l1] == [2 * abs(weight) <= factor for weight in V]
    assert all(weight != 0 for weight in l2)


def test_the_optima_are_those_of_scipy_for_any_weights(run):
    """One weight at a time, minimized by a search that does not know the formulas."""
    weights = [*np.random.default_rng(0).normal(scale=3, size=12).tolist(), 0.0, 0.5, -0.5]
    for factor in (0.0, 0.3, 1.0, 4.0):
        for call, penalty in [(f"m.ridgeShrinkage({weights}, {factor})", np.square), (f"m.softThreshold({weights}, {factor / 2})", np.abs)]:
            for before, found in zip(weights, run("penalties.js", call)):

                def objective(w, before=before, factor=factor, penalty=penalty):
                    return (w - before) ** 2 + factor * penalty(w)

                solved = minimize_scalar(objective, bounds=(-12, 12), method="bounded", options={"xatol": 1e-10}).x
                assert found == pytest.approx(solved, abs=1e-5)


def test_a_weight_at_zero_is_zero_and_not_minus_zero(run):
    assert run("penalties.js", "m.softThreshold([-0.8, 0.8, 0, -0], 0.8).map((w) => Object.is(w, 0))") == [True] * 4


@pytest.mark.parametrize("factor", [0.0, 0.1, 2.5])
def test_the_penalties_are_those_of_keras(run, factor):
    weights = V.tolist()
    for call, regularizer in [
        (f"m.l1Penalty({weights}, {factor})", regularizers.L1(factor)),
        (f"m.l2Penalty({weights}, {factor})", regularizers.L2(factor)),
        (f"m.l1l2Penalty({weights}, {factor}, 0.3)", regularizers.L1L2(l1=factor, l2=0.3)),
    ]:
        assert run("penalties.js", call) == pytest.approx(float(regularizer(V.astype("float32"))), rel=1e-6)
    assert run("penalties.js", "m.l1l2Penalty([3, -4], 0.1, 0.1)") == pytest.approx(3.2)


@pytest.mark.parametrize("call", ["l1Penalty([1], -1)", "l2Penalty([1], NaN)", "softThreshold([1], -1)", "ridgeShrinkage([1], Infinity)"])
def test_a_factor_that_makes_no_sense_is_refused(run, call):
    assert run("penalties.js", f"m.{call}") is None
