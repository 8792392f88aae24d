"""Manifests that runs which were killed have set aside, and which describe what is there."""

from __future__ import annotations

from contextlib import suppress

from cmsml_tasks.errors import UserError
from cmsml_tasks.tracking.contract.tracked import Tracked
from cmsml_tasks.tracking.judging.judge import believable_manifest
from cmsml_tasks.tracking.manifests.manifest import Manifest, set_aside
from cmsml_tasks.tracking.storage import places
from cmsml_tasks.tracking.storage.locks import Lock
from cmsml_tasks.tracking.storage.one_look import one_look


class _InUseError(Exception):
    """Another run has the lock, and decides about the manifest."""


_waiting: dict[str, Tracked] = {}


def note_set_aside(task: Tracked) -> None:
    """Remember that *task* was found complete by a manifest that was set aside."""
    _waiting[str(task.manifest_path)] = task


def put_all_back(*_: Tracked) -> None:
    """Put the manifests back that were remembered; luigi has found a task complete by them."""
    while _waiting:
        task = _waiting.pop(next(iter(_waiting)))
        with suppress(_InUseError, OSError, UserError):
            _put_back_alone(task)


def put_back(task: Tracked) -> None:
    """Put the manifest of *task* back, if it was set aside and is believed; the lock is held.

    Raises:
        OSError: the folder cannot be written.
        StorageError: the server does not answer, or refuses.
    """
    path = task.manifest_path
    if not places.exists(str(path)) and isinstance(believable_manifest(task), Manifest):
        places.move(set_aside(path), path)


def _put_back_alone(task: Tracked) -> None:
    def give_up(by: str) -> None:
        raise _InUseError(by)

    lock = Lock(task.manifest_path)
    lock.acquire(give_up)
    try:
        with one_look():
            put_back(task)
    finally:
        lock.release()
