"""Who reads which output of which node, seen as TensorFlow sees it once it has tidied up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cmsml_tasks.conversion.graph_def.node_attributes import plain
from cmsml_tasks.conversion.graph_def.nodes import (
    CONTROL_FLOW,
    GraphDef,
    NodeDef,
    by_name,
    is_stateful,
    node_of,
    op_definition,
)
from cmsml_tasks.shapes import Shape

# what TensorFlow takes away where it does nothing, or moves to another place; to look through more
# than it does costs a slice too many, to look through less costs a wrong number
_HANDING_ON = frozenset(
    {"AddN", "Bitcast", "Cast", "Identity", "Neg", "Pad", "PreventGradient", "StopGradient"}
    | {"Tile", "Transpose"}
)
_TYPES = {"Bitcast": ("T", "type"), "Cast": ("SrcT", "DstT")}
_SAME_VALUE = frozenset({"Cast", "Enter", "Identity", "StopGradient"})
_NEVER_CONSTANT = (CONTROL_FLOW - {"Enter"}) | {"PlaceholderWithDefault"}

ShapeOf = Callable[[str, int], Shape]
"""Gives the shape of an output of a node, by the node's name and the output's number."""
Value = Callable[[NodeDef], "NDArray[np.generic] | None"]
"""Gives the value of a constant, None where it is not known or too large to be looked at."""


@dataclass(frozen=True)
class Read:
    """One input of a node.

    Attributes:
        node: name of the node that is read.
        port: which of its outputs, from 0.
        reader: name of the node that reads.
        index: at which of its inputs, from 0.
    """

    node: str
    port: int
    reader: str
    index: int


Chain = tuple[Read, ...]
"""The way of a tensor to a reader, backwards: each but the last reads a node that hands it on."""


class Reads:
    """The edges of a graph, and what is known of its tensors."""

    def __init__(self, graph_def: GraphDef, value: Value, shape_of: ShapeOf) -> None:
        """Take a graph, and functions that give values of constants, and shapes."""
        self.nodes = by_name(graph_def)
        self._value = value
        self._shape_of = shape_of
        self.has_control_flow = any(node.op in CONTROL_FLOW for node in graph_def.node)
        self._constant = _constants(self)
        self._twins: dict[str, str] | None = None

    def data(self, node: NodeDef) -> list[int]:
        """Return the numbers of the inputs of *node* that are data."""
        return [index for index, source in enumerate(node.input) if source[0] != "^"]

    def read(self, reader: NodeDef, index: int) -> Read:
        """Return what *reader* reads at the input *index*."""
        node, _, port = reader.input[index].partition(":")
        return Read(node, int(port or 0), reader.name, index)

    def chain(self, reader: NodeDef, index: int) -> Chain:
        """Return the way of the tensor that *reader* has at the input *index*."""
        found = [self.read(reader, index)]
        while (before := self.handed_on(found[-1])) and before not in found:
            found.append(before)
        return tuple(found)

    def source(self, chain: Chain) -> NodeDef:
        """Return the node that makes the tensor that comes by *chain*."""
        return self.nodes[chain[-1].node]

    def handed_on(self, read: Read) -> Read | None:
        """Return what the node that is read reads itself, if it hands that on."""
        node = self.nodes[read.node]
        changed = len({node.attr[name].type for name in _TYPES.get(node.op, ())}) > 1
        summed = node.op == "AddN" and len(self.data(node)) > 1
        if node.op in _HANDING_ON and not changed and not summed:
            return self.read(node, 0)
        return self.passed_through(read)

    def passed_through(self, read: Read) -> Read | None:
        """Return which input of a node is the output that is read, for a node with several."""
        node = self.nodes[read.node]
        if node.op == "IdentityN":
            return self.read(node, read.port)
        if node.op == "Unpack":
            packed = self.nodes[node_of(node.input[0])]
            if packed.op == "Pack" and axis_of(packed) == axis_of(node):
                return self.read(packed, read.port)
        return None

    def before_snapshots(self, read: Read) -> str:
        """Return what the first of the Snapshots reads that the output goes through."""
        source = read.node
        while self.nodes[node_of(source)].op == "Snapshot":
            source = self.nodes[node_of(source)].input[0]
        return source

    def shape(self, name: str, port: int) -> Shape:
        """Return the shape of an output of the node called *name*, as far as it is known."""
        return self._shape_of(name, port)

    def alike(self, one: str, other: str) -> bool:
        """Tell whether two nodes do the same to the same; TensorFlow leaves one of such twins."""
        if one == other:
            return True
        if self.nodes[one].op != self.nodes[other].op:
            return False
        if self._twins is None:
            self._twins = _twins(self)
        return self._twins[one] == self._twins[other]

    def is_constant(self, name: str) -> bool:
        """Tell whether the node called *name* gives the same at each run, whatever is fed."""
        return name in self._constant

    def value(self, chain: Chain) -> NDArray[np.generic] | None:
        """Return the constant that comes by *chain*, None where it would have to be computed."""
        node = self.nodes[chain[0].node]
        while node.op in _SAME_VALUE:
            node = self.nodes[node_of(node.input[0])]
        return self._value(node) if node.op == "Const" else None


def axis_of(node: NodeDef) -> int:
    """Return the axis of a Pack or Unpack; to ask for an attribute that is not there makes it."""
    return int(node.attr["axis"].i) if "axis" in node.attr else 0


def _constants(reads: Reads) -> set[str]:
    """Return the names of all nodes that need nothing but constants."""
    found: set[str] = set()
    for node in _in_order(reads):
        sources = [node_of(node.input[index]) for index in reads.data(node)]
        lasting = sources and node.op not in _NEVER_CONSTANT and not is_stateful(node.op)
        if node.op == "Const" or (lasting and found.issuperset(sources)):
            found.add(node.name)
    return found


def _twins(reads: Reads) -> dict[str, str]:
    """Return for each node the first one that does the same to the same."""
    first = {name: name for name in reads.nodes}
    seen: dict[bytes, str] = {}
    for node in _in_order(reads):
        has_value = node.op != "Const" or "value" in node.attr
        if is_stateful(node.op) or not has_value or not (node.input or node.op == "Const"):
            continue
        key = plain(node)
        key.name = ""
        del key.input[:]
        for index in reads.data(node):
            name, colon, port = node.input[index].partition(":")
            key.input.append(first[name] + (f"{colon}{port}" if port != "0" else ""))
        definition = op_definition(node.op)
        if definition is not None and definition.is_commutative:
            key.input[:] = sorted(key.input)
        digest = hashlib.sha256(key.SerializeToString(deterministic=True)).digest()
        first[node.name] = seen.setdefault(digest, node.name)
    return first


def _in_order(reads: Reads) -> Iterator[NodeDef]:
    """Yield the nodes, each behind all that it reads; those of loops, and behind them, not."""
    readers: dict[str, list[str]] = {}
    missing: dict[str, int] = {}
    for node in reads.nodes.values():
        sources = {node_of(node.input[index]) for index in reads.data(node)}
        missing[node.name] = len(sources)
        for source in sources:
            readers.setdefault(source, []).append(node.name)
    waiting = [name for name, count in missing.items() if not count]
    while waiting:
        name = waiting.pop()
        yield reads.nodes[name]
        for reader in readers.get(name, ()):
            missing[reader] -= 1
            if not missing[reader]:
                waiting.append(reader)
