"""Operations and attributes that this TensorFlow does not know, and who may."""

from __future__ import annotations

from collections.abc import Container

import tensorflow as tf

from cmsml_tasks.conversion.effects.other_frameworks import program_of
from cmsml_tasks.conversion.graph_def.nodes import GraphDef, all_nodes, op_definition
from cmsml_tasks.errors import ConversionError, listed

# packages that bring operations, by how the names of these begin
_PACKAGES = {
    "Addons>": "tensorflow-addons",
    "Horovod": "horovod",
    "IO>": "tensorflow-io",
    "Onnx": "onnx-tf",
    "Regex": "tensorflow-text",
    "Sentencepiece": "tensorflow-text",
    "TFText>": "tensorflow-text",
    "TRTEngineOp": "a TensorFlow that is built with TensorRT",
    "Tfq": "tensorflow-quantum",
    "Unicode": "tensorflow-text",
    "Wordpiece": "tensorflow-text",
    "_Mkl": "a TensorFlow that is built with MKL; save the graph before it is optimised",
}
_SHOWN = 5


def unknown_operations(graph_def: GraphDef, functions: Container[str]) -> str | None:
    """Return a message about the operations that this TensorFlow lacks, None if it has all.

    Args:
        graph_def: the graph, whose *functions* are called like operations.
        functions: the names of these.
    """
    bodies = (graph_def.node, *(f.node_def for f in graph_def.library.function))
    missing: dict[str, str] = {}
    for nodes in bodies:
        for node in nodes:
            if node.op not in functions and op_definition(node.op) is None:
                missing.setdefault(node.op, node.name)
    if not missing:
        return None
    ops = sorted(missing)
    for op in ops:
        program = program_of(op)
        if program is not None:
            return f"the node '{missing[op]}' ({op}) {program}"
    more = f" and {len(ops) - _SHOWN} more" if len(ops) > _SHOWN else ""
    return (
        f"there is no operation {listed(ops[:_SHOWN])}{more} (as in the node "
        f"'{missing[ops[0]]}'){_who_knows(graph_def, ops)}"
    )


def _who_knows(graph_def: GraphDef, ops: list[str]) -> str:
    found = sorted({p for prefix, p in _PACKAGES.items() for op in ops if op.startswith(prefix)})
    if found:
        return f"; {', '.join(found)} may have it, which has to be imported before the graph"
    if graph_def.versions.producer > tf.version.GRAPH_DEF_VERSION:
        return _newer(graph_def)
    return (
        "; if it is from a package or library of custom operations, import that (or call "
        "tf.load_op_library) before the graph, else use the TensorFlow that wrote it"
    )


def refuse_newer_attributes(graph_def: GraphDef) -> None:
    """Refuse a graph of a newer TensorFlow with attributes that may mean something there.

    TensorFlow ignores attributes that it does not know, as it can in those that nobody knows.

    Raises:
        ConversionError: the message names the attribute.
    """
    if graph_def.versions.producer <= tf.version.GRAPH_DEF_VERSION:
        return
    for node in all_nodes(graph_def):
        definition = op_definition(node.op)
        known = {attribute.name for attribute in definition.attr} if definition else node.attr
        for name in node.attr:
            if name not in known and not name.startswith("_"):
                raise ConversionError(
                    f"{node.op} has no attribute '{name}' in TensorFlow {tf.__version__} (node "
                    f"'{node.name}'){_newer(graph_def)}"
                )


def _newer(graph_def: GraphDef) -> str:
    return (
        f"; a newer TensorFlow wrote the graph (version {graph_def.versions.producer} of the "
        f"GraphDef, here it is {tf.version.GRAPH_DEF_VERSION}), use that one"
    )
