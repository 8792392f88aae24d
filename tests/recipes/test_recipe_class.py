"""What a recipe class may look like."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import ClassVar

import pytest

from cmsml_tasks import EventRecipe, Recipe
from cmsml_tasks.errors import SettingsError
from cmsml_tasks.recipes import recipe_name


class Jets(EventRecipe):
    samples = {"b": [Path("b_*.root")], "light": {"files": "l_*.root", "scale": 2}}
    tree = "Events"
    features = ("Jet_pt", "Jet_eta")
    extra: ClassVar[dict[str, int]] = {"a": 1}

    hidden_units: int = 64

    def build(self, data):
        raise NotImplementedError


class BetterJets(Jets):
    tree = "Better"
    hidden_units: int = 128


def test_plain_attributes_describe_the_data():
    description = Jets.description()
    assert description["samples"] == {"b": ["b_*.root"], "light": {"files": "l_*.root", "scale": 2}}
    assert description["features"] == ["Jet_pt", "Jet_eta"]
    assert description["extra"] == {"a": 1}
    assert description["weight"] is None
    assert "hidden_units" not in description
    assert json.loads(json.dumps(description)) == description
    assert list(description) == sorted(description)


def test_annotated_fields_are_settings():
    settings = Jets().settings()
    assert settings["hidden_units"] == 64
    assert "samples" not in settings
    assert BetterJets().settings() == settings | {"hidden_units": 128}
    assert BetterJets.description()["tree"] == "Better"
    assert Jets.description()["tree"] == "Events"


def test_overridden_settings_keep_their_limits():
    class Long(Jets):
        epochs: int = 100

    with pytest.raises(ValueError, match="at least 1"):
        Long(epochs=0)


def test_name_is_that_of_the_definition():
    assert recipe_name(Jets) == f"{__name__}.Jets"


def test_annotating_what_describes_the_data_is_refused():
    with pytest.raises(SettingsError, match=r"features is annotated.*features = \.\.\."):

        class Wrong(EventRecipe):
            features: list[str] = ["a"]


def test_setting_with_the_name_of_a_method_is_refused():
    with pytest.raises(SettingsError, match=r"Wrong\.load: a setting cannot have the name"):

        class Wrong(Recipe):
            load: int = 3


def test_files_as_a_method_is_refused():
    with pytest.raises(SettingsError, match=r"call it input_files\(\)"):

        class Wrong(Recipe):
            def files(self):
                return []


def test_attribute_that_is_no_data_is_refused():
    class Wrong(Jets):
        scaler: ClassVar[object] = object()

    with pytest.raises(SettingsError, match=r"Wrong\.scaler is a object"):
        Wrong.description()


def test_incomplete_recipe_is_refused():
    class Wrong(Recipe):
        pass

    with pytest.raises(SettingsError, match=r"must define build\(\) and load\(\)"):
        Wrong.check()


def test_recipe_without_files_reads_none():
    class Own(Recipe):
        def load(self, files):
            raise NotImplementedError

        def build(self, data):
            raise NotImplementedError

    assert Own().input_files() == []


class Whole(Recipe):
    def load(self, files):
        raise NotImplementedError

    def build(self, data):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("methods", "what"),
    [
        (
            {"build": lambda self: None},
            r"Wrong\.build\(self\) cannot .*; write def build\(self, data",
        ),
        ({"load": lambda self: None}, r"write def load\(self, files\)"),
        ({"load": lambda self, files, tree: None}, r"Wrong\.load\(self, files, tree\) cannot"),
        ({"build": lambda self, *, data: None}, r"write def build\(self, data\)"),
        ({"build": staticmethod(lambda: None)}, r"write def build\(self, data\)"),
        (
            {"train": lambda self, model, data: None},
            r"def train\(self, model, data, callbacks=\(\)",
        ),
        ({"input_files": lambda: []}, r"write def input_files\(self\)"),
        ({"generate": lambda cls, path: None}, r"write @classmethod def generate\(cls, path\)"),
        ({"generate": "events.npz"}, r"Wrong\.generate is a str, not a method"),
    ],
)
def test_methods_that_cannot_be_called_are_refused(methods, what):
    wrong = type("Wrong", (Whole,), {"__module__": __name__, "__qualname__": "Wrong", **methods})
    with pytest.raises(SettingsError, match=what):
        wrong.check()


@pytest.mark.parametrize(
    "methods",
    [
        {"build": lambda self, data, width=3: None, "load": lambda self, *files: None},
        {"build": staticmethod(lambda data: None), "load": classmethod(lambda cls, files: None)},
        {"train": lambda self, *arguments: None, "generate": staticmethod(lambda path: None)},
        {"generate": classmethod(lambda cls, path, seed=1: None)},
    ],
)
def test_methods_that_can_be_called_are_accepted(methods):
    right = type("Right", (Whole,), {"__module__": __name__, "__qualname__": "Right", **methods})
    assert right.check() is None


M_IS_Q = {"p": "q * 2", "m": "q > 1"}


@pytest.mark.parametrize(
    ("attributes", "what"),
    [
        ({"files": ["a.root"]}, "needs a target"),
        ({"files": ["a.root"], "target": "x", "samples": {"a": "a", "b": "b"}}, "one source"),
        ({}, "one source of events"),
        ({"samples": {"a": ["a"], "b": ["b"]}, "target": "x"}, "samples and a target"),
        ({"samples": {"a": ["a"]}}, "at least two classes"),
        ({"samples": {"a": ["a"], "b": []}}, "sample 'b' of Wrong must be a list of globs"),
        ({"samples": {"a": "a", "b": {"file": "b"}}}, "unknown key 'file'; did you mean 'files'"),
        ({"samples": {"a": "a", "b": {"files": "b", "scale": -1}}}, "scale -1 must be a number"),
        ({"files": [3], "target": "x"}, "files of Wrong must be a list of globs"),
        ({"files": ["a"], "target": 3}, "target of Wrong must be text"),
        ({"files": ["a"], "target": "x >"}, "target of Wrong: 'x >' is not an expression"),
        ({"files": ["a"], "target": "x", "features": []}, "has no features"),
        ({"files": ["a"], "target": "x", "features": "abc"}, "must be a list or a dict"),
        ({"files": ["a"], "target": "x", "features": ["a", "b", "a"]}, "'a' is there twice"),
        ({"files": ["a"], "target": "x", "features": ["a[0]", "a[:2]"]}, r"'a\[0\]' is there"),
        ({"files": ["a"], "target": "x", "features": {"p": "foo(a)"}}, "no function 'foo'"),
        ({"files": ["a"], "target": "x", "weight": "w["}, "weight of Wrong"),
        ({"files": ["a"], "target": "x", "padding": float("nan")}, "finite number"),
        ({"files": ["a"], "target": "x", "padding": "0"}, "padding of Wrong must be a number"),
        ({"files": ["a"], "target": "x", "balance_classes": "yes"}, "True or False"),
        ({"files": ["a"], "target": "x", "event": 5}, "event of Wrong must be text"),
        (
            {"files": ["a"], "target": "pt"},
            "feature 'pt' of Wrong is its target; the network would",
        ),
        (
            {"files": ["a"], "target": "( x>1 )", "features": {"f": "m"}, "define": {"m": "x > 1"}},
            "feature 'f' of Wrong is its target",
        ),
        (
            {"files": ["a"], "target": "m", "features": ["p", "q > 1"], "define": M_IS_Q},
            "feature 'q > 1' of Wrong is its target",
        ),
        ({"files": ["a"], "target": "x", "event": "pt"}, "feature 'pt' of Wrong is its event numb"),
        (
            {"samples": {"a": "a", "b": "b"}, "event": "e", "features": ["column('e')"]},
            "is its event number, which says nothing",
        ),
        ({"files": ["a"], "target": "x", "define": {"m": "m + 1"}}, "'m' of Wrong uses 'm'"),
        ({"files": ["a"], "target": "x", "define": {"m": "n", "n": "x"}}, "uses 'n'"),
        ({"files": ["a"], "target": "x", "define": ["m"]}, "define of Wrong must be a dict"),
        *(
            (
                {"files": ["a"], "target": "x", "define": {name: "x * 2"}},
                re.escape(f"{name!r} is {what} in"),
            )
            for name, what in (
                *(("pi", "a constant"), ("True", "a constant"), ("False", "a constant")),
                *(("lambda", "a word of Python"), ("None", "a word of Python")),
                *(("B-tag", "no name"), ("2lep", "no name"), ("1", "no name"), (" m", "no name")),
                *(("", "no name"), (1, "no name"), ("x + 1", "no name"), ("sum(q)", "no name")),
            )
        ),
    ],
)
def test_description_that_cannot_work_is_refused(attributes, what):
    body = {"features": ["pt"], **attributes, "build": lambda self, data: None}
    wrong = type("Wrong", (EventRecipe,), {"__module__": __name__, "__qualname__": "Wrong", **body})
    with pytest.raises(SettingsError, match=what):
        wrong.check()
