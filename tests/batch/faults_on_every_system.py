"""What a bad day does to jobs on every batch system; ``faults.py`` makes a table of it."""

import os
import signal

import pytest
from batch_project import states
from law_commands import finished
from on_every_system import RIGHT


def outlive(project, kind, harm, *arguments):
    """Do *harm* while the second of two jobs runs, and check that the command ends well."""
    project.tell(1, kind)
    with project.start("--n", "2", *arguments) as client:
        project.wait_until_running(1)
        harm()
        text = finished(client)
    assert client.returncode == 0, text


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
    assert system.is_left_by_all()


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
    assert system.is_left_by_all()
    # mended, the same command makes the rest
    project.faults.joinpath("fault_1").unlink()
    text = project.law("--retries", "0")
    assert "going to submit 1" in text
    assert project.values() == RIGHT


@pytest.mark.fault("job removed from the queue")
def test_a_removed_job_is_submitted_again(system, project):
    outlive(project, "sleep", lambda: system.remove(project.job_id(1)))
    assert project.all_runs(2) == [1, 2]
    assert system.is_left_by_all()


@pytest.mark.fault("job suspended for a while")
def test_a_suspended_job_is_not_a_failed_one(system, project):
    project.tell(0, "pause")
    with project.start("--n", "1") as client:
        project.wait_until_running(0)
        job = project.job_id(0)
        system.suspend(job)
        project.wait_for(lambda: system.is_suspended(job))
        assert "1 running" in project.law("--n", "1", "--print-status", "0")
        system.resume(job)
        text = finished(client)
    assert client.returncode == 0, text
    assert states(text)[-1]["retry"] == 0
    assert project.all_runs(1) == [1]


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
    assert system.is_left_by_all()


@pytest.mark.fault("client ended by Ctrl-C, started again")
def test_jobs_go_on_when_the_client_is_interrupted(system, project):
    project.tell(0, "pause")
    with project.start("--n", "1") as client:
        project.wait_until_running(0)
        os.killpg(client.pid, signal.SIGINT)  # as a terminal does
        text = finished(client)
    assert client.returncode == -signal.SIGINT
    assert "the jobs go on; the same command waits for them again" in text
    assert "Traceback" not in text
    assert "going to submit" not in project.law("--n", "1")
    assert project.all_runs(1) == [1]


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
    assert system.is_left_by_all()


@pytest.mark.fault("jobs cancelled without a record")
def test_jobs_that_no_record_knows_can_be_cancelled(system, project):
    project.tell(0, "sleep", 1)
    project.law("--n", "1", "--no-poll")
    (record,) = project.jobs.rglob("*_jobs_*.json")
    record.write_text('{"jobs": [')
    assert "cancelling 1 jobs" in project.law("--n", "1", "--cancel-jobs")
    assert system.is_left_by_all()
    assert "there are no jobs" in project.law("--n", "1", "--cancel-jobs")


@pytest.mark.fault("jobs cancelled while the batch system is away")
def test_a_cancel_that_is_not_heard_fails_and_keeps_the_record(system, project):
    project.tell(0, "pause", 1)
    project.law("--n", "1", "--no-poll")
    project.wait_until_running(0)
    system.down()
    try:
        assert "1 pending, seen at" in project.law("--n", "1", "--print-status", "0")
        text = project.refused("--n", "1", "--cancel-jobs")
    finally:
        system.up()
    assert "does not answer" in text
    assert project.record()
    project.law("--n", "1")


@pytest.mark.fault("two clients at once")
def test_two_clients_submit_once(system, project):
    with project.start() as first, project.start() as second:
        texts = [finished(client) for client in (first, second)]
    assert [first.returncode, second.returncode] == [0, 0], texts
    assert project.all_runs() == [1, 1, 1]
    assert sum("going to submit 3" in text for text in texts) == 1
    assert sum("another command waits for the jobs" in text for text in texts) == 1


@pytest.mark.fault("jobs cancelled by another client")
def test_cancelled_jobs_leave_the_queue_and_the_client_that_waits(system, project):
    project.tell(0, "sleep", 1)
    with project.start("--n", "1") as client:
        project.wait_until_running(0)
        assert "cancelling 1 jobs" in project.law("--n", "1", "--cancel-jobs")
        text = finished(client)
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
    assert system.is_left_by_all()


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
    assert system.is_left_by_all()


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
    outlive(project, "pause", lambda: system.kill(system.watcher))
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}
    assert system.is_left_by_all()


@pytest.mark.fault("worker daemon killed")
@pytest.mark.slow
def test_a_job_whose_worker_died_runs_again(system, project):
    outlive(project, "pause", system.kill_worker)
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}
    assert system.is_left_by_all()


@pytest.mark.fault("queue's daemon killed and started again")
def test_jobs_survive_a_restart_of_the_queue(system, project):
    def restart():
        system.kill(system.scheduler)
        system.up()

    outlive(project, "pause", restart, "--poll-fails", "100")
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}
    assert system.is_left_by_all()


@pytest.mark.fault("batch system away while polling")
def test_the_pool_goes_away_while_a_client_polls(system, project):
    project.tell(1, "pause", 1)
    with project.start("--n", "2", "--poll-fails", "3") as client:
        project.wait_until_running(1)
        system.down()
        try:
            text = finished(client)
        finally:
            system.up()
    assert client.returncode != 0
    assert "does not answer" in text, text
    assert "the same command waits for them again" in text
    project.law("--n", "2")
    assert project.values() == {0: RIGHT[0], 1: RIGHT[1]}
