"""Mistakes are refused before anything runs: the value, why it is wrong, what to do."""

import pytest
from command_line import TINY, Shell


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("--version is missing", "--version v1")),
        (("--version", "../x"), ("'../x'", "cannot name a folder")),
        (("--version", "a b"), ("'a b'", "cannot name a folder")),
        (("--recipe", "no.such.Recipe"), ("no.such",)),
        (("--recipe", "tiny_recipes.TinyRecip"), ("TinyRecip", "did you mean", "TinyRecipe")),
        (("--recipe", "demos"), ("demos", "did you mean 'demo'")),
        (("--recipe", TINY, "--settings", "epoch=3"), ("epoch", "did you mean 'epochs'")),
        (("--recipe", TINY, "--settings", "epochs=many"), ("epochs", "many", "whole number")),
        (("--recipe", TINY, "--settings", "epochs=2.5"), ("epochs", "2.5")),
        (("--recipe", TINY, "--settings", "layers=64"), ("layers", "64", "list")),
        (("--recipe", TINY, "--settings", "layers=[64"), ("[64",)),
        (("--recipe", TINY, "--settings", "epochs"), ("epochs",)),
        (("--recipe", TINY, "--settings", "epochs=1,epochs=2"), ("epochs",)),
        (("--recipe", TINY, "--scan", "hidden_unit=1:2"), ("hidden_unit", "did you mean")),
        (("--recipe", TINY, "--scan", "epochs=1:x"), ("epochs", "cannot be x")),
        (("--recipe", TINY, "--scan", "learning_rate=0.1:1e-1"), ("learning_rate", "0.1")),
        (("--recipe", TINY, "--settings", "epochs=1", "--scan", "epochs=1:2"), ("epochs",)),
        (("--folds", "1"), ("--folds 1", "2 or more")),
        (("--folds", "-2"), ("--folds -2",)),
        (
            ("--recipe", "tiny_recipes.UnnumberedTable", "--folds", "2"),
            ("--folds: UnnumberedTable has no event", "folds_by_checksum = True"),
        ),
        (("--folds", "two"), ("--folds 'two'", "whole number")),
        (("--recipe", ""), ("--recipe is empty",)),
        (("--source", ""), ("--source is empty",)),
        (("--recipe", TINY, "--settings", "epochs=1", "--settings", "epochs=2"), ("epochs",)),
        (("--branch", "3"), ("--branch 3", "only 0")),
        (("--branch", "3", "--folds", "3"), ("--branch 3", "0 to 2")),
        (("--formats", "onnx"), ("onnx", "pb,pbtxt")),
        (("--formats", "pbtxt"), ("pb is missing",)),
        (("--source", "nowhere.keras"), ("nowhere.keras", "no such file")),
        (("--source", "red\x1b[31m.keras"), ("red\\x1b[31m.keras",)),
        (("--source", "README.md", "--input-shapes", "x=[?],x=[?]"), ("'x' is given twice",)),
        (("--source", "README.md", "--folds", "3"), ("--source", "--folds")),
        (("--input-shapes", "x=[?,3]"), ("--input-shapes", "--source")),
        (("--source", "README.md", "--input-shapes", "x=3"), ("x", "[?,10]")),
    ],
)
def test_wrong_parameter(shell, arguments, words):
    version = () if not arguments or "--version" in arguments else ("--version", "v1")
    shell.try_law("ExportGraph", *version, *arguments).refused("error: ", *words)
    assert not shell.store.exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--workers", "x"), ("--workers 'x' is not a whole number",)),
        (("--workers=x",), ("--workers 'x' is not a whole number",)),
        (("--branch", "x"), ("--branch 'x' is not a whole number",)),
        (("--worker-timeout", "1h"), ("--worker-timeout '1h' is not a whole number",)),
        (("--log-level", "loud"), ("--log-level 'loud' cannot be read: ", "DEBUG")),
        (
            ("--workflow", "htcondor", "--poll-interval", "abc"),
            ("--poll-interval 'abc' cannot be read: cannot parse duration string 'abc'",),
        ),
    ],
)
def test_option_of_law_or_luigi(shell, arguments, words):
    done = shell.try_law("ExportGraph", "--version", "v1", *arguments)
    done.refused("error: ", *words, "law run ExportGraph --help")
    (_,) = done.text.splitlines()
    assert not shell.store.exists()


def test_removal_that_nobody_can_confirm(shell):
    done = shell.try_law("ExportGraph", "--version", "v1", "--remove-output=-1")
    done.refused("nobody answers here", "--remove-output=-1,d says", "--remove-output=-1,a removes")


def test_other_settings_than_recorded_make_stale(tiny):
    shell, _ = tiny
    arguments = ("--version", "v1", "--recipe", TINY, "--settings", "epochs=2")
    before = shell.times()
    assert shell.status("ValidateGraph", *arguments) == {
        "ValidateGraph": "stale (1/1): ExportGraph would run first; TrainModel would run first",
        "ExportGraph": "stale (1/1): TrainModel would run first",
        "TrainModel": "stale (1/1): setting epochs 1 -> 2",
    }
    assert shell.times() == before


def test_bug_in_a_recipe_keeps_its_traceback(shell):
    done = shell.try_law("TrainModel", "--version", "v1", "--recipe", "tiny_recipes.BrokenRecipe")
    assert done.status != 0
    assert "NameError: name 'undefined_name' is not defined" in done.text
    assert done.text.count("Traceback") == 1, "only that of the recipe, none of luigi"
    assert shell.files() == []


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ("LambdaRecipe", ("Lambda", "before the first epoch")),
        ("NoConfigRecipe", ("get_config", "before the first epoch")),
        ("WrongKeyRecipe", ("['a', 'b']", "['features']", "before the first epoch")),
        ("FixedBatchRecipe", ("(100, 3)", "before the first epoch")),
    ],
)
def test_what_cannot_be_exported_fails_before_the_first_epoch(shell, recipe, words):
    done = shell.try_law("TrainModel", "--version", "v1", "--recipe", f"tiny_recipes.{recipe}")
    done.refused(*words)
    assert shell.files() == []


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (
            ("tiny_recipes.ForeignLabelsRecipe",),
            ("the labels (label: events) 2: 200 of 600 events", "2 classes (off, on)"),
        ),
        (
            ("tiny_recipes.UnnumberedRecipe", "--folds", "2"),
            ("load() gives no event numbers", "folds_by_checksum = True"),
        ),
        (
            ("own_layers.ForgetfulRecipe",),
            (
                "the saved file gives other numbers than the model in memory",
                "output 'score' is 0.",
                "for the first two validation rows",
                "before the first epoch",
            ),
        ),
        (
            ("own_layers.ElsewhereRecipe",),  # on the CPU, as the rows of the validation
            (
                "the saved file gives other numbers than the model in memory",
                "for validation row",
                "before the first epoch",
            ),
        ),
        (
            ("late_imports.HiddenRecipe",),
            (
                "Could not locate class 'Hidden'",
                "another process read it, which imports late_imports, tiny_recipes",
                "before the first epoch",
            ),
        ),
    ],
)
def test_what_would_come_out_wrong_fails_before_the_first_epoch(shell, arguments, words):
    done = shell.try_law("TrainModel", "--version", "v1", "--recipe", *arguments)
    done.refused(*words)
    assert "epoch 1/1" not in done.text
    assert shell.files() == []


@pytest.mark.parametrize("value", ["x", "-1", "inf", "nan"])
def test_tolerance_that_is_none(shell, value):
    done = shell.try_law("ValidateGraph", "--version", "v1", f"--atol={value}")
    done.refused(f"--atol '{value}' is not a number from 0 on")


def test_store_behind_an_unset_variable(tmp_path):
    done = Shell(tmp_path).try_law("ExportGraph", "--version", "v1", CMSML_STORE="$NOPE/store")
    done.refused("'$NOPE/store'", "not set")


def test_loss_that_is_no_number_ends_the_training(shell):
    done = shell.try_law(
        "TrainModel", "--version", "v1", "--recipe", "tiny_recipes.DivergingRecipe"
    )
    done.refused("the loss is ", "lower learning_rate")
    assert "epoch 3/3" not in done.text
    assert shell.files() == []
