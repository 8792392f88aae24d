"""Keras's TimeDistributed on any number of steps, which some versions of Keras trace wrongly."""

from __future__ import annotations

import functools
import sys
from typing import Any

import tensorflow as tf
from tensorflow.python.eager.context import eager_mode

from cmsml_tasks.errors import ConversionError


def refuse_mixed_up_steps(model: Any) -> None:
    """Refuse a Keras 3 model in which TimeDistributed would work on a wrong number of steps.

    Keras 3.15 takes the size of the batch for it where the shape does not tell: called on data the
    model is right, its graph is not.

    Raises:
        ConversionError: there is such a layer, and Keras has this error.

    """
    time_distributed = sys.modules["keras"].layers.TimeDistributed
    for layer in model._flatten_layers(include_self=False):
        if not isinstance(layer, time_distributed):
            continue
        built: dict[str, Any] = getattr(layer, "_build_shapes_dict", None) or {}
        if None in built.get("input_shape", ())[1:2] and _mixes_up_steps():
            raise ConversionError(
                f"the layer '{layer.name}' (TimeDistributed) takes any number of steps, which "
                f"Keras {sys.modules['keras'].__version__} mixes up with the size of the batch in "
                "graphs; give the inputs a fixed number of steps, or use the layer inside of it "
                "alone where that works on the last axis, as Dense and LayerNormalization do"
            )


@functools.cache
def _mixes_up_steps() -> bool:
    layers = sys.modules["keras"].layers
    # names of their own leave Keras's counters alone
    inner = layers.Identity(name="inner", dtype="float32")
    layer = layers.TimeDistributed(inner, name="outer", dtype="float32")
    with eager_mode():
        spec = tf.TensorSpec((None, None, 1))
        function = tf.function(lambda x: layer(x), autograph=False).get_concrete_function(spec)
        return tuple(function(tf.zeros((1, 2, 1))).shape) != (1, 2, 1)
