"""What the models of Keras 3 and tf-keras share: how they are called, traced and named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorflow.python.eager.context import eager_mode
from tensorflow.python.util import nest

from cmsml_tasks.conversion.graph_def.tensor_values import as_array
from cmsml_tasks.conversion.interface.found_names import (
    Found,
    Path,
    completed,
    key_paths,
    named,
    valid,
    valid_inside,
)
from cmsml_tasks.conversion.reasons import reason
from cmsml_tasks.conversion.sources.composite import refuse_composite, refuse_composite_outputs
from cmsml_tasks.conversion.sources.unoptimised import functions_as_written
from cmsml_tasks.conversion.traced.traced_object import Array, Evaluate
from cmsml_tasks.errors import ConversionError
from cmsml_tasks.tensor_names import RULE

Call = Callable[..., Any]
# gives the name that the user gave the layer that makes a tensor, None if Keras made it up
GivenName = Callable[[Any], str | None]


def with_losses_kept(model: Any, call: Call) -> Call:
    """Return *call*, which calls *model*, without its effect on ``model.losses``.

    Layers add the losses of each call to themselves: symbolic ones, when it was traced, which a
    training loop could not use any more.
    """

    def called(*args: Any) -> Any:
        lists = [getattr(layer, "_losses", None) for layer in model._flatten_layers()]
        before = [(losses, list(losses)) for losses in lists if isinstance(losses, list)]
        try:
            return call(*args)
        finally:
            for losses, kept in before:
                losses[:] = kept

    return called


def traced_call(
    model: Any, call: Call, specs: tuple[Any, ...], advice: str = ""
) -> tuple[Any, dict[str, str]]:
    """Return the concrete function of *call*, the inference of *model*, and the names asked for.

    Raises:
        ConversionError: it cannot be traced (the message ends in *advice*), or *model* has layers
            without weights.

    """
    asked: dict[str, str] = {}

    def inference(*args: Any) -> Any:
        with names_asked_for(tf.compat.v1.get_default_graph()) as names:
            outputs = call(*args)
        asked.clear()  # variables made in a first trace cause another
        asked.update(names)
        return outputs

    function = tf.function(inference, autograph=False)
    variables = len(model.variables)
    try:
        with eager_mode():
            concrete = function.get_concrete_function(*specs)
    except Exception as error:  # whatever the layers raise while they are traced
        told = reason(error)
        advice = _advice_on_name(model, told) or advice
        raise ConversionError(
            f"the model '{model.name}' cannot be traced: {told}{advice}"
        ) from error
    if len(model.variables) != variables:
        raise ConversionError(
            f"the model '{model.name}' says that it is built, but its layers had no weights yet; "
            "call it on data before it is exported"
        )
    return concrete, asked


def _advice_on_name(model: Any, told: str) -> str:
    """Return what to do about the name of a layer in a loop, say, whose graph nobody watches."""
    wrong = re.search("'(.*)' is not a valid (root )?(scope|node) name", told)
    names = [layer.name for layer in model._flatten_layers()]
    return f"\nRename the layer '{wrong[1]}'; {RULE}" if wrong and wrong[1] in names else ""


def caller(call: Call, specs: tuple[Any, ...]) -> Evaluate:
    """Return what evaluates *call* on one array for each of the nested *specs*."""
    flat_specs = nest.flatten(specs)

    def evaluate(arrays: Sequence[Array]) -> Sequence[Array]:
        # a layer may call functions of its own
        with eager_mode(), functions_as_written():
            tensors = [tf.constant(a, s.dtype) for a, s in zip(arrays, flat_specs, strict=True)]
            outputs = call(*nest.pack_sequence_as(specs, tensors))
            return [as_array(output.numpy(), output.dtype) for output in nest.flatten(outputs)]

    return evaluate


def dense_spec(tensor: Any, kind: str | None) -> tf.TensorSpec:
    """Return the spec of a symbolic input of a model.

    Args:
        tensor: the input.
        kind: None where it is dense, else see `kind_of_spec`.

    Raises:
        ConversionError: it is not dense.

    """
    if kind is not None:
        refuse_composite(f"the input '{tensor.name}'", kind)
    return tf.TensorSpec(tensor.shape, tensor.dtype)


def of_any_batch(spec: tf.TensorSpec) -> tf.TensorSpec:
    """Return *spec* with a free first dimension."""
    return tf.TensorSpec((None, *spec.shape[1:]), spec.dtype, spec.name)


def model_input_names(arguments: Sequence[Any], given_name: GivenName) -> list[Found]:
    """Return names for the leaves of the nested *arguments* of a model."""
    paths: list[Path | None] = []
    for argument in arguments:
        leaves = zip(key_paths(argument), nest.flatten(argument), strict=True)
        paths.extend(key or named(given_name(leaf)) for key, leaf in leaves)
    return completed(paths, "input")


def model_output_names(
    model: Any, concrete: Any, symbolic: Any, given_name: GivenName
) -> list[Found]:
    """Return names for what the traced *model* returns.

    Args:
        model: the model.
        concrete: its trace.
        symbolic: the outputs as the model has them, nested; None for a subclassed one.
        given_name: names their layers.

    Raises:
        ConversionError: these are no dense tensors.

    """
    traced = concrete.structured_outputs
    refuse_composite_outputs(traced)
    keys = key_paths(traced)
    tensors = nest.flatten(symbolic)
    if symbolic is not None and len(tensors) == len(keys):
        keys = [key or named(given_name(tensor)) for key, tensor in zip(keys, tensors, strict=True)]
    if not keys or len(keys) != len(concrete.graph.outputs):
        raise ConversionError(
            f"the model '{model.name}' returns {traced!r}; a frozen graph needs dense tensors, "
            "alone or in lists and dictionaries"
        )
    return completed(keys, "output")


@contextmanager
def names_asked_for(graph: Any) -> Iterator[dict[str, str]]:
    """Record which names are asked for inside of *graph*, by the path that each of them gets.

    A name cannot tell whether its number is a counter: called twice, a layer ``jet`` is ``jet``
    and ``jet_1``, which another layer may be called. Names of layers that TensorFlow does not allow
    for scopes are changed before. Only this one graph object is watched.
    """
    asked: dict[str, str] = {}
    unwatched, scope = graph.unique_name, graph.name_scope

    def unique_name(name: str, mark_as_used: bool = True) -> str:
        path: str = unwatched(name, mark_as_used)
        asked[path] = name.rpartition("/")[2]
        return path

    def name_scope(name: str | None) -> Any:
        changed = valid_inside if graph.get_name_scope() else valid
        return scope(changed(name) if name else name)

    graph.unique_name, graph.name_scope = unique_name, name_scope
    try:
        yield asked
    finally:
        del graph.unique_name, graph.name_scope
