"""Events that a recipe makes by itself."""

from __future__ import annotations

from typing import Any

from cmsml_tasks.filenames import EVENTS
from cmsml_tasks.isolated import call_isolated
from cmsml_tasks.tasks.base import VersionedTask


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

    def tracked_code(self) -> list[str]:
        """Return the code of the recipe."""
        return self.recipe_code()

    def run(self) -> Any:
        """Generate in an interpreter of its own."""
        with self.staged() as (_, outputs):
            call_isolated(
                "cmsml_tasks.training.generate:generate_events",
                recipe=self.recipe,
                path=outputs["events"].path,
            )
