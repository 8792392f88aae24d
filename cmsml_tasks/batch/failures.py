"""What is told when jobs have failed for good: which branches, why, and the end of the log."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from cmsml_tasks.errors import UserError

_SHOWN = 3
_LINES = 20
_BYTES = 64 * 1024
# luigi's summary, our table, and listings of law's job script
_NOISE = (
    re.compile(
        r"^===== Luigi Execution Summary =====\n.*?^===== Luigi Execution Summary =====\n?",
        re.M | re.S,
    ),
    re.compile(r"^this run\n(?: .*\n)(?:\w+ +[-\d].*\n?)*", re.M),
    re.compile(r"^> ls -la?.*\ntotal \d+\n(?:[-dl][-rwxst]{9}.*\n?)*", re.M),
)


class JobsFailedError(UserError):
    """Jobs of a batch system that failed as often as they may."""


def failure_text(
    failed: Mapping[int, Mapping[str, Any]],
    total: int,
    reasons: Mapping[int, Sequence[str]],
    name_of: Callable[[int], str],
    fetch_log: Callable[[Mapping[str, Any]], str],
) -> str:
    """Return the message about *failed* jobs, the first of them with the end of their logs.

    Args:
        failed: data of the failed jobs by number, as in the jobs file.
        total: number of all jobs.
        reasons: what went wrong with each, by number of the job, once for each attempt.
        name_of: gives a branch's name by its number.
        fetch_log: gives the log of a job by its data; empty without one.
    """
    lines = [f"{len(failed)} of {total} jobs failed for good:"]
    for number, job in list(failed.items())[:_SHOWN]:
        lines += _one(job, reasons.get(number, ()), name_of, fetch_log)
    rest = [branch for job in list(failed.values())[_SHOWN:] for branch in job["branches"]]
    if rest:
        lines.append(f"and branches {', '.join(map(str, rest))}")
    lines.append("the same command submits what is missing again")
    return "\n".join(lines)


def _one(
    job: Mapping[str, Any],
    reasons: Sequence[str],
    name_of: Callable[[int], str],
    fetch_log: Callable[[Mapping[str, Any]], str],
) -> list[str]:
    branches = ", ".join(f"{branch} {name_of(branch)}".strip() for branch in job["branches"])
    tries = len(reasons)
    lines = [f"branch {branches}" + (f", tried {tries} times:" if tries > 1 else ":")]
    lines += [f"  {reason}" for reason in dict.fromkeys(reasons)]
    end = last_lines(fetch_log(job))
    if end:
        lines.append(f"  the end of {job['extra'].get('log') or 'its log'}:")
        lines += [f"  | {line}" for line in end]
    else:
        lines.append("  it left no log")
    return lines


def read_log(path: str | None) -> str:
    """Return the end of the log at *path*; empty if it is not there."""
    try:
        with Path(path or "").open("rb") as file:
            file.seek(max(0, Path(file.name).stat().st_size - _BYTES))
            return file.read().decode("utf-8", "replace")
    except OSError:
        return ""


def last_lines(log: str) -> list[str]:
    """Return the lines of *log* up to the error, without what law's job script says after it."""
    lines = [line.rstrip() for line in log.splitlines()]
    ends = [number for number, line in enumerate(lines) if line.endswith("stop job")]
    if ends:
        lines = lines[: ends[-1] + 1]
    told = "\n".join(line for line in lines if line and not line.startswith("INFO:"))
    for noise in _NOISE:
        told = noise.sub("", told)
    return told.splitlines()[-_LINES:]
