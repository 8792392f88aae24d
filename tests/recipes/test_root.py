"""ROOT files: which tree, which branches, and what cannot be read of them."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from event_files import write_root

from cmsml_tasks import EventRecipe
from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading import read_columns
from cmsml_tasks.recipes.reading.root import chosen_tree

TNTUPLE = Path(__file__).with_name("tntuple.root")
COLUMNS = {"x": np.array([1.5, 2.5]), "n": np.array([3, 4], np.int16)}


def test_colon_in_the_name_of_a_file(tmp_path):
    path = tmp_path / "a:b.root"
    write_root(path, COLUMNS)
    assert len(read_columns(str(path), ["x"])["x"]) == 2


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


@pytest.mark.parametrize("tree", [None, "ntup"])
def test_tntuple_is_a_tree(tree):
    class Tuple(EventRecipe):
        files = (str(TNTUPLE),)
        target = "x > 4"
        features = ("y",)

        def build(self, data):
            raise NotImplementedError

    Tuple.tree = tree
    events = Tuple().load(Tuple().input_files())
    assert events.inputs[:, 0].tolist() == [value + 0.5 for value in range(10)]
    assert events.target.tolist() == [0] * 5 + [1] * 5


@pytest.mark.parametrize(
    "kind", ["TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple", "ROOT::Experimental::RNTuple"]
)
def test_classes_that_are_trees(kind):
    assert chosen_tree("a.root", None, {"h": "TH1D", "events": kind}) == "events"


@pytest.mark.parametrize(
    ("tree", "names", "what"),
    [
        (None, ["h"], r"a\.root: no tree; the file holds h \(TH1D\)$"),
        ("Events", ["h"], r"a\.root: no tree 'Events'; the file holds h \(TH1D\)$"),
        ("Events", "abcdefg", r"holds a \(TH1D\), b \(TH1D\), .*, e \(TH1D\), \.\.\.$"),
        ("Events", [], "no tree 'Events'; the file holds nothing$"),
    ],
)
def test_file_without_trees(tmp_path, tree, names, what):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        for name in names:
            file[name] = np.histogram([1, 2])
    with pytest.raises(DataError, match=what):
        read_columns(str(path), ["x"], tree)


def test_fields_of_records(tmp_path):
    """An RNTuple has ``Jet.pt``; where uproot does not write them yet, a TTree has ``Jet_pt``."""
    path = tmp_path / "a.root"
    jets = ak.zip({"pt": ak.Array([[1.5, 2.5], []]), "id": ak.Array([[1, 2], []])})
    with uproot.recreate(path) as file:
        file["Events"] = {"Jet": jets, "pair": np.arange(4).reshape(2, 2)}
    table = read_columns(str(path), ["Jet_pt", "Jet.id", "pair"])
    assert ak.to_list(table["Jet_pt"]) == [[1.5, 2.5], []]
    assert ak.to_list(table["Jet.id"]) == [[1, 2], []]
    assert table["pair"].tolist() == [[0, 1], [2, 3]]
    what = "column 'Jet' holds records of pt, id; only numbers|no branch 'Jet'; there is: Jet_id, J"
    with pytest.raises(DataError, match=what):
        read_columns(str(path), ["Jet"])


def test_texts_are_refused(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path) as file:
        file["Events"] = {"name": ak.Array(["x", "y"]), "x": np.arange(2)}
    with pytest.raises(DataError, match="column 'name' holds string; only numbers and bools"):
        read_columns(str(path), ["name"])


def test_branch_of_objects_that_uproot_cannot_read(tmp_path):
    path = tmp_path / "a.root"
    with uproot.recreate(path, compression=None) as file:
        file.mktree("Events", {"x": np.float64, "n": np.int16})
        file["Events"].extend(COLUMNS)
    # a leaf of a class that uproot does not know, as a branch of a user's own class has
    path.write_bytes(path.read_bytes().replace(b"TLeafS", b"TLeafX"))
    with pytest.raises(DataError) as caught:
        read_columns(str(path), ["n"])
    assert str(caught.value) == (
        f"{path}: branch 'n' holds objects of a class without description, which cannot be read "
        "(none of the rules matched)"
    )
    assert read_columns(str(path), ["x"])["x"].tolist() == [1.5, 2.5]
