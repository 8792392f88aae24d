"""What goes wrong: failing, killed and simultaneous runs, full and read-only disks, clocks."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time

import pytest
from law_commands import finished, line_with, started, summary
from processes import running_with, wait_until
from toy_project import Project

UP_TO_DATE = {"Report": {"up to date": 1}}


def test_failed_run_costs_nothing_that_was_good(done):
    before = done.times()
    status, text = done.attempt("Report", "--epochs", "4", TOY_FAIL="Fit")
    assert status != 0
    assert summary(text)["Fit"] == {"failed": 3}
    assert summary(text)["Report"] == {"not run": 1}
    assert done.lies() == []
    assert done.times() == before
    assert done.run("Report") == UP_TO_DATE


def test_two_identical_runs_at_once(project):
    with project.held("Report") as first, project.start("Report") as second:
        begun = line_with("waiting for another run", second)
        status, text = first.go_on()
        texts = [text, begun + finished(second)]
    assert [status, second.returncode] == [0, 0], texts
    holder = r"\(user \w+, host \S+, process \d+\)"
    assert re.search(rf"waiting for another run of Points\(.*\) {holder}", begun)
    tables = [summary(text) for text in texts]
    for family, number in (("Points", 1), ("Fit", 3), ("Report", 1)):
        assert sum(table.get(family, {}).get("ran", 0) for table in tables) == number
    assert project.lies() == []
    assert [name for name in project.times() if name.endswith((".lock", ".before"))] == []


def test_run_of_a_killed_rebuild_ends(done):
    again = done.environment(TOY_STORE=str(done.folder / "again"), TOY_SLOW="3600")
    manifest = done.manifest("Points/v1/points.json")
    command = [sys.executable, "-m", "cmsml_tasks.tracking", "rebuild", manifest]
    with started(command, done.folder, again) as process:
        wait_until(lambda: any((done.folder / "again").rglob("*.lock")))
        process.kill()
        # the run would write for an hour yet
        finished(process)
    assert running_with("TOY_STORE", done.folder / "again") == {}


@pytest.mark.parametrize("task", ["Report", "Fit"])
def test_killed_run_of_other_settings_leaves_nothing(done, task):
    """What it set aside is put back where a later run finds it right, and not by a mere look."""
    before = done.times()
    with done.held(task, "--epochs", "4") as run:
        run.process.kill()
        finished(run.process)
    assert any(name.endswith(".before") for name in done.times())
    left = done.times()
    assert set(done.status("Report").values()) == {"complete", "complete (3/3)"}
    assert done.times() == left
    assert done.run("Report") == UP_TO_DATE
    assert done.times() == before


def test_what_a_run_has_set_aside_is_its_own(done):
    with done.held("Fit", "--epochs", "4") as run:
        left = done.times()
        assert done.run("Report") == UP_TO_DATE
        assert done.times() == left
        status, text = run.go_on()
    assert status == 0, text
    assert done.lies() == []


def test_killed_run_leaves_its_lock_to_the_next(project):
    with project.start("Points", TOY_SLOW="30") as process:
        lock = project.store / "Points/v1/.points.json.manifest.json.lock"
        while not lock.exists():
            time.sleep(0.05)
        process.kill()
    assert lock.exists()
    assert project.run("Points") == {"Points": {"ran": 1}}
    assert not lock.exists()


def test_input_that_changes_meanwhile_is_not_what_was_read(project):
    with project.held("Points") as run:
        (project.folder / "data.txt").write_text("7 8 9")
        status, text = run.go_on()
    assert status != 0, text
    assert "Points is stale already: input data.txt changed while it ran; run it again" in text
    assert "Traceback" not in text
    assert summary(text) == {"Points": {"failed": 1}}
    # it may have read a part of the one, and a part of the other
    assert project.status("Points")["Points"].startswith("stale: no manifest")
    assert project.run("Points") == {"Points": {"ran": 1}}


def test_clock_that_was_moved(done):
    done.law("Report")
    for days in (-1000, 1000):
        then = time.time() + days * 86400
        for path in (*done.store.rglob("*.json"), done.folder / "data.txt"):
            os.utime(path, (then, then))
        assert done.run("Report") == UP_TO_DATE
    # the future is not remembered: what comes next may have the same date
    data = done.folder / "data.txt"
    when = data.stat()
    data.write_text("9 2 3 4 5")
    os.utime(data, ns=(when.st_atime_ns, when.st_mtime_ns))
    assert done.status("Points")["Points"] == "stale: input data.txt changed"


def mount(folder, options):
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"cannot mount a file system: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr


@pytest.fixture
def disk(tmp_path):
    """A folder on a file system of its own, of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount(folder, "size=1m")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_read_only_store_can_be_used(disk, project):
    store = {"TOY_STORE": str(disk / "store")}
    project.law("Report", **store)
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    assert project.run("Report", **store) == UP_TO_DATE
    assert set(project.status("Report", **store).values()) == {"complete", "complete (3/3)"}
    status, text = project.attempt("Fit", "--epochs", "5", **store)
    assert status != 0
    assert "Read-only file system" in text
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    assert project.run("Report", **store) == UP_TO_DATE


def fill(path):
    with path.open("wb", buffering=0) as junk, contextlib.suppress(OSError):
        while junk.write(bytes(1024)):
            pass


def test_full_disk(disk, project):
    project = Project.new(disk / "project")
    project.law("Points")
    fill(disk / "junk")
    status, text = project.attempt("Report", CMSML_CACHE="/dev/null/none")
    assert status != 0
    assert "No space left on device" in text
    assert project.lies() == []
    (disk / "junk").unlink()
    assert project.run("Report")["Report"] == {"ran": 1}
    assert project.lies() == []


def test_unusable_cache_costs_only_time(done):
    for cache in ("/dev/null/none", "/proc/none"):
        assert done.run("Report", CMSML_CACHE=cache) == UP_TO_DATE
    done.law("Report")
    for entry in (done.folder / "cache").rglob("*.json"):
        entry.write_text("[")
    assert done.run("Fit") == {"Fit": {"up to date": 3}}


def test_output_that_run_forgot(project):
    project.edit(
        "toy_tasks.py", '        self.write(self.output()["log"], {"n": len(points)})\n', ""
    )
    status, text = project.attempt("Fit")
    assert status != 0
    assert "ended well, but its output " in text
    assert "log.json is not there" in text
    assert not list(project.store.glob("Fit/**/*.manifest.json"))


def test_corrupt_snapshot_is_not_believed(done):
    done.law("Fit")
    assert done.run("Fit") == {"Fit": {"up to date": 3}}
    (entry,) = (done.folder / "cache/workflows").rglob("*.json")
    kept = json.loads(entry.read_text())
    kept["value"]["signatures"] = "0" * 64
    entry.write_text(json.dumps(kept))
    assert done.status("Fit")["Fit"] == "complete (3/3)"


def test_stale_branch_is_seen_behind_a_snapshot(done):
    assert done.status("Report")["Fit"] == "complete (3/3)"
    assert list((done.folder / "cache/workflows").rglob("*.json"))
    (done.store / "Fit/v1/rate=2/log.json").write_text("{}")
    assert done.status("Report")["Fit"].startswith("complete (2/3), stale (1/3)")
    done.law("Report")
    assert done.status("Report")["Fit"] == "complete (3/3)"
    (done.folder / "data.txt").write_text("2 2")
    assert done.status("Fit")["Fit"] == "stale (3/3): 3x Points would run first"
