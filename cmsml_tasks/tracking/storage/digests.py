"""Digests of what a task reads: equal as long as the content is."""

from __future__ import annotations

import os

from cmsml_tasks.files import sha256_of
from cmsml_tasks.tracking.storage import remote_files
from cmsml_tasks.tracking.storage.cache import computed_from
from cmsml_tasks.tracking.storage.remote_digests import Digest, remote_digest

__all__ = ["Digest", "digest_of", "digest_of_output"]

_LOCAL = "file://"


def digest_of(path: str | os.PathLike[str]) -> Digest:
    """Return the digest of a local file or folder, or of what a URL points to.

    What is local is read once and again only after it has changed; of the rest the storage is
    asked, and nothing is read.

    Raises:
        OSError: there is nothing at *path*, it cannot be looked at, or its server does not answer.
        DataError: XRootD's client is needed and can no longer be loaded.
    """
    name = os.fspath(path)
    if name.startswith(_LOCAL):
        name = name.removeprefix(_LOCAL)
    elif "://" in name:
        return remote_digest(name)
    return {"sha256": computed_from("digests", name, sha256_of)}


def digest_of_output(path: str) -> Digest:
    """Return the digest of what a task made; that of a URL is asked for as outputs are.

    Raises:
        OSError: there is nothing at *path*, or it cannot be looked at.
        StorageError: the server does not answer, or refuses.
    """
    if "://" not in path:
        return digest_of(path)
    told = remote_files.checksum(path, remote_files.look_at(path))
    return {"sha256": remote_files.sha256_of(path)} if told is None else {"adler32": told}
