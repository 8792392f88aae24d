"""What a run did: one table at its end, over all of its worker processes.

luigi's own summary counts a task that was cut off as run, because its ``run`` was called.
"""

from __future__ import annotations

import atexit
import json
import os
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import law
from luigi.cmdline_parser import CmdlineParser

from cmsml_tasks.command_line.tables import table
from cmsml_tasks.tracking.contract.tracked import Tracked, is_workflow
from cmsml_tasks.tracking.runs.sandboxing import in_sandbox

OUTCOMES = ("ran", "restored", "cut off", "up to date", "failed", "not run")
_RARE = {"restored"}
_ENDED = "ended"


@dataclass
class Journal:
    """What the main process has seen, and a file that its workers add lines to.

    Attributes:
        notes: descriptor of a file without a name, which workers inherit; one JSON line for each
            task that ended.
        process: id of the main process.
        families: in the order in which luigi came upon them, the root first.
        present: family and number of complete tasks or branches, by the id of task or workflow.
        branches: families of complete branches by their id, by the id of their workflow.
        pending: family and workflow (or "") of tasks that were to run, by their id.
        not_compared: what could not be looked at of complete ones, in words.
    """

    notes: int
    process: int
    families: dict[str, None] = field(default_factory=dict)
    present: dict[str, tuple[str, int]] = field(default_factory=dict)
    branches: dict[str, dict[str, str]] = field(default_factory=dict)
    pending: dict[str, tuple[str, str]] = field(default_factory=dict)
    not_compared: dict[str, None] = field(default_factory=dict)


_journal: Journal | None = None


def open_journal() -> Journal | None:
    """Return the journal of this command, a new one at its first task; None outside of commands."""
    global _journal
    if CmdlineParser.get_instance() is None or in_sandbox():
        return None
    if _journal is None:
        descriptor, name = tempfile.mkstemp()
        os.unlink(name)
        _journal = Journal(descriptor, os.getpid())
        atexit.register(_print_table, _journal)
    return _journal


def note(task: Tracked, outcome: str, seconds: float) -> None:
    """Record that *task* ended with one of `OUTCOMES`."""
    if _journal is None:
        return
    entry = [task.task_family, task.task_id, outcome, seconds]
    # workers share the position in the file, so that each line goes behind the last one
    with suppress(OSError):
        os.write(_journal.notes, json.dumps(entry).encode() + b"\n")


def note_present(task: Any) -> None:
    """Record that luigi found *task* complete."""
    journal = open_journal()
    if journal is None:
        return
    journal.families.setdefault(task.task_family)
    for what in task.not_compared:
        journal.not_compared.setdefault(f"{task.task_family}: {what}")
    if is_workflow(task):
        # with law's acceptance some may be stale
        complete = task.known_complete or task.get_branch_map()
        journal.present[task.task_id] = (task.task_family, len(complete))
    elif isinstance(task, law.BaseWorkflow):
        workflow = task.as_workflow().task_id
        journal.branches.setdefault(workflow, {})[task.task_id] = task.task_family
    else:
        journal.present[task.task_id] = (task.task_family, 1)


def note_pending(task: Tracked) -> None:
    """Record that luigi is going to run *task*."""
    journal = open_journal()
    if journal is None:
        return
    family = task.task_family
    journal.families.setdefault(family)
    if not is_workflow(task):
        journal.pending.setdefault(task.task_id, (family, ""))
    elif task.task_id not in journal.present:
        rest = dict(task.get_branch_tasks())
        for branch in task.known_complete:
            rest.pop(branch, None)
        journal.present[task.task_id] = (family, len(task.get_branch_map()) - len(rest))
        journal.pending.update({each.task_id: (family, task.task_id) for each in rest.values()})


def note_workflow(workflow: Any) -> None:
    """Record that *workflow* has ended well: what it did not have to run was cut off."""
    if is_workflow(workflow) and not getattr(workflow, "is_left_to_jobs", False):
        note(workflow, _ENDED, 0.0)


def _print_table(journal: Journal) -> None:
    if os.getpid() != journal.process:
        return
    counts, seconds = _count(journal)
    happened = {outcome for (_, outcome), number in counts.items() if number}
    outcomes = [each for each in OUTCOMES if each not in _RARE or each in happened]
    rows: list[tuple[str, ...]] = [("", *outcomes, "time")]
    for family in reversed(journal.families):
        numbers = [counts[family, outcome] for outcome in outcomes]
        if any(numbers):
            spent = f"{seconds[family]:.1f} s" if family in seconds else ""
            rows.append((family, *(str(number or "-") for number in numbers), spent))
    if len(rows) == 1:
        return
    notes = "".join(f"{each}\n" for each in journal.not_compared)
    print(f"{notes}\nthis run\n{table(rows, right=range(1, len(rows[0])))}", flush=True)


def _count(journal: Journal) -> tuple[Counter[tuple[str, str]], Counter[str]]:
    """Return the number of tasks by family and outcome, and the time spent by family in s."""
    os.lseek(journal.notes, 0, os.SEEK_SET)
    with os.fdopen(journal.notes, "rb") as notes:
        lines = notes.read().splitlines()
    last: dict[str, tuple[str, str]] = {}
    seconds: Counter[str] = Counter()
    for line in lines:
        family, task_id, outcome, spent = json.loads(line)
        last[task_id] = (family, outcome)
        if outcome in ("ran", "restored", "failed"):
            seconds[family] += spent
    counts = Counter(last.values())
    for task_id, (family, workflow) in journal.pending.items():
        if task_id not in last:
            counts[family, "cut off" if workflow in last else "not run"] += 1
    for task_id, (family, number) in journal.present.items():
        # luigi finds complete what has run, when something else asks for it
        if last.get(task_id, ("", _ENDED))[1] == _ENDED:
            counts[family, "up to date"] += number
    for workflow, branches in journal.branches.items():
        if workflow not in journal.present:
            rest = [name for id_, name in branches.items() if id_ not in last]
            counts.update((name, "up to date") for name in rest)
    return counts, seconds
