"""What this process reads and makes, on its way from the hooks to the log."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from contextvars import ContextVar
from functools import lru_cache, wraps
from types import FrameType
from typing import Any, ParamSpec

from cmsml_tasks.files import sha256
from cmsml_tasks.observing.log import Log, signature
from cmsml_tasks.observing.observed import names_digest
from cmsml_tasks.observing.whose import Owner, is_installed, owner

_P = ParamSpec("_P")
_in_a_hook = ContextVar("in_a_hook", default=False)
_NO_FILES = ("/proc/", "/sys/", "/dev/")
_SOURCES = (".py", ".pyi")
# they read sources to show them, or to translate them
_READERS_OF_SOURCES = frozenset({"inspect", "linecache", "traceback"})
# they look at what the work has just written, to count its bytes, or at what is known anyhow
_ASIDES = frozenset(
    {
        ("tensorflow.python.checkpoint.checkpoint", "_get_checkpoint_size"),
        # the files of events, which are declared
        ("cmsml_tasks.recipes.columnar.samples", "files_of"),
        # where imports look, whose names do not count either
        ("cmsml_tasks.exporting.own_modules", "_is_to_be_found"),
    }
)


class Reads:
    """What the hooks tell; each path is noted once, as it was when it was first met.

    What is wrong with a path is for the code that uses it to find out: hooks are `harmless`.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._noted: set[tuple[str, str]] = set()

    def read(self, path: Any) -> None:
        """Note that the file *path* is about to be read."""
        full = self._counting("read", path)
        if full is not None and _asked_for(source=full.endswith(_SOURCES)):
            self._note_file(full)

    def missed(self, path: Any) -> None:
        """Note that *path* was looked for, and is not there."""
        if (full := self._counting("read", path)) is not None:
            self._note("read", full, _real(full), None)

    def loaded(self, path: Any) -> None:
        """Note that the library *path* is about to be loaded, by an import or by hand."""
        if (full := self._counting("read", path)) is not None:
            self._note_file(full)

    def imported(self, path: Any) -> None:
        """Note the source *path* as it is now, when the module in it is about to be executed."""
        if (full := self._counting("imported", path)) is not None:
            self._note("imported", full, sha256(full))

    def named(self, path: Any) -> None:
        """Note that the work has asked by its name for the module whose source *path* is."""
        if (full := self._counting("named", path)) is not None:
            self._note("named", full)

    def source(self, name: Any) -> None:
        """Note that a library is about to read *name*, a path or a URL, and no open file."""
        if isinstance(name, str | bytes | os.PathLike):
            _by_scheme(name, self.read, self.opened)

    def target(self, name: Any) -> None:
        """Note that a library is about to write *name*."""
        if isinstance(name, str | bytes | os.PathLike):
            _by_scheme(name, self.made, lambda url: None)

    def below(self, folder: Any) -> None:
        """Note that all files below *folder* are about to be read."""
        for path in _files_below(folder):
            self.read(path)

    def unseen(self, what: str) -> None:
        """Note that the work reads in a way that cannot be seen."""
        self._note("unseen", what)

    def opened(self, url: str) -> None:
        """Note that *url* is about to be read."""
        self._note("url", url)

    def listed(self, path: Any) -> None:
        """Note that the names in the folder *path* are about to be read."""
        full = self._counting("listed", path)
        if full is not None and _asked_for():
            digest = None
            with suppress(OSError):
                digest = names_digest(full)
            self._note("listed", full, _real(full), digest)

    def made(self, path: Any) -> None:
        """Note that this work is about to make, replace, change or remove *path*."""
        if (full := self._counting("made", path)) is not None:
            self._note("made", full)

    def moved(self, path: Any) -> None:
        """Note that this work is about to give the file *path*, or all below it, another name."""
        for each in _files_below(path) if os.path.isdir(path) else [path]:
            full = self._counting("moved", each)
            if full is not None and os.path.isfile(full):
                self._note("moved", full, _real(full))

    def made_folder(self, path: Any) -> None:
        """Note that this work is about to make the folder *path*, where there is none."""
        full = _full(path)
        if full is not None and not os.path.lexists(full):
            self.made(full)

    def _note_file(self, full: str) -> None:
        try:
            found = os.stat(full)
        except (FileNotFoundError, NotADirectoryError):
            self._note("read", full, _real(full), None)
            return
        if stat.S_ISREG(found.st_mode):
            self._note("read", full, _real(full), signature(found))

    def _note(self, kind: str, what: str, *more: Any) -> None:
        if (kind, what) not in self._noted:
            self._noted.add((kind, what))
            self._log.write(kind, what, *more)

    def _counting(self, kind: str, path: Any) -> str | None:
        """Return the full path, where it can count and is not noted as *kind* yet."""
        full = _full(path)
        if full is None or (kind, full) in self._noted:
            return None
        place = f"{full}{os.sep}"
        return None if place.startswith(_NO_FILES) or is_installed(place) else full


def harmless(hook: Callable[_P, None]) -> Callable[_P, None]:
    """Return *hook* as one that never raises into the code that it watches, nor watches hooks."""

    @wraps(hook)
    def watched(*args: _P.args, **kwargs: _P.kwargs) -> None:
        if _in_a_hook.get():
            return
        token = _in_a_hook.set(True)
        try:
            hook(*args, **kwargs)
        except Exception:
            return
        finally:
            _in_a_hook.reset(token)

    return watched


def _by_scheme(name: Any, local: Callable[[str], None], remote: Callable[[str], None]) -> None:
    text = os.fsdecode(name)
    scheme, found, path = text.partition("://")
    if not found:
        local(text)
    elif scheme == "file":
        local(path[path.find(os.sep) :])  # behind a host
    else:
        remote(text)


def _files_below(folder: Any) -> Iterator[str]:
    start = _full(folder)
    if start is not None:
        for parent, _, names in os.walk(start):
            for name in names:
                yield os.path.join(parent, name)


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


def _real(full: str) -> str:
    """Return *full* without links in it."""
    if os.path.islink(full):
        return os.path.realpath(full)
    folder, name = os.path.split(full)
    return os.path.join(_real_folder(folder), name)


# the larger part of what a read costs
_real_folder = lru_cache(maxsize=1024)(os.path.realpath)


def _asked_for(*, source: bool = False) -> bool:
    """Tell whether the running code reads for the work, and not to import a module or show code."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        whose = owner(frame)
        if whose in (Owner.USER, Owner.IMPORTING):
            return whose is Owner.USER
        module = frame.f_globals.get("__name__")
        if (source and module in _READERS_OF_SOURCES) or (module, frame.f_code.co_name) in _ASIDES:
            return False
        frame = frame.f_back
    return True
