"""Library functions that call themselves, which can never be put into one flat graph."""

from __future__ import annotations

from cmsml_tasks.conversion.nodes import GraphDef, called_functions
from cmsml_tasks.errors import ConversionError


def refuse_recursion(graph_def: GraphDef) -> None:
    """Refuse a graph with a function that calls itself, directly or through others.

    TensorFlow would inline it until there is no memory left.

    Raises:
        ConversionError: the message names the function.

    """
    names = {function.signature.name for function in graph_def.library.function}
    calls = {
        function.signature.name: {
            name
            for node in function.node_def
            for name in (node.op, *called_functions(node))
            if name in names
        }
        for function in graph_def.library.function
    }
    # those that call nothing any more are taken away until none is left
    while calls:
        leaves = {name for name, called in calls.items() if not called & calls.keys()}
        if not leaves:
            raise ConversionError(
                f"the function '{min(calls)}' of the graph calls itself, so that it cannot be put "
                "into a frozen graph; write a loop instead (tf.while_loop)"
            )
        calls = {name: called for name, called in calls.items() if name not in leaves}
