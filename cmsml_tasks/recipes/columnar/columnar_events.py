"""Columnar events: from a plan and files to `Events`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cmsml_tasks.errors import DataError, SettingsError
from cmsml_tasks.recipes.columnar.features import add_definitions, matrix
from cmsml_tasks.recipes.columnar.read_plan import ReadPlan
from cmsml_tasks.recipes.columnar.samples import SourceFile
from cmsml_tasks.recipes.columnar.value_checks import (
    balanced,
    check_selected,
    event_numbers,
    finite,
    labels,
    repeated_numbers,
    selected,
)
from cmsml_tasks.recipes.events.events import Events, Feature
from cmsml_tasks.recipes.expressions.syntax import by_name, constants, possible_names
from cmsml_tasks.recipes.expressions.values import Value, values_of
from cmsml_tasks.recipes.reading import read_columns


@dataclass(frozen=True)
class Part:
    """The selected events of one file."""

    path: str
    inputs: NDArray[np.float32]
    padded: list[bool]
    target: NDArray[np.int64]
    weight: NDArray[np.float64]
    event: NDArray[np.uint64] | None
    total: int
    missing: int
    """In how many events a missing value decided about the selection."""


def load_events(
    plan: ReadPlan,
    files: Sequence[SourceFile],
    class_names: Sequence[str],
    *,
    balance: bool,
    scaled: bool,
) -> Events:
    """Return the events that *plan* selects from *files*.

    Args:
        plan: what is read.
        files: with the label and scale of each.
        class_names: of samples, in the order of their labels; none where a target decides.
        balance: scale the weights of each class such that all have the same sum.
        scaled: the recipe has scales, so that its events have weights, whatever is in *files*.

    Raises:
        DataError: as `EventRecipe.load` says.
        SettingsError: nothing is read from the files.
    """
    if not plan.wanted:
        raise SettingsError(f"no expression of {plan.owner} uses a column of the files")
    parts = [_read(plan, file) for file in files]
    selection = None if plan.selection is None else plan.selection.text
    check_selected([(part.path, part.total, len(part.target)) for part in parts], selection)
    target = np.concatenate([part.target for part in parts])
    target_text = None if plan.target is None else plan.target.text
    classes = labels(target, class_names, target_text, len(parts))
    weight = np.concatenate([part.weight for part in parts])
    if balance:
        weight = balanced(weight, target, classes)
    weighted = plan.weight is not None or scaled or balance
    padded = np.any([part.padded for part in parts], axis=0)
    numbers = [part.event for part in parts if part.event is not None]
    event = np.concatenate(numbers) if numbers else None
    notes = [] if selection is None else [_about_selection(selection, parts)]
    if event is not None:
        notes += repeated_numbers(event, target, class_names, plan.event or "")
    return Events(
        inputs=np.concatenate([part.inputs for part in parts]),
        target=target,
        weight=weight if weighted else None,
        event=event,
        event_column=plan.event or "",
        features=[
            Feature(name=column.name, padding=float(plan.padding) if pad else None)
            for column, pad in zip(plan.columns, padded, strict=True)
        ],
        classes=classes,
        notes=notes,
    )


def _about_selection(selection: str, parts: Sequence[Part]) -> str:
    kept, total = sum(len(part.target) for part in parts), sum(part.total for part in parts)
    note = f"selection '{selection}' keeps {kept} of {total} events"
    missing = sum(part.missing for part in parts)
    if missing:
        note += f"; in {missing} of them all, a missing value (or NaN) could have decided otherwise"
    return note


def _table(plan: ReadPlan, path: str) -> dict[str, Value]:
    """Return the columns of the file; where one is not there, look for one called ``B-tag``."""
    _check_constants(plan, path)
    tree = plan.tree
    try:
        return values_of(read_columns(path, plan.wanted, tree))
    except DataError as error:
        for expression in plan.expressions:
            for name in possible_names(expression.tree, expression.text):
                if _has_column(path, name, tree):
                    advice = f"'{name}' is written {by_name(name)} where it is one name"
                    raise DataError(f"{error}; {advice}") from error
        raise


def _check_constants(plan: ReadPlan, path: str) -> None:
    """Refuse ``pi`` where the file has a column of that name: nobody knows what is meant."""
    for expression in plan.expressions:
        for name, other in constants(expression.tree, expression.text).items():
            if _has_column(path, name, plan.tree):
                raise DataError(
                    f"{path}: has a column '{name}', which is a constant in "
                    f"'{expression.text}'; write {by_name(name)} for the column, or {other} for "
                    "the constant"
                )


def _has_column(path: str, name: str, tree: str | None) -> bool:
    try:
        read_columns(path, [name], tree)
    except DataError:
        return False
    return True


def _read(plan: ReadPlan, file: SourceFile) -> Part:
    path = file.path
    table = _table(plan, path)
    total, missing = len(next(iter(table.values()))), 0
    table = add_definitions(plan.definitions, table, path)
    if plan.selection is not None:
        chosen = selected(plan.selection, table, path)
        missing = chosen.missing
        table = {name: column.picked(chosen.keep) for name, column in table.items()}
    inputs, padded = matrix(plan.columns, table, plan.padding, path)
    weight = np.full(len(inputs), file.scale)
    if plan.weight is not None:
        weight *= finite(plan.weight, table, "weight", path)
    if plan.target is None:
        target = np.full(len(inputs), file.label, np.int64)
    else:
        values = finite(plan.target, table, "target", path)
        target = values.astype(np.int64)
        unequal = int((target != values).sum())
        if unequal:
            raise DataError(
                f"{path}: target '{plan.target.text}' is not a whole number in {unequal} of "
                f"{len(target)} events; it must be true or false, or the number of the class"
            )
    event = None
    if plan.event is not None:
        event = event_numbers(table[plan.event], plan.event, path)
    return Part(path, inputs, padded, target, weight, event, total, missing)
