"""Files opened that may be anything."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from cmsml_tasks.errors import ConversionError


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open the regular file *path* to read it, without waiting for anybody.

    Raises:
        ConversionError: it is no file, is empty, or cannot be read.
    """
    if "\0" in str(path):
        raise ConversionError(f"{str(path)!r} is no name of a file: it has a null byte")
    try:
        with open(path, "rb", opener=_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise ConversionError(
                    f"{path} is a pipe or device; write what comes out of it to a file first"
                )
            if not status.st_size:
                raise ConversionError(f"{path} is empty; write or copy it again")
            yield file
    except IsADirectoryError as error:
        raise ConversionError(
            f"{path} is a folder; a graph is one file, .pb, .pb.txt or .pbtxt"
        ) from error
    except OSError as error:
        raise ConversionError(f"cannot read {path}: {error.strerror or error}") from error


def _without_waiting(path: str, flags: int) -> int:
    # nobody may ever write into a pipe
    return os.open(path, flags | os.O_NONBLOCK)
