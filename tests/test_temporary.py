"""Temporary folders of processes that were killed."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from cmsml_tasks.temporary import keep_folder, remove_abandoned, temporary_folder

HOLDER = """
from cmsml_tasks.temporary import temporary_folder
with temporary_folder("held") as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    input()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files lie, in this process and those that it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


def test_folder_of_a_killed_process_goes_and_that_of_a_living_one_stays(place: Path) -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    command = [sys.executable, "-c", HOLDER]
    with subprocess.Popen(command, text=True, **pipes) as process:
        folder = Path(process.stdout.readline().strip())
        assert folder.parent == place
        remove_abandoned()
        assert (folder / "file").exists()
        process.kill()
        process.wait()
        assert (folder / "file").exists()
        remove_abandoned()
        assert not folder.exists()


def test_nothing_else_goes(place: Path) -> None:
    with temporary_folder("mine") as folder:
        kept = keep_folder(folder)
    others = [place / name for name in ("cmsml_tasks.other", "cmsml_tasks-mine-12345678", "x")]
    for other in others:
        other.mkdir()
    link = place / "cmsml_tasks.link.12345678"
    link.symlink_to(others[0])
    (place / "cmsml_tasks.file.12345678").touch()
    remove_abandoned()
    assert sorted(place.iterdir()) == sorted(
        [kept, *others, link, place / "cmsml_tasks.file.12345678"]
    )
    with temporary_folder("mine") as folder:
        assert folder.is_dir()
    assert not folder.exists()


REMOVER = """
from cmsml_tasks.temporary import remove_abandoned
print("begins", flush=True)
while True:
    remove_abandoned()
"""


def test_folder_is_there_whoever_looks_for_abandoned_ones_meanwhile(place: Path) -> None:
    command = [sys.executable, "-c", REMOVER]
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout.readline() == "begins\n"
            for _ in range(3000):
                with temporary_folder("raced") as folder:
                    (folder / "file").touch()
        finally:
            process.kill()
