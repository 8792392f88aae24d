"""``python -m cmsml_tasks show`` on model files of every kind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf

from cmsml_tasks.conversion import load_graph_def, save_graph
from cmsml_tasks.exporting.inspection import inspected

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
]
KINDS = ("net.keras", "net.h5", "net", "net.pb", "net.pb.txt")


@pytest.fixture(scope="module")
def files(tmp_path_factory: Any) -> Path:
    """A folder with one network in files of every kind."""
    folder = tmp_path_factory.mktemp("models")
    features = keras.Input((3,), name="features")
    hidden = keras.layers.Dense(4, "relu", name="hidden")(features)
    model = keras.Model(features, keras.layers.Dense(1, name="score")(hidden))
    model.save(folder / "net.keras")
    model.save(folder / "net.h5")
    model.export(folder / "net", verbose=False)
    save_graph(folder / "net.pb", model, True)
    save_graph(folder / "net.pb.txt", model, True)
    return folder


def shown(*arguments: object) -> tuple[int, str]:
    command = [sys.executable, "-m", "cmsml_tasks", "show", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file(kind: str, files: Path) -> None:
    found = inspected(str(files / kind))
    (first,) = found["signature"]["inputs"]
    assert (first["name"], first["shape"]) == ("features", (None, 3))
    assert found["description"]["parameters"] == 3 * 4 + 4 + 4 + 1
    products = [node for node in found["nodes"] if node["operation"] == "MatMul"]
    assert [node["shapes"] for node in products] == [[(None, 4)], [(None, 1)]]
    assert [node["parameters"] for node in products] == [12, 4]
    assert not any(node["operation"] == "Const" for node in found["nodes"])
    graph_def = load_graph_def(files / kind)
    assert {node["name"] for node in found["nodes"]} < {node.name for node in graph_def.node}


def test_on_the_command_line(files: Path, tmp_path: Path) -> None:
    status, text = shown(files / "net.keras", "--tensorboard", tmp_path / "events")
    assert status == 0, text
    words = [line.split() for line in text.splitlines()]
    assert ["input", "features:0", "float32", "(?,", "3)"] in words
    assert ["verdict", "reaches", "nothing", "outside"] in words
    assert any(line[1:] == ["MatMul", "(?,", "4)", "12"] for line in words)
    assert "0000" not in text, "TensorFlow's own log is no part of it"
    (events,) = (tmp_path / "events").iterdir()
    records = tf.compat.v1.train.summary_iterator(str(events))
    graphs = [record.graph_def for record in records if record.WhichOneof("what") == "graph_def"]
    assert tf.compat.v1.GraphDef.FromString(graphs[0]).node


def test_file_that_acts(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        name = tf.compat.v1.placeholder(tf.string, [], name="x")
        tf.io.read_file(name, name="secret")
    (tmp_path / "graph.pb").write_bytes(graph.as_graph_def().SerializeToString())
    status, text = shown(tmp_path / "graph.pb")
    assert status == 1
    assert "error: " in text
    assert "'secret'" in text
    assert "ReadFile" in text


def test_file_that_is_not_there() -> None:
    status, text = shown("nowhere.keras")
    assert status == 1
    assert "there is no file or folder nowhere.keras" in text
