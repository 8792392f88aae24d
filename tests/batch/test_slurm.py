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


def test_a_system_of_the_sites_own(system, project):
    project.place["systems"] = "htcondor, own_farm:FarmJobs"
    project.write_site()
    text = project.law("--workflow", "slurm")
    assert project.all_runs() == [1, 1, 1]
    assert "going to submit 3 slurm job(s)" in text
    assert text.count("goes to the farm") == 3
    assert "complete (3/3)" in project.law("--workflow", "local", "--print-status", "0")


@pytest.mark.parametrize(
    ("systems", "words"),
    [
        ("own_farn:FarmJobs", "there is no module 'own_farn'"),
        ("own_farm:FarmJob", "'own_farm' has no class 'FarmJob' that derives from"),
        ("own_farm:Any", "'own_farm' has no class 'Any' that derives from"),
        ("slurn", "there is no such system; did you mean 'slurm'?"),
    ],
)
def test_a_system_that_is_not_there(project, systems, words):
    project.place["systems"] = systems
    project.write_site()
    assert words in project.refused("--workflow", "local")
