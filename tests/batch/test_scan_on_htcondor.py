"""The real chain on HTCondor: a scan with folds, and the sites' configurations."""

import shutil

import pytest
from real_chain import law

SCAN = ("--folds", "2", "--scan", "hidden_units=4:8", "--settings", "epochs=1")


def outputs(folder):
    """Return the bytes of all outputs; manifests tell when and where, and differ."""
    store = folder / "store"
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in store.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


def test_a_scan_with_folds_equals_the_local_one_byte_for_byte(pool, tmp_path):
    arguments = ("ValidateGraph", "--version", "v1", *SCAN)
    there, here = tmp_path / "there", tmp_path / "here"
    text = law(there, pool, *arguments, "--workflow", "htcondor", "--poll-interval", "1s")
    # queued once, and each job did what its branch lacked
    assert "going to submit 4 htcondor job(s)" in text
    assert text.count("going to submit") == 1
    law(here, pool, *arguments, "--workers", "2")
    made = outputs(there)
    assert len(made) == 1 + 4 * (3 + 2 + 1)
    assert made == outputs(here)
    # no system makes it again
    text = law(there, pool, *arguments, "--explain")
    assert "nothing would run" in text
    assert not list((there / "jobs").rglob("*.files"))


def test_only_the_training_goes_to_the_pool(pool, tmp_path):
    text = law(
        tmp_path,
        pool,
        *("ExportGraph", "--version", "v1", "--settings", "epochs=1,hidden_units=4"),
        *("--TrainModel-workflow", "htcondor", "--TrainModel-poll-interval", "1s"),
    )
    assert "going to submit 1 htcondor job(s)" in text
    (record,) = (tmp_path / "jobs").rglob("htcondor_jobs_*.json")
    assert "TrainModel" in str(record)
    assert "in CMSSW" in text


@pytest.mark.parametrize(
    ("site", "arguments", "lines"),
    [
        (
            "lxplus",
            ("--htcondor-accounting-group", "group_u_CMS.u_zh", "--htcondor-max-runtime", "3h"),
            ('JobFlavour="longlunch"', 'AccountingGroup="group_u_CMS.u_zh"', "MaxRuntime=10800"),
        ),
        ("naf", ("--htcondor-request-memory", "4GB"), ("RequestRuntime=10800", "=4096")),
        ("local_pool", ("--htcondor-request-cpus", "2"), ("JobLeaseDuration=120", "RequestCpus=2")),
    ],
)
def test_the_configuration_of_a_site_is_what_its_pool_is_asked(
    pool, tmp_path, site, arguments, lines
):
    jobs = tmp_path / "ads"
    submit = shutil.which("condor_submit", path=pool.variables["PATH"])
    text = law(
        tmp_path,
        pool,
        *("TrainModel", "--version", "v1", "--workflow", "htcondor", *arguments),
        CMSML_SITE=f"workflows/sites/{site}.cfg",
        LAW__job__htcondor_cmd_submit=f"{submit} -dry-run {jobs}",
        status=40,
    )
    assert "took none of 1 jobs" in text  # a dry run gives no numbers
    asked = jobs.read_text().replace(" = ", "=")
    for line in lines:
        assert line in asked, asked


def test_no_jobs_are_submitted_from_where_a_site_forbids_it(pool, tmp_path):
    text = law(
        tmp_path,
        pool,
        *("TrainModel", "--version", "v1", "--workflow", "htcondor"),
        CMSML_SITE="workflows/sites/lxplus.cfg",
        CMSML_JOBS="/eos/user/m/me/jobs",
        status=1,
    )
    assert "cannot be submitted from /eos at this site" in text
