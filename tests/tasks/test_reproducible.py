"""The same again: graphs byte for byte, weights value for value."""

import shutil

import numpy as np
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


def test_two_trainings_with_one_seed_give_equal_weights(tiny, tmp_path):
    import zipfile

    import h5py

    first, _ = tiny
    again, other = Shell(tmp_path / "again"), Shell(tmp_path / "other")
    again.law("TrainModel", "--version", "v1", "--recipe", TINY, PYTHONHASHSEED="7")
    other.law("TrainModel", "--version", "v1", "--recipe", TINY, "--settings", "seed=2")

    def weights(shell):
        model = shell.store / "TrainModel" / TINY / "v1" / "model.keras"
        with zipfile.ZipFile(model) as archive, archive.open("model.weights.h5") as file:
            found = {}
            h5py.File(file).visititems(
                lambda name, item: (
                    found.update({name: item[()]}) if hasattr(item, "shape") else None
                )
            )
            return found

    expected, got, different = weights(first), weights(again), weights(other)
    assert len(expected) >= 4
    assert all(np.array_equal(expected[name], got[name]) for name in expected)
    assert not all(np.array_equal(expected[name], different[name]) for name in expected)


def test_generated_events_are_the_same_bytes(demo, shell):
    first, _ = demo
    shell.law("GenerateEvents", "--version", "v1")
    path = f"GenerateEvents/{RECIPE}/v1/events.npz"
    assert (first.store / path).read_bytes() == (shell.store / path).read_bytes()
