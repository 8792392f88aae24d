"""TensorFlow's file systems (gfile), operations, datasets, checkpoints and SavedModels."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from cmsml_tasks.observing.libraries.telling import tell
from cmsml_tasks.observing.reads import Reads


def watch_files(gfile: ModuleType, reads: Reads) -> None:
    """Watch ``_pywrap_file_io``, which ``tf.io.gfile`` and all above it go through."""

    def written(name: Any, mode: Any = "w", *_: Any, **__: Any) -> None:
        if os.fsdecode(mode).startswith(("r", "a")) and "+" in os.fsdecode(mode):
            reads.source(name)
        reads.target(name)

    def copied(source: Any, target: Any, *_: Any, **__: Any) -> None:
        reads.source(source)
        reads.target(target)

    def moved(source: Any, target: Any, *_: Any, **__: Any) -> None:
        reads.target(source)
        reads.target(target)

    for name in ("BufferedInputStream", "ReadFileToString"):
        tell(gfile, name, lambda path, *_, **__: reads.source(path))
    for name in ("CreateDir", "RecursivelyCreateDir"):
        tell(gfile, name, lambda path, *_, **__: reads.made_folder(path))
    tell(gfile, "WritableFile", written)
    tell(gfile, "WriteStringToFile", written)
    tell(gfile, "CopyFile", copied)
    tell(gfile, "RenameFile", moved)
    tell(gfile, "GetChildren", lambda path, *_, **__: reads.listed(path))
    tell(gfile, "GetMatchingFiles", lambda pattern, *_, **__: _folders_of(pattern, reads))


def watch_records(records: ModuleType, reads: Reads) -> None:
    """Watch ``tensorflow.python.lib.io.tf_record``."""
    tell(records.TFRecordWriter, "__init__", lambda self, path, *_, **__: reads.target(path))
    for name in ("tf_record_iterator", "tf_record_random_reader"):
        tell(records, name, lambda path, *_, **__: reads.source(path))


def watch_operations(operations: ModuleType, reads: Reads) -> None:
    """Watch ``gen_io_ops``: reads by an operation, where the name is known when it is made."""

    def read(filename: Any, *_: Any, **__: Any) -> None:
        for name in _names(filename, reads, "tf.io.read_file"):
            reads.source(name)

    def restored(prefix: Any, *_: Any, **__: Any) -> None:
        for name in _names(prefix, reads, "a checkpoint"):
            _checkpoint(name, reads)

    def matched(pattern: Any, *_: Any, **__: Any) -> None:
        for name in _names(pattern, reads, "tf.io.matching_files"):
            _folders_of(name, reads)
            # whoever asks for them reads them, most often inside of a graph
            for path in glob.glob(os.fsdecode(name)):
                reads.source(path)

    def written(filename: Any, *_: Any, **__: Any) -> None:
        for name in _constants(filename) or ():
            reads.target(name)

    tell(operations, "read_file", read)
    tell(operations, "restore_v2", restored)
    tell(operations, "matching_files", matched)
    tell(operations, "write_file", written)


def watch_tables(operations: ModuleType, reads: Reads) -> None:
    """Watch ``gen_lookup_ops``: vocabularies, those of Keras' lookup layers among them."""

    def filled(table_handle: Any, filename: Any, *_: Any, **__: Any) -> None:
        for name in _names(filename, reads, "a table of tf.lookup"):
            reads.source(name)

    for name in ("initialize_table_from_text_file", "initialize_table_from_text_file_v2"):
        tell(operations, name, filled)


def watch_readers(readers: ModuleType, reads: Reads) -> None:
    """Watch ``tensorflow.python.data.ops.readers``: datasets of lines and of records."""
    for name in ("TextLineDatasetV2", "TFRecordDatasetV2", "FixedLengthRecordDatasetV2"):
        _tell_of_names(getattr(readers, name), reads)


def _tell_of_names(dataset: type, reads: Reads) -> None:
    def made(_dataset: Any, filenames: Any, *_: Any, **__: Any) -> None:
        for name in _names(filenames, reads, "a tf.data.Dataset of file names"):
            reads.source(name)

    tell(dataset, "__init__", made)


def watch_more_readers(readers: ModuleType, reads: Reads) -> None:
    """Watch ``tensorflow.python.data.experimental.ops.readers``: CSV files and SQL."""

    def sql(_dataset: Any, driver_name: Any, data_source_name: Any, *_: Any, **__: Any) -> None:
        for name in _names(data_source_name, reads, "an SqlDataset"):
            reads.source(name)

    _tell_of_names(readers.CsvDatasetV2, reads)
    tell(readers.SqlDatasetV2, "__init__", sql)


def watch_loads(module: ModuleType, reads: Reads) -> None:
    """Watch ``load_op``: what ``Dataset.save`` has written."""
    tell(module, "_load", lambda path, *_, **__: reads.below(path))


def watch_caches(module: ModuleType, reads: Reads) -> None:
    """Watch ``cache_op``: what ``Dataset.cache`` keeps in files, from one run to the next."""

    def cached(_input: Any, filename: Any, *_: Any, **__: Any) -> None:
        for name in _constants(filename) or ():
            if name:
                _checkpoint(name, reads)

    tell(module, "_cache", cached)


def watch_checkpoints(module: ModuleType, reads: Reads) -> None:
    """Watch ``py_checkpoint_reader``."""
    tell(module, "NewCheckpointReader", lambda filepattern: _checkpoint(filepattern, reads))


def watch_savers(module: ModuleType, reads: Reads) -> None:
    """Watch ``functional_saver``, which writes the files of a checkpoint in C."""

    def written(_saver: Any, file_prefix: Any, *_: Any, **__: Any) -> None:
        for name in _constants(file_prefix) or ():
            reads.target(f"{os.fsdecode(name)}.index")
            reads.target(f"{os.fsdecode(name)}.data-00000-of-00001")

    tell(module.MultiDeviceSaver, "save", written)


def watch_saved_models(module: ModuleType, reads: Reads) -> None:
    """Watch ``saved_model.loader_impl``, which every loader of a SavedModel asks first."""
    tell(module, "parse_saved_model", lambda export_dir: reads.below(export_dir))


def _names(value: Any, reads: Reads, what: str) -> Iterator[Any]:
    """Yield the file names in *value*; where a graph makes them up, say that *what* isn't seen."""
    names = _constants(value)
    if names is None:
        reads.unseen(f"{what} inside of a graph")
    yield from names or ()


def _constants(value: Any) -> list[Any] | None:
    """Return the names in a name, a tensor, a dataset, or a list of them; None: not known yet."""
    if isinstance(value, str | bytes | os.PathLike):
        return [value]
    if isinstance(value, list | tuple):
        parts = [_constants(part) for part in value]
        return None if None in parts else [name for part in parts for name in part or ()]
    if hasattr(value, "element_spec"):
        return _elements(value)
    from numpy import ravel
    from tensorflow.python.framework import tensor_util

    constant = tensor_util.constant_value(value) if tensor_util.is_tf_type(value) else value
    return None if constant is None else ravel(constant).tolist()


def _elements(dataset: Any) -> list[Any] | None:
    """Return the names in a dataset, by what it was made from: to look into it would disturb it."""
    while inputs := dataset._inputs():
        dataset = inputs[0]
    return _constants(list(getattr(dataset, "_tensors", [None])))


def _checkpoint(prefix: Any, reads: Reads) -> None:
    start = os.fsdecode(prefix)
    for path in (f"{start}.index", *glob.glob(f"{glob.escape(start)}.data-*")):
        reads.source(path)


def _folders_of(pattern: Any, reads: Reads) -> None:
    """Note the folders whose names decide what *pattern* finds."""
    text = os.fsdecode(pattern)
    if not glob.has_magic(text):
        return  # asks whether it is there
    folder = os.path.dirname(text)
    for path in glob.glob(folder) if glob.has_magic(folder) else [folder]:
        reads.listed(path or ".")
