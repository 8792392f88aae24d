"""What a run is made from: taken before it, and held against what is there at its end."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

import law

from cmsml_tasks.errors import UserError
from cmsml_tasks.observing.observed import Observed
from cmsml_tasks.tracking.contract.state import few
from cmsml_tasks.tracking.contract.tracked import Tracked, is_tracked, tasks_of
from cmsml_tasks.tracking.ingredients.ingredients import (
    CODE,
    Ingredients,
    as_json,
    changes,
    edited_code,
    imported_code,
    ingredients_of,
)
from cmsml_tasks.tracking.ingredients.inputs import Inputs, inputs_of, required_by
from cmsml_tasks.tracking.ingredients.observations import as_ingredients, name_of_read
from cmsml_tasks.tracking.manifests.input_changes import INPUT, USED_AS
from cmsml_tasks.tracking.source_code.code_digests import counts_wholly
from cmsml_tasks.tracking.source_code.module_files import CodeError, module_file
from cmsml_tasks.tracking.storage.digests import digest_of
from cmsml_tasks.tracking.storage.one_look import one_look

# what only another run can have made different; the rest changes without one
_OF_A_RUN = ("parameter ", "setting ", "fold ", "branch ", "data ", "no manifest")


class StaleAlreadyError(UserError):
    """What a run was made from is no longer what is there."""


class EditedCodeError(UserError):
    """The process runs code that is no longer on disk."""


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
        EditedCodeError: the task would run code that is no longer on disk.
    """

    def __init__(self, task: Tracked) -> None:
        self._task = task
        self.asked_for: list[law.Task] = []
        self.inputs = inputs_of(task, None, required_by(task))
        if self.inputs.waits_for:
            raise StaleAlreadyError(
                f"{'; '.join(_what_became_of(self.inputs.waits_for))}; run it again"
            )
        if task.runs_imported_code:
            _refuse_edited(edited_code(task, self.inputs.read_with))
        self._ingredients = ingredients_of(task, self.inputs)
        files = filter(None, map(module_file, self._ingredients[CODE]))
        self._sources = {str(file): digest_of(file) for file in files}

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

    def take_in_imports(self) -> None:
        """Take in the code that was imported while the task ran, and may have been edited since."""
        if self._task.runs_imported_code:
            with suppress(CodeError):
                code = imported_code(self._task, self.inputs.read_with)
                self._ingredients = {**self._ingredients, CODE: code}

    def ingredients(self, observed: Observed) -> Ingredients:
        """Return what the run was made from, with what it was seen to read."""
        seen = as_ingredients(observed, also=self._untracked_sources(observed))
        return dict(as_json({**self._ingredients, **seen}))

    def _untracked_sources(self, observed: Observed) -> dict[str, str]:
        """Return sources that were imported by names which nothing tells before they are.

        Also those of which other parts are code. None where a version stands for the code.
        """
        if not self._task.owner().tracked_code():
            return {}
        code = self._ingredients[CODE]
        files = {module: os.path.realpath(module_file(module) or "") for module in code}
        named = set(map(os.path.realpath, observed.named))
        known = {
            file
            for module, file in files.items()
            if file not in named or counts_wholly(module, code)
        }
        return {
            path: digest
            for path, digest in observed.sources.items()
            if os.path.realpath(path) not in known
        }

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
        if inputs.unknown:
            # a share that is away by now hides what it holds, and changes nothing
            before[INPUT] = {
                name: entry
                for name, entry in before[INPUT].items()
                if USED_AS not in entry or name in now[INPUT]
            }
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
        # of a folder it is known which names were read
        is_mixed = not observed.folders.keys() >= set(observed.changed)
        is_mixed |= bool(waits or changes({INPUT: before[INPUT]}, {INPUT: now[INPUT]}, ()))
        is_mixed |= bool(words) and self._has_imported_others(observed)
        return Meanwhile((*waits, *words, *read), is_mixed)

    def _has_imported_others(self, observed: Observed) -> bool:
        """Tell whether a source was edited between the look before the run and its import."""
        return any(
            observed.sources.get(path, digest["sha256"]) != digest["sha256"]
            for path, digest in self._sources.items()
        )

    def _inputs_now(self) -> Inputs:
        return inputs_of(self._task, None, [*required_by(self._task), *self.asked_for])


def _refuse_edited(names: list[str]) -> None:
    """Refuse to make from old code, in memory, what would be recorded as made from the new one."""
    if names:
        raise EditedCodeError(
            f"code {', '.join(names)} was edited since this run began; run the command again"
        )


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
