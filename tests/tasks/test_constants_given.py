"""Inputs that are set to a constant on the command line."""

import json

import numpy as np
import pytest
from command_line import ROOT
from needs import skip_without

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.tasks.values import parse_values, serialize_values

DDB = ROOT / "../shared/cases/graph_without_version/DDB.pb"
SHAPES = "input_1=[?,1,27],input_2=[?,60,8],input_3=[?,5,2]"
PHASE = "db_input_batchnorm/keras_learning_phase"


def test_production_graph_of_2018_is_validated(shell):
    skip_without("" if DDB.exists() else f"no production graph at {DDB}")
    source = ("--version", "v1", "--source", str(DDB), "--input-shapes", SHAPES)
    arguments = (*source, "--output-names", "ID_pred/Softmax=score")
    text = shell.law("ValidateGraph", *arguments)
    assert f"constant {PHASE}  bool false, for inference;" in text
    assert "end      not vouched for: the graph has no versions" in text
    card = json.loads((shell.store / "ExportGraph/DDB/v1/graph.json").read_text())
    assert card["constant_inputs"] == [
        {"name": PHASE, "dtype": "bool", "shape": [], "value": False, "default": True}
    ]
    assert card["end_of_source"].startswith("not vouched for")
    assert [each["name"] for each in card["inputs"]] == ["input_1", "input_2", "input_3"]
    assert not card["stateful"] or not any("dropout" in name for name in card["stateful"])
    status = shell.status("ExportGraph", *arguments, "--constant-inputs", f"{PHASE}=False")
    assert status == {"ExportGraph": f'stale (1/1): parameter constant_inputs "" -> {PHASE}=false'}
    wrong = ("--constant-inputs", "db_input_batchnorm/learning_phase=true")
    done = shell.try_law("ExportGraph", "--version", "v2", *arguments[2:], *wrong)
    done.refused("DDB.pb", "there is no such input; did you mean", PHASE)


def test_graph_of_a_recipe_is_held_against_the_model_with_that_constant(shell):
    recipe = ("--version", "v1", "--recipe", "tiny_recipes.GatedRecipe")
    text = shell.law("ValidateGraph", *recipe, "--constant-inputs", "gate=[[0.5]]")
    assert "constant gate  float32 [[0.5]]\n" in text
    (folder,) = (shell.store / "ExportGraph").glob("*/v1")
    card = json.loads((folder / "graph.json").read_text())
    assert [each["name"] for each in card["inputs"]] == ["features"]
    (constant,) = card["constant_inputs"]
    assert constant == {"name": "gate", "dtype": "float32", "shape": [1, 1], "value": [[0.5]]}
    with np.load(folder / "reference.npz") as reference:
        assert "inputs/features" in reference.files
        assert "inputs/gate" not in reference.files
        assert "validation" in reference["kind"]
    status = shell.status("ValidateGraph", *recipe)
    assert status["TrainModel"] == "complete (1/1)"
    assert "ExportGraph would run first" in status["ValidateGraph"]
    assert 'parameter constant_inputs gate=[[0.5]] -> ""' in status["ExportGraph"]
    both = ("--constant-inputs", "gate=[[1]]", "--constant-inputs", "features=[[1,2,3]]")
    done = shell.try_law("ExportGraph", *recipe, *both)
    done.refused("sets all inputs, 'features', 'gate'", "leave one to be fed")


@pytest.mark.parametrize(
    ("text", "values", "canonical"),
    [
        ("", {}, ""),
        ("b=True, a/x=FALSE", {"b": True, "a/x": False}, "a/x=false,b=true"),
        ("n=-3,x=1e-3", {"n": -3, "x": 0.001}, "n=-3,x=0.001"),
        ("x=[1,[2.5,nan]]", {"x": [1, [2.5, float("nan")]]}, "x=[1,[2.5,nan]]"),
        ("era=2018A,n='5'", {"era": "2018A", "n": "5"}, "era=2018A,n='5'"),
        ("t='true',s=''", {"t": "true", "s": ""}, "s='',t='true'"),
        (" p t = 1,x=2", {"p t": 1, "x": 2}, "p t=1,x=2"),
        ("w=['a,b',none]", {"w": ["a,b", "none"]}, "w=['a,b','none']"),
    ],
)
def test_values_are_read_and_written_one_way(text, values, canonical):
    parsed = parse_values("--constant-inputs", text)
    assert repr(parsed) == repr(values)
    assert serialize_values(parsed) == canonical
    assert repr(parse_values("--constant-inputs", canonical)) == repr(dict(sorted(values.items())))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x", "'x' is not name=value"),
        ("x=1,x=2", "'x' is given twice"),
        ("x=[1,2", "is never closed"),
        ("x=", "a value is missing"),
        ("=1", "name=value"),
    ],
)
def test_values_that_cannot_be_read(text, words):
    with pytest.raises(SettingsError, match=r"^--constant-inputs ") as caught:
        parse_values("--constant-inputs", text)
    assert words in str(caught.value)
    assert "write for example training=false" in str(caught.value)
