"""Claims of the chapter "An honest confusion matrix"."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import Sequential, layers, ops
from keras.regularizers import L1L2
from scipy import stats
from scipy.optimize import minimize_scalar
from sklearn import metrics
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler


def answers(tn, fp, fn, tp):
    """Return true and predicted classes with these four cells."""
    return np.repeat([0, 0, 1, 1], [tn, fp, fn, tp]), np.repeat([0, 1, 0, 1], [tn, fp, fn, tp])


@pytest.mark.parametrize("cells", [(50, 10, 5, 35), (900, 30, 60, 10), (3, 20, 4, 7)])
def test_measures_of_the_four_cells_are_those_of_scikit_learn(cells):
    tn, fp, fn, tp = cells
    y, said = answers(*cells)
    precision, recall, specificity = tp / (tp + fp), tp / (tp + fn), tn / (tn + fp)
    assert metrics.accuracy_score(y, said) == pytest.approx((tp + tn) / sum(cells))
    assert metrics.precision_score(y, said) == pytest.approx(precision)
    assert metrics.recall_score(y, said) == pytest.approx(recall)
    assert metrics.recall_score(y, said, pos_label=0) == pytest.approx(specificity)
    assert (
        metrics.f1_score(y, said)
        == pytest.approx(2 * precision * recall / (precision + recall))
        == pytest.approx(2 * tp / (2 * tp + fp + fn))
    )
    assert metrics.balanced_accuracy_score(y, said) == pytest.approx((recall + specificity) / 2)
    root = np.sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn))
    assert metrics.matthews_corrcoef(y, said) == pytest.approx((tp * tn - fp * fn) / root)


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
        bayes = recall * share / (recall * share + (1 - specificity) * (1 - share))
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


def test_class_weight_moves_the_probability_as_a_threshold_would():
    """A model with a weight for each kind of row learns each kind's share; a class weight k turns share p into kp / (kp + 1 − p)."""
    share = np.array([0.1, 0.3, 0.6])
    X = np.repeat(np.eye(3), 10, axis=0)
    y = np.concatenate([np.arange(10) < 10 * p for p in share]).astype("float32")
    for k in (1.0, 4.0):
        model = Sequential([layers.Input((3,)), layers.Dense(1, "sigmoid", use_bias=False, kernel_initializer="zeros")])
        rate = keras.optimizers.schedules.CosineDecay(0.3, 400)
        model.compile(keras.optimizers.Adam(rate), "binary_crossentropy", steps_per_execution=100)
        again = (np.tile(X, (400, 1)), np.tile(y, 400)[:, None])  # 400 updates, each with all rows
        model.fit(*again, batch_size=30, shuffle=False, class_weight={0: 1.0, 1: k}, verbose=0)
        np.testing.assert_allclose(model.predict(np.eye(3), verbose=0)[:, 0], k * share / (k * share + 1 - share), atol=2e-3)
    assert 4 * 0.2 / (4 * 0.2 + 0.8) == 0.5  # at one half, with k = 4: p = 1 / (1 + k)


def test_wilson_interval_is_that_of_scipy():
    z = stats.norm.ppf(0.975)
    for right, n in [(80, 100), (449, 449), (3, 20)]:
        p = right / n
        centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
        half = z / (1 + z**2 / n) * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2))
        theirs = stats.binomtest(right, n).proportion_ci(method="wilson")
        assert [centre - half, centre + half] == pytest.approx([theirs.low, theirs.high], abs=1e-12)


def interval(differences, overlap):
    """Return the ends of a 95% t interval, corrected for an `overlap` (Nadeau and Bengio, 2003), in rows of `differences`."""
    n = differences.shape[-1]
    half = stats.t.ppf(0.975, n - 1) * np.sqrt(differences.var(axis=-1, ddof=1) * (1 / n + overlap))
    return differences.mean(axis=-1) - half, differences.mean(axis=-1) + half


def test_paired_interval_is_that_of_scipy_and_narrower_than_unpaired():
    rng = np.random.default_rng(0)
    hard = rng.normal(size=25)  # some data sets are harder, for both
    one, other = 0.8 + 0.05 * hard + rng.normal(0, 0.01, 25), 0.79 + 0.05 * hard + rng.normal(0, 0.01, 25)
    paired = stats.ttest_rel(one, other).confidence_interval()
    assert interval(one - other, 0) == pytest.approx([paired.low, paired.high])
    unpaired = stats.ttest_ind(one, other).confidence_interval()
    assert paired.high - paired.low < (unpaired.high - unpaired.low) / 3


def test_splits_of_the_same_rows_need_a_wider_interval():
    """Two models that err equally often, on 200 rows; 25 test sets of 150 of them. How many intervals hold the true difference, 0?"""
    rng = np.random.default_rng(0)
    held = {0.0: 0, 150 / 50: 0}
    for _ in range(300):
        gain = (rng.random(200) < 0.8).astype(float) - (rng.random(200) < 0.8)
        tested = np.array([gain[rng.permutation(200)[:150]].mean() for _ in range(25)])
        for overlap in held:
            low, high = interval(tested, overlap)
            held[overlap] += low < 0 < high
    naive, corrected = (count / 300 for count in held.values())
    assert naive < 0.6
    assert corrected > 0.9


class PerSetting(keras.regularizers.Regularizer):
    def __init__(self, settings):
        self.l1, self.l2 = np.array(settings, dtype="float32").T

    def __call__(self, kernel):
        return ops.sum(self.l1 * ops.abs(kernel) + self.l2 * kernel**2)


def summed_cross_entropy(y, logits):
    return ops.sum(ops.softplus(logits) - y * logits, axis=(1, 2))


SETTINGS = [(0.0, 0.0), (0.03, 0.0), (0.0, 0.03), (0.01, 0.02)]


def problems():
    """Return rows (80, 3 data sets, 6 features) and classes (80, 3)."""
    made = [make_classification(80, 6, n_informative=3, n_redundant=0, flip_y=0.2, random_state=seed) for seed in range(3)]
    X = np.stack([StandardScaler().fit_transform(X) for X, _ in made], axis=1)
    return X.astype("float32"), np.stack([y for _, y in made], axis=1).astype("float32")


def train(model, X, y, loss, updates):
    rate = keras.optimizers.schedules.CosineDecay(0.05, updates)
    model.compile(keras.optimizers.Adam(rate), loss, steps_per_execution=min(100, updates))
    batch = tf.data.Dataset.from_tensors((X, y)).repeat()
    model.fit(batch, steps_per_epoch=updates, shuffle=False, verbose=0)


def trained_grid(updates):
    X, y = problems()
    layer = layers.EinsumDense(
        "bdf,dfs->bds", (3, len(SETTINGS)), bias_axes="ds", kernel_initializer="zeros", kernel_regularizer=PerSetting(SETTINGS)
    )
    model = Sequential([layers.Input(X.shape[1:]), layer])
    train(model, X, y[:, :, None], summed_cross_entropy, updates)
    return layer


def test_each_slice_of_the_grid_is_a_model_trained_by_itself():
    grid, (X, y) = trained_grid(100), problems()
    for d in range(3):
        for s, (l1, l2) in enumerate(SETTINGS):
            unit = layers.Dense(1, kernel_initializer="zeros", kernel_regularizer=L1L2(l1=l1, l2=l2))
            model = Sequential([layers.Input((6,)), unit])
            train(model, X[:, d], y[:, [d]], keras.losses.BinaryCrossentropy(from_logits=True), 100)
            np.testing.assert_allclose(grid.kernel.numpy()[d, :, s], unit.kernel.numpy()[:, 0], atol=1e-4)
            np.testing.assert_allclose(grid.bias.numpy()[d, s], unit.bias.numpy()[0], atol=1e-4)


def test_trained_slices_reach_the_optimum_of_scikit_learn():
    grid, (X, y) = trained_grid(2000), problems()
    for d in range(3):
        for s, (l1, l2) in enumerate(SETTINGS[1:], start=1):
            C = 1 / (len(X) * (l1 + 2 * l2))  # l1 = r / (C n) and l2 = (1 − r) / (2 C n)
            settings = {"C": C, "l1_ratio": l1 * C * len(X), "solver": "saga", "tol": 1e-9, "max_iter": 50_000}
            other = LogisticRegression(**settings).fit(X[:, d].astype(float), y[:, d])
            np.testing.assert_allclose(grid.kernel.numpy()[d, :, s], other.coef_[0], atol=0.01)


def _ahead(informative, seed):
    """Return by how much L1 is ahead of L2 in test accuracy, each with its own factor chosen on validation rows."""
    X, y = make_classification(
        2120, 40, n_informative=informative, n_redundant=0, n_clusters_per_class=1, class_sep=0.7, flip_y=0.05, random_state=seed
    )
    X = StandardScaler().fit(X[:60]).transform(X)
    accuracies = []
    for ratio in (1.0, 0.0):
        models = [LogisticRegression(C=C, l1_ratio=ratio, solver="liblinear").fit(X[:60], y[:60]) for C in np.logspace(-2, 2, 9)]
        losses = [metrics.log_loss(y[60:120], model.predict_proba(X[60:120])) for model in models]
        accuracies.append(models[int(np.argmin(losses))].score(X[120:], y[120:]))
    return accuracies[0] - accuracies[1]


def test_l1_is_ahead_of_l2_with_a_sparse_truth_and_behind_with_a_dense_one():
    for informative, sign in ((5, 1), (30, -1)):
        ahead = sign * np.array([_ahead(informative, seed) for seed in range(200, 230)])
        assert stats.ttest_1samp(ahead, 0, alternative="greater").pvalue < 0.01
