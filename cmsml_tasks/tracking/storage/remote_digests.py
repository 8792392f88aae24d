"""Digests of what lies on a server, as the server tells them; nothing is read."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

from cmsml_tasks.processes import xrootd_client
from cmsml_tasks.shown import without_secrets
from cmsml_tasks.tracking.storage import cache
from cmsml_tasks.tracking.storage.stat_signatures import is_exact

Digest = dict[str, str]
"""The value by the one name of its method: ``sha256``, the checksum of the storage such as
``adler32``, or ``size and time`` where the storage has none."""

_WEB = {"http": "http", "https": "https", "dav": "http", "davs": "https"}
_TIMES = ("mtime", "modified", "LastModified", "last_modified", "updated", "created")
_TAGS = ("ETag", "etag")
_INSTALL = "pip install 'cmsml_tasks[xrootd]'"

_SECONDS = 10
_CHECKSUM_SECONDS = 120  # a server that has not stored it reads the whole file
_SILENCE_SECONDS = 60

# numbers of XRootD's protocol and client
_NOT_FOUND = 3011
_EXPIRED = 206
_REFUSED = 400

_silent_until: dict[str, float] = {}


def remote_digest(url: str) -> Digest:
    """Return the digest of what *url* points to.

    A server that does not answer is left alone for a minute: there may be many files on it.

    Raises:
        OSError: there is nothing, no permission, no answer, or no package for such URLs.
        DataError: XRootD's client is needed and can no longer be loaded.
    """
    scheme, _, rest = url.partition("://")
    server = rest.partition("/")[0].rpartition("@")[2]
    if time.monotonic() < _silent_until.get(server, 0.0):
        raise TimeoutError(f"{url}: {server} did not answer a moment ago")
    try:
        if scheme.lower() in xrootd_client.SCHEMES:
            return _from_xrootd(url)
        if scheme.lower() in _WEB:
            return _from_web(url, f"{_WEB[scheme.lower()]}://{rest}")
        return _from_fsspec(url)
    except OSError as error:
        if isinstance(error, TimeoutError):
            _silent_until[server] = time.monotonic() + _SILENCE_SECONDS
        _take_secrets_out(error)
        raise


def _take_secrets_out(error: OSError) -> None:
    error.args = tuple(
        without_secrets(each) if isinstance(each, str) else each for each in error.args
    )
    for name in ("strerror", "filename"):
        text = getattr(error, name)
        if isinstance(text, str):
            setattr(error, name, without_secrets(text))


def _from_xrootd(url: str) -> Digest:
    xrootd_client.check_client(url)
    try:
        client = import_module("XRootD.client")
        query_code = import_module("XRootD.client.flags").QueryCode
    except ImportError as error:
        raise OSError(f"{url}: looking at it needs XRootD's client; {_INSTALL}") from error
    # or timeouts are rounded up to 15 s; a variable of the user's, XRD_TIMEOUTRESOLUTION, wins
    client.EnvPutInt("TimeoutResolution", 1)
    address = client.URL(url)
    files = client.FileSystem(url)
    status, info = files.stat(address.path_with_params, timeout=_SECONDS)
    _check(status, url, f"no answer within {_SECONDS} s")
    # without the parameters, which may hold a token
    key = f"{address.hostname}:{address.port}/{address.path}"
    # older clients do not hand on when the file's entry was changed
    seen = [info.size, info.modtime, getattr(info, "ctime", None)]
    entry = cache.recall("remote", key)
    if isinstance(entry, dict) and entry.get("seen") == seen:
        return dict(entry["digest"])
    status, answer = files.query(
        query_code.CHECKSUM, address.path_with_params, timeout=_CHECKSUM_SECONDS
    )
    if status.code == _REFUSED:
        return _size_and_time(url, info.size, info.modtime)
    _check(status, url, f"no checksum within {_CHECKSUM_SECONDS} s")
    method, value = answer.rstrip(b"\0").decode("ascii").split()[:2]
    digest = _checksum(method, value)
    if is_exact([info.size, info.modtime]):
        cache.keep("remote", key, {"seen": seen, "digest": digest})
    return digest


def _check(status: Any, url: str, silence: str) -> None:
    if status.ok:
        return
    if status.errno == _NOT_FOUND:
        raise _not_found(url)
    if status.code == _EXPIRED:
        raise TimeoutError(f"{url}: {silence}; is the server up?")
    reason = re.sub(r"^\[\w+\] ", "", status.message.strip())
    raise OSError(f"{url}: {reason}")


def _from_web(url: str, web_url: str) -> Digest:
    from email.utils import parsedate_to_datetime
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    request = Request(web_url, method="HEAD", headers={"Want-Digest": "adler32"})
    try:
        with urlopen(request, timeout=_SECONDS) as answer:
            headers: Mapping[str, str] = answer.headers
    except HTTPError as error:
        error.close()
        if error.code in (404, 410):
            raise _not_found(url) from error
        raise OSError(f"{url}: the server answers {error.code} {error.reason}") from error
    except (OSError, HTTPException) as error:
        reason = getattr(error, "reason", error)
        kind = TimeoutError if isinstance(reason, TimeoutError) else OSError
        raise kind(f"{url}: {reason}; is the server up?") from error
    for part in headers.get("Digest", "").split(","):
        method, _, value = part.strip().partition("=")
        if method.lower() == "adler32":
            return _checksum(method, value)
    changed: Any = headers.get("Last-Modified") or headers.get("ETag")
    with suppress(ValueError):
        changed = parsedate_to_datetime(headers.get("Last-Modified", ""))
    return _size_and_time(url, headers.get("Content-Length"), changed)


def _from_fsspec(url: str) -> Digest:
    try:
        import fsspec

        filesystem, path = fsspec.core.url_to_fs(url)
        filesystem.invalidate_cache()
        info = filesystem.info(path)
    except FileNotFoundError as error:
        raise _not_found(url) from error
    except OSError:
        raise
    except (ImportError, ValueError) as error:
        raise OSError(f"{url}: looking at it needs more packages ({error}); {_INSTALL}") from error
    except Exception as error:  # file systems have exceptions of their own
        raise OSError(f"{url}: {type(error).__name__}: {error}") from error
    changed = next((info[name] for name in (*_TIMES, *_TAGS) if info.get(name)), None)
    return _size_and_time(url, info.get("size"), changed)


def _checksum(method: str, value: str) -> Digest:
    """Return the digest in one spelling, however the server spells it."""
    method, value = method.lower(), value.lower()
    return {method: value.zfill(8) if method == "adler32" else value}


def _size_and_time(url: str, size: Any, changed: Any) -> Digest:
    if changed is None:
        raise OSError(f"{url}: the server tells neither a checksum nor a time of change")
    if isinstance(changed, int | float):
        changed = datetime.fromtimestamp(changed, UTC)
    if isinstance(changed, datetime):
        changed = changed.isoformat()
    return {"size and time": f"{'?' if size is None else size} {changed}"}


def _not_found(url: str) -> FileNotFoundError:
    return FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), url)
