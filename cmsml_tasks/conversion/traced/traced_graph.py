"""What every source is brought to: a graph without weights, its interface, its weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from cmsml_tasks.conversion.graph_def.nodes import GraphDef
from cmsml_tasks.conversion.interface.port import Port
from cmsml_tasks.conversion.interface.signature import Served, Signature
from cmsml_tasks.conversion.traced.name_origin import UNKNOWN, Origin
from cmsml_tasks.conversion.traced.weight import Weight


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
