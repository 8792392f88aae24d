import errno
import hashlib
import os
import resource

import pytest

from cmsml_tasks.errors import UserError
from cmsml_tasks.files import replacing, sha256, sha256_of, write_json


def test_success_replaces_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "deep" / "graph.pb"
    for content in ("old", "new"):
        with replacing(path) as sibling:
            sibling.write_text(content)
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_failure_leaves_the_old_file(tmp_path):
    path = tmp_path / "graph.pb"
    path.write_text("old")

    def write_half():
        with replacing(path) as sibling:
            sibling.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_sibling_keeps_the_ending(tmp_path):
    with replacing(tmp_path / "model.keras") as sibling:
        assert sibling.name == "model.keras"
        sibling.touch()


def test_unwritable_folder_is_a_user_error(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "graph.pb"
    message = r"cannot write .*graph\.pb: (Not a directory|File exists); choose another place"
    with pytest.raises(UserError, match=message), replacing(path):
        pass


def test_limit_on_sizes_is_a_user_error(tmp_path):
    path = tmp_path / "graph.pb"
    path.write_text("old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(UserError, match=r"File too large; free space or choose another place"):
            write_json(path, "x" * 2000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "space"),
    [(errno.ENOSPC, True), (errno.EDQUOT, True), (errno.EFBIG, True), (errno.EROFS, False)],
)
def test_only_full_disks_need_space(tmp_path, number, space):
    with pytest.raises(UserError) as raised, replacing(tmp_path / "graph.pb"):
        raise OSError(number, os.strerror(number))
    assert os.strerror(number) in str(raised.value)
    assert ("free space" in str(raised.value)) == space


def test_what_a_writer_left_behind_does_not_hide_its_error(tmp_path):
    def write_half():
        with replacing(tmp_path / "graph.pb") as sibling:
            (sibling.parent / "scratch").mkdir()
            (sibling.parent / "scratch" / "part").touch()
            raise RuntimeError("real")

    with pytest.raises(RuntimeError, match="real"):
        write_half()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", [True, False])
def test_link_is_not_written_through(tmp_path, there):
    target, link = tmp_path / "elsewhere" / "weights.bin", tmp_path / "graph.pb"
    if there:
        target.parent.mkdir()
        target.write_text("old")
    link.symlink_to(target)
    with replacing(link) as sibling:
        assert sibling.name == "graph.pb"
        sibling.write_text("new")
    assert not link.is_symlink()
    assert link.read_text() == "new"
    left = [target.parent] if there else []
    assert sorted(tmp_path.iterdir()) == [*left, link]
    assert not there or target.read_text() == "old"


def test_json_is_stable(tmp_path):
    write_json(tmp_path / "first", {"b": 1, "a": [1.5, None]})
    write_json(tmp_path / "second", {"a": [1.5, None], "b": 1})
    assert (tmp_path / "first").read_bytes() == (tmp_path / "second").read_bytes()


def test_digest_of_file_and_folder(tmp_path):
    folder = tmp_path / "saved_model"
    (folder / "variables").mkdir(parents=True)
    (folder / "saved_model.pb").write_bytes(b"graph")
    assert sha256(folder / "saved_model.pb") == hashlib.sha256(b"graph").hexdigest()
    before = sha256_of(folder)
    assert before == sha256_of(folder)
    (folder / "variables" / "data").write_bytes(b"weights")
    assert sha256_of(folder) != before
