"""SavedModels: what loading runs, what a signature runs, and files outside of the folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras
from saved_model_cases import WORDS, Finds, edited, vocabulary
from tensorflow.python.trackable.resource import TrackableResource

from cmsml_tasks.conversion import open_model
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SPEC = tf.TensorSpec([None, 3], tf.float32, name="x")


class Writing(TrackableResource):  # type: ignore[misc]
    """A resource that writes a file when it is created, filled or removed."""

    def __init__(self, path: Path, when: str) -> None:
        super().__init__()
        self._path, self._when = str(path), when

    def _write(self, when: str) -> None:
        if self._when == when and tf.inside_function():
            tf.io.write_file(self._path, "hello")

    def _create_resource(self) -> Any:
        self._write("create")
        return tf.raw_ops.StackV2(max_size=1, elem_type=tf.float32, stack_name="s")

    def _initialize(self) -> None:
        self._write("initialize")

    def _destroy_resource(self) -> None:
        self._write("destroy")


class Model(tf.Module):  # type: ignore[misc]
    def __init__(self, resource: Any = None, path: Path | None = None) -> None:
        super().__init__()
        self.resource, self.path = resource, str(path)

    @tf.function(input_signature=[SPEC])  # type: ignore[untyped-decorator]
    def computes(self, x: Any) -> Any:
        return {"out": x * 2}

    @tf.function(input_signature=[SPEC])  # type: ignore[untyped-decorator]
    def writes(self, x: Any) -> Any:
        if tf.reduce_sum(x) > 0:
            tf.io.write_file(self.path, "hello")
        return {"out": x * 2}


@pytest.mark.parametrize("when", ["create", "initialize", "destroy"])
def test_resource_that_writes(when: str, tmp_path: Path) -> None:
    model = Model(Writing(tmp_path / "WRITTEN", when))
    _ = model.resource.resource_handle
    tf.saved_model.save(model, tmp_path / "model", signatures=model.computes)
    del model
    (tmp_path / "WRITTEN").unlink(missing_ok=True)
    words = rf"\(WriteFile\) in the function '\w*{when[:5]}\w*' writes a file"
    with pytest.raises(ConversionError, match=words):
        open_model(tmp_path / "model")
    assert not (tmp_path / "WRITTEN").exists()


def test_signature_that_writes_and_another_that_does_not(tmp_path: Path) -> None:
    model = Model(path=tmp_path / "WRITTEN")
    tf.saved_model.save(model, tmp_path / "writes", signatures=model.writes)
    with pytest.raises(
        ConversionError, match=r"writes: 'cond/WriteFile' \(WriteFile\) in the func"
    ):
        open_model(tmp_path / "writes")
    both = {"serving_default": model.computes, "other": model.writes}
    tf.saved_model.save(model, tmp_path / "both", signatures=both)
    assert open_model(tmp_path / "both").run({"x": np.ones((2, 3), "f4")})
    assert not (tmp_path / "WRITTEN").exists()


class ReadsWhenLoaded(tf.Module):  # type: ignore[misc]
    """Loading a function reads the file, since a shape depends on it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = str(path)

    @tf.function(input_signature=[SPEC])  # type: ignore[untyped-decorator]
    def never_called(self, x: Any) -> Any:
        rows = tf.strings.to_number(tf.io.read_file(self.path), tf.int32)
        return {"out": tf.reshape(x, tf.stack([rows, -1]))}


@pytest.mark.parametrize("session", [False, True])
def test_function_that_acts_when_it_is_loaded(session: bool, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("3")
    module = ReadsWhenLoaded(tmp_path / "secret")
    module.computes = Model().computes
    both = {"serving_default": module.computes, "other": module.never_called}
    tf.saved_model.save(module, tmp_path / "model", signatures=both)
    if session:
        edited(tmp_path / "model", lambda meta_graph: meta_graph.ClearField("object_graph_def"))
    (tmp_path / "secret").unlink()
    os.mkfifo(tmp_path / "secret")  # whoever opens it waits for ever
    with pytest.raises(ConversionError, match=r"\(ReadFile\) in the function '.*' reads a file"):
        open_model(tmp_path / "model")


@pytest.fixture
def finds(tmp_path: Path) -> Path:
    tf.saved_model.save(Finds(vocabulary(tmp_path)), tmp_path / "finds")
    (tmp_path / "words.txt").unlink()
    return tmp_path / "finds"


def test_vocabulary_of_its_own(finds: Path, tmp_path: Path) -> None:
    for folder in (finds, tmp_path / "again"):
        assert open_model(folder).run({"x": WORDS})["out"].tolist() == [[1], [-1]]
        if folder == finds:
            # initialisers are called by others then
            loaded = tf.saved_model.load(str(finds))
            tf.saved_model.save(loaded, tmp_path / "again", signatures=loaded.__call__)


def test_vocabulary_of_a_layer(tmp_path: Path) -> None:
    word = keras.Input((1,), name="x", dtype="string")
    layer = keras.layers.StringLookup(vocabulary=str(vocabulary(tmp_path)))
    keras.Model(word, layer(word)).export(tmp_path / "model", verbose=False)
    (tmp_path / "words.txt").unlink()
    (found,) = open_model(tmp_path / "model").run({"x": WORDS}).values()
    assert found.tolist() == [[2], [0]]


def test_name_of_a_vocabulary_that_is_put_together(finds: Path) -> None:
    def change(meta_graph: Any) -> None:
        for function in meta_graph.graph_def.library.function:
            for node in function.node_def:
                if node.op.startswith("InitializeTableFromTextFile"):
                    name = node.input[1]
                    joined = function.node_def.add(name="joined", op="StringJoin", input=[name])
                    joined.attr["N"].i = 1
                    node.input[1] = "joined:output:0"
                    return

    with pytest.raises(ConversionError, match=r"\(InitializeTableFromTextFile\w*\).* reads a file"):
        open_model(edited(finds, change))


def asset_elsewhere(folder: Path) -> None:
    def change(meta_graph: Any) -> None:
        meta_graph.asset_file_def[0].filename = "../../secret"

    edited(folder, change)


def asset_linked(folder: Path) -> None:
    (asset,) = (folder / "assets").iterdir()
    asset.unlink()
    asset.symlink_to("../../secret")


def folder_linked(folder: Path) -> None:
    shutil.move(folder / "variables", folder.parent / "elsewhere")
    (folder / "variables").symlink_to("../elsewhere")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (asset_elsewhere, "has an asset '../../secret', which lies outside"),
        (asset_linked, r"words\.txt is a link to .*secret, outside"),
        (folder_linked, "variables is a link to .*elsewhere, outside"),
    ],
)
def test_files_outside_of_the_folder(
    change: Callable[[Path], None], words: str, finds: Path, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_text("a\nb\n")
    change(finds)
    with pytest.raises(ConversionError, match=rf"{words}(.|\n)*no other file"):
        open_model(finds)


def test_links_inside_of_the_folder_and_to_it(finds: Path, tmp_path: Path) -> None:
    (asset,) = (finds / "assets").iterdir()
    os.replace(asset, finds / "assets" / "kept")
    asset.symlink_to("kept")
    (tmp_path / "link").symlink_to(finds)
    assert open_model(tmp_path / "link").run({"x": WORDS})["out"].tolist() == [[1], [-1]]


@pytest.fixture
def of_tensorflow_1(tmp_path: Path) -> Path:
    """A SavedModel of a session, with a variable and a vocabulary."""
    words = vocabulary(tmp_path)
    with tf.Graph().as_default() as graph, tf1.Session(graph=graph) as session:
        x = tf1.placeholder(tf.string, [None, 1], name="x")
        tf1.add_to_collection(tf1.GraphKeys.ASSET_FILEPATHS, tf.constant(str(words)))
        rows = tf.lookup.TextFileInitializer(
            str(words), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, -1
        )
        shift = tf1.get_variable("shift", initializer=np.int64(5))
        table = tf.lookup.StaticHashTable(rows, -1)
        y = tf.identity(table.lookup(x) + shift, name="y")
        tf.io.write_file(str(tmp_path / "WRITTEN"), "hello", name="write")
        tf.constant(str(tmp_path / "secret"), name="elsewhere")
        session.run([tf1.global_variables_initializer(), tf1.tables_initializer()])
        signature = tf1.saved_model.predict_signature_def({"x": x}, {"y": y})
        builder = tf1.saved_model.Builder(str(tmp_path / "model"))
        builder.add_meta_graph_and_variables(
            session,
            ["serve"],
            {"serving_default": signature},
            assets_collection=tf1.get_collection(tf1.GraphKeys.ASSET_FILEPATHS),
            main_op=tf1.tables_initializer(),
        )
        builder.save()
    words.unlink()
    return tmp_path / "model"


def test_session_with_a_vocabulary_of_its_own(of_tensorflow_1: Path, tmp_path: Path) -> None:
    assert open_model(of_tensorflow_1).run({"x": WORDS})["y"].tolist() == [[6], [4]]
    assert not (tmp_path / "WRITTEN").exists()


def main_op_writes(meta_graph: Any) -> None:
    (name,) = meta_graph.collection_def["saved_model_main_op"].node_list.value
    node = next(node for node in meta_graph.graph_def.node if node.name == name)
    node.input.append("^write")


def saver_writes(meta_graph: Any) -> None:
    meta_graph.saver_def.restore_op_name = "write"


def saver_reads_elsewhere(meta_graph: Any) -> None:
    for node in meta_graph.graph_def.node:
        if node.op == "RestoreV2":
            node.input[0] = "elsewhere"


def output_writes(meta_graph: Any) -> None:
    node = next(node for node in meta_graph.graph_def.node if node.name == "y")
    node.input.append("^write")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (main_op_writes, "'write' .WriteFile. writes a file"),
        (saver_writes, "'write' .WriteFile. writes a file"),
        (output_writes, "'write' .WriteFile. writes a file"),
        (saver_reads_elsewhere, r"\(RestoreV2\) reads"),
    ],
)
def test_session_that_does_more_than_compute(
    change: Callable[[Any], None], words: str, of_tensorflow_1: Path, tmp_path: Path
) -> None:
    with pytest.raises(ConversionError, match=words):
        open_model(edited(of_tensorflow_1, change))
    assert not (tmp_path / "WRITTEN").exists()


@pytest.mark.parametrize("name", ["_step", "_initialize", "__call__"])
def test_private_function(name: str, tmp_path: Path) -> None:
    """TensorFlow calls those that are called like its own methods, and no others."""
    model = Model(path=tmp_path / "WRITTEN")
    _ = model.writes.get_concrete_function()
    tf.saved_model.save(model, tmp_path / "model", signatures=model.computes)

    def change(meta_graph: Any) -> None:
        (child,) = (
            child
            for node in meta_graph.object_graph_def.nodes
            for child in node.children
            if child.local_name == "writes"
        )
        child.local_name = name

    edited(tmp_path / "model", change)
    if name == "_step":
        assert open_model(tmp_path / "model").run({"x": np.ones((2, 3), "f4")})
    else:
        with pytest.raises(ConversionError, match=r"\(WriteFile\) in the function '.*' writes"):
            open_model(tmp_path / "model")
    assert not (tmp_path / "WRITTEN").exists()


@pytest.mark.filterwarnings("ignore")
def test_layer_of_keras_2_that_has_learned_a_scale(tmp_path: Path) -> None:
    x = tf_keras.Input((3,), name="x")
    layer = tf_keras.layers.Normalization()
    layer.adapt(np.array([[1, 2, 3], [3, 4, 5]], "f4"))
    tf_keras.Model(x, layer(x)).save(tmp_path / "model")
    (found,) = open_model(tmp_path / "model").run({"x": np.array([[2, 3, 5]], "f4")}).values()
    assert found.tolist() == [[0, 0, 1]]


class Trains(Model):
    """Beside what is served, it has a function with a dataset, which waits for its rows."""

    @tf.function(input_signature=[SPEC])  # type: ignore[untyped-decorator]
    def train(self, x: Any) -> Any:
        rows = tf.data.Dataset.from_tensor_slices(x).batch(2).map(tf.reduce_sum).prefetch(1)
        return {"loss": rows.reduce(0.0, tf.add)}


def test_dataset_in_a_function_that_nobody_calls(tmp_path: Path) -> None:
    model = Trains()
    both = {"serving_default": model.computes, "train": model.train}
    tf.saved_model.save(model, tmp_path / "model", signatures=both)
    assert open_model(tmp_path / "model").run({"x": np.ones((2, 3), "f4")})
    with pytest.raises(ConversionError, match=r"Dataset.* reads or writes datasets"):
        open_model(tmp_path / "model", signature="train")


def call_with_a_constant(meta_graph: Any) -> None:
    """Let the graph call a function with the name of a file, on which a shape depends."""
    function = next(
        each
        for each in meta_graph.graph_def.library.function
        if any(node.op == "ReadFile" for node in each.node_def)
    )
    text = tf.string.as_datatype_enum
    path = meta_graph.graph_def.node.add(name="path", op="Const")
    path.attr["dtype"].type = text
    path.attr["value"].tensor.CopyFrom(tf.make_tensor_proto("/etc/hostname"))
    call = meta_graph.graph_def.node.add(name="call", op="PartitionedCall", input=["path"])
    call.attr["f"].func.name = function.signature.name
    call.attr["Tin"].list.type.append(text)
    call.attr["Tout"].list.type.extend(each.type for each in function.signature.output_arg)
    meta_graph.ClearField("object_graph_def")


def test_function_called_with_the_name_of_a_file(tmp_path: Path) -> None:
    """TensorFlow looks into the function with what it is called with, when it imports the graph."""

    class Reads(Model):
        @tf.function(input_signature=[tf.TensorSpec([], tf.string)])  # type: ignore[untyped-decorator]
        def size_in(self, path: Any) -> Any:
            return tf.zeros(tf.reshape(tf.strings.to_number(tf.io.read_file(path), tf.int32), [1]))

    model = Reads()
    _ = model.size_in.get_concrete_function()
    tf.saved_model.save(model, tmp_path / "model", signatures=model.computes)
    with pytest.raises(ConversionError, match=r"\(ReadFile\) in the function '.*' reads a file"):
        open_model(edited(tmp_path / "model", call_with_a_constant))


def test_file_named_by_a_known_shape(tmp_path: Path) -> None:
    class Reads(Model):
        @tf.function(input_signature=[tf.TensorSpec([3], tf.float32)])  # type: ignore[untyped-decorator]
        def never_called(self, x: Any) -> Any:
            path = tf.strings.join([str(tmp_path / "secret"), tf.strings.as_string(tf.size(x))])
            size = tf.strings.to_number(tf.io.read_file(path), tf.int32)
            return tf.zeros(tf.reshape(size, [1]))

    (tmp_path / "secret3").write_text("3")
    model = Reads()
    _ = model.never_called.get_concrete_function()
    tf.saved_model.save(model, tmp_path / "model", signatures=model.computes)
    with pytest.raises(ConversionError, match=r"\(ReadFile\) in the function '.*' reads a file"):
        open_model(tmp_path / "model")
