"""The law tasks: ``GenerateEvents``, ``TrainModel``, ``ExportGraph``, ``ValidateGraph``.

This is the module to list under ``[modules]`` in a ``law.cfg``.
"""

from cmsml_tasks.tasks.export import ExportGraph
from cmsml_tasks.tasks.generate import GenerateEvents
from cmsml_tasks.tasks.messages import speak_plainly
from cmsml_tasks.tasks.train import TrainModel
from cmsml_tasks.tasks.validate import ValidateGraph

speak_plainly()

__all__ = ["ExportGraph", "GenerateEvents", "TrainModel", "ValidateGraph"]
