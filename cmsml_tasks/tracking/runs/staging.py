"""Local copies of what lies on a server, for work that knows files alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import law

from cmsml_tasks.errors import UserError
from cmsml_tasks.files import sha256
from cmsml_tasks.temporary import keep_folder, temporary_folder
from cmsml_tasks.tracking.contract.targets import file_of
from cmsml_tasks.tracking.contract.tracked import Tracked
from cmsml_tasks.tracking.runs.task_run import MissingOutputError
from cmsml_tasks.tracking.storage import places, remote_files
from cmsml_tasks.tracking.storage.gfal import StorageError


@contextmanager
def staged(task: Tracked) -> Iterator[tuple[Any, Any]]:
    """Give ``input()`` and ``output()`` of *task* with a local file for each one on a server.

    Inputs are fetched, those that the task does not read excepted. When the block ends well all
    outputs are sent, and only then take the place of the old ones; when it fails the server sees
    nothing of it. Local targets are given as they are.

    Raises:
        StorageError: a server does not answer, or refuses; what was made is kept then, and the
            message says where.
        MissingOutputError: an output was not written.
    """
    to_send: dict[Path, Any] = {}
    with temporary_folder("staging") as folder:
        inputs = law.util.map_struct(_Fetching(task, folder / "inputs"), task.input())
        outputs = law.util.map_struct(
            lambda target: _local_output(target, folder / "outputs", to_send), task.output()
        )
        yield inputs, outputs
        try:
            _send_all(task, to_send)
        except StorageError as error:
            shutil.rmtree(folder / "inputs", ignore_errors=True)
            kept = keep_folder(folder) / "outputs"
            raise StorageError(f"{error}; what was made is kept in {kept}") from error


class _Fetching:
    """Gives the local copy of a target that is read from a server."""

    def __init__(self, task: Tracked, folder: Path) -> None:
        self._folder = folder
        self._digests = task.making.digests_of_inputs() if task.making else None
        self._number = 0

    def __call__(self, target: Any) -> Any:
        url = file_of(target) or ""
        is_read = self._digests is None or url in self._digests
        if not places.is_remote(url) or not is_read:
            return target
        self._number += 1
        path = self._folder / str(self._number) / target.basename
        path.parent.mkdir(parents=True)
        remote_files.fetch(url, path)
        recorded = (self._digests or {}).get(url, {}).get("sha256")
        if recorded not in (None, sha256(path)):
            raise StorageError(f"{url}: other bytes have arrived than were made; run it again")
        return law.LocalFileTarget(str(path))


def _local_output(target: Any, folder: Path, to_send: dict[Path, Any]) -> Any:
    url = file_of(target) or ""
    if not places.is_remote(url):
        return target
    path = folder / target.basename
    if path in to_send:
        path = folder / str(len(to_send)) / target.basename
    path.parent.mkdir(parents=True, exist_ok=True)
    to_send[path] = target
    return law.LocalFileTarget(str(path))


def _send_all(task: Tracked, to_send: dict[Path, Any]) -> None:
    for path, target in to_send.items():
        if not path.exists() and not target.optional:
            raise MissingOutputError.of(task, file_of(target))
    sent = {}
    try:
        for path, target in to_send.items():
            if path.exists():
                url = str(file_of(target))
                sent[url] = remote_files.send(path, url)
        # as late as can be: another host may have been quicker
        if task.making is None or not task.making.is_superseded():
            if task.making is not None:
                task.making.make_way()
            for url in list(sent):
                remote_files.settle(sent[url], url)
                del sent[url]
    finally:
        for each in sent.values():
            with suppress(UserError):
                remote_files.remove(each.sibling)
