"""law's command line in a process of its own, and the table that it prints at its end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PATIENCE = 400
"""Seconds that a test waits for something before it fails; a busy machine may need a lot."""


def started(
    command: Sequence[str | Path], folder: Path, environment: dict[str, str], **options: Any
) -> subprocess.Popen[str]:
    """Start *command* with standard error and output in one pipe, in a group of its own."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
        **{"stdout": subprocess.PIPE, **options},
    )


def finished(process: subprocess.Popen[str]) -> str:
    """Return what a started process has printed at its end; one that does not end is killed."""
    try:
        return process.communicate(timeout=PATIENCE)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise AssertionError(f"still running: {process.communicate()[0]}") from None


def is_interrupted_at_its_start(text: str) -> bool:
    """Whether a command's traceback is of an interrupt that came before law ran any task.

    Nothing of ours runs while Python, law and the tasks are still imported and law sets itself up.
    """
    starts = ("importlib", "from law.cli import run", "mod = __import__(")
    is_importing = any(line in text for line in starts)
    is_setting_up = "law/cli/" in text and "luigi_run(" not in text
    return "KeyboardInterrupt" in text and (is_importing or is_setting_up)


def line_with(words: str, process: subprocess.Popen[str]) -> str:
    """Return what a started process prints up to the line with *words*."""
    assert process.stdout is not None
    seen = ""
    while words not in seen:
        line = process.stdout.readline()
        assert line, f"it ended: {seen}"
        seen += line
    return seen


def summary(text: str) -> dict[str, dict[str, int]]:
    """Return the table at the end of a run: numbers by family and outcome, without zeros."""
    assert "\nthis run\n" in text, text
    header, *rows = text.rpartition("\nthis run\n")[2].splitlines()
    outcomes = re.split(r" {2,}", header.strip())
    table = {}
    for row in rows:
        family, *cells = re.split(r" {2,}", row.strip())
        numbers = dict(zip(outcomes, cells, strict=False))
        table[family] = {name: int(number) for name, number in numbers.items() if number.isdigit()}
    return table
