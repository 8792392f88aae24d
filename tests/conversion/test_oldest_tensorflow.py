"""The oldest TensorFlow that can load a graph, told from the registries of all releases."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from tensorflow.core.framework import kernel_def_pb2, op_def_pb2

from cmsml_tasks.conversion import frozen_graph_def, trace
from cmsml_tasks.conversion.compatibility import Oldest, oldest_tensorflow, read_registry
from cmsml_tasks.conversion.compatibility.table import table
from cmsml_tasks.conversion.graph_def.nodes import op_definition


def graph_with(op: str, **attributes: object) -> tf.compat.v1.GraphDef:
    """A graph of one node, as if a program had written it."""
    graph_def = tf.compat.v1.GraphDef()
    graph_def.versions.producer = 1395
    node = graph_def.node.add(name="node", op=op)
    for name, value in attributes.items():
        if isinstance(value, tf.DType):
            node.attr[name].type = value.as_datatype_enum
        elif isinstance(value, bool):
            node.attr[name].b = value
        else:
            node.attr[name].s = str(value).encode()
    return graph_def


@pytest.mark.parametrize(
    ("graph_def", "expected"),
    [
        (graph_with("MatMul", T=tf.float32), Oldest("1.15")),
        (graph_with("NoOp"), Oldest("1.15")),
        (graph_with("RandomDatasetV2"), Oldest("2.12", "operation RandomDatasetV2")),
        (
            graph_with("MatMul", T=tf.float32, grad_a=True),
            Oldest("2.16", "attribute grad_a of MatMul"),
        ),
        # from 2.5 on, TensorFlow passes over what it does not know, which changes nothing here
        (
            graph_with("MatMul", T=tf.float32, grad_a=False),
            Oldest("2.5", "passing over attribute grad_a of MatMul"),
        ),
        (
            graph_with("ApplyFtrl", T=tf.float32, multiply_linear_by_lr=False),
            Oldest("2.3", "attribute multiply_linear_by_lr of ApplyFtrl"),
        ),
        (
            graph_with("TensorListGetItem", element_dtype=tf.float32, Tshape=tf.int64),
            # a TensorFlow that does not know it cannot tell what it stands for
            Oldest("2.21", "attribute Tshape of TensorListGetItem")
            if any(a.name == "Tshape" for a in op_definition("TensorListGetItem").attr)
            else Oldest("2.5", "passing over attribute Tshape of TensorListGetItem"),
        ),
        (
            graph_with("ArgMax", T=tf.float32, output_type=tf.int16),
            Oldest("2.9", "output_type=int16 of ArgMax"),
        ),
        (graph_with("Erf", T=tf.float32), Oldest("1.15")),
        (graph_with("Erf", T=tf.bfloat16), Oldest("2.8", "a kernel of Erf for T=bfloat16")),
        (
            graph_with("RaggedTensorToVariant", Tvalues=tf.float32, RAGGED_RANK=1),
            Oldest("2.1", "RaggedTensorToVariant without attribute Tsplits"),
        ),
        # the attribute itself is older
        (
            graph_with(
                "RaggedTensorToVariant", Tvalues=tf.float32, RAGGED_RANK=1, Tsplits=tf.int64
            ),
            Oldest("1.15"),
        ),
        (
            graph_with("MyOwnOp"),
            Oldest(None, "operation MyOwnOp, which no TensorFlow up to 2.21 has"),
        ),
        (
            graph_with("MatMul", T=tf.float32, flavour="up"),
            Oldest("2.5", "passing over attribute flavour of MatMul"),
        ),
        # attributes of this kind are hints, which every release passes over
        (graph_with("MatMul", T=tf.float32, _flavour="up"), Oldest("1.15")),
    ],
    ids=lambda value: value.node[0].op if hasattr(value, "node") else value.needs or "nothing",
)
def test_what_decides(graph_def: tf.compat.v1.GraphDef, expected: Oldest) -> None:
    assert oldest_tensorflow(graph_def) == expected


def test_called_functions_count_and_may_be_called_like_an_operation() -> None:
    graph_def = graph_with("PartitionedCall")
    graph_def.node[0].attr["f"].func.name = "inner"
    function = graph_def.library.function.add()
    function.signature.name = "inner"
    assert oldest_tensorflow(graph_def) == Oldest("1.15")
    function.node_def.add(name="list", op="StatelessRandomGammaV3")
    assert oldest_tensorflow(graph_def) == Oldest("2.12", "operation StatelessRandomGammaV3")
    graph_def.node.add(name="direct", op="inner")
    assert oldest_tensorflow(graph_def).release == "2.12"


def test_a_version_that_no_older_program_may_read() -> None:
    graph_def = graph_with("NoOp")
    graph_def.versions.min_consumer = 1395
    expected = Oldest("2.12", "version 1395 of the GraphDef")
    assert oldest_tensorflow(graph_def) == expected
    graph_def.versions.min_consumer = 10**6
    assert oldest_tensorflow(graph_def).release is None


def test_an_exported_loop_is_as_old_as_its_operations() -> None:
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float32, "x")])
    def function(x: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(lambda row: tf.nn.gelu(row), x)

    assert oldest_tensorflow(frozen_graph_def(trace(function))) == Oldest("1.15")
    as_is = oldest_tensorflow(trace(function).as_is())
    assert as_is.release == "2.5", "TensorFlow writes defaults of attributes that are new"


def test_the_table_knows_the_tensorflow_that_is_here(tmp_path: Path) -> None:
    """As ``collect.py`` reads it; a newer TensorFlow asks for a new table."""
    package = Path(tf.__file__).parent
    done = subprocess.run(
        [sys.executable, read_registry.__file__, str(package), str(tmp_path / "here")],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    known = table()
    release = ".".join(tf.__version__.split(".")[:2])
    assert release in known.releases, "the table wants this release, see collect.py"
    assert int((tmp_path / "here.version").read_text()) == known.releases[release]
    order = list(known.releases)
    there = [op.name for op in op_def_pb2.OpList.FromString(read(tmp_path / "here.ops")).op]
    later = {
        op for op, since in known.operations.items() if order.index(since) > order.index(release)
    }
    unknown = {op for op in there if not op.startswith("_")} - set(known.operations)
    if release == order[-1]:
        assert not unknown  # private ones differ between builds with and without GPU
    else:
        assert len(unknown) < 10, "the table has no operations that are gone by now"
    assert set(there) & later == set()
    kernels = kernel_def_pb2.KernelList.FromString(read(tmp_path / "here.kernels")).kernel
    assert len(kernels) > 1000


def read(path: Path) -> bytes:
    return path.read_bytes()
