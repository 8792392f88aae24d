"""What a recipe reads without declaring it is seen, and counts like what it declares."""

import json
import os
import shutil

import pytest
from jets_project import Project

RECIPE = "jets.reading.Reading"
CHAIN = ("ExportGraph", "--version", "v1", "--recipe", RECIPE)
TRAIN = ("TrainModel", *CHAIN[1:])
READING = '''"""A network whose widths, scale and files come from elsewhere."""

import json
import os
import subprocess
from pathlib import Path

from tiny_recipes import TinyRecipe

HERE = Path(__file__).parent.parent


class Reading(TinyRecipe):
    def load(self, files):
        self.parts = None if False else None
        return super().load(files)

    def build(self, data):
        import keras

        units = json.loads((HERE / "net.json").read_text())["units"]
        units += len(list((HERE / "blocks").glob("*.txt")))
        width = int(os.environ.get("WIDE", "1"))
        os.environ.get("API_TOKEN")
        features = keras.Input(data.input_shape, name="features")
        hidden = keras.layers.Dense(units * width)(data.normalize(features))
        return keras.Model(features, keras.layers.Dense(1, "sigmoid", name="score")(hidden))

    def train(self, model, data, callbacks=()):
        if "EDIT" in os.environ.get("JETS_DO", ""):
            # as somebody else would
            subprocess.run(["sh", "-c", f"echo '{{}}' > {HERE}/net.json"], check=True)
        if "WRITE" in os.environ.get("JETS_DO", ""):
            (HERE / "net.json").write_text('{"units": 7}')
        return super().train(model, data, callbacks)
'''.replace("        self.parts = None if False else None\n", "")


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A project with a graph; tests only copy it."""
    project = Project.new(tmp_path_factory.mktemp("reading") / "project")
    (project.folder / "jets" / "reading.py").write_text(READING)
    (project.folder / "net.json").write_text('{"units": 3}')
    (project.folder / "blocks").mkdir()
    (project.folder / "blocks" / "one.txt").write_text("")
    project.law(*CHAIN, API_TOKEN="hunter2")
    return project


@pytest.fixture
def project(exported, tmp_path):
    project = exported.copied_to(tmp_path)
    path = project.store / "TrainModel" / RECIPE / "v1" / "manifest.json"
    # as if it had been trained in this copy
    manifest = json.loads(path.read_text())
    manifest["environment"]["project"] = str(project.folder)
    path.write_text(json.dumps(manifest))
    return project


def training(project, **variables):
    return project.status(*TRAIN, **{"API_TOKEN": "hunter2", **variables})["TrainModel"]


def test_complete_and_recorded(project):
    assert training(project) == "complete (1/1)"
    assert project.run(*CHAIN, API_TOKEN="hunter2") == {"ExportGraph": {"up to date": 1}}
    ingredients = project.manifest("TrainModel", RECIPE)["ingredients"]
    assert list(ingredients["read"]) == ["net.json", "blocks/"]
    assert ingredients["variable"]["WIDE"] == {}
    assert "hunter2" not in json.dumps(project.manifest("TrainModel", RECIPE))
    # the place of a file does not count, nor its date
    os.utime(project.folder / "net.json")
    assert training(project) == "complete (1/1)"


def test_changes_are_named(project):
    (project.folder / "net.json").write_text('{"units": 4}')
    assert training(project) == "stale (1/1): read net.json changed"
    assert "read net.json changed" in project.law(*CHAIN, "--explain", API_TOKEN="hunter2")
    (project.folder / "net.json").write_text('{"units": 3}')
    assert training(project) == "complete (1/1)"
    assert training(project, WIDE="2") == "stale (1/1): variable WIDE: unset -> 2"
    text = project.law(*TRAIN, "--explain", API_TOKEN="other")
    assert "variable API_TOKEN changed" in text
    assert "hunter2" not in text
    assert "other" not in text
    (project.folder / "blocks" / "two.txt").write_text("")
    assert training(project) == "stale (1/1): read blocks/ changed"
    (project.folder / "blocks" / "two.txt").unlink()
    (project.folder / "net.json").unlink()
    assert training(project) == "stale (1/1): read net.json is gone"


def test_accept_and_cut_off(project):
    (project.folder / "net.json").write_text('{ "units": 3 }')
    text = project.law(*TRAIN, "--accept", API_TOKEN="hunter2")
    assert "read net.json changed" in text
    assert training(project) == "complete (1/1)"
    (project.folder / "net.json").write_text('{"units": 3}')
    assert project.run(*CHAIN, API_TOKEN="hunter2") == {
        "TrainModel": {"ran": 1},
        "ExportGraph": {"cut off": 1},
    }
    origin = project.law(*TRAIN, "--origin", API_TOKEN="hunter2")
    assert "read     net.json  sha256 " in origin
    assert "variable WIDE = unset" in origin
    assert "hunter2" not in origin


def test_elsewhere_what_is_not_there_is_not_compared(exported, tmp_path):
    project = exported.copied_to(tmp_path)
    (project.folder / "net.json").unlink()
    shutil.rmtree(project.folder / "blocks")
    status = training(project)
    assert status.startswith("complete (1/1) (read net.json not compared: it is not here; ")
    text = project.law(*TRAIN, API_TOKEN="hunter2")
    assert "TrainModel: read net.json not compared: it is not here" in text
    assert "read net.json not compared" in project.law(*TRAIN, "--explain", API_TOKEN="hunter2")


def test_file_that_changes_while_it_is_read(project):
    done = project.try_law(*TRAIN, JETS_DO="EDIT", API_TOKEN="hunter2")
    done.refused("TrainModel is stale already: ", "read net.json changed while it ran")


def test_file_that_the_recipe_writes_itself(project):
    """As a list of results, or a database of a search for settings."""
    tried = {"JETS_DO": "WRITE", "API_TOKEN": "hunter2"}
    assert project.run(*TRAIN, **tried) == {"TrainModel": {"ran": 1}}
    assert training(project, **tried) == "complete (1/1)"
    (project.folder / "net.json").write_text('{"units": 8}')
    assert training(project, **tried) == "stale (1/1): read net.json changed"


def test_names_in_the_store_do_not_count(project):
    project.edit("reading.py", '(HERE / "blocks").glob("*.txt")', 'HERE.rglob("blocks/*.txt")')
    assert project.run(*TRAIN, API_TOKEN="hunter2") == {"TrainModel": {"ran": 1}}
    project.law(*CHAIN, API_TOKEN="hunter2")
    (project.folder / ".reading.py.swp").write_text("")
    assert training(project) == "complete (1/1)"


def test_code_of_a_computed_name_is_seen_as_it_is_imported(project):
    (project.folder / "jets" / "kinds.py").write_text("NUMBER = 1\n")
    computed = "importlib.import_module('jets.' + ''.join(['ki', 'nds'])).NUMBER"
    project.edit(
        "reading.py",
        "        import keras\n",
        f"        import importlib\n\n        {computed}\n        import keras\n",
    )
    project.law(*TRAIN, API_TOKEN="hunter2")
    assert training(project) == "complete (1/1)"
    (project.folder / "jets" / "kinds.py").write_text("NUMBER = 2\n")
    assert training(project) == "stale (1/1): read jets/kinds.py changed"


def test_code_of_a_computed_name_is_seen_where_parts_of_it_count_anyhow(project):
    (project.folder / "jets" / "kinds.py").write_text("A = 1\n\ndef wide():\n    return 5\n")
    project.edit(
        "reading.py",
        "        import keras\n",
        "        import keras\n\n        from jets import factory, kinds\n\n"
        "        factory.make('kinds', kinds.A)\n",
    )
    (project.folder / "jets" / "factory.py").write_text(
        "import importlib\n\ndef make(name, width):\n"
        "    return importlib.import_module('jets.' + name).wide() + width\n"
    )
    project.law(*TRAIN, API_TOKEN="hunter2")
    assert training(project) == "complete (1/1)"
    (project.folder / "jets" / "kinds.py").write_text("A = 1\n\ndef wide():\n    return 50\n")
    assert training(project) == "stale (1/1): read jets/kinds.py changed"


def test_declared_files_count_without_being_opened(project):
    (project.folder / "scales").mkdir()
    (project.folder / "scales" / "a.txt").write_text("1")
    project.edit("reading.py", "(TinyRecipe):\n", '(TinyRecipe):\n    data_files = ["scales/*"]\n')
    assert "input a.txt is new" in training(project)
    project.law(*TRAIN, "--accept", API_TOKEN="hunter2")
    assert training(project) == "complete (1/1)"
    (project.folder / "scales" / "a.txt").write_text("2")
    assert training(project) == "stale (1/1): input a.txt changed"
    shutil.rmtree(project.folder / "scales")
    assert training(project).startswith("complete (1/1) (inputs not compared: no file matches ")
