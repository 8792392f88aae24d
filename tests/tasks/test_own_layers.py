"""Networks with layers of one's own, which whoever reads the model has to import."""

import json
from pathlib import Path

RECIPE = "late_imports.LateRecipe"


def test_layers_that_are_imported_when_the_network_is_built(shell):
    validate = ("ValidateGraph", "--version", "v1", "--recipe", RECIPE)
    shell.law(*validate)
    history = shell.store / "TrainModel" / RECIPE / "v1" / "history.json"
    modules = json.loads(history.read_text())["modules"]
    assert modules[0] == "late_imports"
    assert sorted(modules) == ["late_imports", "late_layers", "tiny_recipes"]
    assert set(shell.status(*validate).values()) == {"complete (1/1)"}


def test_plain_networks_name_no_modules(tiny):
    shell, _ = tiny
    (history,) = Path(shell.store).glob("TrainModel/*/v1/history.json")
    assert "modules" not in json.loads(history.read_text())
