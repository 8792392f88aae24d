"""Workflow tasks that turn trained networks into validated, reproducible frozen graphs.

Public names load on first use: importing this package imports neither TensorFlow nor law.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cmsml_tasks.conversion import (
        get_session,
        load_frozen_graph,
        load_graph,
        save_frozen_graph,
        save_graph,
    )
    from cmsml_tasks.recipes import EventRecipe, Recipe

__version__ = "0.1.0"

__all__ = [
    "EventRecipe",
    "Recipe",
    "get_session",
    "load_frozen_graph",
    "load_graph",
    "save_frozen_graph",
    "save_graph",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    room = "recipes" if name.endswith("Recipe") else "conversion"
    return getattr(import_module(f"{__name__}.{room}"), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
