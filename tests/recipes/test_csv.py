"""CSV files: what counts as a number, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsml_tasks import EventRecipe
from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading import read_columns


@pytest.fixture
def read(tmp_path):
    path = tmp_path / "a.csv"

    def read_column(*fields):
        path.write_text("\n".join(["x", *fields]) + "\n")
        return read_columns(str(path), ["x"])["x"]

    return read_column


@pytest.mark.parametrize(
    ("fields", "kind", "values"),
    [
        (["7", "-7"], np.int64, [7, -7]),
        (["+5", "007", "-0", " 8\t"], np.int64, [5, 7, 0, 8]),
        (["9007199254740993", "-9007199254740993"], np.int64, [2**53 + 1, -(2**53) - 1]),
        (["9223372036854775808", "18446744073709551615"], np.uint64, [2**63, 2**64 - 1]),
        (["-1", "9223372036854775808"], np.float64, [-1.0, 2.0**63]),
        (["1", "2."], np.float64, [1.0, 2.0]),
        (["9007199254740994.00", "1e23"], np.float64, [2.0**53 + 2, 1e23]),
        ([".5", "-1e3", "2.5E-3", "+1.e+2", "1e-400"], np.float64, [0.5, -1000, 0.0025, 100, 0]),
        (["inf", "-Infinity", "+INF", "0.1"], np.float64, [np.inf, -np.inf, np.inf, 0.1]),
        (["true", "FALSE", "True"], np.bool_, [True, False, True]),
        (["1", "0"], np.int64, [1, 0]),
        ([], np.float64, []),
    ],
)
def test_numbers(read, fields, kind, values):
    column = read(*fields)
    assert type(column) is np.ndarray
    assert column.dtype == kind
    assert column.tolist() == values


def test_nan_is_no_gap(read):
    column = read("nan", "-NaN", "1")
    assert type(column) is np.ndarray
    assert np.array_equal(column, [np.nan, np.nan, 1], equal_nan=True)


@pytest.mark.parametrize(
    "text",
    [
        *("3_5", "2022_007", "1e5_0", "\u0661\u0662", "\uff11", "1\u00a0", "1 000", '"1,5"'),
        *("0x10", "0b1", "1d5", "1j", "1.2.3", "--1", "-", ".", "e5", "1e"),
        *("NA", "None", "nil", "nan(0)", "yes"),
    ],
)
def test_other_texts_are_refused(read, text):
    shown = text.strip('"')
    with pytest.raises(DataError) as caught:
        read("1", text, "2.5")
    assert f"a.csv: column 'x' is not numeric: {shown!r}; write numbers" in str(caught.value)
    with pytest.raises(DataError, match="is not numeric"):
        read(text)


def test_true_beside_a_number_is_refused(read):
    with pytest.raises(DataError, match=r"not numeric: 'true'; .* or only true and false"):
        read("true", "0")


@pytest.mark.parametrize(
    ("fields", "what"),
    [
        (
            ["9007199254740993", "0.5"],
            "whole numbers that float64 changes, such as 9007199254740993, in 1 of 2 lines",
        ),
        (["-1", "9223372036854775809", "1", ""], "such as 9223372036854775809, in 1 of 3 lines"),
        (["18446744073709551617", "99999999999999999999"], "in 2 of 2 lines; they stay exact in"),
        (["9007199254740993.0", "9007199254740992"], "such as 9007199254740993.0, in 1 of 2 lines"),
        (["-9007199254740993.", "0.5"], "such as -9007199254740993., in 1 of 2 lines; .* a point"),
        (["1e400", "1"], "has '1e400', beyond the range of float64 .* in 1 of 2 lines"),
        (["-" + "9" * 350, "1"], "beyond the range of float64"),
        (["9" * 5000, "1"], "beyond the range of float64"),
    ],
)
def test_numbers_that_would_be_changed_are_refused(read, fields, what):
    with pytest.raises(DataError, match=what):
        read(*fields)


@given(
    st.one_of(
        st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1),
        st.lists(st.none() | st.integers(0, 2**64 - 1), min_size=1),
        st.lists(st.none() | st.floats(allow_nan=False), min_size=1),
        st.lists(st.none() | st.booleans(), min_size=1),
        st.lists(st.none() | st.integers() | st.floats(allow_nan=False), min_size=1),
    )
)
def test_values_come_back_or_are_refused(tmp_path_factory, values):
    path = tmp_path_factory.getbasetemp() / "values.csv"
    texts = ["" if value is None else str(value) for value in values]
    path.write_text("\n".join(["x,y", *(f"{text},0" for text in texts)]) + "\n")
    numbers = [value for value in values if value is not None]
    is_whole = all(isinstance(value, int) for value in numbers)
    ranges = ((-(2**63), 2**63), (0, 2**64))
    fits = any(all(low <= value < end for value in numbers) for low, end in ranges)
    if (is_whole and fits) or all(float(value) == value for value in numbers):
        assert read_columns(str(path), ["x"])["x"].tolist() == values
    else:
        with pytest.raises(DataError, match="whole numbers that float64 changes"):
            read_columns(str(path), ["x"])


def test_identifiers_are_no_event_numbers(tmp_path):
    lines = [f"2022_{event:03d},{event % 2},{event}_5" for event in range(8)]
    (tmp_path / "a.csv").write_text("\n".join(["event,label,id", *lines]) + "\n")

    class Numbered(EventRecipe):
        files = (str(tmp_path / "a.csv"),)
        target = "label"
        features = ("label",)
        event = "event"

        def build(self, data):
            raise NotImplementedError

    with pytest.raises(DataError, match="column 'event' is not numeric: '2022_000'"):
        Numbered().load(Numbered().input_files())


def test_csv_of_a_spreadsheet(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbf"x", y\r\n"1", true\r\n2,FALSE\r\n\r\n')
    table = read_columns(str(path), ["x", "y"])
    assert table["x"].tolist() == [1, 2]
    assert table["y"].tolist() == [True, False]


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"\n", "has no lines; the first one must name the columns"),
        (b"x,y\n1\n", "line 2 has 1 fields, the first line names 2"),
        (b"x,y\n1,2\n3,4,5\n", "line 3 has 3 fields"),
        (b"x;y\n1;2\n", "no column 'x'; there is: x;y"),
        (b'x,y\n1,"2\n3,4\n', "line 3: unexpected end of data; is a quotation mark left open"),
        (b"x,y,x\n1,2,3\n", "a.csv: names 'x' twice; rename one of them"),
        (b"x,y, x\n1,2,3\n", "a.csv: names 'x' twice"),
        ("x,y,Größe\n".encode("latin-1"), r"is no text in UTF-8 \(byte 0xf6\); save it as CSV in"),
        ("x,y\n1,2\n".encode("utf-16"), r"is no text in UTF-8 \(byte 0xff\)"),
    ],
)
def test_lines_that_say_something_else(tmp_path, content, what):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=what):
        read_columns(str(path), ["x", "y"])


def test_columns_that_nobody_asked_for_may_say_anything(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("x,,,z,z\n1,2_2,,a,b\n")
    assert read_columns(str(path), ["x"])["x"].tolist() == [1]
