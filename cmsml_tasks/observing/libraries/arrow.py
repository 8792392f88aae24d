"""Parquet, Feather, ORC, CSV, JSON and Arrow's own files through pyarrow."""

from __future__ import annotations

import os
from collections.abc import Iterable
from types import ModuleType
from typing import Any

from cmsml_tasks.observing.libraries.telling import tell, tell_result
from cmsml_tasks.observing.reads import Reads


def watch_lib(lib: ModuleType, reads: Reads) -> None:
    """Watch ``pyarrow.lib``: files and memory maps."""

    def opened(path: Any, mode: str = "r", *_: Any, **__: Any) -> None:
        if mode in ("r", "rb", "r+", "r+b", "rb+"):
            reads.source(path)
        if mode not in ("r", "rb"):
            reads.target(path)

    class OSFile(lib.OSFile):  # type: ignore[misc, name-defined]
        __doc__ = lib.OSFile.__doc__

        def __init__(self, path: Any, mode: str = "r", *_: Any, **__: Any) -> None:
            opened(path, mode)

    OSFile.__module__, OSFile.__qualname__ = lib.OSFile.__module__, "OSFile"
    lib.OSFile = OSFile  # type: ignore[attr-defined]
    tell(lib, "memory_map", opened)
    tell(lib, "create_memory_map", lambda path, *_, **__: reads.target(path))
    tell(lib, "input_stream", lambda source, *_, **__: reads.source(source))
    tell(lib, "output_stream", lambda source, *_, **__: reads.target(source))


def watch_text(module: ModuleType, reads: Reads) -> None:
    """Watch ``pyarrow._csv`` and ``pyarrow._json``."""
    for name in ("read_csv", "open_csv", "read_json", "open_json"):
        tell(module, name, lambda input_file, *_, **__: reads.source(input_file))
    tell(module, "write_csv", lambda data, output_file, *_, **__: reads.target(output_file))


def watch_ipc(ipc: ModuleType, reads: Reads) -> None:
    """Watch ``pyarrow.ipc``."""
    for name in ("RecordBatchFileReader", "RecordBatchStreamReader"):
        _tell_of_source(getattr(ipc, name), reads)
    for name in ("RecordBatchFileWriter", "RecordBatchStreamWriter"):
        tell(getattr(ipc, name), "__init__", lambda self, sink, *_, **__: reads.target(sink))


def watch_feather(feather: ModuleType, reads: Reads) -> None:
    """Watch ``pyarrow.feather``."""
    for name in ("read_table", "read_feather"):
        tell(feather, name, lambda source, *_, **__: reads.source(source))
    tell(feather, "write_feather", lambda df, dest, *_, **__: reads.target(dest))


def watch_orc(orc: ModuleType, reads: Reads) -> None:
    """Watch ``pyarrow.orc``."""
    _tell_of_source(orc.ORCFile, reads)

    def opened(source: Any, columns: Any = None, filesystem: Any = None) -> None:
        reads.source(_local(source, filesystem))

    tell(orc, "read_table", opened)
    tell(orc, "write_table", lambda table, where, *_, **__: reads.target(where))


def watch_parquet(parquet: ModuleType, reads: Reads) -> None:
    """Watch ``pyarrow.parquet.core``."""

    def opened(where: Any, *_: Any, filesystem: Any = None, **__: Any) -> None:
        reads.source(_local(where, filesystem))

    def written(_: Any, where: Any, *__: Any, filesystem: Any = None, **___: Any) -> None:
        reads.target(_local(where, filesystem))

    def file_opened(_: Any, source: Any, *__: Any, filesystem: Any = None, **___: Any) -> None:
        reads.source(_local(source, filesystem))

    def parts_written(_: Any, root_path: Any, *__: Any, filesystem: Any = None, **___: Any) -> None:
        reads.target(_local(root_path, filesystem))

    for name in ("read_metadata", "read_schema"):
        tell(parquet, name, opened)
    tell(parquet.ParquetFile, "__init__", file_opened)
    tell(parquet.ParquetWriter, "__init__", written)
    tell(parquet, "write_to_dataset", parts_written)
    # it knows the files below a folder once it is made
    tell(parquet.ParquetDataset, "read", lambda self, *_, **__: _fragments(self.fragments, reads))


def watch_dataset(dataset: ModuleType, reads: Reads) -> None:
    """Watch ``pyarrow.dataset``."""
    for name in ("dataset", "parquet_dataset"):
        tell_result(dataset, name, lambda result: _dataset(result, reads))

    def written(_: Any, base_dir: Any, *__: Any, filesystem: Any = None, **___: Any) -> None:
        reads.target(_local(base_dir, filesystem))

    tell(dataset, "write_dataset", written)


def _tell_of_source(reader: type, reads: Reads) -> None:
    tell(reader, "__init__", lambda self, source, *_, **__: reads.source(source))


def _dataset(dataset: Any, reads: Reads) -> None:
    for part in getattr(dataset, "children", ()):
        _dataset(part, reads)
    if hasattr(type(dataset), "files"):
        _fragments(dataset.get_fragments(), reads)


def _fragments(fragments: Iterable[Any], reads: Reads) -> None:
    # the filesystem of a dataset of open files is a null pointer, that of a fragment is None
    for fragment in fragments:
        if (filesystem := getattr(fragment, "filesystem", None)) is not None:
            reads.source(_local(fragment.path, filesystem))


def _local(path: Any, filesystem: Any) -> Any:
    """Return *path* as this machine's, where *filesystem* is; None where it is another one."""
    if filesystem is None or not isinstance(path, str | os.PathLike):
        return path
    kind = getattr(filesystem, "type_name", "")
    if kind == "subtree":
        below = os.path.join(filesystem.base_path, os.fspath(path).lstrip(os.sep))
        return _local(below, filesystem.base_fs)
    return path if kind in ("local", "") else None  # one of fsspec has no such name
