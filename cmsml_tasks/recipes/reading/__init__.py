"""Columns from files: ROOT, Parquet, NPZ and CSV, local or remote, by the ending of the name.

A reader is one file with one function ``read(path, wanted, tree)``. It returns the wanted columns
as they are written:

- one number or bool per event, or always n of them: numpy arrays, (events,) or (events, n)
- the same where this file lacks some of the values: masked arrays of numpy, of the same type
- lists of any length, or of which this file lacks some: awkward arrays, with option types where it
  lacks something
"""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from importlib import import_module
from pathlib import PurePosixPath
from typing import Any, TypeAlias

from cmsml_tasks.errors import DataError, UserError
from cmsml_tasks.processes.xrootd_client import check_client
from cmsml_tasks.recipes.reading.common import open_binary, widened
from cmsml_tasks.recipes.reading.damage import what_is_wrong

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

    Integers are int64, and uint64 where they need it.

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
    columns = _read(path, READERS[ending], sorted(wanted), tree)
    table = {name: widened(column) for name, column in columns.items()}
    lengths = {name: len(column) for name, column in table.items()}
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"{path}: columns of different lengths: {counts}")
    return table


def _read(path: str, kind: str, wanted: Sequence[str], tree: str | None) -> Table:
    try:
        if "://" not in path:
            _check_openable(path)
        reader = import_module(f"{__name__}.{kind}")
        columns: Table = reader.read(path, wanted, tree)
        return columns
    except UserError:
        raise
    except ModuleNotFoundError as error:
        if error.name is None:  # raised by a library in words of its own
            raise DataError(f"{path}: reading it needs one more package: {error}") from error
        extra = _EXTRAS.get(error.name, "root")
        raise DataError(
            f"{path}: reading it needs {error.name}; pip install 'cmsml_tasks[{extra}]'"
        ) from error
    except FileNotFoundError as error:
        is_link = os.path.islink(path)
        what = "is a link to a file that is not there" if is_link else "there is no such file"
        raise DataError(f"{path}: {what}") from error
    except IsADirectoryError as error:
        raise DataError(f"{path}: {is_a_folder(path)}") from error
    except PermissionError as error:
        raise DataError(f"{path}: may not be read: permission denied") from error
    except MemoryError as error:
        raise DataError(f"{path}: does not fit into memory ({error or 'MemoryError'})") from error
    except Exception as error:  # readers meet broken files with many kinds of exceptions
        raise DataError(f"{path}: {what_is_wrong(path, kind, error)}") from error


def _check_openable(path: str) -> None:
    """Let the system say what is the matter: libraries have many ways to say it badly."""
    with open_binary(path) as stream:
        if not stream.read(1):
            raise DataError(f"{path}: is empty, 0 bytes; write or copy it again")


def is_a_folder(path: str) -> str:
    """Return what to say of a folder in place of a file."""
    ending = PurePosixPath(path).suffix
    pattern = f"{path.rstrip('/')}/*{ending if ending in READERS else '.root'}"
    return f"is a folder; write the files that are in it, as in {pattern}"
