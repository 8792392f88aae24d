"""Stores that tests share."""

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
