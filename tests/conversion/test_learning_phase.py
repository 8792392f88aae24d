"""The switch between training and inference that old versions of Keras left in their graphs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from constant_cases import PHASE, X, graph_of, old_keras, operations, tf1_cond

from cmsml_tasks.conversion import frozen_graph_def, open_model, save_graph, trace
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1


@pytest.mark.parametrize("kind", ["placeholder", "default", "session"])
def test_learning_phase_is_inference_unless_somebody_names_it(kind: str, tmp_path: Path) -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        default = tf1.placeholder_with_default
        phase = (
            default(True, [], name=PHASE)
            if kind == "default"
            else tf1.placeholder(tf.bool, [], name=PHASE)
        )
        tf1_cond(phase, lambda: x * 100.0, lambda: x + 1.0)
        tf.identity(graph.get_tensor_by_name("cond/Merge:0"), name="y")
    obj = tf1.Session(graph=graph) if kind == "session" else graph
    traced = trace(obj, None, ["y"])
    (constant,) = traced.skeleton.constants
    assert (constant.port.name, bool(constant.value), constant.default) == (PHASE, False, True)
    assert traced.run({"x": X})["y"].tobytes() == (X + np.float32(1)).tobytes()
    assert operations(frozen_graph_def(traced)) == ["AddV2", "Const", "Identity", "Placeholder"]
    # set by a value
    traced = trace(obj, None, ["y"], {PHASE: True})
    (constant,) = traced.skeleton.constants
    assert (bool(constant.value), constant.default) == (True, False)
    assert traced.run({"x": X})["y"].tobytes() == (X * np.float32(100)).tobytes()
    # fed
    for names in ({PHASE: "training"}, ["x", PHASE]):
        traced = trace(obj, names, ["y"])
        assert traced.skeleton.constants == ()
        name = traced.signature.inputs[1].name
        assert name == ("training" if isinstance(names, dict) else PHASE)
        frozen = frozen_graph_def(traced)
        assert "Merge" in operations(frozen)
        for value, expected in ((True, X * np.float32(100)), (False, X + np.float32(1))):
            for each in (traced, trace(frozen, {name: "on"} if name == PHASE else None)):
                fed = "on" if name == PHASE and each is not traced else name
                assert each.run({"x": X, fed: value})["y"].tobytes() == expected.tobytes()
    with pytest.raises(ConversionError, match="at place 1, where the input is 'x'"):
        trace(obj, [PHASE, "x"], ["y"])
    save_graph(tmp_path / "graph.pb", obj, True, ["y"], constant_inputs={PHASE: True})
    assert open_model(tmp_path / "graph.pb").run({"x": X})["y"][0, 0] == X[0, 0] * 100


@pytest.mark.parametrize("dtype", [tf.uint8, tf.int32])
def test_learning_phase_of_the_first_keras_is_0(dtype: Any) -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        phase = tf1.placeholder(dtype, name="keras_learning_phase")
        tf.identity(old_keras(x, tf.cast(phase, tf.bool)), name="y")
    traced = trace(graph, None, ["y"])
    (constant,) = traced.skeleton.constants
    assert (constant.value.dtype, int(constant.value), constant.default) == (dtype, 0, True)
    assert "RandomUniform" not in operations(frozen_graph_def(traced))
    other = graph_of(lambda x, _: x, "my_keras_learning_phase")
    assert trace(other, None, ["y"]).skeleton.constants == ()


def test_learning_phase_that_is_named_almost_is_told() -> None:
    graph = graph_of(old_keras, PHASE)
    for wrong in (PHASE[:-1], f"{PHASE}:0"):
        near = f"no such input; did you mean '{PHASE}'\\? \\(inputs: 'x', '{PHASE}'\\)"
        with pytest.raises(ConversionError, match=near):
            trace(graph, {wrong: "t"}, ["y"])
    with pytest.raises(
        ConversionError, match=f"'{PHASE}' is False .*to feed it, .*input_names={{'{PHASE}': 'name'"
    ):
        trace(graph, ["x", "phase"], ["y"])
    # an input can have the name of what is none any more
    assert trace(graph, [PHASE], ["y"], {PHASE: True}).signature.inputs[0].name == PHASE
