"""Nodes of graphs judged, wherever they lie."""

from __future__ import annotations

from typing import Any

import pytest
import tensorflow as tf

from cmsml_tasks.conversion.effects import Finding, check_allowed, judge, refuse
from cmsml_tasks.errors import ConversionError

GraphDef = tf.compat.v1.GraphDef


def graph_of(*operations: str, library: dict[str, tuple[str, ...]] | None = None) -> GraphDef:
    """A graph, and functions, of nodes called by numbers; what is written ``if:f`` calls f."""
    graph_def = GraphDef()
    _add(graph_def.node, operations)
    for name, body in (library or {}).items():
        function = graph_def.library.function.add()
        function.signature.name = name
        _add(function.node_def, body)
    return graph_def


def _add(nodes: Any, operations: tuple[str, ...]) -> None:
    for number, operation in enumerate(operations):
        operation, _, function = operation.partition(":")
        node = nodes.add(name=f"n{number}", op=operation)
        if function:
            node.attr["f"].func.name = function


WRITES = ("MatMul", "WriteFile")


def test_what_only_computes() -> None:
    assert judge(graph_of("Placeholder", "MatMul", "VarHandleOp", "PrintV2")) == []


def test_a_node_of_the_graph() -> None:
    assert judge(graph_of(*WRITES)) == [Finding("n1", "WriteFile", None, "writes a file")]


def test_functions_count_whether_they_are_called_or_not() -> None:
    found = judge(graph_of("MatMul", library={"f": WRITES}))
    assert found == [Finding("n1", "WriteFile", "f", "writes a file")]
    assert str(found[0]) == "'n1' (WriteFile) in the function 'f' writes a file"


def test_what_is_reached_from_some_functions() -> None:
    library = {"a": ("If:b",), "b": ("c",), "c": WRITES, "saver": ("SaveV2",), "d": ("Add",)}
    graph_def = graph_of(library=library)
    assert [found.function for found in judge(graph_def, functions=["a"])] == ["c"]
    assert judge(graph_def, functions=["d"]) == []
    assert [found.function for found in judge(graph_def, functions=["d", "saver"])] == ["saver"]


def test_what_is_reached_from_some_nodes() -> None:
    graph_def = graph_of("Placeholder", "MatMul", "WriteFile", "If:f", library={"f": ("ReadFile",)})
    graph_def.node[1].input[:] = ["n0:0", "^n3"]
    assert [found.operation for found in judge(graph_def, nodes=["n1"])] == ["ReadFile"]
    assert judge(graph_def, nodes=["n0"], functions=[]) == []
    assert [found.operation for found in judge(graph_def, nodes=["n2"])] == ["WriteFile"]


def test_a_root_that_is_not_there() -> None:
    with pytest.raises(ConversionError, match="no function 'g'"):
        judge(graph_of("MatMul"), functions=["g"])
    with pytest.raises(ConversionError, match="no node 'n7'"):
        judge(graph_of("MatMul"), nodes=["n7"])


def test_gradients_and_functions_of_the_same_interface_are_reached() -> None:
    graph_def = graph_of(library={"f": ("Add",), "g": ("Add",), "w": WRITES})
    functions = {function.signature.name: function for function in graph_def.library.function}
    assert judge(graph_def, functions=["f"]) == []
    graph_def.library.gradient.add(function_name="f", gradient_func="w")
    assert len(judge(graph_def, functions=["f"])) == 1
    assert judge(graph_def, functions=["g"]) == []
    for name in ("g", "w"):
        functions[name].attr["api_implements"].s = b"lstm"
    assert len(judge(graph_def, functions=["g"])) == 1


def test_functions_that_are_arguments_of_functions() -> None:
    graph_def = graph_of("PartitionedCall:f", library={"f": ("Add",), "w": WRITES})
    graph_def.node[0].attr["f"].func.attr["then"].list.func.add(name="w")
    assert len(judge(graph_def, nodes=["n0"])) == 1


def test_functions_of_one_name_and_those_that_call_themselves() -> None:
    graph_def = graph_of(library={"f": ("If:f",)})
    assert judge(graph_def) == []
    _add(graph_def.library.function.add().node_def, WRITES)
    graph_def.library.function[-1].signature.name = "f"
    assert len(judge(graph_def, functions=["f"])) == 1


def test_an_operation_called_as_a_function_or_hidden_behind_one() -> None:
    assert judge(graph_of("PartitionedCall:WriteFile")) == [
        Finding("n0", "WriteFile", None, "writes a file")
    ]
    # whether the operation or the function is meant, is not for the file to say
    assert len(judge(graph_of("WriteFile", library={"WriteFile": ("Add",)}))) == 1


def node_with(operation: str, name: str, value: Any) -> GraphDef:
    graph_def = graph_of(operation)
    attribute = graph_def.node[0].attr[name]
    if isinstance(value, list):
        attribute.list.s.extend(value)
    elif isinstance(value, str):
        attribute.placeholder = value
    else:
        attribute.s = value
    return graph_def


@pytest.mark.parametrize(
    ("operation", "name", "harmless", "outside"),
    [
        ("PrintV2", "output_stream", b"stderr", b"file:///tmp/log"),
        ("PrintV2", "output_stream", b"log(info)", b"log(i)"),
        ("DecodeProtoV2", "descriptor_source", b"local://", b"/etc/hostname"),
        ("EncodeProto", "descriptor_source", b"bytes://\n\x00", b"messages.pb"),
        ("FixedUnigramCandidateSampler", "vocab_file", b"", b"/etc/passwd"),
        ("DebugIdentity", "debug_urls", [], [b"file:///tmp/dump"]),
        ("CopyHost", "debug_ops_spec", [b""], [b"", b"DebugIdentity;grpc://host:1;0"]),
        # what the caller of a function decides
        ("PrintV2", "output_stream", b"stdout", "stream"),
    ],
)
def test_attributes_decide(operation: str, name: str, harmless: Any, outside: Any) -> None:
    assert judge(graph_of(operation)) == []
    assert judge(node_with(operation, name, harmless)) == []
    assert [found.known for found in judge(node_with(operation, name, outside))] == [True]


def test_what_nobody_has_judged_can_be_allowed() -> None:
    graph_def = graph_of("MyOwnOp", "Add")
    found = judge(graph_def)
    assert [(one.operation, one.known) for one in found] == [("MyOwnOp", False)]
    with pytest.raises(ConversionError, match=r"nobody has judged yet; .*--allow-operations MyOwn"):
        refuse(found)
    assert judge(graph_def, allow_operations=["MyOwnOp"]) == []
    check_allowed(["MyOwnOp", "MatMul"])


def test_what_reaches_outside_cannot() -> None:
    with pytest.raises(ConversionError, match="--allow-operations WriteFile: it writes a file"):
        check_allowed(["MyOwnOp", "WriteFile"])
    assert judge(graph_of(*WRITES), allow_operations=["WriteFile"])


def test_a_refusal_names_what_is_known_first() -> None:
    refuse([])
    library = {"f": ("MyOwnOp", "WriteFile", "ReadFile", "PyFunc", "MyOwnOp")}
    with pytest.raises(ConversionError) as raised:
        refuse(judge(graph_of(library=library)))
    assert str(raised.value).startswith(
        "'n1' (WriteFile) in the function 'f' writes a file, 'n2' (ReadFile) in the function 'f' "
        "reads a file, 'n3' (PyFunc) in the function 'f' runs Python and 2 more; a model file may "
        "only compute"
    )
