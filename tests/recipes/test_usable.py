"""What load() must not return."""

from __future__ import annotations

import numpy as np
import pytest

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes import Events, Feature, split

ROWS = 400
RNG = np.random.default_rng(1)
INPUTS = RNG.normal(size=(ROWS, 2)).astype(np.float32)
TARGET = np.arange(ROWS) % 2


def spoiled(array, rows, value):
    result = np.array(array, np.float64)
    result[rows] = value
    return result


def refusal(events):
    with pytest.raises(DataError) as caught:
        split(events)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        (
            {"inputs": spoiled(INPUTS, [3, 7], np.nan)},
            ["inputs from load() is NaN or infinite in 2 of 400 events", "allow_missing=True"],
        ),
        (
            {"inputs": spoiled(INPUTS, [3], np.inf)},
            ["inputs from load() is NaN or infinite in 1 of"],
        ),
        (
            {"inputs": {"good": INPUTS, "bad": spoiled(INPUTS, (5, 1), -np.inf)}},
            ["input 'bad' from load() is NaN or infinite in 1 of 400 events"],
        ),
        ({"inputs": spoiled(INPUTS, [3], np.inf), "allow_missing": True}, ["is infinite in 1 of"]),
        ({"target": spoiled(TARGET, [1, 2, 3], np.nan)}, ["target from load() is NaN", "in 3 of"]),
        ({"target": spoiled(TARGET, [1], np.nan), "allow_missing": True}, ["target from load()"]),
        ({"weight": spoiled(TARGET + 1, [1], np.inf)}, ["weight from load() is NaN or inf"]),
        ({"weight": np.ones((ROWS, 1))}, ["weight from load() has shape (400, 1)", "(events,)"]),
        (
            {"target": np.array(["sig", "bkg"])[TARGET]},
            ["target from load() holds <U3", "numpy.unique"],
        ),
        ({"target": TARGET.astype(object)}, ["target from load() holds object"]),
        ({"target": TARGET.tolist()}, ["target from load() is a list", "numpy.asarray(target)"]),
        ({"inputs": INPUTS.astype(str)}, ["inputs from load() holds <U", "not numbers"]),
        ({"inputs": [INPUTS]}, ["inputs from load() is a list"]),
        ({"inputs": {"a": None}}, ["input 'a' from load() is a NoneType"]),
        ({"inputs": {}}, ["empty dict"]),
        ({"inputs": np.zeros(ROWS, [("x", "f4")])}, ["one column of each field"]),
        ({"inputs": INPUTS[:0], "target": TARGET[:0]}, ["load() returned no events"]),
        (
            {"target": np.arange(ROWS) % 3, "classes": ["off", "on"]},
            ["(label: events) 2: 133 of 400 events", "2 classes (off, on)", "0 to 1"],
        ),
        (
            {"target": spoiled(TARGET, slice(0, 9), 0.5), "classes": ["off", "on"]},
            ["(label: events) 0.5: 9 of 400", "number and name all classes"],
        ),
        (
            {"target": np.where(TARGET, 1, -1), "classes": ["off", "on"]},
            ["(label: events) -1: 200 of 400"],
        ),
        (
            {"target": np.arange(ROWS), "classes": ["off", "on"]},
            ["2: 1, 3: 1, 4: 1, 5: 1, 6: 1 and 393 more of 400"],
        ),
        (
            {"target": spoiled(TARGET, [0], np.nan), "classes": ["off", "on"]},
            ["target from load() is NaN or infinite in 1 of 400 events"],
        ),
        (
            {"target": np.eye(2)[TARGET], "classes": ["off", "on"]},
            ["target from load() has shape (400, 2)", "numpy.argmax"],
        ),
        ({"features": ["pt", "eta"]}, ["contain 'pt'", "Feature(name='pt', padding=None)"]),
        ({"features": [Feature(name="pt", padding=None)]}, ["1 columns, but inputs has 2"]),
        (
            {"inputs": {"a": INPUTS}, "features": [Feature(name="pt", padding=None)]},
            ["inputs is a dict"],
        ),
    ],
)
def test_unusable_arrays_are_refused(changes, parts):
    message = refusal(Events(**{"inputs": INPUTS, "target": TARGET, **changes}))
    for part in parts:
        assert part in message


@pytest.mark.parametrize("returned", [None, {"inputs": INPUTS}, (INPUTS, TARGET)])
def test_what_is_no_events_is_refused(returned):
    message = refusal(returned)
    assert f"load() returned {type(returned).__name__}, not Events" in message
    assert "return Events(inputs, target)" in message


def masked(array, rows):
    mask = np.zeros(array.shape, bool)
    mask[rows] = True
    return np.ma.MaskedArray(array, mask)


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        (
            {"inputs": masked(INPUTS, slice(0, 40)), "allow_missing": True},
            ["inputs from load() is missing (masked) in 40 of 400 events", "padding=-999"],
        ),
        (
            {"inputs": {"a": INPUTS, "b": masked(INPUTS, ([3, 3, 7], [0, 1, 1]))}},
            ["input 'b' from load() is missing (masked) in 2 of 400", "filled(array, numpy.nan)"],
        ),
        (
            {"inputs": masked(spoiled(INPUTS, 3, np.nan), 3)},
            ["inputs from load() is missing (masked) in 1 of"],
        ),
        (
            {"target": masked(TARGET, [1, 2, 3])},
            ["target from load() is missing (masked) in 3 of", "~numpy.ma.getmaskarray(target)"],
        ),
        (
            {"weight": np.ma.masked_less(np.arange(-5.0, ROWS - 5), 0)},
            ["weight from load() is missing (masked) in 5 of 400", "getmaskarray(weight)"],
        ),
        (
            {"event": masked(np.arange(ROWS), slice(0, None, 100)), "event_column": "evt"},
            ["event column 'evt' from load() is missing (masked) in 4", "getmaskarray(event)"],
        ),
    ],
)
def test_what_lies_under_a_mask_is_not_used(changes, parts):
    message = refusal(Events(**{"inputs": INPUTS, "target": TARGET, **changes}))
    for part in parts:
        assert part in message


def test_masks_that_hide_nothing_are_left_behind():
    arrays = {"inputs": INPUTS, "target": TARGET, "weight": TARGET + 0.5, "event": TARGET.cumsum()}
    plain = split(Events(**arrays))
    data = split(Events(**{name: np.ma.MaskedArray(array) for name, array in arrays.items()}))
    for part, expected in ((data.train, plain.train), (data.validation, plain.validation)):
        for name in ("inputs", "target", "weight"):
            array = getattr(part, name)
            assert type(array) is np.ndarray
            assert np.array_equal(array, getattr(expected, name))


def test_missing_values_are_kept_on_request():
    inputs = INPUTS.copy()
    inputs[::3, 0] = np.nan
    data = split(Events(inputs, TARGET, allow_missing=True))
    assert np.isnan(data.train.inputs).any()
    assert len(data.train) + len(data.validation) == ROWS


def test_advised_target_of_names_works():
    classes, target = np.unique(np.array(["sig", "bkg"])[TARGET], return_inverse=True)
    assert split(Events(INPUTS, target, classes=classes)).classes == ["bkg", "sig"]
