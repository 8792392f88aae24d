"""Protobufs that are graphs only by their form; several of them end a process that imports them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
from case_table import CASES
from conversion_cases import graph_of_constants

from cmsml_tasks.conversion import load_graph, open_model, save_graph, trace
from cmsml_tasks.conversion.checks.well_formed import check_wellformed
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1
GraphDef = tf1.GraphDef


def graph_def() -> Any:
    """Return x:float32, reshaped to a constant shape and split in two."""
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        shape = tf.constant([-1, 2], name="shape")
        y = tf.reshape(x, shape, name="y")
        tf.add_n(tf.split(y, 2, axis=1, name="parts"), name="sum")
    return graph.as_graph_def()


def node(graph: Any, name: str) -> Any:
    return next(node for node in graph.node if node.name == name)


def float_shape(graph: Any) -> None:
    constant = node(graph, "shape").attr
    constant["dtype"].type = constant["value"].tensor.dtype = tf.float32.as_datatype_enum


def string_begin(graph: Any) -> None:
    """Slice by positions that are strings."""
    with tf.Graph().as_default() as other:
        x = tf1.placeholder(tf.float32, [3], name="z")
        tf.strided_slice(x, tf.constant([0], name="begin"), [1], name="slice")
    graph.CopyFrom(other.as_graph_def())
    node(graph, "begin").attr["dtype"].type = tf.string.as_datatype_enum
    node(graph, "begin").attr["value"].tensor.CopyFrom(tf.make_tensor_proto([b"a"]))


def other_type_of_constant(graph: Any) -> None:
    node(graph, "shape").attr["dtype"].type = tf.int64.as_datatype_enum


def short_constant(graph: Any) -> None:
    node(graph, "shape").attr["value"].tensor.tensor_content = b"\1\0\0\0"


def values_in_excess(graph: Any) -> None:
    tensor = node(graph, "shape").attr["value"].tensor
    tensor.tensor_content = b""
    tensor.int_val.extend([1, 2, 3])


def negative_shape(graph: Any) -> None:
    node(graph, "shape").attr["value"].tensor.tensor_shape.dim[0].size = -2


def negative_shape_elsewhere(graph: Any) -> None:
    """Give a tensor to a node that has no use for it; grappler reads it all the same."""
    inner = node(graph, "x").attr["_hint"].func.attr["f"].list.tensor.add()
    inner.tensor_shape.dim.add(size=-1)


def huge_constant(graph: Any) -> None:
    tensor = node(graph, "shape").attr["value"].tensor
    tensor.tensor_content = b""
    tensor.int_val.append(1)
    tensor.tensor_shape.dim[0].size = 2**40


def huge_fill(graph: Any) -> None:
    """Compute a shape from what would be eight gigabytes."""
    with tf.Graph().as_default() as other:
        x = tf1.placeholder(tf.float32, [None], name="z")
        sizes = tf.constant([8], name="sizes")
        product = tf.reduce_prod(tf.raw_ops.Fill(dims=sizes, value=1, name="fill"), keepdims=True)
        tf.reshape(x, product, name="again")
    graph.CopyFrom(other.as_graph_def())
    node(graph, "sizes").attr["value"].tensor.CopyFrom(tf.make_tensor_proto([2**31 - 1]))


def third_of_two(graph: Any) -> None:
    node(graph, "sum").input[1] = "parts:2"


def impossible_output(graph: Any) -> None:
    node(graph, "sum").input[1] = "parts:9223372036854775807"


def many_inputs(graph: Any) -> None:
    node(graph, "sum").attr["N"].i = 2**31 - 1


def many_outputs(graph: Any) -> None:
    node(graph, "parts").attr["num_split"].i = 2**31 - 1


def less_than_no_outputs(graph: Any) -> None:
    node(graph, "parts").attr["num_split"].i = -1


def missing_attribute(graph: Any) -> None:
    del node(graph, "parts").attr["num_split"]


def missing_input(graph: Any) -> None:
    del node(graph, "y").input[1]


def control_before_data(graph: Any) -> None:
    node(graph, "y").input[:] = ["^shape", "x", "shape"]


def cycle(graph: Any) -> None:
    node(graph, "y").input[0] = "sum"
    end = graph.node.add(name="end", op="Identity", input=["sum"])
    end.attr["T"].type = tf.float32.as_datatype_enum


def twice(graph: Any) -> None:
    graph.node.add().CopyFrom(node(graph, "y"))


def bad_name(graph: Any) -> None:
    node(graph, "sum").name = "a b"


def bad_type(graph: Any) -> None:
    node(graph, "x").attr["dtype"].type = 999


def bad_placement(graph: Any) -> None:
    node(graph, "sum").attr["_class"].f = 1.0


def broken_function(graph: Any) -> None:
    function = graph.library.function.add()
    function.signature.name = "f"
    inner = function.node_def.add(name="inner", op="Pack")
    inner.attr["T"].type = 1
    inner.attr["N"].i = 2**31 - 1


def function_of_nothing(graph: Any) -> None:
    function = graph.library.function.add()
    function.signature.name = "f"
    inner = function.node_def.add(name="inner", op="Identity", input=["nowhere:output:0"])
    inner.attr["T"].type = 1


def function_that_returns_nothing(graph: Any) -> None:
    function = graph.library.function.add()
    function.signature.name = "f"
    function.ret["y"] = "nowhere:output:0"


def function_without_a_result(graph: Any) -> None:
    function = graph.library.function.add()
    function.signature.name = "f"
    function.signature.output_arg.add(name="y", type=1)


def function_without_a_control_result(graph: Any) -> None:
    function = graph.library.function.add()
    function.signature.name = "f"
    function.signature.control_output.append("done")


def function_of_nameless_nodes(graph: Any) -> None:
    function = graph.library.function.add()
    function.signature.name = "f"
    function.node_def.add(op="NoOp")


def function_of_namesakes(graph: Any) -> None:
    function = graph.library.function.add()
    function.signature.name = "f"
    function.signature.input_arg.add(name="x", type=1)
    function.node_def.add(name="x", op="NoOp")


def future(graph: Any) -> None:
    node(graph, "sum").op = "OpOfTheFuture"
    graph.versions.producer = 99_999


def custom(graph: Any) -> None:
    node(graph, "sum").op = "Addons>Gelu"
    node(graph, "y").op = "WordpieceTokenize"


WRONG = {
    float_shape: "'y' .Reshape. takes int32 as input 1, but 'shape' is float32",
    string_begin: "takes int32 as input 1, but 'begin' is string",
    other_type_of_constant: "'shape' .Const. has another data type than its value",
    short_constant: "'shape' .Const. has 4 bytes where its shape takes 8",
    values_in_excess: "'shape' .Const. has more values than its shape takes",
    negative_shape: "'shape' .Const. has an impossible shape",
    negative_shape_elsewhere: "'x' .Placeholder. has an impossible shape",
    huge_constant: "'shape' .Const. says that it has 1,099,511,627,776 elements",
    huge_fill: "'fill' .Fill. would make 2,147,483,647 elements",
    third_of_two: "'sum' .AddN. reads 'parts:2', but 'parts' has 2 outputs",
    impossible_output: "reads 'parts:9223372036854775807', which is no output",
    many_inputs: "says that 'inputs' are 2,147,483,647 tensors",
    many_outputs: "says that 'output' are 2,147,483,647 tensors",
    less_than_no_outputs: "says that 'output' are -1 tensors",
    missing_attribute: "'parts' .Split. lacks the attribute 'num_split'",
    missing_input: "'y' .Reshape. takes 2 inputs, but has 1",
    control_before_data: "'y' .Reshape. has data inputs behind control inputs",
    cycle: "cycle",
    twice: "'y'",
    bad_name: "'a b'",
    bad_type: "999|enum",
    bad_placement: "'sum' .AddN. says in '_class' what is no list",
    broken_function: "'inner' .Pack. says that 'values' are 2,147,483,647 tensors",
    function_of_nothing: "'inner' .Identity. reads 'nowhere:output:0', which is not there",
    function_that_returns_nothing: "'f' returns 'nowhere:output:0', which is not there",
    function_without_a_result: "'f' does not say what its output 'y' is",
    function_without_a_control_result: "'f' does not say what its control output 'done' is",
    function_of_nameless_nodes: "'f' has a node without a name",
    function_of_namesakes: "'f' has two nodes called 'x'",
    future: "no operation 'OpOfTheFuture' .*node 'sum'.*newer TensorFlow wrote.*99999",
    custom: "'Addons>Gelu', 'WordpieceTokenize'.*tensorflow-addons, tensorflow-text",
}


@pytest.mark.parametrize("change", WRONG, ids=lambda change: change.__name__)
def test_malformed_graph_is_refused(change: Any, tmp_path: Path) -> None:
    graph = graph_def()
    change(graph)
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.SerializeToString())
    for load in (load_graph, open_model):
        with pytest.raises(ConversionError, match=WRONG[change]) as caught:
            load(path)
        assert "does not accept this graph" in str(caught.value)
        assert str(path) in str(caught.value)
    # the same in memory
    with pytest.raises(ConversionError, match=WRONG[change]):
        trace(graph)


def test_missing_node_in_memory() -> None:
    graph = graph_def()
    node(graph, "y").input[0] = "nowhere"
    with pytest.raises(ConversionError, match="reads 'nowhere', which is not there"):
        trace(graph, output_names=["sum"])


def test_attribute_of_a_newer_tensorflow(tmp_path: Path) -> None:
    """TensorFlow ignores it; a canonical graph must not."""
    graph = graph_def()
    node(graph, "y").attr["of_the_future"].b = True
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.SerializeToString())
    assert isinstance(load_graph(path), tf.Graph)
    graph.versions.producer = 99_999
    path.write_bytes(graph.SerializeToString())
    with pytest.raises(ConversionError, match=r"no attribute 'of_the_future'.*newer TensorFlow"):
        open_model(path)


@pytest.mark.parametrize("callee", ["f", "g"])
def test_function_that_calls_itself(callee: str, tmp_path: Path) -> None:
    """Inlined without end, it would take all memory."""
    graph = graph_def()
    for name, called in (("f", callee), ("g", "f")):
        function = graph.library.function.add()
        function.signature.name = name
        function.node_def.add(name="again", op="PartitionedCall").attr["f"].func.name = called
        for types in ("Tin", "Tout"):
            function.node_def[0].attr[types].list.SetInParent()
    path = tmp_path / "graph.pb"
    path.write_bytes(graph.SerializeToString())
    for read in (load_graph, open_model):
        with pytest.raises(ConversionError, match="the function 'f' of the graph calls itself"):
            read(path)


@pytest.mark.parametrize("frozen", [True, False])
def test_what_tensorflow_makes_is_well_formed(frozen: bool, tmp_path: Path) -> None:
    save_graph(tmp_path / "graph.pb", graph_of_constants(), frozen, ["probabilities"])
    check_wellformed(GraphDef.FromString((tmp_path / "graph.pb").read_bytes()))


@pytest.mark.parametrize("name", CASES)
def test_graphs_of_all_cases_are_well_formed(name: str, evaluated: Any) -> None:
    assert isinstance(load_graph(evaluated[name]["case"].path), tf.Graph)
