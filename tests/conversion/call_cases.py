"""Functions that TensorFlow does not inline by itself, and those that nothing can inline."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf
from case_table import CASES, Case, X, rows
from tensorflow.python.framework.function import Defun
from tensorflow.python.ops import functional_ops

from cmsml_tasks.conversion import save_graph

tf1 = tf.compat.v1
SPEC = tf.TensorSpec((None, 4))


class Weights:
    """Made anew for each function, so that nothing is shared by chance."""

    def __init__(self) -> None:
        self.w = tf.Variable(rows(4, 4, seed=1))
        self.b = tf.Variable(rows(4, seed=2))
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(tf.range(5), tf.range(10, 15)), -1
        )

    def dense(self, x: Any) -> Any:
        return tf.nn.relu(x @ self.w + self.b)

    def everything(self, row: Any) -> Any:
        """Reads, gathers and looks up: in itself, in a branch, a loop and a function of its own."""
        index = tf.cast(tf.reduce_sum(row) > 0, tf.int32)
        inner = tf.function(lambda i: tf.gather(self.w, i) + tf.cast(self.table.size(), tf.float32))
        row = row + inner(index)
        if index > 0:
            row = row - tf.cast(self.table.lookup(index + 2), tf.float32)
        else:
            row = tf.linalg.matvec(self.w, row)
        for _ in tf.range(2):
            row = tf.tanh(row) + self.b
        return row


def compiled(weights: Weights) -> Any:
    """The compiler is a part of few programs, and of none that read graphs in CMSSW."""
    inner = tf.function(weights.dense, jit_compile=True)
    return lambda x: inner(inner(x))


def kept_apart(weights: Weights) -> Any:
    attributes = {"_noinline": True}
    inner = tf.function(weights.dense, experimental_attributes=attributes)
    return lambda x: inner(x) * 2


def standing_in(weights: Weights) -> Any:
    """One of several implementations, among which only a runtime with a choice can choose."""
    inner = tf.function(lambda x: tf.nn.relu(x) + 1, experimental_implements="relu_and_one")
    return lambda x: inner(x) * weights.b


def batched(weights: Weights) -> Any:
    return tf.nondifferentiable_batch_function(1, 8, 10)(weights.dense)


def elsewhere(weights: Weights) -> Any:
    inner = tf.function(weights.dense).get_concrete_function(SPEC)

    def call(x: Any) -> Any:
        arguments = [x, *inner.captured_inputs]
        device = "/job:localhost/replica:0/task:0/device:CPU:0"
        return tf.raw_ops.RemoteCall(target=device, args=arguments, Tout=[tf.float32], f=inner)[0]

    return call


def mapped(weights: Weights) -> Any:
    inner = tf.function(weights.everything).get_concrete_function(tf.TensorSpec((4,)))

    def call(x: Any) -> Any:
        return tf.raw_ops.MapDefun(
            arguments=[x], captured_inputs=inner.captured_inputs, f=inner,
            output_types=[tf.float32], output_shapes=[[4]],
        )[0]  # fmt: skip

    return call


def sized(weights: Weights) -> Any:
    def scale(row: Any) -> Any:
        return row * tf.cast(weights.table.size(), tf.float32)

    inner = tf.function(scale).get_concrete_function(tf.TensorSpec((4,)))

    def call(x: Any) -> Any:
        return tf.raw_ops.MapDefun(
            arguments=[x], captured_inputs=inner.captured_inputs, f=inner,
            output_types=[tf.float32], output_shapes=[[4]],
        )[0]  # fmt: skip

    return call


def counted(weights: Weights) -> Any:
    """The handles of variables are carried through all rounds."""

    @Defun(tf.float32, func_name="once_more")
    def once_more(x: Any) -> Any:
        return x + 1

    def call(x: Any) -> Any:
        @Defun(tf.int32, tf.float32, tf.resource, func_name="one_round")
        def one_round(i: Any, y: Any, handle: Any) -> Any:
            b = tf.raw_ops.ReadVariableOp(resource=handle, dtype=tf.float32)
            return once_more(y) + tf.cast(i, tf.float32) * b, handle

        handle = tf.raw_ops.Identity(input=weights.b.handle)
        return functional_ops.For(1, 4, 1, [x, handle], one_round)[0]

    return call


CALLS: dict[str, Callable[[Weights], Any]] = {
    function.__name__: function
    for function in (compiled, kept_apart, standing_in, batched, elsewhere, mapped, sized, counted)
}


def calling(name: str) -> Any:
    """Return a function with a signature."""
    weights = Weights()
    function = tf.function(CALLS[name](weights), input_signature=[SPEC])
    function.weights = weights  # a function does not keep its variables alive
    return function


def _case(name: str) -> Callable[[Path], Case]:
    def make(folder: Path) -> Case:
        function = calling(name)
        path = folder / f"calls_{name}.pb"
        save_graph(path, function, True, ["y"], ["x"])
        return Case(path, {"x:0": X}, {"y:0": function(tf.constant(X)).numpy()})

    return make


CASES |= {f"function_that_is_{name}": _case(name) for name in CALLS}


def _defun_case(folder: Path) -> Case:
    graph = tf.Graph()
    with graph.as_default():

        @Defun(tf.float32, func_name="inner")
        def inner(x: Any) -> Any:
            return tf.nn.relu(x), x + 1

        @Defun(tf.float32, func_name="outer", noinline=True)
        def outer(x: Any) -> Any:
            first, second = inner(x)
            return first * 2 + second

        x = tf1.placeholder(tf.float32, [None, 4], name="x")
        w = tf1.Variable(rows(4, seed=1), use_resource=True)
        tf.identity(outer(x) + inner(x * w)[1], name="y")
    session = tf1.Session(graph=graph)
    session.run(w.initializer)
    path = folder / "defun.pb"
    save_graph(path, session, True, ["y"])
    return Case(path, {"x:0": X}, {"y:0": session.run("y:0", {"x:0": X})})


CASES["session_with_functions_of_tensorflow_1"] = _defun_case
