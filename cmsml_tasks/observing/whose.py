"""Whose a file or a piece of running code is: the user's, a library's, or the import system's."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from enum import Enum
from functools import cache
from types import FrameType

_IMPORTING = "<frozen importlib._bootstrap>"
_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
# of the machine, of a virtual environment, of conda
_SYSTEM = ("/usr", "/lib", "/lib64", "/bin", "/sbin", "/etc")
_OF_A_PREFIX = ("bin", "lib", "lib64", "libexec", "include", "share", "etc", "ssl", "conda-meta")
# they ask in the name of whoever calls them
_GO_BETWEENS = frozenset(
    {"os", "posixpath", "genericpath", "pathlib", "_collections_abc", "string"}
)


class Owner(Enum):
    """Whose it is."""

    USER = "user"
    LIBRARY = "library"
    IMPORTING = "importing"
    GO_BETWEEN = "go-between"


def is_installed(path: str) -> bool:
    """Tell whether the file *path* belongs to python, a package, this one, or the system."""
    if path.startswith(_folders_of_code()) or _in_a_package(path):
        return True
    return path.startswith(_folders_of_files()) and not path.startswith(_started_in())


@cache
def _started_in() -> str:
    """Return the folder where law runs: at some institutes homes lie below /usr."""
    return f"{os.getcwd()}{os.sep}"


@cache
def _folders_of_files() -> tuple[str, ...]:
    prefixes = {sys.prefix, sys.base_prefix, sys.exec_prefix, sys.base_exec_prefix}
    parts = {os.path.join(prefix, name) for prefix in prefixes for name in _OF_A_PREFIX}
    return (*_folders_of_code(), *_below({*parts, *_SYSTEM}))


@cache
def _folders_of_code() -> tuple[str, ...]:
    paths = {sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    return _below({*paths, site.getusersitepackages(), _PACKAGE})


def _below(folders: set[str]) -> tuple[str, ...]:
    forms = {form(folder) for folder in folders for form in (os.path.abspath, os.path.realpath)}
    return tuple(f"{folder}{os.sep}" for folder in sorted(forms))


def _in_a_package(path: str) -> bool:
    return any(part in path for part in _INSTALLED)


def owner(frame: FrameType) -> Owner:
    """Return whose code *frame* runs."""
    name = frame.f_code.co_filename
    if name.startswith("<") and not name.startswith("<frozen "):
        # code without a file, as of dataclasses, is its module's
        name = frame.f_globals.get("__file__") or name
    return _owner_of_code(name)


def asker(frame: FrameType) -> Owner:
    """Return in whose name *frame* asks something of Python's own modules."""
    while owner(frame) is Owner.GO_BETWEEN and frame.f_back:
        frame = frame.f_back
    return owner(frame)


@cache
def _owner_of_code(name: str) -> Owner:
    if name == _IMPORTING:
        return Owner.IMPORTING
    if name.startswith("<frozen "):
        frozen = name.removeprefix("<frozen ").removesuffix(">")
        return Owner.GO_BETWEEN if frozen in _GO_BETWEENS else Owner.LIBRARY
    if name.startswith("<"):
        return Owner.USER
    name = os.path.abspath(name)
    if not (name.startswith(_folders_of_code()) or _in_a_package(name)):
        return Owner.USER
    return Owner.GO_BETWEEN if name.startswith(_go_betweens()) else Owner.LIBRARY


@cache
def _go_betweens() -> tuple[str, ...]:
    folder = os.path.dirname(os.path.abspath(os.__file__))
    return tuple(
        os.path.join(folder, f"{name}{end}") for name in _GO_BETWEENS for end in (".py", os.sep)
    )
