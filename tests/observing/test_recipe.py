import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from cmsml_tasks.observing.observed import Observed
from cmsml_tasks.processes.isolated import call_observed

PROJECT = Path(__file__).with_name("untracked")
TRAIN = "cmsml_tasks.training.train:train"
DEMO = "cmsml_tasks.recipes.demo.DimuonResonance"


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(PROJECT, folder)
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_training_reads_a_file_that_it_never_declared(project, tmp_path):
    results, observed = call_observed(
        TRAIN,
        leaving_out=[str(tmp_path / "out")],
        recipe="untracked_recipe.Untracked",
        settings={"epochs": 1},
        folder=str(tmp_path / "out"),
    )
    assert results["events"] > 0
    net = project / "net.json"
    assert observed.files == {str(net): hashlib.sha256(net.read_bytes()).hexdigest()}
    assert observed.folders == observed.variables == {}
    assert observed.changed == observed.urls == observed.unseen == []


def test_training_reads_nothing_but_its_declared_events(tmp_path):
    events = str(tmp_path / "events.npz")
    _, observed = call_observed(
        "cmsml_tasks.training.generate:generate_events", recipe=DEMO, path=events
    )
    assert replace(observed, sources={}) == Observed()
    _, observed = call_observed(
        TRAIN,
        leaving_out=[events],
        recipe=DEMO,
        settings={"epochs": 1},
        folder=str(tmp_path / "out"),
        files=[events],
    )
    assert replace(observed, sources={}) == Observed()
