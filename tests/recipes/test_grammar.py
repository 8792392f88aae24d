"""The text of --settings and --scan."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmsml_tasks.errors import SettingsError
from cmsml_tasks.recipes.settings.grammar import (
    Bare,
    parse_scan,
    parse_settings,
    serialize_scan,
    serialize_settings,
)

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
VALUES = st.recursive(st.text(), lambda inner: st.lists(inner, max_size=4), max_leaves=8)
SETTINGS = st.dictionaries(NAMES, VALUES, max_size=5)
SCANS = st.dictionaries(NAMES, st.lists(VALUES, min_size=1, max_size=4), max_size=4)


@given(SETTINGS)
def test_settings_round_trip(settings):
    assert parse_settings(serialize_settings(settings)) == settings


@given(SCANS)
def test_scan_round_trip(scan):
    assert parse_scan(serialize_scan(scan)) == scan


@given(SETTINGS)
def test_canonical_text_is_stable(settings):
    text = serialize_settings(settings)
    assert serialize_settings(parse_settings(text)) == text
    assert serialize_settings(dict(reversed(settings.items()))) == text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ("  ", {}),
        ("epochs=50,hidden_units=128", {"epochs": "50", "hidden_units": "128"}),
        (" epochs = 50 , tag = a b ", {"epochs": "50", "tag": "a b"}),
        ("layers=[64,32]", {"layers": ["64", "32"]}),
        ("layers=(64,32)", {"layers": ["64", "32"]}),
        ("layers=(64,)", {"layers": ["64"]}),
        ("layers=[]", {"layers": []}),
        ("nested=[[1,2],[3],(4,)],b=1", {"nested": [["1", "2"], ["3"], ["4"]], "b": "1"}),
        ("tag='a,b'", {"tag": "a,b"}),
        ('tag="it\'s [here]: x"', {"tag": "it's [here]: x"}),
        (r"tag='it\'s'", {"tag": "it's"}),
        (r"tag='a\\',x=1", {"tag": "a\\", "x": "1"}),
        (r"tag='\d+'", {"tag": r"\d+"}),
        (r"tag=\d+", {"tag": r"\d+"}),
        ("tag=''", {"tag": ""}),
        ("cut=pt > 20,path=/a:b", {"cut": "pt > 20", "path": "/a:b"}),
        ("cut=x==2", {"cut": "x==2"}),
        ("names=['a,b', c]", {"names": ["a,b", "c"]}),
    ],
)
def test_settings_are_read(text, expected):
    assert parse_settings(text) == expected


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ([], {}),
        (["a=1:2:3"], {"a": ["1", "2", "3"]}),
        ("a=1:2,b=3:4", {"a": ["1", "2"], "b": ["3", "4"]}),
        (["a=1:2", "b='x:y':z"], {"a": ["1", "2"], "b": ["x:y", "z"]}),
        (["layers=[64,32]:[128]"], {"layers": [["64", "32"], ["128"]]}),
        (["a=1"], {"a": ["1"]}),
    ],
)
def test_scans_are_read(texts, expected):
    assert parse_scan(texts) == expected


@pytest.mark.parametrize(
    ("text", "position", "what"),
    [
        ("epochs", 1, "'epochs' is not name=value"),
        ("a=1,epochs 50", 5, "'epochs 50' is not name=value"),
        ("a=1,", 5, "name=value expected"),
        ("=5", 1, "is not name=value"),
        ("2a=5", 1, "is not name=value"),
        ("epochs=", 8, "a value is missing"),
        ("epochs=,a=1", 8, "a value is missing"),
        ("a=1,a=2", 5, "'a' is given twice"),
        ("layers=[64,32", 8, "the bracket '[' is never closed"),
        ("layers=[64,[32]", 8, "the bracket '[' is never closed"),
        ("layers=[64,,32]", 12, "a value is missing"),
        ("layers=[64,32)", 14, "needs quotes"),
        ("layers=64]", 10, "needs quotes"),
        ("tag='a", 5, "the quote ' is never closed"),
        ("tag=it's", 7, "needs quotes"),
        ("tag='a'b", 8, "is followed by 'b'"),
        ("cut=(pt > 20) & x", 15, "needs quotes"),
    ],
)
def test_bad_settings_are_refused_with_position_and_example(text, position, what):
    with pytest.raises(SettingsError) as caught:
        parse_settings(text)
    message = str(caught.value)
    assert what in message
    assert f"at position {position};" in message
    assert repr(text) in message
    assert "epochs=50,layers=[64,32],tag='a,b'" in message


@pytest.mark.parametrize(
    ("texts", "what"),
    [
        (["a=1::2"], "a value is missing"),
        (["a=1:"], "a value is missing"),
        (["a"], "is not name=value"),
        (["a=1:2", "a=3"], "'a' is given twice"),
    ],
)
def test_bad_scans_are_refused(texts, what):
    with pytest.raises(SettingsError, match=what):
        parse_scan(texts)


def test_resolved_values_have_a_text():
    settings = {"b": True, "a": None, "n": [1, 2.5, False], "t": "none", "q": Bare("None")}
    assert serialize_settings(settings) == "a=none,b=true,n=[1,2.5,false],q=None,t='none'"
