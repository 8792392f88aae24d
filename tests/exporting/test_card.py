"""Signature cards that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cmsml_tasks.errors import ValidationError
from cmsml_tasks.exporting.card import read_card

X = {"name": "x", "tensor": "x:0", "dtype": "float32", "shape": [None, 2]}
T = {"name": "t", "dtype": "bool", "value": True}
GOOD = {"inputs": [X], "outputs": [{**X, "shape": None}], "digests": {"graph.pb": {"sha256": "a"}}}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"inputs": None}, "its inputs cannot be None"),
        ({"inputs": [X, X]}, r"its inputs \['x', 'x'\] have a name twice"),
        ({"outputs": ["x"]}, "its outputs 0 cannot be 'x'"),
        ({"inputs": [{**X, "name": ""}]}, "the name of .* is no text"),
        ({"inputs": [{**X, "tensor": ["x:0"]}]}, "the tensor of .* is no text"),
        ({"inputs": [{"name": "x", "tensor": "x:0", "dtype": "int8"}]}, "'x' has no shape"),
        ({"inputs": [{**X, "shape": 3}]}, "its shape of 'x' cannot be 3"),
        ({"inputs": [{**X, "shape": [1.5]}]}, "the shape of 'x' has the size 1.5"),
        ({"inputs": [{**X, "shape": [-1]}]}, "the shape of 'x' has the size -1"),
        ({"inputs": [{**X, "features": [1]}]}, "its feature of 'x' cannot be 1"),
        ({"inputs": [{**X, "renamed_from": 1}]}, "the renamed_from of .* is no text"),
        ({"digests": {"graph.pb": {}}}, "the sha256 of {} is no text"),
        ({"oldest_tensorflow": 2.1}, "the oldest_tensorflow of .* is no text"),
        ({"no_batch": 1}, "the no_batch of .* is no text"),
        ({"inputs": [{**X, "axes": 3}]}, "its axes of 'x' cannot be 3"),
        ({"inputs": [{**X, "axes": [None]}]}, "its axis of 'x' cannot be None"),
        ({"inputs": [{**X, "asked_for": 1}]}, "its asked_for of 'x' cannot be 1"),
        ({"saved_model_signature": "a"}, "its saved_model_signature cannot be 'a'"),
        ({"saved_model_signature": {"name": "a"}}, "its other signatures cannot be None"),
        ({"constant_inputs": [1]}, "its constant input cannot be 1"),
        ({"constant_inputs": [{"name": "t", "dtype": "bool"}]}, "input 't' has no value"),
        ({"constant_inputs": [T | {"asked_for": 1}]}, "its asked_for of 't' cannot be 1"),
        ({"end_of_source": None}, "the end_of_source of .* is no text"),
    ],
)
def test_every_field_is_checked(changed: dict[str, Any], reason: str, tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text(json.dumps(GOOD))
    assert read_card(path) == GOOD
    path.write_text(json.dumps({**GOOD, **changed}))
    with pytest.raises(ValidationError, match=f"graph.json: .*{reason}; export the graph again"):
        read_card(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "\ufeff{}", "[" * 99_999, '{"a": NaN'])
def test_what_is_no_card_is_told(text: str, tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text(text)
    with pytest.raises(ValidationError, match=r"graph.json is .*; export the graph again"):
        read_card(path)
