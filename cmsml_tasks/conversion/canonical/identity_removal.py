"""Nodes that only hand on a tensor, and that nobody named, left out."""

from __future__ import annotations

import re
from collections.abc import Collection

from cmsml_tasks.conversion.graph_def.nodes import CONTROL_FLOW, GraphDef, NodeDef, by_name, node_of

# what reading a variable, returning from a function and inlining one leave behind
_LOWERED = re.compile(r"(.*/)?_\d+")
_UNNAMED = re.compile(rf"(.*/)?(Identity|ReadVariableOp|read)(_\d+)?|{_LOWERED.pattern}")


def elide_passing(graph_def: GraphDef, kept: Collection[str]) -> dict[tuple[str, int], str]:
    """Remove, in place, every Identity that nobody named, except for the *kept* ones.

    One that hands on what a branch or loop gives, or that control edges touch, orders something
    and stays.

    Returns:
        The name of the node left out, by the node and the input that now read past it: of several
        the one nearest to the source, if any is named by more than a counter.
    """
    nodes = by_name(graph_def)
    controlling = {s[1:] for n in graph_def.node for s in n.input if s.startswith("^")}
    passing = {
        node.name: node.input[0]
        for node in graph_def.node
        if node.name not in kept and node.name not in controlling and _passes(node, nodes)
    }
    elided: dict[tuple[str, int], str] = {}
    for node in graph_def.node:
        for index, source in enumerate(node.input):
            while (name := source.removesuffix(":0")) in passing:
                if not _LOWERED.fullmatch(name):
                    elided[node.name, index] = name
                source = passing[name]
            if source != node.input[index]:
                node.input[index] = source
    left = [node for node in graph_def.node if node.name not in passing]
    del graph_def.node[:]
    graph_def.node.extend(left)
    return elided


def _passes(node: NodeDef, nodes: dict[str, NodeDef]) -> bool:
    return (
        node.op == "Identity"
        and len(node.input) == 1
        and _UNNAMED.fullmatch(node.name) is not None
        and nodes[node_of(node.input[0])].op not in CONTROL_FLOW
    )
