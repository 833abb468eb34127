"""Claims of the chapter "L1 and L2 regularization in Keras in five minutes"."""

import re

import keras
import numpy as np
import pytest
from keras import Sequential, layers, regularizers
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine, make_classification
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import confusion_matrix, log_loss
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from pipeline.source import ROOT
from tests.formulas import formula
from tests.solvers import all_rows, unit

RUNNING_EXAMPLE = np.array([3.0, -4.0], dtype="float32")
PAGE = (ROOT / "docs" / "learn" / "quickstart.md").read_text(encoding="utf-8")
FENCES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def fence_with(text):
    """Return the one Python fence of the page that has `text` in it."""
    (fence,) = [fence for fence in FENCES if text in fence]
    return fence


def standardized(load):
    """Return one of scikit-learn's data sets, its features standardized: (n, p), (n,)."""
    X, y = load(return_X_y=True)
    return StandardScaler().fit_transform(X).astype("float32"), y


def network():
    """Return an untrained network of 16 hidden units and one sigmoid unit, as on the page."""
    keras.utils.set_random_seed(0)
    return Sequential([layers.Dense(16, "relu"), layers.Dense(1, "sigmoid")])


def small_problem():
    """Return standardized rows and classes: 120 rows, 8 features, 3 of them informative."""
    X, y = make_classification(n_samples=120, n_features=8, n_informative=3, n_redundant=0, random_state=0)  # (120, 8), (120,)
    return StandardScaler().fit_transform(X).astype("float32"), y.astype("float32")


def logistic_model(l1, l2):
    """Return a model of one sigmoid unit with eight inputs, its kernel penalized."""
    keras.utils.set_random_seed(0)
    return unit(8, "sigmoid", kernel_regularizer=regularizers.L1L2(l1=l1, l2=l2))


def test_penalties_of_the_running_example():
    assert float(regularizers.L1(0.1)(RUNNING_EXAMPLE)) == pytest.approx(0.70, abs=1e-6)
    assert float(regularizers.L2(0.1)(RUNNING_EXAMPLE)) == pytest.approx(2.50, abs=1e-6)
    assert float(regularizers.L1L2(l1=0.1, l2=0.1)(RUNNING_EXAMPLE)) == pytest.approx(3.20, abs=1e-6)


def test_penalty_is_a_sum_over_all_weights_without_a_half():
    kernel = np.random.default_rng(0).normal(size=(20, 16)).astype("float32")
    expected = 0.3 * np.abs(kernel).sum() + 0.2 * np.square(kernel).sum()
    assert float(regularizers.L1L2(l1=0.3, l2=0.2)(kernel)) == pytest.approx(expected, rel=1e-5)


def test_bias_is_left_out_of_the_penalty():
    model = logistic_model(l1=0.1, l2=0.1)
    before = float(sum(model.losses))
    model.layers[0].bias.assign([1000.0])
    assert float(sum(model.losses)) == before
    model.layers[0].kernel.assign(2 * model.layers[0].kernel)
    assert float(sum(model.losses)) > before


def test_losses_of_fit_and_evaluate_contain_the_penalty():
    X, y = small_problem()
    model = logistic_model(l1=0.05, l2=0.1)
    model.compile(keras.optimizers.SGD(0.0), loss="binary_crossentropy")  # does not move: the loss of fit is that of these weights
    data_loss = float(keras.losses.BinaryCrossentropy()(y[:, None], model(X)))
    penalty = float(sum(model.losses))
    assert penalty > 0.05
    assert model.evaluate(X, y, batch_size=120, verbose=0) == pytest.approx(data_loss + penalty, abs=1e-5)
    assert model.fit(X, y, batch_size=120, verbose=0).history["loss"] == pytest.approx([data_loss + penalty], abs=1e-5)
    objective = formula("learn/quickstart.md", "J(w, b) =")(
        y=y,
        y_hat=model.predict(X, verbose=0)[:, 0].astype(float),
        l=lambda y, probability: -np.log(probability if y == 1 else 1 - probability),
        n=120,
        w=model.get_weights()[0][:, 0].astype(float),
        λ_1=0.05,
        λ_2=0.1,
    )
    assert objective == pytest.approx(data_loss + penalty, abs=1e-5)


def test_first_columns_are_informative_and_the_others_are_noise():
    X, y = make_classification(n_samples=6000, n_features=20, n_informative=5, n_redundant=0, flip_y=0.05, shuffle=False, random_state=2)
    information = mutual_info_classif(X, y, random_state=0)
    assert information[:5].min() > 2 * information[5:].max()


def test_stratify_keeps_the_share_of_the_classes():
    y = np.repeat([0, 1], [90, 10])
    for seed in range(20):
        parts = train_test_split(y, train_size=50, stratify=y, random_state=seed)
        assert [part.mean() for part in parts] == [0.1, 0.1]
    shares = {train_test_split(y, train_size=50, random_state=seed)[0].mean() for seed in range(20)}
    assert len(shares) > 1  # without it, the share is left to chance


def test_confusion_matrix_has_true_classes_in_rows():
    assert confusion_matrix([0, 0, 0, 1], [0, 1, 1, 1]).tolist() == [[1, 2], [0, 1]]


def test_unit_of_a_feature_changes_its_penalty():
    """The same function of a length in metres and in millimetres: its weight, and so its penalty, is not the same."""
    metres = np.random.default_rng(0).normal(size=(50, 1)).astype("float32")
    model = unit(1, kernel_regularizer=regularizers.L1(0.1))
    model.layers[0].kernel.assign([[2.0]])
    predicted, penalty = model.predict(metres, verbose=0), float(sum(model.losses))
    model.layers[0].kernel.assign([[0.002]])
    np.testing.assert_allclose(model.predict(1000 * metres, verbose=0), predicted, rtol=1e-5)
    assert penalty == pytest.approx(0.1 * 2.0)
    assert float(sum(model.losses)) == pytest.approx(penalty / 1000)


def test_factors_often_tie_in_accuracy_and_not_in_cross_entropy():
    """Scikit-learn's solver on twenty splits of the breast cancer data: the best accuracy is shared in most, a cross-entropy in none."""
    X, y = load_breast_cancer(return_X_y=True)
    ties = 0
    for seed in range(20):
        X_train, X_validation, y_train, y_validation = train_test_split(X, y, test_size=200, stratify=y, random_state=seed)
        scaler = StandardScaler().fit(X_train)
        accuracies, losses = [], []
        for factor in (0.0003, 0.001, 0.003, 0.01, 0.03):
            model = LogisticRegression(C=1 / (2 * factor * len(y_train)), max_iter=1000).fit(scaler.transform(X_train), y_train)
            accuracies.append(model.score(scaler.transform(X_validation), y_validation))
            losses.append(round(log_loss(y_validation, model.predict_proba(scaler.transform(X_validation))), 3))
        ties += accuracies.count(max(accuracies)) > 1
        assert losses.count(min(losses)) == 1
    assert ties > 10


def test_one_missing_value_gives_every_row_the_same_class():
    X, y = standardized(load_breast_cancer)
    model = network()
    model.compile("adam", "binary_crossentropy")
    model.fit(X, y, epochs=2, verbose=0)
    assert len(np.unique(model.predict(X, verbose=0) > 0.5)) == 2
    X[0, 0] = np.nan
    model.fit(X, y, epochs=2, verbose=0)
    assert any(np.isnan(weights).any() for weights in model.get_weights())
    assert len(np.unique(model.predict(X, verbose=0) > 0.5)) == 1


def test_one_sigmoid_unit_accepts_three_classes_without_a_warning(recwarn):
    X, y = standardized(load_wine)
    model = network()
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    losses = model.fit(all_rows(X, y), steps_per_epoch=20, epochs=5, shuffle=False, verbose=0).history["loss"]
    assert losses[-1] < 0
    probability = model.predict(X, verbose=0)
    assert probability.shape == (178, 1)  # above one half or not: there is no third answer
    assert set(np.unique(probability > 0.5)) == {False, True}
    assert [str(warning.message) for warning in recwarn] == []


def test_log_loss_refuses_more_classes_than_the_network_has():
    two, three = np.array([0, 1, 1, 0]), np.array([0, 1, 2, 0])
    one_output = np.array([[0.1], [0.8], [0.7], [0.4]])
    assert log_loss(two, one_output) == pytest.approx(-np.log([0.9, 0.8, 0.7, 0.6]).mean())
    with pytest.raises(ValueError, match="number of classes"):
        log_loss(three, one_output)


def test_missing_value_and_third_class_are_refused():
    X, y = standardized(load_breast_cancer)
    X[0, 0] = np.nan
    for rows, classes in ((X, y), standardized(load_wine)):
        model = network()
        model.compile("adam", "binary_crossentropy")
        with pytest.raises(RuntimeError, match="should be between 0 and 1"):
            model.fit(rows, classes, epochs=5, verbose=0)


def checks():
    """Return the function of the page that looks at the data."""
    found = {}
    exec(fence_with("def check(").rpartition("\n\n\ncheck(")[0], found)
    return found["check"]


def test_checks_accept_and_refuse_the_data_of_scikit_learn():
    check = checks()
    X, y = standardized(load_breast_cancer)
    check(X, y, 1)
    check(*standardized(load_wine), 3)
    check(*standardized(load_digits), 10)  # three of its features are the same in every row
    for load, said in ((load_wine, "3 classes from 0 to 2"), (load_digits, "10 classes"), (load_diabetes, "214 classes from 25.0")):
        with pytest.raises(ValueError, match=said):
            check(*standardized(load), 1)
    with pytest.raises(ValueError, match="3 classes from 0 to 2, and the output layer needs 10"):
        check(*standardized(load_wine), 10)
    with pytest.raises(ValueError, match="are not standardized"):
        check(load_breast_cancer().data, y, 1)
    with pytest.raises(ValueError, match="are not standardized"):
        check(X / 1000, y, 1)
    scaler = StandardScaler().fit(load_breast_cancer().data[:300])  # the training rows alone
    check(scaler.transform(load_breast_cancer().data[:300]), y[:300], 1)
    with pytest.raises(ValueError, match="are not standardized"):
        check(scaler.transform(load_breast_cancer().data[300:]), y[300:], 1)
    for wrong in (np.nan, np.inf):
        missing = X.copy()
        missing[3, 4] = wrong
        with pytest.raises(ValueError, match="missing or infinite"):
            check(missing, y, 1)


def test_log_loss_refuses_predictions_that_are_not_numbers():
    with pytest.raises(ValueError, match="NaN"):
        log_loss([0, 1, 0, 1], np.full(4, np.nan))


def test_check_names_the_classes_of_the_digits():
    with pytest.raises(ValueError) as refused:
        checks()(*standardized(load_digits), 1)
    assert f"`{refused.value}`" in PAGE.partition("Answer to exercise 3")[2]


def test_stratify_refuses_a_quantity():
    X, y = load_diabetes(return_X_y=True)
    for classes in (y, np.arange(len(y)) == 0):
        with pytest.raises(ValueError, match="least populated class"):
            train_test_split(X, classes, stratify=classes)


def test_cross_entropy_as_a_metric_has_no_penalty():
    X, y = standardized(load_wine)
    softmax = layers.Dense(3, "softmax", kernel_regularizer=regularizers.L1L2(l1=0.1, l2=0.1))
    model = Sequential([layers.Input((13,)), softmax])
    model.compile(loss="sparse_categorical_crossentropy", metrics=["sparse_categorical_crossentropy"])
    reported = model.evaluate(X, y, verbose=0, return_dict=True)
    plain = log_loss(y, model.predict(X, verbose=0))
    assert reported["sparse_categorical_crossentropy"] == pytest.approx(plain, abs=1e-5)
    assert reported["loss"] - plain == pytest.approx(float(sum(model.losses)), abs=1e-4)
    assert float(sum(model.losses)) > 0.1


def test_three_classes_are_predicted_by_the_code_of_the_page():
    found = {}
    exec(fence_with("load_wine"), found)
    matrix = found["matrix"]
    assert matrix.shape == (3, 3)
    assert np.trace(matrix) >= 0.9 * matrix.sum()


def test_ten_outputs_do_not_fit_binary_cross_entropy():
    X, y = standardized(load_digits)
    model = Sequential([layers.Dense(10, "softmax")])
    model.compile("adam", "binary_crossentropy")
    with pytest.raises(Exception, match="shape"):
        model.fit(X, y, epochs=1, verbose=0)


def magnitudes(shown, factor):
    """Return the drawn magnitudes of the hidden weights for the five informative features, and for the noise features."""
    drawn = shown("quickstart#weights").image(f"factor {factor}")  # (features, units)
    assert drawn.shape == (20, 16)
    return drawn[:5], drawn[5:]


def test_noise_features_get_large_weights_without_a_penalty_in_this_run(shown):
    informative, noise = magnitudes(shown, "0")
    sizes = shown("quickstart#sizes")
    assert len(noise) == 15 and 0.7 * informative.mean() < noise.mean() < informative.mean()
    assert sizes.number("0", "noise") == pytest.approx(noise.mean(), abs=0.006)
    assert sizes.number("0", "informative") == pytest.approx(informative.mean(), abs=0.006)


def test_noise_features_get_small_weights_with_the_penalty_in_this_run(shown):
    informative, noise = magnitudes(shown, "0.01")
    assert np.mean(np.vstack([informative, noise]) < 0.05) > 0.5
    sizes = shown("quickstart#sizes")
    assert sizes.number("0.01", "noise") == pytest.approx(noise.mean(), abs=0.006)
    assert sizes.number("0.01", "informative") == pytest.approx(informative.mean(), abs=0.006)


def test_without_a_penalty_the_network_overfits_in_this_run(shown):
    sweep = shown("quickstart#sweep")
    assert sweep.number("0", "training") < 0.05
    assert sweep.number("0", "validation") > sweep.number("0.01", "validation")
    assert sweep.number("0", "accuracy") < sweep.number("0.01", "accuracy")


def test_largest_factor_gives_every_row_one_half_in_this_run(shown):
    sweep = shown("quickstart#sweep")
    for rows in ("training", "validation"):
        assert sweep.number("0.1", rows) == pytest.approx(np.log(2), abs=0.001)  # the cross-entropy of one half


def test_no_other_factor_ties_in_this_run(shown):
    scores = list(shown("quickstart#sweep").column("validation").values())
    assert scores.count(min(scores)) == 1
    chosen = shown("quickstart#chosen").value()
    assert shown("quickstart#sweep").number(f"{chosen:g}", "validation") == min(scores)


def test_reported_loss_is_cross_entropy_plus_penalty_in_this_run(shown):
    loss = shown("quickstart#loss")
    parts = loss.number("cross-entropy", "value") + loss.number("penalty", "value")
    assert loss.number("reported by evaluate", "value") == pytest.approx(parts, abs=0.0015)  # three rounded numbers


def test_code_of_the_page_gives_the_results_of_this_run(shown):
    """The fences from the first to the confusion matrix, executed one after the other."""
    last = FENCES.index(fence_with("probability[:, 0] > 0.5"))
    found = {}
    exec("\n".join(FENCES[: last + 1]), found)
    for factor, score in found["scores"].items():
        assert shown("quickstart#sweep").entry(f"{factor:g}", "validation") == f"{score:.3f}", f"factor {factor:g}"
    assert found["chosen"] == shown("quickstart#chosen").value()
    matrix = shown("quickstart#matrix")
    assert [list(matrix.column(name).values()) for name in ("predicted 0", "predicted 1")] == found["matrix"].T.tolist()
