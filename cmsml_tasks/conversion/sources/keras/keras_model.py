"""Keras models: Sequential, functional and subclassed, in inference mode."""

from __future__ import annotations

import functools
import sys
from typing import Any

import tensorflow as tf
from tensorflow.python.util import nest

from cmsml_tasks.conversion.interface.found_names import apart_from_inputs
from cmsml_tasks.conversion.keras_backend import check_backend
from cmsml_tasks.conversion.sources.functions import trace_concrete
from cmsml_tasks.conversion.sources.keras.layer_names import kind_of, origin_of
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
from cmsml_tasks.conversion.sources.keras.subclassed_inputs import (
    ADVICE,
    call_specs,
    refuse_floats_cast,
)
from cmsml_tasks.conversion.sources.keras.time_distributed import refuse_mixed_up_steps
from cmsml_tasks.conversion.traced.traced_object import Traced
from cmsml_tasks.errors import ConversionError


def is_model(obj: Any) -> bool:
    """Tell whether *obj* is a Keras 3 model, without importing Keras."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(obj, keras.Model)


def is_layer(obj: Any) -> bool:
    """Tell whether *obj* is a Keras 3 layer, without importing Keras."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(obj, keras.Layer)


def trace_model(model: Any) -> Traced:
    """Trace a Keras model as it computes in inference, ``model(x, training=False)``.

    The names found are the user's: keys of dictionaries, else names that were given to input and
    output layers. Where Keras made up the name (``input_layer_2``, ``dense_7``), it is ``input``
    or ``output``, with a number where there are several. Subclassed models have no input layers;
    several arguments of their ``call`` give their names.

    The batch size of a subclassed model is free; other models have the one of their
    ``keras.Input``. In the file of a Sequential model it is not told whether this came from the
    user or from the first data; then it is free.

    Of a subclassed model, Keras remembers the shapes of the inputs, but no data types: they are
    taken to be floats of the model's precision. A model in which something takes integers or
    strings is refused, as is one with further tensor arguments, which Keras forgets. Whoever
    exports ``tf.function(model, input_signature=[tf.TensorSpec(shape, dtype), ...])``, or a
    functional model around it, says what it takes. A ``mask`` and ``**kwargs`` are never inputs;
    arguments whose default is a flag, an integer or a string keep it.

    Raises:
        ConversionError: the model was never built, it takes what no frozen graph can, or what it
            takes cannot be known.

    """
    check_backend()
    refuse_mixed_up_steps(model)
    arguments = _call_arguments(model)
    inputs = model_input_names(arguments, _given_name)
    specs, concrete, asked = _with_free_batch(model, nest.map_structure(_spec, arguments))
    functional = _functional(model)
    if functional is None:
        refuse_floats_cast(model, concrete)
    symbolic = functional._outputs_struct if functional is not None else None
    found = model_output_names(model, concrete, symbolic, _given_name)
    outputs = apart_from_inputs(found, [each.name for each in inputs])
    evaluate, origin = caller(_call(model), specs), origin_of(model, asked)
    return trace_concrete(concrete, inputs, outputs, evaluate, model, origin)


def _with_free_batch(
    model: Any, specs: tuple[Any, ...]
) -> tuple[tuple[Any, ...], Any, dict[str, str]]:
    """Return what the traced *model* takes, the trace, and the names asked for in it, by path.

    A Sequential model without keras.Input takes over the batch size of the first data that it is
    called on, which nobody meant to be fixed. (Once stored in a file, its input layer cannot be
    told from one that the user made.)
    """
    if isinstance(model, sys.modules["keras"].Sequential) and not _wants_batch_size(model):
        free = nest.map_structure(of_any_batch, specs)
        try:
            return free, *_traced(model, free)
        except ConversionError:
            pass  # a layer needs to know the batch size, or something else is wrong, too
    return specs, *_traced(model, specs)


def _wants_batch_size(model: Any) -> bool:
    """Tell whether the batch size of a Sequential model is one that the user asked for."""
    arguments = getattr(getattr(model._layers[0], "_auto_config", None), "config", None) or {}
    # Keras itself, and a file, give a batch shape and a data type
    by_shape = arguments.get("batch_shape") is not None and arguments.get("dtype") is None
    return arguments.get("batch_size") is not None or by_shape


def _traced(model: Any, specs: tuple[Any, ...]) -> tuple[Any, dict[str, str]]:
    advice = "" if _functional(model) else f"\nIf it takes no floats, {ADVICE}"
    return traced_call(model, _call(model), specs, advice)


def _call(model: Any) -> Call:
    return with_losses_kept(model, functools.partial(model, training=False))


def _call_arguments(model: Any) -> tuple[Any, ...]:
    """Return the arguments of ``model.call``: nested KerasTensors, or TensorSpecs if subclassed."""
    functional = _functional(model)
    return call_specs(model) if functional is None else (functional._inputs_struct,)


def _functional(model: Any) -> Any:
    keras = sys.modules["keras"]
    if isinstance(model, keras.Sequential):
        return getattr(model, "_functional", None)
    return model if hasattr(model, "_inputs_struct") else None


def _spec(tensor: Any) -> tf.TensorSpec:
    if isinstance(tensor, tf.TensorSpec):
        return tensor
    kinds = (kind for kind in ("ragged", "sparse") if getattr(tensor, kind, False))
    return dense_spec(tensor, next(kinds, None))


def _given_name(tensor: Any) -> str | None:
    """Return the name that the user gave the layer that makes *tensor*, None if Keras made it."""
    if isinstance(tensor, tf.TensorSpec):
        name: str | None = tensor.name
        return name
    layer = tensor._keras_history.operation
    return None if kind_of(layer) else str(layer.name)
