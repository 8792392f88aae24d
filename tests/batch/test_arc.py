"""Jobs on a real ARC computing element; run by .ci/grid, see the README."""

import shutil
import tempfile
from pathlib import Path

import pytest
from batch_project import BatchProject
from batch_systems import ARC
from environments import make_environment
from faults_on_every_system import *  # noqa: F403
from on_every_system import *  # noqa: F403

# jobs are processes of the computing element's own machine, without a batch system behind it
del test_a_job_whose_worker_died_runs_again, test_a_suspended_job_is_not_a_failed_one  # noqa: F821

pytestmark = pytest.mark.grid


@pytest.fixture(scope="module")
def system():
    """A computing element that runs."""
    with ARC.running() as element:
        yield element


@pytest.fixture(scope="module")
def place():
    """A folder that the user of jobs can read and write, with a Python that he can run."""
    folder = Path(tempfile.mkdtemp(prefix="arc-project-", dir="/tmp"))
    folder.chmod(0o755)
    make_environment(folder / "environment", "/usr/bin/python3.11")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def project(system, place):
    """A project in which nothing has run."""
    folder = Path(tempfile.mkdtemp(dir=place)) / "project"
    folder.parent.chmod(0o755)
    project = BatchProject(
        folder,
        system.name,
        {**system.variables, "PYTHONPATH": str(folder)},
        python=str(place / "environment" / "bin" / "python"),
        options=("--poll-interval", "2s"),
        place={"systems": "arc", "arc_ce": system.variables["ARC_CE"], "umask": "000"},
    )
    for path in (project.store, project.faults, folder / "cache"):
        path.mkdir(exist_ok=True)
        path.chmod(0o777)
    yield project
    system.clear()
