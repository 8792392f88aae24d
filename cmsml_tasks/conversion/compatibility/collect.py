"""Makes ``releases.json`` of registries that ``read_registry.py`` wrote, one for each release.

``python -m cmsml_tasks.conversion.compatibility.collect FOLDER``, where FOLDER has ``2.9.ops`` and
so on. A new release of TensorFlow is added by reading its first wheel (``2.22.0``) and those of all
releases in the table once more: the table only says what is there from some release on, and still
is in the newest. What every release has is left out, except for the names of operations.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tensorflow.core.framework import kernel_def_pb2, op_def_pb2, types_pb2

from cmsml_tasks.conversion.compatibility.table import PATH
from cmsml_tasks.conversion.graph_def.data_types import type_name

_TYPES = [n for n in types_pb2.DataType.values() if 0 < n < 100]  # references are from 100 on
_Constraints = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class _Release:
    name: str
    graph_version: int
    operations: dict[str, Any]
    kernels: dict[str, set[_Constraints]]


def main(folder: str) -> None:
    """Write the table of all registries in *folder*."""
    releases = [_read(Path(folder), name) for name in _names(Path(folder))]
    table: dict[str, Any] = {
        "releases": {release.name: release.graph_version for release in releases},
        "operations": _by_release((o, _since_op(o, releases)) for o in releases[-1].operations),
    }
    for section, found in (
        ("attributes", _attributes),
        ("defaults", _defaults),
        ("values", _values),
        ("kernels", _kernels),
    ):
        every = itertools.chain.from_iterable(found(o, releases) for o in releases[-1].operations)
        table[section] = _by_release(every)
    PATH.write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


def _names(folder: Path) -> list[str]:
    names = (path.name.removesuffix(".ops") for path in folder.glob("*.ops"))
    return sorted(names, key=lambda name: tuple(map(int, name.split("."))))


def _read(folder: Path, name: str) -> _Release:
    def content(ending: str) -> bytes:
        return (folder / f"{name}.{ending}").read_bytes()

    operations = op_def_pb2.OpList.FromString(content("ops")).op
    kernels: dict[str, set[_Constraints]] = {}
    for kernel in kernel_def_pb2.KernelList.FromString(content("kernels")).kernel:
        if kernel.device_type in ("CPU", "DEFAULT") and not kernel.label:
            kernels.setdefault(kernel.op, set()).update(_combinations(kernel))
    known = {operation.name: operation for operation in operations}
    return _Release(name, int(content("version")), known, kernels)


def _combinations(kernel: Any) -> Iterator[_Constraints]:
    """Give the combinations of types that *kernel* takes, one by one."""
    choices = [
        [(constraint.name, type_name(number)) for number in constraint.allowed_values.list.type]
        for constraint in kernel.constraint
        if constraint.allowed_values.list.type
    ]
    return map(frozenset, itertools.product(*choices))


def _since(has: Iterable[tuple[str, bool]]) -> str | None:
    """Return the release from which on all *has* something, None if the newest has not."""
    since = None
    for name, there in reversed(list(has)):
        if not there:
            break
        since = name
    return since


def _since_op(op: str, releases: list[_Release]) -> str:
    since = _since((release.name, op in release.operations) for release in releases)
    assert since is not None
    return since


def _definitions(op: str, releases: list[_Release]) -> list[tuple[str, Any]]:
    """Return the definitions of *op* from where on it is in every release."""
    first = [release.name for release in releases].index(_since_op(op, releases))
    return [(release.name, release.operations[op]) for release in releases[first:]]


def _late(
    what: str, definitions: list[tuple[str, Any]], has: Iterable[bool]
) -> Iterator[tuple[str, str]]:
    """Give *what* with its release, if it came later than the operation, and still is there."""
    names = [name for name, _ in definitions]
    since = _since(zip(names, has, strict=True))
    if since is not None and since != names[0]:
        yield what, since


def _attribute(definition: Any, name: str) -> Any:
    return next((attr for attr in definition.attr if attr.name == name), None)


def _attributes(op: str, releases: list[_Release]) -> Iterator[tuple[str, str]]:
    definitions = _definitions(op, releases)
    for attr in definitions[-1][1].attr:
        has = [_attribute(definition, attr.name) is not None for _, definition in definitions]
        yield from _late(f"{op}.{attr.name}", definitions, has)


def _defaults(op: str, releases: list[_Release]) -> Iterator[tuple[str, str]]:
    """Give the attributes that a node may leave out now, but had to carry earlier."""
    definitions = _definitions(op, releases)
    for attr in definitions[-1][1].attr:
        found = [_attribute(definition, attr.name) for _, definition in definitions]
        has = [there is None or there.HasField("default_value") for there in found]
        yield from _late(f"{op}.{attr.name}", definitions, has)


def _values(op: str, releases: list[_Release]) -> Iterator[tuple[str, str]]:
    definitions = _definitions(op, releases)
    for attr in definitions[-1][1].attr:
        found = [_attribute(definition, attr.name) for _, definition in definitions]
        if not any(there is not None and there.HasField("allowed_values") for there in found):
            continue
        for value in _allowed(attr):
            has = [there is None or value in _allowed(there) for there in found]
            yield from _late(f"{op}.{attr.name}={value}", definitions, has)


def _allowed(attr: Any) -> list[str]:
    values = attr.allowed_values.list
    if values.s:
        return [value.decode() for value in values.s]
    if attr.HasField("allowed_values"):
        return [type_name(number) for number in values.type]
    return [type_name(number) for number in _TYPES] if "type" in attr.type else []


def _kernels(op: str, releases: list[_Release]) -> Iterator[tuple[str, str]]:
    """Give the combinations of types that have a kernel on the CPU later than the operation.

    One that only narrows what an earlier kernel took is as old as that.
    """
    definitions = _definitions(op, releases)
    newest = {release.name: release.kernels.get(op, set()) for release in releases}
    by_release = [newest[name] for name, _ in definitions]
    late: dict[_Constraints, str] = {}
    early: list[_Constraints] = []
    for combination in set().union(*by_release):
        has = [any(kernel <= combination for kernel in kernels) for kernels in by_release]
        found = list(_late("", definitions, has))
        if found:
            late[combination] = found[0][1]
        elif has[-1]:
            early.append(combination)
    for combination, since in late.items():
        # where both could be meant, the one that is always there is
        if not any(_compatible(combination, other) for other in early):
            words = " ".join(f"{name}={value}" for name, value in sorted(combination))
            yield f"{op} {words}".strip(), since


def _compatible(a: _Constraints, b: _Constraints) -> bool:
    left, right = dict(a), dict(b)
    return all(left[name] == right[name] for name in left.keys() & right.keys())


def _by_release(found: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for what, since in found:
        grouped.setdefault(since, []).append(what)
    order = sorted(grouped, key=lambda name: tuple(map(int, name.split("."))))
    return {name: sorted(grouped[name]) for name in order}


if __name__ == "__main__":
    main(*sys.argv[1:])
