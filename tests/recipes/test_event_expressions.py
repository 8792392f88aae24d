"""Expressions of a recipe, from files of every kind to events."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import uproot

from cmsml_tasks import EventRecipe
from cmsml_tasks.errors import DataError, SettingsError

EVENTS = 8
COLUMNS = {
    "event": np.arange(EVENTS),
    "label": np.arange(EVENTS) % 2,
    "pt": np.arange(EVENTS) * 10.0,
    "tag1": np.arange(EVENTS) > 0,
    "tag2": np.arange(EVENTS) > 3,
    "nJet": np.arange(EVENTS) % 3,
    "flag": np.arange(EVENTS),
}
JETS = [[50.0, 40.0], [20.0], [], [10.0, 5.0, 1.0], [], [35.0], [60.0], [25.0]]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(**attributes):
    class Mine(EventRecipe):
        files = ("events.*",)
        target = "label"
        features = ("pt",)

        def build(self, data):
            raise NotImplementedError

    made = type("Mine", (Mine,), {"__module__": __name__, "__qualname__": "Mine", **attributes})
    if "samples" in attributes:
        made.files, made.target = (), None
    made.check()
    recipe = made()
    return recipe.load(recipe.input_files())


def feature(text, **attributes):
    return loaded(features=[text], **attributes).inputs[:, 0].tolist()


def write_npz(**columns):
    np.savez("events.npz", **{**COLUMNS, **columns})


def write_parquet(**columns):
    pq.write_table(pa.table({**COLUMNS, **columns}), "events.parquet")


def write_root(name="events.root", **columns):
    with uproot.recreate(name) as file:
        table = {**COLUMNS, **columns}
        file.mktree("Events", {key: ak.Array(column).type.content for key, column in table.items()})
        file["Events"].extend(table)


def write_csv(name="events.csv", rows=EVENTS, **columns):
    table = {**COLUMNS, **columns}
    lines = [
        ",".join("" if v is None else str(v) for v in row)
        for row in zip(*table.values(), strict=True)
    ]
    with open(name, "w") as file:
        file.write("\n".join([",".join(table), *lines[:rows]]) + "\n")


GAP = [None if event == 5 else event % 2 for event in range(EVENTS)]
JAGGED = {
    "root": lambda: write_root(Jet_pt=ak.Array(JETS)),
    "parquet": lambda: write_parquet(Jet_pt=JETS),
}
NULLABLE = {"csv": lambda: write_csv(n=GAP), "parquet": lambda: write_parquet(n=GAP)}


@pytest.mark.parametrize("kind", JAGGED)
def test_a_selection_keeps_what_it_names(kind):
    JAGGED[kind]()
    for text, kept, note in (
        ("(count(Jet_pt) == 0) | (Jet_pt[0] < 30)", [10, 20, 30, 40, 70], ""),
        ("~(Jet_pt[0] > 30)", [10, 20, 30, 40, 70], "; in 2 of them all, a missing value"),
        ("Jet_pt[0] > 30", [0, 50, 60], "; in 2 of them all, a missing value"),
        ("any(Jet_pt > 30)", [0, 50, 60], ""),
        ("not any(Jet_pt > 30) and pt < 35", [10, 20, 30], ""),
    ):
        events = loaded(selection=text)
        assert events.inputs[:, 0].tolist() == kept
        (line,) = events.notes
        assert line.startswith(f"selection '{text}' keeps {len(kept)} of 8 events{note}")


@pytest.mark.parametrize("kind", NULLABLE)
def test_the_same_rule_holds_for_fields_that_are_empty(kind):
    NULLABLE[kind]()
    for text, kept in (
        ("n != 1", [0, 20, 40, 50, 60]),
        ("n == 1 or pt == 0", [0, 10, 30, 70]),
        ("not n == 1", [0, 20, 40, 50, 60]),
        ("n < 5", [0, 10, 20, 30, 40, 60, 70]),
    ):
        events = loaded(selection=text)
        assert events.inputs[:, 0].tolist() == kept
        (line,) = events.notes
        assert f"keeps {len(kept)} of 8 events; in 1 of them all, a missing" in line
    assert loaded(selection="isfinite(n)").notes == [
        "selection 'isfinite(n)' keeps 7 of 8 events",
    ]
    assert loaded().notes == []


def test_selections_of_several_files_add_up():
    write_csv("events.csv", n=GAP)
    write_csv("events.1.csv", n=GAP)
    (line,) = loaded(files=["events*.csv"], selection="n != 1").notes
    assert line.startswith("selection 'n != 1' keeps 10 of 16 events; in 2 of them all")


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ({"target": "n > 0"}, "target 'n > 0' is missing in 1 of 8 events"),
        ({"target": "not n > 0"}, "target 'not n > 0' is missing in 1 of 8 events"),
        ({"target": "where(n > 0, 1, 0)"}, "is missing in 1 of 8 events"),
        ({"target": "n"}, "target 'n' is"),
        ({"weight": "1 + (n > 0)"}, r"weight '1 \+ \(n > 0\)' is missing in 1 of 8 events"),
        ({"target": "sqrt(pt - 25) > 5"}, "is missing in 3 of 8 events.* NaN there; demand it"),
    ],
)
def test_target_and_weight_are_never_guessed(attributes, what):
    write_parquet(n=GAP)
    with pytest.raises(DataError, match=what):
        loaded(**attributes)


def test_target_and_weight_that_something_else_decides_are_taken():
    write_parquet(n=GAP)
    assert loaded(target="label == 1 or n > 0").target.tolist() == [0, 1, 0, 1, 0, 1, 0, 1]
    assert loaded(target="n > 0", selection="isfinite(n)").target.tolist() == [0, 1, 0, 1, 0, 0, 1]
    assert loaded(weight="where(isnan(n), 3, 1)").weight.tolist() == [1, 1, 1, 1, 1, 3, 1, 1]


@pytest.mark.parametrize("kind", JAGGED)
def test_padding_behind_a_comparison(kind):
    JAGGED[kind]()
    features = {
        "Jet_pt[0] > 30": [1, 0, -1, 0, -1, 1, 1, 0],
        "not Jet_pt[0] > 30": [0, 1, -1, 1, -1, 0, 0, 1],
        "where(Jet_pt[0] > 30, 2, 3)": [2, 3, -1, 3, -1, 2, 2, 3],
        "max(Jet_pt) > 30": [1, 0, -1, 0, -1, 1, 1, 0],
        "where(count(Jet_pt) > 0, Jet_pt[0], 0)": [50, 20, 0, 10, 0, 35, 60, 25],
        "count(Jet_pt) > 0 and Jet_pt[0] > 30": [1, 0, 0, 0, 0, 1, 1, 0],
        "any(Jet_pt > 30)": [1, 0, 0, 0, 0, 1, 1, 0],
        "sum(Jet_pt)": [90, 20, 0, 16, 0, 35, 60, 25],
        "isnan(Jet_pt[0])": [0, 0, 1, 0, 1, 0, 0, 0],
    }
    events = loaded(features=list(features), padding=-1)
    assert events.inputs.T.tolist() == list(features.values())
    # what the signature card says of each
    assert [entry["padding"] for entry in events.features] == [-1] * 4 + [None] * 5


def test_columns_of_two_dimensions_are_never_padded():
    columns = {"xy": np.arange(2.0 * EVENTS).reshape(EVENTS, 2)}
    write_npz(**columns)
    write_root(**columns)
    for files in (["events.npz"], ["events.root"]):
        events = loaded(files=files, features=["xy[:2]", "max(xy) > 3", "sum(xy)"])
        assert [entry["padding"] for entry in events.features] == [None] * 4
        assert events.inputs[:, :2].tolist() == columns["xy"].tolist()
        with pytest.raises(DataError, match=r"xy\[2\]: each event has 2 values"):
            loaded(files=files, features=["xy[:3]"])


def test_columns_with_gaps_are_padded():
    ok = [None if event == 5 else event % 3 == 1 for event in range(EVENTS)]
    write_parquet(n=GAP, ok=ok)
    events = loaded(features=["n", "ok", "n > 0", "not ok", "pt"], padding=-1)
    assert [entry["padding"] for entry in events.features] == [-1, -1, -1, -1, None]
    assert events.inputs[5].tolist() == [-1, -1, -1, -1, 50]
    assert events.inputs[4].tolist() == [0, 1, 0, 0, 40]
    assert feature("pt", selection="ok", target="pt > 20") == [10, 40, 70]
    assert feature("pt", selection="not ok") == [0, 20, 30, 50, 60]


def test_bools_are_counts():
    write_npz()
    assert feature("(pt > 30) + (pt > 50)") == [0, 0, 0, 0, 1, 1, 2, 2]
    assert feature("tag1 + tag2") == [0, 1, 1, 1, 2, 2, 2, 2]
    assert feature("tag2 - tag1") == [0, -1, -1, -1, 0, 0, 0, 0]
    assert loaded(target="tag1 + tag2").target.tolist() == [0, 1, 1, 1, 2, 2, 2, 2]
    assert loaded(weight="tag1 + tag2 + 1").weight.tolist() == [1, 2, 2, 2, 3, 3, 3, 3]


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ({"features": ["where(nJet and flag, 1, 0)"]}, "nJet holds integers; nJet != 0 is a"),
        ({"target": "nJet or flag"}, "nJet holds integers; nJet != 0 is a condition"),
        ({"selection": "nJet"}, "events.npz: selection 'nJet' holds integers; nJet != 0 is a"),
        ({"selection": "flag & 2"}, r"'flag & 2' holds integers; \(flag & 2\) != 0 is"),
        ({"features": ["pt[nJet]"]}, "there is only one value per event"),
        (
            {"features": ["flag // 0"]},
            "feature 'flag // 0': 'flag // 0' divides by an integer that is 0 in 8 of 8 events",
        ),
        (
            {"features": ["pt / nJet"]},
            r"'pt / nJet' divides by an integer that is 0 in 3 of 8 events; demand 'nJet != 0' in "
            r"the selection, or write where\(nJet != 0, pt / nJet, 0\)",
        ),
        ({"selection": "flag % nJet == 0"}, "'flag % nJet' divides .* in 3 of 8 events"),
        ({"define": {"q": "flag // nJet"}, "features": ["q"]}, "feature 'q': 'flag // nJet' div"),
        ({"weight": "flag + 2 ** 53"}, "that float64 does not hold .* in 4 of 8 events; divide"),
        ({"features": ["flag * 10 ** 18 * 2"]}, "leaves the integers of 64 bits in 3 of 8"),
    ],
)
def test_numbers_are_not_bent(attributes, what):
    write_npz()
    with pytest.raises(DataError, match=what):
        loaded(**attributes)


def test_divisions_by_zero_that_do_not_decide():
    write_npz()
    wanted = [1, 1, 4, 2, 7]
    define = {"q": "flag // nJet"}
    assert feature("q", define=define, selection="nJet > 0") == wanted
    assert feature("q", define=define, selection="nJet > 0 and q > 0") == wanted
    assert feature("where(nJet != 0, flag // nJet, -1)") == [-1, 1, 1, -1, 4, 2, -1, 7]


def test_names_that_are_no_expressions():
    names = ["lambda", "2lep", "\u00b5_pt", "B-tag", "is"]
    write_root(**dict.fromkeys(names, COLUMNS["pt"]))
    for name in ("lambda", "2lep", "is", "class"):
        with pytest.raises(SettingsError, match=rf"of that name is written column\('{name}'\)$"):
            loaded(features=[name])
    for text in ("B-tag", "log1p(B-tag) * 2"):
        with pytest.raises(DataError, match=r"'B'.*; 'B-tag' is written column\('B-tag'\)"):
            loaded(features=[text])
    with pytest.raises(DataError, match=r"no branch 'B'[^-]*, B-tag,[^-]*$"):
        loaded(features=["B - tag"])
    for text in ("\u00b5_pt", *(f"column('{name}')" for name in names)):
        assert feature(text) == COLUMNS["pt"].tolist()


def test_a_file_that_is_only_a_header():
    write_csv("events.csv")
    write_csv("events.1.csv", rows=0)
    for text in ("tag1", "not tag2", "tag1 & (pt > 5)", "tag1 and tag2", "(flag & 3) != 1"):
        with_header = loaded(files=["events*.csv"], selection=text, event="event")
        alone = loaded(files=["events.csv"], selection=text, event="event")
        assert with_header.inputs.tolist() == alone.inputs.tolist() != []
        assert with_header.features == alone.features


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_event_numbers_are_exact_or_refused(kind):
    write = {"csv": write_csv, "parquet": write_parquet}[kind]
    large = [2**53 + event for event in range(EVENTS)]
    write(event=large)
    assert loaded(event="event").event.tolist() == large
    large = np.array([2**64 - 1 - event for event in range(EVENTS)], np.uint64)
    write(event=large)
    assert loaded(event="event").event.tolist() == large.tolist()
    for column, what in (
        (
            [None, *range(1, EVENTS)],
            "event column 'event' is missing in 1 of 8 events; it must hold one",
        ),
        ([-1, *range(1, EVENTS)], "event column 'event' is negative in 1 of 8 events"),
        ([0.5, *range(1, EVENTS)], "event column 'event' has float64"),
    ):
        write(event=[float(n) for n in column] if column[0] == 0.5 else column)
        with pytest.raises(DataError, match=what):
            loaded(event="event")


def test_event_numbers_that_repeat_are_told():
    # across samples numbers may be the same
    write_csv("a.csv", event=[7, 7, 7, 8, 9, 10, 11, 11])
    write_csv("b.csv")
    samples = {"sig": ["a.csv"], "bkg": ["b.csv"]}
    wanted = "5 of 8 events of sample 'sig' share their number 'event' with another one of it"
    (line,) = loaded(samples=samples, event="event").notes
    assert line.startswith(wanted)
    assert loaded(samples=samples, event="event", selection="flag > 4 and flag < 7").notes == [
        "selection 'flag > 4 and flag < 7' keeps 4 of 16 events"
    ]
    (line,) = loaded(files=["?.csv"], event="event").notes
    assert line.startswith("6 of 16 events of all files share their number")


@pytest.mark.parametrize(
    ("name", "other"),
    [("pi", "3.141592653589793"), ("True", "(1 == 1)"), ("False", "(1 == 0)"), ("0", "+0")],
)
def test_columns_that_are_called_as_constants_are(name, other):
    write_npz()
    assert feature(name) == [{"pi": np.float32(np.pi)}.get(name, name == "True")] * EVENTS
    np.savez("events.npz", **COLUMNS, **{name: COLUMNS["pt"] * 2})
    with pytest.raises(DataError) as caught:
        feature(name)
    assert f"has a column '{name}', which is a constant in '{name}'" in str(caught.value)
    assert f"write column('{name}') for the column, or {other} for the" in str(caught.value)
    assert feature(f"column('{name}')") == (COLUMNS["pt"] * 2).tolist()
    assert feature(f"{other} * 2")[0] == pytest.approx(2 * eval(other))
    if name != "0":
        with pytest.raises(DataError, match="for the column"):
            feature("pt", define={"m": f"pt * {name}"})


def test_definitions_that_are_called_as_functions_are():
    write_npz()
    assert feature("sum + abs(sum)", define={"sum": "pt * 2"}) == (COLUMNS["pt"] * 4).tolist()
