"""law's job managers, with an eye on whether the batch system answers."""

from __future__ import annotations

import shutil
import subprocess
from typing import Any

from law.job.base import BaseJobManager


class WatchedManager(BaseJobManager):  # type: ignore[misc]
    """Mixin before law's manager of a batch system.

    Attributes:
        is_silent: the last query brought errors in place of states.
    """

    is_silent = False

    def watch(self) -> None:
        """Begin to watch."""
        self.is_silent = False

    def query_batch(self, *args: Any, **kwargs: Any) -> Any:
        """Return the states of jobs, and remember whether there were any."""
        states = super().query_batch(*args, **kwargs)
        self.is_silent = any(isinstance(state, Exception) for state in states.values())
        return states


def ask(*command: str, seconds: float = 30) -> str:
    """Return what a command of a batch system prints; empty where it fails or does not answer."""
    if shutil.which(command[0]) is None:
        return ""
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return answer.stdout if answer.returncode == 0 else ""
