"""``--accept`` and ``--adopt``: outputs that the user declares good, recorded as made from today's.

Outputs with a manifest are known: what they were made from, and that they are whole. Of those
without one nothing is known, and one that is shorter than it was is most likely half-written, so
that taking them needs a word of its own.
"""

from __future__ import annotations

import datetime
import getpass
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import law

from cmsml_tasks.tracking.contract.state import State, Verdict, few
from cmsml_tasks.tracking.contract.tracked import is_tracked, is_workflow, name_of, tasks_of
from cmsml_tasks.tracking.ingredients.ingredients import ingredients_of
from cmsml_tasks.tracking.ingredients.inputs import inputs_of, inputs_recorded_by, required_by
from cmsml_tasks.tracking.ingredients.observations import observations_today
from cmsml_tasks.tracking.ingredients.requested_tasks import asked_for, described
from cmsml_tasks.tracking.manifests.manifest import Manifest, describe_outputs
from cmsml_tasks.tracking.storage import places
from cmsml_tasks.tracking.storage.locks import Lock
from cmsml_tasks.tracking.storage.one_look import one_look


def accept(root: Any, depth: int) -> None:
    """Accept the stale outputs of *root* and of what it requires, *depth* levels up, -1 for all.

    What is required comes first, since an output cannot be accepted before its inputs are known.
    """
    _record(root, depth, "accepted", _obstacle, lambda task, state: few(state.reasons))


def adopt(root: Any, depth: int) -> None:
    """Take outputs without a manifest as they are, of *root* and of what it requires."""
    _record(root, depth, "adopted", _obstacle_to_adopting, lambda task, state: _listed(task))


def _record(
    root: Any,
    depth: int,
    done: str,
    obstacle_of: Callable[[Any, State], str],
    describe: Callable[[Any, State], str],
) -> None:
    number, width = 0, len(f"not {done}")
    for task in _upstream_first(root, depth, set()):
        with one_look():
            state = task.state()
            name = name_of(task)
            if state.verdict is not Verdict.STALE:
                continue
            obstacle = obstacle_of(task, state)
            if obstacle:
                print(f"not {done}  {name}: {obstacle}")
                continue
            description = describe(task, state)
            _accept(task, state)
        number += 1
        print(f"{done:<{width}}  {name}: {description}")
    print(f"{number} {done}")


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


def _obstacle(task: Any, state: State) -> str:
    """Return why stale outputs cannot be accepted; empty where they can."""
    if state.manifest is None:
        return (
            f"{'; '.join(state.damaged)}; --adopt takes files as they are, "
            "if you know that they are whole"
        )
    if state.waits_for:
        return _unsettled(state.waits_for, "accept that too (--accept=-1)")
    removed = [text for text in state.damaged if text.endswith((" was removed", " was not made"))]
    if removed:
        return removed[0]
    cut = [text for text in state.damaged if " was truncated " in text]
    return f"{cut[0]}; --adopt takes it as it is, if you know that it is whole" if cut else ""


def _obstacle_to_adopting(task: Any, state: State) -> str:
    """Return why outputs cannot be adopted; empty where they can."""
    if state.manifest is not None and not state.damaged:
        return "it has a manifest; --accept is for outputs that are known"
    waits_for = inputs_of(task, None, required_by(task)).families_waited_for()
    if waits_for:
        return _unsettled(waits_for, "adopt or accept that first")
    gone = [path for path in task.output_paths() if not places.exists(path)]
    return f"output {places.place(gone[0]).name} is not there" if gone else ""


def _unsettled(families: Iterable[str], advice: str) -> str:
    return f"what {', '.join(families)} makes is not settled; {advice}, or run it"


def _listed(task: Any) -> str:
    """Return names and sizes of outputs, for the user to see what is adopted."""
    sizes = {path: places.signature(path)[0] for path in task.output_paths()}
    return ", ".join(f"{places.place(path).name} ({size:,} bytes)" for path, size in sizes.items())


def _accept(task: Any, state: State) -> None:
    path = task.manifest_path
    lock = Lock(path)
    lock.acquire(lambda by: print(f"waiting for a run of {task} ({by})", flush=True))
    try:
        before = state.manifest or Manifest(
            task.task_family, {}, {}, read_with=list(task.owner().tracked_code())
        )
        inputs = inputs_recorded_by(task, before)
        entry = {
            "time": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "user": getpass.getuser(),
            "host": socket.gethostname(),
            "in spite of": list(state.reasons),
        }
        replace(
            before,
            ingredients={
                **ingredients_of(task, inputs),
                **observations_today(before).sections,
            },
            outputs=describe_outputs(task.output_paths(), path.parent),
            origins={**before.origins, **inputs.origins(path.parent)},
            request=task.request(),
            required=described(asked_for(before)[0]),
            accepted=[*before.accepted, entry],
        ).write(path)
    finally:
        lock.release()
