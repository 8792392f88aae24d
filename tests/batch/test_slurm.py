"""Jobs on a real Slurm cluster, with accounting."""

import pytest
from batch_project import states
from batch_systems import Slurm
from faults_on_every_system import *  # noqa: F403
from law_commands import finished
from on_every_system import *  # noqa: F403


@pytest.fixture(scope="module")
def system():
    """A cluster that runs."""
    with Slurm.running() as cluster:
        yield cluster


@pytest.mark.fault("job suspended for a while")
def test_a_suspended_job_is_not_a_failed_one(system, project):
    project.tell(0, "pause")
    with project.start("--n", "1") as client:
        project.wait_until_running(0)
        job = project.job_id(0)
        system.call("scontrol", "suspend", job)
        assert "1 running" in project.law("--n", "1", "--print-status", "0")
        system.call("scontrol", "resume", job)
        text = finished(client)
    assert client.returncode == 0, text
    assert states(text)[-1]["retry"] == 0
    assert project.all_runs(1) == [1]
