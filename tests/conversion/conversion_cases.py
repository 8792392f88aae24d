"""Every row of the table of what can be converted: an object, its file, its own outputs."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cmsml_tasks.conversion import MissingWeightsWarning, get_session, save_graph

tf1 = tf.compat.v1


@dataclasses.dataclass
class Case:
    """A file that was written, and what its graph has to give.

    Attributes:
        path: the file.
        feeds: arrays by tensor.
        expected: the original's outputs by tensor.
        variables: values of placeholders that stand for variables, in a graph saved as it is.
    """

    path: Path
    feeds: Mapping[str, Any]
    expected: Mapping[str, Any]
    variables: Mapping[str, Any] = dataclasses.field(default_factory=dict)


CASES: dict[str, Callable[[Path], Case]] = {}


def case(make: Callable[[Path], Case]) -> Callable[[Path], Case]:
    CASES[make.__name__] = make
    return make


def rows(*shape: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


X = rows(6, 4)


# ------------------------------------------------------------------ graphs and sessions


def graph_of_constants() -> tf.Graph:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        tf.nn.softmax(tf.matmul(x, tf.constant(rows(4, 3, seed=1))), name="probabilities")
    return graph


def constants_case(path: Path, obj: Any, **options: Any) -> Case:
    save_graph(path, obj, **options)
    expected = tf.nn.softmax(X @ rows(4, 3, seed=1)).numpy()
    return Case(path, {"x:0": X}, {"probabilities:0": expected})


@case
def graph_binary(folder: Path) -> Case:
    return constants_case(folder / "graph.pb", graph_of_constants())


@case
def graph_pb_txt(folder: Path) -> Case:
    return constants_case(folder / "graph.pb.txt", graph_of_constants())


@case
def graph_pbtxt(folder: Path) -> Case:
    return constants_case(folder / "graph.pbtxt", graph_of_constants())


@case
def graph_def_binary(folder: Path) -> Case:
    return constants_case(folder / "graph_def.pb", graph_of_constants().as_graph_def())


@case
def graph_def_text(folder: Path) -> Case:
    return constants_case(folder / "graph_def.pbtxt", graph_of_constants().as_graph_def())


@case
def graph_def_frozen(folder: Path) -> Case:
    return constants_case(
        folder / "graph_def_frozen.pb", graph_of_constants().as_graph_def(), as_text=False,
        variables_to_constants=True,
    )  # fmt: skip


def session_with(use_resource: bool) -> Any:
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        shift = tf1.placeholder(tf.float32, [3], name="shift")
        w = tf1.Variable(rows(4, 3, seed=1), use_resource=use_resource, name="w")
        b = tf1.Variable(rows(3, seed=2), use_resource=use_resource, name="b")
        h = tf.add(tf.matmul(x, w), b, name="hidden")
        tf.tanh(h + shift, name="output")
        tf1.assign_add(w, w, name="training")
    session = tf1.Session(graph=graph)
    session.run([w.initializer, b.initializer])
    return session


def session_case(path: Path, use_resource: bool, output: str = "output", **options: Any) -> Case:
    session = session_with(use_resource)
    feeds = {"x:0": X, "shift:0": rows(3, seed=5)}
    expected = session.run("output:0", feeds)
    save_graph(path, session, output_names=[output], **options)
    return Case(path, feeds, {"output:0": expected})


@case
def session_frozen_reference_variables(folder: Path) -> Case:
    return session_case(folder / "session_ref.pb", False, variables_to_constants=True)


@case
def session_frozen_resource_variables(folder: Path) -> Case:
    return session_case(folder / "session.pb", True, "output:0", variables_to_constants=True)


@case
def session_frozen_text(folder: Path) -> Case:
    return session_case(folder / "session.pb.txt", True, variables_to_constants=True)


@case
def session_as_is(folder: Path) -> Case:
    """The graph has its variables, no values: the reads are fed."""
    session = session_with(True)
    path = folder / "session_as_is.pb"
    save_graph(path, session)
    feeds = {"x:0": X, "shift:0": rows(3, seed=5)}
    expected = session.run("output:0", feeds)
    # what matmul and add read, as they find it in the file
    values = {
        "MatMul/ReadVariableOp:0": rows(4, 3, seed=1),
        "hidden/ReadVariableOp:0": rows(3, seed=2),
    }
    return Case(path, {**feeds, **values}, {"output:0": expected})


@case
def session_two_outputs_one_inside_of_the_other(folder: Path) -> Case:
    session = session_with(True)
    feeds = {"x:0": X, "shift:0": rows(3, seed=5)}
    path = folder / "session_two.pb"
    save_graph(path, session, True, ["output", "hidden"])
    hidden, output = session.run(["hidden:0", "output:0"], feeds)
    return Case(path, feeds, {"output:0": output, "hidden:0": hidden})


@case
def session_control_flow_v1(folder: Path) -> Case:
    """Branches and loops of TensorFlow 1, with variables read inside."""
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        w = tf1.Variable(rows(4, 4, seed=1), use_resource=True, name="w")
        b = tf1.Variable(rows(4, seed=2), use_resource=False, name="b")
        tf1.disable_control_flow_v2()
        try:
            y = tf1.cond(tf.reduce_sum(x) > 0, lambda: x @ w, lambda: x - b)
            _, y = tf1.while_loop(
                lambda i, y: i < 3, lambda i, y: (i + 1, tf.tanh(y @ w) + b), [0, y]
            )
        finally:
            tf1.enable_control_flow_v2()
        tf.identity(y, name="y")
    session = tf1.Session(graph=graph)
    session.run([w.initializer, b.initializer])
    path = folder / "control_flow_v1.pb"
    save_graph(path, session, True, ["y"])
    return Case(path, {"x:0": -X}, {"y:0": session.run("y:0", {"x:0": -X})})


# ------------------------------------------------------------------ functions


class Module(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.w = tf.Variable(rows(4, 4, seed=1), name="w")
        self.table = tf.Variable(rows(5, 4, seed=2), name="table")

    @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32)])
    def linear(self, x: Any) -> Any:
        return tf.identity(x @ self.w, name="scores")

    @tf.function(
        input_signature=[tf.TensorSpec((None, 4), tf.float32), tf.TensorSpec((None,), tf.int64)]
    )
    def branching(self, x: Any, index: Any) -> Any:
        y = tf.gather(self.table, index)
        if tf.reduce_sum(x) > 0:
            for _ in tf.range(3):
                if tf.reduce_sum(y) > 1:
                    y = tf.tanh(y + x @ self.w)
                else:
                    y = y - tf.gather(self.table, index)
        else:
            y = y @ self.w
        return {"y": y, "last": y[:, -1], "index": index}


def module_feeds() -> dict[str, Any]:
    return {"x:0": X, "index:0": np.array([0, 1, 2, 3, 4, 0])}


@case
def function_as_is(folder: Path) -> Case:
    @tf.function(input_signature=[tf.TensorSpec((None, 4), tf.float32, name="features")])
    def double(x: Any) -> Any:
        return 2 * x

    path = folder / "function_as_is.pb"
    save_graph(path, double)
    return Case(path, {"features:0": X}, {"output:0": 2 * X})


@case
def function_with_weights_as_is(folder: Path) -> Case:
    module = Module()
    path = folder / "function_weights_as_is.pbtxt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingWeightsWarning)
        save_graph(path, module.linear)
    (resource,) = [t.name for t in module.linear.get_concrete_function().graph.internal_captures]
    values = {resource: module.w.numpy()}
    return Case(path, {"x:0": X}, {"scores:0": module.linear(X).numpy()}, values)


@case
def bound_method_frozen(folder: Path) -> Case:
    module = Module()
    path = folder / "bound_method.pb"
    save_graph(path, module.linear, variables_to_constants=True)
    return Case(path, {"x:0": X}, {"scores:0": module.linear(X).numpy()})


@case
def bound_method_control_flow_gather_dictionary(folder: Path) -> Case:
    module = Module()
    path = folder / "branching.pb"
    save_graph(path, module.branching, variables_to_constants=True)
    feeds = module_feeds()
    y = module.branching(*feeds.values())
    # index is an input and an output
    expected = {"y:0": y["y"], "last:0": y["last"], "index_out:0": y["index"]}
    return Case(path, feeds, {name: value.numpy() for name, value in expected.items()})


@case
def function_renamed(folder: Path) -> Case:
    module = Module()
    path = folder / "renamed.pb"
    names = ["idx", "last_one", "all"]
    save_graph(path, module.branching, True, names, ["features", "rows"])
    feeds = module_feeds()
    y = module.branching(*feeds.values())
    expected = {"idx:0": y["index"], "last_one:0": y["last"], "all:0": y["y"]}
    renamed = dict(zip(["features:0", "rows:0"], feeds.values(), strict=True))
    return Case(path, renamed, {name: value.numpy() for name, value in expected.items()})


def nested(inputs: Any, scale: bool = True, *, zeta: Any, alpha: Any) -> Any:
    jets = inputs["jets"] * (zeta if scale else alpha)
    return [jets + inputs["leptons"], {"sum": jets - alpha}]


def nested_concrete() -> Any:
    return tf.function(nested).get_concrete_function(
        {"leptons": tf.TensorSpec((None, 1)), "jets": tf.TensorSpec((None, 4))},
        scale=False,
        zeta=tf.TensorSpec((1, 4), name="z"),
        alpha=tf.TensorSpec((4,)),
    )


def nested_case(path: Path, frozen: bool) -> Case:
    save_graph(path, nested_concrete(), variables_to_constants=frozen)
    feeds = {"jets:0": X, "leptons:0": X[:, :1], "z:0": rows(1, 4), "alpha:0": rows(4, seed=9)}
    jets, leptons, zeta, alpha = feeds.values()
    first, second = nested({"jets": jets, "leptons": leptons}, False, zeta=zeta, alpha=alpha)
    return Case(path, feeds, {"output_0:0": first, "sum:0": second["sum"]})


@case
def concrete_function_nested_keywords_as_is(folder: Path) -> Case:
    return nested_case(folder / "concrete_as_is.pb", False)


@case
def concrete_function_nested_keywords_frozen(folder: Path) -> Case:
    return nested_case(folder / "concrete_frozen.pb", True)


@case
def function_without_arguments(folder: Path) -> Case:
    weight = tf.Variable(rows(2, 3))
    path = folder / "no_arguments.pb"
    save_graph(path, tf.function(lambda: 3 * weight), variables_to_constants=True)
    return Case(path, {}, {"output:0": 3 * rows(2, 3)})


@case
def function_captures_by_value_and_calls_others(folder: Path) -> Case:
    offset = tf.constant(rows(4, seed=8))
    weight = tf.Variable(rows(4, 4, seed=1))
    batched = tf.Variable(rows(6, 3, 2, seed=4))

    @tf.function
    def inner(x: Any) -> Any:
        return x @ weight + offset

    @tf.function(input_signature=[tf.TensorSpec((6, 4)), tf.TensorSpec((6, 2), tf.int32)])
    def outer(x: Any, i: Any) -> Any:
        picked = tf.gather(batched, i, batch_dims=1)
        return inner(inner(x)), picked, tf.gather_nd(weight, i)

    path = folder / "captures.pb"
    save_graph(path, outer, variables_to_constants=True)
    index = np.array([[0, 1], [2, 2], [1, 0], [0, 0], [1, 1], [2, 1]], "int32")
    values = outer(X, index)
    expected = {f"output_{i}:0": value.numpy() for i, value in enumerate(values)}
    return Case(path, {"x:0": X, "i:0": index}, expected)


@case
def function_looks_up_in_tables(folder: Path) -> Case:
    """In a branch and in a loop too, where nothing from outside can be waited for."""
    words = tf.lookup.KeyValueTensorInitializer(
        ["muon", "electron"], tf.constant([13, 11], tf.int64)
    )
    codes = tf.lookup.StaticHashTable(words, -1)
    steps = tf.lookup.experimental.MutableHashTable(tf.int64, tf.int64, -5)
    steps.insert(tf.constant([13, 11, 7], tf.int64), tf.constant([11, 7, 99], tf.int64))

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
    def function(names: Any) -> Any:
        found = codes.lookup(names)
        if tf.size(found) > 2:
            for _ in tf.range(2):
                found = tf.ensure_shape(steps.lookup(found), [None])
        return found

    path = folder / "tables.pb"
    save_graph(path, function, variables_to_constants=True)
    names = np.array([b"muon", b"tau", b"electron"])
    return Case(path, {"names:0": names}, {"output:0": function(names).numpy()})


# ------------------------------------------------------------------ Keras models


def shaken(model: Any) -> Any:
    """Give all weights, statistics of BatchNormalization included, values of their own."""
    for seed, variable in enumerate(model.variables):
        if "seed" not in variable.name:
            values = np.random.default_rng(seed).uniform(0.2, 1, variable.shape)
            variable.assign(values)
    return model


def sequential() -> Any:
    layers = [
        keras.Input((4,), name="input"),
        keras.layers.BatchNormalization(),
        keras.layers.Dense(5, "tanh"),
        keras.layers.Dropout(0.5),
        keras.layers.Dense(3, "softmax", name="output"),
    ]
    return shaken(keras.Sequential(layers))


def functional() -> Any:
    jets = keras.Input((4, 2), name="jets")
    leptons = keras.Input((3,), name="leptons")
    lstm = keras.layers.LSTM(4)(jets)
    merged = keras.layers.Concatenate()([lstm, leptons])
    # declared in an order that is not the alphabet's, in which TensorFlow sorts them
    outputs = {
        "reg": keras.layers.Dense(1)(merged),
        "cls": keras.layers.Dense(2, name="classes")(merged),
    }
    return shaken(keras.Model({"leptons": leptons, "jets": jets}, outputs))


def in_lists() -> Any:
    first = keras.Input((2,))
    named = keras.Input((3,), name="named")
    merged = keras.layers.Concatenate()([first, named])
    outputs = [keras.layers.Dense(2)(merged), keras.layers.Dense(2, name="score")(merged)]
    return shaken(keras.Model([first, named], outputs))


@keras.saving.register_keras_serializable("cases")
class Subclassed(keras.Model):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.norm = keras.layers.BatchNormalization()
        self.dense = keras.layers.Dense(3)

    def call(self, inputs: Any, training: bool = False) -> Any:
        return self.dense(self.norm(inputs, training=training))


class Built(Subclassed):
    def build(self, input_shape: Any) -> None:
        self.norm.build(input_shape)
        self.dense.build(input_shape)


@keras.saving.register_keras_serializable("cases")
class WithDictionaries(keras.Model):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.dense = keras.layers.Dense(3)

    def call(self, inputs: Any) -> Any:
        return {"cls": self.dense(inputs["jets"]), "sum": inputs["leptons"] + 1}


@keras.saving.register_keras_serializable("cases")
class TwoArguments(keras.Model):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.dense = keras.layers.Dense(2)

    def build(self, jets_shape: Any, leptons_shape: Any) -> None:
        self.dense.build(jets_shape)

    def call(self, jets: Any, leptons: Any) -> Any:
        return self.dense(jets), leptons * 2


def keras_case(
    path: Path,
    model: Any,
    feeds: Mapping[str, Any],
    outputs: list[str],
    inputs: Any,
    **options: Any,
) -> Case:
    expected = model(inputs, training=False)
    save_graph(path, model, variables_to_constants=True, **options)
    values = [value.numpy() for value in tf.nest.flatten(expected)]
    return Case(path, feeds, dict(zip(outputs, values, strict=True)))


@case
def keras_sequential_frozen(folder: Path) -> Case:
    return keras_case(folder / "sequential.pb", sequential(), {"input:0": X}, ["output:0"], X)


@case
def keras_sequential_frozen_text(folder: Path) -> Case:
    return keras_case(folder / "sequential.pb.txt", sequential(), {"input:0": X}, ["output:0"], X)


@case
def keras_sequential_renamed(folder: Path) -> Case:
    names = {"input_names": ["features"], "output_names": ["deep/score"]}
    feeds = {"features:0": X}
    return keras_case(folder / "seq.pb", sequential(), feeds, ["deep/score:0"], X, **names)


@case
def keras_sequential_as_is(folder: Path) -> Case:
    """No weights in the file: the placeholders that stand for them get variables."""
    model = sequential()
    path = folder / "sequential_as_is.pb"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingWeightsWarning)
        save_graph(path, model)
    graph_def = tf1.GraphDef.FromString(path.read_bytes())
    reads = {n.input[0]: n.name for n in graph_def.node if n.op == "ReadVariableOp"}
    values = {}
    for resource, read in reads.items():
        layer, number = read.split("/")[1], read.split("/")[2].removeprefix("Cast")
        values[f"{resource}:0"] = _weight_of(model, layer, number, read)
    return Case(path, {"input:0": X}, {"output:0": model(X, training=False).numpy()}, values)


def _weight_of(model: Any, layer: str, number: str, read: str) -> np.ndarray:
    base = layer.rpartition("_")[0]
    found = next(x for x in model.layers if x.name == base)
    if isinstance(found, keras.layers.BatchNormalization):
        names = ["moving_mean", "moving_variance", "gamma", "beta"]
        return getattr(found, names[int(number.strip("_") or 0)]).numpy()
    return (found.bias if "BiasAdd" in read else found.kernel).numpy()


@case
def keras_unnamed_sequential_built_by_a_call(folder: Path) -> Case:
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)])
    model(X)
    return keras_case(folder / "unnamed.pb", shaken(model), {"input:0": X}, ["output:0"], X)


@case
def keras_functional_dictionaries(folder: Path) -> Case:
    jets, leptons = rows(6, 4, 2), rows(6, 3, seed=7)
    feeds = {"jets:0": jets, "leptons:0": leptons}
    inputs = {"leptons": leptons, "jets": jets}
    path = folder / "functional.pb"
    return keras_case(path, functional(), feeds, ["cls:0", "reg:0"], inputs)


@case
def keras_functional_lists_some_named(folder: Path) -> Case:
    first, named = rows(6, 2), rows(6, 3, seed=7)
    feeds = {"input_0:0": first, "named:0": named}
    outputs = ["output_0:0", "score:0"]
    return keras_case(folder / "lists.pb", in_lists(), feeds, outputs, [first, named])


@case
def keras_integer_input_embedding(folder: Path) -> Case:
    ids = keras.Input((3,), dtype="int32", name="ids")
    embedded = keras.layers.Flatten()(keras.layers.Embedding(7, 2)(ids))
    model = shaken(keras.Model(ids, keras.layers.Dense(2, name="output")(embedded)))
    values = np.random.default_rng(0).integers(0, 7, (6, 3)).astype("int32")
    return keras_case(folder / "embedding.pb", model, {"ids:0": values}, ["output:0"], values)


@case
def keras_string_and_integer_lookup(folder: Path) -> Case:
    word, number = (
        keras.Input((2,), name="w", dtype="string"),
        keras.Input((2,), name="n", dtype="int64"),
    )
    words = keras.layers.StringLookup(vocabulary=["a", "b", "c"], num_oov_indices=1)(word)
    numbers = keras.layers.IntegerLookup(vocabulary=[10, 20], output_mode="multi_hot")(number)
    embedded = keras.layers.Flatten()(keras.layers.Embedding(4, 3)(words))
    merged = keras.layers.Concatenate()([embedded, keras.ops.cast(numbers, "float32")])
    model = shaken(keras.Model([word, number], keras.layers.Dense(2, name="y")(merged)))
    feeds = {"w:0": np.array([[b"a", b"z"], [b"c", b"b"]]), "n:0": np.array([[10, 5], [20, 20]])}
    inputs = [tf.constant(value) for value in feeds.values()]
    return keras_case(folder / "lookup.pb", model, feeds, ["y:0"], inputs)


@case
def keras_layer_named_like_an_inner_node(folder: Path) -> Case:
    """The output's name is also a scope and a prefix of other nodes."""
    x = keras.Input((4,), name="x")
    hidden = keras.layers.Dense(4, name="output")(x)
    model = keras.Model(x, {"output": hidden * 2, "hidden": hidden})
    outputs = ["hidden:0", "output:0"]
    return keras_case(folder / "scopes.pb", shaken(model), {"x:0": X}, outputs, X)


@case
def keras_outputs_are_one_tensor_and_the_input(folder: Path) -> Case:
    x = keras.Input((4,), name="x")
    y = keras.layers.Dense(2, name="y")(x)
    model = shaken(keras.Model(x, {"one": y, "two": y, "same": x}))
    outputs = ["one:0", "same:0", "two:0"]
    return keras_case(folder / "shared.pb", model, {"x:0": X}, outputs, X)


@case
def keras_subclassed_called(folder: Path) -> Case:
    model = Subclassed()
    model(X)
    return keras_case(folder / "called.pb", shaken(model), {"input:0": X}, ["output:0"], X)


@case
def keras_subclassed_fitted(folder: Path) -> Case:
    model = Subclassed()
    model.compile("sgd", "mse")
    model.fit(X, rows(6, 3), verbose=0)
    return keras_case(folder / "fitted.pb", model, {"input:0": X}, ["output:0"], X)


@case
def keras_subclassed_built(folder: Path) -> Case:
    model = Built()
    model.build((None, 4))
    return keras_case(folder / "built.pb", shaken(model), {"input:0": X}, ["output:0"], X)


@case
def keras_subclassed_dictionaries(folder: Path) -> Case:
    model = WithDictionaries()
    inputs = {"jets": X, "leptons": rows(6, 2)}
    model(inputs)
    feeds = {f"{name}:0": value for name, value in inputs.items()}
    return keras_case(folder / "dicts.pb", shaken(model), feeds, ["cls:0", "sum:0"], inputs)


@case
def keras_subclassed_two_arguments(folder: Path) -> Case:
    model = TwoArguments()
    leptons = rows(6, 2)
    first, second = model(X, leptons)
    path = folder / "two_arguments.pb"
    save_graph(path, model, variables_to_constants=True)
    feeds = {"jets:0": X, "leptons:0": leptons}
    return Case(path, feeds, {"output_0:0": first.numpy(), "output_1:0": second.numpy()})


@case
def keras_session_frozen(folder: Path) -> Case:
    model = functional()
    session = get_session(model)
    jets, leptons = rows(6, 4, 2), rows(6, 3, seed=7)
    path = folder / "keras_session.pb"
    save_graph(path, session, True, ["cls", "reg"])
    values = model({"jets": jets, "leptons": leptons}, training=False)
    expected = {f"{name}:0": value.numpy() for name, value in values.items()}
    return Case(path, {"jets:0": jets, "leptons:0": leptons}, expected)
