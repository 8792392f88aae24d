"""Columns from files: ROOT, Parquet, NPZ and CSV, local or remote, by the ending of the name.

A reader is one file with one function ``read(path, wanted, tree)``. It returns the wanted columns:
one-dimensional ones as numpy arrays of numbers or bools, jagged ones as awkward arrays.
"""

from __future__ import annotations

from collections.abc import Collection
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from cmsml_tasks.errors import DataError, UserError
from cmsml_tasks.recipes.reading.common import widened
from cmsml_tasks.xrootd_client import check_client

Table: TypeAlias = dict[str, Any]

READERS = {
    ".root": "root",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".npz": "npz",
    ".csv": "csv",
}
_EXTRAS = {"uproot": "root", "awkward": "root", "pyarrow": "parquet", "fsspec": "xrootd"}


def read_columns(path: str, wanted: Collection[str], tree: str | None = None) -> Table:
    """Return the columns *wanted* of the events in *path*, all of the same length.

    Args:
        path: file name or URL (``root://...``); its ending chooses the reader.
        wanted: names of columns (branches).
        tree: name of the tree in a ROOT file; None takes the only one.

    Raises:
        DataError: the file or what it should hold is missing, unreadable or not numeric, its
            columns have different lengths, or a package for reading it is not installed.
    """
    ending = PurePosixPath(path).suffix.lower()
    if ending not in READERS:
        raise DataError(f"{path}: no reader for '{ending}' files; there is: {', '.join(READERS)}")
    check_client(path)
    try:
        reader = import_module(f"{__name__}.{READERS[ending]}")
        columns: Table = reader.read(path, sorted(wanted), tree)
        table = {name: widened(column) for name, column in columns.items()}
    except UserError:
        raise
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get(error.name or "", "root")
        raise DataError(
            f"{path}: reading it needs {error.name}; pip install 'cmsml_tasks[{extra}]'"
        ) from error
    except FileNotFoundError as error:
        raise DataError(f"{path}: there is no such file") from error
    except Exception as error:  # readers meet broken files with many kinds of exceptions
        reason = str(error).strip().splitlines()[0] if str(error).strip() else "no reason given"
        likely = "the file is truncated, damaged or of another kind"
        if isinstance(error, OSError) and "://" in path:
            likely = "is the server up, the path right and the file whole?"
        raise DataError(
            f"{path}: cannot be read as {ending[1:].upper()} "
            f"({type(error).__name__}: {reason}); {likely}"
        ) from error
    lengths = {name: len(column) for name, column in table.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"{path}: columns of different lengths: {counts}")
    return table
