"""What lies in files of Keras: whole, described in words, and nothing from elsewhere."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path, PurePosixPath
from typing import IO, Any

from cmsml_tasks.conversion.effects.hdf5 import refuse_other_files, refuse_what_is_not_there
from cmsml_tasks.conversion.effects.keras_configs import refuse_paths
from cmsml_tasks.conversion.effects.other_frameworks import refuse_layers
from cmsml_tasks.conversion.graph_files.file_kinds import HDF5, kind_of_file
from cmsml_tasks.conversion.graph_files.opening import opened
from cmsml_tasks.conversion.graph_files.reading import naming
from cmsml_tasks.conversion.model_files.keras_sizes import refuse_sizes
from cmsml_tasks.errors import ConversionError

HDF5_ENDINGS = (".h5", ".hdf5")
_SMALLEST_BLOCK = 512  # bytes before the beginning, then twice as many and so on
_CONFIG = "config.json"
_LARGEST_CONFIG = 2**28  # bytes of a description of layers


def checked_config(path: Path) -> Any:
    """Return the description of the model in the Keras file *path*, as it stands there.

    Raises:
        ConversionError: the file is no whole Keras model, takes something from another file, or
            calls another framework.
    """
    hdf5 = path.name.endswith(HDF5_ENDINGS)
    with opened(path) as file:
        if not file.read(len(HDF5)).startswith(HDF5 if hdf5 else b"PK"):
            kind = kind_of_file(file) or "something else"
            raise ConversionError(f"{path} is no {'HDF5' if hdf5 else '.keras'} file but {kind}")
    text = _in_hdf5(path) if hdf5 else _in_archive(path)
    try:
        config = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ConversionError(
            f"{path} describes its model in what is no JSON ({error}); copy or save it again"
        ) from error
    with naming(path):
        refuse_paths(config)
        refuse_layers(config)
        refuse_sizes(config, path.stat().st_size)
    return config


def _in_archive(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            _check_archive(path, archive)
            for info in archive.infolist():
                with archive.open(info) as member:
                    is_hdf5 = _is_hdf5(member, info.file_size)
                if is_hdf5:
                    weights = io.BytesIO(archive.read(info))
                    _check_hdf5(path, weights, f"the {info.filename} in {path}")
            return archive.read(_CONFIG)
    except ConversionError:  # a ValueError, too
        raise
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise ConversionError(
            f"{path} is only a part of a .keras file ({error}); copy or save it again"
        ) from error


def _is_hdf5(file: IO[bytes], size: int) -> bool:
    """Tell whether HDF5 would open *file*: it looks for its beginning after a block of the user."""
    start = 0
    while start < size:
        file.seek(start)
        if file.read(len(HDF5)) == HDF5:
            return True
        start = max(_SMALLEST_BLOCK, 2 * start)
    return False


def _check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    sizes = {info.filename: info.file_size for info in archive.infolist()}
    if _CONFIG not in sizes:
        raise ConversionError(
            f"{path} is a zip archive without a Keras model in it (no config.json); write .keras "
            "files with model.save"
        )
    # Keras does not compress, and takes all of a configuration into memory
    unpacked = sum(sizes.values())
    if sizes[_CONFIG] > _LARGEST_CONFIG or unpacked > 100 * path.stat().st_size:
        raise ConversionError(
            f"{path} would unpack to {unpacked:,} bytes, so Keras did not write it; save the "
            "model again with model.save"
        )
    for name in sizes:
        if name.startswith("/") or ".." in PurePosixPath(name).parts:
            raise ConversionError(
                f"{path} would unpack '{name}' outside of its folder, so Keras did not write it; "
                "save the model again with model.save"
            )


def _in_hdf5(path: Path) -> Any:
    attributes = _check_hdf5(path, path, str(path))
    if "model_config" not in attributes:
        raise ConversionError(
            f"{path} holds weights but no model, or is no Keras file; load the weights into the "
            "model that they belong to and write it with model.save"
        )
    return attributes["model_config"]


def _check_hdf5(path: Path, source: Any, name: str) -> dict[str, Any]:
    """Check that an HDF5 file is whole and reads no other; return its attributes."""
    import h5py

    try:
        with h5py.File(source, "r") as file:
            refuse_other_files(name, file)
            refuse_what_is_not_there(name, file)
            return dict(file.attrs)
    except (OSError, RuntimeError, ValueError, KeyError) as error:
        if isinstance(error, ConversionError):
            raise
        raise ConversionError(
            f"{path} is only a part of an HDF5 file ({error}); copy or save it again"
        ) from error
