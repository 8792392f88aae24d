"""Forking beside the threads of XRootD's client, which gfal2 uses too."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from functools import cache


@cache
def prepare_forks() -> None:
    """Make later forks of this process harmless; to be called before a client starts its threads.

    They look up names of hosts, for which glibc holds a lock. A process that is forked at that
    moment waits for ever when it looks up a name itself. law's manager does so at its start, and is
    forked here, before there are such threads; other forks wait until the lock is free.
    """
    if "law" in sys.modules:
        sys.modules["law"].util.mp_manager.get("cmsml_tasks", "dict")
    _look_up_a_name()
    os.register_at_fork(before=_look_up_a_name)


def _look_up_a_name() -> None:
    with suppress(OSError):
        socket.getaddrinfo("localhost", None)
