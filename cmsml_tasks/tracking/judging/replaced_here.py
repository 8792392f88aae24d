"""Outputs that were replaced, in a local store.

They are hard links, made before the run, so that a run that fails has cost nothing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from cmsml_tasks import files
from cmsml_tasks.tracking.judging.kept import FOLDER, MANIFEST, Kept, in_order, is_worth_it, name_of
from cmsml_tasks.tracking.manifests.manifest import Manifest, describe_outputs, output_changes
from cmsml_tasks.tracking.storage import places


def kept_in(folder: Path) -> list[Kept]:
    """Return all that is kept in *folder*, the newest first."""
    found = []
    with suppress(OSError):
        for each in os.scandir(folder / FOLDER):
            if each.name.startswith(".") or not each.is_dir(follow_symlinks=False):
                continue
            path = Path(each.path, MANIFEST)
            manifest = Manifest.read(path)
            if isinstance(manifest, Manifest):
                found.append(Kept(Path(each.path), manifest, path.stat().st_mtime))
    return in_order(found)


def kept_below(store: Path) -> Iterator[Kept]:
    """Yield all that is kept anywhere below *store*."""
    for path, folders, _ in os.walk(store):
        if FOLDER in folders:
            yield from kept_in(Path(path))
        folders[:] = sorted(name for name in folders if not name.startswith("."))


def keep(manifest_path: Path, manifest: Manifest, *, by_link: bool) -> None:
    """Keep the outputs of *manifest*, which are to be replaced, if making them took long.

    Raises:
        UserError: the folder cannot be written.
    """
    folder = manifest_path.parent
    if not is_worth_it(manifest) or output_changes(manifest.outputs, folder) != ([], []):
        return
    target = folder / FOLDER / name_of(manifest_path, manifest)
    unfinished = target.with_name(f".{target.name}")
    with files.writing_to(target):
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for name in manifest.outputs:
            _copy(folder / name, unfinished / name, by_link)
        places.write_json(unfinished / MANIFEST, asdict(manifest), in_order=True)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(unfinished, target)


def restore(kept: Kept, manifest_path: Path, *, by_link: bool) -> None:
    """Put what is *kept* in its place again, and its manifest last.

    Raises:
        UserError: the folder cannot be written.
    """
    home = manifest_path.parent
    folder = home / FOLDER / kept.folder.name
    for name in kept.manifest.outputs:
        output = home / name
        with files.writing_to(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            sibling = output.with_name(f".{output.name}.restored")
            _remove(sibling)
            _copy(folder / name, sibling, by_link)
            if sibling.is_dir():
                _remove(output)
            os.replace(sibling, output)
    outputs = describe_outputs([home / name for name in kept.manifest.outputs], home)
    replace(kept.manifest, outputs=outputs).write(manifest_path)


def drop(folder: Path) -> None:
    """Remove what is kept in *folder*; the manifest goes first, so that none describes a half."""
    with suppress(OSError):
        (folder / MANIFEST).unlink()
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):
        folder.parent.rmdir()


def _copy(source: Path, target: Path, by_link: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    copy: Any = os.link if by_link else shutil.copy2
    if source.is_dir():
        shutil.copytree(source, target, copy_function=copy)
        return
    try:
        copy(source, target)
    except OSError:
        if not by_link:
            raise
        shutil.copy2(source, target)  # a file system without hard links


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
