"""What the readers share: opening files, names of columns, and columns as they are handed on."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, BinaryIO, cast

from cmsml_tasks.errors import DataError, did_you_mean


def open_binary(path: str) -> AbstractContextManager[BinaryIO]:
    """Open a local file, or a URL through fsspec, for reading bytes."""
    if "://" not in path:
        return open(path, "rb")
    import fsspec

    return cast("AbstractContextManager[BinaryIO]", fsspec.open(path, "rb"))


def named(path: str, wanted: Iterable[str], available: Iterable[str], kind: str) -> dict[str, int]:
    """Return at which place of *available* each of the *wanted* columns is.

    A field of a record can be written with ``.`` and, as in NanoAOD, with ``_``; a branch without
    the branches above it. Letters count as Python's, which takes the micro sign for a mu.

    Raises:
        DataError: one is not there, with the nearest match; or two have that name.
    """
    names = list(available)
    plain = [_plain(name) for name in names]
    places = {}
    for name in wanted:
        found = [place for place, other in enumerate(names) if other == name]
        found = found or [place for place, other in enumerate(plain) if other == _plain(name)]
        if not found:
            raise _no_column(path, name, names, kind)
        if len(found) > 1:
            spelled = {names[place] for place in found}
            which = f" ({', '.join(sorted(spelled))})" if len(spelled) > 1 else ""
            raise DataError(f"{path}: names '{name}' twice{which}; rename one of them")
        places[name] = found[0]
    return places


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name.rpartition("/")[2]).replace(".", "_")


def _no_column(path: str, name: str, names: list[str], kind: str) -> DataError:
    fields = [other for other in names if _plain(other).startswith(f"{_plain(name)}_")]
    if fields and not {name, _plain(name)} & set(names):
        shown = ", ".join(sorted(set(fields))[:10]) + (", ..." if len(fields) > 10 else "")
        return DataError(f"{path}: no {kind} '{name}'; there is: {shown}")
    many = len(set(names)) > 200
    near = did_you_mean(name, set(names), only_near=many)
    count = f" among {len(names)}" if many and not near else ""
    return DataError(f"{path}: no {kind} '{name}'{near}{count}")


def not_numeric(path: str, name: str, kind: Any) -> DataError:
    """Return the error for a column that holds neither numbers nor bools."""
    return DataError(f"{path}: column '{name}' holds {kind}; only numbers and bools can be used")


def of_awkward(path: str, name: str, array: Any) -> Any:
    """Return the awkward *array* as a column: of numpy unless lists lack or differ in length.

    Raises:
        DataError: it holds neither numbers nor bools.
    """
    import awkward as ak
    import numpy as np

    array = ak.values_astype(array, np.float64, including_unknown=True) if _empty(array) else array
    layout, regular, lacks_lists = array.layout, True, False
    while not layout.is_numpy:
        if layout.is_record:
            raise not_numeric(path, name, f"records of {', '.join(layout.fields)}")
        if layout.is_union or layout.parameter("__array__") in ("string", "bytestring", "char"):
            raise not_numeric(path, name, str(array.type.content))
        regular = regular and (not layout.is_list or layout.is_regular)
        if layout.is_option and layout.mask_as_bool(valid_when=False).any():
            lacks_lists = lacks_lists or not layout.content.is_numpy
        layout = layout.content
    if layout.dtype.kind not in "biuf":
        raise not_numeric(path, name, str(array.type.content))
    if not regular or lacks_lists:
        array = ak.transform(_without_vain_options, array)
        return array if regular else ak.from_regular(array, axis=None)
    column = ak.to_numpy(array)
    if isinstance(column, np.ma.MaskedArray):
        return masked(column.data, np.ma.getmaskarray(column))
    return np.ascontiguousarray(column)


def _empty(array: Any) -> bool:
    """Whether nothing tells the type of the values: there are none."""
    return "unknown" in str(array.type)


def _without_vain_options(layout: Any, **_: Any) -> Any:
    import awkward as ak

    if layout.is_option and not layout.mask_as_bool(valid_when=False).any():
        return ak.transform(_without_vain_options, layout.project(), highlevel=False)
    return None


def masked(values: Any, missing: Any) -> Any:
    """Return *values* without those that are *missing*; all of them if none is.

    What lies under the mask is 0 or False, whatever a file has there.
    """
    import numpy as np

    if not missing.any():
        return np.ascontiguousarray(values)
    nothing = np.zeros((), values.dtype)
    return np.ma.MaskedArray(np.where(missing, nothing, values), missing)


def widened(column: Any) -> Any:
    """Return integers as int64: narrow and unsigned ones wrap around in arithmetic (``n - 1``).

    Only uint64 numbers that need their last bit stay as they are.
    """
    import numpy as np

    if isinstance(column, np.ndarray):
        fits = column.dtype != np.uint64 or np.ma.getdata(column).max(initial=0) < 2**63
        return column.astype(np.int64) if column.dtype.kind in "iu" and fits else column
    import awkward as ak

    kind = str(column.type)
    fits = "uint64" not in kind or (ak.max(column, axis=None) or 0) < 2**63
    return ak.values_astype(column, np.int64) if "int" in kind and fits else column
