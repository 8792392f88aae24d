"""Graphs without variables: ``tf.Graph``, ``GraphDef``, frozen graphs from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import tensorflow as tf

from cmsml_tasks.conversion.checks.importing import check_foreign, imported_graph
from cmsml_tasks.conversion.checks.unknown_operations import refuse_newer_attributes
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, by_name, has_versions, reachable
from cmsml_tasks.conversion.graph_def.tensor_values import as_array
from cmsml_tasks.conversion.interface.picked_tensors import apart, ports, select, unread
from cmsml_tasks.conversion.interface.placeholders import DEFAULTED, feedable, give_shapes
from cmsml_tasks.conversion.interface.port import Port
from cmsml_tasks.conversion.sources.lookup_table_contents import (
    fill_tables,
    outer_initializers,
    own_graph_def,
    session_tables,
)
from cmsml_tasks.conversion.sources.unoptimised import session_as_written
from cmsml_tasks.conversion.traced.traced_graph import Skeleton
from cmsml_tasks.conversion.traced.traced_object import Array, Evaluate, Traced
from cmsml_tasks.shapes import Shape


def trace_graph(
    graph: tf.Graph | GraphDef,
    output_names: Sequence[str] | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
) -> Traced:
    """Trace a graph that has no variables.

    Inputs are its placeholders. Outputs are the operations *output_names*, else those that no
    other operation reads.

    Args:
        graph: the graph.
        output_names: operations to export, ``op`` or ``op:0``.
        input_shapes: shapes by placeholder, for graphs that carry none.

    Raises:
        ConversionError: there is no output, or names or shapes do not fit.

    """
    if isinstance(graph, GraphDef):
        check_foreign(graph)
        refuse_newer_attributes(graph)
    graph_def = GraphDef()
    graph_def.CopyFrom(graph if isinstance(graph, GraphDef) else own_graph_def(graph))
    give_shapes(graph_def, input_shapes or {})
    outputs = select(graph_def, unread(graph_def) if output_names is None else output_names)
    # all of the placeholders are meant when nobody says which part of the graph is
    nodes = by_name(graph_def)
    needed = reachable(nodes, (o.node for o in outputs)) if output_names is not None else nodes
    inputs = feedable(graph_def, needed)
    imported = imported_graph(graph_def)
    defaulted = feedable(graph_def, needed, DEFAULTED)
    used = reachable(nodes, (o.node for o in outputs))
    initializers = outer_initializers(graph_def, used)
    session = _Session(imported, initializers)
    skeleton = Skeleton(
        graph_def=graph_def,
        inputs=tuple(_with_shape(port, input_shapes or {}) for port in ports(imported, inputs)),
        outputs=ports(imported, apart(outputs, [i.node for i in inputs])),
        tables=session_tables(session, imported, [nodes[name] for name in initializers]),
        defaulted=ports(imported, defaulted),
        has_versions=has_versions(graph_def),
    )
    return Traced(skeleton, _runner(session, skeleton))


def _with_shape(port: Port, shapes: Mapping[str, Shape]) -> Port:
    # of an old graph, TensorFlow takes the shape of a scalar for an unknown one
    return replace(port, shape=shapes.get(port.name, port.shape))


class _Session:
    """A session for *graph* with its tables filled, made at the first call."""

    def __init__(self, graph: tf.Graph, initializers: Mapping[str, str]) -> None:
        self._graph = graph
        self._initializers = initializers
        self._session: tf.compat.v1.Session | None = None

    def __call__(self) -> tf.compat.v1.Session:
        if self._session is None:
            session = session_as_written(self._graph)
            fill_tables(session, self._initializers)
            self._session = session
        return self._session


def fed(tensors: Sequence[str], arrays: Sequence[Array | None]) -> dict[str, Array]:
    """Return the *arrays* by tensor; the last ones, of placeholders with a default, may lack."""
    pairs = zip(tensors, arrays, strict=False)
    return {tensor: array for tensor, array in pairs if array is not None}


def _runner(session: _Session, skeleton: Skeleton) -> Evaluate:
    feeds = [port.tensor for port in (*skeleton.inputs, *skeleton.defaulted)]
    fetches = [port.tensor for port in skeleton.outputs]

    def evaluate(arrays: Sequence[Array | None]) -> Sequence[Array]:
        values = session().run(fetches, fed(feeds, arrays))
        return [as_array(v, p.dtype) for v, p in zip(values, skeleton.outputs, strict=True)]

    return evaluate
