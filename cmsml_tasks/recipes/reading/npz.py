"""NPZ files of numpy: one array a column; a second axis holds several values per event."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading.common import jagged, not_numeric, open_binary, require


def read(path: str, wanted: Sequence[str], tree: str | None) -> dict[str, Any]:
    """Return the arrays *wanted*; see `cmsml_tasks.recipes.reading`."""
    with open_binary(path) as stream:
        file = np.load(stream, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise DataError(f"{path}: holds one array without a name; write it with numpy.savez")
        require(path, wanted, file.files, "array")
        return {name: _column(path, name, file) for name in wanted}


def _column(path: str, name: str, file: Any) -> Any:
    try:
        array = file[name]
    except ValueError as error:
        if "pickle" in str(error):
            raise not_numeric(path, name, "Python objects") from error
        raise
    if array.dtype.kind not in "biuf":
        raise not_numeric(path, name, str(array.dtype))
    if array.ndim == 1:
        return array
    if array.ndim == 2:
        return jagged(array.reshape(-1), np.full(len(array), array.shape[1]))
    raise DataError(f"{path}: array '{name}' has shape {array.shape}; one or two axes are possible")
