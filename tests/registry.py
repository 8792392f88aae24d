"""The operations that a TensorFlow has, its own and those of its tests."""

from __future__ import annotations

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session

REGISTRY = """
import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.client import pywrap_tf_session as session
content = session.TF_GetBuffer(session.TF_GetAllOpList())
print(*sorted(op.name for op in op_def_pb2.OpList.FromString(content).op), sep="\\n")
"""
"""Program that prints them, for the interpreter of another release."""


def operations_here() -> list[str]:
    """Return the names of those of the TensorFlow that is imported here."""
    assert tf.__version__  # registers the operations
    content = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
    return sorted(op.name for op in op_def_pb2.OpList.FromString(content).op)
