"""Of files from outside the content counts, and nothing else."""

import os
import random
import shutil

import pytest
from jets_project import TABLE, Project

CHAIN = ("ExportGraph", "--version", "v1", "--recipe", TABLE)
COMPLETE = {"ExportGraph": "complete (1/1)", "TrainModel": "complete (1/1)"}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A project with a graph of the recipe that reads a file; tests only copy it."""
    project = Project.new(tmp_path_factory.mktemp("table") / "project")
    write_events(project.folder / "data" / "events.csv", 400)
    project.law(*CHAIN, EVENTS=str(project.folder / "data"))
    return project


@pytest.fixture
def project(exported, tmp_path):
    return exported.copied_to(tmp_path)


def write_events(path, number):
    rng = random.Random(number)
    lines = ["x,y,signal"]
    for row in range(number):
        lines.append(f"{rng.gauss(row % 2, 1):.4f},{rng.gauss(0, 1):.4f},{row % 2}")
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def test_place_and_date_do_not_count(project, tmp_path):
    events = project.folder / "data" / "events.csv"
    assert project.status(*CHAIN, EVENTS=str(events.parent)) == COMPLETE
    os.utime(events)
    assert project.status(*CHAIN, EVENTS=str(events.parent)) == COMPLETE
    shutil.move(events.parent, tmp_path / "elsewhere")
    before = project.times()
    elsewhere = str(tmp_path / "elsewhere")
    assert project.status(*CHAIN, EVENTS=elsewhere) == COMPLETE
    table = project.run(*CHAIN, EVENTS=elsewhere)
    assert table == {"ExportGraph": {"up to date": 1}}
    assert project.times() == before


def test_content_counts(project):
    events = project.folder / "data" / "events.csv"
    text = events.read_text()
    events.write_text(text.replace("0\n", "1\n", 1))
    assert events.stat().st_size == len(text)
    assert project.status(*CHAIN, EVENTS=str(events.parent)) == {
        "ExportGraph": "stale (1/1): TrainModel would run first",
        "TrainModel": "stale (1/1): input events.csv changed",
    }
    events.write_text(text)
    assert project.status(*CHAIN, EVENTS=str(events.parent)) == COMPLETE
    write_events(events.with_name("more.csv"), 10)
    status = project.status(*CHAIN, EVENTS=str(events.parent))
    assert status["TrainModel"] == "stale (1/1): input more.csv is new"
    assert project.run(*CHAIN, EVENTS=str(events.parent)) == {
        "TrainModel": {"ran": 1},
        "ExportGraph": {"ran": 1},
    }
    assert project.status(*CHAIN, EVENTS=str(events.parent)) == COMPLETE
    events.with_name("more.csv").unlink()
    status = project.status(*CHAIN, EVENTS=str(events.parent))
    assert status["TrainModel"] == "stale (1/1): input more.csv is gone"


@pytest.mark.parametrize(
    ("given", "words"), [({"EVENTS": "/nowhere"}, "no file matches"), ({}, "$EVENTS")]
)
def test_files_that_are_not_here_count_as_unchanged(project, given, words):
    """As on a laptop to which the store was copied without the events."""
    status = project.status(*CHAIN, **given)
    assert status["ExportGraph"] == "complete (1/1)"
    assert status["TrainModel"].startswith("complete (1/1) (inputs not compared: ")
    assert words in status["TrainModel"]
    assert project.run(*CHAIN, **given) == {"ExportGraph": {"up to date": 1}}
    # a run that needs them says so
    done = project.try_law(*CHAIN, "--settings", "epochs=2", **given)
    done.refused(words)
    assert project.status(*CHAIN, **given)["ExportGraph"] == "complete (1/1)"


def linked(data):
    (data / "again.csv").symlink_to("events.csv")
    return "events.csv: would count twice: the same file as", "again.csv, found by '$EVENTS/*.csv'"


def numbered_like_texts(data):
    (data / "texts.csv").write_text("x,y,signal\n3_5,1,0\n")
    return ("texts.csv: column 'x' is not numeric: '3_5'; write numbers",)


def named_twice(data):
    (data / "twice.csv").write_text("x,y,x,signal\n1,1,1,0\n")
    return ("twice.csv: names 'x' twice; rename one of them",)


@pytest.mark.parametrize("more", [linked, numbered_like_texts, named_twice])
def test_files_that_would_be_read_as_something_else(project, more):
    data = project.folder / "data"
    words = more(data)
    before = project.times()
    project.try_law(*CHAIN, EVENTS=str(data)).refused(*words)
    assert project.times() == before
