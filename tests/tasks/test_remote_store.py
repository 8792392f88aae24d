"""The whole chain with its outputs on a storage element: a real server, over two protocols."""

from pathlib import Path

import pytest
from command_line import TINY, Shell, modules_imported
from law_commands import summary
from remote_shell import RemoteShell
from test_validation_failure import damage
from xrootd_server import gfal2_plugins, serving_outputs

DEMO = ("ValidateGraph", "--version", "v1", "--settings", "epochs=1")


@pytest.fixture(scope="module")
def server():
    with serving_outputs() as server:
        yield server


@pytest.fixture(scope="module")
def local(tmp_path_factory):
    """The demo after one epoch, in a local store."""
    shell = Shell(tmp_path_factory.mktemp("local") / "store")
    shell.law(*DEMO)
    return shell


def demo_in_store(server, protocol):
    (url,) = (each for each in server.urls if each.startswith(f"{protocol}://"))
    shell = RemoteShell(server.store / protocol, url=f"{url}/{protocol}")
    shell.gfal2 = server.gfal2
    shell.text = shell.law(*DEMO)
    return shell


@pytest.fixture(scope="module")
def remote(server):
    """The same in a remote store."""
    return demo_in_store(server, "root")


@pytest.fixture(scope="module", params=["root", "dav"])
def either(request, server):
    """The same over each protocol; tests/tracking has what differs between them."""
    if request.param == "root":
        return request.getfixturevalue("remote")
    return demo_in_store(server, request.param)


def test_same_files_and_bytes(either, local):
    assert either.files() == local.files()
    for name in either.files():
        if Path(name).name not in ("manifest.json", "validation.json"):
            assert (either.store / name).read_bytes() == (local.store / name).read_bytes(), name
    graph = next(name for name in either.files() if name.endswith("graph.pb"))
    assert f'loadGraphDef("{either.url}/{graph}")' in either.text


def test_nothing_runs_again_and_tensorflow_is_not_loaded(either):
    before = either.times()
    text = either.law(*DEMO, PYTHONPROFILEIMPORTTIME="1")
    assert not {"tensorflow", "keras"} & modules_imported(text)
    text = either.law("ExportGraph", *DEMO[1:])
    assert either.url in text
    assert either.status(*DEMO) == {
        "ValidateGraph": "complete (1/1)",
        "ExportGraph": "complete (1/1)",
        "TrainModel": "complete (1/1)",
        "GenerateEvents": "complete",
    }
    assert either.times() == before


def test_origin_of_a_file_and_making_it_again(remote, tmp_path):
    graph = next(name for name in remote.files() if name.endswith("graph.pb"))
    copy = tmp_path / "copy.pb"
    copy.write_bytes((remote.store / graph).read_bytes())
    found = remote.tracking("origin", str(copy))
    assert found.status == 0, found.text
    manifest = f"{remote.url}/{graph.replace('graph.pb', 'manifest.json')}"
    assert f"made as graph.pb, says {manifest}" in found.text
    assert "GenerateEvents:" in found.text
    again = remote.tracking("rebuild", manifest, CMSML_STORE=str(tmp_path / "again"))
    assert again.status == 0, again.text
    assert "graph.pb    same bytes" in again.text


def test_branches_side_by_side(remote):
    chain = ("ExportGraph", "--version", "v2", "--recipe", TINY, "--folds", "2")
    text = remote.law(*chain, "--workers", "2")
    assert summary(text) == {"TrainModel": {"ran": 2}, "ExportGraph": {"ran": 2}}
    folder = f"ExportGraph/{TINY}/v2"
    assert f"2 graphs, each in a folder of its own in {remote.url}/{folder}" in remote.law(*chain)
    assert (remote.store / folder / "fold=1of2" / "graph.pb").exists()


def test_graph_that_is_not_its_model_fails(remote):
    """The user insists on a damaged graph; the evidence lies beside where the report was."""
    chain = ("--version", "v3", "--recipe", TINY)
    remote.law("ValidateGraph", *chain)
    graph = remote.store / "ExportGraph" / TINY / "v3" / "graph.pb"
    folder = remote.store / "ValidateGraph" / TINY / "v3"
    good = damage(graph)
    remote.law("ExportGraph", *chain, "--accept")
    evidence = f"evidence: {remote.url}/ValidateGraph/{TINY}/v3/validation.failed.json"
    remote.try_law("ValidateGraph", *chain).refused("FAILED", evidence)
    assert [path.name for path in folder.iterdir()] == ["validation.failed.json"]
    assert remote.status("ValidateGraph", *chain)["ValidateGraph"] == "missing (1/1)"
    graph.write_bytes(good)
    remote.law("ValidateGraph", *chain)
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "validation.json"]


def test_settings_that_cannot_be_used(remote, tmp_path):
    command = ("TrainModel", "--version", "v1", "--recipe", TINY, "--print-status=0")
    remote.try_law(*command, CMSML_STORE="s3://bucket/store").refused("s3://bucket", "davs")
    without = Shell(tmp_path / "store")
    done = without.try_law(*command, CMSML_STORE=remote.url)
    done.refused("gfal2", "apt install python3-gfal2")


@pytest.mark.parametrize("missing", ["file", "xrootd"])
def test_plugin_that_is_not_installed_is_named_before_anything_runs(remote, tmp_path, missing):
    """Python's gfal2 brings no plugin of its own, not even the one for files of this machine."""
    for plugin in {"file", "http", "xrootd"} - {missing}:
        for file in gfal2_plugins(plugin):
            (tmp_path / file.name).symlink_to(file)
    done = remote.try_law(
        "TrainModel", "--version", "v4", "--recipe", TINY, GFAL_PLUGIN_DIR=str(tmp_path)
    )
    done.refused(f"without its plugin '{missing}'", f"gfal2-plugin-{missing}")
    assert "training" not in done.text
    assert not (remote.store / "TrainModel" / TINY / "v4").exists()
