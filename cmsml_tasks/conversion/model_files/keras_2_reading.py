"""Files of Keras 1 and 2, which tf-keras reads where Keras 3 does not."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from cmsml_tasks.conversion.effects.keras_calls import refuse_calls_of_keras_2
from cmsml_tasks.conversion.model_files.custom_objects import custom_objects
from cmsml_tasks.conversion.model_files.keras_2_networks import refuse_endless
from cmsml_tasks.conversion.reasons import reason
from cmsml_tasks.errors import ConversionError


def is_of_keras_2(path: Path) -> bool:
    """Tell whether the ``.keras`` or HDF5 file *path* is not one of Keras 3."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if "metadata.json" not in archive.namelist():
                return False
            try:
                version = json.loads(archive.read("metadata.json"))["keras_version"]
            except (KeyError, TypeError, ValueError, RecursionError):
                return False
    else:
        import h5py

        with h5py.File(path, "r") as file:
            version = file.attrs.get("keras_version", "1")  # the first versions wrote none
    version = version.decode() if isinstance(version, bytes) else str(version)
    return version.partition(".")[0] in ("0", "1", "2")


def load_keras_2(
    path: Path, config: Any, modules: Sequence[ModuleType], problem: str, advice: str
) -> Any:
    """Return the model in the file *path*, of Keras 1 or 2, as tf-keras reads it.

    Args:
        path: ``.keras`` or HDF5 file.
        config: what it says of the model.
        modules: those whose objects and functions can occur in the file.
        problem: why Keras 3 does not read it.
        advice: what could be done about that.

    Raises:
        ConversionError: tf-keras is not there, or cannot read the file either, or the file names
            what is no part of a network, holds code, or has a layer that never gets its inputs.
    """
    try:
        import tf_keras
    except ImportError as error:
        raise ConversionError(
            f"{problem}\nThe file is one of Keras 2, which tf-keras may still read: pip install "
            f"'cmsml_tasks[tf-keras]'. Or {advice}"
        ) from error
    from tf_keras.src.saving.serialization_lib import SafeModeScope

    neither = (
        f"{problem}\ntf-keras {tf_keras.__version__}, which reads files of Keras 2, cannot either: "
    )
    try:
        refuse_calls_of_keras_2(config, [module.__name__ for module in modules])
        refuse_endless(config)
    except ConversionError as error:
        raise ConversionError(f"{neither}{error}") from error

    objects = custom_objects(modules, tf_keras, (tf_keras.layers.Layer,))
    try:
        with SafeModeScope(True):  # no code is run from a file, as Keras 3 has it
            return tf_keras.models.load_model(path, custom_objects=objects, compile=False)
    except Exception as error:  # Keras raises whatever the file makes it stumble over
        raise ConversionError(f"{neither}{reason(error)}\n{advice}") from error
