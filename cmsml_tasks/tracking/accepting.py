"""``--accept``: outputs that the user declares still good are recorded as made from today's."""

from __future__ import annotations

import datetime
import getpass
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import law

from cmsml_tasks.tracking.ingredients import ingredients_of
from cmsml_tasks.tracking.inputs import asked_for, inputs_of, movable, required_by
from cmsml_tasks.tracking.judging import with_unknown
from cmsml_tasks.tracking.kinds import is_tracked, is_workflow, tasks_of
from cmsml_tasks.tracking.locking import Lock
from cmsml_tasks.tracking.manifest import Manifest, describe_outputs
from cmsml_tasks.tracking.state import State, Verdict, few, one_look


def accept(root: Any, depth: int) -> None:
    """Accept the stale outputs of *root* and of what it requires, *depth* levels up, -1 for all.

    What is required comes first, since an output cannot be accepted before its inputs are known.
    """
    accepted = 0
    for task in _upstream_first(root, depth, set()):
        with one_look():
            state = task.state()
            name = " ".join(filter(None, [task.task_family, task.branch_label()]))
            if state.verdict is not Verdict.STALE:
                continue
            obstacle = _obstacle(state)
            if obstacle:
                print(f"not accepted  {name}: {obstacle}")
                continue
            _accept(task, state)
        accepted += 1
        print(f"accepted      {name}: {few(state.reasons)}")
    print(f"{accepted} accepted")


def _upstream_first(task: Any, depth: int, done: set[int]) -> Iterator[Any]:
    """Yield branches and plain tasks that are tracked, each after what it requires."""
    if id(task) in done:
        return
    done.add(id(task))
    if is_workflow(task):
        for branch in tasks_of(task):
            yield from _upstream_first(branch, depth, done)
        return
    if depth != 0:
        required = required_by(task) if is_tracked(task) else law.util.flatten(task.requires())
        for each in required:
            yield from _upstream_first(each, depth - 1, done)
    if is_tracked(task):
        yield task


def _obstacle(state: State) -> str:
    """Return why a stale output cannot be accepted; empty where it can."""
    if state.waits_for:
        families = ", ".join(state.waits_for)
        return f"what {families} makes is not settled; accept that too (--accept=-1), or run it"
    removed = [text for text in state.damaged if text.endswith((" was removed", " was not made"))]
    return removed[0] if removed else ""


def _accept(task: Any, state: State) -> None:
    path = task.manifest_path
    lock = Lock(path)
    lock.acquire(lambda by: print(f"waiting for a run of {task} ({by})", flush=True))
    try:
        before = state.manifest or Manifest(
            task.task_family, {}, {}, read_with=list(task.owner().tracked_code())
        )
        inputs = inputs_of(task, asked_for(before))
        entry = {
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "user": getpass.getuser(),
            "host": socket.gethostname(),
            "in spite of": list(state.reasons),
        }
        replace(
            before,
            ingredients=with_unknown(ingredients_of(task, inputs), before, inputs),
            outputs=describe_outputs(task.output_paths(), path.parent),
            origins={**before.origins, **movable(inputs.origins, path.parent)},
            request=task.request(),
            accepted=[*before.accepted, entry],
        ).write(path)
    finally:
        lock.release()
