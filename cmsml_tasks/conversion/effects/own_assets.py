"""Which nodes of a SavedModel read a file of its own, whose name TensorFlow gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cmsml_tasks.conversion.effects.reach import called, replacing

FILLS = {"InitializeTableFromTextFile": 1, "InitializeTableFromTextFileV2": 1}
"""Operations that fill a table from a file, and which of their inputs names it."""
_CALLS = {"PartitionedCall", "StatefulPartitionedCall"}
_HANDS_ON = {"Identity", "PlaceholderWithDefault"}

Place = tuple[str | None, str, str]  # function, node, operation


def reads_own(graph_def: Any, readers: Mapping[str, int], fed: Iterable[str]) -> set[Place]:
    """Return the nodes of the graph that read a file whose name TensorFlow feeds.

    Args:
        graph_def: the graph.
        readers: operations that read a file, and which of their inputs names it.
        fed: tensors whose values TensorFlow replaces by the name of a file of the SavedModel.
    """
    nodes = {node.name: node for node in graph_def.node}
    files = {_tensor(name) for name in fed if name}

    def is_fed(source: str) -> bool:
        seen: set[str] = set()
        name = _tensor(source)
        while name not in files:
            # what hands on has one output, which goes without a number here
            if name in seen or name not in nodes or nodes[name].op not in _HANDS_ON:
                return False
            seen.add(name)
            name = _tensor(*nodes[name].input[:1])
        return True

    return {
        (None, node.name, node.op)
        for node in graph_def.node
        if node.op in readers and any(map(is_fed, node.input[readers[node.op] :][:1]))
    }


def _tensor(source: str = "") -> str:
    return source.removesuffix(":0")


def filled_from_own(graph_def: Any, roots: Mapping[str, Iterable[str]]) -> set[Place]:
    """Return the nodes of functions that fill tables from assets, whatever calls them.

    The name of the file has to come from the asset as it is: a name that is put together in the
    graph could lead anywhere.

    Args:
        graph_def: with the functions, of which no two have one name.
        roots: functions with those of their arguments that are assets.
    """
    library = {function.signature.name: function for function in graph_def.library.function}
    replacements = replacing(graph_def)
    own: set[Place] = set()
    others: set[Place] = set()
    waiting = [(name, frozenset(assets)) for name, assets in roots.items()]
    seen = set()
    while waiting:
        name, assets = waiting.pop()
        if (name, assets) in seen or name not in library:
            continue
        seen.add((name, assets))
        # nobody says what another function gets that runs in place of this one
        waiting.extend((other, frozenset()) for other in replacements(name) if other != name)
        names = set(assets)
        for node in _in_order(library[name]):
            handed_on = [source.partition(":")[0] in names for source in node.input]
            if node.op == "Identity" and handed_on[:1] == [True]:
                names.add(node.name)
            if node.op in FILLS:
                known = own if handed_on[FILLS[node.op] :][:1] == [True] else others
                known.add((name, node.name, node.op))
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
