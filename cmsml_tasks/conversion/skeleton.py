"""What every source is brought to: a graph without weights, its interface, its weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from tensorflow.core.framework.tensor_pb2 import TensorProto

from cmsml_tasks.conversion.nodes import GraphDef
from cmsml_tasks.conversion.origins import UNKNOWN, Origin
from cmsml_tasks.conversion.port import Port
from cmsml_tasks.conversion.signature import Served, Signature
from cmsml_tasks.conversion.tensor_shapes import shape_proto


@dataclass(frozen=True)
class Weight:
    """The value of a variable or captured tensor, which is not read before it is written out.

    Attributes:
        dtype: data type.
        shape: sizes of all dimensions.
        read: returns the value as it is now.
        variable: name of the variable; None for a tensor that was captured by value.
    """

    dtype: tf.DType
    shape: tuple[int, ...]
    read: Callable[[], NDArray[np.generic]]
    variable: str | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of the value; of strings only what their number tells."""
        return math.prod(self.shape) * max(int(self.dtype.size), 1)

    def proto(self) -> TensorProto:
        """Return the protobuf of the value, without the value."""
        return TensorProto(dtype=self.dtype.as_datatype_enum, tensor_shape=shape_proto(self.shape))


@dataclass(frozen=True)
class ConstantInput:
    """An input that was set to a value, so that nobody feeds it any more.

    Attributes:
        port: what it was as an input.
        value: what it is, of the type of *port* and a shape that fits it.
        default: nobody asked for it; it is Keras's learning phase, which is False in inference.
    """

    port: Port
    value: NDArray[Any]
    default: bool = False


@dataclass(frozen=True)
class Table:
    """A lookup table that is filled outside of the graph; it is read when it is written out.

    Attributes:
        content: gives keys and values, when told their data types.
        size: gives the number of keys.
    """

    content: Callable[[int, int], tuple[NDArray[Any], NDArray[Any]]]
    size: Callable[[], int]


@dataclass(frozen=True)
class Skeleton:
    """A graph without weights.

    Attributes:
        graph_def: nodes and library functions, exactly as TensorFlow traced them.
        inputs: placeholders that are fed, in their order.
        outputs: tensors that are fetched, in their order.
        weights: values by the name of the node (placeholder or variable) that stands for them.
        tables: lookup tables by the name of the node that stands for them; one that is a
            placeholder may be another resource too, which shows in how it is used.
        origin: what is known of the names of the nodes.
        defaulted: placeholders with a default, which are fed only if somebody asks for it.
        constants: inputs that were set to a value, their nodes constants in *graph_def*.
        has_versions: the graph has what is written last, and so nothing is missing at its end.
        served: which signature of a SavedModel it is.

    """

    graph_def: GraphDef
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    weights: Mapping[str, Weight] = field(default_factory=dict)
    tables: Mapping[str, Table] = field(default_factory=dict)
    origin: Origin = UNKNOWN
    defaulted: tuple[Port, ...] = ()
    constants: tuple[ConstantInput, ...] = ()
    has_versions: bool = True
    served: Served | None = None

    @property
    def signature(self) -> Signature:
        """The interface of the graph that this skeleton becomes."""
        return Signature(
            tuple(port.info for port in self.inputs),
            tuple(port.info for port in self.outputs),
            self.served,
        )
