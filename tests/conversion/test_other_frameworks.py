"""Models of other frameworks: what works, and what is refused by its name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
from archive_edits import edited
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from cmsml_tasks.conversion import open_model, trace
from cmsml_tasks.conversion.graph_def.nodes import GraphDef
from cmsml_tasks.errors import ConversionError, ConversionTypeError
from cmsml_tasks.processes.isolated import call_isolated

tf1 = tf.compat.v1
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
]
PROGRAMS = [
    ("XlaCallModule", r"is a program of JAX .*model.save\('model.keras'\).*native_serialization"),
    ("SimpleMLInferenceOpWithHandle", r"is of a decision forest .*model.to_cpp\(\)"),
]


@pytest.mark.parametrize(("operation", "words"), PROGRAMS)
def test_saved_model_with_a_program(operation: str, words: str, tmp_path: Path) -> None:
    """As Keras on JAX, jax2tf and ydf write them."""
    module = tf.Module()
    module.f = tf.function(
        lambda x: {"y": tf.sinh(x)}, input_signature=[tf.TensorSpec([None, 2])], autograph=False
    )
    tf.saved_model.save(module, str(tmp_path), signatures=module.f)
    path = tmp_path / "saved_model.pb"
    saved = SavedModel.FromString(path.read_bytes())
    for function in saved.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            if node.op == "Sinh":
                node.op = operation
    path.write_bytes(saved.SerializeToString())
    with pytest.raises(ConversionError, match=rf"\({operation}\) in the function .* {words}"):
        open_model(tmp_path)


def test_graph_with_a_decision_forest(tmp_path: Path) -> None:
    graph = GraphDef()
    graph.node.add(name="x", op="Placeholder").attr["dtype"].type = 1
    graph.node.add(name="forest", op="SimpleMLInferenceOp", input=["x"])
    graph.versions.producer = 1882
    (tmp_path / "graph.pb").write_bytes(graph.SerializeToString())
    with pytest.raises(
        ConversionError, match=rf"'forest' \(SimpleMLInferenceOp\) {PROGRAMS[1][1]}"
    ):
        open_model(tmp_path / "graph.pb")


@pytest.mark.parametrize(
    ("layer", "framework"),
    [("JaxLayer", "JAX"), ("FlaxLayer", "Flax"), ("TorchModuleWrapper", "PyTorch")],
)
def test_layer_that_calls_another_framework(layer: str, framework: str, tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2, name="inner")])
    model.save(tmp_path / "dense.keras")
    path = tmp_path / "model.keras"
    edited(tmp_path / "dense.keras", path, lambda config: config.replace('"Dense"', f'"{layer}"'))
    with pytest.raises(ConversionError, match=rf"'inner' \({layer}\) calls {framework}, .*weights"):
        open_model(path)


def test_keras_on_another_backend(tmp_path: Path) -> None:
    """As with KERAS_BACKEND=jax in a shell; JAX is not installed here."""
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).save(path)
    with pytest.raises(ConversionError, match=r"'jax'; .*set KERAS_BACKEND=tensorflow"):
        call_isolated(
            "cmsml_tasks.exporting.export:export_source",
            environment={"KERAS_BACKEND": "jax"},
            source=str(path),
            folder=str(tmp_path),
            formats=["pb"],
        )


def test_object_of_another_framework() -> None:
    base = type("Module", (), {"__module__": "torch.nn.modules.module", "__call__": len})
    module = type("Net", (base,), {})
    with pytest.raises(ConversionTypeError, match="is one of PyTorch: write the network in Keras"):
        trace(module())


@pytest.mark.parametrize("kind", ["ragged", "sparse"])
def test_signature_of_tensorflow_1_that_is_not_dense(kind: str, tmp_path: Path) -> None:
    with tf.Graph().as_default(), tf1.Session() as session:
        if kind == "ragged":
            x = tf1.ragged.placeholder(tf.float32, 1)
            y = x.to_tensor()
        else:
            x = tf1.sparse_placeholder(tf.float32, [None, 2])
            y = tf1.sparse.to_dense(x)
        info = tf1.saved_model.utils.build_tensor_info
        builder = tf1.saved_model.Builder(str(tmp_path / "model"))
        signature = tf1.saved_model.signature_def_utils.build_signature_def(
            {"x": info(x)}, {"y": info(y)}, "predict"
        )
        builder.add_meta_graph_and_variables(session, ["serve"], {"serving_default": signature})
        builder.save()
    with pytest.raises(ConversionError, match=rf"the input 'x' is {kind}, .*tf.function"):
        open_model(tmp_path / "model")


DENSE = tf.TensorSpec([None])
RAGGED = tf.RaggedTensorSpec([None, None, None], tf.float32, ragged_rank=2)


@pytest.mark.parametrize(
    ("spec", "name", "kind"),
    [
        ([DENSE, {"z": DENSE, "a": RAGGED}], "x_1", "ragged"),
        (tf.SparseTensorSpec([None, 2]), "x", "sparse"),
    ],
)
def test_signature_that_is_not_dense(spec: Any, name: str, kind: str, tmp_path: Path) -> None:
    """Its parts are inputs of their own in the file, and random ones do not fit each other."""
    module = tf.Module()
    total = tf.sparse.reduce_sum if kind == "sparse" else lambda x: tf.reduce_sum(x[1]["a"])
    module.f = tf.function(lambda x: {"y": total(x)}, input_signature=[spec])
    tf.saved_model.save(module, str(tmp_path / "model"), signatures=module.f)
    with pytest.raises(ConversionError, match=rf"the input '{name}' is {kind}, .*tf.function"):
        open_model(tmp_path / "model")


def test_signature_that_makes_ragged_tensors_of_its_own(tmp_path: Path) -> None:
    module = tf.Module()
    inner = tf.function(tf.reduce_sum, input_signature=[tf.RaggedTensorSpec([None, None])])
    module.f = tf.function(
        lambda values, lengths: {"y": inner(tf.RaggedTensor.from_row_lengths(values, lengths))},
        input_signature=[DENSE, tf.TensorSpec([None], tf.int64)],
    )
    tf.saved_model.save(module, str(tmp_path / "model"), signatures=module.f)
    traced = open_model(tmp_path / "model")
    total = traced.run({"values": [1.0, 2.0], "lengths": [0, 2]})["y"]
    assert total == 3


@pytest.mark.parametrize(
    ("spec", "name", "kind"),
    [
        ({"q": [tf.RaggedTensorSpec([None, None])]}, "x_q_0", "ragged"),
        (tf.SparseTensorSpec([None, 2]), "x", "sparse"),
    ],
)
def test_argument_that_is_not_dense(spec: Any, name: str, kind: str) -> None:
    function = tf.function(lambda a, x: a, input_signature=[tf.TensorSpec([]), spec])
    with pytest.raises(ConversionError, match=rf"the argument '{name}' is {kind}, .*tf.function"):
        trace(function)
