"""Which files hold which events."""

from __future__ import annotations

import os

import pytest

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.sources import Source, SourceFile, find_files, sources_of_samples


@pytest.fixture
def folder(tmp_path, monkeypatch):
    for name in ("b.root", "a.root", "c.npz", "sub/d.root"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "sub"))
    monkeypatch.setenv("DATA", str(tmp_path))
    monkeypatch.delenv("NOWHERE", raising=False)
    return tmp_path


def paths(*globs):
    return [file.path for file in find_files([Source(globs)])]


@pytest.mark.parametrize(
    ("globs", "names"),
    [
        (["*.root"], ["a.root", "b.root"]),
        (["b.root", "*.root"], ["b.root", "a.root"]),
        (["**/*.root"], ["a.root", "b.root", "sub/d.root"]),
        (["~/*.root"], ["sub/d.root"]),
        (["$DATA/c.npz"], ["c.npz"]),
        (["${DATA}/[ab].root"], ["a.root", "b.root"]),
        (["${NOWHERE:-sub/*}"], ["sub/d.root"]),
        (["${DATA:-sub}/c.npz"], ["c.npz"]),
    ],
)
def test_globs(folder, globs, names):
    assert paths(*globs) == [str(folder / name) for name in names]


def test_urls_stay_as_they_are(folder):
    assert paths("root://host:1094//store/a.root") == ["root://host:1094//store/a.root"]


def test_remote_globs_are_listed(folder):
    import fsspec

    memory = fsspec.filesystem("memory")
    memory.pipe({"/pool/b.npz": b"", "/pool/a.npz": b"", "/pool/a.txt": b""})
    assert paths("memory://pool/*.npz") == ["memory:///pool/a.npz", "memory:///pool/b.npz"]
    with pytest.raises(DataError, match=r"no file matches memory://pool/\*\.csv"):
        paths("memory://pool/*.csv")


@pytest.mark.parametrize(
    ("pattern", "what"),
    [
        ("*.csv", r"no file matches /.*\*\.csv \(from '\*\.csv'\) \(there is a folder /.*, but"),
        ("none/*/x.root", r"\(there is no folder /.*none\)"),
        ("$NOWHERE/*.root", "the environment variable NOWHERE is not set"),
        ("none://host/*.root", r"none://host/\*\.root: listing remote files"),
    ],
)
def test_nothing_found(folder, pattern, what):
    with pytest.raises(DataError, match=what):
        paths(pattern)


def test_samples_become_labels_and_scales(folder):
    samples = {
        "signal": "a.root",
        "background": ["b.root", {"files": "sub/*", "scale": 0.5}, {"files": ["c.npz"]}],
    }
    assert find_files(sources_of_samples(samples, "X")) == [
        SourceFile(str(folder / "a.root"), 1, 1.0),
        SourceFile(str(folder / "b.root"), 0, 1.0),
        SourceFile(str(folder / "sub" / "d.root"), 0, 0.5),
        SourceFile(str(folder / "c.npz"), 0, 1.0),
    ]


def test_file_in_two_samples(folder):
    samples = {"signal": ["a.root"], "background": ["*.root"]}
    with pytest.raises(DataError, match=r"a\.root: '\*\.root' finds it a second time, for another"):
        find_files(sources_of_samples(samples, "X"))


def test_relative_globs_follow_the_current_directory(folder, monkeypatch):
    monkeypatch.chdir(folder / "sub")
    assert paths("*.root") == [os.path.join(folder, "sub", "d.root")]
