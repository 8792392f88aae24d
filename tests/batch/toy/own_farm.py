"""A batch system of a site's own: Slurm, with a remark on each of its jobs."""

from __future__ import annotations

from typing import Any

from cmsml_tasks.batch.slurm import SlurmJobs


class FarmJobs(SlurmJobs):  # type: ignore[misc]
    """``--workflow slurm`` on the farm."""

    exclude_index = True

    def slurm_job_config(self, config: Any, job_num: int, branches: list[int]) -> Any:
        """Add the farm's remark to a job, and say so."""
        config = super().slurm_job_config(config, job_num, branches)
        config.custom_content.append(("comment", "of-the-farm"))
        print(f"job {job_num} goes to the farm")
        return config
