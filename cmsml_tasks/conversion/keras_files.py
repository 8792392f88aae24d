"""Keras models in files, ``.keras`` and ``.h5``."""

from __future__ import annotations

import importlib
import random
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

from cmsml_tasks.conversion.foreign import kind_of_file
from cmsml_tasks.conversion.keras_2_files import is_of_keras_2, load_keras_2
from cmsml_tasks.conversion.keras_objects import custom_objects
from cmsml_tasks.conversion.opening import opened
from cmsml_tasks.conversion.reasons import reason
from cmsml_tasks.errors import ConversionError

HDF5_ENDINGS = (".h5", ".hdf5")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_LARGEST_CONFIG = 2**28  # bytes of a description of layers


def load_keras(path: Path, custom_modules: Sequence[str] = ()) -> Any:
    """Return the model in the file *path*, without its optimizer.

    It is one of Keras 3, or one of tf-keras where a file of Keras 1 or 2 has what Keras 3 cannot
    read any more.

    Args:
        path: ``.keras`` or ``.h5`` file.
        custom_modules: modules to import; their Keras objects and functions can occur in the
            file, registered with Keras or not.

    Raises:
        ConversionError: the file is no whole Keras model, needs code that is not at hand, or
            tf-keras, which is not installed.
    """
    _check(path)
    import keras

    modules = [_imported(name) for name in custom_modules]
    objects = custom_objects(modules, keras, (keras.Layer, keras.Quantizer))
    try:
        with _as_if_not_loaded():
            return keras.models.load_model(path, custom_objects=objects, compile=False)
    except Exception as error:  # Keras raises whatever the file makes it stumble over
        problem = f"Keras {keras.__version__} cannot read {path}: {reason(error)}"
        if is_of_keras_2(path):
            return load_keras_2(path, modules, problem, _advice(error))
        raise ConversionError(f"{problem}\n{_advice(error)}") from error


@contextmanager
def _as_if_not_loaded() -> Iterator[None]:
    """Put back what Keras uses up with every layer: names with numbers, and random seeds."""
    from keras.src.backend.common import global_state

    counters = global_state.get_global_attribute("object_name_uids")
    counted = None if counters is None else dict(counters)
    state = random.getstate()
    try:
        yield
    finally:
        random.setstate(state)
        counters = global_state.get_global_attribute("object_name_uids")
        if counters is not None:
            counters.clear()
            counters.update(counted or {})


def _check(path: Path) -> None:
    hdf5 = path.name.endswith(HDF5_ENDINGS)
    with opened(path) as file:
        if not file.read(len(_HDF5)).startswith(_HDF5 if hdf5 else b"PK"):
            kind = kind_of_file(file) or "something else"
            raise ConversionError(f"{path} is no {'HDF5' if hdf5 else '.keras'} file but {kind}")
    if hdf5:
        _check_hdf5(path)
    else:
        _check_zip(path)


def _check_zip(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            sizes = {info.filename: info.file_size for info in archive.infolist()}
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise ConversionError(
            f"{path} is only a part of a .keras file ({error}); copy or save it again"
        ) from error
    if "config.json" not in sizes:
        raise ConversionError(
            f"{path} is a zip archive without a Keras model in it (no config.json); write .keras "
            "files with model.save"
        )
    # Keras does not compress, and takes all of a configuration into memory
    unpacked = sum(sizes.values())
    if sizes["config.json"] > _LARGEST_CONFIG or unpacked > 100 * path.stat().st_size:
        raise ConversionError(
            f"{path} would unpack to {unpacked:,} bytes, so Keras did not write it; save the "
            "model again with model.save"
        )


def _check_hdf5(path: Path) -> None:
    import h5py

    try:
        with h5py.File(path, "r") as file:
            has_model = "model_config" in file.attrs
    except (OSError, RuntimeError, ValueError) as error:
        raise ConversionError(
            f"{path} is only a part of an HDF5 file ({error}); copy or save it again"
        ) from error
    if not has_model:
        raise ConversionError(
            f"{path} holds weights but no model, or is no Keras file; load the weights into the "
            "model that they belong to and write it with model.save"
        )


def _imported(name: str) -> ModuleType:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ConversionError(
            f"the module '{name}', which the model may need, cannot be imported: {error}"
        ) from error


def _advice(error: Exception) -> str:
    text = str(error)
    if "Lambda" in text or "lambda" in text:
        return (
            "a Lambda layer holds Python code, which is not run from a file: write a class "
            "derived from keras.Layer instead, or use functions of keras.ops"
        )
    operation = re.search(r"Unknown layer: '(\w+)'", text)
    if operation and _is_keras_operation(operation[1]):
        return f"HDF5 cannot hold operations of keras.ops such as {operation[1]}; save it as .keras"
    if "Could not locate" in text or "Unknown layer" in text or "Unknown object" in text:
        return (
            "decorate the class or function with @keras.saving.register_keras_serializable() and "
            "see that its module is imported before the file is opened"
        )
    if "get_config" in text or "from_config" in text or "__init__" in text:
        return "get_config() has to return what the constructor of the class takes"
    return "save it again with this version of Keras, or export it as a SavedModel"


def _is_keras_operation(name: str) -> bool:
    from keras.src import ops

    return any(hasattr(module, name) for module in (ops.core, ops.math, ops.nn, ops.numpy))
