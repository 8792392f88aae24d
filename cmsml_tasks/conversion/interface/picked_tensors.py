"""Tensors of a GraphDef picked as an interface, by the names of their operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import tensorflow as tf

from cmsml_tasks.arguments import argument
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, by_name, node_of, output_count
from cmsml_tasks.conversion.interface.found_names import Found, apart_from_inputs, port
from cmsml_tasks.conversion.interface.port import Port
from cmsml_tasks.errors import ConversionError, did_you_mean, listed
from cmsml_tasks.tensor_names import Names

_NO_OUTPUTS = frozenset({"Const", "Placeholder", "PlaceholderWithDefault"})


@dataclass(frozen=True)
class Selected:
    """A picked tensor and its interface name."""

    found: Found
    node: str
    slot: int


def operations_of(output_names: Names | None) -> tuple[Sequence[str] | None, list[str] | None]:
    """Return the operations of a graph that *output_names* selects, and other names for them."""
    if isinstance(output_names, Mapping):
        return list(output_names), list(output_names.values())
    return output_names, None


def select(graph_def: GraphDef, names: Sequence[str]) -> list[Selected]:
    """Return the tensors ``op``, ``op:0``, or ``op:1``, which is then exported as ``op_1``.

    Raises:
        ConversionError: there is no such operation, or it has not as many outputs.

    """
    if isinstance(names, str):
        raise ConversionError(f"output_names is the string '{names}'; give a list: ['{names}']")
    nodes = by_name(graph_def)
    selected = []
    for name in names:
        op, _, slot = str(name).partition(":")
        if op not in nodes:
            hint = did_you_mean(op, nodes, only_near=True) if len(nodes) < 10_000 else ""
            raise ConversionError(
                f"there is no operation '{name}' to export{hint} (operations that no other one "
                f"reads: {listed(unread(graph_def))})"
            )
        if slot and not (slot.isdigit() and int(slot) < output_count(nodes[op])):
            raise ConversionError(
                f"'{name}' is no output of the operation '{op}', which has "
                f"{output_count(nodes[op])}; use '{op}' or '{op}:0'"
            )
        number = int(slot or 0)
        selected.append(Selected(Found(f"{op}_{number}" if number else op), op, number))
    if not selected:
        raise ConversionError(
            f"there is no output to export; name operations in {argument('output_names')}"
        )
    return selected


def apart(outputs: Sequence[Selected], inputs: Sequence[str]) -> list[Selected]:
    """Return *outputs* under other names where they have the name of one of the *inputs*."""
    names = apart_from_inputs([pick.found for pick in outputs], inputs)
    return [replace(pick, found=found) for pick, found in zip(outputs, names, strict=True)]


def unread(graph_def: GraphDef) -> list[str]:
    """Return the outputs, ``op`` or ``op:1``, of all operations that no other one needs.

    Placeholders and constants are not among them.
    """
    read = {node_of(source) for node in graph_def.node for source in node.input}
    return [
        f"{node.name}:{slot}" if slot else node.name
        for node in graph_def.node
        if node.name not in read and node.op not in _NO_OUTPUTS
        for slot in range(output_count(node))
    ]


def ports(graph: tf.Graph, selected: Sequence[Selected]) -> tuple[Port, ...]:
    """Return the ports at the *selected* tensors of *graph*."""
    return tuple(
        port(pick.found, graph.get_tensor_by_name(f"{pick.node}:{pick.slot}")) for pick in selected
    )
