"""Finished models, among them a graph that CMS ran in production."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from command_line import ROOT, Shell

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
    assert shell.status(*arguments[:-1], str(copy)) == {"ExportGraph": f"stale (1/1): {reason}"}


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
