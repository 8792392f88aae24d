"""The table of the zoo: models with values to feed, and helpers to make them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf


@dataclasses.dataclass
class Model:
    """An object to freeze, and what is known of its frozen graph.

    Attributes:
        obj: what ``trace`` gets, or what ``open_model`` gave.
        feeds: an array for each input, by the name that the input has to have.
        outputs: the names that the outputs have to have.
        input_names: passed to ``trace``.
        output_names: passed to ``trace``.
        exact: lookups and integer work, of which every bit has to agree.
        tolerance: absolute and relative, of models in half precision, whose optimised graph
            rounds elsewhere; otherwise 1e-6 or 4 ULP.
        told_by_model: only the model, not its file, tells that names are the user's.
    """

    obj: Any
    feeds: Mapping[str, Any]
    outputs: Sequence[str] = ("output",)
    input_names: Sequence[str] | None = None
    output_names: Sequence[str] | None = None
    exact: bool = False
    tolerance: float | None = None
    told_by_model: bool = False


Make = Callable[[], Model]
ZOO: dict[str, Make] = {}


def zoo(make: Make) -> Make:
    """Register *make* under its own name."""
    return register(make.__name__, make)


def register(name: str, make: Make) -> Make:
    assert name not in ZOO, name
    ZOO[name] = make
    return make


def rows(*shape: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def shaken(model: Any) -> Any:
    """Give every weight of *model*, statistics included, values of its own, in their order."""
    generator = np.random.default_rng(11)
    for variable in model.variables:
        if not tf.as_dtype(variable.dtype).is_floating:
            continue  # seeds and counters
        positive = any(word in variable.name for word in ("variance", "gamma"))
        values = generator.normal(0, 0.4, variable.shape)
        variable.assign(generator.uniform(0.5, 1.5, variable.shape) if positive else values)
    return model


def layers_on(*layers: Any, shape: tuple[int | None, ...] = (4,), dtype: str = "float32") -> Any:
    """Return a Sequential model with the input ``features``."""
    return shaken(keras.Sequential([keras.Input(shape, dtype=dtype, name="features"), *layers]))


def with_feed(*layers: Any, feed: np.ndarray, **options: Any) -> Model:
    """Return *layers* one behind the other, fed with *feed*, whose first dimension is the batch."""
    return Model(layers_on(*layers, shape=feed.shape[1:]), {"features": feed}, **options)
