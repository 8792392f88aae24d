"""SavedModel folders, opened, run and frozen."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conversion_cases import (
    Module,
    X,
    in_lists,
    rows,
    session_with,
)
from opening import check_frozen, cut, evaluated, interface, random_inputs

from cmsml_tasks.conversion import frozen_graph_def, open_model, write_graph
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
]


def test_keras_model_in_a_saved_model_folder(tmp_path: Path) -> None:
    model = in_lists()
    model.export(tmp_path / "exported", verbose=False)
    traced = open_model(tmp_path / "exported")
    inputs = dict(zip(interface(traced)[0], [rows(5, 2), rows(5, 3)], strict=True))
    assert set(inputs) >= {"named"}
    shapes = {info.name: info.shape for info in traced.signature.inputs}
    assert shapes["named"] == (None, 3)
    other = next(name for name in shapes if name != "named")
    values = traced.run({"named": rows(5, 3), other: rows(5, 2)})
    expected = model([rows(5, 2), rows(5, 3)], training=False)
    for value, original in zip(values.values(), expected, strict=True):
        np.testing.assert_allclose(value, original, rtol=2e-6, atol=2e-7)
    check_frozen(traced, tmp_path)


def test_module_in_a_saved_model_folder(tmp_path: Path) -> None:
    """Control flow and variables in nested functions; the loaded object is not kept elsewhere."""
    module = Module()
    tf.saved_model.save(module, tmp_path / "module", signatures=module.branching)
    traced = open_model(tmp_path / "module")
    assert interface(traced) == (["index", "x"], ["index_out", "last", "y"])
    inputs = {"x": X, "index": np.array([0, 1, 2, 3, 4, 0])}
    expected = module.branching(**inputs)
    values = traced.run(inputs)
    write_graph(tmp_path / "frozen.pb", frozen_graph_def(traced))
    frozen = evaluated(tmp_path / "frozen.pb", inputs, ["last", "y"])
    for value, name in zip(frozen, ["last", "y"], strict=True):
        np.testing.assert_array_equal(values[name], expected[name])
        np.testing.assert_allclose(value, expected[name], rtol=2e-6, atol=2e-7)


def test_saved_model_with_one_or_several_other_signatures(tmp_path: Path) -> None:
    module = Module()
    tf.saved_model.save(module, tmp_path / "one", signatures={"mine": module.linear})
    assert interface(open_model(tmp_path / "one")) == (["x"], ["output_0"])
    both = {"mine": module.linear, "other": module.branching}
    tf.saved_model.save(module, tmp_path / "two", signatures=both)
    with pytest.raises(ConversionError, match=r"no signature 'serving_default'.*'mine', 'other'"):
        open_model(tmp_path / "two")
    tf.saved_model.save(module, tmp_path / "none")
    with pytest.raises(ConversionError, match=r"\(signatures: nothing\)"):
        open_model(tmp_path / "none")


@pytest.mark.parametrize("use_resource", [True, False])
def test_saved_model_of_a_session_of_tensorflow_1(use_resource: bool, tmp_path: Path) -> None:
    session = session_with(use_resource)
    folder = tmp_path / "model"
    with session.graph.as_default():
        tensor = session.graph.get_tensor_by_name
        tf1.saved_model.simple_save(
            session,
            str(folder),
            {"z": tensor("x:0"), "a": tensor("shift:0")},
            {"y": tensor("output:0"), "b": tensor("hidden:0")},
        )
    traced = open_model(folder)
    assert interface(traced) == (["a", "z"], ["b", "y"])
    values = check_frozen(traced, tmp_path)
    inputs = random_inputs(traced)
    feeds = {"x:0": inputs["z"], "shift:0": inputs["a"]}
    np.testing.assert_array_equal(values["y"], session.run("output:0", feeds))

    with session.graph.as_default():
        builder = tf1.saved_model.Builder(str(tmp_path / "partial"))
        signature = tf1.saved_model.predict_signature_def(
            {"x": tensor("x:0")}, {"y": tensor("output:0")}
        )
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    with pytest.raises(ConversionError, match="also need 'shift', which is no input"):
        open_model(tmp_path / "partial")


def test_saved_model_of_a_session_runs_as_it_is_written(tmp_path: Path) -> None:
    """With TensorFlow's rewriting, oneDNN's fused kernel makes a number of NaN."""
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 4])
        weight = tf1.get_variable("w", initializer=rows(4, 4), use_resource=True)
        bias = tf1.get_variable("b", initializer=rows(4), use_resource=True)
        y = tf.nn.relu(tf.nn.bias_add(x @ weight, bias))
        with tf1.Session(graph=graph) as session:
            session.run(tf1.global_variables_initializer())
            tf1.saved_model.simple_save(session, str(tmp_path / "model"), {"x": x}, {"y": y})
    traced = open_model(tmp_path / "model")
    assert np.isnan(traced.run({"x": np.full((2, 4), np.nan)})["y"]).all()


def test_lookup_tables_can_be_used_again_and_again(tmp_path: Path) -> None:
    word = keras.Input((1,), name="word", dtype="string")
    layer = keras.layers.StringLookup(vocabulary=["a", "b"], output_mode="one_hot")
    model = keras.Model(word, layer(word))
    model.save(tmp_path / "model.keras")
    model.export(tmp_path / "folder", verbose=False)
    words = np.array([[b"b"], [b"?"], [b"a"]])
    for path in (tmp_path / "model.keras", tmp_path / "folder"):
        traced = open_model(path)
        (expected,) = traced.run({"word": words}).values()
        assert expected.tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0]]
        graph = load_graph_def(frozen_graph_def(traced))
        with tf1.Session(graph=graph) as session:
            for _ in range(3):
                name = traced.signature.outputs[0].tensor
                value = session.run(name, {traced.signature.inputs[0].tensor: words})
                np.testing.assert_array_equal(value, expected)


def load_graph_def(graph_def: Any) -> tf.Graph:
    graph = tf.Graph()
    with graph.as_default():
        tf.import_graph_def(graph_def, name="")
    return graph


def test_broken_saved_models(tmp_path: Path) -> None:
    module = Module()
    tf.saved_model.save(module, tmp_path / "model", signatures=module.linear)
    with pytest.raises(ConversionError, match="SavedModel; give the folder"):
        open_model(tmp_path / "model" / "saved_model.pb")
    shutil.rmtree(tmp_path / "model" / "variables")
    with pytest.raises(ConversionError, match="cannot read the SavedModel"):
        open_model(tmp_path / "model")
    cut(tmp_path / "model" / "saved_model.pb", 0.5)
    with pytest.raises(ConversionError, match="cannot read the SavedModel"):
        open_model(tmp_path / "model")
