"""Jobs on a real Slurm cluster that keeps no accounts: only its controller knows how jobs ended."""

import pytest
from batch_systems import Slurm
from faults_on_every_system import (  # noqa: F401
    test_a_final_failure_says_which_branch_why_and_where,
    test_a_job_that_failed_once_is_submitted_again,
    test_a_job_that_takes_too_long_is_submitted_again,
    test_a_removed_job_is_submitted_again,
)
from on_every_system import (  # noqa: F401
    project,
    test_one_job_makes_the_whole_chain_of_a_branch,
    test_submit_and_come_back_later,
)


@pytest.fixture(scope="module")
def system():
    """A cluster that runs."""
    with Slurm.running(accounting=False) as cluster:
        yield cluster
