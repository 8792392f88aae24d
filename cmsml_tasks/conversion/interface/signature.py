"""The signature of a graph: the named tensors through which it is fed and read."""

from __future__ import annotations

from dataclasses import dataclass

from cmsml_tasks.shapes import Shape


@dataclass(frozen=True)
class TensorInfo:
    """One tensor of an interface.

    Attributes:
        name: interface name, which is also the name of the node in the graph.
        tensor: name to feed or fetch, ``"name:0"``.
        dtype: TensorFlow's name of the data type, such as ``"float32"`` or ``"string"``.
        shape: dimensions, ``None`` for each that is free; ``None`` as a whole when even the
            number of dimensions is unknown.
        renamed_from: what it was called here before the user renamed it.
        asked_for: what the model itself calls it, where that can be no name in its graph.

    """

    name: str
    tensor: str
    dtype: str
    shape: Shape
    renamed_from: str | None = None
    asked_for: str | None = None


@dataclass(frozen=True)
class Served:
    """The signature of a SavedModel that was taken, and the others that it has."""

    name: str
    others: tuple[str, ...] = ()


@dataclass(frozen=True)
class Signature:
    """Inputs and outputs of a graph, in their order; of a SavedModel also what it calls them."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    served: Served | None = None
