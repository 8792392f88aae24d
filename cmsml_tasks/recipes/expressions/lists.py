"""What is done to the list of each event: one of its elements, some of them, or all in one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cmsml_tasks.recipes.expressions.integers import lists_overflow
from cmsml_tasks.recipes.expressions.operations import numbers, surely, undefined_integers
from cmsml_tasks.recipes.expressions.values import (
    MISSING,
    Doubt,
    Lists,
    UnfitError,
    Value,
    aligned,
    either,
    elements,
    list_reduced,
    placeholder,
    settled,
)


def element(value: Value, number: int, name: str) -> Value:
    """Return element *number* of each event's list, missing where it is shorter.

    Raises:
        UnfitError: by its type no list is so long.
    """
    level, deeper = value.lists[0], value.lists[1:]
    if level.width is not None and number >= level.width:
        raise UnfitError(f"{name}: each event has {level.width} values, counted from 0")
    has = level.counts > number
    index = level.starts[has] + number
    picked = elements(replace(value, lists=deeper), index)
    doubt, inner = level.doubt, picked.lists[0].doubt if deeper else picked.doubt
    if level.width is None or inner is not None:
        missing = np.full(len(has), MISSING)
        missing[has] = 0 if inner is None else inner
        doubt = either(doubt, missing)
    if deeper:
        counts = np.zeros(len(has), np.int64)
        counts[has] = picked.lists[0].counts
        width = picked.lists[0].width if level.width else None
        return replace(picked, lists=(Lists(counts, width, doubt), *picked.lists[1:]))
    data = np.full(len(has), placeholder(picked.data.dtype), picked.data.dtype)
    data[has] = picked.data
    return replace(value, data=data, lists=(), doubt=doubt)


def first(value: Value, number: int) -> Value:
    """Return at most the first *number* elements of each event's list."""
    level = value.lists[0]
    place = np.arange(level.counts.sum()) - np.repeat(level.starts, level.counts)
    width = None if level.width is None else min(level.width, number)
    return _of_lists(value, place < number, width=width)


def kept(value: Value, keep: Value, names: Sequence[str]) -> Value:
    """Return the elements for which *keep* is true; where it is missing, the lists are unsure."""
    value, spread = aligned([value, keep], names)
    unsure = None
    if keep.doubt is not None:
        value = replace(value, doubt=either(value.doubt, spread.doubt))
        unsure = settled(list_reduced(np.maximum, keep.doubt, keep.lists[-1], 0))
    picked = _of_lists(value, keep.data, depth=len(keep.lists), unsure=unsure)
    return replace(picked, doubt=settled(picked.doubt), trouble=value.trouble or keep.trouble)


def reduced(function: str, value: Value, name: str) -> Value:
    """Return ``sum any all count max min`` of each innermost list.

    The sum of none is 0; ``max`` and ``min`` of none are missing, and so is everything of a list
    that is missing itself.

    Args:
        function: which one.
        value: lists; of conditions for ``any`` and ``all``.
        name: how the whole is written.
    """
    level, outer = value.lists[-1], value.lists[:-1]
    result = Value(level.counts, outer, level.doubt, value.trouble)
    if function == "count":
        return result
    doubt = None if value.doubt is None else list_reduced(np.maximum, value.doubt, level, 0)
    doubt = either(doubt, level.doubt)
    if function in ("any", "all"):
        return _decided(function, value, replace(result, doubt=doubt))
    value = numbers(value)
    if function == "sum":
        data = list_reduced(np.add, value.data, level, 0)
        result = replace(result, data=data, doubt=doubt)
        if value.kind != "i":
            return result
        return undefined_integers(result, lists_overflow(value.data, level, data), name)
    pick = np.maximum if function == "max" else np.minimum
    data = list_reduced(pick, value.data, level, placeholder(value.data.dtype))
    if not level.width:
        doubt = either(doubt, (level.counts == 0) * MISSING)
    return replace(result, data=data, doubt=doubt)


def _decided(function: str, value: Value, result: Value) -> Value:
    """Return ``any`` or ``all``: one element that decides leaves no doubt about the others.

    Of a list that is missing they are a missing condition, which is false.
    """
    answer = function == "any"
    combine = np.logical_or if answer else np.logical_and
    data = list_reduced(combine, value.data, value.lists[-1], not answer)
    doubt = result.doubt
    if doubt is not None:
        sure = list_reduced(np.logical_or, surely(value, answer), value.lists[-1], False)
        data &= doubt != MISSING
        doubt = settled(doubt * ~sure)
    return replace(result, data=data, doubt=doubt)


def _of_lists(
    value: Value,
    keep: NDArray[Any],
    depth: int = 1,
    width: int | None = None,
    unsure: Doubt | None = None,
) -> Value:
    """Return *value* with those of its entries at *depth* that *keep* says.

    Of which lists that is *unsure*, comes on top of what is known about them.
    """
    picked = elements(value, np.flatnonzero(keep), depth)
    level = value.lists[depth - 1]
    counts = list_reduced(np.add, keep.astype(np.int64), level, 0)
    shorter = Lists(counts, width, either(level.doubt, unsure))
    lists = (*value.lists[: depth - 1], shorter, *picked.lists[depth:])
    return replace(picked, lists=lists)
