"""Weights put into the constants of a frozen graph."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cmsml_tasks.conversion.freezing import Frozen
from cmsml_tasks.conversion.limits import check_size
from cmsml_tasks.conversion.nodes import GraphDef, NodeDef, by_name
from cmsml_tasks.conversion.skeleton import Weight


def filled(frozen: Frozen) -> GraphDef:
    """Return the graph of *frozen* with the values of its weights, which are read now.

    Raises:
        ConversionError: the graph would be larger than a protobuf message can be.

    """
    size = frozen.graph_def.ByteSize() + sum(w.nbytes for w in frozen.weights.values())
    check_size(size)
    graph_def = GraphDef()
    graph_def.CopyFrom(frozen.graph_def)
    nodes = by_name(graph_def)
    for name, weight in frozen.weights.items():
        _fill(nodes[name], weight)
    return graph_def


def _fill(constant: NodeDef, weight: Weight) -> None:
    value: NDArray[np.generic] = weight.read()
    tensor = constant.attr["value"].tensor
    if weight.dtype == tf.string or value.size == 1:
        tensor.CopyFrom(tf.make_tensor_proto(value, weight.dtype, value.shape))
        return
    tensor.dtype = weight.dtype.as_datatype_enum
    tensor.tensor_shape.SetInParent()
    for size in value.shape:
        tensor.tensor_shape.dim.add(size=size)
    tensor.tensor_content = value.tobytes()
