"""A graph in which what hangs on constant inputs is resolved."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import tensorflow as tf
from tensorflow.core.framework import types_pb2

from cmsml_tasks.conversion.folding.analysis import Analysis, Tensor, data_of
from cmsml_tasks.conversion.freezing.frozen_graph import Frozen
from cmsml_tasks.conversion.freezing.import_check import light_graph
from cmsml_tasks.conversion.graph_def.constant_nodes import constant_node
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef
from cmsml_tasks.conversion.graph_def.tensor_shapes import static_shape
from cmsml_tasks.conversion.interface.interface_names import unused
from cmsml_tasks.conversion.traced.traced_graph import Skeleton
from cmsml_tasks.errors import ConversionError
from cmsml_tasks.shapes import Shape


def folded(graph_def: GraphDef, skeleton: Skeleton) -> GraphDef:
    """Return the flat *graph_def* with what hangs on the constant inputs resolved.

    Raises:
        ConversionError: with these constants, an output is never computed.

    """
    if not skeleton.constants:
        return graph_def
    ports = (*skeleton.inputs, *skeleton.outputs)
    analysis = Analysis(
        graph_def,
        [constant.port.node for constant in skeleton.constants],
        [port.node for port in ports],
        [(port.node, port.slot) for port in skeleton.outputs],
        _shapes_in(graph_def),
    )
    for port in skeleton.outputs:
        if analysis.is_dead(port.tensor):
            raise ConversionError(
                f"the output '{port.name}' lies in a branch that is never run with these constant "
                "inputs; leave it out, or give them other values"
            )
    rewritten = _Rewriting(analysis).nodes()
    if rewritten is None:
        return graph_def
    result = GraphDef(library=graph_def.library, versions=graph_def.versions)
    result.node.extend(rewritten)
    return result


class _Rewriting:
    """The nodes of a graph that run, written by what its analysis says."""

    def __init__(self, analysis: Analysis) -> None:
        self._known = analysis
        self._taken = set(analysis.nodes)
        self._added: list[NodeDef] = []
        self._names: dict[Tensor, str] = {}

    def nodes(self) -> list[NodeDef] | None:
        """Return the nodes; None for a graph that cannot be written without what is dead."""
        written = []
        for name in self._known.order:
            if name in self._known.dead:
                continue
            node = self._written(self._known.nodes[name])
            if node is None:
                return None
            written.append(node)
        return [*written, *self._added]

    def _written(self, node: NodeDef) -> NodeDef | None:
        known = self._known
        if node.name in known.folded:
            dtype = tf.as_dtype(known.values[node.name, 0].dtype)
            return constant_node(node.name, known.values[node.name, 0], dtype)
        controls = [s for s in node.input if s[0] == "^" and s[1:] not in known.folded]
        data = data_of(node)
        result = NodeDef()
        result.CopyFrom(node)
        if node.name in known.handing_on:
            _, source = known.handing_on[node.name]
            result = NodeDef(name=node.name, op="Identity", device=node.device)
            # logical operations have no attribute for what is always bool
            result.attr["T"].type = node.attr["T"].type or types_pb2.DT_BOOL
            data = [source]
        elif node.op == "Merge":
            live = [source for source in data if not known.is_dead(source)]
            if len(live) < len(data):
                if len(live) < 2 or self._tells_which(node):
                    return None
                result.attr["N"].i = len(live)
            data = live
        elif any(known.is_dead(source) for source in node.input):
            return None  # only what a loop hands back is not known to be dead in time
        del result.input[:]
        result.input.extend([*map(self._reference, data), *dict.fromkeys(controls)])
        return result

    def _tells_which(self, merge: NodeDef) -> bool:
        """Tell whether somebody reads which input of *merge* came through."""
        return any(f"{merge.name}:1" in node.input for node in self._known.nodes.values())

    def _reference(self, source: str) -> str:
        name, slot = self._known.source(source)
        if name in self._known.handing_on:
            live, _ = self._known.handing_on[name]
            if slot != live:
                return self._constant(name, slot)
            slot = 0
        return f"{name}:{slot}" if slot else name

    def _constant(self, name: str, slot: int) -> str:
        """Return a constant for an output that its node has no longer: which input came through."""
        own = self._names.get((name, slot))
        if own is None:
            own = self._names[name, slot] = unused(name, self._taken)
            self._taken.add(own)
            value = self._known.values[name, slot]
            self._added.append(constant_node(own, value, tf.as_dtype(value.dtype)))
        return own


def _shapes_in(graph_def: GraphDef) -> Callable[[str], Shape]:
    """Return what gives the shapes of tensors in *graph_def*, which is imported if it is asked."""

    @cache
    def graph() -> tf.Graph | None:
        try:
            return light_graph(Frozen(graph_def, {}))
        except ConversionError:
            return None  # whoever writes the graph says why

    def shape_of(reference: str) -> Shape:
        imported = graph()
        if imported is None:
            return None
        name, _, slot = reference.partition(":")
        return static_shape(imported.get_tensor_by_name(f"{name}:{slot or 0}").shape)

    return shape_of
