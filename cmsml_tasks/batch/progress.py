"""How far jobs have come, and how long the rest will take."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import law


@dataclass
class Progress:
    """Counts of finished jobs over time.

    Attributes:
        total: number of jobs.
        since: when the first look was, in seconds of `time.monotonic`.
        finished_before: how many were finished then; None before the first look.
    """

    total: int
    since: float = field(default_factory=time.monotonic)
    finished_before: int | None = None

    def text(self, finished: int, failed: int) -> str:
        """Return progress in percent and, once a job has finished meanwhile, the time left."""
        if self.finished_before is None:
            self.finished_before = finished
        done = 100 * finished / max(self.total, 1)
        text = f"{done:.0f} % done"
        new, rest = finished - self.finished_before, self.total - finished - failed
        if new <= 0 or rest <= 0:
            return text
        left = (time.monotonic() - self.since) / new * rest
        return f"{text}, about {law.util.human_duration(seconds=round(left))} left"
