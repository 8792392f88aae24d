"""The verdict on outputs: do they exist, and does their manifest describe today's ingredients?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from cmsml_tasks.tracking.contract.state import State, Verdict
from cmsml_tasks.tracking.contract.tracked import Tracked
from cmsml_tasks.tracking.ingredients.ingredients import (
    CODE,
    PARAMETER,
    Ingredients,
    changes,
    ingredients_of,
)
from cmsml_tasks.tracking.ingredients.inputs import Inputs, inputs_recorded_by
from cmsml_tasks.tracking.ingredients.observations import Observations, observations_today
from cmsml_tasks.tracking.manifests.environment import environment_changes
from cmsml_tasks.tracking.manifests.input_changes import INPUT
from cmsml_tasks.tracking.manifests.manifest import (
    Manifest,
    Unbelievable,
    output_changes,
    set_aside,
)
from cmsml_tasks.tracking.storage import places
from cmsml_tasks.tracking.storage.one_look import seen
from cmsml_tasks.tracking.storage.places import Place


def judge(task: Tracked) -> State:
    """Return the verdict on *task*, a branch or a plain task; nothing is written or run.

    What cannot be read counts as damaged, because an exception would stop the whole run.

    Raises:
        StorageError: a server does not answer, or refuses; nothing is known then.
    """
    paths = task.output_paths()
    manifest, is_set_aside = _found_manifest(task)
    if not isinstance(manifest, Manifest) or manifest.task != task.task_family:
        return _without_manifest(task, paths, manifest)
    state = judged(
        task,
        manifest,
        (task.manifest_path.parent,),
        seen("inputs", task, lambda: inputs_recorded_by(task, manifest)),
        seen("observations", task, lambda: observations_today(manifest)),
    )
    return replace(state, is_set_aside=is_set_aside)


def judged(
    task: Tracked,
    manifest: Manifest,
    folders: Sequence[Place],
    inputs: Inputs,
    observed: Observations,
) -> State:
    """Return the verdict on what *manifest* describes, as outputs of *task* today.

    Args:
        task: a branch or a plain task.
        manifest: of outputs that were made by it.
        folders: where they lie; each in the first one in which it is as it was recorded.
        inputs: what it would read today if it asked for what it did for *manifest*.
        observed: what *manifest* has seen read, as it is today.
    """
    current = {**ingredients_of(task, inputs), **observed.sections}
    roots = (*task.owner().tracked_code(), *inputs.read_with)
    recorded = with_values_before(manifest.ingredients, task)
    recorded, current = _known(recorded, inputs), _known(current, inputs)
    if inputs.waits_for:
        # which modules are needed to read what is not there is not known either
        used = {
            name: code for name, code in recorded.get(CODE, {}).items() if name in current[CODE]
        }
        recorded = {**recorded, CODE: used}
    changed = changes(recorded, current, roots)
    changed += inputs.gone
    changed += environment_changes(manifest.environment, task.compare_environment)
    damaged, gone = _damage(task, manifest, folders)
    verdict = Verdict.COMPLETE
    if changed or damaged or inputs.waits_for:
        verdict = Verdict.STALE
        damaged += [f"output {name} was removed" for name in gone]
    elif gone:
        verdict = Verdict.ARCHIVED
    return State(
        verdict,
        changed=tuple(changed),
        damaged=tuple(damaged),
        waits_for=inputs.families_waited_for(),
        unknown=(*inputs.unknown, *observed.unknown),
        manifest=manifest,
    )


def declared_names(task: Tracked) -> list[str]:
    """Return the outputs of *task* by the names that its manifest gives them."""
    folder = task.manifest_path.parent
    return [places.relative(path, folder) for path in task.output_paths()]


def believable_manifest(task: Tracked) -> Manifest | Unbelievable | None:
    """Return the manifest of *task*, or the one that a run set aside which changed nothing.

    The latter is what a failed or killed run leaves whose task had written no output yet.
    """
    return _found_manifest(task)[0]


def _found_manifest(task: Tracked) -> tuple[Manifest | Unbelievable | None, bool]:
    """Return the same, and whether it is the one that was set aside."""
    path, declared = task.manifest_path, declared_names(task)
    manifest = Manifest.read(path, declared)
    if isinstance(manifest, Manifest):
        return manifest, False
    before = Manifest.read(set_aside(path), declared)
    if isinstance(before, Manifest):
        with suppress(OSError):
            if output_changes(before.outputs, path.parent) == ([], []):
                return before, True
    return manifest, False


def with_values_before(ingredients: Ingredients, task: Tracked) -> Ingredients:
    """Add what outputs were made with before the task had a parameter, where its class says it."""
    before = task.owner().values_before()
    if not before:
        return ingredients
    return {**ingredients, PARAMETER: {**before, **ingredients.get(PARAMETER, {})}}


def _known(ingredients: Ingredients, inputs: Inputs) -> Ingredients:
    """Leave out the inputs whose makers would run first: what they will be is not known yet."""
    if not inputs.waits_for:
        return ingredients
    makers = tuple(f"{family}/" for family in inputs.families_waited_for())
    kept = {
        name: digest
        for name, digest in ingredients.get(INPUT, {}).items()
        if not name.startswith(makers)
    }
    return {**ingredients, INPUT: kept}


def _without_manifest(
    task: Tracked, paths: list[str], manifest: Manifest | Unbelievable | None
) -> State:
    there = [path for path in paths if places.exists(path)]
    if isinstance(manifest, Unbelievable):
        return State(Verdict.STALE if there else Verdict.MISSING, damaged=(str(manifest),))
    if manifest is not None:
        damage = f"{task.manifest_path.name} speaks of {manifest.task}, not of {task.task_family}"
    else:
        damage = f"no manifest: {task.task_family} did not finish, or did not make what is there"
    if there:
        return State(Verdict.STALE, damaged=(damage,))
    return State(Verdict.MISSING)


def _damage(
    task: Tracked, manifest: Manifest, folders: Sequence[Place]
) -> tuple[list[str], list[str]]:
    """Return what is wrong with the outputs in words, and which are in none of *folders*."""
    wanted = declared_names(task)
    recorded = {name: manifest.outputs[name] for name in wanted if name in manifest.outputs}
    try:
        damaged, gone = output_changes(recorded, folders[0])
        if damaged or gone:
            for folder in folders[1:]:
                recorded = {
                    name: output
                    for name, output in recorded.items()
                    if output_changes({name: output}, folder) != ([], [])
                }
            damaged, gone = output_changes(recorded, folders[0])
    except OSError as error:
        return [f"outputs cannot be read: {error}"], []
    damaged += [f"output {name} was not made" for name in wanted if name not in manifest.outputs]
    return damaged, gone
