"""SavedModels with a vocabulary, and changes of what is written in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

WORDS = np.array([["b"], ["?"]])


def vocabulary(folder: Path) -> Path:
    (folder / "words.txt").write_text("a\nb\n")
    return folder / "words.txt"


class Finds(tf.Module):  # type: ignore[misc]
    def __init__(self, words: Path) -> None:
        super().__init__()
        rows = tf.lookup.TextFileInitializer(
            str(words), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, -1
        )
        self.table = tf.lookup.StaticHashTable(rows, -1)

    @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.string, name="x")])  # type: ignore[untyped-decorator]
    def __call__(self, x: Any) -> Any:
        return {"out": self.table.lookup(x)}


def edited(folder: Path, change: Callable[[Any], None]) -> Path:
    path = folder / "saved_model.pb"
    saved = SavedModel.FromString(path.read_bytes())
    change(saved.meta_graphs[0])
    path.write_bytes(saved.SerializeToString())
    return folder
