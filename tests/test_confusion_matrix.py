"""Claims of the chapter "An honest confusion matrix"."""

import functools

import keras
import numpy as np
import pytest
from keras import Sequential, layers, ops
from keras.regularizers import L1L2
from scipy import stats
from scipy.optimize import minimize_scalar
from sklearn import metrics
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from tests.formulas import formula
from tests.solvers import several, train, unit


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
        s = np.sqrt(formula("learn/confusion_matrix.md", "s^2 =")(**given))
        theirs = stats.binomtest(right, n).proportion_ci(method="wilson")
        ends = formula("learn/confusion_matrix.md", r"\frac{a + \frac{z^2}{2n}}")(**given, s=s)
        np.testing.assert_allclose(ends, [theirs.low, theirs.high], atol=1e-12)


def interval(differences, overlap):
    """Return the ends of a 95% t interval, corrected for an `overlap` (Nadeau and Bengio, 2003), in rows of `differences`."""
    m = differences.shape[-1]
    spread = differences.std(axis=-1, ddof=1)
    on_page = formula("learn/confusion_matrix.md", r"\bar{d} \pm")
    return on_page(d_bar=differences.mean(axis=-1), t=stats.t.ppf(0.975, m - 1), s_d=spread, m=m, v=overlap)


@pytest.mark.parametrize("for_the_other", [1, -1])
def test_paired_interval_is_that_of_scipy_and_narrower_than_unpaired(for_the_other):
    """Accuracies of two models on 25 data sets, 4,000 times; what is hard for the one is as hard, or as easy, for the other."""
    rng = np.random.default_rng(0)
    hard = 0.05 * rng.normal(size=(4000, 25))
    one, other = 0.8 + hard + rng.normal(0, 0.02, hard.shape), 0.79 + for_the_other * hard + rng.normal(0, 0.02, hard.shape)
    paired = stats.ttest_rel(one, other, axis=1).confidence_interval()
    low, high = interval(one - other, 0)
    np.testing.assert_allclose([low, high], [paired.low, paired.high])
    assert np.mean((low < 0.01) & (high > 0.01)) == pytest.approx(0.95, abs=0.015)  # 0.01 is the true difference; 4 standard errors
    unpaired = stats.ttest_ind(one, other, axis=1).confidence_interval()
    narrower = high - low < unpaired.high - unpaired.low
    assert np.all(narrower) if for_the_other == 1 else not np.any(narrower)


@functools.cache
def _population():
    """Return the share of class 1, and for each class the mean (30,) and a root (30, 30) of the covariance of the breast cancer data."""
    X, y = load_breast_cancer(return_X_y=True)
    X = StandardScaler().fit_transform(np.log(X + 0.01))  # nearly normal
    return y.mean(), [(X[y == k].mean(axis=0), np.linalg.cholesky(np.cov(X[y == k].T))) for k in (0, 1)]


def _drawn(rng, *shape):
    """Return rows (*shape, 30) of two normal classes fitted to the breast cancer data, and their classes (*shape), −1 and 1."""
    share, (benign, malignant) = _population()
    positive, z = rng.random(shape) < share, rng.normal(size=(*shape, 30))
    X = np.where(positive[..., None], malignant[0] + z @ malignant[1].T, benign[0] + z @ benign[1].T)
    return X, np.where(positive, 1.0, -1.0)


def _classifiers(X, y):
    """Return two linear classifiers for each set of rows on the leading axis: least squares on the classes, and ridge."""
    mean, level = X.mean(axis=-2, keepdims=True), y.mean(axis=-1, keepdims=True)
    centred = X - mean
    gram, moments = np.swapaxes(centred, -1, -2) @ centred, np.swapaxes(centred, -1, -2) @ (y - level)[..., None]
    for alpha in (1e-6, 20.0):
        weights = np.linalg.solve(gram + alpha * np.eye(30), moments)  # (sets, 30, 1)
        yield weights, level - (mean @ weights)[..., 0]


def _accuracy(weights, bias):
    """Return the share of all rows of the population that each linear classifier puts into their class."""
    share, classes = _population()
    right = [
        stats.norm.cdf(sign * ((mean @ weights)[..., 0] + bias[..., 0]) / np.linalg.norm(root.T @ weights, axis=(-1, -2)))
        for sign, (mean, root) in zip((-1, 1), classes)
    ]
    return (1 - share) * right[0] + share * right[1]


@functools.cache
def _errors_of_splits():
    """For 150 data sets of 569 rows, return by how much the mean of 25 splits misses the true difference, in plain half widths."""
    rng = np.random.default_rng(0)
    truth = np.mean(np.subtract(*(_accuracy(*model) for model in _classifiers(*_drawn(rng, 1000, 120)))))
    errors = []
    for _ in range(150):
        X, y = _drawn(rng, 569)
        split = np.stack([rng.permutation(569) for _ in range(25)])
        made, tested = split[:, :120], split[:, 120:]  # rows to make a model by, and 449 to test it
        right = [(X[tested] @ weights)[..., 0] + bias > 0 for weights, bias in _classifiers(X[made], y[made])]
        gained = np.subtract(*((said == (y[tested] > 0)).mean(axis=1) for said in right))
        low, high = interval(gained, 0)
        errors.append(abs(gained.mean() - truth) / ((high - low) / 2))
    return np.array(errors)


def test_splits_of_the_same_rows_need_a_wider_interval():
    assert np.mean(_errors_of_splits() < 1) < 0.8


def test_correction_for_449_test_rows_to_120_others_is_three_times_too_wide():
    corrected = np.sqrt((1 / 25 + 449 / 120) / (1 / 25))  # in plain half widths
    assert interval(np.arange(25.0), 449 / 120)[1] - 12 == pytest.approx(corrected * (interval(np.arange(25.0), 0)[1] - 12))
    assert np.mean(_errors_of_splits() < corrected / 3) > 0.95


class PerSetting(keras.regularizers.Regularizer):
    def __init__(self, settings):
        self.l1, self.l2 = np.array(settings, dtype="float32").T

    def __call__(self, kernel):
        l1, l2 = ops.convert_to_tensor(self.l1), ops.convert_to_tensor(self.l2)
        return ops.sum(l1 * ops.abs(kernel) + l2 * kernel**2)


def summed_cross_entropy(y, logits):
    return ops.sum(ops.softplus(logits) - y * logits, axis=(1, 2))


SETTINGS = [pair for factor in (0.001, 0.01, 0.1) for pair in ((factor, 0.0), (0.0, factor), (factor, factor))]


def problems():
    """Return rows (60, 3 data sets, 40 features) and classes (60, 3), simulated as in the script."""
    sizes = {"n_informative": 5, "n_redundant": 0, "n_clusters_per_class": 1, "class_sep": 0.7, "flip_y": 0.05}
    made = [make_classification(60, 40, **sizes, random_state=seed) for seed in range(3)]
    X = np.stack([StandardScaler().fit_transform(X) for X, _ in made], axis=1)
    return X.astype("float32"), np.stack([y for _, y in made], axis=1).astype("float32")


def adam(updates):
    return keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.05, updates))


def trained_grid(updates):
    """Return kernels (data sets, features, settings) and biases (data sets, settings), trained as in the script."""
    X, y = problems()
    layer = layers.EinsumDense(
        "bdf,dfs->bds", (3, len(SETTINGS)), bias_axes="ds", kernel_initializer="zeros", kernel_regularizer=PerSetting(SETTINGS)
    )
    model = Sequential([layers.Input(X.shape[1:]), layer])
    return train(model, X, y[:, :, None], adam(updates), summed_cross_entropy, updates), layer.bias.numpy()


def test_each_slice_of_the_grid_is_a_model_trained_by_itself():
    (kernels, biases), (X, y) = trained_grid(100), problems()
    for d, s in [(0, 0), (1, 1), (2, 2), (0, 3), (1, 4), (2, 5)]:
        l1, l2 = SETTINGS[s]
        alone = unit(40, kernel_initializer="zeros", kernel_regularizer=L1L2(l1=l1, l2=l2))
        kernel = train(alone, X[:, d], y[:, [d]], adam(100), keras.losses.BinaryCrossentropy(from_logits=True), 100)
        np.testing.assert_allclose(kernels[d, :, s], kernel[:, 0], atol=1e-4)
        np.testing.assert_allclose(biases[d, s], alone.layers[0].bias.numpy()[0], atol=1e-4)


def test_trained_slices_reach_the_optimum_of_scikit_learn():
    X, y = problems()
    grids = {updates: trained_grid(updates) for updates in (400, 2000)}

    def objective(d, s, weights, bias):
        l1, l2 = SETTINGS[s]
        margins = np.where(y[:, d] == 1, 1, -1) * (X[:, d] @ weights + bias)
        return np.logaddexp(0, -margins).mean() + l1 * np.abs(weights).sum() + l2 * np.square(weights).sum()

    for d in range(3):
        for s, (l1, l2) in enumerate(SETTINGS):
            C, l1_ratio = 1 / (60 * (l1 + 2 * l2)), l1 / (l1 + 2 * l2)
            other = LogisticRegression(C=C, l1_ratio=l1_ratio, solver="saga", tol=1e-6, max_iter=50_000, random_state=0).fit(
                X[:, d].astype(float), y[:, d]
            )
            least = objective(d, s, other.coef_[0], other.intercept_[0])
            excess = {updates: objective(d, s, kernels[d, :, s], biases[d, s]) / least - 1 for updates, (kernels, biases) in grids.items()}
            if max(l1, l2) >= 0.01:
                assert -1e-4 < excess[400] < 0.01
                assert -1e-4 < excess[2000] < 1e-4
            elif l2 == 0:
                assert excess[400] > 0.1


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
