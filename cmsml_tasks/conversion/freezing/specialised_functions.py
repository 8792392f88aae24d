"""Functions that stay functions, made anew for what the handles in their arguments become."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tensorflow.core.framework import types_pb2

from cmsml_tasks.conversion.graph_def.function_bodies import body_of, function_of
from cmsml_tasks.conversion.graph_def.function_calls import called, callees, input_type, library_of
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef, node_of

# takes nodes, and the data type of each that is replaced; gives the nodes that take their place
Replace = Callable[[Iterable[NodeDef], dict[str, int]], list[NodeDef]]


class Functions:
    """The library of a graph, to which specialised functions are added.

    Inside of a function, a variable is an argument. What becomes a constant outside becomes an
    argument with its data type inside; a table stays a handle.
    """

    def __init__(self, graph_def: GraphDef, replace: Replace) -> None:
        self.library: dict[str, Any] = library_of(graph_def)
        self._replace = replace
        self._made: dict[tuple[str, tuple[tuple[int, int], ...]], str] = {}

    def calls(self, node: NodeDef) -> bool:
        """Tell whether *node* calls a function of the library."""
        return any(callees(node, self.library))

    def specialised(self, node: NodeDef, replaced: Mapping[str, int]) -> NodeDef:
        """Return *node* with other types for those inputs that are *replaced*."""
        result = NodeDef()
        result.CopyFrom(node)
        types: dict[str, dict[int, int]] = {}
        for position, source in enumerate(s for s in node.input if s[0] != "^"):
            if node_of(source) not in replaced:
                continue
            dtype = replaced[node_of(source)]
            place = input_type(node, position)
            if place is not None:
                result.attr[place[0]].list.type[place[1]] = dtype
            for name, argument in called(node, position, self.library):
                types.setdefault(name, {})[argument] = dtype
        for function, _ in callees(result, self.library):
            function.name = self._specialised(function.name, types.get(function.name, {}))
            if "Tout" in result.attr:
                results = self.library[function.name].signature.output_arg
                del result.attr["Tout"].list.type[:]
                result.attr["Tout"].list.type.extend(r.type for r in results)
        return result

    def _specialised(self, name: str, types: Mapping[int, int]) -> str:
        if all(dtype == types_pb2.DT_RESOURCE for dtype in types.values()):
            return name
        key = name, tuple(sorted(types.items()))
        if key in self._made:
            return self._made[key]
        body = body_of(self.library[name], self.library)
        replaced = {body.arguments[index]: dtype for index, dtype in types.items()}
        nodes = self._replace(body.graph_def.node, replaced)
        body.graph_def = GraphDef(node=nodes)
        body.types = [
            replaced.get(node_of(source), dtype)
            for source, dtype in zip(body.returns, body.types, strict=True)
        ]
        made = f"{name}__{len(self._made)}"
        self._made[key] = made
        self.library[made] = function_of(made, body, self.library)
        return made
