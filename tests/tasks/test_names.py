"""Names of inputs and outputs chosen on the command line."""

import json
import shutil

import keras
import numpy as np
import pytest
from command_line import TINY, Shell

RENAMED = ("--input-names", "features=x", "--output-names", "score=muon/score")


def card_of(shell, pattern):
    (path,) = shell.store.glob(f"ExportGraph/{pattern}/graph.json")
    return json.loads(path.read_text())


@pytest.fixture
def trained(tiny, tmp_path):
    """A store with the training of the tiny recipe, and no graph yet."""
    shell, _ = tiny
    shutil.copytree(shell.store / "TrainModel", tmp_path / "store" / "TrainModel")
    return Shell(tmp_path / "store")


def test_graph_of_a_recipe_is_validated_under_other_names(trained):
    arguments = ("--version", "v1", "--recipe", TINY)
    text = trained.law("ValidateGraph", *arguments, *RENAMED)
    assert "input    x:0  float32 [batch, 3]" in text
    assert "output   muon/score:0  float32 [batch, 1]" in text
    card = card_of(trained, "*/v1")
    assert [t["renamed_from"] for t in card["inputs"] + card["outputs"]] == ["features", "score"]
    (path,) = trained.store.glob("ValidateGraph/*/v1/validation.json")
    checks = {
        check["name"]: check
        for check in json.loads(path.read_text())["runtimes"]["session"]["checks"]
    }
    assert list(checks["reference outputs"]["numbers"]["tensors"]) == ["muon/score"]
    # the names are a part of what was made: the same again is there, others are made anew
    assert "muon/score:0" in trained.law("ExportGraph", *arguments, *RENAMED)
    other = ("--input-names", "x", "--output-names", "score=muon/score")
    status = trained.status("ValidateGraph", *arguments, *other)
    assert status["ExportGraph"] == "stale (1/1): parameter input_names features=x -> x"
    status = trained.status("ValidateGraph", *arguments)
    assert status == {
        "ValidateGraph": "stale (1/1): ExportGraph would run first",
        "ExportGraph": 'stale (1/1): parameter input_names features=x -> ""; '
        'parameter output_names score=muon/score -> ""',
        "TrainModel": "complete (1/1)",
    }
    assert trained.run("ExportGraph", *arguments) == {
        "TrainModel": {"up to date": 1},
        "ExportGraph": {"ran": 1},
    }
    card = card_of(trained, "*/v1")
    assert [t["name"] for t in card["inputs"] + card["outputs"]] == ["features", "score"]


def test_finished_models_are_validated_under_other_names(trained, tmp_path):
    arguments = ("--version", "v1", "--recipe", TINY)
    trained.law("ExportGraph", *arguments, "--output-names", "score")
    (graph,) = trained.store.glob("ExportGraph/*/v1/graph.pb")
    source = tmp_path / "net.pb"
    shutil.copy(graph, source)
    nodes = trained.python(
        "from cmsml_tasks.conversion import read_graph\n"
        f"print(*(n.name for n in read_graph({str(source)!r}).node if n.op == 'Relu'))"
    )
    hidden = nodes.split()[0]
    text = trained.law(
        *("ValidateGraph", "--version", "v1", "--source", str(source), "--input-names", "x"),
        *("--output-names", "score=muon/score", "--output-names", f"{hidden}=hidden"),
    )
    assert "output   muon/score:0" in text
    assert "output   hidden:0  float32 [batch, 4]" in text
    assert [t["name"] for t in card_of(trained, "net/v1")["outputs"]] == ["muon/score", "hidden"]
    with np.load(trained.store / "ExportGraph/net/v1/reference.npz") as reference:
        assert {"inputs/features", "outputs/score"} <= set(reference.files)
    text = trained.law(
        *("ValidateGraph", "--version", "v2", "--source", str(source)),
        *("--output-names", f"{hidden},score"),
    )
    assert [t["name"] for t in card_of(trained, "net/v2")["outputs"]] == [hidden, "score"]


def test_names_that_are_one_in_the_graph_are_told_apart_by_options(shell, tmp_path):
    source = tmp_path / "clash.keras"
    inputs = [keras.Input((1,), name=name) for name in ("a b", "a_b")]
    keras.Model(inputs, keras.layers.Add(name="c")(inputs)).save(source)
    arguments = ("ExportGraph", "--version", "v1", "--source", str(source))
    advice = "give them others: --input-names 'a b=name_1,a_b=name_2', or a name for each of"
    shell.try_law(*arguments).refused("'a b', 'a_b' would have one name in the graph", advice)
    text = shell.law(*arguments, "--input-names", "a b=z")
    assert "input    z:0  float32 [batch, 1], called 'a b' in the model\n" in text
    assert "input    a_b:0  float32 [batch, 1]\n" in text
    text = shell.law(*arguments, "--constant-inputs", "a b=[[1]]")
    assert "input    a_b:0  float32 [batch, 1]\n" in text
    done = shell.try_law(*arguments, "--constant-inputs", "ab=[[1]]")
    done.refused("--constant-inputs sets 'ab'", "did you mean 'a_b'?", "(inputs: 'a b', 'a_b')")


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("--input-names", "feature=x"), ("did you mean 'features'", "(inputs: 'features')")),
        (("--output-names", "a,b"), ("--output-names has 2 names ('a', 'b') for 1 o", "'score'")),
        (("--output-names", "score=features"), ("'features' would name more than one tensor",)),
    ],
)
def test_names_that_do_not_fit_the_model(trained, names, words):
    done = trained.try_law("ExportGraph", "--version", "v1", "--recipe", TINY, *names)
    done.refused(*words)
    assert not list(trained.store.glob("ExportGraph/**/graph.pb"))


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("--input-names", "a=b,c"), ("--input-names 'a=b,c' cannot be read", "found=wanted")),
        (("--input-names", "a=b=c"), ("cannot be read",)),
        (("--output-names", "a,,b"), ("--output-names 'a,,b': '' cannot be a name",)),
        (("--output-names", "a=my score"), ("'my score' cannot be a name", "use letters")),
        (("--output-names", "a=b:0"), ("'b:0' cannot be a name", "without ':0'")),
        (("--output-names", "=b"), ("does not say what to rename",)),
        (("--output-names", "a=c,b=c"), ("has 'c' twice",)),
        (("--output-names", "a=c", "--output-names", "a=d"), ("has 'a' twice",)),
        (("--input-names", "a,a"), ("has 'a' twice",)),
    ],
)
def test_names_that_cannot_be_read(shell, names, words):
    shell.try_law("ExportGraph", "--version", "v1", *names).refused("error: ", *words)
    assert not shell.store.exists()
