"""What a task reads: the outputs of the tasks that it requires, and files from outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import law

from cmsml_tasks.errors import SettingsError, did_you_mean
from cmsml_tasks.tracking.contract.state import State
from cmsml_tasks.tracking.contract.targets import file_of
from cmsml_tasks.tracking.contract.tracked import Tracked, is_tracked, is_workflow
from cmsml_tasks.tracking.ingredients.outside_files import look_outside, tracked_files_of
from cmsml_tasks.tracking.ingredients.requested_tasks import asked_for
from cmsml_tasks.tracking.manifests.input_changes import USED_AS
from cmsml_tasks.tracking.manifests.manifest import Manifest
from cmsml_tasks.tracking.storage import places
from cmsml_tasks.tracking.storage.digests import Digest, digest_of_output
from cmsml_tasks.tracking.storage.one_look import seen
from cmsml_tasks.tracking.storage.places import Place


@dataclass(frozen=True)
class Input:
    """One file that a task reads.

    Attributes:
        digest: of its content, as it was when it was looked at.
        used_as: what a file from outside is used as, which counts; None for what a task made, whose
            name says it.
        origin: where it came from; absolute paths, see `movable`.
    """

    digest: Digest
    used_as: Mapping[str, Any] | None
    origin: Mapping[str, Any]

    def ingredient(self) -> dict[str, Any]:
        """Return what of it decides about outputs, as JSON."""
        use = {} if self.used_as is None else {USED_AS: dict(self.used_as)}
        return {**self.digest, **use}


@dataclass
class Inputs:
    """All that a task reads.

    Attributes:
        files: by the name that the manifest gives them; those from outside in their order.
        waits_for: required tasks that would run first.
        gone: tasks that were asked for and are no more, in words.
        unknown: files from outside that cannot be looked at, in words.
        read_with: code that is needed to read the inputs, as in the manifest.
        rests_on: local files whose signatures say whether any of this has changed.
        tasks: the required tasks, workflows in place of their branches.
    """

    files: dict[str, Input] = field(default_factory=dict)
    waits_for: list[law.Task] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    read_with: list[str] = field(default_factory=list)
    rests_on: list[str] = field(default_factory=list)
    tasks: list[law.Task] = field(default_factory=list)

    def add(self, name: str, file: Input) -> None:
        """Record one file; a second one of the same name gets a number."""
        unique, number = name, 1
        while unique in self.files:
            number += 1
            unique = f"{name}#{number}"
        self.files[unique] = file

    def ingredients(self) -> dict[str, Any]:
        """Return what of them decides about outputs, by name."""
        return {name: file.ingredient() for name, file in self.files.items()}

    def origins(self, folder: Place) -> dict[str, dict[str, Any]]:
        """Return where they came from, by name; seen from *folder* if the store moves with it."""
        return {name: movable(file.origin, folder) for name, file in self.files.items()}

    def families_waited_for(self) -> tuple[str, ...]:
        """Return the families of the required tasks that would run first."""
        return tuple(dict.fromkeys(task.task_family for task in self.waits_for))


def inputs_of(task: Tracked, manifest: Manifest | None, required: Iterable[law.Task]) -> Inputs:
    """Return what *task*, a branch or a plain task, would read today.

    Args:
        task: the task.
        manifest: speaks for files from outside that are not here.
        required: what it requires; `required_by`, and `asked_for` while it ran.
    """
    inputs = Inputs()
    required = list(required)
    families = Counter(each.task_family for each in required)
    for each in required:
        _add_required(inputs, task, each, lone=families[each.task_family] == 1)
    _add_files(inputs, task, manifest)
    inputs.read_with = sorted(set(inputs.read_with))
    return inputs


def inputs_recorded_by(task: Tracked, manifest: Manifest) -> Inputs:
    """Return what *task* would read today, if it asked for what it did for *manifest*."""
    asked, gone = asked_for(manifest)
    inputs = inputs_of(task, manifest, [*required_by(task), *asked])
    inputs.gone = gone
    return inputs


def required_by(task: Tracked) -> Iterator[law.Task]:
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


def _add_required(inputs: Inputs, task: Tracked, required: law.Task, lone: bool) -> None:
    is_branched = isinstance(required, law.BaseWorkflow)
    inputs.tasks.append(required.as_workflow() if is_branched else required)
    if not is_tracked(required):
        _add_foreign(inputs, required)
    elif is_workflow(required):
        _add_workflow(inputs, task, required)
    else:
        _check_reads(task, required)
        state = required.state()
        if state.is_usable:
            _add_recorded(inputs, task, required, state, lone)
        else:
            inputs.waits_for.append(required)
            # what it will say is not known yet; most likely what it has said before
            inputs.read_with += state.manifest.read_with if state.manifest else []


def _add_recorded(
    inputs: Inputs, task: Tracked, required: Tracked, state: State, lone: bool
) -> None:
    """Add the outputs of a task as its manifest describes them, whether they are there or not."""
    manifest = state.manifest
    assert manifest is not None, f"{required} is {state} without a manifest"
    inputs.rests_on.append(str(required.manifest_path))
    inputs.read_with += manifest.read_with
    for path, output in manifest.outputs.items():
        if _reads(task, required, path):
            name = _name(required, path, lone)
            origin = _origin(required, path)
            inputs.add(name, Input({"sha256": output["sha256"]}, None, origin))


def _add_workflow(inputs: Inputs, task: Tracked, workflow: Any) -> None:
    """Add all branches; where law's acceptance is content with some, the others as they are."""
    states = workflow.branch_states()
    for branch in list(workflow.get_branch_tasks().values())[:1]:
        _check_reads(task, branch)
    usable = sum(state.is_usable for state in states.values())
    if usable < workflow.workflow_proxy.threshold(len(states)):
        inputs.waits_for.append(workflow)
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
                    digest = digest_of_output(file)
                    inputs.add(name, Input(digest, None, _origin(required, path)))


def _add_foreign(inputs: Inputs, required: law.Task) -> None:
    """Add the files of a task that is not tracked by their content."""
    if not required.complete():
        inputs.waits_for.append(required)
        return
    targets = law.target.collection.flatten_collections(law.util.flatten(required.output()))
    for target in targets:
        path = file_of(target)
        if target.optional or path is None or not target.exists():
            continue
        inputs.rests_on.append(path)
        origin = {"path": path, "task": required.task_family}
        name = f"{required.task_family}/{target.basename}"
        inputs.add(name, Input(digest_of_output(path), None, origin))


def _add_files(inputs: Inputs, task: Tracked, manifest: Manifest | None) -> None:
    """Add the files from outside; one that is not there cannot have changed what was made."""
    files = tracked_files_of(task.owner(), task.branch_data_or_none())
    found, unknown = look_outside(files, manifest)
    inputs.unknown += unknown
    for each in found:
        inputs.add(each.name, Input(each.digest, each.used_as, each.origin))
        if each.path is not None:
            inputs.rests_on.append(each.path)


def _check_reads(task: Tracked, required: Tracked) -> None:
    """Check that what *task* says it reads of *required* is made: other names would never count."""
    names = task.reads.get(required.task_family)
    if names is None:
        return
    folder = required.manifest_path.parent
    made = [places.relative(file, folder) for file in required.output_paths()]
    wrong = [name for name in names if name not in made]
    if wrong:
        raise SettingsError(
            f"{task.task_family}.reads names {wrong[0]!r} of {required.task_family}, which makes "
            f"no such file{did_you_mean(wrong[0], made)}"
        )


def _reads(task: Tracked, required: Tracked, path: str) -> bool:
    names = task.reads.get(required.task_family)
    return names is None or path in names


def _name(required: Tracked, path: str, lone: bool) -> str:
    label = "" if lone else required.branch_label()
    return "/".join(filter(None, [required.task_family, label, path]))


def _origin(required: Tracked, path: str) -> dict[str, Any]:
    manifest = required.manifest_path
    return {
        "path": places.joined(manifest.parent, path),
        "manifest": str(manifest),
        "task": required.task_family,
    }


def movable(origin: Mapping[str, Any], folder: Place) -> dict[str, Any]:
    """Return *origin* with what a task made relative to *folder*, so that a store can move."""
    made = "task" in origin
    return {
        key: places.relative(value, folder) if made and key in ("path", "manifest") else value
        for key, value in origin.items()
    }
