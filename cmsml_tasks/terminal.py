"""Output for a terminal of any encoding: what it lacks is replaced by what can be read."""

from __future__ import annotations

import codecs
import io
import sys

from cmsml_tasks.shown import escaped

_HANDLER = "cmsml_tasks.legible"
_HANDLER_OF_BYTES = f"{_HANDLER}.bytes"
_ALIKE = str.maketrans(
    {
        # trees of law, bars of progress
        **dict.fromkeys("─━═", "-"),
        **dict.fromkeys("│┃║", "|"),
        **dict.fromkeys("├└┌┐┘┤┬┴┼╰╭", "+"),
        **dict.fromkeys("█▓", "#"),
        **dict.fromkeys("░▒", "."),
        # what texts are set with
        **dict.fromkeys("\N{EN DASH}\N{EM DASH}\N{HYPHEN}\N{MINUS SIGN}", "-"),
        **dict.fromkeys("\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}", "'"),
        **dict.fromkeys("\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}", '"'),
        "…": "...",
        "→": "->",
        "•": "*",
        "\N{NO-BREAK SPACE}": " ",
    }
)


def print_anything() -> None:
    """Let standard output and error of this process take any text, whatever their encoding is.

    Letters that it lacks become escapes, which still tell names apart.
    """
    codecs.register_error(_HANDLER, _legible)
    codecs.register_error(_HANDLER_OF_BYTES, _legible_or_bytes)
    # in the C locale, what is no ASCII in names comes in as bytes, and goes out as it came
    errors = getattr(sys.stdout, "errors", None)
    handler = _HANDLER_OF_BYTES if errors in ("surrogateescape", _HANDLER_OF_BYTES) else _HANDLER
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=handler)


def _legible(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    part = error.object[error.start : error.end].translate(_ALIKE)
    return "".join(each if each.isascii() else escaped(each) for each in part), error.end


def _legible_or_bytes(error: UnicodeError) -> tuple[str | bytes, int]:
    if isinstance(error, UnicodeEncodeError):
        first = error.object[error.start]
        if "\udc80" <= first <= "\udcff":
            return bytes([ord(first) - 0xDC00]), error.start + 1
        # one at a time, since bytes may follow
        error.end = error.start + 1
    return _legible(error)
