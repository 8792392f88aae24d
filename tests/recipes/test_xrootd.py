"""Inputs over root://, from a real XRootD server on this machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from cmsml_tasks import EventRecipe
from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading import read_columns
from cmsml_tasks.recipes.sources import Source, find_files

SERVER = Path(__file__).parents[1] / "pools" / "xrootd.sh"
COLUMNS = {"x": np.arange(2000.0), "event": np.arange(2000), "label": np.arange(2000) % 2}


def missing():
    """What the tests lack here, or None."""
    for program in ("xrootd", "xrdfs"):
        if shutil.which(program) is None:
            return f"the program {program} is not installed (tests/pools/xrootd.sh install)"
    for package in ("XRootD", "fsspec_xrootd"):
        if importlib.util.find_spec(package) is None:
            return f"the Python package {package} is not installed (cmsml_tasks[xrootd])"
    return None


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def server():
    """URL of a server with the same events in every format."""
    reason = missing()
    if reason:
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    base = Path(tempfile.mkdtemp(prefix="xrootd-"))
    data = base / "data" / "store"
    data.mkdir(parents=True)
    with uproot.recreate(data / "a.root") as file:
        file.mktree("Events", {name: column.dtype for name, column in COLUMNS.items()})
        file["Events"].extend(COLUMNS)
    shutil.copy(data / "a.root", data / "b.root")
    (data / "broken.root").write_bytes((data / "a.root").read_bytes()[:3000])
    pq.write_table(pa.table(COLUMNS), data / "a.parquet")
    np.savez(data / "a.npz", **COLUMNS)
    rows = zip(*(column.tolist() for column in COLUMNS.values()), strict=True)
    lines = [",".join(COLUMNS), *(",".join(map(str, row)) for row in rows)]
    (data / "a.csv").write_text("\n".join(lines))
    # The server does not run as root, so others must be able to read.
    for path in (base, *base.rglob("*")):
        path.chmod(0o755)
    environment = {**os.environ, "XRD_BASE": str(base), "XRD_PORT": str(free_port())}
    up = subprocess.run([SERVER, "up"], env=environment, capture_output=True, text=True)
    try:
        assert up.returncode == 0, up.stderr
        yield f"{up.stdout.strip()}/store"
    finally:
        subprocess.run([SERVER, "down"], env=environment, check=True)
        shutil.rmtree(base)


@pytest.mark.parametrize("name", ["a.root", "a.parquet", "a.npz", "a.csv"])
def test_all_formats_are_read(server, name):
    table = read_columns(f"{server}/{name}", COLUMNS)
    for column, values in COLUMNS.items():
        assert np.array_equal(table[column], values), column


def test_recipe_with_a_remote_glob(server):
    class Remote(EventRecipe):
        files = (f"{server}/[ab].root",)
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


def test_what_cannot_be_read_is_said(server):
    with pytest.raises(DataError, match=r"root://.*/none\.root: .*no such file.*is the server up"):
        read_columns(f"{server}/none.root", ["x"])
    with pytest.raises(DataError, match=r"root://.*/none\.npz: .*(no such file|is the server up)"):
        read_columns(f"{server}/none.npz", ["x"])
    with pytest.raises(
        DataError, match=r"root://.*/broken\.root: cannot be read as ROOT .*and the file whole"
    ):
        read_columns(f"{server}/broken.root", ["x"])
    with pytest.raises(DataError, match=r"root://.*/a\.root: no branch 'y'; there is: event, lab"):
        read_columns(f"{server}/a.root", ["y"])
    with pytest.raises(DataError, match=r"no file matches root://.*/\*\.h5"):
        find_files([Source((f"{server}/*.h5",))])
