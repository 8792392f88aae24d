"""What is known about an output: the manifest beside it."""

from cmsml_tasks.tracking.manifest import Manifest, differences, environment

__all__ = ["Manifest", "differences", "environment"]
