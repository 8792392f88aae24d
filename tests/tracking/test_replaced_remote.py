"""Outputs on a server that a rerun replaces are kept there, and come back when all is as it was."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from law_commands import summary
from remote_project import RemoteProject
from xrootd_server import serving_outputs

KEEP = {"TOY_KEEP": "0s"}
DATA = ("1 2 3 4 5", "2 4 6 8 10", "3 6 9", "4 8", "5 10 15")
MEAN = 3.0


@pytest.fixture(scope="module")
def server():
    with serving_outputs() as server:
        yield server


@pytest.fixture(params=["root", "dav"])
def project(request, server, tmp_path):
    """An empty store by either protocol."""
    return project_on(server, request.param, tmp_path)


@pytest.fixture
def watched(server, tmp_path):
    """A project that tells what it asks of the server, and ends in the midst of it if told to."""
    project = project_on(server, "root", tmp_path)
    shutil.copy(Path(__file__).with_name("told_gfal2.py"), project.folder / "gfal2.py")
    return project


def project_on(server, protocol, folder):
    found = [each for each in server.urls if each.startswith(f"{protocol}://")]
    assert found, server.urls
    return RemoteProject.on(server, found[0], folder / "project")


def kept(project, task="Points"):
    return sorted(project.store.glob(f"{task}/v1/.replaced/*/manifest.json"))


def points(project, data, *arguments, **variables):
    """Run the task that writes to the server itself."""
    (project.folder / "data.txt").write_text(data)
    return summary(project.law("Points", *arguments, **{**KEEP, **variables}))["Points"]


def content(project):
    return json.loads((project.store / "Points/v1/points.json").read_text())


def numbers(text):
    return sorted(map(float, text.split()))


def mean(project, epochs, *arguments, **variables):
    """Run the task that writes two local files, which are sent."""
    return summary(
        project.law("Mean", "--epochs", str(epochs), *arguments, **{**KEEP, **variables})
    )["Mean"]


def means(project):
    folder = project.store / "Mean/v1"
    return json.loads((folder / "mean.json").read_text()) / MEAN


def test_comes_back_when_all_is_as_it_was(project):
    assert points(project, DATA[0]) == {"ran": 1}
    assert points(project, DATA[1]) == {"ran": 1}
    assert len(kept(project)) == 1
    (project.folder / "data.txt").write_text(DATA[0])
    assert project.explained("Points") == {"Points": "restore"}
    assert points(project, DATA[0]) == {"restored": 1}
    assert content(project) == numbers(DATA[0])
    assert project.status("Points")["Points"] == "complete"
    assert points(project, DATA[1]) == {"restored": 1}
    assert content(project) == numbers(DATA[1])
    assert project.lies() == []
    assert points(project, DATA[0], "--no-restore") == {"ran": 1}


def test_files_that_are_sent_come_back_too(project):
    project.law("Mean", "--epochs", "3", **KEEP)
    assert mean(project, 4) == {"ran": 1}
    assert mean(project, 3) == {"restored": 1}
    assert (means(project), project.lies()) == (3, [])
    assert mean(project, 4) == {"restored": 1}
    assert (means(project), project.lies()) == (4, [])
    assert mean(project, 3, "--no-restore") == {"ran": 1}


def test_what_was_quickly_made_is_not_kept(project):
    points(project, DATA[0], TOY_KEEP="5min")
    points(project, DATA[1], TOY_KEEP="5min")
    assert not list(project.store.rglob(".replaced"))


def test_newest_three(project):
    for data in DATA:
        points(project, data)
    assert len(kept(project)) == 3
    assert points(project, DATA[0]) == {"ran": 1}


def test_kept_outputs_that_were_edited_do_not_come_back(project):
    points(project, DATA[0])
    points(project, DATA[1])
    (manifest,) = kept(project)
    manifest.with_name("points.json").write_text("[1.0, 2.0]")
    assert points(project, DATA[0]) == {"ran": 1}
    assert content(project) == numbers(DATA[0])


def test_failed_rerun_costs_nothing(project):
    project.law("Mean", "--epochs", "3", **KEEP)
    before = project.times()
    status, text = project.attempt("Mean", "--epochs", "4", TOY_FAIL="Mean", **KEEP)
    assert status != 0, text
    assert project.times() == before
    assert project.status("Mean")["Mean"] == "complete"


def test_killed_in_a_rerun_the_old_ones_are_not_lost(watched):
    watched.law("Mean", "--epochs", "3", **KEEP)
    deaths, halves = 0, 0
    for step in range(1, 40):
        new = ("Mean", "--epochs", str(10 + step))
        status, text = watched.attempt(*new, DIE_AT=str(step), **KEEP)
        if status == 0:
            break
        deaths += 1
        halves += not (watched.store / "Mean/v1/mean.json").exists()
        assert watched.lies() == []
        assert mean(watched, 3) in ({"restored": 1}, {"up to date": 1}), (step, text)
        assert (means(watched), watched.lies()) == (3, [])
    assert deaths > 5
    assert halves > 0


def test_killed_in_the_midst_the_next_run_goes_on(watched):
    """What was half kept is kept as a whole before anything else takes its place."""
    watched.law("Mean", "--epochs", "3", **KEEP)
    for step in range(1, 40):
        watched.attempt("Mean", "--epochs", "4", DIE_AT=str(step), **KEEP)
        there = {path.name for path in (watched.store / "Mean/v1").glob("*.json")}
        if len(there & {"mean.json", "log.json"}) == 1:
            break
    else:
        pytest.fail("was never between the two outputs")
    assert mean(watched, 5) == {"ran": 1}
    assert mean(watched, 3) == {"restored": 1}
    assert (means(watched), watched.lies()) == (3, [])


def test_killed_while_restoring_neither_is_lost(watched):
    watched.law("Mean", "--epochs", "3", **KEEP)
    mean(watched, 4)
    deaths = 0
    for step in range(1, 40):
        # the other way each time
        wanted, other = (3, 4) if means(watched) == 4 else (4, 3)
        status, text = watched.attempt("Mean", "--epochs", str(wanted), DIE_AT=str(step), **KEEP)
        if status == 0:
            break
        deaths += 1
        assert watched.lies() == []
        for epochs in (other, wanted)[step % 2 :]:
            assert mean(watched, epochs) in ({"restored": 1}, {"up to date": 1}), (step, text)
            assert (means(watched), watched.lies()) == (epochs, [])
    assert deaths > 5


def test_looked_for_only_where_something_is_stale(watched, tmp_path):
    points(watched, DATA[0])
    points(watched, DATA[1])
    log = tmp_path / "log"
    assert points(watched, DATA[1], GFAL_LOG=str(log)) == {"up to date": 1}
    assert "opendir" in log.read_text()
    assert ".replaced" not in log.read_text()
    assert points(watched, DATA[0], GFAL_LOG=str(log)) == {"restored": 1}
    assert ".replaced" in log.read_text()


def test_remove_output_takes_them_along(project):
    points(project, DATA[0])
    points(project, DATA[1])
    project.law("Points", "--remove-output", "0,a")
    assert project.names() == []
    assert points(project, DATA[0]) == {"ran": 1}


def test_command_lists_and_drops(project):
    for data in DATA[:3]:
        points(project, data)

    def command(*arguments):
        line = [sys.executable, "-m", "cmsml_tasks.tracking", "replaced", *arguments]
        done = subprocess.run(
            line, cwd=project.folder, env=project.environment(), capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr

    status, text = command("--store", project.url)
    assert status == 0, text
    assert text.splitlines()[-1].startswith("2 kept, ")
    one, other = kept(project)
    url = f"{project.url}/{one.parent.relative_to(project.store)}"
    assert url in text
    status, text = command("--store", project.url, "--drop", url)
    assert (status, kept(project)) == (0, [other]), text
    assert not one.parent.exists()
    status, text = command("--store", f"{project.url}/nowhere")
    assert status == 1
    assert "there is no store" in text
