"""Whether outputs that were replaced are those that a task would make today."""

from __future__ import annotations

from cmsml_tasks.tracking.contract.state import Verdict
from cmsml_tasks.tracking.contract.tracked import Tracked
from cmsml_tasks.tracking.ingredients.inputs import inputs_recorded_by
from cmsml_tasks.tracking.ingredients.observations import observations_today
from cmsml_tasks.tracking.judging.judge import judged
from cmsml_tasks.tracking.judging.kept import Kept
from cmsml_tasks.tracking.judging.replaced import kept_beside
from cmsml_tasks.tracking.storage.one_look import seen


def restorable(task: Tracked, *, if_unchanged: bool = False) -> Kept | None:
    """Return what is kept and complete by the judgement on outputs, the newest first.

    Args:
        task: a branch or a plain task, whose outputs are stale or missing.
        if_unchanged: ask for what would be complete if required tasks that run first came out as
            they were.
    """
    if task.no_restore:
        return None
    what = f"restorable {if_unchanged}"
    return seen(what, task, lambda: _restorable(task, if_unchanged))


def _restorable(task: Tracked, if_unchanged: bool) -> Kept | None:
    for kept in kept_beside(task.manifest_path):
        manifest = kept.manifest
        if manifest.task != task.task_family:
            continue
        inputs, observed = inputs_recorded_by(task, manifest), observations_today(manifest)
        state = judged(task, manifest, kept.folders, inputs, observed)
        if state.verdict is Verdict.COMPLETE:
            return kept
        if if_unchanged and state.waits_for and not state.changed and not state.damaged:
            return kept
    return None
