"""Inputs over root://, from a real XRootD server on this machine."""

from __future__ import annotations

import numpy as np
import pytest
from xrootd_server import COLUMNS

from cmsml_tasks import EventRecipe
from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.columnar.samples import Source, find_files
from cmsml_tasks.recipes.reading import read_columns


@pytest.mark.parametrize("name", ["a.root", "a.parquet", "a.npz", "a.csv"])
def test_all_formats_are_read(xrootd_store, name):
    table = read_columns(f"{xrootd_store}/{name}", COLUMNS)
    for column, values in COLUMNS.items():
        assert np.array_equal(table[column], values), column


def test_recipe_with_a_remote_glob(xrootd_store):
    class Remote(EventRecipe):
        files = (f"{xrootd_store}/[ab].root",)
        target = "label"
        features = ("x",)
        event = "event"

        def build(self, data):
            raise NotImplementedError

    recipe = Remote()
    files = recipe.input_files()
    assert [file.rpartition("/")[2] for file in files] == ["a.root", "b.root"]
    assert all(file.startswith("root://localhost:") for file in files)
    assert len(recipe.load(files).target) == 4000


def test_what_cannot_be_read_is_said(xrootd_store):
    with pytest.raises(DataError, match=r"root://.*/none\.root: .*no such file.*is the server up"):
        read_columns(f"{xrootd_store}/none.root", ["x"])
    with pytest.raises(DataError, match=r"root://.*/none\.npz: .*(no such file|is the server up)"):
        read_columns(f"{xrootd_store}/none.npz", ["x"])
    with pytest.raises(
        DataError, match=r"root://.*/broken\.root: cannot be read as ROOT .*and the file whole"
    ):
        read_columns(f"{xrootd_store}/broken.root", ["x"])
    with pytest.raises(DataError, match=r"root://.*/a\.root: no branch 'y'; there is: event, lab"):
        read_columns(f"{xrootd_store}/a.root", ["y"])
    with pytest.raises(DataError, match=r"no file matches root://.*/\*\.h5"):
        find_files([Source((f"{xrootd_store}/*.h5",))])
