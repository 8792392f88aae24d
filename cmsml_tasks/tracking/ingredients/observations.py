"""What the user's code was seen to read, files and variables of the environment, as ingredients.

A run finds out what it reads, so the names come from the manifest, and what they name is compared.
Files are known by their path relative to the project, so that a clone, or a copy in a job, is
asked for its own.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cmsml_tasks.errors import UserError
from cmsml_tasks.observing.observed import Observed, names_digest
from cmsml_tasks.shown import is_secret_name
from cmsml_tasks.tracking.manifests.project_folder import project_folder
from cmsml_tasks.tracking.storage.digests import digest_of

if TYPE_CHECKING:
    from cmsml_tasks.tracking.manifests.manifest import Manifest

READ, VARIABLE = "read", "variable"
OBSERVED = {READ, VARIABLE}

_CONTENT, _NAMES, _SHOWN = "sha256", "names", "shown"
_PLAIN = re.compile(r"[\w .,:/+=@%~-]{0,60}", re.ASCII)

Sections = dict[str, dict[str, dict[str, Any]]]


@dataclass
class Observations:
    """What the names that a manifest has seen read stand for today.

    Attributes:
        sections: as they stand in ingredients.
        unknown: what cannot be looked at here, in words; taken for unchanged.
        rests_on: files whose signatures say whether any of it has changed.
        others: what else says so: folders, files that are not there, variables.
    """

    sections: Sections = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    rests_on: list[str] = field(default_factory=list)
    others: dict[str, Any] = field(default_factory=dict)


def as_ingredients(observed: Observed, also: Mapping[str, str]) -> Sections:
    """Return what was *observed* in the sections that a manifest records; none where nothing was.

    An entry without content stands for what was not there, or not set. *also* are further files,
    with their digests.
    """
    files = {**observed.files, **also}
    read = {name_of_read(path): _content(digest) for path, digest in files.items()}
    read |= {
        f"{name_of_read(path)}/": {} if digest is None else {_NAMES: digest}
        for path, digest in observed.folders.items()
    }
    variables = {name: _variable(name, value) for name, value in observed.variables.items()}
    return {name: each for name, each in ((READ, read), (VARIABLE, variables)) if each}


def observations_today(manifest: Manifest) -> Observations:
    """Return what *manifest* has seen read, as it is today."""
    today = Observations()
    if read := manifest.ingredients.get(READ):
        is_here = _was_made_here(manifest)
        today.sections[READ] = {
            name: _look_at(name, was, is_here, today) for name, was in read.items()
        }
    if variables := manifest.ingredients.get(VARIABLE):
        now = {name: _variable(name, os.environ.get(name)) for name in variables}
        today.sections[VARIABLE] = now
        today.others |= {f"${name}": value for name, value in now.items()}
    return today


def look_again(others: Iterable[str]) -> dict[str, Any]:
    """Return what *others*, the names in `Observations.others`, stand for now."""
    found: dict[str, Any] = {}
    for name in others:
        if name.startswith("$"):
            found[name] = _variable(name[1:], os.environ.get(name[1:]))
        else:
            found[name] = _found(name)
    return found


def files_read(manifest: Manifest) -> list[str]:
    """Return the absolute paths of the files and folders that *manifest* has seen read."""
    read: Mapping[str, Any] = manifest.ingredients.get(READ, {})
    return [_path(name) for name, entry in read.items() if entry]


def variables_read(manifest: Manifest) -> list[str]:
    """Return the names of the variables that *manifest* has seen asked for."""
    return list(manifest.ingredients.get(VARIABLE, {}))


def observation_changes(
    section: str, recorded: Mapping[str, Any], current: Mapping[str, Any]
) -> Iterator[str]:
    """Yield in words what differs: ``read net.json changed``, ``variable WIDE: unset -> 2``."""
    for name in dict.fromkeys([*recorded, *current]):
        was, now = recorded.get(name) or {}, current.get(name) or {}
        if was == now:
            continue
        if section == VARIABLE:
            yield f"variable {_variable_change(name, was, now)}"
        elif was and now:
            yield f"read {name} changed"
        else:
            yield f"read {name} is {'gone' if was else 'new'}"


def shown_observation(section: str, entry: Mapping[str, Any]) -> str:
    """Return how an entry of *section* reads behind its name."""
    if section == VARIABLE:
        return f" = {_shown(entry)}"
    return (
        f"  sha256 {entry[_CONTENT]}" if _CONTENT in entry else "" if entry else "  was not there"
    )


def _look_at(
    name: str, was: Mapping[str, Any], is_here: bool, today: Observations
) -> dict[str, Any]:
    """Return what *name* is today; *is_here*: the run was on this machine, in this project."""
    path = _path(name)
    try:
        now = _found(path)
    except (OSError, UserError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        today.unknown.append(f"read {name} not compared: {reason}")
        return dict(was)
    if was and not now and not is_here:
        today.unknown.append(f"read {name} not compared: it is not here")
        return dict(was)
    if _CONTENT in now:
        today.rests_on.append(path)
    else:
        today.others[path] = now
    return now


def _found(path: str) -> dict[str, Any]:
    try:
        if path.endswith("/"):
            return {_NAMES: names_digest(path)}
        return dict(digest_of(path))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return {}


def _was_made_here(manifest: Manifest) -> bool:
    about = manifest.environment
    return bool(
        about.get("host") == socket.gethostname() and about.get("project") == str(project_folder())
    )


def _content(digest: str | None) -> dict[str, Any]:
    return {} if digest is None else {_CONTENT: digest}


def name_of_read(path: str) -> str:
    """Return *path* relative to the project, or as it is where it lies elsewhere."""
    folder = project_folder()
    for each in (path, os.path.join(os.path.realpath(os.path.dirname(path)), Path(path).name)):
        if Path(each).is_relative_to(folder):
            return str(Path(each).relative_to(folder))
    return path


def _path(name: str) -> str:
    return os.path.join(project_folder(), name)


def _variable(name: str, value: str | None) -> dict[str, Any]:
    if value is None:
        return {}
    digest = hashlib.sha256(value.encode(errors="surrogateescape")).hexdigest()
    is_plain = not is_secret_name(name) and "://" not in value and _PLAIN.fullmatch(value)
    return {_CONTENT: digest, **({_SHOWN: value} if is_plain else {})}


def _variable_change(name: str, was: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if was and now and not (_SHOWN in was and _SHOWN in now):
        return f"{name} changed"
    return f"{name}: {_shown(was)} -> {_shown(now)}"


def _shown(entry: Mapping[str, Any]) -> str:
    if not entry:
        return "unset"
    return str(entry[_SHOWN] or '""') if _SHOWN in entry else "(set)"
