"""Calls written so that TensorFlow inlines them, where nothing but where and how they run is lost.

Compiling (``jit_compile=True``), keeping apart (``_noinline``), choosing among implementations,
running elsewhere (RemoteCall) and waiting for a larger batch (BatchFunction) are no parts of what
a function computes, and a frozen graph has one place and one way to run.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tensorflow.core.framework.function_pb2 import FunctionDef

from cmsml_tasks.conversion.graph_def.function_bodies import body_of, function_of
from cmsml_tasks.conversion.graph_def.function_calls import Library, library_of
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, NodeDef

# attributes that keep a function in one piece, or steer how it runs
_STEERING = ("_XlaCompile", "_XlaMustCompile", "_implements", "_noinline", "api_implements")
_STEERING_CALLS = ("config", "config_proto", "executor_type")


def make_inlinable(graph_def: GraphDef) -> None:
    """Write, in place, all calls of library functions in *graph_def* as plain ones."""
    library = library_of(graph_def)
    for node in graph_def.node:
        _make_plain(node, library)
    functions = [_with_plain_calls(function, library) for function in graph_def.library.function]
    del graph_def.library.function[:]
    graph_def.library.function.extend(functions)


def _with_plain_calls(function: FunctionDef, library: Library) -> FunctionDef:
    result = FunctionDef()
    result.CopyFrom(function)
    if any(_is_other_call(node, library) for node in function.node_def):
        body = body_of(function, library)
        for node in body.graph_def.node:
            _make_plain(node, library)
        result = function_of(function.signature.name, body, library)
    for node in result.node_def:
        _make_plain(node, library)
    _drop(result.attr, _STEERING)
    return result


def _is_other_call(node: NodeDef, library: Library) -> bool:
    return node.op in library or node.op in ("BatchFunction", "RemoteCall")


def _make_plain(node: NodeDef, library: Library) -> None:
    if node.op in library:
        types = library[node.op].signature
        call = _call(node, node.op, library)
        call.attr["Tin"].list.type.extend(argument.type for argument in types.input_arg)
        call.attr["Tout"].list.type.extend(result.type for result in types.output_arg)
        node.CopyFrom(call)
    elif _is_other_call(node, library):
        call = _call(node, node.attr["f"].func.name, library)
        if node.op == "RemoteCall":
            del call.input[0]  # the device
        given = [*node.attr["Tin"].list.type, *node.attr["Tcaptured"].list.type]
        call.attr["Tin"].list.type.extend(given)
        call.attr["Tout"].CopyFrom(node.attr["Tout"])
        node.CopyFrom(call)
    _drop(node.attr, _STEERING)
    if node.op.endswith("PartitionedCall"):
        _drop(node.attr, _STEERING_CALLS)


def _call(node: NodeDef, name: str, library: Library) -> NodeDef:
    stateful = library[name].signature.is_stateful
    op = "StatefulPartitionedCall" if stateful else "PartitionedCall"
    call = NodeDef(name=node.name, op=op, input=node.input)
    call.attr["f"].func.name = name
    return call


def _drop(attributes: Any, names: Iterable[str]) -> None:
    for name in names:
        attributes.pop(name, None)
