"""An export leaves the model and the process as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conversion_cases import X, functional, in_lists, rows, sequential, session_with

from cmsml_tasks.conversion import get_session, save_graph, trace
from cmsml_tasks.conversion.sources.unoptimised import functions_as_written


def state(model: Any) -> tuple[Any, ...]:
    weights = [(v.path, v.numpy().tobytes(), v.trainable) for v in model.variables]
    return (weights, model.to_json(), [layer.built for layer in model.layers], model.built)


@pytest.mark.parametrize("make", [sequential, functional, in_lists])
def test_model_is_as_before(make: Any, tmp_path: Path) -> None:
    model = make()
    before = state(model)
    save_graph(tmp_path / "graph.pb", model, variables_to_constants=True)
    get_session(model)
    assert state(model) == before


def test_training_goes_on_as_if_there_had_been_no_export(tmp_path: Path) -> None:
    def trained(export: bool) -> Any:
        keras.utils.set_random_seed(5)
        model = keras.Sequential(
            [keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dropout(0.5)]
        )
        model.compile("sgd", "mse")
        model.fit(X, X[:, :3], verbose=0)
        if export:
            save_graph(tmp_path / "graph.pb", model, variables_to_constants=True)
            get_session(model)
        model.fit(X, X[:, :3], verbose=0, epochs=2)
        return [weight.tobytes() for weight in model.get_weights()]

    assert trained(export=False) == trained(export=True)


def test_global_state_is_as_before(tmp_path: Path) -> None:
    tf.random.set_seed(3)
    expected = tf.random.normal([3]).numpy(), np.random.default_rng(0).random()
    tf.random.set_seed(3)
    model = sequential()
    graph, operations = tf.compat.v1.get_default_graph(), None
    with tf.Graph().as_default() as outer:
        tf.constant(1.0)
        operations = len(outer.get_operations())
        # an export from within a graph that somebody is building does not add to it
        save_graph(tmp_path / "graph.pb", model, variables_to_constants=True)
        trace(model).run({"input": X})
        assert tf.compat.v1.get_default_graph() is outer
        assert len(outer.get_operations()) == operations
    assert tf.compat.v1.get_default_graph() is graph
    assert tf.executing_eagerly()
    save_graph(tmp_path / "graph.pb", model, variables_to_constants=True)
    tf.random.set_seed(3)
    actual = tf.random.normal([3]).numpy(), np.random.default_rng(0).random()
    np.testing.assert_array_equal(actual[0], expected[0])


def test_graph_of_a_session_does_not_grow(tmp_path: Path) -> None:
    session = session_with(True)
    session.graph.finalize()
    before = session.graph.as_graph_def()
    save_graph(tmp_path / "graph.pb", session, True, ["output"], ["features", "offset"])
    assert session.graph.as_graph_def() == before


def test_graph_def_that_is_passed_in_does_not_change(tmp_path: Path) -> None:
    graph_def = session_with(True).graph.as_graph_def()
    copy = type(graph_def)()
    copy.CopyFrom(graph_def)
    save_graph(tmp_path / "graph.pb", graph_def, False, ["output"], ["features", "offset"])
    assert graph_def == copy


def relu_of_nan() -> Any:
    """NaN stays NaN only in graphs as written: oneDNN's fused kernel makes a number of it."""
    weight, bias = tf.Variable(rows(4, 4)), tf.Variable(rows(4))

    @tf.function(input_signature=[tf.TensorSpec((None, 4))])
    def function(x: Any) -> Any:
        return tf.nn.relu(tf.nn.bias_add(x @ weight, bias))

    return function


def test_originals_run_as_written_without_a_change_of_options() -> None:
    shared = tf.config.optimizer.get_experimental_options
    before = shared()
    traced = trace(relu_of_nan())
    missing = {"x": np.full((2, 4), np.nan, "float32")}
    with functions_as_written():
        assert shared() == before  # other threads are left alone
        assert np.isnan(traced.run(missing)["output"]).all()
    assert shared() == before
