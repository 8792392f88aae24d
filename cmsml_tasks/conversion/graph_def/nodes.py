"""Reading GraphDefs: references between nodes, what an output needs, op definitions."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from typing import Any

from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.core.framework.node_def_pb2 import NodeDef
from tensorflow.python.framework import op_def_registry

__all__ = [
    "CONTROL_FLOW",
    "INITIALIZERS",
    "PASSING",
    "TABLES",
    "VARIABLES",
    "GraphDef",
    "NodeDef",
    "all_nodes",
    "by_name",
    "called_functions",
    "is_stateful",
    "needed_functions",
    "node_of",
    "op_definition",
    "output_count",
    "output_counts",
    "reachable",
]

_FORWARDING = frozenset({"Enter", "Exit", "Merge", "NextIteration", "Switch"})
_FORWARDING_REFERENCES = frozenset(f"Ref{op}" for op in _FORWARDING)

# branches and loops; only the lowering of tf.switch_case makes a _SwitchN
CONTROL_FLOW = _FORWARDING | _FORWARDING_REFERENCES | {"LoopCond", "_SwitchN"}
# ops that hand on what they get: a variable or table, and so the constant that replaces it
PASSING = _FORWARDING | _FORWARDING_REFERENCES | {"Identity", "RefIdentity", "_SwitchN"}
VARIABLES = frozenset({"VarHandleOp", "Variable", "VariableV2"})
# lookup tables and what fills them; those without V2 have a reference to a string as their handle
TABLES = frozenset(
    f"{op}{version}"
    for op in (
        "HashTable",
        "MutableDenseHashTable",
        "MutableHashTable",
        "MutableHashTableOfTensors",
    )
    for version in ("", "V2")
)
INITIALIZERS = frozenset(
    f"{op}{version}"
    for op in ("InitializeTable", "InitializeTableFromTextFile")
    for version in ("", "V2")
)


def node_of(reference: str) -> str:
    """Return the node that a reference (``a``, ``a:1`` or ``^a``) points to."""
    return reference.lstrip("^").partition(":")[0]


def by_name(graph_def: GraphDef) -> dict[str, NodeDef]:
    """Return the nodes of *graph_def* by name."""
    return {node.name: node for node in graph_def.node}


def reachable(
    nodes: Mapping[str, NodeDef], roots: Iterable[str], but_behind: Container[str] = ()
) -> set[str]:
    """Return the names of all nodes that the nodes *roots* need, themselves included.

    What only operations *but_behind* need is left out.
    """
    seen: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            if nodes[name].op not in but_behind:
                waiting.extend(node_of(source) for source in nodes[name].input)
    return seen


def op_definition(op: str) -> Any | None:
    """Return the OpDef of *op*, None when this TensorFlow does not know it."""
    return op_def_registry.get(op)


def is_stateful(op: str) -> bool:
    """Tell whether *op* has or uses state; an op that nobody knows is taken to."""
    definition = op_definition(op)
    return definition is None or bool(definition.is_stateful)


def output_count(node: NodeDef) -> int:
    """Return how many tensors *node* gives (1 for an op that this TensorFlow does not know)."""
    definition = op_definition(node.op)
    if definition is None:
        return 1
    return sum(count for _, count in output_counts(node, definition))


def output_counts(node: NodeDef, definition: Any) -> Iterator[tuple[Any, int]]:
    """Yield each output of *definition*, the OpDef of *node*, with its number of tensors."""
    for argument in definition.output_arg if definition is not None else ():
        yield argument, _argument_count(node, argument)


def _argument_count(node: NodeDef, argument: Any) -> int:
    if argument.number_attr:
        return int(node.attr[argument.number_attr].i)
    if argument.type_list_attr:
        return len(node.attr[argument.type_list_attr].list.type)
    return 1


def called_functions(node: NodeDef) -> Iterator[str]:
    """Yield the names of the library functions that *node* refers to."""
    for value in node.attr.values():
        if value.HasField("func"):
            yield value.func.name
        for function in value.list.func:
            yield function.name


def all_nodes(graph_def: GraphDef) -> Iterator[NodeDef]:
    """Yield the nodes of *graph_def* and those of every library function that they call."""
    yield from graph_def.node
    for function in needed_functions(graph_def, graph_def.node):
        yield from function.node_def


def needed_functions(graph_def: GraphDef, nodes: Iterable[NodeDef]) -> list[Any]:
    """Return the library functions of *graph_def* that *nodes* call, directly or not, by name."""
    library = {function.signature.name: function for function in graph_def.library.function}
    needed: dict[str, Any] = {}
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        for name in (node.op, *called_functions(node)):  # TensorFlow 1 makes an op of a function
            # custom kernels and gradients may name functions that the library lacks
            if name in library and name not in needed:
                needed[name] = library[name]
                waiting.extend(library[name].node_def)
    return [needed[name] for name in sorted(needed)]


def has_versions(graph_def: GraphDef) -> bool:
    """Tell whether *graph_def* has what TensorFlow writes last, and so all before it.

    The converter of TensorFlow 1, ``convert_variables_to_constants``, wrote none until 2018.
    """
    return graph_def.HasField("versions") or bool(graph_def.version)
