"""Graph files that do more than compute; each gives an ordinary output beside that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

tf1 = tf.compat.v1
raw = tf.raw_ops

Effect = Callable[[Path], Any]
"""Adds to the graph what acts in a folder, and returns it."""


def write(folder: Path) -> Any:
    return raw.WriteFile(filename=str(folder / "WRITTEN"), contents="hello")


def after(effect: Any, value: Any) -> Any:
    with tf.control_dependencies([effect]):
        return tf.identity(value)


def in_function(folder: Path) -> Any:
    @tf.function
    def inner() -> Any:
        return after(write(folder), 1.0)

    return inner()


def two_functions_deep(folder: Path) -> Any:
    @tf.function
    def outer(x: Any) -> Any:
        return x + in_function(folder)

    return outer(1.0)


def in_branch(folder: Path) -> Any:
    return tf.cond(tf.constant(True), lambda: after(write(folder), 1.0), lambda: 2.0)


def in_old_branch(folder: Path) -> Any:
    tf1.disable_control_flow_v2()
    try:
        return in_branch(folder)
    finally:
        tf1.enable_control_flow_v2()


def in_loop(folder: Path) -> Any:
    return tf.while_loop(lambda i: i < 3, lambda i: after(write(folder), i + 1), [0])[0]


def in_map_fn(folder: Path) -> Any:
    return tf.map_fn(lambda row: after(write(folder), row), tf.zeros([2]))


def in_gradient(folder: Path) -> Any:
    @tf.custom_gradient
    def function(x: Any) -> Any:
        return x, lambda upstream: after(write(folder), upstream)

    x = tf.constant(1.0)
    return tf.gradients(function(x), x)[0]


def shape_from_file(folder: Path) -> Any:
    """TensorFlow reads the file when it imports the graph, to know the shape."""
    size = tf.ensure_shape(tf.io.decode_raw(tf.io.read_file(secret(folder)), tf.int32), [1])
    return tf.zeros(size)


def secret(folder: Path) -> str:
    return str(folder / "secret.bin")


def print_to_file(folder: Path) -> Any:
    return raw.PrintV2(input="hello", output_stream=f"file://{folder / 'WRITTEN'}")


def table_from_file(folder: Path) -> Any:
    table = raw.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64)
    return raw.InitializeTableFromTextFileV2(
        table_handle=table, filename=secret(folder), key_index=-2, value_index=-1
    )


def dataset(folder: Path) -> Any:
    variant = raw.TextLineDataset(filenames=secret(folder), compression_type="", buffer_size=10)
    return raw.DatasetToSingleElement(
        dataset=variant, output_types=[tf.string], output_shapes=[[]]
    )[0]


def queue_and_reader(folder: Path) -> Any:
    queue = raw.FIFOQueueV2(component_types=[tf.string])
    filled = raw.QueueEnqueueV2(handle=queue, components=[secret(folder)])
    with tf.control_dependencies([filled]):
        return raw.ReaderReadV2(reader_handle=raw.WholeFileReaderV2(), queue_handle=queue).value


def memory_mapped(folder: Path) -> Any:
    return raw.ImmutableConst(dtype=tf.float32, shape=[1], memory_region_name=secret(folder))


def messages_from_file(folder: Path) -> Any:
    return raw.DecodeProtoV2(
        bytes=tf.constant(b""),
        message_type="M",
        field_names=["a"],
        output_types=[tf.float32],
        descriptor_source=secret(folder),
    ).sizes


def summary(folder: Path) -> Any:
    writer = raw.SummaryWriter()
    made = raw.CreateSummaryFileWriter(
        writer=writer, logdir=str(folder), max_queue=1, flush_millis=1, filename_suffix="WRITTEN"
    )
    with tf.control_dependencies([made]):
        return raw.WriteScalarSummary(
            writer=writer, step=tf.constant(1, tf.int64), tag="a", value=1.0
        )


def restored(folder: Path) -> Any:
    return raw.RestoreV2(
        prefix=secret(folder), tensor_names=["a"], shape_and_slices=[""], dtypes=[tf.float32]
    )[0]


HOSTILE: dict[str, tuple[Effect, str]] = {
    "write": (write, "WriteFile"),
    "in_function": (in_function, "WriteFile"),
    "two_functions_deep": (two_functions_deep, "WriteFile"),
    "in_branch": (in_branch, "WriteFile"),
    "in_old_branch": (in_old_branch, "WriteFile"),
    "in_loop": (in_loop, "WriteFile"),
    "in_map_fn": (in_map_fn, "WriteFile"),
    "in_gradient": (in_gradient, "WriteFile"),
    "read": (lambda folder: tf.io.read_file(secret(folder)), "ReadFile"),
    "shape_from_file": (shape_from_file, "ReadFile"),
    "list": (lambda folder: tf.io.matching_files(f"{folder}/*"), "MatchingFiles"),
    "print_to_file": (print_to_file, "PrintV2"),
    "table_from_file": (table_from_file, "InitializeTableFromTextFileV2"),
    "python": (lambda folder: tf1.py_func(lambda: 1.0, [], tf.float32), "PyFunc"),
    "python_in_eager": (lambda folder: tf.py_function(lambda: 1.0, [], tf.float32), "EagerPyFunc"),
    "dataset": (dataset, "TextLineDataset"),
    "queue_and_reader": (queue_and_reader, "FIFOQueueV2"),
    "memory_mapped": (memory_mapped, "ImmutableConst"),
    "messages_from_file": (messages_from_file, "DecodeProtoV2"),
    "summary": (summary, "CreateSummaryFileWriter"),
    "restored": (restored, "RestoreV2"),
    "collective": (
        lambda folder: raw.CollectiveReduceV2(
            input=1.0, group_size=1, group_key=1, instance_key=1, ordering_token=[],
            merge_op="Add", final_op="Id",
        ),
        "CollectiveReduceV2",
    ),
    "clock": (lambda folder: tf.timestamp(), "Timestamp"),
    "end": (lambda folder: raw.Abort(error_msg="", exit_without_error=True), "Abort"),
}  # fmt: skip


def hostile(effect: Effect, folder: Path) -> Any:
    """Return the GraphDef with *effect*, whose output is twice its input."""
    (folder / "secret.bin").write_bytes(b"\3\0\0\0")
    graph = tf.Graph()
    with graph.as_default():
        x = tf1.placeholder(tf.float32, [None, 3], name="x")
        tf.identity(after(effect(folder), x * 2), name="out")
    return graph.as_graph_def()
