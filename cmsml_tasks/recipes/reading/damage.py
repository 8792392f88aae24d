"""Why a file could not be read: another kind, truncated, or neither, judged by its two ends."""

from __future__ import annotations

import os
import zipfile
from typing import BinaryIO

from cmsml_tasks.recipes.reading.common import open_binary

_STARTS = {"root": (b"root",), "parquet": (b"PAR1",), "npz": (b"PK\3\4", b"PK\5\6")}
_LIBRARIES = {"root": "uproot", "parquet": "pyarrow", "npz": "numpy"}
_KINDS = {
    b"root": "a ROOT file",
    b"PAR1": "a Parquet file",
    b"PARE": "an encrypted Parquet file",
    b"PK\3\4": "a zip archive, such as NPZ",
    b"\x93NUMPY": "a single array of numpy, .npy",
    b"\x89HDF": "an HDF5 file",
    b"\x1f\x8b": "a gzip archive; unpack it",
    b"\x28\xb5\x2f\xfd": "a zstd archive; unpack it",
    b"version https://git-lfs": "a pointer of git-lfs; git lfs pull",
    b"<": "a web page or XML, perhaps what a server answered instead of the file",
    b"{": "JSON",
}


def what_is_wrong(path: str, kind: str, error: Exception) -> str:
    """Return what to tell of a file that the reader *kind* gave up on with *error*.

    "Truncated" is said where the file itself shows it, never because a reader failed.
    """
    failed = _failed(kind, error)
    if "://" in path and isinstance(error, OSError):
        return f"{failed}; is the server up, the path right and the file whole?"
    try:
        with open_binary(path) as stream:
            return _seen(stream, kind) or failed + _neither(kind, error)
    except OSError as unreadable:
        return f"{failed}; it cannot be opened any more: {unreadable}"


def _failed(kind: str, error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        byte = error.object[error.start]
        return f"is no text in UTF-8 (byte 0x{byte:02x}); save it as CSV in UTF-8"
    reason = (str(error).strip().splitlines() or ["no reason given"])[0]
    return f"cannot be read as {kind.upper()} ({type(error).__name__}: {reason})"


def _neither(kind: str, error: Exception) -> str:
    """Say what else it may be; a library that knows what it cannot do has found no damage."""
    if kind not in _LIBRARIES:
        return ""
    written = f"written in a way that this version of {_LIBRARIES[kind]} cannot read"
    if isinstance(error, NotImplementedError):
        return f"; it is {written}"
    return "; its beginning and end are as they should be: it is damaged in between, or " + written


def _seen(stream: BinaryIO, kind: str) -> str | None:
    head = stream.read(64)
    size = stream.seek(0, os.SEEK_END)
    if kind == "csv" or not head.startswith(_STARTS[kind]):
        other = next((name for start, name in _KINDS.items() if head.startswith(start)), None)
        if kind == "csv" and other is None:
            return None
        return f"is no {kind.upper()} file: it begins as {other or f'{head[:12]!r}'}"
    whole, how = {"root": _root, "parquet": _parquet, "npz": _npz}[kind](stream, head, size)
    return None if whole else f"is truncated: {how}; write or copy it again"


def _root(stream: BinaryIO, head: bytes, size: int) -> tuple[bool, str]:
    wide = int.from_bytes(head[4:8]) >= 1_000_000  # files of more than 2 GB
    end = int.from_bytes(head[12 : 20 if wide else 16])
    return size >= end, f"it has {size} of {end} bytes"


def _parquet(stream: BinaryIO, head: bytes, size: int) -> tuple[bool, str]:
    stream.seek(max(0, size - 4))
    return size >= 12 and stream.read() == b"PAR1", f"it lacks its end after {size} bytes"


def _npz(stream: BinaryIO, head: bytes, size: int) -> tuple[bool, str]:
    return zipfile.is_zipfile(stream), f"it lacks its table of contents after {size} bytes"
