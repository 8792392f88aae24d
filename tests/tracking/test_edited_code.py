"""Code that is edited while a process that has imported it goes on."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from law_commands import finished, started

PROJECT = Path(__file__).parent / "edited"
LAW = Path(sys.executable).with_name("law")


class Project:
    """A copy of the workflow with a store and a cache of its own."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("__pycache__"))

    def start(self, *arguments, task="Count", **variables):
        given = {
            "PYTHONPATH": str(self.folder),
            "STORE": str(self.folder / "store"),
            "CMSML_CACHE": str(self.folder / "cache"),
            # edits within one second would leave a cached module of the same date
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        command = [LAW, "run", f"own_tasks.{task}", *arguments]
        return started(command, self.folder, {**os.environ, **given, **variables})

    def law(self, *arguments, task="Count"):
        with self.start(*arguments, task=task) as process:
            text = finished(process)
        assert process.returncode == 0, text
        return text

    def run_and_edit(self, edit, task="Count"):
        """Return status and text of a run, during whose first branch *edit* was called."""
        with self.start(task=task, WAIT=str(self.folder / "go")) as process:
            while "begun 2022" not in (line := process.stdout.readline()):
                assert line, "it ended before it began"
            edit()
            (self.folder / "go").touch()
            text = finished(process)
        return process.returncode, text

    def edit(self, old, new, name="physics.py"):
        path = self.folder / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))

    def counts(self):
        return {
            path.stem: json.loads(path.read_text())["n"]
            for path in (self.folder / "store").glob("count_202?.json")
        }

    def status(self, task="Count"):
        return self.law("--print-status", "0,1", task=task).splitlines()[-3:]


@pytest.fixture
def project(tmp_path):
    return Project(tmp_path / "project")


def test_branches_do_not_begin_with_code_that_was_edited_meanwhile(project):
    status, text = project.run_and_edit(lambda: project.edit("x > 1", "x > 3"))
    assert status != 0
    message = "code physics.cut was edited since this run began; run the command again"
    assert f"Count failed: {message}" in text
    assert "Traceback" not in text
    assert project.counts() == {"count_2022": 3}
    total, first, second = map(str.strip, project.status())
    assert total.startswith("stale (1/2): 1x code Count.run -> physics.cut changed, missing (1/2)")
    assert first == "0 2022: stale: code Count.run -> physics.cut changed"
    assert second == "1 2023: missing"
    project.law()
    assert project.counts() == {"count_2022": 1, "count_2023": 1}
    assert project.status()[0].strip() == "complete (2/2)"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Return whether it passes", "Tell whether it passes"),
        ("    return x\n", "    return 2 * x\n"),
        ("def cut", "def another(): ...\n\n\ndef cut"),
        ("def cut", "def cut"),
    ],
)
def test_edits_that_change_nothing_of_it_do_not_hinder(project, old, new):
    status, text = project.run_and_edit(lambda: project.edit(old, new))
    assert status == 0, text
    assert project.counts() == {"count_2022": 3, "count_2023": 3}
    assert project.status()[0].strip() == "complete (2/2)"


def test_what_is_imported_during_a_run_is_recorded_as_it_was_then(project):
    shutil.copy(project.folder / "physics.py", project.folder / "late_physics.py")
    status, text = project.run_and_edit(
        lambda: project.edit("x > 1", "x > 3", "late_physics.py"), "LateCount"
    )
    assert status == 0, text
    assert project.counts() == {"count_2022": 1, "count_2023": 1}
    assert project.status("LateCount")[0].strip() == "complete (2/2)"
    # taken back, it is no longer what they were made with
    project.edit("x > 3", "x > 1", "late_physics.py")
    assert project.status("LateCount")[0].strip() == (
        "stale (2/2): 2x code LateCount.run -> late_physics.cut changed"
    )


def test_the_order_of_what_an_import_runs_counts(project):
    first, second = "def scale():\n    return 1\n", "def scale():\n    return 2\n"
    project.edit("    return x\n", f"    return x\n\n\n{first}NORM = scale()\n{second}")
    project.law()
    project.edit(f"NORM = scale()\n{second}", f"{second}NORM = scale()\n")
    assert project.status()[0].strip() == (
        "stale (2/2): 2x code physics (outside of functions) changed"
    )


def found_in_a_process_of_its_own(folder, script):
    """Return what *script* prints, which may edit modules and calls `edited`."""
    head = f"""
import importlib, sys
from pathlib import Path
sys.path.insert(0, {str(folder)!r})
folder = Path({str(folder)!r})

def write(**modules):
    for name, text in modules.items():
        (folder / f"{{name}}.py").write_text(text)

def edited():
    from cmsml_tasks.tracking.source_code.code_digests import edited_since_import
    print(edited_since_import(["jets:Jets"]))

write(
    jets="import blocks\\nclass Jets:\\n def build(self):\\n  import late\\n  blocks.f(late.g())",
    blocks="def f(): 1\\ndef unused(): 1",
    late="def g(): 1",
)
"""
    done = subprocess.run(
        [sys.executable, "-c", head + script],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "CMSML_CACHE": str(folder / "cache"),
            "PYTHONDONTWRITEBYTECODE": "1",
        },
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "imports",
    ["import jets, cmsml_tasks.tracking", "import cmsml_tasks.tracking, jets"],
    ids=["imported before", "imported after"],
)
def test_what_was_edited_since_it_was_imported_is_named(tmp_path, imports):
    script = f"""
{imports}
edited()
write(blocks="def f(): 2\\ndef unused(): 1", late="def g(): 2")
edited()
write(blocks="# the same\\ndef f(): 1\\ndef unused(): 2")
edited()
write(jets="import blocks\\nclass Jets:\\n def build(self): blocks.new()", blocks="def new(): 1")
edited()
"""
    assert found_in_a_process_of_its_own(tmp_path, script) == [
        "[]",
        # the other one will be imported as it is now
        "['blocks.f']",
        "[]",
        "['jets.Jets.build', 'blocks.new', 'blocks.f', 'late (outside of functions)', 'late.g']",
    ]


def test_what_is_imported_late_is_as_it_is_then(tmp_path):
    script = """
import cmsml_tasks.tracking, jets
write(late="def g(): 2")
import late
edited()
write(late="def g(): 3")
edited()
importlib.reload(late)
edited()
(folder / "late.py").unlink()
edited()
"""
    assert found_in_a_process_of_its_own(tmp_path, script) == ["[]", "['late.g']", "[]", "[]"]


def test_an_unreadable_edit_is_told(tmp_path):
    script = """
import cmsml_tasks.tracking, jets
write(blocks="def f(:")
edited()
"""
    assert found_in_a_process_of_its_own(tmp_path, script) == [
        "['blocks (outside of functions)', 'blocks.f']"
    ]
