"""CSV files: a line of names, then one line an event; an empty field is a missing value.

What counts as a number is written here and not left to Python, to which ``3_5`` is 35: decimal
digits with sign, point and exponent, ``nan`` and ``inf``.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading.common import masked, named, open_binary

_BOOLS = {"true": True, "false": False}
_BLANK = " \t"
_WHOLE = re.compile(r"[+-]?[0-9]{1,400}")
_WHOLE_VALUE = re.compile(r"([+-]?[0-9]{1,400})(?:\.0*)?")
"""Also with a point; one with an exponent is a decimal, of which as many digits count as it has."""
_NUMBER = re.compile(
    r"[+-]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf|infinity)",
    re.ASCII | re.IGNORECASE,
)


def read(path: str, wanted: Sequence[str], tree: str | None) -> dict[str, Any]:
    """Return the columns *wanted*; see `cmsml_tasks.recipes.reading`."""
    with open_binary(path) as stream, io.TextIOWrapper(stream, "utf-8-sig", newline="") as lines:
        texts = _texts(path, wanted, lines)
    return {name: _column(path, name, column) for name, column in texts.items()}


def _texts(path: str, wanted: Sequence[str], stream: io.TextIOBase) -> dict[str, list[str]]:
    """Return the fields of the columns *wanted*."""
    lines = csv.reader(stream, strict=True)
    try:
        names = [name.strip(_BLANK) for name in next(lines, [])]
        if not names:
            raise DataError(f"{path}: has no lines; the first one must name the columns")
        places = named(path, wanted, names, "column")
        texts: dict[str, list[str]] = {name: [] for name in wanted}
        columns = [(texts[name], places[name]) for name in wanted]
        for fields in lines:
            if not fields:
                continue
            if len(fields) != len(names):
                raise DataError(
                    f"{path}: line {lines.line_num} has {len(fields)} fields, the first line "
                    f"names {len(names)}"
                )
            for column, place in columns:
                column.append(fields[place].strip(_BLANK))
    except csv.Error as error:
        raise DataError(
            f"{path}: line {lines.line_num}: {error}; is a quotation mark left open?"
        ) from error
    return texts


def _column(path: str, name: str, texts: list[str]) -> Any:
    """Return what is there, with a mask where a field is empty."""
    if all(texts):
        return _values(path, name, texts)
    there = np.array([bool(text) for text in texts], bool)
    values = _values(path, name, [text for text in texts if text])
    column = np.zeros(len(texts), values.dtype)
    column[there] = values
    return masked(column, ~there)


def _values(path: str, name: str, texts: list[str]) -> Any:
    """Whole numbers stay integers: an event number must not lose digits."""
    if texts and all(text.lower() in _BOOLS for text in texts):
        return np.array([_BOOLS[text.lower()] for text in texts])
    if texts and all(map(_WHOLE.fullmatch, texts)):
        numbers = [int(text) for text in texts]
        for kind in (np.int64, np.uint64):
            try:
                return np.array(numbers, kind)
            except OverflowError:
                continue
    if not all(map(_NUMBER.fullmatch, texts)):
        other = next(text for text in texts if not _NUMBER.fullmatch(text))
        raise DataError(
            f"{path}: column '{name}' is not numeric: {other!r}; write numbers such as 1.5e-3, "
            "nothing where one is missing, or only true and false"
        )
    values = np.array(list(map(float, texts)), np.float64)
    _check_kept(path, name, texts, values)
    return values


def _check_kept(path: str, name: str, texts: list[str], values: Any) -> None:
    """Refuse what float64 cannot hold: a number becomes infinity, a whole one another."""
    large = np.flatnonzero(np.abs(values) >= 2**53).tolist()
    pairs = [(texts[row], float(values[row])) for row in large]
    lost = [text for text, value in pairs if np.isinf(value) and "inf" not in text.lower()]
    if lost:
        raise DataError(
            f"{path}: column '{name}' has {lost[0]!r}, beyond the range of float64 (1.8e308), in "
            f"{len(lost)} of {len(texts)} lines"
        )
    wholes = [(_WHOLE_VALUE.fullmatch(text), value) for text, value in pairs]
    bent = [whole[0] for whole, value in wholes if whole and int(whole[1]) != value]
    if bent:
        raise DataError(
            f"{path}: column '{name}' has whole numbers that float64 changes, such as {bent[0]}, "
            f"in {len(bent)} of {len(texts)} lines; they stay exact in a column of nothing but "
            "whole numbers without a point, from -2**63 to 2**63 - 1 or from 0 to 2**64 - 1"
        )
