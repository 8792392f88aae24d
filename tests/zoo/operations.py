"""Lambda layers and functions of keras.ops."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from zoo.registry import Model, register, rows, shaken, zoo

L, ops = keras.layers, keras.ops

X = rows(5, 4)
FOUR_VECTORS = rows(3, 4, 4)

# of a matrix with four columns
FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "ops_einsum": lambda x: ops.einsum("bi,bj->bij", x, x),
    "ops_cumulative": lambda x: ops.cumsum(x, 1) * ops.cumprod(x, 1),
    "ops_where_and_comparisons": lambda x: ops.where((x > 0) & (x < 1), ops.sqrt(ops.abs(x)), -x),
    "ops_sort": lambda x: ops.sort(x, axis=-1)[:, ::-1],
    "ops_logarithms": lambda x: ops.log1p(ops.abs(x)) + ops.expm1(x) + ops.logsumexp(x, 1)[:, None],
    "ops_angles": lambda x: ops.arctan2(ops.sin(x), ops.cos(x)) + ops.arcsinh(x) + ops.sinh(x),
    "ops_rounding": lambda x: ops.floor(x) + ops.round(2 * x) + ops.mod(x, 0.3) + ops.sign(x),
    "ops_statistics": lambda x: ops.concatenate(
        [ops.mean(x, 1, True), ops.var(x, 1, keepdims=True), ops.std(x, 1, keepdims=True),
         ops.median(x, 1, True), ops.quantile(x, 0.3, 1, keepdims=True)], 1
    ),
    "ops_shapes": lambda x: ops.roll(ops.pad(ops.reshape(x, (-1, 2, 2)), ((0, 0), (1, 0), (0, 2))),
                                     1, 2),
    "ops_linear_algebra": lambda x: ops.linalg.norm(x, axis=1, keepdims=True)
    + ops.diagonal(ops.matmul(x[:, :, None], x[:, None, :]), axis1=1, axis2=2),
    "ops_special": lambda x: ops.erf(x) + ops.rsqrt(ops.abs(x) + 1) + ops.logaddexp(x, -x),
    "ops_loops": lambda x: ops.while_loop(
        lambda i, y: i < 3, lambda i, y: (i + 1, ops.tanh(y + x)), (0, x)
    )[1],
    "ops_branches": lambda x: ops.cond(ops.sum(x) > 0, lambda: x + 1, lambda: x * 2),
    "ops_scan": lambda x: ops.scan(lambda c, y: (c + y, c * y), x[0], x)[1],
    "ops_map": lambda x: ops.vectorized_map(lambda row: row / ops.sum(ops.abs(row)), x),
}  # fmt: skip

INTEGERS: Mapping[str, Callable[[Any], Any]] = {
    "ops_argsort": lambda x: ops.argsort(x, axis=-1),
    "ops_top_k": lambda x: ops.top_k(x, 2)[1],
    "ops_argmax_one_hot": lambda x: ops.one_hot(ops.argmax(x, -1), 4, dtype="int32"),
    "ops_segment_sum": lambda x: ops.segment_sum(
        ops.cast(10 * x, "int32"), ops.convert_to_tensor([0, 0, 1, 2, 1]), 3
    ),
    "ops_bitwise_and_division": lambda x: ops.bitwise_and(ops.cast(9 * x, "int32") // 2, 5),
    "ops_searched_and_taken": lambda x: ops.take(
        ops.convert_to_tensor([7, 5, 3, 2]), ops.searchsorted(ops.convert_to_tensor([-1.0, 0, 1]),
                                                              ops.reshape(x, (-1,)))
    ),
}  # fmt: skip


def in_lambda(function: Callable[[Any], Any], exact: bool) -> Model:
    x = keras.Input((4,), name="features")
    # what a scan or segments give has the number of rows of the batch, which Keras cannot know
    return Model(keras.Model(x, Applied(function, name="result")(x)), {"features": X},
                 outputs=("result",), exact=exact)  # fmt: skip


class Applied(L.Layer):
    """A layer of the user's own around a function."""

    def __init__(self, function: Callable[[Any], Any], **options: Any) -> None:
        super().__init__(**options)
        self.function = function

    def call(self, x: Any) -> Any:
        return self.function(x)


for name, of_floats in FUNCTIONS.items():
    register(name, functools.partial(in_lambda, of_floats, exact=False))
for name, of_integers in INTEGERS.items():
    register(name, functools.partial(in_lambda, of_integers, exact=True))


@zoo
def lambda_layers() -> Model:
    x = keras.Input((4,), name="features")
    scaled = L.Lambda(lambda x: x / 10, name="jet_1")(x)
    both = L.Lambda(lambda pair: pair[0] * ops.exp(-pair[1]))([L.Dense(4)(scaled), x])
    return Model(shaken(keras.Model(x, both)), {"features": X})


@zoo
def invariant_mass() -> Model:
    """Functions on symbolic tensors, as users write physics between their layers."""
    vectors = keras.Input((4, 4), name="four_vectors")
    pt, eta, phi = (ops.abs(vectors[..., 0]), vectors[..., 1], vectors[..., 2])
    px, py, pz = pt * ops.cos(phi), pt * ops.sin(phi), pt * ops.sinh(eta)
    energy = ops.sqrt(px**2 + py**2 + pz**2 + vectors[..., 3] ** 2)
    total = ops.sum(ops.stack([energy, px, py, pz], axis=-1), axis=1)
    mass = ops.sqrt(ops.maximum(total[:, 0] ** 2 - ops.sum(total[:, 1:] ** 2, -1), 0.0))
    score = L.Dense(1, "sigmoid", name="score")(ops.log1p(mass)[:, None])
    model = shaken(keras.Model(vectors, {"mass": mass, "score": score}))
    return Model(model, {"four_vectors": FOUR_VECTORS}, outputs=("mass", "score"))


@zoo
def merging_layers() -> Model:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    first, second = L.Dense(4, name="jet_2")(a), L.Dense(4, name="jet_1")(b)
    merged = [merge()([first, second]) for merge in
              (L.Add, L.Subtract, L.Multiply, L.Average, L.Maximum, L.Minimum)]  # fmt: skip
    merged.append(L.Dot(1, normalize=True)([first, second]))
    model = shaken(keras.Model([a, b], L.Concatenate(name="merged")(merged)))
    return Model(model, {"a": X, "b": rows(5, 4, seed=4)}, outputs=("merged",))


@zoo
def einsum_dense() -> Model:
    x = keras.Input((4, 4), name="features")
    layer = L.EinsumDense("abc,cde->abde", output_shape=(None, 3, 2), bias_axes="de")
    return Model(shaken(keras.Model(x, L.RepeatVector(2)(L.Flatten()(layer(x))))),
                 {"features": FOUR_VECTORS})  # fmt: skip


@zoo
def integers_in_and_out() -> Model:
    counts = keras.Input((3,), dtype="int32", name="counts")
    flags = keras.Input((3,), dtype="bool", name="flags")
    kept = ops.where(flags, counts * 2, -1)
    model = keras.Model([counts, flags], {"kept": kept, "any": ops.any(flags, axis=1)})
    feeds = {
        "counts": np.array([[1, 2, 3], [4, 5, 6]], "int32"),
        "flags": np.array([[True, False, True], [False, False, False]]),
    }
    return Model(model, feeds, outputs=("any", "kept"), exact=True)
