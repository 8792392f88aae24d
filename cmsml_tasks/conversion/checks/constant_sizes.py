"""Constants of a GraphDef: whole, and no larger than anything can be."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef, by_name, node_of
from cmsml_tasks.conversion.graph_def.size_limit import LARGEST
from cmsml_tasks.errors import ConversionError

# those whose elements have whole bytes in a file; strings have lengths, quarters and halves not
_SIZED = frozenset(
    {tf.bool, tf.bfloat16, tf.half, tf.float32, tf.float64, tf.complex64, tf.complex128}
    | {tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16, tf.uint32, tf.uint64}
)
_VALUES = (
    *("bool_val", "dcomplex_val", "double_val", "float_val", "half_val", "int64_val", "int_val"),
    *("scomplex_val", "string_val", "uint32_val", "uint64_val"),
)
_MOST_KNOWN = 256  # elements of a constant that says how large another tensor is


def check_tensors(node: NodeDef) -> None:
    """Refuse a node with a tensor of an impossible shape, and a constant that is not whole.

    Raises:
        ConversionError: the message says what is wrong.
    """
    for tensor in _tensors(node.attr):
        _elements(node, [dim.size for dim in tensor.tensor_shape.dim])
    # asking for an attribute that is not there would make it
    if node.op == "Const" and {"dtype", "value"} <= set(node.attr):
        _check_constant(node)


def _tensors(attributes: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the tensors among *attributes*, and among those of functions that they name."""
    waiting = list(attributes.values())
    while waiting:
        value = waiting.pop()
        if value.WhichOneof("value") == "tensor":
            yield value.tensor
        yield from value.list.tensor
        for function in (value.func, *value.list.func):
            waiting.extend(function.attr.values())


def _check_constant(node: NodeDef) -> None:
    tensor = node.attr["value"].tensor
    if tensor.dtype != node.attr["dtype"].type:
        raise malformed(node, "has another data type than its value")
    elements = _elements(node, [dim.size for dim in tensor.tensor_shape.dim])
    size = _size(tensor.dtype)
    content = len(tensor.tensor_content)
    if size and content and content != elements * size:
        raise malformed(node, f"has {content:,} bytes where its shape takes {elements * size:,}")
    per_element = 2 if tensor.scomplex_val or tensor.dcomplex_val else 1
    if sum(len(getattr(tensor, field)) for field in _VALUES) > elements * per_element:
        raise malformed(node, "has more values than its shape takes")
    if elements * max(size, 1) > LARGEST:
        raise malformed(node, f"says that it has {elements:,} elements")


def check_made_size(graph_def: GraphDef) -> None:
    """Refuse operations that make a tensor from a few numbers which is larger than any can be.

    TensorFlow would make it while the graph is imported, where a shape depends on it.

    Raises:
        ConversionError: the message names the operation.
    """
    nodes = by_name(graph_def)
    for node in graph_def.node:
        if node.op not in _MAKERS:
            continue
        values = [_known(nodes.get(node_of(source))) for source in node.input]
        elements = _MAKERS[node.op](values)
        if elements > LARGEST // 8:
            raise malformed(node, f"would make {elements:,} elements")


def malformed(node: NodeDef, problem: str) -> ConversionError:
    """Return the error for a *node* that no operation can be made from."""
    return ConversionError(
        f"'{node.name}' ({node.op}) {problem}; the file is damaged, or was made by a program that "
        "makes invalid graphs"
    )


def _elements(node: NodeDef, sizes: Sequence[int]) -> int:
    if any(size < 0 for size in sizes) or len(sizes) > 254:
        raise malformed(node, "has an impossible shape")
    return math.prod(sizes)


def _size(dtype: int) -> int:
    """Return the bytes of one element, 0 where they cannot be counted on."""
    try:
        found = tf.as_dtype(dtype)
    except TypeError:
        return 0
    return int(found.size) if found in _SIZED else 0


def _known(node: NodeDef | None) -> list[int] | None:
    """Return the numbers in a constant of a few integers."""
    if node is None or node.op != "Const":
        return None
    tensor = node.attr["value"].tensor
    if math.prod(dim.size for dim in tensor.tensor_shape.dim) > _MOST_KNOWN:
        return None
    try:
        values = tf.make_ndarray(tensor)
    except (TypeError, ValueError):
        return None
    return [int(v) for v in values.flat] if np.issubdtype(values.dtype, np.integer) else None


def _product(values: Sequence[list[int] | None], index: int) -> int:
    sizes = values[index] if index < len(values) else None
    return math.prod(max(size, 0) for size in sizes) if sizes else 0


def _range(values: Sequence[list[int] | None]) -> int:
    if len(values) != 3 or not all(value and len(value) == 1 for value in values):
        return 0
    start, limit, step = (value[0] for value in values if value)
    return abs(limit - start) // abs(step) if step else 0


_MAKERS: Mapping[str, Callable[[Sequence[Any]], int]] = {
    "BroadcastTo": lambda values: _product(values, 1),
    "Fill": lambda values: _product(values, 0),
    "OneHot": lambda values: _product(values, 1),
    "Range": _range,
    "Tile": lambda values: _product(values, 1),
}
