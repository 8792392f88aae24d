"""Inputs of subclassed Keras models, of which Keras remembers shapes, but no data types."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

import tensorflow as tf

from cmsml_tasks.errors import ConversionError, listed

# layers of Keras that take integers or strings
_TAKE_NO_FLOATS = (
    "CategoryEncoding",
    "Embedding",
    "HashedCrossing",
    "Hashing",
    "IntegerLookup",
    "StringLookup",
    "TextVectorization",
)
ADVICE = (
    "say what it takes: export tf.function(model, input_signature=[tf.TensorSpec(shape, dtype), "
    "...]), or make it a part of keras.Model(x, model(x)) with x = keras.Input(shape, dtype=dtype)"
)


def call_specs(model: Any) -> tuple[Any, ...]:
    """Return the arguments of ``model.call`` as nested TensorSpecs, floats with a free batch.

    Raises:
        ConversionError: the model was never built, or what it takes cannot be known.

    """
    remembered = getattr(model, "_build_shapes_dict", None) if model.built else None
    if not remembered:
        raise ConversionError(
            f"the model '{model.name}' was never built, so the shapes of its inputs are not known; "
            "call it on data, fit it, call model.build(input_shape), or begin it with keras.Input"
        )
    shapes = {
        name.removesuffix("_shape"): shape
        for name, shape in remembered.items()
        if shape is not None
    }
    _refuse_forgotten_arguments(model, list(shapes))
    _refuse_layers_without_floats(model)
    dtype = tf.as_dtype(model.input_dtype)
    return tuple(
        _specs(shape, dtype, name if len(shapes) > 1 else None) for name, shape in shapes.items()
    )


def refuse_floats_cast(model: Any, concrete: Any) -> None:
    """Refuse a traced model that makes integers of an input right away.

    Raises:
        ConversionError: an input was taken for floats, but the model wants something else.

    """
    for tensor in concrete.inputs:
        for consumer in tensor.consumers():
            if consumer.type == "Cast" and not consumer.outputs[0].dtype.is_floating:
                raise ConversionError(
                    f"the model '{model.name}' makes {consumer.outputs[0].dtype.name} of an input, "
                    f"and Keras does not remember what it was called with; {ADVICE}"
                )


def _refuse_forgotten_arguments(model: Any, remembered: list[str]) -> None:
    parameters = [
        p for p in inspect.signature(model.call).parameters.values() if p.kind is not p.VAR_KEYWORD
    ]
    names = [p.name for p in parameters]
    # a build() with one argument calls it as it likes
    known = names[:1] if len(remembered) == 1 else remembered
    # masks are Keras's own business, and flags, numbers of things and modes are no tensors
    forgotten = [
        p.name
        for p in parameters
        if p.name not in (*known, "mask", "training") and not isinstance(p.default, int | str)
    ]
    if forgotten or names[: len(known)] != known:
        raise ConversionError(
            f"the model '{model.name}' can be called with {listed(names)}, but Keras remembers "
            f"only {listed(known)}; take one dictionary of inputs instead, or {ADVICE}"
        )


def _refuse_layers_without_floats(model: Any) -> None:
    for layer in _inner_layers(model):
        raise ConversionError(
            f"the model '{model.name}' has a layer that does not take floats, "
            f"{type(layer).__name__} '{layer.name}', and Keras does not remember what the model "
            f"was called with; {ADVICE}"
        )


def _inner_layers(model: Any) -> Iterator[Any]:
    """Yield the layers in *model*, at any depth, that take no floats."""
    layers = sys.modules["keras"].layers
    types = tuple(getattr(layers, name) for name in _TAKE_NO_FLOATS)
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, types):
            yield layer
        if isinstance(layer, layers.InputLayer) and not tf.as_dtype(layer.dtype).is_floating:
            yield layer


def _specs(shape: Any, dtype: tf.DType, name: str | None) -> Any:
    if isinstance(shape, dict):
        # what was None in the dictionary stays away
        shapes = {key: value for key, value in shape.items() if value is not None}
        return {key: _specs(value, dtype, name) for key, value in shapes.items()}
    if all(size is None or isinstance(size, int) for size in shape):
        return tf.TensorSpec((None, *shape[1:]), dtype, name)
    return [_specs(value, dtype, name) for value in shape]
