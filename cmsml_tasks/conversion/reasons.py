"""What other libraries' errors say, in as few words as they can be brought to."""

from __future__ import annotations

import re

_OUTERMOST = re.compile(r"Exception encountered: |Error encountered during deserialization: ")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
# what Keras adds to a reason: the configuration, and advice that is not for users of this library
_TAIL = re.compile(
    r"\n\nArguments received by|\n\nconfig=| Full object config:"
    r"| Make sure custom classes and functions| If you trust the source"
)
_PREAMBLE = re.compile(r"Exception encountered when calling .*\n+|Exception encountered: ''")


def reason(error: BaseException) -> str:
    """Return the reason that *error* gives: without colours, configurations and call arguments.

    Keras wraps an error in its own, with the outer reasons first, and prints what a layer was
    called with or configured by.
    """
    text = _COLOURS.sub("", str(error)).strip()
    text = _OUTERMOST.split(text)[-1]
    text = _TAIL.split(_PREAMBLE.sub("", text))[0].strip()
    return text or type(error).__name__
