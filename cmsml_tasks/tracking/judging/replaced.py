"""Outputs that a rerun replaces, kept where making them took long.

They lie beside the new ones in ``.replaced/<digest of their ingredients>/``, with their manifest.
When what they were made from is again what is there, they come back in place of a run. Whoever
keeps or restores holds the lock of the outputs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from cmsml_tasks.tracking.judging import replaced_here, replaced_remote
from cmsml_tasks.tracking.judging.kept import LARGEST, Kept, is_of, option
from cmsml_tasks.tracking.manifests.manifest import Manifest
from cmsml_tasks.tracking.storage.gfal import StorageError
from cmsml_tasks.tracking.storage.places import Place, Url

_MOST = 3


def kept_beside(manifest_path: Place) -> list[Kept]:
    """Return what is kept for the outputs of *manifest_path*, the newest first.

    Raises:
        StorageError: the server does not answer.
    """
    folder = manifest_path.parent
    if isinstance(folder, Url):
        found = replaced_remote.kept_in(folder)
    else:
        found = replaced_here.kept_in(folder)
    return [each for each in found if is_of(manifest_path, each.folder.name)]


def kept_below(store: Place) -> Iterator[Kept]:
    """Yield all that is kept anywhere below *store*.

    Raises:
        FileNotFoundError: a server says that there is no such folder.
        StorageError: the server does not answer, or refuses.
    """
    if isinstance(store, Url):
        return replaced_remote.kept_below(store)
    return replaced_here.kept_below(store)


def keep_before(manifest_path: Place, manifest: Manifest, *, by_link: bool) -> None:
    """Keep the outputs of *manifest* before the run that replaces them, in a local store.

    Args:
        manifest_path: where it lies, or has lain.
        manifest: of outputs that a run is going to replace.
        by_link: whether that run writes new files and renames them, which leaves links alone.

    Raises:
        UserError: the folder cannot be written.
    """
    if isinstance(manifest_path, Path):
        replaced_here.keep(manifest_path, manifest, by_link=by_link)


def make_way(manifest_path: Place, before: Manifest | None, but: Kept | None = None) -> None:
    """Keep what is at the places of new outputs just before these are put there, on a server.

    Args:
        manifest_path: where the manifest of the new ones will lie.
        before: the manifest of the old ones, None where none is believed.
        but: what is about to be restored, and so may be at its place.

    Raises:
        StorageError: the server does not answer, or refuses.
    """
    if isinstance(manifest_path, Url):
        folder = but.folder if but is not None else None
        others = [each for each in kept_beside(manifest_path) if each.folder != folder]
        replaced_remote.make_way(manifest_path, before, others)


def restore(kept: Kept, manifest_path: Place, *, by_link: bool) -> None:
    """Put what is *kept* in its place again, and its manifest last; nobody else may run meanwhile.

    Raises:
        UserError: the folder cannot be written, or its server is away.
    """
    if isinstance(manifest_path, Url):
        replaced_remote.restore(kept, manifest_path)
    else:
        replaced_here.restore(kept, manifest_path, by_link=by_link)
    with suppress(StorageError):
        drop([kept])


def drop(kept: Iterable[Kept]) -> None:
    """Remove what is *kept*.

    Raises:
        StorageError: the server does not answer, or refuses.
    """
    for each in kept:
        if isinstance(each.folder, Url):
            replaced_remote.drop(each.folder)
        else:
            replaced_here.drop(each.folder)


def drop_old(manifest_path: Place) -> None:
    """Leave the newest ones, as many as there may be; the next run tries what a server refuses."""
    size, largest = 0, option(LARGEST)
    with suppress(StorageError):
        for number, kept in enumerate(kept_beside(manifest_path)):
            size += kept.size
            if number >= _MOST or size > largest:
                drop([kept])


def drop_all(manifest_path: Place) -> None:
    """Remove all that is kept for the outputs of *manifest_path*.

    Raises:
        StorageError: the server does not answer, or refuses.
    """
    drop(kept_beside(manifest_path))
