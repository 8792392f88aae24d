"""Which rows are evaluated together, so that one child process answers every check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from cmsml_tasks.runtimes.runtime import BatchRun
from cmsml_tasks.validation.card import Card
from cmsml_tasks.validation.dtypes import Array
from cmsml_tasks.validation.reference import Reference
from cmsml_tasks.validation.rows import MAIN, SPECIAL

ONE, TWO, NONE = "one row", "two rows", "no rows"
_SMALL = 8


@dataclass(frozen=True)
class Batch:
    """Rows of the reference that are evaluated together; ``purpose`` is their kind or a size.

    ``optimize`` is true where TensorFlow may rewrite the graph for them.
    """

    purpose: str
    rows: tuple[int, ...]
    optimize: bool = False


@dataclass(frozen=True)
class Done:
    """A batch and what came of it."""

    batch: Batch
    run: BatchRun


def batches(reference: Reference, both_ways: bool) -> list[Batch]:
    """Plan the batches: ordinary rows first, those that may end in a crash last.

    With *both_ways*, the rows are evaluated a second time, by the graph as TensorFlow rewrites it.
    """
    main = [Batch(kind, _rows(reference, kind)) for kind in MAIN]
    special = [Batch(kind, _rows(reference, kind)) for kind in SPECIAL]
    main_again, special_again = (
        [replace(batch, optimize=True) for batch in once if both_ways] for once in (main, special)
    )
    if reference.layout == "feeds":
        every = (*main, *main_again, *special, *special_again)
        return [one for batch in every for one in single(batch)]
    rows = [row for batch in main for row in batch.rows][:_SMALL]
    following = [*rows[1:], *rows[:1]]
    ones = [Batch(ONE, (row,)) for row in rows]
    twos = [Batch(TWO, pair) for pair in zip(rows, following, strict=True)]
    planned = [*main, *ones, *twos, *main_again, Batch(NONE, ()), *special, *special_again]
    return [batch for batch in planned if batch.rows or (batch.purpose == NONE and rows)]


def single(batch: Batch) -> list[Batch]:
    """Take a batch apart into one batch per row."""
    return [replace(batch, rows=(row,)) for row in batch.rows]


def _rows(reference: Reference, kind: str) -> tuple[int, ...]:
    return tuple(reference.of_kind(kind).tolist())


def feeds(planned: Sequence[Batch], card: Card, reference: Reference) -> list[dict[str, Array]]:
    """Return the arrays to feed for each batch, by tensor name."""

    def rows_of(array: Array, batch: Batch) -> Array:
        return array[batch.rows[0]] if reference.layout == "feeds" else array[list(batch.rows)]

    return [
        {entry.tensor: rows_of(reference.inputs[entry.name], batch) for entry in card.inputs}
        for batch in planned
    ]
