"""One run at a time: a second one of the same outputs waits for the first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cmsml_tasks.errors import UserError
from cmsml_tasks.files import writing_to
from cmsml_tasks.tracking import places
from cmsml_tasks.tracking.places import Place


class Lock:
    """A lock for the file at *place*, held from `acquire` to `release` or the process's end.

    It is a hidden file beside it, for a URL in the cache, and goes when the lock is released.
    Where a file system has no locks, and between hosts that share a storage element alone, two runs
    go on side by side: whole files and manifests keep their outputs right, and at worst work is
    done twice.
    """

    def __init__(self, place: Place) -> None:
        self.path = places.hidden(place, "lock")
        self._is_in_cache = not isinstance(place, Path)
        self._descriptor: int | None = None

    def acquire(self, on_wait: Callable[[], None]) -> None:
        """Take the lock; call *on_wait* once where another process has it, and wait.

        Raises:
            UserError: the folder cannot be written.
        """
        waited = False
        while self._descriptor is None:
            try:
                with writing_to(self.path):
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
            except UserError:
                if self._is_in_cache:
                    return  # which may be unusable
                raise
            try:
                if not waited and not _try(descriptor):
                    waited = True
                    on_wait()
                if waited:
                    fcntl.flock(descriptor, fcntl.LOCK_EX)
            except OSError:
                pass  # no locks on this file system
            except BaseException:
                os.close(descriptor)
                raise
            if self._is_current(descriptor):
                self._descriptor = descriptor
            else:
                # its last owner has removed the file that was opened
                os.close(descriptor)

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self.path))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is None:
            return
        with suppress(OSError):
            self.path.unlink()
        os.close(self._descriptor)
        self._descriptor = None


def _try(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
