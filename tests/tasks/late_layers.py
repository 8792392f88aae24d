"""Layers and functions of one's own, in a module that imports Keras at the top."""

import keras


@keras.saving.register_keras_serializable("late")
class Registered(keras.layers.Layer):
    """A layer that Keras knows by a name once this module is imported."""

    def call(self, inputs):
        return inputs / 3.0


class Plain(keras.layers.Layer):
    """A layer that Keras has not heard of."""

    def call(self, inputs):
        return inputs + 1.0


def bent(x):
    """Return *x* bent."""
    return keras.ops.tanh(x) * 1.5
