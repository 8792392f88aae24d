"""Graphs of unknown origin that must not do anything but compute."""

from __future__ import annotations

from collections.abc import Container, Iterable

from cmsml_tasks.conversion.effects import Finding, judge, refuse
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, is_stateful, op_definition


def check_inert(
    graph_def: GraphDef,
    allow_operations: Container[str] = (),
    *,
    nodes: Iterable[str] | None = None,
    functions: Iterable[str] | None = None,
) -> None:
    """Refuse a graph that reaches outside, or may do so, before it is imported or run.

    What this TensorFlow does not have at all is left to the import, which knows who may have it.

    Args:
        graph_def: the graph.
        allow_operations: operations that are allowed although nobody has judged them.
        nodes: see `judge`; without *nodes* and *functions*, everything in the graph counts.
        functions: the same.

    Raises:
        ConversionError: the message names node, operation and function, and what it does.
    """
    found = judge(graph_def, nodes=nodes, functions=functions, allow_operations=allow_operations)
    refuse([one for one in found if one.known or op_definition(one.operation) is not None])


def acting_at_import(findings: Iterable[Finding]) -> list[Finding]:
    """Return those of *findings* that TensorFlow may run while it only imports the graph.

    It computes shapes from what it takes for constant: all that is not stateful by its registry,
    and calls of functions, whatever these do.
    """
    return [
        finding
        for finding in findings
        if finding.known and (finding.function is not None or not is_stateful(finding.operation))
    ]
