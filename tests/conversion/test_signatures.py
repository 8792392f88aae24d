"""SavedModels with several signatures: which one is taken, and how to take another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from cmsml_tasks.conversion import load_graph, open_model, save_graph
from cmsml_tasks.conversion.interface.signature import Served
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1
X = np.arange(6, dtype="float32").reshape(2, 3)


class Two(tf.Module):
    """One function that serves, another one beside it."""

    def __init__(self) -> None:
        self.factor = tf.Variable(2.0)

    @tf.function(input_signature=[tf.TensorSpec((None, 3), name="x")])
    def scaled(self, x: Any) -> Any:
        return {"y": x * self.factor}

    @tf.function(input_signature=[tf.TensorSpec((None, 3), name="x")])
    def total(self, x: Any) -> Any:
        return {"t": tf.reduce_sum(x * self.factor)}


def of_objects(folder: Path) -> None:
    module = Two()
    signatures = {"serving_default": module.scaled, "total": module.total}
    tf.saved_model.save(module, folder, signatures=signatures)


def of_a_session(folder: Path) -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        x = tf1.placeholder(tf.float32, (None, 3), name="x")
        outputs = {"serving_default": {"y": x * 2}, "total": {"t": tf.reduce_sum(x * 2)}}
        info = tf1.saved_model.build_tensor_info
        signatures = {
            name: tf1.saved_model.build_signature_def(
                {"x": info(x)}, {key: info(tensor) for key, tensor in tensors.items()}, "predict"
            )
            for name, tensors in outputs.items()
        }
        builder = tf1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(session, ["serve"], signatures)
        builder.save()


@pytest.fixture(scope="module", params=[of_objects, of_a_session], ids=lambda make: make.__name__)
def folder(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("saved") / "model (1)"
    request.param(path)
    return path


def test_the_one_that_is_taken_and_the_others_are_known(folder: Path) -> None:
    usual, other = open_model(folder), open_model(folder, signature="total")
    assert usual.signature.served == Served("serving_default", ("total",))
    assert other.signature.served == Served("total", ("serving_default",))
    assert usual.run({"x": X})["y"].tolist() == (2 * X).tolist()
    assert other.run({"x": X})["t"] == 30
    # what is done to it afterwards does not make it another one
    assert usual.renamed(["in"], None).signature.served == usual.signature.served


def test_graphs_are_saved_and_loaded_of_either(folder: Path, tmp_path: Path) -> None:
    for signature, output, expected in ((None, "y:0", 2 * X), ("total", "t:0", 30)):
        save_graph(tmp_path / "graph.pb", folder, True, signature=signature)
        for path, options in ((tmp_path / "graph.pb", {}), (folder, {"signature": signature})):
            _, session = load_graph(path, create_session=True, **options)
            np.testing.assert_array_equal(session.run(output, {"x:0": X}), expected)


def test_what_was_loaded_is_saved_as_its_folder_is(tmp_path: Path) -> None:
    of_objects(tmp_path / "model")
    loaded = tf.saved_model.load(str(tmp_path / "model"))
    for model, name in ((loaded, "loaded.pb"), (tmp_path / "model", "folder.pb")):
        save_graph(tmp_path / name, model, True, signature="total")
    assert (tmp_path / "loaded.pb").read_bytes() == (tmp_path / "folder.pb").read_bytes()


def test_one_that_is_not_there_is_refused_with_the_nearest(folder: Path, tmp_path: Path) -> None:
    message = r"no signature 'totals'; did you mean 'total'\? .*'serving_default', 'total'"
    for opened in (
        lambda: open_model(folder, signature="totals"),
        lambda: save_graph(tmp_path / "graph.pb", folder, True, signature="totals"),
        lambda: load_graph(folder, signature="totals"),
    ):
        with pytest.raises(ConversionError, match=message):
            opened()


def test_one_without_signatures_says_how_to_save_it_whatever_is_asked_for(tmp_path: Path) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path / "none"))
    for wanted in (None, "total", ""):
        with pytest.raises(ConversionError, match=r"\(signatures: nothing\); save it with sig"):
            open_model(tmp_path / "none", signature=wanted)


def test_what_is_no_saved_model_has_no_signatures(tmp_path: Path) -> None:
    module = Two()
    save_graph(tmp_path / "graph.pb", module.scaled, True)
    with pytest.raises(ConversionError, match="no SavedModel"):
        open_model(tmp_path / "graph.pb", signature="total")
    for refused in (
        lambda: save_graph(tmp_path / "other.pb", module.scaled, True, signature="total"),
        lambda: load_graph(tmp_path / "graph.pb", signature="total"),
    ):
        with pytest.raises(ConversionError, match="signature='total' goes with a SavedModel"):
            refused()
    assert not (tmp_path / "other.pb").exists()
