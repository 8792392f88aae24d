"""What branches are called: by what they are, the same in every process."""

from __future__ import annotations

import re
from typing import Any

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


def settled_text(data: Any) -> str:
    """Return ``str(data)`` without what differs from process to process.

    That is the order of sets, and the address of an object that has no text of its own.
    """
    return _ADDRESS.sub("", str(_settled(data)))


def _settled(data: Any) -> Any:
    if isinstance(data, set | frozenset):
        return _Sorted(sorted((_settled(each) for each in data), key=str))
    if type(data) is dict:
        return {_settled(key): _settled(value) for key, value in data.items()}
    if type(data) in (list, tuple):
        return type(data)(_settled(each) for each in data)
    return data


class _Sorted(tuple[Any, ...]):
    """A set with its elements in order; also as a key of a dictionary."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self))}}}" if self else "set()"
