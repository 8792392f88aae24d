"""Protobuf messages looked at from outside: the fields that come first, without reading all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
_SIZES = {FIXED64: 8, FIXED32: 4}


class WireError(Exception):
    """Bytes that are no protobuf, or only the first part of one; the message says where."""


def fields(file: BinaryIO, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield number, wire type, and size of each field of the message that fills *file*.

    The file stands at the content of the field when it is yielded. A number's size is the number.

    Args:
        file: open at the start of the message.
        end: position at which the message ends.

    Raises:
        WireError: there is no field at some place, or not as much as it says.
    """
    position = file.tell()
    while position < end:
        tag, content = _varint(file, position)
        number, kind = tag >> 3, tag & 7
        size, after = _extent(file, kind, content)
        if not number or after is None:
            raise WireError(f"no field of a protobuf begins at byte {position:,}")
        if after > end:
            raise WireError(
                f"the field at byte {position:,} ends at {after:,}, the file at {end:,}"
            )
        file.seek(after - size if kind == LENGTH else content)
        yield number, kind, size
        file.seek(after)
        position = after


def _extent(file: BinaryIO, kind: int, content: int) -> tuple[int, int | None]:
    """Return the size of a field, and where it ends; None where it is no field."""
    if kind == VARINT:
        return _varint(file, content)
    if kind == LENGTH:
        size, start = _varint(file, content)
        return size, start + size
    size = _SIZES.get(kind, 0)
    return size, content + size if size else None


def _varint(file: BinaryIO, position: int) -> tuple[int, int]:
    value = 0
    for index, byte in enumerate(file.read(10)):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            file.seek(position + index + 1)
            return value, position + index + 1
    raise WireError(f"no field of a protobuf begins at byte {position:,}, or only its start")
