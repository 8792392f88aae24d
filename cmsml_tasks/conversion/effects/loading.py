"""What TensorFlow may run while it only loads functions, to know the shapes of tensors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cmsml_tasks.conversion.effects.judging import Finding, judge
from cmsml_tasks.conversion.graph_def.nodes import is_stateful, node_of, op_definition

_OF_SHAPES = {"Rank", "Shape", "ShapeN", "Size"}
_GIVEN = {"Placeholder", "PlaceholderV2"}


def acting_when_loaded(graph_def: Any) -> list[Finding]:
    """Return the nodes, of functions that nobody calls too, that reach outside when it is loaded.

    TensorFlow computes what hangs on constants and known shapes alone, and runs nothing with state
    for it. The arguments of a function count as constants, which they are where a call says so.
    """
    early = {(None, name) for name in _computed_early(graph_def.node)} | {
        (function.signature.name, name)
        for function in graph_def.library.function
        for name in _computed_early(function.node_def)
    }
    return [each for each in judge(graph_def) if each.known and (each.function, each.node) in early]


def _computed_early(nodes: Iterable[Any]) -> set[str]:
    """Return the names of those *nodes* whose values could be known before anything is given."""
    readers: dict[str, list[Any]] = {}
    late: list[str] = []
    for node in nodes:
        for source in node.input:
            if not source.startswith("^"):
                readers.setdefault(node_of(source), []).append(node)
        if node.op in _GIVEN or _is_known_stateful(node.op):
            late.append(node.name)
    seen: set[str] = set()
    while late:
        name = late.pop()
        if name not in seen:
            seen.add(name)
            late.extend(node.name for node in readers.get(name, ()) if node.op not in _OF_SHAPES)
    return {node.name for node in nodes} - seen


def _is_known_stateful(op: str) -> bool:
    # a function of the file may be called like an operation
    return op_definition(op) is not None and is_stateful(op)
