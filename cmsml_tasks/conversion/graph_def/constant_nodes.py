"""Constants made of values."""

from __future__ import annotations

from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from cmsml_tasks.conversion.graph_def.nodes import NodeDef


def constant_node(name: str, value: NDArray[Any], dtype: tf.DType) -> NodeDef:
    """Return a constant called *name*."""
    node = NodeDef(name=name, op="Const")
    node.attr["dtype"].type = dtype.as_datatype_enum
    node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value, dtype, value.shape))
    return node
