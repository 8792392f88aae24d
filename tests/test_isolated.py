import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cmsml_tasks.errors import DataError
from cmsml_tasks.isolated import IsolatedError, call_isolated

HERE = Path(__file__).parent


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


def test_child_stops_with_its_caller(tmp_path):
    path = tmp_path / "written"
    code = (
        "from cmsml_tasks.isolated import call_isolated\n"
        f"call_isolated('isolated_functions:write_when_left_alone', path={str(path)!r})"
    )
    caller = subprocess.Popen(
        [sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": str(HERE)}
    )
    time.sleep(1)
    caller.send_signal(signal.SIGKILL)
    caller.wait()
    time.sleep(2.5)
    assert not path.exists()
