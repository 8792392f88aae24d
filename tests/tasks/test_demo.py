import json
import subprocess
import sys

from command_line import modules_imported
from law_commands import summary

RECIPE = "cmsml_tasks.recipes.demo.DimuonResonance"


def read(shell, task, name):
    return json.loads((shell.store / task / RECIPE / "v1" / name).read_text())


def test_chain_leaves_the_promised_files(demo):
    shell, _ = demo
    folder = f"{RECIPE}/v1"
    assert shell.files() == [
        f"ExportGraph/{folder}/graph.json",
        f"ExportGraph/{folder}/graph.pb",
        f"ExportGraph/{folder}/graph.pb.txt",
        f"ExportGraph/{folder}/manifest.json",
        f"GenerateEvents/{folder}/events.npz",
        f"GenerateEvents/{folder}/manifest.json",
        f"TrainModel/{folder}/history.json",
        f"TrainModel/{folder}/manifest.json",
        f"TrainModel/{folder}/model.keras",
        f"TrainModel/{folder}/reference.npz",
        f"ValidateGraph/{folder}/manifest.json",
        f"ValidateGraph/{folder}/validation.json",
    ]


def test_run_says_where_the_graph_lies_and_how_to_load_it(demo):
    shell, text = demo
    path = shell.store / "ExportGraph" / RECIPE / "v1" / "graph.pb"
    card = read(shell, "ExportGraph", "graph.json")
    assert f"graph    {path}" in text
    for role in ("input", "output"):
        (tensor,) = card[f"{role}s"]
        assert f"{role:<8} {tensor['tensor']}  float32 [batch, " in text
    assert f'tensorflow::loadGraphDef("{path}")' in text
    assert f'{{"{card["inputs"][0]["name"]}", ' in text


def test_console_tells_what_runs_and_nothing_of_luigi(demo):
    _, text = demo
    assert "INFO:" not in text
    assert "Luigi" not in text
    lines = text.splitlines()
    for family in ("GenerateEvents", "TrainModel", "ExportGraph", "ValidateGraph"):
        begin = lines.index(f"{family} v1")
        assert any(line.startswith(f"{family} v1: done in ") for line in lines[begin:])


def test_roc_area_is_reported_and_physical(demo):
    shell, text = demo
    results = read(shell, "TrainModel", "history.json")["validation"]
    assert 0.75 < results["roc_area"] < 0.99
    assert f"ROC area {results['roc_area']:.4f} on {results['events']} validation events" in text


def test_log_has_one_plain_line_per_epoch(demo):
    shell, text = demo
    epochs = len(read(shell, "TrainModel", "history.json")["history"]["loss"])
    lines = [line for line in text.splitlines() if line.startswith("epoch ")]
    assert len(lines) == epochs
    assert "\r" not in text
    assert "val_loss" in lines[0]


def test_card_tells_a_cpp_author_all(demo):
    shell, _ = demo
    card = read(shell, "ExportGraph", "graph.json")
    (features,) = card["inputs"]
    assert features["shape"] == [None, len(features["features"])]
    assert all({"name", "padding"} <= set(feature) for feature in features["features"])
    assert card["split"]
    assert sum(card["operations"].values()) > 0
    assert set(card["digests"]) == {"graph.pb", "graph.pb.txt"}


def test_only_the_manifest_knows_time_and_host(demo):
    shell, _ = demo
    for name in shell.files():
        environment = json.loads((shell.store / name).read_text()) if "manifest" in name else None
        if environment:
            host, day = environment["environment"]["host"], environment["environment"]["time"][:10]
    for name in shell.files():
        content = (shell.store / name).read_bytes()
        if "manifest" not in name and not name.endswith(".keras"):
            assert host.encode() not in content, name
            assert day.encode() not in content, name


def test_graph_runs_where_cmsml_tasks_is_unknown(demo):
    shell, _ = demo
    folder = shell.store / "ExportGraph" / RECIPE / "v1"
    reference = shell.store / "TrainModel" / RECIPE / "v1" / "reference.npz"
    code = f"""
import sys, json
import numpy as np
import tensorflow as tf
card = json.load(open({str(folder / "graph.json")!r}))
rows = np.load({str(reference)!r})
keep = rows["kind"] == "validation"
graph = tf.compat.v1.GraphDef.FromString(open({str(folder / "graph.pb")!r}, "rb").read())
with tf.Graph().as_default() as g:
    tf.import_graph_def(graph, name="")
    feed = {{t["tensor"]: rows["inputs/" + t["name"]][keep] for t in card["inputs"]}}
    (score,) = tf.compat.v1.Session().run([t["tensor"] for t in card["outputs"]], feed)
expected = rows["outputs/" + card["outputs"][0]["name"]][keep]
assert len(score) > 100 and np.abs(score - expected).max() < 1e-6, np.abs(score - expected).max()
assert not any(name.startswith("cmsml") for name in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_validation_report_names_its_checks(demo):
    shell, _ = demo
    report = read(shell, "ValidateGraph", "validation.json")
    assert report["passed"] is True
    checks = report["runtimes"]["session"]["checks"]
    assert all(check["status"] in {"passed", "does not apply"} for check in checks)
    assert sum(check["status"] == "passed" for check in checks) >= 8


def test_second_run_runs_nothing(demo):
    shell, _ = demo
    before = shell.times()
    arguments = ("ValidateGraph", "--version", "v1", "--formats", "pb,pbtxt")
    text = shell.law(*arguments, PYTHONPROFILEIMPORTTIME="1")
    assert shell.times() == before
    assert not {"tensorflow", "keras"} & modules_imported(text)
    assert summary(text) == {"ValidateGraph": {"up to date": 1}}
    text = shell.law(*arguments, "--explain")
    assert "nothing would run" in text
    assert "up to date  ValidateGraph  1 of 1" in text
