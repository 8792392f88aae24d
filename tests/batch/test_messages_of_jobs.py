"""What is told about jobs: progress, states, and the end of a log."""

import json
import time

from cmsml_tasks.batch.failures import failure_text, last_lines
from cmsml_tasks.batch.progress import Progress
from cmsml_tasks.batch.records import JobsFile, active_ids, read_record

LOG = """law remote job script
-- environment ----
uname

RuntimeError: told to fail
task exit code: 40
execution of task branch 1 failed (exit code 40), stop job
-- hook law_hook_job_failed 60 40
-- cleanup ----
> ls -la
"""


def test_the_end_of_a_log_is_where_it_went_wrong():
    assert last_lines(LOG)[-3:] == [
        "RuntimeError: told to fail",
        "task exit code: 40",
        "execution of task branch 1 failed (exit code 40), stop job",
    ]
    assert last_lines("") == []
    assert len(last_lines("\n".join(map(str, range(1000))))) == 20


def test_many_failures_are_told_in_few_lines():
    failed = {
        number: {"branches": [number], "extra": {"log": f"log_{number}"}} for number in range(100)
    }
    reasons = {number: ["removed", "removed", "killed by signal 9"] for number in failed}
    text = failure_text(failed, 1000, reasons, lambda branch: f"number={branch}", lambda job: LOG)
    assert text.startswith("100 of 1000 jobs failed for good:\nbranch 0 number=0, tried 3 times:")
    assert text.count("removed") == 3
    assert text.count("| RuntimeError: told to fail") == 3
    assert "and branches 3, 4, 5," in text
    assert text.endswith("the same command submits what is missing again")


def test_time_is_estimated_from_what_has_ended_meanwhile():
    progress = Progress(total=10, since=time.monotonic() - 60)
    assert progress.text(finished=4, failed=0) == "40 % done"
    text = progress.text(finished=6, failed=1)
    assert text.startswith("60 % done, about 1 minute")
    assert text.endswith("left")
    assert progress.text(finished=9, failed=1) == "90 % done"


def test_a_record_is_read_even_if_it_is_torn(tmp_path):
    path = tmp_path / "htcondor_jobs_0123456789.json"
    assert read_record(path) == {}
    jobs = {
        "1": {"job_id": "3.0", "status": "running", "branches": [0]},
        "2": {"job_id": "dummy_job_id", "status": "finished", "branches": [1]},
        "3": {"job_id": "3.1", "status": None, "branches": [2]},
    }
    text = json.dumps({"jobs": jobs, "unsubmitted_jobs": {"4": [3], "5": [4]}})
    for end in range(0, len(text), 7):
        path.write_text(text[:end])
        assert read_record(path) == {}
    for other in ("[]", "null", '{"jobs": [1]}', '{"jobs": {"1": {}}}'):
        path.write_text(other)
        assert read_record(path) == {}
    path.write_text(text)
    assert active_ids(read_record(path)) == ["3.0", "3.1"]
    words = JobsFile(str(path)).status_text()
    assert words.startswith("1 running, 1 finished, 1 pending, 2 unsubmitted, seen at ")
    assert words.endswith("htcondor_jobs_0123456789.logs")
