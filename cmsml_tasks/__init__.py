"""Workflow tasks that turn trained networks into validated, reproducible frozen graphs.

Public names load on first use: importing this package imports neither TensorFlow nor law.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsml_tasks.lazy import lazy_names
from cmsml_tasks.version import __version__ as __version__

if TYPE_CHECKING:
    from cmsml_tasks.conversion import (
        get_session,
        load_frozen_graph,
        load_graph,
        load_graph_def,
        save_frozen_graph,
        save_graph,
        save_model,
    )
    from cmsml_tasks.recipes import EventRecipe, Recipe

__all__ = [
    "EventRecipe",
    "Recipe",
    "get_session",
    "load_frozen_graph",
    "load_graph",
    "load_graph_def",
    "save_frozen_graph",
    "save_graph",
    "save_model",
]

_CONVERSION = set(__all__) - {"EventRecipe", "Recipe"}
__getattr__ = lazy_names(
    __name__, {name: "conversion" if name in _CONVERSION else "recipes" for name in __all__}
)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
