"""Which modules belong to the user's own project, found without importing them."""

from __future__ import annotations

import functools
import os
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import suppress
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from pathlib import Path
from typing import Any

import cmsml_tasks

_LIBRARY_FOLDERS = {"site-packages", "dist-packages"}


def module_file(name: str) -> Path | None:
    """Return the source file of a module, of a package its ``__init__.py``.

    Nothing is imported, not even the parent packages. There is None for modules that are missing
    or have no source file, and for ``__main__``, whose file depends on how the program started.
    """
    if name == "__main__" or name in sys.builtin_module_names:
        return None
    loaded = _loaded(name).get("__file__")
    if loaded and os.path.isfile(loaded):
        origin = loaded
    else:
        spec = _spec(name)
        origin = spec.origin if spec and spec.has_location else None
    if origin and origin.endswith(".py") and os.path.isfile(origin):
        return Path(os.path.abspath(origin))
    return None


def is_library(path: Path) -> bool:
    """Tell whether a file is of the standard library, of an installed package or of this one.

    What is installed in editable mode, other than this package, lies elsewhere and is no library.
    """
    absolute = os.path.abspath(path)
    return absolute.startswith(_library_roots()) or not _LIBRARY_FOLDERS.isdisjoint(
        absolute.split(os.sep)
    )


@functools.cache
def _library_roots() -> tuple[str, ...]:
    folders = {sysconfig.get_path(key) for key in ("stdlib", "platstdlib", "purelib", "platlib")}
    folders.add(os.path.dirname(os.path.abspath(cmsml_tasks.__file__)))
    return tuple(f"{root}{os.sep}" for root in folders | set(map(os.path.realpath, folders)))


def _loaded(name: str) -> dict[str, Any]:
    """Return the names in a module if it is loaded, without waking up those that load lazily."""
    with suppress(AttributeError, KeyError):
        names: dict[str, Any] = object.__getattribute__(sys.modules[name], "__dict__")
        return names
    return {}


def _spec(name: str) -> ModuleSpec | None:
    parent, _, tail = name.rpartition(".")
    locations = _locations(parent) if parent else None
    if locations == [] or not tail:
        return None
    # the last name alone, since a namespace in a namespace asks for its parent in sys.modules
    spec = PathFinder.find_spec(tail, locations)
    if spec or parent:
        return spec
    return next(filter(None, (finder.find_spec(name, None) for finder in _other_finders())), None)


def _locations(package: str) -> Sequence[str]:
    """Return the folders in which the modules of a *package* lie."""
    loaded = _loaded(package).get("__path__")
    if loaded is not None:
        return list(loaded)
    spec = _spec(package)
    return list(spec.submodule_search_locations or ()) if spec else []


def _other_finders() -> Iterator[Any]:
    """Yield the finders that packages add, such as those of editable installs."""
    usual = (BuiltinImporter, FrozenImporter, PathFinder)
    for finder in sys.meta_path:
        if finder not in usual and hasattr(finder, "find_spec"):
            yield finder
