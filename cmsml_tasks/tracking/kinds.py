"""What kind of task one is: tracked or not, a workflow or one of its branches."""

from __future__ import annotations

from typing import Any

import law


def is_tracked(task: Any) -> bool:
    """Tell whether *task* is a `TrackedTask`; known by what it can do, which needs no import."""
    return hasattr(task, "branch_states")


def is_workflow(task: Any) -> bool:
    """Tell whether *task* stands for all branches of a workflow."""
    return isinstance(task, law.BaseWorkflow) and task.is_workflow()


def tasks_of(task: Any) -> list[Any]:
    """Return the branches of a workflow, or *task* itself."""
    return list(task.get_branch_tasks().values()) if is_workflow(task) else [task]
