"""Graphs and sessions of TensorFlow 1."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from case_table import Case, X, case, rows

from cmsml_tasks.conversion import ChangedNameWarning, save_graph

tf1 = tf.compat.v1


def graph_of_constants() -> tf.Graph:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        tf.nn.softmax(tf.matmul(x, tf.constant(rows(4, 3, seed=1))), name="probabilities")
    return graph


def constants_case(path: Path, obj: Any, **options: Any) -> Case:
    save_graph(path, obj, **options)
    expected = tf.nn.softmax(X @ rows(4, 3, seed=1)).numpy()
    return Case(path, {"x:0": X}, {"probabilities:0": expected})


@case
def graph_binary(folder: Path) -> Case:
    return constants_case(folder / "graph.pb", graph_of_constants())


@case
def graph_pb_txt(folder: Path) -> Case:
    return constants_case(folder / "graph.pb.txt", graph_of_constants())


@case
def graph_pbtxt(folder: Path) -> Case:
    return constants_case(folder / "graph.pbtxt", graph_of_constants())


@case
def graph_def_binary(folder: Path) -> Case:
    return constants_case(folder / "graph_def.pb", graph_of_constants().as_graph_def())


@case
def graph_def_text(folder: Path) -> Case:
    return constants_case(folder / "graph_def.pbtxt", graph_of_constants().as_graph_def())


@case
def graph_def_frozen(folder: Path) -> Case:
    return constants_case(
        folder / "graph_def_frozen.pb", graph_of_constants().as_graph_def(), as_text=False,
        variables_to_constants=True,
    )  # fmt: skip


def session_with(use_resource: bool) -> Any:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        shift = tf1.placeholder(tf.float32, [3], name="shift")
        w = tf1.Variable(rows(4, 3, seed=1), use_resource=use_resource, name="w")
        b = tf1.Variable(rows(3, seed=2), use_resource=use_resource, name="b")
        h = tf.add(tf.matmul(x, w), b, name="hidden")
        tf.tanh(h + shift, name="output")
        tf1.assign_add(w, w, name="training")
    session = tf1.Session(graph=graph)
    session.run([w.initializer, b.initializer])
    return session


def session_case(path: Path, use_resource: bool, output: str = "output", **options: Any) -> Case:
    session = session_with(use_resource)
    feeds = {"x:0": X, "shift:0": rows(3, seed=5)}
    expected = session.run("output:0", feeds)
    save_graph(path, session, output_names=[output], **options)
    return Case(path, feeds, {"output:0": expected})


@case
def session_frozen_reference_variables(folder: Path) -> Case:
    return session_case(folder / "session_ref.pb", False, variables_to_constants=True)


@case
def session_frozen_resource_variables(folder: Path) -> Case:
    return session_case(folder / "session.pb", True, "output:0", variables_to_constants=True)


@case
def session_frozen_text(folder: Path) -> Case:
    return session_case(folder / "session.pb.txt", True, variables_to_constants=True)


@case
def session_as_is(folder: Path) -> Case:
    """The graph has its variables, no values: the reads are fed."""
    session = session_with(True)
    path = folder / "session_as_is.pb"
    save_graph(path, session)
    feeds = {"x:0": X, "shift:0": rows(3, seed=5)}
    expected = session.run("output:0", feeds)
    # what matmul and add read, as they find it in the file
    values = {
        "MatMul/ReadVariableOp:0": rows(4, 3, seed=1),
        "hidden/ReadVariableOp:0": rows(3, seed=2),
    }
    return Case(path, {**feeds, **values}, {"output:0": expected})


@case
def session_two_outputs_one_inside_of_the_other(folder: Path) -> Case:
    session = session_with(True)
    feeds = {"x:0": X, "shift:0": rows(3, seed=5)}
    path = folder / "session_two.pb"
    save_graph(path, session, True, ["output", "hidden"])
    hidden, output = session.run(["hidden:0", "output:0"], feeds)
    return Case(path, feeds, {"output:0": output, "hidden:0": hidden})


@case
def session_control_flow_v1(folder: Path) -> Case:
    """Branches and loops of TensorFlow 1, with variables read inside."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        w = tf1.Variable(rows(4, 4, seed=1), use_resource=True, name="w")
        b = tf1.Variable(rows(4, seed=2), use_resource=False, name="b")
        tf1.disable_control_flow_v2()
        try:
            y = tf1.cond(tf.reduce_sum(x) > 0, lambda: x @ w, lambda: x - b)
            _, y = tf1.while_loop(
                lambda i, y: i < 3, lambda i, y: (i + 1, tf.tanh(y @ w) + b), [0, y]
            )
        finally:
            tf1.enable_control_flow_v2()
        tf.identity(y, name="y")
    session = tf1.Session(graph=graph)
    session.run([w.initializer, b.initializer])
    path = folder / "control_flow_v1.pb"
    save_graph(path, session, True, ["y"])
    return Case(path, {"x:0": -X}, {"y:0": session.run("y:0", {"x:0": -X})})


@case
def session_variable_string_and_input_as_output(folder: Path) -> Case:
    """A scalar string with a zero at its end; an output that is an input has a name of its own."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.string, [None], name="x")
        word = tf1.Variable("jet\0", use_resource=True, name="word")
        joined = tf.strings.join([word, x])
        tf.strings.length(joined, name="length")
        number = tf1.placeholder(tf.int32, [None], name="number")
    session = tf1.Session(graph=graph)
    session.run(word.initializer)
    path = folder / "session_string.pb"
    with pytest.warns(ChangedNameWarning, match="'number' is 'number_out:0'"):
        save_graph(path, session, True, ["length", "number"])
    number = np.array([1, 2], "int32")
    feeds = {"x:0": np.array([b"a", b"bc"]), "number:0": number}
    expected = {"length:0": np.array([5, 6], "int32"), "number_out:0": number}
    return Case(path, feeds, expected)
