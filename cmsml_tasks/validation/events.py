"""Are the rows of an original events? Each then gives the same alone as among others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cmsml_tasks.validation.comparison import Tolerance, compare, magnitudes
from cmsml_tasks.validation.dtypes import Array
from cmsml_tasks.validation.reference import Reference, Run
from cmsml_tasks.validation.rows import MAIN

_ALONE = 4
_PAIR = 2
# what mixes rows differs by far more than the rounding of any dtype
_TOLERANCE = Tolerance(atol=1e-3, rtol=1e-3, ulp=64)


def why_no_events(
    reference: Reference, run: Run, refusals: tuple[type[Exception], ...] = ()
) -> str:
    """Say why the rows of *reference* are no events to the original *run*; empty where they are.

    Some of them are evaluated again, alone and in a pair. A single row proves nothing, and counts
    as an event.

    Args:
        reference: rows with what *run* made of all of them at once.
        run: the original.
        refusals: what *run* raises at rows that it cannot take.
    """
    if reference.layout == "feeds":
        return "the outputs are not one per row"
    rows = reference.of_kind(*MAIN)
    batches = [*(rows[n : n + 1] for n in range(min(_ALONE, len(rows)))), rows[:_PAIR]]
    for batch in batches:
        try:
            outputs = run({name: array[batch] for name, array in reference.inputs.items()})
        except refusals:
            return f"the original refuses {len(batch)} of its rows without the others"
        for name, array in outputs.items():
            expected = reference.outputs[name]
            if not _alike(np.asarray(array), expected[batch], expected[rows]):
                return f"the original gives another '{name}' for a row alone than among others"
    return ""


def _alike(got: Array, expected: Array, every: Sequence[Array] | Array) -> bool:
    size = magnitudes(np.asarray(every))
    return compare(got, expected, _TOLERANCE, size=size, scale=size).agree
