"""Outputs that were replaced, on a server, which can rename and has no links.

They are renamed as late as can be, when the new ones have arrived. Their manifest is written first:
an output that it describes is kept where it is in the folder, or still at its own place, so that
nothing is lost to whoever ends the command meanwhile, and the next run goes on with it.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from contextlib import suppress

from cmsml_tasks.tracking.judging.kept import FOLDER, MANIFEST, Kept, in_order, is_worth_it, name_of
from cmsml_tasks.tracking.manifests.manifest import Manifest, output_changes
from cmsml_tasks.tracking.storage import places, remote_files
from cmsml_tasks.tracking.storage.one_look import seen_as
from cmsml_tasks.tracking.storage.places import Url


def kept_in(folder: Url) -> list[Kept]:
    """Return all that is kept in *folder*, the newest first.

    Raises:
        StorageError: the server does not answer.
    """
    found, url = [], f"{folder}/{FOLDER}"
    entries = seen_as(("listing", url), lambda: remote_files.listing_or_nothing(url))
    for name, status in (entries or {}).items():
        if name.startswith(".") or not stat.S_ISDIR(status.st_mode):
            continue
        path = folder / FOLDER / name / MANIFEST
        manifest = Manifest.read(path)
        if isinstance(manifest, Manifest):
            with suppress(FileNotFoundError):
                found.append(Kept(path.parent, manifest, places.signature(path.text)[1]))
    return in_order(found)


def kept_below(store: Url) -> Iterator[Kept]:
    """Yield all that is kept anywhere below *store*.

    Raises:
        FileNotFoundError: there is no such folder.
        StorageError: the server does not answer, or refuses.
    """
    entries = remote_files.listing(store.text)
    if FOLDER in entries:
        yield from kept_in(store)
    for name, status in sorted(entries.items(), key=lambda entry: entry[0]):
        if stat.S_ISDIR(status.st_mode) and not name.startswith("."):
            yield from kept_below(store / name)


def make_way(manifest_path: Url, before: Manifest | None, kept: list[Kept]) -> None:
    """Rename what lies where new outputs are about to be put, and is to be kept.

    Args:
        manifest_path: where the manifest of the new ones will lie.
        before: the manifest of the old ones, None where none is believed.
        kept: what is kept already, or was about to be when somebody ended the command.

    Raises:
        StorageError: the server does not answer, or refuses.
    """
    home = manifest_path.parent
    for each in kept:
        _take_in(each.manifest, home, home / FOLDER / each.folder.name)
    if before is None or not is_worth_it(before):
        return
    # looked at again: another host may have replaced them meanwhile
    if output_changes(before.outputs, home) == ([], []):
        folder = home / FOLDER / name_of(manifest_path, before)
        before.write(folder / MANIFEST)
        _take_in(before, home, folder)


def restore(kept: Kept, manifest_path: Url) -> None:
    """Put what is *kept* in its place again, and its manifest last.

    Raises:
        StorageError: the server does not answer, or refuses.
    """
    home = manifest_path.parent
    folder = home / FOLDER / kept.folder.name
    for name in kept.manifest.outputs:
        if _is_there(kept.manifest, name, folder):
            remote_files.move(f"{folder}/{name}", f"{home}/{name}")
    kept.manifest.write(manifest_path)


def drop(folder: Url) -> None:
    """Remove what is kept in *folder*; the manifest goes first, so that none describes a half.

    Raises:
        StorageError: the server does not answer, or refuses.
    """
    places.remove(folder / MANIFEST)
    remote_files.remove_folder(folder.text)


def _take_in(manifest: Manifest, home: Url, folder: Url) -> None:
    """Rename outputs of *manifest* that are still at their own place, and not yet in *folder*."""
    for name in manifest.outputs:
        if _is_there(manifest, name, folder) or not _is_there(manifest, name, home):
            continue
        if "/" in name:
            remote_files.make_folder(f"{folder}/{name}".rpartition("/")[0])
        remote_files.move(f"{home}/{name}", f"{folder}/{name}")


def _is_there(manifest: Manifest, name: str, folder: Url) -> bool:
    return output_changes({name: manifest.outputs[name]}, folder) == ([], [])
