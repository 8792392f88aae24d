"""Names that the user chooses: for all tensors in their order, or for some by what they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from conversion_cases import X, functional, graph_of_constants, rows, session_with

from cmsml_tasks.conversion import (
    TensorInfo,
    frozen_graph_def,
    open_model,
    read_graph,
    save_graph,
    trace,
)
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1


def names(traced: Any) -> tuple[list[str], list[str]]:
    signature = traced.signature
    return [i.name for i in signature.inputs], [o.name for o in signature.outputs]


def test_some_tensors_of_a_model_are_renamed() -> None:
    traced = trace(functional(), {"leptons": "muons"}, {"cls": "jets_score"})
    assert names(traced) == (["jets", "muons"], ["jets_score", "reg"])
    assert traced.signature.inputs[1] == TensorInfo(
        "muons", "muons:0", "float32", (None, 3), renamed_from="leptons"
    )
    assert traced.signature.inputs[0].renamed_from is None
    assert {"jets", "muons", "jets_score", "reg"} <= {n.name for n in frozen_graph_def(traced).node}
    assert names(traced.with_found_names()) == (["jets", "leptons"], ["cls", "reg"])


def test_names_can_be_exchanged() -> None:
    model = functional()
    feeds = {"jets": rows(5, 4, 2), "leptons": rows(5, 3)}
    expected = trace(model).run(feeds)
    traced = trace(model, {"jets": "leptons", "leptons": "jets"}, {"cls": "reg", "reg": "cls"})
    values = traced.run({"leptons": feeds["jets"], "jets": feeds["leptons"]})
    assert (values["reg"] == expected["cls"]).all()
    assert (values["cls"] == expected["reg"]).all()
    again = traced.renamed(["a", "b"], None).signature.inputs
    assert [(i.name, i.renamed_from) for i in again] == [("a", "jets"), ("b", "leptons")]


def test_mapping_selects_operations_of_a_graph_and_renames_them(tmp_path: Path) -> None:
    session = session_with(True)
    traced = trace(session, {"shift": "offset"}, {"output": "score", "hidden:0": "state"})
    assert names(traced) == (["x", "offset"], ["score", "state"])
    assert traced.run({"x": X, "offset": rows(3)}).keys() == {"score", "state"}
    graph = graph_of_constants()
    assert names(trace(graph, output_names={"MatMul": "logits"})) == (["x"], ["logits"])
    save_graph(tmp_path / "graph.pb", graph)
    path = tmp_path / "graph.pb"
    assert names(open_model(path, output_names=["MatMul"])) == (["x"], ["MatMul"])
    opened = open_model(
        path, {"x": (7, 4)}, input_names=["features"], output_names={"MatMul": "logits"}
    )
    assert names(opened) == (["features"], ["logits"])
    assert opened.signature.inputs[0].shape == (7, 4)


def test_graph_as_it_is_with_other_names_keeps_every_operation(tmp_path: Path) -> None:
    session = session_with(True)
    count = len(session.graph.get_operations())
    renamed = {"output_names": {"output": "score"}, "input_names": {"x": "features"}}
    save_graph(tmp_path / "graph.pb", session, **renamed)
    nodes = read_graph(tmp_path / "graph.pb").node
    assert len(nodes) == count
    assert {"features", "shift", "score"} <= {node.name for node in nodes}
    assert not {"x", "output"} & {node.name for node in nodes}
    with pytest.raises(ConversionError, match="'x' would name more than one tensor"):
        save_graph(
            tmp_path / "clash.pb", session, output_names={"output": "x"}, input_names={"x": "x"}
        )


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_files_are_opened_under_other_names(tmp_path: Path) -> None:
    model = functional()
    model.save(tmp_path / "model.keras")
    model.export(tmp_path / "exported", verbose=False)
    for name in ("model.keras", "exported"):
        found = names(open_model(tmp_path / name))
        wanted = [f"out_{n}" for n, _ in enumerate(found[1])]
        traced = open_model(
            tmp_path / name, input_names={found[0][0]: "first"}, output_names=wanted
        )
        assert names(traced) == (["first", found[0][1]], wanted)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"input_names": {"jetz": "a"}},
            r"input_names renames 'jetz', but there is no such input; did you mean 'jets'\? "
            r"\(inputs: 'jets', 'leptons'\)",
        ),
        ({"output_names": {"zzz": "a"}}, r"no such output \(outputs: 'cls', 'reg'\)"),
        ({"input_names": {"jets": "leptons"}}, "'leptons' would name more than one tensor"),
        ({"output_names": {"cls": "jets"}}, "'jets' would name more than one tensor"),
        ({"output_names": {"cls": "my score"}}, "contains 'my score', which cannot name a node"),
        ({"output_names": {"cls": 3}}, "contains 3, which cannot name a node"),
        (
            {"input_names": ["a"]},
            r"1 names \('a'\) for 2 inputs.*some of them: input_names=\{'jets'",
        ),
    ],
)
def test_names_that_do_not_fit_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        trace(functional(), **options)


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"outptu": "y"}, "no operation 'outptu' to export; did you mean 'output'"),
        ({"output": "y", "hidden": "y"}, "'y' would name more than one tensor"),
        ({"output": "x"}, "'x' would name more than one tensor"),
        ({}, "a session has no outputs of its own"),
    ],
)
def test_operations_that_cannot_be_renamed(wanted: dict[str, str], message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        trace(session_with(True), output_names=wanted)
