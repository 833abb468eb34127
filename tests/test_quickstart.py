"""Claims of the chapter "A regularized Keras model in five minutes"."""

import re

import keras
import numpy as np
import pytest
from keras import Sequential, layers, ops, regularizers
from scipy.optimize import approx_fprime
from sklearn.datasets import make_classification
from sklearn.feature_selection import mutual_info_classif
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, confusion_matrix, precision_score, recall_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from pipeline.source import ROOT
from tests.formulas import formula
from tests.solvers import all_rows, gradient, train

RUNNING_EXAMPLE = np.array([3.0, -4.0], dtype="float32")


def small_problem():
    """Return standardized rows and classes: 120 rows, 8 features, 3 of them informative."""
    X, y = make_classification(n_samples=120, n_features=8, n_informative=3, n_redundant=0, random_state=0)  # (120, 8), (120,)
    return StandardScaler().fit_transform(X).astype("float32"), y.astype("float32")


def logistic_model(l1, l2, inputs=8):
    """Return a model of one sigmoid unit, its kernel penalized."""
    keras.utils.set_random_seed(0)
    unit = layers.Dense(1, activation="sigmoid", kernel_regularizer=regularizers.L1L2(l1=l1, l2=l2))
    return Sequential([layers.Input(shape=(inputs,)), unit])


def trained(model, X, y, updates=3000):
    """Train with a learning rate that falls to zero, so that the end is the optimum; return the kernel of the first layer."""
    rate = keras.optimizers.schedules.CosineDecay(0.05, updates)
    return train(model, X, y[:, None], keras.optimizers.Adam(rate), "binary_crossentropy", updates)


def objective(weights, bias, X, y, l1, l2):
    """Return mean cross-entropy plus penalty, in NumPy."""
    margins = (X @ weights + bias) * np.where(y == 1, 1, -1)
    return np.logaddexp(0, -margins).mean() + l1 * np.abs(weights).sum() + l2 * (weights**2).sum()


def test_penalties_of_the_running_example():
    assert float(regularizers.L1(0.1)(RUNNING_EXAMPLE)) == pytest.approx(0.70, abs=1e-6)
    assert float(regularizers.L2(0.1)(RUNNING_EXAMPLE)) == pytest.approx(2.50, abs=1e-6)
    assert float(regularizers.L1L2(l1=0.1, l2=0.1)(RUNNING_EXAMPLE)) == pytest.approx(3.20, abs=1e-6)


def test_penalty_is_a_sum_over_all_weights_without_a_half():
    kernel = np.random.default_rng(0).normal(size=(20, 16)).astype("float32")
    expected = 0.3 * np.abs(kernel).sum() + 0.2 * np.square(kernel).sum()
    assert float(regularizers.L1L2(l1=0.3, l2=0.2)(kernel)) == pytest.approx(expected, rel=1e-5)


def test_gradient_of_the_penalty_is_l1_sign_plus_two_l2_w():
    l1, l2 = 0.3, 0.2
    weights = np.array([3.0, -4.0, 0.5])
    numerically = approx_fprime(weights, lambda w: l1 * np.abs(w).sum() + l2 * (w**2).sum())
    variable, penalty = keras.Variable(weights), regularizers.L1L2(l1=l1, l2=l2)
    by_keras = ops.convert_to_numpy(gradient(lambda: penalty(variable), [variable])[0])
    np.testing.assert_allclose(by_keras, numerically, atol=1e-5)
    on_page = formula("learn/quickstart.md", r"\lambda_1 \operatorname{sign}(w_j)")
    np.testing.assert_allclose(by_keras, on_page(w_j=weights, λ_1=l1, λ_2=l2), atol=1e-6)


def test_bias_is_left_out_of_the_penalty():
    model = logistic_model(l1=0.1, l2=0.1)
    before = float(sum(model.losses))
    model.layers[0].bias.assign([1000.0])
    assert float(sum(model.losses)) == before
    model.layers[0].kernel.assign(2 * model.layers[0].kernel)
    assert float(sum(model.losses)) > before


def test_bias_regularizer_penalizes_the_bias():
    layer = layers.Dense(1, bias_regularizer=regularizers.L2(0.1), bias_initializer="ones")
    layer.build((None, 3))
    assert float(sum(layer.losses)) == pytest.approx(0.1)


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


def test_optimum_is_that_of_scikit_learn():
    X, y = small_problem()
    C, l1_ratio = 0.5, 0.4
    l1, l2 = l1_ratio / (C * len(X)), (1 - l1_ratio) / (2 * C * len(X))
    model = logistic_model(l1, l2)
    kernel = trained(model, X, y)[:, 0]
    other = LogisticRegression(C=C, l1_ratio=l1_ratio, solver="saga", tol=1e-8, max_iter=20_000, random_state=0).fit(X, y)
    ours = objective(kernel, model.layers[0].bias.numpy()[0], X, y, l1, l2)
    theirs = objective(other.coef_[0], other.intercept_[0], X, y, l1, l2)
    assert ours == pytest.approx(theirs, abs=1e-5)
    np.testing.assert_allclose(kernel, other.coef_[0], atol=5e-3)


def test_larger_factor_gives_a_smaller_penalized_sum():
    """Keras on one problem, scikit-learn on twenty, on some of which a single weight grows with the factor."""

    def penalized_sums(kernels):
        return (np.abs(kernels) + np.square(kernels)).sum(axis=1)

    X, y = small_problem()
    in_keras = penalized_sums([trained(logistic_model(factor, factor), X, y, 1000)[:, 0] for factor in (0.001, 0.01, 0.1)])
    assert np.all(in_keras[1:] < 0.9 * in_keras[:-1])

    grown = 0
    for seed in range(20):
        X, y = make_classification(n_samples=120, n_features=8, n_informative=3, n_redundant=2, random_state=seed)
        X = StandardScaler().fit_transform(X)
        settings = {"l1_ratio": 1 / 3, "solver": "saga", "tol": 1e-6, "max_iter": 20_000}  # l1 = l2 = 1 / (3 C n)
        kernels = [LogisticRegression(C=1 / (3 * factor * 120), **settings).fit(X, y).coef_[0] for factor in (0.001, 0.003, 0.01, 0.03)]
        assert np.all(np.diff(penalized_sums(kernels)) < 0)
        grown += np.diff(np.abs(kernels), axis=0).max() > 0.01
    assert grown > 0


def test_l1_in_keras_leaves_small_weights_where_scikit_learn_has_zeros():
    X, y = small_problem()
    kernel = trained(logistic_model(0.05, 0.0), X, y)[:, 0]
    lasso = (
        LogisticRegression(C=1 / (0.05 * len(X)), l1_ratio=1, solver="saga", tol=1e-8, max_iter=20_000, random_state=0).fit(X, y).coef_[0]
    )
    zeros = lasso == 0
    assert zeros.sum() >= 3
    assert (kernel == 0).sum() == 0
    assert np.abs(kernel[zeros]).max() < 1e-2


def test_l1_empties_the_noise_rows_more_than_l2():
    X, y = make_classification(n_samples=300, n_features=20, n_informative=5, n_redundant=0, flip_y=0.05, shuffle=False, random_state=2)
    X = StandardScaler().fit_transform(X).astype("float32")
    noise = []
    for factors in ({"l1": 0.01, "l2": 0.0}, {"l1": 0.0, "l2": 0.01}):
        keras.utils.set_random_seed(7)
        penalty = regularizers.L1L2(**factors)
        hidden = layers.Dense(16, activation="relu", kernel_regularizer=penalty)
        output = layers.Dense(1, activation="sigmoid", kernel_regularizer=penalty)
        noise.append(np.abs(trained(Sequential([layers.Input(shape=(20,)), hidden, output]), X, y, 1000)[5:]).mean())
    assert noise[1] > 2 * noise[0]


def test_string_l1_l2_is_refused():
    with pytest.raises(ValueError, match="Could not interpret"):
        layers.Dense(1, kernel_regularizer="l1_l2")
    assert "kernel_regularizer='l1_l2'" in regularizers.L1L2.__doc__


def test_string_l1l2_gives_no_penalty_and_no_warning(recwarn):
    layer = layers.Dense(3, kernel_regularizer="l1l2", kernel_initializer="ones")
    layer.build((None, 4))
    assert float(sum(layer.losses)) == 0.0
    assert len(recwarn) == 0


def test_l1_l2_without_arguments_gives_no_penalty():
    assert float(regularizers.l1_l2()(RUNNING_EXAMPLE)) == 0.0
    assert float(regularizers.L1L2()(RUNNING_EXAMPLE)) == 0.0
    assert float(regularizers.L1()(RUNNING_EXAMPLE)) == pytest.approx(0.07)
    assert float(regularizers.L2()(RUNNING_EXAMPLE)) == pytest.approx(0.25)


def test_l1_l2_is_another_name_of_the_class():
    assert regularizers.l1_l2 is regularizers.L1L2


def test_argument_l_is_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'l'"):
        regularizers.L2(l=0.01)


def test_one_number_sets_l1_only():
    assert float(regularizers.L1L2(0.1)(RUNNING_EXAMPLE)) == pytest.approx(0.70)


def test_tf_keras_is_keras_3():
    import tensorflow as tf

    assert tf.keras.regularizers.L1L2 is regularizers.L1L2
    assert keras.__version__.startswith("3.")


def test_regularizer_set_on_a_built_layer_changes_nothing():
    model = logistic_model(l1=0.0, l2=0.0)
    model.layers[0].kernel_regularizer = regularizers.L2(100.0)
    assert float(sum(model.losses)) == 0.0


def test_steps_per_execution_does_not_change_the_weights():
    X, y = small_problem()
    first, found = logistic_model(0.01, 0.01).layers[0].kernel.numpy(), []
    for steps in (1, 20):
        model = logistic_model(0.01, 0.01)
        model.compile(keras.optimizers.Adam(0.05), "binary_crossentropy", steps_per_execution=steps)
        model.fit(all_rows(X, y[:, None]), steps_per_epoch=40, shuffle=False, verbose=0)
        found.append(model.layers[0].kernel.numpy())
    np.testing.assert_allclose(*found, atol=1e-6)
    assert np.abs(found[0] - first).max() > 0.1  # it has trained


def test_first_columns_are_informative_and_the_others_are_noise():
    X, y = make_classification(n_samples=6000, n_features=20, n_informative=5, n_redundant=0, flip_y=0.05, shuffle=False, random_state=2)
    information = mutual_info_classif(X, y, random_state=0)
    assert information[:5].min() > 2 * information[5:].max()


def test_flip_y_gives_a_share_of_the_rows_a_random_class():
    sizes = {"n_samples": 20_000, "n_features": 5, "n_informative": 5, "n_redundant": 0, "shuffle": False, "random_state": 2}
    clean, flipped = (make_classification(flip_y=share, **sizes)[1] for share in (0.0, 0.05))
    assert np.mean(clean != flipped) == pytest.approx(0.05 / 2, abs=0.005)  # half of them draw the class they had


def test_stratify_keeps_the_share_of_the_classes():
    y = np.repeat([0, 1], [90, 10])
    for seed in range(20):
        parts = train_test_split(y, train_size=50, stratify=y, random_state=seed)
        assert [part.mean() for part in parts] == [0.1, 0.1]
    shares = {train_test_split(y, train_size=50, random_state=seed)[0].mean() for seed in range(20)}
    assert len(shares) > 1  # without it, the share is left to chance


def test_scaler_takes_its_means_from_the_rows_it_was_fitted_on():
    train_rows, test_rows = np.array([[1.0], [3.0]]), np.array([[11.0]])
    scaler = StandardScaler().fit(train_rows)
    assert scaler.mean_ == [2.0]
    assert scaler.transform(test_rows) == [[9.0]]


def test_confusion_matrix_has_true_classes_in_rows():
    assert confusion_matrix([0, 0, 0, 1], [0, 1, 1, 1]).tolist() == [[1, 2], [0, 1]]


def test_rates_follow_from_the_four_cells():
    rng = np.random.default_rng(0)
    true, predicted = rng.integers(0, 2, 200), rng.integers(0, 2, 200)
    (tn, fp), (fn, tp) = confusion_matrix(true, predicted)
    cells = {"TN": tn, "FP": fp, "FN": fn, "TP": tp}
    assert formula("learn/quickstart.md", r"\text{accuracy}")(**cells, n=200) == pytest.approx(accuracy_score(true, predicted))
    assert formula("learn/quickstart.md", r"\text{precision}")(**cells) == pytest.approx(precision_score(true, predicted))
    assert formula("learn/quickstart.md", r"\text{recall}")(**cells) == pytest.approx(recall_score(true, predicted))
    assert formula("learn/quickstart.md", r"\text{specificity}")(**cells) == pytest.approx(recall_score(true, predicted, pos_label=0))


def above_and_below_the_line(shown, factor):
    """Return the mean of the drawn sizes of the hidden weights in the informative rows, and in the rows of noise."""
    sizes = shown("quickstart#weights").image(f"factor {factor}")  # (features, units)
    parts = np.split(sizes, [int(shown("quickstart#numbers").number("informative features", "number"))])
    return [float(part.mean()) for part in parts]


def test_noise_weighs_no_less_than_signal_without_a_penalty_in_this_run(shown):
    above, below = above_and_below_the_line(shown, "0")
    units = shown("quickstart#numbers").number("hidden units", "number")
    assert shown("quickstart#used").number("0", "units in use") == units
    assert below >= above


def test_few_columns_are_left_and_are_darker_above_the_line_in_this_run(shown):
    above, below = above_and_below_the_line(shown, "0.01")
    units = shown("quickstart#numbers").number("hidden units", "number")
    assert shown("quickstart#used").number("0.01", "units in use") < units / 2
    assert above > below


def test_no_weight_is_left_under_the_largest_factor_in_this_run(shown):
    small = shown("quickstart#numbers").number("a weight is small below", "number")
    assert shown("quickstart#weights").image("factor 0.1").max().item() < small


def test_no_factor_does_better_on_the_training_rows_in_this_run(shown):
    first, *others = shown("quickstart#accuracies").points("training")[:, 1].tolist()
    assert first >= max(others)


def test_kernels_count_and_biases_do_not_in_this_run(shown):
    for variable, change in shown("quickstart#changes").column("change of the penalty").items():
        assert (change > 0) == ("kernel" in variable), variable


def test_rows_are_learned_by_heart_without_a_penalty_in_this_run(shown):
    sweep = shown("quickstart#sweep")
    assert sweep.number("0", "training") == 100 > sweep.number("0", "test")


def test_too_small_a_factor_still_learns_the_rows_by_heart_in_this_run(shown):
    sweep = shown("quickstart#sweep")
    assert sweep.number("0.001", "training") == 100 > sweep.number("0.001", "test")


def test_fewer_training_rows_and_more_test_rows_are_right_in_this_run(shown):
    sweep = shown("quickstart#sweep")
    for smaller in ("0", "0.001"):
        assert sweep.number("0.01", "training") < sweep.number(smaller, "training")
        assert sweep.number("0.01", "test") > sweep.number(smaller, "test")


def test_too_large_a_factor_gives_one_answer_for_every_row_in_this_run(shown):
    sweep, of_class_1 = shown("quickstart#sweep"), shown("quickstart#data").column("of class 1")
    assert sweep.number("0.1", "small w") == 100
    for rows, share in of_class_1.items():
        assert sweep.number("0.1", rows) == pytest.approx(100 - share), f"{rows} rows"


def test_sum_of_weights_falls_with_the_factor_in_this_run(shown):
    sums = list(shown("quickstart#sweep").column("sum of |w|").values())
    assert sums == sorted(set(sums), reverse=True)


def test_chosen_factor_does_best_on_the_test_rows_in_this_run(shown):
    accuracies = shown("quickstart#sweep").column("test")
    chosen = shown("quickstart#chosen").value()
    assert accuracies[f"{chosen:g}"] == max(accuracies.values())


def test_penalty_added_up_by_hand_is_the_same_in_this_run(shown):
    penalized = shown("quickstart#penalized")
    assert penalized.entry("before training", "in Keras") == penalized.entry("before training", "by hand")


def test_code_of_the_page_gives_the_results_of_this_run(shown):
    """The fences from the data to the confusion matrix, executed one after the other."""
    page = (ROOT / "docs" / "learn" / "quickstart.md").read_text(encoding="utf-8").partition("## What the run showed")[0]
    found = {}
    exec("\n".join(re.findall(r"```python\n(.*?)```", page, re.DOTALL)), found)
    for factor, accuracy in found["scores"].items():
        assert shown("quickstart#sweep").entry(f"{factor:g}", "validation") == f"{accuracy:.1%}", f"factor {factor:g}"
    matrix = shown("quickstart#matrix")
    assert [list(matrix.column(name).values()) for name in ("predicted 0", "predicted 1")] == found["matrix"].T.tolist()
