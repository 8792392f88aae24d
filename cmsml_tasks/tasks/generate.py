"""Events that a recipe makes by itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from cmsml_tasks.output_files import EVENTS
from cmsml_tasks.tasks.base import VersionedTask
from cmsml_tasks.tasks.recipe_files import data_files
from cmsml_tasks.tracking.contract.tracked_file import AnyTrackedFile
from cmsml_tasks.tracking.runs.observed_call import observed_call


class GenerateEvents(VersionedTask):
    """Write the events of a recipe with a ``generate`` method, such as the demo, to a file."""

    code_version = 1
    runs_imported_code = False

    def output(self) -> dict[str, Any]:
        """Return the file of events."""
        return {"events": self.store_target(f"{EVENTS}{self.recipe_class.generated_ending}")}

    def tracked_settings(self) -> dict[str, dict[str, Any]]:
        """Return the version that stands for the recipe's code."""
        return self.recipe_version()

    def tracked_files(self, data: Any) -> Sequence[AnyTrackedFile]:
        """Return the data files of the recipe."""
        return data_files(self.recipe_class)

    def tracked_code(self) -> list[str]:
        """Return the code of the recipe."""
        return self.recipe_code()

    def run(self) -> Any:
        """Generate in an interpreter of its own."""
        with self.staged() as (_, outputs):
            path = outputs["events"].path
            observed_call(
                self,
                "cmsml_tasks.training.generate:generate_events",
                staged=[os.path.dirname(path)],
                recipe=self.recipe,
                path=path,
            )
