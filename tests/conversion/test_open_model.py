"""Finished models on disk: opened, run, frozen, with the names from the file."""

from __future__ import annotations

import shutil
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from conversion_cases import (
    Subclassed,
    X,
    functional,
    graph_of_constants,
    in_lists,
    rows,
    sequential,
    session_with,
)
from opening import check_frozen, cut, evaluated, interface

from cmsml_tasks.conversion import frozen_graph_def, open_model, save_graph, write_graph
from cmsml_tasks.errors import ConversionError

tf1 = tf.compat.v1
pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
]


@pytest.mark.parametrize("ending", [".keras", ".h5", ".hdf5"])
@pytest.mark.parametrize(
    ("make", "names"),
    [
        (sequential, (["input"], ["output"])),
        (functional, (["jets", "leptons"], ["cls", "reg"])),
        (in_lists, (["input_0", "named"], ["output_0", "score"])),
    ],
)
def test_keras_files(
    make: Callable[[], Any], names: tuple[list[str], list[str]], ending: str, tmp_path: Path
) -> None:
    model = make()
    path = tmp_path / f"model{ending}"
    model.save(path)
    traced = open_model(path)
    assert interface(traced) == names
    check_frozen(traced, tmp_path)


def test_registered_subclass(tmp_path: Path) -> None:
    model = Subclassed()
    expected = model(X, training=False)
    model.save(tmp_path / "model.keras")
    traced = open_model(tmp_path / "model.keras")
    assert interface(traced) == (["input"], ["output"])
    np.testing.assert_array_equal(traced.run({"input": X})["output"], expected)
    check_frozen(traced, tmp_path)


OWN_LAYERS = '''
import keras

def swish2(x):
    return x * keras.ops.sigmoid(2 * x)

def relu(x):
    """A namesake of Keras's own, which must not take its place."""
    return 0 * x

class Shift(keras.layers.Layer):
    def call(self, x):
        return x + 1
'''


def test_plain_classes_and_functions_of_custom_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own_layers_of_a_recipe.py").write_text(OWN_LAYERS)
    import own_layers_of_a_recipe as own

    layers = [
        keras.Input((4,), name="x"),
        keras.layers.Dense(3, activation=own.swish2),
        own.Shift(),
        keras.layers.Dense(2, activation="relu", name="y"),
    ]
    model = keras.Sequential(layers)
    model.layers[-1].bias.assign([5.0, 6.0])
    model.save(tmp_path / "model.keras")
    with pytest.raises(ConversionError, match=r"asks for 'swish2', 'Shift' of own_layers_of"):
        open_model(tmp_path / "model.keras")
    traced = open_model(tmp_path / "model.keras", custom_modules=["own_layers_of_a_recipe"])
    np.testing.assert_array_equal(traced.run({"x": X})["y"], model(X))
    check_frozen(traced, tmp_path)


def test_lambda_layer_is_refused_with_advice(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x * 2)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(ConversionError, match=r"Lambda layer holds Python code.*keras.ops") as info:
        open_model(tmp_path / "model.keras")
    assert str(tmp_path / "model.keras") in str(info.value)


def test_messages_are_short(tmp_path: Path) -> None:
    class Unknown(keras.layers.Layer):
        def call(self, x: Any) -> Any:
            return x

    keras.Sequential([keras.Input((2,)), Unknown()]).save(tmp_path / "model.keras")
    with pytest.raises(
        ConversionError, match=r"cannot read .*: Could not locate class 'Unkn"
    ) as info:
        open_model(tmp_path / "model.keras")
    assert "config" not in str(info.value)
    assert str(info.value).count("\n") == 1


def test_subclass_without_get_config_is_refused_with_advice(tmp_path: Path) -> None:
    class NoConfig(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = NoConfig()
    model(X)
    model.save(tmp_path / "model.keras")
    with pytest.raises(ConversionError, match=r"'NoConfig' of test_open_model; name what has it"):
        open_model(tmp_path / "model.keras")


def test_broken_keras_files(tmp_path: Path) -> None:
    model = sequential()
    good, weights = tmp_path / "model.keras", tmp_path / "model.weights.h5"
    model.save(good)
    model.save(tmp_path / "model.h5")
    model.save_weights(weights)
    cases: list[tuple[str, Callable[[Path], Any], str]] = [
        ("empty.keras", lambda p: p.write_bytes(b""), "is empty"),
        ("empty.h5", lambda p: p.write_bytes(b""), "is empty"),
        ("cut.keras", lambda p: (shutil.copy(good, p), cut(p, 0.7)), "only a part of a .keras"),
        ("cut.h5", lambda p: (shutil.copy(tmp_path / "model.h5", p), cut(p, 0.7)), "only a part"),
        ("text.keras", lambda p: p.write_text("hello"), "no .keras file but something else"),
        ("text.h5", lambda p: p.write_text("hello"), "no HDF5 file but something else"),
        ("hdf5.keras", lambda p: shutil.copy(weights, p), "an HDF5 file"),
        ("zip.h5", lambda p: shutil.copy(good, p), "a Keras model; name it .keras"),
        ("weights.h5", lambda p: shutil.copy(weights, p), "holds weights but no model"),
        ("graph.keras", lambda p: p.write_bytes(b"\x08\x08\x12\x03abc"), "perhaps an ONNX"),
    ]
    for name, make, message in cases:
        make(tmp_path / name)
        with pytest.raises(ConversionError, match=message) as caught:
            open_model(tmp_path / name)
        assert str(tmp_path / name) in str(caught.value)
    with zipfile.ZipFile(tmp_path / "other.keras", "w") as archive:
        archive.writestr("readme", "nothing")
    with pytest.raises(ConversionError, match="zip archive without a Keras model"):
        open_model(tmp_path / "other.keras")


@pytest.mark.parametrize("name", ["graph.pb", "graph.pb.txt"])
def test_frozen_graph_keeps_names_and_numbers(name: str, tmp_path: Path) -> None:
    session = session_with(True)
    save_graph(tmp_path / name, session, True, ["output", "hidden"])
    traced = open_model(tmp_path / name)
    assert interface(traced) == (["x", "shift"], ["output", "hidden"])
    inputs = {"x": X, "shift": rows(3)}
    expected = session.run(["output:0", "hidden:0"], {"x:0": X, "shift:0": rows(3)})
    write_graph(tmp_path / "again.pb", frozen_graph_def(traced))
    again = evaluated(tmp_path / "again.pb", inputs, ["output", "hidden"])
    for original, first, second in zip(expected, traced.run(inputs).values(), again, strict=True):
        np.testing.assert_array_equal(first, original)
        np.testing.assert_array_equal(second, original)


@pytest.mark.parametrize("name", ["exteta1_modelDNN.pb", "exteta1_modelDNN.pb.txt"])
def test_graph_that_cms_ran_in_production(name: str, shared_data: Path, tmp_path: Path) -> None:
    path = shared_data / "egamma_pfid" / name
    traced = open_model(path)
    assert interface(traced) == (["FirstLayer_input"], ["Identity"])
    assert traced.signature.inputs[0].shape == (None, 28)
    inputs = {"FirstLayer_input": rows(100, 28)}
    write_graph(tmp_path / "graph.pb", frozen_graph_def(traced))
    for as_written in (True, False):
        (original,) = evaluated(path, inputs, ["Identity"], as_written)
        (written,) = evaluated(tmp_path / "graph.pb", inputs, ["Identity"], as_written)
        assert np.ptp(original) > 0.1
        np.testing.assert_array_equal(written, original)
        if as_written:
            np.testing.assert_array_equal(traced.run(inputs)["Identity"], original)


def shapeless() -> Any:
    """A graph as TensorFlow 1 froze them: no shape, an old version."""
    graph_def = graph_of_constants().as_graph_def()
    for node in graph_def.node:
        if node.op == "Placeholder":
            del node.attr["shape"]
    graph_def.versions.producer = 22
    return graph_def


def test_graph_without_shapes_runs_and_takes_shapes_from_the_user(tmp_path: Path) -> None:
    path = tmp_path / "graph.pb"
    write_graph(path, shapeless())
    traced = open_model(path)
    assert traced.signature.inputs[0].shape is None
    expected = traced.run({"x": X})["probabilities"]
    assert expected.shape == (6, 3)
    traced = open_model(path, input_shapes={"x": (None, 4)})
    assert traced.signature.inputs[0].shape == (None, 4)
    assert traced.signature.outputs[0].shape == (None, 3)
    with pytest.raises(ConversionError, match=r"it takes \(\?, 4\)"):
        traced.run({"x": X[0]})
    write_graph(tmp_path / "frozen.pb", frozen_graph_def(traced))
    (value,) = evaluated(tmp_path / "frozen.pb", {"x": X}, ["probabilities"])
    np.testing.assert_array_equal(value, expected)
    assert open_model(tmp_path / "frozen.pb").signature == traced.signature


def test_shapes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    write_graph(tmp_path / "graph.pb", graph_of_constants().as_graph_def())
    model = sequential()
    model.save(tmp_path / "model.keras")
    for path, name in ((tmp_path / "graph.pb", "x"), (tmp_path / "model.keras", "input")):
        with pytest.raises(ConversionError, match=rf"for 'wrong', .* no such input .*'{name}'"):
            open_model(path, input_shapes={"wrong": (None, 4)})
        with pytest.raises(ConversionError, match=r"\(\?, 5\) given for .* contradicts"):
            open_model(path, input_shapes={name: (None, 5)})
        with pytest.raises(ConversionError, match=r"has '\[\?,4\]' for '.*', which is no shape"):
            open_model(path, input_shapes={name: "[?,4]"})
        assert open_model(path, input_shapes={name: [None, 4]}).signature.inputs[0].shape
        fixed = open_model(path, input_shapes={name: (2, 4)})
        assert fixed.signature.inputs[0].shape == (2, 4)
        placeholder = next(n for n in frozen_graph_def(fixed).node if n.op == "Placeholder")
        assert [dim.size for dim in placeholder.attr["shape"].shape.dim] == [2, 4]


def test_graph_that_was_saved_without_its_weights(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    with pytest.warns(UserWarning, match="without its 2 weights"):
        save_graph(tmp_path / "net.pb", model)
    with pytest.raises(
        ConversionError, match=r"net\.pb: .*no weights.*variables_to_constants=True"
    ):
        open_model(tmp_path / "net.pb")


def test_hdf5_with_operations_is_refused_with_advice(tmp_path: Path) -> None:
    x = keras.Input((3,))
    model = keras.Model(x, keras.layers.Dense(1)(keras.ops.where(keras.ops.equal(x, 1.0), 0.0, x)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras calls its old format legacy
        model.save(tmp_path / "net.h5")
    with pytest.raises(
        ConversionError, match=r"operations of keras\.ops such as Equal; save it as"
    ):
        open_model(tmp_path / "net.h5")
