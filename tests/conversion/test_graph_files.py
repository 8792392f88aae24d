"""Graph files: written whole or not at all, read with clear words about what is none."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import tensorflow as tf
from conversion_cases import Module, graph_of_constants, sequential
from google.protobuf import message, text_format

from cmsml_tasks.conversion import (
    MissingWeightsWarning,
    frozen_graph_def,
    load_graph,
    open_model,
    read_graph,
    save_graph,
    trace,
    write_graph,
)
from cmsml_tasks.conversion.freezing.frozen_graph import Frozen, filled
from cmsml_tasks.conversion.traced.weight import Weight
from cmsml_tasks.errors import ConversionError, UserError

tf1 = tf.compat.v1
GRAPH = graph_of_constants().as_graph_def()


def test_formats_by_ending_hold_the_same_graph(tmp_path: Path) -> None:
    for name in ("graph.pb", "graph.pb.txt", "graph.pbtxt"):
        write_graph(tmp_path / name, GRAPH)
        assert read_graph(tmp_path / name) == GRAPH
    assert (tmp_path / "graph.pb.txt").read_text().startswith("node {")
    assert tf1.GraphDef.FromString((tmp_path / "graph.pb").read_bytes()) == GRAPH


def test_as_text_overrules_the_ending_in_every_way_that_cmsml_takes(tmp_path: Path) -> None:
    path = tmp_path / "graph.dat"
    for write in (
        lambda: save_graph(path, GRAPH, as_text=True),
        lambda: save_graph(path, GRAPH, False, None, True),
        lambda: save_graph(path, GRAPH, False, None, None, True),
    ):
        write()
        assert path.read_text().startswith("node {")
        path.unlink()
    save_graph(path, GRAPH, as_text=False)
    assert isinstance(load_graph(path, as_text=False), tf.Graph)
    with pytest.raises(TypeError, match="as_text once"):
        save_graph(path, GRAPH, False, None, True, as_text=True)


def test_load_graph_gives_a_session_when_asked(tmp_path: Path) -> None:
    save_graph(tmp_path / "graph.pb", GRAPH)
    config = tf1.ConfigProto(intra_op_parallelism_threads=1)
    loaded = load_graph(tmp_path / "graph.pb", True, session_kwargs={"config": config})
    graph, session = loaded
    assert session.graph is graph
    assert session.run("probabilities:0", {"x:0": np.ones((2, 4))}).shape == (2, 3)


@pytest.mark.parametrize("name", ["graph", "graph.txt", "graph.h5", "graph.pb.gz", "graph.PB"])
def test_other_endings_are_refused_before_any_work(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"use \.pb for the binary form"):
        save_graph(tmp_path / name, "not even an object")
    (tmp_path / name).write_bytes(GRAPH.SerializeToString(deterministic=True))
    with pytest.raises(ConversionError, match="ending"):
        read_graph(tmp_path / name)
    with pytest.raises(ConversionError, match="ending"):
        open_model(tmp_path / name)


def test_folders_are_made_and_paths_expanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MODEL_FOLDER", "deep/folder")
    save_graph("~/${MODEL_FOLDER}/graph.pb", GRAPH)
    assert (tmp_path / "deep/folder/graph.pb").is_file()
    assert isinstance(load_graph("~/$MODEL_FOLDER/graph.pb"), tf.Graph)
    assert trace(frozen_graph_def(open_model("~/$MODEL_FOLDER/graph.pb"))).signature.inputs


def test_failed_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "graph.pb"
    path.write_text("old")
    with pytest.raises(ConversionError):
        save_graph(path, sequential(), True, output_names=["a", "b"])
    assert [p.name for p in tmp_path.iterdir()] == ["graph.pb"]
    assert path.read_text() == "old"


def test_path_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="cannot write"):
        save_graph(tmp_path / "file" / "graph.pb", GRAPH)


def test_graph_too_large_for_protobuf_is_refused_before_weights_are_read() -> None:
    graph_def = tf1.GraphDef()
    graph_def.node.add(name="w", op="Const").attr["dtype"].type = tf.float32.as_datatype_enum
    read: list[str] = []

    def value() -> Any:
        read.append("w")
        return np.broadcast_to(np.float32(0), (2**29,))

    with pytest.raises(ConversionError, match=r"2,147,483,6.. bytes.*ends at 2,147,483,647"):
        filled(Frozen(graph_def, {"w": Weight(tf.float32, (2**29,), value)}))
    assert not read


BINARY = GRAPH.SerializeToString(deterministic=True)
TEXT = text_format.MessageToString(GRAPH).encode()
ONNX = b"\x08\x08\x12\x07pytorch\x1a\x051.0.0:\x10\n\x0e\n\x01x\x12\x01y"
NOISE = np.random.default_rng(0).bytes(4000)


def saved_model() -> bytes:
    from tensorflow.core.protobuf import saved_model_pb2

    proto = saved_model_pb2.SavedModel(saved_model_schema_version=1)
    proto.meta_graphs.add().graph_def.CopyFrom(GRAPH)
    return bytes(proto.SerializeToString(deterministic=True))


def hdf5(folder: Path) -> bytes:
    with h5py.File(folder / "some.h5", "w") as file:
        file["x"] = [1, 2]
    return (folder / "some.h5").read_bytes()


def archive(folder: Path) -> bytes:
    with zipfile.ZipFile(folder / "some.zip", "w") as file:
        file.writestr("x", "y")
    return (folder / "some.zip").read_bytes()


@pytest.mark.parametrize("open_file", [read_graph, load_graph, open_model])
@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("graph.pb", b"", "is empty"),
        ("graph.pb.txt", b"", "is empty"),
        ("graph.pb", BINARY[:-3], "no binary TensorFlow graph, or only a part"),
        ("graph.pb", BINARY[: len(BINARY) // 2], "no binary TensorFlow graph, or only a part"),
        ("graph.pbtxt", TEXT[: len(TEXT) // 2], "no text TensorFlow graph, or only a part"),
        ("graph.pb", NOISE, "no binary TensorFlow graph|no whole"),
        ("graph.pb.txt", NOISE, "binary data; name it .pb|no text TensorFlow graph"),
        ("graph.pb", TEXT, "holds text; name it .pb.txt"),
        ("graph.pb.txt", BINARY, "holds binary data; name it .pb"),
        ("graph.pb", ONNX, "perhaps an ONNX model"),
        ("graph.pb", saved_model(), "SavedModel; give the folder"),
        ("graph.pb", pickle.dumps({"a": 1}), "Python pickle"),
        ("graph.pb", hdf5, "HDF5 file; a Keras model of this kind ends in .h5"),
        ("graph.pb.txt", archive, "a zip archive; a Keras model of this kind ends in .keras"),
        ("graph.pb.txt", b"hello world\n", "no text TensorFlow graph"),
        ("graph.pb.txt", b"# only a comment\n", "has no nodes"),
    ],
)
def test_files_that_hold_no_graph(
    name: str, content: Any, message: str, open_file: Any, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content(tmp_path) if callable(content) else content)
    with pytest.raises(ConversionError, match=message) as caught:
        open_file(path)
    assert str(path) in str(caught.value)


def test_files_that_are_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "no.pb", tmp_path / "no.keras", tmp_path / "no_folder"):
        with pytest.raises(ConversionError, match="there is no file"):
            open_model(path)
    with pytest.raises(ConversionError, match="No such file"):
        read_graph(tmp_path / "no.pb")
    with pytest.raises(ConversionError, match="is a folder"):
        read_graph(tmp_path)
    with pytest.raises(ConversionError, match="holds no SavedModel"):
        open_model(tmp_path)


def test_errors_are_also_those_that_cmsml_lets_through(tmp_path: Path) -> None:
    save_graph(tmp_path / "graph.pb", GRAPH)
    save_graph(tmp_path / "graph.pb.txt", GRAPH)
    with pytest.raises(text_format.ParseError):
        load_graph(tmp_path / "graph.pb", as_text=True)
    with pytest.raises(message.DecodeError):
        load_graph(tmp_path / "graph.pb.txt", as_text=False)


def test_graph_that_this_tensorflow_does_not_know(tmp_path: Path) -> None:
    graph_def = tf1.GraphDef()
    graph_def.CopyFrom(GRAPH)
    graph_def.node.add(name="future", op="OpOfTheFuture")
    write_graph(tmp_path / "graph.pb", graph_def)
    with pytest.raises(ConversionError, match=r"does not accept this graph.*OpOfTheFuture"):
        load_graph(tmp_path / "graph.pb")
    with pytest.raises(ConversionError, match="OpOfTheFuture"):
        open_model(tmp_path / "graph.pb")


def test_graph_without_versions_can_be_written_and_read_again(tmp_path: Path) -> None:
    graph_def = tf1.GraphDef(node=GRAPH.node)
    write_graph(tmp_path / "graph.pb", graph_def)
    assert list(read_graph(tmp_path / "graph.pb").node) == list(GRAPH.node)


def test_missing_weights_are_warned_about_where_they_get_lost(tmp_path: Path) -> None:
    module = Module()
    for obj in (sequential(), module.linear):
        with pytest.warns(MissingWeightsWarning, match="variables_to_constants=True") as caught:
            save_graph(tmp_path / "graph.pb", obj)
        assert [warning.filename for warning in caught] == [__file__]
    # a warning would be an error here
    save_graph(tmp_path / "graph.pb", sequential(), variables_to_constants=True)
    save_graph(tmp_path / "graph.pb", GRAPH)


def test_umask_decides_who_may_read(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        write_graph(tmp_path / "graph.pb", GRAPH)
    finally:
        os.umask(old)
    assert (tmp_path / "graph.pb").stat().st_mode & 0o777 == 0o644


def test_graph_that_begins_like_another_file(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        tf.compat.v1.placeholder(tf.float32, [], name="TFL3_input")
    save_graph(tmp_path / "graph.pb", graph)
    assert (tmp_path / "graph.pb").read_bytes()[4:8] == b"TFL3"
    assert read_graph(tmp_path / "graph.pb").node[0].name == "TFL3_input"


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("make", [tf.Graph, tf.compat.v1.GraphDef])
def test_graph_without_operations(make: Any, frozen: bool, tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"has no operations|no output to export"):
        save_graph(tmp_path / "graph.pb", make(), frozen)
    assert not list(tmp_path.iterdir())


def test_a_text_cut_within_its_weights_is_refused_without_them(tmp_path: Path) -> None:
    path = tmp_path / "graph.pbtxt"
    with tf.Graph().as_default() as graph:
        tf.constant(np.arange(50_000, dtype=np.float32), name="weights")
    write_graph(path, graph.as_graph_def())
    text = path.read_text()
    path.write_text(text[: text.index("tensor_content") + 40_000])
    with pytest.raises(ConversionError, match="only a part of one") as refusal:
        read_graph(path)
    assert len(str(refusal.value)) < 600
