"""Outputs that a rerun replaces are kept, and come back when all is as it was."""

import json
import os
import shutil
import subprocess
import sys
import time

import pytest
from law_commands import summary
from toy_project import Project

KEEP = {"TOY_KEEP": "0s"}
DATA = ("1 2 3 4 5", "2 4 6 8 10", "3 6 9", "4 8", "5 10 15", "6 12")


def content(project):
    return json.loads((project.store / "Points/v1/points.json").read_text())


def numbers(text):
    return sorted(map(float, text.split()))


def kept(project, task="Points"):
    return sorted(project.store.glob(f"{task}/**/.replaced/*"))


def run(project, data, *arguments, **variables):
    (project.folder / "data.txt").write_text(data)
    return summary(project.law("Points", *arguments, **{**KEEP, **variables}))["Points"]


def test_comes_back_when_the_data_are_as_they_were(project):
    assert run(project, DATA[0]) == {"ran": 1}
    assert run(project, DATA[1]) == {"ran": 1}
    assert len(kept(project)) == 1
    (project.folder / "data.txt").write_text(DATA[0])
    assert project.explained("Points") == {"Points": "restore"}
    text = project.law("Points", **KEEP)
    assert summary(text) == {"Points": {"restored": 1}}
    assert "restored: Points" in text
    assert content(project) == numbers(DATA[0])
    assert project.status("Points")["Points"] == "complete"
    # and the other way, any number of times
    assert run(project, DATA[1]) == {"restored": 1}
    assert run(project, DATA[0]) == {"restored": 1}
    assert project.lies() == []


def test_what_lies_below_comes_back_too(project):
    (project.folder / "data.txt").write_text(DATA[0])
    project.law("Report", **KEEP)
    report = project.store / "Report/v1/report.json"
    before = report.read_text()
    (project.folder / "data.txt").write_text(DATA[1])
    project.law("Report", **KEEP)
    assert report.read_text() != before
    (project.folder / "data.txt").write_text(DATA[0])
    assert project.explained("Report") == {
        "Points": "restore",
        "Fit": "restore if unchanged",
        "Report": "restore if unchanged",
    }
    assert project.run("Report", **KEEP) == {
        "Points": {"restored": 1},
        "Fit": {"restored": 3},
        "Report": {"restored": 1},
    }
    assert report.read_text() == before
    assert set(project.status("Report").values()) == {"complete", "complete (3/3)"}
    assert project.lies() == []


def test_missing_outputs_come_back_where_one_kept_is_what_would_be_made(project):
    run(project, DATA[0])
    run(project, DATA[1])
    for path in (project.store / "Points/v1").glob("points*"):
        path.unlink()
    assert run(project, DATA[0]) == {"restored": 1}
    assert content(project) == numbers(DATA[0])


def test_no_restore_runs(project):
    run(project, DATA[0])
    run(project, DATA[1])
    (project.folder / "data.txt").write_text(DATA[0])
    assert project.explained("Points", "--no-restore") == {"Points": "run"}
    assert run(project, DATA[0], "--no-restore") == {"ran": 1}


@pytest.mark.parametrize("longer_than", ["5min", "never", "1h"])
def test_what_was_quickly_made_is_not_kept(project, longer_than):
    run(project, DATA[0], TOY_KEEP=longer_than)
    run(project, DATA[1], TOY_KEEP=longer_than)
    assert kept(project) == []


def test_option_that_cannot_be_read(project):
    run(project, DATA[0])
    (project.folder / "data.txt").write_text(DATA[1])
    status, text = project.attempt("Points", TOY_KEEP="long")
    assert status != 0
    assert "keep_longer_than: 'long' in [cmsml_tasks] of law.cfg cannot be read" in text
    # whatever may be wrong is found before a run
    project.edit("law.cfg", "keep_longer_than", "keep_at_most: much\nkeep_longer_than")
    assert "keep_at_most: 'much'" in project.attempt("Points", **KEEP)[1]
    assert "Traceback" not in text
    assert content(project) == numbers(DATA[0])


def test_newest_three_within_a_size(project):
    for data in DATA:
        run(project, data)
    assert len(kept(project)) == 3
    # the oldest that is left is the one that comes back, though another one takes its place
    assert run(project, DATA[2]) == {"restored": 1}
    assert run(project, DATA[0]) == {"ran": 1}
    project.edit("law.cfg", "keep_longer_than", "keep_at_most: 0.001kB\nkeep_longer_than")
    run(project, "9 9 9")
    assert kept(project) == []


def test_kept_outputs_that_were_edited_do_not_come_back(project):
    run(project, DATA[0])
    run(project, DATA[1])
    (path,) = project.store.glob("Points/**/.replaced/*/points.json")
    path.write_text("[1.0, 2.0]")
    assert run(project, DATA[0]) == {"ran": 1}
    assert content(project) == numbers(DATA[0])


def test_outputs_that_are_written_in_place_are_copied(project):
    """The toy tasks do not say that they rename, so a link could be written through."""
    run(project, DATA[0])
    before = (project.store / "Points/v1/points.json").stat().st_ino
    run(project, DATA[1])
    (path,) = project.store.glob("Points/**/.replaced/*/points.json")
    assert path.stat().st_ino != before
    project.edit("toy_tasks.py", "    exclude_index = True\n", "    writes_by_rename = True\n")
    project.law("Points", "--accept")
    before = (project.store / "Points/v1/points.json").stat().st_ino
    run(project, DATA[2])
    inodes = {
        each.stat().st_ino for each in project.store.glob("Points/**/.replaced/*/points.json")
    }
    assert before in inodes


def test_folders_come_back(project):
    project.law("Folders", **KEEP)
    project.edit("toy_tasks.py", "dump(self.branch_data, f", "dump([self.branch_data], f")
    project.law("Folders", **KEEP)
    project.edit("toy_tasks.py", "dump([self.branch_data], f", "dump(self.branch_data, f")
    assert project.run("Folders", **KEEP)["Folders"] == {"restored": 3}
    assert {path.read_text() for path in project.store.glob("Folders/v1/*/one.json")} == set("124")
    assert project.lies() == []


def test_failed_rerun_costs_nothing(project):
    run(project, DATA[0])
    (project.folder / "data.txt").write_text(DATA[1])
    status, _ = project.attempt("Points", TOY_FAIL="Points", **KEEP)
    assert status != 0
    assert content(project) == numbers(DATA[0])
    (project.folder / "data.txt").write_text(DATA[0])
    assert project.status("Points")["Points"] == "complete"


def test_killed_at_any_moment_neither_is_lost(project):
    """Whether kept, replaced or restored: what was made from the data of today comes back."""
    project.edit("toy_tasks.py", "    exclude_index = True\n", "    writes_by_rename = True\n")
    run(project, DATA[0])
    run(project, DATA[1])
    step = "import os, signal, sys\nsteps = 0\n\n\ndef count(event, details):\n"
    step += "    global steps\n    names = ('os.rename', 'os.link', 'os.remove', 'os.mkdir')\n"
    step += "    if event in names and 'points' in str(details) or '.replaced' in str(details):\n"
    step += "        steps += 1\n        if steps == int(os.environ.get('DIE_AT', '-1')):\n"
    step += "            os.kill(os.getpid(), signal.SIGKILL)\n\n\nsys.addaudithook(count)\n"
    (project.folder / "sitecustomize.py").write_text(step)
    deaths = 0
    for number in range(1, 60):
        data = DATA[number % 2]
        (project.folder / "data.txt").write_text(data)
        status, text = project.attempt("Points", DIE_AT=str(number), **KEEP)
        if status == 0:
            break
        deaths += 1
        assert project.lies() == []
        # made once, and never again
        assert run(project, data) in ({"restored": 1}, {"up to date": 1}), (number, text)
        assert content(project) == numbers(data)
    assert deaths > 5


def test_remove_output_takes_them_along(project):
    run(project, DATA[0])
    run(project, DATA[1])
    project.law("Points", "--remove-output", "0,a,y")
    assert kept(project) == []
    assert run(project, DATA[0]) == {"ran": 1}


def test_command_lists_and_drops(project):
    for data in DATA[:3]:
        run(project, data)

    def command(*arguments):
        line = [sys.executable, "-m", "cmsml_tasks.tracking", "replaced", *arguments]
        done = subprocess.run(
            line, cwd=project.folder, env=project.environment(), capture_output=True, text=True
        )
        return done.returncode, done.stdout + done.stderr

    status, text = command("--store", str(project.store))
    assert status == 0, text
    assert text.splitlines()[0].split() == ["task", "made", "took", "size", "folder"]
    assert text.splitlines()[-1].startswith("2 kept, ")
    one = kept(project)[0]
    status, text = command("--store", str(project.store), "--drop", str(one))
    assert (status, kept(project)) == (0, [each for each in kept(project) if each != one])
    status, text = command("--store", str(project.store), "--drop", str(one))
    assert status == 1
    assert "nothing that was replaced is kept there" in text
    status, text = command("--store", str(project.store), "--drop")
    assert status == 0
    assert kept(project) == []
    assert not list(project.store.rglob(".replaced"))


def test_copied_store(project, tmp_path):
    run(project, DATA[0])
    run(project, DATA[1])
    shutil.copytree(project.folder, tmp_path / "copy", ignore=shutil.ignore_patterns("cache"))
    copy = Project(tmp_path / "copy")
    os.utime(copy.store / "Points/v1/points.json")
    time.sleep(0.01)
    assert run(copy, DATA[0]) == {"restored": 1}
