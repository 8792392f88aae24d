"""A frozen graph as a record: the graph, and the values that it has not got yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import tensorflow as tf

from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef, by_name
from cmsml_tasks.conversion.graph_def.size_limit import check_size
from cmsml_tasks.conversion.traced.weight import Weight, bytes_of, has_content, value_of


@dataclass(frozen=True)
class Frozen:
    """A frozen graph whose weights are still where they came from.

    Attributes:
        graph_def: the graph; the constants named in *weights* carry no value yet.
        weights: the missing values by the name of their constant.

    """

    graph_def: GraphDef
    weights: Mapping[str, Weight]

    @property
    def nbytes(self) -> int:
        """Bytes of the graph with the values, up to a few for each of them."""
        values = sum(weight.nbytes for weight in self.weights.values())
        return values + int(self.graph_def.ByteSize())


def filled(frozen: Frozen) -> GraphDef:
    """Return the graph of *frozen* with the values of its weights, which are read now.

    Raises:
        ConversionError: the graph would be larger than a protobuf message can be, or a weight does
            not have the shape and type that the graph was made for.

    """
    check_size(frozen.nbytes)
    graph_def = GraphDef()
    graph_def.CopyFrom(frozen.graph_def)
    nodes = by_name(graph_def)
    for name, weight in frozen.weights.items():
        fill(nodes[name], weight)
    return graph_def


def fill(constant: NodeDef, weight: Weight) -> None:
    """Put the value of *weight* into *constant*."""
    tensor = constant.attr["value"].tensor
    if not has_content(weight):
        value = value_of(constant.name, weight)
        tensor.CopyFrom(tf.make_tensor_proto(value, weight.dtype, value.shape))
        return
    tensor.CopyFrom(weight.proto())
    tensor.tensor_content = bytes_of(constant.name, weight).tobytes()
