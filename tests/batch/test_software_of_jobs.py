"""Where a job's software comes from, on a real HTCondor pool."""

import sys
from pathlib import Path

import pytest
from batch_project import BatchProject


@pytest.fixture
def project(pool, tmp_path):
    """A project in a git repository, with a store that is not a part of it."""
    project = BatchProject(tmp_path / "project", "htcondor", dict(pool.variables))
    project.variables["CMSML_TEST_STORE"] = str(tmp_path / "outside" / "store")
    project.commit()
    yield project
    pool.clear()


def made(project):
    store = Path(project.variables["CMSML_TEST_STORE"])
    return {path.name: path.read_text() for path in store.glob("Powers/v1/*[0-9].json")}


def test_the_repository_travels_with_the_job(project):
    project.write_site(software="packed", bootstrap="site.sh")
    project.write_site_script(PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    # as it is now, committed or not
    tasks = project.folder / "batch_tasks.py"
    tasks.write_text(tasks.read_text().replace("number**self.power", "-(number**self.power)"))
    project.law("--n", "2")
    assert made(project) == {"number=0.json": '[0, ""]', "number=1.json": '[-1, ""]'}
    log = project.logs()[0].read_text()
    assert "repository" in log
    # the archive is made again only when a file has changed
    (archive,) = (project.jobs / "repository").glob("*.tgz")
    project.law("--n", "3")
    assert list((project.jobs / "repository").glob("*.tgz")) == [archive]


def test_a_store_that_jobs_cannot_reach_is_refused(project):
    project.write_site(software="packed")
    del project.variables["CMSML_TEST_STORE"]
    text = project.refused("--n", "2")
    assert "lies in the repository, of which each job gets a copy" in text


def test_what_is_no_repository_cannot_be_packed(project, tmp_path):
    project.write_site(software="packed")
    (project.folder / ".git").rename(tmp_path / "git")
    text = project.refused("--n", "2")
    assert "is not the top of a git repository" in text


def test_an_environment_is_fetched_and_unpacked(project, archive):
    project.write_site(
        software="packed",
        environment=archive.as_uri().removeprefix("file://"),
        allow_versions="tensorflow,keras,cmsml_tasks",
    )
    project.law("--n", "1")
    assert made(project) == {"number=0.json": '[0, ""]'}
    log = project.logs()[0].read_text()
    assert "/environment/bin/python" in log
    assert "tensorflow (absent)" in log


def test_an_environment_that_is_not_there_is_the_reason_of_the_failure(project):
    project.write_site(software="packed", environment="/nowhere/environment.tar.gz")
    status, text = project.attempt("--n", "1", "--retries", "0")
    assert status == 40
    assert "error: /nowhere/environment.tar.gz could not be fetched" in text
    assert "bootstrap file failed" in text


def test_a_container_without_apptainer_is_the_reason_of_the_failure(project):
    project.write_site(container="/cvmfs/unpacked.cern.ch/some/image")
    status, text = project.attempt("--n", "1", "--retries", "0")
    assert status == 40
    assert "error: no apptainer here to run /cvmfs/unpacked.cern.ch/some/image with" in text


def test_a_container_runs_python_and_law(project, tmp_path):
    # stands for apptainer, which this machine cannot have: runs the command with the image's python
    fake = tmp_path / "tools" / "apptainer"
    fake.parent.mkdir()
    fake.write_text(
        '#!/bin/sh\n[ "$1 $2" = "exec --bind" ] && shift 3\nimage="$1"; shift 2\n'
        'echo "in $image" >&2\nexec "$image/python" "$@"\n'
    )
    fake.chmod(0o755)
    project.write_site(
        container=str(Path(sys.executable).parent),
        container_options="--bind /somewhere",
        bootstrap="site.sh",
    )
    (project.folder / "site.sh").write_text(f"export PATH={fake.parent}:$PATH\n")
    project.law("--n", "1")
    assert made(project) == {"number=0.json": '[0, ""]'}
    assert f"in {Path(sys.executable).parent}" in project.logs()[0].read_text()
