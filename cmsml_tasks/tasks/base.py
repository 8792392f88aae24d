"""What all tasks share: parameters that are checked at once, paths, manifests."""

from __future__ import annotations

import gc
import json
import re
import shlex
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import law
import luigi
from luigi.cmdline_parser import CmdlineParser

from cmsml_tasks.errors import SettingsError, UserError
from cmsml_tasks.recipes import Recipe
from cmsml_tasks.tasks.branches import DEMO, Branch, Plan, plan
from cmsml_tasks.tasks.messages import refuse, speak_plainly
from cmsml_tasks.tasks.parameters import RepeatedParameter, WholeNumberParameter
from cmsml_tasks.tasks.store import path_part, store, target
from cmsml_tasks.tracking import Manifest, differences

Params = dict[str, Any]

_IDENTITY = {"version", "recipe", "settings", "folds", "scan"}
_IDENTITY |= {"source", "input_shapes", "input_names", "output_names"}
_NEVER_EMPTY = ("version", "recipe", "source")

speak_plainly()


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


class VersionedTask(law.Task):  # type: ignore[misc]
    """A task of one recipe at one version, with a manifest beside its outputs."""

    exclude_index = True

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
            flag = f"--{name.replace('_', '-')}"
            refuse(SettingsError(f"{flag} is missing; try: law run {cls.task_family} {flag} v1"))
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

    def local_target(self, name: str) -> law.LocalFileTarget:
        """Return the target of the output file *name*."""
        return target(*self.folder(), name)

    def ingredients(self) -> dict[str, Any]:
        """Return as JSON what decides about the outputs; recorded in the manifest."""
        return {"recipe": self.recipe}

    def write_manifest(self) -> None:
        """Record the finished outputs; the last step of every ``run``."""
        outputs = dict(self.output())
        manifest = outputs.pop("manifest")
        paths = [Path(output.path) for output in outputs.values()]
        Manifest.of(self.task_family, self.ingredients(), paths).write(manifest.path)

    def check_manifest(self) -> bool:
        """Return whether a readable manifest vouches for the outputs, if there are any.

        Raises:
            SettingsError: they were made from other ingredients than asked for.
        """
        outputs = dict(self.output())
        path = Path(outputs.pop("manifest").path)
        if not any(output.exists() for output in outputs.values()):
            return True
        recorded = Manifest.read(path)
        if recorded is None:
            return False
        current = json.loads(json.dumps(self.ingredients()))
        changed = differences(recorded.ingredients, current)
        if changed:
            refuse(
                SettingsError(
                    f"{path.parent} was made with other ingredients:\n  "
                    + "\n  ".join(changed)
                    + "\nchoose another --version, or remove the old ones with: "
                    + f"law run {self.task_family} {self._options()} --remove-output=0,a"
                )
            )
        return True

    def _options(self) -> str:
        """Return the options that make this task, without those that only choose a branch."""
        given = []
        for name, parameter in self.get_params():
            value = getattr(self, name)
            if name in _IDENTITY and value not in ("", 0, law.NO_STR):
                given += [f"--{name.replace('_', '-')}", str(parameter.serialize(value))]
        return shlex.join(given)

    def complete(self) -> bool:
        """Return whether all outputs exist, with a manifest that vouches for them.

        Raises:
            SettingsError: they exist, but were made from other ingredients.
        """
        return self.check_manifest() and bool(super().complete())


class BranchedTask(VersionedTask, law.LocalWorkflow):  # type: ignore[misc]
    """A task that is done once for each fold and each point of a scan."""

    exclude_index = True

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

    def workflow_complete(self) -> Any:
        """Leave the decision to the outputs, once the manifests vouch for them.

        Raises:
            SettingsError: a branch was made from other ingredients than asked for.
        """
        vouched = [task.check_manifest() for task in self.get_branch_tasks().values()]
        return NotImplemented if all(vouched) else False

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

    def ingredients(self) -> dict[str, Any]:
        """Return recipe, settings, description of the data and fold."""
        recipe = self.settled_recipe
        return {
            "recipe": self.recipe,
            "settings": recipe.settings(),
            "data": type(recipe).description(),
            "fold": self.branch_data.fold,
            "folds": self.folds or None,
        }


# nobody runs the bases, and luigi builds its parsers from the parameters of all registered tasks
VersionedTask.deregister()
BranchedTask.deregister()

# What is loaded by now lives as long as the process. Left out of the search for garbage, and so of
# most of the last one at the end, it saves a quarter of the time of a command that only looks.
gc.freeze()
