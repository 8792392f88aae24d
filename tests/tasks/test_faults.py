"""A run that ends badly leaves nothing half-written, and the next one finishes."""

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest
from conftest import LAW, TINY, Shell

SLOW = ("TrainModel", "--version", "v1", "--recipe", "tiny_recipes.SlowRecipe")


def children_of(pid):
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in listed]


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_run_leaves_no_training_behind(shell, number):
    process = shell.start(*SLOW)
    for line in process.stdout:
        if "training has begun" in line:
            break
    (child,) = children_of(process.pid)
    process.send_signal(number)
    process.wait(timeout=20)
    deadline = time.monotonic() + 10
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(child)
    assert [name for name in shell.files() if "manifest" in name or name.endswith(".keras")] == []


def test_crash_of_the_training_is_told(shell):
    process = shell.start(*SLOW)
    for line in process.stdout:
        if "training has begun" in line:
            break
    (child,) = children_of(process.pid)
    os.kill(child, signal.SIGKILL)
    text, _ = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "train was ended by SIGKILL; out of memory?" in text
    assert "Traceback" not in text


def test_unwritable_store(tmp_path):
    (tmp_path / "file").touch()
    shell = Shell(tmp_path / "file" / "store")
    done = shell.try_law("TrainModel", "--version", "v1", "--recipe", TINY)
    done.refused("cannot write", "Not a directory")


def test_full_disk_leaves_nothing_half_written(tiny, tmp_path):
    """A limit on the size of files stands for the full disk where none can be mounted."""
    shell = Shell(tmp_path / "store")

    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (12_000, 12_000))

    done = subprocess.run(
        [LAW, "run", "TrainModel", "--version", "v1", "--recipe", TINY],
        cwd=shell.folder,
        env=shell.environment(),
        preexec_fn=limit,
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "cannot write" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert [name for name in shell.files() if "manifest" in name or "part" in name] == []
    shell.law("TrainModel", "--version", "v1", "--recipe", TINY)
