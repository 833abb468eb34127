"""Claims of the chapter "The confusion matrix"."""

import functools

import keras
import numpy as np
import pytest
from keras import Sequential, layers
from scipy import stats
from scipy.optimize import minimize_scalar
from sklearn import metrics

from tests.formulas import formula
from tests.observed import number
from tests.solvers import several


def answers(tn, fp, fn, tp):
    """Return true and predicted classes with these four cells."""
    return np.repeat([0, 0, 1, 1], [tn, fp, fn, tp]), np.repeat([0, 1, 0, 1], [tn, fp, fn, tp])


@pytest.mark.parametrize("cells", [(50, 10, 5, 35), (900, 30, 60, 10), (3, 20, 4, 7)])
def test_measures_of_the_four_cells_are_those_of_scikit_learn(cells):
    tn, fp, fn, tp = cells
    y, said = answers(*cells)
    given = {"TN": tn, "FP": fp, "FN": fn, "TP": tp}
    precision = formula("learn/confusion_matrix.md", r"\text{precision} = \frac{TP}")(**given)
    recall = formula("learn/confusion_matrix.md", r"\text{recall}")(**given)
    specificity = formula("learn/confusion_matrix.md", r"\text{specificity}")(**given)
    assert metrics.accuracy_score(y, said) == pytest.approx((tp + tn) / sum(cells))
    assert metrics.precision_score(y, said) == pytest.approx(precision)
    assert metrics.recall_score(y, said) == pytest.approx(recall)
    assert metrics.recall_score(y, said, pos_label=0) == pytest.approx(specificity)
    assert (
        metrics.f1_score(y, said)
        == pytest.approx(2 * precision * recall / (precision + recall))
        == pytest.approx(formula("learn/confusion_matrix.md", "F_1 =")(**given))
    )
    balanced = formula("learn/confusion_matrix.md", r"\text{balanced}")(recall=recall, specificity=specificity)
    assert metrics.balanced_accuracy_score(y, said) == pytest.approx(balanced)
    root = np.sqrt(formula("learn/confusion_matrix.md", "R^2 =")(**given))
    assert metrics.matthews_corrcoef(y, said) == pytest.approx(formula("learn/confusion_matrix.md", r"\text{MCC}")(**given, R=root))
    assert metrics.matthews_corrcoef(y, np.ones_like(y)) == 0  # R = 0


def test_mcc_is_the_correlation_of_truth_and_answer():
    y, said = answers(50, 10, 5, 35)
    assert metrics.matthews_corrcoef(y, said) == pytest.approx(np.corrcoef(y, said)[0, 1])


def test_always_the_larger_class_scores_its_share_but_half_when_balanced_and_zero_in_mcc():
    y, said = answers(95, 0, 5, 0)
    assert metrics.accuracy_score(y, said) == 0.95
    assert metrics.balanced_accuracy_score(y, said) == 0.5
    assert metrics.matthews_corrcoef(y, said) == 0.0


def test_f1_does_not_see_the_true_negatives():
    few, many = answers(10, 10, 5, 35), answers(10_000, 10, 5, 35)
    assert metrics.f1_score(*few) == metrics.f1_score(*many)
    assert metrics.matthews_corrcoef(*many) > metrics.matthews_corrcoef(*few) + 0.1


def test_precision_follows_from_recall_specificity_and_the_share_of_positives():
    for tn, fp, fn, tp in [(9000, 900, 10, 90), (80, 20, 30, 70)]:
        y, said = answers(tn, fp, fn, tp)
        share, recall, specificity = y.mean(), tp / (tp + fn), tn / (tn + fp)
        bayes = formula("learn/confusion_matrix.md", r"\text{precision} = \frac{\pi r}")(π=share, r=recall, s=specificity)
        assert metrics.precision_score(y, said) == pytest.approx(bayes)


def three_classes():
    rng = np.random.default_rng(0)
    y = rng.choice(3, size=500, p=[0.6, 0.3, 0.1])
    return y, np.where(rng.random(500) < 0.7, y, rng.choice(3, size=500))


def test_rows_divided_by_their_sums_show_recalls_and_columns_precisions():
    y, said = three_classes()
    by_row, by_column = (metrics.confusion_matrix(y, said, normalize=how) for how in ("true", "pred"))
    np.testing.assert_allclose(by_row.sum(axis=1), 1)
    np.testing.assert_allclose(by_column.sum(axis=0), 1)
    np.testing.assert_allclose(np.diag(by_row), metrics.recall_score(y, said, average=None))
    np.testing.assert_allclose(np.diag(by_column), metrics.precision_score(y, said, average=None))
    assert metrics.confusion_matrix(y, said, normalize="all").sum() == pytest.approx(1)


def test_micro_averages_are_the_accuracy():
    y, said = three_classes()
    values = metrics.precision_recall_fscore_support(y, said, average="micro")[:3]
    assert values == pytest.approx([metrics.accuracy_score(y, said)] * 3)


def test_balanced_accuracy_is_the_mean_of_the_recalls():
    y, said = three_classes()
    recalls = metrics.recall_score(y, said, average=None)
    assert metrics.balanced_accuracy_score(y, said) == pytest.approx(recalls.mean())
    assert metrics.recall_score(y, said, average="macro") == pytest.approx(recalls.mean())


def test_softmax_gives_probabilities_that_add_up_to_one():
    model = Sequential([layers.Input((4,)), layers.Dense(3, "softmax")])
    found = model.predict(np.random.default_rng(0).normal(size=(50, 4)), verbose=0)
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    assert found.min() > 0


def test_area_under_the_roc_curve_is_the_share_of_pairs_in_order():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 300)
    score = np.round(rng.normal(size=300) + y, 1)  # rounded, so that there are ties
    first, second = score[y == 1][:, None], score[y == 0]
    pairs = np.mean(first > second) + np.mean(first == second) / 2
    assert metrics.roc_auc_score(y, score) == pytest.approx(pairs)
    count = stats.mannwhitneyu(score[y == 1], score[y == 0]).statistic  # counts the same pairs
    assert pairs == pytest.approx(count / (first.size * second.size))


def test_guessing_has_equal_recall_and_false_alarms_and_the_precision_of_the_share():
    rng = np.random.default_rng(0)
    y, score = (rng.random(200_000) < 0.1).astype(int), rng.random(200_000)
    for threshold in (0.2, 0.5, 0.8):
        said = score > threshold
        assert np.mean(said[y == 1]) == pytest.approx(np.mean(said[y == 0]), abs=0.01)
        assert metrics.precision_score(y, said) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(("alarm", "miss"), [(1, 1), (1, 8), (5, 2)])
def test_threshold_of_least_cost_is_the_share_of_the_false_alarm_in_the_costs(alarm, miss):
    """Probabilities that are right, spread evenly over 0 to 1; SciPy finds the threshold of least expected cost."""
    probability = (np.arange(200_000) + 0.5) / 200_000

    def expected_cost(threshold):
        positive = probability > threshold
        return np.mean(np.where(positive, alarm * (1 - probability), miss * probability))

    found = minimize_scalar(expected_cost, bounds=(0, 1), method="bounded", options={"xatol": 1e-6}).x
    assert found == pytest.approx(alarm / (alarm + miss), abs=1e-3)
    says_yes = formula("learn/confusion_matrix.md", "q >").holds(q=probability, c_A=alarm, c_M=miss)
    np.testing.assert_array_equal(says_yes, (1 - probability) * alarm < probability * miss)


def test_class_weight_moves_the_probability_as_a_threshold_would():
    """A model with a weight for each kind of row learns each kind's share; a class weight k turns share p into kp / (kp + 1 − p)."""
    share = np.array([0.1, 0.3, 0.6])
    X = np.repeat(np.eye(3), 10, axis=0)
    y = np.concatenate([np.arange(10) < 10 * p for p in share]).astype("float32")
    for k in (1.0, 4.0):
        model = Sequential([layers.Input((3,)), layers.Dense(1, "sigmoid", use_bias=False, kernel_initializer="zeros")])
        rate = keras.optimizers.schedules.CosineDecay(0.3, 400)
        model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", **several(400))
        again = (np.tile(X, (400, 1)), np.tile(y, 400)[:, None])  # 400 updates, each with all rows
        model.fit(*again, batch_size=30, shuffle=False, class_weight={0: 1.0, 1: k}, verbose=0)
        expected = formula("learn/confusion_matrix.md", "k p / (k p")(k=k, p=share)
        np.testing.assert_allclose(model.predict(np.eye(3), verbose=0)[:, 0], expected, atol=2e-3)
    assert 4 * 0.2 / (4 * 0.2 + 0.8) == 0.5  # at one half, with k = 4: p = 1 / (1 + k)


def test_wilson_interval_is_that_of_scipy():
    z = stats.norm.ppf(0.975)
    for right, n in [(80, 100), (449, 449), (3, 20)]:
        given = {"a": right / n, "n": n, "z": z}
        h = np.sqrt(formula("learn/confusion_matrix.md", "h^2 =")(**given))
        theirs = stats.binomtest(right, n).proportion_ci(method="wilson")
        ends = formula("learn/confusion_matrix.md", r"\frac{a + \frac{z^2}{2n}}")(**given, h=h)
        np.testing.assert_allclose(ends, [theirs.low, theirs.high], atol=1e-12)


@pytest.mark.parametrize(("right", "right_other", "both"), [(430, 420, 400), (90, 95, 88)])
def test_difference_of_accuracies_comes_from_the_rows_of_disagreement(right, right_other, both):
    n = 500
    first, second = np.zeros(n, bool), np.zeros(n, bool)
    first[:right] = True
    second[right - both : right - both + right_other] = True
    u, v = np.sum(first & ~second), np.sum(second & ~first)
    assert np.mean(first) - np.mean(second) == pytest.approx(formula("learn/confusion_matrix.md", "d =")(u=u, v=v, n=n))


@pytest.mark.parametrize(("only_first", "only_second"), [(0.05, 0.03), (0.15, 0.05)])
def test_interval_of_the_difference_contains_the_true_difference_in_about_95_percent(only_first, only_second):
    """4,000 test sets of 1,000 rows, of which one model alone is right with these probabilities."""
    n = 1000
    counts = np.random.default_rng(0).multinomial(n, [only_first, only_second, 1 - only_first - only_second], size=4000)
    u, v = counts[:, 0], counts[:, 1]
    d = formula("learn/confusion_matrix.md", "d =")(u=u, v=v, n=n)
    s_d = np.sqrt(formula("learn/confusion_matrix.md", "s_d^2 =")(u=u, v=v, n=n))
    rows = np.repeat([1, -1, 0], counts[0])  # the differences of the first test set, row by row
    assert s_d[0] == pytest.approx(rows.std() / np.sqrt(n))
    covered = np.mean(np.abs(d - (only_first - only_second)) < 1.96 * s_d)
    assert covered == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 4000))


@functools.cache
def mcnemar(u, v):
    return stats.binomtest(u, u + v).pvalue


def test_mcnemar_rejects_equal_models_in_at_most_five_percent():
    """4,000 test sets of 300 rows; on some of them just one of two models is right, each of the two with a probability of one half."""
    rng = np.random.default_rng(0)
    for disagree in (0.05, 0.2):
        rows = rng.random((4000, 300))
        u, v = np.sum(rows < disagree / 2, axis=1), np.sum((rows >= disagree / 2) & (rows < disagree), axis=1)
        p = np.array([mcnemar(int(one), int(other)) for one, other in zip(u, v)])
        assert np.mean(p < 0.05) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 4000)
        unlike = [mcnemar(int(2 * one), int(other)) for one, other in zip(u, v)]  # the first is right alone twice as often
        assert np.mean(np.array(unlike) < 0.05) > 2 * np.mean(p < 0.05)


# What the run has shown


def test_network_misses_about_half_of_the_positive_rows_in_this_run(shown):
    missed, found = shown("confusion_matrix#matrix").number("1", "predicted 0"), shown("confusion_matrix#matrix").number("1", "predicted 1")
    assert 0.45 < missed / (missed + found) < 0.55
    np.testing.assert_array_equal(shown("confusion_matrix#drawn").image()[1], [missed, found])


def test_interval_of_the_recall_is_wider_than_that_of_the_specificity_in_this_run(shown):
    def ends(measure):
        return [number(end) for end in shown("confusion_matrix#measures").entry(measure, "95% interval").split(" to ")]

    for measure in ("recall", "specificity"):
        right, rows = (shown("confusion_matrix#measures").number(measure, column) for column in ("right", "rows"))
        theirs = stats.binomtest(int(right), int(rows)).proportion_ci(method="wilson")
        assert ends(measure) == pytest.approx(theirs, abs=6e-4)
    assert np.diff(ends("recall")) > 5 * np.diff(ends("specificity"))
    measures = shown("confusion_matrix#measures")
    rows, value = ([measures.number(measure, column) for measure in ("recall", "specificity")] for column in ("rows", "value"))
    assert rows[0] < rows[1] and abs(value[0] - 0.5) < abs(value[1] - 0.5)
    # Each reason alone widens the interval: fewer rows, or a share nearer to one half.

    def width(share, n):
        return np.diff(stats.binomtest(round(share * n), int(n)).proportion_ci(method="wilson"))

    assert width(value[1], rows[0]) > 2 * width(value[1], rows[1])
    assert width(value[0], rows[1]) > 2 * width(value[1], rows[1])


def test_threshold_of_one_half_has_the_highest_accuracy_and_the_highest_cost_of_the_three_in_this_run(shown):
    accuracy, cost = (shown("confusion_matrix#rare").column(name) for name in ("accuracy", "cost"))
    for other in ("costs", "chosen"):
        assert accuracy["one half"] > accuracy[other]
        assert cost["one half"] > cost[other] + 5


def test_thresholds_from_costs_and_from_validation_rows_cost_about_the_same_in_this_run(shown):
    cost = shown("confusion_matrix#rare").column("cost")
    assert abs(cost["costs"] - cost["chosen"]) < 1


def test_network_with_the_penalty_is_better_in_this_run(shown):
    table = shown("confusion_matrix#two")
    only, only_other = (
        table.number("right with the penalty", "wrong without it"),
        table.number("wrong with the penalty", "right without it"),
    )
    assert only > only_other
    assert shown("confusion_matrix#mcnemar").value() < 0.001
    assert shown("confusion_matrix#gap").value() == pytest.approx(100 * (only - only_other) / 3000, abs=0.05)
    assert shown("confusion_matrix#apart").value() > 0  # the lower end
