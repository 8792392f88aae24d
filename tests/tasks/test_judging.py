"""Trainings and validations that only look right."""

import json

from command_line import TINY


def read(shell, task, recipe, name):
    return json.loads((shell.store / task / recipe / "v1" / name).read_text())


def test_a_constant_network_is_not_passed(shell):
    """Its weights could be anything: no check would show it."""
    recipe = "tiny_recipes.CollapsedRecipe"
    validate = ("ValidateGraph", "--version", "v1", "--recipe", recipe)
    done = shell.try_law(*validate)
    done.refused(
        "PROVES NOTHING  rows that can tell",
        "score: 0.5 in all 120 rows",
        "--allow-constant",
        "no ROC area on 120 validation events, because the weights sum to -",
        "unweighted_auc 0.5000",
    )
    failed = read(shell, "ValidateGraph", recipe, "validation.failed.json")
    assert (failed["passed"], failed["verdict"]) == (False, "proves nothing")
    assert "no_roc_area" in read(shell, "TrainModel", recipe, "history.json")["validation"]

    text = shell.law(*validate, "--allow-constant")
    assert "PROVES NOTHING  rows that can tell" in text
    report = read(shell, "ValidateGraph", recipe, "validation.json")
    assert (report["passed"], report["verdict"]) == (False, "proves nothing")
    reason = "stale (1/1): parameter allow_constant True -> False"
    assert shell.status(*validate)["ValidateGraph"] == reason


def test_reference_rows_come_from_the_saved_file(shell):
    recipe = "own_layers.SetLaterRecipe"
    done = shell.try_law("TrainModel", "--version", "v1", "--recipe", recipe)
    done.refused(
        "model.keras gives other numbers than the model in memory",
        "for validation row",
        "epoch 1/1",
    )
    assert shell.status("TrainModel", "--version", "v1", "--recipe", recipe) != {
        "TrainModel": "complete (1/1)"
    }


def test_the_saved_file_alone_makes_the_reference_rows_again(tiny, tmp_path):
    from tiny_recipes import TinyRecipe

    from cmsml_tasks.recipes import split
    from cmsml_tasks.training.saved import keep_reference_of_file

    shell, _ = tiny
    folder = shell.store / "TrainModel" / TINY / "v1"
    inputs = {"features": split(TinyRecipe().load([])).validation.inputs}
    again = tmp_path / "reference.npz"
    keep_reference_of_file(folder / "model.keras", ["tiny_recipes"], inputs, again, 1)
    assert again.read_bytes() == (folder / "reference.npz").read_bytes()


def test_the_history_names_devices(tiny):
    shell, _ = tiny
    history = read(shell, "TrainModel", TINY, "history.json")
    assert history["computed_on"] == {"devices": ["CPU"], "tf32": False}


def upgraded(folder, version):
    """Return variables with which Python finds another TensorFlow installed."""
    about = folder / f"tensorflow-{version}.dist-info"
    about.mkdir(parents=True)
    text = f"Metadata-Version: 2.1\nName: tensorflow\nVersion: {version}\n"
    (about / "METADATA").write_text(text)
    return str(folder)


def test_a_validation_speaks_of_the_versions_of_its_runtimes(tiny, tmp_path):
    from importlib.metadata import version

    trained, _ = tiny
    shell = trained.copied_to(tmp_path)
    validate = ("ValidateGraph", "--version", "v1", "--recipe", TINY)
    assert shell.status(*validate)["ValidateGraph"] == "complete (1/1)"
    paths = shell.environment()["PYTHONPATH"]
    newer = upgraded(tmp_path / "newer", "2.99.1")
    here = version("tensorflow")
    text = shell.law(*validate, "--explain", PYTHONPATH=f"{newer}:{paths}")
    assert f"runtime session {here} -> 2.99.1" in text
    assert shell.status(*validate, "--runtimes", "session,cpp")["ValidateGraph"] == (
        f"stale (1/1): runtime cpp (absent) -> {here}"
    )

    # one that was made before there were versions in it
    path = shell.store / "ValidateGraph" / TINY / "v1" / "manifest.json"
    manifest = json.loads(path.read_text())
    assert manifest["ingredients"].pop("runtime") == {"session": here}
    path.write_text(json.dumps(manifest))
    status = shell.status(*validate)["ValidateGraph"]
    assert status == f"stale (1/1): runtime session (absent) -> {here}"
