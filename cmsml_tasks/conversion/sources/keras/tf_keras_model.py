"""Models of tf-keras, that is Keras 2: Sequential, functional and subclassed, in inference."""

from __future__ import annotations

import functools
import inspect
import sys
from typing import Any

import tensorflow as tf
from tensorflow.python.util import nest

from cmsml_tasks.conversion.interface.found_names import apart_from_inputs
from cmsml_tasks.conversion.sources.composite import kind_of_spec
from cmsml_tasks.conversion.sources.functions import trace_concrete
from cmsml_tasks.conversion.sources.keras.layer_names import kind_of_keras_2, origin_of
from cmsml_tasks.conversion.sources.keras.model_calls import (
    Call,
    caller,
    dense_spec,
    model_input_names,
    model_output_names,
    of_any_batch,
    traced_call,
    with_losses_kept,
)
from cmsml_tasks.conversion.traced.traced_object import Traced
from cmsml_tasks.errors import ConversionError


def is_model(obj: Any) -> bool:
    """Tell whether *obj* is a model of tf-keras, without importing it."""
    tf_keras = sys.modules.get("tf_keras")
    return tf_keras is not None and isinstance(obj, tf_keras.Model)


def is_layer(obj: Any) -> bool:
    """Tell whether *obj* is a layer of tf-keras, without importing it."""
    tf_keras = sys.modules.get("tf_keras")
    return tf_keras is not None and isinstance(obj, tf_keras.layers.Layer)


def trace_model(model: Any) -> Traced:
    """Trace a model of tf-keras as it computes in inference.

    Names are found as in a Keras 3 model; those that tf-keras makes up are ``input_3``,
    ``dense_7``. Of a subclassed model, tf-keras remembers what it was called with, data types
    included. The batch size is the one of the Input, free without one.

    Raises:
        ConversionError: the model was never called, or takes what no frozen graph can.

    """
    arguments = _arguments(model)
    given_name = functools.partial(_given_name, model=model)
    specs = nest.map_structure(_spec, arguments)
    if not getattr(model, "_has_explicit_input_shape", True):
        specs = nest.map_structure(of_any_batch, specs)
    inputs = model_input_names(arguments, given_name)
    call = _call(model)
    concrete, asked = traced_call(model, call, specs)
    symbolic = model._nested_outputs if _is_functional(model) else None
    found = model_output_names(model, concrete, symbolic, given_name)
    outputs = apart_from_inputs(found, [each.name for each in inputs])
    origin = origin_of(model, asked, kind_of_keras_2)
    return trace_concrete(concrete, inputs, outputs, caller(call, specs), model, origin)


def _is_functional(model: Any) -> bool:
    return bool(model._is_graph_network)


def _arguments(model: Any) -> tuple[Any, ...]:
    """Return the arguments of ``model.call``: nested KerasTensors, or TensorSpecs if subclassed."""
    if _is_functional(model):
        return (model._nested_inputs,)
    remembered = model.save_spec()
    if remembered is None:
        raise ConversionError(
            f"the model '{model.name}' was never called, so what it takes is not known; call it on "
            "data, fit it, or begin it with tf_keras.Input"
        )
    positional, keyword = remembered
    if keyword:
        raise ConversionError(
            f"the model '{model.name}' was called with keywords ({', '.join(sorted(keyword))}); "
            "take one dictionary of inputs instead, or call it without keywords"
        )
    names = [*inspect.signature(model.call).parameters] if len(positional) > 1 else [None]
    return tuple(
        nest.map_structure(functools.partial(_called, name=name), argument)
        for name, argument in zip(names, positional, strict=False)
    )


def _called(spec: Any, name: str | None) -> Any:
    # tf-keras has called it input_1, or after its key
    return tf.TensorSpec(spec.shape, spec.dtype, name) if isinstance(spec, tf.TensorSpec) else spec


def _call(model: Any) -> Call:
    trains = model._expects_training_arg
    return with_losses_kept(model, functools.partial(model, training=False) if trains else model)


def _spec(tensor: Any) -> tf.TensorSpec:
    return dense_spec(tensor, kind_of_spec(getattr(tensor, "type_spec", None)))


def _given_name(tensor: Any, model: Any) -> str | None:
    """Return the name that the user gave the layer that makes *tensor*, None if Keras made it."""
    if isinstance(tensor, tf.TensorSpec):
        return str(tensor.name) if tensor.name else None
    layer = tensor._keras_history.layer
    if isinstance(model, sys.modules["tf_keras"].Sequential):
        first = model.layers[0]
        # without an Input, its layer is called after the first one
        if layer.name == f"{first.name}_input" and kind_of_keras_2(first):
            return None
    return None if kind_of_keras_2(layer) else str(layer.name)
