"""Child process: writes graphs that are easy, hard and deadly to run into a folder."""

import sys
from pathlib import Path

import tensorflow as tf

tf1 = tf.compat.v1
folder = Path(sys.argv[1])

with tf.Graph().as_default() as graph:
    x = tf1.placeholder(tf.float32, [None, 2], name="x")
    word = tf1.placeholder(tf.string, name="word")
    tf1.placeholder_with_default(1.0, [], name="option")
    tf.matmul(x, tf.constant([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), name="y")
    tf.strings.join([word, tf.constant("!" + chr(0))], name="shout")
    tf.cast(x[:, 0], tf.bfloat16, name="short")
    tf.reduce_all(x > 0, name="positive")
    tf.subtract(tf.add(x, 1e8), 1e8, name="lossy")
    definition = graph.as_graph_def()
(folder / "plain.pb").write_bytes(definition.SerializeToString())
(folder / "plain.pb.txt").write_text(str(definition))


@tf.function(input_signature=[tf.TensorSpec([None, 4], name="x")])
def inner(x):
    return x + tf.random.uniform(tf.shape(x)) * 0.0


@tf.function(input_signature=[tf.TensorSpec([None, 4], name="x")])
def touchy(x):
    noisy = inner(x)
    # Convolution of something whose rank is only known at run time: an abort if it is not four.
    large = tf.reduce_any(tf.abs(x) > 1e3)
    shape = tf.cond(large, lambda: tf.constant([-1]), lambda: tf.constant([-1, 2, 2, 1]))
    image = tf.reshape(noisy, shape)
    return tf.reshape(tf.nn.conv2d(image, tf.ones([1, 1, 1, 2]), 1, "VALID"), [-1], name="end")


definition = touchy.get_concrete_function().graph.as_graph_def()
(folder / "touchy.pb").write_bytes(definition.SerializeToString())


@tf.function(input_signature=[tf.TensorSpec([], name="x")])
def endless(x):
    return tf.identity(tf.while_loop(lambda y: y > 0, lambda y: [y + 1], [x]), name="end")


definition = endless.get_concrete_function().graph.as_graph_def()
(folder / "endless.pb").write_bytes(definition.SerializeToString())


TYPES = "float16 bfloat16 float32 float64 int8 int16 int32 int64 uint8 uint16 uint32 uint64 bool"
with tf.Graph().as_default() as graph:
    for name in f"{TYPES} complex64 complex128 string".split():
        tf.identity(tf1.placeholder(name, name=name), name=f"{name}_out")
    definition = graph.as_graph_def()
(folder / "types.pb").write_bytes(definition.SerializeToString())

# new in TensorFlow 2.13; and an attribute of 2.13, which older ones pass over
with tf.Graph().as_default() as graph:
    x = tf1.placeholder(tf.float32, [2], name="x")
    rows = tf.constant([0, 1], tf.int64)
    filled = tf.raw_ops.RaggedFillEmptyRows(value_rowids=rows, values=x, nrows=2, default_value=0.0)
    tf.identity(filled.output_values, name="y")
    definition = graph.as_graph_def()
(folder / "newer.pb").write_bytes(definition.SerializeToString())
with tf.Graph().as_default() as graph:
    x = tf1.placeholder(tf.float32, [2, 2], name="x")
    tf.raw_ops.TopKV2(input=x, k=1, index_type=tf.int64, name="y")
    definition = graph.as_graph_def()
(folder / "passed_over.pb").write_bytes(definition.SerializeToString())

with tf.Graph().as_default() as graph:
    half = tf.cast(tf1.placeholder(tf.float32, [None, 2], name="x"), tf.float16)
    tf.cast(tf.matmul(half, tf.ones([2, 2], tf.float16)), tf.float32, name="y")
    definition = graph.as_graph_def()
(folder / "half.pb").write_bytes(definition.SerializeToString())
