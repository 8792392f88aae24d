"""Which module of which library gets which hook."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

from cmsml_tasks.observing.libraries import arrow, hdf5, tensorflow, xrootd
from cmsml_tasks.observing.libraries.importing import Hook, after_import
from cmsml_tasks.observing.reads import Reads

_HOOKS: dict[str, Callable[[ModuleType, Reads], None]] = {
    "h5py.h5f": hdf5.watch_h5f,
    "h5py._hl.files": hdf5.watch_objects,
    "pyarrow.lib": arrow.watch_lib,
    "pyarrow._csv": arrow.watch_text,
    "pyarrow._json": arrow.watch_text,
    "pyarrow.ipc": arrow.watch_ipc,
    "pyarrow.feather": arrow.watch_feather,
    "pyarrow.orc": arrow.watch_orc,
    "pyarrow.parquet.core": arrow.watch_parquet,
    "pyarrow.dataset": arrow.watch_dataset,
    "XRootD.client.file": xrootd.watch_file,
    "XRootD.client.copyprocess": xrootd.watch_copies,
    "tensorflow.python.lib.io._pywrap_file_io": tensorflow.watch_files,
    "tensorflow.python.lib.io.tf_record": tensorflow.watch_records,
    "tensorflow.python.ops.gen_io_ops": tensorflow.watch_operations,
    "tensorflow.python.ops.gen_lookup_ops": tensorflow.watch_tables,
    "tensorflow.python.data.ops.readers": tensorflow.watch_readers,
    "tensorflow.python.data.experimental.ops.readers": tensorflow.watch_more_readers,
    "tensorflow.python.data.ops.load_op": tensorflow.watch_loads,
    "tensorflow.python.data.ops.cache_op": tensorflow.watch_caches,
    "tensorflow.python.training.py_checkpoint_reader": tensorflow.watch_checkpoints,
    "tensorflow.python.checkpoint.functional_saver": tensorflow.watch_savers,
    "tensorflow.python.saved_model.loader_impl": tensorflow.watch_saved_models,
}


def watch_libraries(reads: Reads) -> None:
    """Let *reads* know of what these libraries open from now on."""
    after_import({name: _hook(name, hook, reads) for name, hook in _HOOKS.items()})


def _hook(name: str, watch: Callable[[ModuleType, Reads], None], reads: Reads) -> Hook:
    def hook(module: ModuleType) -> None:
        try:
            watch(module, reads)
        except Exception:
            reads.unseen(f"{name} of this release")

    return hook
