"""The canonical order of nodes, which follows from the structure of a graph and not from names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from cmsml_tasks.conversion.constants import settle_encoding
from cmsml_tasks.conversion.nodes import GraphDef, NodeDef, by_name, node_of
from cmsml_tasks.conversion.plain import plain

_ROUNDS = 16


def order_by_structure(graph_def: GraphDef, roots: Sequence[str]) -> list[str]:
    """Sort the control inputs of each node; return what *roots* need, inputs before consumers.

    Depth first, in the order of roots and of inputs; loops are cut where they close. Control
    inputs have no order of their own: those that data reaches from the roots come as data
    reaches them, then the others by a hash of what they compute.
    """
    nodes = by_name(graph_def)
    if any(_controls(node)[1:] for node in graph_def.node):
        rank = _ranks(nodes, roots)
        for node in graph_def.node:
            data, controls = _data(node), _controls(node)
            del node.input[:]
            node.input.extend([*data, *sorted(controls, key=lambda control: rank(control[1:]))])
    return _depth_first(nodes, roots, lambda node: [node_of(source) for source in node.input])


def number_frames(graph_def: GraphDef) -> None:
    """Number, in place, the frames of loops in the order of the nodes."""
    frames: dict[bytes, bytes] = {}
    for node in graph_def.node:
        if "frame_name" in node.attr:
            frame = node.attr["frame_name"]
            frame.s = frames.setdefault(frame.s, b"frame_%d" % len(frames))


def _depth_first(
    nodes: dict[str, NodeDef], roots: Sequence[str], needs: Callable[[NodeDef], list[str]]
) -> list[str]:
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


def _ranks(
    nodes: dict[str, NodeDef], roots: Sequence[str]
) -> Callable[[str], tuple[int, int, bytes, str]]:
    by_data = _depth_first(nodes, roots, lambda node: [node_of(s) for s in _data(node)])
    numbers = {name: number for number, name in enumerate(by_data)}
    hashes = _hashes(nodes, numbers)

    def rank(name: str) -> tuple[int, int, bytes, str]:
        if name in numbers:
            return 0, numbers[name], b"", ""
        # nodes that agree in all of it do the same, so their old names decide nothing but names
        return 1, 0, hashes[name], name

    return rank


def _hashes(nodes: dict[str, NodeDef], numbers: dict[str, int]) -> dict[str, bytes]:
    """Return a hash without names for the nodes that have no number, of their surroundings."""
    others = [node for name, node in nodes.items() if name not in numbers]
    own = {node.name: _digest([node.op.encode(), *_attributes(node)]) for node in others}
    known = {name: b"%d" % number for name, number in numbers.items()}
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
    written = plain(node)
    if node.op == "Const":
        settle_encoding(written)
    return [
        name.encode() + value.SerializeToString(deterministic=True)
        for name, value in sorted(written.attr.items())
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
