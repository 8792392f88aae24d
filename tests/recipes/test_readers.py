"""The same events from ROOT, Parquet, NPZ and CSV, as they were written."""

from __future__ import annotations

import sys

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from event_files import WRITERS, write_npz

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading import read_columns

FLAT = {
    "pt": np.array([1.5, 2.5, -3.5], np.float32),
    "n": np.array([0, 3, 2], np.int32),
    "u": np.array([0, 3, 2], np.uint16),
    "ok": np.array([True, False, True]),
    "event": np.array([1, 2**63 + 1, 3], np.uint64),
    "seed": np.array([-(2**53) - 1, 2**63 - 1, -(2**63)]),
}
JAGGED = ak.Array([[1.0, 2.0], [], [3.0]])


@pytest.mark.parametrize("ending", WRITERS)
def test_flat_columns(tmp_path, ending):
    path = tmp_path / f"events.{ending}"
    WRITERS[ending](path, FLAT)
    table = read_columns(str(path), FLAT)
    assert set(table) == set(FLAT)
    for name, column in FLAT.items():
        assert np.array_equal(table[name], column), name
        assert type(table[name]) is np.ndarray
    assert {name: column.dtype.kind for name, column in table.items()} == {
        "pt": "f",
        "n": "i",
        "u": "i",
        "ok": "b",
        "event": "u",
        "seed": "i",
    }
    assert set(read_columns(str(path), ["pt"])) == {"pt"}


def test_narrow_and_unsigned_integers_do_not_wrap_around(tmp_path):
    path = tmp_path / "events.npz"
    write_npz(path, FLAT)
    assert (read_columns(str(path), ["u"])["u"] - 1).tolist() == [-1, 2, 1]


def test_numbers_of_another_byte_order_are_those_of_this_machine(tmp_path):
    path = tmp_path / "events.npz"
    write_npz(path, {"x": np.array([1.5, 2.5], ">f4"), "n": np.array([1, 2], ">i2")})
    table = read_columns(str(path), ["x", "n"])
    assert table["x"].tolist() == [1.5, 2.5]
    assert all(column.dtype.isnative for column in table.values())


@pytest.mark.parametrize("ending", ["root", "parquet"])
def test_jagged_columns(tmp_path, ending):
    path = tmp_path / f"events.{ending}"
    columns = {
        "jet": JAGGED,
        "id": ak.values_astype(JAGGED, np.int8),
        "large": ak.unflatten(np.array([2**63 + 1, 1, 2**64 - 1], np.uint64), [1, 0, 2]),
        "small": ak.values_astype(JAGGED, np.uint64),
        "good": JAGGED > 1,
        "pt": FLAT["pt"],
    }
    WRITERS[ending](path, columns)
    table = read_columns(str(path), columns)
    for name in columns:
        assert ak.to_list(table[name]) == ak.to_list(columns[name]), name
    assert {name: str(table[name].type.content.content) for name in columns if name != "pt"} == {
        "jet": "float64",
        "id": "int64",
        "large": "uint64",
        "small": "int64",
        "good": "bool",
    }
    assert isinstance(table["pt"], np.ndarray)


@pytest.mark.parametrize("shape", [(3, 2), (3, 2, 2)])
@pytest.mark.parametrize("ending", ["root", "npz", "parquet"])
def test_rectangular_columns_are_rectangular(tmp_path, ending, shape):
    path = tmp_path / f"events.{ending}"
    x = np.arange(float(np.prod(shape))).reshape(shape)
    if ending == "parquet":
        kind = pa.float64()
        for width in shape[:0:-1]:
            kind = pa.list_(kind, width)
        pq.write_table(pa.table({"x": pa.array(x.tolist(), kind)}), path)
    else:
        WRITERS[ending](path, {"x": x})
    read = read_columns(str(path), ["x"])["x"]
    assert type(read) is np.ndarray
    assert np.array_equal(read, x)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_is_missing_is_masked_and_keeps_its_type(tmp_path, ending):
    columns = {
        "f": [1.5, None, 2.0],
        "i": [2**53 + 1, None, -5],
        "u": [2**64 - 1, None, 0],
        "b": [True, None, False],
        "all": [None, None, None],
        "whole": [1, 2, 3],
    }
    path = tmp_path / f"a.{ending}"
    if ending == "csv":
        rows = zip(*columns.values(), strict=True)
        lines = [",".join("" if value is None else str(value) for value in row) for row in rows]
        path.write_text("\n".join([",".join(columns), *lines]) + "\n")
    else:
        kinds = {"u": pa.uint64()}
        arrays = {name: pa.array(values, kinds.get(name)) for name, values in columns.items()}
        pq.write_table(pa.table(arrays), path)
    table = read_columns(str(path), columns)
    kinds = {name: column.dtype.kind for name, column in table.items()}
    assert kinds == {"f": "f", "i": "i", "u": "u", "b": "b", "all": "f", "whole": "i"}
    assert type(table.pop("whole")) is np.ndarray
    for name, column in table.items():
        assert column.tolist() == columns[name], name
        assert column.mask.tolist() == [value is None for value in columns[name]]
        assert not column.data[column.mask].any()


@pytest.mark.parametrize("ending", WRITERS)
def test_missing_column(tmp_path, ending):
    path = tmp_path / f"events.{ending}"
    WRITERS[ending](path, FLAT)
    with pytest.raises(DataError, match=rf"events\.{ending}: no \w+ 'evnt'; did you mean 'event'"):
        read_columns(str(path), ["pt", "evnt"])


@pytest.mark.parametrize("ending", WRITERS)
def test_micro_sign_is_the_mu_that_python_makes_of_it(tmp_path, ending):
    path = tmp_path / f"events.{ending}"
    WRITERS[ending](path, {"\N{MICRO SIGN}_pt": FLAT["pt"]})
    name = "\N{GREEK SMALL LETTER MU}_pt"
    assert read_columns(str(path), [name])[name].tolist() == FLAT["pt"].tolist()


def test_npz_of_other_things(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, text=np.array(["a"]), one=np.array(3.0), a=np.zeros(3), b=np.zeros(4))
    for columns, what in (
        (["text"], "column 'text' holds <U1; only numbers and bools"),
        (["one"], "array 'one' is a single number, not one row per event"),
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


def test_unknown_ending(tmp_path):
    with pytest.raises(DataError, match=r"no reader for '\.h5' files; there is: \.root, \.parquet"):
        read_columns(str(tmp_path / "a.h5"), ["x"])


def test_reader_whose_package_is_not_installed(tmp_path, monkeypatch):
    path = tmp_path / "a.root"
    WRITERS["root"](path, FLAT)
    monkeypatch.setitem(sys.modules, "uproot", None)
    monkeypatch.delitem(sys.modules, "cmsml_tasks.recipes.reading.root", raising=False)
    with pytest.raises(DataError, match=r"needs uproot; pip install 'cmsml_tasks\[root\]'"):
        read_columns(str(path), ["x"])
