"""Files on a storage element, through gfal2: looked at, sent and fetched.

"Not there" is FileNotFoundError; whatever else goes wrong is a `StorageError`, so that a server
that does not answer is never taken for one without the file.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from cmsml_tasks.errors import UserError
from cmsml_tasks.files import sha256
from cmsml_tasks.shown import without_secrets
from cmsml_tasks.temporary import temporary_folder
from cmsml_tasks.tracking.storage import cache
from cmsml_tasks.tracking.storage.gfal import TRANSFER_SECONDS, StorageError, ask
from cmsml_tasks.tracking.storage.one_look import is_looking, seen_as
from cmsml_tasks.tracking.storage.stat_signatures import Signature, is_exact

T = TypeVar("T")

_ANY = ("utf-8", "surrogateescape")  # the cache keeps text, and a file may hold anything
_OLD_SECONDS = 24 * 3600  # a sibling that young may still be on its way, from another host


@dataclass(frozen=True)
class Sent:
    """What was sent: digests and size of a local file, and where it lies for now."""

    sha256: str
    adler32: str
    size: int
    sibling: str


_in_place: dict[str, Sent] = {}


# looking


def look_at(url: str) -> Signature:
    """Return size and time of change (s) of the file at *url*.

    Within one look a folder is listed once, and the files in it cost no further questions.

    Raises:
        FileNotFoundError: there is none.
        StorageError: no answer, or no permission.
    """
    folder, _, name = url.rpartition("/")
    entries = None
    if is_looking():
        entries = seen_as(("listing", folder), lambda: listing_or_nothing(folder))
    if entries is None:
        return _signature(ask(url, "look at it", lambda context: context.stat(url)))
    if name not in entries:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), without_secrets(url))
    return _signature(entries[name])


def _signature(status: Any) -> Signature:
    return [int(status.st_size), int(status.st_mtime)]


def listing_or_nothing(folder: str) -> dict[str, Any] | None:
    """Return what is in *folder*, None where it cannot be listed although the server answers.

    Raises:
        StorageError: no answer.
    """
    try:
        return listing(folder)
    except FileNotFoundError:
        return {}
    except StorageError as error:
        if error.is_silence:
            raise
        return None


def listing(folder: str) -> dict[str, Any]:
    """Return the status of all that lies in *folder*, by name.

    Raises:
        FileNotFoundError: there is no such folder.
        StorageError: no answer, or it may not be listed.
    """

    def read(context: Any) -> dict[str, Any]:
        directory = context.opendir(folder)
        entries: dict[str, Any] = {}
        while True:
            entry, status = directory.readpp()
            if entry is None:
                return entries
            entries[entry.d_name] = status

    return ask(folder, "list it", read)


def files_below(folder: str) -> Iterator[str]:
    """Yield the URLs of all files in *folder* and its folders, without hidden ones."""
    for name, status in sorted(listing(folder).items(), key=lambda entry: entry[0]):
        url = f"{folder}/{name}"
        if name.startswith("."):
            continue
        if stat.S_ISDIR(status.st_mode):
            yield from files_below(url)
        else:
            yield url


# reading


def read_bytes(url: str) -> bytes:
    """Return the content of a small text file, such as a manifest, from the cache where it can.

    Raises:
        FileNotFoundError: there is none.
        StorageError: no answer, or no permission.
    """
    before = look_at(url)
    return _kept("texts", url, before, lambda: _read(url).decode(*_ANY)).encode(*_ANY)


def _read(url: str) -> bytes:
    def read(context: Any) -> bytes:
        file, parts = context.open(url, "r"), []
        while part := file.read_bytes(1 << 20):
            parts.append(part)
        return b"".join(parts)

    return ask(url, "read it", read)


def checksum(url: str, signature: Signature) -> str | None:
    """Return the adler32 of the file at *url* as the storage tells it, None where it has none.

    Raises:
        FileNotFoundError: there is no such file.
        StorageError: no answer.
    """
    return _kept("adler32", url, signature, lambda: _checksum(url))


def _checksum(url: str) -> str | None:
    try:
        value = ask(url, "get its checksum", lambda context: context.checksum(url, "ADLER32"))
    except StorageError as error:
        if error.is_silence:
            raise
        return None
    return str(value).lower().zfill(8) if value else None


def sha256_of(url: str) -> str:
    """Return the SHA-256 digest of the file at *url*, which is fetched for it, once.

    Raises:
        FileNotFoundError: there is no such file.
        StorageError: no answer, or no permission.
    """

    def compute() -> str:
        with temporary_folder("storage") as folder:
            return sha256(fetch(url, folder / "file"))

    return _kept("sha256", url, look_at(url), compute)


def _kept(what: str, url: str, signature: Signature, compute: Callable[[], T]) -> T:
    """Return ``compute()``, from the cache where the file has not changed since."""
    key = f"{what} {url}"
    entry = cache.recall("storage", key)
    if isinstance(entry, dict) and entry.get("seen") == signature:
        found: T = entry["value"]
        return found
    value = compute()
    if is_exact(signature):
        cache.keep("storage", key, {"seen": signature, "value": value})
    return value


def fetch(url: str, path: Path) -> Path:
    """Copy the file at *url* to *path*, whose folder is there, and return *path*.

    Raises:
        FileNotFoundError: there is no such file.
        StorageError: no answer, no permission, or no space here.
    """
    _copy(url, path.as_uri(), url)
    return path


def _copy(source: str, target: str, url: str) -> None:
    def copy(context: Any) -> None:
        parameters = context.transfer_parameters()
        parameters.overwrite = True
        parameters.create_parent = True
        parameters.timeout = TRANSFER_SECONDS
        context.filecopy(parameters, source, target)

    ask(url, "copy it", copy)


# writing


def send(file: Path, url: str) -> Sent:
    """Copy *file* to a temporary sibling of *url*, and check that it has arrived whole.

    Raises:
        StorageError: no answer, no permission, no space, or other bytes have arrived.
    """
    sibling = _sibling(url)
    sent = Sent(sha256(file), _adler32(file), file.stat().st_size, sibling)
    try:
        _copy(file.as_uri(), sibling, url)
        arrived = _signature(ask(sibling, "look at it", lambda context: context.stat(sibling)))[0]
        if arrived != sent.size or (_checksum(sibling) or sent.adler32) != sent.adler32:
            raise StorageError(f"{url}: other bytes have arrived than were sent; run it again")
    except BaseException:
        with suppress(UserError):
            remove(sibling)
        raise
    return sent


def settle(sent: Sent, url: str) -> None:
    """Let what was sent take the place of *url*.

    Raises:
        StorageError: no answer, or no permission.
    """
    move(sent.sibling, url)
    _in_place[url] = sent


def put(file: Path, url: str, make_way: Callable[[], None] = lambda: None) -> None:
    """Let the content of *file* be that of *url*: the old one is there until all has arrived.

    Args:
        file: a local file.
        url: where it is to lie.
        make_way: is called when all has arrived, before it takes the place of the old one.

    Raises:
        StorageError: no answer, no permission, no space, or other bytes have arrived.
    """
    sent = send(file, url)
    try:
        make_way()
        settle(sent, url)
    except BaseException:
        with suppress(UserError):
            remove(sent.sibling)
        raise


def put_bytes(content: bytes, url: str) -> None:
    """Do the same with *content*."""
    with temporary_folder("storage") as folder:
        file = folder / "content"
        file.write_bytes(content)
        put(file, url)


def sent_to(url: str, signature: Signature) -> Sent | None:
    """Return what this process has put at *url*, if it is still that."""
    sent = _in_place.get(url)
    if sent is None or sent.size != signature[0]:
        return None
    return sent if (_checksum(url) or sent.adler32) == sent.adler32 else None


def move(source: str, target: str) -> None:
    """Rename *source*, in place of what is at *target*.

    Raises:
        FileNotFoundError: there is no *source*.
        StorageError: no answer, or no permission.
    """
    try:
        _rename(source, target)
    except StorageError as error:
        if error.code != errno.EEXIST:
            raise
        # some storages do not replace; no manifest speaks of the target at this moment
        remove(target)
        _rename(source, target)


def _rename(source: str, target: str) -> None:
    # not tried again: what was renamed is no longer there
    ask(target, "rename to it", lambda context: context.rename(source, target), attempts=1)


def remove(url: str) -> None:
    """Remove the file at *url*, if there is one.

    Raises:
        StorageError: no answer, or no permission.
    """
    with suppress(FileNotFoundError):
        ask(url, "remove it", lambda context: context.unlink(url))


def make_folder(url: str) -> None:
    """Make the folder *url* and those above it, where they are not there.

    Raises:
        StorageError: no answer, or no permission.
    """
    ask(url, "make it", lambda context: context.mkdir_rec(url, 0o755))


def remove_folder(url: str) -> None:
    """Remove the folder *url* with all that is in it, if there is one.

    Raises:
        StorageError: no answer, or no permission.
    """
    with suppress(FileNotFoundError):
        for name, status in listing(url).items():
            if stat.S_ISDIR(status.st_mode):
                remove_folder(f"{url}/{name}")
            else:
                remove(f"{url}/{name}")
        ask(url, "remove it", lambda context: context.rmdir(url))


def remove_left_over(url: str) -> None:
    """Remove what runs that were killed, a day ago or earlier, left beside *url*."""
    folder, _, name = url.rpartition("/")
    pattern = re.compile(rf"\.{re.escape(name)}\.[0-9a-f]{{8}}")
    for other, status in (listing_or_nothing(folder) or {}).items():
        if pattern.fullmatch(other) and status.st_mtime < time.time() - _OLD_SECONDS:
            remove(f"{folder}/{other}")


def _sibling(url: str) -> str:
    folder, _, name = url.rpartition("/")
    return f"{folder}/.{name}.{os.urandom(4).hex()}"


def _adler32(file: Path) -> str:
    value = 1
    with open(file, "rb") as stream:
        while part := stream.read(1 << 20):
            value = zlib.adler32(part, value)
    return f"{value:08x}"
