"""Folds and validation: which event may move the weights, and which may only judge.

Every event has a key: its number in a named column or, without one, the CRC-32 checksum (zlib's)
of its raw inputs, see `checksums`. Never the row number, which changes with files and selections.
Folds by checksum have to be asked for: whoever applies the networks has to find the same key, and
one bit of difference in one input picks a network that was trained on the event.

With K folds, the network of fold f

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
from cmsml_tasks.recipes.events.event_checks import check_events
from cmsml_tasks.recipes.events.events import FOLDS_WITHOUT_NUMBERS, Arrays, Data, Events

if TYPE_CHECKING:
    from cmsml_tasks.recipes.events.events import Inputs

CHECKSUM = "crc32"


def split(
    events: Events,
    *,
    fold: int | None = None,
    folds: int | None = None,
    validation_part: int = 5,
    by_checksum: bool = False,
) -> Data:
    """Return the training and validation parts of *events* for one fold, or without folds.

    Weights are scaled by one factor such that those of the training part have mean 1.

    Args:
        events: all of them.
        fold: events of this fold, 0..folds-1, are held back.
        folds: how many there are, at least 2; None together with *fold* for no folds.
        validation_part: one in so many of the remaining events is for validation, at least 2.
        by_checksum: the checksum may decide on folds where the events have no numbers.

    Raises:
        DataError: no `Events`, or such that cannot be used: arrays of other types or different
            lengths, masked values, NaN or infinity, labels of no class, unusable event numbers or
            weights; folds without event numbers; a part without events or without one of the
            classes.
        ValueError: impossible numbers of folds.
    """
    _check_numbers(fold, folds, validation_part)
    check_events(events)
    if folds is not None and events.event is None and not by_checksum:
        raise DataError(f"load() gives no event numbers: {FOLDS_WITHOUT_NUMBERS}")
    key = _event_numbers(events) if events.event is not None else checksums(events.inputs)
    held_back = np.zeros(len(key), bool)
    quotient = key
    if folds is not None and fold is not None:
        held_back = key % np.uint64(folds) == fold
        quotient = key // np.uint64(folds)
    validation = ~held_back & (quotient % np.uint64(validation_part) == 0)
    training = ~held_back & ~validation
    rule = split_rule(events, fold, folds, validation_part)
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
    events: Events, fold: int | None, folds: int | None, validation_part: int
) -> dict[str, Any]:
    """Return the rule as JSON-able facts, C formulas, and words that tell a C++ author all."""
    column = events.event_column if events.event is not None else None
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
    if column is None and folds is not None:
        words += " where the inputs are equal bit by bit, so compute them as the training did"
    if column is None:
        words += f"; {CHECKSUM} is {_checksum_words(events.inputs)}"
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
    """Return zlib's CRC-32 of each event's inputs, (events,).

    It runs over the bytes of the arrays as they are, of their own dtypes: little endian, C order
    (the last axis fastest), several inputs one after the other in the order of their names. All
    kinds of NaN count as the positive quiet one, because processors differ in the one they make.
    """
    arrays = [inputs[name] for name in sorted(inputs)] if isinstance(inputs, Mapping) else [inputs]
    little = [
        np.ascontiguousarray(_one_nan(array), array.dtype.newbyteorder("<")).reshape(len(array), -1)
        for array in arrays
    ]
    keys = np.empty(len(little[0]), np.uint64)
    for row in range(len(keys)):
        key = 0
        for array in little:
            key = zlib.crc32(array[row].tobytes(), key)
        keys[row] = key
    return keys


def _one_nan(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind != "f" or not np.isnan(array).any():
        return array
    return np.where(np.isnan(array), array.dtype.type(np.nan), array)


def _checksum_words(inputs: Inputs) -> str:
    """Say what `checksums` does with inputs of these names, types and shapes."""
    if isinstance(inputs, Mapping):
        parts = ", then ".join(
            f"'{name}' ({_values(inputs[name])} {inputs[name].dtype.name})"
            for name in sorted(inputs)
        )
        order = f"the values of the inputs one after the other, {parts}, each"
        arrays = list(inputs.values())
    else:
        order = f"{_values(inputs)} {inputs.dtype.name} in the order of the features,"
        arrays = [inputs]
    words = (
        f"zlib's CRC-32 of the event's raw inputs: {order} little endian with the last axis "
        "fastest, bit by bit as in training, padding included"
    )
    if any(array.dtype != np.float32 for array in arrays):
        words += "; these are the types that the recipe loads, before any cast to the graph's"
    if any(np.isnan(array).any() for array in arrays if array.dtype.kind == "f"):
        words += "; NaN is the positive quiet one (C++: std::numeric_limits<T>::quiet_NaN())"
    return words


def _values(array: NDArray[Any]) -> str:
    return " x ".join(str(size) for size in array.shape[1:]) or "1"


def _check_numbers(fold: int | None, folds: int | None, validation_part: int) -> None:
    if (fold is None) != (folds is None):
        raise ValueError(f"fold={fold} and folds={folds}: give both or none")
    if folds is not None and fold is not None and not (folds >= 2 and 0 <= fold < folds):
        raise ValueError(f"fold={fold} of folds={folds}: there must be at least 2, from 0 on")
    if validation_part < 2:
        raise ValueError(f"validation_part={validation_part}: it must be at least 2")


def _event_numbers(events: Events) -> NDArray[np.uint64]:
    numbers, column = np.asarray(events.event), events.event_column
    if numbers.dtype.kind not in "iu" or numbers.ndim != 1:
        raise DataError(
            f"event column '{column}' is {numbers.dtype} with {numbers.ndim} axes; it must hold "
            "one integer per event (floats lose digits; without an event column a checksum "
            "of the features decides on validation, and there are no folds)"
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
        {name: np.asarray(array[rows]) for name, array in inputs.items()}
        if isinstance(inputs, Mapping)
        else np.asarray(inputs[rows])
    )
    target = np.asarray(events.target[rows])
    if events.weight is None:
        return Arrays(taken, target, None)
    return Arrays(taken, target, np.asarray(events.weight[rows] * factor, np.float32))
