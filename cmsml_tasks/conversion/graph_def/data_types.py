"""Data types by the number that protobufs have for them."""

from __future__ import annotations

import tensorflow as tf


def type_name(number: int) -> str:
    """Return the name of a data type; its number where this TensorFlow does not know it."""
    try:
        return str(tf.as_dtype(number).name)
    except TypeError:
        return str(number)
