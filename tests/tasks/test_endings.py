"""Whatever ends a command ends all that it has started, and blocks nobody."""

import fcntl
import os
import pty
import signal
import subprocess
import termios
from contextlib import contextmanager

import pytest
from command_line import LAW, Shell, wait_for_trainings
from law_commands import finished
from processes import running_with, wait_until

SLOW = ("TrainModel", "--version", "v1", "--recipe", "tiny_recipes.SlowRecipe")
TWO = ("--folds", "2", "--workers", "2")


@contextmanager
def left_over(shell):
    """Give a function that returns what is left of the commands of *shell*; end it afterwards."""

    def processes():
        return running_with("CMSML_STORE", shell.store)

    try:
        yield processes
    finally:
        for process in processes():
            os.kill(process, signal.SIGKILL)


def check_nothing_is_left(shell, processes):
    """Wait until all processes have ended; what they leave is as after a kill."""
    wait_until(lambda: processes() == {})
    left = shell.files()
    assert [name for name in left if name.endswith(("/manifest.json", ".keras"))] == []
    for lock in (name for name in left if name.endswith(".lock")):
        with open(shell.store / lock) as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("workers", [(), TWO], ids=["one worker", "two workers"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_signal_to_law_alone(shell, number, workers):
    with left_over(shell) as processes, shell.start(*SLOW, *workers) as process:
        wait_for_trainings(process, 2 if workers else 1)
        process.send_signal(number)
        # comes to its end only when nobody can write any more
        text = finished(process)
        assert process.returncode == -number
        assert "Traceback" not in text, text
        check_nothing_is_left(shell, processes)


@pytest.mark.parametrize("workers", [(), TWO], ids=["one worker", "two workers"])
def test_ctrl_c(shell, workers):
    with left_over(shell) as processes, shell.start(*SLOW, *workers) as process:
        wait_for_trainings(process, 2 if workers else 1)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        text = finished(process)
        assert process.returncode == -signal.SIGINT
        assert "Traceback" not in text, text
        check_nothing_is_left(shell, processes)


def test_closed_terminal(shell):
    ours, terminal = pty.openpty()
    command = [LAW, "run", *SLOW, *TWO]
    with left_over(shell) as processes:
        process = subprocess.Popen(
            command,
            cwd=shell.folder,
            env=shell.environment(),
            stdin=terminal,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(terminal)
        with process:
            wait_for_trainings(process, 2)
            os.close(ours)
            finished(process)
            assert process.returncode == -signal.SIGHUP
        check_nothing_is_left(shell, processes)


LOOKING = """
import time

from cmsml_tasks.tracking import TrackedTask


def look():
    print("looking", flush=True)
    time.sleep(3600)


class Task(TrackedTask):
    def output(self):
        look()

    def run(self):
        pass
"""


@pytest.mark.parametrize("code", [LOOKING, f"{LOOKING}look()"], ids=["status", "import"])
@pytest.mark.parametrize("option", ["--print-status=0", "--explain", None])
def test_ctrl_c_while_nothing_runs(shell, tmp_path, code, option):
    (tmp_path / "looking.py").write_text(code)
    shell = Shell(shell.store, tmp_path)
    (tmp_path / "law.cfg").write_text("[luigi_core]\nlocal_scheduler: True\nno_lock: True\n")
    words = [option] if option else []
    with shell.start("looking.Task", *words, PYTHONPATH=str(tmp_path)) as process:
        assert any("looking" in line for line in process.stdout)
        process.send_signal(signal.SIGINT)
        text = finished(process)
    assert process.returncode == -signal.SIGINT
    assert "Traceback" not in text, text
