"""The interface put on a graph: nodes that are called exactly as the user calls the tensors."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from cmsml_tasks.conversion.graph_def.nodes import GraphDef, by_name, node_of, output_count
from cmsml_tasks.conversion.graph_def.tensor_shapes import shape_proto
from cmsml_tasks.conversion.interface.interface_names import unused
from cmsml_tasks.conversion.interface.port import Port


def put_interface(graph_def: GraphDef, inputs: Sequence[Port], outputs: Sequence[Port]) -> GraphDef:
    """Return *graph_def* with its interface nodes called as the ports say.

    Nodes that have the name of a port by chance make way.
    """
    result = GraphDef()
    result.CopyFrom(graph_def)
    names = attach(result, inputs, outputs)
    wanted = {port.name for port in (*inputs, *outputs)}
    taken = {*(node.name for node in result.node), *wanted}
    for node in result.node:
        if node.name in wanted and node.name not in names:
            names[node.name] = unused(node.name, taken)
            taken.add(names[node.name])
    rename(result, names)
    return result


def attach(graph_def: GraphDef, inputs: Sequence[Port], outputs: Sequence[Port]) -> dict[str, str]:
    """Give, in place, each port a node of its own; return the port's name by that node.

    The node of an output is taken where it is an output and nothing else; otherwise (it has
    further outputs or consumers, or is an input too) an Identity is added. So an output is a
    node that no other node needs, by which it is also recognised in a file.
    """
    names = {port.node: port.name for port in inputs}
    nodes = by_name(graph_def)
    consumed = {node_of(source) for node in graph_def.node for source in node.input}
    taken = set(nodes)
    shared = Counter(port.node for port in outputs)
    for port in outputs:
        read = port.node in consumed or shared[port.node] > 1
        alone = not read and output_count(nodes[port.node]) == 1
        if alone and port.node not in names:
            names[port.node] = port.name
            continue
        own = port.name if port.name not in taken else unused(port.name, taken)
        taken.add(own)
        names[own] = port.name
        source = port.node + (f":{port.slot}" if port.slot else "")
        node = graph_def.node.add(name=own, op="Identity", input=[source])
        node.attr["T"].type = port.dtype.as_datatype_enum
    for port in inputs:
        nodes[port.node].attr["shape"].shape.CopyFrom(shape_proto(port.shape))
    return names


def rename(graph_def: GraphDef, names: Mapping[str, str]) -> None:
    """Rename, in place, nodes and the references to them."""
    for node in graph_def.node:
        node.name = names.get(node.name, node.name)
        for index, source in enumerate(node.input):
            name = node_of(source)
            if name in names:
                node.input[index] = source.replace(name, names[name], 1)
