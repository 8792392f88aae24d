"""Frozen graphs imported without their weights, before they are written."""

from __future__ import annotations

from collections.abc import Mapping

import tensorflow as tf

from cmsml_tasks.conversion.checks.importing import imported_graph
from cmsml_tasks.conversion.freezing.frozen_graph import Frozen
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef
from cmsml_tasks.conversion.graph_def.tensor_shapes import shape_proto
from cmsml_tasks.conversion.traced.weight import Weight
from cmsml_tasks.errors import ConversionError
from cmsml_tasks.shapes import Shape

# bytes of a constant; what shapes and axes are computed from is smaller than this
_LARGEST_KEPT = 4096


def check_importable(frozen: Frozen) -> None:
    """Refuse a frozen graph that TensorFlow could not load; no weight is read or copied for this.

    Raises:
        ConversionError: the graph is broken; the message says where.

    """
    try:
        light_graph(frozen)
    except ConversionError as error:
        raise ConversionError(
            f"{error}\nNothing is written, since nobody could load it; leave out of the exported "
            "function what these operations were made for"
        ) from error


def light_graph(frozen: Frozen, shapes: Mapping[str, Shape] | None = None) -> tf.Graph:
    """Return *frozen* as a graph in which placeholders stand for weights, to look at its tensors.

    Args:
        frozen: a frozen graph.
        shapes: shapes of placeholders by name, where they are not those in the graph.

    Raises:
        ConversionError: TensorFlow does not accept the graph.

    """
    probe = GraphDef(versions=frozen.graph_def.versions, library=frozen.graph_def.library)
    probe.node.extend(_light(node, frozen.weights.get(node.name)) for node in frozen.graph_def.node)
    for node in probe.node:
        if shapes and node.name in shapes:
            node.attr["shape"].shape.CopyFrom(shape_proto(shapes[node.name]))
    return imported_graph(probe)


def _light(node: NodeDef, weight: Weight | None) -> NodeDef:
    """Return *node*, or what has its type and shape when it is a weight or large constant."""
    if node.op != "Const":
        return node
    tensor = node.attr["value"].tensor
    light = NodeDef(name=node.name, op="Placeholder", input=node.input)
    light.attr["dtype"].CopyFrom(node.attr["dtype"])
    if weight is not None:
        light.attr["shape"].shape.CopyFrom(shape_proto(weight.shape))
    elif tensor.ByteSize() > _LARGEST_KEPT:
        light.attr["shape"].shape.CopyFrom(tensor.tensor_shape)
    else:
        return node
    return light
