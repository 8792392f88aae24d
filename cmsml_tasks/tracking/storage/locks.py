"""One run at a time: a second one of the same outputs waits for the first."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cmsml_tasks.errors import UserError
from cmsml_tasks.files import writing_to
from cmsml_tasks.tracking.storage import places
from cmsml_tasks.tracking.storage.lock_files import can_be_signed, holder, open_lock_file, sign
from cmsml_tasks.tracking.storage.places import Place


class Lock:
    """A lock for the file at *place*, held from `acquire` to `release` or the process's end.

    It is a hidden file beside it, for a URL in the cache, and goes when the lock is released. One
    that a killed process has left blocks nobody, whoever owns it: the system knows who holds it.
    Where a file system has no locks, and between hosts that share a storage element alone, two runs
    go on side by side: whole files and manifests keep their outputs right, and at worst work is
    done twice.
    """

    def __init__(self, place: Place) -> None:
        self.path = places.hidden(place, "lock")
        self._is_in_cache = not isinstance(place, Path)
        self._descriptor: int | None = None

    def acquire(self, on_wait: Callable[[str], None]) -> None:
        """Take the lock; where another process has it, wait.

        Args:
            on_wait: called once before it waits, with who has the lock.

        Raises:
            UserError: the folder cannot be written, or something else lies where the lock is to be.
        """
        is_told = False

        def tell(by: str) -> None:
            nonlocal is_told
            if not is_told:
                on_wait(by)
            is_told = True

        while self._descriptor is None:
            try:
                with writing_to(self.path):
                    self.path.parent.mkdir(parents=True, exist_ok=True)
                    descriptor = open_lock_file(self.path)
            except UserError:
                if self._is_in_cache:
                    return  # which may be unusable
                raise
            if descriptor is not None and not self._take(descriptor, tell):
                os.close(descriptor)

    def _take(self, descriptor: int, on_wait: Callable[[str], None]) -> bool:
        """Lock the file that was opened; False if it is not, or no longer, the file to lock."""
        try:
            is_locked = _locked(descriptor, on_wait)
            if not self._is_current(descriptor):
                # its last owner has removed it
                return False
            if is_locked and not can_be_signed(descriptor):
                # nobody holds it, so that it may make way for one that says who does
                with suppress(OSError):
                    self.path.unlink()
                    return False
            sign(descriptor, self.path.parent)
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor = descriptor
        _held.add(self)
        return True

    def _is_current(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.lstat(self.path))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Give the lock back."""
        if self._descriptor is None:
            return
        with suppress(OSError):
            self.path.unlink()
        self._let_go()

    def _let_go(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        _held.discard(self)


_held: set[Lock] = set()


def _let_go_of_all() -> None:
    for lock in list(_held):
        lock._let_go()


# a fork that outlives this process would go on holding what it held
os.register_at_fork(after_in_child=_let_go_of_all)


def _locked(descriptor: int, on_wait: Callable[[str], None]) -> bool:
    """Lock an open file, and wait for that; return False on a file system without locks."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        on_wait(holder(descriptor))
    except OSError:
        return False
    else:
        return True
    with suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return True
    return False
