"""Whose jobs: the id beside the records, and what tells jobs of one command from another's."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor

import pytest

from cmsml_tasks.batch import identity
from cmsml_tasks.batch.identity import known_id, make_id, owner_of_jobs
from cmsml_tasks.errors import SettingsError, UserError


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project with an id; law's configuration is read once in a process."""
    folder = tmp_path / "project"
    make_id(folder / "jobs")
    monkeypatch.setattr(identity, "project_folder", lambda: folder)
    return folder


def test_an_id_is_made_once(tmp_path):
    jobs = tmp_path / "jobs"
    assert known_id(jobs) == ""
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(make_id, [jobs] * 32))
    known = known_id(jobs)
    assert len(known) == 32
    make_id(jobs)
    assert known_id(jobs) == known
    assert [path.name for path in jobs.iterdir()] == [".identity"]


def test_what_is_no_id_is_told_and_left(tmp_path):
    (tmp_path / ".identity").write_text("mine")
    for look in (known_id, make_id):
        with pytest.raises(SettingsError, match="holds no id of jobs: 'mine'; remove it"):
            look(tmp_path)
    assert (tmp_path / ".identity").read_text() == "mine"
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UserError):
        make_id(file)


def test_copies_stores_and_users_differ(project, tmp_path, monkeypatch):
    known = known_id(project / "jobs")
    output = str(project / "store" / "a.json")
    own = owner_of_jobs(known, output)
    others = {
        owner_of_jobs("", output),
        owner_of_jobs("0" * 32, output),
        owner_of_jobs(known, str(tmp_path / "other" / "a.json")),
        owner_of_jobs(known, "root://host//store/a.json"),
    }
    with monkeypatch.context() as patched:
        patched.setattr(os, "getuid", lambda: 12345)
        others.add(owner_of_jobs(known, output))
    # cp -r, with the id
    shutil.copytree(project, tmp_path / "copy")
    monkeypatch.setattr(identity, "project_folder", lambda: tmp_path / "copy")
    assert known_id(tmp_path / "copy" / "jobs") == known
    others.add(owner_of_jobs(known, output))
    assert len(others) == 6
    assert own not in others


def test_another_path_or_token_is_no_other(project, tmp_path, monkeypatch):
    known = known_id(project / "jobs")
    own = owner_of_jobs(known, str(project / "store" / "a.json"))
    link = tmp_path / "link"
    link.symlink_to(project)
    monkeypatch.setattr(identity, "project_folder", lambda: link)
    assert owner_of_jobs(known, str(link / "store" / "a.json")) == own
    urls = [f"https://host/a?token={token}" for token in ("1", "2")]
    assert len({owner_of_jobs(known, url) for url in urls}) == 1
