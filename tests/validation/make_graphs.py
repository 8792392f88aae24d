"""Makes the graphs of these tests, with cards and reference rows: ``make_graphs.py FOLDER``.

A script of its own, because TensorFlow is not imported where the tests run.
"""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cmsml_tasks.files import sha256
from cmsml_tasks.validation import make_reference

tf1 = tf.compat.v1
WEIGHTS = np.random.default_rng(3).normal(size=(4, 3)).astype("float32")
TABLE = np.arange(10, dtype="float32").reshape(10, 1)


def good(weights: np.ndarray = WEIGHTS, nan_as: float | None = None) -> None:
    """Several inputs and outputs, of every kind that a card may name."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    ids = tf1.placeholder(tf.int32, [None], name="ids")
    word = tf1.placeholder(tf.string, [None], name="word")
    flag = tf1.placeholder(tf.bool, [None], name="flag")
    seen = x if nan_as is None else tf.where(tf.math.is_nan(x), tf.fill(tf.shape(x), nan_as), x)
    entry = tf.gather(tf.constant(TABLE), ids)
    tf.tanh(tf.matmul(seen, tf.constant(weights)) + entry, name="score")
    tf.strings.join([word, tf.constant("!\0")], name="shout")
    tf.identity(tf.where(flag, ids, -ids), name="signed")
    tf.cast(seen[:, 0], tf.bfloat16, name="short")
    tf.cast(seen[:, :2], tf.float16, name="half")


def wrong() -> None:
    """Like the good one, with one weight changed and NaN read as zero."""
    weights = WEIGHTS.copy()
    weights[2, 1] += 0.01
    good(weights, nan_as=0.0)


def impure() -> None:
    """Everything that should have been left behind in the training, and an input too many."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    tf1.placeholder(tf.bool, [], name="learning_phase")
    variable = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[4, 3], name="kernel")
    value = tf.raw_ops.ReadVariableOp(resource=variable, dtype=tf.float32, name="kernel/read")
    noise = tf.raw_ops.RandomUniform(shape=tf.shape(x), dtype=tf.float32, name="dropout/uniform")
    image = tf.reshape(x, [-1, 1, 1, 4])
    ones = tf.ones([4])
    normal = tf.raw_ops.FusedBatchNormV3(
        x=image, scale=ones, offset=ones, mean=[], variance=[], is_training=True, name="batch_norm"
    )
    tf.raw_ops.ResourceApplyGradientDescent(
        var=variable, alpha=0.1, delta=tf.ones([4, 3]), name="descent"
    )
    keep = tf.cast(noise > 0.5, tf.float32) * tf.reshape(normal.y, tf.shape(x))
    tf.matmul(x * keep, value, name="score")


def baked() -> None:
    """The batch dimension is fixed by a reshape that the placeholder does not show."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    flat = tf.reshape(x, [8, 4])
    tf1.placeholder_with_default(
        tf.reduce_sum(flat, axis=1, keepdims=True), [None, 1], name="score"
    )


def unbaked() -> None:
    """What the baked one should have been."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    tf.reduce_sum(x, axis=1, keepdims=True, name="score")


def mixing() -> None:
    """Rows are centred on the mean of their batch."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    centred = x - tf.reduce_mean(x, axis=0, keepdims=True)
    tf.identity(centred, name="score")


def plain() -> None:
    """What the impure one should have been."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    tf.matmul(x, tf.constant(WEIGHTS), name="score")


def fixed() -> None:
    x = tf1.placeholder(tf.float32, [5, 4], name="x")
    tf.matmul(x, tf.constant(WEIGHTS), name="score")


def scalar() -> None:
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    threshold = tf1.placeholder(tf.float32, [], name="threshold")
    tf.reduce_sum(tf.maximum(x, threshold), name="score")


def wordy() -> None:
    """No float input, an embedding with few entries, an operation that may fail."""
    ids = tf1.placeholder(tf.int64, [None, 2], name="ids")
    check = tf.raw_ops.Assert(condition=tf.reduce_all(ids < 2), data=[ids], name="check")
    with tf.control_dependencies([check]):
        tf.gather(tf.constant(TABLE[:2]), ids, name="score")


def deadly() -> None:
    """Convolution over something whose rank nobody knows: TensorFlow ends the process."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    shape = tf1.placeholder_with_default([-1], None, name="shape")
    _convolution(tf.reshape(x, shape))


def touchy() -> None:
    """The same, but only for batches that contain something enormous."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    plain = tf1.placeholder_with_default([-1, 2, 2, 1], None, name="shape")
    enormous = tf.reduce_any(tf.abs(x) > 1e32)
    shape = tf1.cond(enormous, lambda: tf1.reshape(plain[:1], [1]), lambda: tf.identity(plain))
    _convolution(tf.reshape(tf.where(tf.math.is_nan(x), tf.zeros_like(x), x), shape))


def kindly() -> None:
    """What the deadly and the touchy one should have been."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    _convolution(tf.reshape(tf.where(tf.math.is_nan(x), tf.zeros_like(x), x), [-1, 2, 2, 1]))


def _convolution(image: tf.Tensor) -> None:
    kernel = tf.constant(np.full((1, 1, 1, 1), 2, "float32"))
    result = tf1.nn.conv2d(image, kernel, 1, "VALID")
    tf.reshape(result, [-1, 4], name="score")


def fused() -> None:
    """Layers that oneDNN fuses, and then reads NaN as zero."""
    _layers(tf1.placeholder(tf.float32, [None, 4], name="x"), 2)


def narrow() -> None:
    """The same in half precision, with more of them."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    _layers(tf.cast(x, tf.bfloat16), 8)


def _layers(x: tf.Tensor, depth: int) -> None:
    rng = np.random.default_rng(7)
    for width in (4, *[32] * (depth - 1)):
        kernel = tf.constant(rng.normal(scale=np.sqrt(2 / width), size=(width, 32)), x.dtype)
        bias = tf.constant(rng.normal(size=32), x.dtype)
        x = tf.nn.relu(tf.nn.bias_add(tf.matmul(x, kernel), bias))
    kernel = tf.constant(rng.normal(scale=0.2, size=(32, 3)), x.dtype)
    tf.identity(tf.cast(tf.matmul(x, kernel), tf.float32), name="score")


def small() -> None:
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    tf.multiply(tf.sigmoid(x), 5e-7, name="score")


def nothing() -> None:
    """Zero where the small one gives something, which is close to it in absolute terms."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    tf.where(tf.math.is_nan(x), x, tf.zeros_like(x), name="score")


def lossy() -> None:
    """What rounds, and what TensorFlow's optimiser takes for nothing."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    tf.subtract(tf.add(x, 1e8), 1e8, name="score")


def uneven() -> None:
    """The same in the small one of two columns: 0.02 wrong there is nothing beside the other."""
    x = tf1.placeholder(tf.float32, [None, 4], name="x")
    small = tf.subtract(tf.add(x[:, :1], 1e6), 1e6)
    tf.concat([x[:, :1] * 1e4, small], axis=1, name="score")


def entry(name: str, dtype: str, shape: Sequence[int | None]) -> dict[str, Any]:
    return {"name": name, "tensor": f"{name}:0", "dtype": dtype, "shape": list(shape)}


X = entry("x", "float32", [None, 4])
SCORE = entry("score", "float32", [None, 3])
ALL_INPUTS = [X, entry("ids", "int32", [None]), entry("word", "string", [None])]
ALL_INPUTS += [entry("flag", "bool", [None])]
ALL_OUTPUTS = [SCORE, entry("shout", "string", [None]), entry("signed", "int32", [None])]
ALL_OUTPUTS += [entry("short", "bfloat16", [None]), entry("half", "float16", [None, 2])]
FLAT = entry("score", "float32", [None, 4])

GRAPHS: list[tuple[Callable[[], None], list[dict[str, Any]], list[dict[str, Any]]]] = [
    (good, ALL_INPUTS, ALL_OUTPUTS),
    (wrong, ALL_INPUTS, ALL_OUTPUTS),
    (impure, [X], [SCORE]),
    (baked, [X], [entry("score", "float32", [None, 1])]),
    (unbaked, [X], [entry("score", "float32", [None, 1])]),
    (mixing, [X], [FLAT]),
    (plain, [X], [SCORE]),
    (fixed, [entry("x", "float32", [5, 4])], [entry("score", "float32", [5, 3])]),
    (scalar, [X, entry("threshold", "float32", [])], [entry("score", "float32", [])]),
    (wordy, [entry("ids", "int64", [None, 2])], [entry("score", "float32", [None, 2, 1])]),
    (deadly, [X], [FLAT]),
    (touchy, [X], [FLAT]),
    (kindly, [X], [FLAT]),
    (fused, [X], [SCORE]),
    (narrow, [X], [SCORE]),
    (lossy, [X], [FLAT]),
    (uneven, [X], [entry("score", "float32", [None, 2])]),
    (small, [X], [FLAT]),
    (nothing, [X], [FLAT]),
]
# Not fit to be an original: they cannot be run, or only by another number of rows.
WITHOUT_REFERENCE = {"wrong", "impure", "baked", "deadly", "touchy", "nothing"}


def main(folder: Path) -> None:
    rows = np.random.default_rng(5).normal(size=(20, 4)).astype("float32")
    for make, inputs, outputs in GRAPHS:
        graph = tf.Graph()
        with graph.as_default():
            make()
        graph_def = graph.as_graph_def()
        name = make.__name__
        (folder / f"{name}.pb").write_bytes(graph_def.SerializeToString(deterministic=True))
        card: dict[str, Any] = {"inputs": inputs, "outputs": outputs}
        if name == "good":
            (folder / "good.pb.txt").write_text(str(graph_def))
        if name != "unbaked":
            files = folder.glob(f"{name}.pb*")
            card["digests"] = {file.name: {"sha256": sha256(file)} for file in files}
        (folder / f"{name}.json").write_text(json.dumps(card))
        if name in WITHOUT_REFERENCE:
            continue
        as_it_is = tf1.ConfigProto()
        as_it_is.graph_options.rewrite_options.disable_meta_optimizer = True
        with tf1.Session(graph=graph, config=as_it_is) as session:
            tensors = {output["name"]: output["tensor"] for output in outputs}

            def run(arrays: dict[str, np.ndarray], s: Any = session, t: Any = tensors) -> Any:
                return s.run(t, {f"{key}:0": array for key, array in arrays.items()})

            reference = make_reference(
                inputs,
                run,
                {"x": rows} if name == "fixed" else None,
                outputs=outputs,
                refusals=(tf.errors.OpError,),
            )
        reference.save(folder / f"{name}.npz")
        if name == "fused":
            with tf1.Session(graph=graph) as session:
                missing = reference.inputs["x"][reference.of_kind("missing")]
                np.save(folder / "fused-optimised.npy", session.run("score:0", {"x:0": missing}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
