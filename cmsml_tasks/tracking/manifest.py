"""The manifest: a file beside an output that records what went into it.

It is written last, so an output without a manifest is unfinished. Everything that differs from run
to run (time, host, job, versions) stands here and never in an output.
"""

from __future__ import annotations

import datetime
import getpass
import json
import os
import platform
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from cmsml_tasks.files import sha256, write_json

FORMAT = 1
PACKAGES = ("cmsml_tasks", "tensorflow", "keras", "numpy", "law", "luigi", "protobuf")
_ABSENT = object()


@dataclass(frozen=True)
class Manifest:
    """Record of one output.

    Attributes:
        task: name of the task that made it.
        ingredients: JSON of all that decides about the output: recipe, settings, data, inputs.
        outputs: SHA-256 digest of each file, by its name.
        environment: where and with what it was made; recorded, never compared.
        format: version of this layout.
    """

    task: str
    ingredients: dict[str, Any]
    outputs: dict[str, str]
    environment: dict[str, Any] = field(default_factory=dict)
    format: int = FORMAT

    @classmethod
    def of(cls, task: str, ingredients: Mapping[str, Any], paths: Sequence[Path]) -> Manifest:
        """Describe the finished files *paths*, as made from *ingredients* here and now."""
        digests = {path.name: sha256(path) for path in paths}
        return cls(task, dict(ingredients), digests, environment())

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the manifest to *path* by rename."""
        write_json(path, asdict(self))

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Manifest | None:
        """Return the manifest at *path*; None where it is missing, torn or of another format."""
        try:
            content = json.loads(Path(path).read_text(encoding="utf-8"))
            manifest = cls(**content)
        except (OSError, ValueError, TypeError):
            return None
        return manifest if manifest.format == FORMAT else None


def environment() -> dict[str, Any]:
    """Return time, host, user, batch job, python and package versions of this process."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    return {
        "time": now,
        "host": socket.gethostname(),
        "user": _user(),
        "platform": platform.platform(),
        "processor": _processor(),
        "python": sys.version.split()[0],
        "packages": {name: _version(name) for name in PACKAGES},
        "job": os.environ.get("LAW_JOB_ID") or None,
        "variables": {
            name: value for name, value in sorted(os.environ.items()) if name.startswith("TF_")
        },
    }


def _user() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # a worker's user may have no entry in the password database
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    models = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(models, platform.processor())


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def differences(recorded: Any, current: Any, name: str = "") -> list[str]:
    """Return what differs between two JSON values, one line per leaf: ``epochs: 20 -> 50``."""
    if isinstance(recorded, Mapping) and isinstance(current, Mapping):
        lines = []
        for key in [*recorded, *(key for key in current if key not in recorded)]:
            inner = f"{name} {key}".strip()
            lines += differences(recorded.get(key, _ABSENT), current.get(key, _ABSENT), inner)
        return lines
    if recorded == current:
        return []
    return [f"{name}: {_shown(recorded)} -> {_shown(current)}"]


def _shown(value: Any) -> str:
    return "(absent)" if value is _ABSENT else json.dumps(value)
