"""Nodes that give what an output of another node gives."""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework import types_pb2

from cmsml_tasks.conversion.nodes import NodeDef, node_of
from cmsml_tasks.conversion.rewriting.reads import Read, Reads

# which of their inputs are the tensor that is split, and the axis
_SPLITS = {"Split": (1, 0), "SplitV": (0, 2)}


def stand_in(name: str, read: Read, reads: Reads) -> list[NodeDef]:
    """Return a node called *name* that gives what is read, behind the constants that it needs.

    It is a StridedSlice of what the node that is read splits or unpacks, else a Snapshot.
    """
    node = reads.nodes[read.node]
    dtype = _type_of(read, reads)
    if read.port and node.op == "Unpack":
        rows = (read.port, read.port + 1)
        return _slice(name, node.input[0], dtype, node.attr["axis"].i, rows, drop=True)
    if read.port and node.op in _SPLITS:
        value, axis = _SPLITS[node.op]
        found = _part(node.name, read.port, reads.value(reads.chain(node, axis)), reads)
        if found is not None:
            return _slice(name, node.input[value], dtype, *found)
    source = f"{read.node}:{read.port}" if read.port else read.node
    snapshot = NodeDef(name=name, op="Snapshot", input=[source])
    snapshot.attr["T"].type = dtype
    return [snapshot]


def _type_of(read: Read, reads: Reads) -> int:
    """Return the data type of what is read, as the node that reads it says."""
    reader = reads.nodes[read.reader]
    attribute = reader.attr["SrcT" if reader.op == "Cast" else "T"]
    types = attribute.list.type
    return int(types[read.index] if types else attribute.type)


def _part(
    name: str, port: int, axis: NDArray[np.generic] | None, reads: Reads
) -> tuple[int, tuple[int, int]] | None:
    """Return along which axis, and from where to where, a part of a split tensor reaches."""
    shapes = [reads.shape(name, number) for number in range(port + 1)]
    if axis is None or axis.size != 1:
        return None
    ends = [0]
    for shape in shapes:
        size = None if shape is None else shape[int(axis.flat[0])]
        if size is None:
            return None
        ends.append(ends[-1] + size)
    rank = len(shapes[0] or ())
    return int(axis.flat[0]) % rank, (ends[-2], ends[-1])


def _slice(
    name: str, source: str, dtype: int, axis: int, rows: tuple[int, int], drop: bool = False
) -> list[NodeDef]:
    """Return what takes *rows* of the tensor *source* along *axis*, which it may drop."""
    # an axis that is counted from the back is reached over an ellipsis, which stands for any rank
    place = axis if axis >= 0 else 1
    behind = 0 if axis >= 0 else -1 - axis
    whole = sum(1 << number for number in range(place + 1 + behind) if number != place)
    constants = []
    for part, number in (("begin", rows[0]), ("end", rows[1]), ("strides", 1)):
        other = 1 if part == "strides" else 0
        values = [other] * place + [number] + [other] * behind
        constant = NodeDef(name=f"{name}/{part}", op="Const")
        constant.attr["dtype"].type = types_pb2.DT_INT32
        constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(np.array(values, np.int32)))
        # inside of a loop or branch a constant has to be told so
        constant.input.append(f"^{node_of(source)}")
        constants.append(constant)
    sliced = NodeDef(name=name, op="StridedSlice", input=[source, *(c.name for c in constants)])
    sliced.attr["T"].type = dtype
    sliced.attr["Index"].type = types_pb2.DT_INT32
    sliced.attr["begin_mask"].i = sliced.attr["end_mask"].i = whole
    if axis < 0:
        sliced.attr["ellipsis_mask"].i = 1
    if drop:
        sliced.attr["shrink_axis_mask"].i = 1 << place
    return [*constants, sliced]
