"""``--runtimes``: where a graph is validated, from the command line."""

import json
import shutil
import sys

import pytest
from command_line import ROOT, TINY, Shell

VALIDATE = ("ValidateGraph", "--version", "v1", "--recipe", TINY)


@pytest.fixture
def exported(tiny, tmp_path):
    """A shell whose store has the exported graph."""
    trained, _ = tiny
    shell = Shell(tmp_path / "store")
    for task in ("TrainModel", "ExportGraph"):
        shutil.copytree(trained.store / task, shell.store / task)
    return shell


def test_unknown_names_are_refused_before_anything_runs(tmp_path):
    shell = Shell(tmp_path / "store")
    done = shell.try_law(*VALIDATE, "--runtimes", "session,tf-2.122")
    done.refused("runtime 'tf-2.122' is unknown; did you mean 'tf-2.12'?")
    done = shell.try_law(*VALIDATE, "--runtimes", "sesion", "--print-status", "0")
    done.refused("did you mean 'session'?")
    assert shell.files() == []


def test_what_is_not_there_is_refused_before_anything_runs(tmp_path):
    shell = Shell(tmp_path / "store")
    nowhere = {"CMSML_RUNTIMES": str(tmp_path / "runtimes")}
    for name in ("tf-2.17", "cpp-2.17"):
        done = shell.try_law(*VALIDATE, "--runtimes", f"session,{name}", **nowhere)
        done.refused(name, "python -m cmsml_tasks.runtimes install tf-2.17")
        assert "--folder" not in done.text
    done = shell.try_law(*VALIDATE, "--runtimes", "cpp", CXX="no-such-compiler")
    done.refused("needs the C++ compiler no-such-compiler", "apt-get install g++")
    assert shell.files() == []
    # looking needs none of them
    shell.law(*VALIDATE, "--runtimes", "tf-2.17,cpp-2.17", "--print-status=-1", **nowhere)


def test_the_folder_may_be_set_in_law_cfg(tmp_path):
    config = tmp_path / "law.cfg"
    config.write_text(
        "[modules]\ncmsml_tasks.tasks.{generate,train,export,validate}\n"
        f"[core]\nindex_file: {ROOT}/.law/index\n"
        f"[cmsml_tasks]\nruntimes: {tmp_path}/mine\n"
        "[luigi_core]\nlocal_scheduler: True\nno_lock: True\n"
    )
    shell = Shell(tmp_path / "store")
    given = {"LAW_CONFIG_FILE": str(config), "CMSML_RUNTIMES": ""}
    shell.try_law(*VALIDATE, "--runtimes", "tf-2.17", **given).refused(
        f"no {tmp_path}/mine/tf-2.17/bin/python", f"install tf-2.17 --folder {tmp_path}/mine"
    )


def test_one_that_fails_fails_the_task_and_all_are_shown(exported, tmp_path):
    """The environment is an interpreter that dies; what it is asked for does not matter."""
    python = tmp_path / "runtimes" / "tf-2.17" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nkill -ABRT $$\n")
    python.chmod(0o755)
    given = {"CMSML_RUNTIMES": str(tmp_path / "runtimes")}
    done = exported.try_law(*VALIDATE, "--runtimes", "tf-2.17,session", **given)
    done.refused("in tf-2.17, within", "FAILED", "died of SIGABRT", "in session (TensorFlow 2.")
    folder = exported.store / "ValidateGraph" / TINY / "v1"
    assert not (folder / "validation.json").exists()
    content = json.loads((folder / "validation.failed.json").read_text())
    passed = {name: section["passed"] for name, section in content["runtimes"].items()}
    assert passed == {"tf-2.17": False, "session": True}


@pytest.mark.skipif(sys.platform != "linux", reason="the wheels' C++ library is for Linux")
def test_runtimes_are_part_of_what_was_validated(exported):
    text = exported.law(*VALIDATE, "--runtimes", "cpp,session,cpp")
    assert "within atol 1e-06 and rtol 1e-06, or 4 ULP:" in text
    report = exported.store / "ValidateGraph" / TINY / "v1" / "validation.json"
    content = json.loads(report.read_text())["runtimes"]
    assert {name: section["passed"] for name, section in content.items()} == {
        "cpp": True,
        "session": True,
    }
    assert content["cpp"]["program"] == f"{content['session']['program']}, C++"
    status = exported.status(*VALIDATE)["ValidateGraph"]
    version = content["session"]["program"].removeprefix("TensorFlow ")
    assert status == f"stale (1/1): runtime cpp {version} -> (absent)"
    assert exported.run(*VALIDATE)["ValidateGraph"] == {"ran": 1}
    assert set(json.loads(report.read_text())["runtimes"]) == {"session"}
