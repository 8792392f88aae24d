"""Lookup tables of TensorFlow 1: sessions whose vocabulary file is gone, graphs that have it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from case_table import Case, case

from cmsml_tasks.conversion import frozen_graph_def, open_model, save_graph, write_graph

tf1 = tf.compat.v1
WORDS = np.array([b"muon", b"tau", b"electron", b"jet"])


def vocabulary(path: Path) -> Any:
    """Return what fills a table from a new file at *path*."""
    path.write_text("electron\nmuon\nphoton\n")
    index = tf.lookup.TextFileIndex
    return tf.lookup.TextFileInitializer(
        str(path), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER
    )


def session_with_tables(path: Path, version: int) -> Any:
    """Return a session with two tables in branches and loops; the file of one of them is gone."""
    (tf1.enable_control_flow_v2 if version == 2 else tf1.disable_control_flow_v2)()
    try:
        graph = tf.Graph()
        with graph.as_default():
            x = tf1.placeholder(tf.string, [None], name="x")
            words = tf.lookup.StaticVocabularyTable(vocabulary(path), 2)
            steps = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, -7)
            filled = steps.insert(*(tf.constant(n, tf.int64) for n in ([0, 1, 5, 6], [1, 5, 9, 3])))
            codes = words.lookup(x)
            y = tf1.cond(tf.size(x) > 1, lambda: steps.lookup(codes), lambda: codes + words.size())
            _, y = tf1.while_loop(
                lambda i, y: i < 2,
                lambda i, y: (i + 1, steps.lookup(y) + steps.size()),
                [0, y],
                [tf.TensorShape([]), tf.TensorShape([None])],
            )
            tf.identity(y, name="y")
            tf.identity(words.size(), name="number")
            filling = tf1.tables_initializer()
    finally:
        tf1.enable_control_flow_v2()
    session = tf1.Session(graph=graph)
    session.run([filling, filled])
    path.unlink()
    return session


def session_case(path: Path, version: int) -> Case:
    session = session_with_tables(path.with_suffix(".txt"), version)
    session.graph.finalize()
    expected = session.run(["y:0", "number:0"], {"x:0": WORDS})
    save_graph(path, session, True, ["y", "number"])
    return Case(path, {"x:0": WORDS}, dict(zip(["y:0", "number:0"], expected, strict=True)))


@case
def session_looks_up_in_control_flow_v1(folder: Path) -> Case:
    return session_case(folder / "tables_v1.pb", 1)


@case
def session_looks_up_in_control_flow_v2(folder: Path) -> Case:
    return session_case(folder / "tables_v2.pb", 2)


@case
def session_needs_the_size_of_a_table_alone(folder: Path) -> Case:
    session = session_with_tables(folder / "size.txt", 1)
    path = folder / "size.pb"
    save_graph(path, session, True, ["number"])
    return Case(path, {}, {"number:0": np.int64(5)})


def graph_with_references() -> tf.Graph:
    """Return a graph with a table of the very first kind, whose handle is a reference."""
    graph = tf.Graph()
    tf1.disable_control_flow_v2()
    with graph.as_default():
        x = tf1.placeholder(tf.string, [None], name="x")
        table = tf.raw_ops.HashTable(key_dtype=tf.string, value_dtype=tf.int64, name="codes")
        tf.raw_ops.InitializeTable(
            table_handle=table, keys=["muon", "tau"], values=tf.constant([13, 15], tf.int64),
            name="filling",
        )  # fmt: skip
        default = tf.constant(-1, tf.int64)
        y = tf1.cond(
            tf.size(x) > 1,
            lambda: tf.raw_ops.LookupTableFind(table_handle=table, keys=x, default_value=default),
            lambda: tf.raw_ops.LookupTableSize(table_handle=table)[None],
        )
        tf.identity(y, name="y")
    tf1.enable_control_flow_v2()
    return graph


def reference_case(path: Path, obj: Any) -> Case:
    save_graph(path, obj, True, ["y"])
    return Case(path, {"x:0": WORDS}, {"y:0": np.array([13, 15, -1, -1])})


@case
def session_with_a_table_of_references(folder: Path) -> Case:
    session = tf1.Session(graph=graph_with_references())
    session.run("filling")
    return reference_case(folder / "references.pb", session)


@case
def graph_fills_a_table_beside_its_outputs(folder: Path) -> Case:
    return reference_case(folder / "beside.pb", graph_with_references().as_graph_def())


def graph_with_vocabulary(path: Path) -> tf.Graph:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.string, [None], name="x")
        table = tf.lookup.StaticHashTable(vocabulary(path), -1, name="words")
        tf.identity(table.lookup(x), name="y")
    return graph


@case
def graph_fills_a_table_from_a_file(folder: Path) -> Case:
    graph = graph_with_vocabulary(folder / "vocabulary.txt")
    save_graph(folder / "vocabulary.pb", graph, True, ["y"])
    (folder / "vocabulary.txt").unlink()
    expected = {"y:0": np.array([1, -1, 0, -1])}
    return Case(folder / "vocabulary.pb", {"x:0": WORDS}, expected)


@case
def session_looks_up_behind_what_fills_the_table(folder: Path) -> Case:
    """The table of the graph fills itself before that operation could run."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.string, [None], name="x")
        table = tf.lookup.StaticHashTable(vocabulary(folder / "behind.txt"), -1)
        with tf.control_dependencies([tf1.tables_initializer()]):
            tf.identity(table.lookup(x), name="y")
    session = tf1.Session(graph=graph)
    expected = session.run("y:0", {"x:0": WORDS})
    save_graph(folder / "behind.pb", session, True, ["y"])
    (folder / "behind.txt").unlink()
    return Case(folder / "behind.pb", {"x:0": WORDS}, {"y:0": expected})


@case
def saved_model_of_a_session_with_a_vocabulary(folder: Path) -> Case:
    model = folder / "session_vocabulary"
    session = tf1.Session(graph=graph_with_vocabulary(folder / "asset_1.txt"))
    with session.graph.as_default():
        filling = tf1.tables_initializer()
        session.run(filling)
        tensor = session.graph.get_tensor_by_name
        signature = tf1.saved_model.predict_signature_def(
            {"x": tensor("x:0")}, {"y": tensor("y:0")}
        )
        builder = tf1.saved_model.Builder(str(model))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {"serving_default": signature},
            tf1.get_collection(tf1.GraphKeys.ASSET_FILEPATHS),
            main_op=filling,
        )
        builder.save()
    return saved_model_case(folder, model, folder / "asset_1.txt")


@case
def saved_model_of_a_module_with_a_vocabulary(folder: Path) -> Case:
    class Module(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table = tf.lookup.StaticHashTable(vocabulary(folder / "asset_2.txt"), -1)

        @tf.function(input_signature=[tf.TensorSpec([None], tf.string)])
        def look_up(self, x: Any) -> Any:
            return {"y": self.table.lookup(x)}

    module = Module()
    model = folder / "module_vocabulary"
    tf.saved_model.save(module, str(model), signatures=module.look_up)
    return saved_model_case(folder, model, folder / "asset_2.txt")


def saved_model_case(folder: Path, model: Path, vocabulary: Path) -> Case:
    vocabulary.unlink()
    path = folder / f"{model.name}.pb"
    traced = open_model(model)
    expected = {"y:0": traced.run({"x": WORDS})["y"]}
    assert expected["y:0"].tolist() == [1, -1, 0, -1]
    write_graph(path, frozen_graph_def(traced))
    return Case(path, {"x:0": WORDS}, expected)
