"""What the tests ask the system about processes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from law_commands import PATIENCE

PROC = Path("/proc")


def state(process: int) -> str:
    """Return the letter for what a process does: S sleeps, T is stopped, Z has ended; or none."""
    try:
        text = (PROC / str(process) / "stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    # its name, in brackets, may have brackets
    return text.rpartition(")")[2].split()[0]


def alive(process: int) -> bool:
    """Tell whether a process has not ended yet."""
    return state(process) not in ("", "Z", "X")


def children(process: int) -> list[int]:
    """Return the processes that *process* has started in its main thread and not yet reaped."""
    listed = PROC / str(process) / "task" / str(process) / "children"
    return [int(child) for child in listed.read_text().split()]


def command_line(process: int) -> str:
    """Return the words that a process was started with."""
    return (PROC / str(process) / "cmdline").read_bytes().decode().replace("\0", " ").strip()


def running_with(name: str, value: object) -> dict[int, str]:
    """Return the command lines of all processes that began with a variable, by their ids."""
    variable = f"{name}={value}".encode()
    found = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            if variable in (folder / "environ").read_bytes().split(b"\0"):
                found[int(folder.name)] = command_line(int(folder.name))
        except OSError:  # it has ended meanwhile
            continue
    return {process: command for process, command in found.items() if alive(process)}


def wait_until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
