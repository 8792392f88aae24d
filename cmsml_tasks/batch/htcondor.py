"""Jobs on HTCondor."""

from __future__ import annotations

from typing import Any

import law

from cmsml_tasks.batch.jobs import Jobs, with_shared_hooks
from cmsml_tasks.batch.managers import WatchedManager, ask, ask_or_fail
from cmsml_tasks.batch.proxy import JobsProxy
from cmsml_tasks.batch.resources import Resource, megabytes, number, seconds, word
from cmsml_tasks.batch.site import is_on, raw_lines

law.contrib.load("htcondor")

from law.contrib.htcondor.job import HTCondorJobManager  # noqa: E402
from law.contrib.htcondor.workflow import HTCondorWorkflow, HTCondorWorkflowProxy  # noqa: E402

_ENDS = "ExitBySignal ExitSignal HoldReason RemoveReason"


class HTCondorManager(WatchedManager, HTCondorJobManager):  # type: ignore[misc]
    """Submits, queries and removes jobs on HTCondor."""

    # transferring output, and suspended (JobStatus in HTCondor's manual)
    going_on = ("6", "7")


class HTCondorProxy(JobsProxy, HTCondorWorkflowProxy):  # type: ignore[misc]
    """What law does with jobs on HTCondor."""

    def orphans(self) -> list[str]:
        """Return the ids of jobs in the queue that have the name of these jobs."""
        query = f'CmsmlJobs == "{self.task.jobs_name()}" && JobStatus != 3 && JobStatus != 4'
        where = self._where()
        answer = ask_or_fail("condor_q", *where, "-constraint", query, "-af:j", "JobStatus")
        return [line.split()[0] for line in answer.splitlines() if line.strip()]

    def own(self, job_ids: list[Any]) -> list[Any]:
        """Return which of the jobs in the queue have the name of these jobs."""
        there = set(map(str, self.orphans()))
        return [job_id for job_id in job_ids if str(job_id) in there]

    def why(self, job_id: str) -> str:
        """Return the signal that ended a job, or why it was held or removed."""
        for command in ("condor_q", "condor_history"):
            answer = ask(command, *self._where(), job_id, "-limit", "1", "-af:lng", *_ENDS.split())
            found = dict(line.split(" = ", 1) for line in answer.splitlines() if " = " in line)
            if found:
                break
        if found.get("ExitBySignal") == "true":
            return f"killed by signal {found.get('ExitSignal')}"
        reasons = (
            found.get(name, "undefined").strip('"') for name in ("HoldReason", "RemoveReason")
        )
        return ", ".join(reason for reason in reasons if reason != "undefined")

    def _where(self) -> list[str]:
        words = []
        for flag, value in (("-pool", "htcondor_pool"), ("-name", "htcondor_scheduler")):
            given = getattr(self.task, value)
            words += [flag, given] if given not in (None, law.NO_STR) else []
        return words


@with_shared_hooks
class HTCondorJobs(Jobs, HTCondorWorkflow):  # type: ignore[misc]
    """``--workflow htcondor``."""

    exclude_index = True
    workflow_proxy_cls = HTCondorProxy

    htcondor_request_cpus = Resource(
        number, "request_cpus", description="number of cores for each job"
    )
    htcondor_request_memory = Resource(
        megabytes, "request_memory", "{}MB", description="memory for each job, such as 4GB"
    )
    htcondor_request_disk = Resource(
        megabytes, "request_disk", "{}MB", description="disk for each job, such as 10GB"
    )
    htcondor_request_gpus = Resource(
        number, "request_gpus", description="number of GPUs for each job"
    )
    htcondor_max_runtime = Resource(
        seconds,
        "periodic_remove",
        # plain HTCondor has no walltime; sites have attributes for it
        "JobStatus == 2 && time() - EnteredCurrentStatus > {}",
        description="walltime of a job, such as 3h",
    )
    htcondor_job_flavour = Resource(
        word, "+JobFlavour", '"{}"', description="CERN's queue, such as longlunch"
    )
    htcondor_accounting_group = Resource(
        word, "accounting_group", description="group that the jobs are charged to"
    )

    def htcondor_job_manager_cls(self) -> type[HTCondorManager]:
        """Return the class of the manager."""
        return HTCondorManager

    def htcondor_job_config(self, config: Any, job_num: Any, branches: Any) -> Any:
        """Add what this site and this task say about a job."""
        self.configure_job(config)
        # the system's own log is there even if the job's wrapper was killed
        config.stdout = config.stderr = "log.txt"
        config.custom_log_file = None
        config.custom_content += [
            ("+CmsmlJobs", f'"{self.jobs_name()}"'),
            ("JobBatchName", f'"{self.jobs_name()}"'),
            # or it takes back whatever lies in the job's folder
            ("transfer_output_files", '""'),
            *self.jobs_resource_lines(),
            *raw_lines("htcondor_lines"),
        ]
        if is_on("htcondor_use_x509userproxy"):
            config.custom_content.append(("use_x509userproxy", "true"))
        return config
