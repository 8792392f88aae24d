"""The oldest TensorFlow that can load a graph and run it on a CPU."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from cmsml_tasks.conversion.compatibility.table import Table, table
from cmsml_tasks.conversion.graph_def.data_types import type_name
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef, all_nodes, op_definition

_Need = tuple[str, str]

LENIENT_SINCE = "2.5"
"""From here on, TensorFlow passes over attributes that it does not know; before, it refuses them.
So a default is harmless there, but another value has no effect, and the graph gives other numbers.
"""


@dataclass(frozen=True)
class Oldest:
    """The answer for one graph.

    ``release`` is like "2.12", None where no release will do; the first of the table, "1.15", also
    stands for those before. ``needs`` is what decides, None where nothing does.
    """

    release: str | None
    needs: str | None = None

    def for_card(self) -> dict[str, str | None]:
        """Return the entries of the signature card."""
        return {"oldest_tensorflow": self.release, "oldest_tensorflow_needs": self.needs}


class _UnknownError(Exception):
    """Something that no release has; the message names it."""


def oldest_tensorflow(graph_def: GraphDef) -> Oldest:
    """Tell which TensorFlow releases can load *graph_def*, called functions included.

    Operations, attributes that have an effect, and their values have to be known there, and there
    have to be kernels for the types on the CPU. Every release from the one returned on will do, as
    far as the table knows (:attr:`Table.releases`).
    """
    known = table()
    order = list(known.releases)
    found: _Need = (order[0], "")
    try:
        for need in _needs(graph_def, known):
            if order.index(need[0]) > order.index(found[0]):
                found = need
    except _UnknownError as error:
        return Oldest(None, f"{error}, which no TensorFlow up to {order[-1]} has")
    return Oldest(found[0], found[1] or None)


def _needs(graph_def: GraphDef, known: Table) -> Iterator[_Need]:
    """Give releases, and what is needed that came with them."""
    yield _version_need(graph_def.versions, known)
    functions = {function.signature.name for function in graph_def.library.function}
    for node in all_nodes(graph_def):
        if node.op not in functions:
            yield from _node_needs(node, known)


def _version_need(versions: Any, known: Table) -> _Need:
    for release, version in known.releases.items():
        if version >= versions.min_consumer and version not in versions.bad_consumers:
            return release, f"version {versions.min_consumer} of the GraphDef"
    raise _UnknownError(f"version {versions.min_consumer} of the GraphDef")


def _node_needs(node: NodeDef, known: Table) -> Iterator[_Need]:
    op = node.op
    if op not in known.operations:
        raise _UnknownError(f"operation {op}")
    yield known.operations[op], f"operation {op}"
    definition = op_definition(op)
    defaults = {attr.name: attr.default_value for attr in definition.attr} if definition else {}
    types: dict[str, str] = {}
    for name, value in sorted({**defaults, **node.attr}.items()):
        if name.startswith("_"):
            continue
        path = f"{op}.{name}"
        if name in node.attr and (path in known.attributes or name not in defaults):
            yield _attribute_need(path, idle=value == defaults.get(name, value), known=known)
        if name not in node.attr and path in known.defaults:
            yield known.defaults[path], f"{op} without attribute {name}"
        for word in _words(value):
            if f"{path}={word}" in known.values:
                yield known.values[f"{path}={word}"], f"{name}={word} of {op}"
        if value.WhichOneof("value") == "type":
            types[name] = type_name(value.type)
    yield from _kernel_needs(op, types, known)


def _attribute_need(path: str, idle: bool, known: Table) -> _Need:
    """Give the need of an attribute that not all releases know."""
    op, name = path.split(".")
    since = known.attributes.get(path)
    order = list(known.releases)
    if idle and (since is None or order.index(LENIENT_SINCE) < order.index(since)):
        return LENIENT_SINCE, f"passing over attribute {name} of {op}"
    assert since is not None  # without a definition there is nothing to differ from
    return since, f"attribute {name} of {op}"


def _words(value: Any) -> Iterator[str]:
    """Give the types and strings in *value*, as the table has them."""
    for held in (value, value.list):
        numbers = [held.type] if held is value else held.type
        strings = [held.s] if held is value else held.s
        yield from (type_name(number) for number in numbers if number)
        yield from (text.decode(errors="replace") for text in strings if text)


def _kernel_needs(op: str, types: Mapping[str, str], known: Table) -> Iterator[_Need]:
    for combination, release in known.kernels.get(op, ()):
        if all(types.get(name) == value for name, value in combination.items()):
            words = " ".join(f"{name}={value}" for name, value in combination.items())
            yield release, f"a kernel of {op} for {words}"
