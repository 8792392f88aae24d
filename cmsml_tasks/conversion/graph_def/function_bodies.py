"""Bodies of library functions as graphs, in which arguments are placeholders, and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tensorflow.core.framework.function_pb2 import FunctionDef

from cmsml_tasks.conversion.graph_def.function_calls import Library
from cmsml_tasks.conversion.graph_def.nodes import (
    GraphDef,
    NodeDef,
    by_name,
    op_definition,
    output_counts,
)


@dataclass
class Body:
    """A function.

    Attributes:
        graph_def: its nodes, with a placeholder for each argument; inputs are written as in a
            graph, ``node:1``.
        arguments: names of the placeholders, in order.
        returns: tensors that are returned, in order.
        types: their data types.
        controls: nodes that have to run.
        stateful: whether one of them has a state.
    """

    graph_def: GraphDef
    arguments: list[str]
    returns: list[str]
    types: list[int]
    controls: list[str]
    stateful: bool


def body_of(function: FunctionDef, library: Library) -> Body:
    """Return the body of a library function."""
    graph_def = GraphDef()
    signature = function.signature
    for argument in signature.input_arg:
        placeholder = graph_def.node.add(name=argument.name, op="Placeholder")
        placeholder.attr["dtype"].type = argument.type
    slots = {
        f"{node.name}:{name}:{index}": f"{node.name}:{slot}" if slot else node.name
        for node in function.node_def
        for slot, (name, index) in enumerate(_outputs(node, library))
    }
    graph_def.node.extend(function.node_def)
    for node in graph_def.node:
        inputs = [slots.get(source, source) for source in node.input]
        del node.input[:]
        node.input.extend(inputs)
    returned = [function.ret[result.name] for result in signature.output_arg]
    return Body(
        graph_def,
        [argument.name for argument in signature.input_arg],
        [slots.get(source, source) for source in returned],
        [result.type for result in signature.output_arg],
        [function.control_ret[name] for name in sorted(function.control_ret)],
        signature.is_stateful,
    )


def function_of(name: str, body: Body, library: Library) -> FunctionDef:
    """Return *body* as the library function *name*; attributes of the function are left out."""
    function = FunctionDef()
    function.signature.name = name
    function.signature.is_stateful = body.stateful
    nodes = by_name(body.graph_def)
    slots = {argument: argument for argument in body.arguments}
    for argument in body.arguments:
        dtype = nodes[argument].attr["dtype"].type
        function.signature.input_arg.add(name=argument, type=dtype)
    for node in body.graph_def.node:
        if node.name not in slots:
            outputs = enumerate(_outputs(node, library))
            slots |= {_tensor(node.name, s): f"{node.name}:{n}:{i}" for s, (n, i) in outputs}
    for node in body.graph_def.node:
        if node.name not in body.arguments:
            copied = function.node_def.add()
            copied.CopyFrom(node)
            del copied.input[:]
            copied.input.extend(_references(node.input, slots, body.arguments))
    for number, (source, dtype) in enumerate(zip(body.returns, body.types, strict=True)):
        function.signature.output_arg.add(name=f"ret_{number}", type=dtype)
        function.ret[f"ret_{number}"] = slots[_normal(source)]
    for number, control in enumerate(body.controls):
        function.signature.control_output.append(f"control_{number}")
        function.control_ret[f"control_{number}"] = control
    return function


def _references(
    inputs: Iterable[str], slots: dict[str, str], arguments: Sequence[str]
) -> Iterator[str]:
    for source in inputs:
        if not source.startswith("^"):
            yield slots[_normal(source)]
        elif source[1:] not in arguments:  # nothing can wait for an argument alone
            yield source


def _tensor(name: str, slot: int) -> str:
    return f"{name}:{slot}" if slot else name


def _normal(source: str) -> str:
    return source.removesuffix(":0")


def _outputs(node: NodeDef, library: Library) -> list[tuple[str, int]]:
    """Return name and index, as functions refer to them, of each tensor that *node* gives."""
    if node.op in library:
        return [(result.name, 0) for result in library[node.op].signature.output_arg]
    definition: Any = op_definition(node.op)
    return [
        (argument.name, index)
        for argument, count in output_counts(node, definition)
        for index in range(count)
    ]
