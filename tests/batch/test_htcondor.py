"""Jobs on a real HTCondor pool."""

import pytest
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
    assert system.queue() == []


def test_a_job_that_sends_its_outputs_is_not_a_failed_one():
    # it lasts too short a time here to be seen in the queue
    assert HTCondorManager.map_status("6") == HTCondorManager.RUNNING
