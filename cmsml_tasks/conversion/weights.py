"""Values of weights: read, checked, put into the constants of a frozen graph."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cmsml_tasks.conversion.freezing import Frozen
from cmsml_tasks.conversion.limits import check_size
from cmsml_tasks.conversion.nodes import GraphDef, NodeDef, by_name
from cmsml_tasks.conversion.skeleton import Weight
from cmsml_tasks.errors import ConversionError
from cmsml_tasks.shapes import format_shape


def filled(frozen: Frozen) -> GraphDef:
    """Return the graph of *frozen* with the values of its weights, which are read now.

    Raises:
        ConversionError: the graph would be larger than a protobuf message can be, or a weight does
            not have the shape and type that the graph was made for.

    """
    check_size(frozen.nbytes)
    graph_def = GraphDef()
    graph_def.CopyFrom(frozen.graph_def)
    nodes = by_name(graph_def)
    for name, weight in frozen.weights.items():
        fill(nodes[name], weight)
    return graph_def


def fill(constant: NodeDef, weight: Weight) -> None:
    """Put the value of *weight* into *constant*."""
    tensor = constant.attr["value"].tensor
    if not has_content(weight):
        value = value_of(constant.name, weight)
        tensor.CopyFrom(tf.make_tensor_proto(value, weight.dtype, value.shape))
        return
    tensor.CopyFrom(weight.proto())
    tensor.tensor_content = bytes_of(constant.name, weight).tobytes()


def has_content(weight: Weight) -> bool:
    """Tell whether a constant has the value as bytes, not as a number or strings."""
    return weight.dtype != tf.string and math.prod(weight.shape) > 1


def value_of(name: str, weight: Weight) -> NDArray[np.generic]:
    """Return the value that the weight called *name* has now.

    Raises:
        ConversionError: it has none, or not the shape and type that the graph was made for.
    """
    try:
        value = weight.read()
    except tf.errors.OpError as error:
        raise ConversionError(
            f"the value of '{weight.variable or name}' ({weight.dtype.name}) cannot be read: "
            f"{error.message}"
        ) from error
    same_size = weight.dtype == tf.string or value.nbytes == weight.nbytes
    if value.shape != weight.shape or not same_size:
        raise ConversionError(
            f"the value of '{weight.variable or name}' is {value.dtype} "
            f"{format_shape(value.shape)} now, but the graph was made for {weight.dtype.name} "
            f"{format_shape(weight.shape)}; do not change it while it is exported"
        )
    return value


def bytes_of(name: str, weight: Weight) -> NDArray[np.uint8]:
    """Return the memory of the weight called *name*, not copied where it lies in one piece.

    Raises:
        ConversionError: it does not have the shape and type that the graph was made for.
    """
    return np.ascontiguousarray(value_of(name, weight)).reshape(-1).view(np.uint8)
