"""When a file has changed, as far as the file system tells without reading it."""

from __future__ import annotations

import os
import stat
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

Signature = list[int]
"""Size in bytes, time of modification and time of change in ns, inode number; of what lies on a
server only size and time of modification in s."""

_COARSEST_CLOCK_NS = 2_000_000_000  # FAT; NFS and HFS+ have one second
_SECOND_NS = 1_000_000_000
_YOUNG_SECONDS = 60  # the clocks of servers differ
_OF_SERVER = 2


def signature(path: str | os.PathLike[str]) -> Signature:
    """Return the signature of a file, or one of a folder that depends on all files below it.

    The time of change is a part of it, because no program can set it back.

    Raises:
        OSError: there is nothing at *path*, or it cannot be looked at.
    """
    status = os.stat(path)
    if stat.S_ISDIR(status.st_mode):
        return _folder_signature(Path(path))
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def _folder_signature(folder: Path) -> Signature:
    size = modified = changed = names = 0
    for path in sorted(files_below(folder)):
        own = signature(path)
        size += own[0]
        modified, changed = max(modified, own[1]), max(changed, own[2])
        names = zlib.crc32(f"{path.relative_to(folder)} {own}".encode(), names)
    return [size, modified, changed, names]


def files_below(folder: Path) -> Iterator[Path]:
    """Yield all files in *folder* and its folders."""
    return (path for path in folder.rglob("*") if path.is_file())


def is_settled(of: Signature) -> bool:
    """Tell whether a change from now on must give another signature.

    A file that is younger than the clock of its file system is coarse, or that comes from the
    future, may change again under the same signature.
    """
    return max(of[1], of[2]) < time.time_ns() - _COARSEST_CLOCK_NS


def is_exact(of: Signature) -> bool:
    """Tell whether the signature may be kept: its clock is a fine one, or the file is old."""
    if len(of) == _OF_SERVER:
        return of[1] < time.time() - _YOUNG_SECONDS
    return of[2] % _SECOND_NS != 0 or is_settled(of)
