"""Keras models."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from case_table import Case, X, case, rows

from cmsml_tasks.conversion import MissingWeightsWarning, get_session, save_graph

tf1 = tf.compat.v1


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
def keras_text_to_numbers(folder: Path) -> Case:
    text = keras.Input((), name="text", dtype="string")
    number = keras.Input((), name="number", dtype="int64")
    words = ["muon", "jet", "tau"]
    vectorised = keras.layers.TextVectorization(vocabulary=words, output_sequence_length=3)(text)
    back = keras.layers.StringLookup(vocabulary=words, invert=True)(number)
    again = keras.layers.StringLookup(vocabulary=words[::-1])(back)
    model = keras.Model([text, number], {"vectorised": vectorised, "again": again})
    feeds = {
        "text:0": np.array([b"A muon, a JET", b"tau"]),
        "number:0": np.array([1, 3]),
    }
    inputs = [tf.constant(value) for value in feeds.values()]
    outputs = ["again:0", "vectorised:0"]
    return keras_case(folder / "text.pb", model, feeds, outputs, inputs)


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


class Embedded(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = keras.layers.Embedding(7, 2)
        self.drop = keras.layers.Dropout(0.5)

    def call(self, ids: Any, shift: Any = None) -> Any:
        embedded = self.drop(self.embedding(ids))
        return embedded if shift is None else embedded + shift


IDS = np.random.default_rng(0).integers(0, 7, (6, 3)).astype("int64")


@case
def keras_subclassed_with_a_signature(folder: Path) -> Case:
    """The way to say what a subclassed model takes, optional arguments included."""
    model = Embedded()
    shift = rows(2, 1)
    expected = model(IDS[:2], shift[:, None], training=False).numpy()
    spec = [tf.TensorSpec((None, 3), tf.int64), tf.TensorSpec((None, 1, 1), name="shift")]
    path = folder / "with_signature.pb"
    function = tf.function(model, input_signature=spec)
    save_graph(path, function, True, input_names=["ids", "shift"])
    return Case(path, {"ids:0": IDS[:2], "shift:0": shift[:, None]}, {"output:0": expected})


@case
def keras_subclassed_inside_of_a_functional_model(folder: Path) -> Case:
    ids = keras.Input((3,), dtype="int64", name="ids")
    model = keras.Model(ids, Embedded()(ids))
    return keras_case(folder / "around.pb", model, {"ids:0": IDS}, ["output:0"], IDS)


@case
def keras_sequential_called_on_another_batch(folder: Path) -> Case:
    model = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)])
    model.predict(X, verbose=0)
    return keras_case(folder / "batch.pb", model, {"input:0": X[:2]}, ["output:0"], X[:2])


@case
def keras_session_with_tables_frozen(folder: Path) -> Case:
    word = keras.Input((), name="word", dtype="string")
    lookup = keras.layers.StringLookup(vocabulary=["muon", "jet"])
    model = keras.Model(word, keras.layers.Embedding(3, 2, name="found")(lookup(word)))
    session = get_session(model)
    words = np.array([b"jet", b"tau", b"muon"])
    expected = model(tf.constant(words)).numpy()
    np.testing.assert_array_equal(session.run("found:0", {"word:0": words}), expected)
    path = folder / "keras_session_tables.pb"
    save_graph(path, session, True, ["found"])
    return Case(path, {"word:0": words}, {"found:0": expected})


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
