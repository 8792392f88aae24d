"""The table of what came with which TensorFlow release; ``collect.py`` makes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

PATH = Path(__file__).with_name("releases.json")
Kernels = Mapping[str, tuple[tuple[Mapping[str, str], str], ...]]


@dataclass(frozen=True)
class Table:
    """What came when.

    Attributes:
        releases: version of the GraphDef by release, oldest release first.
        operations: release by operation.
        attributes: release by ``Op.attribute``, for those that are younger than the operation.
        defaults: the same for attributes that a node may leave out only since then.
        values: the same by ``Op.attribute=value``.
        kernels: by operation, combinations of types that have a kernel on the CPU only since then.

    """

    releases: Mapping[str, int]
    operations: Mapping[str, str]
    attributes: Mapping[str, str]
    defaults: Mapping[str, str]
    values: Mapping[str, str]
    kernels: Kernels


@cache
def table() -> Table:
    """Return the table of this package."""
    content = json.loads(PATH.read_text(encoding="utf-8"))
    return Table(
        releases=content["releases"],
        operations=_release_of(content["operations"]),
        attributes=_release_of(content["attributes"]),
        defaults=_release_of(content["defaults"]),
        values=_release_of(content["values"]),
        kernels=_kernels(content["kernels"]),
    )


def _release_of(section: Mapping[str, Any]) -> dict[str, str]:
    return {what: release for release, listed in section.items() for what in listed}


def _kernels(section: Mapping[str, Any]) -> Kernels:
    found: dict[str, tuple[tuple[Mapping[str, str], str], ...]] = {}
    for line, release in _release_of(section).items():
        op, *words = line.split(" ")
        types = dict(word.split("=") for word in words)
        found[op] = (*found.get(op, ()), (types, release))
    return found
