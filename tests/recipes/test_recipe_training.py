"""Trainings as recipes do them by default; all run once, in one process (trainings.py)."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from needs import skip_without

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.recipes import load_recipe, make_recipe, split
from cmsml_tasks.recipes.default_training import history_of

ROOT = Path(__file__).parents[2]
HZZ = ROOT.parent / "shared" / "data" / "uproot-HZZ.root"


def need_hzz():
    skip_without("" if HZZ.exists() else f"the CMS file {HZZ} is not here")


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trainings")
    command = [sys.executable, Path(__file__).with_name("trainings.py"), folder]
    done = subprocess.run(
        [*command, HZZ] if HZZ.exists() else command,
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "UserWarning" not in done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    return json.loads(line.removeprefix("RESULT "))


def test_demo_reaches_what_the_physics_allows(trained):
    history = trained["demo"]["history"]
    assert set(history) == {"loss", "auc", "val_loss", "val_auc"}
    assert all(len(values) == 20 for values in history.values())
    assert 0.87 < history["val_auc"][-1] < 0.95
    assert history["loss"][-1] < history["loss"][0]


def test_raw_features_are_normalised_inside_the_model(trained):
    assert trained["demo"]["mean"] == pytest.approx([0] * 10, abs=1e-3)
    assert trained["demo"]["std"] == pytest.approx([1] * 10, abs=1e-3)


def test_padding_becomes_zero_and_does_not_shift_the_mean(trained):
    first, second, third, fourth = np.array(trained["padding"]["rows"])
    # 10 and 12 come equally often: mean 11, deviation 1.
    assert first[0] == pytest.approx(-1, abs=0.15)
    assert second[:2] == pytest.approx([1, 1], abs=0.15)
    assert first[1] == 0
    assert third[0] == 0
    # A feature that never varied is only shifted; one without padding may take that value.
    assert [first[2], second[2]] == [0, 1]
    assert third[3] < -1000
    assert math.isnan(fourth[0])
    assert trained["padding"]["always"] == pytest.approx([0, 1], abs=2e-3)
    assert [feature["padding"] for feature in trained["padding"]["features"]] == [
        -7.5,
        -7.5,
        None,
        None,
    ]


def test_several_inputs_are_normalised_one_by_one(trained):
    for centred, deviation in trained["several_inputs"]:
        assert centred
        assert deviation == pytest.approx(1, abs=1e-3)


def test_missing_values_do_not_spoil_the_normalisation(trained):
    kept, mean, deviation = trained["missing"]
    assert kept
    assert mean == pytest.approx(0, abs=1e-3)
    assert deviation == pytest.approx(1, abs=1e-3)


def test_negative_weights_cancel(trained):
    left, middle, right = trained["weights"]["scores"]
    assert left > 0.8
    assert middle < 0.2
    assert right < left - 0.2
    assert all(math.isfinite(value) for value in trained["weights"]["history"]["val_loss"])


@pytest.mark.parametrize("kind", ["functional", "sequential", "subclassed", "dict"])
def test_all_kinds_of_models_are_compiled(trained, kind):
    history = trained["kinds"][kind]
    assert any("auc" in name for name in history)
    assert all(len(values) == 2 for values in history.values())
    assert history["loss"][1] < history["loss"][0]


@pytest.mark.parametrize("index", range(4))
def test_linear_outputs_are_trained_as_logits(trained, index):
    result = trained["logits"][index]
    history = result["history"]
    assert result["lowest"] < 0
    assert history["val_loss"][-1] == pytest.approx(result["expected"], rel=1e-3)
    assert history["loss"][-1] < history["loss"][0]
    # three classes overlap: even the best cut is right in 79 % only
    name, least = ("val_accuracy", 0.7) if index == 1 else ("val_auc", 0.85)
    assert history[name][-1] > least


def test_outputs_that_are_no_probabilities_are_refused(trained):
    messages = trained["no_probabilities"]
    for kind in ("tanh", "subclassed"):
        assert "which are no probabilities; end it with a sigmoid layer" in messages[kind]
    assert "a softmax of one output, which is always 1; use sigmoid" in messages["softmax"]


def test_metrics_of_several_numbers_become_several_lists(trained):
    assert list(trained["per_class"]["trained"])[:2] == ["f1[0]", "f1[1]"]
    assert all(len(values) == 2 for values in trained["per_class"]["trained"].values())
    assert {"loss", "f1[0]", "f1[1]"} == set(trained["per_class"]["history_of"])


def test_histories_become_what_json_can_hold():
    result = {"loss": np.array([1, np.nan], np.float32), "lr": (1, np.inf), "x": [-np.inf], "n": []}
    expected = {"loss": [1.0, "nan"], "lr": [1.0, "inf"], "x": ["-inf"], "n": []}
    assert history_of(result) == expected
    assert json.loads(json.dumps(history_of(result), allow_nan=False)) == expected
    assert history_of(None) == {}


@pytest.mark.parametrize(
    ("result", "what"),
    [
        ([0.5, 0.4], r"train\(\) returned list; end it with 'return history.history'"),
        (0.5, r"train\(\) returned float"),
        ({"loss": 0.5}, "'loss' is 0.5; it must be a list of numbers"),
        ({"loss": ["a"]}, "'loss' is .'a'.; it must"),
        ({"loss": [[1], [2, 3]]}, "'loss' is "),
    ],
)
def test_histories_of_other_kinds_are_refused(result, what):
    with pytest.raises(SettingsError, match=what):
        history_of(result)


def test_more_classes_are_judged_by_accuracy(trained):
    assert trained["three"]["val_accuracy"][-1] > 0.4
    assert "val_accuracy" in trained["two_outputs"]


def test_patience_stops_early(trained):
    assert 2 <= len(trained["patience"]["loss"]) < 60


def test_models_that_do_not_fit_the_target_are_refused(trained):
    assert "the target is not a class label" in trained["no_label"]
    assert "call model.compile(...) in build()" in trained["no_label"]
    assert "output shape (None, 2) for 3 classes; give it 3 outputs" in trained["wrong_units"]


def test_hzz_example_is_read(monkeypatch):
    need_hzz()
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(ROOT)
    monkeypatch.setenv("HZZ_FILES", str(HZZ))
    recipe = make_recipe(load_recipe("workflows.hzz.recipe.ZCandidate"))
    events = recipe.load(recipe.input_files())
    assert events.inputs.shape == (1413, 11)
    assert events.target.sum() == 1189
    weights = [events.weight[events.target == label].sum() for label in (0, 1)]
    assert weights[0] == pytest.approx(weights[1])
    data = split(events, fold=0, folds=3, by_checksum=True)
    assert data.split["column"] is None
    second_jet = events.inputs[:, [f["name"] for f in data.features].index("jet_pt[1]")]
    assert (second_jet == -999).sum() > 500
    assert second_jet[second_jet != -999].min() > 0


def test_hzz_example_learns_and_is_saved_without_classes_of_ours(trained):
    need_hzz()
    result = trained["hzz"]
    # few events: how well depends on the processor that trained
    assert 0.6 < result["history"]["val_auc"][-1] < 0.95
    assert result["same"]
    assert not result["own_classes"]
