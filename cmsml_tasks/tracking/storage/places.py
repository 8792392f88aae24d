"""Where outputs and manifests lie: on a file system that is mounted here, or at a URL.

The path of a manifest is a `Place`, outputs are texts: paths or URLs. A `Url` is no path to Python,
so that nothing looks for it on the local file system, and finds it missing, by mistake.
"""

from __future__ import annotations

import errno
import os
import posixpath
import re
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cmsml_tasks import files
from cmsml_tasks.tracking.storage import cache, remote_files, stat_signatures
from cmsml_tasks.tracking.storage.stat_signatures import Signature

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://[^/]*)(.*)", re.DOTALL)
_LARGEST = 64 << 20


@dataclass(frozen=True)
class Url:
    """A file or folder on a server, with as much of `pathlib.Path` as tracking needs."""

    text: str

    def __str__(self) -> str:
        return self.text

    def __truediv__(self, name: str) -> Url:
        return Url(f"{self.text}/{name}")

    @property
    def scheme(self) -> str:
        """The part before ``://``."""
        return self.text.partition("://")[0]

    @property
    def name(self) -> str:
        """The part behind the last slash."""
        return self.text.rpartition("/")[2]

    @property
    def parent(self) -> Url:
        """The folder."""
        return Url(self.text.rpartition("/")[0])

    def with_name(self, name: str) -> Url:
        """Return the sibling of that name."""
        return self.parent / name


Place = Path | Url


def is_remote(path: str) -> bool:
    """Tell whether *path* is a URL."""
    return "://" in path


def place(path: str | os.PathLike[str]) -> Place:
    """Return the place that a text names."""
    text = os.fspath(path)
    return Url(text.rstrip("/")) if is_remote(text) else Path(text)


def relative(path: str, folder: Place) -> str:
    """Return *path* as seen from *folder*; as it is where no relative path leads there."""
    if isinstance(folder, Path):
        return path if is_remote(path) else os.path.relpath(path, folder)
    to, start = _URL.fullmatch(path), _URL.fullmatch(folder.text)
    if to is None or start is None or to[1] != start[1]:
        return path
    return posixpath.relpath(to[2], start[2])


def of_output(folder: Place, name: str) -> str:
    """Return the path or URL of the output that the manifest in *folder* calls *name*."""
    if isinstance(folder, Path) and not is_remote(name):
        return os.path.join(folder, name)
    return joined(folder, name)


def joined(folder: Place, path: str) -> str:
    """Return the path or URL that is *path* as seen from *folder*."""
    if is_remote(path) or os.path.isabs(path):
        return path
    if isinstance(folder, Path):
        return os.path.normpath(folder / path)
    steps = folder.text.split("/")
    for step in path.split("/"):
        if step == "..":
            steps.pop()
        else:
            steps.append(step)
    return "/".join(steps)


def identity(where: Place) -> str:
    """Return a text that is the same for all names of a place."""
    return os.path.realpath(where) if isinstance(where, Path) else where.text


def hidden(where: Place, ending: str) -> Path:
    """Return a hidden local file that goes with *where*: beside it, for a URL in the cache."""
    if isinstance(where, Path):
        return where.with_name(f".{where.name}.{ending}")
    return cache.place_of("places", where.text).with_suffix(f".{ending}")


def signature(path: str) -> Signature:
    """Return the signature of what lies at *path*.

    Raises:
        OSError: there is nothing, or it cannot be looked at.
        StorageError: the server does not answer, or refuses.
    """
    return remote_files.look_at(path) if is_remote(path) else stat_signatures.signature(path)


def exists(path: str) -> bool:
    """Tell whether there is something at *path*, be it a link that leads nowhere.

    Raises:
        StorageError: the server does not answer, or refuses.
    """
    if not is_remote(path):
        return os.path.lexists(path)
    try:
        remote_files.look_at(path)
    except FileNotFoundError:
        return False
    return True


def read_bytes(where: Place | str | os.PathLike[str]) -> bytes:
    """Return the content of a small text file.

    Raises:
        OSError: it is not there, cannot be read, is no regular file, or is large.
        StorageError: the server does not answer, or refuses.
    """
    if isinstance(where, Url):
        if remote_files.look_at(where.text)[0] > _LARGEST:
            raise OSError(errno.EFBIG, f"larger than {_LARGEST >> 20} MiB")
        return remote_files.read_bytes(where.text)
    # opened first, so that nobody can exchange it; a pipe would make an ordinary open wait
    descriptor = os.open(where, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "no regular file")
        if status.st_size > _LARGEST:
            raise OSError(errno.EFBIG, f"larger than {_LARGEST >> 20} MiB")
        with open(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def write_json(
    where: Place | str | os.PathLike[str], content: Any, *, in_order: bool = False
) -> None:
    """Write *content* as a whole, as `cmsml_tasks.files.write_json` does.

    Raises:
        UserError: it cannot be written; what was there before is untouched.
    """
    where = where if isinstance(where, Url) else place(where)
    if isinstance(where, Url):
        remote_files.put_bytes(files.json_text(content, in_order=in_order).encode(), where.text)
    else:
        files.write_json(where, content, in_order=in_order)


def move(source: Place, target: Place) -> None:
    """Rename *source* in place of *target*, of the same kind.

    Raises:
        OSError: there is no *source*, or the folder cannot be written.
        StorageError: the server does not answer, or refuses.
    """
    if isinstance(source, Path) and isinstance(target, Path):
        os.replace(source, target)
    else:
        remote_files.move(str(source), str(target))


def remove(where: Place) -> None:
    """Remove a file, if there is one.

    Raises:
        OSError: the folder cannot be written.
        StorageError: the server does not answer, or refuses.
    """
    if isinstance(where, Url):
        remote_files.remove(where.text)
    else:
        where.unlink(missing_ok=True)


def take_links_away(paths: Iterable[str]) -> dict[str, str]:
    """Remove symbolic links among local *paths*, so that what is written follows none.

    Returns:
        Where each led, for `put_links_back`.

    Raises:
        OSError: the folder cannot be written.
    """
    links = {}
    for path in paths:
        if not is_remote(path) and os.path.islink(path):
            links[path] = os.readlink(path)
            os.unlink(path)
    return links


def put_links_back(links: Mapping[str, str]) -> None:
    """Make *links* again where nothing else has taken their place."""
    for path, target in links.items():
        with suppress(FileExistsError):
            os.symlink(target, path)


def remove_output(folder: Place, name: str) -> None:
    """Remove the output that the manifest in *folder* calls *name*; a link leads nowhere else.

    Raises:
        OSError: the folder cannot be written, or *name* lies elsewhere.
        StorageError: the server does not answer, or refuses.
    """
    where = place(of_output(folder, name))
    if isinstance(folder, Path) and isinstance(where, Path):
        real = os.path.realpath(folder)
        if os.path.commonpath([real, os.path.realpath(where.parent)]) != real:
            raise OSError(errno.EXDEV, f"{name} lies outside of {folder}")
    remove(where)


def files_below(folder: Place) -> Iterator[Place]:
    """Yield all files in *folder* and its folders, sorted within each, without hidden folders.

    Raises:
        StorageError: the server does not answer, or refuses.
    """
    if isinstance(folder, Url):
        yield from map(Url, remote_files.files_below(folder.text))
        return
    for path, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(path, name) for name in sorted(names))


def remove_left_over(path: str) -> None:
    """Remove what killed processes left beside *path*; see the two functions of that name."""
    if is_remote(path):
        remote_files.remove_left_over(path)
    else:
        files.remove_left_over(path)
