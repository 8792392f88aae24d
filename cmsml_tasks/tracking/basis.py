"""What a run is made from: taken before it, and held against what is there at its end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import law

from cmsml_tasks.errors import UserError
from cmsml_tasks.observed import Observed
from cmsml_tasks.tracking.ingredients import Ingredients, as_json, changes, ingredients_of
from cmsml_tasks.tracking.input_changes import INPUT
from cmsml_tasks.tracking.inputs import Inputs, inputs_of, required_by
from cmsml_tasks.tracking.kinds import is_tracked, tasks_of
from cmsml_tasks.tracking.observations import as_ingredients, name_of_read
from cmsml_tasks.tracking.state import few, one_look

if TYPE_CHECKING:
    from cmsml_tasks.tracking.task import TrackedTask


# what only another run can have made different; the rest changes without one
_OF_A_RUN = ("parameter ", "setting ", "fold ", "branch ", "data ", "no manifest")


class StaleAlreadyError(UserError):
    """What a run was made from is no longer what is there."""


@dataclass(frozen=True)
class Meanwhile:
    """What has changed while a task ran.

    Attributes:
        words: what, for users; none where all is as it was.
        may_be_mixed: the run may have read what was there before, after, or of each a part.
    """

    words: tuple[str, ...]
    may_be_mixed: bool


class Basis:
    """The ingredients of one run of *task*, as they were before it.

    Raises:
        StaleAlreadyError: what the task requires is not complete.
    """

    def __init__(self, task: TrackedTask) -> None:
        self._task = task
        self.asked_for: list[law.Task] = []
        self.inputs = inputs_of(task, None, required_by(task))
        if self.inputs.waits_for:
            raise StaleAlreadyError(
                f"{'; '.join(_what_became_of(self.inputs.waits_for))}; run it again"
            )
        self._ingredients = ingredients_of(task, self.inputs)

    def ask_for(self, tasks: Iterable[law.Task]) -> None:
        """Take in what the task has asked for while it runs, before it reads that."""
        self.asked_for += tasks
        with one_look():
            inputs = self._inputs_now()
        before = {file.origin["path"]: file for file in self.inputs.files.values()}
        for name, file in inputs.files.items():
            inputs.files[name] = before.get(file.origin["path"], file)
        self.inputs = inputs
        self._ingredients = {**self._ingredients, INPUT: inputs.ingredients()}

    def ingredients(self, observed: Observed) -> Ingredients:
        """Return what the run was made from, with what it was seen to read."""
        return dict(as_json({**self._ingredients, **as_ingredients(observed)}))

    def digests(self) -> dict[str, dict[str, str]]:
        """Return the digests of all declared inputs, by path or URL."""
        return {file.origin["path"]: file.digest for file in self.inputs.files.values()}

    def meanwhile(self, observed: Observed) -> Meanwhile:
        """Look at everything once more."""
        task = self._task
        with one_look():
            inputs = self._inputs_now()
            now = as_json(ingredients_of(task, inputs))
        before = as_json(self._ingredients)
        waits = list(_what_became_of(inputs.waits_for))
        if waits:
            gone = tuple(f"{family}/" for family in inputs.families_waited_for())
            for each in (before, now):
                each[INPUT] = {
                    name: entry for name, entry in each[INPUT].items() if not name.startswith(gone)
                }
        read = [f"read {name_of_read(path)} changed" for path in observed.changed]
        roots = (*task.owner().tracked_code(), *inputs.read_with)
        words = changes(before, now, roots)
        is_mixed = bool(waits or read or changes({INPUT: before[INPUT]}, {INPUT: now[INPUT]}, ()))
        return Meanwhile((*waits, *words, *read), is_mixed)

    def _inputs_now(self) -> Inputs:
        return inputs_of(self._task, None, [*required_by(self._task), *self.asked_for])


def _what_became_of(required: Iterable[law.Task]) -> Iterator[str]:
    """Yield in words what has become of required tasks that are not complete any more."""
    for task in required:
        states = [each.state() for each in tasks_of(task)] if is_tracked(task) else []
        reasons = list(dict.fromkeys(reason for state in states for reason in state.reasons))
        why = f" ({few(reasons)})" if reasons else ""
        if any(reason.startswith(_OF_A_RUN) for reason in reasons):
            yield f"{task.task_family} was made again by another command while this ran{why}"
        else:
            yield f"{task.task_family} became stale while this ran{why}"
