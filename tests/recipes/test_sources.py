"""Which files hold which events."""

from __future__ import annotations

import os

import pytest

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.columnar.samples import Source, SourceFile, find_files, sources_of_samples


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
        (["b.root", "a*.root"], ["b.root", "a.root"]),
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


def test_file_that_two_globs_find(folder):
    samples = {"signal": ["a.root"], "background": ["*.root"]}
    what = r"/a\.root: would count twice: it is found by 'a\.root' and '\*\.root'; name it"
    with pytest.raises(DataError, match=what):
        find_files(sources_of_samples(samples, "X"))
    with pytest.raises(DataError, match=what):
        paths("a.root", "*.root")


@pytest.mark.parametrize(
    ("globs", "what"),
    [
        (["a.root", "a.root"], r"a\.root: .* it is found by 'a\.root'; name it once"),
        (["a.root", "./sub/../a.root"], r"it is found by 'a\.root' and '\./sub/\.\./a\.root'"),
        (["a.root", "$DATA/a.root"], r"it is found by 'a\.root' and '\$DATA/a\.root'"),
        (
            ["?.root", "sub/d.root", "s*/d.root"],
            r"sub/d\.root: .* it is found by 'sub/d\.root' and 's\*/d",
        ),
        (
            ["a.root", "file://$DATA/a.root"],
            r"file:///.*a\.root: .* the same file as /.*a\.root, found",
        ),
        (
            ["root://h//s/a.root", "root://h//s//a.root"],
            r"//s//a\.root: .* same file as root://h//s/a\.root, found",
        ),
    ],
)
def test_file_that_counts_twice(folder, globs, what):
    with pytest.raises(DataError, match=what):
        paths(*globs)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_links_to_one_file(folder, link):
    link(folder / "a.root", folder / "x.root")
    for globs in (["*.root"], ["x.root", "a.root"]):
        with pytest.raises(
            DataError, match=r"would count twice: the same file as /.*\.root, f"
        ) as e:
            paths(*globs)
        assert str(folder / "a.root") in str(e.value)
        assert str(folder / "x.root") in str(e.value)
    assert paths("x.root") == [str(folder / "x.root")]


def test_folder_by_two_names(folder):
    (folder / "link").symlink_to("sub")
    with pytest.raises(DataError, match=r"sub/d\.root: .* the same file as /.*link/d\.root, found"):
        paths("*/d.root")


def test_copies_are_two_files(folder):
    for name in "ab":
        (folder / f"{name}.root").write_bytes(b"alike")
    assert len(paths("[ab].root")) == 2


def test_link_to_nowhere_is_left_to_the_reader(folder):
    (folder / "gone.root").symlink_to("nowhere")
    assert paths("gone.root") == [str(folder / "gone.root")]


@pytest.mark.parametrize("name", ["run[2022]/a.root", "what?.root", "a[1-2].root"])
def test_file_that_is_called_like_a_glob(folder, name):
    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).touch()
    assert paths(name) == [str(folder / name)]


def test_name_of_a_file_that_as_a_glob_finds_others(folder):
    for name in ("a[12].root", "a1.root"):
        (folder / name).touch()
    what = (
        r"a\[12\]\.root: is the name of a file, and a glob that finds others, such as /.*/a1\.root;"
    )
    with pytest.raises(DataError, match=what) as caught:
        paths("a[12].root")
    advice = str(caught.value).rpartition(" ")[2]
    assert paths(advice) == [str(folder / "a[12].root")]


def test_brackets_of_a_folder_in_a_glob(folder):
    (folder / "run[2022]").mkdir()
    (folder / "run[2022]" / "a.root").touch()
    with pytest.raises(
        DataError, match=r"no file matches .* \(\[ begins a set of letters"
    ) as caught:
        paths("run[2022]/*.root")
    advice = str(caught.value).rpartition(" ")[2].rstrip(")")
    assert paths(advice) == [str(folder / "run[2022]" / "a.root")]


@pytest.mark.parametrize(
    ("pattern", "advice"), [("data.parquet", "data.parquet/*.parquet"), ("sub", "sub/*.root")]
)
def test_folder_in_place_of_files(folder, pattern, advice):
    (folder / "data.parquet").mkdir()
    with pytest.raises(DataError) as caught:
        paths(pattern)
    assert str(caught.value) == (
        f"{folder / pattern}: is a folder; write the files that are in it, as in {folder / advice}"
    )


def test_relative_globs_follow_the_current_directory(folder, monkeypatch):
    monkeypatch.chdir(folder / "sub")
    assert paths("*.root") == [os.path.join(folder, "sub", "d.root")]
