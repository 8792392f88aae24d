"""Projects of toy tasks."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from needs import skip_without
from toy_project import Project


@pytest.fixture
def project(tmp_path):
    """A project in which nothing has run."""
    return Project.new(tmp_path / "project")


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    """A project whose report is there; tests only look at it."""
    project = Project.new(tmp_path_factory.mktemp("finished") / "project")
    project.law("Report")
    return project


@pytest.fixture
def done(finished, tmp_path):
    """A copy of it, for tests that change something; its cache knows nothing."""
    folder = tmp_path / "project"
    shutil.copytree(finished.folder, folder, ignore=shutil.ignore_patterns("cache", "__pycache__"))
    return Project(folder)


@pytest.fixture(scope="session")
def two_users():
    """Names of two users and of the group that both are in, made for the tests."""
    skip_without("" if os.geteuid() == 0 else "only root can make users")
    one, other, group = names = [f"cmsml{os.getpid()}{ending}" for ending in "abg"]
    subprocess.run(["groupadd", group], check=True)
    try:
        for user in (one, other):
            subprocess.run(["useradd", "--no-create-home", "--gid", group, user], check=True)
        yield tuple(names)
    finally:
        for user in (one, other):
            subprocess.run(["userdel", user], check=False)
        subprocess.run(["groupdel", group], check=False)


@pytest.fixture
def folder_of_two(two_users):
    """A folder that both users may write to, as a store that a group shares."""
    # pytest's own folders are closed to others
    folder = Path(tempfile.mkdtemp(prefix="cmsml-store-"))
    shutil.chown(folder, group=two_users[2])
    folder.chmod(0o2775)
    yield folder
    shutil.rmtree(folder)
