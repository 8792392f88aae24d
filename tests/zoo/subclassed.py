"""Models and layers that users write as classes."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo.registry import Model, rows, shaken, zoo

L = keras.layers

JETS = rows(5, 4)
LEPTONS = rows(5, 3, seed=7)


class Tagger(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.norm = L.BatchNormalization()
        self.blocks = [L.Dense(4, "relu", name=f"jet_{i}") for i in (1, 2)]
        self.drop = L.Dropout(0.3)
        self.head = L.Dense(2, "softmax")

    def call(self, x: Any, training: bool = False) -> Any:
        x = self.norm(x, training=training)
        for block in self.blocks:
            x = self.drop(block(x), training=training)
        return self.head(x)


class OfDictionaries(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.lepton_encoder = L.Dense(3, "relu", name="lepton_encoder")
        self.head = L.Dense(2)

    def call(self, inputs: Any) -> Any:
        encoded = self.lepton_encoder(inputs["leptons"])
        return {"encoded": encoded, "cls": self.head(tf.concat([inputs["jets"], encoded], 1))}


class WithLoop(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = L.Dense(4, "tanh")

    def call(self, x: Any) -> Any:
        return tf.while_loop(lambda i, y: i < 3, lambda i, y: (i + 1, self.dense(y)), [0, x])[1]


class Quadratic(L.Layer):
    """A layer with weights of its own, and with values that are none."""

    def build(self, shape: Any) -> None:
        self.matrix = self.add_weight(shape=(shape[-1], shape[-1]), name="jet_2")
        self.scale = self.add_weight(shape=(), name="scale", trainable=False)
        self.offset = tf.constant(rows(4, seed=21))

    def call(self, x: Any) -> Any:
        return tf.einsum("bi,ij,bj->b", x + self.offset, self.matrix, x)[:, None] * self.scale


class Particles(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = L.Embedding(7, 3)

    def call(self, ids: Any, momenta: Any) -> Any:
        return tf.reduce_sum(self.embedding(ids) * momenta[..., None], axis=1)


@zoo
def subclassed_called() -> Model:
    model = Tagger()
    model(JETS)
    return Model(shaken(model), {"input": JETS})


@zoo
def subclassed_of_dictionaries() -> Model:
    model, feeds = OfDictionaries(), {"jets": JETS, "leptons": LEPTONS}
    model(feeds)
    return Model(shaken(model), feeds, outputs=("cls", "encoded"))


@zoo
def subclassed_with_loop() -> Model:
    model = WithLoop()
    model(JETS)
    return Model(shaken(model), {"input": JETS})


@zoo
def subclassed_in_functional() -> Model:
    x = keras.Input((4,), name="jets")
    model = keras.Model(x, Tagger()(x) + Quadratic(name="quadratic_1")(x))
    return Model(shaken(model), {"jets": JETS})


@zoo
def subclassed_with_signature() -> Model:
    """The way to say what a subclassed model takes."""
    model = Particles()
    ids = np.array([[1, 2, 0], [6, 3, 3]])
    momenta = rows(2, 3)
    model(ids, momenta)
    spec = [tf.TensorSpec((None, 3), tf.int64, "ids"), tf.TensorSpec((None, 3), name="momenta")]
    function = tf.function(shaken(model), input_signature=spec)
    return Model(function, {"ids": ids, "momenta": momenta},
                 input_names=["ids", "momenta"])  # fmt: skip
