"""The canonical form: one graph, one byte string; ``docs/canonical_form.md`` describes it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from functools import cache

import tensorflow as tf

from cmsml_tasks.conversion.canonical.constant_encoding import settle_encoding
from cmsml_tasks.conversion.canonical.control_edges import drop_idle_control_edges
from cmsml_tasks.conversion.canonical.function_library import settle_library
from cmsml_tasks.conversion.canonical.identity_removal import elide_passing
from cmsml_tasks.conversion.canonical.node_names import canonical_names
from cmsml_tasks.conversion.canonical.node_order import number_frames, order_by_structure
from cmsml_tasks.conversion.freezing.frozen_graph import Frozen, fill
from cmsml_tasks.conversion.freezing.import_check import light_graph
from cmsml_tasks.conversion.graph_def.node_attributes import plain
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef, by_name, node_of, reachable
from cmsml_tasks.conversion.graph_def.tensor_shapes import static_shape
from cmsml_tasks.conversion.interface.interface_nodes import attach, rename
from cmsml_tasks.conversion.interface.port import Port
from cmsml_tasks.conversion.rewriting.apart import read_apart
from cmsml_tasks.conversion.rewriting.reads import ShapeOf
from cmsml_tasks.conversion.traced.name_origin import UNKNOWN, Origin
from cmsml_tasks.errors import ConversionError
from cmsml_tasks.shapes import Shape

# the GraphDef version of TensorFlow 1.15; no operation means anything else since
_PRODUCER = 134
_HANDLE = re.compile(r"(.*/)?(resource|\d+)")


def canonical(
    frozen: Frozen, inputs: Sequence[Port], outputs: Sequence[Port], origin: Origin = UNKNOWN
) -> Frozen:
    """Return *frozen* in canonical form, under its interface names; no number changes.

    Args:
        frozen: the graph.
        inputs: its inputs, whose nodes come first, in this order.
        outputs: its outputs.
        origin: what is known of its names.
    """
    graph_def = GraphDef()
    graph_def.CopyFrom(frozen.graph_def)
    read_apart(graph_def, frozen.weights, _shapes_in(frozen, inputs))
    drop_idle_control_edges(graph_def)
    roots = [port.node for port in (*inputs, *outputs)]
    _prune(graph_def, roots)
    interface = attach(graph_def, inputs, outputs)
    elided = elide_passing(graph_def, interface)

    def whole(node: NodeDef) -> NodeDef:
        node = plain(node)
        if node.name in frozen.weights:
            fill(node, frozen.weights[node.name])
        return node

    order = order_by_structure(graph_def, list(interface), whole)
    nodes = by_name(graph_def)
    called = _reading_names(order, nodes, elided)
    called.update(_captured_names(order, frozen.weights.keys() - called.keys() - interface.keys()))
    names = _names(order, called, interface, origin)
    result = GraphDef(library=graph_def.library, versions=graph_def.versions)
    result.versions.producer = min(result.versions.producer, _PRODUCER)
    if not graph_def.library.function:
        result.versions.min_consumer = 0
    result.node.extend(plain(nodes[name]) for name in order)
    rename(result, names)
    settle_library(result)
    number_frames(result)
    weights = {names[name]: value for name, value in frozen.weights.items() if name in names}
    for node in result.node:
        if node.op == "Const" and node.name not in weights:
            settle_encoding(node)
    return Frozen(result, weights)


def _shapes_in(frozen: Frozen, inputs: Sequence[Port]) -> ShapeOf:
    """Return what gives the shapes of tensors in *frozen*, which is imported if it is asked."""
    known = {node.name for node in frozen.graph_def.node}

    @cache
    def graph() -> tf.Graph | None:
        try:
            return light_graph(frozen, {port.node: port.shape for port in inputs})
        except ConversionError:
            return None  # whoever writes the graph says why

    def shape_of(name: str, port: int) -> Shape:
        imported = graph()
        if imported is None or name not in known:
            return None
        return static_shape(imported.get_operation_by_name(name).outputs[port].shape)

    return shape_of


def _prune(graph_def: GraphDef, roots: Sequence[str]) -> None:
    needed = reachable(by_name(graph_def), roots)
    kept = [node for node in graph_def.node if node.name in needed]
    del graph_def.node[:]
    graph_def.node.extend(kept)


def _reading_names(
    order: Sequence[str], nodes: Mapping[str, NodeDef], elided: Mapping[tuple[str, int], str]
) -> dict[str, str]:
    """Return the name of its first reader for each constant that is called like a handle."""
    names: dict[str, str] = {}
    for name in order:
        for index, source in enumerate(nodes[name].input):
            constant = nodes[node_of(source)]
            reader = elided.get((name, index))
            if reader and constant.op == "Const" and _HANDLE.fullmatch(constant.name):
                names.setdefault(constant.name, reader)
    return names


def _captured_names(order: Sequence[str], weights: Set[str]) -> dict[str, str]:
    """Return a name for each weight that has only a number, of no meaning, from TensorFlow."""
    numbered = [name for name in order if name in weights and name.rpartition("/")[2].isdigit()]
    return {
        name: f"{name.removesuffix(name.rpartition('/')[2])}captured_{index}"
        for index, name in enumerate(numbered)
    }


def _names(
    order: Sequence[str], other: Mapping[str, str], interface: Mapping[str, str], origin: Origin
) -> dict[str, str]:
    called = [other.get(name, name) for name in order]
    names = canonical_names(called, interface, origin)
    return {name: names[alias] for name, alias in zip(order, called, strict=True)}
