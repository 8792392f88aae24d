"""Control edges: which of them order anything, and the removal of those that do not."""

from __future__ import annotations

from cmsml_tasks.conversion.graph_def.nodes import (
    CONTROL_FLOW,
    GraphDef,
    NodeDef,
    by_name,
    is_stateful,
    node_of,
    reachable,
)

_MERGES = frozenset({"Merge", "RefMerge"})


def drop_idle_control_edges(graph_def: GraphDef) -> None:
    """Remove, in place, every control edge of *graph_def* that orders nothing.

    Data edges lose a slot of 0, which says nothing. An edge from a NoOp stands for the edges into
    that NoOp. One from a node without state stands for edges from the nearest nodes with state
    that it needs, for only those can be seen to run. In a graph with branches or loops an edge
    also says in which of them a node runs: there it stays where the node has no data, such as a
    constant, and where what it comes from is inside of a branch or loop and is not needed by the
    node anyway.
    """
    edges = _Edges(graph_def)
    controls = {node.name: edges.needed_by(node) for node in graph_def.node}
    for node in graph_def.node:
        data = [source.removesuffix(":0") for source in node.input if source[0] != "^"]
        del node.input[:]
        node.input.extend([*data, *sorted(f"^{name}" for name in controls[node.name])])


class _Edges:
    """The edges of a graph as they are before any is removed."""

    def __init__(self, graph_def: GraphDef) -> None:
        self._nodes = by_name(graph_def)
        self._inside = _inside_of_control_flow(graph_def)

    def needed_by(self, node: NodeDef) -> set[str]:
        """Return the sources of the control edges that *node* needs."""
        controls = _control_sources(node, self._nodes)
        data = [node_of(source) for source in node.input if not source.startswith("^")]
        if not controls or (self._inside and not data):
            return controls
        needed = {name for name in controls if is_stateful(self._nodes[name].op)}
        idle = controls - needed
        if idle and node.op not in _MERGES:
            # without these none of the data comes; a merge runs with one of two
            idle -= reachable(self._nodes, data, but_behind=_MERGES)
        for name in idle:
            needed |= self._standing_for(name)
        return needed - {node.name}

    def _standing_for(self, name: str) -> set[str]:
        """Return the nearest nodes with state that the node called *name*, without, needs."""
        if name in self._inside and self._nodes[name].op != "Enter":
            return {name}
        seen: set[str] = set()
        found: set[str] = set()
        waiting = [name]
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            if is_stateful(self._nodes[current].op):
                found.add(current)
            else:
                waiting.extend(node_of(source) for source in self._nodes[current].input)
        # outside of a loop there is no order among what runs inside
        return {name} if found and name in self._inside else found


def _inside_of_control_flow(graph_def: GraphDef) -> set[str]:
    """Return branch and loop operations, and all that needs one of them."""
    readers: dict[str, list[str]] = {}
    for node in graph_def.node:
        for source in node.input:
            readers.setdefault(node_of(source), []).append(node.name)
    inside: set[str] = set()
    waiting = [node.name for node in graph_def.node if node.op in CONTROL_FLOW]
    while waiting:
        name = waiting.pop()
        if name not in inside:
            inside.add(name)
            waiting.extend(readers.get(name, ()))
    return inside


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
