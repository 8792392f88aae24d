"""HDF5 through h5py."""

from __future__ import annotations

from types import ModuleType
from typing import Any

from cmsml_tasks.observing.libraries.telling import tell
from cmsml_tasks.observing.reads import Reads


def watch_h5f(h5f: ModuleType, reads: Reads) -> None:
    """Watch ``h5py.h5f``, through which ``h5py.File`` opens and makes files."""

    def opened(name: Any, flags: int = h5f.ACC_RDWR, fapl: Any = None) -> None:
        if _is_a_file(fapl):
            reads.source(name)
            if flags & h5f.ACC_RDWR:
                reads.target(name)

    def created(name: Any, flags: int = h5f.ACC_TRUNC, fcpl: Any = None, fapl: Any = None) -> None:
        if _is_a_file(fapl):
            reads.target(name)

    tell(h5f, "open", opened)
    tell(h5f, "create", created)


def _is_a_file(fapl: Any) -> bool:
    """Tell whether the name is one of a file, and not of an open file or of memory."""
    from h5py import h5fd

    return fapl is None or fapl.get_driver() != getattr(h5fd, "fileobj_driver", None)
