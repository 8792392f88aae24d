"""Lookup tables, filled from constants inside of the graph, so that nobody has to fill them."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework import types_pb2

from cmsml_tasks.conversion.graph_def.function_bodies import body_of
from cmsml_tasks.conversion.graph_def.function_calls import Library, called
from cmsml_tasks.conversion.graph_def.nodes import PASSING, NodeDef, node_of
from cmsml_tasks.conversion.traced.traced_graph import Table

# those without V2 take the handles of TensorFlow 1, which are references to strings
FINDS = frozenset({"LookupTableFind", "LookupTableFindV2"})
SIZES = frozenset({"LookupTableSize", "LookupTableSizeV2"})

Types = tuple[int, int]


def table_nodes(name: str, types: Types, table: Table, taken: Container[str]) -> list[NodeDef]:
    """Return nodes that make a table and hand it on, filled, under the name *name*.

    Whoever has the table has it through an Identity that waits until it is filled: this also
    holds inside of branches and loops, which control edges from outside cannot enter.

    Args:
        name: what the lookups call the table.
        types: data types of keys and values.
        table: the table.
        taken: names that other nodes have.
    """
    keys, values = table.content(*types)
    parts = _part_names(name, taken)
    # a table hands out its content in the order of its hashes
    order = np.argsort(keys, kind="stable")
    constants = [
        _constant(parts["keys"], keys[order], types[0]),
        _constant(parts["values"], values[order], types[1]),
    ]
    made = NodeDef(name=parts["table"], op="HashTableV2")
    made.attr["key_dtype"].type, made.attr["value_dtype"].type = types
    # tables of one name are one table in a session: the content decides
    content = b"".join(c.attr["value"].SerializeToString(deterministic=True) for c in constants)
    made.attr["shared_name"].s = b"table_" + hashlib.sha256(content).hexdigest()[:16].encode()
    fill = NodeDef(name=parts["fill"], op="InitializeTableV2")
    fill.input.extend([made.name, *(constant.name for constant in constants)])
    fill.attr["Tkey"].type, fill.attr["Tval"].type = types
    filled = NodeDef(name=name, op="Identity", input=[made.name, f"^{fill.name}"])
    filled.attr["T"].type = types_pb2.DT_RESOURCE
    return [*constants, made, fill, filled]


def size_node(name: str, table: Table) -> NodeDef:
    """Return the size of a *table*, of which nothing else is needed, as constant."""
    return _constant(name, np.array(table.size(), np.int64), types_pb2.DT_INT64)


def table_of_size(size: int) -> tuple[Table, Types]:
    """Return a table with so many keys, of which nothing but their number is asked."""
    numbers = np.arange(size)
    types = types_pb2.DT_INT64, types_pb2.DT_INT64
    return Table(lambda *_: (numbers, numbers), lambda: size), types


def table_uses(
    nodes: Iterable[NodeDef], handles: Iterable[str], library: Library
) -> tuple[dict[str, Types], set[str]]:
    """Return what *nodes*, and what they call in the *library*, make of the tables at *handles*.

    Returns:
        types of keys and values of each in which something is looked up, and those of which only
        the size is needed.
    """
    nodes = list(nodes)
    origin = {name: name for name in handles}
    types: dict[str, Types] = {}
    sized: set[str] = set()
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
            elif node.op in FINDS:
                types[origin[source]] = node.attr["Tin"].type, node.attr["Tout"].type
            elif node.op in SIZES:
                sized.add(origin[source])
    for node in nodes:
        for position, source in enumerate(s for s in node.input if s[0] != "^"):
            for name, argument in (
                called(node, position, library) if node_of(source) in origin else ()
            ):
                body = body_of(library[name], library)
                handle = body.arguments[argument]
                inner = table_uses(body.graph_def.node, [handle], library)
                types |= {origin[node_of(source)]: found for found in inner[0].values()}
                sized |= {origin[node_of(source)] for _ in inner[1]}
    return types, sized - types.keys()


def _part_names(name: str, taken: Container[str]) -> dict[str, str]:
    parts = ("keys", "values", "table", "fill")
    scope, number = name, 0
    while any(f"{scope}/{part}" in taken for part in parts):
        number += 1
        scope = f"{name}_{number}"
    return {part: f"{scope}/{part}" for part in parts}


def _constant(name: str, values: NDArray[Any], dtype: int) -> NodeDef:
    constant = NodeDef(name=name, op="Const")
    constant.attr["dtype"].type = dtype
    constant.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(values, tf.as_dtype(dtype)))
    return constant
