"""Outputs on a storage element are tracked as local ones are; on a real server, two protocols."""

import json
import os
import shutil
import subprocess
import sys
import time
import zlib

import pytest
from law_commands import finished, line_with, summary
from remote_project import RemoteProject
from toy_project import Project
from xrootd_server import serving_outputs, share

UP_TO_DATE = {"Report": {"up to date": 1}}
ALL = {"Points": {"ran": 1}, "Fit": {"ran": 3}, "Report": {"ran": 1}}
MEAN_RAN = {"Points": {"up to date": 1}, "Mean": {"ran": 1}}


@pytest.fixture(scope="module")
def server():
    with serving_outputs() as server:
        yield server


@pytest.fixture(scope="module", params=["root", "dav"])
def url(request, server):
    """The same store by either protocol."""
    found = [each for each in server.urls if each.startswith(f"{request.param}://")]
    assert found, server.urls
    return found[0]


@pytest.fixture
def project(server, url, tmp_path):
    return RemoteProject.on(server, url, tmp_path / "project")


@pytest.fixture
def done(project):
    """A project whose report is there, an hour old."""
    project.law("Report")
    project.age()
    return project


@pytest.fixture
def mean(project):
    """A project whose mean is there, which is computed with local files."""
    project.law("Mean")
    project.age()
    return project


def content(project):
    """Return the bytes of all outputs by their names."""
    names = [name for name in sorted(project.times()) if not name.endswith("manifest.json")]
    return {name: (project.store / name).read_bytes() for name in names}


def refused(project, *arguments, words, **variables):
    """Check that a command ends with a message and without a traceback; return it."""
    status, text = project.attempt(*arguments, **variables)
    assert status != 0, text
    assert "Traceback" not in text, text
    for word in words:
        assert word in text, text
    return text


def test_same_files_as_in_a_local_store(project, tmp_path):
    local = Project.new(tmp_path / "local")
    assert local.run("Report") == project.run("Report") == ALL
    assert project.names() == sorted(local.times())
    assert content(project) == content(local)
    assert project.lies() == []
    path = project.manifest("Fit", "v1", "rate=1", "fit.json")
    outputs = json.loads(path.read_text())["outputs"]
    own = json.loads(local.manifest("Fit", "v1", "rate=1", "fit.json").read_text())["outputs"]
    for name, output in outputs.items():
        adler32 = f"{zlib.adler32((path.parent / name).read_bytes()):08x}"
        assert output == {"sha256": own[name]["sha256"], "size": own[name]["size"]} | {
            "adler32": adler32
        }
    origins = json.loads(project.manifest("Report", "v1", "report.json").read_text())["origins"]
    assert origins["Fit/1/fit.json"]["path"] == "../../Fit/v1/rate=1/fit.json"


def test_nothing_runs_again(done):
    before = done.times()
    assert done.status("Report") == {
        "Report": "complete",
        "Fit": "complete (3/3)",
        "Points": "complete",
    }
    # with what was kept of the first look, and without
    for cache in ("cache", "another"):
        assert done.run("Report", CMSML_CACHE=str(done.folder / cache)) == UP_TO_DATE
    assert "nothing would run" in done.law("Report", "--explain")
    assert done.times() == before


def test_store_that_was_copied_from_a_server_or_to_it_is_complete(done, tmp_path):
    local = Project(done.folder)
    shutil.copytree(done.store, local.store)
    assert local.run("Report") == UP_TO_DATE
    shutil.rmtree(done.store)
    local.law("Report", "--epochs", "4")
    shutil.copytree(local.store, done.store)
    share(done.store)
    assert done.run("Report", "--epochs", "4") == UP_TO_DATE


def test_parameter(done):
    assert done.explained("Report", "--epochs", "4") == {
        "Points": "up to date",
        "Fit": "run",
        "Report": "run if changed",
    }
    table = done.run("Report", "--epochs", "4", "--workers", "2")
    assert table == {"Points": {"up to date": 1}, "Fit": {"ran": 3}, "Report": {"ran": 1}}
    assert set(done.status("Report", "--epochs", "4").values()) == {"complete", "complete (3/3)"}
    assert done.lies() == []


def test_same_bytes_cut_off_all_below(done):
    (done.folder / "data.txt").write_text("5 4 3 2 1")
    assert done.run("Report") == {
        "Points": {"ran": 1},
        "Fit": {"cut off": 3},
        "Report": {"cut off": 1},
    }


@pytest.mark.parametrize("known", [True, False])
def test_edited_output(done, known):
    path = done.store / "Fit" / "v1" / "rate=1" / "fit.json"
    if known:
        assert done.run("Report") == UP_TO_DATE
    right = path.read_bytes()
    path.write_bytes(right[::-1])
    assert done.status("Fit")["Fit"] == (
        "complete (2/3), stale (1/3): 1x output fit.json was edited or replaced"
    )
    assert done.run("Report") == {
        "Points": {"up to date": 1},
        "Fit": {"ran": 1, "up to date": 2},
        "Report": {"cut off": 1},
    }
    assert path.read_bytes() == right


def test_truncated_output(done):
    path = done.store / "Points" / "v1" / "points.json"
    path.write_bytes(path.read_bytes()[:-4])
    assert done.status("Points")["Points"] == (
        "stale: output points.json was truncated from 25 to 21 bytes"
    )


def test_removed_output_is_archived(done):
    (done.store / "Points" / "v1" / "points.json").unlink()
    assert done.status("Report")["Points"] == "archived"
    assert done.run("Report") == UP_TO_DATE
    assert done.run("Report", "--epochs", "4")["Points"] == {"ran": 1}


def test_part_of_an_upload_is_no_output(done):
    folder = done.store / "Points" / "v1"
    young, old = folder / ".points.json.0123abcd", folder / ".points.json.fedc9876"
    for path in (young, old):
        path.write_bytes(b"[1.0, 2")
        path.chmod(0o666)
    os.utime(old, (0, time.time() - 2 * 24 * 3600))
    assert done.run("Report") == UP_TO_DATE
    (folder / "points.json").unlink()
    (folder / "points.json.manifest.json").unlink()
    assert done.status("Report")["Points"] == "missing"
    assert done.run("Report")["Points"] == {"ran": 1}
    # the young one may be on its way from another host
    assert young.exists()
    assert not old.exists()


def test_remove_output(done):
    assert "removed" in done.law("Report", "--remove-output=-1,a")
    assert done.names() == []
    assert done.status("Report")["Points"] == "missing"


def test_failed_run_leaves_all_as_it_was(mean):
    before = mean.times()
    status, text = mean.attempt("Mean", "--epochs", "4", TOY_FAIL="Mean")
    assert status != 0, text
    assert "told to fail" in text
    assert mean.times() == before
    assert mean.status("Mean")["Mean"] == "complete"


def test_output_that_was_not_written(mean):
    mean.edit("toy_tasks.py", 'self.write(outputs["mean"],', 'print(outputs["mean"],')
    before = mean.times()
    text = refused(mean, "Mean", "--epochs", "4", words=["mean.json is not there"])
    assert mean.url in text
    assert mean.times() == before


def test_laws_manager_is_forked_before_the_client_has_threads(done):
    """Forked beside them, it once waited for ever for a lock that one of them held."""
    script = (
        "import law, multiprocessing, sys\n"
        "from cmsml_tasks.tracking.storage import remote_files\n"
        "remote_files.listing(sys.argv[1])\n"
        "print(*(each.name for each in multiprocessing.active_children()))\n"
    )
    command = [sys.executable, "-c", script, f"{done.url}/Points/v1"]
    answer = subprocess.run(
        command, env=done.environment(), capture_output=True, text=True, check=True
    )
    assert "SyncManager" in answer.stdout


def test_frozen_graph_by_laws_own_targets(project, tmp_path):
    script = (
        "import keras, law, sys\n"
        "import cmsml_tasks.formatter\n"
        "law.contrib.load('wlcg')\n"
        "fs = law.wlcg.WLCGFileSystem(base=sys.argv[1])\n"
        "target = law.wlcg.WLCGFileTarget('own/graph.pb', fs=fs)\n"
        "model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, name='y')])\n"
        "target.dump(model, formatter='frozen_graph')\n"
        "print(target.load(formatter='frozen_graph').get_operations()[-1].name)\n"
    )
    command = [sys.executable, "-c", script, project.url]
    answer = subprocess.run(
        command, env=project.environment(), capture_output=True, text=True, check=False
    )
    assert answer.stdout.split()[-1:] == ["y"], answer.stderr
    assert (project.store / "own" / "graph.pb").stat().st_size


def test_server_that_is_away_is_no_server_without_outputs(done, server):
    before = done.times()
    words = [done.url, "is the server up?"]
    server.down()
    try:
        for option in ((), ("--print-status=-1",), ("--explain",), ("--origin",)):
            text = refused(done, "Report", *option, words=words)
            assert "missing" not in text
        refused(done, "Report", "--accept=-1", words=words)
        refused(done, "Report", "--remove-output=-1,a", words=words)
    finally:
        server.up()
    assert done.times() == before
    assert done.run("Report") == UP_TO_DATE


def test_server_that_goes_away_meanwhile(mean, server, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with mean.held("Mean", "--epochs", "4", TMPDIR=str(temporary)) as run:
        # its inputs have been fetched
        server.down()
        status, text = run.go_on()
    server.up()
    assert status != 0, text
    assert "Traceback" not in text, text
    assert "is the server up?" in text
    # nothing is lost: neither what was there nor what was made
    (kept,) = temporary.glob("cmsml_tasks-*/outputs")
    assert f"what was made is kept in {kept}" in text
    assert {path.name for path in kept.iterdir()} == {"mean.json", "log.json"}
    assert mean.status("Mean")["Mean"] == "complete"
    assert mean.run("Mean", "--epochs", "4") == MEAN_RAN


def test_server_that_crashes_and_is_started_again_is_asked_again(done, server):
    server.crash()
    assert done.run("Report") == UP_TO_DATE


def test_later_run_of_another_host_leaves_what_is_there(mean):
    """Hosts share no lock; the later one has made the same, and must not touch it."""
    with mean.held("Mean", "--epochs", "4") as late:
        assert not mean.manifest("Mean", "v1", "mean.json").exists()
        elsewhere = str(mean.folder / "cache of another host")
        assert mean.run("Mean", "--epochs", "4", CMSML_CACHE=elsewhere) == MEAN_RAN
        before = mean.times()
        status, text = late.go_on()
    assert status == 0, text
    assert "another run has made the same meanwhile" in text
    assert mean.times() == before
    assert mean.status("Mean", "--epochs", "4")["Mean"] == "complete"


def test_second_run_of_the_same_host_waits(mean):
    again = ("Mean", "--epochs", "4")
    with mean.held(*again) as first, mean.start(*again) as second:
        text = line_with("waiting for another run", second)
        first.go_on()
        text += finished(second)
    assert summary(text)["Mean"] == {"cut off": 1}


def test_store_that_may_not_be_written(mean):
    folder = mean.store / "Mean" / "v1"
    before = mean.times()
    folder.chmod(0o555)
    try:
        refused(mean, "Mean", "--epochs", "4", words=[mean.url, "who may write there"])
        assert mean.run("Mean") == {"Mean": {"up to date": 1}}
    finally:
        folder.chmod(0o777)
    assert mean.times() == before


def test_accept_and_origin(done):
    done.edit("toy_model.py", "0.5 * weight", "weight * 0.5")
    assert "3 accepted" in done.law("Report", "--accept=-1")
    assert done.run("Report") == UP_TO_DATE
    text = done.law("Report", "--origin")
    assert "accepted" in text
    assert "data.txt" in text
    assert "no manifest of what was read is left" not in text


def test_unusable_cache_costs_time_alone(done):
    (done.folder / "file").write_text("")
    cache = str(done.folder / "file" / "cache")
    assert done.run("Report", "--epochs", "4", CMSML_CACHE=cache)["Fit"] == {"ran": 3}
    assert done.lies() == []


def test_snapshot_of_all_branches_sees_an_edit(done):
    assert done.run("Report") == UP_TO_DATE
    assert done.run("Report") == UP_TO_DATE
    assert list((done.folder / "cache" / "workflows").rglob("*.json"))
    path = done.store / "Fit" / "v1" / "rate=4" / "log.json"
    path.write_bytes(path.read_bytes()[::-1])
    assert done.status("Fit")["Fit"].startswith("complete (2/3), stale (1/3)")
