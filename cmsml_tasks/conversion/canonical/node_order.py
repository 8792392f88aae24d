"""The canonical order of nodes, which follows from the structure of a graph and not from names."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any

from cmsml_tasks.conversion.canonical.constant_encoding import settle_encoding
from cmsml_tasks.conversion.graph_def.node_attributes import plain
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef, by_name, node_of
from cmsml_tasks.conversion.graph_def.ordering import depth_first

_ROUNDS = 16


def order_by_structure(
    graph_def: GraphDef, roots: Sequence[str], whole: Callable[[NodeDef], NodeDef] = plain
) -> list[str]:
    """Sort the control inputs of each node; return what *roots* need, inputs before consumers.

    Depth first, in the order of roots and of inputs; loops are cut where they close. Control
    inputs have no order of their own: those that data reaches from the roots come as data
    reaches them, then the others by a hash of what they compute.

    Args:
        graph_def: the graph.
        roots: names of the nodes that are needed.
        whole: gives a node without attributes of no effect, and with its value if it is a weight.
    """
    nodes = by_name(graph_def)
    if any(_controls(node)[1:] for node in graph_def.node):
        rank = _ranks(nodes, roots, whole)
        for node in graph_def.node:
            data, controls = _data(node), _controls(node)
            del node.input[:]
            node.input.extend([*data, *sorted(controls, key=lambda control: rank(control[1:]))])
    return depth_first(nodes, roots, lambda node: [node_of(source) for source in node.input])


def number_frames(graph_def: GraphDef) -> None:
    """Number, in place, the frames of loops in the order of the nodes."""
    frames: dict[bytes, bytes] = {}
    for node in graph_def.node:
        if "frame_name" in node.attr:
            frame = node.attr["frame_name"]
            frame.s = frames.setdefault(frame.s, b"frame_%d" % len(frames))


def _ranks(
    nodes: dict[str, NodeDef], roots: Sequence[str], whole: Callable[[NodeDef], NodeDef]
) -> Callable[[str], tuple[Any, ...]]:
    by_data = depth_first(nodes, roots, lambda node: [node_of(s) for s in _data(node)])
    numbers = {name: number for number, name in enumerate(by_data)}
    others = [node for name, node in nodes.items() if name not in numbers]
    hashes = _hashes(others, {name: b"%d" % number for name, number in numbers.items()}, whole)

    def rank(name: str) -> tuple[Any, ...]:
        if name in numbers:
            return 0, numbers[name]
        # nodes that agree in all of it do the same: which of them is first shows in no more than
        # names, and 10 comes behind 9
        parts = re.split(r"(\d+)", name)
        return 1, hashes[name], [int(part) if part.isdigit() else part for part in parts]

    return rank


def _hashes(
    others: list[NodeDef], known: dict[str, bytes], whole: Callable[[NodeDef], NodeDef]
) -> dict[str, bytes]:
    """Return a hash without names for the nodes that have no number, of their surroundings."""
    own = {node.name: _digest([node.op.encode(), *_attributes(whole(node))]) for node in others}
    hashes = own
    for _ in range(min(_ROUNDS, len(others))):
        seen = {**known, **hashes}
        hashes = {
            node.name: _digest(
                [
                    own[node.name],
                    *(seen[node_of(s)] + s.partition(":")[2].encode() for s in _data(node)),
                    b"^",
                    *sorted(seen[node_of(s)] for s in _controls(node)),
                ]
            )
            for node in others
        }
    return hashes


def _attributes(node: NodeDef) -> list[bytes]:
    if node.op == "Const":
        settle_encoding(node)
    return [
        name.encode() + value.SerializeToString(deterministic=True)
        for name, value in sorted(node.attr.items())
        if name != "frame_name"
    ]


def _digest(parts: Sequence[bytes]) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()


def _data(node: NodeDef) -> list[str]:
    return [source for source in node.input if not source.startswith("^")]


def _controls(node: NodeDef) -> list[str]:
    return [source for source in node.input if source.startswith("^")]
