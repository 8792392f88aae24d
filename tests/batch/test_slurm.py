"""Jobs on a real Slurm cluster, with accounting."""

import pytest
from batch_systems import Slurm
from faults_on_every_system import *  # noqa: F403
from on_every_system import *  # noqa: F403


@pytest.fixture(scope="module")
def system():
    """A cluster that runs."""
    with Slurm.running() as cluster:
        yield cluster
