"""The interface put on a graph: nodes that are called exactly as the user calls the tensors."""

from __future__ import annotations

from collections.abc import Sequence

from cmsml_tasks.conversion.names import unused
from cmsml_tasks.conversion.nodes import GraphDef, NodeDef, by_name, node_of, output_count
from cmsml_tasks.conversion.skeleton import Port, shape_proto


def put_interface(
    graph_def: GraphDef, inputs: Sequence[Port], outputs: Sequence[Port]
) -> tuple[GraphDef, dict[str, str]]:
    """Return *graph_def* with its interface nodes called as the ports say, and what was renamed.

    The node of an output is renamed where it is an output and nothing else; otherwise (it has
    further outputs or consumers, or is an input too) an Identity is added. So an output is a
    node that no other node needs, by which it is also recognised in a file. Nodes that have the
    name of a port by chance make way.
    """
    renamed = {port.node: port.name for port in inputs}
    consumed = {node_of(i) for node in graph_def.node for i in node.input}
    nodes = by_name(graph_def)
    added: list[Port] = []
    for port in outputs:
        alone = port.node not in consumed and output_count(nodes[port.node]) == 1
        if alone and port.node not in renamed:
            renamed[port.node] = port.name
        else:
            added.append(port)
    _make_way(nodes, renamed, {port.name for port in (*inputs, *outputs)})
    result = _with_names(graph_def, renamed)
    for port in added:
        source = renamed.get(port.node, port.node) + (f":{port.slot}" if port.slot else "")
        node = result.node.add(name=port.name, op="Identity", input=[source])
        node.attr["T"].type = port.dtype.as_datatype_enum
    placeholders = by_name(result)
    for port in inputs:
        placeholders[port.name].attr["shape"].shape.CopyFrom(shape_proto(port.shape))
    return result, renamed


def _make_way(nodes: dict[str, NodeDef], renamed: dict[str, str], wanted: set[str]) -> None:
    taken = {*nodes, *wanted}
    for name in nodes:
        if name in wanted and name not in renamed:
            renamed[name] = unused(name, taken)
            taken.add(renamed[name])


def _with_names(graph_def: GraphDef, renamed: dict[str, str]) -> GraphDef:
    result = GraphDef()
    result.CopyFrom(graph_def)
    for node in result.node:
        node.name = renamed.get(node.name, node.name)
        for index, source in enumerate(node.input):
            name = node_of(source)
            if name in renamed:
                node.input[index] = source.replace(name, renamed[name], 1)
    return result
