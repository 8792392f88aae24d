"""The verdict "all complete" on a whole workflow, remembered.

Nine tenths of the time of looking at a large workflow go into building a task object for each
branch. Once all were found complete, what that verdict rests on is kept in the cache: the
ingredients that do not come from files, and the signatures of all files. As long as none of it has
changed, neither has the verdict, and no branch needs to be built.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from functools import partial
from typing import Any

import law
import luigi
from luigi.task_register import load_task

from cmsml_tasks.errors import UserError
from cmsml_tasks.shown import without_secrets
from cmsml_tasks.tracking.contract.tracked import Tracked, is_tracked, is_workflow
from cmsml_tasks.tracking.contract.tracked_file import NotHere
from cmsml_tasks.tracking.ingredients.ingredients import as_json, code_with, shared_ingredients
from cmsml_tasks.tracking.ingredients.inputs import inputs_recorded_by, required_by
from cmsml_tasks.tracking.ingredients.observations import look_again, observations_today
from cmsml_tasks.tracking.ingredients.outside_files import described
from cmsml_tasks.tracking.source_code.code_digests import Code
from cmsml_tasks.tracking.storage.cache import keep, recall
from cmsml_tasks.tracking.storage.digests import digest_of
from cmsml_tasks.tracking.storage.one_look import seen
from cmsml_tasks.tracking.storage.places import signature
from cmsml_tasks.tracking.storage.stat_signatures import is_exact
from cmsml_tasks.version import __version__

_KIND = "workflows"
_MOST_TASKS = 32


def holds(workflow: Any) -> bool:
    """Tell whether all branches of *workflow* are known to be complete, without building them."""
    return seen("snapshot", workflow, lambda: _holds(workflow))


def _holds(workflow: Any) -> bool:
    if workflow.compare_environment or not workflow.get_branch_map():
        return False
    kept = recall(_KIND, _place(workflow))
    if not isinstance(kept, dict):
        return False
    try:
        return bool(
            kept["identity"] == _identity(workflow)
            and kept["code"] == _code(workflow, kept["read_with"])
            and kept["outside"] == _outside(workflow)
            and kept["others"] == look_again(kept["others"])
            and kept["signatures"] == _signatures(_paths(kept["files"]))
            and all(each in kept["tasks"] for each in _required_at_the_ends(workflow))
            and all(_is_usable(*task) for task in kept["tasks"])
        )
    except (
        OSError,
        UserError,
        KeyError,
        TypeError,
        ValueError,
        luigi.parameter.ParameterException,
    ):
        return False


def remember(workflow: Any) -> None:
    """Keep the verdict that all branches of *workflow* are complete, where it can be looked up."""
    if workflow.compare_environment:
        return
    files: list[str] = []
    read_with: set[str] = set()
    others: dict[str, Any] = {}
    required: dict[str, Any] = {}
    for branch in workflow.get_branch_tasks().values():
        state = branch.state()
        if state.unknown:
            return
        # judged before
        inputs = seen("inputs", branch, partial(inputs_recorded_by, branch, state.manifest))
        observed = seen("observations", branch, partial(observations_today, state.manifest))
        others |= observed.others
        read_with.update(inputs.read_with)
        required.update((task.task_id, task) for task in inputs.tasks)
        if len(required) > _MOST_TASKS:
            return
        files += [str(branch.manifest_path), *branch.output_paths()]
        files += [*inputs.rests_on, *observed.rests_on]
    for task in required.values():
        if is_tracked(task) and is_workflow(task) and not holds(task):
            # known from its branches by now; the next look begins with it
            task.branch_states()
    files = list(dict.fromkeys(files))
    try:
        signatures = _signatures(files)
        outside = _outside(workflow)
    except (OSError, UserError, ValueError):
        return
    value = {
        "identity": _identity(workflow),
        "code": _code(workflow, sorted(read_with)),
        "read_with": sorted(read_with),
        "outside": outside,
        "others": others,
        "files": _by_folder(files),
        "signatures": signatures,
        "tasks": [_described(task) for task in required.values()],
    }
    keep(_KIND, _place(workflow), value)


def _place(workflow: Any) -> str:
    """Return what tells workflows apart: the parameters, and where the outputs lie."""
    ends = [branch.manifest_path for branch in _ends(workflow)]
    parameters = workflow.to_str_params(only_significant=True)
    return json.dumps([workflow.task_module, parameters, sorted(map(str, ends))], sort_keys=True)


def _ends(workflow: Any) -> list[Any]:
    """Return the first and the last branch, which stand for how all are told where they lie."""
    branches = list(workflow.get_branch_map())
    return [workflow.as_branch(branch) for branch in dict.fromkeys((branches[0], branches[-1]))]


def _required_at_the_ends(workflow: Any) -> list[Any]:
    """Return what the ends require today, which may depend on more than parameters and code."""
    required = [each for end in _ends(workflow) for each in required_by(end)]
    return [
        _described(each.as_workflow() if isinstance(each, law.BaseWorkflow) else each)
        for each in required
    ]


def _described(task: Any) -> list[Any]:
    return [task.task_module, task.task_family, task.to_str_params()]


def _identity(workflow: Tracked) -> str:
    """Return a digest of what decides about the branches and comes from no file."""
    parts = [__version__, shared_ingredients(workflow)]
    parts += [as_json(workflow.tracked_branch(data)) for data in _branch_data(workflow)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _branch_data(workflow: Any) -> list[Any]:
    return list(workflow.get_branch_map().values())


def _code(workflow: Tracked, read_with: list[str]) -> Code:
    return code_with(workflow, tuple(read_with))


def _outside(workflow: Tracked) -> list[list[Any]]:
    """Return all files from outside, each looked at once.

    Raises:
        OSError, UserError: one of them cannot be looked at.
    """
    lists = {}
    for data in _branch_data(workflow):
        files = workflow.tracked_files(data)
        lists[id(files)] = files
    found: dict[Any, list[Any]] = {}
    for files in lists.values():
        for each in described(files):
            if isinstance(each, NotHere):
                raise UserError(each.why)
            key = (without_secrets(each.path), json.dumps(as_json(each.used_as)))
            if key not in found:
                found[key] = [*key, digest_of(each.path)]
    return list(found.values())


def _by_folder(files: Iterable[str]) -> dict[str, list[str]]:
    folders: dict[str, list[str]] = {}
    for file in files:
        folder, name = os.path.split(file)
        folders.setdefault(folder, []).append(name)
    return folders


def _paths(folders: dict[str, list[str]]) -> Iterable[str]:
    return (f"{folder}/{name}" for folder, names in folders.items() for name in names)


def _signatures(files: Iterable[str]) -> str:
    """Return a digest of the signatures of *files*, whatever their order.

    Raises:
        OSError: one of them is not there.
        StorageError: a server does not answer, or refuses.
        ValueError: one of them may change under its signature.
    """
    lines = []
    for file in files:
        found = signature(file)
        if not is_exact(found):
            raise ValueError(f"{file} is too young")
        lines.append(f"{file} {found}")
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def _is_usable(module: str, family: str, parameters: dict[str, str]) -> bool:
    """Tell whether a required task or workflow is complete or archived."""
    task = load_task(module, family, parameters)
    if not is_tracked(task):
        return bool(task.complete())
    if not is_workflow(task):
        return bool(task.state().is_usable)
    return holds(task) or all(state.is_usable for state in task.branch_states().values())
