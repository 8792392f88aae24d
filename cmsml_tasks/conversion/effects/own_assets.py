"""Which nodes of a SavedModel fill a lookup table from a file of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cmsml_tasks.conversion.effects.reach import called

FILLS = {"InitializeTableFromTextFile": 1, "InitializeTableFromTextFileV2": 1}
"""Operations that fill a table from a file, and which of their inputs names it."""
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}

Place = tuple[str, str]  # function and node


def filled_from_own(graph_def: Any, roots: Mapping[str, Iterable[str]]) -> set[Place]:
    """Return functions and nodes that fill tables from assets, whatever calls them.

    The name of the file has to come from the asset as it is: a name that is put together in the
    graph could lead anywhere.

    Args:
        graph_def: with the functions.
        roots: functions with those of their arguments that are assets.
    """
    library = {function.signature.name: function for function in graph_def.library.function}
    own: set[Place] = set()
    others: set[Place] = set()
    waiting = [(name, frozenset(assets)) for name, assets in roots.items()]
    seen = set()
    while waiting:
        name, assets = waiting.pop()
        if (name, assets) in seen or name not in library:
            continue
        seen.add((name, assets))
        names = set(assets)
        for node in _in_order(library[name]):
            handed_on = [source.partition(":")[0] in names for source in node.input]
            if node.op == "Identity" and handed_on[:1] == [True]:
                names.add(node.name)
            if node.op in FILLS:
                known = own if handed_on[FILLS[node.op] :][:1] == [True] else others
                known.add((name, node.name))
            waiting.extend(_called_with(node, handed_on, library))
    return own - others


def _in_order(function: Any) -> list[Any]:
    """Return the nodes, those that hand on an argument before those that use it."""
    return sorted(function.node_def, key=lambda node: node.op != "Identity")


def _called_with(
    node: Any, handed_on: list[bool], library: Mapping[str, Any]
) -> Iterable[tuple[str, frozenset[str]]]:
    direct = node.attr["f"].func.name if node.op in _CALLS else node.op
    for name in (node.op, *called(node)):
        if name in library:
            arguments = [argument.name for argument in library[name].signature.input_arg]
            given = zip(arguments, handed_on, strict=False) if name == direct else ()
            yield name, frozenset(argument for argument, is_asset in given if is_asset)
