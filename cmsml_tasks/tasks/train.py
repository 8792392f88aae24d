"""Train the network of a recipe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import law

from cmsml_tasks.output_files import HISTORY, MODEL, REFERENCE
from cmsml_tasks.tasks.base import BranchedTask
from cmsml_tasks.tasks.branches import Branch
from cmsml_tasks.tasks.recipe_files import recipe_files
from cmsml_tasks.tracking.contract.tracked_file import AnyTrackedFile
from cmsml_tasks.tracking.runs.observed_call import observed_call
from cmsml_tasks.tracking.source_code.code_digests import root_of
from cmsml_tasks.tracking.storage.one_look import seen

# the order of sets of strings must not decide about weights
_FIXED_HASHES = {"PYTHONHASHSEED": "0"}


class TrainModel(BranchedTask):
    """Train each fold and scan point of a recipe: ``model.keras``, history, reference rows."""

    code_version = 1
    runs_imported_code = False

    def _generator(self) -> dict[str, law.Task]:
        if self.recipe_class.generate is None:
            return {}
        # imported where it is needed, because luigi parses options against all tasks that it knows
        from cmsml_tasks.tasks.generate import GenerateEvents

        events = seen("events", self.as_workflow(), lambda: GenerateEvents.req(self))
        return {"events": events}

    def local_workflow_requires(self) -> Any:
        """Return what the branches need, so that it is shown and made once."""
        return law.util.DotDict(self._generator())

    def batch_requires(self) -> dict[str, law.Task]:
        """Return the task that makes the events, which all jobs read."""
        return self._generator()

    def requires(self) -> dict[str, law.Task]:
        """Return the task that makes the events, where the recipe makes its own."""
        return self._generator()

    def output(self) -> dict[str, Any]:
        """Return model, history and reference rows."""
        return {
            "model": self.store_target(MODEL),
            "history": self.store_target(HISTORY),
            "reference": self.store_target(REFERENCE),
        }

    def tracked_settings(self) -> dict[str, dict[str, Any]]:
        """Return what describes the data, and the version that stands for the recipe's code."""
        return {"data": self.recipe_class.description(), **self.recipe_version()}

    def tracked_branch(self, data: Branch) -> dict[str, Any]:
        """Return settings and fold."""
        return {
            "setting": data.recipe.settings(),
            "fold": {"number": data.fold, "of": self.folds or None},
        }

    def tracked_files(self, data: Branch) -> Sequence[AnyTrackedFile]:
        """Return the recipe's files of events and of data, found anew once in each look."""
        recipe = data.recipe
        # globs cost time, and most recipes have the same files whatever their settings
        alike = not recipe.has_own_files()
        return seen("files", type(recipe) if alike else recipe, lambda: recipe_files(recipe))

    def tracked_code(self) -> list[str]:
        """Return the code of the recipe."""
        return self.recipe_code()

    def run(self) -> Any:
        """Train in an interpreter of its own."""
        with self.staged() as (inputs, outputs):
            events = inputs.get("events")
            folder = str(Path(outputs["model"].path).parent)
            files = [events["events"].path] if events else None
            results = observed_call(
                self,
                "cmsml_tasks.training.train:train",
                staged=[folder, *(files or ())],
                environment=_FIXED_HASHES,
                recipe=self.recipe,
                settings=self.settled_recipe.settings(),
                folder=folder,
                files=files,
                fold=self.branch_data.fold,
                folds=self.folds or None,
                label=self.branch_data.name,
            )
        # networks with layers of one's own can only be read with the recipe's code
        self.read_with = [root_of(self.recipe_class)] if results["needs_code"] else []
        events = f"on {results['events']} validation events"
        if "roc_area" in results:
            self.speak(f"ROC area {results['roc_area']:.4f} {events}")
        elif "no_roc_area" in results:
            self.speak(f"no ROC area {events}, because {results['no_roc_area']}")
