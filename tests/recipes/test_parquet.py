"""Parquet files: records, what is missing, and the types that awkward adds."""

from __future__ import annotations

import subprocess
import sys

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cmsml_tasks import EventRecipe
from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading import read_columns
from cmsml_tasks.recipes.reading.damage import what_is_wrong

LISTS = pa.list_(pa.int64())
RECORDS = pa.list_(pa.struct([("a", pa.int64()), ("b", LISTS), ("text", pa.string())]))


@pytest.fixture
def zipped(tmp_path):
    """A file as `ak.to_parquet` writes it: NanoAOD's jets and MET as records."""
    path = str(tmp_path / "zipped.parquet")
    jets = ak.zip({"pt": ak.Array([[1.5, 2.5], [], [3.5]]), "id": ak.Array([[1, 2], [], [3]])})
    met = ak.zip({"pt": np.arange(3.0), "phi": np.arange(3.0)})
    ak.to_parquet(ak.Array({"Jet": jets, "MET": met, "nJet": ak.num(jets)}), path)
    return path


@pytest.mark.parametrize("name", ["Jet_pt", "Jet.pt"])
def test_fields_of_records_are_columns(zipped, name):
    table = read_columns(zipped, [name, "MET_pt", "MET.phi", "nJet"])
    assert ak.to_list(table[name]) == [[1.5, 2.5], [], [3.5]]
    assert str(table[name].type) == "3 * var * float64"
    assert table["MET_pt"].tolist() == table["MET.phi"].tolist() == [0, 1, 2]
    assert type(table["MET_pt"]) is np.ndarray
    assert table["nJet"].tolist() == [2, 0, 1]


def test_one_field_by_both_names(zipped):
    table = read_columns(zipped, ["Jet_pt", "Jet.pt"])
    assert ak.to_list(table["Jet_pt"]) == ak.to_list(table["Jet.pt"]) == [[1.5, 2.5], [], [3.5]]


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("Jet", "no column 'Jet'; there is: Jet_id, Jet_pt$"),
        ("MET", "no column 'MET'; there is: MET_phi, MET_pt$"),
        ("Jet_ptt", r"no column 'Jet_ptt'; did you mean 'Jet_pt'\?"),
        ("Jets.pt", r"no column 'Jets.pt'; did you mean 'Jet_pt'\?"),
    ],
)
def test_record_in_place_of_a_field(zipped, name, what):
    with pytest.raises(DataError, match=what):
        read_columns(zipped, [name])


def test_features_of_records(zipped):
    class Zipped(EventRecipe):
        files = (zipped,)
        target = "nJet > 1"
        features = ("Jet.pt[:2]", "Jet_id[0]", "MET.pt")
        padding = -1

        def build(self, data):
            raise NotImplementedError

    events = Zipped().load(Zipped().input_files())
    assert events.inputs.tolist() == [[1.5, 2.5, 1, 0], [-1, -1, -1, 1], [3.5, -1, 3, 2]]


def test_what_is_missing_in_lists_and_records(tmp_path):
    path = str(tmp_path / "a.parquet")
    records = [[{"a": 1, "b": [1, 2], "text": "x"}], None, [None, {"a": None, "b": []}]]
    columns = {
        "element": pa.array([[1, None], [], [3]], LISTS),
        "list": pa.array([[1, 2], None, []], LISTS),
        "none": pa.array([[1, 2], [3], []], LISTS),
        "empty": pa.array([[], [], []]),
        "pair": pa.array([[1, 2], [3, None], [5, 6]], pa.list_(pa.int64(), 2)),
        "one": pa.array([{"a": 1}, None, {"a": None}]),
        "many": pa.array(records, RECORDS),
    }
    pq.write_table(pa.table(columns), path, row_group_size=2)
    expected = {
        "element": ("3 * var * ?int64", [[1, None], [], [3]]),
        "list": ("3 * option[var * int64]", [[1, 2], None, []]),
        "none": ("3 * var * int64", [[1, 2], [3], []]),
        "empty": ("3 * var * float64", [[], [], []]),
        "many_a": ("3 * option[var * ?int64]", [[1], None, [None, None]]),
        "many_b": ("3 * option[var * option[var * int64]]", [[[1, 2]], None, [None, []]]),
    }
    table = read_columns(path, [*expected, "pair", "one_a"])
    assert {name: (str(table[name].type), ak.to_list(table[name])) for name in expected} == expected
    for name, values in (("pair", [[1, 2], [3, None], [5, 6]]), ("one_a", [1, None, None])):
        assert isinstance(table[name], np.ma.MaskedArray)
        assert table[name].dtype == np.int64
        assert table[name].tolist() == values


def test_list_of_fixed_size_that_is_missing(tmp_path):
    path = str(tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": pa.array([[1, 2], None], pa.list_(pa.int64(), 2))}), path)
    try:
        pq.read_table(path)
    except pa.ArrowInvalid:  # of the older versions
        what = r"cannot be read as PARQUET .* this version of pyarrow"
        with pytest.raises(DataError, match=what):
            read_columns(path, ["x"])
    else:
        assert read_columns(path, ["x"])["x"].tolist() == [[1, 2], None]


@pytest.mark.parametrize(
    ("values", "what"),
    [
        (pa.array(["x"]), "column 'x' holds string; only numbers and bools can be used"),
        (pa.array([["x"]]), "column 'x' holds string"),
        (pa.array([1], pa.timestamp("us")), r"column 'x' holds timestamp\[us\]"),
        (pa.array([1]).cast(pa.decimal128(20)), r"column 'x' holds decimal128\(20, 0\)"),
        (pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int64())), "there is: x_key, x_value"),
    ],
)
def test_what_is_no_number(tmp_path, values, what):
    path = str(tmp_path / "a.parquet")
    pq.write_table(pa.table({"x": values}), path)
    with pytest.raises(DataError, match=what):
        read_columns(path, ["x"])


def test_column_that_is_there_twice(tmp_path):
    path = str(tmp_path / "a.parquet")
    x = pa.array([1, 2])
    names = ["x", "x", "y", "Jet_pt", "Jet"]
    pq.write_table(pa.table([x, x, x, x, pa.array([{"pt": 1}, {"pt": 2}])], names=names), path)
    for name in ("x", "Jet_pt"):
        with pytest.raises(DataError, match=rf"a\.parquet: names '{name}' twice; rename one of"):
            read_columns(path, [name])
    assert read_columns(path, ["y"])["y"].tolist() == [1, 2]


AWKWARD = """
import awkward as ak, pyarrow as pa, pyarrow.parquet as pq, sys
jet = ak.zip({"pt": ak.Array([[1.0, 2.0], [], [3.0]]), "id": ak.Array([[1, 2], [], [3]])})
n = ak.Array([2, 0, None])
columns = {"Jet": ak.to_arrow(jet), "x": ak.to_arrow(jet.pt), "n": ak.to_arrow(n)}
for path in sys.argv[1:]:
    pq.write_table(pa.table(columns), path)
"""


def test_types_of_awkward_whatever_was_imported_before(tmp_path):
    paths = [str(tmp_path / "a.parquet"), str(tmp_path / "b.parquet")]
    subprocess.run([sys.executable, "-c", AWKWARD, *paths], check=True)
    code = (
        "import sys\n"
        "from cmsml_tasks.recipes.reading import read_columns\n"
        "for path in sys.argv[1:]:\n"
        "    table = read_columns(path, ['n', 'x', 'Jet_id'])\n"
        "    print({name: column.tolist() for name, column in table.items()}, table['n'].dtype)\n"
    )
    for first in ("", "import awkward\n"):
        done = subprocess.run(
            [sys.executable, "-c", first + code, *paths], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        line = (
            "{'Jet_id': [[1, 2], [], [3]], 'n': [2, 0, None], 'x': [[1.0, 2.0], [], [3.0]]} int64"
        )
        assert done.stdout.splitlines() == [line, line]


@pytest.mark.skipif(not hasattr(pa, "list_view"), reason="pyarrow has no list views yet")
@pytest.mark.parametrize("large", [False, True])
def test_types_that_awkward_does_not_know(tmp_path, large):
    path = str(tmp_path / "a.parquet")
    kind = (pa.large_list_view if large else pa.list_view)(pa.float64())
    rows = [[1.0], [], [2.0]]
    records = pa.array([{"v": row, "n": 1} for row in rows], pa.struct({"v": kind, "n": pa.int8()}))
    columns = {"x": pa.array(rows, kind), "deep": pa.array([rows], pa.list_(kind)), "r": records}
    try:
        pq.write_table(pa.table({"x": columns["x"]}), path)
    except pa.ArrowNotImplementedError:
        pytest.skip("this pyarrow writes no list views, so that there is nothing to read")
    for name, column in columns.items():
        pq.write_table(pa.table({name: column}), path)
        wanted = "r_v" if name == "r" else name
        with pytest.raises(DataError) as caught:
            read_columns(path, [wanted])
        assert f"column '{wanted}' is of the Arrow type " in str(caught.value)
        assert f"{str(kind).partition('<')[0]}<" in str(caught.value)
        assert "write it as numbers or plain lists" in str(caught.value)
        assert "damaged" not in str(caught.value)
    assert read_columns(path, ["r_n"])["r_n"].tolist() == [1, 1, 1]


def test_what_pyarrow_cannot_do_is_no_damage(tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"x": [1, 2]}), path)
    error = pa.ArrowNotImplementedError("Unsupported encoding")
    said = what_is_wrong(str(path), "parquet", error)
    assert said == (
        "cannot be read as PARQUET (ArrowNotImplementedError: Unsupported encoding); it is written "
        "in a way that this version of pyarrow cannot read"
    )


def test_other_types_count_as_what_they_are_stored_as(tmp_path):
    path = str(tmp_path / "a.parquet")
    pairs = pa.array([[1, 2], [3, 4]], pa.list_(pa.float32(), 2))
    kind = pa.fixed_shape_tensor(pa.float32(), [2])
    pq.write_table(pa.table({"x": pa.ExtensionArray.from_storage(kind, pairs)}), path)
    assert read_columns(path, ["x"])["x"].tolist() == [[1, 2], [3, 4]]
