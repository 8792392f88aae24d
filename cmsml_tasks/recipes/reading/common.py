"""What the readers share: opening local and remote files, missing columns, jagged columns."""

from __future__ import annotations

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


def require(path: str, wanted: Iterable[str], available: Iterable[str], kind: str) -> None:
    """Check that all *wanted* columns are *available*.

    Raises:
        DataError: one is not; with the file and the nearest match.
    """
    known = set(available)
    for name in wanted:
        if name not in known:
            many = len(known) > 200
            near = did_you_mean(name, known, only_near=many)
            count = f" among {len(known)}" if many and not near else ""
            raise DataError(f"{path}: no {kind} '{name}'{near}{count}")


def not_numeric(path: str, name: str, kind: Any) -> DataError:
    """Return the error for a column that holds neither numbers nor bools."""
    return DataError(f"{path}: column '{name}' holds {kind}; only numbers and bools can be used")


def jagged(values: Any, counts: Any) -> Any:
    """Return the awkward array that has the first ``counts[0]`` values in its first event, etc."""
    import awkward as ak

    return ak.unflatten(values, counts)


def widened(column: Any) -> Any:
    """Return integers as int64: narrow and unsigned ones wrap around in arithmetic (``n - 1``).

    Only uint64 numbers that need their last bit stay as they are.
    """
    import numpy as np

    if isinstance(column, np.ndarray):
        fits = column.dtype != np.uint64 or not len(column) or int(column.max()) < 2**63
        return column.astype(np.int64) if column.dtype.kind in "iu" and fits else column
    import awkward as ak

    return ak.values_astype(column, np.int64) if "int" in str(column.type) else column
