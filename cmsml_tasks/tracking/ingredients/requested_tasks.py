"""Tasks that a manifest names, as objects: only of classes that are loaded anyway.

Others may write into a store, and a manifest is no program: nothing is imported because it says so.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import law
from luigi.task_register import Register, TaskClassException

from cmsml_tasks.command_line.messages import refusals_raised
from cmsml_tasks.only_loaded import only_loaded
from cmsml_tasks.shown import printable

if TYPE_CHECKING:
    from cmsml_tasks.tracking.manifests.manifest import Manifest


class GoneError(Exception):
    """A task that cannot be had; its text says which, and why."""


def asked_for(manifest: Manifest) -> tuple[list[law.Task], list[str]]:
    """Return what the task of *manifest* asked for while it ran, and in words what is gone."""
    tasks, gone = [], []
    for module, family, parameters in manifest.required:
        try:
            tasks.append(_task(module, family, parameters))
        except GoneError as error:
            gone.append(f"requires {printable(str(error))}")
    return tasks, gone


def described(tasks: Iterable[law.Task]) -> list[list[Any]]:
    """Return what a manifest says of *tasks*, for `asked_for`."""
    return [[each.task_module, each.task_family, each.to_str_params()] for each in tasks]


def _task(module: str, family: str, parameters: Mapping[str, str]) -> law.Task:
    try:
        found = Register.get_task_cls(family)
    except TaskClassException:
        found = None
    if found is None or found.__module__ != module:
        raise GoneError(f"{family}, which is gone{_advice(module)}")
    try:
        with only_loaded(), refusals_raised():
            return found.from_str_params(dict(parameters))
    except Exception as error:  # whatever parameters of the user's own say of such texts
        raise GoneError(f"{family}, which is gone as it was: {error}") from error


def _advice(module: str) -> str:
    if module in sys.modules:
        return ""
    return f" (module {module} is not loaded; the task's own module must import it)"
