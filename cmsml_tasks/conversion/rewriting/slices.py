"""Nodes that give what an output of another node gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import types_pb2

from cmsml_tasks.conversion.graph_def.nodes import NodeDef, node_of
from cmsml_tasks.conversion.rewriting.reads import Read, Reads, axis_of

# which of their inputs are the tensor that is split, and the axis
_SPLITS = {"Split": (1, 0), "SplitV": (0, 2)}

ROLES = ("begin", "end", "strides")
"""The constants of a slice, which are called so in its scope."""


@dataclass(frozen=True)
class _Part:
    """The rows from *begin* up to *end* of the tensor *source*, along *axis*, which may be dropped.

    An axis below 0 counts from the back.
    """

    source: str
    axis: int
    begin: int
    end: int
    drops_axis: bool = False


def stand_in(name: str, read: Read, reads: Reads) -> list[NodeDef]:
    """Return a node called *name* that gives what is read, behind the constants that it needs.

    It is a StridedSlice of what the node that is read splits or unpacks, else a Snapshot.
    """
    part = _part(read, reads) if read.port else None
    if part is not None:
        *constants, last = _slice(name, part)
        if reads.has_control_flow:  # inside of a loop or branch a constant has to be told so
            for constant in constants:
                constant.input.append(f"^{node_of(part.source)}")
    else:
        source = f"{read.node}:{read.port}" if read.port else read.node
        constants, last = [], NodeDef(name=name, op="Snapshot", input=[source])
    last.attr["T"].type = _type_of(read, reads)
    return [*constants, last]


def _type_of(read: Read, reads: Reads) -> int:
    """Return the data type of what is read, as the node that reads it says."""
    reader = reads.nodes[read.reader]
    attribute = reader.attr["SrcT" if reader.op == "Cast" else "T"]
    types = attribute.list.type
    return int(types[read.index] if types else attribute.type)


def _part(read: Read, reads: Reads) -> _Part | None:
    """Return which part of what the node that is read takes apart is read, if that is known."""
    node = reads.nodes[read.node]
    if node.op == "Unpack":
        return _Part(node.input[0], axis_of(node), read.port, read.port + 1, drops_axis=True)
    if node.op not in _SPLITS:
        return None
    value, axis_input = _SPLITS[node.op]
    axes = reads.value(reads.chain(node, axis_input))
    if axes is None or axes.size != 1:
        return None
    shapes = [reads.shape(node.name, port) for port in range(read.port + 1)]
    axis, ends = int(axes.flat[0]), [0]
    for shape in shapes:
        size = None if shape is None else shape[axis]
        if size is None:
            return None
        ends.append(ends[-1] + size)
    return _Part(node.input[value], axis % len(shapes[0] or ()), ends[-2], ends[-1])


def _slice(name: str, part: _Part) -> list[NodeDef]:
    # an axis that is counted from the back is reached over an ellipsis, which stands for any rank
    place = part.axis if part.axis >= 0 else 1
    behind = 0 if part.axis >= 0 else -1 - part.axis
    constants = []
    for role, number in zip(ROLES, (part.begin, part.end, 1), strict=True):
        other = 1 if role == "strides" else 0
        values = np.array([other] * place + [number] + [other] * behind, np.int32)
        constant = NodeDef(name=f"{name}/{role}", op="Const")
        constant.attr["dtype"].type = types_pb2.DT_INT32
        constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values))
        constants.append(constant)
    inputs = [part.source, *(constant.name for constant in constants)]
    sliced = NodeDef(name=name, op="StridedSlice", input=inputs)
    sliced.attr["Index"].type = types_pb2.DT_INT32
    whole = sum(1 << number for number in range(place + 1 + behind) if number != place)
    sliced.attr["begin_mask"].i = sliced.attr["end_mask"].i = whole
    if part.axis < 0:
        sliced.attr["ellipsis_mask"].i = 1
    if part.drops_axis:
        sliced.attr["shrink_axis_mask"].i = 1 << place
    return [*constants, sliced]
