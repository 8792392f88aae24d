"""The one encoding of a constant's value among those that a TensorProto allows."""

from __future__ import annotations

import math

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from cmsml_tasks.conversion.graph_def.nodes import NodeDef

# bytes up to which a value that is given once for all elements is written out
_LARGEST_FILLED = 2**20
_SINGLE = {
    types_pb2.DT_FLOAT: "float_val",
    types_pb2.DT_INT32: "int_val",
    types_pb2.DT_INT64: "int64_val",
    types_pb2.DT_BOOL: "bool_val",
}


def settle_encoding(constant: NodeDef) -> None:
    """Encode the value of *constant*, in place, as a single value or else as bytes.

    One element stands in the field of its type, more of them in ``tensor_content``, little
    endian, the last dimension running fastest. Strings, and values of more than a mebibyte that
    are given once for all elements, stay as they are.
    """
    tensor = constant.attr["value"].tensor
    elements = math.prod(dim.size for dim in tensor.tensor_shape.dim)
    if _is_settled(tensor, elements):
        return
    dtype = tf.as_dtype(tensor.dtype)
    if dtype == tf.string or elements * dtype.size > max(_LARGEST_FILLED, tensor.ByteSize()):
        return
    try:
        value = tf.make_ndarray(tensor)
    except (TypeError, ValueError):
        return  # no value of its type and shape: whoever imports the graph says so
    if elements == 1:
        tensor.CopyFrom(tf.make_tensor_proto(value, dtype))
    else:
        shape = tensor.tensor_shape
        content = value.tobytes()
        settled = tensor_pb2.TensorProto(dtype=tensor.dtype, tensor_content=content)
        settled.tensor_shape.CopyFrom(shape)
        tensor.CopyFrom(settled)


def _is_settled(tensor: tensor_pb2.TensorProto, elements: int) -> bool:
    if elements == 1 and tensor.dtype in _SINGLE:
        return len(getattr(tensor, _SINGLE[tensor.dtype])) == 1
    return elements > 1 and bool(tensor.tensor_content)
