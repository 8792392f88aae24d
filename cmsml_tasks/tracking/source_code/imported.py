"""Sources as this process has imported them, which may have been edited since.

Python keeps no source of what it has imported, and what runs at import leaves no trace to compare.
So each source of the user's project is read when it is executed: an audit hook sees that, whichever
loader does it. What was imported before this is read at once.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from cmsml_tasks.tracking.source_code.module_files import is_library, loaded_file
from cmsml_tasks.tracking.storage.stat_signatures import Signature, signature

_sources: dict[str, tuple[Signature, bytes]] = {}
_is_watching = False


def watch_imports() -> None:
    """Remember from now on the source of each module that is imported."""
    global _is_watching
    if not _is_watching:
        _is_watching = True
        sys.addaudithook(_see)
        for name in list(sys.modules):
            path = loaded_file(name)
            if path is not None:
                _remember(path)


def source_as_imported(name: str) -> bytes | None:
    """Return the source of a module as it was imported; None where it is as on disk, or unknown.

    A module that is not loaded will be imported as it is on disk.
    """
    path = os.path.abspath(loaded_file(name) or "")
    if path not in _sources:
        return None
    before, source = _sources[path]
    with suppress(OSError):
        if signature(path) == before:
            return None
    return source


def _see(event: str, arguments: tuple[Any, ...]) -> None:
    # an exception would stop the import
    if event == "exec":
        with suppress(Exception):
            code = arguments[0]
            if code.co_name == "<module>" and code.co_filename.endswith(".py"):
                _remember(code.co_filename)


def _remember(file: str) -> None:
    path = os.path.abspath(file)
    if not is_library(path):
        with suppress(OSError):
            _sources[path] = (signature(path), Path(path).read_bytes())
