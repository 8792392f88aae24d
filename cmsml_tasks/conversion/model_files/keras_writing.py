"""Keras models saved so that equal models give equal bytes."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cmsml_tasks.conversion.effects.keras_configs import described_objects
from cmsml_tasks.conversion.graph_files.paths import PathLike, expanded
from cmsml_tasks.conversion.sources.keras.keras_model import is_model
from cmsml_tasks.errors import ConversionError, ConversionTypeError
from cmsml_tasks.files import replacing

_METADATA = "metadata.json"
_CONFIG = "config.json"
_SHARED = "shared_object_id"
_FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that zip archives know
_UNIX = 3
_READABLE = 0o644 << 16
_INSTALLED = {"site-packages", "dist-packages"}


def save_model(model: Any, path: PathLike) -> None:
    """Save a Keras model at *path*; equal models give equal bytes, at any time and in any folder.

    The file is a ``.keras`` archive that every Keras 3 reads: Keras itself writes weights,
    configuration and state of the optimizer. What it changes from one call to the next is fixed:
    the date, the addresses of objects that layers share, times and order in the archive.

    Names belong to a model: those that Keras makes up count the layers of a process (``dense_3``),
    so a model that is built again is equal where as many were built before it, in a process of its
    own or after ``keras.utils.clear_session()``. Equal bytes are no promise across versions of
    Keras or h5py, for Lambda layers (compiled Python), and for layers that a ``set`` holds.

    Args:
        model: a built Keras 3 model, compiled or not.
        path: file to write, ``.keras``; ``~`` and environment variables are expanded, missing
            folders made. It is there as a whole or not at all; meanwhile its folder needs room
            for it twice, but memory is needed for one weight at a time only.

    Raises:
        ConversionTypeError: *model* is no Keras 3 model.
        ConversionError: *path* has another ending.
        UserError: the file cannot be written; nothing is left there, an old file untouched.
    """
    if not is_model(model):
        raise ConversionTypeError(
            f"save_model() needs a Keras model, not the {type(model).__name__} {model!r}"
        )
    path = expanded(path)
    if not path.name.endswith(".keras"):
        raise ConversionError(f"'{path.name}' is no name of a Keras model; let it end in .keras")
    with replacing(path) as sibling:
        folder = sibling.parent / "unpacked"
        _unpacked(model, folder)
        metadata = json.loads((folder / _METADATA).read_text(encoding="utf-8"))
        _rewrite(folder / _METADATA, metadata | {"date_saved": "1980-01-01@00:00:00"})
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
        _rewrite(folder / _CONFIG, _numbered(config, {}))
        _pack(folder, sibling)


def has_own_objects(path: Path) -> bool:
    """Tell whether the ``.keras`` file at *path* names classes or functions that are not Keras'."""
    return _names_own_objects(_config_of(path))


def modules_of_trained(path: Path, modules: Sequence[str]) -> list[str]:
    """Return the modules to import for the ``.keras`` file at *path*, of one's own training.

    None where it names no class or function that is not Keras'; else *modules*, those of the
    project, and the modules of installed packages that it names.
    """
    config = _config_of(path)
    if not _names_own_objects(config):
        return []
    named = [str(described.get("module") or "") for described, _ in described_objects(config)]
    return list(dict.fromkeys([*modules, *filter(_is_of_package, named)]))


def _config_of(path: Path) -> Any:
    with zipfile.ZipFile(path) as packed:
        return json.loads(packed.read(_CONFIG))


def _is_of_package(module: str) -> bool:
    """Tell whether *module* is of an installed package other than Keras, without importing it.

    No folder is listed for that: one that a training lists counts as read.
    """
    top = module.partition(".")[0]
    installed = [Path(each) for each in sys.path if _INSTALLED.intersection(Path(each).parts)]
    return top not in ("", "keras") and any(
        (folder / name).exists() for folder in installed for name in (top, f"{top}.py")
    )


def _names_own_objects(config: Any) -> bool:
    if isinstance(config, list):
        return any(_names_own_objects(value) for value in config)
    if not isinstance(config, dict):
        return False
    if "class_name" in config and "module" in config:
        module = str(config["module"]).partition(".")[0]
        if module != "keras" or ">" in str(config.get("registered_name")):
            return True
    return any(_names_own_objects(value) for value in config.values())


def _unpacked(model: Any, folder: Path) -> None:
    import keras

    try:
        # an archive would be put together in memory
        keras.saving.save_model(model, folder, zipped=False)
    except RuntimeError as error:
        # HDF5 tells in words of its own what the system said against closing a file
        number = re.search(r"errno = (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


def _rewrite(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")


def _numbered(config: Any, numbers: dict[int, int]) -> Any:
    """Return *config* with shared objects numbered as they appear, not by their address."""
    if isinstance(config, list):
        return [_numbered(value, numbers) for value in config]
    if not isinstance(config, dict):
        return config
    return {
        key: numbers.setdefault(value, len(numbers) + 1)
        if key == _SHARED
        else _numbered(value, numbers)
        for key, value in config.items()
    }


def _pack(folder: Path, archive: Path) -> None:
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "w") as packed:
        for name in names:
            entry = zipfile.ZipInfo(name, _FIRST_DATE)
            entry.create_system, entry.external_attr = _UNIX, _READABLE
            # known beforehand, so that it can be more than 4 GB
            entry.file_size = (folder / name).stat().st_size
            with open(folder / name, "rb") as source, packed.open(entry, "w") as target:
                shutil.copyfileobj(source, target, 2**20)
