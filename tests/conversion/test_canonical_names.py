"""Names inside of a frozen graph: the user's stay, counters of Keras and TensorFlow do not."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from cmsml_tasks.conversion import frozen_graph_def, trace
from cmsml_tasks.conversion.canonical.node_names import canonical_names
from cmsml_tasks.conversion.sources.keras.model_calls import names_asked_for
from cmsml_tasks.conversion.traced.name_origin import UNKNOWN, Origin

tf1 = tf.compat.v1


class Encoder(keras.layers.Layer):
    def build(self, shape: Any) -> None:
        self.kernel = self.add_weight(shape=(shape[-1], 2), initializer="ones")

    def call(self, x: Any) -> Any:
        return x @ self.kernel


def scopes(obj: Any, op: str, **options: Any) -> list[str]:
    """Return the scopes of all operations of one kind, without that of the model itself."""
    nodes = frozen_graph_def(trace(obj, **options)).node
    return [n.name.rpartition("/")[0].partition("/")[2] for n in nodes if n.op == op]


def test_layers_keep_the_numbers_that_the_user_gave_them() -> None:
    x = keras.Input((4,), name="x")
    y = x
    for name in ("jet", "jet_1", "jet_10", "met_2"):
        y = keras.layers.Dense(4, name=name)(y)
    model = keras.Model(x, keras.layers.Dense(1)(y))
    assert scopes(model, "MatMul") == ["jet", "jet_1", "jet_10", "met_2", "dense"]


def test_a_shared_layer_counts_its_calls_around_the_names_of_others() -> None:
    x = keras.Input((4,), name="x")
    shared = keras.layers.Dense(4, name="jet")
    y = keras.layers.Dense(4, name="jet_1")(shared(shared(x)))
    assert scopes(keras.Model(x, shared(y)), "MatMul") == ["jet", "jet_2", "jet_1", "jet_3"]


def test_other_models_built_before_leave_no_trace() -> None:
    def frozen() -> bytes:
        x = keras.Input((3, 4), name="x")
        inner = keras.Sequential([keras.layers.Dense(4, "relu"), Encoder()])
        y = keras.ops.mean(inner(x) + keras.layers.LSTM(2, return_sequences=True)(x), axis=1)
        model = keras.Model(x, keras.layers.Dense(1, name="score")(y))
        for number, variable in enumerate(model.variables):
            variable.assign(np.full(variable.shape, 0.1 * number, "float32"))
        return bytes(frozen_graph_def(trace(model)).SerializeToString(deterministic=True))

    first = frozen()
    for _ in range(3):
        keras.Sequential([keras.layers.Dense(1), Encoder(), keras.layers.LSTM(1)])
    assert frozen() == first


def test_own_layers_are_named_by_their_class_again() -> None:
    Encoder()
    x = keras.Input((4,), name="x")
    assert scopes(keras.Model(x, Encoder()(Encoder()(x))), "MatMul") == ["encoder", "encoder_1"]


def test_functions_number_what_they_hold_by_itself() -> None:
    kernel = tf.Variable(tf.ones([2, 2]))
    shift = tf.constant([[1.0, 2.0]])

    @tf.function
    def inner(x: Any) -> Any:
        return x @ kernel + shift

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32)])
    def outer(x: Any) -> Any:
        with tf.name_scope("jet_3"):
            return inner(x)

    names = [node.name for node in frozen_graph_def(trace(outer)).node]
    assert "jet_3/captured" in names
    assert not any(name.rpartition("/")[2].isdigit() for name in names)


@pytest.mark.parametrize("before", [0, 2])
def test_graphs_of_version_1_do_not_show_what_else_was_in_them(before: int) -> None:
    def layer(x: Any) -> Any:
        return tf.nn.relu(tf.matmul(x, tf.ones([2, 2])) + 1.0)

    with tf.Graph().as_default() as graph:
        for _ in range(before):
            layer(tf1.placeholder(tf.float32, [None, 2]))
        x = tf1.placeholder(tf.float32, [None, 2], name="x")
        tf.identity(layer(layer(x)), name="score")
    names = [n.name for n in frozen_graph_def(trace(graph, output_names=["score"])).node]
    assert names == [
        *("x", "ones", "MatMul", "add/y", "add", "Relu"),
        *("ones_1", "MatMul_1", "add_1/y", "add_1", "Relu_1", "score"),
    ] or names == [
        *("x", "ones/Const", "MatMul", "add/y", "add", "Relu"),
        *("ones_1/Const", "MatMul_1", "add_1/y", "add_1", "Relu_1", "score"),
    ]


def test_counters_of_lowered_control_flow_begin_at_zero_in_each_scope() -> None:
    order = ["f/while/enter/_17", "f/while/enter/_5", "f/while/body/_2/mul_9", "f/x_switch_4/_3"]
    names = canonical_names(order, {}, UNKNOWN)
    assert list(names.values()) == [
        *("f/while/enter/_0", "f/while/enter/_1", "f/while/body/_0/mul", "f/x_switch_4/_0")
    ]


def test_what_was_asked_for_decides_over_what_a_name_looks_like() -> None:
    order = ["jet_1/a", "jet_2/a", "jet_1_1/a"]
    asked = {"jet_1": "jet", "jet_2": "jet", "jet_1_1": "jet_1"}
    names = canonical_names(order, {}, Origin(asked))
    assert list(names.values()) == ["jet/a", "jet_2/a", "jet_1/a"]
    assert list(canonical_names(list(names.values()), {}, UNKNOWN).values()) == list(names.values())


def test_nodes_make_way_for_the_interface() -> None:
    names = canonical_names(["n", "score", "score/MatMul"], {"n": "score"}, UNKNOWN)
    assert names == {"n": "score", "score": "score_1", "score/MatMul": "score_1/MatMul"}
    names = canonical_names(["n", "score/MatMul"], {"n": "score"}, UNKNOWN)
    assert names == {"n": "score", "score/MatMul": "score/MatMul"}


def test_names_asked_for_are_watched_in_one_graph_only() -> None:
    with tf.Graph().as_default() as graph:
        with names_asked_for(graph) as asked:
            for _ in range(2):
                tf1.placeholder(tf.float32, name="x")
                with tf.Graph().as_default():
                    tf1.placeholder(tf.float32, name="elsewhere")
        tf1.placeholder(tf.float32, name="later")
    assert asked == {"x": "x", "x_1": "x"}
