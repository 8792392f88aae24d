"""A run that ends badly leaves nothing half-written, and the next one finishes."""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
from command_line import TINY, Shell

SLOW = ("TrainModel", "--version", "v1", "--recipe", "tiny_recipes.SlowRecipe")


def wait_for_training(process):
    """Return the id of the interpreter that works for the law process, once it trains."""
    for line in process.stdout:
        if "training has begun" in line:
            break
    listed = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    (child,) = (
        int(child)
        for child in listed
        if b"cmsml_tasks.isolated" in Path(f"/proc/{child}/cmdline").read_bytes()
    )
    return child


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().split()[2]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_killed_run_leaves_no_training_behind(shell, number):
    with shell.start(*SLOW) as process:
        child = wait_for_training(process)
        process.send_signal(number)
        process.wait(timeout=20)
    deadline = time.monotonic() + 10
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(child)
    # law's own helper process survives a killed law
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    assert [name for name in shell.files() if name.endswith(("/manifest.json", ".keras"))] == []


def test_crash_of_the_training_is_told(shell):
    with shell.start(*SLOW) as process:
        os.kill(wait_for_training(process), signal.SIGKILL)
        text, _ = process.communicate(timeout=30)
    assert process.returncode != 0
    assert "train was ended by SIGKILL; out of memory?" in text
    assert "Traceback" not in text


def test_unwritable_store(tmp_path):
    (tmp_path / "file").touch()
    shell = Shell(tmp_path / "file" / "store")
    done = shell.try_law("TrainModel", "--version", "v1", "--recipe", TINY)
    done.refused("cannot write", "Not a directory")


def test_full_disk_is_told_before_the_first_epoch(small_disk):
    (small_disk / "junk").write_bytes(bytes(180_000))
    shell = Shell(small_disk / "store")
    done = shell.try_law("TrainModel", "--version", "v1", "--recipe", TINY)
    done.refused("MB left", "free space", "before the first epoch")
    assert "epoch 1/1" not in done.text
    assert shell.files() == []


def test_disk_full_while_training_leaves_nothing_half_written(small_disk):
    shell = Shell(small_disk / "store")
    arguments = ("TrainModel", "--version", "v1", "--recipe", "tiny_recipes.FillingRecipe")
    done = shell.try_law(*arguments)
    done.refused("cannot write", "No space left on device")
    assert shell.files() == []
    (small_disk / "junk").unlink()
    shell.law(*arguments, FILL="no")
