"""Lookup tables, filled from constants inside of the graph, so that nobody has to fill them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework import types_pb2

from cmsml_tasks.conversion.nodes import PASSING, NodeDef, node_of
from cmsml_tasks.conversion.skeleton import TableReader

_LOOKUPS = frozenset({"LookupTableFindV2"})


def table_nodes(name: str, types: tuple[int, int], read: TableReader) -> list[NodeDef]:
    """Return nodes that make a table and hand it on, filled, under the name *name*.

    Whoever has the table has it through an Identity that waits until it is filled: this also
    holds inside of branches and loops, which control edges from outside cannot enter.

    Args:
        name: what the lookups call the table.
        types: data types of keys and values.
        read: reads keys and values.
    """
    keys, values = read(*types)
    # a table hands out its content in the order of its hashes
    order = np.argsort(keys, kind="stable")
    constants = [
        _constant(f"{name}/keys", keys[order], types[0]),
        _constant(f"{name}/values", values[order], types[1]),
    ]
    table = NodeDef(name=f"{name}/table", op="HashTableV2")
    table.attr["key_dtype"].type, table.attr["value_dtype"].type = types
    # tables of one name are one table in a session: the content decides
    content = b"".join(c.attr["value"].SerializeToString(deterministic=True) for c in constants)
    table.attr["shared_name"].s = b"table_" + hashlib.sha256(content).hexdigest()[:16].encode()
    fill = NodeDef(name=f"{name}/fill", op="InitializeTableV2")
    fill.input.extend([table.name, *(constant.name for constant in constants)])
    fill.attr["Tkey"].type, fill.attr["Tval"].type = types
    filled = NodeDef(name=name, op="Identity", input=[table.name, f"^{fill.name}"])
    filled.attr["T"].type = types_pb2.DT_RESOURCE
    return [*constants, table, fill, filled]


def lookup_types(nodes: Iterable[NodeDef], handles: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the types of keys and values of those *handles* in which something is looked up."""
    nodes = list(nodes)
    origin = {name: name for name in handles}
    types: dict[str, tuple[int, int]] = {}
    found = True
    while found:  # loops hand tables backwards, so one pass over the nodes is not enough
        found = False
        for node in nodes:
            source = node_of(node.input[0]) if node.input else ""
            if source not in origin:
                continue
            if node.op in PASSING and node.name not in origin:
                origin[node.name] = origin[source]
                found = True
            elif node.op in _LOOKUPS:
                types[origin[source]] = node.attr["Tin"].type, node.attr["Tout"].type
    return types


def _constant(name: str, values: NDArray[Any], dtype: int) -> NodeDef:
    constant = NodeDef(name=name, op="Const")
    constant.attr["dtype"].type = dtype
    constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values, tf.as_dtype(dtype)))
    return constant
