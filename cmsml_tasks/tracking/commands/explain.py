"""``--explain``: what would run, and why, before anything does."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterator
from typing import Any

import law

from cmsml_tasks.command_line.tables import table
from cmsml_tasks.tracking.contract.state import State, Verdict, few
from cmsml_tasks.tracking.contract.tracked import is_tracked, is_workflow, tasks_of
from cmsml_tasks.tracking.ingredients.inputs import required_by
from cmsml_tasks.tracking.judging import workflow_snapshot
from cmsml_tasks.tracking.judging.restoring import restorable
from cmsml_tasks.tracking.storage.one_look import one_look, seen


class Fate(enum.Enum):
    """What would become of a task; the value is what users see."""

    RUN = "run"
    RESTORE = "restore"
    RESTORE_IF_UNCHANGED = "restore if unchanged"
    REBUILD = "rebuild"
    IF_CHANGED = "run if changed"
    CUT_OFF = "probably cut off"
    UP_TO_DATE = "up to date"
    ARCHIVED = "archived"


_GIVES_THE_SAME = {Fate.REBUILD, Fate.CUT_OFF, Fate.UP_TO_DATE}


def explain(root: Any, depth: int) -> None:
    """Print the fate of *root* and of what it requires, *depth* levels up, -1 for all.

    What a task requires is looked at only where the task itself is not up to date: luigi does the
    same.
    """
    with one_look():
        rows = Counter(_rows(root, depth, False, set()))
        totals = Counter[str]()
        for (_, family, _), number in rows.items():
            totals[family] += number
        lines = [
            (fate.value, family, f"{number} of {totals[family]}", why)
            for (fate, family, why), number in rows.items()
        ]
    print(table([("what", "task", "number", "why"), *lines]))
    if all(fate in (Fate.UP_TO_DATE, Fate.ARCHIVED) for fate, _, _ in rows) and not _to_build(root):
        print("nothing would run")


def _to_build(root: Any) -> bool:
    return not root.complete()


def _rows(task: Any, depth: int, is_read: bool, done: set[int]) -> Iterator[tuple[Fate, str, str]]:
    """Yield fate, family and reason of *task* and, first, of all that it requires."""
    if id(task) in done:
        return
    done.add(id(task))
    if is_workflow(task):
        yield from _workflow_rows(task, depth, is_read, done)
        return
    fate = fate_of(task, is_read)
    if fate not in (Fate.UP_TO_DATE, Fate.ARCHIVED) and depth != 0:
        for required in _required(task):
            yield from _rows(required, depth - 1, True, done)
    yield fate, task.task_family, _why(task, fate)


def _workflow_rows(
    workflow: Any, depth: int, is_read: bool, done: set[int]
) -> Iterator[tuple[Fate, str, str]]:
    if is_tracked(workflow) and workflow_snapshot.holds(workflow):
        family = workflow.task_family
        yield from ((Fate.UP_TO_DATE, family, "") for _ in workflow.get_branch_map())
        return
    for branch in tasks_of(workflow):
        yield from _rows(branch, depth, is_read, done)


def _required(task: Any) -> list[Any]:
    if is_tracked(task):
        return list(required_by(task))
    return list(law.util.flatten(task.requires()))


def fate_of(task: Any, is_read: bool) -> Fate:
    """Return what would become of *task*, a branch or a plain one; *is_read*: by one that runs."""
    return seen(f"fate {is_read}", task, lambda: _fate_of(task, is_read))


def _fate_of(task: Any, is_read: bool) -> Fate:
    if not is_tracked(task):
        return Fate.UP_TO_DATE if task.complete() else Fate.RUN
    state: State = task.state()
    if state.verdict is Verdict.COMPLETE:
        return Fate.UP_TO_DATE
    if state.verdict is Verdict.ARCHIVED:
        return Fate.REBUILD if is_read else Fate.ARCHIVED
    if restorable(task):
        return Fate.RESTORE
    if state.verdict is Verdict.MISSING or state.changed or state.damaged:
        return Fate.RESTORE_IF_UNCHANGED if restorable(task, if_unchanged=True) else Fate.RUN
    makers = [maker for required in _required(task) for maker in tasks_of(required)]
    if all(_gives_the_same(maker) for maker in makers):
        return Fate.CUT_OFF
    return Fate.RESTORE_IF_UNCHANGED if restorable(task, if_unchanged=True) else Fate.IF_CHANGED


def _gives_the_same(task: Any) -> bool:
    """Tell whether *task*, if it runs, has the ingredients that its last outputs were made from."""
    if fate_of(task, True) in _GIVES_THE_SAME:
        return True
    state = task.state() if is_tracked(task) else None
    return bool(state and state.manifest and not state.changed and not state.waits_for)


def _why(task: Any, fate: Fate) -> str:
    if not is_tracked(task):
        return "" if fate is Fate.UP_TO_DATE else "not complete"
    state: State = task.state()
    if fate is Fate.REBUILD:
        return "archived, and must be read"
    if state.verdict is Verdict.MISSING:
        return "missing"
    return few([*state.reasons, *state.unknown])
