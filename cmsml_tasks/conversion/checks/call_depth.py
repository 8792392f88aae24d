"""Library functions that could never be put into one flat graph."""

from __future__ import annotations

from cmsml_tasks.conversion.graph_def.nodes import GraphDef, called_functions
from cmsml_tasks.errors import ConversionError

_LARGEST = 200_000  # nodes; real models have some thousands
_DEEPEST = 200  # calls within calls


def refuse_endless_calls(graph_def: GraphDef) -> None:
    """Refuse a graph with functions that cannot be inlined in bounded time and memory.

    Those are functions that call themselves, directly or through others, and functions that call
    each other so often that a small file becomes a graph without bounds.

    Raises:
        ConversionError: the message names the function, or the size.

    """
    names = {function.signature.name for function in graph_def.library.function}
    calls = {
        function.signature.name: [
            name
            for node in function.node_def
            for name in (node.op, *called_functions(node))
            if name in names
        ]
        for function in graph_def.library.function
    }
    sizes = {f.signature.name: len(f.node_def) for f in graph_def.library.function}
    # those that call nothing any more are taken away until none is left
    depth = 0
    while calls:
        leaves = {name for name, called in calls.items() if not calls.keys() & set(called)}
        depth += 1
        if not leaves:
            raise ConversionError(
                f"the function '{min(calls)}' of the graph calls itself, so that it cannot be put "
                "into a frozen graph; write a loop instead (tf.while_loop)"
            )
        for name in leaves:
            sizes[name] += sum(sizes[called] for called in calls.pop(name))
    top = [
        name
        for node in graph_def.node
        for name in (node.op, *called_functions(node))
        if name in names
    ]
    nodes = len(graph_def.node) + sum(sizes[name] for name in top)
    if nodes > _LARGEST or depth > _DEEPEST:
        raise ConversionError(
            f"the functions of the graph call each other {depth} deep and would become {nodes:,} "
            f"nodes, more than {_DEEPEST} or {_LARGEST:,}; this is no graph of a model, or write "
            "loops (tf.while_loop) where functions are called again and again"
        )
