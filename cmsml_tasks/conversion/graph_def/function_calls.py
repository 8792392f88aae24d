"""Calls of library functions: which node calls what, with which of its inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef, op_definition

Library = Mapping[str, Any]

# inputs that these ops keep for themselves, before the arguments of the function
_OWN_INPUTS = {"Case": 1, "If": 1, "StatelessCase": 1, "StatelessIf": 1}


def library_of(graph_def: GraphDef) -> dict[str, Any]:
    """Return the library functions of *graph_def* by name."""
    return {function.signature.name: function for function in graph_def.library.function}


def callees(node: NodeDef, library: Library) -> Iterator[tuple[Any, int]]:
    """Yield what *node* calls, and by how much an input's position exceeds that as an argument.

    A function is given as what names it in the attributes of *node*, so that another can be named.
    """
    own = _OWN_INPUTS.get(node.op, 0)
    for _, value in sorted(node.attr.items()):
        functions = [value.func] if value.HasField("func") else value.list.func
        for function in functions:
            if function.name in library:
                # a For hands its counter on, and keeps start, limit and step
                yield function, 2 if node.op == "For" else own


def called(node: NodeDef, position: int, library: Library) -> Iterator[tuple[str, int]]:
    """Yield the functions that get the input at *position*, each with the argument that it is."""
    for function, shift in callees(node, library):
        if position >= shift + (node.op == "For"):
            yield function.name, position - shift


def input_type(node: NodeDef, position: int) -> tuple[str, int] | None:
    """Return the attribute and the index in it that give the type of an input, None if none."""
    definition = op_definition(node.op)
    start = 0
    for argument in definition.input_arg if definition is not None else ():
        if argument.type_list_attr:
            count = len(node.attr[argument.type_list_attr].list.type)
            if start <= position < start + count:
                return argument.type_list_attr, position - start
        else:
            count = int(node.attr[argument.number_attr].i) if argument.number_attr else 1
        start += count
    return None
