"""An ingredient is a record: what it is used as, in which order, and as it was before the run."""

import json
import shutil

import pytest
from law_commands import summary


@pytest.fixture
def used(project):
    """A project of three files in two folders."""
    for name in ("sig/a.csv", "bkg/b.csv", "bkg/c.csv"):
        path = project.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(name)
    return project


def say(project, content):
    (project.folder / "used.json").write_text(json.dumps(content))


def test_file_that_moves_between_samples(used):
    say(used, {"sig": ["sig/a.csv"], "bkg": ["bkg/b.csv", "bkg/c.csv"]})
    used.law("Used")
    shutil.move(used.folder / "bkg/c.csv", used.folder / "sig/c.csv")
    say(used, {"sig": ["sig/a.csv", "sig/c.csv"], "bkg": ["bkg/b.csv"]})
    assert used.status("Used")["Used"] == "stale: input c.csv: bkg -> sig"


def test_file_whose_name_changes_as_it_moves(used):
    (used.folder / "sig/b.csv").write_text("another b")
    say(used, {"sig": ["sig/a.csv", "sig/b.csv"], "bkg": ["bkg/b.csv", "bkg/c.csv"]})
    used.law("Used")
    (used.folder / "sig/b.csv").rename(used.folder / "sig/b2.csv")
    (used.folder / "bkg/b.csv").rename(used.folder / "sig/b3.csv")
    say(used, {"sig": ["sig/a.csv", "sig/b2.csv", "sig/b3.csv"], "bkg": ["bkg/c.csv"]})
    assert used.status("Used")["Used"] == (
        "stale: input sig/b.csv is now b2.csv; input bkg/b.csv: bkg -> sig"
    )


def test_order_of_a_plain_list_and_folders_below_the_common_one_count(used):
    say(used, ["sig/a.csv", "bkg/b.csv"])
    used.law("Used")
    say(used, ["bkg/b.csv", "sig/a.csv"])
    assert used.status("Used")["Used"] == "stale: inputs in another order, bkg/b.csv first"
    shutil.copytree(used.folder / "sig", used.folder / "data/sig")
    shutil.copytree(used.folder / "bkg", used.folder / "data/bkg")
    say(used, ["data/sig/a.csv", "data/bkg/b.csv"])
    assert used.status("Used")["Used"] == "complete"
    shutil.move(used.folder / "data/bkg/b.csv", used.folder / "data/sig/b.csv")
    say(used, ["data/sig/a.csv", "data/sig/b.csv"])
    # by the folder a recipe may tell signal from background
    assert used.status("Used")["Used"].startswith("stale: input sig/a.csv is now a.csv; ")


def test_what_is_away_hides_nothing_else(used):
    say(used, {"sig": ["sig/a.csv"], "bkg": ["bkg/b.csv"]})
    used.law("Used")
    (used.folder / "bkg").rename(used.folder / "away")
    assert used.status("Used")["Used"] == "complete (inputs not compared: no bkg/b.csv)"
    text = used.law("Used")
    assert "Used: inputs not compared: no bkg/b.csv\n\nthis run" in text
    assert summary(text) == {"Used": {"up to date": 1}}
    (used.folder / "sig/a.csv").write_text("other")
    status = used.status("Used")["Used"]
    assert status == "stale: input a.csv changed (inputs not compared: no bkg/b.csv)"
    assert "input a.csv changed; inputs not compared: no bkg/b.csv" in used.law("Used", "--explain")


def test_what_was_digested_before_the_run_is_recorded(project):
    """The file is read, then something is asked for, and meanwhile the file is edited."""
    project.law("Foreign")
    with project.held("Late") as run:
        (project.folder / "data.txt").write_text("5 6 7")
        status, text = run.go_on()
    assert status != 0, text
    assert "Late is stale already: input data.txt changed while it ran; run it again" in text
    assert "Traceback" not in text
    assert summary(text)["Late"] == {"failed": 1}
    project.law("Late")
    assert json.loads((project.store / "Late/v1/late.json").read_text()) == "5 6 7"
    assert project.status("Late")["Late"] == "complete"


def test_it_is_said_whatever_luigi_checks(project):
    project.edit("law.cfg", "check_complete_on_run: True", "check_complete_on_run: False")
    with project.held("Points") as run:
        (project.folder / "data.txt").write_text("7 8 9")
        status, text = run.go_on()
    assert status != 0, text
    assert "Points is stale already: input data.txt changed while it ran" in text


def test_another_command_makes_again_what_is_read(done):
    """A reads what it has made with one setting, and B makes it with another meanwhile."""
    done.edit(
        "toy_tasks.py", "self.write(self.output(), sum(", "self.write(self.output(), 1 * sum("
    )
    done.edit("law.cfg", "check_complete_on_run: True", "check_complete_on_run: False")
    with done.held("Report") as run:
        done.law("Fit", "--epochs", "5")
        status, text = run.go_on()
    assert status != 0, text
    assert "Report is stale already: Fit was made again by another command while this ran" in text
    assert "parameter epochs 5 -> 3" in text
    assert done.status("Report")["Report"].startswith("stale: ")


def test_new_parameter_is_stale_or_the_class_says_what_its_absence_meant(done):
    old = 'class Points(Toy):\n    """Reads data.txt."""\n'
    done.edit("toy_tasks.py", old, f"{old}\n    bins = luigi.IntParameter(default=50)\n")
    status = done.status("Report")["Points"]
    # its class has changed as well, which is no question here
    assert "parameter bins (absent) -> 50" in status
    done.edit("toy_tasks.py", "(default=50)\n", "(default=50)\n    value_before = {'bins': 50}\n")
    assert "parameter bins" not in done.status("Report")["Points"]
    assert "parameter bins 50 -> 60" in done.status("Report", "--Points-bins", "60")["Points"]
    done.edit("toy_tasks.py", "{'bins': 50}", "{'bin': 50}")
    assert (
        "'bin', and no parameter that counts is called so; did you mean 'bins'?"
        in (done.status("Report")["Points"])
    )


SETS = """
class Boxes(Toy, law.LocalWorkflow):
    def create_branch_map(self):
        return [{"f": {"q", "r", "s"}}, {"f": {"t"}}]

    def tracked_files(self, data):
        return {"data.txt", "one.txt", "two.txt"}

    def output(self):
        return self.local_target(str(self.branch), "box.json")

    def run(self):
        self.write(self.output(), self.branch)


class Reading(Toy):
    reads = {"Boxes": ["box.json"]}

    def requires(self):
        return Boxes.req(self)

    def output(self):
        return self.local_target("reading.json")

    def run(self):
        self.write(self.output(), 1)
"""


@pytest.fixture
def sets(project):
    for name in ("one.txt", "two.txt"):
        (project.folder / name).write_text(name)
    with (project.folder / "toy_tasks.py").open("a") as file:
        file.write(SETS)
    return project


def test_sets_have_no_order(sets):
    sets.law("Reading", PYTHONHASHSEED="1")
    for seed in "234":
        status = sets.status("Reading", PYTHONHASHSEED=seed)
        assert status == {"Reading": "complete", "Boxes": "complete (2/2)"}


def test_files_that_are_said_to_be_read_and_are_not_made(sets):
    words = "Reading.reads names 'bix.json' of Boxes, which makes no such file; did you mean 'box"
    sets.law("Reading")
    sets.edit("toy_tasks.py", '["box.json"]', '["bix.json"]')
    for _ in range(2):
        status, text = sets.attempt("Reading")
        assert status
        assert "Traceback" not in text
        assert words in text
        shutil.rmtree(sets.store / "Reading", ignore_errors=True)
