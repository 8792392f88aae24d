"""Evaluation of originals as they are written, without TensorFlow's rewriting of graphs.

By default grappler rewrites a graph before it runs, and differently for a model than for its
frozen graph: results differ in the last digits, and oneDNN's fused dense layer with relu turns NaN
into a number. Without it, a frozen graph and its original agree to the bit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf

_OPTION = "disable_meta_optimizer"


@contextmanager
def functions_as_written() -> Iterator[None]:
    """Let functions that are called inside run as they were traced."""
    before = tf.config.optimizer.get_experimental_options().get(_OPTION, False)
    tf.config.optimizer.set_experimental_options({_OPTION: True})
    try:
        yield
    finally:
        tf.config.optimizer.set_experimental_options({_OPTION: before})


def session_as_written(graph: tf.Graph) -> tf.compat.v1.Session:
    """Return a session that runs *graph* as it is."""
    config = tf.compat.v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return tf.compat.v1.Session(graph=graph, config=config)
