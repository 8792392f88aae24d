"""Functions: ``tf.function`` with a signature, bound methods of modules, concrete functions."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from tensorflow.python.eager.context import eager_mode
from tensorflow.python.util import nest

from cmsml_tasks.conversion.graph_def.size_limit import graph_def_of
from cmsml_tasks.conversion.graph_def.tensor_values import as_array, memory_of
from cmsml_tasks.conversion.interface.found_names import (
    Found,
    Path,
    apart_from_inputs,
    completed,
    key_path,
    key_paths,
    named,
    port,
)
from cmsml_tasks.conversion.reasons import reason
from cmsml_tasks.conversion.sources.composite import (
    kind_of_spec,
    refuse_composite,
    refuse_composite_outputs,
)
from cmsml_tasks.conversion.sources.lookup_table_contents import captured_table
from cmsml_tasks.conversion.sources.state_changes import without_writers
from cmsml_tasks.conversion.sources.unoptimised import functions_as_written
from cmsml_tasks.conversion.traced.name_origin import UNKNOWN, Origin
from cmsml_tasks.conversion.traced.traced_graph import Skeleton
from cmsml_tasks.conversion.traced.traced_object import Array, Evaluate, Traced
from cmsml_tasks.conversion.traced.weight import Weight
from cmsml_tasks.errors import ConversionError


def is_function(obj: Any) -> bool:
    """Tell whether *obj* is a polymorphic or concrete TensorFlow function."""
    types = tf.types.experimental
    return isinstance(obj, types.GenericFunction | types.ConcreteFunction)


def trace_function(function: Any, owner: Any = None) -> Traced:
    """Trace a function; the names found are those of its arguments and of the keys it returns.

    Outputs without a key are called as the ``tf.identity(..., name=...)`` that makes them, else
    ``output``, or ``output_0``, ``output_1``, ... where there are several.
    """
    concrete = concrete_function(function)
    inputs = _argument_names(concrete)
    outputs = apart_from_inputs(_output_names(concrete), [found.name for found in inputs])
    return trace_concrete(concrete, inputs, outputs, owner=owner)


def trace_concrete(
    concrete: Any,
    input_names: Sequence[Found],
    output_names: Sequence[Found],
    evaluate: Evaluate | None = None,
    owner: Any = None,
    origin: Origin = UNKNOWN,
) -> Traced:
    """Trace a concrete function under the given names.

    Args:
        concrete: the function.
        input_names: a name for each tensor argument, in the order of its placeholders.
        output_names: a name for each returned tensor, in TensorFlow's order of leaves.
        evaluate: evaluates the original, when that is not the function itself.
        owner: what has to stay alive for the function's variables to do so.
        origin: what is known of the names in the graph.

    """
    graph = concrete.graph
    _refuse_values_in_a_graph(graph)
    weights = _weights(graph)
    outputs = [output.op.name for output in graph.outputs]
    skeleton = Skeleton(
        graph_def=without_writers(graph_def_of(graph), outputs, weights),
        inputs=tuple(
            port(found, tensor)
            for found, tensor in zip(input_names, _arguments(graph), strict=True)
        ),
        outputs=tuple(
            port(found, tensor) for found, tensor in zip(output_names, graph.outputs, strict=True)
        ),
        weights=weights,
        tables={
            inside.op.name: captured_table(outside, inside.op.name)
            for outside, inside in graph.captures
            if outside.dtype == tf.resource and _variable_content(outside) is None
        },
        origin=origin,
    )
    # a function does not keep its variables alive
    alive = (owner, concrete.variables)
    return Traced(skeleton, evaluate or _caller(concrete, alive))


def concrete_function(function: Any) -> Any:
    """Return the one concrete function of *function*.

    Raises:
        ConversionError: it has no signature, or cannot be traced.

    """
    if isinstance(function, tf.types.experimental.ConcreteFunction):
        return function
    restored: Sequence[Any] | None = getattr(function, "concrete_functions", None)
    if restored is not None:
        return _restored(restored)
    name = getattr(function, "__name__", "function")
    if getattr(function, "input_signature", None) is None and _takes_arguments(function):
        raise ConversionError(
            f"the tf.function '{name}' accepts arguments of any shape and type, so it has no one "
            "graph; give it a signature, tf.function(input_signature=[tf.TensorSpec(shape, "
            f"dtype), ...]), or pass {name}.get_concrete_function(tf.TensorSpec(shape, dtype), ...)"
        )
    try:
        with eager_mode():
            return function.get_concrete_function()
    except Exception as error:  # whatever the user's code raises while it is traced
        raise ConversionError(
            f"the tf.function '{name}' cannot be traced: {reason(error)}"
        ) from error


def _restored(traces: Sequence[Any]) -> Any:
    """Return the only one of the *traces* that a function of a SavedModel has."""
    if len(traces) == 1:
        return traces[0]
    found = "\n  ".join(str(trace.structured_input_signature) for trace in traces)
    raise ConversionError(
        f"this function of a SavedModel was saved with {len(traces)} traces, so it has no one "
        "graph; pass one of function.concrete_functions, or of the signatures of the SavedModel"
        + (f"\nThe arguments of its traces are\n  {found}" if traces else "")
    )


def _takes_arguments(function: Any) -> bool:
    # a default is no signature: with x=1.0 alone, the graph would be that of f(1.0)
    parameters = inspect.signature(function.python_function).parameters
    return bool(set(parameters) - {"self"})


def _arguments(graph: Any) -> list[tf.Tensor]:
    captured = {id(tensor) for tensor in graph.internal_captures}
    return [tensor for tensor in graph.inputs if id(tensor) not in captured]


def _argument_names(concrete: Any) -> list[Found]:
    _refuse_composite(concrete)
    positional, keyword = concrete.structured_input_signature
    # placeholders come in this order, whatever the order of the keywords in the dictionary
    arguments = [*positional, *(keyword[name] for name in sorted(keyword))]
    leaves = [
        (path, spec)
        for argument in arguments
        for path, spec in nest.flatten_with_tuple_paths(argument)
        if isinstance(spec, tf.TypeSpec)
    ]
    tensors = _arguments(concrete.graph)
    if len(leaves) != len(tensors) or not all(
        spec.is_compatible_with(tensor) for (_, spec), tensor in zip(leaves, tensors, strict=True)
    ):
        raise ConversionError(
            f"the arguments {concrete.structured_input_signature} are no dense tensors, which a "
            "frozen graph is fed"
        )
    return completed([_argument_path(path, spec.name) for path, spec in leaves], "input")


def _refuse_composite(concrete: Any) -> None:
    positional, keyword = concrete.structured_input_signature
    arguments = dict(zip(concrete.function_type.parameters, positional, strict=False)) | keyword
    for name, argument in arguments.items():
        for path, spec in nest.flatten_with_tuple_paths(argument):
            kind = kind_of_spec(spec)
            if kind is not None:
                refuse_composite(f"the argument '{'_'.join([name, *map(str, path)])}'", kind)


def _argument_path(path: Sequence[Any], name: str | None) -> Path | None:
    # keys are what the caller feeds, whatever the TensorSpecs behind them are called
    key = key_path(path)
    if key is not None:
        return key
    # one of *args, which a Keras model takes, is called by its number
    return None if name is None or re.fullmatch(r"args(_\d+)+", name) else (name,)


def _output_names(concrete: Any) -> list[Found]:
    structure = concrete.structured_outputs
    refuse_composite_outputs(structure)
    outputs = concrete.graph.outputs
    leaves = nest.flatten(structure)
    keys = [k for k, leaf in zip(key_paths(structure), leaves, strict=True) if leaf is not None]
    if not outputs or len(keys) != len(outputs):
        raise ConversionError(
            f"the function returns {structure!r}; a frozen graph needs dense tensors, alone or in "
            "lists and dictionaries"
        )
    paths = [
        key or named(_identity_name(tensor)) for key, tensor in zip(keys, outputs, strict=True)
    ]
    return completed(paths, "output")


def _identity_name(output: tf.Tensor) -> str | None:
    # tf.function returns each tensor through an Identity of its own
    source = output.op.inputs[0].op if output.op.type == "Identity" else output.op
    automatic = re.fullmatch(r"Identity(_\d+)?", source.name) or "/" in source.name
    return None if source.type != "Identity" or automatic else str(source.name)


def _refuse_values_in_a_graph(graph: Any) -> None:
    for outside, _ in graph.captures:
        if tf.is_symbolic_tensor(outside):
            raise ConversionError(
                f"'{outside.name}', which is used here, has no value of its own but belongs to a "
                "graph of TensorFlow 1 (made inside of tf.Graph().as_default(), or after "
                "tf.compat.v1.disable_eager_execution()); make it with eager execution, or pass "
                "the session that holds it"
            )


def _weights(graph: Any) -> dict[str, Weight]:
    names = {id(variable.handle): variable.name for variable in graph.variables}
    weights = {}
    for outside, inside in graph.captures:
        content = _variable_content(outside)
        if content is not None:
            dtype = tf.as_dtype(content.dtype)
            read = _reader(outside, dtype)
            shape = tf.TensorShape(content.shape)
            # a variable whose shape may change has the one of its value
            sizes = tuple(shape if shape.is_fully_defined() else read().shape)
            name = names.get(id(outside), inside.name).partition(":")[0]
            weights[inside.op.name] = Weight(dtype, sizes, read, name)
        elif outside.dtype not in (tf.resource, tf.variant):
            weights[inside.op.name] = Weight(
                outside.dtype, tuple(outside.shape), functools.partial(memory_of, outside)
            )
    return weights


def _value(tensor: tf.Tensor) -> Array:
    return as_array(tensor.numpy(), tensor.dtype)


def _variable_content(captured: tf.Tensor) -> Any | None:
    """Return data type and shape of the variable that a captured tensor is the handle of."""
    # only the handle of a variable knows what it points to, that of a table does not
    data = getattr(captured, "_handle_data", None) if captured.dtype == tf.resource else None
    return data.shape_and_type[0] if data is not None and data.shape_and_type else None


def _reader(handle: tf.Tensor, dtype: tf.DType) -> Callable[[], Array]:
    def read() -> Array:
        with eager_mode():
            return memory_of(tf.raw_ops.ReadVariableOp(resource=handle, dtype=dtype))

    return read


def _caller(concrete: Any, alive: Any) -> Evaluate:
    dtypes = [tensor.dtype for tensor in _arguments(concrete.graph)]

    def evaluate(arrays: Sequence[Array]) -> Sequence[Array]:
        assert alive is not None
        with eager_mode(), functions_as_written():
            tensors = [tf.constant(a, dtype) for a, dtype in zip(arrays, dtypes, strict=True)]
            # the flat call is the only one that takes placeholders in the order of the graph
            outputs = concrete._call_flat(tensors, concrete.captured_inputs)
            flat = [output for output in nest.flatten(outputs) if output is not None]
            return [_value(output) for output in flat]

    return evaluate
