"""Jobs on ARC computing elements of the grid."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import law

from cmsml_tasks.batch.failures import JobsFailedError, read_log
from cmsml_tasks.batch.jobs import Jobs, with_shared_hooks
from cmsml_tasks.batch.managers import UNKNOWN, WatchedManager, ask
from cmsml_tasks.batch.proxy import JobsProxy
from cmsml_tasks.batch.records import logs_folder
from cmsml_tasks.batch.resources import Resource, megabytes, minutes, number, word
from cmsml_tasks.batch.site import option, raw_lines

law.contrib.load("arc")

from law.contrib.arc.job import ARCJobFileFactory, ARCJobManager  # noqa: E402
from law.contrib.arc.workflow import ARCWorkflow, ARCWorkflowProxy  # noqa: E402

_AT_ONCE = 8
_ASKED = re.compile(r"Status of (\d+) jobs was queried")


class ARCManager(WatchedManager, ARCJobManager):  # type: ignore[misc]
    """Submits, queries, cancels and cleans up jobs on computing elements."""

    # held or suspended by the batch system behind, and what the client has no word for
    going_on = ("Hold", "Other", "Undefined")

    def settle(self, task: Any) -> None:
        """Take the list of jobs that is this project's own."""
        self.job_list = task.arc_job_list()

    def query(self, job_id: Any, **kwargs: Any) -> Any:
        """Return the states of jobs, also where none of them is known any more.

        arcstat then ends with an error, which law takes for a computing element that is away. One
        that is away makes arcstat say nothing about its jobs, and end well.
        """
        is_chunk = isinstance(job_id, list | tuple)
        try:
            states = super().query(job_id, **kwargs)
        except Exception as error:
            states = self.parse_query_output(str(error))
            ids = list(job_id) if is_chunk else [job_id]
            if not ids or any(each not in states for each in ids):
                raise
            return states if is_chunk else states[job_id]
        for each in states.values() if is_chunk else [states]:
            if each["error"] == UNKNOWN[1]:
                raise ConnectionError(f"arcstat says nothing about {each['job_id']}")
        return states


class _Values:
    """Values of a dictionary that are iterated over with and without being called."""

    def __init__(self, files: dict[str, Any]) -> None:
        self._files = files

    def __call__(self) -> Any:
        return dict.values(self._files)

    def __iter__(self) -> Iterator[Any]:
        return iter(dict.values(self._files))


class _Files(dict[str, Any]):
    values = property(_Values)


class _SentFile(law.JobInputFile):  # type: ignore[misc]
    """An input file, whose path in the job is its name there."""

    @property
    def path_job_post_render(self) -> Any:
        path = self._path_job_post_render
        return path and os.path.basename(path)

    @path_job_post_render.setter
    def path_job_post_render(self, path: Any) -> None:
        self._path_job_post_render = path


class ARCJobFiles(ARCJobFileFactory):  # type: ignore[misc]
    """law's factory of job files, without two defects of law 0.1.21.

    It iterates over ``input_files.values`` without calling it, so that every submission dies, and
    gives jobs the paths that their files had on the submitting machine.
    """

    class Config(ARCJobFileFactory.Config):  # type: ignore[misc]
        """Settings of one job file."""

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "input_files":
                value = _Files({key: _SentFile(file) for key, file in dict.items(value)})
            super().__setattr__(name, value)


class ARCProxy(JobsProxy, ARCWorkflowProxy):  # type: ignore[misc]
    """What law does with jobs on computing elements."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._ids: dict[int, Any] = {}

    def orphans(self) -> list[str]:
        """Return the ids of jobs of these branches that have not ended.

        Raises:
            JobsFailedError: a computing element is away, of which arcstat says nothing, and ends
                well.
        """
        answer = ask("arcstat", "-a", "-j", self.task.arc_job_list(), warnings=True)
        states = self.job_manager.parse_query_output(answer)
        asked = _ASKED.search(answer)
        silent = int(asked[1]) - len(states) if asked else 0
        if silent > 0:
            raise JobsFailedError(
                f"the computing element does not answer about {silent} jobs; try again later, or "
                f"remove {self.task.arc_job_list()} if it is gone for good"
            )
        going_on = (self.job_manager.PENDING, self.job_manager.RUNNING)
        return [job_id for job_id, state in states.items() if state["status"] in going_on]

    def log_path(self, config: Any) -> str | None:
        """Return None: a log lies at the computing element until it is asked for."""
        return None

    def log_of(self, job: Mapping[str, Any]) -> str:
        """Return the log of a job, and keep it beside the record of the jobs."""
        path = logs_folder(self.jobs_file) / _log_name(job["branches"])
        text = ask("arccat", "-j", self.task.arc_job_list(), str(job["job_id"]))
        if text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        if path.exists():
            job["extra"]["log"] = str(path)
        return text or read_log(str(path))

    def submit(self, retry_jobs: Any = None) -> Any:
        """Submit jobs, and remember their ids; law forgets those of jobs that have ended."""
        submitted = super().submit(retry_jobs)
        self._note_ids()
        return submitted

    def poll(self) -> None:
        """Poll, also for jobs that another command has submitted."""
        self._note_ids()
        super().poll()

    def _note_ids(self) -> None:
        for key, job in self.job_data.jobs.items():
            if job["job_id"] not in (None, self.job_data.dummy_job_id):
                self._ids[key] = job["job_id"]

    def _remove_all(self) -> None:
        """Fetch the logs, and remove all that the jobs have left, which would stay for a week."""
        jobs = [
            {**self.job_data.jobs[number], "job_id": job_id}
            for number, job_id in self._ids.items()
            if number in self.job_data.jobs
        ]
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            list(threads.map(self.log_of, jobs))
        super()._remove_all()
        if self._ids:
            self.job_manager.cleanup_batch(list(self._ids.values()), silent=True)


def _log_name(branches: Sequence[int]) -> str:
    return f"log_{branches[0]}To{branches[-1] + 1}.txt"


@with_shared_hooks
class ARCJobs(Jobs, ARCWorkflow):  # type: ignore[misc]
    """``--workflow arc``."""

    exclude_index = True
    workflow_proxy_cls = ARCProxy

    arc_count = Resource(number, "count", description="number of cores for each job")
    arc_memory = Resource(megabytes, "memory", description="memory per core, such as 2GB")
    arc_disk = Resource(megabytes, "disk", description="disk for each job, such as 10GB")
    arc_walltime = Resource(minutes, "walltime", description="walltime of a job, such as 3h")
    arc_queue = Resource(word, "queue", description="queue of the computing element")
    arc_runtimeenvironment = Resource(
        word, "runtimeenvironment", description="software that the node must have, such as GPUs"
    )

    def arc_job_list(self) -> str:
        """Return the file in which ARC's client keeps the jobs of this submission."""
        return str(self.jobs_file().with_suffix(".dat"))

    def arc_job_manager_cls(self) -> type[ARCManager]:
        """Return the class of the manager."""
        return ARCManager

    def arc_create_job_manager(self, **kwargs: Any) -> Any:
        """Return the manager, with a list of jobs of its own in place of ``~/.arc/jobs.dat``."""
        return super().arc_create_job_manager(job_list=self.arc_job_list(), **kwargs)

    def arc_job_file_factory_cls(self) -> type[ARCJobFiles]:
        """Return the class of the factory of job files."""
        return ARCJobFiles

    def arc_output_uri(self) -> str:
        """Return where the computing element sends logs to; empty keeps them there."""
        return option("arc_output_uri")

    def arc_job_config(self, config: Any, job_num: int, branches: list[int]) -> Any:
        """Add what this site and this task say about a job."""
        self.configure_job(config)
        config.job_name = self.jobs_name()
        # law would put the numbers of the branches behind the name, and then once more
        config.postfix_output_files = False
        config.stdout = config.stderr = _log_name(branches)
        config.custom_log_file = None
        config.log = "gmlog"
        config.custom_content += self.jobs_resource_lines()
        config.custom_content += [
            tuple(part.strip() for part in line.split("=", 1)) for line in raw_lines("arc_lines")
        ]
        return config
