"""Large constants lifted out of a GraphDef, so that nobody has to copy them along with it."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework.tensor_pb2 import TensorProto

from cmsml_tasks.conversion.freezing.frozen_graph import Frozen
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef, by_name
from cmsml_tasks.conversion.traced.weight import Weight
from cmsml_tasks.errors import ConversionError

_LARGE = 2**16  # bytes of a constant that is worth the work
_PLAIN = {
    dtype.as_datatype_enum: dtype
    for dtype in (
        *(tf.bfloat16, tf.half, tf.float32, tf.float64, tf.complex64, tf.complex128, tf.bool),
        *(tf.int8, tf.int16, tf.int32, tf.int64, tf.uint8, tf.uint16, tf.uint32, tf.uint64),
    )
}
_LISTS = [field.name for field in TensorProto.DESCRIPTOR.fields if field.name.endswith("_val")]


def lifted(graph_def: GraphDef) -> Frozen:
    """Return *graph_def* with its large constants as weights, which are read from it when needed.

    Without any, it is the same object.
    """
    weights = {node.name: _weight(node) for node in graph_def.node if _is_large(node)}
    if not weights or len(by_name(graph_def)) < len(graph_def.node):
        return Frozen(graph_def, {})
    light = without_nodes(graph_def)
    for node in graph_def.node:
        light.node.append(_without_value(node) if node.name in weights else node)
    return Frozen(light, weights)


def without_nodes(graph_def: GraphDef) -> GraphDef:
    """Return everything in *graph_def* but its nodes."""
    rest = GraphDef()
    for field, value in graph_def.ListFields():
        if field.message_type is None:
            setattr(rest, field.name, value)
        elif field.name != "node":
            getattr(rest, field.name).CopyFrom(value)
    return rest


def _is_large(node: NodeDef) -> bool:
    if node.op != "Const" or "value" not in node.attr:
        return False
    tensor = node.attr["value"].tensor
    if tensor.dtype not in _PLAIN or any(dim.size < 0 for dim in tensor.tensor_shape.dim):
        return False
    weight = _weight(node)
    # to ask for the content itself would be to copy it
    return (
        weight.nbytes >= _LARGE
        and tensor != weight.proto()
        and not any(len(getattr(tensor, values)) for values in _LISTS)
    )


def _weight(node: NodeDef) -> Weight:
    tensor = node.attr["value"].tensor
    dtype = _PLAIN[tensor.dtype]
    shape = tuple(dim.size for dim in tensor.tensor_shape.dim)

    def read() -> NDArray[np.generic]:
        content = np.frombuffer(tensor.tensor_content, np.uint8)
        if content.nbytes != weight.nbytes:
            raise ConversionError(
                f"the constant '{node.name}' has {content.nbytes} bytes, but its shape needs "
                f"{weight.nbytes}; nobody could load this graph"
            )
        value: NDArray[np.generic] = content.view(dtype.as_numpy_dtype).reshape(shape)
        return value

    weight = Weight(dtype, shape, read)
    return weight


def _without_value(node: NodeDef) -> NodeDef:
    light = NodeDef()
    for field, value in node.ListFields():
        if field.name == "attr":
            for name in value:
                if name != "value":
                    light.attr[name].CopyFrom(value[name])
        elif field.message_type is not None:
            getattr(light, field.name).CopyFrom(value)
        elif field.name == "input":
            light.input.extend(value)
        else:
            setattr(light, field.name, value)
    return light
