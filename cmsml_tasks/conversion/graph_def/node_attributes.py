"""Nodes without what has no effect."""

from __future__ import annotations

from cmsml_tasks.conversion.graph_def.nodes import NodeDef, op_definition


def plain(node: NodeDef) -> NodeDef:
    """Return *node* without devices, debug information, and attributes that have no effect."""
    result = NodeDef(name=node.name, op=node.op, input=node.input)
    definition = op_definition(node.op)
    defaults = {
        attribute.name: attribute.default_value
        for attribute in (definition.attr if definition is not None else ())
        if attribute.HasField("default_value")
    }
    for name, value in node.attr.items():
        # a private attribute only steers how functions are called and control flow is run
        if name.startswith("_") or defaults.get(name) == value:
            continue
        result.attr[name].CopyFrom(value)
    return result
