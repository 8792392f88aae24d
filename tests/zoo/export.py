"""Child process: freezes the models of the zoo.

Writes for each model into a folder of its name ``graph.pb``, ``feeds.npz`` and ``expected.npz``
(the original's outputs), arrays by tensor name without ``:0``, strings as bytes of fixed length,
and ``model.json``: some attributes of ``zoo.Model``. Beside the folders
lies ``digests.json``: by model, the SHA-256 of its ``graph.pb``, or the error.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from cmsml_tasks.conversion import frozen_graph_def


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path)
    parser.add_argument("--order", choices=["forward", "reversed", "shuffled"], default="forward")
    parser.add_argument("--only", type=lambda names: names.split(","), help="names, with commas")
    parser.add_argument("--built-before", type=int, default=0, help="models built before, for once")
    parser.add_argument("--threads", type=int, default=0, help="of both kinds; 0: TensorFlow's own")
    return parser.parse_args()


def in_order(names: list[str], order: str) -> list[str]:
    if order == "shuffled":
        return random.Random(5).sample(names, len(names))
    return names[::-1] if order == "reversed" else names


def build_others(number: int) -> None:
    """Move the counters of Keras and TensorFlow on, each by another step."""
    import keras
    import tensorflow as tf

    for size in range(number):
        x = keras.Input((3, 2))
        sequence = keras.layers.LSTM(2, return_sequences=True)(keras.layers.Dense(size + 1)(x))
        model = keras.Model(x, keras.layers.GRU(2)(sequence)[:, 0] * 2.0)
        tf.function(lambda x, model=model: tf.map_fn(model, x[:, None]))(tf.ones((1, 3, 2)))


def plain(array: np.ndarray) -> np.ndarray:
    return array.astype("S") if array.dtype == object else array


def export(folder: Path, make: Callable[[], Any]) -> str:
    from cmsml_tasks.conversion import Traced, trace, write_graph

    model = make()
    traced = model.obj
    if not isinstance(traced, Traced):
        traced = trace(model.obj, model.input_names, model.output_names)
    folder.mkdir(parents=True)
    np.savez(folder / "feeds.npz", **model.feeds)
    expected: Mapping[str, np.ndarray] = traced.run(model.feeds)
    np.savez(folder / "expected.npz", **{name: plain(a) for name, a in expected.items()})
    facts = ("outputs", "exact", "tolerance", "told_by_model")
    about = {fact: getattr(model, fact) for fact in facts}
    (folder / "model.json").write_text(json.dumps(about))
    write_graph(folder / "graph.pb", frozen_graph_def(traced))
    return hashlib.sha256((folder / "graph.pb").read_bytes()).hexdigest()


def main() -> None:
    options = arguments()
    # the folder of this file has modules that are called as others are
    sys.path[0] = str(Path(__file__).parents[1])
    import tensorflow as tf

    if options.threads:
        tf.config.threading.set_intra_op_parallelism_threads(options.threads)
        tf.config.threading.set_inter_op_parallelism_threads(options.threads)
    from zoo import ZOO

    build_others(options.built_before)
    digests = {}
    for name in in_order(options.only or list(ZOO), options.order):
        try:
            digests[name] = export(options.out / name, ZOO[name])
        except Exception as error:  # one bad model must not hide the others
            digests[name] = f"{type(error).__name__}: {error}"
    text = json.dumps(digests, indent=1, sort_keys=True)
    (options.out / "digests.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
