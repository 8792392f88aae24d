"""Sessions of TensorFlow 1, whose variables have their values in the session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from cmsml_tasks.conversion.graph_def.nodes import VARIABLES, GraphDef, NodeDef, by_name, reachable
from cmsml_tasks.conversion.graph_def.tensor_values import as_array
from cmsml_tasks.conversion.interface.picked_tensors import Selected, apart, ports, select, unread
from cmsml_tasks.conversion.interface.placeholders import DEFAULTED, feedable, is_learning_phase
from cmsml_tasks.conversion.sources.graphs import fed
from cmsml_tasks.conversion.sources.lookup_table_contents import own_graph_def, session_tables
from cmsml_tasks.conversion.traced.traced_graph import Skeleton
from cmsml_tasks.conversion.traced.traced_object import Array, Traced
from cmsml_tasks.conversion.traced.weight import Weight
from cmsml_tasks.errors import ConversionError, listed


def is_session(obj: Any) -> bool:
    """Tell whether *obj* is a session of TensorFlow 1."""
    return isinstance(obj, tf.compat.v1.Session | tf.compat.v1.InteractiveSession)


def trace_session(session: Any, output_names: Sequence[str] | None = None) -> Traced:
    """Trace what the operations *output_names* need of the graph of a session.

    Inputs are the placeholders among it, in the order of the graph.

    Raises:
        ConversionError: no or unknown output names, or variables without a value.

    """
    graph_def = own_graph_def(session.graph)
    if not output_names:
        raise ConversionError(
            f"output_names is {output_names!r}, but a session has no outputs of its own; name the "
            f"operations to export, such as {listed(unread(graph_def)[:5])}"
        )
    outputs = select(graph_def, output_names)
    needed = reachable(by_name(graph_def), (output.node for output in outputs))
    inputs = feedable(graph_def, needed)
    return trace_tensors(session, inputs, apart(outputs, [i.node for i in inputs]))


def trace_tensors(session: Any, inputs: Sequence[Selected], outputs: Sequence[Selected]) -> Traced:
    """Trace what *outputs* need of the graph of a session, fed through *inputs*.

    Raises:
        ConversionError: other placeholders would have to be fed too, or a variable has no value.
    """
    graph_def = own_graph_def(session.graph)
    nodes = by_name(graph_def)
    needed = reachable(nodes, (output.node for output in outputs))
    picked = {pick.node for pick in inputs}
    others = [pick for pick in feedable(graph_def, needed) if pick.node not in picked]
    # a SavedModel's signature need not name what is not fed in inference
    phases = [pick for pick in others if is_learning_phase(nodes[pick.node])]
    open_ends = [pick.node for pick in others if pick not in phases]
    if open_ends:
        raise ConversionError(
            f"the outputs also need {listed(open_ends)}, which is no input of the signature; save "
            "the model with a signature that names all of its inputs"
        )
    skeleton = Skeleton(
        graph_def=graph_def,
        inputs=ports(session.graph, [*inputs, *phases]),
        outputs=ports(session.graph, outputs),
        weights=_weights(session, graph_def, needed),
        tables=session_tables(
            lambda: session, session.graph, [nodes[name] for name in sorted(needed)]
        ),
        defaulted=ports(
            session.graph,
            [p for p in feedable(graph_def, needed, DEFAULTED) if p.node not in picked],
        ),
    )
    feeds = [port.tensor for port in (*skeleton.inputs, *skeleton.defaulted)]
    fetches = [port.tensor for port in skeleton.outputs]

    def evaluate(arrays: Sequence[Array | None]) -> Sequence[Array]:
        values = session.run(fetches, fed(feeds, arrays))
        return [as_array(v, p.dtype) for v, p in zip(values, skeleton.outputs, strict=True)]

    return Traced(skeleton, evaluate)


def _weights(session: Any, graph_def: GraphDef, needed: set[str]) -> dict[str, Weight]:
    return {
        node.name: _weight(session, node)
        for node in graph_def.node
        if node.name in needed and node.op in VARIABLES
    }


def _weight(session: Any, node: NodeDef) -> Weight:
    dtype = tf.as_dtype(node.attr["dtype"].type)
    shape = tf.TensorShape(node.attr["shape"].shape)
    tensor = _value_of(session.graph, node)

    def read() -> Array:
        try:
            return as_array(session.run(tensor), dtype)
        except tf.errors.FailedPreconditionError as error:
            raise ConversionError(
                f"the variable '{node.name}' has no value in this session; run its initializer or "
                "restore a checkpoint first"
            ) from error

    # a variable made with validate_shape=False shows its shape only in its value
    sizes = tuple(shape if shape.is_fully_defined() else read().shape)
    return Weight(dtype, sizes, read, node.name)


def _value_of(graph: tf.Graph, node: NodeDef) -> tf.Tensor:
    variable = graph.get_tensor_by_name(f"{node.name}:0")
    if node.op != "VarHandleOp":
        return variable
    for reader in variable.consumers():
        # a read behind other operations, or inside of a branch or loop, may change or lack things
        plain = not reader.control_inputs and reader._get_control_flow_context() is None
        if reader.type == "ReadVariableOp" and plain:
            return reader.outputs[0]
    raise ConversionError(
        f"the graph has no operation that just reads the variable '{node.name}'; make one with "
        "variable.read_value() before the session is exported"
    )
