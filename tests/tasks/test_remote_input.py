"""Events over root://, through the command line."""

import json


def test_training_on_remote_files(xrootd_store, shell):
    recipe = "remote_recipes.RemoteRecipe"
    text = shell.law("TrainModel", "--version", "v1", "--recipe", recipe, REMOTE_STORE=xrootd_store)
    history = json.loads(next(shell.store.glob("TrainModel/*/v1/history.json")).read_text())
    assert history["data"]["events"] == {"train": 3200, "validation": 800}
    assert "hint: importing remote_recipes loads TensorFlow" in text
