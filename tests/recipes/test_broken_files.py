"""Files that cannot be read: the message names what is the matter, and nothing else."""

from __future__ import annotations

import gzip
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from event_files import WRITERS, write_csv

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading import read_columns

BINARY = ["root", "parquet", "npz"]
NOBODY = 65534


@pytest.fixture
def columns():
    rng = np.random.default_rng(1)
    return {"x": rng.normal(size=5000), "y": rng.normal(size=5000)}


def refused(path):
    with pytest.raises(DataError) as caught:
        read_columns(str(path), ["x", "y"])
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert "\n" not in message
    return message.removeprefix(f"{path}: ")


@pytest.mark.parametrize("ending", WRITERS)
def test_missing_file(tmp_path, ending):
    assert refused(tmp_path / f"none.{ending}") == "there is no such file"


@pytest.mark.parametrize("ending", WRITERS)
def test_link_to_nowhere(tmp_path, ending):
    path = tmp_path / f"link.{ending}"
    path.symlink_to("gone")
    assert refused(path) == "is a link to a file that is not there"


@pytest.mark.parametrize("ending", WRITERS)
def test_empty_file(tmp_path, ending):
    path = tmp_path / f"a.{ending}"
    path.touch()
    assert refused(path) == "is empty, 0 bytes; write or copy it again"


@pytest.mark.parametrize("ending", WRITERS)
def test_folder(tmp_path, ending):
    path = tmp_path / f"data.{ending}"
    path.mkdir()
    what = f"is a folder; write the files that are in it, as in {path}/*.{ending}"
    assert refused(path) == what


@contextmanager
def as_nobody():
    """As root, all files can be read."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("ending", WRITERS)
def test_file_that_may_not_be_read(columns, ending):
    folder = Path(tempfile.mkdtemp())
    try:
        folder.chmod(0o755)
        path = folder / f"a.{ending}"
        WRITERS[ending](path, columns)
        assert len(read_columns(str(path), ["x"])["x"]) == 5000
        path.chmod(0)
        with as_nobody():
            assert refused(path) == "may not be read: permission denied"
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
@pytest.mark.parametrize("ending", BINARY)
def test_truncated_file(tmp_path, columns, ending, share):
    path = tmp_path / f"a.{ending}"
    WRITERS[ending](path, columns)
    content = path.read_bytes()
    size = int(len(content) * share)
    path.write_bytes(content[:size])
    how = {
        "root": f"it has {size} of {len(content)} bytes",
        "parquet": f"it lacks its end after {size} bytes",
        "npz": f"it lacks its table of contents after {size} bytes",
    }
    assert refused(path) == f"is truncated: {how[ending]}; write or copy it again"


def test_truncated_csv(tmp_path, columns):
    path = tmp_path / "a.csv"
    write_csv(path, columns)
    content = path.read_bytes()
    path.write_bytes(content[: content.rindex(b",")])
    assert refused(path) == "line 5001 has 1 fields, the first line names 2"


@pytest.mark.parametrize("ending", BINARY)
def test_file_that_is_damaged_in_between(tmp_path, columns, ending):
    path = tmp_path / f"a.{ending}"
    WRITERS[ending](path, columns)
    content = bytearray(path.read_bytes())
    middle = slice(len(content) // 4, len(content) // 2)
    content[middle] = bytes(byte ^ 0xFF for byte in content[middle])
    path.write_bytes(content)
    message = refused(path)
    library = {"root": "uproot", "parquet": "pyarrow", "npz": "numpy"}[ending]
    assert message.startswith(f"cannot be read as {ending.upper()} (")
    assert "its beginning and end are as they should be: it is damaged in between" in message
    assert message.endswith(f"written in a way that this version of {library} cannot read")
    assert "truncated" not in message


@pytest.mark.parametrize(
    ("ending", "written"),
    [(ending, written) for ending in WRITERS for written in BINARY if ending != written],
)
def test_file_of_another_kind(tmp_path, columns, ending, written):
    path = tmp_path / f"a.{ending}"
    WRITERS[written](tmp_path / f"a.{written}", columns)
    (tmp_path / f"a.{written}").rename(path)
    kinds = {
        "root": "a ROOT file",
        "parquet": "a Parquet file",
        "npz": "a zip archive, such as NPZ",
    }
    assert refused(path) == f"is no {ending.upper()} file: it begins as {kinds[written]}"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"x,y\n1,2\n", r"it begins as b'x,y\n1,2\n'"),
        (b"<!DOCTYPE html>\n<html></html>\n", "it begins as a web page or XML, perhaps what a ser"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it begins as a pointer of git-lfs; git"),
        (gzip.compress(b"x,y\n", mtime=0), "it begins as a gzip archive; unpack it"),
        (b"\x89HDF\r\n\x1a\n" + bytes(100), "it begins as an HDF5 file"),
    ],
)
@pytest.mark.parametrize("ending", BINARY)
def test_foreign_file(tmp_path, ending, content, what):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    assert refused(path).startswith(f"is no {ending.upper()} file: {what}")


def test_csv_that_is_packed(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(gzip.compress(b"x,y\n1,2\n", mtime=0))
    assert refused(path) == "is no CSV file: it begins as a gzip archive; unpack it"
