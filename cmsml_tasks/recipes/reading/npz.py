"""NPZ files of numpy: one array a column; a second axis holds several values per event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading.common import named, not_numeric, open_binary


def read(path: str, wanted: Sequence[str], tree: str | None) -> dict[str, Any]:
    """Return the arrays *wanted*; see `cmsml_tasks.recipes.reading`."""
    with open_binary(path) as stream:
        file = np.load(stream, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise DataError(f"{path}: holds one array without a name; write it with numpy.savez")
        places = named(path, wanted, file.files, "array")
        return {name: _column(path, file.files[place], file) for name, place in places.items()}


def _column(path: str, name: str, file: Any) -> Any:
    try:
        array = file[name]
    except ValueError as error:
        if "pickle" in str(error):
            raise not_numeric(path, name, "Python objects") from error
        raise
    if array.dtype.kind not in "biuf":
        raise not_numeric(path, name, str(array.dtype))
    if not array.ndim:
        raise DataError(f"{path}: array '{name}' is a single number, not one row per event")
    return array.astype(array.dtype.newbyteorder("="), copy=False)
