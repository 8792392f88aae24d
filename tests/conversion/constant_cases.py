"""Graphs that have a flag to be set to a constant: branches, loops, logic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf
from conversion_cases import rows

from cmsml_tasks.conversion.graph_def.nodes import GraphDef

tf1 = tf.compat.v1
X = rows(5, 4)
PHASE = "dropout/keras_learning_phase"


def operations(graph_def: GraphDef) -> list[str]:
    return sorted(node.op for node in graph_def.node)


def graph_of(build: Callable[[Any, Any], Any], phase: str = "flag") -> tf.Graph:
    """Return a graph in which *build* makes the output of the input x and a flag."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        flag = tf1.placeholder(tf.bool, [], name=phase)
        tf.identity(build(x, flag), name="y")
    return graph


def tf1_cond(flag: Any, yes: Any, no: Any) -> Any:
    """A cond of TensorFlow 1: Switch and Merge."""
    was = tf1.control_flow_v2_enabled()
    tf1.disable_control_flow_v2()
    try:
        return tf1.cond(flag, yes, no)
    finally:
        if was:
            tf1.enable_control_flow_v2()


def tf1_loop(x: Any, body: Any) -> Any:
    was = tf1.control_flow_v2_enabled()
    tf1.disable_control_flow_v2()
    try:
        return tf1.while_loop(lambda i, _: i < 3, lambda i, v: (i + 1, body(v)), (0, x))[1]
    finally:
        if was:
            tf1.enable_control_flow_v2()


def dropout(x: Any) -> Any:
    return x * tf.floor(0.5 + tf1.random_uniform(tf.shape(x))) * tf.constant(2.0)


def old_keras(x: Any, phase: Any) -> Any:
    """Batch normalisation and dropout as Keras 2 wrote them for TensorFlow 1."""
    mean = tf.reduce_mean(x, 0)
    x = tf1_cond(phase, lambda: x - mean, lambda: x - tf.constant(rows(4)))
    return tf1_cond(phase, lambda: dropout(x), lambda: tf.identity(x))


def nested(x: Any, flag: Any) -> Any:
    """A constant decides inside of a branch that the data decides about."""
    large = tf.reduce_sum(x) > 0
    return tf1_cond(
        large,
        lambda: tf1_cond(flag, lambda: dropout(x), lambda: x + tf.constant(1.0)),
        lambda: x * tf.constant(3.0),
    )


def nested_other(x: Any, flag: Any) -> Any:
    large = tf.reduce_sum(x) > 0
    return tf1_cond(
        flag,
        lambda: dropout(x),
        lambda: tf1_cond(large, lambda: x + tf.constant(1.0), lambda: x * tf.constant(3.0)),
    )


def in_a_loop(x: Any, flag: Any) -> Any:
    return tf1_loop(x, lambda v: tf1_cond(flag, lambda: dropout(v), lambda: v * tf.constant(0.5)))


def loop_in_a_branch(x: Any, flag: Any) -> Any:
    return tf1_cond(
        flag, lambda: tf1_loop(x, dropout), lambda: tf1_loop(x, lambda v: v * tf.constant(0.5))
    )


def functional_cond(x: Any, flag: Any) -> Any:
    return tf.cond(flag, lambda: dropout(x), lambda: x + tf.constant(1.0))


def functional_loop(x: Any, flag: Any) -> Any:
    def body(i: Any, v: Any) -> Any:
        return i + 1, tf.cond(flag, lambda: dropout(v), lambda: v * tf.constant(0.5))

    return tf.while_loop(lambda i, _: i < 3, body, (tf.constant(0), x))[1]


def functional_switch(x: Any, flag: Any) -> Any:
    branches = [lambda: x + tf.constant(1.0), lambda: dropout(x), lambda: dropout(x) + 1.0]
    return tf.switch_case(tf.cast(flag, tf.int32), branches)


def logic(x: Any, flag: Any) -> Any:
    other = tf.reduce_sum(x) > 1e30
    return tf1_cond(
        tf.logical_or(tf.logical_and(flag, other), tf.logical_not(tf.equal(flag, False))),
        lambda: dropout(x),
        lambda: x + tf.constant(1.0),
    )


def old_select(x: Any, flag: Any) -> Any:
    return tf.raw_ops.Select(condition=flag, x=dropout(x), y=x + tf.constant(1.0))


def dead_assert(x: Any, flag: Any) -> Any:
    def checked() -> Any:
        with tf1.control_dependencies([tf1.Assert(tf.reduce_all(x > 1e30), [x])]):
            return dropout(x)

    return tf1_cond(flag, checked, lambda: x + tf.constant(1.0))


def newer_select(x: Any, flag: Any) -> Any:
    return tf.where(flag, tf.nn.relu(dropout(x)), x * 3.0 + tf.constant(1.0))


def select_with_a_scalar(x: Any, flag: Any) -> Any:
    return tf.where(flag, tf1.random_uniform([]), x + 1.0)


BUILDS = [
    *(old_select, newer_select, select_with_a_scalar, logic, dead_assert),
    *(old_keras, nested, nested_other, in_a_loop, loop_in_a_branch, functional_cond),
    *(functional_loop, functional_switch),
]
