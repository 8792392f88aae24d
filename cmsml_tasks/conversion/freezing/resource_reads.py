"""Operations that use variables and tables, written for what takes the place of these."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf
from tensorflow.core.framework import types_pb2

from cmsml_tasks.conversion.freezing.lookup_tables import FINDS, SIZES
from cmsml_tasks.conversion.graph_def.nodes import INITIALIZERS, NodeDef, node_of


def _read(node: NodeDef, dtype: int) -> list[NodeDef]:
    read = NodeDef(name=node.name, op="Identity", input=node.input)
    read.attr["T"].type = dtype
    return [read]


def _gather(node: NodeDef, dtype: int) -> list[NodeDef]:
    # GatherV2 takes its axis as a tensor; ResourceGather gathers right behind the batch dimensions
    batch_dims = node.attr["batch_dims"].i
    axis = NodeDef(name=f"{node.name}/gather_axis", op="Const")
    axis.attr["dtype"].type = types_pb2.DT_INT32
    axis.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(batch_dims, tf.int32))
    # inside of a loop a constant has to be told so
    axis.input.append(f"^{node_of(node.input[1])}")
    gather = NodeDef(name=node.name, op="GatherV2")
    gather.input.extend([*node.input[:2], axis.name, *node.input[2:]])
    gather.attr["Tparams"].type = dtype
    gather.attr["Tindices"].type = node.attr["Tindices"].type
    gather.attr["Taxis"].type = types_pb2.DT_INT32
    gather.attr["batch_dims"].i = batch_dims
    return [axis, gather]


def _gather_nd(node: NodeDef, dtype: int) -> list[NodeDef]:
    gather = NodeDef(name=node.name, op="GatherNd", input=node.input)
    gather.attr["Tparams"].type = dtype
    gather.attr["Tindices"].type = node.attr["Tindices"].type
    return [gather]


def _shape(node: NodeDef, dtype: int) -> list[NodeDef]:
    shape = NodeDef(name=node.name, op="Shape", input=node.input)
    shape.attr["T"].type = dtype
    shape.attr["out_type"].type = node.attr["out_type"].type or types_pb2.DT_INT32
    return [shape]


def _find(node: NodeDef, _: int) -> list[NodeDef]:
    find = NodeDef()
    find.CopyFrom(node)
    find.op = "LookupTableFindV2"
    return [find]


def _size(node: NodeDef, dtype: int) -> list[NodeDef]:
    if dtype != types_pb2.DT_RESOURCE:
        return _read(node, dtype)
    return [NodeDef(name=node.name, op="LookupTableSizeV2", input=node.input)]


def _nothing(node: NodeDef, _: int) -> list[NodeDef]:
    # the table fills itself
    controls = [source for source in node.input if source[0] == "^"]
    return [NodeDef(name=node.name, op="NoOp", input=controls)]


# gives what replaces a node, when told the data type of what replaces its handle
READERS: dict[str, Callable[[NodeDef, int], list[NodeDef]]] = {
    "ReadVariableOp": _read,
    "ResourceGather": _gather,
    "ResourceGatherNd": _gather_nd,
    "VariableShape": _shape,
    **dict.fromkeys(FINDS, _find),
    **dict.fromkeys(SIZES, _size),
    **dict.fromkeys(INITIALIZERS, _nothing),
}
