"""Run in a job before anything else: says where it is, and compares versions.

``python -m cmsml_tasks.batch.worker`` reads what to expect from ``$CMSML_JOB_VERSIONS``, prints
host and versions into the job's log, and ends with status 1 where they differ from those of the
submitting side and ``$CMSML_JOB_ALLOWED`` does not name what differs.
"""

from __future__ import annotations

import json
import os
import platform
import socket
import sys
from collections.abc import Mapping
from importlib import metadata

from cmsml_tasks.terminal import print_anything

EXPECTED = "CMSML_JOB_VERSIONS"
ALLOWED = "CMSML_JOB_ALLOWED"
COMPARED = ("python", "tensorflow", "keras", "cmsml_tasks")
"""What decides about the bytes of outputs; ``allow_versions`` of the site can name any of them."""


def versions() -> dict[str, str | None]:
    """Return the versions of all that is compared, without importing any of it."""
    return {"python": platform.python_version()} | {
        name: _version(name) for name in COMPARED if name != "python"
    }


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def differences(expected: Mapping[str, str | None], found: Mapping[str, str | None]) -> list[str]:
    """Return what of *found* is not as *expected*, by name; a Python's last digit is no matter."""
    names = []
    for name, version in expected.items():
        here = found.get(name)
        if name == "python" and version and here:
            version, here = version.rpartition(".")[0], here.rpartition(".")[0]
        if version != here:
            names.append(name)
    return names


def main() -> int:
    """Print where the job is and compare; return the exit status."""
    print_anything()
    found = versions()
    expected: dict[str, str | None] = json.loads(os.environ.get(EXPECTED) or "{}")
    allowed = {name for name in os.environ.get(ALLOWED, "").split(",") if name}
    print(f"host {socket.gethostname()}, {platform.platform()}, {sys.executable}")
    print(", ".join(f"{name} {version or '(absent)'}" for name, version in found.items()))
    wrong = [name for name in differences(expected, found) if name not in allowed]
    for name in wrong:
        print(
            f"error: {name} is {found[name] or 'not there'} on the worker and was "
            f"{expected[name] or 'not there'} where the job was submitted, which can give other "
            f"outputs; use the same, or allow it with 'allow_versions: {name}' in "
            "[cmsml_tasks_batch]",
            file=sys.stderr,
        )
    sys.stderr.flush()
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
