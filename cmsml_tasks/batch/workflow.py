"""`BatchWorkflow`: the branches of a task here, or as jobs of a batch system."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import law

from cmsml_tasks.batch.site import SECTION, check_site, option
from cmsml_tasks.command_line.messages import refuse, told
from cmsml_tasks.errors import SettingsError, did_you_mean

_CLASSES = {"htcondor": "HTCondorJobs", "slurm": "SlurmJobs", "arc": "ARCJobs", "crab": "CrabJobs"}
_NAMES = option("systems", "htcondor,slurm").replace(" ", "").split(",")


def _systems() -> tuple[type, ...]:
    """Return the classes of the systems that the configuration names.

    Each has parameters of its own, which cost time at every start of a command.

    Raises:
        SettingsError: a system that does not exist.
    """
    for name in _NAMES:
        if name not in _CLASSES:
            near = did_you_mean(name, _CLASSES)
            raise SettingsError(f"systems {name!r} of [{SECTION}]: there is no such system{near}")
    modules = [import_module(f"cmsml_tasks.batch.{name}") for name in _NAMES]
    return tuple(
        getattr(module, _CLASSES[name]) for name, module in zip(_NAMES, modules, strict=True)
    )


class BatchWorkflow(law.LocalWorkflow, *_systems()):  # type: ignore[misc]
    """Base of tasks with branches that run here or on a batch system, by ``--workflow``.

    ``class Fit(TrackedTask, BatchWorkflow)`` is a task of one's own; see `Jobs` for its hooks.
    """

    exclude_index = True

    @classmethod
    def modify_param_values(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Refuse a workflow that there is not; law would run the branches here."""
        asked = params.get("workflow")
        if asked not in (None, law.NO_STR, "local", *_NAMES):
            with told():
                check_site()
            refuse(SettingsError(f"--workflow {asked}: {_why_not(str(asked))}"))
        return dict(super().modify_param_values(params))


def _why_not(name: str) -> str:
    if name in _CLASSES:
        return (
            f"this needs a site's configuration with 'systems: {name}' in [{SECTION}]; "
            f"workflows/sites/{name}.cfg is one: export CMSML_SITE=workflows/sites/{name}.cfg"
        )
    return f"there is no such system{did_you_mean(name, ['local', *_CLASSES])}"


BatchWorkflow.deregister()
