"""From files and attributes to events."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from cmsml_tasks import EventRecipe
from cmsml_tasks.errors import DataError, SettingsError
from cmsml_tasks.recipes import split

COLUMNS = {
    "pt": np.array([10.0, 20.0, 30.0, 40.0]),
    "label": np.array([0, 1, 0, 1]),
    "w": np.array([1.0, 2.0, -0.5, 3.0]),
    "event": np.array([4, 3, 2, 1]),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def save(name="a.npz", **changes):
    np.savez(name, **{**COLUMNS, **changes})


def recipe(**attributes):
    class Mine(EventRecipe):
        files = ("*.npz",)
        target = "label"
        features = ("pt",)

        def build(self, data):
            raise NotImplementedError

    made = type("Mine", (Mine,), {"__module__": __name__, "__qualname__": "Mine", **attributes})
    if "samples" in attributes:
        made.files, made.target = (), None
    made.check()
    return made()


def loaded(**attributes):
    made = recipe(**attributes)
    return made.load(made.input_files())


def test_columns_enter_as_they_are(folder):
    save()
    events = loaded(weight="w", event="event")
    assert events.inputs.dtype == np.float32
    assert events.inputs.tolist() == [[10], [20], [30], [40]]
    assert events.target.tolist() == [0, 1, 0, 1]
    assert events.weight.tolist() == [1, 2, -0.5, 3]
    assert events.event.tolist() == [4, 3, 2, 1]
    assert (events.event_column, events.classes) == ("event", ["0", "1"])
    assert events.features == [{"name": "pt", "padding": None}]


def test_without_weight_and_event(folder):
    save()
    events = loaded()
    assert events.weight is None
    assert events.event is None


def test_selection_definitions_and_expressions(folder):
    save()
    events = loaded(
        define={"x": "pt / 10", "y": "x ** 2"},
        selection="x > 1",
        target="y > 10",
        features={"half": "y / 2", "const": "7"},
        weight="abs(w)",
    )
    assert events.inputs.tolist() == [[2, 7], [4.5, 7], [8, 7]]
    assert events.target.tolist() == [0, 0, 1]
    assert events.weight.tolist() == [2, 0.5, 3]


def test_samples_give_labels_scales_and_class_names(folder):
    save("s.npz", pt=np.full(4, 1.0))
    save("b.npz", pt=np.full(4, 2.0))
    save("c.npz", pt=np.full(4, 3.0))
    events = loaded(
        samples={
            "sig": ["s.npz"],
            "bkg": [{"files": "b.npz", "scale": 0.5}, {"files": "c.npz", "scale": 2}],
        },
        weight="w",
    )
    assert events.classes == ["bkg", "sig"]
    assert events.target.tolist() == [1] * 4 + [0] * 8
    assert events.weight.tolist() == [*COLUMNS["w"], *COLUMNS["w"] * 0.5, *COLUMNS["w"] * 2]
    scaled = loaded(samples={"sig": "s.npz", "bkg": {"files": ["b.npz", "c.npz"], "scale": 0.5}})
    assert scaled.weight.tolist() == [1] * 4 + [0.5] * 8
    assert loaded(samples={"sig": "s.npz", "bkg": ["b.npz", "c.npz"]}).weight is None


def test_three_classes(folder):
    for name in "xyz":
        save(f"{name}.npz")
    events = loaded(samples={name: f"{name}.npz" for name in "zyx"})
    assert events.target.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert events.classes == ["z", "y", "x"]
    for name in "yz":
        (folder / f"{name}.npz").unlink()
    assert loaded(target="where(pt > 35, 2, label)").classes == ["0", "1", "2"]


def test_classes_are_balanced(folder):
    save()
    events = loaded(balance_classes=True, weight="w")
    sums = [events.weight[events.target == label].sum() for label in (0, 1)]
    assert sums[0] == pytest.approx(sums[1])
    assert events.weight[2] == pytest.approx(-events.weight[0] / 2)
    assert sum(sums) == pytest.approx(COLUMNS["w"].sum())


def save_jagged(name="a.root", **changes):
    columns = {
        "jet": ak.Array([[5.0, 4.0, 3.0], [2.0], [], [9.0, 8.0]]),
        "label": np.array([0, 1, 0, 1]),
        **changes,
    }
    with uproot.recreate(name) as file:
        types = {key: ak.Array(column).type.content for key, column in columns.items()}
        file.mktree("Events", types)
        file["Events"].extend(columns)


def test_jagged_columns_are_padded(folder):
    save_jagged()
    events = loaded(files=["*.root"], features=["jet[:2]", "count(jet)", "jet[0] + 1"], padding=-1)
    assert [feature["name"] for feature in events.features] == [
        "jet[0]",
        "jet[1]",
        "count(jet)",
        "jet[0] + 1",
    ]
    assert [feature["padding"] for feature in events.features] == [-1, -1, None, -1]
    assert events.inputs.tolist() == [[5, 4, 3, 6], [2, -1, 1, 3], [-1, -1, 0, -1], [9, 8, 2, 10]]


def test_missing_selection_drops_the_event(folder):
    save_jagged()
    events = loaded(files=["*.root"], features=["jet[0]"], selection="jet[1] > 1")
    assert events.inputs.tolist() == [[5], [9]]


def test_fold_of_an_event_does_not_depend_on_files_or_selection(folder):
    rng = np.random.default_rng(1)
    label, pt = rng.integers(0, 2, 2000), rng.normal(size=2000)
    for column in ("event", None):
        save("a.npz", event=np.arange(2000), label=label, pt=pt, w=pt)
        third = {"fold": 0, "folds": 3, "by_checksum": column is None}
        whole = split(loaded(event=column), **third)
        seen = {row.tobytes() for row in whole.train.inputs}
        (folder / "a.npz").unlink()
        for name, rows in (("x", slice(1200, None)), ("y", slice(0, 1200))):
            part = {"event": np.arange(2000)[rows], "label": label[rows], "pt": pt[rows]}
            save(f"{name}.npz", **part, w=pt[rows])
        parts = split(loaded(event=column, selection="pt > 0"), **third)
        assert len(parts.train) > 300
        assert {row.tobytes() for row in parts.train.inputs} <= seen
        (folder / "x.npz").unlink()
        (folder / "y.npz").unlink()


NAN = np.array([1.0, np.nan, 2.0, 3.0])


@pytest.mark.parametrize(
    ("attributes", "columns", "parts"),
    [
        ({"features": ["ptt"]}, {}, ["a.npz: no array 'ptt'; did you mean 'pt'?"]),
        ({"event": "evnt"}, {}, ["a.npz: no array 'evnt'; did you mean 'event'?"]),
        (
            {},
            {"pt": NAN},
            ["a.npz: feature 'pt' is NaN or infinite in 1 of 4 events", "isfinite(pt)"],
        ),
        ({"features": ["1 / (pt - 10)"]}, {}, ["feature '1 / (pt - 10)' is NaN or infinite in 1"]),
        (
            {},
            {"pt": COLUMNS["pt"] * 1e37},
            ["feature 'pt' is beyond the range of float32", "in 1 of"],
        ),
        ({"weight": "w"}, {"w": NAN}, ["weight 'w' is NaN or infinite in 1 of 4 events"]),
        ({}, {"label": NAN}, ["target 'label' is NaN or infinite in 1 of 4"]),
        ({}, {"label": NAN + 0.5, "pt": NAN}, ["feature 'pt'"]),
        ({"target": "pt / 15"}, {}, ["target 'pt / 15' is not a whole number in 3 of 4 events"]),
        ({"target": "pt > 0"}, {}, ["target 'pt > 0' of 4 events in 1 file(s) is always 1"]),
        ({"target": "label * 2"}, {}, ["has the labels (label: events) 0: 2, 2: 2", "gaps"]),
        ({"target": "label + 1"}, {}, ["1: 2, 2: 2"]),
        ({"selection": "pt > 99"}, {}, ["a.npz: the selection 'pt > 99' keeps none of 4"]),
        ({"selection": "pt"}, {}, ["a.npz: selection 'pt' holds decimals; pt != 0 is a condition"]),
        ({"event": "w"}, {}, ["a.npz: event column 'w' has float64", "one integer per event"]),
        ({"event": "event"}, {"event": -COLUMNS["event"]}, ["negative in 4 of 4 events"]),
        (
            {"balance_classes": True, "weight": "-w"},
            {},
            ["weights of class '0' sum to -0.5; classes can only be balanced"],
        ),
        (
            {},
            {"pt": np.array([2**24 + 1, 2**24 + 2, 2**31 + 1, 3])},
            [
                "a.npz: feature 'pt' loses digits in 2 of 4 events: it has whole numbers up to "
                "2147483649",
                "subtract an offset, as in 'pt - 2147000000'",
            ],
        ),
        (
            {"features": {"x": "event + 2"}},
            {"event": np.array([2**63, 2**63 + 5, 0, 1], np.uint64)},
            ["feature 'x' loses digits in 2 of 4", f"{2**63 + 7}", "'(event + 2) - "],
        ),
        ({}, {"pt": np.full(4, 2**63 - 1)}, ["loses digits in 4 of 4"]),
        ({}, {"pt": np.zeros((4, 2))}, ["feature 'pt' has several values per event", "'pt[:2]'"]),
        ({}, {"label": np.zeros(3, int)}, ["columns of different lengths: label 3, pt 4"]),
        ({"features": ["sum(pt)"]}, {}, ["a.npz: feature 'sum(pt)': 'sum(pt)' cannot be computed"]),
        ({"define": {"x": "pt[0]"}}, {}, ["a.npz: definition of 'x': 'pt[0]' cannot"]),
        ({}, {name: column[:0] for name, column in COLUMNS.items()}, ["the files are empty"]),
    ],
)
def test_unusable_data_is_refused(folder, attributes, columns, parts):
    save(**columns)
    with pytest.raises(DataError) as caught:
        loaded(**attributes)
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ({"features": ["jet"]}, r"feature 'jet' has several values per event; take .*'jet\[:2\]'"),
        ({"features": ["jet * 2"]}, r"'\(jet \* 2\)\[:2\]' or one with \[0\]"),
        (
            {"features": ["jet > 3"]},
            r"'any\(jet > 3\)' or 'all\(jet > 3\)', or count with 'sum\(jet > 3\)'$",
        ),
        (
            {"selection": "jet > 3"},
            r"selection 'jet > 3' has several values per event; make one of them with 'any",
        ),
        ({"target": "jet > 3"}, r"target 'jet > 3' has several values .* with 'any\(jet > 3\)'"),
        ({"weight": "jet"}, r"weight 'jet' has .* first one with 'jet\[0\]', .*'max\(jet\)'"),
        ({"target": "jet[0] > 3"}, r"target 'jet\[0\] > 3' is missing in 1 of 4 events"),
        ({"weight": "jet[1]"}, r"weight 'jet\[1\]' is missing in 2 of 4 events"),
        ({"padding": 8}, r"feature 'jet\[1\]' takes the value 8 in 1 events.*choose another one"),
        ({"event": "jet"}, "event column 'jet' has several values per event"),
        ({"tree": "Evnts"}, "a.root: no tree 'Evnts'; did you mean 'Events'"),
    ],
)
def test_unusable_jagged_data_is_refused(folder, attributes, what):
    save_jagged()
    with pytest.raises(DataError, match=what):
        loaded(**{"files": ["*.root"], "features": ["jet[:2]"], **attributes})


def test_advised_expressions_work(folder):
    save_jagged()
    events = loaded(
        files=["*.root"],
        features=["(jet * 2)[:2]", "any(jet > 3)", "sum(jet > 3)"],
        selection="any(jet > 1)",
        weight="max(jet)",
        padding=-1,
    )
    assert events.inputs.tolist() == [[10, 8, 1, 2], [4, -1, 0, 0], [18, 16, 1, 2]]
    assert events.weight.tolist() == [5, 2, 9]


def test_large_whole_numbers_without_loss_are_accepted(folder):
    save(pt=np.array([2**24, 2**40, -(2**30), 2**25 + 4]))
    assert loaded().inputs[:, 0].astype(np.int64).tolist() == [2**24, 2**40, -(2**30), 2**25 + 4]


def test_error_names_the_file_among_several(folder):
    save("a.npz")
    save("b.npz", pt=NAN)
    with pytest.raises(DataError, match=r"b\.npz: feature 'pt'"):
        loaded()


def test_recipe_that_uses_no_column(folder):
    save()
    with pytest.raises(SettingsError, match="no expression of Mine uses a column"):
        loaded(features=["1"], target="1 > 0")


def test_sample_without_selected_events(folder):
    save("s.npz")
    save("b.npz", pt=np.zeros(4))
    with pytest.raises(DataError, match="sample 'bkg' has no events after the selection"):
        loaded(samples={"sig": "s.npz", "bkg": "b.npz"}, selection="pt > 0")


def test_file_of_no_sample(folder):
    save("s.npz")
    save("b.npz")
    made = recipe(samples={"sig": "s.npz", "bkg": "b.npz"})
    with pytest.raises(DataError, match=r"other\.npz: belongs to no sample of Mine"):
        made.load([str(folder / "other.npz")])
    with pytest.raises(DataError, match="no files to read"):
        made.load([])
