"""Jobs on a real HTCondor pool."""

import pytest
from batch_systems import HTCondor
from on_every_system import *  # noqa: F403
from on_every_system import RIGHT


@pytest.fixture(scope="module")
def system():
    """A pool that runs."""
    with HTCondor.running() as pool:
        yield pool


@pytest.mark.fault("job held")
def test_a_held_job_leaves_the_queue(system, project):
    project.tell(1, "sleep")
    with project.start("--n", "2") as client:
        project.wait_until_running(1)
        system.hold(project.job_id(1))
        text, _ = client.communicate(timeout=120)
    assert client.returncode == 0, text
    assert project.all_runs(2) == [1, 2]
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}
    assert system.queue() == []
