"""The record of a submission: which job runs which branches, and in which state it was last."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import law
from law.workflow.remote import JobData

ACTIVE = ("pending", "running", "retry")


class JobsData(JobData):  # type: ignore[misc]
    """What law writes into the jobs file, and what was asked for.

    Attributes:
        request: what the jobs were submitted to make, see `Jobs.jobs_request`.
        asked: what they ask the batch system for, in words.
        project: the folder that they were submitted from.
    """

    attributes = {**JobData.attributes, "request": "", "asked": "", "project": ""}  # noqa: RUF012


class JobsFile(law.LocalFileTarget):  # type: ignore[misc]
    """Target of the jobs file; its status is that of the jobs.

    Attributes:
        look: returns the states of jobs by id as the batch system says, None where it does not
            answer; without it, the states are those that a client saw last.
    """

    look: Callable[[list[Any]], dict[Any, str] | None] | None = None

    def status_text(self, *args: Any, **kwargs: Any) -> str:
        """Return the number of jobs in each state, when that was if not now, and their logs."""
        record = read_record(self.path)
        if not record:
            return "no jobs"
        states = self.look(active_ids(record)) if self.look else None
        for job in record["jobs"].values():
            job["status"] = (states or {}).get(job["job_id"], job.get("status"))
        seen = ""
        if states is None:
            changed = time.localtime(os.path.getmtime(self.path))
            seen = f"seen at {time.strftime('%H:%M:%S', changed)}, "
        return f"{counts_text(record)}, {seen}logs in {logs_folder(self.path)}"


def logs_folder(jobs_file: str | os.PathLike[str]) -> Path:
    """Return the folder of the logs of the jobs in a jobs file."""
    return Path(jobs_file).with_suffix(".logs")


def files_folder(jobs_file: str | os.PathLike[str]) -> Path:
    """Return the folder of the job files that go with a jobs file."""
    return Path(jobs_file).with_suffix(".files")


def read_record(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the content of a jobs file; empty where it is missing, torn or none."""
    try:
        content = json.loads(Path(path).read_bytes())
        jobs = content["jobs"]
        well_formed = all(isinstance(job, dict) and "job_id" in job for job in jobs.values())
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}
    return dict(content) if well_formed else {}


def active_ids(record: dict[str, Any]) -> list[Any]:
    """Return the ids of the jobs of a record that may still be in the queue."""
    return [
        job["job_id"]
        for job in record.get("jobs", {}).values()
        if job["job_id"] not in (None, JobData.dummy_job_id)
        and (job.get("status") or "pending") in ACTIVE
    ]


def counts_text(record: dict[str, Any]) -> str:
    """Return the number of jobs in each state in words."""
    states = Counter(job.get("status") or "pending" for job in record["jobs"].values())
    if record.get("unsubmitted_jobs"):
        states["unsubmitted"] = len(record["unsubmitted_jobs"])
    return ", ".join(f"{number} {state}" for state, number in states.items())
