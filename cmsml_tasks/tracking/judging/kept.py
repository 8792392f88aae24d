"""What is kept of outputs that were replaced, here or on a server."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path

import law

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.tracking.manifests.manifest import Manifest
from cmsml_tasks.tracking.storage.places import Place, Url

FOLDER = ".replaced"
MANIFEST = "manifest.json"
_SECTION = "cmsml_tasks"
LONGER_THAN, LARGEST = "keep_longer_than", "keep_at_most"
_DEFAULTS = {LONGER_THAN: "5min", LARGEST: "20GB"}


@dataclass(frozen=True)
class Kept:
    """Outputs that were replaced.

    Attributes:
        folder: their own one.
        manifest: what describes them.
        since: when they were kept, in seconds of the epoch.
    """

    folder: Place
    manifest: Manifest
    since: float

    @property
    def size(self) -> int:
        """Size of the outputs in bytes."""
        return sum(int(output.get("size", 0)) for output in self.manifest.outputs.values())

    @property
    def home(self) -> Place:
        """The folder that they were made in."""
        return self.folder.parent.parent

    @property
    def folders(self) -> tuple[Place, ...]:
        """Where they lie; on a server some are still, or again, where they were made."""
        return (self.folder, self.home) if isinstance(self.folder, Url) else (self.folder,)


def in_order(found: list[Kept]) -> list[Kept]:
    """Return *found*, the newest first; servers tell seconds alone."""
    return sorted(
        found,
        key=lambda kept: (kept.since, str(kept.manifest.environment.get("time"))),
        reverse=True,
    )


def name_of(manifest_path: Place, manifest: Manifest) -> str:
    """Return the name of the folder in which the outputs of *manifest* are kept."""
    content = json.dumps([manifest.task, manifest.ingredients])
    return f"{_prefix(manifest_path)}{hashlib.sha256(content.encode()).hexdigest()[:16]}"


def is_of(manifest_path: Place, name: str) -> bool:
    """Tell whether *name* is one that `name_of` gives, and not that of a task beside it."""
    return re.fullmatch(rf"{re.escape(_prefix(manifest_path))}[0-9a-f]{{16}}", name) is not None


def _prefix(manifest_path: Place) -> str:
    name = manifest_path.name
    return "" if name == MANIFEST else f"{name.removesuffix('.manifest.json')}-"


def is_worth_it(manifest: Manifest) -> bool:
    """Tell whether making the outputs took long; those that lie elsewhere are left there."""
    took = float(manifest.environment.get("seconds", 0))
    return took > option(LONGER_THAN) and not any(map(_leaves, manifest.outputs))


def _leaves(name: str) -> bool:
    return os.path.isabs(name) or ".." in Path(name).parts or "://" in name


def check_options() -> None:
    """Look at the options of ``law.cfg`` before anything runs.

    Raises:
        SettingsError: one of them cannot be read.
    """
    for name in _DEFAULTS:
        option(name)


def option(name: str) -> float:
    """Return an option of ``law.cfg``, in seconds or bytes.

    Raises:
        SettingsError: it cannot be read.
    """
    text = str(law.config.get_expanded(_SECTION, name, default=None) or _DEFAULTS[name]).strip()
    if text in ("never", "unlimited"):
        return float("inf")
    parse = law.util.parse_duration if name == LONGER_THAN else law.util.parse_bytes
    try:
        return float(parse(text))
    except ValueError:
        example = "5min, 0s or never" if name == LONGER_THAN else "20GB or unlimited"
        raise SettingsError(
            f"{name}: {text!r} in [{_SECTION}] of law.cfg cannot be read; write {example}"
        ) from None
