"""Modules that users name: found where they are, and the nearest one where they are not."""

from __future__ import annotations

import difflib
import importlib.util
import os
import pkgutil
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


def nearest_module(missing: str) -> str:
    """Return ``"; did you mean 'x'?"`` for the module nearest to one that is *missing*, or "".

    Packages whose name differs from that of their module are known by both.
    """
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


def _folders(package: str) -> Sequence[str] | None:
    """Return the folders of a *package*, which is not imported; None for where packages lie."""
    folders: Sequence[str] | None = None
    for part in filter(None, package.split(".")):
        spec = PathFinder.find_spec(part, folders)
        folders = list(spec.submodule_search_locations or ()) if spec else []
    return folders
