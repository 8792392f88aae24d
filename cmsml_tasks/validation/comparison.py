"""Elementwise comparison of what a graph gives with what it should give."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from cmsml_tasks.validation.dtypes import Array, is_float, name_of, without_objects

_FAR = np.uint64(2**64 - 1)


@dataclass(frozen=True)
class Tolerance:
    """How far floats may be apart.

    They agree when ``|got - expected| <= atol * min(1, size) + rtol * |expected|``, or within *ulp*
    steps. *size* is the largest finite ``|expected|`` of the element's column, which is its place
    along the last axis, over all rows that a check compares: outputs that are small throughout are
    held to as many digits as their neighbours. A column that is zero throughout has no digits to
    lose: it has to be zero again, to within *ulp* steps, whatever *atol* is.

    A step (ULP) is the distance to the next number that the dtype can hold.
    """

    atol: float = 1e-6
    rtol: float = 1e-6
    ulp: int = 4

    def in_words(self) -> str:
        """Return how far floats may be apart, in a line."""
        return f"within atol {self.atol:g} and rtol {self.rtol:g}, or {self.ulp} ULP"


@dataclass(frozen=True)
class Difference:
    """One element that differs: ``index`` counts within the row, ``row`` along the first axis.

    ``atol`` is the absolute tolerance that was left there, None for what is compared exactly.
    """

    row: int
    index: tuple[int, ...]
    expected: Any
    got: Any
    absolute: float
    relative: float | None
    ulp: int | None
    atol: float | None = None


@dataclass(frozen=True)
class Comparison:
    """Outcome for one tensor.

    ``problem`` tells when dtype or shape differ (nothing else was compared then). The largest
    differences are over all elements where both sides are finite: ``max_rel`` where something
    other than zero is expected, ``max_ulp`` for floats; ``worst`` is the element furthest outside
    the tolerance, or else the one that differs most. None when nothing differs at all. ``atol`` is
    the largest absolute tolerance that was left of the given one, 0 for what is compared exactly.
    """

    agree: bool
    elements: int
    disagreeing: int = 0
    max_abs: float = 0.0
    max_rel: float = 0.0
    max_ulp: int | None = None
    worst: Difference | None = None
    problem: str | None = None
    atol: float = 0.0


def ulp_distance(a: Array, b: Array) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Count the steps between neighbouring floats from *a* to *b*, element by element.

    Zeros of either sign are the same number, infinity is the neighbour of the largest number.
    NaN is 0 from NaN and 2**64 - 1 from everything else.

    Args:
        a: floats of 1, 2, 4 or 8 bytes.
        b: floats of the same dtype and shape.
    """
    if a.dtype != b.dtype:
        raise TypeError(f"cannot count steps from {a.dtype} to {b.dtype}")
    left, right = _ordinal(a), _ordinal(b)
    distance = np.where(left > right, left - right, right - left)
    nan_a, nan_b = np.isnan(a), np.isnan(b)
    distance[nan_a | nan_b] = _FAR
    distance[nan_a & nan_b] = 0
    return distance


def _ordinal(a: Array) -> np.ndarray[Any, np.dtype[np.uint64]]:
    """Return numbers that ascend with the floats, one apart between neighbours."""
    bits = 8 * a.dtype.itemsize
    raw = np.array(a, ndmin=1).view(f"uint{bits}").reshape(a.shape).astype(np.uint64)
    middle = np.uint64(2 ** (bits - 1))
    magnitude = raw & (middle - np.uint64(1))
    return np.asarray(np.where(raw & middle, middle - magnitude, middle + magnitude))


def compare(
    got: Any,
    expected: Any,
    tolerance: Tolerance,
    *,
    size: Array | float | None = None,
    scale: Array | float = 0.0,
) -> Comparison:
    """Compare two arrays whose first axis is rows.

    NaN agrees with NaN, infinity with infinity of the same sign, and with nothing else. Integers,
    booleans and strings agree when they are equal; of complex numbers both parts are compared.

    Args:
        got: the array to judge.
        expected: the array that it should be.
        tolerance: how far floats may be apart.
        size: `magnitudes` of the tensor that these rows are from, which the absolute tolerance
            shrinks with; by default those of *expected*.
        scale: magnitudes that the relative tolerance refers to where ``|expected|`` is smaller.
    """
    got, expected = without_objects(got), without_objects(expected)
    if name_of(got) != name_of(expected):
        problem = f"dtype {name_of(got)} in place of {name_of(expected)}"
        return Comparison(False, expected.size, expected.size, problem=problem)
    if got.shape != expected.shape:
        problem = f"shape {got.shape} in place of {expected.shape}"
        return Comparison(False, expected.size, expected.size, problem=problem)
    size = magnitudes(expected) if size is None else np.asarray(size)
    scale = np.asarray(scale)
    if got.dtype.kind == "c":
        got, expected, size, scale = parts(got), parts(expected), size[..., None], scale[..., None]
    if is_float(got.dtype):
        atol = np.broadcast_to(tolerance.atol * np.minimum(1.0, size), got.shape)
        return _compare_floats(got, expected, tolerance, atol, scale)
    return _compare_exact(got, expected)


def magnitudes(a: Array) -> Array:
    """Give the size of the largest finite number in each column of the last axis, (columns,).

    Where each row is a single number there is one column, (). What has no digits to lose has
    size 0.
    """
    if a.dtype.kind not in "c" and not is_float(a.dtype):
        return np.zeros(())
    sizes = np.abs(a if a.dtype.kind == "c" else a.astype(np.float64))
    along = tuple(range(a.ndim - 1)) or None
    return np.asarray(np.where(np.isfinite(sizes), sizes, 0.0).max(axis=along, initial=0.0))


def parts(a: Array) -> Array:
    """Give real and imaginary parts of complex numbers along a new last axis."""
    return np.stack([a.real, a.imag], axis=-1)


def _compare_exact(got: Array, expected: Array) -> Comparison:
    wrong = np.asarray(got != expected)
    count = int(np.count_nonzero(wrong))
    if not count:
        return Comparison(True, got.size)
    size = wrong.astype(float)
    if got.dtype.kind in "iu":
        size = np.abs(got.astype(float) - expected.astype(float))
    worst = _location(int(np.argmax(np.where(wrong, size, -1.0))), got, expected, size, None)
    return Comparison(False, got.size, count, float(size.max()), worst=worst)


def _compare_floats(
    got: Array, expected: Array, tolerance: Tolerance, atol: Array, scale: Array
) -> Comparison:
    same = np.asarray((got == expected) | (np.isnan(got) & np.isnan(expected)))
    finite = np.isfinite(got) & np.isfinite(expected)
    steps = ulp_distance(got, expected)
    with np.errstate(all="ignore"):
        left, right = got.astype(np.float64), expected.astype(np.float64)
        size = np.where(same, 0.0, np.where(finite, np.abs(left - right), np.inf))
        allowed = atol + tolerance.rtol * np.maximum(np.abs(right), scale)
        close = (size <= allowed) | (steps <= np.uint64(tolerance.ulp))
        relative = np.where(finite & (right != 0), size / np.abs(right), 0.0)
        excess = size / (allowed + np.finfo(np.float64).tiny)
    wrong = ~(same | (finite & close))
    worst = None
    if not same.all():
        suspects = wrong if wrong.any() else ~same
        position = int(np.argmax(np.where(suspects, excess, -1.0)))
        worst = _location(position, got, expected, size, steps)
        worst = replace(worst, atol=float(atol[worst.row, *worst.index] if atol.ndim else atol))
    return Comparison(
        agree=not wrong.any(),
        elements=got.size,
        disagreeing=int(np.count_nonzero(wrong)),
        max_abs=float(size[finite].max(initial=0.0)),
        max_rel=float(relative.max(initial=0.0)),
        max_ulp=int(steps[finite].max(initial=0)),
        worst=worst,
        atol=float(atol.max(initial=0.0)),
    )


def _location(
    flat: int, got: Array, expected: Array, size: Array, steps: Array | None
) -> Difference:
    position = tuple(int(i) for i in np.unravel_index(flat, got.shape))
    there, here = (_plain(side[position]) for side in (expected, got))
    absolute = float(size[position])
    finite = steps is not None and bool(np.isfinite(absolute))
    relative = absolute / abs(there) if finite and there != 0 else None
    return Difference(
        row=position[0] if position else 0,
        index=position[1:],
        expected=there,
        got=here,
        absolute=absolute,
        relative=relative,
        ulp=int(steps[position]) if steps is not None and finite else None,
    )


def _plain(element: Any) -> Any:
    """Give a Python number or bytes for a numpy scalar, those of ml_dtypes included."""
    return float(element) if is_float(element.dtype) else element.item()
