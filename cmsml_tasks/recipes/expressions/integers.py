"""Integers of 64 bits: where they would wrap around, or lose digits among decimals."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmsml_tasks.recipes.expressions.values import Lists, UnfitError, Value, list_reduced

_ROUNDING = 2.0**13
"""More than float64 can be wrong by for a sum or difference of two integers of 64 bits."""


def of_one_type(left: Value, right: Value, names: Sequence[str]) -> tuple[Value, Value]:
    """Return both, integers, such that numpy makes integers of them and not float64.

    Raises:
        UnfitError: no type holds both.
    """
    sides = (left, right)
    unsigned = [not side.constant and side.data.dtype == np.uint64 for side in sides]
    if unsigned[0] == unsigned[1]:
        return left, right
    other = sides[unsigned.index(False)]
    if not other.constant and (other.data < 0).any():
        raise UnfitError(
            f"of {names[0]} and {names[1]} one holds integers below 0, the other such above "
            f"{2**63 - 1}; no type of integers holds both"
        )
    if not other.constant:
        other = replace(other, data=other.data.astype(np.uint64))
    return (left, other) if unsigned[0] else (other, right)


def overflows(
    function: Callable[[Any, Any], Any], left: Any, right: Any, result: NDArray[Any]
) -> NDArray[np.bool_]:
    """Return where *result*, ``function(left, right)`` of integers, has wrapped around.

    The function is `operator.add` or another one that Python's own integers and floats have.
    """
    if function is operator.floordiv:  # of two below 0 the quotient is not below 0
        return np.asarray(np.less(left, 0) & np.less(right, 0) & (result < 0))
    wrong = np.zeros(result.shape, bool)
    estimate = function(np.asarray(left, np.float64), np.asarray(right, np.float64))
    safe = np.abs(estimate) < 2.0**62
    if result.dtype.kind == "u":
        safe &= estimate > _ROUNDING
    near = np.flatnonzero(~safe)
    if not len(near):
        return wrong
    limits = np.iinfo(result.dtype)
    left, right = np.broadcast_arrays(left, right)
    far = np.abs(estimate[near]) > 2.0**65
    wrong[near] = [
        too_large or not limits.min <= function(int(a), int(b)) <= limits.max
        for too_large, a, b in zip(far, left[near], right[near], strict=True)
    ]
    return wrong


def lists_overflow(integers: NDArray[Any], level: Lists, sums: NDArray[Any]) -> NDArray[np.bool_]:
    """Return where *sums* of lists of *integers* have wrapped around."""
    longest = int(level.counts.max(initial=0))
    if not len(integers) or longest * np.abs(integers.astype(np.float64)).max() < 2.0**62:
        return np.zeros(len(sums), bool)
    exact = list_reduced(np.add, integers.astype(object), level, 0)
    return np.array([int(a) != int(b) for a, b in zip(exact, sums, strict=True)])


def lossy(integers: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which of *integers* float64 does not hold exactly."""
    rounded = integers.astype(np.float64)
    beyond = rounded >= (2.0**64 if integers.dtype.kind == "u" else 2.0**63)
    whole = np.where(beyond, 0, rounded).astype(integers.dtype)
    result: NDArray[np.bool_] = beyond | (whole != integers)
    return result
