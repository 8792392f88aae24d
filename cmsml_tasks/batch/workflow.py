"""`BatchWorkflow`: the branches of a task here, or as jobs of a batch system."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import law

from cmsml_tasks.batch.jobs import Jobs
from cmsml_tasks.batch.site import SECTION, check_site, option
from cmsml_tasks.command_line.interrupting import end_as_commands_do
from cmsml_tasks.command_line.messages import refuse, told
from cmsml_tasks.errors import SettingsError, did_you_mean
from cmsml_tasks.module_names import is_missing_itself

# one line for each system; a site's own is named in full by its configuration
_CLASSES = {
    "htcondor": "cmsml_tasks.batch.htcondor:HTCondorJobs",
    "slurm": "cmsml_tasks.batch.slurm:SlurmJobs",
    "arc": "cmsml_tasks.batch.arc:ARCJobs",
    "crab": "cmsml_tasks.batch.crab:CrabJobs",
}
_NAMES = option("systems", "htcondor,slurm").replace(" ", "").split(",")


def _system(name: str) -> type:
    """Return the class of a system, by its name or as ``module:Class``.

    Raises:
        SettingsError: a system or module that does not exist, or a class that is none of `Jobs`.
    """
    module, colon, class_name = _CLASSES.get(name, name).partition(":")
    where = f"systems {name!r} of [{SECTION}]"
    if not colon:
        near = did_you_mean(name, _CLASSES)
        raise SettingsError(
            f"{where}: there is no such system{near}; one of your own is named module:Class"
        )
    try:
        found = getattr(import_module(module), class_name, None)
    except ModuleNotFoundError as error:
        if not is_missing_itself(module, error):
            raise
        raise SettingsError(f"{where}: there is no module '{error.name}'") from error
    if not (isinstance(found, type) and issubclass(found, Jobs)):
        raise SettingsError(
            f"{where}: '{module}' has no class '{class_name}' that derives from "
            "cmsml_tasks.batch.jobs.Jobs"
        )
    return found


end_as_commands_do()  # the configuration may be wrong, and no other room has been here yet

# each has parameters of its own, which cost time at every start of a command
_SYSTEMS = tuple(map(_system, _NAMES))
_TYPES = [system.workflow_proxy_cls.workflow_type for system in _SYSTEMS]  # type: ignore[attr-defined]


class BatchWorkflow(law.LocalWorkflow, *_SYSTEMS):  # type: ignore[misc]
    """Base of tasks with branches that run here or on a batch system, by ``--workflow``.

    ``class Fit(TrackedTask, BatchWorkflow)`` is a task of one's own; see `Jobs` for its hooks.
    """

    exclude_index = True

    @classmethod
    def modify_param_values(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Refuse a workflow that there is not; law would run the branches here."""
        asked = params.get("workflow")
        if asked not in (None, law.NO_STR, "local", *_TYPES):
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
    return f"there is no such system{did_you_mean(name, ['local', *_TYPES, *_CLASSES])}"


BatchWorkflow.deregister()
