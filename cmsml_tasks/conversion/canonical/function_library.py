"""The functions that stay in a frozen graph: no more than are called, under canonical names."""

from __future__ import annotations

from cmsml_tasks.conversion.canonical.constant_encoding import settle_encoding
from cmsml_tasks.conversion.canonical.control_edges import drop_idle_control_edges
from cmsml_tasks.conversion.canonical.node_names import canonical_names
from cmsml_tasks.conversion.canonical.node_order import number_frames, order_by_structure
from cmsml_tasks.conversion.graph_def.function_bodies import Body, body_of, function_of
from cmsml_tasks.conversion.graph_def.function_calls import callees, library_of
from cmsml_tasks.conversion.graph_def.node_attributes import plain
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, by_name, is_stateful, node_of
from cmsml_tasks.conversion.interface.interface_nodes import rename
from cmsml_tasks.conversion.rewriting.apart import read_apart
from cmsml_tasks.conversion.traced.name_origin import UNKNOWN


def settle_library(graph_def: GraphDef) -> None:
    """Bring, in place, the library of *graph_def* to canonical form.

    Functions are called ``function``, ``function_1``, ... in the order in which the nodes, and
    then the functions themselves, first call them. Their arguments are ``arg_0``, ``arg_1``, ...;
    their nodes have the order and the names that they would have in a graph. Nothing is left of
    attributes of functions and arguments, which only say how the functions came to be.

    Args:
        graph_def: a graph whose nodes are in canonical order.
    """
    library = library_of(graph_def)
    names: dict[str, str] = {}
    bodies: dict[str, Body] = {}
    waiting = list(graph_def.node)
    while waiting:
        node = waiting.pop(0)
        for name in [function.name for function, _ in callees(node, library)]:
            if name not in names:
                names[name] = f"function_{len(names)}" if names else "function"
                bodies[name] = _settled(body_of(library[name], library))
                waiting.extend(bodies[name].graph_def.node)
    graph_def.library.Clear()
    functions = [function_of(names[name], body, library) for name, body in bodies.items()]
    for node in (*graph_def.node, *(node for f in functions for node in f.node_def)):
        for function, _ in callees(node, library):
            function.name = names[function.name]
            function.attr.clear()
    graph_def.library.function.extend(functions)


def _settled(body: Body) -> Body:
    graph_def = GraphDef()
    graph_def.CopyFrom(body.graph_def)
    read_apart(graph_def, {}, lambda *_: None)
    drop_idle_control_edges(graph_def)
    nodes = by_name(graph_def)
    controls = [name for name in body.controls if is_stateful(nodes[name].op)]
    results = [node_of(source) for source in body.returns]
    order = order_by_structure(graph_def, [*body.arguments, *results, *controls])
    arguments = {name: f"arg_{number}" for number, name in enumerate(body.arguments)}
    names = canonical_names(order, arguments, UNKNOWN)
    settled = GraphDef(node=[plain(nodes[name]) for name in order])
    rename(settled, names)
    number_frames(settled)
    for node in settled.node:
        if node.op == "Const":
            settle_encoding(node)
    return Body(
        settled,
        list(arguments.values()),
        [source.replace(node_of(source), names[node_of(source)], 1) for source in body.returns],
        body.types,
        [names[name] for name in controls],
        body.stateful,
    )
