"""Shapes of tensors as TensorFlow and its protobufs hold them."""

from __future__ import annotations

import tensorflow as tf
from tensorflow.core.framework import tensor_shape_pb2

from cmsml_tasks.shapes import Shape


def static_shape(shape: tf.TensorShape) -> Shape:
    """Return what is known of a tensor's shape."""
    return None if shape.rank is None else tuple(shape.as_list())


def shape_proto(shape: Shape) -> tensor_shape_pb2.TensorShapeProto:
    """Return *shape* as the protobuf that attributes hold."""
    proto = tensor_shape_pb2.TensorShapeProto(unknown_rank=shape is None)
    for size in shape or ():
        proto.dim.add(size=-1 if size is None else size)
    return proto
