"""CSV files: a line of names, then one line an event; an empty field becomes NaN."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from cmsml_tasks.errors import DataError
from cmsml_tasks.recipes.reading.common import open_binary, require

_BOOLS = {"true": True, "false": False}


def read(path: str, wanted: Sequence[str], tree: str | None) -> dict[str, Any]:
    """Return the columns *wanted*; see `cmsml_tasks.recipes.reading`."""
    with open_binary(path) as stream:
        lines = csv.reader(io.TextIOWrapper(stream, encoding="utf-8-sig", newline=""))
        names = [name.strip() for name in next(lines, [])]
        if not names:
            raise DataError(f"{path}: is empty; the first line must name the columns")
        require(path, wanted, names, "column")
        indices = [names.index(name) for name in wanted]
        texts: list[list[str]] = [[] for _ in wanted]
        for fields in lines:
            if not fields:
                continue
            if len(fields) != len(names):
                raise DataError(
                    f"{path}: line {lines.line_num} has {len(fields)} fields, the first line "
                    f"names {len(names)}"
                )
            for column, index in zip(texts, indices, strict=True):
                column.append(fields[index].strip())
    return {name: _numbers(path, name, column) for name, column in zip(wanted, texts, strict=True)}


def _numbers(path: str, name: str, texts: list[str]) -> Any:
    """Whole numbers stay integers: an event number must not lose digits."""
    if texts and all(text.lower() in _BOOLS for text in texts):
        return np.array([_BOOLS[text.lower()] for text in texts])
    for kind in (np.int64, np.uint64):
        try:
            return np.array([int(text) for text in texts], kind)
        except (ValueError, OverflowError):
            continue
    try:
        return np.array([float(text or "nan") for text in texts])
    except ValueError as error:
        raise DataError(
            f"{path}: column '{name}' is not numeric: {error}; write numbers, or only true/false"
        ) from error
