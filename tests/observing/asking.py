"""Questions to the environment, called in another interpreter by the tests."""

import getpass
import json
import multiprocessing
import os
import string
import subprocess
import tempfile
from dataclasses import dataclass, field
from os import environ, getenv
from pathlib import Path

import pytest


def ask():
    os.environ["ASKED_SET_BY_ITSELF"] = "1"
    os.environ["ASKED_SET_BY_ITSELF"]
    os.environ.get("ASKED_GET")
    os.environ.get("ASKED_DEFAULT", "7")
    environ["ASKED_ITEM"]
    getenv("ASKED_GETENV")
    "ASKED_IN" in os.environ  # noqa: B015
    os.environb.get(b"ASKED_BYTES")
    os.environ.setdefault("ASKED_SETDEFAULT", "5")
    os.environ.pop("ASKED_POP", None)
    os.path.expandvars("$ASKED_EXPANDED/x")
    string.Template("$ASKED_TEMPLATE").substitute(os.environ)
    exec("import os; os.environ.get('ASKED_EXEC')", {})
    Asking()
    if os.fork() == 0:
        os.environ.get("ASKED_FORKED")
        os._exit(0)
    os.wait()
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        pool.apply(os.getenv, ["ASKED_BY_NOBODY"])
        pool.apply(ask_more)
    os.environ.get("ASKED_GET", "asked again")


def ask_more():
    return os.environ.get("ASKED_SPAWNED")


@dataclass
class Asking:
    value: str = field(default_factory=lambda: os.environ.get("ASKED_FACTORY"))


def copy_and_leave_to_libraries():
    """Ask for nothing, in many ways."""
    copies = [dict(os.environ), {**os.environ}, dict(os.environ, X="1"), os.environ.copy()]
    copies += [os.environ | {"X": "1"}, {"X": "1"} | os.environ]
    copies[0].update(os.environ)
    list(os.environ.items())
    list(os.environ.values())
    sorted(os.environ)
    json.dumps(dict(os.environ))
    subprocess.run(["true"], env=os.environ, check=True)
    subprocess.run(["true"], env={**os.environ, "X": "1"}, check=True)
    tempfile.gettempdir()
    getpass.getuser()
    Path.home()
    import keras  # noqa: F401

    for name in ("HOME", "TMPDIR", "USER", "SLURM_JOB_ID", "_CONDOR_SCRATCH_DIR", "CMSML_STORE"):
        os.environ.get(name)
    os.environ.get("PYTHONHASHSEED")
    os.environ.get("TF_CPP_MIN_LOG_LEVEL")
    os.environ.get("GIVEN")


def behave():
    """Use the environment as ever."""
    os.environ["BEHAVING"] = "1"
    assert (os.getenv("BEHAVING"), os.environb[b"BEHAVING"]) == ("1", b"1")
    assert subprocess.check_output(["printenv", "BEHAVING"]) == b"1\n"
    del os.environ["BEHAVING"]
    assert "BEHAVING" not in os.environ
    assert os.environ.get("BEHAVING", "none") == "none"
    with pytest.raises(KeyError, match=r"^'BEHAVING'$"):
        os.environ["BEHAVING"]
    assert dict(os.environ) == os.environ.copy() == {**os.environ}
    assert set(os.environ.keys()) == set(os.environ)
    assert len(os.environ) == len(list(os.environ.items()))
