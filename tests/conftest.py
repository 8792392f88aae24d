"""What the tests of several rooms share."""

import os
import random
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from cmsml_tasks.processes.xrootd_client import load_client_first

load_client_first()

# the processes of a session take it over from the first
os.environ.setdefault("SAMPLE_SEED", str(random.randrange(10**6)))

LONG = ("batch", "tasks", "tracking", "validation")
"""Folders with tests that run whole commands, those that wait longest first."""


def pytest_report_header() -> str:
    """Print with what tests of samples can be run again."""
    return f"samples are those of SAMPLE_SEED={os.environ['SAMPLE_SEED']}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files first that take longest.

    Files go to the workers in this order; none should be left alone with a long one at the end.
    """
    sizes = Counter(item.path for item in items)

    def rank(item: pytest.Item) -> tuple[int, int, Path]:
        folder = item.path.parent.name
        return LONG.index(folder) if folder in LONG else len(LONG), -sizes[item.path], item.path

    items.sort(key=rank)


@pytest.fixture(scope="session")
def xrootd_store():
    """URL of a folder on an XRootD server, with the same events in every format."""
    from xrootd_server import running_server

    with running_server() as url:
        yield url


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 200 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"cannot mount a small file system: {done.stderr.strip()}")
    assert done.returncode == 0, done.stderr
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.fixture(scope="session")
def zoo_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the frozen graphs of the zoo; see ``zoo/export.py`` for what lies in it."""
    from fresh_process import exported_zoo, of_all_workers

    def export(folder: Path) -> None:
        exported_zoo(folder, TF_ENABLE_ONEDNN_OPTS="1")

    return of_all_workers(tmp_path_factory, "zoo", export)
