"""Paths of graph files, and the format that their endings stand for."""

from __future__ import annotations

import os
from pathlib import Path

from cmsml_tasks.errors import ConversionError

PathLike = str | os.PathLike[str]

TEXT_ENDINGS = (".pb.txt", ".pbtxt")


def expanded(path: PathLike) -> Path:
    """Return *path* with ``~`` and environment variables replaced by what they stand for."""
    return Path(os.path.expandvars(os.path.expanduser(os.fspath(path))))


def is_text(path: Path) -> bool:
    """Tell by the ending of *path* whether a graph is stored as text.

    Raises:
        ConversionError: the ending is none of a graph's.

    """
    if path.name.endswith(TEXT_ENDINGS):
        return True
    if path.name.endswith(".pb"):
        return False
    raise ConversionError(
        f"'{path.name}' has no ending that says how a graph is stored; use .pb for the binary "
        "form, .pb.txt or .pbtxt for text"
    )
