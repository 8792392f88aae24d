"""Digests of local files and folders."""

from __future__ import annotations

import hashlib
import json
import os
import time

import pytest

from cmsml_tasks.tracking.storage.digests import digest_of

CONTENT = b"events"
DIGEST = {"sha256": hashlib.sha256(CONTENT).hexdigest()}


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    folder = tmp_path / "cache"
    monkeypatch.setenv("CMSML_CACHE", str(folder))
    return folder


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "events.npz"
    path.write_bytes(CONTENT)
    return path


def falsify(cache):
    """Change what is remembered, so that a result tells whether the file was read."""
    (entry,) = cache.rglob("*.json")
    content = json.loads(entry.read_text())
    content["value"]["result"] = "remembered"
    entry.write_text(json.dumps(content))


def test_unchanged_file_is_read_once(file, cache):
    time.sleep(2.1)  # younger files may change again without notice
    assert digest_of(file) == DIGEST
    falsify(cache)
    assert digest_of(file) == {"sha256": "remembered"}


def test_touched_file_has_the_same_digest(file, cache):
    time.sleep(2.1)
    assert digest_of(file) == DIGEST
    falsify(cache)
    file.touch()
    assert digest_of(file) == DIGEST


def test_edit_within_the_same_second_is_noticed(file):
    times = file.stat()
    assert digest_of(file) == DIGEST
    file.write_bytes(CONTENT[::-1])
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert digest_of(file) == {"sha256": hashlib.sha256(CONTENT[::-1]).hexdigest()}


def test_folder_is_its_names_and_contents(tmp_path):
    folder = tmp_path / "data"
    (folder / "below").mkdir(parents=True)
    (folder / "below" / "a").write_bytes(CONTENT)
    first = digest_of(folder)
    assert set(first) == {"sha256"}
    (folder / "below" / "a").rename(folder / "below" / "b")
    second = digest_of(folder)
    (folder / "below" / "b").write_bytes(CONTENT[::-1])
    assert len({str(digest) for digest in (first, second, digest_of(folder))}) == 3
    (folder / "below" / "b").write_bytes(CONTENT)
    (folder / "below" / "b").rename(folder / "below" / "a")
    assert digest_of(folder) == first


def test_however_the_path_is_written(file, monkeypatch):
    monkeypatch.chdir(file.parent)
    assert digest_of(file.name) == digest_of(str(file)) == digest_of(f"file://{file}") == DIGEST


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="none"):
        digest_of(tmp_path / "none")
