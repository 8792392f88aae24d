"""Functions of TensorFlow 2."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from case_table import Case, X, case, rows

from cmsml_tasks.conversion import ChangedNameWarning, MissingWeightsWarning, save_graph

tf1 = tf.compat.v1


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
    # index is an input and an output
    with pytest.warns(ChangedNameWarning, match="'index' is 'index_out:0'"):
        save_graph(path, module.branching, variables_to_constants=True)
    feeds = module_feeds()
    y = module.branching(*feeds.values())
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


@case
def function_switches_between_cases(folder: Path) -> Case:
    """With a weight, a weight of which rows are taken, and a table, each in a branch."""
    module = Module()
    table = tf.lookup.StaticHashTable(
        tf.lookup.KeyValueTensorInitializer(tf.range(5), tf.range(10, 15)), -1
    )
    spec = [tf.TensorSpec((None, 4)), tf.TensorSpec((), tf.int32), tf.TensorSpec((None,), tf.int32)]

    @tf.function(input_signature=spec)
    def function(x: Any, which: Any, rows: Any) -> Any:
        branches = [
            lambda: x @ module.w,
            lambda: tf.gather(module.table, rows),
            lambda: x - tf.cast(table.lookup(rows), tf.float32)[:, None],
        ]
        # every branch is taken, and an index that has none takes the last
        cases = [tf.switch_case(which + i, branches) for i in (0, 1, 2, 7)]
        return tf.stack(cases)

    path = folder / "switch_case.pb"
    save_graph(path, function, variables_to_constants=True)
    feeds = {"x:0": X, "which:0": np.int32(0), "rows:0": np.array([0, 1, 2, 3, 4, 0], "int32")}
    return Case(path, feeds, {"output:0": function(*feeds.values()).numpy()})


@case
def function_of_strings(folder: Path) -> Case:
    """Scalar strings, which TensorFlow hands out as bytes; zeros at their ends count."""
    prefix, suffix = tf.Variable("jet\0"), tf.constant("_pt\0")

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string)])
    def function(names: Any) -> Any:
        named = tf.strings.join([prefix, names, suffix])
        return tf.strings.to_hash_bucket_fast(named, 2**40), tf.strings.length(prefix)

    path = folder / "strings.pb"
    save_graph(path, function, variables_to_constants=True)
    names = np.array([b"0", b"1"])
    hashes, length = function(names)
    assert length == 4
    return Case(
        path, {"names:0": names}, {"output_0:0": hashes.numpy(), "output_1:0": length.numpy()}
    )


@case
def function_with_variables_of_changing_shape(folder: Path) -> Case:
    some = tf.Variable(rows(2, 4), shape=[None, 4])
    some.assign(rows(3, 4))
    unknown = tf.Variable(rows(4), shape=tf.TensorShape(None))

    @tf.function(input_signature=[tf.TensorSpec((None, 4))])
    def function(x: Any) -> Any:
        return tf.matmul(x, some, transpose_b=True), x + unknown

    path = folder / "changing_shape.pb"
    save_graph(path, function, variables_to_constants=True)
    expected = {f"output_{i}:0": value.numpy() for i, value in enumerate(function(X))}
    return Case(path, {"x:0": X}, expected)
