"""Files of Keras that would have others read, or call what is no part of a network."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
import tf_keras

from cmsml_tasks.conversion import open_model
from cmsml_tasks.errors import ConversionError

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
]


def saved(path: Path, package: Any = keras) -> Path:
    x = package.Input((2,), name="x")
    package.Model(x, package.layers.Dense(3, name="d")(x)).save(path)
    return path


def kernel_of(file: h5py.File) -> str:
    found: list[str] = []
    file.visititems(
        lambda name, item: found.append(name) if getattr(item, "shape", None) == (2, 3) else None
    )
    return found[0]


def external_storage(file: h5py.File, secret: Path) -> None:
    np.arange(6, dtype="f4").tofile(secret)
    kernel = kernel_of(file)
    del file[kernel]
    file.create_dataset(kernel, (2, 3), "f4", external=[(str(secret), 0, 24)])


def external_link(file: h5py.File, secret: Path) -> None:
    with h5py.File(secret, "w") as other:
        other["kernel"] = np.ones((2, 3), "f4")
    kernel = kernel_of(file)
    del file[kernel]
    file[kernel] = h5py.ExternalLink(str(secret), "/kernel")


def virtual(file: h5py.File, secret: Path) -> None:
    with h5py.File(secret, "w") as other:
        other["kernel"] = np.ones((2, 3), "f4")
    kernel = kernel_of(file)
    del file[kernel]
    layout = h5py.VirtualLayout((2, 3), "f4")
    layout[:] = h5py.VirtualSource(str(secret), "kernel", (2, 3))
    file.create_virtual_dataset(kernel, layout)


@pytest.mark.parametrize("package", [keras, tf_keras])
@pytest.mark.parametrize("change", [external_storage, external_link, virtual])
def test_hdf5_that_reads_another_file(change: Callable[..., None], package: Any, tmp_path: Path):
    path = saved(tmp_path / "model.h5", package)
    with h5py.File(path, "r+") as file:
        change(file, tmp_path / "secret.bin")
    with pytest.raises(ConversionError, match=r"model\.h5 has .*'.*secret\.bin'.*no other file"):
        open_model(path)


def rewritten(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("block", [0, 512, 2048])
@pytest.mark.parametrize("package", [keras, tf_keras])
def test_weights_in_an_archive_that_lie_elsewhere(package: Any, block: int, tmp_path: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        held, target = io.BytesIO(members["model.weights.h5"]), io.BytesIO()
        with h5py.File(held) as source, h5py.File(target, "w", userblock_size=block) as file:
            for name in source:
                source.copy(name, file)
            external_link(file, tmp_path / "secret.bin")
        members["model.weights.h5"] = target.getvalue()

    path = rewritten(saved(tmp_path / "model.keras", package), change)
    with pytest.raises(ConversionError, match=r"^the model\.weights\.h5 in .*'.*secret\.bin'"):
        open_model(path)


def test_member_of_an_archive_that_leaves_it(tmp_path: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        members["assets/../../victim.txt"] = b"hello"

    path = rewritten(saved(tmp_path / "model.keras"), change)
    with pytest.raises(ConversionError, match=r"unpack 'assets/\.\./\.\./victim\.txt' outside"):
        open_model(path)


def test_archive_that_describes_nothing(tmp_path: Path) -> None:
    path = rewritten(
        saved(tmp_path / "model.keras"), lambda members: members.update({"config.json": b"[" * 10})
    )
    with pytest.raises(ConversionError, match="describes its model in what is no JSON"):
        open_model(path)


def lookup_from(package: Any, words: Any) -> Any:
    x = package.Input((), dtype="string", name="x")
    return package.Model(x, package.layers.StringLookup(vocabulary=words, name="look")(x))


@pytest.mark.parametrize("package", [keras, tf_keras])
@pytest.mark.parametrize("ending", [".keras", ".h5"])
def test_vocabulary_named_by_a_path(ending: str, package: Any, tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("a\nb\n")
    path = tmp_path / f"model{ending}"
    lookup_from(package, ["a", "b"]).save(path)
    assert open_model(path).run({"x": np.array(["b"])})

    def named(text: bytes) -> bytes:
        config = json.loads(text)
        layer = next(
            each for each in config["config"]["layers"] if each["config"]["name"] == "look"
        )
        layer["config"]["vocabulary"] = str(tmp_path / "words.txt")
        return json.dumps(config).encode()

    if ending == ".keras":
        rewritten(
            path, lambda members: members.update({"config.json": named(members["config.json"])})
        )
    else:
        with h5py.File(path, "r+") as file:
            file.attrs["model_config"] = named(file.attrs["model_config"])
    with pytest.raises(ConversionError, match=r"'look' \(StringLookup\).*'.*words\.txt'.*a list"):
        open_model(path)


def test_vocabulary_that_was_given_by_a_path_is_kept_inside(tmp_path: Path) -> None:
    words = tmp_path / "words.txt"
    words.write_text("a\nb\n")
    lookup_from(keras, str(words)).save(tmp_path / "model.keras")
    words.unlink()
    looked_up = open_model(tmp_path / "model.keras").run({"x": np.array(["b"])})
    assert [value.tolist() for value in looked_up.values()] == [[2]]


def keras_2_config(path: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    """Change what the HDF5 file *path* says of its model."""
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        change(config)
        file.attrs["model_config"] = json.dumps(config).encode()
    return path


@pytest.mark.parametrize(
    ("symbol", "harmless"),
    [
        ("math.multiply", True),
        ("nn.relu", True),
        ("io.read_file", False),
        ("io.gfile.rmtree", False),
        ("raw_ops.WriteFile", False),
        ("keras.utils.get_file", False),
        ("py_function", False),
    ],
)
def test_functions_that_files_of_keras_2_call(symbol: str, harmless: bool, tmp_path: Path) -> None:
    x = tf_keras.Input((2,), name="x")
    path = tmp_path / "model.h5"
    y = x * 2 if symbol == "math.multiply" else tf.nn.relu(x)
    tf_keras.Model(x, y).save(path)

    def change(config: dict[str, Any]) -> None:
        layer = next(
            each for each in config["config"]["layers"] if each["class_name"] == "TFOpLambda"
        )
        layer["config"]["function"] = symbol

    keras_2_config(path, change)
    if harmless:
        assert open_model(path).signature.outputs
    else:
        with pytest.raises(ConversionError, match=f"calls tf.{symbol}, which does more"):
            open_model(path)


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("subprocess", "call"),
        ("builtins", "exec"),
        ("keras.utils", "get_file"),
        ("keras", "utils.get_file"),
        ("antigravity", "fly"),
    ],
)
def test_modules_that_files_of_keras_2_name(module: str, name: str, tmp_path: Path) -> None:
    def change(members: dict[str, bytes]) -> None:
        config = json.loads(members["config.json"])
        layer = next(each for each in config["config"]["layers"] if each["config"]["name"] == "d")
        layer["config"]["activation"] = {
            "module": module,
            "class_name": "function",
            "config": name,
            "registered_name": name,
        }
        members["config.json"] = json.dumps(config).encode()

    path = rewritten(saved(tmp_path / "model.keras", tf_keras), change)
    with pytest.raises(ConversionError, match=f"asks for '{name}' of the module '{module}'"):
        open_model(path)
