"""What jobs do on every batch system; each system's test module runs all of it."""

import shutil
import signal
import stat

import pytest
from batch_project import BatchProject, states
from law_commands import summary

RIGHT = {0: [0, ""], 1: [1, ""], 2: [4, ""]}


@pytest.fixture
def project(system, tmp_path):
    """A project in which nothing has run; afterwards the queue is empty by itself."""
    project = BatchProject(tmp_path / "project", system.name, dict(system.variables))
    yield project
    system.clear()


def outlive(project, kind, harm, *arguments, seconds):
    """Do *harm* while the second of two jobs runs, and check that the command ends well."""
    project.tell(1, kind)
    with project.start("--n", "2", *arguments) as client:
        project.wait_until_running(1)
        harm()
        text, _ = client.communicate(timeout=seconds)
    assert client.returncode == 0, text


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
    assert system.queue() == []
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


ONCE = {
    "raise": "task raises, once",
    "exit": "task exits with 17, once",
    "kill": "task killed by signal 9",
    "wrapper": "job's wrapper killed by signal 9",
    "nothing": "job ends well without an output",
}


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(
            kind,
            marks=[
                pytest.mark.fault(name),
                *([pytest.mark.slow] if kind in ("exit", "kill") else []),
            ],
        )
        for kind, name in ONCE.items()
    ],
)
def test_a_job_that_failed_once_is_submitted_again(system, project, kind):
    project.tell(1, kind)
    text = project.law("--n", "2")
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}
    assert project.all_runs(2) == [1, 2]
    assert states(text)[-1]["finished"] == 2
    assert system.queue() == []


@pytest.mark.fault("task raises, always")
def test_a_final_failure_says_which_branch_why_and_where(system, project):
    project.tell(0, "pause")
    project.tell(1, "raise", 9)
    status, text = project.attempt("--retries", "1")
    assert status == 40
    # one bad branch does not cost the others
    assert project.values() == {0: RIGHT[0], 2: RIGHT[2]}
    assert project.runs(1) == 2
    assert "1 of 3 jobs failed for good" in text
    assert "branch 1 number=1, tried 2 times" in text
    assert "RuntimeError: told to fail" in text
    assert "log_1To2.txt" in text
    assert system.queue() == []
    # mended, the same command makes the rest
    project.faults.joinpath("fault_1").unlink()
    text = project.law("--retries", "0")
    assert "going to submit 1" in text
    assert project.values() == RIGHT


def test_retries_are_counted_over_commands(system, project):
    project.tell(0, "raise", 9)
    project.law("--n", "1", "--retries", "1", "--no-poll")
    project.wait_for(lambda: system.queue() == [])
    project.law("--n", "1", "--retries", "1", "--no-poll")
    project.wait_for(lambda: project.runs(0) == 2)
    project.wait_for(lambda: system.queue() == [])
    text = project.refused("--n", "1", "--retries", "1")
    assert "1 of 1 jobs failed for good" in text
    assert project.runs(0) == 2


@pytest.mark.fault("job removed from the queue")
def test_a_removed_job_is_submitted_again(system, project):
    outlive(project, "sleep", lambda: system.remove(project.job_id(1)), seconds=120)
    assert project.all_runs(2) == [1, 2]
    assert system.queue() == []


@pytest.mark.fault("client killed, started again")
def test_a_killed_client_is_started_again_and_nothing_runs_twice(system, project):
    with project.start() as client:
        project.job_id(2)
        client.send_signal(signal.SIGKILL)
        client.communicate()
    text = project.law()
    assert project.values() == RIGHT
    assert project.all_runs() == [1, 1, 1]
    assert "going to submit" not in text
    assert system.queue() == []


@pytest.mark.fault("client killed between submission and record")
def test_jobs_that_no_record_knows_leave_the_queue(system, project):
    project.tell(0, "sleep", 1)
    with project.start("--n", "1") as client:
        project.wait_until_running(0)
        client.send_signal(signal.SIGKILL)
        client.communicate()
    for record in project.jobs.rglob("*_jobs_*.json"):
        record.unlink()  # as if it had been killed before it could write
    text = project.law("--n", "1")
    assert "1 jobs of a submission that was cut short are removed" in text
    assert project.values() == {0: RIGHT[0]}
    assert system.queue() == []


@pytest.mark.fault("jobs cancelled without a record")
def test_jobs_that_no_record_knows_can_be_cancelled(system, project):
    project.tell(0, "sleep", 1)
    project.law("--n", "1", "--no-poll")
    (record,) = project.jobs.rglob("*_jobs_*.json")
    record.write_text('{"jobs": [')
    assert "cancelling 1 jobs" in project.law("--n", "1", "--cancel-jobs")
    assert system.queue() == []
    assert "there are no jobs" in project.law("--n", "1", "--cancel-jobs")


@pytest.mark.fault("jobs cancelled while the batch system is away")
def test_a_cancel_that_is_not_heard_fails_and_keeps_the_record(system, project):
    project.tell(0, "pause", 1)
    project.law("--n", "1", "--no-poll")
    project.wait_until_running(0)
    system.down()
    try:
        text = project.refused("--n", "1", "--cancel-jobs")
    finally:
        system.up()
    assert "does not answer" in text
    assert project.record()
    project.law("--n", "1")


@pytest.mark.fault("two clients at once")
def test_two_clients_submit_once(system, project):
    with project.start() as first, project.start() as second:
        texts = [client.communicate(timeout=120)[0] for client in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], texts
    assert project.all_runs() == [1, 1, 1]
    assert sum("going to submit 3" in text for text in texts) == 1
    assert sum("another command waits for the jobs" in text for text in texts) == 1


def test_submit_and_come_back_later(system, project):
    text = project.law("--no-poll")
    assert "submitted 3" in text
    status = project.law("--print-status", "0")
    assert "3 pending" in status
    assert "logs in" in status
    project.law()
    assert project.all_runs() == [1, 1, 1]
    assert "complete (3/3)" in project.law("--print-status", "0")


@pytest.mark.fault("jobs cancelled by another client")
def test_cancelled_jobs_leave_the_queue_and_the_client_that_waits(system, project):
    project.tell(0, "sleep", 1)
    with project.start("--n", "1") as client:
        project.wait_until_running(0)
        assert "cancelling 1 jobs" in project.law("--n", "1", "--cancel-jobs")
        text, _ = client.communicate(timeout=60)
    assert client.returncode != 0
    assert "cancelled by another command" in text
    project.wait_for(lambda: system.queue() == [])
    assert "going to submit 1" in project.law("--n", "1")


@pytest.mark.fault("settings changed while jobs run")
def test_a_changed_request_takes_the_old_jobs_out_of_the_queue(system, project):
    project.tell(0, "sleep", 1)
    project.law("--n", "1", "--no-poll")
    project.wait_until_running(0)
    text = project.law("--n", "1", "--power", "3", "--text", "new")
    assert "1 jobs of an earlier request are removed" in text
    assert project.values() == {0: [0, "new"]}
    assert system.queue() == []


@pytest.mark.fault("walltime exceeded")
@pytest.mark.slow
def test_a_job_that_takes_too_long_is_submitted_again(system, project):
    project.tell(1, "long")
    flag = {"htcondor": "--htcondor-max-runtime=8s", "slurm": "--slurm-time=1min"}.get(
        system.name, "--arc-walltime=1min"
    )
    text = project.law("--n", "2", flag)
    assert project.all_runs(2) == [1, 2], text
    assert system.too_long in text
    assert system.queue() == []


@pytest.mark.fault("submission refused")
def test_a_refused_submission_says_why(system, project):
    project.write_site(**system.refused_option)
    text = project.refused("--n", "2")
    assert f"{system.name} took none of 2 jobs" in text, text
    assert system.refused_message in text, text
    assert not project.record()
    project.write_site()
    project.law("--n", "2")


@pytest.mark.fault("process that watches the job killed")
def test_a_job_whose_watcher_was_killed_runs_again(system, project):
    outlive(project, "pause", lambda: system.kill(system.watcher), seconds=200)
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}
    assert system.queue() == []


@pytest.mark.fault("worker daemon killed")
@pytest.mark.slow
def test_a_job_whose_worker_died_runs_again(system, project):
    outlive(project, "pause", system.kill_worker, seconds=220)
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}
    assert system.queue() == []


@pytest.mark.fault("queue's daemon killed and started again")
def test_jobs_survive_a_restart_of_the_queue(system, project):
    def restart():
        system.kill(system.scheduler)
        system.up()

    outlive(project, "pause", restart, "--poll-fails", "100", seconds=200)
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}
    assert system.queue() == []


@pytest.mark.fault("batch system away while polling")
def test_the_pool_goes_away_while_a_client_polls(system, project):
    project.tell(1, "pause", 1)
    with project.start("--n", "2", "--poll-fails", "3") as client:
        project.wait_until_running(1)
        system.down()
        try:
            text, _ = client.communicate(timeout=180)
        finally:
            system.up()
    assert client.returncode != 0
    assert "does not answer" in text, text
    assert "the same command waits for them again" in text
    project.law("--n", "2")
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}


NASTY = ['it\'s "quoted" $(touch BAD) `touch BAD` %d\\n', "a; touch BAD\ntouch BAD"]


def test_nothing_that_users_type_is_executed(system, project):
    for text in NASTY:
        project.law("--n", "1", "--text", text)
        assert project.values() == {0: [0, text]}
    assert not list(project.folder.rglob("BAD"))
    assert "only ASCII" in project.refused("--n", "1", "--text", "µ")
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
    text = project.refused(CMSML_SITE="", CMSML_JOBS=str(project.folder / "with space"))
    assert "characters that batch systems misread" in text
    text = project.refused("--workflow", "htcondr", CMSML_SITE="")
    assert "there is no such system; did you mean 'htcondor'?" in text
    if system.name != "arc":
        assert "export CMSML_SITE=workflows/sites/arc.cfg" in project.refused(
            "--workflow", "arc", CMSML_SITE=""
        )
    assert project.all_runs() == [0, 0, 0]
    assert system.queue() == []
