"""Files from outside that a task reads: where they are, and what they are used as.

Where they lie does not count, so that data can move; what they are used as does: the sample, the
scale, or, of files in a plain list, the order and the part of the path below their common folder.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cmsml_tasks.errors import UserError
from cmsml_tasks.shown import without_secrets
from cmsml_tasks.tracking.contract.tracked import Tracked
from cmsml_tasks.tracking.contract.tracked_file import AnyTrackedFile, NotHere, TrackedFile
from cmsml_tasks.tracking.manifests.input_changes import INPUT, USED_AS
from cmsml_tasks.tracking.storage.digests import Digest, digest_of

if TYPE_CHECKING:
    from cmsml_tasks.tracking.manifests.manifest import Manifest

FOUND_BY = "found by"


@dataclass(frozen=True)
class OutsideFile:
    """A file from outside as an ingredient; *path* is None where the manifest speaks for it."""

    name: str
    digest: Digest
    used_as: Mapping[str, Any]
    origin: Mapping[str, Any]
    path: str | None


def tracked_files_of(owner: Tracked, data: Any) -> list[TrackedFile | NotHere]:
    """Return the files from outside of one branch, those of a plain list by their place in it."""
    try:
        return described(owner.tracked_files(data))
    except UserError as error:
        return [NotHere("", without_secrets(str(error)))]


def described(files: Iterable[AnyTrackedFile]) -> list[TrackedFile | NotHere]:
    """Return *files* with those that are plain paths as files of no particular use.

    A set has no order, and is given one.
    """
    found = [
        each if isinstance(each, TrackedFile | NotHere) else TrackedFile(os.fspath(each), {})
        for each in files
    ]
    return sorted(found, key=str) if isinstance(files, Set) else found


def look_outside(
    files: Iterable[TrackedFile | NotHere], manifest: Manifest | None
) -> tuple[list[OutsideFile], list[str]]:
    """Return *files* as ingredients, and in words which could not be looked at.

    The *manifest* speaks for the latter: what is not here cannot have changed what was made.
    """
    files = list(files)
    here = [each for each in files if isinstance(each, TrackedFile)]
    away = [each for each in files if isinstance(each, NotHere)]
    spoken_for = _recorded(manifest, away, {without_secrets(each.path) for each in here})
    found = []
    unknown = [f"inputs not compared: {without_secrets(each.why)}" for each in away]
    for each, name in zip(here, _names(here, spoken_for), strict=True):
        shown = without_secrets(each.path)
        origin = {"path": shown, FOUND_BY: without_secrets(each.found_by)}
        try:
            digest = digest_of(each.path)
        except (OSError, UserError) as error:
            reason = getattr(error, "strerror", None) or without_secrets(str(error))
            unknown.append(f"input {name} not compared: {reason}")
            known = _entry(manifest, name)
            if known is not None:
                found.append(OutsideFile(name, known[0], each.used_as, origin, None))
            continue
        path = None if "://" in each.path else os.path.abspath(each.path)
        found.append(OutsideFile(name, digest, each.used_as, origin, path))
    return found + spoken_for, unknown


def _recorded(
    manifest: Manifest | None, away: Sequence[NotHere], here: set[str]
) -> list[OutsideFile]:
    """Return what *manifest* says of the files that the globs of *away* have found then."""
    if manifest is None or not away:
        return []
    globs = {without_secrets(each.found_by) for each in away}
    found = []
    for name, origin in manifest.origins.items():
        entry = _entry(manifest, name)
        is_away = "" in globs or origin.get(FOUND_BY) in globs
        if entry is not None and is_away and origin.get("path") not in here:
            found.append(OutsideFile(name, *entry, origin, None))
    return found


def _entry(manifest: Manifest | None, name: str) -> tuple[Digest, Mapping[str, Any]] | None:
    """Return digest and use of a file from outside that *manifest* knows by *name*."""
    if manifest is None or "task" in manifest.origins.get(name, {"task": ""}):
        return None
    entry = manifest.ingredients.get(INPUT, {}).get(name)
    if not isinstance(entry, Mapping):
        return None
    return {key: value for key, value in entry.items() if key != USED_AS}, entry.get(USED_AS, {})


def _names(here: Sequence[TrackedFile], away: Sequence[OutsideFile]) -> list[str]:
    """Return the names of *here*, the same ones whether the files of *away* are there or not."""
    uses = [(without_secrets(each.path), each.used_as) for each in here]
    uses += [(str(each.origin.get("path")), each.used_as) for each in away]
    paths = [path for path, _ in uses]
    plain = [path for path, used_as in uses if not used_as]
    short = dict(zip(paths, short_names(paths), strict=True))
    below = dict(zip(plain, names_below_common_folder(plain), strict=True))
    return [below.get(path, short[path]) for path, _ in uses[: len(here)]]


def names_below_common_folder(files: Sequence[str]) -> list[str]:
    """Return the part of each path below the folder that all of *files* lie in."""
    parts = [file.split("/") for file in files]
    depth = 0
    while len({tuple(part[: depth + 1]) for part in parts}) == 1 and depth < len(parts[0]) - 1:
        depth += 1
    return ["/".join(part[depth:]) for part in parts]


def short_names(files: Iterable[str]) -> list[str]:
    """Return the last part of each path, and as many more as tell equal ones apart."""
    parts = [tuple(part for part in file.split("/") if part) for file in files]
    names = ["/".join(part[-1:]) for part in parts]
    depth = 1
    while len(set(names)) < len(set(parts)) and depth < max(map(len, parts)):
        depth += 1
        counts = Counter(names)
        names = [
            "/".join(part[-depth:]) if counts[name] > 1 else name
            for part, name in zip(parts, names, strict=True)
        ]
    return names
