"""law's job managers, with an eye on whether the batch system answers."""

from __future__ import annotations

import subprocess
from typing import Any, ClassVar

from law.job.base import BaseJobManager

from cmsml_tasks.batch.failures import JobsFailedError

UNKNOWN = ("job not found", "job not found in query response")
"""What law says of a job that the batch system does not know, and of one it does not speak of."""


class WatchedManager(BaseJobManager):  # type: ignore[misc]
    """Mixin before law's manager of a batch system.

    Attributes:
        going_on: states, in the system's words, of jobs that law 0.1.21 takes for failed ones.
        is_silent: the last query brought errors in place of states.
    """

    going_on: ClassVar[tuple[str, ...]] = ()
    is_silent = False

    @classmethod
    def map_status(cls, status: str | None) -> Any:
        """Return law's word for a state."""
        # a "+" is where Slurm has cut a word off
        if status and status.strip("+") in cls.going_on:
            return cls.RUNNING
        return super().map_status(status)

    def settle(self, task: Any) -> None:
        """Learn what depends on whose jobs these are, which is known once some are submitted."""

    def watch(self) -> None:
        """Begin to watch."""
        self.is_silent = False

    def query_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Return the states of jobs, and remember whether there were any."""
        return self._watched(super().query_batch(*args, **kwargs))

    def query_group(self, *args: Any, **kwargs: Any) -> Any:
        """Return the states of jobs, and remember whether there were any."""
        return self._watched(super().query_group(*args, **kwargs))

    def _watched(self, states: Any) -> Any:
        self.is_silent = any(isinstance(state, Exception) for state in states.values())
        return {job_id: self._judged(state) for job_id, state in states.items()}

    def _judged(self, state: Any) -> Any:
        """Take a job that is no longer known for one that has ended: its outputs say how."""
        if isinstance(state, Exception) or state.get("error") not in UNKNOWN:
            return state
        return {**state, "status": self.FINISHED, "error": None, "code": None}


def ask_or_fail(*command: str, seconds: float = 60, warnings: bool = False) -> str:
    """Return what a command of a batch system prints, with its *warnings* if asked for.

    Raises:
        JobsFailedError: it fails or does not answer.
    """
    try:
        answer = subprocess.run(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if warnings else subprocess.PIPE,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise JobsFailedError(f"{command[0]} does not answer: {error}; try again later") from error
    if answer.returncode:
        reason = (answer.stderr or "").strip() or answer.stdout.strip()
        raise JobsFailedError(f"{command[0]} does not answer: {reason}; try again later")
    return answer.stdout


def ask(*command: str, warnings: bool = False) -> str:
    """Return what a command of a batch system prints; empty where it fails or does not answer."""
    try:
        return ask_or_fail(*command, seconds=30, warnings=warnings)
    except JobsFailedError:
        return ""
