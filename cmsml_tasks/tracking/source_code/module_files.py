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

from cmsml_tasks.errors import UserError

_LIBRARY_FOLDERS = {"site-packages", "dist-packages"}


class CodeError(UserError):
    """Code that cannot be tracked, so that nobody would know when to run a task again."""


class Project:
    """The modules of the user's project, looked up once each.

    The project is all that is no library, and the whole packages of the *roots*, wherever they lie;
    of cmsml_tasks only the *roots* themselves.

    Args:
        roots: names of modules.

    Raises:
        CodeError: there is no source file of one of the *roots*.
    """

    def __init__(self, roots: Sequence[str]) -> None:
        self._files: dict[str, Path | None] = {}
        self._owned: dict[str, bool] = {}
        self._roots = set(roots)
        self._packages = {self._outermost_package(root) for root in roots}
        self._packages.discard("cmsml_tasks")

    def file(self, name: str) -> Path | None:
        """Return the source file of a module, of the project or not; None without one."""
        if name not in self._files:
            self._files[name] = module_file(name)
        return self._files[name]

    def has(self, name: str) -> bool:
        """Tell whether this is a module of the project that has a source."""
        if self._owned.get(name.partition(".")[0]) is False and name not in self._roots:
            return False  # most imports are of libraries
        path = self.file(name)
        return path is not None and self._owns(name, path)

    def is_package(self, name: str) -> bool:
        """Tell whether a module of the project is a package."""
        path = self.file(name)
        return path is not None and path.name == "__init__.py"

    def may_be_namespace(self, name: str) -> bool:
        """Tell whether modules of the project may lie below *name*, which has no source."""
        return name not in sys.builtin_module_names and self.file(name) is None

    def modules_on_the_way(self, name: str) -> Iterator[str]:
        """Yield what an import of *name* runs of the project: parent packages and the module."""
        return filter(self.has, _with_parents(name))

    def _owns(self, name: str, path: Path) -> bool:
        if name not in self._owned:
            packages = set(_with_parents(name))
            self._owned[name] = name in self._roots or (
                "cmsml_tasks" not in packages
                and (not packages.isdisjoint(self._packages) or not is_library(path))
            )
        return self._owned[name]

    def _outermost_package(self, root: str) -> str:
        """Return the outermost package of *root* that is no mere namespace, else *root*."""
        if self.file(root) is None:
            raise CodeError(f"cannot track the code of module '{root}': {_why_not(root)}")
        return next(name for name in _with_parents(root) if self.file(name))


def _with_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts) + 1)]


def _why_not(root: str) -> str:
    if root == "__main__":
        return (
            "what is defined in a script or notebook cannot be found by the next process; "
            "move it to a file that can be imported, e.g. my_analysis.py, and import it from there"
        )
    return (
        "it has no source file on the module search path; check its name, and add its folder to "
        "PYTHONPATH or install its package"
    )


def module_file(name: str) -> Path | None:
    """Return the source file of a module, of a package its ``__init__.py``.

    Nothing is imported, not even the parent packages. There is None for modules that are missing
    or have no source file, and for ``__main__``, whose file depends on how the program started.
    """
    if name == "__main__" or name in sys.builtin_module_names:
        return None
    loaded = loaded_file(name)
    if loaded and os.path.isfile(loaded):
        origin: str | None = loaded
    else:
        spec = module_spec(name)
        origin = spec.origin if spec and spec.has_location else None
    if origin and origin.endswith(".py") and os.path.isfile(origin):
        return Path(os.path.abspath(origin))
    return None


def loaded_file(name: str) -> str | None:
    """Return the file of a module that is loaded, as it says; None where it does not."""
    return _loaded(name).get("__file__")


def is_library(path: str | os.PathLike[str]) -> bool:
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
    folders.add(str(Path(os.path.abspath(__file__)).parents[2]))
    return tuple(f"{root}{os.sep}" for root in folders | set(map(os.path.realpath, folders)))


def _loaded(name: str) -> dict[str, Any]:
    """Return the names in a module if it is loaded, without waking up those that load lazily."""
    with suppress(AttributeError, KeyError):
        names: dict[str, Any] = object.__getattribute__(sys.modules[name], "__dict__")
        return names
    return {}


def module_spec(name: str) -> ModuleSpec | None:
    """Return where a module lies, None where it is missing; nothing is imported."""
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
    spec = module_spec(package)
    return list(spec.submodule_search_locations or ()) if spec else []


def _other_finders() -> Iterator[Any]:
    """Yield the finders that packages add, such as those of editable installs."""
    usual = (BuiltinImporter, FrozenImporter, PathFinder)
    for finder in sys.meta_path:
        if finder not in usual and hasattr(finder, "find_spec"):
            yield finder
