"""Every model of the zoo: its file, loaded in a fresh process, is the model."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fresh_process import ONEDNN, evaluate_graphs

from cmsml_tasks.conversion import frozen_graph_def, read_graph, trace
from cmsml_tasks.validation.comparison import Tolerance, compare
from zoo import ZOO


@pytest.fixture(scope="session", params=ONEDNN.values(), ids=ONEDNN)
def answers(
    request: pytest.FixtureRequest, zoo_files: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """What the files give, by model: ``facts`` and ``values``."""
    folder = tmp_path_factory.mktemp("zoo_answers")
    requests = {}
    for name in frozen(zoo_files):
        model = folder / name
        model.mkdir()
        (model / "graph.pb").symlink_to(zoo_files / name / "graph.pb")
        feeds = arrays_of(zoo_files / name / "feeds.npz")
        np.savez(model / "arrays.npz", **{f"feed|{key}:0": value for key, value in feeds.items()})
        fetches = [f"{key}:0" for key in arrays_of(zoo_files / name / "expected.npz")]
        paths = {"path": str(model / "graph.pb"), "arrays": str(model / "arrays.npz")}
        requests[name] = {**paths, "fetches": fetches}
    asked = list(requests.values())
    facts = evaluate_graphs(folder, asked, TF_ENABLE_ONEDNN_OPTS=request.param)
    result = {}
    for name, path in ((name, given["path"]) for name, given in requests.items()):
        result[name] = {"facts": facts[path], "values": {}}
        if "error" not in facts[path]:
            result[name]["values"] = arrays_of(Path(f"{path}.npz"))
    return result


def frozen(zoo_files: Path) -> list[str]:
    digests = json.loads((zoo_files / "digests.json").read_text())
    return [name for name, digest in digests.items() if re.fullmatch("[0-9a-f]{64}", digest)]


def arrays_of(path: Path) -> dict[str, np.ndarray]:
    with np.load(path, allow_pickle=True) as file:
        return dict(file)


def about(zoo_files: Path, name: str) -> dict[str, Any]:
    return json.loads((zoo_files / name / "model.json").read_text())


def bytes_of(graph_def: Any) -> bytes:
    return graph_def.SerializeToString(deterministic=True)


@pytest.mark.parametrize("name", ZOO)
def test_model_can_be_frozen(name: str, zoo_files: Path) -> None:
    digests = json.loads((zoo_files / "digests.json").read_text())
    assert re.fullmatch("[0-9a-f]{64}", digests[name]), digests[name]


@pytest.mark.parametrize("name", ZOO)
def test_file_gives_the_numbers_of_the_original(
    name: str, zoo_files: Path, answers: dict[str, Any]
) -> None:
    model = about(zoo_files, name)
    assert "error" not in answers[name]["facts"], answers[name]["facts"]["error"]
    for tensor, expected in arrays_of(zoo_files / name / "expected.npz").items():
        value = answers[name]["values"][f"{tensor}:0"]
        if model["exact"]:
            value = value.astype("S") if value.dtype == object else value
            assert value.dtype == expected.dtype or value.dtype.kind == "S"
            np.testing.assert_array_equal(value, expected)
            continue
        loose = model["tolerance"]
        tolerance = Tolerance(atol=loose, rtol=loose) if loose else Tolerance()
        comparison = compare(value, expected, tolerance, size=1.0)
        assert comparison.agree, (tensor, comparison.problem, comparison.worst)


@pytest.mark.parametrize("name", ZOO)
def test_interface_is_the_users(name: str, zoo_files: Path, answers: dict[str, Any]) -> None:
    model = about(zoo_files, name)
    facts = answers[name]["facts"]
    assert sorted(facts["inputs"]) == sorted(arrays_of(zoo_files / name / "feeds.npz"))
    assert sorted(facts["unread"]) == sorted(model["outputs"])


@pytest.mark.parametrize("name", ZOO)
def test_freezing_a_frozen_graph_changes_nothing(name: str, zoo_files: Path) -> None:
    graph_def = read_graph(zoo_files / name / "graph.pb")
    again = frozen_graph_def(trace(graph_def))
    if about(zoo_files, name)["told_by_model"]:  # a file cannot tell whose names these are
        assert [node.op for node in again.node] == [node.op for node in graph_def.node]
        graph_def, again = again, frozen_graph_def(trace(again))
    assert bytes_of(again) == bytes_of(graph_def)
