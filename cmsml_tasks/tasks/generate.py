"""Events that a recipe makes by itself."""

from __future__ import annotations

from typing import Any

import law

from cmsml_tasks.filenames import EVENTS, MANIFEST
from cmsml_tasks.isolated import call_isolated
from cmsml_tasks.recipes import load_recipe
from cmsml_tasks.tasks.base import VersionedTask


class GenerateEvents(VersionedTask):
    """Write the events of a recipe with a ``generate`` method, such as the demo, to a file."""

    def output(self) -> dict[str, law.LocalFileTarget]:
        """Return the file of events and its manifest."""
        ending = load_recipe(self.recipe).generated_ending
        return {
            "events": self.local_target(f"{EVENTS}{ending}"),
            "manifest": self.local_target(MANIFEST),
        }

    def run(self) -> Any:
        """Generate in an interpreter of its own."""
        outputs = self.output()
        outputs["manifest"].remove()
        call_isolated(
            "cmsml_tasks.training.generate:generate_events",
            recipe=self.recipe,
            path=outputs["events"].path,
        )
        self.write_manifest()
