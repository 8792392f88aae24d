"""What a training says of its selection, and the card of features that can be missing."""

import json

import awkward as ak
import numpy as np
import pytest
import uproot
from jets_project import Project

RECIPE = '''"""Cuts on jets."""

from jets.table import Table


class Cuts(Table):
    files = ["$EVENTS/*.root"]
    selection = "(nJet == 0) | (Jet_pt[0] < 30) | (Jet_pt[1] != 3)"
    features = {"lead": "Jet_pt[0] < 20", "both": "(x > 0) + (y > 0)", "xy": "xy[:2]"}
    event = "event"


class Guessing(Cuts):
    target = "Jet_pt[0] < 10"


class Counting(Cuts):
    selection = "nJet and x > 0"
'''
CHAIN = ("ExportGraph", "--version", "v1", "--recipe")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    project = Project.new(tmp_path_factory.mktemp("cuts") / "project")
    (project.folder / "jets" / "cuts.py").write_text(RECIPE)
    counts = np.arange(400) % 3
    with uproot.recreate(project.folder / "events.root") as file:
        columns = {
            "nJet": counts,
            "Jet_pt": ak.unflatten(np.arange(counts.sum()) % 40 * 1.0, counts),
            "x": np.sin(np.arange(400.0)),
            "y": np.cos(np.arange(400.0)),
            "xy": np.random.default_rng(1).normal(size=(400, 2)),
            "signal": np.arange(400) // 3 % 2,
            "event": np.minimum(np.arange(400), 397),
        }
        file.mktree("Events", {name: ak.Array(c).type.content for name, c in columns.items()})
        file["Events"].extend(columns)
    return project


def test_training_tells_what_its_selection_keeps(project):
    text = project.law(*CHAIN, "jets.cuts.Cuts", EVENTS=str(project.folder))
    kept = (
        "selection '(nJet == 0) | (Jet_pt[0] < 30) | (Jet_pt[1] != 3)' keeps 400 of 400 events; in "
    )
    assert kept in text
    told = text.partition(kept)[2].splitlines()[0]
    assert told == "33 of them all, a missing value (or NaN) could have decided otherwise"
    assert "3 of 400 events of all files share their number 'event' with another one" in text
    (card,) = project.store.glob("ExportGraph/**/graph.json")
    features = json.loads(card.read_text())["inputs"][0]["features"]
    assert features == [
        {"name": "lead", "padding": -999.0},
        {"name": "both", "padding": None},
        {"name": "xy[0]", "padding": None},
        {"name": "xy[1]", "padding": None},
    ]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Guessing", "target 'Jet_pt[0] < 10' is missing in 134 of 400 events"),
        ("Counting", "nJet holds integers; nJet != 0 is a condition"),
    ],
)
def test_what_is_not_said_is_not_guessed(project, name, words):
    done = project.try_law(*CHAIN, f"jets.cuts.{name}", EVENTS=str(project.folder))
    done.refused(words)
