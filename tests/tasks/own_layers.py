"""Recipes whose networks the saved file does not tell whole."""

from __future__ import annotations

import os

import keras
from tiny_recipes import TinyRecipe


class Scaled(keras.layers.Layer):
    """Multiplies by a factor that its configuration does not know."""

    factor = 1.0

    def call(self, inputs):
        return inputs * self.factor


class WhereItIs(keras.layers.Layer):
    """Gives other numbers where no GPU may be seen."""

    def call(self, inputs):
        return inputs * (2.0 if os.environ.get("CUDA_VISIBLE_DEVICES") == "-1" else 1.0)


class ForgetfulRecipe(TinyRecipe):
    """The factor is set after the layer was made, and so is lost on the way through the file."""

    def last(self):
        layer = Scaled()
        layer.factor = 2.0
        return layer

    def build(self, data):
        features = keras.Input(data.input_shape, name="features")
        score = keras.layers.Dense(1, "sigmoid", name="score")(self.last()(features))
        return keras.Model(features, score)


class ElsewhereRecipe(ForgetfulRecipe):
    """The same process gives the same numbers, another one does not."""

    def last(self):
        return WhereItIs()


class SetLaterRecipe(ForgetfulRecipe):
    """What the file does not know is set when all is trained."""

    def last(self):
        return Scaled(name="scaled")

    def train(self, model, data, callbacks=()):
        history = super().train(model, data, callbacks)
        model.get_layer("scaled").factor = 2.0
        return history
