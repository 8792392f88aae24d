"""Variables made constants: first without their values, which are put in at the very end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tensorflow.core.framework import types_pb2

from cmsml_tasks.conversion.freezing.frozen_graph import Frozen
from cmsml_tasks.conversion.freezing.lookup_tables import size_node, table_nodes, table_uses
from cmsml_tasks.conversion.freezing.resource_reads import READERS
from cmsml_tasks.conversion.freezing.specialised_functions import Functions
from cmsml_tasks.conversion.graph_def.function_calls import library_of
from cmsml_tasks.conversion.graph_def.nodes import (
    PASSING,
    TABLES,
    VARIABLES,
    GraphDef,
    NodeDef,
    all_nodes,
    by_name,
    called_functions,
    needed_functions,
    node_of,
    op_definition,
    reachable,
)
from cmsml_tasks.conversion.traced.traced_graph import Skeleton
from cmsml_tasks.conversion.traced.weight import Weight
from cmsml_tasks.errors import ConversionError

_PYTHON = frozenset({"EagerPyFunc", "PyFunc", "PyFuncStateless"})
# what fills a table inside of the graph
_FILLING = ("InitializeTable", "LookupTableImport", "LookupTableInsert")
_HANDLES = frozenset({types_pb2.DT_RESOURCE, types_pb2.DT_VARIANT})


def freeze(graph_def: GraphDef, skeleton: Skeleton) -> Frozen:
    """Return what the outputs need of the flat *graph_def*, with constants for variables.

    Raises:
        ConversionError: something on the way to the outputs cannot be frozen.

    """
    nodes = by_name(graph_def)
    needed = reachable(nodes, (port.node for port in (*skeleton.inputs, *skeleton.outputs)))
    kept = [node for node in graph_def.node if node.name in needed]
    handles = needed.intersection(skeleton.tables)
    tables, sized = table_uses(kept, handles, library_of(graph_def))
    replaced = _variables(kept, skeleton.weights)
    replaced |= dict.fromkeys(tables, types_pb2.DT_RESOURCE)
    replaced |= dict.fromkeys(sized, types_pb2.DT_INT64)
    functions = Functions(graph_def, lambda nodes, known: _replaced(nodes, known, functions))
    _follow(kept, replaced)
    frozen = GraphDef(versions=graph_def.versions)
    for node in kept:
        if node.name in skeleton.weights:
            constant = frozen.node.add(name=node.name, op="Const")
            constant.attr["dtype"].type = skeleton.weights[node.name].dtype.as_datatype_enum
        elif node.name in tables:
            table = skeleton.tables[node.name]
            frozen.node.extend(table_nodes(node.name, tables[node.name], table, nodes))
        elif node.name in sized:
            frozen.node.append(size_node(node.name, skeleton.tables[node.name]))
        else:
            _refuse_unknown_resource(node)
            frozen.node.extend(_replacement(node, replaced, functions))
    _refuse_empty_tables(frozen)
    library = GraphDef()
    library.library.function.extend(functions.library.values())
    frozen.library.function.extend(needed_functions(library, frozen.node))
    _refuse_python(frozen)
    weights = {name: value for name, value in skeleton.weights.items() if name in needed}
    return Frozen(frozen, weights)


def _variables(kept: list[NodeDef], weights: Mapping[str, Weight]) -> dict[str, int]:
    """Return the data types of the variables among *kept* by the node that stands for each."""
    return {
        node.name: weights[node.name].dtype.as_datatype_enum
        for node in kept
        if node.name in weights and (node.op in VARIABLES or node.attr["dtype"].type in _HANDLES)
    }


def _follow(kept: list[NodeDef], replaced: dict[str, int]) -> None:
    """Add, in place, the nodes that hand on what is *replaced*, with its new data type."""
    passing = [
        node
        for node in kept
        if node.op in PASSING and (node.attr["T"].type in _HANDLES or node.op.startswith("Ref"))
    ]
    found = True
    while found:  # loops hand variables backwards, so one pass over the nodes is not enough
        found = False
        for node in passing:
            if node.name not in replaced and node_of(node.input[0]) in replaced:
                replaced[node.name] = replaced[node_of(node.input[0])]
                found = True


def _replaced(
    nodes: Iterable[NodeDef], replaced: dict[str, int], functions: Functions
) -> list[NodeDef]:
    """Return the *nodes* of a function, in whose arguments handles are *replaced*."""
    nodes = list(nodes)
    arguments = set(replaced)
    _follow(nodes, replaced)
    result: list[NodeDef] = []
    for node in nodes:
        if node.name in arguments:
            argument = NodeDef(name=node.name, op=node.op)
            argument.attr["dtype"].type = replaced[node.name]
            result.append(argument)
        else:
            result.extend(_replacement(node, replaced, functions))
    return result


def _replacement(node: NodeDef, replaced: Mapping[str, int], functions: Functions) -> list[NodeDef]:
    _refuse_unset(node)
    used = [node_of(source) for source in node.input if source[0] != "^"]
    if not any(name in replaced for name in used):
        return [node]
    if node.op in READERS:
        return READERS[node.op](node, replaced[used[0]])
    if node.name in replaced:
        passing = NodeDef()
        passing.CopyFrom(node)
        passing.op = node.op.removeprefix("Ref")
        passing.attr["T"].type = replaced[node.name]
        return [passing]
    if functions.calls(node):
        return [functions.specialised(node, replaced)]
    if any(called_functions(node)) or _needs_variable(node):
        name = next(name for name in used if name in replaced)
        kind = "lookup table" if replaced[name] == types_pb2.DT_RESOURCE else "variable"
        raise ConversionError(
            f"'{node.name}' ({node.op}) uses the {kind} '{name}' in a way that a frozen graph "
            "cannot, for instance by changing it; export the inference path only"
        )
    return [node]


def _refuse_unset(node: NodeDef) -> None:
    if node.op in VARIABLES:
        raise ConversionError(
            f"the variable '{node.name}' has no value here; pass the session, function or model "
            "that it belongs to instead of its graph"
        )


def _refuse_unknown_resource(node: NodeDef) -> None:
    if node.op == "Placeholder" and node.attr["dtype"].type in _HANDLES:
        raise unknown_resource(node.name)


def unknown_resource(name: str) -> ConversionError:
    """Return the error for a resource called *name* that no graph can hold."""
    return ConversionError(
        f"'{name}' stands for a resource that is neither a variable nor a lookup table, which a "
        "frozen graph cannot hold; compute it outside of the model"
    )


def _refuse_empty_tables(frozen: GraphDef) -> None:
    filled = {node_of(node.input[0]) for node in frozen.node if node.op.startswith(_FILLING)}
    for node in frozen.node:
        if node.op in TABLES and node.name not in filled:
            raise ConversionError(
                f"the lookup table '{node.name}' is filled outside of the graph, so that it would "
                "be empty in a frozen graph; pass the session, function or model that has it "
                "filled instead of its graph"
            )


def _refuse_python(frozen: GraphDef) -> None:
    for node in all_nodes(frozen):
        if node.op in _PYTHON:
            raise ConversionError(
                f"'{node.name}' ({node.op}) runs python, which a frozen graph cannot hold; write "
                "with TensorFlow's operations what tf.numpy_function or tf.py_function calls"
            )


def _needs_variable(node: NodeDef) -> bool:
    # old reference variables may be read by any op; few insist on the variable itself
    definition = op_definition(node.op)
    return definition is None or any(
        argument.is_ref or argument.type == types_pb2.DT_RESOURCE
        for argument in definition.input_arg
    )
