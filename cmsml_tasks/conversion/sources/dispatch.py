"""Which adapter an object belongs to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from cmsml_tasks.conversion.effects.other_frameworks import advice_for
from cmsml_tasks.conversion.graph_def.nodes import GraphDef
from cmsml_tasks.conversion.interface.picked_tensors import operations_of
from cmsml_tasks.conversion.sources import functions, graphs, sessions
from cmsml_tasks.conversion.sources.keras import keras_model, tf_keras_model
from cmsml_tasks.conversion.traced.constant_inputs import with_constant_inputs
from cmsml_tasks.conversion.traced.traced_object import Traced
from cmsml_tasks.errors import ConversionTypeError
from cmsml_tasks.tensor_names import Names


def trace(
    obj: Any,
    input_names: Names | None = None,
    output_names: Names | None = None,
    constant_inputs: Mapping[str, Any] | None = None,
) -> Traced:
    """Return the signature, the outputs and the frozen graph of *obj*, as far as it can be frozen.

    Args:
        obj: model of Keras or tf-keras, ``tf.function``, concrete function, version 1 session,
            ``tf.Graph`` or ``GraphDef`` (these two without variables).
        input_names: names for the inputs instead of those found: a list for all of them, in
            order, or a mapping ``{found: wanted}`` for some.
        output_names: the same for the outputs. For a session, graph or GraphDef: the operations
            to export (``op`` or ``op:0``), or a mapping of these to other names.
        constant_inputs: values for inputs, by the names found, that are no inputs any more.
            Keras's ``keras_learning_phase`` is False unless it or *input_names* names it.

    Raises:
        ConversionError: *obj* cannot be traced, or the names or values do not fit.
        ConversionTypeError: *obj* is none of these.

    """
    traced, wanted = _traced(obj, output_names)
    traced = with_constant_inputs(traced, constant_inputs, input_names)
    return traced.renamed(input_names, wanted)


def _traced(obj: Any, output_names: Names | None) -> tuple[Traced, Names | None]:
    """Return *obj* traced under the names found, and the names that its outputs are to get."""
    if keras_model.is_model(obj):
        return keras_model.trace_model(obj), output_names
    if tf_keras_model.is_model(obj):
        return tf_keras_model.trace_model(obj), output_names
    if functions.is_function(obj):
        return functions.trace_function(obj), output_names
    operations, wanted = operations_of(output_names)
    if sessions.is_session(obj):
        return sessions.trace_session(obj, operations), wanted
    if isinstance(obj, tf.Graph | GraphDef):
        return graphs.trace_graph(obj, operations), wanted
    raise ConversionTypeError(f"no graph can be made from {described(obj)}{_advice(obj)}")


def described(obj: Any) -> str:
    """Return what *obj* is, in words short enough for a message."""
    text = repr(obj)
    return f"the {type(obj).__name__} {text if len(text) < 80 else text[:77] + '...'}"


def _advice(obj: Any) -> str:
    if keras_model.is_layer(obj) or tf_keras_model.is_layer(obj):
        return "; put the layer into a Sequential model"
    if isinstance(obj, str | os.PathLike):
        return (
            ", for of paths, only that of a SavedModel is taken, a folder with a saved_model.pb; "
            "check it, or load the model and pass that"
        )
    if isinstance(obj, tf.Module):
        return "; pass one of its tf.function methods"
    if other := advice_for(obj):
        return other
    if callable(obj):
        return "; decorate it with tf.function(input_signature=[tf.TensorSpec(shape, dtype), ...])"
    return "; pass a Keras model, a tf.function, a session, a tf.Graph or a GraphDef"
