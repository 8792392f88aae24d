"""Temporary folders that go, also when the process that made them was killed.

Whoever makes one holds a lock on it, which the system frees at its end, whatever that is. The next
command removes those that nobody holds any more.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_NAME = re.compile(r"cmsml_tasks\.[a-z]+\.[a-z0-9_]{8}")


@contextmanager
def temporary_folder(what: str) -> Iterator[Path]:
    """Give an empty folder that is removed afterwards.

    Args:
        what: lower-case letters, a part of its name.

    Raises:
        OSError: there is no place for it, or the disk is full.
    """
    folder, lock = _made(what)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def keep_folder(folder: Path) -> Path:
    """Rename a folder of `temporary_folder`, so that nobody removes it; return its new path."""
    return folder.rename(folder.with_name(folder.name.replace(".", "-")))


def remove_abandoned() -> None:
    """Remove the temporary folders of this user whose processes were killed."""
    with suppress(OSError), os.scandir(tempfile.gettempdir()) as entries:
        for entry in entries:
            if _NAME.fullmatch(entry.name):
                _remove_if_abandoned(entry.path)


def _made(what: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=f"cmsml_tasks.{what}."))
        # somebody may take it for an abandoned one, and remove it, before it is locked
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue
        with suppress(OSError):  # a file system without locks
            fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)


def _remove_if_abandoned(path: str) -> None:
    with suppress(OSError):
        found = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            status = os.fstat(found)
            if stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid():
                fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
        finally:
            os.close(found)
