"""Jobs on a real HTCondor pool."""

import pytest
from batch_systems import HTCondor
from on_every_system import *  # noqa: F403


@pytest.fixture(scope="module")
def system():
    """A pool that runs."""
    with HTCondor.running() as pool:
        yield pool
