"""Outputs that a rerun replaces, kept where making them took long.

They lie beside the new ones in ``.replaced/<digest of their ingredients>/``, with their manifest.
When what they were made from is again what is there, they come back in place of a run.

Here they are hard links, made before the run, so that a run that fails has cost nothing.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import law

from cmsml_tasks import files
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.tracking import places
from cmsml_tasks.tracking.manifest import Manifest, describe_outputs, output_changes
from cmsml_tasks.tracking.places import Place

FOLDER = ".replaced"
_MANIFEST = "manifest.json"
_MOST = 3
_SECTION = "cmsml_tasks"
_LONGER_THAN, _LARGEST = "keep_longer_than", "keep_at_most"
_DEFAULTS = {_LONGER_THAN: "5min", _LARGEST: "20GB"}


@dataclass(frozen=True)
class Kept:
    """Outputs that were replaced, in a *folder* of their own, with their *manifest*."""

    folder: Path
    manifest: Manifest

    @property
    def size(self) -> int:
        """Size of the outputs in bytes."""
        return sum(int(output.get("size", 0)) for output in self.manifest.outputs.values())

    @property
    def since(self) -> float:
        """When they were kept, in seconds of the epoch."""
        return (self.folder / _MANIFEST).stat().st_mtime

    def drop(self) -> None:
        """Remove them; the manifest goes first, so that none describes a half."""
        with suppress(OSError):
            (self.folder / _MANIFEST).unlink()
        shutil.rmtree(self.folder, ignore_errors=True)
        with suppress(OSError):
            self.folder.parent.rmdir()


def kept_beside(manifest_path: Place) -> list[Kept]:
    """Return what is kept for the outputs of *manifest_path*, the newest first."""
    if not isinstance(manifest_path, Path):
        return []
    prefix = _prefix(manifest_path)
    return [each for each in kept_in(manifest_path.parent) if each.folder.name.startswith(prefix)]


def kept_in(folder: Path) -> list[Kept]:
    """Return all that is kept in *folder*, the newest first."""
    found = []
    with suppress(OSError):
        for each in os.scandir(folder / FOLDER):
            if each.name.startswith(".") or not each.is_dir(follow_symlinks=False):
                continue
            manifest = Manifest.read(Path(each.path, _MANIFEST))
            if isinstance(manifest, Manifest):
                found.append(Kept(Path(each.path), manifest))
    return sorted(found, key=lambda kept: kept.since, reverse=True)


def kept_below(store: Path) -> Iterator[Kept]:
    """Yield all that is kept anywhere below *store*."""
    for path, folders, _ in os.walk(store):
        if FOLDER in folders:
            yield from kept_in(Path(path))
        folders[:] = sorted(name for name in folders if not name.startswith("."))


def check_options() -> None:
    """Look at the options of ``law.cfg`` before anything runs.

    Raises:
        SettingsError: one of them cannot be read.
    """
    for name in _DEFAULTS:
        _option(name)


def keep(manifest_path: Place, manifest: Manifest, *, by_link: bool) -> None:
    """Keep the outputs of *manifest*, if making them took long; nobody else may run meanwhile.

    Args:
        manifest_path: where it lies, or has lain.
        manifest: of outputs that a run is going to replace.
        by_link: whether that run writes new files and renames them, which leaves links alone.

    Raises:
        UserError: the folder cannot be written.
    """
    longest = _option(_LONGER_THAN)
    if not isinstance(manifest_path, Path) or manifest.environment.get("seconds", 0) <= longest:
        return
    folder = manifest_path.parent
    if any(_leaves(name) for name in manifest.outputs):
        return
    if output_changes(manifest.outputs, folder) != ([], []):
        return
    target = folder / FOLDER / f"{_prefix(manifest_path)}{_digest(manifest)}"
    unfinished = target.with_name(f".{target.name}")
    with files.writing_to(target):
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        for name in manifest.outputs:
            _copy(folder / name, unfinished / name, by_link)
        places.write_json(unfinished / _MANIFEST, asdict(manifest), in_order=True)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(unfinished, target)


def restore(kept: Kept, manifest_path: Path, *, by_link: bool) -> None:
    """Put what is *kept* in its place again, and its manifest last; nobody else may run meanwhile.

    Raises:
        UserError: the folder cannot be written.
    """
    folder = manifest_path.parent
    for name in kept.manifest.outputs:
        output = folder / name
        with files.writing_to(output):
            output.parent.mkdir(parents=True, exist_ok=True)
            sibling = output.with_name(f".{output.name}.restored")
            _remove(sibling)
            _copy(kept.folder / name, sibling, by_link)
            if sibling.is_dir():
                _remove(output)
            os.replace(sibling, output)
    outputs = describe_outputs([folder / name for name in kept.manifest.outputs], folder)
    replace(kept.manifest, outputs=outputs).write(manifest_path)
    kept.drop()


def drop_old(manifest_path: Place) -> None:
    """Leave the newest ones, as many as there may be."""
    size, largest = 0, _option(_LARGEST)
    for number, kept in enumerate(kept_beside(manifest_path)):
        size += kept.size
        if number >= _MOST or size > largest:
            kept.drop()


def drop_all(manifest_path: Place) -> None:
    """Remove all that is kept for the outputs of *manifest_path*."""
    for kept in kept_beside(manifest_path):
        kept.drop()


def _prefix(manifest_path: Path) -> str:
    """Return what tells the outputs of several tasks in one folder apart."""
    name = manifest_path.name
    return "" if name == _MANIFEST else f"{name.removesuffix('.manifest.json')}-"


def _digest(manifest: Manifest) -> str:
    content = json.dumps([manifest.task, manifest.ingredients])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _leaves(name: str) -> bool:
    return os.path.isabs(name) or ".." in Path(name).parts or "://" in name


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


def _option(name: str) -> float:
    text = str(law.config.get_expanded(_SECTION, name, default=None) or _DEFAULTS[name]).strip()
    if text in ("never", "unlimited"):
        return float("inf")
    parse = law.util.parse_duration if name == _LONGER_THAN else law.util.parse_bytes
    try:
        return float(parse(text))
    except ValueError:
        example = "5min, 0s or never" if name == _LONGER_THAN else "20GB or unlimited"
        raise SettingsError(
            f"{name}: {text!r} in [{_SECTION}] of law.cfg cannot be read; write {example}"
        ) from None
