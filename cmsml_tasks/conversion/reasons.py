"""What other libraries' errors say, in as few words as they can be brought to."""

from __future__ import annotations

import re

_OUTERMOST = re.compile(r"Exception encountered: |Error encountered during deserialization: ")
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_PREAMBLE = re.compile(r"Exception encountered when calling .*\n+|Exception encountered: ''")


def reason(error: BaseException) -> str:
    """Return the reason that *error* gives: without colours, configurations and call arguments.

    Keras wraps an error in its own, with the outer reasons first, and prints what a layer was
    called with or configured by; TensorFlow prints the C++ stack.
    """
    text = _COLOURS.sub("", str(error)).strip()
    text = _OUTERMOST.split(text)[-1]
    text = _PREAMBLE.sub("", text).split("\n\nArguments received by")[0]
    return text.split("\n\nconfig=")[0].strip() or type(error).__name__
