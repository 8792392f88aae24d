"""Modules that users name: found where they are, and the nearest one where they are not."""

from __future__ import annotations

import difflib
import importlib.util
import os
import pkgutil
import re
import sys
from collections.abc import Sequence
from importlib import metadata
from importlib.machinery import PathFinder

from cmsml_tasks.errors import did_you_mean


def look_here_too() -> None:
    """Make modules in the current directory importable, as they are for ``python -m``."""
    if not {"", os.getcwd()} & set(sys.path):
        sys.path.insert(0, os.getcwd())


def is_there(name: str) -> bool:
    """Tell whether the module or package *name*, without a dot, can be imported; it is not."""
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def is_missing_itself(name: str, error: ModuleNotFoundError) -> bool:
    """Tell whether *name* or a package that it lies in is missing, and nothing that it imports."""
    return bool(error.name) and f"{name}.".startswith(f"{error.name}.")


def is_module_name(name: str) -> bool:
    """Tell whether *name* can be that of a module, ``package.module``, and is no path."""
    return re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", name) is not None


def nearest_module(missing: str, typed: str | None = None) -> str:
    """Return ``"; did you mean 'x'?"`` for the module nearest to one that is *missing*, or "".

    Packages whose name differs from that of their module are known by both. A path to a file
    means its module, and the name of a class the module around it.

    Args:
        missing: what is not there.
        typed: all that the user wrote, of which *missing* is the first part that is not there.
    """
    *around, last = [part for part in re.split(r"[./\\]+", typed or missing) if part]
    if last == "py" and around:
        *around, last = around
    # nothing is there of what leads to it
    elsewhere = "" if around and is_there(around[0]) else last
    for meant in (".".join([*around, last]), elsewhere):
        if meant not in ("", typed, missing) and _lies_there(meant):
            return f"; did you mean '{meant}'?"
    return _nearest(missing) or next(
        (
            f"; did you mean '{'.'.join(around[:length])}'?"
            for length in range(len(around), 0, -1)
            if _lies_there(".".join(around[:length]))
        ),
        "",
    )


def _nearest(missing: str) -> str:
    parent = missing.rpartition(".")[0]
    prefix = f"{parent}." if parent else ""
    names = {prefix + module.name for module in pkgutil.iter_modules(_folders(parent))}
    same = [name for name in names if name.lower() == missing.lower()]
    if not parent:
        installed = metadata.packages_distributions().items()
        same += [
            name
            for name, packages in installed
            if name in names and missing.lower() in map(str.lower, packages)
        ]
    # a package may have several modules
    for near in difflib.get_close_matches(missing.lower(), same, n=1, cutoff=0):
        return f"; did you mean '{near}'?"
    return did_you_mean(missing, names, only_near=True)


def _lies_there(name: str) -> bool:
    """Tell whether the module *name* lies where modules do; nothing is imported."""
    if not is_module_name(name):
        return False
    parent, _, tail = name.rpartition(".")
    folders = _folders(parent)
    return folders != [] and PathFinder.find_spec(tail, folders) is not None


def _folders(package: str) -> Sequence[str] | None:
    """Return the folders of a *package*, which is not imported; None for where packages lie."""
    folders: Sequence[str] | None = None
    for part in filter(None, package.split(".")):
        spec = PathFinder.find_spec(part, folders)
        folders = list(spec.submodule_search_locations or ()) if spec else []
    return folders
