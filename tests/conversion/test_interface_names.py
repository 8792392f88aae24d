"""Which names tensors get, and which names are refused."""

from __future__ import annotations

from collections import namedtuple
from pathlib import Path
from typing import Any

import keras
import pytest
import tensorflow as tf
from conversion_cases import (
    Module,
    functional,
    graph_of_constants,
    in_lists,
    rows,
    sequential,
    session_with,
)

from cmsml_tasks.conversion import (
    TensorInfo,
    frozen_graph_def,
    get_session,
    open_model,
    read_graph,
    save_graph,
    trace,
)
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1


def names(obj: Any, **options: Any) -> tuple[list[str], list[str]]:
    signature = trace(obj, **options).signature
    return [i.name for i in signature.inputs], [o.name for o in signature.outputs]


def test_signature_says_name_tensor_dtype_and_shape() -> None:
    signature = trace(functional()).signature
    assert signature.inputs == (
        TensorInfo("jets", "jets:0", "float32", (None, 4, 2)),
        TensorInfo("leptons", "leptons:0", "float32", (None, 3)),
    )
    assert signature.outputs == (
        TensorInfo("cls", "cls:0", "float32", (None, 2)),
        TensorInfo("reg", "reg:0", "float32", (None, 1)),
    )


@pytest.mark.parametrize(
    ("input_name", "output_name", "found"),
    [
        (None, None, ("input", "output")),
        ("features", None, ("features", "output")),
        (None, "score", ("input", "score")),
        # what Keras 2 made up is what a file of Keras 2 calls it
        ("input_1", "my_dense", ("input_1", "my_dense")),
        # no name for a node
        ("_hidden", "tag", ("x_hidden", "tag")),
        ("x", "dense_3", ("x", "output")),
    ],
)
def test_keras_names_are_those_that_the_user_gave(
    input_name: str | None, output_name: str | None, found: tuple[str, str]
) -> None:
    x = keras.Input((4,), name=input_name)
    model = keras.Model(x, keras.layers.Dense(2, name=output_name)(x))
    assert names(model) == ([found[0]], [found[1]])


def test_keys_that_cannot_name_a_node_or_name_an_input_are_changed() -> None:
    x = keras.Input((4,), name="x")
    y = keras.layers.Dense(2)(x)
    model = keras.Model(x, {"x": y, "b|c": y, "with space": y})
    assert names(model) == (["x"], ["b_c", "with_space", "x_out"])


@pytest.mark.parametrize("operation", [keras.ops.sigmoid, lambda y: y * 2, lambda y: y[:, 0]])
def test_operation_at_the_end_of_a_keras_model_has_no_name(operation: Any) -> None:
    x = keras.Input((4,))
    model = keras.Model(x, operation(keras.layers.Dense(2, name="last")(x)))
    assert names(model) == (["input"], ["output"])


@pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
def test_keras_names_survive_a_round_trip_through_a_file(tmp_path: Path) -> None:
    model = in_lists()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    expected = (["input_0", "named"], ["output_0", "score"])
    assert names(model) == names(loaded) == expected


def test_one_layer_called_twice_gives_numbered_outputs() -> None:
    x, y = keras.Input((4,), name="x"), keras.Input((4,), name="y")
    shared = keras.layers.Dense(2, name="shared")
    model = keras.Model([x, y], [shared(x), shared(y)])
    assert names(model) == (["x", "y"], ["shared_0", "shared_1"])


def test_functions_name_by_argument_key_field_and_identity() -> None:
    Pair = namedtuple("Pair", "first second")
    spec = tf.TensorSpec((None, 4))

    @tf.function(input_signature=[spec, [spec, spec], tf.TensorSpec((), name="scale")])
    def function(x: Any, several: Any, s: Any) -> Any:
        named = tf.identity(x * s, name="by_identity")
        return {"pair": Pair(x + 1, x + 2), "list": [x - 1, x - 2]}, named, x * several[0]

    assert names(function) == (
        ["x", "several_0", "several_1", "scale"],
        ["list_0", "list_1", "pair_first", "pair_second", "by_identity", "output_5"],
    )


def test_input_and_output_names_rename_whatever_it_is(tmp_path: Path) -> None:
    module = Module()
    for obj in (sequential(), module.linear):
        renamed = trace(obj, ["features"], ["a/b.c"])
        assert renamed.signature.inputs[0].tensor == "features:0"
        assert renamed.signature.outputs[0].tensor == "a/b.c:0"
        assert {n.name for n in frozen_graph_def(renamed).node} >= {"features", "a/b.c"}
    session = session_with(True)
    assert names(session, input_names=["features", "offset"], output_names=["output"]) == (
        ["features", "offset"],
        ["output"],
    )


def test_session_as_it_is_keeps_every_operation(tmp_path: Path) -> None:
    session = session_with(True)
    original = session.graph.as_graph_def()
    save_graph(tmp_path / "graph.pb", session, output_names=["hidden"])
    assert read_graph(tmp_path / "graph.pb") == original
    save_graph(tmp_path / "graph.pb", session, input_names=["features", "offset"])
    renamed = read_graph(tmp_path / "graph.pb")
    assert len(renamed.node) == len(original.node)
    assert [n.name for n in renamed.node if n.op == "Placeholder"] == ["features", "offset"]
    with pytest.raises(ConversionError, match="no operation 'nowhere'"):
        save_graph(tmp_path / "graph.pb", session, output_names=["nowhere"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output_names": ["a", "b"]}, "2 names ('a', 'b') for 1 outputs.*'output'"),
        ({"input_names": []}, "0 names (nothing) for 1 inputs.*'input'"),
        ({"input_names": ["a"], "output_names": ["a"]}, "'a' would name more than one tensor"),
        ({"output_names": ["output:0"]}, "contains 'output:0', which cannot name a node"),
        ({"output_names": ["my output"]}, "contains 'my output', which cannot name a node"),
        ({"output_names": "output"}, "is the string 'output'; give a list: ['output']"),
    ],
)
def test_names_that_do_not_fit_are_refused(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    pattern = message.replace("(", r"\(").replace(")", r"\)").replace("[", r"\[")
    with pytest.raises(ConversionError, match=pattern):
        save_graph(tmp_path / "graph.pb", sequential(), True, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (["outptu"], "no operation 'outptu' to export; did you mean 'output'"),
        (["nonsense_x"], "no operation 'nonsense_x' to export .*'output'"),
        (["output:1"], "'output:1' is no output of the operation 'output', which has 1"),
        (["output", "output:0"], "'output' would name more than one tensor"),
        ([], "a session has no outputs of its own.*'output'"),
        (None, "a session has no outputs of its own.*'output'"),
        ("output", "is the string 'output'"),
    ],
)
def test_session_exports_operations_that_it_has(wanted: Any, message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        trace(session_with(True), output_names=wanted)


def test_output_that_is_not_the_first_of_its_operation_gets_a_name_of_its_own() -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        tf.math.top_k(x, 2, name="top")
    session = tf1.Session(graph=graph)
    assert names(session, output_names=["top", "top:1"]) == (["x"], ["top", "top_1"])
    traced = trace(session, output_names=["top:1"])
    assert traced.signature.outputs[0] == TensorInfo("top_1", "top_1:0", "int32", (None, 2))
    assert frozen_graph_def(traced).node[-1].op == "Identity"


def test_graph_has_its_placeholders_and_what_nobody_reads() -> None:
    graph = graph_of_constants()
    assert names(graph) == (["x"], ["probabilities"])
    assert names(graph.as_graph_def()) == (["x"], ["probabilities"])
    # a graph is cut where the user says
    assert names(graph, output_names=["MatMul"]) == (["x"], ["MatMul"])


def test_default_and_learning_phase_are_no_inputs() -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 2], name="x")
        phase = tf1.placeholder(tf.bool, [], name="dropout/keras_learning_phase")
        scale = tf1.placeholder_with_default(3.0, [], name="scale")
        tf.where(phase, x * 100, x * scale, name="y")
    traced = trace(graph)
    assert [i.name for i in traced.signature.inputs] == ["x"]
    assert traced.run({"x": [[1.0, 2.0]]})["y"].tolist() == [[3.0, 6.0]]
    assert not [
        node.name for node in frozen_graph_def(traced).node if "learning_phase" in node.name
    ]
    with tf1.Session(graph=graph) as session:
        run = trace(session, output_names=["y"]).run({"x": [[1.0, 2.0]]})
    assert run["y"].tolist() == [[3.0, 6.0]]


def test_session_of_a_keras_model_has_the_names_of_the_model() -> None:
    session = get_session(in_lists())
    fed = [n.name for n in session.graph.as_graph_def().node if n.op == "Placeholder"]
    assert {"input_0", "named"} <= set(fed)
    for name in ("output_0", "score"):
        assert session.graph.get_tensor_by_name(f"{name}:0").shape.as_list() == [None, 2]


def called(model: Any) -> None:
    model(rows(6, 4))


def predicted(model: Any) -> None:
    model.predict(rows(6, 4), verbose=0)


def built(model: Any) -> None:
    model.build((6, 4))


@pytest.mark.parametrize("build", [called, predicted, built])
def test_batch_that_built_a_sequential_model_does_not_fix_its_size(build: Any) -> None:
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)])
    build(model)
    signature = trace(model).signature
    assert signature.inputs[0].shape == (None, 4)
    assert signature.outputs[0].shape == (None, 2)


def test_batch_size_that_was_asked_for_stays() -> None:
    x = keras.Input((4,), batch_size=6)
    signature = trace(keras.Model(x, keras.layers.Dense(2)(x))).signature
    assert signature.inputs[0].shape == (6, 4)
    for asked in ({"shape": (4,), "batch_size": 6}, {"batch_shape": (6, 4)}):
        model = keras.Sequential([keras.Input(**asked), keras.layers.Dense(2)])
        assert trace(model).signature.inputs[0].shape == (6, 4)


@pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
def test_batch_size_in_a_file_may_be_that_of_the_first_data(tmp_path: Path) -> None:
    """A Sequential model in a file does not tell; what cannot do without it keeps it."""
    layers = [keras.Input((4,), batch_size=6), keras.layers.Dense(2)]
    keras.Sequential(layers).save(tmp_path / "model.keras")
    assert open_model(tmp_path / "model.keras").signature.inputs[0].shape == (None, 4)
    model = keras.Sequential([keras.layers.Lambda(NeedsBatch())])
    model(rows(6, 4))
    assert trace(model).signature.inputs[0].shape == (6, 4)


class NeedsBatch:
    def __call__(self, x: Any) -> Any:
        return x * tf.range(x.shape[0], dtype="float32")[:, None]


def test_model_as_function_with_a_signature_has_names_of_its_own() -> None:
    model = sequential()
    one = [tf.TensorSpec((None, 4))]
    assert names(tf.function(model, input_signature=one))[0] == ["input"]
    named = [tf.TensorSpec((None, 4), name="features")]
    assert names(tf.function(model, input_signature=named))[0] == ["features"]
    two = tf.function(lambda *args: args[0] + args[1], input_signature=one * 2)
    assert names(two)[0] == ["input_0", "input_1"]
