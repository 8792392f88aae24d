"""What TensorFlow would rewrite to something else is exported so that it is left alone.

That the numbers are then right, in each TensorFlow, the zoo shows (``zoo/rewritten.py``).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from zoo.rewritten import (
    MATRICES,
    NARROW,
    WIDE,
    halves,
    in_a_body,
    moments_and_batch_normalization,
    normalised,
)

from cmsml_tasks.conversion import frozen_graph_def, trace
from cmsml_tasks.conversion.checks.importing import imported_graph
from cmsml_tasks.conversion.sources.unoptimised import session_as_written

Function = Callable[[Any], Any]


def frozen(make: Function, feed: np.ndarray = WIDE) -> Any:
    @tf.function(input_signature=[tf.TensorSpec((None, *feed.shape[1:]), feed.dtype, "x")])
    def function(x: Any) -> Any:
        return {"output": make(x)}

    return frozen_graph_def(trace(function))


def added(graph_def: Any) -> dict[str, str]:
    """Return the operations that are there so that something is read apart, by name."""
    return {n.name: n.op for n in graph_def.node if "apart" in n.name and n.op != "Const"}


def of_halves(make: Callable[[Any, Any], Any]) -> Function:
    return lambda x: make(*halves(x))


READ_APART: dict[str, tuple[Function, dict[str, str]]] = {
    "glu": (of_halves(lambda a, b: a * tf.sigmoid(b)), {"split/apart_1": "StridedSlice"}),
    "one half alone": (
        of_halves(lambda a, b: tf.maximum(b, 0.2 * b)),
        {"split/apart_1": "StridedSlice"},
    ),
    "highway": (
        of_halves(lambda a, b: a * tf.sigmoid(b) + b * (1.0 - tf.sigmoid(b))),
        {"split/apart_1": "StridedSlice"},
    ),
    "two of three": (
        lambda x: (lambda p: tf.maximum(p[1], p[2] * 0.2))(tf.split(x, 3, axis=1)),
        {"split/apart_1": "StridedSlice", "split/apart_2": "StridedSlice"},
    ),
    "unstack": (
        lambda x: (lambda p: p[0] * tf.sigmoid(p[1]))(tf.unstack(tf.reshape(x, (-1, 6, 2)), 2, -1)),
        {"unstack/apart_1": "StridedSlice"},
    ),
    "no slice of it": (
        lambda x: (lambda _, u, v: u * tf.sigmoid(v))(*tf.linalg.svd(MATRICES + x[0, 0])),
        {"Svd/apart_1": "Snapshot", "Svd/apart_2": "Snapshot"},
    ),
    "a size that is not known": (
        lambda x: (lambda p: tf.maximum(p[0], p[1] * 0.2))(
            tf.split(tf.boolean_mask(x, x[0] > 0, axis=1), 2, axis=1)
        ),
        {"split/apart_1": "Snapshot"},
    ),
    "slope above 1": (lambda x: tf.maximum(x, 1.01 * x), {"x/apart": "Snapshot"}),
    "a sum": (lambda x: tf.maximum(x + x, x), {"x/apart": "Snapshot"}),
    "epsilon": (
        lambda x: moments_and_batch_normalization(x, [1]),
        {"x/apart": "Snapshot"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", READ_APART)
def test_what_is_read_apart(name: str) -> None:
    make, expected = READ_APART[name]
    assert added(frozen(make)) == expected


LEFT_ALONE: dict[str, Function] = {
    "swiglu": of_halves(lambda a, b: a * tf.nn.silu(b)),
    "one gate": of_halves(lambda a, b: b * tf.sigmoid(b) + a),
    "geglu": of_halves(lambda a, b: a * tf.nn.gelu(b)),
    "maxout": of_halves(tf.maximum),
    "gates of a cell": of_halves(lambda a, b: tf.tanh(a) * tf.sigmoid(b) + a * tf.tanh(b)),
    "leaky relu": lambda x: tf.maximum(x, 0.2 * x),
    "leaky relu of the first half": of_halves(lambda a, b: tf.maximum(a, 0.2 * a) + b),
    "slopes of their own": lambda x: tf.maximum(x, np.linspace(0, 2, 12, dtype="float32") * x),
    "slopes of their own, of halves": of_halves(
        lambda a, b: tf.maximum(a, np.linspace(0, 2, 6, dtype="float32") * b)
    ),
    "absolute value": lambda x: tf.maximum(x, -x),
    "other nodes": lambda x: tf.maximum(tf.sin(x), 0.2 * tf.cos(x)),
    "layer normalisation": lambda x: normalised(x, 2.0, 1.0),
    "layer normalisation counted from the back": lambda x: moments_and_batch_normalization(x, [-1]),
}  # fmt: skip


@pytest.mark.parametrize("name", LEFT_ALONE)
def test_what_comes_out_right_is_left_alone(name: str) -> None:
    assert not added(frozen(LEFT_ALONE[name]))


@pytest.mark.parametrize(
    "layer",
    [
        keras.layers.LSTM(3),
        keras.layers.GRU(3),
        keras.layers.LayerNormalization(epsilon=1e-6),
        keras.layers.BatchNormalization(),
        keras.layers.MultiHeadAttention(2, 2),
        keras.layers.LeakyReLU(0.3),
        keras.layers.PReLU(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_of_keras_are_left_alone(layer: Any) -> None:
    x = keras.Input((4, 6), name="x")
    y = layer(x, x) if isinstance(layer, keras.layers.MultiHeadAttention) else layer(x)
    assert not added(frozen_graph_def(trace(keras.Model(x, y))))


@pytest.mark.parametrize(("slope", "expected"), [(0.3, {}), (1.5, {"x/apart": "Snapshot"})])
def test_a_learned_slope_is_looked_at(slope: float, expected: dict[str, str]) -> None:
    """It has no value in the graph before the very end."""
    variable = tf.Variable(slope)
    assert added(frozen(lambda x: tf.maximum(x, variable * x))) == expected


@pytest.mark.parametrize("name", READ_APART)
def test_no_number_changes_and_once_is_enough(name: str) -> None:
    graph_def = frozen(READ_APART[name][0])
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(tf.float32, (None, 12), "x")
        expected = READ_APART[name][0](x)
    with session_as_written(graph) as session:
        value = session.run(expected, {x: WIDE})
    again = frozen_graph_def(trace(graph_def))
    assert again.SerializeToString(deterministic=True) == graph_def.SerializeToString(
        deterministic=True
    )
    with session_as_written(imported_graph(graph_def)) as session:
        found = session.run("output:0", {"x:0": WIDE})
    assert found.tobytes() == value.tobytes()


def test_other_readers_do_not_keep_a_gate_from_being_taken_for_another() -> None:
    """Whoever fetches one of two outputs runs a graph without the other one."""

    def make(x: Any) -> Any:
        a, b = halves(x)
        gate = tf.sigmoid(b)
        return {"one": a * gate, "other": b * (1.0 - gate)}

    function = tf.function(make, input_signature=[tf.TensorSpec((None, 12), name="x")])
    assert added(frozen_graph_def(trace(function))) == {"split/apart_1": "StridedSlice"}


def test_factors_need_not_fit_each_other() -> None:
    def make(x: Any) -> Any:
        y = tf.reshape(x, (-1, 6, 2))
        turned = tf.transpose(y * [1.0, 2.0], (0, 2, 1))
        return tf.maximum(tf.transpose(y, (0, 2, 1)), turned * WIDE[0, :6])

    assert not added(frozen(make))


def test_a_body_is_exported_again_as_it_is() -> None:
    """An axis of 0 is the default, which no file has."""
    graph_def = frozen(in_a_body)
    again = frozen_graph_def(trace(graph_def))
    assert again.SerializeToString(deterministic=True) == graph_def.SerializeToString(
        deterministic=True
    )
    nodes = [node for function in graph_def.library.function for node in function.node_def]
    assert [node.op for node in nodes if node.name.endswith("apart_1")] == ["StridedSlice"]


def test_equal_nodes_count_as_one() -> None:
    """TensorFlow merges them, and then sees two outputs of one."""
    graph_def = frozen(lambda x: halves(x)[0] * tf.sigmoid(halves(x)[1]))
    assert list(added(graph_def).values()) == ["StridedSlice"]


def test_nodes_that_hand_on_several_tensors_are_read_past() -> None:
    @tf.custom_gradient
    def both(x: Any) -> Any:
        return (tf.sin(x), tf.cos(x)), lambda *gradients: gradients[0]

    graph_def = frozen(lambda x: (lambda a, b: tf.maximum(a, 0.2 * b))(*both(x)))
    nodes = {node.name: node for node in graph_def.node}
    assert sorted(nodes[name].op for name in nodes["mul"].input) == ["Const", "Cos"]
    assert not added(graph_def)


def test_a_name_that_is_taken_stays() -> None:
    def make(x: Any) -> Any:
        a, b = halves(x)
        other = tf.tanh(a, name="split/apart_1") + tf.cos(b, name="split/apart_1_1/begin")
        return tf.tanh(a * tf.sigmoid(b) + other)

    graph_def = frozen(make)
    assert {node.op for node in graph_def.node if node.name == "split/apart_1"} == {"Tanh"}
    assert added(graph_def)["split/apart_1_2"] == "StridedSlice"


def test_a_later_output_in_a_loop_is_sliced_in_the_loop() -> None:
    def body(i: Any, y: Any) -> Any:
        a, b = tf.split(tf.ensure_shape(y, (None, 12)), 2, axis=1)
        return i + 1, tf.concat([tf.maximum(a, 0.2 * b)] * 2, 1)

    graph_def = frozen(lambda x: tf.while_loop(lambda i, _: i < 3, body, (0, x))[1])
    assert list(added(graph_def).values()) == ["StridedSlice"]
    with session_as_written(imported_graph(graph_def)) as session:
        found = session.run("output:0", {"x:0": WIDE})
    expected = WIDE
    for _ in range(3):
        expected = np.tile(np.maximum(expected[:, :6], np.float32(0.2) * expected[:, 6:]), (1, 2))
    np.testing.assert_array_equal(found, expected)


def test_other_precisions_are_left_to_themselves() -> None:
    """A maximum of doubles ends the process of TensorFlow 2.12, as does half precision."""
    graph_def = frozen(lambda x: tf.maximum(x, 0.1 * x), NARROW.astype("float64"))
    assert list(added(graph_def).values()) == ["Snapshot"]
