"""Where an output came from, up to the first file; and which manifests speak of a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cmsml_tasks.shown import printable
from cmsml_tasks.tracking.contract.tracked import name_of, tasks_of
from cmsml_tasks.tracking.ingredients.ingredients import CODE
from cmsml_tasks.tracking.ingredients.observations import OBSERVED, shown_observation
from cmsml_tasks.tracking.manifests.input_changes import INPUT
from cmsml_tasks.tracking.manifests.manifest import Manifest
from cmsml_tasks.tracking.storage import places
from cmsml_tasks.tracking.storage.gfal import SCHEMES
from cmsml_tasks.tracking.storage.places import Place, Url

_LONGEST = 100


@dataclass(frozen=True)
class Found:
    """A manifest, where it lies, and the names under which it speaks of a file."""

    path: Place
    manifest: Manifest
    makes: list[str]
    reads: list[str]


def find_manifests(store: Place, digest: str) -> list[Found]:
    """Return the manifests below *store* that speak of a file with the SHA-256 *digest*.

    The beginning of a digest, 8 characters or more, will do.
    """
    found = []
    for path in manifests_below(store):
        manifest = Manifest.read(path, declared=None)
        if not isinstance(manifest, Manifest):
            continue
        makes = _named(manifest.outputs, digest)
        reads = _named(manifest.ingredients.get(INPUT, {}), digest)
        if makes or reads:
            found.append(Found(path, manifest, makes, reads))
    return found


def manifests_below(store: Place) -> Iterator[Place]:
    """Yield the places of all manifests in *store*, sorted within each folder."""
    for file in places.files_below(store):
        if file.name == "manifest.json" or file.name.endswith(".manifest.json"):
            yield file


def _named(entries: Mapping[str, Mapping[str, Any]], digest: str) -> list[str]:
    return [name for name, entry in entries.items() if entry.get("sha256", "").startswith(digest)]


def print_origin_of_task(task: Any, depth: int) -> None:
    """Print where the outputs of *task*, or of each branch of a workflow, came from."""
    told: set[str] = set()
    for each in tasks_of(task):
        state = each.state()
        print(f"{name_of(each)}: {state}")
        if state.manifest is not None:
            print("\n".join(origin_lines(each.manifest_path, state.manifest, depth, told=told)))


def origin_lines(
    path: Place,
    manifest: Manifest,
    depth: int = -1,
    store: Place | None = None,
    told: set[str] | None = None,
) -> list[str]:
    """Return in lines what the *manifest* at *path* says, and those of its inputs below it.

    Args:
        path: where it lies.
        manifest: its content.
        depth: how far up to go; -1 for the first file.
        store: where to look for the makers of inputs that are no longer where they were.
        told: manifests of which all was said before; this one is added.
    """
    told = set() if told is None else told
    if places.identity(path) in told:
        return ["(as above)"]
    told.add(places.identity(path))
    lines = [
        f"{name}  sha256 {output['sha256']}"
        + (f"  {output['size']:,} bytes" if "size" in output else "")
        for name, output in manifest.outputs.items()
    ]
    lines += [f"  {line}" for line in _how(manifest)]
    lines += [f"  {line}" for line in _from_what(manifest)]
    by_maker: dict[tuple[str, str], list[str]] = {}
    for name, digest in manifest.ingredients.get(INPUT, {}).items():
        origin = manifest.origins.get(name, {})
        (method, value), *_ = digest.items()
        place = "" if "task" in origin else f"  from {origin.get('path', '?')}"
        lines.append(f"  input    {name}  {method} {value}{place}")
        if "manifest" in origin and method == "sha256":
            by_maker.setdefault((name.rpartition("/")[0], origin["manifest"]), []).append(value)
    for (maker, place), digests in by_maker.items() if depth != 0 else ():
        found = _maker(places.place(places.joined(path.parent, place)), digests, store)
        if found is None:
            lines.append(f"  {maker}: no manifest of what was read is left")
        else:
            inner = origin_lines(*found, depth - 1, store, told)
            lines += [f"    {line}" for line in [f"{maker}:", *inner]]
    return [printable(line) for line in lines]


def _maker(path: Place, digests: list[str], store: Place | None) -> tuple[Place, Manifest] | None:
    """Return the manifest of what was read: at *path*, or wherever *store* has it."""
    if isinstance(path, Url) and path.scheme not in SCHEMES:
        return None
    manifest = Manifest.read(path, declared=None)
    outputs = manifest.outputs if isinstance(manifest, Manifest) else {}
    if isinstance(manifest, Manifest) and all(_named(outputs, digest) for digest in digests):
        return path, manifest
    for found in find_manifests(store, digests[0]) if store else ():
        if found.makes:
            return found.path, found.manifest
    return None


def _how(manifest: Manifest) -> list[str]:
    """Return when, where and with what."""
    about = manifest.environment
    job = ", ".join(f"{name} {value}" for name, value in (about.get("job") or {}).items())
    packages = about.get("packages") or {}
    versions = [f"{name} {version}" for name, version in packages.items() if version]
    rows = [
        ("made by", f"{manifest.task} for {about.get('user', '?')} at {about.get('time', '?')}"),
        ("on", f"{about.get('host', '?')}, {about.get('processor', '?')}"),
        ("job", job),
        ("command", about.get("command")),
        ("commit", about.get("git")),
        ("with", ", ".join([f"python {about.get('python', '?')}", *versions])),
        ("sandbox", about.get("sandbox")),
    ]
    rows += [
        ("accepted", f"by {each['user']} at {each['time']}, in spite of "
         f"{'; '.join(each['in spite of'])}")
        for each in manifest.accepted
    ]  # fmt: skip
    return [f"{name:<8} {text}" for name, text in rows if text]


def _from_what(manifest: Manifest) -> list[str]:
    """Return settings, data and code."""
    lines = []
    for section, content in manifest.ingredients.items():
        if section == CODE:
            lines += [
                f"code     {module}  {_fingerprint(definitions)}"
                for module, definitions in content.items()
            ]
        elif section in OBSERVED:
            lines += [
                f"{section:<8} {name}{shown_observation(section, entry)}"
                for name, entry in content.items()
            ]
        elif section != INPUT:
            named = content if isinstance(content, dict) else {"": content}
            lines += [
                f"{section:<8} {name} = {_shown(value)}"
                for name, value in named.items()
                if value not in (None, "", [], {})
            ]
    return lines


def _fingerprint(definitions: Mapping[str, str]) -> str:
    content = json.dumps(definitions, sort_keys=True).encode()
    return f"{hashlib.sha256(content).hexdigest()[:16]} ({len(definitions)} definitions)"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
