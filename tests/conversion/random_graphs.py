"""Random graphs, as people write them in TensorFlow 1, and other spellings of the same graph."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import tensorflow as tf

from cmsml_tasks.conversion.graph_def.nodes import node_of, op_definition

tf1 = tf.compat.v1
WIDTH = 3
SCOPES = ("jet_1", "jet_2", "lepton", "Encoder_3", "a/b_7")
# names that TensorFlow gives in these graphs, to which it appends counters
_COUNTED = (
    "Abs|Add|AddV2|Assert|Const|Greater|Identity|Less|LoopCond|MatMul|Max|Merge|Min|Mul|Relu"
    "|NextIteration|Enter|Exit|PartitionedCall|StatefulPartitionedCall|Sum|Switch|Tanh|add|concat"
    "|cond|mul|split|stack|strided_slice|sub|while"
)


class Builder:
    """Builds one graph; every choice comes from *dice*."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.graph = tf.Graph()
        self.names: set[str] = set()

    def build(self, steps: int) -> Any:
        with self.graph.as_default():
            tensors = [
                tf1.placeholder(tf.float32, [None, WIDTH], name=name) for name in ("x", "met_1")
            ]
            for _ in range(steps):
                with self.scope():
                    tensors.append(self.dice.choice(self.steps)(self, *self.two_of(tensors)))
            return self.graph.as_graph_def(), self.outputs(tensors)

    def scope(self) -> Any:
        name = self.dice.choice((None, None, *SCOPES))
        return tf.name_scope(name) if name else tf.name_scope("")

    def two_of(self, tensors: list[Any]) -> tuple[Any, Any]:
        return self.dice.choice(tensors), self.dice.choice(tensors[-3:])

    def outputs(self, tensors: list[Any]) -> list[str]:
        made = [t for t in tensors if t.op.type != "Placeholder"]
        return [t.name for t in self.dice.sample(made, min(len(made), self.dice.randint(1, 3)))]

    def plain(self, a: Any, b: Any) -> Any:
        return self.dice.choice((tf.add, tf.multiply, tf.subtract))(a, tf.tanh(b))

    def dense(self, a: Any, b: Any) -> Any:
        kernel = np.array([self.dice.gauss(0, 1) for _ in range(WIDTH**2)], "float32")
        bias = tf.constant(self.dice.choice((0.0, 0.5)), shape=[WIDTH])
        return tf.nn.relu(tf.matmul(a, tf.constant(kernel.reshape(WIDTH, WIDTH))) + bias) - b

    def split(self, a: Any, b: Any) -> Any:
        parts = tf.split(tf.concat([a, b], 1), 2 * WIDTH, axis=1)
        return tf.concat(self.dice.sample(parts, WIDTH), 1)

    def named(self, a: Any, b: Any) -> Any:
        name = f"logit_{self.dice.randint(1, 3)}"
        result = tf.identity(tf.identity(tf.maximum(a, b)), name=name)
        self.names.add(result.op.name)
        return result

    def cond(self, a: Any, b: Any) -> Any:
        return tf.cond(tf.reduce_sum(a) > 0, lambda: tf.abs(b) + 1.0, lambda: b * 2.0 - a)

    def loop(self, a: Any, b: Any) -> Any:
        turns = self.dice.randint(0, 3)

        def body(i: Any, value: Any) -> tuple[Any, Any]:
            return i + 1, tf.tanh(value + b)

        return tf.while_loop(lambda i, _: i < turns, body, [tf.constant(0), a])[1]

    def checked(self, a: Any, b: Any) -> Any:
        limits = [tf1.assert_less(a, 1e30, message=m) for m in ("high", "very high")]
        with tf.control_dependencies(self.dice.sample(limits, 2)):
            return a + tf.identity(b)

    def called(self, a: Any, b: Any) -> Any:
        @tf.function
        def inner(u: Any, v: Any) -> Any:
            return tf.tanh(u) * tf.constant([0.5, 1.0, 2.0]) + v

        return inner(a, inner(b, a))

    steps = (plain, plain, dense, dense, split, named, cond, loop, checked, called)


def built(seed: int, steps: int, control_flow_v2: bool) -> tuple[Any, list[str], set[str]]:
    """Return a GraphDef, the names of its outputs, and those that its author gave to nodes."""
    builder = Builder(random.Random(seed))
    was_v2 = tf1.control_flow_v2_enabled()
    (tf1.enable_control_flow_v2 if control_flow_v2 else tf1.disable_control_flow_v2)()
    try:
        graph_def, outputs = builder.build(steps)
    finally:
        (tf1.enable_control_flow_v2 if was_v2 else tf1.disable_control_flow_v2)()
    return graph_def, outputs, builder.names


def respelled(graph_def: Any, outputs: list[str], seed: int) -> tuple[Any, list[str]]:
    """Return the same graph with other counters, order, frames, and attributes without effect."""
    dice = random.Random(seed)
    offset = dice.randint(1, 40)
    nodes = list(graph_def.node)
    dice.shuffle(nodes)
    result = tf1.GraphDef(library=graph_def.library)
    result.versions.producer = graph_def.versions.producer + dice.randint(0, 99)
    for node in nodes:
        copy = result.node.add()
        copy.CopyFrom(node)
        copy.name = _counted_on(node.name, offset)
        data = [s for s in node.input if s[0] != "^"]
        data = [s if ":" in s else s + dice.choice(("", ":0")) for s in data]
        controls = [s for s in node.input if s[0] == "^"]
        dice.shuffle(controls)
        del copy.input[:]
        copy.input.extend(
            s.replace(node_of(s), _counted_on(node_of(s), offset), 1) for s in (*data, *controls)
        )
        if "frame_name" in copy.attr:
            copy.attr["frame_name"].s += b"_%d" % offset
        copy.attr.pop("_class", None)  # names other nodes
        copy.attr["_note"].i = dice.randint(0, 9)
        for attribute in op_definition(copy.op).attr if op_definition(copy.op) else ():
            if attribute.HasField("default_value") and attribute.name not in copy.attr:
                copy.attr[attribute.name].CopyFrom(attribute.default_value)
    return result, [s.replace(node_of(s), _counted_on(node_of(s), offset), 1) for s in outputs]


def _counted_on(name: str, offset: int) -> str:
    def part(match: re.Match[str]) -> str:
        return f"{match[1]}{match[2]}_{int(match[3] or 0) + offset}"

    return re.sub(rf"(^|/)({_COUNTED})(?:_(\d+))?(?=/|$)", part, name)
