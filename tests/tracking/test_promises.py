"""The promises of reruns, with tasks that know nothing of models; see docs/reruns.md."""

import json
import os
import shutil

import pytest
from law_commands import summary

UP_TO_DATE = {"Report": {"up to date": 1}}


def test_everything_runs_once(project):
    assert project.run("Report") == {
        "Points": {"ran": 1},
        "Fit": {"ran": 3},
        "Report": {"ran": 1},
    }
    before = project.times()
    assert project.run("Report") == UP_TO_DATE
    assert project.times() == before
    assert project.lies() == []


def test_parameter(done):
    assert done.status("Report", "--epochs", "4") == {
        "Report": "stale: Fit would run first",
        "Fit": "stale (3/3): 3x parameter epochs 3 -> 4",
        "Points": "complete",
    }
    assert done.explained("Report", "--epochs", "4") == {
        "Points": "up to date",
        "Fit": "run",
        "Report": "run if changed",
    }
    table = done.run("Report", "--epochs", "4")
    assert table == {"Points": {"up to date": 1}, "Fit": {"ran": 3}, "Report": {"ran": 1}}
    assert set(done.status("Report", "--epochs", "4").values()) == {"complete", "complete (3/3)"}


def test_content_of_a_file_counts_and_not_its_date(done):
    os.utime(done.folder / "data.txt")
    assert done.run("Report") == UP_TO_DATE
    (done.folder / "data.txt").write_text("1 2 3 4 6")
    assert done.status("Report")["Points"] == "stale: input data.txt changed"
    table = done.run("Report")
    assert table == {"Points": {"ran": 1}, "Fit": {"ran": 3}, "Report": {"ran": 1}}


def test_same_bytes_cut_off_all_below(done):
    before = done.times()
    (done.folder / "data.txt").write_text("5 4 3 2 1")
    text = done.law("Report")
    assert summary(text) == {
        "Points": {"ran": 1},
        "Fit": {"cut off": 3},
        "Report": {"cut off": 1},
    }
    assert "cut off: Report" in text
    changed = {name for name, time in done.times().items() if before[name] != time}
    assert changed == {"Points/v1/points.json", "Points/v1/points.json.manifest.json"}
    assert done.run("Report") == UP_TO_DATE


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# a comment", "# another comment"),
        ("Return the weight", "Say the weight"),
        ("0.5 * weight + sum", "(0.5 * weight) +\\\n            sum"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(done, old, new):
    done.edit("toy_model.py", old, new)
    assert done.run("Report") == UP_TO_DATE


def test_code_counts(done):
    done.edit("toy_model.py", "weight = rate", "weight = 1.0 * rate")
    status = done.status("Report")
    assert status["Fit"].startswith("stale (3/3): 3x code Fit.run -> toy_model.fit changed")
    # the weights come out as they were, and the report does not reach that code
    assert done.run("Report") == {
        "Points": {"up to date": 1},
        "Fit": {"ran": 3},
        "Report": {"cut off": 1},
    }


def test_code_of_other_tasks_in_the_same_module_does_not_count(done):
    done.edit(
        "toy_tasks.py", "self.write(self.output(), sum(", "self.write(self.output(), 1 * sum("
    )
    assert done.status("Report") == {
        "Report": "stale: code Report.run changed",
        "Fit": "complete (3/3)",
        "Points": "complete",
    }
    assert done.run("Report") == {"Fit": {"up to date": 3}, "Report": {"ran": 1}}


def test_declared_version(done):
    done.edit("toy_tasks.py", 'class Points(Toy):\n    """Reads data.txt."""\n',
              'class Points(Toy):\n    """Reads data.txt."""\n    code_version = 2\n')  # fmt: skip
    status = done.status("Report")["Points"]
    assert "version of Points (absent) -> 2" in status


def test_new_branch_runs_alone(done):
    before = done.times()
    table = done.run("Report", "--rates", "3,1,2,4")
    assert table["Fit"] == {"ran": 1, "up to date": 3}
    after = done.times()
    fits = {name for name in before if name.startswith("Fit")}
    assert {name: after[name] for name in fits} == {name: before[name] for name in fits}
    # the numbers of the branches have changed, what they are has not
    assert done.status("Fit", "--rates", "4,3,2,1")["Fit"] == "complete (4/4)"


def test_deleted_intermediate_is_archived(done):
    for path in done.store.glob("Fit/v1/*/*.json"):
        if "manifest" not in path.name:
            path.unlink()
    assert done.status("Report") == {
        "Report": "complete",
        "Fit": "archived (3/3)",
        "Points": "complete",
    }
    assert done.run("Report") == UP_TO_DATE
    # something must read it
    done.edit(
        "toy_tasks.py", "self.write(self.output(), sum(", "self.write(self.output(), 1 * sum("
    )
    assert done.explained("Report")["Fit"] == "rebuild"
    table = done.run("Report")
    assert table == {"Points": {"up to date": 1}, "Fit": {"ran": 3}, "Report": {"ran": 1}}
    assert done.lies() == []


def test_deleted_output_that_is_asked_for_is_made(done):
    (done.store / "Report/v1/report.json").unlink()
    assert done.status("Report")["Report"] == "archived"
    assert done.run("Report") == {"Fit": {"up to date": 3}, "Report": {"ran": 1}}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("12.5000001", "output report.json was edited or replaced"),
        ("", "output report.json was truncated from "),
    ],
)
def test_changed_output_is_noticed(done, content, reason):
    report = done.store / "Report/v1/report.json"
    good = report.read_text()
    report.write_text(content)
    assert reason in done.status("Report")["Report"]
    assert done.run("Report")["Report"] == {"ran": 1}
    assert report.read_text() == good


def test_edit_that_keeps_size_and_date_is_noticed(done):
    report = done.store / "Report/v1/report.json"
    times = report.stat()
    report.write_text("9" * times.st_size)
    os.utime(report, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "edited" in done.status("Report")["Report"]


def test_damaged_intermediate_is_repaired_and_cuts_off(done):
    fit = done.store / "Fit/v1/rate=2/fit.json"
    good = fit.read_text()
    fit.write_text("0")
    assert done.status("Report")["Fit"].startswith(
        "complete (2/3), stale (1/3): 1x output fit.json"
    )
    assert done.explained("Report")["Report"] == "probably cut off"
    assert done.run("Report") == {
        "Points": {"up to date": 1},
        "Fit": {"ran": 1, "up to date": 2},
        "Report": {"cut off": 1},
    }
    assert fit.read_text() == good


def test_foreign_output_has_no_manifest(done):
    done.manifest("Points/v1/points.json").unlink()
    assert done.status("Report")["Points"].startswith("stale: no manifest: Points did not finish")
    assert done.run("Report")["Points"] == {"ran": 1}


@pytest.mark.parametrize("content", ["", "{", "[]", '{"task": 1}', '{"format": 1}', "\0\xff"])
def test_torn_manifest_vouches_for_nothing(done, content):
    done.manifest("Points/v1/points.json").write_text(content)
    assert "manifest not believed: it" in done.status("Report")["Points"]
    assert done.run("Report")["Points"] == {"ran": 1}


def test_manifest_of_another_task_is_told(done):
    shutil.copy(done.manifest("Report/v1/report.json"), done.manifest("Points/v1/points.json"))
    reason = "points.json.manifest.json speaks of Report, not of Points"
    assert reason in done.status("Report")["Points"]


def test_accepted_outputs_are_complete(done):
    done.edit("toy_model.py", "weight = rate", "weight = 1.0 * rate")
    before = {name: time for name, time in done.times().items() if "manifest" not in name}
    text = done.law("Report", "--accept")
    assert "not accepted  Report: what Fit makes is not settled" in text
    text = done.law("Report", "--accept=-1")
    assert "accepted      Fit 2: code Fit.run -> toy_model.fit changed" in text
    assert "3 accepted" in text
    after = {name: time for name, time in done.times().items() if "manifest" not in name}
    assert after == before
    assert done.run("Report") == UP_TO_DATE
    manifest = json.loads(done.manifest("Fit/v1/rate=2/fit.json").read_text())
    assert manifest["accepted"][0]["in spite of"][0] == "code Fit.run -> toy_model.fit changed"
    assert "in spite of code Fit.run -> toy_model.fit changed" in done.law("Report", "--origin")


def test_missing_output_cannot_be_accepted(done):
    done.edit(
        "toy_tasks.py", "self.write(self.output(), sum(", "self.write(self.output(), 1 * sum("
    )
    (done.store / "Report/v1/report.json").unlink()
    assert "not accepted  Report: output report.json was removed" in done.law("Report", "--accept")


def test_outputs_without_a_manifest_need_a_word_of_their_own(done):
    shutil.rmtree(done.store / "Points")
    fit = done.store / "Fit/v1/rate=2"
    done.manifest("Fit/v1/rate=2/fit.json").unlink()
    text = done.law("Report", "--accept=-1")
    assert (
        "not accepted  Fit 2: no manifest: Fit did not finish, or did not make what is there; "
        "--adopt takes files as they are, if you know that they are whole\n"
    ) in text
    assert text.endswith("0 accepted\n")
    assert not done.manifest("Fit/v1/rate=2/fit.json").exists()
    # what they were made from is not known as long as that is not there
    refusal = "not adopted  Fit 2: what Points makes is not settled; adopt or accept that first"
    assert refusal in done.law("Report", "--adopt=-1")
    done.law("Points")
    size = (fit / "fit.json").stat().st_size
    text = done.law("Report", "--adopt=-1")
    assert f"adopted      Fit 2: fit.json ({size:,} bytes), log.json (8 bytes)\n" in text
    assert text.endswith("1 adopted\n")
    # nobody knows whether what was adopted can be read without the code of its task
    assert done.run("Report") == {"Fit": {"up to date": 3}, "Report": {"ran": 1}}
    (entry,) = json.loads(done.manifest("Fit/v1/rate=2/fit.json").read_text())["accepted"]
    assert entry["in spite of"][0].startswith("no manifest: ")


def test_output_that_is_shorter_than_it_was_needs_a_word_of_its_own(done):
    report = done.store / "Report/v1/report.json"
    whole = report.read_bytes()
    report.write_bytes(whole[:3])
    text = done.law("Report", "--accept")
    assert "not accepted  Report: output report.json was truncated from " in text
    assert "to 3 bytes; --adopt takes it as it is, if you know that it is whole\n" in text
    assert done.status("Report")["Report"].startswith("stale: output report.json was truncated")
    assert "adopted      Report: report.json (3 bytes)\n" in done.law("Report", "--adopt")
    assert done.status("Report")["Report"] == "complete"


def test_half_an_output_is_not_adopted(done):
    done.manifest("Fit/v1/rate=2/fit.json").unlink()
    (done.store / "Fit/v1/rate=2/log.json").unlink()
    text = done.law("Fit", "--adopt")
    assert "not adopted  Fit 2: output log.json is not there\n" in text
    assert text.endswith("0 adopted\n")


def test_outputs_with_a_manifest_are_not_adopted(done):
    done.edit("toy_model.py", "weight = rate", "weight = 1.0 * rate")
    text = done.law("Fit", "--adopt")
    assert text.count("it has a manifest; --accept is for outputs that are known") == 3
    assert text.endswith("0 adopted\n")


def test_environment_is_compared_on_request(done):
    path = done.manifest("Report/v1/report.json")
    manifest = json.loads(path.read_text())
    manifest["environment"]["packages"]["numpy"] = "1.0"
    path.write_text(json.dumps(manifest))
    assert done.status("Report")["Report"] == "complete"
    compare = ("--compare-environment", "numpy,python")
    assert "stale: environment numpy 1.0 -> " in done.status("Report", *compare)["Report"]
    assert done.run("Report", *compare)["Report"] == {"ran": 1}
    status, text = done.attempt("Report", "--compare-environment", "nunpy")
    assert status != 0
    assert "did you mean 'numpy'" in text


def test_moved_store_is_complete(done, tmp_path):
    moved = tmp_path / "elsewhere" / "data"
    shutil.copytree(done.store, moved)
    shutil.rmtree(done.store)
    assert done.run("Report", TOY_STORE=str(moved)) == UP_TO_DATE
    assert done.run("Report", "--workers", "2", TOY_STORE=str(moved)) == UP_TO_DATE


def test_two_stores_are_told_apart(done, tmp_path):
    done.law("Fit")
    status = done.status("Fit", TOY_STORE=str(tmp_path / "empty"))
    assert status["Fit"] == "missing (3/3)"


def test_file_that_is_no_longer_there_changes_nothing(done, tmp_path):
    (done.folder / "data.txt").rename(tmp_path / "data.txt")
    note = "complete (input data.txt not compared: No such file or directory)"
    assert done.status("Report")["Points"] == note
    assert done.run("Report") == UP_TO_DATE
    assert done.run("Report", TOY_DATA=str(tmp_path / "data.txt")) == UP_TO_DATE


def test_removal_takes_manifests_along(done):
    done.law("Report", "--remove-output=-1,a")
    assert done.times() == {}


def test_status_of_each_branch(done):
    (done.store / "Fit/v1/rate=4/fit.json").write_text("0")
    text = done.law("Report", "--print-status=-1,1")
    assert "0 1: complete" in text
    assert "2 4: stale: output fit.json was " in text
    text = done.law("Report", "--print-status=-1,0,missing")
    assert "missing branches: 2" in text


def test_acceptance_lets_stale_branches_be(done):
    (done.store / "Fit/v1/rate=4/fit.json").write_text("0")
    assert done.status("Report")["Report"] == "stale: Fit would run first"
    # law's acceptance is content with two of three fits, and the report reads what is there
    enough = ("--Fit-acceptance", "0.6")
    assert done.status("Report", *enough)["Report"] == "stale: input Fit/4/fit.json changed"
    table = done.run("Report", *enough)
    assert table == {"Fit": {"up to date": 2}, "Report": {"ran": 1}}
    assert done.status("Report", *enough)["Report"] == "complete"
