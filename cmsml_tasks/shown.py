"""Text that is fit to be shown and kept: no secrets in URLs, nothing that a terminal acts on."""

from __future__ import annotations

import re
from urllib.parse import unquote

_SECRET = re.compile(
    r"auth|token|secret|pass|pwd|credential|private|key|bearer|session|signature|jwt|cookie"
    r"|webhook|(?:^|_)(?:pat|pw|pin)(?:$|_)",
    re.IGNORECASE,
)
_SIGNED = re.compile(r"sig|sign|expires|x-amz-.*|x-goog-.*", re.IGNORECASE)
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)")
_REST = re.compile(r"[^\s'\"<>`\\]*")
_USER = re.compile(r"://[^/@:\s]*@")
_PARAMETER = re.compile(r"[?&;#][^?&;#]*")


def without_secrets(text: str) -> str:
    """Return *text*, in which URLs hold no user, password, token or signature any more.

    What is left of a URL still tells files apart, and is the same whatever token is used.
    """
    if "://" not in text:
        return text
    before, *parts = _SCHEME.split(text)
    pairs = zip(parts[::2], parts[1::2], strict=True)
    return before + "".join(scheme + _cleaned(rest) for scheme, rest in pairs)


def holds_secret(text: str) -> bool:
    """Tell whether a URL in *text* holds a password or a token; a user alone is none."""
    plain = _USER.sub("://", text)
    return without_secrets(plain) != plain


def is_secret_name(name: str) -> bool:
    """Tell whether a variable or parameter of that *name* is likely to hold a secret."""
    return bool(_SECRET.search(name))


def printable(text: str) -> str:
    """Return *text* with escapes for what moves a terminal's cursor or cannot be written at all."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each == "\n" else escaped(each) for each in text)


def escaped(character: str) -> str:
    """Return *character* as it is written in a string of Python without it."""
    return ascii(character)[1:-1]


def _cleaned(text: str) -> str:
    """Return *text*, which begins behind a URL's scheme, without the secrets of that URL."""
    found = _REST.match(text)
    assert found is not None, "the pattern matches nothing, too"
    server, slash, rest = found[0].partition("/")
    url = f"{server.rpartition('@')[2]}{slash}{rest}"
    path = re.split(r"[?&;#]", url, maxsplit=1)[0]
    kept = [each for each in _PARAMETER.findall(url) if not _is_secret_parameter(each)]
    query = "".join(kept)
    if query[:1] in ("&", ";") and url[len(path) : len(path) + 1] == "?":
        query = f"?{query[1:]}"  # the first parameter is gone
    return f"{path}{query}{text[found.end() :]}"


def _is_secret_parameter(part: str) -> bool:
    name = unquote(unquote(part[1:].partition("=")[0]))
    return "=" in part and bool(is_secret_name(name) or _SIGNED.fullmatch(name))
