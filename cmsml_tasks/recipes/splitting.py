"""Folds and validation: which event may move the weights, and which may only judge.

Every event has a key: its number in a named column or, without one, the CRC-32 checksum (zlib's)
of its raw inputs as they enter the graph (float32, little endian, in feature order). Never the row
number, which changes with files and selections. With K folds, the network of fold f

- may be applied to events with ``key % K == f``: it has never seen them,
- is judged on those of the others with ``(key // K) % V == 0`` (V is ``validation_part``),
- is trained on the rest.

Without folds, ``key % V == 0`` is for validation.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.events import Arrays, Data, Events

if TYPE_CHECKING:
    from cmsml_tasks.recipes.events import Inputs

CHECKSUM = "crc32"


def split(
    events: Events, *, fold: int | None = None, folds: int | None = None, validation_part: int = 5
) -> Data:
    """Return the training and validation parts of *events* for one fold, or without folds.

    Weights are scaled by one factor such that those of the training part have mean 1.

    Args:
        events: all of them.
        fold: events of this fold, 0..folds-1, are held back.
        folds: how many there are, at least 2; None together with *fold* for no folds.
        validation_part: one in so many of the remaining events is for validation, at least 2.

    Raises:
        DataError: arrays of different lengths, unusable event numbers or weights, a part without
            events or without one of the classes.
        ValueError: impossible numbers of folds.
    """
    _check_numbers(fold, folds, validation_part)
    _check_lengths(events)
    key = _event_numbers(events) if events.event is not None else checksums(events.inputs)
    held_back = np.zeros(len(key), bool)
    quotient = key
    if folds is not None and fold is not None:
        held_back = key % np.uint64(folds) == fold
        quotient = key // np.uint64(folds)
    validation = ~held_back & (quotient % np.uint64(validation_part) == 0)
    training = ~held_back & ~validation
    rule = split_rule(
        events.event_column if events.event is not None else None, fold, folds, validation_part
    )
    classes = _class_names(events)
    for name, rows in (("training", training), ("validation", validation)):
        _check_part(name, rows, events, classes, rule)
    factor = _weight_factor(events.weight, training)
    return Data(
        train=_take(events, training, factor),
        validation=_take(events, validation, factor),
        features=list(events.features),
        classes=classes,
        split=rule,
        fold=fold,
        folds=folds,
    )


def split_rule(
    column: str | None, fold: int | None, folds: int | None, validation_part: int
) -> dict[str, Any]:
    """Return the rule as JSON-able facts, formulas in C, and words; *column* None: checksum."""
    key = column or CHECKSUM
    if folds is None:
        formulas = {"validation": f"{key} % {validation_part} == 0"}
        words = "the network may have seen any event in training"
    else:
        formulas = {
            "apply": f"{key} % {folds} == {fold}",
            "validation": f"{key} % {folds} != {fold} && "
            f"({key} / {folds}) % {validation_part} == 0",
        }
        words = f"apply this network to events with {formulas['apply']}: it has never seen them"
    if column is None:
        words += (
            f"; {CHECKSUM} is zlib's CRC-32 of the event's raw inputs as they enter the graph, "
            "float32, little endian, in feature order, bit by bit as in training"
        )
    else:
        words += f"; {column} is the unsigned event number"
    return {
        "key": key,
        "column": column,
        "folds": folds,
        "fold": fold,
        "validation_part": validation_part,
        "formulas": formulas,
        "rule": words,
    }


def checksums(inputs: Inputs) -> NDArray[np.uint64]:
    """Return zlib's CRC-32 of each event's inputs: little endian, C order, inputs by name."""
    arrays = [inputs[name] for name in sorted(inputs)] if isinstance(inputs, Mapping) else [inputs]
    little = [
        np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(len(array), -1)
        for array in arrays
    ]
    keys = np.empty(len(little[0]), np.uint64)
    for row in range(len(keys)):
        key = 0
        for array in little:
            key = zlib.crc32(array[row].tobytes(), key)
        keys[row] = key
    return keys


def _check_numbers(fold: int | None, folds: int | None, validation_part: int) -> None:
    if (fold is None) != (folds is None):
        raise ValueError(f"fold={fold} and folds={folds}: give both or none")
    if folds is not None and fold is not None and not (folds >= 2 and 0 <= fold < folds):
        raise ValueError(f"fold={fold} of folds={folds}: there must be at least 2, from 0 on")
    if validation_part < 2:
        raise ValueError(f"validation_part={validation_part}: it must be at least 2")


def _check_lengths(events: Events) -> None:
    inputs = events.inputs if isinstance(events.inputs, Mapping) else {"inputs": events.inputs}
    lengths = {name: len(array) for name, array in inputs.items()}
    lengths["target"] = len(events.target)
    if events.weight is not None:
        lengths["weight"] = len(events.weight)
    if events.event is not None:
        lengths[events.event_column] = len(events.event)
    if len(set(lengths.values())) > 1:
        counts = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise DataError(f"arrays of different lengths: {counts}; each needs one row per event")


def _event_numbers(events: Events) -> NDArray[np.uint64]:
    numbers, column = np.asarray(events.event), events.event_column
    if numbers.dtype.kind not in "iu" or numbers.ndim != 1:
        raise DataError(
            f"event column '{column}' is {numbers.dtype} with {numbers.ndim} axes; it must hold "
            "one integer per event (floats lose digits; without an event column the split "
            "follows a checksum of the features)"
        )
    negative = int((numbers < 0).sum())
    if negative:
        raise DataError(
            f"event column '{column}' has {negative} negative numbers, where % means different "
            "things in Python and C++; name a column of numbers >= 0"
        )
    return numbers.astype(np.uint64)


def _class_names(events: Events) -> list[str] | None:
    target = np.asarray(events.target)
    if events.classes is not None:
        return list(events.classes)
    if target.ndim != 1 or target.dtype.kind not in "biu" or not len(target) or target.min() < 0:
        return None
    return [str(label) for label in range(max(int(target.max()) + 1, 2))]


def _check_part(
    name: str,
    rows: NDArray[np.bool_],
    events: Events,
    classes: list[str] | None,
    rule: dict[str, Any],
) -> None:
    total = int(rows.sum())
    advice = f"of {len(rows)} events, split by {rule['key']}; use more events or other numbers"
    if not total:
        raise DataError(f"no events for {name} {advice} of folds and validation_part")
    for label, label_name in enumerate(classes or ()):
        if not (events.target[rows] == label).any():
            raise DataError(
                f"no events of class '{label_name}' among the {total} for {name}, {advice} "
                "of folds and validation_part"
            )


def _weight_factor(weight: NDArray[Any] | None, training: NDArray[np.bool_]) -> float:
    if weight is None:
        return 1.0
    mean = float(np.asarray(weight[training], np.float64).mean())
    if not mean > 0:
        raise DataError(
            f"the weights of the {int(training.sum())} training events have mean {mean:.3g}; "
            "their sum must be above 0"
        )
    return 1.0 / mean


def _take(events: Events, rows: NDArray[np.bool_], factor: float) -> Arrays:
    inputs = events.inputs
    taken: Inputs = (
        {name: array[rows] for name, array in inputs.items()}
        if isinstance(inputs, Mapping)
        else inputs[rows]
    )
    weight = None if events.weight is None else (events.weight[rows] * factor).astype(np.float32)
    return Arrays(taken, events.target[rows], weight)
