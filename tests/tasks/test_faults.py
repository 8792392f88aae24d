"""A run that ends badly leaves nothing half-written, and the next one finishes."""

import os
import signal

from command_line import TINY, Shell, wait_for_trainings
from law_commands import finished
from processes import children, command_line

SLOW = ("TrainModel", "--version", "v1", "--recipe", "tiny_recipes.SlowRecipe")


def test_crash_of_the_training_is_told(shell):
    with shell.start(*SLOW) as process:
        wait_for_trainings(process)
        (keeper,) = (pid for pid in children(process.pid) if "isolated" in command_line(pid))
        (training,) = children(keeper)
        os.kill(training, signal.SIGKILL)
        text = finished(process)
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
