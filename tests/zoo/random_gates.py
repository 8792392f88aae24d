"""Random calculations on outputs of one node, with what TensorFlow's remapper looks for in them."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import tensorflow as tf

from zoo.registry import Model, register, rows
from zoo.rewritten import GATES, normalised

SEEDS = range(4)
TREES = 40

_PLAIN: Sequence[Callable[[Any, Any], Any]] = (
    tf.add, tf.subtract, tf.multiply, tf.maximum, tf.minimum, tf.math.squared_difference,
)  # fmt: skip
_ALONE: Sequence[Callable[[Any], Any]] = (
    tf.identity, tf.stop_gradient, tf.sigmoid, tf.tanh, tf.nn.softplus, tf.nn.relu, tf.negative,
    lambda x: x * 0.7, lambda x: 1.3 * x, lambda x: tf.transpose(tf.transpose(x)),
    lambda x: tf.reshape(x, (-1, 3)), lambda x: tf.maximum(x, 0.4 * x), lambda x: tf.add_n([x]),
    lambda x: tf.cast(x, x.dtype), lambda x: normalised(x, 2.0, 1.0, 0.1),
)  # fmt: skip


class Forest:
    """Grows trees whose leaves are outputs of a few nodes; every choice comes from *dice*."""

    def __init__(self, dice: random.Random, x: Any) -> None:
        self.dice = dice
        rank_three = tf.reshape(x, (-1, 4, 3))
        self.nodes = [
            tf.split(x, 4, axis=1),
            tf.split(x, [3, 6, 3], axis=-1)[::2],
            tf.unstack(rank_three, axis=1),
            tf.unstack(rank_three, axis=-2),
            tf.raw_ops.IdentityN(input=[x[:, :3], x[:, 3:6]]),
            tf.split(tf.split(x, 2, axis=1)[1], 2, axis=1),
        ]

    def tree(self) -> Any:
        parts = self.dice.choice(self.nodes)
        return self.branch(parts, self.dice.randint(1, 4))

    def branch(self, parts: Sequence[Any], depth: int) -> Any:
        if not depth:
            return self.dice.choice(parts)
        if self.dice.random() < 0.4:
            return self.dice.choice(_ALONE)(self.branch(parts, depth - 1))
        join = self.dice.choice((*_PLAIN, *GATES.values()))
        return join(self.branch(parts, depth - 1), self.branch(parts, self.dice.randrange(depth)))


def random_gates(seed: int) -> Model:
    @tf.function(input_signature=[tf.TensorSpec((None, 12), tf.float32, "x")])
    def grown(x: Any) -> Any:
        forest = Forest(random.Random(seed), x)
        return {f"tree_{number}": forest.tree() for number in range(TREES)}

    names = [f"tree_{number}" for number in range(TREES)]
    return Model(grown, {"x": rows(5, 12, seed=seed + 20)}, outputs=names)


for number in SEEDS:
    register(f"random_gates_{number}", partial(random_gates, number))
