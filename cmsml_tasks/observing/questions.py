"""Files that the user's own code looks for in vain, without trying to open them."""

from __future__ import annotations

import os
import sys
from functools import wraps
from typing import Any

from cmsml_tasks.observing.reads import Reads, harmless
from cmsml_tasks.observing.whose import Owner, asker


def watch_questions(reads: Reads) -> None:
    """Note for which files ``os.path.exists``, ``Path.is_file`` and their like find nothing."""
    original = os.stat

    @harmless
    def missed(path: Any) -> None:
        # libraries look in many places
        if asker(sys._getframe(3)) is Owner.USER:
            reads.missed(path)

    @wraps(original)
    def stat(path: Any, *, dir_fd: int | None = None, follow_symlinks: bool = True) -> Any:
        try:
            return original(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        except (FileNotFoundError, NotADirectoryError):
            if dir_fd is None:
                missed(path)
            raise

    stat.__module__ = "os"
    for supporting in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if original in supporting:
            supporting.add(stat)
    os.stat = stat
