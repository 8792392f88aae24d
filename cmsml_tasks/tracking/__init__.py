"""Reruns that follow what changed: a layer over law that knows neither TensorFlow nor models.

`TrackedTask` is the base class that a task derives from; docs/reruns.md explains what it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmsml_tasks.lazy import lazy_names
from cmsml_tasks.tracking.source_code.imported import watch_imports

if TYPE_CHECKING:
    from cmsml_tasks.tracking.contract.state import State, Verdict
    from cmsml_tasks.tracking.contract.tracked_file import NotHere, TrackedFile
    from cmsml_tasks.tracking.manifests.manifest import Manifest
    from cmsml_tasks.tracking.task import TrackedTask

__all__ = ["Manifest", "NotHere", "State", "TrackedFile", "TrackedTask", "Verdict"]

watch_imports()

__getattr__ = lazy_names(
    __name__,
    {
        "Manifest": "manifests.manifest",
        "NotHere": "contract.tracked_file",
        "State": "contract.state",
        "TrackedFile": "contract.tracked_file",
        "TrackedTask": "task",
        "Verdict": "contract.state",
    },
)
