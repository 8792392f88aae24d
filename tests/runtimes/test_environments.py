"""Environments are made whole or not at all, and what is in the way is told."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from whole_zoo import Elsewhere

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.runtimes import (
    RuntimeUnavailableError,
    SessionRuntime,
    check_runtime_name,
    runtime_named,
    runtimes_folder,
)
from cmsml_tasks.runtimes.environments import Environment
from cmsml_tasks.runtimes.install import fitting_python

OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"
# pip then knows of nothing but what is given
BARE = {"PIP_CONFIG_FILE": os.devnull, "PIP_FIND_LINKS": "", "PIP_EXTRA_INDEX_URL": ""}
UNREACHABLE = {**BARE, "PIP_INDEX_URL": "http://127.0.0.1:9/simple", "PIP_RETRIES": "1"}


def start(folder: Path, *arguments: str, **variables: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "cmsml_tasks.runtimes", *arguments, "--folder", str(folder)]
    environment = {**os.environ, **variables}
    return subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        # a shell's background jobs ignore it, and hand that on
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def run(folder: Path, *arguments: str, **variables: str) -> tuple[int, str]:
    process = start(folder, *arguments, **variables)
    text, _ = process.communicate(timeout=300)
    assert "Traceback" not in text
    return process.returncode, text


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        (UNREACHABLE, "the package index cannot be reached; check the network"),
        ({**BARE, "PIP_NO_INDEX": "1"}, "has no such wheel for this Python and machine"),
    ],
    ids=["no network", "no wheel"],
)
def test_what_pip_cannot_get_is_told(
    tmp_path: Path, variables: Mapping[str, str], reason: str
) -> None:
    status, text = run(tmp_path, "install", "tf-2.17", "--python", sys.executable, **variables)
    assert status == 1
    assert "error: tf-2.17 could not be made: " in text
    assert reason in text
    assert left(tmp_path) == []


def test_a_full_disk_is_told(small_disk: Path) -> None:
    status, text = run(small_disk, "install", "tf-2.17", **UNREACHABLE)
    assert status == 1
    assert "the disk is full; free space, or set CMSML_RUNTIMES to a folder with 2 GB" in text
    assert left(small_disk) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    status, text = run(tmp_path / "file", "install", "tf-2.17")
    assert status == 1
    assert f"error: cannot write {tmp_path / 'file'}: " in text


def test_a_killed_installation_leaves_nothing_that_counts(tmp_path: Path) -> None:
    """An index that takes calls and never answers holds pip where it is."""
    with socket.create_server(("127.0.0.1", 0)) as index:
        address = f"http://127.0.0.1:{index.getsockname()[1]}/simple"
        hanging = {**UNREACHABLE, "PIP_INDEX_URL": address, "PIP_DEFAULT_TIMEOUT": "5"}
        first = start(tmp_path, "install", "tf-2.17", **hanging)
        index.settimeout(120)
        with index.accept()[0]:
            first.kill()
            first.wait()
        assert first.stdout is not None
        first.stdout.close()
    assert [name.startswith(".tf-2.17.") for name in left(tmp_path)] == [True]
    status, text = run(tmp_path, "list")
    assert (status, text[:16]) == (0, "no environments ")
    # the next one waits until nobody writes there any more, and cleans up
    status, text = run(tmp_path, "install", "tf-2.17", **UNREACHABLE)
    assert status == 1
    assert left(tmp_path) == []


def test_two_at_once_wait_for_each_other(tmp_path: Path) -> None:
    with open(tmp_path / ".tf-2.17.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = start(tmp_path, "install", "tf-2.17", **UNREACHABLE)
        assert second.stdout is not None
        assert "is being made by another process; waiting for it" in second.stdout.readline()
        time.sleep(0.5)
        assert left(tmp_path) == []
        assert second.poll() is None
    text, _ = second.communicate(timeout=120)
    assert "could not be made" in text


def test_an_interrupt_is_no_traceback(tmp_path: Path) -> None:
    with open(tmp_path / ".tf-2.17.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = start(tmp_path, "install", "tf-2.17")
        assert waiting.stdout is not None
        waiting.stdout.readline()
        waiting.send_signal(signal.SIGINT)
        text, _ = waiting.communicate(timeout=60)
    assert waiting.returncode == 130
    assert "Traceback" not in text


def test_a_python_that_fits_is_found_or_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    newest = "2.21" if OWN >= "3.10" else "2.17"
    assert fitting_python(newest) == sys.executable
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SettingsError, match=r"2.5 needs Python 3.9, and none of them is on PATH"):
        fitting_python("2.5")
    with pytest.raises(SettingsError, match=rf"is Python {OWN}; TensorFlow 2.5 needs Python 3.9"):
        fitting_python("2.5", sys.executable)
    with pytest.raises(SettingsError, match=r"/nowhere/python is no Python that can make"):
        fitting_python("2.17", "/nowhere/python")


@pytest.mark.parametrize(
    ("name", "hint"),
    [("tf-2.122", "did you mean 'tf-2.12'"), ("2.12.1", "did you mean 'tf-2.12'"), ("x", "tf-2.5")],
)
def test_unknown_releases_are_refused(tmp_path: Path, name: str, hint: str) -> None:
    status, text = run(tmp_path, "install", "tf-2.12", name)
    assert status == 1
    assert hint in text
    assert left(tmp_path) == [], "names are checked before anything is made"


def test_names_of_runtimes() -> None:
    for name in ("session", "tf-2.12", "tf-2.9", "cpp", "cpp-2.17"):
        assert check_runtime_name(name) == name
    with pytest.raises(SettingsError, match=r"'sesion' is unknown; did you mean 'session'"):
        check_runtime_name("sesion")
    with pytest.raises(SettingsError, match=r"'cpp-2.9': only from 2.12 on"):
        check_runtime_name("cpp-2.9")


def test_where_environments_lie(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("CMSML_RUNTIMES", raising=False)
    assert runtimes_folder() == Path.home() / ".cache/cmsml_tasks/runtimes"
    assert runtimes_folder("~/there") == Path.home() / "there"
    monkeypatch.setenv("CMSML_RUNTIMES", str(tmp_path))
    assert runtimes_folder("~/there") == tmp_path
    monkeypatch.setenv("CMSML_RUNTIMES", "$NOT_SET_AT_ALL/x")
    with pytest.raises(SettingsError, match="names a variable that is not set"):
        runtimes_folder()


def test_an_environment_is_made_once_and_listed(elsewhere: Elsewhere) -> None:
    runtime = elsewhere("tf-2.12")
    assert isinstance(runtime, SessionRuntime)
    root = Path(runtime.python).parents[2]
    record = Environment("2.12", root).record
    assert record is not None
    status, text = run(root, "install", "tf-2.12", **UNREACHABLE)
    assert (status, text) == (0, f"tf-2.12 is there: {root / 'tf-2.12'}\n")
    _, listed = run(root, "list")
    line = next(line for line in listed.splitlines() if line.startswith("tf-2.12 "))
    assert record["tensorflow"] in line
    assert str(root) in line


def test_what_is_missing_or_broken_is_told_with_the_command(tmp_path: Path) -> None:
    runtime = runtime_named("tf-2.17", tmp_path)
    with pytest.raises(RuntimeUnavailableError) as told:
        runtime.check()
    command = f"python -m cmsml_tasks.runtimes install tf-2.17 --folder {tmp_path}"
    assert str(told.value).endswith(f"tf-2.17/bin/python; make it: {command}")
    python = tmp_path / "tf-2.17" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -S -I "$@"\n')  # without site-packages
    python.chmod(0o755)
    with pytest.raises(RuntimeUnavailableError) as told:
        runtime.run("graph.pb", [], [])
    assert "cannot import TensorFlow" in str(told.value)
    assert str(told.value).endswith(f"remove that environment and make it: {command}")
