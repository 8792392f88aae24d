"""Models of tf-keras (Keras 2), files that only it reads among them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tf_keras

from cmsml_tasks.conversion import open_model
from zoo.registry import Model, rows, shaken, zoo

L = tf_keras.layers

X = rows(5, 4)
SEQUENCES = rows(3, 5, 4)


@zoo
def tf_keras_sequential() -> Model:
    model = tf_keras.Sequential(
        [
            tf_keras.Input((4,), name="features"),
            L.BatchNormalization(),
            L.Dense(5, "selu", name="jet_1"),
            L.Dropout(0.3),
            L.Dense(2, "softmax", name="score"),
        ]
    )
    return Model(shaken(model), {"features": X}, ("score",))


@zoo
def tf_keras_functional_shared() -> Model:
    jets, leptons = tf_keras.Input((4,), name="jets"), tf_keras.Input((4,), name="leptons")
    shared = L.Dense(3, "relu", name="jet_1")
    merged = L.Concatenate()([shared(jets), shared(leptons), L.Dense(2)(jets * 2.0)])
    outputs = {"regression": L.Dense(1)(merged), "classes": L.Dense(3, "softmax")(merged)}
    model = shaken(tf_keras.Model({"leptons": leptons, "jets": jets}, outputs))
    return Model(model, {"jets": X, "leptons": -X}, ("classes", "regression"))


@zoo
def tf_keras_recurrent_masked() -> Model:
    x = tf_keras.Input((None, 4), name="tracks")
    y = L.Bidirectional(L.LSTM(3, return_sequences=True))(L.Masking()(x))
    model = tf_keras.Model(x, L.GRU(2, dropout=0.2)(L.TimeDistributed(L.Dense(3))(y)))
    feed = SEQUENCES * (np.arange(5) < [[2], [4], [5]])[..., None]
    return Model(shaken(model), {"tracks": feed.astype("float32")})


@zoo
def tf_keras_lookups() -> Model:
    words = tf_keras.Input((2,), dtype="string", name="triggers")
    numbers = L.StringLookup(vocabulary=["mu24", "ele32"])(words)
    model = tf_keras.Model(words, L.CategoryEncoding(3, "multi_hot")(numbers))
    feed = np.array([[b"mu24", b"none"], [b"ele32", b"mu24"]])
    return Model(model, {"triggers": feed}, exact=True)


class Subclassed(tf_keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.dense = L.Dense(3, name="jet_1")

    def call(self, inputs: Any) -> Any:
        return {"sum": inputs["jets"] + 1, "cls": self.dense(inputs["jets"])}


@zoo
def tf_keras_subclassed() -> Model:
    model = Subclassed()
    model({"jets": X})
    return Model(shaken(model), {"jets": X}, ("cls", "sum"))


@zoo
def tf_keras_hdf5_file() -> Model:
    """Keras 3 refuses an argument that SpatialDropout1D had in Keras 2, as b taggers have it."""
    model = tf_keras.Sequential(
        [
            tf_keras.Input((5, 4), name="tracks"),
            L.Conv1D(3, 2, activation="relu", name="jet_1"),
            L.SpatialDropout1D(0.1),
            L.LSTM(3),
            L.Dense(1, "sigmoid", name="score"),
        ]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.h5"
        shaken(model).save(path, save_format="h5")
        return Model(open_model(path), {"tracks": SEQUENCES}, ("score",))
