"""HDF5 through h5py."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

from cmsml_tasks.observing.libraries.telling import tell, tell_result
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


def watch_objects(files: ModuleType, reads: Reads) -> None:
    """Watch what is opened in files, which may lie in others: HDF5 itself opens those.

    They are behind external links, sources of virtual datasets, or hold a dataset's raw values.
    """
    from h5py import h5d, h5o, h5r

    for module, name in ((h5o, "open"), (h5d, "open"), (h5r, "dereference")):
        tell_result(module, name, lambda result: _object(result, reads))
    tell_result(h5d, "create", lambda dataset: _created(dataset, reads))


def _object(opened: Any, reads: Reads) -> None:
    from h5py import h5d, h5f

    name = os.fsdecode(h5f.get_name(opened))
    if os.path.isabs(name):  # as it is of a linked file; an open file has none
        reads.source(name)
    if isinstance(opened, h5d.DatasetID):
        for path in _sources(opened, os.path.dirname(name), reads):
            reads.source(path)
        for path in _raw(opened, os.path.dirname(name)):
            reads.source(path)


def _created(dataset: Any, reads: Reads) -> None:
    from h5py import h5f

    for path in _raw(dataset, os.path.dirname(os.fsdecode(h5f.get_name(dataset)))):
        reads.target(path)


def _sources(dataset: Any, folder: str, reads: Reads) -> set[str]:
    """Return the files that a virtual dataset in a file in *folder* is made of."""
    from h5py import h5d

    plan = dataset.get_create_plist()
    if plan.get_layout() != h5d.VIRTUAL:
        return set()
    prefix = os.environ.get("HDF5_VDS_PREFIX") or _prefix(dataset, "get_virtual_prefix")
    paths = set()
    for number in range(plan.get_virtual_count()):
        name = os.fsdecode(plan.get_virtual_filename(number))
        if "%b" in name:
            reads.unseen(f"the numbered sources {name} of a virtual dataset")
        elif name != ".":  # the file itself
            beside = os.path.join(folder, name)
            tried = [os.path.join(_folder(prefix, folder), name)] if prefix else []
            tried += [beside, name]
            paths.add(next(filter(os.path.exists, tried), beside))
    return paths


def _raw(dataset: Any, folder: str) -> list[str]:
    """Return the files that hold the values of a dataset that is described in *folder*."""
    plan = dataset.get_create_plist()
    prefix = os.environ.get("HDF5_EXTFILE_PREFIX") or _prefix(dataset, "get_efile_prefix")
    names = [
        os.fsdecode(plan.get_external(number)[0]) for number in range(plan.get_external_count())
    ]
    return [os.path.join(_folder(prefix, folder), name) for name in names]


def _prefix(dataset: Any, getter: str) -> str:
    get = getattr(dataset.get_access_plist(), getter, None)  # not in every build of HDF5
    return os.fsdecode(get()) if get else ""


def _folder(prefix: str, folder: str) -> str:
    return prefix.replace("${ORIGIN}", folder or ".")
