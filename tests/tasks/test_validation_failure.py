"""A graph that is not its model: the run fails, with evidence, until the graph is right."""

import json
import shutil

import pytest
from command_line import TINY, Shell

ARGUMENTS = ("--version", "v1", "--recipe", TINY)


@pytest.fixture
def exported(tiny, tmp_path):
    """A shell whose store has the exported graph."""
    trained, _ = tiny
    shell = Shell(tmp_path / "store")
    for task in ("TrainModel", "ExportGraph"):
        shutil.copytree(trained.store / task, shell.store / task)
    return shell


def damage(graph):
    """Change one bit of one weight."""
    good = graph.read_bytes()
    position = good.index(b"tensor_content") if b"tensor_content" in good else len(good) // 2
    graph.write_bytes(good[:position] + bytes([good[position] ^ 0x40]) + good[position + 1 :])
    return good


def test_damaged_graph_is_exported_again(exported):
    graph = exported.store / "ExportGraph" / TINY / "v1" / "graph.pb"
    good = damage(graph)
    status = exported.status("ValidateGraph", *ARGUMENTS)
    assert status["ExportGraph"] == "stale (1/1): output graph.pb was edited or replaced"
    assert exported.run("ValidateGraph", *ARGUMENTS) == {
        "TrainModel": {"up to date": 1},
        "ExportGraph": {"ran": 1},
        "ValidateGraph": {"ran": 1},
    }
    assert graph.read_bytes() == good


def test_graph_that_is_not_its_model_fails(exported):
    """The user insists on a damaged graph."""
    folder = exported.store / "ValidateGraph" / TINY / "v1"
    graph = exported.store / "ExportGraph" / TINY / "v1" / "graph.pb"
    good = damage(graph)
    text = exported.law("ExportGraph", *ARGUMENTS, "--accept")
    assert "accepted      ExportGraph: output graph.pb was edited or replaced" in text
    for _ in range(2):
        done = exported.try_law("ValidateGraph", *ARGUMENTS)
        done.refused("FAILED", "evidence: ", "validation.failed.json")
        assert not (folder / "validation.json").exists()
        assert json.loads((folder / "validation.failed.json").read_text())["passed"] is False
    assert exported.status("ValidateGraph", *ARGUMENTS)["ValidateGraph"] == "missing (1/1)"

    graph.write_bytes(good)
    exported.law("ValidateGraph", *ARGUMENTS)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "validation.json"]


def test_tolerance_is_a_parameter(exported):
    exported.law("ValidateGraph", *ARGUMENTS, "--atol", "1e-3", "--rtol", "0")
    report = exported.store / "ValidateGraph" / TINY / "v1" / "validation.json"
    assert json.loads(report.read_text())["tolerance"]["atol"] == 1e-3
    status = exported.status("ValidateGraph", *ARGUMENTS)
    assert status["ValidateGraph"] == (
        "stale (1/1): parameter atol 0.001 -> 1e-06; parameter rtol 0.0 -> 1e-06"
    )


def test_damaged_card_is_made_again(exported):
    card = exported.store / "ExportGraph" / TINY / "v1" / "graph.json"
    good = card.read_bytes()
    card.write_text("{")
    status = exported.status("ExportGraph", *ARGUMENTS)
    reason = f"output graph.json was truncated from {len(good):,} to 1 bytes"
    assert status["ExportGraph"] == f"stale (1/1): {reason}"
    assert exported.run("ExportGraph", *ARGUMENTS)["ExportGraph"] == {"ran": 1}
    assert card.read_bytes() == good


def test_torn_manifest_vouches_for_nothing(exported):
    manifest = exported.store / "TrainModel" / TINY / "v1" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:50])
    arguments = ("TrainModel", *ARGUMENTS, "--settings", "hidden_units=5")
    reason = "manifest not believed: it is no JSON that can be read"
    assert exported.status(*arguments) == {"TrainModel": f"stale (1/1): {reason}"}
    assert exported.run(*arguments) == {"TrainModel": {"ran": 1}}
    assert json.loads(manifest.read_text())["ingredients"]["setting"]["hidden_units"] == 5
