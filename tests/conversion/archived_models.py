"""Models whose files have to be the same in every process; run with a folder, saves them there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

layers = keras.layers
# what Keras would write about a class of __main__ depends on how this file is run
register = keras.saving.register_keras_serializable("archived_models")


@register
class Scale(layers.Layer):
    def __init__(self, factors: Any, **options: Any) -> None:
        super().__init__(**options)
        self.factors = factors

    def build(self, shape: Any) -> None:
        self.offset = self.add_weight(shape=(shape[-1],), name="offset")

    def call(self, x: Any) -> Any:
        return x * np.prod(list(self.factors.values())) + self.offset

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factors": self.factors}


@register
class Subclassed(keras.Model):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.blocks = [layers.Dense(3), {"scale": Scale({"a": 2.0, "b": 3.0})}]

    def call(self, x: Any) -> Any:
        return self.blocks[1]["scale"](self.blocks[0](x))


def trained() -> Any:
    x = keras.Input((4,), name="x")
    shared = {
        "kernel_initializer": keras.initializers.GlorotUniform(seed=3),
        "kernel_regularizer": keras.regularizers.L2(1e-3),
    }
    hidden = layers.Dense(8, "relu", **shared)(x)
    hidden = layers.BatchNormalization()(layers.Dense(8, "relu", **shared)(hidden))
    model = keras.Model(x, layers.Dense(1, "sigmoid", name="score")(hidden))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy", keras.metrics.AUC()])
    model.fit(np.ones((16, 4), "float32"), np.ones((16, 1)), 16, epochs=2, verbose=0)
    return model


def text() -> Any:
    vectorize = layers.TextVectorization(max_tokens=50)
    vectorize.adapt(["the quick brown fox", "jumps over the lazy dog"])
    return keras.Sequential([keras.Input((1,), dtype="string"), vectorize, layers.Embedding(50, 3)])


def tables() -> Any:
    word = keras.Input((1,), dtype="string", name="word")
    number = keras.Input((1,), dtype="int64", name="number")
    words = layers.StringLookup(vocabulary=[f"word {i}" for i in range(100)])(word)
    numbers = layers.IntegerLookup(vocabulary=list(range(50, 150)))(number)
    return keras.Model({"word": word, "number": number}, {"b": words, "a": numbers})


def recurrent() -> Any:
    states = layers.Bidirectional(layers.LSTM(3, return_sequences=True))
    return keras.Sequential([keras.Input((5, 3)), states, layers.GRU(2), layers.Dense(1)])


def attention() -> Any:
    x = keras.Input((3, 2), name="x")
    inner = keras.Model(x, layers.LayerNormalization()(x), name="inner")
    return keras.Model({"x": x}, {"y": layers.MultiHeadAttention(2, 2)(x, x), "inner": inner(x)})


def half_precision() -> Any:
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(3, dtype="mixed_float16"),
            layers.Dense(3, dtype="bfloat16"),
            layers.Normalization(mean=[1, 2, 3.0], variance=[1, 1, 2.0]),
        ]
    )


def subclassed() -> Any:
    model = Subclassed()
    model(np.ones((2, 4), "float32"))
    return model


MODELS: dict[str, Callable[[], Any]] = {
    make.__name__: make
    for make in (trained, text, tables, recurrent, attention, half_precision, subclassed)
}


def main(folder: Path) -> None:
    from cmsml_tasks import save_model

    for name, make in MODELS.items():
        keras.utils.clear_session()
        keras.utils.set_random_seed(1)
        save_model(make(), folder / f"{name}.keras")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
