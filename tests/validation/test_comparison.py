import math
from typing import Any

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from cmsml_tasks.validation import Tolerance, compare, ulp_distance

TIGHT = Tolerance(atol=0.0, rtol=0.0, ulp=0)
FLOATS = [np.float16, np.float32, np.float64]


def floats(count: int) -> st.SearchStrategy[Any]:
    """Give floats that share one dtype."""
    return st.sampled_from(FLOATS).flatmap(
        lambda dtype: st.tuples(*[npst.from_dtype(np.dtype(dtype))] * count)
    )


def steps(a: Any, b: Any) -> int:
    return int(ulp_distance(np.array([a]), np.array([b]))[0])


@given(floats(2))
def test_distance_is_symmetric_and_zero_only_for_the_same_number(pair: Any) -> None:
    a, b = pair
    assert steps(a, b) == steps(b, a)
    same = a == b or (np.isnan(a) and np.isnan(b))
    assert (steps(a, b) == 0) == same


@given(floats(1))
def test_neighbours_are_one_step_apart(single: Any) -> None:
    (a,) = single
    up = np.nextafter(a, a.dtype.type(np.inf))
    assert steps(a, up) == (0 if np.isnan(a) or a == np.inf else 1)


@given(floats(3))
def test_distances_along_the_line_add_up(triple: Any) -> None:
    if not any(np.isnan(value) for value in triple):
        low, middle, high = sorted(triple)
        assert steps(low, high) == steps(low, middle) + steps(middle, high)


@pytest.mark.parametrize("dtype", [*FLOATS, ml_dtypes.bfloat16])
def test_zero_is_crossed_in_two_steps(dtype: Any) -> None:
    tiny = dtype(ml_dtypes.finfo(dtype).smallest_subnormal)
    assert steps(dtype(0.0), dtype(-0.0)) == 0
    assert steps(tiny, -tiny) == 2
    assert steps(-tiny, dtype(0.0)) == 1
    largest = dtype(ml_dtypes.finfo(dtype).max)
    assert steps(largest, dtype(np.inf)) == 1
    assert steps(dtype(np.nan), dtype(1)) == 2**64 - 1


def test_distance_over_the_whole_range_does_not_overflow() -> None:
    top = np.finfo(np.float64).max
    assert steps(-top, top) == 2 * (0x7FEFFFFFFFFFFFFF)


def test_distance_needs_one_dtype() -> None:
    with pytest.raises(TypeError, match="float16 to float32"):
        ulp_distance(np.zeros(1, np.float16), np.zeros(1, np.float32))


special = npst.arrays(
    np.float32,
    npst.array_shapes(min_dims=1, max_dims=3, max_side=4),
    elements=st.sampled_from([0.0, -0.0, 1.0, -2.5, math.inf, -math.inf, math.nan]),
)


@given(special)
def test_everything_agrees_with_itself_whatever_the_tolerance(array: Any) -> None:
    result = compare(array.copy(), array, TIGHT)
    assert result.agree
    assert (result.max_abs, result.max_rel, result.max_ulp, result.worst) == (0, 0, 0, None)


@given(special, st.data())
def test_one_wrong_special_value_is_found_where_it_is(array: Any, data: Any) -> None:
    flat = data.draw(st.integers(0, array.size - 1))
    place = np.unravel_index(flat, array.shape)
    got = array.copy()
    got[place] = data.draw(st.sampled_from([math.inf, -math.inf, math.nan, 7.0]))
    result = compare(got, array, Tolerance(atol=1e3, rtol=1e3), size=1.0)
    same = got[place] == array[place] or (np.isnan(got[place]) and np.isnan(array[place]))
    close = np.isfinite(got[place]) and np.isfinite(array[place])
    assert result.agree == (same or close)
    if not result.agree:
        assert result.disagreeing == 1
        assert result.worst is not None
        assert (result.worst.row, *result.worst.index) == tuple(int(i) for i in place)


def test_largest_differences_and_the_worst_place() -> None:
    expected = np.array([[1.0, 100.0], [0.0, -4.0]], np.float32)
    got = np.array([[1.5, 101.0], [0.75, -4.0]], np.float32)
    result = compare(got, expected, Tolerance())
    assert (result.agree, result.disagreeing, result.elements) == (False, 3, 4)
    assert (result.max_abs, result.max_rel) == (1.0, 0.5)
    assert result.worst is not None
    assert (result.worst.row, result.worst.index) == (1, (0,))
    assert (result.worst.expected, result.worst.got) == (0.0, 0.75)
    assert result.worst.relative is None


def test_each_part_of_the_tolerance_suffices() -> None:
    one = np.array([1.0, 1e6], np.float32)
    near = np.nextafter(one, np.float32(np.inf))
    assert not compare(near, one, TIGHT).agree
    assert compare(near, one, Tolerance(0, 0, 1)).agree
    assert compare(near, one, Tolerance(0, 2e-7, 0)).agree
    assert not compare(near, one, Tolerance(2e-7, 0, 0)).agree
    assert compare(near, one, Tolerance(0.1, 0, 0)).agree
    assert compare(near, one, Tolerance(0, 2e-7, 0), scale=1e6).agree
    assert compare(one + np.float32(0.1), one, Tolerance(0, 2e-7, 0), scale=1e6).agree


def test_absolute_tolerance_shrinks_with_the_size_of_the_tensor() -> None:
    absolute = Tolerance(1e-6, 0, 0)
    small = np.array([5e-7, 1e-7, np.inf], np.float32)
    off = small + np.float32(1e-11)
    assert not compare(np.float32([0, 0, np.inf]), small, absolute).agree
    assert not compare(off, small, absolute).agree
    assert compare(off, small, Tolerance(1e-4, 0, 0)).agree
    assert compare(off, small, absolute, size=1e-3).agree
    assert compare(off, small, absolute, size=1e-3).atol == pytest.approx(1e-9)
    # and never grows
    large = np.array([1e6, 1.0], np.float64)
    assert compare(large + 1e-6, large, Tolerance(2e-6, 0, 0)).agree
    assert not compare(large + 1e-5, large, Tolerance(2e-6, 0, 0)).agree


def test_each_column_of_the_last_axis_has_a_tolerance_of_its_own() -> None:
    expected = np.array([[[1e4, 1.0], [2e4, 1e-3]], [[3e4, 0.5], [1e4, 0.0]]], np.float64)
    scale = np.array([3e4, 1.0])
    for column, allowed in ((0, 3.0), (1, 1e-4)):
        got = expected.copy()
        got[1, 1, column] += 0.9 * allowed
        assert compare(got, expected, Tolerance(0, 1e-4, 0), scale=scale).agree
        got[1, 1, column] += 0.2 * allowed
        found = compare(got, expected, Tolerance(0, 1e-4, 0), scale=scale)
        assert not found.agree
        assert found.worst is not None
        assert found.worst.index == (1, column)
    # and the absolute tolerance shrinks with the column
    small = np.array([[1e-3, 1.0, 0.0], [-1e-4, 5.0, 0.0]])
    for column, allowed in enumerate((1e-9, 1e-6, 0.0)):
        got = small.copy()
        got[1, column] += 1.1 * allowed + 1e-12
        found = compare(got, small, Tolerance(1e-6, 0, 0))
        assert not found.agree
        assert found.worst is not None
        assert found.worst.atol == pytest.approx(allowed)
        got[1, column] = small[1, column] + 0.9 * allowed
        assert compare(got, small, Tolerance(1e-6, 0, 0)).agree


def test_parts_of_complex_numbers_share_the_size_of_their_column() -> None:
    expected = np.array([[1e-3 + 0j, 1 + 0j], [2e-3 + 0j, 1j]])
    got = expected + np.array([1e-9j, 5e-7j])
    assert compare(got, expected, Tolerance(1e-6, 0, 0)).agree
    found = compare(expected + 1e-8j, expected, Tolerance(1e-6, 0, 0))
    assert (found.agree, found.disagreeing) == (False, 2)


def test_zero_throughout_has_to_be_zero_again() -> None:
    zeros = np.zeros(3, np.float32)
    assert compare(-zeros, zeros, Tolerance()).agree
    assert compare(zeros + np.float32(1e-45), zeros, Tolerance()).agree
    assert not compare(zeros + np.float32(1e-12), zeros, Tolerance(1e-3)).agree
    assert compare(zeros + np.float32(1e-12), zeros, Tolerance(), size=1.0).agree


@pytest.mark.parametrize(
    ("got", "expected", "agree"),
    [
        ([1, 2], [1, 2], True),
        ([1, 2], [1, 3], False),
        ([True], [False], False),
        ([b"a"], ["a"], True),
        ([b"a"], [b"ab"], False),
        ([1 + 2j], [1 + 2j], True),
        ([1 + 2j], [1 - 2j], False),
        ([complex(math.nan, 1)], [complex(math.nan, 1)], True),
    ],
)
def test_other_dtypes_agree_exactly(got: Any, expected: Any, agree: bool) -> None:
    result = compare(np.array(got), np.array(expected), Tolerance(10, 10, 10) if agree else TIGHT)
    assert result.agree == agree
    assert (result.worst is None) == agree


def test_integers_have_no_tolerance() -> None:
    assert not compare(np.array([10]), np.array([11]), Tolerance(10, 10, 10)).agree


def test_dtype_and_shape_have_to_be_the_same() -> None:
    zeros = np.zeros((2, 3), np.float32)
    result = compare(zeros.astype(np.float64), zeros, Tolerance())
    assert (result.agree, result.problem) == (False, "dtype float64 in place of float32")
    result = compare(zeros[:1], zeros, Tolerance())
    assert (result.agree, result.problem) == (False, "shape (1, 3) in place of (2, 3)")


def test_nothing_agrees_with_nothing() -> None:
    assert compare(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.float32), TIGHT).agree
