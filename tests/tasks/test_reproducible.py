"""The same again, byte for byte."""

import shutil

from command_line import TINY, Shell

RECIPE = "cmsml_tasks.recipes.demo.DimuonResonance"


def test_two_exports_of_one_model_give_the_same_bytes(demo, tmp_path):
    first, _ = demo
    again = Shell(tmp_path / "store")
    for task in ("GenerateEvents", "TrainModel"):
        shutil.copytree(first.store / task, again.store / task)
    again.law(
        "ExportGraph", "--version", "v1", "--formats", "pb,pbtxt", "--workers", "2",
        PYTHONHASHSEED="123", TF_ENABLE_ONEDNN_OPTS="0",
    )  # fmt: skip
    for name in ("graph.pb", "graph.pb.txt", "graph.json"):
        path = f"ExportGraph/{RECIPE}/v1/{name}"
        assert (first.store / path).read_bytes() == (again.store / path).read_bytes(), name


def test_two_trainings_with_one_seed_give_the_same_files(tiny, tmp_path):
    first, _ = tiny
    again, other = Shell(tmp_path / "again"), Shell(tmp_path / "other")
    again.law("TrainModel", "--version", "v1", "--recipe", TINY, PYTHONHASHSEED="7")
    other.law("TrainModel", "--version", "v1", "--recipe", TINY, "--settings", "seed=2")

    def content(shell, name):
        return (shell.store / "TrainModel" / TINY / "v1" / name).read_bytes()

    for name in ("model.keras", "history.json", "reference.npz"):
        assert content(first, name) == content(again, name), name
    assert content(first, "model.keras") != content(other, "model.keras")


def test_generated_events_are_the_same_bytes(demo, shell):
    first, _ = demo
    shell.law("GenerateEvents", "--version", "v1")
    path = f"GenerateEvents/{RECIPE}/v1/events.npz"
    assert (first.store / path).read_bytes() == (shell.store / path).read_bytes()
