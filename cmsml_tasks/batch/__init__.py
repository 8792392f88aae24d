"""Where tasks run: HTCondor, Slurm, ARC computing elements and CMS CRAB, through law.

``class Fit(TrackedTask, BatchWorkflow)`` gives a task of one's own ``--workflow htcondor`` and so
on. The site's part, where software, job files and logs lie and what jobs may ask for, is
configuration; see ``docs/batch/README.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsml_tasks.lazy import lazy_names

if TYPE_CHECKING:
    from cmsml_tasks.batch.workflow import BatchWorkflow

__all__ = ["BatchWorkflow"]

__getattr__ = lazy_names(__name__, {"BatchWorkflow": "workflow"})
