"""What work in another interpreter has read, as a record that manifests can keep."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

# made by imports, by editors and by batch systems, whoever looks at the folder
_NOT_LISTED = re.compile(r"__pycache__|\..*|.*~|#.*#|.*\.sw[a-z]|slurm-.*\.out")


@dataclass(frozen=True)
class Observed:
    """What work in another interpreter has read.

    Attributes:
        files: absolute path, as opened -> SHA-256 of the content; None: looked for, not there.
        folders: absolute path of a listed folder -> `names_digest`; None: not there.
        variables: name -> value as it was first asked for; None: unset.
        changed: sorted paths of *files* and *folders* that changed between their first read and the
            end of the work; files have the digest of the end, or None where they were not there
            when they were looked for, folders that of their first read.
        urls: sorted addresses that were opened; what lies there is not looked at.
        unseen: sorted words for ways of reading that were noticed, without the names of files.
        sources: absolute path of each imported source -> SHA-256 of it when it was imported; empty
            where two imports found two versions.
        named: sorted paths of *sources* that were asked for by the names of their modules, with
            ``import_module``, also where they had been imported before.
    """

    files: dict[str, str | None] = field(default_factory=dict)
    folders: dict[str, str | None] = field(default_factory=dict)
    variables: dict[str, str | None] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    named: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """Return the record as plain dicts and lists."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Observed:
        """Return the record that `as_json` gave *content* for."""
        return cls(**content)


def names_digest(path: str | os.PathLike[str]) -> str:
    """Return the SHA-256 digest of the sorted names in the folder *path*.

    Raises:
        OSError: there is no such folder, or it cannot be listed.
    """
    return digest_of_names(os.listdir(path))


def digest_of_names(names: list[str]) -> str:
    """Return the digest that `names_digest` has for a folder with *names*."""
    listed = sorted(os.fsencode(name).hex() for name in names if not _NOT_LISTED.fullmatch(name))
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()
