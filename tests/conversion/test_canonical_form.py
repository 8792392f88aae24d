"""The bytes of a frozen graph: the same again, and nothing in them without effect."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conversion_cases import Module, functional, sequential, session_with

from cmsml_tasks.conversion import (
    describe,
    frozen_graph_def,
    open_model,
    read_graph,
    trace,
    write_graph,
)
from cmsml_tasks.conversion.canonical.control_edges import drop_idle_control_edges
from cmsml_tasks.conversion.checks.importing import imported_graph
from cmsml_tasks.conversion.graph_def.nodes import op_definition
from cmsml_tasks.conversion.sources.unoptimised import session_as_written

tf1 = tf.compat.v1


def frozen(obj: Any, **options: Any) -> Any:
    return frozen_graph_def(trace(obj, **options))


def test_nodes_follow_their_inputs_and_interface_comes_first() -> None:
    graph_def = frozen(sequential())
    assert graph_def.node[0].name == "input"
    assert graph_def.node[-1].name == "output"
    seen: set[str] = set()
    for node in graph_def.node:
        assert {i.lstrip("^").partition(":")[0] for i in node.input} <= seen
        seen.add(node.name)


@pytest.mark.parametrize("make", [sequential, functional])
def test_nothing_without_effect_is_left(make: Any) -> None:
    for node in frozen(make()).node:
        assert not node.device
        assert not node.HasField("experimental_debug_info")
        definition = op_definition(node.op)
        defaults = {a.name: a.default_value for a in definition.attr if a.HasField("default_value")}
        for name, value in node.attr.items():
            assert not name.startswith("_")
            assert defaults.get(name) != value, (node.name, name)
        assert node.op not in ("NoOp", "ReadVariableOp", "VarHandleOp", "PartitionedCall")


def test_devices_and_training_are_left_behind() -> None:
    graph = tf.Graph()
    with graph.as_default(), tf.device("/CPU:0"):
        x = tf1.placeholder(tf.float32, [None, 2], name="x")
        w = tf1.Variable([[1.0], [2.0]], name="w")
        y = tf.matmul(x, w, name="y")
        tf1.train.GradientDescentOptimizer(0.1).minimize(tf.reduce_sum(y))
    session = tf1.Session(graph=graph)
    session.run(w.initializer)
    graph_def = frozen(session, output_names=["y"])
    assert len(graph_def.node) <= 4
    assert {node.device for node in graph_def.node} == {""}


def control_edges(edges: dict[str, list[str]], ops: dict[str, str]) -> dict[str, list[str]]:
    graph_def = tf1.GraphDef()
    for name, inputs in edges.items():
        graph_def.node.add(name=name, op=ops.get(name, "Relu"), input=inputs)
    drop_idle_control_edges(graph_def)
    return {node.name: list(node.input) for node in graph_def.node}


def test_control_edges_that_order_nothing_are_dropped() -> None:
    edges = {
        "x": [],
        "assertion": ["x"],
        "relu": ["x"],
        "group": ["^assertion", "^relu"],
        "y": ["x", "^group", "^relu", "^x"],
    }
    ops = {"x": "Placeholder", "assertion": "Print", "group": "NoOp"}
    assert control_edges(edges, ops)["y"] == ["x", "^assertion"]


def test_control_edges_pin_constants_to_their_branch() -> None:
    edges = {
        "x": [],
        "switch": ["x", "x"],
        "pivot": ["switch:1"],
        "constant": ["^pivot"],
        "y": ["switch:1", "constant", "^pivot"],
    }
    ops = {"x": "Placeholder", "switch": "Switch", "pivot": "Identity", "constant": "Const"}
    result = control_edges(edges, ops)
    assert result["constant"] == ["^pivot"]
    assert result["y"] == ["switch:1", "constant"]


def digest(graph_def: Any) -> str:
    return hashlib.sha256(graph_def.SerializeToString(deterministic=True)).hexdigest()


CHILD = """
import sys, hashlib
from pathlib import Path
from cmsml_tasks.conversion import frozen_graph_def, open_model, write_graph
for path in sys.argv[1:]:
    write_graph(path + ".pb", frozen_graph_def(open_model(path)))
    write_graph(path + ".pbtxt", frozen_graph_def(open_model(path)))
"""


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    dense = keras.Sequential(
        [
            keras.Input((4,), name="x"),
            keras.layers.Normalization(mean=[1, 2, 3, 4.0], variance=[1, 1, 2, 2.0]),
            keras.layers.Dense(8, "relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dense(2, "softmax", name="y"),
        ]
    )
    x = keras.Input((3, 2), name="x")
    attention = keras.Model(x, keras.layers.MultiHeadAttention(2, 2)(x, x))
    word = keras.Input((1,), name="word", dtype="string")
    vocabulary = [f"word {i}" for i in range(100)]
    table = keras.Model(word, keras.layers.StringLookup(vocabulary=vocabulary)(word))
    paths = []
    for name, model in {"dense": dense, "attention": attention, "table": table}.items():
        model.save(tmp_path / f"{name}.keras")
        paths.append(str(tmp_path / f"{name}.keras"))
    command = [sys.executable, "-c", CHILD, *paths]
    subprocess.run(command, check=True, capture_output=True, env={"PYTHONHASHSEED": "7"})
    for path in paths:
        for ending in (".pb", ".pbtxt"):
            here = Path(f"{path}.here{ending}")
            write_graph(here, frozen_graph_def(open_model(path)))
            assert here.read_bytes() == Path(path + ending).read_bytes(), here


def test_freezing_again_changes_nothing() -> None:
    for obj in (sequential(), functional()):
        once = frozen(obj)
        assert digest(frozen(once)) == digest(once)


def test_description_of_a_graph() -> None:
    facts = describe(frozen(sequential()))
    assert facts["operations"]["Placeholder"] == 1
    assert facts["operations"] == dict(sorted(facts["operations"].items()))
    assert facts["parameters"] == 4 * 4 + 4 * 5 + 5 + 5 * 3 + 3
    assert facts["stateful"] == facts["variables"] == []
    assert facts["functions"] == 0
    assert facts["producer"] == 134


def test_description_tells_what_has_state() -> None:
    graph_def = session_with(True).graph.as_graph_def()
    assert describe(graph_def)["variables"] == ["b", "w"]
    module = Module()
    facts = describe(trace(module.branching).as_is())
    assert facts["functions"] > 0
    assert facts["operations"]["MatMul"] >= 2  # inside of functions
    function = tf.function(lambda: tf.random.normal([2], name="noise"))
    stateful = describe(frozen(function))["stateful"]
    assert stateful == ["noise/RandomStandardNormal"]


def test_an_old_frozen_graph_keeps_its_numbers_to_the_bit(shared_data: Path) -> None:
    path = shared_data / "egamma_pfid" / "exteta1_modelDNN.pb"
    original = read_graph(path)
    (name,) = (node.name for node in original.node if node.op == "Placeholder")
    traced = open_model(path)
    (output,) = traced.signature.outputs
    canonical = frozen_graph_def(traced)
    assert digest(frozen_graph_def(trace(canonical))) == digest(canonical)
    size = next(iter(traced.signature.inputs)).shape[-1]
    rows = np.random.default_rng(2).normal(scale=3, size=(256, size)).astype("float32")
    values = []
    own = traced.skeleton.outputs[0].tensor
    for graph_def, fetch in ((original, own), (canonical, output.tensor)):
        with session_as_written(imported_graph(graph_def)) as session:
            values.append(session.run(fetch, {f"{name}:0": rows}))
    assert values[0].tobytes() == values[1].tobytes()
    assert len(canonical.node) < len(original.node)
    assert values[0].std() > 0


def test_the_producer_is_pinned_but_never_raised() -> None:
    graph_def = frozen(sequential())
    assert graph_def.versions.producer == 134
    assert graph_def.versions.min_consumer == 0
    graph_def.versions.producer = 22
    assert frozen_graph_def(trace(graph_def)).versions.producer == 22
