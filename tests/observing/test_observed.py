import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from cmsml_tasks.errors import DataError
from cmsml_tasks.observing.observed import Observed, names_digest
from cmsml_tasks.processes.isolated import IsolatedError, call_observed


def _sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


@pytest.fixture
def net(tmp_path) -> Path:
    path = tmp_path / "net.json"
    path.write_text("before")
    return path


def test_content_of_what_was_read(net):
    result, observed = call_observed("working:read", paths=[str(net), f"{net}.not"])
    assert result is None
    assert replace(observed, sources={}) == Observed(
        files={str(net): _sha256("before"), f"{net}.not": None}
    )


def test_digest_of_the_callers(net):
    asked = []

    def digest(path: str) -> str:
        asked.append(path)
        return "its digest"

    _, observed = call_observed("working:read", digest=digest, paths=[str(net)])
    assert observed.files == {str(net): "its digest"}
    assert asked == [str(net)]


def test_names_in_a_folder(net):
    folder = net.parent
    _, observed = call_observed("working:list_folder", path=str(folder))
    assert observed.folders == {str(folder): names_digest(folder)}
    (folder / "__pycache__").mkdir()
    net.write_text("after")
    assert observed.folders == {str(folder): names_digest(folder)}
    (folder / "more.json").touch()
    assert observed.folders != {str(folder): names_digest(folder)}


@pytest.mark.parametrize("as_link", [False, True])
def test_declared_files_and_what_is_below_declared_folders(net, as_link):
    folder = net.parent
    below = folder / "declared" / "deep" / "file"
    below.parent.mkdir(parents=True)
    below.write_text("x")
    alike = folder / "declared.json"
    alike.write_text("x")
    link = folder / "link"
    link.symlink_to(folder / "declared")
    leaving_out = [str(net), str(link if as_link else folder / "declared")]
    paths = [str(net), str(below), str(link / "deep" / "file"), str(alike)]
    _, observed = call_observed("working:read", leaving_out=leaving_out, paths=paths)
    assert list(observed.files) == [str(alike)]


@pytest.mark.parametrize(
    ("command", "content"),
    [
        ("echo -n after >{0}", _sha256("after")),
        ("cp {0} {0}.new; mv {0}.new {0}", _sha256("before")),
        ("rm {0}", None),
    ],
)
def test_file_that_changed_after_it_was_read(net, command, content):
    command = command.format(net)
    _, observed = call_observed("working:read_and", path=str(net), command=command)
    assert observed.files == {str(net): content}
    assert observed.changed == [str(net)]


def test_file_that_appeared_after_it_was_looked_for(net):
    path = f"{net}.new"
    _, observed = call_observed("working:read_and", path=path, command=f"touch {path}")
    assert observed.files == {path: None}
    assert observed.changed == [path]


def test_file_that_the_work_itself_changed_after_it_read_it(net):
    _, observed = call_observed("working:read_and_write", path=str(net))
    assert observed.files == {str(net): _sha256("written by itself")}
    # as it knows; somebody else's change later is one
    assert observed.changed == []


def test_folder_that_changed_after_it_was_listed(net):
    folder, before = net.parent, names_digest(net.parent)
    command = f"touch {folder}/more"
    _, observed = call_observed("working:list_and", path=str(folder), command=command)
    assert observed.changed == [str(folder)]
    # the names that the work was given
    assert observed.folders == {str(folder): before}


def test_names_that_the_work_itself_added_to_a_folder(net):
    folder = net.parent
    _, observed = call_observed("working:list_and_write", path=str(folder))
    assert observed.changed == []
    assert observed.folders == {str(folder): names_digest(folder)}


def test_lists_of_folders_in_which_names_come_and_go_do_not_count(net):
    _, observed = call_observed(
        "working:read_and", path=str(net), command=f"ls {net}", unlisted=[str(net.parent)]
    )
    assert observed.folders == {}
    assert observed.files == {str(net): _sha256("before")}


def test_unchanged_reads_are_not_changed(net):
    _, observed = call_observed("working:read_and", path=str(net), command=f"cat {net}")
    assert observed.changed == []


@pytest.mark.parametrize("way", ["threads", "forks"])
def test_nothing_is_lost_between_threads_and_forks(tmp_path, way):
    names = [f"{number}-{file}" for number in range(8) for file in range(100)]
    for name in names:
        (tmp_path / name).write_text(name)
    arguments = {"folder": str(tmp_path), way: 8, "files": 100}
    _, observed = call_observed(f"working:read_in_{way}", **arguments)
    assert observed.files == {str(tmp_path / name): _sha256(name) for name in sorted(names)}


def test_files_that_are_closed_behind_our_back(net):
    second, written = net.with_name("second"), net.with_name("written")
    second.write_text("x")
    paths = {"first": str(net), "second": str(second), "written": str(written)}
    _, observed = call_observed("working:read_and_close_all", **paths)
    assert list(observed.files) == [str(net), str(second)]
    assert written.read_text() == "its own"


def test_errors_are_those_of_the_work(net):
    with pytest.raises(DataError, match=r"^no good$"):
        call_observed("working:refuse", path=str(net))


def test_nothing_is_left_behind(net, monkeypatch, tmp_path_factory):
    place = tmp_path_factory.mktemp("temporary")
    monkeypatch.setattr("tempfile.tempdir", str(place))
    call_observed("working:read", paths=[str(net)])
    assert os.listdir(place) == []


def test_reads_that_cannot_be_kept_end_the_work(small_disk, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    paths = [str(tmp_path / f"{number}-{'x' * 200}") for number in range(2000)]
    with pytest.raises(IsolatedError, match=r"^what read reads could not be kept in "):
        call_observed("working:read", paths=paths)


def test_record_survives_json(net):
    _, observed = call_observed("working:read", paths=[str(net), f"{net}.not"])
    assert Observed.from_json(json.loads(json.dumps(observed.as_json()))) == observed


def test_addresses_are_named(xrootd_store):
    files = [f"{xrootd_store}/a.root", f"{xrootd_store}/b.root"]
    http = "http://127.0.0.1:1/net.json"
    _, observed = call_observed("working:open_urls", leaving_out=files[:1], files=files, http=http)
    assert replace(observed, sources={}) == Observed(urls=[http, files[1]])


def test_modules_that_are_asked_for_by_name(tmp_path, monkeypatch):
    folder = tmp_path.resolve() / "others"
    folder.mkdir()
    for name in ("__init__", "deep", "wide", "plain"):
        (folder / f"{name}.py").write_text("def f(): return 1\n")
    monkeypatch.syspath_prepend(str(tmp_path.resolve()))
    _, observed = call_observed("working:import_by_names", names=["wide", "deep"])
    assert observed.named == [str(folder / "deep.py"), str(folder / "wide.py")]
    assert str(folder / "plain.py") in observed.sources
