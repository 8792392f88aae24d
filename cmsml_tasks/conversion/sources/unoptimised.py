"""Evaluation of originals as they are written, without TensorFlow's rewriting of graphs.

By default grappler rewrites a graph before it runs, and differently for a model than for its
frozen graph: results differ in the last digits, and oneDNN's fused dense layer with relu turns NaN
into a number. Without it, a frozen graph and its original agree to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf
from tensorflow.core.protobuf import config_pb2
from tensorflow.python.eager import context as eager_context


@contextmanager
def functions_as_written() -> Iterator[None]:
    """Let functions that this thread calls inside run as they were traced.

    The options of ``tf.config.optimizer``, which all threads share, stay as they are.
    """
    context = eager_context.context()
    before = context.function_call_options
    config = config_pb2.ConfigProto.FromString(before.config_proto_serialized)
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    context.function_call_options = eager_context.FunctionCallOptions(before.executor_type, config)
    try:
        yield
    finally:
        context.function_call_options = before


def session_as_written(graph: tf.Graph) -> tf.compat.v1.Session:
    """Return a session that runs *graph* as it is."""
    config = tf.compat.v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return tf.compat.v1.Session(graph=graph, config=config)
