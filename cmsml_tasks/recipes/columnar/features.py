"""The columns of a network's input: from what a recipe lists to a matrix of raw numbers."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cmsml_tasks.errors import DataError, SettingsError
from cmsml_tasks.recipes.expressions.expression import Expression, parse
from cmsml_tasks.recipes.expressions.syntax import check_name

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cmsml_tasks.recipes.expressions.values import Value


@dataclass(frozen=True)
class Column:
    """One column of the input: its name on the signature card, and how it is computed."""

    name: str
    expression: Expression


def expand(features: Sequence[str] | Mapping[str, str], owner: str) -> list[Column]:
    """Return the columns of *features*: names and expressions, or expressions by name.

    ``"Muon_Px[:2]"`` becomes the columns ``Muon_Px[0]`` and ``Muon_Px[1]``.

    Raises:
        SettingsError: no features, one that is no expression, or two of the same name.
    """
    named = features if isinstance(features, Mapping) else [(text, text) for text in features]
    columns: dict[str, Column] = {}
    for name, text in named.items() if isinstance(named, Mapping) else named:
        for column in _expand_one(str(name), str(text), owner):
            if column.name in columns:
                raise SettingsError(f"features of {owner}: '{column.name}' is there twice")
            columns[column.name] = column
    if not columns:
        raise SettingsError(f"{owner} has no features; list columns: features = ['Muon_pt', ...]")
    return list(columns.values())


def parse_definitions(define: Mapping[str, str], owner: str) -> dict[str, Expression]:
    """Return the expressions of *define* by name, in the order in which they are computed.

    Raises:
        SettingsError: no expression, one that uses itself or a definition below it, or one by a
            name that means something else.
    """
    if not isinstance(define, Mapping):
        raise SettingsError(f"define of {owner} must be a dict, expressions by name: {define!r}")
    for name in define:
        try:
            check_name(name)
        except SettingsError as error:
            raise SettingsError(f"define of {owner}: {error}") from None
    definitions = {name: parse(text, f"'{name}' of {owner}") for name, text in define.items()}
    names = list(definitions)
    for index, (name, expression) in enumerate(definitions.items()):
        early = sorted(expression.columns & set(names[index:]))
        if early:
            raise SettingsError(
                f"'{name}' of {owner} uses '{early[0]}', which is not defined above it; "
                "change the order, or the name"
            )
    return definitions


def add_definitions(
    definitions: Mapping[str, Expression], table: Mapping[str, Value], path: str
) -> dict[str, Value]:
    """Return *table* together with the columns of *definitions*, whatever their shapes.

    Raises:
        DataError: one cannot be computed.
    """
    result = dict(table)
    rows = _rows(table)
    for name, expression in definitions.items():
        try:
            value = expression.evaluate(result)
        except DataError as error:
            raise DataError(f"{path}: definition of '{name}': {error}") from error
        result[name] = value.repeated(rows)
    return result


def _expand_one(name: str, text: str, owner: str) -> list[Column]:
    expression = parse(text, f"feature of {owner}")
    match expression.tree:
        case ast.Subscript(value=value, slice=ast.Slice(upper=ast.Constant(value=int() as count))):
            stem = ast.unparse(value) if name == text else name
            elements = [f"({ast.unparse(value)})[{index}]" for index in range(count)]
            return [
                Column(f"{stem}[{index}]", parse(element, f"feature of {owner}"))
                for index, element in enumerate(elements)
            ]
    return [Column(name, expression)]


def one_per_event(
    expression: Expression,
    table: Mapping[str, Value],
    what: str,
    path: str,
    expands: bool = False,
) -> Value:
    """Return the values of *expression*, one per event, of which some may be missing.

    That a feature *expands* with ``[:2]`` matters for the advice alone.

    Raises:
        DataError: it has several values per event, is undefined in some, or cannot be computed.
    """
    from cmsml_tasks.recipes.expressions.values import UNDEFINED

    rows = _rows(table)
    try:
        value = expression.evaluate(table).repeated(rows)
    except DataError as error:
        raise DataError(f"{path}: {what}: {error}") from error
    if value.lists:
        advice = _reductions(expression, value, expands)
        raise DataError(f"{path}: {what} has several values per event; {advice}")
    undefined = 0 if value.doubt is None else int((value.doubt == UNDEFINED).sum())
    if undefined and value.trouble:
        raise DataError(
            f"{path}: {what}: {value.trouble.reason} in {undefined} of {rows} events; "
            f"{value.trouble.advice}"
        )
    return value


def _rows(table: Mapping[str, Value]) -> int:
    return len(next(iter(table.values())))


def _reductions(expression: Expression, value: Value, expands: bool) -> str:
    """Say how the several values per event become one, or several features."""
    text = expression.text
    if value.kind == "b":
        return f"make one of them with 'any({text})' or 'all({text})', or count with 'sum({text})'"
    stem = _as_operand(expression)
    one = f"one number of them with 'max({text})', min, sum or count"
    if expands:
        return f"take the first ones with '{stem}[:2]' or one with [0], or make {one}"
    return f"take the first one with '{stem}[0]', or make {one}"


def matrix(
    columns: Sequence[Column], table: Mapping[str, Value], padding: float, path: str
) -> tuple[NDArray[np.float32], list[bool]]:
    """Return the raw features, float32 (events, columns), and which columns can be padded.

    Raises:
        DataError: a feature cannot be computed, is NaN or infinite, loses digits, or takes the
            value that stands for padding; with file, feature and number of events.
    """
    import numpy as np

    rows = _rows(table)
    result = np.empty((rows, len(columns)), np.float32)
    padded: list[bool] = []
    for index, column in enumerate(columns):
        what = f"feature '{column.name}'"
        value = one_per_event(column.expression, table, what, path, expands=True)
        padded.append(value.doubt is not None)
        missing = value.missing
        values = np.where(missing, value.data.dtype.type(0), value.data)
        with np.errstate(over="ignore"):
            result[:, index] = values
        _check_range(result[:, index], values, missing, f"{path}: {what}", column.expression)
        _check_digits(result[:, index], values, f"{path}: {what}", column.expression)
        clash = int(((result[:, index] == np.float32(padding)) & ~missing).sum())
        if padded[-1] and clash:
            raise DataError(
                f"{path}: {what} takes the value {padding:g} in {clash} events, which stands for "
                "padding; choose another one: padding = ..."
            )
        result[missing, index] = padding
    return result, padded


def _check_range(
    column: NDArray[np.float32],
    values: NDArray[Any],
    missing: NDArray[np.bool_],
    what: str,
    expression: Expression,
) -> None:
    import numpy as np

    bad = ~np.isfinite(column) & ~missing
    large = int((bad & np.isfinite(values)).sum())
    if large:
        raise DataError(
            f"{what} is beyond the range of float32 (3.4e38) in {large} of {len(column)} events; "
            "divide it"
        )
    if bad.any():
        raise not_finite(what, int(bad.sum()), len(column), expression.text)


def _check_digits(
    column: NDArray[np.float32], values: NDArray[Any], what: str, expression: Expression
) -> None:
    import numpy as np

    if values.dtype.kind not in "iu" or not len(values):
        return
    with np.errstate(invalid="ignore"):  # the largest integers of all, rounded up
        changed = int((column.astype(values.dtype) != values).sum())
    if changed:
        largest = max(int(values.max()), -int(values.min()))
        raise DataError(
            f"{what} loses digits in {changed} of {len(column)} events: it has whole numbers up to "
            f"{largest}, and float32 holds all of them only up to {2**24}; subtract an offset, as "
            f"in '{_as_operand(expression)} - {largest - largest % 10**6}', or leave it out if it "
            "only numbers runs or events"
        )


def _as_operand(expression: Expression) -> str:
    """Return its text, in brackets where something put behind it would bind tighter."""
    binds = isinstance(expression.tree, ast.Name | ast.Attribute | ast.Subscript | ast.Call)
    return expression.text if binds else f"({expression.text})"


def not_finite(what: str, count: int, rows: int, text: str) -> DataError:
    """Return the error for NaN and infinite values."""
    return DataError(
        f"{what} is NaN or infinite in {count} of {rows} events; drop them with "
        f"selection = 'isfinite({text})' or replace them: 'where(isfinite({text}), {text}, 0)'"
    )
