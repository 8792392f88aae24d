"""Operations that hand on one of their inputs as soon as a constant decides which."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from numpy.typing import NDArray

from cmsml_tasks.conversion.graph_def.nodes import NodeDef
from cmsml_tasks.shapes import Shape

ShapeOf = Callable[[str], Shape]
"""Gives what is known of the shape of a tensor, by a reference to it."""


def chosen_input(
    node: NodeDef,
    known: Sequence[NDArray[Any] | None],
    shape_of: ShapeOf,
    same_shape: Callable[[str, str], bool],
) -> str | None:
    """Return the input that *node* hands on unchanged, None if that is not certain.

    Args:
        node: any operation.
        known: the values of its data inputs; None for what is not known.
        shape_of: gives shapes.
        same_shape: tells whether two tensors certainly have one shape.
    """
    if node.op in ("Select", "SelectV2") and len(known) == 3:
        yes, no = node.input[1:3]
        if known[0] is None or known[0].ndim:
            return None
        chosen, other = (yes, no) if bool(known[0]) else (no, yes)
        # a Select of TensorFlow 1 insists on equal shapes, where a later one makes them equal
        same = node.op == "Select" or same_shape(chosen, other)
        same = same or _keeps_shape(shape_of(chosen), shape_of(other))
        return str(chosen) if same else None
    if node.op in ("LogicalAnd", "LogicalOr") and len(known) == 2:
        return _logical(node, known, shape_of)
    return None


def _logical(node: NodeDef, known: Sequence[NDArray[Any] | None], shape_of: ShapeOf) -> str | None:
    neutral = node.op == "LogicalAnd"
    for value, own, other in zip(known, node.input[:2], node.input[1::-1], strict=True):
        if value is None or value.ndim:
            continue
        if bool(value) == neutral:
            return str(other)
        if shape_of(other) == ():
            return str(own)
    return None


def _keeps_shape(chosen: Shape, other: Shape) -> bool:
    """Tell whether *chosen* has its shape still when it is broadcast with *other*."""
    if chosen is None or other is None or len(other) > len(chosen):
        return False
    pairs = zip(chosen[len(chosen) - len(other) :], other, strict=True)
    return all(theirs == 1 or (theirs is not None and theirs == mine) for mine, theirs in pairs)
