"""What a run was seen to read travels with the jobs that make the same again, on real HTCondor."""

import json
import sys
from pathlib import Path

import pytest
from batch_project import BatchProject

READING = {"task": "Reading"}


@pytest.fixture
def project(pool, tmp_path):
    """A project in a git repository, with a store that is not a part of it."""
    project = BatchProject(tmp_path / "project", "htcondor", dict(pool.variables))
    project.variables["CMSML_TEST_STORE"] = str(tmp_path / "outside" / "store")
    project.write_site(software="packed", bootstrap="site.sh")
    project.write_site_script(PATH=f"{Path(sys.executable).parent}:/usr/bin:/bin")
    say(project, 3)
    project.commit()
    yield project
    pool.clear()


def say(project, units):
    (project.folder / "net.json").write_text(json.dumps(units))


def made(project):
    store = Path(project.variables["CMSML_TEST_STORE"])
    return json.loads((store / "Reading/v1/number=0.json").read_text())


def test_variables_travel_and_files_of_the_repository(project):
    project.law("--n", "1", "--workflow", "local", WIDE="2", **READING)
    assert made(project) == [3, "2"]
    say(project, 4)
    # nobody has said that it travels, but it was asked for
    project.law("--n", "1", WIDE="2", **READING)
    assert made(project) == [4, "2"]
    # the job has read its own copy of the repository, and the record is that of the project
    assert "nothing would run" in project.law("--n", "1", "--explain", WIDE="2", **READING)
    text = project.law("--n", "1", "--explain", **READING)
    assert "variable WIDE: 2 -> unset" in text


def test_file_that_does_not_travel_is_refused_with_the_line_to_set(project):
    project.law("--n", "1", "--workflow", "local", **READING)
    ignored = project.folder / ".gitignore"
    ignored.write_text(ignored.read_text() + "net.json\n")
    project.git("rm", "-q", "--cached", "net.json")
    say(project, 5)
    text = project.refused("--n", "1", **READING)
    assert "net.json was read when this was made before, and does not travel with jobs" in text
    assert "'packed_with: net.json' in the section [cmsml_tasks_batch]" in text
    project.write_site(software="packed", bootstrap="site.sh", packed_with="net.json")
    project.law("--n", "1", **READING)
    assert made(project) == [5, None]


def test_file_elsewhere_is_refused_with_the_line_to_set(project, tmp_path):
    outside = tmp_path / "elsewhere" / "net.json"
    outside.parent.mkdir()
    outside.write_text("7")
    (project.folder / "net.json").unlink()
    (project.folder / "reading.py").write_text(
        (project.folder / "reading.py")
        .read_text()
        .replace('(Path(__file__).parent / "net.json")', f'Path("{outside}")')
    )
    project.law("--n", "1", "--workflow", "local", **READING)
    outside.write_text("8")
    text = project.refused("--n", "1", **READING)
    assert f"{outside} was read when this was made before" in text
    assert f"jobs_see: /cvmfs,/eos,/afs,{outside.parent}" in text
    project.write_site(software="packed", bootstrap="site.sh", jobs_see=f"{outside.parent}")
    project.law("--n", "1", **READING)
    assert made(project) == [8, None]
