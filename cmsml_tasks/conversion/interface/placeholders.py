"""Placeholders of a GraphDef: which of them are inputs, and their shapes."""

from __future__ import annotations

from collections.abc import Container, Mapping

import tensorflow as tf
from tensorflow.core.framework import types_pb2

from cmsml_tasks.arguments import argument
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef
from cmsml_tasks.conversion.graph_def.tensor_shapes import shape_proto, static_shape
from cmsml_tasks.conversion.interface.found_names import Found
from cmsml_tasks.conversion.interface.picked_tensors import Selected
from cmsml_tasks.errors import ConversionError, did_you_mean, listed
from cmsml_tasks.shapes import Shape, compatible, format_shape

DEFAULTED = "PlaceholderWithDefault"
_SWITCHES = {types_pb2.DT_BOOL, types_pb2.DT_UINT8, types_pb2.DT_INT32}


def feedable(graph_def: GraphDef, among: Container[str], op: str = "Placeholder") -> list[Selected]:
    """Return the placeholders of *graph_def* that have to be fed, in the order of the graph.

    A placeholder with a default, ``PlaceholderWithDefault`` as *op*, needs no feed.
    """
    return [
        Selected(Found(node.name), node.name, 0)
        for node in graph_def.node
        if node.op == op and node.name in among
    ]


def is_learning_phase(node: NodeDef) -> bool:
    """Tell whether *node* is the switch between training and inference of old Keras versions.

    Keras 1 and the first releases of 2 made it an integer, 0 in inference.
    """
    return (
        node.op in ("Placeholder", DEFAULTED)
        and node.name.rpartition("/")[2] == "keras_learning_phase"
        and node.attr["dtype"].type in _SWITCHES
    )


def give_shapes(graph_def: GraphDef, shapes: Mapping[str, Shape]) -> None:
    """Give, in place, the placeholders named in *shapes* these shapes.

    Raises:
        ConversionError: there is no such placeholder, or it has another shape already.

    """
    placeholders = {node.name: node for node in graph_def.node if node.op == "Placeholder"}
    for name, shape in shapes.items():
        if name not in placeholders:
            raise ConversionError(
                f"{argument('input_shapes')} has a shape for {name!r}, but there is no such input"
                f"{did_you_mean(str(name), placeholders, only_near=True)} "
                f"(inputs: {listed(placeholders)})"
            )
        known = static_shape(tf.TensorShape(placeholders[name].attr["shape"].shape))
        # the graphs of TensorFlow 1 say (), a scalar, where they mean that they do not know
        if known and not compatible(known, shape):
            raise ConversionError(
                f"the shape {format_shape(shape)} given for '{name}' contradicts the one in the "
                f"graph, {format_shape(known)}; leave it out"
            )
        placeholders[name].attr["shape"].shape.CopyFrom(shape_proto(shape))
