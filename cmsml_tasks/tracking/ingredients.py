"""All that decides about an output, as JSON in sections, and what differs, in words."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import law

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.shown import without_secrets
from cmsml_tasks.tracking.code import Code, code_changes, code_of
from cmsml_tasks.tracking.inputs import Inputs
from cmsml_tasks.tracking.state import seen

if TYPE_CHECKING:
    from cmsml_tasks.tracking.task import TrackedTask

Ingredients = dict[str, Any]
CODE, INPUT, PARAMETER = "code", "input", "parameter"
_ABSENT = object()
_LONGEST = 60


def ingredients_of(task: TrackedTask, inputs: Inputs) -> Ingredients:
    """Return what decides about the outputs of *task*, a branch or a plain task."""
    owner = task.owner()
    shared = seen("shared ingredients", owner, lambda: shared_ingredients(owner))
    own = as_json(task.tracked_branch(task.branch_data_or_none()))
    return {
        **shared,
        **own,
        CODE: code_with(owner, tuple(inputs.read_with)),
        INPUT: inputs.digests,
    }


def shared_ingredients(owner: TrackedTask) -> Ingredients:
    """Return what all branches have in common, without code and inputs."""
    sections: Ingredients = {PARAMETER: owner.tracked_parameters()}
    sections |= owner.tracked_settings()
    sections["version of"] = {
        **({owner.task_family: owner.code_version} if owner.code_version is not None else {}),
        **sections.get("version of", {}),
    }
    return dict(as_json(sections))


def code_with(owner: TrackedTask, read_with: tuple[str, ...]) -> Code:
    """Return the digests of the task's own code and of what is needed to read its inputs."""

    def find_out() -> dict[tuple[str, ...], Any]:
        return {}

    known = seen("code", owner, find_out)
    if read_with not in known:
        roots = (*owner.tracked_code(), *read_with)
        code = code_of(list(dict.fromkeys(roots)))
        known[read_with] = _without_other_tasks(code, type(owner))
    found: Code = known[read_with]
    return found


def _without_other_tasks(code: Code, task: type) -> Code:
    """Leave out the classes of other tasks in the task's own module: they have outputs instead."""
    module = task.__module__
    if module not in code:
        return code
    others = tuple(
        name
        for name, value in vars(sys.modules[module]).items()
        if isinstance(value, type)
        and issubclass(value, law.Task)
        and value.__module__ == module
        and value not in task.__mro__
    )
    own = {
        name: digest
        for name, digest in code[module].items()
        if name.partition(".")[0] not in others
    }
    return {**code, module: own}


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
        return sorted(value)
    if isinstance(value, os.PathLike | datetime.date | enum.Enum):
        return str(value)
    raise SettingsError(
        f"{value!r} decides about an output, and what is of type {type(value).__name__} cannot be "
        "compared with that of another day; use texts, numbers, lists, dicts or dataclasses in the "
        "branch map, or say what counts in tracked_branch()"
    )


def changes(recorded: Ingredients, current: Ingredients, roots: tuple[str, ...]) -> list[str]:
    """Return in words what differs: ``setting epochs 20 -> 50``, ``input events.root changed``.

    Args:
        recorded: of the manifest.
        current: of today.
        roots: modules whose functions need no module name to be recognised.
    """
    words = []
    for section in dict.fromkeys([*current, *recorded]):
        was, now = recorded.get(section, {}), current.get(section, {})
        if was == now:
            continue
        if section == CODE:
            words += code_changes(was, now, roots)
        elif section == INPUT:
            words += _input_changes(was, now)
        else:
            words += differences(was, now, section)
    return words


def _input_changes(recorded: Mapping[str, Any], current: Mapping[str, Any]) -> list[str]:
    words = []
    for name in dict.fromkeys([*current, *recorded]):
        was, now = recorded.get(name), current.get(name)
        if was == now:
            continue
        if was is None or now is None:
            words.append(f"input {name} is {'new' if was is None else 'gone'}")
        elif set(was) == set(now):
            words.append(f"input {name} changed")
        else:
            words.append(
                f"input {name} cannot be compared: known by {_keys(was)}, now by {_keys(now)}"
            )
    return words


def _keys(digest: Mapping[str, Any]) -> str:
    return " and ".join(sorted(digest))


def differences(recorded: Any, current: Any, name: str) -> list[str]:
    """Return what differs between two JSON values, one line per leaf: ``epochs 20 -> 50``."""
    if isinstance(recorded, Mapping) and isinstance(current, Mapping):
        lines = []
        for key in dict.fromkeys([*recorded, *current]):
            was, now = recorded.get(key, _ABSENT), current.get(key, _ABSENT)
            lines += differences(was, now, f"{name} {key}")
        return lines
    if recorded == current and type(recorded) is type(current):
        return []
    return [f"{name} {_shown(recorded)} -> {_shown(current)}"]


def _shown(value: Any) -> str:
    if value is _ABSENT:
        return "(absent)"
    text = value if isinstance(value, str) and value else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
