"""The one encoding of a constant, whatever its writer chose."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from ml_dtypes import bfloat16
from tensorflow.core.framework import tensor_pb2, types_pb2

from cmsml_tasks.conversion.canonical.constant_encoding import settle_encoding

tf1 = tf.compat.v1
VALUES = [
    np.array(0.5, "float32"),
    np.array([2.0], "float64"),
    np.array(7, "int64"),
    np.array(False),
    np.array([], "float32"),
    np.arange(6, dtype="float32").reshape(2, 3),
    np.array([True, False]),
    np.array([1, -2, 3], "int8"),
    np.array([0.5, 1.5], "float16"),
    np.array([0.5, 1.5], bfloat16),
    np.array([1 + 2j, 3j], "complex64"),
    np.zeros([4, 5], "float32"),
    np.array([b"a", b"", b"c\0d"], object),
    np.array([2**63 + 1, 5], "uint64"),
]


def constant(tensor: Any) -> Any:
    node = tf1.NodeDef(name="c", op="Const")
    node.attr["value"].tensor.CopyFrom(tensor)
    return node


def spellings(value: Any) -> list[Any]:
    """Return protobufs of one value: from TensorFlow, as bytes, and element by element."""
    dtype = tf.as_dtype(value.dtype) if value.dtype != object else tf.string
    written = [tf.make_tensor_proto(value, dtype)]
    if dtype == tf.string:
        return written
    as_bytes = tf1.make_tensor_proto(value, dtype)
    for field in list(as_bytes.DESCRIPTOR.fields_by_name):
        if field.endswith("_val"):
            as_bytes.ClearField(field)
    as_bytes.tensor_content = value.tobytes()
    written.append(as_bytes)
    field = {"float32": "float_val", "float64": "double_val", "int64": "int64_val"}.get(dtype.name)
    field = field or {"bool": "bool_val", "int8": "int_val"}.get(dtype.name)
    if field:
        single = tensor_pb2.TensorProto(dtype=types_pb2.DataType.Value(f"DT_{_enum(dtype)}"))
        single.tensor_shape.CopyFrom(as_bytes.tensor_shape)
        getattr(single, field).extend(value.ravel().tolist())
        written.append(single)
    return written


def _enum(dtype: Any) -> str:
    return {"float32": "FLOAT", "float64": "DOUBLE"}.get(dtype.name, dtype.name.upper())


@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{value.dtype}{value.shape}")
def test_every_spelling_becomes_the_same(value: Any) -> None:
    settled = []
    for tensor in spellings(value):
        node = constant(tensor)
        settle_encoding(node)
        settled.append(node.SerializeToString(deterministic=True))
        result = tf.make_ndarray(node.attr["value"].tensor)
        assert result.shape == value.shape
        assert result.tolist() == value.tolist()
    assert len(set(settled)) == 1


def test_a_value_for_all_elements_is_written_out_up_to_a_mebibyte() -> None:
    small = constant(tf1.make_tensor_proto(3.0, tf.float32, [256, 1024]))
    large = constant(tf1.make_tensor_proto(3.0, tf.float32, [257, 1024]))
    huge = constant(tf1.make_tensor_proto(3.0, tf.float32, [2**20, 2**20]))
    for node in (small, large, huge):
        settle_encoding(node)
    assert len(small.attr["value"].tensor.tensor_content) == 2**20
    for node in (large, huge):
        assert list(node.attr["value"].tensor.float_val) == [3.0]
        assert not node.attr["value"].tensor.tensor_content


def test_what_is_no_value_stays_as_it_is() -> None:
    broken = tensor_pb2.TensorProto(dtype=types_pb2.DT_FLOAT, tensor_content=b"abc")
    broken.tensor_shape.dim.add(size=4)
    node = constant(broken)
    settle_encoding(node)
    assert node.attr["value"].tensor == broken
