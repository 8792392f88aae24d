"""Jobs on a real HTCondor pool."""

import os
import subprocess

import pytest
from batch_systems import POOLS
from faults_on_every_system import *  # noqa: F403
from faults_on_every_system import outlive
from on_every_system import *  # noqa: F403
from on_every_system import RIGHT

from cmsml_tasks.batch.htcondor import HTCondorManager


@pytest.fixture(scope="module")
def system(pool):
    """A pool that runs."""
    return pool


@pytest.mark.fault("job held")
def test_a_held_job_leaves_the_queue(system, project):
    outlive(project, "sleep", lambda: system.hold(project.job_id(1)))
    assert project.all_runs(2) == [1, 2]
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}
    assert system.is_left_by_all()


def test_a_job_that_sends_its_outputs_is_not_a_failed_one():
    # it lasts too short a time here to be seen in the queue
    assert HTCondorManager.map_status("6") == HTCondorManager.RUNNING


def test_two_installers_share_one_folder_of_packages(system, tmp_path):
    """As two workers of a test run, on a machine on which nothing has been fetched yet."""
    environment = {**os.environ, "POOL_CACHE": str(tmp_path / "packages")}
    installers = [
        subprocess.Popen(
            [POOLS / "htcondor.sh", "install", tmp_path / name],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name in ("a", "b")
    ]
    said = [installer.communicate()[0] for installer in installers]
    assert [installer.returncode for installer in installers] == [0, 0], said
    assert sorted("packages: cached" in text for text in said) == [False, True], said
