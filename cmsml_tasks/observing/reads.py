"""What this process reads and makes, on its way from the hooks to the log."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import Any, ParamSpec

from cmsml_tasks.observed import names_digest
from cmsml_tasks.observing.log import Log, signature
from cmsml_tasks.observing.whose import Owner, is_installed, owner

_P = ParamSpec("_P")
_NO_FILES = ("/proc/", "/sys/", "/dev/")
_SOURCES = (".py", ".pyi")
# they read sources to show them, or to translate them
_READERS_OF_SOURCES = frozenset({"inspect", "linecache", "traceback"})


class Reads:
    """What the hooks tell; each path is noted once, as it was when it was first met.

    The methods never raise: whatever is wrong with a path is for the code that uses it to find out.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._met: set[tuple[str, str]] = set()

    def read(self, path: Any) -> None:
        """Note that the file *path* is about to be read."""
        if (full := self._new("read", path)) is None:
            return
        if not full.endswith(".pyc") and _asked_for(source=full.endswith(_SOURCES)):
            self._note(full)

    def loaded(self, path: Any) -> None:
        """Note that the library *path* is about to be loaded, by an import or by hand."""
        if (full := self._new("read", path)) is not None:
            self._note(full)

    def _note(self, full: str) -> None:
        try:
            found = os.stat(full)
        except (FileNotFoundError, NotADirectoryError):
            self._log.write("read", full, os.path.realpath(full), None)
            return
        if stat.S_ISREG(found.st_mode):
            self._log.write("read", full, os.path.realpath(full), signature(found))

    def listed(self, path: Any) -> None:
        """Note that the names in the folder *path* are about to be read."""
        if (full := self._new("list", path)) is None or not _asked_for():
            return
        digest = None
        with suppress(OSError):
            digest = names_digest(full)
        self._log.write("listed", full, os.path.realpath(full), digest)

    def made(self, path: Any) -> None:
        """Note that this work is about to make, replace, change or remove *path*."""
        if (full := self._new("made", path)) is not None:
            self._log.write("made", full)

    def made_folder(self, path: Any) -> None:
        """Note that this work is about to make the folder *path*, where there is none."""
        full = _full(path)
        if full is not None and not os.path.lexists(full):
            self.made(full)

    def opened(self, url: str) -> None:
        """Note that *url* is about to be read."""
        if ("url", url) not in self._met:
            self._met.add(("url", url))
            self._log.write("url", url)

    def _new(self, kind: str, path: Any) -> str | None:
        """Return the full path, where it counts and is met as *kind* for the first time."""
        full = _full(path)
        if full is None or (kind, full) in self._met:
            return None
        self._met.add((kind, full))
        return None if full.startswith(_NO_FILES) or is_installed(full) else full


def harmless(hook: Callable[_P, None]) -> Callable[_P, None]:
    """Return *hook* as one that never raises into the code that it watches."""

    @wraps(hook)
    def watched(*args: _P.args, **kwargs: _P.kwargs) -> None:
        with suppress(Exception):
            hook(*args, **kwargs)

    return watched


def _full(path: Any) -> str | None:
    """Return *path* as absolute text; None for descriptors other than of folders, and no paths."""
    if isinstance(path, int):
        if path < 0:
            return None
        path = os.readlink(f"/proc/self/fd/{path}")
    full = os.path.abspath(os.fsdecode(path))
    if ".." in (parts := os.fsdecode(path).split(os.sep)) and parts[-1] not in ("", ".", ".."):
        # behind a link, ".." is not what the text says
        folder, name = os.path.split(os.fsdecode(path))
        full = os.path.join(os.path.realpath(folder), name)
    return full


def _asked_for(*, source: bool = False) -> bool:
    """Tell whether the running code reads for the work, and not to import a module or show code."""
    frame = sys._getframe(2)
    while frame is not None:
        whose = owner(frame)
        if whose is Owner.USER:
            return True
        if whose is Owner.IMPORTING:
            return False
        if source and frame.f_globals.get("__name__") in _READERS_OF_SOURCES:
            return False
        frame = frame.f_back  # type: ignore[assignment]
    return True
