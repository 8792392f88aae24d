"""Keras models in files: the same bytes from the same model, and nothing lost."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import archived_models
import keras
import numpy as np
import pytest

from cmsml_tasks.conversion import save_model
from cmsml_tasks.errors import ConversionError, ConversionTypeError, UserError

SCRIPT = Path(archived_models.__file__)
# Keras reads its variables in a way that numpy is about to give up
pytestmark = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept:DeprecationWarning"
)


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Folders in which two processes, unlike in all that must not matter, saved the same models."""
    folders = [tmp_path_factory.mktemp("first"), tmp_path_factory.mktemp("other") / "deep" / "er"]
    children = []
    for number, folder in enumerate(folders):
        folder.mkdir(parents=True, exist_ok=True)
        variables = {"PYTHONHASHSEED": str(number + 1), "MALLOC_PERTURB_": str(50 * number + 7)}
        # in another second, so that a date would show
        command = f"sleep {2 * number}; exec {sys.executable} {SCRIPT} {folder}"
        children.append(
            subprocess.Popen(["sh", "-c", command], env={**os.environ, **variables}, cwd=folder)
        )
    assert [child.wait(timeout=300) for child in children] == [0, 0]
    return folders


@pytest.mark.parametrize("name", list(archived_models.MODELS))
def test_two_processes_write_the_same_bytes(name: str, archives: list[Path]) -> None:
    digests = {
        hashlib.sha256((folder / f"{name}.keras").read_bytes()).hexdigest() for folder in archives
    }
    assert len(digests) == 1


@pytest.mark.parametrize("name", list(archived_models.MODELS))
def test_model_comes_back_as_keras_alone_would_give_it(
    name: str, archives: list[Path], tmp_path: Path
) -> None:
    # Keras's own writing of what it reads is the measure: weights, configuration, optimizer
    model = keras.saving.load_model(archives[0] / f"{name}.keras")
    model.save(tmp_path / "plain.keras")
    save_model(model, tmp_path / "canonical.keras")
    again = keras.saving.load_model(tmp_path / "canonical.keras")
    plain = keras.saving.load_model(tmp_path / "plain.keras")
    assert again.get_config() == plain.get_config()
    assert again.compiled == plain.compiled == (name == "trained")
    kept, found = (
        [*m.weights, *(m.optimizer.variables if m.compiled else [])] for m in (model, again)
    )
    for variable, expected in zip(found, kept, strict=True):
        np.testing.assert_array_equal(variable.numpy(), expected.numpy())


def test_training_goes_on_from_the_file(archives: list[Path]) -> None:
    model = keras.saving.load_model(archives[0] / "trained.keras")
    assert int(model.optimizer.iterations.numpy()) == 2
    assert [metric.name for metric in model.metrics] == ["loss", "compile_metrics"]
    model.fit(np.ones((8, 4), "float32"), np.ones((8, 1)), verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 3


def test_archive_is_plain(archives: list[Path]) -> None:
    with zipfile.ZipFile(archives[0] / "text.keras") as archive:
        entries = archive.infolist()
        assert [entry.filename for entry in entries] == sorted(archive.namelist())
        assert any(entry.filename.endswith("vocabulary.txt") for entry in entries)
        for entry in entries:
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
            assert entry.compress_type == zipfile.ZIP_STORED
            assert entry.external_attr >> 16 == 0o644
        assert json.loads(archive.read("metadata.json")) == {
            "keras_version": keras.__version__,
            "date_saved": "1980-01-01@00:00:00",
        }


def shared_ids(path: Path) -> list[int]:
    with zipfile.ZipFile(path) as archive:
        config = archive.read("config.json").decode()
    return [int(number) for number in re.findall(r'"shared_object_id": (\d+)', config)]


def test_shared_objects_have_numbers_where_keras_has_addresses(tmp_path: Path) -> None:
    model = archived_models.trained()
    model.save(tmp_path / "plain.keras")
    save_model(model, tmp_path / "canonical.keras")
    addresses, numbers = (shared_ids(tmp_path / f"{n}.keras") for n in ("plain", "canonical"))
    assert min(addresses) > 1000
    assert len(set(numbers)) >= 3
    order = list(dict.fromkeys(addresses))
    assert numbers == [order.index(address) + 1 for address in addresses]


def model_of(units: int) -> Any:
    return keras.Sequential([keras.Input((units,)), keras.layers.Dense(units)])


def test_full_disk_leaves_the_old_file(tmp_path: Path, small_disk: Path) -> None:
    path = small_disk / "model.keras"
    save_model(model_of(50), path)
    before = path.read_bytes()
    for units in (180, 300):  # there is room for the unpacked model, and not even for that
        with pytest.raises(UserError, match="No space left on device; free space"):
            save_model(model_of(units), path)
        assert [found.name for found in small_disk.iterdir()] == [path.name]
        assert path.read_bytes() == before


def test_model_that_cannot_be_saved_leaves_the_old_file(tmp_path: Path) -> None:
    class NoConfig(keras.Model):
        def __init__(self, units: int) -> None:
            super().__init__()
            self.dense = keras.layers.Dense(units)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    model = NoConfig(3)
    model(np.zeros((1, 2), "float32"))
    (tmp_path / "model.keras").write_text("old")
    with pytest.raises(NotImplementedError, match="get_config"):
        save_model(model, tmp_path / "model.keras")
    assert (tmp_path / "model.keras").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 1


def test_what_is_no_model_or_has_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConversionTypeError, match="needs a Keras model, not the Dense"):
        save_model(keras.layers.Dense(1), tmp_path / "model.keras")
    for name in ("model", "model.h5", "model.pb"):
        with pytest.raises(ConversionError, match=r"let it end in \.keras"):
            save_model(model_of(2), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_folders_are_made_and_paths_expanded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_FOLDER", str(tmp_path / "deep" / "folder"))
    save_model(model_of(2), "$MODEL_FOLDER/model.keras")
    assert (tmp_path / "deep" / "folder" / "model.keras").stat().st_mode & 0o777 == 0o644
