"""Graph files that reach outside are refused, and have done nothing when they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from hostile_graphs import HOSTILE, hostile, in_function, shape_from_file, write

from cmsml_tasks.conversion import (
    ReachesOutsideWarning,
    frozen_graph,
    load_graph,
    open_model,
    save_graph,
)
from cmsml_tasks.conversion.effects import judge
from cmsml_tasks.conversion.effects.files import read_for_verdict
from cmsml_tasks.errors import ConversionError


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def written(graph_def: Any, folder: Path, ending: str = ".pb") -> Path:
    """The graph in a file, as another program writes it."""
    path = folder / f"graph{ending}"
    text = ending != ".pb"
    tf.io.write_graph(graph_def, str(folder), path.name, as_text=text)
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_it_is_refused_and_nothing_happens(name: str, tmp_path: Path) -> None:
    effect, operation = HOSTILE[name]
    graph_def = hostile(effect, tmp_path)
    path = written(graph_def, tmp_path)
    before = files(tmp_path)
    with pytest.raises(ConversionError) as raised:
        open_model(path)
    message = str(raised.value)
    assert message.startswith(f"{path}: '")
    assert f"({operation})" in message
    deep = list(graph_def.library.function)
    if name in ("in_function", "two_functions_deep", "in_branch", "in_loop"):
        assert any(f"in the function '{each.signature.name}'" in message for each in deep)
    assert files(tmp_path) == before
    # a file is judged alike where no TensorFlow is
    assert judge(read_for_verdict(path)) == judge(graph_def)
    assert judge(read_for_verdict(written(graph_def, tmp_path, ".pb.txt"))) == judge(graph_def)


def test_text_is_judged_as_well(tmp_path: Path) -> None:
    path = written(hostile(write, tmp_path), tmp_path, ".pbtxt")
    with pytest.raises(ConversionError, match=r"'WriteFile' \(WriteFile\) writes a file"):
        open_model(path)
    assert not (tmp_path / "WRITTEN").exists()


def test_what_the_outputs_do_not_need_counts_too(tmp_path: Path) -> None:
    graph = tf.Graph()
    with graph.as_default():
        tf.identity(tf.compat.v1.placeholder(tf.float32, [None], name="x"), name="out")
        write(tmp_path)
    path = written(graph.as_graph_def(), tmp_path)
    with pytest.raises(ConversionError, match="writes a file"):
        open_model(path, output_names=["out"])


def test_a_graph_is_not_even_loaded_where_that_reads_a_file(tmp_path: Path) -> None:
    graph_def = hostile(shape_from_file, tmp_path)
    (tmp_path / "secret.bin").write_bytes(b"\7\0\0\0")
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(graph_def, name="")
    shapes = [op.outputs[0].shape for op in graph.get_operations() if op.type in ("Fill", "zeros")]
    assert shapes == [[7]], "the import alone has read the file"
    for effect in (shape_from_file, in_function):
        path = written(hostile(effect, tmp_path), tmp_path)
        with pytest.raises(ConversionError, match=r"(Read|Write)File"):
            load_graph(path)
    assert not (tmp_path / "WRITTEN").exists()


def test_a_graph_that_would_act_when_it_is_run_is_loaded_with_a_warning(tmp_path: Path) -> None:
    path = written(hostile(write, tmp_path), tmp_path)
    words = r"'WriteFile' \(WriteFile\) writes a file; whoever runs it has it done"
    with pytest.warns(ReachesOutsideWarning, match=words):
        graph, session = load_graph(path, create_session=True)
    assert not (tmp_path / "WRITTEN").exists()
    session.run("out:0", {"x:0": [[1, 2, 3]]})
    assert (tmp_path / "WRITTEN").exists()
    assert graph is session.graph


@pytest.mark.parametrize("frozen", [True, False])
def test_own_functions_are_saved_with_a_warning(frozen: bool, tmp_path: Path) -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, "x")])
    def function(x: Any) -> Any:
        with tf.control_dependencies([write(tmp_path)]):
            return tf.identity(x * 2)

    path = tmp_path / "graph.pb"
    with pytest.warns(ReachesOutsideWarning, match=r"\(WriteFile\) writes a file"):
        save_graph(path, function, frozen)
    assert path.exists()
    with pytest.raises(ConversionError, match="WriteFile"):
        open_model(path)


@pytest.mark.parametrize("operation", ["WriteFile", "My\x1b[2JOp"])
def test_names_that_a_terminal_would_act_on(operation: str, tmp_path: Path) -> None:
    graph_def = hostile(lambda _: tf.no_op(), tmp_path)
    graph_def.node.add(name="a\x1b]0;title\x07\nERROR: b", op=operation)
    path = written(graph_def, tmp_path)
    with pytest.raises(ConversionError) as raised:
        open_model(path)
    assert str(raised.value).replace("\n", "").isprintable()
    if operation == "WriteFile":
        assert r"'a\x1b]0;title\x07\nERROR: b' (WriteFile) writes a file" in str(raised.value)


def test_what_only_looks_dangerous_is_taken(tmp_path: Path) -> None:
    graph = tf.Graph()
    with graph.as_default():
        x = tf.compat.v1.placeholder(tf.float32, [None, 3], name="x")
        told = tf.print("a")
        checked = tf.debugging.assert_all_finite(x, "x")
        name = tf.strings.join(
            ["a", tf.raw_ops.ShardedFilename(basename="b", shard=0, num_shards=1)]
        )
        text = tf.compat.v1.summary.scalar("s", 1.0)
        with tf.control_dependencies([told, checked, name, text]):
            tf.identity(tf.map_fn(lambda row: row * 2, x), name="out")
    path = written(graph.as_graph_def(), tmp_path)
    traced = open_model(path, output_names=["out"])
    assert frozen_graph(traced).graph_def.node


def test_an_operation_of_a_package_wants_leave(tmp_path: Path, monkeypatch: Any) -> None:
    """One that TensorFlow has here, but the table does not."""
    from cmsml_tasks.conversion.effects import judging

    known = judging.effect_of
    monkeypatch.setattr(
        judging, "effect_of", lambda name: None if name == "Fingerprint" else known(name)
    )
    graph = tf.Graph()
    with graph.as_default():
        data = tf.compat.v1.placeholder(tf.string, [None], name="x")
        tf.identity(tf.raw_ops.Fingerprint(data=data, method="farmhash64"), name="out")
    path = written(graph.as_graph_def(), tmp_path)
    with pytest.raises(ConversionError, match="--allow-operations Fingerprint"):
        open_model(path)
    traced = open_model(path, allow_operations=["Fingerprint"])
    assert [info.name for info in traced.signature.outputs] == ["out"]
    with pytest.raises(ConversionError, match="which cannot be allowed"):
        open_model(path, allow_operations=["Fingerprint", "ReadFile"])
