"""From raw settings to recipes and scan points."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal

import pytest
from pydantic import Field, model_validator

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.recipes import (
    Recipe,
    make_recipe,
    parse_scan,
    parse_settings,
    scan_points,
    serialize_settings,
)


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Net(Recipe):
    hidden_units: int = 64
    layers: list[int] = [64, 32]
    shape: tuple[int, float] = (1, 0.5)
    rate: float = 0.1
    bias: bool = True
    tag: str = ""
    note: str | None = "x"
    limit: int | None = 3
    stops: list[int | None] = []
    words: list[str] = []
    cuts: dict[str, float] = {}
    activation: Literal["relu", "tanh"] = "relu"
    color: Color = Color.RED
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.0

    def load(self, files):
        raise NotImplementedError

    def build(self, data):
        raise NotImplementedError


class Needy(Net):
    masses: list[float]

    @model_validator(mode="after")
    def _rising(self):
        if self.masses != sorted(self.masses):
            raise ValueError("masses must rise")
        return self


def made(text, recipe=Net):
    return make_recipe(recipe, parse_settings(text))


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("epochs=50", "epochs", 50),
        ("rate=1e-3", "rate", 1e-3),
        ("rate=2", "rate", 2.0),
        ("bias=no", "bias", False),
        ("bias=1", "bias", True),
        ("tag=50", "tag", "50"),
        ("tag=none", "tag", "none"),
        ("note=none", "note", None),
        ("note='none'", "note", "none"),
        ("limit=None", "limit", None),
        ("limit=7", "limit", 7),
        ("stops=[1,none]", "stops", [1, None]),
        ("words=[none,a]", "words", ["none", "a"]),
        ("layers=[128]", "layers", [128]),
        ("layers=(1,2,3)", "layers", [1, 2, 3]),
        ("shape=[2,0.25]", "shape", (2, 0.25)),
        ("activation=tanh", "activation", "tanh"),
        ("color=blue", "color", Color.BLUE),
        ("patience=none", "patience", None),
    ],
)
def test_types_come_from_the_fields(text, name, value):
    result = getattr(made(text), name)
    assert result == value
    assert type(result) is type(value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("hiden_units=3", ["Net has no setting 'hiden_units'", "did you mean 'hidden_units'?"]),
        ("epochs=2.5", ["'epochs' of Net cannot be 2.5", "a whole number", "the default is 10"]),
        ("epochs=many", ["cannot be many", "a whole number"]),
        ("epochs=0", ["'epochs'", "cannot be 0", "at least 1"]),
        ("epochs=[1,2]", ["cannot be [1,2]", "a whole number"]),
        ("seed=-1", ["'seed'", "at least 0"]),
        ("validation_part=1", ["'validation_part'", "at least 2"]),
        ("learning_rate=0", ["'learning_rate'", "above 0"]),
        ("learning_rate=nan", ["'learning_rate'", "a number"]),
        ("patience=0", ["'patience'", "at least 1"]),
        ("rate=fast", ["'rate'", "cannot be fast", "a number", "the default is 0.1"]),
        ("bias=maybe", ["'bias'", "true or false", "the default is true"]),
        ("layers=64", ["'layers'", "a list of whole numbers, such as [64]"]),
        ("layers=[64,a]", ["'layers'", "[64,a]", "(item 2)", "a list of whole numbers"]),
        ("shape=[1]", ["a list of 2 (a whole number, a number), such as [64,0.1]"]),
        ("limit=x", ["a whole number or none"]),
        ("activation=selu", ["one of relu, tanh"]),
        ("cuts=3", ["'cuts'", "a dict, which only the class can give"]),
        ("color=green", ["one of red, blue"]),
        ("dropout=1", ["'dropout'", "a number, at least 0", "below 1"]),
        ("generate=1", ["'generate' describes the data of Net and cannot be set"]),
        ("epochs=x,rate=y", ["'epochs'", "'rate'"]),
    ],
)
def test_bad_values_are_refused_in_words(text, parts):
    with pytest.raises(SettingsError) as caught:
        made(text)
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_setting_without_default():
    with pytest.raises(SettingsError, match=r"'masses' of Needy has no default; give it with"):
        made("", Needy)
    assert made("masses=[1,2]", Needy).masses == [1.0, 2.0]
    with pytest.raises(SettingsError, match="settings of Needy: masses must rise"):
        made("masses=[2,1]", Needy)


def test_settings_are_resolved_and_in_the_order_of_the_fields():
    settings = made("shape=(3,1),color=blue,note='none',limit=none").settings()
    assert list(settings)[:2] == ["seed", "deterministic"]
    assert list(settings)[-1] == "dropout"
    assert settings["shape"] == [3, 1.0]
    assert settings["color"] == "blue"
    assert make_recipe(Net, settings).settings() == settings
    del settings["cuts"]  # only the class can give a dict
    assert made(serialize_settings(settings)).settings() == settings | {"cuts": {}}


def test_recipe_is_immutable():
    with pytest.raises(ValueError, match="frozen"):
        made("").epochs = 3


def points(settings="", *scan):
    return scan_points(Net, parse_settings(settings), parse_scan(scan))


def test_scan_is_a_product():
    assert points() == [{}]
    assert points("", "rate=0.1:0.2", "epochs=1:2") == [
        {"epochs": "1", "rate": "0.1"},
        {"epochs": "1", "rate": "0.2"},
        {"epochs": "2", "rate": "0.1"},
        {"epochs": "2", "rate": "0.2"},
    ]
    assert points("tag=x", "layers=[1]:[1,2]") == [{"layers": ["1"]}, {"layers": ["1", "2"]}]


@pytest.mark.parametrize(
    ("settings", "scan", "what"),
    [
        ("rate=1", "rate=1:2", "'rate' is in --settings and in --scan"),
        ("", "rate=0.1:0.2:1e-1", "same point twice: rate=0.1 and rate=1e-1"),
        ("", "epochs=1:x", "'epochs' of Net cannot be x"),
        ("", "epoch=1:2", "did you mean 'epochs'"),
        ("tags=1", "epochs=1:2", "did you mean 'tag'"),
    ],
)
def test_bad_scans_are_refused(settings, scan, what):
    with pytest.raises(SettingsError, match=what):
        points(settings, scan)
