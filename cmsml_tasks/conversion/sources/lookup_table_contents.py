"""What lookup tables hold: read eagerly, or in the session that has them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorflow.python.eager.context import eager_mode

from cmsml_tasks.conversion.graph_def.nodes import INITIALIZERS, TABLES, GraphDef, NodeDef, node_of
from cmsml_tasks.conversion.graph_def.size_limit import graph_def_of
from cmsml_tasks.conversion.traced.traced_graph import Table
from cmsml_tasks.conversion.traced.traced_object import Array
from cmsml_tasks.errors import ConversionError

_SCOPE = "cmsml_tasks_reads_tables/"
_adding = threading.Lock()


def captured_table(handle: tf.Tensor, name: str) -> Table:
    """Return the table called *name* that a function has captured."""

    def content(key_dtype: int, value_dtype: int) -> tuple[Array, Array]:
        try:
            with eager_mode():
                keys, values = tf.raw_ops.LookupTableExportV2(
                    table_handle=handle, Tkeys=key_dtype, Tvalues=value_dtype
                )
        except tf.errors.OpError as error:
            raise ConversionError(
                f"the lookup table '{name}' cannot be read, most likely because nothing has filled "
                "it; fill it before the export"
            ) from error
        return _checked(name, keys.numpy(), values.numpy())

    def size() -> int:
        with eager_mode():
            return int(tf.raw_ops.LookupTableSizeV2(table_handle=handle))

    return Table(content, size)


def session_tables(
    session: Callable[[], Any], graph: tf.Graph, nodes: Iterable[NodeDef]
) -> dict[str, Table]:
    """Return the tables among *nodes* of *graph*; their content is that in the *session*.

    A session reads a table only through an operation of its graph. Where there is none, one is
    added when the table is read, and removed from all that is made of this graph; the graph may be
    finalized, and stays so.
    """
    return {node.name: _table(session, graph, node) for node in nodes if node.op in TABLES}


def own_graph_def(graph: tf.Graph) -> GraphDef:
    """Return *graph* without the operations that reading its tables added."""
    graph_def: GraphDef = graph_def_of(graph)
    added = [node for node in graph_def.node if node.name.startswith(_SCOPE)]
    for node in added:
        graph_def.node.remove(node)
    return graph_def


def outer_initializers(graph_def: GraphDef, used: Container[str]) -> dict[str, str]:
    """Return the operation that fills each table that the graph does not fill by itself.

    An operation fills a table of the nodes *used* by itself when it is one of them, unless it
    does so from a file.
    """
    found: dict[str, str] = {}
    inner: set[str] = set()
    for node in graph_def.node:
        if node.op in INITIALIZERS and node_of(node.input[0]) in used:
            table = node_of(node.input[0])
            found[table] = node.name
            if node.name in used and "TextFile" not in node.op:
                inner.add(table)
    return {table: node for table, node in found.items() if table not in inner}


def fill_tables(session: Any, initializers: Mapping[str, str]) -> None:
    """Run the operations that fill tables, by the name of the table.

    Raises:
        ConversionError: one cannot be filled, most likely because its file is not there.

    """
    for table, name in initializers.items():
        initializer = session.graph.get_operation_by_name(name)
        try:
            session.run(initializer)
        except tf.errors.OpError as error:
            raise ConversionError(_why_not_filled(session, table, initializer)) from error


def _why_not_filled(session: Any, table: str, initializer: tf.Operation) -> str:
    if "TextFile" not in initializer.type:
        return f"the lookup table '{table}' cannot be filled by '{initializer.name}'"
    try:
        place = f"'{session.run(initializer.inputs[1]).decode()}'"
    except tf.errors.OpError:
        place = "whose name has to be fed"
    return (
        f"the lookup table '{table}' is filled from the file {place}, which is not there or not "
        "as it was; put it back, or pass the session or SavedModel that has the table filled"
    )


def _table(session: Callable[[], Any], graph: tf.Graph, node: NodeDef) -> Table:
    def exported() -> tuple[Array, Array]:
        running = session()
        try:
            keys, values = running.run(_export(graph, node))
        except tf.errors.OpError as error:
            raise ConversionError(
                f"the lookup table '{node.name}' is not filled in this session; run "
                "tf.compat.v1.tables_initializer(), or whatever fills it, first"
            ) from error
        return keys, values

    def content(*_: int) -> tuple[Array, Array]:
        return _checked(node.name, *exported())

    return Table(content, lambda: len(exported()[0]))


def _export(graph: tf.Graph, node: NodeDef) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the tensors with keys and values of the table *node*."""
    handle = graph.get_tensor_by_name(f"{node.name}:0")
    with _adding:
        for reader in handle.consumers():
            # one behind other operations, or inside of a branch or loop, may change or lack things
            plain = not reader.control_inputs and reader._get_control_flow_context() is None
            if reader.type.startswith("LookupTableExport") and plain:
                return tuple(reader.outputs)
        v2 = node.op.endswith("V2")
        export = tf.raw_ops.LookupTableExportV2 if v2 else tf.raw_ops.LookupTableExport
        types = node.attr["key_dtype"].type, node.attr["value_dtype"].type
        with (
            _open(graph),
            graph.as_default(),
            graph.control_dependencies(None),
            graph.device(None),
            graph.name_scope(_SCOPE),
        ):
            return tuple(export(table_handle=handle, Tkeys=types[0], Tvalues=types[1]))


@contextmanager
def _open(graph: tf.Graph) -> Iterator[None]:
    finalized = graph.finalized
    graph._unsafe_unfinalize()
    try:
        yield
    finally:
        if finalized:
            graph.finalize()


def _checked(name: str, keys: Array, values: Array) -> tuple[Array, Array]:
    if keys.ndim != 1 or values.ndim != 1:
        raise ConversionError(
            f"the lookup table '{name}' is no plain list of keys and values (a DenseHashTable, "
            "or one that looks up vectors), so that it cannot be put into a frozen graph; copy "
            "its content into a tf.lookup.StaticHashTable, or gather rows of a tensor"
        )
    if not len(keys):
        raise ConversionError(
            f"the lookup table '{name}' is empty, which none in a frozen graph can be; fill it "
            "before the export"
        )
    return keys, values
