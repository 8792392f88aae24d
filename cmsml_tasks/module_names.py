"""Modules that users name: found where they are, and the nearest one where they are not."""

from __future__ import annotations

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


def nearest_module(missing: str) -> str:
    """Return ``"; did you mean 'x'?"`` for the module nearest to one that is *missing*, or "".

    Packages whose name differs from that of their module are known by both.
    """
    parent = missing.rpartition(".")[0]
    prefix = f"{parent}." if parent else ""
    names = {prefix + module.name for module in pkgutil.iter_modules(_folders(parent))}
    modules = {name.lower(): name for name in names}
    if not parent:
        for name, packages in metadata.packages_distributions().items():
            modules |= {package.lower(): name for package in packages if name in names}
    near = modules.get(missing.lower())
    return f"; did you mean '{near}'?" if near else did_you_mean(missing, names, only_near=True)


def _folders(package: str) -> Sequence[str] | None:
    """Return the folders of a *package*, which is not imported; None for where packages lie."""
    folders: Sequence[str] | None = None
    for part in filter(None, package.split(".")):
        spec = PathFinder.find_spec(part, folders)
        folders = list(spec.submodule_search_locations or ()) if spec else []
    return folders
