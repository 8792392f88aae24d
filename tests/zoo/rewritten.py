"""Networks of which TensorFlow's remapper would make others, in some release, with oneDNN on.

Beside them stand networks that look alike and come out right. ``docs/canonical_form.md`` lists what
goes wrong and how each is exported.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras

from zoo.registry import Model, register, rows, shaken, zoo

L = keras.layers

X = rows(5, 4)
WIDE = rows(5, 12)
# of a variance that epsilon decides on
NARROW = (rows(5, 4, seed=8) * 0.03 + 0.5).astype("float32")
IMAGES = rows(3, 4, 4, 6)
MATRICES = rows(2, 3, 3, seed=6)
SEQUENCES = rows(3, 5, 4)

Function = Callable[[Any], Any]


def halves(x: Any) -> Any:
    return tf.split(x, 2, axis=-1)


def leaky(a: Any, b: Any) -> Any:
    return tf.maximum(a, 0.2 * b)


def mish(a: Any, b: Any) -> Any:
    return a * tf.tanh(tf.nn.softplus(b))


# of two outputs of one node
GATES: Mapping[str, Callable[[Any, Any], Any]] = {
    "glu": lambda a, b: a * tf.sigmoid(b),
    "glu_swapped": lambda a, b: tf.sigmoid(a) * b,
    "swiglu": lambda a, b: a * tf.nn.silu(b),
    "geglu": lambda a, b: a * tf.nn.gelu(b),
    "mish_gate": mish,
    "leaky_gate": leaky,
    "leaky_gate_swapped": lambda a, b: tf.maximum(b * 0.2, a),
    "leaky_gate_divided": lambda a, b: tf.maximum(a, b / 5.0),
    "leaky_gate_summed": lambda a, b: tf.maximum(a, b + b),
    "leaky_of_second": lambda a, b: a + tf.maximum(b, 0.2 * b),
    "hard_swish_gate": lambda a, b: a * tf.nn.relu6(b + 3.0) / 6.0,
    "maxout": tf.maximum,
}

# what gives two outputs
PARTS: Mapping[str, Function] = {
    "split": halves,
    "split_sizes": lambda x: tf.split(x, [3, 3, 6], axis=1)[:2],
    "last_of_three": lambda x: tf.split(x, 3, axis=1)[1:],
    "split_of_unknown_size": lambda x: tf.split(tf.boolean_mask(x, x[0] < 9, axis=1), 2, axis=1),
    "unstack": lambda x: tf.unstack(tf.reshape(x, (-1, 2, 6)), axis=1),
    "unstack_from_the_back": lambda x: tf.unstack(tf.reshape(x, (-1, 2, 6)), axis=-2),
    "stacked_and_unstacked": lambda x: tf.unstack(tf.stack(halves(x), 1), axis=1),
    "custom_gradient": lambda x: two_with_a_gradient(x),
    "qr": lambda x: tf.linalg.qr(tf.reshape(x, (-1, 2, 6))[..., :2]),
}


@tf.custom_gradient
def two_with_a_gradient(x: Any) -> Any:
    return (tf.sin(x), tf.cos(x)), lambda *gradients: gradients[0]


def moments_and_batch_normalization(x: Any, axes: list[int]) -> Any:
    mean, variance = tf.nn.moments(x, axes, keepdims=True)
    size = x.shape[-1]
    scale, offset = np.linspace(0.5, 2, size), np.linspace(-1, 1, size)
    return tf.nn.batch_normalization(x, mean, variance, *map(single, (offset, scale)), 1e-6)


def single(value: Any) -> Any:
    return tf.constant(value, tf.float32)


def normalised(x: Any, gamma: Any, beta: Any, epsilon: float = 1e-6) -> Any:
    mean = tf.reduce_mean(x, axis=[1], keepdims=True)
    variance = tf.reduce_mean(tf.math.squared_difference(x, mean), axis=[1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + epsilon) * gamma + beta


def conditioned(x: Any) -> Any:
    """Scaled and moved by halves of another network's output (FiLM)."""
    return normalised(x[:, :4], *halves(tf.reshape(x[0, 4:], (8,))))


def masked_scores(x: Any) -> Any:
    scale, _ = tf.split(tf.reshape(x[:1, 0, :2], (2, 1)), 2)
    _, scale = tf.split(tf.concat([scale, scale * 3], 0), 2)
    _, mask = tf.split(tf.reshape(x[:, :, :2], (-1, 2, 1, 5)), 2, axis=1)
    product = tf.matmul(x[:, None], x[:, None], transpose_b=True)
    return product * scale + mask


def in_a_loop(x: Any) -> Any:
    return tf.while_loop(
        lambda i, _: i < 3, lambda i, y: (i + 1, tf.concat([leaky(*halves(y))] * 2, 1)), (0, x)
    )[1]


def in_a_branch(x: Any) -> Any:
    return tf.cond(tf.reduce_sum(x) > -1e9, lambda: leaky(*halves(x)), lambda: mish(*halves(x)))


def in_a_body(x: Any) -> Any:
    body = tf.function(
        lambda row: leaky(*tf.unstack(tf.reshape(row, (2, 6))))
    ).get_concrete_function(tf.TensorSpec((12,), tf.float32))
    return tf.raw_ops.MapDefun(
        arguments=[x], captured_inputs=[], output_types=[tf.float32], output_shapes=[(6,)], f=body
    )[0]


def more_than_leaky_triangle(x: Any) -> Any:
    _, r = tf.linalg.qr(x)
    return tf.maximum(r, 2.0 * r) + tf.maximum(r, 0.2 * r)


def more_than_leaky_of_unknown_size(x: Any) -> Any:
    a, b = PARTS["split_of_unknown_size"](x)
    c, d = PARTS["split_of_unknown_size"](x * 2.0)
    one = tf.maximum(a, 2.0 * a) - tf.maximum(b, 0.2 * b)
    return one * (tf.maximum(c, 2.0 * d) - tf.maximum(d, 3.0 * c))


def scaled_by_one_number(x: Any) -> Any:
    mean, variance = tf.nn.moments(x, [1], keepdims=True)
    return tf.nn.batch_normalization(x, mean, variance, single(0.5), single(1.5), 1e-3)


def shared_multiple(x: Any) -> Any:
    """TensorFlow merges equal readers of one multiple."""
    double = 2.0 * x
    again = tf.maximum(snapshot(x), double) + tf.maximum(double, x)
    return tf.maximum(x, double) * tf.maximum(tf.identity(x), double) + again


def shared_gate(x: Any) -> Any:
    a, b = halves(x)
    gate = tf.sigmoid(b)
    return (a * gate) - 2.0 * (a * gate)


def highway(a: Any, b: Any) -> Any:
    gate = tf.sigmoid(b)
    return a * gate + b * (1.0 - gate)


def snapshot(x: Any) -> Any:
    return tf.raw_ops.Snapshot(input=x)


def mish_of_a_sum(x: Any) -> Any:
    kernel = tf.constant(rows(2, 2, 6, 6, seed=12) / 3)
    y = tf.nn.bias_add(tf.nn.conv2d(x, kernel, 1, "SAME"), np.linspace(-1, 1, 6, dtype="float32"))
    return mish(*[tf.add_n([y, x])] * 2)


def statistics(x: Any) -> Any:
    norm = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=[1.0] * 6, offset=[0.0] * 6, mean=[], variance=[], is_training=True
    )
    return tf.nn.relu(norm.batch_mean) + tf.zeros_like(x[:, 0, 0])


def function(make: Function, feed: np.ndarray, **options: Any) -> Model:
    spec = tf.TensorSpec((None, *feed.shape[1:]), feed.dtype, "x")

    @tf.function(input_signature=[spec])
    def rewritten(x: Any) -> Any:
        return {"output": make(x)}

    return Model(rewritten, {"x": feed}, **options)


def gated(gate: Callable[[Any, Any], Any], part: Function, x: Any) -> Any:
    return gate(*part(x))


for gate_name, gate in GATES.items():
    register(gate_name, partial(function, partial(gated, gate, halves), WIDE))
for part_name, part in PARTS.items():
    register(f"leaky_{part_name}", partial(function, partial(gated, leaky, part), WIDE))
    register(f"mish_{part_name}", partial(function, partial(gated, mish, part), WIDE))

FUNCTIONS: Mapping[str, tuple[Function, np.ndarray]] = {
    "leaky_in_a_loop": (in_a_loop, WIDE),
    "leaky_in_a_branch": (in_a_branch, WIDE),
    "leaky_in_a_body": (in_a_body, WIDE),
    "more_than_leaky": (lambda x: tf.maximum(x, 2.0 * x), X),
    "more_than_leaky_triangle": (more_than_leaky_triangle, MATRICES),
    "more_than_leaky_of_unknown_size": (more_than_leaky_of_unknown_size, WIDE),
    "more_than_leaky_twice": (
        lambda x: (lambda y: tf.maximum(y, 3.0 * y))(snapshot(snapshot(x))), X
    ),
    "more_than_leaky_halves": (lambda x: tf.maximum(halves(x)[1], halves(x)[1] * 1.5), X),
    "leaky_double": (lambda x: tf.maximum(x, 0.1 * x), X.astype("float64")),
    "more_than_leaky_shared": (shared_multiple, X),
    "glu_shared": (shared_gate, WIDE),
    "highway": (lambda x: highway(*halves(x)), WIDE),
    "more_than_leaky_sums": (
        lambda x: tf.maximum(x + tf.sin(x), 2.0 * (tf.sin(x) + x)), X
    ),
    "leaky_of_another_rank": (lambda x: tf.maximum(x[0], [[0.2]] * x[0]), X),
    "absolute_by_maximum": (lambda x: tf.maximum(x, -1.0 * x), X),
    "moments_of_rows": (lambda x: moments_and_batch_normalization(x, [1]), NARROW),
    "moments_scaled_by_one_number": (scaled_by_one_number, NARROW),
    "moments_of_images": (lambda x: moments_and_batch_normalization(x, [1, 2]), IMAGES),
    "moments_of_half_an_image": (
        lambda x: moments_and_batch_normalization(halves(x)[1], [1, 2]), IMAGES
    ),
    "moments_of_other_halves": (lambda x: normalised(halves(x)[1], halves(x)[0], 0.5), WIDE),
    "conditioned_normalisation": (conditioned, WIDE),
    "masked_scores": (masked_scores, SEQUENCES),
    "mish_of_a_sum": (mish_of_a_sum, IMAGES),
    "means_of_a_batch": (statistics, IMAGES),
}  # fmt: skip
for function_name, (make, feed) in FUNCTIONS.items():
    register(function_name, partial(function, make, feed))


@zoo
def gated_residual_network() -> Model:
    """A block of a transformer for tabular data."""
    x = keras.Input((4,), name="features")
    a, b = keras.ops.split(L.Dense(8, name="gate")(x), 2, axis=-1)
    hidden = L.LayerNormalization(epsilon=1e-6)(x + a * keras.ops.sigmoid(b))
    model = keras.Model(x, L.Dense(2, name="score")(hidden))
    return Model(shaken(model), {"features": X}, outputs=("score",))


@zoo
def two_slopes() -> Model:
    """One half leaky, in a network with a shared trunk."""
    x = keras.Input((4,), name="features")
    trunk = L.Dense(8, name="trunk")(x)
    a, b = keras.ops.split(trunk, 2, axis=-1)
    merged = keras.ops.maximum(a, b * 0.3) + keras.ops.maximum(b, b * 0.1)
    model = keras.Model(x, L.Dense(1, "sigmoid", name="score")(merged))
    return Model(shaken(model), {"features": X}, outputs=("score",))


@zoo
def tf_keras_layer_normalization_of_small_epsilon() -> Model:
    x = tf_keras.Input((4,), name="features")
    return Model(
        shaken(tf_keras.Model(x, tf_keras.layers.LayerNormalization(epsilon=1e-6)(x))),
        {"features": NARROW},
    )
