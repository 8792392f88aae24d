"""Objects that no graph can be made from, and what the user is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conversion_cases import Module, rows, sequential, session_with
from google.protobuf import text_format

from cmsml_tasks.conversion import Traced, frozen_graph_def, load_graph, save_graph, trace
from cmsml_tasks.conversion.interface.port import Port
from cmsml_tasks.conversion.traced.traced_graph import Skeleton
from cmsml_tasks.conversion.traced.weight import Weight
from cmsml_tasks.errors import ConversionError, ConversionTypeError

tf1 = tf.compat.v1


@pytest.mark.parametrize("frozen", [True, False])
def test_polymorphic_function_needs_a_signature(frozen: bool, tmp_path: Path) -> None:
    class Owner(tf.Module):
        @tf.function
        def method(self, x: Any) -> Any:
            return x

    function = tf.function(lambda x: x)
    for obj in (function, Owner().method):
        with pytest.raises(ValueError, match=r"input_signature=\[tf.TensorSpec") as caught:
            save_graph(tmp_path / "graph.pb", obj, frozen)
        assert isinstance(caught.value, ConversionError)
        assert "get_concrete_function" in str(caught.value)
    assert not list(tmp_path.iterdir())


def with_default(x: Any = 1.0) -> Any:
    return x * tf.constant(2.0)


def with_none(x: Any = None) -> Any:
    return tf.constant(1.0) if x is None else x


def with_any_number(*xs: Any) -> Any:
    return tf.constant(3.0)


def with_keywords(**xs: Any) -> Any:
    return tf.constant(3.0)


@pytest.mark.parametrize("body", [with_default, with_none, with_any_number, with_keywords])
def test_default_of_an_argument_is_no_signature(body: Any) -> None:
    with pytest.raises(ValueError, match=r"input_signature=\[tf.TensorSpec"):
        trace(tf.function(body))


def test_restored_function_with_several_traces_or_none(tmp_path: Path) -> None:
    class Owner(tf.Module):
        @tf.function
        def several(self, x: Any) -> Any:
            return x + 1

        @tf.function
        def none(self, x: Any) -> Any:
            return x

    owner = Owner()
    owner.several(tf.ones([2]))
    owner.several(tf.ones([2, 2]))
    tf.saved_model.save(owner, tmp_path / "model")
    loaded = tf.saved_model.load(tmp_path / "model")
    with pytest.raises(ConversionError, match=r"with 2 traces.*pass one of (.|\n)*shape=\(2, 2\)"):
        trace(loaded.several)
    with pytest.raises(ConversionError, match=r"with 0 traces"):
        trace(loaded.none)
    assert trace(loaded.several.concrete_functions[0]).signature.inputs[0].name == "x"


@pytest.mark.parametrize(
    ("obj", "message"),
    [
        (keras.layers.Dense(2), "layer into a Sequential"),
        (Module(), "one of its tf.function methods"),
        (lambda x: x, "decorate it with tf.function"),
        ("model.keras", "load the model and pass that"),
        (np.ones(3), "pass a Keras model"),
        (None, "pass a Keras model"),
    ],
)
@pytest.mark.parametrize("frozen", [True, False])
def test_other_types(obj: Any, message: str, frozen: bool, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=message) as caught:
        save_graph(tmp_path / "graph.pb", obj, frozen)
    assert isinstance(caught.value, ConversionTypeError)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("use_resource", [True, False])
def test_graph_without_the_values_of_its_variables(use_resource: bool) -> None:
    graph = session_with(use_resource).graph
    with pytest.raises(ConversionError, match=r"'[bw]' has no value here; pass the session"):
        frozen_graph_def(trace(graph, output_names=["output"]))


@pytest.mark.parametrize("use_resource", [True, False])
def test_session_whose_variables_were_never_initialised(use_resource: bool) -> None:
    session = tf1.Session(graph=session_with(use_resource).graph)
    with pytest.raises(ConversionError, match=r"'[bw]' has no value in this session; run its init"):
        frozen_graph_def(trace(session, output_names=["output"]))


class Counter(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.calls = tf.Variable(0.0)
        self.generator = tf.random.Generator.from_seed(1)

    @tf.function(input_signature=[tf.TensorSpec((None,))])
    def behind_the_output(self, x: Any) -> Any:
        self.calls.assign_add(1.0)
        return x * self.calls

    @tf.function(input_signature=[tf.TensorSpec((None,))])
    def beside_the_output(self, x: Any) -> Any:
        if tf.reduce_sum(x) > 0:
            self.calls.assign(tf.reduce_sum(x))
        return x + 1

    @tf.function(input_signature=[tf.TensorSpec((None,))])
    def random(self, x: Any) -> Any:
        return x + self.generator.normal([1])


@pytest.mark.parametrize("method", ["behind_the_output", "beside_the_output", "random"])
def test_function_that_changes_state(method: str) -> None:
    counter = Counter()
    with pytest.raises(ConversionError, match="changes a variable or other state"):
        trace(getattr(counter, method))


def test_session_whose_output_is_behind_an_assignment() -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [], name="x")
        v = tf1.Variable(1.0, use_resource=True)
        with tf.control_dependencies([v.assign_add(x)]):
            tf.identity(v.read_value(), name="y")
    session = tf1.Session(graph=graph)
    session.run(v.initializer)
    with pytest.raises(ConversionError, match=r"uses the variable 'Variable'.*inference path only"):
        frozen_graph_def(trace(session, output_names=["y"]))


def test_function_that_cannot_be_traced() -> None:
    @tf.function(input_signature=[tf.TensorSpec((None, 2))])
    def broken(x: Any) -> Any:
        raise RuntimeError("no such thing")

    with pytest.raises(ConversionError, match=r"'broken' cannot be traced(.|\n)*no such thing"):
        trace(broken)


@pytest.mark.parametrize("returned", [None, []])
def test_function_that_returns_no_dense_tensor(returned: Any) -> None:
    function = tf.function(lambda: returned)
    with pytest.raises(ConversionError, match="needs dense tensors"):
        trace(function)


def test_function_that_returns_tensors_of_several_parts() -> None:
    ragged = tf.function(lambda: {"jets": tf.ragged.constant([[1.0], []]), "met": 1.0})
    with pytest.raises(ConversionError, match=r"'jets' is ragged, .*return its flat_values and"):
        trace(ragged)
    sparse = tf.function(lambda: tf.SparseTensor([[0]], [1.0], [1]))
    with pytest.raises(ConversionError, match=r"'output' is sparse, .*return its indices"):
        trace(sparse)


def test_paths_of_no_saved_model(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(ConversionTypeError, match=r"only that of a SavedModel is taken.*check"):
            save_graph(tmp_path / "graph.pb", path, True)
    for refused in (
        lambda: save_graph(tmp_path / "graph.pb", tmp_path / "nowhere", True, signature="s"),
        lambda: load_graph(tmp_path / "nowhere", signature="s"),
    ):
        with pytest.raises(ConversionError, match=r"there is no folder .*nowhere"):
            refused()


def test_function_that_takes_ragged_tensors() -> None:
    spec = tf.RaggedTensorSpec([None, None])
    function = tf.function(lambda x: x.to_tensor(), input_signature=[spec])
    with pytest.raises(ConversionError, match=r"the argument 'x' is ragged, .*from_row_lengths"):
        trace(function)


def test_resource_that_is_neither_a_variable_nor_a_table() -> None:
    iterator = iter(tf.data.Dataset.range(3))
    function = tf.function(lambda: next(iterator))
    with pytest.raises(ConversionError, match="neither a variable nor a lookup table"):
        frozen_graph_def(trace(function))


def dense_table() -> Any:
    table = tf.lookup.experimental.DenseHashTable(
        tf.int64, tf.int64, default_value=-1, empty_key=-1, deleted_key=-2
    )
    table.insert(tf.constant([1, 2], tf.int64), tf.constant([10, 20], tf.int64))
    return table


def table_of_vectors() -> Any:
    table = tf.lookup.experimental.MutableHashTable(tf.int64, tf.float32, default_value=[0.0, 0.0])
    table.insert(tf.constant([1, 2], tf.int64), tf.constant([[1.0, 2.0], [3.0, 4.0]]))
    return table


def empty_table() -> Any:
    return tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, -1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (dense_table, "is no plain list of keys and values"),
        (table_of_vectors, "is no plain list of keys and values"),
        (empty_table, "is empty, which none in a frozen graph can be"),
    ],
)
def test_table_that_no_frozen_graph_can_have(make: Any, message: str, tmp_path: Path) -> None:
    table = make()
    spec = [tf.TensorSpec((None,), tf.int64)]
    function = tf.function(lambda x: table.lookup(x), input_signature=spec)
    with pytest.raises(ConversionError, match=message):
        save_graph(tmp_path / "graph.pb", function, variables_to_constants=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("call", [tf.numpy_function, tf.py_function])
def test_function_that_runs_python(call: Any, tmp_path: Path) -> None:
    @tf.function(input_signature=[tf.TensorSpec((2,))])
    def function(x: Any) -> Any:
        if tf.reduce_sum(x) > 0:
            x = tf.ensure_shape(call(lambda value: value + 1, [x], tf.float32), [2])
        return x

    with pytest.raises(ConversionError, match="runs python, which a frozen graph cannot hold"):
        save_graph(tmp_path / "graph.pb", function, variables_to_constants=True)
    assert not list(tmp_path.iterdir())


def skeleton_of_mixed_types() -> Skeleton:
    graph_def = tf1.GraphDef()
    text_format.Parse(
        """
        node { name: "x" op: "Placeholder" attr { key: "dtype" value { type: DT_INT32 } } }
        node { name: "w" op: "VarHandleOp" attr { key: "dtype" value { type: DT_FLOAT } } }
        node { name: "read" op: "ReadVariableOp" input: "w"
               attr { key: "dtype" value { type: DT_FLOAT } } }
        node { name: "y" op: "AddV2" input: "x" input: "read"
               attr { key: "T" value { type: DT_FLOAT } } }
        """,
        graph_def,
    )

    def read() -> Any:
        raise AssertionError("a graph is checked without its weights")

    return Skeleton(
        graph_def,
        (Port("x", "x", 0, tf.int32, (None, 2)),),
        (Port("y", "y", 0, tf.float32, (None, 2)),),
        {"w": Weight(tf.float32, (2,), read, "w")},
    )


def test_graph_that_tensorflow_would_not_load() -> None:
    """Whatever went wrong, it does before anything is written, or even read."""
    traced = Traced(skeleton_of_mixed_types(), lambda arrays: arrays)
    with pytest.raises(ConversionError, match=r"does not accept.*'?y'?(.|\n)*Nothing is written"):
        frozen_graph_def(traced)


def test_run_refuses_arrays_that_do_not_fit() -> None:
    traced = trace(sequential())
    good = rows(2, 4)
    assert traced.run({"input": good.astype("float64")})["output"].dtype == "float32"
    for inputs, message in [
        ({}, "no values for 'input'"),
        ({"inptu": good}, "no input 'inptu'; did you mean 'input'"),
        ({"input": good, "more": good}, r"no input 'more'.*\(inputs: 'input'\)"),
        ({"input": good[:, :3]}, r"have shape \(2, 3\); it takes \(\?, 4\)"),
        ({"input": good[0]}, r"have shape \(4\); it takes \(\?, 4\)"),
        ({"input": np.array([["a"] * 4])}, "are <U1; it takes float32"),
    ]:
        with pytest.raises(ConversionError, match=message):
            traced.run(inputs)
