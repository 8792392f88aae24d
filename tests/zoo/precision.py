"""Other precisions than float32."""

from __future__ import annotations

import functools

import keras
import numpy as np

from zoo.registry import Model, register, rows, shaken, zoo

L = keras.layers

X = rows(6, 4)


def mixed(policy: str, tolerance: float) -> Model:
    x = keras.Input((4,), name="features")
    hidden = L.Dense(8, "relu", name="jet_1", dtype=policy)(x)
    hidden = L.LayerNormalization(dtype=policy)(L.BatchNormalization(dtype=policy)(hidden))
    hidden = L.Dense(8, "tanh", dtype=policy)(hidden)
    score = L.Dense(2, name="score", dtype="float32")(hidden)
    return Model(shaken(keras.Model(x, score)), {"features": X}, ("score",), tolerance=tolerance)


# a step of these types is 2**-10 and 2**-7; the optimised graph rounds in other places
register("mixed_float16", functools.partial(mixed, "mixed_float16", 4e-3))
register("mixed_bfloat16", functools.partial(mixed, "mixed_bfloat16", 3e-2))


@zoo
def float16_throughout() -> Model:
    x = keras.Input((4,), name="features", dtype="float16")
    model = keras.Model(x, L.Dense(2, dtype="float16")(L.Dense(5, "relu", dtype="float16")(x)))
    return Model(shaken(model), {"features": X.astype("float16")}, tolerance=4e-3)


@zoo
def float64_throughout() -> Model:
    x = keras.Input((4,), name="features", dtype="float64")
    model = keras.Model(x, L.Dense(2, dtype="float64")(L.Dense(5, "tanh", dtype="float64")(x)))
    return Model(shaken(model), {"features": X.astype("float64")})


@zoo
def quantised_int8() -> Model:
    x = keras.Input((4,), name="features")
    model = shaken(keras.Model(x, L.Dense(3, name="score")(L.Dense(8, "relu")(x))))
    model.quantize("int8")
    return Model(model, {"features": np.abs(X)}, outputs=("score",))
