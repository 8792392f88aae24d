"""The audit hook: what Python itself opens, lists and makes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

from cmsml_tasks.observing.reads import Reads, harmless

_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def watch_audit_events(reads: Reads) -> None:
    """Let *reads* know of the files that Python opens from now on, here and in forks."""
    handlers = _handlers(reads)

    def hook(event: str, args: tuple[Any, ...]) -> None:
        handler = handlers.get(event)
        if handler is not None:
            handler(*args)

    sys.addaudithook(hook)


def _handlers(reads: Reads) -> dict[str, Callable[..., None]]:
    def opened(path: Any, mode: str | None, flags: int) -> None:
        if isinstance(path, int):
            return  # what has a descriptor was opened before
        if isinstance(path, str) and path.endswith(".pyc"):
            return  # thousands, of imports
        if not flags & _WRITES:
            # os.open may take a path from another folder than this process's, which isn't told
            if mode is not None or os.path.isabs(path) or os.path.exists(path):
                reads.read(path)
            return
        if os.path.isdir(path):
            return  # for a file without a name in it, or in vain
        keeps = not flags & os.O_TRUNC
        if (
            keeps
            and flags & os.O_RDWR
            and (not flags & os.O_CREAT or _appends_to_something(path, mode))
        ):
            reads.read(path)
        reads.made(path)

    def listed(path: Any) -> None:
        reads.listed("." if path is None else path)

    def made_folder(path: Any, mode: int, dir_fd: int) -> None:
        if dir_fd == -1:
            reads.made_folder(path)

    def moved(source: Any, target: Any, source_fd: int, target_fd: int) -> None:
        if source_fd == -1:
            reads.moved(source)
            reads.made(source)
        if target_fd == -1:
            reads.made(target)

    def linked(source: Any, target: Any, source_fd: int, target_fd: int) -> None:
        if source_fd == -1:
            reads.read(source)  # which nothing tells from its new name
        if target_fd == -1:
            reads.made(target)

    def linked_by_name(_source: Any, target: Any, target_fd: int) -> None:
        if target_fd == -1:
            reads.made(target)

    def removed(path: Any, *_: Any) -> None:
        reads.made(path)

    def database(path: Any) -> None:
        _database(reads, path)

    def library(name: Any) -> None:
        if name is not None and os.sep in os.fsdecode(name):
            reads.loaded(name)

    def requested(url: str, *_: Any) -> None:
        reads.source(url)

    def imported(_module: Any, file: Any, *_: Any) -> None:
        if isinstance(file, str):
            reads.loaded(file)

    def executed(code: Any) -> None:
        if code.co_name == "<module>" and code.co_filename.endswith(".py"):
            reads.imported(code.co_filename)

    handlers: dict[str, Callable[..., None]] = {
        "open": opened,
        "os.listdir": listed,
        "os.scandir": listed,
        "os.mkdir": made_folder,
        "os.rename": moved,
        "os.link": linked,
        "os.symlink": linked_by_name,
        "shutil.rmtree": removed,
        "sqlite3.connect": database,
        "ctypes.dlopen": library,
        "import": imported,
        "exec": executed,
        "urllib.Request": requested,
    }
    return {event: harmless(handler) for event, handler in handlers.items()}


def _appends_to_something(path: Any, mode: str | None) -> bool:
    return mode is not None and "a" in mode and os.path.getsize(path) > 0


def _database(reads: Reads, path: Any) -> None:
    name = os.fsdecode(path)
    if name.startswith("file:"):
        name = name.removeprefix("file:").partition("?")[0]
    if name and ":memory:" not in name:
        if os.path.exists(name):
            reads.read(name)
        reads.made(name)
