"""All that decides about an output, as JSON in sections, and what differs, in words."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import os
from collections.abc import Iterable, Mapping
from typing import Any

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.shown import without_secrets
from cmsml_tasks.tracking.contract.tracked import Tracked
from cmsml_tasks.tracking.ingredients.inputs import Inputs
from cmsml_tasks.tracking.ingredients.observations import OBSERVED, observation_changes
from cmsml_tasks.tracking.manifests.input_changes import INPUT, input_changes
from cmsml_tasks.tracking.source_code.code_digests import (
    Code,
    code_as_imported,
    code_changes,
    code_of,
    edited_since_import,
)
from cmsml_tasks.tracking.storage.one_look import seen

Ingredients = dict[str, Any]
CODE, PARAMETER = "code", "parameter"
_ABSENT = object()
_LONGEST = 60


def ingredients_of(task: Tracked, inputs: Inputs) -> Ingredients:
    """Return what decides about the outputs of *task*, a branch or a plain task."""
    owner = task.owner()
    shared = seen("shared ingredients", owner, lambda: shared_ingredients(owner))
    own = as_json(task.tracked_branch(task.branch_data_or_none()))
    return {
        **shared,
        **own,
        CODE: code_with(owner, tuple(inputs.read_with)),
        INPUT: inputs.ingredients(),
    }


def shared_ingredients(owner: Tracked) -> Ingredients:
    """Return what all branches have in common, without code and inputs."""
    sections: Ingredients = {PARAMETER: owner.tracked_parameters()}
    sections |= owner.tracked_settings()
    sections["version of"] = {
        **({owner.task_family: owner.code_version} if owner.code_version is not None else {}),
        **sections.get("version of", {}),
    }
    return dict(as_json(sections))


def code_with(owner: Tracked, read_with: tuple[str, ...]) -> Code:
    """Return the digests of the task's own code and of what is needed to read its inputs."""

    def find_out() -> dict[tuple[str, ...], Any]:
        return {}

    known = seen("code", owner, find_out)
    if read_with not in known:
        known[read_with] = code_of(_roots(owner, read_with))
    found: Code = known[read_with]
    return found


def edited_code(task: Tracked, read_with: Iterable[str]) -> list[str]:
    """Return by name what of the code of *task* was edited since this process imported it."""
    return edited_since_import(_roots(task, read_with))


def imported_code(task: Tracked, read_with: Iterable[str]) -> Code:
    """Return the code of *task* as this process has imported it, and so has run it."""
    return code_as_imported(_roots(task, read_with))


def _roots(task: Tracked, read_with: Iterable[str]) -> list[str]:
    return list(dict.fromkeys((*task.owner().tracked_code(), *read_with)))


def as_json(value: Any) -> Any:
    """Return *value* as it is once it was written to a manifest and read back.

    Raises:
        SettingsError: it has no place in JSON.
    """
    try:
        return json.loads(without_secrets(json.dumps(value, allow_nan=False, default=_plain)))
    except (TypeError, ValueError) as error:
        raise SettingsError(
            f"{value!r} decides about an output, and cannot be written as JSON: {error}"
        ) from error


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, set | frozenset):
        # in an order of its own: that of a set differs from process to process
        return sorted((as_json(each) for each in value), key=json.dumps)
    if isinstance(value, os.PathLike | datetime.date | enum.Enum):
        return str(value)
    raise SettingsError(
        f"{value!r} decides about an output, and what is of type {type(value).__name__} cannot be "
        "compared with that of another day; use texts, numbers, lists, dicts or dataclasses in the "
        "branch map, or say what counts in tracked_branch()"
    )


def changes(recorded: Ingredients, current: Ingredients, roots: tuple[str, ...]) -> list[str]:
    """Return in words what differs: ``setting epochs 20 -> 50``, ``input events.root changed``.

    Names within a section have no order; lists and dicts that are values have one.

    Args:
        recorded: of the manifest.
        current: of today.
        roots: code in whose modules functions need no module name to be recognised.
    """
    words = []
    for section in dict.fromkeys([*current, *recorded]):
        was, now = recorded.get(section, {}), current.get(section, {})
        if was == now and json.dumps(was) == json.dumps(now):
            continue
        if section == CODE:
            words += code_changes(was, now, roots)
        elif section == INPUT:
            words += input_changes(was, now)
        elif section in OBSERVED:
            words += observation_changes(section, was, now)
        else:
            words += differences(was, now, section, ordered=False)
    return words


def differences(recorded: Any, current: Any, name: str, ordered: bool = True) -> list[str]:
    """Return what differs between two JSON values, one line per leaf: ``epochs 20 -> 50``.

    Args:
        recorded: of the manifest.
        current: of today.
        name: of the value.
        ordered: whether the order of names in a dict counts.
    """
    if isinstance(recorded, Mapping) and isinstance(current, Mapping):
        lines = []
        for key in dict.fromkeys([*recorded, *current]):
            was, now = recorded.get(key, _ABSENT), current.get(key, _ABSENT)
            lines += differences(was, now, f"{name} {key}")
        if not lines and ordered and list(recorded) != list(current):
            lines.append(f"{name} in another order: {', '.join(map(str, current))}")
        return lines
    if recorded == current and type(recorded) is type(current):
        return []
    return [f"{name} {_shown(recorded)} -> {_shown(current)}"]


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "(absent)"
    text = value if isinstance(value, str) and value else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
