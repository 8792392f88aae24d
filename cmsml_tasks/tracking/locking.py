"""One run at a time: a second one of the same outputs waits for the first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cmsml_tasks.files import writing_to


class Lock:
    """A lock beside the file at *path*, held from `acquire` to `release` or the process's end.

    It lies in a hidden file of its own, which goes when the lock is released. Where a file system
    has no locks, two runs go on side by side: whole files and manifests keep their outputs right,
    and at worst work is done twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.with_name(f".{path.name}.lock")
        self._descriptor: int | None = None

    def acquire(self, on_wait: Callable[[], None]) -> None:
        """Take the lock; call *on_wait* once where another process has it, and wait.

        Raises:
            UserError: the folder cannot be written.
        """
        waited = False
        while self._descriptor is None:
            with writing_to(self.path):
                self.path.parent.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
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
