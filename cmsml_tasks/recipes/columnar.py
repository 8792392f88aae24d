"""Columnar events: from the attributes of an `EventRecipe` and its files to `Events`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cmsml_tasks.errors import DataError, SettingsError
from cmsml_tasks.recipes.checks import (
    balanced,
    check_selected,
    event_numbers,
    finite,
    labels,
    repeated_numbers,
    selected,
)
from cmsml_tasks.recipes.event_recipe import EventRecipe
from cmsml_tasks.recipes.events import Events, Feature
from cmsml_tasks.recipes.expressions import Expression, parse
from cmsml_tasks.recipes.features import (
    Column,
    add_definitions,
    expand,
    matrix,
    parse_definitions,
)
from cmsml_tasks.recipes.reading import read_columns
from cmsml_tasks.recipes.sources import SourceFile, class_names, find_files
from cmsml_tasks.recipes.syntax import by_name, constants, possible_names
from cmsml_tasks.recipes.values import Value, values_of


@dataclass(frozen=True)
class Plan:
    """What is read from every file of a recipe."""

    recipe: type[EventRecipe]
    definitions: dict[str, Expression]
    columns: list[Column]
    target: Expression | None
    weight: Expression | None
    selection: Expression | None

    @property
    def expressions(self) -> list[Expression]:
        """All of them."""
        parts = [self.target, self.weight, self.selection]
        expressions = [part for part in parts if part is not None]
        expressions += self.definitions.values()
        return expressions + [column.expression for column in self.columns]

    @property
    def wanted(self) -> set[str]:
        """Names of the columns that the files must have."""
        names = {name for expression in self.expressions for name in expression.columns}
        event = {self.recipe.event} if self.recipe.event else set()
        return names - set(self.definitions) | event


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


def load_events(recipe: type[EventRecipe], files: Sequence[str]) -> Events:
    """Return the events of *recipe* in *files*, as `EventRecipe.load` promises."""
    plan = _plan(recipe)
    parts = [_read(plan, file) for file in _matched(recipe, files)]
    totals = [(part.path, part.total, len(part.target)) for part in parts]
    check_selected(totals, recipe.selection)
    target = np.concatenate([part.target for part in parts])
    classes = labels(target, class_names(recipe.samples), recipe.target, len(parts))
    weight = np.concatenate([part.weight for part in parts])
    if recipe.balance_classes:
        weight = balanced(weight, target, classes)
    scaled = any(source.scale != 1 for source in recipe.sources())
    weighted = plan.weight is not None or scaled or recipe.balance_classes
    padded = np.any([part.padded for part in parts], axis=0)
    numbers = [part.event for part in parts if part.event is not None]
    event = np.concatenate(numbers) if numbers else None
    notes = [] if recipe.selection is None else [_about_selection(recipe.selection, parts)]
    if event is not None:
        names = class_names(recipe.samples)
        notes += repeated_numbers(event, target, names, recipe.event or "")
    return Events(
        inputs=np.concatenate([part.inputs for part in parts]),
        target=target,
        weight=weight if weighted else None,
        event=event,
        event_column=recipe.event or "",
        features=[
            Feature(name=column.name, padding=float(recipe.padding) if pad else None)
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


def _plan(recipe: type[EventRecipe]) -> Plan:
    def optional(name: str) -> Expression | None:
        text = getattr(recipe, name)
        return None if text is None else parse(text, f"{name} of {recipe.__qualname__}")

    columns = expand(recipe.features, recipe.__qualname__)
    plan = Plan(
        recipe,
        parse_definitions(recipe.define, recipe.__qualname__),
        columns,
        optional("target"),
        optional("weight"),
        optional("selection"),
    )
    if not plan.wanted:
        raise SettingsError(f"no expression of {recipe.__qualname__} uses a column of the files")
    return plan


def _matched(recipe: type[EventRecipe], files: Sequence[str]) -> list[SourceFile]:
    """Return label and scale of each of *files*; without samples any file will do."""
    if not files:
        raise DataError(f"{recipe.__qualname__}: no files to read")
    if not recipe.samples:
        return [SourceFile(str(path), None, 1.0) for path in files]
    known = {file.path: file for file in find_files(recipe.sources())}
    unknown = [path for path in files if path not in known]
    if unknown:
        raise DataError(f"{unknown[0]}: belongs to no sample of {recipe.__qualname__}")
    return [known[path] for path in files]


def _table(plan: Plan, path: str) -> dict[str, Value]:
    """Return the columns of the file; where one is not there, look for one called ``B-tag``."""
    _check_constants(plan, path)
    tree = plan.recipe.tree
    try:
        return values_of(read_columns(path, plan.wanted, tree))
    except DataError as error:
        for expression in plan.expressions:
            for name in possible_names(expression.tree, expression.text):
                if _has_column(path, name, tree):
                    advice = f"'{name}' is written {by_name(name)} where it is one name"
                    raise DataError(f"{error}; {advice}") from error
        raise


def _check_constants(plan: Plan, path: str) -> None:
    """Refuse ``pi`` where the file has a column of that name: nobody knows what is meant."""
    for expression in plan.expressions:
        for name, other in constants(expression.tree, expression.text).items():
            if _has_column(path, name, plan.recipe.tree):
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


def _read(plan: Plan, file: SourceFile) -> Part:
    path = file.path
    table = _table(plan, path)
    total, missing = len(next(iter(table.values()))), 0
    table = add_definitions(plan.definitions, table, path)
    if plan.selection is not None:
        chosen = selected(plan.selection, table, path)
        missing = chosen.missing
        table = {name: column.picked(chosen.keep) for name, column in table.items()}
    inputs, padded = matrix(plan.columns, table, plan.recipe.padding, path)
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
    if plan.recipe.event is not None:
        event = event_numbers(table[plan.recipe.event], plan.recipe.event, path)
    return Part(path, inputs, padded, target, weight, event, total, missing)
