"""Graphs that are one protobuf, but hardly a graph any more."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from google.protobuf.message import DecodeError
from tensorflow.python.framework import op_def_registry

GraphDef = tf.compat.v1.GraphDef
OPS = sorted(name for name in dir(tf.raw_ops) if op_def_registry.get(name) is not None)
# those that graphs of networks are made of get more than their share
_COMMON = """
AddV2 BatchMatMulV2 BiasAdd Bucketize Cast ConcatV2 Const Conv2D Einsum Enter Exit
Fill FusedBatchNormV3 GatherV2 HashTableV2 Identity IdentityN If LookupTableFindV2 LoopCond MatMul
Merge NextIteration OneHot Pack PartitionedCall Placeholder PlaceholderWithDefault Prod Range
Reshape Select Shape Slice Split SplitV Squeeze StatelessIf StatelessWhile StridedSlice Switch
TensorListReserve Tile Transpose Unpack VarHandleOp While
"""
COMMON = _COMMON.split()
NUMBERS = (0, 1, -1, -2, 2, 3, 7, 254, 255, 256, 2**31 - 1, 2**31, -(2**31), 2**32, 2**40, 2**62)
NUMBERS = (*NUMBERS, 2**63 - 1, -(2**63))
NAMES = (
    "",
    "/",
    "a b",
    "a:0",
    "^a",
    "-",
    "_x",
    "x" * 9000,
    "\0",
    "é",
    "a/../b",
    "loc:@a",
    "a" * 300,
)
Rng = random.Random
_DEEPEST = 10**5
_DEEP_SHARE = 0.003
_DTYPES = (1, 1, 2, 3, 3, 4, 7, 7, 8, 9, 9, 10, 11, 14, 17, 19, 20, 21, 22, 23, 24, 29, 31, 0)
_DTYPES = (*_DTYPES, 99, 101, 107, 120, 999, 2**31 - 1, -1)


def mutated_protobuf(rng: Rng, content: bytes) -> bytes | None:
    """Return the binary graph *content* with nodes, functions or versions changed.

    None if it is no graph.
    """
    graph_def = GraphDef()
    try:
        graph_def.ParseFromString(content)
    except DecodeError:
        return None
    mutate_graph(rng, graph_def)
    return bytes(graph_def.SerializeToString())


def mutate_graph(rng: Rng, graph_def: Any) -> None:
    """Change nodes, functions or versions of *graph_def*."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 5))):
        change = rng.choice(_CHANGES)
        # in a function as well as in the graph
        bodies = [graph_def.node, *(f.node_def for f in graph_def.library.function)]
        nodes = rng.choice([b for b in bodies[: rng.choice((1, len(bodies)))] if b] or [bodies[0]])
        if not nodes:
            break
        try:
            change(rng, graph_def, nodes)
        except (ValueError, TypeError, UnicodeEncodeError, DecodeError):
            continue  # what protobuf itself refuses to hold
    if rng.random() < _DEEP_SHARE:
        deepen(rng, graph_def)


def _op(rng: Rng) -> str:
    return rng.choice(COMMON if rng.random() < 0.6 else OPS)


def _reference(rng: Rng, nodes: Any) -> str:
    name = rng.choice(nodes).name if nodes and rng.random() < 0.9 else rng.choice(NAMES)
    slot = rng.choice(
        ("", "", "", "", ":0", ":1", ":2", ":-1", f":{rng.choice(NUMBERS)}", ":", ":y:0")
    )
    return rng.choice(("", "", "", "", "", "^")) + name + slot


def rewire(rng: Rng, graph_def: Any, nodes: Any) -> None:
    node = rng.choice([n for n in nodes if n.input] or nodes)
    if node.input:
        node.input[rng.randrange(len(node.input))] = _reference(rng, nodes)


def change_inputs(rng: Rng, graph_def: Any, nodes: Any) -> None:
    node = rng.choice(nodes)
    match rng.randrange(3):
        case 0 if node.input:
            del node.input[rng.randrange(len(node.input))]
        case 1:
            node.input.extend([_reference(rng, nodes)] * rng.choice((1, 1, 2, 3000)))
        case _:
            order = list(node.input)
            rng.shuffle(order)
            node.input[:] = order


def rename(rng: Rng, graph_def: Any, nodes: Any) -> None:
    rng.choice(nodes).name = rng.choice((*NAMES, *(node.name for node in nodes[:20])))


def change_op(rng: Rng, graph_def: Any, nodes: Any) -> None:
    rng.choice(nodes).op = rng.choice((_op(rng), _op(rng), _op(rng), "Future", ""))


def add_node(rng: Rng, graph_def: Any, nodes: Any) -> None:
    """Add a node of any operation, its attributes of the right kind, its inputs anything."""
    definition = op_def_registry.get(_op(rng))
    node = nodes.add(name=f"new{rng.randrange(9)}", op=definition.name)
    for attribute in definition.attr:
        if attribute.HasField("default_value") and rng.random() < 0.6:
            continue
        _of_kind(rng, graph_def, attribute.type, node.attr[attribute.name])
    for _ in range(rng.choice((len(definition.input_arg), rng.randrange(4)))):
        node.input.append(_reference(rng, nodes[:-1]))
    if rng.random() < 0.5 and len(nodes) > 1:
        reader = rng.choice(nodes[:-1])
        if reader.input:
            reader.input[rng.randrange(len(reader.input))] = node.name


def change_attribute(rng: Rng, graph_def: Any, nodes: Any) -> None:
    node = rng.choice([n for n in nodes if n.attr] or nodes)
    names = sorted(node.attr)
    match rng.randrange(7):
        case 0 if names:
            del node.attr[rng.choice(names)]
        case 1:
            extra = ("_class", "_output_shapes", "container", "T", "N", "dtype", "shape", "new")
            _of_kind(rng, graph_def, rng.choice(_KINDS), node.attr[rng.choice(extra)])
        case 2 if names:
            _of_kind(rng, graph_def, rng.choice(_KINDS), node.attr[rng.choice(names)])
        case 3 if len(names) > 1:
            one, two = rng.sample(names, 2)
            node.attr[one].CopyFrom(node.attr[two])
        case _ if names:
            value = node.attr[rng.choice(names)]
            _of_kind(rng, graph_def, _kind(value), value)


def change_constant(rng: Rng, graph_def: Any, nodes: Any) -> None:
    constants = [n for n in nodes if n.op == "Const"]
    node = rng.choice(constants or nodes)
    tensor = node.attr["value"].tensor
    match rng.randrange(6):
        case 0:
            _shape(rng, tensor.tensor_shape)
        case 1:
            tensor.dtype = _dtype(rng)
        case 2:
            size = len(tensor.tensor_content)
            tensor.tensor_content = tensor.tensor_content[: rng.randrange(size + 1)]
        case 3:
            tensor.tensor_content = rng.randbytes(
                rng.choice((0, 1, 4, 8, 64, len(tensor.tensor_content)))
            )
        case 4:
            node.attr["dtype"].type = _dtype(rng)
            if rng.random() < 0.5:
                tensor.dtype = node.attr["dtype"].type
        case _:
            _values(rng, tensor)


def change_shape(rng: Rng, graph_def: Any, nodes: Any) -> None:
    node = rng.choice([n for n in nodes if "shape" in n.attr] or nodes)
    _shape(rng, node.attr["shape"].shape)


def change_type(rng: Rng, graph_def: Any, nodes: Any) -> None:
    node = rng.choice(nodes)
    kinds = [v for v in node.attr.values() if v.HasField("type")] or [node.attr["T"]]
    rng.choice(kinds).type = _dtype(rng)


def double_node(rng: Rng, graph_def: Any, nodes: Any) -> None:
    node = rng.choice(nodes)
    copy = nodes.add()
    copy.CopyFrom(node)
    if rng.random() < 0.7:
        copy.name = f"{node.name}_copy"


def drop_node(rng: Rng, graph_def: Any, nodes: Any) -> None:
    del nodes[rng.randrange(len(nodes))]


def swap_nodes(rng: Rng, graph_def: Any, nodes: Any) -> None:
    one, two = rng.choice(nodes), rng.choice(nodes)
    field = rng.choice(("op", "name", "input", "attr"))
    if field in ("op", "name"):
        first, second = getattr(one, field), getattr(two, field)
        setattr(one, field, second)
        setattr(two, field, first)
    elif field == "input":
        one.input[:] = two.input
    else:
        for name in two.attr:
            one.attr[name].CopyFrom(two.attr[name])


def deepen(rng: Rng, graph_def: Any) -> None:
    """Put a chain of a hundred thousand nodes behind one, in the graph or in a function."""
    bodies = [graph_def.node, *(f.node_def for f in graph_def.library.function)]
    nodes = rng.choice(bodies)
    op, output = rng.choice((("Identity", "output"), ("Relu", "activations")))
    slot = "" if nodes is bodies[0] else f":{output}:0"
    source = nodes[0].name if nodes else "x"
    for number in range(_DEEPEST):
        node = nodes.add(name=f"deep{number}", op=op, input=[source])
        node.attr["T"].type = 1
        source = node.name + slot


def change_place(rng: Rng, graph_def: Any, nodes: Any) -> None:
    node = rng.choice(nodes)
    node.device = rng.choice(
        ("/cpu:0", "/gpu:99", "x", "/job:a/task:-1", "/" * 999, "\0", "/device:")
    )
    node.attr["_class"].list.s.append(
        rng.choice((b"loc:@", b"loc:@" + node.name.encode(), b"\xff"))
    )


def change_full_type(rng: Rng, graph_def: Any, nodes: Any) -> None:
    full = rng.choice(nodes).experimental_type
    for _ in range(rng.choice((1, 3, 60))):
        full.type_id = rng.choice((0, 1, 2, 3, 100, 1000, 10102, 10103, 99999, -1))
        full.s = rng.choice(NAMES)
        full = full.args.add()


def change_library(rng: Rng, graph_def: Any, nodes: Any) -> None:
    functions = graph_def.library.function
    if not functions or rng.random() < 0.15:
        function = functions.add()
        function.signature.name = rng.choice(("f", *NAMES))
        function.signature.output_arg.add(name="y", type=_dtype(rng))
        function.ret["y"] = rng.choice(("x", "x:0", "y:output:0", ""))
        rng.choice(nodes).attr["f"].func.name = function.signature.name
        return
    function = rng.choice(functions)
    signature = function.signature
    arguments = rng.choice((signature.input_arg, signature.output_arg))
    match rng.randrange(10):
        case 0:
            del functions[rng.randrange(len(functions))]
        case 1:
            signature.name = rng.choice((*NAMES, *(f.signature.name for f in functions), "MatMul"))
        case 2 if arguments:
            rng.choice(arguments).type = _dtype(rng)
        case 3 if arguments:
            argument = rng.choice(arguments)
            argument.name = rng.choice(NAMES)
            argument.number_attr = rng.choice(("", "N"))
            argument.type_attr = rng.choice(("", "T"))
        case 4 if arguments:
            del arguments[rng.randrange(len(arguments))]
        case 5:
            arguments.add(name=rng.choice(("new", *NAMES)), type=_dtype(rng))
        case 6:
            for key in list(function.ret):
                function.ret[key] = rng.choice((_reference(rng, function.node_def), "", "x:0:0"))
        case 7:
            function.control_ret["c"] = _reference(rng, function.node_def)
            signature.control_output.append(rng.choice(("c", "d")))
        case 8:
            function.arg_attr[rng.choice((0, 1, 9, 2**32 - 1))].attr["_user_specified_name"].i = 1
            function.resource_arg_unique_id[rng.choice((0, 1, 2**32 - 1))] = 1
        case _:
            call = function.node_def.add(name="again", op="PartitionedCall")
            call.attr["f"].func.name = signature.name
            call.attr["Tin"].list.SetInParent()
            call.attr["Tout"].list.SetInParent()
    if rng.random() < 0.2:
        gradient = graph_def.library.gradient.add()
        gradient.function_name = rng.choice((signature.name, *NAMES))
        gradient.gradient_func = rng.choice((signature.name, *NAMES))


def change_versions(rng: Rng, graph_def: Any, nodes: Any) -> None:
    numbers = (0, 1, 5, 10, 20, 21, 22, 24, 27, 99999, -1, 2**31 - 1, -(2**31))
    graph_def.versions.producer = rng.choice(numbers)
    graph_def.versions.min_consumer = rng.choice((0, 0, 0, *numbers))
    graph_def.versions.bad_consumers.extend(rng.sample((*numbers, 2512), rng.randrange(3)))


_CHANGES: Sequence[Callable[[Rng, Any, Any], None]] = (
    rewire, rewire, change_inputs, rename, change_op, change_op, add_node, add_node, add_node,
    change_attribute, change_attribute, change_attribute, change_constant, change_constant,
    change_shape, change_type, double_node, drop_node, swap_nodes, change_place, change_full_type,
    change_library, change_library, change_versions,
)  # fmt: skip
_KINDS = ("string", "int", "float", "bool", "type", "shape", "tensor", "func", "placeholder")
_KINDS = (*_KINDS, *(f"list({kind})" for kind in _KINDS[:-1]))


def _kind(value: Any) -> str:
    field = value.WhichOneof("value") or "placeholder"
    names = {"s": "string", "i": "int", "f": "float", "b": "bool"}
    if field != "list":
        return names.get(field, field)
    filled = value.list.ListFields()
    return f"list({names.get(filled[0][0].name, filled[0][0].name)})" if filled else "list(int)"


def _of_kind(rng: Rng, graph_def: Any, kind: str, value: Any) -> None:
    value.Clear()
    if kind.startswith("list("):
        value.list.SetInParent()
        for _ in range(rng.choice((0, 1, 2, 2, 4, 7, 300))):
            item = type(value)()
            _of_kind(rng, graph_def, kind[5:-1], item)
            field = item.WhichOneof("value")
            content = getattr(item, field)
            getattr(value.list, field).extend([content])
        return
    match kind:
        case "string":
            value.s = rng.choice(
                (b"", b"VALID", b"SAME", b"NHWC", b"NCHW", b"ab,bc->ac", b"\xff", b"int32")
            )
        case "int":
            value.i = rng.choice(NUMBERS)
        case "float":
            value.f = rng.choice((0.0, 1.0, -1.0, float("nan"), float("inf")))
        case "bool":
            value.b = rng.random() < 0.5
        case "type":
            value.type = _dtype(rng)
        case "shape":
            _shape(rng, value.shape)
        case "tensor":
            value.tensor.dtype = _dtype(rng)
            _shape(rng, value.tensor.tensor_shape)
            _values(rng, value.tensor)
        case "func":
            names = [f.signature.name for f in graph_def.library.function]
            _function(rng, names, value.func, rng.choice((0, 0, 1, 40)))
        case _:
            value.placeholder = rng.choice(("T", *NAMES))


def _function(rng: Rng, names: Sequence[str], function: Any, depth: int) -> None:
    for _ in range(depth + 1):
        function.name = rng.choice((*names, "missing", "")) if names else "missing"
        if depth:
            function = function.attr["f"].func


def _shape(rng: Rng, shape: Any) -> None:
    shape.Clear()
    shape.unknown_rank = rng.random() < 0.15
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4, 5, 253, 254, 255, 300))):
        size = rng.choice((0, 1, 2, 3, -1, -1, rng.choice(NUMBERS)))
        shape.dim.add(size=size, name=rng.choice(("", "", "d")))


def _dtype(rng: Rng) -> int:
    return rng.choice(_DTYPES)


def _values(rng: Rng, tensor: Any) -> None:
    field = rng.choice(("float_val", "int_val", "int64_val", "string_val", "half_val", "bool_val"))
    count = rng.choice((0, 1, 1, 2, 4, 1000))
    values = {
        "string_val": [b"a"] * count,
        "float_val": [1.5] * count,
        "bool_val": [True] * count,
        "int_val": [rng.choice((0, 1, -1, 2, 2**31 - 1, -(2**31)))] * count,
        "half_val": [rng.choice((0, 1, 2**31 - 1))] * count,
        "int64_val": [rng.choice(NUMBERS)] * count,
    }
    if rng.random() < 0.5:
        tensor.ClearField("tensor_content")
    getattr(tensor, field).extend(values[field])
    if rng.random() < 0.1:
        tensor.resource_handle_val.add(name="r", container="c", hash_code=1)
    if rng.random() < 0.1:
        tensor.variant_val.add(type_name="tensorflow::TensorList", metadata=b"\xff")
