"""Rows that a graph is validated on: real ones, or random ones; extreme ones; missing values.

A row is what has one index along the first, free dimension of every input ("rows" layout). Where
inputs have no such dimension in common, each row is a whole feed of its own ("feeds" layout):
arrays then have the shape of the input behind the row's index.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import ml_dtypes
import numpy as np

from cmsml_tasks.arguments import argument
from cmsml_tasks.errors import ConversionError, did_you_mean, listed
from cmsml_tasks.shapes import compatible, format_shape, why_no_rows
from cmsml_tasks.validation.card import as_shape
from cmsml_tasks.validation.dtypes import Array, dtype_of, is_float, without_objects

MAIN = ("validation", "random")
"""Kinds of ordinary rows: a reference has those of one of them."""
SPECIAL = ("extreme", "missing")
"""Kinds of rows that stand for what goes wrong in real data."""
UNKNOWN_SIZE = 3
"""Size given to unknown dimensions other than the first; the same for all, so that they fit."""
FEED_ROWS = 4
"""Size given to an unknown first dimension in the "feeds" layout."""
MAIN_BYTES = 64_000_000
"""Rows are left out where all of them together would take more than this."""
_WORDS = ("", "0", "1", "a", "b", "unknown")
_EACH = 16
"""Up to so many features, and inputs, are tried one by one."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Input arrays by interface name, with a kind and a description for each row.

    ``kinds`` has "validation" or "random", "extreme" and "missing"; ``layout`` is "rows" or
    "feeds".
    """

    inputs: dict[str, Array]
    kinds: Array
    labels: Array
    layout: str


@dataclass(frozen=True)
class _Input:
    name: str
    dtype: np.dtype[Any]
    shape: tuple[int | None, ...]

    @property
    def floating(self) -> bool:
        return is_float(self.dtype)


def reference_rows(
    inputs: Sequence[Mapping[str, Any]],
    rows: Mapping[str, Any] | None = None,
    seed: int = 1,
    *,
    outputs: Sequence[Mapping[str, Any]] = (),
    limit: int = 512,
    random_rows: int = 32,
    integers: int = 10,
    by_feed: bool = False,
) -> Rows:
    """Choose the rows for a graph with the given *inputs*.

    Args:
        inputs: name, dtype and shape of each input, as on the signature card.
        rows: known good rows by input name, row along the first axis; without any, random rows
            are made: floats of four scales, integers from 0, a few words.
        seed: of the random rows.
        outputs: name, dtype and shape of each output; one without a free first dimension makes
            each row a feed of its own.
        limit: how many of *rows* are taken at most, evenly spread; fewer where they are large.
        random_rows: how many random rows are made; fewer where they are large.
        integers: random integers lie below this.
        by_feed: makes each row a feed of its own in any case.

    Raises:
        ConversionError: an input of unknown rank, of a dtype that no array can have, or of which
            one row is too large to be made; *rows* that do not fit the inputs.
    """
    _refuse_unknown_shapes(inputs)
    known = [_known(entry) for entry in inputs]
    layout = "feeds" if by_feed or not _rowwise(inputs, outputs) else "rows"
    given = _given(known, rows, layout) if rows and known else None
    if given is not None:
        main, kind = spread(given, limit), "validation"
        labels = [f"validation row {n}" for n in range(_length(main))]
    else:
        count = random_rows if layout == "rows" else max(1, random_rows // FEED_ROWS)
        main, kind = _random(known, count, layout, seed, integers), "random"
        labels = [f"random row {n}" for n in range(_length(main))]
    parts, kinds = [main], [kind] * len(labels)
    for special, content in (("extreme", _extreme), ("missing", _missing)):
        for label, change in content(known, given or main):
            row = len(kinds) % len(main[known[0].name])
            part = {name: array[row : row + 1] for name, array in main.items()}
            parts.append({**part, **{name: array[np.newaxis] for name, array in change.items()}})
            kinds.append(special)
            labels.append(label)
    merged = {entry.name: np.concatenate([part[entry.name] for part in parts]) for entry in known}
    return Rows(merged, np.array(kinds, dtype="U10"), np.array(labels, dtype="U"), layout)


def _length(arrays: Mapping[str, Array]) -> int:
    return len(next(iter(arrays.values()))) if arrays else 1


def _refuse_unknown_shapes(inputs: Sequence[Mapping[str, Any]]) -> None:
    unknown = [entry["name"] for entry in inputs if as_shape(entry["shape"]) is None]
    if unknown:
        shapes = ",".join(f"{name}=[?,10]" for name in unknown)
        raise ConversionError(
            f"no rows can be made, since no shape is known of {listed(unknown)}; give it with "
            f'{argument("input_shapes")}, such as "{shapes}" (? for the free batch dimension, [] '
            "for a single number)"
        )


def _known(entry: Mapping[str, Any]) -> _Input:
    name, shape, dtype = entry["name"], as_shape(entry["shape"]), dtype_of(entry["dtype"])
    if dtype is None:
        raise ConversionError(
            f"input '{name}' has dtype {entry['dtype']}, which no array can have; "
            "name inputs that take numbers or strings"
        )
    assert shape is not None, "unknown shapes are refused before, all at once"
    return _Input(name, dtype, shape)


def _rowwise(inputs: Sequence[Mapping[str, Any]], outputs: Sequence[Mapping[str, Any]]) -> bool:
    shapes = (
        {entry["name"]: as_shape(entry["shape"]) for entry in each} for each in (inputs, outputs)
    )
    return not why_no_rows(*shapes)


def _item_shape(entry: _Input, layout: str) -> tuple[int, ...]:
    sizes = entry.shape[1:] if layout == "rows" else entry.shape
    filled = [UNKNOWN_SIZE if size is None else size for size in sizes]
    if layout == "feeds" and entry.shape and entry.shape[0] is None:
        filled[0] = FEED_ROWS
    return tuple(filled)


def _given(
    inputs: Sequence[_Input], rows: Mapping[str, Any], layout: str
) -> dict[str, Array] | None:
    """Bring the given rows into the layout; None when there are none."""
    for entry in inputs:
        if entry.name not in rows:
            raise ConversionError(
                f"the validation rows have nothing for input '{entry.name}'"
                f"{did_you_mean(entry.name, rows)}"
            )
    arrays = {entry.name: without_objects(rows[entry.name]) for entry in inputs}
    if len({array.shape[:1] for array in arrays.values()}) != 1:
        counts = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ConversionError(f"the inputs' validation rows differ in number: {counts}")
    if _length(arrays) == 0:
        return None
    arrays = {
        entry.name: array if entry.dtype.kind == "S" else array.astype(entry.dtype)
        for entry, array in zip(inputs, arrays.values(), strict=True)
    }
    if layout == "feeds":
        arrays = _grouped(inputs, arrays)
    for entry in inputs:
        sizes = entry.shape[1:] if layout == "rows" else entry.shape
        if not compatible(sizes, arrays[entry.name].shape[1:]):
            raise ConversionError(
                f"validation rows of shape {rows[entry.name].shape} do not fit input "
                f"'{entry.name}' of shape {format_shape(entry.shape)}"
            )
    return arrays


def _grouped(inputs: Sequence[_Input], arrays: dict[str, Array]) -> dict[str, Array]:
    """Gather rows into feeds where all inputs take the same number of rows at once."""
    whole = all(compatible(entry.shape, arrays[entry.name].shape[1:]) for entry in inputs)
    sizes = {entry.shape[0] if entry.shape else 0 for entry in inputs}
    if whole or len(sizes) != 1 or 0 in sizes:
        return arrays
    size = sizes.pop() or FEED_ROWS
    count = max(1, _length(arrays) // size)
    taken = np.arange(count * size) % _length(arrays)
    return {
        name: array[taken].reshape(count, size, *array.shape[1:]) for name, array in arrays.items()
    }


def spread(rows: Mapping[str, Array], limit: int) -> dict[str, Array]:
    """Return at most *limit* of *rows*, evenly spread over all; fewer where they are large."""
    size = sum(array.nbytes // len(array) for array in rows.values())
    limit = max(1, min(limit, MAIN_BYTES // max(1, size)))
    count = _length(rows)
    chosen = np.arange(count) if count <= limit else np.linspace(0, count - 1, limit).astype(int)
    return {name: array[chosen] for name, array in rows.items()}


def _random(
    inputs: Sequence[_Input], count: int, layout: str, seed: int, integers: int
) -> dict[str, Array]:
    count = _fitting(inputs, count, layout)
    rng = np.random.default_rng(seed)
    scales = np.resize([1.0, 0.1, 1.0, 10.0], count)
    arrays: dict[str, Array] = {}
    for entry in inputs:
        shape = (count, *_item_shape(entry, layout))
        if entry.dtype.kind == "S":
            arrays[entry.name] = rng.choice(np.array(_WORDS, dtype="S"), size=shape)
        elif entry.dtype.kind in "biu":
            top = 2 if entry.dtype.kind == "b" else integers
            arrays[entry.name] = rng.integers(0, top, size=shape).astype(entry.dtype)
        else:
            normal = rng.standard_normal(shape) * scales.reshape(-1, *[1] * (len(shape) - 1))
            arrays[entry.name] = normal.astype(entry.dtype)
    return arrays


def _fitting(inputs: Sequence[_Input], count: int, layout: str) -> int:
    """Return how many random rows are made: fewer where they are large, as in `spread`."""
    sizes = {e.name: math.prod(_item_shape(e, layout)) * (e.dtype.itemsize or 8) for e in inputs}
    if sum(sizes.values()) > MAIN_BYTES:
        largest = max(inputs, key=lambda entry: sizes[entry.name])
        raise ConversionError(
            f"input '{largest.name}' of shape {format_shape(largest.shape)} takes "
            f"{sizes[largest.name]:,} bytes for one row, more than any row has "
            f"({MAIN_BYTES:,}); give it a shape that it is used with, or mend the model"
        )
    return max(1, min(count, MAIN_BYTES // max(1, sum(sizes.values()))))


Change = tuple[str, dict[str, Array]]


def _extreme(inputs: Sequence[_Input], rows: Mapping[str, Array]) -> Iterator[Change]:
    """Give what to put in place of float inputs: all of them at once, then each by itself."""
    floats = [entry for entry in inputs if entry.floating]
    families = [floats] if floats else []
    if 1 < len(floats) <= _EACH:
        families += [[entry] for entry in floats]
    for family in families:
        who = ", ".join(entry.name for entry in family) if len(family) <= 3 else "all float inputs"
        values = [_extreme_values(rows[entry.name]) for entry in family]
        for word in values[0]:
            changes = {e.name: v[word] for e, v in zip(family, values, strict=True)}
            yield f"{who}: {word}", changes


def _extreme_values(rows: Array) -> dict[str, Array]:
    """Give items by description, in the shape of a row."""
    finfo: Any = ml_dtypes.finfo  # knows bfloat16 too, but has no type hints
    limits = finfo(rows.dtype)
    wide = rows.astype(np.float64)
    fills = {
        "zeros": 0.0,
        "ones": 1.0,
        "minus one": -1.0,
        "1e6": 1e6,
        "-1e6": -1e6,
        "1e-30": 1e-30,
        "smallest denormal": float(limits.smallest_subnormal),
        "1e30": 1e30,
        "-1e30": -1e30,
        "largest number": float(limits.max),
        "inf": np.inf,
        "-inf": -np.inf,
    }
    values = {word: np.full(rows.shape[1:], value) for word, value in fills.items()}
    values["maximum of the rows"] = np.asarray(np.fmax.reduce(wide, axis=0))
    values["minimum of the rows"] = np.asarray(np.fmin.reduce(wide, axis=0))
    with np.errstate(over="ignore", under="ignore"):
        return {word: value.astype(rows.dtype) for word, value in values.items()}


def _missing(inputs: Sequence[_Input], rows: Mapping[str, Array]) -> Iterator[Change]:
    """Give NaN in all float inputs, in each of them, and in one feature (last axis) at a time."""
    floats = [entry for entry in inputs if entry.floating]
    blank = {entry.name: np.full_like(rows[entry.name][0], np.nan) for entry in floats}
    if floats:
        yield "NaN everywhere", blank
    if 1 < len(floats) <= _EACH:
        for name, item in blank.items():
            yield f"{name}: NaN", {name: item}
    for entry in floats[:_EACH]:
        item = rows[entry.name][0]
        features = item.shape[-1] if item.ndim else 1
        if features < 2:
            continue
        for feature in np.unique(np.linspace(0, features - 1, min(features, _EACH)).astype(int)):
            changed = item.copy()
            changed[..., feature] = np.nan
            yield f"{entry.name}: NaN in feature {feature}", {entry.name: changed}
