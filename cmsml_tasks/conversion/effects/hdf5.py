"""HDF5 files that hold all of what they say, and take nothing from other files."""

from __future__ import annotations

import math
from typing import Any

from cmsml_tasks.errors import ConversionError

_MOST_UNPACKED = 100  # times the file's own size


def refuse_other_files(name: str, file: Any) -> None:
    """Refuse an HDF5 file that would have other files read.

    HDF5 knows three ways: links to other files, datasets whose bytes lie in one ("external
    storage"), and datasets put together from those of others ("virtual").

    Args:
        name: what it is called in the message.
        file: the open ``h5py.File``.

    Raises:
        ConversionError: the message names what lies elsewhere, and where.
    """
    found = _link(file) or _dataset(file)
    if found is not None:
        raise ConversionError(
            f"{name} has {found}, but a model's file reads no other file; save the model again "
            "with model.save, which writes all of it into one"
        )


def refuse_what_is_not_there(name: str, file: Any) -> None:
    """Refuse an HDF5 file whose arrays are far larger than itself: they would take all memory.

    Args:
        name: what it is called in the message.
        file: the open ``h5py.File``.

    Raises:
        ConversionError: the message names the largest array.
    """
    import h5py

    sizes: dict[str, int] = {}

    def add(item_name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset) and item.shape is not None:
            sizes[item_name] = math.prod(item.shape) * item.dtype.itemsize

    file.visititems(add)
    if sum(sizes.values()) > _MOST_UNPACKED * file.id.get_filesize():
        largest = max(sizes, key=lambda item_name: sizes[item_name])
        raise ConversionError(
            f"{name} says that '{largest}' has {sizes[largest]:,} bytes, in a file of "
            f"{file.id.get_filesize():,}, so Keras did not write it; save the model again with "
            "model.save"
        )


def _link(file: Any) -> str | None:
    from h5py import h5l

    def elsewhere(name: bytes, info: Any) -> str | None:
        if info.type in (h5l.TYPE_HARD, h5l.TYPE_SOFT):
            return None
        shown = name.decode(errors="replace")
        if info.type != h5l.TYPE_EXTERNAL:
            return f"a link of a kind of its own, '{shown}'"
        target, _ = file.id.links.get_val(name)
        return f"a link to another file: '{shown}' lies in '{target.decode(errors='replace')}'"

    return file.id.links.visit(elsewhere, info=True)  # type: ignore[no-any-return]


def _dataset(file: Any) -> str | None:
    import h5py

    def elsewhere(name: str, item: Any) -> str | None:
        if not isinstance(item, h5py.Dataset):
            return None
        others = [str(part[0]) for part in item.external or ()]
        if item.is_virtual:
            others += [part.file_name for part in item.virtual_sources() if part.file_name != "."]
        return f"a dataset in another file: '{name}' lies in '{others[0]}'" if others else None

    return file.visititems(elsewhere)  # type: ignore[no-any-return]
