"""The law tasks: `GenerateEvents`, `TrainModel`, `ExportGraph`, `ValidateGraph`.

A ``law.cfg`` lists them as ``cmsml_tasks.tasks.{generate,train,export,validate}``. Each is imported
on its own, because luigi parses a command line against all tasks that it knows.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cmsml_tasks.tasks.export import ExportGraph
    from cmsml_tasks.tasks.generate import GenerateEvents
    from cmsml_tasks.tasks.train import TrainModel
    from cmsml_tasks.tasks.validate import ValidateGraph

__all__ = ["ExportGraph", "GenerateEvents", "TrainModel", "ValidateGraph"]

_HOMES = {
    "ExportGraph": "export",
    "GenerateEvents": "generate",
    "TrainModel": "train",
    "ValidateGraph": "validate",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
