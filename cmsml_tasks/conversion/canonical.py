"""The canonical form: equal graphs give equal bytes, with nothing in them that has no effect."""

from __future__ import annotations

from collections.abc import Sequence

from cmsml_tasks.conversion.control_edges import drop_idle_control_edges
from cmsml_tasks.conversion.freezing import Frozen
from cmsml_tasks.conversion.interface import put_interface
from cmsml_tasks.conversion.nodes import (
    GraphDef,
    NodeDef,
    by_name,
    called_functions,
    node_of,
    op_definition,
    reachable,
)
from cmsml_tasks.conversion.skeleton import Port


def canonical(frozen: Frozen, inputs: Sequence[Port], outputs: Sequence[Port]) -> Frozen:
    """Return *frozen* under its interface names, pruned, ordered, and without idle attributes.

    Nodes come in the order in which the inputs, then the outputs, need them. Devices, debug
    information, private attributes, and attributes that have their default value are dropped:
    TensorFlow versions that do not know an attribute yet can then read the graph.
    """
    graph_def = GraphDef()
    graph_def.CopyFrom(frozen.graph_def)
    drop_idle_control_edges(graph_def)
    _prune(graph_def, [port.node for port in (*inputs, *outputs)])
    graph_def, renamed = put_interface(graph_def, inputs, outputs)
    nodes = by_name(graph_def)
    result = GraphDef(versions=graph_def.versions, library=graph_def.library)
    for name in _order(nodes, [port.name for port in (*inputs, *outputs)]):
        result.node.append(_plain(nodes[name]))
    weights = {renamed.get(name, name): weight for name, weight in frozen.weights.items()}
    kept = {node.name for node in result.node}
    return Frozen(result, {name: weight for name, weight in weights.items() if name in kept})


def _prune(graph_def: GraphDef, roots: Sequence[str]) -> None:
    needed = reachable(by_name(graph_def), roots)
    kept = [node for node in graph_def.node if node.name in needed]
    del graph_def.node[:]
    graph_def.node.extend(kept)


def _order(nodes: dict[str, NodeDef], roots: Sequence[str]) -> list[str]:
    """Return what *roots* need, each node behind its inputs (loops are cut where they close)."""
    order: list[str] = []
    entered: set[str] = set()
    left: set[str] = set()
    for root in roots:
        stack = [root]
        while stack:
            name = stack[-1]
            if name not in entered:
                entered.add(name)
                sources = (node_of(source) for source in reversed(nodes[name].input))
                stack.extend(source for source in sources if source not in entered)
                continue
            stack.pop()
            if name not in left:
                left.add(name)
                order.append(name)
    return order


def _plain(node: NodeDef) -> NodeDef:
    plain = NodeDef(name=node.name, op=node.op, input=node.input)
    definition = op_definition(node.op)
    defaults = {
        attribute.name: attribute.default_value
        for attribute in (definition.attr if definition is not None else ())
        if attribute.HasField("default_value")
    }
    calls = any(called_functions(node))
    for name, value in node.attr.items():
        # a private attribute only steers how functions are called and control flow is run
        if (name.startswith("_") and not calls) or defaults.get(name) == value:
            continue
        plain.attr[name].CopyFrom(value)
    return plain
