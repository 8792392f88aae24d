"""Folds and scans: branches are known by what they are."""

import json

import pytest
from command_line import ROOT, TINY, Shell
from law_commands import summary

ARGUMENTS = ("--version", "v1", "--recipe", TINY)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    shell = Shell(tmp_path_factory.mktemp("scan") / "store")
    text = shell.law(
        "ExportGraph", *ARGUMENTS, "--folds", "2", "--scan", "hidden_units=4:8", "--workers", "2"
    )
    assert "fold=1of2__hidden_units=8: epoch 1/1  " in text
    return shell


def folders(shell, task):
    return sorted(path.name for path in (shell.store / task / TINY / "v1").iterdir())


def test_path_says_what_a_branch_is(scanned):
    expected = [
        "fold=0of2__hidden_units=4",
        "fold=0of2__hidden_units=8",
        "fold=1of2__hidden_units=4",
        "fold=1of2__hidden_units=8",
    ]
    assert folders(scanned, "TrainModel") == expected
    assert folders(scanned, "ExportGraph") == expected


def test_fold_never_sees_its_own_events(scanned):
    folder = scanned.store / "ExportGraph" / TINY / "v1"
    for fold in (0, 1):
        card = json.loads((folder / f"fold={fold}of2__hidden_units=4" / "graph.json").read_text())
        assert card["split"]["fold"] == fold
        assert card["split"]["folds"] == 2
        history = scanned.store / "TrainModel" / TINY / "v1" / f"fold={fold}of2__hidden_units=4"
        events = json.loads((history / "history.json").read_text())["data"]["events"]
        assert events["train"] + events["validation"] == 300


def test_new_scan_point_leaves_the_others_alone(scanned):
    before = {name: (scanned.store / name).stat().st_mtime_ns for name in scanned.files()}
    scanned.law(
        "TrainModel", *ARGUMENTS, "--folds", "2", "--scan", "hidden_units=2:4:8", "--workers", "2"
    )
    after = {name: (scanned.store / name).stat().st_mtime_ns for name in scanned.files()}
    assert {name: after[name] for name in before} == before
    assert len(folders(scanned, "TrainModel")) == 6


def test_what_is_new_runs_alone(scanned, tmp_path):
    shell = scanned.copied_to(tmp_path)
    before = shell.times()
    wider = ("ExportGraph", *ARGUMENTS, "--folds", "2", "--scan", "hidden_units=4:6:8")
    assert shell.status(*wider)["ExportGraph"] == "complete (4/6), missing (2/6)"
    # law's number of this branch was that of another one before
    table = shell.run(*wider, "--branches", "3")
    assert table == {"TrainModel": {"ran": 1}, "ExportGraph": {"ran": 1}}
    assert shell.run(*wider) == {
        "TrainModel": {"ran": 1, "up to date": 5},
        "ExportGraph": {"ran": 1, "up to date": 5},
    }
    after = shell.times()
    assert {name: after[name] for name in before} == before
    new = {name.split("/")[3] for name in set(after) - set(before)}
    assert new == {"fold=0of2__hidden_units=6", "fold=1of2__hidden_units=6"}


def test_fold_of_a_scan_is_rebuilt(scanned, tmp_path):
    folder = f"ExportGraph/{TINY}/v1/fold=1of2__hidden_units=8"
    again = Shell(tmp_path / "store")
    done = again.tracking("rebuild", str(scanned.store / folder / "manifest.json"))
    assert done.status == 0, done.text
    assert "graph.pb    same bytes" in done.text
    assert folders(again, "TrainModel") == ["fold=1of2__hidden_units=8"]
    for name in ("graph.pb", "graph.json"):
        first, second = (shell.store / folder / name for shell in (scanned, again))
        assert first.read_bytes() == second.read_bytes()


def test_several_scans_multiply(shell):
    text = shell.law(
        "TrainModel",
        *ARGUMENTS,
        *("--scan", "hidden_units=2:4", "--scan", "layers=[2,3]:[4]", "--scan", "tag='a:b':c"),
        "--print-output=0",
    )
    assert text.count("model.keras") == 8
    assert text.count("hidden_units=2__layers=2x3-") == 2 * 3


def test_order_and_spelling_of_settings_make_no_other_task(tiny):
    shell, _ = tiny
    for settings in ("epochs=1,hidden_units=4", "hidden_units=4,epochs=1", "learning_rate=1e-3"):
        text = shell.law("TrainModel", *ARGUMENTS, "--settings", settings)
        assert summary(text) == {"TrainModel": {"up to date": 1}}


def test_short_name_gives_the_same_path(tiny, tmp_path):
    shell, _ = tiny
    config = tmp_path / "law.cfg"
    config.write_text((ROOT / "law.cfg").read_text() + f"\n[cmsml_tasks_recipes]\nmine: {TINY}\n")
    text = shell.law(
        "TrainModel", "--version", "v1", "--recipe", "mine", LAW_CONFIG_FILE=str(config)
    )
    assert summary(text) == {"TrainModel": {"up to date": 1}}


def test_subclassed_model_that_was_never_called(shell):
    recipe = "subclassed_recipes.SubclassedRecipe"
    text = shell.law("ValidateGraph", "--version", "v1", "--recipe", recipe)
    assert "input    input:0  float32 [batch, 3]" in text
    assert "output   output:0  float32 [batch, 1]" in text


def test_history_of_a_training_of_ones_own(shell):
    shell.law("TrainModel", "--version", "v1", "--recipe", "tiny_recipes.ClassicRecipe")
    history = json.loads(next(shell.store.glob("TrainModel/*/v1/history.json")).read_text())
    assert len(history["history"]["loss"]) == 2


def test_branches_never_share_a_folder(shell):
    recipe = ("--recipe", "tiny_recipes.OptionalRecipe", "--scan", 'opt=none:"None"')
    told = ("opt=None and opt='None'", "share the folder opt=None", "--version of its own")
    for task, option in (("TrainModel", "--workers=1"), ("ValidateGraph", "--explain")):
        shell.try_law(task, "--version", "v1", *recipe, option).refused(*told)
    assert shell.files() == []
