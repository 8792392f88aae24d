import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from processes import alive, children, running_with, state, wait_until

from cmsml_tasks.errors import DataError
from cmsml_tasks.processes.isolated import IsolatedError, call_isolated

HERE = Path(__file__).parent
MARK = "CMSML_TEST_PROCESSES"


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))


def test_result_comes_from_a_fresh_interpreter():
    result = call_isolated("isolated_functions:add", first=1, second=2)
    assert result["sum"] == 3
    assert result["process"] != os.getpid()
    assert not result["tensorflow"]


def test_user_error_keeps_class_and_message():
    with pytest.raises(DataError, match=r"^7 is no good; use another$"):
        call_isolated("isolated_functions:refuse", value=7)


@pytest.mark.parametrize("value", [0, 1])
def test_class_from_elsewhere_becomes_the_nearest_that_everybody_knows(value):
    with pytest.raises(DataError, match=rf"^{value} is no good; use another$") as raised:
        call_isolated("isolated_functions:refuse_in_its_own_words", value=value)
    assert raised.type is DataError


def test_nothing_stays_open_where_no_interpreter_starts(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    before = os.listdir("/dev/fd")
    with pytest.raises(FileNotFoundError):
        call_isolated("isolated_functions:add", first=1, second=2)
    assert os.listdir("/dev/fd") == before


def test_work_says_anything_on_a_terminal_of_any_encoding(capfd):
    ascii_only = {"PYTHONIOENCODING": "ascii"}
    call_isolated("isolated_functions:say", environment=ascii_only, text="größe → 5")
    assert capfd.readouterr() == ("gr\\xf6\\xdfe -> 5\n", "gr\\xf6\\xdfe -> 5\n")


def test_bug_shows_its_traceback_and_ends_the_task(capfd):
    with pytest.raises(IsolatedError, match="fail failed with RuntimeError: a bug"):
        call_isolated("isolated_functions:fail")
    assert 'raise RuntimeError("a bug")' in capfd.readouterr().err


def test_killed_interpreter_is_named_with_its_signal():
    with pytest.raises(IsolatedError, match="kill_itself was ended by SIGKILL; out of memory"):
        call_isolated("isolated_functions:kill_itself")


def test_early_exit_is_no_result():
    with pytest.raises(IsolatedError, match="leave ended with exit status 3 and no result"):
        call_isolated("isolated_functions:leave")


def test_a_large_answer_comes_whole():
    assert len(call_isolated("isolated_functions:much", size=3_000_000)) == 3_000_000


@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
def test_work_may_start_processes_of_its_own(start_method):
    result = call_isolated("isolated_functions:squares_by_pools", start_method=start_method)
    assert result == [1, 4, 9, 1, 4, 9, 16]


def test_what_the_work_has_started_ends_with_it_and_a_daemon_holds_nobody(capfd):
    left = call_isolated("isolated_functions:leave_processes_behind")
    try:
        assert alive(left["daemon"])
        assert [pid for pid in left["own"] if alive(pid)] == []
    finally:
        os.kill(left["daemon"], signal.SIGKILL)
    assert capfd.readouterr().err == "said before the end"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("function", ["hold_the_interpreter", "ignore_requests_to_end"])
def test_work_ends_with_its_caller(tmp_path, function, number):
    with calling(tmp_path, function) as caller:
        caller.send_signal(number)
        caller.wait()
        wait_until(lambda: running_with(MARK, tmp_path) == {})


@pytest.mark.parametrize(
    ("function", "number"),
    [
        ("hold_the_interpreter", signal.SIGKILL),
        ("ignore_requests_to_end", signal.SIGTERM),
        ("ignore_requests_to_end", signal.SIGINT),
    ],
)
def test_work_ends_with_the_process_that_keeps_it(tmp_path, function, number):
    with calling(tmp_path, function) as caller:
        (keeper,) = children(caller.pid)
        os.kill(keeper, number)
        text = caller.communicate()[1]
        assert f"{function} was ended by {number.name}" in text
        wait_until(lambda: running_with(MARK, tmp_path) == {})


def test_work_stops_and_goes_on_with_its_caller(tmp_path):
    with calling(tmp_path, "hold_the_interpreter") as caller:
        (keeper,) = children(caller.pid)
        (work,) = children(keeper)
        caller.send_signal(signal.SIGTSTP)
        wait_until(lambda: state(caller.pid) == state(work) == "T")
        assert state(keeper) == "S", "it would not notice the end of a caller"
        caller.send_signal(signal.SIGCONT)
        wait_until(lambda: "T" not in (state(caller.pid), state(work)))


@contextmanager
def calling(tmp_path, function):
    """Start a program that calls *function*, and wait until that has begun."""
    begun = tmp_path / "begun"
    code = (
        "from cmsml_tasks.processes.isolated import call_isolated\n"
        f"call_isolated('isolated_functions:{function}', path={str(begun)!r})"
    )
    environment = {**os.environ, "PYTHONPATH": str(HERE), MARK: str(tmp_path)}
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as caller:
        try:
            wait_until(begun.exists)
            yield caller
        finally:
            for process in running_with(MARK, tmp_path):
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
