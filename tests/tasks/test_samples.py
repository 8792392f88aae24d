"""A file of events counts with its sample, label and scale; order counts where it decides."""

import json
import shutil

import pytest
from jets_project import Project
from test_event_files import write_events

RECIPE = "jets.samples.Samples"
TRAIN = ("TrainModel", "--version", "v1", "--recipe", RECIPE)
SAMPLES = '''"""Samples in folders."""

import json
from pathlib import Path

from cmsml_tasks import EventRecipe

GLOBS = json.loads(Path("samples.json").read_text())


class Samples(EventRecipe):
    samples = GLOBS
    features = ["x", "y"]
    epochs: int = 1
    triggers: frozenset[str] = frozenset({"mu", "e", "tau", "jet", "met"})

    def build(self, data):
        import keras

        features = keras.Input(data.input_shape, name="features")
        return keras.Model(features, keras.layers.Dense(1, "sigmoid")(features))
'''


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project with a network; tests only copy it."""
    project = Project.new(tmp_path_factory.mktemp("samples") / "project")
    (project.folder / "jets" / "samples.py").write_text(SAMPLES)
    for number, name in enumerate(("sig/a.csv", "bkg/b.csv", "bkg/c.csv")):
        (project.folder / name).parent.mkdir(exist_ok=True)
        write_events(project.folder / name, 200 + number)
    say(project, {"sig": ["sig/*.csv"], "bkg": ["bkg/*.csv"]})
    project.law(*TRAIN, PYTHONHASHSEED="1")
    return project


@pytest.fixture
def project(trained, tmp_path):
    return trained.copied_to(tmp_path)


def say(project, samples):
    (project.folder / "samples.json").write_text(json.dumps(samples))


def training(project, **variables):
    return project.status(*TRAIN, **variables)["TrainModel"]


@pytest.mark.parametrize("seed", ["2", "3", "4"])
def test_sets_have_no_order(project, seed):
    assert training(project, PYTHONHASHSEED=seed) == "complete (1/1)"


def test_file_that_moves_between_samples(project):
    shutil.move(project.folder / "bkg/c.csv", project.folder / "sig/c.csv")
    assert training(project) == "stale (1/1): input c.csv: bkg -> sig"
    assert "input c.csv: bkg -> sig" in project.law(*TRAIN, "--explain")


def test_samples_in_another_order_are_other_labels(project):
    say(project, {"bkg": ["bkg/*.csv"], "sig": ["sig/*.csv"]})
    status = training(project)
    assert "data samples in another order: bkg, sig" in status
    assert "input a.csv: label 1 -> 0" in status


def test_scale_counts_by_file(project):
    say(project, {"sig": ["sig/*.csv"], "bkg": {"files": ["bkg/*.csv"], "scale": 0.5}})
    assert "input b.csv: scale 1.0 -> 0.5" in training(project)


def test_what_is_away_hides_nothing_else(project):
    (project.folder / "bkg").rename(project.folder / "away")
    status = training(project)
    assert status.startswith("complete (1/1) (inputs not compared: no file matches ")
    assert "bkg/*.csv" in status
    text = project.law(*TRAIN)
    assert "TrainModel: inputs not compared: no file matches " in text
    write_events(project.folder / "sig/a.csv", 300)
    assert training(project).startswith("stale (1/1): input a.csv changed (inputs not compared: ")
    (project.folder / "away").rename(project.folder / "bkg")
    assert training(project) == "stale (1/1): input a.csv changed"


def test_code_that_is_edited_while_a_training_runs(project):
    """The network was trained with the old code, and its manifest says so."""
    build = "        features = keras.Input(data.input_shape"
    edit = '        Path(__file__).write_text(Path("later.py").read_text())'
    project.edit("samples.py", build, f"{edit}\n{build}")
    text = (project.folder / "jets" / "samples.py").read_text()
    (project.folder / "later.py").write_text(text.replace('"sigmoid"', '"tanh"'))
    done = project.try_law(*TRAIN)
    done.refused("TrainModel is stale already: code ", "build changed while it ran; run it again")
    assert "1" in done.text.rpartition("this run")[2]
    assert training(project).startswith("stale (1/1): code ")
    # what was really used stands in the manifest: taken back, all is complete
    (project.folder / "jets" / "samples.py").write_text(text)
    assert training(project).startswith("complete (1/1)")
