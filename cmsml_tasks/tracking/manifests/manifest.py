"""The manifest: a file beside outputs that records what went into them and what came out.

It is written last, so an output without a manifest is unfinished; and it is believed only where the
outputs are still those that it describes. Everything that differs from run to run (time, host, job,
versions) stands here and never in an output.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from cmsml_tasks.files import sha256_of
from cmsml_tasks.shown import without_secrets
from cmsml_tasks.tracking.manifests.belief import FORMAT, NotBelievedError, believed
from cmsml_tasks.tracking.storage import places, remote_files
from cmsml_tasks.tracking.storage.digests import digest_of
from cmsml_tasks.tracking.storage.gfal import StorageError
from cmsml_tasks.tracking.storage.places import Place
from cmsml_tasks.tracking.storage.stat_signatures import Signature, is_exact


@dataclass(frozen=True)
class Unbelievable:
    """What lies where a manifest should, and why it is not believed: nothing is made of it."""

    reason: str

    def __str__(self) -> str:
        return f"manifest not believed: {self.reason}"


@dataclass(frozen=True)
class Manifest:
    """Record of the outputs of one task, or of one branch of a workflow.

    Attributes:
        task: family of the task that made them.
        ingredients: JSON of all that decides about them, in sections: ``setting``, ``code``,
            ``input`` and so on. Compared with today's to tell whether they are stale.
        outputs: for each file or folder, by its path relative to the manifest: SHA-256 digest,
            size in bytes, and the signature by which it is known without reading it (or None);
            on a server also the checksum ``adler32``, which the storage tells without reading.
        origins: where each input came from, by its name in ``ingredients["input"]``: its path,
            relative where it moves with the store, and the manifest beside it, if there is one.
        request: module, task and parameters that make the same again.
        required: module, family and parameters of what the task asked for while it ran.
        environment: where and with what they were made; compared on request only.
        read_with: code that is needed to read them, such as a network's own layers: classes as
            ``module:Class``, or whole modules.
        accepted: who declared them still good, when, and in spite of what.
        format: version of this layout.
    """

    task: str
    ingredients: dict[str, Any]
    outputs: dict[str, dict[str, Any]]
    origins: dict[str, dict[str, Any]] = field(default_factory=dict)
    request: dict[str, Any] = field(default_factory=dict)
    required: list[list[Any]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    read_with: list[str] = field(default_factory=list)
    accepted: list[dict[str, Any]] = field(default_factory=list)
    format: int = FORMAT

    def write(self, path: Place) -> None:
        """Write the manifest to *path* by rename, and forget an earlier one that was set aside.

        Passwords and tokens of URLs are left out.

        Raises:
            UserError: the folder cannot be written, or the disk is full.
        """
        # what a task calls its inputs and parameters may be URLs
        content = json.loads(without_secrets(json.dumps(asdict(self))))
        # the order of values that are lists or dicts counts
        places.write_json(path, content, in_order=True)
        with suppress(OSError, StorageError):
            places.remove(set_aside(path))

    @classmethod
    def read(
        cls, path: Place | str, declared: Collection[str] | None = ()
    ) -> Manifest | Unbelievable | None:
        """Return the manifest at *path*, or why it is not believed; None where there is none.

        Those of older formats are read as today's.

        Args:
            path: where it lies.
            declared: names of outputs, as seen from its folder, that the task itself declares;
                others must lie in that folder. None for readers who act on no name.

        Raises:
            StorageError: the server does not answer, or refuses.
        """
        try:
            return cls(**believed(places.read_bytes(path), declared))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return Unbelievable(f"it cannot be read: {error.strerror or error}")
        except NotBelievedError as error:
            return Unbelievable(str(error))


def set_aside(path: Place) -> Place:
    """Return where the manifest at *path* waits while its task runs again."""
    return path.with_name(f".{path.name}.before")


def describe_outputs(
    paths: Iterable[str | os.PathLike[str]], folder: Place
) -> dict[str, dict[str, Any]]:
    """Return digest, size and signature of each of *paths*, by its path relative to *folder*.

    Raises:
        OSError: one of them is not there.
        StorageError: the server does not answer, or refuses.
    """
    described = {}
    for path in paths:
        text = os.fspath(path)
        describe = _described_remote if places.is_remote(text) else _described
        described[places.relative(text, folder)] = describe(text)
    return described


def _described(path: str) -> dict[str, Any]:
    before = places.signature(path)
    digest = sha256_of(path)
    known = before == places.signature(path) and is_exact(before)
    return {"sha256": digest, "size": before[0], "signature": before if known else None}


def _described_remote(url: str) -> dict[str, Any]:
    # without a signature: what has just been written could change within the server's second
    signature = places.signature(url)
    sent = remote_files.sent_to(url, signature)
    if sent is not None:
        return {"sha256": sent.sha256, "size": sent.size, "adler32": sent.adler32}
    told = remote_files.checksum(url, signature)
    own = {} if told is None else {"adler32": told}
    return {"sha256": remote_files.sha256_of(url), "size": signature[0], **own}


def output_changes(
    outputs: Mapping[str, Mapping[str, Any]], folder: Place
) -> tuple[list[str], list[str]]:
    """Compare recorded *outputs* with what lies in *folder*.

    Returns:
        What differs, in words, and the names of those that are not there.

    Raises:
        OSError: an output cannot be read.
        StorageError: the server does not answer, or refuses.
    """
    changes, gone = [], []
    for name, recorded in outputs.items():
        path = places.of_output(folder, name)
        try:
            now = places.signature(path)
        except (FileNotFoundError, NotADirectoryError):
            gone.append(name)
            continue
        if now != recorded.get("signature"):
            changes += _content_changes(name, path, recorded, now)
    return changes, gone


def _content_changes(
    name: str, path: str, recorded: Mapping[str, Any], now: Signature
) -> list[str]:
    size = recorded.get("size")
    if isinstance(size, int) and now[0] < size:
        return [f"output {name} was truncated from {size:,} to {now[0]:,} bytes"]
    if not _is_same(path, recorded, now):
        return [f"output {name} was edited or replaced"]
    return []


def _is_same(path: str, recorded: Mapping[str, Any], now: Signature) -> bool:
    if not places.is_remote(path):
        return digest_of(path).get("sha256") == recorded.get("sha256")
    told = remote_files.checksum(path, now) if "adler32" in recorded else None
    if told is not None:
        return now[0] == recorded.get("size") and told == recorded["adler32"]
    return remote_files.sha256_of(path) == recorded.get("sha256")
