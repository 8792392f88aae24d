"""Helpers for tests of finished models on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from cmsml_tasks.conversion import Traced, frozen_graph_def, read_graph, write_graph

tf1 = tf.compat.v1


def interface(traced: Traced) -> tuple[list[str], list[str]]:
    signature = traced.signature
    return [i.name for i in signature.inputs], [o.name for o in signature.outputs]


def random_inputs(traced: Traced) -> dict[str, Any]:
    generator = np.random.default_rng(1)
    return {
        info.name: generator.normal(size=[n or 5 for n in info.shape or ()]).astype(info.dtype)
        for info in traced.signature.inputs
    }


def evaluated(
    path: Path, inputs: dict[str, Any], outputs: list[str], as_written: bool = True
) -> list[Any]:
    config = tf1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = as_written
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(read_graph(path), name="")
        with tf1.Session(graph=graph, config=config) as session:
            feeds = {f"{name}:0": value for name, value in inputs.items()}
            return session.run([f"{name}:0" for name in outputs], feeds)


def check_frozen(traced: Traced, folder: Path) -> dict[str, Any]:
    """The frozen graph gives what the original gives; returns that."""
    inputs = random_inputs(traced)
    expected = traced.run(inputs)
    write_graph(folder / "frozen.pb", frozen_graph_def(traced))
    values = evaluated(folder / "frozen.pb", inputs, list(expected))
    for value, (name, original) in zip(values, expected.items(), strict=True):
        np.testing.assert_allclose(value, original, rtol=2e-6, atol=2e-7, err_msg=name)
    return expected


def cut(path: Path, part: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * part)])
