"""The same events from ROOT, Parquet, NPZ and CSV; files that cannot be read."""

from __future__ import annotations

import sys

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading import read_columns

FLAT = {
    "pt": np.array([1.5, 2.5, -3.5], np.float32),
    "n": np.array([0, 3, 2], np.int32),
    "u": np.array([0, 3, 2], np.uint16),
    "ok": np.array([True, False, True]),
    "event": np.array([1, 2**63 + 1, 3], np.uint64),
}
JAGGED = ak.Array([[1.0, 2.0], [], [3.0]])


def write_root(path, columns, tree="Events"):
    with uproot.recreate(path) as file:
        file.mktree(tree, {name: ak.Array(column).type.content for name, column in columns.items()})
        file[tree].extend(columns)


def write_parquet(path, columns):
    table = {
        name: pa.array(ak.to_list(column)) if isinstance(column, ak.Array) else pa.array(column)
        for name, column in columns.items()
    }
    pq.write_table(pa.table(table), path)


def write_npz(path, columns):
    np.savez(path, **columns)


def write_csv(path, columns):
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


WRITERS = {"root": write_root, "parquet": write_parquet, "npz": write_npz, "csv": write_csv}


@pytest.mark.parametrize("ending", WRITERS)
def test_flat_columns(tmp_path, ending):
    path = tmp_path / f"events.{ending}"
    WRITERS[ending](path, FLAT)
    table = read_columns(str(path), FLAT)
    assert set(table) == set(FLAT)
    for name, column in FLAT.items():
        assert np.array_equal(table[name], column), name
    assert {name: column.dtype.kind for name, column in table.items()} == {
        "pt": "f",
        "n": "i",
        "u": "i",
        "ok": "b",
        "event": "u",
    }
    assert set(read_columns(str(path), ["pt"])) == {"pt"}


def test_narrow_and_unsigned_integers_do_not_wrap_around(tmp_path):
    path = tmp_path / "events.npz"
    write_npz(path, FLAT)
    assert (read_columns(str(path), ["u"])["u"] - 1).tolist() == [-1, 2, 1]


@pytest.mark.parametrize("ending", ["root", "parquet"])
def test_jagged_columns(tmp_path, ending):
    path = tmp_path / f"events.{ending}"
    WRITERS[ending](path, {"jet": JAGGED, "pt": FLAT["pt"]})
    table = read_columns(str(path), ["jet", "pt"])
    assert ak.to_list(table["jet"]) == ak.to_list(JAGGED)
    assert isinstance(table["pt"], np.ndarray)


@pytest.mark.parametrize("ending", ["root", "npz"])
def test_second_axis_of_an_array_is_read_as_a_list_per_event(tmp_path, ending):
    path = tmp_path / f"events.{ending}"
    WRITERS[ending](path, {"x": np.arange(6.0).reshape(3, 2)})
    x = read_columns(str(path), ["x"])["x"]
    assert ak.to_list(x) == [[0, 1], [2, 3], [4, 5]]
    assert "var" in str(x.type)


def test_missing_values_become_nan(tmp_path):
    path = tmp_path / "a.parquet"
    columns = {"f": [1.0, None, 2.0], "i": [1, None, 2], "b": [True, None, False]}
    columns["jet"] = [[1.0, None], None, []]
    pq.write_table(pa.table({name: pa.array(values) for name, values in columns.items()}), path)
    table = read_columns(str(path), columns)
    assert np.array_equal(table["f"], [1, np.nan, 2], equal_nan=True)
    assert np.array_equal(table["i"], [1, np.nan, 2], equal_nan=True)
    assert np.array_equal(table["b"], [1, np.nan, 0], equal_nan=True)
    assert ak.to_list(ak.num(table["jet"])) == [2, 0, 0]
    assert np.isnan(table["jet"][0, 1])
    (tmp_path / "a.csv").write_text("x,y\n1,\n,2.5\n")
    table = read_columns(str(tmp_path / "a.csv"), ["x", "y"])
    assert np.array_equal(table["x"], [1, np.nan], equal_nan=True)
    assert np.array_equal(table["y"], [np.nan, 2.5], equal_nan=True)


def test_csv_of_a_spreadsheet(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'\xef\xbb\xbf"x", y\r\n"1", true\r\n2,FALSE\r\n\r\n')
    table = read_columns(str(path), ["x", "y"])
    assert table["x"].tolist() == [1, 2]
    assert table["y"].tolist() == [True, False]


def test_colon_in_the_name_of_a_root_file(tmp_path):
    path = tmp_path / "a:b.root"
    write_root(path, FLAT)
    assert len(read_columns(str(path), ["pt"])["pt"]) == 3


def test_tree_is_chosen(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        for name in ("Events", "sub/Runs"):
            file.mktree(name, {"x": np.float64})
            file[name].extend({"x": np.full(2, len(name))})
    assert read_columns(str(path), ["x"], "sub/Runs")["x"].tolist() == [8, 8]
    with pytest.raises(DataError, match=r"a\.root: 2 trees \(Events, sub/Runs\); choose one with"):
        read_columns(str(path), ["x"])
    with pytest.raises(DataError, match="no tree 'Event'; did you mean 'Events'"):
        read_columns(str(path), ["x"], "Event")


@pytest.mark.parametrize("ending", WRITERS)
def test_missing_column(tmp_path, ending):
    path = tmp_path / f"events.{ending}"
    WRITERS[ending](path, FLAT)
    with pytest.raises(DataError, match=rf"events\.{ending}: no \w+ 'evnt'; did you mean 'event'"):
        read_columns(str(path), ["pt", "evnt"])


@pytest.mark.parametrize("ending", WRITERS)
def test_missing_file(tmp_path, ending):
    with pytest.raises(DataError, match=rf"none\.{ending}: there is no such file"):
        read_columns(str(tmp_path / f"none.{ending}"), ["x"])


@pytest.mark.parametrize("damage", ["empty", "foreign", "truncated", "start"])
@pytest.mark.parametrize("ending", ["root", "parquet", "npz"])
def test_damaged_file(tmp_path, ending, damage):
    path = tmp_path / f"events.{ending}"
    rng = np.random.default_rng(1)
    WRITERS[ending](path, {"x": rng.normal(size=5000), "y": rng.normal(size=5000)})
    content = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "foreign": b"this is no such file\n" * 500,
            "truncated": content[: len(content) // 2],
            "start": content[:100],
        }[damage]
    )
    with pytest.raises(DataError) as caught:
        read_columns(str(path), ["x", "y"])
    message = str(caught.value)
    assert message.startswith(f"{path}: cannot be read as {ending.upper()} (")
    assert message.endswith("truncated, damaged or of another kind")
    assert "\n" not in message


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "is empty"),
        ("x,y\n1\n", "line 2 has 1 fields, the first line names 2"),
        ("x,y\n1,2\n3,4,5\n", "line 3 has 3 fields"),
        ("x,y\n1,2\nabc,4\n", "column 'x' is not numeric: could not convert string"),
    ],
)
def test_damaged_csv(tmp_path, text, what):
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=what):
        read_columns(str(path), ["x", "y"])


def test_npz_of_other_things(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, text=np.array(["a"]), cube=np.zeros((2, 2, 2)), a=np.zeros(3), b=np.zeros(4))
    for columns, what in (
        (["text"], "column 'text' holds <U1; only numbers and bools"),
        (["cube"], r"'cube' has shape \(2, 2, 2\)"),
        (["a", "b"], "columns of different lengths: a 3, b 4"),
    ):
        with pytest.raises(DataError, match=what):
            read_columns(str(path), columns)
    np.savez(path, objects=np.array([{}], object))
    with pytest.raises(DataError, match="'objects' holds Python objects"):
        read_columns(str(path), ["objects"])
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))
    with pytest.raises(DataError, match="one array without a name; write it"):
        read_columns(str(path), ["x"])


def test_text_columns(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"name": ["x", "y"]}), path)
    with pytest.raises(DataError, match="column 'name' holds string"):
        read_columns(str(path), ["name"])


def test_unknown_ending(tmp_path):
    with pytest.raises(DataError, match=r"no reader for '\.h5' files; there is: \.root, \.parquet"):
        read_columns(str(tmp_path / "a.h5"), ["x"])


def test_reader_whose_package_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "uproot", None)
    monkeypatch.delitem(sys.modules, "cmsml_tasks.recipes.reading.root", raising=False)
    with pytest.raises(DataError, match=r"needs uproot; pip install 'cmsml_tasks\[root\]'"):
        read_columns(str(tmp_path / "a.root"), ["x"])
