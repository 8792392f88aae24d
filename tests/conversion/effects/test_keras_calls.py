"""Files of Keras that spell what they call in ways of their own; a marker file tells what ran."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest
import tf_keras
from archive_edits import edited

from cmsml_tasks.conversion import open_model
from cmsml_tasks.errors import ConversionError

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
]


def function(module: str, name: str) -> dict[str, Any]:
    return {"class_name": "function", "module": module, "config": name, "registered_name": name}


def runs(called: dict[str, Any], argument: str) -> dict[str, Any]:
    """Describe a model that calls a function on a text when tf-keras reads it."""
    inputs = {"batch_input_shape": [None, 2], "dtype": "float32", "name": "i"}
    code = {
        "name": "l", "function": called, "function_type": "function", "module": None,
        "output_shape": None, "output_shape_type": "raw", "output_shape_module": None,
        "arguments": {},
    }  # fmt: skip
    layers = [
        {"class_name": "InputLayer", "name": "i", "inbound_nodes": [], "config": inputs},
        {
            "class_name": "Lambda", "name": "l", "config": code,
            "inbound_nodes": [[["_CONSTANT_VALUE", -1, argument, {}]]],
        },
    ]  # fmt: skip
    for layer in layers:
        layer |= {"module": "tf_keras.layers", "registered_name": None}
    return {
        "class_name": "Functional",
        "module": "tf_keras.src.engine.functional",
        "registered_name": "Functional",
        "config": {
            "name": "m", "trainable": True, "layers": layers,
            "input_layers": [["i", 0, 0]], "output_layers": [["i", 0, 0]],
        },
    }  # fmt: skip


def changed(tmp_path: Path, package: Any, change: Callable[[dict[str, Any]], Any]) -> Path:
    """Return a file of *package* whose layer 'd' is changed, or all of what it describes."""
    x = package.Input((2,), name="x")
    package.Model(x, package.layers.Dense(3, name="d")(x)).save(tmp_path / "whole.keras")

    def edit(text: str) -> str:
        config = json.loads(text)
        layer = next(each for each in config["config"]["layers"] if each["config"]["name"] == "d")
        return json.dumps(change(layer) or config)

    path = tmp_path / "model.keras"
    edited(tmp_path / "whole.keras", path, edit)
    return path


def getoutput(folder: Path) -> dict[str, Any]:
    return runs(function("subprocess", "getoutput"), f"touch {folder / 'RAN'}")


def in_losses(layer: dict[str, Any], folder: Path) -> None:
    layer["config"]["units"] = {"compile_config": getoutput(folder)}


def function_as_class(layer: dict[str, Any], folder: Path) -> dict[str, Any]:
    called = {"class_name": "model_from_json", "module": "keras.models", "config": {}}
    return runs(called, json.dumps(getoutput(folder)))


def plain_function(layer: dict[str, Any], folder: Path) -> dict[str, Any]:
    return getoutput(folder)


def second_name(layer: dict[str, Any], folder: Path) -> None:
    layer["config"]["activation"] = function("builtins", "none") | {"registered_name": "exec"}


@pytest.mark.parametrize("change", [in_losses, function_as_class, plain_function, second_name])
def test_code_in_a_file_of_keras_2(change: Callable[..., Any], tmp_path: Path) -> None:
    path = changed(tmp_path, tf_keras, lambda layer: change(layer, tmp_path))
    with pytest.raises(ConversionError, match=r"holds Python code|is no part of a network"):
        open_model(path)
    assert not (tmp_path / "RAN").exists()


@pytest.mark.parametrize(
    "spelled",
    [
        {"class_name": "Lambda", "module": "tf_keras.src.layers.core.lambda_layer"},
        {"class_name": "Nothing", "module": "keras.layers", "registered_name": "Lambda"},
        {"class_name": "layers.Lambda", "module": "keras"},
    ],
)
def test_code_under_another_spelling(spelled: dict[str, Any], tmp_path: Path) -> None:
    described = {"config": {"name": "d"}, "registered_name": None} | spelled
    path = changed(tmp_path, tf_keras, lambda layer: layer["config"].update(units=described))
    with pytest.raises(ConversionError, match=r"holds Python code|is no part of a network"):
        open_model(path)


def test_what_a_users_module_imports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "layers_that_import.py").write_text(
        "import os\nimport tf_keras\n\nclass Own(tf_keras.layers.Layer):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    def change(layer: dict[str, Any]) -> None:
        own = {"class_name": "Own", "module": "layers_that_import", "config": {}}
        layer["config"]["kernel_initializer"] = own
        layer["config"]["activation"] = function("layers_that_import", "os.system")

    path = changed(tmp_path, tf_keras, change)
    with pytest.raises(ConversionError, match=r"asks for 'os\.system' of the module 'layers_that"):
        open_model(path, custom_modules=["layers_that_import"])


def test_module_of_a_type_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "module_that_writes.py").write_text(f"open({str(tmp_path / 'RAN')!r}, 'w')")
    monkeypatch.syspath_prepend(tmp_path)
    described = {
        "class_name": "__typespec__", "module": "module_that_writes", "spec_name": "Spec",
        "registered_name": None, "config": [],
    }  # fmt: skip
    path = changed(tmp_path, tf_keras, lambda layer: layer["config"].update(activation=described))
    with pytest.raises(ConversionError, match="asks for 'Spec' of the module 'module_that"):
        open_model(path)
    assert not (tmp_path / "RAN").exists()


def test_operation_of_tensorflow_1_that_reaches_outside(tmp_path: Path) -> None:
    node = {"name": "w", "op": "WriteFile", "input": ["a", "b"]}
    described = {
        "class_name": "TensorFlowOpLayer", "module": "tf_keras.src.engine.base_layer",
        "registered_name": None, "config": {"name": "w", "node_def": node, "constants": {}},
    }  # fmt: skip
    path = changed(tmp_path, tf_keras, lambda layer: layer["config"].update(units=described))
    with pytest.raises(ConversionError, match=r"'w' runs an operation .*\(WriteFile\) writes a f"):
        open_model(path)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("keras.datasets.mnist", "load_data"),
        ("keras.utils", "plot_model"),
        ("keras", "utils.plot_model"),
        ("keras.models", "clone_model"),
        ("keras.layers", "deserialize"),
        ("builtins", "deserialize"),
    ],
)
@pytest.mark.parametrize("as_class", [False, True])
def test_functions_of_keras_3_that_do_more(
    module: str, name: str, as_class: bool, tmp_path: Path
) -> None:
    described = function(module, name)
    if as_class:
        described |= {"class_name": name, "config": {}}
    path = changed(tmp_path, keras, lambda layer: layer["config"].update(activation=described))
    with pytest.raises(ConversionError, match=f"asks for '{name}' of the module '{module}'"):
        open_model(path)


@pytest.mark.parametrize(
    ("module", "name"), [("builtins", "relu"), ("keras.ops", "tanh"), ("keras.activations", "elu")]
)
def test_functions_of_keras_3_that_compute(module: str, name: str, tmp_path: Path) -> None:
    described = function(module, name)
    path = changed(tmp_path, keras, lambda layer: layer["config"].update(activation=described))
    assert open_model(path).signature.outputs


@pytest.mark.parametrize("package", [keras, tf_keras])
@pytest.mark.parametrize(
    "spelled",
    [
        {"class_name": "Nothing", "registered_name": "StringLookup", "module": "keras.layers"},
        {"class_name": "layers.StringLookup", "registered_name": None, "module": "keras"},
        {"class_name": "Words", "registered_name": "own>Words", "module": "own"},
    ],
)
def test_vocabulary_under_another_spelling(
    spelled: dict[str, Any], package: Any, tmp_path: Path
) -> None:
    words = {"config": {"name": "look", "vocabulary": "/etc/hostname"}}
    path = changed(tmp_path, package, lambda layer: layer["config"].update(units=spelled | words))
    with pytest.raises(ConversionError, match=r"'look' .* its vocabulary from .*'/etc/hostname'"):
        open_model(path)


def test_saved_model_in_a_file_of_keras(tmp_path: Path) -> None:
    described = {
        "class_name": "TFSMLayer", "module": "keras.layers", "registered_name": None,
        "config": {"name": "inner", "filepath": str(tmp_path)},
    }  # fmt: skip
    path = changed(tmp_path, keras, lambda layer: layer["config"].update(units=described))
    with pytest.raises(ConversionError, match="if that is a SavedModel, give its folder as the s"):
        open_model(path)


@pytest.mark.parametrize("package", ["tensorflow_decision_forests.keras.core", "ydf.keras"])
def test_decision_forest_in_a_file_of_keras(package: str, tmp_path: Path) -> None:
    path = changed(tmp_path, keras, lambda layer: layer.update(module=package))
    with pytest.raises(ConversionError, match=r"'d' \(Dense\) is of a decision forest .*to_cpp"):
        open_model(path)
