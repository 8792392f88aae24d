"""Numbers are what they are: bools count, integers are exact or refused, conditions are bools."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from expression_values import as_list

from cmsml_tasks.errors import DataError, SettingsError
from cmsml_tasks.recipes.expressions.expression import parse
from cmsml_tasks.recipes.expressions.values import UNDEFINED

LARGE = 2**62
TABLE = {
    "flag": np.array([1, 2, 7]),
    "n": np.array([0, 1, 2]),
    "µ": np.array([2, 3, 4]),
    "neg": np.array([-7, 7, -8]),
    "M": np.array([70.0, 91.0, 120.0]),
    "t": np.array([True, True, False]),
    "f": np.array([True, False, False]),
    "Jet_pt": ak.Array([[50.0, 30.0], [20.0], []]),
    "Jet_id": ak.Array([[1, 2], [3], []]),
    "Jet_ok": ak.Array([[True, True], [False], []]),
    "big": np.array([LARGE, LARGE - 1, 3]),
    "huge": np.array([2**63 + 1, 2**64 - 1, 3], np.uint64),
    "event": np.array([2**53, 2**53 + 1, 5]),
    "least": np.array([-(2**63), 2**63 - 1, -5]),
    "neg_or_0": np.array([-1, 0, -1]),
    "decimals": np.array([2.0**53, 2.0**53, 5.0]),
}


def evaluated(text):
    return parse(text, "test").evaluate(TABLE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("t + f", [2, 1, 0]),
        ("(M > 80) + (M > 100)", [0, 1, 2]),
        ("True + True", 2),
        ("f - t", [0, -1, 0]),
        ("-t", [-1, -1, 0]),
        ("+t", [1, 1, 0]),
        ("t * f", [1, 0, 0]),
        ("t * 2.5", [2.5, 2.5, 0]),
        ("t / 2", [0.5, 0.5, 0]),
        ("t ** 2", [1, 1, 0]),
        ("abs(f - t)", [0, 1, 0]),
        ("maximum(t, f) + 1", [2, 2, 1]),
        ("where(t, f, 5)", [1, 0, 5]),
        ("sqrt(t)", [1, 1, 0]),
        ("sum(Jet_ok)", [2, 0, 0]),
        ("max(Jet_ok) + 1", [2, 1, None]),
        ("sum(Jet_pt > 25) + sum(Jet_ok)", [4, 0, 0]),
        ("(flag & 2) != 0", [False, True, True]),
        ("( flag & 2 ) != 0", [False, True, True]),
        ("0 != (flag & 2)", [False, True, True]),
        ("0 < (flag & 2) <= 2", [False, True, True]),
        ("(µ & 2) != 0", [True, True, False]),
        ("(flag & 2) == (n & 2)", [True, False, True]),
        ("((flag & 1) == 1) & (n > 0)", [False, False, True]),
        ("flag & 2", [0, 2, 2]),
        ("flag | 8", [9, 10, 15]),
        ("flag ^ 1", [0, 3, 6]),
        ("flag << 2", [4, 8, 28]),
        ("flag >> 1", [0, 1, 3]),
        ("1 << n", [1, 2, 4]),
        ("neg >> 1", [-4, 3, -4]),
        ("flag >> n & 1", [1, 1, 1]),
        ("Jet_pt[(Jet_id & 1) == 1]", [[50.0], [20.0], []]),
        ("Jet_pt[Jet_id != 0]", [[50.0, 30.0], [20.0], []]),
        ("sum(Jet_pt[(Jet_id >> 1 & 1) == 1])", [30.0, 20.0, 0.0]),
        ("neg // 2", [-4, 3, -4]),
        ("neg % 3", [2, 1, 1]),
        ("where(n != 0, flag // n, 0)", [0, 2, 3]),
        ("where(n != 0, M / n, 0)", [0, 91, 60]),
        ("(n > 0) & (flag // n > 1)", [False, True, True]),
        ("n == 0 or flag % n == 0", [True, True, False]),
        ("isfinite(M / n)", [False, True, True]),
        ("big + (big - 1)", [2**63 - 1, 2**63 - 3, 5]),
        ("huge - 1", [2**63, 2**64 - 2, 2]),
        ("huge + n", [2**63 + 1, None, 5]),
        ("abs(neg)", [7, 7, 8]),
        ("abs(huge)", [2**63 + 1, 2**64 - 1, 3]),
        ("abs(-9223372036854775808)", 2**63),
        ("abs(1.5 - M)", [68.5, 89.5, 118.5]),
        ("floor(least)", [-(2**63), 2**63 - 1, -5]),
        ("ceil(event) - 2 ** 53", [0, 1, 5 - 2**53]),
        ("least // 1", [-(2**63), 2**63 - 1, -5]),
        ("least % -1", [0, 0, 0]),
        ("least // neg", [2**63 // 7, (2**63 - 1) // 7, 0]),
        ("-9223372036854775808 // neg", [2**63 // 7, -(2**63) // 7, 2**60]),
        ("huge > neg", [True, True, True]),
        ("huge > big", [True, True, False]),
        ("huge == 9223372036854775809", [True, False, False]),
        ("huge % 2", [1, 1, 1]),
        ("where(t, huge, n)", [2**63 + 1, 2**64 - 1, 2]),
        ("maximum(huge, n)", [2**63 + 1, 2**64 - 1, 3]),
        ("event == 9007199254740993", [False, True, False]),
        ("event == 9007199254740992.0", [True, False, False]),
        ("event == 1e1", [False, False, False]),
        ("event > 0.5", [True, True, True]),
        ("event < 1e400", [True, True, True]),
        ("event == decimals", [True, None, True]),
        ("where(t, event, 0.5)", [2.0**53, None, 0.5]),
    ],
)
def test_value(text, expected):
    assert as_list(evaluated(text)) == expected


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        ("flag // 0", [0, 1, 2], "'flag // 0' divides by an integer that is 0"),
        ("flag % 0", [0, 1, 2], "'flag % 0' divides by an integer that is 0"),
        ("flag // n", [0], "'flag // n' divides by an integer that is 0"),
        ("2 * (M % n)", [0], "'M % n' divides by an integer that is 0"),
        ("1 / n > 0", [0], "'1 / n' divides by an integer that is 0"),
        ("max(Jet_id // (Jet_id - 1))", [0], "'Jet_id // (Jet_id - 1)' divides"),
        ("sum(Jet_id // n)", [0], "'Jet_id // n' divides"),
        ("abs(least)", [0], "'abs(least)' leaves the integers of 64 bits"),
        ("sum(abs(least + Jet_id * 0))", [0], "'abs(least + Jet_id * 0)' leaves"),
        ("abs(least) > 5", [0], "'abs(least)' leaves"),
        ("least // -1", [0], "'least // -1' leaves"),
        ("least // -(n + 1)", [0], "'least // -(n + 1)' leaves"),
        ("least // neg_or_0", [0, 1], "'least // neg_or_0' divides by an integer that is 0"),
        ("-least", [0], "'-least' leaves"),
        ("big * 2", [0], "'big * 2' leaves the integers of 64 bits"),
        ("big + big", [0], "'big + big' leaves"),
        ("0 - big - big - 1", [0], "'0 - big - big - 1' leaves"),
        ("big ** 2", [0, 1], "'big ** 2' leaves"),
        ("big << 1", [0], "'big << 1' leaves"),
        ("1 << (n + 62)", [1, 2], "leaves"),
        ("n - huge", [0, 1, 2], "'n - huge' leaves"),
        ("-huge", [0, 1, 2], "'-huge' leaves"),
        ("huge * 2", [0, 1], "leaves"),
        ("event > decimals", [1], "'event' has integers that float64 does not hold"),
        ("minimum(event, decimals)", [1], "'event' has integers that float64 does not hold"),
    ],
)
def test_what_integers_cannot_hold_is_undefined(text, where, reason):
    value = evaluated(text)
    assert np.flatnonzero(value.doubt == UNDEFINED).tolist() == where
    assert value.trouble.reason.startswith(reason) or reason in value.trouble.reason


def test_sums_of_large_integers():
    table = {"x": ak.Array([[LARGE, LARGE], [LARGE, LARGE - 1], [], [-LARGE, -LARGE]])}
    value = parse("sum(x)", "test").evaluate(table)
    assert as_list(value) == [None, 2**63 - 1, 0, -(2**63)]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("Jet_pt[Jet_id]", "Jet_id holds integers; Jet_id != 0 is a condition"),
        ("Jet_pt[Jet_pt]", "Jet_pt holds decimals; Jet_pt != 0 is a condition"),
        ("Jet_pt[Jet_id & 1]", r"Jet_id & 1 holds integers; \(Jet_id & 1\) != 0 is a condition"),
        ("flag and n", "flag holds integers; flag != 0 is a condition"),
        ("t and n", "n holds integers; n != 0 is a condition"),
        ("t or M", "M holds decimals; M != 0 is a condition"),
        ("t & n", "n holds integers; n != 0 is a condition"),
        ("flag | (n > 0)", "flag holds integers; flag != 0 is a condition"),
        ("M & t", "M holds decimals; M != 0 is a condition"),
        ("M | 2", "M holds decimals, which have no bits; M != 0 is a condition$"),
        ("M ^ 2", r"no bits; .* \(a power is written M \*\* 2\)"),
        ("~n", "n holds integers; n != 0 is a condition"),
        ("not M", "M holds decimals; M != 0 is a condition"),
        ("~(flag & 2)", r"\(flag & 2\) != 0 is a condition"),
        ("where(n, 1, 0)", "n holds integers; n != 0 is a condition"),
        ("where(n - 1, 1, 0)", "n - 1 holds integers; n - 1 != 0 is a condition"),
        ("any(Jet_id)", "Jet_id holds integers; Jet_id != 0 is a condition"),
        ("all(Jet_pt)", "Jet_pt holds decimals; Jet_pt != 0 is a condition"),
        ("t << 1", "t holds true or false; only integers have bits"),
        ("M >> 1", "M holds decimals; only integers have bits"),
        ("flag << neg", "flag << neg shifts by a number below 0"),
        ("flag ** neg", r"flag \*\* neg has an integer below 0 as power"),
        ("huge + neg", "no type of integers holds both"),
    ],
)
def test_numbers_are_no_conditions(text, what):
    with pytest.raises(DataError, match=what):
        evaluated(text)


@pytest.mark.parametrize(
    "text",
    [
        "flag & 2 != 0",
        "0 != flag & 2",
        "(flag & 2 != 0)",
        "(flag) & (2) != 0",
        "n ^ 1 == 1",
        "any(Jet_id & 1 == 1)",
        "1 < flag | n < 3",
        "(n > 0) & flag > 1",
        "M > 80 & M < 100",
        "µ & (n > 0) == ok",
    ],
)
def test_brackets_that_lack(text):
    with pytest.raises(SettingsError, match=r"put each comparison in brackets.*or the bits"):
        parse(text, "test")


@pytest.mark.parametrize("column", [[], [0], [0.0]])
def test_where_no_value_is_there_no_type_is(column):
    # a CSV file that is only a header, and one in which all fields of a column are empty
    missing = np.ma.MaskedArray(column, True, dtype=float if 0.0 in column else int)
    for text in ("not ok", "ok & (x > 1)", "where(ok, 1, 2) > 1", "ok and x", "(x & 2) != 0"):
        value = parse(text, "test").evaluate({"ok": missing, "x": missing})
        assert (len(value), value.kind) == (len(column), "b")
        assert value.data.tolist() == [
            text in ("not ok", "where(ok, 1, 2) > 1", "(x & 2) != 0")
        ] * len(column)
