"""The gradient as a training loop of one's own takes it, on each of Keras's backends."""

import keras


def gradient(objective, variables):
    """Return the derivatives of a scalar along Keras variables, by the backend's automatic differentiation.

    Args:
        objective: function without arguments that reads the variables and returns a scalar tensor.
        variables: list of trainable `keras.Variable`.

    Returns:
        List of the backend's tensors, each shaped like its variable.
    """
    if keras.backend.backend() == "jax":
        import jax

        def at(values):
            with keras.StatelessScope(state_mapping=list(zip(variables, values))):
                return objective()

        return jax.grad(at)([variable.value for variable in variables])
    if keras.backend.backend() == "torch":
        import torch

        return list(torch.autograd.grad(objective(), [variable.value for variable in variables]))
    import tensorflow as tf

    with tf.GradientTape() as tape:
        value = objective()
    return tape.gradient(value, variables)
