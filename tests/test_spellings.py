"""Claims of the page "Old spellings of regularizers in Keras"."""

import keras
import numpy as np
import pytest
from keras import layers, regularizers

RUNNING_EXAMPLE = np.array([3.0, -4.0], dtype="float32")


def test_string_l1_l2_is_refused():
    with pytest.raises(ValueError, match="Could not interpret regularizer identifier"):
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
