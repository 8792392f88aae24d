"""Values of the events, one number each or lists of them, and what is known about each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Doubt: TypeAlias = NDArray[np.uint8]
"""Of each number: 0 where it is known, or one of the following."""
UNSURE, MISSING, UNDEFINED = np.array([1, 2, 3], np.uint8)
"""It is known only by what the rules make of a missing one, as a comparison is false; there is no
such number; arithmetic has none (an integer divided by zero), which is an error."""


class UnfitError(Exception):
    """The columns are not of a shape or type that an expression can use."""


@dataclass(frozen=True)
class Trouble:
    """Why numbers are undefined: what is the matter, as ``'a // n' divides by ...``, and a cure."""

    reason: str
    advice: str


@dataclass(frozen=True)
class Lists:
    """How many elements each list has, and what is known about that.

    Attributes:
        counts: (lists,).
        width: where it is the same number by type.
        doubt: (lists,): `MISSING` where there is no list, `UNSURE` where a condition that picks
            elements was missing; None where all are known.
    """

    counts: NDArray[np.int64]
    width: int | None = None
    doubt: Doubt | None = None

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where the elements of each list begin."""
        starts: NDArray[np.int64] = np.cumsum(self.counts) - self.counts
        return starts


@dataclass(frozen=True)
class Value:
    """A constant, one number or bool per event, or lists of them in each event.

    Attributes:
        data: the numbers, those of one list after those of the other, (elements,); a number of
            Python for a constant.
        lists: the lists of each event, then the lists within those, and so on.
        doubt: what is known of each number, (elements,); None where none can be missing.
        trouble: why something is undefined.
    """

    data: Any
    lists: tuple[Lists, ...] = ()
    doubt: Doubt | None = None
    trouble: Trouble | None = None

    @classmethod
    def of(cls, column: Any) -> Value:
        """Return the value of a *column*.

        Args:
            column: a numpy array, (events, ...), where further axes make lists of one length; a
                masked one; an awkward array of numbers, lists and options; a number; or a `Value`.
        """
        if isinstance(column, Value):
            return column
        if type(column).__module__.partition(".")[0] == "awkward":
            return _of_awkward(column)
        if not isinstance(column, np.ndarray):
            return cls(column)
        lists, rows = [], len(column)
        for width in column.shape[1:]:
            lists.append(Lists(np.full(rows, width), width))
            rows *= width
        doubt = None
        if isinstance(column, np.ma.MaskedArray):
            doubt = np.ma.getmaskarray(column).reshape(-1) * MISSING
            column = np.ma.filled(column, placeholder(column.dtype))
        return cls(column.reshape(-1), tuple(lists), doubt)

    @property
    def constant(self) -> bool:
        """Whether it is one number, the same for all events."""
        return np.ndim(self.data) == 0

    @property
    def kind(self) -> str:
        """``b`` for bools, ``i`` for integers, ``f`` for all other numbers."""
        kind = np.asarray(self.data).dtype.kind if self.constant else self.data.dtype.kind
        return "i" if kind == "u" else str(kind)

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Which numbers are missing, or are what they are because another one is, (elements,)."""
        return np.zeros(len(self.data), bool) if self.doubt is None else self.doubt > 0

    @property
    def typeless(self) -> bool:
        """Whether no number is there, as in a CSV file that is only a header."""
        return not self.constant and (
            not len(self.data) or (self.doubt is not None and bool((self.doubt == MISSING).all()))
        )

    def retyped(self, dtype: type) -> Value:
        """Return the value, a typeless one, with another *dtype*."""
        return replace(self, data=np.zeros(len(self.data), dtype))

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.lists[0].counts if self.lists else self.data)

    def picked(self, keep: NDArray[np.bool_]) -> Value:
        """Return the value of the events to *keep*, (events,)."""
        return elements(self, np.flatnonzero(keep))

    def repeated(self, rows: int) -> Value:
        """Return a constant as one number for each of *rows* events, all else as it is."""
        return replace(self, data=np.full(rows, self.data)) if self.constant else self


def values_of(table: Mapping[str, Any]) -> dict[str, Value]:
    """Return the columns of *table* as values."""
    return {name: Value.of(column) for name, column in table.items()}


def elements(value: Value, index: NDArray[np.int64], depth: int = 0) -> Value:
    """Return *value* with those of its entries at *depth* that *index* names, in that order."""
    lists = list(value.lists[:depth])
    for level in value.lists[depth:]:
        counts = level.counts[index]
        doubt = None if level.doubt is None else level.doubt[index]
        lists.append(Lists(counts, level.width, doubt))
        offsets = level.starts[index] - (np.cumsum(counts) - counts)
        index = np.repeat(offsets, counts) + np.arange(counts.sum())
    doubt = None if value.doubt is None else value.doubt[index]
    return replace(value, data=value.data[index], lists=tuple(lists), doubt=doubt)


def aligned(values: Sequence[Value], names: Sequence[str]) -> list[Value]:
    """Return *values* such that all have the same lists; constants stay as they are.

    One number per event goes with each element of the event's list.

    Raises:
        UnfitError: their lists have different lengths; says of which *names*.
    """
    model = max(values, key=lambda value: [len(value.lists), *(x.width or 0 for x in value.lists)])
    name = names[[value is model for value in values].index(True)]
    for value, other in zip(values, names, strict=False):
        for level, expected in zip(value.lists, model.lists, strict=False):
            different = int((level.counts != expected.counts).sum())
            if different:
                raise UnfitError(
                    f"{other} and {name} have lists of different lengths in {different} of "
                    f"{len(value)} events"
                )
    known = [value.lists for value in values]
    lists = tuple(
        replace(level, doubt=either(*(other[depth].doubt for other in known if other[depth:])))
        for depth, level in enumerate(model.lists)
    )
    return [value if value.constant else _spread(value, lists) for value in values]


def either(*doubts: Doubt | None) -> Doubt | None:
    """Return the worse of the *doubts*; None where nothing can be in doubt."""
    result: Doubt | None = None
    for doubt in doubts:
        if doubt is not None:
            result = doubt if result is None else np.maximum(result, doubt)
    return result


def settled(doubt: Doubt | None) -> Doubt | None:
    """Return None in place of a *doubt* that is none."""
    return doubt if doubt is not None and doubt.any() else None


def list_reduced(
    function: np.ufunc, data: NDArray[Any], level: Lists, nothing: Any
) -> NDArray[Any]:
    """Return *function* over the elements of each list, and *nothing* for an empty one."""
    filled = level.counts > 0
    if not filled.any():
        return np.full(len(filled), nothing, data.dtype)
    some = function.reduceat(data, level.starts[filled])
    result = np.full(len(filled), nothing, some.dtype)
    result[filled] = some
    return result


def _spread(value: Value, lists: tuple[Lists, ...]) -> Value:
    data, doubt = value.data, value.doubt
    for level in lists[len(value.lists) :]:
        data = np.repeat(data, level.counts)
        doubt = None if doubt is None else np.repeat(doubt, level.counts)
    return replace(value, data=data, doubt=doubt, lists=lists)


def _of_awkward(array: Any) -> Value:
    import awkward as ak

    lists: list[Lists] = []
    while array.ndim > 1:
        kind, doubt = array.type.content, None
        is_option = isinstance(kind, ak.types.OptionType)
        width = getattr(kind.content if is_option else kind, "size", None)
        if is_option:
            doubt = settled(ak.to_numpy(ak.is_none(array)) * MISSING)
            array = ak.fill_none(array, [], axis=0)
        if is_option and width is not None:  # the elements of its type, but missing
            array = ak.pad_none(array, width, axis=1, clip=True)
        counts = ak.to_numpy(ak.num(array, axis=1))
        lists.append(Lists(counts.astype(np.int64), width, doubt))
        array = ak.flatten(array, axis=1)
    if not isinstance(array.type.content, ak.types.OptionType):
        return Value(ak.to_numpy(array), tuple(lists))
    missing = ak.to_numpy(ak.is_none(array))
    there = ak.to_numpy(ak.drop_none(array))
    data = np.full(len(missing), placeholder(there.dtype), there.dtype)
    data[~missing] = there
    return Value(data, tuple(lists), missing * MISSING)


def placeholder(dtype: np.dtype[Any]) -> Any:
    """Return what stands where a value is missing: it must be false among bools."""
    return np.nan if dtype.kind == "f" else dtype.type(0)
