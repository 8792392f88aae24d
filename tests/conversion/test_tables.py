"""Lookup tables that cannot be frozen, and what reading a table leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from table_cases import WORDS, graph_with_references, graph_with_vocabulary, session_with_tables

from cmsml_tasks.conversion import (
    ReachesOutsideWarning,
    frozen_graph_def,
    get_session,
    read_graph,
    save_graph,
    trace,
)
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1


def test_table_of_a_session_that_was_never_filled() -> None:
    session = tf1.Session(graph=graph_with_references())
    with pytest.raises(ConversionError, match=r"'codes' is not filled.*tables_initializer\(\)"):
        frozen_graph_def(trace(session, output_names=["y"]))


def test_function_whose_table_was_never_filled(tmp_path: Path) -> None:
    handle = tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="words")])
    def look_up(words: tf.Tensor) -> tf.Tensor:
        missing = tf.constant(0, tf.int64)
        return tf.raw_ops.LookupTableFindV2(table_handle=handle, keys=words, default_value=missing)

    with pytest.raises(ConversionError, match="cannot be read, most likely because nothing has"):
        save_graph(tmp_path / "graph.pb", look_up, True)


def test_graph_whose_vocabulary_file_is_gone(tmp_path: Path) -> None:
    graph = graph_with_vocabulary(tmp_path / "words.txt")
    traced = trace(graph, output_names=["y"])
    (tmp_path / "words.txt").unlink()
    for use in (lambda: frozen_graph_def(traced), lambda: traced.run({"x": WORDS})):
        with pytest.raises(ConversionError, match=r"'words' is filled from .*words.txt', which"):
            use()


def test_graph_without_what_fills_its_table(tmp_path: Path) -> None:
    graph = session_with_tables(tmp_path / "words.txt", 1).graph
    graph_def = graph.as_graph_def()
    for node in [n for n in graph_def.node if "InitializeTable" in n.op or n.op == "NoOp"]:
        graph_def.node.remove(node)
    with pytest.raises(ConversionError, match=r"'hash_table' is filled outside.*pass the session"):
        frozen_graph_def(trace(graph_def, output_names=["number"]))


def test_session_that_changes_its_table_on_the_way_to_the_output() -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.int64, [None], name="x")
        table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, -1)
        with tf.control_dependencies([table.insert(x, x)]):
            tf.identity(table.lookup(x), name="y")
    session = tf1.Session(graph=graph)
    session.run("y:0", {"x:0": [1, 2]})
    with pytest.raises(ConversionError, match=r"LookupTableInsertV2\) uses the lookup table"):
        frozen_graph_def(trace(session, output_names=["y"]))


def test_reading_a_table_leaves_one_operation_that_no_graph_shows(tmp_path: Path) -> None:
    """A session reads a table through an operation of its graph only."""
    session = session_with_tables(tmp_path / "words.txt", 1)
    session.graph.finalize()
    before = session.graph.as_graph_def()
    save_graph(tmp_path / "first.pb", session, True, ["y"])
    counts = []
    for _ in range(2):
        save_graph(tmp_path / "second.pb", session, True, ["y"])
        counts.append(len(session.graph.get_operations()) - len(before.node))
    assert counts == [1, 1]  # the other table has one to be saved through
    assert session.graph.finalized
    with pytest.warns(ReachesOutsideWarning, match=r"InitializeTableFromTextFileV2\) reads a file"):
        save_graph(tmp_path / "as_is.pb", session)
    assert read_graph(tmp_path / "as_is.pb") == before
    assert read_graph(tmp_path / "first.pb") == read_graph(tmp_path / "second.pb")


def test_names_of_a_table_make_way_for_those_that_are_there(tmp_path: Path) -> None:
    graph = tf.Graph()
    with graph.as_default():
        initializer = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2])
        table = tf.lookup.StaticHashTable(initializer, -1, name="table")
        keys = tf.constant(["b", "c"], name="table/keys")
        tf.identity(table.lookup(keys), name="y")
        filling = tf1.tables_initializer()
    session = tf1.Session(graph=graph)
    session.run(filling)
    save_graph(tmp_path / "graph.pb", session, True, ["y"])
    with tf.Graph().as_default() as loaded:
        tf.import_graph_def(read_graph(tmp_path / "graph.pb"), name="")
        with tf1.Session(graph=loaded) as running:
            assert running.run("y:0").tolist() == [2, -1]


def test_function_that_asks_for_the_size_of_a_table_alone(tmp_path: Path) -> None:
    initializer = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2])
    table = tf.lookup.StaticHashTable(initializer, -1)

    @tf.function(input_signature=[tf.TensorSpec([], tf.int64)])
    def function(x: Any) -> Any:
        return x * table.size()

    graph_def = frozen_graph_def(trace(function))
    assert not [node for node in graph_def.node if "Table" in node.op]
    with tf.Graph().as_default() as loaded:
        tf.import_graph_def(graph_def, name="")
        with tf1.Session(graph=loaded) as running:
            assert running.run("output:0", {"x:0": 3}) == 6


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_session_of_a_keras_model_with_a_table_of_which_the_size_is_needed() -> None:
    import keras

    initializer = tf.lookup.KeyValueTensorInitializer(["a", "b"], [1, 2])
    table = tf.lookup.StaticHashTable(initializer, -1)

    class Scaled(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x * tf.cast(table.size(), tf.float32)

    x = keras.Input((2,), name="x")
    session = get_session(keras.Model(x, Scaled(name="y")(x)))
    assert session.run("y:0", {"x:0": [[1.0, 2.0]]}).tolist() == [[2.0, 4.0]]
