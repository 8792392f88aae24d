"""A graph that is not its model: the run fails, with evidence, until the graph is right."""

import json
import shutil

from command_line import TINY, Shell


def test_damaged_graph_fails_until_it_is_exported_again(tiny, tmp_path):
    trained, _ = tiny
    shell = Shell(tmp_path / "store")
    for task in ("TrainModel", "ExportGraph"):
        shutil.copytree(trained.store / task, shell.store / task)
    graph = shell.store / "ExportGraph" / TINY / "v1" / "graph.pb"
    good = graph.read_bytes()
    # one bit of one weight
    position = good.index(b"tensor_content") if b"tensor_content" in good else len(good) // 2
    graph.write_bytes(good[:position] + bytes([good[position] ^ 0x40]) + good[position + 1 :])

    arguments = ("ValidateGraph", "--version", "v1", "--recipe", TINY)
    folder = shell.store / "ValidateGraph" / TINY / "v1"
    for _ in range(2):
        shell.try_law(*arguments).refused("FAILED", "evidence: ", "validation.failed.json")
        assert not (folder / "validation.json").exists()
        assert json.loads((folder / "validation.failed.json").read_text())["passed"] is False
    assert "absent" in shell.law(*arguments, "--print-status", "0")

    graph.write_bytes(good)
    shell.law(*arguments)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "validation.json"]


def test_tolerance_is_a_parameter(tiny, tmp_path):
    trained, _ = tiny
    shell = Shell(tmp_path / "store")
    for task in ("TrainModel", "ExportGraph"):
        shutil.copytree(trained.store / task, shell.store / task)
    arguments = ("ValidateGraph", "--version", "v1", "--recipe", TINY)
    shell.law(*arguments, "--atol", "1e-3", "--rtol", "0")
    report = shell.store / "ValidateGraph" / TINY / "v1" / "validation.json"
    assert json.loads(report.read_text())["tolerance"]["atol"] == 1e-3
    shell.try_law(*arguments).refused("atol: 0.001 -> 1e-06", "law run ValidateGraph")


def test_damaged_card_is_told(tiny, tmp_path):
    trained, _ = tiny
    shell = Shell(tmp_path / "store")
    for task in ("TrainModel", "ExportGraph"):
        shutil.copytree(trained.store / task, shell.store / task)
    (shell.store / "ExportGraph" / TINY / "v1" / "graph.json").write_text("{")
    done = shell.try_law("ValidateGraph", "--version", "v1", "--recipe", TINY)
    done.refused("graph.json is damaged", "export the graph again")


def test_torn_manifest_vouches_for_nothing(tiny, tmp_path):
    trained, _ = tiny
    shell = Shell(tmp_path / "store")
    shutil.copytree(trained.store / "TrainModel", shell.store / "TrainModel")
    manifest = shell.store / "TrainModel" / TINY / "v1" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:50])
    shell.law("TrainModel", "--version", "v1", "--recipe", TINY, "--settings", "hidden_units=5")
    assert json.loads(manifest.read_text())["ingredients"]["settings"]["hidden_units"] == 5
