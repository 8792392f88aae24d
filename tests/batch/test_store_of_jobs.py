"""Jobs whose outputs lie on a storage element: HTCondor and XRootD, both real."""

import json
import os
import shutil
import sys
from pathlib import Path

import pytest
from batch_project import BatchProject
from real_chain import law
from xrootd_server import serving_outputs


@pytest.fixture(scope="module")
def server():
    """A server whose store can be written."""
    with serving_outputs() as server:
        yield server


@pytest.mark.parametrize("scheme", ["root", "dav"])
def test_packed_jobs_write_to_a_storage_element(pool, server, tmp_path, scheme):
    project = BatchProject(tmp_path / "project", "htcondor", dict(pool.variables))
    (url,) = (each for each in server.urls if each.startswith(f"{scheme}://"))
    served = server.store / scheme
    project.variables |= {
        "CMSML_TEST_STORE": f"{url}/{scheme}",
        "PYTHONPATH": f"{project.folder}:{server.gfal2}:{os.environ.get('PYTHONPATH', '')}",
    }
    project.commit()
    where = {"repository": f"{url}/software"} if scheme == "root" else {}
    project.write_site(software="packed", bootstrap="site.sh", **where)
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    project.write_site_script(PATH=path, PYTHONPATH=str(server.gfal2))

    project.law("--n", "2")
    made = {
        path.name: json.loads(path.read_text()) for path in served.glob("Powers/v1/*[0-9].json")
    }
    assert made == {"number=0.json": [0, ""], "number=1.json": [1, ""]}
    assert len(list(served.glob("*/v1/*manifest.json"))) == 4
    if where:
        assert len(list((server.store / "software").glob("repository.*.tgz"))) == 1
    assert "Powers" not in os.listdir(project.folder)

    assert "up to date" in project.law("--n", "2")
    assert project.all_runs(2) == [1, 1]
    # a job looks at the manifests as this side does
    (served / "Powers/v1/number=1.json").unlink()
    assert "going to submit 1" in project.law("--n", "2")
    assert project.runs(1, "Numbers") == 1


def test_an_environment_is_fetched_from_a_storage_element(pool, server, tmp_path, archive):
    (url,) = (each for each in server.urls if each.startswith("root://"))
    shutil.copy(archive, server.store / "environment.tar.gz")
    project = BatchProject(tmp_path / "project", "htcondor", dict(pool.variables))
    project.variables["CMSML_TEST_STORE"] = str(tmp_path / "store")
    project.commit()
    project.write_site(
        software="packed",
        environment=f"{url}/environment.tar.gz",
        allow_versions="tensorflow,keras,cmsml_tasks",
    )
    project.law("--n", "1")
    assert "/environment/bin/python" in project.logs()[0].read_text()


def test_the_real_chain_comes_back_from_a_storage_element(pool, server, tmp_path):
    (url,) = (each for each in server.urls if each.startswith("root://"))
    variables = {
        "CMSML_STORE": f"{url}/chain",
        "PYTHONPATH": f"{server.gfal2}:{os.environ.get('PYTHONPATH', '')}",
    }
    arguments = ("ExportGraph", "--version", "v1", "--settings", "epochs=1,hidden_units=4")
    text = law(
        tmp_path,
        pool,
        *(*arguments, "--workflow", "htcondor", "--poll-interval", "1s"),
        **variables,
    )
    assert "going to submit 1 htcondor job(s)" in text
    assert f"{url}/chain/ExportGraph" in text
    graphs = list((server.store / "chain").rglob("graph.pb"))
    assert len(graphs) == 1
    # in another place, and without what was looked at here
    shutil.rmtree(tmp_path / "cache")
    assert "nothing would run" in law(tmp_path, pool, *arguments, "--explain", **variables)
