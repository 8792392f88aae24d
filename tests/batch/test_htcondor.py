"""Jobs on a real HTCondor pool."""

import pytest
from on_every_system import *  # noqa: F403
from on_every_system import RIGHT, outlive


@pytest.fixture(scope="module")
def system(pool):
    """A pool that runs."""
    return pool


@pytest.mark.fault("job held")
def test_a_held_job_leaves_the_queue(system, project):
    outlive(project, "sleep", lambda: system.hold(project.job_id(1)), seconds=120)
    assert project.all_runs(2) == [1, 2]
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}
    assert system.queue() == []
