"""Sessions and graphs of TensorFlow 1."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from zoo.registry import Model, register, rows, zoo

tf1 = tf.compat.v1

X = rows(5, 4)
WORDS = np.array([b"mu24", b"none", b"ele32"])


def session_of(build: Callable[[], Any], *, v2: bool = False) -> Any:
    """Return a session whose graph *build* made, with control flow of version 1 or 2."""
    (tf1.enable_control_flow_v2 if v2 else tf1.disable_control_flow_v2)()
    try:
        with tf.Graph().as_default() as graph:
            build()
            session = tf1.Session(graph=graph)
            session.run([tf1.global_variables_initializer(), tf1.tables_initializer()])
            return session
    finally:
        tf1.enable_control_flow_v2()


def tower(use_resource: bool) -> None:
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    for number, size in enumerate((6, 3), start=1):
        with tf1.variable_scope(f"jet_{number}", use_resource=use_resource):
            shape = (int(x.shape[1]), size)
            w = tf1.get_variable("kernel", initializer=rows(*shape, seed=number) / 2)
            b = tf1.get_variable("bias", initializer=rows(size, seed=number + 5))
            x = tf.nn.elu(tf.matmul(x, w) + b)
    labels = tf1.placeholder(tf.float32, [None, 3], name="labels")
    tf.nn.softmax(x, name="probabilities")
    tf1.train.AdamOptimizer(0.1).minimize(tf.reduce_sum((x - labels) ** 2))


def one_tower(use_resource: bool) -> Model:
    session = session_of(partial(tower, use_resource))
    names = ["probabilities"]
    return Model(session, {"x": X}, names, output_names=names)


register("session_reference_variables", partial(one_tower, False))
register("session_resource_variables", partial(one_tower, True))


def flow(use_resource: bool) -> None:
    """Variables are read inside of branches and of loops in loops."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    w = tf1.Variable(rows(4, 4, seed=1) / 2, use_resource=use_resource, name="jet_1")
    b = tf1.Variable(rows(4, seed=2), use_resource=use_resource, name="jet_2")

    def inner(i: Any, y: Any) -> Any:
        _, z = tf1.while_loop(lambda j, z: j < i, lambda j, z: (j + 1, tf.tanh(z @ w)), [0, y])
        return i + 1, tf1.cond(tf.reduce_sum(z) > 0, lambda: z + b, lambda: z - b)

    y = tf1.cond(tf.reduce_sum(x) > 0, lambda: x @ w, lambda: x - b)
    _, y = tf1.while_loop(lambda i, y: i < 3, inner, [0, y])
    tf.identity(y, name="y")


def one_flow(v2: bool, use_resource: bool) -> Model:
    session = session_of(partial(flow, use_resource), v2=v2)
    return Model(session, {"x": X}, ["y"], output_names=["y"])


register("session_control_flow_v1", partial(one_flow, False, False))
register("session_control_flow_v1_resources", partial(one_flow, False, True))
register("session_control_flow_v2", partial(one_flow, True, True))


@zoo
def session_vocabulary_file_gone() -> Model:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vocabulary.txt"
        path.write_text("mu24\nele32\nht1050\n")

        def build() -> None:
            words = tf1.placeholder(tf.string, [None], name="triggers")
            numbers = tf.lookup.StaticVocabularyTable(
                tf.lookup.TextFileInitializer(
                    str(path), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
                    tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
                ), 2,
            )  # fmt: skip
            tf.identity(numbers.lookup(words), name="numbers")

        session = session_of(build)
    names = ["numbers"]
    return Model(session, {"triggers": WORDS}, names, output_names=names, exact=True)


@zoo
def session_tensor_arrays_and_ids() -> Model:
    def build() -> None:
        ids = tf1.placeholder(tf.int32, [None], name="ids")
        table = tf1.get_variable("particle_1", initializer=rows(5, 3), use_resource=True)
        embedded = tf.nn.embedding_lookup(table, ids)
        array = tf.TensorArray(tf.float32, 0, dynamic_size=True, element_shape=[3])
        _, array = tf1.while_loop(
            lambda i, _: i < tf.shape(ids)[0],
            lambda i, a: (i + 1, a.write(i, embedded[i] * tf.cast(i, tf.float32))),
            [0, array],
        )
        tf.identity(array.stack(), name="steps")

    feeds = {"ids": np.array([4, 0, 2, 2], "int32")}
    return Model(session_of(build), feeds, ["steps"], output_names=["steps"])


@zoo
def graph_of_constants() -> Model:
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        shift = tf1.placeholder_with_default(tf.constant(0.5), [], name="shift")
        tf.nn.log_softmax(tf.matmul(x, tf.constant(rows(4, 3))) + shift, name="probabilities")
    return Model(graph, {"x": X}, ("probabilities",))


@zoo
def graph_def_of_image_operations() -> Model:
    with tf.Graph().as_default() as graph:
        x = tf1.placeholder(tf.float32, [None, 6, 6, 3], name="image")
        y = tf.nn.conv2d(x, rows(3, 3, 3, 4) / 3, 1, "SAME")
        y = tf1.nn.fused_batch_norm(
            y, rows(4, seed=1), rows(4, seed=2), rows(4, seed=3), abs(rows(4, seed=4)) + 0.5,
            is_training=False,
        )[0]  # fmt: skip
        tf.nn.lrn(tf.nn.relu6(y), name="normalised")
    return Model(graph.as_graph_def(), {"image": rows(2, 6, 6, 3, seed=5)}, ("normalised",))
