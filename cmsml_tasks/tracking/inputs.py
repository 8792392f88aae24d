"""What a task reads: the outputs of the tasks that it requires, and files from outside."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import law

from cmsml_tasks.errors import UserError
from cmsml_tasks.shown import without_secrets
from cmsml_tasks.tracking import places
from cmsml_tasks.tracking.digests import Digest, digest_of, digest_of_output
from cmsml_tasks.tracking.kinds import is_tracked, is_workflow
from cmsml_tasks.tracking.places import Place
from cmsml_tasks.tracking.state import State, seen
from cmsml_tasks.tracking.targets import file_of

if TYPE_CHECKING:
    from cmsml_tasks.tracking.task import TrackedTask


@dataclass
class Inputs:
    """Content and origin of all that a task reads.

    Attributes:
        digests: digest of each file by the name that the manifest gives it.
        origins: where each came from; absolute paths, see `movable`.
        waits_for: families of required tasks that would run first.
        unknown: files from outside that are not there, in words.
        read_with: modules that are needed to read the inputs.
        rests_on: local files whose signatures say whether any of this has changed.
        tasks: the required tasks, workflows in place of their branches.
    """

    digests: dict[str, Digest] = field(default_factory=dict)
    origins: dict[str, dict[str, Any]] = field(default_factory=dict)
    waits_for: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    read_with: list[str] = field(default_factory=list)
    rests_on: list[str] = field(default_factory=list)
    tasks: list[law.Task] = field(default_factory=list)

    def add(self, name: str, digest: Digest, **origin: Any) -> None:
        """Record one file; a second one of the same name gets a number."""
        unique, number = name, 1
        while unique in self.digests:
            number += 1
            unique = f"{name}#{number}"
        self.digests[unique] = digest
        self.origins[unique] = origin


def inputs_of(task: TrackedTask, asked_for: Iterable[law.Task] = ()) -> Inputs:
    """Return what *task*, a branch or a plain task, would read today.

    Args:
        task: the task.
        asked_for: what it requires in addition, because it asked for it while it ran.
    """
    inputs = Inputs()
    required = [*required_by(task), *asked_for]
    families = Counter(each.task_family for each in required)
    for each in required:
        _add_required(inputs, task, each, lone=families[each.task_family] == 1)
    _add_files(inputs, task)
    inputs.waits_for = list(dict.fromkeys(inputs.waits_for))
    inputs.read_with = sorted(set(inputs.read_with))
    return inputs


def required_by(task: TrackedTask) -> Iterator[law.Task]:
    """Yield what the task requires, and what only its workflow requires for all branches."""
    own = law.util.flatten(task.requires())
    yield from own
    if isinstance(task, law.BaseWorkflow):
        known = {each.task_family for each in own} | {task.task_family}
        workflow = task.as_workflow()
        shared = seen(
            "workflow requirements", workflow, lambda: _required_by_all_branches(workflow)
        )
        yield from (each for each in shared if each.task_family not in known)


def _required_by_all_branches(workflow: Any) -> list[law.Task]:
    """Return what a workflow requires for its branches, the same wherever they are run."""
    required = dict(workflow.workflow_requires() or {})
    if isinstance(workflow, law.LocalWorkflow):
        required |= dict(workflow.local_workflow_requires() or {})
        return list(law.util.flatten(required))
    return list(law.util.flatten(workflow.requires()))


def _add_required(inputs: Inputs, task: TrackedTask, required: law.Task, lone: bool) -> None:
    is_branched = isinstance(required, law.BaseWorkflow)
    inputs.tasks.append(required.as_workflow() if is_branched else required)
    if not is_tracked(required):
        _add_foreign(inputs, required)
    elif is_workflow(required):
        _add_workflow(inputs, task, required)
    else:
        state = required.state()
        if state.is_usable:
            _add_recorded(inputs, task, required, state, lone)
        else:
            inputs.waits_for.append(required.task_family)
            # what it will say is not known yet; most likely what it has said before
            inputs.read_with += state.manifest.read_with if state.manifest else []


def _add_recorded(
    inputs: Inputs, task: TrackedTask, required: TrackedTask, state: State, lone: bool
) -> None:
    """Add the outputs of a task as its manifest describes them, whether they are there or not."""
    manifest = state.manifest
    assert manifest is not None, f"{required} is {state} without a manifest"
    inputs.rests_on.append(str(required.manifest_path))
    inputs.read_with += manifest.read_with
    for path, output in manifest.outputs.items():
        if _reads(task, required, path):
            name = _name(required, path, lone)
            inputs.add(name, {"sha256": output["sha256"]}, **_origin(required, path))


def _add_workflow(inputs: Inputs, task: TrackedTask, workflow: Any) -> None:
    """Add all branches; where law's acceptance is content with some, the others as they are."""
    states = workflow.branch_states()
    usable = sum(state.is_usable for state in states.values())
    if usable < workflow.workflow_proxy.threshold(len(states)):
        inputs.waits_for.append(workflow.task_family)
        return
    for branch, required in workflow.get_branch_tasks().items():
        if states[branch].is_usable:
            _add_recorded(inputs, task, required, states[branch], lone=len(states) == 1)
            continue
        for file in required.output_paths():
            path = places.relative(file, required.manifest_path.parent)
            if _reads(task, required, path):
                name = _name(required, path, lone=False)
                with suppress(FileNotFoundError):
                    inputs.add(name, digest_of_output(file), **_origin(required, path))


def _add_foreign(inputs: Inputs, required: law.Task) -> None:
    """Add the files of a task that is not tracked by their content."""
    if not required.complete():
        inputs.waits_for.append(required.task_family)
        return
    targets = law.target.collection.flatten_collections(law.util.flatten(required.output()))
    for target in targets:
        path = file_of(target)
        if target.optional or path is None or not target.exists():
            continue
        inputs.rests_on.append(path)
        inputs.add(
            f"{required.task_family}/{target.basename}",
            digest_of_output(path),
            path=path,
            task=required.task_family,
        )


def _add_files(inputs: Inputs, task: TrackedTask) -> None:
    """Add the files from outside; one that is not there cannot have changed what was made."""
    owner = task.owner()
    try:
        files = [os.fspath(file) for file in owner.tracked_files(task.branch_data_or_none())]
    except UserError as error:
        inputs.unknown.append(f"inputs not compared: {error}")
        return
    shown = list(map(without_secrets, files))
    for file, text, name in zip(files, shown, short_names(shown), strict=True):
        try:
            inputs.add(name, digest_of(file), path=text)
        except (OSError, UserError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            inputs.unknown.append(f"input {name} not compared: {reason}")
            continue
        if "://" not in file:
            inputs.rests_on.append(os.path.abspath(file))


def _reads(task: TrackedTask, required: TrackedTask, path: str) -> bool:
    names = task.reads.get(required.task_family)
    return names is None or path in names


def _name(required: TrackedTask, path: str, lone: bool) -> str:
    label = "" if lone else required.branch_label()
    return "/".join(filter(None, [required.task_family, label, path]))


def _origin(required: TrackedTask, path: str) -> dict[str, Any]:
    manifest = required.manifest_path
    return {
        "path": places.joined(manifest.parent, path),
        "manifest": str(manifest),
        "task": required.task_family,
    }


def movable(origins: Mapping[str, Mapping[str, Any]], folder: Place) -> dict[str, dict[str, Any]]:
    """Return *origins* with what tasks made relative to *folder*, so that a store can move."""

    def seen_from(key: str, value: Any, made: bool) -> Any:
        is_place = made and key in ("path", "manifest")
        return places.relative(value, folder) if is_place else value

    return {
        name: {key: seen_from(key, value, "task" in origin) for key, value in origin.items()}
        for name, origin in origins.items()
    }


def short_names(files: Iterable[str]) -> list[str]:
    """Return the last part of each path, and as many more as tell equal ones apart."""
    parts = [tuple(part for part in file.split("/") if part) for file in files]
    names = ["/".join(part[-1:]) for part in parts]
    depth = 1
    while len(set(names)) < len(set(parts)) and depth < max(map(len, parts)):
        depth += 1
        counts = Counter(names)
        names = [
            "/".join(part[-depth:]) if counts[name] > 1 else name
            for part, name in zip(parts, names, strict=True)
        ]
    return names
