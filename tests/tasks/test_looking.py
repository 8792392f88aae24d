"""Looking never costs a TensorFlow: listing, status, dependencies, help, completion."""

import subprocess

import pytest
from command_line import LAW, ROOT, TINY, modules_imported


@pytest.mark.parametrize(
    "arguments",
    [
        ("--print-status", "0"),
        ("--print-status=-1",),
        ("--print-deps=-1",),
        ("--print-output", "0"),
        ("--explain",),
        ("--accept=-1",),
        ("--adopt=-1",),
        ("--origin",),
        ("--help",),
        ("--folds", "3", "--scan", "batch_size=64:128", "--print-status=-1"),
    ],
)
def test_looking_imports_no_tensorflow(shell, arguments):
    text = shell.law("ExportGraph", "--version", "v1", *arguments, PYTHONPROFILEIMPORTTIME="1")
    imported = modules_imported(text)
    assert "law" in imported
    assert not {"tensorflow", "keras", "uproot", "awkward", "pyarrow"} & imported


def test_status_of_the_chain(demo, shell):
    done, _ = demo
    arguments = ("ValidateGraph", "--version", "v1", "--formats", "pb,pbtxt")
    # tasks with branches count them, GenerateEvents has none
    assert done.status(*arguments) == {
        "ValidateGraph": "complete (1/1)",
        "ExportGraph": "complete (1/1)",
        "TrainModel": "complete (1/1)",
        "GenerateEvents": "complete",
    }
    assert shell.status(*arguments) == {
        "ValidateGraph": "missing (1/1)",
        "ExportGraph": "missing (1/1)",
        "TrainModel": "missing (1/1)",
        "GenerateEvents": "missing",
    }
    assert shell.files() == []


def test_removal_takes_manifests_along(tiny, tmp_path):
    done, _ = tiny
    shell = done.copied_to(tmp_path)
    shell.law("ValidateGraph", "--version", "v1", "--recipe", TINY, "--remove-output=-1,a")
    assert shell.files() == []


def test_committed_index_is_current(tmp_path):
    committed = (ROOT / ".law" / "index").read_text()
    config = tmp_path / "law.cfg"
    config.write_text((ROOT / "law.cfg").read_text().replace(".law/index", str(tmp_path / "index")))
    subprocess.run(
        [LAW, "index", "--quiet"],
        cwd=tmp_path,
        env={"LAW_CONFIG_FILE": str(config), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
        check=True,
    )
    assert committed == (tmp_path / "index").read_text(), "run 'law index' and commit .law/index"


def test_completion_knows_our_tasks_and_parameters():
    script = f"""
source "$({LAW} completion)"
complete -p law
COMP_WORDS=(law run Expo); COMP_CWORD=2; COMP_LINE="law run Expo"; COMP_POINT=12
_law_complete; echo "${{COMPREPLY[@]}}"
COMP_WORDS=(law run ExportGraph --sc); COMP_CWORD=3; COMPREPLY=()
_law_complete; echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env={
            "PATH": f"{LAW.parent}:/usr/bin:/bin",
            "HOME": str(ROOT),
            "LAW_INDEX_FILE": ".law/index",
        },
    )
    assert "ExportGraph" in done.stdout
    assert "--scan" in done.stdout
