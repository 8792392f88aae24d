"""What jobs do on every batch system; each system's test module runs all of it."""

import shutil
import stat
from pathlib import Path

import pytest
from batch_project import BatchProject, states
from law_commands import finished, summary

_MADE = shutil.ignore_patterns("runs_*", "store")
RIGHT = {0: [0, ""], 1: [1, ""], 2: [4, ""]}


@pytest.fixture
def project(system, tmp_path):
    """A project in which nothing has run; afterwards the queue is empty by itself."""
    project = BatchProject(tmp_path / "project", system.name, dict(system.variables))
    yield project
    system.clear()


def test_one_job_makes_the_whole_chain_of_a_branch(system, project):
    text = project.law()
    assert project.values() == RIGHT
    assert project.values("Numbers") == {0: 0, 1: 1, 2: 2}
    assert project.all_runs() == [1, 1, 1]
    assert "going to submit 3" in text
    assert text.count("going to submit") == 1
    assert "100 % done" in text
    assert states(text)[-1]["finished"] == 3
    assert {"Powers": {"ran": 3}}.items() <= summary(text).items()
    assert system.is_left_by_all()
    assert len(project.logs()) == 3
    assert "tensorflow" in project.logs()[0].read_text()
    # a second time, on any system
    assert summary(project.law()) == {"Powers": {"up to date": 3}}
    assert summary(project.law("--workflow", "local")) == {"Powers": {"up to date": 3}}
    assert project.all_runs() == [1, 1, 1]


def test_jobs_make_what_a_local_run_makes(system, project, tmp_path):
    project.law()
    here = BatchProject(tmp_path / "here", "local", {})
    here.law()
    made = {path.name: path.read_bytes() for path in (project.store / "Powers/v1").glob("*.json")}
    for path in (here.store / "Powers/v1").glob("*[0-9].json"):
        assert made[path.name] == path.read_bytes()
    # and each believes the other's
    shutil.rmtree(here.store)
    shutil.copytree(project.store, here.store)
    assert summary(here.law()) == {"Powers": {"up to date": 3}}


def test_only_what_changed_is_submitted(system, project):
    project.law()
    project.store.joinpath("Powers/v1/number=1.json").unlink()
    text = project.law()
    assert "going to submit 1" in text
    assert "going to submit 3" in project.law("--power", "3")
    assert project.values()[2] == [8, ""]
    assert project.runs(2, "Numbers") == 1


def test_retries_are_counted_over_commands(system, project):
    command = ("--n", "1", "--retries", "1")

    def has_ended():
        # clients of a computing element hear of it some seconds later
        text = project.law(*command, "--print-status", "0")
        return "1 pending" not in text and "1 running" not in text

    project.tell(0, "raise", 9)
    project.law(*command, "--no-poll")
    project.wait_for(has_ended)
    project.law(*command, "--no-poll")
    project.wait_for(lambda: project.runs(0) == 2)
    project.wait_for(has_ended)
    text = project.refused(*command)
    assert "1 of 1 jobs failed for good" in text
    assert project.runs(0) == 2


def test_clones_and_stores_have_jobs_of_their_own(system, project, tmp_path):
    """The same command in a copy of the folder, and with another store, while jobs are running."""
    project.tell(0, "pause", 9)
    other = {name: str(tmp_path / name) for name in ("CMSML_TEST_STORE", "CMSML_TEST_FAULTS")}
    Path(other["CMSML_TEST_FAULTS"]).mkdir()
    with project.start("--n", "2") as first:
        project.wait_until_running(0)
        # cp -r, with records of jobs that are in the queue
        shutil.copytree(project.folder, tmp_path / "clone", ignore=_MADE)
        clone = BatchProject(tmp_path / "clone", system.name, dict(project.variables))
        with clone.start("--n", "2") as second, project.start("--n", "2", **other) as third:
            texts = [finished(process) for process in (first, second, third)]
    assert [each.returncode for each in (first, second, third)] == [0, 0, 0], texts
    for text in texts:
        assert "going to submit 2" in text
        assert "removed" not in text
    told = "jobs of the same branches are left alone: they were submitted from"
    assert f"{told} {project.folder}, and this is {clone.folder}" in texts[1]
    assert "left alone" not in texts[2]
    right = {0: RIGHT[0], 1: RIGHT[1]}
    assert project.values() == clone.values() == right
    assert project.all_runs(2) == clone.all_runs(2) == [1, 1]
    assert sorted(path.name for path in (tmp_path / "CMSML_TEST_STORE").rglob("*=[01].json")) == [
        *("number=0.json", "number=0.json", "number=1.json", "number=1.json"),
    ]
    assert len(list(Path(other["CMSML_TEST_FAULTS"]).glob("runs_Powers_*"))) == 2
    assert system.is_left_by_all()


def test_only_jobs_of_ones_own_are_cancelled(system, project, tmp_path):
    project.tell(0, "sleep", 1)
    project.law("--n", "1", "--no-poll")
    project.wait_until_running(0)
    shutil.copytree(project.folder, tmp_path / "clone", ignore=_MADE)
    clone = BatchProject(tmp_path / "clone", system.name, dict(project.variables))
    assert "there are no jobs of this request" in clone.law("--n", "1", "--cancel-jobs")
    assert "no jobs" in clone.law("--n", "1", "--print-status", "0")
    assert len(system.queue()) == 1
    # by another path it is the same project
    (tmp_path / "link").symlink_to(project.folder)
    same = BatchProject(tmp_path / "link", system.name, dict(project.variables))
    assert "cancelling 1 jobs" in same.law("--n", "1", "--cancel-jobs")
    assert system.is_left_by_all()


def test_submit_and_come_back_later(system, project):
    project.tell(2, "pause")
    text = project.law("--no-poll")
    assert "submitted 3" in text
    # nobody polls, and yet it is known
    project.wait_for(lambda: "1 running" in project.law("--print-status", "0"))
    status = project.law("--print-status", "0")
    assert "logs in" in status
    assert "seen at" not in status
    project.law()
    assert project.all_runs() == [1, 1, 1]
    assert "complete (3/3)" in project.law("--print-status", "0")


NASTY = ['it\'s "quoted" $(touch BAD) `touch BAD` %d\\n', "a; touch BAD\ntouch BAD"]


def test_nothing_that_users_type_is_executed(system, project):
    for text in NASTY:
        project.law("--n", "1", "--text", text)
        assert project.values() == {0: [0, text]}
    assert not list(project.folder.rglob("BAD"))
    assert "only ASCII" in project.refused("--n", "1", "--text", "µ")
    text = project.refused("--n", "1", "--text", "https://me:hunter2@host/file")
    assert "--text 'https://host/file' holds a password" in text
    assert "hunter2" not in text
    for version in ("v$(touch${IFS}BAD)", "v\ntouch BAD", "a b"):
        assert "characters that batch systems misread" in project.refused("--version", version)
    assert not list(project.folder.rglob("BAD"))


def test_job_files_keep_no_secrets_and_nobody_else_can_write_them(system, project):
    project.tell(0, "raise", 9)
    project.attempt(
        *("--n", "1", "--retries", "0"),
        CMSML_API_TOKEN="hush-hush",
        CMSML_BEARER="hush-hush",
        XRD_SECRETS="hush-hush",
    )
    files = [path for path in project.jobs.rglob("*") if path.is_file()]
    assert files
    for path in files:
        assert b"hush-hush" not in path.read_bytes(), path
    for path in [*files, *(path for path in project.jobs.rglob("*") if path.is_dir())]:
        assert not path.stat().st_mode & stat.S_IWOTH, path


def test_other_versions_on_the_worker_are_an_error_unless_allowed(system, project):
    project.write_site(bootstrap="site.sh")
    (project.folder / "site.sh").write_text(
        'export CMSML_JOB_VERSIONS=\'{"tensorflow": "1.15.0"}\'\n'
    )
    status, text = project.attempt("--n", "1", "--retries", "0")
    assert status == 40
    assert "error: tensorflow is" in text
    assert "allow_versions: tensorflow" in text
    project.write_site(bootstrap="site.sh", allow_versions="tensorflow")
    project.law("--n", "1")


def test_several_branches_share_a_job(system, project):
    text = project.law("--n", "4", "--tasks-per-job", "2")
    assert "going to submit 2" in text
    assert len(project.values()) == 4


def test_bad_requests_are_refused_before_anything_is_submitted(system, project):
    flags = {
        "htcondor": "--htcondor-request-memory",
        "slurm": "--slurm-mem",
        "arc": "--arc-memory",
    }
    text = project.refused(flags[system.name], "lots")
    assert "'lots': not a size such as 2GB" in text
    project.write_site(**{flags[system.name][2:].replace("-", "_"): "2GB; touch BAD"})
    assert "of the site" in project.refused()
    project.write_site()
    assert "there is no such file" in project.refused(CMSML_SITE="nowhere.cfg")
    config = project.folder / "law.cfg"
    config.write_text(config.read_text().replace("inherit: $CMSML_SITE", ""))
    assert "law.cfg does not read it" in project.refused()
    text = project.refused("--workflow", "htcondr", CMSML_SITE="")
    assert "there is no such system; did you mean 'htcondor'?" in text
    if system.name != "arc":
        text = project.refused(CMSML_SITE="", CMSML_JOBS=str(project.folder / "with space"))
        assert "characters that batch systems misread" in text
        assert "export CMSML_SITE=workflows/sites/arc.cfg" in project.refused(
            "--workflow", "arc", CMSML_SITE=""
        )
    assert project.all_runs() == [0, 0, 0]
    assert system.is_left_by_all()
