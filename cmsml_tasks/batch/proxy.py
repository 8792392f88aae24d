"""law's side of jobs: submission, polling and what is left afterwards, for all batch systems."""

from __future__ import annotations

import os
import shutil
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import law
from law.workflow.remote import BaseRemoteWorkflowProxy

from cmsml_tasks.batch.failures import JobsFailedError, failure_text, read_log
from cmsml_tasks.batch.identity import make_id, real_project
from cmsml_tasks.batch.progress import Progress
from cmsml_tasks.batch.records import (
    JobsData,
    JobsFile,
    active_ids,
    files_folder,
    logs_folder,
    read_record,
)
from cmsml_tasks.batch.site import jobs_folder
from cmsml_tasks.tracking.runs.journal import note
from cmsml_tasks.tracking.storage.locks import Lock

_MOST_REASONS = 5
_SECONDS_TO_GO = 30
_SECONDS_TO_LOOK = "20s"


class JobsProxy(BaseRemoteWorkflowProxy):  # type: ignore[misc]
    """Mixin before law's proxy of a batch system.

    It sees to it that nothing is submitted twice, that no job of ours stays in the queue when all
    is over, and that a final failure says why.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._reasons: dict[int, list[str]] = defaultdict(list)
        self._refusals: dict[int, str] = {}
        self._ended: set[int] = set()
        self._progress: Progress | None = None

    # what a batch system does in its own way

    def orphans(self) -> list[Any]:
        """Return the ids of jobs in the queue that have the name of these jobs."""
        return []

    def why(self, job_id: Any) -> str:
        """Return what the batch system says about the end of a job; empty if it says nothing."""
        return ""

    def log_of(self, job: Mapping[str, Any]) -> str:
        """Return the log of a job that has ended, by its data in the jobs file."""
        return read_log(job["extra"].get("log"))

    def log_path(self, config: Any) -> str | None:
        """Return where the log of a job lies that is submitted with *config*."""
        return config.stdout or None

    # law's hooks

    @property
    def job_data_cls(self) -> type[JobsData]:
        """Class of the record of a submission."""
        return JobsData

    def output(self) -> Any:
        """Return the record of the jobs; tracking adds the outputs of the branches."""
        record = JobsFile(str(self.jobs_file), optional=True)
        record.look = self.states_now
        return law.util.DotDict(jobs=record)

    @property
    def jobs_file(self) -> Path:
        """Path of the record of the jobs."""
        path: Path = self.task.jobs_file()
        return path

    def complete(self) -> bool:
        """Return whether the branches are complete, or the jobs are left to run as asked."""
        return self.task.is_left_to_jobs or bool(super().complete())

    def create_job_file_factory(self, **kwargs: Any) -> Any:
        """Return law's factory of job files, which lie beside the record of the jobs."""
        return super().create_job_file_factory(dir=self.task.jobs_files_folder(), **kwargs)

    def create_job_file(self, *args: Any) -> dict[str, Any]:
        """Return law's job file, with the log where the batch system itself writes it."""
        files: dict[str, Any] = super().create_job_file(*args)
        files["log"] = files["log"] or self.log_path(files["config"])
        return files

    def _run_impl(self) -> Any:
        if self._cancel_jobs:
            # law looks into the jobs file alone, which may be torn or gone
            self.cancel()
            self._controlled_jobs = self.task.is_left_to_jobs = True
            return None
        result = super()._run_impl()
        self.task.is_left_to_jobs = bool(self.task.no_poll)
        return result

    def _submit_group(self, submit_jobs: Any, **kwargs: Any) -> Any:
        job_ids, data = super()._submit_group(submit_jobs, **kwargs)
        self._note_refusals(submit_jobs, job_ids)
        return job_ids, data

    def _submit_batch(self, submit_jobs: Any, **kwargs: Any) -> Any:
        job_ids, data = super()._submit_batch(submit_jobs, **kwargs)
        self._note_refusals(submit_jobs, job_ids)
        return job_ids, data

    def _note_refusals(self, submit_jobs: Any, job_ids: list[Any]) -> None:
        for number, job_id in zip(submit_jobs, job_ids, strict=True):
            if isinstance(job_id, Exception):
                self._refusals[number] = str(job_id).strip()

    def submit(self, retry_jobs: Any = None) -> Any:
        """Submit jobs; those that are submitted again leave the queue first.

        Raises:
            JobsFailedError: the batch system has taken none of the first jobs.
        """
        if retry_jobs is None:
            self.job_data["request"] = self.task.jobs_request()
            self.job_data["asked"] = self._asked()
            self.job_data["project"] = real_project()
        else:
            self._note_reasons(retry_jobs)
            self._remove([self.job_data.jobs[number]["job_id"] for number in retry_jobs])
            # law would submit those too that have failed as often as they may
            failed = self._failed()
            retry_jobs = {
                number: jobs for number, jobs in retry_jobs.items() if number not in failed
            }
        submitted = super().submit(retry_jobs)
        if retry_jobs is None and submitted:
            self._stop_if_refused(submitted)
            self._say(f"logs: {logs_folder(self.jobs_file)}")
        return submitted

    def _stop_if_refused(self, submitted: Mapping[int, Any]) -> None:
        if len(self._refusals) == len(submitted):
            self.jobs_file.unlink(missing_ok=True)
            reasons = dict.fromkeys(self._refusals.values())
            raise JobsFailedError(
                f"{self.workflow_type} took none of {len(submitted)} jobs:\n"
                + "\n".join(list(reasons)[:_MOST_REASONS])
            )

    def poll(self) -> None:
        """Poll as law does; afterwards no job of ours is left in the queue.

        Where the batch system no longer answers, the jobs are left alone.

        Raises:
            JobsFailedError: jobs failed for good, the batch system went away, or the command's own
                limit of time is over.
        """
        self._progress = Progress(total=len(self.job_data))
        for number, attempts in self.job_data.attempts.items():
            # law counts them anew in each command
            self._job_retries[number] = max(self._job_retries[number], attempts)
        self.job_manager.watch()
        try:
            with self._in_the_journal():
                super().poll()
        except KeyboardInterrupt:
            self._say(
                "the jobs go on; the same command waits for them again, and with --cancel-jobs it "
                "takes them out of the queue"
            )
            raise
        except Exception as error:
            if self.job_manager.is_silent:
                raise JobsFailedError(
                    f"{self.workflow_type} does not answer ({error}); its jobs go on if they can, "
                    "and the same command waits for them again"
                ) from error
            failed = self._failed()
            self._note_reasons(number for number in failed if number not in self._ended)
            self._remove_all()
            raise JobsFailedError(self._failure(failed) or str(error)) from error
        if self.was_cancelled():
            raise JobsFailedError("the jobs were cancelled by another command")
        if not self.task.no_poll:
            self._remove_all()
            self._clear()
            self.task.jobs_ended()

    @contextmanager
    def _in_the_journal(self) -> Iterator[None]:
        """Count what the jobs do meanwhile in the table at the end of the command."""
        before, started = set(self._get_existing_branches()), time.monotonic()
        try:
            yield
        finally:
            failed = [branch for job in self._failed().values() for branch in job["branches"]]
            outcomes = dict.fromkeys(self._get_existing_branches() - before, "ran")
            seconds = time.monotonic() - started
            for branch, outcome in {**outcomes, **dict.fromkeys(failed, "failed")}.items():
                note(self.task.as_branch(branch), outcome, seconds)
                seconds = 0.0  # it passed once for all of them

    def cancel(self) -> None:
        """Take the jobs out of the queue, and tell a command that waits for them.

        Raises:
            JobsFailedError: the batch system does not answer, or jobs are still there.
        """
        recorded = map(self.job_manager.cast_job_id, active_ids(read_record(self.jobs_file)))
        ids = list(dict.fromkeys([*recorded, *self.orphans()]))
        if not ids:
            self._say("there are no jobs of this request in the queue")
            return
        self.cancelled_mark.touch()
        self._say(f"cancelling {len(ids)} jobs")
        self._remove(ids)
        until = time.monotonic() + _SECONDS_TO_GO
        while left := self.orphans():
            if time.monotonic() > until:
                raise JobsFailedError(f"{len(left)} jobs are still in the queue: {left[:5]}")
            time.sleep(1)
        self.jobs_file.unlink(missing_ok=True)
        self._clear()

    @property
    def cancelled_mark(self) -> Path:
        """Path of the file that says that another command has cancelled the jobs."""
        return self.jobs_file.with_suffix(".cancelled")

    def was_cancelled(self) -> bool:
        """Tell whether another command has cancelled the jobs since this one began."""
        return self.cancelled_mark.exists()

    def states_now(self, job_ids: list[Any]) -> dict[Any, str] | None:
        """Return what the batch system says about jobs by id, None if it does not answer."""
        if not job_ids:
            return {}
        law.config.set("job", f"{self.workflow_type}_job_query_timeout", _SECONDS_TO_LOOK)
        kwargs = self._manager_kwargs("query")
        ids = {self.job_manager.cast_job_id(each): each for each in job_ids}
        self.job_manager.watch()
        if self.job_manager.job_grouping_query:
            states = self.job_manager.query_group(list(ids), **kwargs)
        else:
            states = self.job_manager.query_batch(list(ids), **kwargs)
        if self.job_manager.is_silent:
            return None
        return {ids[job_id]: state["status"] for job_id, state in states.items()}

    def progress_text(self) -> str:
        """Return how far the jobs are; for law's polling line."""
        assert self._progress is not None, "asked before the first poll"
        *_, finished, _, failed = self.job_manager.last_counts
        return self._progress.text(finished, failed)

    # what is left behind

    @contextmanager
    def owning_the_jobs(self) -> Iterator[None]:
        """Hold the lock of the jobs file; put away what an earlier submission has left.

        A command that only cancels jobs does not wait for the one that polls them.
        """
        # nobody else may write job files, whatever the user's umask lets others do to outputs
        umask = os.umask(0o077)
        os.umask(umask | 0o022)
        try:
            with self._locked():
                yield
        finally:
            os.umask(umask)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if self.task.is_controlling_remote_jobs():
            yield
            return
        make_id(jobs_folder())
        self.job_manager.settle(self.task)
        lock = Lock(self.jobs_file)
        lock.acquire(
            lambda by: print(
                f"another command waits for the jobs of {self.task} ({by}); waiting", flush=True
            )
        )
        try:
            self.cancelled_mark.unlink(missing_ok=True)
            self._look_again()
            self._tell_of_others()
            self._tidy()
            yield
        finally:
            lock.release()

    def _look_again(self) -> None:
        """Forget what was there when the command began: another one may have made it meanwhile."""
        self._existing_branches = None
        self._cached_output = None
        self._skip_jobs.clear()

    def _tell_of_others(self) -> None:
        """Say which jobs of a folder that was copied or moved are left alone."""
        for path in self.task.others_jobs_files():
            record = read_record(path)
            ids = active_ids(record)
            project = record.get("project")
            # the same project, with another store or of another user, is nothing to tell
            if ids and project != real_project():
                shown = ", ".join(map(str, ids[:_MOST_REASONS]))
                rest = f" and {len(ids) - _MOST_REASONS} more" if len(ids) > _MOST_REASONS else ""
                self._say(
                    f"{len(ids)} jobs of the same branches are left alone: they were submitted "
                    f"from {project or 'an earlier version'}, and this is {real_project()} "
                    f"({shown}{rest}; remove {path} once they are gone)"
                )

    def _tidy(self) -> None:
        """Bring the jobs file and the queue together before jobs are submitted or waited for."""
        record = read_record(self.jobs_file)
        waiting = active_ids(record)
        if record and record.get("request") != self.task.jobs_request():
            if waiting:
                self._say(f"{len(waiting)} jobs of an earlier request are removed from the queue")
            self._remove(waiting)
            waiting = []
        if waiting and record.get("asked") != self._asked():
            self._say(
                f"{len(waiting)} jobs are in the queue that ask for {record.get('asked')}; to "
                f"submit them with {self._asked()}, take them out first with --cancel-jobs"
            )
        if not waiting:
            # a submission that is over: law would take its jobs for lost ones, and charge a retry
            self.jobs_file.unlink(missing_ok=True)
        known = {str(job_id) for job_id in waiting}
        lost = [job_id for job_id in self.orphans() if str(job_id) not in known]
        if lost:
            self._say(f"{len(lost)} jobs of a submission that was cut short are removed")
            self._remove(lost)

    def _asked(self) -> str:
        lines = [f"{key}={value}" for key, value in self.task.jobs_resource_lines()]
        return ", ".join(lines) or "nothing special"

    def _say(self, text: str) -> None:
        self.task.publish_message(text)

    def _remove_all(self) -> None:
        """Take what is left of the jobs out of the queue."""
        jobs = self.job_data.jobs.values()
        ids = [job["job_id"] for job in jobs if job["status"] != self.job_manager.FINISHED]
        with suppress(JobsFailedError):
            ids += self.orphans()
        self._remove(ids)

    def own(self, job_ids: list[Any]) -> list[Any]:
        """Return which of the jobs are really ours: numbers of jobs are given away again."""
        return job_ids

    def _remove(self, job_ids: list[Any]) -> None:
        """Take jobs out of the queue; one that is not in it any more is no matter."""
        known = [each for each in job_ids if each not in (None, self.job_data.dummy_job_id)]
        try:
            known = self.own(list(dict.fromkeys(known))) if known else []
        except JobsFailedError:
            return  # what is left is looked for once more at the end
        if known:
            self.job_manager.cancel_batch(known, silent=True, **self._manager_kwargs("cancel"))

    def _manager_kwargs(self, doing: str) -> dict[str, Any]:
        return dict(law.util.merge_dicts(self._setup_job_manager(), self._get_job_kwargs(doing)))

    def _clear(self) -> None:
        """Remove the job files of jobs that all ended well; the logs stay."""
        with suppress(OSError):
            shutil.rmtree(files_folder(self.jobs_file))

    # why jobs failed

    def _failed(self) -> dict[int, Any]:
        jobs = self.job_data.jobs.items()
        return {number: job for number, job in jobs if job["status"] == self.job_manager.FAILED}

    def _note_reasons(self, numbers: Iterable[int]) -> None:
        """Note why jobs have failed, while the batch system still knows it."""
        failed = self._failed()
        for number in numbers:
            self._reasons[number].append(self._reason(number))
            if number in failed:
                self._ended.add(number)

    def _reason(self, number: int) -> str:
        job = self.job_data.jobs[number]
        if number in self._refusals and job["job_id"] == self.job_data.dummy_job_id:
            return self._refusals[number]
        script = self.job_error_messages.get(job["code"])
        error = job["error"] or ""
        # law's own words for the exit code, which follows
        error = "" if "due to non-zero exit code" in error else error
        parts = [self.why(job["job_id"]), error, script and f"job script: {script}"]
        if job["code"]:
            parts.append(f"exit code {job['code']}")
        return ", ".join(dict.fromkeys(str(part) for part in parts if part)) or "no reason is known"

    def _failure(self, failed: Mapping[int, Any]) -> str:
        if not failed:
            return ""
        return failure_text(
            failed,
            len(self.job_data),
            self._reasons,
            lambda branch: self.task.as_branch(branch).branch_label(),
            self.log_of,
        )
