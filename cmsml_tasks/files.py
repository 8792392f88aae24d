"""Files that are whole or not there: written to a temporary sibling and renamed."""

from __future__ import annotations

import errno
import glob
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cmsml_tasks.errors import UserError

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_RANDOM = 8  # characters that tempfile puts at the end of a name


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a temporary sibling of *path* to write to; it takes the place of *path* on success.

    Missing folders are made. The sibling keeps the name of *path*, because some writers choose
    their format by its ending. A symbolic link at *path* is replaced: others may have put it there,
    and what it points to is not touched. When the block fails the sibling is removed and *path*
    stays as it was.

    Raises:
        UserError: the folder cannot be written, or the disk is full.
    """
    path = Path(path)
    with writing_to(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        folder = tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent)
    sibling = Path(folder) / path.name
    try:
        with writing_to(path):
            yield sibling
            with open(sibling, "rb") as written:
                os.fsync(written.fileno())
            os.replace(sibling, path)
    finally:
        # whatever else a writer left there must not hide what went wrong
        shutil.rmtree(folder, ignore_errors=True)


def remove_left_over(path: str | os.PathLike[str]) -> None:
    """Remove what `replacing` left beside *path* in processes that were killed.

    Nobody else may be writing *path* meanwhile.
    """
    path = Path(path)
    for folder in path.parent.glob(f".{glob.escape(path.name)}.{'?' * _RANDOM}"):
        if folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def writing_to(path: Path) -> Iterator[None]:
    """Turn what the system says against writing *path* into a message for the user.

    Raises:
        UserError: in place of an OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        advice = "free space or choose another place" if no_space(error) else "choose another place"
        raise UserError(
            f"cannot write {path}: {reason}; {advice} (nothing was written there, "
            "an older file is untouched)"
        ) from error


def no_space(error: OSError) -> bool:
    """Tell whether the system says that a disk is full, or that a file may not grow further."""
    return error.errno in _NO_SPACE


def write_json(path: str | os.PathLike[str], content: Any, *, in_order: bool = False) -> None:
    """Write *content* to *path* as `json_text`."""
    with replacing(path) as sibling:
        sibling.write_text(json_text(content, in_order=in_order), encoding="utf-8")


def json_text(content: Any, *, in_order: bool = False) -> str:
    """Return *content* as indented JSON: sorted, so that equal content gives equal bytes.

    With *in_order* names stay as they are, where their order says something.
    """
    return json.dumps(content, indent=2, sort_keys=not in_order, allow_nan=False) + "\n"


def sha256(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 digest of the bytes of *path* in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_of(path: str | os.PathLike[str]) -> str:
    """Return the digest of a file, or of a folder's file names and contents."""
    path = Path(path)
    if path.is_file():
        return sha256(path)
    names = sorted(name.relative_to(path) for name in path.rglob("*") if name.is_file())
    listing = "".join(f"{sha256(path / name)}  {name}\n" for name in names)
    return hashlib.sha256(listing.encode()).hexdigest()
