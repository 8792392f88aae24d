"""Inputs set to a value for good, among them Keras's learning phase unless somebody feeds it."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cmsml_tasks.arguments import argument, renaming
from cmsml_tasks.conversion.graph_def.constant_nodes import constant_node
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef, by_name
from cmsml_tasks.conversion.graph_def.tensor_shapes import shape_proto
from cmsml_tasks.conversion.interface.interface_names import meant
from cmsml_tasks.conversion.interface.placeholders import is_learning_phase
from cmsml_tasks.conversion.interface.port import Port
from cmsml_tasks.conversion.traced.traced_graph import ConstantInput, Skeleton
from cmsml_tasks.conversion.traced.traced_object import Array, Traced
from cmsml_tasks.errors import ConversionError, listed
from cmsml_tasks.shapes import compatible, format_shape
from cmsml_tasks.tensor_names import Names

_SHOWN = 40  # characters of a value in a message


def with_constant_inputs(
    traced: Traced, values: Mapping[str, Any] | None = None, input_names: Names | None = None
) -> Traced:
    """Return *traced* with some inputs set to a value, in its graph and in its original.

    A placeholder with a default, which is no input otherwise, can be set too; one that is named in
    *input_names* becomes an input. Keras's learning phase is False unless one of the two names it.

    Args:
        traced: the object under the names that were found.
        values: numbers, bools, strings, (nested) lists of these, or arrays, by input, whose name
            is that in the graph or the model's own.
        input_names: the names that the inputs are going to get.

    Raises:
        ConversionError: there is no such input, or none would be left; a value is not of its
            type or shape.

    """
    skeleton, values = traced.skeleton, values or {}
    ports = (*skeleton.inputs, *skeleton.defaulted)
    sets = f"{argument('constant_inputs')} sets"
    given = dict(zip(meant(values, ports, "input", sets), values.values(), strict=True))
    named = _named(input_names, ports)
    if isinstance(input_names, Mapping):
        _refuse_both(given, named)
    nodes = by_name(skeleton.graph_def)
    constants = [
        ConstantInput(port, fitting_value(port, given[port]))
        if port in given
        else ConstantInput(port, _false(port), default=True)
        for port in ports
        if port in given or (port not in named and _is_learning_phase(nodes, port))
    ]
    fixed = {constant.port: constant.value for constant in constants}
    added = [port for port in skeleton.defaulted if port in named]
    inputs = [port for port in (*skeleton.inputs, *added) if port not in fixed]
    if given and not inputs:
        raise ConversionError(
            f"{sets} all inputs, {listed(port.known_as for port in given)}, so that the graph "
            "would compute the same every time; leave one to be fed"
        )
    _check_list(input_names, inputs, [c.port for c in constants if c.default])
    if not fixed and not skeleton.defaulted:
        return traced
    settled = dataclasses.replace(
        skeleton,
        graph_def=_settled(skeleton, fixed, added),
        inputs=tuple(inputs),
        defaulted=(),
        constants=tuple(constants),
    )
    evaluate, fed = traced.evaluate, (*skeleton.inputs, *skeleton.defaulted)

    def evaluate_settled(arrays: Sequence[Array | None]) -> Sequence[Array]:
        known = {**fixed, **dict(zip(inputs, arrays, strict=True))}
        return evaluate([known.get(port) for port in fed])

    return Traced(settled, evaluate_settled)


def _is_learning_phase(nodes: Mapping[str, NodeDef], port: Port) -> bool:
    return port.node in nodes and is_learning_phase(nodes[port.node])


def _false(port: Port) -> NDArray[Any]:
    return np.zeros((), port.dtype.as_numpy_dtype)


def fitting_value(port: Port, given: Any) -> NDArray[Any]:
    """Return the value *given* for an input as array of its type.

    Raises:
        ConversionError: it has another type or shape, or is beyond its range.
    """
    text = repr(given)
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
    what = f"{argument('constant_inputs')} sets '{port.known_as}' to {shown}"
    try:
        # numpy's own strings end before zeros
        array = np.asarray(given, object if port.dtype == tf.string else None)
    except ValueError as error:
        raise ConversionError(
            f"{what}, whose lists have different lengths; give equal ones"
        ) from error
    value = _of_type(array, port.dtype)
    if value is None:
        raise ConversionError(
            f"{what}, but it takes {port.dtype.name}; give {_WORDS.get(_kind(port.dtype), 'that')}"
        )
    if not compatible(value.shape, port.shape):
        raise ConversionError(
            f"{what}, which has shape {format_shape(value.shape)}, but it takes "
            f"{format_shape(port.shape)}; give all of its elements in nested lists"
        )
    return value


_WORDS = {
    "bool": "True or False",
    "integer": "whole numbers in its range",
    "floating": "real numbers in its range",
    "complex": "numbers in its range, such as 1+2j",
    "string": "text, in quotes if it could be a number",
}


def _kind(dtype: tf.DType) -> str:
    kinds = {"bool": dtype.is_bool, "integer": dtype.is_integer, "string": dtype == tf.string}
    kinds |= {"floating": dtype.is_floating, "complex": dtype.is_complex}
    return next((kind for kind, is_it in kinds.items() if is_it and not dtype.is_quantized), "")


def _of_type(array: NDArray[Any], dtype: tf.DType) -> NDArray[Any] | None:
    """Return *array* as *dtype*, None where that would change what it says."""
    wanted = np.dtype(dtype.as_numpy_dtype)
    kind = _kind(dtype)
    if array.dtype == wanted and kind not in ("string", ""):
        return array
    if kind == "string":
        items = [s.encode() if isinstance(s, str) else s for s in array.flat]
        if not all(isinstance(item, bytes) for item in items):
            return None
        value = np.empty(array.shape, object)
        value.reshape(-1)[:] = items
        return value
    whole = array.dtype.kind in "iu" or (array.size == 0 and array.dtype.kind == "f")
    if kind == "integer" and whole:
        limits = np.iinfo(wanted)
        fits = all(limits.min <= number <= limits.max for number in array.flat)
        return array.astype(wanted) if fits else None
    if kind == "complex" and array.dtype.kind == "U":
        array = _complex_numbers(array)
    numbers = {"floating": "iuf", "complex": "iufc"}.get(kind, "")
    if array.dtype.kind in numbers:
        with np.errstate(over="ignore"):
            value = array.astype(wanted)
        same = np.isfinite(value) == np.isfinite(array)
        return value if bool(np.all(same)) else None
    return None


def _complex_numbers(texts: NDArray[Any]) -> NDArray[Any]:
    """Return the numbers in *texts*, as which they come from the command line, if these are any."""
    try:
        return np.array([complex(text) for text in texts.flat]).reshape(texts.shape)
    except ValueError:
        return texts


def _named(names: Names | None, ports: Sequence[Port]) -> set[Port]:
    """Return those of *ports* that the user names to be fed, learning phases among them."""
    if isinstance(names, Mapping):
        return set(meant(names, ports, "input", f"{argument('input_names')} renames"))
    listed_names = () if names is None or isinstance(names, str) else names
    return {port for port in ports if port.name in listed_names}


def _refuse_both(given: Iterable[Port], named: Container[Port]) -> None:
    both = next((port.known_as for port in given if port in named), None)
    if both is not None:
        raise ConversionError(
            f"'{both}' is set by {argument('constant_inputs')} and renamed by "
            f"{argument('input_names')}, but a constant is no input any more; leave it out of one "
            "of the two"
        )


def _check_list(names: Names | None, inputs: Sequence[Port], phases: Sequence[Port]) -> None:
    """Refuse a list of names that counts what is False, or has an input at the place of another."""
    if names is None or isinstance(names, Mapping | str):
        return
    if phases and len(names) != len(inputs):
        raise ConversionError(
            f"{argument('input_names')} has {len(names)} names ({listed(names)}) for the inputs "
            f"{listed(port.known_as for port in inputs)}: {listed(p.name for p in phases)} is "
            "False for inference and no input; to feed it, rename it: "
            f"{renaming('input_names', [port.name for port in phases])}"
        )
    own = [port.name for port in inputs]
    for place, (name, found) in enumerate(zip(names, own, strict=False), 1):
        if name != found and name in own and found in names:
            raise ConversionError(
                f"{argument('input_names')} has '{name}' at place {place}, where the input is "
                f"'{found}'; write them in the order {listed(own)}, or rename some: "
                f"{renaming('input_names', [found])}"
            )


def _settled(
    skeleton: Skeleton, fixed: Mapping[Port, NDArray[Any]], added: Sequence[Port]
) -> GraphDef:
    graph_def = GraphDef()
    graph_def.CopyFrom(skeleton.graph_def)
    nodes = by_name(graph_def)
    for port, value in fixed.items():
        nodes[port.node].CopyFrom(constant_node(port.node, value, port.dtype))
    for port in added:
        placeholder = NodeDef(name=port.node, op="Placeholder")
        placeholder.attr["dtype"].type = port.dtype.as_datatype_enum
        placeholder.attr["shape"].shape.CopyFrom(shape_proto(port.shape))
        nodes[port.node].CopyFrom(placeholder)
    return graph_def
