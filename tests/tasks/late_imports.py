"""Recipes that import what they are made of when they build it, as the documentation advises."""

import sys
import types

from tiny_recipes import TinyRecipe


class LateRecipe(TinyRecipe):
    """Layers and a function from a module that nothing else imports."""

    def build(self, data):
        import keras
        from late_layers import Plain, Registered, bent

        features = keras.Input(data.input_shape, name="features")
        x = Plain()(Registered()(features))
        x = keras.layers.Dense(4, activation=bent)(x)
        return keras.Model(features, keras.layers.Dense(1, "sigmoid", name="score")(x))


class HiddenRecipe(TinyRecipe):
    """A layer from a module that no other process can import."""

    def build(self, data):
        import keras

        hidden = types.ModuleType("hidden_layers")
        hidden.__file__ = __file__
        sys.modules[hidden.__name__] = hidden

        @keras.saving.register_keras_serializable("hidden")
        class Hidden(keras.layers.Layer):
            def call(self, inputs):
                return inputs

        features = keras.Input(data.input_shape, name="features")
        return keras.Model(features, keras.layers.Dense(1, name="score")(Hidden()(features)))
