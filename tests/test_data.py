"""Claims and observations of the chapter "Simulated data for classification"."""

import re

import keras
import numpy as np
import pytest
from keras import Sequential, layers, ops
from scipy import stats
from scipy.linalg import lstsq
from scipy.special import expit
from sklearn.datasets import load_breast_cancer, make_classification
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from pipeline.source import ROOT
from tests.formulas import formula
from tests.observed import number

FOUR_KINDS = {"n_features": 9, "n_informative": 3, "n_redundant": 2, "n_repeated": 1, "shuffle": False}


def unexplained(columns, by):
    """Return the share of the variance of `columns` that no linear combination of `by` explains, by SciPy's least squares."""
    design = np.column_stack([np.ones(len(by)), by])
    left = columns - design @ lstsq(design, columns)[0]
    return left.var(axis=0) / columns.var(axis=0)


@pytest.mark.parametrize("seed", range(5))
def test_columns_come_in_the_order_of_their_kinds(seed):
    X, y = make_classification(5000, **FOUR_KINDS, random_state=seed)
    assert unexplained(X[:, 3:5], by=X[:, :3]).max() < 1e-12  # redundant
    assert (
        min(unexplained(X[:, [j]], by=np.delete(X[:, :3], j, axis=1))[0] for j in range(3)) > 0.01
    )  # informative: none follows from the others
    assert any(np.array_equal(X[:, 5], X[:, j]) for j in range(5))  # repeated
    assert unexplained(X[:, 6:], by=np.column_stack([X[:, :6], y])).min() > 0.99  # noise


def test_clusters_stand_at_the_corners_of_a_cube_of_class_sep():
    for class_sep, clusters, columns in [(0.5, 1, 3), (2.0, 1, 3), (0.5, 2, 3), (2.0, 2, 3), (0.5, 2, 2)]:
        X, _ = make_classification(
            40_000,
            columns,
            n_informative=columns,
            n_redundant=0,
            n_clusters_per_class=clusters,
            class_sep=class_sep,
            flip_y=0,
            shuffle=False,  # cluster by cluster, all of the same size
            random_state=1,
        )
        rows = X.reshape(2 * clusters, -1, columns)
        means = rows.mean(axis=1)  # (clusters of both classes, columns)
        corners = np.sign(means)
        assert len(np.unique(corners, axis=0)) == len(means)  # a corner for each
        for mean, corner in zip(means, corners):
            np.testing.assert_allclose(mean, class_sep * corner, atol=0.1)  # so that the side is twice class_sep
        variances, directions = np.linalg.eigh([np.cov(points.T) for points in rows])
        assert np.all(variances[:, -1] > 1.2 * variances[:, 0])  # stretched
        cosines = np.abs(directions[:, :, -1] @ directions[:, :, -1].T)
        assert cosines[np.triu_indices(len(rows), 1)].max() < 0.99  # each in another direction


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("share", [0.1, 0.4])
def test_random_labels_set_a_ceiling(n_classes, share):
    """Two draws that differ in flip_y alone: how often is the label the class, within 4 standard errors of the formula?"""
    sizes = {"n_features": 4, "n_informative": 4, "n_redundant": 0, "n_classes": n_classes, "shuffle": False, "random_state": 0}
    n = 40_000
    truth, label = (make_classification(n, flip_y=flip, **sizes)[1] for flip in (0.0, share))
    ceiling = formula("learn/data.md", r"\text{ceiling}")(f=share, K=n_classes)
    assert abs(np.mean(truth == label) - ceiling) < 4 * np.sqrt(ceiling * (1 - ceiling) / n)


def test_make_classification_has_noise_and_two_clusters_by_default():
    sizes = {"n_samples": 20_000, "n_features": 4, "n_informative": 4, "n_redundant": 0, "random_state": 0}
    default, same = make_classification(**sizes), make_classification(flip_y=0.01, n_clusters_per_class=2, **sizes)
    np.testing.assert_array_equal(default[0], same[0])
    np.testing.assert_array_equal(default[1], same[1])
    clean = make_classification(flip_y=0, shuffle=False, **sizes)[1]
    noisy = make_classification(shuffle=False, **sizes)[1]
    assert 0.003 < np.mean(clean != noisy) < 0.007  # half of one in a hundred draw the class they had


def test_weights_make_a_class_nine_times_as_frequent():
    for seed in range(5):
        _, y = make_classification(10_000, weights=[0.9], flip_y=0, random_state=seed)
        assert np.mean(y == 0) == pytest.approx(0.9, abs=0.001)  # the sizes of the clusters are rounded


def test_without_shuffle_the_rows_stand_in_blocks_of_one_class():
    for clusters in (1, 2):
        blocks = np.tile(np.repeat([0, 1], 2000 // clusters), clusters)
        y, changed = (
            make_classification(4000, n_clusters_per_class=clusters, flip_y=share, shuffle=False, random_state=0)[1] for share in (0, 0.2)
        )
        np.testing.assert_array_equal(y, blocks)
        assert np.mean(changed != blocks) == pytest.approx(0.1, abs=0.02)  # half of the labels that are drawn anew stay


def test_a_logistic_fit_recovers_the_weights_that_were_put_in():
    """Standard errors are from the Fisher information of the true model."""
    truth, typical = np.array([3.0, -4.0, 1.0]), {}
    on_page = formula("learn/data.md", "P(y_i = 1) =")
    for rows in (300, 30_000):
        distances = []
        for seed in range(20):
            rng = np.random.default_rng(seed)
            X = rng.normal(size=(rows, 2))
            chance = on_page(w=truth[:2], x_i=X.T, b=truth[2])
            np.testing.assert_allclose(chance, expit(X @ truth[:2] + truth[2]))
            y = (rng.random(rows) < chance).astype(int)
            found = LogisticRegression(C=np.inf, tol=1e-8).fit(X, y)
            design = np.column_stack([X, np.ones(rows)])
            errors = np.sqrt(np.diag(np.linalg.inv(design.T @ (design * (chance * (1 - chance))[:, None]))))
            distances.append([*found.coef_[0], found.intercept_[0]] - truth)
            assert np.all(np.abs(distances[-1]) < 4 * errors)
        typical[rows] = np.sqrt(np.mean(np.square(distances)))
    assert 6 < typical[300] / typical[30_000] < 15


def test_standardized_features_have_no_unit():
    X = np.random.default_rng(0).normal(size=(50, 3))
    np.testing.assert_allclose(StandardScaler().fit_transform(X), (X - X.mean(axis=0)) / X.std(axis=0), atol=1e-12)
    metres, other = StandardScaler().fit(X), StandardScaler().fit(X * [1000, 0.01, 1] + [5, 0, -3])
    np.testing.assert_allclose(metres.transform(X), other.transform(X * [1000, 0.01, 1] + [5, 0, -3]), atol=1e-10)


def _scores(prepare, seeds, features, informative):
    """Return test accuracies, one pair for each seed: prepared on the training rows, prepared on all rows."""
    pairs = []
    for seed in seeds:
        if informative:
            X, y = make_classification(120, features, n_informative=informative, n_redundant=0, random_state=seed)
        else:
            X, y = np.random.default_rng(seed).normal(size=(120, features)), np.arange(120) % 2
        train, test = train_test_split(np.arange(120), train_size=40, stratify=y, random_state=seed)
        made = [prepare().fit(X[rows], y[rows]).transform(X) for rows in (train, np.arange(120))]
        pairs.append([LogisticRegression().fit(Z[train], y[train]).score(Z[test], y[test]) for Z in made])
    return np.array(pairs)


def test_without_a_penalty_either_scaler_gives_the_same_probabilities():
    """On the training rows and on the others; no plane separates the training rows, so that the loss has a minimum."""
    for seed in range(5):
        X, y = make_classification(240, 5, n_informative=3, n_redundant=0, flip_y=0.2, random_state=seed)
        found = {}
        for penalty in (np.inf, 0.01):
            found[penalty] = []
            for rows in (slice(120), slice(240)):
                Z = StandardScaler().fit(X[rows]).transform(X)
                model = LogisticRegression(C=penalty, tol=1e-10, max_iter=1000).fit(Z[:120], y[:120])
                assert model.score(Z[:120], y[:120]) < 1
                found[penalty].append(model.predict_proba(Z)[:, 1])
        np.testing.assert_allclose(*found[np.inf], atol=1e-6)
        assert np.abs(found[0.01][0] - found[0.01][1]).max() > 1e-3  # with a penalty they are not the same


def test_choosing_features_on_all_rows_finds_signal_in_pure_noise():
    clean, leaking = _scores(lambda: SelectKBest(k=10), range(1000, 1030), features=300, informative=0).T
    assert leaking.mean() > 0.62
    assert abs(clean.mean() - 0.5) < 4 * stats.sem(clean)


def test_a_cholesky_factor_gives_normal_features_the_wanted_correlations():
    wanted = np.array([[1.0, 0.9, 0.3], [0.9, 1.0, 0.5], [0.3, 0.5, 1.0]])
    factor = np.linalg.cholesky(wanted)
    drawn = np.random.default_rng(0).normal(size=(100_000, 3))
    np.testing.assert_allclose(np.corrcoef((drawn @ factor.T).T), wanted, atol=0.01)
    z = np.linalg.qr(drawn[:50] - drawn[:50].mean(axis=0))[0] * np.sqrt(50)  # without chance: its covariances are the identity
    on_page = formula("learn/data.md", r"\operatorname{Cov}(x)")
    assert np.all(on_page.holds(x=z @ factor.T, z=z, F=factor, R=wanted, Cov=lambda rows: np.cov(rows.T, bias=True)))


def test_in_the_breast_cancer_data_class_one_is_benign():
    data = load_breast_cancer()
    assert data.data.shape == (569, 30)
    assert data.target_names.tolist() == ["malignant", "benign"]
    assert np.bincount(data.target).tolist() == [212, 357]


def test_keras_takes_labels_with_and_without_a_second_axis():
    X, y = make_classification(64, 4, random_state=0)
    for labels in (y, y[:, None]):
        keras.utils.set_random_seed(0)
        model = Sequential([layers.Input((4,)), layers.Dense(1, "sigmoid")])
        model.compile("sgd", loss="binary_crossentropy")
        probability = model.predict(X, verbose=0)[:, 0]
        by_hand = -np.log(np.where(y == 1, probability, 1 - probability)).mean()
        assert model.evaluate(X, labels, batch_size=64, verbose=0) == pytest.approx(by_hand, rel=1e-5)


def test_validation_split_takes_the_last_rows():
    X = np.random.default_rng(0).normal(size=(100, 3))
    y = np.repeat([0, 1], 50)  # sorted by class
    keras.utils.set_random_seed(0)
    model = Sequential([layers.Input((3,)), layers.Dense(1, "sigmoid")])
    model.compile(keras.optimizers.SGD(0.0), loss="binary_crossentropy")  # does not move
    seen = model.fit(X, y, validation_split=0.2, batch_size=100, verbose=0).history["val_loss"][0]
    assert seen == pytest.approx(model.evaluate(X[80:], y[80:], batch_size=20, verbose=0), rel=1e-5)
    assert abs(seen - model.evaluate(X[:20], y[:20], batch_size=20, verbose=0)) > 0.01


def test_a_normalization_layer_standardizes_as_the_scaler_does():
    X = np.random.default_rng(0).normal(loc=[1, -2, 1000], scale=[1, 3, 2], size=(200, 3))
    layer, scaler = layers.Normalization(), StandardScaler()
    layer.adapt(X[:150])
    expected = scaler.fit(X[:150]).transform(X)
    rounding = 2 * np.finfo("float32").eps * np.abs(X).max(axis=0) / scaler.scale_  # of the rows and their means, in standard deviations
    assert np.all(np.abs(ops.convert_to_numpy(layer(X)) - expected) < rounding)
    assert np.all(rounding < 0.001)


def test_check_of_the_first_chapter_refuses_features_that_the_model_standardizes():
    """The data of the page, and the function of the other page, as they stand there."""
    page, quickstart = (
        re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "learn" / f"{stem}.md").read_text(), re.DOTALL)
        for stem in ("data", "quickstart")
    )
    names = {}
    exec(next(code for code in quickstart if "def check(" in code).rpartition("\n\n\ncheck(")[0], names)
    exec(page[0], names)
    with pytest.raises(ValueError, match="not standardized"):
        names["check"](names["X_train"], names["y_train"], 1)
    names["check"](StandardScaler().fit_transform(names["X_train"]), names["y_train"], 1)
    normalize = layers.Normalization()
    normalize.adapt(names["X_train"])
    names["check"](np.asarray(normalize(names["X_train"])), names["y_train"], 1)


CLASSIFIERS = ("flat boundary", "25 neighbours")


def test_classes_farther_apart_are_easier_in_this_run(shown):
    accuracies = shown("data#accuracies")
    for classifier in CLASSIFIERS:
        found = [accuracies.number(f"class_sep={value}", classifier) for value in ("0.5", "1", "2")]
        assert found == sorted(set(found))


def test_neighbours_beat_the_plane_where_classes_overlap_in_this_run(shown):
    plane, neighbours = (shown("data#accuracies").number("class_sep=0.5", classifier) for classifier in CLASSIFIERS)
    assert neighbours - plane > 4 * 100 * np.sqrt(2 * 0.25 / shown("data#rows").value())  # four standard errors of a difference


def test_both_classifiers_come_close_to_the_limit_in_this_run(shown):
    limit = 100 * formula("learn/data.md", r"\text{ceiling}")(f=0.3, K=2)
    assert limit == pytest.approx(85)
    for classifier in CLASSIFIERS:
        assert abs(shown("data#accuracies").number("flip_y=0.3", classifier) - limit) < 1


def test_two_clusters_defeat_the_plane_in_this_run(shown):
    """In the figure, each class has rows beyond two opposite corners of a square, and hardly any beyond the two others."""
    accuracies = shown("data#accuracies")
    assert abs(accuracies.number("2 clusters", "flat boundary") - 50) < 5
    assert accuracies.number("2 clusters", "25 neighbours") > 95
    signs = []
    for name in ("class 0", "class 1"):
        x, y = shown("data#settings").points(name, "2 clusters").T
        signs.append(np.sign(np.median(x * y)))
        assert np.mean(np.sign(x * y) == signs[-1]) > 0.8
        assert 0.3 < np.mean(x > 0) < 0.7
    assert signs[0] == -signs[1]


def test_column_0_helps_together_with_column_1_in_this_run(shown):
    alone = shown("data#alone").column("straight line")
    assert abs(alone["0"] - 50) < 5
    assert 100 - alone["0 and 1"] < (100 - alone["1"]) / 2


def test_redundant_columns_are_explained_and_noise_is_not_in_this_run(shown):
    columns = shown("data#columns")
    for column, explained in columns.column("explained by 0 and 1").items():
        assert explained == (0 if columns.entry(column, "kind") == "noise" else 100)


def test_an_informative_column_can_look_like_noise_in_this_run(shown):
    columns = shown("data#columns")
    sizes = {column: abs(value) for column, value in columns.column("correlation with y").items()}
    assert columns.entry("0", "kind") == "informative"
    assert sizes["0"] <= max(size for column, size in sizes.items() if columns.entry(column, "kind") == "noise")


def test_learned_weights_come_closer_with_more_rows_in_this_run(shown):
    weights = shown("data#weights")
    distances = [
        sum(abs(weights.number(rows, name) - weights.number("truth", name)) for name in ("w_1", "w_2", "b"))
        for rows in ("100", "1000", "30000")
    ]
    assert distances == sorted(distances, reverse=True)


def leak_interval(shown, step, tag="leak"):
    low, high = shown(f"data_leaks#{tag}").entry(step, "95% interval").split(" to ")
    return number(low), number(high)


def test_interval_of_the_scaler_contains_zero_in_this_run(shown):
    low, high = leak_interval(shown, "scaler")
    assert low < 0 < high


def test_noise_chosen_on_training_rows_predicts_nothing_in_this_run(shown):
    leak, setup = shown("data_leaks#leak"), shown("data_leaks#setup")
    rows = setup.number("choice", "data sets") * setup.number("choice", "test rows")
    assert abs(leak.number("choice", "clean") - 50) < 4 * 100 * np.sqrt(0.25 / rows)  # four standard errors
    assert leak_interval(shown, "choice")[0] > 0


def test_filling_by_class_raises_the_accuracy_more_than_the_scaler_in_this_run(shown):
    low, _ = leak_interval(shown, "filling", "filling")
    _, high = leak_interval(shown, "scaler")
    assert low > high


def test_deviations_differ_more_in_the_real_data_in_this_run(shown):
    cancer = shown("data#cancer")
    real, simulated = (cancer.number(name, "largest sd") / cancer.number(name, "smallest sd") for name in ("breast cancer", "simulated"))
    assert real > 100 * simulated


def test_more_pairs_are_strongly_correlated_in_the_real_data_in_this_run(shown):
    strong = {}
    for name in ("simulated", "breast cancer"):
        values = np.abs(shown("data#maps").image(name))
        strong[name] = np.mean(values[np.triu_indices(30, 1)] > 0.5)
        assert shown("data#cancer").number(name, "strong pairs") == round(100 * strong[name])
    assert strong["breast cancer"] > 2 * strong["simulated"]
