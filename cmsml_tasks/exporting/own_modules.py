"""The user's modules that have to be imported before a model with layers of its own is read."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import PathFinder
from typing import Any

from cmsml_tasks.errors import ConversionError
from cmsml_tasks.tracking.source_code.module_files import is_library, module_file

MODULES = "modules"
"""The key in ``history.json``, absent where Keras alone can read the model."""


def loaded_modules(first: str, search: Sequence[str]) -> list[str]:
    """Return the loaded modules of the project that another process finds, oldest import first.

    Layers and functions may be defined in any of them, and be registered by any of them.

    Args:
        first: the recipe's own module, which comes first wherever it lies.
        search: folders in which the other process looks for modules.
    """
    return [
        first,
        *(name for name in list(sys.modules) if name != first and _is_to_be_found(name, search)),
    ]


def modules_of(trained: Any, recipe: str, history: str) -> list[str]:
    """Return the modules to import for a model, as its history names them.

    Args:
        trained: content of ``history.json``.
        recipe: module of the recipe, which comes first.
        history: path of the file, for messages.

    Raises:
        ConversionError: it names what is no module of the project; nothing was imported.
    """
    names = trained.get(MODULES, [])
    for name in names:
        if name != recipe and not (isinstance(name, str) and _is_of_project(name)):
            raise ConversionError(
                f"{history} says that the model needs the module {name!r}, which is no module of "
                "this project and so is not imported; add its folder to PYTHONPATH, or train again"
            )
    return list(dict.fromkeys([recipe, *names]))


def _is_of_project(name: str) -> bool:
    path = module_file(name)
    return path is not None and not is_library(path)


def _is_to_be_found(name: str, search: Sequence[str]) -> bool:
    if not _is_of_project(name):
        return False
    parent = name.rpartition(".")[0]
    path = getattr(sys.modules.get(parent), "__path__", None) if parent else search
    finders = [PathFinder, *(finder for finder in sys.meta_path if finder is not PathFinder)]
    specs = (finder.find_spec(name, path) for finder in finders if hasattr(finder, "find_spec"))
    found = next((spec for spec in specs if spec is not None), None)
    return found is not None and found.origin == getattr(sys.modules[name], "__file__", None)
