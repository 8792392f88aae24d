"""Jobs on Slurm."""

from __future__ import annotations

from typing import Any

import law

from cmsml_tasks.batch.jobs import Jobs, with_shared_hooks
from cmsml_tasks.batch.managers import WatchedManager, ask, ask_or_fail
from cmsml_tasks.batch.proxy import JobsProxy
from cmsml_tasks.batch.resources import Resource, megabytes, minutes, number, word
from cmsml_tasks.batch.site import raw_lines

law.contrib.load("slurm")

from law.contrib.slurm.job import SlurmJobManager  # noqa: E402
from law.contrib.slurm.workflow import SlurmWorkflow, SlurmWorkflowProxy  # noqa: E402


class SlurmManager(WatchedManager, SlurmJobManager):  # type: ignore[misc]
    """Submits, queries and cancels jobs on Slurm."""

    going_on = ("RESIZING", "SIGNALING", "STOPPED", "SUSPENDED")

    def watch(self) -> None:
        """Begin to watch; without accounting, ask the queue about jobs that have ended."""
        super().watch()
        config = ask("scontrol", "show", "config")
        if "accounting_storage/none" in config:
            law.config.set("job", "slurm_cmd_squeue", "squeue --states=all")
            law.config.set("job", "slurm_cmd_sacct", "true")

    @classmethod
    def parse_squeue_output(cls, out: str) -> Any:
        """Return the states of jobs, with the reason of a failure, as from the accounts."""
        states = super().parse_squeue_output(out)
        for line in out.splitlines():
            found = cls.squeue_cre.match(line.strip())
            if found and states[int(found[1])]["status"] == cls.FAILED:
                states[int(found[1])]["error"] = found[2]
        return states

    def cancel(self, job_id: Any, **kwargs: Any) -> Any:
        """Cancel jobs by the numbers that law keeps for them, and cannot quote (law 0.1.21)."""
        is_chunk = isinstance(job_id, list | tuple)
        ids = list(job_id) if is_chunk else [job_id]
        super().cancel([str(each) for each in ids], **kwargs)
        return dict.fromkeys(ids) if is_chunk else None


class SlurmProxy(JobsProxy, SlurmWorkflowProxy):  # type: ignore[misc]
    """What law does with jobs on Slurm."""

    def orphans(self) -> list[int]:
        """Return the ids of jobs in the queue that have the name of these jobs."""
        answer = ask_or_fail(
            "squeue", "--me", "--noheader", "--name", self.task.jobs_name(), "--format", "%i"
        )
        return [int(line) for line in answer.split() if line.isdigit()]

    def own(self, job_ids: list[Any]) -> list[Any]:
        """Return which of the jobs in the queue have the name of these jobs."""
        there = set(map(str, self.orphans()))
        return [job_id for job_id in job_ids if str(job_id) in there]

    def why(self, job_id: int) -> str:
        """Return state, exit code and signal of a job that has ended, as accounting has them."""
        fields = "State,ExitCode,Reason"
        answer = ask("sacct", "-X", "-n", "-P", "-j", str(job_id), "-o", fields)
        if not answer.strip():
            # without accounting the controller remembers a job for some minutes
            now = ask("squeue", "--states=all", "-h", "-j", str(job_id), "-o", "%T|%r").strip()
            return ", ".join(part for part in now.split("|") if part not in ("", "None"))
        state, code, reason = answer.splitlines()[0].split("|")[:3]
        signal = code.partition(":")[2]
        parts = [state, f"killed by signal {signal}" if signal not in ("", "0") else ""]
        return ", ".join(filter(None, [*parts, "" if reason == "None" else reason]))


@with_shared_hooks
class SlurmJobs(Jobs, SlurmWorkflow):  # type: ignore[misc]
    """``--workflow slurm``."""

    exclude_index = True
    workflow_proxy_cls = SlurmProxy

    slurm_cpus_per_task = Resource(
        number, "cpus-per-task", description="number of cores for each job"
    )
    slurm_mem = Resource(megabytes, "mem", "{}M", description="memory for each job, such as 4GB")
    slurm_tmp = Resource(megabytes, "tmp", "{}M", description="disk for each job, such as 10GB")
    slurm_time = Resource(minutes, "time", description="walltime of a job, such as 3h")
    slurm_gpus = Resource(
        word, "gres", "gpu:{}", description="GPUs for each job, such as 1 or a100:1"
    )
    slurm_account = Resource(word, "account", description="account that the jobs are charged to")
    slurm_qos = Resource(word, "qos", description="quality of service")
    slurm_constraint = Resource(word, "constraint", description="features that a node must have")

    def slurm_job_manager_cls(self) -> type[SlurmManager]:
        """Return the class of the manager."""
        return SlurmManager

    def slurm_job_config(self, config: Any, job_num: int, branches: list[int]) -> Any:
        """Add what this site and this task say about a job."""
        self.configure_job(config)
        config.job_name = self.jobs_name()
        config.stdout = config.stderr = "log.txt"
        config.custom_log_file = None
        # not the shared folder that it starts in
        config.render_variables["law_job_base"] = "${SLURM_TMPDIR:-/tmp}"
        # law's retries tell what happened; a job that Slurm restarts on its own would not
        config.custom_content.append(("no-requeue",))
        config.custom_content += self.jobs_resource_lines()
        config.custom_content += [f"#SBATCH {line}" for line in raw_lines("slurm_lines")]
        return config
