"""Control edges that matter, in graphs that are evaluated before and after."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cmsml_tasks.conversion import frozen_graph_def, trace
from cmsml_tasks.conversion.checks.importing import imported_graph
from cmsml_tasks.conversion.sources.unoptimised import session_as_written
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1
X = np.array([1.0, -2.0], "float32")


def frozen_value(graph: Any, output: str, feeds: dict[str, Any]) -> Any:
    graph_def = frozen_graph_def(trace(graph, output_names=[output]))
    with session_as_written(imported_graph(graph_def)) as session:
        return session.run(f"{output}:0", feeds)


@pytest.mark.parametrize("chosen", [True, False])
def test_an_operation_on_outside_data_stays_in_its_branch(chosen: bool) -> None:
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [2], name="x")
        p = tf1.placeholder(tf.bool, [], name="p")
        no, yes = (tf.identity(t) for t in tf.raw_ops.Switch(data=p, pred=p))
        with tf.control_dependencies([no]):
            a = tf.negative(x)
        with tf.control_dependencies([yes]):
            b = tf.add(x, x)
        tf.identity(tf.raw_ops.Merge(inputs=[a, b])[0], name="y")
    value = frozen_value(graph, "y", {"x:0": X, "p:0": chosen})
    assert value.tolist() == (2 * X if chosen else -X).tolist()


def test_order_behind_an_operation_without_state_is_kept() -> None:
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [2], name="x")
        small = tf.raw_ops.Assert(condition=tf.reduce_all(x < 5), data=["x is too large"])
        with tf.control_dependencies([small]):
            z = tf.abs(x)
        with tf.control_dependencies([z]):
            tf.multiply(x, 2.0, name="y")
    assert frozen_value(graph, "y", {"x:0": X}).tolist() == (2 * X).tolist()
    with pytest.raises(tf.errors.InvalidArgumentError, match="x is too large"):
        frozen_value(graph, "y", {"x:0": 10 * X + 100})


@pytest.mark.parametrize("before", [0, 9])
def test_assertions_on_weights_come_in_one_order(before: int) -> None:
    with tf.Graph().as_default():
        for _ in range(before):
            tf.raw_ops.Assert(condition=True, data=["nothing"])
        x = tf1.placeholder(tf.float32, [2], name="x")
        values = {"v": [1.0, 1.0], "w": [2.0, 2.0]}
        a, b = (tf1.get_variable(n, initializer=v) for n, v in values.items())
        checks = [tf.raw_ops.Assert(condition=tf.reduce_all(v > 0), data=["low"]) for v in (a, b)]
        with tf.control_dependencies(checks):
            tf.multiply(x, 2.0, name="y")
        session = tf1.Session()
        session.run(tf1.global_variables_initializer())
    once = frozen_graph_def(trace(session, output_names=["y"]))
    again = frozen_graph_def(trace(once, output_names=["y"]))
    assert once.SerializeToString(deterministic=True) == again.SerializeToString(deterministic=True)
    order = [n.name for n in once.node if n.name in values]
    assert sorted(order) == ["v", "w"]
    ORDERS.append(order)
    assert order == ORDERS[0]


ORDERS: list[list[str]] = []


def test_one_tensor_can_be_two_outputs() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32)])
    def twice(x: Any) -> Any:
        y = x * 2.0
        return {"a": y, "b": y}

    graph_def = frozen_graph_def(trace(twice))
    read = {source for node in graph_def.node for source in node.input}
    assert {"a", "b"} <= {node.name for node in graph_def.node} - read
    assert [t.name for t in trace(graph_def).signature.outputs] == ["a", "b"]


def test_functions_that_grow_without_bounds_are_refused_at_once() -> None:
    graph_def = tf1.GraphDef()
    node = graph_def.node.add(name="x", op="Placeholder")
    node.attr["dtype"].type = tf.float32.as_datatype_enum
    for level in range(40):
        function = graph_def.library.function.add()
        function.signature.name = f"f{level}"
        function.signature.input_arg.add(name="a", type=tf.float32.as_datatype_enum)
        function.signature.output_arg.add(name="r", type=tf.float32.as_datatype_enum)
        source = "a"
        for number in range(2):
            call = function.node_def.add(name=f"c{number}", input=[source])
            call.op = "PartitionedCall" if level else "Identity"
            if level:
                for key in ("Tin", "Tout"):
                    call.attr[key].list.type.append(tf.float32.as_datatype_enum)
                call.attr["f"].func.name = f"f{level - 1}"
            else:
                call.attr["T"].type = tf.float32.as_datatype_enum
            source = f"c{number}:output:0"
        function.ret["r"] = source
    call = graph_def.node.add(name="y", op="PartitionedCall", input=["x"])
    for key in ("Tin", "Tout"):
        call.attr[key].list.type.append(tf.float32.as_datatype_enum)
    call.attr["f"].func.name = "f39"
    with pytest.raises(ConversionError, match=r"would become .* nodes"):
        frozen_graph_def(trace(graph_def, output_names=["y"]))
