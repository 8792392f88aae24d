"""CRAB's job files, looked at as text: it cannot be run without an account of CMS."""

import ast

import pytest
from batch_project import BatchProject


@pytest.fixture
def project(tmp_path):
    """A project in a git repository with a site for CRAB."""
    project = BatchProject(tmp_path / "project", "crab", {})
    project.place["systems"] = "crab"
    project.write_site(
        crab_storage_site="T2_DE_DESY",
        crab_output_folder="/store/user/me/cmsml",
        crab_max_memory_mb="2500MB",
        crab_max_job_runtime_min="3h",
    )
    return project


def test_the_job_file_says_what_was_asked_for(project):
    text = project.refused("--tasks-per-job", "2", "--text", "it's $(touch BAD)")
    assert "CRAB needs a proxy of CMS" in text
    (path,) = project.jobs.rglob("crab_job*.py")
    text = path.read_text()
    ast.parse(text)
    for line in (
        "cfg.JobType.maxMemoryMB = 2500",
        "cfg.JobType.maxJobRuntimeMin = 180",
        "cfg.Site.storageSite = 'T2_DE_DESY'",
        "cfg.Data.outLFNDirBase = '/store/user/me/cmsml'",
        "cfg.Data.totalUnits = 2",
        "cfg.General.requestName = 'Powers_",
    ):
        assert line.replace("'", '"') in text.replace("'", '"'), text
    assert "bootstrap" in text
    assert not list(project.folder.rglob("BAD"))


def test_without_a_place_for_outputs_it_is_refused(project):
    project.write_site()
    assert "CRAB needs crab_storage_site" in project.refused()
