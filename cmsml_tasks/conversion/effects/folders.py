"""SavedModel folders that hold all of what they say."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from cmsml_tasks.errors import ConversionError

_READ = ("saved_model.*", "fingerprint.pb", "variables", "assets", "debug")
"""What TensorFlow reads of such a folder."""


def refuse_other_files(folder: Path) -> None:
    """Refuse a SavedModel of which a part is a link to a place outside of its *folder*.

    Raises:
        ConversionError: the message names the link and where it leads.
    """
    inside = Path(os.path.realpath(folder))
    for path in _entries(folder):
        where = Path(os.path.realpath(path))
        if not where.is_relative_to(inside):
            raise ConversionError(
                f"{path} is a link to {where}, outside of the SavedModel's folder, but a model's "
                f"file reads no other file; if it is yours, copy what it is: cp -rL {folder} ..."
            )
        mode = os.stat(path).st_mode if path.exists() else stat.S_IFREG
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            raise ConversionError(
                f"{path} is a pipe or device, which no SavedModel has; copy the folder again"
            )


def asset_inside(folder: Path, filename: str) -> bool:
    """Tell whether the asset *filename* of the SavedModel in *folder* lies in its own assets."""
    assets = os.path.join(os.path.realpath(folder), "assets")
    return Path(os.path.realpath(os.path.join(assets, filename))).is_relative_to(assets)


def _entries(folder: Path) -> Iterator[Path]:
    for pattern in _READ:
        for top in folder.glob(pattern):
            yield top
            # links to folders are told, not followed
            for place, folders, files in os.walk(top):
                yield from (Path(place, name) for name in (*folders, *files))
