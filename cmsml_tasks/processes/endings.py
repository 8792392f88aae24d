"""Processes that end with those that they belong to, however those end."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

_PR_SET_PDEATHSIG = 1
_PATIENCE = 2.0  # seconds between asking processes to end and ending them
_LOOK_AGAIN = 0.02


def end_with(parent: int) -> None:
    """Let the system kill this process as soon as *parent*, which has started it, has ended.

    Where the system is not Linux nothing happens. Strictly it is the parent's thread that counts;
    call it in processes that a main thread has started.
    """
    set_option = _process_options()
    if set_option is None:
        return
    set_option(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        # it has ended before the system was told
        os.kill(os.getpid(), signal.SIGKILL)


@cache
def _process_options() -> Callable[..., Any] | None:
    """Return the C library's ``prctl``, None where there is none."""
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    options: Callable[..., Any] | None = getattr(ctypes.CDLL(None), "prctl", None)
    return options


def prepare_end_with() -> None:
    """Load what `end_with` needs, in a process that forks: a fork better imports nothing."""
    _process_options()


def end_group(group: int, patience: float = _PATIENCE) -> None:
    """End all processes of a *group*, not this process's own, and wait until they are gone.

    They are asked first, so that those that tidy up can do so (`multiprocessing` removes shared
    memory); what is still there after *patience* seconds is killed. Children among them are reaped.
    """
    # a process that is stopped hears nothing else
    for number in (signal.SIGTERM, signal.SIGCONT):
        if not _signal_group(group, number):
            return
    until = time.monotonic() + patience
    while _signal_group(group, 0):
        if time.monotonic() > until:
            _signal_group(group, signal.SIGKILL)
            return
        time.sleep(_LOOK_AGAIN)


def _signal_group(group: int, number: int) -> bool:
    """Send a signal to a group; return whether there is one still."""
    # zombies count until they are reaped
    with suppress(ChildProcessError):
        os.waitpid(-group, os.WNOHANG)
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        # all that is left has become another user's
        return False
    return True
