"""Graphs that end without their versions, as the converters of 2017 and 2018 wrote them."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from conversion_cases import graph_of_constants
from google.protobuf import text_format
from needs import skip_without

from cmsml_tasks.conversion import frozen_graph_def, open_model, read_graph, trace
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, node_of
from cmsml_tasks.errors import ConversionError

CASE = Path(__file__).parents[2] / "../shared/cases/graph_without_version"
SHAPES = {"input_1": (None, 1, 27), "input_2": (None, 60, 8), "input_3": (None, 5, 2)}
SCORE = {"ID_pred/Softmax": "score"}


@pytest.fixture(scope="module")
def case() -> Path:
    skip_without("" if CASE.is_dir() else f"no production graph at {CASE}")
    return CASE


def feeds() -> dict[str, Any]:
    dice = np.random.default_rng(1)
    sizes = {name: (20, *shape[1:]) for name, shape in SHAPES.items()}
    return {name: dice.normal(size=size).astype(np.float32) for name, size in sizes.items()}


def ends(graph_def: GraphDef) -> dict[int, bool]:
    """Return the position behind each node, and whether no input dangles there."""
    found: dict[int, bool] = {}
    names: set[str] = set()
    wanted: set[str] = set()
    position = 0
    for node in graph_def.node:
        position += GraphDef(node=[node]).ByteSize()
        names.add(node.name)
        wanted.update(node_of(source) for source in node.input)
        found[position] = wanted <= names
    return found


def check_cut(content: bytes, cut: int, graph_def: GraphDef, path: Path) -> None:
    path.write_bytes(content[:cut])
    if ends(graph_def).get(cut):
        read = read_graph(path)
        assert list(read.node) == list(graph_def.node[: len(read.node)])
        return
    with pytest.raises(ConversionError, match=r"only a part of one|truncated\?|is empty") as caught:
        read_graph(path)
    if cut in ends(graph_def):
        assert "which is missing (truncated?)" in str(caught.value)


def test_every_cut_but_a_clean_one_is_refused(tmp_path: Path) -> None:
    graph_def = GraphDef(node=graph_of_constants().as_graph_def().node)
    # one that reads what comes behind it, as those of loops do
    graph_def.node.sort(key=lambda node: node.op == "Const")
    content = graph_def.SerializeToString()
    assert False in ends(graph_def).values()
    assert list(ends(graph_def).values()).count(True) > 1
    for cut in range(len(content) + 1):
        check_cut(content, cut, graph_def, tmp_path / "graph.pb")


def test_every_cut_of_text_is_refused_or_behind_a_node(tmp_path: Path) -> None:
    graph_def = GraphDef(node=graph_of_constants().as_graph_def().node[:1])
    graph_def.node.add(name="y", op="Neg", input=["x"]).attr["T"].type = 1
    content = text_format.MessageToString(graph_def)
    path, accepted = tmp_path / "graph.pb.txt", 0
    for cut in range(len(content) + 1):
        path.write_text(content[:cut])
        try:
            read = read_graph(path)
        except ConversionError:
            continue
        assert list(read.node) == list(graph_def.node[: len(read.node)])
        accepted += 1
    assert accepted >= 2


def test_cuts_of_a_production_graph(case: Path, tmp_path: Path) -> None:
    content = (case / "DDB.pb").read_bytes()
    graph_def = GraphDef.FromString(content)
    dice = random.Random(1)
    behind = dice.sample(sorted(ends(graph_def)), 20)
    anywhere = dice.sample(range(len(content)), 40)
    for cut in {*behind, *(position - 1 for position in behind), *anywhere}:
        check_cut(content, cut, graph_def, tmp_path / "graph.pb")


def test_a_graph_that_lacks_what_is_asked_for_or_called_is_refused(tmp_path: Path) -> None:
    graph_def = GraphDef(node=graph_of_constants().as_graph_def().node)
    path = tmp_path / "graph.pb"
    path.write_bytes(graph_def.SerializeToString())
    traced = open_model(path, output_names=["probabilities"])
    assert not traced.skeleton.has_versions
    assert trace(frozen_graph_def(traced)).skeleton.has_versions
    path.write_bytes(GraphDef(node=graph_def.node[:-1]).SerializeToString())
    with pytest.raises(ConversionError, match="no operation 'probabilities' to export"):
        open_model(path, output_names=["probabilities"])
    # TensorFlow writes the functions behind the nodes
    function = tf.function(lambda x: tf.map_fn(tf.sqrt, x), input_signature=[tf.TensorSpec([None])])
    called = function.get_concrete_function().graph.as_graph_def()
    path.write_bytes(GraphDef(node=called.node).SerializeToString())
    with pytest.raises(ConversionError, match=r"calls the function '.*', which is missing \(trunc"):
        open_model(path)


def test_production_graph_agrees_with_the_onnx_file_of_cms(case: Path) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(
        str(case / "DDB.onnx"), providers=["CPUExecutionProvider"]
    )
    (expected,) = session.run(None, feeds())
    traced = open_model(case / "DDB.pb", SHAPES, output_names=SCORE)
    frozen = frozen_graph_def(traced)
    for each in (traced, trace(frozen)):
        np.testing.assert_allclose(each.run(feeds())["score"], expected, rtol=1e-5, atol=1e-6)
    assert frozen.HasField("versions")
    operations = {node.op for node in frozen.node}
    assert not {"RandomUniform", "Mean", "StopGradient"} & operations  # of the training
    names = {node.name for node in frozen.node if node.op in ("Merge", "Switch")}
    assert names
    assert all("/while/" in name for name in names)  # the loops of the two GRUs


def test_training_of_a_production_graph_can_be_asked_for(case: Path) -> None:
    phase = "db_input_batchnorm/keras_learning_phase"
    inference = open_model(case / "DDB.pb", SHAPES, output_names=SCORE)
    asked = {"output_names": SCORE, "constant_inputs": {phase: True}}
    training = open_model(case / "DDB.pb", SHAPES, **asked)
    operations = {node.op for node in frozen_graph_def(training).node}
    assert "RandomUniform" in operations
    shapes = {**SHAPES, phase: ()}
    fed = open_model(case / "DDB.pb", shapes, input_names={phase: "phase"}, output_names=SCORE)
    assert [info.name for info in fed.signature.inputs] == [*SHAPES, "phase"]
    # in such a graph, TensorFlow takes the shape of a scalar for an unknown one
    assert fed.signature.inputs[3].shape == ()
    scores = [
        traced.run(values)["score"]
        for traced in (fed, trace(frozen_graph_def(fed)))
        for values in [{**feeds(), "phase": np.array(False)}]
    ]
    assert all(each.tobytes() == inference.run(feeds())["score"].tobytes() for each in scores)
