"""Jobs on a real HTCondor pool."""

import pytest
from batch_project import states
from faults_on_every_system import *  # noqa: F403
from faults_on_every_system import outlive
from law_commands import finished
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


@pytest.mark.fault("job suspended for a while")
def test_a_suspended_job_is_not_a_failed_one(system, project):
    project.tell(0, "pause")
    with project.start("--n", "1") as client:
        project.wait_until_running(0)
        job = project.job_id(0)
        system.call("condor_suspend", job)
        project.wait_for(lambda: system.call("condor_q", job, "-af", "JobStatus").strip() == "7")
        assert "1 running" in project.law("--n", "1", "--print-status", "0")
        system.call("condor_continue", job)
        text = finished(client)
    assert client.returncode == 0, text
    assert states(text)[-1]["retry"] == 0
    assert project.all_runs(1) == [1]


def test_a_job_that_sends_its_outputs_is_not_a_failed_one():
    # it lasts too short a time here to be seen in the queue
    assert HTCondorManager.map_status("6") == HTCondorManager.RUNNING
