"""Which TensorFlow each runtime has, found out without importing any."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from cmsml_tasks.runtimes.environments import Environment

NONE = "not here"
_PACKAGES = ("tensorflow", "tensorflow-cpu", "tf-nightly", "tf-nightly-cpu")


def own_version() -> str | None:
    """Return the version of this interpreter's TensorFlow, None where it has none."""
    for distribution in _PACKAGES:
        with suppress(importlib.metadata.PackageNotFoundError):
            return importlib.metadata.version(distribution)
    return None


def runtime_versions(names: Iterable[str], root: Callable[[], Path]) -> dict[str, str]:
    """Return the version of TensorFlow by runtime, `NONE` for a runtime that is not there.

    A C++ program has the version of the library that it is compiled with.

    Args:
        names: of runtimes, such as "session" and "cpp-2.17".
        root: gives the folder of the environments with other releases.
    """
    return {name: _version(name.partition("-")[2], root) or NONE for name in names}


def _version(release: str, root: Callable[[], Path]) -> str | None:
    if not release:
        return own_version()
    record = Environment(release, root()).record or {}
    return record.get("tensorflow")
