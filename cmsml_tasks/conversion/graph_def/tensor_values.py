"""Values that TensorFlow hands out, as arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray


def memory_of(tensor: tf.Tensor) -> NDArray[Any]:
    """Return the value of an eager tensor where it lies in memory, which must not be written to.

    Strings and scalars are copied.
    """
    if tensor.shape.rank == 0 or tensor.dtype == tf.string:
        return as_array(tensor.numpy(), tensor.dtype)
    memory = np.asarray(tensor)
    memory.flags.writeable = False
    return memory


def as_array(value: Any, dtype: tf.DType) -> NDArray[Any]:
    """Return *value*, an array or what TensorFlow gives for a scalar, as array of *dtype*.

    A scalar string is ``bytes``, of which numpy alone would make a string without its last zeros.
    """
    return value if isinstance(value, np.ndarray) else np.array(value, dtype.as_numpy_dtype)
