"""TensorFlow's names of element types, and arrays of them without pickle."""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

_NARROW = ("bfloat16", "float8_e4m3fn", "float8_e5m2")


def dtype_of(name: str) -> np.dtype[Any] | None:
    """Return the numpy dtype for TensorFlow's *name*, ``S`` for strings, None if there is none."""
    if name == "string":
        return np.dtype("S")
    try:
        return np.dtype(getattr(ml_dtypes, name) if name in _NARROW else name)
    except TypeError:
        return None


def name_of(array: Array) -> str:
    """Return TensorFlow's name for the dtype of *array*."""
    return "string" if array.dtype.kind in "SUO" else array.dtype.name


def is_float(dtype: np.dtype[Any]) -> bool:
    """Tell whether *dtype* is a real floating-point type, ``bfloat16`` and its like included."""
    return dtype.kind == "f" or dtype.name in _NARROW


def is_narrow(name: str) -> bool:
    """Tell whether *name* is a floating-point type that plain numpy does not know."""
    return name in _NARROW


def without_objects(values: Any) -> Array:
    """Return an array of *values* with strings as fixed-width bytes (UTF-8), others as they are."""
    array: Array = np.asarray(values)
    if array.dtype.kind not in "UO":
        return array
    items = [i.encode() if isinstance(i, str) else bytes(i) for i in array.ravel().tolist()]
    return np.array(items, dtype="S" if items else "S1").reshape(array.shape)
