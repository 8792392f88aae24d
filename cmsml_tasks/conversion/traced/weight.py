"""A weight: what is known of it before its value is read, and how that is read and checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework.tensor_pb2 import TensorProto

from cmsml_tasks.conversion.graph_def.tensor_shapes import shape_proto
from cmsml_tasks.errors import ConversionError
from cmsml_tasks.shapes import format_shape


@dataclass(frozen=True)
class Weight:
    """The value of a variable or captured tensor, which is not read before it is written out.

    Attributes:
        dtype: data type.
        shape: sizes of all dimensions.
        read: returns the value as it is now.
        variable: name of the variable; None for a tensor that was captured by value.
    """

    dtype: tf.DType
    shape: tuple[int, ...]
    read: Callable[[], NDArray[np.generic]]
    variable: str | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of the value; of strings only what their number tells."""
        return math.prod(self.shape) * max(int(self.dtype.size), 1)

    def proto(self) -> TensorProto:
        """Return the protobuf of the value, without the value."""
        return TensorProto(dtype=self.dtype.as_datatype_enum, tensor_shape=shape_proto(self.shape))


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
