"""Looking never costs a TensorFlow: listing, status, dependencies, help, completion."""

import subprocess

import pytest
from command_line import LAW, ROOT


@pytest.mark.parametrize(
    "arguments",
    [
        ("--print-status", "0"),
        ("--print-status=-1",),
        ("--print-deps=-1",),
        ("--print-output", "0"),
        ("--help",),
        ("--folds", "3", "--scan", "batch_size=64:128", "--print-status=-1"),
    ],
)
def test_looking_imports_no_tensorflow(shell, arguments):
    text = shell.law("ExportGraph", "--version", "v1", *arguments, PYTHONPROFILEIMPORTTIME="1")
    imported = {line.rpartition("|")[2].strip() for line in text.splitlines() if "|" in line}
    assert "law" in imported
    assert not {"tensorflow", "keras", "uproot", "awkward", "pyarrow"} & imported


def test_status_of_the_chain(demo, shell):
    done, _ = demo
    absent = shell.law("ValidateGraph", "--version", "v1", "--print-status=-1")
    existent = done.law("ValidateGraph", "--version", "v1", "--print-status=-1")
    for task in ("ValidateGraph", "ExportGraph", "TrainModel", "GenerateEvents"):
        assert f"> {task}(" in existent or task in existent
    assert "existent" not in absent
    assert "absent" not in existent


def test_removal_takes_all_outputs(tiny, tmp_path, shell):
    import shutil

    done, _ = tiny
    shutil.copytree(done.store, shell.store)
    shell.law(
        "ValidateGraph",
        "--version",
        "v1",
        "--recipe",
        "tiny_recipes.TinyRecipe",
        "--remove-output=-1,a",
    )
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
