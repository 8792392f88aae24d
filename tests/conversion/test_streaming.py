"""Graphs written without a copy of their weights: the bytes that protobuf would make of them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from conversion_cases import CASES, rows
from google.protobuf import text_format

from cmsml_tasks.conversion import (
    describe,
    frozen_graph,
    load_graph,
    save_graph,
    trace,
    write_graph,
)
from cmsml_tasks.conversion.freezing.frozen_graph import Frozen, filled
from cmsml_tasks.conversion.graph_files.large_constants import lifted
from cmsml_tasks.errors import ConversionError, UserError

tf1 = tf.compat.v1


def check_bytes(frozen: Frozen, folder: Path) -> Any:
    """Check that files written from *frozen* are what protobuf writes; return the whole graph."""
    graph_def = filled(frozen)
    write_graph(folder / "graph.pb", frozen)
    assert (folder / "graph.pb").read_bytes() == graph_def.SerializeToString(deterministic=True)
    write_graph(folder / "graph.pb.txt", frozen)
    assert (folder / "graph.pb.txt").read_text() == text_format.MessageToString(graph_def)
    return graph_def


@pytest.mark.parametrize("name", list(CASES))
def test_files_are_what_protobuf_writes(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # every case says itself how its object is saved; here it is caught on the way to its file
    written: list[Any] = []

    def catch(path: Any, graph: Any, as_text: bool | None = None) -> None:
        written.append(graph)
        write_graph(path, graph, as_text)

    monkeypatch.setattr("cmsml_tasks.conversion.api.write_graph", catch)
    CASES[name](tmp_path)
    for graph in written:
        frozen = graph if isinstance(graph, Frozen) else lifted(graph)
        graph_def = check_bytes(frozen, tmp_path)
        assert describe(frozen) == describe(graph_def)


def function_of(value: Any) -> Any:
    variable = tf.Variable(value)

    @tf.function(input_signature=[])
    def function() -> Any:
        return {"value": tf.identity(variable)}

    function.variable = variable
    return function


@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (0,), (0, 3), (1, 1, 1), (70_001,)])
@pytest.mark.parametrize(
    "dtype", ["float32", "bfloat16", "float16", "complex64", "bool", "int8", "int64", "uint16"]
)
def test_weights_of_every_kind(dtype: str, shape: tuple[int, ...], tmp_path: Path) -> None:
    value = tf.cast(np.arange(np.prod(shape)).reshape(shape) % 100 - 3, dtype)
    frozen = frozen_graph(trace(function_of(value)))
    assert frozen.weights
    check_bytes(frozen, tmp_path)
    _, session = load_graph(tmp_path / "graph.pb", create_session=True)
    np.testing.assert_array_equal(session.run("value:0"), value.numpy())


def test_all_bytes_are_escaped_as_text_format_does(tmp_path: Path) -> None:
    content = bytes(range(256)) + np.random.default_rng(1).bytes(200_003)
    check_bytes(frozen_graph(trace(function_of(np.frombuffer(content, "uint8")))), tmp_path)


def test_strings_keep_working(tmp_path: Path) -> None:
    value = tf.constant([b"a\0", b"", "\u00e9".encode(), b'"\\\n'])
    check_bytes(frozen_graph(trace(function_of(value))), tmp_path)
    _, session = load_graph(tmp_path / "graph.pb.txt", create_session=True)
    assert list(session.run("value:0")) == list(value.numpy())


def large_graph() -> Any:
    """A graph as it is, with large constants, of all bytes, of one value, and of half precision."""
    with tf.Graph().as_default() as graph, tf.device("/CPU:0"):
        x = tf1.placeholder(tf.float32, [None, 300], name="x")
        weight = tf.constant(rows(300, 200), name="weight")
        zero = tf.zeros([200, 300])
        half = tf.constant(rows(300, 200).astype("float16"))
        tf.identity(x @ weight @ zero @ tf.cast(half, tf.float32), name="y")
    graph_def = graph.as_graph_def()
    graph_def.library.function.add().signature.name = "unused"
    return graph_def


@pytest.mark.parametrize("versions", [True, False])
def test_constants_of_graphs_as_they_are_are_streamed(versions: bool, tmp_path: Path) -> None:
    graph_def = large_graph()
    if not versions:
        graph_def.ClearField("versions")
    before = graph_def.SerializeToString(deterministic=True)
    frozen = lifted(graph_def)
    assert sorted(frozen.weights) == ["Const", "weight"]
    assert frozen.graph_def.ByteSize() < 3000
    write_graph(tmp_path / "graph.pb", graph_def)
    write_graph(tmp_path / "graph.pb.txt", graph_def)
    assert graph_def.SerializeToString(deterministic=True) == before
    if not versions:
        graph_def.versions.SetInParent()
    expected = graph_def.SerializeToString(deterministic=True)
    assert (tmp_path / "graph.pb").read_bytes() == expected
    assert (tmp_path / "graph.pb.txt").read_text() == text_format.MessageToString(graph_def)


def test_constant_of_another_size_than_it_says_is_refused(tmp_path: Path) -> None:
    graph_def = large_graph()
    weight = next(node for node in graph_def.node if node.name == "weight")
    weight.attr["value"].tensor.tensor_shape.dim[0].size = 301
    with pytest.raises(ConversionError, match=r"'weight' has 240000 bytes, but .* 240800"):
        write_graph(tmp_path / "graph.pb", graph_def)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("ending", ["pb", "pb.txt"])
def test_weight_that_changes_its_shape_meanwhile(ending: str, tmp_path: Path) -> None:
    variable = tf.Variable(rows(3, 4), shape=tf.TensorShape(None), name="growing")
    function = tf.function(lambda: tf.identity(variable), input_signature=[])
    frozen = frozen_graph(trace(function))
    variable.assign(rows(4, 4))
    path = tmp_path / f"graph.{ending}"
    path.write_text("old")
    with pytest.raises(
        ConversionError, match=r"'growing' is float32 \(4, 4\) now, .* float32 \(3, 4\); do not"
    ):
        write_graph(path, frozen)
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_weights_are_read_when_they_are_written(tmp_path: Path) -> None:
    function = function_of(rows(3, 4))
    frozen = frozen_graph(trace(function))
    function.variable.assign(rows(3, 4, seed=8))
    write_graph(tmp_path / "graph.pb", frozen)
    _, session = load_graph(tmp_path / "graph.pb", create_session=True)
    np.testing.assert_array_equal(session.run("value:0"), rows(3, 4, seed=8))


def test_memory_of_weights_cannot_be_written_to() -> None:
    (weight,) = frozen_graph(trace(function_of(rows(3, 4)))).weights.values()
    with pytest.raises(ValueError, match="read-only"):
        weight.read()[0, 0] = 1


@pytest.mark.parametrize("ending", ["pb", "pb.txt"])
def test_full_disk_leaves_the_old_file(ending: str, small_disk: Path) -> None:
    path = small_disk / f"graph.{ending}"
    write_graph(path, frozen_graph(trace(function_of(rows(10, 10)))))
    before = path.read_bytes()
    with pytest.raises(UserError, match="No space left on device; free space"):
        write_graph(path, frozen_graph(trace(function_of(rows(300, 300)))))
    assert path.read_bytes() == before
    assert [found.name for found in small_disk.iterdir()] == [path.name]


def run_child(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


KILLED = """
import os, signal
from dataclasses import replace
import numpy as np, tensorflow as tf
from cmsml_tasks.conversion import frozen_graph, trace, write_graph
from cmsml_tasks.conversion.freezing.frozen_graph import Frozen
v = [tf.Variable(np.ones((1000, 500), "f")) for _ in range(3)]
frozen = frozen_graph(trace(tf.function(lambda: [tf.identity(w) for w in v], input_signature=[])))
*written, last = frozen.weights
def die():
    (part,) = [p for folder in os.listdir() if os.path.isdir(folder) for p in os.listdir(folder)]
    print(part, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
weights = {**frozen.weights, last: replace(frozen.weights[last], read=die)}
write_graph("graph.pb", Frozen(frozen.graph_def, weights))
"""


def test_killed_process_leaves_the_old_file(tmp_path: Path) -> None:
    (tmp_path / "graph.pb").write_text("old")
    done = run_child(KILLED, tmp_path)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert done.stdout == "graph.pb\n"  # which was half-written then
    assert (tmp_path / "graph.pb").read_text() == "old"


PEAK = """
import sys, time
import numpy as np, tensorflow as tf
from cmsml_tasks.conversion import save_graph
def peak():
    status = open("/proc/self/status").read()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024
v = [tf.Variable(np.random.default_rng(i).normal(size=(4000, 1000)).astype("f")) for i in (0, 1, 2)]
f = tf.function(lambda x: [x @ w for w in v], input_signature=[tf.TensorSpec((None, 4000))])
small = tf.function(lambda x: [x @ w[:, :1] for w in v[:1]], input_signature=f.input_signature)
save_graph("warm.pb", tf.function(lambda: tf.ones([2]), input_signature=[]), True)
before = peak()
for name in ("graph.pb", "graph.pb.txt"):
    save_graph(name, f, True)
    print(peak() - before)
"""


def test_memory_does_not_grow_with_the_weights(tmp_path: Path) -> None:
    done = run_child(PEAK, tmp_path)
    assert done.returncode == 0, done.stderr
    binary, text = map(float, done.stdout.split())
    assert (tmp_path / "graph.pb").stat().st_size > 48e6
    assert binary < 12
    assert text < 16


HUGE = 138_000_000  # floats, of which four are more than a protobuf message


def huge_function() -> Any:
    # memory is only taken by what is written to
    weights = [tf.Variable(tf.zeros([HUGE])) for _ in range(4)]
    signature = [tf.TensorSpec((HUGE,), name="x")]
    return tf.function(lambda x: [x + weight for weight in weights], input_signature=signature)


@pytest.mark.parametrize("ending", ["pb", "pb.txt"])
def test_model_too_large_for_protobuf_is_refused_at_once(ending: str, tmp_path: Path) -> None:
    function = huge_function()
    function.get_concrete_function()
    path = tmp_path / f"graph.{ending}"
    path.write_text("old")
    started = time.monotonic()
    message = r"has 2,208,00\d,\d+ bytes, but .* ends at 2,147,483,647; split the model or store"
    with pytest.raises(ConversionError, match=message):
        save_graph(path, function, variables_to_constants=True)
    assert time.monotonic() - started < 1
    assert path.read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_graph_def_too_large_for_protobuf_is_refused_at_once(tmp_path: Path) -> None:
    graph_def = tf1.GraphDef()
    content = bytes(4 * HUGE)
    for number in range(4):
        node = graph_def.node.add(name=f"weight_{number}", op="Const")
        tensor = node.attr["value"].tensor
        node.attr["dtype"].type = tensor.dtype = tf.float32.as_datatype_enum
        tensor.tensor_shape.dim.add(size=HUGE)
        tensor.tensor_content = content
    started = time.monotonic()
    for ending in ("pb", "pb.txt"):
        with pytest.raises(ConversionError, match="has 2,208,000,000 bytes, but"):
            save_graph(tmp_path / f"graph.{ending}", graph_def)
    assert time.monotonic() - started < 1
    assert not list(tmp_path.iterdir())


def test_weight_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    lists = tf.raw_ops.EmptyTensorList(
        element_shape=[2], max_num_elements=3, element_dtype=tf.float32
    )
    variable = tf.Variable(lists, dtype=tf.variant, shape=[], name="lists")
    function = tf.function(
        lambda: tf.raw_ops.TensorListLength(input_handle=variable.read_value()), input_signature=[]
    )
    with pytest.raises(ConversionError, match=r"'lists' \(variant\) cannot be read"):
        save_graph(tmp_path / "graph.pb", function, variables_to_constants=True)
    assert not list(tmp_path.iterdir())


def test_mirrored_variables_are_one_weight(tmp_path: Path) -> None:
    with tf.distribute.MirroredStrategy(["CPU:0"]).scope():
        variable = tf.Variable(rows(3, 2))
    signature = [tf.TensorSpec((None, 3), name="x")]
    function = tf.function(lambda x: x @ variable, input_signature=signature)
    save_graph(tmp_path / "graph.pb", function, variables_to_constants=True)
    _, session = load_graph(tmp_path / "graph.pb", create_session=True)
    np.testing.assert_allclose(
        session.run("output:0", {"x:0": rows(4, 3)}), rows(4, 3) @ rows(3, 2)
    )


def test_partitioned_variables_of_a_session(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph:
        parts = tf1.fixed_size_partitioner(3)
        weight = tf1.get_variable("w", [6, 2], partitioner=parts)
        tf.identity(tf.convert_to_tensor(weight), name="y")
        session = tf1.Session(graph=graph)
        session.run(tf1.global_variables_initializer())
    save_graph(tmp_path / "graph.pb", session, True, output_names=["y"])
    _, loaded = load_graph(tmp_path / "graph.pb", create_session=True)
    np.testing.assert_array_equal(loaded.run("y:0"), session.run("y:0"))
