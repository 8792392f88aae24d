"""Expressions over columns."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from expression_values import as_list

from cmsml_tasks.errors import DataError, SettingsError
from cmsml_tasks.recipes.expressions.expression import parse

TABLE = {
    "M": np.array([70.0, 91.0, 120.0]),
    "n": np.array([0, 1, 2]),
    "ok": np.array([True, False, True]),
    "pt": ak.Array([[5.0, 3.0], [], [7.0]]),
    "tag": ak.Array([[0.1, 0.9], [], [0.8]]),
    "other": ak.Array([[1.0], [2.0], [3.0]]),
    "jet.mass": np.array([1.0, 2.0, 3.0]),
    "odd-name": np.array([4.0, 5.0, 6.0]),
    "x3": ak.Array([[[1.0, 2.0], [3.0, 4.0]], [], [[6.0]]]),
}


def value(text):
    return as_list(parse(text, "test").evaluate(TABLE))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("(M > 80) & (M < 100)", [False, True, False]),
        ("80 < M < 100", [False, True, False]),
        ("M > 80 and M < 100", [False, True, False]),
        ("not (M > 80) or n == 2", [True, False, True]),
        ("~ok", [False, True, False]),
        ("ok ^ True", [False, True, False]),
        ("n & 1", [0, 1, 0]),
        ("-n + 2 * n ** 2 - n // 2 % 3", [0, 1, 5]),
        ("M / 10", [7.0, 9.1, 12.0]),
        ("2 + 3", 5),
        ("floor(pi)", 3.0),
        ("sqrt(n)", [0.0, 1.0, np.sqrt(2)]),
        ("abs(n - 1)", [1, 0, 1]),
        ("hypot(n, n)", [0.0, np.sqrt(2), np.sqrt(8)]),
        ("maximum(n, 1)", [1, 1, 2]),
        ("where(ok, M, -1)", [70.0, -1.0, 120.0]),
        ("jet.mass * 2", [2.0, 4.0, 6.0]),
        ("column('odd-name') + n", [4.0, 6.0, 8.0]),
        ("pt * 2", [[10.0, 6.0], [], [14.0]]),
        ("pt + n", [[5.0, 3.0], [], [9.0]]),
        ("sqrt(pt * pt)", [[5.0, 3.0], [], [7.0]]),
        ("where(pt > 4, pt, 0)", [[5.0, 0], [], [7.0]]),
        ("sum(pt)", [8.0, 0.0, 7.0]),
        ("sum(pt > 4)", [1, 0, 1]),
        ("count(pt)", [2, 0, 1]),
        ("any(pt > 6)", [False, False, True]),
        ("all(pt > 4)", [False, True, True]),
        ("max(pt)", [5.0, None, 7.0]),
        ("min(pt) + 1", [4.0, None, 8.0]),
        ("pt[0]", [5.0, None, 7.0]),
        ("pt[1] - pt[0]", [-2.0, None, None]),
        ("pt[:1]", [[5.0], [], [7.0]]),
        ("pt[tag > 0.5]", [[3.0], [], [7.0]]),
        ("max(pt[tag > 0.5])", [3.0, None, 7.0]),
        ("sum(pt[(pt > 4) & (tag < 0.5)])", [5.0, 0.0, 0.0]),
        ("~(pt[0] > 6)", [True, None, False]),
        ("pt[tag > 0.5][0] + 1", [4.0, None, 8.0]),
        ("pt[:2][tag[:2] > 0.5]", [[3.0], [], [7.0]]),
        ("x3[1]", [[3.0, 4.0], None, None]),
        ("sum(x3[1])", [7.0, None, None]),
        ("sum(x3)", [[3.0, 7.0], [], [6.0]]),
        ("max(sum(x3))", [7.0, None, 6.0]),
        ("x3[x3 > 1.5]", [[[2.0], [3.0, 4.0]], [], [[6.0]]]),
        ("x3[sum(x3) > 4]", [[[3.0, 4.0]], [], [[6.0]]]),
        ("x3 + M", [[[71.0, 72.0], [73.0, 74.0]], [], [[126.0]]]),
        ("where(ok, pt, tag)", [[5.0, 3.0], [], [7.0]]),
        ("where(n > 0, ok, not ok)", [False, False, True]),
        ("20 < pt * 5 < 30", [[True, False], [], [False]]),
    ],
)
def test_value(text, expected):
    assert value(text) == expected


def test_columns_are_known_without_evaluating():
    expression = parse("sum(pt[tag > 0.5]) + jet.mass * pi + column('odd-name')", "test")
    assert expression.columns == {"pt", "tag", "jet.mass", "odd-name"}


def test_first_element_is_optional_even_where_none_is_missing():
    result = parse("a[0]", "test").evaluate({"a": ak.Array([[1.0], [2.0, 3.0]])})
    assert result.doubt.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "not an expression"),
        ("M >", "not an expression"),
        ("M = 3", "not an expression"),
        ("__import__('os').system('true')", "is not allowed|no function"),
        ("open('f')", "no function 'open'"),
        ("M.__class__()", "no function 'M.__class__'"),
        ("(lambda: 1)()", "no function"),
        ("[x for x in M]", "is not allowed"),
        ("'text'", "is not allowed"),
        ("M if ok else n", "is not allowed"),
        ("M in n", "is not allowed"),
        ("f'{M}'", "is not allowed"),
        ("squrt(M)", "no function 'squrt'; did you mean 'sqrt'"),
        ("hypot(M)", "must have 2 arguments"),
        ("sqrt(M, n)", "must have 1 argument$"),
        ("max(M, n)", r"must have 1 argument; for that of two write maximum\(a, b\)"),
        ("M > 80 && M < 100", "write 'and' in place of '&&'"),
        ("M > 80 || M < 100", "write 'or' in place of '[|][|]'"),
        ("!ok", "write 'not' in place of '!'"),
        ("lambda", r"a branch of that name is written column\('lambda'\)$"),
        ("sum(class) > 1e5", r"a branch of that name is written column\('class'\)$"),
        ("1e5 * 2lep", r"a branch of that name is written column\('2lep'\)$"),
        ("n < 18446744073709551616", "is beyond 64 bits; write decimals, as in 1e20"),
        ("HLT:mu-17", r"a branch of that name is written column\('HLT:mu-17'\)$"),
        ("where(ok, M, n, x=1)", "must have 3 arguments"),
        ("pt[-1]", r"index \[-1\] is not allowed; write \[0\] for the first"),
        ("pt[1:2]", "is not allowed"),
        ("pt[:0]", "is not allowed"),
        ("pt['a']", "is not allowed"),
        ("pt[0, 1]", "is not allowed"),
        ("M > 80 & M < 100", "put each comparison in brackets"),
    ],
)
def test_all_else_is_refused(text, what):
    with pytest.raises(SettingsError, match=what) as caught:
        parse(text, "target of X")
    assert str(caught.value).startswith("target of X: ")


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("sum(M)", r"'sum\(M\)' cannot be computed.*only one value per event"),
        ("max(M)", r"write maximum\(a, b\)"),
        ("M[0]", r"M\[0\]: there is only one value per event"),
        ("pt[M > 80]", "one value per element, not per event"),
        ("pt[x3 > 0]", "one value per element, not several"),
        ("pt + other", "computed from these columns: other and pt have lists of different lengths"),
        ("pt[other > 0]", "other > 0 and pt have lists of different lengths in 2 of 3 events"),
        ("where(pt > 0, pt, other)", "lists of different lengths in 2 of 3 events"),
        ("1 / 0", "division by zero"),
        ("n + 10 ** 400", "10 [*][*] 400 is beyond 64 bits"),
        ("n + 9 ** 9 ** 9", "is beyond 64 bits"),
        ("n + 2 * 2 ** 63", "is beyond 64 bits; write decimals"),
        ("(0 - 8) ** 0.5 + M", "is no real number"),
    ],
)
def test_columns_that_do_not_fit(text, what):
    with pytest.raises(DataError, match=what):
        value(text)


def test_undefined_results_warn_nobody():
    assert np.isnan(value("sqrt(M - 80)")[0])
    assert np.isinf(value("1 / (M - 70)")[0])
