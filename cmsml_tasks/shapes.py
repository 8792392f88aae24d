"""Static shapes of tensors: what is known of a shape before there is a value."""

from __future__ import annotations

from collections.abc import Mapping

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


def why_no_rows(inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]) -> str:
    """Say why tensors have no free first axis in common, along which rows could lie.

    Args:
        inputs: shapes by name.
        outputs: shapes by name.

    Returns:
        The reason; empty where every tensor has a free first axis, or an unknown shape.
    """
    if not inputs:
        return "the graph has no inputs"
    for kind, shapes in (("input", inputs), ("output", outputs)):
        for name, shape in shapes.items():
            if shape == ():
                return f"{kind} '{name}' has no axes"
            if shape is not None and shape[0] is not None:
                return f"the first axis of {kind} '{name}' is fixed to {shape[0]}"
    return ""
