"""Static shapes of tensors: what is known of a shape before there is a value."""

from __future__ import annotations

Shape = tuple[int | None, ...] | None
"""None for a dimension that is free or unknown, None as a whole for an unknown rank."""


def format_shape(shape: Shape) -> str:
    """Return *shape* as a user reads it: ``(?, 28)``, or ``of unknown rank``."""
    if shape is None:
        return "of unknown rank"
    return "(" + ", ".join("?" if size is None else str(size) for size in shape) + ")"


def compatible(one: Shape, other: Shape) -> bool:
    """Tell whether some array could have both shapes."""
    if one is None or other is None:
        return True
    return len(one) == len(other) and all(
        a is None or b is None or a == b for a, b in zip(one, other, strict=True)
    )
