"""The law tasks: `GenerateEvents`, `TrainModel`, `ExportGraph`, `ValidateGraph`.

A ``law.cfg`` lists them as ``cmsml_tasks.tasks.{generate,train,export,validate}``. Each is imported
on its own, because luigi parses a command line against all tasks that it knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsml_tasks.lazy import lazy_names

if TYPE_CHECKING:
    from cmsml_tasks.tasks.export import ExportGraph
    from cmsml_tasks.tasks.generate import GenerateEvents
    from cmsml_tasks.tasks.train import TrainModel
    from cmsml_tasks.tasks.validate import ValidateGraph

__all__ = ["ExportGraph", "GenerateEvents", "TrainModel", "ValidateGraph"]

__getattr__ = lazy_names(
    __name__,
    {
        "ExportGraph": "export",
        "GenerateEvents": "generate",
        "TrainModel": "train",
        "ValidateGraph": "validate",
    },
)
