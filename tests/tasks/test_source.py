"""Finished models, among them a graph that CMS ran in production."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT, Shell

from cmsml_tasks.tasks.source import source_name
from cmsml_tasks.tasks.store import path_part

EGAMMA = ROOT / "../shared/data/egamma_pfid/exteta1_modelDNN.pb"


@pytest.fixture(scope="session")
def egamma():
    if not EGAMMA.exists() and not os.environ.get("CI"):
        pytest.skip(f"the CMS graph is not there: {EGAMMA}")
    return EGAMMA


def test_production_graph_keeps_its_outputs(egamma, shell):
    arguments = ("--version", "v1", "--source", str(egamma))
    text = shell.law("ValidateGraph", *arguments)
    assert "input    FirstLayer_input:0  float32 [batch, 28]" in text
    folder = Path("exteta1_modelDNN/v1")
    report = json.loads((shell.store / "ValidateGraph" / folder / "validation.json").read_text())
    checks = report["runtimes"]["session"]["checks"]
    agreement = {check["name"]: check["numbers"] for check in checks}
    for name in ("reference outputs", "extreme rows", "missing rows"):
        assert agreement[name]["tensors"]["Identity"]["max_abs"] == 0, name
    with np.load(shell.store / "ExportGraph" / folder / "reference.npz") as reference:
        assert set(reference["kind"]) == {"random", "extreme", "missing"}
    assert not (shell.store / "TrainModel").exists()


def test_content_of_the_source_counts_and_not_its_place(tiny, tmp_path):
    trained, _ = tiny
    model = next(trained.store.glob("TrainModel/*/v1/model.keras"))
    shell = Shell(tmp_path / "store")
    source = tmp_path / "net.keras"
    source.write_bytes(model.read_bytes())
    arguments = ("ExportGraph", "--version", "v1", "--source", str(source))
    assert "features:0  float32 [batch, 3]" in shell.law(*arguments)
    copy = tmp_path / "elsewhere" / "net.keras"
    copy.parent.mkdir()
    copy.write_bytes(model.read_bytes())
    assert shell.status(*arguments[:-1], str(copy)) == {"ExportGraph": "complete (1/1)"}
    source.write_bytes(model.read_bytes() + b"\0")
    reason = "input net.keras changed"
    assert shell.status(*arguments) == {"ExportGraph": f"stale (1/1): {reason}"}
    assert shell.run(*arguments) == {"ExportGraph": {"ran": 1}}
    assert shell.status(*arguments) == {"ExportGraph": "complete (1/1)"}


def test_sources_of_one_name_do_not_replace_each_other(tiny, tmp_path):
    trained, _ = tiny
    content = next(trained.store.glob("TrainModel/*/v1/model.keras")).read_bytes()
    shell = Shell(tmp_path / "store")
    first, second = tmp_path / "a" / "net.keras", tmp_path / "b" / "net.keras"
    for path, data in ((first, content), (second, content + b"\0")):
        path.parent.mkdir()
        path.write_bytes(data)
    arguments = ("ExportGraph", "--version", "v1", "--source")
    shell.law(*arguments, str(first))
    before = shell.times()
    for command in (arguments, ("ValidateGraph", *arguments[1:])):
        for option in ((), ("--explain",), ("--remove-output=0,a",)):
            done = shell.try_law(*command, str(second), *option)
            done.refused(f"of another source, {first}", "another --version")
    assert shell.times() == before
    assert shell.explained("ExportGraph", "--version", "v2", "--source", str(second)) == {
        "ExportGraph": "run"
    }
    # equal content, by another path or a link
    second.write_bytes(content)
    assert shell.run(*arguments, str(second)) == {"ExportGraph": {"up to date": 1}}
    second.unlink()
    second.symlink_to(first)
    assert shell.run(*arguments, str(second)) == {"ExportGraph": {"up to date": 1}}
    # the other one is gone
    second.unlink()
    first.unlink()
    second.write_bytes(content + b"\0")
    assert shell.explained(*arguments, str(second)) == {"ExportGraph": "run"}
    # what is removed as the message says makes place
    first.write_bytes(content)
    shell.law(*arguments, str(first), "--remove-output=0,a")
    assert shell.explained(*arguments, str(second)) == {"ExportGraph": "run"}


def test_any_file_name_names_a_folder(tiny, tmp_path):
    trained, _ = tiny
    content = next(trained.store.glob("TrainModel/*/v1/model.keras")).read_bytes()
    shell = Shell(tmp_path / "store")
    for name in ("model (1).keras", "modèle.keras"):
        source = tmp_path / name
        source.write_bytes(content)
        shell.law("ExportGraph", "--version", "v1", "--source", str(source))
        assert shell.status("ExportGraph", "--version", "v1", "--source", str(source)) == {
            "ExportGraph": "complete (1/1)"
        }
    folders = {path.name for path in (shell.store / "ExportGraph").iterdir()}
    assert folders == {source_name("model (1).keras"), source_name("modèle.keras")}


def test_the_folder_above_has_its_own_name(shell, tmp_path):
    arguments = ("ExportGraph", "--version", "v1", "--source", str(tmp_path / ".."))
    text = shell.law(*arguments, "--print-status", "0")
    assert f"source={tmp_path.parent.resolve()}, " in text


@pytest.mark.parametrize(
    ("name", "folder"),
    [
        ("a/model.keras", "model"),
        ("exteta1_modelDNN.pb.txt", "exteta1_modelDNN"),
        ("model (1).keras", r"model_1-[0-9a-f]{6}"),
        ("model [1].keras", r"model_1-[0-9a-f]{6}"),
        ("modèle.keras", r"mod_le-[0-9a-f]{6}"),
        ("_m.keras", r"m-[0-9a-f]{6}"),
        ("..pb", r"[0-9a-f]{6}"),
        ("v1..2.h5", r"v1_2-[0-9a-f]{6}"),
        ("数.keras", r"[0-9a-f]{6}"),
        (f"{'m' * 240}.keras", r"m{120}-[0-9a-f]{6}"),
    ],
)
def test_folder_of_a_source(name, folder):
    assert re.fullmatch(folder, source_name(name))
    assert path_part("source", source_name(name)) == source_name(name)


def test_folders_of_names_that_are_nearly_equal():
    names = ["model (1).keras", "model [1].keras", "model_1.keras", "model 1.keras", "_model_1.h5"]
    assert len({source_name(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.pb", b"", ("empty",)),
        ("truncated.keras", b"PK\x03\x04 and no more", ("truncated.keras",)),
        ("picture.pb", b"\x89PNG\r\n\x1a\n" + bytes(100), ("picture.pb",)),
        ("model.onnx", b"\x08\x07\x12\x07pytorch", ("model.onnx",)),
    ],
)
def test_unusable_file_is_one_clear_message(shell, tmp_path, name, content, words):
    source = tmp_path / name
    source.write_bytes(content)
    done = shell.try_law("ExportGraph", "--version", "v1", "--source", str(source))
    done.refused(*words)
    assert shell.files() == []
