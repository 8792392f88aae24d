"""A session that holds a Keras model, in place of the one that Keras 3 no longer has."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from cmsml_tasks.conversion.freezing.freeze import unknown_resource
from cmsml_tasks.conversion.freezing.inlining import flat_graph
from cmsml_tasks.conversion.freezing.lookup_tables import table_nodes, table_of_size, table_uses
from cmsml_tasks.conversion.graph_def.function_calls import library_of
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef
from cmsml_tasks.conversion.interface.found_names import valid
from cmsml_tasks.conversion.sources.dispatch import trace
from cmsml_tasks.conversion.sources.keras import keras_model, tf_keras_model
from cmsml_tasks.conversion.traced.traced_graph import Skeleton
from cmsml_tasks.conversion.traced.weight import Weight
from cmsml_tasks.errors import ConversionTypeError

tf1 = tf.compat.v1


def get_session(model: Any, config: Any = None) -> Any:
    """Return a session with the graph of a Keras model and variables that hold its weights.

    The graph computes the inference of the model. Its placeholders and outputs have the interface
    names of the model, so that ``save_graph(path, session, variables_to_constants=True,
    output_names=["output"])`` works as it did with ``tf.compat.v1.keras.backend.get_session()``.
    The variables are copies: training the model further does not change them. Lookup tables are
    copies too, which need no initializer.

    Args:
        model: a built model of Keras 3 or tf-keras.
        config: ``tf.compat.v1.ConfigProto`` for the session.

    Raises:
        ConversionTypeError: *model* is no Keras model.
        ConversionError: the model was never built, or cannot be traced.
    """
    if not keras_model.is_model(model) and not tf_keras_model.is_model(model):
        raise ConversionTypeError(
            f"get_session() needs a Keras model, not the {type(model).__name__} {model!r}"
        )
    skeleton = trace(model).skeleton
    graph = tf.Graph()
    with graph.as_default():
        fills = _build(skeleton, valid(model.name))
    session = tf1.Session(graph=graph, config=config)
    for initializer, value, weight in fills:
        session.run(initializer, {value: weight.read()})
    return session


def _build(skeleton: Skeleton, scope: str) -> list[tuple[Any, Any, Weight]]:
    """Build the graph; return, for each variable, initializer, placeholder of the value, value."""
    sources: dict[str, Any] = {}
    fills: list[tuple[Any, Any, Weight]] = []
    for port in skeleton.inputs:
        sources[port.tensor] = tf1.placeholder(port.dtype, port.shape, _exactly(port.name))
    for node, weight in skeleton.weights.items():
        if weight.variable is None:
            sources[f"{node}:0"] = tf.constant(weight.read(), weight.dtype, name=f"{scope}/value")
            continue
        value = tf1.placeholder(weight.dtype, weight.shape, f"{scope}/value")
        variable = tf1.Variable(value, name=weight.variable, use_resource=True)
        sources[f"{node}:0"] = variable.handle
        fills.append((variable.initializer, value, weight))
    tables = _tables(skeleton)
    inner = GraphDef(versions=skeleton.graph_def.versions, library=skeleton.graph_def.library)
    for node in skeleton.graph_def.node:
        if f"{node.name}:0" not in sources:
            inner.node.extend(tables.get(node.name, [node]))
    # an input that is an output as well is not among the nodes any more
    fetched = [port.tensor for port in skeleton.outputs if port.tensor not in sources]
    found = dict(zip(fetched, tf.import_graph_def(inner, sources, fetched, scope), strict=True))
    outputs = [{**sources, **found}[port.tensor] for port in skeleton.outputs]
    for port, output in zip(skeleton.outputs, outputs, strict=True):
        tf.identity(output, _exactly(port.name))
    return fills


def _tables(skeleton: Skeleton) -> dict[str, list[NodeDef]]:
    """Return nodes that are filled lookup tables, by the placeholder that stands for the table."""
    if not skeleton.tables:
        return {}
    flat = flat_graph(skeleton)
    types, sized = table_uses(flat.node, skeleton.tables, library_of(flat))
    for name in skeleton.tables:
        if name not in types and name not in sized:
            raise unknown_resource(name)
    taken = {node.name for node in skeleton.graph_def.node}
    tables = {name: table_nodes(name, types[name], skeleton.tables[name], taken) for name in types}
    for name in sized:
        stand_in, integers = table_of_size(skeleton.tables[name].size())
        tables[name] = table_nodes(name, integers, stand_in, taken)
    return tables


def _exactly(name: str) -> str:
    # a name that ends like a scope is taken as it is, even when there is a scope of this name
    return f"{name}/"
