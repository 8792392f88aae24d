"""Keras models: Sequential, functional and subclassed, in inference mode."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.eager.context import eager_mode
from tensorflow.python.util import nest

from cmsml_tasks.conversion.as_written import functions_as_written
from cmsml_tasks.conversion.names import apart_from_inputs, chosen, completed, key_names
from cmsml_tasks.conversion.origins import names_asked_for
from cmsml_tasks.conversion.reasons import reason
from cmsml_tasks.conversion.sources.functions import trace_concrete
from cmsml_tasks.conversion.sources.layer_names import kind_of, origin_of
from cmsml_tasks.conversion.sources.subclassed import ADVICE, call_specs, refuse_floats_cast
from cmsml_tasks.conversion.traced import Array, Traced
from cmsml_tasks.conversion.values import as_array
from cmsml_tasks.errors import ConversionError


def is_model(obj: Any) -> bool:
    """Tell whether *obj* is a Keras 3 model, without importing Keras."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(obj, keras.Model)


def is_layer(obj: Any) -> bool:
    """Tell whether *obj* is a Keras 3 layer, without importing Keras."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(obj, keras.Layer)


def trace_model(
    model: Any,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
) -> Traced:
    """Trace a Keras model as it computes in inference, ``model(x, training=False)``.

    The names found are the user's: keys of dictionaries, else names that were given to input and
    output layers. Where Keras made up the name (``input_layer_2``, ``dense_7``), it is ``input``
    or ``output``, with a number where there are several. Subclassed models have no input layers;
    several arguments of their ``call`` give their names.

    The batch size of a Sequential or subclassed model is free; a functional model has the one of
    its ``keras.Input``.

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
    _check_backend()
    arguments = _call_arguments(model)
    inputs = chosen(input_names, _input_names(arguments), "input")
    specs, concrete, asked = _with_free_batch(model, nest.map_structure(_spec, arguments))
    if _functional(model) is None:
        refuse_floats_cast(model, concrete)
    found = apart_from_inputs(_output_names(model, concrete), inputs)
    outputs = chosen(output_names, found, "output")
    origin = origin_of(model, asked)
    return trace_concrete(concrete, inputs, outputs, _caller(model, specs), model, origin)


def _check_backend() -> None:
    backend = sys.modules["keras"].backend.backend()
    if backend != "tensorflow":
        raise ConversionError(
            f"Keras runs on {backend} here, which makes no TensorFlow graphs; set "
            "KERAS_BACKEND=tensorflow before Keras is imported"
        )


def _with_free_batch(
    model: Any, specs: tuple[Any, ...]
) -> tuple[tuple[Any, ...], Any, dict[str, str]]:
    """Return what the traced *model* takes, the trace, and the names asked for in it, by path.

    A Sequential model without keras.Input takes over the batch size of the first data that it is
    called on, which nobody meant to be fixed. (Once stored in a file, its input layer cannot be
    told from one that the user made.)
    """
    if isinstance(model, sys.modules["keras"].Sequential):
        free = nest.map_structure(_of_any_batch, specs)
        try:
            return free, *_traced_call(model, free)
        except ConversionError:
            pass  # a layer needs to know the batch size, or something else is wrong, too
    return specs, *_traced_call(model, specs)


def _of_any_batch(spec: tf.TensorSpec) -> tf.TensorSpec:
    return tf.TensorSpec((None, *spec.shape[1:]), spec.dtype, spec.name)


def _traced_call(model: Any, specs: tuple[Any, ...]) -> tuple[Any, dict[str, str]]:
    asked: dict[str, str] = {}

    def inference(*args: Any) -> Any:
        with names_asked_for(tf.compat.v1.get_default_graph()) as names:
            outputs = model(*args, training=False)
        asked.clear()  # variables made in a first trace cause another
        asked.update(names)
        return outputs

    function = tf.function(inference, autograph=False)
    variables = len(model.variables)
    try:
        with eager_mode():
            concrete = function.get_concrete_function(*specs)
    except Exception as error:  # whatever the layers raise while they are traced
        advice = "" if _functional(model) else f"\nIf it takes no floats, {ADVICE}"
        raise ConversionError(
            f"the model '{model.name}' cannot be traced: {reason(error)}{advice}"
        ) from error
    if len(model.variables) != variables:
        raise ConversionError(
            f"the model '{model.name}' says that it is built, but its layers had no weights yet; "
            "call it on data before it is exported"
        )
    return concrete, asked


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
    if getattr(tensor, "sparse", False) or getattr(tensor, "ragged", False):
        raise ConversionError(
            f"the input '{tensor.name}' is sparse or ragged, which a frozen graph cannot be fed; "
            "use a dense input"
        )
    return tf.TensorSpec(tensor.shape, tensor.dtype)


def _input_names(arguments: tuple[Any, ...]) -> list[str]:
    names: list[str | None] = []
    for argument in arguments:
        leaves = zip(key_names(argument), nest.flatten(argument), strict=True)
        names.extend(key or _given_name(leaf) for key, leaf in leaves)
    return completed(names, "input")


def _output_names(model: Any, concrete: Any) -> list[str]:
    functional = _functional(model)
    traced = concrete.structured_outputs
    keys = key_names(traced)
    if functional is not None and len(nest.flatten(functional._outputs_struct)) == len(keys):
        tensors = nest.flatten(functional._outputs_struct)
        keys = [key or _given_name(tensor) for key, tensor in zip(keys, tensors, strict=True)]
    if not keys or len(keys) != len(concrete.graph.outputs):
        raise ConversionError(
            f"the model '{model.name}' returns {traced!r}; a frozen graph needs dense tensors, "
            "alone or in lists and dictionaries"
        )
    return completed(keys, "output")


def _given_name(tensor: Any) -> str | None:
    """Return the name that the user gave the layer that makes *tensor*, None if Keras made it."""
    if isinstance(tensor, tf.TensorSpec):
        name: str | None = tensor.name
        return name
    layer = tensor._keras_history.operation
    return None if kind_of(layer) else str(layer.name)


def _caller(model: Any, specs: Any) -> Callable[[Sequence[Array]], Sequence[Array]]:
    flat_specs = nest.flatten(specs)

    def evaluate(arrays: Sequence[Array]) -> Sequence[Array]:
        # a layer may call functions of its own
        with eager_mode(), functions_as_written():
            tensors = [tf.constant(a, s.dtype) for a, s in zip(arrays, flat_specs, strict=True)]
            outputs = model(*nest.pack_sequence_as(specs, tensors), training=False)
            return [as_array(output.numpy(), output.dtype) for output in nest.flatten(outputs)]

    return evaluate
