"""Claims and observations of the chapter "Regularizers in a Sequential model"."""

import keras
import numpy as np
import pytest
from keras import Sequential, layers, ops
from keras.regularizers import L1, L1L2, L2
from sklearn.linear_model import LogisticRegression, Ridge

from pipeline.results import parse_table
from tests.formulas import formula
from tests.solvers import train

ROWS = np.random.default_rng(0).normal(size=(6, 4)).astype("float32")  # (6, 4)


def total(model):
    """Return the sum of what a model or a layer lists in `losses`."""
    return float(sum(model.losses))


def output(layer, rows=ROWS, **settings):
    """Return what a layer or a model computes of rows, as a NumPy array."""
    return ops.convert_to_numpy(layer(rows, **settings))


def reported_loss(model, X, y):
    """Return what `evaluate` reports for the model, compiled anew with mean squared error."""
    model.compile(loss="mse")
    return model.evaluate(X, y, batch_size=len(X), verbose=0)


def small_model(kernel=None):
    """Return 4 inputs, 3 hidden units, 1 output, always with the same first weights; the hidden kernel has the regularizer `kernel`."""
    keras.utils.set_random_seed(0)
    return Sequential([layers.Input((4,)), layers.Dense(3, "relu", kernel_regularizer=kernel), layers.Dense(1)])


def trained(layer, X, y, loss="mse", updates=1500, rate=0.1):
    """Train one layer on all rows at once until it no longer moves, and return its kernel and bias."""
    keras.utils.set_random_seed(0)
    model = Sequential([layers.Input((X.shape[1],)), layer])
    train(model, X, y[:, None], keras.optimizers.SGD(rate), loss, updates)
    kernel, bias = model.get_weights()
    return kernel[:, 0], bias[0]


def line_data():
    """Return 40 rows of one feature that is not centred, and targets on a noisy line."""
    rng = np.random.default_rng(0)
    X = rng.uniform(0, 4, size=(40, 1))  # (40, 1)
    return X, 1 + 1.5 * X[:, 0] + rng.normal(scale=0.7, size=40)  # (40,)


def class_data():
    """Return 200 rows of three features and classes of which about a tenth are 1."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(200, 3))  # (200, 3)
    y = (X[:, 0] + rng.normal(size=200) > 1.8).astype("float64")  # (200,)
    assert 0.05 < y.mean() < 0.2
    return X, y


def test_dense_layer_computes_f_of_x_w_plus_b():
    functions = {
        "relu": lambda z: np.maximum(z, 0),
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),  # of each row
        None: lambda z: z,
    }
    for activation, function in functions.items():
        layer = layers.Dense(3, activation, bias_initializer="glorot_uniform")
        found = output(layer)
        kernel, bias = layer.get_weights()
        assert (kernel.shape, bias.shape, found.shape) == ((4, 3), (3,), (6, 3))
        np.testing.assert_allclose(found, formula("learn/sequential.md", "H =")(f=function, X=ROWS, W=kernel, b=bias), atol=1e-6)


def test_dense_layer_has_p_plus_1_times_m_parameters():
    for p, m in [(8, 6), (6, 4), (4, 1), (1, 9)]:
        layer = layers.Dense(m)
        layer.build((None, p))
        assert (np.prod(layer.kernel.shape), np.prod(layer.bias.shape)) == (p * m, m)
        assert layer.count_params() == formula("learn/sequential.md", "(p + 1) m")(p=p, m=m)


def test_penalties_of_a_unit_with_two_weights():
    unit = layers.Dense(1, "relu", kernel_regularizer=L2(0.1), bias_regularizer=L2(0.1), activity_regularizer=L2(0.1))
    unit.build((None, 2))
    unit.set_weights([np.array([[3.0], [-4.0]]), np.array([5.0])])
    found = output(unit, np.array([[1.0, 1.0], [0.0, 3.0]]))
    assert [float(penalty) for penalty in unit.losses] == pytest.approx([0.80, 2.50, 2.50])

    def squares(values):
        return 0.1 * np.sum(values**2)

    regularizers = {"R_k": squares, "R_b": squares, "R_a": squares}
    on_page = formula("learn/sequential.md", "P =")(**regularizers, W=np.array([3.0, -4.0]), b=5.0, H=found, n=2)
    assert total(unit) == pytest.approx(on_page)


def test_activity_regularizer_sees_the_output_after_the_activation():
    kernel = np.random.default_rng(1).normal(size=(4, 3)).astype("float32")
    paid = {}
    for activation in ("relu", None):
        layer = layers.Dense(3, activation, activity_regularizer=L1(0.1))
        layer.build((None, 4))
        layer.kernel.assign(kernel)
        layer(ROWS)
        paid[activation] = total(layer)
    sums = ROWS @ kernel
    share = sums[sums > 0].sum() / np.abs(sums).sum()
    assert share < 0.8
    assert paid["relu"] == pytest.approx(share * paid[None])


def test_activity_penalty_is_divided_by_the_batch_size():
    layer = layers.Dense(3, activity_regularizer=L2(0.1))
    found = output(layer)
    once = total(layer)
    assert once == pytest.approx(0.1 * (found**2).sum() / 6)
    layer(np.concatenate([ROWS, ROWS]))
    assert total(layer) == pytest.approx(once)
    sequences = output(layer, np.ones((5, 7, 4), "float32"))
    assert total(layer) == pytest.approx(0.1 * (sequences**2).sum() / 5)  # by the rows, not by the seven steps


def test_only_the_activity_penalty_depends_on_the_data():
    layer = layers.Dense(3, kernel_regularizer=L2(0.1), bias_regularizer=L2(0.1), bias_initializer="ones", activity_regularizer=L2(0.1))
    layer(ROWS)
    first = [float(penalty) for penalty in layer.losses]
    layer(2 * ROWS)
    second = [float(penalty) for penalty in layer.losses]
    assert second[0] != pytest.approx(first[0], rel=0.1)
    assert second[1:] == first[1:]


def test_activity_penalty_is_in_what_evaluate_reports():
    keras.utils.set_random_seed(0)
    model = Sequential([layers.Input((4,)), layers.Dense(1, activity_regularizer=L2(0.5))])
    data_loss = np.mean(output(model) ** 2)
    penalty = total(model)
    assert penalty > 0.4 * data_loss
    assert reported_loss(model, ROWS, np.zeros((6, 1))) == pytest.approx(data_loss + penalty, rel=1e-5)


def losses_model():
    """Return two layers with activity, kernel and, in the first, bias penalties, each recognizable by its factor."""
    first = layers.Dense(3, kernel_regularizer=L1(1.0), bias_regularizer=L1(10.0), bias_initializer="ones", activity_regularizer=L1(0.1))
    second = layers.Dense(2, kernel_regularizer=L1(100.0), activity_regularizer=L1(0.2))
    return Sequential([layers.Input((4,)), first, second])


def test_activity_part_appears_with_the_call_of_the_model():
    model = losses_model()
    variables = [float(penalty) for penalty in model.losses]
    first, second = model.layers
    assert variables == pytest.approx([np.abs(first.kernel).sum(), 10.0 * 3, 100 * np.abs(second.kernel).sum()], rel=1e-5)
    activities = []
    for rows in (ROWS, 2 * ROWS, ROWS):
        model(rows)
        listed = [float(penalty) for penalty in model.losses]
        assert listed[2:] == variables
        activities.append(listed[:2])
    assert activities[1] != pytest.approx(activities[0], rel=0.1)
    assert activities[2] == pytest.approx(activities[0])  # those of the last call


def test_losses_list_activities_first_then_variables_in_their_order():
    model = losses_model()
    first, second = model.layers
    last, middle = output(model), output(first)
    model(ROWS)
    variables = [np.abs(first.kernel).sum(), 10.0 * 3, 100 * np.abs(second.kernel).sum()]
    of_first, of_second, *others = (float(penalty) for penalty in model.losses)
    assert of_first / of_second == pytest.approx(0.1 * np.abs(middle).sum() / (0.2 * np.abs(last).sum()), rel=1e-5)
    assert others == pytest.approx(variables, rel=1e-5)
    assert [float(penalty) for penalty in first.losses] == pytest.approx([of_first, *variables[:2]], rel=1e-5)


def many_layers():
    """Return a model with every kind of variable that the chapter names, each with a factor of its own, and argument by factor."""
    names = {}

    def factor(argument):
        names[len(names) + 1] = argument
        return L2(0.01 * len(names))

    model = Sequential(
        [
            layers.Input((6,)),
            layers.Embedding(9, 4, embeddings_initializer="ones", embeddings_regularizer=factor("embeddings")),
            layers.SeparableConv1D(5, 2, depthwise_regularizer=factor("depthwise"), pointwise_regularizer=factor("pointwise")),
            layers.BatchNormalization(gamma_regularizer=factor("gamma"), beta_regularizer=factor("beta"), beta_initializer="ones"),
            layers.LSTM(3, kernel_regularizer=factor("kernel"), recurrent_regularizer=factor("recurrent"), return_sequences=True),
            layers.GRU(3, recurrent_regularizer=factor("recurrent"), bias_regularizer=factor("bias"), bias_initializer="ones"),
            layers.LayerNormalization(gamma_regularizer=factor("gamma"), beta_regularizer=factor("beta"), beta_initializer="ones"),
            layers.Dense(2, kernel_regularizer=factor("kernel"), bias_regularizer=factor("bias"), bias_initializer="ones"),
        ]
    )
    return model, names


def test_each_regularizer_argument_reaches_the_variable_it_names():
    table = [  # as on the page
        (layers.Embedding(9, 4), (6,), {"embeddings_regularizer": "embeddings"}),
        (layers.SeparableConv1D(5, 2), (6, 2), {"depthwise_regularizer": "depthwise_kernel", "pointwise_regularizer": "pointwise_kernel"}),
        (
            layers.SeparableConv2D(5, 2),
            (6, 6, 2),
            {"depthwise_regularizer": "depthwise_kernel", "pointwise_regularizer": "pointwise_kernel"},
        ),
        (layers.LSTM(3), (6, 2), {"kernel_regularizer": "kernel", "recurrent_regularizer": "recurrent_kernel"}),
        (layers.GRU(3), (6, 2), {"kernel_regularizer": "kernel", "recurrent_regularizer": "recurrent_kernel"}),
        (layers.BatchNormalization(), (4,), {"gamma_regularizer": "gamma", "beta_regularizer": "beta"}),
        (layers.LayerNormalization(), (4,), {"gamma_regularizer": "gamma", "beta_regularizer": "beta"}),
    ]
    for plain, shape, lines in table:
        for argument, variable in lines.items():
            layer = type(plain).from_config(plain.get_config() | {argument: L2(0.1)})
            layer.build((None, *shape))
            assert [each.name for each in layer.weights if each.regularizer is not None] == [variable], (layer, argument)

    model, names = many_layers()
    found = {}
    for variable in model.weights:
        if variable.regularizer is not None:
            found[round(float(variable.regularizer.l2) / 0.01)] = variable.name
    assert list(found) == list(names)  # in the order of the layers
    assert all(found[number].startswith(argument) for number, argument in names.items())


def test_kernel_regularizer_leaves_the_recurrent_kernel_free():
    for kind in [layers.LSTM, layers.GRU, layers.SimpleRNN]:
        layer = kind(3, kernel_regularizer=L2(0.1))
        layer.build((None, 5, 4))
        assert total(layer) == pytest.approx(0.1 * np.square(layer.cell.kernel.numpy()).sum())
        assert np.square(layer.cell.recurrent_kernel.numpy()).sum() > 1


def test_penalties_of_the_variables_add_up_to_model_losses():
    model, names = many_layers()
    trainable = [variable for variable in model.weights if variable.trainable and variable.regularizer is not None]
    assert len(trainable) == len(names)
    parts = [float(variable.regularizer.l2) * np.square(variable.numpy()).sum() for variable in trainable]
    by_hand = sum(parts)
    assert total(model) == pytest.approx(by_hand, rel=1e-5)
    assert min(parts) > 0.001 * by_hand  # none so small that it could be missing
    assert sum(float(variable.regularizer(variable)) for variable in trainable) == pytest.approx(by_hand, rel=1e-5)
    model.layers[0].trainable = False  # the embedding
    assert total(model) == pytest.approx(by_hand - parts[0], rel=1e-5)


def test_embedding_is_penalized_for_every_row_of_its_table():
    layer = layers.Embedding(50, 2, embeddings_initializer="ones", embeddings_regularizer=L2(0.1))
    layer(np.array([[3, 4]]))  # two of the fifty rows are used
    assert total(layer) == pytest.approx(0.1 * 50 * 2)


@pytest.mark.parametrize("depth", [0, 1, 3])
def test_shifted_targets_are_answered_by_the_last_bias_at_no_price(depth):
    keras.utils.set_random_seed(0)
    settings = {"kernel_regularizer": L1(0.1), "bias_regularizer": L2(0.1), "bias_initializer": "ones"}
    hidden = [layers.Dense(3, "relu", **settings) for _ in range(depth)]
    model = Sequential([layers.Input((4,)), *hidden, layers.Dense(1, kernel_regularizer=L2(0.1))])
    targets = np.arange(6.0)[:, None]  # (6, 1)
    before = reported_loss(model, ROWS, targets)
    predictions = output(model)
    model.layers[-1].bias.assign(model.layers[-1].bias + 100)
    np.testing.assert_allclose(output(model), predictions + 100, atol=1e-4)
    assert reported_loss(model, ROWS, targets + 100) == pytest.approx(before, rel=1e-4)

    def data_loss(w, b, y):
        model.layers[-1].set_weights([w, b])
        return np.mean((y - output(model)) ** 2)

    w, b = model.layers[-1].get_weights()
    values = {"w": w, "b": b, "c": 100.0, "y": targets, "L": data_loss, "P": lambda w: total(model)}
    after, before = formula("learn/sequential.md", "L(w, b + c").sides(**values)
    assert after == pytest.approx(before, rel=1e-4)


def test_free_bias_shifts_with_the_targets_and_ridge_finds_the_same():
    X, y = line_data()
    weights, bias = trained(layers.Dense(1, kernel_regularizer=L2(0.01)), X, y)
    shifted_weights, shifted_bias = trained(layers.Dense(1, kernel_regularizer=L2(0.01)), X, y + 100)
    np.testing.assert_allclose(X @ shifted_weights + shifted_bias, X @ weights + bias + 100, atol=2e-3)
    assert shifted_weights == pytest.approx(weights, abs=1e-3)
    ridge = Ridge(alpha=40 * 0.01).fit(X, y)
    assert weights == pytest.approx(ridge.coef_, abs=1e-4)
    assert bias == pytest.approx(ridge.intercept_, abs=1e-4)
    centred = Ridge(alpha=40 * 0.01, fit_intercept=False).fit(X - X.mean(), y - y.mean())
    assert weights == pytest.approx(centred.coef_, abs=1e-4)
    assert bias == pytest.approx(y.mean() - centred.coef_[0] * X.mean(), abs=1e-4)  # back from the centred data


def test_penalized_bias_is_the_weight_of_a_column_of_ones_and_does_not_follow():
    X, y = line_data()
    ones = np.column_stack([X, np.ones(40)])  # (40, 2)
    found = []
    for targets in [y, y + 100]:
        weights, bias = trained(layers.Dense(1, kernel_regularizer=L2(0.01), bias_regularizer=L2(0.01)), X, targets)
        ridge = Ridge(alpha=40 * 0.01, fit_intercept=False).fit(ones, targets)
        assert [*weights, bias] == pytest.approx(list(ridge.coef_), abs=2e-3)
        found.append(np.array([*weights, bias]))
        means = {"y_bar": targets.mean(), "x_bar": X.mean(axis=0), "w": ridge.coef_[:1], "λ_b": 0.01}
        assert ridge.coef_[1] == pytest.approx(formula("learn/sequential.md", "b =")(**means))

        def objective(b, targets=targets, w=ridge.coef_[0]):
            return np.mean((targets - X[:, 0] * w - b) ** 2) + 0.01 * b**2

        slope, zero = formula("learn/sequential.md", r"-2 (\bar{y}").sides(**means, b=3.0)
        assert slope - zero == pytest.approx((objective(3.001) - objective(2.999)) / 0.002)
    shifts = ones @ (found[1] - found[0])
    assert shifts.min() < 97 and shifts.max() > 101  # the wrong shift, and not the same for every row
    assert found[1][0] > 1.5 * found[0][0]  # the slope works for the bias


def test_penalized_bias_of_centred_features_is_the_mean_over_1_plus_factor():
    X, y = line_data()
    X = X - X.mean()
    free = Ridge(alpha=40 * 0.01).fit(X, y + 100).coef_
    for factor in [0.0, 0.1, 2.0]:
        layer = layers.Dense(1, kernel_regularizer=L2(0.01), bias_regularizer=L2(factor))
        weights, bias = trained(layer, X, y + 100, updates=500)
        expected = formula("learn/sequential.md", "b =")(y_bar=y.mean() + 100, x_bar=np.zeros(1), w=weights, λ_b=factor)
        assert bias == pytest.approx(expected, rel=1e-5)
        assert weights == pytest.approx(free, rel=1e-4)


@pytest.fixture(scope="module")
def logistic():
    """Return, for a free and for a penalized bias, its factor, the trained bias and the mean probability, and the share of class 1."""
    X, y = class_data()
    factor, C = 0.1, 1 / (2 * 0.1 * 200)
    found = []
    for bias_factor, other in [(0.0, LogisticRegression(C=C, tol=1e-10)), (factor, LogisticRegression(C=C, solver="liblinear", tol=1e-10))]:
        layer = layers.Dense(1, "sigmoid", kernel_regularizer=L2(factor), bias_regularizer=L2(bias_factor))
        weights, bias = trained(layer, X, y, "binary_crossentropy", updates=2000, rate=0.5)
        mean = np.mean(1 / (1 + np.exp(-(X @ weights + bias))))
        assert mean == pytest.approx(other.fit(X, y).predict_proba(X)[:, 1].mean(), abs=1e-4)  # liblinear penalizes its intercept
        found.append((bias_factor, bias, mean))
    return found, y.mean()


def test_free_bias_makes_the_mean_probability_the_share_of_class_1(logistic):
    ((_, bias, mean), _), share = logistic
    assert bias < 0  # so that a penalty would show
    assert mean == pytest.approx(share, abs=1e-4)


def test_penalized_negative_bias_makes_the_mean_probability_too_large(logistic):
    (_, (factor, bias, mean)), share = logistic
    assert bias < 0 and mean > share + 0.05
    pull = formula("learn/sequential.md", r"2 \lambda_b b")
    assert mean - share + pull(λ_b=factor, b=bias) == pytest.approx(0, abs=1e-4)


def test_glorot_kernel_has_a_predictable_penalty():
    draws = 200
    deviation = formula("learn/sequential.md", "(0.8 / (p m))")
    for n_in, n_out in [(20, 16), (8, 64)]:
        count = n_in * n_out
        kernels = np.array([keras.initializers.GlorotUniform(seed=seed)((n_in, n_out)) for seed in range(draws)])
        squares, sizes = np.square(kernels).sum(axis=(1, 2)), np.abs(kernels).sum(axis=(1, 2))
        given = {"E": np.mean, "w": kernels.reshape(draws, -1).T, "p": n_in, "m": n_out, "a": np.sqrt(6 / (n_in + n_out))}
        for sums, on_page, relative_spread in [
            (squares, formula("learn/sequential.md", r"\operatorname{E} \sum_j w"), deviation(p=n_in, m=n_out)),
            (sizes, formula("learn/sequential.md", r"\operatorname{E} \sum_j \lvert"), np.sqrt(1 / 3 / count)),
        ]:
            mean = on_page(**given)
            assert on_page.sides(**given)[0] == pytest.approx(sums.mean(), rel=1e-5)
            assert sums.mean() == pytest.approx(mean, abs=4 * mean * relative_spread / np.sqrt(draws))  # four standard errors
            assert sums.std() == pytest.approx(mean * relative_spread, rel=0.2)  # four standard errors of a deviation from 200 draws
    assert isinstance(layers.Dense(3).kernel_initializer, keras.initializers.GlorotUniform)


def test_doubled_layer_computes_the_same_and_pays_twice():
    def network(units):
        return Sequential([layers.Input((4,)), layers.Dense(units, "relu"), layers.Dense(1)])

    narrow, wide = network(3), network(6)
    kernel, bias, outgoing, last = narrow.get_weights()
    bias = np.array([0.1, -0.2, 0.3])
    narrow.set_weights([kernel, bias, outgoing, last])
    wide.set_weights([np.tile(kernel, 2), np.tile(bias, 2), np.tile(outgoing / 2, (2, 1)), last])
    np.testing.assert_allclose(output(wide), output(narrow), atol=1e-6)
    for penalty, *ratios in [(L1(0.1), 2, 1), (L2(0.1), 2, 0.5)]:  # of the hidden and of the outgoing kernel
        for number, ratio in enumerate(ratios):
            ours, theirs = (float(penalty(model.layers[number].kernel)) for model in (wide, narrow))
            assert ours == pytest.approx(ratio * theirs, rel=1e-5)


def test_frozen_layer_leaves_model_losses():
    model = small_model(L2(0.1))
    data_loss = reported_loss(small_model(), ROWS, np.zeros((6, 1)))
    penalty = total(model)
    assert penalty > 0
    assert reported_loss(model, ROWS, np.zeros((6, 1))) == pytest.approx(data_loss + penalty, rel=1e-5)
    model.layers[0].trainable = False
    assert model.losses == []
    assert reported_loss(model, ROWS, np.zeros((6, 1))) == pytest.approx(data_loss, rel=1e-5)
    kernel = model.layers[0].kernel.numpy()
    model.compile(keras.optimizers.SGD(0.1), "mse")
    model.train_on_batch(ROWS, np.ones((6, 1)))
    np.testing.assert_array_equal(model.layers[0].kernel.numpy(), kernel)  # training leaves it as it is


def frozen_model():
    """Return a compiled model whose penalized first layer is frozen, what it reports for zeros, and the penalty of that layer by hand."""
    model = small_model(L2(0.1))
    model.layers[0].trainable = False
    return model, reported_loss(model, ROWS, np.zeros((6, 1))), 0.1 * np.square(model.layers[0].kernel.numpy()).sum()


def test_unfrozen_layer_is_back_in_model_losses():
    model, frozen, penalty = frozen_model()
    model.layers[0].trainable = True
    assert total(model) == pytest.approx(penalty, rel=1e-5)
    assert penalty > 0.1 * frozen
    assert reported_loss(model, ROWS, np.zeros((6, 1))) == pytest.approx(frozen + penalty, rel=1e-5)


def test_unfrozen_layer_is_missing_from_a_compiled_loss():
    model, frozen, penalty = frozen_model()
    model.layers[0].trainable = True
    assert total(model) == pytest.approx(penalty, rel=1e-5)  # `model.losses` has changed
    assert model.evaluate(ROWS, np.zeros((6, 1)), batch_size=6, verbose=0) == frozen
    model = small_model(L2(0.1))
    whole = reported_loss(model, ROWS, np.zeros((6, 1)))
    model.layers[0].trainable = False
    assert model.evaluate(ROWS, np.zeros((6, 1)), batch_size=6, verbose=0) == whole == pytest.approx(frozen + penalty, rel=1e-5)


def test_loss_follows_a_frozen_layer_without_compiling():
    model, frozen, penalty = frozen_model()
    for trainable, expected in [(True, frozen + penalty), (False, frozen)]:
        model.layers[0].trainable = trainable
        assert model.evaluate(ROWS, np.zeros((6, 1)), batch_size=6, verbose=0) == pytest.approx(expected, rel=1e-5)
    model = small_model(L2(0.1))
    whole = reported_loss(model, ROWS, np.zeros((6, 1)))
    model.layers[0].trainable = False
    assert model.evaluate(ROWS, np.zeros((6, 1)), batch_size=6, verbose=0) == pytest.approx(whole - penalty, rel=1e-5)


def test_regularizer_set_on_the_layer_leaves_the_kernel_without_penalty():
    model = small_model()
    data_loss = reported_loss(model, ROWS, np.zeros((6, 1)))
    model.layers[0].kernel_regularizer = L2(1.0)
    assert model.losses == []
    assert reported_loss(model, ROWS, np.zeros((6, 1))) == data_loss


def test_regularizer_set_on_the_variable_counts_after_compiling_again():
    zeros = np.zeros((6, 1))
    model = small_model()
    data_loss = reported_loss(model, ROWS, zeros)
    kernel = model.layers[0].kernel
    kernel.regularizer = L2(1.0)
    assert reported_loss(model, ROWS, zeros) == pytest.approx(data_loss + np.square(kernel.numpy()).sum(), rel=1e-5)

    steps = []
    for regularizer in (None, L2(1.0)):
        model = small_model()
        kernel, start = model.layers[0].kernel, model.layers[0].kernel.numpy()
        kernel.regularizer = regularizer
        model.compile(keras.optimizers.SGD(0.1), "mse")
        model.train_on_batch(ROWS, zeros)
        steps.append(kernel.numpy() - start)
    np.testing.assert_allclose(steps[1] - steps[0], -0.1 * 2 * start, atol=1e-6)


def test_regularizer_set_on_the_variable_does_not_reach_a_compiled_step():
    model = small_model()
    data_loss = reported_loss(model, ROWS, np.zeros((6, 1)))
    model.layers[0].kernel.regularizer = L2(1.0)
    assert model.evaluate(ROWS, np.zeros((6, 1)), batch_size=6, verbose=0) == data_loss
    assert reported_loss(model, ROWS, np.zeros((6, 1))) == pytest.approx(data_loss + total(model), rel=1e-5)
    assert total(model) > 0.1 * data_loss


def test_regularizer_set_on_the_variable_alone_is_not_saved(tmp_path):
    model = small_model()
    model.layers[0].kernel.regularizer = L2(1.0)
    model.save(tmp_path / "model.keras")
    assert keras.models.load_model(tmp_path / "model.keras").losses == []
    model.layers[0].kernel_regularizer = L2(1.0)
    model.save(tmp_path / "model.keras")
    assert total(keras.models.load_model(tmp_path / "model.keras")) == pytest.approx(total(model))


@pytest.mark.parametrize("kind, shape", [(layers.Dense, (4,)), (layers.Conv1D, (4, 1)), (layers.Conv2D, (2, 2, 1))])
def test_cloned_model_takes_the_new_regularizer(kind, shape):
    settings = {} if kind is layers.Dense else {"kernel_size": 2}
    model, rows = Sequential([layers.Input(shape), kind(3, kernel_regularizer=L1(0.1), **settings)]), ROWS.reshape(6, *shape)
    model.layers[0].kernel_regularizer = L2(0.3)
    clone = keras.models.clone_model(model)
    assert np.abs(output(clone, rows) - output(model, rows)).max() > 0.01  # new initial weights
    clone.set_weights(model.get_weights())
    np.testing.assert_array_equal(output(clone, rows), output(model, rows))
    assert total(clone) == pytest.approx(0.3 * np.square(model.layers[0].kernel.numpy()).sum())
    assert total(model) == pytest.approx(0.1 * np.abs(model.layers[0].kernel.numpy()).sum())


def test_cloned_embedding_and_recurrent_layers_take_the_new_regularizer():
    for kind, shape, name in [(layers.Embedding, (6,), "embeddings"), (layers.LSTM, (5, 4), "kernel"), (layers.GRU, (5, 4), "kernel")]:
        layer = kind(9, 3) if kind is layers.Embedding else kind(3)
        model = Sequential([layers.Input(shape), layer])
        owner = layer
        if kind is not layers.Embedding:
            with pytest.raises(AttributeError):
                layer.kernel_regularizer = L2(0.3)
            owner = layer.cell
        setattr(owner, f"{name}_regularizer", L2(0.3))
        clone = keras.models.clone_model(model)
        clone.set_weights(model.get_weights())
        assert model.losses == []
        assert total(clone) == pytest.approx(0.3 * np.square(getattr(owner, name).numpy()).sum(), rel=1e-5)


def test_saved_model_keeps_its_regularizers_and_saved_weights_do_not(tmp_path):
    model = small_model(L1L2(l1=0.1, l2=0.2))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.layers[0].kernel.regularizer.get_config() == model.layers[0].kernel.regularizer.get_config()
    assert total(loaded) == total(model) > 0
    model.save_weights(tmp_path / "model.weights.h5")
    other = small_model()
    other.load_weights(tmp_path / "model.weights.h5")
    assert other.losses == []


def test_count_params_counts_biases_and_untrained_statistics():
    model = Sequential([layers.Input((4,)), layers.Dense(3, kernel_regularizer=L2(0.1)), layers.BatchNormalization()])
    assert model.count_params() == 4 * 3 + 3 + 4 * 3  # kernel, bias, and scale, shift, mean and variance of each unit
    assert sum(np.prod(variable.shape) for variable in model.trainable_weights) == 4 * 3 + 3 + 2 * 3


def test_list_of_regularizers_is_refused():
    with pytest.raises(ValueError, match="Could not interpret regularizer"):
        layers.Dense(1, kernel_regularizer=[L1(0.1), L2(0.1)])


def test_negative_factor_is_refused():
    together = [(lambda factor: L1L2(l1=factor, l2=0.1), "l1"), (lambda factor: L1L2(l1=0.1, l2=factor), "l2")]
    for penalty, name in [(L1, "l1"), (L2, "l2"), *together]:
        with pytest.raises(ValueError, match=f"Invalid value for argument {name}: expected a non-negative float"):
            penalty(-0.1)


def test_model_without_input_shape_lists_no_penalty_before_its_first_call():
    model = Sequential([layers.Dense(3, kernel_regularizer=L2(0.1))])
    assert model.losses == []
    with pytest.raises(ValueError, match="isn't built"):
        model.count_params()
    model(ROWS)
    assert total(model) > 0


def test_activity_part_is_no_number_after_fit_until_the_next_call():
    model = Sequential([layers.Input((4,)), layers.Dense(1, activity_regularizer=L2(0.1))])
    model.compile(loss="mse")
    model.fit(ROWS, np.zeros((6, 1)), verbose=0)
    with pytest.raises(TypeError, match="out of scope"):
        total(model)
    model(ROWS)
    assert total(model) > 0


def test_kernel_before_batch_normalization_can_shrink_without_effect():
    X = np.random.default_rng(0).normal(size=(200, 4)).astype("float32")  # (200, 4)
    ratios = {}
    for epsilon in [1e-3, 1e-9]:
        keras.utils.set_random_seed(0)
        dense = layers.Dense(3, use_bias=False, kernel_regularizer=L2(1.0))
        model = Sequential([layers.Input((4,)), dense, layers.BatchNormalization(epsilon=epsilon)])
        dense.kernel.assign(dense.kernel.numpy() / (X @ dense.kernel.numpy()).std(axis=0))  # columns of variance 1
        before, penalty = output(model, X, training=True), total(model)
        dense.kernel.assign(0.1 * dense.kernel)
        after = output(model, X, training=True)
        ratios[epsilon] = (after * before).sum() / np.square(before).sum()
        np.testing.assert_allclose(after, ratios[epsilon] * before, atol=1e-3)
        assert total(model) == pytest.approx(penalty / 100, rel=1e-5)
    assert ratios[1e-9] == pytest.approx(1, abs=1e-4)
    assert ratios[1e-3] == pytest.approx(0.95, abs=0.005)
    assert ratios[1e-3] == pytest.approx(0.1 / np.sqrt(0.01 + 0.001), abs=1e-3)
    assert layers.BatchNormalization().epsilon == 1e-3


def test_table_of_penalties_adds_up_to_model_losses_in_this_run(shown):
    penalties = shown("sequential#table").column("penalty")
    total = penalties.pop("total")
    assert sum(penalties.values()) == pytest.approx(total, abs=5e-5 * len(penalties))  # each is rounded to four digits
    assert shown("sequential#losses").value() == total


def test_data_loss_falls_while_the_penalty_grows_in_this_run(shown):
    trained = shown("sequential#trained")
    assert trained.number("data loss", "after") < trained.number("data loss", "before training")
    assert trained.number("all penalties", "after") > trained.number("all penalties", "before training")


def test_data_loss_ends_far_below_the_variance_of_the_noise_in_this_run(shown):
    assert shown("sequential#trained").number("data loss", "after") < 0.5  # less than half of the noise is left
    setup = shown("sequential#setup").column("value")
    assert setup["parameters"] > setup["rows"]


def test_only_the_penalized_bias_has_a_penalty_after_training_in_this_run(shown):
    regularizers = {row[0]: row[3] for row in parse_table(shown("sequential#table").text)[1]}
    for variable, penalty in shown("sequential#trained").column("after").items():
        if variable.endswith("/bias"):
            assert (penalty > 0) == (regularizers[variable] != "none"), variable


def test_predictions_follow_the_targets_only_with_a_free_bias_in_this_run(shown):
    moved = shown("sequential#moved")
    assert moved.number("free", "smallest shift") == moved.number("free", "largest shift") == 100
    assert moved.number("penalized", "smallest shift") < 100 < moved.number("penalized", "largest shift")


def test_penalized_bias_makes_the_slope_of_shifted_targets_larger_in_this_run(shown):
    lines = shown("sequential#shift")
    assert lines.number("penalized, y + 100", "slope") > 1.5 * lines.number("penalized, y", "slope")
    assert lines.number("penalized, y + 100", "bias") < lines.number("free, y + 100", "bias")  # a smaller bias with it
    assert lines.number("free, y + 100", "slope") == lines.number("free, y", "slope")
    penalty = 0.01 * lines.number("free, y + 100", "bias") ** 2
    assert penalty == pytest.approx(100, rel=0.05)


def test_penalty_of_l1_grows_with_the_units_and_that_of_l2_levels_off_in_this_run(shown):
    widths = shown("sequential_start#widths")
    l1, l2 = (np.array(list(widths.column(f"{kind} mean").values())) for kind in ("L1", "L2"))
    assert np.all(np.diff(l1) > 0)
    assert l1[-1] / l1[-2] == pytest.approx(2, rel=0.05)  # four times as many units, twice the penalty
    assert np.all(np.diff(l2) > 0) and l2[-1] / l2[-2] < 1.1 and l2[-1] < 0.4
    np.testing.assert_array_equal(shown("sequential_start#growth").points("L2, mean of 20")[:, 1].round(3), l2)  # and that is drawn
