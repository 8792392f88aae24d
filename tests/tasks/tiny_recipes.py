"""Recipes for tests: small, quick, and each with one thing wrong or special."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from pydantic import Field

from cmsml_tasks import EventRecipe, Recipe


class TinyRecipe(Recipe):
    """Three features of 600 events, trained for one epoch."""

    hidden_units: int = 4
    layers: list[int] = Field(default=[])
    tag: str = ""
    epochs: int = 1

    def load(self, files):
        import numpy as np

        from cmsml_tasks.recipes import Events

        rng = np.random.default_rng(7)
        target = rng.integers(0, 2, 600)
        inputs = (rng.normal(size=(600, 3)) + target[:, None]).astype(np.float32)
        return Events(inputs, target, event=np.arange(600), classes=("off", "on"))

    def build(self, data):
        import keras

        features = keras.Input(data.input_shape, name="features")
        x = data.normalize(features)
        for units in [self.hidden_units, *self.layers]:
            x = keras.layers.Dense(units, activation="relu")(x)
        return keras.Model(features, keras.layers.Dense(1, "sigmoid", name="score")(x))


class OptionalRecipe(TinyRecipe):
    """Has a setting that can be none."""

    opt: str | None = None


class SlowRecipe(TinyRecipe):
    """Trains for an hour, to be killed meanwhile."""

    def train(self, model, data, callbacks=()):
        print("training has begun", flush=True)
        time.sleep(3600)
        return {}


class FillingRecipe(TinyRecipe):
    """Fills the disk of the store meanwhile, unless told otherwise."""

    def train(self, model, data, callbacks=()):
        if os.environ.get("FILL") != "no":
            junk = Path(os.environ["CMSML_STORE"]).parent / "junk"
            with contextlib.suppress(OSError), junk.open("wb", buffering=0) as file:
                while file.write(bytes(1024)):
                    pass
        return super().train(model, data, callbacks)


class LambdaRecipe(TinyRecipe):
    """Cannot be read back by another process."""

    def build(self, data):
        import keras

        model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: x * 2)])
        model.add(keras.layers.Dense(1))
        return model

    def train(self, model, data, callbacks=()):
        raise AssertionError("an epoch was trained although the model cannot be exported")


class NoConfigRecipe(LambdaRecipe):
    """A subclassed model that cannot be saved."""

    def build(self, data):
        import keras

        class Net(keras.Model):
            def __init__(self, units):
                super().__init__()
                self.dense = keras.layers.Dense(units)

            def call(self, inputs):
                return self.dense(inputs)

        net = Net(self.hidden_units)
        net(data.train.inputs[:1])
        return net


class BrokenRecipe(TinyRecipe):
    """A bug in the user's own code."""

    def build(self, data):
        return undefined_name  # noqa: F821


class DivergingRecipe(TinyRecipe):
    """Its loss is no number from the first epoch on."""

    learning_rate: float = 1e30
    epochs: int = 3

    def build(self, data):
        import keras

        features = keras.Input(data.input_shape, name="features")
        model = keras.Model(features, keras.layers.Dense(1)(features))
        model.compile(keras.optimizers.SGD(self.learning_rate), "mse")
        return model


class WrongKeyRecipe(LambdaRecipe):
    """Its inputs have other names than the model's."""

    def load(self, files):
        from dataclasses import replace

        events = super().load(files)
        return replace(events, inputs={"a": events.inputs, "b": events.inputs}, features=())

    def build(self, data):
        import keras

        features = keras.Input((3,), name="features")
        return keras.Model(features, keras.layers.Dense(1, "sigmoid")(features))


class FixedBatchRecipe(LambdaRecipe):
    """Its model takes 100 events at a time and no others."""

    def build(self, data):
        import keras

        features = keras.Input(batch_shape=(100, 3), name="features")
        return keras.Model(features, keras.layers.Dense(1, "sigmoid")(features))


class ClassicRecipe(TinyRecipe):
    """Returns what model.fit returns, as everybody does."""

    def train(self, model, data, callbacks=()):
        model.compile("adam", "binary_crossentropy")
        return model.fit(data.train.inputs, data.train.target, epochs=2, verbose=0)


class UnnumberedRecipe(TinyRecipe):
    """Its events have no numbers."""

    def load(self, files):
        from dataclasses import replace

        return replace(super().load(files), event=None)


class UnnumberedTable(EventRecipe):
    """A table without a column of event numbers, which need not exist to be refused."""

    files = ("nowhere/*.csv",)
    target = "signal"
    features = ("x",)

    def build(self, data):
        raise AssertionError("built although it is refused")


class ForeignLabelsRecipe(TinyRecipe):
    """Three labels, of which two have names."""

    def load(self, files):
        from dataclasses import replace

        import numpy as np

        return replace(super().load(files), target=np.arange(600) % 3)

    def build(self, data):
        raise AssertionError("built although the labels are refused")


class CollapsedRecipe(TinyRecipe):
    """Gives 0.5 for everything, and half of its signal weighs -1."""

    def load(self, files):
        from dataclasses import replace

        import numpy as np

        events = super().load(files)
        number = np.cumsum(events.target)
        return replace(events, weight=np.where(events.target * number % 2 == 1, -1.0, 1.0))

    def build(self, data):
        import keras

        features = keras.Input(data.input_shape, name="features")
        dead = keras.layers.Dense(
            1, "sigmoid", kernel_initializer="zeros", trainable=False, name="score"
        )
        return keras.Model(features, dead(features))


class GatedRecipe(TinyRecipe):
    """Its model has a second input, which in production is the same for all events."""

    def load(self, files):
        from dataclasses import replace

        import numpy as np

        events = super().load(files)
        gate = np.linspace(0, 1, len(events.inputs), dtype=np.float32)[:, None]
        return replace(events, inputs={"features": events.inputs, "gate": gate}, features=())

    def build(self, data):
        import keras

        features = keras.Input((3,), name="features")
        gate = keras.Input((1,), name="gate")
        x = keras.layers.Dense(4, activation="tanh")(features)
        x = keras.layers.Multiply()([x, keras.layers.Dense(1, "sigmoid")(gate)])
        return keras.Model([features, gate], keras.layers.Dense(1, "sigmoid", name="score")(x))
