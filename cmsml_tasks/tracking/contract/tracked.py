"""What tracking asks of a task, and what kind of task one is.

`TrackedTask` answers; all that stands below it knows a task by these protocols alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeGuard

import law

from cmsml_tasks.observing.observed import Observed
from cmsml_tasks.tracking.contract.state import State
from cmsml_tasks.tracking.contract.tracked_file import AnyTrackedFile
from cmsml_tasks.tracking.storage.digests import Digest
from cmsml_tasks.tracking.storage.places import Place


class CurrentRun(Protocol):
    """One run of a task, for those who work for it."""

    def digests_of_inputs(self) -> Mapping[str, Digest]:
        """Return the digests of all that the task reads, by path or URL."""

    def is_superseded(self) -> bool:
        """Tell whether another run, of a host that sees no lock, has made the same meanwhile."""

    def make_way(self) -> None:
        """Keep or remove the old outputs; the new ones are about to take their places."""


class LawTask(Protocol):
    """What tracking uses of law and luigi."""

    task_id: str

    @property
    def task_family(self) -> str:
        """Name of the class."""

    def requires(self) -> Any:
        """Return the required tasks in any structure."""

    def input(self) -> Any:
        """Return the outputs of the required tasks."""

    def output(self) -> Any:
        """Return the targets in any structure."""

    def get_branch_map(self) -> dict[int, Any]:
        """Return what the branches are, by index."""

    def get_branch_tasks(self) -> dict[int, Any]:
        """Return the branches by index."""


class Hooks(Protocol):
    """What a task says about its ingredients; `TrackedTask` says what each is for."""

    @property
    def code_version(self) -> int | str | None:
        """Raised by hand for changes outside of the tracked code."""

    @property
    def compare_environment(self) -> Sequence[str]:
        """What of the environment makes stale."""

    @property
    def no_restore(self) -> bool:
        """Whether replaced outputs are left where they are kept."""

    @property
    def reads(self) -> Mapping[str, Sequence[str]]:
        """Which output files of a required task are read, by its family."""

    @property
    def writes_by_rename(self) -> bool:
        """Whether outputs are written under another name and renamed."""

    @property
    def runs_imported_code(self) -> bool:
        """Whether ``run`` works with what this process has imported."""

    def tracked_parameters(self) -> dict[str, Any]:
        """Return the parameters that decide, by name."""

    def values_before(self) -> dict[str, Any]:
        """Return what outputs were made with before a parameter existed."""

    def tracked_settings(self) -> dict[str, dict[str, Any]]:
        """Return what else decides about all branches, in sections."""

    def tracked_branch(self, data: Any) -> dict[str, Any]:
        """Return in sections what a branch is."""

    def tracked_files(self, data: Any) -> Sequence[AnyTrackedFile]:
        """Return files from outside."""

    def tracked_code(self) -> list[str]:
        """Return the roots of the code that decides."""

    def folders_of_runs(self) -> list[str]:
        """Return folders that runs fill."""

    def request(self) -> dict[str, Any]:
        """Return module, task and parameters that make the same again."""

    def branch_label(self) -> str:
        """Return how users know the branch."""

    def title(self) -> str:
        """Return how a run is told."""


class Tracked(LawTask, Hooks, Protocol):
    """A task whose outputs are complete only while they are fresh; `TrackedTask` is one."""

    making: CurrentRun | None
    has_run: bool
    known_complete: set[int]
    read_with: list[str]
    observed: Observed

    def owner(self) -> Tracked:
        """Return the task that the hooks are called on: the workflow of a branch, or itself."""

    def branch_data_or_none(self) -> Any:
        """Return the branch's entry in the branch map, None for what is no branch."""

    def output_paths(self) -> list[str]:
        """Return paths or URLs of the outputs of a branch or a plain task."""

    @property
    def manifest_path(self) -> Place:
        """Where the manifest lies."""

    def state(self) -> State:
        """Return what the outputs of a branch or a plain task are."""

    def branch_states(self) -> dict[int, State]:
        """Return the states of all branches of a workflow."""

    def is_made_outside(self) -> bool:
        """Tell whether this is the task that runs in a sandbox, tracked from outside of it."""

    def forget(self) -> None:
        """Remove the manifest, and what is kept of outputs that were replaced."""


def is_tracked(task: Any) -> TypeGuard[Tracked]:
    """Tell whether *task* is a `TrackedTask`; known by what it can do, which needs no import."""
    return hasattr(task, "branch_states")


def is_workflow(task: Any) -> bool:
    """Tell whether *task* stands for all branches of a workflow."""
    return isinstance(task, law.BaseWorkflow) and task.is_workflow()


def name_of(task: Tracked) -> str:
    """Return family and branch of a task, as users know it."""
    return " ".join(filter(None, [task.task_family, task.branch_label()]))


def tasks_of(task: Any) -> list[Any]:
    """Return the branches of a workflow, or *task* itself."""
    return list(task.get_branch_tasks().values()) if is_workflow(task) else [task]
