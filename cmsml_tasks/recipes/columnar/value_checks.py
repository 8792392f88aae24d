"""Events that cannot be used are refused here, with file, branch and count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.columnar.features import not_finite, one_per_event
from cmsml_tasks.recipes.expressions.evaluation import comparison
from cmsml_tasks.recipes.expressions.expression import Expression
from cmsml_tasks.recipes.expressions.integers import lossy
from cmsml_tasks.recipes.expressions.operations import condition
from cmsml_tasks.recipes.expressions.values import UnfitError, Value


@dataclass(frozen=True)
class Selected:
    """The events that a selection keeps, (events,), and in how many a missing value decided."""

    keep: NDArray[np.bool_]
    missing: int


def selected(expression: Expression, table: Mapping[str, Value], path: str) -> Selected:
    """Return which events are selected; a missing value compares as NaN.

    Raises:
        DataError: the selection is not true or false.
    """
    what = f"selection '{expression.text}'"
    value = one_per_event(expression, table, what, path)
    try:
        value = condition(value, what, comparison(expression.tree))
    except UnfitError as error:
        raise DataError(f"{path}: {error}") from error
    return Selected(value.data, int(value.missing.sum()))


def finite(
    expression: Expression, table: Mapping[str, Value], kind: str, path: str
) -> NDArray[np.float64]:
    """Return the values of *expression*, the weight or target, as float64 (events,).

    Raises:
        DataError: they are missing, NaN, infinite or changed by float64 in some events.
    """
    text = expression.text
    what = f"{kind} '{text}'"
    value = one_per_event(expression, table, what, path)
    missing = int(value.missing.sum())
    if missing:
        raise DataError(
            f"{path}: {what} is missing in {missing} of {len(value)} events, which lack an element "
            "or have an empty field or NaN there; demand it in the selection, as in "
            "count(Muon_pt) >= 2 or isfinite(x)"
        )
    changed = int(lossy(value.data).sum()) if value.kind == "i" else 0
    if changed:
        raise DataError(
            f"{path}: {what} has whole numbers that float64 does not hold (beyond {2**53}) in "
            f"{changed} of {len(value)} events; divide it, as in 1e-9 * x"
        )
    values: NDArray[np.float64] = value.data.astype(np.float64)
    bad = int((~np.isfinite(values)).sum())
    if bad:
        raise not_finite(f"{path}: {what}", bad, len(values), text)
    return values


_WITHOUT = (
    "(without an event column a checksum of the features decides on validation, and there are no "
    "folds)"
)


def event_numbers(column: Value, name: str, path: str) -> NDArray[np.uint64]:
    """Return the event numbers, integers (events,).

    Raises:
        DataError: they are not one integer >= 0 per event.
    """
    what = f"{path}: event column '{name}'"
    if not len(column):
        return np.empty(0, np.uint64)
    missing = 0 if column.lists else int((column.missing | np.isnan(column.data)).sum())
    if missing:
        raise DataError(
            f"{what} is missing in {missing} of {len(column)} events; it must hold one integer per "
            f"event {_WITHOUT}"
        )
    if column.lists or column.kind != "i":
        kind = "several values per event" if column.lists else str(column.data.dtype)
        raise DataError(f"{what} has {kind}; it must hold one integer per event {_WITHOUT}")
    negative = int((column.data < 0).sum())
    if negative:
        raise DataError(
            f"{what} is negative in {negative} of {len(column)} events, where % means different "
            "things in Python and C++; name a column of numbers >= 0"
        )
    numbers: NDArray[np.uint64] = column.data.astype(np.uint64)
    return numbers


def repeated_numbers(
    events: NDArray[np.uint64], target: NDArray[np.int64], samples: Sequence[str], column: str
) -> list[str]:
    """Say how many events share their number with another one, of the same sample if there are."""
    groups = {f"sample '{name}'": target == label for label, name in enumerate(samples)}
    notes = []
    for name, rows in (groups or {"all files": np.ones(len(events), bool)}).items():
        _, counts = np.unique(events[rows], return_counts=True)
        repeated = int(counts[counts > 1].sum())
        if repeated:
            notes.append(
                f"{repeated} of {int(rows.sum())} events of {name} share their number '{column}' "
                "with another one of it; has a file been merged twice?"
            )
    return notes


def check_selected(totals: Sequence[tuple[str, int, int]], selection: str | None) -> None:
    """Check that some events remain; *totals* are path, events and selected events of each file.

    Raises:
        DataError: none remain.
    """
    if any(selected for _, _, selected in totals):
        return
    paths = ", ".join(path for path, _, _ in totals[:3]) + (", ..." if len(totals) > 3 else "")
    total = sum(total for _, total, _ in totals)
    why = f"the selection '{selection}' keeps none of {total}" if total else "the files are empty"
    raise DataError(f"no events in {paths}: {why}")


def labels(
    target: NDArray[np.int64], samples: Sequence[str], expression: str | None, files: int
) -> list[str]:
    """Return the names of the classes 0..n-1: the samples, or the labels themselves.

    Raises:
        DataError: there are events of one class only, a class has none, or a label is impossible.
    """
    found, counts = np.unique(target, return_counts=True)
    shown = ", ".join(f"{label}: {count}" for label, count in zip(found, counts, strict=True))
    if samples:
        for label, name in enumerate(samples):
            if label not in found:
                raise DataError(f"sample '{name}' has no events after the selection")
        return list(samples)
    where = f"target '{expression}' of {len(target)} events in {files} file(s)"
    if len(found) == 1:
        raise DataError(f"{where} is always {found[0]}; a training needs at least two classes")
    if found[0] != 0 or found[-1] != len(found) - 1:
        raise DataError(
            f"{where} has the labels (label: events) {shown}; they must be 0, 1, ... without gaps"
        )
    return [str(label) for label in found]


def balanced(
    weight: NDArray[np.float64], target: NDArray[np.int64], classes: Sequence[str]
) -> NDArray[np.float64]:
    """Return the weights scaled such that every class has the same sum, the mean of the sums.

    Raises:
        DataError: the weights of a class sum to 0 or less.
    """
    sums = np.bincount(target, weights=weight, minlength=len(classes))
    for name, total in zip(classes, sums, strict=True):
        if not total > 0:
            raise DataError(
                f"the weights of class '{name}' sum to {total:.4g}; classes can only be balanced "
                "where the sum is above 0 (more events, or weight = 'abs(...)')"
            )
    scaled: NDArray[np.float64] = weight * (sums.mean() / sums)[target]
    return scaled
