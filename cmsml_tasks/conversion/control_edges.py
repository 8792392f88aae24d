"""Control edges: which of them order anything, and the removal of those that do not."""

from __future__ import annotations

from cmsml_tasks.conversion.nodes import CONTROL_FLOW, GraphDef, NodeDef, by_name, is_stateful


def drop_idle_control_edges(graph_def: GraphDef) -> None:
    """Remove, in place, every control edge of *graph_def* that orders nothing.

    An edge from a NoOp stands for the edges into that NoOp. An edge from a node without state
    orders nothing, except that in a graph with branches or loops it pins a node without data
    inputs, such as a constant, to its branch or loop; other nodes are there with their data.
    """
    nodes = by_name(graph_def)
    pinning = any(node.op in CONTROL_FLOW for node in graph_def.node)
    expanded = {node.name: _control_sources(node, nodes) for node in graph_def.node}
    for node in graph_def.node:
        data = [source for source in node.input if not source.startswith("^")]
        controls = expanded[node.name]
        if data or not pinning:
            controls = {name for name in controls if is_stateful(nodes[name].op)}
        del node.input[:]
        node.input.extend([*data, *sorted(f"^{name}" for name in controls)])


def _control_sources(node: NodeDef, nodes: dict[str, NodeDef]) -> set[str]:
    sources: set[str] = set()
    seen: set[str] = set()
    waiting = [source[1:] for source in node.input if source.startswith("^")]
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if nodes[name].op == "NoOp":
            waiting.extend(source[1:] for source in nodes[name].input)
        else:
            sources.add(name)
    return sources
