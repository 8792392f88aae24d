"""Files that are anything but a graph: named as what they are, quickly, and never a hang."""

from __future__ import annotations

import gzip
import io
import json
import os
import pickle
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from conversion_cases import graph_of_constants
from google.protobuf import text_format

from cmsml_tasks.conversion import load_graph, open_model, read_graph
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1
GRAPH = graph_of_constants().as_graph_def()
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
ONNX = b"\x08\x08\x12\x07pytorch\x1a\x051.0.0:\x10\n\x0e\n\x01x\x12\x01y"


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tarred() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("graph.pb"))
    return buffer.getvalue()


def array() -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ones(3))
    return buffer.getvalue()


def meta_graph() -> bytes:
    with tf.Graph().as_default() as graph:
        tf1.placeholder(tf.float32, name="x")
        return bytes(tf1.train.export_meta_graph(graph=graph).SerializeToString())


def checkpoint(folder: Path) -> bytes:
    tf.train.Checkpoint(v=tf.Variable(1.0)).write(str(folder / "check"))
    return (folder / "check.index").read_bytes()


FILES: dict[str, tuple[Any, str]] = {
    "git-lfs": (LFS, "git-lfs.*git lfs pull"),
    "git-annex": (b"../.git/annex/objects/Xk/3f/MD5E-s1--a.pb", "git-annex.*git annex get"),
    "web page": (b"\n<!DOCTYPE html>\n<html><title>404</title>", "web page.*download it again"),
    "web page without type": (b"<HTML><body>Sign in", "web page"),
    "not found": (b"404: Not Found", "error message.*download"),
    "xml": (
        b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>',
        "XML.*what a server answered",
    ),
    "json": (json.dumps({"error": "denied"}).encode(), "JSON.*what a server answered"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "PDF"),
    "gzip": (gzip.compress(GRAPH.SerializeToString()), "gzip archive; unpack"),
    "tar": (tarred, "tar archive; unpack"),
    "pickle": (pickle.dumps({"a": 1}), "Python pickle"),
    "numpy": (array, "numpy array"),
    "arrays": (zipped(**{"a.npy": b"x", "b.npy": b"y"}), "archive of numpy arrays"),
    "pytorch": (zipped(**{"model/data.pkl": b"x"}), "PyTorch"),
    "keras": (zipped(**{"config.json": b"{}", "model.weights.h5": b""}), "Keras.*name it .keras"),
    "root": (b"root\x00\x00\xf3\x58" + bytes(80), "ROOT file"),
    "tflite": (b"\x1c\0\0\0TFL3" + bytes(40), "TensorFlow Lite"),
    "onnx": (ONNX, "perhaps an ONNX model"),
    "meta graph": (meta_graph, "MetaGraphDef.*import_meta_graph"),
    "checkpoint": (checkpoint, "index of a checkpoint"),
    "checkpoints": (b'model_checkpoint_path: "model"\n', "list of checkpoints"),
    "text of a SavedModel": (b"saved_model_schema_version: 1\nmeta_graphs {\n", "SavedModel"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("ending", ["pb", "pb.txt"])
def test_file_is_named_as_what_it_is(name: str, ending: str, tmp_path: Path) -> None:
    make, message = FILES[name]
    parameters = (tmp_path,) if make is checkpoint else ()
    path = tmp_path / f"graph.{ending}"
    path.write_bytes(make(*parameters) if callable(make) else make)
    for load in (load_graph, open_model):
        with pytest.raises(ConversionError, match=message) as caught:
            load(path)
        assert str(path) in str(caught.value)


@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_what_is_no_keras_file_is_named_too(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"model.{ending}"
    path.write_bytes(LFS)
    with pytest.raises(ConversionError, match="git lfs pull"):
        open_model(path)


def test_truncation_says_what_is_missing(tmp_path: Path) -> None:
    content = GRAPH.SerializeToString()
    (tmp_path / "graph.pb").write_bytes(content[:40])
    with pytest.raises(ConversionError, match=r"the field at byte 0 ends at \d+, the file at 40"):
        load_graph(tmp_path / "graph.pb")


CHILD = """
import resource, sys, time
from cmsml_tasks.conversion import load_graph
from cmsml_tasks.errors import ConversionError
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for path in sys.argv[1:]:
    begin = time.perf_counter()
    try:
        load_graph(path)
    except ConversionError as error:
        print(error)
    assert time.perf_counter() - begin < 5, path
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
assert grown < 100_000, grown
"""


def test_huge_files_are_refused_without_being_read(tmp_path: Path) -> None:
    node = b"\x0a\x0a\x0a\x01x\x12\x05Const"
    paths = []
    for name, start, size in (
        ("holes.pb", b"", 2**31 - 1),
        ("node_and_holes.pb", node, 2**31 - 1),
        ("holes.pb.txt", b"", 2**31 - 1),
        ("words.pb.txt", b"once upon a time " * 5_000, 2**30),
        ("beyond.pb", node, 2**31),
        ("beyond.pb.txt", b"node {", 5 * 2**30),
    ):
        paths.append(tmp_path / name)
        with open(paths[-1], "wb") as file:
            file.write(start)
            file.truncate(size)
    child = subprocess.run(
        [sys.executable, "-c", CHILD, *paths],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    assert "has 2,147,483,648 bytes, but a GraphDef ends at 2,147,483,647" in child.stdout
    assert "once upon a time" in child.stdout
    assert len(child.stdout.splitlines()) == len(paths)


def test_pipes_devices_and_dead_links_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pb")
    (tmp_path / "device.pb").symlink_to("/dev/zero")
    (tmp_path / "dead.pb").symlink_to(tmp_path / "nowhere.pb")
    (tmp_path / "circle.pb").symlink_to(tmp_path / "circle.pb")
    os.mkfifo(tmp_path / "pipe.keras")
    begin = time.perf_counter()
    for name, message in (
        ("pipe.pb", "is a pipe or device"),
        ("device.pb", "is a pipe or device"),
        ("dead.pb", "No such file"),
        ("circle.pb", "symbolic links"),
    ):
        with pytest.raises(ConversionError, match=message):
            load_graph(tmp_path / name)
        with pytest.raises(ConversionError):
            open_model(tmp_path / name)
    with pytest.raises(ConversionError, match="is a pipe or device"):
        open_model(tmp_path / "pipe.keras")
    with pytest.raises(ConversionError, match="name too long"):
        open_model(tmp_path / ("x" * 300 + ".pb"))
    with pytest.raises(ConversionError, match="null byte"):
        load_graph("a\0b.pb")
    assert time.perf_counter() - begin < 5


def test_names_that_are_no_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/gr\xffaph.pb"))
    path.write_bytes(GRAPH.SerializeToString())
    assert read_graph(path) == GRAPH
    assert isinstance(load_graph(path), tf.Graph)
    path.write_bytes(b"404: Not Found")
    with pytest.raises(ConversionError, match="error message"):
        load_graph(path)


@pytest.mark.parametrize("depth", [50, 3_000, 100_000])
def test_deep_nesting(depth: int, tmp_path: Path) -> None:
    opening = 'attr { key: "f" value { func { name: "f" '
    text = 'node { name: "x" op: "NoOp" ' + opening * depth + "} } } " * depth + "}"
    text += "versions { producer: 1 }"
    (tmp_path / "deep.pb.txt").write_text(text)
    with pytest.raises(ConversionError, match=r"nested too deeply|does not accept"):
        load_graph(tmp_path / "deep.pb.txt")
    message = b""
    for _ in range(min(depth, 3_000)):
        message = field(1, b"f") + field(2, field(1, b"f") + field(2, field(10, message)))
    node = field(1, b"x") + field(2, b"NoOp") + field(5, field(1, b"f") + field(2, message))
    (tmp_path / "deep.pb").write_bytes(field(1, node))
    with pytest.raises(ConversionError, match="no binary TensorFlow graph"):
        load_graph(tmp_path / "deep.pb")


def field(number: int, content: bytes) -> bytes:
    """Return a field of a protobuf with a length."""
    size, length = len(content), b""
    while size > 127:
        length += bytes([size & 127 | 128])
        size >>= 7
    return bytes([number << 3 | 2]) + length + bytes([size]) + content


def test_text_as_people_write_it_is_read(tmp_path: Path) -> None:
    text = text_format.MessageToString(GRAPH)
    for start in ("# a comment\n\n  # another\n", "\n\n", ""):
        (tmp_path / "graph.pbtxt").write_text(start + text)
        assert read_graph(tmp_path / "graph.pbtxt") == GRAPH
    (tmp_path / "graph.pbtxt").write_text(text.replace("node {", "node:{", 1))
    assert read_graph(tmp_path / "graph.pbtxt") == GRAPH


def test_zip_that_unpacks_to_far_more_is_no_keras_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.keras", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * 50_000_000)
    with pytest.raises(ConversionError, match="would unpack to 50,000,000 bytes"):
        open_model(tmp_path / "bomb.keras")
