"""Projects of toy tasks."""

import shutil

import pytest
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
