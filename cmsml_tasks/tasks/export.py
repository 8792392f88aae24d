"""Export a trained model as frozen graph."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import law
import luigi

from cmsml_tasks.command_line.messages import told
from cmsml_tasks.exporting.card import read_card
from cmsml_tasks.exporting.usage import cpp_lines, interface_text
from cmsml_tasks.output_files import CANONICAL_FORM, CARD, GRAPHS, HISTORY, MODEL, REFERENCE
from cmsml_tasks.tasks.custom_modules import own_modules, parse_modules, versions_of
from cmsml_tasks.tasks.names import parse_names
from cmsml_tasks.tasks.operations import parse_operations
from cmsml_tasks.tasks.source import ExportedTask, parse_shapes
from cmsml_tasks.tasks.train import TrainModel
from cmsml_tasks.tasks.values import parse_values
from cmsml_tasks.tracking.runs.observed_call import observed_call
from cmsml_tasks.tracking.storage.places import place

# a model's file is the same whatever it was trained with
_ON_TENSORFLOW = {"KERAS_BACKEND": "tensorflow"}


class ExportGraph(ExportedTask):
    """Freeze each trained model: ``graph.pb`` and its signature card ``graph.json``."""

    code_version = 1
    # a graph is the same with and without leave
    untracked_params = ExportedTask.untracked_params | {"allow_operations"}
    value_before = {"signature": ""}  # noqa: RUF012
    reads = {"TrainModel": (MODEL, HISTORY)}  # noqa: RUF012

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.constant_inputs and not self.has_source:
            # rows of the training are evaluated anew
            self.reads = {"TrainModel": (MODEL, HISTORY, REFERENCE)}  # type: ignore[misc]
        if self.has_source and self.is_workflow():
            with told():
                self.check_source_is_the_same()

    def local_workflow_requires(self) -> Any:
        """Return the trainings of all branches, none where a source replaces them."""
        return law.util.DotDict({} if self.has_source else {"model": TrainModel.req(self)})

    def batch_requires(self) -> dict[str, law.Task]:
        """Return what trainings need before they are sent away."""
        return {} if self.has_source else dict(TrainModel.req(self).batch_requires())

    def requires(self) -> dict[str, law.Task]:
        """Return the training of this branch, none where a source replaces it."""
        return {} if self.has_source else {"model": TrainModel.req(self)}

    def output(self) -> dict[str, Any]:
        """Return graph and card; reference rows where those of a training are none for it."""
        names = {name: GRAPHS[name] for name in self.formats}
        names |= {"card": CARD}
        names |= {"reference": REFERENCE} if self.has_own_reference else {}
        return {key: self.store_target(name) for key, name in names.items()}

    def tracked_settings(self) -> dict[str, dict[str, Any]]:
        """Return the versions of the canonical form, and of packages with layers of a source."""
        packages = versions_of(parse_modules(self.custom_modules))
        return {"version of": {"the canonical form": CANONICAL_FORM, **packages}}

    def tracked_code(self) -> list[str]:
        """Return the user's own modules that have layers of a source."""
        return own_modules(parse_modules(self.custom_modules))

    def tracked_files(self, data: Any) -> Sequence[str]:
        """Return the source."""
        return (self.source,) if self.has_source else ()

    def run(self) -> Any:
        """Export in an interpreter of its own; print where the graph lies and how to load it."""
        with self.staged() as (inputs, outputs):
            folder = str(Path(outputs["pb"].path).parent)
            if self.has_source:
                card = self._export_source(folder)
            else:
                card = self._export_trained(inputs["model"], folder)
        self.speak(self._usage(card))

    def _usage(self, card: Any) -> str:
        path = str(self.output()["pb"].abspath)
        text = interface_text(card, path)
        if len(self.branch_map) > 1:
            return text
        return f"{text}\n\nin CMSSW:\n\n{cpp_lines(card, path)}\n"

    def jobs_ended(self) -> None:
        """Say where the graphs lie."""
        self.show_present()

    def show_present(self) -> None:
        """Print what a run prints, for graphs that were there already."""
        task = self.as_branch(0) if self.is_workflow() else self
        card = task.output()["card"]
        if self.is_workflow() and len(self.branch_map) > 1:
            folder = place(card.abspath).parent.parent
            print(f"{len(self.branch_map)} graphs, each in a folder of its own in {folder}")
        else:
            with card.localize("r") as local:
                print(task._usage(read_card(local.path)))

    def _export_trained(self, model: Any, folder: str) -> Any:
        kept = ("reference",) if self.has_own_reference else ()
        files = {name: model[name].path for name in ("model", "history", *kept)}
        return observed_call(
            self,
            "cmsml_tasks.exporting.export:export_trained",
            environment=_ON_TENSORFLOW,
            staged=[folder, *files.values()],
            **files,
            module=self.recipe.rpartition(".")[0],
            folder=folder,
            formats=self.formats,
            input_names=parse_names("--input-names", self.input_names),
            output_names=parse_names("--output-names", self.output_names),
            allow_operations=parse_operations(self.allow_operations),
            constant_inputs=parse_values("--constant-inputs", self.constant_inputs),
        )

    def _export_source(self, folder: str) -> Any:
        return observed_call(
            self,
            "cmsml_tasks.exporting.export:export_source",
            environment=_ON_TENSORFLOW,
            staged=[folder, self.source],
            source=self.source,
            folder=folder,
            formats=self.formats,
            input_shapes=parse_shapes(self.input_shapes),
            input_names=parse_names("--input-names", self.input_names),
            output_names=parse_names("--output-names", self.output_names),
            allow_operations=parse_operations(self.allow_operations),
            constant_inputs=parse_values("--constant-inputs", self.constant_inputs),
            signature=self.signature or None,
            custom_modules=parse_modules(self.custom_modules),
        )


@ExportGraph.event_handler(luigi.Event.DEPENDENCY_PRESENT)  # type: ignore[untyped-decorator]
def _tell_where_it_lies(task: ExportGraph) -> None:
    # a second run of the same command is how people look for their graph
    if task == law.parser.root_task():
        task.show_present()
