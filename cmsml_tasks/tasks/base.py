"""What all tasks share: parameters that are checked at once, paths, what counts as changed."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import law
import luigi
from luigi.cmdline_parser import CmdlineParser

from cmsml_tasks.arguments import flag
from cmsml_tasks.batch.site import jobs_folder
from cmsml_tasks.batch.workflow import BatchWorkflow
from cmsml_tasks.command_line.messages import refuse
from cmsml_tasks.errors import SettingsError, UserError
from cmsml_tasks.output_files import MANIFEST
from cmsml_tasks.recipes import (
    Recipe,
    load_recipe,
    serialize_scan,
    serialize_settings,
    serialize_value,
)
from cmsml_tasks.tasks.branches import DEMO, Branch, Plan, plan, scanned_names
from cmsml_tasks.tasks.parameters import RepeatedParameter, WholeNumberParameter
from cmsml_tasks.tasks.store import path_part, store, target
from cmsml_tasks.tracking.task import TrackedTask

Params = dict[str, Any]

_NEVER_EMPTY = ("version", "recipe", "source")


def _refuse_empty_options() -> None:
    """Refuse options such as ``--source ""``, which luigi takes for not given at all.

    Raises:
        SettingsError: there is one, likely an unset variable of a script.
    """
    parser = CmdlineParser.get_instance()
    for name in _NEVER_EMPTY if parser is not None else ():
        if getattr(parser.known_args, name, None) == "":
            raise SettingsError(f"--{name} is empty; is a variable of your script not set?")


def check_branch(branch: int, count: int) -> None:
    """Check that law's ``--branch`` is one of *count*.

    Raises:
        SettingsError: it is not.
    """
    if not -1 <= branch < count:
        last = f"0 to {count - 1}" if count > 1 else "only 0"
        raise SettingsError(f"--branch {branch}: there is {last}; leave it out to run all")


class VersionedTask(TrackedTask, law.SandboxTask):  # type: ignore[misc]
    """A task of one recipe at one version, with a manifest beside its outputs."""

    exclude_index = True
    allow_empty_sandbox = True
    manifest_name = MANIFEST
    writes_by_rename = True
    untracked_params = frozenset({"version"})

    version = luigi.Parameter(description="name of this round of outputs, part of their path")
    recipe = luigi.Parameter(
        default=DEMO,
        description="what is trained: package.module.Class, or a short name from the section "
        "[cmsml_tasks_recipes] of law.cfg; default: the built-in demo",
    )

    @classmethod
    def get_param_values(cls, params: Any, args: Any, kwargs: Any) -> list[tuple[str, Any]]:
        """Check and normalise parameters before there is an instance; a mistake ends the run."""
        try:
            _refuse_empty_options()
            values: list[tuple[str, Any]] = super().get_param_values(params, args, kwargs)
            return values
        except luigi.parameter.MissingParameterException as error:
            (name,) = re.findall(r"'(\w+)' parameter", str(error)) or ["version"]
            given = flag(name)
            refuse(SettingsError(f"{given} is missing; try: law run {cls.task_family} {given} v1"))
        except UserError as error:
            refuse(error)

    @classmethod
    def modify_param_values(cls, params: Params) -> Params:
        """Bring parameters to canonical form, so that equal requests are equal tasks."""
        params = super().modify_param_values(params)
        path_part("version", params["version"])
        store()
        return cls.settle(params)

    @classmethod
    def settle(cls, params: Params) -> Params:
        """Resolve the recipe; a subclass with more parameters resolves those too.

        Raises:
            UserError: a parameter that cannot be used.
        """
        params["recipe"] = plan(params["recipe"], "", "", 0).recipe
        return params

    def folder(self) -> tuple[str, ...]:
        """Return the parts of the output folder's path below the store."""
        return (self.task_family, self.recipe, self.version)

    def store_target(self, name: str) -> Any:
        """Return the target of the output file *name*."""
        return target(*self.folder(), name)

    @cached_property
    def recipe_class(self) -> type[Recipe]:
        """The class that the parameter ``recipe`` names."""
        return load_recipe(self.recipe)

    def recipe_code(self) -> list[str]:
        """Return the code that decides about events and models of the recipe."""
        return self.recipe_class.code()

    def folders_of_runs(self) -> list[str]:
        """Return the store and the folder of jobs."""
        return [str(jobs_folder()), *([str(store())] if isinstance(store(), Path) else [])]

    def recipe_version(self) -> dict[str, dict[str, Any]]:
        """Return the section of the version that stands for the recipe's code, if it has one."""
        version = self.recipe_class.code_version
        return {} if version is None else {"version of": {"the recipe": version}}


class BranchedTask(VersionedTask, BatchWorkflow):
    """A task that is done once for each fold and each point of a scan."""

    exclude_index = True
    # a branch is its settings and its fold, however they were asked for
    untracked_params = VersionedTask.untracked_params | {"settings", "folds", "scan"}

    settings = RepeatedParameter(
        default="",
        description="settings of the recipe that differ from its defaults: name=value,name=value; "
        "[a,b] is a list, quotes protect commas; may be given several times; default: empty",
    )
    folds = WholeNumberParameter(
        "--folds",
        default=0,
        description="train this many networks, each blind to the events of its own fold; default: "
        "0, one network without folds",
    )
    scan = RepeatedParameter(
        default="",
        description="train once for each value: name=a:b:c; may be given several times, which "
        "multiplies; default: empty",
    )

    @classmethod
    def settle(cls, params: Params) -> Params:
        """Resolve recipe, settings and scan together."""
        settled = cls._plan(params)
        params.update(recipe=settled.recipe, settings=settled.settings, scan=settled.scan)
        check_branch(params["branch"], len(settled.branches))
        return params

    @staticmethod
    def _plan(params: Mapping[str, Any]) -> Plan:
        return plan(params["recipe"], params["settings"], params["scan"], params["folds"])

    def create_branch_map(self) -> dict[int, Branch | None]:
        """Return the branches by law's number."""
        return dict(enumerate(self._plan(self.param_kwargs).branches))

    def speak(self, text: str) -> None:
        """Print *text*, under the name of the branch where there are several."""
        name = "" if self.branch_data is None else self.branch_data.name
        self.publish_message(f"{name}:\n{text}" if name else text)

    @cached_property
    def settled_recipe(self) -> Recipe:
        """The recipe of this branch with its settings."""
        branch: Branch = self.branch_data
        return branch.recipe

    def folder(self) -> tuple[str, ...]:
        """Return the parts of the output folder's path; a lone branch has no folder of its own."""
        name = self.branch_data.name
        return (*super().folder(), name) if name else super().folder()

    def jobs_path(self) -> tuple[str, ...]:
        """Return the parts of the path of the jobs: those of the outputs of all branches."""
        return VersionedTask.folder(self)

    def jobs_identity(self) -> list[str]:
        """Return the names of the branches, which are also their folders."""
        return [branch.name if branch else "" for branch in self.get_branch_map().values()]

    def branch_label(self) -> str:
        """Return the branch's name, which is also its folder."""
        return "" if self.branch_data_or_none() is None else str(self.branch_data.name)

    def title(self) -> str:
        """Return how a run is told: ``TrainModel v1, fold 2 of 5, hidden_units=32``."""
        branch = self.branch_data_or_none()
        words = [f"{self.task_family} {self.version}"]
        if branch is not None and branch.name:
            words += [] if branch.fold is None else [f"fold {branch.fold} of {self.folds}"]
            settings = branch.recipe.settings()
            names = sorted(scanned_names(self.scan))
            words += [f"{name}={serialize_value(settings[name])}" for name in names]
        return ", ".join(words)

    def request(self) -> dict[str, Any]:
        """Return what makes this branch again, with all of its settings as they are now."""
        request = super().request()
        branch = self.branch_data_or_none()
        if branch is None:
            return request
        settings, scanned = branch.recipe.settings(), scanned_names(self.scan)
        fixed = {name: value for name, value in settings.items() if name not in scanned}
        request["parameters"] |= {
            "settings": serialize_settings(fixed),
            "scan": serialize_scan({name: [settings[name]] for name in sorted(scanned)}),
            "branch": str(branch.fold or 0),
        }
        return request


# nobody runs the bases, and luigi builds its parsers from the parameters of all registered tasks
VersionedTask.deregister()
BranchedTask.deregister()

# What is loaded by now lives as long as the process. Left out of the search for garbage, and so of
# most of the last one at the end, it saves a quarter of the time of a command that only looks.
# A notebook or test that imports the tasks keeps its garbage as it is.
if "law.cli.run" in sys.modules:
    gc.freeze()
