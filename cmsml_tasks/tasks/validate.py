"""Validate a frozen graph against the model that it was made from."""

from __future__ import annotations

from typing import Any

import law
import luigi

from cmsml_tasks.command_line.messages import told
from cmsml_tasks.errors import SettingsError, ValidationError
from cmsml_tasks.exporting.card import read_card
from cmsml_tasks.files import write_json
from cmsml_tasks.output_files import CARD, FAILED_REPORT, GRAPHS, REFERENCE, REPORT
from cmsml_tasks.runtimes import Runtime, check_runtime_name, runtime_named, runtime_versions
from cmsml_tasks.tasks.base import Params
from cmsml_tasks.tasks.export import ExportGraph
from cmsml_tasks.tasks.operations import parse_operations
from cmsml_tasks.tasks.parameters import ToleranceParameter
from cmsml_tasks.tasks.source import ExportedTask
from cmsml_tasks.tasks.store import runtimes_place
from cmsml_tasks.tasks.train import TrainModel
from cmsml_tasks.tracking.storage import places

_SHOWN = 5


class ValidateGraph(ExportedTask):
    """Check each graph in processes of its own: ``validation.json`` exists where all is well."""

    code_version = 1
    untracked_params = ExportedTask.untracked_params | {
        "input_shapes",
        "input_names",
        "output_names",
        "constant_inputs",
        "signature",
        "runtimes",  # their versions count, see tracked_settings
    }
    reads = {"ExportGraph": (GRAPHS["pb"], CARD), "TrainModel": (REFERENCE,)}  # noqa: RUF012

    atol = ToleranceParameter(
        "--atol",
        default=1e-6,
        description="outputs may differ from the original's by atol * min(1, largest |original| "
        "of their column) + rtol * |original|; default: 1e-6",
    )
    rtol = ToleranceParameter("--rtol", default=1e-6, description="see --atol; default: 1e-6")
    allow_constant = luigi.BoolParameter(
        default=False,
        description="accept outputs that are alike in all reference rows, or NaN, which no check "
        "could tell from a constant; default: False",
    )
    runtimes = law.CSVParameter(
        default=("session",),
        description="where the graph is run: session (TensorFlow of this Python), tf-2.12 (another "
        "release), cpp or cpp-2.12 (a C++ program with its library); default: session",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.has_own_reference:
            self.reads = {"ExportGraph": (GRAPHS["pb"], CARD, REFERENCE)}  # type: ignore[misc]

    @classmethod
    def settle(cls, params: Params) -> Params:
        """Check the names of runtimes; equal ones count once."""
        names = [check_runtime_name(name) for name in params["runtimes"]]
        if not names:
            raise SettingsError("--runtimes is empty; session is TensorFlow of this Python")
        params["runtimes"] = tuple(dict.fromkeys(names))
        return super().settle(params)

    def deps(self) -> Any:
        """Look whether the runtimes are there, before anything that they wait for is run."""
        with told():
            for runtime in self._runtimes():
                runtime.check()
        return super().deps()

    def tracked_settings(self) -> dict[str, dict[str, Any]]:
        """Return the versions of the runtimes: the report speaks of them and of no others."""
        with told():
            return {"runtime": runtime_versions(self.runtimes, runtimes_place)}

    def _runtimes(self) -> list[Runtime]:
        return [runtime_named(name, runtimes_place()) for name in self.runtimes]

    def local_workflow_requires(self) -> Any:
        """Return the exports of all branches."""
        return law.util.DotDict(graph=ExportGraph.req(self))

    def batch_requires(self) -> dict[str, law.Task]:
        """Return what trainings need before they are sent away."""
        return dict(ExportGraph.req(self).batch_requires())

    def requires(self) -> dict[str, law.Task]:
        """Return the export of this branch, and the training that has its reference rows."""
        required = {"graph": ExportGraph.req(self)}
        return required if self.has_own_reference else {**required, "model": TrainModel.req(self)}

    def output(self) -> dict[str, Any]:
        """Return the report of a passed validation."""
        return {"report": self.store_target(REPORT)}

    def jobs_ended(self) -> None:
        """Say where the reports lie, which are there because no check failed."""
        reports = [task.output()["report"].abspath for task in self.get_branch_tasks().values()]
        more = [f"and {len(reports) - _SHOWN} more"] if len(reports) > _SHOWN else []
        print("\n".join(["no check failed:", *reports[:_SHOWN], *more]))

    def run(self) -> Any:
        """Validate; leave the evidence of a failure beside the report, where no task reads it.

        Raises:
            ValidationError: at least one check failed, or none could have and that is not allowed;
                the message says which and where.
        """
        from cmsml_tasks.validation import Reports, validate

        with self.staged() as (inputs, outputs):
            graph = inputs["graph"]
            reports = [
                validate(
                    graph["pb"].path,
                    read_card(graph["card"].path),
                    inputs["graph" if self.has_own_reference else "model"]["reference"].path,
                    atol=self.atol,
                    rtol=self.rtol,
                    runtime=runtime,
                    allow_operations=parse_operations(self.allow_operations),
                )
                for runtime in self._runtimes()
            ]
            report = Reports(tuple(reports))
            evidence = places.place(self.output()["report"].abspath).with_name(FAILED_REPORT)
            allowed = ("passed", "proves nothing") if self.allow_constant else ("passed",)
            if report.verdict not in allowed:
                places.write_json(evidence, report.to_json())
                # a report of an earlier graph would read as if this one had passed
                self.output()["report"].remove()
                raise ValidationError(f"{report.summary()}\nevidence: {evidence}")
            write_json(outputs["report"].path, report.to_json())
        places.remove(evidence)
        self.speak(report.summary())
