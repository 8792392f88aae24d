"""Train the network of a recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import law

from cmsml_tasks.filenames import HISTORY, MANIFEST, MODEL, REFERENCE
from cmsml_tasks.isolated import call_isolated
from cmsml_tasks.tasks.base import BranchedTask

# the order of sets of strings must not decide about weights
_FIXED_HASHES = {"PYTHONHASHSEED": "0"}


class TrainModel(BranchedTask):
    """Train each fold and scan point of a recipe: ``model.keras``, history, reference rows."""

    def _generator(self) -> dict[str, law.Task]:
        if self.branch_map[0].recipe.generate is None:
            return {}
        # imported where it is needed, because luigi parses options against all tasks that it knows
        from cmsml_tasks.tasks.generate import GenerateEvents

        return {"events": GenerateEvents.req(self)}

    def local_workflow_requires(self) -> Any:
        """Return what the branches need, so that it is shown and made once."""
        return law.util.DotDict(self._generator())

    def requires(self) -> dict[str, law.Task]:
        """Return the task that makes the events, where the recipe makes its own."""
        return self._generator()

    def output(self) -> dict[str, law.LocalFileTarget]:
        """Return model, history, reference rows and manifest."""
        return {
            "model": self.local_target(MODEL),
            "history": self.local_target(HISTORY),
            "reference": self.local_target(REFERENCE),
            "manifest": self.local_target(MANIFEST),
        }

    def run(self) -> Any:
        """Train in an interpreter of its own."""
        outputs = self.output()
        outputs["manifest"].remove()
        events = self.input().get("events")
        results = call_isolated(
            "cmsml_tasks.training.train:train",
            environment=_FIXED_HASHES,
            recipe=self.recipe,
            settings=self.settled_recipe.settings(),
            folder=str(Path(outputs["model"].path).parent),
            files=[events["events"].path] if events else None,
            fold=self.branch_data.fold,
            folds=self.folds or None,
            label=self.branch_data.name,
        )
        self.write_manifest()
        area = results.get("roc_area")
        if area is not None:
            self.speak(f"ROC area {area:.4f} on {results['events']} validation events")
