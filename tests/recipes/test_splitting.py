"""Which events may move the weights."""

from __future__ import annotations

import json
import struct
import zlib

import numpy as np
import pytest

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes import Events, split

ROWS = 5000


def events(**changes):
    rng = np.random.default_rng(3)
    values = {
        "inputs": rng.normal(size=(ROWS, 3)).astype(np.float32),
        "target": rng.integers(0, 2, ROWS),
        "event": rng.permutation(np.arange(10, 10 + ROWS)),
        "event_column": "evt",
        "classes": ("off", "on"),
    }
    return Events(**{**values, **changes})


def rows_of(part, all_events):
    """Row numbers of a part, found by the content of its inputs."""
    places = {row.tobytes(): index for index, row in enumerate(all_events.inputs)}
    return np.array([places[row.tobytes()] for row in part.inputs])


@pytest.mark.parametrize("column", ["evt", None])
def test_each_event_is_applied_in_one_fold_and_never_seen_there(column):
    sample = events() if column else events(event=None)
    applied = np.zeros(ROWS, int)
    for fold in range(5):
        data = split(sample, fold=fold, folds=5, validation_part=4, by_checksum=not column)
        train, validation = rows_of(data.train, sample), rows_of(data.validation, sample)
        assert not set(train) & set(validation)
        held_back = np.ones(ROWS, bool)
        held_back[train] = held_back[validation] = False
        applied += held_back
        assert 0.18 < len(validation) / (len(train) + len(validation)) < 0.32
        assert 0.17 < held_back.mean() < 0.23
        if column:
            assert set(sample.event[held_back] % 5) == {fold}
            assert not (sample.event[validation] // 5 % 4).any()
    assert (applied == 1).all()


def test_without_folds():
    sample = events()
    data = split(sample, validation_part=5)
    assert len(data.train) + len(data.validation) == ROWS
    assert not (sample.event[rows_of(data.validation, sample)] % 5).any()
    assert data.fold is None
    assert data.folds is None


@pytest.mark.parametrize("column", ["evt", None])
def test_row_order_does_not_matter(column):
    sample = events() if column else events(event=None)
    order = np.random.default_rng(1).permutation(ROWS)
    shuffled = Events(
        sample.inputs[order],
        sample.target[order],
        event=sample.event[order] if column else None,
        classes=sample.classes,
    )
    first, second = (
        split(part, fold=1, folds=3, by_checksum=not column) for part in (sample, shuffled)
    )
    assert {row.tobytes() for row in first.train.inputs} == {
        row.tobytes() for row in second.train.inputs
    }


def test_checksum_is_the_documented_one():
    sample = events(event=None)
    data = split(sample, fold=2, folds=3, by_checksum=True)
    for part, validates in ((data.train, False), (data.validation, True)):
        for row in part.inputs[:20]:
            key = zlib.crc32(row.astype("<f4").tobytes())
            assert key % 3 != 2
            assert (key // 3 % 5 == 0) == validates
    assert data.split["column"] is None
    assert (
        "crc32 is zlib's CRC-32 of the event's raw inputs: 3 float32 in the order of the features, "
        "little endian with the last axis fastest" in data.split["rule"]
    )
    assert "it has never seen them where the inputs are equal bit by bit" in data.split["rule"]
    assert "before any cast" not in data.split["rule"]
    assert "NaN" not in data.split["rule"]


def test_folds_without_event_numbers_are_asked_for():
    sample = events(event=None)
    with pytest.raises(DataError, match="write folds_by_checksum = True into the recipe"):
        split(sample, fold=0, folds=3)
    assert split(sample).split["key"] == "crc32"
    assert "bit by bit as in training" in split(sample).split["rule"]
    assert "it has never seen them;" in split(events(), fold=0, folds=3).split["rule"]


def test_rule_describes_several_inputs_of_other_types():
    rng = np.random.default_rng(3)
    inputs = {
        "z": rng.normal(size=ROWS).astype(">f8"),
        "a": rng.integers(-9, 9, (ROWS, 2, 3)),
        "m": rng.normal(size=(ROWS, 3)).astype(np.float32),
    }
    data = split(events(inputs=inputs, event=None), validation_part=4)
    assert (
        "the values of the inputs one after the other, 'a' (2 x 3 int64), then 'm' (3 float32), "
        "then 'z' (1 float64), each little endian" in data.split["rule"]
    )
    assert "before any cast to the graph's" in data.split["rule"]
    for part, validates in ((data.train, False), (data.validation, True)):
        for row in range(20):
            values = [part.inputs["a"][row].astype("<i8"), part.inputs["m"][row].astype("<f4")]
            values.append(part.inputs["z"][row].astype("<f8"))
            key = zlib.crc32(b"".join(value.tobytes() for value in values))
            assert (key % 4 == 0) == validates


def test_all_kinds_of_nan_have_one_checksum():
    sample = events(event=None)
    inputs = sample.inputs.copy()
    inputs[::2, 1] = np.nan
    other = inputs.copy()
    other[::2, 1] = np.array([0xFFC00001], np.uint32).view(np.float32)[0]
    assert other.tobytes() != inputs.tobytes()
    first, second = (
        split(events(inputs=array, event=None, allow_missing=True)) for array in (inputs, other)
    )
    assert np.array_equal(first.train.inputs, second.train.inputs, equal_nan=True)
    assert "quiet_NaN()" in first.split["rule"]
    bits = struct.pack("<f", np.nan)
    assert bits == bytes([0, 0, 0xC0, 0x7F])
    for row in first.validation.inputs[:20]:
        values = [bits if np.isnan(value) else struct.pack("<f", value) for value in row]
        assert zlib.crc32(b"".join(values)) % 5 == 0


def test_rule_is_json_and_says_which_events():
    rule = split(events(), fold=1, folds=5, validation_part=4).split
    assert json.loads(json.dumps(rule)) == rule
    assert rule["formulas"] == {
        "apply": "evt % 5 == 1",
        "validation": "evt % 5 != 1 && (evt / 5) % 4 == 0",
    }
    assert "apply this network to events with evt % 5 == 1" in rule["rule"]
    assert (rule["column"], rule["folds"], rule["fold"], rule["validation_part"]) == (
        "evt",
        5,
        1,
        4,
    )


def test_event_numbers_above_63_bits():
    numbers = np.arange(ROWS, dtype=np.uint64) + np.uint64(2**64 - 2 * ROWS)
    sample = events(event=numbers)
    data = split(sample, fold=0, folds=2)
    seen = rows_of(data.train, sample)
    assert set(numbers[seen] % np.uint64(2)) == {1}


def test_several_inputs_split_alike():
    sample = events()
    inputs = {"a": sample.inputs, "b": np.stack([sample.inputs] * 2, axis=1)}
    data = split(events(inputs=inputs, event=None), validation_part=3)
    assert data.train.inputs["b"].shape[1:] == (2, 3)
    assert np.array_equal(data.train.inputs["a"], data.train.inputs["b"][:, 0])
    with pytest.raises(ValueError, match="several inputs, name one of: a, b"):
        data.input_shape  # noqa: B018


def test_training_weights_have_mean_one_and_keep_their_sign():
    weight = np.random.default_rng(2).normal(3, 2, ROWS)
    sample = events(weight=weight)
    data = split(sample)
    assert data.train.weight.dtype == np.float32
    assert data.train.weight.mean() == pytest.approx(1, rel=1e-5)
    ratio = data.validation.weight / weight[rows_of(data.validation, sample)]
    assert np.ptp(ratio) < 1e-5 * ratio[0]
    assert (data.train.weight < 0).any()


def test_classes_are_inferred_from_labels_only():
    assert split(events(classes=None)).classes == ["0", "1"]
    assert split(events(classes=None, target=np.zeros(ROWS) + 0.5)).classes is None
    assert split(events(classes=None, target=np.full(ROWS, -1))).classes is None
    assert split(events(target=events().target * 1.0)).classes == ["off", "on"]
    assert split(events(target=events().target[:, None])).classes == ["off", "on"]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"target": np.zeros(3, int)}, "inputs 5000, target 3"),
        ({"weight": np.ones(4)}, "weight 4"),
        ({"event": np.arange(7)}, "evt 7"),
        ({"event": np.arange(ROWS) - 2}, "'evt' has 2 negative numbers"),
        ({"event": np.arange(ROWS) * 1.0}, "'evt' is float64.*floats lose digits"),
        ({"event": np.arange(ROWS) * 5}, "no events for training"),
        ({"event": np.arange(ROWS) * 5 + 1}, "no events for validation"),
        ({"target": np.ones(ROWS, int)}, "no events of class 'off'"),
        ({"weight": -np.ones(ROWS)}, "have mean -1; their sum must be above 0"),
    ],
)
def test_unusable_events_are_refused(changes, what):
    with pytest.raises(DataError, match=what):
        split(events(**changes))


def test_class_that_only_lies_in_validation():
    sample = events()
    target = (sample.event % 5 == 0).astype(int)
    with pytest.raises(DataError, match="no events of class 'on' among the 4000 for training"):
        split(events(target=target))


@pytest.mark.parametrize(
    "numbers", [{"fold": 1}, {"folds": 3}, {"fold": 3, "folds": 3}, {"fold": 0, "folds": 1}]
)
def test_impossible_folds(numbers):
    with pytest.raises(ValueError, match="fold"):
        split(events(), **numbers)
