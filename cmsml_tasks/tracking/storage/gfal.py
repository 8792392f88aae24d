"""Questions to storage elements through gfal2, with an answer or an error in a bounded time."""

from __future__ import annotations

import errno
import os
import re
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from cmsml_tasks.errors import SettingsError, UserError
from cmsml_tasks.processes.forks import prepare_forks
from cmsml_tasks.shown import without_secrets

T = TypeVar("T")

_PLUGINS = {
    **dict.fromkeys(("root", "roots", "xroot", "xroots"), "xrootd"),
    **dict.fromkeys(("dav", "davs", "http", "https"), "http"),
}
SCHEMES = tuple(_PLUGINS)
"""Of the URLs that outputs can have."""
_INSTALL = (
    "apt install python3-gfal2 gfal2-plugin-file gfal2-plugin-xrootd gfal2-plugin-http, "
    "or conda-forge's gfal2"
)

_SECONDS = 15
_CHECKSUM_SECONDS = 120  # a server that has not stored it reads the whole file
TRANSFER_SECONDS = 3600
_ATTEMPTS = 2
_PAUSE_SECONDS = 1
# or XRootD's client tries for ten minutes; whatever the user has set wins
_PATIENCE = {
    "XRD_CONNECTIONRETRY": "1",
    "XRD_CONNECTIONWINDOW": str(_SECONDS),
    "XRD_REQUESTTIMEOUT": "60",
    "XRD_STREAMERRORWINDOW": "0",
    "XRD_TIMEOUTRESOLUTION": "1",
}

_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)
_FULL = (errno.ENOSPC, errno.EDQUOT)
_SILENT = (
    errno.ECOMM, errno.ETIMEDOUT, errno.ECONNREFUSED, errno.ECONNRESET, errno.ECONNABORTED,
    errno.EHOSTDOWN, errno.EHOSTUNREACH, errno.ENETDOWN, errno.ENETUNREACH, errno.EPIPE,
)  # fmt: skip
_HTTP = {
    401: errno.EACCES, 403: errno.EACCES, 404: errno.ENOENT, 410: errno.ENOENT,
    502: errno.EHOSTDOWN, 503: errno.EHOSTDOWN, 504: errno.ETIMEDOUT, 507: errno.ENOSPC,
}  # fmt: skip


class StorageError(UserError):
    """A storage element that does not answer, or that refuses."""

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code

    @property
    def is_silence(self) -> bool:
        """Whether the server did not answer at all."""
        return self.code in _SILENT


_contexts: dict[int, Any] = {}


def gfal2() -> Any:
    """Return the module gfal2.

    Raises:
        SettingsError: it is not installed for this Python.
    """
    try:
        import gfal2 as module
    except ImportError as error:
        raise SettingsError(
            f"a remote store needs the Python module gfal2 ({error}): {_INSTALL}"
        ) from error
    return module


def _context(url: str) -> Any:
    """Return gfal2's context of this process; one that was forked is of no use.

    Raises:
        SettingsError: gfal2 lacks a plugin that files at *url* need.
    """
    if os.getpid() not in _contexts:
        prepare_forks()
        own = {name: value for name, value in _PATIENCE.items() if name not in os.environ}
        os.environ.update(own)
        try:
            context = gfal2().creat_context()
        finally:
            for name in own:
                del os.environ[name]
        context.set_opt_integer("CORE", "NAMESPACE_TIMEOUT", _SECONDS)
        context.set_opt_integer("CORE", "CHECKSUM_TIMEOUT", _CHECKSUM_SECONDS)
        _contexts[os.getpid()] = context
    _check_plugins(_contexts[os.getpid()].get_plugin_names(), url)
    return _contexts[os.getpid()]


def _check_plugins(loaded: Sequence[str], url: str) -> None:
    """Refuse what gfal2 would call "Protocol not supported or path/url invalid"."""
    for plugin, use in (
        (_PLUGINS[url.partition("://")[0]], url.partition("://")[0] + "://"),
        ("file", "the local end of each copy"),
    ):
        if not any(name.startswith(f"{plugin}-") for name in loaded):
            raise SettingsError(
                f"{url}: gfal2 is installed here without its plugin '{plugin}', which is for "
                f"{use} (it has: {', '.join(loaded) or 'none'}): {_INSTALL}"
            )


def ask(url: str, doing: str, call: Callable[[Any], T], attempts: int = _ATTEMPTS) -> T:
    """Return what *call* returns, given gfal2's context.

    Raises:
        FileNotFoundError: the server says that there is nothing at *url*.
        SettingsError: gfal2 or one of its plugins is not installed.
        StorageError: no answer, or a refusal; the message says what to do.
    """
    module = gfal2()
    for attempt in range(1, attempts + 1):
        try:
            return call(_context(url))
        except module.GError as error:
            code, text = _reason(error)
            if code in _NOT_THERE:
                shown = without_secrets(url)
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), shown) from error
            if code not in _SILENT or attempt == attempts:
                message = f"{url}: cannot {doing}: {text}; {_advice(code)}"
                raise StorageError(message, code) from error
            time.sleep(_PAUSE_SECONDS)
    raise AssertionError("no attempt was made")


def _reason(error: Any) -> tuple[int, str]:
    """Return number and words of gfal2's *error*; transfers by HTTP hide theirs in the text."""
    text = " ".join(str(error).replace("\\n", " ").replace("\\x00", " ").split())
    status = re.search(r"HTTP (\d{3})\b", text)
    code = error.code or errno.EIO
    return (_HTTP.get(int(status[1]), code) if status else code), text


def _advice(code: int) -> str:
    if code in _FORBIDDEN:
        return "check your proxy or token, and who may write there"
    if code in _FULL:
        return "free space or choose another place"
    if code in _SILENT:
        return "is the server up? run the same command again when it is; nothing is lost"
    return "ask who runs the server if it happens again"
