"""Files of Keras whose descriptions are none, or ask for more than there is."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest

from cmsml_tasks.conversion import open_model
from cmsml_tasks.errors import ConversionError

pytestmark = [
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file"),
]


def saved(path: Path) -> Path:
    x = keras.Input((2,), name="x")
    keras.Model(x, keras.layers.Dense(3, name="d")(x)).save(path)
    return path


def change_member(path: Path, name: str, change: Callable[[str], str]) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    members[name] = change(members[name].decode()).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for each, content in members.items():
            archive.writestr(each, content)


@pytest.mark.parametrize("number", ["2147483648", "1e30", "[3, 9999999999]"])
def test_layer_that_no_memory_holds(number: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "model.keras")
    change_member(path, "config.json", lambda text: text.replace('s": 3', f's": {number}'))
    with pytest.raises(ConversionError, match=r"the layer 'd' has units [\d,]+.*has no weights"):
        open_model(path)


def test_weight_that_no_memory_holds(tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    with h5py.File(path, "r+") as file:
        file.create_dataset("much", (2**20, 2**20), "f4", chunks=True)
    with pytest.raises(ConversionError, match=r"says that 'much' has 4,398,046,511,104 bytes"):
        open_model(path)


@pytest.mark.parametrize("value", [np.void(b"\0\1"), np.zeros(3), 1.5])
def test_description_that_is_no_text(value: Any, tmp_path: Path) -> None:
    path = saved(tmp_path / "model.h5")
    with h5py.File(path, "r+") as file:
        file.attrs["model_config"] = value
    with pytest.raises(ConversionError, match="describes its model in what is no JSON"):
        open_model(path)


@pytest.mark.parametrize("metadata", ["{", "[]", '"3"', "{}"])
def test_broken_metadata(metadata: str, tmp_path: Path) -> None:
    path = saved(tmp_path / "model.keras")
    change_member(path, "config.json", lambda text: text.replace('"Dense"', '"Dence"'))
    change_member(path, "metadata.json", lambda _: metadata)
    with pytest.raises(ConversionError, match=r"cannot read .*model\.keras"):
        open_model(path)
