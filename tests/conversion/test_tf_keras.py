"""Models of tf-keras: names, files, and what is said where it is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import tf_keras
from tf_keras_cases import Subclassed, X, saved, tagger

from cmsml_tasks.conversion import frozen_graph_def, open_model, trace
from cmsml_tasks.errors import ConversionError, ConversionTypeError

layers = tf_keras.layers


def names(obj: Any) -> tuple[list[str], list[str]]:
    signature = trace(obj).signature
    return [i.name for i in signature.inputs], [o.name for o in signature.outputs]


def test_names_are_those_that_the_user_gave() -> None:
    x, y = tf_keras.Input((4,)), tf_keras.Input((4,), name="named")
    inner = tf_keras.Model(x, layers.Dense(2)(x))
    score = layers.Dense(2, name="score")(y)
    assert names(tf_keras.Model([x, y], [score, score * 2, inner(x)])) == (
        ["input_0", "named"],
        ["score", "output_1", "output_2"],
    )
    assert names(tf_keras.Model({"a": x, "b": y}, {"s": score})) == (["a", "b"], ["s"])
    assert names(tf_keras.Sequential([layers.Dense(2, input_shape=(4,))])) == (
        ["input"],
        ["output"],
    )
    first = layers.Dense(2, input_shape=(4,), name="jets")
    assert names(tf_keras.Sequential([first])) == (["jets_input"], ["jets"])


def test_batch_size_is_fixed_where_the_user_said_so() -> None:
    model = tf_keras.Sequential([layers.Dense(2)])
    model(X)
    assert trace(model).signature.inputs[0].shape == (None, 4)
    model = tf_keras.Sequential([tf_keras.Input((4,), batch_size=6), layers.Dense(2)])
    assert trace(model).signature.inputs[0].shape == (6, 4)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tf_keras.Sequential([layers.Dense(2)]), "was never called.*call it on data"),
        (Subclassed, "was never called.*call it on data"),
    ],
)
def test_model_that_was_never_called(make: Any, message: str) -> None:
    with pytest.raises(ConversionError, match=message):
        trace(make())


def test_model_that_was_called_with_keywords() -> None:
    model = Subclassed()
    model({"jets": X, "met": X[:, :2]}, kinds=X[:, 0].astype("int32") * 0)
    with pytest.raises(ConversionError, match=r"called with keywords \(kinds\)"):
        trace(model)


@pytest.mark.parametrize("kind", ["sparse", "ragged"])
def test_input_that_is_not_dense(kind: str) -> None:
    x = tf_keras.Input((4,), name="x", **{kind: True})
    with pytest.raises(ConversionError, match=rf"'x' is {kind}, .*tf.function"):
        trace(tf_keras.Model(x, x))


def test_layer_is_no_model() -> None:
    with pytest.raises(ConversionTypeError, match="put the layer into a Sequential model"):
        trace(layers.Dense(2))


@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_file_that_needs_tf_keras_where_there_is_none(
    ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = saved(tagger(), tmp_path / f"tagger{ending}")
    monkeypatch.setitem(sys.modules, "tf_keras", None)
    with pytest.raises(ConversionError, match=r"Keras 3(.|\n)*pip install 'cmsml_tasks\[tf-keras"):
        open_model(path)


def test_file_that_neither_can_read(tmp_path: Path) -> None:
    """Both say why; no code is run from a file, old as it may be."""
    doubled = layers.Lambda(lambda x: x * 2)
    path = saved(tf_keras.Sequential([tf_keras.Input((4,)), doubled]), tmp_path / "model.h5")
    with pytest.raises(ConversionError) as info:
        open_model(path)
    text = str(info.value)
    assert text.startswith("Keras 3")
    assert "\ntf-keras 2" in text
    assert "Requested the deserialization of a" in text
    assert "(Lambda) holds Python code, which is not run from a file" in text
    assert "write a class derived from tf_keras.layers.Layer" in text


CUSTOM = """
import tf_keras

class Scaled(tf_keras.layers.Layer):
    def call(self, x):
        return x * 2
"""


def test_custom_layers_of_a_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "layers_of_keras_2.py").write_text(CUSTOM)
    monkeypatch.syspath_prepend(tmp_path)
    from layers_of_keras_2 import Scaled

    model = tf_keras.Sequential([tf_keras.Input((4,), name="x"), Scaled(name="y")])
    path = saved(model, tmp_path / "model.h5")
    with pytest.raises(ConversionError, match=r"Keras 3(.|\n)*tf-keras 2(.|\n)*Scaled"):
        open_model(path)
    traced = open_model(path, custom_modules=["layers_of_keras_2"])
    assert traced.run({"x": X})["y"].tolist() == (X * 2).tolist()


IMPORTS = """
import sys
import keras
from cmsml_tasks.conversion import frozen_graph_def, open_model

keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)]).save("three.keras")
frozen_graph_def(open_model("three.keras"))
assert "tf_keras" not in sys.modules
frozen_graph_def(open_model(sys.argv[1]))
assert "tf_keras" in sys.modules
"""
LEGACY = """
import sys
import tensorflow as tf
from cmsml_tasks.conversion import frozen_graph_def, open_model, trace

model = tf.keras.Sequential([tf.keras.Input((4,), name="x"), tf.keras.layers.Dense(2)])
assert type(model).__module__.startswith("tf_keras.")
nodes = frozen_graph_def(trace(model)).node
assert [node.name for node in nodes if node.op == "Placeholder"] == ["x"]
frozen_graph_def(open_model(sys.argv[1]))
"""


@pytest.mark.parametrize(("script", "legacy"), [(IMPORTS, "0"), (LEGACY, "1")])
def test_tf_keras_comes_with_its_files_or_as_the_keras_of_tensorflow(
    script: str, legacy: str, tmp_path: Path
) -> None:
    path = saved(tagger(), tmp_path / "tagger.h5")
    child = subprocess.run(
        [sys.executable, "-c", script, str(path)], cwd=tmp_path, timeout=300, check=False,
        env={**os.environ, "TF_USE_LEGACY_KERAS": legacy}, capture_output=True, text=True,
    )  # fmt: skip
    assert child.returncode == 0, child.stderr


def test_models_built_before_do_not_show() -> None:
    first, second = (
        frozen_graph_def(trace(tagger())).SerializeToString(deterministic=True) for _ in "ab"
    )
    assert first == second
