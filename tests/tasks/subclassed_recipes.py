"""A recipe with a network class of its own, in a module that imports Keras at the top."""

import keras
from tiny_recipes import TinyRecipe


class Net(keras.Model):
    """Two dense layers."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.hidden = keras.layers.Dense(units, "relu")
        self.score = keras.layers.Dense(1, "sigmoid")

    def call(self, inputs):
        return self.score(self.hidden(inputs))

    def get_config(self):
        return {**super().get_config(), "units": self.units}


class SubclassedRecipe(TinyRecipe):
    """A subclassed model that build() never calls."""

    def build(self, data):
        return Net(self.hidden_units)

    def train(self, model, data, callbacks=()):
        model.compile("adam", "binary_crossentropy")
        return super().train(model, data, callbacks)
