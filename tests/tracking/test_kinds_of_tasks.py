"""Tasks of all kinds in one pipeline: sandboxed, dynamic, untracked; folders as outputs."""

import json

import pytest
from law_commands import summary


@pytest.fixture
def box(project):
    """A project with a sandbox of law's kind "bash"."""
    script = project.folder / "box.sh"
    script.write_text("export TOY_BOX=yes\n")
    return project, ("--sandbox", f"bash::{script}")


@pytest.mark.parametrize("task", ["Boxed", "Staged"])
def test_sandboxed_task(box, task):
    project, sandbox = box
    text = project.law(task, *sandbox)
    assert "in the box" in text
    assert summary(text)[task] == {"ran": 1}
    assert text.count("this run") == 1, "the sandbox has no table of its own"
    manifest = json.loads(project.manifest(task, "v1/boxed.json").read_text())
    assert manifest["environment"]["sandbox"].startswith("bash::")
    assert manifest["environment"]["python"]
    assert not list(project.store.rglob("*.sandbox"))
    # where a task runs is not what it makes
    assert project.run(task, *sandbox) == {task: {"up to date": 1}}
    assert project.run(task) == {task: {"up to date": 1}}
    (project.folder / "data.txt").write_text("1 1 1")
    table = project.run(task, *sandbox)
    assert table == {"Points": {"ran": 1}, task: {"ran": 1}}
    (project.folder / "data.txt").write_text(" 1  1 1 ")
    text = project.law(task, *sandbox)
    assert summary(text) == {"Points": {"ran": 1}, task: {"cut off": 1}}
    assert project.lies() == []


def test_failure_in_a_sandbox(box):
    project, sandbox = box
    status, text = project.attempt("Boxed", *sandbox, TOY_FAIL="Boxed")
    assert status != 0
    assert summary(text)["Boxed"] == {"failed": 1}
    assert not project.manifest("Boxed/v1/boxed.json").exists()


def test_requirements_that_are_asked_for_while_running(project):
    table = project.run("Both")
    assert table == {"Points": {"ran": 1}, "Fit": {"ran": 3}, "Both": {"ran": 1}}
    assert project.run("Both") == {"Both": {"up to date": 1}}
    (project.folder / "data.txt").write_text("3 1 4 1 5")
    assert project.status("Both")["Both"] == "stale: Fit would run first"
    assert project.run("Both")["Both"] == {"ran": 1}
    assert project.lies() == []


def test_task_behind_one_that_is_not_tracked(project):
    project.law("AfterForeign")
    folder = project.store / "AfterForeign/v1/folder"
    assert project.run("AfterForeign") == {"AfterForeign": {"up to date": 1}}
    (folder / "two.json").write_text("")
    assert "output folder was truncated" in project.status("AfterForeign")["AfterForeign"]
    assert project.run("AfterForeign") == {"AfterForeign": {"ran": 1}}
    (project.store / "foreign.json").write_text('{"a": 2}')
    reason = "stale: input Foreign/foreign.json changed"
    assert project.status("AfterForeign")["AfterForeign"] == reason
    project.law("AfterForeign")
    assert json.loads((folder / "one.json").read_text()) == {"a": 2}


def test_workflow_named_first_is_refused(project):
    project.edit(
        "toy_tasks.py", "class Fit(Toy, law.LocalWorkflow)", "class Fit(law.LocalWorkflow, Toy)"
    )
    status, text = project.attempt("Fit")
    assert status != 0
    assert "class Fit(TrackedTask, law.LocalWorkflow)" in text


def test_single_branch(project):
    table = project.run("Fit", "--branch", "1")
    assert table == {"Points": {"ran": 1}, "Fit": {"ran": 1}}
    assert project.run("Fit")["Fit"] == {"ran": 2, "up to date": 1}


def test_origin_goes_up_to_the_first_file(finished):
    text = finished.law("Report", "--origin")
    for words in (
        "Report: complete",
        "made by  Report for ",
        "Fit/1/fit.json  sha256 ",
        "parameter epochs = 3",
        "input    data.txt  sha256 ",
        "from data.txt",
        "code     toy_model  ",
        "(as above)",
    ):
        assert words in text, words
    assert "made by  Points" not in finished.law("Report", "--origin", "1")


def test_what_a_branch_can_be(project):
    assert project.run("Shapes") == {"Shapes": {"ran": 1}}
    assert project.run("Shapes") == {"Shapes": {"up to date": 1}}
    assert project.status("Shapes", "--kind", "none")["Shapes"] == "complete (0/0)"
    project.law("Shapes", "--kind", "none")
    for kind, words in (
        ("object", "of type object cannot be compared"),
        ("nan", "written as JSON"),
    ):
        status, text = project.attempt("Shapes", "--kind", kind)
        assert status != 0
        assert words in text
        assert "Traceback" not in text


def test_tasks_without_outputs_of_their_own_are_refused(project):
    project.edit("toy_tasks.py", "class Both(Toy)", "class Both(Toy, law.WrapperTask)")
    status, text = project.attempt("Both")
    assert status != 0
    assert "derive it from law.WrapperTask alone" in text


def test_requirements_that_depend_on_more_than_parameters(project):
    old = '{"points": Points.req(self)}\n\n    def output'
    project.edit("toy_tasks.py", old, old.replace("self", 'self, version=os.environ["OTHER"]', 1))
    project.law("Fit", OTHER="v1")
    assert project.status("Fit", OTHER="v1")["Fit"] == "complete (3/3)"
    assert project.status("Fit", OTHER="v2")["Fit"] == "stale (3/3): 3x Points would run first"


@pytest.mark.parametrize("option", ["--explain", "--accept", "--adopt", "--origin"])
def test_depth_that_is_none(project, option):
    status, text = project.attempt("Points", option, "x")
    assert status != 0
    assert "'x' is no depth: 0 is this task only, -1 is all" in text
    assert "Traceback" not in text


def test_chosen_branches(project):
    table = project.run("Chained", "--branches", "1,2")
    assert table == {"Points": {"ran": 1}, "Fit": {"ran": 2}, "Chained": {"ran": 2}}
    assert project.status("Chained", "--branches", "1,2") == {
        "Chained": "complete (2/2)",
        "Fit": "complete (2/2)",
        "Points": "complete",
    }
    assert project.status("Chained")["Chained"] == "complete (2/3), missing (1/3)"
    table = project.run("Chained")
    assert table["Chained"] == {"ran": 1, "up to date": 2}
    assert project.status("Chained")["Fit"] == "complete (3/3)"


def test_folders_as_outputs_of_branches(project):
    project.law("Folders")
    assert project.status("Folders")["Folders"] == "complete (3/3)"
    (project.store / "Folders/v1/rate=2/two.json").write_text("put there by somebody")
    assert project.status("Folders")["Folders"] == (
        "complete (2/3), stale (1/3): 1x output rate=2 was edited or replaced"
    )
