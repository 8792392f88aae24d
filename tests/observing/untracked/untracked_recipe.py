"""A recipe whose network is described in a file beside it."""

import json
from pathlib import Path

import numpy as np

from cmsml_tasks import Recipe
from cmsml_tasks.recipes import Events

HERE = Path(__file__).parent


class Untracked(Recipe):
    """Two Gaussians; the number of units comes from net.json."""

    epochs: int = 1

    def load(self, files):
        random = np.random.default_rng(1)
        target = np.arange(2000) % 2
        return Events(
            inputs=random.normal(target[:, None], 1, (2000, 3)).astype("f4"), target=target
        )

    def build(self, data):
        import keras

        units = json.loads((HERE / "net.json").read_text())["units"]
        x = inputs = keras.Input(data.input_shape, name="features")
        for number in units:
            x = keras.layers.Dense(number, activation="relu")(x)
        return keras.Model(inputs, keras.layers.Dense(1, "sigmoid", name="score")(x))
