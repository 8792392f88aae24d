"""Frozen graphs as bytes or text, in pieces between which the weights go as they are in memory.

All pieces together are what protobuf makes of the graph with the values filled in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from google.protobuf import text_encoding, text_format
from numpy.typing import NDArray
from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.core.framework.node_def_pb2 import NodeDef

from cmsml_tasks.conversion.freezing.frozen_graph import Frozen, fill
from cmsml_tasks.conversion.graph_files.large_constants import without_nodes
from cmsml_tasks.conversion.traced.weight import Weight, bytes_of, has_content

# field numbers of the protobufs, with the type of what has a length
_NODE = b"\x0a"  # GraphDef.node
_ATTR = b"\x2a"  # NodeDef.attr
_KEY, _VALUE = b"\x0a\x05value", b"\x12"  # key and value of an entry
_TENSOR = b"\x42"  # AttrValue.tensor
_CONTENT = b"\x22"  # TensorProto.tensor_content
_ATTR_NUMBER = 5

_MARK = b"\0weight\0"
_ESCAPED = [text_encoding.CEscape(bytes([byte]), False).encode() for byte in range(256)]
# four characters for each byte, those that are too many zeros
_ESCAPES = np.frombuffer(b"".join(text.ljust(4, b"\0") for text in _ESCAPED), np.uint32)
_CHUNK = 2**16


@dataclass(frozen=True)
class Content:
    """The place of a weight among the pieces."""

    name: str
    weight: Weight

    def __len__(self) -> int:
        return self.weight.nbytes

    def read(self) -> NDArray[np.uint8]:
        """Return the value in memory, as it is now.

        Raises:
            ConversionError: it does not have the shape and type that the graph was made for.
        """
        return bytes_of(self.name, self.weight)

    def escaped(self) -> Iterator[bytes]:
        """Yield the value as text format writes it, in pieces; raises what `read` does."""
        content = self.read()
        for start in range(0, len(content), _CHUNK):
            yield _ESCAPES[content[start : start + _CHUNK]].tobytes().translate(None, b"\0")


Piece = bytes | Content


def binary_pieces(frozen: Frozen) -> list[Piece]:
    """Return the pieces of the binary form; their lengths are that of the message.

    Raises:
        EncodeError: protobuf cannot write a part of the graph.
    """
    if not frozen.weights:
        return [frozen.graph_def.SerializeToString(deterministic=True)]
    pieces: list[Piece] = []
    for node in _nodes(frozen):
        if isinstance(node, NodeDef):
            pieces += _delimited(_NODE, [node.SerializeToString(deterministic=True)])
        else:
            pieces += _binary_constant(*node)
    return [*pieces, without_nodes(frozen.graph_def).SerializeToString(deterministic=True)]


def text_pieces(frozen: Frozen) -> list[Piece]:
    """Return the pieces of the text form, in which the weights have to be escaped."""
    if not frozen.weights:
        return [text_format.MessageToString(frozen.graph_def).encode()]
    pieces: list[Piece] = []
    for node in _nodes(frozen):
        if isinstance(node, NodeDef):
            pieces.append(text_format.MessageToString(GraphDef(node=[node])).encode())
        else:
            pieces += _text_constant(*node)
    rest = without_nodes(frozen.graph_def)
    return [*pieces, text_format.MessageToString(rest).encode()]


def _nodes(frozen: Frozen) -> Iterator[NodeDef | tuple[NodeDef, Weight]]:
    """Yield the nodes, with its weight each that is a constant with content."""
    for node in frozen.graph_def.node:
        weight = frozen.weights.get(node.name)
        if weight is None:
            yield node
        elif has_content(weight):
            yield node, weight
        else:
            constant = NodeDef()
            constant.CopyFrom(node)
            fill(constant, weight)
            yield constant


def _binary_constant(node: NodeDef, weight: Weight) -> list[Piece]:
    before, behind = _around_value(node)
    tensor = [
        weight.proto().SerializeToString(),
        *_delimited(_CONTENT, [Content(node.name, weight)]),
    ]
    entry = [_KEY, *_delimited(_VALUE, _delimited(_TENSOR, tensor))]
    return _delimited(_NODE, [before, *_delimited(_ATTR, entry), behind])


def _around_value(node: NodeDef) -> tuple[bytes, bytes]:
    """Return what comes before and behind the attribute ``value`` of a constant."""
    before, behind = NodeDef(), NodeDef()
    before.CopyFrom(node)
    for field, _ in node.ListFields():
        if field.number > _ATTR_NUMBER:
            getattr(behind, field.name).CopyFrom(getattr(node, field.name))
            before.ClearField(field.name)
    for name in node.attr:  # attributes come sorted
        if name > "value":
            behind.attr[name].CopyFrom(node.attr[name])
        if name >= "value":
            del before.attr[name]
    return before.SerializeToString(deterministic=True), behind.SerializeToString(
        deterministic=True
    )


def _delimited(field: bytes, content: Sequence[Piece]) -> list[Piece]:
    return [field + _varint(sum(len(piece) for piece in content)), *content]


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])


def _text_constant(node: NodeDef, weight: Weight) -> list[Piece]:
    constant = NodeDef()
    constant.CopyFrom(node)
    tensor = constant.attr["value"].tensor
    tensor.CopyFrom(weight.proto())
    tensor.tensor_content = _MARK
    text = text_format.MessageToString(GraphDef(node=[constant])).encode()
    before, _, behind = text.partition(b"".join(_ESCAPED[byte] for byte in _MARK))
    return [before, Content(node.name, weight), behind]
