"""Manifests and what they say of outputs."""

import hashlib
import subprocess

import pytest

from cmsml_tasks.tracking.manifests.environment import environment, environment_changes, git_commit
from cmsml_tasks.tracking.manifests.manifest import (
    Manifest,
    describe_outputs,
    output_changes,
    set_aside,
)


@pytest.fixture
def output(tmp_path, monkeypatch):
    monkeypatch.setenv("CMSML_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "outputs" / "graph.pb"
    path.parent.mkdir()
    path.write_bytes(b"graph")
    return path


def test_written_manifest_is_read_back(output):
    described = describe_outputs([output], output.parent)
    manifest = Manifest("Export", {"setting": {"epochs": 20}}, described, environment=environment())
    path = output.with_name("manifest.json")
    set_aside(path).write_text("{}")
    manifest.write(path)
    assert Manifest.read(path) == manifest
    assert not set_aside(path).exists()
    assert manifest.outputs["graph.pb"]["sha256"] == hashlib.sha256(b"graph").hexdigest()
    assert manifest.outputs["graph.pb"]["size"] == 5
    assert output_changes(manifest.outputs, output.parent) == ([], [])


def test_outputs_are_compared_by_content(output):
    described = describe_outputs([output], output.parent)
    output.write_bytes(b"graph")
    assert output_changes(described, output.parent) == ([], [])
    output.write_bytes(b"grapH")
    edited = ["output graph.pb was edited or replaced"]
    assert output_changes(described, output.parent) == (edited, [])
    output.write_bytes(b"gr")
    truncated = ["output graph.pb was truncated from 5 to 2 bytes"]
    assert output_changes(described, output.parent) == (truncated, [])
    output.unlink()
    assert output_changes(described, output.parent) == ([], ["graph.pb"])


def test_folder_is_an_output(output):
    described = describe_outputs([output.parent], output.parent.parent)
    (output.parent / "more").touch()
    assert output_changes(described, output.parent.parent)[0] == [
        "output outputs was edited or replaced"
    ]


def test_environment_in_words():
    here = environment()
    assert {"time", "host", "packages", "processor", "command", "git"} <= set(here)
    assert environment_changes(here, ["python", "tensorflow", "host"]) == []
    other = {**here, "python": "3.9.1", "packages": {}}
    first, second = environment_changes(other, ["python", "tensorflow"])
    assert first == f"environment python 3.9.1 -> {here['python']}"
    assert second.startswith("environment tensorflow (unknown) -> ")


def test_commit_of_a_folder(tmp_path):
    def git(*words):
        subprocess.run(["git", "-C", tmp_path, *words], check=True, capture_output=True)

    assert git_commit(tmp_path) is None
    git("init")
    (tmp_path / "jets.py").write_text("1")
    git("add", ".")
    git("-c", "user.name=n", "-c", "user.email=e@x", "commit", "-m", "first")
    commit = git_commit(tmp_path)
    assert len(commit) == 40
    (tmp_path / "jets.py").write_text("2")
    assert git_commit(tmp_path) == f"{commit}-dirty"
