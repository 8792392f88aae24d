"""What is done to lists, against awkward and numpy."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from expression_values import as_list
from hypothesis import given, settings
from hypothesis import strategies as st

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.expressions.expression import parse

OVER = {"axis": -1}


def chosen(array, number):
    return ak.pad_none(array, number + 1, axis=1)[:, number]


IN_AWKWARD = {
    "sum(x)": lambda t: ak.sum(t.x, **OVER),
    "sum(i)": lambda t: ak.sum(t.i, **OVER),
    "sum(x > 0)": lambda t: ak.sum(t.x > 0, **OVER),
    "max(x)": lambda t: ak.max(t.x, **OVER),
    "min(i)": lambda t: ak.min(t.i, **OVER),
    "count(x)": lambda t: ak.count(t.x, **OVER),
    "any(x > 0)": lambda t: ak.any(t.x > 0, **OVER),
    "all(x > i)": lambda t: ak.all(t.x > t.i, **OVER),
    "x[0]": lambda t: chosen(t.x, 0),
    "i[2]": lambda t: chosen(t.i, 2),
    "x[:2]": lambda t: t.x[:, :2],
    "x[x > 0]": lambda t: t.x[t.x > 0],
    "i[x > e]": lambda t: t.i[t.x > t.e],
    "x[x > 0][1]": lambda t: chosen(t.x[t.x > 0], 1),
    "sum(x[:2][i[:2] != 0])": lambda t: ak.sum(t.x[:, :2][t.i[:, :2] != 0], **OVER),
    "max(x[not (x > 0 or i == 1)])": lambda t: ak.max(t.x[~((t.x > 0) | (t.i == 1))], **OVER),
    "x * e + i": lambda t: t.x * t.e + t.i,
    "i // 3 % 2": lambda t: t.i // 3 % 2,
    "(i & 1) == 1": lambda t: (t.i & 1) == 1,
    "where(x > e, x, e)": lambda t: ak.where(t.x > t.e, t.x, t.e),
    "hypot(x, e)": lambda t: np.hypot(t.x, t.e),
    "-2 < x < 2": lambda t: (t.x > -2) & (t.x < 2),
    "count(x) - e": lambda t: ak.num(t.x) - t.e,
}
elements = st.tuples(st.integers(-9, 9).map(lambda n: n / 4), st.integers(-9, 9))
events = st.tuples(st.integers(-3, 3), st.lists(elements, max_size=4))


@pytest.mark.parametrize("text", IN_AWKWARD)
@settings(max_examples=30, deadline=None)
@given(st.lists(events, min_size=1, max_size=6))
def test_lists_are_those_of_awkward(text, events):
    def lists(place, kind):
        flat = [element[place] for _, elements in events for element in elements]
        return ak.unflatten(np.array(flat, kind), [len(elements) for _, elements in events])

    columns = {
        "x": lists(0, np.float64),
        "i": lists(1, np.int64),
        "e": np.array([event[0] for event in events]),
    }
    wanted = IN_AWKWARD[text](type("Table", (), columns))
    assert as_list(parse(text, "test").evaluate(columns)) == ak.to_list(wanted)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.floats(-10, 10), min_size=3, max_size=3), min_size=1, max_size=5))
def test_columns_of_two_dimensions_are_those_of_numpy(rows):
    table = {"x": np.array(rows), "e": np.arange(len(rows))}
    for text, wanted in {
        "x[1]": table["x"][:, 1],
        "x[:2]": table["x"][:, :2],
        "x[:9]": table["x"],
        "x - e": table["x"] - table["e"][:, None],
        "max(x)": table["x"].max(axis=1),
        "any(x[:2] > 0)": (table["x"][:, :2] > 0).any(axis=1),
        "(x + 1)[2]": table["x"][:, 2] + 1,
        "x[x > 0]": [row[row > 0].tolist() for row in table["x"]],
    }.items():
        value = parse(text, "test").evaluate(table)
        assert as_list(value) == (wanted if isinstance(wanted, list) else wanted.tolist())
        assert value.doubt is None, "each event has it"


def test_columns_of_two_dimensions_go_with_lists_of_the_same_lengths():
    table = {"x": np.ones((2, 2)), "y": ak.Array([[1.0, 2.0], [3.0, 4.0]]), "z": np.ones((2, 3))}
    value = parse("(y + x)[1]", "test").evaluate(table)
    assert (as_list(value), value.doubt) == ([3.0, 5.0], None)
    for text, what in (
        ("x[2]", "'x\\[2\\]' cannot be computed .*: x\\[2\\]: each event has 2 values"),
        ("x + z", "x and z have lists of different lengths in 2 of 2 events"),
    ):
        with pytest.raises(DataError, match=what):
            parse(text, "test").evaluate(table)


def test_columns_as_readers_give_them():
    columns = {
        "cube": np.arange(8).reshape(2, 2, 2),
        "masked": np.ma.MaskedArray([[1, 2], [3, 4]], [[False, True], [False, False]]),
        "regular": ak.to_regular(ak.Array([[1, 2], [3, 4]])),
        "options": ak.Array([[1, None], None]),
        "flat_options": ak.Array([True, None]),
        "none": ak.Array([[], []]),
        "largest": ak.unflatten(
            ak.mask(np.array([2**64 - 1, 3], np.uint64), [True, False]), [2, 0]
        ),
    }
    assert {name: as_list(parse(name, "test").evaluate(columns)) for name in columns} == {
        "cube": [[[0, 1], [2, 3]], [[4, 5], [6, 7]]],
        "masked": [[1, None], [3, 4]],
        "regular": [[1, 2], [3, 4]],
        "options": [[1, None], None],
        "flat_options": [True, None],
        "none": [[], []],
        "largest": [[2**64 - 1, None], []],
    }
    assert parse("regular[1]", "test").evaluate(columns).doubt is None
    assert as_list(parse("cube[1][0]", "test").evaluate(columns)) == [2, 6]
    assert parse("cube[1][0]", "test").evaluate(columns).doubt is None
    kept = parse("options", "test").evaluate(columns).picked(np.array([False, True]))
    assert as_list(kept) == [None]


def test_nan_in_lists_is_kept():
    table = {"x": ak.Array([[1.0, np.nan, 3.0], [2.0]])}
    for text in ("max(x)", "min(x)", "sum(x)"):
        assert np.isnan(parse(text, "test").evaluate(table).data).tolist() == [True, False]
