"""Inputs set to constants: what values they take, what becomes of what hangs on them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from constant_cases import (
    BUILDS,
    X,
    functional_cond,
    functional_switch,
    graph_of,
    logic,
    nested,
    old_keras,
    operations,
    tf1_cond,
)
from conversion_cases import functional, rows

from cmsml_tasks.conversion import frozen_graph_def, save_graph, trace
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: str(build.__name__))
@pytest.mark.parametrize("functions", [False, True])
def test_branch_of_the_other_value_is_gone(build: Any, functions: bool) -> None:
    graph = graph_of(build)
    if functions:
        tensors = [graph.get_tensor_by_name(f"{name}:0") for name in ("x", "flag")]
        function = tf.compat.v1.wrap_function(
            lambda x, flag: tf.import_graph_def(
                graph.as_graph_def(), {"x": x, "flag": flag}, ["y:0"], name=""
            )[0],
            [tf.TensorSpec(t.shape, t.dtype) for t in tensors],
        )
        traced = trace(function, ["x", "flag"])
        traced = trace(function, ["x"], ["y"], {traced.skeleton.inputs[1].found or "flag": False})
    else:
        traced = trace(graph, None, ["y"], {"flag": False})
    frozen = frozen_graph_def(traced)
    assert "RandomUniform" not in operations(frozen)
    assert not {"Assert", "Select", "SelectV2"} & set(operations(frozen))
    assert [info.name for info in traced.signature.inputs] == ["x"]
    for sign in (1, -1):
        expected = traced.run({"x": sign * X})["y"]
        again = trace(frozen).run({"x": sign * X})["y"]
        assert expected.tobytes() == again.tobytes()
        with tf1.Session(graph=graph) as session:
            original = session.run("y:0", {"x:0": sign * X, "flag:0": False})
        assert expected.tobytes() == original.tobytes()


@pytest.mark.parametrize("build", [old_keras, functional_cond, functional_switch, logic])
def test_nothing_of_branches_is_left(build: Any) -> None:
    frozen = frozen_graph_def(trace(graph_of(build), None, ["y"], {"flag": False}))
    branches = {"Switch", "_SwitchN", "Merge", "LogicalAnd", "LogicalNot", "Equal"}
    assert not branches & set(operations(frozen))
    assert operations(frozen).count("Identity") <= 2  # one in old_keras' own branch, and the output
    assert not any(source[0] == "^" for node in frozen.node for source in node.input)


def test_select_that_may_broadcast_stays() -> None:
    def build(x: Any, flag: Any) -> Any:
        row = tf1.placeholder(tf.float32, [None, 4], name="row")
        return tf.where(flag, x, row)

    traced = trace(graph_of(build), constant_inputs={"flag": False})
    assert "SelectV2" in operations(frozen_graph_def(traced))
    for each in (traced, trace(frozen_graph_def(traced))):
        assert each.run({"x": X, "row": X[:1]})["y"].tobytes() == np.tile(X[:1], (5, 1)).tobytes()


def test_graph_is_the_same_however_it_is_come_by() -> None:
    graph = graph_of(nested)
    first, second = (
        frozen_graph_def(trace(each, None, ["y"], {"flag": False})).SerializeToString(
            deterministic=True
        )
        for each in (graph, graph.as_graph_def())
    )
    assert first == second


def test_what_does_not_hang_on_a_constant_stays() -> None:
    def build(x: Any, flag: Any) -> Any:
        always = tf1_cond(tf.constant(True), lambda: x + 1.0, lambda: x * 2.0)
        return always + tf.cast(flag, tf.float32) + tf.constant(2.0) * tf.constant(3.0)

    plain = operations(frozen_graph_def(trace(graph_of(build), None, ["y"])))
    settled = operations(frozen_graph_def(trace(graph_of(build), None, ["y"], {"flag": True})))
    assert plain.count("Merge") == settled.count("Merge") == 1
    assert plain.count("Mul") == settled.count("Mul")
    # the placeholder and its cast have become a constant
    assert settled.count("Const") == plain.count("Const") + 1
    assert "Cast" not in settled


def test_arithmetic_is_computed_where_it_is_exact() -> None:
    def build(x: Any, _: Any) -> Any:
        scale = tf1.placeholder(tf.float32, [], name="scale")
        return x * (1.0 / (scale + 1.0)) + tf.exp(scale)

    traced = trace(graph_of(build), constant_inputs={"scale": 3, "flag": True})
    found = operations(frozen_graph_def(traced))
    assert "RealDiv" not in found
    assert "Exp" in found  # processors and releases round it differently
    values = [each.run({"x": X})["y"] for each in (traced, trace(frozen_graph_def(traced)))]
    assert values[0].tobytes() == values[1].tobytes()


def test_results_that_processors_treat_differently_stay_with_the_runtime() -> None:
    def build(x: Any, _: Any) -> Any:
        scale = tf1.placeholder(tf.float32, [], name="scale")
        return x * (scale * 1e-30)

    for value, stays in ((1e-10, True), (float("inf"), True), (1.0, False)):
        traced = trace(graph_of(build), constant_inputs={"scale": value, "flag": True})
        assert (operations(frozen_graph_def(traced)).count("Mul") == 2) == stays


def test_large_results_are_not_made() -> None:
    def build(x: Any, _: Any) -> Any:
        column = tf1.placeholder(tf.float32, [None, 1], name="column")
        return x + tf.reduce_sum(column * tf.reshape(column, [1, -1]))

    value = np.ones((500, 1), np.float32)
    frozen = frozen_graph_def(
        trace(graph_of(build), constant_inputs={"column": value, "flag": True})
    )
    assert frozen.ByteSize() < 10_000
    assert "Mul" in operations(frozen)


def test_placeholders_with_a_default_can_be_set_or_fed() -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        scale = tf1.placeholder_with_default(3.0, [], name="scale")
        tf.multiply(x, scale, name="y")
    for traced, feeds, factor in (
        (trace(graph), {}, 3),
        (trace(graph, constant_inputs={"scale": 2}), {}, 2),
        (trace(graph, {"scale": "factor"}), {"factor": np.float32(5)}, 5),
    ):
        for each in (traced, trace(frozen_graph_def(traced))):
            values = each.run({"x": X, **feeds})["y"]
            assert values.tobytes() == (X * np.float32(factor)).tobytes()


def test_models_and_functions_take_constants_too() -> None:
    model = functional()
    jets, leptons = rows(1, 4, 2), rows(1, 3)
    traced = trace(model, {"jets": "muons"}, constant_inputs={"leptons": leptons})
    assert [info.name for info in traced.signature.inputs] == ["muons"]
    expected = trace(model).run({"jets": jets, "leptons": leptons})
    for each in (traced, trace(frozen_graph_def(traced))):
        values = each.run({"muons": jets})
        assert all(values[name].tobytes() == expected[name].tobytes() for name in expected)


def typed(dtype: Any, shape: Any = ()) -> tf.Graph:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None], name="x")
        value = tf1.placeholder(dtype, shape, name="value")
        tf.identity(value, name="same")
        tf.identity(x, name="y")
    return graph


@pytest.mark.parametrize(
    ("dtype", "shape", "value", "expected"),
    [
        (tf.bool, (), True, True),
        (tf.int32, (2,), [1, -2], [1, -2]),
        (tf.uint8, (), 255, 255),
        (tf.float32, (None, 2), [[1, 2.5]], [[1, 2.5]]),
        (tf.float64, (), 0.1, 0.1),
        (tf.float16, (), np.float32(0.5), 0.5),
        (tf.bfloat16, (), 0.5, 0.5),
        (tf.float32, (), float("nan"), float("nan")),
        (tf.float32, (0,), [], []),
        (tf.int64, (0,), [], []),
        (tf.string, (), "é", "é".encode()),
        (tf.string, (2,), ["a", b"b\0"], [b"a", b"b\0"]),
        (tf.complex64, (), 1 + 2j, 1 + 2j),
        (tf.complex64, (), "1+2j", 1 + 2j),
        (tf.complex128, (2,), [1, "-2.5j"], [1, -2.5j]),
        (tf.float32, None, [1, 2], [1, 2]),
    ],
)
def test_values_of_every_type(dtype: Any, shape: Any, value: Any, expected: Any) -> None:
    traced = trace(typed(dtype, shape), None, ["y", "same"], {"value": value})
    for each in (traced, trace(frozen_graph_def(traced))):
        found = each.run({"x": X[0]})["same"]
        np.testing.assert_array_equal(found, np.array(expected, found.dtype))


@pytest.mark.parametrize(
    ("dtype", "shape", "value", "message"),
    [
        (tf.bool, (), 1, "sets 'value' to 1, but it takes bool; give True or False"),
        (tf.bool, (), "true", "give True or False"),
        (tf.int32, (), 1.0, "it takes int32; give whole numbers"),
        (tf.int32, (), True, "give whole numbers"),
        (tf.uint8, (), 256, "whole numbers in its range"),
        (tf.float32, (), 1e39, "real numbers in its range"),
        (tf.float32, (), "1", "it takes float32; give real numbers"),
        (tf.float32, (), 1j, "give real numbers"),
        (tf.float32, (), "1j", "give real numbers"),
        (tf.complex64, (), "1+2", "give numbers in its range, such as 1\\+2j"),
        (tf.complex64, (2,), [True, "2j"], "such as 1\\+2j"),
        (tf.string, (), 5, "give text, in quotes"),
        (tf.float32, (2,), [1, 2, 3], r"has shape \(3\), but it takes \(2\)"),
        (tf.float32, (None, 2), 1.0, r"has shape \(\), but it takes \(\?, 2\)"),
        (tf.float32, None, [[1], [1, 2]], "lists have different lengths"),
    ],
)
def test_values_that_do_not_fit(dtype: Any, shape: Any, value: Any, message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        trace(typed(dtype, shape), None, ["y", "same"], {"value": value})


def test_constants_that_make_no_sense(tmp_path: Path) -> None:
    graph = graph_of(old_keras)
    with pytest.raises(
        ConversionError, match=r"no such input; did you mean 'flag'\? .*'x', 'flag'"
    ):
        trace(graph, constant_inputs={"flags": True})
    with pytest.raises(ConversionError, match="constant_inputs sets 3, but there is no such input"):
        trace(graph, constant_inputs={3: True})  # type: ignore[dict-item]
    with pytest.raises(ConversionError, match="leave one to be fed"):
        trace(graph, constant_inputs={"flag": True, "x": X})
    with pytest.raises(ConversionError, match="leave it out of one of the two"):
        trace(graph, {"flag": "f"}, constant_inputs={"flag": True})
    with pytest.raises(ConversionError, match="use variables_to_constants=True"):
        save_graph(tmp_path / "graph.pb", graph, constant_inputs={"flag": True})
    (drawn,) = (n.name for n in graph.as_graph_def().node if n.op == "RandomUniform")
    with pytest.raises(ConversionError, match="branch that is never run"):
        frozen_graph_def(trace(graph, None, ["y", drawn], {"flag": False}))
    assert not list(tmp_path.iterdir())
