"""Stores that tests share."""

import os
import subprocess
from contextlib import contextmanager

import pytest
from command_line import TINY, Shell


@pytest.fixture
def shell(tmp_path):
    return Shell(tmp_path / "store")


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """The demo's whole chain, run once; tests only look at it."""
    shell = Shell(tmp_path_factory.mktemp("demo") / "store")
    text = shell.law("ValidateGraph", "--version", "v1", "--formats", "pb,pbtxt")
    return shell, text


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """A recipe of a few hundred events and one epoch, run through the whole chain once."""
    shell = Shell(tmp_path_factory.mktemp("tiny") / "store")
    text = shell.law("ValidateGraph", "--version", "v1", "--recipe", TINY)
    return shell, text


@pytest.fixture
def read_only():
    """Return a context manager within which nothing below a folder can be written."""

    @contextmanager
    def mounted(folder):
        mount = ["mount", "--bind", str(folder), str(folder)]
        done = subprocess.run(mount, capture_output=True, text=True)
        if done.returncode and not os.environ.get("CI"):
            pytest.skip(f"cannot mount a folder: {done.stderr.strip()}")
        assert done.returncode == 0, done.stderr
        try:
            subprocess.run(["mount", "-o", "remount,bind,ro", str(folder)], check=True)
            yield
        finally:
            subprocess.run(["umount", str(folder)], check=True)

    return mounted
