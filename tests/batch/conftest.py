"""What the tests of jobs share."""

import subprocess
import sys

import pytest
from batch_systems import HTCondor
from environments import make_environment

pytest.register_assert_rewrite("on_every_system", "faults_on_every_system")


@pytest.fixture(scope="module")
def pool():
    """A pool that runs."""
    with HTCondor.running() as pool:
        yield pool


@pytest.fixture(scope="session")
def archive(tmp_path_factory):
    """An environment with law and this package, and without TensorFlow, as one file."""
    folder = tmp_path_factory.mktemp("environment")
    make_environment(folder / "made", sys.executable)
    name = folder / "environment.tar.gz"
    subprocess.run(["tar", "-czf", name, "-C", folder / "made", "."], check=True)
    (folder / "made").rename(folder / "gone")
    return name
