"""A traced object: its signature, its graph without weights, and its own outputs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmsml_tasks.arguments import argument
from cmsml_tasks.conversion.graph_def.nodes import GraphDef
from cmsml_tasks.conversion.interface.interface_names import (
    check_distinct,
    chosen,
    meant,
    refuse_unclear,
)
from cmsml_tasks.conversion.interface.interface_nodes import put_interface
from cmsml_tasks.conversion.interface.port import Port
from cmsml_tasks.conversion.interface.signature import Served, Signature
from cmsml_tasks.conversion.traced.traced_graph import Skeleton
from cmsml_tasks.errors import ConversionError, did_you_mean, listed
from cmsml_tasks.shapes import Shape, compatible, format_shape
from cmsml_tasks.tensor_names import Names

Array = NDArray[Any]
Evaluate = Callable[[Sequence[Any]], Sequence[Array]]


class Traced:
    """What was made of a model, function, session or graph.

    The weights are read when a graph is frozen, not when the object is traced.
    """

    def __init__(self, skeleton: Skeleton, evaluate: Evaluate) -> None:
        """Take the graph of an object, and a function that evaluates the object itself.

        Args:
            skeleton: the graph, its interface and its weights.
            evaluate: gets one array for each input and returns one for each output, in the
                order of the skeleton's ports. Further arrays, None for what is not fed, are for
                the skeleton's placeholders with a default.

        Raises:
            ConversionError: two tensors of the interface have the same name.

        """
        check_distinct([p.name for p in skeleton.inputs], [p.name for p in skeleton.outputs])
        self.skeleton = skeleton
        self.evaluate = evaluate

    @property
    def signature(self) -> Signature:
        """Inputs and outputs under their interface names."""
        return self.skeleton.signature

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs of the original object (not of the frozen graph) by interface name.

        Args:
            inputs: one array for each input by interface name; values are cast to the data type
                of the signature where that keeps their kind (float64 to float32, say).

        Raises:
            ConversionError: inputs are missing, unknown, or have an impossible type or shape.

        """
        ports = self.skeleton.inputs
        for name in inputs:
            _known(name, ports)
        missing = [port.name for port in ports if port.name not in inputs]
        if missing:
            raise ConversionError(f"no values for {listed(missing)}; every input needs an array")
        arrays = [_fitting(port, inputs[port.name]) for port in ports]
        values = self.evaluate(arrays)
        names = [port.name for port in self.skeleton.outputs]
        return {name: np.asarray(value) for name, value in zip(names, values, strict=True)}

    def as_is(self) -> GraphDef:
        """Return the graph as it was traced, without weights, under its interface names."""
        skeleton = self.skeleton
        return put_interface(skeleton.graph_def, skeleton.inputs, skeleton.outputs)

    def renamed(self, input_names: Names | None, output_names: Names | None) -> Traced:
        """Return the same object under other names.

        Args:
            input_names: one for each input, in order, or for some of them by their names.
            output_names: the same for the outputs.

        Raises:
            ConversionError: a tensor is not there, or a name impossible or used twice.

        """
        inputs, outputs = self.skeleton.inputs, self.skeleton.outputs
        return self._with_ports(
            chosen(input_names, inputs, "input"),
            chosen(output_names, outputs, "output"),
        )

    def with_found_names(self) -> Traced:
        """Return the same object under the names that it had before it was renamed."""
        inputs, outputs = self.skeleton.inputs, self.skeleton.outputs
        return self._with_ports(
            [p.renamed(p.found or p.name) for p in inputs],
            [p.renamed(p.found or p.name) for p in outputs],
        )

    def as_served(self, name: str, signatures: Iterable[str]) -> Traced:
        """Return the same object as the one called *name* of all *signatures* of a SavedModel."""
        served = Served(name, tuple(sorted(set(signatures) - {name})))
        return Traced(dataclasses.replace(self.skeleton, served=served), self.evaluate)

    def refuse_unclear(self) -> None:
        """Refuse two tensors of the model that would have one name.

        Raises:
            ConversionError: there are such.
        """
        refuse_unclear(self.skeleton.inputs, "input")
        refuse_unclear(self.skeleton.outputs, "output")

    def _with_ports(self, inputs: Sequence[Port], outputs: Sequence[Port]) -> Traced:
        skeleton = dataclasses.replace(self.skeleton, inputs=tuple(inputs), outputs=tuple(outputs))
        return Traced(skeleton, self.evaluate)

    def with_input_shapes(self, shapes: Mapping[str, Shape]) -> Traced:
        """Return the same object with *shapes* of inputs, where they were open.

        Their names are those in the graph, or the model's own.

        Raises:
            ConversionError: a name is no input, or a shape contradicts a known one.

        """
        ports = self.skeleton.inputs
        given = meant(shapes, ports, "input", f"{argument('input_shapes')} has a shape for")
        shape_of = dict(zip(given, shapes.values(), strict=True))
        inputs = []
        for port in ports:
            shape = shape_of.get(port, port.shape)
            if not compatible(shape, port.shape):
                raise ConversionError(
                    f"the shape {format_shape(shape)} given for '{port.known_as}' contradicts its "
                    f"own shape {format_shape(port.shape)}; leave it out"
                )
            inputs.append(dataclasses.replace(port, shape=shape))
        return Traced(dataclasses.replace(self.skeleton, inputs=tuple(inputs)), self.evaluate)


def _known(name: str, ports: Sequence[Port]) -> None:
    names = [port.name for port in ports]
    if name not in names:
        raise ConversionError(
            f"there is no input '{name}'{did_you_mean(name, names)} (inputs: {listed(names)})"
        )


def _fitting(port: Port, value: Array) -> Array:
    wanted = port.dtype.as_numpy_dtype
    array = np.asarray(value)
    if not np.can_cast(array.dtype, wanted, casting="same_kind"):
        raise ConversionError(
            f"the values for '{port.name}' are {array.dtype}; it takes {port.dtype.name}"
        )
    if not compatible(array.shape, port.shape):
        # TensorFlow may end the process on a wrong rank instead of raising an error
        raise ConversionError(
            f"the values for '{port.name}' have shape {format_shape(array.shape)}; it takes "
            f"{format_shape(port.shape)}"
        )
    return array.astype(wanted, copy=False)
