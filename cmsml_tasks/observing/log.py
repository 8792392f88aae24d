"""The log that hooks write to: one line of JSON for each event, in the order of the events.

All processes of one work append to one file: the interpreter that was started, its forks, and those
that ``multiprocessing`` spawns. A line is one write to a descriptor that appends, so lines neither
mix nor need a lock, which a fork could inherit locked.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import IO, Any

VARIABLE = "CMSML_TASKS_OBSERVED"  # the path of the log
_FIRST = "reads"


class LogError(Exception):
    """A log that lacks events."""


def start_log(file: IO[bytes]) -> None:
    """Begin a log in the empty *file*."""
    file.write(json.dumps([_FIRST]).encode() + b"\n")
    file.flush()


def read_log(file: IO[bytes]) -> Iterator[list[Any]]:
    """Yield the events in *file*, oldest first.

    Raises:
        LogError: one of the processes could not write.
    """
    file.seek(0)
    events = map(json.loads, file)
    if next(events, None) != [_FIRST]:
        raise LogError
    yield from events


class Log:
    """The writing end in one process."""

    def __init__(self, path: str) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)

    def write(self, *event: Any) -> None:
        """Append *event*; where that fails the log is emptied, by which its reader knows."""
        line = json.dumps(event).encode() + b"\n"
        try:
            complete = os.write(self._descriptor, line) == len(line)
        except OSError:
            complete = False
        if not complete:
            os.ftruncate(self._descriptor, 0)


def signature(found: os.stat_result) -> list[int]:
    """Return what tells whether a file is still the one that was found."""
    return [found.st_size, found.st_mtime_ns, found.st_ino]
