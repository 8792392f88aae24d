"""What `Recipe.load` returned is refused here where no training could use it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.events.events import Events

_SHOWN = 5


def check_events(events: Any) -> None:
    """Check that *events* are `Events` of finite numbers, with one row per event in every array.

    Masked arrays may hide nothing: what lies under a mask is no value of the event. Where classes
    are named, the target is a label of one of them in every event.

    Raises:
        DataError: they are not; says which array, and in how many rows.
    """
    if not isinstance(events, Events):
        raise DataError(
            f"load() returned {type(events).__name__}, not Events; end it with "
            "'return Events(inputs, target)'"
        )
    inputs = named_inputs(events)
    for name, array in inputs.items():
        _check_numbers(array, name)
    _check_numbers(events.target, "target")
    if events.weight is not None:
        _check_numbers(events.weight, "weight")
        if events.weight.ndim != 1:
            raise DataError(
                f"weight from load() has shape {events.weight.shape}; it must be (events,), one "
                "number per event"
            )
    _check_lengths(events, inputs)
    _check_masks(events, inputs)
    for name, array in inputs.items():
        _check_finite(array, name, missing_allowed=events.allow_missing)
    _check_finite(events.target, "target")
    if events.weight is not None:
        _check_finite(events.weight, "weight")
    _check_labels(events)
    _check_features(events)


def named_inputs(events: Events) -> dict[str, NDArray[Any]]:
    """Return the inputs by their names in messages.

    Raises:
        DataError: there is none.
    """
    if not isinstance(events.inputs, Mapping):
        return {"inputs": events.inputs}
    if not events.inputs:
        raise DataError("inputs from load() is an empty dict; give one array per input")
    return {f"input '{name}'": array for name, array in events.inputs.items()}


def _check_numbers(array: Any, what: str) -> None:
    if not isinstance(array, np.ndarray) or not array.ndim:
        raise DataError(
            f"{what} from load() is a {type(array).__name__}, not a numpy array with one row per "
            f"event; convert it, as in numpy.asarray({what.split()[0]})"
        )
    if array.dtype.kind in "biuf":
        return
    advice = "turn it into numbers"
    if what == "target":
        advice = (
            "number the classes 0, 1, ... and name them: classes, target = "
            "numpy.unique(target, return_inverse=True); Events(inputs, target, classes=classes)"
        )
    elif array.dtype.kind == "V":
        advice = "make one column of each field, as in numpy.stack([a['x'], a['y']], axis=-1)"
    raise DataError(f"{what} from load() holds {array.dtype}, not numbers; {advice}")


def _check_lengths(events: Events, inputs: Mapping[str, NDArray[Any]]) -> None:
    lengths = {name: len(array) for name, array in inputs.items()}
    lengths["target"] = len(events.target)
    if events.weight is not None:
        lengths["weight"] = len(events.weight)
    if events.event is not None:
        lengths[events.event_column] = len(events.event)
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"arrays of different lengths: {counts}; each needs one row per event")
    if not len(events.target):
        raise DataError("load() returned no events; are the files empty, or is the selection?")


def _check_masks(events: Events, inputs: Mapping[str, NDArray[Any]]) -> None:
    per_event = {
        "target from load()": (events.target, "target"),
        "weight from load()": (events.weight, "weight"),
        f"event column '{events.event_column}' from load()": (events.event, "event"),
    }
    for what, (array, variable) in per_event.items():
        drop = f"keep = ~numpy.ma.getmaskarray({variable})"
        _check_mask(array, what, f"drop these events from all arrays, with {drop}")
    for name, array in inputs.items():
        _check_mask(
            array,
            f"{name} from load()",
            "write what the network shall see there: numpy.ma.filled(array, -999) with "
            "Feature(name=..., padding=-999) for the column, or numpy.ma.filled(array, numpy.nan) "
            "with Events(..., allow_missing=True) where the model knows what to do with NaN",
        )


def _check_mask(array: Any, what: str, advice: str) -> None:
    if not isinstance(array, np.ma.MaskedArray):
        return
    rows = int(np.ma.getmaskarray(array).reshape(len(array), -1).any(axis=1).sum())
    if rows:
        raise DataError(f"{what} is missing (masked) in {rows} of {len(array)} events; {advice}")


def _check_finite(array: NDArray[Any], what: str, missing_allowed: bool | None = None) -> None:
    """Refuse NaN and infinity; *missing_allowed* is None where NaN can never be allowed."""
    if array.dtype.kind != "f":
        return
    bad = np.isinf(array) if missing_allowed else ~np.isfinite(array)
    rows = int(bad.reshape(len(array), -1).any(axis=1).sum())
    if not rows:
        return
    kind = "infinite" if missing_allowed else "NaN or infinite"
    advice = "drop these events, or replace the values"
    if missing_allowed is False:
        advice += (
            "; where NaN stands for a value that is missing, and the model knows what to do with "
            "it, return Events(..., allow_missing=True)"
        )
    raise DataError(
        f"{what} from load() is {kind} in {rows} of {len(array)} events; load() must {advice}"
    )


def _check_labels(events: Events) -> None:
    if events.classes is None:
        return
    names, target = list(events.classes), events.target
    if target.shape[1:] not in ((), (1,)):
        raise DataError(
            f"target from load() has shape {target.shape}, but classes are named "
            f"({', '.join(names)}): it must be (events,), the number of its class for each event; "
            "numpy.argmax(target, axis=-1) makes that of one-hot vectors"
        )
    values, counts = np.unique(target, return_counts=True)
    foreign = ~np.isin(values, np.arange(len(names)))
    if not foreign.any():
        return
    found = list(zip(values[foreign].tolist(), counts[foreign].tolist(), strict=True))
    shown = ", ".join(f"{value}: {count}" for value, count in found[:_SHOWN])
    more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
    raise DataError(
        f"target from load() has the labels (label: events) {shown}{more} of {len(target)} events, "
        f"but the {len(names)} classes ({', '.join(names)}) have the labels 0 to "
        f"{len(names) - 1}; drop these events, or number and name all classes"
    )


def _check_features(events: Events) -> None:
    if not len(events.features):
        return
    if isinstance(events.inputs, Mapping):
        raise DataError("features from load() name columns of one array, but inputs is a dict")
    for feature in events.features:
        if not isinstance(feature, Mapping) or {"name", "padding"} - set(feature):
            raise DataError(
                f"features from load() contain {feature!r}; each must be "
                "Feature(name='pt', padding=None), from cmsml_tasks.recipes"
            )
    columns = events.inputs.shape[-1]
    if len(events.features) != columns:
        raise DataError(
            f"features from load() name {len(events.features)} columns, but inputs has {columns} "
            f"(shape {events.inputs.shape})"
        )
