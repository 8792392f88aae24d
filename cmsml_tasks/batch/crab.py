"""Jobs on the grid of CMS, by CRAB.

law's workflow does the work. Without an account of CMS only the job files can be looked at; that is
what the tests do.
"""

from __future__ import annotations

import shutil
from typing import Any

import law

from cmsml_tasks.batch.failures import JobsFailedError
from cmsml_tasks.batch.jobs import Jobs, with_shared_hooks
from cmsml_tasks.batch.managers import WatchedManager
from cmsml_tasks.batch.proxy import JobsProxy
from cmsml_tasks.batch.resources import Resource, megabytes, minutes, number
from cmsml_tasks.batch.site import option
from cmsml_tasks.errors import SettingsError

law.contrib.load("cms")

from law.contrib.cms.job import CrabJobManager  # noqa: E402
from law.contrib.cms.workflow import CrabWorkflow, CrabWorkflowProxy  # noqa: E402

_LONGEST_NAME = 100


class CrabManager(WatchedManager, CrabJobManager):  # type: ignore[misc]
    """Submits, queries and cancels jobs by CRAB."""


class CrabProxy(JobsProxy, CrabWorkflowProxy):  # type: ignore[misc]
    """What law does with jobs of CRAB."""

    def setup_job_manager(self) -> Any:
        """Return the proxy to submit with.

        Raises:
            JobsFailedError: there is no way to get one here.
        """
        if shutil.which("voms-proxy-init") is None:
            raise JobsFailedError(
                "CRAB needs a proxy of CMS, and voms-proxy-init is not on PATH; log in where it "
                "is, such as lxplus"
            )
        return super().setup_job_manager()

    def log_path(self, config: Any) -> str | None:
        """Return None: CRAB's server says where a log is."""
        return None


@with_shared_hooks
class CrabJobs(Jobs, CrabWorkflow):  # type: ignore[misc]
    """``--workflow crab``."""

    exclude_index = True
    workflow_proxy_cls = CrabProxy

    crab_num_cores = Resource(number, "numCores", description="number of cores for each job")
    crab_max_memory_mb = Resource(
        megabytes, "maxMemoryMB", description="memory for each job, such as 2500MB"
    )
    crab_max_job_runtime_min = Resource(
        minutes, "maxJobRuntimeMin", description="walltime of a job, such as 3h"
    )

    def crab_job_manager_cls(self) -> type[CrabManager]:
        """Return the class of the manager."""
        return CrabManager

    def crab_stageout_location(self) -> tuple[str, str]:
        """Return site and folder of CRAB's own outputs; ours are written by the tasks.

        Raises:
            SettingsError: the site's configuration does not say them.
        """
        site, folder = option("crab_storage_site"), option("crab_output_folder")
        if not site or not folder:
            raise SettingsError(
                "CRAB needs crab_storage_site (such as T2_DE_DESY) and crab_output_folder (such as "
                "/store/user/<name>/cmsml) in [cmsml_tasks_batch]"
            )
        return site, folder

    def crab_request_name(self, submit_jobs: Any) -> str:
        """Return the name of CRAB's own folder for the jobs."""
        attempt = sum(self.workflow_proxy.job_data.attempts.values())
        return f"{self.jobs_name()}_{attempt}"[-_LONGEST_NAME:]

    def crab_job_config(self, config: Any, job_nums: Any, branches: Any) -> Any:
        """Add what this site and this task say about a job."""
        self.configure_job(config)
        for key, value in self.jobs_resource_lines():
            config.crab.JobType[key] = int(value)
        config.crab.Site.whitelist = option("crab_whitelist") or None
        return config
