"""`BatchWorkflow`: the branches of a task here, or as jobs of a batch system."""

from __future__ import annotations

import law

from cmsml_tasks.batch.arc import ARCJobs
from cmsml_tasks.batch.crab import CrabJobs
from cmsml_tasks.batch.htcondor import HTCondorJobs
from cmsml_tasks.batch.slurm import SlurmJobs


class BatchWorkflow(law.LocalWorkflow, HTCondorJobs, SlurmJobs, ARCJobs, CrabJobs):  # type: ignore[misc]
    """Base of tasks with branches that run here or on a batch system, by ``--workflow``.

    ``class Fit(TrackedTask, BatchWorkflow)`` is a task of one's own; see `Jobs` for its hooks.
    """

    exclude_index = True


BatchWorkflow.deregister()
