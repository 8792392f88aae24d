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
_GO_BETWEENS = frozenset({"os", "posixpath", "genericpath", "_collections_abc", "string"})


class Owner(Enum):
    """Whose it is."""

    USER = "user"
    LIBRARY = "library"
    IMPORTING = "importing"
    GO_BETWEEN = "go-between"


def is_installed(path: str) -> bool:
    """Tell whether the file *path* belongs to python, a package, this one, or the system."""
    return path.startswith(_folders_of_files()) or _in_a_package(path)


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
    folder, module = os.path.split(name)
    between = module.removesuffix(".py") in _GO_BETWEENS and folder == os.path.dirname(os.__file__)
    return Owner.GO_BETWEEN if between else Owner.LIBRARY
