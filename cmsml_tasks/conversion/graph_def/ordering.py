"""Nodes in an order in which each comes behind what it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from cmsml_tasks.conversion.graph_def.nodes import NodeDef


def depth_first(
    nodes: Mapping[str, NodeDef], roots: Sequence[str], needs: Callable[[NodeDef], list[str]]
) -> list[str]:
    """Return what *roots* need, each behind what it *needs*; loops are cut where they close."""
    order: list[str] = []
    entered: set[str] = set()
    left: set[str] = set()
    stack = list(reversed(roots))
    while stack:
        name = stack[-1]
        if name not in entered:
            entered.add(name)
            stack.extend(s for s in reversed(needs(nodes[name])) if s not in entered)
            continue
        stack.pop()
        if name not in left:
            left.add(name)
            order.append(name)
    return order
